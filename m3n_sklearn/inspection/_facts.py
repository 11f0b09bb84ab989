"""What one recording or motion contains, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from numbers import Number
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._channel_names import Doubt, is_series
from .._typing import Array
from ..motion import Motion
from ..recording import (
    SENSORS,
    Item,
    Recording,
    WindowFates,
    doubts_of,
    doubts_of_readings,
    parse_channels,
    window_fates,
)
from ._mounting import STRETCH, Turning, turning_of

__all__ = ["Facts", "Sensor", "agree_on_units", "facts_of"]


class Sensor(NamedTuple):
    """What one sensor of a recording reads."""

    median: float  # length of the vector, in m/s² or rad/s
    ends: Array  # (6,) largest x y z, then largest -x -y -z
    at_ends: NDArray[np.int64]  # (6,) samples that stay there, in rows of at least RUN
    means: Array  # (n, 3) means over stretches, NaN where nothing was observed
    classes: NDArray[Any] | None  # (n,) class in the middle of each stretch


class Facts(NamedTuple):
    """What an item contains."""

    name: str
    person: Hashable
    kind: str  # "recording" or "motion"
    seconds: float
    rate: float  # in Hz
    channels: tuple[str, ...] | int | None  # names, or their number; None for motions
    unobserved: float  # share of samples
    longest_gap: float  # in s
    sensors: dict[tuple[str, str], Sensor]  # by site and kind
    turning: dict[str, Turning]  # by site
    doubts: tuple[Doubt, ...]
    classes: dict[Hashable, float]  # seconds
    fates: WindowFates
    has_labels: bool = False  # whether there are classes, ignored ones included


RUN = 3
"""Equal largest readings in a row that look clipped."""


def facts_of(item: Item, number: int, cutting: dict[str, Any]) -> Facts:
    """Return what an item contains, and what `cut` makes of it; ignored classes are left out."""
    fates = window_fates(item, **cutting)
    ignore = cutting.get("ignore")
    ignored = (
        [ignore] if isinstance(ignore, str | Number) else list(() if ignore is None else ignore)
    )
    found = (
        _of_motion(item, number, fates) if isinstance(item, Motion) else _of(item, number, fates)
    )
    kept = {label: value for label, value in found.classes.items() if label not in ignored}
    return found._replace(classes=kept, has_labels=bool(found.classes))


def _of(item: Recording | tuple[Motion, Recording], number: int, fates: WindowFates) -> Facts:
    """Return what a recording contains, or a pair of a motion and a recording."""
    recording, motion = (item, None) if isinstance(item, Recording) else (item[1], item[0])
    subject = recording.subject if motion is None else recording.subject or motion.subject
    sensors, turning = _sensors(recording)
    return Facts(
        name=recording.name or f"recording {number}",
        person=subject,
        kind="recording",
        seconds=recording.n_samples / recording.rate,
        rate=recording.rate,
        channels=recording.channels or recording.data.shape[1],
        unobserved=float(1 - recording.observed.mean()),
        longest_gap=_longest(~np.all(recording.observed, axis=1)) / recording.rate,
        sensors=sensors,
        turning=turning,
        doubts=_doubts(recording),
        classes=_seconds(recording, motion),
        fates=fates,
    )


def _of_motion(motion: Motion, number: int, fates: WindowFates) -> Facts:
    """Return what a motion contains."""
    lost = np.zeros((1, 1), dtype=bool) if motion.observed is None else ~motion.observed
    return Facts(
        name=motion.name or f"motion {number}",
        person=motion.subject,
        kind="motion",
        seconds=motion.duration + 1 / motion.rate,
        rate=motion.rate,
        channels=None,
        unobserved=float(lost.mean()),
        longest_gap=_longest(lost.any(axis=1)) / motion.rate,
        sensors={},
        turning={},
        doubts=(),
        classes={} if motion.label is None else {motion.label: motion.duration + 1 / motion.rate},
        fates=fates,
    )


def _seconds(recording: Recording, motion: Motion | None) -> dict[Hashable, float]:
    """Return the seconds of each class."""
    if recording.labels is None:
        label = None if motion is None else motion.label
        return {} if label is None else {label: recording.n_samples / recording.rate}
    classes, counts = np.unique(recording.labels, return_counts=True)
    return dict(zip(classes.tolist(), (counts / recording.rate).tolist(), strict=True))


def agree_on_units(facts: Sequence[Facts]) -> list[Facts]:
    """Give the recordings of a person the most frequent doubt about each sensor.

    A unit belongs to a device. A short recording may look like another unit than the others.
    """
    # 1. Doubts of each person, by sensor and cause
    found: dict[tuple[Hashable, str], Counter[str]] = {}
    known: dict[str, Doubt] = {}
    for each in facts:
        for doubt in each.doubts:
            known.setdefault(doubt.key, doubt)
            if doubt.sensor in SENSORS and each.person is not None:
                found.setdefault((each.person, doubt.sensor), Counter())[doubt.key] += 1
    # 2. The most frequent one in place of each
    usual = {key: known[counts.most_common(1)[0][0]] for key, counts in found.items()}
    return [
        each._replace(
            doubts=tuple(usual.get((each.person, doubt.sensor), doubt) for doubt in each.doubts)
        )
        for each in facts
    ]


def _doubts(recording: Recording) -> tuple[Doubt, ...]:
    """Return the doubts about the readings, and those that only the channel names raise."""
    found = doubts_of_readings(recording)
    known = {doubt.sensor for doubt in found}
    named = []
    for key in sorted(doubts_of(recording)):
        sensor, _, kind = key.partition(":")
        if sensor not in known:
            message = (
                f"The names of the channels say that the {sensor} is in {kind}. Convert the "
                "readings to m/s² and rad/s, and leave the unit out of the names."
            )
            named.append(Doubt(sensor, kind, message))
    return (*found, *named)


def _sensors(
    recording: Recording,
) -> tuple[dict[tuple[str, str], Sensor], dict[str, Turning]]:
    """Return the sensors that have three axes, and how gravity turns at each site."""
    if recording.channels is None or is_series(recording.channels):
        return {}, {}
    try:
        triads = parse_channels(recording.channels)
    except ValueError:  # a sensor with fewer than three axes
        return {}, {}
    values, sensors, turning = {}, {}, {}
    for site, kind, columns in triads:
        seen = np.asarray(recording.observed[:, columns].all(axis=1))
        triad = np.where(seen[:, None], recording.data[:, columns], np.nan)
        values[site, kind] = triad
        sensors[site, kind] = _sensor(triad, recording)
    for site, kind in values:
        if kind == "acc" and (site, "gyro") in values:
            found = turning_of(values[site, "acc"], values[site, "gyro"], recording.rate)
            if found is not None:
                turning[site] = found
    return sensors, turning


def _sensor(triad: Array, recording: Recording) -> Sensor:
    """Return what a triad (T, 3) reads; NaN was not observed."""
    known = triad[np.asarray(np.isfinite(triad).all(axis=1))]
    length = min(len(triad), max(1, round(STRETCH * recording.rate)))
    count = len(triad) // length
    stretches = triad[: count * length].reshape(count, length, 3)
    labels = recording.labels
    classes = None
    if labels is not None:
        classes = labels[np.arange(count) * length + length // 2]
    both = np.concatenate([triad, -triad], axis=1)
    ends = np.nanmax(both, axis=0) if len(known) else np.zeros(6)
    return Sensor(
        median=float(np.median(np.linalg.norm(known, axis=1))) if len(known) else np.nan,
        ends=ends,
        at_ends=np.array([_in_rows(axis >= end) for axis, end in zip(both.T, ends, strict=True)]),
        means=_means(stretches),
        classes=classes,
    )


def _means(stretches: Array) -> Array:
    """Return the means (n, 3) of stretches (n, length, 3); NaN where less than half is known."""
    known = np.isfinite(stretches).all(axis=2)
    total = np.where(np.asarray(known)[:, :, None], stretches, 0.0).sum(axis=1)
    counts = known.sum(axis=1)[:, None]
    enough = counts >= max(1, stretches.shape[1] // 2)
    return np.divide(total, counts, out=np.full_like(total, np.nan), where=enough)


def _in_rows(flags: Any) -> int:
    """Return how many flags are true, RUN or more times in a row."""
    runs = _runs(flags)
    return int(runs[runs >= RUN].sum())


def _longest(flags: Any) -> int:
    """Return the length of the longest row of true flags."""
    return int(_runs(flags).max(initial=0))


def _runs(flags: Any) -> NDArray[np.int64]:
    """Return the lengths of the rows of true flags."""
    steps = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return steps[1::2] - steps[::2]
