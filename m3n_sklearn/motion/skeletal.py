"""Motion capture clips as one .npz of a skeleton and local quaternions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_positive
from ._motion import Motion
from ._npz import AnyArray, read_npz, require
from ._rest_pose import clock_from, cut_rest_poses, warn_about_rest_poses
from ._smpl import stand_up
from ._upright import find_up, stance_of
from .proportions import warn_if_small
from .retarget import retarget
from .skeletons import SkeletonMap

__all__ = ["read_skeletal"]

Array = NDArray[np.float64]

LABELS = ("action", "content")


def read_skeletal(
    path: str | os.PathLike[str],
    *,
    label: str | None = "auto",
    subject: str | None = "auto",
    skeleton: SkeletonMap | None = None,
    rate: float | None = None,
    up: str | ArrayLike = "auto",
    trim_tpose: bool = True,
) -> list[Motion]:
    """Read all clips of a skeletal archive and carry them over to SMPL's tree.

    Parameters
    ----------
    path : path-like
        An .npz file with `joint_names` (J,), `parents` (J,), `offsets_m` (J, 3) (or one set per
        subject, (S, J, 3), with `offset_subjects` (S,) and `subject` (C,)), `clip_ptr` (C + 1,),
        `root_pos` (T, 3) in m, `local_quat_wxyz` (T, J, 4) and `fps`; and, where known,
        `clip_name` (C,), `text` (C,), and other columns of one entry per clip.
    label : str or None, default="auto"
        The column that holds the clips' classes; "auto" takes `action` or `content` if there
        is one of them.
    subject : str or None, default="auto"
        The column that holds the people; "auto" takes `subject` if there is one.
    skeleton : SkeletonMap, optional
        Which joint is which. CMU's skeletons (ASF/AMC, exponential maps, BVH) and
        Bandai-Namco's are recognised.
    rate : float, optional
        Frames per second; overrides the file's.
    up : {"auto", "y", "z", "x", "-x", "-y", "-z"} or array-like of shape (3,), default="auto"
        The axis or direction of the file's world that points up. "auto" takes y unless the
        bodies stand along another axis most of the time, over all clips.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion, as :func:`read_bvh` does.

    Returns
    -------
    list of Motion
        One per clip: 24 joints, z up, with text, label, subject, name, a stature that fits the
        bones, and the file's name as source.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        For damaged files, missing or inconsistent arrays, unknown skeletons, and bones that
        are not in metres.

    Warns
    -----
    UserWarning
        If frames of a rest pose are left out. If the bodies stand along another axis than the
        one that should point up. If the bones are those of a child, as lengths without a unit
        may be.

    See Also
    --------
    retarget : How rotations are carried over, and what happens to the forearm's turn.

    Examples
    --------
    >>> import numpy as np, os, tempfile
    >>> from m3n_sklearn.motion import SMPL_JOINTS, SMPL_PARENTS, SkeletonMap, read_skeletal
    >>> from m3n_sklearn.motion.proportions import reference_joints
    >>> joints = reference_joints(1.7)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "clips.npz")
    ...     np.savez(
    ...         file, joint_names=SMPL_JOINTS, parents=SMPL_PARENTS, fps=30.0,
    ...         offsets_m=joints - joints[np.maximum(SMPL_PARENTS, 0)], clip_ptr=[0, 7],
    ...         root_pos=np.zeros((7, 3)), local_quat_wxyz=np.tile([1, 0, 0, 0], (7, 24, 1)),
    ...     )
    ...     read_skeletal(file, skeleton=SkeletonMap({j: j for j in SMPL_JOINTS}))
    [Motion(7 frames x 24 joints, 0.20 s at 30 Hz)]
    """
    arrays = read_npz(path)
    pointer = _check_pointer(arrays, path)
    clips = len(pointer) - 1
    fps = np.asarray(require(arrays, "fps", path), np.float64) if rate is None else rate
    hertz = check_positive(float(fps) if rate is None else rate, "rate", "Hz")
    texts = _column(arrays, "text", clips, path) or [""] * clips
    names = _column(arrays, "clip_name", clips, path)
    labels = _chosen(arrays, label, LABELS, clips, path)
    people = _chosen(arrays, subject, ("subject",), clips, path)
    poses, trans, statures = _retarget_all(arrays, pointer, skeleton, path)
    warn_if_small(statures, "Multiply offsets_m and root_pos if they are not in metres.")
    poses, trans = stand_up(poses, trans, find_up(stance_of(poses, trans), up, usual="y"))
    clips_of = [(poses[a:b], trans[a:b]) for a, b in pairwise(pointer)]
    cuts = [
        cut_rest_poses(*clip, np.arange(len(clip[0])) / hertz, trim=trim_tpose) for clip in clips_of
    ]
    warn_about_rest_poses(cuts)
    return [
        Motion(
            turns[cut.kept],
            path_of_root[cut.kept],
            **clock_from(cut.start, cut.stop - cut.start, hertz),
            stature=statures[clip],
            text=str(texts[clip]),
            label=labels[clip] if labels else None,
            subject=people[clip] if people else None,
            name=str(names[clip]) if names else f"{Path(path).stem}/{clip}",
            source=Path(path).stem,
        )
        for clip, ((turns, path_of_root), cut) in enumerate(zip(clips_of, cuts, strict=True))
    ]


def _retarget_all(
    arrays: Mapping[str, AnyArray],
    pointer: list[int],
    skeleton: SkeletonMap | None,
    path: str | os.PathLike[str],
) -> tuple[Array, Array, list[float]]:
    """Retarget runs of clips that share one set of bone offsets, all their frames at once."""
    quats, root = require(arrays, "local_quat_wxyz", path), require(arrays, "root_pos", path)
    if len(quats) != pointer[-1] or root.shape != (pointer[-1], 3):
        raise ValueError(
            f"{Path(path).name}: clip_ptr ends at frame {pointer[-1]}, but local_quat_wxyz has "
            f"{len(quats)} frames and root_pos has shape {root.shape}."
        )
    clips = len(pointer) - 1
    offsets, owner = _offsets(arrays, clips, path)
    parts, statures, start = [], [], 0
    for clip in range(1, clips + 1):
        if clip < clips and owner[clip] == owner[start]:
            continue
        frames = slice(pointer[start], pointer[clip])
        *part, stature = retarget(
            quats[frames],
            root[frames],
            [str(name) for name in require(arrays, "joint_names", path)],
            require(arrays, "parents", path),
            offsets[owner[start]],
            skeleton=skeleton,
            tpose=arrays.get("tpose_local_quat_wxyz"),
            up="z",  # the file's own world
        )
        parts.append(part)
        statures += [stature] * (clip - start)
        start = clip
    poses, trans = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return poses, trans, statures


def _offsets(
    arrays: Mapping[str, AnyArray], clips: int, path: str | os.PathLike[str]
) -> tuple[AnyArray, list[int]]:
    """Return sets of bone offsets (S, J, 3) and, for each clip, which of them is its own."""
    offsets = require(arrays, "offsets_m", path)
    if offsets.ndim == 2:
        return offsets[None], [0] * clips
    subjects = require(arrays, "offset_subjects", path).tolist()
    people = require(arrays, "subject", path).tolist()
    missing = sorted(set(people) - set(subjects))
    if missing or len(people) != clips:
        raise ValueError(
            f"{Path(path).name}: every clip needs a subject with bone offsets; {len(people)} "
            f"subjects for {clips} clips, and no offsets for {missing}."
        )
    return offsets, [subjects.index(person) for person in people]


def _check_pointer(arrays: Mapping[str, AnyArray], path: str | os.PathLike[str]) -> list[int]:
    pointer = require(arrays, "clip_ptr", path)
    if pointer.ndim != 1 or len(pointer) < 2 or pointer[0] != 0 or np.any(np.diff(pointer) < 1):
        raise ValueError(
            f"{Path(path).name}: clip_ptr must rise from 0 to the number of frames, with one "
            f"entry more than there are clips; got {pointer!r}."
        )
    return [int(frame) for frame in pointer]


def _chosen(
    arrays: Mapping[str, AnyArray],
    key: str | None,
    known: tuple[str, ...],
    clips: int,
    path: str | os.PathLike[str],
) -> list[object] | None:
    if key == "auto":
        key = next((name for name in known if name in arrays), None)
    elif key is not None:
        require(arrays, key, path)
    return None if key is None else _column(arrays, key, clips, path)


def _column(
    arrays: Mapping[str, AnyArray], key: str, clips: int, path: str | os.PathLike[str]
) -> list[object] | None:
    if key not in arrays:
        return None
    if arrays[key].shape != (clips,):
        raise ValueError(
            f"{Path(path).name}: {key} has shape {arrays[key].shape}, {clips} clips need "
            f"({clips},)."
        )
    return list(arrays[key].tolist())
