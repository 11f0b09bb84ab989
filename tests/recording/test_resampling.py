from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn.recording import (
    Recording,
    resample_signal,
    resample_timestamps,
    resample_windows,
)
from m3n_sklearn.recording.resampling import (
    bridge_by_lines,
    nearest_samples,
    resample_lossy,
    resampled_length,
)

RATES = st.sampled_from([20.0, 25.0, 30.0, 1000 / 33, 100 / 3, 50.0, 64.0, 103.0, 215.3])
USED = [(100 / 3, 50.0), (103.0, 50.0), (20.0, 50.0), (50.0, 20.0), (50.0, 100 / 3)]


@given(RATES, RATES, st.integers(1, 300))
def test_straight_lines_come_out_exactly(rate_in, rate_out, length):
    t_in = np.arange(length) / rate_in
    out = resample_signal(9.8 - 2.5 * t_in, rate_in, rate_out)
    t_out = np.arange(len(out)) / rate_out
    expected = 9.8 - 2.5 * t_out if length > 1 else np.full(len(out), 9.8)
    np.testing.assert_allclose(out, expected, atol=1e-9)


@pytest.mark.parametrize(("rate_in", "rate_out"), USED)
@pytest.mark.parametrize("frequency", [0.5, 2.0, 5.0])
def test_waves_keep_amplitude_and_phase(rate_in, rate_out, frequency):
    def wave(t):
        return np.sin(2 * np.pi * frequency * t + 0.3)

    t_in = np.arange(round(6 * rate_in)) / rate_in
    out = resample_signal(wave(t_in), rate_in, rate_out)
    t_out = np.arange(len(out)) / rate_out
    middle = (t_out > 1) & (t_out < 5)
    np.testing.assert_allclose(out[middle], wave(t_out[middle]), atol=1e-4)


@pytest.mark.parametrize(("rate_in", "rate_out"), USED)
def test_ends_show_no_transient(rate_in, rate_out):
    t_in = np.arange(round(2.5 * rate_in)) / rate_in
    out = resample_signal(np.cos(2 * np.pi * t_in), rate_in, rate_out)
    t_out = np.arange(len(out)) / rate_out
    inside = t_out <= t_in[-1]
    assert np.abs(out - np.cos(2 * np.pi * t_out))[inside].max() < 0.02


def test_what_is_too_fast_for_the_new_rate_is_removed():
    t = np.arange(2000) / 100
    out = resample_signal(np.sin(2 * np.pi * 17 * t), 100.0, 20.0)
    assert np.abs(out[40:-40]).max() < 1e-3


@given(RATES, RATES, st.integers(1, 2000))
def test_duration_is_kept(rate_in, rate_out, length):
    count = resampled_length(length, rate_in, rate_out)
    assert count >= 1
    assert abs(count / rate_out - length / rate_in) <= 0.5 / rate_out + 1e-9 or count == 1


def test_samples_that_both_grids_share_are_kept():
    x = np.random.default_rng(0).normal(size=(3, 2, 60))
    np.testing.assert_allclose(resample_windows(x, 25.0, 50.0)[..., ::2], x, atol=1e-12)


def test_equal_rates_give_the_input_back():
    x = np.zeros((2, 3, 10), dtype=np.float32)
    assert resample_windows(x, 50.0, 50.0) is x


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(dtype):
    assert resample_windows(np.zeros((2, 3, 10), dtype=dtype), 50.0, 20.0).dtype == dtype


def test_windows_do_not_see_each_other():
    x = np.random.default_rng(1).normal(size=(5, 3, 85))
    whole = resample_windows(x, 100 / 3, 50.0)
    np.testing.assert_allclose(whole[2:3], resample_windows(x[2:3], 100 / 3, 50.0), atol=1e-12)


def test_long_and_short_signals_agree():
    x = np.random.default_rng(2).normal(size=(40_000, 2))
    whole = resample_signal(x, 103.0, 50.0)
    np.testing.assert_allclose(whole[:400], resample_signal(x[:1000], 103.0, 50.0)[:400], atol=1e-9)


@pytest.mark.parametrize(
    ("shape", "rate", "message"),
    [
        ((3, 0), 50.0, "nothing to resample"),
        ((3, 4), 0.0, "positive"),
        ((3, 4), np.nan, "positive"),
    ],
)
def test_bad_input_is_refused(shape, rate, message):
    with pytest.raises(ValueError, match=message):
        resample_windows(np.zeros(shape), 20.0, rate)


