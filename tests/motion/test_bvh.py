"""BVH files: skeletons, units, axes, rest poses and real files."""

from __future__ import annotations

import ast
import itertools
import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from benchmarks.skeletal import read_skeletal
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.motion import SMPL_JOINTS, SkeletonMap, read_bvh
from m3n_sklearn.motion._bvh_file import parse_bvh
from m3n_sklearn.skeleton._anthropometry import reference_joints
from m3n_sklearn.skeleton._rotations import matrix_from_quat, matrix_from_rotvec, to_z_up
from m3n_sklearn.skeleton._smpl import Z_UP_FROM_Y_UP

from .dialects import DIALECTS
from .helpers import as_source, smooth_poses, without

FRAMES = 5
ORDERS = ["".join(order) for order in itertools.permutations("XYZ")]


def bvh_text(source, root, order="ZXY", unit=100.0, frame_time="0.0333333", everywhere=False):
    """Write a skeleton (names, parents, offsets, quaternions) down as BVH in some order."""
    names, parents, offsets = source["joint_names"], source["parents"], source["offsets"]
    quats = np.roll(source["local_quats"], -1, axis=-1)
    count = len(names)
    with warnings.catch_warnings():  # of gimbal lock: any of the angles will do
        warnings.simplefilter("ignore")
        angles = [Rotation.from_quat(quats[:, j]).as_euler(order, True) for j in range(count)]
    lines, columns = ["HIERARCHY"], []

    def write(joint, depth):
        pad = "\t" * depth
        places = joint == 0 or everywhere
        lines.append(f"{pad}{'JOINT' if depth else 'ROOT'} {names[joint]}")
        lines.extend([pad + "{", f"{pad}\tOFFSET " + numbers(unit * offsets[joint])])
        channels = [f"{axis}position" for axis in "XYZ"] * places
        channels += [f"{axis}rotation" for axis in order]
        lines.append(f"{pad}\tCHANNELS {len(channels)} {' '.join(channels)}")
        if places:
            columns.append(unit * (root if joint == 0 else np.tile(offsets[joint], (len(root), 1))))
        columns.append(angles[joint])
        children = [child for child in range(count) if parents[child] == joint]
        for child in children:
            write(child, depth + 1)
        if not children:
            lines.extend([f"{pad}\tEnd Site", f"{pad}\t{{", f"{pad}\t\tOFFSET 0 1 0", f"{pad}\t}}"])
        lines.append(pad + "}")

    write(0, 0)
    values = np.concatenate(columns, axis=1)
    lines += ["MOTION", f"Frames: {len(values)}", f"Frame Time: {frame_time}"]
    return "\n".join([*lines, *map(numbers, values)]) + "\n"


def numbers(values):
    return " ".join(f"{value:.9f}" for value in values)


def clip(skeleton="cmu motionbuilder", seed=0, frames=FRAMES, stature=1.7):
    """A random motion of a known skeleton, and where its root is."""
    poses = smooth_poses(seed, frames)
    poses[:, 0] *= 0.2  # upright
    source = as_source(poses, reference_joints(stature), DIALECTS[skeleton])
    root = np.random.default_rng(seed).normal([0.0, 0.9, 0.0], 0.01, (frames, 3))
    return source, root


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="clip.bvh", **options):
        path = tmp_path / name
        path.write_text(text, **options)
        return path

    return to_file


def without_joints(source, *dropped):
    """Take joints out of a tree; their rotations must be zero."""
    names, parents = list(source["joint_names"]), [int(parent) for parent in source["parents"]]
    offsets, quats = source["offsets"].copy(), source["local_quats"]
    for joint in sorted(map(names.index, dropped), reverse=True):
        for child in range(joint + 1, len(names)):
            if parents[child] == joint:
                parents[child] = parents[joint]
                offsets[child] += offsets[joint]
            elif parents[child] > joint:
                parents[child] -= 1
        names.pop(joint)
        parents.pop(joint)
        offsets = np.delete(offsets, joint, axis=0)
        quats = np.delete(quats, joint, axis=1)
    return {
        "joint_names": names,
        "parents": np.array(parents),
        "offsets": offsets,
        "local_quats": quats,
    }


