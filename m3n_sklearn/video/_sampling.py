"""Resampling a rotated square of an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._pose_model import Region

__all__ = ["sample_square"]


def sample_square(
    image: NDArray[np.uint8], region: Region, count: int, outside: float | None = None
) -> NDArray[np.float32]:
    """Return bilinear samples (count, count, 3) of a region, from 0 to 255."""
    # Outside the image stands the value `outside`, or the nearest pixel if it is None. Pixels
    # between samples are not averaged: on the clips of the benchmark it changed nothing.
    # 1. Places of the samples, at the centers of pixels
    along = ((np.arange(count) + 0.5) / count - 0.5) * region.size
    sine, cosine = np.sin(region.angle), np.cos(region.angle)
    u = (region.x - 0.5) + cosine * along[None, :] - sine * along[:, None]
    v = (region.y - 0.5) + sine * along[None, :] + cosine * along[:, None]
    height, width = image.shape[:2]
    inside = (u > -1) & (u < width) & (v > -1) & (v < height)
    u, v = np.clip(u, 0, width - 1), np.clip(v, 0, height - 1)
    # 2. Bilinear interpolation
    left = np.minimum(u.astype(np.intp), max(width - 2, 0))
    top = np.minimum(v.astype(np.intp), max(height - 2, 0))
    right, below = min(1, width - 1), min(1, height - 1) * width
    pixels = image.reshape(-1, 3)
    at = (top * width + left).ravel()
    a = (u - left).ravel()[:, None].astype(np.float32)
    b = (v - top).ravel()[:, None].astype(np.float32)
    upper = pixels[at] * (1 - a) + pixels[at + right] * a
    lower = pixels[at + below] * (1 - a) + pixels[at + below + right] * a
    result = (upper * (1 - b) + lower * b).reshape(count, count, 3)
    if outside is not None:
        result[~inside] = outside
    return np.asarray(result, dtype=np.float32)
