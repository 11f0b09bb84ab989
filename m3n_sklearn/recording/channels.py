"""Channel names: which column is which axis of which sensor at which site."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from .._checks import list_of

__all__ = ["AXES", "SENSORS", "Triad", "channel_names", "parse_channels", "sites_of"]

SENSORS = ("acc", "gyro")
"""Kinds of sensor, in channel order."""

AXES = ("x", "y", "z")
"""Axes of a sensor, in channel order."""

_NAME = re.compile(r"(?:(?P<site>.+)_)?(?P<sensor>acc|gyro)_(?P<axis>[xyz])")


class Triad(NamedTuple):
    """The three columns of one sensor at one site.

    Attributes
    ----------
    site : str
        Where the sensor sits; empty if the names do not say.
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
    """Name the channels of some sites: acc x y z, then gyro x y z, site after site.

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
        If there is no site, a site occurs twice, or a kind of sensor is unknown.

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
    """Find the sensors behind channel names, in the order of their first channel.

    Parameters
    ----------
    names : sequence of str
        Names such as ``left_wrist_acc_x``, or ``acc_x`` if there is only one site.

    Returns
    -------
    tuple of Triad
        One entry per sensor. The axes may stand in any order and anywhere.

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
                "channel_names(sites) writes such names."
            )
        axes = found.setdefault((match["site"] or "", match["sensor"]), {})
        if match["axis"] in axes:
            raise ValueError(f"Channel {name!r} occurs twice.")
        axes[match["axis"]] = column
    for (site, sensor), axes in found.items():
        if len(axes) < 3:
            there = ", ".join(sorted(axes))
            raise ValueError(
                f"The {sensor} of site {site!r} has the axes {there} only; x, y and z belong "
                "together because augmentation rotates them as one vector."
            )
    return tuple(
        Triad(site, sensor, (axes["x"], axes["y"], axes["z"]))
        for (site, sensor), axes in found.items()
    )


def sites_of(names: Sequence[str]) -> tuple[str, ...]:
    """List the sites that occur in channel names, in order.

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
