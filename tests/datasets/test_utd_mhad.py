from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from scipy.io import savemat

from m3n_sklearn.datasets import load_utd_mhad, utd_split
from m3n_sklearn.datasets._utd_mhad import ACTIONS
from m3n_sklearn.recording import STANDARD_GRAVITY, cut

# A standing person as Kinect v1 sees one: y up, facing the camera, in its 20 joints.
STANDING = np.array(
    [
        [0.0, 0.7, 2.5], [0.0, 0.5, 2.5], [0.0, 0.1, 2.5], [0.0, 0.0, 2.5],
        [-0.18, 0.45, 2.5], [-0.2, 0.17, 2.5], [-0.21, -0.08, 2.5], [-0.21, -0.15, 2.5],
        [0.18, 0.45, 2.5], [0.2, 0.17, 2.5], [0.21, -0.08, 2.5], [0.21, -0.15, 2.5],
        [-0.09, -0.05, 2.5], [-0.1, -0.47, 2.5], [-0.1, -0.87, 2.5], [-0.1, -0.92, 2.4],
        [0.09, -0.05, 2.5], [0.1, -0.47, 2.5], [0.1, -0.87, 2.5], [0.1, -0.92, 2.4],
    ]
)  # fmt: skip


def write_clip(root, name, n_imu=200, n_frames=76, imu=None, skeleton=None):
    for folder in ("Inertial", "Skeleton"):
        (root / folder).mkdir(exist_ok=True, parents=True)
    if imu is None:
        imu = np.tile([0.0, 1.0, 0.0, 0.0, 0.0, 90.0], (n_imu, 1))
    if skeleton is None:
        skeleton = np.repeat(STANDING[:, :, None], n_frames, axis=2)
    savemat(root / "Inertial" / f"{name}_inertial.mat", {"d_iner": imu})
    savemat(root / "Skeleton" / f"{name}_skeleton.mat", {"d_skel": skeleton})


@pytest.fixture
def root(tmp_path):
    for name, n_imu in (
        ("a1_s1_t1", 200),
        ("a1_s2_t1", 100),
        ("a3_s1_t2", 128),
        ("a22_s1_t1", 150),
    ):
        write_clip(tmp_path, name, n_imu, round(n_imu * 0.38))
    return tmp_path


def test_files_become_pairs_on_one_clock(root):
    data = load_utd_mhad(root)
    assert [m.name for m in data.motions] == [r.name for r in data.recordings]
    assert [m.name for m in data.motions] == ["a1_s1_t1", "a1_s2_t1", "a3_s1_t2"]
    for motion, recording in zip(data.motions, data.recordings, strict=True):
        assert motion.times[0] == 0.0
        assert motion.times[-1] == pytest.approx(recording.n_samples / 50.0)
        assert motion.text == recording.text and len(motion.text) >= 3
    X = cut(zip(data.motions, data.recordings, strict=True), seconds=1.0, pose_rate=30.0).X
    assert X.modalities == ("text", "pose", "imu")


def test_units_are_si(root):
    imu = load_utd_mhad(root).X["imu"]
    np.testing.assert_allclose(imu[0, :, 0], [0, STANDARD_GRAVITY, 0, 0, 0, np.pi / 2], rtol=1e-6)
    assert imu.dtype == np.float32


def test_windows_carry_people_classes_and_sessions(root):
    data = load_utd_mhad(root)
    assert data.y.tolist() == ["swipe_left"] * 3 + ["wave"]
    assert data.groups.tolist() == [1, 1, 2, 1]
    assert data.sessions.tolist() == ["s1", "s1", "s2", "s1"]
    assert data.sites.tolist() == ["right_wrist"] * 4
    assert data.X["padded"].tolist() == pytest.approx([0, 0, 0.56, 0])
    assert set(data.y) <= set(data.label_names) and list(data.label_names) == list(
        data.descriptions
    )
    assert "ICIP 2015" in data.DESCR and "License" in data.DESCR


def test_subjects_and_actions_are_chosen(root):
    assert set(load_utd_mhad(root, subjects=2).groups) == {2}
    assert set(load_utd_mhad(root, actions=["wave"]).y) == {"wave"}
    assert set(load_utd_mhad(root, actions=1).y) == {"swipe_left"}
    thigh = load_utd_mhad(root, actions="thigh")
    assert thigh.X.channels[0] == "right_thigh_acc_x"


def test_mixed_sites_are_not_named_after_one(root):
    data = load_utd_mhad(root, actions="all")
    assert data.X.channels == ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")
    assert data.sites.tolist() == ["right_wrist"] * 4 + ["right_thigh"]
    assert data.recordings[-1].channels[0] == "right_thigh_acc_x"


def test_skeletons_and_windows_are_optional(root):
    data = load_utd_mhad(root, skeletons=False)
    assert data.motions == [] and "pose" not in data.X
    data = load_utd_mhad(root, seconds=None)
    assert data.X is None and data.y is None and len(data.recordings) == 3


def test_every_action_has_captions_and_other_prompts():
    assert len(ACTIONS) == 27
    assert len({action.label for action in ACTIONS}) == 27
    captions = [caption for action in ACTIONS for caption in action.captions]
    prompts = [prompt for action in ACTIONS for prompt in action.prompts]
    assert len(set(captions)) == len(captions) and len(set(prompts)) == len(prompts)
    assert not set(captions) & set(prompts)
    assert all(len(a.captions) >= 3 and len(a.prompts) >= 2 for a in ACTIONS)


