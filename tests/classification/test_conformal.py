"""Prediction sets and rejection: coverage, agreement with MAPIE on paper, clear errors."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from m3n_sklearn.classification import conformalize

from ..wrists import wrist_data
from .test_teach import model

pytest.importorskip("mapie")


@pytest.fixture(scope="module")
def blobs():
    """Return a fitted classifier of overlapping blobs, and many rows of the same kind."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 6000)
    X = rng.normal(size=(6000, 2)) + 1.3 * np.eye(3)[y][:, :2]
    names = np.array(["a", "b", "c"])[y]
    return LogisticRegression().fit(X[:500], names[:500]), X[500:], names[500:]


@pytest.mark.parametrize("confidence", [0.7, 0.9, 0.95])
def test_shares_are_those_that_were_stated(blobs, confidence):
    fitted, X, y = blobs
    sets = conformalize(fitted, X[:2500], y[:2500], confidence=confidence)
    found = sets.predict_set(X[2500:])
    covered = found[np.arange(3000), np.searchsorted(sets.classes_, y[2500:])]
    assert abs(covered.mean() - confidence) < 0.03
    assert abs((~sets.rejects(X[2500:])).mean() - confidence) < 0.03


def test_sets_are_the_classes_above_the_quantile(blobs):
    fitted, X, y = blobs
    calibration = X[:99], y[:99]
    sets = conformalize(fitted, *calibration, confidence=0.9)
    own = fitted.predict_proba(X[:99])[np.arange(99), np.searchsorted(sets.classes_, y[:99])]
    # the 90th smallest of 99 scores 1 - p, that is, the tenth smallest probability of the label
    threshold = np.sort(own)[9]
    proba = fitted.predict_proba(X[99:500])
    np.testing.assert_array_equal(sets.predict_set(X[99:500]), proba >= threshold - 1e-9)
    assert sets.threshold_ == pytest.approx(np.sort(fitted.predict_proba(X[:99]).max(axis=1))[9])


@pytest.mark.parametrize("as_windows", [True, False])
def test_windows_and_arrays(as_windows):
    X, y, _ = wrist_data(30)
    params = {} if as_windows else {"rate": 50.0, "channels": X.channels}
    rows = X if as_windows else X["imu"]
    sets = conformalize(model(**params).fit(rows[:30], y[:30]), rows[30:], y[30:])
    strange = rows[:4] if as_windows else rows[:4].copy()
    none = sets.predict(strange, none="none of these")
    assert set(none.tolist()) <= {"rest", "shake", "twist", "none of these"}
    assert sets.predict_set(strange).shape == (4, 3)
    again = pickle.loads(pickle.dumps(sets))
    np.testing.assert_array_equal(again.predict(strange, none="none of these"), none)
    np.testing.assert_array_equal(none == "none of these", sets.rejects(strange))


def test_a_classifier_that_was_taught_has_to_be_calibrated_again():
    X, y, _ = wrist_data(30)
    known = np.flatnonzero(y != "twist")
    fitted = model().fit(X[known[:20]], y[known[:20]])
    sets = conformalize(fitted, X[known[20:]], y[known[20:]])
    fitted.teach(X[y == "twist"], y[y == "twist"])
    with pytest.raises(ValueError, match="Call conformalize again"):
        sets.predict(X)


def test_a_threshold_of_a_changed_classifier_is_noticed():
    X, y, _ = wrist_data(30)
    fitted = model().fit(X[:30], y[:30])
    sets = conformalize(fitted, X[30:], y[30:])
    copy = pickle.loads(pickle.dumps(sets))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for each in (sets, copy):
            each.rejects(X)
            each.predict_set(X[:3])
    fitted.teach(X[30:40], y[30:40])
    for call in (sets.rejects, sets.predict, sets.predict_set):
        with pytest.warns(UserWarning, match=r"confidence of 0\.9\. Call conformalize again"):
            call(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copy.rejects(X)  # has a classifier of its own
        conformalize(fitted, X[30:], y[30:]).rejects(X)


@pytest.mark.parametrize("last", [LogisticRegression(), DecisionTreeClassifier(random_state=0)])
def test_other_classifiers_that_are_fitted_again_are_noticed(blobs, last):
    _, X, y = blobs
    fitted = make_pipeline(StandardScaler(), last).fit(X[:300], y[:300])
    sets = conformalize(fitted, X[300:500], y[300:500])
    fitted.fit(X[:100], y[:100])
    with pytest.warns(UserWarning, match="The Pipeline was taught or fitted again"):
        sets.rejects(X[:9])


def test_errors_say_what_is_wrong(blobs):
    fitted, X, y = blobs
    with pytest.raises(ValueError, match="each of the 50 calibration windows, got 40"):
        conformalize(fitted, X[:50], y[:40])
    with pytest.raises(ValueError, match="at least 20 calibration windows, got 10"):
        conformalize(fitted, X[:10], y[:10], confidence=0.95)
    with pytest.raises(ValueError, match=r"labels \['d'\], which the classifier does not know"):
        conformalize(fitted, X[:50], np.where(y[:50] == "a", "d", y[:50]))
    for confidence in (0, 1, 90, "high"):
        with pytest.raises(ValueError, match="between 0 and 1"):
            conformalize(fitted, X[:50], y[:50], confidence=confidence)


def test_classes_without_a_calibration_window_are_named(blobs):
    fitted, X, y = blobs
    some = y != "b"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sets = conformalize(fitted, X[some][:50], y[some][:50])
        assert sets.predict_set(X[:9]).shape == (9, 3)
    [said] = caught
    assert "No calibration window has the labels ['b']" in str(said.message)
    assert said.filename == __file__


def test_the_missing_package_is_named(blobs, monkeypatch):
    import sys

    fitted, X, y = blobs
    monkeypatch.setitem(sys.modules, "mapie.classification", None)
    with pytest.raises(ImportError, match="conformal"):
        conformalize(fitted, X[:50], y[:50])
