"""The clock behind time stamps: which stamps are right, and where the others belong.

A sensor ticks evenly, at a period that drifts slowly; rows get lost; a computer stamps what
arrives. Stamps that are right are kept as they are. Stamps that were rounded, that came in packets
or that jitter about an even clock are put back on that clock, with whole periods left out where
rows were lost. Stamps that are uneven without such a clock are believed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.optimize import linprog
from scipy.spatial import ConvexHull

from ._checks import RATES

__all__ = ["STAMPS", "Clock", "check_seconds", "even_runs", "recover_clock"]

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]

STAMPS = ("auto", "exact", "even")

SAME = 0.02
"""Steps that differ by less than this share of a period are equal."""
FINE = 1e-3
"""Stamps nearer to the even clock than this share of a period need no change."""
AROUND = 25
"""Steps whose median is the period in their middle."""
TOGETHER = 0.25
"""Rows nearer than this share of a period came in one packet."""
FAR = 3.0
"""Stamps that are off by more than so many steps are wrong rather than late."""
NEAR_WHOLE = 0.25
"""A jump by so nearly a whole number of periods is rows that were lost."""
FEW = 8
"""Fewer stamps than this tell of no clock."""
MOSTLY, OFTEN, RARE = 0.7, 0.2, 0.05
"""Share of even steps that make stamps good, of tiny steps that make packets, and of jumps by
parts of a period that a clock may have."""
PAUSE = 50
"""Periods without a stamp after which nobody knows where in its period the clock is."""
STRETCH = 2.0
"""Seconds, and at least `STRETCH_ROWS` rows, over which the period of a drifting clock is taken."""
STRETCH_ROWS = 50


class Clock(NamedTuple):
    """Rows in the order of time, and when each was measured.

    Attributes
    ----------
    rows : ndarray of int, shape (K,)
        Rows that have a time; the others are copies, or nobody knows when they were measured.
    times : ndarray of shape (K,)
        Strictly increasing, in s.
    notes : tuple of str
        What was found that is not plain; empty for a good clock.
    """

    rows: Indices
    times: Array
    notes: tuple[str, ...]

    def warn(self, cure: str, *, stacklevel: int = 2) -> None:
        """Say once what was found, and how to have it otherwise."""
        if self.notes:
            message = f"Time stamps: {'; '.join(self.notes)}. {cure}"
            warnings.warn(message, UserWarning, stacklevel=stacklevel + 1)


def check_seconds(stamps: Array, longest: float) -> None:
    """Complain about stamps that can't be seconds.

    Parameters
    ----------
    stamps : ndarray of shape (T,)
        Finite time stamps.
    longest : float
        Longest plausible time between two rows in s.

    Raises
    ------
    ValueError
        If rows follow each other more slowly, or faster than any sensor.
    """
    if len(stamps) < 3:
        return
    step = _typical_step(stamps)
    if step == 0:
        raise ValueError(
            f"All {len(stamps)} time stamps are about {stamps[0]:.12g}: nothing tells the rate. "
            "Give finer stamps (float64), or the rate instead."
        )
    if step > longest:
        raise ValueError(
            f"times go in steps of {step:.4g} s, more than {longest:g} s. Are these milliseconds, "
            "microseconds, nanoseconds or row numbers? Give seconds."
        )
    if step < 1 / RATES[1]:
        raise ValueError(
            f"times go in steps of {step:.4g} s, a rate of {1 / step:.4g} Hz. Are these minutes, "
            "hours or days? Give seconds."
        )


def recover_clock(stamps: Array, values: Array | None = None, how: str = "auto") -> Clock:
    """Find out when rows were measured.

    Parameters
    ----------
    stamps : ndarray of shape (T,)
        Finite time stamps in s, in the order in which the rows were measured.
    values : ndarray of shape (T, C), optional
        The rows, NaN where not measured. They tell copies from packets, and stamps that jitter
        from samples that were really taken unevenly.
    how : {"auto", "exact", "even"}, default="auto"
        Whether to find out what stamps are worth, to believe them, or to believe in an even clock.

    Returns
    -------
    Clock
        Times of the rows.

    Raises
    ------
    ValueError
        If the clock was set back.
    """
    everything = np.arange(len(stamps))
    steps = np.diff(stamps)
    if len(stamps) < 3 or (how != "even" and _is_even(steps)):
        return _increasing(everything, stamps, [])
    notes: list[str] = []
    if how == "exact" or len(stamps) < FEW:
        _refuse_decreasing(stamps)
        return _increasing(everything, stamps, notes)
    rows = _in_order(stamps, notes)
    _refuse_reset(stamps[rows])
    rows = _without_copies(rows, stamps, values, notes)
    known = _not_wild(rows, stamps, notes)
    # wild rows at the ends have no neighbor that would tell when they were measured
    inner = slice(np.argmax(known), len(known) - np.argmax(known[::-1]))
    rows, known = rows[inner], known[inner]
    table = None if values is None else values[rows]
    times = _even_times(stamps[rows], known, table, how, notes)
    if times is None:
        times = _believed(stamps[rows], known, notes)
    return _increasing(rows, times, notes)


def even_runs(times: Array) -> tuple[Indices, Array]:
    """Divide rows into runs of even steps.

    Parameters
    ----------
    times : ndarray of shape (T,)
        Increasing times in s.

    Returns
    -------
    periods : ndarray of int, shape (T - 1,)
        How many periods each step is long: more than one where rows are missing. Zero where the
        step is not a whole number of periods.
    period : ndarray of shape (T - 1,)
        The period at each step in s.
    """
    steps = np.diff(times)
    period = _local_period(steps)
    ratio = np.where(period > 0, steps / np.where(period > 0, period, 1.0), 0.0)
    count = np.maximum(np.rint(ratio), 1)
    # a period that drifts adds up over what is missing
    even = np.abs(ratio - count) <= SAME * np.minimum(count, 5)
    return np.where(even, count, 0).astype(np.int64), period


# ---- single stamps


def _is_even(steps: Array) -> bool:
    return bool(steps.min() > 0 and np.ptp(steps) <= FINE * steps.mean())


def _typical_step(stamps: Array) -> float:
    """Time per row, where many rows may share a stamp or come in bursts."""
    middle = float(np.median(np.diff(stamps)))
    for apart in (64, len(stamps) // 2):
        apart = min(apart, max(1, len(stamps) // 4))
        wide = float(np.median(stamps[apart:] - stamps[:-apart])) / apart
        if wide > 0:
            return middle if 0.5 * wide < middle < 2 * wide else wide
    return max(0.0, float(np.ptp(stamps)) / (len(stamps) - 1))


def _usual_advance(stamps: Array) -> float:
    """Time from one stamp to the next different one."""
    steps = np.diff(stamps)
    ahead = steps[steps > 0]
    return float(np.median(ahead)) if len(ahead) else 0.0


def _local_period(steps: Array) -> Array:
    size = min(AROUND, len(steps) - 1 + len(steps) % 2)
    return np.asarray(median_filter(steps, max(size, 1), mode="nearest"))


def _refuse_decreasing(stamps: Array) -> None:
    back = np.flatnonzero(np.diff(stamps) < 0)
    if len(back):
        raise ValueError(
            f"times decrease after row {back[0]}, by {stamps[back[0]] - stamps[back[0] + 1]:.4g} "
            "s: sort or drop rows first."
        )


def _in_order(stamps: Array, notes: list[str]) -> Indices:
    """Sort rows that arrived in the wrong order: sorted, no two of their stamps come close."""
    rows = np.arange(len(stamps))
    back = np.flatnonzero(np.diff(stamps) < 0)
    if len(back) == 0:
        return rows
    order = np.argsort(stamps, kind="stable")
    moved = np.flatnonzero(order != rows)
    steps = np.diff(stamps[order])
    beside = np.unique(np.clip(np.concatenate([moved - 1, moved]), 0, len(steps) - 1))
    usual = float(np.median(steps))
    apart = steps[beside].min() > 0.5 * usual and steps[beside].max() < FAR * usual
    if not apart or np.abs(order - rows).max() > 100 or len(moved) > OFTEN * len(rows):
        return rows
    notes.append(f"{len(moved)} rows out of order, first row {moved[0]}, were sorted")
    return order


def _refuse_reset(stamps: Array) -> None:
    """Complain where stamps step back and stay back: nobody knows how much time passed."""
    for row in np.flatnonzero(np.diff(stamps) < 0):
        before, after = stamps[max(0, row - 8) : row + 1], stamps[row + 1 : row + 10]
        if len(before) < 3 or len(after) < 3:
            continue
        back = float(np.median(before) - np.median(after))
        if back > 0 and stamps[row] - stamps[row + 1] > FAR * _usual_advance(stamps):
            raise ValueError(
                f"times decrease after row {row}, by {stamps[row] - stamps[row + 1]:.4g} s, and "
                "go on from there: was the clock set back? Split the rows there, or sort them."
            )


def _without_copies(
    rows: Indices, stamps: Array, values: Array | None, notes: list[str]
) -> Indices:
    """Drop rows that repeat both the stamp and the values of the row before."""
    if values is None:
        return rows
    table = values[rows]
    again = (table[1:] == table[:-1]) | (np.isnan(table[1:]) & np.isnan(table[:-1]))
    equal = again.all(axis=1) & np.isfinite(table[1:]).any(axis=1)
    tied = np.diff(stamps[rows]) == 0
    copies = tied & equal
    # a sensor at rest repeats its values in packets, and without a common stamp as often
    if not copies.any() or equal[~tied].mean() > 0.5 * copies.sum() / tied.sum():
        return rows
    if copies.sum() < 0.9 * tied.sum():
        return rows
    notes.append(f"{copies.sum()} rows that repeat the row before them were dropped")
    return rows[np.concatenate([[True], ~copies])]


def _not_wild(rows: Indices, stamps: Array, notes: list[str]) -> Flags:
    """Tell stamps that follow those of their neighbours from a few that are far off."""
    seen = stamps[rows]
    far = FAR * max(_usual_advance(seen), _typical_step(seen))
    steps = np.diff(seen)
    known = np.ones(len(seen), dtype=bool)
    if steps.min() < -far:
        # the running median of what increases is the thing itself
        known = np.abs(seen - median_filter(seen, 9, mode="nearest")) <= far
    # the first or last row, alone behind a gap that is longer than everything else
    if len(seen) > 8:
        rest = float(np.max(np.abs(steps[1:-1])))
        for end, step in ((0, steps[0]), (-1, steps[-1])):
            if abs(step) > max(10 * rest, 10.0) or step < -far:
                known[end] = False
    if not known.all():
        wild = np.flatnonzero(~known)
        notes.append(
            f"{len(wild)} stamps are far off, first that of row {rows[wild[0]]} "
            f"({seen[wild[0]]:.6g} s), and were not believed"
        )
    return known


# ---- an even clock


class _Knots(NamedTuple):
    """Packets: their first rows, the rows they are anchored at, their stamps and sizes."""

    first: Indices
    numbers: Array
    stamps: Array
    sizes: Indices


class _Fit(NamedTuple):
    """An even clock with jumps, and by how much stamps are off it."""

    clock: Callable[[Indices], Array]
    period: float
    misfit: Array


def _even_times(
    stamps: Array, known: Flags, values: Array | None, how: str, notes: list[str]
) -> Array | None:
    """Return the time of each row by an even clock; None if stamps are to be believed."""
    seen = stamps[known]
    step, quantum = _typical_step(seen), _quantum(seen)
    tiny = float(np.mean(np.diff(seen) <= TOGETHER * step))
    packed = tiny > OFTEN
    choices = [known]
    if tiny > 0 and not packed:
        choices.append(known.copy())
        choices[1][np.flatnonzero(known)[_crowded(seen, step)]] = False
    fits = [_one_clock(stamps, one, values, step, quantum, packed, how) for one in choices]
    for trusted, (fit, note) in zip(choices, fits, strict=True):
        if fit is not None and not note:  # on the clock already
            return _settled(stamps, trusted, known, notes)
    found = [(fit, note, trusted) for trusted, (fit, note) in zip(choices, fits, strict=True) if fit]
    if not found:
        return None
    fit, note, trusted = min(found, key=lambda one: float(one[0].misfit.std()))
    if how == "auto":
        notes.append(note)
    times = fit.clock(np.arange(len(stamps)))
    times[_unsettled(trusted, np.diff(times) > 1.5 * fit.period)] = np.nan
    return times


def _one_clock(
    stamps: Array,
    known: Flags,
    values: Array | None,
    step: float,
    quantum: float,
    packed: bool,
    how: str,
) -> tuple[_Fit | None, str]:
    """Fit an even clock, and say why it is better than the stamps; nothing if they agree."""
    numbers, seen = np.flatnonzero(known), stamps[known]
    coarse = quantum > FINE * step
    knots = _packets(numbers, seen, TOGETHER * step if packed else -1.0)
    if len(knots.stamps) < 3:
        return None, ""
    advance = float(np.median(np.diff(knots.stamps)))
    truncated = packed and coarse and advance < 1.5 * quantum
    band = quantum if coarse and not packed else 0.0
    if truncated:
        fit = _fit(_anchored(knots, "first"), step, band, True)
    else:
        fit = _best_fit(knots, step, band)
    if fit is None:
        return None, ""
    off, rate = np.abs(fit.misfit), f"{1 / fit.period:.4g} Hz"
    most = float(np.quantile(off, 0.99))
    if off.max() <= FINE * fit.period and not packed:
        return fit, ""
    if truncated and most <= quantum:
        note = (
            f"they are multiples of {quantum:g} s, shared by up to {knots.sizes.max()} rows, which "
            f"were spread evenly from each stamp to the next ({rate})"
        )
    elif band and off.max() <= 0.75 * quantum:
        note = (
            f"they are rounded to {quantum:g} s and were put back on the even clock of {rate} that "
            "they were rounded from"
        )
    elif packed and not truncated and most <= FAR * fit.period * knots.sizes.max():
        note = (
            f"rows come in packets of about {knots.sizes.mean():.3g} and were spread evenly, each "
            f"packet about its stamp ({rate})"
        )
    elif how == "even" or (
        # rounding alone would have left stamps nearer to the clock
        fit.misfit.std() > (quantum if coarse else 0)
        and _stays(fit)
        and not _sampled_unevenly(numbers, seen, values, fit)
    ):
        note = (
            f"they jitter by {fit.misfit.std():.2g} s about an even clock of {rate}, and rows were "
            "put on that clock"
        )
    else:
        return None, ""
    return fit, note


def _crowded(stamps: Array, step: float) -> Flags:
    """Rows that a computer stamped together, late, among rows that it did not."""
    close = np.diff(stamps) <= TOGETHER * step
    flags = np.zeros(len(stamps), dtype=bool)
    flags[1:] |= close
    flags[:-1] |= close
    return flags


def _unsettled(known: Flags, jumps: Flags) -> Flags:
    """Rows without a good stamp where others were lost: nobody knows which."""
    of = np.cumsum(known)
    leaps = np.bincount(of[:-1], jumps, minlength=of[-1] + 1) > 0
    return np.asarray(~known & leaps[of])


def _quantum(stamps: Array) -> float:
    """Largest decimal unit, 1 s or less, of which all steps are multiples; 0 if there is none."""
    since = stamps - stamps[0]
    slack = 8 * float(np.spacing(np.abs(stamps).max())) + 1e-10
    for digits in range(7):
        quantum = 10.0**-digits
        if slack > 0.02 * quantum:
            return 0.0
        if np.abs(since - quantum * np.rint(since / quantum)).max() <= slack:
            return quantum
    return 0.0


def _stays(fit: _Fit) -> bool:
    """Tell jitter about a clock from steps that add up: those lead away from any clock."""
    far = min(64, len(fit.misfit) // 4)
    near = max(1, far // 8)
    if far < 2:
        return False
    wide, narrow = (
        float(np.subtract(*np.quantile(fit.misfit[lag:] - fit.misfit[:-lag], [0.9, 0.1])))
        for lag in (far, near)
    )
    return wide < 1.6 * narrow and wide < 2.56 * FAR * fit.period


def _packets(numbers: Indices, stamps: Array, within: float) -> _Knots:
    begins = np.concatenate([[True], np.abs(np.diff(stamps)) > within])
    of = np.cumsum(begins) - 1
    sizes = np.bincount(of)
    mean = stamps[0] + np.bincount(of, stamps - stamps[0]) / sizes
    return _Knots(numbers[begins], np.bincount(of, numbers) / sizes, mean, sizes)


def _anchored(knots: _Knots, anchor: str) -> _Knots:
    """Say that a stamp is the time of its packet's first or last row, rather than of its middle."""
    if anchor == "last":
        return knots._replace(numbers=(knots.first + knots.sizes - 1).astype(float))
    # of the first packet the first rows may be missing
    return _Knots(*(part[1:] for part in knots._replace(numbers=knots.first.astype(float))))


