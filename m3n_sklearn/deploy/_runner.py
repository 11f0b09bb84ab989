"""Run an exported classifier with NumPy and onnxruntime, and nothing else.

This file needs nothing of m3n_sklearn: `export` copies it next to the exported model, and a
device needs only that folder. What it shares with the library (resampling, smoothing along a
recording) is therefore written out here a second time, for one recording at a time; tests hold the
results equal.

Data flow::

    windows -> the network's rate and scales -> logits -> probabilities -> calibration -> smoothing
"""

from __future__ import annotations

import hashlib
import json
import math
import numbers
import os
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

try:
    from .._channel_names import UnitsWarning
    from .._warn import warn
except ImportError:  # a copy of this file
    import warnings

    UnitsWarning = UserWarning  # type: ignore[assignment,misc]

    def warn(message: str, category: type[Warning] = UserWarning) -> None:
        """Issue a warning at the innermost line outside of the copies."""
        level, frame = 1, sys._getframe()
        while frame.f_back and frame.f_globals.get("__name__") in (__name__, "m3n_streaming"):
            level, frame = level + 1, frame.f_back
        warnings.warn(message, category, stacklevel=level)


__all__ = ["EVEN", "Runner", "Smoother", "Table"]

FORMAT = 1
"""Version of the JSON file that this file reads."""

SLOWEST = 15.0
"""Rate in Hz below which a network misses most of what a hand does."""

CHUNK = 128
"""Windows per run of the network, which bounds the memory."""

HALF_WIDTH = 16
"""Zero crossings of the resampling filter on each side."""
KAISER_BETA = 8.0
"""Shape of its Kaiser window."""

EVEN = 0.1
"""Largest deviation of a time stamp from an even clock, in periods."""
MIN_PROBABILITY = 1e-6
"""Lower bound of probabilities, so that one window cannot exclude a class."""
MAX_STEP_RATIO = 1.5
"""Larger steps between windows, in usual steps, end a chain."""
TERMS = 300
"""Terms of the series and the fraction of the gamma distribution."""
MAX_AGE = 256
"""Largest age of a class in windows."""

LOWEST_RATE, HIGHEST_RATE = 0.1, 1e5
"""Samples per second that a sensor can have, in Hz."""

STANDARD_GRAVITY = 9.80665

# median lengths in m/s², and the 99th percentile of angular rates in rad/s, of a moving person
LOWEST_ACC, HIGHEST_ACC, HIGHEST_GYRO = 2.0, 4 * STANDARD_GRAVITY, 60.0

CHECKED = 20
"""Windows of a call, or at the begin of a stream, whose accelerations are checked."""


def digest_of(about: dict[str, Any]) -> str:
    """Return the SHA-256 of a description."""
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


class Table(NamedTuple):
    """Predictions along a recording, one row a window.

    Attributes
    ----------
    start, end : ndarray of shape (n,)
        Begin and end of each window, on the clock of the time stamps, in s.
    label : ndarray of shape (n,)
        The predicted class.
    proba : ndarray of shape (n, n_classes)
        The probability of each class, in the order of ``Runner.classes_``.
    """

    start: Any
    end: Any
    label: Any
    proba: Any


