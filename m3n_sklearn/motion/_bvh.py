"""Reader of BVH files: scale, rest pose and upward axis are found, then the clip is retargeted."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from .._typing import Array
from .._validation import check_positive, is_number
from .._warn import warn
from ..skeleton import (
    SKELETONS,
    SkeletonMap,
    find_skeleton,
    fitted_stature,
    quat_from_rotvec,
    quat_multiply,
    quat_rotate,
)
from ._motion import Motion
from ._rest_pose import clock_from, cut_rest_poses, warn_about_rest_poses
from ._retarget import retarget, skeleton_lengths
from ._upright import find_up, stance_of, stand_up

__all__ = ["BVHClip", "BVHJoint", "parse_bvh", "read_bvh"]

UNITS = {
    "meters": 1.0,
    "centimeters": 0.01,
    "millimeters": 0.001,
    "inches": 0.0254,
    "CMU's 0.45th of an inch": 0.0254 / 0.45,
}
ADULT = (1.2, 2.2)
"""Adult statures in m. The range is so narrow that only one of the units above fits."""

MAX_STRETCH = 0.02
"""Change of a bone's length over time, in m, above which a warning is issued."""

AXES = {"x": 0, "y": 1, "z": 2}
KINDS = ("position", "rotation")


def read_bvh(
    path: str | os.PathLike[str],
    *,
    skeleton: SkeletonMap | None = None,
    scale: float | str = "auto",
    up: str | ArrayLike = "auto",
    rate: float | None = None,
    tpose: int | None = None,
    trim_tpose: bool = True,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
    source: str | None = None,
) -> Motion:
    """Read a BVH file and carry its motion over to SMPL's tree.

    Parameters
    ----------
    path : path-like
        A BVH file with one skeleton.
    skeleton : SkeletonMap, optional
        Map from SMPL joints to those of the file. The skeletons of
        :data:`~m3n_sklearn.motion.SKELETONS` are recognized by their joint names: CMU's
        conversions for DAZ and MotionBuilder, Bandai-Namco's, and those of Autodesk's HumanIK,
        such as Mixamo's. A namespace, as in ``mixamorig:Hips``, is ignored.
    scale : float or "auto", default="auto"
        Meters per unit of the file, since BVH has no unit. "auto" chooses among meters,
        centimeters, millimeters, inches and CMU's unit (1 / 0.45 inch) the one in which the
        skeleton belongs to a person between 1.2 and 2.2 m tall. Pass a number for small children.
    up : {"auto", "y", "z", "x", "-x", "-y", "-z"} or array-like of shape (3,), default="auto"
        The axis or direction of the file's world that points up. "auto" takes y, as most
        writers do, unless the body stands along another axis most of the time.
    rate : float, optional
        Frames per second. Overrides the frame time of the file.
    tpose : int, optional
        Index of a frame with a rest pose such as a T-pose, for skeletons whose pose without
        rotations is not a rest pose. This frame and all before it are left out of the motion.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion. They are recognized by a jump
        or a blend of up to 0.25 s that is faster than human motion. The time stamps of the other
        frames do not change.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the file.
    source : str, optional
        Origin of the clip. By default the name of the recognized skeleton.

    Returns
    -------
    Motion
        24 joints in a world with z up, with a stature that fits the bones. Fingers and end sites
        are left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file violates the format (the message names the line), its skeleton is unknown, its
        rest pose does not fit the skeleton, or its size is not human.

    Warns
    -----
    UserWarning
        If bones change their length over time (their median is used), if frames of a rest pose
        are left out, or if the body does not stand along the axis that should point up.

    See Also
    --------
    retarget : How rotations are carried over, and the convention for the forearm's twist.

    Notes
    -----
    The pose without rotations may have any orientation; it follows from the geometry. Rotation
    channels are rotations about the moving axes, in the order in which the file lists them [1]_.
    Position channels replace the offset. Joints above the pelvis are merged into it. A frame time
    such as 0.0333333 is read as the integer rate from which it was rounded.

    References
    ----------
    .. [1] M. Meredith and S. Maddock, "Motion capture file formats explained", University of
       Sheffield, CS-01-11, 2001.

    Examples
    --------
    A skeleton of your own is described by the names of its joints:

    >>> from m3n_sklearn.motion import SkeletonMap
    >>> center = {"pelvis": "Root", "spine1": "Spine", "neck": "Neck", "head": "Head"}
    >>> parts = {"hip": "Thigh", "knee": "Shin", "ankle": "Foot",
    ...          "shoulder": "Arm", "elbow": "Forearm", "wrist": "Hand"}
    >>> sides = {f"{side}_{joint}": f"{side[0].upper()}{part}"
    ...          for side in ("left", "right") for joint, part in parts.items()}
    >>> own = SkeletonMap({**center, **sides})
    >>> own.joints["left_elbow"]  # read_bvh("clip.bvh", skeleton=own)
    'LForearm'
    """
    # 1. The skeleton from the pelvis on, and its unit
    file = Path(path)
    clip = parse_bvh(file)
    try:
        names = [joint.rpartition(":")[2] for joint in clip.names]
        skeleton_map = find_skeleton(names) if skeleton is None else skeleton
        tree = _below_pelvis(clip, names, skeleton_map)
        meters = _meters_per_unit(scale, tree, skeleton_map)
        tree.warn_if_stretching(meters)
        # 2. Carry the motion over to SMPL's tree
        rest_pose = tree.quats[_check_tpose(tpose, len(tree.quats))] if tpose is not None else None
        first = 0 if tpose is None else tpose + 1
        poses, trans, stature = retarget(
            tree.quats[first:],
            meters * tree.root[first:],
            tree.names,
            tree.parents,
            meters * tree.offsets,
            skeleton=skeleton_map,
            tpose=rest_pose,
            up="z",  # keeps the file's world
        )
        # 3. Remove rest poses, find the upward axis
        hertz = 1 / clip.frame_time if rate is None else check_positive(rate, "rate", "Hz")
        cut = cut_rest_poses(poses, trans, np.arange(len(poses)) / hertz, trim=trim_tpose)
        warn_about_rest_poses([cut])
        poses, trans = poses[cut.kept], trans[cut.kept]
        poses, trans = stand_up(poses, trans, find_up(stance_of(poses, trans), up, usual="y"))
    except ValueError as error:
        raise ValueError(f"{file.name}: {error}") from error
    return Motion(
        poses,
        trans,
        **clock_from(first + cut.start, len(poses), hertz),
        stature=stature,
        text=text,
        label=label,
        subject=subject,
        name=file.stem if name is None else name,
        source=_name_of(skeleton_map) if source is None else source,
    )


