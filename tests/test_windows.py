"""The container that scikit-learn slices."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from m3n_sklearn import Windows, as_windows

N = 7


def make(n: int = N) -> Windows:
    rng = np.random.default_rng(0)
    return Windows(
        imu=rng.normal(size=(n, 6, 10)),
        pose=rng.normal(size=(n, 8, 24, 3)) / 10,
        trans=rng.normal(size=(n, 8, 3)),
        text=[f"sentence {i}" for i in range(n)],
        clip=np.arange(n),
        rate={"imu": 50.0, "pose": 30.0},
        channels=[f"left_wrist_{s}_{a}" for s in ("acc", "gyro") for a in "xyz"],
        margin=0.1,
        present={"imu": np.arange(n) % 3 > 0},
    )


indices = st.one_of(
    st.integers(-N, N - 1),
    st.slices(N),
    hnp.arrays(np.bool_, N),
    hnp.arrays(np.int64, st.integers(0, 9), elements=st.integers(-N, N - 1)),
    st.lists(st.integers(-N, N - 1), max_size=5),
)


def as_rows(key: object) -> np.ndarray:
    rows = np.arange(N)[key]
    return np.atleast_1d(rows) if np.ndim(rows) == 0 else rows


def equal(a: Windows, b: Windows) -> bool:
    return (
        a.columns == b.columns
        and all(np.array_equal(a[c], b[c]) for c in a.columns)
        and all(np.array_equal(a.present(c), b.present(c)) for c in a.columns)
        and (dict(a.rates), a.channels, a.margin) == (dict(b.rates), b.channels, b.margin)
    )


@given(key=indices)
def test_slicing_takes_the_same_rows_of_every_column(key):
    X, rows = make(), as_rows(key if not isinstance(key, list) else np.array(key, dtype=int))
    Y = X[key]
    assert isinstance(Y, Windows) and Y.shape == (len(rows),) and len(Y) == len(rows)
    for column in X.columns:
        assert np.array_equal(Y[column], X[column][rows])
        assert np.array_equal(Y.present(column), X.present(column)[rows])
    assert (dict(Y.rates), Y.channels, Y.margin) == (dict(X.rates), X.channels, X.margin)
    assert equal(X[(key, ...)], Y)


@given(data=st.data(), first=indices)
def test_slicing_twice_is_slicing_by_the_composition(data, first):
    X = make()
    first = np.array(first, dtype=int) if isinstance(first, list) else first
    Y = X[first]
    if len(Y) == 0:
        assert len(Y[::2]) == 0
        return
    second = data.draw(
        st.one_of(st.slices(len(Y)), st.lists(st.integers(-len(Y), len(Y) - 1), max_size=4))
    )
    rows = as_rows(first)[np.array(second, dtype=int) if isinstance(second, list) else second]
    assert equal(Y[second], X[rows])


def test_every_split_of_scikit_learn_works():
    X = make()
    assert _num_samples(X) == N
    assert equal(_safe_indexing(X, [1, 2]), X[[1, 2]])

    class Mean(BaseEstimator):
        def fit(self, X, y):
            assert isinstance(X, Windows)
            return self

        def score(self, X, y):
            return float(len(X["imu"]))

    out = cross_validate(Mean(), X, np.arange(N), groups=np.arange(N), cv=GroupKFold(7))
    assert out["test_score"].tolist() == [1.0] * 7


def test_pickling_a_slice_carries_only_its_rows():
    X = make(200)
    Y = X[::50]
    assert equal(pickle.loads(pickle.dumps(Y)), Y)
    assert len(pickle.dumps(Y)) < len(pickle.dumps(X)) / 10


def test_cloning_shares_the_arrays():
    X = make()
    assert copy.deepcopy(X) is X
    assert clone(X, safe=False) is X


def test_slicing_keeps_a_memory_map_on_disk(tmp_path):
    np.save(tmp_path / "imu.npy", np.zeros((10, 6, 4)))
    X = Windows(imu=np.load(tmp_path / "imu.npy", mmap_mode="r"))
    assert isinstance(X[2:5]["imu"], np.memmap)
    assert X[[1, 3]]["imu"].shape == (2, 6, 4)


def test_it_is_no_single_array_and_no_sequence():
    X = make()
    with pytest.raises(TypeError, match="Use a column"):
        np.asarray(X)
    with pytest.raises(TypeError, match="iterated"):
        list(X)
    with pytest.raises(KeyError, match="no column 'emg'"):
        X["emg"]
    for key in (N, -N - 1, np.array([N])):
        with pytest.raises(IndexError, match="out of range"):
            X[key]
    with pytest.raises(IndexError, match="mask has 3 entries"):
        X[np.array([True, False, True])]
    with pytest.raises(IndexError, match=r"indexed by.*int, a slice, a boolean mask"):
        X[1.5]


def test_assign_and_drop_keep_the_rest():
    X = make()
    Y = X.assign(imu=np.zeros((N, 3, 5)), rate={"imu": 20.0})
    assert Y.rate("imu") == 20.0 and Y.rate("trans") == 30.0 and Y.channels is None
    assert Y.present("imu").all() and Y.margin == X.margin
    Z = X.drop("pose", "trans")
    assert Z.columns == ("imu", "text", "clip") and Z.rate("pose") is None
    assert Z.modalities == ("text", "imu")
    with pytest.raises(ValueError, match="leave no column"):
        Z.drop("imu", "text", "clip")


def test_concatenate_marks_what_a_part_lacks():
    X = make()
    Y = Windows.concatenate([X.drop("imu"), X[3:5], X[1:2].drop("text")])
    assert len(Y) == 10
    assert Y.present("imu").tolist() == [False] * 7 + [False, True, True]
    assert Y.present("text").tolist() == [True] * 9 + [False]
    assert np.array_equal(Y[8:9]["imu"], X[4:5]["imu"])
    assert Y["text"][9] == "" and Y.rate("imu") == 50.0 and Y.channels == X.channels


def test_concatenate_refuses_what_does_not_fit():
    X = make()
    with pytest.raises(ValueError, match="rates of 'imu' differ"):
        Windows.concatenate([X, X.assign(rate={"imu": 25.0})])
    with pytest.raises(ValueError, match="different shapes"):
        Windows.concatenate([X, X.assign(imu=np.zeros((N, 6, 11)), channels=X.channels)])
    with pytest.raises(ValueError, match="differ in channels"):
        Windows.concatenate([X, X.assign(imu=X["imu"])])
    with pytest.raises(ValueError, match=r"parts is empty.*at least one"):
        Windows.concatenate([])
    with pytest.raises(TypeError, match="Only Windows"):
        Windows.concatenate([X["imu"]])


def test_concatenate_takes_a_generator():
    X = make()
    parts = Windows.concatenate(X[i : i + 1] for i in range(N))
    assert len(parts) == N and np.array_equal(parts["imu"], X["imu"])


def test_missing_texts_of_pandas_are_empty():
    X = make().assign(text=pd.Series(["a", pd.NA] + ["b"] * (N - 2), dtype="string"))
    assert X["text"][:2].tolist() == ["a", ""]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "at least one column.*imu="),
        ({"imu": np.zeros((2, 6))}, r"must have shape \(n, channels, samples\)"),
        ({"pose": np.zeros((2, 5, 24, 4))}, r"must have shape.*\(n, frames, joints, 3\)"),
        ({"imu": np.zeros((2, 6, 4)), "text": ["a"]}, "equal numbers of rows"),
        ({"imu": np.full((2, 6, 4), np.nan)}, "not finite.*first in row 0.*present="),
        ({"imu": np.zeros((2, 6, 4), dtype=complex)}, "real numbers"),
        ({"imu": 3.0}, "single value"),
        ({"pose": np.full((1, 2, 24, 3), 90.0)}, "degrees.*deg2rad"),
        ({"pose": np.zeros((2, 5, 24, 3)), "trans": np.zeros((2, 4, 3))}, "5 frames"),
        ({"imu": np.zeros((2, 6, 4)), "rate": 0.0}, "rate of 'imu'.*positive"),
        ({"imu": np.zeros((2, 6, 4)), "rate": {"trans": 30.0}}, "Only 'imu' and 'pose' have rates"),
        ({"imu": np.zeros((2, 6, 4)), "channels": ["a"]}, "6 different names"),
        ({"text": ["a"], "channels": ["a"]}, "no column 'imu'"),
        ({"imu": np.zeros((2, 6, 4)), "margin": -1.0}, "margin"),
        ({"imu": np.zeros((2, 6, 4)), "present": {"pose": [True, True]}}, "no such column"),
        ({"imu": np.zeros((2, 6, 4)), "present": {"imu": [1, 0]}}, "2 booleans"),
    ],
)
def test_bad_input_is_refused_on_construction(arguments, message):
    with pytest.raises(ValueError, match=message):
        Windows(**arguments)


def test_wrong_types_are_refused():
    with pytest.raises(TypeError, match="one string per row"):
        Windows(text="a person waves")
    with pytest.raises(TypeError, match="'text' must contain strings or tuples"):
        Windows(text=[("a", 3), ("b",)])
    with pytest.raises(TypeError, match=r"rate of 'imu'.*number of Hz"):
        Windows(imu=np.zeros((1, 3, 4)), rate="50")


def test_absent_rows_may_hold_anything():
    imu = np.zeros((3, 6, 4))
    imu[1] = np.nan
    X = Windows(imu=imu, present={"imu": np.array([True, False, True])})
    assert X.present("imu").tolist() == [True, False, True]


def test_paraphrases_stay_together():
    X = Windows(text=[("a person waves", "someone waves"), "a person walks", None])
    assert X["text"][0] == ("a person waves", "someone waves") and X["text"][2] == ""
    assert X[::-1]["text"][2] == X["text"][0]


def test_as_windows_reads_other_tables():
    imu, text = np.random.default_rng(0).normal(size=(3, 6, 5)), np.array(["a", "b", "c"])
    tables = {
        "mapping": {"imu": imu, "text": text},
        "frame": pd.DataFrame({"imu": list(imu), "text": text}),
        "structured": Windows(imu=imu, text=text).to_structured(),
    }
    for table in tables.values():
        X = as_windows(table, rate=50.0)
        assert np.array_equal(X["imu"], imu) and X["text"].tolist() == ["a", "b", "c"]
        assert X.rate("imu") == 50.0
    assert as_windows(imu[:, 0])["imu"].shape == (3, 1, 5)
    X = as_windows(imu)
    assert as_windows(X) is X and as_windows(X, rate=20.0).rate("imu") == 20.0
    with pytest.raises(TypeError, match=r"as_windows takes.*got list"):
        as_windows([1, 2])
    with pytest.raises(ValueError, match="different shapes"):
        as_windows(pd.DataFrame({"imu": [np.zeros(3), np.zeros(4)]}))
    gaps = as_windows(pd.DataFrame({"text": ["wave", None, np.nan]}))
    assert gaps["text"].tolist() == ["wave", "", ""]


def test_repr_says_what_is_there():
    assert repr(make()[:3]) == (
        "Windows(3 rows: imu (6, 10) at 50 Hz in 2 rows, pose (8, 24, 3) at 30 Hz, trans (8, 3), "
        "text, clip)"
    )


# ---- observed samples


def test_the_mask_of_imu_goes_with_it():
    imu = np.zeros((4, 3, 10))
    observed = np.ones((4, 3, 10), dtype=bool)
    observed[1, 2, 3] = False
    X = Windows(imu=imu, observed=observed, text=["a"] * 4, rate=10.0)
    assert np.argwhere(~X[[2, 1]]["observed"]).tolist() == [[1, 2, 3]]
    assert "observed" in X.assign(imu=imu + 1)
    assert "observed" not in X.assign(imu=np.zeros((4, 3, 20)))
    assert X.drop("imu").columns == ("text",)
    both = Windows.concatenate([X, Windows(imu=imu, rate=10.0)])
    assert np.argwhere(~both["observed"]).tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    "columns",
    [
        {"observed": np.ones((4, 3, 9), dtype=bool)},
        {"observed": np.ones((4, 3, 10))},
        {"imu": None, "text": ["a"] * 4},
    ],
)
def test_a_mask_that_does_not_fit_is_refused(columns):
    given = {"imu": np.zeros((4, 3, 10)), "observed": np.ones((4, 3, 10), dtype=bool)}
    with pytest.raises(ValueError, match="'observed' must contain a boolean for each sample"):
        Windows(rate=10.0, **{**given, **columns})
