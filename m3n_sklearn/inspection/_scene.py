"""What the player of motions needs, as plain data: bodies, sensors, signals.

Arrays are base64 text of little-endian numbers. Rotations are quaternions of 16-bit integers,
readings are 16-bit integers with one scale per channel: 30 s with two sensors take 0.5 MB.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from scipy.ndimage import gaussian_filter1d

from .._typing import Array
from ..body import BodyModel, Site, site_kinematics, skin
from ..motion import Motion
from ..recording import Recording, parse_channels
from ..skeleton import (
    hemisphere_align,
    quat_from_matrix,
    quat_from_rotvec,
    quat_rotate,
    slerp_resample,
)

__all__ = ["Actor", "pack_scene", "triads_of"]

MAX_RATE = 30.0
"""Frames per second that are stored; the player interpolates between them."""

MAX_FACES = 7000
"""Triangles of a simplified surface, which a browser draws without a graphics card."""

LOST = -32768
"""Stands for a reading that was not observed."""

STILL = 0.8
"""Extent of the root's path in m below which the camera does not move."""

APART, TOUCHING = 1.3, 0.6
"""Bodies whose roots start closer than TOUCHING are shown APART, in m."""

DEFAULT_STATURE = 1.7
"""Height in m for the camera, if that of the body is not known."""

QUANTITIES = {"acc": ("specific force", "m/s²"), "gyro": ("angular rate", "rad/s")}

Triad = tuple[str, str]
"""Site and sensor, such as ("right_wrist", "acc")."""


class Actor(NamedTuple):
    """A motion with the body that performs it and the sensors that it wears."""

    name: str
    motion: Motion
    body: BodyModel
    sites: list[Site]


class _Take(NamedTuple):
    """An actor on the common frames."""

    actor: Actor
    quats: Array  # (F, joints of the pose, 4)
    trans: Array  # (F, 3)

    @property
    def root(self) -> Array:
        """Track of the root joint (F, 3)."""
        return self.trans + self.actor.body.rest_joints[0]


def pack_scene(
    actors: list[Actor],
    recordings: Mapping[str, Recording],
    *,
    frame: str,
    quantity: str,
    caption: str,
) -> dict[str, Any]:
    """Return the data of a player, ready for JSON."""
    # 1. One clock for all motions
    start = min(float(actor.motion.times[0]) for actor in actors)
    end = max(float(actor.motion.times[-1]) for actor in actors)
    rate = min(MAX_RATE, max(actor.motion.rate for actor in actors))
    frames = int(np.floor((end - start) * rate + 1e-6)) + 1
    times = start + np.arange(frames) / rate
    takes = _side_by_side([_take(actor, times) for actor in actors], rate)
    # 2. The path that the camera follows, and what it sees
    roots = np.stack([take.root for take in takes])
    tall = max(actor.body.stature or DEFAULT_STATURE for actor in actors)
    spread = np.hypot(*np.ptp(roots, axis=0)[:, :2].T).max()
    # 3. Everything as text
    return {
        "frames": frames,
        "rate": rate,
        "start": start,
        "duration": (frames - 1) / rate,
        "caption": caption,
        "quantity": quantity,
        "front": _heading(takes[0]),
        "floor": min(_floor(take) for take in takes),
        "tall": 1.3 * tall,
        "wide": float(spread) + 1.1 * tall,
        "path": _text(_calm(roots.mean(axis=0), rate), np.float32),
        "bodies": [_pack_body(take) for take in takes],
        "sensors": [
            sensor for i, take in enumerate(takes) for sensor in _pack_sensors(take, i, frame)
        ],
        "recordings": [_pack_recording(name, one) for name, one in recordings.items()],
        "panels": _panels(list(recordings.values()), actors[0].sites),
    }


def _take(actor: Actor, times: Array) -> _Take:
    """Interpolate a motion at the common times."""
    motion = actor.motion
    quats = slerp_resample(quat_from_rotvec(motion.poses), motion.times, times)
    trans = [np.interp(times, motion.times, motion.trans[:, k]) for k in range(3)]
    return _Take(actor, quats, np.stack(trans, axis=1))


