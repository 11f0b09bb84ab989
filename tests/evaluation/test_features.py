"""Hand-crafted features keep scikit-learn's contract and say what they should."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from m3n_sklearn import IMUNoise, Windows
from m3n_sklearn.evaluation import WindowFeatures
from m3n_sklearn.recording import channel_names
from m3n_sklearn.skeleton._rotations import random_rotations

from ..wrists import pretrained


@parametrize_with_checks([WindowFeatures()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_features_of_the_norms_do_not_depend_on_the_mounting():
    rng = np.random.default_rng(0)
    imu = rng.normal(size=(8, 6, 60)) * 5
    turn = random_rotations(1, rng)[0]
    turned = np.einsum("ab,nsbt->nsat", turn, imu.reshape(8, 2, 3, 60)).reshape(8, 6, 60)
    before, after = (WindowFeatures().fit_transform(X) for X in (imu, turned))
    per_channel = before[:, 6:70].reshape(8, 8, 8)  # channels, then the two norms
    assert np.allclose(per_channel[:, 6:], after[:, 6:70].reshape(8, 8, 8)[:, 6:])
    assert not np.allclose(per_channel[:, :6], after[:, 6:70].reshape(8, 8, 8)[:, :6])


def test_windows_and_arrays_give_the_same():
    imu = np.random.default_rng(0).normal(size=(4, 6, 50)).astype("f4")
    array, windows = (WindowFeatures().fit_transform(X) for X in (imu, Windows(imu=imu)))
    assert np.array_equal(array, windows) and array.shape == (4, 102)


def test_a_slow_wave_has_its_power_in_the_first_octave():
    t = np.arange(128) / 128
    waves = np.stack([np.sin(2 * np.pi * f * t) for f in (1, 30)])
    slow, fast = WindowFeatures().fit_transform(waves)[:, -4:]
    assert slow[0] > 0.99 and fast[3] > 0.99


# ---- names

WRIST = channel_names("right_wrist")


def wrists(n=6, names=WRIST):
    imu = np.random.default_rng(0).normal(size=(n, len(names), 50))
    imu[:, 2] += 9.8
    return Windows(imu=imu.astype("f4"), rate=50.0, channels=names)


def test_every_feature_has_the_name_of_what_it_is():
    rows = wrists()
    features = WindowFeatures().fit(rows)
    names = features.get_feature_names_out().tolist()
    values = dict(zip(names, features.transform(rows).T, strict=True))
    assert len(values) == len(names) == 102
    imu = rows["imu"].astype(float)
    np.testing.assert_allclose(values["right_wrist_acc_y_mean"], imu[:, 1].mean(axis=1))
    np.testing.assert_allclose(values["right_wrist_gyro_z_max"], imu[:, 5].max(axis=1))
    norm = np.linalg.norm(imu[:, 3:], axis=1)
    np.testing.assert_allclose(values["right_wrist_gyro_norm_std"], norm.std(axis=1))
    corr = [np.corrcoef(window[0], window[2])[0, 1] for window in imu]
    np.testing.assert_allclose(values["right_wrist_acc_xz_corr"], corr, rtol=1e-6)
    bands = [values[f"right_wrist_acc_x_band{i}"] for i in (1, 2, 3, 4)]
    np.testing.assert_allclose(np.sum(bands, axis=0), 1, atol=0.05)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("acc_x", "acc_y", "acc_z"), {"acc_x_mean", "acc_norm_mean", "acc_xy_corr"}),
        (
            ("series_z", "series_hr", "series_x", "series_y"),
            {"series_x_mean", "series_norm_mean", "series_yz_corr", "series_hr_mean"},
        ),
        (("series_x", "series_y", "series_hr"), {"series_x_mean", "series_hr_mean"}),
        (None, {"x0_mean", "x0_x1_x2_norm_mean", "x0_x1_corr"}),
    ],
)
def test_names_of_any_channels(names, expected):
    imu = np.random.default_rng(0).normal(size=(4, 3 if names is None else len(names), 20))
    features = WindowFeatures(channels=names).fit(imu)
    found = features.get_feature_names_out().tolist()
    assert expected <= set(found) and len(set(found)) == features.transform(imu).shape[1]
    assert any("norm" in name for name in found) == any("norm" in name for name in expected)


def test_names_may_be_given_later():
    imu = wrists()["imu"]
    features = WindowFeatures().fit(imu)
    assert features.get_feature_names_out(WRIST)[6] == "right_wrist_acc_x_mean"
    with pytest.raises(ValueError, match="length equal to number of features"):
        features.get_feature_names_out(["a"])
    with pytest.raises(ValueError, match=r"input_features are x0, .* channels right_wrist_acc_x"):
        WindowFeatures().fit(wrists()).get_feature_names_out([f"x{i}" for i in range(6)])
    with pytest.raises(ValueError, match="names 2 channels, but X has 6"):
        WindowFeatures(channels=["a", "b"]).fit(imu)
    one = WindowFeatures().fit(imu[:, 0])
    assert one.get_feature_names_out()[0] == "signal_mean"


def test_channels_are_found_by_name():
    rows, order = wrists(), [3, 4, 5, 2, 0, 1]
    turned = Windows(imu=rows["imu"][:, order], rate=50.0, channels=[WRIST[i] for i in order])
    features = WindowFeatures().fit(rows)
    np.testing.assert_array_equal(features.transform(turned), features.transform(rows))
    np.testing.assert_allclose(features.transform(rows["imu"]), features.transform(rows))
    # triads are found in any order of the channels
    other = WindowFeatures().set_output(transform="pandas").fit_transform(turned)
    frame = WindowFeatures().set_output(transform="pandas").fit_transform(rows)
    np.testing.assert_allclose(other[frame.columns], frame)
    with pytest.raises(ValueError, match="X has the channels left_wrist_acc_x"):
        features.transform(wrists(names=channel_names("left_wrist")))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_output_is_a_data_frame_if_wanted(library):
    frames = pytest.importorskip(library)
    rows = wrists()
    frame = WindowFeatures().set_output(transform=library).fit_transform(rows)
    assert isinstance(frame, frames.DataFrame)
    assert list(frame.columns)[6] == "right_wrist_acc_x_mean"
    with sklearn.config_context(transform_output=library):
        pipe = make_pipeline(IMUNoise(), WindowFeatures(), StandardScaler()).fit(rows)
        assert list(pipe.transform(rows).columns) == list(frame.columns)
    assert list(pipe.get_feature_names_out()) == list(frame.columns)


def test_features_and_embeddings_side_by_side():
    rows = wrists()
    net = FrozenEstimator(deepcopy(pretrained()))  # set_output changes it
    both = FeatureUnion([("hand", WindowFeatures()), ("net", net)])
    both.set_output(transform="pandas")
    frame = both.fit(rows).transform(rows)
    assert list(frame.columns) == list(both.get_feature_names_out())
    assert "hand__right_wrist_acc_x_mean" in frame
    assert frame.columns[-1] == "net__multi3netpretrainer15"


def test_columns_of_a_table_of_windows():
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(6, 40)))
    table.columns = [f"{sensor}_{i}" for sensor in ("acc", "gyro") for i in range(20)]
    split = ColumnTransformer(
        [
            (sensor, WindowFeatures(), [f"{sensor}_{i}" for i in range(20)])
            for sensor in ("acc", "gyro")
        ]
    ).set_output(transform="pandas")
    frame = split.fit_transform(table)
    assert list(frame.columns) == list(split.get_feature_names_out())
    assert {"acc__signal_mean", "gyro__signal_band4"} <= set(frame.columns)
    np.testing.assert_allclose(frame["gyro__signal_mean"], table.iloc[:, 20:].mean(axis=1))
