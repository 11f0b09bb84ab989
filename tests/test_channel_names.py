"""The spellings of channel names that are understood, and those that are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn._channel_names import name_site, read_name, read_names


@pytest.mark.parametrize(
    ("spellings", "written"),
    [
        ("ax aX accX Acc_X acc_x ACC_X ACCX acc-x acc.x accelX accelerometer_x a_x x_acc", "acc_x"),
        ("Acceleration_X totalAcc.x raw_acc_x accelerationIncludingGravity.x", "acc_x"),
        ("wy gyrY Gyr_Y gyr_y gyroscope_y rotationRate.y angular_velocity_y omega_y", "gyro_y"),
        ("RightWrist_acc_x right_wrist.ax RIGHT_WRIST_ACC_X wrist_r_accX rwrist_acc_x", "right"),
        ("wristR_accX r_wrist_Acc_X acc_x_right_wrist WristRight.Accel.X", "right"),
    ],
)
def test_spellings_without_blanks(spellings, written):
    written = "right_wrist_acc_x" if written == "right" else written
    for name in spellings.split():
        assert read_names([name]) == ((written,), ()), name


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Accelerometer X (m/s^2)", "acc_x"),
        ("Acceleration z (m/s²)", "acc_z"),
        ("Gyroscope Y (rad/s)", "gyro_y"),
        ("Right Wrist (acc x)", "right_wrist_acc_x"),
        ("left wrist inside gyro z", "left_wrist_volar_gyro_z"),
        ("upperArm_L_gyro_z", "left_upper_arm_gyro_z"),
        ("lower back acc x", "lower_back_acc_x"),
        ("hand_acc_16g_x", "hand_acc_x"),
        ("imu1_ax", "imu1_acc_x"),
        ("Shoe_acc_x", "Shoe_acc_x"),  # a site of the user, in the spelling of this package
        ("motionRotationRateX(rad/s)", "gyro_x"),
        ("tBodyGyro-X", "gyro_x"),
        ("acc x (m/(s^2))", "acc_x"),
        ("acc_x (m/(s*s))", "acc_x"),
        ("acc_x m/s²", "acc_x"),
        ("left_wrist_acc_x m.s-2", "left_wrist_acc_x"),
        ("gyro_x [rad.s^-1]", "gyro_x"),
        ("gyro_x_rad_per_s", "gyro_x"),
        ("acc_x (metre per second squared)", "acc_x"),
        ("AcX", "acc_x"),
        ("GyZ", "gyro_z"),
        ("x-axis (rad/s)", "gyro_x"),
        ("acceleration from the chest sensor (Y axis)", "chest_acc_y"),
        ("InertialMeasurementUnit BACK accX", "back_acc_x"),
        ("right_wrist_accelerometer_x_axis", "right_wrist_acc_x"),
    ],
)
def test_spellings_of_loggers(name, written):
    assert read_names([name]) == ((written,), ())


WORDS = [
    *(
        "acc",
        "Acc",
        "gyro",
        "Gyr",
        "a",
        "w",
        "x",
        "Y",
        "z",
        "left",
        "Right",
        "wrist",
        "_",
        " ",
        ".",
    ),
    *("(g)", "[deg/s]", "linear", "user", "rotationRate", "raw", "shoe", "1", "mag", "axis", "é"),
]


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("".join))
def test_what_is_understood_is_written_in_names_that_mean_the_same(name):
    try:
        written, _ = read_names([name])
    except ValueError:
        return
    assert read_names(written) == (written, ())


def test_the_order_of_columns_is_kept():
    assert read_names(["gx", "gy", "gz", "ax", "ay", "az"])[0] == (
        *("gyro_x", "gyro_y", "gyro_z"),
        *("acc_x", "acc_y", "acc_z"),
    )


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("acc_x (g)", "g", ["unit g", "9.80665", "iOS"]),
        ("Acc_X_g", "g", ["9.80665"]),
        ("acc_mg_x", "mg", ["0.00980665"]),
        ("X [mg]", "mg", ["0.00980665"]),
        ("gyro_x (degrees/second)", "degrees/second", ["0.0174533"]),
        ("Gyro X [deg/s]", "deg/s", ["0.0174533", "rad/s"]),
        ("gyro_x_dps", "dps", ["0.0174533"]),
        ("Gyroscope x (d/s)", "d/s", ["0.0174533"]),
        ("gyr_x deg.s-1", "deg_s_1", ["0.0174533"]),
        ("gyr_x [deg.s-1]", "deg.s-1", ["0.0174533"]),
        ("gyr_x °/s", "deg_s", ["0.0174533"]),
        ("gyro_x (°·s⁻¹)", "deg.s-1", ["0.0174533"]),
        ("left_wrist_gyr_x_deg_per_s", "deg_s", ["0.0174533"]),
        ("gyro_x [degrees per second]", "degrees/second", ["0.0174533"]),
        ("acc_x [g]", "g", ["9.80665"]),
        ("acc_x (milli-g)", "milli-g", ["0.00980665"]),
        ("tBodyAcc-X", "gravity removed", ["without gravity"]),
        ("acc_x (counts)", "counts", ["data sheet"]),
        ("Linear Acceleration x (m/s^2)", "gravity removed", ["without gravity"]),
        ("body_acc_x", "gravity removed", ["without gravity"]),
        ("Acceleration (linear) X", "gravity removed", ["without gravity"]),
        ("userAcceleration.x", "gravity removed", ["-9.80665 * (gravity + userAcceleration)"]),
        ("accelerometerAccelerationX(G)", "iOS", ["inverted sign", "-9.80665"]),
    ],
)
def test_a_name_that_contradicts_si_units_is_said(name, kind, words):
    _, (doubt,) = read_names([name])
    assert doubt.kind == kind
    for word in words:
        assert word in doubt.message


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["foo", "acc_x"], ["not understood: 'foo'", "<site>_acc_<x|y|z>", "series_"]),
        (["x", "y", "z"], ["do not say which sensor", "acc_x"]),
        (["gx", "gy", "gz"], ["may be a gyroscope or gravity", "gyro_x"]),
        (["ax", "gx", "wx"], ["'gx' may be a gyroscope or gravity"]),
        (["acc_x", "mag_x", "temp"], ["'mag_x' (magnetometer)", "drop(columns=['mag_x', 'temp'])"]),
        (["acc_x", "qw", "roll"], ["'qw', 'roll' (orientation)"]),
        (["time", "acc_x", "label"], ["'time' (time)", "'label' (label)"]),
        (["ax", "acc_x"], ["occurs twice", "'ax' and 'acc_x' mean the same"]),
        (["acc_x", "Linear Acceleration x"], ["Leave 'Linear Acceleration x' out"]),
        (["userAcceleration.x", "gravity.x"], ["-9.80665 * (gravity + userAcceleration)"]),
        (["linear_acc_x", "gravity_x"], ["acc = (gravity + linear acceleration) in m/s²"]),
        (["series_1", "acc_x"], ["Either all channels or none begin with 'series_'"]),
        (["gyro_x (g)"], ["not understood: 'gyro_x (g)'"]),
        (["acc_x_rad_s", "acc_y (rpm)"], ["not understood: 'acc_x_rad_s', 'acc_y (rpm)'"]),
        (["fBodyAcc-X"], ["not understood: 'fBodyAcc-X'"]),  # a spectrum
        (["tBodyAccJerk-X"], ["'tBodyAccJerk-X' (statistic)"]),
        (["tGravityAcc-X", "tBodyAcc-X"], ["acc = (gravity + linear acceleration)"]),
        (["acc_x_mean", "std_acc_x"], ["'acc_x_mean', 'std_acc_x' (statistic)"]),
        (["emg1", "emg2"], ["not understood: 'emg1', 'emg2'", "channels=None"]),
    ],
)
def test_names_that_are_not_understood_are_refused(names, words):
    with pytest.raises(ValueError) as caught:
        read_names(names)
    for word in words:
        assert word in str(caught.value)


def test_a_generic_series_is_told_by_its_names():
    assert read_names(["series_emg1", "series_x"]) == (("series_emg1", "series_x"), ())


def test_sites_in_any_order_of_words():
    for site in ("wrist_right", "RightWrist", "right wrist", "WRIST-R", "rwrist"):
        assert name_site(site) == "right_wrist"
    for site in ("shoe", "wrist", "left_hand", "left_right_wrist"):
        assert name_site(site) == site
    assert read_name("max") is None and read_name("relax") is None
