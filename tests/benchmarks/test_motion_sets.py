"""Further motions for corpora: captions, licenses and which clips are left out."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from benchmarks.motion_sets import (
    CMU,
    EXERCISES,
    HARD,
    KNOWN,
    NEW_PEOPLE,
    UI_PRMD,
    check,
    dances_and_balls,
    exercises,
    more_sources,
    theme_sentences,
)
from benchmarks.positions import ICLONE
from benchmarks.simulation.tracks import positions
from m3n_sklearn.body import default_body
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.motion import SMPL_JOINTS
from m3n_sklearn.pretraining import CorpusSource
from m3n_sklearn.text import activity_sentences


def test_sources_are_read_when_they_are_used(tmp_path):
    sources = more_sources(tmp_path)  # there is no file
    assert [(s.name, s.license) for s in sources] == [
        ("ui_prmd_vicon", UI_PRMD),
        ("cmu_iclone", CMU),
    ]
    with pytest.raises(FileNotFoundError):
        list(sources[0])


def test_exercises_have_several_captions_of_their_own():
    texts = [text for sentences in EXERCISES.values() for text in sentences]
    assert len(EXERCISES) == 10 and len(set(texts)) == len(texts)
    assert all(len(sentences) >= 4 for sentences in EXERCISES.values())
    assert not any(word in text.split() for text in texts for word in ("left", "right"))


@pytest.mark.parametrize(
    ("label", "activity"),
    [("deep squat", "squats"), ("inline lunge", "lunges"), ("sit to stand", "sit to stand")],
)
def test_known_activities_share_their_first_caption(label, activity):
    assert EXERCISES[label][0] == activity_sentences(activity)[0]


def test_theme_of_cmu_descriptions():
    assert theme_sentences("dance - small jetes, pirouette") == activity_sentences("dancing")
    assert theme_sentences("basketball - forward dribble") == activity_sentences("dribbling")
    assert theme_sentences("basketball - dribble, shoot") == activity_sentences("basketball")
    assert theme_sentences("slow walk") == activity_sentences("slow walk")


def archive(path):
    """Write standing bodies of four trials, in the form of the shared archive."""
    joints = list(ICLONE)
    rest = default_body(stature=1.88).rest_joints
    hand = {f"{side}_hand": SMPL_JOINTS.index(f"{side}_hand") for side in ("left", "right")}
    index = {**{joint: SMPL_JOINTS.index(joint) for joint in joints}, **hand}
    points = rest[[index[joint] for joint in joints]]
    relative = np.round((points - points[0]) * 1e4).astype(np.int16)
    np.savez(
        path,
        clip_ptr=np.arange(5) * 20,
        fps=60.0,
        joint_names=np.array([ICLONE[joint] for joint in joints]),
        root_pos=np.tile(points[0], (80, 1)).astype(np.float32),
        rel_dmm=np.tile(relative, (80, 1, 1)),
        subject=np.array([2, 6, 6, 7]),
        trial=np.array([1, 1, 9, 4]),
        text=np.array(["walk", "walk", "basketball - sideways dribble", "slow walk"]),
        label=np.array(["walk", "walk", "basketball - sideways dribble", "slow walk"]),
    )


def test_only_new_trials_are_used(tmp_path):
    archive(tmp_path / "clips.npz")
    found = list(dances_and_balls(tmp_path / "clips.npz"))
    assert [motion.name for motion in found] == ["06_09", "07_04"]  # 06_01 is in another source
    assert found[0].text[0] == "basketball - sideways dribble"
    assert found[0].text[1:] == activity_sentences("dribbling")
    assert found[0].stature == pytest.approx(1.75, abs=0.02)


def test_check_reports_readings():
    source = CorpusSource("waves", "BSD", make_motions(1, 1, ["wave"], random_state=0))
    name, windows, captions, median, peak, turn = check(source, 2).split()
    assert name == "waves" and int(windows) == 2 and int(captions) >= 1
    assert 9 < float(median) < 12 and float(peak) < 157 and float(turn) > 10


@pytest.mark.slow
def test_real_sets(shared_data):
    prmd = shared_data("ui_prmd_vicon") / "ui_prmd_vicon_100hz.npz"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # knees of lunges
        found = list(exercises(prmd))
    assert len(found) == len(positions(prmd)["clips"]) - 18  # clips with a lost marker
    assert {motion.text for motion in found} == set(EXERCISES.values())
    clips = list(dances_and_balls(shared_data("cmu_iclone") / "cmu_iclone_60fps.npz"))
    assert len(clips) == 46 - len(KNOWN) - len(HARD)
    assert {motion.subject for motion in clips} == set(NEW_PEOPLE)
