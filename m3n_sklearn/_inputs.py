"""From X to the input of a network: validation, channel layout, rate and fixed scales.

IMU windows (n, C, T) become (n, S, 6, T): S sites with acc x y z and gyro x y z each, divided by
fixed constants, so that gravity keeps its length and rotations stay rotations. Channels that are
not those of such sensors are a *series*: (n, 1, C, T), standardized per channel with fitted
constants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from ._channel_names import (
    STANDARD_GRAVITY,
    Doubt,
    UnitsWarning,
    is_series,
    read_name,
    read_names,
    say,
)
from ._compat import validate_data
from ._flat_rows import check_flat_rows
from ._tables import is_table, plain_array, row_levels, table_columns
from ._typing import AnyArray
from ._validation import check_rate
from ._warn import warn
from ._windows import Windows, check_finite, refuse_ragged, told
from .motion import Motion
from .recording import (
    SENSORS,
    Recording,
    find_doubts,
    parse_channels,
    resample_windows,
    sites_in_doubt,
)

__all__ = [
    "GYRO_SCALE",
    "ImuWindows",
    "InputMap",
    "Layout",
    "make_layout",
    "read_imu",
    "sensors_of",
    "warn_if_slow",
]

GYRO_SCALE = 5.0
"""rad/s that become 1 at the network's input."""

OPPOSITE = 0.8
"""Cosine below whose negative two mean accelerations point to opposite sides.

With this cosine and the length below, 5 of 2,627 pairs of a person and an activity on ten wrists
of data sets would be warned of, and 174 of the 178 people on eight of them whose axes are inverted
by us. On the other two, people wear the sensor in different ways, and nobody is
(``python benchmarks/turned_axes.py DATA predict``).
"""

SHORTEST_GRAVITY = 5.0
"""m/s² of mean acceleration below which its direction says little."""

FEWEST_TURNED = 20
"""Windows from which the direction of gravity is compared with that of the fit."""

SLOWEST = 15.0
"""Rate in Hz below which an encoder misses most of what a hand does."""

SITE_SCALE = np.repeat([STANDARD_GRAVITY, GYRO_SCALE], 3)
"""Divisor of each of a site's six channels."""

CHECKED = 4096
"""Windows and recordings whose units are checked."""

SENSOR_COUNTS = {3: 1, 6: 1, 12: 2}
"""Number of sites for a number of channels without names."""


@dataclass(frozen=True)
class ImuWindows:
    """IMU windows as read from any kind of X, with their rate and their channel layout.

    Attributes
    ----------
    values : ndarray of shape (n, C, T)
        Finite, float32 or float64. m/s² and rad/s where the channels are those of an IMU.
    rate : float or None
        Samples per second, where known.
    channels : tuple of str or None
        Channel names, where known, as this package writes them.
    flat : bool
        True if X was a 2-D array, whose rows are windows of one channel.
    told : frozenset of str
        Doubts about the readings that the user was told of before.
    clips : ndarray of shape (n,) or None
        The recording of each window, where known.
    measured : ndarray of bool of shape (n, C) or None
        Which channels each window has; None if every window has all of them.
    """

    values: AnyArray
    rate: float | None = None
    channels: tuple[str, ...] | None = None
    flat: bool = False
    told: frozenset[str] = frozenset()
    clips: AnyArray | None = None
    measured: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def layout(self) -> Layout:
        """The sensors among the channels, found once."""
        return make_layout(self.values.shape[1], self.channels, flat=self.flat)

    def with_values(
        self, values: AnyArray, measured: NDArray[np.bool_] | None = None
    ) -> ImuWindows:
        """Return other windows with the same channels and rate; the layout is carried along."""
        other = replace(self, values=values, measured=measured)
        if "layout" in vars(self):
            vars(other)["layout"] = self.layout
        return other

    def present(self, layout: Layout) -> NDArray[np.bool_]:
        """Return which sensors (acc, gyro) of each site of a layout the rows have, (n, S, 2)."""
        return sensors_of(layout, len(self), self.measured)

    def check_rate(self) -> None:
        """Refuse rates that do not occur in recordings; a generic series may have any rate."""
        if self.rate is not None and not self.layout.is_series:
            check_rate(self.rate, "The rate of 'imu'")