def _side_by_side(takes: list[_Take], rate: float) -> list[_Take]:
    """Keep bodies of one scene where they are; put those that start at one place side by side."""
    first = np.array([take.root[0] for take in takes])
    gaps = np.linalg.norm(first[:, None] - first[None], axis=2)[np.triu_indices(len(takes), 1)]
    if not len(gaps) or gaps.min() >= TOUCHING:
        return takes
    # such motions are compared: none walks away from the others
    angle = _heading(takes[0])
    sideways = np.array([-np.sin(angle), np.cos(angle), 0.0])  # to the left of the first body
    placed = []
    for i, take in enumerate(takes):
        shift = APART * (i - (len(takes) - 1) / 2) * sideways - _calm(take.root, rate)
        placed.append(take._replace(trans=take.trans + shift * [1.0, 1.0, 0.0]))
    return placed


def _heading(take: _Take) -> float:
    """Return the angle about the vertical to which the body looks in the first frame."""
    front = quat_rotate(take.quats[0, 0], np.array([0.0, 0.0, 1.0]))
    return float(np.arctan2(front[1], front[0]))


def _calm(path: Array, rate: float) -> Array:
    """Return a path for the camera: one place, or the track of the root without its steps."""
    if np.ptp(path, axis=0).max() < STILL:
        return np.broadcast_to((path.min(axis=0) + path.max(axis=0)) / 2, path.shape)
    return gaussian_filter1d(path, rate, axis=0, mode="nearest")


