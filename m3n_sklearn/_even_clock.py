"""An even clock behind time stamps, with whole periods left out where rows were lost.

Model
-----
Row i was measured at ``t_i = a + T n_i``. The period T drifts slowly. The tick n_i grows by one
from row to row, and by more where rows were lost, so ``n_i - i`` is a step function of i: the
jumps. Packet k gives one stamp ``s_k = t(i_k) + e_k`` for the row i_k at which it is anchored (its
first row, last row or mean); single rows are packets of size one. The error e_k is rounding within
a unit q (`band`), or jitter.

Fit
---
1. Period. The mean of the usual steps is a first value. Around it the coherence

       R(T) = |mean_k exp(2 pi i s_k / T)|

   is greatest for the period that most stamps are multiples of, whatever was lost between them
   (the Rayleigh statistic of phases). R is 1 for exact stamps, sinc(q / T) for rounded ones.
2. Ticks. If errors stay below T / 2, every stamp gives its own tick,
   ``n_k = round((s_k - a) / T)``, where a is the mean phase. T and a follow the drift from one part
   of the stamps to the next. If a part has too little coherence R, step 3 replaces this one.
3. Jumps. A step is too long by ``x_k = (s_k+1 - s_k) / T - (i_k+1 - i_k)`` periods, its excess.
   The cumulative sum of x is the level of the clock above the row numbers. A late row raises the
   level only until the next, short step; lost rows raise it for good. A jump is the rise of the
   median level, over `reach` rows before and after a long step.
4. Curve. A straight line through (n_k, s_k): by least squares or, for rounded stamps, the line
   with the smallest maximum distance, since all errors lie within q. Where means over 2 s leave
   the line by more than their scatter, T drifts, and the curve is piecewise linear.

References
----------
K. V. Mardia, P. E. Jupp, "Directional Statistics", Wiley, 2000 (coherence of phases).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.optimize import linprog
from scipy.spatial import ConvexHull

from ._typing import Array

__all__ = [
    "CLOCK_TOLERANCE",
    "PERIOD_TOLERANCE",
    "WHOLE_TOLERANCE",
    "Fit",
    "Knots",
    "anchored",
    "drift_rows",
    "fit_clock",
    "fit_packets",
    "packets",
]

Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]

# ---- tolerances, as shares of a period

PERIOD_TOLERANCE = 0.02
"""Relative difference below which two periods are equal."""
CLOCK_TOLERANCE = 1e-3
"""Distance from a clock that has no effect."""
WHOLE_TOLERANCE = 0.25
"""Distance from a whole number of periods up to which a jump is lost rows."""

# ---- numbers of rows and steps

PERIOD_HALF_WIDTH = 25
"""Steps on each side, at least, over which the period is averaged."""
TICK_ROWS = 200
"""Rows of a part in which the period and the phase of the ticks are constant."""
REGULAR_STEPS = 8
"""Long steps from which on they are due to rounding if rounding can explain them."""
MAX_DISPLACED = 20
"""Consecutive rows that may be late or early by more than half a period."""

COHERENCE_STAMPS = 256
"""Stamps whose coherence is evaluated at once."""

# ---- the search for jumps, in periods

LEVEL_ERROR = 0.08
"""Error of a median level at which a jump of one period is certain."""
JITTER_REACH, MAX_REACH = 16, 64
"""Fewest rows around a step where stamps jitter, and most rows."""
MEDIAN_ERROR = 1.25
"""Standard error of a median over that of a mean."""

# ---- shares of steps, periods, seconds

MAX_FRACTIONAL = 0.05
"""Share of steps that may be jumps by a fractional number of periods."""
PAUSE = 50
"""Periods without a stamp after which the phase of the clock is unknown."""
KNOT_SECONDS, KNOT_ROWS = 2.0, 50
"""Spacing in s, and at least in rows, of the knots of a drifting clock."""


class Knots(NamedTuple):
    """Packets: first rows, rows that the stamps belong to, stamps and sizes."""

    first: Indices
    numbers: Array
    stamps: Array
    sizes: Indices


class Fit(NamedTuple):
    """An even clock with jumps, its mean period in s, and the distances of the stamps from it."""

    clock: Callable[[Indices], Array]
    period: float
    misfit: Array


def packets(numbers: Indices, stamps: Array, within: float) -> Knots:
    """Return the packets: rows whose stamps differ by at most `within` s share their mean stamp."""
    begins = np.concatenate([[True], np.abs(np.diff(stamps)) > within])
    of = np.cumsum(begins) - 1
    sizes = np.bincount(of)
    mean = stamps[0] + np.bincount(of, stamps - stamps[0]) / sizes
    return Knots(numbers[begins], np.bincount(of, numbers) / sizes, mean, sizes)


def anchored(knots: Knots, anchor: str) -> Knots:
    """Anchor each stamp at the first or last row of its packet instead of the mean row."""
    if anchor == "last":
        return knots._replace(numbers=(knots.first + knots.sizes - 1).astype(float))
    # the first packet may lack its first rows
    first = knots.first[1:]
    return Knots(first, first.astype(float), knots.stamps[1:], knots.sizes[1:])


def fit_packets(knots: Knots, step: float, band: float) -> Fit | None:
    """Fit a clock with the anchor that fits best, which packets of different sizes reveal."""
    fit = fit_clock(knots, step, band, False)
    if fit is None or knots.sizes.std() < 0.1 * knots.sizes.mean():
        return fit
    for anchor in ("first", "last"):
        other = fit_clock(anchored(knots, anchor), step, band, False)
        if other is not None and other.misfit.std() < 0.7 * fit.misfit.std():
            fit = other
    return fit


def fit_clock(knots: Knots, step: float, band: float, truncated: bool) -> Fit | None:
    """Fit an even clock with jumps, or return None if too many steps would be jumps."""
    numbers, stamps = knots.numbers, knots.stamps
    if len(numbers) < 3:
        return None
    # 1. The period; packets of one size tick once a packet
    rows, seconds = np.diff(numbers), np.diff(stamps)
    size = float(np.median(knots.sizes))
    regular = knots.sizes.std() < 0.1 * size
    ticks = size if regular else 1.0
    period = _coherent_period(stamps, _first_period(rows, seconds, step) * ticks) / ticks
    # 2. The tick of each stamp; units as large as the period contain no phase
    usable = regular and not truncated and band < 0.8 * period
    coherence = min(0.6, 0.9 * float(np.sinc(band / period)))
    x = _on_ticks(stamps, period * ticks, coherence) if usable else None
    if band and _rounding_explains(numbers, stamps, band):
        x, ticks = numbers.astype(float), 1.0
    # 3. Else the number of the row plus the jumps before it
    if x is None:
        if truncated:
            jumps: Array | None = _lost_in_units(rows, seconds, period)
        else:
            jumps = _all_jumps(rows, seconds, period, size, band)
        if jumps is None:
            return None
        x = numbers + np.concatenate([[0.0], np.cumsum(jumps)])
    else:
        x *= ticks
    # 4. The time of each tick
    curve = _clock_curve(x, stamps, period, period if truncated else band)
    typical = float(curve(x[-1:])[0] - curve(x[:1])[0]) / (x[-1] - x[0])
    ahead = x - numbers

    def clock(at: Indices) -> Array:
        packet = np.searchsorted(knots.first, at, side="right") - 1
        return curve(at + ahead[np.maximum(packet, 0)])

    return Fit(clock, typical, stamps - curve(x))


def _rounding_explains(numbers: Array, stamps: Array, band: float) -> bool:
    """Tell whether long steps are due to rounding: losses are not as regular."""
    steps = np.diff(stamps)
    if np.sum(steps > 1.5 * np.median(steps)) < REGULAR_STEPS:
        return False
    line = _clock_curve(numbers, stamps, float(np.mean(steps)), band)
    return bool(np.abs(stamps - line(numbers)).max() <= 0.51 * band)


def _on_ticks(stamps: Array, period: float, coherence: float) -> Array | None:
    """Return the number of the tick nearest to each stamp, or None where that is doubtful (step 2).

    `coherence` is the smallest one allowed in a part, from 0 to 1.
    """
    numbers = np.empty(len(stamps))
    # after a pause the phase is unknown, and a new one is estimated
    pauses = np.flatnonzero(np.diff(stamps) > PAUSE * period) + 1
    last_time, last_number = stamps[0], 0.0
    for stretch in np.split(np.arange(len(stamps)), pauses):
        base = np.nan
        for rows in np.array_split(stretch, max(1, len(stretch) // TICK_ROWS)):
            own = stamps[rows]
            exact = last_number + (own - last_time) / period
            if np.isnan(base):
                base = float(np.angle(np.exp(2j * np.pi * exact).mean())) / (2 * np.pi)
            # the mean phase of this part, and the nearest ticks
            turn = np.exp(2j * np.pi * (exact - base)).mean()
            number = np.rint(exact - base - float(np.angle(turn)) / (2 * np.pi)) + base
            if abs(turn) < coherence and len(rows) > 5:
                return None
            numbers[rows] = number
            # the period of this part serves the next one
            if len(rows) > 100:
                slope = np.polyfit(number - number[0], own - own[0], 1)[0]
                period = slope if abs(slope / period - 1) < PERIOD_TOLERANCE else period
            last_time, last_number = float(own.mean()), float(number.mean())
    return _distinct_ticks(numbers)


def _distinct_ticks(numbers: Array) -> Array | None:
    """Move rows that are off by over half a period to the free tick, or return None."""
    ahead = numbers - np.arange(len(numbers))
    earlier = np.minimum.accumulate(ahead[::-1])[::-1] - ahead
    later = np.maximum.accumulate(ahead) - ahead
    moved = np.concatenate([[False], (earlier < -0.5) | (later > 0.5), [False]])
    for begin, end in np.flatnonzero(np.diff(moved)).reshape(-1, 2):
        ways = earlier[begin:end], later[begin:end]
        fewest, way = min((int(np.sum(np.abs(way) > 0.5)), k) for k, way in enumerate(ways))
        if fewest > MAX_DISPLACED:
            return None
        numbers[begin:end] += ways[way]
    return numbers if np.all(np.diff(numbers) > 0) else None


def _lost_in_units(rows: Array, seconds: Array, period: float) -> Array:
    """Return the rows that long units of time, such as whole seconds, lack."""
    excess = seconds / period - rows
    return np.where(excess > 0.5 + max(0.0, float(np.quantile(excess, 0.75))), excess, 0.0)


def _all_jumps(rows: Array, seconds: Array, begin: float, size: float, band: float) -> Array | None:
    """Return by how many periods each step is longer than its rows (step 3), or None."""
    period = np.full(len(rows), begin)
    jumps = np.zeros(len(rows))
    for _ in range(4):
        # 1. The noise of a stamp, from steps without a loss
        excess = seconds / period - rows
        usual = _without_loss(excess - jumps, rows) & (jumps == np.rint(jumps))
        if not usual.any():
            return None
        noise = float((excess - jumps)[usual].std()) / np.sqrt(2)
        # packets that jitter by parts of a row are lost as a whole
        unit = size if noise > 0.1 else 1.0
        noise /= unit
        # 2. The reach at which the median level is certain: rounding errors cancel faster than
        # jitter, and no row stays late for long
        rounded = noise < 0.6 * band / begin
        error = noise / LEVEL_ERROR
        wanted, least = (error, 1) if rounded else (3 * error**2, JITTER_REACH)
        reach = int(np.clip(np.ceil(wanted), least, MAX_REACH))
        doubtful = max(WHOLE_TOLERANCE, min(1.05 * band / begin, 0.45))
        jumps = unit * _jumps(excess / unit, noise, reach, doubtful)
        # 3. The period again, from steps with a whole number of periods
        whole = jumps == np.rint(jumps)
        period = _running_ratio(
            np.where(whole, seconds, 0.0), np.where(whole, rows + jumps, 0.0),
            max(PERIOD_HALF_WIDTH, 10 * reach),
        )  # fmt: skip
        if not whole.any() or period.min() <= 0:
            return None
    return jumps if np.mean(jumps != np.rint(jumps)) <= MAX_FRACTIONAL else None


def _without_loss(excess: Array, rows: Array) -> Flags:
    """Tell the steps in which nothing seems to be lost."""
    spread = 4.5 * float(np.median(np.abs(excess - np.median(excess))))
    return excess < np.maximum(spread, 0.75 * np.maximum(1.0, rows / 25))


def _first_period(rows: Array, seconds: Array, step: float) -> float:
    """Return the mean step per row, without long steps."""
    middle = float(np.median(seconds / rows))
    usual = _without_loss(seconds / (middle if middle > 0 else step) - rows, rows)
    mean = seconds[usual].sum() / max(rows[usual].sum(), 1.0)
    return mean if mean > 0 else step


def _coherent_period(stamps: Array, expected: float) -> float:
    """Return the period near the expected one with the greatest coherence R (step 1)."""
    found = []
    size = min(len(stamps), COHERENCE_STAMPS)
    for begin in np.linspace(0, len(stamps) - size, 1 + min(len(stamps) // size, 8)).astype(int):
        since = stamps[begin : begin + size] - stamps[begin]
        span = since[-1] / expected
        if not 8 < span < 8 * size:
            continue
        # 1. Trial periods within 15 %, a quarter turn apart at the end of the span
        trials = expected / np.arange(0.85, 1.15, 0.25 / span)
        power = np.abs(np.exp(2j * np.pi * since / trials[:, None]).mean(axis=1))
        best = int(np.argmax(power))
        # 2. Random phases have a coherence of 1 / sqrt(size)
        if power[best] > 5 / np.sqrt(size):
            found.append(trials[best])
    return float(np.median(found)) if found else expected


def _running_ratio(above: Array, below: Array, around: int) -> Array:
    """Return running sums of one array over those of another, 2 * around + 1 entries wide."""
    size = min(2 * around + 1, 2 * len(above) + 1)
    top, bottom = (uniform_filter1d(part, size, mode="constant") * size for part in (above, below))
    bottom = np.where(bottom > 0.5, bottom, 0.0)
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), above.sum() / below.sum())


def _jumps(excess: Array, noise: float, reach: int, doubtful: float) -> Array:
    """Return by how many periods the level rises for good in each step (step 3).

    Rises closer to a whole number than `doubtful` are whole.
    """
    # 1. The level around long steps, and the standard error of its rise
    places = np.flatnonzero(excess > 0.5)
    jumps = np.zeros(len(excess))
    level = np.concatenate([[0.0], np.cumsum(excess)])
    begin, end = np.maximum(places - reach + 1, 0), np.minimum(places + reach + 1, len(level))
    doubt = MEDIAN_ERROR * noise * np.sqrt(1 / (places + 1 - begin) + 1 / (end - places - 1))
    # correlated jitter moves the level more than independent errors do
    some = np.arange(reach, len(excess) - reach, max(1, len(excess) // 500))
    if len(some):
        rises = _level_rises(level, some, some - reach + 1, some + reach + 1, reach)
        doubt = np.maximum(doubt, 1.5 * np.median(np.abs(rises)))
    # 2. Clear jumps first, the largest of those that are close to each other
    for _ in range(50):
        found = _level_rises(level, places, begin, end, reach)
        whole = np.rint(found)
        near = np.abs(found - whole) < np.clip(3 * doubt, doubtful, 0.4)
        clear = np.flatnonzero(near & (found > np.maximum(0.5, 5 * doubt)))
        clear = clear[_separate(places[clear], found[clear], reach)]
        if len(clear) == 0:
            break
        _subtract_jumps(jumps, level, places[clear], whole[clear])
    # 3. The others are close to each other, or pauses of any length: use the rows between them
    found = _level_rises(level, places, begin, end, reach)
    places = places[found > np.maximum(0.5, 5 * doubt)]
    borders = np.concatenate([[-1], places, [len(excess)]])
    begin = np.maximum(borders[:-2] + 1, places - reach + 1)
    end = np.minimum(borders[2:] + 1, places + reach + 1)
    found = _level_rises(level, places, begin, end, reach)
    whole = np.rint(found)
    found = np.where(np.abs(found - whole) < doubtful, whole, found)
    _subtract_jumps(jumps, level, places, np.maximum(found, 0.0))
    return jumps


def _level_rises(level: Array, places: Indices, begin: Indices, end: Indices, reach: int) -> Array:
    """Return the median level after each place, up to `end`, minus that before, from `begin`."""
    if len(places) == 0:
        return np.empty(0)
    steps = np.arange(reach)
    after = places[:, None] + 1 + steps % (end - places - 1)[:, None]
    before = places[:, None] - steps % (places + 1 - begin)[:, None]
    return np.asarray(np.median(level[after], axis=1) - np.median(level[before], axis=1))


def _subtract_jumps(jumps: Array, level: Array, places: Indices, found: Array) -> None:
    """Add found jumps to `jumps` and remove them from the level, in place."""
    step = np.zeros(len(jumps))
    step[places] = found
    jumps += step
    level[1:] -= np.cumsum(step)


def _separate(places: Indices, size: Array, reach: int) -> Indices:
    """Return the largest entries, no two of them closer than `reach`."""
    free = np.ones(len(places), dtype=bool)
    chosen = []
    for one in np.argsort(-size, kind="stable"):
        if free[one]:
            chosen.append(int(one))
            low, high = np.searchsorted(places, [places[one] - reach + 1, places[one] + reach])
            free[low:high] = False
    return np.array(chosen, dtype=np.int64)


def drift_rows(period: float) -> float:
    """Return the number of rows after which a drifting clock may have another period."""
    return max(KNOT_ROWS, KNOT_SECONDS / period)


def _clock_curve(x: Array, s: Array, period: float, band: float) -> Callable[[Array], Array]:
    """Return the time of ticks x: a line through the stamps s, piecewise if it drifts (step 4).

    Rounded stamps lie within a `band` about the line.
    """
    # 1. The line: least squares, then least greatest distance for rounded stamps
    span = drift_rows(period)
    middle = x.mean()
    slope, offset = np.polyfit(x - middle, s - s[0], 1)
    if band > 0:
        tilt, shift = _chebyshev_line(x - middle, s - s[0] - offset - slope * (x - middle))
        slope, offset = slope + tilt, offset + shift

    def line(at: Array) -> Array:
        return s[0] + offset + slope * (at - middle)

    rest = s - line(x)
    if np.abs(rest).max() <= 0.51 * band:
        return line
    # 2. Means of the rest over parts of 2 s
    of, count, mean = _part_means(x, rest, span)
    full = count > 0.5 * np.median(count)
    if full.sum() < 3:
        return line
    # the scatter of means within a part estimates that of the means of parts without drift
    quarter, _, means = _part_means(x, rest, span / 4)
    parent = of[np.unique(quarter, return_index=True)[1]]
    scatter = 1.5 * float(np.median(np.abs(means - mean[parent])))
    if np.all(np.abs(mean)[full] <= 3 * scatter + CLOCK_TOLERANCE * period):
        return line
    # 3. Piecewise linear between the means, extended beyond the ends
    at, off = (np.bincount(of, x) / count)[full], mean[full]

    def drifting(where: Array) -> Array:
        inside = np.interp(where, at, off)
        for end, near, beyond in ((0, 1, where < at[0]), (-1, -2, where > at[-1])):
            tilt = (off[end] - off[near]) / (at[end] - at[near])
            inside = np.where(beyond, off[end] + tilt * (where - at[end]), inside)
        return line(where) + inside

    return drifting


def _part_means(x: Array, rest: Array, span: float) -> tuple[Indices, Indices, Array]:
    """Divide x into parts of equal span: part of each entry, counts and means of parts."""
    _, of, count = np.unique(
        np.floor((x - x[0]) / span), return_inverse=True, return_counts=True
    )  # fmt: skip
    return of, count, np.bincount(of, rest) / count


def _chebyshev_line(x: Array, rest: Array) -> tuple[float, float]:
    """Return slope and offset of the line with the smallest maximum distance from the points."""
    scale = float(np.abs(rest).max())
    if scale <= 1e-12:
        return 0.0, 0.0
    # only corners of the convex hull can be farthest; minimize d with |y - slope x - offset| <= d
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
