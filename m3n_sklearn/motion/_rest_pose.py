"""Detection of rest-pose frames that a converter has added to the ends of a clip.

Converters put a T-pose before or after the recorded motion: one frame or several, followed by a
jump or a short blend into the motion. Differentiated, such a jump is an acceleration of
thousands of m/s^2, so readers leave these frames out.

Method
------
The start of a clip is cut if its first pose is a rest pose and the body leaves it in a way that
is not human. The end is treated as the start of the reversed clip.

1. Rest pose (T, A or I): arms straight and in the frontal plane, legs straight and down, left
   the mirror image of right, each within an angle (`Tolerance`). Hands, feet and head are
   ignored.
2. Too fast: within `MAX_BLEND_SECONDS` a limb turns at more than `MAX_LIMB_SPEED`, or the root
   moves at more than `MAX_ROOT_SPEED`.
3. Too abrupt: from a pose as symmetric as a drawn one, both upper arms leave at a mean speed of
   `MIN_ARM_SPEED`, and their acceleration there exceeds all later ones by
   `ARM_ACCELERATION_RATIO`.

The cut ends where the speed has fallen to that of the later motion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from .._warn import warn
from ..skeleton import quat_conjugate, quat_multiply
from ._upright import Limbs, limbs_of

__all__ = ["Cut", "clock_from", "cut_rest_poses", "warn_about_rest_poses"]

# ---- limits of human motion out of a rest pose

MAX_LIMB_SPEED = 25.0
"""Largest plausible speed of a limb, the trunk or the pelvis, in rad/s. Arms reach 10 to 15 rad/s
in punches and dances; only a pitcher's forearm comes near 25."""

MAX_ROOT_SPEED = 15.0
"""Largest plausible speed of the root, in m/s."""

# ---- departure from the rest pose

MAX_BLEND_SECONDS = 0.25
"""Longest blend from the rest pose to the motion, in s."""

HELD_ANGLE = np.deg2rad(3.0)
"""Largest turn of a limb, in rad, while a pose counts as held."""

MIN_JUMP_ANGLE = np.deg2rad(15.0)
"""Smallest turn of a departure, in rad: less is noise at a high frame rate."""

MIN_ARM_SPEED = 3.5
"""Smallest mean speed of both upper arms in a blend, in rad/s. Human arms can be as fast, so a
blend must also be abrupt."""

ARM_ACCELERATION_RATIO = 1.5
"""Smallest ratio of the arms' acceleration around a blend to the largest one in later motion."""

MIN_ARM_ACCELERATION = 60.0
"""Smallest acceleration of an upper arm around a blend, in rad/s^2: 35 m/s^2 at the wrist."""

# ---- end of the departure, as a fraction of its largest speed

BLEND_END_RATIO = 0.4
"""A blend has ended below this fraction, if the later motion is as fast as the blend."""

JUMP_END_RATIO = 0.1
"""A step below this fraction never belongs to a jump or blend."""

UPPER_ARMS = [0, 2]
"""Columns of the upper arms in `Limbs.directions`."""


@dataclass(frozen=True)
class Tolerance:
    """Angles in rad within which limbs form a rest pose: straight, symmetric, upright."""

    symmetry: float
    elbows: float
    knees: float
    depth: float
    straddle: float
    trunk: float


HELD_POSE = Tolerance(*np.deg2rad([12.0, 25.0, 15.0, 20.0, 25.0, 15.0]))
"""A rest pose as people hold it, or a drawn one with legs apart."""
DRAWN_POSE = Tolerance(*np.deg2rad([3.0, 5.0, 5.0, 5.0, 25.0, 5.0]))
"""A drawn rest pose; people do not stand this symmetric and straight."""


