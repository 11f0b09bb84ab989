"""Classify samples while they arrive, with an exported model or a fitted classifier.

Like the runner, this file works as a copy next to it, without m3n_sklearn.
"""

from __future__ import annotations

import numbers
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

try:
    from ._runner import (
        CHECKED,
        EVEN,
        Runner,
        Smoother,
        UnitsWarning,
        rate_of,
        seconds_of,
        triads,
        unit_doubts,
        warn,
    )
except ImportError:  # a copy of this file, next to the copy of the runner
    from m3n_runner import (  # type: ignore[import-not-found,no-redef]
        CHECKED,
        EVEN,
        Runner,
        Smoother,
        UnitsWarning,
        rate_of,
        seconds_of,
        triads,
        unit_doubts,
        warn,
    )

__all__ = ["Prediction", "StreamingClassifier"]

LATEST = 1e11
"""Stamps in s beyond this are after the year 5000, so they are not in s."""

STAMPS = 5
"""Stamps at the begin of a stream by which their unit is checked."""

BACK = 60.0
"""Samples that are late by more, in s, are those of a clock that was set back."""

CONFLICTS = 10
"""Different samples of one stamp from which on the stamps are said to be wrong."""


class StreamingClassifier:
    """Classify samples while they arrive.

    Parameters
    ----------
    model : Runner or fitted classifier
        A :class:`Runner`, or where m3n_sklearn is installed a fitted
        :class:`~m3n_sklearn.Multi3NetClassifier`. A Runner of a model with smoothing smooths.
    seconds, hop : float, optional
        Length of a window and time from one to the next, in s; by default those of the model, and
        half a window.
    rate : float, optional
        Samples per second. By default it is estimated from the first window.
    max_gap : float, default=0.5
        Longest time in s without a sample. After a longer gap, a new series of windows begins.
    wait : float, default=0.0
        Time in s that a window waits for samples that arrive out of order.
    lag : int, default=10
        Windows that a model with smoothing waits for before it decides: more is more accurate and
        later.

    Attributes
    ----------
    late_, repeated_ : int
        Samples that were dropped: those that arrived after the window they belong to, or after a
        gap that they would have filled, and those whose stamp was there already.
    gaps_ : int
        Gaps of more than `max_gap`, and clocks that were set back.

    Raises
    ------
    TypeError
        If `model` is neither a Runner nor a fitted Multi3NetClassifier. Export other models, such
        as an HMMClassifier, and pass the Runner.
    ValueError
        If the length of a window is not known, or a parameter is out of range.

    See Also
    --------
    Runner.predict_table : The same for a whole recording.

    Notes
    -----
    Memory is bounded by the samples of one window and by `lag`.

    On an even clock, samples are used as they are. Lost or jittered samples are interpolated
    linearly on the even clock.

    Units other than m/s² with gravity and rad/s are named, each sensor in at most one warning. The
    accelerations of the first windows are checked, since gravity is always there, and the angular
    rates of every window, since only a movement shows that they are too large. The sign
    is not checked: iOS and watchOS (Core Motion) invert it, so that their accelerations in g, with
    gravity, are multiplied by -9.80665.

    If all samples of the length of a window are late by more than a minute, the clock was set back,
    or one stamp was far ahead. A warning says it, and a new series of windows begins with them. Of
    different samples with one stamp, such as a packet, the first is used; a warning says it once.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn import Multi3NetClassifier
    >>> from m3n_sklearn.datasets import make_wrist_har
    >>> from m3n_sklearn.deploy import StreamingClassifier
    >>> train = make_wrist_har(n_people=1, random_state=0)
    >>> model = Multi3NetClassifier("m3n-base", strategy="frozen").fit(train.X, train.y)
    >>> stream = StreamingClassifier(model, hop=1.28)
    >>> times = np.arange(500) / 50
    >>> samples = np.tile([0.0, 0.0, 9.81, 0.0, 0.0, 0.0], (500, 1))
    >>> windows = [w for k in range(0, 500, 7) for w in stream.push(times[k:k+7], samples[k:k+7])]
    >>> len(windows), windows[1].start, windows[1].end
    (6, 1.28, 3.84)
    """

    def __init__(
        self,
        model: Any,
        *,
        seconds: float | None = None,
        hop: float | None = None,
        rate: float | None = None,
        max_gap: float = 0.5,
        wait: float = 0.0,
        lag: int = 10,
    ) -> None:
        runner = isinstance(model, Runner)
        if not runner:
            _check_classifier(model)
        length = (model.seconds if runner else model.seconds_) if seconds is None else seconds
        if length is None:
            raise ValueError("The model does not contain the length of a window. Pass seconds=.")
        usual = model.hop if runner else None
        hop = usual or length / 2 if hop is None else hop
        for name, value in (("seconds", length), ("hop", hop), ("max_gap", max_gap)):
            if not (_is_number(value) and 0 < value < np.inf):
                raise ValueError(f"{name} must be a positive number of seconds, got {value!r}.")
        for name, least in (("lag", lag), ("wait", wait)):
            if not (_is_number(least) and least >= 0):
                raise ValueError(f"{name} must be at least 0, got {least!r}.")
        self._model, self._length, self._hop = model, float(length), float(hop)
        self._given_rate = None if rate is None else rate_of(rate)
        self._max_gap, self._wait = float(max_gap), float(wait)
        smoothing = model._about["smoothing"] if runner else None
        self._smoother = None if smoothing is None else _Filter(Smoother(smoothing, self._hop), lag)
        self.late_ = self.repeated_ = self.gaps_ = 0
        self._times, self._rows = np.zeros(0), np.zeros((0, 0))
        self._first: Any = np.zeros(0)  # stamps, until their unit is checked
        self._behind: Any = None  # late samples in sequence: stamps and rows
        self._newest = -np.inf  # stamp of the series
        self._conflicts = 0  # different samples of one stamp
        # windows whose accelerations were checked, and what is known to be doubtful
        self._seen, self._told = 0, set[str]()
        if runner:
            self._told = {doubt.partition(":")[0] for doubt in model._about["doubts"]}
        self._restart()

    def push(self, times: Any, samples: Any) -> list[Any]:
        """Take samples, and return the windows that they complete.

        Parameters
        ----------
        times : float or array-like of shape (T,)
            Time stamps: seconds, or dates (``datetime64``), which become Unix time. Chunks may have
            any size and overlap in time.
        samples : array-like of shape (T, n_channels) or (n_channels,)
            One row for each stamp.

        Returns
        -------
        list of Prediction
            Of each window ``start``, ``end``, ``label`` and ``proba``.

        Raises
        ------
        ValueError
            If shapes do not match, a value is not finite, or stamps are not in s.
        """
        clock, rows = np.atleast_1d(seconds_of(times)), np.asarray(samples, float)
        if len(clock) == rows.size == 0:
            return []
        rows = np.atleast_2d(rows)
        if clock.ndim != 1 or rows.ndim != 2 or len(clock) != len(rows):
            raise ValueError(
                f"times must have shape (T,) and samples (T, channels); got {clock.shape} and "
                f"{rows.shape}."
            )
        if not (np.isfinite(clock).all() and np.isfinite(rows).all()):
            raise ValueError("times and samples must be finite: drop rows with NaN.")
        if isinstance(self._model, Runner):
            self._model._check_channels(rows.shape[1])
        self._check_clock(clock)
        self._insert(clock, rows)
        return self._completed(final=False) + self._set_back()

    def flush(self) -> list[Any]:
        """Return the windows that still wait for samples to come, at the end of a recording.

        Returns
        -------
        list of Prediction
            As `push`.
        """
        return self._completed(final=True)

    def _check_clock(self, clock: Any) -> None:
        """Refuse stamps in another unit than s, by the first ones of the stream."""
        if self._first is None:
            return
        first = np.unique(np.concatenate([self._first, clock]))
        steps = np.diff(first)
        apart = len(first) >= STAMPS and steps.min() > self._max_gap
        if len(steps) and (apart or first[-1] > LATEST):
            step = float(np.median(steps))
            units = {"ms": 1e3, "µs": 1e6, "ns": 1e9}
            rates = {unit: factor / step for unit, factor in units.items()}
            usual = self._given_rate or 50.0
            unit = min(rates, key=lambda each: abs(np.log(rates[each] / usual)))
            raise ValueError(
                f"times must be in s, but the first stamps, such as {first[0]:.15g}, are "
                f"{step:.6g} apart, and a step of more than max_gap={self._max_gap:g} is a gap. If "
                f"they are in {unit}, divide them by {units[unit]:.0e}: that would be "
                f"{rates[unit]:.4g} samples per second. If they count samples, divide them by the "
                "rate. If they are in s, set max_gap= to more than a step."
            )
        self._first = None if len(first) >= STAMPS else first

    def _insert(self, clock: Any, rows: Any) -> None:
        """Sort samples in; drop those that are late or repeated."""
        fresh = clock >= self._consumed
        newest = np.maximum.accumulate(np.concatenate([[self._newest], clock]))
        late = ~fresh & (clock < newest[:-1])  # not those between windows, which are not needed
        self._keep_behind(clock, rows, late)
        self.late_ += int(late.sum())
        self._newest = float(newest[-1])
        clock, rows = clock[fresh], rows[fresh]
        if len(clock) == 0:
            return
        if len(self._rows) == 0:
            self._rows = np.zeros((0, rows.shape[1]))
        elif rows.shape[1] != self._rows.shape[1]:
            raise ValueError(
                f"samples have {rows.shape[1]} channels, but earlier ones had "
                f"{self._rows.shape[1]}."
            )
        # of equal stamps the first that arrived is kept
        together, values = np.concatenate([self._times, clock]), np.concatenate([self._rows, rows])
        times, first, which = np.unique(together, return_index=True, return_inverse=True)
        self._times, self._rows = times, values[first]
        if len(together) > len(times):
            self.repeated_ += len(together) - len(times)
            self._count_conflicts(int((values != self._rows[which]).any(axis=1).sum()))

    def _count_conflicts(self, count: int) -> None:
        """Warn once about different samples that have one stamp."""
        before, self._conflicts = self._conflicts, self._conflicts + count
        if before < CONFLICTS <= self._conflicts:
            warn(
                f"{self._conflicts} samples have the stamp of another sample but other values, and "
                "are dropped. If the samples of a packet have one stamp, give each its own before "
                "push: count back from the stamp of the packet in steps of 1 / rate."
            )

    def _keep_behind(self, clock: Any, rows: Any, late: Any) -> None:
        """Keep the samples since the last one in time that are too late by far."""
        behind = late & (clock < max(self._newest, clock.max(initial=-np.inf)) - BACK)
        if not late.all():
            self._behind = None
            behind[: np.flatnonzero(~late)[-1]] = False
        if not behind.any():
            return
        times, values = clock[behind], rows[behind]
        if self._behind is not None and values.shape[1] == self._behind[1].shape[1]:
            times = np.concatenate([self._behind[0], times])
            values = np.concatenate([self._behind[1], values])
        times, first = np.unique(times, return_index=True)
        self._behind = times, values[first]

    def _set_back(self) -> list[Any]:
        """Start a new series if late samples fill a window: the clock was set back."""
        if self._behind is None or self._behind[0][-1] - self._behind[0][0] < self._length:
            return []
        times, rows = self._behind
        warn(
            f"The time stamps went back from {self._newest:.15g} s to {times[0]:.15g} s, and stay "
            f"there for {times[-1] - times[0]:.3g} s: the clock was set back, or a stamp was "
            "wrong. A new series of windows begins."
        )
        found = self._completed(final=True)
        self._behind = None
        self.gaps_ += 1
        self.late_ -= len(times)
        self._insert(times, rows)
        return found + self._completed(final=False)

    def _completed(self, *, final: bool) -> list[Any]:
        """Predict the windows whose last sample has arrived."""
        found = []
        while len(self._times) > 1:
            # 1. The piece before the next gap, in which samples may arrive for some time
            patience = 0.0 if final else self._wait
            older = self._times[:-1] + self._max_gap + patience < self._times[-1]
            gaps = np.flatnonzero((np.diff(self._times) > self._max_gap) & older)
            stop = int(gaps[0]) + 1 if len(gaps) else len(self._times)
            ended, last = final or len(gaps) > 0, float(self._times[stop - 1])
            found += self._windows_until(stop, ended)
            if not len(gaps):
                break
            # 2. Beyond the gap, a new series of windows begins. Samples that arrive now and are not
            #    next to it are late, or each of them would be a series of its own.
            self.gaps_ += 1
            found += self._restart()
            beyond = int(np.searchsorted(self._times, last, side="right"))
            self._times, self._rows = self._times[beyond:], self._rows[beyond:]
            self._consumed = float(self._times[0]) - self._max_gap
        if final:
            found += self._restart()
            self._newest = -np.inf
            self._times, self._rows = self._times[:0], self._rows[:0]
        return found

    def _restart(self) -> list[Any]:
        """Forget the clock, and return the windows that wait for smoothing."""
        self._origin: float | None = None
        self._number = 0
        self._rate = self._given_rate
        self._consumed = -np.inf
        return [] if self._smoother is None else self._named(self._smoother.flush())

    def _windows_until(self, stop: int, ended: bool) -> list[Any]:
        """Predict all windows within the first `stop` samples, and forget what is not needed."""
        times = self._times[:stop]
        # 1. The clock: an origin and a rate
        if self._origin is None and times[-1] - times[0] < self._wait and not ended:
            return []  # an earlier sample may still arrive
        if self._rate is None:
            if times[-1] - times[0] < self._length and not ended:
                return []
            self._rate = float(f"{1 / np.median(np.diff(times)):.7g}")
        if self._origin is None:
            self._origin = float(times[0])
        count = max(1, int(np.floor(self._length * self._rate + 0.5 + 1e-6)))
        stride = max(1, int(np.floor(self._hop * self._rate + 0.5 + 1e-6)))
        # 2. Windows whose last tick has arrived
        windows, begins = [], []
        while True:
            ticks = self._origin + (self._number * stride + np.arange(count)) / self._rate
            arrived = times[-1] - (0.0 if ended else self._wait)
            if ticks[-1] > arrived + EVEN / self._rate:
                break
            low, high = np.searchsorted(
                times, [ticks[0] - 1 / self._rate, ticks[-1] + 1 / self._rate]
            )
            windows.append(_on_ticks(ticks, times[low:high], self._rows[low:high], self._rate))
            begins.append(ticks[0])
            self._number += 1
        # 3. Samples before the next window are not needed any more
        following = self._origin + self._number * stride / self._rate
        self._consumed = following - 2 / self._rate
        kept = int(np.searchsorted(self._times, self._consumed))
        self._times, self._rows = self._times[kept:], self._rows[kept:]
        if not windows:
            return []
        proba = self._probabilities(np.stack(windows), self._rate)
        start = np.array(begins)
        end = start + count / self._rate
        if self._smoother is None:
            return self._named(list(zip(start, end, proba, proba.argmax(axis=1), strict=True)))
        return self._named(self._smoother.push(start, end, proba))

    def _probabilities(self, windows: Any, rate: float) -> Any:
        """Return the probabilities of single windows."""
        if isinstance(self._model, Runner):
            windows = self._model._check_windows(windows)
            self._check_units(windows)
            return self._model._calibrated(self._model._probabilities(windows, rate))
        # a classifier was made by the library, which is therefore loaded; a copy never gets here
        library, model = sys.modules["m3n_sklearn"], self._model
        X = library.Windows(imu=windows, rate=rate, channels=model.channels_)
        # the classifier checks units in each call; what it has said once is not said again
        X = sys.modules["m3n_sklearn._windows"].tell(X, frozenset(self._told))
        proba = model.predict_proba(X)
        layout = getattr(getattr(model, "input_", None), "layout", None)
        find_doubts = sys.modules["m3n_sklearn.recording"].find_doubts
        for columns in () if layout is None else layout.columns:
            acc, gyro = triads(windows, columns)
            self._told |= {doubt.key for doubt in find_doubts(acc, gyro, rate)}
        return proba

    def _check_units(self, windows: Any) -> None:
        """Warn once about each sensor of a Runner that looks like another unit."""
        # a stream may begin at rest, where deg/s are as small as rad/s: gyros are always checked
        known = self._told | ({"acc"} if self._seen >= CHECKED else set())
        self._seen += len(windows)
        for sensor, message in unit_doubts(self._model._about, windows, known):
            self._told.add(sensor)
            warn(message, UnitsWarning)

    def _named(self, rows: Sequence[Any]) -> list[Any]:
        """Return predictions with their labels."""
        classes = self._model.classes_
        return [
            Prediction(float(begin), float(end), classes[code], proba)
            for begin, end, proba, code in rows
        ]