def heard(read, path, **options):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        motion = read(path, **options)
    return motion, [str(warning.message) for warning in said]


def assert_same(motion, expected, atol=1e-6):
    np.testing.assert_allclose(
        matrix_from_rotvec(motion.poses), matrix_from_rotvec(expected.poses), atol=atol
    )
    np.testing.assert_allclose(motion.trans, expected.trans, atol=atol)


# ---- skeletons


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("yaw", [0.0, 2.0])
def test_one_motion_in_every_dialect(write, name, yaw):
    """All dialects, whichever way the rest pose faces: the same rotations, forearms included."""
    skeleton = DIALECTS[name]
    lacking = [joint for joint in SMPL_JOINTS if joint not in skeleton.joints]
    poses = without(smooth_poses(4, FRAMES), *lacking)
    poses[:, 0] *= 0.2
    root = np.random.default_rng(0).normal([0.0, 0.9, 0.0], 0.01, (FRAMES, 3))
    everything = SkeletonMap({joint: joint for joint in SMPL_JOINTS})
    plain = as_source(poses, reference_joints(1.7), everything)
    expected = read_bvh(write(bvh_text(plain, root), "plain.bvh"))
    named = as_source(poses, reference_joints(1.7), skeleton)
    named = without_joints(named, *(f"extra_{joint}" for joint in lacking))
    named = with_joint_frames(named, Rotation.from_rotvec([0.0, yaw, 0.0]))
    motion, said = heard(read_bvh, write(bvh_text(named, root)))
    assert said == [] and (motion.name, motion.source) == ("clip", "bvh")
    # spine joints are placed by their number, so that two of them are spine1 and spine3
    bent = [SMPL_JOINTS.index(joint) for joint in SMPL_JOINTS if "spine" not in joint]
    if sum("spine" in joint for joint in lacking) == 0:
        bent = list(range(24))
    np.testing.assert_allclose(
        matrix_from_rotvec(motion.poses)[:, bent],
        matrix_from_rotvec(expected.poses)[:, bent],
        atol=1e-6,
    )
    np.testing.assert_allclose(motion.trans, expected.trans, atol=1e-6)
    assert motion.stature == pytest.approx(1.7, abs=1e-6)


@pytest.mark.parametrize(
    "dropped",
    [
        ("Spine2",),
        ("Spine1", "Spine2"),
        ("Spine", "Spine1", "Spine2"),
        ("Neck",),
        ("LeftShoulder", "RightShoulder"),
        ("LeftToeBase", "RightToeBase", "Neck", "Spine2"),
    ],
)
def test_joints_of_trunk_and_feet_may_be_missing(write, dropped):
    joint_of = {source: joint for joint, source in DIALECTS["humanik"].joints.items()}
    poses = without(smooth_poses(5, FRAMES), *(joint_of[source] for source in dropped))
    poses[:, 0] *= 0.2
    source = as_source(poses, reference_joints(1.7), DIALECTS["humanik"])
    source = without_joints(source, "extra_left_hand", "extra_right_hand")
    root = np.zeros((FRAMES, 3))
    expected = read_bvh(write(bvh_text(source, root)))
    motion, said = heard(read_bvh, write(bvh_text(without_joints(source, *dropped), root)))
    body = default_body(stature=1.7)
    limbs = [j for j, name in enumerate(SMPL_JOINTS) if name.endswith(("elbow", "wrist", "knee"))]
    got, wanted = (forward_kinematics(body, each.poses) for each in (motion, expected))
    np.testing.assert_allclose(got.rotations[:, limbs], wanted.rotations[:, limbs], atol=1e-6)
    assert said == []


