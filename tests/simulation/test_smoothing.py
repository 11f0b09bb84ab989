"""Cut-offs close to the best at any length, rate and color of noise; noise learned from clips."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import make_interp_spline

from m3n_sklearn.simulation import PowerLaw, learn_noise_floor
from m3n_sklearn.simulation.trajectory._smoothing import choose_cutoffs, fallback_cutoff, smooth
from m3n_sklearn.simulation.trajectory._spectrum import banded, fit_noise, spectrum

from .clips import rms


def tones(seed, rate, seconds, fastest):
    """A point that moves with up to `fastest` Hz: positions and accelerations (F, 3)."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(rate * seconds)) / rate
    hertz = 0.3 + (fastest - 0.3) * (np.arange(24)[:, None] + rng.uniform(size=(24, 3))) / 24
    height = 0.15 * rng.rayleigh(size=(24, 3)) / (1 + hertz**2)
    angle = 2 * np.pi * hertz * times[:, None, None] + rng.uniform(0, 2 * np.pi, (24, 3))
    position = (height * np.sin(angle)).sum(axis=1)
    return position, -(height * (2 * np.pi * hertz) ** 2 * np.sin(angle)).sum(axis=1)


def jitter(seed, shape, rate, color=0.0, sd=1e-3):
    """Noise whose power falls as f^color above 1 Hz."""
    white = np.random.default_rng((seed, 9)).standard_normal(shape)
    gain = np.maximum(np.fft.rfftfreq(shape[0], 1 / rate), 1.0) ** (color / 2)
    noise = np.fft.irfft(np.fft.rfft(white, axis=0) * gain[:, None], shape[0], axis=0)
    return sd * noise / np.sqrt(np.mean(gain**2))


def error(values, truth, rate, cutoff):
    smoothed = smooth(values, 1 / rate, np.full(values.shape[1], float(cutoff)))
    times = np.arange(len(values)) / rate
    edge = round(0.25 * rate)
    found = make_interp_spline(times, smoothed, k=5)(times, nu=2)
    return rms((found - truth)[edge:-edge])


def excess(values, truth, rate, floor=None):
    """Error with the chosen cut-off over that with the best one, minus 1."""
    chosen = choose_cutoffs(values[:, None], 1 / rate, floor)[0]
    grid = [chosen, *np.geomspace(2.5, 0.499 * rate, 24), np.inf]
    errors = [error(values, truth, rate, cutoff) for cutoff in grid]
    return errors[0] / min(errors) - 1


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "bar"), [(2.0, 0.25), (5.0, 0.15), (10.0, 0.05)])
@pytest.mark.parametrize("color", [0.0, -1.2])
@pytest.mark.parametrize("rate", [60.0, 256.0])
def test_cutoff_is_close_to_the_best(rate, color, seconds, bar):
    gaps = []
    for seed in range(6):
        position, truth = tones(seed, rate, seconds, (3.0, 6.0)[seed % 2])
        gaps.append(excess(position + jitter(seed, position.shape, rate, color), truth, rate))
    assert np.median(gaps) < bar


@pytest.mark.parametrize("rate", [30.0, 60.0, 240.0])
@settings(max_examples=5)
@given(seed=st.integers(0, 999), sd=st.sampled_from([1e-4, 1e-3, 5e-3]), fast=st.floats(2.5, 6))
def test_auto_is_never_worse_than_stencils(rate, seed, sd, fast):
    position, truth = tones(seed, rate, 10.0, fast)
    values = position + jitter(seed, position.shape, rate, sd=sd)
    chosen = choose_cutoffs(values[:, None], 1 / rate)[0]
    ours, edge = error(values, truth, rate, chosen), round(0.25 * rate)
    for n in (1, 4):
        stencil = (values[2 * n :] - 2 * values[n:-n] + values[: -2 * n]) * (rate / n) ** 2
        assert ours <= rms((stencil - truth[n:-n])[edge - n : n - edge])


