"""Sensor errors: nothing when off, the right size when on, never beyond the range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from m3n_sklearn.simulation import IMUNoise, SMPLIMUSimulator

from .clips import random_motion

SEEDS = st.integers(0, 2**31)


def rng(seed=0):
    return np.random.default_rng(seed)


@given(SEEDS)
def test_24_ideal_sensors_are_the_identity_bit_for_bit(seed):
    data = rng(seed).standard_normal((50, 6))
    data[0] = -0.0
    for noise in (IMUNoise(), IMUNoise.preset("ideal")):
        found = noise.apply(data, 50.0, rng())
        assert found.tobytes() == data.tobytes()
        assert found is not data


def test_24_ideal_preset_equals_no_noise():
    motion = random_motion(0)
    plain = SMPLIMUSimulator().simulate(motion).data
    for noise in ("ideal", IMUNoise()):
        assert SMPLIMUSimulator(noise=noise).simulate(motion).data.tobytes() == plain.tobytes()


def test_25_and_26_white_noise_has_its_density_at_any_rate():
    noise = IMUNoise(acc_density=0.02, gyro_density=0.001)
    for rate in (50.0, 200.0):
        data = noise.apply(np.zeros((100_000, 6)), rate, rng())
        assert data[:, :3].std() == pytest.approx(0.02 * np.sqrt(rate), rel=0.01)
        # Allan deviation at 1 s
        means = data[:, 3:].reshape(-1, int(rate), 3).mean(axis=1)
        allan = np.sqrt(0.5 * np.mean(np.diff(means, axis=0) ** 2))
        assert allan == pytest.approx(0.001, rel=0.08)


@given(SEEDS)
def test_28_additive_errors_do_not_depend_on_the_motion(seed):
    noise = IMUNoise(acc_density=0.01, gyro_density=0.001, acc_bias=0.3, gyro_bias=0.02)
    motions = [20 * rng(seed + i).standard_normal((40, 6)) for i in range(2)]
    errors = [noise.apply(x, 50.0, rng(seed), rng(seed + 1)) - x for x in motions]
    assert np.abs(errors[0] - errors[1]).max() < 1e-12


def test_29_axes_and_sensors_are_independent():
    noise = IMUNoise(acc_density=0.1, gyro_density=0.1)
    recording = SMPLIMUSimulator(noise=noise, random_state=0, rate=400.0).simulate(
        random_motion(1, seconds=10.0)
    )
    ideal = SMPLIMUSimulator(rate=400.0).simulate(random_motion(1, seconds=10.0))
    table = np.corrcoef((recording.data - ideal.data).T)
    assert np.abs(table - np.eye(12)).max() < 4.5 / np.sqrt(recording.n_samples)


@given(SEEDS, st.floats(0.5, 30.0), st.sampled_from([0.0, 0.37]), st.floats(0.0, 5.0))
def test_31_readings_saturate_monotonically_and_never_wrap(seed, limit, step, density):
    noise = IMUNoise(acc_range=limit, acc_resolution=step, acc_density=density)
    data = np.zeros((200, 6))
    data[:, 0] = np.linspace(-100, 100, 200)
    noisy = noise.apply(data, 50.0, rng(seed))
    assert np.abs(noisy[:, :3]).max() <= limit
    exact = IMUNoise(acc_range=limit, acc_resolution=step).apply(data, 50.0, rng(seed))
    assert (np.diff(exact[:, 0]) >= 0).all()
    assert np.array_equal(exact[:, 3:], data[:, 3:])


@given(SEEDS, st.floats(0.01, 1.0))
def test_32_readings_are_multiples_of_the_resolution(seed, step):
    data = 5 * rng(seed).standard_normal((4000, 6))
    found = IMUNoise(gyro_resolution=step).apply(data, 50.0, rng())[:, 3:]
    counts = found / step
    assert np.abs(counts - np.rint(counts)).max() < 1e-9
    error = found - data[:, 3:]
    assert np.abs(error).max() <= step / 2 + 1e-12
    assert error.std() == pytest.approx(step / np.sqrt(12), rel=0.05)


def test_switching_one_error_on_keeps_the_others():
    data = np.zeros((30, 6))
    bias = IMUNoise(acc_bias=1.0).apply(data, 50.0, rng(1), rng(2))
    both = IMUNoise(acc_bias=1.0, gyro_bias=0.5, acc_density=0.1).apply(data, 50.0, rng(1), rng(2))
    white = IMUNoise(acc_density=0.1).apply(data, 50.0, rng(1), rng(2))
    assert np.allclose(both[:, :3], bias[:, :3] + white[:, :3], atol=1e-15)


def test_scale_errors_are_relative():
    data = rng().standard_normal((100, 6))
    gain = IMUNoise(acc_scale=0.03, gyro_scale=0.1).apply(data, 50.0, rng()) / data
    assert np.ptp(gain, axis=0).max() < 1e-12
    assert 0.001 < np.abs(gain - 1).max() < 0.5


def test_noise_is_searchable_like_an_estimator():
    simulator = SMPLIMUSimulator(noise=IMUNoise(acc_bias=0.1))
    simulator.set_params(noise__acc_bias=0.2)
    assert clone(simulator).noise == IMUNoise(acc_bias=0.2)
    assert "acc_bias=0.2" in repr(simulator)


@pytest.mark.parametrize(
    ("noise", "error", "message"),
    [
        (IMUNoise(acc_density=-1.0), ValueError, "acc_density must be a magnitude"),
        (IMUNoise(gyro_range=0.0), ValueError, "gyro_range must be a magnitude"),
        (IMUNoise(acc_bias=np.nan), ValueError, "acc_bias must be a magnitude"),
        (IMUNoise(acc_bias="big"), TypeError, "acc_bias must be a number"),
    ],
)
def test_bad_parameters_are_named(noise, error, message):
    with pytest.raises(error, match=message):
        noise.apply(np.zeros((5, 6)), 50.0, rng())
    with pytest.raises(error, match=message):
        SMPLIMUSimulator(noise=noise).simulate(random_motion(0))


def test_bad_shape_is_named():
    with pytest.raises(ValueError, match=r"shape \(samples, 6\)"):
        IMUNoise().apply(np.zeros((5, 3)), 50.0, rng())
