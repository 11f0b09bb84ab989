"""The BVH file format: a tree of joints, and the channels of each frame.

Programs differ in how they write it. Read are: UTF-8, UTF-16 and Latin-1; joint names with blanks;
offsets and channels in any order; rows wrapped over several lines; a comma as decimal mark or as
separator; numbers that touch, as in ``1.0-2.0``; one frame more or less than announced. What
cannot be read with certainty is an error that names the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._text_files import read_text
from .._typing import Array
from .._warn import warn
from ..skeleton import END_SITE, quat_multiply

__all__ = ["COMMENTS", "BVHClip", "BVHJoint", "parse_bvh"]

AXES = {"x": 0, "y": 1, "z": 2}
KINDS = ("position", "rotation")
KEYWORDS = ("HIERARCHY", "ROOT", "JOINT", "END", "ENDSITE", "OFFSET", "CHANNELS", "{", "}")
HEADS = ("ROOT", "JOINT", "END", "ENDSITE")
COMMENTS = ("#", "//", ";")
"""Beginnings of lines of comment, which some programs write above the hierarchy."""

Indices = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]

DISPLACEMENT_RATIO = 0.1
"""Position channels are displacements from the offsets if they are shorter than this share."""

PLAUSIBLE_STEPS = (1 / 2000, 0.2)
"""Frame times in s that are not remarkable."""

MAX_NUMBER = 1e9
"""Largest offset or channel, in degrees or units of length."""

POSSIBLE_STEPS = (1e-5, 2.0)
"""Frame times in s of recordings; others are in another unit, or a rate."""

NOMINAL_RATES = (
    *(10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 72, 75, 90, 96, 100, 120, 144, 150, 180, 200, 240),
    *(250, 300, 360, 400, 480, 500, 600, 1000, 24e3 / 1001, 30e3 / 1001, 60e3 / 1001, 120e3 / 1001),
)
"""Frame rates of cameras and programs in Hz, the last ones those of NTSC."""

SILENT_SHARE, LARGEST_SHARE = 0.025, 0.12
"""Changes of the rate, as shares, that are made without a warning, and that are made at all."""


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

    joints: list[BVHJoint]  # parents come first; end sites are joints without channels
    values: Array  # (F, C): the channels of all joints, in degrees and the file's unit of length
    frame_time: str  # as printed

    @property
    def names(self) -> list[str]:
        """Names of the joints."""
        return [joint.name for joint in self.joints]

    @property
    def parents(self) -> list[int]:
        """Index of each joint's parent, -1 for the root."""
        return [joint.parent for joint in self.joints]

    def rate(self) -> float:
        """Return the frames per second, without the rounding of the printed frame time."""
        seconds = _seconds(self.frame_time)
        if seconds is None or not POSSIBLE_STEPS[0] <= seconds <= POSSIBLE_STEPS[1]:
            raise ValueError(
                f"the frame time is {self.frame_time or 'missing'!r}, which is not the time in "
                "seconds between two frames of a recording. Pass rate= in frames per second."
            )
        low, high = PLAUSIBLE_STEPS
        if not low <= seconds <= high and len(self.values) > 1:
            warn(
                f"The frame time is {seconds:g} s, which is {1 / seconds:g} frames per second. If "
                "that is not the rate of the recording, pass rate=."
            )
        return _unrounded(seconds, self.frame_time.replace(",", "."))

    def rotations(self) -> Array:
        """Return local quaternions (F, J, 4): rotations about the moving axes, in file order."""
        quats = np.tile([1.0, 0.0, 0.0, 0.0], (len(self.values), len(self.joints), 1))
        # all first rotations, then all second ones, ...
        for joints, axes, columns in self._channels("rotation"):
            half = np.deg2rad(self.values[:, columns]) / 2
            turn = np.zeros((*half.shape, 4))
            turn[..., 0] = np.cos(half)
            turn[:, np.arange(len(axes)), 1 + axes] = np.sin(half)
            quats[:, joints] = quat_multiply(quats[:, joints], turn)
        return quats

    def positions(self) -> Array:
        """Return positions in the parents' frames (F, J, 3): channels, or else offsets."""
        offsets = np.array([joint.offset for joint in self.joints])
        positions = np.tile(offsets, (len(self.values), 1, 1))
        for joints, axes, columns in self._channels("position"):
            positions[:, joints, axes] = self.values[:, columns]
        # some writers mean a displacement from the offset, most often none at all. They write all
        # joints in one way, but place the root in the world.
        has = np.array([any(k == "position" for k, _ in joint.channels) for joint in self.joints])
        is_root = np.array(self.parents) < 0
        for group in (has & is_root, has & ~is_root):
            lengths = np.linalg.norm(offsets[group], axis=-1).sum()
            given = np.linalg.norm(np.median(positions[:, group], axis=0), axis=-1).sum()
            if given < DISPLACEMENT_RATIO * lengths:
                positions[:, group] += offsets[group]
        return positions

    def _channels(self, kind: str) -> Iterator[Indices]:
        """Yield joints, axes and columns of all first channels of a kind, all second ones, ..."""
        groups: list[list[tuple[int, int, int]]] = []
        column = 0
        for number, joint in enumerate(self.joints):
            place = 0
            for other, axis in joint.channels:
                if other == kind:
                    if place == len(groups):
                        groups.append([])
                    groups[place].append((number, axis, column))
                    place += 1
                column += 1
        for group in groups:
            joints, axes, columns = np.array(group).T
            yield joints, axes, columns


