"""A rig: sensors on whoever moves, from poses to what the sensors report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..body import BodyModel, Site
from ._batch import Setup, simulate_batch
from ._keys import RowKey
from ._people import Person, Wardrobe
from .noise import IMUNoise, sensor_errors
from .randomization import ClipDraw, Randomization

__all__ = ["Rig", "Take"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Take:
    """Clips of equal length that one person plays.

    Attributes
    ----------
    poses : ndarray of shape (B, F, J, 3)
        Axis-angle rotations in rad.
    trans : ndarray of shape (B, F, 3)
        Root translations in m.
    times : ndarray of shape (F,)
        Time stamps of the frames in s.
    wanted : ndarray of shape (T,)
        Sampling times of the sensors in s.
    person : Person
        Who moves.
    source : str or None
        Who recorded the poses.
    keys : sequence of (bytes, bytes)
        Clip and window of each of the B clips, for random draws.
    """

    poses: Array
    trans: Array
    times: Array
    wanted: Array
    person: Person
    source: str | None
    keys: Sequence[RowKey]


@dataclass(frozen=True)
class Rig:
    """Everything that decides what sensors read, besides the motion.

    Attributes
    ----------
    wardrobe : Wardrobe
        Bodies with their sites.
    names : tuple of str
        Of the sites.
    rate : float
        Samples per second.
    smoothing, frame
        As in `SMPLIMUSimulator`.
    mounts : mapping of str to ndarray of shape (3, 3)
        Columns are the sensor's axes in the site's frame.
    gravity : ndarray of shape (3,)
        In m/s².
    noise : IMUNoise
        Errors of the sensors.
    spread : Randomization
        Variation from clip to clip.
    entropy : int
        Seed of all draws.
    """

    wardrobe: Wardrobe
    names: tuple[str, ...]
    rate: float
    smoothing: str | float | None
    frame: str
    mounts: Mapping[str, Array]
    gravity: Array
    noise: IMUNoise
    spread: Randomization
    entropy: int

    @property
    def is_random(self) -> bool:
        """Whether any draw is needed."""
        return self.noise.is_random or self.spread.is_random

    def draw(self, clip: bytes) -> ClipDraw:
        """Return the variation of one clip."""
        return self.spread.draw(self.entropy, clip)

    def read(self, take: Take) -> Array:
        """Simulate sensors.

        Parameters
        ----------
        take : Take
            The motion. Where bodies vary from clip to clip, all its rows are of one clip.

        Returns
        -------
        ndarray of shape (B, T, S, 6)
            Specific force (m/s²) and angular rate (rad/s) in the sensors' frames.
        """
        draws = [self.draw(clip) for clip, _ in take.keys]
        body, sites = self._worn(take.person, draws[0])
        mounts = [[self.mounts[name] @ draw.mount(name) for name in self.names] for draw in draws]
        setup = Setup(body, sites, self.smoothing, self.frame, self.gravity)
        data = simulate_batch(
            setup, take.poses, take.trans, take.times, take.wanted, np.array(mounts)
        )
        return self._add_noise(data, take.keys, draws)

    def _worn(self, person: Person, draw: ClipDraw) -> tuple[BodyModel, list[Site]]:
        body, sites = self.wardrobe.dress(person)
        if self.spread.changes_body:
            body = draw.body(body)
            sites = [draw.site(site) for site in self.wardrobe.sites_on(body)]
        return body, sites

    def _add_noise(self, data: Array, keys: Sequence[RowKey], draws: Sequence[ClipDraw]) -> Array:
        """Errors of each sensor, by the device of the clip."""
        shared = (self.rate, self.entropy)
        if self.spread.device is None:
            return sensor_errors(self.noise, data, *shared, keys, self.names)
        rows = zip(data, keys, draws, strict=True)
        return np.concatenate(
            [
                sensor_errors(draw.noise or self.noise, row[None], *shared, [key], self.names)
                for row, key, draw in rows
            ]
        )
