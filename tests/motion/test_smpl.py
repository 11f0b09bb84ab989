"""SMPL parameters under the names, axes and kinds of rotations of many tools: one movement."""

from __future__ import annotations

import pickle
import warnings

import joblib
import numpy as np
import pytest
import torch

from m3n_sklearn._plain_content import load_plain
from m3n_sklearn.motion import Motion, read_amass, read_gvhmr, read_smpl, read_wham
from m3n_sklearn.motion._read_smpl import recognize_smpl
from m3n_sklearn.skeleton import (
    matrix_from_rotvec,
    quat_from_rotvec,
    rotvec_from_matrix,
    sixd_from_matrix,
    to_z_up,
)

from .helpers import smooth_poses, without_turned_wrists

FRAMES = 20
KNEES = [4, 5]


class Bomb:
    """Ends the test run if it is ever unpickled."""

    def __reduce__(self):
        return (pytest.exit, ("a pickle was executed",))


def movement(up: str = "z", seed: int = 0):
    """Poses (F, 24, 3) and translations (F, 3) of somebody upright, in a world with an axis up."""
    poses = without_turned_wrists(smooth_poses(seed, FRAMES, 0.2))
    poses[:, 0] = [np.pi / 2, 0, 0]
    poses[:, KNEES, 0] += 0.5
    trans = np.random.default_rng(seed).normal(0, 0.01, (FRAMES, 3))
    world = to_z_up(up).T  # from z up
    poses[:, 0] = rotvec_from_matrix(world @ matrix_from_rotvec(poses[:, 0]))
    return poses, trans @ world.T


POSES, TRANS = movement()
WANTED = Motion(POSES, TRANS, rate=30.0)
BETAS = np.arange(10) / 10


def in_y(seed=0):
    return movement("y", seed)


def matrices(poses):
    return matrix_from_rotvec(poses)


def wham():
    poses, trans = in_y()
    person = {"pose": poses.reshape(FRAMES, 72), "trans": trans, "verts": np.zeros((FRAMES, 2, 3))}
    world = {"pose_world": poses.reshape(FRAMES, 72), "trans_world": trans}
    return {
        0: {**person, **world, "betas": np.tile(BETAS, (FRAMES, 1)), "frame_ids": np.arange(20)}
    }


def gvhmr():
    poses, trans = in_y()
    params = {"global_orient": poses[:, 0], "body_pose": poses[:, 1:22].reshape(FRAMES, 63)}
    params |= {"transl": trans, "betas": np.tile(BETAS, (FRAMES, 1))}
    return {"smpl_params_global": params, "smpl_params_incam": params, "K_fullimg": np.eye(3)}


def tram():
    poses, trans = movement("-y")
    content = {"pred_cam": np.zeros((FRAMES, 3)), "pred_rotmat": matrices(poses)}
    content |= {"pred_pose": np.zeros((FRAMES, 144)), "pred_shape": np.tile(BETAS, (FRAMES, 1))}
    return {**content, "pred_trans": trans[:, None], "frame": np.arange(FRAMES)}


def vibe():
    poses = movement("-y")[0].reshape(FRAMES, 72)
    person = {"pose": poses, "pred_cam": np.ones((FRAMES, 3)), "orig_cam": np.ones((FRAMES, 4))}
    return {3: {**person, "betas": np.tile(BETAS, (FRAMES, 1)), "frame_ids": np.arange(FRAMES)}}


def hybrik():
    poses = movement("-y")[0]
    content = {"pred_thetas": matrices(poses).reshape(FRAMES, 216), "transl": np.ones((FRAMES, 3))}
    content |= {"pred_betas": np.tile(BETAS, (FRAMES, 1)), "pred_cam_root": np.ones((FRAMES, 3))}
    return {**content, "img_path": np.array([f"out/img-{k + 1:06d}.jpg" for k in range(FRAMES)])}


