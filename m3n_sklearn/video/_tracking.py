"""People in a video: the detector starts a track, the landmarks of a frame lead to the next one.

A track is one person without interruption of more than `LOST_SECONDS` and within one scene. In
each frame:

1. Each track looks for its person in the region that follows from the frame before.
2. A person who is missing, or who jumps farther than a body moves, ends the track's good luck: its
   region is kept until a detection near it takes over, or the track is closed.
3. The detector runs several times a second, and at once if nobody is tracked. The nearest
   detection next to a track belongs to it; another one starts a new track.
4. Two tracks on the same person: the shorter one has lost its own, and waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from ._decode import Video
from ._pose_model import Landmarks, PoseModel, Region

__all__ = ["MAX_PEOPLE", "Track", "follow_people"]

DETECT_SECONDS = 0.25
"""Seconds from one run of the detector to the next."""

LOST_SECONDS = 0.5
"""Seconds for which the region of a lost person is kept."""

NEAR = 0.35
"""Distance of two regions, in shares of the larger one's size, up to which they are one person."""

MAX_GROWTH = 2.0
"""Ratio of the sizes of two regions up to which they are one person."""

MAX_JUMP = 0.25
"""Distance that a person moves from one frame to the next, in shares of the region's size."""

SAME_PERSON = 0.08
"""Mean distance of the landmarks of two tracks, in shares of the region's size, below which both
are on the same person. Two people who embrace are farther apart."""

MAX_PEOPLE = 6
"""People who are tracked at once: the largest ones."""


@dataclass(eq=False)
class Track:
    """Landmarks of one person in consecutive frames of one scene; a frame may be missing."""

    scene: int
    frames: list[int] = field(default_factory=list)
    landmarks: list[Landmarks] = field(default_factory=list)
    region: Region | None = None  # where to look in the next frame
    sizes: list[float] = field(default_factory=list)  # of the regions, in shares of the image
    before: Region | None = None  # region of the frame before

    def add(self, frame: int, found: Landmarks, image_size: float) -> None:
        """Append the landmarks of a frame."""
        self.frames.append(frame)
        self.landmarks.append(found)
        self.before = self.region
        self.region = found.region if found.region is not None else self.region
        self.sizes.append(0.0 if self.region is None else self.region.size / image_size)

    def take_back(self) -> None:
        """Remove the last frame."""
        for values in (self.frames, self.landmarks, self.sizes):
            values.pop()
        self.region = self.before

    @property
    def last(self) -> int:
        """Number of the last frame."""
        return self.frames[-1]

    @property
    def extent(self) -> float:
        """Sum of the areas over all frames: how large and how long a person is seen."""
        return float(np.sum(np.square(self.sizes)))

    def arrays(self) -> tuple[NDArray[np.intp], Array, Array, Array]:
        """Return frames (n,), world (n, K, 3), image (n, K, 2) and visibility (n, K)."""
        return (
            np.array(self.frames, dtype=np.intp),
            np.stack([one.world for one in self.landmarks]),
            np.stack([one.image for one in self.landmarks]),
            np.stack([one.visibility for one in self.landmarks]),
        )


def follow_people(video: Video, model: PoseModel) -> list[Track]:
    """Return the tracks of all people in a video, in the order of their first frames."""
    closed: list[Track] = []
    active: list[Track] = []
    scene, detected = 0, -(10**9)
    for frame in video:
        rate = video.rate if np.isfinite(video.rate) else 30.0
        patience, every = (
            max(round(seconds * rate), 1) for seconds in (LOST_SECONDS, DETECT_SECONDS)
        )
        height, width = frame.image.shape[:2]
        image_size = float(np.sqrt(height * width))
        # 1. Nobody is followed across a cut, or for longer than a moment
        if frame.after_cut:
            scene, detected = scene + 1, -(10**9)
            closed, active = closed + active, []
        lost = [track for track in active if frame.number - track.last > patience]
        closed += lost
        active = [track for track in active if track not in lost]
        # 2. The people of the frame before
        seen: list[Track] = []
        for track in active:
            region = track.region
            found = None if region is None else model.locate(frame.image, region)
            if found is not None and _continues(region, found.region):
                track.add(frame.number, found, image_size)
                seen.append(track)
        # 3. Others
        if frame.number - detected >= every or len(seen) < len(active) or not active:
            detected = frame.number
            regions = sorted(model.detect(frame.image), key=lambda one: -one.size)
            for region in _unclaimed(regions[:MAX_PEOPLE], seen):
                found = model.locate(frame.image, region)
                if found is None or any(_on_same_person(found, track) for track in seen):
                    continue
                waiting = [one for one in active if one not in seen]
                mine = next((one for one in waiting if _is_near(one.region, region)), None)
                if mine is None:
                    mine = Track(scene)
                    active.append(mine)
                mine.add(frame.number, found, image_size)
                seen.append(mine)
        # 4. One track for each person
        for track in _doubles(seen):
            track.take_back()
            if not track.frames:
                active.remove(track)
    return sorted(closed + active, key=lambda track: track.frames[0])


def _unclaimed(regions: list[Region], seen: list[Track]) -> list[Region]:
    """Return the regions that are left when each track has taken the nearest one."""
    left = list(regions)
    for track in seen:
        near = [one for one in left if _is_near(track.region, one)]
        if near:
            left.remove(min(near, key=lambda one: _unlike(track.region, one)))
    return left


def _unlike(first: Region | None, second: Region) -> float:
    """Return how much two regions differ in place and size, in px."""
    if first is None:
        return np.inf
    moved = np.hypot(first.x - second.x, first.y - second.y)
    return float(moved + abs(first.size - second.size))


def _is_near(first: Region | None, second: Region) -> bool:
    """Tell whether two regions hold the same person."""
    if first is None:
        return False
    sizes = sorted((first.size, second.size))
    distance = np.hypot(first.x - second.x, first.y - second.y)
    return bool(distance < NEAR * sizes[1] and sizes[1] < MAX_GROWTH * sizes[0])


def _continues(before: Region | None, now: Region | None) -> bool:
    """Tell whether a person can have moved from one region to the other within a frame."""
    if before is None or now is None:
        return True
    moved = np.hypot(now.x - before.x, now.y - before.y)
    sizes = sorted((before.size, now.size))
    return bool(moved < MAX_JUMP * sizes[1] and sizes[1] < MAX_GROWTH * sizes[0])


def _on_same_person(found: Landmarks, track: Track) -> bool:
    """Tell whether landmarks lie on those of a track in the same frame."""
    other = track.landmarks[-1]
    size = track.region.size if track.region is not None else 1.0
    distance = np.linalg.norm(found.image - other.image, axis=-1)
    return bool(np.median(distance) < SAME_PERSON * size)


def _doubles(seen: list[Track]) -> list[Track]:
    """Return the shorter one of each two tracks that are on the same person."""
    doubles: list[Track] = []
    for number, track in enumerate(seen):
        for other in seen[:number]:
            if track in doubles or other in doubles:
                continue
            if _on_same_person(track.landmarks[-1], other):
                doubles.append(min(track, other, key=lambda one: len(one.frames)))
    return doubles