@dataclass(frozen=True)
class Cut:
    """The frames of a clip that are motion."""

    start: int  # first frame of the motion
    stop: int  # frame after the last one of the motion
    frames: int  # number of frames in the clip
    speed: float = 0.0  # largest speed of a limb in the frames that are cut off, in rad/s
    # turns in rad at the first or last frame that are not human, although that frame is not a
    # rest pose and is therefore kept
    jumps: tuple[float, ...] = ()

    @property
    def kept(self) -> slice:
        """The frames that are motion."""
        return slice(self.start, self.stop)

    @property
    def left_out(self) -> int:
        """Number of frames that are not motion."""
        return self.frames - (self.stop - self.start)


def cut_rest_poses(poses: Array, trans: Array, times: Array, *, trim: bool = True) -> Cut:
    """Find the motion in poses (F, J, 3) with root (F, 3) and times (F,); `trim`: cut at all."""
    count = len(poses)
    if count < 4 or not trim:
        return Cut(0, count, count)
    # 1. Most clips have no rest pose: look at the first and last two frames only
    ends = [0, 1, -2, -1]
    limbs = limbs_of(poses[ends])
    speeds = _Pace.of(limbs, trans[ends], times[ends]).speeds[[0, -1]]
    if not _rest_poses(limbs, HELD_POSE)[[0, -1]].any() and speeds.max() < MAX_LIMB_SPEED:
        return Cut(0, count, count)
    # 2. Frames to cut at the start, and at the start of the reversed clip
    limbs = limbs_of(poses)
    pace = _Pace.of(limbs, trans, times)
    start = _departure(limbs, pace, times)
    back = _departure(limbs.reversed(), pace.reversed(), times[-1] - times[::-1])
    if start + back > count - 2:
        return Cut(0, count, count)
    # 3. Facts for the warning: the speed in the cut frames, and jumps at frames that are kept
    cut_speeds = np.concatenate([pace.speeds[:start], pace.speeds[count - 1 - back :]])
    jumps = [pace.turns[at] for at, cut in ((0, start), (-1, back)) if not cut and pace.leaps(at)]
    return Cut(start, count - back, count, float(cut_speeds.max(initial=0.0)), tuple(jumps))


def warn_about_rest_poses(cuts: Sequence[Cut]) -> None:
    """Warn once about the frames left out of one or several clips, and say how to keep them."""
    # 1. Frames that were left out, at the start and at the end
    shorter = [cut for cut in cuts if cut.left_out]
    if shorter:
        start = sum(cut.start for cut in shorter)
        end = sum(cut.left_out for cut in shorter) - start
        places = [f"{n} at the {place}" for n, place in ((start, "start"), (end, "end")) if n]
        clips = f" of {len(shorter)} of {len(cuts)} clips" if len(cuts) > 1 else ""
        warn(
            f"Left out {start + end} frame(s){clips}, {' and '.join(places)}: a rest pose such as "
            "a T-pose, and the jump or blend between it and the motion. The body turns at up to "
            f"{max(cut.speed for cut in shorter):.3g} rad/s there. Pass trim_tpose=False to keep "
            "these frames."
        )
    # 2. Jumps at frames that were kept
    jumps = [jump for cut in cuts for jump in cut.jumps]
    if jumps:
        warn(
            f"The body jumps by up to {np.rad2deg(max(jumps)):.0f} degrees between the first or "
            "last frame and its neighbor, and moves steadily otherwise. If that frame is not "
            "motion, remove it with Motion.slice."
        )


def clock_from(first: int, count: int, rate: float) -> dict[str, Any]:
    """Return the argument of `Motion` that keeps frame k of the file at k / rate seconds."""
    if first == 0 or count == 1:
        return {"rate": rate}
    return {"times": (first + np.arange(count)) / rate}


