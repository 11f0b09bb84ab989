"""read_table: recordings from files and frames, and what was inferred on the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._channel_names import UnitsWarning, say
from .._files import reading
from .._validation import check_choice, check_positive, check_rate
from .._warn import warn
from ._channels import channel_names
from ._recording import Recording, recording_of
from ._table_columns import Roles, Sensor, all_columns, find_roles
from ._table_conventions import Axes, read_axes
from ._table_labels import (
    UNLABELED,
    Intervals,
    interval_labels,
    read_intervals,
    unit_of_intervals,
)
from ._table_pieces import (
    FEWEST,
    Piece,
    Rates,
    common_rate,
    even_piece,
    find_pieces,
    sample_stretches,
)
from ._table_report import Recordings, TableReport, listed
from ._table_sources import HEAD, TEXT, Source, is_frame, list_sources
from ._table_streams import Stream, append_batch, whole_ids
from ._table_times import UNITS, Clockwork, choose_time
from ._table_units import Unit, check_unit, choose_unit
from ._units import find_doubts

__all__ = ["read_table"]


class _Arguments(NamedTuple):
    """The checked arguments of `read_table`."""

    time: Any
    rate: float | None
    time_unit: str | None
    acc: Any
    gyro: Any
    acc_unit: Unit | None
    gyro_unit: Unit | None
    site: str
    axes: Axes
    label: Any
    intervals: Intervals | None
    group: Any
    recording: Any
    max_gap: float
    dtype: np.dtype[Any]


class _Table(NamedTuple):
    """One source with the roles of its columns and its clock."""

    source: Source
    roles: Roles
    clock: Clockwork


def read_table(
    source: Any,
    *,
    time: str | int | None = None,
    rate: float | None = None,
    acc: Any = None,
    gyro: Any = None,
    acc_unit: str | float | None = None,
    gyro_unit: str | float | None = None,
    site: str = "right_wrist",
    axes: str | ArrayLike | None = None,
    label: Any = None,
    group: str | Callable[[Path], Any] | None = None,
    recording: str | None = None,
    max_gap: float = 0.5,
    time_unit: Literal["s", "ms", "us", "ns"] | None = None,
    dtype: DTypeLike = np.float64,
    verbose: bool = True,
) -> list[Recording]:
    """Read recordings from tables of any watch or logger.

    What is not told by an argument is inferred, and said once in a short report. Where the table
    does not decide, an error says which argument does.

    Parameters
    ----------
    source : path, frame, or list of these
        A file (CSV, TSV, also with .gz; parquet; feather), a folder of such files, or a frame of
        pandas, polars (also lazy) or pyarrow. Files need the extra ``m3n-sklearn[table]``. Each
        file is one recording unless a column separates several. Lines before the header of a text
        file, its encoding, separator and decimal sign are found.
    time : str or int, optional
        Column of time stamps: dates, ISO 8601 texts with or without a zone, seconds or a part of
        them since any moment, or a sample index (with `rate`). A file without a header has the
        columns 0, 1, ...
    rate : float, optional
        Rate of the recordings in Hz. By default that of the time stamps. Required if there are
        none, or if they count samples.
    acc, gyro : sequence of 3 column names, str, mapping or False, optional
        Columns x, y, z of the acceleration and of the angular rate, or a pattern such as
        ``"acc_*"``; for several sites a mapping from sites to these. ``gyro=False`` leaves the
        gyroscope out. By default the columns whose names say so; see "Channel names that are
        understood" in :doc:`/user_guide/recordings`.
    acc_unit, gyro_unit : str or float, optional
        ``"m/s2"``, ``"g"``, ``"mg"``; ``"rad/s"``, ``"deg/s"``. Raw counts are divided by the
        counts per unit, as in ``"g/4096"`` and ``"deg/s/16.4"``. A number is the factor to m/s² or
        rad/s.
    site : str, default="right_wrist"
        Site of the sensor, for columns whose names do not say one.
    axes : str or array-like of shape (3, 3), optional
        A convention of a device (``"android"``, ``"ios"``, ``"wear_os"``, ``"apple_watch"``,
        ``"axivity"``, ``"actigraph"``, ``"empatica_e4"``, ``"embrace_plus"``, ``"metamotion"``,
        ``"shimmer"``, ``"garmin"``), which gives units and signs; the axes of the sensor that are
        x, y and z of the site, such as ``"-x -y z"`` for a watch whose crown points the other way;
        both (``"ios -x -y z"``); or the mount as in :func:`to_site_axes`.
    label : str, path or frame, optional
        Column of classes, or a second table of intervals with the columns start, end and label, and
        if need be a person or recording. False reads none. Samples without a class have
        ``"unlabeled"``: leave them out with ``cut(..., ignore="unlabeled")``.
    group : str or callable, optional
        Column of people. ``"file"`` and ``"folder"`` take the name of the file or of its folder;
        a function gets the path of each file and returns the person.
    recording : str, optional
        Column that separates recordings. A new person begins a new recording as well.
    max_gap : float, default=0.5
        Seconds. A recording is split at longer gaps; what lies in between is not invented.
    time_unit : {"s", "ms", "us", "ns"}, optional
        Unit of numeric time stamps. By default the one with which the rate is plausible.
    dtype : dtype, default=float64
        ``"float32"`` takes half the memory, for large files.
    verbose : bool, default=True
        Print the report. Doubtful guesses are warnings in any case.

    Returns
    -------
    list of Recording
        In m/s² with gravity and rad/s. ``start`` is in seconds since 1970 (UTC) where the stamps
        are dates. Rows that are even are kept as they are; all others are resampled as by
        :func:`resample_timestamps`. Readings that are missing are not observed. The list has the
        attribute ``report``, a :class:`TableReport`.

    Raises
    ------
    ValueError
        If the table does not say what is needed, with the argument that tells it; and for files
        that are not tables.

    Warns
    -----
    UnitsWarning
        If a unit that the names give does not fit the values, or readings look doubtful.
    UserWarning
        For guesses that may be wrong, and files and rows that were left out.

    See Also
    --------
    write_table : Write recordings to a file that this function reads again.

    Notes
    -----
    Files are read in batches and converted recording by recording, so that a large file needs
    little memory beyond the result. Tables that :func:`write_table` and :meth:`Recording.to_frame`
    write are recognized by their columns ``time`` and ``rate``, and read back exactly.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from m3n_sklearn.recording import read_table
    >>> watch = pd.DataFrame({
    ...     "timestamp": 1_767_225_600_000 + 20 * np.arange(500),
    ...     "ax": 0.0, "ay": 0.0, "az": 1.0,
    ...     "activity": np.repeat(["sit", "stand"], 250),
    ... })
    >>> recordings = read_table(watch)
    table       1 frame, 500 rows
    time        'timestamp', ms since 1970, from 2026-01-01 00:00:00 UTC [inferred]
    acc         ax, ay, az in g [inferred]
    site        right_wrist
    rate        50 Hz, rows kept as they are [inferred]
    gravity     right_wrist: mean (0, 0, 9.81) m/s²
    labels      'activity': sit 50%, stand 50% [inferred]
    people      none
    recordings  1, 9.98 s in all
    >>> recordings
    [Recording(500 samples x 3 channels, 9.98 s at 50 Hz)]
    """
    report = TableReport()
    # 1. Arguments
    sources = list_sources(source)
    arguments = _Arguments(
        time=time,
        rate=None if rate is None else check_rate(rate, "rate"),
        time_unit=None if time_unit is None else check_choice(time_unit, "time_unit", list(UNITS)),
        acc=acc,
        gyro=gyro,
        acc_unit=check_unit("acc", acc_unit),
        gyro_unit=check_unit("gyro", gyro_unit),
        site=_check_site(site),
        axes=read_axes(axes),
        label=label,
        intervals=_intervals(label, sources),
        group=group,
        recording=recording,
        max_gap=check_positive(max_gap, "max_gap", "seconds"),
        dtype=_check_dtype(dtype),
    )
    # 2. What the columns are, and the rows of each recording
    streams = _collect(sources, arguments, isinstance(source, str | Path), report)
    # 3. Pieces without gaps, their rate and units, and the recordings
    recordings = _convert(streams, arguments, report)
    if verbose:
        print(report)
    return Recordings(recordings, report)


def _check_site(site: Any) -> str:
    if not isinstance(site, str):
        raise TypeError(f"site must be a name such as 'left_wrist', got {site!r}.")
    if site:
        channel_names(site)
    return site


def _check_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    found = np.dtype(dtype)
    if found not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"dtype must be float32 or float64, got {dtype!r}.")
    return found


def _intervals(label: Any, sources: Sequence[Source]) -> Intervals | None:
    """Return the intervals if `label` is a table of them."""
    if is_frame(label) or isinstance(label, Path):
        return read_intervals(label)
    if isinstance(label, str) and not any(label in source.columns for source in sources):
        path = Path(label).expanduser()
        if path.is_file():
            return read_intervals(path)
    return None


# ---- reading


def _collect(
    sources: Sequence[Source], arguments: _Arguments, is_folder: bool, report: TableReport
) -> list[Stream]:
    """Return the rows of each recording."""
    streams: dict[Any, Stream] = {}
    tables: list[_Table] = []
    left_out: list[str] = []
    for number, source in enumerate(sources):
        what = "a table of readings"
        try:
            if source.path is None:
                tables.append(_read_one(number, source, arguments, streams, len(sources) == 1))
            else:
                with reading(source.path, what):
                    tables.append(_read_one(number, source, arguments, streams, len(sources) == 1))
        except _NoReadingsError as error:
            if not (is_folder and len(sources) > 1):
                raise ValueError(str(error)) from error
            left_out.append(source.name or "")
    if not tables:
        raise ValueError(
            f"None of the {len(sources)} files has readings: {listed(left_out)}. Name the columns "
            "with acc= and gyro=."
        )
    if left_out:
        warn(
            f"{len(left_out)} files have no acceleration and were left out: {listed(left_out)}. A "
            "gyroscope in a file of its own is joined first, such as with pandas.merge_asof."
        )
    found = [stream for stream in streams.values() if stream.rows]
    if not found:
        raise ValueError("The table has no rows with a time stamp.")
    _whole_numbers(found)
    _report_columns(tables, found, arguments, report)
    return found


class _NoReadingsError(ValueError):
    """A table without an acceleration."""


def _read_one(
    number: int,
    source: Source,
    arguments: _Arguments,
    streams: dict[Any, Stream],
    is_alone: bool,
) -> _Table:
    """Append the rows of a source to the streams of their recordings."""
    a = arguments
    layout = source.layout
    label = False if a.intervals is not None or a.label is False else a.label
    by_file = callable(a.group) or (a.group in ("file", "folder") and a.group not in source.columns)
    try:
        roles = find_roles(
            source.columns,
            source.kinds,
            time=a.time,
            acc=a.acc,
            gyro=a.gyro,
            label=label,
            group=False if by_file else a.group,
            recording=a.recording,
            site=a.site,
            is_named=layout is None or layout.is_named,
        )
    except ValueError as error:
        if str(error).startswith("No acceleration"):
            raise _NoReadingsError(str(error)) from error
        raise
    if layout is not None and layout.convention and a.axes.convention is None:
        for one in roles.sensors:
            one.unit = one.unit or layout.convention
    if layout is not None:
        for one in roles.sensors:
            one.unit = one.unit or layout.units.get(one.columns[0][0], "")
    texts = [n for n in (roles.label, roles.group, roles.recording) if n is not None]
    texts += [n for n in ("text",) if roles.is_own and n in source.columns]
    # 1. The clock, from the first rows
    candidates = [*roles.times, *roles.counters]
    wanted = list(dict.fromkeys([*candidates, *all_columns(roles)]))
    head = next(iter(source.batches(wanted, [])), None)
    if head is None or not len(next(iter(head.values()))):
        raise ValueError("The table has a header but no rows.")
    head = {name: cells[:HEAD] for name, cells in head.items()}
    for name in all_columns(roles):
        if head[name].dtype.kind not in "iufb":
            raise ValueError(
                f"The column {name!r} is not numeric: it has {_first_text(head[name])!r}."
            )
    known_rate = a.rate
    if known_rate is None and layout is not None and not roles.times:
        known_rate = layout.rate
    clock, notes = Clockwork("time", "number", 1.0, "s", is_told=True), []
    if not roles.is_own:
        clock, notes = choose_time(
            roles.times,
            roles.counters,
            head,
            source.kinds,
            rate=known_rate,
            unit=a.time_unit,
            told=a.time is not None,
        )
    roles.notes += notes
    if clock.kind != "index" and clock.step > a.max_gap:
        raise ValueError(
            f"Its rows are {clock.step:.4g} s apart, more than max_gap={a.max_gap:g} s. Is the "
            f"unit of {clock.column!r} {clock.word}? Give time_unit=, or a larger max_gap."
        )
    # 2. All rows
    columns = list(dict.fromkeys([*([clock.column] if clock.column else []), *all_columns(roles)]))
    columns += [name for name in texts if name not in columns]
    columns += ["rate"] if roles.is_own else []
    group = _group_of(source.path, a.group) if by_file else None
    before = set(streams)
    for batch in source.batches(columns, texts):
        key = (number, source.name, source.path, is_alone)
        append_batch(streams, batch, roles, clock, key, group, a.dtype)
    if layout is not None and layout.start is not None and clock.column is None:
        for key in set(streams) - before:
            streams[key].start += layout.start
    return _Table(source, roles, clock)


def _first_text(cells: NDArray[Any]) -> Any:
    return next((cell for cell in cells.tolist() if cell is not None), None)


def _group_of(path: Path | None, group: Any) -> Any:
    """Return the person of a file."""
    if path is None:
        raise ValueError(f"group={group!r} is for files; a frame has a column of people.")
    if callable(group):
        return group(path)
    if group == "folder":
        return path.parent.name
    return path.name.partition(".")[0]


def _whole_numbers(streams: Sequence[Stream]) -> None:
    """Turn texts of whole numbers into these, where a file of text does not tell them apart."""
    texts = [s for s in streams if s.path is not None and s.path.name.lower().endswith(TEXT)]
    people = whole_ids(stream.group for stream in texts)
    classes = whole_ids(label for stream in texts for _, label in stream.labels)
    for stream in texts:
        stream.group = people.get(stream.group, stream.group)
        stream.labels = [(row, classes.get(label, label)) for row, label in stream.labels]


def _report_columns(
    tables: Sequence[_Table], streams: Sequence[Stream], arguments: _Arguments, report: TableReport
) -> None:
    """Say what was read."""
    files = [table.source for table in tables if table.source.path is not None]
    kind = "file" if files else "frame"
    rows = sum(stream.counted for stream in streams)
    report.add("table", f"{len(tables)} {kind}{'s' * (len(tables) > 1)}, {rows} rows")
    layouts = [source.layout for source in files if source.layout is not None]
    before = [layout for layout in layouts if layout.before]
    if before:
        report.add("table", f"{len(before[0].before)} lines before the header were not read")
    if layouts and (layouts[0].delimiter != "," or layouts[0].decimal != "."):
        report.add(
            "table", f"separator {layouts[0].delimiter!r}, decimal sign {layouts[0].decimal!r}"
        )
    wrong = sum(layout.wrong_rows for layout in layouts)
    if wrong:
        warn(f"{wrong} rows of the table have another number of cells and were left out.")
    first = tables[0]
    clock = first.clock
    if clock.kind == "index":
        column = repr(clock.column) if clock.column else "rows"
        report.add("time", f"{column}, counted at {1 / clock.unit:.6g} Hz")
        start = first.source.layout.start if first.source.layout is not None else None
        if start is not None:
            report.add("time", f"from {_date(start)}")
    else:
        since = ""
        if clock.is_epoch:
            since = " since 1970" if clock.kind == "number" else ""
            since += f", from {_date(min(stream.start for stream in streams))}"
        is_told = arguments.time is not None and clock.is_told
        report.add(
            "time",
            f"{clock.column!r}, {clock.word}{since}",
            inferred=not (is_told or first.roles.is_own),
        )
    for note in dict.fromkeys(note for table in tables for note in table.roles.notes):
        report.add("columns", note)
    for doubt in dict.fromkeys(doubt for table in tables for doubt in table.roles.doubts):
        warn(doubt)
    others = list(dict.fromkeys(name for table in tables for name in table.roles.dropped))
    if others:
        report.add("dropped", f"columns {listed(others, 12)}")
    untimed = sum(stream.untimed for stream in streams)
    if untimed:
        report.add("dropped", f"{untimed} rows without a time stamp")
    report.facts.update({"_label": first.roles.label or ""})


def _date(seconds: float) -> str:
    """Return a date in words."""
    date = np.datetime64(round(seconds * 1e3), "ms")
    return f"{str(date)[:19].replace('T', ' ')} UTC"


# ---- converting


def _convert(streams: list[Stream], arguments: _Arguments, report: TableReport) -> list[Recording]:
    """Return the recordings of streams, whose rows are freed on the way."""
    label_column = report.facts.pop("_label")
    dropped = report.facts.pop("dropped", "")
    # 1. Pieces
    pieces: list[Piece] = []
    gaps: list[float] = []
    back = short = 0
    for stream in streams:
        gap = arguments.max_gap
        if stream.rates:  # written by this package, at any rate
            gap = max(gap, 1.5 / _own_rate(stream))
        found, lost, backward = find_pieces(stream, gap)
        if backward > max(3, 0.01 * stream.rows):
            raise ValueError(
                f"Time steps back {backward} times in {_named(stream)}: sort its rows, or name the "
                "column that separates recordings with recording= or group=."
            )
        kept = found if stream.rates else [piece for piece in found if piece.rows >= FEWEST]
        short += len(found) - len(kept)
        pieces += kept
        gaps += lost
        back += backward
    if not pieces:
        raise ValueError(
            f"No recording has {FEWEST} rows without a gap of more than max_gap="
            f"{arguments.max_gap:g} s: {sum(s.rows for s in streams)} rows in all. Give a larger "
            "max_gap, or check time_unit."
        )
    # 2. Rate and units, of all recordings together
    own = any(stream.rates for stream in streams)
    rate = _own_rate(streams[0]) if own else None
    rates = Rates(rate, rate, True) if rate else common_rate(pieces, arguments.rate)
    converters = {}
    for group in _alike(streams):
        units = _units(group, rates.stamps, arguments, report)
        for stream in group:
            converters[id(stream)] = _converter(stream.sensors, units, arguments.axes)
    named = sorted({one.site for stream in streams for one in stream.sensors if one.site})
    if named:
        turned = f", axes {arguments.axes.text}" if arguments.axes.mount is not None else ""
        report.add("site", f"{listed(named)}{turned}")
    # 3. Recordings
    notes: Counter[str] = Counter()
    resampled = 0
    recordings: list[Recording] = []
    spans = [(p.stream.start + p.first, p.stream.start + p.last) for p in pieces]
    labels = _Labels(arguments, pieces, spans, report)
    several = Counter(id(piece.stream) for piece in pieces)
    numbers: Counter[int] = Counter()
    for piece in pieces:
        stream = piece.stream
        rate = _own_rate(stream) if stream.rates else rates.rate
        row_times = labels.row_times(piece)
        data, seen, first, was_moved = even_piece(
            piece,
            rate,
            converters[id(stream)],
            arguments.dtype,
            arguments.max_gap,
            notes,
        )
        resampled += was_moved
        numbers[id(stream)] += 1
        name = stream.name
        if several[id(stream)] > 1:
            name = f"{name or 'recording'}-{numbers[id(stream)]}"
        start = stream.start + first
        recordings.append(
            recording_of(
                data,
                rate,
                stream.channels,
                observed=seen,
                labels=labels.of(piece, row_times, start, len(data), rate, was_moved),
                subject=stream.group,
                name=name,
                start=start,
                text=_texts(stream),
            )
        )
    # 4. What is said
    if not own:
        _report_rate(rates, resampled, len(pieces), notes, arguments, report)
    if gaps:
        report.add(
            "gaps",
            f"{len(gaps)} of more than {arguments.max_gap:g} s, {sum(gaps):.4g} s in all; "
            "recordings are split there",
        )
    if back:
        report.add("gaps", f"time steps back {back} times; recordings are split there")
        warn(
            f"Time steps back {back} times within a recording, which was split there. If several "
            "recordings follow each other, name their column with recording= or group=."
        )
    _report_gravity(recordings, report)
    _report_labels(recordings, label_column, arguments, report)
    people = list(dict.fromkeys(r.subject for r in recordings if r.subject is not None))
    report.add("people", f"{len(people)}: {listed(people)}" if people else "none")
    if dropped:
        report.add("dropped", dropped)
    if short:
        report.add("dropped", f"{short} stretches of less than {FEWEST} rows")
    unseen = float(np.mean([1 - r.observed.mean() for r in recordings]))
    if unseen > 0:
        report.add("missing", f"{unseen:.2%} of the samples are not observed")
    total = sum(r.duration for r in recordings)
    report.add("recordings", f"{len(recordings)}, {_duration(total)} in all")
    return recordings


def _named(stream: Stream) -> str:
    return f"the recording {stream.name!r}" if stream.name else "the table"


def _alike(streams: Sequence[Stream]) -> list[list[Stream]]:
    """Return streams with the same sensors together."""
    groups: dict[Any, list[Stream]] = {}
    for stream in streams:
        key = tuple((one.site, one.sensor, one.unit, one.is_ios) for one in stream.sensors)
        groups.setdefault(key, []).append(stream)
    return list(groups.values())


def _units(
    streams: Sequence[Stream], rate: float, arguments: _Arguments, report: TableReport
) -> list[float]:
    """Return the factor of each sensor, and say what is doubtful."""
    sensors = streams[0].sensors
    factors = []
    at = 0
    accelerations: dict[str, NDArray[Any]] = {}
    for one in sensors:
        columns = list(range(at, at + len(one.channels)))
        at += len(columns)
        if one.sensor == "series":
            factors.append(1.0)
            continue
        values = sample_stretches(streams, columns, rate)
        told = arguments.acc_unit if one.sensor == "acc" else arguments.gyro_unit
        axes, names = arguments.axes, [one.unit] if one.unit else []
        if one.unit in ("empatica_e4",):  # the layout of the file shows the device
            axes, names = read_axes(one.unit), []
        if one.sensor == "acc":
            accelerations[one.site] = values
        unit, doubts = choose_unit(
            one.sensor, told, names, one.is_ios, axes, values, rate, accelerations.get(one.site)
        )
        for doubt in doubts:
            warn(doubt, UnitsWarning)
        columns_text = ", ".join("+".join(cell) for cell in one.columns)
        line = f"{columns_text} in {unit.word}"
        if unit.origin in ("named", "convention"):
            line += {"named": " (by name)", "convention": " (by convention)"}[unit.origin]
        if line not in report.facts.get(one.sensor, ""):
            report.add(one.sensor, line, inferred=unit.origin == "inferred")
        _warn_about_unlike(streams, columns, one.sensor, values, unit.factor, rate)
        converted = values * unit.factor
        acc, gyro = (converted, None) if one.sensor == "acc" else (None, converted)
        if not doubts:
            say(find_doubts(acc, gyro, rate))
        factors.append(unit.factor)
    return factors


def _warn_about_unlike(
    streams: Sequence[Stream],
    columns: Sequence[int],
    sensor: str,
    values: NDArray[Any],
    factor: float,
    rate: float,
) -> None:
    """Warn if some recordings have accelerations of another size than the others."""
    if sensor != "acc" or len(streams) < 2:
        return
    usual = np.nanmedian(np.linalg.norm(values, axis=-1))
    unlike = []
    for stream in streams:
        own = sample_stretches([stream], columns, rate, 16)
        level = np.nanmedian(np.linalg.norm(own, axis=-1)) if np.isfinite(own).any() else usual
        if not 0.4 < level / usual < 2.5:
            unlike.append(f"{_named(stream)} ({level * factor:.3g} m/s²)")
    if unlike:
        warn(
            f"The acceleration of {listed(unlike)} has another size than that of the others "
            f"({usual * factor:.3g} m/s²): one unit was used for all. Read them apart, each with "
            "its acc_unit.",
            UnitsWarning,
        )


def _converter(
    sensors: Sequence[Sensor], factors: Sequence[float], axes: Axes
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return a function from raw readings (T, C) to those in SI units and the axes of the site."""
    scales = np.repeat(factors, [len(one.channels) for one in sensors])
    is_plain = bool((scales == 1).all()) and axes.mount is None

    def convert(values: NDArray[Any]) -> NDArray[Any]:
        if is_plain:
            return values
        scaled = values.astype(np.float64) * scales
        at = 0
        for one in sensors:
            columns = slice(at, at + len(one.channels))
            at = columns.stop
            if one.sensor != "series" and axes.mount is not None:
                scaled[:, columns] = axes.turned(scaled[:, columns])
        return scaled

    return convert


