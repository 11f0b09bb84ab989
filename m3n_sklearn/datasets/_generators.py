"""Generated data: captioned motions for pretraining, and a wrist data set for tests."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch, check_random_state

from .._typing import Array
from .._validation import check_positive, check_rate, is_number
from ..body import Site, default_body, resolve_sites
from ..motion import Motion
from ..procedural import Activity, Person, draw_person, get_activities, perform
from ..recording import Recording, cut
from ..simulation import IMUNoise, SensorNoise, SMPLIMUSimulator
from ..skeleton import matrix_from_rotvec

__all__ = ["WRIST_ACTIVITIES", "make_motions", "make_wrist_har"]

WRIST_ACTIVITIES: tuple[str, ...] = (
    "wave",
    "clap",
    "knock",
    "throw",
    "draw_x",
    "draw_circle_clockwise",
    "draw_circle_counterclockwise",
    "swipe_left",
    "swipe_right",
    "drink",
    "comb_hair",
    "wipe_table",
    "stir",
    "hammer",
    "reach_and_grasp",
    "tape_box",
    "attach_label",
    "scan_label",
)
"""Default classes of :func:`make_wrist_har`."""

MOTIONS, WRISTS, DEVICES = 1, 2, 3
"""First entries of the random keys: motions, people of the wrist set, and their devices."""

WRISTS_WORN = ("right_wrist", "left_wrist")

FOREARM_TURN_SD, TILT_SD, FLIPPED_SHARE = np.deg2rad(26.0), np.deg2rad(11.0), 0.3
"""How watches are worn: standard deviations in rad of the rotation about the forearm and of the
tilt, and the share of watches with the strap the other way round."""

SITE_SD = 0.012
"""Standard deviation of a watch's position on the forearm along each axis, in m."""

WATCH = IMUNoise(
    acc=SensorNoise(density=0.012, bias=0.15, scale=0.02, range=8 * 9.80665, resolution=0.0024),
    gyro=SensorNoise(
        density=0.002, bias=0.02, scale=0.02, range=np.deg2rad(1000.0), resolution=0.0006
    ),
)
"""Errors of a consumer watch with ranges of 8 g and 1000 degrees per second."""

TEMPO, INDIVIDUALITY = 0.9, 1.4
"""Median tempo and style spread of the people of the wrist set, relative to `make_motions`."""

DESCRIPTION = """\
A generated wrist data set for human activity recognition
----------------------------------------------------------

{people} people (other bodies, habits and tempo than those of `make_motions`) perform
{classes} activities, {repetitions} clips each. A watch at the {site} measures specific force (m/s²,
gravity included) and angular rate (rad/s) at {rate:g} Hz. Each person wears it differently: rotated
about the forearm (standard deviation 26 degrees), tilted (11 degrees), displaced by up to a few
centimeters, and about 30 % with the strap the other way round. It has bias, scale errors and noise,
and saturates at 8 g and 1000 degrees per second. Windows last {seconds:g} s and overlap by half.

`X` Windows with imu (n, 6, T); `y` names of activities; `groups` people. All data are simulated.
"""


def make_motions(
    n_people: int = 8,
    n_repetitions: int = 2,
    activities: Iterable[str | Activity] | None = None,
    *,
    exclude: Iterable[str] = (),
    seconds: float | None = 4.0,
    rate: float = 60.0,
    left_handed: float = 0.1,
    random_state: int | np.random.RandomState | None = None,
) -> list[Motion]:
    """Generate captioned motions of people who perform activities in their own style.

    Each clip depends only on the seed, the person, the activity and the repetition. Fewer people,
    activities or repetitions give a subset of the same clips.

    Parameters
    ----------
    n_people : int, default=8
        Number of people.
    n_repetitions : int, default=2
        Clips of each activity by each person.
    activities : iterable of (str or Activity), optional
        What to perform; see :func:`m3n_sklearn.procedural.list_activities`. By default the
        whole vocabulary.
    exclude : iterable of str, default=()
        Activities to leave out, such as the classes that a model must not have seen.
    seconds : float or None, default=4.0
        Length of the clips. With None each clip is as long as its activity takes.
    rate : float, default=60.0
        Frames per second.
    left_handed : float, default=0.1
        Probability that a person is left-handed. Left-handed people perform mirrored motions.
    random_state : int, RandomState or None, default=None
        Pass an int for the same motions in every call.

    Returns
    -------
    list of Motion
        Ordered by person, activity, repetition. Each has several paraphrases of its caption as
        `text`, the activity's name as `label`, `subject`, `stature`, `sex` and a `name` of its own.

    Raises
    ------
    ValueError
        For unknown activities or counts below 1.

    Examples
    --------
    >>> from m3n_sklearn.datasets import make_motions
    >>> motions = make_motions(2, 1, ["wave", "walk"], random_state=0)
    >>> [motion.name for motion in motions]
    ['person0/wave/0', 'person0/walk/0', 'person1/wave/0', 'person1/walk/0']
    >>> motions[0].text[0]
    'a person waves with one hand raised'
    """
    _check_counts(n_people=n_people, n_repetitions=n_repetitions)
    _check_share("left_handed", left_handed)
    check_rate(rate, "rate")
    chosen = get_activities(activities, exclude)
    seed = _seed(random_state)
    people = [draw_person(_rng(seed, MOTIONS, i), left_handed=left_handed) for i in range(n_people)]
    return _perform(people, chosen, n_repetitions, (seed, MOTIONS), "person", seconds, rate)


