"""Readers of video tools with SMPL poses: GVHMR, WHAM, 4D-Humans.

Each reader turns its file into tracks (`Track`), one for each person; `motions_of` turns these into
motions in a world with z up.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._safe_pickle import load_restricted
from .._typing import Array
from .._validation import check_positive, is_number, real_array
from ._inverse_kinematics import check_max_gap
from ._motion import Motion, _check_poses
from ._readings import as_rotvecs, frame_numbers, known_rate, look_up
from ._rest_pose import cut_rest_poses, warn_about_rest_poses
from ._twist import turn_forearms
from ._upright import find_up, stance_of, stand_up

__all__ = [
    "read_4dhumans",
    "read_gvhmr",
    "read_wham",
]

PER_PERSON = ("tid", "tracked_time", "smpl", "camera", "size")
ASSUMED_FOCAL, ASSUMED_SIDE = 5000.0, 256.0
"""Focal length and side of the square image that PHALP assumes, in pixels."""


# ---- GVHMR


def read_gvhmr(
    path: str | os.PathLike[str],
    *,
    rate: float | None = None,
    up: str | ArrayLike = "auto",
    trim_tpose: bool = True,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
) -> Motion:
    """Read the ``hmr4d_results.pt`` that the demo of GVHMR [1]_ writes.

    Parameters
    ----------
    path : path-like
        A file of ``torch.save`` with `smpl_params_global`: a dictionary with `body_pose` (F, 63)
        and `global_orient` (F, 3) in rad, `transl` (F, 3) in m, and `betas` (F, 10). It is read
        with ``weights_only=True``, which executes nothing.
    rate : float
        Frames per second of the original video, which the file does not contain. The demo copies
        the frames into a video of 30 Hz, but that is not their rate.
    up : {"auto", "y", "z", "x", "-x", "-y", "-z"} or array-like of shape (3,), default="auto"
        The axis or direction of the file's world that points up. "auto" takes y unless the
        body stands along another axis most of the time.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion, as :func:`read_bvh` does.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the file's folder, which is that of the
        video.

    Returns
    -------
    Motion
        24 joints in a world with z up. The 21 body joints of SMPL-X are those of SMPL; the hands
        are at rest.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If entries are missing (the message lists those of the file), if the file contains
        anything but tensors and plain values, or if `rate` is missing.

    See Also
    --------
    read_wham, read_4dhumans, read_mediapipe : Results of other tools.

    Notes
    -----
    GVHMR follows the person who is visible longest, and interpolates frames in which nobody is
    visible. It does not estimate hands and face. Poses from video jitter by some degrees from
    frame to frame, which the simulator smooths. Entries and axes are those of GVHMR's
    ``tools/demo/demo.py``.

    References
    ----------
    .. [1] Z. Shen et al., "World-grounded human motion recovery via gravity-view coordinates",
       SIGGRAPH Asia 2024.

    Examples
    --------
    >>> import os, tempfile, torch
    >>> from m3n_sklearn.motion import read_gvhmr
    >>> params = {"body_pose": torch.zeros(45, 63), "global_orient": torch.zeros(45, 3),
    ...           "transl": torch.zeros(45, 3), "betas": torch.zeros(45, 10)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "hmr4d_results.pt")
    ...     torch.save({"smpl_params_global": params}, file)
    ...     read_gvhmr(file, rate=25.0, text="a person stands")
    Motion(45 frames x 24 joints, 1.76 s at 25 Hz, 'a person stands')
    """
    # 1. Read the parameters of the world frame
    file = Path(path)
    hertz = known_rate(rate, file.name)
    params = look_up(_load(file), "smpl_params_global", file.name)
    where = f"{file.name}: smpl_params_global"
    root = as_rotvecs(look_up(params, "global_orient", where), f"{where}: global_orient", (1,))
    body = as_rotvecs(look_up(params, "body_pose", where), f"{where}: body_pose", (21,))
    if len(root) != len(body):
        raise ValueError(
            f"{where}: global_orient has {len(root)} frames, but body_pose has {len(body)}."
        )
    # 2. One track without gaps, the hands at rest
    hands = np.zeros((len(root), 2, 3))
    track = Track(
        np.arange(len(root)),
        np.concatenate([root, body, hands], axis=1),
        real_array(look_up(params, "transl", where), f"{where}: transl", "(frames, 3) in m"),
        real_array(look_up(params, "betas", where), f"{where}: betas", "(frames, 10)"),
    )
    (motion,) = motions_of(
        {subject: track},
        path,
        rate=hertz,
        person=subject,
        max_gap=0.0,
        up=up,
        usual="y",
        trim_tpose=trim_tpose,
        text=text,
        label=label,
        source="gvhmr",
    )
    return motion.replace(name=(file.resolve().parent.name or file.stem) if name is None else name)


def _load(file: Path) -> Any:
    """Load a file of tensors and plain values, and nothing else."""
    if not file.is_file():
        raise FileNotFoundError(f"No file at {file}.")
    import torch  # the other readers do not need it

    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its readers raise
        raise ValueError(
            f"{file.name} cannot be read as a file of torch.save with tensors only ({error}). It "
            "may be damaged, or contain objects, which are never loaded. Save only the tensors of "
            "smpl_params_global."
        ) from error


# ---- WHAM


def read_wham(
    path: str | os.PathLike[str],
    *,
    rate: float | None = None,
    person: Hashable | None = None,
    max_gap: float = 0.25,
    up: str | ArrayLike = "auto",
    trim_tpose: bool = True,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
) -> list[Motion]:
    """Read the ``wham_output.pkl`` that the demo of WHAM [1]_ writes with ``--save_pkl``.

    Parameters
    ----------
    path : path-like
        A file of joblib: for each person a dictionary with `pose_world` (F, 72) in rad,
        `trans_world` (F, 3) in m, `betas` (F, 10) and `frame_ids` (F,). It is read without
        executing anything.
    rate : float
        Frames per second of the video, which the file does not contain.
    person : hashable, optional
        Key of the person to read. By default all persons are read.
    max_gap : float, default=0.25
        Longest time in s during which a person may be lost. Shorter gaps remain gaps in the time
        stamps. At longer gaps the motion is cut.
    up : {"auto", "y", "z", "x", "-x", "-y", "-z"} or array-like of shape (3,), default="auto"
        The axis or direction of the file's world that points up. "auto" takes y unless the
        body stands along another axis most of the time.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion, as :func:`read_bvh` does.
    text, label
        Passed on to :class:`Motion`.

    Returns
    -------
    list of Motion
        One motion for each person and uninterrupted piece, with 24 joints in a world with z up.
        The time stamps are those of the video, the `subject` is the person. Pieces of a single
        frame are left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If entries are missing (the message lists those of the file), if the file contains
        anything but plain arrays, or if `rate` is missing.

    See Also
    --------
    read_gvhmr, read_4dhumans, read_mediapipe : Results of other tools.

    Notes
    -----
    WHAM integrates estimated velocities, so paths drift, and every piece begins near the origin.
    It does not estimate fingers and face. Poses from video jitter by some degrees from frame to
    frame, which the simulator smooths. Entries and axes are those of WHAM's ``demo.py``.

    References
    ----------
    .. [1] S. Shin et al., "WHAM: reconstructing world-grounded humans with accurate 3D motion",
       CVPR 2024.

    Examples
    --------
    >>> import joblib, os, tempfile
    >>> import numpy as np
    >>> from m3n_sklearn.motion import read_wham
    >>> person = {"pose_world": np.zeros((30, 72)), "trans_world": np.zeros((30, 3)),
    ...           "betas": np.zeros((30, 10)), "frame_ids": np.arange(30)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "wham_output.pkl")
    ...     _ = joblib.dump({0: person}, file)
    ...     read_wham(file, rate=30.0)
    [Motion(30 frames x 24 joints, 0.97 s at 30 Hz)]
    """
    # 1. Read the people
    hertz = known_rate(rate, Path(path).name)
    people = load_restricted(path)
    file = Path(path).name
    if not isinstance(people, Mapping) or not people:
        raise ValueError(
            f"{file} must contain a dictionary of people and their parameters, got "
            f"{type(people).__name__}. WHAM's demo writes it with --save_pkl."
        )
    # 2. From tracks in the world to motions
    tracks = {
        who.item() if isinstance(who, np.generic) else who: _wham_track(
            values, f"{file}: person {who}"
        )
        for who, values in people.items()
    }
    return motions_of(
        tracks,
        path,
        rate=hertz,
        person=person,
        max_gap=max_gap,
        up=up,
        usual="y",
        trim_tpose=trim_tpose,
        text=text,
        label=label,
        source="wham",
    )


def _wham_track(values: object, where: str) -> Track:
    """Return the track of one person of WHAM."""
    poses = as_rotvecs(look_up(values, "pose_world", where), f"{where}: pose_world", (24,))
    trans, betas = (
        real_array(look_up(values, key, where), f"{where}: {key}", f"(frames, {size})")
        for key, size in (("trans_world", 3), ("betas", 10))
    )
    frames = frame_numbers(look_up(values, "frame_ids", where), f"{where}: frame_ids")
    return Track(frames, poses, trans, betas)


# ---- 4D-Humans


def read_4dhumans(
    path: str | os.PathLike[str],
    *,
    rate: float | None = None,
    person: Hashable | None = None,
    focal_length: float | None = None,
    max_gap: float = 0.25,
    up: str | ArrayLike = "auto",
    trim_tpose: bool = True,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
) -> list[Motion]:
    """Read the tracks that ``track.py`` of 4D-Humans [1]_ and PHALP [2]_ write.

    Parameters
    ----------
    path : path-like
        The .pkl file of joblib under ``results``: for each frame a dictionary with `time`, and
        with a list entry for each track in `tid`, `tracked_time`, `smpl` (`global_orient`
        (1, 3, 3), `body_pose` (23, 3, 3), `betas` (10,)), `camera` (3,) and `size`. It is read
        without executing anything.
    rate : float
        Frames per second of the video, which the file does not contain.
    person : hashable, optional
        Number of the track to read. By default all tracks are read.
    focal_length : float, optional
        The camera's focal length in pixels of the video. With it, people move through the
        camera's frame according to `camera`. Without it they stay in place, since the depths of
        the file are those of an assumed lens.
    max_gap : float, default=0.25
        Longest time in s during which a person may be lost. Shorter gaps remain gaps in the time
        stamps. At longer gaps, and where a new shot begins, the motion is cut.
    up : str or array-like of shape (3,), default="auto"
        The axis or direction in the camera's frame (x right, y down, z forward) that points up.
        "auto" assumes a level camera ("-y"), or one upside down if the person is. For a tilted
        camera give the direction, such as the reading of the phone's accelerometer at rest.
    trim_tpose : bool, default=True
        Leave out frames of a rest pose before and after the motion, as :func:`read_bvh` does.
    text, label
        Passed on to :class:`Motion`.

    Returns
    -------
    list of Motion
        One motion for each person and uninterrupted piece, with 24 joints in a world with z up.
        The time stamps are those of the video, the `subject` is the number of the track. Pieces of
        a single frame are left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If entries are missing (the message lists those of the file), if the file contains
        anything but plain values and arrays, or if `rate` is missing.

    See Also
    --------
    read_gvhmr, read_wham, read_mediapipe : Results of other tools.

    Notes
    -----
    The results are relative to the camera. A moving camera appears as motion of the body, and a
    tilted camera as tilted gravity. The path in depth is inaccurate, so its accelerations are not
    reliable. Frames in which PHALP only predicts a lost person (`tracked_time` above 0) are left
    out. Each frame is estimated independently, so poses jitter by some degrees, which the
    simulator smooths. The entries are those of PHALP's README.

    References
    ----------
    .. [1] S. Goel et al., "Humans in 4D: reconstructing and tracking humans with transformers",
       ICCV 2023.
    .. [2] J. Rajasegaran et al., "Tracking people by predicting 3D appearance, location and pose",
       CVPR 2022.

    Examples
    --------
    >>> import joblib, os, tempfile
    >>> import numpy as np
    >>> from m3n_sklearn.motion import read_4dhumans
    >>> smpl = {"global_orient": np.diag([1.0, -1.0, -1.0])[None],
    ...         "body_pose": np.tile(np.eye(3), (23, 1, 1)), "betas": np.zeros(10)}
    >>> frames = {f"{n:06d}.jpg": {"time": n, "shot": 0, "tid": [1], "tracked_time": [0],
    ...                            "smpl": [smpl], "camera": [np.zeros(3)], "size": [[720, 1280]]}
    ...           for n in range(30)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "demo_video.pkl")
    ...     _ = joblib.dump(frames, file, compress=3)
    ...     read_4dhumans(file, rate=30.0)
    [Motion(30 frames x 24 joints, 0.97 s at 30 Hz)]
    """
    # 1. Read the frames, and regroup them by person
    file = Path(path).name
    hertz = known_rate(rate, file)
    if focal_length is not None:
        check_positive(focal_length, "focal_length", "pixels")
    frames = load_restricted(path)
    if not isinstance(frames, Mapping) or not frames:
        raise ValueError(
            f"{file} must contain a dictionary of frames and their people, got "
            f"{type(frames).__name__}. 4D-Humans writes it with track.py."
        )
    tracks = _tracks(frames, file, focal_length)
    # 2. From tracks in the camera's frame to motions
    return motions_of(
        tracks,
        path,
        rate=hertz,
        person=person,
        max_gap=max_gap,
        up=up,
        usual="-y",
        trim_tpose=trim_tpose,
        text=text,
        label=label,
        source="4dhumans",
    )


def _tracks(frames: Mapping[Any, Any], file: str, focal: float | None) -> dict[Hashable, Track]:
    """Regroup the frames of 4D-Humans by person."""
    rows_of: dict[Hashable, list[tuple[int, Any, Any, Any]]] = {}
    cuts = []
    for key, frame in frames.items():
        where = f"{file}: frame {key!r}"
        (time,) = frame_numbers([look_up(frame, "time", where)], f"{where}: time")
        if frame.get("shot") in (1, True):
            cuts.append(int(time))
        for who, frames_lost, smpl, camera, size in _people(frame, where):
            if not frames_lost:
                rows_of.setdefault(int(who), []).append((int(time), smpl, camera, size))
    return {
        who: _humans_track(
            sorted(rows, key=lambda row: row[0]), f"{file}: person {who}", focal, cuts
        )
        for who, rows in rows_of.items()
    }


def _people(frame: Mapping[str, Any], where: str) -> Iterator[tuple[Any, ...]]:
    """Iterate over the people of a frame: number, frames since last detection, parameters."""
    columns = [look_up(frame, key, where) for key in PER_PERSON]
    lists = all(isinstance(column, list | tuple) for column in columns)
    if not lists or len({len(column) for column in columns}) != 1:
        raise ValueError(f"{where}: {', '.join(PER_PERSON)} must be lists, one entry per person.")
    for key, column in zip(PER_PERSON[:2], columns, strict=False):
        if not all(map(is_number, column)):
            raise ValueError(f"{where}: {key} must be whole numbers, got {column!r}.")
    return zip(*columns, strict=True)


def _humans_track(
    rows: list[tuple[int, Any, Any, Any]], where: str, focal: float | None, cuts: list[int]
) -> Track:
    """Return the track of one person of 4D-Humans."""
    # a row is (frame number, smpl, camera, size); rows are sorted by frame
    times, smpl, cameras, sizes = zip(*rows, strict=True)
    parts = [
        as_rotvecs(
            [np.reshape(look_up(s, key, f"{where}: smpl"), (-1, 3, 3)) for s in smpl],
            f"{where}: {key}",
            (count,),
        )
        for key, count in (("global_orient", 1), ("body_pose", 23))
    ]
    betas = [np.ravel(look_up(s, "betas", f"{where}: smpl")) for s in smpl]
    return Track(
        np.array(times, dtype=np.int64),
        np.concatenate(parts, axis=1),
        _places(cameras, sizes, where, focal),
        real_array(betas, f"{where}: betas", "shapes (10,)"),
        tuple(cuts),
    )


def _places(cameras: Any, sizes: Any, where: str, focal: float | None) -> Array:
    """Return positions (F, 3) in the camera's frame; zero without a focal length."""
    if focal is None:
        return np.zeros((len(cameras), 3))
    places = real_array([np.ravel(c) for c in cameras], f"{where}: camera", "(3,) per frame")
    sides = real_array([np.ravel(s) for s in sizes], f"{where}: size", "height and width in pixels")
    if places.shape[1:] != (3,) or sides.shape[1:] != (2,):
        raise ValueError(
            f"{where}: camera must have shape (3,) and size (2,) in each frame, got "
            f"{places.shape[1:]} and {sides.shape[1:]}."
        )
    places[:, 2] *= focal / sides.max(axis=1) * ASSUMED_SIDE / ASSUMED_FOCAL
    return places


