"""What the simulator learns in fit: sensors as they were worn, and the noise of each source."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from m3n_sklearn import Recording, cut, load, save
from m3n_sklearn.recording import channel_names
from m3n_sklearn.simulation import SMPLIMUSimulator
from m3n_sklearn.skeleton._rotations import quat_from_rotvec, rotvec_from_quat

from .clips import random_motion, rms

MOUNT = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
SITES = ("left_wrist", "chest")


def clips(count=3, seconds=4.0, **facts):
    return [
        random_motion(i, seconds=seconds, fastest=1.0, name=f"clip {i}", **facts)
        for i in range(count)
    ]


def noisy(motion, seed, angle=0.005, shift=0.001):
    rng = np.random.default_rng(seed)
    quats = quat_from_rotvec(motion.poses) + 0.5 * angle * rng.standard_normal(
        (*motion.poses.shape[:2], 4)
    )
    quats /= np.linalg.norm(quats, axis=-1, keepdims=True)
    trans = motion.trans + shift * rng.standard_normal(motion.trans.shape)
    return motion.replace(poses=rotvec_from_quat(quats), trans=trans)


def worn(motions, late=0.1):
    """Readings of sensors that are turned on the body, on a clock that is late."""
    exact = SMPLIMUSimulator(sites=SITES, mount=MOUNT).simulate(motions)
    return [recording.replace(start=recording.start + late) for recording in exact]


# ---- calibration


@pytest.mark.slow
def test_a_calibrated_simulator_reads_what_was_measured():
    motions = clips()
    measured = worn(motions)
    simulator = SMPLIMUSimulator(sites=SITES).fit(motions, measured=measured)
    assert set(simulator.calibration_) == set(SITES)
    for found in simulator.calibration_.values():
        assert np.abs(found.mount - MOUNT).max() < 1e-3
        assert found.lag == pytest.approx(0.1, abs=1e-3)
        assert "lag" in str(found)
    for ours, theirs in zip(simulator.simulate(motions), measured, strict=True):
        late = round(0.1 * ours.rate)
        assert rms(ours.data[late + 2 :] - theirs.data[2:-late]) < 0.02


@pytest.mark.slow
def test_windows_are_calibrated_row_by_row():
    X, _, _ = cut(clips(2), seconds=2.0)
    measured = SMPLIMUSimulator(sites=SITES, mount=MOUNT).transform(X)
    for given in (measured, measured["imu"]):
        simulator = SMPLIMUSimulator(sites=SITES).fit(X, measured=given)
        assert rms(simulator.transform(X)["imu"] - measured["imu"]) < 0.02


@pytest.mark.slow
def test_what_was_learned_is_kept_by_pickles_and_files(tmp_path):
    motions = clips(1)
    simulator = SMPLIMUSimulator(sites=SITES).fit(motions, measured=worn(motions))
    expected = simulator.simulate(motions[0]).data
    save(simulator, tmp_path / "simulator.m3n")
    for other in (
        pickle.loads(pickle.dumps(simulator)),
        load(tmp_path / "simulator.m3n"),
    ):
        assert np.array_equal(other.simulate(motions[0]).data, expected)
        assert str(other.calibration_["chest"]) == str(simulator.calibration_["chest"])
    assert not hasattr(clone(simulator), "calibration_")
    assert not hasattr(simulator.fit(motions), "calibration_")


@pytest.mark.slow
def test_a_single_sensor_may_have_any_name():
    motions = clips(2)
    measured = [
        Recording(r.select("chest").data, r.rate, channel_names("phone"), start=r.start)
        for r in worn(motions)
    ]
    simulator = SMPLIMUSimulator(sites="chest").fit(motions, measured=measured)
    assert np.abs(simulator.calibration_["chest"].mount - MOUNT).max() < 1e-3


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda r: r[:1], ValueError, "1 recordings, X has 2 motions"),
        (lambda r: [x.data for x in r], TypeError, "one Recording per motion, got list"),
        (lambda r: [x.select("chest") for x in r], ValueError, "no readings of left_wrist"),
        (lambda r: [x.replace(channels=None) for x in r], ValueError, "must have channel names"),
    ],
)
def test_measured_readings_must_belong_to_the_motions(change, error, message):
    motions = clips(2)
    with pytest.raises(error, match=message):
        SMPLIMUSimulator(sites=SITES).fit(motions, measured=change(worn(motions)))


def test_measured_needs_motions():
    readings = np.zeros((3, 6, 100))
    with pytest.raises(ValueError, match="measured needs the poses"):
        SMPLIMUSimulator(sites="chest").fit(readings, measured=readings)


@pytest.mark.parametrize(
    ("measured", "message"),
    [(np.zeros((1, 12, 100)), "has 1 rows"), (np.zeros((9, 100)), r"\(n, channels, samples\)")],
)
def test_measured_windows_must_fit_the_poses(measured, message):
    X, _, _ = cut(clips(3), seconds=2.0, overlap=0.5)
    assert len(X) == 9
    with pytest.raises(ValueError, match=message):
        SMPLIMUSimulator(sites=SITES).fit(X, measured=measured)


# ---- the noise of sources


def test_each_source_has_a_noise_of_its_own():
    quiet, loud = clips(4, source="optical"), clips(4, source="camera")
    mixed = [noisy(m, i, 0.001) for i, m in enumerate(quiet)]
    mixed += [noisy(m, i, 0.02) for i, m in enumerate(loud)]
    simulator = SMPLIMUSimulator(sites=SITES).fit(mixed)
    assert set(simulator.body_noise_) == {"optical", "camera"}
    alone = SMPLIMUSimulator(sites=SITES).fit(mixed[4:])
    assert np.array_equal(simulator.simulate(mixed[5]).data, alone.simulate(mixed[5]).data)
    X, _, _ = cut(mixed, seconds=2.0)
    assert set(SMPLIMUSimulator(sites=SITES).fit(X).body_noise_) == {"optical", "camera"}


@pytest.mark.slow
def test_a_learned_floor_serves_windows_that_are_too_short_to_show_their_noise():
    exact = clips(8)
    given = [noisy(m, i) for i, m in enumerate(exact)]
    X, _, _ = cut(given, seconds=0.5, overlap=0.0, margin=0.2)
    truth, _, _ = cut(exact, seconds=0.5, overlap=0.0, margin=0.2)
    expected = SMPLIMUSimulator(sites=SITES, smoothing=None).transform(truth)["imu"]
    errors = [
        rms(simulator.transform(X)["imu"] - expected)
        for simulator in (SMPLIMUSimulator(sites=SITES).fit(X), SMPLIMUSimulator(sites=SITES))
    ]
    assert errors[0] < errors[1]


def test_nothing_is_learned_where_nothing_is_chosen():
    simulator = SMPLIMUSimulator(sites=SITES, smoothing=6.0).fit(clips(2))
    assert not hasattr(simulator, "body_noise_")
