"""Temporal context: decoding, what is learned of time, recordings' borders, segments."""

from __future__ import annotations

import copy
import itertools
import pickle
import time
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, recall_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB

from m3n_sklearn import Windows, load
from m3n_sklearn._splits import block_folds
from m3n_sklearn.temporal import HMMClassifier
from m3n_sklearn.temporal._chain import States, best_path, learn_chain, posteriors
from m3n_sklearn.temporal._stretches import read_rows

from ..wrists import classifier

CYCLE = (("pick", 6), ("build", 9), ("fill", 5), ("close", 8), ("label", 3))


def packing(rng, boxes=12, noise=1.4, step=1.0):
    """Return features, labels and times of work in a fixed order, with stays of varying length."""
    labels = []
    for name, mean in CYCLE * boxes:
        labels += [name] * max(1, round(rng.gamma(9, mean / 9) / step))
    y = np.array(labels)
    names = [name for name, _ in CYCLE]
    means = np.array([[0, 0], [2, 0], [0, 2], [2, 0], [2, 2]])  # build and close feel the same
    X = means[[names.index(label) for label in labels]] + rng.normal(scale=noise, size=(len(y), 2))
    return X, y, np.arange(len(y)) * step


@pytest.fixture(scope="module")
def work():
    train, test = packing(np.random.default_rng(0)), packing(np.random.default_rng(1))
    return train, test


@pytest.fixture(scope="module")
def fitted(work):
    (X, y, times), _ = work
    return HMMClassifier(GaussianNB()).fit(X, y, times=times)


# ---- decoding


def random_states(rng, classes, ages):
    follows = rng.random((classes, classes)) * (1 - np.eye(classes))
    follows /= follows.sum(axis=1, keepdims=True)
    start = rng.dirichlet(np.ones(classes * ages)).reshape(classes, ages)
    return States(start, rng.uniform(0.1, 0.9, (classes, ages)), follows)


def all_paths(scores, states):
    """Try every sequence of states: posteriors of classes, and the classes of the best path."""
    classes, ages = states.start.shape
    everything = list(itertools.product(range(classes), range(ages)))
    total, best = np.zeros((len(scores), classes)), (-1.0, None)
    for path in itertools.product(everything, repeat=len(scores)):
        odds = states.start[path[0]] * np.exp(scores[0, path[0][0]])
        for (k, age), (j, next_age), score in zip(path, path[1:], scores[1:], strict=False):
            odds *= np.exp(score[j])
            if j != k:
                odds *= states.leave[k, age] * states.follows[k, j] * (next_age == 0)
            else:
                odds *= (1 - states.leave[k, age]) * (next_age == min(age + 1, ages - 1))
        for row, (k, _) in enumerate(path):
            total[row, k] += odds
        first = states.start[path[0][0]]
        best = max(best, (odds * first.sum() / first.max(), [k for k, _ in path]))
    return total / total.sum(axis=1, keepdims=True), best[1]


@pytest.mark.parametrize("ages", [2, 3])
def test_decoding_agrees_with_trying_every_path(ages):
    rng = np.random.default_rng(ages)
    states, lengths = random_states(rng, 3, ages), np.array([2, 4, 1, 4])
    scores = rng.normal(size=(11, 3))
    beliefs, path = posteriors(scores, lengths, states), best_path(scores, lengths, states)
    for rows in np.split(np.arange(11), np.cumsum(lengths)[:-1]):
        expected, best = all_paths(scores[rows], states)
        assert_allclose(beliefs[rows], expected, atol=1e-12)
        assert_array_equal(path[rows], best)


def test_many_chains_are_decoded_as_if_each_were_alone():
    rng = np.random.default_rng(0)
    states, lengths = random_states(rng, 4, 6), rng.integers(1, 9, 600)
    scores = rng.normal(size=(lengths.sum(), 4))
    beliefs, path = posteriors(scores, lengths, states), best_path(scores, lengths, states)
    for rows in np.split(np.arange(len(scores)), np.cumsum(lengths)[:-1])[::40]:
        alone = np.array([len(rows)])
        assert_allclose(beliefs[rows], posteriors(scores[rows], alone, states), atol=1e-12)
        assert_array_equal(path[rows], best_path(scores[rows], alone, states))


