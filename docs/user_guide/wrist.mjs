// One window of raw samples -> the probability of each class, with onnxruntime-web or -node.
export class Wrist {
  // ort: the module of onnxruntime; network: the bytes of wrist.onnx; about: the JSON of wrist.json
  static async load(ort, network, about) {
    if (!about.columns || about.views || about.calibration || about.smoothing) {
      throw new Error(
        "This file runs models of IMU channels without augment='so3', calibration and smoothing.",
      );
    }
    const wrist = new Wrist();
    wrist.session = await ort.InferenceSession.create(network);
    return Object.assign(wrist, { ort, about });
  }

  // samples[channel][time]: the channels about.channels at about.rate Hz, in m/s² and rad/s
  async predictProba(samples) {
    const { columns, scale, classes } = this.about;
    const count = samples[0].length;
    // 1. Channels in the order of the network, scaled; a sensor that the watch lacks stays 0
    const input = new Float32Array(columns.length * 6 * count);
    columns.flat().forEach((column, row) => {
      if (column < 0) return;
      for (let t = 0; t < count; t++) {
        input[row * count + t] = samples[column][t] / scale[row % 6];
      }
    });
    const imu = new this.ort.Tensor("float32", input, [1, columns.length, 6, count]);
    // 2. The network
    const { logits } = await this.session.run({ imu });
    // 3. Softmax
    const values = Array.from(logits.data).slice(0, classes.values.length);
    const largest = Math.max(...values);
    const odds = values.map((value) => Math.exp(value - largest));
    const total = odds.reduce((sum, value) => sum + value, 0);
    return odds.map((value) => value / total);
  }
}
