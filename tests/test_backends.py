"""Equal bits on every backend of joblib, and nothing is lost with a worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV

from m3n_sklearn import Multi3NetClassifier, SMPLIMUSimulator
from m3n_sklearn._hashing import folder_digests
from m3n_sklearn._parallel import as_completed, count_workers
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.evaluation import Method, few_label_study, load_scores
from m3n_sklearn.pretraining import CorpusSource, build_corpus
from m3n_sklearn.pretraining.corpus import _build

pytestmark = pytest.mark.slow


@contextmanager
def loky() -> Iterator[None]:
    with joblib.parallel_config("loky", n_jobs=2):
        yield


@contextmanager
def dask() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config("dask", n_jobs=2),
    ):
        yield client


@contextmanager
def ray() -> Iterator[None]:
    engine = pytest.importorskip("ray", reason="ray is not installed")
    from ray.util.joblib import register_ray

    engine.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    try:
        with joblib.parallel_config("ray", n_jobs=2):
            yield
    finally:
        engine.shutdown()


MOTIONS = make_motions(3, 1, ["wave", "swipe_left"], seconds=2.0, rate=30.0, random_state=0)


def corpus(folder: Path, motions: Any = MOTIONS) -> dict[str, str]:
    """Build a corpus and return the digests of its files."""
    source = CorpusSource("made", "BSD-3-Clause", motions)
    simulator = SMPLIMUSimulator(sites=("right_wrist",), smoothing=None, noise="mpu9250")
    options = {"seconds": 1.0, "rate": 25.0, "pose_rate": 15.0, "mirror": True}
    return folder_digests(build_corpus(source, folder, simulator=simulator, **options))


RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 6, 40)).astype(np.float32)
Y, PEOPLE = np.tile([0, 1], 12), np.repeat(["ann", "bob", "eve"], 8)
CLASSIFIER = Multi3NetClassifier(max_epochs=1, random_state=0, rate=20.0)


def study(store: Path | None = None, seed: int = 0) -> list[Any]:
    """Run a study and return its scores without times."""
    methods = [
        Method("network", CLASSIFIER),
        Method("even", DummyClassifier(strategy="uniform", random_state=seed)),
    ]
    found = few_label_study(methods, X, Y, PEOPLE, budgets=(1,), n_draws=1, store=store)
    return [(s.method, s.group, s.macro_f1, s.predictions.tolist()) for s in found]


def search() -> Any:
    """Run a search and return its scores."""
    found = GridSearchCV(CLASSIFIER, {"lr": [1e-3, 1e-2]}, cv=2).fit(X, Y)
    return found.cv_results_["mean_test_score"].tolist()


@pytest.mark.parametrize("backend", [loky, dask, ray])
def test_equal_bits(backend: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_build, "CHUNK", 2)
    expected = corpus(tmp_path / "one"), study(), search()
    with backend():
        assert count_workers(None) == 2
        assert corpus(tmp_path / "several") == expected[0]
        assert study(tmp_path / "store") == expected[1]
        assert search() == expected[2]
    assert len(load_scores(tmp_path / "store")) == len(expected[1])


# ---- a worker is killed


def die_once(marker: Path) -> None:
    """Kill the worker that comes here first."""
    if os.getpid() != int(marker.with_name("main").read_text()) and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)


class Mortal(ClassifierMixin, BaseEstimator):
    """A classifier whose worker is killed in the third fit.

    `place` is a folder, as bytes: a path would count with its content, which changes here.
    """

    def __init__(self, place: bytes) -> None:
        self.place = place

    def fit(self, X: Any, y: Any) -> Mortal:
        place = Path(os.fsdecode(self.place))
        with (place / "log").open("a") as log:
            log.write("fit\n")
        if len((place / "log").read_text().splitlines()) >= 3:  # two may write before one reads
            die_once(place / "died")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X), dtype=int)


def run_again(run: Any) -> tuple[Any, int]:
    """Return a result, and how many calls it took."""
    for calls in range(1, 5):
        try:
            return run(), calls
        except Exception as error:
            last = error
    raise last


@pytest.mark.parametrize("backend", [loky, dask, ray])
def test_a_killed_worker_loses_nothing(backend: Any, tmp_path: Path) -> None:
    (tmp_path / "main").write_text(str(os.getpid()))
    methods = [Method("mortal", Mortal(os.fsencode(tmp_path)))]
    run = partial(
        few_label_study, methods, X, Y, PEOPLE, budgets=(1, 2), n_draws=1, store=tmp_path / "store"
    )
    with backend():
        found, calls = run_again(run)
    assert (tmp_path / "died").exists()
    assert len(found) == 6  # people and budgets
    # finished cells are not computed again, only those that two workers had when one died
    assert len((tmp_path / "log").read_text().splitlines()) <= 6 + 2 * max(1, calls - 1)


def test_a_corpus_goes_on_after_a_killed_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_build, "CHUNK", 1)
    expected = corpus(tmp_path / "undisturbed")
    (tmp_path / "main").write_text(str(os.getpid()))
    cut = _build._cut_chunk

    def mortal(key: str, clips: Any, *rest: Any) -> Any:
        if clips[0].name == "made/person2/wave/0":
            die_once(tmp_path / "died")
        return cut(key, clips, *rest)

    monkeypatch.setattr(_build, "_cut_chunk", mortal)
    with loky():
        digests, calls = run_again(partial(corpus, tmp_path / "corpus"))
    assert (tmp_path / "died").exists()
    assert calls == 2
    assert digests == expected


def test_tasks_in_this_process() -> None:
    assert count_workers(None) == 1
    assert sorted(as_completed([joblib.delayed(abs)(-n) for n in range(3)], None)) == [0, 1, 2]
