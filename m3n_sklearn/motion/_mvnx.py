"""Reader of MVNX files: orientations and positions of the 23 segments of Xsens MVN."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np
from numpy.typing import ArrayLike

from .._files import reading
from .._typing import Array
from .._validation import check_positive
from ..skeleton import SkeletonMap, quat_conjugate, quat_multiply, quat_rotate
from ._motion import Motion
from ._rest_pose import clock_from, cut_rest_poses, warn_about_rest_poses
from ._retarget import retarget
from ._upright import find_up, stance_of, stand_up

__all__ = ["read_mvnx"]

CENTER = ("Pelvis", "L5", "L3", "T12", "T8", "Neck", "Head")
SIDES = (
    ("Shoulder", "UpperArm", "ForeArm", "Hand"),
    ("UpperLeg", "LowerLeg", "Foot", "Toe"),
)
SEGMENTS = (
    *CENTER,
    *(f"{side}{part}" for side in ("Right", "Left") for part in SIDES[0]),
    *(f"{side}{part}" for side in ("Right", "Left") for part in SIDES[1]),
)
"""Segments in the order of files that do not list them; each lies at its upper joint."""

PARENT = {
    **dict(zip(CENTER[1:], CENTER, strict=False)),
    **{f"{side}Shoulder": "T8" for side in ("Right", "Left")},
    **{f"{side}UpperLeg": "Pelvis" for side in ("Right", "Left")},
    **{
        f"{side}{part}": f"{side}{above}"
        for side in ("Right", "Left")
        for chain in SIDES
        for above, part in pairwise(chain)
    },
}

XSENS = SkeletonMap(
    {
        "pelvis": "Pelvis",
        "spine1": "L3",
        "spine2": "T12",
        "spine3": "T8",
        "neck": "Neck",
        "head": "Head",
        **{
            f"{side.lower()}_{joint}": f"{side}{part}"
            for side in ("Left", "Right")
            for joint, part in zip(
                ("collar", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot"),
                SIDES[0] + SIDES[1],
                strict=True,
            )
        },
    }
)
"""In Xsens' frames without rotation the body stands in a T-pose."""

CALIBRATION = ("identity", "tpose", "tpose-isb", "npose", "npose-isb")
"""Types of frames before the motion."""


def read_mvnx(
    path: str | os.PathLike[str],
    *,
    up: str | ArrayLike = "auto",
    rate: float | None = None,
    trim_tpose: bool = True,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
    source: str | None = "xsens",
) -> Motion:
    """Read an MVNX file of Xsens MVN and carry its motion over to SMPL's tree.

    Parameters
    ----------
    path : path-like
        An MVNX file with the orientations and positions of the segments.
    up : str or array-like of shape (3,), default="auto"
        The axis or direction of the file's world that points up. "auto" takes z, as MVN does,
        unless the body stands along another axis most of the time.
    rate : float, optional
        Frames per second. Overrides the frame rate of the file.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion, as :func:`read_bvh` does. The
        frames of the calibration, which the file marks, are always left out.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the file.
    source : str, default="xsens"
        Origin of the clip.

    Returns
    -------
    Motion
        24 joints in a world with z up, with a stature that fits the segments.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, lacks segments, orientations or positions, holds several people, or
        declares entities, which are not expanded.

    Warns
    -----
    UserWarning
        If frames of a rest pose are left out, or if the body does not stand along the axis that
        should point up.

    See Also
    --------
    retarget : How rotations are carried over, and the convention for the forearm's twist.

    Examples
    --------
    >>> from m3n_sklearn.motion import read_mvnx
    >>> # motion = read_mvnx("walk.mvnx", text="a person walks")
    """
    about: dict[str, Any] = {
        "text": text,
        "label": label,
        "subject": subject,
        "name": name,
        "source": source,
    }
    Motion(np.zeros((1, 24, 3)), rate=1.0, **about)
    if rate is not None:
        check_positive(rate, "rate", "Hz")
    with reading(path, "an MVNX file") as file:
        # 1. Segments over time: global orientations and positions
        content = _parse(file)
        names, quats, places = _segments(content)
        hertz = check_positive(content.rate if rate is None else rate, "frameRate", "Hz")
        # 2. Local rotations and offsets, carried over to SMPL's tree
        tree = [names.index(PARENT[each]) if each in PARENT else -1 for each in names]
        local, offsets = _local(tree, quats, places)
        poses, trans, stature = retarget(
            local, places[:, 0], names, tree, offsets, skeleton=XSENS, up="z"
        )
        # 3. Remove rest poses, find the upward axis
        times = _frame_numbers(content) / hertz
        cut = cut_rest_poses(poses, trans, times, trim=trim_tpose)
        warn_about_rest_poses([cut])
        poses, trans = poses[cut.kept], trans[cut.kept]
        poses, trans = stand_up(poses, trans, find_up(stance_of(poses, trans), up, usual="z"))
        about["name"] = file.stem if name is None else name
        times = times[cut.kept]
        even = len(times) == 1 or np.ptp(np.diff(times)) < 0.5 / hertz
        clock = clock_from(cut.start, len(poses), hertz) if even else {"times": times}
        return Motion(poses, trans, **clock, stature=stature, **about)


