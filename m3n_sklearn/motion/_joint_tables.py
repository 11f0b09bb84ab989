"""Reader of joint positions in arrays, records and tables: .npy, .npz, .pkl, .csv, .json files.

The content of a file becomes a `Table`: positions, and whatever else the file says about them.
Readers of marker files (TRC, C3D) make a `Table`, too, and share the rest of the way.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._files import reading
from .._plain_content import load_plain
from .._text_files import read_text
from .._typing import Array
from .._validation import check_positive, is_number, real_array
from .._warn import warn
from ..skeleton import REQUIRED, fitted_stature, joint_columns, segment_lengths, sets_of
from ._from_joints import check_tracking, tracked_motion
from ._mocap_exports import read_export
from ._motion import Motion
from ._tracked_joints import Layout

__all__ = ["Table", "check_scale", "read_joints", "table_motion"]

UNITS = {"meters": 1.0, "centimeters": 0.01, "millimeters": 0.001, "inches": 0.0254}
ADULT, HUMAN = (1.2, 2.2), (0.5, 2.5)
"""Statures in m of adults and of all people. Only one of the units above makes a body adult."""

MAX_CLOCK_ERROR = 0.25
"""Deviation of time stamps from an even clock, in frames, below which the clock is even."""

# ---- keys of archives and records

POSITIONS = (
    "pred_keypoints_3d", "keypoints_3d", "keypoints3d", "positions_3d", "positions",
    "joint_positions", "joints_3d", "joints3d", "pred_joints", "joints", "poses_3d", "pose_3d",
    "skeleton", "keypoints", "motion",
)  # fmt: skip
NAMES = ("joint_names", "keypoint_names", "names", "joints_names", "marker_names")
RATES = ("fps", "rate", "frame_rate", "framerate", "mocap_framerate", "mocap_frame_rate")
TIMES = ("times", "timestamps", "time", "t")
SCORES = ("confidence", "scores", "keypoint_scores", "visibility", "score")
FRAME_LISTS = ("frames", "instance_info", "data", "results")
PEOPLE = ("instances", "people", "persons", "predictions")
IMAGE_KEYS = ("pose_keypoints_2d", "keypoints_2d")

# ---- HumanML3D

FEATURES = 263
"""Features of a frame in HumanML3D for 22 joints."""

FEATURE_RATE = 20.0
"""Frames per second of HumanML3D."""


@dataclass(frozen=True)
class Table:
    """Joint positions as a file has them."""

    positions: Array  # (F, K, 3 or 4)
    names: Sequence[str] | None = None  # of the K columns
    rate: float | None = None  # Hz
    times: Array | None = None  # (F,), in s
    confidence: Array | None = None  # (F, K)
    meters: float | None = None  # per unit of the positions, if the file says it
    layout: str | None = None  # name of a joint set, if the format says it
    up: str | None = None  # axis that points up in the format
    camera: bool = False  # whether the world is a camera's frame


def read_joints(
    path: str | os.PathLike[str],
    layout: Layout = "auto",
    *,
    rate: float | None = None,
    scale: float | str = "auto",
    person: int = 0,
    up: str | ArrayLike = "auto",
    handedness: str = "right",
    max_gap: float = 0.25,
    noise: float = 0.03,
    stature: float | None = None,
    text: str | Sequence[str] | None = (),
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
    source: str | None = None,
) -> Motion:
    """Read a file of joint positions and estimate the motion.

    Parameters
    ----------
    path : path-like
        One of

        - .npy: positions of shape (F, K, 3), (F, K, 4) with confidence, or (F, 3 K), or the
          features (F, 263) of HumanML3D [1]_;
        - .npz: positions as `positions`, `joints`, `keypoints_3d` or a similar name, optionally
          with `joint_names`, `fps`, `times` in s and `confidence`;
        - .csv, .tsv or .txt: one row per frame, with columns such as ``left_wrist_x``, ``LWristX``
          or ``x_left_wrist``, optionally with a column `time` in s and one of the confidence, such
          as ``left_wrist_score``; also with the names in several rows, as DeepLabCut writes them,
          and the exports of Motive (bones in a CSV file) and Qualisys (joints in a TSV file);
        - .json and .pkl: the same entries as .npz, or a list with one such record per frame, or
          with a list of people per frame. Nothing in a pickle is executed.

        `pred_keypoints_3d` and `pred_cam_t` are results of SAM 3D Body.
    layout : str, sequence of str, or mapping of str to int, default="auto"
        The order of the joints, see :func:`motion_from_joints`. "auto" takes the names in the file,
        else the only joint set with that number of joints.
    rate : float, optional
        Frames per second. Overrides the rate and the time stamps of the file.
    scale : float or "auto", default="auto"
        Meters per unit of the file. "auto" chooses among meters, centimeters, millimeters and
        inches the one in which the person is between 1.2 and 2.2 m tall.
    person : int, default=0
        Index of the person in frames with several people.
    up, handedness, max_gap, noise, stature
        See :func:`motion_from_joints`.
    text, label, subject
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the file.
    source : str, optional
        Origin of the clip. By default the name of the joint set.

    Returns
    -------
    Motion
        24 joints in a world with z up.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file has no joint positions, or positions in an image, if its rate is not known, or
        as :func:`motion_from_joints` does.

    See Also
    --------
    motion_from_joints : Positions in an array, and what positions do not determine.
    read_mediapipe : Landmarks of MediaPipe.

    Notes
    -----
    The features of HumanML3D are relative to the heading of the body. Heading and path are the
    cumulative sums of their speeds; the positions of the joints follow from the features 4 to 66.
    Features must be in m: undo the normalization with ``features * std + mean`` first.

    References
    ----------
    .. [1] C. Guo et al., "Generating diverse and natural 3D human motions from text", CVPR 2022.

    Examples
    --------
    >>> import numpy as np, os, tempfile
    >>> from m3n_sklearn.body import default_body
    >>> from m3n_sklearn.motion import read_joints
    >>> standing = np.repeat(default_body(stature=1.75).rest_joints[None, :22], 40, axis=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "stand.npy")
    ...     np.save(file, standing)
    ...     read_joints(file, rate=20.0, text="a person stands")
    Motion(40 frames x 24 joints, 1.95 s at 20 Hz, 'a person stands')
    """
    about: dict[str, Any] = {
        "text": text,
        "label": label,
        "subject": subject,
        "name": name,
        "source": source,
    }
    check_tracking(rate, up, handedness, max_gap, noise, stature, about)
    check_scale(scale)
    with reading(path, "a file of joint positions") as file:
        return table_motion(
            _read_table(file, person, layout),
            file,
            layout=layout,
            rate=rate,
            scale=scale,
            up=up,
            handedness=handedness,
            max_gap=max_gap,
            noise=noise,
            stature=stature,
            **about,
        )


def table_motion(
    table: Table,
    file: Path,
    *,
    layout: Layout,
    rate: float | None,
    scale: float | str,
    stature: float | None,
    name: str | None,
    **options: Any,
) -> Motion:
    """Estimate the motion of a table; `options` are those of `tracked_motion`."""
    # 1. The order of the joints: as given, by the names in the file, or by their number
    positions = table.positions
    if isinstance(layout, str) and layout == "auto":
        layout = table.layout or table.names or layout
    elif not isinstance(layout, str) and isinstance(layout, Mapping) and table.names:
        layout = _by_name(layout, table.names)
    # 2. Meters
    factor = _meters_per_unit(table, layout, stature) if scale == "auto" else float(scale)
    positions = np.concatenate([factor * positions[..., :3], positions[..., 3:]], axis=-1)
    # 3. The clock
    clock: dict[str, Any] = {"rate": rate, "times": None}
    if rate is None:
        clock = _clock(table, file)
    return tracked_motion(
        positions,
        layout,
        **clock,
        confidence=table.confidence,
        stature=stature,
        usual=table.up,
        camera=table.camera,
        name=file.stem if name is None else name,
        **options,
    )


def check_scale(scale: float | str) -> None:
    if is_number(scale):
        check_positive(scale, "scale", "meters per unit")
    elif scale != "auto":
        raise ValueError(f"scale must be 'auto' or a number of meters per unit, got {scale!r}.")


def _by_name(layout: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Any]:
    """Replace names of columns in a layout by their numbers."""
    unknown = [k for k in layout.values() if isinstance(k, str) and k not in names]
    if unknown:
        raise ValueError(f"layout contains {unknown}, but the columns are {list(names)}.")
    return {j: names.index(k) if isinstance(k, str) else k for j, k in layout.items()}


def _meters_per_unit(table: Table, layout: Layout, stature: float | None) -> float:
    """Return the meters per unit: those of the file, else of the unit in which people are adult."""
    if table.meters is None and stature is not None:
        return 1.0  # the stature sets the size
    # 1. The stature in the unit of the file
    _, columns = joint_columns(layout, table.positions.shape[1])
    paths = {j: table.positions[:, list(columns[j]), :3].mean(axis=1) for j in REQUIRED}
    seen = np.all([np.isfinite(path).all(-1) & path.any(-1) for path in paths.values()], axis=0)
    if not seen.any():
        return table.meters or 1.0
    size = fitted_stature(segment_lengths({joint: path[seen] for joint, path in paths.items()}))
    # 2. The unit of the file, unless the person is not human in it
    if table.meters is not None and HUMAN[0] <= size * table.meters <= HUMAN[1]:
        return table.meters
    fits = [unit for unit in UNITS if ADULT[0] <= size * UNITS[unit] <= ADULT[1]]
    if table.meters is not None and fits:
        warn(
            f"In the unit that the file names, the person is {size * table.meters:.3g} m tall. "
            f"Positions seem to be in {fits[0]} and are read so. Pass scale= in meters per unit "
            "to decide."
        )
    return UNITS[fits[0]] if fits else table.meters or 1.0


def _clock(table: Table, file: Path) -> dict[str, Any]:
    """Return the arguments `rate` and `times` of a table."""
    times, rate = table.times, table.rate
    if times is not None and len(times) > 1:
        # an even clock is known better by its rate than by stamps with few decimals
        if rate is None:
            return {"rate": None, "times": times}
        even = times[0] + np.arange(len(times)) / rate
        if not np.abs(times - even).max() * rate < MAX_CLOCK_ERROR:
            return {"rate": None, "times": times}
    if rate is None:
        raise ValueError(
            f"{file.name} contains neither its frame rate nor time stamps. Pass rate= in frames "
            "per second (20 for HumanML3D); a wrong rate scales every simulated acceleration by "
            "its square."
        )
    return {"rate": check_positive(rate, "the rate of the file", "Hz"), "times": None}


# ---- files


def _read_table(file: Path, person: int, layout: Layout) -> Table:
    """Return the content of a file, by its ending."""
    kind = file.suffix.lower()
    if kind in (".npy", ".npz", ".pkl", ".pickle"):
        return _from_content(load_plain(file), person, layout)
    if kind == ".json":
        return _from_content(json.loads(read_text(file)), person, layout)
    if kind in (".csv", ".tsv", ".txt"):
        return _from_text(read_text(file), person, layout)
    raise ValueError(
        "joint positions are read from .npy, .npz, .pkl, .csv, .tsv, .txt and .json files, not "
        f"from {kind or 'files without an ending'}."
    )


def _from_array(values: ArrayLike, given: Layout, **facts: Any) -> Table:
    """Return positions (F, K, 3) or (F, 3 K), or those of HumanML3D's features (F, 263)."""
    array = real_array(values, "the array", "positions of shape (frames, joints, 3)")
    if array.ndim == 2 and array.shape[1] == FEATURES:
        places = humanml3d_positions(array)
        return Table(places, rate=FEATURE_RATE, meters=1.0, layout="smpl22", up="y")
    if array.ndim == 2:
        array = _unflattened(array, given)
    return Table(array, **facts)


