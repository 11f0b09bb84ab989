"""An exported model predicts what the classifier predicts, whatever kind it is."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from m3n_sklearn import HMMClassifier, Multi3NetClassifier, Multi3NetPretrainer
from m3n_sklearn.deploy import Runner, export
from m3n_sklearn.recording import channel_names

from .conftest import largest_difference, windows

WORDS = {"sit": "a person sits", "walk": "a person walks", "run": "a person runs"}
FITTING = {"sit": "a person walks", "walk": "a person runs", "run": "a person sits"}
"""Descriptions that the made-up windows support, so that their weight is not zero."""
BOTH = channel_names(["right_wrist", "left_wrist"])
ACC = channel_names("right_wrist", "acc")
KINDS = {
    "frozen": (dict(pretrainer="m3n-base", strategy="frozen"), None),
    "zero_shot": (dict(pretrainer="m3n-base", strategy="zero_shot", descriptions=WORDS), None),
    "guided": (dict(pretrainer="m3n-base", strategy="guided", descriptions=FITTING), None),
    "auto": (dict(pretrainer="m3n-base", max_epochs=1), None),
    "experts": (dict(strategy="scratch", head="moe", max_epochs=1), None),
    "center": (dict(pretrainer="m3n-base", strategy="frozen", label_at="center"), None),
    "mounting": (dict(pretrainer="m3n-base", strategy="frozen", augment="so3"), None),
    "acc_only": (dict(pretrainer="m3n-base", strategy="frozen"), ACC),
    "two_wrists": (dict(pretrainer="m3n-base", strategy="frozen"), BOTH),
    "acc_of_one_wrist": (dict(pretrainer="m3n-base", strategy="frozen"), BOTH[:9]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_strategy_and_sensor_gives_the_same_probabilities(kind, tmp_path):
    parameters, names = KINDS[kind]
    X, y = windows(names=names)
    model = Multi3NetClassifier(random_state=0, **parameters).fit(X, y)
    assert kind != "guided" or model.words_weight_ > 0
    assert largest_difference(model, tmp_path, X) < 1e-5


@pytest.mark.slow
def test_the_published_architecture_and_series_are_exported_as_well(tmp_path):
    X, y = windows()
    paper = Multi3NetClassifier(
        Multi3NetPretrainer(encoder="paper", width=16), strategy="scratch", max_epochs=1
    )
    for given in (X, X["imu"]):  # with and without a known rate
        assert largest_difference(paper.fit(given, y), tmp_path, given) < 1e-5
    series = X["imu"][:, :4]  # four channels without names are not those of an IMU
    for given in (series, series[:, 0]):
        model = Multi3NetClassifier(strategy="scratch", max_epochs=1).fit(given, y)
        assert largest_difference(model, tmp_path, given) < 1e-5


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_calibration_is_exported(method, frozen, tmp_path):
    X, y = windows()
    model = CalibratedClassifierCV(FrozenEstimator(frozen), method=method).fit(X, y)
    assert largest_difference(model, tmp_path, X) < 1e-4


def test_calibration_of_two_classes_and_two_folds(tmp_path):
    X, y = windows()
    network = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0)
    model = CalibratedClassifierCV(network, cv=2).fit(X, y == "sit")
    assert largest_difference(model, tmp_path, X) < 1e-5


@pytest.mark.parametrize("decision", ["path", "balanced"])
def test_smoothing_along_a_recording_is_exported(decision, frozen, tmp_path):
    # 1. Windows of two recordings, one second apart, whose class changes now and then
    X, y = windows(60)
    order = np.argsort(np.arange(60) // 5 % 3 * 1000 + np.arange(60), kind="stable")
    y = np.repeat(["sit", "walk", "run", "sit"], 15)
    recordings, times = np.repeat(["a", "b"], 30), np.tile(np.arange(30.0), 2)
    model = HMMClassifier(FrozenEstimator(frozen), decision=decision)
    model.fit(X[order], y, recordings=recordings, times=times)
    # 2. The runner smooths along one recording at a time
    export(model, tmp_path / "hmm.onnx")
    runner = Runner(tmp_path / "hmm.onnx")
    for name in ("a", "b"):
        rows = np.flatnonzero(recordings == name)
        part, when = X[order][rows], times[rows]
        expected = model.predict_proba(part, times=when)
        given = runner.predict_proba(part["imu"], 50.0, when)
        assert np.abs(given - expected).max() < 1e-5
        labels = runner.predict(part["imu"], 50.0, when)
        assert labels.tolist() == model.predict(part, times=when).tolist()
    # 3. Without times, each window is on its own
    alone = runner.predict_proba(X["imu"], 50.0)
    assert (
        np.abs(alone - frozen.predict_proba(X)[:, np.argsort(np.argsort(model.classes_))]).max()
        < 1e-5
    )


def test_eight_bits_take_a_quarter_of_the_space_and_change_little(frozen, exported, tmp_path):
    X, _ = windows(seed=1)
    export(frozen, tmp_path / "small.onnx", precision="int8")
    assert (tmp_path / "small.onnx").stat().st_size < exported.stat().st_size / 3
    difference = Runner(tmp_path / "small.onnx").predict_proba(X["imu"], 50.0)
    assert np.abs(difference - frozen.predict_proba(X)).max() < 0.05


def test_one_wrist_is_small_and_holds_no_path_of_this_machine(exported):
    content = exported.read_bytes()
    assert len(content) < 1.5e6
    assert b"site-packages" not in content
    assert b"m3n_sklearn/" not in content
    onnx.checker.check_model(onnx.load_from_string(content))


def test_the_description_says_what_goes_in_and_comes_out(frozen, exported):
    about = json.loads(exported.with_suffix(".json").read_text())
    assert about["channels"] == list(channel_names("right_wrist"))
    assert about["classes"]["values"] == frozen.classes_.tolist()
    assert (about["fitted_rate"], about["seconds"]) == (50.0, 1.92)


def test_what_cannot_be_exported_is_refused(tmp_path, frozen):
    X, y = windows()
    other = LogisticRegression().fit(X["imu"].reshape(len(X), -1), y)
    with pytest.raises(TypeError, match="Cannot export a LogisticRegression"):
        export(other, tmp_path / "a.onnx")
    with pytest.raises(NotFittedError):
        export(Multi3NetClassifier(), tmp_path / "a.onnx")
    with pytest.raises(ValueError, match=r"must end with \.onnx"):
        export(frozen, tmp_path / "a.pt")
    with pytest.raises(ValueError, match="precision must be one of"):
        export(frozen, tmp_path / "a.onnx", precision="int4")


def test_the_classifier_of_a_search_or_of_a_pipeline_of_one_step_is_exported(tmp_path):
    X, y = windows()
    model = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0)
    search = GridSearchCV(make_pipeline(model), {}, cv=2).fit(X, y)
    assert largest_difference(search, tmp_path, X) < 1e-4
    with pytest.raises(TypeError, match=r"with the steps 'functiontransformer'.*pipeline\[-1\]"):
        export(make_pipeline(FunctionTransformer(), model).fit(X, y), tmp_path / "p.onnx")


def test_where_nothing_can_be_written_is_said_before_the_work(frozen, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist. Create it first"):
        export(frozen, tmp_path / "nowhere" / "wrist.onnx")
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        export(frozen, tmp_path / "folder.onnx")