@settings(max_examples=10)
@given(seed=st.integers(0, 999), fast=st.floats(1, 8), rate=st.sampled_from([60.0, 100.0, 240.0]))
def test_clean_motion_stays_as_it_is(seed, fast, rate):
    position, truth = tones(seed, rate, 4.0, fast)
    chosen = choose_cutoffs(position[:, None], 1 / rate)[0]
    edge = round(0.25 * rate)
    changed = smooth(position, 1 / rate, np.full(3, chosen)) - position
    assert rms(np.diff(changed, 2, axis=0)[edge:-edge] * rate**2) < 0.005 * rms(truth)


@pytest.mark.parametrize("frames", [9, 20, 60, 300])
@pytest.mark.parametrize("floor", [None, PowerLaw(1e-8, -1.0)])
def test_constant_acceleration_passes_up_to_the_ends(frames, floor):
    times = np.arange(frames) / 50.0
    fall = np.array([3.0, -1.0, 2.0]) * times[:, None] - 4.9 * times[:, None] ** 2
    cutoffs = np.repeat(choose_cutoffs(fall[:, None], 0.02, floor), 3)
    found = np.diff(smooth(fall, 0.02, cutoffs), 2, axis=0) * 2500
    assert np.abs(found + 9.8).max() < 1e-6


@pytest.mark.parametrize("rate", [15.0, 20.0, 30.0, 57.0, 120.0, 300.0])
def test_any_rate_gives_sane_cutoffs(rate):
    position, _ = tones(1, rate, 6.0, min(4.0, rate / 5))
    values = np.stack([position, 0 * position], axis=1) + jitter(
        1, (len(position), 6), rate
    ).reshape(-1, 2, 3)
    moving, resting = choose_cutoffs(values, 1 / rate)
    assert resting <= 4.0
    assert 0.2 * rate <= moving <= 0.5 * rate or 4.0 <= moving <= 12.0


def test_groups_do_not_see_each_other():
    rate = 60.0
    groups = [
        tones(seed, rate, 4.0, fast)[0] + jitter(seed, (240, 3), rate, sd=sd)
        for seed, (fast, sd) in enumerate([(2, 1e-3), (6, 1e-4), (5, 1e-2), (3, 1e-12), (4, 0.0)])
    ]
    together = choose_cutoffs(np.stack(groups, axis=1), 1 / rate)
    assert together.tolist() == [choose_cutoffs(g[:, None], 1 / rate)[0] for g in groups]


def test_units_do_not_matter():
    values = tones(3, 60.0, 5.0, 5.0)[0] + jitter(3, (300, 3), 60.0)
    one = choose_cutoffs(values[:, None], 1 / 60)
    for scale in (1e-6, 1e3):
        assert choose_cutoffs(scale * values[:, None], 1 / 60) == pytest.approx(one)