@pytest.mark.slow
def test_long_recordings_take_seconds():
    rng = np.random.default_rng(0)
    states = random_states(rng, 10, 30)
    scores, lengths = rng.normal(size=(5_000, 10)), np.array([5_000])
    begun = time.process_time()
    beliefs = posteriors(scores, lengths, states)
    best_path(scores, lengths, states)
    assert time.process_time() - begun < 30
    assert np.isfinite(beliefs).all()
    assert_allclose(beliefs.sum(axis=1), 1)


def test_overwhelming_evidence_does_not_overflow():
    states = random_states(np.random.default_rng(0), 3, 4)
    scores = np.array([[0, -800, -900], [-900, 0, -800]] * 20, dtype=float)
    beliefs = posteriors(scores, np.array([40]), states)
    assert_allclose(beliefs[:, :2].max(axis=1), 1)
    assert_array_equal(best_path(scores, np.array([40]), states), [0, 1] * 20)


# ---- what is learned of time


def test_stays_and_sequels_are_counted():
    codes = np.array([0, 0, 1, 1, 1, 0, 0, 2, 2, 2, 2, 1, 1, 1])
    chain = learn_chain(codes, np.array([11, 3]), 0.5, 3, 1e-9, np.ones(14))
    assert_allclose(chain.follows[0], [0, 0.5, 0.5], atol=1e-6)
    assert_allclose(chain.follows[1], [1, 0, 0], atol=1e-6)
    assert_allclose(chain.durations[0], 1.0)  # two stays of two rows of half a second
    assert_allclose(chain.durations[1], 3.0)  # three seconds, one of two stays seen to end
    assert_allclose(chain.shares, [4 / 14, 6 / 14, 4 / 14])


def test_no_probability_is_zero():
    chain = learn_chain(np.array([0, 0, 1, 1, 0]), np.array([5]), 1.0, 4, 0.3, np.ones(5))
    states = chain.at(1.0)
    assert (chain.shares > 0).all() and (states.start > 0).all()
    assert (chain.follows[~np.eye(4, dtype=bool)] > 0).all()
    assert ((states.leave > 0) & (states.leave < 1)).all()
    assert_allclose(states.start.sum(), 1)
    assert_allclose(chain.follows.sum(axis=1), 1)


@pytest.mark.parametrize("step", [0.25, 1.0])
def test_states_last_as_long_as_what_was_learned(step):
    rng = np.random.default_rng(0)
    stays = np.maximum(1, np.rint(rng.gamma(16, 8 / 16, 400) / step)).astype(int)
    codes = np.repeat(np.arange(400) % 2, stays)
    chain = learn_chain(codes, np.array([len(codes)]), step, 2, 0.01, np.ones(len(codes)))
    leave = chain.at(step).leave[0]
    surviving = np.concatenate([[1.0], np.cumprod(1 - leave)])
    assert surviving[:-1].sum() * step == pytest.approx(8, rel=0.05)
    assert chain.spreads[0] == pytest.approx(1 / 16, abs=0.03)


# ---- what it is for


def test_context_tells_apart_what_feels_the_same(work, fitted):
    _, (X, y, times) = work
    alone = f1_score(y, fitted.estimator_.predict(X), average="macro")
    smoothed = f1_score(y, fitted.predict(X, times=times), average="macro")
    assert alone < 0.65 < 0.85 < smoothed


