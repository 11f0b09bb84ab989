"""Input of the pose encoder: rotations, joint positions and velocities, without heading.

The features of a frame do not depend on the place of a person, nor on their heading in the middle
of the window. Computations are in float32 and by planes (3, 3, N), which is fast without BLAS.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..body import default_body
from ..motion.skeleton import SMPL_PARENTS

__all__ = ["N_POSE_FEATURES", "pose_features"]

N_JOINTS = 22
"""Body joints of SMPL; joints of hands and faces after them are ignored."""

FRAME_RATE = 30.0
"""Hz that frames are thinned to, by whole steps; more frames cost time and show no more."""

N_POSE_FEATURES = 6 * N_JOINTS + 2 * 3 * (N_JOINTS - 1) + 3

Array = NDArray[np.float32]


def pose_features(
    pose: NDArray[Any],
    trans: NDArray[Any] | None = None,
    *,
    rate: float | None = None,
    margin: float = 0.0,
) -> Array:
    """Turn pose windows (n, F, J, 3) and `trans` (n, F, 3) into features (n, 261, F').

    Poses are SMPL's axis-angle vectors, z up. The features of a frame are

    * 22 × 6: the first two columns of every joint's local rotation,
    * 21 × 3: positions of the other joints relative to the root, in m,
    * 21 × 3: their velocities, in m/s, halved,
    * 3: the velocity of the root, in m/s, halved.

    Frames are thinned to about 30 Hz. `margin` seconds at both ends serve velocities only. Without
    a rate, velocities are per frame.
    """
    if pose.shape[2] < N_JOINTS:
        raise ValueError(
            f"pose has {pose.shape[2]} joints; the pose encoder reads SMPL's {N_JOINTS} body "
            "joints, in SMPL's order."
        )
    # 1. the frames to read
    frames, core, step = _chosen_frames(pose.shape[1], rate, margin)
    chosen = np.asarray(pose[:, frames, :N_JOINTS], dtype=np.float32)
    n, f = chosen.shape[:2]
    local = _rotations(np.moveaxis(chosen, (2, 3), (0, 1)).reshape(N_JOINTS, 3, n * f))
    # 2. take the heading of the middle frame out of the root's rotation
    turn = _turn_to_front(local[0].reshape(3, 3, n, f)[:, 2, :, f // 2])
    local[0, :2] = _turned(turn, local[0, :2].reshape(2, 3, n, f)).reshape(2, 3, n * f)
    # 3. joints by forward kinematics on the default body, and the root's way without its heading
    positions = _positions(local).reshape(N_JOINTS - 1, 3, n, f)
    root = np.zeros((3, n, f), np.float32)
    if trans is not None:
        root = np.moveaxis(np.asarray(trans[:, frames], dtype=np.float32), 2, 0).copy()
        root[:2] = _turned(turn, root[:2, None])[:, 0]
    # 4. velocities by central differences, then drop the frames of the margin
    seconds = step / rate if rate else 1.0
    features = [
        local[:, :, :2].reshape(-1, n, f),
        positions.reshape(-1, n, f),
        0.5 * _velocity(positions, seconds).reshape(-1, n, f),
        0.5 * _velocity(root, seconds),
    ]
    return np.ascontiguousarray(np.moveaxis(np.concatenate(features)[..., core], 0, 1))


def _chosen_frames(
    n_frames: int, rate: float | None, margin: float
) -> tuple[NDArray[np.int64], slice, int]:
    """Return the frames to read, which of these are the window proper, and their step."""
    skipped = round(margin * rate) if rate else 0
    step = max(1, round(rate / FRAME_RATE)) if rate else 1
    core = np.arange(skipped, n_frames - skipped, step)
    if len(core) == 0:
        raise ValueError(
            f"pose has {n_frames} frames, and two margins of {margin:g} s leave none of them."
        )
    before, after = core[:1] - step, core[-1:] + step  # neighbors that velocities can use
    before, after = before[before >= 0], after[after < n_frames]
    frames = np.concatenate([before, core, after])
    return frames, slice(len(before), len(before) + len(core)), step


def _rotations(vectors: Array) -> Array:
    """Rodrigues: (J, 3, N) axis-angle -> (J, 3, 3, N)."""
    angle = np.sqrt((vectors * vectors).sum(axis=1))
    safe = np.maximum(angle, 1e-8)
    x, y, z = np.moveaxis(vectors / safe[:, None], 1, 0)
    sine, cosine = np.sin(angle), np.cos(angle)
    rest = 1 - cosine
    matrices = np.empty((len(vectors), 3, 3, vectors.shape[2]), np.float32)
    matrices[:, 0, 0], matrices[:, 1, 1], matrices[:, 2, 2] = (
        cosine + rest * x * x,
        cosine + rest * y * y,
        cosine + rest * z * z,
    )
    matrices[:, 0, 1], matrices[:, 1, 0] = rest * x * y - sine * z, rest * x * y + sine * z
    matrices[:, 0, 2], matrices[:, 2, 0] = rest * x * z + sine * y, rest * x * z - sine * y
    matrices[:, 1, 2], matrices[:, 2, 1] = rest * y * z - sine * x, rest * y * z + sine * x
    return matrices


def _turn_to_front(facing: Array) -> Array:
    """Return cosine and sine (2, n) of the heading of a direction (3, n)."""
    length = np.maximum(np.hypot(facing[0], facing[1]), 1e-6)
    return np.asarray(facing[:2] / length)


def _turned(turn: Array, planes: Array) -> Array:
    """Take the heading out of x and y, (2, k, n, f)."""
    cosine, sine = turn[..., None]
    x, y = planes
    return np.stack([cosine * x + sine * y, cosine * y - sine * x])


@cache
def _offsets() -> Array:
    """Return the bones (J - 1, 3) of the default body at rest."""
    rest = default_body().rest_joints[:N_JOINTS]
    return np.asarray(rest[1:] - rest[SMPL_PARENTS[1:N_JOINTS]], dtype=np.float32)


def _positions(local: Array) -> Array:
    """Forward kinematics of the default body: (J, 3, 3, N) -> (J - 1, 3, N), root at 0."""
    turned = [local[0]]
    places = [np.zeros_like(local[0, :, 0])]
    for joint, offset in enumerate(_offsets(), start=1):
        parent = SMPL_PARENTS[joint]
        above = turned[parent]
        places.append(places[parent] + np.einsum("ijn,j->in", above, offset))
        turned.append(sum(above[:, k, None] * local[joint, None, k] for k in range(3)))
    return np.stack(places[1:])


def _velocity(track: Array, seconds: float) -> Array:
    """Return central differences along the last axis; zero of a single frame."""
    if track.shape[-1] < 2:
        return np.zeros_like(track)
    return np.gradient(track, np.float32(seconds), axis=-1)
