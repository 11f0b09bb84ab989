"""The noise that the clips of one source have in common, and the frame rate of their tracks.

`NoiseFloor` describes the noise of rotations and of the root's translation, `BodyNoise` that of the
positions of arms, legs and trunk. Both are power laws, estimated from the spectra of clips.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import make_interp_spline

from ..._typing import Array
from ..._validation import real_array
from ...skeleton import hemisphere_align
from ._spectrum import Bands, PowerLaw, banded, fit_noise, side_by_side, spectrum

__all__ = [
    "PARTS",
    "PAUSE",
    "BodyNoise",
    "NoiseFloor",
    "even_frames",
    "learn_body_noise",
    "learn_noise_floor",
    "part_of",
]

PAUSE = 4.0
"""Number of median steps above which a step is a pause, which does not count for the frame rate."""

MAX_DENSITY = 64
"""Largest number of even samples per frame. A clip that needs more consists mainly of pauses."""

MIN_FRAMES = 12
"""Frames of the shortest clip with a usable spectrum."""

PARTS = ("arm", "leg", "trunk")

_WORDS_OF_PART = {
    "arm": ("shoulder", "elbow", "wrist", "hand", "collar"),
    "leg": ("hip", "knee", "ankle", "foot"),
}


def even_frames(since: Array) -> int:
    """Return the number of even frames at the mean rate of the frames between pauses."""
    steps = np.diff(since)
    usual = steps[steps <= PAUSE * np.median(steps)]
    if len(usual) == len(steps):
        return len(since)
    count = round(float((since[-1] - since[0]) / np.mean(usual))) + 1
    if count > MAX_DENSITY * len(since):
        raise ValueError(
            f"Frames go in steps of {np.mean(usual):.4g} s, but pause for up to {steps.max():.4g} "
            "s: cut the motion there, such as with motion.slice."
        )
    return count


# ---- noise of the tracks of a source


@dataclass(frozen=True)
class NoiseFloor:
    """Noise of the tracks of one source: an optical system, a video tool, a depth camera.

    Parameters
    ----------
    rotation : PowerLaw
        Noise in the components of unit quaternions: one-sided density in 1/Hz. An error of
        s rad per axis is s / 2 in a component.
    translation : PowerLaw
        Noise in the coordinates of the root: one-sided density in m²/Hz.

    See Also
    --------
    learn_noise_floor : Estimates it from clips.

    Examples
    --------
    White noise of 1 mm and 0.01 rad at 60 Hz:

    >>> from m3n_sklearn.simulation import NoiseFloor, PowerLaw
    >>> floor = NoiseFloor(PowerLaw(0.005**2 / 30, 0.0), PowerLaw(0.001**2 / 30, 0.0))
    >>> round(floor.scaled(4.0).translation.level * 30 * 1e6, 6)
    4.0
    """

    rotation: PowerLaw
    translation: PowerLaw

    def scaled(self, factor: float) -> NoiseFloor:
        """Return a floor with a multiple of the power.

        Parameters
        ----------
        factor : float
            Factor of both densities.

        Returns
        -------
        NoiseFloor
            With the same slopes.
        """
        return NoiseFloor(
            *(replace(law, level=factor * law.level) for law in (self.rotation, self.translation))
        )


def learn_noise_floor(
    clips: Iterable[tuple[ArrayLike, ArrayLike, ArrayLike]],
) -> NoiseFloor:
    """Estimate the noise that the clips of one source have in common.

    Each clip has its own motion; slow motion shows more of the noise. The noise is a power law
    that all clips share. A few clips with other noise have little influence.

    Parameters
    ----------
    clips : iterable of tuple (times, quats, trans)
        For each clip: times (F,) in s, unit quaternions (F, J, 4), and the translation (F, 3) of
        the root in m. Lengths, rates and joints may differ. Components that never change are
        left out.

    Returns
    -------
    NoiseFloor
        For `fit_trajectory`.

    Raises
    ------
    ValueError
        If no clip has 12 frames, or shapes do not match.

    Notes
    -----
    The spectra of second differences are averaged in bands. They are modeled as the motion of
    each clip plus the common noise, and fitted by Whittle's likelihood [1]_. The weight of a
    clip falls with the distance of its noise from the common one, as for a Cauchy distribution.

    References
    ----------
    .. [1] P. Whittle, "Estimation and information in stationary time series", Arkiv för
       Matematik 2, 1953.

    Examples
    --------
    Six clips with white noise of 1 mm, whose density is 1e-6 m² / 30 Hz:

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> times = np.arange(240) / 60.0
    >>> still = np.tile([1.0, 0.0, 0.0, 0.0], (240, 1, 1))
    >>> wave = 0.2 * np.sin(2 * np.pi * np.outer(times, [0.5, 0.8, 1.1]))
    >>> clips = [(times, still, wave + 1e-3 * rng.standard_normal((240, 3))) for _ in range(6)]
    >>> floor = learn_noise_floor(clips)
    >>> bool(0.5 < (floor.translation.density(np.array([10.0])) * 30 / 1e-6)[0] < 2)
    True
    """
    # 1. Spectra of each clip, for rotations and for translations
    found: tuple[list[Bands], list[Bands]] = ([], [])
    for times, quats, trans in clips:
        clock, tracks = _tracks(times, quats, trans)
        if len(clock) < MIN_FRAMES:
            continue
        frames = even_frames(clock)
        step = (clock[-1] - clock[0]) / (frames - 1)
        for kind, track in zip(found, tracks, strict=True):
            bands = _bands(_evenly(clock, track, frames), step)
            if bands is not None:
                kind.append(bands)
    if not any(found):
        raise ValueError(
            f"No clip has {MIN_FRAMES} frames that move, so the noise cannot be estimated. Give "
            "longer clips, or smoothing= a cut-off in Hz."
        )
    # 2. One power law for each
    rotation, translation = (_law(kind) for kind in found)
    return NoiseFloor(rotation, translation)


def _law(kind: list[Bands]) -> PowerLaw:
    """Fit the common power law; tracks that never move have no noise."""
    return fit_noise(side_by_side(kind), shared=True) if kind else PowerLaw(0.0, 0.0)


def _tracks(times: ArrayLike, quats: ArrayLike, trans: ArrayLike) -> tuple[Array, list[Array]]:
    """Return time stamps, and quaternions and translations as channels; or raise an error."""
    clock = real_array(times, "times", "time stamps in s")
    turns = real_array(quats, "quats", "unit quaternions (w, x, y, z)")
    moves = real_array(trans, "trans", "positions in m")
    frames = len(clock)
    if turns.ndim != 3 or turns.shape[0] != frames or turns.shape[2] != 4:
        raise ValueError(f"quats must have shape ({frames}, joints, 4), got {turns.shape}.")
    if moves.shape != (frames, 3):
        raise ValueError(f"trans must have shape ({frames}, 3), got {moves.shape}.")
    if not all(np.isfinite(x).all() for x in (clock, turns, moves)):
        raise ValueError("Clips must be finite: interpolate gaps (NaN) or leave such clips out.")
    if frames > 1 and np.diff(clock).min() <= 0:
        raise ValueError("times must be strictly increasing, in s.")
    return clock, [hemisphere_align(turns).reshape(frames, -1), moves]


def _evenly(clock: Array, track: Array, frames: int) -> Array:
    """Interpolate unevenly spaced samples on an even grid."""
    steps = np.diff(clock)
    if np.ptp(steps) <= 1e-6 * steps.mean():
        return track
    even = np.linspace(clock[0], clock[-1], frames)
    result: Array = make_interp_spline(clock, track, k=3)(even)
    return result


def _bands(track: Array, step: float) -> Bands | None:
    """Return the spectrum of the channels that move, averaged in bands."""
    moving = np.ptp(track, axis=0) > 0
    if not moving.any():
        return None
    return banded(spectrum(track[:, None, moving], step), step, int(moving.sum()))


# ---- noise of the parts of a body


def part_of(bone: str) -> str:
    """Return the part of the body that a bone belongs to, by the name of its joint."""
    return next(
        (p for p, words in _WORDS_OF_PART.items() if any(w in bone for w in words)), "trunk"
    )


@dataclass(frozen=True)
class BodyNoise:
    """Noise in the positions of a body's parts, as one source tracks them.

    Parameters
    ----------
    arm, leg, trunk : PowerLaw or None
        One-sided density in m²/Hz of each coordinate of wrists, of ankles, and of pelvis and
        head. None where it is not known.

    See Also
    --------
    SMPLIMUSimulator.fit : Estimates it.

    Examples
    --------
    >>> from m3n_sklearn.simulation import BodyNoise, PowerLaw
    >>> noise = BodyNoise(arm=PowerLaw(1e-6, -1.0), leg=None, trunk=None)
    >>> noise["arm"].slope, noise.scaled(2.0).arm.level
    (-1.0, 2e-06)
    """

    arm: PowerLaw | None
    leg: PowerLaw | None
    trunk: PowerLaw | None

    def __getitem__(self, part: str) -> PowerLaw | None:
        """Return the noise of a part."""
        found: PowerLaw | None = getattr(self, part)
        return found

    def scaled(self, factor: float) -> BodyNoise:
        """Return noise with a multiple of the power.

        Parameters
        ----------
        factor : float
            Factor of the densities.

        Returns
        -------
        BodyNoise
            With the same slopes.
        """
        laws = (self.arm, self.leg, self.trunk)
        return BodyNoise(
            *(None if law is None else replace(law, level=factor * law.level) for law in laws)
        )


def learn_body_noise(clips: Iterable[tuple[float, Mapping[str, Array]]]) -> BodyNoise | None:
    """Estimate the common noise of clips: the step in s and, by part, tracks (F, B, 3) in m."""
    # 1. Spectra of the parts that move
    found: dict[str, list[Bands]] = {part: [] for part in PARTS}
    for step, tracks in clips:
        for part, track in tracks.items():
            moving = np.ptp(track.reshape(len(track), -1), axis=0) > 0
            if len(track) >= MIN_FRAMES and moving.any():
                channels = track.reshape(len(track), 1, -1)[:, :, moving]
                found[part].append(banded(spectrum(channels, step), step, int(moving.sum())))
    if not any(found.values()):
        return None
    # 2. One power law per part
    return BodyNoise(
        **{
            part: fit_noise(side_by_side(bands), shared=True) if bands else None
            for part, bands in found.items()
        }
    )
