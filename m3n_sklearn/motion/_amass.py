"""Reader of SMPL-family pose files: AMASS and files with the same arrays."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from .._files import read_npz, require
from .._typing import AnyArray, Array
from .._validation import check_positive, real_array
from ._motion import MAX_MEDIAN_SPEED, Motion, _check_poses
from ._readings import as_rotvecs
from ._rest_pose import clock_from, cut_rest_poses, warn_about_rest_poses
from ._twist import turn_forearms
from ._upright import find_up, stance_of, stand_up

__all__ = ["read_amass"]

PARTS = (("root_orient", "pose_body"), ("global_orient", "body_pose"))
"""Names in AMASS and smplx of the rotations of the root and of the 21 or 23 other joints."""

LAYOUTS = {66: "body only", 72: "SMPL", 156: "SMPL-H", 165: "SMPL-X"}
"""Body models by their number of pose parameters."""

RATES = ("mocap_framerate", "mocap_frame_rate", "fps")

BODY_JOINTS = 22
"""Joints that SMPL, SMPL-H and SMPL-X share, in one order; hands and face come after."""


def read_amass(
    path: str | os.PathLike[str],
    *,
    up: str | ArrayLike = "auto",
    rate: float | None = None,
    trim_tpose: bool = True,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
    source: str | None = None,
) -> Motion:
    """Read a clip of SMPL-family poses (AMASS [1]_ and files with the same arrays).

    Parameters
    ----------
    path : path-like
        An .npz file. Its poses are one of

        - `poses` of shape (F, 66), (F, 72), (F, 156) or (F, 165), axis-angle vectors in rad;
        - `root_orient` and `pose_body`, axis-angle vectors in rad;
        - `global_orient` and `body_pose` (the names of smplx), also as rotation matrices.

        Optional are `trans` or `transl` (F, 3) in m, `betas`, `gender`, and `mocap_framerate`,
        `mocap_frame_rate` or `fps` in Hz.
    up : {"auto", "z", "y", "x", "-z", "-y", "-x"} or array-like of shape (3,), default="auto"
        The axis or direction of the file's world that points up: "z" in AMASS, often "y" in
        results of video tools. "auto" takes z unless the body stands along another axis most
        of the time.
    rate : float, optional
        Frames per second. Overrides the rate in the file.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion, as :func:`read_bvh` does.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the file.
    source : str, optional
        Origin of the clip, such as the name of a data set in AMASS.

    Returns
    -------
    Motion
        24 joints in SMPL's order, in a world with z up. The twist of the hand about the forearm
        belongs to the forearm (see :func:`retarget`); the directions of the bones do not change.
        Rotations of hands, fingers and face of SMPL-H and SMPL-X are left out. All shape
        coefficients are kept. If `up` rotates the world, positions may be off by a constant, since
        SMPL measures `trans` from the unrotated pelvis.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or a pickle (which is never executed), lacks arrays or a frame rate,
        or has another number of pose parameters.

    Warns
    -----
    UserWarning
        If frames of a rest pose are left out, or if the body does not stand along the axis that
        should point up.

    References
    ----------
    .. [1] N. Mahmood et al., "AMASS: Archive of motion capture as surface shapes", ICCV 2019.

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
    # 1. Read the arrays
    arrays = read_npz(path)
    poses = _body_poses(arrays, path)
    trans = _trans(arrays, len(poses), path)
    hz = check_positive(_rate(arrays, path) if rate is None else rate, "rate", "Hz")
    _check_speed(trans, hz, path)
    # 2. Remove rest poses, apply the conventions for pronation and the upward axis
    cut = cut_rest_poses(poses, trans, np.arange(len(poses)) / hz, trim=trim_tpose)
    warn_about_rest_poses([cut])
    poses, trans = turn_forearms(poses[cut.kept]), trans[cut.kept]
    poses, trans = stand_up(poses, trans, find_up(stance_of(poses, trans), up, usual="z"))
    return Motion(
        poses,
        trans,
        **clock_from(cut.start, len(poses), hz),
        betas=_betas(arrays),
        sex=_sex(arrays),
        text=text,
        label=label,
        subject=subject,
        name=Path(path).stem if name is None else name,
        source=source,
    )