def romp(tracked=True):
    poses = movement("-y")[0].reshape(FRAMES, 72)
    frames = {}
    for k in range(FRAMES):
        frame = {"smpl_thetas": poses[[k]], "smpl_betas": BETAS[None], "cam_trans": np.ones((1, 3))}
        frames[f"{k:08d}.png"] = {**frame, **({"track_ids": np.array([1])} if tracked else {})}
    rows = {"smpl_thetas": list(poses), "smpl_betas": [BETAS] * FRAMES}
    people = {1: {**rows, "frame_id": list(range(FRAMES))}} if tracked else {}
    return {"results": frames, "sequence_results": people}


def prompthmr():
    poses, trans = in_y()
    pose = np.concatenate([poses[:, :22].reshape(FRAMES, 66), np.zeros((FRAMES, 99))], axis=1)
    world = {"pose": pose, "shape": np.tile(BETAS, (FRAMES, 1)), "trans": trans}
    camera = {"rotmat": np.zeros((FRAMES, 55, 3, 3)), "trans": trans}
    person = {"frames": np.arange(FRAMES), "smplx_world": world, "smplx_cam": camera}
    return {"people": {1: {**person, "track_id": 1}}, "camera": {}, "masks": None}


def slahmr():
    poses, trans = movement("-y")
    second = np.stack([trans, trans + 1])
    return {
        "root_orient": np.stack([poses[:, 0]] * 2),
        "pose_body": np.stack([poses[:, 1:22].reshape(FRAMES, 63)] * 2),
        "trans": second,
        "betas": np.stack([BETAS] * 2),
        "cam_R": np.zeros((2, FRAMES, 3, 3)),
    }


def aist():
    poses, trans = in_y()
    flat = poses.reshape(FRAMES, 72)
    return {"smpl_poses": flat, "smpl_trans": 93.7 * trans, "smpl_scaling": np.array([93.7])}


def threedpw():
    poses, trans = in_y()
    flat = poses.reshape(FRAMES, 72)
    return {
        "poses": [flat, flat[:, :]],
        "trans": [trans, trans],
        "poses_60Hz": [np.repeat(flat, 2, axis=0)] * 2,
        "betas": [BETAS, BETAS],
        "genders": ["m", "f"],
        "cam_poses": np.tile(np.eye(4), (FRAMES, 1, 1)),
        "campose_valid": [np.ones(FRAMES)] * 2,
        "sequence": "walk_00",
    }


def emdb():
    poses, trans = in_y()
    smpl = {"poses_root": poses[:, 0], "poses_body": poses[:, 1:].reshape(FRAMES, 69)}
    good = np.ones(FRAMES, dtype=bool)
    smpl |= {"trans": trans, "betas": BETAS}
    return {"gender": "female", "good_frames_mask": good, "smpl": smpl, "camera": {"width": 3}}


def motionx():
    poses, trans = in_y()
    vectors = np.zeros((FRAMES, 322))
    vectors[:, :66], vectors[:, 309:312], vectors[:, 312:] = (
        poses[:, :22].reshape(FRAMES, 66),
        trans,
        BETAS,
    )
    return vectors


def mdm():
    poses, trans = in_y()
    rows = matrices(poses)[..., :2, :].reshape(FRAMES, 24, 6)
    return {"thetas": np.moveaxis(rows, 0, -1), "root_translation": trans.T, "length": FRAMES}


def glamr():
    poses, trans = movement()
    person = {"smpl_pose": poses[:, 1:].reshape(FRAMES, 69), "smpl_orient_world": poses[:, 0]}
    person |= {"root_trans_world": trans, "root_trans_cam": 3 * trans, "smpl_beta": BETAS}
    return {"person_data": {0: person}, "cam_pose": np.zeros((FRAMES, 4, 4))}


def codec():
    poses, trans = in_y()
    content = {"codecVersion": 2, "smplVersion": 2, "gender": 2, "shapeParameters": BETAS}
    motion = {"bodyPose": poses[:, :22], "bodyTranslation": trans, "frameRate": 30.0}
    return {**content, **motion, "frameCount": FRAMES, "headPose": np.zeros((FRAMES, 3, 3))}


def amass():
    poses, trans = movement()
    return {"poses": poses.reshape(FRAMES, 72), "trans": trans, "mocap_framerate": 30.0}


