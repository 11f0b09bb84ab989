"""Joint positions become rotations that give the same positions again."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.motion import JOINT_SETS, SMPL_JOINTS, Motion, motion_from_joints
from m3n_sklearn.motion._tracked_joints import bridge_gaps
from m3n_sklearn.skeleton._anthropometry import reference_joints
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec, rotvec_from_matrix

from .helpers import directions, smooth_poses, without

BODY = default_body()
COUNTS = {"kinect20": 20, "h36m17": 17, "smpl24": 24}
# joints that a layout cannot see, or sees only together with others
UNSEEN = {
    "kinect20": ("spine2", "spine3", "left_collar", "right_collar"),
    "h36m17": ("spine1", "spine3", "left_collar", "right_collar"),
    "smpl24": ("left_collar", "right_collar"),
}
LIMB_BONES = [
    (f"{side}_{a}", f"{side}_{b}")
    for side in ("left", "right")
    for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
]
# random poses lie and stand anyhow, which the given axes contradict
pytestmark = [
    pytest.mark.filterwarnings("ignore:Feet or knees point backwards:UserWarning"),
    pytest.mark.filterwarnings("ignore:The body stands along:UserWarning"),
]


def tracked(positions, layout):
    """What a tracker of that layout would deliver."""
    given_joints = np.zeros((len(positions), COUNTS[layout], 3))
    for joint, column in JOINT_SETS[layout].items():
        given_joints[:, column] = positions[:, SMPL_JOINTS.index(joint)]
    return given_joints


def played(motion, body=BODY):
    return forward_kinematics(body, motion.poses, motion.trans)


def seen(layout):
    return [SMPL_JOINTS.index(joint) for joint in JOINT_SETS[layout]]


def standing(frames=30, stature=1.75):
    """Positions of a person who stands still, y up, facing z."""
    return np.repeat(reference_joints(stature)[None], frames, axis=0)


def raised_arm(bend, frames=60):
    """Left arm to the front with the elbow bent by `bend` (F,) rad; world z up."""
    poses = np.zeros((frames, 24, 3))
    poses[:, 0] = [np.pi / 2, 0, 0]
    poses[:, SMPL_JOINTS.index("left_shoulder")] = [0.0, -0.9, -0.3]
    poses[:, SMPL_JOINTS.index("left_elbow"), 1] = -bend
    return poses


@pytest.mark.slow
@pytest.mark.parametrize("layout", COUNTS)
@given(seed=st.integers(0, 10_000), stature=st.floats(1.45, 2.0))
def test_positions_of_the_same_body_are_met(layout, seed, stature):
    body = BODY.shaped(stature=stature)
    poses = without(smooth_poses(seed), *UNSEEN[layout])
    positions = forward_kinematics(body, poses, np.full((len(poses), 3), 0.7)).positions
    motion = motion_from_joints(
        tracked(positions, layout),
        layout,
        rate=30.0,
        up="z",
        rest_joints=body.rest_joints,
        noise=1e-5,
    )
    np.testing.assert_allclose(
        played(motion, body).positions[:, seen(layout)], positions[:, seen(layout)], atol=1e-6
    )
    assert motion.stature == pytest.approx(stature, rel=2e-3)


@given(seed=st.integers(0, 10_000), factor=st.lists(st.floats(0.8, 1.25), min_size=8, max_size=8))
def test_limbs_of_other_lengths_point_the_same_way(seed, factor):
    rest = BODY.rest_joints.copy()
    for (start, end), scale in zip(LIMB_BONES, factor, strict=True):
        below = [SMPL_JOINTS.index(end)]
        for joint in range(below[0] + 1, 24):
            if BODY.parents[joint] in below:
                below.append(joint)
        bone = BODY.rest_joints[below[0]] - BODY.rest_joints[SMPL_JOINTS.index(start)]
        rest[below] += (scale - 1) * bone
    person = type(BODY)(BODY.joint_names, BODY.parents, rest)
    positions = forward_kinematics(person, smooth_poses(seed)).positions
    motion = motion_from_joints(tracked(positions, "kinect20"), rate=30.0, up="z")
    np.testing.assert_allclose(
        directions(played(motion).positions, LIMB_BONES),
        directions(positions, LIMB_BONES),
        atol=1e-6,
    )


def test_proportions_are_the_default_bodys():
    np.testing.assert_allclose(reference_joints(BODY.stature), BODY.rest_joints, atol=1e-6)


@pytest.mark.slow
@given(seed=st.integers(0, 10_000))
def test_mirrored_positions_give_the_mirrored_motion(seed):
    positions = forward_kinematics(BODY, smooth_poses(seed)).positions
    motion = motion_from_joints(positions, "smpl24", rate=30.0, up="z")
    swap = [
        SMPL_JOINTS.index(n.replace("left", "?").replace("right", "left").replace("?", "right"))
        for n in SMPL_JOINTS
    ]
    mirrored = motion_from_joints((positions * [-1, 1, 1])[:, swap], "smpl24", rate=30.0, up="z")
    np.testing.assert_allclose(
        matrix_from_rotvec(mirrored.poses), matrix_from_rotvec(motion.mirrored().poses), atol=1e-6
    )


@pytest.mark.parametrize(
    ("up", "turn"),
    [
        ("y", np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])),
        ("-y", np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])),
        ("x", np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]])),
        ("-z", np.diag([1, -1, -1])),
    ],
)
def test_other_worlds_are_turned_upright(up, turn):
    positions = forward_kinematics(BODY, smooth_poses(3)).positions
    straight = motion_from_joints(positions, "smpl24", rate=30.0, up="z")
    turned = motion_from_joints(positions @ turn.T, "smpl24", rate=30.0, up=up)
    np.testing.assert_allclose(turned.poses, straight.poses, atol=1e-9)
    np.testing.assert_allclose(turned.trans, straight.trans, atol=1e-9)


def test_left_handed_coordinates_keep_the_persons_left():
    poses = raised_arm(np.linspace(0.3, 1.5, 60))
    positions = forward_kinematics(BODY, poses).positions
    right = motion_from_joints(positions, "smpl24", rate=30.0)
    left = motion_from_joints(positions * [-1.0, 1.0, 1.0], "smpl24", rate=30.0, handedness="left")
    np.testing.assert_allclose(left.poses, right.poses, atol=1e-9)


def test_exchanged_sides_are_noticed():
    with pytest.warns(UserWarning, match="handedness='left'"):
        motion_from_joints(standing() * [-1.0, 1.0, 1.0], "smpl24", rate=30.0, up="y")


def test_the_elbows_plane_turns_the_upper_arm():
    """A hinge needs no turn about the forearm: the IK finds the rotations themselves."""
    poses = raised_arm(np.linspace(0.6, 1.8, 60))
    motion = motion_from_joints(
        forward_kinematics(BODY, poses).positions,
        "smpl24",
        rate=30.0,
        noise=0.001,
        rest_joints=BODY.rest_joints,
    )
    np.testing.assert_allclose(
        matrix_from_rotvec(motion.poses), matrix_from_rotvec(poses), atol=0.02
    )


@pytest.mark.slow
@given(seed=st.integers(0, 10_000), noise=st.floats(0.0, 0.005))
def test_a_straight_arm_does_not_flip(seed, noise):
    """Bent, straight with a plane that is nothing but noise, bent again."""
    bend = np.concatenate([np.linspace(1.2, 0, 40), np.zeros(60), np.linspace(0, 1.2, 40)])
    poses = raised_arm(bend, len(bend))
    positions = forward_kinematics(BODY, poses).positions
    positions = positions + np.random.default_rng(seed).normal(0, noise, positions.shape)
    motion = motion_from_joints(positions, "smpl24", rate=30.0)
    turned = played(motion).rotations[:, SMPL_JOINTS.index("left_shoulder")]
    steps = rotvec_from_matrix(np.swapaxes(turned[:-1], 1, 2) @ turned[1:])
    assert np.abs(steps[:, 0]).max() < 0.25  # about the upper arm itself, rad per frame
    true = played(Motion(poses, rate=30.0)).rotations[:, SMPL_JOINTS.index("left_shoulder")]
    error = rotvec_from_matrix(np.swapaxes(true, 1, 2) @ turned)
    assert np.abs(error[:, 0]).max() < 0.6


def test_an_arm_that_is_never_bent_hangs_as_at_rest():
    poses = raised_arm(np.zeros(60))
    motion = motion_from_joints(
        forward_kinematics(BODY, poses).positions,
        "smpl24",
        rate=30.0,
        rest_joints=BODY.rest_joints,
    )
    np.testing.assert_allclose(
        matrix_from_rotvec(motion.poses), matrix_from_rotvec(poses), atol=0.15
    )


def test_a_straight_leg_follows_the_foot():
    poses = np.zeros((30, 24, 3))
    poses[:, SMPL_JOINTS.index("left_hip"), 1] = 0.6
    motion = motion_from_joints(
        forward_kinematics(BODY, poses).positions,
        "smpl24",
        rate=30.0,
        up="z",
        rest_joints=BODY.rest_joints,
    )
    np.testing.assert_allclose(motion.poses, poses, atol=0.05)


def test_what_positions_cannot_tell_is_zero():
    poses = smooth_poses(1)
    poses[:, SMPL_JOINTS.index("left_hand")] = 0.4
    positions = forward_kinematics(BODY, poses).positions
    motion = motion_from_joints(positions, "smpl24", rate=30.0, up="z")
    for joint in ("head", "left_hand", "right_foot"):
        np.testing.assert_allclose(motion.poses[:, SMPL_JOINTS.index(joint)], 0, atol=1e-12)
    forearm = directions(BODY.rest_joints[None], [("left_elbow", "left_wrist")])[0, 0]
    pronation = motion.poses[:, SMPL_JOINTS.index("left_elbow")] @ forearm
    np.testing.assert_allclose(pronation, 0, atol=1e-9)


def test_short_gaps_are_bridged_and_long_ones_refused():
    positions = standing()
    positions[4:8, SMPL_JOINTS.index("left_wrist")] = np.nan
    motion = motion_from_joints(positions, "smpl24", rate=30.0, up="y")
    np.testing.assert_allclose(motion.poses[:, 1:], 0, atol=1e-6)
    with pytest.raises(ValueError, match=r"left_wrist is missing from frame 4 to 7.*max_gap"):
        motion_from_joints(positions, "smpl24", rate=30.0, up="y", max_gap=0.1)


@pytest.mark.parametrize("rate", [30.0, 60.0])
@pytest.mark.parametrize("gap", [0.15, 0.2])
def test_bridges_follow_the_curve_of_the_path(rate, gap):
    """A wrist on a circle: the bridge keeps to it, and no reading jumps."""
    times = np.arange(int(3 * rate)) / rate
    poses = np.zeros((len(times), 24, 3))
    poses[:, 0, 0] = np.pi / 2
    poses[:, SMPL_JOINTS.index("left_elbow"), 1] = -1.2 + 0.8 * np.sin(2 * np.pi * times)
    positions = forward_kinematics(BODY, poses).positions
    lost = positions.copy()
    start, count = int(1.1 * rate), round(gap * rate) - 1
    lost[start : start + count, SMPL_JOINTS.index("left_wrist")] = np.nan
    straight = lost.copy()
    for axis in range(3):
        column = straight[:, SMPL_JOINTS.index("left_wrist"), axis]
        known = np.isfinite(column)
        column[~known] = np.interp(times[~known], times[known], column[known])
    simulator = SMPLIMUSimulator(sites=["left_wrist"], rate=rate)
    whole, bridged, kinked = (
        simulator.simulate(
            motion_from_joints(p, "smpl24", rate=rate, rest_joints=BODY.rest_joints, noise=1e-4)
        ).data[:, :3]
        for p in (positions, lost, straight)
    )
    off = [np.abs(readings - whole).max() for readings in (bridged, kinked)]
    assert off[0] < 0.8 * off[1]


def test_bridged_joints_are_not_observed():
    positions = standing(40)
    positions[10:13, SMPL_JOINTS.index("left_wrist")] = np.nan
    positions[20:22, SMPL_JOINTS.index("right_knee"), 1] = np.nan
    positions[:2, SMPL_JOINTS.index("head")] = np.nan
    motion = motion_from_joints(positions, "smpl24", rate=30.0, up="y")
    hidden = [
        (slice(10, 13), {"left_shoulder", "left_elbow", "left_wrist", "left_hand"}),
        (slice(20, 22), {"right_hip", "right_knee"}),
        (slice(0, 2), {"neck", "head"}),
    ]
    expected = np.ones((40, 24), dtype=bool)
    for frames, names in hidden:
        expected[frames, [SMPL_JOINTS.index(name) for name in names]] = False
    np.testing.assert_array_equal(motion.observed, expected)
    assert motion_from_joints(standing(), "smpl24", rate=30.0, up="y").observed is None


@pytest.mark.parametrize("left_out", [("neck", "head"), ()])
def test_a_lost_shoulder_hides_its_own_arm_only(left_out):
    layout = {name: j for j, name in enumerate(SMPL_JOINTS) if name not in left_out}
    lost = standing(40)
    lost[5:7, SMPL_JOINTS.index("left_shoulder")] = np.nan
    motion = motion_from_joints(lost, layout, rate=30.0, up="y")
    hidden = {SMPL_JOINTS[j] for j in np.flatnonzero(~motion.observed[5:7].all(axis=0))}
    assert hidden == {"left_collar", "left_shoulder"}
    assert motion.observed[7:].all()
    # the chain of a sensor on the left wrist contains its shoulder, those of the others do not
    sites = ("left_wrist", "right_wrist", "left_ankle")
    seen = SMPLIMUSimulator(sites=sites, rate=30.0).simulate(motion).observed[:, ::6]
    assert (~seen).any(axis=0).tolist() == [True, False, False]
    # without both of them nobody knows how the trunk leans
    lost[5:7, SMPL_JOINTS.index("right_shoulder")] = np.nan
    motion = motion_from_joints(lost, layout, rate=30.0, up="y")
    assert not motion.observed[5:7, SMPL_JOINTS.index("spine3")].any()
    assert motion.observed[5:7, 0].all() == ("neck" not in left_out)


@pytest.mark.parametrize("left_out", [("neck", "head"), ()])
def test_confidence_of_the_trunk_is_that_of_the_better_shoulder(left_out):
    layout = {name: j for j, name in enumerate(SMPL_JOINTS) if name not in left_out}
    confidence = np.full((20, 24), 0.9)
    confidence[:, SMPL_JOINTS.index("left_shoulder")] = 0.1
    motion = motion_from_joints(standing(20), layout, rate=30.0, up="y", confidence=confidence)
    doubtful = {SMPL_JOINTS[j] for j in np.flatnonzero(motion.confidence[0] < 0.9)}
    assert doubtful == {"left_collar", "left_shoulder"}


def test_a_joint_that_leaves_comes_to_rest():
    """At the clip's end there is nothing to go to: a moving joint slows down, and stays near."""
    positions = standing(60)
    positions[:, SMPL_JOINTS.index("left_hand"), 1] += 0.5 * np.arange(60) / 30
    positions[55:, SMPL_JOINTS.index("left_hand")] = np.nan
    filled, seen = bridge_gaps(positions, np.arange(60) / 30, 0.25, SMPL_JOINTS)
    path = filled[50:, SMPL_JOINTS.index("left_hand"), 1]
    steps = np.diff(path) * 30
    assert steps[0] == pytest.approx(0.5) and (np.diff(steps[4:]) < 0).all() and steps[-1] > 0
    assert steps[-1] < 0.1 and seen.sum() == 60 * 24 - 5


