"""Numbers that say how far simulated readings are from measured ones."""

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

SEGMENT = 4.0
"""Longest Welch segment, in s: a resolution of a quarter of a hertz."""

SEGMENTS = 8
"""Fewest half-overlapping segments: with one, the coherence of anything is 1."""

SHORTEST = 8
"""Fewest samples of a segment."""

LONGEST_LAG = 2.0
"""In s: more than that is another clock, not a delay."""

OVERSAMPLING = 16
"""Of the cross-correlation, before a parabola finds its peak."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class IMUComparison:
    """Agreement of two stretches of readings; K triads of three channels each.

    Made by :func:`compare_imu`; ``print`` shows it as a table. What is told from spectra or
    needs a clock is None if the rate is not known, spectra also if there are fewer than 36
    samples. Entries are NaN where they are not defined, such as the correlation with a channel
    that does not vary.

    Attributes
    ----------
    simulated, measured : ndarray of shape (T, 3 K)
        What was compared: on one clock, and low-passed if a bandwidth was given.
    rate : float or None
        Samples per second.
    start : float
        Time of the first sample in s.
    channels : tuple of str or None
        Names of the channels, if they have any.
    rmse : ndarray of shape (K,)
        Root mean square length of the difference vector, in the unit of the channels.
    nrmse : ndarray of shape (K,)
        The same divided by the standard deviation of the measured vector, which is the root
        mean square of its distance from its mean. A simulation that is no better than the mean
        of the measurement has 1.
    correlation : ndarray of shape (3 K,)
        Pearson correlation of each axis.
    norm_correlation : ndarray of shape (K,)
        Pearson correlation of the vectors' lengths, which no mount rotation changes.
    amplitude_ratio : ndarray of shape (K,)
        Standard deviation of the simulated lengths over that of the measured ones.
    lag : ndarray of shape (K,) or None
        Delay of the simulated against the measured lengths in s: positive if the simulation is
        late. NaN if no delay of up to 2 s and a quarter of the stretch fits best.
    frequencies : ndarray of shape (F,) or None
        Grid of the spectra in Hz, up to the bandwidth.
    coherence : ndarray of shape (F, 3 K) or None
        Magnitude-squared coherence of each axis: the share of its power that one linear filter
        of the simulation explains, frequency by frequency.
    mean_coherence : ndarray of shape (3 K,) or None
        Its mean, weighted by the power of the measured axis: the share of that power.
    simulated_psd, measured_psd : ndarray of shape (F, 3 K) or None
        One-sided power spectral densities of the axes, in the squared unit per Hz.
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
        """Simulated over measured power of each triad, shape (F, K), or None.

        The power of a triad is the sum over its axes, which no mount rotation changes.
        """
        if self.simulated_psd is None or self.measured_psd is None:
            return None
        ours, theirs = (
            psd.reshape(len(psd), -1, 3).sum(axis=2)
            for psd in (self.simulated_psd, self.measured_psd)
        )
        return _ratio(ours, theirs)

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
        """One line of the table."""
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
        Readings: triads of x, y, z such as those of an accelerometer and a gyroscope. Arrays
        are on one clock. Recordings are compared where both last, in the sensors that both
        name.
    rate : float, optional
        Samples per second of arrays; recordings have their own. Without it there are neither
        a lag nor spectra.
    bandwidth : float, optional
        Both sides pass the same zero-phase low-pass filter (Butterworth, order 4) with this
        cut-off in Hz, so that a track of poor time resolution is compared on the part of the
        spectrum that it can show. Needs the rate.

    Returns
    -------
    IMUComparison
        Errors, correlations, spectra and a lag. Nothing is aligned or fitted, beyond the
        recordings' clocks.

    Raises
    ------
    TypeError
        If only one side is a recording.
    ValueError
        If shapes differ or are no triads, values are not finite, recordings differ in rate or
        share neither time nor sensors, or the cut-off is not below half the rate.

    See Also
    --------
    m3n_sklearn.inspection.ComparisonDisplay : The same as a picture.

    Notes
    -----
    Spectra are Welch's [1]_: Hann windows, half overlapping, at least eight of them and of at
    most four seconds each, their means removed. Unrelated signals have a coherence of about
    one over the number of windows, not 0.

    The lag is the maximum of the cross-correlation of the vectors' lengths, first on the grid
    of the samples and then, on the part that overlaps, between them.

    References
    ----------
    .. [1] P. D. Welch, "The use of fast Fourier transform for the estimation of power spectra",
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
    pair = _common(simulated, measured, rate)
    ours, theirs = pair.ours, pair.theirs
    if bandwidth is not None:
        ours, theirs = _lowpass(np.stack([ours, theirs]), pair.rate, bandwidth)
    lengths = [np.linalg.norm(_triads(x), axis=2) for x in (ours, theirs)]
    rmse = _rms(_triads(ours - theirs))
    numbers: dict[str, Array] = {}
    if pair.rate is not None:
        numbers = _spectra(ours, theirs, pair.rate, bandwidth)
        each = zip(*(x.T for x in lengths), strict=True)
        numbers["lag"] = np.array([_lag(a, b, pair.rate) for a, b in each])
    return IMUComparison(
        ours,
        theirs,
        pair.rate,
        pair.start,
        pair.channels,
        rmse,
        _ratio(rmse, _rms(_triads(theirs - theirs.mean(axis=0)))),
        _pearson(ours, theirs),
        _pearson(*lengths),
        _ratio(lengths[0].std(axis=0), lengths[1].std(axis=0)),
        **numbers,
    )


