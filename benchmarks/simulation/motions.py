"""Motions whose accelerations and rates are known exactly, and the noise of trackers.

An arm of five angles: three at the shoulder, flexion of the elbow, pronation of the forearm. The
angles and the sway of the shoulder are sums of sines, so that all derivatives are closed-form.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from m3n_sklearn.body import BodyModel, Site

UPPER_ARM, FOREARM = (0.0, 0.0, -0.28), (0.0, 0.0, -0.24)
AXES = np.array([[0.0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
"""Of the shoulder's three angles, the elbow and the forearm, in this order along the chain."""

MEANS = np.array([0.0, 0.5, 0.0, -1.2, 0.0])
SHARES = np.array([1.0, 1.0, 1.0, 1.2, 0.7])
"""How large the angles are relative to each other."""

GRAVITY = np.array([0.0, 0.0, -9.80665])
with warnings.catch_warnings():  # an arm is shorter than a body
    warnings.simplefilter("ignore", UserWarning)
    ARM = BodyModel(["shoulder", "elbow"], [-1, 0], [[0, 0, 0], UPPER_ARM], stature=1.7, name="arm")
WRIST = Site("wrist", bone="elbow", offset=FOREARM)


class Kind(NamedTuple):
    """What a motion is made of."""

    slowest: float  # Hz
    fastest: float  # Hz
    angle: float  # rms of the first angle, rad
    fall: float  # exponent of the tones' heights
    impacts: float = 0.0  # per second


KINDS = {
    "A": Kind(0.3, 2.8, 0.27, 1.75),
    "B": Kind(0.3, 5.6, 0.41, 1.75),
    "C": Kind(0.3, 8.4, 0.76, 1.75),
    "D": Kind(0.3, 20.0, 0.46, 3.0),
    "E": Kind(0.3, 5.6, 0.41, 1.75, impacts=1.4),
}
"""Slow, exercise, vigorous, broadband, exercise with impacts. 95 % of the power of the wrist's
acceleration lie below 4, 8 and 12 Hz in A, B and C; its rms is 8, 25, 74, 18 m/s² per axis."""

SWAY = 0.03  # m
TONES = 40
IMPACT, IMPACT_WIDTH = 3 * 9.80665, 0.012  # m/s², s


class Truth(NamedTuple):
    """State of the arm: local rotations, shoulder, and what happens at the wrist."""

    quats: np.ndarray  # (F, 2, 4), w first
    trans: np.ndarray  # (F, 3)
    position: np.ndarray  # (F, 3)
    acceleration: np.ndarray  # (F, 3), in the world
    rotation: Rotation  # of F frames, of the forearm
    gyro: np.ndarray  # (F, 3), in the forearm
    force: np.ndarray  # (F, 3), specific force in the forearm


