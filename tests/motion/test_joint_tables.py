"""Joint positions in arrays, archives, tables and records give the motion they were taken from."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from m3n_sklearn.motion import SMPL_JOINTS, motion_from_joints, read_joints

from .reference import (
    CAMERA,
    RATE,
    REFERENCE,
    Y_UP,
    assert_same,
    limb_errors,
    positions,
    reference,
)
from .test_joint_sets import COCO, ORDERS, seen_as
from .writers import (
    LIMB_NAMES,
    humanml3d_features,
    named,
    write_csv,
    write_deeplabcut,
    write_sam,
)


@pytest.fixture(autouse=True)
def _silent():
    """No reader says a word about a file that is right."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


# ---- arrays


@pytest.mark.parametrize("unit", [1.0, 0.01, 0.001, 0.0254])
def test_npy_in_any_unit(tmp_path, unit):
    np.save(tmp_path / "walk.npy", positions()[:, :22] @ Y_UP.T / unit)
    motion = read_joints(tmp_path / "walk.npy", rate=RATE, text="a person walks")
    assert_same(motion)
    assert (motion.name, motion.source, motion.text) == ("walk", "smpl22", ("a person walks",))


def test_npy_in_rows(tmp_path):
    given = positions()[:, :22] @ Y_UP.T
    np.save(tmp_path / "a.npy", given.reshape(len(given), -1).astype(np.float32))
    assert_same(read_joints(tmp_path / "a.npy", rate=RATE))
    coco = seen_as(COCO)
    np.save(tmp_path / "b.npy", np.concatenate([coco, np.ones((*coco.shape[:2], 1))], axis=-1))
    assert_same(read_joints(tmp_path / "b.npy", "coco17", rate=RATE).replace(confidence=None))


def test_features_of_humanml3d(tmp_path):
    features, heading = humanml3d_features()
    np.save(tmp_path / "a.npy", features.astype(np.float32))
    motion = read_joints(tmp_path / "a.npy", rate=RATE)
    # in the data set every clip begins at the origin, and with the heading z
    turn = np.array(
        [[np.cos(heading), -np.sin(heading), 0], [np.sin(heading), np.cos(heading), 0], [0, 0, 1]]
    )
    start = positions()[0, 0] * [1, 1, 0]
    world = (positions() - start) @ turn
    same = motion_from_joints(world, "smpl24", rate=RATE, up="z")
    assert limb_errors(motion, same).max() < 0.05
    np.testing.assert_allclose(motion.trans, same.trans, atol=1e-4)
    assert read_joints(tmp_path / "a.npy").rate == 20
    normed = (features - features.mean(0)) / (features.std(0) + 1e-6)
    np.save(tmp_path / "b.npy", normed)
    with pytest.raises(ValueError, match=r"b.npy: .*normalized.*features \* std \+ mean"):
        read_joints(tmp_path / "b.npy")


def test_features_of_a_person_who_turns(tmp_path):
    """The heading is a cumulative sum, whose sign shows only in a turn."""
    plain = reference()
    angle = np.linspace(0, 2.5, plain.n_frames)
    half = np.stack([0 * angle, np.sin(angle / 2), np.cos(angle / 2)], axis=1)
    root = Rotation.from_euler("z", angle[:, None]) * Rotation.from_rotvec(plain.poses[:, 0].copy())
    poses = plain.poses.copy()
    poses[:, 0] = root.as_rotvec()
    turning = plain.replace(poses=poses, trans=plain.trans + 0.3 * half * [1, 1, 0])
    features, _ = humanml3d_features(turning)
    np.save(tmp_path / "a.npy", features)
    found = positions(read_joints(tmp_path / "a.npy", rate=RATE))
    true = positions(turning)
    for step in (found, true):  # the first heading is free: compare distances between frames
        step -= step[:1, :1]
    apart = [np.linalg.norm(p[:, None, 20] - p[None, :, 7], axis=-1) for p in (found, true)]
    np.testing.assert_allclose(apart[0], apart[1], atol=0.03)


# ---- archives


