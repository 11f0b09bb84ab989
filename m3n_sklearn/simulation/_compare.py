"""Agreement between simulated and measured readings: errors, correlations, spectra, lag."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import butter, csd, sosfiltfilt, welch
from scipy.signal.windows import hann

from .._typing import Array
from .._validation import check_positive, real_array
from ..recording import Recording, parse_channels

__all__ = ["IMUComparison", "compare_imu"]

# ---- Welch's method

MAX_SEGMENT_SECONDS = 4.0
"""Longest segment, which resolves 0.25 Hz."""

MIN_SEGMENTS = 8
"""Smallest number of half-overlapping segments. The coherence of a single one is always 1."""

MIN_SEGMENT_SAMPLES = 8
"""Samples of the shortest segment."""

# ---- the lag

MAX_LAG = 2.0
"""Seconds. Larger offsets belong to different clocks."""

OVERSAMPLING = 16
"""Oversampling of the cross-correlation, before a parabola interpolates its peak."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class IMUComparison:
    """Agreement of two sets of readings of K triads with three channels each.

    :func:`compare_imu` makes it, and ``print`` shows it as a table. Attributes that need a rate
    are None without one. Spectra are also None with fewer than 36 samples. Entries that are not
    defined are NaN, such as the correlation with a constant channel.

    Attributes
    ----------
    simulated, measured : ndarray of shape (T, 3 K)
        Readings that were compared: on one clock, and low-passed if a bandwidth was given.
    rate : float or None
        Samples per second.
    start : float
        Time of the first sample in s.
    channels : tuple of str or None
        Names of the channels, if they have any.
    rmse : ndarray of shape (K,)
        Root mean square length of the difference vector, in the unit of the channels.
    nrmse : ndarray of shape (K,)
        `rmse` divided by the standard deviation of the measured vector, which is the root mean
        square of its distance from its mean. Predicting the mean of the measurement gives 1.
    correlation : ndarray of shape (3 K,)
        Pearson correlation of each axis.
    norm_correlation : ndarray of shape (K,)
        Pearson correlation of the vectors' lengths, which do not depend on the mount.
    amplitude_ratio : ndarray of shape (K,)
        Standard deviation of the simulated lengths over that of the measured ones.
    lag : ndarray of shape (K,) or None
        Delay of the simulated against the measured lengths in s. It is positive if the simulation
        is late, and NaN if the best delay is not within 2 s and a quarter of the duration.
    frequencies : ndarray of shape (F,) or None
        Frequencies of the spectra in Hz, up to the bandwidth.
    coherence : ndarray of shape (F, 3 K) or None
        Magnitude-squared coherence of each axis: at each frequency, the share of its power that
        a linear filter of the simulation explains.
    mean_coherence : ndarray of shape (3 K,) or None
        Mean of `coherence`, weighted by the power of the measured axis.
    simulated_psd, measured_psd : ndarray of shape (F, 3 K) or None
        One-sided power spectral densities of the axes, in the squared unit per Hz.

    See Also
    --------
    compare_imu : Makes it.
    m3n_sklearn.inspection.ComparisonDisplay : Draws it.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.simulation import compare_imu
    >>> noise = np.random.default_rng(0).normal(size=(500, 6))
    >>> result = compare_imu(1.2 * noise, noise, rate=50.0)
    >>> result, result.amplitude_ratio.round(3)
    (IMUComparison(2 triads, 500 samples at 50 Hz), array([1.2, 1.2]))
    """

    simulated: Array
    measured: Array
    rate: float | None
    start: float
    channels: tuple[str, ...] | None
    rmse: Array
    nrmse: Array
    correlation: Array
    norm_correlation: Array
    amplitude_ratio: Array
    lag: Array | None = None
    frequencies: Array | None = None
    coherence: Array | None = None
    mean_coherence: Array | None = None
    simulated_psd: Array | None = None
    measured_psd: Array | None = None

    @property
    def psd_ratio(self) -> Array | None:
        """Ratio of simulated to measured power of each triad, shape (F, K), or None.

        The power of a triad is the sum over its axes, which does not depend on the mount.
        """
        if self.simulated_psd is None or self.measured_psd is None:
            return None
        simulated, measured = (
            psd.reshape(len(psd), -1, 3).sum(axis=2)
            for psd in (self.simulated_psd, self.measured_psd)
        )
        return _ratio(simulated, measured)

    @property
    def sensors(self) -> tuple[str, ...]:
        """Names of the K triads, such as ``left_wrist_acc``."""
        if self.channels is None:
            return tuple(f"triad {k + 1}" for k in range(len(self.rmse)))
        return tuple(name.removesuffix("_x") for name in self.channels[::3])

    def __repr__(self) -> str:
        clock = "" if self.rate is None else f" at {self.rate:.4g} Hz"
        return f"IMUComparison({len(self.rmse)} triads, {len(self.simulated)} samples{clock})"

    def __str__(self) -> str:
        rows = [self._row(k) for k in range(len(self.rmse))]
        width = max(len(name) for name in self.sensors)
        head = " " * width + "".join(f"{title:>9}" for title in rows[0])
        lines = [
            f"{name:<{width}}" + "".join(f"{value:>z9.3f}" for value in row.values())
            for name, row in zip(self.sensors, rows, strict=True)
        ]
        return "\n".join([head, *lines])

    def _row(self, k: int) -> dict[str, float]:
        """Return one row of the table."""
        axes = slice(3 * k, 3 * k + 3)
        row = {"rmse": self.rmse[k], "nrmse": self.nrmse[k]}
        row |= {f"r({axis})": r for axis, r in zip("xyz", self.correlation[axes], strict=True)}
        row |= {"r(norm)": self.norm_correlation[k], "ampl.": self.amplitude_ratio[k]}
        if self.mean_coherence is not None:
            row["coher."] = np.mean(self.mean_coherence[axes])
        if self.lag is not None:
            row["lag (s)"] = self.lag[k]
        return row


