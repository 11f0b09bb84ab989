"""Result files of video tools, written here to their formats."""

from __future__ import annotations

import csv
import json
import pickle
import warnings
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
import torch

from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.motion import SMPL_JOINTS, read_4dhumans, read_gvhmr, read_mediapipe, read_wham
from m3n_sklearn.motion._mediapipe import EARS, KNUCKLES, LIMBS, standing_landmarks
from m3n_sklearn.motion._smpl_tools import PER_PERSON
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec, rotvec_from_matrix

from .helpers import directions, smooth_poses, without, without_turned_wrists

FRAMES = 20
Z_FROM_Y = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
LEVEL = np.diag([1.0, -1.0, -1.0])  # upright, facing a level camera
FORWARD = np.array([0.0, 0.0, 1.0])


def upright(seed=0, frames=FRAMES, root=None):
    """Random poses of somebody upright in a world given by the root's matrix."""
    poses = without_turned_wrists(smooth_poses(seed, frames, 0.2))
    poses[:, 0] = 0 if root is None else rotvec_from_matrix(root)
    return poses


class Bomb:
    """Ends the test run if it is ever unpickled."""

    def __reduce__(self):
        return (pytest.exit, ("a pickle was executed",))


# ---------------------------------------------------------------------------------------- WHAM


def wham_person(seed=0, frames=None, **changes):
    frames = np.arange(FRAMES) if frames is None else np.asarray(frames)
    count = len(frames)
    poses = upright(seed, count).reshape(count, 72).astype(np.float32)
    track = np.random.default_rng(seed).normal(0, 0.01, (count, 3)).astype(np.float32)
    person = {
        "pose": poses,
        "trans": track,
        "pose_world": poses,
        "trans_world": track,
        "betas": np.full((count, 10), 0.3, np.float32),
        "verts": np.zeros((count, 7, 3), np.float32),
        "frame_ids": frames,
        **changes,
    }
    return {key: value for key, value in person.items() if value is not None}


def dumped(folder, content, **options):
    path = folder / "wham_output.pkl"
    joblib.dump(content, path, **options)
    return path


@pytest.mark.parametrize("compress", [0, 3])
def test_wham(tmp_path, compress):
    people = {0: wham_person(), 4: wham_person(1)}
    path = dumped(tmp_path, people, compress=compress)
    motions = read_wham(path, rate=25.0, text="a person walks", label="walk")
    assert [m.subject for m in motions] == [0, 4]
    assert [m.name for m in motions] == ["wham_output/0", "wham_output/4"]
    for motion, person in zip(motions, people.values(), strict=True):
        assert motion.rate == pytest.approx(25.0) and motion.source == "wham"
        assert (motion.text, motion.label) == (("a person walks",), "walk")
        poses = person["pose_world"].reshape(FRAMES, 24, 3)
        np.testing.assert_allclose(motion.poses[:, 1:], poses[:, 1:], atol=1e-6)
        np.testing.assert_allclose(
            matrix_from_rotvec(motion.poses[:, 0]), np.tile(Z_FROM_Y, (FRAMES, 1, 1)), atol=1e-6
        )
        np.testing.assert_allclose(motion.trans, person["trans_world"] @ Z_FROM_Y.T, atol=1e-6)
        np.testing.assert_allclose(motion.betas, 0.3, atol=1e-6)
    (one,) = read_wham(path, rate=25.0, person=4)
    np.testing.assert_array_equal(one.poses, motions[1].poses)


def test_gaps_are_kept_and_long_ones_cut(tmp_path):
    frames = [3, 4, 5, 8, 9, 40, 41, 90]
    path = dumped(tmp_path, {7: wham_person(frames=frames)})
    first, second = read_wham(path, rate=30.0, max_gap=0.1)
    np.testing.assert_allclose(first.times, np.array(frames[:5]) / 30)
    np.testing.assert_allclose(second.times, np.array(frames[5:7]) / 30)
    assert [first.name, second.name] == ["wham_output/7/0", "wham_output/7/1"]
    assert len(read_wham(path, rate=30.0, max_gap=2.0)) == 1
    with pytest.raises(ValueError, match="max_gap must be"):
        read_wham(path, rate=30.0, max_gap=-1)
    with pytest.raises(ValueError, match="no person in two neighboring frames"):
        read_wham(dumped(tmp_path, {0: wham_person(frames=[1, 50])}), rate=30.0)