def test_long_bridges_do_not_fly_off():
    positions = standing(120)
    hand = SMPL_JOINTS.index("left_hand")
    positions[:20, hand, 1] += 3.0 * np.arange(20) / 30
    positions[20:100, hand] = np.nan
    positions[100:, hand, 1] += 3.0 * np.arange(20) / 30
    filled, _ = bridge_gaps(positions, np.arange(120) / 30, 5.0, SMPL_JOINTS)
    known = np.isfinite(positions[:, hand, 1])
    inside = filled[:, hand, 1]
    low, high = inside[known].min(), inside[known].max()
    assert low - 0.3 < inside.min() and inside.max() < high + 0.3


def test_confidence_is_the_least_of_what_a_joint_depends_on():
    sure = np.ones((30, 24))
    sure[:, SMPL_JOINTS.index("left_wrist")] = 0.4
    sure[:, SMPL_JOINTS.index("left_elbow")] = 0.7
    sure[3, SMPL_JOINTS.index("right_hip")] = np.nan
    motion = motion_from_joints(standing(), "smpl24", rate=30.0, up="y", confidence=sure)
    found = {name: motion.confidence[:, j] for j, name in enumerate(SMPL_JOINTS)}
    for name in ("left_shoulder", "left_elbow", "left_wrist"):
        np.testing.assert_array_equal(found[name], 0.4)
    np.testing.assert_array_equal(found["right_wrist"], 1)
    assert found["pelvis"][3] == found["right_hip"][3] == 0 and found["pelvis"][4] == 1
    for wrong in (sure[:, :3], sure + 1):
        with pytest.raises(ValueError, match=r"confidence must be numbers from 0 to 1"):
            motion_from_joints(standing(), "smpl24", rate=30.0, up="y", confidence=wrong)


