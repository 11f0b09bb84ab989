"""Channels of a recording: their names (site, sensor, axis), units and axes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._validation import check_rotation, list_of, real_array
from .._warn import warn
from .._windows import Windows

__all__ = [
    "AXES",
    "SENSORS",
    "STANDARD_GRAVITY",
    "Triad",
    "UnitsWarning",
    "acc_from_g",
    "channel_names",
    "gyro_from_dps",
    "parse_channels",
    "sites_of",
    "to_site_axes",
    "warn_units",
]

SENSORS = ("acc", "gyro")
"""Kinds of sensor, in channel order."""

AXES = ("x", "y", "z")
"""Axes of a sensor, in channel order."""

_NAME = re.compile(r"(?:(?P<site>.+)_)?(?P<sensor>acc|gyro)_(?P<axis>[xyz])")

STANDARD_GRAVITY = 9.80665
"""Standard gravity in m/s², exact by definition."""

# Unit, factor to m/s², and the interval of median norms from half to double gravity in that unit.
# An acceleration without gravity can be in the first interval too; it also needs a warning.
_ACC_UNITS = (
    (0.5, 2.0, "g", STANDARD_GRAVITY),
    (500.0, 2000.0, "mg", STANDARD_GRAVITY / 1000),
    (5000.0, 20000.0, "mm/s²", 1e-3),
)
# rad/s. Sensors saturate at 2000 deg/s = 35 rad/s per axis; the fastest waving in the data has a
# median of 20 and a 99th percentile of 42.
_GYRO_MEDIAN, _GYRO_P99 = 25.0, 60.0

_GRAVITY_LIKE, _EXCHANGED_ACC = (7.0, 14.0), 5.0
"""Medians of triads that look like m/s² with gravity, and below which an acceleration does not."""


class Triad(NamedTuple):
    """The three columns of one sensor at one site.

    Attributes
    ----------
    site : str
        Site of the sensor; empty if the names do not contain one.
    sensor : {"acc", "gyro"}
        What it measures.
    columns : tuple of int
        Columns of the x, y and z axis.
    """

    site: str
    sensor: str
    columns: tuple[int, int, int]


def channel_names(
    sites: str | Sequence[str], sensors: str | Sequence[str] = SENSORS
) -> tuple[str, ...]:
    """Return the channel names of sites: acc x y z, then gyro x y z, site after site.

    Parameters
    ----------
    sites : str or sequence of str
        One site or several, in the order of the channels.
    sensors : str or sequence of str, default=("acc", "gyro")
        Kinds of sensor at each site.

    Returns
    -------
    tuple of str
        Names such as ``left_wrist_acc_x``.

    Raises
    ------
    ValueError
        If no site is given, a site occurs twice, or a kind of sensor is unknown.

    Examples
    --------
    >>> channel_names("left_wrist", "acc")
    ('left_wrist_acc_x', 'left_wrist_acc_y', 'left_wrist_acc_z')
    >>> len(channel_names(["left_wrist", "right_wrist"]))
    12
    """
    places = (sites,) if isinstance(sites, str) else tuple(list_of(sites, "sites", "names"))
    kinds = (sensors,) if isinstance(sensors, str) else tuple(list_of(sensors, "sensors", "names"))
    if not all(isinstance(place, str) for place in places):
        raise TypeError(f"sites must be names such as 'left_wrist', got {places}.")
    if not places or len(set(places)) < len(places):
        raise ValueError(f"sites must be one or more different names, got {places}.")
    if not kinds or set(kinds) - set(SENSORS):
        raise ValueError(f"sensors must be some of {SENSORS}, got {kinds}.")
    return tuple(f"{place}_{kind}_{axis}" for place in places for kind in kinds for axis in AXES)


def parse_channels(names: Sequence[str]) -> tuple[Triad, ...]:
    """Return the sensors of channel names, in the order of their first channel.

    Parameters
    ----------
    names : sequence of str
        Names such as ``left_wrist_acc_x``, or ``acc_x`` if there is only one site.

    Returns
    -------
    tuple of Triad
        One entry per sensor. The axes may be in any order and in any columns.

    Raises
    ------
    ValueError
        If a name does not end in ``_acc_x`` or the like, occurs twice, or a sensor lacks an axis.

    Examples
    --------
    >>> parse_channels(["acc_x", "acc_y", "acc_z"])
    (Triad(site='', sensor='acc', columns=(0, 1, 2)),)
    """
    if isinstance(names, str):
        raise TypeError(f"names must be a sequence of channel names, got one string {names!r}.")
    found: dict[tuple[str, str], dict[str, int]] = {}
    for column, name in enumerate(list_of(names, "names", "a sequence of channel names")):
        match = _NAME.fullmatch(str(name))
        if match is None:
            raise ValueError(
                f"Channel {name!r} is not named <site>_acc_<x|y|z> or <site>_gyro_<x|y|z>. "
                "channel_names(sites) returns such names."
            )
        axes = found.setdefault((match["site"] or "", match["sensor"]), {})
        if match["axis"] in axes:
            raise ValueError(f"Channel {name!r} occurs twice.")
        axes[match["axis"]] = column
    for (site, sensor), axes in found.items():
        if len(axes) < 3:
            there = ", ".join(sorted(axes))
            raise ValueError(
                f"The {sensor} of site {site!r} has only the axes {there}; all of x, y and z are "
                "needed, because augmentation rotates them as one vector."
            )
    return tuple(
        Triad(site, sensor, (axes["x"], axes["y"], axes["z"]))
        for (site, sensor), axes in found.items()
    )


def sites_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return the sites in channel names, in order.

    Parameters
    ----------
    names : sequence of str
        Channel names.

    Returns
    -------
    tuple of str
        Site names.

    Examples
    --------
    >>> sites_of(channel_names(["left_wrist", "head"]))
    ('left_wrist', 'head')
    """
    return tuple(dict.fromkeys(triad.site for triad in parse_channels(names)))


