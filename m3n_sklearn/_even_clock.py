"""An even clock behind time stamps, with whole periods left out where rows were lost.

Row i of a sensor was measured at the time a + T * n[i], where the period T drifts slowly and the
tick n goes up by one from row to row, by more where rows were lost. Stamps are such times, rounded,
late or shared by a packet of rows. If they are never off by half a period, each tells its tick.
Otherwise rows are counted, and a jump that lasts tells of rows that were lost.
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

__all__ = ["Fit", "Knots", "anchored", "bend", "fit_clock", "fit_packets", "packets"]

Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]

AROUND = 25
"""Steps on each side over which the period is taken, at least."""
SAME = 0.02
"""Largest change of the period from one part to the next."""
FINE = 1e-3
"""Share of a period by which a clock may bend unnoticed."""
NEAR_WHOLE = 0.25
"""A jump by so nearly a whole number of periods is rows that were lost."""
RARE = 0.05
"""Share of steps that may be jumps by other than whole periods."""
REGULAR = 8
"""If at least so many long steps can be put down to rounding, no rows are taken for lost."""
MOVED = 20
"""Rows in a row that may be late or early by more than half a period."""
PAUSE = 50
"""Periods without a stamp after which nobody knows where in its period the clock is."""
STRETCH, STRETCH_ROWS = 2.0, 50
"""Seconds, and at least rows, over which the period of a drifting clock is taken."""


class Knots(NamedTuple):
    """Packets: their first rows, the rows they are anchored at, their stamps and sizes."""

    first: Indices
    numbers: Array
    stamps: Array
    sizes: Indices


class Fit(NamedTuple):
    """An even clock with jumps, and by how much stamps are off it."""

    clock: Callable[[Indices], Array]
    period: float
    misfit: Array


def packets(numbers: Indices, stamps: Array, within: float) -> Knots:
    begins = np.concatenate([[True], np.abs(np.diff(stamps)) > within])
    of = np.cumsum(begins) - 1
    sizes = np.bincount(of)
    mean = stamps[0] + np.bincount(of, stamps - stamps[0]) / sizes
    return Knots(numbers[begins], np.bincount(of, numbers) / sizes, mean, sizes)


def anchored(knots: Knots, anchor: str) -> Knots:
    """Say that a stamp is the time of its packet's first or last row, rather than of its middle."""
    if anchor == "last":
        return knots._replace(numbers=(knots.first + knots.sizes - 1).astype(float))
    # of the first packet the first rows may be missing
    first = knots.first[1:]
    return Knots(first, first.astype(float), knots.stamps[1:], knots.sizes[1:])


def fit_packets(knots: Knots, step: float, band: float) -> Fit | None:
    """Packets of unlike sizes tell which of their rows the stamp belongs to."""
    fit = fit_clock(knots, step, band, False)
    if fit is None or knots.sizes.std() < 0.1 * knots.sizes.mean():
        return fit
    for anchor in ("first", "last"):
        other = fit_clock(anchored(knots, anchor), step, band, False)
        if other is not None and other.misfit.std() < 0.7 * fit.misfit.std():
            fit = other
    return fit


def fit_clock(knots: Knots, step: float, band: float, truncated: bool) -> Fit | None:
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
    sharp = min(0.6, 0.9 * float(np.sinc(band / period)))  # what rounding alone leaves
    x = _on_ticks(stamps, period * ticks, sharp) if clear else None
    if band and _regular_leaps(numbers, stamps, band):
        x, ticks = numbers.astype(float), 1.0
    if x is None:
        if truncated:
            jumps: Array | None = _missing(rows, seconds, period)
        else:
            jumps = _all_jumps(rows, seconds, period, size, band)
        if jumps is None:
            return None
        x = numbers + np.concatenate([[0.0], np.cumsum(jumps)])
    else:
        x *= ticks
    curve = _smooth(x, stamps, period, period if truncated else band)
    typical = float(curve(x[-1:])[0] - curve(x[:1])[0]) / (x[-1] - x[0])
    ahead = x - numbers

    def clock(at: Indices) -> Array:
        packet = np.searchsorted(knots.first, at, side="right") - 1
        return curve(at + ahead[np.maximum(packet, 0)])

    return Fit(clock, typical, stamps - curve(x))


