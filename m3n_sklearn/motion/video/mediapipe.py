"""World landmarks of MediaPipe's pose landmarker: joint positions around the hips."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._checks import is_number, real_array
from .._motion import Motion
from .._npz import read_npz
from ..inverse_kinematics import tracked_motion
from ..proportions import reference_joints
from ..skeleton import SMPL_JOINTS
from ._tracks import known_rate

__all__ = ["read_mediapipe"]

Array = NDArray[np.float64]

COUNT = 33
EARS, KNUCKLES = {"left": 7, "right": 8}, {"left": (17, 19), "right": (18, 20)}
LIMBS = {"shoulder": 11, "elbow": 13, "wrist": 15, "hip": 23, "knee": 25, "ankle": 27, "foot": 31}
"""Landmark of the left side; the right one's is the next."""
KEYS = ("pose_world_landmarks", "poseWorldLandmarks", "worldLandmarks", "world_landmarks")
FAR = 0.3
"""Metres between the origin and the middle of the hips that no world landmarks have."""


def read_mediapipe(
    landmarks: str | os.PathLike[str] | ArrayLike | Sequence[Any],
    *,
    rate: float | None = None,
    times: ArrayLike | None = None,
    person: int = 0,
    min_visibility: float = 0.0,
    max_gap: float = 0.25,
    noise: float = 0.03,
    stature: float | None = None,
    up: str | ArrayLike = "auto",
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
) -> Motion:
    """Turn MediaPipe's pose world landmarks into a motion.

    Parameters
    ----------
    landmarks : path-like, array-like or sequence
        One of

        - an array of shape (F, 33, 3), (F, 33, 4) with visibility, or (F, 33, 5) with presence
          too, also with the last two axes run together; NaN where nobody was seen;
        - a sequence of the results that MediaPipe returned for the frames;
        - a file: .npy or .npz of such an array (and, if separate, `visibility` (F, 33)); .csv of
          one row per frame, with or without a line of column names; .json of a list of frames,
          each a list of 33 landmarks ``{"x": ..., "y": ..., "z": ..., "visibility": ...}``, null
          where nobody was seen, or a dictionary such as ``{"worldLandmarks": [...]}``.
    rate : float, optional
        Frames per second. Give either `rate` or `times`.
    times : array-like of shape (F,), optional
        Time stamps in s (MediaPipe's own are milliseconds).
    person : int, default=0
        Whom to take where frames hold several people; MediaPipe's order may change from frame
        to frame.
    min_visibility : float, default=0.0
        Landmarks of less visibility count as missing.
    max_gap, noise, stature
        See :func:`motion_from_joints`.
    up : str or array-like of shape (3,), default="auto"
        What points up in the camera's frame (x right, y down, z away from it). "auto" is a
        camera held level ("-y"), or upside down if the person is; for a tilted one give the
        direction, such as the reading of the phone's accelerometer at rest.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Clip id; the file's name by default.

    Returns
    -------
    Motion
        24 joints, z up. Where landmarks have visibility, each joint's `confidence` is the least
        visibility of the landmarks that it depends on.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        For other shapes and files, for image landmarks (`pose_landmarks`), long gaps, and when
        neither `rate` nor `times` is given.

    Notes
    -----
    The origin is the middle of the hips in each frame: steps, jumps and squats of the body as a
    whole are lost, and with them their accelerations. What else positions cannot show is listed
    at :func:`motion_from_joints`. The neck is placed above the shoulders in the trunk's
    direction, the head between the ears, the hand between the knuckles of index and little
    finger. Mirrored video gives a mirrored person.

    References
    ----------
    H. Xu et al., "GHUM & GHUML", CVPR 2020; landmarks as in MediaPipe's guide to the pose
    landmarker.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.motion import read_mediapipe
    >>> from m3n_sklearn.motion.video.mediapipe import standing_landmarks
    >>> landmarks = np.tile(standing_landmarks(1.8), (60, 1, 1))
    >>> motion = read_mediapipe(landmarks, rate=30.0)
    >>> motion, round(motion.stature, 2)
    (Motion(60 frames x 24 joints, 1.97 s at 30 Hz), 1.8)
    """
    path = Path(landmarks) if isinstance(landmarks, (str, os.PathLike)) else None
    what = "MediaPipe's landmarks" if path is None else path.name
    if times is None:
        rate = known_rate(rate, what)
    points = _points(landmarks if path is None else _read(path), person, what)
    joints = _joints(_visible(points, min_visibility), what)
    return tracked_motion(
        np.stack(list(joints.values()), axis=1),
        {joint: column for column, joint in enumerate(joints)},
        rate=rate,
        times=times,
        up=up,
        max_gap=max_gap,
        noise=noise,
        stature=stature,
        confidence=_visibility(points, list(joints)),
        usual="-y",
        camera=True,
        text=text,
        label=label,
        subject=subject,
        name=path.stem if name is None and path is not None else name,
        source="mediapipe",
    )


