"""MM-Fit: gym exercises with watches, phones, an earbud and poses from video."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from .._array_files import read_npy
from .._files import reading
from .._typing import Array
from .._validation import check_rate
from ..motion import Motion, motion_from_joints
from ..recording import Recording, channel_names, resample_timestamps
from ..skeleton import JOINT_SETS
from ._bunch import Fold, cut_into, cutting_options, leave_one_out, make_bunch, select_known
from ._reading import check_duration, find_root, require_file

__all__ = ["EXERCISES", "MMFIT_PERSON_OF", "NON_ACTIVITY", "Exercise", "load_mmfit", "mmfit_split"]

NAME = "MM-Fit"
OBTAIN = "Get mm-fit.zip from https://mmfit.github.io and unpack it: mm-fit/w00, mm-fit/w01, …"
FRAME_RATE = 30.0
MAX_GAP = 0.5
MILLIMETER = 1e-3
MOST_FRAMES = 10**7
"""Number of a frame at most: four days of video."""
OTHER = {"left": "right", "right": "left"}

SENSORS: dict[str, str] = {
    "sw_l": "left_wrist",
    "sw_r": "right_wrist",
    "sp_l": "left_pocket",
    "sp_r": "right_pocket",
    "eb_l": "left_ear",
}

MMFIT_PERSON_OF: dict[str, int] = {
    f"w{workout:02d}": person
    for workout, person in enumerate(
        (2, 0, 1, 0, 1, 2, 0, 1, 0, 1, 0, 1, 3, 4, 0, 1, 5, 6, 7, 8, 9)
    )
}
"""The person of each workout, from the authors' notebook."""

DESCR = """\
MM-Fit: ten gym exercises, 10 people, 21 workouts, 809 minutes, 616 sets of about 10 repetitions.

Sensors: watches on both wrists (sw_l, sw_r; 100 Hz), phones in the trouser pockets (sp_l, sp_r; 210
and 500 Hz), an earbud on the left (eb_l; 90 Hz); acceleration in m/s² and angular rate in rad/s.
Poses: 17 joints of Human3.6M, estimated from video at 30 frames per second. Classes: the ten
exercises, and non_activity between the sets.

What the loader corrects
  Time: sensors send packets whose rows share a time stamp (10 to 28 % of the rows of phones and
  earbud). Rows are put on the even clock of their sensor and resampled with a band limit. No window
  is cut where rows were lost (the longest gap is 74 s).
  Frames: labels and poses count frames of the left camera. Their times follow from the frame number
  and time stamp of each sensor row. Time 0 is frame 0.
  Missing files: some workouts lack a device. They are skipped if that device is chosen.
  People: the 21 workouts are those of 10 people. Groups are people.
  Poses: millimeters become meters, z is up. Columns follow Human3.6M (right leg first, left arm
  first). The authors' list has left and right exchanged; in right-handed axes the knees then bend
  backward. If the video is mirrored, mirrored=True uses their list and mirrors the axes. Compare
  with the watches before relying on sides.
What it does not correct
  Watch axes are Android's (TicWatch Pro). How the watches were worn is not documented.

License: see https://mmfit.github.io. Cite
  D. Strömbäck, S. Huang, V. Radu: MM-Fit: Multimodal Deep Learning for Automatic Exercise Logging
  across Sensing Devices. Proc. ACM IMWUT 4(4), article 168, 2020.

Captions and descriptions of the classes were written for this library.
"""

NON_ACTIVITY = "non_activity"
"""Everything between the sets."""


class _Set(NamedTuple):
    """An exercise set: frames [start, stop), number of repetitions and class."""

    start: int
    stop: int
    repetitions: int
    label: str


class _FrameClock(NamedTuple):
    """Times of camera frames, by nearly linear interpolation between knots."""

    frames: Array
    times: Array

    def __call__(self, frames: Array) -> Array:
        """Return the time of each frame in s; beyond the knots at the nominal frame rate."""
        inside = np.interp(frames, self.frames, self.times)
        early = self.times[0] + (frames - self.frames[0]) / FRAME_RATE
        late = self.times[-1] + (frames - self.frames[-1]) / FRAME_RATE
        return np.where(
            frames < self.frames[0], early, np.where(frames > self.frames[-1], late, inside)
        )


