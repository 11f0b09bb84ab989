"""What `SMPLIMUSimulator.fit` learns: the noise of poses, and how the real sensors were worn.

Noise is estimated per source of the motions, from the positions of the ends of limbs. Sensors are
calibrated one by one against the motion of their sites.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array
from .._windows import Windows
from ..body import BoneEnd
from ..motion import Motion
from ..recording import Recording, channel_names, parse_channels
from ..skeleton import quat_from_rotvec
from ._rig import Bodies, Person, Rig
from ._rows import Frames, people, sources
from .calibration._calibration import Calibration, Measured, calibrate
from .calibration._sensor_track import SensorTrack, track_of_site
from .trajectory._noise_floor import BodyNoise, learn_body_noise
from .trajectory._track import Track

__all__ = ["calibrate_rig", "learn_noise", "motions_of", "recordings_of"]

MAX_CLIPS = 256
"""Clips per source from which its noise is estimated; more do not change it."""

BONES_OF_PART = {
    "arm": ("left_elbow", "right_elbow"),
    "leg": ("left_knee", "right_knee"),
    "trunk": ("pelvis", "neck"),
}
"""Bones whose far ends show the noise of a part of the body."""

NOISE_FACTORS = (1.0, 4.0, 16.0, 64.0, 256.0)
"""Candidate factors of the noise of poses. Errors that follow the body, such as those of depth
cameras, are not visible in the spectrum of the motion."""

MAX_SELECTION_CLIPS = 24
"""Clips on which the factor is selected."""


def motions_of(X: Windows) -> Sequence[Motion]:
    """Return pose windows as motions whose time 0 is the start of the window without margin."""
    return _RowMotions(X)


class _RowMotions(Sequence[Motion]):
    """Pose windows as motions; each is read when it is accessed."""

    def __init__(self, X: Windows) -> None:
        self.rows = np.flatnonzero(X.present("pose"))
        self.sources = sources(X, self.rows)
        self._X, self._frames = X, Frames.of(X)
        self._people = people(X, self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        row, person = int(self.rows[index]), self._people[index]
        cut = self._frames.real(row)
        return Motion(
            self._X["pose"][row, cut],
            self._X["trans"][row, cut] if "trans" in self._X else None,
            times=self._frames.times(cut),
            sex=person.sex,
            stature=person.stature,
            betas=person.betas,
            source=self.sources[index],
        )


def learn_noise(motions: Sequence[Motion], bodies: Bodies) -> dict[str | None, BodyNoise]:
    """Estimate the noise of each source; clips without a source count as one source."""
    members: dict[str | None, list[int]] = {}
    for i, source in enumerate(_sources(motions)):
        members.setdefault(source, []).append(i)
    found = {
        source: learn_body_noise(
            _ends(motions[i], bodies) for i in indices[:: max(1, len(indices) // MAX_CLIPS)]
        )
        for source, indices in members.items()
    }
    return {source: noise for source, noise in found.items() if noise is not None}


def _ends(motion: Motion, bodies: Bodies) -> tuple[float, dict[str, Array]]:
    """Return the time between frames and, by part, the tracks of the ends of bones."""
    body, _ = bodies.fitted(Person.of(motion.sex, motion.stature, motion.betas))

    def read(first: int, last: int) -> tuple[Array, Array]:
        return quat_from_rotvec(motion.poses[first:last])[:, None], motion.trans[first:last, None]

    observed = None if motion.observed is None else motion.observed[:, None]
    track = Track(motion.times, read, True, observed=observed, check_plausible=True)
    frames = track.excerpts()[0]
    tracks = {}
    for part, bones in BONES_OF_PART.items():
        known = [BoneEnd(body, body.joint_index(b), motion.n_joints) for b in bones]
        tracks[part] = np.concatenate(
            [end.positions(frames.rotations, frames.moves) for end in known], axis=1
        )
    return track.step, tracks


def _sources(motions: Sequence[Motion]) -> list[str | None]:
    """Return the source of each motion."""
    if isinstance(motions, _RowMotions):
        return motions.sources
    return [motion.source for motion in motions]


def recordings_of(measured: Any, X: Windows, rig: Rig) -> list[Recording]:
    """Turn measured windows, paired with X row by row, into recordings for `motions_of`."""
    if isinstance(measured, Windows):
        values, rate = measured["imu"], measured.rate("imu")
        channels = measured.channels
    else:
        values, rate, channels = np.asarray(measured, dtype=np.float64), None, None
    if len(values) != len(X):
        raise ValueError(f"measured has {len(values)} rows, X has {len(X)}: they must be paired.")
    if values.ndim != 3:
        raise ValueError(f"measured must have shape (n, channels, samples), got {values.shape}.")
    names = channel_names(rig.names) if channels is None else channels
    rows = np.flatnonzero(X.present("pose"))
    return [Recording.trusted(values[row].T, rate or rig.rate, names) for row in rows]


class Fit(NamedTuple):
    """What was learned from paired motions and readings."""

    calibration: dict[str, Calibration]  # by site
    noises: dict[str | None, BodyNoise]  # of the poses, by source


def calibrate_rig(rig: Rig, motions: Sequence[Motion], recordings: Sequence[Recording]) -> Fit:
    """Calibrate each sensor of a rig, and scale the noise of the poses, from paired clips."""
    if len(motions) != len(recordings):
        raise ValueError(
            f"measured has {len(recordings)} recordings, X has {len(motions)} motions: they must "
            "be paired."
        )
    readings = {
        name: [_of_site(recording, name, rig.names) for recording in recordings]
        for name in rig.names
    }
    noises = _scaled_noises(rig, motions, readings) if rig.noises else {}
    return Fit(_calibrate(replace(rig, noises=noises), motions, readings), noises)


def _scaled_noises(
    rig: Rig, motions: Sequence[Motion], readings: Mapping[str, Sequence[Measured]]
) -> dict[str | None, BodyNoise]:
    """Return the scaled noises with the smallest error after calibration, on some clips."""
    # 1. Clips for the selection, and candidates
    step = max(1, len(motions) // MAX_SELECTION_CLIPS)
    chosen = [motions[i] for i in range(0, len(motions), step)]
    read = {name: given[::step] for name, given in readings.items()}
    candidates = [
        {source: noise.scaled(factor) for source, noise in rig.noises.items()}
        for factor in NOISE_FACTORS
    ]
    # 2. Errors of all sensors after calibration, relative to the unscaled noise
    errors = np.array(
        [
            [
                error
                for found in _calibrate(replace(rig, noises=noises), chosen, read).values()
                for error in found.rmse_after
            ]
            for noises in candidates
        ]
    )
    relative = errors / np.where(errors[0] > 0, errors[0], 1.0)
    return candidates[int(np.argmin(np.nanmean(relative, axis=1)))]


def _calibrate(
    rig: Rig, motions: Sequence[Motion], readings: Mapping[str, Sequence[Measured]]
) -> dict[str, Calibration]:
    """Calibrate each sensor against the motion of its site."""
    return {
        name: calibrate(
            [_track(rig, index, motion) for motion in motions],
            readings[name],
            mount=rig.mounts[name],
            nominal_gravity=rig.gravity,
        )
        for index, name in enumerate(rig.names)
    }


def _track(rig: Rig, index: int, motion: Motion) -> SensorTrack:
    """Return the motion of a site in one clip."""
    body, sites = rig.bodies.fitted(Person.of(motion.sex, motion.stature, motion.betas))
    noise = rig.noises.get(motion.source)
    return track_of_site(body, sites[index], motion, rig.smoothing, frame=rig.frame, noise=noise)


def _of_site(recording: Recording, site: str, sites: tuple[str, ...]) -> Measured:
    """Return the readings of one site; a single sensor may have any name."""
    if recording.channels is None:
        raise ValueError(
            f"measured must have channel names, such as {channel_names(site)[0]}: give "
            "Recording(..., channels=channel_names(sites))."
        )
    triads = {(t.site, t.sensor): list(t.columns) for t in parse_channels(recording.channels)}
    places = {place for place, _ in triads}
    place = places.pop() if len(places) == len(sites) == 1 else site
    if not {(place, "acc"), (place, "gyro")} & triads.keys():
        raise ValueError(
            f"measured has no readings of {site}: its channels are "
            f"{', '.join(recording.channels)}. Rename them as in the simulator, such as "
            f"{channel_names(site)[0]}."
        )
    acc, gyro = (triads.get((place, sensor)) for sensor in ("acc", "gyro"))
    seen = recording.observed[:, (acc or []) + (gyro or [])].all(axis=1)
    times, data = recording.times[seen], recording.data[seen]
    return Measured(
        times, None if acc is None else data[:, acc], None if gyro is None else data[:, gyro]
    )