@dataclass(frozen=True)
class _Pace:
    """How fast a body turns and moves from frame to frame."""

    turns: Array  # (F - 1,): turn of the fastest limb, trunk or pelvis, in rad
    speeds: Array  # (F - 1,): the same as a speed, in rad/s
    arms: Array  # (F - 2,): largest acceleration of an upper arm's direction, in rad/s^2
    root: Array  # (F - 1,): speed of the root, in m/s

    @classmethod
    def of(cls, limbs: Limbs, trans: Array, times: Array) -> _Pace:
        """Measure a clip."""
        steps = np.diff(times)
        between = _angles(limbs.directions[:-1], limbs.directions[1:])
        turn = quat_multiply(quat_conjugate(limbs.pelvis[:-1]), limbs.pelvis[1:])
        pelvis = 2 * np.arccos(np.clip(np.abs(turn[:, 0]), 0, 1))
        turns = np.maximum(between.max(axis=1), pelvis)
        root = np.linalg.norm(np.diff(trans, axis=0), axis=-1) / steps
        second = np.diff(limbs.directions[:, UPPER_ARMS], 2, axis=0)
        arms = np.linalg.norm(second, axis=-1).max(axis=1) / np.median(steps) ** 2
        return cls(turns, turns / steps, arms, root)

    @property
    def strain(self) -> Array:
        """Speed relative to the largest plausible one; above 1 it is not human."""
        return np.maximum(self.speeds / MAX_LIMB_SPEED, self.root / MAX_ROOT_SPEED)

    def reversed(self) -> _Pace:
        """Measure the clip that runs backwards."""
        return _Pace(self.turns[::-1], self.speeds[::-1], self.arms[::-1], self.root[::-1])

    def abrupt(self, frames: slice, least: float = 0.0) -> NDArray[np.bool_]:
        """Tell in which of these frames the arms accelerate more than in all later ones."""
        later = self.arms[frames.stop - 1 :].max(initial=0.0)
        around = np.concatenate([[0.0], self.arms, [0.0]])[frames]
        has_later = len(self.arms) > frames.stop
        return np.asarray(has_later & (around > max(least, ARM_ACCELERATION_RATIO * later)))

    def leaps(self, at: int) -> bool:
        """Tell whether a step is faster than human, and the only such step of the clip."""
        others = float(np.delete(self.turns, at).max())
        return bool(
            self.speeds[at] > MAX_LIMB_SPEED and self.turns[at] > max(MIN_JUMP_ANGLE, 4 * others)
        )


def _departure(limbs: Limbs, pace: _Pace, times: Array) -> int:
    """Count the frames at the start that hold a rest pose or blend from it to the motion."""
    if not _rest_poses(limbs, HELD_POSE)[0]:
        return 0
    return _by_speed(limbs, pace, times) or _by_arms(limbs, pace, times)


def _by_speed(limbs: Limbs, pace: _Pace, times: Array) -> int:
    """Count the frames up to the end of a departure that is too fast for a body."""
    # 1. The first step above the limit that begins in the rest pose or in the blend after it
    last_held = _first_false(_rest_poses(limbs, HELD_POSE)) - 1
    departure = slice(0, _until(times, last_held))
    impossible = np.flatnonzero(pace.strain[departure] > 1)
    if len(impossible) == 0:
        return 0
    first = int(impossible[0])
    # 2. Small turns at a high frame rate are noise, however fast
    steps = slice(first, _until(times, first))
    angles = _angles(limbs.directions[first], limbs.directions[first + 1 : steps.stop + 1])
    if (
        max(angles.max(), pace.turns[steps].max()) < MIN_JUMP_ANGLE
        and pace.root[first] < MAX_ROOT_SPEED
    ):
        return 0
    return _end_of_blend(pace, steps)


def _by_arms(limbs: Limbs, pace: _Pace, times: Array) -> int:
    """Count the frames up to the end of an abrupt departure from a drawn rest pose."""
    if not _rest_poses(limbs, DRAWN_POSE)[0]:
        return 0
    # 1. How long the pose is held
    departure_angles = _angles(limbs.directions[:1], limbs.directions)
    last_held = _first_false(departure_angles.max(axis=1) < HELD_ANGLE) - 1
    if last_held == len(departure_angles) - 1:
        return 0
    # 2. The mean speed of the slower arm since then, at its largest
    steps = slice(last_held, _until(times, last_held))
    blend = slice(last_held + 1, steps.stop + 1)
    arms = departure_angles[blend][:, UPPER_ARMS].min(axis=1)
    speeds = np.where(arms >= HELD_ANGLE, arms / (times[blend] - times[last_held]), 0.0)
    fastest = int(speeds.argmax())
    if speeds[fastest] < MIN_ARM_SPEED:
        return 0
    # 3. The arms' acceleration at the start or end of the blend
    if not pace.abrupt(slice(last_held, steps.stop + 1), MIN_ARM_ACCELERATION).any():
        return 0
    return _end_of_blend(pace, steps)