class _Content:
    """What the parser has collected."""

    def __init__(self) -> None:
        self.people = 0
        self.rate: Any = None
        self.labels: list[str] = []
        self.frames: list[dict[str, list[float]]] = []
        self.numbers: list[str] = []
        self._frame: dict[str, list[float]] | None = None
        self._text: list[str] | None = None
        self._number = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take a tag that opens."""
        kind = tag.rpartition(":")[2]
        if kind == "subject":
            self.people += 1
            self.rate = (
                float(attributes["frameRate"].replace(",", "."))
                if "frameRate" in attributes
                else None
            )
        elif kind == "segment" and "label" in attributes:
            self.labels.append(attributes["label"])
        elif kind == "frame":
            is_motion = attributes.get("type", "normal") not in CALIBRATION
            self._frame = {} if is_motion else None
            self._number = attributes.get("index", "")
        elif kind in ("orientation", "position") and self._frame is not None:
            self._text = []

    def data(self, text: str) -> None:
        """Take text, possibly a part of an element's."""
        if self._text is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        """Take a tag that closes."""
        kind = tag.rpartition(":")[2]
        if kind == "frame" and self._frame is not None:
            self.frames.append(self._frame)
            self.numbers.append(self._number)
            self._frame = None
        elif self._text is not None and self._frame is not None:
            self._frame[kind] = [float(word) for word in "".join(self._text).split()]
            self._text = None


def _refuse(*_: Any) -> None:
    """Refuse declarations, by which a few bytes could expand to gigabytes."""
    raise ValueError("it declares a document type or entities, which MVNX files do not.")


def _parse(file: Path) -> _Content:
    """Read a file tag by tag."""
    content = _Content()
    parser = expat.ParserCreate()
    parser.StartElementHandler = content.start
    parser.EndElementHandler = content.end
    parser.CharacterDataHandler = content.data
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    with file.open("rb") as opened:
        parser.ParseFile(opened)
    if content.people != 1:
        raise ValueError(f"it must have one subject, but has {content.people}.")
    if not content.frames:
        raise ValueError("it has no frames of motion.")
    return content


def _frame_numbers(content: _Content) -> Array:
    """Return the number of each frame, which tells where frames are missing."""
    if not all(number.isdigit() for number in content.numbers):
        return np.arange(len(content.frames), dtype=np.float64)
    numbers = np.array(content.numbers, dtype=np.float64)
    if (np.diff(numbers) <= 0).any():
        raise ValueError("the indices of its frames do not increase. Export the take again.")
    return numbers - numbers[0]


def _segments(content: _Content) -> tuple[list[str], Array, Array]:
    """Return names, global quaternions (F, S, 4) and positions (F, S, 3) of Xsens' 23 segments."""
    labels = content.labels or list(SEGMENTS)
    missing = [segment for segment in SEGMENTS if segment not in labels]
    if missing:
        raise ValueError(f"it lacks the segments {', '.join(missing)}; it has {labels}.")
    arrays = []
    for kind, size in (("orientation", 4), ("position", 3)):
        rows = [frame.get(kind, []) for frame in content.frames]
        wrong = next((n for n, row in enumerate(rows) if len(row) != size * len(labels)), None)
        if wrong is not None:
            raise ValueError(
                f"frame {wrong} has {len(rows[wrong])} numbers of {kind}, but {len(labels)} "
                f"segments need {size * len(labels)}. Export orientation and position of the "
                "segments."
            )
        arrays.append(np.array(rows).reshape(len(rows), len(labels), size))
    # parents come first
    order = [labels.index(segment) for segment in SEGMENTS]
    quats, places = (array[:, order] for array in arrays)
    if not np.isfinite(quats).all() or not np.isfinite(places).all():
        raise ValueError("orientations or positions are not finite.")
    return list(SEGMENTS), quats, places


def _local(tree: Sequence[int], quats: Array, places: Array) -> tuple[Array, Array]:
    """Return rotations in the parents' frames (F, S, 4), and median offsets in them (S, 3)."""
    local, offsets = quats.copy(), np.zeros((len(tree), 3))
    for segment, parent in enumerate(tree):
        if parent >= 0:
            inverse = quat_conjugate(quats[:, parent])
            local[:, segment] = quat_multiply(inverse, quats[:, segment])
            steps = quat_rotate(inverse, places[:, segment] - places[:, parent])
            offsets[segment] = np.median(steps, axis=0)
    return local, offsets
