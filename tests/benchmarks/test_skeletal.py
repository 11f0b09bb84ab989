"""The archives of the shared data: clips, labels, people, and real motion capture."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.skeletal import read_skeletal
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.motion import SMPL_JOINTS
from m3n_sklearn.skeleton import find_skeleton

from ..motion.dialects import DIALECTS
from ..motion.helpers import as_source, directions, smooth_poses

FRAMES = 12


def archive(**changes):
    """Three clips of CMU's skeleton, two people of different size."""
    poses = smooth_poses(0, FRAMES)
    poses[:, 0] *= 0.2  # upright
    source = as_source(poses, default_body(stature=1.0).rest_joints, DIALECTS["cmu asf"])
    arrays = {
        "joint_names": np.array(source["joint_names"]),
        "parents": source["parents"],
        "offsets_m": np.stack([1.6 * source["offsets"], 1.9 * source["offsets"]]),
        "offset_subjects": np.array([7, 8]),
        "subject": np.array([7, 8, 8]),
        "clip_ptr": np.array([0, 4, 9, FRAMES]),
        "root_pos": np.zeros((FRAMES, 3), np.float32),
        "local_quat_wxyz": source["local_quats"].astype(np.float32),
        "fps": np.array(60.0),
        "text": np.array(["a person walks", "a person runs", ""]),
        "clip_name": np.array(["a", "b", "c"]),
        "action": np.array(["walk", "run", "run"]),
        **changes,
    }
    return {key: value for key, value in arrays.items() if value is not None}


def write(folder, **changes):
    path = folder / "clips.npz"
    np.savez(path, **archive(**changes))
    return path


def test_clips_carry_what_the_archive_says(tmp_path):
    clips = read_skeletal(write(tmp_path))
    assert [clip.n_frames for clip in clips] == [4, 5, 3]
    assert [clip.text for clip in clips] == [("a person walks",), ("a person runs",), ()]
    assert [clip.label for clip in clips] == ["walk", "run", "run"]
    assert [clip.subject for clip in clips] == [7, 8, 8]
    assert [clip.name for clip in clips] == ["a", "b", "c"]
    assert [clip.rate for clip in clips] == [60.0] * 3
    np.testing.assert_allclose([clip.stature for clip in clips], [1.6, 1.9, 1.9], rtol=1e-5)


def test_columns_may_be_missing(tmp_path):
    path = write(
        tmp_path, clip_name=None, action=None, content=np.array(["old", "new", "new"]), text=None
    )
    clips = read_skeletal(path)
    assert [clip.label for clip in clips] == ["old", "new", "new"]
    assert clips[0].name == "clips/0" and clips[0].text == ()


def test_one_set_of_offsets_serves_all(tmp_path):
    offsets = archive()["offsets_m"][0]
    clips = read_skeletal(write(tmp_path, offsets_m=offsets, offset_subjects=None, subject=None))
    assert {round(clip.stature, 4) for clip in clips} == {1.6}
    assert clips[0].subject is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clip_ptr": np.array([0, 4, 9, 99])}, "clip_ptr ends at frame 99"),
        ({"root_pos": np.zeros((3, 3))}, "root_pos has 3 frames"),
        ({"offsets_m": 1000 * archive()["offsets_m"]}, "millimeters"),
        ({"joint_names": np.array([f"j{i}" for i in range(24)])}, "No human skeleton"),
    ],
)
def test_bad_archives_are_explained(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        read_skeletal(write(tmp_path, **changes))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "file", "clips", "frames"),
    [
        ("cmu_mocap_subset", "cmu_asfamc_28", 28, 38884),
        ("cmu_mocap_subset", "cmu_expmap_96", 96, 33911),
        ("cmu_mocap_subset", "cmu_bvh_dance_43", 43, 45308),
        ("bandai_namco_motion", "bandai_namco_motion", 594, 98589),
    ],
)
def test_real_motion_capture(shared_data, folder, file, clips, frames):
    path = shared_data(folder) / f"{file}.npz"
    began = time.perf_counter()
    motions = read_skeletal(path)
    assert time.perf_counter() - began < 120  # a few seconds on an idle core
    assert len(motions) == clips and sum(motion.n_frames for motion in motions) == frames
    assert all(motion.text for motion in motions)

    body, index = default_body(), SMPL_JOINTS.index
    up, wrong = [], []
    for clip in range(0, clips, max(1, clips // 12)):
        motion = motions[clip]
        posed = forward_kinematics(body.shaped(stature=motion.stature), motion.poses, motion.trans)
        up.append(posed.rotations[:, [0, index("spine3"), index("head")], 2, 1].mean(axis=0))
        positions, bones = source_bones(path, clip)
        cosine = np.sum(directions(posed.positions, bones) * directions(positions, bones), axis=-1)
        wrong.append(np.degrees(np.arccos(np.clip(np.median(cosine, axis=0), -1, 1))))
    assert np.max(wrong) < 0.1
    assert np.median(up, axis=0).min() > 0.8


def source_bones(path, clip):
    """Positions of the source's limbs by SMPL's names, by plain forward kinematics, z up."""
    with np.load(path) as data:
        names, parents = [str(n) for n in data["joint_names"]], data["parents"]
        frames = slice(*data["clip_ptr"][clip : clip + 2])
        offsets = data["offsets_m"]
        if offsets.ndim == 3:
            offsets = offsets[list(data["offset_subjects"]).index(data["subject"][clip])]
        quats = np.roll(data["local_quat_wxyz"][frames], -1, axis=-1)
        turned = Rotation.from_quat(quats.reshape(-1, 4)).as_matrix()
        turned = turned.reshape(*quats.shape[:2], 3, 3)
        placed = np.tile(data["root_pos"][frames][:, None].astype(float), (1, len(names), 1))
    for joint in range(1, len(names)):
        placed[:, joint] = placed[:, parents[joint]] + turned[:, parents[joint]] @ offsets[joint]
        turned[:, joint] = turned[:, parents[joint]] @ turned[:, joint]
    positions = np.zeros((len(placed), 24, 3))
    skeleton = find_skeleton(names, parents)
    for joint, source in skeleton.joints.items():
        x, y, z = np.moveaxis(placed[:, names.index(source)], -1, 0)
        positions[:, SMPL_JOINTS.index(joint)] = np.stack([x, -z, y], axis=-1)
    bones = [
        (f"{side}_{a}", f"{side}_{b}")
        for side in ("left", "right")
        for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
    ]
    return positions, bones
