"""Recordings that are written are read back exactly, from files and from frames."""

from __future__ import annotations

import warnings

import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn import Recording, Windows, cut, read_table, write_table
from m3n_sklearn.recording import UnitsWarning, channel_names

ENDINGS = (".csv", ".csv.gz", ".parquet", ".feather")


def recording(seed: int = 0, **changes):
    rng = np.random.default_rng(seed)
    data = rng.normal((0, 0, 9.81, 0, 0, 0), 1, (60, 6))
    observed = rng.random((60, 6)) > 0.05
    facts = {
        "labels": np.array(["sit", "walk, fast", 'say "hi"'])[np.arange(60) // 20],
        "subject": f"p{seed:02d}",
        "name": f"day {seed}",
        "start": 1.7e9 + 1 / 3 + seed * 1e4,
        "observed": observed,
        "text": ("a person sits", "someone sits"),
    }
    return Recording.trusted(data, 100 / 3, channel_names("left_wrist"), **{**facts, **changes})


def assert_equal(one: Recording, two: Recording) -> None:
    assert one.rate == two.rate
    assert one.start == two.start
    assert one.channels == two.channels
    assert (one.subject, one.name, one.text) == (two.subject, two.name, two.text)
    assert type(one.subject) is type(two.subject)
    assert np.array_equal(one.observed, two.observed)
    assert np.array_equal(one.data[one.observed], two.data[two.observed])
    if one.labels is None:
        assert two.labels is None
    else:
        assert one.labels.tolist() == two.labels.tolist()


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_are_read_back_exactly(tmp_path, ending):
    given = [
        recording(0),
        recording(1, labels=None),
        recording(2, text=(), observed=None, subject=None),
    ]
    write_table(given, tmp_path / f"all{ending}")
    again = read_table(tmp_path / f"all{ending}", verbose=False)
    for one, two in zip(given, again, strict=True):
        assert_equal(one, two)


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_frames_are_read_back_exactly(backend):
    one = recording(3, subject=7, labels=np.arange(60) // 30)
    [two] = read_table(one.to_frame(backend), verbose=False)
    assert_equal(one, two)


@given(
    rate=st.floats(0.5, 2000.0),
    start=st.floats(-1e9, 1e10),
    count=st.integers(1, 40),
    scale=st.floats(1e-300, 1e6),
)
def test_any_rate_start_and_value_survives(rate, start, count, scale):
    data = np.random.default_rng(count).normal(0, scale, (count, 3))
    one = Recording.trusted(data, rate, ["acc_x", "acc_y", "acc_z"], start=start, name="a")
    [two] = read_table(one.to_frame("pyarrow"), verbose=False)
    assert_equal(one, two)


@pytest.mark.parametrize("channels", [("gyro_x", "acc_z", "acc_x"), ("series_a", "series_b")])
def test_channels_keep_their_names_and_order(channels):
    one = Recording.trusted(np.ones((5, len(channels))), 50.0, channels)
    [two] = read_table(one.to_frame(), verbose=False)
    assert_equal(one, two)


def test_rows_that_were_taken_out_are_seen_as_lost():
    one = recording(0, observed=None, labels=None, text=())
    frame = one.to_frame()
    [two] = read_table(frame.drop(index=range(20, 25)), verbose=False)
    assert two.n_samples == 60
    assert (~two.observed.all(axis=1)).sum() == 5
    assert np.allclose(two.data[two.observed], one.data[two.observed])


def test_names_are_made_different(tmp_path):
    given = [recording(0, name=None), recording(1, name="x"), recording(2, name="x")]
    write_table(given, tmp_path / "all.parquet")
    assert [r.name for r in read_table(tmp_path / "all.parquet", verbose=False)] == [
        "1",
        "x",
        "x-2",
    ]


def test_texts_of_digits_in_csv_are_said(tmp_path):
    with pytest.warns(UserWarning, match="subjects are texts of digits such as '7'"):
        write_table(recording(0, subject="7"), tmp_path / "a.csv")
    write_table(recording(0, subject="07"), tmp_path / "b.csv")
    assert read_table(tmp_path / "b.csv", verbose=False)[0].subject == "07"


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match=r"a.txt must end in \.csv, "):
        write_table(recording(), tmp_path / "a.txt")
    with pytest.raises(ValueError, match="no channel names"):
        write_table(Recording.trusted(np.ones((5, 3)), 50.0, None), tmp_path / "a.csv")
    with pytest.raises(ValueError, match="different channels"):
        write_table([recording(), recording().select("left_wrist_acc")], tmp_path / "a.csv")
    with pytest.raises(ValueError, match="subject must be all texts or all numbers"):
        write_table([recording(), recording(subject=3)], tmp_path / "a.csv")
    with pytest.raises(ValueError, match="recordings is empty"):
        write_table([], tmp_path / "a.csv")
    with pytest.raises(TypeError, match="must be Recordings, got int"):
        write_table([3], tmp_path / "a.csv")
    with pytest.raises(ValueError, match="backend must be one of 'pandas', 'polars'"):
        recording().to_frame("dask")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_windows_as_long_and_wide_frames(backend):
    X = cut(recording(0, observed=None), seconds=0.6).X
    long = nw.from_native(X.to_frame("long", backend)).to_pandas()
    count, channels, length = X["imu"].shape
    assert len(long) == count * length
    assert list(long)[:3] == ["window", "clip", "time"]
    back = long[list(X.channels)].to_numpy().reshape(count, length, channels).transpose(0, 2, 1)
    assert np.array_equal(back, X["imu"])
    assert np.array_equal(long["time"][::length], X["start"])
    wide = X.to_frame("wide", backend)
    assert len(wide) == count
    assert len(wide.columns) == 3 + channels * length
    names = wide.column_names if backend == "pyarrow" else list(wide.columns)
    assert names[-1] == f"left_wrist_gyro_z_{length - 1}"
    again = read_table(X.to_frame("long", backend), recording="window", verbose=False)
    assert len(again) == count
    assert np.array_equal(again[1].data, X["imu"][1].T)


def test_windows_without_imu_or_samples():
    with pytest.raises(ValueError, match="without the column imu"):
        Windows(text=["a"]).to_frame()
    X = Windows(imu=np.ones((2, 3, 4)), observed=np.arange(24).reshape(2, 3, 4) > 0)
    frame = X.to_frame()
    assert list(frame) == ["window", "channel_0", "channel_1", "channel_2"]
    assert np.isnan(frame["channel_0"][0]) and frame.isna().to_numpy().sum() == 1
    with pytest.raises(ValueError, match="layout must be one of"):
        X.to_frame("tall")


def test_only_tables_of_this_package_are_read_as_written(tmp_path):
    time = np.arange(500) / 50.0
    up = np.stack([np.zeros(500), np.zeros(500), np.ones(500)], axis=1)
    table = pd.DataFrame(up, columns=["acc_x", "acc_y", "acc_z"]).assign(time=time, rate=50.0)
    [one] = read_table(table, verbose=False)
    assert np.allclose(one.data[:, 2], 9.80665)
    own = Recording(9.80665 * up, 50.0, ["acc_x", "acc_y", "acc_z"], subject="anna")
    write_table(own, tmp_path / "own.csv")
    for argument, expected in [({"acc_unit": 2.0}, 2 * 9.80665), ({"axes": "-x -y z"}, 9.80665)]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnitsWarning)
            [one] = read_table(tmp_path / "own.csv", verbose=False, **argument)
        assert np.allclose(one.data[:, 2], expected)
        assert (one.subject, one.rate) == ("anna", 50.0)
    [one] = read_table(tmp_path / "own.csv", rate=25.0, verbose=False)
    assert one.rate == 25.0
    [one] = read_table(recording().to_frame(), label=False, verbose=False)
    assert one.labels is None


@pytest.mark.parametrize("value", ["NA", "null", "None", "nan", "n/a", True, 2.5, 2.0])
def test_what_a_csv_file_does_not_keep_is_said(tmp_path, value):
    labels = np.array([value] * 60, dtype=object)
    with pytest.warns(UserWarning, match=r"labels .* do not survive in a CSV file.*parquet"):
        write_table(recording(labels=labels), tmp_path / "a.csv")
    with pytest.warns(UserWarning, match=r"subjects .* do not survive"):
        write_table(recording(subject=value), tmp_path / "a.csv.gz")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_table(recording(labels=labels), tmp_path / "a.parquet")


def test_names_that_look_like_numbered_ones(tmp_path):
    given = [recording(0, name=name) for name in ("x", "x-2", "x", "x", None, "5")]
    write_table(given, tmp_path / "all.parquet")
    names = [r.name for r in read_table(tmp_path / "all.parquet", verbose=False)]
    assert names == ["x", "x-2", "x-3", "x-4", "5", "5-2"]