@pytest.mark.parametrize("factor", [1 / 1.75, 0.3 / 1.75, 1000.0, 7.0])
def test_positions_without_a_unit_are_scaled_to_a_stature(factor):
    poses = np.zeros((30, 24, 3))
    poses[:, 0, 0] = np.pi / 2
    path = np.linspace([0, 0, 1.0], [1, 2, 1.0], 30)
    positions = forward_kinematics(BODY.shaped(stature=1.75), poses, path).positions
    plain = motion_from_joints(positions, "smpl24", rate=30.0)
    with pytest.warns(UserWarning, match=r"scaled by .* stature of 1.75 m") as said:
        scaled = motion_from_joints(factor * positions, "smpl24", rate=30.0, stature=1.75)
    assert len(said) == 1 and scaled.stature == 1.75
    np.testing.assert_allclose(scaled.trans, plain.trans, atol=1e-3)
    np.testing.assert_allclose(scaled.poses, plain.poses, atol=1e-6)


def test_small_people_may_be_positions_without_a_unit():
    with pytest.warns(UserWarning, match=r"person 1 m tall.*stature="):
        motion_from_joints(standing(stature=1.0), "smpl24", rate=30.0, up="y")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        child = motion_from_joints(standing(stature=1.0), "smpl24", rate=30.0, up="y", stature=1.0)
        motion_from_joints(standing(stature=1.45), "smpl24", rate=30.0, up="y")
    assert child.stature == 1.0
    with pytest.raises(ValueError, match=r"0.2 m tall.*pass stature= in meters"):
        motion_from_joints(standing(stature=0.2), "smpl24", rate=30.0, up="y")
    with pytest.raises(ValueError, match="no length"):
        motion_from_joints(0 * standing() + 1, "smpl24", rate=30.0, up="y", stature=1.7)