def test_collections_defaultdict_is_what_wham_writes(tmp_path):
    from collections import defaultdict

    results = defaultdict(dict)
    results[np.int64(4)].update(wham_person())
    (motion,) = read_wham(dumped(tmp_path, results), rate=30.0, person=4)
    assert motion.n_frames == FRAMES and type(motion.subject) is int


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "found nobody.*longer video"),
        ([1, 2], "got list"),
        ({0: 3}, "person 0 must be a dictionary"),
        ({0: wham_person(pose_world=None)}, "no 'pose_world'; it has 'pose', 'trans'"),
        ({0: wham_person(trans_world=None)}, "no 'trans_world'"),
        ({0: wham_person(frame_ids=None)}, "no 'frame_ids'"),
        ({0: wham_person(pose_world=np.zeros((FRAMES, 70)))}, r"shape \(20, 70\)"),
        ({0: wham_person(pose_world=np.degrees(upright(0)))}, "degrees"),
        ({0: wham_person(pose_world=np.full((FRAMES, 72), np.nan))}, "not finite"),
        (
            {0: wham_person(trans_world=np.zeros((3, 3)))},
            r"trans_world has shape \(3, 3\), but 20 poses",
        ),
        ({0: wham_person(frame_ids=np.arange(FRAMES)[::-1])}, "must increase"),
        ({0: wham_person(frame_ids=np.arange(FRAMES) + 0.5)}, "frame_ids must be whole numbers"),
        ({0: wham_person(betas=np.zeros((3, 10)))}, r"betas of shape \(3, 10\)"),
        ({0: wham_person(trans_world=7)}, r"trans_world has shape \(\)"),
    ],
)
def test_other_content_is_explained(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_wham(dumped(tmp_path, content), rate=30.0)


def test_nobody_by_that_name(tmp_path):
    with pytest.raises(ValueError, match=r"no person 9; it has \[0\]"):
        read_wham(dumped(tmp_path, {0: wham_person()}), rate=30.0, person=9)


@pytest.mark.parametrize("read", [read_wham, read_4dhumans])
def test_pickles_are_never_executed(tmp_path, read):
    for content in (Bomb(), {0: Bomb()}, {0: wham_person(betas=np.array([Bomb()], dtype=object))}):
        path = dumped(tmp_path, content)
        with pytest.raises(ValueError, match=r"wham_output\.pkl was not read"):
            read(path, rate=30.0)
    content = dumped(tmp_path, {0: wham_person()}).read_bytes()
    for part in (b"", content[: len(content) // 2], b"PK" + content):
        (tmp_path / "cut.pkl").write_bytes(part)
        with pytest.raises(ValueError, match=r"cut\.pkl"):
            read(tmp_path / "cut.pkl", rate=30.0)
    with pytest.raises(FileNotFoundError, match="No file at"):
        read(tmp_path / "none.pkl", rate=30.0)


@pytest.mark.parametrize("read", [read_wham, read_4dhumans, read_gvhmr, read_mediapipe])
def test_the_rate_has_to_be_given(tmp_path, read):
    with pytest.raises(ValueError, match=r"clip\.pkl does not contain .* frame rate.*Pass rate="):
        read(tmp_path / "clip.pkl")
    with pytest.raises(ValueError, match="rate must be"):
        read(tmp_path / "clip.pkl", rate=-5)


def test_a_wrong_up_is_noticed(tmp_path):
    with pytest.warns(UserWarning, match="up='y'"):
        read_wham(dumped(tmp_path, {0: wham_person()}), rate=30.0, up="z")


# --------------------------------------------------------------------------------------- GVHMR


def gvhmr(folder, **changes):
    poses = torch.tensor(upright(2)[:, :22], dtype=torch.float32)
    params = {
        "global_orient": poses[:, 0],
        "body_pose": poses[:, 1:].reshape(FRAMES, 63),
        "transl": torch.full((FRAMES, 3), 0.2),
        "betas": torch.full((FRAMES, 10), 0.1),
        **changes,
    }
    params = {key: value for key, value in params.items() if value is not None}
    path = folder / "hmr4d_results.pt"
    content = {"smpl_params_global": params, "smpl_params_incam": params, "K_fullimg": torch.eye(3)}
    torch.save({**content, "net_outputs": {"pred_x": torch.zeros(2)}}, path)
    return path, poses.numpy().astype(np.float64)


def test_gvhmr(tmp_path):
    folder = tmp_path / "tennis"
    folder.mkdir()
    path, poses = gvhmr(folder)
    motion = read_gvhmr(path, rate=50.0, text="a person plays", subject="me", label=2)
    assert (motion.n_frames, motion.name, motion.subject) == (FRAMES, "tennis", "me")
    assert motion.rate == pytest.approx(50.0) and motion.source == "gvhmr" and motion.label == 2
    np.testing.assert_allclose(motion.poses[:, 1:22], poses[:, 1:], atol=1e-9)
    np.testing.assert_array_equal(motion.poses[:, 22:], 0)
    np.testing.assert_allclose(motion.trans, [[0.2, -0.2, 0.2]] * FRAMES, atol=1e-7)
    up = matrix_from_rotvec(motion.poses[:, 0])[:, :, 1]
    np.testing.assert_allclose(up, [[0, 0, 1]] * FRAMES, atol=1e-9)
    assert read_gvhmr(path, rate=50.0, name="mine").name == "mine"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"body_pose": None}, "no 'body_pose'; it has 'global_orient', 'transl', 'betas'"),
        ({"body_pose": torch.zeros(FRAMES, 70)}, r"body_pose has shape \(20, 70\)"),
        ({"body_pose": torch.zeros(3, 63)}, "20 frames, but body_pose has 3"),
        ({"transl": torch.zeros(3, 3)}, r"transl has shape \(3, 3\), but 20 poses"),
        ({"transl": torch.full((FRAMES, 3), torch.nan)}, "not finite"),
    ],
)
def test_other_tensors_are_explained(tmp_path, changes, message):
    path, _ = gvhmr(tmp_path, **changes)
    with pytest.raises(ValueError, match=message):
        read_gvhmr(path, rate=30.0)


