"""Frames of a video file: upright, in the order of presentation, with their times.

Decoders return frames in the order of presentation. Where the time stamps of a container are not
in that order, the stamps are wrong and not the frames, so that the stamps are sorted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._files import reading
from .._typing import Array

__all__ = ["Frame", "Video", "copies_of", "library", "presentation_times"]

Image = NDArray[np.uint8]  # (height, width, 3), RGB

# ---- cuts of scenes; differences are means over pixels and colors, of values from 0 to 1

THUMBNAIL = 32
"""Width and height of the small image in which frames are compared."""

MIN_CUT = 0.10
"""Smallest difference between two frames at a cut. Observed: up to 0.05 in fast motion."""

CUT_RATIO = 4.0
"""Smallest ratio of the difference at a cut to the median of the differences before it."""

RECENT = 15
"""Frames before a cut that it is compared with."""

# ---- copies of frames

MAX_COPY = 2e-4
"""Largest difference between a frame and its copy."""

MIN_COPY_SHARE, MAX_COPY_RUN = 0.03, 3
"""Share of copies from which on a video has been converted from a lower rate, and the longest run
of copies that such a conversion produces. A longer run is a scene in which nothing moves."""


MAX_ROUNDING = 6e-4
"""Largest deviation in s of time stamps from the announced rate that is rounding."""


@dataclass(frozen=True)
class Frame:
    """One frame of a video."""

    number: int  # in the order of presentation, from 0, among the frames that are used
    image: Image
    after_cut: bool  # whether the scene is another one than in the frame before


@dataclass
class Video:
    """A video file; iterating over it decodes the frames and collects its facts."""

    path: Path
    mirrored: bool
    max_rate: float
    stamps: list[float] = field(default_factory=list)  # s, one for each frame; NaN if missing
    changes: list[float] = field(default_factory=list)  # differences from the frame before
    size: tuple[int, int] = (0, 0)  # width and height in px, upright
    rotation: int = 0  # degrees counter-clockwise by which the frames were turned
    rate: float = float("nan")  # nominal, in Hz, of the frames that are used
    stride: int = 1  # every n-th frame is used
    aspect: float = 1.0  # width of a pixel over its height
    promised: float = 0.0  # length in s that the container announces, 0 if it does not

    def __iter__(self) -> Iterator[Frame]:
        """Decode the frames."""
        av = library()
        self.path.open("rb").close()  # what the system forbids is its own error, not the content's
        # errors of the caller's code do not pass through these blocks
        with (
            reading(self.path, "a video"),
            _decoding(self.path, av.error.FFmpegError),
            av.open(str(self.path)) as container,
        ):
            if not container.streams.video:
                raise ValueError("it has no video stream")
            stream = container.streams.video[0]
            stream.thread_type = "NONE"  # threads are left to the caller: one file, one core
            self.promised = float(container.duration or 0) / 1e6
            self.aspect = float(stream.sample_aspect_ratio or 0) or 1.0
            nominal = float(stream.average_rate or stream.guessed_rate or 0)
            if nominal > 0:
                self.stride = max(int(np.ceil(nominal / self.max_rate - 0.05)), 1)
                self.rate = nominal / self.stride
            before: Array | None = None
            recent: deque[float] = deque(maxlen=RECENT)
            for count, frame in enumerate(container.decode(stream)):
                if count % self.stride:
                    continue
                self.stamps.append(float("nan") if frame.time is None else float(frame.time))
                image = self._upright(frame)
                # what has changed since the last frame
                small = _thumbnail(image)
                change = 0.0 if before is None else float(np.abs(small - before).mean())
                usual = float(np.median(recent)) if recent else 0.0
                cut = before is not None and change > max(MIN_CUT, CUT_RATIO * usual)
                if cut:
                    recent.clear()
                elif before is not None:
                    recent.append(change)
                before = small
                self.changes.append(change)
                yield Frame(len(self.stamps) - 1, image, cut)

    def _upright(self, frame: Any) -> Image:
        """Return the image of a frame as a player shows it, or its mirror image if asked."""
        # pixels need not be square
        width = max(round(frame.width * self.aspect), 1)
        image = frame.to_ndarray(format="rgb24", width=width, height=frame.height)
        self.rotation = round(float(frame.rotation))
        turns = round(self.rotation / 90) % 4
        if turns:
            image = np.rot90(image, turns)
        self.size = (image.shape[1], image.shape[0])
        return np.ascontiguousarray(image[:, ::-1] if self.mirrored else image)


@contextmanager
def _decoding(path: Path, kind: type[Exception]) -> Iterator[None]:
    """Turn errors of FFmpeg, some of which look like those of a disk, into ValueError."""
    try:
        yield
    except kind as error:
        why = getattr(error, "strerror", None) or error
        raise ValueError(
            f"{path} cannot be decoded as a video ({why}). It may be damaged, or be another kind "
            "of file."
        ) from error


def presentation_times(stamps: Sequence[float], rate: float) -> tuple[Array, str]:
    """Return strictly increasing times (F,) in s, and how they follow from the time stamps."""
    given = np.asarray(stamps, dtype=np.float64)
    count = len(given)
    if count < 2:
        return np.nan_to_num(given), "time stamps"
    # 1. Stamps, sorted if they are in another order than the frames
    if np.isfinite(given).all():
        ordered = np.sort(given)
        how = "time stamps" if (ordered == given).all() else "time stamps out of order, sorted"
        # containers such as Matroska round to ms: the even clock that they announce fits then
        even = ordered[0] + np.arange(count) / rate if rate > 0 else np.full(count, np.inf)
        if np.abs(even - ordered).max() <= MAX_ROUNDING:
            return even, how
        if (np.diff(ordered) > 0).all():
            return ordered, how
    # 2. Missing or repeated stamps: frames at the nominal rate
    if not np.isfinite(rate) or rate <= 0:
        raise ValueError(
            "its frames have no usable time stamps, and it does not say its frame rate. Write it "
            "again with a constant rate, for example with ffmpeg -i in.mp4 -r 30 out.mp4"
        )
    return np.arange(count) / rate, f"no usable time stamps, {rate:.4g} Hz assumed"


def copies_of(changes: Sequence[float]) -> NDArray[np.bool_]:
    """Tell which frames (F,) repeat the frame before because the rate of the video was raised."""
    same = np.asarray(changes, dtype=np.float64) < MAX_COPY
    if not len(same):
        return np.zeros(0, dtype=bool)
    same[0] = False
    # runs of copies that are longer belong to a scene in which nothing moves
    edges = np.flatnonzero(np.diff(np.concatenate([[0], same.astype(np.int8), [0]])))
    for start, stop in edges.reshape(-1, 2):
        if stop - start > MAX_COPY_RUN:
            same[start:stop] = False
    return same if same.mean() >= MIN_COPY_SHARE else np.zeros(len(same), dtype=bool)


def _thumbnail(image: Image) -> Array:
    """Return means of blocks of pixels, shape (32, 32, 3), from 0 to 1."""
    # every pixel of a block counts, else the noise of single pixels would hide copies and cuts
    step = max(min(image.shape[:2]) // (4 * THUMBNAIL), 1)
    few = image[::step, ::step]
    rows = np.linspace(0, len(few), THUMBNAIL + 1).astype(int)[:-1]
    columns = np.linspace(0, few.shape[1], THUMBNAIL + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(few, rows, axis=0, dtype=np.float64), columns, axis=1)
    heights = np.diff([*rows, len(few)])[:, None, None]
    widths = np.diff([*columns, few.shape[1]])[None, :, None]
    return np.asarray(sums / (255.0 * np.maximum(heights * widths, 1)))


def library() -> Any:
    """Import PyAV, or say how to install it."""
    try:
        import av
    except ImportError as error:
        raise ImportError(
            'Videos are decoded by PyAV. Install it with: pip install "m3n-sklearn[video]"'
        ) from error
    if not hasattr(av.VideoFrame, "rotation"):  # portrait videos would lie on their side
        raise ImportError(
            f"PyAV {av.__version__} does not read the rotation of a video. Update it with: "
            "pip install -U av"
        )
    return av
