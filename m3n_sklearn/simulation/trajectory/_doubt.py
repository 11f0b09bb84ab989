"""Frames that no body produces: swapped sides, flipped trunks, misplaced limbs.

A jump is a turn of a bone in the world, or a change of the root's velocity, beyond human limits.
Frames at a jump, and short bursts between two jumps, are marked as not observed and bridged.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from scipy.interpolate import Akima1DInterpolator

from ..._typing import Array, Mask
from ...skeleton import SMPL_JOINTS, SMPL_PARENTS, hemisphere_align

__all__ = ["CONTEXT", "believable_frames", "bridged"]

JUMP_SECONDS = 0.1
"""Seconds. Trackers that smooth their output spread a jump over several frames."""

TRUNK_LIMIT = np.deg2rad(30.0), 14.0
"""Largest turn of trunk and head between two frames: rad, and rad/s times the time between.
Gymnasts and dancers turn by up to 16 rad/s, of which 0.1 s keep clear."""

LIMB_LIMIT = np.deg2rad(60.0), 40.0
"""The same for arms and legs: their joints turn by up to 2300 degrees/s in throws and kicks."""

ROOT_LIMIT = 0.3, 80.0
"""Largest change of the root's step from frame to frame: m, and m/s² times the square of the time
between. Who rides, slides or falls has steady steps of any length."""

JITTER_FACTOR, JITTER_CEILING = 8.0, 1.7
"""Times the median change of a clip, and times the limit for turns at most: roots and the short
bones of trunks may jitter all the time, which is a matter of smoothing."""

LONGEST_BURST, LONGEST_END_BURST = 0.5, 0.2
"""Seconds. What lies between two jumps, or between a jump and an end of the clip, and takes no
longer than that is a burst of errors. What takes longer stays: nobody knows which side is wrong."""

CONTEXT = 2 * LONGEST_BURST + JUMP_SECONDS
"""Seconds on either side that decide about a frame."""

_SIDES = ("left", "right")
PARTS = {
    "trunk": (("pelvis", "spine3"), tuple(SMPL_JOINTS)),
    "head": (("head",), ("neck", "head")),
    **{
        f"{side} {part}": tuple(
            tuple(f"{side}_{joint}" for joint in joints.split()) for joints in (turning, lost)
        )
        for side in _SIDES
        for part, turning, lost in (
            ("arm", "shoulder elbow", "collar shoulder elbow wrist hand"),
            ("leg", "hip knee", "hip knee ankle foot"),
        )
    },
}
"""Bones whose turns in the world are looked at, and joints that are lost if they jump.

