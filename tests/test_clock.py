"""Damaged stamps of rows whose true times are known."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn._clock import recover_clock
from m3n_sklearn.recording import resample_timestamps

COUNT = 2000


def wave(t):
    rng = np.random.default_rng(1)
    clean = np.stack([3 * np.sin(6.3 * t), 2 * np.cos(14 * t + 1), 9.8 + np.sin(4.4 * t)], axis=1)
    return clean + 0.02 * rng.normal(size=clean.shape)


def errors(true, stamps, values=None, how="auto"):
    """Errors of times, but for a constant delay, and what was said."""
    clock = recover_clock(stamps, wave(true) if values is None else values, how)
    off = clock.times - true[clock.rows]
    return off - np.median(off), clock


def keep(share, seed=0, count=COUNT):
    return np.random.default_rng(seed).random(count) > share


# ---- good clocks


GOOD = {
    "even": np.arange(COUNT) / 100,
    "unix": 1.66e9 + np.arange(COUNT) / 100,
    "a third lost": (np.arange(COUNT) / 100)[keep(0.33)],
    "whole milliseconds": np.arange(COUNT)[keep(0.1)] * 0.01,
    "a long pause": np.concatenate([np.arange(500) / 100, 3600 + np.arange(500) / 100]),
    "many pauses": np.concatenate([7.3 * k + np.arange(20 + k % 3) / 30 for k in range(40)]),
    "pairs": np.concatenate([1.1 * k + np.arange(2) / 30 for k in range(40)]),
    "another rate": np.concatenate([np.arange(0, 10, 0.01), np.arange(10, 20, 1 / 73)]),
    "drift": np.cumsum(0.01 * (1 + 0.01 * np.sin(np.arange(COUNT) / 500))),
    "long frames": np.cumsum(np.where(keep(0.03), 1 / 30, 0.0457)),
    "uneven": np.cumsum(np.random.default_rng(0).uniform(0.6, 1.4, COUNT)) / 100,
    "random": np.sort(np.random.default_rng(0).uniform(0, 20, COUNT)),
}


@pytest.mark.parametrize("stamps", GOOD.values(), ids=GOOD.keys())
def test_good_stamps_stay_as_they_are(stamps):
    clock = recover_clock(stamps, wave(stamps))
    assert clock.notes == ()
    np.testing.assert_array_equal(clock.times, stamps)
    np.testing.assert_array_equal(clock.rows, np.arange(len(stamps)))


# ---- rounding


@pytest.mark.parametrize("rate", [104.3, 60.0, 59.94, 30.0, 29.97, 128.0, 33.3])
@pytest.mark.parametrize("lost", [0.0, 0.05, 0.15])
@pytest.mark.parametrize("digits", [3, 2])
def test_rounded_stamps_go_back_to_their_clock(rate, lost, digits):
    if digits == 2 and rate > 100 and lost:
        pytest.skip("units of a whole period do not tell which rows were lost")
    true = (0.37 + np.arange(COUNT) / rate)[keep(lost)]
    off, clock = errors(true, np.round(true, digits))
    assert len(clock.rows) == len(true)
    assert np.abs(off).max() < 2e-4
    assert "rounded to 0.0" in clock.notes[0] or "multiples of 0.01 s" in clock.notes[0]


@pytest.mark.parametrize("rate", [100.0, 104.3, 32.0])
def test_rows_of_whole_seconds_are_spread_from_the_start_of_each(rate):
    true = 0.37 + np.arange(COUNT) / rate
    clock = recover_clock(np.floor(true), wave(true))
    assert np.abs(clock.times - true).max() <= 1 / rate
    assert "multiples of 1 s" in clock.notes[0]


def test_losses_in_whole_seconds_stay_in_their_second():
    true = np.delete(np.arange(COUNT) / 100, np.arange(540, 570))
    clock = recover_clock(np.floor(true), wave(true))
    off = np.abs(clock.times - true)
    assert off.max() < 0.31
    assert off[(true < 5.4) | (true >= 6)].max() < 0.02


def test_rounding_never_moves_a_stamp_by_more_than_its_unit():
    """Where rows are lost from units of a whole period, stamps are as good as it gets."""
    true = (np.arange(COUNT) / 104.3)[keep(0.1)]
    clock = recover_clock(np.round(true, 2), wave(true))
    assert len(clock.rows) == len(true)
    assert np.abs(clock.times - true).max() <= 0.015


# ---- packets


@pytest.mark.parametrize("size", [2, 4, 10, 25])
@pytest.mark.parametrize("lost", [0.0, 0.05])
@pytest.mark.parametrize("burst", [0.0, 0.0005])
def test_packets_are_spread(size, lost, burst):
    true = np.arange(COUNT) / 100
    packet = np.arange(COUNT) // size
    there = keep(lost, count=packet[-1] + 1)[packet]
    stamps = (packet + 1) * size / 100 + burst * (np.arange(COUNT) % size) / size
    off, clock = errors(true[there], stamps[there])
    assert np.abs(off).max() < 0.002
    assert len(clock.notes) == 1


def test_packets_that_jitter():
    true = np.arange(COUNT) / 100
    late = np.random.default_rng(0).uniform(0, 0.02, COUNT // 10)
    off, _ = errors(true, np.round(np.repeat(true[9::10] + late, 10), 3))
    assert np.abs(off).max() < 0.005


def test_packets_of_unlike_sizes_tell_where_their_stamp_belongs():
    sizes = np.random.default_rng(0).integers(1, 9, 400)
    true = np.arange(sizes.sum()) / 100
    last = np.cumsum(sizes) - 1
    clock = recover_clock(np.repeat(true[last], sizes), wave(true))
    np.testing.assert_allclose(clock.times, true, atol=1e-6)


# ---- jitter


@pytest.mark.parametrize("jitter", [0.02, 0.1, 0.3])
def test_jitter_about_an_even_clock_is_taken_out(jitter):
    true = np.arange(COUNT) / 100
    noise = np.random.default_rng(0).normal(0, jitter / 100, COUNT)
    off, clock = errors(true, true + noise)
    assert np.abs(off).max() < 0.0005
    assert "jitter" in clock.notes[0]


def test_jitter_with_losses():
    there = keep(0.03)
    true = np.arange(COUNT) / 100
    stamps = true + np.random.default_rng(0).normal(0, 0.001, COUNT)
    off, _ = errors(true[there], stamps[there])
    assert np.abs(off).max() < 0.0005


def test_samples_say_whether_jitter_is_real():
    stamps = np.arange(COUNT) / 100 + np.random.default_rng(0).uniform(-0.003, 0.003, COUNT)
    assert recover_clock(stamps, wave(stamps)).notes == ()
    assert "jitter" in recover_clock(stamps, wave(np.arange(COUNT) / 100)).notes[0]
    at_rest = np.tile([0.0, 0.0, 9.8], (COUNT, 1))
    assert "jitter" in recover_clock(stamps, at_rest).notes[0]


# ---- single stamps


@pytest.mark.parametrize("shift", [1000.0, 0.5, -0.5, -50.0])
@pytest.mark.parametrize("digits", [12, 3])
def test_a_wild_stamp_is_mended(shift, digits):
    true = np.arange(COUNT) / (100 if digits == 12 else 104.3)
    stamps = np.round(true, digits)
    stamps[700] += shift
    off, clock = errors(true, stamps)
    assert np.abs(off).max() < 1e-4 and len(clock.rows) == COUNT
    assert "1 stamps are far off, first that of row 700" in clock.notes[0]


def test_wild_stamps_at_the_ends_are_left_out():
    stamps = np.arange(COUNT) / 100
    stamps[0] -= 86_400
    stamps[-1] += 1e6
    clock = recover_clock(stamps, wave(stamps))
    np.testing.assert_array_equal(clock.rows, np.arange(1, COUNT - 1))
    assert "2 stamps are far off" in clock.notes[0]


def test_rows_stamped_late_and_together_are_spread():
    true = np.arange(COUNT) / 100
    stamps = true.copy()
    stamps[300:306] = stamps[306] - 1e-4 * np.arange(6)[::-1]
    off, clock = errors(true, stamps)
    assert np.abs(off).max() < 1e-9 and len(clock.rows) == COUNT
    assert "too close together, first row 300" in clock.notes[0]


def test_copies_are_dropped():
    true = np.arange(COUNT) / 100
    again = np.sort(np.concatenate([np.arange(COUNT), [300, 500]]))
    clock = recover_clock(true[again], wave(true)[again])
    np.testing.assert_array_equal(clock.times, true)
    assert "2 rows that repeat the row before" in clock.notes[0]
    twice = np.repeat(np.arange(COUNT), 2)
    np.testing.assert_array_equal(recover_clock(true[twice], wave(true)[twice]).times, true)


def test_another_row_with_the_same_stamp_is_dropped():
    true = np.arange(COUNT) / 125
    again = np.sort(np.concatenate([np.arange(COUNT), [300]]))
    values = wave(true)[again]
    values[301] += 1
    clock = recover_clock(true[again], values)
    np.testing.assert_array_equal(clock.times, true)
    assert 301 not in clock.rows


def test_swapped_rows_are_sorted():
    stamps = np.arange(COUNT) / 100
    stamps[[50, 51]] = stamps[[51, 50]]
    clock = recover_clock(stamps, wave(stamps))
    np.testing.assert_array_equal(clock.times, np.arange(COUNT) / 100)
    assert clock.rows[49:53].tolist() == [49, 51, 50, 52]


@pytest.mark.parametrize("back", [0.1, 5.0, 10.0])
def test_a_clock_that_is_set_back_is_an_error(back):
    stamps = np.arange(COUNT) / 100
    stamps[1000:] -= back
    with pytest.raises(ValueError, match=r"decrease after row 999.*set back"):
        recover_clock(stamps, wave(stamps))


# ---- told


def test_exact_and_even_are_what_they_say():
    true = np.arange(COUNT) / 100
    stamps = true + np.random.default_rng(0).normal(0, 0.001, COUNT)
    np.testing.assert_array_equal(recover_clock(stamps, None, "exact").times, stamps)
    walk = np.cumsum(np.random.default_rng(0).uniform(0.98, 1.02, COUNT)) / 100
    even = recover_clock(walk, wave(walk), "even")
    assert np.abs(np.diff(even.times) / 0.01 - 1).max() < 0.02 and even.notes == ()
    with pytest.raises(ValueError, match="decrease after row 0"):
        recover_clock(true[::-1], None, "exact")


@pytest.mark.parametrize("rate", [20, 50, 100])
def test_minutes_are_suspected(rate):
    seconds = np.arange(COUNT) / rate
    with pytest.warns(UserWarning, match=f"{60 * rate:.4g} Hz.*minutes, multiply them by 60"):
        resample_timestamps(seconds / 60, wave(seconds), rate)
