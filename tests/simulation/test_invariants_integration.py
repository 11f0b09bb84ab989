"""Strapdown navigation: readings, integrated, lead back to the motion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.interpolate import make_interp_spline

from m3n_sklearn.skeleton._rotations import matrix_from_rotvec, rotvec_from_matrix

from .clips import gap
from .laws import Law, checks
from .scenes import G, scenes

SAMPLINGS = ((15.0, None), (60.0, None), (60.0, 6.0), (60.0, "auto"))


def chained(start, steps):
    """Rotation after each of the steps (T, 3), taken in the body's own axes one by one."""
    turns = [start]
    for step in matrix_from_rotvec(steps):
        turns.append(turns[-1] @ step)
    return np.array(turns)


def magnus_steps(rate, dt):
    """Steps over every two samples, of order 4: Simpson's rule and the first commutator.

    Blanes, Casas, Oteo, Ros (2009): The Magnus expansion and some of its applications.
    """
    first, middle, last = rate[:-2:2], rate[1:-1:2], rate[2::2]
    return dt / 3 * (first + 4 * middle + last) + dt**2 / 3 * np.cross(first, last)


def apart(a, b):
    """Largest angle between two series of rotations, in degrees."""
    turns = rotvec_from_matrix(a.swapaxes(-1, -2) @ b)
    return float(np.rad2deg(np.linalg.norm(turns, axis=-1).max()))


@pytest.mark.slow
@checks(Law.RATE_TO_ORIENTATION)
@settings(max_examples=3)
@given(scenes(samplings=SAMPLINGS, rates=[400.0], seconds=60.0))
def test_rate_integrates_to_orientation(scene):
    rate = scene.read()[:, 0, 1]
    times = np.arange(0, len(rate), 2) / scene.rate
    truth = scene.sensors(times).rotation[:, 0]
    found = chained(truth[0], magnus_steps(rate, 1 / scene.rate))
    assert apart(found, truth) < Law.RATE_TO_ORIENTATION.limit


@pytest.mark.slow
@checks(Law.MEAN_RATE_TO_ORIENTATION)
@settings(max_examples=4)
@given(scenes(samplings=SAMPLINGS, rates=[30.0, 200.0], seconds=60.0))
def test_mean_rate_steps_to_orientation(scene):
    rate = scene.read(readout="mean")[:, 0, 1]
    times = np.arange(len(rate)) / scene.rate
    truth = scene.sensors(times).rotation[:, 0]
    found = chained(truth[0], rate[1:] / scene.rate)
    assert apart(found, truth) < Law.MEAN_RATE_TO_ORIENTATION.limit


@pytest.mark.slow
@checks(Law.STRAPDOWN)
@settings(max_examples=5)
@given(scenes(samplings=SAMPLINGS, rates=[480.0], seconds=10.0))
def test_strapdown_integrates_to_position(scene):
    readings, dt = scene.read()[:, 0], 1 / scene.rate
    times = np.arange(0, len(readings), 2) * dt
    track = scene.sensors(times)
    turns = chained(track.rotation[0, 0], magnus_steps(readings[:, 1], dt))
    acceleration = np.einsum("tij,tj->ti", turns, readings[::2, 0]) - [0, 0, G]
    moved = make_interp_spline(times, acceleration, k=5).antiderivative(2)(times)
    place = track.position[0, 0] + times[:, None] * track.velocity[0, 0] + moved
    assert gap(place, track.position[:, 0]) < Law.STRAPDOWN.limit * 1e-3