# ---- from tracks to motions


@dataclass(frozen=True)
class Track:
    """SMPL parameters of one person in the frames in which the person is visible."""

    frames: NDArray[np.int64]  # (F,): numbers of the video's frames, rising
    poses: Array  # (F, 22 or 24, 3): axis-angle vectors, the root's first
    trans: Array  # (F, 3): SMPL's translation, in m
    betas: Array | None = None  # (F, B) or None: shape; the median over the frames is taken
    cuts: tuple[int, ...] = field(default=())  # frames in which a new shot begins

    def pieces(self, longest: float) -> list[slice]:
        """Cut at gaps of more than `longest` frames and between shots; drop single frames."""
        gap = np.diff(self.frames) > longest
        shot = np.searchsorted(sorted(self.cuts), self.frames, side="right")
        edges = [0, *(np.flatnonzero(gap | (np.diff(shot) > 0)) + 1).tolist(), len(self.frames)]
        return [slice(a, b) for a, b in pairwise(edges) if b - a > 1]


def motions_of(
    tracks: Mapping[Hashable, Track],
    path: str | os.PathLike[str],
    *,
    rate: float,
    person: Hashable | None,
    max_gap: float,
    up: str | ArrayLike,
    usual: str,
    trim_tpose: bool,
    text: str | Sequence[str] | None,
    label: Hashable | None,
    source: str,
) -> list[Motion]:
    """Turn tracks into motions, one for each piece without long gaps."""
    # `person`: the one to take, or None for all; `usual`: axis that points up in the tool's world,
    # "-y" for a camera's frame. The clock of a motion is the video's: frame number / rate.

    # 1. Check, cut into pieces, and remove rest poses
    file = Path(path).name
    check_max_gap(max_gap)
    if person is not None and person not in tracks:
        raise ValueError(f"{file} has no person {person!r}; it has {list(tracks)}.")
    clips, cuts = [], []
    for who, track in tracks.items():
        if person is not None and who != person:
            continue
        _check_frames(track, who, file)
        pieces = track.pieces(max(max_gap * rate * (1 + 1e-9), 1))
        for number, piece in enumerate(pieces):
            poses, trans, times = track.poses[piece], track.trans[piece], track.frames[piece] / rate
            _check_poses(poses)
            cuts.append(cut_rest_poses(poses, trans, times, trim=trim_tpose))
            motion_frames = cuts[-1].kept
            ending = f"/{number}" if len(pieces) > 1 else ""
            clips.append(
                (
                    who,
                    ending,
                    turn_forearms(poses[motion_frames]),
                    trans[motion_frames],
                    times[motion_frames],
                )
            )
    if not clips:
        raise ValueError(
            f"{file} has no person in two neighboring frames. Raise max_gap= (now {max_gap:g} s) "
            "if only some frames of the video were processed."
        )
    warn_about_rest_poses(cuts)
    # 2. All people of a file are in one world: find its upward axis from all of them
    stance = stance_of(*(np.concatenate([clip[part] for clip in clips]) for part in (2, 3)))
    axis = find_up(stance, up, usual=usual, camera=usual == "-y")
    # 3. Rotate to z up
    motions = []
    for who, ending, poses, trans, times in clips:
        betas = tracks[who].betas
        rotated, root = stand_up(poses, trans, axis)
        motions.append(
            Motion(
                rotated,
                root,
                times=times,
                betas=None if betas is None else np.median(np.atleast_2d(betas), 0),
                text=text,
                label=label,
                subject=who,
                name=f"{Path(path).stem}/{who}{ending}",
                source=source,
            )
        )
    return motions


def _check_frames(track: Track, who: Hashable, file: str) -> None:
    """Raise unless all arrays have one row a frame and the frame numbers increase."""
    count, betas = len(track.frames), track.betas
    if count == 0 or np.any(np.diff(track.frames) < 1) or track.frames[0] < 0:
        raise ValueError(f"{file}: the frame numbers of person {who!r} must increase and be >= 0.")
    for name, values in (("poses", track.poses), ("translations", track.trans)):
        if values.ndim < 2 or len(values) != count or values.shape[-1] != 3:
            raise ValueError(
                f"{file}: person {who!r} has {count} frame numbers, but {name} of shape "
                f"{values.shape}."
            )
    if betas is not None and not (betas.ndim == 1 or betas.shape == (count, betas.size // count)):
        raise ValueError(
            f"{file}: person {who!r} has {count} frame numbers, but betas of shape {betas.shape}."
        )
