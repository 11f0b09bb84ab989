"""Recording: one stretch of IMU samples, measured or simulated."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._typing import Array
from .._validation import check_positive, is_number, list_of, real_array
from .._warn import warn
from ..motion import as_sentences, check_id, check_name
from ._channels import AXES, SENSORS, parse_channels, sites_of, warn_units
from ._resampling import nearest_samples, resample_lossy, resample_observed

__all__ = ["Recording"]

_SENSOR_NAMES = tuple(f"{sensor}_{axis}" for sensor in SENSORS for axis in AXES)


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Recording:
    """One stretch of IMU samples on one clock. Time is the first axis.

    Parameters
    ----------
    data : array-like of shape (T, C)
        Samples. Accelerations are specific force in m/s² (with gravity: +9.81 on the axis that
        points up at rest), angular rates are in rad/s, both in the sensor's own frame.
    rate : float
        Samples per second.
    channels : sequence of str, optional
        Channel names such as ``left_wrist_acc_x``; see
        :func:`m3n_sklearn.recording.channel_names`.
    labels : array-like of shape (T,), optional
        Class of each sample, or one class for all of them.
    subject, name : optional
        Person, and id of the recording.
    start : float, default=0.0
        Time of the first sample in s, on the same clock as a
        :class:`~m3n_sklearn.motion.Motion` of the scene if there is one.
    observed : array-like of bool, shape (T, C) or (T,), optional
        False where a sample of a channel, or of all channels, was lost. Its value is ignored and
        may be NaN.
    text : str or sequence of str, optional
        A caption, or several paraphrases of one.

    Attributes
    ----------
    n_samples : int
        T.
    duration : float
        Seconds from the first sample to the last.
    observed : ndarray of bool, shape (T, C)
        Which samples were measured.

    Raises
    ------
    ValueError
        For wrong shapes, observed values that are not finite, a rate of 0 or less, or the wrong
        number of channel names.

    Warns
    -----
    UnitsWarning
        If the channels of a sensor look like g or degrees per second.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.recording import Recording, channel_names
    >>> still = np.tile([0.0, 0.0, 9.80665], (100, 1))
    >>> Recording(still, rate=50.0, channels=channel_names("right_wrist", "acc"))
    Recording(100 samples x 3 channels, 1.98 s at 50 Hz)
    """

    data: Array
    rate: float
    channels: tuple[str, ...] | None
    labels: NDArray[Any] | None
    subject: Hashable | None
    name: str | None
    start: float
    observed: NDArray[np.bool_]
    text: tuple[str, ...]

    def __init__(
        self,
        data: ArrayLike,
        rate: float,
        channels: Sequence[str] | None = None,
        *,
        labels: ArrayLike | None = None,
        subject: Hashable | None = None,
        name: str | None = None,
        start: float = 0.0,
        observed: ArrayLike | None = None,
        text: str | Sequence[str] | None = (),
    ) -> None:
        facts = (labels, subject, name, start, observed, text)
        _fill(self, data, rate, channels, *facts)
        _warn_about_shape(*self.data.shape)
        _warn_about_units(self.data, self.observed, self.channels)

    @classmethod
    def trusted(cls, data: Array, rate: float, channels: Sequence[str], **facts: Any) -> Recording:
        """Return a recording of computed data, without warnings about unusual readings.

        Parameters
        ----------
        data, rate, channels, **facts
            As in the constructor.

        Returns
        -------
        Recording
            Checked for shapes and finite values.
        """
        recording = cls.__new__(cls)
        _fill(recording, data, rate, channels, **facts)
        return recording

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(self.data)

    @property
    def duration(self) -> float:
        """Seconds from the first sample to the last."""
        return (self.n_samples - 1) / self.rate

    @property
    def times(self) -> Array:
        """Time of each sample in s, shape (T,)."""
        return self.start + np.arange(self.n_samples) / self.rate

    @property
    def sites(self) -> tuple[str, ...]:
        """Sites in the channel names."""
        return () if self.channels is None else sites_of(self.channels)

    def __repr__(self) -> str:
        return (
            f"Recording({self.n_samples} samples x {self.data.shape[1]} channels, "
            f"{self.duration:.2f} s at {self.rate:.4g} Hz)"
        )

    def replace(self, **changes: Any) -> Recording:
        """Return a copy with some arguments changed.

        Parameters
        ----------
        **changes : dict
            Arguments of :class:`Recording`.

        Returns
        -------
        Recording
            A new, validated recording.
        """
        kept = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return Recording(**{**kept, **changes})

    def select(self, names: str | Sequence[str]) -> Recording:
        """Keep the channels with the given names or prefixes.

        Parameters
        ----------
        names : str or sequence of str
            Channel names, or prefixes such as ``"left_wrist"``; kept in the order given.

        Returns
        -------
        Recording
            The recording with those channels.
        """
        if self.channels is None:
            raise ValueError("This recording has no channel names, so none can be selected.")
        wanted = [names] if isinstance(names, str) else list_of(names, "names", "channel names")
        if not wanted:
            raise ValueError(f"Name at least one channel of {', '.join(self.channels)}.")
        columns: list[int] = []
        for name in wanted:
            hits = [
                i
                for i, channel in enumerate(self.channels)
                if channel == name or channel.startswith(f"{name}_")
            ]
            if not hits:
                raise ValueError(
                    f"No channel has the name or prefix {name!r}. The channels are "
                    f"{', '.join(self.channels)}."
                )
            columns += [i for i in hits if i not in columns]
        return self.replace(
            data=self.data[:, columns],
            channels=tuple(self.channels[i] for i in columns),
            observed=self.observed[:, columns],
        )

    def resample(self, rate: float) -> Recording:
        """Resample to another rate, band-limited and without delay.

        Parameters
        ----------
        rate : float
            New rate in samples per second.

        Returns
        -------
        Recording
            Same start and duration. A label is that of the nearest old sample. A sample is observed
            if both its old neighbors are.
        """
        if check_positive(rate, "rate", "Hz") == self.rate:
            return self
        nearest = nearest_samples(self.n_samples, self.rate, rate)
        return self.replace(
            data=resample_lossy(self.data, self.observed, self.rate, rate),
            rate=rate,
            labels=None if self.labels is None else self.labels[nearest],
            observed=resample_observed(self.observed, self.rate, rate),
        )


def _fill(
    recording: Recording,
    data: ArrayLike,
    rate: float,
    channels: Sequence[str] | None,
    labels: ArrayLike | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
    start: float = 0.0,
    observed: ArrayLike | None = None,
    text: str | Sequence[str] | None = (),
) -> None:
    """Check all arguments and set the fields of a frozen recording."""
    values = real_array(data, "data", "samples of shape (samples, channels)")
    if values.ndim != 2 or values.size == 0:
        raise ValueError(
            f"data must have shape (samples, channels) with at least one of each, got "
            f"{np.shape(data)}."
        )
    seen = _check_observed(observed, values.shape)
    bad = ~np.isfinite(values) & seen
    if bad.any():
        raise ValueError(
            f"data has {int(bad.sum())} values that are not finite in observed samples. Mark "
            "lost samples with observed=False or interpolate them."
        )
    fields = {
        "data": values,
        "rate": check_positive(rate, "rate", "Hz"),
        "channels": _check_channels(channels, values.shape[1]),
        "labels": _check_labels(labels, len(values)),
        "subject": check_id(subject, "subject"),
        "name": check_name(name),
        "start": _check_start(start),
        "observed": seen,
        "text": as_sentences(text),
    }
    for field, value in fields.items():
        object.__setattr__(recording, field, value)


def _warn_about_shape(samples: int, channels: int) -> None:
    """Warn if time and channels seem to be swapped."""
    if channels > 64 and channels > 8 * samples:
        warn(
            f"data has {samples} samples of {channels} channels. Time is the first axis: "
            "transpose data if these are swapped."
        )


def _check_start(start: float) -> float:
    if not is_number(start) or not np.isfinite(start):
        raise ValueError(f"start must be a finite number of seconds, got {start!r}.")
    return float(start)


def _warn_about_units(
    values: Array, observed: NDArray[np.bool_], channels: tuple[str, ...] | None
) -> None:
    """Warn if readings seem to be in other units."""
    named = [i for i, name in enumerate(channels or ()) if name.endswith(_SENSOR_NAMES)]
    try:
        triads = parse_channels([(channels or ())[i] for i in named])
    except ValueError:  # a sensor with fewer than three axes has no norm
        return
    for _, sensor, columns in triads:
        place = np.take(named, columns)
        seen = values[observed[:, place].all(axis=1)][:, place]
        readings: Any = {sensor: seen[:: max(1, len(seen) // 2048)]}  # enough for a median
        warn_units(**readings)


def _check_channels(channels: Sequence[str] | None, count: int) -> tuple[str, ...] | None:
    if channels is None:
        return None
    if isinstance(channels, str):
        raise TypeError(f"channels must be {count} names, got one string {channels!r}.")
    names = tuple(list_of(channels, "channels", f"{count} names, one per column of data"))
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"channels must be strings such as 'left_wrist_acc_x', got {names}.")
    if len(names) != count or len(set(names)) != count:
        raise ValueError(
            f"channels must be {count} different names, one per column of data, got {names}."
        )
    return names


def _check_labels(labels: ArrayLike | None, count: int) -> NDArray[Any] | None:
    if labels is None:
        return None
    values = np.array(labels)
    if values.ndim == 0:
        return np.full(count, values.item())
    if values.shape != (count,):
        raise ValueError(
            f"labels must be one class or have shape ({count},) to match data, got {values.shape}. "
            "After resample_timestamps, give each new sample the label of its nearest row."
        )
    if any(value is None or value != value for value in set(values.tolist())):
        raise ValueError(
            "labels is None or NaN in some samples. Give them a class of their own, such as "
            "'unlabeled', and drop it with cut(..., ignore='unlabeled')."
        )
    return values


def _check_observed(observed: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if observed is None:
        return np.ones(shape, dtype=bool)
    values = np.array(observed)
    if values.shape not in (shape, shape[:1]) or values.dtype.kind != "b":
        raise ValueError(
            f"observed must be booleans of shape {shape}, or {shape[:1]} for all channels alike, "
            f"to match data; got {values.dtype} of shape {values.shape}."
        )
    return np.array(np.broadcast_to(values.reshape(len(values), -1), shape))
