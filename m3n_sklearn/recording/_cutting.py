"""Cut motions and recordings into windows of equal length on one clock.

The recording of a pair defines the grid of window starts; the poses are interpolated at the same
times, with a margin of context frames at both ends.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import DTypeLike, NDArray

from .._channel_names import UnitsWarning
from .._typing import Array
from .._warn import warn
from .._windows import Windows, tell
from ..motion import Motion, neighbors
from ..skeleton import quat_from_rotvec, rotvec_from_quat, slerp_resample
from ._cut_plan import (
    SAMPLE_TOLERANCE,
    Clip,
    Item,
    Plan,
    as_clips,
    common_channels,
    in_one_order,
    make_plan,
)
from ._fates import IGNORED, LOST_SAMPLES, MIXED, Candidates, Grid, Indices, list_candidates
from ._recording import doubts_of
from ._resampling import bridge_by_lines
from ._table_labels import UNLABELED

__all__ = ["Cut", "cut"]

ALIKE = 0.8
"""Similarity from which on two names may be one that is misspelled."""

_DIGITS = re.compile(r"\d+")


class Cut(NamedTuple):
    """Windows with their classes and people.

    Attributes
    ----------
    X : Windows
        One row per window.
    y : ndarray of shape (n,) or None
        Classes; None if no item has labels.
    groups : ndarray of shape (n,) or None
        People; None if no item has a subject.
    """

    X: Windows
    y: NDArray[Any] | None
    groups: NDArray[Any] | None


def cut(
    items: Iterable[Item] | Item,
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
) -> Cut:
    """Cut motions, recordings, or pairs of both into windows of equal length.

    Parameters
    ----------
    items : Motion, Recording, (Motion, Recording) or an iterable of these
        A pair is one scene on one clock (``motion.times`` and ``recording.times``); only the time
        that both cover is cut. No window crosses the border of an item.
    seconds : float
        Length of a window, rounded to whole samples.
    overlap : float, default=0.5
        Fraction of a window that overlaps the next, in [0, 1).
    margin : float, default=0.5
        Seconds of context frames at both ends of pose windows, rounded to whole frames. If the
        clip ends earlier, its edge frame is repeated. The column ``context`` contains the number
        of real frames in each margin.
    label : {"majority", "center"}, default="majority"
        The class of a window is the most frequent one of its samples (of equally frequent ones the
        earliest), or that of its middle sample.
    short : {"drop", "pad"}, default="drop"
        Items shorter than a window are dropped, or give one window: the item is in the middle, and
        its first and last sample are repeated. The column ``padded`` then contains the repeated
        seconds of a window. The rest of a longer item after its last window is always dropped.
    imu_rate, pose_rate : float, optional
        Rates of the windows in Hz, from 0.1 to 100000. By default the rates of the items, which
        must be equal.
    min_purity : float, default=0.0
        Windows are dropped if a smaller share of their samples has the class of the window.
    min_observed : float, default=1.0
        Windows are dropped if a smaller share of their samples was measured, counting each
        channel, or of their pose frames, counting each joint and the margins. By default no window
        contains a lost sample. With a smaller share, lost samples are bridged by straight lines.
    ignore : iterable or None, default=()
        Windows of these classes are dropped.
    dtype : dtype, default=float64
        Dtype of the column ``imu``.

    Returns
    -------
    X : Windows
        Columns:

        - ``imu``, ``pose``, ``trans`` and ``text``, if the items have them;
        - ``clip``, the item's name, with a number where names repeat;
        - ``start``, the time of the first sample on the item's clock in s;
        - ``observed`` (n, C, T) if `min_observed` is less than 1: False where a sample of ``imu``
          was lost or is padding;
        - ``pose_observed`` (n, F, J) likewise, if motions have the mask;
        - ``context`` with poses, ``padded`` with padding;
        - ``stature`` and ``betas`` if every item has them, ``source`` if any has, ``sex`` if any is
          not "neutral".
    y : ndarray of shape (n,) or None
        From the recording's labels or, without them, the motion's label.
    groups : ndarray of shape (n,) or None
        Subjects.

    Raises
    ------
    TypeError
        If an item has another type.
    ValueError
        For arguments out of range, rates or channels that differ between items, or if no window
        is left.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.recording import Recording, channel_names, cut
    >>> walk = Recording(np.full((500, 3), 5.6), 50.0, channel_names("right_wrist", "acc"),
    ...                  labels="walk", subject="anna")
    >>> X, y, groups = cut(walk, seconds=2.0)
    >>> X["imu"].shape, X["start"][:3].tolist(), y[0], groups[0]
    ((9, 3, 100), [0.0, 1.0, 2.0], np.str_('walk'), np.str_('anna'))
    """
    # 1. The plan, and the columns that all items have
    clips = in_one_order(as_clips(items))
    plan = make_plan(
        clips,
        seconds=seconds,
        overlap=overlap,
        margin=margin,
        label=label,
        short=short,
        imu_rate=imu_rate,
        pose_rate=pose_rate,
        min_purity=min_purity,
        min_observed=min_observed,
        ignore=ignore,
        dtype=dtype,
    )
    channels = common_channels(clips)
    shared = [name for name in ("stature", "betas") if _all_have(clips, name)]
    has_source = any(getattr(clip.motion, "source", None) for clip in clips)
    has_sex = any(clip.sex != "neutral" for clip in clips)
    # 2. The windows of each item, with the columns that are constant within an item
    parts: list[Windows] = []
    labels: list[Any] = []
    groups: list[Any] = []
    seen: set[Hashable] = set()
    for clip, clip_id in zip(clips, _unique_ids(clips), strict=True):
        found = list_candidates(clip, plan)
        seen.update(found.labels)
        rows = _cut_clip(clip, found, plan)
        if rows is None:
            continue
        columns, row_labels = rows
        count = len(row_labels)
        columns["clip"] = np.full(count, clip_id)
        if has_source:
            columns["source"] = np.full(count, getattr(clip.motion, "source", None) or "")
        if has_sex:
            columns["sex"] = np.full(count, clip.sex)
        for name in shared:
            columns[name] = np.repeat(np.asarray(getattr(clip.motion, name))[None], count, axis=0)
        parts.append(_as_windows(columns, clip, plan, channels))
        labels += row_labels
        groups += [clip.first("subject")] * count
    if not parts:
        raise ValueError(_nothing_left(clips, plan))
    _warn_about_ignored(plan.ignore, seen, set(labels))
    X = tell(Windows.concatenate(parts), _warn_about_mixed_units(clips))
    return Cut(X, _as_array(labels), _as_array(groups))


# ---- one clip


def _cut_clip(clip: Clip, found: Candidates, plan: Plan) -> tuple[dict[str, Any], list[Any]] | None:
    """Return the columns and classes of one item's windows, or None without windows."""
    # 1. The starts of the windows
    recording, grid, rate = found.recording, found.grid, found.rate
    starts = found.starts[found.kept]
    row_labels = [found.labels[i] for i in np.flatnonzero(found.kept)]
    if len(starts) == 0:
        return None
    # 2. The columns
    low, high = grid.low, grid.high
    columns: dict[str, Any] = {"start": found.origin + starts / rate}
    if plan.short == "pad":
        columns["padded"] = np.full(len(starts), max(0, grid.length - (high - low)) / rate)
    if recording is not None:
        data = recording.data
        if plan.min_observed < 1:
            data = bridge_by_lines(data, recording.observed)
            sample = starts[:, None] + np.arange(grid.length)
            is_real = (sample >= low) & (sample < high)
            columns["observed"] = _rows(recording.observed, starts, grid) & is_real[:, None]
        columns["imu"] = _rows(data, starts, grid).astype(plan.dtype)
    if clip.motion is not None:
        columns.update(_pose_rows(clip.motion, columns["start"], plan))
    return columns, row_labels


