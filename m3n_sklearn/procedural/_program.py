"""Movement programs: postures in time, joined with minimum jerk.

Between two stops the curve minimizes the integral of the squared jerk among all curves through the
postures at their times. This is a quintic spline with zero velocity and acceleration at its ends;
without a posture in between it is ``10 u^3 - 15 u^4 + 6 u^5`` of the relative time u.

References
----------
T. Flash, N. Hogan, "The coordination of arm movements: an experimentally confirmed mathematical
model", Journal of Neuroscience 5, 1985.
"""

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
    "JOG",
    "STEP",
    "SUPPORTS",
    "WALK",
    "Activity",
    "Key",
    "circle",
    "gait",
    "minimum_jerk",
    "strokes",
    "through",
    "to",
]

_RELAXED: Mapping[str, float] = MappingProxyType({})

# Hip, knee and ankle angles in degrees at twelve times of a stride, from heel strike: level walking
# (D. A. Winter, "Biomechanics and Motor Control of Human Movement", 2009, rounded), slow jogging,
# and steps on the spot.
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

KINDS = ("repeat", "ongoing", "once")

SUPPORTS = ("both", "left", "right", "walk", "run")


@dataclass(frozen=True, eq=False)
class Key:
    """A posture in a movement program.

    Parameters
    ----------
    posture : ndarray of shape (n_channels,)
        The posture.
    seconds : float
        Time of the movement to it.
    hold : float or None, default=0.0
        Seconds in the posture; None passes through it without a stop.

    Examples
    --------
    >>> from m3n_sklearn.procedural import STAND, Key
    >>> Key(STAND, 0.5).hold
    0.0
    """

    posture: Posture
    seconds: float
    hold: float | None = 0.0


def to(posture: Posture, seconds: float, hold: float = 0.0) -> Key:
    """Return a key that moves to a posture and stops there.

    Parameters
    ----------
    posture : ndarray of shape (n_channels,)
        The posture.
    seconds : float
        Time of the movement to it.
    hold : float, default=0
        Seconds in the posture.

    Returns
    -------
    Key
        One step of a program.

    Examples
    --------
    >>> from m3n_sklearn.procedural import STAND, to
    >>> to(STAND, 0.5, hold=1.0).hold
    1.0
    """
    return Key(posture, seconds, hold)


def through(posture: Posture, seconds: float) -> Key:
    """Return a key that passes through a posture without a stop.

    Parameters
    ----------
    posture : ndarray of shape (n_channels,)
        The posture.
    seconds : float
        Time of the movement to it.

    Returns
    -------
    Key
        One step of a program.

    Examples
    --------
    >>> from m3n_sklearn.procedural import STAND, through
    >>> through(STAND, 0.5).hold is None
    True
    """
    return Key(posture, seconds, None)


