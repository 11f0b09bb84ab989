"""The numbers of a comparison, on signals whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn.simulation import compare_imu


def signal(count=400):
    t = np.arange(count) / 50.0
    return np.stack(
        [np.sin(3 * t), np.cos(5 * t), 9.8 + np.sin(t), t, t * t, np.sin(7 * t)], axis=1
    )


def test_equal_signals():
    result = compare_imu(signal(), signal())
    assert result.rmse.tolist() == [0.0, 0.0]
    assert np.allclose(result.correlation, 1.0) and result.correlation.shape == (6,)
    assert np.allclose(result.norm_correlation, 1.0)
    assert np.allclose(result.amplitude_ratio, 1.0)


def test_offset_and_sign():
    shifted = signal() + np.array([3.0, 0.0, 4.0, 0.0, 0.0, 0.0])
    result = compare_imu(shifted, signal())
    assert result.rmse[0] == pytest.approx(5.0) and result.rmse[1] == 0.0
    flipped = compare_imu(-signal(), signal())
    assert np.allclose(flipped.correlation, -1.0)
    assert np.allclose(flipped.norm_correlation, 1.0)


def test_bandwidth_removes_what_is_faster_from_both():
    fast = np.sin(2 * np.pi * 15 * np.arange(400) / 50.0)[:, None] * [1.0, 1, 1, 1, 1, 1]
    plain = compare_imu(signal() + fast, signal())
    equal = compare_imu(signal() + fast, signal(), rate=50.0, bandwidth=3.0)
    assert plain.rmse[0] > 1.0 and equal.rmse[0] < 0.15


def test_signals_that_do_not_vary_have_no_correlation():
    result = compare_imu(np.ones((10, 3)), np.ones((10, 3)))
    assert np.isnan(result.correlation).all()


@pytest.mark.parametrize(
    ("ours", "theirs", "params", "message"),
    [
        (np.zeros((5, 4)), np.zeros((5, 4)), {}, "simulated must have shape"),
        (np.zeros((5, 3)), np.zeros((6, 3)), {}, "equal shapes"),
        (np.zeros((5, 3)), np.full((5, 3), np.nan), {}, "measured has values"),
        (np.zeros((5, 3)), np.zeros((5, 3)), {"bandwidth": 3.0}, "needs rate="),
        (np.zeros((5, 3)), np.zeros((5, 3)), {"bandwidth": 30.0, "rate": 50.0}, "half the rate"),
    ],
)
def test_bad_input_is_named(ours, theirs, params, message):
    with pytest.raises(ValueError, match=message):
        compare_imu(ours, theirs, **params)
