"""The JavaScript of the user guide does what the runner does before and after the network."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from m3n_sklearn import Multi3NetClassifier
from m3n_sklearn.deploy import Runner, export
from m3n_sklearn.recording import channel_names

from .conftest import windows

SCRIPT = Path(__file__).parents[2] / "docs" / "user_guide" / "wrist.mjs"
NODE = shutil.which("node")

HARNESS = """
import fs from "node:fs";
import { Wrist } from "./wrist.mjs";
const { about, samples, logits } = JSON.parse(fs.readFileSync("given.json"));
let shape, input;
class Tensor {
  constructor(type, data, dims) { Object.assign(this, { type, data, dims }); }
}
const session = {
  async run({ imu }) {
    [shape, input] = [imu.dims, Array.from(imu.data)];
    return { logits: { data: Float32Array.from(logits) } };
  },
};
const ort = { Tensor, InferenceSession: { create: async () => session } };
let proba, error;
try {
  proba = await (await Wrist.load(ort, new Uint8Array(), about)).predictProba(samples);
} catch (raised) { error = raised.message; }
fs.writeFileSync("found.json", JSON.stringify({ shape, input, proba, error }));
"""


def run(folder, runner, samples):
    """Run the script, whose network is replaced by what the runner's network says."""
    seen = []

    def remember(x):
        seen.append(x)
        return logits(x)

    logits, runner._run = runner._run, remember
    proba = runner.predict_proba(samples[None], rate=runner._about["rate"])[0]
    given = {
        "about": runner._about,
        "samples": samples.tolist(),
        "logits": logits(seen[0]).ravel().tolist(),
    }
    (folder / "given.json").write_text(json.dumps(given))
    (folder / "harness.mjs").write_text(HARNESS)
    shutil.copy(SCRIPT, folder)
    subprocess.run([NODE, "harness.mjs"], cwd=folder, check=True, timeout=600)
    return seen[0], proba, json.loads((folder / "found.json").read_text())


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_script_is_the_runner(exported, tmp_path):
    X, _ = windows()
    x, proba, found = run(tmp_path, Runner(exported), X["imu"][0])
    assert found["shape"] == list(x.shape)
    assert np.allclose(found["input"], x.ravel(), atol=1e-6)
    assert np.allclose(found["proba"], proba, atol=1e-6)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_two_wrists_one_without_gyro(tmp_path):
    names = (*channel_names("right_wrist", "acc"), *channel_names("left_wrist"))
    X, y = windows(names=names)
    model = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0).fit(X, y)
    export(model, tmp_path / "wrist.onnx")
    x, proba, found = run(tmp_path, Runner(tmp_path / "wrist.onnx"), X["imu"][0])
    assert found["shape"] == [1, 2, 6, 96]
    assert np.allclose(found["input"], x.ravel(), atol=1e-6)
    assert np.allclose(found["proba"], proba, atol=1e-6)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_script_refuses_what_it_does_not_do(exported, tmp_path):
    X, _ = windows()
    runner = Runner(exported)
    runner._about = runner._about | {"views": {"turns": [np.eye(3).tolist()], "kept": 1.0}}
    _, _, found = run(tmp_path, runner, X["imu"][0])
    assert "without augment='so3'" in found["error"]