@dataclass(frozen=True)
class _Tree:
    """The joints from the pelvis on."""

    names: list[str]
    parents: list[int]  # -1 for the pelvis
    quats: Array  # (F, J, 4): local rotations
    root: Array  # (F, 3): position of the pelvis
    steps: Array  # (F, J, 3): position of each joint in its parent's frame; zero for the pelvis

    @property
    def offsets(self) -> Array:
        """Median offset of each joint, (J, 3)."""
        return np.asarray(np.median(self.steps, axis=0), dtype=np.float64)

    def warn_if_stretching(self, meters: float) -> None:
        """Warn if bones change their length, since SMPL's bones have a constant one."""
        change = meters * np.linalg.norm(self.steps - self.offsets, axis=-1).max(axis=0)
        if change.max() > MAX_STRETCH:
            warn(
                f"The bone to {self.names[int(change.argmax())]} changes by up to "
                f"{change.max():.2g} m over time. Its median is used."
            )


def _below_pelvis(clip: BVHClip, names: list[str], skeleton: SkeletonMap) -> _Tree:
    """Merge the joints above the pelvis into it, and drop their other branches."""
    pelvis = skeleton.joints["pelvis"]
    if pelvis not in names:
        raise ValueError(f"The skeleton lacks the joint {pelvis!r} (pelvis); it has {names}.")
    quats, steps, parents = clip.rotations(), clip.positions(), clip.parents
    # 1. The pose of the pelvis in the file's world
    root = names.index(pelvis)
    rotation, position = quats[:, root], steps[:, root]
    above = parents[root]
    while above >= 0:
        rotation = quat_multiply(quats[:, above], rotation)
        position = steps[:, above] + quat_rotate(quats[:, above], position)
        above = parents[above]
    # 2. The pelvis and its descendants
    joints = [root]
    joints += [
        joint for joint in range(root + 1, len(names)) if _is_descendant(joint, root, parents)
    ]
    tree = [-1, *(joints.index(parents[joint]) for joint in joints[1:])]
    quats, steps = quats[:, joints], steps[:, joints]
    quats[:, 0], steps[:, 0] = rotation, 0.0
    return _Tree([names[joint] for joint in joints], tree, quats, position, steps)


