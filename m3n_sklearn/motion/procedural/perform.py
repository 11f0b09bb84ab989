"""Performing: a person does an activity once, and a Motion comes out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..._checks import check_positive
from .._motion import Motion
from .activity import Activity
from .embody import embody, exertion
from .people import SPREAD, Person
from .posture import mirrored, within_limits
from .program import minimum_jerk

__all__ = ["perform"]

Array = NDArray[np.float64]

TIMING = 0.07
"""Standard deviation of the logarithm of movement times and extents from trial to trial."""
SWAY = 0.3
"""Slow changes within a trial, as a share of the spread between people."""
TREMOR = 0.002
"""Physiological tremor of the arms at 6 to 11 Hz, as a share of the spread between people."""


@dataclass
class _Timeline:
    """Keys placed in time."""

    arrive: list[float] = field(default_factory=list)
    leave: list[float | None] = field(default_factory=list)
    values: list[Array] = field(default_factory=list)
    end: float = 0.0

    def add(self, value: Array, seconds: float, hold: float | None) -> None:
        self.end += seconds
        self.arrive.append(self.end)
        self.end += hold or 0.0
        self.leave.append(None if hold is None else self.end)
        self.values.append(value)

    def curves(self, query: Array) -> Array:
        return minimum_jerk(self.arrive, np.array(self.values), self.leave, query)


def perform(
    activity: Activity,
    person: Person | None = None,
    *,
    seconds: float | None = None,
    rate: float = 60.0,
    random_state: int | np.random.Generator | None = None,
    subject: object = None,
    name: str | None = None,
) -> Motion:
    """Let a person perform an activity once.

    Parameters
    ----------
    activity : Activity
        What to do.
    person : Person, optional
        Who does it; an average person if not given.
    seconds : float, optional
        Length of the clip. By default the activity takes as long as it takes: one to four
        repetitions, or 6 s of something that goes on.
    rate : float, default=60.0
        Frames per second.
    random_state : int, Generator or None, default=None
        Timing, pauses and the small differences of this repetition.
    subject, name : optional
        Passed on to the motion.

    Returns
    -------
    Motion
        World z up, floor at 0; its text are the activity's descriptions, its label the name.

    Raises
    ------
    ValueError
        If `seconds` or `rate` is not positive.

    Examples
    --------
    >>> from m3n_sklearn.motion.procedural import get_activity, perform
    >>> perform(get_activity("wave"), seconds=3.0, random_state=0)
    Motion(180 frames x 24 joints, 2.98 s at 60 Hz, 'a person waves with one hand raised')
    """
    for given, what in ((seconds, "seconds"), (rate, "rate")):
        if given is not None:
            check_positive(given, what)
    who = Person() if person is None else person
    rng = np.random.default_rng(random_state)
    draws = rng.bit_generator.state
    poses, trans = _try(activity, who, seconds, rate, rng)
    # Tempo, amplitude and style are drawn one by one. Together they may ask for more than a body
    # can do: then the person takes more time. The draws stay the same.
    while (ratio := exertion(poses, trans, rate, stature=who.stature)) > 1:
        who = replace(who, tempo=0.99 * who.tempo / np.sqrt(ratio))
        rng.bit_generator.state = draws
        poses, trans = _try(activity, who, seconds, rate, rng)
    return Motion(
        poses,
        trans,
        rate,
        stature=who.stature,
        sex=who.sex,
        text=activity.descriptions,
        label=activity.name,
        subject=subject,  # type: ignore[arg-type]
        name=name,
        source="procedural",
    )


def _try(
    activity: Activity, who: Person, seconds: float | None, rate: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Poses and translation of a performance, whatever it asks of the body."""
    times, curves = _curves(activity, who, seconds, rate, rng)
    curves += _unrest(times, who, rng)
    curves = within_limits(mirrored(curves) if who.left_handed else curves)
    support = activity.support
    if who.left_handed:
        support = {"left": "right", "right": "left"}.get(support, support)
    return embody(
        curves,
        rate,
        stature=who.stature,
        support=support,
        heading=float(rng.uniform(-np.pi, np.pi)),
    )


