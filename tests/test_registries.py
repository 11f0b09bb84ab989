"""Tools that store scikit-learn models store ours, as the user guide shows."""

from __future__ import annotations

import socket

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from m3n_sklearn import HMMClassifier, Multi3NetClassifier, Windows
from m3n_sklearn.recording import channel_names


@pytest.fixture(scope="module")
def given():
    """Windows of one wrist, and a fitted classifier."""
    rng = np.random.default_rng(0)
    y = np.array(["rest", "work"])[np.arange(12) % 2]
    scale = np.where(y == "rest", 0.3, 3.0)[:, None, None]
    x = rng.normal(size=(12, 6, 64)) * scale + np.array([0, 0, 9.8, 0, 0, 0])[:, None]
    X = Windows(imu=x, rate=50.0, channels=channel_names("right_wrist"))
    return X, y, Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0).fit(X, y)


@pytest.fixture
def no_network(monkeypatch):
    """Any connection is an error."""

    def refuse(*args, **kwargs):
        raise AssertionError(f"connects to {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def through_skops(model, path):
    """Dump and load a model, trusting classes of this package only."""
    skops_io = pytest.importorskip("skops.io", reason="skops is not installed")
    skops_io.dump(model, path)
    found = skops_io.get_untrusted_types(file=path)
    trusted = [name for name in found if name.startswith("m3n_sklearn.")]
    assert trusted == found
    return skops_io.load(path, trusted=trusted)


def test_skops(given, tmp_path, no_network):
    X, y, classifier = given
    loaded = through_skops(classifier, tmp_path / "a.skops")
    assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    times = np.arange(12.0)
    smoother = HMMClassifier(FrozenEstimator(classifier)).fit(X, y, times=times)
    loaded = through_skops(smoother, tmp_path / "b.skops")
    expected = smoother.predict_proba(X, times=times)
    assert np.array_equal(loaded.predict_proba(X, times=times), expected)
    pipeline = make_pipeline(FrozenEstimator(classifier))
    assert through_skops(pipeline, tmp_path / "c.skops").predict(X).tolist() == y.tolist()


@pytest.fixture
def mlflow(monkeypatch, tmp_path):
    """MLflow with a store in a folder, that reports to nobody."""
    for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "MLFLOW_ALLOW_FILE_STORE"):
        monkeypatch.setenv(name, "true")
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed")
    pytest.importorskip("mlflow.sklearn", reason="mlflow is not installed")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    yield mlflow
    mlflow.set_tracking_uri(before)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["skops", "cloudpickle"])
def test_mlflow(form, given, mlflow, tmp_path, monkeypatch, no_network):
    monkeypatch.chdir(tmp_path)
    X, _, classifier = given
    options = {}
    if form == "skops":
        skops_io = pytest.importorskip("skops.io", reason="skops is not installed")
        trusted = skops_io.get_untrusted_types(data=skops_io.dumps(classifier))
        options = {"skops_trusted_types": trusted}
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            classifier,
            name="wrist",
            serialization_format=form,
            pip_requirements=["m3n-sklearn"],
            **options,
        )
    loaded = mlflow.sklearn.load_model(logged.model_uri)
    assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