def read_imu(
    estimator: Any,
    X: Any,
    *,
    reset: bool,
    rate: float | None = None,
    channels: Sequence[str] | None = None,
    adapts: bool = False,
    partial: bool = False,
) -> ImuWindows:
    """Validate X as scikit-learn does and return its IMU windows.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_`` (channels of a 3-D X, samples of a 2-D X) if `reset`.
    X : ndarray of shape (n, C, T) or (n, T), or Windows with a column ``imu``
        `Windows` are read in float32, in which networks train twice as fast. Arrays of float32
        stay float32; all others become float64.
    reset : bool
        True in ``fit``; otherwise X is compared with the windows of ``fit``.
    rate : float, optional
        Hz of a bare array. `Windows` with a rate must agree with it.
    channels : sequence of str, optional
        Channel names of a bare array, in any usual spelling.
    adapts : bool, default=False
        Whether `Windows` with channel names may have other channels than those of ``fit``.
    partial : bool, default=False
        Whether rows of `Windows` may lack some channels, as their column ``measured`` tells.
    """
    if isinstance(X, Windows):
        return _from_windows(estimator, X, reset, rate, channels, adapts, partial)
    mapping = isinstance(X, Mapping) and not issparse(X)  # scipy's dok_array is a dict
    if mapping or (isinstance(X, np.ndarray) and X.dtype.names):
        raise TypeError(
            f"X is a {type(X).__name__} of named columns; convert it with "
            "m3n_sklearn.as_windows(X, rate=..., channels=...)."
        )
    _refuse_nouns(X)
    _refuse_tables(X)
    X = plain_array(X, "X")
    refuse_ragged(X)
    shape: tuple[int, ...] = tuple(getattr(X, "shape", ()))
    if len(shape) > 3:
        raise ValueError(
            f"X has shape {shape}; windows are (n, channels, samples), or (n, samples) "
            "for one channel."
        )
    if len(shape) == 3 and not reset:
        _check_channel_count(estimator, shape[1], None)
    values = validate_data(estimator, X, reset=reset, dtype=[np.float64, np.float32], allow_nd=True)
    if values.ndim > 3 or 0 in values.shape[1:]:
        raise ValueError(
            f"X has shape {values.shape}; windows are (n, channels, samples) with at least one of "
            "each."
        )
    if reset and channels is None and values.ndim == 3:
        _warn_if_samples_first(values.shape)
    if values.ndim == 2:
        if reset:
            check_flat_rows(values, channels)
        names = None if channels is None else tuple(channels)
        return ImuWindows(values[:, None, :], rate, names, flat=True)
    names, known = _read_channels(channels, values.shape, reset)
    return ImuWindows(values, rate, names, told=known)


def _read_channels(
    channels: Sequence[str] | None, shape: tuple[int, ...], reset: bool
) -> tuple[tuple[str, ...] | None, frozenset[str]]:
    """Return the names of channels as this package writes them; in ``fit``, say their units."""
    if channels is None:
        return None, frozenset()
    if len(channels) != shape[1]:
        last = len(channels) == shape[2]
        raise ValueError(
            f"channels names {len(channels)} channels, but X has {shape[1]}."
            + " With channels last, give X.transpose(0, 2, 1)." * last
        )
    names, doubts = read_names(tuple(channels))
    if reset:
        say(doubts)
    return names, frozenset(doubt.key for doubt in doubts)


