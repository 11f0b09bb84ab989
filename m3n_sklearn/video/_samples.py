"""Writing a small video file, for examples and tests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ._decode import library

__all__ = ["write_video"]


def write_video(
    path: str | os.PathLike[str],
    frames: NDArray[np.uint8],
    *,
    rate: float,
    stamps: Sequence[int] | None = None,
    codec: str = "mpeg4",
    aspect: int = 1,
) -> None:
    """Write frames (F, height, width, 3) at a rate, or at time stamps in ms."""
    # `aspect`: width of a pixel over its height
    base = Fraction(1, 1000) if stamps is not None else 1 / Fraction(rate).limit_denominator(1001)
    with library().open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(rate).limit_denominator(1001))
        stream.width, stream.height = frames.shape[2], frames.shape[1]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(aspect)
        stream.codec_context.time_base = base
        stream.bit_rate = 4_000_000
        for number, image in enumerate(frames):
            frame = library().VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts = number if stamps is None else int(stamps[number])
            frame.time_base = base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
