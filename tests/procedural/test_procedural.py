"""Procedural motions: human limits, smoothness, people, captions, messages."""

from __future__ import annotations

import itertools
import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.motion import SMPL_JOINTS
from m3n_sklearn.procedural import (
    STAND,
    Activity,
    Person,
    arm,
    circle,
    draw_person,
    gait,
    get_activity,
    leg,
    list_activities,
    perform,
    posture,
    reach,
    strokes,
    to,
)
from m3n_sklearn.procedural._catalog import ACTIVITIES, get_activities
from m3n_sklearn.procedural._perform import embody
from m3n_sklearn.procedural._posture import (
    CHANNELS,
    LIMITS,
    SEGMENTS,
    column,
    mirrored,
    within_limits,
)
from m3n_sklearn.procedural._program import minimum_jerk
from m3n_sklearn.simulation import Randomization
from m3n_sklearn.skeleton._rotations import quat_from_rotvec, quat_multiply, quat_rotate

few = settings(derandomize=True, deadline=None, max_examples=25)
JOINT = {name: i for i, name in enumerate(SMPL_JOINTS)}
LOW, HIGH = (np.array(bound) for bound in zip(*LIMITS.values(), strict=True))
names = st.sampled_from(sorted(ACTIVITIES))
seeds = st.integers(0, 2**20)


def joints(motion):
    body = default_body(motion.sex, motion.stature)
    return forward_kinematics(body, motion.poses, motion.trans).positions


def to_left(motion):
    """Coordinates along the line from the right to the left hip of the first frame."""
    positions = joints(motion)
    line = positions[0, JOINT["left_hip"]] - positions[0, JOINT["right_hip"]]
    return (positions - positions[:1, :1]) @ (line / np.linalg.norm(line))


# ---- vocabulary


def test_vocabulary_is_wide_and_captioned():
    assert len(list_activities()) >= 24
    for name, activity in ACTIVITIES.items():
        assert activity.name == name and re.fullmatch(r"[a-z_]+", name)
        assert 3 <= len(activity.descriptions) <= 6
        assert len(set(activity.descriptions)) == len(activity.descriptions)
    captions = [text for each in ACTIVITIES.values() for text in each.descriptions]
    assert len(set(captions)) == len(captions), "two activities share a caption"


@pytest.mark.parametrize("name", list_activities())
def test_textbook_postures_are_within_joint_limits(name):
    activity = get_activity(name)
    for left_handed in (False, True):
        for key in activity.program(left_handed):
            wrong = (key.posture < LOW) | (key.posture > HIGH)
            assert not wrong.any(), [CHANNELS[i] for i in np.flatnonzero(wrong)]
            assert key.seconds > 0


def test_different_activities_have_different_programs():
    def path(activity):
        return np.array([key.posture for key in activity.cycle])

    for a, b in itertools.combinations(ACTIVITIES.values(), 2):
        same = len(a.cycle) == len(b.cycle) and np.allclose(path(a), path(b), atol=3.0)
        assert not same, (a.name, b.name)


def test_unknown_activity_names_the_closest():
    with pytest.raises(ValueError, match=r"Unknown activity 'Wawe'\. Did you mean 'wave'"):
        get_activity("Wawe")
    with pytest.raises(ValueError, match="'arm_curl'"):
        get_activity("arm curl")
    with pytest.raises(ValueError, match=r"list_activities\(\)"):
        get_activity("###")
    with pytest.raises(TypeError, match="name or an Activity"):
        get_activity(3)


def test_choosing_activities():
    assert [a.name for a in get_activities("wave")] == ["wave"]
    assert len(get_activities(exclude=["wave", "walk"])) == len(ACTIVITIES) - 2
    assert len(get_activities(exclude="wave")) == len(ACTIVITIES) - 1
    with pytest.raises(ValueError, match="No activity is left"):
        get_activities(["wave"], exclude=["wave"])
    with pytest.raises(ValueError, match="repeated: wave"):
        get_activities(["wave", "wave"])
    with pytest.raises(ValueError, match="Did you mean"):
        get_activities(exclude=["wavee"])


# ---- postures


