"""What the exports of watches and loggers mean: units, signs and axes, each with its source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._channel_names import STANDARD_GRAVITY
from .._typing import Array
from .._validation import check_rotation

__all__ = ["CONVENTIONS", "Axes", "Convention", "read_axes"]

G = STANDARD_GRAVITY
DEG = np.pi / 180


class Convention(NamedTuple):
    """How one family of devices writes its readings."""

    acc: float  # factor to m/s², negative where gravity has the opposite sign
    gyro: float | None  # factor to rad/s; None without a gyroscope
    devices: str
    units: str
    source: str


ANDROID = Convention(
    1.0,
    1.0,
    "phones and watches with Android",
    "m/s², rad/s",
    "https://developer.android.com/reference/android/hardware/SensorEvent",
)
APPLE = Convention(
    -G,
    1.0,
    "iPhone and Apple Watch (Core Motion)",
    "g with inverted sign, rad/s",
    "https://developer.apple.com/documentation/coremotion/cmacceleration",
)

CONVENTIONS: dict[str, Convention] = {
    "android": ANDROID,
    "wear_os": ANDROID._replace(devices="watches with Wear OS"),
    "ios": APPLE,
    "apple_watch": APPLE._replace(devices="Apple Watch (Core Motion)"),
    "axivity": Convention(
        G,
        DEG,
        "Axivity AX3 and AX6",
        "g, deg/s",
        "https://github.com/digitalinteraction/openmovement/blob/master/Docs/ax3/ax3-faq.md",
    ),
    "actigraph": Convention(
        G,
        DEG,
        "ActiGraph GT3X and GT9X, raw CSV",
        "g, deg/s",
        "https://search.r-project.org/CRAN/refmans/MIMSunit/html/import_actigraph_csv.html",
    ),
    "empatica_e4": Convention(
        G / 64,
        None,
        "Empatica E4",
        "1/64 g",
        "https://support.empatica.com/hc/en-us/articles/201608896",
    ),
    "embrace_plus": Convention(
        G,
        None,
        "Empatica Embrace, CSV export",
        "g",
        "https://support.empatica.com/hc/en-us/articles/360028646091",
    ),
    "metamotion": Convention(
        G,
        DEG,
        "MbientLab MetaMotion, CSV of MetaBase",
        "g, deg/s",
        "https://mbientlab.com/tutorials/Apps.html",
    ),
    "shimmer": Convention(
        1.0,
        DEG,
        "Shimmer3, calibrated columns of Consensys",
        "m/s², deg/s",
        "https://www.shimmersensing.com/product/consensyspro-software/",
    ),
    "garmin": Convention(
        G / 1000,
        DEG,
        "Garmin watches, Connect IQ",
        "mg, deg/s",
        "https://developer.garmin.com/connect-iq/core-topics/sensors/",
    ),
}
"""Named conventions. The axes of all are right-handed and those of the device."""


class Axes(NamedTuple):
    """Convention of a device, and its mounting in the site."""

    convention: Convention | None
    mount: Array | None  # (3, 3), columns are the axes of the sensor in the site
    text: str

    def turned(self, triad: NDArray[Any]) -> NDArray[Any]:
        """Return readings (T, 3) in the axes of the site."""
        return triad if self.mount is None else triad @ self.mount.T


def read_axes(axes: Any) -> Axes:
    """Read `axes=`: a convention, three signed axes, both in one string, or a matrix."""
    if axes is None:
        return Axes(None, None, "as recorded")
    if not isinstance(axes, str):
        return Axes(None, check_rotation(axes, "axes"), "turned by the matrix of axes=")
    words = axes.lower().replace(",", " ").split()
    name = words[0].replace("-", "_") if words else ""
    convention = CONVENTIONS.get(name)
    if convention is not None:
        words = words[1:]
    if len(words) not in (0, 3) or (convention is None and not words):
        raise ValueError(_refusal(axes))
    if not words:
        return Axes(convention, None, f"{name}: {convention.units}" if convention else "")
    mount = _signed(words, axes)
    return Axes(convention, check_rotation(mount, f"axes={axes!r}"), axes)


def _signed(words: Sequence[str], given: str) -> Array:
    """Return the matrix of three signed axes of the sensor, which are x, y and z of the site."""
    mount = np.zeros((3, 3))
    for row, word in enumerate(words):
        axis = word.lstrip("+-")
        if axis not in ("x", "y", "z") or len(word) - len(axis) > 1:
            raise ValueError(_refusal(given))
        mount[row, "xyz".index(axis)] = -1.0 if word.startswith("-") else 1.0
    return mount


def _refusal(given: Any) -> str:
    return (
        f"axes={given!r} is not understood. Give a convention ({', '.join(CONVENTIONS)}), the axes "
        "of the sensor that are x, y and z of the site, such as '-x -y z', both, such as "
        "'ios -x -y z', or a (3, 3) rotation matrix."
    )
