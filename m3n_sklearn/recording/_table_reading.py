"""The rows of each recording of all sources, with what their columns are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._channel_names import read_name, words_of
from .._files import reading
from .._times import read_times
from .._validation import is_missing
from .._warn import warn
from ._table_columns import (
    PERSON,
    Roles,
    all_columns,
    differing_units,
    find_roles,
    has_any,
    refuse_sensors_in_rows,
)
from ._table_conventions import Axes
from ._table_joining import join_gyroscopes
from ._table_labels import Intervals
from ._table_mixtures import LaterRows, refuse_mixtures, warn_about_lost_rows
from ._table_of import OWN_RATE
from ._table_pieces import FEWEST
from ._table_report import TableReport, listed, listed_files
from ._table_sources import FILES, HEAD, TEXT, Source
from ._table_streams import Stream, append_batch, plain_id, whole_ids
from ._table_times import Clockwork, choose_time, seconds_of
from ._table_units import Unit

__all__ = ["SITE", "Arguments", "collect"]

SITE = "right_wrist"
"""Site of a sensor unless it is told."""


MOST_OTHERS = 30
"""Columns that are not used of which the first rows are looked at."""

MOST_CLASSES = 20
"""Different numbers in a column up to which these may be classes though they are not whole."""


class Arguments(NamedTuple):
    """The checked arguments of `read_table`."""

    time: Any
    rate: float | None
    time_unit: str | None
    acc: Any
    gyro: Any
    acc_unit: Unit | None
    gyro_unit: Unit | None
    site: str
    is_site_told: bool
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


def collect(
    sources: Sequence[Source], arguments: Arguments, is_folder: bool, report: TableReport
) -> tuple[list[Stream], Clockwork]:
    """Return the rows of each recording, and the clock of the first table."""
    streams: dict[Any, Stream] = {}
    tables: list[_Table] = []
    left_out: dict[str, tuple[Source, str]] = {}
    joined: list[str] = []
    if arguments.acc is None or len(sources) > 1:
        a = arguments
        sources, joined = join_gyroscopes(sources, a.time, a.rate, a.time_unit, a.max_gap)
    for number, source in enumerate(sources):
        is_alone = len(sources) == 1
        with ExitStack() as stack:
            if source.path is not None:
                stack.enter_context(reading(source.path, "a table of readings"))
            try:
                tables.append(_read_one(number, source, arguments, streams, is_alone))
            except _NoReadingsError as error:
                if is_alone or not is_folder:
                    raise ValueError(str(error)) from error
                left_out[source.name or ""] = source, str(error)
    if not tables:
        raise ValueError(
            f"None of the {len(sources)} files has readings: {listed_files(list(left_out))}. "
            f"{_largest(left_out)}"
        )
    if left_out:
        read = [read_name(name) for source, _ in left_out.values() for name in source.columns]
        hint = " A gyroscope in a file of its own is joined first, such as with pandas.merge_asof."
        hint *= any(one is not None and one.sensor == "gyro" for one in read)
        warn(
            f"{len(left_out)} files have no acceleration and were left out: "
            f"{listed_files(list(left_out))}.{hint}"
        )
    _warn_about_equal_names(tables, arguments)
    _warn_about_zones(tables)
    found = [stream for stream in streams.values() if stream.rows]
    if not found:
        raise ValueError("The table has no rows with a time stamp.")
    _whole_numbers(found)
    _report_columns(tables, found, arguments, report)
    for note in joined:
        report.add("columns", note)
    return found, tables[0].clock


def _largest(left_out: dict[str, tuple[Source, str]]) -> str:
    """Return the name of the largest file, which is not one about the others, and its message."""
    paths = {name: source.path for name, (source, _) in left_out.items()}
    name = max(paths, key=lambda one: path.stat().st_size if (path := paths[one]) else 0)
    return f"{name}: {left_out[name][1]}"


def _warn_about_equal_names(tables: Sequence[_Table], arguments: Arguments) -> None:
    """Warn if the names of files or folders give one person or class to several folders."""
    of = {"group": "person", "label": "class"}
    for fact, told in (("group", arguments.group), ("label", arguments.label)):
        paths = [
            table.source.path
            for table in tables
            if table.source.path is not None and _is_by_path(told, table.source)
        ]
        folders = len({path.parent for path in paths})
        if folders < 2 or told not in ("file", "folder") or (fact, told) == ("label", "folder"):
            continue
        names = {_name_of(path, fact, told) for path in paths}
        if len(names) == 1:
            other = f"{fact}='folder', or " * (told == "file")
            warn(
                f"{fact}={told!r} gives all recordings the {of[fact]} {names.pop()!r}, though they "
                f"are in {folders} folders. Give {other}a function of the path of each file, such "
                f"as {fact}=lambda path: path.parent.parent.name."
            )


class _NoReadingsError(ValueError):
    """A table without an acceleration."""


def _read_one(
    number: int,
    source: Source,
    arguments: Arguments,
    streams: dict[Any, Stream],
    is_alone: bool,
) -> _Table:
    """Append the rows of a source to the streams of their recordings."""
    a = arguments
    layout = source.layout
    label = False if a.intervals is not None or a.label is False else a.label
    told = (a.time, a.rate, a.time_unit, a.acc, a.gyro, a.acc_unit, a.gyro_unit, a.group)
    is_plain = all(value is None for value in (*told, a.recording, label or None))
    is_plain &= a.axes.convention is None and a.axes.mount is None and not a.is_site_told
    by_file = _is_by_path(a.group, source)
    labels_file = a.intervals is None and _is_by_path(a.label, source)
    try:
        roles = find_roles(
            source.columns,
            source.kinds,
            time=a.time,
            acc=a.acc,
            gyro=a.gyro,
            label=False if labels_file else label,
            group=False if by_file else a.group,
            recording=a.recording,
            site=a.site,
            is_named=layout is None or layout.is_named,
            is_plain=is_plain,
            is_timed=a.time is not None or a.rate is not None,
        )
    except ValueError as error:
        columns_told = (a.time, a.acc, a.gyro)
        is_absent = any(text in str(error) for text in ("no such column", "matches no column"))
        is_other = is_absent and not has_any(source.columns, columns_told)  # about the recording
        if str(error).startswith("No acceleration") or is_other:
            raise _NoReadingsError(str(error)) from error
        raise
    if layout is not None and layout.convention and a.axes.convention is None:
        for one in roles.sensors:
            one.unit = one.unit or layout.convention
    if layout is not None:
        for one in roles.sensors:
            if not one.unit and one.sensor != "series":
                said = [layout.units.get(name, "") for cell in one.columns for name in cell]
                one.unit, *others = differing_units(one.sensor, said)
                one.other_units = tuple(others)
    texts = [n for n in (roles.label, roles.group, roles.recording) if n is not None]
    texts += [n for n in ("text",) if roles.is_own and n in source.columns]
    # 1. The clock, from the first rows
    candidates = [*roles.times, *roles.counters]
    wanted = list(dict.fromkeys([*candidates, *all_columns(roles)]))
    sorts = [name for name in roles.spare_texts if name not in wanted]
    ids = [name for name in (roles.group, roles.recording) if name is not None]
    others = [n for n in roles.dropped if source.kinds.get(n) in ("number", "text")]
    others = [n for n in others if n not in wanted][:MOST_OTHERS]
    cells = list(dict.fromkeys([*sorts, *([roles.label] if roles.label else []), *ids, *others]))
    head = next(iter(source.batches([*wanted, *cells], cells)), None)
    if head is None or not len(next(iter(head.values()))):
        raise ValueError("The table has a header but no rows.")
    head = {name: cells[:HEAD] for name, cells in head.items()}
    for name in sorts:
        refuse_sensors_in_rows(name, head[name])
    for name in all_columns(roles):
        if head[name].dtype.kind not in "iufb":
            raise ValueError(
                f"The column {name!r} is not numeric: it has {_first_text(head[name])!r}."
            )
    for fact, told_as in (("label", a.label), ("group", a.group), ("recording", a.recording)):
        name = getattr(roles, fact)
        why = "" if name is None or roles.is_own else _unlike(fact, name, source, head[name])
        if not why:
            continue
        if told_as is None:
            roles.doubts.append(f"{why}: it was left out. Read it with {fact}={name!r}.")
            roles.dropped.append(name)
            texts.remove(name)
            setattr(roles, fact, None)
        elif fact == "label":
            roles.doubts.append(f"{why}.")
        elif "different" in why:
            raise ValueError(f"{why}, and no recording would have {FEWEST} rows. Tell another one.")
    ids = [name for name in (roles.group, roles.recording) if name is not None]
    if roles.label is None and a.label is None and a.intervals is None:
        roles.label_hint = _label_hint({name: head[name] for name in roles.dropped if name in head})
    known_rate = a.rate
    if known_rate is None and layout is not None and not roles.times:
        known_rate = layout.rate
    clock = Clockwork("time", "number", 1.0, "s", is_told=True)
    if not roles.is_own:
        clock, notes = choose_time(
            roles.times,
            roles.counters,
            head,
            source.kinds,
            columns=source.columns,
            rate=known_rate,
            unit=a.time_unit,
            told=a.time is not None,
        )
        roles.notes += notes
        clock = clock._replace(has_zone=_has_zone(clock, source, head))
        roles.doubts += [clock.doubt] if clock.doubt else []
    left_out = {name: head[name] for name in others}
    if clock.kind == "index" and clock.column is None:
        warn_about_lost_rows(left_out, roles.counters)
    elif clock.kind != "index" and not roles.is_own:
        seconds, _, _ = seconds_of(head[str(clock.column)], clock, None, 0, 0)
        refuse_mixtures(seconds, [head[name] for name in ids], left_out, roles.counters)
    if clock.kind != "index" and clock.step > a.max_gap:
        raise ValueError(
            f"Its rows are {clock.step:.4g} s apart, more than max_gap={a.max_gap:g} s. Is the "
            f"unit of {clock.column!r} {clock.word}? Give time_unit=, or a larger max_gap."
        )
    # 2. All rows
    columns = list(dict.fromkeys([*([clock.column] if clock.column else []), *all_columns(roles)]))
    columns += [name for name in texts if name not in columns]
    columns += [OWN_RATE] if roles.is_own else []
    group = _name_of(source.path, "group", a.group) if by_file else None
    label_of_file = _name_of(source.path, "label", a.label) if labels_file else None
    if group is None and a.group is None and roles.group is None and source.path is not None:
        group = _group_of_partition(source.path)
    before = set(streams)
    is_long = len(next(iter(head.values()))) == HEAD and not roles.is_own
    later = LaterRows(left_out if is_long else {}, are_rows_counted=clock.column is None)
    followed = [name for name in later.columns if name not in columns]
    for batch in source.batches([*columns, *followed], [*texts, *followed]):
        later.add(batch)
        key = (number, source.name, source.path, is_alone)
        append_batch(streams, batch, roles, clock, key, group, a.dtype)
    later.warn()
    for key in set(streams) - before if labels_file else ():
        streams[key].add_label(0, label_of_file)
    if layout is not None and layout.start is not None and clock.column is None:
        for key in set(streams) - before:
            streams[key].start += layout.start
    return _Table(source, roles, clock)


def _has_zone(clock: Clockwork, source: Source, head: dict[str, NDArray[Any]]) -> bool:
    """Tell whether the dates of a clock have a time zone."""
    if clock.column is None or clock.kind not in ("date", "text"):
        return False
    first = _first_text(head[clock.column])
    return clock.column in source.zoned or (
        clock.kind == "text" and first is not None and read_times([first], 1).utc
    )


def _warn_about_zones(tables: Sequence[_Table]) -> None:
    """Warn if some tables have dates with a time zone and others dates without one."""
    dated = [table for table in tables if table.clock.kind in ("date", "text")]
    naive = [table.source.name or "" for table in dated if not table.clock.has_zone]
    if naive and len(naive) < len(dated):
        warn(
            f"The dates of {listed(naive)} have no time zone and were read as UTC, while those of "
            f"the other {len(dated) - len(naive)} tables have one. If they are local times, give "
            "them their zone, such as '2026-03-31T09:30:00+02:00'."
        )


def _unlike(fact: str, name: str, source: Source, cells: NDArray[Any]) -> str:
    """Say why a column has neither classes nor the names of people or recordings, or nothing."""
    of = {"label": "classes", "group": "people", "recording": "recordings"}[fact]
    if _is_continuous(name, source, cells):
        example = _first_text(cells)
        return f"The column {name!r} has continuous numbers such as {example}, which are not {of}"
    counts = Counter(cell for cell in cells.tolist() if not is_missing(cell))
    if fact == "label" or len(cells) < 2 * FEWEST or max(counts.values(), default=FEWEST) >= FEWEST:
        return ""
    return (
        f"The column {name!r} has {len(counts)} different values in {len(cells)} rows, which are "
        f"not {of}"
    )


def _label_hint(others: dict[str, NDArray[Any]]) -> str:
    """Ask whether a column of few texts that was left out has the classes, or nothing."""
    found = []
    for name, cells in others.items():
        values = [cell for cell in dict.fromkeys(cells.tolist()) if not is_missing(cell)]
        if 1 <= len(values) <= MOST_CLASSES and all(map(_is_word, values)):
            found.append(f"label={name!r} (such as {values[0]!r})")
    return f"; is it {' or '.join(found[:3])}?" if found else ""


def _is_word(cell: Any) -> bool:
    """Tell whether a cell is a text that is neither a number nor a date."""
    return isinstance(cell, str) and not cell[:1].isdigit() and any(map(str.isalpha, cell))


def _is_continuous(name: str, source: Source, cells: NDArray[Any]) -> bool:
    """Tell whether labels are many numbers that are not whole."""
    if source.kinds.get(name) != "number":
        return False
    decimal = source.layout.decimal if source.layout is not None else "."
    try:
        found = {float(str(c).replace(decimal, ".")) for c in cells.tolist() if not is_missing(c)}
    except ValueError:  # a file that has texts after its first rows
        return False
    return len(found) > MOST_CLASSES and any(not value.is_integer() for value in found)


def _first_text(cells: NDArray[Any]) -> Any:
    return next((cell for cell in cells.tolist() if cell is not None), None)


def _is_by_path(told: Any, source: Source) -> bool:
    """Tell whether `group` or `label` is taken from the path of a file."""
    if callable(told):
        return True
    return isinstance(told, str) and told in ("file", "folder") and told not in source.columns


def _name_of(path: Path | None, fact: str, told: Any) -> Any:
    """Return the person or the class of a file."""
    if path is None:
        of = {"group": "people", "label": "classes"}[fact]
        raise ValueError(f"{fact}={told!r} is for files; a frame has a column of {of}.")
    if callable(told):
        name = told(path)
        if fact == "label" and not (name is None or isinstance(name, str | int | np.integer)):
            raise TypeError(
                f"label= must return a text, a whole number or None, got {name!r} for {path}."
            )
        return plain_id(name) if fact == "label" else name
    if told == "folder":
        return path.parent.name
    ending = max((end for end in FILES if path.name.lower().endswith(end)), key=len)
    return path.name[: -len(ending)]


def _group_of_partition(path: Path) -> str | None:
    """Return the person of a folder such as subject=anna, as parquet datasets are written."""
    for part in reversed(path.parent.parts):
        name, sign, value = part.partition("=")
        if sign and value and set(words_of(name)) & PERSON:
            return value
    return None


def _whole_numbers(streams: Sequence[Stream]) -> None:
    """Turn texts of whole numbers into these, where a file of text does not tell them apart."""
    texts = [s for s in streams if s.path is not None and s.path.name.lower().endswith(TEXT)]
    others = not any(stream.rates for stream in texts)  # not written by this package
    people = whole_ids((stream.group for stream in texts), also_decimals=others)
    labels = (label for stream in texts for _, label in stream.labels)
    classes = whole_ids(labels, also_decimals=others)
    for stream in texts:
        stream.group = people.get(stream.group, stream.group)
        stream.labels = [(row, classes.get(label, label)) for row, label in stream.labels]


def _report_columns(
    tables: Sequence[_Table], streams: Sequence[Stream], arguments: Arguments, report: TableReport
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
        text = f"{column}, counted at {1 / clock.unit:.6g} Hz"
        report.add("time", text, inferred=arguments.rate is None)
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
    separator = first.roles.recording
    by = "" if separator is None or first.roles.is_own else f", separated by {separator!r}"
    facts = {"_label": first.roles.label or "", "_hint": first.roles.label_hint, "_separated": by}
    report.facts.update(facts)


def _date(seconds: float) -> str:
    """Return a date in words."""
    date = np.datetime64(round(seconds * 1e3), "ms")
    return f"{str(date)[:19].replace('T', ' ')} UTC"