def test_only_tensors_are_loaded(tmp_path):
    path = tmp_path / "hmr4d_results.pt"
    for content in (Bomb(), {"smpl_params_global": Bomb()}):
        torch.save(content, path)
        with pytest.raises(ValueError, match=r"was not read: it asks for .*_Exit"):
            read_gvhmr(path, rate=30.0)
    path.write_bytes(pickle.dumps(Bomb(), protocol=2))
    with pytest.raises(ValueError, match=r"was not read: it asks for .*_Exit"):
        read_gvhmr(path, rate=30.0)
    torch.save({"state_dict": torch.zeros(3)}, path)
    with pytest.raises(ValueError, match="no 'smpl_params_global'; it has 'state_dict'"):
        read_gvhmr(path, rate=30.0)
    with pytest.raises(FileNotFoundError, match="No file at"):
        read_gvhmr(tmp_path / "none.pt", rate=30.0)


# ----------------------------------------------------------------------------------- 4D-Humans


def phalp(count=FRAMES, seed=3, **changes):
    """Frames of PHALP with one person, 7, and a second one, 2, in every other frame."""
    matrices = matrix_from_rotvec(upright(seed, count, LEVEL)).astype(np.float32)
    frames = {}
    for n, pose in enumerate(matrices):
        people = [7, 2] if n % 2 == 0 else [7]
        smpl = {"global_orient": pose[:1], "body_pose": pose[1:], "betas": np.ones(10, np.float32)}
        frames[f"img/{n + 1:06d}.jpg"] = {
            "time": n,
            "shot": 0,
            "tid": people,
            "tracked_time": [0] * len(people),
            "smpl": [smpl] * len(people),
            "camera": [np.array([0.1, 0.2, 50.0 + n / 10], np.float32)] * len(people),
            "size": [[720, 1280]] * len(people),
            "mask": [{"size": [720, 1280], "counts": b"abc"}] * len(people),
            "conf": [np.float32(0.9)] * len(people),
            "img_path": ["a.jpg"] * len(people),
            **changes,
        }
    return frames, matrices


