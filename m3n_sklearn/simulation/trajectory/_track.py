"""Sampled rotations and translations: read, repaired, smoothed and interpolated.

The steps, in this order:

1. Read the frames, and replace those that were not measured or are implausible (`_plausibility`).
2. Interpolate them on an even grid.
3. Choose the cut-offs and smooth (`_smoothing`).
4. Interpolate the smooth samples by a spline (`interpolate`).

A long clip goes through these steps in overlapping pieces. Memory stays bounded, and the result
does not depend on where the clip is split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import factorial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline, make_interp_spline

from ..._typing import Array, Mask
from ...motion import neighbors
from ...skeleton import hemisphere_align
from ._noise_floor import PAUSE, even_frames
from ._plausibility import CONTEXT, bridged, plausible_frames
from ._smoothing import HIGHEST_SHARE, Cutoffs, choose_cutoffs, local_cutoffs, smooth

if TYPE_CHECKING:
    from ._noise_floor import NoiseFloor

__all__ = ["CHUNK", "MEMORY", "Frames", "Piece", "Track", "interpolate"]

Indices = NDArray[np.intp]
Read = Callable[[int, int], tuple[Array, Array]]

LONGEST_WHOLE = 16384
"""Frames of the longest clip that is processed in one piece."""

CHUNK = 4096
"""Smallest number of frames in a piece of a longer clip."""

EXCERPTS, EXCERPT = 8, 2048
"""Number of the stretches of a longer clip that determine its cut-offs, and the frames of each."""

DECAY = 13.4
"""Periods of the cut-off after which a sample's influence on the smoother is down to 1e-14. The
slowest pole of the smoother decays by exp(-2 pi sin(pi / 8)) in one period."""

SHORT_PAUSE = 0.1
"""Seconds of a pause up to which the curve between its ends counts as observed."""

UNSEEN_WEIGHT = 1e-4
"""Weight of unobserved frames. They are smoothed with 0.32 of the cut-off, so that their replaced
values add no fast motion."""

INFLUENCE_PERIODS, INFLUENCE_SECONDS = 0.3, 0.05
"""Periods of the cut-off, and least seconds, over which a frame influences the curve next to it."""

TIME_TOLERANCE = 1e-9
"""Largest rounding error of a time, in s."""

STEP_TOLERANCE = 1e-6
"""Largest rounding error of a step, relative to the step."""

NEIGHBORS = 32
"""Time stamps on either side that influence a cubic spline."""

DEGREE = 9
"""Degree of the spline. From 30 Hz on, its acceleration of exercise is about 1.4 times as accurate
as that of degree 7. Higher degrees gain little and lose digits at high rates."""

END_DEGREE = 5
"""Degree of the polynomial through the nearest samples that gives all derivatives at an end. The
usual not-a-knot ends amplify noise six times as much at degree 7, and more above."""

MEMORY = 64
"""Distance in samples beyond which a sample no longer influences the spline. Its influence falls to
61 % from one sample to the next."""


class Frames(NamedTuple):
    """Even frames of a track.

    Attributes
    ----------
    since : ndarray of shape (n,)
        Times in s since the first frame.
    rotations : ndarray of shape (n, B, J, 4)
        Quaternions, their signs aligned.
    moves : ndarray of shape (n, B, 3)
        Translations in m.
    seen : ndarray of bool, shape (n, B, J), or None
        Where joints were measured and are plausible; None is everywhere.
    """

    since: Array
    rotations: Array
    moves: Array
    seen: Mask | None

    def keep(self, joints: Sequence[int] | None) -> Frames:
        """Keep some joints."""
        if joints is None:
            return self
        chosen = list(joints)
        seen = None if self.seen is None else self.seen[:, :, chosen]
        return self._replace(rotations=self.rotations[:, :, chosen], seen=seen)


class Piece(NamedTuple):
    """Frames that are processed together.

    Attributes
    ----------
    first, last : int
        The curve interpolates frames `first` to `last` - 1.
    start, stop : int
        Exact from frame `start` to `stop`; outside, neighbors are missing.
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
    observed : ndarray of bool, shape (F, B, J), or None
        Where joints were measured.
    check_plausible : bool
        Whether the joints are those of a body, so that implausible frames are replaced.
    """

    def __init__(
        self,
        times: Array,
        read: Read,
        smoothed: bool,
        observed: Mask | None = None,
        check_plausible: bool = False,
    ) -> None:
        # 1. The given frames
        self._read = read
        self._observed = None if observed is None or observed.all() else observed
        self._check_plausible = check_plausible
        self._stamps = len(times)
        # 2. The clock: times in s since the first frame, and pauses
        self.start, self.stop = float(times[0]), float(times[-1])
        self._since = times - times[0]
        self._gaps = _gaps(times)
        # 3. The grid: the given frames, or even frames if uneven ones are to be smoothed
        self._smoothed = smoothed and self._stamps > 1
        self._even = not self._smoothed or _is_even(self._since)
        self.frames = self._stamps if self._even else even_frames(self._since)
        self.step = float(self._since[-1]) / (self.frames - 1) if self.frames > 1 else 1.0
        # 4. Results of reading: frames of a short clip; clips (B,) with implausible frames
        self._whole: Frames | None = None
        self._implausible: Mask | None = None

    def cutoffs(
        self, count: int, smoothing: str | float | None, floor: NoiseFloor | None = None
    ) -> Cutoffs:
        """Return the cut-offs of rotations and translations.

        Parameters
        ----------
        count : int
            Number B of clips.
        smoothing : {"auto"}, float or None
            As in `fit_trajectory`.
        floor : NoiseFloor or None
            Known noise of the source.

        Returns
        -------
        Cutoffs
            Of the B clips.
        """
        if not self._smoothed or smoothing is None:
            return Cutoffs(np.full((count, 2), np.inf))
        if not isinstance(smoothing, str):
            return Cutoffs(np.full((count, 2), float(smoothing)))
        # 1. The channels of both kinds, side by side
        parts = self.excerpts()
        turns = np.concatenate([x.rotations.reshape(*x.moves.shape[:2], -1) for x in parts], axis=2)
        moves = np.concatenate([x.moves for x in parts], axis=2)
        # 2. Cut-offs of each kind, constant or changing along the clip
        laws = (None, None) if floor is None else (floor.rotation, floor.translation)
        chosen = []
        for values, law in zip((turns, moves), laws, strict=True):
            constant = choose_cutoffs(values, self.step, law)
            changing = self.local(values, constant) if law is None else None
            chosen.append(constant if changing is None else changing)
        return Cutoffs.of(*chosen)

    def local(self, values: Array, chosen: Array) -> Array | None:
        """Return cut-offs (F, B) that follow the clip, unless it is long; see `local_cutoffs`."""
        return None if self._is_long else local_cutoffs(values, self.step, chosen)

    def excerpts(self) -> list[Frames]:
        """Return the frames that determine the cut-offs: all, or stretches of a long clip."""
        if not self._is_long:
            return [self._frames(0, self.frames)]
        starts = np.linspace(0, self.frames - EXCERPT, EXCERPTS).astype(int)
        return [self._frames(lo, lo + EXCERPT) for lo in starts.tolist()]

    def has_gaps(self, count: int) -> Mask:
        """Tell which of the B clips have pauses or implausible frames, as far as they were read."""
        paused = np.full(count, bool(self._gaps))
        return paused if self._implausible is None else paused | self._implausible

    def pieces(self, cutoffs: Array, margin: float = 0.0) -> Iterator[Piece]:
        """Split a long clip into pieces whose overlap makes the result independent of the split.

        Parameters
        ----------
        cutoffs : ndarray of shape (B, 2)
            In Hz.
        margin : float, default=0.0
            Seconds before each piece in which its curve must be exact, too.

        Yields
        ------
        Piece
            Pieces in order; a short clip is one piece.
        """
        reach = self._reach(cutoffs)
        overlap = reach + MEMORY + int(np.ceil(margin / self.step))
        count = max(1, self.frames // max(CHUNK, 8 * reach)) if self._is_long else 1
        edges = np.linspace(0, self.frames, count + 1).astype(int).tolist()
        for lo, hi in pairwise(edges):
            yield Piece(max(0, lo - overlap), min(self.frames, hi + overlap), lo, hi)

    def times(self, piece: Piece) -> tuple[float, float]:
        """Return the times between which a piece is exact, infinite at the ends of the clip."""
        edges = (piece.start, piece.stop)
        inner = [self.start + self.stamp(i) for i in edges]
        begin = -np.inf if piece.start == 0 else inner[0]
        end = np.inf if piece.stop == self.frames else inner[1]
        return begin, end

    def stamp(self, frame: int) -> float:
        """Return the time of a frame in s since the first, on the grid that is interpolated."""
        frame = min(frame, self.frames - 1)
        return float(self._since[frame]) if self._even else self.step * frame

    def frames_of(self, piece: Piece | None = None) -> Frames:
        """Return the even frames of a piece, or of the whole clip."""
        return self._frames(0, self.frames) if piece is None else self._frames(*piece[:2])

    def curve(
        self,
        frames: Frames,
        cutoffs: Cutoffs,
        joints: Sequence[int] | None = None,
        piece: Piece | None = None,
    ) -> tuple[BSpline | None, Array]:
        """Smooth and interpolate a piece.

        Parameters
        ----------
        frames : Frames
            Those of the piece.
        cutoffs : Cutoffs
            Of the B clips.
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
        # 1. One matrix of channels, relative to the first frame for the sake of rounding
        lo, hi = (0, self.frames) if piece is None else piece[:2]
        frames = frames.keep(joints)
        widths = (4 * frames.rotations.shape[2], 3)
        channels = np.concatenate(
            [x.reshape(hi - lo, -1) for x in (frames.rotations, frames.moves)], axis=1
        )
        origin = channels[0].copy()
        channels -= origin
        if self.frames == 1:
            return None, origin

        # 2. The cut-off of each channel; it must be finite where frames have a weight below one
        count = len(cutoffs.hertz)
        owners = np.concatenate([np.repeat(np.arange(count), width) for width in widths])
        kinds = np.repeat([0, 1], [count * width for width in widths])
        each = cutoffs.hertz[owners, kinds]
        if frames.seen is not None:
            has_unseen = ~np.logical_and.reduce(frames.seen, axis=(0, 2))
            each = np.where(has_unseen[owners], np.minimum(each, HIGHEST_SHARE / self.step), each)

        # 3. Smooth, and interpolate
        if np.isfinite(each).any() and frames.seen is None and cutoffs.frame_weights is None:
            channels = self._smooth(channels, each, lo, hi, None)
        elif np.isfinite(each).any():
            smoothed = channels.copy()
            for columns, weights in _by_weight(frames.seen, cutoffs.frame_weights, owners, kinds):
                part = channels[:, columns]
                smoothed[:, columns] = self._smooth(part, each[columns], lo, hi, weights)
            channels = smoothed
        return interpolate(frames.since, channels), origin

    def observed(
        self, frames: Frames, cutoffs: Array, joints: Sequence[int], wanted: Array
    ) -> Mask | None:
        """Tell where a curve depends on observed frames only.

        Parameters
        ----------
        frames : Frames
            Those of a piece.
        cutoffs : ndarray of shape (B, 2)
            In Hz.
        joints : sequence of int
            Rotations on which the curve depends.
        wanted : ndarray of shape (T,)
            Times in s, within the piece.

        Returns
        -------
        ndarray of bool, shape (T, B), or None
            None is everywhere.
        """
        # 1. Times within pauses
        frames = frames.keep(joints)
        since = wanted - self.start
        known = np.ones((len(wanted), len(cutoffs)), dtype=bool)
        for begin, end in self._gaps:
            known[(since > begin + TIME_TOLERANCE) & (since < end - TIME_TOLERANCE)] = False
        # 2. Times that an unobserved frame influences, clip by clip
        if frames.seen is not None:
            seen = np.logical_and.reduce(frames.seen, axis=2)
            for clip in np.flatnonzero(~seen.all(axis=0)).tolist():
                cutoff = float(cutoffs[clip].min())
                reach = max(INFLUENCE_PERIODS / cutoff, INFLUENCE_SECONDS)
                lost = frames.since[~seen[:, clip]]
                nearest = np.clip(np.searchsorted(lost, since), 1, max(1, len(lost) - 1))
                around = lost[np.clip(np.stack([nearest - 1, nearest]), 0, len(lost) - 1)]
                apart = np.abs(around - since).min(axis=0)
                known[apart < reach + self.step * (1 - STEP_TOLERANCE), clip] = False
        return None if known.all() else known

    def _smooth(
        self, channels: Array, cutoffs: Array, lo: int, hi: int, weights: Array | None
    ) -> Array:
        """Smooth a piece; the ends of a long clip depend on the frames nearby only."""
        result = smooth(channels, self.step, cutoffs, weights)
        if self._is_long:
            end = 2 * self._reach(cutoffs)
            near, far = (slice(0, 2 * end), slice(-2 * end, None))
            of_part = [None if weights is None else weights[part] for part in (near, far)]
            if lo == 0:
                result[:end] = smooth(channels[near], self.step, cutoffs, of_part[0])[:end]
            if hi == self.frames and end:
                result[-end:] = smooth(channels[far], self.step, cutoffs, of_part[1])[-end:]
        return result

    def _frames(self, lo: int, hi: int) -> Frames:
        """Return even frames lo to hi - 1; those of a short clip are kept."""
        if self._is_long:
            return self._make_frames(lo, hi)
        if self._whole is None:
            self._whole = self._make_frames(0, self.frames)
        return self._whole

    def _make_frames(self, lo: int, hi: int) -> Frames:
        """Read even frames lo to hi - 1, interpolated from the time stamps around them."""
        first, last = lo, hi
        if not self._even:
            ends = self.step * np.array([lo, hi - 1])
            first, last = np.searchsorted(self._since, ends).tolist()
            first, last = max(0, first - NEIGHBORS), min(self._stamps, last + NEIGHBORS)
        quats, moves, seen = self._read_plausible(first, last)
        rotations = hemisphere_align(quats)
        since = self._since[first:last]
        if self._even:
            return Frames(since, rotations, moves, seen)
        grid: Array = self.step * np.arange(lo, hi, dtype=np.float64)
        # a cubic spline does not amplify the jitter of the time stamps
        degree = min(3, self._stamps - 1)
        even = [make_interp_spline(since, x, k=degree)(grid) for x in (rotations, moves)]
        if seen is not None:
            before, after = neighbors(since, grid)
            seen = seen[before] & seen[after]
        return Frames(grid, even[0], even[1], seen)

    def _read_plausible(self, first: int, last: int) -> tuple[Array, Array, Mask | None]:
        """Read frames, and replace those that were not measured or are implausible."""
        # 1. Read, with the context on which the plausibility of a frame depends
        context = int(np.ceil(CONTEXT / self.step)) if self._check_plausible else 0
        lo, hi = max(0, first - context), min(self._stamps, last + context)
        quats, moves = self._read(lo, hi)
        since = self._since[lo:hi]
        seen = None if self._observed is None else self._observed[lo:hi]
        # 2. Find implausible frames, and remember their clips
        plausible = plausible_frames(since, quats, moves) if self._check_plausible else None
        if plausible is not None:
            seen = plausible if seen is None else seen & plausible
            clips = ~np.logical_and.reduce(plausible, axis=(0, 2))
            self._implausible = clips if self._implausible is None else self._implausible | clips
        # 3. Replace the frames, and drop the context
        if seen is not None and self._smoothed:
            quats, moves = bridged(since, quats, moves, seen)
        inner = slice(first - lo, last - lo)
        return quats[inner], moves[inner], None if seen is None else seen[inner]

    @property
    def _is_long(self) -> bool:
        """Whether the clip is processed in pieces."""
        return self.frames > LONGEST_WHOLE

    def _reach(self, cutoffs: Array) -> int:
        """Return the frames after which a sample no longer influences the smoother."""
        lowest = float(np.min(cutoffs, initial=np.inf)) * self.step
        return int(np.ceil(DECAY / lowest)) if lowest < 0.5 else 0