def _rows(values: NDArray[Any], starts: Indices, grid: Grid) -> NDArray[Any]:
    """Return windows (n, C, length) of samples (T, C); outside the grid the edge is repeated."""
    low, high, length = grid
    if len(starts) and low <= starts[0] and starts[-1] + length <= high:
        return sliding_window_view(values, length, axis=0)[starts]
    index = np.clip(starts[:, None] + np.arange(length), low, high - 1)
    return values[index].transpose(0, 2, 1)


def _pose_rows(motion: Motion, starts: Array, plan: Plan) -> dict[str, Any]:
    """Return pose windows with `margin` context frames at both ends."""
    assert plan.pose_rate is not None
    rate, length = plan.pose_rate, plan.length(plan.pose_rate)
    margin = plan.margin_frames(rate)
    times = starts[:, None] + np.arange(-margin, length + margin) / rate
    poses, trans = _frames_at(motion, times)
    left = np.floor((starts - motion.times[0]) * rate + SAMPLE_TOLERANCE)
    right = np.floor((motion.times[-1] - starts) * rate + SAMPLE_TOLERANCE) - (length - 1)
    context = np.clip(np.stack([left, right], axis=1), 0, margin).astype(np.int64)
    rows = {"pose": poses, "trans": trans, "context": context}
    if plan.masks_poses:
        seen = np.ones(motion.poses.shape[:2], bool) if motion.observed is None else motion.observed
        before, after = neighbors(motion.times, times.ravel())
        rows["pose_observed"] = (seen[before] & seen[after]).reshape(*times.shape, -1)
    return rows


