"""The skeleton of a source and its motion, by SMPL's joints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .._typing import Array
from ..skeleton import CHILD, SkeletonMap, quat_multiply, quat_rotate

__all__ = ["Source", "Track", "child_of"]

CARRIERS = ("hip", "knee", "shoulder", "elbow")
"""Joints whose bone some skeletons split lengthwise in two, one that bends and one that rolls."""


@dataclass(frozen=True)
class Track:
    """Global rotations and positions of a source's joints, in its own world."""

    rotations: Mapping[int, Array]  # (F, 4) by index of the source joint
    places: Mapping[str, Array]  # (F, 3) by SMPL joint

    def of(self, frames: slice) -> Track:
        """Return some of the frames."""
        return Track(
            {joint: rotation[frames] for joint, rotation in self.rotations.items()},
            {joint: place[frames] for joint, place in self.places.items()},
        )

    def scaled(self, factor: float) -> Track:
        """Return the track in another unit of length."""
        return Track(
            self.rotations, {joint: factor * place for joint, place in self.places.items()}
        )


@dataclass(frozen=True)
class Source:
    """The tree of a source, and its correspondence to SMPL's joints."""

    names: list[str]
    parents: list[int]  # -1 for the root; parents come first
    skeleton: SkeletonMap

    @cached_property
    def index(self) -> dict[str, int]:
        """Index of the source joint by SMPL joint; only hands and feet may be missing."""
        # a namespace, as in mixamorig:Hips, need not be given
        backwards = [*enumerate(self.names)][::-1]
        places = {name.rpartition(":")[2]: at for at, name in backwards} | {
            name: at for at, name in backwards
        }
        found = {
            joint: places.get(source, places.get(source.rpartition(":")[2]))
            for joint, source in self.skeleton.joints.items()
        }
        missing = [
            self.skeleton.joints[joint]
            for joint, place in found.items()
            if place is None and not joint.endswith(("_hand", "_foot"))
        ]
        if missing:
            raise ValueError(f"The skeleton lacks the joints {missing}; it has {self.names}.")
        return {joint: place for joint, place in found.items() if place is not None}

    @cached_property
    def carriers(self) -> dict[str, int]:
        """Source joint, by SMPL joint, whose rotation is that of its bone's far end."""
        carriers = dict(self.index)
        for joint in [] if self.skeleton.axes else self.index:
            child = child_of(joint)
            if joint.partition("_")[2] in CARRIERS and child in self.index:
                carriers[joint] = self.parents[self.index[child]]
        return carriers

    def check_chains(self) -> None:
        """Check that each limb joint is an ancestor of the next one."""
        for joint, start in self.index.items():
            end = self.index.get(child_of(joint), start)
            while end > start:
                end = self.parents[end]
            if end != start:
                raise ValueError("The skeleton's joints do not form the chains of SMPL's tree.")

    def needed(self) -> list[int]:
        """Return the mapped joints and all their ancestors, parents first."""
        needed: set[int] = set()
        for joint in (*self.index.values(), *self.carriers.values()):
            while joint >= 0 and joint not in needed:
                needed.add(joint)
                joint = self.parents[joint]
        return sorted(needed)

    def follow(self, quats: Array, steps: Array) -> Track:
        """Return the track of local rotations (F, J, 4) and positions (F, J, 3) or (J, 3)."""
        rotations: dict[int, Array] = {}
        positions: dict[int, Array] = {}
        for joint in self.needed():
            parent, step = self.parents[joint], steps[..., joint, :]
            if parent < 0:
                rotations[joint] = quats[:, joint]
                positions[joint] = np.broadcast_to(step, (len(quats), 3))
            else:
                rotations[joint] = quat_multiply(rotations[parent], quats[:, joint])
                positions[joint] = positions[parent] + quat_rotate(rotations[parent], step)
        return Track(rotations, {joint: positions[at] for joint, at in self.index.items()})

    def bone(self, offsets: Array, start: int, end: int) -> Array:
        """Return the vector (3,) between two joints in the first one's frame, others at rest."""
        total = np.zeros(3)
        while end > start:
            total, end = total + offsets[end], self.parents[end]
        return total


def child_of(joint: str) -> str:
    """Return the next joint along a limb, or an empty string."""
    side, _, part = joint.partition("_")
    return f"{side}_{CHILD[part]}" if part in CHILD else ""
