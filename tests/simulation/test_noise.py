"""Sensor errors: nothing when off, the right size when on, never beyond the range."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import welch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from m3n_sklearn import Windows
from m3n_sklearn.recording import channel_names
from m3n_sklearn.simulation import (
    NOISE_PRESETS,
    IMUNoise,
    SensorNoise,
    SMPLIMUSimulator,
    allan_deviation,
)

from .clips import random_motion
from .laws import Law, checks

SEEDS = st.integers(0, 2**31)
EVERYTHING = {
    "acc__density": 0.01,
    "gyro__density": 0.001,
    "acc__instability": 0.05,
    "gyro__instability": 0.005,
    "acc__random_walk": 0.01,
    "gyro__random_walk": 0.001,
    "acc__bias": 0.3,
    "gyro__bias": 0.02,
    "acc__scale": 0.03,
    "gyro__scale": 0.03,
    "acc__misalignment": 0.02,
    "gyro__misalignment": 0.02,
    "gyro__g_sensitivity": 0.001,
    "acc__cutoff": 20.0,
    "gyro__cutoff": 15.0,
    "acc__resolution": 0.01,
    "gyro__resolution": 0.001,
    "acc__range": 30.0,
    "gyro__range": 10.0,
    "clock_ppm": 100.0,
    "clock_jitter": 0.001,
    "dropout": 0.05,
}
KINDS = ("density", "instability", "random_walk", "bias")
ADDITIVE = {name: value for name, value in EVERYTHING.items() if name.endswith(KINDS)}


@parametrize_with_checks([IMUNoise()], xfail_strict=True)
def test_check_of_sklearn(estimator, check):
    check(estimator)


def rng(seed=0):
    return np.random.default_rng(seed)


def imu_windows(seed=0, rows=6, **facts):
    facts = {"clip": ["a", "a", "b", "b", "c", "c"], "start": [0.0, 1.0] * 3} | facts
    data = 5 * rng(seed).standard_normal((rows, 12, 50))
    channels = channel_names(["left_wrist", "right_wrist"])
    return Windows(imu=data, rate=50.0, channels=channels, **facts)


# ---- laws


@checks(Law.IDEAL_SENSORS)
@given(SEEDS)
def test_ideal_sensors_are_the_identity_bit_for_bit(seed):
    data = rng(seed).standard_normal((50, 6))
    data[0] = -0.0
    for noise in (IMUNoise(), IMUNoise.preset("ideal"), IMUNoise(acc=SensorNoise(cutoff=25.0))):
        found = noise.apply(data, 50.0, rng())
        assert found.tobytes() == data.tobytes()
        assert found is not data
    X = imu_windows()
    assert IMUNoise().transform(X)["imu"].tobytes() == X["imu"].tobytes()


@checks(Law.IDEAL_PRESET)
def test_ideal_preset_equals_no_noise():
    motion = random_motion(0)
    plain = SMPLIMUSimulator().simulate(motion).data
    for noise in ("ideal", IMUNoise()):
        assert SMPLIMUSimulator(noise=noise).simulate(motion).data.tobytes() == plain.tobytes()


@checks(Law.OTHER_SENSOR)
def test_what_is_off_leaves_the_other_sensor_bit_for_bit():
    data = rng().standard_normal((50, 6))
    data[0] = -0.0
    own = {name: value for name, value in EVERYTHING.items() if name.startswith("gyro")}
    found = IMUNoise().set_params(**own).apply(data, 50.0, rng())
    assert found[:, :3].tobytes() == data[:, :3].tobytes()
    assert (found[:, 3:] != data[:, 3:]).any()


@checks(Law.WHITE_NOISE, Law.WHITE_NOISE_AT_ANY_RATE)
@pytest.mark.parametrize(("convention", "share"), [("two-sided", 1.0), ("one-sided", 0.5)])
@pytest.mark.parametrize("rate", [50.0, 100.0, 200.0])
def test_white_noise_has_its_density_at_any_rate(convention, share, rate):
    size, slope = Law.WHITE_NOISE.limits
    any_rate = Law.WHITE_NOISE_AT_ANY_RATE.limit
    noise = IMUNoise(
        acc=SensorNoise(density=0.02),
        gyro=SensorNoise(density=0.001),
        density_convention=convention,
    )
    data = noise.apply(np.zeros((400_000, 6)), rate, rng())
    assert np.allclose(data[:, :3].std(axis=0), 0.02 * np.sqrt(share * rate), rtol=any_rate)
    taus, deviation, _ = allan_deviation(data[:, 3:], rate, taus=[0.1, 0.3, 1.0])
    pooled = np.sqrt(np.mean(deviation**2, axis=1))
    assert pooled[2] == pytest.approx(0.001 * np.sqrt(share), rel=size)
    assert np.polyfit(np.log(taus), np.log(pooled), 1)[0] == pytest.approx(-0.5, abs=slope)


@pytest.mark.slow
@checks(Law.RANDOM_WALK)
@pytest.mark.parametrize("rate", [50.0, 200.0])
def test_random_walk_has_its_coefficient_at_any_rate(rate):
    size, slope = Law.RANDOM_WALK.limits
    noise = IMUNoise(acc=SensorNoise(random_walk=0.1), gyro=SensorNoise(random_walk=0.02))
    data = noise.apply(np.zeros((int(4000 * rate), 6)), rate, rng())
    assert not data[0].any()
    taus, deviation, _ = allan_deviation(data, rate, taus=[1.0, 3.0, 9.0])
    pooled = np.sqrt(np.mean((deviation / np.repeat([0.1, 0.02], 3)) ** 2, axis=1))
    assert pooled[1] == pytest.approx(1.0, rel=size)
    assert np.polyfit(np.log(taus), np.log(pooled), 1)[0] == pytest.approx(0.5, abs=slope)


@checks(Law.GAUSS_MARKOV)
@pytest.mark.parametrize("rate", [25.0, 100.0])
def test_bias_instability_is_stationary_from_the_first_sample(rate):
    size, decay = Law.GAUSS_MARKOV.limits
    noise = IMUNoise(
        acc=SensorNoise(instability=0.1, correlation_time=0.8),
        gyro=SensorNoise(instability=0.02, correlation_time=0.8),
        rate=rate,
        random_state=0,
    )
    clips = noise.transform(np.zeros((2000, 6, int(rate))))
    clips /= np.repeat([0.1, 0.02], 3)[:, None]
    for sample in (0, int(0.2 * rate), -1):
        assert clips[:, :, sample].std() == pytest.approx(1.0, rel=size)
    later = clips[:, :, round(0.8 * rate)]
    assert np.mean(clips[:, :, 0] * later) == pytest.approx(np.exp(-1), abs=decay)


@checks(Law.ADDITIVE_ERRORS)
@given(SEEDS)
def test_additive_errors_do_not_depend_on_the_motion(seed):
    noise = IMUNoise().set_params(**ADDITIVE)
    motions = [20 * rng(seed + i).standard_normal((40, 6)) for i in range(2)]
    errors = [noise.apply(x, 50.0, rng(seed), rng(seed + 1)) - x for x in motions]
    assert np.abs(errors[0] - errors[1]).max() < Law.ADDITIVE_ERRORS.limit


@pytest.mark.slow
@checks(Law.FILTERED_ERRORS)
@given(SEEDS)
def test_filters_are_linear(seed):
    cut = {"acc__cutoff": 10.0, "gyro__cutoff": 7.0}
    motions = [20 * rng(seed + i).standard_normal((60, 6)) for i in range(2)]
    errors = [
        IMUNoise().set_params(**ADDITIVE, **cut).apply(x, 50.0, rng(seed), rng(seed + 1))
        - IMUNoise().set_params(**cut).apply(x, 50.0, rng())
        for x in motions
    ]
    assert np.abs(errors[0] - errors[1]).max() < Law.FILTERED_ERRORS.limit


@checks(Law.INDEPENDENT_AXES)
def test_axes_sensors_and_clips_are_independent():
    noise = IMUNoise(
        acc=SensorNoise(density=0.1), gyro=SensorNoise(density=0.1), rate=100.0, random_state=0
    )
    data = noise.transform(np.zeros((2, 12, 4000))).reshape(24, -1)
    assert np.abs(np.corrcoef(data) - np.eye(24)).max() < Law.INDEPENDENT_AXES.limit / np.sqrt(4000)


@checks(Law.INDEPENDENT_TERMS)
def test_terms_are_independent():
    still = np.zeros((4000, 6))
    kinds = ("density", "random_walk")
    errors = [
        IMUNoise().set_params(**{f"acc__{kind}": 1.0}).apply(still, 100.0, rng())[:, 0]
        for kind in kinds
    ]
    steps = [errors[0][1:], np.diff(errors[1])]
    assert abs(np.corrcoef(steps)[0, 1]) < Law.INDEPENDENT_TERMS.limit / np.sqrt(4000)


@checks(Law.SEEDS)
def test_draws_follow_the_rows_through_any_order_and_batch():
    X = imu_windows()
    make = lambda seed: IMUNoise().set_params(**EVERYTHING, random_state=seed)  # noqa: E731
    whole = make(0).transform(X)["imu"]
    order = [4, 2, 0, 5, 1, 3]
    assert np.array_equal(make(0).transform(X[order])["imu"], whole[order])
    halves = [make(0).transform(X[rows])["imu"] for rows in (slice(0, 3), slice(3, 6))]
    assert np.array_equal(np.concatenate(halves), whole)
    assert not np.array_equal(make(1).transform(X)["imu"], whole)
    assert not np.array_equal(make(None).transform(X)["imu"], make(None).transform(X)["imu"])


@checks(Law.ROWS_WITHOUT_IDS)
@pytest.mark.parametrize("drop", [("start",), ("clip", "start")])
def test_rows_without_ids_are_keyed_by_their_values(drop):
    X = imu_windows().drop(*drop)
    noise = IMUNoise().set_params(**EVERYTHING, random_state=0)
    assert np.array_equal(noise.transform(X[::-1])["imu"][::-1], noise.transform(X)["imu"])
    array = X["imu"]
    noise.set_params(rate=50.0)
    assert np.array_equal(noise.transform(array[::-1])[::-1], noise.transform(array))


def test_windows_of_a_clip_share_their_sensor_but_not_their_noise():
    X = imu_windows()
    bias = IMUNoise(acc=SensorNoise(bias=1.0), random_state=0).transform(X)["imu"] - X["imu"]
    assert np.ptp(bias[:2], axis=(0, 2)).max() < 1e-12
    assert np.abs(bias[0] - bias[2]).max() > 0.1
    white = IMUNoise(acc=SensorNoise(density=1.0), random_state=0).transform(X)["imu"] - X["imu"]
    assert abs(np.corrcoef(white[0, :3].ravel(), white[1, :3].ravel())[0, 1]) < 0.3


@checks(Law.NOISE_INSIDE_AND_AFTER)
def test_noise_in_the_simulator_and_after_it_are_the_same():
    poses = np.stack([random_motion(seed, seconds=1.0).poses[:60] for seed in range(3)])
    X = Windows(pose=poses, rate={"pose": 60.0}, clip=["a", "a", "b"], start=[0.0, 1.0, 0.0])
    inside = SMPLIMUSimulator(noise=IMUNoise().set_params(**EVERYTHING), random_state=3)
    after = make_pipeline(SMPLIMUSimulator(), IMUNoise().set_params(**EVERYTHING, random_state=3))
    found = after.fit_transform(X)
    inside.fit(X)
    assert np.array_equal(found["imu"], inside.transform(X)["imu"])


@checks(Law.SATURATION)
@given(SEEDS, st.floats(0.5, 30.0), st.sampled_from([0.0, 0.37]), st.floats(0.0, 5.0))
def test_readings_saturate_monotonically_and_never_wrap(seed, limit, step, density):
    noise = IMUNoise(acc=SensorNoise(range=limit, resolution=step, density=density))
    data = np.zeros((200, 6))
    data[:, 0] = np.linspace(-100, 100, 200)
    noisy = noise.apply(data, 50.0, rng(seed))
    assert np.abs(noisy[:, :3]).max() <= limit
    exact = IMUNoise(acc=SensorNoise(range=limit, resolution=step)).apply(data, 50.0, rng(seed))
    assert (np.diff(exact[:, 0]) >= 0).all()
    assert np.array_equal(exact[:, 3:], data[:, 3:])


@checks(Law.SATURATION_WITH_ALL_ERRORS)
@given(SEEDS)
@settings(max_examples=10)
def test_saturation_holds_with_everything_on(seed):
    noise = IMUNoise().set_params(**EVERYTHING)
    data = 40 * rng(seed).standard_normal((100, 6))
    found = noise.apply(data, 50.0, rng(seed))
    assert np.abs(found[:, :3]).max() <= noise.acc.range
    assert np.abs(found[:, 3:]).max() <= noise.gyro.range


@checks(Law.RESOLUTION)
@given(SEEDS, st.floats(0.01, 1.0))
def test_readings_are_multiples_of_the_resolution(seed, step):
    data = 5 * rng(seed).standard_normal((4000, 6))
    found = IMUNoise(gyro=SensorNoise(resolution=step)).apply(data, 50.0, rng())[:, 3:]
    assert np.array_equal(found, np.rint(found / step) * step)
    error = found - data[:, 3:]
    assert np.abs(error).max() <= step / 2 + 1e-12
    assert error.std() == pytest.approx(step / np.sqrt(12), rel=Law.RESOLUTION.limit)


# ---- single terms


@pytest.mark.parametrize("name", list(EVERYTHING))
def test_each_term_does_something_and_does_it_again(name):
    data = 20 * rng().standard_normal((200, 6))
    noise = IMUNoise().set_params(**{name: EVERYTHING[name]})
    found = noise.apply(data, 50.0, rng(1), rng(2))
    assert (found != data).any()
    assert np.array_equal(found, noise.apply(data, 50.0, rng(1), rng(2)))


@pytest.mark.parametrize("name", list(ADDITIVE))
def test_switching_one_error_on_keeps_the_others(name):
    data = np.zeros((30, 6))
    rest = {key: value for key, value in ADDITIVE.items() if key != name}
    read = lambda terms: IMUNoise().set_params(**terms).apply(data, 50.0, rng(1), rng(2))  # noqa: E731
    assert np.abs(read(ADDITIVE) - read(rest) - read({name: ADDITIVE[name]})).max() < 1e-14


def test_scale_errors_are_relative():
    data = rng().standard_normal((100, 6))
    gain = (
        IMUNoise(acc=SensorNoise(scale=0.03), gyro=SensorNoise(scale=0.1)).apply(data, 50.0, rng())
        / data
    )
    assert np.ptp(gain, axis=0).max() < 1e-12
    assert 0.001 < np.abs(gain - 1).max() < 0.5


@pytest.mark.slow
def test_misalignment_mixes_the_axes_of_one_sensor():
    noise = IMUNoise(acc=SensorNoise(misalignment=0.02))
    response = noise.apply(np.eye(6), 50.0, rng(), rng(1)) - np.eye(6)
    assert not response[3:].any() and not response[:, 3:].any()
    assert not np.diag(response).any()
    spread = [noise.apply(np.eye(6), 50.0, rng(), rng(seed))[0, 1] for seed in range(2000)]
    assert np.std(spread) == pytest.approx(0.02, rel=0.06)


def test_gyroscopes_feel_specific_force():
    still = np.tile([0.0, 0.0, 9.80665, 0.0, 0.0, 0.0], (10, 1))
    found = IMUNoise(gyro=SensorNoise(g_sensitivity=0.001)).apply(still, 50.0, rng())
    assert np.array_equal(found[:, :3], still[:, :3])
    assert np.ptp(found[:, 3:], axis=0).max() == 0
    twice = IMUNoise(gyro=SensorNoise(g_sensitivity=0.001)).apply(2 * still, 50.0, rng())
    assert np.allclose(twice[:, 3:], 2 * found[:, 3:], rtol=1e-12)


@pytest.mark.parametrize("rate", [50.0, 400.0])
def test_low_pass_is_3_db_down_at_the_cutoff_and_has_no_delay(rate):
    times = np.arange(int(20 * rate)) / rate
    data = np.zeros((len(times), 6))
    data[:, :3] = np.sin(2 * np.pi * times * 10.0)[:, None]
    found = IMUNoise(acc=SensorNoise(cutoff=10.0)).apply(data, rate, rng())
    middle = slice(len(times) // 4, -len(times) // 4)
    ratio = found[middle, :3] / data[middle, :3]
    assert np.nanmedian(ratio) == pytest.approx(np.sqrt(0.5), rel=1e-3)
    level = np.ones((200, 6))
    assert np.allclose(
        IMUNoise(acc=SensorNoise(cutoff=10.0)).apply(level, rate, rng()), level, atol=1e-9
    )


def test_low_pass_shapes_the_noise_too():
    noise = IMUNoise(acc=SensorNoise(density=0.01, cutoff=10.0))
    data = noise.apply(np.zeros((100_000, 6)), 100.0, rng())[:, 0]
    frequency, power = welch(data, 100.0, nperseg=1024)
    assert np.sqrt(power[(frequency > 1) & (frequency < 3)].mean() / 2) == pytest.approx(
        0.01, rel=0.1
    )
    assert power[frequency > 30].mean() < 1e-3 * power[frequency < 5].mean()


@pytest.mark.parametrize("samples", [1, 2, 3, 5])
def test_short_windows_go_through_every_term(samples):
    found = IMUNoise().set_params(**EVERYTHING).apply(np.ones((samples, 6)), 50.0, rng())
    assert found.shape == (samples, 6) and np.isfinite(found).all()


def test_clocks_run_fast_or_slow_by_their_ppm():
    rate, times = 100.0, np.arange(20_001) / 100.0
    data = np.repeat(np.sin(0.5 * times)[:, None], 6, axis=1)
    found = IMUNoise(clock_ppm=100.0).apply(data, rate, rng(), rng(7))[:-200, 0]
    skew = 100e-6 * rng(7).standard_normal(34)[33]
    assert np.abs(found - np.sin(0.5 * times[:-200] * (1 + skew))).max() < 1e-8


def test_jitter_moves_the_times_of_all_axes_alike():
    rate, times = 100.0, np.arange(2001) / 100.0
    data = np.repeat(times[:, None], 6, axis=1)
    error = (IMUNoise(clock_jitter=0.001).apply(data, rate, rng()) - data)[10:-10]
    assert np.ptp(error, axis=1).max() < 1e-12
    assert error[:, 0].std() == pytest.approx(0.001, rel=0.1)


def test_lost_samples_repeat_the_last_one_or_are_marked():
    data = np.arange(20_000.0)[:, None] * np.ones(6)
    held = IMUNoise(dropout=0.2).apply(data, 50.0, rng())
    marked = IMUNoise(dropout=0.2, dropped="nan").apply(data, 50.0, rng())
    lost = np.isnan(marked).any(axis=1)
    assert np.array_equal(lost, np.isnan(marked).all(axis=1)) and not lost[0]
    assert lost.mean() == pytest.approx(0.2, rel=0.05)
    assert np.array_equal(held[~lost], data[~lost])
    assert np.array_equal(held[lost], held[np.flatnonzero(lost) - 1])


# ---- as a transformer


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("channels", [3, 6, 12])
def test_arrays_keep_shape_and_dtype_and_are_not_changed(channels, dtype):
    X = rng().standard_normal((4, channels, 30)).astype(dtype)
    before = X.copy()
    found = IMUNoise().set_params(**EVERYTHING, rate=50.0, random_state=0).fit_transform(X)
    assert found.shape == X.shape and found.dtype == dtype
    assert np.array_equal(X, before) and not np.array_equal(found, X)


def test_long_windows_go_in_parts_with_the_same_bits(monkeypatch):
    X = rng().standard_normal((3, 12, 40))
    noise = IMUNoise().set_params(**EVERYTHING, rate=50.0, random_state=0)
    whole = noise.transform(X)
    monkeypatch.setattr("m3n_sklearn.simulation._noise.BATCH_SAMPLES", 1)
    assert np.array_equal(noise.transform(X), whole)


def test_channels_may_stand_in_any_order():
    X = imu_windows()
    order = rng().permutation(12)
    shuffled = X.assign(imu=X["imu"][:, order], channels=[X.channels[i] for i in order])
    noise = IMUNoise().set_params(**EVERYTHING, random_state=0)
    assert np.array_equal(noise.transform(shuffled)["imu"], noise.transform(X)["imu"][:, order])
    bare = IMUNoise().set_params(
        **EVERYTHING, random_state=0, rate=50.0, channels=shuffled.channels
    )
    assert bare.transform(shuffled["imu"]).shape == (6, 12, 50)


def test_rows_without_imu_stay_as_they_are():
    X = imu_windows(present={"imu": [True, False] * 3}, text=list("abcdef"))
    found = IMUNoise(acc=SensorNoise(bias=1.0), random_state=0).fit(X).transform(X)
    assert np.array_equal(found["imu"][1::2], X["imu"][1::2])
    assert (found["imu"][::2] != X["imu"][::2]).any()
    assert found.present("imu").tolist() == X.present("imu").tolist()
    assert found.channels == X.channels and found.rate("imu") == 50.0


# ---- parameters of an estimator


def test_nested_parameters_are_set_cloned_and_printed():
    simulator = SMPLIMUSimulator(noise=IMUNoise(acc=SensorNoise(bias=0.1)))
    simulator.set_params(noise__acc__bias=0.2, noise__clock_ppm=10.0)
    copy = clone(simulator)
    assert copy.get_params()["noise__acc__bias"] == 0.2
    assert copy.noise is not simulator.noise and copy.noise.acc is not simulator.noise.acc
    assert repr(copy.noise) == "IMUNoise(acc=SensorNoise(bias=0.2), clock_ppm=10.0)"
    assert repr(copy.noise) in repr(copy)


@pytest.mark.parametrize("copy", [clone, lambda noise: pickle.loads(pickle.dumps(noise))])
def test_copies_read_the_same(copy):
    noise = IMUNoise().set_params(**EVERYTHING, rate=50.0, random_state=1)
    data = np.zeros((2, 6, 30))
    found = copy(noise)
    assert found.transform(data).tobytes() == noise.transform(data).tobytes()
    assert found.get_params()["gyro__g_sensitivity"] == EVERYTHING["gyro__g_sensitivity"]


@pytest.mark.parametrize("bundle", [SensorNoise(density=0.1), IMUNoise(acc=SensorNoise())])
def test_models_are_hashable_and_equal_to_themselves_only(bundle):
    assert {bundle: "found"}[bundle] == "found"
    assert bundle == bundle and bundle != clone(bundle)
    assert bundle.__class__.__name__ in bundle._repr_html_()


def test_every_parameter_of_a_sensor_has_a_nested_name():
    names = set(IMUNoise(acc=SensorNoise(), gyro=SensorNoise()).get_params())
    for triad in ("acc", "gyro"):
        assert {f"{triad}__{name}" for name in SensorNoise().get_params()} < names
    assert {name for name in IMUNoise().get_params() if "__" in name} == set()


def test_a_shared_sensor_is_never_changed_in_place():
    shared = SensorNoise(density=0.1)
    noise = IMUNoise(acc=shared, gyro=shared)
    noise.set_params(acc__density=0.2, gyro__bias=1.0)
    assert repr(shared) == "SensorNoise(density=0.1)"
    assert repr(noise.acc) == "SensorNoise(density=0.2)"
    assert repr(noise.gyro) == "SensorNoise(bias=1.0, density=0.1)"
    before = IMUNoise.preset("mpu9250").get_params()["acc__bias"]
    IMUNoise.preset("mpu9250").set_params(acc__bias=7.0)
    assert IMUNoise.preset("mpu9250").acc.bias == before


def test_nested_parameters_turn_an_ideal_sensor_into_a_noisy_one():
    noise = IMUNoise()
    noise.set_params(acc__density=0.1)
    assert repr(noise) == "IMUNoise(acc=SensorNoise(density=0.1))"
    assert repr(noise.set_params(acc=None)) == "IMUNoise()"
    noise.set_params(acc=SensorNoise(bias=1.0), acc__scale=0.1)
    assert repr(noise.acc) == "SensorNoise(bias=1.0, scale=0.1)"
    assert IMUNoise(acc=SensorNoise()).is_ideal and not noise.is_ideal
    with pytest.raises(ValueError, match="Invalid parameter 'densty'"):
        noise.set_params(gyro__densty=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [IMUNoise(), IMUNoise(acc=SensorNoise(density=1.0))])
def test_searches_go_over_the_noise_of_a_simulator(noise):
    poses = np.stack([random_motion(seed, seconds=1.0).poses[:60] for seed in range(4)])
    X = Windows(pose=poses, rate={"pose": 60.0})
    ideal = SMPLIMUSimulator()

    def closeness(simulator, X, y=None):
        error = simulator.transform(X)["imu"] - ideal.transform(X)["imu"]
        return -abs(error[:, :3].std() - 0.1 * np.sqrt(50.0))

    grid = {"noise__acc__density": [0.01, 0.1, 1.0], "noise__gyro__bias": [0.0]}
    simulator = SMPLIMUSimulator(noise=noise, random_state=0)
    before = repr(noise)
    search = GridSearchCV(simulator, grid, scoring=closeness, cv=2, error_score="raise").fit(X)
    assert search.best_params_ == {"noise__acc__density": 0.1, "noise__gyro__bias": 0.0}
    assert search.best_estimator_.noise.acc.density == 0.1
    assert repr(noise) == before


def test_presets_state_their_source():
    for name, preset in NOISE_PRESETS.items():
        noise = IMUNoise.preset(name)
        assert np.isfinite(noise.apply(np.zeros((2, 6)), 50.0, rng())).all()
        assert preset.source
        assert preset.checked != name.endswith("_estimate")
        for sensor, stated in ((noise.acc, preset.acc), (noise.gyro, preset.gyro)):
            assert (sensor is None) == (stated is None)
            assert sensor is None or stated.items() <= sensor.get_params().items()
    watch = IMUNoise.preset("mpu9250", acc__bias=0.0, clock_ppm=10)
    assert watch.acc.bias == 0 and watch.clock_ppm == 10
    assert watch.gyro.bias == IMUNoise.preset("mpu9250").gyro.bias
    data = IMUNoise.preset("empatica_e4").apply(np.full((5, 6), 100.0), 32.0, rng())
    assert np.allclose(data[:, :3] / 9.80665 * 64, 128) and (data[:, 3:] == 100.0).all()


def test_white_noise_of_a_data_sheet_is_one_sided():
    noise = IMUNoise.preset("mpu9250", acc__bias=0.0, acc__scale=0.0, acc__resolution=0.0)
    data = noise.apply(np.zeros((100_000, 6)), 100.0, rng())[:, :3]
    assert data.std() == pytest.approx(300e-6 * 9.80665 * np.sqrt(50.0), rel=0.01)


# ---- bad input


@pytest.mark.parametrize(
    ("noise", "error", "message"),
    [
        (
            IMUNoise(acc=SensorNoise(density=-1.0)),
            ValueError,
            r"'acc__density' parameter of IMUNoise.*\[0\.0, inf\)",
        ),
        (
            IMUNoise(gyro=SensorNoise(range=0.0)),
            ValueError,
            r"'gyro__range' .* in the range \(0.0, inf\]",
        ),
        (IMUNoise(acc=SensorNoise(bias=np.nan)), ValueError, "'acc__bias' .* Got nan"),
        (
            IMUNoise(acc=SensorNoise(bias="big")),
            TypeError,
            "'acc__bias' .* must be a float .* Got 'big'",
        ),
        (IMUNoise(acc=SensorNoise(correlation_time=0.0)), ValueError, "'acc__correlation_time'"),
        (
            IMUNoise(gyro=SensorNoise(cutoff=0.0)),
            ValueError,
            r"'gyro__cutoff' .* in the range \(0.0, inf\]",
        ),
        (IMUNoise(acc=SensorNoise(g_sensitivity=0.1)), ValueError, "only a gyroscope .*gyro__g"),
        (IMUNoise(acc=0.1), ValueError, "'acc' .*SensorNoise' or None. Got 0.1"),
        (IMUNoise(gyro="mpu9250"), TypeError, "'gyro' .*SensorNoise' or None"),
        (IMUNoise(clock_ppm=np.inf), ValueError, "'clock_ppm' .* Got inf"),
        (IMUNoise(dropout=1.0), ValueError, r"'dropout' .* \[0.0, 1.0\)"),
        (IMUNoise(dropped="zero"), ValueError, "'dropped' .* must be a str among"),
        (
            IMUNoise(density_convention="both"),
            ValueError,
            "'density_convention' .* must be a str among",
        ),
    ],
)
def test_bad_parameters_are_named(noise, error, message):
    with pytest.raises(error, match=message):
        noise.apply(np.zeros((5, 6)), 50.0, rng())
    with pytest.raises(error, match=message):
        noise.fit(np.zeros((2, 6, 5)))
    with pytest.raises(error, match=message):
        SMPLIMUSimulator(noise=noise).simulate(random_motion(0))


def test_bad_shape_is_named():
    with pytest.raises(ValueError, match=r"shape \(samples, 6\)"):
        IMUNoise().apply(np.zeros((5, 3)), 50.0, rng())


WHITE = IMUNoise(acc=SensorNoise(density=0.1))


@pytest.mark.parametrize(
    ("noise", "X", "message"),
    [
        (WHITE, np.zeros((2, 6, 5)), "give rate= in Hz"),
        (WHITE, np.zeros((2, 5)), "which channels are accelerometers"),
        (WHITE, np.zeros((2, 7, 5)), "which channels are accelerometers"),
        (WHITE, np.zeros((2, 2, 6, 5)), "An array of readings must"),
        (WHITE, np.full((2, 6, 5), np.nan), "NaN"),
        (WHITE, Windows(text=["a"]), "no column 'imu'"),
        (IMUNoise(acc=SensorNoise(density=0.1), rate=40.0), imu_windows(), "rate=40 was given"),
        (IMUNoise(dropout=0.1, dropped="nan"), imu_windows(), "Windows cannot contain NaN"),
        (
            IMUNoise(acc=SensorNoise(density=0.1), rate=-1.0),
            np.zeros((2, 6, 5)),
            "'rate' parameter",
        ),
    ],
)
def test_bad_input_is_named(noise, X, message):
    with pytest.raises(ValueError, match=message):
        noise.transform(X)


def test_unknown_presets_are_named():
    with pytest.raises(ValueError, match="one of ideal, mpu9250"):
        IMUNoise.preset("iphone")
