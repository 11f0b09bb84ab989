"""Implausible frames: swapped sides, flipped trunks, misplaced limbs.

A jump is a turn of a bone in the world, or a change of the root's velocity, beyond human limits.
Frames at a jump, and short bursts between two jumps, are marked as not observed and replaced.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.interpolate import Akima1DInterpolator

from ..._typing import Array, Mask
from ...skeleton import SMPL_JOINTS, SMPL_PARENTS, hemisphere_align

__all__ = ["CONTEXT", "bridged", "plausible_frames"]

JUMP_SECONDS = 0.1
"""Seconds over which jumps are sought as well: trackers that smooth spread a jump over frames."""

TRUNK_LIMIT = np.deg2rad(30.0), 14.0
"""Largest turn of trunk and head between two frames: a constant in rad, plus a speed in rad/s times
the time between them. Gymnasts and dancers turn by up to 16 rad/s, which is 1.6 rad in 0.1 s. The
limit is 1.9 rad."""

LIMB_LIMIT = np.deg2rad(60.0), 40.0
"""The same for arms and legs, whose joints turn by up to 2300 degrees/s in throws and kicks."""

ROOT_LIMIT = 0.3, 80.0
"""Largest change of the root's step from frame to frame: a constant in m, plus an acceleration in
m/s² times the square of the time between. Only the change is limited: while riding, sliding or
falling, steps are steady but may have any length."""

JITTER_FACTOR, JITTER_CEILING = 8.0, 1.7
"""Turns and changes of root steps up to 8 times the median of their clip are plausible, but turns
only up to 1.7 times their limit. Roots and the short bones of trunks may jitter all the time. Such
jitter is left to the smoother."""

LONGEST_BURST, LONGEST_END_BURST = 0.5, 0.2
"""Longest burst of errors in s: an interval between two jumps, or between a jump and an end of the
clip. Longer intervals are kept, because the data do not show which side is wrong."""

CONTEXT = 2 * LONGEST_BURST + JUMP_SECONDS
"""Seconds before and after a frame on which its plausibility depends."""

_SIDES = ("left", "right")
PARTS = {
    "trunk": (("pelvis", "spine3"), tuple(SMPL_JOINTS)),
    "head": (("head",), ("neck", "head")),
    **{
        f"{side} {part}": tuple(
            tuple(f"{side}_{joint}" for joint in joints.split()) for joints in (tested, affected)
        )
        for side in _SIDES
        for part, tested, affected in (
            ("arm", "shoulder elbow", "collar shoulder elbow wrist hand"),
            ("leg", "hip knee", "hip knee ankle foot"),
        )
    },
}
"""Bones whose turns in the world are tested, and the joints that are implausible if one jumps.

Turns in the world do not depend on how they are distributed over the joints of a spine. Hands and
feet are ignored: their bones are short and files contain arbitrary values."""

AXES = {f"{side} {part}": axis for side in _SIDES for part, axis in (("arm", 0), ("leg", 1))}
"""Axis along which the bones of a limb lie in SMPL's rest pose."""

CHAINS = {
    SMPL_JOINTS.index(joint): int(SMPL_PARENTS[SMPL_JOINTS.index(joint)])
    for joint in (
        *("spine1", "spine2", "spine3", "neck", "head"),
        *(f"{side}_{joint}" for side in _SIDES for joint in ("collar", "shoulder", "elbow")),
        *(f"{side}_{joint}" for side in _SIDES for joint in ("hip", "knee")),
    )
}
"""Joints on the way from the root to the bones of `PARTS` and their parents; parents first."""


class _Jump(NamedTuple):
    """A jump between two frames of a clip."""

    first: int
    last: int
    moves: bool  # whether the part is in another place after it, so that it can bound a burst