def _refuse_tables(X: Any) -> None:
    """Refuse tables whose rows are not windows of one channel."""
    several = isinstance(X, list | tuple) and len(X) > 0 and all(is_table(part) for part in X)
    if several or (is_table(X) and row_levels(X) > 1):
        raise TypeError(
            "X is "
            + ("a list of tables" if several else "a table with an index of several levels")
            + "; convert it with m3n_sklearn.as_windows(X, rate=...), which reads one window per "
            + ("table." if several else "entry of the first level.")
        )
    if not is_table(X):
        return
    columns = table_columns(X)
    if len(columns) > 1 and all(read_name(name) for name in columns):
        raise TypeError(
            f"X is a table with the channels {', '.join(columns)}, one sample per row. Make a "
            "recording of it and cut it: X, y, groups = cut(Recording(table, rate, labels=...), "
            "seconds=...)."
        )
    if any(cells.dtype == object and hasattr(cells[0], "__array__") for cells in columns.values()):
        raise TypeError(
            "X is a table whose cells contain series or arrays; convert it with "
            "m3n_sklearn.as_windows(X, rate=...)."
        )


def _refuse_nouns(X: Any) -> None:
    """Refuse motions, recordings and lists of them, from which `cut` makes windows."""
    first = X[0] if isinstance(X, list | tuple) and X else X
    if isinstance(first, Motion | Recording | Windows) or isinstance(X, str) or X is None:
        kind = type(X).__name__ if first is X else f"{type(X).__name__} of {type(first).__name__}"
        raise TypeError(
            f"X is a {kind}; it must be an array (n, channels, samples), (n, samples), or Windows. "
            "m3n_sklearn.cut turns motions and recordings into X, y, groups."
        )


def _warn_if_samples_first(shape: tuple[int, ...]) -> None:
    """Warn if channels and samples seem to be swapped."""
    if shape[2] in SENSOR_COUNTS and shape[1] > shape[2] and shape[1] not in SENSOR_COUNTS:
        warn(
            f"X has shape {shape}, which reads as {shape[1]} channels of {shape[2]} samples. "
            "Windows are (n, channels, samples): with channels last, give X.transpose(0, 2, 1)."
        )


def _from_windows(
    estimator: Any,
    X: Windows,
    reset: bool,
    rate: float | None,
    channels: Sequence[str] | None,
    adapts: bool,
    partial: bool,
) -> ImuWindows:
    """Read the IMU column of windows."""
    if "imu" not in X:
        raise ValueError(
            f"X has no column 'imu', only {', '.join(X.columns)}. Simulate one with "
            "SMPLIMUSimulator().fit_transform(X), or give recorded IMU windows."
        )
    absent = int((~X.present("imu")).sum())
    if absent:
        raise ValueError(
            f"{absent} of {len(X)} rows have no IMU. Keep those that have one: X[X.present('imu')]."
        )
    if len(X) == 0:
        raise ValueError("X has 0 rows; at least one window is required.")
    check_finite(X, "imu")
    values = X["imu"].astype(np.float32, copy=False)
    measured = X["measured"] if "measured" in X and not X["measured"].all() else None
    if measured is not None and not partial:
        raise ValueError(
            f"{int((~measured.all(axis=1)).sum())} of {len(X)} rows lack some channels of imu (see "
            "their column 'measured'), which a classifier can't tell from readings. Keep complete "
            "rows, X[X['measured'].all(axis=1)], or channels that all rows have."
        )
    if reset:
        estimator.n_features_in_ = values.shape[1]
    elif X.channels is None or not adapts:
        _check_channel_count(estimator, values.shape[1], X.channels)
    own_rate, names = X.rate("imu"), X.channels
    if rate is not None and own_rate is not None and abs(rate - own_rate) > 1e-6 * own_rate:
        raise ValueError(
            f"The IMU of X has {own_rate:g} Hz, but rate={rate:g} was given. Set rate=None."
        )
    known = told(X)
    if names is None:
        names, own_known = _read_channels(channels, values.shape, reset)
        if reset and names is None:
            _warn_if_samples_first(values.shape)
        known = known | own_known
    clips = X["clip"] if "clip" in X.columns else None
    hertz = rate if own_rate is None else own_rate
    return ImuWindows(values, hertz, names, told=known, clips=clips, measured=measured)