def standing_landmarks(stature: float = 1.7) -> Array:
    """Landmarks of somebody who stands in a T-pose and faces the camera."""
    rest = dict(zip(SMPL_JOINTS, reference_joints(stature), strict=True))
    points = np.zeros((COUNT, 3))
    for right, side in enumerate(("left", "right")):
        for joint, landmark in LIMBS.items():
            points[landmark + right] = rest[f"{side}_{joint}"]
        points[list(KNUCKLES[side])] = rest[f"{side}_hand"]
        points[EARS[side]] = 2 * rest["head"] - rest["neck"]
    points -= (points[LIMBS["hip"]] + points[LIMBS["hip"] + 1]) / 2
    return points * [1.0, -1.0, -1.0]


def _joints(points: Array, what: str) -> dict[str, Array]:
    """SMPL's joints among and between the landmarks."""
    joints: dict[str, Array] = {}
    for right, side in enumerate(("left", "right")):
        joints |= {f"{side}_{joint}": points[:, mark + right] for joint, mark in LIMBS.items()}
        joints[f"{side}_hand"] = points[:, list(KNUCKLES[side])].mean(axis=1)
    hips, shoulders = (
        (joints[f"left_{joint}"] + joints[f"right_{joint}"]) / 2 for joint in ("hip", "shoulder")
    )
    with np.errstate(invalid="ignore"):
        far = np.linalg.norm(hips, axis=-1)
    if np.isfinite(far).any() and np.nanmedian(far) > FAR:
        raise ValueError(
            f"{what}: the middle of the hips lies {np.nanmedian(far):.2g} from the origin, but "
            "world landmarks count from there. Are these pose_landmarks, in parts of the image? "
            "Take pose_world_landmarks."
        )
    rest = dict(zip(SMPL_JOINTS, reference_joints(), strict=True))
    low, high, top = (rest[joint][1] for joint in ("left_hip", "left_shoulder", "neck"))
    joints["neck"] = hips + (top - low) / (high - low) * (shoulders - hips)
    joints["head"] = points[:, list(EARS.values())].mean(axis=1)
    return joints


def _visibility(points: Array, names: Sequence[str]) -> Array | None:
    """Visibility (F, K) of SMPL's joints: the least of the landmarks that each is made of."""
    if points.shape[2] < 4:
        return None
    seen = np.clip(np.nan_to_num(points[..., 3]), 0.0, 1.0)
    seen[~np.isfinite(points[..., :3]).all(axis=-1)] = 0.0
    marks = {f"{side}_hand": list(KNUCKLES[side]) for side in KNUCKLES}
    marks |= {
        f"{side}_{joint}": [mark + right]
        for right, side in enumerate(("left", "right"))
        for joint, mark in LIMBS.items()
    }
    marks["neck"] = [LIMBS["hip"], LIMBS["hip"] + 1, LIMBS["shoulder"], LIMBS["shoulder"] + 1]
    marks["head"] = list(EARS.values())
    return np.stack([seen[:, marks[name]].min(axis=1) for name in names], axis=1)


def _visible(points: Array, least: float) -> Array:
    if not is_number(least) or not 0 <= least <= 1:
        raise ValueError(f"min_visibility must lie between 0 and 1, got {least!r}.")
    if least > 0 and points.shape[2] < 4:
        raise ValueError("min_visibility= needs landmarks with visibility: (frames, 33, 4).")
    places = points[..., :3].copy()
    if least > 0:
        places[points[..., 3] < least] = np.nan
    return places


def _read(path: Path) -> Any:
    """Whatever a file holds."""
    if not path.is_file():
        raise FileNotFoundError(f"No file at {path}.")
    kind = path.suffix.lower()
    try:
        if kind == ".json":
            return json.loads(path.read_text(encoding="utf-8-sig"))
        if kind == ".csv":
            return _rows(path)
        if kind == ".npy":
            return np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path.name} cannot be read as {kind[1:]} ({error}).") from error
    if kind == ".npz":
        return _from_npz(path)
    raise ValueError(
        f"{path.name}: landmarks are read from .npy, .npz, .csv and .json, not from "
        f"{kind or 'files without an ending'}."
    )


def _is_numeric(row: list[str]) -> bool:
    try:
        [float(cell or "nan") for cell in row]
    except ValueError:
        return False
    return True