@dataclass(frozen=True)
class ArmMotion:
    """One random motion of a kind, defined at all times."""

    kind: str
    seed: int
    seconds: float

    @cached_property
    def tones(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Frequency (Hz), phase and height of the sines, each (tones, 8 channels)."""
        kind, rng = KINDS[self.kind], np.random.default_rng((self.seed, ord(self.kind)))
        place = (np.arange(TONES)[:, None] + rng.uniform(size=(TONES, 8))) / TONES
        hertz = kind.slowest + (kind.fastest - kind.slowest) * place
        phase = rng.uniform(0, 2 * np.pi, (TONES, 8))
        height = rng.rayleigh(size=(TONES, 8)) * (1 + hertz**2) ** (-kind.fall / 2)
        height /= np.sqrt(np.sum(height**2, axis=0) / 2)
        return hertz, phase, height * np.append(kind.angle * SHARES, [SWAY] * 3)

    @cached_property
    def impacts(self) -> np.ndarray:
        """Times of the impacts in s."""
        rng = np.random.default_rng((self.seed, 1))
        count = round(KINDS[self.kind].impacts * self.seconds)
        return np.sort(rng.uniform(0, self.seconds, count))

    def truth(self, times: np.ndarray, jitter: np.ndarray | None = None) -> Truth:
        """Return the exact state; `jitter` (F, 8) is added to angles (rad) and shoulder (m)."""
        channels = self._channels(times)
        if jitter is not None:
            channels[0] += jitter
        angles = channels[:, :, :5].copy()
        angles[0] += MEANS
        return _forward(angles, channels[:, :, 5:])

    def _channels(self, times: np.ndarray) -> np.ndarray:
        """Angles and shoulder with two derivatives: (3, F, 8)."""
        hertz, phase, height = self.tones
        omega = 2 * np.pi * hertz
        argument = omega * times[:, None, None] + phase
        sine, cosine = height * np.sin(argument), height * np.cos(argument)
        channels = np.stack(
            [sine.sum(1), (omega * cosine).sum(1), -(omega**2 * sine).sum(1)],
        )
        for moment in self.impacts:
            channels[:, :, 7] += _thump(times - moment)
        return channels


def _thump(since: np.ndarray) -> np.ndarray:
    """Displacement, velocity, acceleration of an impact: the second derivative of a Gaussian."""
    width = IMPACT_WIDTH / 2
    u = since / width
    bell = IMPACT * np.exp(-(u**2) / 2)
    return np.stack([-(width**2) * bell, width * u * bell, (1 - u**2) * bell])


def _forward(angles: np.ndarray, shoulder: np.ndarray) -> Truth:
    """Carry five angles with their derivatives along the arm."""
    frames = angles.shape[1]
    turn = Rotation.identity(frames)
    rate, spin = np.zeros((2, frames, 3))
    position, acceleration = shoulder[0], shoulder[2]
    local = []
    for index, axis in enumerate(AXES):
        if index == 3:
            arm = turn.apply(UPPER_ARM)
            position, acceleration = position + arm, acceleration + _swung(rate, spin, arm)
        step = Rotation.from_rotvec(angles[0, :, index, None] * axis)
        world = turn.apply(axis)
        first, second = (angles[k, :, index, None] * world for k in (1, 2))
        spin = spin + second + np.cross(rate, first)
        rate = rate + first
        turn = turn * step
        local.append(step)
    arm = turn.apply(FOREARM)
    position, acceleration = position + arm, acceleration + _swung(rate, spin, arm)
    joints = (local[0] * local[1] * local[2], local[3] * local[4])
    return Truth(
        np.stack([w_first(joint) for joint in joints], axis=1),
        shoulder[0],
        position,
        acceleration,
        turn,
        turn.apply(rate, inverse=True),
        turn.apply(acceleration - GRAVITY, inverse=True),
    )


def w_first(rotation: Rotation) -> np.ndarray:
    """Quaternions (w, x, y, z), as the library takes them; SciPy's are (x, y, z, w)."""
    return np.roll(rotation.as_quat(), 1, axis=-1)


def from_w_first(quaternion: np.ndarray) -> Rotation:
    """Rotations from quaternions (w, x, y, z)."""
    return Rotation.from_quat(np.roll(quaternion, -1, axis=-1))


def _swung(rate: np.ndarray, spin: np.ndarray, arm: np.ndarray) -> np.ndarray:
    return np.cross(spin, arm) + np.cross(rate, np.cross(rate, arm))


def tracker_noise(
    rng: np.random.Generator, shape: tuple[int, ...], rate: float, slope: float = 0.0
) -> np.ndarray:
    """Noise of unit standard deviation along axis 0, its power falling as f^slope above 1 Hz."""
    white = rng.standard_normal(shape)
    if slope == 0.0:
        return white
    gain = np.maximum(np.fft.rfftfreq(len(white), 1 / rate), 1.0) ** (slope / 2)
    gain /= np.sqrt(np.mean(gain**2))
    spectrum = np.fft.rfft(white, axis=0) * gain.reshape(-1, *([1] * (len(shape) - 1)))
    return np.fft.irfft(spectrum, len(white), axis=0)