def _unflattened(rows: Array, layout: Layout) -> Array:
    """Return rows of x, y, z, with or without a confidence, as (F, K, 3 or 4)."""
    for size in (3, 4):
        count, rest = divmod(rows.shape[1], size)
        if rest == 0 and (sets_of(count) if layout == "auto" else _fits(layout, count)):
            return rows.reshape(len(rows), count, size)
    raise ValueError(
        f"it has rows of {rows.shape[1]} numbers, which are not x, y, z of the joints of a known "
        "set, or of `layout`. Save positions of shape (frames, joints, 3)."
    )


def _fits(layout: Layout, count: int) -> bool:
    """Tell whether a layout describes a number of joints."""
    try:
        joint_columns(layout, count)
    except (TypeError, ValueError):
        return False
    return True


def humanml3d_positions(features: Array) -> Array:
    """Return positions (F, 22, 3), y up, from HumanML3D's features (F, 263)."""
    # columns: 0 heading speed (half angle per frame), 1-2 speed in x and z, 3 height of the root,
    # 4-66 positions of the other joints relative to the root, turned to the heading
    if np.median(features[:, 3]) < 0.2:
        raise ValueError(
            "the root of these features of HumanML3D lies on the floor most of the time, so they "
            "seem to be normalized. Undo it with features * std + mean (Mean.npy, Std.npy)."
        )
    # 1. The heading; h is the half angle, so that the turn about y is by -2 h
    half = np.concatenate([[0.0], np.cumsum(features[:-1, 0])])
    cosine, sine = np.cos(2 * half), np.sin(2 * half)
    turn = np.zeros((len(half), 3, 3))
    turn[:, 0, 0], turn[:, 0, 2] = cosine, -sine
    turn[:, 2, 0], turn[:, 2, 2] = sine, cosine
    turn[:, 1, 1] = 1.0
    # 2. The path: speeds in the frame of the heading, summed
    step = np.zeros((len(half), 3))
    step[1:, [0, 2]] = features[:-1, 1:3]
    root = np.cumsum(np.einsum("fij,fj->fi", turn, step), axis=0)
    root[:, 1] = features[:, 3]
    # 3. The other joints
    others = np.einsum("fij,fkj->fki", turn, features[:, 4:67].reshape(-1, 21, 3))
    others += root[:, None] * [1.0, 0.0, 1.0]
    return np.concatenate([root[:, None], others], axis=1)