def test_4dhumans(tmp_path):
    frames, matrices = phalp()
    path = dumped(tmp_path, frames, compress=3)
    motions = read_4dhumans(path, rate=30.0)
    assert [(m.subject, m.n_frames) for m in motions] == [(7, FRAMES), (2, FRAMES // 2)]
    first = motions[0]
    np.testing.assert_allclose(matrix_from_rotvec(first.poses[:, 1:]), matrices[:, 1:], atol=1e-5)
    turned = matrix_from_rotvec(first.poses[:, 0])
    np.testing.assert_allclose(turned[:, :, 1], [[0, 0, 1]] * FRAMES, atol=1e-6)
    np.testing.assert_array_equal(first.trans, 0)
    assert first.source == "4dhumans" and len(first.betas) == 10
    np.testing.assert_allclose(motions[1].times, np.arange(0, FRAMES, 2) / 30)


def test_the_focal_length_brings_people_to_their_depth(tmp_path):
    frames, _ = phalp()
    (motion,) = read_4dhumans(dumped(tmp_path, frames), rate=30.0, person=7, focal_length=1000.0)
    depth = (50 + np.arange(FRAMES) / 10) * 1000 / 1280 * 256 / 5000
    np.testing.assert_allclose(motion.trans[:, 1], depth, rtol=1e-5)  # forward
    np.testing.assert_allclose(motion.trans[:, [0, 2]], [[0.1, -0.2]] * FRAMES, atol=1e-6)
    with pytest.raises(ValueError, match="focal_length must be"):
        read_4dhumans(dumped(tmp_path, frames), rate=30.0, focal_length=0.0)


def test_a_tilted_camera(tmp_path):
    angle = np.deg2rad(20)
    down = np.array([0.0, -np.cos(angle), -np.sin(angle)])  # up, seen by a camera looking down
    frames, _ = phalp()
    path = dumped(tmp_path, frames)
    level, tilted = (
        read_4dhumans(path, rate=30.0, person=7, up=up)[0] for up in ("-y", 9.81 * down)
    )
    axes = [matrix_from_rotvec(m.poses[0, 0])[:, 1] for m in (level, tilted)]
    assert axes[0] @ axes[1] == pytest.approx(np.cos(angle), abs=1e-6)
    for wrong in ([0, 0, 0], [1, 2], [np.nan, 0, 1], "down"):
        with pytest.raises(ValueError, match="up must be"):
            read_4dhumans(path, rate=30.0, up=wrong)


def test_guesses_are_left_out_and_shots_cut(tmp_path):
    frames, _ = phalp()
    keys = list(frames)
    for key in keys[4:6]:
        frames[key]["tracked_time"] = [1] * len(frames[key]["tid"])
    frames[keys[12]]["shot"] = 1
    motions = read_4dhumans(dumped(tmp_path, frames), rate=30.0, person=7)
    seen = [np.round(m.times * 30).astype(int).tolist() for m in motions]
    assert seen == [[*range(4), *range(6, 12)], [*range(12, FRAMES)]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"smpl": [3]}, "lists, one entry per person|must be a dictionary"),
        ({"tid": [1, 2, 3]}, "lists, one entry per person"),
        ({"tid": 4}, "lists, one entry per person"),
        ({"time": "now"}, "time must contain real numbers"),
        ({"tid": [1], "tracked_time": [0], "smpl": [{"betas": np.zeros(10)}], "camera": [0],
          "size": [0]}, "no 'global_orient'; it has 'betas'"),
        ({"tid": [1], "tracked_time": [0], "camera": [0], "size": [0],
          "smpl": [{"global_orient": np.ones((1, 3, 3)), "body_pose": np.zeros((23, 3, 3)),
                    "betas": np.zeros(10)}]}, "not rotations"),
    ],
)  # fmt: skip
def test_other_frames_are_explained(tmp_path, changes, message):
    frames, _ = phalp(**changes)
    with pytest.raises(ValueError, match=message):
        read_4dhumans(dumped(tmp_path, frames), rate=30.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "found nobody"),
        ({}, "found nobody"),
        ({"frame": {"tid": []}}, "no 'time'; it has 'tid'"),
        ({"frame": 3}, "frame 'frame' must be a dictionary"),
        ({"a.jpg": {"time": 0, **{key: [] for key in PER_PERSON}}}, "4D-Humans found nobody"),
    ],
)
def test_no_frames_of_phalp(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_4dhumans(dumped(tmp_path, content), rate=30.0)


# ----------------------------------------------------------------------------------- MediaPipe


@pytest.fixture(scope="module")
def dancer():
    """Landmarks (F, 33, 3) around the hips in a level camera's frame, and the joints."""
    body = default_body()
    poses = without(
        upright(5, FRAMES, Z_FROM_Y), "left_wrist", "right_wrist", "left_ankle", "right_ankle"
    )
    positions = forward_kinematics(body, poses).positions  # z up
    camera = positions @ np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])  # x, -z, y
    at = {joint: camera[:, SMPL_JOINTS.index(joint)] for joint in SMPL_JOINTS}
    marks = np.zeros((FRAMES, 33, 3))
    for right, side in enumerate(("left", "right")):
        for joint, mark in LIMBS.items():
            marks[:, mark + right] = at[f"{side}_{joint}"]
        marks[:, list(KNUCKLES[side])] = at[f"{side}_hand"][:, None]
        marks[:, EARS[side]] = 2 * at["head"] - at["neck"]
    middle = (marks[:, LIMBS["hip"]] + marks[:, LIMBS["hip"] + 1]) / 2
    return marks - middle[:, None], positions