def minimum_jerk(
    arrive: Sequence[float], values: Array, leave: Sequence[float | None], query: Array
) -> Array:
    """Return minimum-jerk curves at times `query` (F,) in s; outside, the nearest end is held.

    `values` (K, n_channels) are postures with increasing arrival times. `leave` is the departure of
    each, None without a stop. The first and the last posture are stops.
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
    """Return the curve between two stops at the query times."""
    if len(query) == 0:
        return np.empty((0, values.shape[1]))
    if len(times) == 2:
        u = ((query - times[0]) / (times[1] - times[0]))[:, None]
        return values[0] + (values[1] - values[0]) * u**3 * (10 - 15 * u + 6 * u**2)
    still = np.zeros(values.shape[1])
    ends = [(1, still), (2, still)]
    return np.asarray(make_interp_spline(times, values, k=5, bc_type=(ends, ends))(query))


def circle(
    center: tuple[float, float, float],
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
    """Return keys that move the right hand around a circle.

    Parameters
    ----------
    center : tuple of (forward, up, out)
        As in :func:`reach`.
    radius : float
        Radius in arm lengths.
    seconds : float
        Time of one turn.
    base : ndarray, default=STAND
        Posture of the rest of the body.
    plane : {"upright", "level"}, default="upright"
        In front of the body as on a board, or horizontal as on a table.
    clockwise : bool, default=True
        Direction as the performer sees it.
    start : float, default=0
        Start in turns, clockwise from the top (or from the far side).
    turns : float, default=1
        Number of turns.
    eased : bool, default=False
        Whether the hand starts and ends slowly. Otherwise the circle can be repeated.
    hand : mapping of str to float, optional
        Swivel, pronation, wrist, deviation, as in :func:`reach`.

    Returns
    -------
    list of Key
        Twelve keys per turn; the first one is one step after the start.

    Examples
    --------
    >>> from m3n_sklearn.procedural import circle
    >>> len(circle((0.7, 0.0, 0.0), radius=0.2, seconds=2.0))
    12
    """
    steps = round(12 * turns)
    keys = []
    for step in range(1, steps + 1):
        angle = 2 * np.pi * (start + (step if clockwise else -step) / 12)
        across, along = radius * np.sin(angle), radius * np.cos(angle)
        forward, up, out = center
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
    """Return keys that move the right hand along straight strokes.

    Parameters
    ----------
    corners : sequence of (forward, up, out)
        At least two corners. The hand slows down at the inner ones.
    seconds : float
        Time of each stroke.
    base : ndarray, default=STAND
        Posture of the rest of the body.
    hand : mapping of str to float, optional
        Swivel, pronation, wrist, deviation, as in :func:`reach`.

    Returns
    -------
    list of Key
        The first key lies on the first stroke.

    Examples
    --------
    >>> from m3n_sklearn.procedural import strokes
    >>> len(strokes([(0.7, 0.2, 0.0), (0.7, -0.2, 0.0)], seconds=0.8))
    3
    """
    keys = []
    for begin, end in pairwise(corners):
        for share, time in ((0.5, 0.5), (0.92, 0.3), (1.0, 0.2)):
            where = np.array(begin) + share * (np.array(end) - np.array(begin))
            target = reach(*(float(x) for x in where), **hand)
            keys.append(through(posture(base, right=target), seconds * time))
    return keys


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
    """Return the keys of one stride: the legs half a cycle apart, the arms opposite to them.

    Parameters
    ----------
    stride : mapping of str to sequence of float
        Hip, knee and ankle angles over a cycle from heel strike.
    seconds : float
        Time of a stride, which is two steps.
    base : ndarray, default=STAND
        Posture of trunk and arms.
    swing : float, default=20
        Amplitude of the arms in degrees.
    elbow : float, default=0
        Amplitude of the elbow, which bends as the arm swings forward, in degrees.
    twist : float, default=4
        Amplitude of the rotation of the pelvis against the trunk in degrees.
    flight : float, default=0
        Height of the hop in each step, in statures.

    Returns
    -------
    list of Key
        Twelve keys, which can be repeated without a stop.

    Examples
    --------
    >>> from m3n_sklearn.procedural import gait
    >>> hip = [30, 28, 21, 11, 2, -7, -12, -4, 13, 26, 33, 32]
    >>> len(gait({"hip": hip, "knee": [10] * 12, "ankle": [0] * 12}, seconds=1.1))
    12
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
    """Return a posture with one changed angle."""
    changed = values.copy()
    changed[column(channel)] += change
    return changed


@dataclass(frozen=True, eq=False)
class Activity:
    """An activity as a program of postures.

    Parameters
    ----------
    name : str
        Class name.
    descriptions : tuple of str
        Paraphrases of one caption, in plain English.
    cycle : sequence of Key
        The program of a right-handed person.
    rest : ndarray of shape (n_channels,), default=STAND
        Posture before the first key. A person's amplitude scales the deviations from it.
    kind : {"repeat", "ongoing", "once"}, default="repeat"
        The program is repeated after pauses, continues without a pause (the first key follows the
        last), or is performed once.
    freedom : float, default=1.0
        Effect of a person's amplitude and style: 1 for a gesture in the air, less where the hands
        must meet an object.
    support : {"both", "left", "right", "walk", "run"}, default="both"
        The feet that stay in place. With "walk" and "run" the body moves forward.
    pause : tuple of (float, float), default=(0.15, 0.8)
        Shortest and longest pause between repetitions in s.
    left_cycle : sequence of Key, optional
        Program that is mirrored for left-handed people, if the mirror image of `cycle` is another
        activity (a swipe to the left, a clockwise circle).

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
        """Check the parameters."""
        if not self.cycle:
            raise ValueError(f"cycle of activity {self.name!r} is empty: give at least one key.")
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}.")
        if self.support not in SUPPORTS:
            raise ValueError(f"support must be one of {', '.join(SUPPORTS)}, got {self.support!r}.")
        if self.kind == "ongoing" and len(self.cycle) < 2:
            raise ValueError(f"Activity {self.name!r} is ongoing and needs at least two keys.")

    def program(self, left_handed: bool = False) -> Sequence[Key]:
        """Return the keys, written for the right hand.

        Parameters
        ----------
        left_handed : bool, default=False
            Whether the keys will be mirrored.

        Returns
        -------
        sequence of Key
            `left_cycle` for a left-handed person if it is given, else `cycle`.
        """
        return self.left_cycle if left_handed and self.left_cycle is not None else self.cycle
