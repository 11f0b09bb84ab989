"""Allan deviation: against its definition and against processes that have one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_sklearn.simulation import IMUNoise, SensorNoise, allan_deviation


def by_definition(values, size):
    """Half the mean square of differences between all neighboring means."""
    starts = range(len(values) - 2 * size + 1)
    steps = [values[s + size : s + 2 * size].mean() - values[s : s + size].mean() for s in starts]
    return np.sqrt(0.5 * np.mean(np.square(steps)))


@given(st.integers(0, 2**31), st.integers(6, 60), st.sampled_from([1.0, 50.0]))
@settings(max_examples=10)
def test_it_is_what_the_definition_says(seed, samples, rate):
    values = np.random.default_rng(seed).standard_normal(samples)
    taus, deviation, error = allan_deviation(values, rate)
    sizes = np.rint(taus * rate).astype(int)
    assert (np.diff(sizes) > 0).all() and sizes[0] == 1 and sizes[-1] == samples // 3
    assert np.allclose(deviation, [by_definition(values, size) for size in sizes], rtol=1e-10)
    assert np.allclose(error, 1 / np.sqrt(2 * (samples / sizes - 1)))


def test_constants_and_slopes():
    taus, deviation, _ = allan_deviation(np.full(100, 3.0), 10.0)
    assert deviation.max() < 1e-12
    slope = 0.5 * np.arange(1000) / 10.0
    taus, deviation, _ = allan_deviation(slope, 10.0)
    assert np.allclose(deviation, 0.5 * taus / np.sqrt(2), rtol=1e-9)


def test_channels_are_apart():
    values = np.random.default_rng(0).standard_normal((300, 2, 3))
    taus, deviation, _ = allan_deviation(values, 50.0, taus=[0.1, 1.0, 0.1])
    assert taus.tolist() == [0.1, 1.0] and deviation.shape == (2, 2, 3)
    alone = allan_deviation(values[:, 1, 2], 50.0, taus=[0.1, 1.0])
    assert np.allclose(deviation[:, 1, 2], alone.deviation, rtol=1e-12)


def test_gauss_markov_peaks_where_it_should():
    noise = IMUNoise(acc=SensorNoise(instability=1.0, correlation_time=1.0))
    data = noise.apply(np.zeros((400_000, 6)), 50.0, np.random.default_rng(0))[:, :3]
    _, deviation, _ = allan_deviation(data, 50.0, taus=[1.0, 1.89, 3.6])
    pooled = np.sqrt(np.mean(deviation**2, axis=1))
    assert pooled[1] == pytest.approx(0.617, rel=0.03)
    assert pooled[1] > max(pooled[0], pooled[2])


@pytest.mark.parametrize(
    ("data", "rate", "taus", "message"),
    [
        ([1.0], 50.0, None, "two or more readings"),
        ([1.0, np.nan], 50.0, None, "not finite"),
        (np.zeros(10), 10.0, [], "at least one averaging time"),
        (np.zeros(10), 0.0, None, "rate must be"),
        (np.zeros(10), 10.0, [0.01], "taus must lie between 0.1 s"),
        (np.zeros(10), 10.0, [0.6], "0.5 s"),
        (np.zeros(10), 10.0, [np.nan], "taus must lie"),
    ],
)
def test_bad_input_is_named(data, rate, taus, message):
    with pytest.raises(ValueError, match=message):
        allan_deviation(data, rate, taus)
