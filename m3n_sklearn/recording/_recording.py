"""Recording: one stretch of IMU samples, measured or simulated."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._channel_names import Doubt, is_series, name_site, read_name, read_names, say
from .._labels import kinds_of
from .._tables import is_table, make_frame, plain_array, row_levels, table_columns
from .._typing import Array
from .._validation import (
    as_array,
    check_positive,
    is_missing,
    is_number,
    list_of,
    looks_like_a_period,
    real_array,
)
from .._warn import warn
from ..motion import as_sentences, check_id, check_name
from ._channels import parse_channels, sites_of
from ._resampling import nearest_samples, resample_lossy, resample_observed
from ._table_of import table_of
from ._units import find_doubts, segments, sites_in_doubt

if TYPE_CHECKING:
    from ..inspection import RecordingDisplay

__all__ = ["Recording", "doubts_of", "doubts_of_readings", "recording_of"]


AXES = ("x", "y", "z")
COPY = re.compile(r"\.\d+$")
"""What pandas adds to the name of a repeated column."""

MAX_RATE_DIFFERENCE = 0.05
"""Difference of the rate of dated rows and the given rate, as a share, above which it is said."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Recording:
    """One stretch of IMU samples on one clock. Time is the first axis.

    Parameters
    ----------
    data : array-like of shape (T, C), or table
        Samples. Accelerations are specific force in m/s² (with gravity: +9.81 on the axis that
        points up at rest), angular rates are in rad/s, both in the sensor's own frame. The columns
        of a table (pandas, polars, pyarrow, a mapping or a structured array) name the channels.
        Masked values of a masked array are not observed.
    rate : float
        Samples per second.
    channels : sequence of str, optional
        Channel names such as ``left_wrist_acc_x``, from
        :func:`m3n_sklearn.recording.channel_names`, or in a spelling of your logger: see "Channel
        names that are understood" in :doc:`/user_guide/tables`. Names that begin with
        ``series_`` belong to a generic series. By default the names of a table, or none.
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
    channels : tuple of str or None
        Channel names as this package writes them, such as ``acc_x`` for ``ax``.
    n_samples : int
        T.
    duration : float
        Seconds from the first sample to the last.
    observed : ndarray of bool, shape (T, C)
        Which samples were measured.

    Raises
    ------
    ValueError
        For wrong shapes, observed values that are not finite, a rate of 0 or less, the wrong
        number of channel names, or names that are not understood.

    Warns
    -----
    UnitsWarning
        If the readings or the channel names say another unit than m/s² and rad/s, gravity seems
        removed, or lost samples look like readings. One warning per sensor.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.recording import Recording, channel_names
    >>> still = np.tile([0.0, 0.0, 9.80665], (100, 1))
    >>> Recording(still, rate=50.0, channels=channel_names("right_wrist", "acc"))
    Recording(100 samples x 3 channels, 1.98 s at 50 Hz)

    The columns of a table keep their order.

    >>> import pandas as pd
    >>> table = pd.DataFrame(still, columns=["accX", "accY", "accZ"])
    >>> Recording(table, rate=50.0).channels
    ('acc_x', 'acc_y', 'acc_z')
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
        doubts = _fill(self, data, rate, channels, *facts)
        _warn_about_shape(*self.data.shape)
        _warn_about_rate(data, self.rate, self.n_samples)
        _warn_about_units(self, doubts)

    @classmethod
    def trusted(
        cls, data: Array, rate: float, channels: Sequence[str] | None, **facts: Any
    ) -> Recording:
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
        if self.channels is None or is_series(self.channels):
            return ()
        return sites_of(self.channels)

    def __repr__(self) -> str:
        return (
            f"Recording({self.n_samples} samples x {self.data.shape[1]} channels, "
            f"{self.duration:.2f} s at {self.rate:.4g} Hz)"
        )

    def _repr_html_(self) -> str:
        from ..inspection import recording_html

        return recording_html(self)

    def plot(self, *, axes: Any = None) -> RecordingDisplay:
        """Draw the signals, with classes as colored spans and gaps in grey.

        Parameters
        ----------
        axes : array of matplotlib Axes, optional
            Axes to draw on, one per sensor; new ones by default.

        Returns
        -------
        RecordingDisplay
            The drawn display; see :class:`m3n_sklearn.inspection.RecordingDisplay`.
        """
        from ..inspection import RecordingDisplay

        return RecordingDisplay.from_recording(self, axes=axes)

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
        if changes.keys() & {"data", "channels"}:
            return Recording(**{**kept, **changes})
        return self._derived(**changes)

    def _derived(self, **changes: Any) -> Recording:
        """Return a copy with other facts or samples, without the warnings that were given once."""
        kept = {name: getattr(self, name) for name in self.__dataclass_fields__}
        recording = Recording.trusted(**{**kept, **changes})
        object.__setattr__(recording, "_doubts", doubts_of(self))
        return recording

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
            spellings = {name, name_site(str(name)), _written(str(name))}
            hits = [
                i
                for i, channel in enumerate(self.channels)
                if any(channel == one or channel.startswith(f"{one}_") for one in spellings)
            ]
            if not hits:
                raise ValueError(
                    f"No channel has the name or prefix {name!r}. The channels are "
                    f"{', '.join(self.channels)}."
                )
            columns += [i for i in hits if i not in columns]
        return self._derived(
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
        return self._derived(
            data=resample_lossy(self.data, self.observed, self.rate, rate),
            rate=rate,
            labels=None if self.labels is None else self.labels[nearest],
            observed=resample_observed(self.observed, self.rate, rate),
        )

    def to_frame(self, backend: str = "pandas") -> Any:
        """Return the samples as a frame, with a row for each.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Kind of the frame.

        Returns
        -------
        DataFrame or Table
            Columns ``recording`` and ``subject`` if they are known, ``m3n_rate`` in Hz, ``time``
            in s, one for each channel (NaN where not observed), ``label`` and ``text`` if there are
            any.
            :func:`read_table` makes the same recording of it.

        Raises
        ------
        ValueError
            If the channels have no names.

        Examples
        --------
        >>> import numpy as np
        >>> from m3n_sklearn.recording import Recording
        >>> still = np.tile([0.0, 0.0, 9.80665], (100, 1))
        >>> Recording(still, 50.0, ["acc_x", "acc_y", "acc_z"], labels="sit").to_frame().head(2)
           m3n_rate  time  acc_x  acc_y    acc_z label
        0      50.0  0.00    0.0    0.0  9.80665   sit
        1      50.0  0.02    0.0    0.0  9.80665   sit
        """
        return make_frame(table_of(self, self.name), backend)


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
) -> tuple[Doubt, ...]:
    """Check all arguments, set the fields of a frozen recording, return what its names say."""
    if isinstance(data, np.ma.MaskedArray):
        observed = ~np.ma.getmaskarray(data) if observed is None else observed
        data = np.where(np.ma.getmaskarray(data), 0.0, data.data)
    is_structured = isinstance(data, np.ndarray) and data.dtype.names is not None
    if is_table(data) or is_structured or isinstance(data, Mapping):
        data, channels = _read_table(data, channels)
    values = real_array(plain_array(data, "data"), "data", "samples of shape (samples, channels)")
    if values.ndim != 2 or values.size == 0:
        raise ValueError(
            f"data must have shape (samples, channels) with at least one of each, got "
            f"{values.shape}."
        )
    names, doubts = _check_channels(channels, values.shape[1])
    seen = _check_observed(observed, values.shape)
    bad = ~np.isfinite(values) & seen
    if bad.any():
        row, column = np.argwhere(bad)[0]
        owner = "" if name is None else f" of {name!r}"
        where = f"channel {column if names is None else names[column]}"
        raise ValueError(
            f"data{owner} has {int(bad.sum())} values that are not finite (NaN or infinite) in "
            f"observed samples, the first in {where} at sample {row}. Mark lost samples with "
            "observed=False or interpolate them."
        )
    fields = {
        "data": values,
        "rate": check_positive(rate, "rate", "Hz"),
        "channels": names,
        "labels": _check_labels(labels, len(values)),
        "subject": check_id(subject, "subject"),
        "name": check_name(name),
        "start": _check_start(start),
        "observed": seen,
        "text": as_sentences(text),
    }
    for field, value in fields.items():
        object.__setattr__(recording, field, value)
    object.__setattr__(recording, "_doubts", frozenset())
    return doubts


def _read_table(data: Any, channels: Sequence[str] | None) -> tuple[Any, Sequence[str] | None]:
    """Return the columns of a table as samples, and the names of its channels."""
    if row_levels(data) > 1:
        raise ValueError(
            f"data is a table with an index of {row_levels(data)} levels, which holds several "
            "recordings. Make one Recording of each: [Recording(part, ...) for _, part in "
            "table.groupby(level=0)]."
        )
    columns = table_columns(data)
    repeated = [
        name for name in columns if COPY.sub("", name) != name and COPY.sub("", name) in columns
    ]
    if repeated:
        raise ValueError(
            f"The columns {', '.join(repeated)} look like copies: pandas adds a number to names "
            "that occur more than once in a file. Give each sensor names of its own, such as "
            "left_wrist_acc_x, or drop them."
        )
    names = None if all(name.isdigit() for name in columns) else tuple(columns)
    if names is not None and channels is None:
        read_names(names)  # before the values, which may be labels and dates
    elif names is not None and channels is not None and len(names) == len(channels):
        _check_order(names, channels)
    arrays = [
        real_array(plain_array(v, f"Column {n!r}"), f"Column {n!r}", "numbers")
        for n, v in columns.items()
    ]
    if len({array.shape for array in arrays}) > 1:
        raise ValueError(
            "The columns of data have different lengths: "
            f"{', '.join(f'{n}: {len(a)}' for n, a in zip(columns, arrays, strict=True))}."
        )
    samples = np.stack(arrays, axis=-1) if arrays else np.empty((0, 0))
    return samples, names if channels is None else channels


def _check_order(names: Sequence[str], channels: Any) -> None:
    """Raise if the columns of a table and given names are the same channels in another order."""
    given = list(channels) if not isinstance(channels, str) else []
    if all(name.strip().lower() in AXES for name in names):  # only axes: the sensor is not told
        first = [name.strip().lower() for name in names]
        second = [str(name).strip().lower()[-1:] for name in given]
        differ = first != second and set(second) <= set(AXES)
    else:
        try:
            own, wanted = ([n.rpartition("_") for n in read_names(x)[0]] for x in (names, given))
        except ValueError:
            return
        first, second = (
            [f"{start.rpartition('_')[2]}_{axis}" for start, _, axis in x] for x in (own, wanted)
        )
        differ = first != second
    if differ:
        raise ValueError(
            f"The columns of data are {', '.join(names)}, but channels= names them "
            f"{', '.join(given)}. Leave channels out, or give it in the order of the columns."
        )


def _written(name: str) -> str:
    """Return a channel name as this package writes it, if it is understood."""
    return name if read_name(name) is None else read_names([name])[0][0]


def doubts_of(recording: Recording) -> frozenset[str]:
    """Return the keys of the doubts that were told when a recording was made."""
    told: frozenset[str] = getattr(recording, "_doubts", frozenset())
    return told


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


def _warn_about_rate(data: Any, rate: float, samples: int) -> None:
    """Warn if the rate looks like a period, or is not that of the dates of a table's rows."""
    message = looks_like_a_period(rate, f"A recording of {samples} samples")
    index = getattr(data, "index", None)
    dated = str(getattr(index, "dtype", "")).startswith("datetime64")
    if message is None and dated and samples > 2:
        stamps = np.asarray(index, dtype="datetime64[ns]").astype(np.int64)
        step = float(np.median(np.diff(stamps))) / 1e9
        if step > 0 and abs(step * rate - 1) > MAX_RATE_DIFFERENCE:
            message = (
                f"The rows of data are {step:.4g} s apart, a rate of {1 / step:.4g} Hz, but "
                f"rate={rate:.4g} was given. For uneven rows use resample_timestamps."
            )
    if samples > 2 and message is not None:
        warn(message)


