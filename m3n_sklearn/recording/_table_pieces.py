"""From rows with time stamps to recordings on an even clock, in blocks of bounded size.

1. A recording is split where stamps step by more than `max_gap`, or back: nothing is invented.
2. The rate is that of the stamps, the same for all recordings of a table.
3. Rows that are even at that rate are kept as they are. All others are resampled, in blocks with
   rows on both sides that are used and given up again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._clock import CLOCK_TOLERANCE, recover_clock, without_copies
from .._typing import Array
from ._resampling import fill_grid
from ._table_streams import Stream

__all__ = [
    "BLOCK",
    "FEWEST",
    "Piece",
    "Rates",
    "common_rate",
    "even_piece",
    "find_pieces",
    "refuse_other_units",
    "sample_stretches",
]

BLOCK = 2**16
"""Rows that are converted at once."""

BESIDE = 1024
"""Rows on both sides of a block that the clock and the filter see."""

APART = 64
"""Rows between the stamps from which a rate is estimated, so that jitter is small."""

COARSE = 2.0
"""Longest unit in s of stamps that many rows share, such as whole seconds."""

FEWEST = 8
"""Rows of the shortest recording: less do not show a clock."""

WHOLE, MOST_WHOLE, MANY_LOST = 0.2, 0.9, 1.1
"""Distance of a step from a whole multiple, the share of steps within it, and the mean multiple
from which on rows are lost at random."""

MOST_ROWS = 0.75
"""Share of rows with readings below which a sensor may be a slower one."""

FARTHEST = 100.0
"""Ratio of the rates of two pieces that no device has."""

NICE = (
    *range(5, 21), 25, 30, 31.25, 32, 40, 50, 52, 60, 62.5, 64, 75, 80, 90, 100, 104, 120, 125,
    128, 150, 160, 200, 208, 240, 250, 256, 400, 416, 500, 512, 800, 1000,
)  # fmt: skip
"""Rates in Hz at which devices are set to sample."""

NEAR = 0.025
"""Difference of the rate of stamps from a nominal one, as a share, within which that is taken."""

EQUAL_RATES = 1e-4
"""Difference of the rates of even recordings, as a share, below which they are equal."""

_NUMBERS = re.compile(r"\d[\d.,e+-]*")


class Piece(NamedTuple):
    """Consecutive rows of a stream without a gap."""

    stream: Stream
    begin: int
    end: int
    first: float  # time of the first row since the origin, in s
    last: float
    rate: float  # of the stamps, in Hz

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.end - self.begin


class Rates(NamedTuple):
    """The rate of the recordings of a table."""

    rate: float
    stamps: float  # median rate of the stamps
    is_even: bool  # whether the rate is exactly that of the stamps


def find_pieces(stream: Stream, max_gap: float) -> tuple[list[Piece], list[float], int]:
    """Return the pieces of a stream, the gaps between them in s, and how often time steps back."""
    if max_gap < (unit := _shared_stamps(stream.times(0, min(BLOCK, stream.rows)))[0]) <= COARSE:
        max_gap = 1.5 * unit  # rows are spread evenly over each unit
    cuts: list[int] = [0]
    gaps: list[float] = []
    back = 0
    for begin in range(0, stream.rows, BLOCK):
        times = stream.times(max(0, begin - 1), min(begin + BLOCK, stream.rows))
        steps = np.diff(times)
        for at in np.flatnonzero((steps > max_gap) | (steps < -max_gap)):
            cuts.append(max(0, begin - 1) + int(at) + 1)
            if steps[at] > 0:
                gaps.append(float(steps[at]))
            else:
                back += 1
    pieces = [
        _piece(stream, begin, end)
        for begin, end in zip(cuts, [*cuts[1:], stream.rows], strict=True)
    ]
    return pieces, gaps, back


def _piece(stream: Stream, begin: int, end: int) -> Piece:
    """Return a piece with the rate of its stamps."""
    first = float(stream.times(begin, begin + 1)[0])
    last = float(stream.times(end - 1, end)[0])
    apart: list[Array] = []
    for low in range(begin, end, BLOCK):
        apart.append(np.diff(stream.times(low, min(end, low + BLOCK))[::APART]) / APART)
    steps = np.concatenate(apart)
    step = float(np.median(steps)) if len(steps) > 2 else (last - first) / max(1, end - begin - 1)
    times = stream.times(begin, min(end, begin + BLOCK))
    step = _shared_stamps(times)[1] or _step_beside_losses(times) or step
    if (np.diff(times) == 0).any():  # rows may be there twice
        rows = np.arange(len(times))
        kept = without_copies(rows, times, stream.values(begin, begin + len(times)), [])
        step *= len(times) / len(kept)
    return Piece(stream, begin, end, first, last, 1 / step if step > 0 else np.inf)


def _shared_stamps(times: Array) -> tuple[float, float]:
    """Return the unit of stamps that most rows share and the step of rows, in s; else zeros."""
    changes = np.flatnonzero(np.diff(times)) + 1
    if len(changes) < 3 or len(changes) > len(times) / 2:
        return 0.0, 0.0
    units, rows = np.diff(times[changes]), np.diff(changes)
    unit = float(np.median(units))
    usual = np.abs(rows / np.median(rows) - 1) <= 0.1  # others have gaps or lost rows
    usual &= np.abs(units - unit) < 0.5 * abs(unit)
    if unit <= 0 or not usual.any():
        return 0.0, 0.0
    return unit, float(units[usual].sum() / rows[usual].sum())


def _step_beside_losses(times: Array) -> float:
    """Return the step of rows if nearly all steps are whole multiples of it, else zero."""
    steps = np.diff(times)
    usual = float(np.median(steps)) if len(steps) >= FEWEST else 0.0
    if usual <= 0:
        return 0.0
    count = np.rint(steps / usual)
    whole = (count >= 1) & (np.abs(steps / usual - count) < WHOLE)
    if whole.mean() < MOST_WHOLE or count[whole].mean() < MANY_LOST:
        return 0.0
    return float(steps[whole].sum() / count[whole].sum())


def refuse_other_units(pieces: Sequence[Piece], stamps: float) -> None:
    """Raise if some rows have stamps at a thousand times the rate of the others, or more."""
    for piece in pieces:
        ratio = piece.rate / stamps
        if piece.rows >= FEWEST and np.isfinite(ratio) and not 1 / FARTHEST < ratio < FARTHEST:
            raise ValueError(
                f"The time stamps of the rows {piece.begin} to {piece.end - 1} give "
                f"{piece.rate:.4g} Hz, and those of most others {stamps:.4g} Hz. Does the unit of "
                "time change, such as from ms to us? Convert these rows, or read them apart."
            )


def common_rate(pieces: Sequence[Piece], wanted: float | None) -> Rates:
    """Return the rate of the recordings: the wanted one, or that of the stamps."""
    sizes = np.array([piece.rows for piece in pieces], dtype=np.float64)
    order = np.argsort([piece.rate for piece in pieces])
    half = int(np.searchsorted(np.cumsum(sizes[order]), sizes.sum() / 2))
    middle = pieces[order[min(half, len(pieces) - 1)]]
    if not np.isfinite(middle.rate):
        raise ValueError(
            "The time stamps do not increase within the recordings, so the rate is unknown. Were "
            "they rounded, such as dates in float32 or to minutes? Tell another column with time=, "
            "give a max_gap longer than the unit of the stamps, or drop them and give rate= in Hz."
        )
    if wanted is not None:
        return Rates(wanted, middle.rate, False)
    # 1. Even stamps have an exact rate
    rates = np.array([(p.rows - 1) / (p.last - p.first) for p in pieces if p.last > p.first])
    exact = float(np.median(rates)) if len(rates) else middle.rate
    close = np.abs(rates / exact - 1) < EQUAL_RATES
    for digits in (3, 4, 5, 6, 9):
        rate = float(f"{exact:.{digits}g}")
        if close.mean() > 0.9 and is_even(max(pieces, key=lambda p: p.rows), rate):
            return Rates(rate, middle.rate, True)
    # 2. Others are resampled to the nominal rate of the device
    nearest = min(NICE, key=lambda nice: abs(np.log(nice / middle.rate)))
    if abs(nearest / middle.rate - 1) < NEAR:
        return Rates(float(nearest), middle.rate, False)
    return Rates(float(f"{middle.rate:.3g}"), middle.rate, False)


def is_even(piece: Piece, rate: float) -> bool:
    """Tell whether each row of a piece is at its place on an even clock."""
    expected = piece.first + (piece.rows - 1) / rate
    # large stamps in double precision are rounded
    slack = CLOCK_TOLERANCE / rate + 4 * float(np.spacing(abs(piece.stream.start) + piece.last))
    if abs(piece.last - expected) > slack:
        return False
    for low in range(piece.begin, piece.end, BLOCK):
        times = piece.stream.times(low, min(piece.end, low + BLOCK))
        at = np.arange(low - piece.begin, low - piece.begin + len(times))
        if np.abs(times - (piece.first + at / rate)).max() > slack:
            return False
    return True


def even_piece(
    piece: Piece,
    rate: float,
    convert: Any,
    dtype: np.dtype[Any],
    max_gap: float,
    notes: dict[str, list[str]],
    switches: Sequence[int] = (),
) -> tuple[NDArray[Any], NDArray[np.bool_], float, Array, bool]:
    """Return samples, observed, the time of the first one, of switches, and whether rows moved.

    `convert` turns raw readings (T, C) into those of the result. Rows that
    were converted are freed. What was done to the stamps is added to `notes`, by kind. `switches`
    are rows before which the label changes; their times are those between them and the row before.
    """
    channels = len(piece.stream.channels)
    slow = _slower_sensors(piece)
    for line in slow:
        notes.setdefault(_kind(line), []).append(line)
    if is_even(piece, rate) and not slow:
        data = np.empty((piece.rows, channels), dtype=dtype)
        seen = np.empty(data.shape, dtype=bool)
        for low in range(piece.begin, piece.end, BLOCK):
            high = min(piece.end, low + BLOCK)
            part = slice(low - piece.begin, high - piece.begin)
            values = convert(piece.stream.values(low, high))
            seen[part] = np.isfinite(values)
            data[part] = np.where(seen[part], values, 0.0)
            piece.stream.release(high)
        at = piece.first + (np.asarray(switches, dtype=float) - piece.begin - 0.5) / rate
        return data, seen, piece.first, at, False
    return (*_resampled(piece, rate, convert, dtype, max_gap, notes, switches), True)


def _resampled(
    piece: Piece,
    rate: float,
    convert: Any,
    dtype: np.dtype[Any],
    max_gap: float,
    notes: dict[str, list[str]],
    switches: Sequence[int],
) -> tuple[NDArray[Any], NDArray[np.bool_], float, Array]:
    """Return samples on an even grid, observed, the time of the first one, and of switches."""
    stream, channels = piece.stream, len(piece.stream.channels)
    sensors = _columns(stream)
    data: NDArray[Any] = np.empty((0, channels), dtype=dtype)
    seen = np.empty((0, channels), dtype=bool)
    start, done = piece.first, 0
    rows_at = np.asarray(switches, dtype=float)
    switched = np.empty(len(rows_at))
    said: dict[str, str] = {}
    unit, _ = _shared_stamps(stream.times(piece.begin, min(piece.end, piece.begin + BLOCK)))
    for low in range(piece.begin, piece.end, BLOCK):
        high = min(piece.end, low + BLOCK)
        if piece.end - high < BLOCK // 4:
            high = piece.end
        left, right = max(piece.begin, low - BESIDE), min(piece.end, high + BESIDE)
        times = stream.times(left, right)
        values = convert(stream.values(left, right))
        # 1. The clock behind the stamps
        clock = recover_clock(times, values, "auto")
        for note in clock.notes:
            said.setdefault(_kind(note), " ".join(note.split()))
        if low == piece.begin:
            start = float(clock.times[0])
            count = int(np.floor((piece.last + unit - start) * rate + 1e-6)) + 1
            data = np.zeros((count, channels), dtype=dtype)
            seen = np.zeros((count, channels), dtype=bool)
        here = (rows_at >= low) & (rows_at < high)
        order = np.argsort(clock.rows)
        between = rows_at[here] - 0.5 - left
        switched[here] = np.interp(between, clock.rows[order], clock.times[order])
        # 2. Grid points up to the first row of the next block, or to the last row of all
        until = float(clock.times[-1]) if high == piece.end else float(times[high - left])
        stop = min(len(data), int(np.ceil((until - start) * rate - 1e-9)))
        if high == piece.end:
            stop = min(len(data), int(np.floor((until - start) * rate + 1e-6)) + 1)
        # 3. Each sensor by its own measured rows
        for columns in sensors if stop > done else ():
            part = values[:, columns]
            if np.isfinite(part[clock.rows]).all(axis=1).any():
                filled, found = fill_grid(
                    clock, part, rate, start + done / rate, stop - done, max_gap
                )
                data[done:stop, columns] = filled
                seen[done:stop, columns] = found[:, None]
        done = max(done, stop)
        stream.release(max(piece.begin, high - BESIDE))
        if high == piece.end:
            break
    for kind, note in said.items():
        notes.setdefault(kind, []).append(note)
    return data[:done], seen[:done], start, switched


def _columns(stream: Stream) -> list[list[int]]:
    """Return the columns of each sensor."""
    found, at = [], 0
    for one in stream.sensors:
        found.append(list(range(at, at + len(one.channels))))
        at += len(one.channels)
    return found


def _slower_sensors(piece: Piece) -> list[str]:
    """Say which sensors have readings in each second row, or less often, but regularly."""
    values = piece.stream.values(piece.begin, min(piece.end, piece.begin + BLOCK))
    found = []
    for one, columns in zip(piece.stream.sensors, _columns(piece.stream), strict=True):
        rows = np.flatnonzero(np.isfinite(values[:, columns]).all(axis=1))
        steps = np.diff(rows)
        if len(steps) < FEWEST or len(rows) > MOST_ROWS * len(values):
            continue
        usual = int(np.median(steps))
        if usual >= 2 and (steps == usual).mean() > MOST_WHOLE:
            name = f"{one.site} {one.sensor}".strip()
            found.append(
                f"{name} has readings in one of {usual} rows, and those between were interpolated"
            )
    return found


def _kind(note: str) -> str:
    """Return a note about stamps without its numbers."""
    return " ".join(_NUMBERS.sub("", note).split())


def sample_stretches(
    streams: Sequence[Stream], columns: Sequence[int], rate: float, most: int = 256
) -> NDArray[Any]:
    """Return stretches (S, T, 3) of two seconds from all streams; NaN where not measured."""
    length = max(10, min(512, int(2 * rate)))
    total = sum(stream.rows for stream in streams)
    found = []
    for stream in streams:
        count = max(1, round(most * stream.rows / max(1, total)))
        size = min(length, stream.rows)
        starts = np.unique(np.linspace(0, stream.rows - size, count).astype(int))
        for begin in starts.tolist():
            part = np.full((length, len(columns)), np.nan)
            part[:size] = stream.values(begin, begin + size)[:, columns]
            part[np.isinf(part)] = np.nan
            found.append(part)
    return np.stack(found)