def _until(times: Array, frame: int) -> int:
    """Return the first frame after the longest blend that can begin in a given frame."""
    last = int(np.searchsorted(times, times[frame] + MAX_BLEND_SECONDS - 1e-6, side="left"))
    return min(max(last, frame + 1), len(times) - 1)


def _end_of_blend(pace: _Pace, steps: slice) -> int:
    """Return the first frame from which the motion is as slow and as steady as later."""
    # 1. The speed of the later motion, or a fraction of the blend's if that motion is as fast
    strain = pace.strain
    fastest = int(steps.start + strain[steps].argmax())
    later = 1.05 * strain[steps.stop :].max(initial=0.0)
    limit = later if 0 < later < strain[fastest] else BLEND_END_RATIO * strain[fastest]
    limit = max(limit, JUMP_END_RATIO * strain[fastest])
    # 2. The first step below that speed
    slow = np.flatnonzero(strain[fastest : steps.stop] <= limit)
    slowed = fastest + int(slow[0]) if len(slow) else steps.stop
    if np.sum(strain[steps.start : slowed] > JUMP_END_RATIO * strain[fastest]) <= 1:
        return slowed  # a jump of one step: the motion follows at once
    # 3. A blend may end with a jerk of the arms
    abrupt = np.flatnonzero(pace.abrupt(slice(slowed, steps.stop + 1)))
    return slowed + int(abrupt[-1]) if len(abrupt) else slowed


def _first_false(flags: NDArray[np.bool_]) -> int:
    """Return the index of the first false flag, or the number of flags."""
    return len(flags) if flags.all() else int(np.argmin(flags))


def _rest_poses(limbs: Limbs, within: Tolerance) -> NDArray[np.bool_]:
    """Tell in which frames (F,) the limbs form a T-, A- or I-pose within some tolerance."""
    # 1. Deviations from a rest pose, in rad
    arms, legs, mirror = limbs.arms, limbs.legs, np.array([-1.0, 1.0, 1.0])
    off = {
        "symmetry": [_angles(part[:, 0] * mirror, part[:, 1]) for part in (arms, legs)],
        "elbows": [_angles(arms[:, :, 0], arms[:, :, 1])],
        "knees": [_angles(legs[:, :, 0], legs[:, :, 1])],
        "depth": [np.abs(np.arcsin(np.clip(part[..., 2], -1, 1))) for part in (arms, legs)],
        "straddle": [_angles(legs, np.array([0.0, -1.0, 0.0]))],
        "trunk": [_angles(limbs.trunk, np.array([0.0, 1.0, 0.0]))],
    }
    within_all = np.ones(len(arms), dtype=bool)
    for name, angles in off.items():
        for angle in angles:
            within_all &= (angle <= getattr(within, name)).reshape(len(arms), -1).all(axis=1)
    # 2. Arms point outward (T, A) or down (I), and not above the shoulders
    outwards = arms[..., 0] * np.array([[1.0], [-1.0]]) >= -np.sin(HELD_POSE.elbows)
    raised = arms[..., 1] > np.sin(HELD_POSE.depth)
    return np.asarray(within_all & outwards.all(axis=(1, 2)) & ~raised.any(axis=(1, 2)))


def _angles(a: Array, b: Array) -> Array:
    """Angles in rad between unit vectors along the last axis, exact for small ones."""
    crossed = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.asarray(np.arctan2(crossed, np.sum(a * b, axis=-1)))
