"""Frames of a rest pose at the ends of a clip, which many files have and no body performs.

Converters put a T-pose before (or after) the recorded motion: one frame of it, or several, with
a jump into the motion or a short blend. Differentiated, such a jump is an acceleration of
thousands of m/s^2.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._limbs import Limbs, limbs_of
from .rotations import quat_conjugate, quat_multiply

__all__ = ["Cut", "clock_from", "cut_rest_poses", "warn_about_rest_poses"]

Array = NDArray[np.float64]

BLEND = 0.25
"""Longest time in s from the rest pose to the motion."""
HELD = np.deg2rad(3.0)
"""Turn of a limb within which a pose counts as held."""
FASTEST_LIMB = 25.0
"""Speed in rad/s that no limb, trunk or pelvis reaches out of a rest pose.

Arms reach 10 to 15 rad/s in punches and dances; only a pitcher's forearm comes near this speed.
"""
FASTEST_ROOT = 15.0
"""Speed in m/s that nobody reaches out of a rest pose."""
LEAST_TURN = np.deg2rad(15.0)
"""Turn that the departure must reach: less is noise at a high rate."""
ARMS_AWAY = 3.5
"""Mean speed in rad/s at which both arms leave a pose that is exact, as drawn.

Human arms may be as fast. What tells a blend is how it starts and ends: see `ABRUPT`.
"""
ABRUPT = 1.5
"""How much more the arms are accelerated around a blend than ever in the motion itself."""
BRISK = 60.0
"""Acceleration in rad/s^2 that no upper arm is below in a blend: 35 m/s^2 at the wrist."""
BLEND_ENDS = 0.4
"""Part of the blend's largest speed below which it has ended, where the motion is as fast."""
JUMP_ENDS = 0.1
"""Part of the largest speed below which a step is not part of a jump or blend in any case."""
UPPER_ARMS = [0, 2]
"""Where the upper arms stand among the nine limb directions."""


@dataclass(frozen=True)
class Tolerance:
    """Angles in rad within which limbs form a rest pose: straight, symmetric, upright."""

    symmetry: float
    elbows: float
    knees: float
    depth: float
    straddle: float
    trunk: float


LIKE = Tolerance(*np.deg2rad([12.0, 25.0, 15.0, 20.0, 25.0, 15.0]))
"""A rest pose as people hold it, or as drawn with legs apart."""
EXACT = Tolerance(*np.deg2rad([3.0, 5.0, 5.0, 5.0, 25.0, 5.0]))
"""A rest pose as drawn; nobody stands this symmetric and straight."""


@dataclass(frozen=True)
class Cut:
    """Which frames of a clip are motion."""

    start: int  # first frame of the motion, and the frame after its last
    stop: int  # first frame of the motion, and the frame after its last
    frames: int  # frames of the clip
    # largest speed in rad/s at which a limb turns within the frames that are cut off
    speed: float = 0.0
    # turns in rad at the first or last frame that no body makes, though the frame beyond is not a
    # rest pose and is kept
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
    """Find the motion between the rest poses that a file adds to it."""
    # A clip begins with such frames if its first pose is a rest pose (T, A or I: straight arms in
    # the body's plane, straight legs down, left as right) and the body leaves it as no body does:
    # within a quarter of a second it is faster than 25 rad/s; or, from a pose as exact as drawn,
    # both arms leave at 3.5 rad/s on average, with accelerations half as large again as any
    # later. The end is treated in the same way. Hands, feet and head do not count.
    count = len(poses)
    if count < 4 or not trim:
        return Cut(0, count, count)
    ends = [0, 1, -2, -1]
    limbs = limbs_of(poses[ends])
    speeds = _Pace.of(limbs, trans[ends], times[ends]).speeds[[0, -1]]
    if not _rest_poses(limbs, LIKE)[[0, -1]].any() and speeds.max() < FASTEST_LIMB:
        return Cut(0, count, count)
    limbs = limbs_of(poses)
    pace = _Pace.of(limbs, trans, times)
    start = _departure(limbs, pace, times)
    back = _departure(limbs.reversed(), pace.reversed(), times[-1] - times[::-1])
    if start + back > count - 2:
        return Cut(0, count, count)
    beyond = np.concatenate([pace.speeds[:start], pace.speeds[count - 1 - back :]])
    jumps = [pace.turns[at] for at, cut in ((0, start), (-1, back)) if not cut and pace.leaps(at)]
    return Cut(start, count - back, count, float(beyond.max(initial=0.0)), tuple(jumps))