@few
@given(st.floats(0.32, 0.97), st.floats(-1, 1), st.floats(-1, 1), st.floats(-0.6, 1), seeds)
def test_reach_puts_the_wrist_there(distance, up, out, forward, seed):
    target = np.array([out, up, forward]) + 1e-3
    target *= distance / np.linalg.norm(target)
    swivel = float(np.random.default_rng(seed).uniform(-20, 40))
    try:
        hand = reach(target[2], target[1], target[0], swivel=swivel)
    except ValueError as error:
        assert "degrees, outside" in str(error)
        return
    poses, _ = embody(posture(both=hand)[None], 60.0, stature=1.7)
    quats = quat_from_rotvec(poses[0])
    for side, sign in (("left", 1.0), ("right", -1.0)):
        humerus = quat_multiply(quats[JOINT[f"{side}_collar"]], quats[JOINT[f"{side}_shoulder"]])
        forearm = quat_multiply(humerus, quats[JOINT[f"{side}_elbow"]])
        wrist = quat_rotate(humerus, [sign * SEGMENTS["upper_arm"], 0, 0])
        wrist += quat_rotate(forearm, [sign * SEGMENTS["forearm"], 0, 0])
        wrist /= SEGMENTS["upper_arm"] + SEGMENTS["forearm"]
        np.testing.assert_allclose(wrist, target * [sign, 1, 1], atol=1e-9)


def test_reach_says_what_is_out_of_reach():
    with pytest.raises(ValueError, match=r"0\.3 to 0\.99 arm lengths.*1\.414"):
        reach(1.0, 1.0, 0.0)
    with pytest.raises(ValueError, match=r"outside .* swivel"):
        reach(-0.9, 0.3, -0.2)


@few
@given(st.lists(st.floats(-400, 400), min_size=len(CHANNELS), max_size=len(CHANNELS)))
def test_limits_hold_for_anything(values):
    limited = within_limits(np.array(values))
    assert (limited >= LOW - 1e-12).all() and (limited <= HIGH + 1e-12).all()


def test_limits_leave_the_middle_alone_and_have_no_kink():
    assert np.array_equal(within_limits((LOW + HIGH) / 2), (LOW + HIGH) / 2)
    elbow = column("right_elbow")
    ramp = np.tile(STAND, (4001, 1))
    ramp[:, elbow] = np.linspace(-40, 200, 4001)
    second = np.diff(within_limits(ramp)[:, elbow], n=2) / (240 / 4000) ** 2
    assert np.abs(np.diff(second)).max() < 0.02 * np.abs(second).max()


def test_mirroring_twice_changes_nothing():
    values = np.random.default_rng(0).normal(size=(5, len(CHANNELS)))
    np.testing.assert_array_equal(mirrored(mirrored(values)), values)
    assert mirrored(posture(right=arm(elbow=90)))[column("left_elbow")] == 90


# ---- programs


def test_two_stops_are_joined_as_people_do():
    start, end = np.zeros((1, 2)), np.ones((1, 2))
    u = np.linspace(0, 1, 11)
    curve = minimum_jerk([0.0, 3.0], np.vstack([start, end]), [1.0, 3.0], 1.0 + 2.0 * u)
    np.testing.assert_allclose(curve[:, 0], 10 * u**3 - 15 * u**4 + 6 * u**5, atol=1e-12)


@few
@given(st.integers(3, 9), seeds)
def test_curves_pass_their_postures_and_rest_at_stops(count, seed):
    rng = np.random.default_rng(seed)
    arrive = np.cumsum(rng.uniform(0.15, 0.8, count))
    values = rng.normal(size=(count, 3))
    leave = [None if rng.random() < 0.5 else float(t) for t in arrive]
    np.testing.assert_allclose(minimum_jerk(arrive, values, leave, arrive), values, atol=1e-9)
    step = 1e-4
    for time, left in zip(arrive, leave, strict=True):
        if left is not None:
            near = minimum_jerk(arrive, values, leave, time + np.array([-step, 0.0, step]))
            assert np.abs(np.diff(near, axis=0)).max() / step < 1e-2


def test_a_posture_on_the_way_costs_less_jerk_than_a_stop():
    times, values = np.array([0.0, 0.5, 1.1]), np.array([[0.0], [1.0], [-1.0]])
    query = np.linspace(0, 1.1, 2201)

    def jerk(leave):
        curve = minimum_jerk(times, values, leave, query)[:, 0]
        return np.sum((np.diff(curve, n=3) / (query[1] ** 3)) ** 2)

    assert jerk([0.0, None, 1.1]) < 0.5 * jerk([0.0, 0.5, 1.1])


