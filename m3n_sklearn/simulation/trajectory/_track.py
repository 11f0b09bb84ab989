"""Sampled rotations and translations, read, smoothed and interpolated piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline, make_interp_spline

from ...motion.rotations import hemisphere_align
from ._smoothing import choose_cutoffs, smooth
from ._spline import MEMORY, interpolate

if TYPE_CHECKING:
    from .noise_floor import NoiseFloor

__all__ = ["CHUNK", "Piece", "Track", "even_frames", "in_pause"]

Array = NDArray[np.float64]
Read = Callable[[int, int], tuple[Array, Array]]

WHOLE = 16384
"""Frames. Shorter clips are treated in one piece."""

CHUNK = 4096
"""Frames of a piece of a longer one, at least; it bounds the working memory."""

EXCERPTS, EXCERPT = 8, 2048
"""How many stretches of a longer clip, of how many frames, decide about its cut-offs."""

DECAY = 13.4
"""Periods of the cut-off after which the smoother has forgotten all but 1e-14: its slowest pole
decays by exp(-2 pi sin(pi / 8)) within one."""

PAUSE = 10.0
"""Typical steps; longer ones say nothing about the frame rate."""

DENSEST = 64
"""Even samples per frame: with more, a clip would be nothing but pauses."""

NEIGHBOURS = 32
"""Stamps on either side that a cubic spline can feel."""


class Piece(NamedTuple):
    """Frames that are treated together.

    Attributes
    ----------
    first, last : int
        The curve is laid through frames `first` to `last` - 1.
    start, stop : int
        It is good from frame `start` to frame `stop`; beyond, it lacks neighbours.
    """

    first: int
    last: int
    start: int
    stop: int


class Track:
    """Clips of equal length on one clock.

    Parameters
    ----------
    times : ndarray of shape (F,)
        Increasing time stamps in s.
    read : callable
        Returns quaternions (n, B, J, 4) and translations (n, B, 3) of frames lo to hi - 1.
    smoothed : bool
        Whether the samples will be smoothed, for which they must be evenly spaced.
    """

    def __init__(self, times: Array, read: Read, smoothed: bool) -> None:
        self._stamps = self.frames = len(times)
        self.start, self.stop = float(times[0]), float(times[-1])
        self._since = times - times[0]
        self._read = read
        self._smoothed = smoothed and self.frames > 1
        self._even = not self._smoothed or _is_even(self._since)
        if not self._even:
            self.frames = even_frames(self._since)
        self._seen: tuple[Array, Array, Array] | None = None  # a short clip is read only once
        self.step = float(self._since[-1]) / (self.frames - 1) if self.frames > 1 else 1.0

    def cutoffs(
        self, count: int, smoothing: str | float | None, floor: NoiseFloor | None = None
    ) -> Array:
        """Return the cut-offs of rotations and translations.

        Parameters
        ----------
        count : int
            Number B of clips.
        smoothing : {"auto"}, float or None
            As in `fit_trajectory`.
        floor : NoiseFloor or None
            What is known about the noise.

        Returns
        -------
        ndarray of shape (B, 2)
            In Hz; infinite where nothing is to be smoothed.
        """
        if not self._smoothed or smoothing is None:
            return np.full((count, 2), np.inf)
        if not isinstance(smoothing, str):
            return np.full((count, 2), float(smoothing))
        rotations, moves = self._excerpts()
        if floor is None:
            chosen = [choose_cutoffs(x, self.step) for x in (rotations, moves)]
        else:
            known = ((rotations, floor.rotation), (moves, floor.translation))
            chosen = [choose_cutoffs(x, self.step, floor=part) for x, part in known]
        return np.stack(chosen, axis=-1)

    def _excerpts(self) -> tuple[Array, Array]:
        """Rotations and translations (n, B, D); stretches of long clips stand side by side."""
        if not self._is_long:
            self._seen = self._channels(0, self.frames)
            _, rotations, moves = self._seen
            return rotations.reshape(*rotations.shape[:2], -1), moves
        starts = np.linspace(0, self.frames - EXCERPT, EXCERPTS).astype(int)
        parts = [self._channels(lo, lo + EXCERPT)[1:] for lo in starts.tolist()]
        rotations, moves = (np.concatenate(x, axis=2) for x in zip(*parts, strict=True))
        return rotations.reshape(*rotations.shape[:2], -1), moves

    def pieces(self, cutoffs: Array, margin: float = 0.0) -> Iterator[Piece]:
        """Cut a long clip into pieces that overlap enough to leave no trace.

        Parameters
        ----------
        cutoffs : ndarray of shape (B, 2)
            In Hz.
        margin : float, default=0.0
            Seconds before each piece that its curve must cover as well.

        Yields
        ------
        Piece
            Pieces in order; shorter clips are one.
        """
        reach = self._reach(cutoffs)
        overlap = reach + MEMORY + int(np.ceil(margin / self.step))
        count = max(1, self.frames // max(CHUNK, 8 * reach)) if self._is_long else 1
        edges = np.linspace(0, self.frames, count + 1).astype(int).tolist()
        for lo, hi in pairwise(edges):
            yield Piece(max(0, lo - overlap), min(self.frames, hi + overlap), lo, hi)

    def times(self, piece: Piece) -> tuple[float, float]:
        """Return the times between which a piece is good; open at the ends of the clip."""
        edges = (piece.start, piece.stop)
        inner = [self.start + self.stamp(i) for i in edges]
        begin = -np.inf if piece.start == 0 else inner[0]
        end = np.inf if piece.stop == self.frames else inner[1]
        return begin, end

    def stamp(self, frame: int) -> float:
        """Return the time of a frame in s since the first, on the grid that is interpolated."""
        frame = min(frame, self.frames - 1)
        return float(self._since[frame]) if self._even else self.step * frame

    def curve(
        self, cutoffs: Array, joints: Sequence[int] | None = None, piece: Piece | None = None
    ) -> tuple[BSpline | None, Array]:
        """Smooth and interpolate a piece.

        Parameters
        ----------
        cutoffs : ndarray of shape (B, 2)
            In Hz.
        joints : sequence of int or None
            Rotations to keep; None is all.
        piece : Piece or None
            None is the whole clip.

        Returns
        -------
        curve : BSpline or None
            Of 4 B J + 3 B channels over the time since the clip's start, minus `origin`; None
            for a single frame.
        origin : ndarray
            The channels' values at the piece's first frame.
        """
        lo, hi = (0, self.frames) if piece is None else (piece.first, piece.last)
        since, rotations, moves = self._seen or self._channels(lo, hi, joints)
        if self._seen and joints is not None:
            rotations = rotations[:, :, list(joints)]
        widths = (4 * rotations.shape[2], 3)
        channels = np.concatenate([x.reshape(hi - lo, -1) for x in (rotations, moves)], axis=1)
        origin = channels[0].copy()
        channels -= origin
        if self.frames == 1:
            return None, origin
        each = np.concatenate([np.repeat(cutoffs[:, i], width) for i, width in enumerate(widths)])
        if np.isfinite(each).any():
            channels = self._smooth(channels, each, lo, hi)
        return interpolate(since, channels), origin

    def _smooth(self, channels: Array, cutoffs: Array, lo: int, hi: int) -> Array:
        """Smooth a piece; at the ends of a long clip nothing far away has a say."""
        result = smooth(channels, self.step, cutoffs)
        if self._is_long:
            end = 2 * self._reach(cutoffs)
            if lo == 0:
                result[:end] = smooth(channels[: 2 * end], self.step, cutoffs)[:end]
            if hi == self.frames and end:
                result[-end:] = smooth(channels[-2 * end :], self.step, cutoffs)[-end:]
        return result

    def _channels(
        self, lo: int, hi: int, joints: Sequence[int] | None = None
    ) -> tuple[Array, Array, Array]:
        """Return times, aligned quaternions (n, B, J, 4) and translations (n, B, 3)."""
        first, last = lo, hi
        if not self._even:
            ends = self.step * np.array([lo, hi - 1])
            first, last = np.searchsorted(self._since, ends).tolist()
            first, last = max(0, first - NEIGHBOURS), min(self._stamps, last + NEIGHBOURS)
        quats, moves = self._read(first, last)
        rotations = hemisphere_align(quats if joints is None else quats[:, :, list(joints)])
        since = self._since[first:last]
        if self._even:
            return since, rotations, moves
        grid: Array = self.step * np.arange(lo, hi, dtype=np.float64)
        # a cubic keeps jitter of the stamps harmless
        degree = min(3, self._stamps - 1)
        even = [make_interp_spline(since, x, k=degree)(grid) for x in (rotations, moves)]
        return grid, even[0], even[1]

    @property
    def _is_long(self) -> bool:
        return self.frames > WHOLE

    def _reach(self, cutoffs: Array) -> int:
        """Frames after which the smoother has forgotten a sample."""
        lowest = float(np.min(cutoffs, initial=np.inf)) * self.step
        return int(np.ceil(DECAY / lowest)) if lowest < 0.5 else 0


def _is_even(since: Array) -> bool:
    steps = np.diff(since)
    return bool(np.ptp(steps) <= 1e-6 * np.mean(steps))


def even_frames(since: Array) -> int:
    """Count the even frames that keep the rate of the frames between pauses.

    Parameters
    ----------
    since : ndarray of shape (F,)
        Increasing time stamps in s, at least two.

    Returns
    -------
    int
        F without pauses, more with some.

    Raises
    ------
    ValueError
        If the pauses are so long that filling them makes no sense.
    """
    steps = np.diff(since)
    usual = steps[steps <= PAUSE * np.median(steps)]
    if len(usual) == len(steps):
        return len(since)
    count = round(float((since[-1] - since[0]) / np.mean(usual))) + 1
    if count > DENSEST * len(since):
        raise ValueError(
            f"Frames go in steps of {np.mean(usual):.4g} s, but pause for up to {steps.max():.4g} "
            "s: cut the motion there, such as with motion.slice."
        )
    return count


def in_pause(frames: Array, times: Array) -> NDArray[np.bool_]:
    """Tell which times fall between frames that are far apart.

    Parameters
    ----------
    frames : ndarray of shape (F,)
        Increasing time stamps in s.
    times : ndarray of shape (T,)
        In s.

    Returns
    -------
    ndarray of shape (T,)
        True where what the body did is not known: between frames more than ten typical steps
        apart.
    """
    if len(frames) < 2:
        return np.zeros(len(times), dtype=bool)
    steps = np.diff(frames)
    before = np.clip(np.searchsorted(frames, times, side="right") - 1, 0, len(steps) - 1)
    since = times - frames[before]
    inside = (since > 1e-9) & (since < steps[before] - 1e-9)
    result: NDArray[np.bool_] = inside & (steps[before] > PAUSE * np.median(steps))
    return result
