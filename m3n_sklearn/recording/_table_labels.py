"""Labels from a second table: intervals with start, end and label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
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
from ._table_streams import Stream, plain_id
from ._table_times import EPOCH, UNITS, Clockwork

__all__ = ["Intervals", "SampleLabels", "read_intervals"]

UNLABELED = "unlabeled"
"""Class of the samples that no interval and no cell labels."""

FIRST_CLOCK, FIRST_UNIT, UNLIKELY = 1000.0, 30.0, 1e-3
"""Weights of the clock and of the unit of the stamps, and of intervals of unlikely duration."""

SHORTEST, LONGEST = 0.1, 10.0
"""Likely durations of intervals: from s, to so many times the longest recording."""

START = frozenset(["start", "begin", "onset", "from", "starttime", "begintime"])
END = frozenset(["end", "stop", "offset", "to", "until", "endtime", "stoptime"])


MINUTE = 60.0

UNIT_WORDS = {
    "s": frozenset(["s", "sec", "secs", "second", "seconds"]),
    "ms": frozenset(["ms", "msec", "millis", "millisecond", "milliseconds"]),
    "us": frozenset(["us", "usec", "micros", "microsecond", "microseconds"]),
    "ns": frozenset(["ns", "nanos", "nanosecond", "nanoseconds"]),
    "min": frozenset(["min", "mins", "minute", "minutes"]),
    "rows": frozenset(["row", "rows", "sample", "samples", "index", "frame", "frames", "idx"]),
}
"""Words by which a column says the unit of its numbers."""

FEW, MANY = 0.1, 0.5
"""Share of the readings over which intervals reach in a unit that is doubtful, and in a better
one."""


DURATION = frozenset(["duration", "length"])


class Intervals(NamedTuple):
    """Labeled intervals; the person and the recording of each are None if they are not told."""

    start: Array
    end: Array
    labels: list[Any]
    people: list[Any]
    recordings: list[Any]
    is_date: bool
    has_zone: bool = False  # of dates
    unit: str = ""  # of numbers, as the names of the columns say


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
            ("duration", DURATION, ()),
            ("label", LABEL, ()),
            ("person", PERSON, ()),
            ("recording", RECORDING, ()),
        )
    }
    if roles["label"] is None:
        rest = [n for n in source.columns if n not in roles.values() and source.kinds[n] == "text"]
        roles["label"] = rest[0] if len(rest) == 1 else None
    by_duration = roles["end"] is None and roles["duration"] is not None
    roles["end"] = roles["duration"] if by_duration else roles["end"]
    roles["duration"] = None
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
    start, is_date, *zone = _seconds(cells["start"], roles["start"] in source.zoned)
    end, *of_end = _seconds(cells["end"], roles["end"] in source.zoned)
    if by_duration and not of_end[0]:  # of dates the durations are in s
        end, of_end = start + end, [is_date, *zone]
    if of_end != [is_date, *zone]:
        raise ValueError(
            f"{roles['start']!r} and {roles['end']!r} of the table of intervals are not alike: "
            "give numbers in both, dates in both, or dates with a time zone in both."
        )
    wrong = np.flatnonzero(~(end >= start))
    if len(wrong):
        raise ValueError(f"Interval {wrong[0]} ends before it starts, or lacks a time.")
    order = np.argsort(start, kind="stable")

    def ids(role: str) -> list[Any]:
        found = cells[role]
        return [None if found is None else plain_id(found[i]) for i in order]

    return Intervals(
        start[order],
        end[order],
        ids("label"),
        ids("person"),
        ids("recording"),
        is_date,
        zone[0],
        "" if is_date else _said_unit(str(roles["start"]), str(roles["end"])),
    )


def _said_unit(start: str, end: str) -> str:
    """Return the unit that the names of both columns say, or nothing."""
    said = [set(re.findall("[a-z]+", name.lower())) for name in (start, end)]
    found = [unit for unit, words in UNIT_WORDS.items() if all(one & words for one in said)]
    return found[0] if len(found) == 1 else ""


def _seconds(cells: NDArray[Any] | None, has_zone: bool) -> tuple[Array, bool, bool]:
    """Return numbers or seconds since 1970, whether they were dates, and whether with a zone."""
    assert cells is not None
    if cells.dtype.kind != "M":
        with suppress(TypeError, ValueError):
            return np.array(cells, dtype=np.float64), False, False
    times = read_times(cells if cells.dtype != object else list(cells), len(cells))
    origin = 0.0
    if times.origin is not None:
        origin = float((times.origin - np.datetime64(0, "us")) / np.timedelta64(1, "us")) / 1e6
    return times.seconds + origin, times.origin is not None, has_zone or times.utc


def _unit_of_intervals(
    intervals: Intervals, spans: Sequence[tuple[float, float]], clock: Clockwork
) -> tuple[float, bool, str]:
    """Return the factor to s of interval times, whether they count from each start, and a note.

    `spans` are the first and last times of the recordings in s.
    """
    reach = float(intervals.start.min()), float(intervals.end.max())
    if intervals.is_date:
        if not any(_shared(reach, span) for span in spans):
            raise ValueError(_apart(reach, spans))
        return 1.0, False, ""
    units = {"s": 1.0, "rows": clock.unit} if clock.kind == "index" else dict(UNITS)
    if intervals.unit:
        units = {**units, "min": MINUTE}
        if intervals.unit not in units:
            raise ValueError(
                f"The intervals of label= count {intervals.unit}, but the readings have time "
                "stamps: take the stamps of these rows as start and end."
            )
        units = {intervals.unit: units[intervals.unit]}
    own = {"number": clock.word, "index": ""}.get(clock.kind, "s")
    own = "s" if own == "durations" else own
    longest = max(last - first for first, last in spans)
    length = np.median(intervals.end - intervals.start)
    # The unit in which the intervals reach over the same time as the readings. The unit and the
    # clock of the stamps come first: a protocol may be longer than the readings.
    scores: dict[tuple[str, bool], float] = {}
    for relative in (False, True):
        bounds = [(0.0, last - first) for first, last in spans] if relative else spans
        for word, size in units.items():
            scaled = reach[0] * size, reach[1] * size
            shared = sum(_shared(scaled, bound) for bound in bounds)
            score = shared / max(scaled[1] - scaled[0], sum(b[1] - b[0] for b in bounds))
            score *= 1.0 if relative else FIRST_CLOCK
            score *= FIRST_UNIT if word == own else 1.0
            if not SHORTEST <= length * size <= LONGEST * longest:
                score *= UNLIKELY
            scores[word, relative] = score
    word, relative = max(scores, key=lambda key: scores[key])
    if not scores[word, relative]:
        raise ValueError(_apart(reach, spans))
    if not intervals.unit:
        _warn_about_unit(intervals, spans, clock, word, units[word], is_own=word == own)
    return units[word], relative, f"{word}{' since the start of each recording' * relative}"


def _warn_about_unit(
    intervals: Intervals,
    spans: Sequence[tuple[float, float]],
    clock: Clockwork,
    word: str,
    size: float,
    *,
    is_own: bool,
) -> None:
    """Warn, or raise if the unit is that of nothing, if minutes or rows fit much better."""
    longest = max(last - first for first, last in spans)
    end, first = float(intervals.end.max()), float(intervals.start.min())

    def reach(unit: float) -> float:
        return (end - first) * unit / longest if end * unit < 1.1 * longest else 0.0

    others = {"minutes": MINUTE, "rows": clock.step if clock.kind != "index" else 0.0}
    if (intervals.start % 1).any() or (intervals.end % 1).any():
        del others["rows"]
    better = [other for other, unit in others.items() if reach(unit) > MANY]
    if reach(size) > FEW or not better or not first >= 0 or first * size > longest:
        return
    message = (
        f"The intervals of label= would reach over {reach(others[better[0]]):.0%} of the longest "
        f"recording in {better[0]}, which fits better than {word}. "
    )
    mend = "Say the unit in the names of the columns, such as start_s or start_min" + (
        ", and take the time stamps of rows." if "rows" in better else "."
    )
    if not is_own:
        raise ValueError(f"{message}{mend}")
    warn(f"{message}They were read in {word}. {mend}")


def _shared(reach: tuple[float, float], span: tuple[float, float]) -> float:
    """Return the time that two spans share."""
    return max(0.0, min(reach[1], span[1]) - max(reach[0], span[0]))


def _apart(reach: tuple[float, float], spans: Sequence[tuple[float, float]]) -> str:
    """Say that intervals and readings do not overlap."""
    # numbers in any unit: those that are dates are so in one unit
    size = next((size for size in UNITS.values() if _is_epoch(reach[0] * size)), 1.0)
    begin, end = reach[0] * size, reach[1] * size
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    hint = "give start and end on the clock of the readings, or in s since the start of each."
    if _is_epoch(begin) and _is_epoch(first):
        hint = "are they in another time zone? Give dates with a zone, such as "
        hint += "'2026-03-31T09:30:00+02:00'."
    return (
        f"The intervals of label= reach from {_moment(begin)} to {_moment(end)}, the readings from "
        f"{_moment(first)} to {_moment(last)}, so they do not overlap: {hint}"
    )


def _is_epoch(seconds: float) -> bool:
    """Tell whether seconds count from 1970."""
    return EPOCH[0] <= seconds < EPOCH[1]


def _moment(seconds: float) -> str:
    """Return a time in words: a date, or seconds."""
    if not _is_epoch(seconds):
        return f"{seconds:.6g} s"
    date = str(np.datetime64(round(seconds), "s"))
    return f"{date.replace('T', ' ')} UTC"


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
        label = intervals.labels[i]
        if label is None or not str(label).strip():
            label = UNLABELED
        covers_more = intervals.start[i] < last_end - 1 / rate
        if covers_more and label != last_label and end > begin:
            hint = ""
            if all(person is None for person in intervals.people):
                hint = " If people were recorded at once, give the intervals a column of people."
            raise ValueError(
                f"The intervals {last_label!r} and {label!r} overlap at "
                f"{intervals.start[i]:.12g} s: a sample has one label.{hint}"
            )
        labels[begin:end] = label if is_text else str(label)
        if intervals.end[i] > last_end:
            last_end, last_label = intervals.end[i], label
    return labels


class SampleLabels:
    """The labels of samples: of the rows they come from, or of intervals."""

    def __init__(
        self,
        intervals: Intervals | None,
        streams: Sequence[Stream],
        pieces: Sequence[Piece],
        clock: Clockwork,
        report: TableReport,
    ) -> None:
        self._intervals = intervals
        self._relative = False
        self._any = any(label is not None for piece in pieces for _, label in piece.stream.labels)
        if self._intervals is not None:
            ends_of: dict[int, float] = {}  # of streams, which gaps do not part
            for piece in pieces:
                known = ends_of.get(id(piece.stream), 0.0)
                ends_of[id(piece.stream)] = max(known, piece.last)
            used = [stream for stream in streams if id(stream) in ends_of]
            _check_owners(self._intervals, used)
            spans = [(one.start, one.start + ends_of[id(one)]) for one in used]
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
            _check_overlap(self._intervals, used, spans, self._relative)
            _warn_about_zone(self._intervals, clock)

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
            chosen = _chosen(self._intervals, piece.stream)
            first = start - piece.stream.start if self._relative else start
            return _interval_labels(self._intervals, chosen, first, rate, count)
        if not self._any or (piece.stream.rates and not any(v is not None for _, v in runs)):
            return None
        if not runs:  # a table without a column of labels next to others that have one
            runs = [(piece.begin, None)]
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


def _chosen(intervals: Intervals, stream: Stream) -> list[bool]:
    """Tell which intervals are of a recording."""
    names: list[Any] = [stream.name, stream.recording]
    if stream.path is not None:
        names += [stream.path, stream.path.name, stream.path.stem]
    return [
        _fits(person, (stream.group,)) and _fits(recording, names)
        for person, recording in zip(intervals.people, intervals.recordings, strict=True)
    ]


def _fits(wanted: Any, given: Sequence[Any]) -> bool:
    """Tell whether an interval without or with an owner is of one of these."""
    return wanted is None or str(wanted) in map(str, given)


def _check_owners(intervals: Intervals, streams: Sequence[Stream]) -> None:
    """Raise if no interval is of a recording, and warn of people without one."""
    if not any(any(_chosen(intervals, stream)) for stream in streams):
        sides = []
        for word, wanted, given in (
            ("people", intervals.people, [one.group for one in streams]),
            (
                "recordings",
                intervals.recordings,
                [one.name if one.recording is None else one.recording for one in streams],
            ),
        ):
            if any(one is not None for one in wanted):
                sides.append(f"{word} {_unique(wanted)}; the readings have {_unique(given)}")
        raise ValueError(
            "No interval of label= is of a recording. The intervals have "
            f"{'. They have '.join(sides)}. Use the same names in both; group= and recording= "
            "name the columns of the readings."
        )
    people = {str(stream.group) for stream in streams}
    others = [one for one in intervals.people if one is not None and str(one) not in people]
    if others:
        warn(f"The intervals of label= have people without a recording: {_unique(others)}.")


def _warn_about_zone(intervals: Intervals, clock: Clockwork) -> None:
    """Warn if only the intervals or only the readings have dates without a time zone."""
    is_naive = clock.kind in ("date", "text") and not clock.has_zone
    if intervals.is_date and intervals.has_zone == is_naive:
        naive, others = "intervals of label=", "the readings are in UTC"
        if is_naive:
            naive, others = "readings", "those of the intervals of label= have one"
        warn(
            f"The dates of the {naive} have no time zone and were read as UTC, while {others}. If "
            "they are local times, give them their zone, such as '2026-03-31T09:30:00+02:00', or "
            "with pandas: table['start'].dt.tz_localize('Europe/Berlin')."
        )


def _unique(names: Sequence[Any]) -> str:
    """Return different names, those that are missing as none."""
    return listed([repr(name) for name in dict.fromkeys(names) if name is not None]) or "none"


def _check_overlap(
    intervals: Intervals,
    streams: Sequence[Stream],
    spans: Sequence[tuple[float, float]],
    relative: bool,
) -> None:
    """Raise if no interval overlaps its recordings, and warn of people without any."""
    bounds = [(0.0, last - first) for first, last in spans] if relative else spans
    has_any: dict[Any, bool] = {}
    for stream, (first, last) in zip(streams, bounds, strict=True):
        meets = (intervals.end > first) & (intervals.start <= last)
        owner = stream.name if stream.group is None else stream.group
        found = bool((meets & np.array(_chosen(intervals, stream))).any())
        has_any[owner] = has_any.get(owner, False) or found
    if not any(has_any.values()):
        reach = float(intervals.start.min()), float(intervals.end.max())
        raise ValueError(_apart(reach, bounds))
    if not all(has_any.values()):
        lacking = [owner for owner, found in has_any.items() if not found]
        warn(
            f"No interval of label= overlaps the recordings of {_unique(lacking)}, which are "
            f"{UNLABELED!r} as a whole. Check their names and their clock."
        )
