"""UTD-MHAD: 27 actions with a Kinect skeleton and one IMU, in the official file layout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.io import loadmat
from sklearn.utils import Bunch

from .._checks import check_rate
from ..motion import Motion, motion_from_joints
from ..recording import Recording, acc_from_g, channel_names, gyro_from_dps
from ..recording.cutting import Item
from ._bunch import cut_into, make_bunch, select_known
from ._files import find_root, require_file
from ._utd_actions import ACTIONS
from .splits import Fold, leave_one_out

__all__ = ["UTD_MOUNT", "UTD_RATE", "load_utd_mhad", "utd_split"]

UTD_RATE = 50.0
"""Rate of the IMU in Hz."""

UTD_MOUNT = ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
"""Axes of the wrist's sensor in those of the simulated watch; `mount` of the simulator."""

N_WRIST = 21
SUBJECTS = tuple(range(1, 9))
TRIALS = tuple(range(1, 5))
NAME = "UTD-MHAD"
OBTAIN = (
    "Get 'Inertial' and 'Skeleton' from https://personal.utdallas.edu/~kehtar/UTD-MHAD.html and "
    "unpack them beside each other."
)

DESCR = """\
UTD-MHAD: 27 actions, 8 people, 4 trials each: one IMU and a Kinect v1 skeleton.

The IMU (50 Hz; specific force and angular rate) sits on the right wrist in actions 1 to 21 and
on the right thigh in actions 22 to 27. The actions are made with the right hand, or with both.

Handled here
  Units: acceleration from g to m/s², angular rate from deg/s to rad/s.
  Skeleton rate: a clip's skeleton spans the same interval as its IMU, an effective 19 frames per
  second (15 to 20.5), not 30. Frame times are linspace(0, n_imu / 50, n_frames).
  Skeleton: joint positions are turned into rotations of SMPL's tree, world z up. The rotation
  of the forearm about itself can't be seen in them.
Left as it is
  The orientation of the sensor on the limb is not documented; `mount` says what comparing the
  readings with the skeletons finds for the wrist: half a turn about y from the watch that is
  simulated by default, roughly, in subjects 1 to 4. Readings
  stop at 8 g in some clips (front clap, throw, tennis swing and serve, bowling) and at 1000 deg/s
  in others. 861 of 864 clips exist.

Licence: none is given with the files; the authors call them a public domain dataset, freely
available for research. Cite
  C. Chen, R. Jafari, N. Kehtarnavaz: UTD-MHAD: A Multimodal Dataset for Human Action Recognition
  Utilizing a Depth Camera and a Wearable Inertial Sensor. ICIP 2015.

Names, captions and descriptions of the classes were written for this library.
"""


@dataclass(frozen=True)
class _Clip:
    action: int
    subject: int
    trial: int

    @property
    def name(self) -> str:
        return f"a{self.action}_s{self.subject}_t{self.trial}"

    @property
    def site(self) -> str:
        return "right_wrist" if self.action <= N_WRIST else "right_thigh"


