"""What scikit-learn asks of estimators, and what is said about bad input."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from m3n_sklearn import Motion, Windows, cut
from m3n_sklearn.body import default_body, site_kinematics
from m3n_sklearn.simulation import (
    IMUNoise,
    Randomization,
    SensorNoise,
    SMPLIMUSimulator,
    fit_trajectory,
    rigid_body_imu,
)

from .clips import UPRIGHT, random_motion
from .laws import Law, checks
from .scenes import SEEDS, fewer, scenes

NOISY = IMUNoise(
    acc=SensorNoise(density=0.01, bias=0.2), gyro=SensorNoise(density=0.001, bias=0.02)
)
VARIED = Randomization(mount_angle=0.3, site_jitter=0.01)


@pytest.mark.slow
@checks(Law.CLONES)
@fewer
@given(scenes(), st.sampled_from([None, NOISY]), st.sampled_from([None, VARIED]))
def test_clones_and_pickles(scene, noise, randomize):
    first = scene.simulator(noise=noise, randomize=randomize, random_state=scene.seed)
    before = first.get_params()
    expected = first.simulate(scene.motion).data
    assert first.get_params() == before
    for other in (clone(first), pickle.loads(pickle.dumps(first)), first):
        assert other.get_params().keys() == before.keys()
        assert other.simulate(scene.motion).data.tobytes() == expected.tobytes()


@pytest.mark.slow
@checks(Law.INPUTS)
@fewer
@given(SEEDS)
def test_inputs_are_left_alone(seed):
    motion = random_motion(seed, name="clip")
    X = cut([motion], seconds=0.5, margin=0.2)[0]
    poses, trans = motion.poses.tobytes(), motion.trans.tobytes()
    columns = {name: X[name].copy() for name in X.columns}
    for array in columns.values():
        array.flags.writeable = False
    frozen = Windows(rate=dict(X.rates), margin=X.margin, **columns)
    simulator = SMPLIMUSimulator(noise=NOISY, randomize=VARIED, random_state=0)
    simulator.simulate(motion)
    found = simulator.fit_transform(frozen)["imu"]
    assert found.tobytes() == simulator.transform(X)["imu"].tobytes()
    assert (motion.poses.tobytes(), motion.trans.tobytes()) == (poses, trans)
    for name, array in columns.items():
        assert frozen[name].tobytes() == X[name].tobytes() == array.tobytes()


def spoiled(values, seed, bad):
    """A copy with one value that is no number."""
    values = np.array(values, dtype=float)
    values.flat[np.random.default_rng(seed).integers(values.size)] = bad
    return values


@checks(Law.NOT_FINITE)
@fewer
@given(SEEDS, st.sampled_from([np.nan, np.inf, -np.inf]))
def test_nan_is_refused(seed, bad):
    frames, rest = 40, np.zeros((40, 3))
    poses, unit = np.zeros((frames, 24, 3)), np.tile([1.0, 0, 0, 0], (frames, 24, 1))
    calls = [
        lambda: Motion(spoiled(poses, seed, bad), rate=30.0),
        lambda: Motion(poses, spoiled(rest, seed, bad), rate=30.0),
        lambda: rigid_body_imu(spoiled(rest, seed, bad), unit[:, 0], rate=30.0),
        lambda: rigid_body_imu(rest, spoiled(unit[:, 0], seed, bad), rate=30.0),
        lambda: fit_trajectory(np.arange(frames), spoiled(unit, seed, bad), rest),
        lambda: fit_trajectory(np.arange(frames), unit, spoiled(rest, seed, bad)),
        lambda: site_kinematics(
            default_body(), "head", unit, spoiled(poses, seed, bad), poses, *[rest] * 3
        ),
        lambda: SMPLIMUSimulator().transform(
            Windows(pose=spoiled(poses[None], seed, bad), rate=30.0)
        ),
        lambda: SMPLIMUSimulator().transform(
            Windows(pose=poses[None], trans=spoiled(rest[None], seed, bad), rate=30.0)
        ),
        lambda: IMUNoise().transform(spoiled(np.zeros((2, 6, 30)), seed, bad)),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"(?i)finite|nan|infinit"):
            call()


@checks(Law.WRONG_RATE)
@fewer
@given(SEEDS, st.sampled_from([25.0, 30.0, 60.0, 120.0]), st.floats(2.0, 10.0))
def test_wrong_rates_are_noticed(seed, rate, factor):
    rng = np.random.default_rng(seed)
    times = np.arange(round(4 * rate))[:, None] / rate
    stride = np.pi * rng.uniform(2.6, 3.0) * times
    poses = np.zeros((len(times), 24, 3))
    poses[:, 0] = UPRIGHT
    swing = rng.uniform(0.6, 0.8) * np.sin(stride[:, 0])
    poses[:, 1, 0], poses[:, 2, 0], poses[:, 16, 1], poses[:, 17, 1] = swing, -swing, swing, swing
    trans = np.hstack([0 * times, 3 * times, 0.04 * np.sin(2 * stride)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SMPLIMUSimulator().simulate(Motion(poses, trans, rate=rate))
    with pytest.warns(UserWarning, match="frame rate|must be in m"):
        SMPLIMUSimulator().simulate(Motion(poses, trans, rate=factor * rate))
