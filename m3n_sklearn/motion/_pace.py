"""Whether a clip can be as fast as its frame rate says: bodies have limits."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .proportions import reference_joints
from .rotations import matrix_from_rotvec
from .skeleton import SMPL_JOINTS, SMPL_PARENTS

__all__ = ["warn_if_hasty"]

Array = NDArray[np.float64]

SPAN = 0.05
"""Seconds over which velocities are taken: jitter of cameras averages out, motion does not."""
MOST, FEWEST = 200, 10
"""Moments that are looked at in a long clip, and that a short one must have."""
GRAVITY = 9.81
LIMITS = {
    "pelvis": (0.75, 2.0),
    "left_ankle": (0.75, 6.0),
    "right_ankle": (0.75, 6.0),
    "left_wrist": (0.9, 14.0),
    "right_wrist": (0.9, 14.0),
}
"""Accelerations in g that are not exceeded in such a part of a clip.

A quarter above the largest of 1,097 clips of motion capture and depth cameras, from standing still
to sprints, jumps, kicks and fast dances.
"""


def warn_if_hasty(poses: Array, trans: Array, times: Array, *, stacklevel: int = 2) -> None:
    """Warn if a body accelerates like nobody does, as with a frame rate that is too high.

    A rate that is too high by a factor of k raises accelerations by its square. Running and
    jumping are recognised at twice the rate, walking at three times, and most other motion at
    four times; quiet motion passes at any rate, and so does a rate that is too low, which looks
    like slow motion.

    Parameters
    ----------
    poses : ndarray of shape (F, J, 3)
        Local rotations as axis-angle vectors.
    trans : ndarray of shape (F, 3)
        Translation in m.
    times : ndarray of shape (F,)
        Seconds.
    stacklevel : int, default=2
        Whose line the warning names.
    """
    if len(times) < FEWEST + 2:
        return
    step = float(np.median(np.diff(times)))
    apart = max(int(np.ceil(SPAN / step - 0.01)), 1)
    if len(times) < FEWEST + 2 * apart:
        return
    count = min(len(times) - 2 * apart, MOST)
    middle = np.linspace(apart, len(times) - apart - 1, count).astype(int)
    around = np.stack([middle - apart, middle, middle + apart])
    steps = np.diff(times[around], axis=0)[..., None]
    for joint, places in _places(poses[around], trans[around]).items():
        speeds = np.diff(places, axis=0) / steps
        strength = np.linalg.norm(2 * np.diff(speeds, axis=0)[0] / steps.sum(axis=0), axis=-1)
        part, limit = LIMITS[joint]
        found = float(np.quantile(strength, part)) / GRAVITY
        if found > limit:
            warnings.warn(
                f"The {joint.replace('_', ' ')} accelerates by more than {found:.3g} g during "
                f"{1 - part:.0%} of the clip; people reach {limit:g} g. Is the frame rate of "
                f"{1 / step:.4g} Hz too high, or do the poses jitter?",
                UserWarning,
                stacklevel=stacklevel + 1,
            )
            return


def _places(poses: Array, trans: Array) -> dict[str, Array]:
    """Positions of the limits' joints on an average adult, from their ends to the root."""
    rest = reference_joints(1.7)
    turning = sorted({joint for chain in _CHAINS.values() for joint in chain[1:]})
    turns = dict(
        zip(turning, np.moveaxis(matrix_from_rotvec(poses[..., turning, :]), -3, 0), strict=True)
    )
    places = {}
    for name, chain in _CHAINS.items():
        vector = np.zeros(3)
        for joint, parent in pairwise(chain):
            vector = np.einsum(
                "...ij,...j->...i", turns[parent], rest[joint] - rest[parent] + vector
            )
        places[name] = trans + vector
    return places


def _to_root(joint: int) -> list[int]:
    chain = [joint]
    while chain[-1] > 0:
        chain.append(int(SMPL_PARENTS[chain[-1]]))
    return chain


_CHAINS = {name: _to_root(SMPL_JOINTS.index(name)) for name in LIMITS}
