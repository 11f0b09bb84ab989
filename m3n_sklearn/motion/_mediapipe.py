"""Reader of MediaPipe's pose world landmarks: joint positions relative to the hips.

Files and results of any version are converted to an array (F, 33, 3 to 5), the landmarks to SMPL
joints, and these to a motion by inverse kinematics.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._array_files import read_npz
from .._files import reading
from .._plain_content import load_plain
from .._text_files import read_text
from .._typing import Array
from .._validation import is_number, real_array
from ..skeleton import SMPL_JOINTS, reference_joints
from ._from_joints import check_tracking, tracked_motion
from ._motion import Motion
from ._readings import known_rate

__all__ = ["is_mediapipe", "read_mediapipe"]

COUNT = 33
EARS, KNUCKLES = {"left": 7, "right": 8}, {"left": (17, 19), "right": (18, 20)}
LIMBS = {"shoulder": 11, "elbow": 13, "wrist": 15, "hip": 23, "knee": 25, "ankle": 27, "foot": 31}
"""Index of the left landmark; the right one is the next."""
KEYS = ("pose_world_landmarks", "poseWorldLandmarks", "worldLandmarks", "world_landmarks")
MAX_HIP_OFFSET = 0.3
"""Distance of the hips' midpoint from the origin, in m, above which these are not world
landmarks."""


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
    """Estimate a motion from MediaPipe's pose world landmarks [1]_.

    Parameters
    ----------
    landmarks : path-like, array-like or sequence
        One of

        - an array of shape (F, 33, 3), (F, 33, 4) with visibility, or (F, 33, 5) with visibility
          and presence, in m; the last two axes may be flattened; NaN where nobody is visible;
        - a sequence with the result of MediaPipe for each frame;
        - a .npy or .npz file of such an array, in .npz optionally with `visibility` (F, 33);
        - a .csv file with one row per frame, with or without column names;
        - a .json file with a list of frames. Each frame is a list of 33 landmarks
          ``{"x": ..., "y": ..., "z": ..., "visibility": ...}``, null where nobody is visible, or a
          dictionary such as ``{"worldLandmarks": [...]}``.
    rate : float, optional
        Frames per second. Give either `rate` or `times`.
    times : array-like of shape (F,), optional
        Time stamps in s. Those of MediaPipe are in milliseconds.
    person : int, default=0
        Index of the person in frames with several people. MediaPipe's order may change from frame
        to frame.
    min_visibility : float, default=0.0
        Landmarks with a smaller visibility count as missing.
    max_gap, noise, stature
        See :func:`motion_from_joints`.
    up : str or array-like of shape (3,), default="auto"
        The axis or direction in the camera's frame (x right, y down, z away from the camera) that
        points up. "auto" assumes a level camera ("-y"), or one upside down if the person is. For a
        tilted camera give the direction, such as the reading of the phone's accelerometer at rest.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the file.

    Returns
    -------
    Motion
        24 joints in a world with z up. If landmarks have a visibility, the `confidence` of each
        joint is the smallest visibility of the landmarks that it depends on.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the shape or type of file is another one, if the landmarks are image landmarks
        (`pose_landmarks`), if a gap is longer than `max_gap`, or if neither `rate` nor `times` is
        given.

    See Also
    --------
    motion_from_joints : Positions of other trackers, and what positions do not determine.

    Notes
    -----
    The origin is the midpoint of the hips in each frame. Steps, jumps and squats of the whole body
    are therefore lost, and so are their accelerations. The neck is placed above the shoulders
    along the trunk, the head between the ears, the hand between the knuckles of index and little
    finger. A mirrored video gives a mirrored person. The landmarks are those of MediaPipe's guide
    to the pose landmarker.

    References
    ----------
    .. [1] H. Xu et al., "GHUM & GHUML: generative 3D human shape and articulated pose models",
       CVPR 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.motion import read_mediapipe
    >>> from m3n_sklearn.motion._mediapipe import standing_landmarks
    >>> landmarks = np.tile(standing_landmarks(1.8), (60, 1, 1))
    >>> motion = read_mediapipe(landmarks, rate=30.0)
    >>> motion, round(motion.stature, 2)
    (Motion(60 frames x 24 joints, 1.97 s at 30 Hz), 1.8)
    """
    path = Path(landmarks) if isinstance(landmarks, (str, os.PathLike)) else None
    what = "MediaPipe's landmarks" if path is None else path.name
    about = {"text": text, "label": label, "subject": subject, "name": name, "source": "mediapipe"}
    check_tracking(rate, up, "right", max_gap, noise, stature, about)
    if times is None:
        rate = known_rate(rate, what)
    with nullcontext(None) if path is None else reading(path, "landmarks of MediaPipe") as file:
        # 1. Landmarks (F, 33, 3 to 5) of one person
        points = _points(landmarks if file is None else _read(file), person, what)
        places = _visible(points, min_visibility)
        _check_world_landmarks(places, what)
        # 2. Inverse kinematics
        return tracked_motion(
            places,
            "mediapipe33",
            rate=rate,
            times=times,
            up=up,
            max_gap=max_gap,
            noise=noise,
            stature=stature,
            confidence=_visibility(points),
            usual="-y",
            camera=True,
            text=text,
            label=label,
            subject=subject,
            name=path.stem if name is None and path is not None else name,
            source="mediapipe",
        )


def standing_landmarks(stature: float = 1.7) -> Array:
    """Return landmarks (33, 3) of a person in T-pose who faces the camera; unused ones are 0."""
    rest = dict(zip(SMPL_JOINTS, reference_joints(stature), strict=True))
    points = np.zeros((COUNT, 3))
    for right, side in enumerate(("left", "right")):
        for joint, landmark in LIMBS.items():
            points[landmark + right] = rest[f"{side}_{joint}"]
        points[list(KNUCKLES[side])] = rest[f"{side}_hand"]
        points[EARS[side]] = 2 * rest["head"] - rest["neck"]
    points -= (points[LIMBS["hip"]] + points[LIMBS["hip"] + 1]) / 2
    return points * [1.0, -1.0, -1.0]


def landmarks_of_joints(joints: Array, axes: Array) -> Array:
    """Return error-free landmarks (F, 33, 3) of SMPL's joints (F, 24, 3) in a camera's axes."""
    # `axes` (3, 3): rotation from the world to the camera
    at = {joint: joints[:, i] for i, joint in enumerate(SMPL_JOINTS)}
    points = np.zeros((len(joints), COUNT, 3))
    points[:, :11] = at["head"][:, None]  # eyes, nose, ears, mouth
    for right, side in enumerate(("left", "right")):
        for joint, landmark in LIMBS.items():
            points[:, landmark + right] = at[f"{side}_{joint}"]
        points[:, [17 + right, 19 + right, 21 + right]] = at[f"{side}_hand"][:, None]
        points[:, 29 + right] = at[f"{side}_ankle"]  # heel
    hips = points[:, LIMBS["hip"]] + points[:, LIMBS["hip"] + 1]
    return np.asarray((points - hips[:, None] / 2) @ axes.T)


def _check_world_landmarks(points: Array, what: str) -> None:
    """Raise for landmarks that are not centered on the hips, such as those of the image."""
    hips = points[:, LIMBS["hip"]] + points[:, LIMBS["hip"] + 1]
    distance = np.linalg.norm(hips[np.isfinite(hips).all(axis=-1)] / 2, axis=-1)
    if len(distance) and np.median(distance) > MAX_HIP_OFFSET:
        raise ValueError(
            f"{what}: the midpoint of the hips is {np.median(distance):.2g} away from the origin, "
            "but world landmarks are relative to it. Are these pose_landmarks, relative to the "
            "image? Pass pose_world_landmarks."
        )


def _visibility(points: Array) -> Array | None:
    """Return the visibility (F, 33) of landmarks, 0 where they are missing."""
    if points.shape[2] < 4:
        return None
    visibility = np.clip(np.nan_to_num(points[..., 3]), 0.0, 1.0)
    visibility[~np.isfinite(points[..., :3]).all(axis=-1)] = 0.0
    return visibility


def is_mediapipe(content: Any) -> bool:
    """Tell whether plain content is world landmarks: frames of 33, relative to the hips."""
    if isinstance(content, Mapping):
        return any(key in content for key in (*KEYS, "landmarks"))
    if isinstance(content, np.ndarray):
        if content.ndim != 3 or content.shape[1] != COUNT or content.shape[2] not in (3, 4, 5):
            return False
        hips = np.median(content[:, [LIMBS["hip"], LIMBS["hip"] + 1], :3].sum(axis=1) / 2, axis=0)
        return bool(np.linalg.norm(hips) < MAX_HIP_OFFSET)
    frames = content if isinstance(content, list) else []
    first = next((frame for frame in frames[:1000] if frame), None)
    if isinstance(first, Mapping):
        return any(key in first for key in KEYS)
    return isinstance(first, list) and len(first) == COUNT and isinstance(first[0], Mapping)


def _visible(points: Array, least: float) -> Array:
    """Return the positions of landmarks, NaN where their visibility is too low."""
    if not is_number(least) or not 0 <= least <= 1:
        raise ValueError(f"min_visibility must lie between 0 and 1, got {least!r}.")
    if least > 0 and points.shape[2] < 4:
        raise ValueError("min_visibility= needs landmarks with visibility: (frames, 33, 4).")
    places = points[..., :3].copy()
    if least > 0:
        places[points[..., 3] < least] = np.nan
    return places


def _read(path: Path) -> Any:
    """Return the content of a file, by its ending."""
    kind = path.suffix.lower()
    if kind == ".json":
        return json.loads(read_text(path))
    if kind == ".csv":
        return _rows(path)
    if kind == ".npy":
        return load_plain(path)
    if kind == ".npz":
        return _from_npz(path)
    raise ValueError(
        f"{path.name}: landmarks are read from .npy, .npz, .csv and .json files, not from "
        f"{kind or 'files without an ending'}."
    )


def _is_numeric(row: list[str]) -> bool:
    """Tell whether all cells of a row are numbers or empty."""
    try:
        [float(cell or "nan") for cell in row]
    except ValueError:
        return False
    return True


def _rows(path: Path) -> Array:
    """Return the rows of a CSV file as an array."""
    rows = [row for row in csv.reader(io.StringIO(read_text(path), newline="")) if row]
    if rows and not _is_numeric(rows[0]):
        rows = rows[1:]  # names of the columns
    if not rows:
        raise ValueError("it has no rows")
    wrong = next((n for n, row in enumerate(rows) if len(row) != len(rows[0])), None)
    if wrong is not None:
        raise ValueError(
            f"row {wrong} has {len(rows[wrong])} columns, but the first one has {len(rows[0])}"
        )
    return np.array([[float(cell or "nan") for cell in row] for row in rows])


def _from_npz(path: Path) -> Array:
    """Return the landmarks of an .npz file, with their visibility if there is one."""
    arrays = read_npz(path)
    visibility = arrays.get("visibility")
    others = sorted(set(arrays) - {"visibility"})
    key = next((key for key in (*KEYS, "landmarks") if key in arrays), None)
    if key is None and len(others) != 1:
        raise ValueError(
            f"{path.name} must contain a single array, or {KEYS[0]!r}; it has {others}."
        )
    points = np.asarray(arrays[key or others[0]], dtype=np.float64)
    if visibility is None or points.ndim != 3:
        return points
    if visibility.shape != points.shape[:2]:
        raise ValueError(
            f"{path.name}: visibility has shape {visibility.shape}, but landmarks of shape "
            f"{points.shape} need {points.shape[:2]}."
        )
    return np.concatenate([points[..., :3], np.asarray(visibility, np.float64)[..., None]], axis=-1)


def _points(frames: Any, person: int, what: str) -> Array:
    """Return the landmarks of one person as an array (F, 33, 3 to 5)."""
    if isinstance(frames, Mapping) or not isinstance(frames, Iterable):
        given = list(frames)[:10] if isinstance(frames, Mapping) else frames
        raise ValueError(f"{what} must be a list of frames, got {type(frames).__name__} {given!r}.")
    # 1. Results of frames, with NaN where nobody is visible
    if not isinstance(frames, np.ndarray):
        frames = [_frame(frame, person, f"{what}: frame {n}") for n, frame in enumerate(frames)]
        width = min((len(frame[0]) for frame in frames if frame), default=3)
        missing = np.full((COUNT, width), np.nan)
        frames = [[row[:width] for row in frame] if frame else missing for frame in frames]
    # 2. An array, possibly with landmarks and coordinates on one axis
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
    """Return the landmarks of one person in one frame; an empty list if nobody is visible."""
    marks = _listed(_world(frame), where)
    rows = [_landmark(mark) for mark in marks]
    if marks and all(row is None for row in rows):  # these are people, not landmarks
        marks = _listed(marks[person], where) if person < len(marks) else []
        rows = [_landmark(mark) for mark in marks]
    complete = [row for row in rows if row is not None]
    if marks and (len(complete) != COUNT or len(rows) != COUNT):
        raise ValueError(
            f"{where} has {len(rows)} landmarks, {len(complete)} of them with x, y and z, instead "
            f"of {COUNT}."
        )
    return complete


def _world(frame: Any) -> Any:
    """Return the world landmarks of a result, or the frame itself if it has no such entry."""
    for key in KEYS:
        if isinstance(frame, Mapping) and key in frame:
            return frame[key]
        if hasattr(frame, key):
            return getattr(frame, key)
    return frame


def _listed(marks: Any, where: str) -> list[Any]:
    """Return landmarks, or people, as a list; an empty one for None."""
    marks = getattr(marks, "landmark", marks)
    if marks is None:
        return []
    if isinstance(marks, Mapping) or not isinstance(marks, Iterable):
        keys = f"; it has {list(marks)[:10]}" if isinstance(marks, Mapping) else ""
        raise ValueError(f"{where} has none of {', '.join(KEYS)} and is not a list{keys}.")
    return list(marks)


def _landmark(mark: Any) -> list[float] | None:
    """Return [x, y, z] or [x, y, z, visibility] of a landmark in any notation, or None."""
    if isinstance(mark, Mapping):
        values: list[Any] = [mark.get(key) for key in ("x", "y", "z", "visibility")]
    elif hasattr(mark, "x"):
        values = [getattr(mark, key, None) for key in ("x", "y", "z", "visibility")]
    else:
        values = list(mark) if isinstance(mark, Sequence | np.ndarray) else []
    if len(values) == 4 and values[3] is None:
        values = values[:3]
    return values if 3 <= len(values) <= 5 and all(map(is_number, values)) else None