def _is_descendant(joint: int, root: int, parents: Sequence[int]) -> bool:
    """Tell whether a joint is a root or lies below it."""
    while joint > root:
        joint = parents[joint]
    return joint == root


def _meters_per_unit(scale: float | str, tree: _Tree, skeleton: SkeletonMap) -> float:
    """Return the meters per unit: as given, or those of the unit in which the person is adult."""
    if is_number(scale):
        return check_positive(scale, "scale", "meters per unit")
    if scale != "auto":
        raise ValueError(f"scale must be 'auto' or a number of meters per unit, got {scale!r}.")
    lengths = skeleton_lengths(tree.names, tree.parents, tree.offsets, skeleton)
    stature = fitted_stature(lengths)
    for meters in UNITS.values():
        if ADULT[0] <= stature * meters <= ADULT[1]:
            return meters
    raise ValueError(
        f"The bones belong to a person {stature:.4g} units tall, which is not the height of an "
        f"adult in any of {', '.join(UNITS)}. Pass scale= in meters per unit."
    )


def _check_tpose(tpose: int, frames: int) -> int:
    if isinstance(tpose, bool) or not isinstance(tpose, (int, np.integer)):
        raise TypeError(f"tpose must be the index of a frame, got {tpose!r}.")
    if not 0 <= tpose < frames - 1:
        raise ValueError(
            f"tpose must be the index of a frame before the last of {frames} frames, got {tpose}."
        )
    return int(tpose)


def _name_of(skeleton: SkeletonMap) -> str | None:
    """Return the name of a known skeleton."""
    return next((name for name, each in SKELETONS.items() if each is skeleton), None)


# ---- the file format


@dataclass(frozen=True)
class BVHJoint:
    """One joint of the hierarchy."""

    name: str
    parent: int  # index of its parent, -1 for the root
    offset: tuple[float, ...]  # position in the parent's frame, in the file's unit
    channels: tuple[tuple[str, int], ...]  # ("position" or "rotation", axis), in file order


@dataclass(frozen=True)
class BVHClip:
    """Content of a BVH file."""

    joints: list[BVHJoint]  # parents come first; end sites are left out
    values: Array  # (F, C): the channels of all joints, in degrees and the file's unit of length
    frame_time: float  # in s; exact where it is an integer rate, printed with few digits

    @property
    def names(self) -> list[str]:
        """Names of the joints."""
        return [joint.name for joint in self.joints]

    @property
    def parents(self) -> list[int]:
        """Index of each joint's parent, -1 for the root."""
        return [joint.parent for joint in self.joints]

    def channels_of(self, joint: int) -> Iterator[tuple[str, int, Array]]:
        """Yield kind, axis and values (F,) of a joint's channels, in file order."""
        start = sum(len(above.channels) for above in self.joints[:joint])
        for column, (kind, axis) in enumerate(self.joints[joint].channels, start):
            yield kind, axis, self.values[:, column]

    def rotations(self) -> Array:
        """Return local quaternions (F, J, 4): rotations about the moving axes, in file order."""
        quats = np.tile([1.0, 0.0, 0.0, 0.0], (len(self.values), len(self.joints), 1))
        for joint in range(len(self.joints)):
            for kind, axis, degrees in self.channels_of(joint):
                if kind == "rotation":
                    turn = quat_from_rotvec(np.deg2rad(degrees)[:, None] * np.eye(3)[axis])
                    quats[:, joint] = quat_multiply(quats[:, joint], turn)
        return quats

    def positions(self) -> Array:
        """Return positions in the parents' frames (F, J, 3): channels, or else offsets."""
        offsets = np.array([joint.offset for joint in self.joints])
        positions = np.tile(offsets, (len(self.values), 1, 1))
        for joint in range(len(self.joints)):
            for kind, axis, values in self.channels_of(joint):
                if kind == "position":
                    positions[:, joint, axis] = values
        return positions


