// Signals of all recordings on a canvas, one panel for each sensor, with a playhead.

const LOST = -32768; // sample that was not observed

class Signals {
  constructor(canvas, data) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.still = document.createElement("canvas"); // all but the playhead
    this.panels = data.panels;
    this.recordings = data.recordings.map((recording, index) => ({
      ...recording, index, values: decode(recording.data, Int16Array),
    }));
    this.start = data.start;
    this.end = data.start + data.duration;
    this.mode = data.quantity;
    this.span = 0;
    this.ranges = {};
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    for (const canvas of [this.canvas, this.still]) {
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(this.height * ratio);
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.left = 46;
    this.shown = null;
  }

  // Value of one line; NaN where it was not observed.
  value(recording, panel, axis, i) {
    const columns = panel.columns[recording.index];
    const one = (k) => {
      const raw = recording.values[i * recording.channels + columns[k]];
      return raw === LOST ? NaN : raw * recording.scales[columns[k]];
    };
    return axis < 3 ? one(axis) : Math.hypot(one(0), one(1), one(2));
  }

  lines() {
    return this.mode === "norm" ? [3] : [0, 1, 2];
  }

  range(panel) {
    const key = panel.title + this.mode;
    if (!this.ranges[key]) {
      let low = Infinity, high = -Infinity;
      for (const recording of this.recordings) {
        if (!panel.columns[recording.index]) continue;
        for (const axis of this.lines())
          for (let i = 0; i < recording.samples; i++) {
            const v = this.value(recording, panel, axis, i);
            if (v < low) low = v;
            if (v > high) high = v;
          }
      }
      if (!(low <= high)) [low, high] = [-1, 1];
      const pad = 0.06 * (high - low) || 1;
      this.ranges[key] = [low - pad, high + pad];
    }
    return this.ranges[key];
  }

  limits(time) {
    if (!this.span || this.span >= this.end - this.start) return [this.start, this.end];
    const begin = clamp(time - this.span / 2, this.start, this.end - this.span);
    return [begin, begin + this.span];
  }

  x(time) {
    const [begin, end] = this.shown;
    return this.left + (time - begin) / (end - begin) * (this.width - this.left - 8);
  }

  time(x) {
    const [begin, end] = this.shown;
    const share = (x - this.left) / (this.width - this.left - 8);
    return clamp(begin + share * (end - begin), this.start, this.end);
  }

  draw(time, colors) {
    const [begin, end] = this.limits(time);
    if (!this.shown || this.shown[0] !== begin || this.shown[1] !== end) {
      this.shown = [begin, end];
      this.drawStill(colors);
    }
    const pen = this.pen;
    pen.clearRect(0, 0, this.width, this.height);
    pen.drawImage(this.still, 0, 0, this.width, this.height);
    const x = this.x(time);
    pen.strokeStyle = pen.fillStyle = colors.playhead;
    pen.lineWidth = 1.5;
    pen.beginPath(); pen.moveTo(x, 4); pen.lineTo(x, this.height - 36); pen.stroke();
    pen.beginPath(); pen.arc(x, this.height - 37, 5, 0, 7); pen.fill();
  }

  drawStill(colors) {
    const pen = this.still.getContext("2d");
    const foot = 34, head = 20, count = this.panels.length;
    const tall = (this.height - foot) / count;
    pen.clearRect(0, 0, this.width, this.height);
    pen.font = "12px system-ui, sans-serif";
    this.panels.forEach((panel, p) => {
      const top = p * tall + head, bottom = (p + 1) * tall - 8;
      const [low, high] = this.range(panel);
      const y = (v) => bottom - (v - low) / (high - low) * (bottom - top);
      // 1. Title, grid and numbers
      pen.fillStyle = colors.text; pen.textAlign = "left"; pen.textBaseline = "middle";
      const title = this.mode === "norm" ? `|${panel.title}|` : panel.title;
      pen.fillText(`${title} (${panel.unit})`, this.left + 10, top - 11);
      pen.strokeStyle = colors.grid; pen.lineWidth = 1; pen.textAlign = "right";
      for (const v of ticks(low, high, Math.max(2, (bottom - top) / 20))) {
        pen.beginPath(); pen.moveTo(this.left, y(v)); pen.lineTo(this.width - 8, y(v));
        pen.stroke();
        pen.fillText(String(+v.toPrecision(6)).replace("-", "−"), this.left - 6, y(v));
      }
      // 2. The lines
      pen.save();
      pen.beginPath(); pen.rect(this.left, top - 2, this.width - this.left - 8, bottom - top + 4);
      pen.clip();
      for (const recording of this.recordings)
        if (panel.columns[recording.index]) this.drawLines(pen, recording, panel, y, colors);
      pen.restore();
    });
    // 3. Times
    pen.fillStyle = colors.text; pen.textAlign = "center"; pen.textBaseline = "middle";
    const [begin, end] = this.shown;
    for (const t of ticks(begin - this.start, end - this.start, this.width / 70)) {
      pen.fillText(String(+t.toPrecision(6)), this.x(t + this.start), this.height - foot + 8);
    }
    pen.fillText("time (s)", this.left + (this.width - this.left) / 2, this.height - 8);
  }

  drawLines(pen, recording, panel, y, colors) {
    const [begin, end] = this.shown;
    const first = clamp(Math.floor((begin - recording.start) * recording.rate), 0,
      recording.samples);
    const stop = clamp(Math.ceil((end - recording.start) * recording.rate) + 1, 0,
      recording.samples);
    const dashes = [[], [5, 4], [1.5, 3]];
    pen.setLineDash(dashes[Math.min(recording.index, 2)]);
    pen.lineWidth = recording.index ? 1.8 : 1.3;
    for (const axis of this.lines()) {
      pen.strokeStyle = axis < 3 ? colors.axes[axis] : colors.norms[recording.index % 3];
      pen.beginPath();
      let isOpen = false;
      for (let i = first; i < stop; i++) {
        const v = this.value(recording, panel, axis, i);
        if (Number.isNaN(v)) { isOpen = false; continue; }
        const x = this.x(recording.start + i / recording.rate);
        if (isOpen) pen.lineTo(x, y(v)); else pen.moveTo(x, y(v));
        isOpen = true;
      }
      pen.stroke();
    }
    pen.setLineDash([]);
  }
}

// Round numbers between two limits, at most `most` of them.
function ticks(low, high, most) {
  const rough = (high - low) / Math.max(most, 1), power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((k) => k * power >= rough);
  const found = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + 1e-9 * step; v += step)
    found.push(Math.abs(v) < 1e-9 * step ? 0 : v);
  return found;
}