def _curves(
    activity: Activity, who: Person, seconds: float | None, rate: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Frame times and joint angles, before sway and limits."""
    line = _Timeline()
    keys = _own_way(activity, who)
    start = _lay_out(line, activity, keys, who, seconds, rng)
    stop = seconds if seconds is not None else line.end + float(rng.uniform(0.2, 0.6))
    if activity.kind == "ongoing":
        stop = 6.0 if seconds is None else seconds
    times = np.arange(max(1, round(stop * rate))) / rate
    return times, line.curves(start + times)


def _own_way(activity: Activity, who: Person) -> list[tuple[Array, float, float | None]]:
    """Rest posture and keys as this person does them: (posture, seconds, hold)."""
    rng = who.habit(activity.name)
    free = activity.freedom * who.individuality
    stance = 0.6 * free * SPREAD * who.habit("stance").standard_normal(len(SPREAD))
    amplitude = who.amplitude**activity.freedom
    amplitude *= np.exp(0.06 * free * rng.standard_normal())
    pace = who.tempo * np.exp(0.08 * who.individuality * rng.standard_normal())
    rest = activity.rest + stance
    own: list[tuple[Array, float, float | None]] = [(rest, 0.0, 0.0)]
    program = activity.program(who.left_handed)
    phase = np.cumsum([key.seconds + (key.hold or 0.0) for key in program])
    styles = free * SPREAD * _variation(phase / phase[-1], rng)
    for key, style in zip(program, styles, strict=True):
        moved = bool((key.posture != activity.rest).any())
        posture = rest + amplitude * (key.posture - activity.rest) + moved * style
        stretch = np.exp(TIMING * who.individuality * rng.standard_normal()) / pace
        hold = None if key.hold is None else key.hold * stretch
        own.append((posture, key.seconds * stretch, hold))
    return own


def _variation(phase: Array, rng: np.random.Generator) -> Array:
    """Draw unit noise that changes slowly over a cycle: a constant and two harmonics."""
    order = 2 * np.pi * np.arange(3) * phase[:, None]
    waves = np.hstack([np.cos(order), np.sin(order)])
    return waves @ (
        np.array([0.8, 0.35, 0.25] * 2)[:, None] * rng.standard_normal((6, len(SPREAD)))
    )


def _lay_out(
    line: _Timeline,
    activity: Activity,
    keys: list[tuple[Array, float, float | None]],
    who: Person,
    seconds: float | None,
    rng: np.random.Generator,
) -> float:
    """Place the keys on a time line; return the time at which the clip starts."""
    rest, cycle = keys[0][0], keys[1:]
    length = sum(move + (hold or 0.0) for _, move, hold in cycle)
    tempo, extent = np.exp(TIMING * rng.standard_normal(2))

    def once() -> None:
        slower = tempo * np.exp(0.5 * TIMING * who.unsteadiness * rng.standard_normal())
        larger = 1.0 + activity.freedom * (extent - 1.0)
        for value, move, hold in cycle:
            stretch = float(slower * np.exp(0.4 * TIMING * rng.standard_normal()))
            wide = rest + larger * (value - rest)
            line.add(wide, move * stretch, None if hold is None else hold * stretch)

    if activity.kind == "ongoing":
        start = length * (1.5 + float(rng.random()))
        wanted = start + (6.0 if seconds is None else seconds) + 2 * length
        while line.end < wanted:
            once()
        return start
    line.add(rest, 0.0, float(rng.uniform(0.1, 0.6)))
    if activity.kind == "once":
        spare = 0.0 if seconds is None else max(0.0, seconds - length * tempo - line.end - 0.3)
        line.leave[0] = line.end = line.end + float(rng.uniform(0.0, 0.8)) * spare
        once()
        return 0.0
    count = int(rng.integers(1, 5))
    while line.end < seconds if seconds is not None else count > 0:
        once()
        count -= 1
        line.end += float(rng.uniform(*activity.pause)) / who.tempo
        line.leave[-1] = line.end
    return 0.0


def _unrest(times: Array, who: Person, rng: np.random.Generator) -> Array:
    """Sway and tremor: sums of sines, so that they are as smooth as one likes."""
    bands = ((SWAY, 0.1, 0.9, SPREAD), (TREMOR, 6.0, 11.0, SPREAD))
    total = np.zeros((len(times), len(SPREAD)))
    for share, low, high, spread in bands:
        moving = np.flatnonzero(spread)
        frequency = rng.uniform(low, high, (3, 1, len(moving)))
        phase = rng.uniform(0, 2 * np.pi, frequency.shape)
        waves = np.sin(2 * np.pi * frequency * times[:, None] + phase).sum(axis=0)
        total[:, moving] += share * who.unsteadiness * spread[moving] * waves * np.sqrt(2 / 3)
    return total