def _frames_at(motion: Motion, times: Array) -> tuple[Array, Array]:
    """Return poses and translations at any times; outside the clip those of the edge frame."""
    position = (times - motion.times[0]) * motion.rate
    index = np.rint(position)
    if motion.is_uniform and np.abs(position - index).max() < SAMPLE_TOLERANCE:
        frames = np.clip(index, 0, motion.n_frames - 1).astype(np.int64)
        return motion.poses[frames], motion.trans[frames]
    # overlapping windows share times
    wanted, inverse = np.unique(times.round(9), return_inverse=True)
    inverse = inverse.reshape(times.shape)
    quats = slerp_resample(quat_from_rotvec(motion.poses), motion.times, wanted)
    trans = np.stack([np.interp(wanted, motion.times, axis) for axis in motion.trans.T], axis=-1)
    return rotvec_from_quat(quats)[inverse], trans[inverse]


def _as_windows(
    columns: dict[str, Any], clip: Clip, plan: Plan, channels: tuple[str, ...] | None
) -> Windows:
    """Add rates, channels and texts to the columns of an item."""
    count = len(columns["start"])
    rates: dict[str, float] = {}
    margin = 0.0
    if "imu" in columns and plan.imu_rate is not None:
        rates["imu"] = plan.imu_rate
    if "pose" in columns and plan.pose_rate is not None:
        rates["pose"] = plan.pose_rate
        margin = plan.margin_frames(plan.pose_rate) / plan.pose_rate
    text = clip.first("text")
    if text:
        columns["text"] = [text[0] if len(text) == 1 else text] * count
    return Windows(
        rate=rates,
        channels=channels if "imu" in columns else None,
        margin=margin,
        **columns,
    )


# ---- all items


def _all_have(clips: Sequence[Clip], field: str) -> bool:
    """Tell whether a field of all motions is set and has one shape."""
    values = [getattr(clip.motion, field, None) for clip in clips]
    shapes = [np.shape(value) for value in values if value is not None]
    return len(shapes) == len(values) and len(set(shapes)) == 1


def _unique_ids(clips: Sequence[Clip]) -> list[str]:
    """Return the names of the items, with a number where they repeat or are missing."""
    names = [clip.first("name") or "clip" for clip in clips]
    repeated = Counter(names)
    taken, used, ids = set(names), Counter[str](), []
    for clip, name in zip(clips, names, strict=True):
        chosen = name
        if repeated[name] > 1 or clip.first("name") is None:
            chosen = f"{name}#{used[name]}"
            while chosen in taken:
                used[name] += 1
                chosen = f"{name}#{used[name]}"
            used[name] += 1
        taken.add(chosen)
        ids.append(chosen)
    return ids


