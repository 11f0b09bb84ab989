"""Labels from a second table: intervals with start, end and label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._channel_names import words_of
from .._times import read_times
from .._typing import Array
from .._warn import warn
from ._table_columns import LABEL, PERSON, RECORDING
from ._table_pieces import Piece
from ._table_report import TableReport, listed
from ._table_sources import list_sources
from ._table_streams import plain_id
from ._table_times import UNITS, Clockwork

__all__ = ["Intervals", "SampleLabels", "read_intervals"]

UNLABELED = "unlabeled"
"""Class of the samples that no interval and no cell labels."""

INSIDE, COVERED = 0.5, 1e-4
"""Shares of intervals and of recordings that overlap in the right unit."""

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


def _unit_of_intervals(
    intervals: Intervals, spans: Sequence[tuple[float, float]], clock: Clockwork
) -> tuple[float, bool, str]:
    """Return the factor to s of interval times, whether they count from each start, and a note.

    `spans` are the first and last times of the recordings in s.
    """
    if intervals.is_date:
        return 1.0, False, ""
    units = dict(UNITS)
    if clock.kind == "index":
        units = {"s": 1.0, "rows": clock.unit}
    for relative in (False, True):
        for word, size in units.items():
            bounds = [(0.0, last - first) for first, last in spans] if relative else spans
            shared = [_overlap(intervals.start * size, intervals.end * size, *b) for b in bounds]
            total = float((intervals.end - intervals.start).sum() * size)
            length = sum(last - first for first, last in spans)
            most = max(shared) if relative else sum(shared)
            if most > INSIDE * total and most > COVERED * length:
                return size, relative, f"{word}{' since the start of each recording' * relative}"
    raise ValueError(
        f"The intervals reach from {intervals.start.min():.12g} to {intervals.end.max():.12g}, "
        f"which do not overlap with the recordings ({spans[0][0]:.12g} to {spans[0][1]:.12g} s) in "
        "any unit: give start and end on the clock of the readings."
    )


def _overlap(start: Array, end: Array, first: float, last: float) -> float:
    """Return the time of intervals within a span."""
    return float(np.clip(np.minimum(end, last) - np.maximum(start, first), 0, None).sum())


def _interval_labels(
    intervals: Intervals, chosen: Sequence[bool], first: float, rate: float, count: int
) -> NDArray[Any]:
    """Return the label of each sample; `UNLABELED` outside of the chosen intervals."""
    labels = np.empty(count, dtype=object)
    labels[:] = UNLABELED
    is_text = any(isinstance(label, str) for label in intervals.labels)
    last_end, last_label = -np.inf, None
    for i in np.flatnonzero(chosen):
        begin = _index(intervals.start[i] - first, rate, count)
        end = _index(intervals.end[i] - first, rate, count)
        covers_more = intervals.start[i] < last_end - 1 / rate
        if covers_more and intervals.labels[i] != last_label and end > begin:
            raise ValueError(
                f"The intervals {last_label!r} and {intervals.labels[i]!r} overlap at "
                f"{intervals.start[i]:.12g} s: a sample has one label."
            )
        labels[begin:end] = intervals.labels[i] if is_text else str(intervals.labels[i])
        last_end, last_label = intervals.end[i], intervals.labels[i]
    return labels


class SampleLabels:
    """The labels of samples: of the rows they come from, or of intervals."""

    def __init__(
        self,
        intervals: Intervals | None,
        pieces: Sequence[Piece],
        clock: Clockwork,
        report: TableReport,
    ) -> None:
        self._intervals = intervals
        self._relative = False
        self._any = any(label is not None for piece in pieces for _, label in piece.stream.labels)
        if self._intervals is not None:
            spans = [(p.stream.start + p.first, p.stream.start + p.last) for p in pieces]
            size, self._relative, note = _unit_of_intervals(self._intervals, spans, clock)
            starts, ends = self._intervals.start * size, self._intervals.end * size
            self._intervals = self._intervals._replace(start=starts, end=ends)
            if note:
                report.add("labels", f"{len(starts)} intervals in {note}", inferred=True)
            if self._relative:
                warn(
                    "The intervals of label= do not overlap with the time stamps. They were read "
                    "as counted from the start of each recording."
                )

    def runs(self, piece: Piece) -> list[tuple[int, Any]]:
        """Return the first row of each label of a piece."""
        runs = [run for run in piece.stream.labels if run[0] < piece.end]
        inside = [run for run in runs if run[0] > piece.begin]
        first = [(piece.begin, label) for row, label in runs if row <= piece.begin][-1:]
        return first + inside

    def of(
        self,
        piece: Piece,
        runs: list[tuple[int, Any]],
        switches: Array,
        start: float,
        count: int,
        rate: float,
    ) -> NDArray[Any] | None:
        """Return the label of each sample of a piece, or None.

        `switches` are the times at which the labels of the rows change.
        """
        if self._intervals is not None:
            people, recordings = self._intervals.people, self._intervals.recordings
            chosen = [
                _fits(person, piece.stream.group) and _fits(recording, piece.stream.name)
                for person, recording in zip(people, recordings, strict=True)
            ]
            first = 0.0 if self._relative else start
            return _interval_labels(self._intervals, chosen, first, rate, count)
        if not self._any or (piece.stream.rates and not any(v is not None for _, v in runs)):
            return None
        first = start - piece.stream.start
        at = [0] * (len(runs) - len(switches))
        at += [_index(time - first, rate, count) for time in switches.tolist()]
        known = [label for _, label in runs]
        if any(label is None for label in known):  # then all are texts
            is_text = any(isinstance(label, str) for label in known)
            known = [
                UNLABELED if label is None else label if is_text else str(label) for label in known
            ]
        labels = _empty_labels(count, known)
        for label, low, high in zip(known, at, [*at[1:], count], strict=True):
            labels[low:high] = label
        return labels


def _index(time: float, rate: float, count: int) -> int:
    """Return the first sample at or after a time since the first one."""
    return int(np.clip(np.ceil(time * rate - 1e-6), 0, count))


def _empty_labels(count: int, known: Sequence[Any]) -> NDArray[Any]:
    """Return an array for labels: numbers, or objects, so that equal texts are there once."""
    is_whole = all(isinstance(label, int) and not isinstance(label, bool) for label in known)
    return np.empty(count, dtype=np.int64 if is_whole else object)


def _fits(wanted: Any, given: Any) -> bool:
    """Tell whether an interval without or with an owner is of a recording."""
    return wanted is None or str(wanted) == str(given)