# ---- recordings


def test_a_recording_is_resampled_with_its_labels_and_holes():
    t = np.arange(200) / 20.0
    observed = np.ones(200, dtype=bool)
    observed[100:110] = False
    data = np.stack([t, 2 * t], axis=1)
    data[~observed] = np.nan
    labels = np.where(t < 5, "walk", "run")
    original = Recording(data, 20.0, labels=labels, observed=observed, start=3.0)
    resampled = original.resample(50.0)
    assert resampled.n_samples == 500
    assert resampled.start == 3.0
    np.testing.assert_allclose(resampled.data[:, 0], resampled.times - 3.0, atol=1e-9)
    lost = resampled.times[~resampled.observed.all(axis=1)] - 3.0
    assert lost.min() > 4.95 and lost.max() < 5.5 and len(lost) >= 25
    change = np.flatnonzero(resampled.labels == "run")[0] / 50.0
    assert abs(change - 5.0) <= 0.5 / 20.0 + 1e-9
    assert original.resample(20.0) is original


def test_a_recording_without_any_sample_becomes_zeros():
    np.testing.assert_array_equal(fill_unobserved(np.full((4, 2), np.nan), np.zeros(4)), 0.0)


def test_nearest_samples_stay_inside():
    assert nearest_samples(3, 10.0, 37.0).max() == 2


# ---- time stamps


@given(st.integers(1, 5), st.floats(60.0, 130.0), st.floats(0.0, 0.2))
def test_packets_are_spread_evenly(packet, rate_in, offset):
    """Stamps that repeat within a packet leave no trace in the signal."""
    count = 1200 // packet * packet
    true = 5.0 + offset + np.arange(count) / rate_in
    stamps = np.repeat(true[packet - 1 :: packet], packet)
    rows, observed, start = resample_timestamps(
        stamps, np.stack([np.sin(2 * np.pi * 0.5 * true)] * 2, axis=1), 50.0
    )
    times = start + np.arange(len(rows)) / 50.0
    assert observed.all()
    # a packet is stamped when it is complete: a delay of half a packet can't be told apart
    delay = (packet - 1) / 2 / rate_in
    expected = np.sin(2 * np.pi * 0.5 * (times - delay))
    middle = slice(100, len(rows) - 100)
    assert np.abs(rows[middle, 0] - expected[middle]).max() < 0.08


def test_nothing_is_interpolated_across_a_gap():
    stamps = np.concatenate([np.arange(0, 4, 0.01), np.arange(9, 12, 0.01)])
    rows, observed, _ = resample_timestamps(stamps, stamps[:, None], 50.0)
    times = np.arange(len(rows)) / 50.0
    assert not observed[(times > 4.0) & (times < 9.0 - 1e-9)].any()
    assert observed[(times < 3.98) | (times >= 9.0)].all()
    np.testing.assert_allclose(rows[observed, 0], times[observed], atol=1e-6)
    assert np.all(rows[~observed] == 0)


def test_several_streams_share_a_grid():
    stamps = 10.0 + np.arange(0, 5, 0.01)
    rows, observed, start = resample_timestamps(
        stamps, stamps[:, None], 25.0, start=9.0, n_samples=200
    )
    assert start == 9.0 and len(rows) == 200
    assert observed.sum() == 125 and not observed[:25].any() and not observed[150:].any()


def test_single_rows_between_gaps_are_lost():
    _, observed, _ = resample_timestamps([0.0, 2.0, 4.0], np.zeros((3, 1)), 10.0)
    assert not observed.any()


@pytest.mark.parametrize(
    ("times", "values", "rate", "message"),
    [
        ([0.0, 2.0, 1.0], np.zeros((3, 1)), 50.0, "decrease after row 1"),
        ([0.0, 1.0], np.zeros((3, 1)), 50.0, "must have shape"),
        ([0.0, np.nan], np.zeros((2, 1)), 50.0, "not finite"),
        ([0.0, 0.1], np.zeros((2, 1)), -1.0, "positive"),
    ],
)
def test_bad_rows_are_refused(times, values, rate, message):
    with pytest.raises(ValueError, match=message):
        resample_timestamps(times, values, rate)