def plausible_frames(times: Array, quats: Array, trans: Array) -> Mask | None:
    """Find the frames in which a body can have moved each joint to its place.

    Parameters
    ----------
    times : ndarray of shape (F,)
        Increasing time stamps in s.
    quats : ndarray of shape (F, B, J, 4)
        Local rotations of B clips as unit quaternions, in SMPL's order.
    trans : ndarray of shape (F, B, 3)
        Root translations in m.

    Returns
    -------
    ndarray of bool, shape (F, B, J), or None
        False in the frames around a jump, and in bursts between jumps. A jump of the trunk makes
        all joints implausible, and a jump of a limb those of that limb. None: no jump.
    """
    # 1. Global rotations of the bones
    joints = quats.shape[2]
    if len(times) < 3 or joints <= max(CHAINS):
        return None
    turned = {0: np.moveaxis(quats[:, :, 0], -1, 0)}
    for joint, parent in CHAINS.items():
        turned[joint] = _product(turned[parent], np.moveaxis(quats[:, :, joint], -1, 0))

    # 2. Jumps of each part
    plausible = None
    for part, (bones, affected) in PARTS.items():
        rotations = np.stack([turned[SMPL_JOINTS.index(bone)] for bone in bones])
        indices = [SMPL_JOINTS.index(j) for j in affected if SMPL_JOINTS.index(j) < joints]
        # 3. Mark the frames at jumps and in bursts
        for clip, jumps in _jumps_of(part, rotations, times, trans).items():
            if plausible is None:
                plausible = np.ones(quats.shape[:3], dtype=bool)
            for first, last in _bursts(sorted(jumps), times):
                if part == "trunk":  # all joints, those beyond SMPL's included
                    plausible[first : last + 1, clip] = False
                else:
                    plausible[first : last + 1, clip, indices] = False
    return plausible


def _jumps_of(part: str, rotations: Array, times: Array, trans: Array) -> dict[int, list[_Jump]]:
    """Find the jumps of a part by clip, from the global rotations (P, 4, F, B) of its bones."""
    jumps: dict[int, list[_Jump]] = {}
    median_step = float(np.median(np.diff(times)))
    spread = min(max(1, round(JUMP_SECONDS / median_step)), len(times) - 1)
    # from one frame to the next, and over `JUMP_SECONDS`
    for lag in sorted({1, spread}):
        # 1. The limit; skip a part without a turn beyond it, which saves the costly arccos
        slack, speed = TRUNK_LIMIT if part in ("trunk", "head") else LIMB_LIMIT
        limit = slack + speed * (times[lag:] - times[:-lag])[:, None]
        products = np.einsum("pifb,pifb->pfb", rotations[:, :, lag:], rotations[:, :, :-lag])
        cosine = np.abs(products).min(axis=0)
        root_jumps = _root_jumps(times, trans) if part == "trunk" and lag == 1 else None
        within = (cosine >= np.cos(np.minimum(limit, 2 * np.pi) / 2)).all()
        if within and (root_jumps is None or not root_jumps.any()):
            continue
        # 2. Turns beyond the limit, which is higher in clips that jitter
        turns = 2 * np.arccos(np.minimum(cosine, 1.0))
        if part in ("trunk", "head"):
            jitter = np.minimum(JITTER_FACTOR * np.median(turns, axis=0), JITTER_CEILING * limit)
            limit = np.maximum(limit, jitter)
        is_jump = turns > limit
        if root_jumps is not None:
            is_jump |= root_jumps
        # 3. A limb that only turns about its own axis stays in place
        moves = is_jump
        if part in AXES and is_jump.any():
            along = np.stack([_direction(rotation, AXES[part]) for rotation in rotations])
            aligned = np.sum(along[:, :, lag:] * along[:, :, :-lag], axis=1).min(axis=0)
            moves = np.arccos(np.clip(aligned, -1.0, 1.0)) > limit
        for first, clip in np.argwhere(is_jump).tolist():
            jump = _Jump(first, first + lag, bool(moves[first, clip]))
            jumps.setdefault(clip, []).append(jump)
    return jumps


