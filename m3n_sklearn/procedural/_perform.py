"""Perform an activity once: from a program and a person to a Motion.

The keys of the program get the person's posture, amplitude and tempo, are placed in time with
pauses, and are joined with minimum jerk. Sway and tremor are added, and angles stay within limits.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from .._typing import Array
from .._validation import check_positive
from ..motion import Motion
from ..skeleton import (
    SMPL_JOINTS,
    Z_UP_FROM_Y_UP,
    quat_conjugate,
    quat_from_matrix,
    quat_from_rotvec,
    quat_multiply,
    quat_rotate,
    reference_joints,
    rotvec_from_quat,
)
from ._people import SPREAD, Person
from ._posture import ARM, LEG, SEGMENTS, column, mirrored, within_limits
from ._program import Activity, minimum_jerk

__all__ = ["embody", "exertion", "perform"]

# ---- differences between people, besides those of `Person`

STANCE_SHARE = 0.6
"""Spread of the posture at rest, as a share of `SPREAD`."""
AMPLITUDE_LOG_SD, TEMPO_LOG_SD = 0.06, 0.08
"""Standard deviations of the logarithms of amplitude and tempo for an activity."""
HARMONIC_SD = (0.8, 0.35, 0.25)
"""Weights of the constant and of two harmonics in the style over a cycle."""

# ---- differences between trials

TRIAL_LOG_SD = 0.07
"""Standard deviation of the logarithm of movement times and extents."""
SWAY = (0.3, 0.1, 0.9)
"""Slow changes within a trial: share of `SPREAD`, lowest and highest frequency in Hz."""
TREMOR = (0.002, 6.0, 11.0)
"""Physiological tremor: share of `SPREAD`, lowest and highest frequency in Hz."""

ONGOING_SECONDS = 6.0
"""Length of an ongoing activity if no other is given."""

X, Y, Z = np.eye(3)

COLLAR_SHARE = 0.15
"""Elevation of the clavicle per abduction of the arm; half of that per flexion."""
SOLE_SHARPNESS = 60.0
"""1/m. Inverse scale of the soft minimum over the heights of heels and balls."""

LIMB_LIMIT, PELVIS_LIMIT, PELVIS_SHARE = 105.0, 14.0, 0.25
"""Largest acceleration of wrists and ankles in m/s², and the acceleration of the pelvis in m/s²
that is exceeded in at most this share of the time. A simulator warns of readings above 157 m/s²
(gravity included) and of a pelvis above 19.6 m/s²: the margin lets clips be played 15 % faster."""
EXERTION_RATE = 60.0
"""Hz. Accelerations are second differences at about this rate, whatever the rate of the frames."""

_JOINT = {name: i for i, name in enumerate(SMPL_JOINTS)}
_REST = reference_joints()
_TO_WRISTS = ("spine1", "spine2", "spine3", "collar", "shoulder", "elbow", "wrist")
_TO_ANKLES = ("hip", "knee", "ankle")
_MIRROR = np.array([1.0, 1.0, -1.0, -1.0])
_T_POSE_INVERSE = quat_from_rotvec(-np.pi / 2 * Z)
_Z_UP = quat_from_matrix(Z_UP_FROM_Y_UP)


@dataclass
class _Timeline:
    """Keys placed in time: arrival, departure (None: no stop) and posture of each."""

    arrive: list[float] = field(default_factory=list)
    leave: list[float | None] = field(default_factory=list)
    values: list[Array] = field(default_factory=list)
    end: float = 0.0

    def add(self, value: Array, seconds: float, hold: float | None) -> None:
        """Append a posture that is reached after some seconds, and held."""
        self.end += seconds
        self.arrive.append(self.end)
        self.end += hold or 0.0
        self.leave.append(None if hold is None else self.end)
        self.values.append(value)

    def curves(self, query: Array) -> Array:
        """Return the angles at some times."""
        return minimum_jerk(self.arrive, np.array(self.values), self.leave, query)


def perform(
    activity: Activity,
    person: Person | None = None,
    *,
    seconds: float | None = None,
    rate: float = 60.0,
    random_state: int | np.random.Generator | None = None,
    subject: object = None,
    name: str | None = None,
) -> Motion:
    """Return the motion of a person who performs an activity once.

    Parameters
    ----------
    activity : Activity
        The activity.
    person : Person, optional
        The person; an average person if not given.
    seconds : float, optional
        Length of the clip. By default one to four repetitions, or 6 s of an ongoing activity.
    rate : float, default=60.0
        Frames per second.
    random_state : int, Generator or None, default=None
        Seed of timing, pauses and the small differences of this repetition.
    subject, name : optional
        Fields of the motion.

    Returns
    -------
    Motion
        World z up, floor at 0, with the activity's descriptions as text and its name as label.

    Raises
    ------
    ValueError
        If `seconds` or `rate` is not positive.

    Examples
    --------
    >>> from m3n_sklearn.procedural import get_activity, perform
    >>> perform(get_activity("wave"), seconds=3.0, random_state=0)
    Motion(180 frames x 24 joints, 2.98 s at 60 Hz, 'a person waves with one hand raised')
    """
    for given, what in ((seconds, "seconds"), (rate, "rate")):
        if given is not None:
            check_positive(given, what)
    who = Person() if person is None else person
    rng = np.random.default_rng(random_state)
    draws = rng.bit_generator.state
    poses, trans = _try(activity, who, seconds, rate, rng)
    # Tempo, amplitude and style are drawn separately. Together they may exceed what a body can do;
    # the person then takes more time, with the same draws.
    while (ratio := exertion(poses, trans, rate, stature=who.stature)) > 1:
        who = replace(who, tempo=0.99 * who.tempo / np.sqrt(ratio))
        rng.bit_generator.state = draws
        poses, trans = _try(activity, who, seconds, rate, rng)
    return Motion(
        poses,
        trans,
        rate,
        stature=who.stature,
        sex=who.sex,
        text=activity.descriptions,
        label=activity.name,
        subject=subject,  # type: ignore[arg-type]
        name=name,
        source="procedural",
    )


def _try(
    activity: Activity, who: Person, seconds: float | None, rate: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return poses and translation of one performance, even if it exceeds what a body can do."""
    # 1. Joint angles: keys, sway, handedness, limits
    times, curves = _curves(activity, who, seconds, rate, rng)
    curves += _sway_and_tremor(times, who, rng)
    curves = within_limits(mirrored(curves) if who.left_handed else curves)
    # 2. Poses and the path of the pelvis
    support = activity.support
    if who.left_handed:
        support = {"left": "right", "right": "left"}.get(support, support)
    return embody(
        curves,
        rate,
        stature=who.stature,
        support=support,
        heading=float(rng.uniform(-np.pi, np.pi)),
    )