def test_splits_are_by_people():
    (fold,) = utd_split("cross_subject")
    assert fold["train"] == ("s1", "s3", "s5", "s7")
    assert len(utd_split("person_loo")) == 8
    with pytest.raises(ValueError, match="must be 'cross_subject' or 'person_loo'"):
        utd_split("random")


def test_missing_data_say_how_to_get_them(tmp_path, root):
    with pytest.raises(FileNotFoundError, match=r"does not exist.*utdallas"):
        load_utd_mhad(tmp_path / "nowhere")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.txt").touch()
    with pytest.raises(FileNotFoundError, match=r"expected Inertial.*which contains x\.txt"):
        load_utd_mhad(tmp_path / "other")
    with pytest.raises(FileNotFoundError, match=r"which is a file"):
        load_utd_mhad(tmp_path / "other" / "x.txt")
    (root / "Skeleton" / "a1_s1_t1_skeleton.mat").unlink()
    with pytest.raises(FileNotFoundError, match=r"expected the file .*a1_s1_t1_skeleton\.mat"):
        load_utd_mhad(root)
    with pytest.raises(FileNotFoundError, match=r"none of them of the chosen people \[7\]"):
        load_utd_mhad(root, subjects=7)


def test_unknown_people_and_actions_are_refused(root):
    with pytest.raises(ValueError, match="subjects must be among 1, 2"):
        load_utd_mhad(root, subjects=9)
    with pytest.raises(ValueError, match="actions must be among"):
        load_utd_mhad(root, actions=["juggle"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"imu": np.zeros((100, 3))}, r"d_iner must have shape \(T, 6\)"),
        ({"imu": np.full((100, 6), np.nan)}, "not finite"),
        ({"skeleton": np.zeros((25, 3, 40))}, r"d_skel must have shape \(20, 3, F\)"),
    ],
)
def test_wrong_content_is_refused(root, change, message):
    write_clip(root, "a1_s1_t1", **change)
    with pytest.raises(ValueError, match=message):
        load_utd_mhad(root)


def test_corrupt_files_are_named(root):
    path = root / "Inertial" / "a1_s1_t1_inertial.mat"
    path.write_bytes(b"not a mat file" * 20)
    with pytest.raises(ValueError, match=r"a1_s1_t1_inertial\.mat: it is not a MATLAB file"):
        load_utd_mhad(root)
    savemat(path, {"other": np.zeros(3)})
    with pytest.raises(ValueError, match="has no variable 'd_iner'"):
        load_utd_mhad(root)


@pytest.mark.slow
def test_the_real_set(shared_data):
    data = load_utd_mhad(shared_data("utd_mhad"), subjects=[1, 2], actions=["wave", "clap", 13])
    assert len(data.recordings) == 24
    assert set(data.X["clip"]) == {recording.name for recording in data.recordings}
    assert set(data.y) == {"wave", "clap", "boxing"}
    assert set(data.groups) == {1, 2}
    rates = [motion.rate for motion in data.motions]
    assert min(rates) > 15 and max(rates) < 21
    norm = np.median(np.linalg.norm(data.X["imu"][:, :3], axis=1))
    assert 8 < norm < 14


def nested(depth):
    """A MATLAB file whose variable is a cell in a cell in a cell ..."""
    inside = b""
    for level in range(depth):
        flags = struct.pack("<IIII", 6, 8, 1, 0)
        name = struct.pack("<II", 1, 0)
        if level == depth - 1:
            name = struct.pack("<II", 1, 6) + b"d_iner\0\0"
        inside = flags + struct.pack("<IIii", 5, 8, 1, 1) + name + inside
        inside = struct.pack("<II", 14, len(inside)) + inside
    return b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + inside


def zeros(count):
    """A MATLAB file whose matrix of zeros is compressed a thousandfold."""
    stream = io.BytesIO()
    savemat(stream, {"d_iner": np.zeros((count, 6))}, do_compression=True)
    return stream.getvalue()


@pytest.mark.parametrize("content", [nested(100_000), zeros(2**22)], ids=["nested", "zeros"])
def test_files_that_take_more_than_their_size(root, content):
    """Cells in cells would end the process, and zeros fill the memory."""
    path = root / "Inertial" / "a1_s1_t1_inertial.mat"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a1_s1_t1_inertial\.mat"):
        load_utd_mhad(root)


@pytest.mark.parametrize("compressed", [False, True])
def test_other_variables_do_not_matter(root, compressed):
    path = root / "Inertial" / "a1_s1_t1_inertial.mat"
    imu = np.random.default_rng(0).normal(size=(50, 6))
    content = {"cells": np.array([{"a": 1}, "b"], dtype=object), "d_iner": imu, "x": "text"}
    savemat(path, content, do_compression=compressed)
    data = load_utd_mhad(root, seconds=None, skeletons=False)
    np.testing.assert_allclose(data.recordings[0].data[:, 0], imu[:, 0] * STANDARD_GRAVITY)
    savemat(path, {"other": imu}, do_compression=compressed)
    with pytest.raises(
        ValueError, match=r"inertial\.mat: it has no variable 'd_iner', but \['other'\]"
    ):
        load_utd_mhad(root)
