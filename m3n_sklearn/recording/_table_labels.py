"""Labels from a second table: intervals with start, end and label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._channel_names import words_of
from .._times import read_times
from .._typing import Array
from ._table_columns import LABEL, PERSON, RECORDING
from ._table_report import listed
from ._table_sources import list_sources
from ._table_streams import plain_id
from ._table_times import UNITS, Clockwork

__all__ = ["UNLABELED", "Intervals", "interval_labels", "read_intervals", "unit_of_intervals"]

UNLABELED = "unlabeled"
"""Class of the samples that no interval and no cell labels."""

START = frozenset(["start", "begin", "onset", "from", "starttime", "begintime"])
END = frozenset(["end", "stop", "offset", "to", "until", "endtime", "stoptime"])


class Intervals(NamedTuple):
    """Labeled intervals; the person and the recording of each are None if they are not told."""

    start: Array
    end: Array
    labels: list[Any]
    people: list[Any]
    recordings: list[Any]
    is_date: bool


def read_intervals(table: Any) -> Intervals:
    """Read a table of intervals: a path or a frame."""
    [source] = list_sources(table)
    roles = {
        role: next(
            (n for n in source.columns if set(words_of(n)) & words and n not in others), None
        )
        for role, words, others in (
            ("start", START, ()),
            ("end", END, ()),
            ("label", LABEL, ()),
            ("person", PERSON, ()),
            ("recording", RECORDING, ()),
        )
    }
    if roles["label"] is None:
        rest = [n for n in source.columns if n not in roles.values() and source.kinds[n] == "text"]
        roles["label"] = rest[0] if len(rest) == 1 else None
    missing = [role for role in ("start", "end", "label") if roles[role] is None]
    if missing:
        raise ValueError(
            f"The table of intervals has no column for {', '.join(missing)}: it has "
            f"{listed(source.columns, 20)}. Name its columns start, end and label."
        )
    texts = [roles[role] for role in ("label", "person", "recording") if roles[role]]
    columns = [name for name in roles.values() if name]
    parts = list(source.batches(columns, [name for name in texts if name]))
    if not parts:
        raise ValueError("The table of intervals has no rows.")
    cells = {
        role: np.concatenate([part[name] for part in parts]) if name else None
        for role, name in roles.items()
    }
    start, is_date = _seconds(cells["start"])
    end, _ = _seconds(cells["end"])
    wrong = np.flatnonzero(~(end >= start))
    if len(wrong):
        raise ValueError(f"Interval {wrong[0]} ends before it starts, or lacks a time.")
    order = np.argsort(start, kind="stable")

    def ids(role: str) -> list[Any]:
        found = cells[role]
        return [None if found is None else plain_id(found[i]) for i in order]

    return Intervals(
        start[order], end[order], ids("label"), ids("person"), ids("recording"), is_date
    )


def _seconds(cells: NDArray[Any] | None) -> tuple[Array, bool]:
    """Return times as numbers, dates as seconds since 1970."""
    assert cells is not None
    if cells.dtype.kind in "iuf":
        return cells.astype(np.float64), False
    try:
        return np.array(cells, dtype=np.float64), False
    except (TypeError, ValueError):
        times = read_times(cells if cells.dtype != object else list(cells), len(cells))
    origin = 0.0
    if times.origin is not None:
        origin = float((times.origin - np.datetime64(0, "us")) / np.timedelta64(1, "us")) / 1e6
    return times.seconds + origin, times.origin is not None


def unit_of_intervals(
    intervals: Intervals, spans: Sequence[tuple[float, float]], clock: Clockwork
) -> tuple[float, bool, str]:
    """Return the factor to s of interval times, whether they count from each start, and a note.

    `spans` are the first and last times of the recordings in s.
    """
    if intervals.is_date:
        return 1.0, False, ""
    # the unit of the time column first; then seconds and their parts
    units = {clock.word: clock.unit} if clock.kind in ("number", "index") else {}
    units |= {word: size for word, size in UNITS.items() if word not in units}
    for relative in (False, True):
        for word, size in units.items():
            shares = [
                _overlap(
                    intervals.start * size,
                    intervals.end * size,
                    *((0, b - a) if relative else (a, b)),
                )
                for a, b in spans
            ]
            if max(shares, default=0.0) > 0.5:
                since = " since the start of each recording" if relative else ""
                return size, relative, f"{word}{since}"
    raise ValueError(
        f"The intervals reach from {intervals.start.min():.12g} to {intervals.end.max():.12g}, "
        f"which do not overlap with the recordings ({spans[0][0]:.12g} to {spans[0][1]:.12g} s) in "
        "any unit: give start and end on the clock of the readings."
    )


def _overlap(start: Array, end: Array, first: float, last: float) -> float:
    """Return the share of the time of intervals within a span."""
    inside = np.clip(np.minimum(end, last) - np.maximum(start, first), 0, None).sum()
    total = (end - start).sum()
    return float(inside / total) if total > 0 else 0.0


def interval_labels(
    intervals: Intervals,
    chosen: Sequence[bool],
    times: Array,
) -> NDArray[Any]:
    """Return the label of each time; `UNLABELED` outside of the chosen intervals."""
    labels = np.empty(len(times), dtype=object)
    labels[:] = UNLABELED
    last_end, last_label = -np.inf, None
    for i in np.flatnonzero(chosen):
        begin, end = np.searchsorted(times, [intervals.start[i], intervals.end[i]])
        covers_more = len(times) > 1 and intervals.start[i] < last_end - (times[1] - times[0])
        if covers_more and intervals.labels[i] != last_label and end > begin:
            raise ValueError(
                f"The intervals {last_label!r} and {intervals.labels[i]!r} overlap at "
                f"{intervals.start[i]:.12g} s: a sample has one label."
            )
        labels[begin:end] = intervals.labels[i]
        last_end, last_label = intervals.end[i], intervals.labels[i]
    return labels
