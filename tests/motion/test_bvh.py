"""BVH files: the parser, its complaints, units, conventions and real files."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from benchmarks.skeletal import read_skeletal
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.motion import SKELETONS, SkeletonMap, read_bvh, retarget
from m3n_sklearn.motion._bvh import parse_bvh
from m3n_sklearn.skeleton._anthropometry import reference_joints
from m3n_sklearn.skeleton._rotations import matrix_from_quat, matrix_from_rotvec, to_z_up
from m3n_sklearn.skeleton._smpl import Z_UP_FROM_Y_UP

from .helpers import as_source, smooth_poses

FRAMES = 5
ORDERS = ["".join(order) for order in itertools.permutations("XYZ")]


def bvh_text(source, root, order="ZXY", unit=100.0, frame_time="0.0333333", everywhere=False):
    """Write a skeleton (names, parents, offsets, quaternions) down as BVH in some order."""
    names, parents, offsets = source["joint_names"], source["parents"], source["offsets"]
    quats = np.roll(source["local_quats"], -1, axis=-1)
    count = len(names)
    angles = [Rotation.from_quat(quats[:, j]).as_euler(order, degrees=True) for j in range(count)]
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


def clip(skeleton="cmu_motionbuilder", seed=0, frames=FRAMES, stature=1.7):
    """A random motion of a known skeleton, and where its root is."""
    poses = smooth_poses(seed, frames)
    poses[:, 0] *= 0.2  # upright
    source = as_source(poses, reference_joints(stature), SKELETONS[skeleton])
    root = np.random.default_rng(seed).normal([0.0, 0.9, 0.0], 0.01, (frames, 3))
    return source, root


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="clip.bvh", **options):
        path = tmp_path / name
        path.write_text(text, **options)
        return path

    return to_file


@pytest.mark.parametrize("skeleton", sorted(SKELETONS))
def test_known_conventions_are_recognized(write, skeleton):
    source, root = clip(skeleton)
    motion = read_bvh(write(bvh_text(source, root)))
    poses, trans, stature = retarget(
        source["local_quats"], root, source["joint_names"], source["parents"], source["offsets"]
    )
    np.testing.assert_allclose(
        matrix_from_rotvec(motion.poses), matrix_from_rotvec(poses), atol=1e-6
    )
    np.testing.assert_allclose(motion.trans, trans, atol=1e-6)
    assert motion.stature == pytest.approx(stature, abs=1e-6)
    assert motion.rate == pytest.approx(30.0, rel=1e-12)
    assert (motion.name, motion.source) == ("clip", skeleton)


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


def test_a_child_needs_a_scale(write):
    path = write(bvh_text(*clip(stature=1.0)))
    with pytest.raises(ValueError, match=r"clip.bvh: .* 100 units tall.*Pass scale="):
        read_bvh(path)
    assert read_bvh(path, scale=0.01).stature == pytest.approx(1.0, abs=1e-6)
    with pytest.raises(ValueError, match="meters"):
        read_bvh(path, scale=1.0)
    for wrong, error in (("cm", ValueError), (None, ValueError), (-1.0, ValueError)):
        with pytest.raises(error, match="scale must be"):
            read_bvh(path, scale=wrong)


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
    renamed = text.replace("Arm", " arm of mine")
    with pytest.raises(ValueError, match=r"Hips.*SkeletonMap\(\{'pelvis': 'Hips'.*skeleton="):
        read_bvh(write(renamed))
    own = SkeletonMap(
        {k: v.replace("Arm", " arm of mine") for k, v in SKELETONS["humanik"].joints.items()}
    )
    motion = read_bvh(write(renamed), skeleton=own, source="mine", text="a person moves", label=3)
    np.testing.assert_array_equal(motion.poses, plain.poses)
    assert (motion.source, motion.text, motion.label) == ("mine", ("a person moves",), 3)


def test_tabs_carriage_returns_marks_and_braces(write):
    text = bvh_text(*clip())
    plain = read_bvh(write(text))
    changed = [
        text.replace("\n", "\r\n"),
        "\ufeff" + text,
        text.replace("\n{", " {").replace("OFFSET ", "offset\t"),
        text.replace("Frames: ", "Frames:\t").replace("MOTION\n", "\nMOTION  \n\n"),
    ]
    for other in changed:
        motion = read_bvh(write(other, encoding="utf-8", newline=""))
        np.testing.assert_array_equal(motion.poses, plain.poses)


@pytest.mark.parametrize(
    ("printed", "rate"),
    [
        ("0.0333333", 30.0),
        ("0.0083333", 120.0),
        ("0.008333", 120.0),
        ("0.0166667", 60.0),
        ("0.01", 100.0),
        ("0.0417083", 1 / 0.0417083),  # 23.976 Hz
        ("0.03", 1 / 0.03),  # too few digits to tell
        (".04", 25.0),
        ("4e-2", 25.0),
    ],
)
def test_printed_frame_times(write, printed, rate):
    path = write(bvh_text(*clip(), frame_time=printed))
    assert read_bvh(path).rate == pytest.approx(rate, rel=1e-12)
    assert read_bvh(path, rate=48.0).rate == 48


GOOD = bvh_text(*clip())
LAST = GOOD.splitlines()[-1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HIERARCHY", "HIERARCHIE", "must begin with HIERARCHY"),
        (GOOD, "", "must begin with HIERARCHY"),
        ("MOTION", "", "no line MOTION"),
        ("ROOT Hips", "JOINT Hips", "line 2: ROOT was expected"),
        ("ROOT Hips", "ROOT", "has no name"),
        ("}\nMOTION", "MOTION", "brace"),
        ("}\nMOTION", "}\nROOT Other\nMOTION", "several skeletons"),
        ("JOINT Spine1", "JOINT Head", "Head.*more than once"),
        ("CHANNELS 6", "CHANNELS 5", "Hips announces 5 channels, but lists 6"),
        ("CHANNELS 6", "CHANNELS", "channels"),
        ("Xposition", "Wposition", "like Xposition"),
        ("\tCHANNELS 3 Z", "\tOFFSET 3 Z", "CHANNELS was expected"),
        ("OFFSET 0 1 0", "OFFSET 0 1", "2 numbers, not 3"),
        ("OFFSET 0 1 0", "OFFSET 0 up 0", "got 'up'"),
        ("OFFSET 0 1 0", "OFFSET 0 nan 0", "nan, not a finite number"),
        (f"Frames: {FRAMES}", f"Frames: {FRAMES + 1}", "announces 6 frames, but has 5"),
        (f"Frames: {FRAMES}", "Frames: 0", "at least 1"),
        (f"Frames: {FRAMES}", "Frames: many", "whole number"),
        (f"Frames: {FRAMES}", "", "Frames: and a whole number"),
        ("Frame Time: 0.0333333", "", "Frame Time: and"),
        ("Frame Time: 0.0333333", "Frame Time: 0", "above 0"),
        ("Frame Time: 0.0333333", "Frame Time: -0.01", "above 0"),
        ("Frame Time: 0.0333333", "Frame Time: nan", "finite"),
        ("Frame Time: 0.0333333", "Frame Time: soon", "got 'soon'"),
        (LAST, LAST[: len(LAST) // 2], r"line \d+ has .* truncated"),
        (LAST, "", "announces 5 frames, but has 4"),
        (LAST, LAST.replace(LAST.split()[7], "nan"), "not finite in frame 4"),
        (LAST, LAST.replace(LAST.split()[7], "x"), "must be numbers"),
    ],
)
def test_broken_files_are_explained(write, old, new, message):
    assert old in GOOD
    with pytest.raises(ValueError, match=f"clip.bvh is not a valid BVH file.*{message}"):
        read_bvh(write(GOOD.replace(old, new, 1) if old != GOOD else new))


@settings(max_examples=30)
@given(cut=st.integers(0, len(GOOD) - 12))
def test_truncated_files_never_pass(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("bvh") / "clip.bvh"
    path.write_text(GOOD[:cut])
    with pytest.raises(ValueError, match=r"clip.bvh"):
        read_bvh(path)


def test_other_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="No file at"):
        read_bvh(tmp_path / "none.bvh")
    (tmp_path / "photo.bvh").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match="not a valid BVH"):
        read_bvh(tmp_path / "photo.bvh")
    deep = "HIERARCHY\nROOT a\n" + "{\nOFFSET 0 0 0\nCHANNELS 0\nJOINT b" * 5000
    (tmp_path / "deep.bvh").write_text(deep + "\nMOTION\nFrames: 1\nFrame Time: 1\n")
    with pytest.raises(ValueError, match="hierarchy ends"):
        read_bvh(tmp_path / "deep.bvh")


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


def test_bones_along_one_axis_need_a_frame_that_holds_a_tpose(write):
    source, root = clip(frames=FRAMES)
    expected = read_bvh(write(bvh_text(source, root)))
    # every joint has its own frame, so the pose without rotations is a tangle
    rng = np.random.default_rng(0)
    frames = matrix_from_quat(Rotation.random(24, rng=rng).as_quat())
    poses = smooth_poses(0, FRAMES)
    poses[:, 0] *= 0.2
    other = as_source(poses, reference_joints(1.7), SKELETONS["cmu_motionbuilder"], frames)
    with pytest.raises(ValueError, match=r"not a rest pose.*tpose=.*axes="):
        read_bvh(write(bvh_text(other, root)))
    still = as_source(
        np.zeros((1, 24, 3)), reference_joints(1.7), SKELETONS["cmu_motionbuilder"], frames
    )
    other["local_quats"] = np.concatenate([still["local_quats"], other["local_quats"]])
    path = write(bvh_text(other, np.concatenate([root[:1], root])))
    motion = read_bvh(path, tpose=0)
    assert motion.n_frames == FRAMES and motion.times[0] == pytest.approx(1 / 30)
    np.testing.assert_allclose(
        matrix_from_rotvec(motion.poses), matrix_from_rotvec(expected.poses), atol=1e-6
    )
    for wrong in (-1, FRAMES, 0.5):
        with pytest.raises((TypeError, ValueError), match="tpose must be"):
            read_bvh(path, tpose=wrong)


def test_a_skeleton_whose_feet_point_backwards_is_noticed(write):
    source, root = clip("humanik")
    mirrored = {**source, "offsets": source["offsets"] * [-1.0, 1.0, 1.0]}
    with pytest.warns(UserWarning, match="feet .* point backwards"):
        read_bvh(write(bvh_text(mirrored, root)))


def test_bones_that_stretch_are_noticed(write):
    source, root = clip()
    lines = bvh_text(source, root, everywhere=True).splitlines()
    values = np.array(lines[-1].split(), dtype=float)
    values[6] += 10  # ten centimeters
    lines[-1] = numbers(values)
    with pytest.warns(UserWarning, match=r"changes by up to 0.1 m"):
        read_bvh(write("\n".join(lines)))


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
