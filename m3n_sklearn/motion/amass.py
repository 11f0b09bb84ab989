"""SMPL-family pose files: AMASS and everything that is laid out like it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._checks import check_positive, real_array
from ._motion import FASTEST, Motion, _check_poses
from ._npz import AnyArray, read_npz, require
from .rotations import (
    quat_from_matrix,
    quat_from_rotvec,
    quat_multiply,
    quat_rotate,
    rotvec_from_quat,
)
from .worlds import to_z_up

__all__ = ["read_amass"]

Array = NDArray[np.float64]

BODY_JOINTS = 22
"""Joints that SMPL, SMPL-H and SMPL-X share, in one order; hands and face come after."""
LAYOUTS = {66: "body only", 72: "SMPL", 156: "SMPL-H", 165: "SMPL-X"}
RATES = ("mocap_framerate", "mocap_frame_rate", "fps")


def read_amass(
    path: str | os.PathLike[str],
    *,
    up: str = "z",
    rate: float | None = None,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
) -> Motion:
    """Read a clip of SMPL-family poses (AMASS and files laid out like it).

    Parameters
    ----------
    path : path-like
        An .npz file with `poses` (F, 66 | 72 | 156 | 165), or `root_orient` and `pose_body`,
        as axis-angle vectors; and, where known, `trans` (F, 3), `betas`, `gender`, and
        `mocap_framerate` or `mocap_frame_rate`.
    up : {"z", "y", "x", "-z", "-y", "-x"} or "auto", default="z"
        The axis of the file's world that points up: "z" in AMASS, often "y" in results of
        video tools. "auto" takes the axis that the body's long axis is closest to.
    rate : float, optional
        Frames per second; overrides the file's.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Clip id; the file's name by default.

    Returns
    -------
    Motion
        24 joints in SMPL's order, world z up. Poses of fingers, face and hands of SMPL-H and
        SMPL-X are left out. All shape coefficients are kept. Where `up` turns the world,
        positions may be off by a constant, since SMPL counts `trans` from the unturned pelvis.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        For damaged files, pickles (never executed), missing arrays, unknown numbers of pose
        parameters, and when no rate is known.

    Warns
    -----
    UserWarning
        If the body stands along another axis than `up`, as with a wrong `up`.

    References
    ----------
    N. Mahmood et al., "AMASS: Archive of Motion Capture as Surface Shapes", ICCV 2019.

    Examples
    --------
    >>> import numpy as np, os, tempfile
    >>> from m3n_sklearn.motion import read_amass
    >>> poses = np.tile([np.pi / 2] + 71 * [0.0], (10, 1))  # upright in a z-up world
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "stand.npz")
    ...     np.savez(file, poses=poses, trans=np.zeros((10, 3)), mocap_framerate=60.0)
    ...     read_amass(file, text="a person stands")
    Motion(10 frames x 24 joints, 0.15 s at 60 Hz, 'a person stands')
    """
    arrays = read_npz(path)
    poses = _body_poses(arrays, path)
    still = np.zeros((len(poses), 3))
    trans = real_array(arrays.get("trans", still), "trans", f"positions {still.shape} in m")
    if trans.shape != (len(poses), 3):
        raise ValueError(
            f"{Path(path).name}: trans has shape {trans.shape}, {len(poses)} poses need "
            f"({len(poses)}, 3)."
        )
    hz = check_positive(_rate(arrays, path) if rate is None else rate, "rate", "Hz")
    _check_speed(trans, hz, path)
    world = to_z_up(_check_up(poses[:, 0], up))
    root = quat_multiply(quat_from_matrix(world), quat_from_rotvec(poses[:, 0]))
    poses = np.concatenate([rotvec_from_quat(root)[:, None], poses[:, 1:]], axis=1)
    return Motion(
        poses,
        trans @ world.T,
        rate=hz,
        betas=_betas(arrays),
        sex=_sex(arrays),
        text=text,
        label=label,
        subject=subject,
        name=Path(path).stem if name is None else name,
    )


def _body_poses(arrays: Mapping[str, AnyArray], path: str | os.PathLike[str]) -> Array:
    """Axis-angle vectors of 24 joints, the hands at rest where the file has finger joints."""
    if "poses" not in arrays and {"root_orient", "pose_body"} <= arrays.keys():
        parts = [np.asarray(arrays[key], dtype=np.float64) for key in ("root_orient", "pose_body")]
        flat = np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)
    else:
        flat = real_array(require(arrays, "poses", path), "poses", "axis-angle vectors in rad")
        flat = flat.reshape(len(flat), -1) if flat.ndim == 3 and len(flat) else flat
    if flat.ndim != 2 or flat.shape[1] not in LAYOUTS or len(flat) == 0:
        known = ", ".join(f"{size} ({model})" for size, model in LAYOUTS.items())
        raise ValueError(
            f"{Path(path).name}: poses has shape {flat.shape}; expected (frames, parameters) with "
            f"axis-angle parameters of {known}."
        )
    poses = np.zeros((len(flat), 24, 3))
    kept = 24 if flat.shape[1] == 72 else BODY_JOINTS
    poses[:, :kept] = flat[:, : 3 * kept].reshape(len(flat), kept, 3)
    return _check_poses(poses)  # before the root is turned, which would hide degrees


def _check_up(roots: Array, up: str) -> str:
    """Compare the axis that is said to point up with the body's long axis."""
    upright = quat_rotate(quat_from_rotvec(roots), [0.0, 1.0, 0.0]).mean(axis=0)
    axis = int(np.argmax(np.abs(upright)))
    likely = ("-" if upright[axis] < 0 else "") + "xyz"[axis]
    if up == "auto":
        return likely
    given = to_z_up(up)[2] @ upright
    if given < 0.5 and abs(upright[axis]) > 0.8:
        warnings.warn(
            f"The body's long axis points along {likely} on average, but up={up!r} was given. "
            f"Unless the person lies down, pass up={likely!r}.",
            UserWarning,
            stacklevel=3,
        )
    return up


def _rate(arrays: Mapping[str, AnyArray], path: str | os.PathLike[str]) -> float:
    for key in RATES:
        if key in arrays and arrays[key].size == 1:
            return float(real_array(arrays[key], key, "frames per second").reshape(()))
    raise ValueError(
        f"{Path(path).name} does not say its frame rate ({' or '.join(RATES[:2])}). Pass rate= in "
        "Hz; a guess would scale every simulated acceleration with its square."
    )


def _check_speed(trans: Array, rate: float, path: str | os.PathLike[str]) -> None:
    if len(trans) < 2:
        return
    speed = float(np.median(np.linalg.norm(np.diff(trans, axis=0), axis=1))) * rate
    if speed > FASTEST:
        raise ValueError(
            f"{Path(path).name}: the root moves at {speed:.4g} m/s most of the time. Is trans in "
            "millimetres or centimetres? Store it in m."
        )


def _betas(arrays: Mapping[str, AnyArray]) -> Array | None:
    if "betas" not in arrays:
        return None
    betas = np.asarray(arrays["betas"], dtype=np.float64)
    # one shape per frame happens: a body has one shape
    return np.median(betas, axis=0) if betas.ndim == 2 else betas.ravel()


def _sex(arrays: Mapping[str, AnyArray]) -> str:
    value = np.asarray(arrays.get("gender", "neutral"))
    word = value.reshape(-1)[0] if value.size else "neutral"
    word = word.decode() if isinstance(word, bytes) else str(word)
    return word if word in ("male", "female") else "neutral"
