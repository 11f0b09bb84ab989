"""Bad parameters and inputs of the simulator are refused with words that help."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn import IMUNoise, SMPLIMUSimulator, Windows, rigid_body_imu

from ..refusals import MOTION, NAN, PLACES, RNG, STILL, TURNS, cases, refuses


@cases(
    (lambda: rigid_body_imu("a", TURNS, rate=50), ValueError, "position", "str"),
    (lambda: rigid_body_imu(PLACES, TURNS * 5, rate=50), ValueError, "length 1", "Normalize"),
    (lambda: rigid_body_imu(PLACES, TURNS), ValueError, "rate=", "times="),
    (lambda: rigid_body_imu(PLACES, TURNS, times=-np.arange(50.0)), ValueError, "increasing"),
    (lambda: rigid_body_imu(PLACES, TURNS, rate=50, lever_arm="a"), ValueError, "lever_arm"),
    (lambda: rigid_body_imu(PLACES, TURNS, rate=50, smoothing="x"), ValueError, "'auto'"),
)
def test_rigid_bodies_and_comparison(call, error, words):
    refuses(call, error, *words)


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({"body": None}, ValueError, ("NoneType is not a body",)),
        ({"sites": None}, TypeError, ("sites must be site names", "NoneType")),
        ({"smoothing": "strong"}, ValueError, ("'smoothing'", "auto")),
        ({"mount": np.ones((3, 3))}, ValueError, ("mount is not a rotation matrix",)),
        ({"mount": ["a"]}, ValueError, ("mount", "real numbers")),
    ],
)
def test_parameters_of_the_simulator(parameters, error, words):
    refuses(lambda: SMPLIMUSimulator(**parameters).simulate(MOTION), error, *words)


POSE_WINDOWS = Windows(pose=np.zeros((3, 40, 24, 3)), rate=30.0)


@cases(
    (
        lambda: SMPLIMUSimulator().transform(POSE_WINDOWS.assign(stature=["tall"] * 3)),
        ValueError,
        "'stature'",
        "one number of m",
    ),
    (
        lambda: SMPLIMUSimulator().transform(POSE_WINDOWS.assign(stature=np.full(3, 180.0))),
        ValueError,
        "meters",
        "180",
    ),
    (lambda: SMPLIMUSimulator().fit(np.zeros((3, 4, 24, 3))), ValueError, "Windows(pose="),
    (lambda: SMPLIMUSimulator().fit(np.full((3, 6, 9), NAN)), ValueError, "contains NaN"),
    (lambda: SMPLIMUSimulator().fit([]), ValueError, "list of motions is empty"),
    (lambda: SMPLIMUSimulator().fit("walk.npz"), TypeError, "fit takes motions", "str"),
    (lambda: SMPLIMUSimulator().fit(iter([MOTION])), TypeError, "fit takes motions", "iterator"),
    (lambda: IMUNoise().apply(STILL, -50, RNG), ValueError, "rate", "-50"),
    (lambda: IMUNoise().apply(STILL * NAN, 50, RNG), ValueError, "not finite"),
    (lambda: IMUNoise().apply(STILL, 50, 0), TypeError, "numpy.random.Generator"),
)
def test_simulation(call, error, words):
    refuses(call, error, *words)
