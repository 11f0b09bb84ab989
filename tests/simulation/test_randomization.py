"""Variation from clip to clip: keyed draws, their size, and the table of them."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from m3n_sklearn import Windows
from m3n_sklearn.body import BodyModel, default_body, resolve_sites
from m3n_sklearn.simulation import (
    IMUNoise,
    Randomization,
    SensorNoise,
    SMPLIMUSimulator,
    draws_table,
)
from m3n_sklearn.skeleton._rotations import matrix_from_rotvec

from .bodies import random_body
from .clips import random_motion, rms, triads

SEEDS = st.integers(0, 2**31)
EVERYTHING = {
    "mount_angle": 0.3,
    "stature_sd": 0.08,
    "site_jitter": 0.01,
    "betas_sd": 1.0,
    "tempo": 0.2,
    "mirror": 0.5,
    "device": ("mpu9250", IMUNoise(acc=SensorNoise(bias=0.3))),
}
SITES = ("left_wrist", "chest")


def draws(count=1000, seed=0, **spread):
    varied = Randomization(**spread)
    return [varied.draw(seed, str(i).encode()) for i in range(count)]


def blob(n_betas=3):
    """A surface with a shape space, on one bone."""
    rng = np.random.default_rng(0)
    vertices = rng.standard_normal((20, 3)) / 4
    return BodyModel(
        ["root"],
        [-1],
        vertices=vertices,
        weights=np.ones((20, 1)),
        shapedirs=0.01 * rng.standard_normal((20, 3, n_betas)) if n_betas else None,
        joint_regressor=np.full((1, 20), 0.05),
    )


@given(SEEDS)
@settings(max_examples=10)
def test_draws_depend_on_seed_and_clip_only(seed):
    varied = Randomization(**EVERYTHING)
    one, again = (varied.draw(seed, b"a").record(SITES) for _ in range(2))
    assert one == again
    assert varied.draw(seed, b"b").record(SITES) != one != varied.draw(seed + 1, b"a").record(SITES)


@pytest.mark.parametrize("name", list(EVERYTHING))
def test_one_parameter_leaves_the_other_draws_alone(name):
    off = getattr(Randomization(), name)
    rest = Randomization(**{**EVERYTHING, name: off}).draw(0, b"a").record(SITES)
    full = Randomization(**EVERYTHING).draw(0, b"a").record(SITES)
    own = {
        "mount_angle": "turn",
        "stature_sd": "taller",
        "site_jitter": "shift",
        "betas_sd": "beta",
        "tempo": "speed",
        "mirror": "mirrored",
        "device": "device",
    }[name]
    assert all(own in key for key in full if full[key] != rest.get(key))
    assert {key for key in full if own not in key} <= set(rest)


def test_nothing_varies_by_default():
    draw = Randomization().draw(0, b"a")
    motion, body = random_motion(0), default_body()
    assert draw.vary(motion) is motion and draw.body(body) is body
    assert draw.noise is None and np.array_equal(draw.mount("chest"), np.eye(3))
    varied = Randomization()
    assert not (varied.is_random or varied.changes_body or varied.changes_motion)


@pytest.mark.slow
def test_draws_have_the_sizes_they_should():
    rows = draws(2000, **EVERYTHING)
    assert np.std([d.taller for d in rows]) == pytest.approx(0.08, rel=0.06)
    betas = np.array([d.betas for d in rows])
    assert betas.shape == (2000, 10) and betas.std() == pytest.approx(1.0, rel=0.03)
    logs = np.log([d.speed for d in rows])
    assert np.abs(logs).max() <= 0.2 and logs.std() == pytest.approx(0.2 / np.sqrt(3), rel=0.05)
    assert np.mean([d.mirrored for d in rows]) == pytest.approx(0.5, abs=0.04)
    assert np.mean([d.device == "mpu9250" for d in rows]) == pytest.approx(0.5, abs=0.04)
    shifts = np.array([d.shift("chest") for d in rows])
    assert shifts.std() == pytest.approx(0.01, rel=0.04)
    angles = [d.record(["chest"]) for d in rows[:200]]
    lengths = [np.linalg.norm([a[f"chest_turn_{x}"] for x in "xyz"]) for a in angles]
    assert 0.2 < max(lengths) <= 0.3 + 1e-9


def test_mirrored_motions_are_mirrored():
    motion = random_motion(0)
    [draw] = draws(1, mirror=1.0)
    assert draw.mirrored
    seen, played = motion.mirrored(), draw.vary(motion)
    assert np.array_equal(played.poses, seen.poses) and np.array_equal(played.trans, seen.trans)
    assert not draws(1, mirror=1e-9)[0].mirrored


def test_tempo_multiplies_rates_and_squares_accelerations():
    motion = random_motion(0, seconds=3.0)
    draw = dataclasses.replace(Randomization(tempo=0.5).draw(0, b"a"), speed=1.25)
    played = draw.vary(motion)
    assert played.duration == pytest.approx(motion.duration / 1.25)
    assert played.times[0] == motion.times[0]
    slow, fast = (
        triads(SMPLIMUSimulator(rate=rate, smoothing=None, gravity=(0, 0, 0)).simulate(clip))
        for rate, clip in ((40.0, motion), (50.0, played))
    )
    assert len(slow) == len(fast)
    assert np.abs(fast[:, :, 1] - 1.25 * slow[:, :, 1]).max() < 1e-9
    assert np.abs(fast[:, :, 0] - 1.25**2 * slow[:, :, 0]).max() < 1e-7


def test_single_frames_have_no_tempo():
    motion = random_motion(0).slice(0.0, 0.01)
    assert draws(1, tempo=0.3)[0].vary(motion) is motion


def test_shapes_vary_where_there_is_a_shape_space():
    [draw] = draws(1, betas_sd=1.0)
    body = blob()
    wanted = body.shaped(betas=draw.betas[:3])
    assert np.array_equal(draw.body(body).vertices, wanted.vertices)
    with pytest.raises(ValueError, match="use stature_sd"):
        draw.body(default_body())


def test_simulated_bodies_of_a_shape_space_vary_by_their_betas():
    body, motions = random_body("blended", 0), [random_motion(0, name=name) for name in "ab"]
    varied = Randomization(betas_sd=1.0)
    simulator = SMPLIMUSimulator(body, sites="left_wrist", randomize=varied, random_state=0)
    first, second = (triads(recording) for recording in simulator.simulate(motions))
    assert rms(first[:, :, 0] - second[:, :, 0]) > 1e-2
    table = simulator.draws(motions)
    shaped = [body.shaped(betas=[table[f"beta_{i}"][k] for i in range(2)]) for k in range(2)]
    for k, found in enumerate((first, second)):
        plain = SMPLIMUSimulator(shaped[k], sites="left_wrist").simulate(motions[k])
        assert np.abs(found - triads(plain)).max() < 1e-9


def test_records_say_what_was_done():
    draw = Randomization(**EVERYTHING).draw(0, b"a")
    row = draw.record(SITES, clip="walk")
    assert row["clip"] == "walk" and row["taller"] == draw.taller and row["speed"] == draw.speed
    [site] = resolve_sites(default_body(), ["chest"])
    shift = [row[f"chest_shift_{axis}"] for axis in "xyz"]
    assert np.allclose(draw.site(site).offset - site.offset, shift, atol=1e-15)
    turn = [row[f"chest_turn_{axis}"] for axis in "xyz"]
    assert np.allclose(matrix_from_rotvec(turn), draw.mount("chest"), atol=1e-12)
    assert all(type(value) in (str, float, bool) for value in row.values())


def test_records_make_a_table():
    rows = draws(5, **EVERYTHING)
    table = pd.DataFrame(draws_table(d.record(SITES, clip=str(i)) for i, d in enumerate(rows)))
    assert len(table) == 5 and table["clip"].tolist() == list("01234")
    assert table["chest_shift_x"].dtype == float and table["mirrored"].dtype == bool
    assert draws_table([]) == {}
    with pytest.raises(ValueError, match="chest_shift_x"):
        draws_table([rows[0].record(SITES), rows[1].record(SITES[:1])])


def test_devices_are_drawn_by_name_or_model():
    model = IMUNoise(acc=SensorNoise(bias=0.3))
    found = {d.device: repr(d.noise) for d in draws(50, device=["mpu9250", model])}
    assert found == {"mpu9250": repr(IMUNoise.preset("mpu9250")), "device 1": repr(model)}
    motion = random_motion(0, name="a")
    varied = Randomization(device=[model])
    inside = SMPLIMUSimulator(randomize=varied, random_state=0).simulate(motion).data
    assert np.array_equal(
        inside, SMPLIMUSimulator(noise=model, random_state=0).simulate(motion).data
    )


def test_it_is_an_estimator():
    varied = Randomization(**EVERYTHING)
    record = varied.draw(0, b"a").record(SITES)
    for copy in (
        clone(varied),
        pickle.loads(pickle.dumps(varied)),
        clone(SMPLIMUSimulator(randomize=varied)).randomize,
    ):
        assert repr(copy) == repr(varied) and copy.draw(0, b"a").record(SITES) == record
    simulator = SMPLIMUSimulator(randomize=varied).set_params(randomize__tempo=0.1)
    assert simulator.get_params()["randomize__tempo"] == 0.1
    assert "Randomization" in varied._repr_html_()


def test_it_is_hashable_also_with_array_valued_parameters():
    sampled = Randomization(tempo=0.1, device=[IMUNoise(channels=np.array(["a", "b"]))])
    assert {sampled: "found"}[sampled] == "found"
    assert sampled == sampled and sampled != clone(sampled)


def test_searches_go_over_the_variation_of_a_simulator():
    poses = np.stack([random_motion(seed, seconds=1.0).poses[:60] for seed in range(4)])
    X = Windows(pose=poses, rate={"pose": 60.0})
    ideal = SMPLIMUSimulator().transform(X)["imu"]

    def change(simulator, X, y=None):
        return -np.abs(simulator.transform(X)["imu"]).max()

    grid = {"randomize__device": [None, ["empatica_e4"]]}
    simulator = SMPLIMUSimulator(randomize=Randomization(), random_state=0)
    search = GridSearchCV(simulator, grid, scoring=change, cv=2, error_score="raise").fit(X)
    assert np.abs(ideal[:, [0, 1, 2, 6, 7, 8]]).max() > 2 * 9.80665
    assert search.best_params_ == {"randomize__device": ["empatica_e4"]}


@pytest.mark.parametrize(
    ("spread", "error", "message"),
    [
        ({"stature_sd": -1}, ValueError, r"'stature_sd' parameter of Randomization.*\[0\.0, inf\)"),
        ({"betas_sd": np.nan}, ValueError, "'betas_sd' .* Got nan"),
        ({"tempo": "slow"}, TypeError, "'tempo' .* must be a float"),
        ({"tempo": 1.5}, ValueError, "tempo is the logarithm"),
        ({"mirror": 1.5}, ValueError, r"'mirror' .* \[0.0, 1.0\]"),
        ({"mount_angle": 20}, ValueError, "degrees"),
        ({"stature_sd": 8.0}, ValueError, "centimeters"),
        ({"site_jitter": 10}, ValueError, "site_jitter must be at most 1 m"),
        ({"device": "mpu9250"}, TypeError, "'device' .* 'list', .* 'tuple' or None"),
        ({"device": []}, ValueError, "at least one device"),
        ({"device": ["iphone"]}, ValueError, "one of ideal"),
        ({"device": [3]}, TypeError, "IMUNoise"),
        ({"device": [IMUNoise(acc=SensorNoise(bias=-1.0))]}, ValueError, "'acc__bias'"),
    ],
)
def test_bad_parameters_are_named(spread, error, message):
    with pytest.raises(error, match=message):
        SMPLIMUSimulator(randomize=Randomization(**spread)).simulate(random_motion(0))
