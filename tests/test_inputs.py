from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator

from m3n_sklearn import Windows
from m3n_sklearn._inputs import ImuWindows, InputMap, make_layout, read_imu
from m3n_sklearn.recording import UnitsWarning, channel_names


class Anything(BaseEstimator):
    """An estimator that gets the fitted attributes."""


def imu(n: int = 4, channels: int = 6, length: int = 30, dtype: Any = np.float64) -> np.ndarray:
    x = np.random.default_rng(0).standard_normal((n, channels, length))
    if channels in (3, 6, 12):
        x[:, 2::6] += 9.81
    return x.astype(dtype)


def as_read(values: np.ndarray, channels: Any = None, rate: float | None = None) -> ImuWindows:
    return ImuWindows(values, rate, channels)


# ---- reading


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays(dtype: Any) -> None:
    estimator = Anything()
    read = read_imu(estimator, imu(dtype=dtype), reset=True)
    assert read.values.dtype == dtype
    assert estimator.n_features_in_ == 6
    flat = read_imu(Anything(), imu()[:, 0], reset=True)
    assert flat.flat
    assert flat.values.shape == (4, 1, 30)
    whole = read_imu(Anything(), np.ones((2, 6, 5), dtype=int), reset=True)
    assert whole.values.dtype == np.float64
    assert read_imu(Anything(), imu().tolist(), reset=True).values.shape == (4, 6, 30)