def _is_even(since: Array) -> bool:
    """Tell whether all steps are equal, but for rounding."""
    steps = np.diff(since)
    return bool(np.ptp(steps) <= STEP_TOLERANCE * np.mean(steps))


def _gaps(times: Array) -> list[tuple[float, float]]:
    """Return begin and end, in s since the first frame, of pauses that may hide fast motion."""
    steps = np.diff(times)
    if len(steps) == 0:
        return []
    long = np.flatnonzero(steps > max(PAUSE * float(np.median(steps)), SHORT_PAUSE))
    since = times - times[0]
    return [(float(since[i]), float(since[i + 1])) for i in long]


def _by_weight(
    seen: Mask | None, frame_weights: Array | None, owners: Indices, kinds: Indices
) -> Iterator[tuple[Any, Array | None]]:
    """Group columns that share weights; `owners` and `kinds` are the clip and kind of a column."""
    whole = None if seen is None else np.logical_and.reduce(seen, axis=2)
    plain = np.zeros(len(owners), dtype=bool)
    for clip in range(int(owners.max()) + 1):
        unseen = None
        if whole is not None and not whole[:, clip].all():
            unseen = np.where(whole[:, clip], 1.0, UNSEEN_WEIGHT)
        for kind in (0, 1):
            weights = unseen
            if frame_weights is not None and (frame_weights[:, clip, kind] < 1).any():
                weights = frame_weights[:, clip, kind] * (1.0 if unseen is None else unseen)
            columns = (owners == clip) & (kinds == kind)
            if weights is None:
                plain |= columns
            else:
                yield np.flatnonzero(columns), weights
    if plain.any():
        yield np.flatnonzero(plain), None


# ---- the spline


def interpolate(since: Array, channels: Array) -> BSpline:
    """Interpolate samples (F, N) by a spline of degree 9; up to five samples by one polynomial."""
    frames = len(since)
    if frames <= END_DEGREE:
        return make_interp_spline(since, channels, k=frames - 1)
    count = END_DEGREE + 1
    ends = (
        _end_derivatives(since[:count], channels[:count]),
        _end_derivatives(since[: -count - 1 : -1], channels[: -count - 1 : -1]),
    )
    return make_interp_spline(since, channels, k=DEGREE, bc_type=ends)


def _end_derivatives(times: Array, values: Array) -> list[tuple[int, Array]]:
    """Return derivatives, at the first of some samples, of the polynomial through them."""
    scale = times[-1] - times[0]
    powers = np.vander((times - times[0]) / scale, increasing=True)
    coefficients = np.linalg.solve(powers, values)
    orders = range(1, (DEGREE + 1) // 2)
    return [(k, factorial(k) * coefficients[k] / scale**k) for k in orders]
