"""A rig: sensors on whoever moves, from poses to what the sensors report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array, Mask
from ..body import BodyModel, Site, body_from_smplx, default_body, resolve_sites
from ._batch import Setup, simulate_batch
from ._guard import RUSHING, Excess, find_excess
from ._keys import RowKey
from ._noise import IMUNoise, sensor_errors
from ._randomization import ClipDraw, Randomization
from .calibration._calibration import Calibration
from .trajectory._noise_floor import BodyNoise
from .trajectory._smoothing import band_of

__all__ = ["Person", "Rig", "Take", "Taken", "Wardrobe"]


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
    observed : ndarray of bool, shape (B, F, J), or None
        Where joints were measured; None is everywhere.
    """

    poses: Array
    trans: Array
    times: Array
    wanted: Array
    person: Person
    source: str | None
    keys: Sequence[RowKey]
    observed: Mask | None = None


class Taken(NamedTuple):
    """What sensors read in a take.

    Attributes
    ----------
    data : ndarray of shape (B, T, S, 6)
        Specific force (m/s²) and angular rate (rad/s) in the sensors' frames; straight lines
        where they were not seen, NaN where a sensor was never seen.
    seen : ndarray of bool, shape (B, T, S)
        False where readings rest on joints that were not measured or are not believable, or
        where they are beyond the limits and masked.
    excess : list of Excess
        What lies beyond the limits.
    rushing : ndarray of bool, shape (B,)
        Clips whose pelvis keeps accelerating as none can.
    doubted : ndarray of bool, shape (B,)
        Clips with pauses, or with frames that no body produces.
    """

    data: Array
    seen: Mask
    excess: list[Excess]
    rushing: Mask
    doubted: Mask


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
    smoothing, frame, readout, engine
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
    limits : ndarray of shape (S, 2)
        Readings that no body exceeds, in m/s² and rad/s.
    masks : bool
        Whether what is beyond counts as not seen.
    noises : mapping of str or None to BodyNoise
        Noise of the poses by source, as far as it was learned.
    calibration : mapping of str to Calibration
        How the sensors were really worn, by site, as far as it was identified.
    """

    wardrobe: Wardrobe
    names: tuple[str, ...]
    rate: float
    smoothing: str | float | None
    frame: str
    readout: str
    engine: str
    mounts: Mapping[str, Array]
    gravity: Array
    noise: IMUNoise
    spread: Randomization
    entropy: int
    limits: Array
    masks: bool = False
    noises: Mapping[str | None, BodyNoise] = field(default_factory=dict)
    calibration: Mapping[str, Calibration] = field(default_factory=dict)

    @property
    def is_random(self) -> bool:
        """Whether any draw is needed."""
        return self.noise.is_random or self.spread.is_random

    def draw(self, clip: bytes) -> ClipDraw:
        """Return the variation of one clip."""
        return self.spread.draw(self.entropy, clip)

    def read(self, take: Take) -> Taken:
        """Simulate sensors.

        Parameters
        ----------
        take : Take
            The motion. Where bodies vary from clip to clip, all its rows are of one clip.

        Returns
        -------
        Taken
            Readings, and where they can be relied on.
        """
        draws = [self.draw(clip) for clip, _ in take.keys]
        body, sites = self._worn(take.person, draws[0])
        mounts = np.array([[self._mount(name, draw) for name in self.names] for draw in draws])
        data = np.empty((len(take.poses), len(take.wanted), len(sites), 6))
        seen = np.ones(data.shape[:3], dtype=bool)
        rushing, doubted = np.zeros((2, len(data)), dtype=bool)
        for lag, chosen in self._clocks():
            setup = Setup(
                body,
                [sites[i] for i in chosen],
                self.smoothing,
                self.frame,
                np.array([self._gravity(self.names[i]) for i in chosen]),
                self.engine,
                self.readout,
                band_of(take.source),
                self.noises.get(take.source),
            )
            signals = simulate_batch(
                setup,
                take.poses,
                take.trans,
                take.times,
                take.wanted - lag,
                mounts[:, chosen],
                take.observed,
            )
            data[:, :, chosen], seen[:, :, chosen] = signals.readings, signals.seen
            rushing |= signals.rush > RUSHING
            doubted |= signals.doubted
        for i, name in enumerate(self.names):
            if name in self.calibration:
                readings = data[:, :, i, :3], data[:, :, i, 3:]
                data[:, :, i] = np.concatenate(self.calibration[name].apply(*readings), axis=-1)
        if self.masks:
            seen &= ~rushing[:, None, None]
        # what cameras resolve never gets there: it is an error of the tracker, not a motion
        masks = self.masks or np.isfinite(band_of(take.source).highest)
        excess, seen = find_excess(data, seen, self.limits, self.rate, masks)
        _bridge(data, seen)
        return Taken(self._add_noise(data, take.keys, draws), seen, excess, rushing, doubted)

    def _clocks(self) -> Iterator[tuple[float, list[int]]]:
        """Sites that share a clock, with what it is late by in s."""
        lags = [self.calibration[n].lag if n in self.calibration else 0.0 for n in self.names]
        for lag in dict.fromkeys(lags):
            yield lag, [i for i, other in enumerate(lags) if other == lag]

    def _mount(self, name: str, draw: ClipDraw) -> Array:
        known = self.calibration.get(name)
        return (self.mounts[name] if known is None else known.mount) @ draw.mount(name)

    def _gravity(self, name: str) -> Array:
        known = self.calibration.get(name)
        return self.gravity if known is None else known.gravity

    def _worn(self, person: Person, draw: ClipDraw) -> tuple[BodyModel, list[Site]]:
        body, sites = self.wardrobe.dress(person)
        if self.spread.changes_body:
            body = draw.body(body)
            sites = [draw.site(site) for site in self.wardrobe.sites_on(body)]
        return body, [self._moved(site) for site in sites]

    def _moved(self, site: Site) -> Site:
        known = self.calibration.get(site.name)
        if known is None or site.offset is None:
            return site
        return replace(site, offset=site.offset + known.lever_arm)

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


def _bridge(data: Array, seen: Mask) -> None:
    """Draw straight lines, in place, through readings (B, T, S, 6) that were not seen (B, T, S)."""
    data[np.broadcast_to(~seen.any(axis=1, keepdims=True), seen.shape)] = np.nan
    for clip, site in np.argwhere((~seen).any(axis=1) & seen.any(axis=1)).tolist():
        lost, kept = np.flatnonzero(~seen[clip, :, site]), np.flatnonzero(seen[clip, :, site])
        for channel in range(data.shape[3]):
            track = data[clip, :, site, channel]
            track[lost] = np.interp(lost, kept, track[kept])


class Person(NamedTuple):
    """What decides about a body.

    Attributes
    ----------
    sex : {"neutral", "male", "female"}
        For bodies that come in variants.
    stature : float or None
        In m.
    betas : tuple of float or None
        Shape coefficients.
    """

    sex: str = "neutral"
    stature: float | None = None
    betas: tuple[float, ...] | None = None

    @classmethod
    def of(cls, sex: Any, stature: Any, betas: Any) -> Person:
        """Collect what is known; a stature that is not finite is not known."""
        height = float(stature) if stature is not None and np.isfinite(stature) else None
        shape = None if betas is None else tuple(np.asarray(betas, dtype=np.float64).tolist())
        return cls("neutral" if sex is None else str(sex), height, shape)


class Wardrobe:
    """Bodies and their sensor sites, each built once.

    Parameters
    ----------
    body : "default", BodyModel or smplx-like object
        As given to the simulator.
    sites : str, Site or sequence of them
        As given to the simulator.
    """

    def __init__(self, body: Any, sites: str | Site | Sequence[str | Site]) -> None:
        self._body = _checked(body)
        self._sites = sites
        self._fitted: dict[Person, tuple[BodyModel, list[Site]]] = {}

    def dress(self, person: Person) -> tuple[BodyModel, list[Site]]:
        """Return the body of a person and its resolved sites.

        Parameters
        ----------
        person : Person
            Who plays the clip.

        Returns
        -------
        body : BodyModel
            With that person's stature and shape, where the model knows them.
        sites : list of Site
            Resolved on it.
        """
        if person not in self._fitted:
            body = self._shape(person)
            self._fitted[person] = body, self.sites_on(body)
        return self._fitted[person]

    def sites_on(self, body: BodyModel) -> list[Site]:
        """Resolve the sites on any body."""
        return resolve_sites(body, self._sites)

    def bones(self) -> list[str]:
        """Names of the bones that carry the sensors."""
        body, sites = self.dress(Person())
        return [
            str(body.joint_names[body.joint_index(site.bone)])
            for site in sites
            if site.bone is not None
        ]

    def _shape(self, person: Person) -> BodyModel:
        if self._body is None:
            return default_body(person.sex, person.stature)
        # further coefficients describe ever finer detail: a body that lacks them goes without
        known = self._body.n_betas
        betas = person.betas[:known] if person.betas and known else None
        return self._body.shaped(betas=betas, stature=person.stature)


def _checked(body: Any) -> BodyModel | None:
    """Body model that was given, None for the default one."""
    if isinstance(body, str):
        if body != "default":
            raise ValueError(
                f"body must be 'default', a BodyModel or an smplx-like object, got {body!r}."
            )
        return None
    return body if isinstance(body, BodyModel) else body_from_smplx(body)
