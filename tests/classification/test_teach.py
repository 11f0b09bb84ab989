"""Teaching a fitted classifier gives what a fit on all examples gives, or says why it cannot."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

import m3n_sklearn
from m3n_sklearn import Multi3NetClassifier, Windows

from ..wrists import CAPTIONS, CHANNELS, RATE, classifier, pretrained, wrist_data

X, Y, GROUPS = wrist_data(12)
NEW = Y == "twist"
KNOWN = np.flatnonzero(~NEW)


def model(**params):
    return classifier(FrozenEstimator(pretrained()), **{"strategy": "frozen", **params})


def assert_same(taught, fitted):
    np.testing.assert_array_equal(taught.classes_, fitted.classes_)
    assert taught.classes_.dtype == fitted.classes_.dtype
    assert taught.config_ == fitted.config_
    np.testing.assert_allclose(taught.predict_proba(X), fitted.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"label_at": "center"},
        {"head": "moe"},
        {"augment": "so3"},
        {"class_weight": "balanced"},
        {"rehearsal": (X[:6], Y[:6])},
        {"descriptions": {"rest": "a", "shake": "b", "twist": "c"}},
    ],
    ids=str,
)
def test_a_new_class_is_learned_as_in_a_fit_on_all(params):
    rows = np.concatenate([KNOWN, np.flatnonzero(NEW)[:3]])
    taught = model(**params).fit(X[KNOWN], Y[KNOWN])
    taught.teach(X[rows[-3:]], Y[rows[-3:]])
    assert_same(taught, model(**params).fit(X[rows], Y[rows]))
    assert taught.history_ == [] and taught.n_iter_ == 0


def test_channels_that_an_example_lacks_are_named():
    taught = model().fit(X[KNOWN], Y[KNOWN])
    acc = Windows(imu=X["imu"][NEW][:, :3], rate=RATE, channels=CHANNELS[:3])
    lacks = f"X has 3 channels.*expecting 6.*X lacks {', '.join(CHANNELS[3:])}"
    with pytest.raises(ValueError, match=lacks):
        taught.teach(acc, Y[NEW])
    with pytest.raises(ValueError, match=f"fitted on {', '.join(CHANNELS)}"):
        taught.teach(X["imu"][NEW][:, :3], Y[NEW])


def test_one_window_at_a_time_is_all_at_once():
    taught = model().fit(X[KNOWN], Y[KNOWN])
    rows = np.flatnonzero(NEW)[:3]
    for row in rows:
        taught.teach(X[[row]], Y[[row]])
    everything = np.concatenate([KNOWN, rows])
    assert_same(taught, model().fit(X[everything], Y[everything]))


def test_weights_count_as_in_a_fit_on_all():
    weight = np.linspace(0, 0.4, len(Y))  # row 0 is left out; a mean below 1 is scaled
    taught = model(class_weight={"rest": 2.0}).fit(X[:20], Y[:20], sample_weight=weight[:20])
    taught.teach(X[20:], Y[20:], sample_weight=weight[20:])
    fitted = model(class_weight={"rest": 2.0}).fit(X, Y, sample_weight=weight)
    assert_same(taught, fitted)
    assert len(taught.examples_) == len(Y) - 1


def test_arrays_of_float64_and_labels_that_are_numbers():
    numbers = np.unique(Y, return_inverse=True)[1]
    params = {"rate": RATE, "channels": CHANNELS}
    arrays = X["imu"].astype(float)
    taught = model(**params).fit(arrays[KNOWN], numbers[KNOWN]).teach(arrays[NEW], numbers[NEW])
    rows = np.concatenate([KNOWN, np.flatnonzero(NEW)])
    fitted = model(**params).fit(arrays[rows], numbers[rows])
    np.testing.assert_allclose(
        taught.predict_proba(arrays), fitted.predict_proba(arrays), atol=1e-6
    )
    assert taught.predict_proba(arrays).dtype == np.float64


def test_own_examples_replace_earlier_ones_of_the_same_person():
    person, label = GROUPS[0], Y[0]
    same = (person == GROUPS) & (label == Y)
    taught = model().fit(X, Y, groups=GROUPS)
    shown = np.flatnonzero(same)[:1]
    taught.teach(X[shown], Y[shown], groups=GROUPS[shown], replace=True)
    rows = np.concatenate([np.flatnonzero(~same), shown])
    assert_same(taught, model().fit(X[rows], Y[rows], groups=GROUPS[rows]))
    # without groups, all examples of the class are replaced
    taught.teach(X[shown], Y[shown], replace=True)
    rows = np.concatenate([np.flatnonzero(label != Y), shown])
    assert_same(taught, model().fit(X[rows], Y[rows]))


@pytest.mark.parametrize(
    ("known", "given", "label", "named"),
    [
        (None, 0, "rest", "'rest' of 0: .*without people: fit got no groups="),
        (GROUPS, 99, "rest", "'rest' of 99: .*of the people"),
        (GROUPS, None, "new", r"'new': .*labels \['rest', 'shake', 'twist'\]\. Check"),
    ],
)
def test_examples_that_replace_none_are_named(known, given, label, named):
    taught = model().fit(X, Y, groups=known)
    groups = None if given is None else [given] * 2
    with pytest.warns(UserWarning, match=named):
        taught.teach(X[:2], [label] * 2, groups=groups, replace=True)
    assert len(taught.examples_) == len(Y) + 2


def test_lessons_from_several_threads_are_all_learned():
    taught = model().fit(X, Y)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda k: taught.teach(X[[k]], [f"new {k}"]), range(4)))
    assert len(taught.examples_) == len(Y) + 4
    assert {f"new {k}" for k in range(4)} < set(taught.classes_)
    assert taught.predict_proba(X[:3]).shape == (3, 7)


def test_what_is_forgotten_was_never_there():
    taught = model().fit(X, Y, groups=GROUPS).forget("twist")
    assert_same(taught, model().fit(X[KNOWN], Y[KNOWN]))
    taught.forget(groups=[GROUPS[0]])
    rows = KNOWN[GROUPS[KNOWN] != GROUPS[0]]
    assert_same(taught, model().fit(X[rows], Y[rows]))


def test_examples_travel_in_files_and_pickles(tmp_path):
    fitted = model().fit(X[KNOWN], Y[KNOWN], groups=GROUPS[KNOWN])
    fitted.save(tmp_path / "model.safetensors")
    copies = [m3n_sklearn.load(tmp_path / "model.safetensors"), pickle.loads(pickle.dumps(fitted))]
    expected = fitted.teach(X[NEW], Y[NEW], groups=GROUPS[NEW])
    for copy in copies:
        copy.teach(X[NEW], Y[NEW], groups=GROUPS[NEW])
        assert_same(copy, expected)
        assert_same(copy.forget(groups=0), model().fit(X[GROUPS > 0], Y[GROUPS > 0]))
    assert not hasattr(clone(fitted), "examples_")
    assert fitted.examples_.nbytes == fitted.examples_.features.nbytes


def test_another_fit_discards_the_examples():
    fitted = model().fit(X, Y)
    fitted.set_params(strategy="finetune", max_epochs=1).fit(X, Y)
    assert not hasattr(fitted, "examples_")


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"strategy": "finetune", "max_epochs": 1}, "got strategy='finetune'"),
        ({"strategy": "guided", "descriptions": CAPTIONS}, "got strategy='guided'"),
        ({"strategy": "auto", "max_epochs": 1}, "strategy='auto' .which chose 'frozen'"),
    ],
)
def test_other_strategies_say_what_to_do(params, named):
    fitted = model(**params).fit(X[:9], Y[:9])
    for call in (lambda: fitted.teach(X, Y), lambda: fitted.forget("rest")):
        with pytest.raises(ValueError, match=f"needs strategy='frozen'.*{named}.*fit again"):
            call()


def test_errors_leave_the_classifier_as_it_was():
    fitted = model().fit(X, Y)
    before = fitted.predict_proba(X)
    wrong = [
        (lambda: fitted.teach(X[:2], [1, 2]), "y mixes number, str"),
        (lambda: fitted.teach(X[:2], Y[:1]), "inconsistent"),
        (lambda: fitted.teach(X["imu"][:2, :3], Y[:2]), "3 channels"),
        (lambda: fitted.teach(X[:2], None), "y is None"),
        (lambda: fitted.forget("wave"), "no examples with the labels \\['wave'\\]"),
        (lambda: fitted.forget(groups="ann"), "Give groups= to fit and teach"),
        (lambda: fitted.forget(["rest", "shake", "twist"]), "No example would be left"),
        (lambda: fitted.forget(), "Give labels= or groups="),
        (lambda: fitted.forget([]), "labels is empty.*some of \\['rest', 'shake', 'twist'\\]"),
        (lambda: fitted.forget(groups=[]), "groups is empty"),
        (lambda: fitted.teach(X[:2], Y[:2], [0, 0]), "zero in every row.*positive weight"),
    ]
    for call, message in wrong:
        with pytest.raises(ValueError, match=message):
            call()
    fitted.set_params(augment="so3")
    with pytest.raises(ValueError, match="augment was changed"):
        fitted.teach(X[:2], Y[:2])
    fitted.set_params(augment="auto")
    np.testing.assert_array_equal(fitted.predict_proba(X), before)
    del fitted.examples_
    with pytest.raises(ValueError, match="examples_, which was deleted"):
        fitted.teach(X[:2], Y[:2])
    with pytest.raises(m3n_sklearn._compat.NotFittedError):
        model().teach(X, Y)


def test_estimators_around_do_not_mix_old_and_new_classes():
    inner = model().fit(X[KNOWN], Y[KNOWN])
    calibrated = CalibratedClassifierCV(FrozenEstimator(inner), method="sigmoid")
    calibrated.fit(X[KNOWN], Y[KNOWN])
    inner.teach(X[NEW], Y[NEW])
    with pytest.raises(ValueError, match="unseen labels"):
        calibrated.predict_proba(X)
    calibrated.fit(X, Y)
    assert calibrated.predict_proba(X).shape == (len(Y), 3)


def test_an_array_of_another_kind_is_refused():
    fitted = Multi3NetClassifier(
        FrozenEstimator(pretrained()), strategy="frozen", rate=RATE, channels=CHANNELS
    ).fit(X["imu"], Y)
    with pytest.raises(ValueError, match=r"give an array \(n, 6, samples"):
        fitted.predict(np.zeros((2, 6)))


@pytest.mark.slow
def test_a_taught_classifier_is_exported(tmp_path):
    pytest.importorskip("onnxruntime")
    from m3n_sklearn.deploy import Runner, export

    taught = model().fit(X[KNOWN], Y[KNOWN]).teach(X[NEW], Y[NEW])
    export(taught, tmp_path / "taught.onnx")
    proba = Runner(tmp_path / "taught.onnx").predict_proba(X["imu"], rate=RATE)
    np.testing.assert_allclose(proba, taught.predict_proba(X), atol=1e-4)


def test_a_lesson_during_a_prediction_does_not_mix_classes(monkeypatch):
    fitted = model().fit(X[KNOWN], Y[KNOWN])
    before, predict_proba = fitted.predict(X[KNOWN]), Multi3NetClassifier.predict_proba

    def interrupted(self, rows):
        proba = predict_proba(self, rows)
        if "a" not in fitted.classes_:  # sorted before all others
            fitted.teach(X[NEW], np.full(NEW.sum(), "a"))
        return proba

    monkeypatch.setattr(Multi3NetClassifier, "predict_proba", interrupted)
    np.testing.assert_array_equal(fitted.predict(X[KNOWN]), before)
    assert "a" in fitted.classes_


def test_windows_of_another_length_are_said():
    taught = model().fit(X[KNOWN], Y[KNOWN])
    imu = X["imu"][NEW]
    half = Windows(imu=imu[..., : imu.shape[-1] // 2], rate=RATE, channels=CHANNELS)
    with pytest.warns(UserWarning, match="windows of X last .* s, but those of fit lasted"):
        taught.predict(half)
    with pytest.warns(UserWarning, match="windows of X last .* s, but those of fit lasted"):
        taught.teach(half, Y[NEW])
