"""The clock behind time stamps: which stamps are correct, and the times of the other rows.

Model
-----
A sensor takes row i at ``t_i = a + T n_i`` with a period T that drifts slowly; the tick n_i grows
by one from row to row, and by more where rows were lost. The file has the stamps

    s_i = t_i + e_i

where e_i is zero for exact stamps, lies within half a unit q for rounded ones, is the distance to
a common stamp for rows of one packet, and random for jitter.

Decisions
---------
1. Stamps that are even already are kept. Otherwise rows in the wrong order are sorted, repeated
   rows are dropped, and stamps far from their neighbors are not used.
2. The even clock is fitted (`_even_clock`). It replaces the stamps if their distance from it is
   explained: by rounding (below 3/4 q), by packets, or by jitter that does not add up.
3. Jitter needs one more test, because a sensor may really sample unevenly. Let d_i and r_i be the
   distances of stamp i and of the value x_i from straight lines through their neighbors, and v the
   slope of x. Samples taken at s_i have ``r_i = v d_i + curvature``; samples taken at even times
   do not depend on d. The stamps are kept if the regression of r on v d has a slope near 1.
4. Stamps without an explanation are kept as they are. Rows without a valid stamp of their own are
   placed between their neighbors, or dropped where rows were lost next to them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from ._even_clock import (
    CLOCK_TOLERANCE,
    PERIOD_TOLERANCE,
    WHOLE_TOLERANCE,
    Fit,
    anchored,
    drift_rows,
    fit_clock,
    fit_packets,
    packets,
)
from ._typing import Array
from ._validation import RATES
from ._warn import warn

__all__ = [
    "STAMPS",
    "Clock",
    "check_seconds",
    "even_runs",
    "recover_clock",
    "typical_step",
    "without_copies",
]

Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]

STAMPS = ("auto", "exact", "even")

# ---- shares of a period or step

PACKET_STEP = 0.25
"""Rows closer than this share of a step belong to one packet."""
OUTLIER_STEPS = 3.0
"""Stamps that are off by more steps than this are wrong rather than late."""

# ---- numbers and shares of rows

MIN_STAMPS = 8
"""Fewer stamps than this are kept: no clock can be fitted."""
MEDIAN_STEPS = 25
"""Steps in the running median that gives the local period."""
EVEN_SHARE = 0.7
"""Share of even steps from which stamps are good."""
PACKET_SHARE = 0.2
"""Share of tiny steps from which rows come in packets."""

# ---- seconds and Hz

SHORTEST_SENSOR_STEP = 0.0025
"""s. Shorter steps are those within a packet rather than those of a sensor."""
FASTEST_WORN = 1100.0
"""Hz. Sensors that people wear are slower; stamps in minutes nearly always look faster."""


class Clock(NamedTuple):
    """Rows in the order of time, and the time of each: (K,) row numbers, (K,) s, increasing.

    Rows without a known time are left out. `notes` say what was changed; empty for a good clock.
    """

    rows: Indices
    times: Array
    notes: tuple[str, ...]

    def warn(self, cure: str) -> None:
        """Warn once about what was changed, and how to prevent it."""
        if self.notes:
            message = f"Time stamps: {'; '.join(self.notes)}. {cure}"
            warn(message)


def check_seconds(stamps: Array, longest: float) -> None:
    """Raise or warn if stamps (T,) cannot be seconds; `longest` is the longest plausible step."""
    if len(stamps) < 2:
        return
    step = typical_step(stamps)
    if step == 0:
        raise ValueError(
            f"All {len(stamps)} time stamps are about {stamps[0]:.12g}, so the rate is unknown. "
            "Give finer stamps (float64), or the rate instead."
        )
    if step > longest:
        raise ValueError(
            f"times have steps of {step:.4g} s, more than {longest:g} s. Are these milliseconds, "
            "microseconds, nanoseconds or row numbers? Give seconds."
        )
    if step < 1 / RATES[1]:
        raise ValueError(
            f"times have steps of {step:.4g} s, a rate of {1 / step:.4g} Hz. Are these minutes, "
            "hours or days? Give seconds."
        )
    if step < 1 / FASTEST_WORN:
        warn(
            f"times have steps of {step:.4g} s, a rate of {1 / step:.4g} Hz; sensors that people "
            f"wear stay below {FASTEST_WORN:g} Hz. If these are minutes, multiply them by 60."
        )


def recover_clock(stamps: Array, values: Array | None = None, how: str = "auto") -> Clock:
    """Find the time of each row from stamps (T,) in s, in the order in which rows were measured.

    Values (T, C), NaN where missing, separate copies from packets and jitter from uneven sampling.
    `how` is "auto", "exact" (keep the stamps) or "even" (put them on an even clock).
    """
    notes: list[str] = []
    if how == "exact" or len(stamps) < MIN_STAMPS:
        _refuse_decreasing(stamps)
        return _increasing(np.arange(len(stamps)), stamps, notes)
    if how == "auto" and _is_even(np.diff(stamps)):
        return Clock(np.arange(len(stamps)), stamps, ())
    # 1. Order, copies and outliers
    rows = _sorted_rows(stamps, notes)
    _refuse_reset(stamps[rows])
    rows = without_copies(rows, stamps, values, notes)
    valid = _plausible(rows, stamps, notes)
    # invalid rows at the ends have only one neighbor, so their time stays unknown
    inner = slice(np.argmax(valid), len(valid) - np.argmax(valid[::-1]))
    rows, valid = rows[inner], valid[inner]
    # 2. The even clock if it explains the stamps, else the stamps
    table = None if values is None else values[rows]
    times = _even_times(stamps[rows], valid, table, how, notes)
    if times is None:
        times = _kept_stamps(stamps[rows], valid, notes)
    return _increasing(rows, times, notes)


def even_runs(times: Array) -> tuple[Indices, Array]:
    """Return the periods in each step of times (T,), and the local period in s, both (T - 1,).

    A step has more than one period where rows are missing, and zero where it is not a whole number.
    """
    steps = np.diff(times)
    period = _local_period(steps)
    ratio = np.where(period > 0, steps / np.where(period > 0, period, 1.0), 0.0)
    count = np.maximum(np.rint(ratio), 1)
    # the error of a drifting period grows with the number of missing rows
    even = np.abs(ratio - count) <= PERIOD_TOLERANCE * np.minimum(count, 5)
    return np.where(even, count, 0).astype(np.int64), period


# ---- single stamps


def _is_even(steps: Array) -> bool:
    """Tell whether all steps are equal, but for rounding."""
    return bool(steps.min() > 0 and np.ptp(steps) <= CLOCK_TOLERANCE * steps.mean())


def typical_step(stamps: Array) -> float:
    """Return the time per row in s, where many rows may share a stamp or come in bursts."""
    middle = float(np.median(np.diff(stamps)))
    for apart in (64, len(stamps) // 2):
        apart = min(apart, max(1, len(stamps) // 4))
        wide = float(np.median(stamps[apart:] - stamps[:-apart])) / apart
        if wide > 0:
            # Short and long steps: a sensor that pauses, or packets whose rows are stamped faster
            # than any sensor samples
            pauses = SHORTEST_SENSOR_STEP < middle <= 0.5 * wide
            return middle if pauses or 0.5 * wide < middle < 2 * wide else wide
    return max(0.0, float(np.ptp(stamps)) / (len(stamps) - 1))


def _usual_advance(stamps: Array) -> float:
    """Return the median time from one stamp to the next different one in s."""
    steps = np.diff(stamps)
    ahead = steps[steps > 0]
    return float(np.median(ahead)) if len(ahead) else 0.0


def _local_period(steps: Array) -> Array:
    """Return the running median of steps."""
    size = min(MEDIAN_STEPS, len(steps) - 1 + len(steps) % 2)
    return np.asarray(median_filter(steps, max(size, 1), mode="nearest"))


def _refuse_decreasing(stamps: Array) -> None:
    back = np.flatnonzero(np.diff(stamps) < 0)
    if len(back):
        raise ValueError(
            f"times decrease after row {back[0]}, by {stamps[back[0]] - stamps[back[0] + 1]:.4g} "
            "s: sort or drop rows first."
        )


def _sorted_rows(stamps: Array, notes: list[str]) -> Indices:
    """Return the order of the stamps if sorting leaves even steps, else the order given."""
    rows = np.arange(len(stamps))
    back = np.flatnonzero(np.diff(stamps) < 0)
    if len(back) == 0:
        return rows
    order = np.argsort(stamps, kind="stable")
    moved = np.flatnonzero(order != rows)
    steps = np.diff(stamps[order])
    near = np.unique(np.clip(np.concatenate([moved - 1, moved]), 0, len(steps) - 1))
    usual = float(np.median(steps))
    even = steps[near].min() > 0.5 * usual and steps[near].max() < OUTLIER_STEPS * usual
    if not even or np.abs(order - rows).max() > 100 or len(moved) > PACKET_SHARE * len(rows):
        return rows
    notes.append(f"{len(moved)} rows out of order, first row {moved[0]}, were sorted")
    return order


def _refuse_reset(stamps: Array) -> None:
    """Raise where stamps step back and continue from there: the time in between is unknown."""
    for row in np.flatnonzero(np.diff(stamps) < 0):
        before, after = stamps[max(0, row - 8) : row + 1], stamps[row + 1 : row + 10]
        if len(before) < 3 or len(after) < 3:
            continue
        back = float(np.median(before) - np.median(after))
        if back > 0 and stamps[row] - stamps[row + 1] > OUTLIER_STEPS * _usual_advance(stamps):
            raise ValueError(
                f"times decrease after row {row}, by {stamps[row] - stamps[row + 1]:.4g} s, and "
                "continue from there. If several recordings follow each other, resample each on "
                "its own. If the clock was set back, split the rows there. Sort them only if the "
                "rows of one recording were written out of order."
            )


def without_copies(rows: Indices, stamps: Array, values: Array | None, notes: list[str]) -> Indices:
    """Drop rows that repeat both the stamp and the values of the row before."""
    if values is None:
        return rows
    table = values[rows]
    again = (table[1:] == table[:-1]) | (np.isnan(table[1:]) & np.isnan(table[:-1]))
    equal = again.all(axis=1) & np.isfinite(table[1:]).any(axis=1)
    tied = np.diff(stamps[rows]) == 0
    copies = tied & equal
    # A sensor at rest repeats its values too, equally often with and without a common stamp
    if not copies.any() or equal[~tied].mean() > 0.5 * copies.sum() / tied.sum():
        return rows
    if copies.sum() < 0.9 * tied.sum():
        return rows
    notes.append(f"{copies.sum()} rows that repeat the row before them were dropped")
    return rows[np.concatenate([[True], ~copies])]


def _plausible(rows: Indices, stamps: Array, notes: list[str]) -> Flags:
    """Tell which stamps are near those of their neighbors."""
    seen = stamps[rows]
    far = OUTLIER_STEPS * max(_usual_advance(seen), typical_step(seen))
    steps = np.diff(seen)
    valid = np.ones(len(seen), dtype=bool)
    if steps.min() < -far:
        # the running median of increasing stamps is the stamp in the middle
        valid = np.abs(seen - median_filter(seen, 9, mode="nearest")) <= far
    # a single row at an end, behind a gap longer than all other steps
    if len(seen) > 8:
        rest = float(np.max(np.abs(steps[1:-1])))
        for end, step in ((0, steps[0]), (-1, steps[-1])):
            if abs(step) > max(10 * rest, 10.0) or step < -far:
                valid[end] = False
    if not valid.all():
        wild = np.flatnonzero(~valid)
        notes.append(
            f"{len(wild)} stamps are far off, first that of row {rows[wild[0]]} "
            f"({seen[wild[0]]:.6g} s), and were not used"
        )
    return valid


# ---- an even clock


def _even_times(
    stamps: Array, valid: Flags, values: Array | None, how: str, notes: list[str]
) -> Array | None:
    """Return the time of each row by an even clock, or None if the stamps are to be kept."""
    # 1. The unit q of the stamps, and whether rows come in packets
    seen = stamps[valid]
    step = typical_step(seen)
    quantum = _quantum(seen, step)
    tiny = float(np.mean(np.diff(seen) <= PACKET_STEP * step))
    packed = tiny > PACKET_SHARE
    # 2. Fits to all stamps and, if a few are bunched, to the others
    choices = [valid]
    if tiny > 0 and not packed:
        choices.append(valid.copy())
        choices[1][np.flatnonzero(valid)[_bunched(seen, step)]] = False
    fits = [_fit_and_explain(stamps, one, values, step, quantum, packed, how) for one in choices]
    # 3. Stamps on the clock are kept; else the clock that is nearer to its stamps replaces them
    for used, (fit, note) in zip(choices, fits, strict=True):
        if fit is not None and not note:
            return _filled_times(stamps, used, valid, notes)
    found = [(fit, note, used) for used, (fit, note) in zip(choices, fits, strict=True) if fit]
    if not found:
        return None
    fit, note, used = min(found, key=lambda one: float(one[0].misfit.std()))
    if how == "auto":
        notes.append(note)
    times = fit.clock(np.arange(len(stamps)))
    times[_next_to_losses(used, np.diff(times) > 1.5 * fit.period)] = np.nan
    return times


def _fit_and_explain(
    stamps: Array,
    used: Flags,
    values: Array | None,
    step: float,
    quantum: float,
    packed: bool,
    how: str,
) -> tuple[Fit | None, str]:
    """Fit an even clock and explain the distances of the stamps; no text if they agree."""
    # 1. The fit that suits the kind of stamps
    numbers, seen = np.flatnonzero(used), stamps[used]
    coarse = quantum > CLOCK_TOLERANCE * step
    knots = packets(numbers, seen, PACKET_STEP * step if packed else -1.0)
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
    # 2. The explanation of the distances
    inner, off, rate = fit.clock, np.abs(fit.misfit), f"{1 / fit.period:.4g} Hz"
    most = float(np.quantile(off, 0.99))
    if off.max() <= CLOCK_TOLERANCE * fit.period and not packed:
        return fit, ""
    if truncated and most <= quantum:
        # a truncated stamp is never later than its row
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
    elif packed and not truncated and most <= OUTLIER_STEPS * fit.period * knots.sizes.max():
        note = (
            f"rows come in packets of about {knots.sizes.mean():.3g} and were spread evenly, each "
            f"packet about its stamp ({rate})"
        )
    elif how == "even" or (
        # rounding alone would leave smaller distances
        fit.misfit.std() > (quantum if coarse else 0)
        and _is_bounded(fit)
        and not _sampled_unevenly(numbers, seen, values, fit)
    ):
        note = (
            f"they jitter by {fit.misfit.std():.2g} s about an even clock of {rate}, and rows were "
            "put on that clock"
        )
    else:
        return None, ""
    return fit, note


def _bunched(stamps: Array, step: float) -> Flags:
    """Tell which rows have nearly the stamp of a neighbor, because a computer stamped them late."""
    close = np.diff(stamps) <= PACKET_STEP * step
    flags = np.zeros(len(stamps), dtype=bool)
    flags[1:] |= close
    flags[:-1] |= close
    return flags


def _next_to_losses(used: Flags, jumps: Flags) -> Flags:
    """Tell which rows without a good stamp have losses next to them: their tick is unknown."""
    of = np.cumsum(used)
    leaps = np.bincount(of[:-1], jumps, minlength=of[-1] + 1) > 0
    return np.asarray(~used & leaps[of])


def _quantum(stamps: Array, step: float) -> float:
    """Return the largest unit that divides all stamps, or 0: a decimal unit, 0.5 s or a timer tick.

    The tick of a timer is the smallest difference between two different steps.
    """
    since = stamps - stamps[0]
    slack = 8 * float(np.spacing(np.abs(stamps).max())) + 1e-10
    unlike = np.diff(np.unique(np.diff(stamps)))
    ticks = [unit for unit in unlike[unlike > 50 * slack][:1] if unit < 0.5 * step]
    for unit in sorted([0.5, *(10.0**-digits for digits in range(7)), *ticks], reverse=True):
        whole = np.rint(since / unit)
        # differences have the rounding error of the stamps, and these errors add up
        allowed = slack * max(1.0, whole[-1] / 9)
        if unit > 50 * slack and np.abs(since - unit * whole).max() <= min(allowed, 0.02 * unit):
            return float(unit)
    return 0.0


def _is_bounded(fit: Fit) -> bool:
    """Tell jitter about a clock from random steps, whose distance from any clock grows."""
    far = min(int(drift_rows(fit.period) / 4), len(fit.misfit) // 4)
    near = max(1, far // 8)
    if far < 4:
        return False
    wide, narrow = (
        float(np.subtract(*np.quantile(fit.misfit[lag:] - fit.misfit[:-lag], [0.9, 0.1])))
        for lag in (far, near)
    )
    if not (wide < 1.6 * narrow and wide < 2.56 * OUTLIER_STEPS * fit.period):
        return False
    # where the rate changes, many rows in a row are far from the clock, and all others near it
    count = len(fit.misfit) // MEDIAN_STEPS
    parts = fit.misfit[: count * MEDIAN_STEPS].reshape(count, MEDIAN_STEPS)
    usual = 1.4826 * float(np.median(np.abs(fit.misfit)))
    return float(np.abs(np.median(parts, axis=1)).max(initial=0.0)) < max(fit.period, 1.5 * usual)


def _sampled_unevenly(numbers: Indices, stamps: Array, values: Array | None, fit: Fit) -> bool:
    """Test whether the values changed as much as the stamps say (step 3 above)."""
    if values is None or len(stamps) < 8:
        return False
    # 1. Triples of rows without a loss, with finite values two rows beyond
    even, values = fit.clock(numbers), values[numbers]
    ok = np.asarray(np.isfinite(values).all(axis=1))
    near = ok[:-4] & ok[1:-3] & ok[2:-2] & ok[3:-1] & ok[4:]
    near &= np.diff(numbers)[:-3] + np.diff(numbers)[1:-2] == 2
    # 2. Distances of stamps (d) and values (r) from the straight line through the neighbors
    off = stamps - even
    left = (even[2:-2] - even[1:-3]) / (even[3:-1] - even[1:-3])
    lag = off[2:-2] - (1 - left) * off[1:-3] - left * off[3:-1]
    left = left[:, None]
    residual = values[2:-2] - (1 - left) * values[1:-3] - left * values[3:-1]
    slope = (values[4:] - values[:-4]) / (even[4:] - even[:-4])[:, None]
    expected, found = (slope * lag[:, None])[near], residual[near]
    # 3. Channels in units of their median residual, without outliers
    spread = np.median(np.abs(found), axis=0) if len(found) else np.zeros(found.shape[1])
    moving = spread > 0
    expected, found = expected[:, moving] / spread[moving], found[:, moving] / spread[moving]
    keep = np.abs(found) <= 5
    expected, found = expected[keep], found[keep]
    # 4. Regression of r on v d, with its standard error
    power = float(expected @ expected)
    if power == 0:
        return False
    gain = float(expected @ found) / power
    error = np.sqrt(np.mean((found - gain * expected) ** 2) / power)
    return bool(gain > 0.5 and gain > 4 * error)


# ---- stamps that are kept


def _kept_stamps(stamps: Array, valid: Flags, notes: list[str]) -> Array:
    """Keep the stamps; rows that share one are spread until the next."""
    # 1. A few bunched rows among even ones are placed between their neighbors
    seen = stamps[valid]
    step = typical_step(seen)
    late = _bunched(seen, step)
    good = valid.copy()
    good[np.flatnonzero(valid)[late]] = False
    rest = stamps[good]
    few = (
        0 < late.mean() <= PACKET_SHARE
        and len(rest) > 2
        and _quantum(seen, step) < PACKET_STEP * step
    )
    if few and np.mean(even_runs(rest)[0] > 0) >= EVEN_SHARE:
        return _filled_times(stamps, good, valid, notes)
    # 2. Rows with one stamp follow each other at the typical step, or faster if there is less room
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
    times[valid] = seen
    return _filled_times(times, valid, valid, notes)


def _filled_times(stamps: Array, good: Flags, valid: Flags, notes: list[str]) -> Array:
    """Keep good stamps, and place the other rows between them where their ticks are known."""
    times = np.where(good, stamps, np.nan)
    at, lost = np.flatnonzero(good), np.flatnonzero(~good)
    lost = lost[(lost > at[0]) & (lost < at[-1])]
    if len(lost) == 0:
        return times
    late = valid & ~good
    if late.any():
        notes.append(
            f"{late.sum()} rows have stamps that are too close together, first row "
            f"{np.flatnonzero(late)[0]}, and were spread between their neighbors"
        )
    # 1. Rows whose number equals the number of periods in the gap are spread evenly
    period = _local_period(np.diff(stamps[at]))
    after = np.searchsorted(at, lost)
    left, right = at[after - 1], at[after]
    span = stamps[right] - stamps[left]
    room = np.abs(span / period[after - 1] - (right - left)) < WHOLE_TOLERANCE
    share = (lost - left) / (right - left)
    times[lost] = np.where(room, stamps[left] + share * span, np.nan)
    # 2. Of two rows with one stamp on a tick, one is a copy: the other keeps the stamp
    behind = (stamps[lost] - stamps[left]) / period[after - 1]
    on_tick = np.abs(behind - np.rint(behind)) < WHOLE_TOLERANCE / 2
    copy = ~room & on_tick & (right - left == 3) & (behind > 0.5) & (stamps[lost] < stamps[right])
    times[lost[copy]] = stamps[lost[copy]]
    return times


def _increasing(rows: Indices, times: Array, notes: list[str]) -> Clock:
    """Return the rows whose time is later than that of all rows before."""
    timed = np.isfinite(times)
    rows, times = rows[timed], times[timed]
    highest = np.maximum.accumulate(times)
    own = np.concatenate([[True], np.diff(highest) > 0])
    if not own.all():
        first = int(np.flatnonzero(~own)[0])
        notes.append(
            f"{(~own).sum()} rows whose stamp does not increase, first row {rows[first]}, were "
            "dropped"
        )
    return Clock(rows[own], times[own], tuple(notes))