def test_joints_that_are_never_tracked():
    positions = standing()
    positions[:, SMPL_JOINTS.index("left_hand")] = np.nan
    assert motion_from_joints(positions, "smpl24", rate=30.0, up="y").n_joints == 24
    positions[:, SMPL_JOINTS.index("left_wrist")] = np.nan
    with pytest.raises(ValueError, match="left_wrist is never tracked"):
        motion_from_joints(positions, "smpl24", rate=30.0, up="y")


def test_own_layout_with_limbs_only():
    names = [
        n
        for n in SMPL_JOINTS
        if n.split("_")[-1] in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
    ]
    layout = {name: column for column, name in enumerate(names)}
    positions = standing()[:, [SMPL_JOINTS.index(n) for n in names]]
    motion = motion_from_joints(positions, layout, rate=30.0, up="y", text="stands", subject=3)
    np.testing.assert_allclose(motion.poses[:, 1:], 0, atol=1e-6)
    np.testing.assert_allclose(motion.trans, 0, atol=1e-9)
    assert motion.text == ("stands",) and motion.subject == 3


def test_uneven_times_and_a_single_frame():
    times = np.cumsum(np.linspace(0.02, 0.06, 30))
    assert motion_from_joints(standing(), "smpl24", times=times, up="y").times is not None
    assert motion_from_joints(standing(1), "smpl24", rate=30.0, up="y").n_frames == 1