def _own_rate(stream: Stream) -> float:
    """Return the rate of a recording that this package wrote."""
    if len(stream.rates) != 1:
        raise ValueError(
            f"{_named(stream)} has the rates {listed(sorted(stream.rates))}: a recording has one."
        )
    return check_rate(next(iter(stream.rates)), "rate")


def _texts(stream: Stream) -> tuple[str, ...]:
    """Return the captions of a recording that this package wrote."""
    return tuple(json.loads(stream.texts)) if stream.texts else ()


class _Labels:
    """The labels of samples: of the rows they come from, or of intervals."""

    def __init__(
        self,
        arguments: _Arguments,
        pieces: Sequence[Piece],
        spans: Sequence[tuple[float, float]],
        report: TableReport,
    ) -> None:
        self._intervals = arguments.intervals
        self._relative = False
        self._any = any(label is not None for piece in pieces for _, label in piece.stream.labels)
        if self._intervals is not None:
            clock = Clockwork(None, "number", 1.0, "s")
            size, self._relative, note = unit_of_intervals(self._intervals, spans, clock)
            scaled = {"start": self._intervals.start * size, "end": self._intervals.end * size}
            self._intervals = self._intervals._replace(**scaled)
            if note:
                report.add("labels", f"{len(scaled['start'])} intervals in {note}", inferred=True)
            if self._relative:
                warn(
                    "The intervals of label= do not overlap with the time stamps. They were read "
                    "as counted from the start of each recording."
                )

    def row_times(self, piece: Piece) -> list[tuple[float, Any]]:
        """Return the time from which each label counts, before the rows are freed."""
        stream = piece.stream
        runs = [run for run in stream.labels if run[0] < piece.end]
        inside = [run for run in runs if run[0] > piece.begin]
        first = [run for run in runs if run[0] <= piece.begin][-1:]
        found = [(-np.inf, first[0][1])] if first else []
        for row, label in inside:
            before, at = stream.times(row - 1, row + 1)
            found.append(((before + at) / 2, label))
        return found

    def of(
        self,
        piece: Piece,
        runs: list[tuple[float, Any]],
        start: float,
        count: int,
        rate: float,
        was_moved: bool,
    ) -> NDArray[Any] | None:
        """Return the label of each sample of a piece, or None."""
        if self._intervals is not None:
            times = np.arange(count) / rate + (0.0 if self._relative else start)
            people, recordings = self._intervals.people, self._intervals.recordings
            chosen = [
                _fits(person, piece.stream.group) and _fits(recording, piece.stream.name)
                for person, recording in zip(people, recordings, strict=True)
            ]
            return _as_labels(interval_labels(self._intervals, chosen, times).tolist())
        if not self._any or (piece.stream.rates and not any(v is not None for _, v in runs)):
            return None
        times = start - piece.stream.start + np.arange(count) / rate
        at = np.searchsorted(times, [time for time, _ in runs]).tolist()
        labels = np.empty(count, dtype=object)
        is_text = any(isinstance(label, str) for _, label in piece.stream.labels)
        has_missing = any(label is None for _, label in piece.stream.labels)
        for (_, label), low, high in zip(runs, at, [*at[1:], count], strict=True):
            if label is None:
                label = UNLABELED
            labels[low:high] = str(label) if has_missing and not is_text else label
        return _as_labels(labels)


