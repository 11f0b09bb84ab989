"""The simulator against measured wrists: from Kinect skeletons to the readings of an IMU."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.datasets import load_utd_mhad
from m3n_sklearn.simulation import compare_imu

BANDWIDTH = 3.0
"""Hz. What a Kinect at 19 frames per second shows of a wrist's acceleration."""


@pytest.mark.slow
def test_simulated_wrists_resemble_measured_ones(shared_data):
    utd = load_utd_mhad(shared_data("utd_mhad"), actions="wrist", seconds=None)
    assert {motion.subject for motion in utd.motions} == {1, 2, 3, 4}
    simulated = SMPLIMUSimulator(sites=("right_wrist",), rate=50.0).simulate(utd.motions)
    rows = []
    for ours, theirs in zip(simulated, utd.recordings, strict=True):
        n = min(ours.n_samples, theirs.n_samples)
        rows.append(compare_imu(ours.data[:n], theirs.data[:n], rate=50.0, bandwidth=BANDWIDTH))
    assert np.median([row.norm_correlation[0] for row in rows]) >= 0.65
    assert 0.8 <= np.median([row.amplitude_ratio[0] for row in rows]) <= 1.25
    assert np.median([row.norm_correlation[1] for row in rows]) >= 0.75  # angular rate