def warn_about_rest_poses(cuts: Sequence[Cut], *, stacklevel: int = 3) -> None:
    """Say once what was left out of one or several clips, and how to keep it."""
    shorter = [cut for cut in cuts if cut.left_out]
    if shorter:
        start = sum(cut.start for cut in shorter)
        end = sum(cut.left_out for cut in shorter) - start
        found = [f"{n} at the {place}" for n, place in ((start, "start"), (end, "end")) if n]
        clips = f" of {len(shorter)} of {len(cuts)} clips" if len(cuts) > 1 else ""
        warnings.warn(
            f"Left out {start + end} frame(s){clips}, {' and '.join(found)}: a rest pose such as a "
            "T-pose, and the jump or blend between it and the motion, in which the body turns at "
            f"up to {max(cut.speed for cut in shorter):.3g} rad/s. Pass trim_tpose=False to keep "
            "these frames.",
            UserWarning,
            stacklevel=stacklevel,
        )
    jumps = [jump for cut in cuts for jump in cut.jumps]
    if jumps:
        warnings.warn(
            f"The body jumps by up to {np.rad2deg(max(jumps)):.0f} degrees between the first or "
            "last frame and its neighbor, and moves steadily otherwise. If that frame is not "
            "motion, cut it off with Motion.slice.",
            UserWarning,
            stacklevel=stacklevel,
        )


def clock_from(first: int, count: int, rate: float) -> dict[str, Any]:
    """Give the clock of a clip that begins with some frame of its file."""
    if first == 0 or count == 1:
        return {"rate": rate}
    return {"times": (first + np.arange(count)) / rate}


@dataclass(frozen=True)
class _Pace:
    """How fast a body turns and moves from frame to frame, of shape (F - 1,) but for the arms."""

    turns: Array
    """Turn of the fastest limb, trunk or pelvis in rad."""
    speeds: Array
    """The same as a speed in rad/s."""
    arms: Array
    """Acceleration of the upper arms' directions in rad/s^2, of shape (F - 2,)."""
    root: Array
    """Speed of the root in m/s."""

    @classmethod
    def of(cls, limbs: Limbs, trans: Array, times: Array) -> _Pace:
        """Measure a clip."""
        steps = np.diff(times)
        between = _angles(limbs.directions[:-1], limbs.directions[1:])
        turn = quat_multiply(quat_conjugate(limbs.pelvis[:-1]), limbs.pelvis[1:])
        pelvis = 2 * np.arccos(np.clip(np.abs(turn[:, 0]), 0, 1))
        turns = np.maximum(between.max(axis=1), pelvis)
        root = np.linalg.norm(np.diff(trans, axis=0), axis=-1) / steps
        bends = np.diff(limbs.directions[:, UPPER_ARMS], 2, axis=0)
        arms = np.linalg.norm(bends, axis=-1).max(axis=1) / np.median(steps) ** 2
        return cls(turns, turns / steps, arms, root)

    @property
    def strain(self) -> Array:
        """Speed in parts of the largest that a body reaches out of a rest pose."""
        return np.maximum(self.speeds / FASTEST_LIMB, self.root / FASTEST_ROOT)

    def reversed(self) -> _Pace:
        """Measure the clip that runs backwards."""
        return _Pace(self.turns[::-1], self.speeds[::-1], self.arms[::-1], self.root[::-1])

    def abrupt(self, frames: slice, least: float = 0.0) -> NDArray[np.bool_]:
        """Frames in which the arms are accelerated more than ever after these frames."""
        later = self.arms[frames.stop - 1 :].max(initial=0.0)
        around = np.concatenate([[0.0], self.arms, [0.0]])[frames]
        known = len(self.arms) > frames.stop
        return np.asarray(known & (around > max(least, ABRUPT * later)))

    def leaps(self, at: int) -> bool:
        """Whether a step is one that no body makes, and the only one of the clip."""
        others = float(np.delete(self.turns, at).max())
        return bool(self.speeds[at] > FASTEST_LIMB and self.turns[at] > max(LEAST_TURN, 4 * others))


def _departure(limbs: Limbs, pace: _Pace, times: Array) -> int:
    """Count the frames at the start that hold a rest pose or blend from it to the motion."""
    if not _rest_poses(limbs, LIKE)[0]:
        return 0
    return _by_speed(limbs, pace, times) or _by_arms(limbs, pace, times)