class Runner:
    """An exported classifier.

    Parameters
    ----------
    path : path-like
        The ``.onnx`` file that :func:`m3n_sklearn.deploy.export` wrote. Its ``.json`` file must be
        next to it.
    threads : int, default=1
        Threads of onnxruntime. One is fastest for a single window.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    channels : list of str or None
        The channels of a window, in order: accelerations with gravity in m/s², angular rates in
        rad/s. None for a series without names.
    rate : float or None
        Samples per second of the windows that were fitted, which windows have if ``rate=`` is not
        given. The network may have another rate: the runner resamples.
    seconds, hop : float or None
        Length of the windows, and time from one to the next, that `predict_table` uses.

    Raises
    ------
    FileNotFoundError
        If one of the two files is missing.
    ValueError
        If the files do not belong together, are damaged, or were written by a later version.

    Examples
    --------
    >>> import numpy as np, os, tempfile
    >>> from m3n_sklearn import Multi3NetClassifier
    >>> from m3n_sklearn.datasets import make_wrist_har
    >>> from m3n_sklearn.deploy import Runner, export
    >>> train = make_wrist_har(n_people=1, random_state=0)
    >>> model = Multi3NetClassifier("m3n-base", strategy="frozen").fit(train.X, train.y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = export(model, os.path.join(folder, "wrist.onnx"))
    ...     runner = Runner(os.path.join(folder, "wrist.onnx"))
    >>> windows = train.X["imu"]
    >>> difference = runner.predict_proba(windows, rate=50.0) - model.predict_proba(train.X)
    >>> bool(np.abs(difference).max() < 1e-4)
    True
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 1) -> None:
        # 1. The description
        file = Path(path)
        if file.suffix == ".json":
            raise ValueError(f"path must be the .onnx file, got {file.name!r}; its .json is found.")
        count: Any = threads
        if isinstance(count, bool) or not isinstance(count, numbers.Integral) or count < 1:
            raise ValueError(f"threads must be a whole number of at least 1, got {threads!r}.")
        beside = file.with_suffix(".json")
        for each in (file, beside):
            if not each.is_file():
                raise FileNotFoundError(
                    f"No file at {each}. A model consists of an .onnx file and a .json file of the "
                    "same name."
                )
        try:
            about = json.loads(beside.read_text(encoding="utf-8"))
            version = about["format"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"{beside.name} does not describe an exported model.") from error
        if type(version) is not int or version < 1:
            raise ValueError(
                f"{beside.name} has format {version!r}, which is not a whole number from 1 on. "
                "Export the model again."
            )
        if version > FORMAT:
            raise ValueError(
                f"{beside.name} has format {version}, but this runner reads format {FORMAT}. "
                "Use the runner that was written next to the model."
            )
        if about.pop("sha256", None) != digest_of(about):
            raise ValueError(f"{beside.name} was changed or damaged. Export the model again.")
        content = file.read_bytes()
        if hashlib.sha256(content).hexdigest() != about["network"]:
            raise ValueError(
                f"{file.name} and {beside.name} do not belong together: they were written by "
                "different exports, or one of them is damaged. Copy both files of one export."
            )
        self._about = about
        self.classes_ = np.array(about["classes"]["values"], dtype=about["classes"]["dtype"])
        self.channels = about["channels"]
        self.rate = about["fitted_rate"]
        self.seconds, self.hop = about["seconds"], about["hop"]
        self._smoothers: dict[float | None, Smoother] = {}
        # 2. The network
        try:
            import onnxruntime
        except ImportError as error:
            raise ImportError(
                "Running a model needs onnxruntime: pip install onnxruntime"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = int(threads)
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )

    # ---- windows

    def predict_proba(self, X: Any, rate: float | None = None, times: Any = None) -> Any:
        """Return the probability of each class for each window.

        Parameters
        ----------
        X : array-like of shape (n, n_channels, n_times)
            Windows, with the channels of `channels`.
        rate : float, optional
            Samples per second of X; by default the rate of the windows of ``fit``.
        times : array-like of shape (n,), optional
            Increasing times of the windows of one recording, in s. With them, a model with
            smoothing smooths along the recording; without, each window is predicted on its own.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Rows sum to 1.

        Warns
        -----
        UserWarning
            If the samples look like g or deg/s rather than m/s² with gravity and rad/s.
        """
        return self._predict(X, rate, times)[0]

    def predict(self, X: Any, rate: float | None = None, times: Any = None) -> Any:
        """Return the label of each window.

        Parameters
        ----------
        X, rate, times
            As in `predict_proba`.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        return self.classes_[self._predict(X, rate, times)[1]]

    # ---- raw samples

    def predict_table(
        self,
        times: Any,
        samples: Any,
        *,
        seconds: float | None = None,
        hop: float | None = None,
        max_gap: float = 0.5,
    ) -> Table:
        """Predict along raw samples with their time stamps.

        Parameters
        ----------
        times : array-like of shape (T,)
            Time stamps, increasing: seconds, or dates (``datetime64``), which become Unix time.
        samples : array-like of shape (T, n_channels)
            One row for each stamp.
        seconds, hop : float, optional
            Length of a window and time from one to the next, in s; by default those of the model.
        max_gap : float, default=0.5
            Longest time in s without a sample within a window.

        Returns
        -------
        Table
            Begin, end, label and probabilities of each window.

        Warns
        -----
        UserWarning
            If the samples look like g or deg/s, or if no piece without a gap has the length of a
            window, so that the table is empty.

        Notes
        -----
        Stamps within a tenth of a period of an even clock are put on it. Other stamps are
        interpolated linearly at their median rate. The library's
        :func:`~m3n_sklearn.recording.resample_timestamps` repairs more, such as packets of samples
        that share a stamp.
        """
        # 1. Check the rows
        clock = seconds_of(times)
        rows = np.asarray(samples, dtype=np.float64)
        if clock.shape == rows.shape == (0,):  # nothing was recorded
            rows = np.zeros((0, self._about["n_channels"]))
        if clock.ndim != 1 or rows.ndim != 2 or len(rows) != len(clock):
            raise ValueError(
                f"times must have shape (T,) and samples (T, channels); got {clock.shape} and "
                f"{rows.shape}."
            )
        self._check_channels(rows.shape[1])
        if not np.isfinite(clock).all() or (np.diff(clock) <= 0).any():
            raise ValueError(
                "times must be finite and increasing: sort the rows and drop repeated stamps."
            )
        if len(clock) > 1 and (between := float(np.median(np.diff(clock)))) > max_gap:
            raise ValueError(
                f"times must be in s, but they are {between:.6g} apart, and a step of more than "
                f"max_gap={max_gap:g} s is a gap. If they are in ms, µs or ns, divide them by 1e3, "
                "1e6 or 1e9. If they are in s, set max_gap= to more than a step."
            )
        length = self._seconds(seconds, self.seconds, "seconds", "the length of a window")
        step = self._seconds(hop, self.hop or length / 2, "hop", "the time between windows")
        # 2. Cut the pieces between gaps into windows at their own rate, and predict each piece
        parts, longest = [], 0.0
        for piece, values, rate in _even_pieces(clock, rows, max_gap):
            longest = max(longest, len(values) / rate)
            count = max(1, int(np.floor(length * rate + 0.5 + 1e-6)))
            stride = max(1, int(np.floor(step * rate + 0.5 + 1e-6)))
            starts = np.arange(0, len(values) - count + 1, stride)
            if len(starts) == 0:
                continue
            windows = np.stack([values[s : s + count].T for s in starts])
            begin = piece + starts / rate
            middle = begin + count / rate / 2
            proba, codes = self._predict(windows, rate, middle)
            parts.append(Table(begin, begin + count / rate, self.classes_[codes], proba))
        if not parts:
            warn(
                f"The table is empty: a window lasts {length:g} s, and the longest piece without a "
                f"gap of more than max_gap={max_gap:g} s lasts {longest:.3g} s."
            )
            empty = np.zeros(0)
            return Table(empty, empty, self.classes_[:0], np.zeros((0, len(self.classes_))))
        return Table(*map(np.concatenate, zip(*parts, strict=True)))

    # ---- steps

    def _predict(self, X: Any, rate: float | None, times: Any) -> tuple[Any, Any]:
        """Return the probabilities (n, n_classes) and the numbers of the predicted classes."""
        windows = self._check_windows(X)
        if len(windows) == 0:
            return np.zeros((0, len(self.classes_))), np.zeros(0, dtype=int)
        fitted = {doubt.partition(":")[0] for doubt in self._about["doubts"]}
        for _, message in unit_doubts(self._about, windows, fitted):
            warn(message, UnitsWarning)
        proba = self._calibrated(self._probabilities(windows, self._check_rate(rate)))
        if self._about["smoothing"] is None:
            return proba, proba.argmax(axis=1)
        when = self._check_times(times, len(windows))
        alone = when is None or len(when) < 2
        step = None if alone else float(np.median(np.diff(when)).round(6))
        if step not in self._smoothers:  # its states take longer than a window
            self._smoothers = {step: Smoother(self._about["smoothing"], step)}
        return self._smoothers[step](proba, when)

    def _check_windows(self, X: Any) -> Any:
        """Return finite windows (n, C, T)."""
        if hasattr(X, "channels") and hasattr(X, "rates"):  # Windows, which a device lacks
            raise TypeError(
                "X must be an array, got Windows. Pass X['imu'], and rate=X.rate('imu')."
            )
        windows = np.asarray(X)
        dtype = np.float32 if windows.dtype == np.float32 else np.float64
        windows = windows.astype(dtype, copy=False)
        if windows.ndim == 2 and self._about["flat"]:
            windows = windows[:, None]
        if windows.ndim != 3 or windows.shape[2] == 0:
            raise ValueError(
                f"X must have shape (windows, channels, samples), got {windows.shape}."
            )
        self._check_channels(windows.shape[1])
        if not np.isfinite(windows).all():
            raise ValueError("X has NaN or infinity: interpolate or drop these windows.")
        return windows

    def _check_channels(self, count: int) -> None:
        """Refuse another number of channels."""
        expected = self._about["n_channels"]
        if count != expected:
            names = f": {', '.join(self.channels)}" if self.channels else ""
            raise ValueError(f"{count} channels were given, but the model reads {expected}{names}.")

    def _check_rate(self, rate: float | None) -> float | None:
        """Return the rate of windows, or that of fit."""
        if rate is None:
            return self.rate
        return rate_of(rate)

    def _check_times(self, times: Any, count: int) -> Any:
        """Return the times (n,) of the windows of one recording, or None."""
        if times is None:
            return None
        when = np.asarray(times, dtype=np.float64)
        if when.shape != (count,) or not np.isfinite(when).all() or (np.diff(when) <= 0).any():
            raise ValueError(
                f"times must be {count} increasing numbers of seconds, one for each window."
            )
        return when

    def _seconds(self, given: float | None, default: float | None, name: str, what: str) -> float:
        """Return a positive number of seconds."""
        value = default if given is None else given
        if value is None:
            raise ValueError(f"The model does not contain {what}. Pass {name}= in s.")
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be a positive number of seconds, got {value!r}.")
        return float(value)

    def _probabilities(self, windows: Any, rate: float | None) -> Any:
        """Return the probabilities (networks, n, classes), before calibration."""
        about = self._about
        # 1. The network's rate, channels and scales
        if about["columns"] is None:  # a series
            center, scale = (
                np.array(about[key], windows.dtype)[:, None] for key in ("center", "scale")
            )
            x = ((windows - center) / scale)[:, None]
        else:
            if about["rate"] is not None and rate is not None and rate != about["rate"]:
                _warn_if_slow(rate, about["rate"])
                windows = _resampled(windows, rate, about["rate"])
            columns = np.array(about["columns"])
            x = windows[:, columns]
            x[:, columns < 0] = 0.0
            x /= np.array(about["scale"])[:, None].astype(windows.dtype)
        # 2. The network, for each orientation of the sensors
        logits = [self._run(view) for view in self._views(x)]  # (views, networks, n, classes)
        odds = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
        proba = (odds / odds.sum(axis=-1, keepdims=True)).mean(axis=0)
        if not np.isfinite(proba).all():
            raise ValueError("X has values that are too large for the network: check its units.")
        return proba

    def _run(self, x: Any) -> Any:
        """Return the logits (networks, n, classes)."""
        x = x.astype(np.float32)
        parts = [
            self._session.run(None, {"imu": x[k : k + CHUNK]})[0] for k in range(0, len(x), CHUNK)
        ]
        return np.concatenate(parts, axis=1).astype(np.float64)

    def _views(self, x: Any) -> Iterator[Any]:
        """Yield windows (n, S, 6, T) as they are, then turned and cropped."""
        yield x
        views = self._about["views"]
        if views is None:
            return
        turns, length = np.array(views["turns"], dtype=x.dtype), x.shape[-1]
        kept = max(1, round(views["kept"] * length))
        starts = np.linspace(0, length - kept, len(turns)).round().astype(int)
        triads = x.reshape(*x.shape[:2], 2, 3, length)
        for start, turn in zip(starts, turns, strict=True):
            turned = turn @ triads[..., start : start + kept]
            yield turned.reshape(*x.shape[:3], kept)

    def _calibrated(self, proba: Any) -> Any:
        """Return calibrated probabilities (n, classes), the mean over the networks."""
        calibration = self._about["calibration"]
        if calibration is None:
            return proba[0]
        parts = [_calibrate(p, one) for p, one in zip(proba, calibration, strict=True)]
        return np.mean(parts, axis=0)