def compare_imu(
    simulated: ArrayLike | Recording,
    measured: ArrayLike | Recording,
    *,
    rate: float | None = None,
    bandwidth: float | None = None,
) -> IMUComparison:
    """Compare simulated with measured readings, sample by sample.

    Parameters
    ----------
    simulated, measured : Recording or array-like of shape (T, 3 K)
        Readings in triads x, y, z, such as those of an accelerometer and a gyroscope. Arrays
        share one clock. Recordings are compared in the time and the sensors that both have.
    rate : float, optional
        Samples per second of arrays; recordings have their own. Without it, no lag and no spectra
        are computed.
    bandwidth : float, optional
        Cut-off in Hz of a zero-phase low-pass filter (Butterworth, order 4) for both sides. Use it
        to compare a motion of low time resolution in the band that it resolves. Needs the rate.

    Returns
    -------
    IMUComparison
        Errors, correlations, spectra and a lag. The readings are not aligned or scaled, except
        by the clocks of recordings.

    Raises
    ------
    TypeError
        If only one side is a recording.
    ValueError
        If shapes differ or channels are not triads, values are not finite, recordings have
        different rates or no common time or sensors, or the cut-off is not below half the rate.

    See Also
    --------
    m3n_sklearn.inspection.ComparisonDisplay : Draws the comparison.

    Notes
    -----
    Spectra follow Welch [1]_: Hann windows without their means, half overlapping, at least eight,
    and of at most four seconds each. The coherence of unrelated signals is about one over the
    number of windows, not 0.

    The lag is the maximum of the cross-correlation of the vectors' lengths. It is found first on
    the grid of the samples, then between them on the overlapping part.

    References
    ----------
    .. [1] P. D. Welch, "The use of fast Fourier transform for the estimation of power spectra",
       IEEE Trans. Audio Electroacoust. 15(2), 1967.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.simulation import compare_imu
    >>> t = np.arange(500) / 50.0
    >>> def swing(t):
    ...     return np.stack([3 * np.sin(4 * t), np.cos(6 * t), 9.8 + np.sin(9 * t)], axis=1)
    >>> result = compare_imu(1.1 * swing(t - 0.013), swing(t), rate=50.0)
    >>> print(result)
                rmse    nrmse     r(x)     r(y)     r(z)  r(norm)    ampl.   coher.  lag (s)
    triad 1     1.019    0.433    0.999    0.997    0.993    0.993    1.099    1.000    0.013
    """
    # 1. One clock, the same channels, the same band; x is simulated, y is measured
    pair = _common(simulated, measured, rate)
    x, y = pair.simulated, pair.measured
    if bandwidth is not None:
        x, y = _lowpass(np.stack([x, y]), pair.rate, bandwidth)
    # 2. Errors and lengths of the vectors; spectra and lag if there is a rate
    lengths = [np.linalg.norm(_triads(values), axis=2) for values in (x, y)]
    rmse = _rms(_triads(x - y))
    numbers: dict[str, Array] = {}
    if pair.rate is not None:
        numbers = _spectra(x, y, pair.rate, bandwidth)
        each = zip(*(values.T for values in lengths), strict=True)
        numbers["lag"] = np.array([_lag(a, b, pair.rate) for a, b in each])
    return IMUComparison(
        x,
        y,
        pair.rate,
        pair.start,
        pair.channels,
        rmse,
        _ratio(rmse, _rms(_triads(y - y.mean(axis=0)))),
        _pearson(x, y),
        _pearson(*lengths),
        _ratio(lengths[0].std(axis=0), lengths[1].std(axis=0)),
        **numbers,
    )


