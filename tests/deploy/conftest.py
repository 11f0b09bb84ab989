"""Windows of two wrists and classifiers that most tests export."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn import Multi3NetClassifier, Windows
from m3n_sklearn.deploy import Runner, export
from m3n_sklearn.recording import channel_names

pytest.importorskip("onnx", reason="the extra deploy is not installed")
pytest.importorskip("onnxruntime", reason="the extra deploy is not installed")


def windows(n=24, n_times=96, rate=50.0, names=None, seed=0):
    """Random windows with gravity, whose classes differ in the speed of a sine."""
    names = channel_names("right_wrist") if names is None else names
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    phase = 2 * np.pi * (1 + y)[:, None, None] * np.arange(n_times) / rate
    x = np.sin(phase + rng.uniform(0, 6, (n, len(names), 1))) + 0.1 * rng.normal(
        size=(n, len(names), n_times)
    )
    gravity = [k for k, name in enumerate(names) if name.endswith("acc_z")]
    x[:, gravity] += 9.81
    return Windows(imu=x, rate=rate, channels=names), np.array(["sit", "walk", "run"])[y]


def largest_difference(model, folder, X, **options):
    """Export a model, and compare it with its runner on the same windows."""
    export(model, folder / "model.onnx", **options)
    runner = Runner(folder / "model.onnx")
    given, rate = (X["imu"], X.rate("imu")) if isinstance(X, Windows) else (X, None)
    assert runner.predict(given, rate).tolist() == model.predict(X).tolist()
    return np.abs(runner.predict_proba(given, rate) - model.predict_proba(X)).max()


@pytest.fixture(scope="session")
def frozen():
    X, y = windows()
    return Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0).fit(X, y)


@pytest.fixture(scope="session")
def exported(frozen, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    export(frozen, folder / "wrist.onnx")
    return folder / "wrist.onnx"