# ---- archives and records


def _from_record(
    record: Mapping[str, Any], person: int, layout: Layout, *, single: bool = False
) -> Table:
    """Return the positions in a mapping; `single`: of one frame."""
    key = _first(record, POSITIONS)
    if key is None and len(record) == 1 and not single:
        key = next(iter(record))  # an archive with a single array
    if key is None:
        image = _first(record, IMAGE_KEYS)
        given = ", ".join(map(repr, list(record)[:20])) or "nothing"
        hint = f" {image!r} are 2-D positions in an image." if image else ""
        raise ValueError(
            f"it has no joint positions ({', '.join(POSITIONS[:6])}, ...); it has {given}.{hint}"
        )
    if np.ndim(record[key]) == 0:
        raise ValueError(f"its entry {key!r} is not joint positions, but {record[key]!r:.60}.")
    # 1. Positions of one person; those of SAM 3D Body are relative to the camera's translation
    places = real_array(record[key], key, "positions of shape (frames, joints, 3)")
    places = places[None] if single else places
    if places.ndim == 4:
        places = places[:, _check_person(person, places.shape[1])]
    facts: dict[str, Any] = {}
    if key == "pred_keypoints_3d":
        facts = {"layout": "mhr70" if places.shape[1] == 70 else None, "up": "-y", "camera": True}
        if "pred_cam_t" in record:
            shift = real_array(record["pred_cam_t"], "pred_cam_t", "(frames, 3) in m")
            shift = shift[:, person] if shift.ndim == 3 else shift
            places = places + shift.reshape(len(places), 1, 3)
    # 2. What else there is
    names, rate, times, score = (_first(record, keys) for keys in (NAMES, RATES, TIMES, SCORES))
    if names is not None:
        facts["names"] = [str(each) for each in np.asarray(record[names]).ravel().tolist()]
    if rate is not None:
        facts["rate"] = float(real_array(record[rate], rate, "frames per second").ravel()[0])
    if times is not None and not single:
        facts["times"] = real_array(record[times], times, "time stamps in s").ravel()
    if score is not None:
        scores = real_array(record[score], score, "confidences (frames, joints)")
        scores = scores[None] if single else scores
        facts["confidence"] = scores[:, person] if scores.ndim == 3 else scores
    return _from_array(places, layout, **facts)


