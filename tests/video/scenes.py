"""Videos of people: frames that carry their number, and the landmarks that a network would find."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.motion import Motion
from m3n_sklearn.motion._mediapipe import landmarks_of_joints
from m3n_sklearn.video import Landmarks
from m3n_sklearn.video._samples import write_video

WIDTH, HEIGHT, BLOCK, BITS = 320, 240, 16, 12
FOCAL = 250.0


def perform(activity: str, seconds: float = 3.0, rate: float = 30.0, seed: int = 0) -> Motion:
    (motion,) = make_motions(1, 1, [activity], seconds=seconds, rate=rate, random_state=seed)
    return motion


def camera(tilt: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """World (z up) to camera (x right, y down, z away), looking along y; degrees, tilt downwards.

    A camera that looks down sees the world's up leaning towards itself.
    """
    level = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    a, b = np.deg2rad([tilt, roll])
    down = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]).T
    turn = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    return turn @ down @ level


def landmarks_of(motion: Motion, view: np.ndarray) -> np.ndarray:
    """MediaPipe's world landmarks (F, 33, 3) of a motion."""
    body = default_body(stature=motion.stature)
    return landmarks_of_joints(forward_kinematics(body, motion.poses, motion.trans).positions, view)


def person(
    motion: Motion,
    view: np.ndarray | None = None,
    *,
    x: float | np.ndarray = 0.0,
    depth: float = 4.0,
    visibility: float = 0.99,
) -> list[Landmarks | None]:
    """Landmarks of a person in each frame, whose hips are at x px from the middle."""
    world = landmarks_of(motion, camera() if view is None else view)
    x = np.broadcast_to(x, len(world))
    return [
        Landmarks(
            points,
            points[:, :2] * FOCAL / depth + [WIDTH / 2 + at, HEIGHT / 2],
            np.full(33, visibility),
        )
        for points, at in zip(world, x, strict=True)
    ]


def images(count: int, background: np.ndarray | float = 60.0) -> np.ndarray:
    """Frames that carry their numbers as black and white blocks in the first row of blocks."""
    shades = np.broadcast_to(background, count).astype(np.uint8)
    frames = np.repeat(shades[:, None], HEIGHT * WIDTH * 3, axis=1)
    frames = frames.reshape(count, HEIGHT, WIDTH, 3)
    for number, frame in enumerate(frames):
        for bit in range(BITS):
            frame[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 235 if number >> bit & 1 else 20
    return frames


def number_of(frame: np.ndarray) -> int:
    blocks = frame[:BLOCK, : BITS * BLOCK].reshape(BLOCK, BITS, BLOCK, 3).mean(axis=(0, 2, 3))
    return sum(1 << bit for bit in range(BITS) if blocks[bit] > 128)


class Recorded:
    """A function from frames to recorded landmarks; it remembers the frames that it has seen."""

    def __init__(self, *people: list[Landmarks | None]) -> None:
        self.people = people
        self.seen: list[int] = []

    def __call__(self, frame: np.ndarray) -> list[Landmarks]:
        number = number_of(frame)
        self.seen.append(number)
        found = [person[number] for person in self.people]
        return [one for one in found if one is not None]


def video(folder: Path, count: int, name: str = "clip.mp4", **options: object) -> Path:
    """Write a video of numbered frames."""
    options = {"rate": 30.0, **options}
    background = options.pop("background", 60.0)
    path = folder / name
    write_video(path, images(count, background), **options)  # type: ignore[arg-type]
    return path


def without(track: list[Landmarks | None], *stretches: tuple[int, int]) -> list[Landmarks | None]:
    track = list(track)
    for start, stop in stretches:
        track[start:stop] = [None] * (stop - start)
    return track


def hidden(track: list[Landmarks], landmarks: list[int], visibility: float) -> list[Landmarks]:
    """The same with another visibility of some landmarks."""
    result = []
    for one in track:
        seen = one.visibility.copy()
        seen[landmarks] = visibility
        result.append(Landmarks(one.world, one.image, seen))
    return result


def exchanged(
    track: list[Landmarks], pairs: Mapping[int, int] | list[tuple[int, int]], start: int, stop: int
) -> list[Landmarks]:
    """The same with left and right exchanged in a stretch."""
    order = np.arange(33)
    for a, b in dict(pairs).items():
        order[[a, b]] = [b, a]
    return [
        Landmarks(one.world[order], one.image[order], one.visibility[order])
        if start <= number < stop
        else one
        for number, one in enumerate(track)
    ]


def turned(path: Path) -> None:
    """Write into an MP4 file that players turn it clockwise by 90 degrees."""
    # ISO 14496-12, box tkhd: the matrix (a b u; c d v; x y w) maps (x, y) to (a x + c y, b x + d y)
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4
    matrix = at + (40 if content[at] == 0 else 52)
    one = 0x00010000
    for place, value in enumerate((0, one, 0, -one, 0, 0, HEIGHT << 16, 0, 1 << 30)):
        start = matrix + 4 * place
        content[start : start + 4] = int(value).to_bytes(4, "big", signed=True)
    path.write_bytes(content)
