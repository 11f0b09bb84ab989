"""From files of SMPL parameters to motions with z up, the path that all their readers share.

The steps are the plain content of the file, people (`People`), pieces of their tracks, motions.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._files import reading
from .._plain_content import load_plain
from .._typing import Array
from .._validation import check_positive
from .._warn import warn
from ..skeleton import to_z_up
from ._motion import (
    MAX_MEDIAN_SPEED,
    Motion,
    _check_poses,
    as_sentences,
    check_id,
    check_name,
    check_source,
)
from ._readings import known_rate
from ._rest_pose import clock_from, cut_rest_poses, warn_about_rest_poses
from ._smpl_tools import GVHMR, HUMANS, People, Tool, Track, people_of
from ._tracked_joints import check_max_gap
from ._twist import turn_forearms
from ._upright import find_up, stance_of, stand_up

__all__ = ["read_people"]

MAX_HEIGHT = 30.0
"""Largest plausible median height of the root above the origin of its world, in m."""


def read_people(
    source_file: Any,
    tool: Tool | None = None,
    *,
    rate: float | None,
    up: str | ArrayLike,
    trim_tpose: bool,
    text: str | Sequence[str] | None,
    label: Hashable | None,
    person: Hashable | None = None,
    focal_length: float | None = None,
    max_gap: float = 0.25,
    subject: Hashable | None = None,
    name: str | None = None,
    source: str | None = None,
) -> list[Motion]:
    """Read all motions of a file or its content; `tool`: the one that must have written it."""
    # 1. The user's arguments
    if not (isinstance(up, str) and up == "auto"):
        to_z_up(up)
    if rate is not None:
        check_positive(rate, "rate", "Hz")
    if focal_length is not None:
        check_positive(focal_length, "focal_length", "pixels")
    check_max_gap(max_gap)
    check_name(name)
    facts = {
        "text": as_sentences(text),
        "label": check_id(label, "label"),
        "subject": check_id(subject, "subject"),
        "source": check_source(source),
    }
    # 2. The content of the file
    in_memory = isinstance(source_file, Mapping | np.ndarray | list)
    block = nullcontext() if in_memory else reading(source_file, "a file of SMPL parameters")
    with block as file:
        people = people_of(source_file if file is None else load_plain(file), tool, focal_length)
        if focal_length is not None and people.tool is not HUMANS:
            raise ValueError(
                f"focal_length= is for results of 4D-Humans, but these are of {people.tool.title}."
            )
        if name is None and file is not None:
            is_gvhmr = people.tool is GVHMR  # all its files have the same name
            name = (file.resolve().parent.name if is_gvhmr else "") or file.stem
        what = "The content" if file is None else file.name
        hertz = people.rate if rate is None else rate
        hertz = known_rate(people.tool.rate if hertz is None else hertz, what)
        clips = _clips(people, hertz, person, max_gap, trim_tpose)
        if tool is None:
            _tell(people.tool, focal_length)
        # 3. From the axes of the file to z up
        return _motions(people, clips, up=up, rate=hertz, name=name, facts=facts)


def _tell(tool: Tool, focal_length: float | None) -> None:
    """Warn if the results of a tool are relative to the camera."""
    if tool.camera:
        is_placed = tool.places or focal_length is not None
        lens = "" if is_placed else ", and their root stays in place: its depth is a guess"
        warn(
            f"These are results of {tool.title}, relative to the camera{lens}. A moving camera "
            "appears as motion of the body, a tilted one as tilted gravity: pass up= as the camera "
            "sees it."
        )


@dataclass(frozen=True)
class _Clip:
    """A piece of a person's track without long gaps and rest poses."""

    who: Hashable
    ending: str  # of the name
    track: Track