def test_windows_bring_rate_and_channels() -> None:
    names = channel_names("left_wrist")
    X = Windows(imu=imu(), rate=33.3, channels=names)
    read = read_imu(Anything(), X, reset=True)
    assert (read.rate, read.channels, read.values.dtype) == (33.3, names, np.float32)
    bare = Windows(imu=imu())
    read = read_imu(Anything(), bare, reset=True, rate=20.0, channels=names)
    assert (read.rate, read.channels) == (20.0, names)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.zeros((2, 3, 4, 5)), ValueError, r"shape \(2, 3, 4, 5\)"),
        (np.zeros((2, 3, 0)), ValueError, r"shape \(2, 3, 0\)"),
        (np.full((2, 6, 9), np.nan), ValueError, "NaN"),
        (np.zeros((0, 6, 9)), ValueError, "0 sample"),
        ({"imu": np.zeros((2, 6, 9))}, TypeError, "as_windows"),
        (np.zeros(2, dtype=[("imu", "f8", (6, 9))]), TypeError, "as_windows"),
        (Windows(pose=np.zeros((2, 5, 24, 3))), ValueError, "no column 'imu', only pose"),
        (Windows(imu=np.zeros((2, 6, 9)))[:0], ValueError, "0 rows"),
    ],
)
def test_bad_input(X: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_imu(Anything(), X, reset=True)


def test_rows_without_imu() -> None:
    X = Windows(imu=imu(), present={"imu": np.array([True, False, True, True])})
    with pytest.raises(ValueError, match="1 of 4 rows have no IMU"):
        read_imu(Anything(), X, reset=True)


def test_rates_that_disagree() -> None:
    with pytest.raises(ValueError, match="50 Hz, but rate=100 was given"):
        read_imu(Anything(), Windows(imu=imu(), rate=50.0), reset=True, rate=100.0)


@pytest.mark.parametrize("container", [np.asarray, lambda x: Windows(imu=x)])
def test_other_channels_than_in_fit(container: Any) -> None:
    estimator = Anything()
    read_imu(estimator, container(imu()), reset=True)
    with pytest.raises(ValueError, match="3 channels, but Anything is expecting 6"):
        read_imu(estimator, container(imu(channels=3)), reset=False)


# ---- layout


@pytest.mark.parametrize(
    ("count", "sites", "present"),
    [(3, 1, [[1, 0]]), (6, 1, [[1, 1]]), (12, 2, [[1, 1], [1, 1]])],
)
def test_layout_by_number(count: int, sites: int, present: list[list[int]]) -> None:
    layout = make_layout(count)
    assert layout.sites == ("",) * sites
    assert np.array_equal(layout.present, np.array(present, dtype=bool))
    assert make_layout(count, flat=True).is_series


@given(st.permutations(list(channel_names(["left_wrist", "right_wrist"]))))
def test_layout_by_name_in_any_order(names: list[str]) -> None:
    layout = make_layout(12, names)
    assert set(layout.sites) == {"left_wrist", "right_wrist"}
    for site, columns in zip(layout.sites, layout.columns, strict=True):
        assert [names[c] for c in columns] == list(channel_names(site))


def test_other_names_make_a_series() -> None:
    assert make_layout(3, ["series_emg1", "series_emg2", "series_emg3"]).is_series
    with pytest.raises(ValueError, match="not understood: 'emg1', 'emg2', 'emg3'"):
        make_layout(3, ["emg1", "emg2", "emg3"])
    assert make_layout(6, ["gx", "gy", "gz", "ax", "ay", "az"]).columns == ((3, 4, 5, 0, 1, 2),)
    with pytest.raises(ValueError, match="names 2 channels, but X has 3"):
        make_layout(3, ["a", "b"])
    with pytest.raises(ValueError, match="only the axes x, y"):
        make_layout(2, ["acc_x", "acc_y"])


def test_windows_carry_their_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    from m3n_sklearn import _inputs

    read = as_read(imu(), channel_names("head"))
    assert read.layout.sites == ("head",)
    monkeypatch.setattr(_inputs, "make_layout", None)
    assert read.with_values(read.values[:2]).layout is read.layout
    assert len(read.with_values(read.values[:2])) == 2


@pytest.mark.parametrize("rate", [0.02, 1e6])
def test_rates_at_which_nobody_records(rate: float) -> None:
    with pytest.raises(ValueError, match="rate of 'imu' must lie between"):
        as_read(imu(), rate=rate).check_rate()
    as_read(imu(channels=5), rate=rate).check_rate()  # a series may have any


# ---- mapping


def test_sites_have_fixed_scales_and_missing_sensors_are_zero() -> None:
    names = (*channel_names("head", "gyro"), *channel_names("left_wrist"))
    values = imu(channels=9)
    values[:, 5] += 9.81
    mapped = InputMap.fit(as_read(values, names))(as_read(values, names))
    assert mapped.shape == (4, 2, 6, 30)
    assert (mapped[:, 0, :3] == 0).all()
    assert np.allclose(mapped[:, 0, 3:], values[:, :3] / 5.0)
    assert np.allclose(mapped[:, 1, :3], values[:, 3:6] / 9.80665)
    assert InputMap.fit(as_read(values, names)).layout.present.tolist() == [
        [False, True],
        [True, True],
    ]


@given(st.sampled_from([1, 2, 3, 5, 6, 12]), st.sampled_from([np.float32, np.float64]))
def test_invert(channels: int, dtype: Any) -> None:
    values = imu(channels=channels, dtype=dtype)
    read = as_read(values)
    input_map = InputMap.fit(read)
    back = input_map.invert(input_map(read))
    assert back.dtype == input_map(read).dtype == dtype
    assert np.allclose(back, values, atol=1e-5)


def test_series_are_standardized_with_weights() -> None:
    values = imu(6, 2) * np.array([3.0, 0.1])[:, None] + 7.0
    weight = np.array([2.0, 1, 1, 0, 0, 1])
    repeated = values[[0, 0, 1, 2, 5]]
    weighted = InputMap.fit(as_read(values), sample_weight=weight)
    alone = InputMap.fit(as_read(repeated))
    assert np.allclose(weighted.center, alone.center)
    assert np.allclose(weighted.scale, alone.scale)
    mapped = alone(as_read(repeated))
    assert np.allclose(mapped.mean(axis=(0, 1, 3)), 0)
    assert np.allclose(mapped.std(axis=(0, 1, 3)), 1)
    constant = np.full((3, 1, 4), 5.0)
    assert (InputMap.fit(as_read(constant))(as_read(constant)) == 0).all()


def test_sites_are_resampled_and_series_are_not() -> None:
    fast = as_read(imu(length=40), rate=100.0)
    assert InputMap.fit(fast, rate=50.0)(fast).shape[-1] == 20
    assert InputMap.fit(fast)(fast).shape[-1] == 40
    series = as_read(imu(channels=5, length=40), rate=100.0)
    assert InputMap.fit(series, rate=50.0)(series).shape[-1] == 40


def test_adapting_to_other_channels() -> None:
    input_map = InputMap.fit(as_read(imu(channels=12)), rate=50.0)
    assert input_map.adapted(as_read(imu(channels=12))) is input_map
    assert input_map.adapted(as_read(imu(channels=3))).layout.present.tolist() == [[True, False]]
    named = as_read(imu(), channel_names("head"))
    assert input_map.adapted(named).layout.sites == ("head",)
    with pytest.raises(ValueError, match=r"generic series, but the encoder was trained on chan"):
        input_map.adapted(as_read(imu(channels=5)))
    series = InputMap.fit(as_read(imu(channels=5)))
    with pytest.raises(ValueError, match="7 channels, but the encoder was trained on a series of"):
        series.adapted(as_read(imu(channels=7)))


def test_wrong_units_warn() -> None:
    with pytest.warns(UnitsWarning, match="look like g"):
        InputMap.fit(as_read(imu() / 9.81))
    fast = imu()
    fast[:, 3:] *= 200.0
    with pytest.warns(UnitsWarning, match="deg/s"):
        InputMap.fit(as_read(fast))


def said(call: Any) -> list[str]:
    """Return the warnings about units of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(w.message) for w in caught]


def test_doubts_are_told_once_and_compared_with_those_of_the_fit() -> None:
    grams = imu() / 9.81
    known = Windows(imu=grams, channels=["ax (g)", "ay (g)", "az (g)", "gx", "gy", "gz"])
    assert said(lambda: InputMap.fit(read_imu(Anything(), known, reset=True))) == []
    input_map = InputMap.fit(as_read(grams))
    assert said(lambda: input_map.warn_units(as_read(grams))) == []
    (message,) = said(lambda: input_map.warn_units(as_read(imu())))
    assert "windows that were fitted was doubtful (g)" in message


def test_readings_of_ios_are_told_by_their_gravity() -> None:
    values = imu()
    input_map = InputMap.fit(as_read(values))
    inverted = values.copy()
    inverted[:, :3] /= -9.80665
    (message,) = said(lambda: input_map.warn_units(as_read(inverted)))
    assert "inverted sign, as iOS" in message and "Multiply by -9.80665" in message
    (message,) = said(lambda: input_map.warn_units(as_read(-inverted)))
    assert "look like g: multiply by 9.80665" in message


def test_gravity_that_points_the_other_way_is_named() -> None:
    values = imu(40)
    input_map = InputMap.fit(as_read(values))
    inverted = values.copy()
    inverted[:, :3] *= -1
    assert said(lambda: input_map.warn_if_turned(as_read(values))) == []
    (message,) = said(lambda: input_map.warn_if_turned(as_read(inverted)))
    assert "Gravity points the other way" in message and "to_site_axes" in message
    assert said(lambda: input_map.warn_if_turned(as_read(inverted[:10]))) == []


@pytest.mark.parametrize("named", [True, False])
def test_one_turned_sensor_of_two_is_named(named):
    sites = ("left_wrist", "right_wrist")
    channels = [*channel_names(sites[0]), *channel_names(sites[1])] if named else None
    values = imu(40, 12)
    input_map = InputMap.fit(as_read(values, channels))
    for k, site in enumerate(sites):
        inverted = values.copy()
        inverted[:, 6 * k : 6 * k + 3] *= -1
        (message,) = said(lambda x=inverted: input_map.warn_if_turned(as_read(x, channels)))
        assert message.count(" here, ") == 1
        assert not named or f"{site}: " in message


def test_recordings_of_another_scale_are_named() -> None:
    values = imu(12)
    values[3:6] /= 9.81
    X = Windows(imu=values, clip=np.repeat(["a", "b", "c", "d"], 3))
    (message,) = said(lambda: InputMap.fit(read_imu(Anything(), X, reset=True)))
    assert "1 of 4 recordings have another scale than those of the others: b." in message
