"""Smooth random motions, and what the tests measure on readings."""

from __future__ import annotations

import numpy as np

from m3n_sklearn.motion import Motion
from m3n_sklearn.skeleton._rotations import (
    quat_from_rotvec,
    quat_multiply,
    quat_rotate,
    rotvec_from_quat,
)

UPRIGHT = np.array([np.pi / 2, 0.0, 0.0])


def waves(rng, times, shape, amplitude, fastest=2.0, count=4):
    """Sums of sines of random frequency (Hz) and phase, one per entry of shape.

    Above 2 Hz heights fall with the frequency's power 1.5, as those of limbs do.
    """
    hertz = rng.uniform(0.2, fastest, (count, *shape))
    phase = rng.uniform(0, 2 * np.pi, (count, *shape))
    height = amplitude * rng.standard_normal((count, *shape)) / np.sqrt(count)
    height *= np.minimum(1.0, (2.0 / hertz) ** 1.5)
    clock = np.asarray(times).reshape(-1, *([1] * (len(shape) + 1)))
    return (height * np.sin(2 * np.pi * hertz * clock + phase)).sum(axis=1)


def random_motion(seed, *, rate=60.0, seconds=2.0, fastest=2.0, **facts):
    """A person who moves all joints, upright on average, facing anywhere."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate) + 1) / rate
    poses = waves(rng, times, (24, 3), 0.4, fastest)
    upright = quat_from_rotvec(UPRIGHT)
    poses[:, 0] = rotvec_from_quat(quat_multiply(quat_from_rotvec(poses[:, 0]), upright))
    trans = waves(rng, times, (3,), 0.2, fastest) + rng.uniform(-2, 2, 3)
    return Motion(poses, trans, rate, **facts)


def jittered(motion, seed, level):
    """The same motion with white noise of this many rad, and half as many m at the root."""
    rng = np.random.default_rng([seed, 7])
    poses = motion.poses + level * rng.standard_normal(motion.poses.shape)
    trans = motion.trans + 0.5 * level * rng.standard_normal(motion.trans.shape)
    return motion.replace(poses=poses, trans=trans)


def turned(motion, quat):
    """The same scene, rotated about the world's origin."""
    poses = motion.poses.copy()
    poses[:, 0] = rotvec_from_quat(quat_multiply(quat, quat_from_rotvec(poses[:, 0])))
    return motion.replace(poses=poses, trans=quat_rotate(quat, motion.trans))


def random_quat(rng):
    """A rotation drawn from all of them evenly."""
    quat = rng.standard_normal(4)
    return quat / np.linalg.norm(quat)


def triads(recording):
    """Readings as (T, sensors, 2, 3): specific force and rate."""
    return recording.data.reshape(recording.n_samples, -1, 2, 3)


def rms(values):
    """Root mean square of all there is."""
    return float(np.sqrt(np.mean(np.square(values))))


def gap(a, b):
    """Largest difference."""
    return float(np.abs(np.asarray(a) - b).max())