class UnitsWarning(UserWarning):
    """Sensor values that look like another unit than m/s² or rad/s."""


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
    """Warn if accelerations or angular rates look like another unit, and give the factor.

    Parameters
    ----------
    acc : array-like, optional
        Accelerations that should be in m/s² with gravity, x y z along `axis`.
    gyro : array-like, optional
        Angular rates that should be in rad/s.
    axis : int, default=-1
        The axis of length 3. For windows of shape (n, 3, T) it is 1.

    Warns
    -----
    UnitsWarning
        If the median of the norm of `acc` looks like g, mg or mm/s², `gyro` looks like deg/s, or
        the two look exchanged.

    Examples
    --------
    >>> import numpy as np
    >>> warn_units(np.tile([0.0, 0.0, 9.8], (100, 1)))
    """
    if acc is not None and gyro is not None:
        norm, rate = _median_norm(acc, axis), _median_norm(gyro, axis)
        if norm < _EXCHANGED_ACC and _GRAVITY_LIKE[0] <= rate <= _GRAVITY_LIKE[1]:
            warn(
                f"The median length of the angular rate is {rate:.3g} and that of the acceleration "
                f"{norm:.3g}; with gravity it should be about 9.8 m/s². The accelerometer and the "
                "gyroscope look exchanged: check the order of the channels.",
                UnitsWarning,
            )
            return
    if acc is not None:
        norm = _median_norm(acc, axis)
        for low, high, unit, factor in _ACC_UNITS:
            if low <= norm <= high:
                warn(
                    f"The median length of the acceleration is {norm:.3g}; with gravity it should "
                    f"be about 9.8 m/s². These look like {unit}: multiply by {factor:.6g}.",
                    UnitsWarning,
                )
    if gyro is not None:
        norms = _norms(gyro, axis)
        if norms.size and (np.median(norms) > _GYRO_MEDIAN or np.percentile(norms, 99) > _GYRO_P99):
            warn(
                f"The angular rate has a median of {np.median(norms):.3g} and a 99th percentile of "
                f"{np.percentile(norms, 99):.3g}, too fast for a limb in rad/s. These look like "
                f"deg/s: multiply by pi/180 = {np.pi / 180:.6g}.",
                UnitsWarning,
            )