def _check_channel_count(estimator: Any, count: int, names: Sequence[str] | None) -> None:
    """Refuse another number of channels than in ``fit``, and name those that were fitted."""
    expected = getattr(estimator, "n_features_in_", count)
    if count == expected:
        return
    fitted = getattr(estimator, "channels_", None)
    missing = [name for name in fitted or () if names is not None and name not in names]
    about = "" if fitted is None else f" It was fitted on {', '.join(fitted)}."
    if missing:
        about += f" X lacks {', '.join(missing)}: give them, or fit again without them."
    raise ValueError(
        f"X has {count} channels, but {type(estimator).__name__} is expecting {expected} "
        f"features as input (channels of a 3-D X, samples of a 2-D X).{about}"
    )


@dataclass(frozen=True)
class Layout:
    """Positions of the channels of X in a network's input.

    Attributes
    ----------
    n_channels : int
        Channels of X.
    sites : tuple of str
        One name per site, empty if it is not known. Without any site, X is a series.
    columns : tuple of tuple of int
        Per site the six channels of X that hold acc x y z, gyro x y z; -1 where there is none.
    """

    n_channels: int
    sites: tuple[str, ...] = ()
    columns: tuple[tuple[int, ...], ...] = ()

    @property
    def is_series(self) -> bool:
        """True if the channels are not those of an IMU."""
        return not self.sites

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which sensors (acc, gyro) each site has; shape (S, 2)."""
        if self.is_series:
            return np.ones((1, 2), dtype=bool)
        return np.array([[c[0] >= 0, c[3] >= 0] for c in self.columns])


def make_layout(
    n_channels: int, channels: Sequence[str] | None = None, *, flat: bool = False
) -> Layout:
    """Find the sensors among channels, by name or else by number.

    Without names, 3 channels are acc of one site, 6 acc and gyro, 12 two sites of acc and gyro.
    Any other number, names that begin with ``series_``, and a 2-D X (`flat`) are a series.

    Examples
    --------
    >>> make_layout(3).columns
    ((0, 1, 2, -1, -1, -1),)
    >>> make_layout(7).is_series
    True
    """
    if flat:
        return Layout(n_channels)
    if channels is not None:
        return _named_layout(n_channels, tuple(channels))
    sites = SENSOR_COUNTS.get(n_channels, 0)
    present = min(n_channels, 6)
    columns = tuple(tuple(6 * s + k if k < present else -1 for k in range(6)) for s in range(sites))
    return Layout(n_channels, ("",) * sites, columns)


def _named_layout(n_channels: int, names: tuple[str, ...]) -> Layout:
    """Return the layout of named channels."""
    if len(names) != n_channels:
        raise ValueError(f"channels names {len(names)} channels, but X has {n_channels}.")
    if is_series(names):
        return Layout(n_channels)
    places: dict[str, list[int]] = {}
    for site, sensor, columns in parse_channels(names):
        start = 3 * SENSORS.index(sensor)
        places.setdefault(site, [-1] * 6)[start : start + 3] = columns
    return Layout(n_channels, tuple(places), tuple(tuple(c) for c in places.values()))


def sensors_of(
    layout: Layout, n_rows: int, measured: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Return which sensors (acc, gyro) of each site rows have, (n, S, 2), from their channels.

    `measured` (n, C) tells which channels each row has; None is all.

    Examples
    --------
    >>> sensors_of(make_layout(6), 1, np.array([[True] * 3 + [False] * 3])).tolist()
    [[[True, False]]]
    """
    present = np.repeat(layout.present[None], n_rows, axis=0)
    if measured is None or layout.is_series:
        return present
    columns = np.array(layout.columns).reshape(-1, 2, 3)
    # column -1 stands for a sensor that no row has
    return np.asarray(present & measured[:, columns].all(axis=3))


