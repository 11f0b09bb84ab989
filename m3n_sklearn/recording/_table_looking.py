"""What the rows of recordings show beside their units: copies, changed clocks, mixed rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from .._warn import warn
from ._table_pieces import Piece, sample_stretches
from ._table_report import listed
from ._table_streams import Stream

__all__ = ["warn_about_copies", "warn_about_hours", "warn_about_turns"]

HOUR, AROUND = 3600.0, 1.0
"""Seconds by which clocks are changed, and the largest difference from these."""

ROUGH, OFTEN = 3.0, 0.4
"""Ratio of the steps from row to row and from each row to the next one but some, and the share of
stretches, from which rows take turns."""

SHORT = 0.06
"""Seconds within which no movement comes back to where it was."""

LOOK = 16
"""Rows at both ends of a recording by which copies are found."""


def warn_about_copies(streams: Sequence[Stream]) -> None:
    """Warn if two recordings have the same rows, such as a file that was copied."""
    found: dict[tuple[float, int, bytes], list[str]] = {}
    for stream in streams:
        if stream.rows > 2 * LOOK and not stream.rates:  # those of this package are exact
            ends = [stream.values(0, LOOK), stream.values(stream.rows - LOOK, stream.rows)]
            if np.ptp(ends[0], axis=0).any():
                rows = np.concatenate(ends).tobytes()
                key = (stream.start, stream.rows, rows)
                found.setdefault(key, []).append(stream.name or "the table")
    copies = [" and ".join(names[:3]) for names in found.values() if len(names) > 1]
    if copies:
        warn(
            f"Recordings are there more than once: {listed(copies)} have the same rows. Leave "
            "copies out, since the same rows would be learned and tested."
        )


def warn_about_hours(name: str, pieces: Sequence[Piece]) -> None:
    """Warn if dates without a zone jump by an hour, as on the days when clocks are changed."""
    for before, after in pairwise(pieces):
        jump = after.first - before.last
        if abs(abs(jump) - HOUR) < AROUND:
            warn(
                f"The dates of {name} have no time zone and jump by {jump / HOUR:+.0f} h at row "
                f"{after.begin}. If clocks were changed there, write the dates in UTC or with a "
                "zone, such as '2026-03-31T09:30:00+02:00'."
            )
            return


def warn_about_turns(streams: Sequence[Stream], columns: Sequence[int], rate: float) -> None:
    """Warn if each second or third row is alike and neighbors are not: rows were mixed."""
    mixed = []
    for stream in streams:
        values = sample_stretches([stream], columns, rate, 32)
        near = _step(values, 1)
        for lag in range(2, int(SHORT * rate) + 1):
            with np.errstate(invalid="ignore", divide="ignore"):
                rough = near / _step(values, lag) > ROUGH
            if rough.mean() > OFTEN:
                mixed.append(f"{stream.name or 'the table'} ({lag} by turns)")
                break
    if mixed:
        warn(
            f"Neighboring rows differ much more than others in {listed(mixed)}, as if rows of "
            "several people or sensors took turns. If they do, tell them apart with group= or "
            "recording=, or read each alone."
        )


def _step(values: NDArray[np.float64], lag: int) -> Array:
    """Return the median change (S,) of stretches (S, T, 3) over a number of rows."""
    change = np.linalg.norm(values[:, lag:] - values[:, :-lag], axis=-1)
    known = np.isfinite(change).all(axis=1)
    return np.where(known, np.median(np.nan_to_num(change), axis=1), np.nan)
