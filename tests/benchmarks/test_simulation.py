"""The exact motions and the formulas of others, on rotations that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.simulation.baselines import GYROS
from benchmarks.simulation.motions import GRAVITY, ArmMotion, from_w_first, w_first
from benchmarks.simulation.real import same_sign

RATE = 1000.0


def test_quaternions_have_the_scalar_first():
    turn = Rotation.from_rotvec([[0.0, 0.0, np.pi / 2]])
    np.testing.assert_allclose(w_first(turn), [[np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)]])
    np.testing.assert_allclose(from_w_first(w_first(turn)).as_matrix(), turn.as_matrix())


def test_signs_follow_the_first_quaternion():
    angles = np.linspace(0.0, 7.0, 50)[:, None]
    smooth = w_first(Rotation.from_rotvec(angles * [0.0, 0.6, 0.8]))
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (50, 1))
    signs[0] = 1.0
    np.testing.assert_array_equal(same_sign(signs * smooth), smooth)


@pytest.mark.parametrize("kind", ["A", "E"])
def test_derivatives_of_the_exact_motion_are_those_of_its_positions(kind):
    times = np.arange(400) / RATE
    truth = ArmMotion(kind, 0, 0.4).truth(times)
    second = np.diff(truth.position, 2, axis=0) * RATE**2
    np.testing.assert_allclose(second, truth.acceleration[1:-1], atol=0.5)
    free = truth.rotation.apply(truth.force) + GRAVITY
    np.testing.assert_allclose(free, truth.acceleration, atol=1e-9)


@pytest.mark.parametrize("name", list(GYROS))
def test_formulas_of_the_gyro_agree_at_a_high_rate(name):
    truth = ArmMotion("A", 0, 0.4).truth(np.arange(400) / RATE)
    found = GYROS[name](truth.rotation, RATE)[1:-1]
    np.testing.assert_allclose(found, truth.gyro[1:-1], atol=0.01)