Turns in the world do not depend on how they are split up between the joints of a spine. Hands and
feet, whose bones are short and of which files hold anything, are not looked at."""

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
"""Joints that lead to these bones, parents first."""


def believable_frames(times: Array, quats: Array, trans: Array) -> Mask | None:
    """Find the frames in which each joint is where a body can have moved it.

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
        False in the frames around a jump, and in bursts between jumps. A jump of the trunk is
        one of all joints; one of a limb is one of that limb. None: no jump.
    """
    # 1. Global rotations of the bones
    if len(times) < 3:
        return None
    joints = quats.shape[2]
    if joints <= max(CHAINS):
        return None
    turned = {0: np.moveaxis(quats[:, :, 0], -1, 0)}
    for joint, parent in CHAINS.items():
        turned[joint] = _product(turned[parent], np.moveaxis(quats[:, :, joint], -1, 0))

    # 2. Jumps of each part, from one frame to the next and over `JUMP_SECONDS`
    good = None
    usual = float(np.median(np.diff(times)))
    for part, (bones, lost) in PARTS.items():
        looked_at = np.stack([turned[SMPL_JOINTS.index(bone)] for bone in bones])
        jumps: dict[int, list[tuple[int, int, bool]]] = {}
        for lag in sorted({1, min(max(1, round(JUMP_SECONDS / usual)), len(times) - 1)}):
            apart = (times[lag:] - times[:-lag])[:, None]
            products = np.einsum("pifb,pifb->pfb", looked_at[:, :, lag:], looked_at[:, :, :-lag])
            cosine = np.abs(products).min(axis=0)
            slack, speed = TRUNK_LIMIT if part in ("trunk", "head") else LIMB_LIMIT
            limit = slack + speed * apart
            leaps = _leaps(times, trans) if part == "trunk" and lag == 1 else None
            if (leaps is None or not leaps.any()) and (
                cosine >= np.cos(np.minimum(limit, 2 * np.pi) / 2)
            ).all():
                continue
            turns = 2 * np.arccos(np.minimum(cosine, 1.0))
            if part in ("trunk", "head"):
                jitter = np.minimum(
                    JITTER_FACTOR * np.median(turns, axis=0), JITTER_CEILING * limit
                )
                limit = np.maximum(limit, jitter)
            wild = turns > limit
            elsewhere = wild
            if leaps is not None:
                wild |= leaps
            elif part in AXES and wild.any():
                # a limb that only flips about its own axis keeps its place
                along = np.stack([_direction(turn, AXES[part]) for turn in looked_at])
                aligned = np.sum(along[:, :, lag:] * along[:, :, :-lag], axis=1).min(axis=0)
                elsewhere = np.arccos(np.clip(aligned, -1.0, 1.0)) > limit
            for first, clip in np.argwhere(wild).tolist():
                jump = (first, first + lag, bool(elsewhere[first, clip]))
                jumps.setdefault(clip, []).append(jump)

        # 3. Mark the frames at jumps and in bursts
        for clip, found in jumps.items():
            if good is None:
                good = np.ones(quats.shape[:3], dtype=bool)
            known = [SMPL_JOINTS.index(j) for j in lost if SMPL_JOINTS.index(j) < joints]
            for first, last in _bursts(sorted(found), times):
                if part == "trunk":
                    good[first : last + 1, clip] = False
                else:
                    good[first : last + 1, clip, known] = False
    return good


def _product(left: Array, right: Array) -> Array:
    """Products of quaternions (4, F, B)."""
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


def _leaps(times: Array, trans: Array) -> Mask:
    """Find the steps (F - 1, B) of the root that leave the path before and after."""
    steps = np.diff(times)[:, None]
    speeds = np.diff(trans, axis=0) / steps[:, None]
    longer, shorter = np.maximum(steps[1:], steps[:-1]), np.minimum(steps[1:], steps[:-1])
    change = np.linalg.norm(np.diff(speeds, axis=0), axis=2) * shorter
    limit = np.maximum(
        ROOT_LIMIT[0] + ROOT_LIMIT[1] * longer**2, JITTER_FACTOR * np.median(change, axis=0)
    )
    wild = np.zeros(speeds.shape[:2], dtype=bool)
    wild[1:] = change > limit
    wild[:-1] |= change > limit
    return wild


def _bursts(jumps: list[tuple[int, int, bool]], times: Array) -> Iterator[tuple[int, int]]:
    """First and last frame of each jump, and of what lies briefly between two of them."""
    yield from ((first, last) for first, last, _ in jumps)
    far = [(first, last) for first, last, elsewhere in jumps if elsewhere]
    edges = [(0, 0), *far, (len(times) - 1, len(times) - 1)] if far else []
    for i, ((_, before), (after, _)) in enumerate(pairwise(edges)):
        longest = LONGEST_END_BURST if i in (0, len(far)) else LONGEST_BURST
        if after > before and times[after] - times[before] <= longest:
            yield before, after


def _direction(quat: Array, axis: int) -> Array:
    """Where an axis of a bone points: (3, F, B) of quaternions (4, F, B)."""
    w, x, y, z = quat
    if axis == 0:
        return np.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)])
    return np.stack([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)])


def bridged(times: Array, quats: Array, trans: Array, good: Mask) -> tuple[Array, Array]:
    """Replace frames by what lies between their good neighbors.

    Parameters
    ----------
    times : ndarray of shape (F,)
        Increasing time stamps in s.
    quats : ndarray of shape (F, B, J, 4)
        Unit quaternions.
    trans : ndarray of shape (F, B, 3)
        Root translations in m.
    good : ndarray of bool, shape (F, B, J)
        Frames to keep, joint by joint; the root's count for the translation, too.

    Returns
    -------
    quats, trans : ndarray
        On smooth curves without overshoot; the edges are held. What is never good is kept.
    """
    quats, trans = quats.copy(), trans.copy()
    lost = ~good
    for clip, joint in np.argwhere(lost.any(axis=0) & good.any(axis=0)).tolist():
        bad, kept = np.flatnonzero(lost[:, clip, joint]), np.flatnonzero(good[:, clip, joint])
        known = hemisphere_align(quats[kept, clip, joint])
        filled = _through(times[kept], known, times[bad])
        quats[bad, clip, joint] = filled / np.linalg.norm(filled, axis=1, keepdims=True)
        if joint == 0:
            trans[bad, clip] = _through(times[kept], trans[kept, clip], times[bad])
    return quats, trans


def _through(times: Array, values: Array, wanted: Array) -> Array:
    """Interpolate by modified Akima splines, which do not overshoot; the edges are held."""
    inside = np.clip(wanted, times[0], times[-1])
    if len(times) < 2:
        return np.repeat(values, len(wanted), axis=0)
    result: Array = Akima1DInterpolator(times, values, method="makima")(inside)
    return result
