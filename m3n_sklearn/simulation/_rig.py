"""A rig: the sensors of one simulator on any person, from poses to noisy readings.

It applies what was calibrated or drawn at random: mounts, lags, gravity, bodies, sensor errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array, Mask
from ..body import BodyModel, Site, body_from_smplx, default_body, resolve_sites
from ._batch import Setup, simulate_batch
from ._guard import MAX_PELVIS_SHARE, Excess, find_excess, report
from ._keys import RowKey
from ._noise import IMUNoise, sensor_errors
from ._randomization import ClipDraw, Randomization
from .calibration._calibration import Calibration
from .trajectory._noise_floor import BodyNoise
from .trajectory._smoothing import band_of

__all__ = ["Bodies", "Person", "Readings", "Rig", "Take"]


@dataclass(frozen=True)
class Take:
    """Clips of equal length by one person."""

    poses: Array  # (B, F, J, 3), rotation vectors in rad
    trans: Array  # (B, F, 3), in m
    times: Array  # (F,), in s
    wanted: Array  # (T,), sampling times of the sensors in s
    person: Person
    source: str | None  # of the poses
    keys: Sequence[RowKey]  # clip and window of each of the B clips, for random draws
    observed: Mask | None = None  # (B, F, J); None is everywhere


class Readings(NamedTuple):
    """Readings of the sensors in a take, and where they are valid."""

    data: Array  # (B, T, S, 6), in m/s² and rad/s; interpolated where not observed
    seen: Mask  # (B, T, S), False where joints were not measured, or readings are masked
    excess: list[Excess]  # readings beyond the limits
    rushing: Mask  # (B,), clips whose pelvis accelerates too much
    has_gaps: Mask  # (B,), clips with pauses or implausible frames


@dataclass(frozen=True)
class Rig:
    """All that determines the readings, except the motion."""

    bodies: Bodies
    names: tuple[str, ...]  # of the sites
    rate: float  # samples per second
    smoothing: str | float | None
    frame: str
    readout: str
    engine: str
    mounts: Mapping[str, Array]  # columns are the sensor's axes in the site's frame
    gravity: Array  # (3,), in m/s²
    noise: IMUNoise
    spread: Randomization
    entropy: int  # seed of all draws
    limits: Array  # (S, 2), in m/s² and rad/s
    masks: bool = False  # whether readings beyond the limits count as unobserved
    # learned in fit: noise of the poses by source, and calibrated sensors by site
    noises: Mapping[str | None, BodyNoise] = field(default_factory=dict)
    calibration: Mapping[str, Calibration] = field(default_factory=dict)

    @property
    def is_random(self) -> bool:
        """Whether any random draw is needed."""
        return self.noise.is_random or self.spread.is_random

    def draw(self, clip: bytes) -> ClipDraw:
        """Return the variation of one clip."""
        return self.spread.draw(self.entropy, clip)

    def read(self, take: Take) -> Readings:
        """Simulate the sensors; if bodies vary between clips, a take has rows of one clip only."""
        # 1. The variation of each clip, its body and its mounts
        draws = [self.draw(clip) for clip, _ in take.keys]
        body, sites = self._body_and_sites(take.person, draws[0])
        mounts = np.array([[self._mount(name, draw) for name in self.names] for draw in draws])
        # 2. Ideal readings, of sites with the same lag at once
        data = np.empty((len(take.poses), len(take.wanted), len(sites), 6))
        seen = np.ones(data.shape[:3], dtype=bool)
        rushing, has_gaps = np.zeros((2, len(data)), dtype=bool)
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
            rushing |= signals.rush > MAX_PELVIS_SHARE
            has_gaps |= signals.has_gaps
        # 3. Scale and bias of calibrated sensors
        for i, name in enumerate(self.names):
            if name in self.calibration:
                readings = data[:, :, i, :3], data[:, :, i, 3:]
                data[:, :, i] = np.concatenate(self.calibration[name].apply(*readings), axis=-1)
        # 4. Implausible readings. Cameras do not resolve motion this fast, so that in their
        # tracks an excess is always an error and is masked.
        if self.masks:
            seen &= ~rushing[:, None, None]
        masks = self.masks or np.isfinite(band_of(take.source).highest)
        excess, seen = find_excess(data, seen, self.limits, self.rate, masks)
        # 5. Gaps, then the errors of the sensors
        _interpolate_gaps(data, seen)
        return Readings(self._add_noise(data, take.keys, draws), seen, excess, rushing, has_gaps)

    def report(
        self, takes: Iterable[tuple[Sequence[str], float, Readings]], implausible: str
    ) -> None:
        """Warn of, or raise for, implausible readings and frames, once for all takes.

        A take has the names of its clips, their frame rate in Hz, and the readings.
        """
        bones, clips = self.bodies.bones(), 0
        found: list[tuple[str, str, str, Excess]] = []
        rushing: list[tuple[str, float]] = []
        lost: list[tuple[str, float]] = []
        for names, rate, readings in takes:
            clips += len(names)
            found += [
                (names[one.row], self.names[one.site], bones[one.site], one)
                for one in readings.excess
            ]
            rushing += [(names[i], rate) for i in np.flatnonzero(readings.rushing).tolist()]
            # what is masked is an excess; here are pauses, lost frames, and clips without readings
            share = 1 - readings.seen.mean(axis=(1, 2))
            told = (share > 0) & (readings.has_gaps | (share == 1))
            lost += [(names[i], float(share[i])) for i in np.flatnonzero(told).tolist()]
        report(found, rushing, lost, clips, implausible)

    def worn(self, person: Person, draw: ClipDraw) -> tuple[BodyModel, list[Site]]:
        """Return the body of one clip, and its sites with the axes of the sensors."""
        body, sites = self._body_and_sites(person, draw)
        turned = [
            replace(site, orientation=site.orientation @ self._mount(site.name, draw))
            for site in sites
        ]
        return body, turned

    def _clocks(self) -> Iterator[tuple[float, list[int]]]:
        """Yield each lag in s, with the sites that have it."""
        lags = [self.calibration[n].lag if n in self.calibration else 0.0 for n in self.names]
        for lag in dict.fromkeys(lags):
            yield lag, [i for i, other in enumerate(lags) if other == lag]

    def _mount(self, name: str, draw: ClipDraw) -> Array:
        """Return the mount of a sensor in one clip."""
        known = self.calibration.get(name)
        return (self.mounts[name] if known is None else known.mount) @ draw.mount(name)

    def _gravity(self, name: str) -> Array:
        """Return gravity for a sensor."""
        known = self.calibration.get(name)
        return self.gravity if known is None else known.gravity

    def _body_and_sites(self, person: Person, draw: ClipDraw) -> tuple[BodyModel, list[Site]]:
        """Return the body and the sites of one clip."""
        body, sites = self.bodies.fitted(person)
        if self.spread.changes_body:
            body = draw.body(body)
            sites = [draw.site(site) for site in self.bodies.sites_on(body)]
        return body, [self._with_lever_arm(site) for site in sites]

    def _with_lever_arm(self, site: Site) -> Site:
        """Add the lever arm of the calibration to a site."""
        known = self.calibration.get(site.name)
        if known is None or site.offset is None:
            return site
        return replace(site, offset=site.offset + known.lever_arm)

    def _add_noise(self, data: Array, keys: Sequence[RowKey], draws: Sequence[ClipDraw]) -> Array:
        """Add the errors of each sensor, by the device of the clip."""
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


def _interpolate_gaps(data: Array, seen: Mask) -> None:
    """Interpolate unobserved readings (B, T, S, 6) linearly, in place; NaN if none is observed."""
    data[np.broadcast_to(~seen.any(axis=1, keepdims=True), seen.shape)] = np.nan
    for clip, site in np.argwhere((~seen).any(axis=1) & seen.any(axis=1)).tolist():
        lost, kept = np.flatnonzero(~seen[clip, :, site]), np.flatnonzero(seen[clip, :, site])
        for channel in range(data.shape[3]):
            track = data[clip, :, site, channel]
            track[lost] = np.interp(lost, kept, track[kept])


class Person(NamedTuple):
    """What determines a body."""

    sex: str = "neutral"  # or "male", "female"
    stature: float | None = None  # in m
    betas: tuple[float, ...] | None = None  # shape coefficients

    @classmethod
    def of(cls, sex: Any, stature: Any, betas: Any) -> Person:
        """Collect what is known; a stature that is not finite is not known."""
        height = float(stature) if stature is not None and np.isfinite(stature) else None
        shape = None if betas is None else tuple(np.asarray(betas, dtype=np.float64).tolist())
        return cls("neutral" if sex is None else str(sex), height, shape)


class Bodies:
    """Bodies and their sensor sites, as given to the simulator, each built once."""

    def __init__(self, body: Any, sites: str | Site | Sequence[str | Site]) -> None:
        self._body = _checked(body)
        self._sites = sites
        self._fitted: dict[Person, tuple[BodyModel, list[Site]]] = {}

    def fitted(self, person: Person) -> tuple[BodyModel, list[Site]]:
        """Return the body of a person, in that stature and shape, and its resolved sites."""
        if person not in self._fitted:
            body = self._shape(person)
            self._fitted[person] = body, self.sites_on(body)
        return self._fitted[person]

    def sites_on(self, body: BodyModel) -> list[Site]:
        """Resolve the sites on a body."""
        return resolve_sites(body, self._sites)

    def bones(self) -> list[str]:
        """Return the names of the bones that carry the sensors."""
        body, sites = self.fitted(Person())
        return [
            str(body.joint_names[body.joint_index(site.bone)])
            for site in sites
            if site.bone is not None
        ]

    def _shape(self, person: Person) -> BodyModel:
        """Build the body of a person."""
        if self._body is None:
            return default_body(person.sex, person.stature)
        # coefficients are sorted by their effect: a body with fewer of them ignores the rest
        known = self._body.n_betas
        betas = person.betas[:known] if person.betas and known else None
        return self._body.shaped(betas=betas, stature=person.stature)


def _checked(body: Any) -> BodyModel | None:
    """Return the body model that was given; None for the default one."""
    if isinstance(body, str):
        if body != "default":
            raise ValueError(
                f"body must be 'default', a BodyModel or an smplx-like object, got {body!r}."
            )
        return None
    return body if isinstance(body, BodyModel) else body_from_smplx(body)