def test_circles_close_and_have_a_direction():
    across, up = column("right_abduction"), column("right_flexion")
    for clockwise, sign in ((True, 1), (False, -1)):
        keys = circle((0.7, 0.0, 0.0), 0.25, 1.0, clockwise=clockwise)
        assert len(keys) == 12
        path = np.array([key.posture for key in keys])
        x, y = path[:, across] - path[:, across].mean(), path[:, up] - path[:, up].mean()
        area = np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2
        assert -sign * area > 50  # out to the right and up: clockwise is negative
    level = circle((0.6, -0.4, 0.0), 0.1, 1.0, plane="level", turns=0.5)
    assert len(level) == 6
    assert sum(k.seconds for k in circle((0.7, 0, 0), 0.2, 1.0, eased=True)) > 1.2


def test_strokes_end_at_their_corners():
    corners = [(0.7, 0.2, -0.2), (0.7, -0.2, 0.2), (0.7, 0.2, 0.2)]
    keys = strokes(corners, 0.4, hand={"pronation": 30.0})
    np.testing.assert_allclose(keys[-1].posture, posture(right=reach(*corners[-1], pronation=30)))
    assert sum(key.seconds for key in keys) == pytest.approx(0.8)


def test_gait_alternates_legs_and_arms():
    stride = {"hip": (30, 0, -10, 20), "knee": (5, 10, 10, 60), "ankle": (0, 5, -10, 0)}
    stride = {name: np.repeat(values, 3) for name, values in stride.items()}
    path = np.array([key.posture for key in gait(stride, 1.0, swing=20.0)])
    np.testing.assert_allclose(
        path[:, column("left_hip")], np.roll(path[:, column("right_hip")], 6), atol=1e-9
    )
    legs, arms = path[:, column("right_hip")], path[:, column("right_flexion")]
    assert np.corrcoef(legs, arms)[0, 1] < -0.5


# ---- performances


@few
@given(names, seeds)
def test_joints_stay_within_human_limits(name, seed):
    person = draw_person(np.random.default_rng(seed), individuality=2.0)
    poses = perform(get_activity(name), person, seconds=2.0, random_state=seed).poses
    for side in ("left", "right"):
        along = quat_rotate(quat_from_rotvec(poses[:, JOINT[f"{side}_elbow"]]), [1.0, 0, 0])
        elbow = np.rad2deg(np.arccos(np.clip(along[:, 0], -1, 1)))
        knee = np.rad2deg(poses[:, JOINT[f"{side}_knee"], 0])
        wrist = np.rad2deg(np.linalg.norm(poses[:, JOINT[f"{side}_wrist"]], axis=-1))
        assert elbow.max() <= 150 and wrist.max() <= 86
        assert knee.min() >= -5 and knee.max() <= 140


@pytest.mark.parametrize("name", list_activities())
def test_hands_are_no_faster_than_people(name):
    activity = get_activity(name)
    for seed in range(2):
        person = draw_person(np.random.default_rng(seed))
        positions = joints(perform(activity, person, seconds=3.0, rate=120.0, random_state=seed))
        hands = positions[:, [JOINT["left_wrist"], JOINT["right_wrist"]]]
        velocity = np.diff(hands, axis=0) * 120
        acceleration = np.diff(velocity, axis=0) * 120
        assert np.linalg.norm(velocity, axis=-1).max() < 9.0
        assert np.linalg.norm(acceleration, axis=-1).max() < 120.0
        root = np.diff(positions[:, 0], n=2, axis=0) * 120**2
        assert np.linalg.norm(root, axis=-1).max() < 40.0


VIGOROUS = ("skip_rope", "jog_in_place", "tennis_serve", "push", "turn_around", "jumping_jack")


