"""Calibration: known sensors are found again, and what can't be seen is said and left alone."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m3n_sklearn.body import Site, default_body, resolve_sites
from m3n_sklearn.simulation import (
    Measured,
    SensorTrack,
    calibrate,
    rigid_body_imu,
    track_of_rigid_body,
    track_of_site,
)
from m3n_sklearn.simulation._rigid_body import GRAVITY
from m3n_sklearn.simulation.calibration._model import GROUPS
from m3n_sklearn.skeleton._rotations import (
    matrix_from_rotvec,
    quat_from_rotvec,
    quat_multiply,
    random_rotations,
)

from .clips import random_motion, waves

RATE = 100.0
ERRORS = ("acc_bias", "acc_scale", "gyro_bias", "gyro_scale")


def angle(a, b):
    """Degrees between two rotations."""
    return np.degrees(np.arccos(np.clip((np.trace(a.T @ b) - 1) / 2, -1, 1)))


@cache
def scene(seed, *, clips=2, seconds=8.0, axes=3, moving=1.0, jitter=0.0, noise=0.0, tilt=0.0):
    """A rigid body that moves at random, and an imperfect sensor on it."""
    rng = np.random.default_rng(seed)
    true = SimpleNamespace(
        mount=random_rotations(1, rng)[0],
        gravity=matrix_from_rotvec([tilt, -tilt / 2, 0.0]) @ np.array(GRAVITY),
        lag=rng.uniform(-0.3, 0.3),
        lever_arm=rng.normal(0, 0.04, 3),
        acc_bias=rng.normal(0, 0.2, 3),
        acc_scale=1 + rng.normal(0, 0.02, 3),
        gyro_bias=rng.normal(0, 0.03, 3),
        gyro_scale=1 + rng.normal(0, 0.02, 3),
    )
    tracks, measured = [], []
    for _ in range(clips):
        times = np.arange(int(seconds * RATE)) / RATE
        swing = moving * waves(rng, times, (3,), 0.8) * (np.arange(3) >= 3 - axes)
        pose, track = quat_from_rotvec(swing), moving * waves(rng, times, (3,), 0.1)
        acc, gyro = rigid_body_imu(
            track,
            pose,
            times=times,
            mount=true.mount,
            lever_arm=true.lever_arm,
            gravity=true.gravity,
        )
        acc = true.acc_scale * acc + true.acc_bias + rng.normal(0, 10 * noise, acc.shape)
        gyro = true.gyro_scale * gyro + true.gyro_bias + rng.normal(0, noise, gyro.shape)
        if jitter:
            pose = quat_multiply(pose, quat_from_rotvec(rng.normal(0, jitter, track.shape)))
            track = track + rng.normal(0, jitter / 4, track.shape)
        tracks.append(track_of_rigid_body(times, track, pose, "auto" if jitter else None))
        measured.append(Measured(times + true.lag, acc, gyro))
    return tracks, measured, true


@pytest.mark.slow
@settings(max_examples=6)
@given(seed=st.integers(0, 1000), tilt=st.floats(-0.3, 0.3))
def test_sensors_are_found_again(seed, tilt):
    tracks, measured, true = scene(seed, tilt=tilt)
    found = calibrate(tracks, measured)
    assert all(found.identified.values()), found
    assert angle(found.mount, true.mount) < 0.01
    assert angle_between(found.gravity, true.gravity) < 0.01
    assert abs(found.lag - true.lag) < 1e-4
    assert np.abs(found.lever_arm - true.lever_arm).max() < 1e-4
    for name in ERRORS:
        assert np.abs(getattr(found, name) - getattr(true, name)).max() < 1e-3
    assert found.rmse_after[0] < 0.02
    assert found.rmse_after[0] < found.rmse_before[0] / 100


def angle_between(a, b):
    return np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1)))


@pytest.mark.parametrize("seed", range(3))
def test_noise_on_both_sides(seed):
    tracks, measured, true = scene(seed, jitter=0.003, noise=0.005)
    found = calibrate(tracks, measured)
    assert angle(found.mount, true.mount) < 0.1
    assert abs(found.lag - true.lag) < 1e-3
    assert np.abs(found.lever_arm - true.lever_arm).max() < 1e-3
    limits = (0.1, 0.01, 0.005, 0.005)
    for name, limit in zip(ERRORS, limits, strict=True):
        assert np.abs(getattr(found, name) - getattr(true, name)).max() < limit


@pytest.mark.slow
def test_errors_agree_with_what_is_claimed():
    ratios = []
    for seed in range(8):
        tracks, measured, true = scene(seed, noise=0.01)
        found = calibrate(tracks, measured)
        for name in (*ERRORS, "lever_arm"):
            gap = getattr(found, name) - getattr(true, name)
            ratios.append(gap / found.standard_errors[name])
    assert 0.6 < np.sqrt(np.mean(np.square(ratios))) < 1.5


def test_person_with_a_sensor_beside_its_site():
    body, mount = default_body(), matrix_from_rotvec([1.0, 0.5, -2.0])
    [site] = resolve_sites(body, "left_wrist")
    shift = np.array([0.02, -0.01, 0.015])
    moved = Site(
        "moved",
        bone=site.bone,
        offset=site.offset + shift,
        orientation=site.orientation @ mount,
        vertices=site.vertices,
        vertex_weights=site.vertex_weights,
    )
    tracks, measured = [], []
    for seed in range(2):
        motion = random_motion(seed, seconds=5.0, fastest=1.0)
        tracks.append(track_of_site(body, "left_wrist", motion, smoothing=None))
        times = np.arange(20, 480) / 100.0
        rotation, acceleration, _, rate = track_of_site(body, moved, motion, None).evaluate(times)
        force = np.einsum("tji,tj->ti", rotation, acceleration - np.array(GRAVITY))
        measured.append(Measured(times - 0.1, force, rate))
    found = calibrate(tracks, measured)
    assert angle(found.mount, mount) < 0.01
    assert np.abs(found.lever_arm - shift).max() < 1e-4
    assert abs(found.lag + 0.1) < 1e-4


def test_prediction_repeats_the_readings():
    tracks, measured, _ = scene(3)
    found = calibrate(tracks[:1], measured[:1])
    acc, gyro = found.predict(tracks[1], measured[1].times)
    assert np.abs(acc - measured[1].acc).max() < 0.2
    assert np.abs(gyro - measured[1].gyro).max() < 0.01
    ideal = np.ones((2, 5, 3))
    acc, gyro = found.apply(ideal, ideal)
    np.testing.assert_allclose(acc[0, 0], found.acc_scale + found.acc_bias)
    np.testing.assert_allclose(gyro[0, 0], found.gyro_scale + found.gyro_bias)


@pytest.mark.parametrize("jitter", [0.0, 0.003])
def test_still_clip(jitter):
    tracks, measured, true = scene(0, moving=0.0, jitter=jitter, noise=0.003)
    found = calibrate(tracks, measured)
    assert [n for n, known in found.identified.items() if known] == ["gyro_bias"]
    assert np.abs(found.gyro_bias - true.gyro_bias).max() < 1e-3
    assert found.lag == 0
    assert not found.lever_arm.any() and not found.acc_bias.any()
    assert (found.acc_scale == 1).all() and (found.gyro_scale == 1).all()
    np.testing.assert_allclose(found.gravity, GRAVITY)
    # what is seen of the mount is the vertical; about it, it is turned no more than needed
    up = np.mean(measured[0].acc, axis=0)
    assert angle_between(found.mount.T @ [0, 0, 1.0], up) < 0.5
    assert angle(found.mount, np.eye(3)) <= angle_between(np.array([0, 0, 1.0]), up) + 0.5
    assert "free about" in found.notes["mount"]


def test_rates_about_one_axis_leave_the_mount_free_about_it():
    tracks, measured, true = scene(1, axes=1, noise=0.003)
    found = calibrate(tracks, [m._replace(acc=None) for m in measured])
    assert not found.identified["mount"]
    assert angle_between(found.mount.T @ [0, 0, 1.0], true.mount.T @ [0, 0, 1.0]) < 0.5
    assert found.identified["lag"]


def test_rotation_about_one_axis_hides_the_lever_arm_along_it():
    tracks, measured, true = scene(1, axes=1, noise=0.003)
    found = calibrate(tracks, measured)
    assert angle(found.mount, true.mount) < 0.2
    assert not found.identified["lever_arm"]
    np.testing.assert_allclose(found.lever_arm[:2], true.lever_arm[:2], atol=2e-3)
    assert abs(found.lever_arm[2]) < 1e-3
    assert "along" in found.notes["lever_arm"]


@pytest.mark.parametrize("missing", ["acc", "gyro"])
def test_one_sensor_alone(missing):
    tracks, measured, true = scene(2, noise=0.003)
    found = calibrate(tracks, [m._replace(**{missing: None}) for m in measured])
    assert angle(found.mount, true.mount) < 0.1
    assert abs(found.lag - true.lag) < 1e-3
    assert not found.identified[f"{missing}_bias"]
    assert found.notes[f"{missing}_scale"] == f"no {missing} was measured"
    assert not getattr(found, f"{missing}_bias").any()
    assert np.isnan(found.rmse_after[0 if missing == "acc" else 1])


def test_too_short():
    tracks, measured, _ = scene(0, clips=1, seconds=0.9)
    found = calibrate(tracks, measured)
    assert not any(found.identified.values())
    np.testing.assert_array_equal(found.mount, np.eye(3))
    assert found.lag == 0
    assert "1 s are needed" in found.notes["mount"]
    assert found.rmse_after == found.rmse_before


def test_nothing_else_is_touched_when_not_asked_for():
    tracks, measured, true = scene(2)
    found = calibrate(tracks, measured, gravity=False, lever_arm=False, bias=False, scale=False)
    np.testing.assert_array_equal(found.gravity, GRAVITY)
    assert not found.lever_arm.any()
    assert angle(found.mount, true.mount) < 3
    assert found.notes["lever_arm"] == "not asked for"
    moved = [m._replace(times=m.times - true.lag) for m in measured]
    assert calibrate(tracks, moved, lag=False).lag == 0


def test_order_of_clips_is_irrelevant():
    tracks, measured, _ = scene(5, clips=4, seconds=3.0, noise=0.01)
    first = calibrate(tracks, measured, lag="per_clip")
    order = [2, 0, 3, 1]
    second = calibrate([tracks[i] for i in order], [measured[i] for i in order], lag="per_clip")
    np.testing.assert_allclose(second.mount, first.mount, atol=1e-9)
    np.testing.assert_allclose(second.lags, first.lags[order], atol=1e-9)
    np.testing.assert_allclose(second.acc_bias, first.acc_bias, atol=1e-8)


def test_clips_may_have_their_own_lags():
    tracks, measured, true = scene(6, clips=3, noise=0.003)
    late = [0.0, 0.08, -0.12]
    shifted = [m._replace(times=m.times + d) for m, d in zip(measured, late, strict=True)]
    found = calibrate(tracks, shifted, lag="per_clip")
    np.testing.assert_allclose(found.lags, true.lag + np.array(late), atol=1e-3)
    assert angle(found.mount, true.mount) < 0.1


def test_a_bad_clip_does_little_harm():
    tracks, measured, true = scene(7, clips=4, noise=0.003)
    wrong = [*measured[:3], measured[3]._replace(acc=measured[3].acc[::-1, [1, 0, 2]])]
    found = calibrate(tracks, wrong)
    assert angle(found.mount, true.mount) < 0.5
    assert abs(found.lag - true.lag) < 1e-3


def test_the_expected_mount_decides_what_the_data_leave_open():
    tracks, measured, _ = scene(0, moving=0.0, noise=0.003)
    expected = matrix_from_rotvec([0.3, 1.0, -0.4])
    up = np.mean(measured[0].acc, axis=0)
    found = calibrate(tracks, measured, mount=expected)
    assert angle_between(found.mount.T @ [0, 0, 1.0], up) < 0.5
    least = angle_between(expected.T @ [0, 0, 1.0], up)
    assert angle(found.mount, expected) <= least + 0.5


def test_report_names_everything():
    tracks, measured, _ = scene(0, moving=0.0, noise=0.003)
    report = str(calibrate(tracks, measured))
    assert all(name in report for name in GROUPS)
    assert "not identified" in report and "m/s²" in report


def test_left_handed_axes_are_noticed():
    tracks, measured, _ = scene(4)
    with pytest.warns(UserWarning, match="left-handed"):
        calibrate(tracks, [m._replace(gyro=m.gyro * [1, 1, -1]) for m in measured])


TIMES = np.arange(800) / RATE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"acc": np.zeros((5, 3))}, "must be readings of shape"),
        ({"gyro": np.full((800, 3), np.nan)}, "not finite"),
        ({"times": TIMES[::-1]}, "strictly increasing"),
        ({"times": TIMES + 1e4}, "No reading was taken"),
        ({"acc": None, "gyro": None}, "Nothing was measured"),
        ({"times": TIMES[:1], "acc": None, "gyro": None}, "at least two"),
    ],
)
def test_bad_readings_are_named(change, message):
    tracks, measured, _ = scene(0, clips=1)
    with pytest.raises(ValueError, match=message):
        calibrate(tracks, [measured[0]._replace(**change)])


@pytest.mark.parametrize(
    ("tracks", "measured", "error", "message"),
    [
        ([], [], ValueError, "one entry per clip"),
        ([1], [Measured(TIMES)], TypeError, "must be a SensorTrack"),
        (3, [], TypeError, "a list of SensorTrack"),
        ([SensorTrack(np.sin, 0.0, 1.0)], [np.zeros((5, 7))], TypeError, "must be Measured"),
    ],
)
def test_bad_clips_are_named(tracks, measured, error, message):
    with pytest.raises(error, match=message):
        calibrate(tracks, measured)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"lag": "clip"}, "lag must be True"),
        ({"max_lag": 0}, "max_lag"),
        ({"mount": np.ones((3, 3))}, "mount is not a rotation matrix"),
        ({"nominal_gravity": [0, 0, 0]}, "must not be zero"),
    ],
)
def test_bad_options_are_named(option, message):
    tracks, measured, _ = scene(0, clips=1)
    with pytest.raises(ValueError, match=message):
        calibrate(tracks, measured, **option)


def test_other_units_are_noticed():
    tracks, measured, _ = scene(0)
    with pytest.raises(ValueError, match="g times 9"):
        calibrate(tracks, [m._replace(acc=m.acc / 9.80665) for m in measured])
    with pytest.raises(ValueError, match="deg/s"):
        calibrate(tracks, [m._replace(gyro=np.rad2deg(m.gyro)) for m in measured])


def test_track_of_a_function_and_bad_tracks():
    def still(times):
        n = len(times)
        return (
            np.tile(np.eye(3), (n, 1, 1)),
            np.zeros((n, 3)),
            np.zeros((n, 3, 3)),
            np.zeros((n, 3)),
        )

    times = np.arange(500) / 100
    reading = np.tile([0.0, 0, 9.80665], (500, 1))
    found = calibrate([SensorTrack(still, 0.0, 5.0)], [Measured(times, reading)])
    np.testing.assert_allclose(found.mount, np.eye(3), atol=1e-6)
    with pytest.raises(ValueError, match="quaternion must have shape"):
        track_of_rigid_body(times, reading, reading)
