"""UTD-MHAD: 27 actions with a Kinect skeleton and one IMU, in the official file layout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from .._files import reading
from .._validation import check_rate
from ..motion import Motion, motion_from_joints
from ..recording import Item, Recording, acc_from_g, channel_names, gyro_from_dps
from ._bunch import Fold, cut_into, cutting_options, leave_one_out, make_bunch, select_known
from ._matlab import read_matlab
from ._reading import find_root, require_file

__all__ = ["ACTIONS", "UTD_MOUNT", "UTD_RATE", "Action", "load_utd_mhad", "utd_split"]

UTD_RATE = 50.0
"""Rate of the IMU in Hz."""

UTD_MOUNT = ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
"""Axes of the sensor at the wrist in those of the simulated watch, as `mount` of the simulator."""

LARGEST = 1e6
"""Readings and coordinates are smaller, in any unit."""

N_WRIST = 21
SUBJECTS = tuple(range(1, 9))
NAME = "UTD-MHAD"
OBTAIN = (
    "Get 'Inertial' and 'Skeleton' from https://personal.utdallas.edu/~kehtar/UTD-MHAD.html and "
    "unpack them next to each other."
)

DESCR = """\
UTD-MHAD: 27 actions, 8 people, 4 trials each: one IMU and a Kinect v1 skeleton.

The IMU (50 Hz; specific force and angular rate) sits on the right wrist in actions 1 to 21 and
on the right thigh in actions 22 to 27. The actions are made with the right hand, or with both.

What the loader corrects
  Units: acceleration from g to m/s², angular rate from deg/s to rad/s.
  Skeleton rate: a clip's skeleton spans the same interval as its IMU, an effective 19 frames per
  second (15 to 20.5), not 30. Frame times are linspace(0, n_imu / 50, n_frames).
  Skeleton: joint positions become rotations of SMPL's tree, world z up. They do not contain the
  rotation of the forearm about its own axis.
What it does not correct
  The orientation of the sensor on the limb is not documented. `mount` is the one at which the
  readings of the wrist agree best with the skeletons of subjects 1 to 4: about half a turn about y
  from the simulated watch. Readings saturate at 8 g in some clips (front clap, throw, tennis swing
  and serve, bowling) and at 1000 deg/s in others. 861 of 864 clips exist.

License: none is given with the files. The authors call them a public domain dataset, freely
available for research. Cite
  C. Chen, R. Jafari, N. Kehtarnavaz: UTD-MHAD: A Multimodal Dataset for Human Action Recognition
  Utilizing a Depth Camera and a Wearable Inertial Sensor. ICIP 2015.