@pytest.mark.slow
@pytest.mark.parametrize("randomize", [None, Randomization(tempo=0.15, site_jitter=0.01)])
def test_the_simulator_does_not_warn_of_people_in_a_hurry(randomize):
    people = [draw_person(np.random.default_rng(seed), tempo=1.25) for seed in range(8)]
    motions = [
        perform(get_activity(name), person, seconds=4.0, random_state=seed)
        for name in VIGOROUS
        for seed, person in enumerate(people)
    ]
    sites = ("right_wrist", "left_wrist", "left_ankle", "right_foot", "head")
    simulator = SMPLIMUSimulator(sites=sites, rate=50.0, randomize=randomize, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulator.simulate(motions)


def test_who_would_exceed_human_limits_takes_more_time():
    def frequency(tempo):
        hop = perform(get_activity("skip_rope"), Person(tempo=tempo), seconds=8.0, random_state=0)
        height = hop.trans[:, 2] - hop.trans[:, 2].mean()
        return np.argmax(np.abs(np.fft.rfft(height))) / 8.0

    assert frequency(0.8) < 0.9 * frequency(1.0)
    assert frequency(1.5) == pytest.approx(frequency(3.0), rel=0.1)


@pytest.mark.parametrize("name", list_activities())
def test_hands_stay_outside_the_trunk_and_feet_on_the_floor(name):
    motion = perform(get_activity(name), Person(), seconds=3.0, random_state=0)
    positions = joints(motion)
    low, high = positions[:, 0], positions[:, JOINT["neck"]]
    line = high - low
    for side in ("left", "right"):
        wrist = positions[:, JOINT[f"{side}_wrist"]]
        share = np.clip(np.sum((wrist - low) * line, -1) / np.sum(line**2, -1), 0, 1)
        assert np.linalg.norm(wrist - low - share[:, None] * line, axis=-1).min() > 0.1
    feet = ("left_ankle", "right_ankle", "left_foot", "right_foot")
    lower = positions[:, [JOINT[name] for name in feet], 2].min(axis=1)
    assert 0.0 < lower.min() < 0.14
    assert lower.max() < 0.35


@pytest.mark.parametrize("name", ["wave", "throw", "walk", "squat", "jumping_jack", "write"])
def test_motions_are_twice_continuously_differentiable(name):
    def largest_jump(rate):
        motion = perform(get_activity(name), Person(seed=4), seconds=2.5, rate=rate, random_state=3)
        angles = np.concatenate([motion.poses[:, 1:].reshape(motion.n_frames, -1), motion.trans], 1)
        second = np.diff(angles, n=2, axis=0) * rate**2
        return np.abs(np.diff(second, axis=0)).max()

    # a jump of the second derivative would not shrink with the time step
    assert largest_jump(1920.0) < 0.35 * largest_jump(480.0)


@pytest.mark.parametrize("name", ["squat", "wave", "pick_up", "stand_to_sit"])
def test_planted_feet_do_not_slide(name):
    positions = joints(perform(get_activity(name), Person(), seconds=4.0, random_state=1))
    feet = positions[:, [JOINT["left_ankle"], JOINT["right_ankle"]], :2]
    assert np.ptp(feet, axis=0).max() < 0.1


def test_walkers_get_on_and_those_in_place_do_not():
    def speed(name):
        trans = perform(get_activity(name), Person(), seconds=5.0, random_state=2).trans
        return np.linalg.norm(trans[-1, :2] - trans[0, :2]) / 5.0

    assert 0.7 < speed("walk") < 1.6
    assert 1.5 < speed("jog") < 4.0
    assert speed("walk_in_place") < 0.1


def test_walking_is_forward():
    motion = perform(get_activity("walk"), Person(), seconds=3.0, random_state=2)
    front = quat_rotate(quat_from_rotvec(motion.poses[0, 0]), [0.0, 0.0, 1.0])
    assert (motion.trans[-1] - motion.trans[0]) @ front > 1.5


def test_same_seed_same_motion_other_seed_another():
    wave = get_activity("wave")
    one, two, three = (
        perform(wave, Person(seed=1), seconds=2.0, random_state=s) for s in (5, 5, 6)
    )
    np.testing.assert_array_equal(one.poses, two.poses)
    np.testing.assert_array_equal(one.trans, two.trans)
    assert np.abs(one.poses - three.poses).max() > 0.05


def test_performing_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].copy()
    perform(get_activity("wave"), random_state=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_people_differ_more_from_each_other_than_from_themselves():
    def signature(person, trial):
        motion = perform(get_activity("lateral_raise"), person, seconds=6.0, random_state=trial)
        elbow = motion.poses[:, JOINT["right_elbow"]]
        shoulder = motion.poses[:, JOINT["right_shoulder"]]
        return np.concatenate([elbow.mean(0), shoulder.mean(0), shoulder.std(0)])

    people = [draw_person(np.random.default_rng(i), left_handed=0.0) for i in range(8)]
    table = np.array([[signature(person, trial) for trial in range(3)] for person in people])
    within = table.std(axis=1).mean()
    between = table.mean(axis=1).std(axis=0).mean()
    assert between > 1.5 * within


def test_people_have_plausible_bodies_and_habits():
    people = [draw_person(np.random.default_rng(i)) for i in range(300)]
    statures = np.array([p.stature for p in people])
    tempi = np.array([p.tempo for p in people])
    assert statures.min() > 1.44 and statures.max() < 1.96
    assert np.mean(np.abs(np.log(tempi)) < np.log(1.25)) > 0.85
    assert 0.03 < np.mean([p.left_handed for p in people]) < 0.2
    assert {p.sex for p in people} == {"male", "female"}


def test_quick_people_do_more():
    def repetitions(tempo):
        motion = perform(
            get_activity("arm_curl"), Person(tempo=tempo), seconds=12.0, random_state=0
        )
        bend = np.linalg.norm(motion.poses[:, JOINT["right_elbow"]], axis=-1)
        high = bend > (bend.min() + bend.max()) / 2
        return np.sum(np.diff(high.astype(int)) == 1)

    assert repetitions(1.3) > repetitions(0.75)


def test_left_handers_mirror_the_motion_but_keep_its_meaning():
    right, left = (
        perform(get_activity("wave"), Person(left_handed=hand), seconds=2.0, random_state=0)
        for hand in (False, True)
    )
    np.testing.assert_allclose(left.poses[:, 1:], right.mirrored().poses[:, 1:], atol=1e-12)
    for name, sign in (("swipe_left", 1.0), ("swipe_right", -1.0)):
        for hand, wrist in ((False, "right_wrist"), (True, "left_wrist")):
            motion = perform(
                get_activity(name), Person(left_handed=hand), seconds=2.2, rate=120, random_state=0
            )
            sideways = np.diff(to_left(motion)[:, JOINT[wrist]])
            assert sign * sideways[np.argmax(np.abs(sideways))] > 0, (name, wrist)


def test_one_shot_activities_happen_once():
    motion = perform(get_activity("sit_to_stand"), seconds=5.0, random_state=0)
    height = motion.trans[:, 2]
    assert height[-1] - height[0] > 0.3
    assert np.sum(np.abs(np.diff(height > height.mean()))) == 1


def test_clips_without_given_length_last_as_long_as_the_activity():
    assert perform(get_activity("stand_to_sit"), random_state=0).duration < 4.5
    assert perform(get_activity("walk"), random_state=0).duration == pytest.approx(6.0, abs=0.1)
    lengths = {perform(get_activity("wave"), random_state=i).n_frames for i in range(6)}
    assert len(lengths) > 3


def test_motion_carries_caption_label_and_person():
    person = Person(stature=1.6, sex="female")
    motion = perform(get_activity("drink"), person, random_state=0, subject="ada", name="a/1")
    assert motion.text == get_activity("drink").descriptions
    assert (motion.label, motion.subject, motion.name) == ("drink", "ada", "a/1")
    assert (motion.stature, motion.sex, motion.rate) == (1.6, "female", 60.0)


def test_own_activities():
    stoop = Activity(
        "stoop",
        ("a person stoops",),
        [to(posture(trunk_flexion=40, legs=leg(hip=10)), 0.5, hold=0.3), to(STAND, 0.5)],
    )
    motion = perform(stoop, seconds=3.0, random_state=0)
    assert motion.label == "stoop"
    assert np.rad2deg(motion.poses[:, JOINT["spine1"], 0].max()) > 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cycle": []}, "is empty"),
        ({"kind": "often"}, "repeat, ongoing, once"),
        ({"support": "hands"}, "support must be one of"),
        ({"kind": "ongoing"}, "at least two keys"),
    ],
)
def test_activities_are_checked(change, message):
    with pytest.raises(ValueError, match=message):
        Activity(**{"name": "x", "descriptions": ("x",), "cycle": [to(STAND, 1.0)], **change})


@pytest.mark.parametrize("wrong", [{"seconds": 0.0}, {"rate": -1.0}, {"seconds": np.nan}])
def test_lengths_and_rates_are_checked(wrong):
    with pytest.raises(ValueError, match="must be a positive number"):
        perform(get_activity("wave"), random_state=0, **wrong)