@settings(max_examples=8)
@given(order=st.sampled_from(ORDERS), seed=st.integers(0, 99), everywhere=st.booleans())
def test_any_order_of_axes(tmp_path_factory, order, seed, everywhere):
    source, root = clip(seed=seed)
    path = tmp_path_factory.mktemp("bvh") / "clip.bvh"
    path.write_text(bvh_text(source, root, order=order, everywhere=everywhere))
    read = parse_bvh(path)
    columns = [read.names.index(name) for name in source["joint_names"]]
    np.testing.assert_allclose(
        matrix_from_quat(read.rotations()[:, columns]),
        matrix_from_quat(source["local_quats"]),
        atol=1e-8,
    )
    places = read.positions()[:, columns]
    np.testing.assert_allclose(places[:, 0], 100 * root, atol=1e-6)
    np.testing.assert_allclose(places[:, 1:], np.tile(100 * source["offsets"][1:], (FRAMES, 1, 1)))


@pytest.mark.parametrize("unit", [1.0, 100.0, 1000.0, 1 / 0.0254, 0.45 / 0.0254])
@pytest.mark.parametrize("stature", [1.25, 1.7, 2.15])
def test_units_are_guessed_by_stature(write, unit, stature):
    source, root = clip(stature=stature)
    motion = read_bvh(write(bvh_text(source, root, unit=unit)))
    assert motion.stature == pytest.approx(stature, abs=1e-3)
    assert motion.trans[:, 2].mean() == pytest.approx(root[:, 1].mean(), abs=0.2)


def test_another_unit_is_scaled_to_an_adult(write):
    path = write(bvh_text(*clip(stature=1.0)))
    with pytest.warns(UserWarning, match=r"100 units tall.*average adult of 1\.69 m.*scale="):
        motion = read_bvh(path)
    assert motion.stature == pytest.approx(1.69, abs=0.01)
    child, said = heard(read_bvh, path, scale=0.01)
    assert child.stature == pytest.approx(1.0, abs=1e-6) and said == []
    np.testing.assert_allclose(child.poses, motion.poses, atol=1e-12)
    with pytest.raises(ValueError, match=r"clip.bvh.*100 m tall.*must be in meters.*scale="):
        read_bvh(path, scale=1.0)
    for wrong, error in (("cm", ValueError), (None, ValueError), (-1.0, ValueError)):
        with pytest.raises(error, match=r"^scale must be"):
            read_bvh(path, scale=wrong)


def test_arguments_are_checked_before_the_file(write):
    path = write("no BVH file")
    wrong = [("rate", 0.0), ("up", "w"), ("tpose", -1), ("tpose", 0.5), ("scale", 0)]
    wrong += [("skeleton", {}), ("text", 3), ("label", []), ("subject", []), ("name", 3)]
    for name, value in wrong:
        with pytest.raises((TypeError, ValueError), match=f"^{name} must be"):
            read_bvh(path, **{name: value})


def test_joints_above_the_pelvis_are_folded_into_it(write):
    source, root = clip()
    plain = read_bvh(write(bvh_text(source, root)))
    rng = np.random.default_rng(3)
    quats = rng.normal(size=(FRAMES, 1, 4))
    quats /= np.linalg.norm(quats, axis=-1, keepdims=True)
    turn = Rotation.from_quat(np.roll(quats[:, 0], -1, axis=-1))
    hips = turn.inv() * Rotation.from_quat(np.roll(source["local_quats"][:, 0], -1, axis=-1))
    local = source["local_quats"].copy()
    local[:, 0] = np.roll(hips.as_quat(), 1, axis=-1)
    deep = {
        "joint_names": ["reference", *source["joint_names"]],
        "parents": np.array([-1, *(np.array(source["parents"]) + 1)]),
        "offsets": np.concatenate([np.zeros((1, 3)), source["offsets"]]),
        "local_quats": np.concatenate([quats, local], axis=1),
    }
    deep["offsets"][1] = [0.2, 0.9, 0.1]
    folded = read_bvh(write(bvh_text(deep, root - turn.apply(deep["offsets"][1]))))
    np.testing.assert_allclose(
        matrix_from_rotvec(folded.poses), matrix_from_rotvec(plain.poses), atol=1e-6
    )
    np.testing.assert_allclose(folded.trans, plain.trans, atol=1e-6)


