"""Smoothing and differentiation: near the best cut-off, right at the ends, sane when short."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from m3n_sklearn.simulation import fit_trajectory
from m3n_sklearn.simulation.trajectory._smoothing import choose_cutoffs, smooth
from m3n_sklearn.skeleton._rotations import quat_from_rotvec

from .clips import rms, waves


def still(frames):
    return np.tile([1.0, 0.0, 0.0, 0.0], (frames, 1, 1))


def track(seed, rate, seconds, channels, fastest=4.0):
    """Positions and their accelerations."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(rate * seconds)) / rate
    hertz, phase = rng.uniform(0.2, fastest, (2, 12, channels)) * [[[1.0]], [[2.0]]]
    height = 0.1 * rng.standard_normal((12, channels)) * hertz**-1.5
    angle = 2 * np.pi * hertz * times[:, None, None] + phase
    position = (height * np.sin(angle)).sum(axis=1)
    return times, position, (-height * (2 * np.pi * hertz) ** 2 * np.sin(angle)).sum(axis=1)


def acceleration(times, values, smoothing):
    fits = [
        fit_trajectory(times, still(len(times)), values[:, i : i + 3], smoothing)
        for i in range(0, values.shape[1], 3)
    ]
    return np.hstack([fit.evaluate(times).linear_acceleration for fit in fits])


@pytest.mark.slow
@pytest.mark.parametrize("rate", [30.0, 60.0, 120.0])
@pytest.mark.parametrize("color", [0.0, -1.2])
def test_auto_is_close_to_the_best_cutoff(rate, color):
    errors = np.zeros((3, 9))
    inner = slice(round(0.4 * rate), -round(0.4 * rate))
    for seed in range(len(errors)):
        times, position, truth = track(seed, rate, 10.0, 30)
        noise = np.random.default_rng(seed + 1).standard_normal(position.shape)
        shape = np.maximum(np.fft.rfftfreq(len(noise), 1 / rate), 1.0) ** (color / 2)
        noise = np.fft.irfft(np.fft.rfft(noise, axis=0) * shape[:, None], len(noise), axis=0)
        values = position + 1e-3 * noise / noise.std()
        # as the rotations of a clip do, all channels share a cut-off
        chosen = float(choose_cutoffs(values[:, None], 1 / rate)[0])
        for i, hertz in enumerate((chosen, 4, 5, 6, 7, 8, 10)):
            errors[seed, i] = rms((acceleration(times, values, hertz) - truth)[inner])
        for i, n in enumerate((1, 4)):
            stencil = values[2 * n :] - 2 * values[n:-n] + values[: -2 * n]
            gap = stencil * (rate / n) ** 2 - truth[n:-n]
            errors[seed, 7 + i] = rms(gap[20:-20])
    auto, fixed, stencils = np.split(errors.mean(axis=0), [1, 7])
    assert auto < 1.15 * fixed.min()
    assert auto < stencils.min()


@pytest.mark.parametrize("rate", [60.0, 120.0])
def test_clean_tracks_stay_as_they_are(rate):
    times, position, truth = track(3, rate, 4.0, 12, fastest=8.0)
    plain = acceleration(times, position, None)
    assert rms(acceleration(times, position, "auto") - plain) < 0.005 * rms(truth)
    assert rms((plain - truth)[10:-10]) < 0.005 * rms(truth)


@pytest.mark.parametrize("smoothing", ["auto", None, 3.0, 8.0])
def test_constant_acceleration_passes_up_to_the_ends(smoothing):
    times = np.arange(150) / 50.0
    fall = np.array([3.0, -1.0, 2.0]) * times[:, None] + 0.5 * np.array([1, 2, -9.8]) * (
        times[:, None] ** 2
    )
    found = fit_trajectory(times, still(150), fall, smoothing).evaluate(times)
    assert np.abs(found.linear_acceleration - [1, 2, -9.8]).max() < 1e-6


@pytest.mark.parametrize("smoothing", ["auto", None])
def test_constant_rate_passes_up_to_the_ends(smoothing):
    times = np.arange(180) / 60.0
    quats = quat_from_rotvec(times[:, None] * np.array([0.6, -1.0, 0.4]))[:, None]
    found = fit_trajectory(times, quats, np.zeros((180, 3)), smoothing).evaluate(times)
    assert np.abs(found.rate - [0.6, -1.0, 0.4]).max() < 1e-6


