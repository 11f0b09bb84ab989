"""One set of recordings, known at any time, and the tables that loggers would make of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from scipy.spatial.transform import Rotation

G = 9.80665
ACC, GYRO = ["ax", "ay", "az"], ["gx", "gy", "gz"]
PEOPLE = ("anna", "ben", "cleo")
SECONDS = 40.0
START = 1_767_225_600.0
"""2026-01-01 in UTC; each person begins 1000 s after the one before."""
LABELS = (("sit", 0.0, 15.0), ("walk", 15.0, 30.0), ("wave", 30.0, SECONDS))


def readings(time: np.ndarray, person: int) -> tuple[np.ndarray, np.ndarray]:
    """Return acceleration in m/s² and angular rate in rad/s at times since the start."""

    def turned(t: np.ndarray) -> Rotation:
        angles = np.stack(
            [
                0.9 * np.sin(2 * np.pi * 0.31 * t + person),
                0.7 * np.sin(2 * np.pi * 0.47 * t + 1),
                0.5 * np.sin(2 * np.pi * 0.83 * t),
            ],
            axis=1,
        )
        return Rotation.from_euler("xyz", angles)

    step = 1e-5
    rate = (turned(time - step).inv() * turned(time + step)).as_rotvec() / (2 * step)
    moved = np.stack([np.sin(2 * np.pi * 1.9 * time + k + person) for k in range(3)], axis=1)
    force = turned(time).inv().apply(moved * (0.4, 0.8, 0.6) + (0.0, 0.0, G))
    return force, rate


def label_of(time: np.ndarray) -> np.ndarray:
    """Return the class at times since the start."""
    names = np.array([name for name, *_ in LABELS], dtype=object)
    return names[np.searchsorted([end for *_, end in LABELS[:-1]], time, side="right")]


def start_of(person: int) -> float:
    return START + 1000.0 * person


def frame(person: int, rate: float = 50.0) -> tuple[np.ndarray, pd.DataFrame]:
    """Return times since the start, and SI readings with labels and person."""
    time = np.arange(round(SECONDS * rate)) / rate
    acc, gyro = readings(time, person)
    table = pd.DataFrame(np.hstack([acc, gyro]), columns=[*ACC, *GYRO])
    table["activity"] = label_of(time)
    table["subject"] = PEOPLE[person]
    return time, table


def everybody(make: Callable[[int], pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([make(person) for person in range(len(PEOPLE))], ignore_index=True)


# ---- the layouts: each returns the source and the arguments of read_table


def csv_in_g_and_ms(folder: Path) -> tuple[Any, dict[str, Any]]:
    def one(person: int) -> pd.DataFrame:
        time, table = frame(person)
        table[ACC], table[GYRO] = table[ACC] / G, np.rad2deg(table[GYRO])
        stamps = np.rint(1000 * (start_of(person) + time)).astype(np.int64)
        table.insert(0, "timestamp", stamps)
        return table

    everybody(one).to_csv(folder / "watch.csv", index=False)
    return folder / "watch.csv", {}


def ios(folder: Path) -> tuple[Any, dict[str, Any]]:
    def one(person: int) -> pd.DataFrame:
        time, table = frame(person)
        up = readings(time, person)[0]
        gravity = up / np.linalg.norm(up, axis=1, keepdims=True)
        out = pd.DataFrame()
        stamps = pd.to_datetime(np.rint(1e3 * (start_of(person) + time)), unit="ms", utc=True)
        local = stamps.tz_convert("Europe/Berlin")
        out["loggingTime(txt)"] = [stamp.isoformat(timespec="milliseconds") for stamp in local]
        for i, axis in enumerate("XYZ"):
            out[f"motionGravity{axis}(G)"] = -gravity[:, i]
            out[f"motionUserAcceleration{axis}(G)"] = -(up[:, i] / G - gravity[:, i])
            out[f"motionRotationRate{axis}(rad/s)"] = table[GYRO[i]]
        out["label(N)"], out["participant"] = table["activity"], table["subject"]
        return out

    everybody(one).to_csv(folder / "ios.csv", index=False)
    return folder / "ios.csv", {}


def parquet_acc_at_20_hz(folder: Path) -> tuple[Any, dict[str, Any]]:
    def one(person: int) -> pd.DataFrame:
        time, table = frame(person, 20.0)
        table["time"] = start_of(person) + time
        return table.drop(columns=GYRO)

    everybody(one).to_parquet(folder / "watch.parquet")
    return folder / "watch.parquet", {}


def polars_with_zones(folder: Path) -> tuple[Any, dict[str, Any]]:
    def one(person: int) -> pd.DataFrame:
        time, table = frame(person)
        stamps = np.rint(1e6 * (start_of(person) + time)).astype("int64")
        table["when"] = pd.to_datetime(stamps, unit="us", utc=True).tz_convert("Asia/Tokyo")
        names = ["accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y", "gyro_z"]
        return table.rename(columns=dict(zip([*ACC, *GYRO], names, strict=True)))

    return pl.from_pandas(everybody(one)).lazy(), {"acc": "accel_*", "time": "when"}


def labels_as_intervals(folder: Path) -> tuple[Any, dict[str, Any]]:
    def one(person: int) -> pd.DataFrame:
        time, table = frame(person)
        table["time"] = start_of(person) + time
        return table.drop(columns="activity")

    rows = [
        (start_of(person) + begin, start_of(person) + end, name)
        for person in range(len(PEOPLE))
        for name, begin, end in LABELS
    ]
    everybody(one).to_csv(folder / "watch.csv", index=False)
    table = pd.DataFrame(rows, columns=["start", "end", "label"])
    return folder / "watch.csv", {"label": table}


def one_file_per_person(folder: Path) -> tuple[Any, dict[str, Any]]:
    for person, name in enumerate(PEOPLE):
        time, table = frame(person)
        stamps = pd.to_datetime(np.rint(1e3 * (start_of(person) + time)), unit="ms")
        table.insert(0, "Datetime", [stamp.isoformat(" ", "milliseconds") for stamp in stamps])
        table = table.drop(columns="subject")
        table.to_csv(folder / f"{name}.csv", index=False, sep=";", decimal=",")
    return folder, {"group": "file"}


def gaps_and_jitter(folder: Path) -> tuple[Any, dict[str, Any]]:
    rng = np.random.default_rng(0)

    def one(person: int) -> pd.DataFrame:
        time, table = frame(person)
        late = np.abs(rng.normal(0, 0.002, len(time)))
        table["t_ms"] = np.rint(1e3 * (start_of(person) + time + late))
        kept = ((time < 20) | (time > 23)) & (rng.random(len(time)) > 0.005)
        return table[kept]

    return everybody(one), {"max_gap": 1.0}


def axivity(folder: Path) -> tuple[Any, dict[str, Any]]:
    paths = []
    for person, name in enumerate(PEOPLE):
        time, table = frame(person)
        table[ACC], table[GYRO] = table[ACC] / G, np.rad2deg(table[GYRO])
        stamps = pd.to_datetime(np.rint(1e3 * (start_of(person) + time)), unit="ms")
        out = pd.DataFrame({"Time": [s.isoformat(" ", "milliseconds") for s in stamps]})
        for sensor, columns, unit in (("Accel", ACC, "g"), ("Gyro", GYRO, "d/s")):
            for axis, column in zip("XYZ", columns, strict=True):
                out[f"{sensor}-{axis} ({unit})"] = table[column]
        out["activity"] = table["activity"]
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}.csv"
        header = "# Axivity AX6, serial 6012345\n# sample rate 50 Hz\n\n"
        path.write_text(header + out.to_csv(index=False))
        paths.append(path)
    return paths, {"group": lambda path: path.stem}


def multi_index(folder: Path) -> tuple[Any, dict[str, Any]]:
    parts = []
    for person, name in enumerate(PEOPLE):
        time, table = frame(person)
        out = table[[*ACC, *GYRO, "activity"]]
        out.columns = pd.MultiIndex.from_tuples(
            [*((s, a) for s in ("acc", "gyro") for a in "xyz"), ("activity", "")]
        )
        out.index = pd.MultiIndex.from_arrays(
            [[name] * len(time), start_of(person) + time], names=["person", "time"]
        )
        parts.append(out)
    return pd.concat(parts), {}


def raw_counts(folder: Path) -> tuple[Any, dict[str, Any]]:
    def one(person: int) -> pd.DataFrame:
        time, table = frame(person)
        table[ACC] = np.rint(table[ACC] / G * 4096).astype(np.int16)
        table[GYRO] = np.rint(np.rad2deg(table[GYRO]) * 16.4).astype(np.int16)
        table.insert(0, "sample", np.arange(len(time)))
        return table

    everybody(one).to_csv(folder / "raw.tsv.gz", index=False, sep="\t")
    options = {"rate": 50.0, "acc_unit": "g/4096", "gyro_unit": "deg/s/16.4"}
    return folder / "raw.tsv.gz", options


LAYOUTS = {
    function.__name__: function
    for function in (
        csv_in_g_and_ms,
        ios,
        parquet_acc_at_20_hz,
        polars_with_zones,
        labels_as_intervals,
        one_file_per_person,
        gaps_and_jitter,
        axivity,
        multi_index,
        raw_counts,
    )
}
