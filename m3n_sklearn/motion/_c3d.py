"""Reader of C3D files: positions of joints or markers, as motion-capture systems write them."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._files import reading
from ._inverse_kinematics import Layout, check_tracking
from ._joint_tables import Table, check_scale, table_motion
from ._motion import Motion

__all__ = ["read_c3d"]

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254}
"""Meters per unit, by the words that the files use."""


def read_c3d(
    path: str | os.PathLike[str],
    layout: Layout = "auto",
    *,
    rate: float | None = None,
    scale: float | str = "auto",
    up: str | ArrayLike = "auto",
    max_gap: float = 0.25,
    noise: float = 0.01,
    stature: float | None = None,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
    source: str | None = None,
) -> Motion:
    """Read the joint positions of a C3D file and estimate the motion.

    Needs the package ezc3d (``pip install m3n-sklearn[c3d]``).

    Parameters
    ----------
    path : path-like
        A C3D file whose points include the joint centers of the limbs, such as those that Vicon's
        Plug-in Gait calculates (LFEP, LFEO, LTIO, LCLO, LHUO, LRAO), LHJC, LKJC, ..., or points
        that are called by the joint. Pairs of markers such as ``RKneeLat`` and ``RKneeMed`` count
        as the joint between them.
    layout : str, sequence of str, or mapping of str to str or int, default="auto"
        The name of a point, or its number, by SMPL joint; or the names of all points in the
        spellings of :func:`motion_from_joints`. "auto" takes the names in the file.
    rate : float, optional
        Frames per second. Overrides the rate of the file.
    scale : float or "auto", default="auto"
        Meters per unit. "auto" takes the unit that the file names.
    up : str or array-like of shape (3,), default="auto"
        The axis or direction that points up. "auto" takes z unless the body stands along another
        axis most of the time.
    max_gap, noise, stature
        See :func:`motion_from_joints`.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the file.
    source : str, optional
        Origin of the clip.

    Returns
    -------
    Motion
        24 joints in a world with z up.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If ezc3d is not installed.
    ValueError
        If the file is damaged, if joints are missing among its points (markers on the skin are not
        joints), or as :func:`motion_from_joints` does.

    See Also
    --------
    read_trc : The same for TRC files.
    motion_from_joints : What positions do not determine.

    Examples
    --------
    >>> from m3n_sklearn.motion import read_c3d
    >>> own = {"left_hip": "LHJC", "left_knee": "LKJC"}  # and the ten other joints of the limbs
    >>> # read_c3d("walk.c3d", own)
    """
    about: dict[str, Any] = {
        "text": text,
        "label": label,
        "subject": subject,
        "name": name,
        "source": source,
    }
    check_tracking(rate, up, "right", max_gap, noise, stature, about)
    check_scale(scale)
    with reading(path, "a C3D file") as file:
        return table_motion(
            _read_table(file),
            file,
            layout=layout,
            rate=rate,
            scale=scale,
            up=up,
            max_gap=max_gap,
            noise=noise,
            stature=stature,
            **about,
        )


def _read_table(file: Path) -> Table:
    """Return the points, names, rate and unit of a file."""
    try:
        import ezc3d
    except ImportError as error:
        raise ImportError(
            "C3D files are read by ezc3d, which is not installed. Install it with "
            "pip install m3n-sklearn[c3d]."
        ) from error
    with file.open("rb") as opened:
        if opened.read(2)[1:] != b"\x50":
            raise ValueError("it is not a C3D file: its second byte must be 80.")
    content = ezc3d.c3d(str(file))
    point = content["parameters"]["POINT"]
    # 1. Points (4, K, F): missing where all coordinates are zero or the residual is negative
    places = np.moveaxis(np.asarray(content["data"]["points"], np.float64)[:3], 0, -1)
    places = places.transpose(1, 0, 2)
    residuals = np.asarray(content["data"]["meta_points"]["residuals"], np.float64)
    if residuals.size == places.shape[0] * places.shape[1]:
        places[residuals.reshape(places.shape[1], places.shape[0]).T < 0] = np.nan
    if not places.size:
        raise ValueError("it has no points; analog channels are not positions.")
    # 2. Names: more than 255 are continued in further parameters
    names = [str(each).strip() for key in _labels(point) for each in point[key]["value"]]
    if len(names) < places.shape[1]:
        raise ValueError(f"it has {places.shape[1]} points, but {len(names)} names.")
    unit = "".join(point["UNITS"]["value"][:1]).strip().lower() if "UNITS" in point else "mm"
    rate = float(point["RATE"]["value"][0]) if "RATE" in point else 0.0
    return Table(
        places,
        names=names[: places.shape[1]],
        rate=rate if rate > 0 else None,
        meters=UNITS.get(unit),
        up="z",
    )


def _labels(point: Mapping[str, Any]) -> Sequence[str]:
    """Return LABELS, LABELS2, ... as far as there are such parameters."""
    return [key for key in ("LABELS", *(f"LABELS{n}" for n in range(2, 9))) if key in point]
