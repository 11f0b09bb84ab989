"""Rates, lengths, batches, processes and engines: none of them is seen in the readings."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config

from m3n_sklearn import cut
from m3n_sklearn.simulation import _rows
from m3n_sklearn.simulation.trajectory import _track

from .clips import gap, rms
from .laws import invariant
from .scenes import few, fewer, scenes


@few
@given(scenes())
@invariant(16, "twice the sensor's rate contains the single one", tolerance="1e-12")
def test_16_double_rate_contains_the_single_one(scene):
    double = scene.read(rate=2 * scene.rate)[::2]
    single = scene.read()
    assert gap(single[: len(double)], double) < 1e-12


@few
@given(scenes(samplings=[(60.0, None)], rates=[100.0], fastest=8.0))
@invariant(
    17,
    "poses below 8 Hz, given at 60 or at 120 Hz (0.15 s from the ends)",
    tolerance="0.005 of the force, 0.001 of the rate, RMS",
)
def test_17_the_rate_of_the_poses_does_not_matter(scene):
    double = dataclasses.replace(scene, sampling=(120.0, None))
    fine = double.read()[15:-15]
    error = scene.read()[15:-15] - fine
    assert rms(error[:, :, 0]) < 0.005 * rms(fine[:, :, 0])
    assert rms(error[:, :, 1]) < 0.001 * rms(fine[:, :, 1])


@few
@given(
    scenes(samplings=[(15.0, None), (60.0, None), (120.0, None), (60.0, 6.0), (240.0, 6.0)]),
    st.booleans(),
)
@invariant(
    18,
    "samples more than 1 s away do not matter, up to the ends",
    tolerance="0.001 of it",
)
def test_18_what_is_far_away_does_not_matter(scene, cut_short):
    scene = dataclasses.replace(scene, seconds=4.0)
    whole = scene.motion
    other = dataclasses.replace(scene, seed=scene.seed + 1).motion
    share = np.clip((whole.times - 2.0) / 0.3, 0, 1)[:, None]  # from here on, another motion
    motion = (
        whole.slice(0.0, 2.0)
        if cut_short
        else whole.replace(
            poses=whole.poses + share[..., None] * (other.poses - whole.poses),
            trans=whole.trans + share * (other.trans - whole.trans),
        )
    )
    inside = slice(0, int(0.99 * scene.rate))
    plain, found = scene.read()[inside], scene.read(motion)[inside]
    for sensor in (0, 1):
        error = rms((found - plain)[:, :, sensor])
        assert error < 0.001 * rms(plain[:, :, sensor])


def windows(scene, count=3):
    """Windows of three clips, with a margin."""
    clips = [
        dataclasses.replace(scene, seed=scene.seed + i, seconds=2.0).motion.replace(
            name=f"clip {i}"
        )
        for i in range(count)
    ]
    return cut(clips, seconds=1.0, margin=0.25)[0]


@fewer
@given(scenes())
@invariant(22, "a batch of windows reads what its windows read one by one", tolerance="1e-10 of it")
def test_22_batches_are_loops(scene):
    X, simulator = windows(scene), scene.simulator()
    batch = simulator.transform(X)["imu"]
    loop = np.concatenate([simulator.transform(X[[i]])["imu"] for i in range(len(X))])
    assert gap(batch, loop) < 1e-10 * np.abs(batch).max()


@fewer
@given(scenes(), st.integers(1, 4))
@invariant(22, "how many windows are simulated together is not seen", tolerance="1e-10 of it")
def test_22_chunks_do_not_matter(scene, size):
    X, simulator = windows(scene), scene.simulator()
    whole = simulator.transform(X)["imu"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_rows, "BATCH_SIZE", size)
        found = simulator.transform(X)["imu"]
    assert gap(found, whole) < 1e-10 * np.abs(whole).max()


@settings(max_examples=4)
@given(scenes(seconds=30.0, frames=["skin"], samplings=[(60.0, None), (120.0, 6.0)]))
@invariant(
    22,
    "into how many pieces a long clip is cut is not seen",
    tolerance="1e-10 of it",
)
def test_22_pieces_do_not_matter(scene):
    whole = scene.read()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_track, "LONGEST_WHOLE", 512)
        patch.setattr(_track, "CHUNK", 256)
        found = scene.read()
    assert gap(found, whole) < 1e-10 * np.abs(whole).max()


@settings(max_examples=3)
@given(scenes())
@invariant(22, "how many processes or threads share the clips is not seen", tolerance="bit by bit")
def test_22_processes_do_not_matter(scene):
    X, clips = windows(scene), [scene.motion, dataclasses.replace(scene, seed=5).motion]
    one, two = scene.simulator(n_jobs=1), scene.simulator(n_jobs=2)
    with parallel_config("threading"):
        assert np.array_equal(one.transform(X)["imu"], two.transform(X)["imu"])
        for a, b in zip(one.simulate(clips), two.simulate(clips), strict=True):
            assert np.array_equal(a.data, b.data)


@fewer
@given(scenes(), st.sampled_from(["point", "mean"]))
@invariant(22, "numba reads what numpy reads", tolerance="1e-10 of it")
def test_22_engines_agree(scene, readout):
    pytest.importorskip("numba")
    plain = scene.read(readout=readout)
    compiled = scene.read(readout=readout, engine="numba")
    for sensor in (0, 1):
        size = np.abs(plain[:, :, sensor]).max()
        assert gap(compiled[:, :, sensor], plain[:, :, sensor]) < 1e-10 * size