def _by_speed(limbs: Limbs, pace: _Pace, times: Array) -> int:
    """Frames before and in a departure that is faster than bodies are."""
    held = _first_false(_rest_poses(limbs, LIKE)) - 1
    leaving = slice(0, _until(times, held))
    impossible = np.flatnonzero(pace.strain[leaving] > 1)
    if len(impossible) == 0:
        return 0
    first = int(impossible[0])
    steps = slice(first, _until(times, first))
    turned = _angles(limbs.directions[first], limbs.directions[first + 1 : steps.stop + 1])
    if max(turned.max(), pace.turns[steps].max()) < LEAST_TURN and pace.root[first] < FASTEST_ROOT:
        return 0
    return _end_of_blend(pace, steps)


def _by_arms(limbs: Limbs, pace: _Pace, times: Array) -> int:
    """Frames before and in a departure from a pose as drawn, that no body performs."""
    if not _rest_poses(limbs, EXACT)[0]:
        return 0
    away = _angles(limbs.directions[:1], limbs.directions)
    held = _first_false(away.max(axis=1) < HELD) - 1
    if held == len(away) - 1:
        return 0
    steps = slice(held, _until(times, held))
    blend = slice(held + 1, steps.stop + 1)
    arms = away[blend][:, UPPER_ARMS].min(axis=1)
    speeds = np.where(arms >= HELD, arms / (times[blend] - times[held]), 0.0)
    fastest = int(speeds.argmax())
    if speeds[fastest] < ARMS_AWAY:
        return 0
    if not pace.abrupt(slice(held, steps.stop + 1), BRISK).any():
        return 0
    return _end_of_blend(pace, steps)


def _until(times: Array, frame: int) -> int:
    """First frame of the motion after the longest blend that begins in a given frame."""
    last = int(np.searchsorted(times, times[frame] + BLEND - 1e-6, side="left"))
    return min(max(last, frame + 1), len(times) - 1)


def _end_of_blend(pace: _Pace, steps: slice) -> int:
    """First frame from which on the motion is as slow and as steady as it is later."""
    strain = pace.strain
    fastest = int(steps.start + strain[steps].argmax())
    later = 1.05 * strain[steps.stop :].max(initial=0.0)
    limit = later if 0 < later < strain[fastest] else BLEND_ENDS * strain[fastest]
    limit = max(limit, JUMP_ENDS * strain[fastest])
    slow = np.flatnonzero(strain[fastest : steps.stop] <= limit)
    slowed = fastest + int(slow[0]) if len(slow) else steps.stop
    if np.sum(strain[steps.start : slowed] > JUMP_ENDS * strain[fastest]) <= 1:
        return slowed  # a jump: what follows is motion
    abrupt = np.flatnonzero(pace.abrupt(slice(slowed, steps.stop + 1)))
    return slowed + int(abrupt[-1]) if len(abrupt) else slowed


def _first_false(flags: NDArray[np.bool_]) -> int:
    return len(flags) if flags.all() else int(np.argmin(flags))


def _rest_poses(limbs: Limbs, within: Tolerance) -> NDArray[np.bool_]:
    """Find the frames with straight arms in the body's plane, straight legs, left as right."""
    arms, legs, mirror = limbs.arms, limbs.legs, np.array([-1.0, 1.0, 1.0])
    off = {
        "symmetry": [_angles(part[:, 0] * mirror, part[:, 1]) for part in (arms, legs)],
        "elbows": [_angles(arms[:, :, 0], arms[:, :, 1])],
        "knees": [_angles(legs[:, :, 0], legs[:, :, 1])],
        "depth": [np.abs(np.arcsin(np.clip(part[..., 2], -1, 1))) for part in (arms, legs)],
        "straddle": [_angles(legs, np.array([0.0, -1.0, 0.0]))],
        "trunk": [_angles(limbs.trunk, np.array([0.0, 1.0, 0.0]))],
    }
    good = np.ones(len(arms), dtype=bool)
    for name, angles in off.items():
        for angle in angles:
            good &= (angle <= getattr(within, name)).reshape(len(good), -1).all(axis=1)
    outwards = arms[..., 0] * np.array([[1.0], [-1.0]]) >= -np.sin(LIKE.elbows)
    raised = arms[..., 1] > np.sin(LIKE.depth)
    return np.asarray(good & outwards.all(axis=(1, 2)) & ~raised.any(axis=(1, 2)))


def _angles(a: Array, b: Array) -> Array:
    """Angles in rad between unit vectors along the last axis, exact for small ones."""
    crossed = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.asarray(np.arctan2(crossed, np.sum(a * b, axis=-1)))