def load_mmfit(
    path: str | Path,
    *,
    subjects: Iterable[int] | int | None = None,
    sessions: Iterable[str] | str | None = None,
    sensors: str | Sequence[str] = ("sw_l", "sw_r"),
    skeletons: bool = True,
    mirrored: bool = False,
    seconds: float | None = 5.0,
    rate: float = 50.0,
    **cutting: Any,
) -> Bunch:
    """Load MM-Fit from its official files.

    Parameters
    ----------
    path : str or Path
        Folder of the workouts (``w00``, …) or the one above it.
    subjects : int or iterable of int, optional
        People, 0 to 9; some wore the watches in several workouts. All by default.
    sessions : str or iterable of str, optional
        Workouts, such as ``"w00"``. All by default.
    sensors : str or sequence of str, default=("sw_l", "sw_r")
        Devices, in the order of the channels: sw_l and sw_r (watches), sp_l and sp_r (phones in the
        pockets), eb_l (earbud).
    skeletons : bool, default=True
        Whether to turn the poses of each exercise set into a motion.
    mirrored : bool, default=False
        Whether to use the authors' order of joints and to mirror the axes; see ``DESCR``.
    seconds : float or None, default=5.0
        Length of the windows. None reads the recordings and cuts no windows.
    rate : float, default=50.0
        Rate of recordings and windows in Hz.
    **cutting : dict
        Further arguments of :func:`~m3n_sklearn.recording.cut`, such as
        ``ignore="non_activity"``. Other defaults than there: ``label="center"``, as the authors
        label windows, and ``dtype=float32``.

    Returns
    -------
    Bunch
        With the fields

        - ``X``, ``y``, ``groups``, ``sessions``: windows, classes, people and workouts of the rows;
          None if `seconds` is None.
        - ``recordings``: one per workout, with a class per sample. ``motions``: one per exercise
          set, on the clock of its workout's recording, with label and captions.
        - ``label_names``, ``descriptions``: name and prompts of each class.
        - ``repetitions``: counted repetitions of each set, by name.
        - ``excluded``: skipped workouts and sets without a motion, with the reason.
        - ``DESCR``: the data set, and what the loader corrects.

    Raises
    ------
    FileNotFoundError
        If the folder or the labels of a workout are missing.
    ValueError
        If an argument or the content of a file is wrong.
    TypeError
        If an argument does not exist.

    Examples
    --------
    >>> from m3n_sklearn.datasets import load_mmfit
    >>> data = load_mmfit("mm-fit", skeletons=False)  # doctest: +SKIP
    """
    check_rate(rate, "rate")
    options = cutting_options(cutting, label="center", dtype=np.float32)
    root = find_root(
        path, (".", "mm-fit"), "w[0-9][0-9]/w*_labels.csv", dataset=NAME, obtain=OBTAIN
    )
    devices = select_known("sensors", sensors, list(SENSORS))
    there = sorted(folder.name for folder in root.glob("w[0-9][0-9]") if folder.is_dir())
    recordings: list[Recording] = []
    motions: list[Motion] = []
    repetitions: dict[str, int] = {}
    excluded: dict[str, str] = {}
    people = select_known("subjects", subjects, sorted(set(MMFIT_PERSON_OF.values())))
    chosen = select_known("sessions", sessions, there)
    if subjects is not None:
        chosen = [workout for workout in chosen if MMFIT_PERSON_OF.get(workout) in people]
    if not chosen:
        raise FileNotFoundError(f"{NAME}: {root} has no workout of the people {people}. {OBTAIN}")
    for workout in chosen:
        missing = _missing(root, workout, devices)
        if missing:
            excluded[workout] = f"no {', '.join(missing)}"
            continue
        sets = _read_sets(root, workout)
        recording, clock = _read_recording(root, workout, devices, sets, rate)
        recordings.append(recording)
        repetitions |= {_set_name(workout, i): one.repetitions for i, one in enumerate(sets)}
        if skeletons:
            found, failed = _read_motions(root, workout, sets, clock, mirrored)
            motions += found
            excluded |= failed
    if not recordings:
        raise ValueError(
            f"{NAME}: none of the chosen workouts {chosen} has the sensors {devices}: {excluded}."
        )
    bunch = make_bunch(
        motions=motions,
        recordings=recordings,
        label_names={label: one.name for label, one in EXERCISES.items()},
        descriptions={label: one.prompts for label, one in EXERCISES.items()},
        description=DESCR,
        repetitions=repetitions,
        excluded=excluded,
    )
    if seconds is None:
        return bunch
    return cut_into(
        bunch,
        recordings,
        [str(recording.name) for recording in recordings],
        root=root,
        seconds=seconds,
        **options,
    )