def test_npz_says_names_rate_and_confidence(tmp_path):
    names, given = named()
    score = np.full(given.shape[:2], 0.6)
    file = saved(tmp_path / "a.npz", joints3d=given, joint_names=names, fps=RATE, scores=score)
    motion = read_joints(file)
    assert_same(motion.replace(confidence=None))
    assert (motion.confidence == 0.6).all() and motion.rate == RATE
    times = np.arange(len(given)) / RATE + 3
    timed = read_joints(saved(tmp_path / "b.npz", joints=given, names=names, times=times))
    assert timed.rate == pytest.approx(RATE)
    assert_same(read_joints(saved(tmp_path / "c.npz", anything=seen_as(COCO)), "coco17", rate=RATE))
    own = {joint: LIMB_NAMES[joint] for joint in LIMB_NAMES}
    assert_same(read_joints(file, own).replace(confidence=None))


def test_several_people(tmp_path):
    given = seen_as(COCO)
    both = np.stack([given + np.array([1.0, 0, 0]), given], axis=1)
    file = saved(tmp_path / "a.npz", keypoints_3d=both, fps=RATE)
    assert_same(read_joints(file, "coco17", person=1))
    with pytest.raises(ValueError, match=r"a.npz: person=2, but there are 2 people"):
        read_joints(file, "coco17", person=2)


# ---- SAM 3D Body


def test_results_of_sam_3d_body(tmp_path):
    world = seen_as(ORDERS["mhr70"]) @ CAMERA.T + [0.0, 1.0, 3.0]
    camera = world.mean(axis=1)
    file = write_sam(tmp_path / "a.json", world, camera)
    motion = read_joints(file, rate=RATE)
    assert_same(motion)
    assert motion.source == "mhr70"
    keys = {"pred_keypoints_3d": world - camera[:, None], "pred_cam_t": camera}
    same = read_joints(saved(tmp_path / "a.npz", **keys), rate=RATE)
    np.testing.assert_allclose(same.poses, motion.poses, atol=1e-9)
    frames = json.loads(file.read_text())
    frames[4] = []  # nobody
    file.write_text(json.dumps({"frames": frames, "fps": RATE}))
    lost = read_joints(file)
    assert not lost.observed[4].any() and lost.observed[5].all() and lost.rate == RATE
    with pytest.raises(ValueError, match=r"person=1 is in none of its 100 frames"):
        read_joints(file, person=1)


def test_records_of_frames(tmp_path):
    given = seen_as(COCO)
    frames = [
        {"frame_id": k, "instances": [{"keypoints": p.tolist(), "keypoint_scores": 17 * [0.7]}]}
        for k, p in enumerate(given)
    ]
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"meta_info": {}, "instance_info": frames}))
    motion = read_joints(file, "coco17", rate=RATE)
    assert_same(motion.replace(confidence=None))
    assert (motion.confidence == 0.7).all()
    record = {"positions": given.tolist(), "joint_names": COCO.split(), "fps": RATE}
    file.write_text(json.dumps(record))
    assert_same(read_joints(file))
    file.write_text(json.dumps(given.tolist()))
    assert_same(read_joints(file, "coco17", rate=RATE))


def test_image_keypoints_are_refused(tmp_path):
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"version": 1.3, "people": [{"pose_keypoints_2d": 75 * [0.5]}]}))
    with pytest.raises(ValueError, match=r"a.json: .*'pose_keypoints_2d' are 2-D"):
        read_joints(file, rate=RATE)
    columns = ",".join(f"{n}_{a}" for n in COCO.split() for a in "xy")
    (tmp_path / "a.csv").write_text(f"{columns}\n" + ",".join(34 * ["1.5"]) + "\n")
    with pytest.raises(ValueError, match=r"x and y without z are 2-D"):
        read_joints(tmp_path / "a.csv", rate=RATE)


# ---- tables


@pytest.mark.parametrize(
    "pattern",
    ["{joint}_{axis}", "{joint}.{axis}", "{joint} {axis}", "{axis}_{joint}", "{joint}:{axis} (m)"],
)
def test_tables_of_named_columns(tmp_path, pattern):
    motion = read_joints(write_csv(tmp_path / "a.csv", pattern))
    assert_same(motion)
    assert motion.rate == pytest.approx(RATE) and motion.name == "a"


@pytest.mark.parametrize(
    "options",
    [
        {"separator": "\t"},
        {"separator": ";"},
        {"separator": ";", "decimal": ","},
        {"separator": " "},
        {"time": "Timestamp"},
        {"time": None},
    ],
)
def test_other_tables(tmp_path, options):
    rate = {"rate": RATE} if options.get("time", "") is None else {}
    assert_same(read_joints(write_csv(tmp_path / "a.txt", **options), **rate))