def _warn_about_units(recording: Recording, named: Sequence[Doubt]) -> None:
    """Warn if readings or channel names say other units; remember what was told."""
    found = doubts_of_readings(recording)
    # a unit in a name counts unless the values show that it was converted
    if not any(doubt.sensor == "acc" for doubt in found) and named and _has_gravity(recording):
        named = [doubt for doubt in named if doubt.sensor != "acc"]
    doubts = [*named, *(d for d in found if d.sensor not in {one.sensor for one in named})]
    say(doubts)
    object.__setattr__(recording, "_doubts", frozenset(doubt.key for doubt in doubts))


def doubts_of_readings(recording: Recording) -> tuple[Doubt, ...]:
    """Return what is doubtful about the sensors of each site."""
    by_site = [
        (site, find_doubts(parts.get("acc"), parts.get("gyro"), recording.rate))
        for site, parts in _stretches(recording).items()
    ]
    return sites_in_doubt(by_site)


def _has_gravity(recording: Recording) -> bool:
    """Tell whether the accelerations are long enough for m/s²."""
    acc = [parts["acc"] for parts in _stretches(recording).values() if "acc" in parts]
    lengths = [np.nanmedian(np.linalg.norm(part, axis=-1)) for part in acc if part.size]
    return bool(lengths) and min(lengths) > 5.0


