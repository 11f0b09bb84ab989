"""Paths of the hand and of the legs, as lists of keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from scipy.interpolate import CubicSpline

from .posture import STAND, Posture, column, leg, posture, reach
from .program import Key, through

__all__ = ["circle", "gait", "strokes"]

_RELAXED: Mapping[str, float] = MappingProxyType({})


def circle(
    centre: tuple[float, float, float],
    radius: float,
    seconds: float,
    *,
    base: Posture = STAND,
    plane: str = "upright",
    clockwise: bool = True,
    start: float = 0.0,
    turns: float = 1.0,
    eased: bool = False,
    hand: Mapping[str, float] = _RELAXED,
) -> list[Key]:
    """Lead the right hand around a circle.

    Parameters
    ----------
    centre : tuple of (forward, up, out)
        As for :func:`reach`.
    radius : float
        In arm lengths.
    seconds : float
        For one turn.
    base : ndarray, default=STAND
        Posture of the rest of the body.
    plane : {"upright", "level"}, default="upright"
        In front of the body as on a board, or as on a table.
    clockwise : bool, default=True
        As the performer sees it.
    start : float, default=0
        Where to begin, in turns clockwise from the top (or from the far side).
    turns : float, default=1
        How far to go around.
    eased : bool, default=False
        Whether the hand starts and ends slowly, rather than going on for ever.
    hand : mapping of str to float, optional
        Swivel, pronation, wrist, deviation, as for :func:`reach`.

    Returns
    -------
    list of Key
        Twelve a turn; the first one is one step after the beginning.
    """
    steps = round(12 * turns)
    keys = []
    for step in range(1, steps + 1):
        angle = 2 * np.pi * (start + (step if clockwise else -step) / 12)
        across, along = radius * np.sin(angle), radius * np.cos(angle)
        forward, up, out = centre
        where = (
            (forward, up + along, out + across)
            if plane == "upright"
            else (forward + along, up, out + across)
        )
        slow = 0.5 if eased else 0.0
        stretch = 1.0 + slow * max(0, 3 - step, step - steps + 2)
        target = posture(base, right=reach(*where, **hand))
        keys.append(through(target, seconds / 12 * stretch))
    return keys


def strokes(
    corners: Sequence[tuple[float, float, float]],
    seconds: float,
    *,
    base: Posture = STAND,
    hand: Mapping[str, float] = _RELAXED,
) -> list[Key]:
    """Lead the right hand along straight strokes from corner to corner.

    Parameters
    ----------
    corners : sequence of (forward, up, out)
        At least two; the hand slows down, but hardly stops, at the inner ones.
    seconds : float
        For each stroke.
    base : ndarray, default=STAND
        Posture of the rest of the body.
    hand : mapping of str to float, optional
        Swivel, pronation, wrist, deviation, as for :func:`reach`.

    Returns
    -------
    list of Key
        The first key lies on the first stroke.
    """
    keys = []
    for begin, end in pairwise(corners):
        for share, time in ((0.5, 0.5), (0.92, 0.3), (1.0, 0.2)):
            where = np.array(begin) + share * (np.array(end) - np.array(begin))
            target = reach(*(float(x) for x in where), **hand)
            keys.append(through(posture(base, right=target), seconds * time))
    return keys


# Hip, knee and ankle over one stride from heel strike, in degrees: the shape of level walking
# (Winter, 2009), rounded, and of slow jogging.
WALK = {
    "hip": (30, 28, 21, 11, 2, -7, -12, -4, 13, 26, 33, 32),
    "knee": (6, 16, 20, 14, 8, 8, 16, 38, 60, 58, 30, 8),
    "ankle": (0, -4, 3, 7, 9, 9, 0, -14, -6, 0, 2, 1),
}
JOG = {
    "hip": (34, 32, 22, 8, -6, -12, -4, 14, 32, 44, 46, 40),
    "knee": (24, 38, 40, 28, 18, 26, 58, 88, 98, 84, 54, 30),
    "ankle": (4, 14, 18, 8, -14, -22, -12, -4, 2, 4, 4, 4),
}
STEP = {
    "hip": (6, 2, 2, 2, 2, 2, 6, 24, 46, 52, 38, 18),
    "knee": (14, 6, 6, 6, 6, 6, 16, 52, 88, 94, 66, 32),
    "ankle": (4, 3, 3, 3, 3, 2, -2, -6, -4, 0, 2, 3),
}


def gait(
    stride: Mapping[str, Sequence[float]],
    seconds: float,
    *,
    base: Posture = STAND,
    swing: float = 20.0,
    elbow: float = 0.0,
    twist: float = 4.0,
    flight: float = 0.0,
) -> list[Key]:
    """One stride: legs half a cycle apart, arms against them.

    Parameters
    ----------
    stride : mapping of str to sequence of float
        Hip, knee and ankle angles over a cycle from heel strike.
    seconds : float
        For two steps.
    base : ndarray, default=STAND
        Posture of trunk and arms.
    swing : float, default=20
        Amplitude of the arms in degrees.
    elbow : float, default=0
        How much the elbow bends as the arm swings forward, in degrees.
    twist : float, default=4
        Turn of the pelvis against the trunk, in degrees.
    flight : float, default=0
        Height of the hop in each step, in statures.

    Returns
    -------
    list of Key
        Twelve, to be repeated without a stop.
    """
    phases = np.arange(12) / 12
    curves = {
        name: CubicSpline(np.append(phases, 1.0), [*values, values[0]], bc_type="periodic")
        for name, values in stride.items()
    }
    keys = []
    for phase in phases:
        values = np.array(base)
        sides = (("right", phase), ("left", (phase + 0.5) % 1.0))
        for side, own in sides:
            legs = leg(**{name: float(curve(own)) for name, curve in curves.items()})
            values = posture(values, **{f"{side}_leg": legs})  # type: ignore[arg-type]
            back = np.cos(2 * np.pi * own)
            for name, change in (("flexion", -swing * back), ("elbow", -elbow * back)):
                values = _add(values, f"{side}_{name}", change)
        lead = np.cos(2 * np.pi * phase)
        hop = 0.5 * flight * (1.0 - np.cos(4 * np.pi * (phase - 0.2)))
        for name, change in (("turn", twist * lead), ("trunk_turn", -2 * twist * lead)):
            values = _add(values, name, change)
        keys.append(through(_add(values, "lift", hop), seconds / 12))
    return keys


def _add(values: Posture, channel: str, change: float) -> Posture:
    changed = values.copy()
    changed[column(channel)] += change
    return changed