def _best_fit(knots: _Knots, step: float, band: float) -> _Fit | None:
    """Packets of unlike sizes tell which of their rows the stamp belongs to."""
    fit = _fit(knots, step, band, False)
    if fit is None or knots.sizes.std() < 0.1 * knots.sizes.mean():
        return fit
    for anchor in ("first", "last"):
        other = _fit(_anchored(knots, anchor), step, band, False)
        if other is not None and other.misfit.std() < 0.7 * fit.misfit.std():
            fit = other
    return fit


def _fit(knots: _Knots, step: float, band: float, truncated: bool) -> _Fit | None:
    """Fit an even clock with jumps; None where too much would be jumps."""
    numbers, stamps = knots.numbers, knots.stamps
    if len(numbers) < 3:
        return None
    rows, seconds = np.diff(numbers), np.diff(stamps)
    size = float(np.median(knots.sizes))
    regular = knots.sizes.std() < 0.1 * size
    ticks = size if regular else 1.0
    period = _ticking(stamps, _first_period(rows, seconds, step) * ticks) / ticks
    # units as large as the period say nothing about its phase
    clear = regular and not truncated and band < 0.8 * period
    x = _on_ticks(stamps, period * ticks) if clear else None
    if x is None:
        jumps = _all_jumps(rows, seconds, period, size, band, truncated)
        if jumps is None:
            return None
        x = numbers + np.concatenate([[0.0], np.cumsum(jumps)])
    else:
        x *= ticks
    curve = _smooth(x, stamps, period, band)
    typical = float(curve(x[-1:])[0] - curve(x[:1])[0]) / (x[-1] - x[0])
    ahead = x - numbers

    def clock(at: Indices) -> Array:
        packet = np.searchsorted(knots.first, at, side="right") - 1
        return curve(at + ahead[np.maximum(packet, 0)])

    return _Fit(clock, typical, stamps - curve(x))