def test_known_durations_help(work):
    (X, y, times), (X_new, y_new, t_new) = work
    loss = {}
    for law in ("gamma", "geometric"):
        model = HMMClassifier(GaussianNB(), durations=law).fit(X, y, times=times)
        proba = model.predict_proba(X_new, times=t_new)
        codes = np.searchsorted(model.classes_, y_new)
        loss[law] = -np.log(proba[np.arange(len(codes)), codes]).mean()
    assert loss["gamma"] < loss["geometric"]


def test_overconfident_windows_are_trusted_less(work):
    (X, y, times), _ = work
    copies = np.repeat(X, 4, axis=1)  # naive Bayes counts the same evidence four times
    plain = HMMClassifier(GaussianNB()).fit(X, y, times=times).emission_.weight
    repeated = HMMClassifier(GaussianNB()).fit(copies, y, times=times).emission_.weight
    assert repeated < plain


def with_like_errors_in_a_stay(seed):
    """Return work in random order in which the windows of a stay are shifted together."""
    rng = np.random.default_rng(seed)
    names, stays = rng.choice(["a", "b", "c"], 120), rng.integers(6, 12, 120)
    y = np.repeat(names, stays)
    shifts = np.repeat(rng.normal(scale=0.8, size=(120, 2)), stays, axis=0)
    means = {"a": (0, 0), "b": (2, 0), "c": (0, 2)}
    X = np.array([means[name] for name in y]) + shifts + rng.normal(scale=0.5, size=shifts.shape)
    return X, y, np.arange(len(y)) * 1.0


def test_paths_have_a_larger_weight_than_posteriors_where_errors_are_alike():
    X, y, times = with_like_errors_in_a_stay(0)
    X_new, y_new, times_new = with_like_errors_in_a_stay(1)
    model = HMMClassifier(GaussianNB()).fit(X, y, times=times)
    assert model.decision_emission_.weight > model.emission_.weight
    found = f1_score(y_new, model.predict(X_new, times=times_new), average="macro")
    model.decision_emission_ = model.emission_
    assert found > f1_score(y_new, model.predict(X_new, times=times_new), average="macro") + 0.02


class Timid(GaussianNB):
    """Gives the right order of classes, but nearly the same probability to all of them."""

    def predict_proba(self, X):
        flat = super().predict_proba(X) ** 0.2
        return flat / flat.sum(axis=1, keepdims=True)


def test_windows_that_hardly_commit_themselves_are_trusted_more(work):
    (X, y, times), (X_new, y_new, times_new) = work
    plain, timid = (HMMClassifier(e).fit(X, y, times=times) for e in (GaussianNB(), Timid()))
    assert timid.emission_.weight > max(1.0, 2 * plain.emission_.weight)
    scores = [
        f1_score(y_new, m.predict(X_new, times=times_new), average="macro") for m in (plain, timid)
    ]
    assert abs(scores[0] - scores[1]) < 0.02


def test_a_rare_class_does_not_swallow_what_a_timid_classifier_sees(work):
    (X, y, times), (X_new, _, times_new) = work
    y = y.astype("<U8")
    for rows in (slice(50, None, 100), slice(50, 300, 100)):  # the second is not in every fold
        y_rare = y.copy()
        y_rare[rows] = "rare"
        model = HMMClassifier(Timid(), balance=1.0, cv=2).fit(X, y_rare, times=times)
        assert (model.predict(X_new, times=times_new) == "rare").mean() < 0.05
        rare = list(model.classes_).index("rare")
        assert model.expected_[rare] > 3 * model.chain_.shares[rare]


def with_a_rare_activity(work):
    """Make the end of every fourth stay of one class another one, of two rows."""
    X, y, times = work
    ends = np.flatnonzero((y[:-1] == "label") & (y[1:] != "label"))[::4]
    rows = np.concatenate([ends - 1, ends])
    X, y = X.copy(), y.astype("<U8")
    X[rows] += [1.0, 1.0]
    y[rows] = "scan"
    return X, y, times