def _first(record: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    """Return the first of these keys that a record has."""
    return next((key for key in keys if key in record), None)


def _check_person(person: int, count: int) -> int:
    if isinstance(person, bool) or not isinstance(person, (int, np.integer)):
        raise ValueError(f"person must be a whole number, got {person!r}.")
    if not 0 <= person < count:
        raise ValueError(f"person={person}, but there are {count} people.")
    return int(person)


def _from_content(content: Any, person: int, layout: Layout) -> Table:
    """Return the positions in a record, in a list of one record per frame, or in an array."""
    if isinstance(content, Mapping):
        if _first(content, POSITIONS) is not None and _first(content, FRAME_LISTS) is None:
            return _from_record(content, person, layout)
        frames = content.get(_first(content, FRAME_LISTS) or "", None)
        if frames is None and _first(content, PEOPLE) is not None:
            frames = [content]  # a file of one frame
        if not isinstance(frames, list):
            return _from_record(content, person, layout)  # raises and lists the keys
        table = _from_frames(frames, person, layout)
        rate = _first(content, RATES)
        facts = {} if rate is None else {"rate": float(content[rate])}
        return Table(**{**vars(table), **facts})
    if isinstance(content, list) and not content:
        raise ValueError("it has no joint positions: its list is empty.")
    if isinstance(content, list) and not isinstance(content[0], list | Mapping):
        raise ValueError(f"it is a list of {type(content[0]).__name__}, not of frames.")
    if isinstance(content, list) and any(map(_record_of, content)):
        return _from_frames(content, person, layout)
    return _from_array(content, layout)


def _record_of(frame: Any) -> list[Mapping[str, Any]]:
    """Return the records of the people in a frame."""
    if isinstance(frame, Mapping):
        people = _first(frame, PEOPLE)
        return _record_of(frame[people]) if people is not None else [frame]
    if isinstance(frame, list):
        return [each for each in frame if isinstance(each, Mapping)]
    return []


def _from_frames(frames: Sequence[Any], person: int, layout: Layout) -> Table:
    """Return the positions of one person in a list of frames; NaN where nobody is seen."""
    tables: list[Table | None] = []
    for number, frame in enumerate(frames):
        people = _record_of(frame)
        if len(people) <= person:
            tables.append(None)
            continue
        try:
            tables.append(_from_record(people[person], 0, layout, single=True))
        except ValueError as error:
            raise ValueError(f"frame {number}: {error}") from error
    seen = [table for table in tables if table is not None]
    if not seen:
        raise ValueError(f"person={person} is in none of its {len(frames)} frames.")
    shapes = {table.positions.shape for table in seen}
    if len(shapes) > 1:
        raise ValueError(f"frames have different numbers of joints: {sorted(shapes)}.")
    empty = np.full(seen[0].positions.shape, np.nan)
    positions = np.concatenate([empty if t is None else t.positions for t in tables])
    confidence = None
    if all(table.confidence is not None for table in seen):
        none = np.zeros(empty.shape[:2])
        confidence = np.concatenate(
            [none if t is None or t.confidence is None else t.confidence for t in tables]
        )
    return Table(**{**vars(seen[0]), "positions": positions, "confidence": confidence})


# ---- tables of text

_UNIT = re.compile(r"\s*[\[(][^\])]*[\])]\s*$")
_AXIS_LAST = re.compile(r"^(.+?)(?:[\s_.\-:/]+([xyzXYZ])|(?<=[a-z0-9])([XYZ]))$")
_AXIS_FIRST = re.compile(r"^([xyzXYZ])(?:[\s_.\-:/]+(.+)|([0-9]+))$")
_SCORE = re.compile(
    r"^(.+?)[\s_.\-:/]+(score|conf|confidence|likelihood|visibility|prob|probability|c|v|p)$", re.I
)
_TIME = re.compile(r"^(time|timestamp|timestamps|t|seconds|sec|times)(_?(s|sec|ms|us))?$", re.I)
_NUMBERED = re.compile(r"^(joint|point|keypoint|landmark|marker|kp|kpt|j|p)?[\s_.\-]*[0-9]+$", re.I)
_PER_SECOND = {"ms": 1e-3, "us": 1e-6}


def _from_text(content: str, person: int, layout: Layout) -> Table:
    """Return the positions in a table with one row per frame."""
    rows = _rows(content)
    is_auto = isinstance(layout, str) and layout == "auto"
    export = read_export(rows, person, named=is_auto)
    if export is not None:
        return Table(**export)
    # 1. Rows of names, then rows of numbers
    start = next((n for n, row in enumerate(rows) if _is_numeric(row)), len(rows))
    header, body = rows[:start], rows[start:]
    if not body:
        raise ValueError("it has no rows of numbers.")
    width = len(body[0])
    wrong = next((n for n, row in enumerate(body) if len(row) != width), None)
    if wrong is not None:
        raise ValueError(
            f"row {wrong} below the names has {len(body[wrong])} columns, but the first one has "
            f"{width}."
        )
    values = np.array([[float(cell or "nan") for cell in row] for row in body])
    if not header:
        return _from_array(values, layout)
    return _named_columns(_column_names(header, width), values, layout)


def _rows(content: str) -> list[list[str]]:
    """Split a table into cells by the separator that its first lines have most."""
    lines = [line for line in content.splitlines() if line.strip() and not line.startswith("#")]
    head = "\n".join(lines[:5])
    mark = max((",", ";", "\t"), key=head.count)
    if not head.count(mark):
        return [line.split() for line in lines]
    if mark == ";" and "." not in head:  # decimal commas
        lines = [line.replace(",", ".") for line in lines]
    rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=mark)
    cells = [[cell.strip() for cell in row] for row in rows]
    if all(row and not row[-1] for row in cells):
        cells = [row[:-1] for row in cells]  # a separator at the end of each line
    return cells