def _rows(path: Path) -> Array:
    with path.open(newline="", encoding="utf-8-sig") as handle:
        rows = [row for row in csv.reader(handle) if row]
    if rows and not _is_numeric(rows[0]):
        rows = rows[1:]  # names of the columns
    if not rows:
        raise ValueError("there are no rows")
    wrong = next((n for n, row in enumerate(rows) if len(row) != len(rows[0])), None)
    if wrong is not None:
        raise ValueError(f"row {wrong} has {len(rows[wrong])} columns, the first {len(rows[0])}")
    return np.array([[float(cell or "nan") for cell in row] for row in rows])


def _from_npz(path: Path) -> Array:
    arrays = read_npz(path)
    seen = arrays.pop("visibility", None)
    key = next((key for key in (*KEYS, "landmarks") if key in arrays), None)
    if key is None and len(arrays) != 1:
        raise ValueError(
            f"{path.name} must hold one array, or {KEYS[0]!r}; it has {sorted(arrays)}."
        )
    points = np.asarray(arrays[key] if key else next(iter(arrays.values())), dtype=np.float64)
    if seen is None or points.ndim != 3:
        return points
    if seen.shape != points.shape[:2]:
        raise ValueError(
            f"{path.name}: visibility has shape {seen.shape}, landmarks {points.shape} need "
            f"{points.shape[:2]}."
        )
    return np.concatenate([points[..., :3], np.asarray(seen, np.float64)[..., None]], axis=-1)


def _points(frames: Any, person: int, what: str) -> Array:
    """Landmarks of one person as an array (F, 33, 3 to 5)."""
    if isinstance(frames, Mapping) or not isinstance(frames, Iterable):
        given = list(frames)[:10] if isinstance(frames, Mapping) else frames
        raise ValueError(f"{what} must be a list of frames, got {type(frames).__name__} {given!r}.")
    if not isinstance(frames, np.ndarray):
        frames = [_frame(frame, person, f"{what}: frame {n}") for n, frame in enumerate(frames)]
        width = min((len(frame[0]) for frame in frames if frame), default=3)
        lost = np.full((COUNT, width), np.nan)
        frames = [[row[:width] for row in frame] if frame else lost for frame in frames]
    points = real_array(frames, what, "landmarks of shape (frames, 33, 3)")
    if points.ndim == 2 and points.shape[1] in (3 * COUNT, 4 * COUNT, 5 * COUNT):
        points = points.reshape(len(points), COUNT, -1)
    if (
        points.ndim != 3
        or points.shape[1] != COUNT
        or not 3 <= points.shape[2] <= 5
        or not len(points)
    ):
        raise ValueError(
            f"{what} must have shape (frames, 33, 3), with visibility (frames, 33, 4), or rows of "
            f"{3 * COUNT}, {4 * COUNT} or {5 * COUNT} numbers; got {points.shape}."
        )
    return points


def _frame(frame: Any, person: int, where: str) -> list[list[float]]:
    """Landmarks of one person in one frame; an empty list where nobody was seen."""
    marks = _listed(_world(frame), where)
    rows = [_landmark(mark) for mark in marks]
    if marks and all(row is None for row in rows):  # a list of people
        marks = _listed(marks[person], where) if person < len(marks) else []
        rows = [_landmark(mark) for mark in marks]
    known = [row for row in rows if row is not None]
    if marks and (len(known) != COUNT or len(rows) != COUNT):
        raise ValueError(
            f"{where} has {len(known)} landmarks of x, y and z among {len(rows)}, not {COUNT}."
        )
    return known


def _world(frame: Any) -> Any:
    """Look up the world landmarks of a result."""
    for key in KEYS:
        if isinstance(frame, Mapping) and key in frame:
            return frame[key]
        if hasattr(frame, key):
            return getattr(frame, key)
    return frame


def _listed(marks: Any, where: str) -> list[Any]:
    """List landmarks, or people, whatever container they come in."""
    marks = getattr(marks, "landmark", marks)
    if marks is None:
        return []
    if isinstance(marks, Mapping) or not isinstance(marks, Iterable):
        known = f"; it has {list(marks)[:10]}" if isinstance(marks, Mapping) else ""
        raise ValueError(f"{where} has none of {', '.join(KEYS)} and is no list{known}.")
    return list(marks)


def _landmark(mark: Any) -> list[float] | None:
    """Coordinates, and visibility where it is known."""
    if isinstance(mark, Mapping):
        values: list[Any] = [mark.get(key) for key in ("x", "y", "z", "visibility")]
    elif hasattr(mark, "x"):
        values = [getattr(mark, key, None) for key in ("x", "y", "z", "visibility")]
    else:
        values = list(mark) if isinstance(mark, Sequence | np.ndarray) else []
    if len(values) == 4 and values[3] is None:
        values = values[:3]
    return values if 3 <= len(values) <= 5 and all(map(is_number, values)) else None
