"""Readings of several clips of equal length on one body, in one go."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ..body import BodyModel, Site, site_kinematics
from ..body._plan import driving_joints
from ..motion.rotations import quat_from_rotvec
from .trajectory import fit_trajectory

__all__ = ["Setup", "simulate_batch"]

Array = NDArray[np.float64]


class Setup(NamedTuple):
    """What a batch of clips shares.

    Attributes
    ----------
    body : BodyModel
        The body.
    sites : sequence of Site
        Resolved for that body.
    smoothing : {"auto"}, float or None
        See `fit_trajectory`.
    frame : {"skin", "bone"}
        What carries the sensors.
    gravity : ndarray of shape (3,)
        In m/s².
    """

    body: BodyModel
    sites: list[Site]
    smoothing: str | float | None
    frame: str
    gravity: Array


def simulate_batch(
    setup: Setup, poses: Array, trans: Array, times: Array, wanted: Array, mounts: Array
) -> Array:
    """Simulate ideal sensors.

    Parameters
    ----------
    setup : Setup
        Body, sites and physics.
    poses : ndarray of shape (B, F, J, 3)
        Axis-angle rotations of B clips in rad.
    trans : ndarray of shape (B, F, 3)
        Root translations in m.
    times : ndarray of shape (F,)
        Time stamps in s.
    wanted : ndarray of shape (T,)
        Sampling times of the sensors in s.
    mounts : ndarray of shape (B, S, 3, 3)
        Columns are the sensor's axes in the site's frame.

    Returns
    -------
    ndarray of shape (B, T, S, 6)
        Specific force (m/s²) and angular rate (rad/s) in the sensors' frames.
    """
    # one thread: results must not depend on how many processes share the work
    with threadpool_limits(limits=1, user_api="blas"):
        count, joints, samples = len(poses), poses.shape[2], len(wanted)
        used = driving_joints(setup.body, setup.sites, setup.frame, joints)
        quats = quat_from_rotvec(np.moveaxis(poses, 0, 1))
        track = np.ascontiguousarray(np.moveaxis(trans, 0, 1), dtype=np.float64)
        trajectory = fit_trajectory(times, quats, track, setup.smoothing, joints=used)
        state = trajectory.evaluate(wanted)
        rotations = np.zeros((samples * count, joints, 4))
        rotations[..., 0] = 1.0
        rotations[:, used] = state.quaternion.reshape(-1, len(used), 4)
        local = np.zeros((2, samples * count, joints, 3))
        local[0][:, used] = state.rate.reshape(-1, len(used), 3)
        local[1][:, used] = state.acceleration.reshape(-1, len(used), 3)
        motion = site_kinematics(
            setup.body,
            setup.sites,
            rotations,
            local[0],
            local[1],
            state.position.reshape(-1, 3),
            state.velocity.reshape(-1, 3),
            state.linear_acceleration.reshape(-1, 3),
            frame=setup.frame,
        )
        force = np.einsum("fsji,fsj->fsi", motion.rotation, motion.acceleration - setup.gravity)
        shape = (samples, count, len(setup.sites), 3)
        readings = [x.reshape(shape) for x in (force, motion.angular_velocity)]
        turned = [np.einsum("bsji,tbsj->btsi", mounts, x) for x in readings]
        return np.concatenate(turned, axis=-1)
