"""A frame rate that is several times too high is noticed, a right one never is."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_sklearn.motion import Motion, read_amass, read_bvh, read_skeletal
from m3n_sklearn.motion._pace import LIMITS, warn_if_hasty
from m3n_sklearn.motion.procedural import get_activity, list_activities, perform


def warns(motion, factor=1.0):
    """Whether a motion that is declared to be `factor` times as fast raises a warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_if_hasty(motion.poses, motion.trans, motion.times / factor)
    return bool(caught)


def running(rate, seconds=4.0, cadence=2.8, bounce=0.04, swing=0.7, jitter=0.0, seed=0):
    """Somebody who runs: a bouncing pelvis and swinging limbs."""
    times = np.arange(int(seconds * rate)) / rate
    poses = np.zeros((len(times), 24, 3))
    poses[:, 0, 0] = np.pi / 2
    phase = np.pi * cadence * times
    poses[:, 1, 0], poses[:, 2, 0] = swing * np.sin(phase), -swing * np.sin(phase)
    poses[:, 16, 1], poses[:, 17, 1] = swing * np.sin(phase), swing * np.sin(phase)
    trans = np.stack([3 * times, 0 * times, 0.9 + bounce * np.sin(2 * phase)], axis=-1)
    rng = np.random.default_rng(seed)
    poses += rng.normal(0, np.deg2rad(jitter), poses.shape)
    return Motion(poses, trans, rate=rate)


@settings(max_examples=15)
@given(
    rate=st.sampled_from([15.0, 25.0, 30.0, 60.0, 120.0, 240.0]),
    cadence=st.floats(1.4, 3.0),
    jitter=st.sampled_from([0.0, 0.2, 1.0]),
)
def test_a_right_rate_is_never_doubted(rate, cadence, jitter):
    assert not warns(running(rate, cadence=cadence, jitter=jitter))


@settings(max_examples=15)
@given(rate=st.sampled_from([25.0, 30.0, 60.0, 120.0]), factor=st.floats(2.0, 4.0))
def test_running_is_noticed_at_twice_its_rate(rate, factor):
    assert warns(running(rate), factor)


def test_the_message_names_the_rate():
    poses, trans = running(60.0).poses, running(60.0).trans
    with pytest.warns(UserWarning, match=r"pelvis accelerates .* rate of 240 Hz too high"):
        Motion(poses, trans, rate=240.0)


def test_slow_and_short_clips_pass():
    slow = running(60.0)
    assert not warns(slow, 0.25)  # like slow motion
    assert not warns(slow.slice(0.0, 0.15), 4.0)
    still = Motion(np.zeros((100, 24, 3)), rate=30.0)
    assert not warns(still, 100.0)


def test_uneven_time_stamps():
    motion = running(60.0)
    kept = np.sort(np.random.default_rng(0).permutation(motion.n_frames)[:180])
    thinned = Motion(motion.poses[kept], motion.trans[kept], times=motion.times[kept])
    assert not warns(thinned) and warns(thinned, 3.0)


@pytest.mark.parametrize("name", list_activities())
def test_performed_activities_are_plausible(name):
    assert not warns(perform(get_activity(name), random_state=0))


def test_millimetres_are_not_called_a_wrong_rate():
    motion = running(60.0)
    with pytest.warns(UserWarning) as caught:
        Motion(motion.poses, 1000 * motion.trans, rate=60.0)
    assert len(caught) == 1 and "millimetres" in str(caught[0].message)
    assert set(LIMITS) == {
        "pelvis",
        *(f"{s}_{j}" for s in ("left", "right") for j in ("ankle", "wrist")),
    }


def test_real_motions(shared_data):
    cmu = read_skeletal(shared_data("cmu_mocap_subset") / "cmu_asfamc_28.npz")
    expmap = read_skeletal(shared_data("cmu_mocap_subset") / "cmu_expmap_96.npz")
    bandai = [
        read_bvh(path) for path in (shared_data("bandai_namco_motion") / "raw_bvh").glob("*.bvh")
    ]
    dance = read_amass(next(shared_data("smpl_sample_aist").glob("*.npz")), up="y")
    clips = [*cmu, *expmap, *bandai, dance]
    assert not any(map(warns, clips))
    running_clips = [c for c in clips if any(w in c.name for w in ("run", "dash", "jump"))]
    walking = [c for c in clips if "walk" in c.name]
    assert len(running_clips) > 10 and np.mean([warns(c, 2) for c in running_clips]) > 0.95
    assert len(walking) > 30 and np.mean([warns(c, 3) for c in walking]) > 0.9
    assert np.mean([warns(c, 4) for c in clips]) > 0.75