def test_stature_can_be_given():
    motion = motion_from_joints(standing(), "smpl24", rate=30.0, up="y", stature=1.9)
    assert motion.stature == 1.9


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda p: p * 1000, {}, "millimeters.*0.001"),
        (lambda p: p * 100, {}, "centimeters.*0.01"),
        (lambda p: p / 0.0254, {}, "inches"),
        (lambda p: p * 7, {}, "must be in meters"),
        (lambda p: p[0], {}, r"\(frames, joints, 3\)"),
        (lambda p: p[:, :20], {}, "has 24 joints, but the positions have 20"),
        (lambda p: p, {"layout": "kinect32"}, "Unknown layout 'kinect32'.*kinect20"),
        (lambda p: p, {"layout": {"nose": 0}}, "Unknown joints in layout: nose"),
        (lambda p: p, {"layout": {"left_hip": 99}}, "outside the 24 joints"),
        (lambda p: p, {"layout": {"left_hip": 1}}, "layout lacks right_hip"),
        (lambda p: p, {"up": "w"}, "up must be one of"),
        (lambda p: p, {"handedness": "both"}, "handedness must be.*'right' or 'left'"),
        (lambda p: p, {"noise": 0.0}, "noise must be a positive"),
        (lambda p: p, {"rest_joints": np.zeros((3, 3))}, "rest_joints must be 24"),
        (lambda p: p, {"rate": None}, "either rate="),
    ],
)
def test_bad_input_is_explained(change, options, message):
    arguments = {"layout": "smpl24", "rate": 30.0, "up": "y", **options}
    with pytest.raises(ValueError, match=message):
        motion_from_joints(change(standing()), **arguments)