def interhuman():
    poses, trans = movement()
    person = {"root_orient": poses[:, 0], "pose_body": poses[:, 1:22].reshape(FRAMES, 63)}
    person |= {"trans": trans, "betas": BETAS, "gender": "female"}
    return {"mocap_framerate": 30.0, "frames": FRAMES, "person1": person, "person2": person}


def grab():
    poses, trans = movement()
    params = {"global_orient": poses[:, 0], "body_pose": poses[:, 1:22].reshape(FRAMES, 63)}
    return {"framerate": 30.0, "gender": "male", "body": {"params": {**params, "transl": trans}}}


def listed():
    poses, trans = movement()
    return [
        {"global_orient": matrices(p[:1]), "body_pose": matrices(p[1:]), "transl": t}
        for p, t in zip(poses, trans, strict=True)
    ]


# content, source, joints, the translations are there, people
TOOLS = {
    wham: ("wham", 24, True, [0]),
    gvhmr: ("gvhmr", 22, True, [None]),
    tram: ("tram", 24, True, [None]),
    vibe: ("vibe", 24, False, [3]),
    hybrik: ("hybrik", 24, False, [None]),
    romp: ("romp", 24, False, [1]),
    prompthmr: ("prompthmr", 22, True, [1]),
    slahmr: ("slahmr", 22, True, [0, 1]),
    aist: ("aist++", 24, True, [None]),
    threedpw: ("3dpw", 24, True, [0, 1]),
    emdb: ("emdb", 24, True, [None]),
    motionx: ("motion-x", 22, True, [None]),
    mdm: ("mdm", 24, True, [None]),
    glamr: ("glamr", 24, True, [0]),
    codec: ("smplcodec", 22, True, [None]),
    amass: (None, 24, True, [None]),
    interhuman: (None, 22, True, ["person1", "person2"]),
    grab: (None, 22, True, [None]),
    listed: (None, 24, True, [None]),
}


def quietly(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


def agrees(motion, joints=24, *, places=True):
    np.testing.assert_allclose(
        matrix_from_rotvec(motion.poses[:, :joints]),
        matrix_from_rotvec(POSES[:, :joints]),
        atol=1e-5,
    )
    np.testing.assert_array_equal(motion.poses[:, joints:], 0)
    np.testing.assert_allclose(motion.trans, TRANS if places else 0, atol=1e-6)
    np.testing.assert_allclose(motion.times, WANTED.times, atol=1e-12)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.__name__)
def test_one_movement_of_every_tool(tool):
    source, joints, places, people = TOOLS[tool]
    content = tool()
    assert recognize_smpl(content) == (source or ("amass" if tool is amass else "smpl"))
    motions = quietly(lambda: read_smpl(content, rate=30.0, text="a person", name="clip"))
    assert [motion.subject for motion in motions] == people
    agrees(motions[0], joints, places=places)
    for motion in motions:
        assert motion.source == source and motion.text == ("a person",)
        named = motion.subject is not None
        assert motion.name == (f"clip/{motion.subject}" if named else "clip")


def as_tensors(content):
    """Turn all arrays of numbers into tensors."""
    if isinstance(content, dict):
        return {key: as_tensors(value) for key, value in content.items()}
    if isinstance(content, list):
        return [as_tensors(value) for value in content]
    is_numeric = isinstance(content, np.ndarray) and content.dtype.kind in "fib"
    return torch.tensor(content) if is_numeric else content


SAVE = {
    "a.pkl": lambda content, path: path.write_bytes(pickle.dumps(content)),
    "b.pickle": lambda content, path: path.write_bytes(pickle.dumps(as_tensors(content), 2)),
    "c.pkl": lambda content, path: joblib.dump(content, path, compress=3),
    "d.pt": lambda content, path: torch.save(as_tensors(content), path),
    "e.pth": lambda content, path: torch.save(content, path),
    "f.pt": lambda content, path: torch.save(
        as_tensors(content), path, _use_new_zipfile_serialization=False
    ),
    "g.npy": lambda content, path: np.save(path, as_tensors(content), allow_pickle=True),
    "h.npz": lambda content, path: np.savez(path, **content),
}


