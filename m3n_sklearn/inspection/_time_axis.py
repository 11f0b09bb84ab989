"""Time axes: seconds, or dates where times are dates or Unix time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._typing import AnyArray, Array

__all__ = ["are_dates", "clock_places", "label_time_axes", "time_places"]

FIRST_UNIX = 3e8
"""Numbers from here on are Unix time, in s: July 1979. No recording is ten years long."""


def are_dates(times: AnyArray) -> bool:
    """Whether times are dates or Unix time."""
    return times.dtype.kind == "M" or (len(times) > 0 and float(times.min()) >= FIRST_UNIX)


def time_places(times: AnyArray, *, dates: bool) -> Array:
    """Return places on the time axis: seconds, or matplotlib's numbers of dates."""
    if not dates:
        return times
    from matplotlib.dates import date2num

    known = times if times.dtype.kind == "M" else np.rint(times * 1e6).astype("datetime64[us]")
    return np.asarray(date2num(known))


def clock_places(times: AnyArray) -> AnyArray:
    """Return times in s as they are, and dates and Unix time as dates in ms."""
    if not are_dates(times):
        return np.asarray(times, dtype=np.float64)
    known = times if times.dtype.kind == "M" else np.rint(times * 1e3).astype("datetime64[ms]")
    return known.astype("datetime64[ms]")


def label_time_axes(axes: Iterable[Any], *, dates: bool, zone: str = "") -> None:
    """Label the time axis of axes one above the other: in s, or with dates."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    every = list(axes)
    every[-1].set_xlabel(f"time{zone}" if dates else "time (s)")
    for ax in every if dates else ():
        locator = AutoDateLocator()
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