def test_own_skeletons_and_namespaces(write):
    source, root = clip("humanik")
    text = bvh_text(source, root)
    plain = read_bvh(write(text))
    spaced = text.replace("JOINT ", "JOINT mixamorig:").replace("ROOT ", "ROOT mixamorig:")
    np.testing.assert_array_equal(read_bvh(write(spaced)).poses, plain.poses)
    renamed = text.replace("Arm", " limb of mine")
    with pytest.raises(ValueError, match=r"(?s)clip.bvh.*Hips.*SkeletonMap\(\{.*LeftLeg.*axes="):
        read_bvh(write(renamed))
    own = SkeletonMap(
        {k: v.replace("Arm", " limb of mine") for k, v in DIALECTS["humanik"].joints.items()}
    )
    motion = read_bvh(write(renamed), skeleton=own, source="mine", text="a person moves", label=3)
    np.testing.assert_allclose(motion.poses, plain.poses, atol=1e-12)
    assert (motion.source, motion.text, motion.label) == ("mine", ("a person moves",), 3)


def with_joint_frames(source, frame):
    """Write the same motion with a rest pose that is turned: its joints' frames are others."""
    frames = len(source["local_quats"])
    quats = Rotation.from_quat(np.roll(source["local_quats"], -1, axis=-1).reshape(-1, 4))
    turned = (frame.inv() * quats * frame).as_quat().reshape(frames, -1, 4)
    turned[:, 0] = (frame * Rotation.from_quat(turned[:, 0])).as_quat()
    return {
        **source,
        "offsets": source["offsets"] @ frame.as_matrix(),
        "local_quats": np.roll(turned, 1, axis=-1),
    }


@pytest.mark.parametrize(
    "turn", [*Rotation.create_group("O").as_rotvec(), [0.0, 1.0, 0.0], [0.9, 0.4, 0.2]]
)
def test_a_rest_pose_may_face_any_way(write, turn):
    """Its head may be along any axis: legs are below, and the left is on the left."""
    source, root = clip()
    expected = read_bvh(write(bvh_text(source, root)))
    other = with_joint_frames(source, Rotation.from_rotvec(turn))
    motion = read_bvh(write(bvh_text(other, root)))
    np.testing.assert_allclose(
        matrix_from_rotvec(motion.poses), matrix_from_rotvec(expected.poses), atol=0.02
    )
    if np.allclose(np.abs(Rotation.from_rotvec(turn).as_matrix()).max(axis=0), 1):
        np.testing.assert_allclose(motion.trans, expected.trans, atol=1e-6)


@pytest.mark.parametrize("world", ["x", "y", "z", "-x", "-y", "-z"])
def test_the_world_may_have_any_axis_up(write, world):
    source, root = clip()
    expected = read_bvh(write(bvh_text(source, root)))
    lift = Rotation.from_matrix(Z_UP_FROM_Y_UP.T @ to_z_up(world)).inv()
    quats = source["local_quats"].copy()
    pelvis = lift * Rotation.from_quat(np.roll(quats[:, 0], -1, axis=-1))
    quats[:, 0] = np.roll(pelvis.as_quat(), 1, axis=-1)
    path = write(bvh_text({**source, "local_quats": quats}, lift.apply(root)))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        motion = read_bvh(path)
    assert [f"up='{world}' was taken" in str(w.message) for w in said] == [True] * (world != "y")
    np.testing.assert_allclose(
        matrix_from_rotvec(motion.poses), matrix_from_rotvec(expected.poses), atol=1e-6
    )
    np.testing.assert_allclose(motion.trans, expected.trans, atol=1e-6)
    if world != "y":
        with pytest.warns(UserWarning, match=f"up='y' was given.*up='{world}'"):
            read_bvh(path, up="y")


