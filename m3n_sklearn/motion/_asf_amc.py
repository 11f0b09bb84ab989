"""Reader of ASF/AMC files (Acclaim): a skeleton, and its motion in a second file.

Derivation
----------
A bone of the ASF file starts where its parent ends. At rest it points along `direction` in the
world, and its frame is ``C = R_z R_y R_x`` of `axis`. The AMC file holds angles about the axes of
that frame, ``M = R_z R_y R_x`` for ``axis ... XYZ``. In the frame that is parallel to the world at
rest, the rotation of a bone relative to its parent is

    L = C M C^-1

so that the pose without rotations is the rest pose, and the offset of a bone is the parent's
direction times its length.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from .._files import reading
from .._text_files import read_text
from .._typing import Array
from .._validation import check_positive, is_number
from ..skeleton import (
    SkeletonMap,
    find_skeleton,
    fitted_stature,
    quat_conjugate,
    quat_from_rotvec,
    quat_multiply,
    segment_lengths,
)
from ._motion import Motion
from ._rest_pose import clock_from, cut_rest_poses, warn_about_rest_poses
from ._retarget import retarget
from ._source import Source
from ._upright import find_up, stance_of, stand_up

__all__ = ["read_amc"]

INCH = 0.0254
UNITS = (1.0, 0.01, 0.001, INCH)
"""Meters per unit of files whose `length` does not make the person an adult."""

ADULT = (1.2, 2.2)
"""Adult statures in m."""


def read_amc(
    path: str | os.PathLike[str],
    *,
    rate: float,
    asf: str | os.PathLike[str] | None = None,
    skeleton: SkeletonMap | None = None,
    scale: float | str = "auto",
    up: str | ArrayLike = "auto",
    trim_tpose: bool = True,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
    source: str | None = None,
) -> Motion:
    """Read an AMC file with its ASF skeleton and carry its motion over to SMPL's tree.

    Parameters
    ----------
    path : path-like
        An AMC file.
    rate : float
        Frames per second, since AMC has none: 120 for most clips of CMU and HDM05, 60 for some.
    asf : path-like, optional
        The ASF file of the same person. By default the one in the same folder with whose name the
        AMC file begins (``01.asf`` for ``01_02.amc``), or the only one there.
    skeleton : SkeletonMap, optional
        Map from SMPL joints to bones of the file. The bones of CMU's and HDM05's files are known.
    scale : float or "auto", default="auto"
        Meters per unit. "auto" takes ``1 / length`` inches, as CMU means the `length` of the file,
        unless no adult has such bones; then meters, centimeters, millimeters or inches.
    up : str or array-like of shape (3,), default="auto"
        The axis or direction that points up. "auto" takes y unless the body stands along another
        axis most of the time.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion, as :func:`read_bvh` does.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the AMC file.
    source : str, optional
        Origin of the clip. By default the name of the recognized skeleton.

    Returns
    -------
    Motion
        24 joints in a world with z up, with a stature that fits the bones.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file violates the format (the message names the line), the bones are unknown, or the
        size is not human.

    Warns
    -----
    UserWarning
        If frames of a rest pose are left out, or if the body does not stand along the axis that
        should point up.

    See Also
    --------
    read_bvh : CMU's clips were converted to BVH, too.

    Examples
    --------
    >>> from m3n_sklearn.motion import read_amc
    >>> # motion = read_amc("01_01.amc", rate=120.0)
    """
    about: dict[str, Any] = {
        "text": text,
        "label": label,
        "subject": subject,
        "name": name,
        "source": source,
    }
    Motion(np.zeros((1, 24, 3)), rate=1.0, **about)
    hertz = check_positive(rate, "rate", "Hz")
    if not is_number(scale) and scale != "auto":
        raise ValueError(f"scale must be 'auto' or a number of meters per unit, got {scale!r}.")
    # 1. The skeleton
    with reading(path, "an AMC file") as file:
        companion = _find_asf(file) if asf is None else Path(asf)
    with reading(companion, "an ASF file") as opened:
        bones = _read_asf(opened)
        names = [bone.name for bone in bones]
        tree = [bone.parent for bone in bones]
        skeleton_map = find_skeleton(names, tree) if skeleton is None else skeleton
        offsets = np.array([bones[k].tip if k >= 0 else np.zeros(3) for k in tree])
        if is_number(scale):
            meters = check_positive(scale, "scale", "meters per unit")
        else:
            still = np.tile([1.0, 0.0, 0.0, 0.0], (1, len(names), 1))
            source_map = Source(names, tree, skeleton_map)
            lengths = segment_lengths(source_map.follow(still, offsets).places)
            meters = _meters_per_unit(fitted_stature(lengths), bones[0].unit)
    with reading(path, "an AMC file") as file:
        # 2. The motion, carried over to SMPL's tree
        quats, root = _read_amc(file, bones)
        poses, trans, stature = retarget(
            quats, meters * root, names, tree, meters * offsets, skeleton=skeleton_map, up="z"
        )
        # 3. Remove rest poses, find the upward axis
        cut = cut_rest_poses(poses, trans, np.arange(len(poses)) / hertz, trim=trim_tpose)
        warn_about_rest_poses([cut])
        poses, trans = poses[cut.kept], trans[cut.kept]
        poses, trans = stand_up(poses, trans, find_up(stance_of(poses, trans), up, usual="y"))
        about |= {
            "name": file.stem if name is None else name,
            "source": "asf_amc" if source is None else source,
        }
        return Motion(
            poses, trans, **clock_from(cut.start, len(poses), hertz), stature=stature, **about
        )


def _find_asf(file: Path) -> Path:
    """Return the skeleton next to a motion."""
    found = sorted(each for each in file.parent.iterdir() if each.suffix.lower() == ".asf")
    stem = file.stem.lower()
    named = [each for each in found if stem.startswith(each.stem.lower())]
    if named:
        return max(named, key=lambda each: len(each.stem))
    if len(found) == 1:
        return found[0]
    listed = f"has {', '.join(each.name for each in found)}" if found else "has no .asf file"
    raise ValueError(f"an AMC file needs its skeleton, but the folder {listed}. Pass asf=.")


def _meters_per_unit(stature: float, length: float) -> float:
    """Return the meters per unit that make the person an adult, first those of CMU."""
    for meters in (INCH / length, *UNITS):
        if ADULT[0] <= stature * meters <= ADULT[1]:
            return meters
    raise ValueError(
        f"the bones belong to a person {stature:.4g} units tall, which is not the height of an "
        f"adult in inches / {length:g}, meters, centimeters, millimeters or inches. Pass scale= in "
        "meters per unit."
    )


# ---- the skeleton


@dataclass
class _Bone:
    """One bone, or the root."""

    name: str
    parent: int = -1
    direction: tuple[float, ...] = (0.0, 0.0, 0.0)
    length: float = 0.0
    axis: tuple[float, ...] = (0.0, 0.0, 0.0)  # angles of the frame at rest, in rad
    order: str = "XYZ"  # the first letter turns first
    channels: list[str] = field(default_factory=list)  # tx, ty, tz, rx, ry, rz
    unit: float = 1.0  # `length` of the file, at the root

    @property
    def tip(self) -> Array:
        """The end of the bone relative to its start."""
        return self.length * np.array(self.direction)

    @property
    def frame(self) -> Array:
        """The frame at rest C, as a quaternion."""
        angles = np.array([[dict(zip("XYZ", self.axis, strict=True))[a] for a in self.order]])
        return _turned(angles, self.order)[0]


def _turned(angles: Array, order: str) -> Array:
    """Return quaternions (F, 4) of turns about fixed axes, in the order of the columns."""
    quats = np.tile([1.0, 0.0, 0.0, 0.0], (len(angles), 1))
    for column, axis in enumerate(order):
        turn = quat_from_rotvec(angles[:, column, None] * np.eye(3)["XYZ".index(axis)])
        quats = quat_multiply(turn, quats)
    return quats


def _read_asf(file: Path) -> list[_Bone]:
    """Return the root and the bones of a skeleton, parents first."""
    lines = _Lines(file)
    root, bones, above = _Bone("root"), dict[str, _Bone](), dict[str, str]()
    degrees, section, bone = True, "", root
    for words in lines:
        key = words[0].lower()
        if key.startswith(":"):
            section, bone = key[1:], root
        elif section == "units" and key == "length":
            root.unit = lines.numbers(words[1:], 1)[0]
        elif section == "units" and key == "angle":
            degrees = words[1].lower().startswith("deg")
        elif section in ("root", "bonedata"):
            if key == "begin":
                bone = _Bone("")
            elif key == "name" and section == "bonedata":
                if bone.name or bone is root or words[1] in bones:
                    raise ValueError(f"the bone {words[1]:.40} has two names, or is there twice.")
                bone.name = words[1]
                bones[bone.name] = bone
            elif key == "direction":
                bone.direction = lines.numbers(words[1:4], 3)
            elif key == "length":
                bone.length = lines.numbers(words[1:], 1)[0]
            elif key in ("dof", "order"):
                bone.channels = [word.lower() for word in words[1:]]
            elif key in ("axis", "orientation"):
                at = 1
                if words[1].upper().strip("XYZ") == "":
                    bone.order = words[1].upper()
                else:
                    bone.axis, at = lines.numbers(words[1:4], 3), 4
                bone.order = words[at].upper() if len(words) > at else bone.order
        elif section == "hierarchy" and key not in ("begin", "end"):
            above |= dict.fromkeys(words[1:], words[0])
    if not bones or not above:
        raise ValueError("an ASF file has the sections :bonedata and :hierarchy.")
    return _sorted(root, bones, above, degrees)


def _sorted(
    root: _Bone, bones: dict[str, _Bone], above: dict[str, str], degrees: bool
) -> list[_Bone]:
    """Put parents first, and angles into rad."""
    lost = sorted({*above} - {*bones} | {*bones} - {*above})
    if lost:
        raise ValueError(f"the bones {', '.join(lost)} are in only one of bonedata and hierarchy.")
    result, children = [root], dict[str, list[str]]()
    for name, parent in above.items():
        children.setdefault(parent, []).append(name)
    for number, bone in enumerate(result):  # grows
        for name in children.get(bone.name, ()):
            bones[name].parent = number
            result.append(bones[name])
    if len(result) != len(bones) + 1:
        raise ValueError("its hierarchy is not a tree from root.")
    for bone in result:
        if {*bone.order} != {*"XYZ"} or len(bone.order) != 3:
            raise ValueError(f"the axis order of {bone.name} is {bone.order!r}, expected XYZ.")
        if degrees:
            bone.axis = tuple(np.deg2rad(bone.axis).tolist())
    return result


# ---- the motion


def _read_amc(file: Path, bones: Sequence[_Bone]) -> tuple[Array, Array]:
    """Return local quaternions (F, J, 4) and the root's positions (F, 3) in the file's unit."""
    lines = _Lines(file)
    index = {bone.name: k for k, bone in enumerate(bones)}
    columns = np.cumsum([0, *(len(bone.channels) for bone in bones)]).tolist()
    rows: list[Array] = []
    radians = False
    for words in lines:
        if words[0].startswith(":"):
            radians |= words[0].upper() == ":RADIANS"
        elif len(words) == 1 and words[0].isdigit():
            rows.append(np.full(columns[-1], np.nan))
        elif words[0] not in index or not rows:
            lines.fail(f"{words[0]!r} is not a bone of the skeleton")
        else:
            bone = index[words[0]]
            expected = columns[bone + 1] - columns[bone]
            rows[-1][columns[bone] : columns[bone + 1]] = lines.numbers(words[1:], expected)
    if not rows:
        raise ValueError("it has no frames.")
    values = np.stack(rows)
    if not np.isfinite(values).all():
        frame, column = np.argwhere(~np.isfinite(values))[0]
        bone = int(np.searchsorted(columns, column, side="right")) - 1
        raise ValueError(f"frame {frame + 1} has no values of {bones[bone].name}. Is it truncated?")
    return _assembled(values, bones, columns, radians)


def _assembled(
    values: Array, bones: Sequence[_Bone], columns: Sequence[int], radians: bool
) -> tuple[Array, Array]:
    """Return L = C M C^-1 of all bones, and the positions of the root."""
    quats, root = np.empty((len(values), len(bones), 4)), np.zeros((len(values), 3))
    for number, bone in enumerate(bones):
        angles = np.zeros((len(values), 3))
        for channel, column in zip(bone.channels, itertools.count(columns[number]), strict=False):
            kind, axis = channel[0], "xyz".find(channel[-1])
            if kind == "r" and axis >= 0:
                given = values[:, column] if radians else np.deg2rad(values[:, column])
                angles[:, bone.order.index("XYZ"[axis])] = given
            elif kind == "t" and axis >= 0 and number == 0:
                root[:, axis] = values[:, column]
            else:
                raise ValueError(f"channel {channel!r} of {bone.name} is not supported.")
        turn = quat_multiply(_turned(angles, bone.order), quat_conjugate(bone.frame))
        quats[:, number] = quat_multiply(bone.frame, turn)
    return quats, root


class _Lines:
    """The words of the lines of a file, without comments; errors name the line."""

    def __init__(self, file: Path) -> None:
        self.lines = read_text(file).splitlines()
        self.number = 0

    def __iter__(self) -> Iterator[list[str]]:
        for number, line in enumerate(self.lines, 1):
            self.number = number
            words = line.partition("#")[0].split()
            if words:
                yield words

    def numbers(self, words: Sequence[str], count: int) -> tuple[float, ...]:
        """Return finite numbers, or raise."""
        try:
            values = tuple(map(float, words))
        except ValueError:
            values = ()
        if len(values) != count or not np.isfinite(values).all():
            self.fail(f"expected {count} numbers, got {' '.join(words)[:60]!r}")
        return values

    def fail(self, message: str) -> NoReturn:
        """Raise an error that names the line."""
        raise ValueError(f"line {self.number}: {message}.")