def mmfit_split(name: str) -> list[Fold]:
    """Return a split of MM-Fit.

    Parameters
    ----------
    name : {"official", "loso"}
        The authors' split with the parts train, val, test and unseen_test, or one fold per person.
        The people of "test" also occur in "train"; those of "unseen_test" do not.

    Returns
    -------
    list of dict
        Folds of workouts for ``load_mmfit(sessions=…)`` and
        :func:`~m3n_sklearn.datasets.cv_from_split`.

    Examples
    --------
    >>> mmfit_split("official")[0]["unseen_test"]
    ('w00', 'w05', 'w12', 'w13', 'w20')
    """
    if name == "official":
        parts = {
            "train": (1, 2, 3, 4, 6, 7, 8, 16, 17, 18),
            "val": (14, 15, 19),
            "test": (9, 10, 11),
            "unseen_test": (0, 5, 12, 13, 20),
        }
        return [{part: tuple(f"w{k:02d}" for k in numbers) for part, numbers in parts.items()}]
    if name == "loso":
        return leave_one_out(MMFIT_PERSON_OF)
    raise ValueError(f"name must be 'official' or 'loso', got {name!r}.")


# ---- one workout


def _file(root: Path, workout: str, key: str) -> Path:
    """Return the path of a file of a workout."""
    return root / workout / f"{workout}_{key}"


def _missing(root: Path, workout: str, devices: Sequence[str]) -> list[str]:
    """Return the files of sensors that a workout does not have."""
    keys = [f"{device}_{kind}" for device in devices for kind in ("acc", "gyr")]
    return [key for key in keys if not _file(root, workout, f"{key}.npy").is_file()]


def _set_name(workout: str, index: int) -> str:
    """Return the name of a set."""
    return f"{workout}-set{index:02d}"


def _read_sets(root: Path, workout: str) -> list[_Set]:
    """Read the labeled sets of a workout."""
    path = require_file(_file(root, workout, "labels.csv"), dataset=NAME, obtain=OBTAIN)
    sets = []
    with (
        reading(path, f"labels of {NAME}"),
        path.open(encoding="utf-8", newline="") as file,
    ):
        for number, row in enumerate(csv.reader(file), start=1):
            try:
                start, stop, repetitions = (int(value) for value in row[:3])
                label = row[3].strip()
            except (ValueError, IndexError) as error:
                raise ValueError(
                    f"{path}, line {number}: expected start frame, end frame, repetitions, "
                    f"activity; got {', '.join(row):.80}."
                ) from error
            if label not in EXERCISES or not 0 <= start < stop < MOST_FRAMES:
                raise ValueError(
                    f"{path}, line {number}: {label:.40} from frame {start} to {stop} is not a "
                    f"set. Exercises are {', '.join(EXERCISES)}, and a set must not be empty."
                )
            sets.append(_Set(start, stop, repetitions, label))
    return sets


def _read_recording(
    root: Path, workout: str, devices: Sequence[str], sets: Sequence[_Set], rate: float
) -> tuple[Recording, _FrameClock]:
    """Read the sensors of a workout on one clock."""
    files = [
        _file(root, workout, f"{device}_{kind}.npy")
        for device in devices
        for kind in ("acc", "gyr")
    ]
    streams = [_read_stream(file) for file in files]
    first = streams[0]
    with reading(files[0], f"a recording of {NAME}"):
        clock = _frame_clock(first)
        zero = float(clock(np.array([0.0]))[0])
    clock = _FrameClock(clock.frames, clock.times - zero)
    start, stop = first[0, 1] / 1000 - zero, first[-1, 1] / 1000 - zero
    count = int((stop - start) * rate) + 1
    parts = []
    for file, stream in zip(files, streams, strict=True):
        with reading(file, f"a recording of {NAME}"):
            parts.append(
                resample_timestamps(
                    stream[:, 1] / 1000 - zero,
                    stream[:, 2:],
                    rate,
                    start=start,
                    n_samples=count,
                    max_gap=MAX_GAP,
                    stamps="even",
                )
            )
    times = start + np.arange(count) / rate
    recording = Recording(
        np.hstack([values for values, _, _ in parts]),
        rate,
        channel_names([SENSORS[device] for device in devices]),
        labels=_labels(sets, clock, times),
        subject=MMFIT_PERSON_OF.get(workout),
        name=workout,
        start=start,
        observed=np.repeat(np.stack([seen for _, seen, _ in parts], axis=1), 3, axis=1),
    )
    return recording, clock