def parse_bvh(file: Path) -> BVHClip:
    """Parse a BVH file, or raise an error with the line and what was expected there."""
    # old editors end files with a control character
    lines = read_text(file).rstrip("\0\x1a").splitlines()
    # comments above the hierarchy become empty lines, which keep the numbers of the others
    for number, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith(COMMENTS):
            break
        lines[number] = ""
    # 1. Split at the line MOTION
    motion = next((n for n, line in enumerate(lines) if line.strip().upper() == "MOTION"), None)
    first = next((line.split() for line in lines if line.strip()), [""])
    if first[0].upper() != "HIERARCHY":
        raise ValueError(f"it must begin with HIERARCHY, not {' '.join(first)[:40]!r}.")
    if motion is None:
        raise ValueError("it has no line MOTION, and therefore no frames. Is it truncated?")
    # 2. Above: the hierarchy. Below: number of frames, frame time, one line a frame.
    joints = _hierarchy(lines[:motion])
    rows = [(n, line) for n, line in enumerate(lines[motion + 1 :], motion + 2) if line.strip()]
    header = {}
    for key, pattern in (("frames", r"frames\b\s*:?\s*(.*)"), ("time", r"frame\s*time\s*:?(.*)")):
        found = [(row, re.match(pattern, row[1].strip(), re.IGNORECASE)) for row in rows[:2]]
        row, match = next((pair for pair in found if pair[1]), (None, None))
        if row is not None and match is not None:
            header[key] = match[1].strip()
            rows.remove(row)
    values = _values(rows, header.get("frames", ""), joints)
    return BVHClip(joints, values, (header.get("time", "").split() or [""])[0])


# ---- the hierarchy


@dataclass
class _Open:
    """A joint or an end site while its block is read."""

    name: str
    parent: int
    index: int
    line: int
    is_site: bool
    entered: bool = False
    offset: tuple[float, ...] | None = None
    channels: tuple[tuple[str, int], ...] | None = None


def _statements(lines: list[str]) -> Iterator[tuple[int, str, list[str]]]:
    """Yield line, keyword and arguments; names may contain blanks, arguments may be wrapped."""
    current: tuple[int, str, list[str]] | None = None
    for number, line in enumerate(lines, 1):
        for word in line.replace("{", " { ").replace("}", " } ").split():
            keyword = word.upper()
            in_name = current is not None and current[1] in HEADS and current[0] == number
            if current is not None and (
                keyword not in KEYWORDS or (in_name and keyword not in "{}")
            ):
                current[2].append(word)
                continue
            if current is not None:
                yield current
            current = (number, keyword, [])
    if current is not None:
        yield current