@pytest.mark.slow
def test_balanced_decisions_do_not_pass_over_what_is_rare_and_short(work):
    (X, y, times), (X_new, y_new, times_new) = map(with_a_rare_activity, work)
    path = HMMClassifier(GaussianNB()).fit(X, y, times=times)
    even = clone(path).set_params(decision="balanced").fit(X, y, times=times)
    assert even.emission_ == path.emission_
    said = even.predict(X_new, times=times_new)
    assert recall_score(y_new, said, labels=["scan"], average="macro") > recall_score(
        y_new, path.predict(X_new, times=times_new), labels=["scan"], average="macro"
    )
    even.emission_ = even.decision_emission_
    beliefs = even.predict_proba(X_new, times=times_new)
    np.testing.assert_array_equal(
        said, even.classes_[(beliefs / even.chain_.shares).argmax(axis=1)]
    )
    segments = even.segments(X_new, times=times_new)
    assert "scan" in segments["label"]
    with pytest.raises(ValueError, match="'decision' parameter"):
        even.set_params(decision="fair").predict(X_new, times=times_new)


def test_given_numbers_need_no_cross_validation(work):
    (X, y, times), _ = work

    class Counting(GaussianNB):
        fits = 0

        def fit(self, X, y):
            Counting.fits += 1
            return super().fit(X, y)

    model = HMMClassifier(Counting(), weight=0.5, balance=1.0).fit(X, y, times=times)
    assert Counting.fits == 1
    assert model.emission_ == model.decision_emission_ == (0.5, 1.0)
    HMMClassifier(Counting(), cv=3).fit(X, y, times=times)
    assert Counting.fits == 5


# ---- order and borders


def test_the_order_of_rows_does_not_matter(work, fitted):
    (X, y, times), (X_new, _, t_new) = work
    shuffled = np.random.default_rng(3).permutation(len(y))
    other = HMMClassifier(GaussianNB()).fit(X[shuffled], y[shuffled], times=times[shuffled])
    mixed = np.random.default_rng(4).permutation(len(X_new))
    proba = fitted.predict_proba(X_new, times=t_new)
    assert_allclose(other.predict_proba(X_new[mixed], times=t_new[mixed]), proba[mixed], atol=1e-9)
    labels = fitted.predict(X_new, times=t_new)
    assert_array_equal(fitted.predict(X_new[mixed], times=t_new[mixed]), labels[mixed])
    assert_array_equal(
        fitted.segments(X_new[mixed], times=t_new[mixed]), fitted.segments(X_new, times=t_new)
    )


def test_recordings_do_not_know_of_each_other(work, fitted):
    _, (X, _, _) = work
    names = np.repeat(["monday", "tuesday"], [40, 70])
    together = fitted.predict_proba(X[:110], recordings=names)
    alone = fitted.predict_proba(X[:40], recordings=np.repeat("monday", 40))
    assert_allclose(together[:40], alone, atol=1e-12)
    turned = np.concatenate([X[:40], X[40:110][::-1]])
    assert_allclose(fitted.predict_proba(turned, recordings=names)[:40], alone, atol=1e-12)


def test_gaps_break_the_chain(work, fitted):
    _, (X, _, _) = work
    gap = np.concatenate([np.arange(40.0), np.arange(42.0, 112.0)])
    apart = fitted.predict_proba(X[:110], times=gap)
    first = fitted.predict_proba(X[:40], times=gap[:40])
    second = fitted.predict_proba(X[40:110], times=gap[40:])
    assert_allclose(apart, np.concatenate([first, second]), atol=1e-12)
    closed = fitted.predict_proba(X[:110], times=np.arange(110.0))
    assert np.abs(closed - apart).max() > 0.01