def _stretches(recording: Recording) -> dict[str, dict[str, Array]]:
    """Return stretches (S, T, 3) of each sensor, by site; lost samples are NaN."""
    names = recording.channels
    if names is None or is_series(names):
        return {}
    try:
        triads = parse_channels(names)
    except ValueError:  # a sensor with fewer than three axes has no norm
        return {}
    found: dict[str, dict[str, Array]] = {}
    for site, sensor, columns in triads:
        seen = np.asarray(recording.observed[:, columns].all(axis=1))
        values = recording.data[:, columns]
        if not seen.all():
            values = np.where(seen[:, None], values, np.nan)
        found.setdefault(site, {})[sensor] = segments(values, recording.rate)
    return found


def _check_channels(
    channels: Sequence[str] | None, count: int
) -> tuple[tuple[str, ...] | None, tuple[Doubt, ...]]:
    """Return channel names as this package writes them, and what they say of units."""
    if channels is None:
        return None, ()
    if isinstance(channels, str):
        raise TypeError(f"channels must be {count} names, got one string {channels!r}.")
    names = tuple(list_of(channels, "channels", f"{count} names, one per column of data"))
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"channels must be strings such as 'left_wrist_acc_x', got {names}.")
    if len(names) != count or len(set(names)) != count:
        raise ValueError(
            f"channels must be {count} different names, one per column of data, got {names}."
        )
    return read_names(names)