def _hierarchy(lines: list[str]) -> list[BVHJoint]:
    """Read the root and all its descendants."""
    joints: list[_Open] = []
    path: list[_Open] = []  # from the root to the block that is open
    for line, word, arguments in list(_statements(lines))[1:]:
        # 1. One root, then blocks in braces
        inside = bool(path) and path[-1].entered
        expected = _expected(path, joints)
        if word == "ROOT" and joints and not path:
            raise ValueError(
                f"line {line}: {word} follows after the end of the root. Split files with several "
                "skeletons into one file each."
            )
        known = "END" if word == "ENDSITE" else word
        if known not in expected:
            raise ValueError(f"line {line}: {' or '.join(expected)} was expected, not {word!r}.")
        if known in ("ROOT", "JOINT", "END"):
            name = f"{path[-1].name}{END_SITE}" if known == "END" else " ".join(arguments)
            if not name:
                raise ValueError(f"line {line}: the joint has no name.")
            above = path[-1].index if path else -1
            path.append(_Open(name, above, len(joints), line, known == "END"))
            joints.append(path[-1])
        elif word == "{":
            path[-1].entered = True
        elif word == "}":
            _check_closed(path.pop())
        # 2. Offset and channels, in any order
        elif inside and word == "OFFSET":
            path[-1].offset = _offset(line, path[-1], arguments)
        elif inside:
            path[-1].channels = _channels(line, path[-1], arguments)
    if path or not joints:
        raise ValueError(
            f"the hierarchy ends where {' or '.join(_expected(path, joints))} was expected. Is a "
            "brace missing, or the file truncated?"
        )
    return [BVHJoint(j.name, j.parent, j.offset or (0.0,) * 3, j.channels or ()) for j in joints]


def _expected(path: Sequence[_Open], joints: Sequence[_Open]) -> tuple[str, ...]:
    """Return the words that may follow."""
    if not path:
        return () if joints else ("ROOT",)
    if not path[-1].entered:
        return ("{",)
    inner = ("OFFSET",) * (path[-1].offset is None) + ("CHANNELS",) * (path[-1].channels is None)
    return (*inner, "}") if path[-1].is_site else (*inner, "JOINT", "END", "}")


def _check_closed(joint: _Open) -> None:
    if joint.offset is None and not joint.is_site:
        raise ValueError(f"line {joint.line}: {joint.name} has no OFFSET.")


def _offset(line: int, joint: _Open, arguments: Sequence[str]) -> tuple[float, ...]:
    """Return the three numbers of an offset."""
    what = f"line {line}: the offset of {joint.name}"
    numbers = arguments
    if any("," in word for word in arguments):
        numbers = _without_commas(" ".join(arguments)).split()
    offset = tuple(_number(number, what) for number in numbers)
    if len(offset) != 3:
        raise ValueError(f"{what} has {len(offset)} numbers, not 3.")
    return offset


