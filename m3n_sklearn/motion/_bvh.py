"""A strict parser of BVH text.

A BVH file has a hierarchy of joints (offset and channels each) and a table of channel values, one
row a frame. No maintained package reads such files strictly: pybvh rejects positions on joints
below the root and rounds the frame time, bvhio computes in single precision and hangs on a
truncated file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .rotations import quat_from_rotvec, quat_multiply

__all__ = ["BVHClip", "BVHJoint", "parse_bvh"]

Array = NDArray[np.float64]

AXES = {"x": 0, "y": 1, "z": 2}
KINDS = ("position", "rotation")


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