def test_mediapipe(dancer):
    marks, positions = dancer
    motion = read_mediapipe(marks, rate=30.0, subject="me", text="a person dances")
    assert motion.source == "mediapipe" and motion.subject == "me"
    posed = forward_kinematics(default_body(), motion.poses, motion.trans).positions
    bones = [
        (f"{s}_{a}", f"{s}_{b}")
        for s in ("left", "right")
        for a, b in [("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")]
    ]
    np.testing.assert_allclose(directions(posed, bones), directions(positions, bones), atol=1e-6)
    at = forward_kinematics(default_body(), motion.poses).positions
    assert (at[:, SMPL_JOINTS.index("head"), 2] > at[:, SMPL_JOINTS.index("left_foot"), 2]).all()
    seconds = np.arange(FRAMES) / 30 + 5
    timed = read_mediapipe(marks, times=seconds)
    np.testing.assert_allclose(timed.poses, motion.poses, atol=1e-9)
    np.testing.assert_array_equal(timed.times, seconds)


def test_every_way_to_hand_landmarks_over(dancer, tmp_path):
    marks, _ = dancer
    marks = marks.round(6)
    plain = read_mediapipe(marks, rate=30.0)
    seen = np.concatenate([marks, np.full((FRAMES, 33, 1), 0.9)], axis=-1)
    points = [
        [SimpleNamespace(x=x, y=y, z=z, visibility=v) for x, y, z, v in frame]
        for frame in seen.tolist()
    ]
    records = [[dict(zip("xyz", mark, strict=True)) for mark in frame] for frame in marks.tolist()]
    ways = {
        "rows": marks.reshape(FRAMES, 99),
        "visible": seen,
        "flat": seen.reshape(FRAMES, 132),
        "lists": marks.tolist(),
        "tasks": [SimpleNamespace(pose_world_landmarks=[frame]) for frame in points],
        "solutions": [
            SimpleNamespace(pose_world_landmarks=SimpleNamespace(landmark=frame))
            for frame in points
        ],
    }
    files = {
        "a.npy": lambda path: np.save(path, marks),
        "b.npz": lambda path: np.savez(path, anything=seen),
        "c.npz": lambda path: np.savez(path, landmarks=marks, visibility=seen[..., 3], fps=3),
        "d.json": lambda path: path.write_text(json.dumps(records)),
        "e.json": lambda path: path.write_text(
            json.dumps([{"worldLandmarks": [frame], "landmarks": [frame]} for frame in records])
        ),
        "f.csv": lambda path: write_csv(path, marks.reshape(FRAMES, 99)),
        "g.csv": lambda path: write_csv(
            path, seen.reshape(FRAMES, 132), [f"{a}{k}" for k in range(33) for a in "xyzv"]
        ),
    }
    for name, save in files.items():
        save(tmp_path / name)
        ways[name] = tmp_path / name
    for name, way in ways.items():
        motion = read_mediapipe(way, rate=30.0)
        np.testing.assert_allclose(motion.poses, plain.poses, atol=1e-9, err_msg=name)
        assert motion.name == (name[0] if "." in name else None)


