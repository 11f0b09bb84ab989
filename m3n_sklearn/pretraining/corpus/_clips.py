"""From motions to the windows of a corpus: mirrored, named, simulated and cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...motion import Motion
from ...recording import Recording, cut
from ...simulation import SMPLIMUSimulator
from ...windows import Windows
from ._mirror import mirrored_caption
from ._plan import Plan

__all__ = ["Names", "Tally", "chunks", "clips_of", "cut_clips"]

JOINTS = 24
"""Joints of the poses: SMPL's body. Hands of other models are left out."""


class Tally:
    """Counts of the motions that were left out."""

    def __init__(self) -> None:
        self.unmirrored = 0
        self.too_short = 0

    def record(self) -> dict[str, int]:
        """Return the entries of the manifest."""
        return {"not_mirrored": self.unmirrored, "too_short": self.too_short}


class Names:
    """Unique names of motions and their mirror images."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self.repeated = Counter[str]()

    def unique(self, name: str, plan: Plan) -> str:
        """Return the name, with a number where it is taken."""
        chosen = name
        while not self.taken.isdisjoint(versions := _version_names(chosen, plan)):
            self.repeated[name] += 1
            chosen = f"{name}#{self.repeated[name] + 1}"
        self.taken.update(versions)
        return chosen


def _version_names(prefix: str, plan: Plan) -> list[str]:
    """Return the names of a motion and of its mirror image."""
    return [prefix, f"{prefix}~mirrored"] if plan.mirror else [prefix]


def chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Split anything into lists."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


def clips_of(motion: Motion, prefix: str, plan: Plan, tally: Tally) -> list[Motion]:
    """Return a motion and its mirror image, with the names that random draws are keyed by."""
    facts = {
        name: None if values is None else _columns(values)
        for name, values in (("observed", motion.observed), ("confidence", motion.confidence))
    }
    body = motion.replace(poses=_body(motion.poses), **facts)
    versions = [body]
    if plan.mirror:
        captions = [mirrored_caption(sentence) for sentence in body.text]
        if None in captions:
            tally.unmirrored += 1
        else:
            versions.append(body.mirrored().replace(text=captions))
    named = zip(versions, _version_names(prefix, plan), strict=False)
    return [version.replace(name=name) for version, name in named]


def _body(poses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep SMPL's 24 joints. Of other trees only the first 22 are the same; hands stay at rest."""
    if poses.shape[1] == JOINTS:
        return poses
    hands = np.zeros((len(poses), JOINTS - 22, 3))
    return np.concatenate([poses[:, :22], hands], axis=1)


def _columns(values: NDArray[Any]) -> NDArray[Any]:
    """Keep the columns of the joints that `_body` keeps; hands get those of the wrists."""
    if values.shape[1] == JOINTS:
        return values
    return np.concatenate([values[:, :22], values[:, 20:22]], axis=1)


def cut_clips(
    clips: list[Motion], simulator: SMPLIMUSimulator | None, plan: Plan, tally: Tally
) -> Windows | None:
    """Simulate clips and cut them, with poses and readings on one clock; None for no window."""
    items: list[Any] = clips
    if simulator is not None:
        items = list(zip(simulator.vary(clips), simulator.simulate(clips), strict=True))
    parts = [part for item in items if (part := _cut(item, plan, tally)) is not None]
    return Windows.concatenate(parts) if parts else None


def _cut(item: Motion | tuple[Motion, Recording], plan: Plan, tally: Tally) -> Windows | None:
    """Cut one clip and add what is known of it; None if it is too short."""
    try:
        X = cut(
            item,
            seconds=plan.seconds,
            overlap=plan.overlap,
            margin=plan.margin,
            short=plan.short,
            imu_rate=plan.rate,
            pose_rate=plan.pose_rate,
            dtype=np.float32,
        ).X
    except ValueError as error:
        if not str(error).startswith("No window"):
            raise
        tally.too_short += 1
        return None
    motion = item if isinstance(item, Motion) else item[0]
    size = len(X)
    words: list[Any] = [motion.text[0] if len(motion.text) == 1 else motion.text or ""] * size
    height = np.nan if motion.stature is None else motion.stature
    kept = [name for name in ("imu", "start", "context") if name in X]
    return Windows(
        rate=X.rates,
        channels=X.channels,
        margin=X.margin,
        pose=X["pose"].astype(np.float32),
        trans=X["trans"].astype(np.float32),
        text=words,
        clip=np.full(size, motion.name),
        sex=np.full(size, motion.sex),
        stature=np.full(size, height, dtype=np.float32),
        **{name: X[name] for name in kept},
    )
