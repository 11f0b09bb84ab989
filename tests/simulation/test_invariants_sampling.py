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
from .laws import Law, checks
from .scenes import few, fewer, scenes


@pytest.mark.slow
@checks(Law.DOUBLE_RATE)
@few
@given(scenes())
def test_double_rate_contains_the_single_one(scene):
    double = scene.read(rate=2 * scene.rate)[::2]
    single = scene.read()
    assert gap(single[: len(double)], double) < Law.DOUBLE_RATE.limit


@pytest.mark.slow
@checks(Law.RATE_OF_THE_POSES)
@few
@given(scenes(samplings=[(60.0, None)], rates=[100.0], fastest=8.0))
def test_the_rate_of_the_poses_does_not_matter(scene):
    double = dataclasses.replace(scene, sampling=(120.0, None))
    fine = double.read()[15:-15]
    error = scene.read()[15:-15] - fine
    force, turning = Law.RATE_OF_THE_POSES.limits
    assert rms(error[:, :, 0]) < force * rms(fine[:, :, 0])
    assert rms(error[:, :, 1]) < turning * rms(fine[:, :, 1])


@pytest.mark.slow
@checks(Law.FAR_AWAY)
@few
@given(
    scenes(samplings=[(15.0, None), (60.0, None), (120.0, None), (60.0, 6.0), (240.0, 6.0)]),
    st.booleans(),
)
def test_what_is_far_away_does_not_matter(scene, cut_short):
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
        assert error < Law.FAR_AWAY.limit * rms(plain[:, :, sensor])


def windows(scene, count=3):
    """Windows of three clips, with a margin."""
    clips = [
        dataclasses.replace(scene, seed=scene.seed + i, seconds=2.0).motion.replace(
            name=f"clip {i}"
        )
        for i in range(count)
    ]
    return cut(clips, seconds=1.0, margin=0.25)[0]


@pytest.mark.slow
@checks(Law.BATCHES)
@fewer
@given(scenes())
def test_batches_are_loops(scene):
    X, simulator = windows(scene), scene.simulator()
    batch = simulator.transform(X)["imu"]
    loop = np.concatenate([simulator.transform(X[[i]])["imu"] for i in range(len(X))])
    assert gap(batch, loop) < Law.BATCHES.limit * np.abs(batch).max()


@pytest.mark.slow
@checks(Law.CHUNKS)
@fewer
@given(scenes(), st.integers(1, 4))
def test_chunks_do_not_matter(scene, size):
    X, simulator = windows(scene), scene.simulator()
    whole = simulator.transform(X)["imu"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_rows, "BATCH_SIZE", size)
        found = simulator.transform(X)["imu"]
    assert gap(found, whole) < Law.CHUNKS.limit * np.abs(whole).max()


@pytest.mark.slow
@checks(Law.PIECES)
@settings(max_examples=4)
@given(scenes(seconds=30.0, frames=["skin"], samplings=[(60.0, None), (120.0, 6.0)]))
def test_pieces_do_not_matter(scene):
    whole = scene.read()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_track, "LONGEST_WHOLE", 512)
        patch.setattr(_track, "CHUNK", 256)
        found = scene.read()
    assert gap(found, whole) < Law.PIECES.limit * np.abs(whole).max()


@pytest.mark.slow
@checks(Law.PROCESSES)
@settings(max_examples=3)
@given(scenes())
def test_processes_do_not_matter(scene):
    X, clips = windows(scene), [scene.motion, dataclasses.replace(scene, seed=5).motion]
    one, two = scene.simulator(n_jobs=1), scene.simulator(n_jobs=2)
    with parallel_config("threading"):
        assert np.array_equal(one.transform(X)["imu"], two.transform(X)["imu"])
        for a, b in zip(one.simulate(clips), two.simulate(clips), strict=True):
            assert np.array_equal(a.data, b.data)


@pytest.mark.slow
@checks(Law.ENGINES)
@fewer
@given(scenes(), st.sampled_from(["point", "mean"]))
def test_engines_agree(scene, readout):
    pytest.importorskip("numba")
    plain = scene.read(readout=readout)
    compiled = scene.read(readout=readout, engine="numba")
    for sensor in (0, 1):
        size = np.abs(plain[:, :, sensor]).max()
        assert gap(compiled[:, :, sensor], plain[:, :, sensor]) < Law.ENGINES.limit * size