def parse_bvh(path: str | os.PathLike[str]) -> BVHClip:
    """Parse a BVH file, or raise with the line and what was expected there."""
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"No file at {file}.")
    lines = file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    try:
        return _parse(lines)
    except ValueError as error:
        raise ValueError(f"{file.name} is not a valid BVH file: {error}") from error


def _parse(lines: list[str]) -> BVHClip:
    """Parse the lines of a file in three steps."""
    # 1. Split at the line MOTION
    words = [line.split() for line in lines]
    motion = next((n for n, w in enumerate(words) if [x.upper() for x in w] == ["MOTION"]), None)
    first = next((w for w in words if w), [""])
    if first[0].upper() != "HIERARCHY":
        raise ValueError(f"it must begin with HIERARCHY, not {' '.join(first)[:40]!r}.")
    if motion is None:
        raise ValueError("it has no line MOTION, and therefore no frames. Is it truncated?")
    # 2. Above: the hierarchy. Below: number of frames, frame time, one line a frame.
    joints = _Hierarchy(lines[:motion]).read()
    rest = [n for n in range(motion + 1, len(words)) if words[n]]
    frames = _header(words, rest, 0, ["FRAMES:"], "Frames: and a whole number")
    step = _header(words, rest, 1, ["FRAME", "TIME:"], "Frame Time: and a number of seconds")
    count = sum(len(joint.channels) for joint in joints)
    return BVHClip(joints, _frames(words, rest[2:], frames, count, joints), _frame_time(step))


class _Hierarchy:
    """Recursive-descent parser of the hierarchy, one statement after the other."""

    def __init__(self, lines: list[str]) -> None:
        self.statements = list(_statements(lines))[1:]
        self.at = 0
        self.joints: list[BVHJoint] = []

    def read(self) -> list[BVHJoint]:
        """Read the root and all its descendants."""
        # 1. One root; `above` is the path from it to the joint that is open
        self.take("ROOT")
        above = [self.open(-1)]
        while above:
            word = self.take("JOINT", "END", "}")
            if word == "JOINT":
                above.append(self.open(above[-1]))
            elif word == "END":
                self.take("{")
                self.offset("an end site")
                self.take("}")
            else:
                above.pop()
        # 2. Nothing may follow, and names must be unique
        if self.at < len(self.statements):
            line, word, _ = self.statements[self.at]
            raise ValueError(
                f"line {line}: {word} follows after the end of the root. Split files with several "
                "skeletons into one file each."
            )
        names = [joint.name for joint in self.joints]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"the joint names {repeated} occur more than once.")
        return self.joints

    def take(self, *expected: str) -> str:
        """Advance to the next statement, which must begin with one of the expected words."""
        if self.at >= len(self.statements):
            raise ValueError(
                f"the hierarchy ends where {' or '.join(expected)} was expected. Is a brace "
                "missing, or the file truncated?"
            )
        self.line, word, self.arguments = self.statements[self.at]
        if word not in expected:
            raise ValueError(
                f"line {self.line}: {' or '.join(expected)} was expected, not {word!r}."
            )
        self.at += 1
        return word

    def open(self, parent: int) -> int:
        """Read the head of a joint and return its index."""
        name = self.arguments[0]
        if not name:
            raise ValueError(f"line {self.line}: the joint has no name.")
        self.take("{")
        self.joints.append(BVHJoint(name, parent, self.offset(name), self.channels(name)))
        return len(self.joints) - 1

    def offset(self, name: str) -> tuple[float, ...]:
        """Read the three numbers of an offset."""
        self.take("OFFSET")
        what = f"line {self.line}: the offset of {name}"
        offset = tuple(_number(number, what) for number in self.arguments)
        if len(offset) != 3:
            raise ValueError(f"{what} has {len(offset)} numbers, not 3.")
        return offset

    def channels(self, name: str) -> tuple[tuple[str, int], ...]:
        """Read the joint's channels (kind, axis)."""
        self.take("CHANNELS")
        count, listed = self.arguments[:1], self.arguments[1:]
        channels = tuple((word.lower()[1:], AXES.get(word.lower()[0], -1)) for word in listed)
        if any(kind not in KINDS or axis < 0 for kind, axis in channels):
            raise ValueError(
                f"line {self.line}: the channels of {name} must be like Xposition or Zrotation, "
                f"got {' '.join(listed)}."
            )
        if count != [str(len(channels))]:
            raise ValueError(
                f"line {self.line}: {name} announces {' '.join(count) or 'no number of'} "
                f"channels, but lists {len(channels)}."
            )
        return channels