def _is_numeric(row: Sequence[str]) -> bool:
    """Tell whether all cells of a row are numbers or empty, and at least one a number."""
    try:
        values = [float(cell or "nan") for cell in row]
    except ValueError:
        return False
    return not np.isnan(values).all()


def _column_names(header: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the name of each column; those of several rows are joined."""
    wrong = next((row for row in header if len(row) != width), None)
    if wrong is not None:
        raise ValueError(f"it has {len(wrong)} names for {width} columns.")
    # with several rows, the last two hold joint and coordinate
    filled = []
    for row in header[-2:]:
        names: list[str] = []
        for cell in row:
            names.append(cell or (names[-1] if names and row is not header[-1] else ""))
        filled.append(names)
    return ["_".join(filter(None, parts)) for parts in zip(*filled, strict=True)]


def _named_columns(names: Sequence[str], values: Array, layout: Layout) -> Table:
    """Return the positions, confidences and time stamps among named columns."""
    places: dict[str, dict[str, int]] = {}
    scores: dict[str, int] = {}
    times = None
    for column, full in enumerate(names):
        name = _UNIT.sub("", full).strip()
        if found := _AXIS_LAST.match(name):
            places.setdefault(found[1], {})[(found[2] or found[3]).lower()] = column
        elif found := _AXIS_FIRST.match(name):
            places.setdefault(found[2] or found[3], {})[found[1].lower()] = column
        elif found := _SCORE.match(name):
            scores[found[1]] = column
        elif times is None and (found := _TIME.match(name)):
            unit = (found[3] or "").lower() or full[len(name) :].strip(" []()").lower()
            times = values[:, column] * _PER_SECOND.get(unit, 1.0)
    complete = {name: axes for name, axes in places.items() if {*axes} == {"x", "y", "z"}}
    if not complete:
        flat = any({*axes} == {"x", "y"} for axes in places.values())
        raise ValueError(
            "it has no columns such as left_wrist_x, left_wrist_y and left_wrist_z; it has "
            f"{', '.join(map(repr, names[:12]))}"
            + (". Columns x and y without z are 2-D positions in an image." if flat else ".")
        )
    order = [[axes[axis] for axis in "xyz"] for axes in complete.values()]
    joints = list(complete)
    confidence = None
    if all(joint in scores for joint in joints):
        confidence = values[:, [scores[joint] for joint in joints]]
    return Table(
        values[:, order],
        names=None if all(map(_NUMBERED.match, joints)) else joints,
        times=times,
        confidence=confidence,
    )
