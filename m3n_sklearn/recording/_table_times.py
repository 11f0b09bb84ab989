"""The time column of a table: which one, in which unit, and as seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._clock import typical_step
from .._times import read_times
from .._typing import Array

__all__ = ["UNITS", "Clockwork", "choose_time", "seconds_of"]

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
"""Seconds of each unit of numbers."""

FASTEST, SLOWEST = 2000.0, 4.0
"""Rates in Hz from which the unit of numbers is inferred; the ranges of the units are disjoint."""

USUAL = 1100.0
"""Rate in Hz above which the unit of numbers is doubtful."""

DATES = (315_532_800.0, 4_102_444_800.0)
"""Seconds since 1970 of the dates from 1980 to 2099, in which recordings are made."""

EPOCH = (1e8, 1e11)
"""Seconds since 1970 that are dates from 1973 on."""


_OF_DAY = re.compile(r"\d{1,2}:\d\d(:\d\d)?([.,:]\d+)?(\s*[AaPp][Mm])?")
"""A time of day."""


class Clockwork(NamedTuple):
    """How the cells of the time column become seconds."""

    column: str | None  # None: rows are counted
    kind: str  # "number", "date", "text", "index"; durations are numbers of seconds
    unit: float = 1.0  # seconds of one unit of numbers, or of one row
    word: str = "s"
    is_epoch: bool = False  # whether seconds count from 1970
    is_told: bool = False  # whether the unit was told
    step: float = 0.0  # typical step of the first rows, in s
    has_zone: bool = False  # whether dates have a time zone
    doubt: str = ""  # why the unit may be another one


def choose_time(
    times: Sequence[str],
    counters: Sequence[str],
    head: Mapping[str, NDArray[Any]],
    kinds: Mapping[str, str],
    *,
    rate: float | None,
    unit: str | None,
    told: bool,
) -> tuple[Clockwork, list[str]]:
    """Return the clock of a table and what is to be said about the choice."""
    # 1. Of several columns the first that increases, with a unit that is plausible
    reasons: list[str] = []
    for name in times:
        try:
            clock = _clock_of(name, head[name], kinds.get(name, ""), rate, unit)
        except ValueError as error:
            reasons.append(f"{name!r}: {error}")
            if told:
                raise ValueError(f"time={name!r}: {error}") from error
            continue
        others = [other for other in times if other != name]
        notes = [f"time is read from {name!r}, not from {', '.join(others)}"] if others else []
        return clock, notes
    # 2. Rows, counted by a column or by themselves
    if rate is not None:
        if reasons:
            raise ValueError(
                f"The time column cannot be read: {' '.join(reasons)} Tell another one with time=, "
                "or drop it to count rows at the given rate."
            )
        for name in counters:
            if _is_counter(head[name]):
                return Clockwork(name, "index", 1 / rate, "rows"), []
        return Clockwork(None, "index", 1 / rate, "rows"), []
    if reasons:
        raise ValueError(f"The time column cannot be read: {' '.join(reasons)}")
    raise ValueError(
        "No column of time stamps was found. Tell it with time='column', or give rate= in Hz if "
        "the rows are evenly spaced."
    )


def _clock_of(
    name: str, cells: NDArray[Any], kind: str, rate: float | None, unit: str | None
) -> Clockwork:
    """Return the clock of a column, or raise and say why it is none."""
    if kind == "date" or cells.dtype.kind == "M":
        step = _step(_numbers(cells) * 1e-9)
        return Clockwork(name, "date", 1e-9, "dates", True, True, step)
    if kind == "duration":
        return Clockwork(name, "number", 1.0, "durations", False, True, _step(cells))
    if kind == "text" or cells.dtype == object:
        seconds, is_date = _texts(cells)
        if is_date:
            return Clockwork(name, "text", 1.0, "dates", True, True, _step(seconds))
        cells = seconds
    numbers = _numbers(cells)
    numbers = numbers[np.isfinite(numbers)]
    raw = _step(numbers)
    whole = bool((numbers == np.rint(numbers)).all())
    if unit is not None:
        return _in_unit(name, numbers, raw, unit, is_told=True)
    if whole and raw == 1.0 and rate is not None:  # a sample index
        return Clockwork(name, "index", 1 / rate, "rows", False, True, 1 / rate)
    found = [
        word for word, size in UNITS.items() if SLOWEST <= 1 / max(raw * size, 1e-12) <= FASTEST
    ]
    if whole and raw == 1.0 and not _says_unit(name):
        raise ValueError(
            "its steps are 1, so it may count samples or milliseconds. Give rate= in Hz if it "
            "counts samples, or time_unit='ms'."
        )
    if not found:
        rates = ", ".join(f"{1 / (raw * size):.3g} Hz in {w}" for w, size in UNITS.items())
        is_days = SLOWEST <= 1 / max(raw * 86400, 1e-12) <= FASTEST and 2e4 < numbers.min() < 8e4
        if is_days:
            raise ValueError(
                f"its numbers, such as {numbers[0]:.6f}, look like days of a spreadsheet: convert "
                f"them first, such as pandas.to_datetime(table[{name!r}], unit='D', "
                "origin='1899-12-30')."
            )
        raise ValueError(
            f"its steps are about {raw:.4g}, which is {rates}: give time_unit='s', 'ms', 'us' or "
            "'ns', and rate= in Hz if it counts samples."
        )
    if {"min", "mins", "minute", "minutes"} & set(re.findall("[a-z]+", name.lower())):
        raise ValueError("its name says minutes: convert it to seconds first.")
    clock = _in_unit(name, numbers, raw, found[0], is_told=False)
    return clock._replace(doubt=_doubt(clock, numbers, whole, rate))


def _doubt(clock: Clockwork, numbers: Array, is_whole: bool, rate: float | None) -> str:
    """Return why the unit that was inferred may be another one, or nothing."""
    found = 1 / clock.step
    said = (
        f"The column {clock.column!r} is read as {clock.word}, which gives {found:.4g} Hz"
        if rate is None or not 0.5 < found / rate < 2
        else ""
    )
    first = float(np.abs(numbers).min()) * clock.unit
    mend = "Give time_unit=, or convert the column to seconds first."
    if first >= EPOCH[1] or (clock.is_epoch and not DATES[0] <= first < DATES[1]):
        year = 1970 + first / 31_556_952
        return (
            f"The column {clock.column!r} is read as {clock.word} since 1970, which begins in the "
            f"year {year:.0f}. {mend}"
        )
    if said and found > USUAL:
        return f"{said}: is that right? Minutes and ticks of a device look like this. {mend}"
    if said and clock.word == "ms" and not is_whole and clock.step <= 1 / 500:
        return f"{said}; read as s it would be {found / 1000:.3g} Hz. {mend}"
    return ""


def _in_unit(name: str, numbers: Array, raw: float, word: str, *, is_told: bool) -> Clockwork:
    """Return the clock of numbers in a unit."""
    size = UNITS[word]
    is_epoch = bool(EPOCH[0] <= float(np.abs(numbers).min(initial=np.inf)) * size < EPOCH[1])
    return Clockwork(name, "number", size, word, is_epoch, is_told, raw * size)


def _says_unit(name: str) -> bool:
    """Tell whether a name gives milliseconds."""
    return name.lower().rstrip(")]").endswith(("ms", "millis", "msec", "milliseconds"))


def _step(numbers: Array) -> float:
    """Return the typical step of increasing numbers, or raise."""
    numbers = numbers[np.isfinite(numbers)]
    if len(numbers) < 2:
        raise ValueError("it has less than two values, so the rate is unknown.")
    steps = np.diff(numbers)
    if not steps.any():
        raise ValueError(
            f"it is {numbers[0]:.12g} in all rows, so the rate is unknown. Tell another column "
            "with time=, or drop it and give rate= in Hz."
        )
    if (steps < 0).mean() > 0.2:
        raise ValueError(
            f"it decreases in {(steps < 0).mean():.0%} of the rows. Sort the rows by time first, "
            "or tell another column with time=."
        )
    step = typical_step(numbers)
    if step <= 0:
        raise ValueError("it hardly increases, so the rate is unknown.")
    return step


def _is_counter(cells: NDArray[Any]) -> bool:
    """Tell whether cells count rows."""
    numbers = _numbers(cells)
    steps = np.diff(numbers)
    return len(steps) > 0 and bool(np.median(steps) == 1 and (steps > 0).mean() > 0.9)


def _numbers(cells: NDArray[Any]) -> Array:
    """Return numbers, or nanoseconds of dates since the first; NaN where missing."""
    if cells.dtype.kind == "M":
        known = ~np.isnat(cells)
        if not known.any():
            return np.full(len(cells), np.nan)
        since = (cells - cells[known][0]).astype(np.int64)
        return np.where(known, since, np.nan)
    return np.asarray(cells, dtype=np.float64)


def _texts(cells: NDArray[Any]) -> tuple[Array, bool]:
    """Return texts as seconds since 1970 (dates) or as numbers; NaN where missing."""
    known = np.array([cell is not None and cell == cell for cell in cells], dtype=bool)
    values = np.full(len(cells), np.nan)
    if not known.any():
        raise ValueError("it is empty.")
    with suppress(TypeError, ValueError):
        values[known] = np.array(cells[known], dtype=np.float64)
        return values, False
    texts = cells[known]
    try:
        times = read_times(list(texts), len(texts))
    except ValueError as error:
        example = str(texts[0])
        if "time zone" in str(error):
            raise ValueError(str(error)) from error
        if _OF_DAY.fullmatch(example):
            raise ValueError(
                f"{example!r} is a time of day without a date: join the date first, such as "
                "table['time'] = pandas.to_datetime(table['date'] + ' ' + table['time'])."
            ) from error
        raise ValueError(
            f"{example!r} is neither a number nor a date of ISO 8601 such as "
            "'2026-03-31T09:30:00.020'. Convert it first, such as with pandas.to_datetime(..., "
            "format=...)."
        ) from error
    origin = 0.0
    if times.origin is not None:
        origin = float((times.origin - np.datetime64(0, "us")) / np.timedelta64(1, "us")) / 1e6
    values[known] = times.seconds + origin
    return values, times.origin is not None


def seconds_of(
    cells: NDArray[Any] | None, clock: Clockwork, origin: Any, first_row: int, rows: int
) -> tuple[Array, Any, float]:
    """Return seconds since an origin, NaN where missing; the origin, and the same in s.

    Differences of whole numbers and dates are exact. Without an origin it is the first cell.
    """
    if cells is None:
        counted: Array = np.arange(first_row, first_row + rows, dtype=np.float64)
        return counted * clock.unit, 0, 0.0
    if clock.kind == "text":
        cells, _ = _texts(cells)
    if cells.dtype == object:
        cells = np.asarray(cells, dtype=np.float64)
    if cells.dtype.kind == "M":
        known = ~np.isnat(cells)
        whole: NDArray[Any] = cells.astype("datetime64[ns]").astype(np.int64)
    else:
        known = np.isfinite(cells) if cells.dtype.kind == "f" else np.ones(len(cells), bool)
        whole = cells
    if not known.any():
        return np.full(len(cells), np.nan), origin, 0.0
    if origin is None:
        origin = whole[known][0]
    if whole.dtype.kind in "iu" and int(origin) == origin:
        since = whole.astype(np.int64) - np.int64(origin)
        divisor = round(1 / clock.unit) if clock.unit < 1 and clock.kind != "index" else 1
        seconds = since / divisor if divisor > 1 else since * clock.unit
        start = float(int(origin) / divisor) if divisor > 1 else float(origin) * clock.unit
    else:
        scale = clock.unit
        seconds = (whole - origin) * scale
        start = float(origin) * scale
    return np.where(known, seconds, np.nan), origin, start