@pytest.mark.slow
def test_windows_know_their_time(work):
    (X, y, times), _ = work
    data = np.repeat(X[:, :, None], 20, axis=2)
    rows = Windows(imu=data, start=times, clip=np.repeat("a", len(y)), rate=10.0)
    network = classifier(max_epochs=1)
    kept = HMMClassifier(network, weight=0.4, balance=0.5).fit(rows, y)
    given = HMMClassifier(network, weight=0.4, balance=0.5)
    given.fit(data.astype("float32"), y, times=times + 1.0)
    assert_array_equal(kept.predict(rows), given.predict(data.astype("float32"), times=times + 1))
    assert kept.segments(rows)["start"][0] == 0.5  # the first window is about its middle, at 1 s
    assert kept.segments(rows)["recording"][0] == "a"


def test_one_window_is_what_the_classifier_says(work, fitted):
    _, (X, _, _) = work
    one_each = np.arange(len(X))
    assert_allclose(
        fitted.predict_proba(X, recordings=one_each), fitted.estimator_.predict_proba(X), atol=1e-4
    )
    assert_array_equal(fitted.predict(X[:1], times=[5.0]), fitted.estimator_.predict(X[:1]))
    assert len(fitted.segments(X[:1], times=[5.0])) == 1


def test_rows_without_time_stand_alone_and_that_is_said(work):
    (X, y, _), _ = work
    with pytest.warns(UserWarning, match="has a neighbor in time"):
        model = HMMClassifier(GaussianNB()).fit(X, y)
    assert_array_equal(model.predict(X), model.estimator_.predict(X))


def test_times_that_are_forgotten_are_missed(work, fitted):
    _, (X, y, times) = work
    for call in (
        fitted.predict,
        fitted.predict_proba,
        fitted.segments,
        lambda rows: fitted.score(rows, y),
    ):
        with pytest.warns(UserWarning, match="times of the rows of X are not known") as caught:
            call(X)
        assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.predict(X, times=times)
        fitted.predict(X, recordings=np.arange(len(X)))
        fitted.predict(X[:1])


def test_it_is_scored_along_recordings(work, fitted):
    _, (X, y, times) = work
    right = fitted.predict(X, times=times) == y
    weight = np.arange(len(y)) % 3
    assert fitted.score(X, y, times=times) == pytest.approx(right.mean())
    assert fitted.score(X, y, weight, times=times) == pytest.approx(
        np.average(right, weights=weight)
    )
    one_each = np.arange(len(X))
    alone = fitted.estimator_.score(X, y)
    assert fitted.score(X, y, recordings=one_each) == pytest.approx(alone)


def test_nothing_is_smoothed_by_a_chain_that_was_not_learned(work):
    (X, y, _), (X_new, _, t_new) = work
    with pytest.warns(UserWarning, match="has a neighbor in time"):
        model = HMMClassifier(GaussianNB()).fit(X, y)
    assert_array_equal(model.predict(X_new, times=t_new), model.estimator_.predict(X_new))


@pytest.mark.parametrize("step", [0.5, 2.0])
def test_windows_may_be_closer_or_further_apart(fitted, step):
    X, y, times = packing(np.random.default_rng(5), step=step)
    alone = f1_score(y, fitted.estimator_.predict(X), average="macro")
    smoothed = f1_score(y, fitted.predict(X, times=times), average="macro")
    assert smoothed > alone + 0.1
    stays = fitted.segments(X, times=times)
    assert 3 < np.mean(stays["end"] - stays["start"]) < 10


# ---- classes


def test_a_single_class(work):
    (X, _, times), _ = work
    model = HMMClassifier(GaussianNB()).fit(X, np.repeat("rest", len(X)), times=times)
    assert set(model.predict(X, times=times)) == {"rest"}
    assert_array_equal(model.predict_proba(X, times=times), np.ones((len(X), 1)))
    assert len(model.segments(X, times=times)) == 1


def test_a_class_that_occurs_once(work):
    (X, y, times), (X_new, _, t_new) = work
    labels = y.astype(object)
    labels[100:103] = "answer the phone"
    model = HMMClassifier(GaussianNB()).fit(X, labels, times=times)
    assert np.isfinite(model.predict_proba(X_new, times=t_new)).all()
    assert len(model.classes_) == 6