Names, captions and descriptions of the classes were written for this library.
"""


@dataclass(frozen=True)
class _Clip:
    """An action, a subject and a trial."""

    action: int
    subject: int
    trial: int

    @property
    def name(self) -> str:
        """Name of the clip, as in the names of its files."""
        return f"a{self.action}_s{self.subject}_t{self.trial}"

    @property
    def site(self) -> str:
        """Site of the sensor."""
        return "right_wrist" if self.action <= N_WRIST else "right_thigh"


def load_utd_mhad(
    path: str | Path,
    *,
    subjects: Iterable[int] | int | None = None,
    actions: str | int | Iterable[str | int] = "wrist",
    skeletons: bool = True,
    seconds: float | None = 2.56,
    rate: float = UTD_RATE,
    pose_rate: float = 30.0,
    **cutting: Any,
) -> Bunch:
    """Load UTD-MHAD from its official files.

    Parameters
    ----------
    path : str or Path
        Folder with ``Inertial`` and ``Skeleton``.
    subjects : int or iterable of int, optional
        People, 1 to 8. All by default.
    actions : {"wrist", "thigh", "all"}, int, str or iterable, default="wrist"
        Actions 1 to 21, with the IMU on the right wrist; 22 to 27, with the IMU on the right
        thigh; all; or a choice of numbers or labels.
    skeletons : bool, default=True
        Whether to read the skeletons as motions. Without them only the IMU is read.
    seconds : float or None, default=2.56
        Length of the windows. None reads the clips and cuts no windows.
    rate, pose_rate : float, default=50.0 and 30.0
        Rates of the IMU windows and of the pose windows in Hz.
    **cutting : dict
        Further arguments of :func:`~m3n_sklearn.recording.cut`. Other defaults than there:
        ``short="pad"``, because clips last 2 to 6.5 s, and ``dtype=float32``.

    Returns
    -------
    Bunch
        With the fields

        - ``X``, ``y``, ``groups``, ``sessions``: windows with imu, pose, trans and text, classes,
          people and sessions (one per person, such as ``"s1"``) of the rows; None if `seconds` is
          None. ``sites``: site of the IMU in each row. With actions of both sites, the channel
          names of X do not contain a site.
        - ``recordings``, ``motions``: one each per clip, with equal names and one clock, so ``zip``
          gives the pairs for :func:`~m3n_sklearn.recording.cut`. Motions have captions.
        - ``label_names``, ``descriptions``: name and prompts of each class; no prompt is a caption.
        - ``mount``: how the sensor is worn at the wrist, for
          :class:`~m3n_sklearn.simulation.SMPLIMUSimulator` and
          :func:`~m3n_sklearn.recording.to_site_axes`.
        - ``DESCR``: the data set, and what the loader corrects.

    Raises
    ------
    FileNotFoundError
        If the folder or a skeleton is missing.
    ValueError
        If a file is corrupt, or a subject or action is unknown.
    TypeError
        If an argument does not exist.

    Examples
    --------
    >>> from m3n_sklearn.datasets import load_utd_mhad
    >>> data = load_utd_mhad("data/utd_mhad", subjects=[1, 2])  # doctest: +SKIP
    >>> data.X["imu"].shape[1:], data.y[0]  # doctest: +SKIP
    ((6, 128), 'swipe_left')
    """
    check_rate(rate, "rate")
    check_rate(pose_rate, "pose_rate")
    options = cutting_options(cutting, short="pad", dtype=np.float32)
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
        root=root,
        seconds=seconds,
        imu_rate=rate,
        pose_rate=pose_rate,
        **options,
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
    """Return the numbers of the chosen actions."""
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
    """Return the chosen clips that are in the folder."""
    pattern = re.compile(r"a(\d+)_s(\d+)_t(\d+)_inertial")
    found = [pattern.fullmatch(file.stem) for file in (root / "Inertial").glob("*.mat")]
    clips = sorted(
        (_Clip(*map(int, match.groups())) for match in found if match),
        key=lambda clip: (clip.action, clip.subject, clip.trial),
    )
    there = [clip for clip in clips if clip.action in actions and clip.subject in subjects]
    if not there:
        raise FileNotFoundError(
            f"{NAME}: {root / 'Inertial'} has {len(clips)} clips of the people "
            f"{sorted({clip.subject for clip in clips})}, none of them of the chosen people "
            f"{list(subjects)} and actions {list(actions)}. {OBTAIN}"
        )
    return there


def _read_recording(root: Path, clip: _Clip) -> Recording:
    """Read the readings of a clip."""
    path = root / "Inertial" / f"{clip.name}_inertial.mat"
    action = ACTIONS[clip.action - 1]
    with reading(path, f"a recording of {NAME}"):
        raw = _read_mat(path, "d_iner")
        if raw.ndim != 2 or raw.shape[1] != 6 or len(raw) < 2:
            raise ValueError(f"d_iner must have shape (T, 6), got {raw.shape}.")
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
    """Read the skeleton of a clip."""
    path = root / "Skeleton" / f"{clip.name}_skeleton.mat"
    action = ACTIONS[clip.action - 1]
    with reading(require_file(path, dataset=NAME, obtain=OBTAIN), f"a skeleton of {NAME}"):
        raw = _read_mat(path, "d_skel")
        if raw.ndim != 3 or raw.shape[:2] != (20, 3) or raw.shape[2] < 2:
            raise ValueError(f"d_skel must have shape (20, 3, F), got {raw.shape}.")
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
    """Read a variable of a MATLAB file."""
    values = read_matlab(path, variable)
    if not (np.abs(values) < LARGEST).all():
        raise ValueError(f"{variable} has values that are not finite, or too large to be measured.")
    return values


def _cuttable(motions: Sequence[Motion], recordings: Sequence[Recording]) -> list[Item]:
    """Return pairs or recordings, with the same channel names in all of them."""
    same = len({recording.channels for recording in recordings}) == 1
    bare = channel_names("site")
    names = tuple(name.removeprefix("site_") for name in bare)
    plain = [rec if same else rec.replace(channels=names) for rec in recordings]
    return list(zip(motions, plain, strict=True)) if motions else list(plain)


class Action(NamedTuple):
    """Class label, English name, captions of clips, and prompts; no prompt is a caption."""

    label: str
    name: str
    captions: tuple[str, ...]
    prompts: tuple[str, ...]


ACTIONS: tuple[Action, ...] = (
    Action(
        "swipe_left",
        "swipe left",
        (
            "a person swipes the right arm across the body to the left",
            "someone moves the right hand sideways from right to left in front of the chest",
            "the right arm sweeps to the left as if turning a page",
            "a standing person makes a leftward swipe with the right hand",
        ),
        (
            "swiping to the left with the right hand",
            "a quick sideways movement of the right hand towards the left",
        ),
    ),
    Action(
        "swipe_right",
        "swipe right",
        (
            "a person swipes the right arm outwards to the right",
            "someone moves the right hand sideways from left to right in front of the body",
            "the right arm sweeps away from the chest to the right",
            "a standing person makes a rightward swipe with the right hand",
        ),
        (
            "swiping to the right with the right hand",
            "a quick sideways movement of the right hand towards the right",
        ),
    ),
    Action(
        "wave",
        "wave",
        (
            "a person waves with the raised right hand",
            "someone lifts the right forearm and waves the hand from side to side",
            "the right hand swings left and right above the shoulder to greet somebody",
            "a standing person waves hello with the right arm",
        ),
        ("waving with one hand", "the raised right hand moves to and fro in greeting"),
    ),
    Action(
        "clap",
        "front clap",
        (
            "a person claps both hands in front of the body",
            "someone brings both arms forward and claps the palms together",
            "both arms open to the sides and close again so that the hands meet in front",
            "a standing person claps with stretched arms in front of the chest",
        ),
        ("clapping hands in front of the body", "two hands meet in front of the chest in a clap"),
    ),
    Action(
        "throw",
        "throw",
        (
            "a person throws something forward with the right arm",
            "someone draws the right hand back over the shoulder and hurls it forward",
            "the right arm swings overhead and forward to throw an object",
            "a standing person makes an overarm throw with the right hand",
        ),
        ("throwing an object with one arm", "an overarm throwing motion of the right arm"),
    ),
    Action(
        "cross_arms",
        "cross arms",
        (
            "a person crosses both arms in front of the chest",
            "someone folds the forearms over each other on the chest",
            "both hands move inwards and the arms cross in front of the breast",
            "a standing person crosses the arms and lowers them again",
        ),
        ("crossing the arms on the chest", "both forearms cross in front of the body"),
    ),
    Action(
        "basketball_shoot",
        "basketball shoot",
        (
            "a person shoots a basketball with both hands",
            "someone raises both hands above the head and pushes an imaginary ball to the basket",
            "the arms lift from the chest and stretch up and forward as in a free throw",
            "a standing person bends the knees slightly and makes a basketball shot",
        ),
        ("shooting a basketball", "both arms extend upwards to throw a ball at a hoop"),
    ),
    Action(
        "draw_x",
        "draw x",
        (
            "a person draws a cross in the air with the right hand",
            "someone moves the right hand along two crossing diagonal lines",
            "the right arm draws the letter x in front of the body",
            "a standing person writes a large x into the air with the right arm",
        ),
        ("drawing an x in the air", "two diagonal strokes of the right hand that cross"),
    ),
    Action(
        "draw_circle_clockwise",
        "draw circle clockwise",
        (
            "a person draws a circle in the air with the right hand, clockwise",
            "someone moves the right hand around a clockwise circle in front of the body",
            "the right arm goes round once in the direction of a clock's hands",
            "a standing person traces a big clockwise circle with the right arm",
        ),
        ("drawing a clockwise circle in the air", "a clockwise circular motion of the right hand"),
    ),
    Action(
        "draw_circle_counter_clockwise",
        "draw circle counter-clockwise",
        (
            "a person draws a circle in the air with the right hand, counter-clockwise",
            "someone moves the right hand around a counter-clockwise circle in front of the body",
            "the right arm goes round once against the direction of a clock's hands",
            "a standing person traces a big anticlockwise circle with the right arm",
        ),
        (
            "drawing a counter-clockwise circle in the air",
            "an anticlockwise circular motion of the right hand",
        ),
    ),
    Action(
        "draw_triangle",
        "draw triangle",
        (
            "a person draws a triangle in the air with the right hand",
            "someone moves the right hand along three straight lines that form a triangle",
            "the right arm traces three corners in front of the body",
            "a standing person outlines a large triangle with the right arm",
        ),
        ("drawing a triangle in the air", "three straight strokes of the right hand"),
    ),
    Action(
        "bowling",
        "bowling",
        (
            "a person bowls with the right hand",
            "someone swings the right arm back and then low and forward to roll a ball",
            "the right arm swings underarm like a pendulum while the body leans forward",
            "a person steps forward and releases an imaginary bowling ball near the ground",
        ),
        ("bowling a ball", "an underarm swing of the right arm to roll a ball"),
    ),
    Action(
        "boxing",
        "front boxing",
        (
            "a person boxes forward with both fists",
            "someone punches straight ahead, left and right in turn",
            "both fists are held before the chest and are thrust forward one after the other",
            "a standing person throws several punches to the front",
        ),
        ("boxing", "fast alternating punches of both arms"),
    ),
    Action(
        "baseball_swing",
        "baseball swing",
        (
            "a person swings a baseball bat from the right",
            "someone holds an imaginary bat over the right shoulder and swings it to the left",
            "both hands sweep together around the body while the trunk turns to the left",
            "a batter swings with both arms and follows through",
        ),
        ("swinging a baseball bat", "both arms swing together across a turning body"),
    ),
    Action(
        "tennis_forehand",
        "tennis forehand swing",
        (
            "a person plays a tennis forehand with the right arm",
            "someone takes the right arm back and swings it forward across the body at hip height",
            "the right hand swings an imaginary racket from low right to high left",
            "a standing person hits a forehand stroke with the right hand",
        ),
        ("playing a forehand in tennis", "a sideways racket swing of the right arm"),
    ),
    Action(
        "arm_curl",
        "arm curl",
        (
            "a person curls both arms at the elbows",
            "someone lifts both forearms to the shoulders and lowers them again",
            "both elbows bend and stretch while the upper arms stay at the sides",
            "a standing person does curls with both arms as if lifting dumbbells",
        ),
        ("arm curls", "bending both elbows to raise the hands to the shoulders"),
    ),
    Action(
        "tennis_serve",
        "tennis serve",
        (
            "a person serves in tennis with the right arm",
            "someone throws up a ball with the left hand and strikes it overhead with the right",
            "the right arm reaches up behind the head and swings down to the front",
            "a standing person plays an overhead serve with an imaginary racket",
        ),
        ("serving in tennis", "an overhead racket stroke of the right arm"),
    ),
    Action(
        "push",
        "two-hand push",
        (
            "a person pushes forward with both hands",
            "someone stretches both arms to the front with open palms and draws them back",
            "both hands move from the chest straight ahead as if pushing a heavy thing",
            "a standing person pushes against an imaginary wall with both arms",
        ),
        ("pushing with two hands", "both arms extend forward at chest height"),
    ),
    Action(
        "knock",
        "knock on door",
        (
            "a person knocks on a door with the right hand",
            "someone raises the right fist and taps forward several times",
            "the right forearm makes small quick strokes against an imaginary door",
            "a standing person knocks with the knuckles of the right hand",
        ),
        ("knocking on a door", "short repeated taps with the right fist"),
    ),
    Action(
        "catch",
        "catch an object",
        (
            "a person catches an object with the right hand",
            "someone reaches out with the right arm and closes the hand around something flying",
            "the right hand darts forward and is drawn back to the body with the catch",
            "a standing person catches a ball one-handed",
        ),
        ("catching something in the air", "the right hand reaches forward to catch"),
    ),
    Action(
        "pick_up_throw",
        "pick up and throw",
        (
            "a person picks something up from the ground and throws it",
            "someone bends down, grasps an object with the right hand, rises and throws it forward",
            "the trunk bends to the floor, comes up again, and the right arm throws",
            "a person stoops for a ball and then throws it with the right arm",
        ),
        (
            "picking up an object and throwing it",
            "bending down to the floor followed by a throw with the right arm",
        ),
    ),
    Action(
        "jog",
        "jogging in place",
        (
            "a person jogs in place",
            "someone runs on the spot with bent arms that swing along",
            "the knees are lifted quickly in turn without going anywhere",
            "a person jogs slowly without leaving the place",
        ),
        ("jogging on the spot", "quick running steps in place"),
    ),
    Action(
        "walk",
        "walking in place",
        (
            "a person walks in place",
            "someone steps on the spot and lets the arms swing",
            "the legs are lifted one after the other as in calm walking without moving ahead",
            "a person marches slowly on the spot",
        ),
        ("walking on the spot", "slow steps in place"),
    ),
    Action(
        "sit_to_stand",
        "sit to stand",
        (
            "a person stands up from a chair",
            "someone rises from sitting to standing",
            "the trunk leans forward and the knees stretch until the person stands",
            "a seated person gets up",
        ),
        ("standing up from a seat", "getting up from a chair"),
    ),
    Action(
        "stand_to_sit",
        "stand to sit",
        (
            "a person sits down on a chair",
            "someone goes from standing to sitting",
            "the knees bend and the hips sink back until the person sits",
            "a standing person takes a seat",
        ),
        ("sitting down", "lowering the body onto a chair"),
    ),
    Action(
        "lunge",
        "forward lunge",
        (
            "a person does a forward lunge with the left foot in front",
            "someone takes a long step forward, bends both knees and comes back",
            "one leg steps far ahead and the body sinks down between both legs",
            "a standing person lunges to the front and returns",
        ),
        ("lunging forward", "a deep step to the front with bent knees"),
    ),
    Action(
        "squat",
        "squat",
        (
            "a person squats with both arms stretched out to the front",
            "someone bends the knees deeply, lowers the hips and rises again",
            "the body sinks into a crouch while the arms reach forward, then stands up",
            "a standing person does a squat",
        ),
        ("squatting", "bending both knees deeply and rising again"),
    ),
)
"""Actions 1 to 27, in the order of their numbers."""