def test_noisy_ends_are_no_worse_than_the_motion_itself():
    times, position, truth = track(5, 30.0, 4.0, 60)
    values = position + 1e-3 * np.random.default_rng(5).standard_normal(position.shape)
    error = acceleration(times, values, "auto") - truth
    assert rms(error[[0, -1]]) < rms(truth)
    assert rms(error[10:-10]) < 0.15 * rms(truth)


def test_curve_passes_through_clean_samples_and_is_normalized():
    rng = np.random.default_rng(0)
    times = np.arange(90) / 30.0
    quats = quat_from_rotvec(waves(rng, times, (5, 3), 0.8))
    trans = waves(rng, times, (3,), 1.0)
    state = fit_trajectory(times, quats, trans, None).evaluate(times)
    assert np.abs(np.abs(np.sum(state.quaternion * quats, axis=-1)) - 1).max() < 1e-9
    assert np.abs(state.position - trans).max() < 1e-9


def test_uneven_stamps_give_the_same_curve():
    even = np.arange(240) / 60.0
    uneven = even.copy()
    uneven[1:-1] += np.random.default_rng(2).uniform(-0.004, 0.004, 238)
    results = []
    for times in (even, uneven):
        rng = np.random.default_rng(4)
        trans = waves(rng, times, (3,), 0.3)
        for smoothing in (None, 12.0):
            results.append(fit_trajectory(times, still(240), trans, smoothing).evaluate(even))
    reference = rms(results[0].linear_acceleration)
    assert rms(results[2].linear_acceleration - results[0].linear_acceleration) < 1e-2 * reference
    assert rms(results[3].linear_acceleration - results[1].linear_acceleration) < 2e-2 * reference


def test_pauses_do_not_blur_what_lies_between():
    clock = np.arange(300) / 30.0
    values = waves(np.random.default_rng(0), clock, (3,), 0.3)
    wanted = np.linspace(0.5, 4.5, 200)
    whole = fit_trajectory(clock, still(300), values).evaluate(wanted)
    paused = np.where(clock > 5, clock + 60, clock)
    found = fit_trajectory(paused, still(300), values).evaluate(wanted)
    error = rms(found.linear_acceleration - whole.linear_acceleration)
    assert error < 0.01 * rms(whole.linear_acceleration)
    with pytest.raises(ValueError, match="pause for up to 3600 s: cut the motion"):
        fit_trajectory(np.where(clock > 5, clock + 3600, clock), still(300), values)


def test_batches_equal_single_clips():
    rng = np.random.default_rng(6)
    times = np.arange(120) / 40.0
    quats = quat_from_rotvec(
        waves(rng, times, (7, 4, 3), 0.5) + 0.01 * rng.normal(size=(120, 7, 4, 3))
    )
    trans = waves(rng, times, (7, 3), 0.5)
    wanted = np.linspace(0.3, 2.5, 33)
    together = fit_trajectory(times, quats, trans).evaluate(wanted)
    for clip in range(7):
        alone = fit_trajectory(times, quats[:, clip], trans[:, clip]).evaluate(wanted)
        for one, all_ in zip(alone, together, strict=True):
            assert np.abs(one - all_[:, clip]).max() < 1e-10


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("smoothing", ["auto", None, 5.0])
def test_very_short_clips_are_polynomials(frames, smoothing):
    times = np.arange(frames) / 30.0
    trans = np.stack([times, 2 * times, 0 * times], axis=1)
    state = fit_trajectory(times, still(frames), trans, smoothing).evaluate(times)
    assert np.abs(state.position - trans).max() < 1e-9
    assert np.abs(state.linear_acceleration).max() < 1e-6
    assert np.abs(state.velocity - ([1, 2, 0] if frames > 1 else 0)).max() < 1e-9


def test_state_is_held_outside_the_samples():
    times = np.arange(60) / 30.0
    trans = np.stack([np.sin(times), times, times**2], axis=1)
    trajectory = fit_trajectory(times, still(60), trans, None)
    outside, ends = trajectory.evaluate([-1.0, 9.0]), trajectory.evaluate(times[[0, -1]])
    assert np.array_equal(outside.linear_acceleration, ends.linear_acceleration)