def _clips(
    people: People, rate: float, person: Hashable | None, max_gap: float, trim: bool
) -> list[_Clip]:
    """Check the tracks, cut them into pieces, and remove rest poses."""
    tracks = people.tracks
    if not tracks:
        raise ValueError(f"{people.tool.title} found nobody in the video.")
    if person is not None:
        if person not in tracks:
            known = "no names of people" if people.is_single else str(list(tracks))
            raise ValueError(f"there is no person {person!r}; it has {known}.")
        tracks = {person: tracks[person]}
    clips, cuts = [], []
    for who, track in tracks.items():
        where = "the file" if people.is_single else f"person {who!r:.80}"
        _check_frames(track, where)
        track = track.finite(where)
        _check_poses(track.poses)  # before the root is rotated: afterwards degrees do not show
        _check_speed(track, rate, where)
        pieces = track.pieces(max(max_gap * rate * (1 + 1e-9), 1))
        if not (people.is_single and len(track.frames) == 1):
            pieces = [piece for piece in pieces if piece.stop - piece.start > 1]
        for number, piece in enumerate(pieces):
            part = track.part(piece)
            cut = cut_rest_poses(part.poses, part.trans, part.frames / rate, trim=trim)
            cuts.append(cut)
            ending = f"/{number}" if len(pieces) > 1 else ""
            clips.append(_Clip(who, ending, part.part(cut.kept)))
    if not clips:
        raise ValueError(
            f"it has no person in two neighboring frames. Raise max_gap= (now {max_gap:g} s) "
            "if only some frames of the video were processed."
        )
    warn_about_rest_poses(cuts)
    return clips


def _motions(
    people: People,
    clips: list[_Clip],
    *,
    up: str | ArrayLike,
    rate: float,
    name: str | None,
    facts: Mapping[str, Any],
) -> list[Motion]:
    """Rotate clips to z up and return them as motions."""
    tool, single = people.tool, people.is_single
    if facts["subject"] is not None and len({clip.who for clip in clips}) > 1:
        raise ValueError(
            f"subject= is one person, but there are {list(people.tracks)}. Pass person= as well, "
            "or leave subject= out."
        )
    # 1. The twist of the hand; all people of a file are in one world, with one upward axis
    poses = [turn_forearms(clip.track.poses) for clip in clips]
    places = [clip.track.trans for clip in clips]
    stance = stance_of(np.concatenate(poses), np.concatenate(places))
    axis = find_up(stance, up, usual=tool.up, camera=tool.camera)
    # 2. Motions
    motions = []
    for clip, turned, trans in zip(clips, poses, places, strict=True):
        rotated, root = stand_up(turned, trans, axis)
        _check_height(root)
        motions.append(
            Motion(
                rotated,
                root,
                **_clock(clip.track.frames, rate),
                betas=clip.track.betas,
                sex=clip.track.sex,
                text=facts["text"],
                label=facts["label"],
                subject=clip.who if facts["subject"] is None else facts["subject"],
                name=_name(name, None if single else clip.who, clip.ending),
                source=facts["source"] or tool.name,
            )
        )
    return motions


def _name(name: str | None, who: Hashable | None, ending: str) -> str | None:
    """Return the name of a clip: that of the file, the person, and the number of the piece."""
    parts = [str(part) for part in (name, who) if part is not None]
    return "/".join(parts) + ending if parts else ending.removeprefix("/") or None


def _clock(frames: NDArray[np.int64], rate: float) -> dict[str, Any]:
    """Return the argument of `Motion` that keeps frame k of the video at k / rate seconds."""
    if np.all(np.diff(frames) == 1):
        return clock_from(int(frames[0]), len(frames), rate)
    return {"times": frames / rate}


def _check_frames(track: Track, where: str) -> None:
    """Raise unless all arrays have one row a frame and the frame numbers increase."""
    count = len(track.frames)
    if count == 0 or np.any(np.diff(track.frames) < 1) or track.frames[0] < 0:
        raise ValueError(f"the frame numbers of {where} must increase and be >= 0.")
    if len(track.poses) != count:
        raise ValueError(f"{where} has {count} frame numbers, but {len(track.poses)} poses.")


def _check_speed(track: Track, rate: float, where: str) -> None:
    """Raise an error for a median speed that no person reaches."""
    if len(track.frames) < 2:
        return
    steps = np.linalg.norm(np.diff(track.trans, axis=0), axis=1) / np.diff(track.frames)
    speed = float(np.median(steps)) * rate
    if speed > MAX_MEDIAN_SPEED:
        raise ValueError(
            f"the root of {where} moves at {speed:.4g} m/s most of the time. Is trans in "
            "millimeters or centimeters? It must be in m."
        )


def _check_height(root: Array) -> None:
    """Warn about a root that is higher above the origin than people are."""
    height = float(np.median(root[:, 2]))
    if abs(height) > MAX_HEIGHT:
        warn(
            f"The root is {height:.4g} m above the origin most of the time. Is trans in "
            "millimeters or centimeters? It must be in m."
        )
