"""Movement programs: postures in time, joined with the least jerk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from scipy.interpolate import CubicSpline, make_interp_spline

from .._typing import Array
from ._posture import STAND, Posture, column, leg, posture, reach

__all__ = [
    "SUPPORTS",
    "Activity",
    "Key",
    "circle",
    "gait",
    "minimum_jerk",
    "strokes",
    "through",
    "to",
]


@dataclass(frozen=True, eq=False)
class Key:
    """A posture to arrive at.

    Parameters
    ----------
    posture : ndarray of shape (n_channels,)
        Where to go.
    seconds : float
        How long the way there takes.
    hold : float or None, default=0.0
        Seconds to stay; None passes through without stopping.
    """

    posture: Posture
    seconds: float
    hold: float | None = 0.0


def to(posture: Posture, seconds: float, hold: float = 0.0) -> Key:
    """Move to a posture and stop there.

    Parameters
    ----------
    posture : ndarray of shape (n_channels,)
        Where to go.
    seconds : float
        How long the way there takes.
    hold : float, default=0
        Seconds to stay.

    Returns
    -------
    Key
        One step of a program.
    """
    return Key(posture, seconds, hold)


def through(posture: Posture, seconds: float) -> Key:
    """Pass through a posture without stopping.

    Parameters
    ----------
    posture : ndarray of shape (n_channels,)
        Where to pass.
    seconds : float
        How long the way there takes.

    Returns
    -------
    Key
        One step of a program.
    """
    return Key(posture, seconds, None)


def minimum_jerk(
    arrive: Sequence[float], values: Array, leave: Sequence[float | None], query: Array
) -> Array:
    """Evaluate the smoothest motion through given postures.

    Between two stops the integral of the squared third derivative is least among all curves
    that pass the postures at their times: a quintic spline, and the well-known
    10 u^3 - 15 u^4 + 6 u^5 where nothing lies between. It starts and ends at rest without
    acceleration, so pieces join with two continuous derivatives.

    Parameters
    ----------
    arrive : sequence of float, length K
        Increasing times in s. The first and the last posture are stops.
    values : ndarray of shape (K, n_channels)
        Postures.
    leave : sequence of (float or None), length K
        When the posture is left again, at `arrive` or later; None passes through.
    query : ndarray of shape (F,)
        Times in s; outside, the nearest end is held.

    Returns
    -------
    ndarray of shape (F, n_channels)
        The curves.

    References
    ----------
    .. [1] T. Flash and N. Hogan, "The coordination of arm movements: an experimentally
       confirmed mathematical model", Journal of Neuroscience 5 (1985) 1688-1703.
    """
    stops = [i for i, left in enumerate(leave) if left is not None or i in (0, len(values) - 1)]
    curves = np.tile(values[0], (len(query), 1))
    for first, last in pairwise(stops):
        start = leave[first] if leave[first] is not None else arrive[first]
        times = np.array([start, *arrive[first + 1 : last + 1]])
        inside = (query >= times[0]) & (query < times[-1])
        curves[inside] = _piece(times, values[first : last + 1], query[inside])
        curves[query >= times[-1]] = values[last]
    return curves


def _piece(times: Array, values: Array, query: Array) -> Array:
    if len(query) == 0:
        return np.empty((0, values.shape[1]))
    if len(times) == 2:
        u = ((query - times[0]) / (times[1] - times[0]))[:, None]
        return values[0] + (values[1] - values[0]) * u**3 * (10 - 15 * u + 6 * u**2)
    still = np.zeros(values.shape[1])
    ends = [(1, still), (2, still)]
    return np.asarray(make_interp_spline(times, values, k=5, bc_type=(ends, ends))(query))


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


KINDS = ("repeat", "ongoing", "once")


@dataclass(frozen=True, eq=False)
class Activity:
    """Something people do, as a program of postures.

    Parameters
    ----------
    name : str
        Class name.
    descriptions : tuple of str
        Paraphrases of one caption, in plain English.
    cycle : sequence of Key
        The program. The right hand is the skilled one.
    rest : ndarray of shape (n_channels,), default=STAND
        Posture before the first key, about which people differ in amplitude.
    kind : {"repeat", "ongoing", "once"}, default="repeat"
        Whether the program is repeated after pauses, runs on without end (the first key
        follows the last), or is done once.
    freedom : float, default=1.0
        How much of a person's own amplitude and style the task admits: 1 for a gesture in the
        air, less where the hands must meet an object.
    support : {"both", "left", "right", "walk", "run"}, default="both"
        Which feet stay in place; see :func:`~m3n_sklearn.procedural._perform.embody`.
    pause : tuple of (float, float), default=(0.15, 0.8)
        Least and greatest pause between repetitions in s.
    left_cycle : sequence of Key, optional
        What is mirrored for left-handed people, where the mirror image of `cycle` would be
        another activity (a swipe to the left, a clockwise circle).

    Examples
    --------
    >>> from m3n_sklearn.procedural import Activity, arm, posture, to
    >>> up = posture(right=arm(flexion=160, elbow=10))
    >>> hail = Activity("hail", ("a person raises a hand",), [to(up, 0.6, hold=1.0)])
    """

    name: str
    descriptions: tuple[str, ...]
    cycle: Sequence[Key]
    rest: Posture = field(default_factory=lambda: STAND)
    kind: str = "repeat"
    freedom: float = 1.0
    support: str = "both"
    pause: tuple[float, float] = (0.15, 0.8)
    left_cycle: Sequence[Key] | None = None

    def __post_init__(self) -> None:
        """Check what can be wrong."""
        if not self.cycle:
            raise ValueError(f"Activity {self.name!r} has no key: give at least one posture.")
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}.")
        if self.support not in SUPPORTS:
            raise ValueError(f"support must be one of {', '.join(SUPPORTS)}, got {self.support!r}.")
        if self.kind == "ongoing" and len(self.cycle) < 2:
            raise ValueError(f"Activity {self.name!r} goes on, so it needs at least two keys.")

    def program(self, left_handed: bool = False) -> Sequence[Key]:
        """Return the keys, written for the right hand.

        Parameters
        ----------
        left_handed : bool, default=False
            Whether they will be mirrored.

        Returns
        -------
        sequence of Key
            `cycle`, or `left_cycle` where there is one.
        """
        return self.left_cycle if left_handed and self.left_cycle is not None else self.cycle


SUPPORTS = ("both", "left", "right", "walk", "run")