def make_wrist_har(
    n_people: int = 8,
    n_repetitions: int = 2,
    activities: Iterable[str | Activity] | None = None,
    *,
    site: str = "right_wrist",
    seconds: float = 2.56,
    rate: float = 50.0,
    shift: float = 1.0,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch:
    """Generate windows of a wrist sensor on other people than those of :func:`make_motions`.

    The set replaces real data in tests and examples. Its people have other bodies, move more slowly
    and differ more in style; each wears the watch differently; the watch has sensor errors.

    Parameters
    ----------
    n_people : int, default=8
        Number of people; they are the groups.
    n_repetitions : int, default=2
        Clips of each activity by each person; each clip gives three windows.
    activities : iterable of (str or Activity), optional
        Classes; `WRIST_ACTIVITIES` if not given. An activity that is performed once, such as
        sitting down, does not fill every window of its clip.
    site : {"right_wrist", "left_wrist"}, default="right_wrist"
        Where the watch is worn.
    seconds : float, default=2.56
        Length of a window; neighboring windows overlap by half.
    rate : float, default=50.0
        Samples per second.
    shift : float, default=1.0
        Size of the domain shift: a factor on mounting angles, displacements, sensor errors, and the
        change of tempo and style. 0 gives the population of :func:`make_motions` with perfect
        watches.
    random_state : int, RandomState or None, default=None
        Pass an int for the same data in every call. The people differ from those of
        :func:`make_motions` even with the same seed.

    Returns
    -------
    Bunch
        ``X`` Windows with ``imu`` (n, 6, T), ``clip`` and ``start``; ``y`` (n,) names of
        activities; ``groups`` (n,) people; ``descriptions`` paraphrases by class;
        ``target_names``; ``recordings`` and ``motions``, one per clip; ``DESCR``.

    Raises
    ------
    ValueError
        For unknown activities or sites, counts below 1, or a negative `shift`.

    Examples
    --------
    >>> from m3n_sklearn.datasets import make_wrist_har
    >>> wrists = make_wrist_har(2, 1, ["wave", "walk"], random_state=0)
    >>> wrists.X
    Windows(12 rows: start, imu (6, 128) at 50 Hz, clip)
    >>> print(*wrists.y[:6])
    wave wave wave walk walk walk
    """
    _check_counts(n_people=n_people, n_repetitions=n_repetitions)
    if not is_number(shift) or not 0 <= shift < np.inf:
        raise ValueError(f"shift must be a number of at least 0, got {shift!r}.")
    if site not in WRISTS_WORN:
        raise ValueError(f"site must be one of {', '.join(WRISTS_WORN)}, got {site!r}.")
    check_positive(seconds, "seconds")
    check_rate(rate, "rate")
    # 1. People and their motions: clips of two windows, plus two samples at the ends
    chosen = get_activities(WRIST_ACTIVITIES if activities is None else activities)
    seed = _seed(random_state)
    people = [
        draw_person(
            _rng(seed, WRISTS, i),
            tempo=TEMPO**shift,
            left_handed=0.0,
            individuality=INDIVIDUALITY**shift,
        )
        for i in range(n_people)
    ]
    motions = _perform(
        people, chosen, n_repetitions, (seed, WRISTS), "wearer", 2 * seconds + 2 / rate, 60.0
    )
    # 2. Each person's watch records all of that person's clips
    recordings: list[Recording] = []
    per_person = len(motions) // n_people
    for i, person in enumerate(people):
        own = motions[i * per_person : (i + 1) * per_person]
        recordings += _wear(own, person, site, rate, shift, (seed, DEVICES, i))
    # 3. Windows
    X, y, groups = cut(recordings, seconds=seconds, overlap=0.5, imu_rate=rate)
    names = [activity.name for activity in chosen]
    return Bunch(
        X=X,
        y=np.asarray(y, dtype=str),
        groups=np.asarray(groups, dtype=str),
        descriptions={activity.name: activity.descriptions for activity in chosen},
        target_names=names,
        recordings=recordings,
        motions=motions,
        DESCR=DESCRIPTION.format(
            people=n_people,
            classes=len(names),
            repetitions=n_repetitions,
            site=site.replace("_", " "),
            rate=rate,
            seconds=seconds,
        ),
    )


def _perform(
    people: list[Person],
    activities: tuple[Activity, ...],
    repetitions: int,
    key: tuple[int, int],
    who: str,
    seconds: float | None,
    rate: float,
) -> list[Motion]:
    """Perform every activity by every person."""
    return [
        perform(
            activity,
            person,
            seconds=seconds,
            rate=rate,
            random_state=_rng(*key, i, zlib.crc32(activity.name.encode()), repetition),
            subject=f"{who}{i}",
            name=f"{who}{i}/{activity.name}/{repetition}",
        )
        for i, person in enumerate(people)
        for activity in activities
        for repetition in range(repetitions)
    ]


def _wear(
    motions: list[Motion],
    person: Person,
    site: str,
    rate: float,
    shift: float,
    key: tuple[int, int, int],
) -> list[Recording]:
    """Record one person's motions with the watch that this person wears."""
    rng = _rng(*key)
    mount = _mount(rng, shift)
    place = _displaced(site, person, shift * SITE_SD * rng.standard_normal(3))
    ideal = SMPLIMUSimulator(sites=(place,), rate=rate, smoothing=None).simulate(motions)
    errors = _errors(shift)
    return [
        recording.replace(
            data=errors.apply(
                np.hstack([recording.data[:, :3] @ mount, recording.data[:, 3:] @ mount]),
                rate,
                _rng(*key, 1, zlib.crc32(str(motion.name).encode())),
                device=_rng(*key, 2),
            ),
            labels=motion.label,
            text=(),
        )
        for motion, recording in zip(motions, ideal, strict=True)
    ]


def _errors(shift: float) -> IMUNoise:
    """Return the errors of the watch with all random terms scaled by the shift."""
    if shift == 0:
        return IMUNoise()
    random = {
        name: shift * value
        for name, value in WATCH.get_params().items()
        if name.endswith(("__density", "__bias", "__scale"))
    }
    return clone(WATCH).set_params(**random)


def _mount(rng: np.random.Generator, shift: float) -> Array:
    """Return the axes of the watch in the frame of the site (x along the forearm, z up)."""
    turn, tilt, direction, flip = (
        rng.standard_normal(),
        rng.standard_normal(),
        rng.random(),
        rng.random(),
    )
    around = matrix_from_rotvec([shift * FOREARM_TURN_SD * turn, 0.0, 0.0])
    axis = np.array([0.0, np.cos(2 * np.pi * direction), np.sin(2 * np.pi * direction)])
    tilted = matrix_from_rotvec(shift * TILT_SD * tilt * axis)
    reversed_ = np.diag([-1.0, -1.0, 1.0]) if flip < min(1.0, shift) * FLIPPED_SHARE else np.eye(3)
    return around @ tilted @ reversed_


def _displaced(site: str, person: Person, by: Array) -> Site:
    """Return the site on the person's body, moved by a vector in m."""
    [found] = resolve_sites(default_body(person.sex, person.stature), [site])
    return dataclasses.replace(found, offset=np.asarray(found.offset) + by)


def _check_counts(**counts: Any) -> None:
    for name, count in counts.items():
        whole = isinstance(count, (int, np.integer)) and not isinstance(count, bool)
        if not whole or count < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {count!r}.")


def _check_share(name: str, share: float) -> None:
    if not is_number(share) or not 0 <= share <= 1:
        raise ValueError(f"{name} must be a probability between 0 and 1, got {share!r}.")


def _seed(random_state: int | np.random.RandomState | None) -> int:
    """Draw a seed from a random state."""
    return int(check_random_state(random_state).randint(2**31 - 1))


def _rng(*key: int) -> np.random.Generator:
    """Return the generator of a key."""
    return np.random.default_rng(key)
