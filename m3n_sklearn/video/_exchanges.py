"""Left and right exchanged by the network for a stretch of frames, repaired by continuity.

Derivation
----------
For one group of limbs, let x_t be its landmarks in frame t and S x_t the same with left and right
exchanged. The states s_t in {0, 1} of all frames minimize

    sum_t |S^(s_t) x_t - S^(s_{t-1}) x_{t-1}| + SWITCH [s_t != s_{t-1}] + RATE sum_t s_t dt

found by dynamic programming (Viterbi). The norm is the mean distance of the landmarks. The last
term decides which of two long stretches is the wrong one. Arms and legs are repaired apart, because
networks exchange them apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from ..skeleton import joint_columns

__all__ = ["Repair", "repair_exchanges"]

DEPTH_WEIGHT = 0.5
"""Weight of the distance from the camera: it is uncertain, and flips when sides are exchanged."""

SWITCH = 0.06
"""Cost in m of a switch from one state to the other: as much as limbs must gain in continuity."""

RATE = 0.01
"""Cost in m of a second in the exchanged state."""

GROUPS = (
    ("shoulder", "elbow", "wrist", "hand"),
    ("hip", "knee", "ankle", "foot"),
)
"""Joints whose landmarks are exchanged together."""


class Repair(NamedTuple):
    """Repaired landmarks, and where they were exchanged."""

    world: Array  # (F, K, 3)
    visibility: Array  # (F, K)
    exchanged: NDArray[np.bool_]  # (F, groups)


def repair_exchanges(world: Array, visibility: Array, times: Array, layout: str) -> Repair:
    """Give the landmarks of exchanged limbs to the other side."""
    fixed, seen = world.copy(), visibility.copy()
    columns = joint_columns(layout, world.shape[1])[1]
    states = np.zeros((len(world), len(GROUPS)), dtype=bool)
    for number, group in enumerate(GROUPS):
        left, right = (_columns(columns, side, group) for side in ("left", "right"))
        states[:, number] = _exchanged(world[:, left], world[:, right], times)
        rows = np.flatnonzero(states[:, number])[:, None]
        for array in (fixed, seen):
            array[rows, left], array[rows, right] = array[rows, right], array[rows, left]
    return Repair(fixed, seen, states)


def _columns(
    columns: Mapping[str, Sequence[int]], side: str, joints: Sequence[str]
) -> NDArray[np.intp]:
    """Return the columns of some joints on one side."""
    names = [f"{side}_{joint}" for joint in joints if f"{side}_{joint}" in columns]
    return np.array([column for name in names for column in columns[name]], dtype=np.intp)


def _exchanged(left: Array, right: Array, times: Array) -> NDArray[np.bool_]:
    """Tell in which frames (F,) two sides (F, n, 3) are exchanged."""
    count = len(left)
    scale = np.array([1.0, 1.0, DEPTH_WEIGHT])
    pair = np.stack([left, right], axis=1) * scale
    # 1. Cost of each step if the state stays, and if it changes
    stay = np.linalg.norm(pair[1:] - pair[:-1], axis=-1).mean(axis=(1, 2))
    change = np.linalg.norm(pair[1:, ::-1] - pair[:-1], axis=-1).mean(axis=(1, 2)) + SWITCH
    steps = np.diff(times)
    # 2. Least cost up to each frame and state, and the state before it
    cost = np.zeros(2)
    came_from = np.zeros((count, 2), dtype=np.intp)
    for frame in range(1, count):
        options = np.array(
            [
                [cost[0] + stay[frame - 1], cost[1] + change[frame - 1]],
                [cost[0] + change[frame - 1], cost[1] + stay[frame - 1]],
            ]
        )
        came_from[frame] = options.argmin(axis=1)
        cost = options.min(axis=1) + np.array([0.0, RATE * steps[frame - 1]])
    # 3. Back from the best last state
    states = np.zeros(count, dtype=bool)
    state = int(cost.argmin())
    for frame in range(count - 1, -1, -1):
        states[frame] = state == 1
        state = int(came_from[frame, state])
    return states
