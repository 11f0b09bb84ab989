"""The benchmark of BVH files: its list, its own kinematics, and what it counts as wrong."""

from __future__ import annotations

import re
import subprocess

import numpy as np
import pytest

from benchmarks import bvh_corpus
from benchmarks.bvh_corpus import NAMES, Plain, Row, content, corpus, errors, expected, measure
from m3n_sklearn.motion import read_bvh

from ..motion.test_bvh import bvh_text, clip


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "clip.bvh"
    path.write_text(bvh_text(*clip("humanik", frames=30)))
    return path


def test_every_file_has_names_and_an_axis_or_a_reason():
    files = list(corpus())
    assert len({(repository, path) for repository, *_, path in files}) == len(files) > 100
    for _, commit, names, up, path in files:
        assert re.fullmatch("[0-9a-f]{40}", commit) and path.endswith(".bvh")
        assert (names in NAMES and up in "yz") or (names == "-" and len(up) > 5)


def test_right_and_wrong_readings_are_told_apart(file):
    motion = read_bvh(file)
    wanted = expected(file.read_text(), "humanik", "y")
    angles, hips, facing = errors(motion, wanted)
    assert angles.max() < 1e-4 and hips < 1e-5 and facing < 1e-4
    poses = motion.poses.copy()
    poses[:, 18, 1] += 0.5  # the left elbow
    assert errors(motion.replace(poses=poses), wanted)[0].max() > 10
    swapped = {joint.replace("left", "LEFT"): path for joint, path in wanted.items()}
    swapped = {j.replace("right", "left").replace("LEFT", "right"): p for j, p in swapped.items()}
    assert errors(motion, swapped)[2] > 90


def test_random_frames_keep_the_motion(file):
    text = file.read_text()
    plain, tangled = Plain.of(text), Plain.of(Plain.of(text).tangled("0.0333333", 0))
    for name, path in plain.positions().items():
        np.testing.assert_allclose(tangled.positions()[name], path, atol=1e-5)


def test_silent_errors_are_counted(file, monkeypatch):
    row = Row("own")
    measure(row, file, "clip.bvh", "humanik", "y")
    assert (row.files, row.refused, row.silently_wrong) == (1, [], [])
    wrong = read_bvh(file).mirrored()
    monkeypatch.setattr(bvh_corpus, "read_bvh", lambda path: wrong)
    measure(row, file, "clip.bvh", "humanik", "y")
    assert len(row.silently_wrong) == 1 and row.line().split()[1:3] == ["2", "100.0"]


def test_files_come_from_the_commit(tmp_path, file):
    clone = tmp_path / "owner+name"
    run = ["git", "-C", str(clone), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", "init", "-q", str(clone)], check=True)
    (clone / "a.bvh").write_bytes(file.read_bytes())
    subprocess.run([*run, "add", "."], check=True)
    subprocess.run([*run, "commit", "-q", "-m", "a"], check=True)
    shown = subprocess.run([*run, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    (clone / "a.bvh").write_text("changed")
    commit = shown.stdout.strip()
    assert content(tmp_path, "owner/name", commit, "a.bvh") == file.read_bytes()
    assert content(tmp_path, "owner/name", commit, "b.bvh") is None
    assert content(tmp_path, "owner/other", commit, "a.bvh") is None
