from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn import Windows
from m3n_sklearn._inputs import ImuWindows, InputMap
from m3n_sklearn.pretraining import _modalities as _sources
from m3n_sklearn.pretraining._data import Named, PretrainingData, hidden_spans
from m3n_sklearn.pretraining._modalities import Captions, PoseFeatures, RecordedImu, SimulatedImu
from m3n_sklearn.pretraining._setup import choose_objectives, spread_rows
from m3n_sklearn.text import HashingEncoder


@given(st.integers(1, 12), st.integers(1, 200), st.sampled_from([None, 20.0, 50.0]))
def test_every_row_hides_something(n: int, length: int, rate: float | None) -> None:
    hidden = hidden_spans(n, length, rate, np.random.default_rng(0))
    assert hidden.shape == (n, length)
    assert hidden.any(axis=1).all()


def test_spans_hide_half_in_runs_of_a_tenth_to_a_third_of_a_second() -> None:
    hidden = hidden_spans(400, 200, 50.0, np.random.default_rng(0))
    assert hidden.mean() == pytest.approx(0.5, abs=0.03)
    edges = np.flatnonzero(np.diff(hidden[0].astype(int)))
    runs = np.diff(edges)
    assert runs.min() >= 5
    assert runs.max() <= 15


def test_paraphrases_are_drawn_from_the_row_itself() -> None:
    X = Windows(text=[("walk", "a person walks"), "wave", "", ("wave", "walk")])
    captions = Captions.of(X, HashingEncoder(16))
    assert captions.numbers.shape == (4, 2)
    assert (captions.numbers[2] == -1).all()
    rows = np.array([0, 1, 3])
    rng = np.random.default_rng(0)
    drawn = np.stack([captions.draw(rows, rng) for _ in range(40)])
    assert len(np.unique(drawn[:, 0], axis=0)) == 2
    assert len(np.unique(drawn[:, 1], axis=0)) == 1


def test_batches_hold_the_rows_that_have_a_modality(toy_scene: Windows) -> None:
    X = toy_scene[:6].assign(
        imu=toy_scene[:6]["imu"],
        channels=toy_scene.channels,
        present={"imu": np.array([1, 1, 0, 1, 0, 1], dtype=bool)},
        text=["a", "", "b", "", "", "a"],
    )
    template = ImuWindows(X["imu"], X.rate("imu"), X.channels, False)
    data = PretrainingData(
        X,
        ("imu", "pose", "text"),
        imu=RecordedImu(X, template),
        input_map=InputMap.fit(template, rate=25.0),
        captions=Captions.of(X, HashingEncoder(16)),
        reconstruct=True,
    )
    batch = data.batch(np.array([5, 2, 0, 4]), np.random.default_rng(0))
    assert batch["has_imu"].tolist() == [True, False, True, False]
    assert batch["has_text"].tolist() == [True, True, True, False]
    assert batch["imu"].shape == (2, 1, 6, 50)
    assert batch["pose"].shape[0] == 4
    assert batch["text"].shape == (3, 16)
    assert batch["paired"].tolist() == [True, False, True, False]
    assert batch["hidden"].any(axis=1).sum() == 1  # every other row
    assert batch["imu"].dtype == np.float32
    alone = data.batch(np.array([4]), np.random.default_rng(0))
    assert set(alone) == {"has_imu", "has_pose", "has_text", "captions", "pose"}


def test_simulation_is_repeated_with_other_seeds(toy_motion: Any, toy_simulator: type[Any]) -> None:
    X = toy_motion(6)
    given_simulator = toy_simulator(noise=0.5)
    imu = SimulatedImu(X, given_simulator, seed=3, every=2)
    rows = np.arange(6)
    rounds = []
    for epoch in range(4):
        imu.start_epoch(epoch)
        rounds.append(imu.read(rows).values)
    assert np.array_equal(rounds[0], rounds[1])
    assert not np.array_equal(rounds[1], rounds[2])
    assert np.array_equal(rounds[2], rounds[3])
    assert not hasattr(given_simulator, "seen_")
    assert given_simulator.random_state is None
    again = SimulatedImu(X, toy_simulator(noise=0.5), seed=3, every=2)
    assert np.array_equal(again.read(rows).values, rounds[0])


