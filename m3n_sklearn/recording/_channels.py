"""Channels of a recording: their names (site, sensor, axis) and the axes of sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._channel_names import is_series, name_site, read_name, read_names
from .._validation import check_rotation, list_of
from .._windows import Windows, tell, told

__all__ = [
    "AXES",
    "SENSORS",
    "Triad",
    "channel_names",
    "parse_channels",
    "sites_of",
    "to_site_axes",
]

SENSORS = ("acc", "gyro")
"""Kinds of sensor, in channel order."""

AXES = ("x", "y", "z")
"""Axes of a sensor, in channel order."""


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
        If no site is given, a site occurs twice, a kind of sensor is unknown, or a site is another
        spelling of one of the catalogue, such as ``"wrist_right"``.

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
    for place in places:
        written = name_site(place)
        if written != place:
            raise ValueError(f"The site {place!r} is written {written!r}; give that name.")
        if place and getattr(read_name(f"{place}_acc_x"), "site", None) != place:
            raise ValueError(
                f"{place!r} is not a site: in the names of channels it means something else. Give "
                "a site such as 'right_wrist'."
            )
    if not kinds or set(kinds) - set(SENSORS):
        raise ValueError(f"sensors must be some of {SENSORS}, got {kinds}.")
    return tuple(f"{place}_{kind}_{axis}" for place in places for kind in kinds for axis in AXES)


def parse_channels(names: Sequence[str]) -> tuple[Triad, ...]:
    """Return the sensors of channel names, in the order of their first channel.

    Parameters
    ----------
    names : sequence of str
        Names such as ``left_wrist_acc_x``, or ``acc_x`` if there is only one site. Usual spellings
        such as ``ax``, ``accX`` and ``Gyroscope Y (rad/s)`` are understood; see "Channel names that
        are understood" in :doc:`/user_guide/tables`.

    Returns
    -------
    tuple of Triad
        One entry per sensor. The axes may be in any order and in any columns.

    Raises
    ------
    ValueError
        If a name is not understood, two names mean the same channel, or a sensor lacks an axis.

    Examples
    --------
    >>> parse_channels(["acc_x", "acc_y", "acc_z"])
    (Triad(site='', sensor='acc', columns=(0, 1, 2)),)
    >>> parse_channels(["gx", "gy", "gz", "ax", "ay", "az"])[0]
    Triad(site='', sensor='gyro', columns=(0, 1, 2))
    """
    if isinstance(names, str):
        raise TypeError(f"names must be a sequence of channel names, got one string {names!r}.")
    written, _ = read_names(list_of(names, "names", "a sequence of channel names"))
    if is_series(written):
        raise ValueError(
            f"The channels {', '.join(written)} are a generic series, which has no sensors."
        )
    found: dict[tuple[str, str], dict[str, int]] = {}
    for column, name in enumerate(written):
        start, _, axis = name.rpartition("_")
        site, _, sensor = start.rpartition("_")
        found.setdefault((site, sensor), {})[axis] = column
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
    turned = X.assign(imu=imu, channels=X.channels, present=present, **masks)
    return tell(turned, told(X))