def test_a_fitted_classifier_with_other_classes(work):
    (X, y, times), _ = work
    narrow = GaussianNB().fit(X[y != "label"], y[y != "label"])
    model = HMMClassifier(FrozenEstimator(narrow)).fit(X, y, times=times)
    proba = model.predict_proba(X, times=times)
    assert proba.shape[1] == 5 and np.isfinite(proba).all()
    kept = np.isin(y, ["pick", "build", "fill"])
    wide = GaussianNB().fit(X, y)
    with pytest.warns(UserWarning, match="also has the classes .* never predicted"):
        model = HMMClassifier(FrozenEstimator(wide)).fit(X[kept], y[kept], times=times[kept])
    with pytest.warns(UserWarning, match="also has the classes"):
        assert set(model.predict(X, times=times)) <= {"pick", "build", "fill"}


def test_a_fitted_classifier_of_something_else_is_refused(work):
    (X, y, times), _ = work
    other = FrozenEstimator(GaussianNB().fit(X, np.where(y == "label", "sit", "stand")))
    with pytest.raises(ValueError, match=r"\['sit', 'stand'\] and y has .* have none in common"):
        HMMClassifier(other).fit(X, y, times=times)


def test_probabilities_that_are_not_finite_are_refused(work, fitted):
    _, (X, _, times) = work
    with pytest.raises(ValueError, match=r"not finite in 1 of .* the first of them row 3"):
        broken = copy.deepcopy(fitted)
        whole = broken.estimator_.predict_proba
        broken.estimator_.predict_proba = lambda rows: np.where(
            np.arange(len(rows))[:, None] == 3, np.nan, whole(rows)
        )
        broken.predict(X, times=times)


# ---- folds


def test_held_out_blocks_share_no_sample_with_the_others():
    rng = np.random.default_rng(0)
    starts = np.arange(60) * 0.5
    X = Windows(imu=rng.normal(size=(60, 3, 40)), start=starts, clip=["a"] * 60, rate=20.0)
    rows, groups = read_rows(X, None, None), np.repeat(np.arange(6), 10)
    for names in (None, groups):
        tested = np.zeros(60, dtype=int)
        for train, test in block_folds(rows.recordings, rows.times, rows.seconds, names, 3):
            gaps = np.abs(starts[train][:, None] - starts[test])
            assert gaps.min() >= 2.0 - 1e-9 and train.any()
            tested += test
        assert_array_equal(tested, 1)


def test_groups_and_recordings_are_kept_together():
    rows = read_rows(np.zeros(40), np.repeat(np.arange(8), 5), None)
    for names in (None, np.repeat(list("abcd"), 10)):
        for train, test in block_folds(rows.recordings, rows.times, 0.0, names, 4):
            key = rows.recordings if names is None else names
            assert not set(key[train]) & set(key[test])


def test_folds_that_leave_a_single_class_are_left_out():
    rng = np.random.default_rng(0)
    y = np.repeat(["rest", "work"], 20)
    X = rng.normal(size=(40, 2)) + (y == "work")[:, None]
    model = HMMClassifier(GaussianNB(), cv=2).fit(X, y, recordings=y)
    assert model.emission_ == (1.0, 1.0)
    model = HMMClassifier(GaussianNB(), weight=0.3, cv=2).fit(X, y, recordings=y)
    assert model.emission_ == (0.3, 1.0)


def test_groups_reach_a_classifier_that_takes_them(work):
    (X, y, times), _ = work
    seen = []

    class Grouped(GaussianNB):
        def fit(self, X, y, groups=None):
            seen.append(np.unique(groups).tolist())
            return super().fit(X, y)

    HMMClassifier(Grouped(), cv=2).fit(X, y, groups=np.arange(len(y)) % 2, times=times)
    assert seen == [[1], [0], [0, 1]] or seen == [[0], [1], [0, 1]]