# ---- one clock, the same channels


class _Pair(NamedTuple):
    """Readings on one clock."""

    simulated: Array
    measured: Array
    rate: float | None
    start: float = 0.0
    channels: tuple[str, ...] | None = None


def _common(simulated: object, measured: object, rate: float | None) -> _Pair:
    """Return both sides as arrays on one clock."""
    if isinstance(simulated, Recording) and isinstance(measured, Recording):
        if rate is not None:
            raise ValueError("Recordings have a rate of their own: leave out rate=.")
        pair = _align(simulated, measured)
    elif isinstance(simulated, Recording) or isinstance(measured, Recording):
        raise TypeError(
            "Only one side is a Recording: give two recordings, or two arrays such as "
            "recording.data."
        )
    else:
        hertz = None if rate is None else check_positive(rate, "rate", "Hz")
        pair = _Pair(np.asarray(simulated), np.asarray(measured), hertz)
    x, y = _check(pair.simulated, "simulated"), _check(pair.measured, "measured")
    if x.shape != y.shape:
        raise ValueError(
            f"simulated and measured must have equal shapes, got {x.shape} and {y.shape}. "
            "Resample one onto the other's clock."
        )
    return pair._replace(simulated=x, measured=y)


def _align(simulated: Recording, measured: Recording) -> _Pair:
    """Reduce two recordings to the time and the sensors that they share."""
    # 1. The same grid of times
    rate = measured.rate
    if abs(simulated.rate - rate) > 1e-6 * rate:
        raise ValueError(
            f"simulated has {simulated.rate:g} Hz, measured {rate:g} Hz: resample one of them, "
            f"such as simulated.resample({rate:g})."
        )
    shift = (measured.start - simulated.start) * rate
    offset = round(shift)
    if abs(shift - offset) > 1e-3:
        raise ValueError(
            f"The recordings start at {simulated.start:g} s and {measured.start:g} s, so their "
            "samples are not at the same times: resample one to the times of the other with "
            "resample_timestamps(..., start=)."
        )
    # 2. The time and the channels that both have
    first, second = max(0, offset), max(0, -offset)
    count = min(simulated.n_samples - first, measured.n_samples - second)
    if count < 2:
        raise ValueError(
            f"The recordings share no time: simulated lasts from {simulated.start:g} to "
            f"{simulated.times[-1]:g} s, measured from {measured.start:g} to "
            f"{measured.times[-1]:g} s. Set start= if they belong together."
        )
    of_simulated, of_measured = slice(first, first + count), slice(second, second + count)
    columns = _shared_columns(simulated.channels, measured.channels)
    seen = simulated.observed[of_simulated][:, columns.simulated].all(axis=1)
    seen &= measured.observed[of_measured][:, columns.measured].all(axis=1)
    # 3. All samples must be observed
    lost = int((~seen).sum())
    if lost:
        raise ValueError(
            f"{lost} of the {count} samples that the recordings share are not observed: compare "
            "the segments between the gaps."
        )
    return _Pair(
        simulated.data[of_simulated][:, columns.simulated],
        measured.data[of_measured][:, columns.measured],
        rate,
        float(simulated.times[first]),
        columns.names,
    )


class _Columns(NamedTuple):
    """Columns to compare, and their names."""

    simulated: list[int] | slice
    measured: list[int] | slice
    names: tuple[str, ...] | None


def _shared_columns(
    simulated: tuple[str, ...] | None, measured: tuple[str, ...] | None
) -> _Columns:
    """Return the columns of the channels that both recordings have."""
    if simulated is None or measured is None:
        return _Columns(slice(None), slice(None), simulated or measured)
    columns = [column for triad in parse_channels(simulated) for column in triad.columns]
    names = tuple(simulated[column] for column in columns if simulated[column] in measured)
    if not names:
        raise ValueError(
            f"The recordings have no sensor in common: simulated has {', '.join(simulated)}, "
            f"measured has {', '.join(measured)}. Rename channels with "
            "recording.replace(channels=...)."
        )
    return _Columns([simulated.index(n) for n in names], [measured.index(n) for n in names], names)


def _check(values: ArrayLike, name: str) -> Array:
    """Return readings as an array, or raise an error."""
    array = real_array(values, name, "readings of shape (samples, 3 * sensors)")
    if array.ndim != 2 or len(array) < 2 or array.shape[1] == 0 or array.shape[1] % 3:
        raise ValueError(
            f"{name} must have shape (samples, 3 * sensors) with at least two samples, got "
            f"{array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has values that are not finite: cut or interpolate them.")
    return array


# ---- measures of agreement; x is simulated, y is measured


def _triads(values: Array) -> Array:
    """Return readings as vectors (T, K, 3)."""
    return values.reshape(len(values), -1, 3)


