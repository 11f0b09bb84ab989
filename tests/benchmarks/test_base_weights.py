"""The files of the packaged weights."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.base_weights import BASE, RECIPES, packaged, save_packaged
from m3n_sklearn import Multi3NetPretrainer, Windows
from m3n_sklearn.pretraining import list_pretrained
from m3n_sklearn.recording import channel_names


def test_the_files_are_those_of_the_package():
    assert sorted(RECIPES) == list(list_pretrained())
    assert all(file.is_file() for name in RECIPES for file in packaged(name))


@pytest.mark.slow
def test_half_precision_hardly_changes_the_embedding(tmp_path):
    imu = np.random.default_rng(0).normal(0, 2, (12, 6, 128)).astype(np.float32)
    imu[:, 2] += 9.8
    X = Windows(imu=imu, rate=50.0, channels=channel_names("right_wrist"))
    fitted = Multi3NetPretrainer(corpus=X, max_epochs=1, random_state=0, width=32).fit()
    save_packaged(fitted, tmp_path, BASE, {"sources": []})
    file, manifest = packaged(BASE, tmp_path)
    assert fitted.corpus is X
    assert json.loads(manifest.read_text()) == {"sources": []}
    loaded = Multi3NetPretrainer.load(file)
    assert loaded.corpus is None
    assert any(weight.dtype == np.float16 for weight in loaded.weights_.values())
    loaded.weights_ = {key: np.float32(weight) for key, weight in loaded.weights_.items()}
    np.testing.assert_allclose(loaded.transform(X), fitted.transform(X), atol=1e-3)
    fitted.set_params(corpus=None).save(tmp_path / "full.safetensors")
    sizes = [path.stat().st_size for path in (file, tmp_path / "full.safetensors")]
    assert sizes[0] < 0.7 * sizes[1]
