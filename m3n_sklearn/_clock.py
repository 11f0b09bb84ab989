"""The clock behind time stamps: which stamps are right, and where the others belong.

A sensor ticks evenly, at a period that drifts slowly; rows get lost; a computer stamps what
arrives. Stamps that are right are kept as they are. Stamps that were rounded, that came in packets
or that jitter about an even clock are put back on that clock, with whole periods left out where
rows were lost. Stamps that are uneven without such a clock are believed.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from ._even_clock import Fit, anchored, bend, fit_clock, fit_packets, packets
from ._typing import Array
from ._validation import RATES

__all__ = ["STAMPS", "Clock", "check_seconds", "even_runs", "recover_clock"]

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
"""Rows fit between two others if their number is that of the periods, up to this."""
FASTEST = 0.0025
"""Seconds between rows from which on they may well be those of a sensor, not of a packet."""
WORN = 1100.0
"""Hz; sensors that people wear are slower, stamps in minutes nearly always faster."""
FEW = 8
"""Fewer stamps than this tell of no clock."""
MOSTLY, OFTEN = 0.7, 0.2
"""Share of even steps that make stamps good, and of tiny steps that make packets."""


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

    Warns
    -----
    UserWarning
        If rows follow each other faster than sensors that people wear.
    """
    if len(stamps) < 2:
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
    if step < 1 / WORN:
        warnings.warn(
            f"times go in steps of {step:.4g} s, a rate of {1 / step:.4g} Hz; sensors that people "
            f"wear stay below {WORN:g} Hz. If these are minutes, multiply them by 60.",
            UserWarning,
            stacklevel=3,
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
    notes: list[str] = []
    if how == "exact" or len(stamps) < FEW:
        _refuse_decreasing(stamps)
        return _increasing(np.arange(len(stamps)), stamps, notes)
    if how == "auto" and _is_even(np.diff(stamps)):
        return Clock(np.arange(len(stamps)), stamps, ())
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
            # short steps and long ones: a sensor that pauses, or packets whose rows are stamped
            # within so little time that no sensor is as fast
            pauses = FASTEST < middle <= 0.5 * wide
            return middle if pauses or 0.5 * wide < middle < 2 * wide else wide
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
    """Tell stamps that follow those of their neighbors from a few that are far off."""
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


def _even_times(
    stamps: Array, known: Flags, values: Array | None, how: str, notes: list[str]
) -> Array | None:
    """Return the time of each row by an even clock; None if stamps are to be believed."""
    seen = stamps[known]
    step = _typical_step(seen)
    quantum = _quantum(seen, step)
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
    found = [
        (fit, note, trusted) for trusted, (fit, note) in zip(choices, fits, strict=True) if fit
    ]
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
) -> tuple[Fit | None, str]:
    """Fit an even clock, and say why it is better than the stamps; nothing if they agree."""
    numbers, seen = np.flatnonzero(known), stamps[known]
    coarse = quantum > FINE * step
    knots = packets(numbers, seen, TOGETHER * step if packed else -1.0)
    if len(knots.stamps) < 3:
        return None, ""
    advance = float(np.median(np.diff(knots.stamps)))
    truncated = packed and coarse and advance < 1.5 * quantum
    band = quantum if coarse and not packed else 0.0
    if truncated:
        fit = fit_clock(anchored(knots, "first"), step, band, True)
    else:
        fit = fit_packets(knots, step, band)
    if fit is None:
        return None, ""
    inner, off, rate = fit.clock, np.abs(fit.misfit), f"{1 / fit.period:.4g} Hz"
    most = float(np.quantile(off, 0.99))
    if off.max() <= FINE * fit.period and not packed:
        return fit, ""
    if truncated and most <= quantum:
        # a row is never earlier than the unit that it is in
        late = float(fit.misfit.max())
        fit = Fit(lambda at: inner(at) + late, fit.period, fit.misfit - late)
        note = (
            f"they are multiples of {quantum:.4g} s, shared by up to {knots.sizes.max()} rows, and "
            f"rows were spread evenly from each to the next ({rate})"
        )
    elif band and off.max() <= 0.75 * quantum:
        note = (
            f"they are rounded to {quantum:.4g} s and were put back on the even clock of {rate} "
            "that they were rounded from"
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


def _quantum(stamps: Array, step: float) -> float:
    """Largest unit that divides all steps; 0 if there is none.

    Decimal ones, half a second, and for ticks of another clock the difference of unlike steps.
    """
    since = stamps - stamps[0]
    slack = 8 * float(np.spacing(np.abs(stamps).max())) + 1e-10
    unlike = np.diff(np.unique(np.diff(stamps)))
    ticks = [unit for unit in unlike[unlike > 50 * slack][:1] if unit < 0.5 * step]
    for unit in sorted([0.5, *(10.0**-digits for digits in range(7)), *ticks], reverse=True):
        whole = np.rint(since / unit)
        # a difference of stamps is not known better than they are, and errors add up
        allowed = slack * max(1.0, whole[-1] / 9)
        if unit > 50 * slack and np.abs(since - unit * whole).max() <= min(allowed, 0.02 * unit):
            return float(unit)
    return 0.0


def _stays(fit: Fit) -> bool:
    """Tell jitter about a clock from steps that add up: those lead away from any clock."""
    far = min(int(bend(fit.period) / 4), len(fit.misfit) // 4)
    near = max(1, far // 8)
    if far < 4:
        return False
    wide, narrow = (
        float(np.subtract(*np.quantile(fit.misfit[lag:] - fit.misfit[:-lag], [0.9, 0.1])))
        for lag in (far, near)
    )
    return wide < 1.6 * narrow and wide < 2.56 * FAR * fit.period


def _sampled_unevenly(numbers: Indices, stamps: Array, values: Array | None, fit: Fit) -> bool:
    """Ask the samples whether they change as much as the stamps say that time passed."""
    if values is None or len(stamps) < 8:
        return False
    even, values = fit.clock(numbers), values[numbers]
    ok = np.asarray(np.isfinite(values).all(axis=1))
    near = ok[:-4] & ok[1:-3] & ok[2:-2] & ok[3:-1] & ok[4:]
    near &= np.diff(numbers)[:-3] + np.diff(numbers)[1:-2] == 2
    off = stamps - even
    left = (even[2:-2] - even[1:-3]) / (even[3:-1] - even[1:-3])
    lag = off[2:-2] - (1 - left) * off[1:-3] - left * off[3:-1]
    left = left[:, None]
    bend = values[2:-2] - (1 - left) * values[1:-3] - left * values[3:-1]
    speed = (values[4:] - values[:-4]) / (even[4:] - even[:-4])[:, None]
    said, done = (speed * lag[:, None])[near], bend[near]
    spread = np.median(np.abs(done), axis=0) if len(done) else np.zeros(done.shape[1])
    moving = spread > 0
    said, done = said[:, moving] / spread[moving], done[:, moving] / spread[moving]
    keep = np.abs(done) <= 5
    said, done = said[keep], done[keep]
    power = float(said @ said)
    if power == 0:
        return False
    slope = float(said @ done) / power
    error = np.sqrt(np.mean((done - slope * said) ** 2) / power)
    return bool(slope > 0.5 and slope > 4 * error)


# ---- stamps that are believed


def _believed(stamps: Array, known: Flags, notes: list[str]) -> Array:
    """Keep stamps; rows that share one follow each other until the next."""
    seen = stamps[known]
    step = _typical_step(seen)
    late = _crowded(seen, step)
    good = known.copy()
    good[np.flatnonzero(known)[late]] = False
    rest = stamps[good]
    few = 0 < late.mean() <= OFTEN and len(rest) > 2 and _quantum(seen, step) < TOGETHER * step
    if few and np.mean(even_runs(rest)[0] > 0) >= MOSTLY:
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
    # of two rows with one stamp that is right one is a copy
    behind = (stamps[lost] - stamps[left]) / period[after - 1]
    right_one = np.abs(behind - np.rint(behind)) < NEAR_WHOLE / 2
    copy = ~room & right_one & (right - left == 3) & (behind > 0.5) & (stamps[lost] < stamps[right])
    times[lost[copy]] = stamps[lost[copy]]
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