def _channels(line: int, joint: _Open, arguments: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Return a joint's channels (kind, axis)."""
    count, listed = arguments[:1], arguments[1:]
    channels = tuple((word.lower()[1:], AXES.get(word.lower()[0], -1)) for word in listed)
    if any(kind not in KINDS or axis < 0 for kind, axis in channels):
        raise ValueError(
            f"line {line}: the channels of {joint.name} must be like Xposition or Zrotation, "
            f"got {' '.join(listed)}."
        )
    if list(count) != [str(len(channels))]:
        raise ValueError(
            f"line {line}: {joint.name} announces {' '.join(count) or 'no number of'} "
            f"channels, but lists {len(channels)}."
        )
    return channels


# ---- the frames


def _values(rows: list[tuple[int, str]], announced: str, joints: list[BVHJoint]) -> Array:
    """Return the numbers of all frames (F, C), and compare their count with the announced one."""
    if not announced.isdigit():
        raise ValueError(
            f"the line Frames: and a whole number must follow after MOTION, got {announced!r}."
        )
    count = sum(len(joint.channels) for joint in joints)
    if count == 0:
        raise ValueError("its joints have no channels, and therefore no motion.")
    # 1. One line a frame; else with commas and touching numbers taken apart
    words = [line.split() for _, line in rows]
    numbers = _floats(words) if all(len(row) == count for row in words) else None
    if numbers is None:
        text = _without_commas("\n".join(line for _, line in rows))
        words = [line.split() for line in re.sub(r"(?<=[\d.])(?=[+-])", " ", text).split("\n")]
        numbers = _floats(words)
    if numbers is None:
        at = next(k for k, row in enumerate(words) if _floats([row]) is None)
        wrong = next(word for word in words[at] if _floats([[word]]) is None)
        raise ValueError(f"line {rows[at][0]}: its frames must be numbers, got {wrong[:40]!r}.")
    # 2. Whole frames
    lengths = np.array([len(row) for row in words], dtype=np.int64)
    if not _are_frames(lengths, count, int(announced)):
        at = int(np.argmax(lengths != count))
        raise ValueError(
            f"line {rows[at][0]} has {lengths[at]} numbers, but the hierarchy has {count} "
            "channels. Is the file truncated?"
        )
    values = numbers.reshape(-1, count)
    # 3. As many as announced: an exporter may be off by one or never write the count. Many missing
    #    frames are a truncated file.
    frames = len(values)
    if frames < max(int(announced) - 1, 1):
        raise ValueError(f"it announces {announced} frames, but has {frames}. Is it truncated?")
    if frames != int(announced):
        warn(f"The file announces {announced} frames, but has {frames}. Read all {frames}.")
    # 4. Finite numbers
    is_number = np.abs(values) < MAX_NUMBER  # false for NaN
    if not is_number.all():
        frame, column = np.argwhere(~is_number)[0]
        ends = np.cumsum([len(joint.channels) for joint in joints])
        name = joints[int(np.searchsorted(ends, column, side="right"))].name
        raise ValueError(
            f"a channel of {name} is {values[frame, column]:g} in frame {frame}, not a finite "
            "number of plausible size. Interpolate it, or remove the frame."
        )
    return values


def _are_frames(lengths: NDArray[np.int64], count: int, announced: int) -> bool:
    """Tell whether lines of these lengths hold whole frames of `count` numbers."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    if total % count:
        return False
    # each frame ends at the end of a line, or the text is wrapped like one paragraph
    starts_lines = np.isin(np.arange(count, total + 1, count), ends).all()
    is_paragraph = total == announced * count and np.mean(lengths == count) < 0.5
    return bool(starts_lines or is_paragraph)


def _floats(rows: list[list[str]]) -> Array | None:
    """Return all numbers of some rows, or None if a word is not a number."""
    try:
        return np.array(list(map(float, chain.from_iterable(rows))), dtype=np.float64)
    except ValueError:
        return None


def _without_commas(text: str) -> str:
    """Replace commas: decimal marks, as in ``0,5 1,5``, or separators, as in ``0.5, 1.5``."""
    text = text.replace(";", " ")
    if "," not in text:
        return text
    words = text.split()
    is_decimal = "." not in text and all(
        word.count(",") <= 1 and not word.endswith(",") for word in words
    )
    return text.replace(",", "." if is_decimal else " ")


def _number(word: str, what: str) -> float:
    """Return a finite number, or raise an error."""
    try:
        number = float(word)
    except ValueError:
        raise ValueError(f"{what} must be numbers, got {word[:40]!r}.") from None
    if not abs(number) < MAX_NUMBER:
        raise ValueError(f"{what} is {word}, not a finite number of plausible size.")
    return number


def _seconds(word: str) -> float | None:
    """Return a frame time above 0 in s, or None."""
    try:
        seconds = float(word.replace(",", "."))
    except ValueError:
        return None
    return seconds if np.isfinite(seconds) and seconds > 0 else None


def _unrounded(seconds: float, word: str) -> float:
    """Return the frame rate from which a frame time was printed with few digits."""
    unit = 10.0 ** int(Decimal(word).as_tuple().exponent)  # of the last digit
    # 1. A rate that people use: the frame time itself, else rounded to it, else cut off
    for below, above in (
        (1e-9 * seconds, 1e-9 * seconds),
        (0.501 * unit, 0.501 * unit),
        (0, 0.999 * unit),
    ):
        fits = [rate for rate in NOMINAL_RATES if -below <= 1 / rate - seconds <= above]
        whole = [rate for rate in fits if rate == int(rate)] or fits
        if len(whole) == 1 and abs(whole[0] * seconds - 1) <= LARGEST_SHARE:
            if abs(whole[0] * seconds - 1) > SILENT_SHARE:
                _warn_of_few_digits(word, unit, f"The nominal rate {whole[0]:g} Hz was taken")
            return float(whole[0])
        if whole:
            break
    # 2. Any other whole number that has the same digits
    rate = float(max(round(1 / seconds), 1))
    if abs(1 / rate - seconds) <= min(0.51 * unit, 1e-4 * seconds):
        return rate
    if 0.5 * unit > SILENT_SHARE * seconds:
        _warn_of_few_digits(word, unit, f"Taken as {1 / seconds:.4g} Hz")
    return 1 / seconds


def _warn_of_few_digits(word: str, unit: float, taken: str) -> None:
    """Warn about a frame time that leaves the rate open."""
    seconds = float(word)
    slow, fast = 1 / (seconds + unit), 1 / (seconds - 0.5 * unit)
    warn(
        f"The frame time is printed as {word} s, which leaves a rate between {slow:.4g} and "
        f"{fast:.4g} Hz. {taken}. Pass rate= if the rate is known: accelerations scale with its "
        "square."
    )