def test_end_sites_take_the_place_of_hands_and_feet(write):
    """A limb may end with the forearm or shin: its end site is the wrist or the ankle."""
    ends = {"Hand": "ForeArm", "Foot": "Leg"}
    last = [f"{side}_{joint}" for side in ("left", "right") for joint in ("wrist", "ankle")]
    poses = without(smooth_poses(5, FRAMES), *last)
    poses[:, 0] *= 0.2
    source = as_source(poses, reference_joints(1.7), DIALECTS["humanik"])
    source = without_joints(source, "extra_left_hand", "extra_right_hand")
    expected = read_bvh(write(bvh_text(source, np.zeros((FRAMES, 3)))))
    sides = ("Left", "Right")
    offsets = {
        f"{side}{above}": source["offsets"][source["joint_names"].index(side + joint)]
        for side in sides
        for joint, above in ends.items()
    }
    gone = [side + joint for side in sides for joint in (*ends, "ToeBase")]
    text = bvh_text(without_joints(source, *gone), np.zeros((FRAMES, 3)))
    for name, offset in offsets.items():
        head, tail = text.split(f"JOINT {name}\n")
        text = f"{head}JOINT {name}\n" + tail.replace("0 1 0", numbers(100 * offset), 1)
    motion, said = heard(read_bvh, write(text))
    assert said == []
    assert_same(motion, expected)


# ---- rest poses that are a tangle


def walking(frames=90):
    """Somebody who walks on the spot and turns the hands about the forearms, y up."""
    poses = np.zeros((frames, 24, 3))
    swing = np.sin(2 * np.pi * 0.9 * np.arange(frames) / 30 + 0.4)
    poses[:, 0, 1] = 0.7 + 0.2 * swing
    for side, sign in (("left", 1), ("right", -1)):
        poses[:, SMPL_JOINTS.index(f"{side}_shoulder"), 2] = -sign * (1.2 + 0.2 * swing)
        poses[:, SMPL_JOINTS.index(f"{side}_elbow"), 1] = -sign * (0.5 + 0.2 * swing)
        poses[:, SMPL_JOINTS.index(f"{side}_wrist"), 0] = 0.8 * swing
        poses[:, SMPL_JOINTS.index(f"{side}_hip"), 0] = -0.4 * sign * swing
        poses[:, SMPL_JOINTS.index(f"{side}_knee"), 0] = 0.4 + 0.3 * sign * swing
    return poses


def along_x(names):
    """The T-pose axes of joints whose bones lie along their own x axis."""
    axes = {}
    for joint, source in names.items():
        side, _, part = joint.partition("_")
        if part in ("hip", "knee"):
            axes[source] = "down back left"
        elif part in ("ankle", "foot"):
            axes[source] = "front down left"
        elif part:
            axes[source] = {"left": "left front down", "right": "right front up"}[side]
        else:
            axes[source] = "up front left"
    return axes


def angles_between(first, second):
    """Angles in degrees (F, 24) between the global rotations of two motions."""
    body = default_body(stature=1.7)
    a, b = (forward_kinematics(body, motion.poses).rotations for motion in (first, second))
    cosine = (np.einsum("fjab,fjab->fj", a, b) - 1) / 2
    return np.rad2deg(np.arccos(np.clip(cosine, -1, 1)))


JOINTS = [j for j, name in enumerate(SMPL_JOINTS) if name not in ("left_foot", "right_foot")]


@pytest.mark.parametrize("yaw", [0.0, 2.5])
@pytest.mark.parametrize("tilt", [0.0, 1.5708])
def test_bones_along_their_own_axis(write, yaw, tilt):
    """As in LAFAN1: rotations follow from the motion, with the hands' turn about the forearms."""
    names = DIALECTS["lafan1"].joints
    poses, root = walking(), np.zeros((90, 3))
    plain = as_source(poses, reference_joints(1.7), DIALECTS["lafan1"])
    expected = read_bvh(write(bvh_text(plain, root)))
    tangled = as_source(poses, reference_joints(1.7), SkeletonMap(names, axes=along_x(names)))
    turn = Rotation.from_rotvec([0.0, yaw, 0.0]) * Rotation.from_rotvec([tilt, 0.0, 0.0])
    tangled = with_joint_frames(tangled, turn) if yaw or tilt else tangled
    motion, said = heard(read_bvh, write(bvh_text(tangled, root)))
    assert len(said) == 1 and "not a rest pose" in said[0] and "tpose=" in said[0]
    assert angles_between(motion, expected)[:, JOINTS].max() < (1.0 if not yaw else 6.0)


