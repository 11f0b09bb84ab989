"""Smooth random motions, and what the tests measure on readings."""

from __future__ import annotations

import numpy as np

from m3n_sklearn.motion import Motion
from m3n_sklearn.motion.rotations import (
    quat_from_rotvec,
    quat_multiply,
    quat_rotate,
    rotvec_from_quat,
)

UPRIGHT = np.array([np.pi / 2, 0.0, 0.0])


def waves(rng, times, shape, amplitude, fastest=2.0, count=4):
    """Sums of sines of random frequency (Hz) and phase, one per entry of shape."""
    hertz = rng.uniform(0.2, fastest, (count, *shape))
    phase = rng.uniform(0, 2 * np.pi, (count, *shape))
    height = amplitude * rng.standard_normal((count, *shape)) / np.sqrt(count)
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


def turned(motion, quat):
    """The same scene, rotated about the world's origin."""
    poses = motion.poses.copy()
    poses[:, 0] = rotvec_from_quat(quat_multiply(quat, quat_from_rotvec(poses[:, 0])))
    return motion.replace(poses=poses, trans=quat_rotate(quat, motion.trans))


def triads(recording):
    """Readings as (T, sensors, 2, 3): specific force and rate."""
    return recording.data.reshape(recording.n_samples, -1, 2, 3)


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))
