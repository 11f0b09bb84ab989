"""Guesses that could be wrong are said, and what is not a table is refused clearly."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest

from m3n_sklearn import read_table
from m3n_sklearn.recording import UnitsWarning

from .tables import ACC, GYRO, frame, readings, start_of

quiet = partial(read_table, verbose=False)


@pytest.fixture
def table():
    time, table = frame(0)
    table.insert(0, "time", time)
    return table.drop(columns=["activity", "subject"])


# ---- the time


@pytest.mark.parametrize("unit, size", [("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)])
@pytest.mark.parametrize("origin", [0.0, start_of(0)])
def test_the_unit_of_time_is_found(table, unit, size, origin):
    stamps = np.rint(origin * size) + np.rint(table["time"] * size) if size > 1 else table["time"]
    [one] = quiet(table.assign(time=stamps if size == 1 else stamps.astype(np.int64)))
    assert one.rate == 50.0
    assert one.duration == pytest.approx(39.98)
    assert one.start == (origin if size > 1 else 0.0)


def test_steps_of_one_are_not_guessed(table):
    counted = table.assign(time=np.arange(len(table)))
    with pytest.raises(ValueError, match=r"steps are 1.*rate=.*time_unit='ms'"):
        quiet(counted)
    assert quiet(counted, rate=50.0)[0].rate == 50.0
    assert quiet(counted, time_unit="ms", gyro=False)[0].rate == 1000.0


def test_lost_samples_of_an_index_are_not_observed(table):
    counted = table.assign(time=np.arange(len(table))).drop(index=range(100, 110))
    [one] = quiet(counted, rate=50.0, max_gap=1.0)
    assert one.n_samples == len(table)
    assert (~one.observed.all(axis=1)).sum() == 10


def test_a_table_without_time_needs_a_rate(table):
    bare = table.drop(columns="time")
    with pytest.raises(ValueError, match="Tell it with time='column', or give rate="):
        quiet(bare)
    [one] = quiet(bare, rate=50.0)
    assert one.duration == pytest.approx(39.98)


def test_constant_time(table):
    with pytest.raises(ValueError, match="it is 5 in all rows, so the rate is unknown"):
        quiet(table.assign(time=5.0))


def test_decreasing_time(table):
    with pytest.raises(ValueError, match=r"decreases in 100% of the rows. Sort the rows"):
        quiet(table.assign(time=table["time"][::-1].to_numpy()))


def test_a_clock_that_was_set_back_splits_and_is_said(table):
    back = table["time"].where(table.index < 1000, table["time"] - 100.0)
    with pytest.warns(UserWarning, match="Time steps back 1 times"):
        recordings = quiet(table.assign(time=back))
    assert [one.n_samples for one in recordings] == [1000, 1000]


def test_mixed_zones(table, tmp_path):
    stamps = [f"2026-01-01T10:00:{t:09.6f}" for t in table["time"]]
    zoned = [s + "+01:00" if i % 2 else s for i, s in enumerate(stamps)]
    with pytest.raises(ValueError, match="time zone"):
        quiet(table.assign(time=zoned))
    table.assign(time=zoned).to_csv(tmp_path / "mixed.csv", index=False)
    with pytest.raises(ValueError, match=r"mixed.csv.*time zone.*give one to all of them"):
        quiet(tmp_path / "mixed.csv")


def test_summer_time_is_no_gap(table, tmp_path):
    utc = pd.to_datetime(np.rint(1e3 * table["time"] + 1_774_745_980_000), unit="ms", utc=True)
    local = [s.isoformat(timespec="milliseconds") for s in utc.dt.tz_convert("Europe/Berlin")]
    assert {s[-6:] for s in local} == {"+01:00", "+02:00"}
    table.assign(time=local).to_csv(tmp_path / "t.csv", index=False)
    for source in (table.assign(time=local), tmp_path / "t.csv"):
        [one] = quiet(source)
        assert one.start == pytest.approx(1_774_745_980.0, abs=1e-6)


def test_dates_in_a_local_format_are_refused(table):
    texts = [f"31/03/2026 09:30:{t:06.3f}" for t in table["time"]]
    with pytest.raises(ValueError, match=r"31/03/2026.*neither a number nor a date.*to_datetime"):
        quiet(table.assign(time=texts))


def test_rows_without_a_time_are_dropped_and_said(table):
    table.loc[10:12, "time"] = np.nan
    recordings = quiet(table)
    assert "3 rows without a time stamp" in recordings.report.facts["dropped"]


# ---- units and signs


def test_raw_counts_are_not_guessed(table):
    table[ACC] = np.rint(table[ACC] / 9.80665 * 4096)
    with pytest.raises(ValueError, match=r"raw counts \(4096 per g\).*Give acc_unit="):
        quiet(table)


def test_a_name_that_gives_the_wrong_unit_is_said(table):
    renamed = table.rename(columns={name: f"{name} (g)" for name in ACC})
    with pytest.warns(UnitsWarning, match="say that acc is in g, but its values look otherwise"):
        quiet(renamed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        [one] = quiet(renamed, acc_unit="m/s2")
    assert np.median(np.linalg.norm(one.data[:, :3], axis=1)) == pytest.approx(9.8, rel=0.05)


@pytest.mark.parametrize("slow", [1.0, 0.05])
def test_the_unit_of_the_gyroscope_is_that_with_which_gravity_turns(slow):
    """Slow movements in deg/s have the size of fast ones in rad/s."""
    time = np.arange(2000) / 50
    acc, gyro = readings(time * slow, 0)
    table = pd.DataFrame(np.hstack([acc, gyro * slow]), columns=[*ACC, *GYRO])
    table["time"] = time
    table[GYRO] = np.rad2deg(table[GYRO])
    recordings = quiet(table)
    assert "deg/s" in recordings.report.facts["gyro"]
    assert np.allclose(recordings[0].data[:, 3:], gyro * slow)


def test_the_unit_of_a_gyroscope_at_rest_is_doubtful(table):
    table[ACC] = (0.0, 0.0, 9.81)
    table[GYRO] = np.random.default_rng(0).normal(0, 0.1, (len(table), 3))
    with pytest.warns(UserWarning, match="unit of the angular rate was not told"):
        quiet(table)


def test_people_with_another_unit_are_said(table):
    other = table.assign(subject="b", **{name: table[name] / 9.80665 for name in ACC})
    parts = [table.assign(subject="a"), other, table.assign(subject="c")]
    with pytest.warns(UnitsWarning, match=r"'b'.*has another size than elsewhere"):
        quiet(pd.concat(parts))


def test_apple_has_the_opposite_sign(table):
    table[ACC] = -table[ACC] / 9.80665
    [one] = quiet(table, axes="ios")
    acc, _ = readings(table["time"].to_numpy(), 0)
    assert np.allclose(one.data[:, :3], acc)


def test_axes_turn_both_sensors(table):
    [plain] = quiet(table)
    [turned] = quiet(table, axes="-x -y z")
    assert np.allclose(turned.data, plain.data * (-1, -1, 1, -1, -1, 1))
    [matrix] = quiet(table, axes=np.diag([-1.0, -1.0, 1.0]))
    assert np.array_equal(matrix.data, turned.data)
    with pytest.raises(ValueError, match="right-handed"):
        quiet(table, axes="-x y z")
    with pytest.raises(ValueError, match="axes='watch' is not understood"):
        quiet(table, axes="watch")


def test_gravity_that_was_removed_is_not_read_silently(table):
    table[ACC] -= table[ACC].rolling(25, min_periods=1).mean()
    with pytest.raises(ValueError, match=r"Gravity looks removed.*Give acc_unit="):
        quiet(table)
    with pytest.warns(UnitsWarning, match="Gravity looks removed"):
        quiet(table, acc_unit="m/s2")


# ---- columns


def test_patterns_and_columns_that_do_not_fit(table):
    with pytest.raises(ValueError, match=r"acc='b\*' matches no column, but three are expected"):
        quiet(table, acc="b*")
    with pytest.raises(ValueError, match="must name three different columns"):
        quiet(table, acc=["ax", "ay"])
    with pytest.raises(ValueError, match="label='activity': there is no such column"):
        quiet(table, label="activity")
    with pytest.raises(ValueError, match=r"No acceleration was found among the columns time, gx"):
        quiet(table.drop(columns=ACC))
    with pytest.raises(ValueError, match="has no column for z"):
        quiet(table.drop(columns="az"))


def test_sites_in_the_names_and_gyro_left_out(table):
    left = table.rename(columns={name: f"left_wrist_{name}" for name in [*ACC, *GYRO]})
    [one] = quiet(left)
    assert one.sites == ("left_wrist",)
    [one] = quiet(table, gyro=False, site="left_ankle")
    assert one.channels == tuple(f"left_ankle_acc_{axis}" for axis in "xyz")
    both = {"left_wrist": ACC, "right_wrist": [f"r{name}" for name in ACC]}
    doubled = table.drop(columns=GYRO).assign(**{f"r{name}": table[name] for name in ACC})
    [one] = quiet(doubled, acc=both, gyro=False)
    assert one.sites == ("left_wrist", "right_wrist")


def test_duplicated_columns(table, tmp_path):
    table.columns = ["time", "ax", "ax", "az", "gx", "gy", "gz"]
    with pytest.raises(ValueError, match="the column 'ax' occurs more than once"):
        quiet(table)
    table.to_csv(tmp_path / "twice.csv", index=False)
    with pytest.raises(ValueError, match=r"twice.csv: the column 'ax' occurs more than once"):
        quiet(tmp_path / "twice.csv")


# ---- files


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "it is empty"),
        (b"\x00\x01\x02" * 100, "it is binary"),
        (bytes(range(128, 256)) * 50, "it is binary"),
        (b"time,ax,ay,az\n", "it has no rows of numbers"),
        (b"time,ax,ay,az\n0.0,0,0,9.8\n", "less than two values"),
        (b"hello\nworld\n", "it has no columns"),
        (b"time,ax,ay,az\n" + b"0.02,a,b,c\n" * 9, "no rows of numbers|is not numeric"),
    ],
)
def test_hostile_files(tmp_path, content, message):
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(ValueError, match=rf"bad.csv.*({message})"):
        quiet(tmp_path / "bad.csv")


@pytest.mark.parametrize("ending", [".parquet", ".feather", ".csv.gz"])
def test_other_files_with_the_ending_of_a_table(tmp_path, ending):
    (tmp_path / f"bad{ending}").write_bytes(b"not at all" * 10)
    with pytest.raises(ValueError, match="bad"):
        quiet(tmp_path / f"bad{ending}")


def test_what_is_not_a_source(tmp_path):
    with pytest.raises(FileNotFoundError, match="No file or folder"):
        quiet(tmp_path / "none.csv")
    with pytest.raises(FileNotFoundError, match="has no table"):
        quiet(tmp_path)
    with pytest.raises(TypeError, match="source must be a path"):
        quiet(3)
    (tmp_path / "a.xlsx").write_bytes(b"x")
    with pytest.raises(ValueError, match="xlsx is not a table"):
        quiet(tmp_path / "a.xlsx")


def test_files_of_a_folder_without_readings_are_said(table, tmp_path):
    table.to_csv(tmp_path / "watch.csv", index=False)
    table[["time"]].assign(rate=60, rr=1).to_csv(tmp_path / "heart.csv", index=False)
    with pytest.warns(UserWarning, match=r"1 files have no acceleration.*: heart\.$"):
        assert len(quiet(tmp_path)) == 1
    (tmp_path / "heart.csv").write_text("heart\n60\n61\n")
    with pytest.warns(UserWarning, match=r"1 files are not tables.*heart.csv: it has no columns"):
        assert len(quiet(tmp_path)) == 1


def test_stretches_of_missing_readings_are_not_observed(table):
    table.loc[500:599, ACC] = np.nan
    table.loc[700, "gx"] = np.nan
    [one] = quiet(table)
    lost = ~one.observed
    assert lost[:, :3].sum() == 300
    assert lost[:, 3].sum() == 1
    assert np.isfinite(one.data).all()


def test_a_separate_file_without_names(table, tmp_path):
    table[["time", *ACC]].to_csv(tmp_path / "bare.csv", index=False, header=False)
    with pytest.raises(ValueError, match="Tell them by number, such as time=0"):
        quiet(tmp_path / "bare.csv")
    [one] = quiet(tmp_path / "bare.csv", time=0, acc=[1, 2, 3])
    assert one.rate == 50.0


def test_empatica_e4(tmp_path):
    acc, _ = readings(np.arange(640) / 32, 0)
    counts = np.rint(acc / 9.80665 * 64).astype(int)
    rows = [f"{start_of(0):.6f}" + f", {start_of(0):.6f}" * 2, "32.000000, 32.000000, 32.000000"]
    rows += [",".join(map(str, row)) for row in counts]
    (tmp_path / "ACC.csv").write_text("\n".join(rows))
    [one] = quiet(tmp_path / "ACC.csv", site="left_wrist")
    assert (one.rate, one.start, one.n_samples) == (32.0, start_of(0), 640)
    assert np.abs(one.data - acc).max() < 9.80665 / 128 + 1e-9


def test_shimmer_has_a_row_of_units(table, tmp_path):
    names = ["Shimmer_8665_Timestamp_Unix_CAL"]
    names += [f"Shimmer_8665_Accel_LN_{a}_CAL" for a in "XYZ"]
    names += [f"Shimmer_8665_Gyro_{a}_CAL" for a in "XYZ"]
    units = ["ms", *["m/(s^2)*"] * 3, *["deg/s*"] * 3]
    out = table[["time", *ACC, *GYRO]].copy()
    out[GYRO] = np.rad2deg(out[GYRO])
    out["time"] = 1e3 * (start_of(0) + out["time"])
    body = out.to_csv(index=False, header=False, sep="\t")
    lines = ['"sep=\t"', "\t".join(names), "\t".join(units), body]
    (tmp_path / "s.csv").write_text("\n".join(lines))
    [one] = quiet(tmp_path / "s.csv")
    assert one.rate == 50.0
    assert np.allclose(one.data, table[[*ACC, *GYRO]])


def test_rows_of_several_sensors_are_not_mixed(table):
    long = pd.concat(
        [
            table[["time", *names]].set_axis(["time", "x", "y", "z"], axis=1).assign(sensor=sensor)
            for sensor, names in (("accelerometer", ACC), ("gyroscope", GYRO))
        ]
    ).sort_values("time")
    with pytest.raises(ValueError, match=r"'sensor' says that rows belong to several sensors"):
        quiet(long)
    [one] = quiet(long[long["sensor"] == "accelerometer"])
    assert one.n_samples == len(table)


def test_rows_that_end_in_a_semicolon(tmp_path):
    """The raw files of WISDM: no header, a person, a class, nanoseconds, readings."""
    acc, _ = readings(np.arange(600) / 20, 0)
    rows = [
        f"1600,A,{252_207_666_810_782 + 50_000_000 * i},{x},{y},{z};"
        for i, (x, y, z) in enumerate(acc.tolist())
    ]
    (tmp_path / "data_1600.txt").write_text("\n".join(rows))
    [one] = quiet(tmp_path / "data_1600.txt", group=0, label=1, time=2, acc=[3, 4, 5])
    assert (one.subject, one.rate, one.labels[0]) == (1600, 20.0, "A")
    assert np.array_equal(one.data, acc)


def test_two_time_columns_and_a_logger_without_sensor_names(tmp_path):
    acc, _ = readings(np.arange(500) / 50, 0)
    table = pd.DataFrame(acc, columns=[f"{axis}-axis (g)" for axis in "xyz"]) / 9.80665
    table.insert(0, "epoc (ms)", 1_600_000_000_000 + 20 * np.arange(500))
    table.insert(1, "elapsed (s)", np.arange(500) / 50)
    table.to_csv(tmp_path / "MetaWear.csv", index=False)
    recordings = quiet(tmp_path / "MetaWear.csv")
    assert recordings[0].start == 1.6e9
    assert np.allclose(recordings[0].data, acc)
    assert "not from elapsed (s)" in recordings.report.facts["columns"]


def test_files_with_dots_in_their_names_are_several_people(table, tmp_path):
    for name in ("2026.03.31_P1", "2026.03.31_P2"):
        table.to_csv(tmp_path / f"{name}.csv.gz", index=False)
    assert [r.subject for r in quiet(tmp_path, group="file")] == ["2026.03.31_P1", "2026.03.31_P2"]


def test_a_factor_is_taken_as_it_is(table):
    turned = table.assign(**{name: table[name] / -9.80665 for name in ACC})
    for unit in ("g", -9.80665, None):
        [one] = quiet(turned, axes="ios", acc_unit=unit, gyro_unit="rad/s")
        assert np.allclose(one.data[:, :3], table[ACC])
    with pytest.warns(UnitsWarning, match=r"inverted sign: give -9\.80665"):
        quiet(turned, axes="ios", acc_unit=9.80665, gyro_unit="rad/s")


def test_exact_names_come_before_longer_ones(table):
    several = table.assign(
        subject_age=33, subject_group="old", subject="anna", label_confidence=0.7, label="walk"
    )
    [one] = quiet(several)
    assert (one.subject, set(one.labels)) == ("anna", {"walk"})
    with pytest.warns(UserWarning, match="label is read from 'activity', not from label.*label="):
        quiet(table.assign(activity="walk", label="x"))


def test_continuous_numbers_are_not_classes(table, tmp_path):
    table = table.assign(target=np.linspace(0, 1, len(table)))
    table.to_csv(tmp_path / "a.csv", index=False)
    for source in (table, tmp_path / "a.csv"):
        with pytest.warns(UserWarning, match="'target' has continuous.*left out.*label='target'"):
            [one] = quiet(source)
        assert one.labels is None


def test_units_that_differ_between_axes_are_refused(table, tmp_path):
    names = dict(zip(ACC, ["acc_x (g)", "acc_y (m/s2)", "acc_z (g)"], strict=True))
    several = table.rename(columns=names)
    told = {"acc": list(names.values())}
    for options in ({}, told):
        with pytest.raises(ValueError, match=r"several units of acc: g, m_?/?s2.*acc_unit="):
            quiet(several, **options)
    quiet(several, acc_unit="m/s2")
    path = tmp_path / "units.csv"
    rows = table.to_csv(index=False, header=False)
    path.write_text("time,ax,ay,az,gx,gy,gz\ns,g,m/s2,g,rad/s,rad/s,rad/s\n" + rows)
    with pytest.raises(ValueError, match="several units of acc"):
        quiet(path)


def test_frames_with_other_units_of_the_gyroscope_are_said(table):
    turned = table.assign(**{name: np.rad2deg(table[name]) for name in GYRO})
    for frames in ([table, turned], [turned, table, table]):
        with pytest.warns(UnitsWarning, match=r"has another unit than .*gyro_unit"):
            quiet(frames)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quiet([turned, turned[10:]])


@pytest.mark.parametrize(
    "column, values, shift, message",
    [
        ("id", ["P1", "P2"], 0.007, r"group='id'"),
        ("proband", [7, 8, 9], 0.0, r"group='proband'"),
        ("device", ["A1", "B2"], 0.0, r"read_table\(table\[table\['device'\] == 'A1'\], site="),
        ("where", ["left", "right"], 0.007, r"table\['where'\] == 'left'"),
    ],
)
def test_rows_that_take_turns_are_refused(table, tmp_path, column, values, shift, message):
    parts = [table.assign(time=table["time"] + i * shift) for i in range(len(values))]
    mixed = pd.concat([p.assign(**{column: v}) for p, v in zip(parts, values, strict=True)])
    mixed = mixed.sort_values("time", kind="stable").reset_index(drop=True)
    mixed.to_csv(tmp_path / "a.csv", index=False)
    for source in (mixed, tmp_path / "a.csv"):
        with pytest.raises(ValueError, match=message):
            quiet(source)
        assert len(quiet(source, recording=column)) == len(values)


def test_packets_that_take_turns_are_refused(table):
    parts = [table.assign(id=name, packet=table.index // 10) for name in ("P1", "P2")]
    mixed = pd.concat(parts).sort_values(["packet", "id"], kind="stable").drop(columns="packet")
    with pytest.raises(ValueError, match="group='id'"):
        quiet(mixed)
    with pytest.warns(UserWarning, match="not told apart.*column 'id'.*group='id'"):
        assert len(quiet(pd.concat(parts))) == 2


def test_columns_that_change_among_even_rows_are_no_people(table):
    rng = np.random.default_rng(0)
    facts = {"quality": rng.choice(["ok", "bad"], len(table)), "battery": 90 - table.index // 500}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quiet(table.assign(**facts))
        quiet(table.assign(time=np.floor(table["time"]), **facts), max_gap=3.0)


def test_an_unknown_counter_of_rows_shows_lost_ones(table, tmp_path):
    table = table.drop(columns="time").assign(Probe=np.arange(len(table)))
    lost = table.drop(index=[100, 101, 500])
    lost.to_csv(tmp_path / "a.csv", index=False)
    for source in (lost, tmp_path / "a.csv"):
        with pytest.warns(UserWarning, match="'Probe' counts rows and jumps 2 times.*time='Probe'"):
            quiet(source, rate=50.0)
        assert quiet(source, rate=50.0, time="Probe")[0].n_samples == len(table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quiet(table, rate=50.0)


@pytest.mark.parametrize("word", ["n/a", "none", "Null", "#N/A", "NaN", "NA", "-"])
def test_words_for_missing_cells(table, tmp_path, word):
    cells = table.astype(object).assign(label="walk")
    cells.loc[:9, ["ax", "label"]] = word
    cells.loc[1990:, ["ax", "label"]] = word
    cells.to_csv(tmp_path / "a.csv", index=False)
    [one] = quiet(tmp_path / "a.csv")
    assert (~one.observed[:, :3].all(axis=1)).sum() == 20
    assert set(one.labels) == {"walk", "unlabeled"}


def test_numbers_that_are_whole_only_at_first(table, tmp_path):
    rows = pd.concat([table.round(), table.assign(time=table["time"] + 40.0)], ignore_index=True)
    rows["time"] = np.arange(len(rows)) / 50.0
    text = rows.to_csv(index=False).replace(".0,", ",")
    (tmp_path / "a.csv").write_text(text)
    [one] = quiet(tmp_path / "a.csv", acc_unit="m/s2", gyro_unit="rad/s")
    assert np.allclose(one.data, rows[[*ACC, *GYRO]])
    assert one.rate == 50.0


@pytest.mark.parametrize("options", [{}, {"rate": 20.0}, {"max_gap": 3.0}])
@pytest.mark.parametrize("rate", [20.0, 50.0, 31.25])
def test_stamps_of_whole_seconds_are_spread_evenly(rate, options):
    time, table = frame(0, rate)
    stamped = table.assign(time=np.floor(time))
    [one] = quiet(stamped, **options)
    assert one.rate == options.get("rate", rate)
    assert one.duration == pytest.approx(time[-1], abs=0.2)
    assert one.observed.all()
    if one.rate == rate and rate != 31.25:
        assert np.allclose(one.data, table[[*ACC, *GYRO]], atol=1e-6)


def test_gaps_of_stamps_of_whole_seconds_are_found():
    time, table = frame(0)
    stamped = table.assign(time=np.floor(time))[(time < 10) | (time >= 15)]
    assert [one.n_samples for one in quiet(stamped)] == [500, 1250]


@pytest.mark.parametrize(
    "scale, offset, message",
    [
        (2.5 / 60, 0.0, r"as s, which gives 1200 Hz.*time_unit="),  # minutes
        (32768.0, 0.0, r"as us, which gives 1526 Hz"),  # ticks
        (1.0, 9e10, r"begins in the year 4822"),
    ],
)
def test_units_of_time_that_are_hardly_plausible_are_said(table, scale, offset, message):
    with pytest.warns(UserWarning, match=message), warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)
        quiet(table.assign(time=offset + table["time"] * scale), gyro=False)


@pytest.mark.parametrize(
    "line, rate",
    [
        ("# Sample rate: 25 Hz, low-pass 10 Hz", 25.0),
        ("# sampling_frequency (Hz);40", 40.0),
        ("# Data File, recorded at 30 Hz", 30.0),
        ("# recorded at 9 Main Street, firmware rate 3, 1.5 kHz", None),
        ("# filter 10 Hz, gyroscope 20 Hz", None),
    ],
)
def test_the_rate_of_lines_before_the_table(table, tmp_path, line, rate):
    path = tmp_path / "a.csv"
    path.write_text(f"{line}\n" + table.drop(columns="time").to_csv(index=False))
    if rate is None:
        with pytest.raises(ValueError, match="No column of time stamps"):
            quiet(path)
    else:
        found = quiet(path, gyro=False)
        assert found[0].rate == rate
        assert f"counted at {rate:g} Hz [inferred]" in str(found.report)


# ---- the rate and the clock


@pytest.mark.parametrize("before, after", [(100, 50), (50, 60)])
def test_a_rate_that_changes_moves_no_row(before, after):
    time = np.concatenate([np.arange(500) / before, 500 / before + np.arange(1000) / after])
    acc, _ = readings(time, 0)
    [one] = quiet(pd.DataFrame(acc, columns=ACC).assign(time=time))
    expected, _ = readings(np.arange(one.n_samples) / one.rate, 0)
    assert np.abs(one.data - expected)[10:-10].max() < 0.01


def test_rows_that_are_there_twice_or_lost_at_random_keep_the_rate(table):
    assert quiet(table.loc[table.index.repeat(2)])[0].rate == 50.0
    kept = np.random.default_rng(0).random(len(table)) > 0.3
    assert quiet(table[kept])[0].rate == 50.0


def test_a_unit_of_time_that_changes_is_refused(table):
    stamps = np.rint(1000 * (start_of(0) + table["time"].to_numpy())).astype("int64")
    stamps[1000:] *= 1000
    with pytest.raises(ValueError, match="Does the unit of time change"):
        quiet(table.assign(time=stamps))


def test_an_hour_of_summer_time_is_said(table):
    when = pd.date_range("2026-10-25 00:59:40Z", periods=len(table), freq="20ms")
    local = when.tz_convert("Europe/Berlin").tz_localize(None)
    with (
        pytest.warns(UserWarning, match="Time steps back"),
        pytest.warns(UserWarning, match=r"no time zone and jump by -1 h at row 1000"),
    ):
        quiet(table.assign(time=local))


def test_durations_since_the_start_are_times(table):
    since = pd.to_timedelta(table["time"], unit="s")
    for given in (table.assign(time=since), table.drop(columns="time").set_index(since)):
        assert quiet(given)[0].rate == 50.0


@pytest.mark.parametrize(
    "cells, message",
    [
        (lambda t: 46023 + t / 86400, "look like days of a spreadsheet"),
        (lambda t: [f"09:30:{x:06.3f}" for x in t], "a time of day without a date"),
    ],
)
def test_times_of_spreadsheets_are_refused(table, cells, message):
    with pytest.raises(ValueError, match=message):
        quiet(table.assign(time=cells(table["time"])))


# ---- files of several sensors


def test_a_gyroscope_in_a_file_of_its_own_is_joined(table, tmp_path):
    time = table["time"].to_numpy()
    _, gyro = readings(time + 0.008, 0)
    files = {"TotalAcceleration": table[ACC], "Accelerometer": table[ACC] - 9, "Gyroscope": gyro}
    for name, values in files.items():
        rows = pd.DataFrame(np.asarray(values), columns=["x", "y", "z"])
        shift = 0.008 if name == "Gyroscope" else 0.0
        stamps = np.rint(1e9 * (start_of(0) + time + shift)).astype("int64")
        rows.assign(time=stamps).to_csv(tmp_path / f"{name}.csv", index=False)
    with pytest.warns(UserWarning, match="were left out: Accelerometer"):
        [one] = quiet(tmp_path)
    assert len(one.channels) == 6
    assert np.abs(one.data[:, :3] - table[ACC].to_numpy()).max() < 1e-9
    assert np.abs(one.data[:, 3:] - table[GYRO].to_numpy())[1:].max() < 0.02
    (tmp_path / "Accelerometer.csv").unlink()
    [again] = quiet([tmp_path / "TotalAcceleration.csv", tmp_path / "Gyroscope.csv"])
    assert np.array_equal(again.data, one.data)
    with pytest.raises(ValueError, match="none has an acceleration: Gyroscope"):
        quiet(tmp_path / "Gyroscope.csv")


def test_a_gyroscope_at_another_time_is_not_joined(table, tmp_path):
    table[["time", *ACC]].to_csv(tmp_path / "p1_acc.csv", index=False)
    later = table[["time", *GYRO]].assign(time=table["time"] + 1000)
    later.to_csv(tmp_path / "p1_gyro.csv", index=False)
    with pytest.raises(ValueError, match="do not overlap, so the gyroscope cannot be joined"):
        quiet(tmp_path)


def test_a_slower_gyroscope_in_the_same_rows_is_interpolated(table):
    table.loc[1::2, GYRO] = np.nan
    [one] = quiet(table)
    assert one.observed.mean() > 0.99
    _, gyro = readings(table["time"].to_numpy(), 0)
    assert np.abs(one.data[:-1, 3:] - gyro[:-1]).max() < 0.01


def test_files_with_other_columns_are_read_together(tmp_path):
    for person, columns in enumerate([["activity", *GYRO], [], ["activity"]]):
        time, rows = frame(person)
        rows = rows.drop(columns=columns).assign(time=start_of(person) + time)
        rows.to_csv(tmp_path / f"{person}.csv", index=False)
    first, second, third = quiet(tmp_path)
    assert set(first.labels) == set(third.labels) == {"unlabeled"}
    assert "unlabeled" not in set(second.labels)


def test_copies_of_files_are_said(table, tmp_path):
    for name in ("a", "a (1)"):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    with pytest.warns(UserWarning, match="a \\(1\\) and a have the same rows"):
        quiet(tmp_path)


def test_people_of_folders_of_a_dataset(table, tmp_path):
    for name in ("anna", "ben"):
        (tmp_path / f"subject={name}").mkdir()
        shifted = table.assign(ax=table["ax"] + 0.01 * len(name))
        shifted.to_parquet(tmp_path / f"subject={name}" / "part-0.parquet")
    assert [one.subject for one in quiet(tmp_path)] == ["anna", "ben"]


# ---- rows of several people, and units


def test_rows_that_take_turns_without_a_column_are_said(table):
    acc, gyro = readings(table["time"].to_numpy(), 1)
    other = pd.DataFrame(np.hstack([acc, gyro]), columns=[*ACC, *GYRO])
    other["time"] = table["time"] + 0.01
    mixed = pd.concat([table, other]).sort_values("time", kind="stable")
    with pytest.warns(UserWarning, match=r"2 by turns"):
        quiet(mixed)


def test_what_changes_after_the_first_rows_is_said():
    time = np.arange(24_000) / 50
    rows = pd.DataFrame(readings(time, 0)[0], columns=ACC)
    with pytest.warns(UserWarning, match="'who'.*'anna' in the first rows and 'ben' later on"):
        quiet(rows.assign(time=time, who=np.where(time < 450, "anna", "ben")))
    with pytest.warns(UserWarning, match="'pkt' counts rows and jumps 1 times, by up to 101"):
        quiet(rows.assign(pkt=np.arange(24_000) + 100 * (time > 450)), rate=50.0)


def test_a_unit_that_changes_within_a_recording_is_said(table):
    mixed = table.drop(columns=GYRO)
    mixed.loc[1000:, ACC] /= 9.80665
    with pytest.warns(UnitsWarning, match="50% of the time.*another size"):
        quiet(mixed)
    table.loc[1000:, GYRO] = np.rad2deg(table.loc[1000:, GYRO])
    with pytest.warns(UnitsWarning, match="gravity turns otherwise"):
        quiet(table)


@pytest.mark.parametrize("told", [{"axes": "axivity"}, {"gyro_unit": "deg/s"}])
def test_gravity_contradicts_a_unit_of_the_gyroscope_that_was_told(table, told):
    table[ACC] /= 9.80665
    with pytest.warns(UnitsWarning, match=r"gravity turns 5\d.* times as fast"):
        quiet(table, **told)


def test_names_without_gravity_are_said(table):
    names = dict(zip(ACC, [f"linear_acceleration_{a}" for a in "xyz"], strict=True))
    with pytest.warns(UnitsWarning, match="say that gravity was removed"):
        quiet(table.rename(columns=names))


def test_a_told_acceleration_keeps_the_gyroscope(table):
    assert len(quiet(table, acc=ACC)[0].channels) == 6


# ---- texts


def test_labels_without_blanks_and_whole_numbers(table, tmp_path):
    walk = np.where(table["time"] < 20, " walk", "walk ")
    table["label"] = np.where(table["time"] < 30, walk, "  ")
    assert set(quiet(table)[0].labels) == {"walk", "unlabeled"}
    table["label"] = np.where(table["time"] < 30, 2.0, np.nan)
    table.to_csv(tmp_path / "a.csv", index=False)
    assert set(quiet(tmp_path / "a.csv")[0].labels) == {"2", "unlabeled"}


def test_umlauts_of_windows_after_the_first_look(table, tmp_path):
    long = pd.concat([table] * 2, ignore_index=True).assign(label="a")
    long["time"] = np.arange(len(long)) / 50
    long.loc[len(long) - 5 :, "label"] = "größe"
    long.to_csv(tmp_path / "a.csv", index=False, encoding="cp1252")
    assert set(quiet(tmp_path / "a.csv")[0].labels) == {"a", "größe"}


def test_texts_in_columns_of_readings_are_said(table, tmp_path):
    units = pd.concat([pd.DataFrame([dict.fromkeys(table, "g")]), table])
    with pytest.raises(ValueError, match=r"ax, ay, az, .* have texts rather than numbers"):
        quiet(units)
    with pytest.warns(UserWarning, match="gz have texts rather than numbers"):
        with pytest.raises(ValueError, match="no column for z"):
            quiet(table.assign(gz="1,000"))
        quiet(table.assign(**dict.fromkeys(GYRO, "1,000")))
    text = table.to_csv(index=False)
    (tmp_path / "a.csv").write_text(text + text)
    with pytest.raises(ValueError, match="row 2002 has 'time' in a column of numbers"):
        quiet(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(ValueError, match="ZIP archive or an Excel file"):
        quiet(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "source, message",
    [
        ("https://example.com/a.csv", "is an address rather than a path"),
        ("time,ax\n0,1\n", "is text rather than a path"),
    ],
)
def test_texts_that_are_not_paths(source, message):
    with pytest.raises(ValueError, match=message):
        quiet(source)


def test_lists_of_intervals_are_not_ignored(table):
    with pytest.raises(TypeError, match=r"label must be a column, .* a table of intervals"):
        quiet(table, label=[(0, 10, "walk")])
    with pytest.raises(TypeError, match="group must be a column"):
        quiet(table, group=["anna"])


def test_intervals_in_minutes_and_rows():
    time = np.arange(18_000) / 10
    rows = pd.DataFrame(readings(time, 0)[0], columns=ACC).assign(time=time)
    minutes = pd.DataFrame({"start": [0, 10], "end": [10, 30], "label": ["sit", "walk"]})
    with pytest.warns(UserWarning, match="100% .* in minutes, .* They were read in s"):
        quiet(rows, label=minutes)
    named = minutes.rename(columns={"start": "start_min", "end": "end_min"})
    assert (quiet(rows, label=named)[0].labels == "sit").sum() == 6000
    samples = minutes.assign(start=[0, 6000], end=[6000, 18_000])
    with pytest.warns(UserWarning, match="100% .* in rows"):
        quiet(rows, label=samples)
    lasting = pd.DataFrame({"onset": [0, 600], "duration": [600, 1200], "label": ["sit", "walk"]})
    assert (quiet(rows, label=lasting)[0].labels == "walk").sum() == 12_000


def test_intervals_of_files_by_the_name_of_the_file(table, tmp_path):
    table.to_csv(tmp_path / "p1.csv", index=False)
    for name in ("p1", "p1.csv", str(tmp_path / "p1.csv")):
        rows = pd.DataFrame({"file": [name], "start": [0], "end": [10], "label": ["walk"]})
        assert (quiet(tmp_path / "p1.csv", label=rows)[0].labels == "walk").sum() == 500


# ---- names with accents, readings as people, assumptions


@pytest.mark.parametrize("name", ["Aktivität", "Aktivita\u0308t", "título", "活动"])
def test_accents_do_not_split_names(table, name):
    spare = table.assign(**{name: frame(0)[1]["activity"]})
    found = quiet(spare)
    assert found.report.facts["time"].startswith("'time'")
    assert f"is it label={name!r} (such as 'sit')?" in found.report.facts["labels"]
    assert set(quiet(spare, label=name)[0].labels) == {"sit", "walk", "wave"}
    # numbers that increase as time does
    found = quiet(table.assign(**{"Intensität": table["time"] / 10}))
    assert found.report.facts["time"].startswith("'time'")
    with pytest.raises(ValueError, match=f"among Tijd, ax.*{name}.* Is it time='Tijd', which incr"):
        quiet(spare.rename(columns={"time": "Tijd"}))


def test_readings_and_numbers_are_not_people(table):
    found = quiet(table.assign(userAccelX=0.1 * table["ax"]))
    assert len(found) == 1 and found[0].subject is None
    with pytest.warns(UserWarning, match="'user' has continuous numbers.* not people: it was left"):
        [one] = quiet(table.assign(user=table["ax"]))
    assert one.subject is None
    rows = table.assign(session=np.arange(len(table)))
    with pytest.warns(UserWarning, match="'session' has 2000 different values in 2000 rows"):
        assert len(quiet(rows)) == 1
    with pytest.raises(ValueError, match=r"'session' has 2000 different values.* have 8 rows"):
        quiet(rows, group="session")


def test_the_report_names_the_column_that_separates_recordings(table):
    trials = table.assign(trial=np.repeat(["a", "b"], len(table) // 2))
    assert quiet(trials).report.facts["recordings"].endswith("separated by 'trial' [inferred]")
    told = quiet(trials, recording="trial").report.facts["recordings"]
    assert told.endswith("separated by 'trial'")
    assert "separated" not in quiet(table).report.facts["recordings"]


def test_the_site_that_is_assumed_is_said(table):
    def said(table, **told):
        return quiet(table, **told).report.facts["site"]

    assert "(assumed; otherwise give site=" in said(table)
    assert said(table, site="right_wrist") == "right_wrist"
    assert said(table, acc={"left_wrist": ACC}, gyro=False) == "left_wrist"
    assert "(assumed" in said(table, acc=ACC, gyro=False)
    named = {name: f"left_wrist_{name}" for name in (*ACC, *GYRO)}
    assert said(table.rename(columns=named)) == "left_wrist"


def test_an_inverted_sign_is_said(table):
    names = {name: f"motionUserAcceleration{name[-1].upper()}(G)" for name in ACC}
    gravity = {f"motionGravity{a}(G)": 0.0 for a in "XYZ"}
    found = quiet(table.assign(**table[ACC] / -9.80665, **gravity).rename(columns=names))
    assert "in g with inverted sign (by name)" in found.report.facts["acc"]
    np.testing.assert_allclose(found[0].data[:, :3], table[ACC], atol=1e-9)


def test_intervals_that_end_early_are_shown(table):
    label = pd.DataFrame({"start": [0.0, 12.0, 9.0], "end": [5.0, 6.5, np.nan], "label": "sit"})
    said = (
        r"row 1 .* ends before it starts: 'start' is 12.0 and 'end' is 6.5\. Rows that are wrong: 2"
    )
    with pytest.raises(ValueError, match=said):
        quiet(table, label=label)
    with pytest.raises(ValueError, match=r"row 0 .* lacks a time: 'start' is 9.0 and 'end' is nan"):
        quiet(table, label=label[2:])