def _on_ticks(stamps: Array, period: float) -> Array | None:
    """Number the tick that each stamp is nearest to; None where that leaves doubt.

    The clock is followed from one part to the next. After a pause its phase is anything.
    """
    numbers = np.empty(len(stamps))
    pauses = np.flatnonzero(np.diff(stamps) > PAUSE * period) + 1
    last_time, last_number = stamps[0], 0.0
    for stretch in np.split(np.arange(len(stamps)), pauses):
        base = np.nan
        for rows in np.array_split(stretch, max(1, len(stretch) // 200)):
            own = stamps[rows]
            exact = last_number + (own - last_time) / period
            if np.isnan(base):
                base = float(np.angle(np.exp(2j * np.pi * exact).mean())) / (2 * np.pi)
            turn = np.exp(2j * np.pi * (exact - base)).mean()
            number = np.rint(exact - base - float(np.angle(turn)) / (2 * np.pi)) + base
            if (abs(turn) < 0.4 and len(rows) > 5) or np.any(np.diff(number) <= 0):
                return None
            numbers[rows] = number
            if len(rows) > 100:
                slope = np.polyfit(number - number[0], own - own[0], 1)[0]
                period = slope if abs(slope / period - 1) < SAME else period
            last_time, last_number = float(own.mean()), float(number.mean())
    return numbers if np.all(np.diff(numbers) > 0) else None


def _all_jumps(
    rows: Array, seconds: Array, begin: float, size: float, band: float, truncated: bool
) -> Array | None:
    """Say by how many periods the clock is ahead of the rows after each step."""
    period = np.full(len(rows), begin)
    jumps = np.zeros(len(rows))
    for _ in range(4):
        excess = seconds / period - rows
        usual = _usual(excess - jumps, rows) & (jumps == np.rint(jumps))
        if not usual.any():
            return None
        noise = float((excess - jumps)[usual].std()) / np.sqrt(2)
        # of packets that jitter by parts of a row, whole ones are lost
        unit = size if noise > 0.1 else 1.0
        noise /= unit
        # errors of rounding cancel sooner than those of jitter
        wanted = noise / 0.08 if band or truncated else 2 * (noise / 0.08) ** 2
        reach = int(np.clip(np.ceil(wanted), 1, 64))
        doubtful = max(NEAR_WHOLE, min(1.05 * band / begin, 0.45))
        jumps = unit * _jumps(excess / unit, noise, reach, doubtful, 0.0 if truncated else 0.5)
        whole = jumps == np.rint(jumps)
        period = _running_ratio(
            np.where(whole, seconds, 0.0), np.where(whole, rows + jumps, 0.0),
            max(AROUND, 10 * reach),
        )  # fmt: skip
        if not whole.any() or period.min() <= 0:
            return None
    return jumps if np.mean(jumps != np.rint(jumps)) <= RARE else None


def _usual(excess: Array, rows: Array) -> Flags:
    """Steps after which nothing seems to be lost."""
    spread = 4.5 * float(np.median(np.abs(excess - np.median(excess))))
    return excess < np.maximum(spread, 0.75 * np.maximum(1.0, rows / 25))


def _first_period(rows: Array, seconds: Array, step: float) -> float:
    """Mean step, without those that are long."""
    middle = float(np.median(seconds / rows))
    usual = _usual(seconds / (middle if middle > 0 else step) - rows, rows)
    mean = seconds[usual].sum() / max(rows[usual].sum(), 1.0)
    return mean if mean > 0 else step


def _ticking(stamps: Array, expected: float) -> float:
    """Find the period that most stamps are multiples of, whatever was lost between them."""
    found = []
    size = min(len(stamps), 256)
    for begin in np.linspace(0, len(stamps) - size, 1 + min(len(stamps) // size, 8)).astype(int):
        since = stamps[begin : begin + size] - stamps[begin]
        span = since[-1] / expected
        if not 8 < span < 8 * size:
            continue
        trials = expected / np.arange(0.85, 1.15, 0.25 / span)
        power = np.abs(np.exp(2j * np.pi * since / trials[:, None]).mean(axis=1))
        best = int(np.argmax(power))
        if power[best] > 5 / np.sqrt(size):
            found.append(trials[best])
    return float(np.median(found)) if found else expected


def _running_ratio(above: Array, below: Array, around: int) -> Array:
    size = min(2 * around + 1, 2 * len(above) + 1)
    top, bottom = (
        uniform_filter1d(part, size, mode="constant") * size for part in (above, below)
    )
    bottom = np.where(bottom > 0.5, bottom, 0.0)
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), above.sum() / below.sum())


def _jumps(excess: Array, noise: float, reach: int, doubtful: float, least: float) -> Array:
    """Say by how many periods the clock is ahead of the rows, for good, after each step.

    A row that is only late is followed by a short step; rows that were lost shift all that follow:
    what counts is the level over `reach` rows before and after, at steps that are longer than
    `least`. Jumps that are off a whole number by less than `doubtful` are whole.
    """
    places = np.flatnonzero(excess > least)
    jumps = np.zeros(len(excess))
    level = np.concatenate([[0.0], np.cumsum(excess)])
    begin, end = np.maximum(places - reach + 1, 0), np.minimum(places + reach + 1, len(level))
    doubt = noise * np.sqrt(1 / (places + 1 - begin) + 1 / (end - places - 1))
    # jitter that lasts moves the levels by more than independent errors would
    each = np.arange(len(excess))
    around = np.maximum(each - reach + 1, 0), np.minimum(each + reach + 1, len(level))
    doubt = np.maximum(doubt, 1.5 * np.median(np.abs(_rises(level, each, *around))))
    for _ in range(50):
        found = _rises(level, places, begin, end)
        whole = np.rint(found)
        near = np.abs(found - whole) < np.maximum(doubtful, 3 * doubt)
        clear = np.flatnonzero(near & (found > np.maximum(0.5, 5 * doubt)))
        clear = clear[_apart(places[clear], found[clear], reach)]
        if len(clear) == 0:
            break
        _take(jumps, level, places[clear], whole[clear])
    # what is left lies close to each other, or is a pause of any length
    found = _rises(level, places, begin, end)
    places = places[found > np.maximum(0.5, 5 * doubt)]
    borders = np.concatenate([[-1], places, [len(excess)]])
    begin = np.maximum(borders[:-2] + 1, places - reach + 1)
    end = np.minimum(borders[2:] + 1, places + reach + 1)
    found = _rises(level, places, begin, end)
    whole = np.rint(found)
    found = np.where(np.abs(found - whole) < doubtful, whole, found)
    _take(jumps, level, places, np.maximum(found, 0.0))
    return jumps


def _rises(level: Array, places: Indices, begin: Indices, end: Indices) -> Array:
    """Mean level after each place, up to `end`, less that before it, from `begin`."""
    total = np.concatenate([[0.0], np.cumsum(level)])
    after = (total[end] - total[places + 1]) / (end - places - 1)
    return after - (total[places + 1] - total[begin]) / (places + 1 - begin)


def _take(jumps: Array, level: Array, places: Indices, found: Array) -> None:
    step = np.zeros(len(jumps))
    step[places] = found
    jumps += step
    level[1:] -= np.cumsum(step)


def _apart(places: Indices, size: Array, reach: int) -> Indices:
    """Choose the largest of those that are near each other."""
    free = np.ones(len(places), dtype=bool)
    chosen = []
    for one in np.argsort(-size, kind="stable"):
        if free[one]:
            chosen.append(int(one))
            low, high = np.searchsorted(places, [places[one] - reach + 1, places[one] + reach])
            free[low:high] = False
    return np.array(chosen, dtype=np.int64)


def _smooth(x: Array, s: Array, period: float, band: float) -> Callable[[Array], Array]:
    """Fit a line, or one that bends every two seconds where a line is not enough.

    Stamps that were rounded lie within a `band` about the line that they come from.
    """
    span = max(STRETCH_ROWS, STRETCH / period)
    middle = x.mean()
    slope, offset = np.polyfit(x - middle, s - s[0], 1)
    if band > 0:
        tilt, shift = _narrowest(x - middle, s - s[0] - offset - slope * (x - middle))
        slope, offset = slope + tilt, offset + shift

    def line(at: Array) -> Array:
        return s[0] + offset + slope * (at - middle)

    rest = s - line(x)
    if np.abs(rest).max() <= 0.51 * band:
        return line
    _, of, count = np.unique(
        np.floor((x - x[0]) / span), return_inverse=True, return_counts=True
    )
    full = count > 0.5 * np.median(count)
    if full.sum() < 3:
        return line
    mean = np.bincount(of, rest) / count
    noise = np.sqrt(np.bincount(of, (rest - mean[of]) ** 2) / count)
    if np.all(np.abs(mean)[full] <= 0.5 * np.median(noise) + FINE * period):
        return line
    at, off = (np.bincount(of, x) / count)[full], mean[full]

    def bent(where: Array) -> Array:
        inside = np.interp(where, at, off)
        for end, near, beyond in ((0, 1, where < at[0]), (-1, -2, where > at[-1])):
            tilt = (off[end] - off[near]) / (at[end] - at[near])
            inside = np.where(beyond, off[end] + tilt * (where - at[end]), inside)
        return line(where) + inside

    return bent


def _narrowest(x: Array, rest: Array) -> tuple[float, float]:
    """Slope and offset of the line whose largest distance from points is least."""
    scale = float(np.abs(rest).max())
    if scale <= 1e-12:
        return 0.0, 0.0
    points = np.stack([x / np.abs(x).max(), rest / scale], axis=1)
    corners = points[ConvexHull(points, qhull_options="QJ").vertices]
    ones = np.ones((len(corners), 1))
    above = np.hstack([-corners[:, :1], -ones, -ones])
    below = np.hstack([corners[:, :1], ones, -ones])
    found = linprog(
        [0, 0, 1], np.vstack([above, below]), np.concatenate([-corners[:, 1], corners[:, 1]]),
        bounds=[(None, None), (None, None), (0, None)],
    ).x  # fmt: skip
    return float(found[0] * scale / np.abs(x).max()), float(found[1] * scale)


def _sampled_unevenly(
    numbers: Indices, stamps: Array, values: Array | None, fit: _Fit
) -> bool:
    """Ask the samples: do they change as much as the stamps say that time passed?"""
    if values is None or len(stamps) < 8:
        return False
    even, values = fit.clock(numbers), values[numbers]
    ok = np.isfinite(values).all(axis=1)
    near = ok[:-4] & ok[1:-3] & ok[2:-2] & ok[3:-1] & ok[4:]
    near &= np.diff(numbers)[:-3] + np.diff(numbers)[1:-2] == 2
    off = stamps - even
    left = (even[2:-2] - even[1:-3]) / (even[3:-1] - even[1:-3])
    lag = off[2:-2] - (1 - left) * off[1:-3] - left * off[3:-1]
    left = left[:, None]
    bend = values[2:-2] - (1 - left) * values[1:-3] - left * values[3:-1]
    speed = (values[4:] - values[:-4]) / (even[4:] - even[:-4])[:, None]
    said = (speed * lag[:, None])[near].ravel()
    done = bend[near].ravel()
    spread = np.median(np.abs(done))
    keep = np.abs(done) <= 20 * spread
    said, done = said[keep], done[keep]
    power = float(said @ said)
    if power == 0:
        return False
    slope = float(said @ done) / power
    error = np.sqrt(np.mean((done - slope * said) ** 2) / power)
    return bool(slope > 0.5 and slope > 3 * error)


# ---- stamps that are believed


def _believed(stamps: Array, known: Flags, notes: list[str]) -> Array:
    """Keep stamps; rows that share one follow each other until the next."""
    seen = stamps[known]
    step = _typical_step(seen)
    late = _crowded(seen, step)
    good = known.copy()
    good[np.flatnonzero(known)[late]] = False
    rest = stamps[good]
    if _quantum(seen) < TOGETHER * step and 0 < late.mean() <= OFTEN and len(rest) > 2:
        if np.mean(even_runs(rest)[0] > 0) >= MOSTLY:
            return _settled(stamps, good, known, notes)
    begins = np.concatenate([[True], np.diff(seen) > 0])
    of = np.cumsum(begins) - 1
    sizes = np.bincount(of)
    if sizes.max() > 1 and np.all(np.diff(seen) >= 0):
        room = np.append(np.diff(seen[begins]), np.inf) / sizes
        place = np.arange(len(seen)) - np.flatnonzero(begins)[of]
        seen = seen + place * np.minimum(room, step)[of]
        notes.append(
            f"{len(seen) - len(sizes)} rows share the stamp of the row before them and were put "
            "between it and the next"
        )
    times = np.full(len(stamps), np.nan)
    times[known] = seen
    return _settled(times, known, known, notes)


def _settled(stamps: Array, good: Flags, known: Flags, notes: list[str]) -> Array:
    """Keep good stamps; give the other rows the time that the rows around them leave."""
    times = np.where(good, stamps, np.nan)
    at, lost = np.flatnonzero(good), np.flatnonzero(~good)
    lost = lost[(lost > at[0]) & (lost < at[-1])]
    if len(lost) == 0:
        return times
    late = known & ~good
    if late.any():
        notes.append(
            f"{late.sum()} rows have stamps that are too close together, first row "
            f"{np.flatnonzero(late)[0]}, and were spread between their neighbors"
        )
    period = _local_period(np.diff(stamps[at]))
    after = np.searchsorted(at, lost)
    left, right = at[after - 1], at[after]
    span = stamps[right] - stamps[left]
    # where rows were lost as well, nobody knows which
    room = np.abs(span / period[after - 1] - (right - left)) < NEAR_WHOLE
    share = (lost - left) / (right - left)
    times[lost] = np.where(room, stamps[left] + share * span, np.nan)
    return times


def _increasing(rows: Indices, times: Array, notes: list[str]) -> Clock:
    """Drop rows without a time of their own."""
    known = np.isfinite(times)
    rows, times = rows[known], times[known]
    highest = np.maximum.accumulate(times)
    own = np.concatenate([[True], np.diff(highest) > 0])
    if not own.all():
        first = int(np.flatnonzero(~own)[0])
        notes.append(
            f"{(~own).sum()} rows whose stamp does not increase, first row {rows[first]}, were "
            "dropped"
        )
    return Clock(rows[own], times[own], tuple(notes))
