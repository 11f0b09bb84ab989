"""What the networks have found in a video: landmarks of all people in all frames, and the clock.

It holds no images, takes a few MB an hour, and is what the cache of a corpus keeps.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._files import reading
from .._typing import AnyArray, Array
from ._decode import Video, copies_of, presentation_times
from ._pose_model import PoseModel
from ._tracking import follow_people

__all__ = ["Footage", "Person", "analyze"]


@dataclass(frozen=True, eq=False)
class Person:
    """One track."""

    scene: int
    frames: NDArray[np.intp]  # (n,)
    world: Array  # (n, K, 3), in m
    image: Array  # (n, K, 2), in px
    visibility: Array  # (n, K)
    extent: float  # sum of the areas over all frames


@dataclass(frozen=True, eq=False)
class Footage:
    """Landmarks of a video."""

    times: Array  # (F,), in s
    clock: str  # how the times were found
    copies: NDArray[np.bool_]  # (F,), frames that repeat the one before
    rate: float  # nominal, in Hz
    stride: int
    size: tuple[int, int]  # width and height in px
    rotation: int  # degrees
    people: tuple[Person, ...]
    layout: str
    missing: float = 0.0  # s at the end that the container announces and that is not there

    @property
    def scenes(self) -> int:
        """Number of scenes with people."""
        return len({person.scene for person in self.people})

    def packed(self) -> bytes:
        """Return the content of a .npz file."""
        arrays: dict[str, Any] = {
            "times": self.times,
            "copies": self.copies,
            "facts": np.array([self.clock, self.layout]),
            "numbers": np.array([self.rate, self.stride, *self.size, self.rotation, self.missing]),
            "scenes": np.array([person.scene for person in self.people], dtype=np.int64),
            "extents": np.array([person.extent for person in self.people]),
        }
        for number, person in enumerate(self.people):
            arrays[f"frames{number}"] = person.frames
            for name in ("world", "image", "visibility"):
                arrays[f"{name}{number}"] = getattr(person, name).astype(np.float32)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        return buffer.getvalue()

    @classmethod
    def unpacked(cls, arrays: Mapping[str, AnyArray]) -> Footage:
        """Return the footage that was packed."""
        rate, stride, width, height, rotation, missing = arrays["numbers"]
        people = tuple(
            Person(
                scene=int(scene),
                frames=arrays[f"frames{number}"].astype(np.intp),
                world=arrays[f"world{number}"].astype(np.float64),
                image=arrays[f"image{number}"].astype(np.float64),
                visibility=arrays[f"visibility{number}"].astype(np.float64),
                extent=float(extent),
            )
            for number, (scene, extent) in enumerate(
                zip(arrays["scenes"], arrays["extents"], strict=True)
            )
        )
        clock, layout = map(str, arrays["facts"])
        return cls(
            times=arrays["times"].astype(np.float64),
            clock=clock,
            copies=arrays["copies"].astype(bool),
            rate=float(rate),
            stride=int(stride),
            size=(int(width), int(height)),
            rotation=int(rotation),
            people=people,
            layout=layout,
            missing=float(missing),
        )


def analyze(
    path: Path,
    model: PoseModel,
    *,
    mirrored: bool,
    max_rate: float,
) -> Footage:
    """Run the networks over a video."""
    video = Video(path, mirrored, max_rate)
    tracks = follow_people(video, model)
    with reading(path, "a video"):
        if not video.stamps:
            raise ValueError("it has no frame that can be decoded")
        times, clock = presentation_times(video.stamps, video.rate)
    return Footage(
        times=times,
        clock=clock,
        copies=copies_of(video.changes),
        rate=video.rate,
        stride=video.stride,
        size=video.size,
        rotation=video.rotation,
        people=tuple(Person(track.scene, *track.arrays(), track.extent) for track in tracks),
        layout=str(getattr(model, "layout", "mediapipe33")),
        missing=_missing(video.promised, times),
    )


def _missing(promised: float, times: Array) -> float:
    """Return the seconds that a truncated file lacks, 0 for less than a second or a tenth."""
    lacking = promised - float(np.ptp(times))
    return lacking if lacking > max(1.0, 0.1 * promised) else 0.0
