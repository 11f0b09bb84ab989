"""Readings of several clips of equal length on one body, in one go."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from .._typing import Array, Mask
from ..body import BodyModel, JointMotion, PointPlan, Points, Sensors, Site, carry
from ..skeleton import quat_from_rotvec, rotvec_from_matrix
from ._guard import RUSH
from ._site_cutoffs import bone_of, site_cutoffs
from .trajectory._noise_floor import BodyNoise
from .trajectory._smoothing import ANY_BAND, Band, Cutoffs
from .trajectory._track import Track
from .trajectory._trajectory import Trajectory, TrajectoryState

__all__ = ["READOUTS", "Readout", "Setup", "Signals", "sample_begins", "simulate_batch"]


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
    band : Band
        Where the cut-offs of the source of the poses lie.
    noise : BodyNoise or None
        What is known about the noise of the source.
    """

    body: BodyModel
    sites: list[Site]
    smoothing: str | float | None
    frame: str
    gravity: Array
    engine: str = "numpy"
    readout: str = "point"
    band: Band = ANY_BAND
    noise: BodyNoise | None = None


class Signals(NamedTuple):
    """What ideal sensors read.

    Attributes
    ----------
    readings : ndarray of shape (B, T, S, 6)
        Specific force (m/s²) and angular rate (rad/s) in the sensors' frames.
    seen : ndarray of bool, shape (B, T, S)
        False where the joints that carry a sensor were not measured, or are not believable.
    rush : ndarray of shape (B,)
        Share of the time in which the pelvis accelerates by more than 2 g.
    doubted : ndarray of bool, shape (B,)
        Clips with pauses, or with frames that no body produces.
    """

    readings: Array
    seen: Mask
    rush: Array
    doubted: Mask


