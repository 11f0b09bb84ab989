"""Ten layouts of one set of recordings give the same recordings."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from m3n_sklearn import cut, read_table
from m3n_sklearn.recording._table_conventions import CONVENTIONS

from .tables import LAYOUTS, PEOPLE, SECONDS, frame, label_of, readings, start_of

GAP = "gaps_and_jitter"


@pytest.fixture(params=LAYOUTS, scope="module")
def layout(request, tmp_path_factory):
    """Return the name of a layout, its recordings and the warnings of reading it."""
    source, options = LAYOUTS[request.param](tmp_path_factory.mktemp(request.param))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        recordings = read_table(source, verbose=False, **options)
    return request.param, recordings, caught


def test_ten_layouts_give_the_same_recordings(layout):
    name, recordings, _ = layout
    has_dates = name != "raw_counts"
    assert [one.subject for one in recordings] == (
        [who for who in PEOPLE for _ in range(2)] if name == GAP else list(PEOPLE)
    )
    for one in recordings:
        person = PEOPLE.index(one.subject)
        time = one.times - (start_of(person) if has_dates else 0.0)
        assert one.rate == (20.0 if "20_hz" in name else 50.0)
        assert one.channels[:3] == tuple(f"right_wrist_acc_{axis}" for axis in "xyz")
        assert len(one.channels) == (3 if "20_hz" in name else 6)
        acc, gyro = readings(time, person)
        seen = one.observed.all(axis=1)
        assert seen.mean() > 0.98
        # counts and times of 1 ms have errors of their own; resampling less
        allowed = 0.06 if name == GAP else 0.01
        assert np.abs(one.data[seen, :3] - acc[seen]).max() < allowed * 9.8
        if len(one.channels) == 6:
            assert np.abs(one.data[seen, 3:] - gyro[seen]).max() < allowed * 9
        same = one.labels == label_of(time)
        assert same.mean() > 0.995
        assert set(one.labels) <= {"sit", "walk", "wave"}


def test_ten_layouts_cover_the_same_time(layout):
    name, recordings, _ = layout
    lost = 3.0 if name == GAP else 0.0
    total = sum(one.duration + 1 / one.rate for one in recordings)
    assert total == pytest.approx(len(PEOPLE) * (SECONDS - lost), abs=0.2)


def test_ten_layouts_need_no_doubt(layout):
    caught = layout[2]
    assert not [str(one.message) for one in caught]


def test_ten_layouts_can_be_cut(layout):
    recordings = layout[1]
    X, y, groups = cut(recordings, seconds=2.0)
    assert set(groups) == set(PEOPLE)
    assert set(y) == {"sit", "walk", "wave"}
    assert X.channels == recordings[0].channels


def test_the_report_says_what_was_inferred(layout):
    name, recordings, _ = layout
    text = str(recordings.report)
    facts = recordings.report.facts
    assert facts["people"].startswith("3: anna, ben, cleo")
    assert facts["recordings"].startswith(f"{len(recordings)}, ")
    assert "sit" in facts["labels"]
    assert ("gaps" in facts) == (name == GAP)
    assert text.count("\n") < 15
    assert "<table>" in recordings.report._repr_html_()


FRAMES = {
    "nullable": lambda table: table.convert_dtypes(),
    "arrow-backed": lambda table: table.convert_dtypes(dtype_backend="pyarrow"),
    "categories": lambda table: table.astype({"activity": "category", "subject": "category"}),
    "polars categories": lambda table: pl.from_pandas(table).cast({"activity": pl.Categorical}),
    "arrow": lambda table: pa.Table.from_pandas(table),
    "dated rows": lambda table: table.set_index(pd.to_datetime(table.pop("time"), unit="s")),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_of_any_type_of_column(kind):
    time, table = frame(0)
    made = FRAMES[kind](table.assign(time=start_of(0) + time))
    [one] = read_table(made, dtype="float32", verbose=False)
    assert (one.subject, one.start, one.rate) == ("anna", start_of(0), 50.0)
    assert one.labels.tolist() == label_of(time).tolist()
    assert one.data.dtype == np.float32
    assert np.array_equal(one.data, np.hstack(readings(time, 0)).astype(np.float32))


@pytest.mark.parametrize("rate, error", [(25.0, 0.001), (104.0, 0.005)])
def test_another_rate_moves_nothing(rate, error):
    time, table = frame(1)
    [one] = read_table(table.assign(time=start_of(1) + time), rate=rate, verbose=False)
    since = one.times - start_of(1)
    inner = slice(20, -20)
    acc, gyro = readings(since, 1)
    assert one.rate == rate
    assert np.abs(one.data - np.hstack([acc, gyro]))[inner].max() < error
    assert (one.labels == label_of(since)).mean() > 0.998


def test_samples_without_a_class_have_one_of_their_own():
    _, table = frame(0)
    table["activity"] = table["activity"].where(table["activity"] != "sit", None)
    recordings = read_table(table, rate=50.0, verbose=False)
    assert set(recordings[0].labels) == {"unlabeled", "walk", "wave"}
    _, y, _ = cut(recordings, seconds=2.0, ignore="unlabeled")
    assert set(y) == {"walk", "wave"}


def test_the_guide_lists_every_convention_with_its_source():
    page = (Path(__file__).parents[2] / "docs/user_guide/tables.rst").read_text(encoding="utf-8")
    for name, convention in CONVENTIONS.items():
        assert f'``"{name}"``' in page
        assert f"<{convention.source}>" in page
        assert all(f"{unit}" in page for unit in convention.units.split(", "))


def test_labels_of_rows_in_packets_are_on_the_clock_of_the_data():
    rows = np.arange(3000)
    table = pd.DataFrame({"time": 1_767_225_600 + rows // 50, "ax": 0.0, "ay": 0.0})
    table["az"] = 9 + rows / 1000
    table["label"] = np.where((rows // 127) % 2, "b", "a")
    [found] = read_table(table, rate=50, max_gap=3, verbose=False)
    switches = 1 + np.flatnonzero(found.labels[1:] != found.labels[:-1])
    at_rows = np.rint(1000 * (found.data[switches, 2] - 9)).astype(int)
    assert np.array_equal(at_rows, np.arange(127, 3000, 127)[: len(switches)])
    assert switches[:3].tolist() == [127, 254, 381]


def still(count: int, **columns) -> pd.DataFrame:
    """Return readings at rest at 50 Hz from 0 s on."""
    time = np.arange(count) / 50
    return pd.DataFrame({"time": time, "ax": 0.0, "ay": 0.0, "az": 9.8, **columns})


def labeled(table: pd.DataFrame, start, end, label, **columns):
    intervals = pd.DataFrame({"start": start, "end": end, "label": label, **columns})
    return read_table(table, label=intervals, verbose=False)


@pytest.mark.parametrize("origin", [0.0, 1_767_225_600.0])
def test_a_protocol_longer_than_the_readings_is_in_seconds(origin):
    table, start = still(30_000), origin + 60.0 * np.arange(60)
    table["time"] += origin
    [found] = labeled(table, start, start + 60, np.where(np.arange(60) % 2, "walk", "sit"))
    switches = 1 + np.flatnonzero(found.labels[1:] != found.labels[:-1])
    assert switches.tolist() == list(range(3000, 30_000, 3000))
    table["time"] = np.rint(1000 * table["time"]).astype(np.int64)
    [found] = labeled(table, start, start + 60, np.where(np.arange(60) % 2, "walk", "sit"))
    assert found.labels[2999] == "sit" and found.labels[3000] == "walk"


def test_intervals_since_the_start_go_on_after_a_gap():
    table = still(1000)
    table["time"] += 1_767_225_600
    with pytest.warns(UserWarning, match="from the start"):
        found = labeled(table.drop(index=range(400, 600)), [1, 14], [3, 16], ["a", "b"])
    assert [sorted(set(one.labels)) for one in found] == [["a", "unlabeled"], ["b", "unlabeled"]]
    assert np.flatnonzero(found[1].labels == "b")[[0, -1]].tolist() == [100, 199]


def test_intervals_of_nobody():
    table = still(500, subject="subject_1600", recording="r1")
    with pytest.raises(ValueError, match=r"people 1600; the readings have 'subject_1600'"):
        labeled(table, [0.0], [5.0], ["a"], subject=[1600])
    with pytest.raises(ValueError, match="recordings 'r2'; the readings have 'r1'"):
        labeled(table, [0.0], [5.0], ["a"], recording=["r2"])
    [found] = labeled(table, [0.0], [5.0], ["a"], recording=["r1"])
    assert set(found.labels[:250]) == {"a"}
    people = ["subject_1600", "x"]
    with pytest.warns(UserWarning, match="people without a recording: 'x'"):
        labeled(table, [0.0, 0.0], [5.0, 5.0], ["a", "b"], subject=people)
    both = pd.concat([table, table.assign(subject="y")])
    with pytest.warns(UserWarning, match="No interval of label= overlaps the recordings of 'y'"):
        labeled(both, [0.0], [5.0], ["a"], subject=people[:1])


def test_intervals_of_another_day_or_clock():
    table = still(500)
    with pytest.raises(ValueError, match=r"2026-01-02 00:00:00 UTC.* readings from 0 s to 9.98 s"):
        labeled(table, ["2026-01-02"], ["2026-01-03"], ["a"])
    table["time"] += 1_767_225_600
    with pytest.raises(ValueError, match=r"2026-01-01 00:00:10 UTC.*time zone"):
        labeled(table, ["2026-01-02T00:00:00"], ["2026-01-02T01:00:00"], ["a"])
    day = 1_767_312_000_000
    with pytest.raises(ValueError, match="from 2026-01-02 00:00:00 UTC"):
        labeled(table, [day], [day + 1000], ["a"])


def test_intervals_that_overlap_a_longer_one_and_those_without_a_label():
    with pytest.raises(ValueError, match=r"'A' and 'B' overlap at 5 s.*column of people"):
        labeled(still(500), [0.0, 1.0, 5.0], [10.0, 2.0, 6.0], ["A", "A", "B"])
    for missing in (None, np.nan, " "):
        recordings = labeled(still(500), [0.0, 5.0], [5.0, 8.0], ["A", missing])
        assert set(recordings[0].labels) == {"A", "unlabeled"}
        assert set(cut(recordings, seconds=1.0, ignore="unlabeled").y) == {"A"}


def test_dates_without_a_zone_next_to_dates_with_one(tmp_path):
    table, naive = still(500), ["2026-01-01T00:00:02"]
    table["time"] += 1_767_225_600
    ends = ["2026-01-01T00:00:04"]
    with pytest.warns(UserWarning, match="of label= have no time zone and were read as UTC"):
        [found] = labeled(table, naive, ends, ["a"])
    zoned = [text.replace("T00", "T01") + "+01:00" for text in (*naive, *ends)]
    [same] = labeled(table, zoned[:1], zoned[1:], ["a"])
    assert np.array_equal(found.labels, same.labels)
    assert np.flatnonzero(found.labels == "a")[[0, -1]].tolist() == [100, 199]
    dates = table.assign(time=pd.to_datetime(1e3 * table["time"].round(3), unit="ms"))
    labeled(dates, naive, ends, ["a"])
    labeled(dates, pd.to_datetime(naive), pd.to_datetime(ends), ["a"])
    with pytest.warns(UserWarning, match="readings have no time zone"):
        labeled(dates, pd.to_datetime(zoned[:1]), pd.to_datetime(zoned[1:]), ["a"])
    with pytest.raises(ValueError, match=r"'start' and 'end' .* are not alike"):
        labeled(dates, naive, zoned[1:], ["a"])
    dates.to_csv(tmp_path / "a.csv", index=False)
    dates.assign(time=dates["time"].dt.tz_localize("UTC")).to_csv(tmp_path / "b.csv", index=False)
    with pytest.warns(UserWarning, match="dates of a have no time zone"):
        read_table(tmp_path, verbose=False)