def _fits(wanted: Any, given: Any) -> bool:
    """Tell whether an interval without or with an owner is of a recording."""
    return wanted is None or str(wanted) == str(given)


def _as_labels(labels: Any) -> NDArray[Any]:
    """Return labels as objects that equal labels share, or as numbers."""
    array = np.asarray(labels, dtype=object)
    kinds = {type(label) for label in dict.fromkeys(array.tolist())}
    if kinds <= {int, float, bool} and len(kinds) == 1:
        return np.array(array.tolist())
    return array


# ---- saying


def _report_rate(
    rates: Rates,
    resampled: int,
    count: int,
    notes: Counter[str],
    arguments: _Arguments,
    report: TableReport,
) -> None:
    """Say at which rate rows are, and what was done to their stamps."""
    inferred = arguments.rate is None
    text = f"{rates.rate:.6g} Hz"
    if resampled:
        text += f", resampled from stamps at {rates.stamps:.5g} Hz"
        text += f" ({resampled} of {count} recordings)" if count > 1 else ""
    else:
        text += ", rows kept as they are"
    report.add("rate", text, inferred=inferred)
    for note, times in notes.most_common(3):
        report.add("stamps", f"{note} ({times} of {count} recordings)")
    if arguments.rate is not None and not 0.8 < rates.rate / rates.stamps < 1.25:
        report.add("rate", f"the stamps are at {rates.stamps:.5g} Hz")