@pytest.mark.parametrize("tool", [gvhmr, tram, romp, emdb, aist], ids=lambda tool: tool.__name__)
@pytest.mark.parametrize("file", SAVE)
def test_every_kind_of_file(tmp_path, tool, file):
    content = tool()
    SAVE[file](content, tmp_path / file)
    motions = quietly(lambda: read_smpl(tmp_path / file, rate=30.0))
    source, joints, places, people = TOOLS[tool]
    agrees(motions[0], joints, places=places)
    assert [motion.subject for motion in motions] == people
    name = tmp_path.name if tool is gvhmr else file[0]
    assert motions[0].source == source and motions[0].name.split("/")[0] == name
    assert recognize_smpl(load_plain(tmp_path / file)) == source


# ---- kinds of rotations


def interleaved(poses):
    return matrices(poses)[..., :2].reshape(FRAMES, -1, 6)


KINDS = {
    "vectors": lambda poses: poses,
    "flat": lambda poses: poses.reshape(FRAMES, -1),
    "matrices": matrices,
    "flat matrices": lambda poses: matrices(poses).reshape(FRAMES, -1, 9),
    "wxyz": quat_from_rotvec,
    "xyzw": lambda poses: quat_from_rotvec(poses)[..., [1, 2, 3, 0]],
    "columns": lambda poses: sixd_from_matrix(matrices(poses)),
    "flat columns": lambda poses: sixd_from_matrix(matrices(poses)).reshape(FRAMES, -1),
    "interleaved": interleaved,
    "rows": lambda poses: sixd_from_matrix(np.swapaxes(matrices(poses), -1, -2)),
}


@pytest.mark.parametrize("joints", [22, 24, 52, 55])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_rotations(kind, joints):
    poses = np.concatenate([POSES, np.full((FRAMES, 31, 3), 0.1)], axis=1)[:, :joints]
    if joints > 24:
        poses[:, 22:] = 0.1
    body, write = 22 if joints != 24 else 24, KINDS[kind]
    (whole,) = read_smpl({"poses": write(poses), "trans": TRANS}, rate=30.0)
    agrees(whole, body)
    parts = {"global_orient": write(poses[:, :1]), "body_pose": write(poses[:, 1:])}
    (apart,) = read_smpl({**parts, "transl": TRANS}, rate=30.0)
    agrees(apart, body)