def test_tables_with_scores_milliseconds_and_several_rows_of_names(tmp_path):
    motion = read_joints(write_csv(tmp_path / "a.csv", score="likelihood"))
    assert (motion.confidence == 0.75).all()
    file = write_csv(tmp_path / "b.csv")
    rows = [line.split(",") for line in file.read_text().splitlines()]
    rows[0][0] = "time_ms"
    rows[1:] = [[str(1000 * float(row[0])), *row[1:]] for row in rows[1:]]
    file.write_text("\n".join(map(",".join, rows)))
    assert read_joints(file).rate == pytest.approx(RATE)
    assert_same(read_joints(write_deeplabcut(tmp_path / "c.csv"), rate=RATE))


def test_tables_without_names(tmp_path):
    given = positions()[:, :22] @ Y_UP.T
    rows = given.reshape(len(given), -1)
    np.savetxt(tmp_path / "a.csv", rows, delimiter=",")
    assert_same(read_joints(tmp_path / "a.csv", rate=RATE))
    header = ",".join(f"joint_{k}_{a}" for k in range(22) for a in "xyz")
    np.savetxt(tmp_path / "b.csv", rows, delimiter=",", header=header, comments="")
    assert_same(read_joints(tmp_path / "b.csv", rate=RATE))


def test_empty_cells_are_missing(tmp_path):
    file = write_csv(tmp_path / "a.csv")
    lines = file.read_text().splitlines()
    first = lines[0].split(",").index("LWrist_x")
    for k in range(30, 34):
        cells = lines[k + 1].split(",")
        cells[first : first + 3] = ["", "", ""]
        lines[k + 1] = ",".join(cells)
    file.write_text("\n".join(lines))
    motion = read_joints(file)
    assert not motion.observed[30:34, SMPL_JOINTS.index("left_elbow")].any()
    assert limb_errors(motion).max() < 5


# ---- what is refused


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "no rows of numbers"),
        ("a.csv", "a,b,c\n1,2,3\n", "no columns such as left_wrist_x.*'a', 'b', 'c'"),
        ("a.csv", "1,2,3\n1,2\n", "row 1 below the names has 2 columns"),
        ("a.csv", "1,2,3\n4,5,6\n", "rows of 3 numbers"),
        ("a.json", "[1, 2, 3]", "list of int, not of frames"),
        ("a.json", "{}", "it has no joint positions.*nothing"),
        ("a.json", '{"positions": [[', "cannot be read as a file of joint positions"),
        ("a.json", "[" * 100_000, "cannot be read as a file of joint positions"),
        ("a.npy", "text", "cannot be read|a.npy"),
        ("a.npz", "text", "cannot be read"),
        ("a.dat", "text", "not from .dat"),
    ],
)
def test_files_without_positions(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=f"{name}.*({message})"):
        read_joints(tmp_path / name, rate=RATE)


def test_what_must_be_given(tmp_path):
    np.save(tmp_path / "a.npy", positions() @ Y_UP.T)
    with pytest.raises(ValueError, match=r"a.npy contains neither its frame rate.*Pass rate="):
        read_joints(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", seen_as(COCO))
    with pytest.raises(ValueError, match=r"b.npy: 17 joints may be 'coco17' or 'h36m17'"):
        read_joints(tmp_path / "b.npy", rate=RATE)
    np.save(tmp_path / "c.npy", seen_as(COCO) / 9)
    with pytest.raises(ValueError, match=r"c.npy: .*pass stature= in meters"):
        read_joints(tmp_path / "c.npy", "coco17", rate=RATE)
    with pytest.warns(UserWarning, match="scaled by 9"):
        scaled = read_joints(tmp_path / "c.npy", "coco17", rate=RATE, stature=1.75)
    assert_same(scaled)
    assert_same(read_joints(tmp_path / "c.npy", "coco17", rate=RATE, scale=9.0))
    for wrong in ({"scale": "cm"}, {"scale": -1.0}, {"max_gap": -1}, {"noise": 0}, {"up": "w"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            read_joints(tmp_path / "absent.npy", "coco17", **wrong)
    with pytest.raises(FileNotFoundError, match="absent"):
        read_joints(tmp_path / "absent.npy")


def test_the_reference_is_itself():
    assert limb_errors(REFERENCE).max() < 1e-4