def _regular_leaps(numbers: Array, stamps: Array, band: float) -> bool:
    """Tell long steps that rounding makes from losses: those would not come so regularly."""
    steps = np.diff(stamps)
    if np.sum(steps > 1.5 * np.median(steps)) < REGULAR:
        return False
    line = _smooth(numbers, stamps, float(np.mean(steps)), band)
    return bool(np.abs(stamps - line(numbers)).max() <= 0.51 * band)


def _on_ticks(stamps: Array, period: float, sharp: float) -> Array | None:
    """Return the number of the tick that each stamp is nearest to; None where that is doubtful.

    The clock is followed from one part to the next. After a pause its phase is anything. How far
    stamps agree with it, from 0 to 1, must be at least `sharp`.
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
            if abs(turn) < sharp and len(rows) > 5:
                return None
            numbers[rows] = number
            if len(rows) > 100:
                slope = np.polyfit(number - number[0], own - own[0], 1)[0]
                period = slope if abs(slope / period - 1) < SAME else period
            last_time, last_number = float(own.mean()), float(number.mean())
    return _one_each(numbers)


def _one_each(numbers: Array) -> Array | None:
    """Give rows that are late or early by more than half a period the tick that is left."""
    ahead = numbers - np.arange(len(numbers))
    earlier = np.minimum.accumulate(ahead[::-1])[::-1] - ahead
    later = np.maximum.accumulate(ahead) - ahead
    moved = np.concatenate([[False], (earlier < -0.5) | (later > 0.5), [False]])
    for begin, end in np.flatnonzero(np.diff(moved)).reshape(-1, 2):
        ways = earlier[begin:end], later[begin:end]
        fewest, way = min((int(np.sum(np.abs(way) > 0.5)), k) for k, way in enumerate(ways))
        if fewest > MOVED:
            return None
        numbers[begin:end] += ways[way]
    return numbers if np.all(np.diff(numbers) > 0) else None


def _missing(rows: Array, seconds: Array, period: float) -> Array:
    """Count the rows that units of time such as whole seconds lack."""
    excess = seconds / period - rows
    return np.where(excess > 0.5 + max(0.0, float(np.quantile(excess, 0.75))), excess, 0.0)


def _all_jumps(rows: Array, seconds: Array, begin: float, size: float, band: float) -> Array | None:
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
        # errors of rounding cancel sooner than those of jitter, and no row is late for long
        rounded = noise < 0.6 * band / begin
        wanted, least = (noise / 0.08, 1) if rounded else (3 * (noise / 0.08) ** 2, 16)
        reach = int(np.clip(np.ceil(wanted), least, 64))
        doubtful = max(NEAR_WHOLE, min(1.05 * band / begin, 0.45))
        jumps = unit * _jumps(excess / unit, noise, reach, doubtful)
        whole = jumps == np.rint(jumps)
        period = _running_ratio(
            np.where(whole, seconds, 0.0), np.where(whole, rows + jumps, 0.0),
            max(AROUND, 10 * reach),
        )  # fmt: skip
        if not whole.any() or period.min() <= 0:
            return None
    return jumps if np.mean(jumps != np.rint(jumps)) <= RARE else None


def _usual(excess: Array, rows: Array) -> Flags:
    """Tell steps after which nothing seems to be lost."""
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
    top, bottom = (uniform_filter1d(part, size, mode="constant") * size for part in (above, below))
    bottom = np.where(bottom > 0.5, bottom, 0.0)
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), above.sum() / below.sum())


def _jumps(excess: Array, noise: float, reach: int, doubtful: float) -> Array:
    """Say by how many periods the clock is ahead of the rows, for good, after each step.

    A row that is only late is followed by a short step; rows that were lost shift all that follow:
    what counts is the level over `reach` rows before and after each long step. Jumps that are off
    a whole number by less than `doubtful` are whole.
    """
    places = np.flatnonzero(excess > 0.5)
    jumps = np.zeros(len(excess))
    level = np.concatenate([[0.0], np.cumsum(excess)])
    begin, end = np.maximum(places - reach + 1, 0), np.minimum(places + reach + 1, len(level))
    doubt = 1.25 * noise * np.sqrt(1 / (places + 1 - begin) + 1 / (end - places - 1))
    # jitter that lasts moves the levels by more than independent errors would
    some = np.arange(reach, len(excess) - reach, max(1, len(excess) // 500))
    if len(some):
        rises = _rises(level, some, some - reach + 1, some + reach + 1, reach)
        doubt = np.maximum(doubt, 1.5 * np.median(np.abs(rises)))
    for _ in range(50):
        found = _rises(level, places, begin, end, reach)
        whole = np.rint(found)
        near = np.abs(found - whole) < np.clip(3 * doubt, doubtful, 0.4)
        clear = np.flatnonzero(near & (found > np.maximum(0.5, 5 * doubt)))
        clear = clear[_apart(places[clear], found[clear], reach)]
        if len(clear) == 0:
            break
        _take(jumps, level, places[clear], whole[clear])
    # what is left lies close to each other, or is a pause of any length
    found = _rises(level, places, begin, end, reach)
    places = places[found > np.maximum(0.5, 5 * doubt)]
    borders = np.concatenate([[-1], places, [len(excess)]])
    begin = np.maximum(borders[:-2] + 1, places - reach + 1)
    end = np.minimum(borders[2:] + 1, places + reach + 1)
    found = _rises(level, places, begin, end, reach)
    whole = np.rint(found)
    found = np.where(np.abs(found - whole) < doubtful, whole, found)
    _take(jumps, level, places, np.maximum(found, 0.0))
    return jumps


def _rises(level: Array, places: Indices, begin: Indices, end: Indices, reach: int) -> Array:
    """Median level after each place, up to `end`, less that before it, from `begin`."""
    if len(places) == 0:
        return np.empty(0)
    steps = np.arange(reach)
    after = places[:, None] + 1 + steps % (end - places - 1)[:, None]
    before = places[:, None] - steps % (places + 1 - begin)[:, None]
    return np.asarray(np.median(level[after], axis=1) - np.median(level[before], axis=1))


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


def bend(period: float) -> float:
    """Rows after which a drifting clock may have another period."""
    return max(STRETCH_ROWS, STRETCH / period)


def _smooth(x: Array, s: Array, period: float, band: float) -> Callable[[Array], Array]:
    """Fit a line, or one that bends every two seconds where a line is not enough.

    Stamps that were rounded lie within a `band` about the line that they come from.
    """
    span = bend(period)
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
    of, count, mean = _averages(x, rest, span)
    full = count > 0.5 * np.median(count)
    if full.sum() < 3:
        return line
    # how far averages scatter within a part tells how far those of parts would without a bend
    quarter, _, means = _averages(x, rest, span / 4)
    parent = of[np.unique(quarter, return_index=True)[1]]
    scatter = 1.5 * float(np.median(np.abs(means - mean[parent])))
    if np.all(np.abs(mean)[full] <= 3 * scatter + FINE * period):
        return line
    at, off = (np.bincount(of, x) / count)[full], mean[full]

    def bent(where: Array) -> Array:
        inside = np.interp(where, at, off)
        for end, near, beyond in ((0, 1, where < at[0]), (-1, -2, where > at[-1])):
            tilt = (off[end] - off[near]) / (at[end] - at[near])
            inside = np.where(beyond, off[end] + tilt * (where - at[end]), inside)
        return line(where) + inside

    return bent


def _averages(x: Array, rest: Array, span: float) -> tuple[Indices, Indices, Array]:
    """Divide by x into parts of equal span: the part of each, the counts and means of parts."""
    _, of, count = np.unique(
        np.floor((x - x[0]) / span), return_inverse=True, return_counts=True
    )  # fmt: skip
    return of, count, np.bincount(of, rest) / count


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
