"""Readings that no body produces never pass without a word."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from m3n_sklearn import Motion, SMPLIMUSimulator, Windows
from m3n_sklearn.motion import SMPL_JOINTS
from m3n_sklearn.recording import Recording, cut

RATE = 60.0
ELBOW = SMPL_JOINTS.index("left_elbow")


def shaking(peak, start=1.0, stop=1.5, seconds=3.0, rate=RATE, name="shake"):
    """An upright body whose root shakes along x so that its acceleration peaks at `peak` m/s²."""
    times = np.arange(round(seconds * rate)) / rate
    poses = np.zeros((len(times), 24, 3))
    poses[:, 0, 0] = np.pi / 2
    hertz = 4.0
    inside = np.clip((times - start) / (stop - start), 0, 1)
    window = np.sin(np.pi * inside) ** 4
    trans = np.zeros((len(times), 3))
    trans[:, 0] = peak / (2 * np.pi * hertz) ** 2 * window * np.sin(2 * np.pi * hertz * times)
    return Motion(poses, trans, rate=rate, name=name)


def simulator(**facts):
    return SMPLIMUSimulator(sites=["left_wrist"], rate=50.0, smoothing=None, **facts)


def said(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return result, [str(one.message) for one in caught]


def norms(recording):
    return np.linalg.norm(recording.data[:, :3], axis=1)


def test_what_bodies_reach_passes():
    recording, told = said(lambda: simulator().simulate(shaking(100.0)))
    assert not told and 90 < norms(recording).max() < 157 and recording.observed.all()


def test_one_warning_names_clip_site_bone_time_and_size():
    clips = [shaking(50.0, name="calm"), shaking(400.0, name="wild"), shaking(900.0, name="mad")]
    recordings, told = said(lambda: simulator().simulate(clips))
    assert len(told) == 1
    assert "2 of 3 clips give readings that no body produces" in told[0]
    peak = norms(recordings[2])
    assert f"mad, left_wrist (bone left_elbow) at {peak.argmax() / 50:.2f} s" in told[0]
    assert f"{peak.max():,.0f} m/s²" in told[0] and told[0].index("mad") < told[0].index("wild")
    assert recordings[2].observed.all()  # a warning changes nothing


def test_it_can_be_an_error():
    with pytest.raises(ValueError, match=r"shake, left_wrist .* implausible='mask'"):
        simulator(implausible="raise").simulate(shaking(400.0))


def test_masked_stretches_are_not_observed_and_enter_no_window():
    plain, _ = said(lambda: simulator().simulate(shaking(400.0)))
    masked, told = said(lambda: simulator(implausible="mask").simulate(shaking(400.0)))
    assert not told
    seen = masked.observed.all(axis=-1) if masked.observed.ndim == 2 else masked.observed
    beyond = norms(plain) > 16 * 9.80665
    assert beyond.any() and not seen[beyond].any()
    near = np.convolve(beyond, np.ones(11), "same") > 0  # 0.1 s on either side
    assert np.array_equal(~seen, near)
    assert norms(masked).max() < 157
    assert np.array_equal(masked.data[seen], plain.data[seen])
    windows, _, _ = cut(masked, seconds=0.5, overlap=0.0)
    assert np.linalg.norm(windows["imu"][:, :3], axis=1).max() < 157 and len(windows) < 6


def test_limits_may_be_those_of_a_site():
    _, told = said(lambda: simulator(limits={"left_wrist": (40.0, 30.0)}).simulate(shaking(100.0)))
    assert len(told) == 1
    _, told = said(lambda: simulator(limits=(1000.0, 35.0)).simulate(shaking(400.0)))
    assert not told
    with pytest.raises(ValueError, match="limits contains head, but the sites are left_wrist"):
        simulator(limits={"head": (1.0, 1.0)}).simulate(shaking(1.0))
    with pytest.raises(ValueError, match="limits must be two positive numbers"):
        simulator(limits=(1.0,)).simulate(shaking(1.0))


def test_rates_are_guarded_as_well():
    motion = shaking(0.0)
    poses = motion.poses.copy()
    angle = 1.5 * np.sin(2 * np.pi * 5 * motion.times)  # 47 rad/s at most
    poses[:, ELBOW, 0] = angle
    _, told = said(
        lambda: simulator(limits=(1e6, np.deg2rad(2000))).simulate(Motion(poses, rate=RATE))
    )
    assert len(told) == 1 and "°/s" in told[0]


@pytest.mark.parametrize(
    ("motion", "cause"),
    [
        (shaking(400.0, start=0.0, stop=0.25), "is there a T-pose"),
        (shaking(400.0, start=1.0, stop=1.5), "does a marker jump"),
        (shaking(2000.0, start=0.2, stop=2.8), "is the frame rate too high"),
    ],
)
def test_the_cause_is_named(motion, cause):
    _, told = said(lambda: simulator().simulate(motion))
    assert cause in told[0]


def test_noise_is_not_taken_for_motion():
    """Saturation and noise of a sensor are its own affair."""
    recording, told = said(
        lambda: simulator(noise="empatica_e4", random_state=0).simulate(shaking(100.0))
    )
    assert not told and recording.observed.all()


def test_a_pelvis_that_keeps_accelerating():
    times = np.arange(240) / RATE
    trans = np.zeros((240, 3))
    trans[:, 2] = 0.15 * np.sin(2 * np.pi * 3.0 * times)  # 53 m/s² at most, 2 g most of the time
    motion = Motion(shaking(0.0, seconds=4.0).poses, trans, rate=RATE, name="jump")
    _, told = said(lambda: simulator().simulate(motion))
    assert len(told) == 1 and "jump at 60 Hz" in told[0] and "frame rate too high" in told[0]
    masked, told = said(lambda: simulator(implausible="mask").simulate(motion))
    assert not told and not masked.observed.any()
    slow = Motion(motion.poses, trans, rate=RATE / 2)
    assert not said(lambda: simulator().simulate(slow))[1]


def windows(*motions):
    return cut(list(motions), seconds=1.0, overlap=0.0, margin=0.0)[0]


def test_windows_keep_their_rows_and_say_which_are_wild():
    X = windows(shaking(50.0), shaking(900.0))
    plain, told = said(lambda: simulator().transform(X))
    assert len(told) == 1 and "row 4" in told[0]
    assert len(plain) == len(X) and plain.present("imu").all()
    masked, told = said(lambda: simulator(implausible="mask").transform(X))
    assert not told and len(masked) == len(X)
    absent = ~masked.present("imu")
    assert absent.any() and not absent[:3].any()
    assert np.array_equal(absent, ~masked["observed"].all(axis=(1, 2)))


def test_windows_without_anything_wild_have_no_further_column():
    X = windows(shaking(50.0))
    assert "observed" not in simulator().transform(X).columns
    assert isinstance(simulator().transform(X), Windows)


def test_masks_of_readings_that_were_measured_stay():
    """What was lost in measured rows is not made whole by simulating others."""
    motion = shaking(50.0)
    lost = np.ones(150, dtype=bool)
    lost[60:70] = False
    names = [f"left_wrist_{sensor}_{axis}" for sensor in ("acc", "gyro") for axis in "xyz"]
    measured = Recording(np.full((150, 6), 5.0), 50.0, names, observed=lost)
    facts = {"seconds": 1.0, "overlap": 0.0, "margin": 0.0, "min_observed": 0.5}
    poses = cut(motion, **facts)[0]
    rows = Windows.concatenate([poses, cut(measured, **facts)[0]])
    read = simulator().transform(rows)
    assert read["observed"][:3].all()
    assert np.flatnonzero(~read["observed"][4, 0]).tolist() == list(range(10, 20))
    # rows with both get new readings, whose mask is new
    both = cut((motion, measured), pose_rate=60.0, **facts)[0]
    assert not both["observed"].all()
    assert "observed" not in simulator().transform(both).columns


def test_a_masked_row_never_falls_back_on_what_was_measured():
    wild = shaking(900.0)
    names = [f"left_wrist_{sensor}_{axis}" for sensor in ("acc", "gyro") for axis in "xyz"]
    measured = Recording(np.full((150, 6), 5.0), 50.0, names)
    both = cut((wild, measured), seconds=1.0, overlap=0.0, margin=0.0, pose_rate=60.0)[0]
    read = simulator(implausible="mask").transform(both)
    assert not read.present("imu")[1] and not (read["imu"][1] == 5.0).all()


def test_warnings_name_the_line_that_asked():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        simulator().simulate(shaking(900.0))
        simulator().transform(windows(shaking(900.0)))
    assert [one.filename for one in caught] == [__file__] * 2


def test_cameras_do_not_reach_that_far():
    recording, told = said(lambda: simulator().simulate(shaking(400.0).replace(source="video")))
    assert len(told) == 1
    beyond = np.linalg.norm(simulator().simulate(shaking(400.0)).data[:, :3], axis=1) > 157
    assert not recording.observed[beyond].any() and norms(recording).max() < 157
