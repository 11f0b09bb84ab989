"""Reader of C3D files: positions of joints or markers, as motion-capture systems write them.

A file is a header of one block, the parameters, and the data: for each frame four numbers a point
(x, y, z, and a residual that is negative where the point was not seen), then analog samples, which
are skipped. Numbers are integers with a common scale or floats, in the byte order of one of three
processors. See https://www.c3d.org for the definition.

The library ezc3d, with which the tests compare, ends the process on some damaged files.
"""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._files import reading
from .._typing import AnyArray, Array
from ._from_joints import check_tracking
from ._joint_tables import Table, check_scale, table_motion
from ._motion import Motion
from ._tracked_joints import Layout

__all__ = ["read_c3d"]

BLOCK, MAGIC = 512, 0x50
"""Bytes of a block, and the second byte of every file."""

INTEL, DEC, MIPS = 84, 85, 86
"""Marks of the processor whose numbers a file has."""

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
    content = _Content(file.read_bytes())
    parameters = content.parameters()
    places = content.points(parameters)
    # more than 255 names are continued in further parameters
    names = [
        name
        for key in ("LABELS", *(f"LABELS{n}" for n in range(2, 100)))
        for name in parameters.get(f"POINT:{key}", ())
    ]
    if len(names) < places.shape[1]:
        raise ValueError(f"it has {places.shape[1]} points, but {len(names)} names.")
    unit = "".join(parameters.get("POINT:UNITS", ["mm"])[:1]).lower()
    rate = float(parameters.get("POINT:RATE", [content.real(20)])[0])
    return Table(
        places,
        names=names[: places.shape[1]],
        rate=rate if 0 < rate < np.inf else None,
        meters=UNITS.get(unit),
        up="z",
    )


class _Content:
    """The bytes of a file, and how its numbers are written."""

    def __init__(self, content: bytes) -> None:
        if len(content) < 2 * BLOCK or content[1] != MAGIC:
            raise ValueError("it is not a C3D file: it is too short, or its second byte is not 80.")
        self.content = content
        self.first = BLOCK * (content[0] - 1)  # byte of the parameters
        self.processor = self.byte(self.first + 3)
        if self.processor not in (INTEL, DEC, MIPS):
            raise ValueError(f"its processor type is {self.processor}, expected 84, 85 or 86.")

    def numbers(self, at: int, count: int, kind: str) -> AnyArray:
        """Return numbers of kind "i2", "u2" or "f4"."""
        size = int(kind[1])
        if not 0 <= at <= len(self.content) - size * count:
            raise ValueError("it is truncated or damaged: an entry reaches beyond its end.")
        if kind == "f4" and self.processor == DEC:
            # the halves of a number are exchanged, and its exponent is larger by two
            halves = np.frombuffer(self.content, "<u2", 2 * count, at).reshape(-1, 2)[:, ::-1]
            return np.ascontiguousarray(halves).view("<f4")[:, 0] / 4
        mark = ">" if self.processor == MIPS else "<"
        return np.frombuffer(self.content, mark + kind, count, at)

    def byte(self, at: int) -> int:
        """Return a byte from 0 to 255."""
        if not 0 <= at < len(self.content):
            raise ValueError("it is truncated or damaged: an entry reaches beyond its end.")
        return self.content[at]

    def signed(self, at: int) -> int:
        """Return a byte from -128 to 127."""
        value = self.byte(at)
        return value - 256 if value > 127 else value

    def word(self, at: int) -> int:
        """Return a whole number of two bytes."""
        return int(self.numbers(at, 1, "u2")[0])

    def real(self, at: int) -> float:
        """Return a float."""
        return float(self.numbers(at, 1, "f4")[0])

    def parameters(self) -> dict[str, Any]:
        """Return strings or numbers by "GROUP:NAME"."""
        groups: dict[int, str] = {}
        found: dict[tuple[int, str], Any] = {}
        at = self.first + 4
        # a chain of records, each with the distance to the next one: always forward
        while length := abs(self.signed(at)):
            group = self.signed(at + 1)
            link = at + 2 + length
            name = self.content[at + 2 : link].decode("latin-1").strip().upper()
            if group < 0:
                groups[-group] = name
            else:
                found[group, name] = self._values(link + 2)
            step = self.word(link)
            if step == 0:
                break
            at = link + step
        return {f"{groups.get(group, '')}:{name}": each for (group, name), each in found.items()}

    def _values(self, at: int) -> list[Any]:
        """Return the strings or numbers of one parameter."""
        kind, count = self.signed(at), self.byte(at + 1)
        shape = [self.byte(at + 2 + k) for k in range(count)]
        start, size = at + 2 + count, math.prod(shape)
        if kind == -1:
            text = self.content[start : start + size].decode("latin-1")
            width = shape[0] if shape else 1
            return [text[k : k + width].strip() for k in range(0, len(text), max(width, 1))]
        if kind not in (1, 2, 4):
            raise ValueError(f"a parameter has the unknown type {kind}.")
        if kind == 1:
            return list(self.content[start : start + size])
        return list(self.numbers(start, size, "i2" if kind == 2 else "f4").tolist())

    def points(self, parameters: dict[str, Any]) -> Array:
        """Return positions (F, K, 3), NaN where a point was not seen."""
        count, analogs, scale = self.word(2), self.word(4), self.real(12)
        if not count:
            raise ValueError("it has no points; analog channels are not positions.")
        # 1. How many frames there are. The header counts up to 65535 only
        is_float = scale < 0
        start = BLOCK * (self.word(16) - 1)
        width = 4 * count + analogs
        space = (len(self.content) - start) // (width * (4 if is_float else 2))
        frames = next((n for n in self._frames(parameters) if 0 < n <= space), None)
        if frames is None or start < BLOCK:
            raise ValueError(
                f"it declares {self.word(8) - self.word(6) + 1} frames, but has room for "
                f"{max(space, 0)}. It is truncated or damaged."
            )
        # 2. Positions and residuals
        data = self.numbers(start, frames * width, "f4" if is_float else "i2")
        values = data.reshape(frames, width)[:, : 4 * count].reshape(frames, count, 4)
        places = np.array(values[..., :3], np.float64)
        if not is_float:
            places *= scale
        places[values[..., 3] < 0] = np.nan
        return places

    def _frames(self, parameters: dict[str, Any]) -> list[int]:
        """Return the numbers of frames that the file may mean, best first."""
        edges = [parameters.get(f"TRIAL:ACTUAL_{edge}_FIELD", ()) for edge in ("START", "END")]
        long = []
        if all(len(edge) == 2 for edge in edges):
            first, last = ((int(low) & 0xFFFF) + 65536 * int(high) for low, high in edges)
            long = [last - first + 1]
        if frames := parameters.get("POINT:LONG_FRAMES"):
            long.append(int(np.nan_to_num(frames[0])))
        counted = [int(n) & 0xFFFF for n in parameters.get("POINT:FRAMES", ())[:1]]
        return [*long, self.word(8) - self.word(6) + 1, *counted]
