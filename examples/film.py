"""Drawn videos of known motions, and a stand-in for the networks that find landmarks.

Landmark networks do not take a drawn figure for a person. So each frame carries its number as a bar
code. The stand-in reads the code and returns the joints that the figure was drawn from, with the
errors of a network. The example of videos uses both in place of footage and networks.
"""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from scipy.ndimage import gaussian_filter1d

from m3n_sklearn import Motion
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.video import Landmarks

RATE = 30
WIDTH, HEIGHT, BITS = 192, 208, 12
BAR = WIDTH // (2 * BITS)  # px of a bit; the first half is the video, the second the frame
FOCAL, DISTANCE = 320.0, 4.0  # px, m
ASIDE = 0.5  # largest angle of the camera from the front of the person, in rad
SLOW, FAST, DEPTH = 0.02, 0.005, 2.0
"""Errors of the landmarks in m, and how much larger they are in depth."""


class Studio:
    """Films motions, and finds the landmarks of its own films."""

    layout = "smpl24"  # the joint set of the landmarks

    def __init__(self) -> None:
        self.films: list[list[Landmarks]] = []

    def film(self, motion: Motion, path: Path) -> None:
        """Write a video of a motion, and remember the landmarks of each frame."""
        # 1. Joints as the camera sees them
        even, body = motion.resample(RATE), default_body(stature=motion.stature)
        joints = forward_kinematics(body, even.poses, even.trans).positions
        rng = np.random.default_rng(len(self.films))
        hips = joints[:, [1, 2]].mean(axis=1, keepdims=True)
        seen = (joints - hips) @ camera(joints, rng.uniform(-ASIDE, ASIDE)).T
        scale = FOCAL / (seen[..., 2:] + DISTANCE)
        image = seen[..., :2] * scale + [WIDTH / 2, HEIGHT / 2]
        # 2. Their errors: slow ones that look like another pose, and jitter
        wander = gaussian_filter1d(rng.standard_normal(seen.shape), 10.0, axis=0)
        errors = SLOW * wander / wander.std() + FAST * rng.standard_normal(seen.shape)
        found = seen + errors * [1, 1, DEPTH]
        # 3. Frames with a stick figure and the bar code
        number = len(self.films)
        self.films.append(
            [Landmarks(*each, np.ones(len(found[0]))) for each in zip(found, image, strict=True)]
        )
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=RATE)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.bit_rate = 2_000_000
            for index, picture in enumerate(drawn(image, body.parents)):
                picture[:BAR] = bars(number, index)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())

    def __call__(self, frame: np.ndarray) -> list[Landmarks]:
        """Return the landmarks of a frame, as a network would."""
        code = frame[2 : BAR - 2].mean(axis=(0, 2)).reshape(2 * BITS, BAR).mean(axis=1) > 128
        film, index = (int(part @ (1 << np.arange(BITS))) for part in code.reshape(2, BITS))
        return [self.films[film][index]]


def camera(joints: np.ndarray, aside: float) -> np.ndarray:
    """Return the axes of a level camera in front of a person: x right, y down, z away."""
    left = (joints[:, 1] - joints[:, 2]).mean(axis=0)
    angle = np.arctan2(left[1], left[0]) + aside
    right = np.array([np.cos(angle), np.sin(angle), 0.0])
    return np.array([right, [0, 0, -1], np.cross(right, [0, 0, -1])])


def bars(*numbers: int) -> np.ndarray:
    """Return the rows (BAR, WIDTH, 3) of the bar code of two numbers."""
    bits = np.array([[number >> bit & 1 for bit in range(BITS)] for number in numbers])
    shades = np.where(bits.ravel(), 235, 20).astype(np.uint8)
    return np.tile(np.repeat(shades, BAR)[None, :, None], (BAR, 1, 3))


def drawn(points: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Draw the bones between points (F, 24, 2) in px; pictures (F, HEIGHT, WIDTH, 3)."""
    pictures = np.full((len(points), HEIGHT, WIDTH, 3), 225, dtype=np.uint8)
    along = np.linspace(0, 1, 40)[:, None]
    frames = np.arange(len(points))[:, None]
    for child, parent in enumerate(parents):
        if parent < 0:
            continue
        line = points[:, None, parent] * (1 - along) + points[:, None, child] * along
        u, v = np.moveaxis(np.rint(line).astype(int), -1, 0)
        is_trunk = child in (3, 6, 9, 12, 15)  # spine, neck and head of SMPL's tree
        for i, j in np.ndindex(3, 3):
            rows, columns = np.clip(v + i - 1, 0, HEIGHT - 1), np.clip(u + j - 1, 0, WIDTH - 1)
            pictures[frames, rows, columns] = (60, 70, 90) if is_trunk else (30, 110, 190)
    return pictures