def warn_if_slow(rate: float, wanted: float) -> None:
    """Warn about samples that are too rare to show the movements of a hand."""
    if rate < SLOWEST <= wanted:
        warn(
            f"The windows have {rate:g} samples per second and are brought to {wanted:g}. They "
            f"show movements below {rate / 2:g} Hz only, and hands reach 5 to 10 Hz: use at "
            f"least {SLOWEST:g} samples per second, or check the given rate."
        )


@dataclass(frozen=True)
class InputMap:
    """Map from windows to a network's input, with all constants that were learned from X.

    Attributes
    ----------
    layout : Layout
        Positions of the channels.
    rate : float or None
        Rate of the network in Hz. With None, and for every series, windows are not resampled.
    center, scale : tuple of float
        Per channel of a series; empty for sites, which have fixed scales.
    doubts : tuple of str
        Doubts about the readings of the windows that were fitted.
    gravity : tuple of tuple
        Site and mean acceleration x y z of the windows that were fitted, for each accelerometer.
    """

    layout: Layout
    rate: float | None = None
    center: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    doubts: tuple[str, ...] = ()
    gravity: tuple[tuple[str, float, float, float], ...] = ()

    @classmethod
    def fit(
        cls,
        imu: ImuWindows,
        *,
        rate: float | None = None,
        sample_weight: AnyArray | None = None,
    ) -> InputMap:
        """Check the units of an IMU, or learn the scales of a series from weighted rows."""
        layout = imu.layout
        if not layout.is_series:
            return cls(layout, rate).checked(imu)
        rows = imu.values.astype(np.float64, copy=False)
        weight = np.ones(len(rows)) if sample_weight is None else sample_weight
        share = (weight / weight.sum())[:, None]
        center = (rows.mean(axis=2) * share).sum(axis=0)
        with np.errstate(over="ignore", invalid="ignore"):
            spread = np.sqrt((((rows - center[:, None]) ** 2).mean(axis=2) * share).sum(axis=0))
        if not np.isfinite(spread).all():
            raise ValueError(
                f"X is too large to be standardized: it reaches {np.abs(rows).max():.3g}. Check "
                "its units, or scale it."
            )
        scale = np.where(spread > 1e-12 * (1 + np.abs(center)), spread, 1.0)
        return cls(layout, None, tuple(center.tolist()), tuple(scale.tolist()))

    def __call__(self, imu: ImuWindows) -> AnyArray:
        """Return the network's input, (n, S, 6, T) or, of a series, (n, 1, C, T)."""
        values = imu.values
        if self.layout.is_series:
            dtype = values.dtype
            center, scale = (np.array(v, dtype)[:, None] for v in (self.center, self.scale))
            return ((values - center) / scale)[:, None]
        if self.rate is not None and imu.rate is not None and imu.rate != self.rate:
            warn_if_slow(imu.rate, self.rate)
            values = resample_windows(values, imu.rate, self.rate)
        columns = np.array(self.layout.columns)
        sites = values[:, columns]
        sites[:, columns < 0] = 0.0
        sites /= SITE_SCALE[:, None].astype(values.dtype)
        return sites

    def invert(self, sites: AnyArray) -> AnyArray:
        """Return windows (n, C, T) in the units of X from a network's input."""
        dtype = sites.dtype
        if self.layout.is_series:
            center, scale = (np.array(v, dtype)[:, None] for v in (self.center, self.scale))
            return sites[:, 0] * scale + center
        columns = np.array(self.layout.columns)
        values = np.empty((len(sites), self.layout.n_channels, sites.shape[-1]), dtype)
        known = columns >= 0
        values[:, columns[known]] = (sites * SITE_SCALE[:, None].astype(dtype))[:, known]
        return values

    def checked(self, imu: ImuWindows) -> InputMap:
        """Warn about the units of windows to fit, and return a map that knows of them."""
        if self.layout.is_series:
            return self
        doubts = _doubts_of(imu, self.layout)
        say(doubts, imu.told)
        _warn_about_other_clips(imu, self.layout)
        return replace(
            self,
            doubts=tuple(doubt.key for doubt in doubts),
            gravity=_mean_accelerations(imu, self.layout),
        )

    def warn_units(self, imu: ImuWindows) -> None:
        """Warn if windows look like other units than m/s² and rad/s, or than those of the fit."""
        if self.layout.is_series:
            return
        doubts = _doubts_of(imu, self.layout)
        new = [doubt for doubt in doubts if doubt.key not in self.doubts]
        if new and (known := self._gravities(imu)) and all(opposite(a, b) for _, a, b in known):
            new = [_with_sign(doubt) for doubt in new]
        say(new, imu.told)
        sensors = {doubt.sensor for doubt in doubts}
        for key in self.doubts:
            sensor, _, kind = key.partition(":")
            if sensor != "lost" and sensor not in sensors and len(imu) > 1:
                warn(
                    f"The {sensor} of the windows that were fitted was doubtful ({kind}), and that "
                    "of these windows is not. Give both in m/s² with gravity and in rad/s.",
                    UnitsWarning,
                )

    def warn_if_turned(self, imu: ImuWindows) -> None:
        """Warn if windows in m/s² have gravity the other way than those of the fit."""
        if len(imu) < FEWEST_TURNED or self.layout.is_series or _doubts_of(imu, self.layout):
            return
        turned = [
            (site, before, now)
            for site, before, now in self._gravities(imu)
            if opposite(before, now) and min(_length(before), _length(now)) >= SHORTEST_GRAVITY
        ]
        if turned:
            told = "; ".join(
                f"{f'{site}: ' if site else ''}{_point(now)} here, {_point(before)} in the fit"
                for site, before, now in turned
            )
            warn(
                "Gravity points the other way than in the windows that were fitted. Mean "
                f"acceleration in m/s²: {told}. Either axes have another sign, or the sensor is "
                "worn another way round: turn it with to_site_axes, or fit with "
                'augment="so3" if everybody wears it differently.'
            )

    def _gravities(self, imu: ImuWindows) -> list[tuple[str, AnyArray, AnyArray]]:
        """Return site and mean acceleration, in the fit and now; none if the fit was in doubt."""
        if self.doubts:
            return []
        fitted, given = map(_by_site, (self.gravity, _mean_accelerations(imu, self.layout)))
        return [(site[0], mean, given[site]) for site, mean in fitted.items() if site in given]

    def adapted(self, imu: ImuWindows) -> InputMap:
        """Return this map with the layout of other windows.

        Windows without channel names are assumed to have the same channels if their number is
        the same.
        """
        count, known = imu.values.shape[1], self.layout.n_channels
        if imu.channels is None and count == known:
            return self
        layout = imu.layout
        if layout.is_series != self.layout.is_series:
            kind = "a generic series" if self.layout.is_series else "channels of an IMU"
            raise ValueError(
                f"X has {count} channels, which are "
                f"{'a generic series' if layout.is_series else 'channels of an IMU'}, but the "
                f"encoder was trained on {kind} ({known} channels). Name the channels of an IMU "
                "by site, sensor and axis, such as channel_names('right_wrist') of "
                "m3n_sklearn.recording; a part of the encoder's channels is enough."
            )
        if layout.is_series and count != known:
            raise ValueError(
                f"X has {count} channels, but the encoder was trained on a series of {known}."
            )
        return replace(self, layout=layout)


