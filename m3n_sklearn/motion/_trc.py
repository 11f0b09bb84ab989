"""Reader of TRC files: positions of joints, as OpenSim, OpenCap and Pose2Sim write them."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._files import reading
from .._text_files import read_text
from .._validation import is_number
from ._from_joints import check_tracking
from ._joint_tables import Table, check_scale, table_motion
from ._motion import Motion
from ._tracked_joints import Layout

__all__ = ["read_trc"]

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254, "inches": 0.0254, "meters": 1.0}
"""Meters per unit, by the words that the files use."""


def read_trc(
    path: str | os.PathLike[str],
    layout: Layout = "auto",
    *,
    rate: float | None = None,
    scale: float | str = "auto",
    up: str | ArrayLike = "auto",
    max_gap: float = 0.25,
    noise: float = 0.03,
    stature: float | None = None,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
    source: str | None = None,
) -> Motion:
    """Read a TRC file of joint positions and estimate the motion.

    Parameters
    ----------
    path : path-like
        A TRC file whose columns are joints, such as those of OpenCap and Pose2Sim. Pairs of a
        lateral and a medial marker, such as OpenCap's ``r_knee_study`` and ``r_mknee_study``, count
        as the joint between them.
    layout : str, sequence of str, or mapping of str to str or int, default="auto"
        The name of a column, or its number, by SMPL joint; or the names of all columns in the
        spellings of :func:`motion_from_joints`. "auto" takes the names in the file.
    rate : float, optional
        Frames per second. Overrides the rate and the time stamps of the file.
    scale : float or "auto", default="auto"
        Meters per unit. "auto" takes the unit that the file names.
    up : str or array-like of shape (3,), default="auto"
        The axis or direction that points up. "auto" takes y, as OpenSim does, unless the body
        stands along another axis most of the time.
    max_gap, noise, stature
        See :func:`motion_from_joints`.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the file.
    source : str, optional
        Origin of the clip. By default "markerless" if the lengths of the limbs scatter as they do
        with cameras.

    Returns
    -------
    Motion
        24 joints in a world with z up.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, if joints are missing among its columns (markers on the skin are
        not joints), or as :func:`motion_from_joints` does.

    See Also
    --------
    read_c3d : The same for C3D files.
    motion_from_joints : What positions do not determine.

    Examples
    --------
    >>> from m3n_sklearn.motion import read_trc
    >>> own = {"left_hip": "LHJC", "left_knee": "LKJC"}  # and the ten other joints of the limbs
    >>> # read_trc("walk.trc", own)
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
    with reading(path, "a TRC file") as file:
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
    """Return the positions, names, clock and unit of a file."""
    lines = read_text(file).splitlines()
    if len(lines) < 6 or not lines[0].lstrip().startswith("PathFileType"):
        raise ValueError("a TRC file begins with PathFileType and has at least six lines.")
    # 1. The header: its names and values, then the names of the columns
    header = dict(zip(lines[1].split(), lines[2].split(), strict=False))
    unit = header.get("Units", "mm").lower()
    if unit not in UNITS:
        raise ValueError(f"its unit is {unit!r}, but only {', '.join(UNITS)} are known.")
    rate = header.get("DataRate")
    # every name stands above the first of its three columns
    tabs = "\t" in lines[3]
    cells = lines[3].split("\t") if tabs else lines[3].split()
    names = [cell.strip() for cell in cells[2:] if cell.strip()]
    # 2. The rows: frame, time, and x, y, z of each column; an empty cell is missing
    width = 2 + 3 * len(names)
    rows = []
    for number, line in enumerate(lines[4:], 5):
        row = line.split("\t") if tabs else line.split()
        if not line.strip() or not row[0].strip().lstrip("-").isdigit():
            continue  # X1 Y1 Z1 ..., or an empty line
        values = [_number(cell) for cell in row[:width]]
        if any(cell.strip() for cell in row[width:]) or len(values) < 2:
            raise ValueError(
                f"line {number} has {len(row)} cells, but {len(names)} names need {width}."
            )
        rows.append(values + [np.nan] * (width - len(values)))
    announced = header.get("NumFrames", "")
    if not rows or (announced.isdigit() and len(rows) < int(announced)):
        raise ValueError(
            f"it announces {announced or 'no number of'} frames, but has {len(rows)} rows of "
            "numbers. Is it truncated? If not, correct NumFrames."
        )
    table = np.array(rows)
    times = table[:, 1]
    return Table(
        table[:, 2:].reshape(len(table), -1, 3),
        names=names,
        rate=float(rate) if rate and _is_float(rate) and float(rate) > 0 else None,
        times=times if np.isfinite(times).all() and (np.diff(times) > 0).all() else None,
        meters=UNITS[unit],
        up="y",
    )


def _number(cell: str) -> float:
    """Return the number in a cell; NaN for an empty one."""
    return float(cell) if cell.strip() else np.nan


def _is_float(word: str) -> bool:
    """Tell whether a word is a number."""
    try:
        return is_number(float(word))
    except ValueError:
        return False