# ---- checks, which a stream shares


def _warn_if_slow(rate: float, wanted: float) -> None:
    """Warn about samples that are too rare to show the movements of a hand."""
    if rate < SLOWEST <= wanted:
        warn(
            f"The windows have {rate:g} samples per second and are brought to {wanted:g}. They "
            f"show movements below {rate / 2:g} Hz only, and hands reach 5 to 10 Hz: use at least "
            f"{SLOWEST:g} samples per second, or check the given rate.",
            UserWarning,
        )


def rate_of(rate: Any) -> float:
    """Return a number of samples per second."""
    is_number = isinstance(rate, numbers.Real) and not isinstance(rate, bool)
    if not is_number or not 0 < rate < math.inf:
        raise ValueError(f"rate must be a positive number of samples per second, got {rate!r}.")
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ValueError(
            f"rate must lie between {LOWEST_RATE:g} and {HIGHEST_RATE:g} samples per second, got "
            f"{rate!r}."
        )
    return float(rate)


def seconds_of(times: Any) -> Any:
    """Return time stamps in s; dates become Unix time."""
    stamps = np.asarray(times)
    if stamps.dtype.kind == "M":
        return (stamps - np.datetime64(0, "s")) / np.timedelta64(1, "s")
    try:
        return stamps.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "times must be numbers of seconds or datetime64, got "
            f"{type(stamps.flat[0] if stamps.size else times).__name__}."
        ) from error