def load_utd_mhad(
    path: str | Path,
    *,
    subjects: Iterable[int] | int | None = None,
    actions: str | int | Iterable[str | int] = "wrist",
    skeletons: bool = True,
    seconds: float | None = 2.56,
    overlap: float = 0.5,
    margin: float = 0.5,
    short: str = "pad",
    rate: float = UTD_RATE,
    pose_rate: float = 30.0,
    dtype: DTypeLike = np.float32,
) -> Bunch:
    """Load UTD-MHAD from its official files.

    Parameters
    ----------
    path : str or Path
        Folder that holds ``Inertial`` and ``Skeleton``.
    subjects : int or iterable of int, optional
        People, 1 to 8. All that are there by default.
    actions : {"wrist", "thigh", "all"}, int, str or iterable, default="wrist"
        Actions 1 to 21, whose IMU is on the right wrist; 22 to 27, whose IMU is on the right
        thigh; all; or a choice of numbers or labels.
    skeletons : bool, default=True
        Whether to read the skeletons as motions. Without them only the IMU is read.
    seconds : float or None, default=2.56
        Length of the windows; None cuts none.
    overlap : float, default=0.5
        Share of a window that the next one repeats.
    margin : float, default=0.5
        Seconds of context frames at both ends of pose windows.
    short : {"pad", "drop"}, default="pad"
        What becomes of clips shorter than a window, see :func:`m3n_sklearn.recording.cut`. Clips
        last 2 to 6.5 s.
    rate, pose_rate : float, default=50.0 and 30.0
        Rates of the windows in Hz.
    dtype : dtype, default=float32
        Of the IMU windows.

    Returns
    -------
    Bunch
        ``motions`` and ``recordings`` (equal names, one clock: ``zip`` gives pairs for
        :func:`~m3n_sklearn.recording.cut`; motions carry captions), ``X`` (Windows with imu,
        pose, trans, text, clip, start), ``y`` (class labels), ``groups`` (people),
        ``sessions`` (one per person, such as ``"s1"``), ``sites`` (place of the IMU in each
        row), ``mount`` (for `SMPLIMUSimulator`, to simulate a wrist's sensor as it was
        worn), ``label_names``, ``descriptions`` (prompts that are no captions), ``DESCR``.
        Where actions of both sites are mixed, the channels of X name no site.

    Raises
    ------
    FileNotFoundError
        If the folder or a skeleton is missing.
    ValueError
        If a file is corrupt, or a subject or action is unknown.

    Examples
    --------
    >>> from m3n_sklearn.datasets import load_utd_mhad
    >>> data = load_utd_mhad("data/utd_mhad", subjects=[1, 2])  # doctest: +SKIP
    >>> data.X["imu"].shape[1:], data.y[0]  # doctest: +SKIP
    ((6, 128), 'swipe_left')
    """
    check_rate(rate, "rate")
    check_rate(pose_rate, "pose_rate")
    root = find_root(
        path, (".", "UTD-MHAD"), "Inertial/a*_s*_t*_inertial.mat", dataset=NAME, obtain=OBTAIN
    )
    numbers = _action_numbers(actions)
    people = select_known("subjects", subjects, SUBJECTS)
    clips = _find_clips(root, numbers, people)
    recordings = [_read_recording(root, clip) for clip in clips]
    motions = (
        [_read_motion(root, clip, rec) for clip, rec in zip(clips, recordings, strict=True)]
        if skeletons
        else []
    )
    chosen = [ACTIONS[number - 1] for number in numbers]
    bunch = make_bunch(
        motions=motions,
        recordings=recordings,
        label_names={action.label: action.name for action in chosen},
        descriptions={action.label: action.prompts for action in chosen},
        description=DESCR,
        sites=None,
        mount={"right_wrist": np.array(UTD_MOUNT)},
    )
    if seconds is None:
        return bunch
    cut_into(
        bunch,
        _cuttable(motions, recordings),
        [f"s{clip.subject}" for clip in clips],
        seconds=seconds,
        overlap=overlap,
        margin=margin,
        short=short,
        imu_rate=rate,
        pose_rate=pose_rate,
        dtype=dtype,
    )
    site_of = {clip.name: clip.site for clip in clips}
    bunch.sites = np.array([site_of[name] for name in bunch.X["clip"]])
    return bunch


def utd_split(name: str) -> list[Fold]:
    """Return a split of UTD-MHAD by people.

    Parameters
    ----------
    name : {"cross_subject", "person_loo"}
        The authors' split (odd people train, even people test), or one fold per person.

    Returns
    -------
    list of dict
        Folds of sessions ``"s1"`` to ``"s8"`` for
        :func:`~m3n_sklearn.datasets.cv_from_split`.

    Examples
    --------
    >>> utd_split("cross_subject")
    [{'train': ('s1', 's3', 's5', 's7'), 'test': ('s2', 's4', 's6', 's8')}]
    """
    sessions = {f"s{subject}": subject for subject in SUBJECTS}
    if name == "cross_subject":
        return [
            {
                "train": tuple(s for s, subject in sessions.items() if subject % 2),
                "test": tuple(s for s, subject in sessions.items() if not subject % 2),
            }
        ]
    if name == "person_loo":
        return leave_one_out(sessions)
    raise ValueError(f"name must be 'cross_subject' or 'person_loo', got {name!r}.")


