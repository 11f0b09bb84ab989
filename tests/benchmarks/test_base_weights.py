"""The files of the packaged weights."""

from __future__ import annotations

import json

import numpy as np

from benchmarks.base_weights import FILE, MANIFEST, save_packaged
from m3n_sklearn import Multi3NetPretrainer, Windows
from m3n_sklearn.recording import channel_names


def test_the_files_are_those_of_the_package():
    assert FILE.is_file() and MANIFEST.is_file()


def test_half_precision_hardly_changes_the_embedding(tmp_path):
    imu = np.random.default_rng(0).normal(0, 2, (12, 6, 128)).astype(np.float32)
    imu[:, 2] += 9.8
    X = Windows(imu=imu, rate=50.0, channels=channel_names("right_wrist"))
    fitted = Multi3NetPretrainer(corpus=X, max_epochs=1, random_state=0, width=32).fit()
    save_packaged(fitted, tmp_path, {"sources": []})
    assert fitted.corpus is X
    assert json.loads((tmp_path / MANIFEST.name).read_text()) == {"sources": []}
    loaded = Multi3NetPretrainer.load(tmp_path / FILE.name)
    assert loaded.corpus is None
    assert any(weight.dtype == np.float16 for weight in loaded.weights_.values())
    loaded.weights_ = {key: np.float32(weight) for key, weight in loaded.weights_.items()}
    np.testing.assert_allclose(loaded.transform(X), fitted.transform(X), atol=1e-3)
    fitted.set_params(corpus=None).save(tmp_path / "full.safetensors")
    sizes = [(tmp_path / name).stat().st_size for name in (FILE.name, "full.safetensors")]
    assert sizes[0] < 0.7 * sizes[1]