# ---- one clock, the same channels


class _Pair(NamedTuple):
    """Readings on one clock."""

    ours: Array
    theirs: Array
    rate: float | None
    start: float = 0.0
    channels: tuple[str, ...] | None = None


def _common(simulated: object, measured: object, rate: float | None) -> _Pair:
    if isinstance(simulated, Recording) and isinstance(measured, Recording):
        if rate is not None:
            raise ValueError("Recordings know their rate: leave out rate=.")
        pair = _align(simulated, measured)
    elif isinstance(simulated, Recording) or isinstance(measured, Recording):
        raise TypeError(
            "Only one side is a Recording: give two recordings, or two arrays such as ours.data."
        )
    else:
        hertz = None if rate is None else check_positive(rate, "rate", "Hz")
        pair = _Pair(np.asarray(simulated), np.asarray(measured), hertz)
    ours, theirs = _check(pair.ours, "simulated"), _check(pair.theirs, "measured")
    if ours.shape != theirs.shape:
        raise ValueError(
            f"simulated and measured must have equal shapes, got {ours.shape} and {theirs.shape}. "
            "Resample one onto the other's clock."
        )
    return pair._replace(ours=ours, theirs=theirs)


def _align(simulated: Recording, measured: Recording) -> _Pair:
    """Cut two recordings down to the time and the sensors that they share."""
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
            "samples fall between each other's: put one onto the other's grid with "
            "resample_timestamps(..., start=)."
        )
    first, second = max(0, offset), max(0, -offset)
    count = min(simulated.n_samples - first, measured.n_samples - second)
    if count < 2:
        raise ValueError(
            f"The recordings share no time: simulated lasts from {simulated.start:g} to "
            f"{simulated.times[-1]:g} s, measured from {measured.start:g} to "
            f"{measured.times[-1]:g} s. Set start= if they do belong together."
        )
    ours, theirs = slice(first, first + count), slice(second, second + count)
    columns = _shared_columns(simulated.channels, measured.channels)
    seen = simulated.observed[ours][:, columns.ours].all(axis=1)
    seen &= measured.observed[theirs][:, columns.theirs].all(axis=1)
    lost = int((~seen).sum())
    if lost:
        raise ValueError(
            f"{lost} of the {count} samples that the recordings share were lost: compare the "
            "stretches between the gaps."
        )
    return _Pair(
        simulated.data[ours][:, columns.ours],
        measured.data[theirs][:, columns.theirs],
        rate,
        float(simulated.times[first]),
        columns.names,
    )


class _Columns(NamedTuple):
    """Which columns to compare, and what they are called."""

    ours: list[int] | slice
    theirs: list[int] | slice
    names: tuple[str, ...] | None


def _shared_columns(ours: tuple[str, ...] | None, theirs: tuple[str, ...] | None) -> _Columns:
    if ours is None or theirs is None:
        return _Columns(slice(None), slice(None), ours or theirs)
    columns = [column for triad in parse_channels(ours) for column in triad.columns]
    names = tuple(ours[column] for column in columns if ours[column] in theirs)
    if not names:
        raise ValueError(
            f"The recordings have no sensor in common: simulated has {', '.join(ours)}, measured "
            f"{', '.join(theirs)}. Rename channels with recording.replace(channels=...)."
        )
    return _Columns([ours.index(n) for n in names], [theirs.index(n) for n in names], names)


