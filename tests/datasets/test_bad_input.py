"""Absent and damaged data sets, and bad options, are refused with words that help."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn.datasets import (
    load_mmfit,
    load_openpack,
    load_utd_mhad,
    make_motions,
    make_wrist_har,
    read_openpack_atr,
)

from ..refusals import cases, refuses


@pytest.mark.parametrize("reader", [load_utd_mhad, load_openpack, load_mmfit])
def test_data_sets_that_are_not_there(tmp_path, reader):
    words = ("was not found: expected", "http")
    refuses(lambda: reader(tmp_path / "no"), FileNotFoundError, "does not exist", *words)
    refuses(lambda: reader(tmp_path), FileNotFoundError, "contains nothing", *words)
    refuses(lambda: reader(__file__), FileNotFoundError, "is a file", *words)
    refuses(lambda: reader(None), TypeError, "NoneType")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"subjects": 1.5}, TypeError, ("subjects must be", "1.5")),
        (
            {"seconds": -1, "subjects": 1, "actions": 1},
            ValueError,
            ("seconds must be a positive",),
        ),
        ({"overlap": 2, "subjects": 1, "actions": 1}, ValueError, ("overlap", "[0, 1)")),
    ],
)
def test_options_of_utd(shared_data, options, error, words):
    folder = shared_data("utd_mhad")
    refuses(lambda: load_utd_mhad(folder, **options), error, *words)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"subjects": "U9999"}, ValueError, ("subjects must be among U0209", "'U9999'")),
        ({"rate": "50"}, TypeError, ("rate must be a number of Hz",)),
    ],
)
def test_options_of_openpack(shared_data, options, error, words):
    folder = shared_data("openpack_sample")
    refuses(lambda: load_openpack(folder, **options), error, *words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("lacks the columns unixtime",)),
        (b"a,b\n1,2\n", ("lacks the columns unixtime", "a, b")),
        (b"unixtime,acc_x,acc_y,acc_z\n", ("lacks the columns gyro_x",)),
        (b"\xff\x93\x00", ("cannot be read as a CSV file",)),
    ],
)
def test_damaged_sensor_files_of_openpack(tmp_path, content, words):
    path = tmp_path / "S0100.csv"
    path.write_bytes(content)
    refuses(lambda: read_openpack_atr(path), ValueError, "S0100.csv", *words)


SETS = "0,100,10,squats\n"


def mmfit_folder(folder, stream, labels):
    workout = folder / "w00"
    workout.mkdir()
    (workout / "w00_labels.csv").write_text(labels)
    for name in ("sw_l_acc", "sw_l_gyr", "sw_r_acc", "sw_r_gyr"):
        if isinstance(stream, bytes):
            (workout / f"w00_{name}.npy").write_bytes(stream)
        elif stream is not None:
            np.save(workout / f"w00_{name}.npy", stream)
    return folder


STREAM = np.c_[np.arange(1000) / 3, np.arange(1000) * 10.0, np.full((1000, 3), 5.66)]


@pytest.mark.parametrize(
    ("stream", "labels", "options", "error", "words"),
    [
        (None, SETS, {}, ValueError, ("none of the chosen workouts", "no sw_l_acc")),
        (STREAM, "a,b\n", {}, ValueError, ("w00_labels.csv, line 1", "activity")),
        (STREAM, SETS, {"sessions": "w99"}, ValueError, ("sessions must be among w00", "'w99'")),
        (STREAM, SETS, {"rate": "50"}, TypeError, ("rate must be a number of Hz",)),
    ],
)
def test_mmfit(tmp_path, stream, labels, options, error, words):
    folder = mmfit_folder(tmp_path, stream, labels)
    refuses(lambda: load_mmfit(folder, skeletons=False, **options), error, *words)


@cases(
    (lambda: make_motions(1, 1, ["fly"]), ValueError, "Unknown activity 'fly'"),
    (lambda: make_motions(1, 1, 3), TypeError, "activities must be names", "int"),
    (lambda: make_motions(1, 1, "wave", seconds=-1), ValueError, "seconds", "positive"),
    (lambda: make_motions(1, 1, "wave", seconds="4"), TypeError, "seconds must be a number"),
    (lambda: make_motions(1, 1, "wave", rate=0), ValueError, "rate", "positive"),
    (lambda: make_motions(1, 1, "wave", random_state="a"), ValueError, "seed"),
    (lambda: make_wrist_har(None), ValueError, "n_people", "whole number"),
    (lambda: make_wrist_har(seconds="a"), TypeError, "seconds must be a number"),
    (lambda: make_wrist_har(rate=None), TypeError, "rate must be a number of Hz"),
)
def test_generators(call, error, words):
    refuses(call, error, *words)