def random_frames(seed):
    return matrix_from_quat(Rotation.random(24, rng=np.random.default_rng(seed)).as_quat())


@pytest.mark.parametrize("seed", range(3))
def test_any_joint_frames(write, seed):
    """Limbs point where they do in the file; the rest pose matters for their twist only."""
    source = as_source(walking(), reference_joints(1.7), DIALECTS["humanik"])
    expected = read_bvh(write(bvh_text(source, np.zeros((90, 3)))))
    other = as_source(walking(), reference_joints(1.7), DIALECTS["humanik"], random_frames(seed))
    with pytest.warns(UserWarning, match=r"not a rest pose.*tpose=.*axes="):
        motion = read_bvh(write(bvh_text(other, np.zeros((90, 3)))))
    body = default_body(stature=1.7)
    got, wanted = (forward_kinematics(body, m.poses, m.trans).positions for m in (motion, expected))
    for start, end in (
        ("hip", "knee"),
        ("knee", "ankle"),
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
    ):
        for side in ("left", "right"):
            bone = [SMPL_JOINTS.index(f"{side}_{joint}") for joint in (start, end)]
            np.testing.assert_allclose(
                np.diff(got[:, bone], axis=1), np.diff(wanted[:, bone], axis=1), atol=1e-6
            )
    twist = angles_between(motion, expected).mean(axis=0)
    for limb, limit in (("hip", 1.0), ("knee", 1.0), ("shoulder", 1.0), ("elbow", 15.0)):
        assert twist[SMPL_JOINTS.index(f"left_{limb}")] < limit


def test_a_frame_that_holds_a_tpose(write):
    source, root = clip(frames=FRAMES)
    expected = read_bvh(write(bvh_text(source, root)))
    skeleton, frames = DIALECTS["cmu motionbuilder"], random_frames(0)
    poses = smooth_poses(0, FRAMES)
    poses[:, 0] *= 0.2
    other = as_source(poses, reference_joints(1.7), skeleton, frames)
    still = as_source(np.zeros((1, 24, 3)), reference_joints(1.7), skeleton, frames)
    other["local_quats"] = np.concatenate([still["local_quats"], other["local_quats"]])
    path = write(bvh_text(other, np.concatenate([root[:1], root])))
    motion = read_bvh(path, tpose=0)
    assert motion.n_frames == FRAMES and motion.times[0] == pytest.approx(1 / 30)
    assert_same(motion, expected)
    found, said = heard(read_bvh, path, trim_tpose=False)  # recognized by itself
    assert said == [] and found.n_frames == FRAMES + 1
    np.testing.assert_allclose(
        matrix_from_rotvec(found.poses[1:]), matrix_from_rotvec(expected.poses), atol=1e-6
    )
    for wrong in (FRAMES, FRAMES + 5):
        with pytest.raises(ValueError, match="tpose must be the index of a frame before the last"):
            read_bvh(path, tpose=wrong)