def _with_sign(doubt: Doubt) -> Doubt:
    """Name the sign of readings in g."""
    if doubt.kind != "g":
        return doubt
    return doubt._replace(
        message="The accelerations look like g with inverted sign, as iOS and watchOS (Core "
        "Motion) give them: their median length is about 1, and gravity points the other way "
        f"than in the windows that were fitted. Multiply by {-STANDARD_GRAVITY}, if the sensor "
        "is worn the same way."
    )


def _doubts_of(imu: ImuWindows, layout: Layout) -> tuple[Doubt, ...]:
    """Return what is doubtful about the sensors of each site."""
    by_site = []
    for site, readings in zip(layout.sites, _sample_of_sensors(imu, layout), strict=True):
        acc, gyro = (None if rows is None else np.moveaxis(rows, 1, -1) for rows in readings)
        by_site.append((site, find_doubts(acc, gyro, imu.rate)))
    return sites_in_doubt(by_site)


def _sample_of_sensors(
    imu: ImuWindows, layout: Layout
) -> list[tuple[AnyArray | None, AnyArray | None]]:
    """Return some windows (m, 3, T) of acc and gyro of each site, of the rows that have them."""
    step = max(1, len(imu.values) // CHECKED)
    rows, present = imu.values[::step], imu.present(layout)[::step]
    parts = []
    for site, columns in enumerate(layout.columns):
        readings: list[AnyArray | None] = []
        for k in range(2):
            there = present[:, site, k]
            sensor = rows[:, list(columns[3 * k : 3 * k + 3])] if there.any() else None
            readings.append(sensor if sensor is None or there.all() else sensor[there])
        parts.append((readings[0], readings[1]))
    return parts


def _mean_accelerations(
    imu: ImuWindows, layout: Layout
) -> tuple[tuple[str, float, float, float], ...]:
    """Return the site and the mean acceleration of each accelerometer."""
    means = []
    for site, (acc, _) in zip(layout.sites, _sample_of_sensors(imu, layout), strict=True):
        if acc is not None:
            x, y, z = acc.mean(axis=(0, 2), dtype=np.float64).tolist()
            means.append((site, x, y, z))
    return tuple(means)


def _by_site(
    means: Iterable[tuple[str, float, float, float]],
) -> dict[tuple[str, int], AnyArray]:
    """Return the mean acceleration of each site; several without a name are numbered."""
    found: dict[tuple[str, int], AnyArray] = {}
    for site, *mean in means:
        found[site, sum(site == other for other, _ in found)] = np.array(mean)
    return found


def opposite(before: AnyArray, now: AnyArray) -> bool:
    """Tell whether two mean accelerations point to opposite sides."""
    return bool(before @ now < -OPPOSITE * _length(before) * _length(now))


def _length(mean: AnyArray) -> float:
    return float(np.linalg.norm(mean))


def _point(mean: AnyArray) -> str:
    return f"({', '.join(f'{value:.1f}' for value in mean)})"


def _warn_about_other_clips(imu: ImuWindows, layout: Layout) -> None:
    """Warn if the accelerations of some recordings have another scale than those of the others."""
    acc = [list(columns[:3]) for columns in layout.columns if columns[0] >= 0]
    if imu.clips is None or len(imu.clips) != len(imu) or not acc or "acc" in _sensors(imu.told):
        return
    if imu.measured is not None:  # the clips may have different sensors
        return
    names, codes = np.unique(imu.clips, return_inverse=True)
    if not 1 < len(names) <= CHECKED:
        return
    lengths = np.linalg.norm(imu.values[:, acc[0], ::4].astype(np.float64, copy=False), axis=1)
    levels = np.median(lengths, axis=1)
    of_clips = np.array([np.median(levels[codes == k]) for k in range(len(names))])
    ratio = of_clips / max(float(np.median(of_clips)), 1e-12)
    other = names[(ratio < 0.25) | (ratio > 4)].tolist()
    if other:
        more = f" and {len(other) - 8} more" if len(other) > 8 else ""
        warn(
            f"The accelerations of {len(other)} of {len(names)} recordings have another scale than "
            f"those of the others: {', '.join(map(str, other[:8]))}{more}. Give all in m/s².",
            UnitsWarning,
        )


def _sensors(told: Iterable[str]) -> set[str]:
    """Return the sensors of doubts."""
    return {key.partition(":")[0] for key in told}