def _floor(take: _Take) -> float:
    """Return the height of the floor: what the body rarely falls below."""
    some = slice(None, None, max(1, len(take.quats) // 60))
    body = take.actor.body
    if body.vertices is None:
        return float(take.root[:, 2].min() - np.ptp(body.rest_joints[:, 1]) / 2)
    low = np.unique(np.argsort(body.vertices[:, 1])[: max(1, body.n_vertices // 8)])
    heights = skin(body, take.quats[some], take.trans[some], low)[..., 2].min(axis=1)
    return float(np.percentile(heights, 10))


# ---- bodies and sensors


def _pack_body(take: _Take) -> dict[str, Any]:
    """Return the rest pose of a body and its local rotations."""
    body = take.actor.body
    index = body.match_pose(take.quats.shape[1])
    quats = take.quats[:, index]
    quats[:, index < 0] = [1.0, 0.0, 0.0, 0.0]
    packed: dict[str, Any] = {
        "name": take.actor.name,
        "parents": body.parents.tolist(),
        "joints": _text(body.rest_joints, np.float32),
        "quats": _text(np.rint(32767 * quats), np.int16),
        "root": _text(take.root, np.float32),
        "vertices": None,
    }
    if body.vertices is None or body.faces is None or body.weights is None:
        return packed
    kept, faces = _simplified(body.vertices, body.faces, body.weights)
    bones, shares = _strongest(body.weights[kept])
    return packed | {
        "vertices": _text(body.vertices[kept], np.float32),
        "faces": _text(faces, np.uint16),
        "bones": _text(bones, np.uint8),
        "weights": _text(shares, np.uint8),
    }


def _simplified(
    vertices: Array, faces: NDArray[np.int64], weights: Array
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the vertices (v,) that represent a surface, and its triangles between these."""
    kept, triangles = np.arange(len(vertices)), faces
    bone, cell = weights.argmax(axis=1), 0.008 * float(np.ptp(vertices, axis=0).max())
    while len(triangles) > MAX_FACES:
        # 1. One vertex for each cell of a grid; those of other bones stay apart
        place = np.floor((vertices - vertices.min(axis=0)) / cell).astype(np.int64)
        cells, member = np.unique(np.c_[place, bone], axis=0, return_inverse=True)
        member = member.ravel()
        counts = np.bincount(member, minlength=len(cells))
        sums = [np.bincount(member, vertices[:, k], len(cells)) for k in range(3)]
        middle = np.stack(sums, axis=1) / counts[:, None]
        distance = np.linalg.norm(vertices - middle[member], axis=1)
        order = np.lexsort((distance, member))
        kept = order[np.searchsorted(member[order], np.arange(len(cells)))]
        # 2. Triangles whose corners are still three vertices
        merged = member[faces]
        a, b, c = merged.T
        triangles = np.unique(merged[(a != b) & (b != c) & (c != a)], axis=0)
        cell *= 1.2
    return kept, triangles


def _strongest(weights: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the four bones with the largest weights (v, 4), and shares that sum to 255."""
    count = min(4, weights.shape[1])
    bones = np.argsort(-weights, axis=1, kind="stable")[:, :count]
    shares = np.take_along_axis(weights, bones, axis=1)
    whole = np.rint(255 * shares / shares.sum(axis=1, keepdims=True)).astype(np.int64)
    whole[:, 0] += 255 - whole.sum(axis=1)
    missing = ((0, 0), (0, 4 - count))
    return np.pad(bones, missing), np.pad(whole, missing)


def _pack_sensors(take: _Take, index: int, frame: str) -> list[dict[str, Any]]:
    """Return the places and axes of the sensors of a body in each frame."""
    if not take.actor.sites:
        return []
    still, origin = np.zeros((*take.quats.shape[:2], 3)), np.zeros_like(take.trans)
    found = site_kinematics(
        take.actor.body,
        take.actor.sites,
        take.quats,
        still,
        still,
        take.trans,
        origin,
        origin,
        frame,
    )
    turns = hemisphere_align(quat_from_matrix(found.rotation))
    return [
        {
            "name": site.name.replace("_", " "),
            "body": index,
            "places": _text(found.position[:, s], np.float32),
            "quats": _text(np.rint(32767 * turns[:, s]), np.int16),
        }
        for s, site in enumerate(take.actor.sites)
    ]


# ---- signals


def triads_of(recording: Recording) -> dict[Triad, list[int]]:
    """Return the columns of the triads of a recording, by site and sensor."""
    width = recording.data.shape[1]
    if recording.channels is not None:
        found = parse_channels(recording.channels)
        return {(site, sensor): list(columns) for site, sensor, columns in found}
    if width % 3:
        raise ValueError(
            f"A recording has {width} channels without names, but triads are needed: x, y, z of an "
            "accelerometer, then of a gyroscope. Name them with channels=, see channel_names()."
        )
    sensors = ["acc", "gyro"] if width > 3 else ["acc"]
    return {
        ("" if width <= 6 else f"sensor {k // 2 + 1}", sensors[k % len(sensors)]): [
            3 * k,
            3 * k + 1,
            3 * k + 2,
        ]
        for k in range(width // 3)
    }


def _pack_recording(name: str, recording: Recording) -> dict[str, Any]:
    """Return the samples of a recording as 16-bit integers, time first."""
    seen = recording.observed & np.isfinite(recording.data)
    values = np.where(seen, recording.data, 0.0)
    scales = np.maximum(np.abs(values).max(axis=0), 1e-6) / 32000
    return {
        "name": name,
        "start": float(recording.start),
        "rate": float(recording.rate),
        "samples": recording.n_samples,
        "channels": recording.data.shape[1],
        "scales": [float(f"{scale:.6g}") for scale in scales],
        "data": _text(np.where(seen, np.rint(values / scales), LOST), np.int16),
    }


def _panels(recordings: list[Recording], sites: list[Site]) -> list[dict[str, Any]]:
    """Return the panels of signals: one for each sensor that any recording has."""
    # a recording that names no site is that of the only sensor
    only = sites[0].name if len(sites) == 1 else ""
    columns = [
        {(site or only, sensor): where for (site, sensor), where in triads_of(recording).items()}
        for recording in recordings
    ]
    panels = []
    for site, sensor in dict.fromkeys(triad for found in columns for triad in found):
        quantity, unit = QUANTITIES[sensor]
        panels.append(
            {
                "title": f"{site.replace('_', ' ')} {quantity}".strip(),
                "unit": unit,
                "columns": [found.get((site, sensor)) for found in columns],
            }
        )
    return panels


def _text(values: ArrayLike, kind: DTypeLike) -> str:
    """Return numbers as base64 text."""
    little = np.ascontiguousarray(values, dtype=np.dtype(kind).newbyteorder("<"))
    return base64.b64encode(little.tobytes()).decode("ascii")