def write_csv(path, rows, header=None):
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows(([header] if header else []) + rows.tolist())


def test_visibility_becomes_confidence(dancer):
    marks, _ = dancer
    seen = np.full((FRAMES, 33, 1), 0.9)
    seen[:, LIMBS["wrist"]] = 0.3  # the left one
    seen[4, KNUCKLES["right"][0]] = 0.2
    lost = marks.copy()
    lost[7] = np.nan
    motion = read_mediapipe(np.concatenate([lost, seen], axis=-1), rate=30.0)
    found = {name: motion.confidence[:, j] for j, name in enumerate(SMPL_JOINTS)}
    assert (motion.confidence[7] == 0).all() and not motion.observed[7].any()
    others = np.delete(np.arange(FRAMES), 7)
    assert motion.observed[others].all()
    for name in ("left_shoulder", "left_elbow", "left_wrist"):
        np.testing.assert_allclose(found[name][others], 0.3)
    assert found["right_wrist"][4] == pytest.approx(0.2)
    for name in ("pelvis", "spine3", "head", "left_knee", "right_elbow"):
        np.testing.assert_allclose(found[name][others], 0.9)
    assert read_mediapipe(marks, rate=30.0).confidence is None


def test_a_camera_upside_down(dancer):
    marks, _ = dancer
    upright = read_mediapipe(marks, rate=30.0)
    flipped = marks * [-1.0, -1.0, 1.0]
    with pytest.warns(UserWarning, match=r"up='y' was taken instead of this format's '-y'"):
        motion = read_mediapipe(flipped, rate=30.0)
    up = [matrix_from_rotvec(m.poses[:, 0])[:, 2, 1] for m in (upright, motion)]
    np.testing.assert_allclose(up[0], up[1], atol=1e-6)
    assert up[0].min() > 0.9


def test_somebody_who_lies_in_front_of_a_camera(dancer):
    marks, _ = dancer
    lying = marks @ np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    with pytest.warns(UserWarning, match=r"the person lies.*Took this format's up='-y'") as said:
        motion = read_mediapipe(lying, rate=30.0)
    assert len(said) == 1
    assert np.abs(matrix_from_rotvec(motion.poses[:, 0])[:, 2, 1]).max() < 0.4


def test_landmarks_may_be_scaled(dancer):
    marks, _ = dancer
    with pytest.warns(UserWarning, match="scaled by"):
        motion = read_mediapipe(0.5 * marks, rate=30.0, stature=1.8)
    assert motion.stature == 1.8


def test_frames_without_anybody(dancer):
    marks, _ = dancer
    missing = marks.copy()
    missing[4:6] = np.nan
    bridged = read_mediapipe(missing, rate=30.0)
    results = [{"worldLandmarks": [] if n in (4, 5) else [m]} for n, m in enumerate(marks.tolist())]
    np.testing.assert_allclose(read_mediapipe(results, rate=30.0).poses, bridged.poses, atol=1e-12)
    faint = np.concatenate([marks, np.ones((FRAMES, 33, 1))], axis=-1)
    faint[4:6, :, 3] = 0.1
    dim = read_mediapipe(faint, rate=30.0, min_visibility=0.5)
    np.testing.assert_allclose(dim.poses, bridged.poses, atol=1e-12)
    with pytest.raises(ValueError, match="max_gap"):
        read_mediapipe(missing, rate=30.0, max_gap=0.05)