@pytest.mark.parametrize(
    ("bend", "fault"),
    [
        ({"left_shoulder": [0, 0, 1.4]}, "left arm and the mirrored right one"),
        ({"left_shoulder": [0, 0, 1.4], "right_shoulder": [0, 0, -1.4]}, "above the shoulders"),
        ({"left_hip": [-1.5, 0, 0], "right_hip": [-1.5, 0, 0]}, "trunk and legs"),
        ({"left_knee": [1.5, 0, 0]}, "knees"),
        ({"right_elbow": [0, 2.0, 0]}, "elbows"),
        ({"left_hip": [0, 0, 1.0], "right_hip": [0, 0, -1.0]}, "straddle"),
    ],
)
def test_a_frame_that_holds_no_tpose_is_refused(write, bend, fault):
    poses = np.zeros((4, 24, 3))
    for joint, vector in bend.items():
        poses[:, SMPL_JOINTS.index(joint)] = vector
    source = as_source(poses, reference_joints(1.7), DIALECTS["humanik"])
    with pytest.raises(ValueError, match=f"tpose is not a rest pose.*{fault}"):
        read_bvh(write(bvh_text(source, np.zeros((4, 3)))), tpose=1)


def test_a_tpose_that_was_recorded_faces_any_way(write):
    """A person does not face an axis exactly: the rotation of the pelvis tells the difference."""
    poses = np.zeros((4, 24, 3))
    poses[:, 0, 1] = [0.2, 0.2, 0.5, 0.5]  # faces 11 degrees off the axis in the T-pose
    source = as_source(poses, reference_joints(1.7), DIALECTS["humanik"], random_frames(1))
    motion = read_bvh(write(bvh_text(source, np.zeros((4, 3)))), tpose=0, trim_tpose=False)
    facing = matrix_from_rotvec(motion.poses[:, 0])[:, :, 2]
    np.testing.assert_allclose(np.arctan2(facing[:, 0], -facing[:, 1]), [0.2, 0.5, 0.5], atol=1e-6)


# ---- left and right, bones


def test_a_skeleton_whose_feet_point_backwards_is_noticed(write):
    source, root = clip("humanik")
    mirrored = {**source, "offsets": source["offsets"] * [-1.0, 1.0, 1.0]}
    with pytest.warns(UserWarning, match="feet .* point backwards"):
        read_bvh(write(bvh_text(mirrored, root)))


def test_a_mirrored_file_is_mended_as_the_message_says(write):
    source, root = clip("humanik")
    good = read_bvh(write(bvh_text(source, root)))
    left_handed = {
        **source,
        "offsets": source["offsets"] * [-1.0, 1.0, 1.0],
        "local_quats": source["local_quats"] * [1.0, 1.0, -1.0, -1.0],
    }
    path = write(bvh_text(left_handed, root * [-1.0, 1.0, 1.0]))
    (message,) = heard(read_bvh, path)[1]
    code = re.search(r"SkeletonMap\((\{.*\})\)", message)[1]
    motion, said = heard(read_bvh, path, skeleton=SkeletonMap(ast.literal_eval(code)))
    assert said == []
    assert_same(motion.mirrored(), good)


def test_knees_tell_left_from_right_where_there_are_no_toes(write):
    source = as_source(walking(), reference_joints(1.7), DIALECTS["daz"])
    drop = [name for name in source["joint_names"] if name.startswith("extra_")]
    source = without_joints(source, *drop)
    assert heard(read_bvh, write(bvh_text(source, np.zeros((90, 3)))))[1] == []
    swapped = [
        {"l": "r", "r": "l"}.get(name[0], name[0]) + name[1:] if name[1:2].isupper() else name
        for name in source["joint_names"]
    ]
    path = write(bvh_text({**source, "joint_names": swapped}, np.zeros((90, 3))))
    with pytest.warns(UserWarning, match="knees of the skeleton point backwards"):
        read_bvh(path)


def with_joint_above(source, name, above, turn):
    """Insert a joint without length above another one, which turns it."""
    names, parents = list(source["joint_names"]), [int(parent) for parent in source["parents"]]
    at = names.index(name)
    names.insert(at, above)
    parents = [parent + (parent >= at) for parent in parents]
    parents.insert(at, parents[at])
    parents[at + 1] = at
    quat = np.roll(turn.as_quat(), 1)
    return {
        "joint_names": names,
        "parents": np.array(parents),
        "offsets": np.insert(source["offsets"], at, 0.0, axis=0),
        "local_quats": np.insert(source["local_quats"], at, quat, axis=1),
    }


