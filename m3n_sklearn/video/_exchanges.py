"""Left and right exchanged by the network for a stretch of frames, repaired by continuity.

Derivation
----------
Let x_t be the landmarks of a group of limbs in frame t, and S x_t the same with left and right
exchanged. Arms and legs are two groups, because networks exchange them apart. Their states
s_t in {0, 1} in all frames minimize, summed over both groups,

    sum_t |S^(s_t) x_t - S^(s_{t-1}) x_{t-1}| + SWITCH [s_t != s_{t-1}] + RATE sum_t s_t dt

plus ``TWIST max(0, -cos a_t)``, where a_t is the angle between the lines across hips and shoulders.
The norm is the mean distance of the landmarks. RATE decides which of two stretches is the wrong
one. TWIST says that a trunk is not turned by more than a right angle. The minimum is found by
dynamic programming (Viterbi) over the four states of both groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from ..skeleton import joint_columns, normalize

__all__ = ["Repair", "repair_exchanges"]

DEPTH_WEIGHT = 0.5
"""Weight of the distance from the camera: it is uncertain, and flips when sides are exchanged."""

SWITCH = 0.06
"""Cost in m of a switch from one state to the other: as much as limbs must gain in continuity."""

RATE = 0.05
"""Cost in m of a second in the exchanged state."""

TWIST = 0.03
"""Cost in m of a frame in which shoulders and hips face opposite ways."""

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
    pairs = [
        (_columns(columns, "left", group), _columns(columns, "right", group)) for group in GROUPS
    ]
    across = [
        world[:, list(columns[f"left_{joint}"])].mean(axis=1)
        - world[:, list(columns[f"right_{joint}"])].mean(axis=1)
        for joint in ("shoulder", "hip")
    ]
    cosine = np.sum(normalize(across[0]) * normalize(across[1]), axis=-1)
    steps = [_steps(world[:, left], world[:, right]) for left, right in pairs]
    states = _best_states(steps, cosine, np.diff(times))
    for number, (left, right) in enumerate(pairs):
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


def _steps(left: Array, right: Array) -> Array:
    """Return the cost (F - 1, 2) of each step if a group's state stays, and if it changes."""
    pair = np.stack([left, right], axis=1) * np.array([1.0, 1.0, DEPTH_WEIGHT])
    stay = np.linalg.norm(pair[1:] - pair[:-1], axis=-1).mean(axis=(1, 2))
    change = np.linalg.norm(pair[1:, ::-1] - pair[:-1], axis=-1).mean(axis=(1, 2)) + SWITCH
    return np.stack([stay, change], axis=1)


def _best_states(steps: Sequence[Array], cosine: Array, intervals: Array) -> NDArray[np.bool_]:
    """Return the states (F, 2) of arms and legs with the least cost."""
    count = len(cosine)
    both = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    # 1. Cost of being in a state: exchanging one group alone turns its line across the body
    sign = np.where(both[:, 0] == both[:, 1], 1.0, -1.0)
    twisted = TWIST * np.maximum(0.0, -sign * cosine[:, None])
    longer = np.concatenate([[0.0], intervals])[:, None] * both.sum(axis=1) * RATE
    own = twisted + longer
    # 2. Least cost up to each frame and state, and the state before it
    changed = both[:, None] != both[None]  # (now, before, group)
    cost, came_from = own[0], np.zeros((count, len(both)), dtype=np.intp)
    for frame in range(1, count):
        moves = sum(
            np.where(changed[..., group], each[frame - 1, 1], each[frame - 1, 0])
            for group, each in enumerate(steps)
        )
        options = cost[None] + moves
        came_from[frame] = options.argmin(axis=1)
        cost = options.min(axis=1) + own[frame]
    # 3. Back from the best last state
    path = np.zeros(count, dtype=np.intp)
    path[-1] = cost.argmin()
    for frame in range(count - 1, 0, -1):
        path[frame - 1] = came_from[frame, path[frame]]
    return both[path].astype(bool)