def _read_stream(path: Path) -> Array:
    """Return rows (frame, stamp in ms, x, y, z) in the order of their stamps."""
    with reading(path, f"a recording of {NAME}"):
        rows = read_npy(path).astype(np.float64)
        if rows.ndim != 2 or rows.shape[1] != 5 or len(rows) < 2:
            raise ValueError(f"expected shape (N, 5), got {rows.shape}.")
        rows = rows[np.isfinite(rows[:, :2]).all(axis=1)]
        rows = rows[np.argsort(rows[:, 1], kind="stable")]
        if len(rows) < 2 or rows[0, 1] == rows[-1, 1]:
            raise ValueError("fewer than two rows with different time stamps.")
        check_duration(rows[:, 1] / 1000)
        if np.abs(rows[:, 0]).max() > MOST_FRAMES:
            raise ValueError("its first column does not hold numbers of frames.")
        return rows


def _frame_clock(stream: Array) -> _FrameClock:
    """Average time stamps and frames over about 2 s: packets jitter, the camera does not."""
    frames, times = stream[:, 0], stream[:, 1] / 1000
    pieces = np.array_split(np.arange(len(stream)), max(2, round((times[-1] - times[0]) / 2.0)))
    pieces = [piece for piece in pieces if len(piece)]
    knots = np.array([[frames[piece].mean(), times[piece].mean()] for piece in pieces])
    ahead = np.concatenate([[True], np.all(np.diff(knots, axis=0) > 0, axis=1)])
    return _FrameClock(knots[ahead, 0], knots[ahead, 1])


def _labels(sets: Sequence[_Set], clock: _FrameClock, times: Array) -> NDArray[np.str_]:
    """Return the label of each time."""
    width = max(len(label) for label in EXERCISES)
    labels = np.full(len(times), NON_ACTIVITY, dtype=f"<U{width}")
    for one in sets:
        start, stop = clock(np.array([one.start, one.stop], dtype=np.float64))
        labels[(times >= start) & (times < stop)] = one.label
    return labels


def _read_motions(
    root: Path, workout: str, sets: Sequence[_Set], clock: _FrameClock, mirrored: bool
) -> tuple[list[Motion], dict[str, str]]:
    """Return a motion per set, and the reason for each set without one."""
    path = _file(root, workout, "pose_3d.npy")
    if not path.is_file():
        return [], {f"{workout} poses": "no pose_3d"}
    with reading(path, f"poses of {NAME}"):
        poses = read_npy(path).astype(np.float64)
        if poses.ndim != 3 or poses.shape[0] != 3 or poses.shape[2] != 18:
            raise ValueError(f"expected shape (3, F, 18), got {poses.shape}.")
        frames, first = np.unique(poses[0, :, 0], return_index=True)
    joints = poses[:, first, 1:].transpose(1, 2, 0) * MILLIMETER
    motions: list[Motion] = []
    failed: dict[str, str] = {}
    for i, one in enumerate(sets):
        rows = np.flatnonzero((frames >= one.start) & (frames < one.stop))
        try:
            motion = _to_motion(joints[rows], clock(frames[rows]), mirrored)
        except ValueError as error:
            failed[_set_name(workout, i)] = str(error)
            continue
        motions.append(
            motion.replace(
                text=EXERCISES[one.label].captions,
                label=one.label,
                subject=MMFIT_PERSON_OF.get(workout),
                name=_set_name(workout, i),
            )
        )
    return motions, failed


def _to_motion(joints: Array, times: Array, mirrored: bool) -> Motion:
    """Return a motion from joint positions, mirrored if left and right are exchanged."""
    if len(times) < 2 or np.diff(times).max() > MAX_GAP:
        raise ValueError("the video has no frames, or a gap, in this set")
    if not mirrored:
        return motion_from_joints(joints, "h36m17", times=times, up="z")
    layout = {_other_side(joint): k for joint, k in JOINT_SETS["h36m17"].items()}
    return motion_from_joints(joints, layout, times=times, up="z", handedness="left")