def _report_gravity(recordings: Sequence[Recording], report: TableReport) -> None:
    """Say where gravity points on average."""
    sums: dict[str, Any] = {}
    for one in recordings:
        for i, name in enumerate(one.channels or ()):
            place, found, axis = name.rpartition("acc_")
            if found and axis == "x" and not name.startswith("series_"):
                part = one.data[:: max(1, one.n_samples // 4096), i : i + 3]
                sums.setdefault(place.rstrip("_"), []).append(part.mean(axis=0, dtype=np.float64))
    for place, means in sums.items():
        mean = np.mean(means, axis=0)
        numbers = ", ".join(f"{value:.3g}" for value in mean + 0.0)
        report.add("gravity", f"{place or 'acc'}: mean ({numbers}) m/s²")


def _report_labels(
    recordings: Sequence[Recording], column: str, arguments: _Arguments, report: TableReport
) -> None:
    """Say which classes there are."""
    counts: Counter[Any] = Counter()
    for one in recordings:
        if one.labels is not None:
            values, numbers = np.unique(one.labels.astype(str), return_counts=True)
            counts.update(dict(zip(values.tolist(), numbers.tolist(), strict=True)))
    if not counts:
        report.add("labels", "none")
        return
    total = sum(counts.values())
    shares = [f"{label} {count / total:.0%}" for label, count in counts.most_common()]
    source = f"{column!r}: " if column and arguments.intervals is None else ""
    inferred = bool(source) and arguments.label is None
    report.add("labels", f"{source}{listed(shares, 6)}", inferred=inferred)


def _duration(seconds: float) -> str:
    """Return a duration in words."""
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