def test_short_windows_fall_back_to_the_documented_cutoff():
    noise = np.random.default_rng(0).standard_normal((23, 2, 6))
    assert choose_cutoffs(noise, 1 / 60).tolist() == [8.0, 8.0]
    assert choose_cutoffs(noise, 1 / 20).tolist() == [5.0, 5.0]
    assert fit_trajectory(np.arange(20) / 60, still(20), noise[:20, 0, :3]).cutoffs.max() == 8.0


@pytest.mark.slow
def test_cutoffs_exist_for_every_length_and_rate():
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for rate in (10, 20, 25, 30, 50, 57, 60, 100, 240):
            for frames in range(max(24, rate), max(24, rate) + 6):
                for values in (rng.standard_normal((frames, 2, 3)), np.zeros((frames, 2, 3))):
                    assert (choose_cutoffs(values, 1 / rate) > 0).all()


def test_cutoffs_out_of_numerical_reach_are_refused():
    times = np.arange(3000) / 1000.0
    with pytest.raises(ValueError, match="resample them to at most 375 Hz"):
        fit_trajectory(times, still(3000), np.zeros((3000, 3)), 3.0)
    noise = np.random.default_rng(0).standard_normal((3000, 3))
    assert fit_trajectory(times, still(3000), noise).cutoffs.min() >= 8.0


def test_smoother_has_the_documented_gain():
    times = np.arange(2000) / 100.0
    for hertz, cutoff in ((2.0, 4.0), (4.0, 4.0), (6.0, 4.0)):
        wave = np.sin(2 * np.pi * hertz * times)[:, None]
        ratio = np.abs(smooth(wave, 0.01, np.array([cutoff])))[500:1500].max()
        assert abs(ratio - 1 / (1 + (hertz / cutoff) ** 8)) < 0.01


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"times": [[0.0, 1.0]]}, "times must be a vector"),
        ({"times": [0.0, 0.0, 1.0]}, "strictly increasing"),
        ({"quats": np.zeros((3, 4))}, "quats must have shape"),
        ({"quats": np.full((3, 1, 4), np.nan)}, "must be finite"),
        ({"quats": np.full((3, 1, 4), 1.0)}, "length 1"),
        ({"trans": np.zeros((2, 3))}, "trans must have shape"),
        ({"smoothing": "much"}, "'auto', a cut-off in Hz or None"),
        ({"smoothing": True}, "'auto', a cut-off in Hz or None"),
        ({"smoothing": -1.0}, "positive number of Hz"),
    ],
)
def test_bad_input_is_named(change, message):
    given = {"times": [0.0, 0.1, 0.2], "quats": still(3), "trans": np.zeros((3, 3)), **change}
    with pytest.raises(ValueError, match=message):
        fit_trajectory(**given)


def test_times_to_evaluate_are_one_dimensional():
    with pytest.raises(ValueError, match="one-dimensional"):
        fit_trajectory([0.0, 0.1], still(2), np.zeros((2, 3))).evaluate([[0.0]])


def test_motion_below_8_hz_given_at_30_hz_is_recovered():
    times, wanted = np.arange(1800) / 30.0, np.arange(100, 5800) / 100.0
    known = np.arange(60 * 240) / 240.0
    states = []
    for clock in (times, known):
        rng = np.random.default_rng(8)
        poses, trans = waves(rng, clock, (3,), 0.6, 6.0, count=30), waves(rng, clock, (3,), 0.03)
        quats = quat_from_rotvec(poses * [[1.0, 0.1, 0.1]])[:, None]
        states.append(fit_trajectory(clock, quats, trans, None).evaluate(wanted))
    found, truth = states
    assert rms(truth.rate) > 2
    assert rms(found.rate - truth.rate) < 2e-3
    lever = 0.25  # m
    turning = lever * (found.acceleration - truth.acceleration)
    assert rms(turning) < 0.02
    assert rms(found.linear_acceleration - truth.linear_acceleration) < 0.02


@pytest.mark.parametrize("rate", [30.0, 60.0])
def test_unsmoothed_ends_stay_within_ten_times_the_interior(rate):
    noise = np.random.default_rng(3).standard_normal((round(4 * rate), 60)) * 1e-3
    times = np.arange(len(noise)) / rate
    fine = np.linspace(0, times[-1], 4 * len(times))
    bare = [
        fit_trajectory(times, still(len(times)), noise[:, i : i + 3], None).evaluate(fine)
        for i in range(0, 60, 3)
    ]
    size = np.sqrt(np.mean([x.linear_acceleration**2 for x in bare], axis=(0, 2)))
    assert size.max() < 10 * np.median(size)
