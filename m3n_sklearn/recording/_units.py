"""Units of readings: what is not m/s² with gravity or rad/s, found from the values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._channel_names import STANDARD_GRAVITY, Doubt, say
from .._validation import real_array

__all__ = [
    "acc_from_g",
    "find_doubts",
    "gyro_from_dps",
    "segments",
    "sites_in_doubt",
    "warn_units",
]


SEGMENTS = 256
"""Stretches of an array that are looked at; a median needs no more."""

SEGMENT = 2.0
"""Length in s of the stretches of a recording, over which the mean is mostly gravity."""

_LEVELS = (0.5, 2.0)
"""Median lengths, relative to gravity, that are those of a moving person."""

_COUNTS = (64, 128, 256, 512, 2048, 4096, 8192, 16384)
"""Usual counts of an analog-to-digital converter per g. 1024 and cm/s² cannot be told from mg."""

_GRAVITY_LIKE, _EXCHANGED_ACC = (7.0, 14.0), 5.0
"""Median lengths that look like m/s² with gravity, and below which an acceleration does not."""

_STEADY = 0.5
"""Smallest ratio of the length of a stretch's mean to the median length, with gravity."""

_FREE = 7.0
"""Median length in m/s² below which gravity can be missing."""

_STILL, _FEWEST_STILL, _SHARE_STILL, _FEWEST_STILL_SAMPLES = 0.01, 3, 0.05, 10
"""Standard deviation of a still stretch relative to its mean; the fewest such stretches, their
smallest share, and their fewest samples."""

_GAIN = 1.3
"""Ratio to gravity of still readings from which on the scale is wrong."""

# rad/s. Sensors saturate at 2000 deg/s = 35 rad/s per axis; the fastest waving in the data has a
# median of 20 and a 99th percentile of 42.
_GYRO_MEDIAN, _GYRO_P99 = 25.0, 60.0

_GYRO_COUNTS = 4000.0
"""99th percentile that no gyroscope reaches in deg/s: three axes of 2000 are 3464."""

_PADDING = 3
"""Consecutive samples of exactly (0, 0, 0) that count as lost."""

_HELD = 1.0
"""Seconds without any change that count as lost, where all other samples change."""

_REPEATS = 0.02
"""Largest share of samples that repeat the one before in readings that are fine enough."""


def acc_from_g(values: ArrayLike) -> NDArray[np.float64]:
    """Convert accelerations from g to m/s².

    Parameters
    ----------
    values : array-like
        Accelerations in units of standard gravity.

    Returns
    -------
    ndarray
        The same in m/s², float64.

    Examples
    --------
    >>> float(acc_from_g(1.0))
    9.80665
    """
    return np.asarray(values, dtype=np.float64) * STANDARD_GRAVITY


def gyro_from_dps(values: ArrayLike) -> NDArray[np.float64]:
    """Convert angular rates from degrees per second to rad/s.

    Parameters
    ----------
    values : array-like
        Angular rates in deg/s.

    Returns
    -------
    ndarray
        The same in rad/s, float64.

    Examples
    --------
    >>> round(float(gyro_from_dps(180.0)), 4)
    3.1416
    """
    return np.deg2rad(np.asarray(values, dtype=np.float64))


def warn_units(
    acc: ArrayLike | None = None,
    gyro: ArrayLike | None = None,
    *,
    axis: int = -1,
) -> None:
    """Warn if accelerations or angular rates look like another unit, and say how to mend it.

    Parameters
    ----------
    acc : array-like, optional
        Accelerations that should be in m/s² with gravity, x y z along `axis`. Time is the last of
        the other axes.
    gyro : array-like, optional
        Angular rates that should be in rad/s.
    axis : int, default=-1
        The axis of length 3. For windows of shape (n, 3, T) it is 1.

    Warns
    -----
    UnitsWarning
        If `acc` looks like g, mg, cm/s², mm/s², raw counts, standardized values or an acceleration
        without gravity, `gyro` looks like deg/s or gravity, the two look exchanged, or samples
        look like padding.

    Examples
    --------
    >>> import numpy as np
    >>> warn_units(np.tile([0.0, 0.0, 9.8], (100, 1)))
    """
    a, w = (None if values is None else _triads(values, axis) for values in (acc, gyro))
    say(find_doubts(a, w))