class Prediction(NamedTuple):
    """The prediction of one window of a stream.

    Attributes
    ----------
    start, end : float
        Begin and end of the window, on the clock of the time stamps, in s.
    label : object
        The predicted class.
    proba : ndarray of shape (n_classes,)
        The probability of each class, in the order of ``classes_`` of the model.
    """

    start: float
    end: float
    label: Any
    proba: Any


def _is_number(value: Any) -> bool:
    """Whether a value is a real number."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _check_classifier(model: Any) -> None:
    """Refuse what is neither a Runner nor a fitted Multi3NetClassifier."""
    if all(hasattr(model, name) for name in ("predict_proba", "classes_", "seconds_", "channels_")):
        return
    kind = type(model).__name__
    if isinstance(model, type) or not hasattr(model, "predict_proba"):
        advice = "Pass Runner(path) of an exported model." if isinstance(model, str) else ""
    elif hasattr(model, "get_params") and not hasattr(model, "classes_"):
        advice = "Fit it first."
    elif hasattr(model, "best_estimator_"):
        advice = "Pass its best_estimator_."
    else:
        advice = "Write it with export(model, 'model.onnx') and pass Runner('model.onnx')."
    raise TypeError(
        f"model must be a Runner or a fitted Multi3NetClassifier, got {kind}. {advice}".rstrip()
    )


def _on_ticks(ticks: Any, times: Any, rows: Any, rate: float) -> Any:
    """Return the samples (C, T) at the ticks of an even clock."""
    if len(times) == 0:
        raise ValueError("A window has no sample. Check that times are in s, and the rate.")
    right = np.clip(np.searchsorted(times, ticks), 1, max(1, len(times) - 1))
    left = right - 1
    right = np.minimum(right, len(times) - 1)
    nearest = np.where(ticks - times[left] <= times[right] - ticks, left, right)
    if np.abs(times[nearest] - ticks).max() <= EVEN / rate:
        return rows[nearest].T
    return np.stack([np.interp(ticks, times, column) for column in rows.T])


class _Filter:
    """Smoothing of a stream: each window is decided when `lag` further ones have arrived."""

    def __init__(self, smoother: Smoother, lag: int) -> None:
        self.smoother, self.lag = smoother, lag
        self.waiting: list[tuple[Any, ...]] = []  # start, end, probabilities
        self.alphas: dict[str, Any] = {}

    def push(self, start: Any, end: Any, proba: Any) -> list[Any]:
        """Take windows, and return those that are decided."""
        decided = []
        for begin, stop, row in zip(start, end, proba, strict=True):
            if self.waiting and self.smoother.breaks(begin - self.waiting[-1][0]):
                decided += self.flush()
            self.waiting.append((begin, stop, row))
            if len(self.waiting) > self.lag:
                decided.append(self._decide())
        return decided

    def flush(self) -> list[Any]:
        """Decide all windows that wait, and forget the recording."""
        decided = []
        while self.waiting:
            decided.append(self._decide())
        self.alphas = {}
        return decided

    def _decide(self) -> Any:
        """Decide the oldest window, given those that wait behind it."""
        proba = np.array([row for _, _, row in self.waiting])
        # probabilities and decisions have emissions of their own, and so do their states
        posterior, alpha = self._oldest(proba, "")
        deciding, alpha_deciding = self._oldest(proba, "decision_")
        self.alphas = {"": alpha, "decision_": alpha_deciding}
        begin, end, _ = self.waiting.pop(0)
        return begin, end, posterior, int(self.smoother.fair(deciding).argmax())

    def _oldest(self, proba: Any, emission: str) -> tuple[Any, Any]:
        """Return the posterior of the oldest window, and the state after it."""
        smoother, alpha = self.smoother, self.alphas.get(emission)
        isolated = alpha is None and len(proba) == 1
        scores = smoother._scores(proba, isolated=isolated, emission=emission)
        likelihood = smoother._likelihood(scores)
        forward = smoother._forward(likelihood[:1], alpha)
        posterior = (forward[0] * smoother._backward(likelihood)[0]).sum(axis=1)
        return posterior / posterior.sum(), forward[0]
