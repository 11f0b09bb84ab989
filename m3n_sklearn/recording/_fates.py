"""Windows that an item has room for: which `cut` keeps, and why it drops the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from ..motion import Motion
from ._cut_plan import SAMPLE_TOLERANCE, Clip, Item, Plan, as_clips, make_plan
from ._recording import Recording

__all__ = [
    "IGNORED",
    "LOST_SAMPLES",
    "MIXED",
    "Candidates",
    "Grid",
    "Indices",
    "WindowFates",
    "list_candidates",
    "window_fates",
]

Indices = NDArray[np.int64]

KEPT, LOST_SAMPLES, IGNORED, MIXED = FATES = (
    "kept",
    "lost samples",
    "ignored class",
    "mixed labels",
)
"""What becomes of a window: cut, or dropped for the first of these reasons."""

_TIME_TOLERANCE = 1e-6
"""Largest rounding error of a time, in s."""

_SHARE_TOLERANCE = 1e-12
"""Largest rounding error of a share."""


class Grid(NamedTuple):
    """The samples of an item that can be cut, and the length of windows."""

    low: int  # first sample
    high: int  # one after the last sample
    length: int  # samples of a window

    def bounds(self, starts: Indices) -> tuple[Indices, Indices]:
        """Return the first real sample of each window, and the one after the last."""
        return np.maximum(starts, self.low), np.minimum(starts + self.length, self.high)


class Candidates(NamedTuple):
    """All windows that an item has room for, and what becomes of each."""

    recording: Recording | None  # at the rate of the windows
    origin: float  # time of sample 0, in s
    rate: float  # of the grid, in Hz
    grid: Grid
    starts: Indices  # (n,) first samples
    labels: list[Any]
    purity: Array  # (n,) share of the samples that have the label
    fates: NDArray[np.str_]  # (n,) one of FATES

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which windows are cut."""
        return self.fates == KEPT


class WindowFates(NamedTuple):
    """The windows of one item.

    Attributes
    ----------
    kept : int
        Windows that `cut` returns.
    lost : dict of str to int
        Windows that it drops, by the first reason.
    labels : Counter
        Kept windows by class.
    mixed : int
        Kept windows that contain other classes than their own.
    too_short : bool
        Whether the item is shorter than a window.
    """

    kept: int
    lost: dict[str, int]
    labels: Counter[Hashable]
    mixed: int
    too_short: bool


def window_fates(item: Item, **cutting: Any) -> WindowFates:
    """Count what `cut` with the same arguments makes of a motion, a recording or a pair."""
    [clip] = as_clips(item)
    found = list_candidates(clip, make_plan([clip], **cutting))
    counts = Counter(found.fates.tolist())
    kept = found.kept
    return WindowFates(
        kept=counts.pop(KEPT, 0),
        lost=dict(counts),
        labels=Counter(label for label, keep in zip(found.labels, kept, strict=True) if keep),
        mixed=int((found.purity[kept] < 1).sum()),
        too_short=len(found.starts) == 0,
    )


def list_candidates(clip: Clip, plan: Plan) -> Candidates:
    """Return all windows that an item has room for, and which of them are cut."""
    # 1. The clock of the starts, and the samples that can be cut
    recording = clip.recording
    if recording is not None:
        assert plan.imu_rate is not None
        recording = recording.resample(plan.imu_rate)
        rate, origin = recording.rate, recording.start
        low, high = _covered(recording, clip.motion, plan)
    else:
        assert clip.motion is not None and plan.pose_rate is not None
        rate, origin = plan.pose_rate, float(clip.motion.times[0])
        low, high = 0, int(np.floor(clip.motion.duration * rate + SAMPLE_TOLERANCE)) + 1
    grid = Grid(low, high, plan.length(rate))
    starts = _starts(grid, plan.hop(rate), plan.short)
    # 2. The windows that are observed and pure enough; the first reason counts
    labels, purity = _classes(clip, recording, starts, grid, plan)
    fates = np.full(len(starts), KEPT, dtype=f"U{max(map(len, FATES))}")
    fates[purity < plan.min_purity - _SHARE_TOLERANCE] = MIXED
    fates[np.array([label in plan.ignore for label in labels], dtype=bool)] = IGNORED
    if recording is not None:
        share = _share_observed(recording.observed, *grid.bounds(starts))
        fates[share < plan.min_observed - _SHARE_TOLERANCE] = LOST_SAMPLES
    if clip.motion is not None and clip.motion.observed is not None:
        share = _share_of_poses(clip.motion, origin + starts / rate, plan)
        fates[share < plan.min_observed - _SHARE_TOLERANCE] = LOST_SAMPLES
    return Candidates(recording, origin, rate, grid, starts, labels, purity, fates)


