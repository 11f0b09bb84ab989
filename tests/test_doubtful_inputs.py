"""Inputs that would be read, but not as they were meant: each is refused or said."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.spatial.transform import Rotation
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsOneClassifier
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from m3n_sklearn import Multi3NetClassifier, Windows
from m3n_sklearn._flat_rows import check_flat_rows
from m3n_sklearn.body import BodyModel, default_body
from m3n_sklearn.evaluation import WindowFeatures
from m3n_sklearn.motion import Motion, read_mvnx, read_smpl, read_trc
from m3n_sklearn.recording import Recording, UnitsWarning, channel_names
from m3n_sklearn.temporal import HMMClassifier

from .motion.writers import write_mvnx, write_trc

ACC = [f"acc_{axis}" for axis in "xyz"]
READINGS = np.random.default_rng(0).normal([1.0, 2.0, 9.4], 1.0, (500, 3))


@pytest.mark.parametrize("order", ["zyx", "yxz"])
def test_axes_of_a_table_in_another_order_are_refused(order):
    with pytest.raises(ValueError, match="in the order of the columns"):
        Recording(pd.DataFrame(READINGS, columns=list(order)), 50.0, channels=ACC)
    recording = Recording(pd.DataFrame(READINGS, columns=list("xyz")), 50.0, channels=ACC)
    assert recording.channels == tuple(ACC)


def test_columns_that_pandas_renamed_are_not_another_sensor():
    names = [*ACC, *(f"{name}.1" for name in ACC)]
    with pytest.raises(ValueError, match="look like copies"):
        Recording(pd.DataFrame(np.hstack([READINGS, READINGS]), columns=names), 50.0)


def test_dates_of_rows_that_contradict_the_rate_are_said():
    dates = pd.date_range("2026", periods=500, freq="10ms", tz="UTC")
    table = pd.DataFrame(READINGS, columns=ACC, index=dates)
    with pytest.warns(UserWarning, match="a rate of 100 Hz, but rate=50"):
        Recording(table, 50.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Recording(table, 100.0)


def test_a_period_given_as_rate_is_said():
    with pytest.warns(UserWarning, match="the rate is 50 Hz"):
        Recording(READINGS, 0.02, ACC)
    with pytest.warns(UserWarning, match="the rate is 30 Hz"):
        Motion(np.zeros((10, 24, 3)), rate=1 / 30)


@pytest.mark.parametrize(
    ("scale", "cure"), [(1 / 0.3048, "0.3048"), (2.0, "another scale"), (0.75, "another scale")]
)
def test_gravity_of_a_still_sensor_shows_a_wrong_scale(scale, cure):
    still = [0.0, 0.0, 9.80665] + 0.02 * np.random.default_rng(0).normal(size=(600, 3))
    with pytest.warns(UnitsWarning, match=cure):
        Recording(scale * still, 50.0, channel_names("right_wrist", "acc"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Recording(1.05 * still, 50.0, channel_names("right_wrist", "acc"))


def test_a_trc_file_with_fewer_rows_than_announced_is_refused(tmp_path):
    file = tmp_path / "walk.trc"
    write_trc(file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"announces \d+ frames, but has \d+ rows"):
        read_trc(file)


def test_lost_frames_of_mvnx_keep_their_time(tmp_path):
    file = tmp_path / "walk.mvnx"
    write_mvnx(file)
    whole = read_mvnx(file)
    parts = file.read_text().split("<frame ")
    motion = [k for k, part in enumerate(parts) if 'type="normal"' in part]
    gap = motion[10:20]
    file.write_text("<frame ".join(part for k, part in enumerate(parts) if k not in gap))
    lost = read_mvnx(file)
    assert lost.n_frames == whole.n_frames - 10
    assert lost.duration == pytest.approx(whole.duration)


def test_tensors_that_require_gradients_are_read():
    poses = torch.tensor([[np.pi / 2] + 71 * [0.0]] * 30, requires_grad=True)  # upright, z up
    (motion,) = read_smpl({"poses": poses, "fps": 30, "trans": np.zeros((30, 3))})
    assert motion.n_frames == 30


def test_inverse_rotations_are_said():
    poses = np.zeros((30, 24, 3))
    poses[:, 0, 0] = np.pi / 2  # upright, z up
    poses[:, [4, 5], 0] = 0.6  # knees
    matrices = Rotation.from_rotvec(poses.reshape(-1, 3)).as_matrix().reshape(30, 24, 3, 3)
    content = {"fps": 30, "trans": np.zeros((30, 3))}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_smpl({**content, "poses": matrices})
    with pytest.warns(UserWarning, match="knees of .* bend forwards, by 34 degrees"):
        read_smpl({**content, "poses": np.swapaxes(matrices, -1, -2)})


def test_shapes_that_no_person_has_are_said():
    Motion(np.zeros((10, 24, 3)), rate=30.0, betas=[5.0, -4.0])
    with pytest.warns(UserWarning, match="betas reach 40, .*Leave betas out, and pass stature="):
        Motion(np.zeros((10, 24, 3)), rate=30.0, betas=[0.5, -40.0])
    poses = np.tile([np.pi / 2] + 71 * [0.0], (30, 1))
    with pytest.warns(UserWarning, match="betas reach 1.2e"):
        read_smpl({"poses": poses, "fps": 30, "trans": np.zeros((30, 3)), "betas": [12e3]})


def test_betas_that_make_a_giant_are_said():
    body = default_body(stature=1.7)
    taller = body.vertices * 0.1  # a tenth of the height for each
    own = BodyModel(
        body.joint_names,
        body.parents,
        body.rest_joints,
        vertices=body.vertices,
        weights=body.weights,
        shapedirs=taller[:, :, None],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert own.shaped([2.0]).stature == pytest.approx(1.2 * own.stature)
    with pytest.warns(UserWarning, match=r"is 3.4 m tall, which is not the height of a person"):
        own.shaped([10.0])


@pytest.mark.parametrize("factor", [98.0665, 100.0, 101.97])
def test_cm_per_second_squared_are_not_only_mg(factor):
    with pytest.warns(
        UnitsWarning, match=r"mg: multiply by 0.00980665, or by 0.01 if they are cm/s²"
    ):
        Recording(factor * READINGS, 50.0, ACC)


@pytest.mark.parametrize("as_given", [True, False])
def test_queries_of_polars_run(as_given):
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({name: READINGS[:, k] for k, name in enumerate(ACC)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recording = Recording(table.lazy() if as_given else table, 50.0)
    np.testing.assert_array_equal(recording.data, READINGS)
    with pytest.raises(TypeError, match="one sample per row"):
        Multi3NetClassifier(strategy="scratch").fit(table.lazy(), ["a"] * 500)


# ---- windows whose rows are flat, and times in another unit

SLOW = np.cumsum(np.random.default_rng(1).normal(0, 0.05, (40, 6, 100)), axis=2)
SLOW += np.array([1.0, 2.0, 9.4, 0.1, 0.2, -0.3])[:, None]
CLASSES = np.tile(np.repeat(["sit", "walk"], 5), 4)


def said_of(rows):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        check_flat_rows(rows, None)
    return [str(each.message) for each in said]


@pytest.mark.parametrize("channels", [3, 6])
def test_flat_windows_are_told_from_one_channel(channels):
    windows = SLOW[:, :channels]
    (first,) = said_of(windows.reshape(40, -1))
    (second,) = said_of(windows.transpose(0, 2, 1).reshape(40, -1))
    assert f"give X.reshape(len(X), {channels}, 100), and rate=" in first
    assert f"give X.reshape(len(X), 100, {channels}).transpose(0, 2, 1)" in second
    # one channel; gyroscopes alone; a ramp; a constant of the same level; noise
    for rows in (
        SLOW[:, 2],
        SLOW[:, 3:].reshape(40, -1),
        np.linspace(0, 10, 4000).reshape(40, 100),
        np.full((40, 96), 5.66),
        np.random.default_rng(0).normal(0, 5.66, (40, 96)),
    ):
        assert said_of(rows) == []


def test_estimators_say_that_windows_are_flat():
    with pytest.warns(UserWarning, match=r"give X.reshape\(len\(X\), 3, 100\)"):
        WindowFeatures().fit(SLOW[:, :3].reshape(40, -1))


def test_names_of_channels_tell_flat_windows():
    names = [*ACC, *(f"gyro_{axis}" for axis in "xyz")]
    with pytest.raises(ValueError, match=r"X.reshape\(len\(X\), 6, 100\) if the channels follow"):
        Multi3NetClassifier(strategy="scratch", channels=names, rate=50.0).fit(
            SLOW.reshape(40, -1), CLASSES
        )


def test_meta_estimators_that_need_rows_are_told_how():
    X = Windows(imu=SLOW, rate=50.0)
    for meta in (BaggingClassifier, OneVsOneClassifier, SelfTrainingClassifier):
        with pytest.raises(TypeError, match=r"X\['imu'\].reshape\(len\(X\), -1\).*user guide"):
            meta(Multi3NetClassifier(strategy="scratch")).fit(X, np.arange(40) % 2)


@pytest.mark.parametrize("kind", ["windows", "array", "features"])
@pytest.mark.parametrize(
    ("factor", "unit"), [(1.0, None), (1000.0, "milliseconds"), (1 / 600, "minutes")]
)
def test_times_that_contradict_the_windows_are_said(kind, factor, unit):
    X = {
        "windows": Windows(imu=SLOW, rate=50.0),
        "array": SLOW,
        "features": SLOW.mean(axis=2),
    }[kind]
    classifier = LogisticRegression()
    if kind != "features":
        classifier = make_pipeline(WindowFeatures(), classifier)
    times = np.arange(40) * factor
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        HMMClassifier(classifier).fit(X, CLASSES, times=times)
        HMMClassifier(classifier).fit(X, CLASSES, times=(1e9 * times).astype("timedelta64[ns]"))
    found = [str(each.message) for each in said if "By times" in str(each.message)]
    assert len(found) == (unit is not None) and all(f"are in {unit}" in text for text in found)