def _statements(lines: list[str]) -> Iterator[tuple[int, str, list[str]]]:
    """Split lines into statements; braces are statements, and joint names may contain blanks."""
    for number, line in enumerate(lines, 1):
        spaced = line.replace("{", " { ").replace("}", " } ").split()
        while spaced:
            word = spaced[0].upper()
            if word in "{}":
                yield number, spaced.pop(0), []
                continue
            brace = next((k for k, part in enumerate(spaced) if part in "{}"), len(spaced))
            words, spaced = spaced[1:brace], spaced[brace:]
            yield number, word, [" ".join(words)] if word in ("ROOT", "JOINT") else words


def _number(word: str, what: str) -> float:
    """Return a finite number, or raise an error."""
    try:
        number = float(word)
    except ValueError:
        raise ValueError(f"{what} must be numbers, got {word!r}.") from None
    if not np.isfinite(number):
        raise ValueError(f"{what} is {word}, not a finite number.")
    return number


def _header(words: list[list[str]], rest: list[int], place: int, key: list[str], say: str) -> str:
    """Return the value of one of the two lines after MOTION."""
    if place >= len(rest):
        raise ValueError(f"{say} must follow after MOTION. Is it truncated?")
    given = words[rest[place]]
    if [word.upper() for word in given[:-1]] != key:
        raise ValueError(
            f"line {rest[place] + 1}: {say} was expected, got {' '.join(given)[:60]!r}."
        )
    return given[-1]


def _frame_time(word: str) -> float:
    """Return the frame time in s, without the rounding of its printed digits."""
    seconds = _number(word, "the frame time")
    if seconds <= 0:
        raise ValueError(f"the frame time is {word} s, but must be above 0.")
    # the integer rate that gives the same printed digits, to at most 1e-4
    rate = max(round(1 / seconds), 1)
    digits = len(word.partition(".")[2]) if word.replace(".", "", 1).isdigit() else 17
    near = abs(1 / rate - seconds)
    return 1 / rate if near <= min(0.51 * 10.0**-digits, 1e-4 * seconds) else seconds


def _frames(
    words: list[list[str]], rows: list[int], announced: str, count: int, joints: list[BVHJoint]
) -> Array:
    """Return the numbers of all frames as an array."""
    # 1. As many lines as announced, as many numbers as channels
    if not announced.isdigit() or int(announced) < 1:
        raise ValueError(f"Frames: must be a whole number of at least 1, got {announced!r}.")
    wrong = next((n for n in rows if len(words[n]) != count), None)
    if wrong is not None:
        raise ValueError(
            f"line {wrong + 1} has {len(words[wrong])} numbers, but the hierarchy has {count} "
            "channels. Is the file truncated?"
        )
    if len(rows) != int(announced):
        raise ValueError(f"it announces {announced} frames, but has {len(rows)}. Is it truncated?")
    # 2. Finite numbers
    try:
        values = np.array([words[n] for n in rows], dtype=np.float64)
    except ValueError as error:
        raise ValueError(f"its frames must be numbers ({error}).") from None
    if not np.isfinite(values).all():
        frame, column = np.argwhere(~np.isfinite(values))[0]
        ends = np.cumsum([len(joint.channels) for joint in joints])
        name = joints[int(np.searchsorted(ends, column, side="right"))].name
        raise ValueError(
            f"line {rows[frame] + 1}: a channel of {name} is not finite in frame {frame}. "
            "Interpolate it, or remove the frame."
        )
    return values
