"""The body and the sensors that a simulator shows are those that it simulates."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn import Motion, SMPLIMUSimulator
from m3n_sklearn.body import site_kinematics
from m3n_sklearn.simulation import Randomization
from m3n_sklearn.skeleton import quat_from_rotvec


def test_gravity_is_read_in_the_axes_of_the_worn_sensors():
    poses = np.random.default_rng(0).normal(scale=0.3, size=(1, 24, 3)).repeat(60, axis=0)
    motion = Motion(poses, rate=30.0, name="still", stature=1.9)
    simulator = SMPLIMUSimulator(
        sites=("left_wrist", "chest"),
        mount={"chest": np.diag([-1.0, -1.0, 1.0])},
        randomize=Randomization(mount_angle=0.4, stature_sd=0.1),
        random_state=0,
    )
    body, sites = simulator.worn(motion)
    still, origin = np.zeros((60, 24, 3)), np.zeros((60, 3))
    found = site_kinematics(
        body, sites, quat_from_rotvec(poses), still, still, origin, origin, origin
    )
    up = found.rotation[30, :, 2, :] * 9.80665  # world z in the axes of each sensor
    read = simulator.simulate(motion).data[50].reshape(2, 6)[:, :3]
    np.testing.assert_allclose(read, up, atol=1e-6)
    assert body.stature == pytest.approx(1.9 + simulator.draws(motion)["taller"][0])


def test_one_motion_is_needed():
    with pytest.raises(TypeError, match="worn takes one Motion, got list"):
        SMPLIMUSimulator().worn([])