@pytest.mark.slow
def test_it_can_be_cross_validated_with_windows():
    rng = np.random.default_rng(0)
    X, y, times = packing(rng, boxes=6)
    rows = Windows(
        imu=np.repeat(X[:, :, None], 8, axis=2),
        start=times % 60,
        clip=[f"r{int(t // 60)}" for t in times],
        rate=8.0,
    )
    model = HMMClassifier(classifier(max_epochs=2), cv=2)
    predicted = cross_val_predict(model, rows, y, groups=rows["clip"], cv=GroupKFold(2))
    assert set(predicted) <= set(y)


# ---- segments


def test_segments_tile_the_recordings(work, fitted):
    _, (X, _, times) = work
    names, gap = np.where(times < 60, "b", "a"), times + 10 * (times > 30)
    table = fitted.segments(X, recordings=names, times=gap)
    labels = fitted.predict(X, recordings=names, times=gap)
    for row in table:
        inside = (names == row["recording"]) & (gap > row["start"]) & (gap < row["end"])
        assert set(labels[inside]) == {row["label"]}
    assert (table["end"] > table["start"]).all()
    assert (table["end"] - table["start"]).sum() == pytest.approx(len(X))
    follow = table[:-1]["recording"] == table[1:]["recording"]
    distances = (table["start"][1:] - table["end"][:-1])[follow]
    assert sorted(set(distances.round(9))) == [0, 10]
    assert ((table["confidence"] > 0) & (table["confidence"] <= 1)).all()
    assert table["recording"].tolist() == sorted(table["recording"].tolist())


# ---- what scikit-learn and files ask


def test_it_survives_clone_and_pickle(work, fitted):
    _, (X, _, times) = work
    assert clone(fitted).get_params()["smoothing"] == fitted.smoothing
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.predict_proba(X, times=times), fitted.predict_proba(X, times=times))


@pytest.mark.slow
def test_it_is_saved_with_its_classifier(work, tmp_path):
    (X, y, times), _ = work
    inner = classifier(max_epochs=2)
    model = HMMClassifier(inner, cv=2).fit(X, y, times=times)
    model.save(tmp_path / "hmm.safetensors")
    again = load(tmp_path / "hmm.safetensors")
    assert_array_equal(again.predict_proba(X, times=times), model.predict_proba(X, times=times))
    assert_array_equal(again.segments(X, times=times), model.segments(X, times=times))


def test_a_foreign_classifier_cannot_be_saved(fitted, tmp_path):
    with pytest.raises(TypeError, match="Only estimators of m3n_sklearn can be saved"):
        fitted.save(tmp_path / "hmm.safetensors")


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"times": np.zeros(20)}, "two rows at 0 s"),
        ({"times": np.arange(19)}, "times must have one entry per window, 20, got shape"),
        ({"recordings": ["a"] * 3}, "recordings must have one entry per window, 20"),
        ({"recordings": ["a"] * 19 + [None]}, "recordings must be known for every window"),
        ({"times": np.full(20, np.nan)}, "times must be known"),
        ({"times": np.full(20, np.inf)}, "finite numbers"),
        ({"times": ["noon"] * 20}, "row 0 is 'noon'"),
        ({"recordings": [np.nan] * 20}, "recordings must be known for every window"),
        ({"recordings": [("a", 1)] * 20}, "Join parts of a name"),
        ({"groups": [None] + ["p"] * 19, "times": np.arange(20)}, "groups must be known"),
        ({"groups": [1, 2], "times": np.arange(20)}, "groups must have one entry per window"),
    ],
)
def test_bad_times_are_refused(known, message):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=message):
        HMMClassifier(LogisticRegression()).fit(
            rng.normal(size=(20, 2)), np.arange(20) % 2, **known
        )


def test_a_classifier_without_probabilities_is_refused(work):
    from sklearn.svm import LinearSVC

    (X, y, times), _ = work
    with pytest.raises(ValueError, match="'estimator' parameter"):
        HMMClassifier(LinearSVC()).fit(X, y, times=times)
