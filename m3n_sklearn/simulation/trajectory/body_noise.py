"""The noise of a source of motion in the places where sensors sit, learned from its clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ._spectrum import Bands, PowerLaw, banded, fit_noise, side_by_side, spectrum

__all__ = ["PARTS", "BodyNoise", "learn_body_noise", "part_of"]

Array = NDArray[np.float64]

PARTS = ("arm", "leg", "trunk")

FEWEST_FRAMES = 12
"""A shorter clip has no spectrum to speak of."""

_WORDS = {
    "arm": ("shoulder", "elbow", "wrist", "hand", "collar"),
    "leg": ("hip", "knee", "ankle", "foot"),
}


def part_of(bone: str) -> str:
    """Return the part of the body to which a bone belongs, by the name of its joint."""
    return next((p for p, words in _WORDS.items() if any(w in bone for w in words)), "trunk")


@dataclass(frozen=True)
class BodyNoise:
    """Noise in the positions of a body's parts, as one source tracks them.

    Parameters
    ----------
    arm, leg, trunk : PowerLaw or None
        One-sided density in m²/Hz of each coordinate of wrists, ankles, and pelvis and head;
        None where nothing is known.

    See Also
    --------
    SMPLIMUSimulator.fit : Learns it.
    """

    arm: PowerLaw | None
    leg: PowerLaw | None
    trunk: PowerLaw | None

    def __getitem__(self, part: str) -> PowerLaw | None:
        """Return the noise of a part."""
        found: PowerLaw | None = getattr(self, part)
        return found

    def scaled(self, factor: float) -> BodyNoise:
        """Return noise of other power.

        Parameters
        ----------
        factor : float
            What the densities are multiplied by.

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
    """Learn the noise that the clips of one source have in common, part by part.

    Parameters
    ----------
    clips : iterable of tuple (step, tracks)
        Of each clip the time between frames in s, and by part the positions (F, B, 3) of its
        ends in m.

    Returns
    -------
    BodyNoise or None
        None if no clip has 12 frames that move.
    """
    found: dict[str, list[Bands]] = {part: [] for part in PARTS}
    for step, tracks in clips:
        for part, track in tracks.items():
            moving = np.ptp(track.reshape(len(track), -1), axis=0) > 0
            if len(track) >= FEWEST_FRAMES and moving.any():
                channels = track.reshape(len(track), 1, -1)[:, :, moving]
                found[part].append(banded(spectrum(channels, step), step, int(moving.sum())))
    if not any(found.values()):
        return None
    return BodyNoise(
        **{
            part: fit_noise(side_by_side(bands), shared=True) if bands else None
            for part, bands in found.items()
        }
    )