def _curves(
    activity: Activity, who: Person, seconds: float | None, rate: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return frame times and joint angles, without sway and limits."""
    line = _Timeline()
    keys = _personal_keys(activity, who)
    start = _schedule(line, activity, keys, who, seconds, rng)
    stop = seconds if seconds is not None else line.end + float(rng.uniform(0.2, 0.6))
    if activity.kind == "ongoing":
        stop = ONGOING_SECONDS if seconds is None else seconds
    times = np.arange(max(1, round(stop * rate))) / rate
    return times, line.curves(start + times)


def _personal_keys(activity: Activity, who: Person) -> list[tuple[Array, float, float | None]]:
    """Return rest posture and keys in the person's style: (posture, seconds, hold)."""
    # 1. Habits: posture at rest, amplitude and tempo
    rng = who.habit(activity.name)
    free = activity.freedom * who.individuality
    stance = STANCE_SHARE * free * SPREAD * who.habit("stance").standard_normal(len(SPREAD))
    amplitude = who.amplitude**activity.freedom
    amplitude *= np.exp(AMPLITUDE_LOG_SD * free * rng.standard_normal())
    pace = who.tempo * np.exp(TEMPO_LOG_SD * who.individuality * rng.standard_normal())
    rest = activity.rest + stance
    # 2. Keys: deviations from rest are scaled, and postures that move get the style
    own: list[tuple[Array, float, float | None]] = [(rest, 0.0, 0.0)]
    program = activity.program(who.left_handed)
    phase = np.cumsum([key.seconds + (key.hold or 0.0) for key in program])
    styles = free * SPREAD * _style(phase / phase[-1], rng)
    for key, style in zip(program, styles, strict=True):
        moved = bool((key.posture != activity.rest).any())
        posture = rest + amplitude * (key.posture - activity.rest) + moved * style
        stretch = np.exp(TRIAL_LOG_SD * who.individuality * rng.standard_normal()) / pace
        hold = None if key.hold is None else key.hold * stretch
        own.append((posture, key.seconds * stretch, hold))
    return own


def _style(phase: Array, rng: np.random.Generator) -> Array:
    """Draw unit noise that changes slowly over a cycle: a constant and two harmonics."""
    order = 2 * np.pi * np.arange(3) * phase[:, None]
    waves = np.hstack([np.cos(order), np.sin(order)])
    return waves @ (np.array(HARMONIC_SD * 2)[:, None] * rng.standard_normal((6, len(SPREAD))))


def _schedule(
    line: _Timeline,
    activity: Activity,
    keys: list[tuple[Array, float, float | None]],
    who: Person,
    seconds: float | None,
    rng: np.random.Generator,
) -> float:
    """Place the keys on a timeline; return the time at which the clip starts."""
    rest, cycle = keys[0][0], keys[1:]
    length = sum(move + (hold or 0.0) for _, move, hold in cycle)
    tempo, extent = np.exp(TRIAL_LOG_SD * rng.standard_normal(2))

    def once() -> None:
        """Append one cycle with its variation."""
        slower = tempo * np.exp(0.5 * TRIAL_LOG_SD * who.unsteadiness * rng.standard_normal())
        larger = 1.0 + activity.freedom * (extent - 1.0)
        for value, move, hold in cycle:
            stretch = float(slower * np.exp(0.4 * TRIAL_LOG_SD * rng.standard_normal()))
            wide = rest + larger * (value - rest)
            line.add(wide, move * stretch, None if hold is None else hold * stretch)

    # the clip of an ongoing activity starts at a random time of the second or third cycle
    if activity.kind == "ongoing":
        start = length * (1.5 + float(rng.random()))
        wanted = start + (ONGOING_SECONDS if seconds is None else seconds) + 2 * length
        while line.end < wanted:
            once()
        return start
    line.add(rest, 0.0, float(rng.uniform(0.1, 0.6)))
    if activity.kind == "once":
        # the start is delayed by a random share of the time that is not needed
        spare = 0.0 if seconds is None else max(0.0, seconds - length * tempo - line.end - 0.3)
        line.leave[0] = line.end = line.end + float(rng.uniform(0.0, 0.8)) * spare
        once()
        return 0.0
    # one to four repetitions, or as many as the length needs
    count = int(rng.integers(1, 5))
    while line.end < seconds if seconds is not None else count > 0:
        once()
        count -= 1
        line.end += float(rng.uniform(*activity.pause)) / who.tempo
        line.leave[-1] = line.end
    return 0.0


def _sway_and_tremor(times: Array, who: Person, rng: np.random.Generator) -> Array:
    """Return sums of three sines per channel in each band, which are smooth."""
    total = np.zeros((len(times), len(SPREAD)))
    moving = np.flatnonzero(SPREAD)
    for share, low, high in (SWAY, TREMOR):
        frequency = rng.uniform(low, high, (3, 1, len(moving)))
        phase = rng.uniform(0, 2 * np.pi, frequency.shape)
        waves = np.sin(2 * np.pi * frequency * times[:, None] + phase).sum(axis=0)
        total[:, moving] += share * who.unsteadiness * SPREAD[moving] * waves * np.sqrt(2 / 3)
    return total


# ---- from joint angles to the motion of a body


def embody(
    curves: Array, rate: float, *, stature: float, support: str = "both", heading: float = 0.0
) -> tuple[Array, Array]:
    """Convert joint angles (F, n_channels) to poses (F, 24, 3) in rad and trans (F, 3) in m, z up.

    The floor is at 0. "walk" and "run" move forward at the mean speed at which the standing foot is
    left behind; the height of a runner follows the lift alone. `heading` is a rotation of the scene
    about the vertical in rad.
    """
    # 1. Rotations of the joints, relative to their parents
    local = np.zeros((len(curves), len(SMPL_JOINTS), 4))
    local[..., 0] = 1.0
    angles = np.deg2rad(curves)
    _put_trunk(local, angles)
    for side in ("left", "right"):
        _put_arm(local, angles, side)
        _put_leg(local, angles, side)
    # 2. The path of the root: shifts of the pelvis, carried by the legs
    pelvis = local[:, 0].copy()
    shift = curves[:, [column(name) for name in ("side", "lift", "forward")]] * stature
    root = shift + _root_path(local, pelvis, rate, stature, support)
    # 3. From the body's y-up frame to the world
    world = quat_multiply(quat_from_rotvec(heading * Z), _Z_UP)
    local[:, 0] = quat_multiply(world, pelvis)
    return rotvec_from_quat(local), quat_rotate(world, root)


def exertion(poses: Array, trans: Array, rate: float, *, stature: float) -> float:
    """Compare the accelerations of a motion with what people are capable of.

    Parameters
    ----------
    poses : ndarray of shape (F, 24, 3)
        Axis-angle vectors in rad.
    trans : ndarray of shape (F, 3)
        Pelvis in m.
    rate : float
        Frames per second.
    stature : float
        Body height in m.

    Returns
    -------
    float
        Largest ratio of an acceleration to its limit; above 1, no body can move like that.
        Accelerations grow with the square of the tempo, and so does the ratio.
    """
    ends = [_ends(poses, chain) for chain in (_TO_WRISTS, _TO_ANKLES)]
    tracks = np.concatenate([trans[:, None], *(trans[:, None] + stature * end for end in ends)], 1)
    step = max(1, round(rate / EXERTION_RATE))
    if len(tracks) <= 2 * step:
        return 0.0
    bends = tracks[2 * step :] - 2 * tracks[step:-step] + tracks[: -2 * step]
    accelerations = np.linalg.norm(bends, axis=-1) * (rate / step) ** 2
    quick = np.quantile(accelerations[:, 0], 1 - PELVIS_SHARE)
    return float(max(accelerations[:, 1:].max() / LIMB_LIMIT, quick / PELVIS_LIMIT))


def _ends(poses: Array, chain: tuple[str, ...]) -> Array:
    """Last joints of the left and the right chain seen from the pelvis in statures, (F, 2, 3)."""
    pelvis = _JOINT["pelvis"]
    turned, last = quat_from_rotvec(poses[:, [pelvis, pelvis]]), [pelvis, pelvis]
    place = np.zeros((len(poses), 2, 3))
    for name in chain:
        names = [name] * 2 if name in _JOINT else [f"left_{name}", f"right_{name}"]
        joints = [_JOINT[name] for name in names]
        place = place + quat_rotate(turned, _REST[joints] - _REST[last])
        if name != chain[-1]:
            turned = quat_multiply(turned, quat_from_rotvec(poses[:, joints]))
        last = joints
    return place


def _put_trunk(local: Array, angles: Array) -> None:
    """Set the rotations of pelvis, spine and head."""
    flexion, bend, turn, nod, look, tilt, lean, yaw = (
        angles[:, column(name), None]
        for name in (
            "trunk_flexion",
            "trunk_bend",
            "trunk_turn",
            "head_flexion",
            "head_turn",
            "tilt",
            "lean",
            "turn",
        )
    )
    # +z is to the front and +x to the left: leaning left turns about -z
    local[:, 0] = quat_multiply(quat_from_rotvec(yaw * Y), quat_from_rotvec(tilt * X - lean * Z))
    spine = quat_from_rotvec((flexion * X - bend * Z + turn * Y) / 3)
    neck = quat_from_rotvec((nod * X + look * Y) / 2)
    for joints, quat in ((("spine1", "spine2", "spine3"), spine), (("neck", "head"), neck)):
        for joint in joints:
            local[:, _JOINT[joint]] = quat


def _put_arm(local: Array, angles: Array, side: str) -> None:
    """Set the rotations of an arm."""
    flexion, abduction, rotation, elbow, pronation, wrist, deviation = (
        angles[:, column(f"{side}_{name}"), None] for name in ARM
    )
    upper = quat_multiply(
        quat_from_rotvec(-flexion * X + abduction * Z), quat_from_rotvec(-rotation * Y)
    )
    collar = quat_from_rotvec(COLLAR_SHARE * (abduction + 0.5 * flexion) * Z)
    shoulder = quat_multiply(quat_multiply(quat_conjugate(collar), upper), _T_POSE_INVERSE)
    forearm = quat_multiply(quat_from_rotvec(-elbow * Y), quat_from_rotvec(pronation * X))
    hand = quat_from_rotvec(-deviation * Y - wrist * Z)
    _put_side(local, side, collar=collar, shoulder=shoulder, elbow=forearm, wrist=hand)


def _put_leg(local: Array, angles: Array, side: str) -> None:
    """Set the rotations of a leg."""
    hip, abduction, rotation, knee, ankle = (
        angles[:, column(f"{side}_{name}"), None] for name in LEG
    )
    thigh = quat_multiply(
        quat_from_rotvec(-hip * X + abduction * Z), quat_from_rotvec(-rotation * Y)
    )
    _put_side(
        local, side, hip=thigh, knee=quat_from_rotvec(knee * X), ankle=quat_from_rotvec(-ankle * X)
    )


def _put_side(local: Array, side: str, **joints: Array) -> None:
    """Store rotations of the left side, or their mirror images for the right side."""
    for name, quat in joints.items():
        local[:, _JOINT[f"{side}_{name}"]] = quat if side == "left" else quat * _MIRROR


def _root_path(local: Array, pelvis: Array, rate: float, stature: float, support: str) -> Array:
    """Return the pelvis in the body's y-up frame, from the positions of the feet."""
    left, right = (_foot(local, pelvis, side) * stature for side in ("left", "right"))
    feet = np.stack([left[0], right[0]])
    soles = np.concatenate([left[1:], right[1:]])[..., 1]
    # 1. Height: the soft minimum of heels and balls is on the floor
    load = np.exp(-SOLE_SHARPNESS * (soles - soles.min(axis=0)))
    root = np.empty((len(pelvis), 3))
    root[:, 1] = np.log(load.sum(axis=0) / len(soles)) / SOLE_SHARPNESS - soles.min(axis=0)
    if support == "run":
        root[:, 1] = root[:, 1].mean()
    # 2. Horizontal: forward at the speed of the loaded foot, or with the supporting foot in place
    if support in ("walk", "run"):
        loaded = np.stack([load[:2].sum(axis=0), load[2:].sum(axis=0)])[:, 1:]
        backwards = -np.diff(feet[..., 2], axis=1) * rate
        speed = np.average(backwards, weights=loaded / loaded.sum(axis=0))
        root[:, 0], root[:, 2] = 0.0, speed * np.arange(len(root)) / rate
    else:
        share = {"both": (0.5, 0.5), "left": (1.0, 0.0), "right": (0.0, 1.0)}[support]
        planted = np.tensordot(share, feet[..., [0, 2]], axes=1)
        root[:, [0, 2]] = planted[0] - planted
    return root


def _foot(local: Array, pelvis: Array, side: str) -> Array:
    """Return ankle, heel and ball relative to the pelvis, in statures, y up."""
    thigh = quat_multiply(pelvis, local[:, _JOINT[f"{side}_hip"]])
    shank = quat_multiply(thigh, local[:, _JOINT[f"{side}_knee"]])
    foot = quat_multiply(shank, local[:, _JOINT[f"{side}_ankle"]])
    ankle = quat_rotate(pelvis, -SEGMENTS["pelvis"] * Y)
    ankle = ankle + quat_rotate(thigh, -SEGMENTS["thigh"] * Y)
    ankle = ankle + quat_rotate(shank, -SEGMENTS["shank"] * Y)
    sole = -SEGMENTS["ankle"] * Y
    heel = ankle + quat_rotate(foot, sole - SEGMENTS["heel"] * Z)
    ball = ankle + quat_rotate(foot, sole + SEGMENTS["ball"] * Z)
    return np.stack([ankle, heel, ball])
