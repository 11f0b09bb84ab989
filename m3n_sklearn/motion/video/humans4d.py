"""Reader of 4D-Humans' and PHALP's results: people in the frame of the camera.

PHALP places its camera at the depth at which a person fills a square image of side
``ASSUMED_SIDE`` seen with the focal length ``ASSUMED_FOCAL``. With the true focal length f and
the larger side s of the video, both in pixels, the depth is ``z f / s * ASSUMED_SIDE /
ASSUMED_FOCAL``. The lateral position does not depend on the lens.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._checks import check_positive, is_number, real_array
from ..._pickles import load_restricted
from .._motion import Motion
from .._smpl import as_rotvecs
from ._tracks import Track, frame_numbers, known_rate, look_up, motions_of

__all__ = ["read_4dhumans"]

Array = NDArray[np.float64]

PER_PERSON = ("tid", "tracked_time", "smpl", "camera", "size")
ASSUMED_FOCAL, ASSUMED_SIDE = 5000.0, 256.0
"""Focal length and side of the square image that PHALP assumes, in pixels."""


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
    .. [1] S. Goel et al., "Humans in 4D: reconstructing and tracking humans with transformers",
       ICCV 2023.
    .. [2] J. Rajasegaran et al., "Tracking people by predicting 3D appearance, location and pose",
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
        who: _track(sorted(rows, key=lambda row: row[0]), f"{file}: person {who}", focal, cuts)
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


def _track(
    rows: list[tuple[int, Any, Any, Any]], where: str, focal: float | None, cuts: list[int]
) -> Track:
    # rows (frame, smpl, camera, size) of one person, by frame
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