def test_frozen_simulators_keep_what_they_learned(
    toy_motion: Any, toy_simulator: type[Any]
) -> None:
    from sklearn.frozen import FrozenEstimator

    simulator = toy_simulator().fit(toy_motion(9))
    imu = SimulatedImu(toy_motion(3), FrozenEstimator(simulator), seed=0, every=1)
    assert imu.simulator.seen_ == 9
    assert simulator.random_state is None


def test_distinct_people_of_some_rows() -> None:
    def people(**columns: Any) -> list[Any]:
        X = Windows(imu=np.zeros((6, 3, 4)), **columns)
        return Named.column(X, "groups").distinct(np.arange(5)).tolist()

    assert people() == []
    some = {"groups": np.array([True, True, True, False, False, True])}
    assert people(groups=["bob", "ann", "bob", "cid", "cid", "dan"], present=some) == ["ann", "bob"]
    assert people(groups=np.array([1.0, np.nan, 1.0, np.nan, 0.0, 2.0])) == [0.0, 1.0]
    missing = np.array(["b", pd.NA, "a", None, np.nan, "c"], dtype=object)
    assert people(groups=missing) == ["a", "b"]


def test_objectives_that_can_run() -> None:
    def there(*names: str) -> dict[str, np.ndarray]:
        return {name: np.ones(3, dtype=bool) for name in names}

    assert set(choose_objectives("auto", there("imu"))) == {"reconstruction"}
    assert set(choose_objectives("auto", there("pose", "text"))) == {"pose_text"}
    assert len(choose_objectives("auto", there("imu", "pose", "text"))) == 5
    for two in (2, np.float32(2), np.int64(2), Fraction(2)):
        chosen = choose_objectives({"imu_text": two}, there("imu", "text"))
        assert chosen == {"imu_text": 2.0} and type(chosen["imu_text"]) is float
    apart = {"imu": np.array([True, False, False]), "text": np.array([False, True, True])}
    assert set(choose_objectives("auto", apart)) == {"reconstruction"}
    alone = {name: np.array([True, False, False]) for name in ("imu", "text")}
    assert set(choose_objectives("auto", alone)) == {"reconstruction"}
    for rows in (apart, alone):
        with pytest.raises(ValueError, match="can be trained: the data have imu and text"):
            choose_objectives({"imu_text": 1.0}, rows)
    with pytest.raises(ValueError, match="can be trained: the data have pose"):
        choose_objectives("auto", there("pose"))
    with pytest.raises(ValueError, match="contains video"):
        choose_objectives({"video": 1.0}, there("imu"))
    for wrong in (-1.0, np.nan, "1"):
        with pytest.raises(ValueError, match="at least 0"):
            choose_objectives({"imu_text": wrong}, there("imu", "text"))


def test_spread_rows() -> None:
    mask = np.arange(100) % 2 == 0
    rows = spread_rows(mask, limit=10)
    assert len(rows) == 10
    assert mask[rows].all()
    assert rows[0] == 0
    assert rows[-1] == 98


def test_what_does_not_fit_into_memory(
    toy_motion: Any, toy_simulator: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    X, rows = toy_motion(9), np.array([4, 0, 4, 7])
    within = SimulatedImu(X, toy_simulator(noise=0.5), 3, 1), PoseFeatures(X)
    first = within[1].read(rows)
    assert np.array_equal(within[1].read(rows), first)
    monkeypatch.setattr(_sources, "IN_MEMORY", 100)
    beyond = SimulatedImu(X, toy_simulator(noise=0.5), 3, 1), PoseFeatures(X)
    assert isinstance(beyond[0]._imu.values, np.memmap)
    for epoch in (0, 1):
        for imu in (within[0], beyond[0]):
            imu.start_epoch(epoch)
        assert np.array_equal(within[0].read(rows).values, beyond[0].read(rows).values)
    assert np.array_equal(beyond[1].read(rows), first)
    assert beyond[1].kept is None