def test_rotations_that_do_not_belong_to_the_rest_pose_are_noticed(write):
    """The pelvis is turned, and all that hangs on it is turned back: the positions are the same."""
    source = as_source(walking(), reference_joints(1.7), DIALECTS["humanik"])
    turn = Rotation.from_rotvec([0.0, 1.0, 0.0])
    odd = source
    for name, above in (("Spine", "Waist"), ("LeftUpLeg", "LHip"), ("RightUpLeg", "RHip")):
        odd = with_joint_above(odd, name, above, turn.inv())
    pelvis = Rotation.from_quat(np.roll(odd["local_quats"][:, 0], -1, axis=-1)) * turn
    odd["local_quats"][:, 0] = np.roll(pelvis.as_quat(), 1, axis=-1)
    assert heard(read_bvh, write(bvh_text(source, np.zeros((90, 3)))))[1] == []
    with pytest.warns(UserWarning, match="57 degrees off the line between the hips"):
        read_bvh(write(bvh_text(odd, np.zeros((90, 3)))))


def test_bones_that_stretch_are_noticed(write):
    source, root = clip()
    lines = bvh_text(source, root, everywhere=True).splitlines()
    values = np.array(lines[-1].split(), dtype=float)
    values[6] += 10  # ten centimeters
    lines[-1] = numbers(values)
    with pytest.warns(UserWarning, match=r"The bone to LeftUpLeg changes by up to 0.1 m"):
        read_bvh(write("\n".join(lines)))


def test_limbs_follow_position_channels(write):
    """Bones whose ends move in their joints still point where they do in the file."""
    source, root = clip("humanik", frames=20)
    lines = bvh_text(source, root, everywhere=True).splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("Frame Time")) + 1
    names = parse_bvh(write("\n".join(lines))).names
    rng = np.random.default_rng(0)
    for n in range(start, len(lines)):
        values = np.array(lines[n].split(), dtype=float)
        elbow = 6 * names.index("LeftForeArm")
        values[elbow : elbow + 3] += rng.normal(0, 1.0, 3)  # a centimeter
        lines[n] = numbers(values)
    path = write("\n".join(lines))
    motion, _ = heard(read_bvh, path)
    clip_read = parse_bvh(path)
    joints = {name: k for k, name in enumerate(clip_read.names)}
    turned, placed = [], []
    for joint, parent in enumerate(clip_read.parents):
        local = Rotation.from_quat(np.roll(clip_read.rotations()[:, joint], -1, axis=-1))
        step = clip_read.positions()[:, joint]
        turned.append(local if parent < 0 else turned[parent] * local)
        placed.append(step if parent < 0 else placed[parent] + turned[parent].apply(step))
    wanted = placed[joints["LeftForeArm"]] - placed[joints["LeftArm"]]
    body = default_body(stature=motion.stature)
    got = forward_kinematics(body, motion.poses).positions
    got = got[:, SMPL_JOINTS.index("left_elbow")] - got[:, SMPL_JOINTS.index("left_shoulder")]
    unit = [bone / np.linalg.norm(bone, axis=-1)[:, None] for bone in (got, wanted)]
    np.testing.assert_allclose(unit[0], unit[1] @ Z_UP_FROM_Y_UP.T, atol=1e-6)


@pytest.mark.slow
def test_real_files_agree_with_the_archive(shared_data):
    folder = shared_data("bandai_namco_motion")
    archive = {m.name: m for m in read_skeletal(folder / "bandai_namco_motion.npz")}
    files = sorted((folder / "raw_bvh").glob("*.bvh"))
    assert len(files) == 5
    body = default_body()
    for file in files:
        motion = read_bvh(file)
        same = archive[motion.name]
        places = [
            forward_kinematics(body, clip.poses, clip.trans).positions for clip in (motion, same)
        ]
        assert motion.rate == 30.0 and motion.n_frames == same.n_frames
        assert motion.stature == pytest.approx(same.stature, abs=1e-5)
        np.testing.assert_allclose(*places, atol=5e-4)