def test_the_second_person(dancer):
    marks, _ = dancer
    two = [[frame, (1.1 * np.array(frame)).tolist()] for frame in marks.tolist()]
    results = [{"pose_world_landmarks": people} for people in two]
    first, second = (read_mediapipe(results, rate=30.0, person=n).stature for n in (0, 1))
    assert second == pytest.approx(1.1 * first)


@pytest.mark.parametrize(
    ("landmarks", "message"),
    [
        (np.zeros((5, 17, 3)), r"must have shape \(frames, 33, 3\).*got \(5, 17, 3\)"),
        (np.zeros((0, 33, 3)), r"got \(0, 33, 3\)"),
        (np.zeros((5, 100)), r"got \(5, 100\)"),
        ({"frames": []}, "list of frames"),
        ([{"landmarks": []}], "frame 0 has none of pose_world_landmarks"),
        ([[[0, 0, 0]] * 32], "frame 0 has 32 landmarks, 32 of them"),
        ([[["a", "b", "c"]] * 33], "frame 0 has 3 landmarks, 0 of them"),
        ([7], "frame 0 has none of .* not a list"),
        (7, "list of frames, got int 7"),
        ([[[1, 2, 3]] * 30 + [[1, 2]] * 3], "33 landmarks, 30 of them"),
        (np.full((5, 33, 3), 0.5) , "pose_landmarks, relative to the image"),
        (np.full((5, 33, 3), np.nan), "missing"),
    ],
)  # fmt: skip
def test_other_landmarks_are_explained(landmarks, message):
    with pytest.raises(ValueError, match=message):
        read_mediapipe(landmarks, rate=30.0)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"[1, 2", "cannot be read as landmarks of MediaPipe"),
        ("a.csv", b"", "no rows"),
        ("a.csv", b"x,y\n1,2\n3\n", "row 1 has 1 columns"),
        ("a.csv", b"x,y\n1,2\n", r"got \(1, 2\)"),
        ("a.csv", b"1,2\n3,four\n", "could not convert string to float"),
        ("a.npy", b"nothing", "a.npy"),
        ("a.npz", b"nothing", "cannot be read as an .npz"),
        ("a.task", b"", "read from .npy, .npz, .csv and .json files, not from .task"),
    ],
)
def test_other_landmark_files_are_explained(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_mediapipe(tmp_path / name, rate=30.0)


def test_visibility_is_needed_for_a_threshold():
    marks = np.tile(standing_landmarks(), (5, 1, 1))
    with pytest.raises(ValueError, match="needs landmarks with visibility"):
        read_mediapipe(marks, rate=30.0, min_visibility=0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        read_mediapipe(marks, rate=30.0, min_visibility=2)


def test_real_results(shared_data):
    """Files that the tools wrote are read as they are, upright and at a human pace."""
    tools, clips = shared_data("video_tool_outputs"), shared_data("video_clips") / "results"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {
            "gvhmr": [read_gvhmr(tools / "gvhmr_tennis_hmr4d_results.pt", rate=30.0)],
            "wham": read_wham(clips / "wham_utd_a1_noverts.pkl", rate=30.0),
            "4dhumans": read_4dhumans(clips / "phalp_demo_run.pkl", rate=30.0),
        }
    frames = {tool: [motion.n_frames for motion in motions] for tool, motions in found.items()}
    assert frames == {"gvhmr": [312], "wham": [42], "4dhumans": [42]}
    simulator = SMPLIMUSimulator(sites=["left_wrist", "right_wrist"], rate=60.0, smoothing=6.0)
    for motions in found.values():
        for motion in motions:
            np.testing.assert_allclose(np.diff(motion.times), 1 / 30)
            up = matrix_from_rotvec(motion.poses[:, 0])[:, 2, 1]
            assert np.median(up) > 0.9
            acc = simulator.simulate(motion).data[:, [0, 1, 2, 6, 7, 8]].reshape(-1, 2, 3)
            strength = np.linalg.norm(acc, axis=-1)
            assert strength.max() < 150 and 8 < np.median(strength) < 20