def test_real_knees_tell_rows_from_columns(shared_data):
    file = next(shared_data("smpl_sample_aist").glob("*.npz"))
    motion = read_amass(file, up="y")
    turns = matrices(motion.poses)
    for given in (turns, np.swapaxes(turns, -1, -2)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            content = {"poses": sixd_from_matrix(given)}
            (again,) = read_smpl(content, rate=60.0, up="z", trim_tpose=False)
        np.testing.assert_allclose(matrices(again.poses), turns, atol=1e-6)


def test_straight_knees_do_not_tell_rows_from_columns():
    poses = POSES.copy()
    poses[:, KNEES] = 0
    with pytest.warns(UserWarning, match=r"knees hardly bend.*Columns were taken"):
        read_smpl({"poses": sixd_from_matrix(matrices(poses))}, rate=30.0)


@pytest.mark.parametrize(
    ("poses", "message"),
    [
        (np.full((FRAMES, 24, 4), 0.5), "order.*cannot be told"),
        (np.ones((FRAMES, 24, 4)), "length is not 1"),
        (np.ones((FRAMES, 24, 6)), "not at right angles"),
        (np.ones((FRAMES, 24, 3, 3)), "not rotations"),
        (np.zeros((FRAMES, 70)), r"poses has shape \(20, 70\)"),
        (np.zeros((FRAMES, 23, 3)), r"poses has shape \(20, 23, 3\)"),
        (np.zeros((0, 72)), r"poses has shape \(0, 72\)"),
        (np.degrees(POSES), "degrees.*deg2rad"),
    ],
)
def test_other_rotations_are_refused(poses, message):
    with pytest.raises(ValueError, match=message):
        read_smpl({"poses": poses}, rate=30.0)


# ---- people, gaps, one frame


def test_nobody():
    for content in ({}, []):
        with pytest.raises(ValueError, match=r"found nobody.*longer video"):
            read_smpl(content, rate=30.0)
    with pytest.raises(ValueError, match="ROMP found nobody"):
        read_smpl({"results": {"a.png": {"smpl_thetas": np.zeros((0, 72))}}}, rate=30.0)


def test_one_of_several_people():
    content = threedpw()
    first, second = read_smpl(content, name="x")
    assert (first.sex, second.sex, first.rate) == ("male", "female", 30.0)
    (one,) = read_smpl(content, person=1, subject="me", name="x")
    assert (one.subject, one.sex, one.name) == ("me", "female", "x/1")
    with pytest.raises(ValueError, match=r"no person 7; it has \[0, 1\]"):
        read_smpl(content, person=7)
    with pytest.raises(ValueError, match=r"subject= is one person, but there are \[0, 1\]"):
        read_smpl(content, subject="me")
    with pytest.raises(ValueError, match="no names of people"):
        read_smpl(amass(), person=7)


def test_one_motion_or_an_error(tmp_path):
    np.savez(tmp_path / "two.npz", **slahmr())
    with pytest.raises(ValueError, match=r"two\.npz has 2 motions: people \[0, 1\].*read_smpl"):
        quietly(lambda: read_amass(tmp_path / "two.npz", rate=30.0))


def test_one_frame_is_a_motion():
    content = {key: value[:1] for key, value in amass().items() if key != "mocap_framerate"}
    (motion,) = read_smpl(content, rate=30.0)
    assert motion.n_frames == 1
    content = {0: {key: value[:1] for key, value in wham()[0].items()}}
    with pytest.raises(ValueError, match="no person in two neighboring frames"):
        read_smpl(content, rate=30.0)


def test_frames_that_are_not_finite_are_gaps():
    content = amass()
    content["poses"][[4, 5]] = np.nan
    content["trans"][12:] = np.inf
    with pytest.warns(UserWarning, match="not finite in 10 of 20 frames.*left out"):
        (motion,) = read_smpl(content)
    kept = [*range(4), *range(6, 12)]
    np.testing.assert_allclose(motion.times, np.array(kept) / 30)
    np.testing.assert_allclose(motion.poses[:, 1:], POSES[kept, 1:], atol=1e-9)
    with pytest.warns(UserWarning, match="not finite"):
        assert [m.n_frames for m in read_smpl(content, max_gap=0.05)] == [4, 6]
    content["trans"][:] = np.nan
    with pytest.raises(ValueError, match="not finite in all 20 frames"):
        read_smpl(content)


def test_frames_without_a_person():
    content = emdb()
    content["good_frames_mask"][5:7] = False
    (motion,) = read_smpl(content)
    assert motion.n_frames == FRAMES - 2 and motion.times[5] == pytest.approx(7 / 30)
    assert (motion.sex, motion.rate > 25) == ("female", True)
    content = hybrik()
    content = {key: np.delete(value, [3, 4], axis=0) for key, value in content.items()}
    (motion,) = quietly(lambda: read_smpl(content, rate=30.0))
    np.testing.assert_allclose(motion.times, np.delete(np.arange(FRAMES), [3, 4]) / 30)


def test_frames_of_romp_without_tracks():
    agrees(quietly(lambda: read_smpl(romp(tracked=False), rate=30.0))[0], places=False)
    content = romp(tracked=False)
    first = next(iter(content["results"].values()))
    first["smpl_thetas"] = np.repeat(first["smpl_thetas"], 2, axis=0)
    with pytest.raises(ValueError, match=r"2 people without .*--temporal_optimize"):
        read_smpl(content, rate=30.0)


# ---- facts


@pytest.mark.parametrize(
    ("word", "sex"),
    [
        ("m", "male"), ("f", "female"), ("Female", "female"), ("MALE ", "male"), (b"male", "male"),
        ("b'female'", "female"), (np.array(["f"]), "female"), (np.array(b"Male"), "male"),
        ("neutral", "neutral"), ("N", "neutral"), (np.array([]), "neutral"),
    ],
)  # fmt: skip
def test_genders(word, sex):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_smpl({**amass(), "gender": word})[0].sex == sex


@pytest.mark.parametrize("word", [1, 0.0, "woman?", np.array([2])])
def test_unknown_genders_are_said(word):
    with pytest.warns(UserWarning, match="gender is .*not male, female or neutral.*neutral body"):
        assert read_smpl({**amass(), "gender": word})[0].sex == "neutral"


def test_genders_of_the_codec_are_numbers():
    sexes = [read_smpl({**codec(), "gender": number})[0].sex for number in (0, 1, 2)]
    assert sexes == ["neutral", "male", "female"]


def test_facts_may_lie_beside_the_parameters():
    (motion,) = read_smpl(grab())
    assert (motion.rate, motion.sex) == (30.0, "male")
    assert [motion.rate for motion in read_smpl(interhuman())] == [30.0, 30.0]


def test_rates():
    content = amass()
    assert read_smpl(content)[0].rate == 30 and read_smpl(content, rate=60.0)[0].rate == 60
    del content["mocap_framerate"]
    with pytest.raises(ValueError, match=r"content does not contain its frame rate.*Pass rate="):
        read_smpl(content)
    assert read_smpl({**content, "fps": np.array(25)})[0].rate == 25
    assert read_smpl(aist())[0].rate == 60 and read_smpl(motionx())[0].rate == 30


def test_millimeters_are_said():
    content = amass()
    with pytest.raises(ValueError, match=r"root of .* moves at .*millimeters"):
        read_smpl({**content, "trans": 1000 * content["trans"] + 900})
    still = np.tile([0, 0, 900.0], (FRAMES, 1))
    with pytest.warns(UserWarning, match="900 m above the origin.*millimeters"):
        read_smpl({**content, "trans": still})


@pytest.mark.parametrize("tool", [tram, vibe, hybrik, romp], ids=lambda tool: tool.__name__)
def test_the_cameras_frame_is_said(tool):
    with pytest.warns(UserWarning, match="relative to the camera") as caught:
        read_smpl(tool(), rate=30.0)
    assert len(caught) == 1 and ("stays in place" in str(caught[0].message)) == (tool is not tram)


def test_world_and_camera_are_not_mixed():
    person = wham()[0]
    del person["trans_world"]
    with pytest.raises(ValueError, match="translations of the world, but only 'trans' is there"):
        read_smpl({0: person}, rate=30.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trans": np.zeros((3, 3))}, r"trans has shape \(3, 3\), but 20 poses need \(20, 3\)"),
        ({"betas": np.zeros((3, 10))}, r"betas of shape \(3, 10\)"),
        ({"mocap_framerate": -1.0}, "rate must be a positive number"),
        ({"mocap_framerate": "fast"}, "mocap_framerate"),
    ],
)
def test_other_entries_are_explained(changes, message):
    with pytest.raises(ValueError, match=message):
        read_smpl({**amass(), **changes})
    with pytest.raises(ValueError, match="smpl_scaling must be a positive number"):
        read_smpl({**aist(), "smpl_scaling": 0.0})


