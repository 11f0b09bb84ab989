"""Tables and arrays of other libraries: as recordings, as windows, and where they are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator

from m3n_sklearn import Recording, Windows, as_windows
from m3n_sklearn._inputs import read_imu
from m3n_sklearn._labels import check_labels
from m3n_sklearn.recording import channel_names

from .refusals import cases, classifier, refuses
from .wrists import wrist_data

GYRO_FIRST = ["gx", "gy", "gz", "ax", "ay", "az"]
WRITTEN = tuple(f"{sensor}_{axis}" for sensor in ("gyro", "acc") for axis in "xyz")
SAMPLES = np.array([0, 0, 0, 0, 0, 9.81]) + np.random.default_rng(0).normal(0, 0.1, (40, 6))
TABLE = pd.DataFrame(SAMPLES, columns=GYRO_FIRST)
IMU = np.eye(6)[2][:, None] * 9.81 + np.random.default_rng(1).normal(0, 0.1, (4, 6, 10))


class Column:
    """A column as polars has it: cells as lists only."""

    def __init__(self, cells):
        self.cells = cells

    def to_list(self):
        return list(self.cells)


class Polars:
    """What a frame of polars offers."""

    dtypes = ()

    def __init__(self, columns):
        self.data, self.columns = columns, list(columns)

    def __getitem__(self, name):
        return Column(self.data[name])


class ArrowColumn(Column):
    to_pylist = Column.to_list


class Arrow:
    """What a table of pyarrow offers, whose `columns` are not names."""

    columns = ()

    def __init__(self, columns):
        self.data, self.column_names = columns, list(columns)

    def __getitem__(self, name):
        return ArrowColumn(self.data[name])


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.astype(object),
        TABLE.convert_dtypes(),
        {name: TABLE[name].tolist() for name in GYRO_FIRST},
        Polars({name: TABLE[name].tolist() for name in GYRO_FIRST}),
        Arrow({name: TABLE[name].tolist() for name in GYRO_FIRST}),
        TABLE.to_records(index=False),
    ],
    ids=["pandas", "objects", "nullable", "mapping", "polars", "pyarrow", "records"],
)
def test_a_recording_takes_names_and_order_from_a_table(table):
    recording = Recording(table, 50.0)
    assert recording.channels == WRITTEN
    np.testing.assert_array_equal(recording.data, SAMPLES)


def test_levels_of_column_names_are_joined():
    levels = pd.MultiIndex.from_product([["RightWrist"], ["Acc"], list("XYZ")])
    table = pd.DataFrame(SAMPLES[:, 3:], columns=levels)
    assert Recording(table, 50.0).channels == channel_names("right_wrist", "acc")
    assert Recording(pd.DataFrame(SAMPLES), 50.0).channels is None


def test_given_names_replace_those_of_a_table_in_the_same_order():
    names = channel_names("right_wrist")
    assert Recording(TABLE[list(TABLE)[3:] + list(TABLE)[:3]], 50.0, names).channels == names
    with pytest.raises(ValueError, match=r"columns of data are gx.*in the order of the columns"):
        Recording(TABLE, 50.0, names)


def test_masked_samples_are_not_observed():
    mask = np.zeros(SAMPLES.shape, bool)
    mask[3, 4] = True
    recording = Recording(np.ma.array(SAMPLES, mask=mask), 50.0)
    np.testing.assert_array_equal(recording.observed, ~mask)


def test_recordings_are_selected_in_any_spelling():
    recording = Recording(SAMPLES, 50.0, channel_names("right_wrist"))
    for name in ("RightWrist", "wrist_r", "right_wrist"):
        assert recording.select(name).channels == recording.channels
    assert recording.select(["right wrist acc z"]).channels == ("right_wrist_acc_z",)


several = pd.concat({k: pd.DataFrame(w.T, columns=GYRO_FIRST) for k, w in enumerate(IMU)})
nested = pd.DataFrame({f"dim_{k}": [pd.Series(w[k]) for w in IMU] for k in range(6)})


@cases(
    (lambda: Recording(TABLE.assign(label="a", time=0), 50), ValueError, "drop(columns=['label'"),
    (lambda: Recording(several, 50.0), ValueError, "2 levels", "groupby(level=0)"),
    (lambda: Recording({"ax": [1.0], "ay": [1.0, 2.0]}, 50.0), ValueError, "different lengths"),
    (lambda: Recording(SAMPLES.astype("M8[s]"), 50.0), ValueError, "dates", "time stamps"),
    (
        lambda: Recording(np.where(SAMPLES > 9.9, np.inf, SAMPLES), 50.0, WRITTEN, name="anna"),
        ValueError,
        "data of 'anna'",
        "first in channel acc_z at sample",
    ),
    (lambda: as_windows(several.iloc[:-1]), ValueError, "different lengths", "9 to 10 samples"),
    (lambda: as_windows(TABLE), ValueError, "one sample per row", "cut(Recording(table, rate)"),
    (lambda: as_windows([w[:, : 5 + k] for k, w in enumerate(IMU)]), ValueError, "5 to 8 samples"),
    (
        lambda: as_windows([pd.DataFrame(w.T) for w in IMU] + [TABLE]),
        ValueError,
        "different columns",
    ),
    (lambda: Windows(imu=np.ma.array(IMU, mask=IMU > 9.9)), ValueError, "masked", "observed=~mask"),
    (lambda: Windows(imu=IMU.astype("M8[s]")), ValueError, "Column 'imu'", "dates"),
    (
        lambda: Windows(imu=IMU.transpose(0, 2, 1), channels=WRITTEN),
        ValueError,
        "imu.transpose(0, 2, 1)",
    ),
)
def test_tables_that_cannot_be_read(call, error, words):
    refuses(call, error, *words)


def test_tables_of_windows():
    with_times = as_windows(several, rate=50.0)
    assert with_times.channels == WRITTEN and with_times.rate("imu") == 50.0
    named = pd.DataFrame({n: list(IMU[:, k]) for k, n in enumerate(GYRO_FIRST)})
    listed = {f"dim_{k}": [w[k].tolist() for w in IMU] for k in range(6)}
    tables = [pd.DataFrame(w.T, columns=GYRO_FIRST) for w in IMU]
    for data, channels in (
        (several, WRITTEN),
        (nested, None),
        (named.assign(text=["a", "b", "c", "d"]), WRITTEN),
        (Polars(listed), None),
        (Arrow(listed), None),
        (tables, WRITTEN),
        (list(IMU), None),
        (torch.tensor(IMU, requires_grad=True), None),
    ):
        X = as_windows(data)
        np.testing.assert_array_equal(X["imu"], IMU)
        assert X.channels == channels


class Anything(BaseEstimator):
    """An estimator that gets the fitted attributes."""


class Jax:
    """An array of another library."""

    def __init__(self, values):
        self.values, self.shape, self.dtype = values, values.shape, values.dtype

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)

    def __len__(self):
        return len(self.values)


@pytest.mark.parametrize(
    "convert",
    [
        list,
        lambda x: pd.Series(list(x)),
        lambda x: [torch.tensor(window, requires_grad=True) for window in x],
        lambda x: x.astype(object),
        lambda x: x.astype(">f8"),
        lambda x: Windows(imu=x.astype(">f8")),
        lambda x: Windows(imu=x.astype(object)),
        np.asfortranarray,
        lambda x: x[:, :, ::-1][:, :, ::-1],
        np.ma.array,
        lambda x: torch.tensor(x, requires_grad=True),
        lambda x: Windows(imu=torch.tensor(x, requires_grad=True)),
        Jax,
        lambda x: Windows(imu=Jax(x)),
    ],
)
def test_arrays_of_other_kinds_are_read_rightly(convert):
    values = read_imu(Anything(), convert(IMU), reset=True).values
    assert values.dtype in (np.float32, np.float64) and values.dtype.isnative
    np.testing.assert_allclose(values, IMU, rtol=1e-6)


def test_half_precision_and_whole_numbers_become_floats():
    for values in (IMU.astype(np.float16), torch.tensor(IMU).bfloat16(), IMU.astype(np.int16)):
        read = read_imu(Anything(), values, reset=True).values
        assert read.dtype in (np.float32, np.float64)
        np.testing.assert_allclose(read, IMU, atol=1.0)


@cases(
    (
        lambda: read_imu(Anything(), [w[:, : 5 + k] for k, w in enumerate(IMU)], reset=True),
        ValueError,
        "different lengths",
        "cut(recordings, seconds=...)",
    ),
    (lambda: read_imu(Anything(), nested, reset=True), TypeError, "cells", "as_windows(X, rate"),
    (lambda: read_imu(Anything(), several, reset=True), TypeError, "several levels", "as_windows"),
    (lambda: read_imu(Anything(), [TABLE, TABLE], reset=True), TypeError, "list of tables"),
    (lambda: read_imu(Anything(), TABLE, reset=True), TypeError, "one sample per row", "cut("),
    (lambda: read_imu(Anything(), IMU.astype("M8[s]"), reset=True), ValueError, "dates"),
    (
        lambda: read_imu(Anything(), np.ma.array(IMU, mask=IMU > 9.9), reset=True),
        ValueError,
        "masked values",
    ),
    (
        lambda: read_imu(
            Anything(), IMU.transpose(0, 2, 1), reset=True, channels=channel_names("wrist")
        ),
        ValueError,
        "names 6 channels, but X has 10",
        "X.transpose(0, 2, 1)",
    ),
)
def test_what_is_not_windows_is_refused(call, error, words):
    refuses(call, error, *words)


def test_windows_with_channels_last_warn():
    with pytest.warns(UserWarning, match=r"channels last, give X.transpose\(0, 2, 1\)"):
        read_imu(Anything(), Windows(imu=IMU.transpose(0, 2, 1)), reset=True)


MISSING = [
    pd.Series(["a", pd.NA], dtype="string"),
    pd.Series(["a", None], dtype="category"),
    pd.Series([1, pd.NA], dtype="Int64"),
    np.array([1.0, np.nan]),
    np.ma.array([1, 2], mask=[False, True]),
    np.array(["2020", "NaT"], dtype="M8[D]"),
    ["a", None],
    ["a", np.nan],
]


@pytest.mark.parametrize("labels", MISSING, ids=lambda given: type(given).__name__)
def test_missing_labels_of_any_kind_are_named(labels):
    with pytest.raises(ValueError, match=r"missing.*in 1 of 2 samples, the first at 1"):
        Recording(SAMPLES[:2], 50.0, labels=labels)
    with pytest.raises(
        ValueError, match=r"y is None or NaN.*1 of 2, the first in row 1: leave unlab"
    ):
        check_labels(labels, 2, None, None)


def test_whole_numbers_of_pandas_stay_whole():
    y = pd.Series([3, 5], dtype="Int64")
    assert check_labels(y, 2, None, None).classes.dtype.kind == "i"


def test_estimators_work_inside_an_inference_mode():
    X, y, _ = wrist_data(2)
    plain = classifier(random_state=0).fit(X, y).predict_proba(X)
    with torch.inference_mode():
        inside = classifier(random_state=0).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(inside, plain)