def _rms(vectors: Array) -> Array:
    """Return the root mean square length (K,) of vectors."""
    return np.sqrt(np.mean(np.sum(vectors**2, axis=2), axis=0))


def _ratio(above: Array, below: Array) -> Array:
    """Divide; NaN where the denominator is not positive."""
    return above / np.where(below > 0, below, np.nan)


def _varying(values: Array) -> Array:
    """Subtract the mean; channels that are constant up to rounding become zero."""
    centered = values - values.mean(axis=0)
    return np.where(np.ptp(values, axis=0) > 1e-12 * np.abs(values).max(axis=0), centered, 0.0)


def _pearson(a: Array, b: Array) -> Array:
    """Return the Pearson correlation of each column."""
    a, b = _varying(a), _varying(b)
    scale = np.sqrt(np.sum(a * a, axis=0) * np.sum(b * b, axis=0))
    return _ratio(np.sum(a * b, axis=0), scale)


def _lowpass(values: Array, rate: float | None, bandwidth: float) -> Array:
    """Apply the same zero-phase low-pass filter to both sides."""
    if rate is None:
        raise ValueError("bandwidth= needs rate=, the samples per second of both sides.")
    if not 0 < bandwidth < rate / 2:
        raise ValueError(
            f"bandwidth must lie between 0 and half the rate ({rate / 2:g} Hz), got {bandwidth!r}."
        )
    sections = butter(4, bandwidth, fs=rate, output="sos")
    pad = min(3 * (2 * len(sections) + 1), values.shape[1] - 1)
    return sosfiltfilt(sections, values, axis=1, padlen=pad)


def _spectra(x: Array, y: Array, rate: float, bandwidth: float | None) -> dict[str, Array]:
    """Return power spectra and coherence of each axis, or nothing for too few samples."""
    # 1. The longest segments of which there are enough
    segment = min(int(MAX_SEGMENT_SECONDS * rate), 2 * len(x) // (MIN_SEGMENTS + 1))
    if segment < MIN_SEGMENT_SAMPLES:
        return {}
    # 2. Power and cross spectra, up to the bandwidth
    setting = {"fs": rate, "nperseg": segment, "axis": 0}
    frequencies, simulated = welch(x, **setting)
    measured = welch(y, **setting)[1]
    cross = np.abs(csd(x, y, **setting)[1]) ** 2
    shown = frequencies <= (rate if bandwidth is None else bandwidth)
    frequencies, simulated, measured, cross = (
        values[shown] for values in (frequencies, simulated, measured, cross)
    )
    # 3. Coherence, and its mean weighted by the measured power
    coherence = _ratio(cross, simulated * measured)
    known = np.isfinite(coherence)
    power = np.where(known, measured, 0.0)
    return {
        "frequencies": frequencies,
        "coherence": coherence,
        "mean_coherence": _ratio(
            np.sum(power * np.where(known, coherence, 0.0), axis=0), power.sum(axis=0)
        ),
        "simulated_psd": simulated,
        "measured_psd": measured,
    }


def _lag(x: Array, y: Array, rate: float) -> float:
    """Return the delay of the first signal in s."""
    # 1. The maximum on the grid of the samples
    farthest = min(int(MAX_LAG * rate), len(x) // 4)
    shifts = np.arange(-farthest, farthest + 1)
    heights = _cross_correlation(x, y, 1)[shifts]
    best = int(shifts[np.argmax(heights)])
    if farthest < 1 or abs(best) == farthest or not heights.max() > 0:
        return np.nan
    # 2. Both signals over the same movement, tapered: differing ends would bias the maximum
    # towards zero
    stop = len(x) - abs(best)
    x, y = x[max(0, best) :][:stop], y[max(0, -best) :][:stop]
    taper = hann(stop + 2)[1:-1]
    fine = _cross_correlation(x, y, OVERSAMPLING, taper)
    # 3. The maximum between the samples, on a finer grid and by a parabola
    near = np.arange(-2 * OVERSAMPLING, 2 * OVERSAMPLING + 1)
    peak = int(near[np.argmax(fine[near])])
    left, middle, right = fine[[peak - 1, peak, peak + 1]]
    curvature = left - 2 * middle + right
    step = 0.5 * (left - right) / curvature if curvature < 0 else 0.0
    return float((best + (peak + step) / OVERSAMPLING) / rate)


def _cross_correlation(x: Array, y: Array, oversampling: int, taper: Array | float = 1.0) -> Array:
    """Return the oversampled cross-correlation by lag, with negative lags at the end."""
    size = 1 << (2 * len(x) - 1).bit_length()
    first, second = (np.fft.rfft(_varying(values) * taper, size) for values in (x, y))
    return np.fft.irfft(first * second.conj(), size * oversampling)