def test_arguments_are_checked_before_the_file():
    for options, message in (
        ({"up": "north"}, "up must be one of"),
        ({"rate": 0}, "rate must be"),
        ({"max_gap": -1}, "max_gap must be"),
        ({"focal_length": 0}, "focal_length must be"),
    ):
        with pytest.raises(ValueError, match=message):
            read_smpl("none.pkl", **options)
    with pytest.raises(TypeError, match="text must be"):
        read_smpl("none.pkl", text=3)
    with pytest.raises(FileNotFoundError, match="No file at"):
        read_smpl("none.pkl")
    with pytest.raises(ValueError, match="focal_length= is for results of 4D-Humans"):
        read_smpl(amass(), focal_length=1000.0)


# ---- other content


@pytest.mark.parametrize(
    "content",
    [
        {"a": 1},
        {"a": {"b": {"c": 3}}},
        [1, 2],
        np.zeros((5, 24, 3)),
        {"root_orient": np.zeros((2, 3))},
    ],
)
def test_no_smpl_parameters(tmp_path, content):
    assert recognize_smpl(content) is None
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=r"x\.pkl: it has no SMPL parameters; it has .*Expected"):
        read_smpl(tmp_path / "x.pkl", rate=30.0)


def test_positions_under_the_name_of_poses_are_not_taken_for_rotations():
    assert recognize_smpl({"poses": np.zeros((FRAMES, 25, 3))}) is None
    assert recognize_smpl({"pose": np.zeros((FRAMES, 24, 3))}) == "smpl"


