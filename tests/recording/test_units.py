from __future__ import annotations

import warnings

import numpy as np
import pytest

from m3n_sklearn.recording import (
    STANDARD_GRAVITY,
    UnitsWarning,
    acc_from_g,
    gyro_from_dps,
    warn_units,
)


@pytest.fixture
def acc():
    rng = np.random.default_rng(0)
    return np.array([0.0, 0.0, STANDARD_GRAVITY]) + rng.normal(0, 1.5, (500, 3))


@pytest.fixture
def gyro():
    return np.random.default_rng(1).normal(0, 1.0, (500, 3))


def test_si_units_pass_in_silence(acc, gyro):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_units(acc, gyro)
        warn_units(acc.T, gyro.T, axis=0)


@pytest.mark.parametrize(
    ("factor", "unit", "mend"),
    [(1 / STANDARD_GRAVITY, "g", "9.80665"), (1000 / STANDARD_GRAVITY, "mg", "0.00980665")],
)
def test_other_units_of_acceleration_warn_with_the_factor(acc, factor, unit, mend):
    with pytest.warns(UnitsWarning, match=f"look like {unit}: multiply by {mend}"):
        warn_units(acc * factor)


def test_degrees_per_second_warn_with_the_factor(gyro):
    with pytest.warns(UnitsWarning, match=r"pi/180 = 0\.0174533"):
        warn_units(gyro=np.rad2deg(gyro))


def test_conversions_undo_the_other_unit(acc, gyro):
    np.testing.assert_allclose(acc_from_g(acc / STANDARD_GRAVITY), acc)
    np.testing.assert_allclose(gyro_from_dps(np.rad2deg(gyro)), gyro)


def test_lost_samples_do_not_count(acc):
    acc[::2] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_units(acc)


def test_the_axis_must_be_a_vector(acc):
    with pytest.raises(ValueError, match="length 3"):
        warn_units(acc.T)


def test_exchanged_sensors_are_named():
    still, turning = np.tile([0.0, 0.0, 9.8], (100, 1)), np.tile([0.5, 0.3, 0.1], (100, 1))
    with pytest.warns(UnitsWarning, match="look exchanged"):
        warn_units(turning, still)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_units(still, turning)
