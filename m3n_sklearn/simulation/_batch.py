"""Readings of ideal sensors in clips of equal length on one body.

`simulate_batch` fits the trajectory, evaluates it at the samples, and moves the sensors along.
Sites with the same cut-offs share the work. Long clips are processed in pieces.
"""

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
from ._guard import MAX_PELVIS_ACCELERATION
from ._site_cutoffs import bone_of, site_cutoffs
from .trajectory._noise_floor import BodyNoise
from .trajectory._smoothing import ANY_BAND, Band, Cutoffs
from .trajectory._track import Track
from .trajectory._trajectory import Trajectory, TrajectoryState

__all__ = ["READOUTS", "Readout", "Setup", "Signals", "sample_begins", "simulate_batch"]

READOUTS = ("point", "mean")

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)
NODES, WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
"""Gauss-Legendre rule of 4 nodes on (0, 1): exact for polynomials up to degree 7."""

MIN_OVERLAP = 1e-3
"""Share of an interval that must be in the track; with less, the reading is the value at the
sample."""


class Setup(NamedTuple):
    """What the clips of a batch share."""

    body: BodyModel
    sites: list[Site]  # resolved on that body
    smoothing: str | float | None  # as in `fit_trajectory`
    frame: str  # what the sensors are attached to: "skin", "bone" or "triangle"
    gravity: Array  # (3,) or (S, 3), in m/s²
    engine: str = "numpy"
    readout: str = "point"  # as in `Readout`
    band: Band = ANY_BAND  # of the source of the poses
    noise: BodyNoise | None = None  # of the source of the poses, where known


class Signals(NamedTuple):
    """Readings of ideal sensors, and where they are valid."""

    readings: Array  # (B, T, S, 6), specific force (m/s²) and rate (rad/s) in the sensors' axes
    seen: Mask  # (B, T, S), False where joints were not measured or are implausible
    rush: Array  # (B,), share of the time in which the pelvis exceeds 2 g
    has_gaps: Mask  # (B,), clips with pauses or implausible frames


def simulate_batch(
    setup: Setup,
    poses: Array,  # (B, F, J, 3), rotation vectors in rad
    trans: Array,  # (B, F, 3), in m
    times: Array,  # (F,), in s
    wanted: Array,  # (T,), sampling times in s
    mounts: Array,  # (B, S, 3, 3), columns are the sensors' axes in the sites' frames
    observed: Mask | None = None,  # (B, F, J); None is everywhere
) -> Signals:
    """Simulate ideal sensors in B clips of F frames, at T sampling times."""
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
        # 1. Cut-offs of each site
        track = Track(times, read, smoothed, observed=measured, check_plausible=smoothed)
        cutoffs = _cutoffs(setup, track, count)
        # 2. Groups of sites: by cut-off; where joints were lost also by bone, because what one
        # limb lost does not affect the other
        by_cutoff = _SiteGroups(setup, _group_sites(cutoffs, None), joints)
        by_bone = _SiteGroups(setup, _group_sites(cutoffs, setup.sites), joints)
        # 3. Piece by piece and group by group: curve, state, readings
        for piece in track.pieces(np.concatenate([each.hertz for each in cutoffs]), margin):
            rows = slice(*np.searchsorted(wanted, track.times(piece)).tolist())
            if rows.start == rows.stop:
                continue
            readout = Readout.of(setup.readout, begins[rows], wanted[rows], track.start, track.stop)
            frames = track.frames_of(piece)
            groups = (by_cutoff if frames.seen is None else by_bone).planned
            for group in groups:
                chosen = cutoffs[group.first]
                curve, origin = track.curve(frames, chosen, group.joints, piece)
                shape = (count, len(group.joints))
                path = Trajectory(track.start, track.stop, curve, origin, shape, chosen.hertz)
                state = path.evaluate(readout.times, setup.engine)
                if group is groups[0]:
                    surge = np.linalg.norm(state.linear_acceleration[-len(wanted[rows]) :], axis=2)
                    rushes += np.sum(surge > MAX_PELVIS_ACCELERATION, axis=0)
                values = _read(setup, group, state, readout)
                turned = [np.einsum("bsji,tbsj->btsi", mounts[:, group.sites], x) for x in values]
                readings[:, rows, group.sites] = np.concatenate(turned, axis=-1)
                known = track.observed(frames, chosen.hertz, group.joints, wanted[rows])
                if known is not None:
                    seen[:, rows, group.sites] = known.T[..., None]
    return Signals(readings, seen, rushes / max(1, len(wanted)), track.has_gaps(count))


def _cutoffs(setup: Setup, track: Track, count: int) -> list[Cutoffs]:
    """Cut-offs for each site; sites on one bone have the same."""
    if setup.smoothing != "auto":
        return [track.cutoffs(count, setup.smoothing)] * len(setup.sites)
    bones = [bone_of(setup.body, site) for site in setup.sites]
    return site_cutoffs(track, setup.body, bones, setup.band, setup.noise)