def _check_labels(labels: ArrayLike | None, count: int) -> NDArray[Any] | None:
    if labels is None:
        return None
    values = np.array(as_array(labels))
    if values.ndim == 0:
        return np.full(count, values.item())
    if values.shape != (count,):
        raise ValueError(
            f"labels must be one class or have shape ({count},) to match data, got {values.shape}. "
            "After resample_timestamps, give each new sample the label of its nearest row."
        )
    listed = values.tolist()
    if any(is_missing(value) for value in set(listed)):
        missing = [row for row, value in enumerate(listed) if is_missing(value)]
        raise ValueError(
            f"labels are missing (None, NaN or NA) in {len(missing)} of {count} samples, the first "
            f"at {missing[0]}. Give them a class of their own, such as 'unlabeled', and drop it "
            "with cut(..., ignore='unlabeled')."
        )
    if values.dtype == object and len(kinds := kinds_of(set(listed))) > 1:
        raise ValueError(
            f"labels mix {', '.join(kinds)}: give all labels as strings, or all as numbers."
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


def recording_of(
    data: NDArray[Any],
    rate: float,
    channels: tuple[str, ...],
    *,
    observed: NDArray[np.bool_],
    labels: NDArray[Any] | None,
    subject: Hashable | None,
    name: str | None,
    start: float,
    text: tuple[str, ...] = (),
) -> Recording:
    """Return a recording of checked arrays, which are not copied: large ones are there once."""
    recording = Recording.__new__(Recording)
    fields = {
        "data": data,
        "rate": rate,
        "channels": channels,
        "labels": labels,
        "subject": subject,
        "name": name,
        "start": start,
        "observed": observed,
        "text": text,
    }
    for field, value in fields.items():
        object.__setattr__(recording, field, value)
    object.__setattr__(recording, "_doubts", frozenset())
    return recording
