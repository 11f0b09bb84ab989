from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.motion import Motion

FRAMES = 300
TRUE = np.arange(FRAMES) / 60


def poses(times):
    values = np.zeros((len(times), 24, 3))
    values[:, 0, 0] = np.pi / 2
    values[:, 18, 1] = 0.8 * np.sin(2 * np.pi * times)
    return values


def peak(motion):
    simulator = SMPLIMUSimulator(sites=["left_wrist"], rate=60.0)
    return np.linalg.norm(simulator.simulate(motion).data[:, :3], axis=1).max()


@pytest.mark.parametrize("digits", [2, 3])
def test_rounded_times_do_not_show_in_accelerations(digits):
    with pytest.warns(UserWarning, match=r"rounded to 0\.0.* even clock of 60 Hz"):
        motion = Motion(poses(TRUE), times=np.round(TRUE, digits))
    assert motion.is_uniform and motion.rate == pytest.approx(60, rel=1e-4)
    assert peak(motion) == pytest.approx(peak(Motion(poses(TRUE), rate=60.0)), rel=0.01)


@pytest.mark.parametrize("digits", [2, 3])
def test_dropped_frames_stay_dropped(digits):
    kept = np.delete(TRUE, [40, 41, 130, 131, 132, 250])
    with pytest.warns(UserWarning, match="rounded"):
        motion = Motion(poses(kept), times=np.round(kept, digits))
    np.testing.assert_allclose(np.diff(motion.times), np.diff(kept), atol=1e-4)


def test_jitter_of_a_host_clock_is_taken_out():
    stamps = TRUE + np.random.default_rng(0).normal(0, 0.002, FRAMES)
    with pytest.warns(UserWarning, match="jitter"):
        motion = Motion(poses(TRUE), times=stamps)
    np.testing.assert_allclose(np.diff(motion.times), 1 / 60, rtol=0.01)


GOOD = {
    "even": TRUE,
    "long frames": np.cumsum(np.where(np.arange(FRAMES) % 40 == 7, 0.045, 1 / 30)),
    "dropped frames": np.delete(TRUE, [40, 41, 130]),
    "uneven": np.cumsum(np.random.default_rng(1).uniform(0.01, 0.025, FRAMES)),
    "really uneven about an even clock": TRUE
    + np.random.default_rng(2).uniform(-4, 4, FRAMES) / 1e3,
    "few": np.array([0.0, 0.1, 0.25]),
}


@pytest.mark.parametrize("times", GOOD.values(), ids=GOOD.keys())
def test_good_times_stay_bit_for_bit(times, recwarn):
    motion = Motion(poses(times), times=times)
    np.testing.assert_array_equal(motion.times, times)
    np.testing.assert_array_equal(motion.replace(label="nod").times, times)
    assert not recwarn.list


def test_mended_times_are_good_times(recwarn):
    motion = Motion(poses(TRUE), times=np.round(TRUE, 2))
    assert len(recwarn.list) == 1
    np.testing.assert_array_equal(motion.replace(label="nod").times, motion.times)
    assert len(recwarn.list) == 1


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (TRUE * 1e3, "milliseconds"),
        (TRUE * 1e9, "nanoseconds"),
        (
            np.where(np.arange(FRAMES) == 100, TRUE[99], TRUE) - (np.arange(FRAMES) > 100) / 60,
            "duplicates",
        ),
        (np.where(np.arange(FRAMES) > 150, TRUE - 2, TRUE), "set back"),
    ],
)
def test_times_that_can_not_be_are_refused(times, message):
    with pytest.raises(ValueError, match=message):
        Motion(poses(TRUE), times=times)