def _product(left: Array, right: Array) -> Array:
    """Multiply quaternions (4, F, B)."""
    a, b, c, d = left
    w, x, y, z = right
    return np.stack(
        [
            a * w - b * x - c * y - d * z,
            a * x + b * w + c * z - d * y,
            a * y - b * z + c * w + d * x,
            a * z + b * y - c * x + d * w,
        ]
    )


def _root_jumps(times: Array, trans: Array) -> Mask:
    """Find the steps (F - 1, B) of the root that differ too much from the step before or after."""
    steps = np.diff(times)[:, None]
    speeds = np.diff(trans, axis=0) / steps[:, None]
    longer, shorter = np.maximum(steps[1:], steps[:-1]), np.minimum(steps[1:], steps[:-1])
    change = np.linalg.norm(np.diff(speeds, axis=0), axis=2) * shorter
    limit = np.maximum(
        ROOT_LIMIT[0] + ROOT_LIMIT[1] * longer**2, JITTER_FACTOR * np.median(change, axis=0)
    )
    is_jump = np.zeros(speeds.shape[:2], dtype=bool)
    is_jump[1:] = change > limit
    is_jump[:-1] |= change > limit
    return is_jump


def _bursts(jumps: list[_Jump], times: Array) -> Iterator[tuple[int, int]]:
    """Yield the first and last frame of each jump, and of short intervals between two of them."""
    yield from ((jump.first, jump.last) for jump in jumps)
    bounds = [(jump.first, jump.last) for jump in jumps if jump.moves]
    edges = [(0, 0), *bounds, (len(times) - 1, len(times) - 1)] if bounds else []
    for i, ((_, before), (after, _)) in enumerate(pairwise(edges)):
        longest = LONGEST_END_BURST if i in (0, len(bounds)) else LONGEST_BURST
        if after > before and times[after] - times[before] <= longest:
            yield before, after


def _direction(quat: Array, axis: int) -> Array:
    """Return the direction (3, F, B) of a bone's x (0) or y axis (1), from unit quaternions."""
    w, x, y, z = quat
    if axis == 0:
        return np.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)])
    return np.stack([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)])


def bridged(times: Array, quats: Array, trans: Array, plausible: Mask) -> tuple[Array, Array]:
    """Replace implausible frames by interpolation between their nearest plausible frames.

    Parameters
    ----------
    times : ndarray of shape (F,)
        Increasing time stamps in s.
    quats : ndarray of shape (F, B, J, 4)
        Unit quaternions.
    trans : ndarray of shape (F, B, 3)
        Root translations in m.
    plausible : ndarray of bool, shape (F, B, J)
        Frames to keep, by joint. The translation is kept where the root's rotation is.

    Returns
    -------
    quats, trans : ndarray
        Before the first and after the last plausible frame, that frame is repeated. A joint
        without any plausible frame is returned as it is.
    """
    quats, trans = quats.copy(), trans.copy()
    replace = ~plausible
    for clip, joint in np.argwhere(replace.any(axis=0) & plausible.any(axis=0)).tolist():
        gaps = np.flatnonzero(replace[:, clip, joint])
        kept = np.flatnonzero(plausible[:, clip, joint])
        known = hemisphere_align(quats[kept, clip, joint])
        filled = _through(times[kept], known, times[gaps])
        quats[gaps, clip, joint] = filled / np.linalg.norm(filled, axis=1, keepdims=True)
        if joint == 0:
            trans[gaps, clip] = _through(times[kept], trans[kept, clip], times[gaps])
    return quats, trans


def _through(times: Array, values: Array, wanted: Array) -> Array:
    """Interpolate by modified Akima splines, which do not overshoot, and repeat the edge values."""
    inside = np.clip(wanted, times[0], times[-1])
    if len(times) < 2:
        return np.repeat(values, len(wanted), axis=0)
    result: Array = Akima1DInterpolator(times, values, method="makima")(inside)
    return result
