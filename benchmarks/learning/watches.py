"""Watch sets of many people: the archives of the shared data as tasks.

Windows are a seeded selection, so that a fit takes seconds: at most so many of each person and
class, in stretches of up to ten seconds, which are also the blocks in which labels are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from m3n_sklearn.evaluation import person_folds
from m3n_sklearn.recording import to_site_axes

from ..pool import Columns, cut_spread, read_wrist
from . import prompts
from .prompts import Prompts
from .task import Task

BUDGETS = (1, 4, 16)
FOLDS = 5

SMARTFALLMM_MOUNT = {"right_wrist": np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])}
"""How the right sensor of SmartFallMM was worn; a third of the people wore the strap flipped.

Of the 24 rotations by right angles, it agrees best with the mean acceleration of trials that was
simulated from their skeletons. The left watch is worn like the simulated one.
"""


@dataclass(frozen=True)
class WatchSet:
    """A file of wrist recordings, and how a task is made of it.

    Attributes
    ----------
    file : str
        Archive in the folder of the shared data.
    site : str
        Where the sensor is worn; where the side is not known, the right wrist.
    most : int
        Windows of each person and class.
    rate : float or None
        Rate of the windows in Hz; None is that of the recordings.
    keep : callable
        Whether a recording is taken, by its columns.
    people : callable
        The people who are taken, by the folder of the data; None takes everybody.
    """

    key: str
    title: str
    file: str
    site: str
    prompts: Prompts
    family: str
    seconds: float = 2.56
    most: int = 8
    folds: int = FOLDS
    rate: float | None = None
    keep: Callable[[Columns], bool] = lambda columns: True
    people: Callable[[Path], frozenset[str]] | None = None
    skeletons: str = ""
    mount: Mapping[str, Any] = field(default_factory=dict)

    def load(self, data: Path, quick: bool) -> Task:
        """Read, cut and select; a quick run tests one fold."""
        taken = None if self.people is None else self.people(data)
        recordings = read_wrist(
            data / self.file,
            self.site,
            keep=lambda own: self.keep(own) and (taken is None or str(own["subject"]) in taken),
        )
        X, y, groups, blocks = cut_spread(recordings, self.seconds, self.most, self.rate)
        X = to_site_axes(X, self.mount) if self.mount else X
        folds = person_folds(groups, self.folds)
        rate = X.rate("imu")
        sensors = "acc and gyro" if X["imu"].shape[1] == 6 else "acc only"
        return Task(
            self.key,
            f"{self.title}: {len(np.unique(y))} classes, windows of {self.seconds:g} s "
            f"at {rate:g} Hz ({sensors}), {len(np.unique(groups))} people in {self.folds} folds",
            X,
            y,
            groups,
            blocks,
            (folds[0],) if quick else folds,
            BUDGETS[:1] if quick else BUDGETS,
            {label: self.prompts[label] for label in np.unique(y).tolist()},
            family=self.family,
            skeletons=self.skeletons,
        )


def _is_no_fall(columns: Columns) -> bool:
    return not columns["label"].startswith("fall")


def _seen_by_all(data: Path) -> frozenset[str]:
    """Return the people of SmartFallMM with skeletons and readings of both wrists."""
    names = ("skeleton_adl_30fps", "right_metawrist_acc_50hz", "left_watch_acc_32hz")
    people = []
    for name in names:
        with np.load(data / "smartfallmm" / f"smartfallmm_{name}.npz") as file:
            people.append({str(person) for person in file["subject"].tolist()})
    return frozenset(set.intersection(*people))


SMARTFALLMM = "smartfallmm"

_SETS = (
    WatchSet(
        "wisdm",
        "WISDM watch",
        "wisdm51_watch/wisdm51_watch_20hz.npz",
        "right_wrist",
        prompts.WISDM,
        "wisdm",
        seconds=3.0,
    ),
    WatchSet(
        "dsads",
        "DSADS right wrist",
        "dsads/dsads_wrists_25hz.npz",
        "right_wrist",
        prompts.DSADS,
        "dsads",
        most=24,
        folds=4,
        keep=lambda columns: columns["hand"] == "right",
    ),
    WatchSet(
        "ter",
        "TER assembly, right wrist",
        "ter_assembly/ter_assembly_dev_s01-30_right_wrist_50hz.npz",
        "right_wrist",
        prompts.TER,
        "ter",
        most=12,
    ),
    WatchSet(
        "weda",
        "WEDA watch, daily actions",
        "weda_fall/weda_fall_50hz.npz",
        "right_wrist",
        prompts.WEDA,
        "weda",
        keep=lambda columns: columns["code"].startswith("D"),
    ),
    WatchSet(
        "smartfallmm-right",
        "SmartFallMM right sensor, daily actions",
        "smartfallmm/smartfallmm_right_metawrist_acc_50hz.npz",
        "right_wrist",
        prompts.SMARTFALLMM,
        SMARTFALLMM,
        keep=_is_no_fall,
        people=_seen_by_all,
        skeletons="in-domain, SmartFallMM right",
        mount=SMARTFALLMM_MOUNT,
    ),
    WatchSet(
        "smartfallmm-left",
        "SmartFallMM left watch (32 Hz), daily actions",
        "smartfallmm/smartfallmm_left_watch_acc_32hz.npz",
        "left_wrist",
        prompts.SMARTFALLMM,
        SMARTFALLMM,
        rate=50.0,
        keep=_is_no_fall,
        people=_seen_by_all,
        skeletons="in-domain, SmartFallMM left",
    ),
    WatchSet(
        "selfback",
        "SELFBACK wrist",
        "selfback_wrist/selfback_wrist_50hz.npz",
        "right_wrist",
        prompts.SELFBACK,
        "selfback",
    ),
)

WATCHES: Mapping[str, WatchSet] = {one.key: one for one in _SETS}
