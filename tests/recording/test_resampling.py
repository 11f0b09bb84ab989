from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn.recording import Recording, resample_timestamps, resample_windows
from m3n_sklearn.recording._resampling import (
    bridge_by_lines,
    nearest_samples,
    resample_signal,
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
        ((3, 0), 50.0, "has no sample along axis"),
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


def test_channels_lose_samples_by_themselves():
    t = np.arange(200) / 20.0
    data = np.stack([np.sin(t), np.cos(t), t], axis=1)
    observed = np.ones((200, 3), dtype=bool)
    observed[50, 0] = observed[120:125, 1] = observed[:, 2] = False
    damaged = Recording(np.where(observed, data, np.nan), 20.0, observed=observed).resample(40.0)
    whole = Recording(data, 20.0).resample(40.0)
    lost = ~damaged.observed
    assert np.flatnonzero(lost[:, 0]).tolist() == [99, 100, 101]
    assert np.flatnonzero(lost[:, 1]).tolist() == list(range(239, 250))
    assert lost[:, 2].all() and np.all(damaged.data[:, 2] == 0)
    np.testing.assert_allclose(damaged.data[:, :2], whole.data[:, :2], atol=4e-3)


def test_bridges_are_straight_lines():
    data = np.array([[0.0, np.nan], [9.0, 7.0], [np.nan, np.nan], [3.0, np.nan], [4.0, 1.0]])
    bridged = bridge_by_lines(data, np.isfinite(data))
    np.testing.assert_allclose(bridged.T, [[0, 9, 6, 3, 4], [7, 7, 5, 3, 1]])
    nothing = np.zeros((5, 2), dtype=bool)
    np.testing.assert_array_equal(bridge_by_lines(data, nothing), 0.0)


def test_nearest_samples_stay_inside():
    assert nearest_samples(3, 10.0, 37.0).max() == 2


# ---- time stamps


@pytest.mark.slow
@given(st.integers(1, 5), st.floats(60.0, 130.0), st.floats(0.0, 0.2))
def test_packets_are_spread_evenly(packet, rate_in, offset):
    """Stamps that repeat within a packet leave no trace in the signal."""
    count = 1200 // packet * packet
    true = 5.0 + offset + np.arange(count) / rate_in
    stamps = np.repeat(true[packet - 1 :: packet], packet)
    said = pytest.warns(UserWarning, match="come in packets") if packet > 1 else nullcontext()
    with said:
        rows, observed, start = resample_timestamps(
            stamps, np.stack([np.sin(2 * np.pi * 0.5 * true)] * 2, axis=1), 50.0
        )
    times = start + np.arange(len(rows)) / 50.0
    assert observed.all()
    # a packet is stamped when it is complete: a delay of half a packet can't be told apart
    delay = (packet - 1) / 2 / rate_in
    expected = np.sin(2 * np.pi * 0.5 * (times - delay))
    middle = slice(100, len(rows) - 100)
    assert np.abs(rows[middle, 0] - expected[middle]).max() < 0.001


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
    times = np.concatenate([np.arange(0, 2, 0.1), [4.0], np.arange(6, 8, 0.1)])
    _, observed, _ = resample_timestamps(times, np.zeros((41, 1)), 10.0)
    assert np.flatnonzero(observed).tolist() == [*range(20), *range(60, 80)]


def wave(t):
    return np.stack([np.sin(2 * np.pi * t), np.cos(2 * np.pi * 2.3 * t + 1)], axis=1)


def outside(times, rows, observed, start, rate=50.0):
    """Largest error where something was measured."""
    grid = start + np.arange(len(rows)) / rate
    return np.abs(rows - wave(grid))[observed].max()


LOSSES = {
    "one row": [700],
    "two rows apart": [700, 702],
    "0.3 s": range(970, 1003),
    "many": np.random.default_rng(4).choice(np.arange(100, 1900), 150, replace=False),
}


@pytest.mark.parametrize("lost", LOSSES.values(), ids=LOSSES.keys())
@pytest.mark.parametrize("as_nan", [False, True])
@pytest.mark.parametrize("rate", [100.0, 50.0, 133.0])
def test_losses_move_nothing(lost, as_nan, rate, recwarn):
    times = 3.0 + np.arange(2000) / 100.0
    values = wave(times)
    if as_nan:
        values[lost, 0] = np.nan
    else:
        times, values = np.delete(times, lost), np.delete(values, lost, axis=0)
    rows, observed, start = resample_timestamps(times, values, rate)
    assert start == 3.0 and len(rows) == int(19.99 * rate + 1e-6) + 1
    assert outside(times, rows, observed, start, rate) < 0.02
    assert not recwarn.list
    # every point that is nearer than a period to a lost row, and on no other row, is lost
    position = np.arange(len(rows)) * 100.0 / rate
    near = np.abs(position[:, None] - np.asarray(lost)).min(axis=1) < 1 - 1e-6
    on_row = np.abs(position - np.rint(position)) < 0.05
    on_row &= ~np.isin(np.rint(position), np.asarray(lost))
    np.testing.assert_array_equal(observed, ~near | on_row)


def test_good_samples_are_kept_bit_for_bit_next_to_losses():
    rng = np.random.default_rng(0)
    times, values = np.arange(400) / 50.0, rng.normal(size=(400, 3))
    lost = [100, 101, 200]
    rows, observed, _ = resample_timestamps(
        np.delete(times, lost), np.delete(values, lost, axis=0), 50.0
    )
    assert np.flatnonzero(~observed).tolist() == lost
    np.testing.assert_allclose(np.delete(rows, lost, axis=0), np.delete(values, lost, axis=0))


def test_a_rate_may_change(recwarn):
    times = np.concatenate([np.arange(0, 10, 0.01), np.arange(10, 20, 0.02)])
    rows, observed, start = resample_timestamps(times, wave(times), 50.0)
    assert observed.all() and not recwarn.list
    assert outside(times, rows, observed, start) < 1e-3


def test_a_clock_may_drift(recwarn):
    times = np.cumsum(0.01 * (1 + 0.005 * np.sin(np.arange(4000) / 600)))
    rows, observed, start = resample_timestamps(times, wave(times), 50.0)
    assert observed.all() and not recwarn.list
    assert outside(times, rows, observed, start) < 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_stamps_that_are_really_uneven_are_believed(seed, recwarn):
    rng = np.random.default_rng(seed)
    for times in (
        np.cumsum(rng.uniform(0.005, 0.015, 2000)),
        np.arange(2000) / 100 + rng.uniform(-0.003, 0.003, 2000),
        np.sort(rng.uniform(0, 20, 2000)),
    ):
        rows, observed, start = resample_timestamps(times, wave(times), 50.0)
        straight = np.stack(
            [np.interp(start + np.arange(len(rows)) / 50, times, c) for c in wave(times).T], axis=1
        )
        grid = start + np.arange(len(rows)) / 50
        straight = np.abs(straight - wave(grid))[observed].max()
        assert outside(times, rows, observed, start) <= 1.1 * straight
    assert not recwarn.list


def test_a_signal_that_is_too_fast_is_removed_from_uneven_rows_too():
    times = np.cumsum(np.random.default_rng(0).uniform(0.002, 0.004, 4000))
    rows, _, _ = resample_timestamps(times, np.sin(2 * np.pi * 23 * times)[:, None], 20.0)
    assert np.abs(rows[40:-40]).max() < 0.05


def test_uneven_rows_do_not_overshoot():
    times = np.sort(np.concatenate([np.arange(0, 4, 0.05), np.arange(0, 4, 0.05) + 0.0004]))
    values = np.random.default_rng(0).uniform(0, 1, (160, 2))
    rows, _, _ = resample_timestamps(times, values, 200.0, stamps="exact")
    assert rows.min() >= 0 and rows.max() <= 1


@pytest.mark.parametrize("stamps", ["auto", "even"])
def test_what_is_told_is_not_said(stamps, recwarn):
    times = np.round(np.arange(1000) / 104.3, 3)
    true = np.arange(1000) / 104.3
    rows, observed, start = resample_timestamps(times, wave(true), 50.0, stamps=stamps)
    assert outside(true, rows, observed, start) < 1e-3
    assert len(recwarn.list) == (stamps == "auto")


def test_exact_stamps_are_taken_at_their_word(recwarn):
    times = np.round(np.arange(1000) / 60, 2)
    rows, observed, start = resample_timestamps(times, wave(times), 100.0, stamps="exact")
    assert outside(times, rows, observed, start, 100.0) < 0.03
    assert not recwarn.list


@pytest.mark.parametrize("factor", [1e3, 1e6, 1e9, 1 / 3600])
def test_other_units_than_seconds_are_refused(factor):
    times = np.arange(1000) / 100 * factor
    with pytest.raises(ValueError, match="Give seconds"):
        resample_timestamps(times, wave(times), 50.0)


def test_a_grid_beyond_reason_is_refused():
    times = np.concatenate([np.arange(100) / 50, 1.7e9 + np.arange(100) / 50])
    with pytest.raises(ValueError, match="is a time stamp wrong"):
        resample_timestamps(times, wave(times), 50.0)


@pytest.mark.parametrize(
    ("times", "values", "rate", "message"),
    [
        ([0.0, 2.0, 1.0], np.zeros((3, 1)), 50.0, "decrease after row 1"),
        ([0.0, 1.0], np.zeros((3, 1)), 50.0, "must have shape"),
        ([0.0, np.nan], np.zeros((2, 1)), 50.0, "not finite"),
        ([0.0, 0.1], np.zeros((2, 1)), -1.0, "positive"),
        ([0.0, 0.1], [[0.0], [np.inf]], 50.0, "not finite"),
        ([0.0, 0.1], np.full((2, 1), np.nan), 50.0, "not finite in any row"),
        ([5.0, 5.0, 5.0], np.zeros((3, 1)), 50.0, "so the rate is unknown"),
        ([0.0, 2.0, 4.0], np.zeros((3, 1)), 50.0, "steps of 2 s, more than 0.5 s"),
        (
            np.r_[0:10:0.01, 0:10:0.01],
            np.zeros((2000, 1)),
            50.0,
            "times decrease.*row 999, by 9.99 s.*set back",
        ),
    ],
)
def test_bad_rows_are_refused(times, values, rate, message):
    with pytest.raises(ValueError, match=message):
        resample_timestamps(times, values, rate)
