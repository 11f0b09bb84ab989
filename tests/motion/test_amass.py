"""Files of SMPL-family poses."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from m3n_sklearn.motion import read_amass
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec
from m3n_sklearn.skeleton._smpl import Z_UP_FROM_Y_UP

from .helpers import smooth_poses, without_turned_wrists

FRAMES = 20


def upright(size=72, seed=0):
    """Poses (F, size) of somebody upright in a z-up world."""
    poses = np.zeros((FRAMES, size))
    body = without_turned_wrists(smooth_poses(seed, FRAMES, 0.2))
    poses[:, :66] = body.reshape(FRAMES, 72)[:, :66]
    poses[:, :3] = [np.pi / 2, 0.0, 0.0]
    return poses


def write(folder, **arrays):
    path = folder / "clip.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("size", [66, 72, 156, 165])
@pytest.mark.parametrize("key", ["mocap_framerate", "mocap_frame_rate"])
def test_amass_layouts(tmp_path, size, key):
    poses = upright(size)
    poses[:, 66:] = 0.3
    path = write(
        tmp_path,
        poses=poses,
        trans=np.ones((FRAMES, 3)),
        betas=np.arange(16) / 10,
        gender="female",
        **{key: 120.0},
    )
    motion = read_amass(path, text="a person moves", label=1, subject="s")
    assert motion.poses.shape == (FRAMES, 24, 3)
    np.testing.assert_allclose(motion.poses[:, :22].reshape(FRAMES, 66), poses[:, :66], atol=1e-9)
    np.testing.assert_allclose(motion.poses[:, 22:], 0.3 if size == 72 else 0.0, atol=1e-9)
    np.testing.assert_allclose(motion.trans, 1)
    assert motion.rate == 120 and motion.sex == "female" and len(motion.betas) == 16
    assert (motion.name, motion.label, motion.subject) == ("clip", 1, "s")
    assert motion.text == ("a person moves",)


def test_separate_root_and_body(tmp_path):
    poses = upright()
    path = write(
        tmp_path,
        root_orient=poses[:, :3],
        pose_body=poses[:, 3:66],
        gender=np.array(b"male"),
        betas=np.ones((FRAMES, 10)),
        mocap_framerate=60,
    )
    motion = read_amass(path)
    np.testing.assert_allclose(motion.poses[:, :22].reshape(FRAMES, 66), poses[:, :66], atol=1e-9)
    assert motion.sex == "male" and motion.betas.shape == (10,)
    np.testing.assert_array_equal(motion.trans, 0)


@pytest.mark.parametrize("up", ["y", "auto"])
def test_y_up_worlds_are_turned(tmp_path, up):
    poses = upright()
    lying = poses.copy()
    lying[:, :3] = 0
    trans = np.random.default_rng(0).normal(0, 0.01, (FRAMES, 3))
    motion = read_amass(write(tmp_path, poses=lying, trans=trans, mocap_framerate=60), up=up)
    np.testing.assert_allclose(
        matrix_from_rotvec(motion.poses[:, 0]), np.tile(Z_UP_FROM_Y_UP, (FRAMES, 1, 1)), atol=1e-9
    )
    np.testing.assert_allclose(motion.trans, trans @ Z_UP_FROM_Y_UP.T, atol=1e-12)


def test_a_wrong_up_is_noticed(tmp_path):
    poses = upright()
    poses[:, :3] = 0
    path = write(tmp_path, poses=poses, mocap_framerate=60)
    with pytest.warns(UserWarning, match="up='y'"):
        read_amass(path)


def test_a_missing_rate_has_a_way_out(tmp_path):
    path = write(tmp_path, poses=upright())
    with pytest.raises(ValueError, match=r"clip\.npz does not contain its frame rate.*Pass rate="):
        read_amass(path)
    assert read_amass(path, rate=50.0, name="mine").rate == 50
    assert read_amass(path, rate=50.0, name="mine").name == "mine"


class Bomb:
    """Ends the test run if it is ever unpickled."""

    def __reduce__(self):
        return (pytest.exit, ("a pickle was executed",))


def test_pickles_are_never_executed(tmp_path):
    path = write(
        tmp_path, poses=upright(), mocap_framerate=60.0, gender=np.array([Bomb()], dtype=object)
    )
    with pytest.warns(UserWarning, match="gender is 'an object'"):
        assert read_amass(path).sex == "neutral"
    path = write(tmp_path, poses=np.array([Bomb()], dtype=object), mocap_framerate=60.0)
    with pytest.raises(ValueError, match=r"clip\.npz was not read: it asks for .*_Exit"):
        read_amass(path)
    (tmp_path / "clip.pkl").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match=r"clip\.pkl was not read: it asks for .*_Exit"):
        read_amass(tmp_path / "clip.pkl")


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_damaged_files_are_explained(tmp_path, keep):
    path = write(tmp_path, poses=upright(), mocap_framerate=60.0)
    content = path.read_bytes()
    path.write_bytes(content[: keep if isinstance(keep, int) else int(keep * len(content))])
    with pytest.raises(ValueError, match="damaged"):
        read_amass(path)


def test_a_single_array_is_no_archive(tmp_path):
    np.save(tmp_path / "poses.npy", upright())
    with pytest.raises(
        ValueError, match=r"no SMPL parameters; it has an array of shape \(20, 72\)"
    ):
        read_amass(tmp_path / "poses.npy")


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="No file at"):
        read_amass(tmp_path / "nothing.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"poses": np.zeros((5, 70))}, r"shape \(5, 70\).*66 or 72 or 156 or 165"),
        ({"poses": np.zeros(72)}, r"shape \(72,\)"),
        ({"poses": np.zeros((0, 72))}, r"shape \(0, 72\)"),
        ({"trans": np.zeros((3, 3))}, r"trans has shape.*\(3, 3\).*\(20, 3\)"),
        ({"trans": 900 * np.random.default_rng(0).normal(size=(FRAMES, 3))}, "millimeters"),
        ({"poses": np.degrees(upright())}, "degrees.*deg2rad"),
        ({"poses": np.full((FRAMES, 72), np.nan)}, "not finite"),
        ({"mocap_framerate": -1.0}, "rate must be a positive number"),
    ],
)
def test_bad_files_are_explained(tmp_path, arrays, message):
    path = write(tmp_path, **{"poses": upright(), "mocap_framerate": 60.0, **arrays})
    with pytest.raises(ValueError, match=message):
        read_amass(path)


def test_unknown_up(tmp_path):
    with pytest.raises(ValueError, match="up must be one of"):
        read_amass(write(tmp_path, poses=upright(), mocap_framerate=60.0), up="north")


def test_a_real_clip(shared_data):
    folder = shared_data("smpl_sample_aist")
    motion = read_amass(next(folder.glob("*.npz")), up="y", text="a person dances")
    assert motion.n_frames == 720 and motion.rate == 60
    upright_axis = matrix_from_rotvec(motion.poses[:, 0])[:, :, 1].mean(axis=0)
    assert upright_axis[2] > 0.9
    assert 1.5 < motion.trans[:, 2].mean() < 2.0  # trans lies above the pelvis' rest offset


@pytest.mark.parametrize("joints", [21, 23])
@pytest.mark.parametrize("matrices", [False, True])
def test_the_names_of_smplx(tmp_path, joints, matrices):
    poses = upright(3 * (joints + 1)).reshape(FRAMES, joints + 1, 3)
    given = matrix_from_rotvec(poses) if matrices else poses
    path = write(
        tmp_path,
        global_orient=given[:, :1] if matrices else poses[:, 0],
        body_pose=given[:, 1:] if matrices else poses[:, 1:].reshape(FRAMES, -1),
        transl=np.full((FRAMES, 3), 0.5),
        betas=np.zeros((1, 10)),
        left_hand_pose=np.zeros((FRAMES, 6)),
        fps=25,
    )
    motion = read_amass(path, source="mine")
    np.testing.assert_allclose(
        matrix_from_rotvec(motion.poses[:, : joints + 1]), matrix_from_rotvec(poses), atol=1e-9
    )
    np.testing.assert_array_equal(motion.trans, 0.5)
    assert motion.rate == 25 and motion.betas.shape == (10,) and motion.source == "mine"


def test_everything_that_amass_stores_for_smplx(tmp_path):
    poses = upright(165)
    path = write(
        tmp_path,
        gender="neutral",
        surface_model_type="smplx",
        mocap_frame_rate=np.float64(120.0),
        mocap_time_length=FRAMES / 120,
        num_betas=16,
        betas=np.arange(16.0) / 20,
        trans=np.zeros((FRAMES, 3)),
        poses=poses,
        root_orient=poses[:, :3],
        pose_body=poses[:, 3:66],
        pose_jaw=poses[:, 66:69],
        pose_eye=poses[:, 69:75],
        pose_hand=poses[:, 75:],
        markers_latent=np.zeros((5, 3)),
        latent_labels=np.array(["ARIEL"]),
        markers_latent_vids=np.array([{}], dtype=object),
    )
    motion = read_amass(path)
    np.testing.assert_allclose(motion.poses[:, :22].reshape(FRAMES, 66), poses[:, :66], atol=1e-9)
    assert motion.rate == 120 and len(motion.betas) == 16 and motion.sex == "neutral"


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"body_pose": np.zeros((FRAMES, 66))}, r"body_pose has shape \(20, 66\)"),
        ({"body_pose": np.zeros((4, 63))}, "20 frames, but body_pose has 4"),
        ({"global_orient": np.ones((FRAMES, 3, 3))}, "not rotations"),
        ({"transl": np.zeros((4, 3))}, "transl has shape"),
    ],
)
def test_bad_files_with_the_names_of_smplx(tmp_path, arrays, message):
    good = {
        "global_orient": np.zeros((FRAMES, 3)),
        "body_pose": np.zeros((FRAMES, 63)),
        "fps": 30.0,
    }
    with pytest.raises(ValueError, match=message):
        read_amass(write(tmp_path, **{**good, **arrays}))


def test_any_direction_may_point_up(tmp_path):
    path = write(tmp_path, poses=upright(), mocap_framerate=60.0)
    tilted = read_amass(path, up=[0.0, -3.0, 4.0])
    axis = matrix_from_rotvec(tilted.poses[:, 0])[:, :, 1]
    np.testing.assert_allclose(axis[:, 2], 0.8, atol=1e-9)
    np.testing.assert_allclose(read_amass(path, up=[0, 0, 2]).poses, read_amass(path).poses)
    with pytest.raises(ValueError, match=r"up must be one of .* direction"):
        read_amass(path, up=[0, 0])
