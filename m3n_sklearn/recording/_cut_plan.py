"""What `cut` is given: items as clips, and a plan of checked arguments and shared rates."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .._validation import check_choice, check_positive, check_rate, list_of
from ..motion import Motion
from ._recording import Recording

__all__ = [
    "SAMPLE_TOLERANCE",
    "Clip",
    "Item",
    "Plan",
    "as_clips",
    "common_channels",
    "in_one_order",
    "make_plan",
]

Item = Motion | Recording | tuple[Motion, Recording]

LABEL_RULES = ("majority", "center")

SHORT_RULES = ("drop", "pad")

SAMPLE_TOLERANCE = 1e-6
"""Largest rounding error of a position, in samples or frames."""


@dataclass(frozen=True)
class Clip:
    """An item: a motion, a recording, or a pair of both on one clock."""

    motion: Motion | None
    recording: Recording | None

    def first(self, field: str) -> Any:
        """Return a field of the recording or, if it is empty, of the motion."""
        for owner in (self.recording, self.motion):
            value = getattr(owner, field, None)
            if value is not None and value != ():
                return value
        return None

    @property
    def sex(self) -> str:
        """Sex of the body: "neutral" without a motion."""
        return "neutral" if self.motion is None else self.motion.sex


@dataclass(frozen=True)
class Plan:
    """The checked arguments of `cut`, with the rates that all items share."""

    seconds: float  # length of a window, in s
    overlap: float  # share of a window, in [0, 1)
    margin: float  # in s
    label: str  # one of LABEL_RULES
    short: str  # one of SHORT_RULES
    imu_rate: float | None  # in Hz; None without recordings
    pose_rate: float | None  # in Hz; None without motions
    min_purity: float  # share of samples, in [0, 1]
    min_observed: float  # share of samples or frames, in [0, 1]
    masks_poses: bool  # whether windows have the column `pose_observed`
    ignore: frozenset[Hashable]
    dtype: np.dtype[Any]

    def length(self, rate: float) -> int:
        """Return the samples of a window at a rate."""
        return _rounded(self.seconds * rate, least=1)

    def hop(self, rate: float) -> int:
        """Return the samples from one window start to the next at a rate."""
        return _rounded(self.seconds * (1 - self.overlap) * rate, least=1)

    def margin_frames(self, rate: float) -> int:
        """Return the context frames at each end of a window at a rate."""
        return _rounded(self.margin * rate, least=0)


def as_clips(items: Iterable[Item] | Item) -> list[Clip]:
    """Return the items as clips, or raise an error for items of another type."""
    if isinstance(items, (Motion, Recording)) or _is_pair(items):
        items = [items]  # type: ignore[list-item]
    clips = []
    expected = "Motion, Recording, (Motion, Recording) or a list of these"
    for i, item in enumerate(list_of(items, "items", expected)):
        if isinstance(item, Motion):
            clips.append(Clip(item, None))
        elif isinstance(item, Recording):
            clips.append(Clip(None, item))
        elif _is_pair(item):
            clips.append(Clip(*item))
        else:
            raise TypeError(
                f"Item {i} is a {type(item).__name__}. Items are Motion, Recording or "
                "tuples (Motion, Recording), in this order."
            )
    if not clips:
        raise ValueError("items is empty: give at least one item to cut.")
    return clips


def _is_pair(item: object) -> bool:
    """Tell whether an item is a tuple (Motion, Recording)."""
    return (
        isinstance(item, tuple)
        and len(item) == 2
        and isinstance(item[0], Motion)
        and isinstance(item[1], Recording)
    )


def make_plan(
    clips: Sequence[Clip],
    *,
    seconds: float,
    overlap: float = 0.5,
    margin: float = 0.5,
    label: str = "majority",
    short: str = "drop",
    imu_rate: float | None = None,
    pose_rate: float | None = None,
    min_purity: float = 0.0,
    min_observed: float = 1.0,
    ignore: Iterable[Hashable] | None = (),
    dtype: DTypeLike = np.float64,
) -> Plan:
    """Check the arguments of `cut`."""
    return Plan(
        seconds=check_positive(seconds, "seconds"),
        overlap=_check_between("overlap", overlap, 0.0, 1.0, open_end=True),
        margin=_check_between("margin", margin, 0.0, np.inf, open_end=True),
        label=check_choice(label, "label", LABEL_RULES),
        short=check_choice(short, "short", SHORT_RULES),
        imu_rate=_common_rate("imu_rate", imu_rate, [clip.recording for clip in clips]),
        pose_rate=_common_rate("pose_rate", pose_rate, [clip.motion for clip in clips]),
        min_purity=_check_between("min_purity", min_purity, 0.0, 1.0),
        min_observed=_check_between("min_observed", min_observed, 0.0, 1.0),
        masks_poses=min_observed < 1
        and any(getattr(clip.motion, "observed", None) is not None for clip in clips),
        ignore=frozenset(
            [ignore] if isinstance(ignore, str | Number) else () if ignore is None else ignore
        ),
        dtype=_float_dtype(dtype),
    )


def _rounded(samples: float, *, least: int) -> int:
    """Round a number of samples, halves up, to at least `least`."""
    return max(least, int(np.floor(samples + 0.5 + SAMPLE_TOLERANCE)))


def _common_rate(
    name: str, given: float | None, owners: Sequence[Motion | Recording | None]
) -> float | None:
    """Return the given rate or, without one, the rate that all items share."""
    if given is not None:
        return check_rate(given, name)
    given_owners = [owner for owner in owners if owner is not None]
    if not given_owners:
        return None
    rates = np.array([owner.rate for owner in given_owners])
    uneven = any(isinstance(owner, Motion) and not owner.is_uniform for owner in given_owners)
    if uneven or np.ptp(rates) > 1e-6 * rates[0]:
        why = (
            "the frames of some motions are not evenly spaced"
            if uneven
            else f"the items' rates differ, from {rates.min():.4g} to {rates.max():.4g} Hz"
        )
        raise ValueError(f"Give {name}= (Hz) for the windows: {why}.")
    return float(rates[0])


def in_one_order(clips: Sequence[Clip]) -> list[Clip]:
    """Return the items with the channels of all recordings in the order of the first one."""
    names = next((c.recording.channels for c in clips if c.recording is not None), None)
    ordered = []
    for clip in clips:
        recording = clip.recording
        own = () if recording is None else recording.channels or ()
        if recording is not None and names and own != names and sorted(own) == sorted(names):
            clip = replace(clip, recording=recording.select(names))
        ordered.append(clip)
    return ordered


def common_channels(clips: Sequence[Clip]) -> tuple[str, ...] | None:
    """Return the channels that all recordings share."""
    recordings = [clip.recording for clip in clips if clip.recording is not None]
    if not recordings:
        return None
    first = recordings[0]
    for other in recordings[1:]:
        if other.channels != first.channels or other.data.shape[1] != first.data.shape[1]:
            raise ValueError(
                f"Recordings have different channels, {first.channels or first.data.shape[1]} and "
                f"{other.channels or other.data.shape[1]}. Choose common ones with "
                "Recording.select."
            )
    return first.channels


# ---- checks


def _check_between(
    name: str, value: float, low: float, high: float, *, open_end: bool = False
) -> float:
    """Check a number in an interval."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}.")
    if not (low <= value < high if open_end else low <= value <= high):
        bracket = ")" if open_end else "]"
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}{bracket}, got {value!r}.")
    return float(value)


def _float_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Check a floating point dtype."""
    try:
        kind = np.dtype(dtype)
    except TypeError as error:
        raise TypeError(f"dtype must be a floating point type, got {dtype!r}.") from error
    if kind.kind != "f":
        raise ValueError(f"dtype must be a floating point type, got {kind}.")
    return kind
