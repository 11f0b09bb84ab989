"""Smoothing: harmless to clean tracks and steady motions, never worse than finite differences."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from m3n_sklearn.simulation import fit_trajectory, rigid_body_imu
from m3n_sklearn.skeleton._rotations import matrix_from_quat, quat_from_rotvec

from .clips import gap, random_quat, rms
from .laws import Law, checks
from .scenes import SEEDS, G, few, scenes

RATES = st.sampled_from([15.0, 30.0, 60.0, 120.0, 300.0])
SMOOTHINGS = st.sampled_from([None, "auto", 4.0, 8.0])
NO_GRAVITY = (0.0, 0.0, 0.0)


@pytest.mark.slow
@checks(Law.CLEAN_POSES)
@few
@given(
    scenes(samplings=[(rate, "auto") for rate in (60.0, 100.0, 120.0, 240.0, 300.0)]),
    st.sampled_from([1.0, 2.0, 4.0, 8.0]),
    st.sampled_from([2.0, 5.0]),
)
def test_clean_poses_stay_as_they_are(scene, fastest, seconds):
    scene = dataclasses.replace(scene, fastest=fastest, seconds=seconds, jitter=0.0)
    edge = round(0.3 * scene.rate) if seconds == 2.0 else 0
    plain, found = scene.read(smoothing=None), scene.read()
    error = (found - plain)[edge : len(plain) - edge, :, 0]
    assert rms(error) < Law.CLEAN_POSES.limit * rms(plain[:, :, 0])


@checks(Law.SMOOTHED_ACCELERATION)
@few
@given(SEEDS, RATES, SMOOTHINGS, st.sampled_from([1.0, 3.0, 6.0]))
def test_constant_acceleration_passes(seed, rate, smoothing, seconds):
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate) + 1)[:, None] / rate
    start, pace, push = rng.uniform(-3, 3, (3, 3))
    track = start + times * pace + 0.5 * times**2 * push
    turns = np.tile(random_quat(rng), (len(times), 1))
    facts = {"rate": rate, "smoothing": smoothing, "gravity": NO_GRAVITY}
    acc, gyro = rigid_body_imu(track, turns, **facts)
    limit = Law.SMOOTHED_ACCELERATION.limit
    assert gap(acc, push @ matrix_from_quat(turns[0])) < limit
    assert np.abs(gyro).max() < limit


@pytest.mark.slow
@checks(Law.SMOOTHED_RATE)
@few
@given(SEEDS, RATES, SMOOTHINGS, st.floats(0.1, 3.0))
def test_constant_rate_passes(seed, rate, smoothing, speed):
    axis = matrix_from_quat(random_quat(np.random.default_rng(seed)))[0]
    times = np.arange(round(4 * rate) + 1)[:, None] / rate
    quats = quat_from_rotvec(times * speed * axis)
    _, gyro = rigid_body_imu(np.zeros((len(times), 3)), quats, rate=rate, smoothing=smoothing)
    edge = round(rate) if isinstance(smoothing, float) else 0
    assert gap(gyro[edge : len(gyro) - edge], speed * axis) < Law.SMOOTHED_RATE.limit


MOTIONS = {  # fastest component (Hz), root mean square acceleration (m/s²), fall of the heights
    "slow": (4.0, 8.0, 1.5),
    "exercise": (8.0, 25.0, 1.5),
    "vigorous": (12.0, 74.0, 1.5),
    "broadband": (15.0, 18.0, 3.0),
    "impacts": (8.0, 25.0, 1.5),
}


def tracks(kind, rng, times, clips=6):
    """Positions (F, clips, 3) and their accelerations."""
    fastest, size, fall = MOTIONS[kind]
    hertz = rng.uniform(0.2, fastest, (40, clips, 3))
    phase = rng.uniform(0, 2 * np.pi, hertz.shape)
    height = rng.standard_normal(hertz.shape) * np.maximum(hertz, 1.0) ** -fall
    angle = 2 * np.pi * hertz * times[:, None, None, None] + phase
    position = (height * np.sin(angle)).sum(axis=1)
    acceleration = (-height * (2 * np.pi * hertz) ** 2 * np.sin(angle)).sum(axis=1)
    scale = size / rms(acceleration)
    position, acceleration = scale * position, scale * acceleration
    if kind == "impacts":  # of 3 g and 12 ms
        since = times[:, None, None] - rng.uniform(0.5, times[-1] - 0.5, (3, clips, 3))[:, None]
        width = 0.012
        bell = np.exp(-0.5 * (since / width) ** 2)
        push = 3 * G * width**2
        position = position + (push * bell).sum(axis=0)
        curved = push * bell * ((since / width) ** 2 - 1) / width**2
        acceleration = acceleration + curved.sum(axis=0)
    return position, acceleration


def accelerations(times, values, smoothing):
    still = np.tile([1.0, 0.0, 0.0, 0.0], (*values.shape[:2], 1, 1))
    return fit_trajectory(times, still, values, smoothing).evaluate(times).linear_acceleration


def errors(found, truth, edge):
    """Root mean square error of each clip, inside."""
    return np.sqrt(np.mean((found - truth)[edge:-edge] ** 2, axis=(0, 2)))


# Broadband motion reaches past the noise that 30 and 60 Hz leave room for, and little jitter is
# mistaken for part of an impact's spectrum, or the other way round.
CASES = [
    (kind, jitter, rate)
    for kind in MOTIONS
    for jitter in (1e-4, 3e-4, 1e-3, 5e-3)
    for rate in (30.0, 60.0, 100.0, 120.0, 240.0)
    if not (kind == "broadband" and rate < 100.0) and not (kind == "impacts" and jitter < 3e-4)
]


@pytest.mark.slow
@checks(Law.FINITE_DIFFERENCES)
@few
@given(SEEDS, st.sampled_from(CASES))
@example(1, ("vigorous", 5e-3, 30.0))  # no band without motion: its slope looks like noise
@example(512, ("vigorous", 5e-3, 30.0))
def test_never_worse_than_finite_differences(seed, case):
    times, values, truth, edge = jittered_tracks(seed, *case)
    auto = rms(errors(accelerations(times, values, "auto"), truth, edge))
    for step in (1, 4):
        padded = np.pad(values, ((step, step), (0, 0), (0, 0)), mode="edge")
        second = padded[2 * step :] - 2 * values + padded[: -2 * step]
        assert auto <= rms(errors(second * (case[2] / step) ** 2, truth, edge))


@pytest.mark.slow
@checks(Law.BEST_CUTOFF)
@few
@given(SEEDS, st.sampled_from([x for x in CASES if x[0] in ("slow", "exercise") and x[1] < 5e-3]))
def test_close_to_the_best_cutoff(seed, case):
    times, values, truth, edge = jittered_tracks(seed, *case)
    auto = rms(errors(accelerations(times, values, "auto"), truth, edge))
    cutoffs = [hz for hz in np.geomspace(2.0, 0.49 * case[2], 16) if hz > 0.008 * case[2]]
    known = [errors(accelerations(times, values, hz), truth, edge) for hz in (*cutoffs, None)]
    assert auto <= Law.BEST_CUTOFF.limit * rms(np.min(known, axis=0))


def jittered_tracks(seed, kind, jitter, rate):
    """Times, noisy positions, true accelerations, and how many frames at the ends don't count."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(10 * rate)) / rate
    position, truth = tracks(kind, rng, times)
    noise = jitter * rng.standard_normal(position.shape)
    return times, position + noise, truth, round(0.2 * rate)