def triads(windows: Any, columns: Any) -> list[Any]:
    """Return the accelerations and angular rates (n, T, 3) of a site; None if it has none."""
    return [
        np.moveaxis(windows[:, list(part)], 1, -1) if part[0] >= 0 else None
        for part in (columns[:3], columns[3:])
    ]


def unit_doubts(about: dict[str, Any], windows: Any, told: set[str]) -> Iterator[tuple[str, str]]:
    """Yield each sensor, unless it was told, whose windows look like other units, with a message.

    The sensors of all sites have one name, "acc" or "gyro". Gravity is in all windows, so some tell
    the unit of the acceleration. That of angular rates only shows in the fastest window.
    """
    rows = windows[:: max(1, len(windows) // CHECKED)]
    found = dict.fromkeys(told, "")
    for columns in about["columns"] or ():
        acc, _ = triads(rows, columns)
        level = 0.0 if acc is None else float(np.median(np.linalg.norm(acc, axis=-1)))
        if level > 0 and not LOWEST_ACC <= level <= HIGHEST_ACC and "acc" not in found:
            unit = "g" if 0.5 <= level <= LOWEST_ACC else "another unit, or without gravity"
            found["acc"] = (
                f"The median length of the acceleration is about {level:.2g}; with gravity it "
                f"should be about 9.8 m/s². It looks like {unit}. Give samples in m/s² with "
                f"gravity: multiply those in g by {STANDARD_GRAVITY}, or by {-STANDARD_GRAVITY} if "
                "they come from iOS or watchOS (Core Motion), whose sign is inverted. At rest, the "
                "axis that points up must then read +9.81."
            )
            yield "acc", found["acc"]
        _, gyro = triads(windows, columns)
        if gyro is None or "gyro" in found:
            continue
        top = float(np.percentile(np.linalg.norm(gyro, axis=-1), 99, axis=-1).max())
        if top > HIGHEST_GYRO:
            found["gyro"] = (
                f"The 99th percentile of the angular rate of a window is about {top:.3g}, too fast "
                "for a limb in rad/s. Give samples in rad/s: multiply those in deg/s by pi/180 = "
                f"{np.pi / 180:.6g}."
            )
            yield "gyro", found["gyro"]


# ---- resampling


def _resampled(windows: Any, rate_in: float, rate_out: float) -> Any:
    """Resample windows (n, C, T), band-limited."""
    length = windows.shape[-1]
    count = max(1, int(np.floor(length * rate_out / rate_in + 0.5 + 1e-9)))
    return windows @ _weights(length, count, rate_in / rate_out).T.astype(windows.dtype)


@lru_cache(maxsize=16)
def _weights(length: int, count: int, step: float) -> Any:
    """Return the weights (count, length) of new samples that are `step` old samples apart."""
    # 1. A sinc under a Kaiser window
    cutoff = min(1.0, 1 / step)
    reach = HALF_WIDTH / cutoff
    positions = np.arange(count) * step
    center = np.floor(positions + 0.5).astype(np.int64)
    taps = np.arange(-int(np.ceil(reach)), int(np.ceil(reach)) + 1)
    distance = taps - (positions - center).round(9)[:, None]
    window = np.i0(KAISER_BETA * np.sqrt(np.clip(1 - (distance / reach) ** 2, 0, None)))
    kernel = np.where(np.abs(distance) <= reach, np.sinc(cutoff * distance) * window, 0.0)
    # 2. times a + b d, so that constants and straight lines are exact
    sums = [(kernel * distance**k).sum(axis=1, keepdims=True) for k in range(3)]
    determinant = sums[0] * sums[2] - sums[1] ** 2
    usable = np.abs(determinant) > 1e-9
    safe = np.where(usable, determinant, 1.0)
    slope = np.where(usable, -sums[1] / safe, 0.0)
    kernel *= np.where(usable, sums[2] / safe, 1 / sums[0]) + slope * distance
    kernel[np.abs(kernel) < 1e-15] = 0.0
    # 3. Samples beyond an end are mirrored at the end point
    weights = np.zeros((count, length))
    if length == 1:
        weights[:, 0] = kernel.sum(axis=1)
        return weights
    last = length - 1
    index = center[:, None] + taps
    lap, rest = np.divmod(index, last)
    lap, rest = np.where(index == last, 0, lap), np.where(index == last, last, rest)
    odd = lap % 2 == 1
    row = np.broadcast_to(np.arange(count)[:, None], index.shape)
    np.add.at(weights, (row, np.where(odd, last - rest, rest)), np.where(odd, -kernel, kernel))
    np.add.at(weights, (row, np.zeros_like(index)), (odd - lap) * kernel)
    np.add.at(weights, (row, np.full_like(index, last)), (odd + lap) * kernel)
    return weights


def _even_pieces(times: Any, rows: Any, max_gap: float) -> Iterator[tuple[float, Any, float]]:
    """Yield the start, the rows (T, C) and the rate of each piece without a gap."""
    borders = np.flatnonzero(np.diff(times) > max_gap) + 1
    for own, values in zip(np.split(times, borders), np.split(rows, borders), strict=True):
        if len(own) < 2:
            continue
        # 1. The even clock t0 + k p that fits best, if no row was lost
        number, shifted = np.arange(len(own)), own - own[0]
        period, offset = np.polyfit(number, shifted, 1)
        even = np.abs(shifted - offset - period * number).max() < EVEN * period
        if even:
            rate = 1 / period
            near = float(f"{rate:.7g}")
            rate = near if abs(rate / near - 1) < 1e-6 else rate
            start, data = own[0] + offset, values
        else:  # 2. Otherwise straight lines between the rows
            rate = float(f"{1 / np.median(np.diff(own)):.7g}")
            grid = np.arange(int(shifted[-1] * rate + 1e-6) + 1) / rate
            data = np.stack([np.interp(grid, shifted, column) for column in values.T], axis=1)
            start = own[0]
        known = np.isfinite(data).all(axis=1)
        if not known.all():
            raise ValueError("samples has NaN or infinity: drop these rows and their stamps.")
        yield float(start), data, rate


# ---- calibration and smoothing


def _calibrate(proba: Any, maps: dict[str, Any]) -> Any:
    """Apply the fitted maps of scikit-learn's CalibratedClassifierCV to probabilities (n, K)."""
    count = proba.shape[1]
    if maps["method"] == "temperature":
        logs = maps["beta"] * np.log(proba + 1e-12)
        odds = np.exp(logs - logs.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)
    inputs = proba[:, 1:] if count == 2 else proba  # two classes: only the second has a map
    columns = []
    for given, one in zip(inputs.T, maps["maps"], strict=True):
        if maps["method"] == "sigmoid":
            columns.append(1 / (1 + np.exp(one["a"] * given + one["b"])))
        else:
            columns.append(np.interp(given, one["x"], one["y"]))
    result = np.stack(columns, axis=1)
    if count == 2:
        return np.concatenate([1 - result, result], axis=1)
    total = result.sum(axis=1, keepdims=True)
    return np.where(total > 0, result / np.where(total > 0, total, 1), 1 / count)


class Smoother:
    """A hidden semi-Markov model along the windows of one recording.

    Each class lasts for a gamma-distributed time. The states are the classes and their ages in
    windows, for windows that are `step` seconds apart.
    """

    def __init__(self, about: dict[str, Any], step: float | None = None) -> None:
        self.about = about
        self.fitted = about["step"]
        self.step = step or self.fitted or 1.0
        shares, durations, spreads, self.follows = (
            np.array(about[key]) for key in ("shares", "durations", "spreads", "follows")
        )
        if len(shares) == 1:  # nothing else can follow
            self.start, self.leave = np.full((1, 2), 0.5), np.zeros((1, 2))
            return
        # 1. Ages up to the longest plausible stay
        shape, scale = 1 / spreads, spreads * durations
        ages = np.arange(1, np.clip(np.ceil(about["longest"] / self.step), 2, MAX_AGE) + 1)
        # 2. Survival beyond each age, and the probability to end at it
        survival = _survival(shape[:, None], (ages + 0.5) * self.step / scale[:, None])
        before = np.concatenate([np.ones((len(shape), 1)), survival[:, :-1]], axis=1)
        self.leave = np.clip(1 - survival / np.maximum(before, 1e-300), 1e-6, 1 - 1e-6)
        self.start = shares[:, None] * before / before.sum(axis=1, keepdims=True)

    def __call__(self, proba: Any, times: Any) -> tuple[Any, Any]:
        """Return the probabilities (n, K) given all windows of a chain, and the classes (n,)."""
        posterior, codes = np.empty_like(proba), np.empty(len(proba), dtype=int)
        for rows in self._chains(len(proba), times):
            isolated = len(rows) == 1
            posterior[rows] = self._posterior(self._scores(proba[rows], isolated=isolated))
            scores = self._scores(proba[rows], isolated=isolated, emission="decision_")
            codes[rows] = self.decide(scores)
        return posterior, codes

    def decide(self, scores: Any) -> Any:
        """Return the classes of a chain from its scores for decisions."""
        if self.about["decision"] == "path":
            return self._path(scores)
        return self.fair(self._posterior(scores)).argmax(axis=1)

    def fair(self, posterior: Any) -> Any:
        """Return what decides between classes: their posteriors, or those beyond their shares."""
        balanced = self.about["decision"] != "path"
        return posterior / np.array(self.about["shares"]) if balanced else posterior

    def _likelihood(self, scores: Any) -> Any:
        """Return likelihoods (n, K), up to a factor for each row."""
        return np.exp(scores - scores.max(axis=1, keepdims=True))

    def _posterior(self, scores: Any) -> Any:
        """Return the probabilities (n, K) of a chain given all its rows."""
        likelihood = self._likelihood(scores)
        of_class = (self._forward(likelihood) * self._backward(likelihood)).sum(axis=2)
        return of_class / of_class.sum(axis=1, keepdims=True)

    def _chains(self, count: int, times: Any) -> Sequence[Any]:
        """Return the rows of each unbroken chain; without times each row is one."""
        rows = np.arange(count)
        if times is None or self.fitted is None:
            return np.split(rows, count)
        return np.split(rows, np.flatnonzero(self.breaks(np.diff(times))) + 1)

    def breaks(self, steps: Any) -> Any:
        """Tell which steps between windows, in s, end a chain."""
        return steps > MAX_STEP_RATIO * self.step

    def _scores(self, proba: Any, *, isolated: bool, emission: str = "") -> Any:
        """Return log-likelihoods (n, K), up to a constant for each row, or those of decisions."""
        weight, balance = self.about[f"{emission}weight"], self.about[f"{emission}balance"]
        # windows twice as close have half the weight, since they share their samples
        weight = min(weight * self.step / (self.fitted or self.step), max(weight, 1.0))
        if isolated:
            weight, balance = 1.0, 1.0
        expected = np.array(self.about["shares"] if isolated else self.about["expected"])
        prior = np.log(np.where(expected > 0, np.maximum(expected, MIN_PROBABILITY), 1.0))
        return weight * (np.log(np.maximum(proba, MIN_PROBABILITY)) - balance * prior)

    def _forward(self, likelihood: Any, alpha: Any = None) -> Any:
        """Return the probability (n, K, A) of each class and age given the rows so far."""
        result = np.empty((len(likelihood), *self.leave.shape))
        for k, row in enumerate(likelihood):
            if alpha is None:  # the first row of a chain
                alpha = self.start.copy()
            else:
                stays, leaves = alpha * (1 - self.leave), (alpha * self.leave).sum(axis=1)
                alpha = np.empty_like(stays)
                alpha[:, 1:], alpha[:, 0] = stays[:, :-1], leaves @ self.follows
                alpha[:, -1] += stays[:, -1]
            alpha = alpha * row[:, None]
            alpha /= alpha.sum()
            result[k] = alpha
        return result

    def _backward(self, likelihood: Any) -> Any:
        """Return, up to a factor for each row, the likelihood (n, K, A) of the rows to come."""
        result = np.empty((len(likelihood), *self.leave.shape))
        beta = np.ones(self.leave.shape)
        for k in range(len(likelihood) - 1, -1, -1):
            result[k] = beta
            weighted = beta * likelihood[k][:, None]
            older = np.concatenate([weighted[:, 1:], weighted[:, -1:]], axis=1)
            new = self.follows @ weighted[:, 0]
            beta = (1 - self.leave) * older + self.leave * new[:, None]
            beta = beta / beta.max()
        return result

    def _path(self, scores: Any) -> Any:
        """Return the most probable classes (n,) of one chain, by the Viterbi algorithm."""
        with np.errstate(divide="ignore"):
            leave, stay, follows = np.log(self.leave), np.log1p(-self.leave), np.log(self.follows)
            # the age in a first row is not part of the path: all ages count for the best one
            first = np.log(self.start / self.start.max(axis=1, keepdims=True))
            first += np.log(self.start.sum(axis=1, keepdims=True))
        delta, last = first + scores[0][:, None], self.leave.shape[1] - 1
        steps = []
        for row in scores[1:]:
            ending = delta + leave
            before = ending.max(axis=1)[:, None] + follows
            staying = delta + stay
            delta = np.concatenate([before.max(axis=0)[:, None], staying[:, :-1]], axis=1)
            from_last = staying[:, -1] > delta[:, -1]
            delta[:, -1] = np.maximum(delta[:, -1], staying[:, -1])
            delta = delta + row[:, None]
            steps.append((ending.argmax(axis=1), before.argmax(axis=0), from_last))
        code, age = np.unravel_index(delta.argmax(), delta.shape)
        path = [code]
        for end_age, previous, from_last in reversed(steps):
            if age == 0:
                code = previous[code]
                age = end_age[code]
            elif not (age == last and from_last[code]):
                age -= 1
            path.append(code)
        return np.array(path[::-1])


def _survival(shape: Any, x: Any) -> Any:
    """Return the regularized upper incomplete gamma function Q(shape, x), to 1e-12.

    The series of the lower function where x < shape + 1, else a continued fraction (W. H. Press et
    al., "Numerical recipes", 3rd ed., section 6.2).
    """
    shape, x = np.broadcast_arrays(np.asarray(shape, float), np.asarray(x, float))
    logs = np.vectorize(math.lgamma)(shape)
    factor = np.exp(shape * np.log(np.maximum(x, 1e-300)) - x - logs)
    # 1. sum of x^n / (shape ... (shape + n))
    low = np.minimum(x, shape + 1)
    term = total = 1 / shape
    for n in range(1, TERMS):
        term = term * low / (shape + n)
        total = total + term
    # 2. The continued fraction by Lentz's method
    high = np.maximum(x, shape + 1)
    b = high + 1 - shape
    c, d = np.full_like(b, 1e300), 1 / b
    fraction = d
    for n in range(1, TERMS):
        a, b = n * (shape - n), b + 2
        d = a * d + b
        d = 1 / np.where(d == 0, 1e-300, d)
        c = b + a / c
        c = np.where(c == 0, 1e-300, c)
        fraction = fraction * d * c
    return np.where(x < shape + 1, 1 - factor * total, factor * fraction)