def test_ten_minutes_cost_little_memory():
    rate = 100.0
    position, _ = tones(2, rate, 600.0, 5.0)
    values = (position + jitter(2, position.shape, rate))[:, None]
    tracemalloc.start()
    long = choose_cutoffs(values, 1 / rate)[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e6 + values.nbytes
    assert long == pytest.approx(choose_cutoffs(values[:3000], 1 / rate)[0], rel=0.1)


@pytest.mark.parametrize("color", [0.0, -1.2, -2.0])
def test_fit_separates_noise_from_motion(color):
    rate = 120.0
    noise = jitter(4, (1200, 3), rate, color)
    values = (tones(4, rate, 10.0, 5.0)[0] + noise)[:, None]
    law = fit_noise(banded(spectrum(values, 1 / rate), 1 / rate, 3))
    frequency = np.array([8.0, 15.0, 30.0])
    gain = np.maximum(np.fft.rfftfreq(1200, 1 / rate), 1.0) ** color
    truth = 1e-6 * frequency**color / np.mean(gain) * 2 / rate
    assert np.abs(np.log(law.density(frequency)[:, 0] / truth)).max() < 0.4


def source(rate, seconds, color, count=12, loud=()):
    still = np.tile([1.0, 0.0, 0.0, 0.0], (round(rate * seconds), 1, 1))
    times = np.arange(len(still)) / rate
    for seed in range(count):
        position, _ = tones(seed, rate, seconds, 2.0 + seed % 5)
        sd = 1e-2 if seed in loud else 1e-3
        yield times, still, position + jitter(seed, position.shape, rate, color, sd)


@pytest.mark.parametrize("rate", [30.0, 100.0])
@pytest.mark.parametrize("color", [0.0, -1.2])
@pytest.mark.parametrize("loud", [(), (1, 7)])
def test_noise_of_a_source_is_learned(rate, color, loud):
    floor = learn_noise_floor(source(rate, 5.0, color, loud=loud))
    frequency = np.array([6.0, 10.0, 14.0])
    gain = np.maximum(np.fft.rfftfreq(round(5 * rate), 1 / rate), 1.0) ** color
    truth = 1e-6 * frequency**color / np.mean(gain) * 2 / rate
    assert np.abs(np.log(floor.translation.density(frequency) / truth)).max() < np.log(1.8)
    assert floor.rotation == PowerLaw(0.0, 0.0)


def test_learned_noise_serves_short_clips():
    rate = 30.0
    floor = learn_noise_floor(source(rate, 5.0, -1.2)).translation
    gaps = []
    for seed in range(9):
        position, truth = tones(50 + seed, rate, 2.0, 3.0)
        values = position + jitter(seed, position.shape, rate, -1.2)
        gaps.append(excess(values, truth, rate, floor))
    assert np.median(gaps) < 0.25


@pytest.mark.parametrize("sd", [1e-3, 1e-2])
def test_learned_noise_is_heeded_in_clips_of_less_than_a_second(sd):
    floor, ratios = PowerLaw(sd**2 * 2 / 60.0, 0.0), []
    for seed in range(12):
        position, truth = tones(seed, 60.0, 0.9, 4.0)
        values = position + jitter(seed, position.shape, 60.0, sd=sd)
        chosen = choose_cutoffs(values[:, None], 1 / 60, floor)[0]
        ratios.append([error(values, truth, 60.0, f) for f in (chosen, fallback_cutoff(1 / 60))])
    ours, blind = np.median(ratios, axis=0)
    assert ours < (1.25 if sd == 1e-3 else 0.8) * blind


def test_floor_is_the_same_at_other_rates_and_lengths():
    floors = [
        learn_noise_floor(source(rate, seconds, 0.0)).translation
        for rate, seconds in ((60.0, 4.0), (60.0, 9.0))
    ]
    assert floors[0].density(np.array([12.0])) == pytest.approx(
        floors[1].density(np.array([12.0])), rel=0.15
    )


def test_floor_accepts_clips_of_any_length_rate_and_clock():
    clips = [*source(60.0, 5.0, 0.0, 4), *source(100.0, 3.0, 0.0, 4), *source(30.0, 0.2, 0.0, 2)]
    times, quats, trans = clips[0]
    uneven = times + np.random.default_rng(0).uniform(-1e-3, 1e-3, len(times))
    floor = learn_noise_floor([*clips, (uneven, quats, trans)])
    assert np.isfinite([floor.translation.level, floor.translation.slope]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quats": np.zeros((40, 4))}, "quats must have shape"),
        ({"trans": np.zeros((3, 3))}, "trans must have shape"),
        ({"trans": np.full((40, 3), np.nan)}, "must be finite"),
        ({"times": np.zeros(40)}, "strictly increasing"),
        ({}, "No clip has 12 frames"),
    ],
)
def test_bad_clips_are_named(change, message):
    still = np.tile([1.0, 0.0, 0.0, 0.0], (40, 1, 1))
    clip = {"times": np.arange(40) / 60, "quats": still, "trans": np.zeros((40, 3)), **change}
    with pytest.raises(ValueError, match=message):
        learn_noise_floor([tuple(clip.values())])