@pytest.mark.parametrize("kind", ["wxyz", "columns"])
def test_only_the_root_as_other_numbers(kind):
    poses = {"global_orient": KINDS[kind](POSES[:, :1]), "body_pose": POSES[:, 1:]}
    if kind == "wxyz":
        with pytest.raises(ValueError, match=r"global_orient .*order.*cannot be told"):
            read_smpl(poses, rate=30.0)
    else:
        with pytest.warns(UserWarning, match="Columns were taken"):
            agrees(read_smpl({**poses, "trans": TRANS}, rate=30.0)[0])


def test_results_of_another_tool(tmp_path):
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(tram()))
    for read, title in ((read_wham, "WHAM"), (read_gvhmr, "GVHMR")):
        message = rf"x\.pkl: it has results of TRAM, not of {title}\. Use read_smpl\."
        with pytest.raises(ValueError, match=message):
            read(tmp_path / "x.pkl", rate=30.0)


@pytest.mark.parametrize("file", [name for name in SAVE if name != "h.npz"])
def test_nothing_is_executed(tmp_path, file):
    for content in ({"poses": Bomb()}, {**amass(), "gender": [Bomb()]}):
        SAVE[file](content, tmp_path / file)
        with pytest.raises(ValueError, match=rf"{file[0]}\.\w+ was not read: it asks for .*_Exit"):
            read_smpl(tmp_path / file)


@pytest.mark.parametrize("file", SAVE)
def test_damaged_files_are_explained(tmp_path, file):
    SAVE[file](aist(), tmp_path / file)
    content = (tmp_path / file).read_bytes()
    rng = np.random.default_rng(0)
    for cut in (0, 1, 7, 100, len(content) // 2, len(content) - 1):
        (tmp_path / file).write_bytes(content[:cut])
        with pytest.raises(ValueError, match=f"{file[0]}[.]"):
            read_smpl(tmp_path / file)
    for _ in range(20):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            damaged[place] ^= 255
        (tmp_path / file).write_bytes(bytes(damaged))
        try:
            quietly(lambda: read_smpl(tmp_path / file))
        except ValueError as error:
            assert file in str(error)


def test_real_results(shared_data):
    folder = shared_data("video_tool_outputs")
    (tennis,) = read_smpl(folder / "gvhmr_tennis_hmr4d_results.pt", rate=30.0)
    assert tennis.n_frames == 312 and tennis.source == "gvhmr"
    for file, frames in (("hybrik_res.pk", 135), ("hybrik_ai4.pk", 50)):
        with pytest.warns(UserWarning, match="HybrIK, relative to the camera"):
            (motion,) = read_smpl(folder / file, rate=30.0)
        assert motion.n_frames == frames
        assert matrix_from_rotvec(motion.poses[:, 0])[:, 2, 1].mean() > 0.8  # upright


OTHER_VALUES = (
    None, "x", 3, [], {}, [1, 2], {"a": 1}, np.zeros(0), np.zeros((FRAMES, 3)), np.array("a"), b"x",
    np.zeros((2, FRAMES, 3)), np.zeros((FRAMES, 24, 3, 3)), [None] * FRAMES, np.arange(FRAMES),
)  # fmt: skip


def entries(content):
    """Iterate over the places in nested containers."""
    if isinstance(content, dict | list):
        items = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in list(items)[:12]:
            yield content, key
            yield from entries(value)


def test_whatever_stands_in_place_of_an_entry_is_read_or_explained():
    rng = np.random.default_rng(0)
    for tool in TOOLS:
        for _ in range(25):
            content = tool()
            places = list(entries(content))
            if not places:
                continue
            container, key = places[rng.integers(len(places))]
            container[key] = OTHER_VALUES[rng.integers(len(OTHER_VALUES))]
            try:
                quietly(lambda content=content: read_smpl(content, rate=30.0))
            except ValueError as error:
                assert len(str(error)) < 800
