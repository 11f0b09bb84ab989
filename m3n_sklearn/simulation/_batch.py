"""Readings of several clips of equal length on one body, in one go."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from ..body import BodyModel, Site
from ..body._kinematics import JointMotion, Sensors, carry
from ..body._plan import Plan, Points
from ..motion.rotations import quat_from_rotvec
from ._readout import Readout, sample_begins
from .trajectory import Trajectory
from .trajectory._track import Track

if TYPE_CHECKING:
    from .trajectory import NoiseFloor

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
    frame : {"skin", "bone", "triangle"}
        What carries the sensors.
    gravity : ndarray of shape (3,)
        In m/s².
    engine : {"numpy", "numba"}
        What computes the kinematics.
    readout : {"point", "mean"}
        Values at the samples, or means over the intervals that end there.
    noise_floor : NoiseFloor or None
        What is known about the noise of the poses.
    """

    body: BodyModel
    sites: list[Site]
    smoothing: str | float | None
    frame: str
    gravity: Array
    engine: str = "numpy"
    readout: str = "point"
    noise_floor: NoiseFloor | None = None


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
    count, samples = len(poses), len(wanted)
    readings = np.empty((count, samples, len(setup.sites), 6))
    begins = sample_begins(wanted)
    margin = float((wanted - begins).max(initial=0.0))
    points = Points.of_sites(setup.body, setup.sites, setup.frame)
    used, plan = Plan.of(setup.body, points, poses.shape[2]).driven()
    sensors = Sensors.of(setup.body, setup.sites, setup.frame)

    def read(first: int, last: int) -> tuple[Array, Array]:
        turns = quat_from_rotvec(np.moveaxis(poses[:, first:last], 0, 1))
        return turns, np.moveaxis(trans[:, first:last], 0, 1).astype(np.float64)

    with _ONE_THREAD:
        track = Track(times, read, setup.smoothing is not None)
        cutoffs = track.cutoffs(count, setup.smoothing, setup.noise_floor)
        for piece in track.pieces(cutoffs, margin):
            rows = slice(*np.searchsorted(wanted, track.times(piece)).tolist())
            if rows.start == rows.stop:
                continue
            readout = Readout.of(setup.readout, begins[rows], wanted[rows], track.start, track.stop)
            curve, origin = track.curve(cutoffs, used, piece)
            shape = (count, len(used))
            path = Trajectory(track.start, track.stop, curve, origin, shape, cutoffs)
            values = _read(setup, plan, sensors, path, readout)
            turned = [np.einsum("bsji,tbsj->btsi", mounts, x) for x in values]
            readings[:, rows] = np.concatenate(turned, axis=-1)
    return readings


def _read(
    setup: Setup, plan: Plan, sensors: Sensors, path: Trajectory, readout: Readout
) -> tuple[Array, Array]:
    """Specific force and rate (T, B, S, 3) in the axes of the sites."""
    state = path.evaluate(readout.times, setup.engine)
    lead = state.position.shape[:2]
    joints = JointMotion(*(x.reshape(-1, *x.shape[2:]) for x in state))
    motion = carry(plan, sensors, joints, setup.engine)
    free = (motion.acceleration - setup.gravity)[..., None]
    force = (motion.rotation * free).sum(axis=2)
    values = (force, motion.rotation, motion.angular_velocity)
    return readout.read(*(x.reshape(*lead, *x.shape[1:]) for x in values))


class _OneThread:
    """Keep linear algebra on one thread: results must not depend on who shares the work.

    The limit belongs to the whole process. Threads that simulate side by side share it, so that
    the first to come sets it and the last to go restores what was there before.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._limits = _controller().limit(limits=1, user_api="blas")
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limits.restore_original_limits()


_ONE_THREAD = _OneThread()


@cache
def _controller() -> ThreadpoolController:
    """Find the loaded libraries; that takes longer than to simulate a short clip."""
    return ThreadpoolController()