def segments(values: NDArray[Any], rate: float) -> NDArray[Any]:
    """Return S stretches (S, length, ...) of samples (T, ...); less than S samples are left out."""
    count = max(1, len(values) // max(1, int(SEGMENT * rate)))
    length = len(values) // count
    return values[: count * length].reshape(count, length, *values.shape[1:])


def find_doubts(
    acc: NDArray[Any] | None, gyro: NDArray[Any] | None, rate: float | None = None
) -> tuple[Doubt, ...]:
    """Return what is doubtful about triads (S, T, 3) in S stretches; NaN is not looked at.

    At most one doubt per sensor, and one about samples that look lost.
    """
    if acc is not None and gyro is not None:
        level, speed = _level(acc), _level(gyro)
        if level < _EXCHANGED_ACC and _GRAVITY_LIKE[0] <= speed <= _GRAVITY_LIKE[1]:
            message = (
                f"The median length of the angular rate is about {_rough(speed)} and that of the "
                f"acceleration {_rough(level)}; with gravity it should be about 9.8 m/s². The "
                "accelerometer and the gyroscope look exchanged: check the order of the channels."
            )
            return (Doubt("acc", "exchanged", message),)
    found = [
        None if acc is None else _of_acc(acc),
        None if gyro is None else _of_gyro(gyro),
        None if acc is None else _of_padding(acc),
        None if acc is None else _of_holding(acc, gyro, rate),
    ]
    doubts = [doubt for doubt in found if doubt is not None]
    if len(doubts) > 1 and "counts" in doubts[0].kind and doubts[1].kind == "deg/s":
        doubts[1] = _gyro_counts(gyro)  # slow movements in counts look like deg/s
    if any(doubt.kind == "gravity removed" for doubt in doubts):  # zeros may be readings there
        doubts = [doubt for doubt in doubts if doubt.kind != "zeros"]
    return tuple(doubts)


# ---- accelerations


def _of_acc(acc: NDArray[Any]) -> Doubt | None:
    """Return the doubt about accelerations (S, T, 3)."""
    level = _level(acc)
    low, high = (factor * STANDARD_GRAVITY for factor in _LEVELS)
    if np.isnan(level) or level == 0.0:
        return None
    if _FREE <= level <= 2 * high:
        return _of_still(acc)
    near = f"The median length of the acceleration is about {_rough(level)}"
    expected = "with gravity it should be about 9.8 m/s²"
    # 1. No unit at all: standardized or scaled
    if level < low and _is_standardized(acc):
        return Doubt(
            "acc",
            "standardized",
            "Each axis of the acceleration has mean 0 and standard deviation 1, so it looks "
            "standardized. Give the readings in m/s² before any scaler: networks use fixed scales, "
            "and gravity tells the orientation of the sensor.",
        )
    if level < low and _is_scaled(acc):
        return Doubt(
            "acc",
            "scaled",
            "Each axis of the acceleration fills an interval of whole numbers such as 0 to 1, so "
            "it looks scaled to its smallest and largest value. Give the readings in m/s² before "
            "any scaler: networks use fixed scales.",
        )
    # 2. Without gravity, stretches have a mean near zero, whatever the unit
    steady = _steadiness(acc)
    if level < _FREE and steady < _STEADY * level:
        return Doubt(
            "acc",
            "gravity removed",
            f"{near}, and its mean over seconds is nearer to zero; {expected}. Gravity looks "
            "removed (linear or user acceleration, a high-pass filter, a subtracted mean). Give "
            "the acceleration with gravity, which tells the orientation of the sensor. On iOS it "
            f"is {-STANDARD_GRAVITY} * (gravity + userAcceleration).",
        )
    # 3. With gravity, the level tells the unit
    if level < _FREE:
        if level > _LEVELS[1]:
            return None
        if level < _LEVELS[0]:
            return Doubt(
                "acc",
                "unknown unit",
                f"{near}; {expected}, or about 1 in g. Either gravity was removed and the sensor "
                "was at rest, or the readings have another scale: a factor of about "
                f"{_rough(STANDARD_GRAVITY / level)} would make them m/s². Check it with the data "
                "sheet.",
            )
        return Doubt(
            "acc",
            "g",
            f"{near}; {expected}. These look like g: multiply by {STANDARD_GRAVITY}, or by "
            f"{-STANDARD_GRAVITY} if they come from iOS or watchOS (Core Motion), whose sign is "
            "inverted. At rest, the axis that points up must then read +9.81.",
        )
    unit, factor, also = _large_unit(level)
    return Doubt(
        "acc",
        unit,
        f"{near}; {expected}. These look like {unit}: multiply by {factor:.6g}{also}.",
    )


def _of_still(acc: NDArray[Any]) -> Doubt | None:
    """Return the doubt about accelerations that are not gravity although the sensor is still."""
    part = acc[:: max(1, len(acc) // SEGMENTS)].astype(np.float64, copy=False)
    if part.shape[1] < _FEWEST_STILL_SAMPLES:
        return None
    lengths = np.linalg.norm(part.mean(axis=1), axis=-1)
    still = part.std(axis=1).max(axis=-1) < _STILL * lengths
    if still.sum() < max(_FEWEST_STILL, _SHARE_STILL * len(part)):
        return None
    level = float(np.median(lengths[still]))
    if 1 / _GAIN <= level / STANDARD_GRAVITY <= _GAIN:
        return None
    unit = "ft/s²: multiply by 0.3048" if abs(level / 32.174 - 1) < 0.05 else "another scale"
    return Doubt(
        "acc",
        "scale",
        f"While the sensor does not move, the acceleration is {_rough(level)}, but gravity is 9.8 "
        f"m/s². These look like {unit}. Calibrate the sensor, or check the factor of the export.",
    )


def _large_unit(level: float) -> tuple[str, float, str]:
    """Return the unit of lengths above those of m/s², its factor, and more to say."""
    units = {float(count): f"raw counts ({count} per g)" for count in _COUNTS}
    units |= {1000.0: "mg", 1000 * STANDARD_GRAVITY: "mm/s²"}
    nearest = min(units, key=lambda size: abs(np.log(size / level)))
    also = ""
    if nearest == 1000.0:
        also = (
            ", or by 0.01 if they are cm/s², which differ by 2% only, or by "
            f"{STANDARD_GRAVITY / 1024:.6g} if they are counts of 1024 per g"
        )
    elif "counts" in units[nearest]:
        also = "; the data sheet has the exact factor"
    return units[nearest], STANDARD_GRAVITY / nearest, also


def _level(triads: NDArray[Any]) -> float:
    """Return the median length."""
    lengths = _lengths(triads)
    return float(np.median(lengths)) if lengths.size else np.nan


def _lengths(triads: NDArray[Any]) -> NDArray[Any]:
    """Return the finite lengths of not more than `SEGMENTS` stretches."""
    part = triads[:: max(1, len(triads) // SEGMENTS)]
    part = part[:, :: max(1, part.shape[1] // 512)]
    lengths = np.linalg.norm(part.astype(np.float64, copy=False), axis=-1).ravel()
    return lengths[np.isfinite(lengths)]


def _steadiness(acc: NDArray[Any]) -> float:
    """Return the median length of the mean of each stretch."""
    part = acc[:: max(1, len(acc) // SEGMENTS)]
    seen = np.isfinite(part).all(axis=-1)
    total = np.where(seen[..., None], part, 0.0).sum(axis=1, dtype=np.float64)
    counts = seen.sum(axis=1)
    lengths = np.linalg.norm(total, axis=-1)[counts > 0] / counts[counts > 0]
    return float(np.median(lengths)) if lengths.size else np.nan


def _is_standardized(acc: NDArray[Any]) -> bool:
    """Tell whether each axis has mean 0 and standard deviation 1, over all or within windows."""
    flat = _seen(acc)
    centered = np.abs(flat.mean(axis=0)).max() < 0.05
    return len(flat) > 1 and centered and bool(np.abs(flat.std(axis=0) - 1).max() < 0.05)


def _is_scaled(acc: NDArray[Any]) -> bool:
    """Tell whether each axis reaches from 0 or -1 to 1 exactly."""
    flat = _seen(acc)
    low, high = flat.min(axis=0), flat.max(axis=0)
    return bool((high == 1).all() and ((low == 0).all() or (low == -1).all()))


def _seen(triads: NDArray[Any]) -> NDArray[Any]:
    """Return the finite triads as rows."""
    flat = triads.reshape(-1, 3).astype(np.float64, copy=False)
    return flat[np.isfinite(flat).all(axis=1)]


# ---- angular rates


def _of_gyro(gyro: NDArray[Any]) -> Doubt | None:
    """Return the doubt about angular rates (S, T, 3)."""
    lengths = _lengths(gyro)
    if not lengths.size:
        return None
    median, top = float(np.median(lengths)), float(np.percentile(lengths, 99))
    if top > _GYRO_COUNTS:
        return _gyro_counts(gyro)
    if median > _GYRO_MEDIAN or top > _GYRO_P99:
        return Doubt(
            "gyro",
            "deg/s",
            f"The angular rate has a median of about {_rough(median)} and a 99th percentile of "
            f"about {_rough(top)}, too fast for a limb in rad/s. These look like deg/s: multiply "
            f"by pi/180 = {np.pi / 180:.6g}.",
        )
    size = next((s for s in (1.0, STANDARD_GRAVITY) if abs(median / s - 1) < 0.02), None)
    is_moving = len(lengths) > 2 and np.abs(np.diff(_seen(gyro), axis=0)).max() > 0
    if size and is_moving and np.ptp(np.percentile(lengths, [5, 95])) < 0.02 * median:
        return Doubt(
            "gyro",
            "gravity",
            f"The length of the angular rate is always about {size:.3g}, so it looks like the "
            "gravity that a phone computes. Give the readings of the gyroscope, in rad/s.",
        )
    return None


def _gyro_counts(gyro: NDArray[Any] | None) -> Doubt:
    """Return the doubt about angular rates in the units of a converter."""
    top = 0.0 if gyro is None else float(np.percentile(_lengths(gyro), 99))
    return Doubt(
        "gyro",
        "raw counts",
        f"The 99th percentile of the angular rate is about {_rough(top)}, too fast for rad/s. "
        "These look like raw counts, or thousandths of deg/s: multiply by the factor of the data "
        f"sheet, such as {np.pi / 180 / 16.4:.6g} (16 bits for 2000 deg/s) or {np.pi / 180e3:.6g} "
        "(mdeg/s).",
    )


# ---- samples that were not measured


def _of_padding(acc: NDArray[Any]) -> Doubt | None:
    """Return the doubt about stretches of exactly (0, 0, 0)."""
    zero = (acc == 0).all(axis=-1)
    longest = _runs(zero, _PADDING)
    if not longest.any():
        return None
    share = longest.mean()
    return Doubt(
        "lost",
        "zeros",
        f"{_percent(share)} of the samples of the acceleration are exactly (0, 0, 0), which no "
        "sensor at rest or in motion reads. These look like lost samples or padding: mark them "
        "with Recording(observed=(acc != 0).any(axis=1)) and let cut leave them out.",
    )


def _of_holding(acc: NDArray[Any], gyro: NDArray[Any] | None, rate: float | None) -> Doubt | None:
    """Return the doubt about stretches in which no value changes, among others that do."""
    values = acc if gyro is None or gyro.shape != acc.shape else np.concatenate([acc, gyro], -1)
    same = (values[:, 1:] == values[:, :-1]).all(axis=-1) & (values[:, 1:] != 0).any(axis=-1)
    count = 25 if rate is None else max(5, int(_HELD * rate))
    held = _runs(same, count)
    if not held.any() or held.all():
        return None
    if (same & ~held).sum() > _REPEATS * (~held).sum():  # a coarse sensor repeats itself
        return None
    return Doubt(
        "lost",
        "held",
        f"In {_percent(held.mean())} of the time, no value changes for a second or more. These "
        "look like lost samples that repeat the last one: mark them with "
        "Recording(observed=...) and let cut leave them out.",
    )


def _runs(flags: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    """Return where flags (S, T) are true at least so often in a row."""
    if flags.shape[1] < least or not flags.any():
        return np.zeros_like(flags)
    edges = np.zeros((len(flags), 1), dtype=np.int8)
    steps = np.diff(np.concatenate([edges, flags.astype(np.int8), edges], axis=1), axis=1)
    row, begin = np.nonzero(steps == 1)
    _, end = np.nonzero(steps == -1)
    long = end - begin >= least
    found = np.zeros((len(flags), flags.shape[1] + 1), dtype=np.int8)
    np.add.at(found, (row[long], begin[long]), 1)
    np.add.at(found, (row[long], end[long]), -1)
    return np.cumsum(found, axis=1)[:, :-1] > 0


def _rough(value: float) -> str:
    """Return a number with one digit, so that equal doubts have equal messages."""
    return f"{float(f'{value:.1g}'):g}"


def _percent(share: float) -> str:
    """Return a share in words."""
    return f"{share:.0%}" if share >= 0.01 else "Less than 1%"


def _triads(values: ArrayLike, axis: int) -> NDArray[Any]:
    """Return triads (S, T, 3)."""
    array = real_array(values, "values", "triads x y z")
    if not -array.ndim <= axis < array.ndim or array.shape[axis] != 3:
        raise ValueError(
            f"The axis of x, y and z must have length 3, got shape {array.shape} with axis={axis}."
        )
    moved = np.moveaxis(array, axis, -1)
    if moved.ndim < 3:
        return segments(moved.reshape(-1, 3), 25.0) if moved.size else moved.reshape(1, -1, 3)
    return moved.reshape(-1, *moved.shape[-2:])


def sites_in_doubt(doubts: Sequence[tuple[str, Sequence[Doubt]]]) -> tuple[Doubt, ...]:
    """Return the doubts about the sensors of several sites, each once, with the sites it is of."""
    owners: dict[str, tuple[Doubt, list[str]]] = {}
    for site, found in doubts:
        for doubt in found:
            owners.setdefault(doubt.key, (doubt, []))[1].append(site)
    return tuple(
        doubt
        if len(sites) == len(doubts)
        else doubt._replace(message=f"{doubt.message} This concerns {', '.join(sites)}.")
        for doubt, sites in owners.values()
    )