def _group_sites(cutoffs: list[Cutoffs], sites: list[Site] | None) -> list[list[int]]:
    """Group sites with equal cut-offs, and of one bone each if `sites` are given."""
    groups: dict[Any, list[int]] = {}
    for i, (hertz, weights) in enumerate(cutoffs):
        bone = None if sites is None else sites[i].bone
        key = (bone, hertz.tobytes(), weights is not None and id(weights))
        groups.setdefault(key, []).append(i)
    return list(groups.values())


@dataclass
class _SiteGroups:
    """Groups of sites, planned on first use."""

    setup: Setup
    chosen: list[list[int]]
    n_joints: int

    @cached_property
    def planned(self) -> list[_SiteGroup]:
        """Their plans."""
        return [_SiteGroup.of(self.setup, chosen, self.n_joints) for chosen in self.chosen]


class _SiteGroup(NamedTuple):
    """Sites whose curves have the same cut-offs."""

    first: int  # index of one of them
    sites: Any  # slice or list of their indices
    joints: list[int]  # joints of the poses that move them
    plan: PointPlan
    sensors: Sensors
    gravity: Array  # (S, 3) or (3,), in m/s²

    @classmethod
    def of(cls, setup: Setup, chosen: list[int], n_joints: int) -> _SiteGroup:
        """Plan some sites of a setup."""
        sites = [setup.sites[i] for i in chosen]
        points = Points.of_sites(setup.body, sites, setup.frame)
        joints, plan = PointPlan.of(setup.body, points, n_joints).driven()
        sensors = Sensors.of(setup.body, sites, setup.frame)
        gravity = setup.gravity[chosen] if np.ndim(setup.gravity) == 2 else setup.gravity
        whole = len(chosen) == len(setup.sites)
        return cls(chosen[0], slice(None) if whole else chosen, joints, plan, sensors, gravity)


def _read(
    setup: Setup, group: _SiteGroup, state: TrajectoryState, readout: Readout
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
    """Limit linear algebra to one thread, so that results do not depend on how work is shared.

    The limit belongs to the whole process. Threads that simulate side by side share it: the first
    one sets it, and the last one restores what was there before.
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
    """Find the loaded libraries once; a search takes longer than simulating a short clip."""
    return ThreadpoolController()


# ---- samples of a sensor


class Readout(NamedTuple):
    """The times at which the motion is needed, and how they become readings."""

    times: Array  # (N,), in s
    widths: Array | None  # (T,), averaged intervals in s; None for values at the samples
    averaged: NDArray[np.bool_]  # (T,), samples whose interval overlaps the track

    @classmethod
    def of(cls, kind: str, begins: Array, wanted: Array, start: float, stop: float) -> Readout:
        """Plan the readings of samples, whose intervals are cut to the track."""
        if kind not in READOUTS:
            raise ValueError(f'readout must be "point" or "mean", got {kind!r}.')
        if kind == "point" or len(wanted) == 0:
            return cls(wanted, None, np.zeros(len(wanted), dtype=bool))
        # starts and ends of the intervals, then the nodes inside them
        first, last = (np.clip(x, start, stop) for x in (begins, wanted))
        widths = last - first
        nodes = first[:, None] + widths[:, None] * NODES
        averaged = widths > MIN_OVERLAP * (wanted - begins)
        return cls(np.concatenate([first[:1], last, nodes.ravel()]), widths, averaged)

    def read(self, force: Array, rotation: Array, rate: Array) -> tuple[Array, Array]:
        """Turn the motion at `times` into the force and rate (T, ..., 3) of the sensor."""
        if self.widths is None:
            return force, rate
        # 1. Mean force over the nodes
        count = len(self.widths)
        inside = force[count + 1 :].reshape(count, len(NODES), *force.shape[1:])
        mean = np.tensordot(inside, WEIGHTS, ((1,), (0,)))
        # 2. Mean rate, by the rotation vector between the ends of the interval
        turns = rotation[: count + 1]
        turned = rotvec_from_matrix(turns[:-1].swapaxes(-1, -2) @ turns[1:])
        # 3. Values at the samples where there is no interval
        each = tuple(range(1, force.ndim))
        averaged, widths = (np.expand_dims(x, each) for x in (self.averaged, self.widths))
        ends = slice(1, count + 1)
        rates = np.where(averaged, turned / np.where(averaged, widths, 1.0), rate[ends])
        return np.where(averaged, mean, force[ends]), rates


def sample_begins(wanted: Array) -> Array:
    """Return where the interval of each sample begins; the first is as long as the second."""
    if len(wanted) < 2:
        return wanted.copy()
    return np.concatenate([[2 * wanted[0] - wanted[1]], wanted[:-1]])
