"""The numbers of a comparison, on signals whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn import Recording
from m3n_sklearn.recording import channel_names
from m3n_sklearn.simulation import compare_imu


def signal(count=400):
    t = np.arange(count) / 50.0
    return np.stack(
        [np.sin(3 * t), np.cos(5 * t), 9.8 + np.sin(t), t, t * t, np.sin(7 * t)], axis=1
    )


def swing(t):
    """Three triads of a few tones below 5 Hz."""
    tones = np.array([1.1, 2.3, 3.7, 0.7, 4.3, 2.9, 1.9, 3.1, 4.7])
    phases = np.arange(9.0)
    waves = np.sin(2 * np.pi * tones * t[:, None] + phases) + 0.5 * np.cos(7.1 * t[:, None])
    return waves + np.tile([0.0, 3.0, 9.8], 3)


def noise(count, channels=3, seed=0):
    return np.random.default_rng(seed).normal(size=(count, channels))


def recording(data, sites="wrist", **params):
    return Recording(data, 50.0, channel_names(sites), **params)


def test_equal_signals():
    result = compare_imu(signal(), signal())
    assert result.rmse.tolist() == [0.0, 0.0] and result.nrmse.tolist() == [0.0, 0.0]
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


def test_the_mean_of_the_measurement_has_an_nrmse_of_one():
    measured = signal()
    constant = np.broadcast_to(measured.mean(axis=0), measured.shape)
    assert compare_imu(constant, measured).nrmse == pytest.approx([1.0, 1.0])


def test_bandwidth_removes_what_is_faster_from_both():
    fast = np.sin(2 * np.pi * 15 * np.arange(400) / 50.0)[:, None] * [1.0, 1, 1, 1, 1, 1]
    plain = compare_imu(signal() + fast, signal())
    equal = compare_imu(signal() + fast, signal(), rate=50.0, bandwidth=3.0)
    assert plain.rmse[0] > 1.0 and equal.rmse[0] < 0.15
    assert equal.frequencies[-1] <= 3.0


def test_signals_that_do_not_vary_have_no_correlation():
    result = compare_imu(np.ones((100, 3)), np.ones((100, 3)), rate=50.0)
    assert np.isnan(result.correlation).all() and np.isnan(result.lag).all()
    assert np.isnan(result.nrmse).all() and np.isnan(result.mean_coherence).all()


@given(st.floats(-0.4, 0.4), st.sampled_from([25.0, 50.0, 104.0]))
def test_the_lag_is_found_between_the_samples(delay, rate):
    t = np.arange(int(12 * rate)) / rate
    result = compare_imu(swing(t - delay), swing(t), rate=rate)
    assert result.lag == pytest.approx(np.full(3, delay), abs=1e-3)


def test_a_late_simulation_has_a_positive_lag():
    data = noise(600)
    assert compare_imu(data[:500], data[7:507], rate=50.0).lag == pytest.approx([7 / 50.0])


def test_no_lag_is_named_when_none_fits():
    ramp = np.arange(300.0)[:, None] * np.ones(3)
    assert np.isnan(compare_imu(ramp, -ramp + 1000, rate=50.0).lag).all()


def test_coherence_is_the_share_that_a_filter_explains():
    data = noise(40_000)
    filtered = np.apply_along_axis(np.convolve, 0, data, [0.5, 0.3, 0.2], mode="same")
    half = compare_imu(data, filtered + noise(40_000, seed=1) * filtered.std(), rate=50.0)
    all_of_it = compare_imu(data, filtered, rate=50.0)
    nothing = compare_imu(data, noise(40_000, seed=2), rate=50.0)
    assert all_of_it.mean_coherence == pytest.approx(np.ones(3), abs=0.01)
    # weighted by power it is the share of the variance
    assert half.mean_coherence == pytest.approx(np.full(3, 0.5), abs=0.02)
    assert np.all(nothing.mean_coherence < 0.02)
    assert half.coherence.shape == (len(half.frequencies), 3)
    assert half.frequencies[[0, -1]].tolist() == [0.0, 25.0]


def test_spectra_have_the_power_of_the_signals():
    result = compare_imu(2.0 * noise(20_000, 6), noise(20_000, 6), rate=50.0)
    assert result.psd_ratio == pytest.approx(np.full((101, 2), 4.0))
    # white noise of variance 1 has 2 / rate per Hz; a mean that is removed has none
    assert result.measured_psd[3:-3].mean() == pytest.approx(2 / 50.0, rel=0.02)


def test_the_power_of_a_triad_is_the_same_in_every_mount():
    turn = np.linalg.qr(noise(3))[0]
    data, other = noise(500), noise(500, seed=3)
    plain, turned = (compare_imu(x, other, rate=50.0).psd_ratio for x in (data, data @ turn))
    assert turned == pytest.approx(plain)


def test_what_needs_a_clock_is_none_without_one():
    result = compare_imu(signal(), signal())
    assert result.rate is result.lag is result.coherence is result.psd_ratio is None
    short = compare_imu(noise(30), noise(30), rate=50.0)
    assert short.frequencies is None and short.lag is not None


def test_recordings_are_compared_where_both_last():
    t = np.arange(300) / 50.0
    ours = recording(swing(t)[:, :6], start=2.0)
    theirs = recording(swing(t)[50:250, :6], start=3.0)
    result = compare_imu(ours, theirs)
    assert len(result.simulated) == 200 and result.start == 3.0 and result.rate == 50.0
    assert result.rmse == pytest.approx([0.0, 0.0]) and result.lag == pytest.approx([0.0, 0.0])
    assert compare_imu(theirs, ours).start == 3.0


def test_recordings_are_compared_in_the_sensors_that_both_name():
    data = 6 * noise(100, 12)
    both = recording(data, ("left", "right"))
    watch = recording(data[:, [9, 10, 11, 6, 7, 8]], "right").replace(
        channels=channel_names("right")[3:] + channel_names("right")[:3]
    )
    for result in (compare_imu(both, watch), compare_imu(watch, both)):
        assert sorted(result.sensors) == ["right_acc", "right_gyro"]
        assert result.rmse.tolist() == [0.0, 0.0]


def test_the_table_has_a_line_for_each_sensor():
    result = compare_imu(recording(6 * noise(200, 6)), recording(6 * noise(200, 6, 1)))
    head, acc, gyro = str(result).splitlines()
    assert "nrmse" in head and "lag (s)" in head
    assert acc.startswith("wrist_acc") and gyro.startswith("wrist_gyro")
    assert repr(result) == "IMUComparison(2 triads, 200 samples at 50 Hz)"
    assert "lag" not in str(compare_imu(noise(9), noise(9)))


WRIST = recording(np.zeros((60, 6)))


@pytest.mark.parametrize(
    ("ours", "theirs", "params", "message"),
    [
        (np.zeros((5, 4)), np.zeros((5, 4)), {}, "simulated must have shape"),
        (np.zeros((5, 3)), np.zeros((6, 3)), {}, "equal shapes"),
        (np.zeros((5, 3)), np.full((5, 3), np.nan), {}, "measured has values.*not finite"),
        (np.zeros((5, 3)), np.zeros((5, 3)), {"bandwidth": 3.0}, "needs rate="),
        (np.zeros((5, 3)), np.zeros((5, 3)), {"bandwidth": 30.0, "rate": 50.0}, "half the rate"),
        (np.zeros((5, 3)), np.zeros((5, 3)), {"rate": 0}, "positive number of Hz"),
        (WRIST, WRIST, {"rate": 50.0}, "leave out rate="),
        (WRIST, WRIST.replace(rate=60.0), {}, r"resample\(60\)"),
        (WRIST, WRIST.replace(start=0.01), {}, "not at the same times"),
        (WRIST, WRIST.replace(start=9.0), {}, "share no time"),
        (WRIST, WRIST.replace(observed=np.arange(60) != 7), {}, "1 of the 60 samples"),
        (WRIST, recording(np.zeros((60, 6)), "chest"), {}, "no sensor in common"),
    ],
)
def test_bad_input_is_named(ours, theirs, params, message):
    with pytest.raises(ValueError, match=message):
        compare_imu(ours, theirs, **params)


def test_one_recording_is_not_enough():
    with pytest.raises(TypeError, match="Only one side is a Recording"):
        compare_imu(WRIST, WRIST.data)