def _action_numbers(actions: str | int | Iterable[str | int]) -> list[int]:
    sets = {
        "wrist": range(1, N_WRIST + 1),
        "thigh": range(N_WRIST + 1, len(ACTIONS) + 1),
        "all": range(1, len(ACTIONS) + 1),
    }
    if isinstance(actions, str) and actions in sets:
        return list(sets[actions])
    labels = [action.label for action in ACTIONS]
    known = [*range(1, len(ACTIONS) + 1), *labels]
    chosen = select_known("actions", actions, known)
    return sorted({labels.index(c) + 1 if isinstance(c, str) else int(c) for c in chosen})


def _find_clips(root: Path, actions: Sequence[int], subjects: Sequence[int]) -> list[_Clip]:
    pattern = re.compile(r"a(\d+)_s(\d+)_t(\d+)_inertial")
    found = [pattern.fullmatch(file.stem) for file in (root / "Inertial").glob("*.mat")]
    clips = sorted(
        (_Clip(*map(int, match.groups())) for match in found if match),
        key=lambda clip: (clip.action, clip.subject, clip.trial),
    )
    there = [clip for clip in clips if clip.action in actions and clip.subject in subjects]
    if not there:
        raise FileNotFoundError(
            f"{NAME}: {root / 'Inertial'} holds {len(clips)} clips of the people "
            f"{sorted({clip.subject for clip in clips})}, none of them of the chosen people "
            f"{list(subjects)} and actions {list(actions)}. {OBTAIN}"
        )
    return there


def _read_recording(root: Path, clip: _Clip) -> Recording:
    path = root / "Inertial" / f"{clip.name}_inertial.mat"
    raw = _read_mat(path, "d_iner")
    if raw.ndim != 2 or raw.shape[1] != 6 or len(raw) < 2:
        raise ValueError(f"{path}: d_iner must have shape (T, 6), got {raw.shape}.")
    action = ACTIONS[clip.action - 1]
    return Recording(
        np.hstack([acc_from_g(raw[:, :3]), gyro_from_dps(raw[:, 3:])]),
        UTD_RATE,
        channel_names(clip.site),
        labels=action.label,
        subject=clip.subject,
        name=clip.name,
        text=action.captions,
    )


def _read_motion(root: Path, clip: _Clip, recording: Recording) -> Motion:
    path = root / "Skeleton" / f"{clip.name}_skeleton.mat"
    raw = _read_mat(require_file(path, dataset=NAME, obtain=OBTAIN), "d_skel")
    if raw.ndim != 3 or raw.shape[:2] != (20, 3) or raw.shape[2] < 2:
        raise ValueError(f"{path}: d_skel must have shape (20, 3, F), got {raw.shape}.")
    action = ACTIONS[clip.action - 1]
    return motion_from_joints(
        raw.transpose(2, 0, 1),
        "kinect20",
        times=np.linspace(0.0, recording.n_samples / UTD_RATE, raw.shape[2]),
        up="y",
        text=action.captions,
        label=action.label,
        subject=clip.subject,
        name=clip.name,
    )


def _read_mat(path: Path, variable: str) -> NDArray[np.float64]:
    try:
        content = loadmat(path, variable_names=[variable])
    except Exception as error:  # scipy raises many kinds for broken files
        raise ValueError(f"{path} is no readable MATLAB file: {error}. {OBTAIN}") from error
    if variable not in content:
        raise ValueError(f"{path} has no variable {variable!r}.")
    values = np.asarray(content[variable], dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{path}: {variable} has values that are not finite.")
    return values


def _cuttable(motions: Sequence[Motion], recordings: Sequence[Recording]) -> list[Item]:
    """Pairs or recordings, with channel names that agree."""
    same = len({recording.channels for recording in recordings}) == 1
    bare = channel_names("site")
    names = tuple(name.removeprefix("site_") for name in bare)
    plain = [rec if same else rec.replace(channels=names) for rec in recordings]
    return list(zip(motions, plain, strict=True)) if motions else list(plain)