def _other_side(joint: str) -> str:
    """Return the name of the joint on the other side."""
    side, _, rest = joint.partition("_")
    return f"{OTHER[side]}_{rest}" if side in OTHER else joint


class Exercise(NamedTuple):
    """English name, captions of clips, and prompts of a class; no prompt is a caption."""

    name: str
    captions: tuple[str, ...]
    prompts: tuple[str, ...]


EXERCISES: dict[str, Exercise] = {
    "squats": Exercise(
        "squats",
        (
            "a person does squats",
            "someone bends the knees, lowers the hips and stands up again, over and over",
            "the body sinks down and rises while the arms are held to the front",
        ),
        ("repeated squats", "bending and stretching both knees with the trunk upright"),
    ),
    "lunges": Exercise(
        "lunges",
        (
            "a person does lunges with dumbbells in the hands",
            "someone steps far forward with one leg, bends both knees and steps back",
            "the legs take turns in long steps while the arms hang at the sides",
        ),
        ("repeated lunges", "deep steps to the front with hanging arms"),
    ),
    "bicep_curls": Exercise(
        "biceps curls",
        (
            "a person does biceps curls with dumbbells",
            "someone bends the elbows and lifts the weights to the shoulders, one arm at a time",
            "the forearms swing up and down while the upper arms stay at the sides",
        ),
        ("curling dumbbells", "elbows bend and stretch with weights in the hands"),
    ),
    "situps": Exercise(
        "sit-ups",
        (
            "a person does sit-ups on the floor",
            "someone lies on the back and raises the trunk to the knees again and again",
            "the upper body curls up from the ground and lies down again",
        ),
        ("sit-ups", "lifting the trunk from lying on the back"),
    ),
    "pushups": Exercise(
        "push-ups",
        (
            "a person does push-ups on the floor",
            "someone lowers the straight body to the ground with the arms and pushes it up",
            "the elbows bend and stretch while hands and toes stay on the ground",
        ),
        ("push-ups", "pushing the body up from the floor with both arms"),
    ),
    "tricep_extensions": Exercise(
        "triceps extensions",
        (
            "a person does overhead triceps extensions with a dumbbell",
            "someone holds a weight behind the head and stretches the elbows upwards",
            "the forearms swing up from behind the neck while the upper arms point up",
        ),
        ("triceps extensions", "lifting a weight above the head from behind the neck"),
    ),
    "dumbbell_rows": Exercise(
        "dumbbell rows",
        (
            "a person bends over and rows with dumbbells",
            "someone leans forward and pulls weights up to the ribs",
            "the elbows are drawn back and up while the trunk is bent forward",
        ),
        ("rowing with dumbbells", "pulling weights up to the body in a bent-over stance"),
    ),
    "jumping_jacks": Exercise(
        "jumping jacks",
        (
            "a person does jumping jacks",
            "someone jumps with the legs apart while the arms swing above the head, and back",
            "arms and legs open and close to the sides with every jump",
        ),
        ("jumping jacks", "jumping while both arms swing sideways up and down"),
    ),
    "dumbbell_shoulder_press": Exercise(
        "dumbbell shoulder press",
        (
            "a person presses dumbbells above the head",
            "someone pushes two weights from the shoulders up until the arms are straight",
            "both hands rise from beside the ears and come down again",
        ),
        ("a shoulder press with dumbbells", "pushing weights straight up over the head"),
    ),
    "lateral_shoulder_raises": Exercise(
        "lateral shoulder raises",
        (
            "a person raises dumbbells sideways",
            "someone lifts both straight arms to the sides up to the shoulders and lowers them",
            "the arms spread like wings with weights in the hands",
        ),
        ("lateral raises", "lifting straight arms sideways to shoulder height"),
    ),
    NON_ACTIVITY: Exercise(
        "no exercise",
        (
            "a person rests between two exercises",
            "someone stands around, walks or fetches weights",
            "the person does nothing in particular",
        ),
        ("resting", "walking about or standing without exercising"),
    ),
}
"""Classes in the authors' order; the key is the label."""