def test_coinciding_joints_are_explained():
    positions = standing()
    positions[5, SMPL_JOINTS.index("left_hip")] = positions[5, SMPL_JOINTS.index("right_hip")]
    with pytest.raises(ValueError, match="frame 5 the joints of hips"):
        motion_from_joints(positions, "smpl24", rate=30.0, up="y")


def test_kinect_skeletons(shared_data):
    """Directions exact, distances those of other proportions, the person upright."""
    from scipy.io import loadmat

    index = SMPL_JOINTS.index
    residuals = []
    for file in sorted((shared_data("utd_mhad") / "Skeleton").glob("a*_s1_t1_skeleton.mat")):
        positions = loadmat(file)["d_skel"].transpose(2, 0, 1)
        motion = motion_from_joints(positions, "kinect20", rate=19.0, up="y")
        posed = played(motion, BODY.shaped(stature=motion.stature))
        world = np.zeros((len(positions), 24, 3))
        for joint, column in JOINT_SETS["kinect20"].items():
            world[:, index(joint)] = (
                positions[:, column] @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0.0]]).T
            )
        np.testing.assert_allclose(
            directions(posed.positions, LIMB_BONES), directions(world, LIMB_BONES), atol=1e-6
        )
        assert posed.rotations[:, 0, 2, 1].mean() > 0.8
        distance = np.linalg.norm(posed.positions - world, axis=-1)[:, seen("kinect20")]
        residuals.append(np.median(distance))
    assert len(residuals) == 27
    assert np.median(residuals) < 0.07