def _as_array(values: Sequence[Any]) -> NDArray[Any] | None:
    """Return an array of the common type of the values, or of objects."""
    kinds = {type(value) for value in values}
    if kinds == {type(None)}:
        return None
    if len(kinds) == 1 and not issubclass(next(iter(kinds)), tuple):
        return np.array(values)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _warn_about_ignored(
    ignored: frozenset[Hashable], seen: set[Hashable], kept: set[Hashable]
) -> None:
    """Warn if samples without a label became a class, or an ignored class is spelled otherwise."""
    # 1. An ignored class that does not occur, next to one that is written nearly so. Names that
    #    differ in a number are different classes.
    for name in ignored - seen:
        plain = _DIGITS.sub("", str(name).lower())
        for label in kept:
            other = _DIGITS.sub("", str(label).lower())
            is_same = str(label).lower() == str(name).lower()
            if is_same or (plain != other and get_close_matches(plain, [other], cutoff=ALIKE)):
                warn(
                    f"ignore={name!r} is not a class of any window, but {label!r} is, and its "
                    f"windows were kept. Did you mean ignore={label!r}?"
                )
                return
    # 2. The class of samples without a label
    if UNLABELED in kept and len(kept) > 1:
        warn(
            f"Samples without a label became the class {UNLABELED!r}. Leave them out with "
            f"cut(..., ignore={UNLABELED!r}), or give them a name of their own if they are a class."
        )


def _warn_about_mixed_units(clips: Sequence[Clip]) -> frozenset[str]:
    """Warn if only some recordings are in doubtful units; return what was told about them."""
    recordings = [clip.recording for clip in clips if clip.recording is not None]
    told = [doubts_of(recording) for recording in recordings]
    every: frozenset[str] = frozenset().union(*told)
    for key in sorted(every):
        owners = [r for r, keys in zip(recordings, told, strict=True) if key in keys]
        sensor, _, kind = key.partition(":")
        if len(owners) == len(recordings) or sensor == "lost":
            continue
        names = [str(r.name or r.subject or f"number {recordings.index(r)}") for r in owners]
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        warn(
            f"The {sensor} of {len(owners)} of {len(recordings)} recordings is doubtful ({kind}), "
            f"that of the others is not: {', '.join(names[:8])}{more}. Convert these recordings "
            "before cutting, since a model cannot know the unit of a window.",
            UnitsWarning,
        )
    return every


def _nothing_left(clips: Sequence[Clip], plan: Plan) -> str:
    """Return the message of the error that no window is left."""
    longest = max(
        owner.duration + 1 / owner.rate
        for clip in clips
        for owner in (clip.recording, clip.motion)
        if owner is not None
    )
    if longest < plan.seconds and plan.short == "drop":
        return (
            f"No window is left: the longest item lasts {longest:.3g} s and a window "
            f"{plan.seconds:.3g} s. Choose fewer seconds or short='pad'."
        )
    # the reasons of all windows that there was room for, the most frequent first
    fates: Counter[str] = Counter()
    ignored: Counter[Hashable] = Counter()
    for clip in clips:
        found = list_candidates(clip, plan)
        fates.update(found.fates.tolist())
        ignored.update(
            label for label, fate in zip(found.labels, found.fates, strict=True) if fate == IGNORED
        )
    start = f"No window of {plan.seconds:.3g} s is left of {len(clips)} items: "
    if not fates:
        return start + (
            "each pair overlaps in time by less than a window. Check that the motion and the "
            "recording of a pair have one clock."
            if any(clip.motion is not None and clip.recording is not None for clip in clips)
            else "none has room for one. Choose fewer seconds or short='pad'."
        )
    main = fates.most_common(1)[0][0]
    reasons = ", ".join(f"{reason} {count}" for reason, count in fates.most_common())
    names = ", ".join(repr(label) for label, _ in ignored.most_common(5))
    cure = {
        LOST_SAMPLES: f"Lower min_observed={plan.min_observed:g}.",
        IGNORED: f"ignore= contains {names}: label the recordings, or ignore less.",
        MIXED: f"Lower min_purity={plan.min_purity:g}, or choose fewer seconds.",
    }[main]
    return f"{start}{reasons}. {cure}"
