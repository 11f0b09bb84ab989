"""Files in the layouts of common logger apps are read without arguments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from m3n_sklearn import read_table
from m3n_sklearn.recording import STANDARD_GRAVITY

RATE, N = 100, 2000


@pytest.fixture
def motion():
    """Return times, specific force in m/s², its part without gravity, and angular rates."""
    time = np.arange(N) / RATE
    angle = np.sin(time)  # about x
    up = np.stack([0 * angle, np.sin(angle), np.cos(angle)], axis=1)
    free = np.random.default_rng(0).normal(scale=0.5, size=(N, 3))
    rate = np.stack([np.cos(time), 0 * angle, 0 * angle], axis=1)
    return time, STANDARD_GRAVITY * up + free, free, rate


def triad(name, values):
    return dict(zip((name.format(axis) for axis in "XYZ"), values.T, strict=True))


def test_sensorlog(motion, tmp_path):
    time, force, free, rate = motion
    stamps = pd.to_datetime(1.7e9 + time, unit="s", utc=True)
    table = {
        "loggingTime(txt)": stamps.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
        "motionTimestamp_sinceReboot(s)": 5000 + time,
        **triad("motionUserAcceleration{}(G)", -free / STANDARD_GRAVITY),
        **triad("motionGravity{}(G)", (free - force) / STANDARD_GRAVITY),
        **triad("motionRotationRate{}(rad/s)", rate),
        "label(N)": 3,
    }
    pd.DataFrame(table).to_csv(tmp_path / "sensorlog.csv", index=False)
    [found] = read_table(tmp_path / "sensorlog.csv", label="label(N)", verbose=False)
    assert found.rate == RATE
    assert np.allclose(found.data, np.hstack([force, rate]), atol=1e-6)
    assert set(found.labels.tolist()) == {3}


def test_phyphox(motion, tmp_path):
    time, force, _, _ = motion
    table = {f"Acceleration {axis} (m/s^2)": v for axis, v in zip("xyz", force.T, strict=True)}
    table["Absolute acceleration (m/s^2)"] = np.linalg.norm(force, axis=1)
    pd.DataFrame({"Time (s)": time, **table}).to_csv(tmp_path / "Accelerometer.csv", index=False)
    [found] = read_table(tmp_path / "Accelerometer.csv", verbose=False)
    assert found.rate == RATE
    assert np.allclose(found.data, force)


def test_sensor_logger(motion, tmp_path):
    time, force, _, _ = motion
    table = {"time": ((1.7e9 + time) * 1e9).astype(np.int64), "seconds_elapsed": time}
    table |= {axis: values for axis, values in zip("zyx", force.T[::-1], strict=True)}
    path = tmp_path / "TotalAcceleration.csv"
    pd.DataFrame(table).to_csv(path, index=False)
    [found] = read_table(path, verbose=False)
    assert found.rate == RATE
    assert np.allclose(found.data, force)


def write(path, time, unit, values, stamps="Time (s)", names=("X", "Y", "Z")):
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {f"{name}{unit}": v for name, v in zip(names, values.T, strict=True)}
    pd.DataFrame({stamps: time, **columns}).to_csv(path, index=False)


def test_phyphox_of_several_sensors(motion, tmp_path):
    time, force, free, rate = motion
    write(tmp_path / "Accelerometer.csv", time, " (m/s^2)", force)
    write(tmp_path / "Linear Accelerometer.csv", time, " (m/s^2)", free)
    write(tmp_path / "Gyroscope.csv", time, " (rad/s)", rate)
    with pytest.warns(UserWarning, match=r"1 files .* without gravity.*: Linear Accelerometer\."):
        [found] = read_table(tmp_path, verbose=False)
    assert np.allclose(found.data, np.hstack([force, rate]), atol=1e-6)
    (tmp_path / "Acc.csv").write_bytes((tmp_path / "Accelerometer.csv").read_bytes())
    with pytest.raises(ValueError, match=r"read_table\(\[path for path in .*a folder each"):
        read_table(tmp_path, verbose=False)


@pytest.fixture
def tree(motion, tmp_path):
    """Return a folder of Sensor Logger: a folder for each person, and in it for each class."""
    time, force, _, rate = motion
    for number, (person, activity) in enumerate(
        (p, a) for p in ("anna", "ben") for a in ("sit", "walk")
    ):
        folder = tmp_path / person / activity
        stamps = 1.7e9 + 1000 * number + time
        write(folder / "TotalAcceleration.csv", stamps, "", force + number, "time", "xyz")
        write(folder / "Gyroscope.csv", stamps, "", rate, "time", "xyz")
        (folder / "Metadata.csv").write_text("version,device name\n3,Pixel Watch\n")
    return tmp_path


def test_classes_and_people_of_folders(tree):
    with pytest.warns(UserWarning) as caught:
        found = read_table(
            tree, label="folder", group=lambda path: path.parent.parent.name, verbose=False
        )
    assert [str(one.message) for one in caught] == [
        "4 files have no acceleration and were left out: Metadata (in 4 folders)."
    ]
    assert [(one.subject, *set(one.labels)) for one in found] == [
        ("anna", "sit"), ("anna", "walk"), ("ben", "sit"), ("ben", "walk"),
    ]  # fmt: skip
    assert "the gyroscopes of 4 recordings are joined" in str(found.report)
    assert found[1].name == "anna/walk/TotalAcceleration"


@pytest.mark.filterwarnings("ignore:4 files have no acceleration")
def test_names_of_files_that_say_a_sensor_are_not_people(tree):
    with pytest.warns(UserWarning, match="group='file' gives all .* 4 folders.*group='folder'"):
        read_table(tree, group="file", verbose=False)
    with pytest.warns(UserWarning, match="label='file' gives all .* class 'TotalAcceleration'"):
        read_table(tree, label="file", verbose=False)
    seen = []
    found = read_table(tree, label=lambda path: seen.append(path.name), verbose=False)
    assert set(seen) == {"TotalAcceleration.csv"}
    assert found[0].labels is None
    with pytest.raises(ValueError, match=r"label= must return a text, .* got 1\.5"):
        read_table(tree, label=lambda path: 1.5, verbose=False)
    with pytest.raises(ValueError, match="label='file' is for files"):
        read_table(pd.DataFrame({"time": np.arange(9) / 50, **triad("acc_{}", np.eye(9)[:, :3])}),
                   label="file", verbose=False)  # fmt: skip


@pytest.mark.parametrize(
    "stamps, acc, gyro",
    [
        ("Zeit (s)", "Beschleunigung {} (m/s^2)", "Drehrate {} (rad/s)"),
        ("Zeitstempel (s)", "Beschleunigung_{}", "Winkelgeschwindigkeit_{}"),
        ("Temps (s)", "Accélération {} (m/s²)", "Vitesse angulaire {} (rad/s)"),
        ("Tiempo (s)", "Aceleración {} (m/s²)", "Velocidad angular {} (rad/s)"),
        ("tiempo", "acelerometro_{}", "giro_{}"),
    ],
)
def test_names_in_other_languages(motion, stamps, acc, gyro):
    time, force, _, rate = motion
    table = pd.DataFrame({stamps: time, **triad(acc, force), **triad(gyro, rate)})
    [found] = read_table(table, verbose=False)
    assert np.allclose(found.data, np.hstack([force, rate]))


def test_linear_acceleration_in_other_languages(motion, tmp_path):
    time, force, free, _ = motion
    write(tmp_path / "Beschleunigung.csv", time, " (m/s^2)", force, "Zeit (s)")
    write(tmp_path / "Lineare Beschleunigung.csv", time, " (m/s^2)", free, "Zeit (s)")
    with pytest.warns(UserWarning, match="left out: Lineare Beschleunigung"):
        [found] = read_table(tmp_path, verbose=False)
    assert np.allclose(found.data, force)


def test_the_unit_in_brackets_of_a_told_gyroscope(motion):
    time, force, _, _ = motion
    names = [f"Draaiing {axis} (deg/s)" for axis in "xyz"]
    table = pd.DataFrame({"time": time, **triad("acc_{}", force), **dict.fromkeys(names, 0.1)})
    found = read_table(table, gyro=names, verbose=False)
    assert np.allclose(found[0].data[:, 3:], np.deg2rad(0.1))
    assert "in deg/s" in found.report.facts["gyro"]


def test_all_arguments_that_are_missing_are_in_one_message(motion, tmp_path):
    time, force, _, rate = motion
    for name in ("a", "b"):
        force = force + 1e-3
        table = {"klok": time, **triad("versnelling {}", force), **triad("draaiing {}", rate)}
        pd.DataFrame(table).to_csv(tmp_path / f"{name}.csv", index=False)
    with pytest.raises(ValueError, match="None of the 2 files has readings: a, b") as caught:
        read_table(tmp_path, verbose=False)
    message = str(caught.value)
    call = message[message.index("read_table(...") : message.index(", if these")]
    assert "columns klok, versnelling X, versnelling Y" in message
    options = eval(call.replace("read_table(...,", "dict("))
    (tmp_path / "about.csv").write_text("version,device\n3,watch\n")
    with pytest.warns(UserWarning, match="1 files have no acceleration and were left out: about"):
        found = read_table(tmp_path, verbose=False, **options)
    assert [len(one.channels) for one in found] == [6, 6]
    with pytest.raises(ValueError, match=r"None of the 3 files .* time='clock': there is no such"):
        read_table(tmp_path, verbose=False, time="clock", acc=["v1", "v2", "v3"])
