"""The times of rows: numbers of seconds, durations, or dates in any of the usual forms."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._typing import AnyArray, Array
from ._validation import is_missing, is_number

__all__ = ["Times", "as_dates", "read_times"]

LARGEST = 1e11
"""Seconds from 1970 to the year 5138. Larger numbers are in another unit."""

EXPECTED = (
    "Give numbers of seconds or dates: datetime64, datetime, pandas.Timestamp, or ISO 8601 such as "
    "'2026-03-31T01:59:30+02:00'"
)


class Times(NamedTuple):
    """Times of rows."""

    seconds: Array  # (n,), since the origin if there is one
    origin: np.datetime64 | None = None  # first date, in UTC if that is known; None for numbers
    utc: bool = False  # whether the dates had a time zone
    is_plain: bool = False  # whether they were numbers, whose unit is not certain


def read_times(times: ArrayLike, count: int) -> Times:
    """Read one time per row; dates become seconds since the first of them."""
    array = _as_array(times)
    if array.shape != (count,):
        raise ValueError(f"times must have one entry per window, {count}, got shape {array.shape}.")
    # 1. Every row has a time
    missing = np.flatnonzero(_missing(array))
    if len(missing):
        raise ValueError(
            f"times must be known for every window, but {len(missing)} of {count} are None, NaN or "
            f"NaT, the first in row {missing[0]}: drop those windows first."
        )
    # 2. Dates, durations, or numbers
    zone = getattr(getattr(times, "dtype", None), "time_zone", None)  # of a polars.Series
    if array.dtype.kind in "OU":
        array, zone = _from_objects(array)
    if array.dtype.kind == "M":
        return _from_dates(array, utc=zone is not None)
    if array.dtype.kind == "m":
        return Times(_in_seconds(array))
    return Times(_from_numbers(array), is_plain=True)


def as_dates(times: Times, seconds: Array) -> AnyArray:
    """Return seconds as dates if the times were dates, otherwise unchanged."""
    if times.origin is None:
        return seconds
    return times.origin + np.rint(seconds * 1e6).astype("timedelta64[us]")


def _as_array(times: ArrayLike) -> AnyArray:
    """Return an array; what NumPy cannot stack becomes an array of objects."""
    try:
        array = np.asarray(times)
    except ValueError:
        return np.asarray(times, dtype=object)
    # a list of dates and numbers would become an array of strings
    mixed = array.dtype.kind == "U" and not all(isinstance(t, str) for t in times)  # type: ignore[union-attr]
    return np.asarray(times, dtype=object) if mixed else array


def _missing(array: AnyArray) -> NDArray[np.bool_]:
    """Return which entries are None, NaN or NaT."""
    if array.dtype.kind in "Mm":
        return np.isnat(array)
    if array.dtype.kind in "iuf":
        return np.isnan(array)
    return np.array([is_missing(t) for t in array.tolist()], dtype=bool)


def _from_numbers(array: AnyArray) -> Array:
    """Return seconds as float64, or raise an error."""
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        given = f"{array.dtype}" if array.dtype.kind not in "iuf" else "infinity"
        raise ValueError(f"times must be finite numbers or dates, got {given}. {EXPECTED}.")
    largest = np.abs(array).max(initial=0)
    if largest >= LARGEST:
        unit = next(u for u in ("ns", "us", "ms") if largest >= LARGEST * UNITS[u] / 1e3)
        raise ValueError(
            f"times reach {largest:g}, which cannot be seconds. If they are Unix time in {unit}, "
            f"give times / {UNITS[unit]:g}."
        )
    return array.astype(np.float64)


UNITS = {"ms": 1e3, "us": 1e6, "ns": 1e9}
"""Units per second."""


def _from_dates(dates: AnyArray, *, utc: bool) -> Times:
    """Return seconds since the first date."""
    if np.datetime_data(dates.dtype)[0] not in ("s", "ms", "us", "ns"):
        dates = dates.astype("datetime64[s]")
    if len(dates) == 0:
        return Times(np.empty(0), np.datetime64(0, "us"), utc)
    # differences are exact, whereas seconds since 1970 have a resolution of 0.2 µs
    origin = dates.min()
    return Times(_in_seconds(dates - origin), origin.astype("datetime64[us]"), utc)


def _in_seconds(durations: AnyArray) -> Array:
    """Return durations in s."""
    return np.asarray(durations / np.timedelta64(1, "s"), dtype=np.float64)


def _from_objects(array: AnyArray) -> tuple[AnyArray, Any]:
    """Return dates (in UTC if they have a time zone), durations or numbers, and the time zone."""
    listed = [_parsed(t, row) for row, t in enumerate(array.tolist())]
    if all(isinstance(t, timedelta) for t in listed):
        return np.array([np.timedelta64(t) for t in listed], dtype="timedelta64[ns]"), None
    if all(is_number(t) for t in listed):
        return np.array(listed), None
    kinds = sorted({type(t).__name__ for t in listed})
    if not all(isinstance(t, datetime) for t in listed):
        raise ValueError(f"times must be of one kind, got {', '.join(kinds)}. {EXPECTED}.")
    aware = [t.tzinfo is not None for t in listed]
    if any(aware) and not all(aware):
        raise ValueError(
            f"{sum(aware)} of {len(aware)} times have a time zone: give one to all of them, or to "
            "none."
        )
    return np.array([_in_utc(t) for t in listed]), UTC if aware[0] else None


def _parsed(time: Any, row: int) -> Any:
    """Return a date, a duration or a number; strings are read as ISO 8601."""
    if isinstance(time, np.datetime64):
        return time.astype("datetime64[us]").item()
    if isinstance(time, datetime | timedelta) or is_number(time):
        return time
    if isinstance(time, str) and "-" in time:  # 8 digits alone may be a number
        with suppress(ValueError):
            return datetime.fromisoformat(time)
    hint = ""
    if isinstance(time, str):
        hint = ", and convert written numbers with numpy.asarray(times, dtype=float)"
    elif isinstance(time, date):
        hint = "; a day alone does not order the windows of a day"
    raise ValueError(
        f"times must be finite numbers or dates, but row {row} is {time!r} "
        f"({type(time).__name__}). {EXPECTED}{hint}."
    )


def _in_utc(time: datetime) -> np.datetime64:
    """Return a date as datetime64, in UTC if it has a time zone."""
    if hasattr(time, "to_datetime64"):  # pandas.Timestamp, with nanoseconds
        return np.datetime64(time.to_datetime64(), "ns")
    naive = time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(naive, "us")
