"""Splits hold whole people, or purge their borders."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from m3n_sklearn import Windows
from m3n_sklearn.evaluation import (
    PurgedGroupKFold,
    WindowFeatures,
    consecutive_groups,
    person_folds,
    purge_overlaps,
)


def session(n=40, hop=0.5, n_clips=1, seconds=2.0, rate=10.0):
    starts = np.tile(np.arange(n) * hop, n_clips)
    clips = np.repeat([f"s{i}" for i in range(n_clips)], n)
    imu = np.random.default_rng(0).normal(size=(len(starts), 3, int(seconds * rate)))
    return Windows(imu=imu, rate=rate, clip=clips, start=starts)


@given(groups=st.lists(st.integers(0, 9), min_size=12, max_size=60), k=st.integers(2, 5))
def test_folds_hold_everybody_once(groups, k):
    count = len(set(groups))
    if count < k:
        with pytest.raises(ValueError, match=r"folds must lie between|at least two groups"):
            person_folds(groups, k)
        return
    folds = person_folds(groups, k)
    assert len(folds) == k and folds == person_folds(groups, k)
    assert sorted(person for fold in folds for person in fold) == sorted(set(groups))


def test_folds_are_of_about_equal_size():
    groups = np.repeat(list("abcdef"), [60, 10, 10, 20, 10, 10])
    assert sorted(sum(np.sum(groups == p) for p in f) for f in person_folds(groups, 2)) == [60, 60]


@pytest.mark.parametrize(
    ("folds", "error", "message"),
    [
        ([("a", "b"), ("b",)], ValueError, "each person once"),
        ([], ValueError, "at least one fold"),
        ([("z",)], ValueError, r"\['z'\] are not among"),
        ([("a", "b", "c")], ValueError, "holds out all people"),
        ("abc", TypeError, "list of tuples"),
        (["a"], TypeError, "one of its entries is 'a'"),
        (2.5, TypeError, "folds must be"),
        (4, ValueError, "between 2 and the 3 groups"),
    ],
)
def test_folds_refuse_nonsense(folds, error, message):
    with pytest.raises(error, match=message):
        person_folds(["a", "b", "c"], folds)


def test_neighbors_are_joined_in_the_order_of_time():
    groups = np.repeat(["B3", "B1", "B2", "B9", "B4"], 2)
    assert consecutive_groups(groups, 2).tolist() == [0] * 6 + [1] * 4
    with pytest.raises(ValueError, match="5 groups cannot be merged into 6"):
        consecutive_groups(groups, 6)


@given(
    hop=st.sampled_from([0.25, 0.5, 1.0, 2.0, 3.0]),
    gap=st.sampled_from([0.0, 0.5, 4.0]),
    test=st.sets(st.integers(0, 39), min_size=1, max_size=20),
)
def test_exactly_the_windows_that_come_too_near_are_purged(hop, gap, test):
    X = session(hop=hop, n_clips=2)
    tested = np.array(sorted(test))
    train = np.setdiff1d(np.arange(80), tested)
    left = purge_overlaps(train, tested, X, gap=gap)
    starts, clips = X["start"], X["clip"]
    near = np.abs(starts[train][:, None] - starts[tested]) < 2.0 + gap - 1e-6
    near &= clips[train][:, None] == clips[tested]
    assert np.array_equal(left, train[~near.any(axis=1)])


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_starts_may_be_dates(unit):
    rows = session()
    begin = np.datetime64("2024-10-27T00:59:30", unit)
    dates = begin + np.rint(rows["start"] * 1000).astype("timedelta64[ms]")
    dated = Windows(imu=rows["imu"], rate=10.0, clip=rows["clip"], start=dates)
    train, tested = np.arange(20), np.arange(20, 40)
    kept = purge_overlaps(train, tested, dated)
    assert kept.tolist() == purge_overlaps(train, tested, rows).tolist()
    assert len(kept) < 20


def test_recordings_on_one_side_are_not_touched():
    X = session(n_clips=2)
    train, test = np.arange(40), np.arange(40, 80)
    assert np.array_equal(purge_overlaps(train, test, X), train)
    assert np.array_equal(purge_overlaps(train, test, X["imu"]), train)
    assert np.array_equal(purge_overlaps(train, test, X.drop("clip", "start")), train)


@pytest.mark.parametrize("nothing", [None, np.nan, "absent"])
def test_windows_that_do_not_tell_their_recording(nothing):
    X = session()
    clips = X["clip"].astype(object)
    clips[[5, 20]] = nothing
    if nothing == "absent":
        known = ~np.isin(np.arange(len(X)), [5, 20])
        columns = {"imu": X["imu"], "start": X["start"], "clip": X["clip"]}
        X = Windows(**columns, rate=X.rate("imu"), present={"clip": known})
    else:
        X = X.assign(clip=clips)
    train, tested = np.array([3, 5, 7, 19, 21, 30]), np.array([18, 22])
    left = purge_overlaps(train, tested, X)
    assert 5 in left and set(left) < set(train)
    with pytest.raises(ValueError, match="1 training and 1 tested windows lack the name"):
        purge_overlaps(train, [20, 22], X)


def test_a_purge_without_times_is_refused():
    X = session()
    for lame in (X.drop("start"), X.drop("imu"), Windows(imu=X["imu"], clip=X["clip"])):
        with pytest.raises(ValueError, match="windows on both sides"):
            purge_overlaps([0, 1], [2], lame)
    with pytest.raises(ValueError, match="gap must be"):
        purge_overlaps([0, 1], [2], X, gap=-1.0)


def test_the_splitter_is_one_of_scikit_learn():
    X, boxes = session(), np.arange(40) // 4
    y = np.arange(40) % 2
    cv = PurgedGroupKFold(4, gap=1.0)
    assert repr(clone(KNeighborsClassifier())) and cv.get_n_splits() == 4
    pipe = make_pipeline(WindowFeatures(), KNeighborsClassifier(1))
    assert len(cross_val_score(pipe, X, y, groups=boxes, cv=cv)) == 4
    grid = {"kneighborsclassifier__n_neighbors": [1, 3]}
    GridSearchCV(pipe, grid, cv=cv).fit(X, y, groups=boxes)
    with sklearn.config_context(enable_metadata_routing=True):
        assert len(cross_val_score(pipe, X, y, params={"groups": boxes}, cv=cv)) == 4
    for train, test in cv.split(X, groups=boxes):
        assert np.abs(X["start"][train][:, None] - X["start"][test]).min() >= 3.0
    tested = np.concatenate([test for _, test in cv.split(X, groups=boxes)])
    assert np.array_equal(np.sort(tested), np.arange(40))


def test_the_splitter_refuses_nonsense():
    X = session()
    with pytest.raises(ValueError, match="needs groups"):
        next(PurgedGroupKFold().split(X))
    with pytest.raises(ValueError, match="at least 2"):
        next(PurgedGroupKFold(1).split(X, groups=np.arange(40)))
    with pytest.raises(ValueError, match="39 entries for 40"):
        next(PurgedGroupKFold(2).split(X, groups=np.arange(39)))
    with pytest.raises(ValueError, match="one entry per window, got shape"):
        next(PurgedGroupKFold(2).split(X, groups=np.ones((40, 2))))


def test_the_splitter_takes_lists():
    train, test = next(PurgedGroupKFold(2).split([[1]] * 4, groups=[1, 1, 2, 2]))
    assert train.tolist() == [2, 3] and test.tolist() == [0, 1]


def test_a_purge_takes_masks_and_refuses_what_is_no_row():
    X = session(n=6)
    early = np.arange(6) < 3
    rows = purge_overlaps(np.flatnonzero(early), np.flatnonzero(~early), X)
    assert np.array_equal(purge_overlaps(early, ~early, X), rows) and len(rows) < 3
    assert purge_overlaps([], [1], X).tolist() == []
    for wrong in ([0.0, 1.9], [-1], [0, 6], early[:5], [[0], [1]]):
        with pytest.raises(ValueError, match="train must be row numbers from 0 to 5, or a mask"):
            purge_overlaps(wrong, [2], X)
        with pytest.raises(ValueError, match="test must be row numbers"):
            purge_overlaps([2], wrong, X)


def test_a_fold_must_leave_something_to_learn_from():
    X = session(n=8)
    with pytest.raises(ValueError, match=r"left to learn from in fold 0.*consecutive_groups"):
        list(PurgedGroupKFold(2, gap=9.0).split(X, groups=np.arange(8) // 4))


@pytest.mark.parametrize("missing", [None, np.nan])
def test_people_must_be_known(missing):
    groups = np.array([1.0, 2.0, 3.0, missing], dtype=object)
    for split in (person_folds, lambda groups: consecutive_groups(groups, 2)):
        with pytest.raises(ValueError, match=r"groups must be known.*row 3"):
            split(groups)