def _median_norm(values: ArrayLike, axis: int) -> float:
    """Return the median norm of triads."""
    norms = _norms(values, axis)
    return float(np.median(norms)) if norms.size else np.nan


def _norms(values: ArrayLike, axis: int) -> NDArray[np.float64]:
    """Return the finite norms of triads."""
    array = real_array(values, "values", "triads x y z")
    if not -array.ndim <= axis < array.ndim or array.shape[axis] != 3:
        raise ValueError(
            f"The axis of x, y and z must have length 3, got shape {array.shape} with axis={axis}."
        )
    norms = np.linalg.norm(array, axis=axis)
    return norms[np.isfinite(norms)]


def to_site_axes(X: Windows, mount: Mapping[str, ArrayLike]) -> Windows:
    """Rotate readings from the axes of their sensors into those of the sites.

    Pretrained weights such as ``"m3n-base"`` were trained with sensors whose axes are those of the
    site (see :doc:`/user_guide/conventions`). Readings of a sensor that is mounted differently must
    be rotated first.

    Parameters
    ----------
    X : Windows
        With a column ``imu`` and channel names.
    mount : mapping of str to array-like of shape (3, 3)
        Rotation of the sensor in its site, by site, as in
        :class:`~m3n_sklearn.simulation.SMPLIMUSimulator` and in ``mount`` of the loaders of
        `m3n_sklearn.datasets`. The columns are the sensor's axes. Other sites do not change.

    Returns
    -------
    Windows
        The same windows, with rotated accelerations and angular rates.

    Raises
    ------
    ValueError
        If the channels have no names, X lacks a site, or a matrix is not a rotation.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn import Windows
    >>> from m3n_sklearn.recording import channel_names, to_site_axes
    >>> upside_down = np.zeros((1, 3, 50))
    >>> upside_down[:, 2] = -9.81
    >>> X = Windows(imu=upside_down, rate=50.0, channels=channel_names("right_wrist", "acc"))
    >>> half_a_turn_about_x = np.diag([1.0, -1.0, -1.0])
    >>> to_site_axes(X, {"right_wrist": half_a_turn_about_x})["imu"][0, :, 0] + 0.0
    array([0.  , 0.  , 9.81])
    """
    if not isinstance(X, Windows) or "imu" not in X.columns or X.channels is None:
        raise ValueError(
            "X must be Windows with a column imu and channel names, such as Windows(imu=..., "
            "rate=50.0, channels=channel_names('right_wrist'))."
        )
    if not isinstance(mount, Mapping):
        raise TypeError(f"mount must map sites to (3, 3) rotations, got {type(mount).__name__}.")
    rotations = {site: check_rotation(one, f"mount[{site!r}]") for site, one in mount.items()}
    triads = parse_channels(X.channels)
    unknown = set(rotations) - {triad.site for triad in triads}
    if unknown:
        raise ValueError(
            f"mount contains {', '.join(sorted(map(str, unknown)))}, but X has the sites "
            f"{', '.join(dict.fromkeys(triad.site for triad in triads))}."
        )
    imu = np.array(X["imu"])
    observed = np.array(X["observed"]) if "observed" in X else None
    for triad in triads:
        if triad.site in rotations:
            columns = list(triad.columns)
            imu[:, columns] = rotations[triad.site].astype(imu.dtype) @ imu[:, columns]
            if observed is not None:  # a rotated axis depends on all three
                observed[:, columns] = observed[:, columns].all(axis=1, keepdims=True)
    present = {name: X.present(name) for name in ("imu", "observed") if name in X}
    masks: dict[str, Any] = {} if observed is None else {"observed": observed}
    return X.assign(imu=imu, channels=X.channels, present=present, **masks)