def _check(values: ArrayLike, name: str) -> Array:
    array = real_array(values, name, "readings of shape (samples, 3 * sensors)")
    if array.ndim != 2 or len(array) < 2 or array.shape[1] == 0 or array.shape[1] % 3:
        raise ValueError(
            f"{name} must have shape (samples, 3 * sensors) with at least two samples, got "
            f"{array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has values that are not finite: cut or interpolate them.")
    return array


# ---- numbers


def _triads(values: Array) -> Array:
    return values.reshape(len(values), -1, 3)


def _rms(vectors: Array) -> Array:
    return np.sqrt(np.mean(np.sum(vectors**2, axis=2), axis=0))


def _ratio(above: Array, below: Array) -> Array:
    return above / np.where(below > 0, below, np.nan)


def _varying(values: Array) -> Array:
    """Remove the mean, and what is left of a constant after rounding."""
    centred = values - values.mean(axis=0)
    return np.where(np.ptp(values, axis=0) > 1e-12 * np.abs(values).max(axis=0), centred, 0.0)


def _pearson(a: Array, b: Array) -> Array:
    a, b = _varying(a), _varying(b)
    scale = np.sqrt(np.sum(a * a, axis=0) * np.sum(b * b, axis=0))
    return _ratio(np.sum(a * b, axis=0), scale)


def _lowpass(values: Array, rate: float | None, bandwidth: float) -> Array:
    if rate is None:
        raise ValueError("bandwidth= needs rate=, the samples per second of both sides.")
    if not 0 < bandwidth < rate / 2:
        raise ValueError(
            f"bandwidth must lie between 0 and half the rate ({rate / 2:g} Hz), got {bandwidth!r}."
        )
    sections = butter(4, bandwidth, fs=rate, output="sos")
    pad = min(3 * (2 * len(sections) + 1), values.shape[1] - 1)
    return sosfiltfilt(sections, values, axis=1, padlen=pad)


def _spectra(ours: Array, theirs: Array, rate: float, bandwidth: float | None) -> dict[str, Array]:
    """Power spectra and coherence of each axis, if there are samples enough for them."""
    segment = min(int(SEGMENT * rate), 2 * len(ours) // (SEGMENTS + 1))
    if segment < SHORTEST:
        return {}
    setting = {"fs": rate, "nperseg": segment, "axis": 0}
    frequencies, simulated = welch(ours, **setting)
    measured = welch(theirs, **setting)[1]
    cross = np.abs(csd(ours, theirs, **setting)[1]) ** 2
    shown = frequencies <= (rate if bandwidth is None else bandwidth)
    frequencies, simulated, measured, cross = (
        x[shown] for x in (frequencies, simulated, measured, cross)
    )
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


def _lag(ours: Array, theirs: Array, rate: float) -> float:
    """Find by how many seconds the first signal is late."""
    farthest = min(int(LONGEST_LAG * rate), len(ours) // 4)
    shifts = np.arange(-farthest, farthest + 1)
    heights = _cross_correlation(ours, theirs, 1)[shifts]
    best = int(shifts[np.argmax(heights)])
    if farthest < 1 or abs(best) == farthest or not heights.max() > 0:
        return np.nan
    # the ends no longer pull the maximum towards zero once both show the same stretch, tapered
    stop = len(ours) - abs(best)
    ours, theirs = ours[max(0, best) :][:stop], theirs[max(0, -best) :][:stop]
    taper = hann(stop + 2)[1:-1]
    fine = _cross_correlation(ours, theirs, OVERSAMPLING, taper)
    near = np.arange(-2 * OVERSAMPLING, 2 * OVERSAMPLING + 1)
    peak = int(near[np.argmax(fine[near])])
    left, middle, right = fine[[peak - 1, peak, peak + 1]]
    bend = left - 2 * middle + right
    step = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float((best + (peak + step) / OVERSAMPLING) / rate)


def _cross_correlation(
    ours: Array, theirs: Array, oversampling: int, taper: Array | float = 1.0
) -> Array:
    """Cross-correlation by lag, negative lags at the end; exact between the samples."""
    size = 1 << (2 * len(ours) - 1).bit_length()
    first, second = (np.fft.rfft(_varying(x) * taper, size) for x in (ours, theirs))
    return np.fft.irfft(first * second.conj(), size * oversampling)
