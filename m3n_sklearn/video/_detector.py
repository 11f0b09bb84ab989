"""The detector of people: anchors of a single-shot network, decoding, and weighted suppression.

The network sees the whole image, fitted into a square of 224 px. For each of its anchors it
returns a logit and twelve numbers in px, relative to the center of the anchor: center, width and
height of the face's box, and four points (x, y). Point 0 is the middle of the hips. Point 1 lies
above it, on a circle around the whole body.

References
----------
V. Bazarevsky et al., "BlazePose: on-device real-time body pose tracking", CVPR workshop 2020.
V. Bazarevsky et al., "BlazeFace: sub-millisecond neural face detection", CVPR workshop 2019.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from ._pose_model import Region
from ._sampling import sample_square

__all__ = ["INPUT", "detections", "letterbox", "region_between"]

INPUT = 224
"""Width and height of the network's input in px."""

GRIDS = ((8, 2), (16, 2), (32, 6))
"""Stride of each grid of anchors in px, and the anchors at each of its points."""

MIN_SCORE = 0.5
"""Smallest score of a person."""

MAX_OVERLAP = 0.3
"""Intersection over union above which two boxes are one person."""

ENLARGED = 1.25
"""Side of the region over the diameter of the circle around the body."""


@cache
def anchors() -> Array:
    """Return the centers (2254, 2) of the anchors, in shares of the input."""
    rows = []
    for stride, each in GRIDS:
        count = INPUT // stride
        middles = (np.arange(count) + 0.5) / count
        y, x = np.meshgrid(middles, middles, indexing="ij")
        rows.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=-1), each, axis=0))
    return np.concatenate(rows)


def letterbox(image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Region]:
    """Return the network's input (224, 224, 3), from -1 to 1, and the square that it shows."""
    height, width = image.shape[:2]
    square = Region(width / 2, height / 2, float(max(height, width)))
    return np.asarray(sample_square(image, square, INPUT, outside=0.0) / 127.5 - 1.0), square


def detections(boxes: Array, logits: Array, square: Region) -> list[Region]:
    """Return the region of each person from outputs (2254, 12) and (2254,) of the network."""
    # 1. Candidates
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float64), -100.0, 100.0)))
    kept = np.flatnonzero(scores >= MIN_SCORE)
    if not len(kept):
        return []
    values = boxes[kept].astype(np.float64) / INPUT
    center = anchors()[kept]
    low = center + values[:, 0:2] - values[:, 2:4] / 2
    corners = np.concatenate([low, low + values[:, 2:4]], axis=1)
    points = center[:, None] + values[:, 4:].reshape(-1, 4, 2)
    # 2. Suppression: boxes of one person are averaged, weighted by their scores
    left = kept_scores = scores[kept]
    found = []
    order = np.argsort(-kept_scores)
    while len(order):
        best = order[0]
        same = _overlap(corners[best], corners[order]) > MAX_OVERLAP
        same[0] = True
        group = order[same]
        mean = np.average(points[group], axis=0, weights=left[group])
        # 3. From shares of the square to px
        corner = np.array([square.x, square.y]) - square.size / 2
        hips, top = corner + mean[0] * square.size, corner + mean[1] * square.size
        found.append(region_between(hips, top, float(kept_scores[best])))
        order = order[~same]
    return found


def region_between(hips: Array, top: Array, score: float = 1.0) -> Region:
    """Return the region of a body from the middle of its hips and the point above it, in px."""
    x, y = np.asarray(top) - np.asarray(hips)
    angle = np.pi / 2 - np.arctan2(-y, x)
    angle -= 2 * np.pi * np.floor((angle + np.pi) / (2 * np.pi))
    size = 2 * ENLARGED * float(np.hypot(x, y))
    return Region(float(hips[0]), float(hips[1]), size, float(angle), score)


def _overlap(box: Array, others: Array) -> Array:
    """Return the intersection over union of a box (4,) with others (n, 4)."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=1)
    areas = np.prod(np.maximum(others[:, 2:] - others[:, :2], 0.0), axis=1)
    union = float(np.prod(np.maximum(box[2:] - box[:2], 0.0))) + areas - shared
    return np.asarray(shared / np.maximum(union, 1e-12))
