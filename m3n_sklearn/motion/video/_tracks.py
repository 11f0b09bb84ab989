"""Tracks of people in a video, shared by the readers of SMPL parameters.

A track is cut where the person is lost for too long and where a new shot begins. All pieces of a
file are rotated to z up together, since they are in one world.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._checks import check_positive, real_array
from .._forearm import turn_forearms
from .._gaps import check_max_gap
from .._motion import Motion, _check_poses
from .._rest_pose import cut_rest_poses, warn_about_rest_poses
from .._smpl import stand_up
from .._upright import find_up, stance_of

__all__ = ["Track", "frame_numbers", "known_rate", "look_up", "motions_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """SMPL parameters of one person in the frames in which the person is visible."""

    frames: NDArray[np.int64]  # (F,): numbers of the video's frames, rising
    poses: Array  # (F, 22 or 24, 3): axis-angle vectors, the root's first
    trans: Array  # (F, 3): SMPL's translation, in m
    betas: Array | None = None  # (F, B) or None: shape; the median over the frames is taken
    cuts: tuple[int, ...] = field(default=())  # frames in which a new shot begins

    def pieces(self, longest: float) -> list[slice]:
        """Cut at gaps of more than `longest` frames and between shots; drop single frames."""
        gap = np.diff(self.frames) > longest
        shot = np.searchsorted(sorted(self.cuts), self.frames, side="right")
        edges = [0, *(np.flatnonzero(gap | (np.diff(shot) > 0)) + 1).tolist(), len(self.frames)]
        return [slice(a, b) for a, b in pairwise(edges) if b - a > 1]


def known_rate(rate: float | None, what: str) -> float:
    """Return the frames per second, or raise if they are not given."""
    if rate is None:
        raise ValueError(
            f"{what} does not contain the video's frame rate. Pass rate= in frames per second; a "
            "wrong rate scales every simulated acceleration by its square."
        )
    return check_positive(rate, "rate", "Hz")


def look_up(record: Any, key: str, where: str) -> Any:
    """Return an entry of a dictionary, or raise and list its keys."""
    if not isinstance(record, Mapping):
        raise ValueError(f"{where} must be a dictionary with {key!r}, got {type(record).__name__}.")
    if key not in record:
        listed = ", ".join(repr(name) for name in list(record)[:20]) or "nothing"
        raise ValueError(f"{where} has no {key!r}; it has {listed}.")
    return record[key]


def frame_numbers(values: ArrayLike, where: str) -> NDArray[np.int64]:
    """Return whole numbers of shape (F,)."""
    numbers = real_array(values, where, "numbers of frames, shape (frames,)")
    if numbers.ndim != 1 or not np.isfinite(numbers).all() or np.any(numbers % 1):
        raise ValueError(f"{where} must be whole numbers of shape (frames,), got {values!r}.")
    return numbers.astype(np.int64)


def motions_of(
    tracks: Mapping[Hashable, Track],
    path: str | os.PathLike[str],
    *,
    rate: float,
    person: Hashable | None,
    max_gap: float,
    up: str | ArrayLike,
    usual: str,
    trim_tpose: bool,
    text: str | Sequence[str] | None,
    label: Hashable | None,
    source: str,
) -> list[Motion]:
    """Turn tracks into motions, one for each piece without long gaps."""
    # `person`: the one to take, or None for all; `usual`: axis that points up in the tool's world,
    # "-y" for a camera's frame. The clock of a motion is the video's: frame number / rate.

    # 1. Check, cut into pieces, and remove rest poses
    file = Path(path).name
    check_max_gap(max_gap)
    if person is not None and person not in tracks:
        raise ValueError(f"{file} has no person {person!r}; it has {list(tracks)}.")
    clips, cuts = [], []
    for who, track in tracks.items():
        if person is not None and who != person:
            continue
        _check_frames(track, who, file)
        pieces = track.pieces(max(max_gap * rate * (1 + 1e-9), 1))
        for number, piece in enumerate(pieces):
            poses, trans, times = track.poses[piece], track.trans[piece], track.frames[piece] / rate
            _check_poses(poses)
            cuts.append(cut_rest_poses(poses, trans, times, trim=trim_tpose))
            motion_frames = cuts[-1].kept
            ending = f"/{number}" if len(pieces) > 1 else ""
            clips.append(
                (
                    who,
                    ending,
                    turn_forearms(poses[motion_frames]),
                    trans[motion_frames],
                    times[motion_frames],
                )
            )
    if not clips:
        raise ValueError(
            f"{file} has no person in two neighboring frames. Raise max_gap= (now {max_gap:g} s) "
            "if only some frames of the video were processed."
        )
    warn_about_rest_poses(cuts, stacklevel=4)
    # 2. All people of a file are in one world: find its upward axis from all of them
    stance = stance_of(*(np.concatenate([clip[part] for clip in clips]) for part in (2, 3)))
    axis = find_up(stance, up, usual=usual, camera=usual == "-y", stacklevel=4)
    # 3. Rotate to z up
    motions = []
    for who, ending, poses, trans, times in clips:
        betas = tracks[who].betas
        rotated, root = stand_up(poses, trans, axis)
        motions.append(
            Motion(
                rotated,
                root,
                times=times,
                betas=None if betas is None else np.median(np.atleast_2d(betas), 0),
                text=text,
                label=label,
                subject=who,
                name=f"{Path(path).stem}/{who}{ending}",
                source=source,
            )
        )
    return motions


def _check_frames(track: Track, who: Hashable, file: str) -> None:
    """Raise unless all arrays have one row a frame and the frame numbers increase."""
    count, betas = len(track.frames), track.betas
    if count == 0 or np.any(np.diff(track.frames) < 1) or track.frames[0] < 0:
        raise ValueError(f"{file}: the frame numbers of person {who!r} must increase and be >= 0.")
    for name, values in (("poses", track.poses), ("translations", track.trans)):
        if values.ndim < 2 or len(values) != count or values.shape[-1] != 3:
            raise ValueError(
                f"{file}: person {who!r} has {count} frame numbers, but {name} of shape "
                f"{values.shape}."
            )
    if betas is not None and not (betas.ndim == 1 or betas.shape == (count, betas.size // count)):
        raise ValueError(
            f"{file}: person {who!r} has {count} frame numbers, but betas of shape {betas.shape}."
        )
