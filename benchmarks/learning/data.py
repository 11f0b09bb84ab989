"""The labeled sets: windows, labels, people that are held out, and label budgets."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from m3n_sklearn import Windows
from m3n_sklearn.datasets import load_openpack, load_sp_sw_har, load_utd_mhad
from m3n_sklearn.evaluation import consecutive_groups
from m3n_sklearn.recording import to_site_axes

from .task import Task
from .watches import WATCHES

UTD_SECONDS, UTD_RATE = 2.56, 50.0
OPENPACK_SECONDS = 12.0
PARTS = 4
"""Segments of five boxes of the OpenPack session, each held out once."""


def utd(data: Path, quick: bool) -> Task:
    bunch = load_utd_mhad(
        data / "utd_mhad", actions="wrist", skeletons=False, seconds=UTD_SECONDS, rate=UTD_RATE
    )
    return Task(
        "utd",
        "UTD-MHAD right wrist: 21 actions, windows of 2.56 s, 4 people, one held out at a time",
        _signals_only(bunch.X),
        bunch.y,
        bunch.groups,
        np.asarray(bunch.X["clip"]),
        ((1,), (2,)) if quick else None,
        (1, 4, None) if quick else (1, 2, 4, 8, None),
        bunch.descriptions,
        skeletons="in-domain",
        mount=bunch.mount,
    )


def smartwatch(data: Path, quick: bool) -> Task:
    bunch = load_sp_sw_har(data / "sp_sw_har_watch", seconds=1.0, min_purity=0.8)
    people = np.unique(bunch.groups)
    return Task(
        "smartwatch",
        "Smartwatch set: 5 activities, windows of 1 s of one activity (80 %), 23 people in 5 folds",
        _signals_only(bunch.X),
        bunch.y,
        bunch.groups,
        np.asarray(bunch.X["clip"]),
        (tuple(people[::5].tolist()),) if quick else 5,
        (1, 4, None) if quick else (1, 4, 16, None),
        bunch.descriptions,
    )


def openpack(
    data: Path,
    quick: bool,
    sensors: tuple[str, ...],
    key: str,
    title: str,
    budgets: tuple[int | None, ...],
) -> Task:
    """One window per second, as the challenge labels them; training windows are purged.

    Readings are turned into the axes of the simulated watches, as a user of weights would do.
    """
    bunch = load_openpack(
        data / "openpack_sample",
        sensors=sensors,
        seconds=OPENPACK_SECONDS,
        overlap=1 - 1 / OPENPACK_SECONDS,
        label="center",
    )
    return Task(
        key,
        f"OpenPack sample, {title}: 10 operations, windows of {OPENPACK_SECONDS:.0f} s labeled at "
        f"their center, 20 boxes of one person in {PARTS} segments, one held out at a time",
        to_site_axes(_signals_only(bunch.X), bunch.mount),
        bunch.y,
        consecutive_groups(bunch.boxes, PARTS),
        bunch.boxes,
        ((PARTS - 1,),) if quick else None,
        budgets[-1:] if quick else budgets,
        bunch.descriptions,
        label_at="center",
    )


def _signals_only(X: Windows) -> Windows:
    """Leave out captions and poses, which no method reads here."""
    return X.drop(*(name for name in X.columns if name not in ("imu", "clip", "start")))


@cache
def load_task(key: str, data: Path, quick: bool) -> Task:
    """Load a set by its key in `TASKS`."""
    return TASKS[key](data, quick)


TASKS = {
    "utd": utd,
    "smartwatch": smartwatch,
    "openpack-right": lambda data, quick: openpack(
        data, quick, ("atr01",), "openpack-right", "right wrist", (1, 4, 16, None)
    ),
    "openpack-both": lambda data, quick: openpack(
        data, quick, ("atr01", "atr02"), "openpack-both", "both wrists", (None,)
    ),
    **{key: one.load for key, one in WATCHES.items()},
}
