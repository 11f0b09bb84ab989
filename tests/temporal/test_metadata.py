"""Weights, groups, recordings and times reach what can use them, with and without routing."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from m3n_sklearn import Windows
from m3n_sklearn.evaluation import PurgedGroupKFold, WindowFeatures
from m3n_sklearn.temporal import HMMClassifier

RNG = np.random.default_rng(0)
N = 160
RECORDINGS = np.repeat(list("abcd"), 40)
TIMES = np.tile(np.arange(40.0), 4)
Y = np.concatenate(
    [np.repeat(["pick", "pack", "label"] * 3, RNG.integers(3, 8, 9))[:40] for _ in "abcd"]
)
Y = np.resize(Y, N)
X = np.stack([Y == "pick", Y == "pack"], axis=1) + RNG.normal(size=(N, 2))
ORDER = {"recordings": RECORDINGS, "times": TIMES}


def model(estimator=None, **params):
    return HMMClassifier(
        GaussianNB() if estimator is None else estimator,
        **{"weight": 0.5, "balance": 1.0, **params},
    )


def same(one, other):
    for name in ("shares", "durations", "spreads", "follows"):
        assert_allclose(getattr(one.chain_, name), getattr(other.chain_, name), rtol=1e-12)
    assert_allclose(one.expected_, other.expected_, rtol=1e-9)
    assert one.emission_ == other.emission_
    assert_allclose(one.predict_proba(X, **ORDER), other.predict_proba(X, **ORDER), rtol=1e-7)


# ---- what weights mean


def test_a_recording_of_weight_two_is_the_recording_given_twice():
    twice = RECORDINGS == "b"
    weighted = model().fit(X, Y, sample_weight=np.where(twice, 2.0, 1.0), **ORDER)
    rows = np.concatenate([np.arange(N), np.flatnonzero(twice)])
    names = np.concatenate([RECORDINGS, np.repeat("b again", twice.sum())])
    given = model().fit(X[rows], Y[rows], recordings=names, times=TIMES[rows])
    same(weighted, given)
    plain = model().fit(X, Y, **ORDER)
    assert not np.allclose(weighted.chain_.durations, plain.chain_.durations)


def test_folds_are_scored_with_weights():
    twice = RECORDINGS == "b"
    rows = np.concatenate([np.arange(N), np.flatnonzero(twice)])
    names = np.concatenate([RECORDINGS, np.repeat("b again", twice.sum())])
    folds = [np.isin(names, fold) for fold in (["a", "c"], ["b", "b again", "d"])]
    cv = [(np.flatnonzero(~fold), np.flatnonzero(fold)) for fold in folds]
    free = {"weight": "auto", "balance": "auto"}
    given = model(cv=cv, **free).fit(X[rows], Y[rows], recordings=names, times=TIMES[rows])
    cv = [(train[train < N], test[test < N]) for train, test in cv]
    weight = np.where(twice, 2.0, 1.0)
    same(model(cv=cv, **free).fit(X, Y, sample_weight=weight, **ORDER), given)


@pytest.mark.parametrize("left_out", [RECORDINGS == "c", np.arange(N) % 2 == 1, TIMES == 7])
def test_rows_of_weight_zero_are_as_if_not_given(left_out):
    weight = np.where(left_out, 0.0, 1.0)
    cv = [(np.arange(80), np.arange(80, N)), (np.arange(80, N), np.arange(80))]
    weighted = model(cv=cv, weight="auto").fit(X, Y, sample_weight=weight, **ORDER)
    kept = np.flatnonzero(~left_out)
    place = np.cumsum(~left_out) - 1
    cv = [tuple(place[part[~left_out[part]]] for part in split) for split in cv]
    fewer = model(cv=cv, weight="auto").fit(
        X[kept], Y[kept], recordings=RECORDINGS[kept], times=TIMES[kept]
    )
    assert weighted.step_ == fewer.step_
    same(weighted, fewer)


def test_only_the_ratios_of_small_weights_matter():
    shares = np.where(RECORDINGS == "a", 3.0, 1.0)
    one, other = (model().fit(X, Y, sample_weight=w, **ORDER) for w in (shares, shares / 1e3))
    assert_allclose(one.chain_.shares, other.chain_.shares, atol=0.01)
    assert other.chain_.durations.max() < 20


def test_a_class_of_weight_zero_is_never_predicted():
    fitted = model().fit(X, Y, sample_weight=(Y != "label").astype(float), **ORDER)
    assert list(fitted.classes_) == ["label", "pack", "pick"]
    assert "label" not in set(fitted.predict(X, **ORDER))


@pytest.mark.parametrize(
    ("weight", "message"),
    [(np.ones(3), "sample_weight"), (-np.ones(N), "Negative values"), (np.zeros(N), "zero")],
)
def test_bad_weights_are_refused(weight, message):
    with pytest.raises(ValueError, match=message):
        model().fit(X, Y, sample_weight=weight, **ORDER)


# ---- who gets them


class Recorder(GaussianNB):
    """Keeps the metadata of its last fit."""

    seen = None

    def fit(self, X, y, sample_weight=None, groups=None):
        Recorder.seen = {"sample_weight": sample_weight, "groups": groups}
        return super().fit(X, y, sample_weight)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda e: e,
        lambda e: make_pipeline(StandardScaler(), e),
        lambda e: GridSearchCV(e, {"var_smoothing": [1e-9]}, cv=2),
    ],
)
def test_weights_reach_the_classifier_without_routing(wrap):
    weight = np.linspace(0.5, 1.5, N)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model(wrap(Recorder())).fit(X, Y, sample_weight=weight, **ORDER)
        assert_array_equal(Recorder.seen["sample_weight"], weight)
        model(Recorder()).fit(X, Y, groups=RECORDINGS, **ORDER)
    assert Recorder.seen["sample_weight"] is None
    assert_array_equal(Recorder.seen["groups"], RECORDINGS)


def test_a_classifier_without_weights_is_said():
    with pytest.warns(UserWarning, match=r"KNeighborsClassifier.fit takes no") as caught:
        model(KNeighborsClassifier()).fit(X, Y, sample_weight=np.ones(N), **ORDER)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frozen = FrozenEstimator(KNeighborsClassifier().fit(X, Y))
        model(frozen).fit(X, Y, sample_weight=np.ones(N), **ORDER)


def test_other_metadata_need_routing():
    with pytest.raises(TypeError, match=r"fit got foo.*enable_metadata_routing"):
        model().fit(X, Y, foo=1, **ORDER)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_metadata_are_routed(routing):
    weight = np.linspace(0.5, 1.5, N)
    hmm = model(Recorder().set_fit_request(sample_weight=True, groups=False))
    hmm.set_fit_request(sample_weight=True, groups=True).set_score_request(sample_weight=True)
    known = {"sample_weight": weight, "groups": RECORDINGS, **ORDER}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), hmm)
        pipe.fit(X, Y, **known)
        assert_array_equal(Recorder.seen["sample_weight"], weight)
        assert Recorder.seen["groups"] is None
        assert len(pipe.predict(X, **ORDER)) == N
        search = GridSearchCV(hmm, {"smoothing": [0.1, 1.0]}, cv=GroupKFold(2)).fit(X, Y, **known)
        scores = cross_validate(hmm, X, Y, cv=GroupKFold(2), params=known, error_score="raise")
        voting = VotingClassifier([("hmm", hmm)]).fit(X, Y, sample_weight=weight, **ORDER)
    assert np.isfinite(search.best_score_) and np.isfinite(scores["test_score"]).all()
    assert search.best_estimator_.step_ == voting.estimators_[0].step_ == 1.0
    alone = clone(hmm).fit(X, Y, **known)
    assert_array_equal(pipe[-1].chain_.durations, alone.chain_.durations)


def test_metadata_that_nobody_asked_for_are_refused(routing):
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        model().fit(X, Y, sample_weight=np.ones(N), **ORDER)
    with pytest.raises(TypeError, match="foo"):
        model().fit(X, Y, foo=1, **ORDER)


def test_any_metadata_of_the_classifier_are_routed(routing):
    seen = []

    class Named(GaussianNB):
        def fit(self, X, y, names=None, rate=None):
            seen.append((names, rate))
            return super().fit(X, y)

    hmm = model(Named().set_fit_request(names=True, rate="hertz"), weight="auto", cv=2)
    hmm.fit(X, Y, names=RECORDINGS, hertz=50.0, **ORDER)
    assert [len(names) for names, _ in seen] == [80, 80, 160]
    assert {rate for _, rate in seen} == {50.0}


# ---- folds and meta-estimators


def windows():
    imu = (
        RNG.normal(size=(N, 3, 20))
        + np.stack([Y == "pick", Y == "pack", Y == "label"], 1)[:, :, None]
    )
    return Windows(imu=imu, rate=10.0, clip=RECORDINGS, start=TIMES)


def test_folds_may_be_given_and_are_purged():
    rows, tested = windows(), []

    class Seen(GaussianNB):
        def fit(self, X, y):
            tested.append(sorted(zip(X["clip"].tolist(), X["start"].tolist(), strict=True)))
            return super().fit(X["imu"].mean(axis=2), y)

        def predict_proba(self, X):
            return super().predict_proba(X["imu"].mean(axis=2))

    mask = TIMES < 20
    model(Seen(), weight="auto", cv=[(~mask, mask)]).fit(rows, Y)
    # windows of two seconds: the one at 20 s overlaps the held-out one at 19 s
    assert {start for _, start in tested[0]} == set(np.arange(21.0, 40.0))
    found = model(Seen(), weight="auto", cv=PurgedGroupKFold(2)).fit(rows, Y, groups=RECORDINGS)
    assert found.emission_.weight in (0.1, 0.16, 0.25, 0.4, 0.63, 1.0, 1.6, 2.5, 4.0, 6.3)


def test_windows_keep_their_order_inside_one_versus_rest():
    rows = windows()
    features = make_pipeline(WindowFeatures(), StandardScaler(), LogisticRegression())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one = OneVsRestClassifier(model(features)).fit(rows, Y)
        assert one.score(rows, Y) > 0.8
    assert all(binary.step_ == 1.0 for binary in one.estimators_)


def test_self_training_of_the_window_classifier():
    rows, codes = windows(), np.unique(Y, return_inverse=True)[1]
    labeled = RECORDINGS < "c"
    features = make_pipeline(
        WindowFeatures(), StandardScaler(), SelfTrainingClassifier(LogisticRegression())
    )
    features.fit(rows, np.where(labeled, codes, -1))
    smoothed = model(FrozenEstimator(features)).fit(rows[labeled], codes[labeled])
    assert smoothed.score(rows[~labeled], codes[~labeled]) > 0.8