def simulate_batch(
    setup: Setup,
    poses: Array,
    trans: Array,
    times: Array,
    wanted: Array,
    mounts: Array,
    observed: Mask | None = None,
) -> Signals:
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
    observed : ndarray of bool, shape (B, F, J), or None
        Where joints were measured; None is everywhere.

    Returns
    -------
    Signals
        What the sensors read.
    """
    count, joints = len(poses), poses.shape[2]
    readings = np.empty((count, len(wanted), len(setup.sites), 6))
    seen = np.ones(readings.shape[:3], dtype=bool)
    rushes = np.zeros(count)
    begins = sample_begins(wanted)
    margin = float((wanted - begins).max(initial=0.0))
    smoothed = setup.smoothing is not None

    def read(first: int, last: int) -> tuple[Array, Array]:
        turns = quat_from_rotvec(np.moveaxis(poses[:, first:last], 0, 1))
        return turns, np.moveaxis(trans[:, first:last], 0, 1).astype(np.float64)

    measured = None if observed is None else np.moveaxis(observed, 0, 1)
    with _ONE_THREAD:
        track = Track(times, read, smoothed, observed=measured, doubted=smoothed)
        cutoffs = _cutoffs(setup, track, count)
        together = _Groups(setup, _alike(cutoffs, None), joints)
        # what one limb lost is no concern of the other
        apart = _Groups(setup, _alike(cutoffs, setup.sites), joints)
        for piece in track.pieces(np.concatenate([each.hertz for each in cutoffs]), margin):
            rows = slice(*np.searchsorted(wanted, track.times(piece)).tolist())
            if rows.start == rows.stop:
                continue
            readout = Readout.of(setup.readout, begins[rows], wanted[rows], track.start, track.stop)
            frames = track.frames_of(piece)
            groups = (together if frames.seen is None else apart).planned
            for group in groups:
                chosen = cutoffs[group.first]
                curve, origin = track.curve(frames, chosen, group.joints, piece)
                shape = (count, len(group.joints))
                path = Trajectory(track.start, track.stop, curve, origin, shape, chosen.hertz)
                state = path.evaluate(readout.times, setup.engine)
                if group is groups[0]:
                    rush = np.linalg.norm(state.linear_acceleration[-len(wanted[rows]) :], axis=2)
                    rushes += np.sum(rush > RUSH, axis=0)
                values = _read(setup, group, state, readout)
                turned = [np.einsum("bsji,tbsj->btsi", mounts[:, group.sites], x) for x in values]
                readings[:, rows, group.sites] = np.concatenate(turned, axis=-1)
                known = track.observed(frames, chosen.hertz, group.joints, wanted[rows])
                if known is not None:
                    seen[:, rows, group.sites] = known.T[..., None]
    return Signals(readings, seen, rushes / max(1, len(wanted)), track.doubts(count))


def _cutoffs(setup: Setup, track: Track, count: int) -> list[Cutoffs]:
    """Cut-offs for each site; sites on one bone have the same."""
    if setup.smoothing != "auto":
        return [track.cutoffs(count, setup.smoothing)] * len(setup.sites)
    bones = [bone_of(setup.body, site) for site in setup.sites]
    return site_cutoffs(track, setup.body, bones, setup.band, setup.noise)


def _alike(cutoffs: list[Cutoffs], sites: list[Site] | None) -> list[list[int]]:
    """Sites with equal cut-offs, which share the work; of one bone each, if `sites` are given."""
    groups: dict[Any, list[int]] = {}
    for i, (hertz, trust) in enumerate(cutoffs):
        bone = None if sites is None else sites[i].bone
        groups.setdefault((bone, hertz.tobytes(), trust is not None and id(trust)), []).append(i)
    return list(groups.values())


@dataclass
class _Groups:
    """Groups of sites, planned when they are needed."""

    setup: Setup
    chosen: list[list[int]]
    n_joints: int

    @cached_property
    def planned(self) -> list[_Group]:
        """Their plans."""
        return [_Group.of(self.setup, chosen, self.n_joints) for chosen in self.chosen]


class _Group(NamedTuple):
    """Sites whose curves have the same cut-offs.

    Attributes
    ----------
    first : int
        One of them.
    sites : slice or list of int
        Which they are.
    joints : list of int
        Joints of the poses that move them.
    plan, sensors : PointPlan, Sensors
        How they are carried.
    gravity : ndarray of shape (S, 3) or (3,)
        In m/s².
    """

    first: int
    sites: Any
    joints: list[int]
    plan: PointPlan
    sensors: Sensors
    gravity: Array

    @classmethod
    def of(cls, setup: Setup, chosen: list[int], n_joints: int) -> _Group:
        """Plan some sites of a setup."""
        sites = [setup.sites[i] for i in chosen]
        points = Points.of_sites(setup.body, sites, setup.frame)
        joints, plan = PointPlan.of(setup.body, points, n_joints).driven()
        sensors = Sensors.of(setup.body, sites, setup.frame)
        gravity = setup.gravity[chosen] if np.ndim(setup.gravity) == 2 else setup.gravity
        whole = len(chosen) == len(setup.sites)
        return cls(chosen[0], slice(None) if whole else chosen, joints, plan, sensors, gravity)


def _read(
    setup: Setup, group: _Group, state: TrajectoryState, readout: Readout
) -> tuple[Array, Array]:
    """Specific force and rate (T, B, S, 3) in the axes of the sites."""
    lead = state.position.shape[:2]
    joints = JointMotion(*(x.reshape(-1, *x.shape[2:]) for x in state))
    motion = carry(group.plan, group.sensors, joints, setup.engine)
    free = (motion.acceleration - group.gravity)[..., None]
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


READOUTS = ("point", "mean")

_X, _WEIGHTS = np.polynomial.legendre.leggauss(4)
NODES, SHARES = (_X + 1) / 2, _WEIGHTS / 2
"""Gauss-Legendre rule of 4 nodes on (0, 1): exact for polynomials up to degree 7."""

SHORTEST = 1e-3
"""Share of the sampling interval. Of what lies in the track by less, the point value is taken."""


class Readout(NamedTuple):
    """When to look at the motion, and what to make of it.

    Attributes
    ----------
    times : ndarray of shape (N,)
        Times in s at which force, orientation and rate are needed.
    widths : ndarray of shape (T,) or None
        Averaged intervals in s; None for point samples.
    averaged : ndarray of bool, shape (T,)
        Samples whose interval lies in the track, at least in part.
    """

    times: Array
    widths: Array | None
    averaged: NDArray[np.bool_]

    @classmethod
    def of(cls, kind: str, begins: Array, wanted: Array, start: float, stop: float) -> Readout:
        """Plan the reading of some samples.

        Parameters
        ----------
        kind : {"point", "mean"}
            Value at the sample, or mean over the interval that ends there.
        begins : ndarray of shape (T,)
            Where the intervals begin, in s: at the sample before.
        wanted : ndarray of shape (T,)
            Sampling times in s.
        start, stop : float
            Ends of the track in s. Intervals are cut to it; where nothing is left, as at the
            very first sample, the point value is taken.

        Returns
        -------
        Readout
            The plan.
        """
        if kind not in READOUTS:
            raise ValueError(f'readout must be "point" or "mean", got {kind!r}.')
        if kind == "point" or len(wanted) == 0:
            return cls(wanted, None, np.zeros(len(wanted), dtype=bool))
        first, last = (np.clip(x, start, stop) for x in (begins, wanted))
        widths = last - first
        nodes = first[:, None] + widths[:, None] * NODES
        averaged = widths > SHORTEST * (wanted - begins)
        return cls(np.concatenate([first[:1], last, nodes.ravel()]), widths, averaged)

    def read(self, force: Array, rotation: Array, rate: Array) -> tuple[Array, Array]:
        """Turn the motion at `times` into readings.

        Parameters
        ----------
        force, rate : ndarray of shape (N, ..., 3)
            Specific force and angular rate in the sensor's frame.
        rotation : ndarray of shape (N, ..., 3, 3)
            Sensor to world.

        Returns
        -------
        force, rate : ndarray of shape (T, ..., 3)
            Readings. A mean rate is the rotation vector from one sample to the next over the
            time between, so that it integrates exactly.
        """
        if self.widths is None:
            return force, rate
        count = len(self.widths)
        inside = force[count + 1 :].reshape(count, len(NODES), *force.shape[1:])
        mean = np.tensordot(inside, SHARES, ((1,), (0,)))
        turns = rotation[: count + 1]
        turned = rotvec_from_matrix(turns[:-1].swapaxes(-1, -2) @ turns[1:])
        each = tuple(range(1, force.ndim))
        averaged, widths = (np.expand_dims(x, each) for x in (self.averaged, self.widths))
        ends = slice(1, count + 1)
        rates = np.where(averaged, turned / np.where(averaged, widths, 1.0), rate[ends])
        return np.where(averaged, mean, force[ends]), rates


def sample_begins(wanted: Array) -> Array:
    """Return where the interval before each sample begins; the first is as long as the second.

    Parameters
    ----------
    wanted : ndarray of shape (T,)
        Increasing sampling times in s.

    Returns
    -------
    ndarray of shape (T,)
        Times in s. A single sample has no interval.
    """
    if len(wanted) < 2:
        return wanted.copy()
    return np.concatenate([[2 * wanted[0] - wanted[1]], wanted[:-1]])