def _body_poses(arrays: Mapping[str, AnyArray], path: str | os.PathLike[str]) -> Array:
    """Return axis-angle vectors (F, 24, 3); hands are at rest if the file has finger joints."""
    parts = next((keys for keys in PARTS if {*keys} <= arrays.keys()), None)
    if "poses" not in arrays and parts is not None:
        file = Path(path).name
        root = as_rotvecs(arrays[parts[0]], f"{file}: {parts[0]}", (1,))
        body = as_rotvecs(arrays[parts[1]], f"{file}: {parts[1]}", (21, 23))
        if len(root) != len(body):
            raise ValueError(
                f"{file}: {parts[0]} has {len(root)} frames, but {parts[1]} has {len(body)}."
            )
        flat = np.concatenate([root, body], axis=1).reshape(len(root), -1)
    else:
        flat = real_array(require(arrays, "poses", path), "poses", "axis-angle vectors in rad")
        flat = flat.reshape(len(flat), -1) if flat.ndim == 3 and len(flat) else flat
    if flat.ndim != 2 or flat.shape[1] not in LAYOUTS or len(flat) == 0:
        sizes = ", ".join(f"{size} ({model})" for size, model in LAYOUTS.items())
        raise ValueError(
            f"{Path(path).name}: poses has shape {flat.shape}; expected (frames, parameters) with "
            f"{sizes} axis-angle parameters."
        )
    poses = np.zeros((len(flat), 24, 3))
    count = 24 if flat.shape[1] == 72 else BODY_JOINTS
    poses[:, :count] = flat[:, : 3 * count].reshape(len(flat), count, 3)
    return _check_poses(poses)  # before the root is rotated: afterwards degrees do not show


def _trans(arrays: Mapping[str, AnyArray], frames: int, path: str | os.PathLike[str]) -> Array:
    """Return the translations (F, 3) of a file."""
    key = "transl" if "transl" in arrays and "trans" not in arrays else "trans"
    trans = real_array(arrays.get(key, np.zeros((frames, 3))), key, f"({frames}, 3) in m")
    if trans.shape != (frames, 3):
        raise ValueError(
            f"{Path(path).name}: {key} has shape {trans.shape}, but {frames} poses need "
            f"({frames}, 3)."
        )
    return trans


def _rate(arrays: Mapping[str, AnyArray], path: str | os.PathLike[str]) -> float:
    """Return the frame rate that the file contains."""
    for key in RATES:
        if key in arrays and arrays[key].size == 1:
            return float(real_array(arrays[key], key, "frames per second").reshape(()))
    raise ValueError(
        f"{Path(path).name} does not contain its frame rate ({' or '.join(RATES[:2])}). Pass "
        "rate= in Hz; a wrong rate scales every simulated acceleration by its square."
    )


def _check_speed(trans: Array, rate: float, path: str | os.PathLike[str]) -> None:
    """Raise an error for a median speed that no person reaches."""
    if len(trans) < 2:
        return
    speed = float(np.median(np.linalg.norm(np.diff(trans, axis=0), axis=1))) * rate
    if speed > MAX_MEDIAN_SPEED:
        raise ValueError(
            f"{Path(path).name}: the root moves at {speed:.4g} m/s most of the time. Is trans in "
            "millimeters or centimeters? It must be in m."
        )


def _betas(arrays: Mapping[str, AnyArray]) -> Array | None:
    """Return the shape parameters, or None."""
    if "betas" not in arrays:
        return None
    betas = np.asarray(arrays["betas"], dtype=np.float64)
    # some files have one shape per frame, but a body has a single one
    return np.median(betas, axis=0) if betas.ndim == 2 else betas.ravel()


def _sex(arrays: Mapping[str, AnyArray]) -> str:
    """Return the sex of the body; "neutral" if it is missing or unknown."""
    value = np.asarray(arrays.get("gender", "neutral"))
    word = value.reshape(-1)[0] if value.size else "neutral"
    word = word.decode() if isinstance(word, bytes) else str(word)
    return word if word in ("male", "female") else "neutral"
