"""Bad motions, joint positions and AMASS files are refused with words that help."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn import Motion
from m3n_sklearn.motion import motion_from_joints, read_amass

from ..refusals import MOTION, NAN, POSES, cases, refuses

JOINTS = np.random.default_rng(0).normal(size=(30, 20, 3))


@cases(
    (lambda: Motion([["a"] * 72] * 3, rate=30), ValueError, "poses", "real numbers"),
    (lambda: Motion(None, rate=30), ValueError, "poses", "NoneType"),
    (lambda: Motion([[1, 2], [1]], rate=30), ValueError, "poses cannot be read", "frames"),
    (lambda: Motion(POSES + 1j, rate=30), ValueError, "real numbers", "complex"),
    (lambda: Motion(POSES), ValueError, "rate=", "times=", "neither"),
    (lambda: Motion(POSES, "a", rate=30), ValueError, "trans", "str"),
    (lambda: Motion(POSES, rate=30, betas="male"), ValueError, "betas", "str"),
    (lambda: Motion(POSES, rate=30, stature="tall"), TypeError, "stature", "number of m"),
    (lambda: Motion(POSES, rate=30, text=3), TypeError, "text", "caption", "int"),
    (lambda: Motion(POSES, rate=30, subject=["anna"]), TypeError, "subject", "single value"),
    (lambda: Motion(POSES, rate=30, name=3), TypeError, "name must be a string"),
    (lambda: MOTION.slice("a", 1), TypeError, "seconds after the first frame"),
    (lambda: MOTION.resample("60"), TypeError, "rate must be a number"),
)
def test_motion(call, error, words):
    refuses(call, error, *words)


def test_one_frame_of_a_motion_is_a_motion():
    assert MOTION.slice(0, 0.01).resample(60.0).n_frames == 1


@cases(
    (lambda: motion_from_joints(JOINTS, None, rate=30), TypeError, "layout", "kinect20"),
    (lambda: motion_from_joints(JOINTS, {"head": "a"}, rate=30), TypeError, "layout", "columns"),
    (lambda: motion_from_joints(JOINTS, {"head": 0}, rate=30), ValueError, "layout lacks"),
    (lambda: motion_from_joints("a", rate=30), ValueError, "positions", "str"),
    (lambda: motion_from_joints(JOINTS * NAN, rate=30), ValueError, "never tracked"),
    (lambda: motion_from_joints(JOINTS, rate=30, noise="a"), TypeError, "noise", "meters"),
    (lambda: motion_from_joints(JOINTS, rate=30, max_gap=-1), ValueError, "max_gap", "seconds"),
)
def test_motion_from_joints(call, error, words):
    refuses(call, error, *words)


def amass_file(folder, **changes):
    upright = np.tile([np.pi / 2] + 71 * [0.0], (20, 1))
    arrays = {"poses": upright, "trans": np.zeros((20, 3)), "mocap_framerate": 60.0} | changes
    path = folder / "clip.npz"
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"poses": None}, ("no SMPL parameters", "'trans'")),
        ({"poses": np.array([None])}, ("clip.npz", "poses has shape (1,)")),
        ({"poses": np.full((20, 72), "a")}, ("poses", "real numbers")),
        ({"mocap_framerate": "fast"}, ("mocap_framerate",)),
    ],
)
def test_amass_files(tmp_path, changes, words):
    refuses(lambda: read_amass(amass_file(tmp_path, **changes)), ValueError, *words)


def test_damaged_and_foreign_archives(tmp_path):
    path = amass_file(tmp_path)
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[400] ^= 255
    for bad in (b"", b"hello", content[: len(content) // 2], bytes(flipped)):
        path.write_bytes(bad)
        refuses(lambda: read_amass(path), ValueError, "clip.npz cannot be read", "damaged")
    with path.open("wb") as bare:
        np.save(bare, np.zeros((5, 72)))
    refuses(lambda: read_amass(path), ValueError, "clip.npz", "an array of shape (5, 72)")
    refuses(lambda: read_amass(tmp_path / "none.npz"), FileNotFoundError, "No file at")
    refuses(lambda: read_amass(tmp_path), FileNotFoundError, "No file at")
    refuses(lambda: read_amass(None), TypeError, "NoneType")
