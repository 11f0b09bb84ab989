"""One door: every format is recognized by its content, whatever the file is called."""

from __future__ import annotations

import json
import re
import warnings

import numpy as np
import pytest

from m3n_sklearn import read_motion
from m3n_sklearn.motion import (
    SMPL_JOINTS,
    Motion,
    read_bvh,
    read_c3d,
    read_joints,
    read_mvnx,
    read_smpl,
    read_trc,
)
from m3n_sklearn.motion._mediapipe import standing_landmarks

from .reference import BODY, CAMERA, RATE, REFERENCE, Y_UP, assert_same, points, positions
from .test_joint_sets import COCO, ORDERS, seen_as
from .writers import (
    write_amc,
    write_c3d_of,
    write_csv,
    write_deeplabcut,
    write_mvnx,
    write_sam,
    write_trc,
)

HEADS = {
    "a.mp4": b"\x00\x00\x00\x18ftypmp42",
    "b.avi": b"RIFF\x00\x00\x00\x00AVI LIST",
    "c.mkv": b"\x1a\x45\xdf\xa3....",
    "d.npz": b"\x00\x00\x00\x18ftypmp42",
    "e.mov": b"moov....",
}


@pytest.fixture(autouse=True)
def _silent():
    """Nothing is said about a file that is right."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def write_bvh(path):
    """Names of SMPL's joints in Autodesk's words; y up, in cm."""
    words = dict(
        zip(
            "hip knee ankle foot collar shoulder elbow wrist".split(),  # noqa: SIM905
            "UpLeg Leg Foot ToeBase Shoulder Arm ForeArm Hand".split(),  # noqa: SIM905
            strict=True,
        )
    )
    names = {"pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2"}
    names |= {"neck": "Neck", "head": "Head"}
    for joint in SMPL_JOINTS:
        side, _, part = joint.partition("_")
        if part in words:
            names[joint] = f"{side.capitalize()}{words[part]}"
    from scipy.spatial.transform import Rotation

    order, lines = [], ["HIERARCHY"]

    def put(joint, depth):
        order.append(joint)
        k, parent = SMPL_JOINTS.index(joint), BODY.parents[SMPL_JOINTS.index(joint)]
        offset = 100 * (BODY.rest_joints[k] - (BODY.rest_joints[parent] if depth else 0))
        lines.append(f"{'JOINT' if depth else 'ROOT'} {names[joint]} {{")
        lines.append("OFFSET " + " ".join(f"{x:.6f}" for x in offset))
        place = "" if depth else "Xposition Yposition Zposition "
        lines.append(f"CHANNELS {3 if depth else 6} {place}Zrotation Xrotation Yrotation")
        children = [c for c in names if BODY.parents[SMPL_JOINTS.index(c)] == k and c != joint]
        for child in children:
            put(child, depth + 1)
        if not children:
            lines.extend(["End Site", "{", "OFFSET 0 1 0", "}"])
        lines.append("}")

    put("pelvis", 0)
    turned = REFERENCE.poses.copy()
    root = Rotation.from_matrix(Y_UP) * Rotation.from_rotvec(turned[:, 0].copy())
    turned[:, 0] = root.as_rotvec()
    place = 100 * (REFERENCE.trans + BODY.rest_joints[0]) @ Y_UP.T
    lines += ["MOTION", f"Frames: {len(turned)}", f"Frame Time: {1 / RATE:.6f}"]
    angles = {
        joint: Rotation.from_rotvec(turned[:, SMPL_JOINTS.index(joint)].copy()).as_euler(
            "ZXY", degrees=True
        )
        for joint in order
    }
    for k, where in enumerate(place):
        row = [*where, *(x for joint in order for x in angles[joint][k])]
        lines.append(" ".join(f"{x:.6f}" for x in row))
    path.write_text("\n".join(lines) + "\n")
    return path


def write_smpl(path):
    np.savez(path, poses=REFERENCE.poses.reshape(-1, 72), trans=REFERENCE.trans, fps=RATE)
    return path


def write_mediapipe(path):
    seen = points()
    order = ORDERS["mediapipe33"].split()
    marks = np.stack([seen.get(name, seen["nose"]) for name in order], axis=1) @ CAMERA.T
    marks -= (marks[:, 23:24] + marks[:, 24:25]) / 2
    frames = [[dict(zip("xyz", mark, strict=True)) for mark in frame] for frame in marks.tolist()]
    path.write_text(json.dumps([{"worldLandmarks": [frame]} for frame in frames]))
    return path


def write_npy(path):
    np.save(path, positions()[:, :22] @ Y_UP.T)
    return path


def write_pickle(path):
    import pickle

    path.write_bytes(pickle.dumps({"joints3d": seen_as(COCO), "joint_names": COCO.split()}))
    return path


def write_sam3d(path):
    world = seen_as(ORDERS["mhr70"]) @ CAMERA.T + [0.0, 1.0, 3.0]
    return write_sam(path, world, world.mean(axis=1))


# writer, ending, source, options that the format needs
FORMATS = {
    "bvh": (write_bvh, ".bvh", "bvh", {}),
    "smpl": (write_smpl, ".npz", "smpl", {}),
    "trc": (write_trc, ".trc", "trc", {}),
    "c3d": (lambda path: write_c3d_of(path, 84, False), ".c3d", "c3d", {}),
    "mvnx": (write_mvnx, ".mvnx", "xsens", {}),
    "amc": (write_amc, ".amc", "asf_amc", {"rate": RATE}),
    "mediapipe": (write_mediapipe, ".json", "mediapipe", {"rate": RATE}),
    "sam": (write_sam3d, ".json", "mhr70", {"rate": RATE}),
    "npy": (write_npy, ".npy", "smpl22", {"rate": RATE}),
    "pickle": (write_pickle, ".pkl", "joints", {"rate": RATE}),
    "csv": (write_csv, ".csv", "joints", {}),
    "deeplabcut": (write_deeplabcut, ".csv", "joints", {"rate": RATE}),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_motion(tmp_path, kind):
    """The limbs of the reference, and the same readings at both wrists."""
    write, ending, source, options = FORMATS[kind]
    found = read_motion(write(tmp_path / f"walk{ending}"), text="walks", label=2, **options)
    assert isinstance(found, list) and len(found) == 1
    (motion,) = found
    plain = motion.replace(trans=REFERENCE.trans) if kind == "mediapipe" else motion
    assert_same(plain)
    assert (motion.name, motion.text, motion.label) == ("walk", ("walks",), 2)
    assert motion.source == source or kind == "smpl"
    assert motion.rate == pytest.approx(RATE)


@pytest.mark.parametrize("kind", ["bvh", "smpl", "trc", "c3d", "mvnx", "amc"])
@pytest.mark.parametrize("ending", ["", ".txt", ".dat"])
def test_the_content_decides_not_the_ending(tmp_path, kind, ending):
    write, right, source, options = FORMATS[kind]
    file = write(tmp_path / f"walk{right}")
    other = file.rename(tmp_path / f"walk{ending}")
    (motion,) = read_motion(other, **options)
    assert_same(motion)
    assert motion.source == source or kind == "smpl"


def test_a_source_is_kept(tmp_path):
    assert read_motion(write_trc(tmp_path / "a.trc"), source="mocap/a")[0].source == "mocap/a"


def test_options_that_a_reader_does_not_take(tmp_path):
    file = write_mvnx(tmp_path / "a.mvnx")
    with pytest.raises(TypeError, match=r"a.mvnx is read by read_mvnx, which does not take layout"):
        read_motion(file, layout="coco17")
    with pytest.raises(ValueError, match=r"rate= in frames per second .CMU: 120"):
        read_motion(write_amc(tmp_path / "a.amc"))
    with pytest.raises(ValueError, match="rate"):
        read_motion(file, rate=-1.0)


# ---- files that are not motions


@pytest.mark.parametrize("name", HEADS)
def test_videos_are_refused(tmp_path, name):
    (tmp_path / name).write_bytes(HEADS[name] + bytes(100))
    with pytest.raises(
        ValueError, match=f"{name}: this is a video. Videos have a door of their own"
    ):
        read_motion(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.bvh", b"", "the file is empty"),
        ("a.fbx", b"Kaydara FBX Binary  \x00", "a 3-D scene.*export BVH"),
        ("a.glb", b"glTF\x02\x00", "a 3-D scene"),
        ("a.png", b"\x89PNG\r\n", "an image"),
        ("a.mat", b"MATLAB 5.0 MAT-file", "scipy.io.loadmat"),
        ("a.h5", b"\x89HDF\r\n", "h5py"),
        ("a.txt", b"Dear reader,\n", "its format is not known; it begins with 'Dear reader,'"),
        ("a.asf", b"# AST\n:version 1.10\n:root\n", "skeleton of AMC files"),
        ("a.bin", bytes(500), "cannot be read"),
        ("a.json", b'{"a": 1}', "'a' is not joint positions"),
        ("a.json", b"{", "cannot be read as a motion"),
        ("a.json", b"[]", "its list is empty"),
        ("a.json", b"{}", "it has nothing"),
        ("a.xml", b"<xml></xml>", "format is not known"),
    ],
)
def test_other_files_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}.*{message}"):
        read_motion(tmp_path / name, **({} if name == "a.amc" else {"rate": 30.0}))


STAND_INS = {
    b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 9\n": "git lfs pull",
    b"/annex/objects/MD5E-s9--4d.npz\n": "git-annex",
    b"\n<!DOCTYPE html>\n<html><head>": "a web page",
    b"\xef\xbb\xbf<HTML lang='en'>": "a web page",
    b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>": "error message of a server",
}


@pytest.mark.parametrize("content", STAND_INS)
@pytest.mark.parametrize(
    "reader", [read_motion, read_bvh, read_trc, read_c3d, read_mvnx, read_joints, read_smpl]
)
def test_what_stands_in_place_of_a_file_is_named(tmp_path, reader, content):
    for ending in ("npz", "csv", "bvh"):
        file = tmp_path / f"walk.{ending}"
        file.write_bytes(content)
        with pytest.raises(ValueError, match=f"walk.{ending}: this is .*{STAND_INS[content]}"):
            reader(file)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (None, "got None"),
        (3, "got 3"),
        (["a.bvh", "b.bvh"], r"got list.*for motion in read_motion\(file\)"),
        ({"poses": 1}, "got dict. Pass SMPL parameters to read_smpl"),
        (np.zeros((9, 22, 3)), "got ndarray. Pass positions to motion_from_joints"),
    ],
)
def test_what_is_not_a_path_is_named(path, words):
    with pytest.raises(TypeError, match=f"path must be the path of a file or of a folder, {words}"):
        read_motion(path)


@pytest.mark.parametrize("kind", ["bvh", "trc", "joints table", "mvnx", "mediapipe csv"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_text_in_two_bytes_a_letter(tmp_path, kind, encoding):
    if kind == "mediapipe csv":
        np.savetxt(
            tmp_path / "a.csv", np.tile(standing_landmarks(1.8).ravel(), (60, 1)), delimiter=","
        )
        file, options = tmp_path / "a.csv", {"rate": 30.0}
    else:
        write = {"bvh": write_bvh, "trc": write_trc, "mvnx": write_mvnx}.get(kind, write_csv)
        file, options = write(tmp_path / f"a.{'csv' if write is write_csv else kind}"), {}
    text = file.read_text().replace('encoding="UTF-8"', 'encoding="UTF-16"')
    (expected,) = read_motion(file, **options)
    file.write_bytes(text.encode(encoding))
    (motion,) = read_motion(file, **options)
    np.testing.assert_array_equal(motion.poses, expected.poses)


def test_a_decimal_comma_in_the_rate_of_mvnx(tmp_path):
    file = write_mvnx(tmp_path / "a.mvnx")
    text = file.read_text()
    rate = re.search(r'frameRate="([^"]*)"', text)[1]
    file.write_text(
        text.replace(f'frameRate="{rate}"', f'frameRate="{float(rate):.1f}"'.replace(".", ","))
    )
    assert read_mvnx(file).rate == float(rate)


def test_there_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        read_motion(tmp_path / "absent.bvh")


def test_rotations_without_a_name_are_not_read_as_positions(tmp_path):
    np.save(tmp_path / "a.npy", REFERENCE.poses.reshape(-1, 72))
    with pytest.raises(ValueError, match=r"a.npy: .*\(100, 72\).*read_smpl\(\{'poses'"):
        read_motion(tmp_path / "a.npy", rate=RATE)
    np.save(tmp_path / "b.npy", positions())
    assert_same(read_motion(tmp_path / "b.npy", rate=RATE)[0])


# ---- folders


def test_folders_are_read_in_order(tmp_path):
    (tmp_path / "b" / "deep").mkdir(parents=True)
    write_trc(tmp_path / "b" / "deep" / "z.trc")
    write_trc(tmp_path / "b" / "a.trc")
    write_smpl(tmp_path / "c.npz")
    write_csv(tmp_path / "a.csv")
    (tmp_path / "README.md").write_text("Notes about 1, 2, 3 things.")
    (tmp_path / ".hidden.trc").write_text("broken")
    motions = read_motion(tmp_path, subject="Anna")
    assert [m.name for m in motions] == ["a", "b/a", "b/deep/z", "c"]
    assert {m.subject for m in motions} == {"Anna"}
    for motion in motions:
        assert_same(motion)


def test_files_of_a_folder_that_cannot_be_read(tmp_path):
    write_trc(tmp_path / "good.trc")
    write_trc(tmp_path / "other.trc", ["A", "B"], np.ones((9, 2, 3)))
    (tmp_path / "bad.bvh").write_text("HIERARCHY\nROOT")
    (tmp_path / "clip.mp4").write_bytes(HEADS["a.mp4"])
    with pytest.warns(UserWarning) as said:
        motions = read_motion(tmp_path)
    assert [m.name for m in motions] == ["good"] and len(said) == 1
    text = str(said[0].message)
    assert text.startswith(f"3 file(s) in {tmp_path} were not read: bad.bvh (")
    assert "clip.mp4 (this is a video." in text and "other.trc (layout lacks left_hip" in text
    (tmp_path / "good.trc").unlink()
    with pytest.raises(ValueError, match=r"No file in .* can be read: bad.bvh \("):
        read_motion(tmp_path)


def test_warnings_of_a_folder_name_the_files(tmp_path):
    for name in "ab":
        write_trc(
            tmp_path / f"{name}.trc", given=seen_as(COCO)[:, :17] @ Y_UP.T * 0.7, names=COCO.split()
        )
    with pytest.warns(UserWarning) as said:
        assert len(read_motion(tmp_path)) == 2
    (one,) = said
    assert str(one.message).startswith("a.trc and 1 more: The limbs belong to a person 1.2")
    assert one.filename == __file__


def test_a_single_frame(tmp_path):
    (motion,) = read_motion(
        write_trc(tmp_path / "a.trc", given=seen_as(COCO)[:1] @ Y_UP.T, names=COCO.split())
    )
    assert (motion.n_frames, motion.rate, motion.source) == (1, RATE, "trc")


def test_empty_folders_and_names(tmp_path):
    with pytest.raises(ValueError, match=r"The folder .* has no files"):
        read_motion(tmp_path)
    (tmp_path / "notes.md").write_text("Nothing moves.")
    with pytest.raises(ValueError, match=r"No file in .* is a motion. It has notes.md. Known are"):
        read_motion(tmp_path)
    write_trc(tmp_path / "a.trc")
    with pytest.raises(TypeError, match="give it for a file, not for a folder"):
        read_motion(tmp_path, name="a")
    with pytest.raises(TypeError, match=r"a.trc is read by read_trc, which does not take person"):
        read_motion(tmp_path, person=1)


def test_landmarks_of_somebody_who_stands(tmp_path):
    np.save(tmp_path / "a.npy", np.tile(standing_landmarks(1.8), (60, 1, 1)))
    (motion,) = read_motion(tmp_path / "a.npy", rate=30.0)
    assert isinstance(motion, Motion) and motion.source == "mediapipe"