def _covered(recording: Recording, motion: Motion | None, plan: Plan) -> tuple[int, int]:
    """Return the bounds of the samples that the motion covers as well."""
    if motion is None:
        return 0, recording.n_samples
    assert plan.pose_rate is not None
    end = motion.times[-1] + min(1 / motion.rate, 1 / plan.pose_rate)
    low = int(np.ceil((motion.times[0] - recording.start) * recording.rate - SAMPLE_TOLERANCE))
    high = int(np.floor((end - recording.start) * recording.rate + SAMPLE_TOLERANCE))
    return max(0, low), min(recording.n_samples, high)


def _starts(grid: Grid, hop: int, short: str) -> Indices:
    """Return the first samples of the windows; negative ones are padded."""
    low, high, length = grid
    available = high - low
    if available >= length:
        return np.arange(low, high - length + 1, hop)
    if available > 0 and short == "pad":
        return np.array([low - (length - available) // 2])
    return np.empty(0, dtype=np.int64)


def _share_observed(observed: NDArray[np.bool_], begin: Indices, end: Indices) -> Array:
    """Return the measured share of the samples of each window, over all channels."""
    counts = np.concatenate([[0], np.cumsum(observed.sum(axis=1))])
    return (counts[end] - counts[begin]) / (observed.shape[1] * np.maximum(1, end - begin))


def _share_of_poses(motion: Motion, starts: Array, plan: Plan) -> Array:
    """Return the measured share of the frames and joints of each window with its margins."""
    assert motion.observed is not None
    begin = np.searchsorted(motion.times, starts - plan.margin - _TIME_TOLERANCE)
    end = np.searchsorted(motion.times, starts + plan.seconds + plan.margin - _TIME_TOLERANCE)
    return _share_observed(motion.observed, begin, end)


def _classes(
    clip: Clip,
    recording: Recording | None,
    starts: Indices,
    grid: Grid,
    plan: Plan,
) -> tuple[list[Any], Array]:
    """Return the class of each window, and the share of its samples that have it."""
    if recording is None or recording.labels is None:
        value = None if clip.motion is None else clip.motion.label
        return [value] * len(starts), np.ones(len(starts))
    classes, codes = np.unique(recording.labels, return_inverse=True)
    begin, end = grid.bounds(starts)
    counts = np.stack([_count(codes == k, begin, end) for k in range(len(classes))], axis=1)
    if plan.label == "center":
        chosen = codes[np.clip(starts + grid.length // 2, grid.low, grid.high - 1)]
    else:
        chosen = _most_frequent(counts, codes, begin)
    purity = counts[np.arange(len(starts)), chosen] / (end - begin)
    values = classes.tolist()
    return [values[k] for k in chosen], purity


def _count(mask: NDArray[np.bool_], begin: Indices, end: Indices) -> Indices:
    """Return the number of true samples in each interval [begin, end)."""
    total = np.concatenate([[0], np.cumsum(mask)])
    return total[end] - total[begin]


def _most_frequent(counts: Indices, codes: Indices, begin: Indices) -> Indices:
    """Return the most frequent class of each window; of equally frequent ones the earliest."""
    chosen = np.argmax(counts, axis=1)
    best = counts.max(axis=1, keepdims=True)
    for row in np.flatnonzero((counts == best).sum(axis=1) > 1):
        tied = np.flatnonzero(counts[row] == best[row])
        later = codes[begin[row] :]
        chosen[row] = min(tied, key=lambda k: int(np.argmax(later == k)))
    return chosen
