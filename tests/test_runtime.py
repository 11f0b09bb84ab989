"""Global state, and estimators in several threads and in forked processes."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback

from m3n_sklearn import Windows
from m3n_sklearn._compat import root_entropy
from m3n_sklearn._torch import (
    LiveModule,
    derive_rng,
    derive_seed,
    isolated,
    resolve_device,
    submit,
)
from m3n_sklearn.classification import Multi3NetClassifier
from m3n_sklearn.pretraining import Multi3NetPretrainer
from m3n_sklearn.recording import channel_names

from .wrists import classifier, pretrained, pretrainer, wrist_data


def test_everything_is_put_back_even_after_an_error() -> None:
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_default_device("meta")
    try:
        with pytest.raises(RuntimeError, match="inside"), isolated(seed=3):
            assert torch.get_num_threads() == 1
            assert torch.zeros(1).device.type == "cpu"
            torch.set_default_dtype(torch.float64)
            torch.rand(3), random.random(), np.random.rand()
            raise RuntimeError("inside")
        assert torch.get_default_device().type == "meta"
    finally:
        torch.set_default_device(None)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.array_equal(np.random.get_state()[1], before[2])
    assert (torch.get_num_threads(), torch.get_default_dtype()) == (threads, dtype)


def test_blocks_nest() -> None:
    with isolated(seed=0):
        first = torch.rand(1)
        with isolated(seed=1):
            torch.rand(5)
        second = torch.rand(1)
    with isolated(seed=0):
        assert torch.equal(torch.rand(2), torch.cat([first, second]))


def test_derived_draws() -> None:
    assert derive_seed(1, 2) == derive_seed(1, 2) != derive_seed(2, 1)
    assert 0 <= derive_seed(5) < 2**31
    assert derive_rng(1).random() != derive_rng(2).random()


def test_root_entropy() -> None:
    state = np.random.get_state()[1].copy()
    assert root_entropy(None) != root_entropy(None)
    assert np.array_equal(state, np.random.get_state()[1])
    assert root_entropy(7) == 7
    assert root_entropy(np.random.RandomState(0)) == root_entropy(np.random.RandomState(0))


def test_devices() -> None:
    assert resolve_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(ValueError, match="not a torch device"):
        resolve_device("abacus")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_cuda_is_missed_clearly() -> None:
    with pytest.raises(ValueError, match="finds no CUDA device"):
        resolve_device("cuda")


def test_live_modules_follow_their_state() -> None:
    live, first, second = LiveModule(), {}, {}
    modules = []
    for state in (first, first, second):
        with live.use(state, lambda: torch.nn.Linear(1, 1)) as module:
            modules.append(module)
    assert modules[0] is modules[1] is not modules[2]
    assert pickle.loads(pickle.dumps(live))._module is None


# ---- several threads

PATIENCE = 300.0
"""Seconds after which a test counts as hanging."""

X, Y, _ = wrist_data()


class Gate(Callback):
    """Holds a training after its first epoch, until it is opened."""

    reached, opened = threading.Event(), threading.Event()

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        self.reached.set()
        self.opened.wait(PATIENCE)


@contextmanager
def held_training() -> Iterator[ThreadPoolExecutor]:
    """Keep a classifier in the middle of its training, in another thread."""
    Gate.reached.clear(), Gate.opened.clear()
    with ThreadPoolExecutor(1) as thread:
        held = thread.submit(lambda: classifier(callbacks=[Gate()], max_epochs=2).fit(X, Y))
        assert Gate.reached.wait(PATIENCE)
        try:
            yield thread
        finally:
            Gate.opened.set()
        assert held.result().n_iter_ == 2


@cache
def fitted(**params: Any) -> Multi3NetClassifier:
    return classifier(FrozenEstimator(pretrained()), rate=50.0, max_epochs=2, **params).fit(X, Y)


def test_predictions_wait_for_no_fit() -> None:
    alone = fitted(), pretrained()
    expected = alone[0].predict_proba(X), alone[1].transform(X)
    with held_training():
        # copies build their networks while the other thread trains
        predicting, embedding = (pickle.loads(pickle.dumps(model)) for model in alone)
        np.testing.assert_array_equal(predicting.predict_proba(X), expected[0])
        np.testing.assert_array_equal(embedding.transform(X), expected[1])
        assert embedding.embed_text(["a person waves"]).shape == (1, 16)
        assert not Gate.opened.is_set()


def test_fits_and_predictions_side_by_side_have_the_bits_of_one_after_the_other() -> None:
    models = [
        classifier(strategy="scratch", random_state=seed, augment=how, max_epochs=3)
        for seed, how in enumerate(["auto", "so3", "auto"])
    ] + [Multi3NetClassifier(pretrainer(encoder="paper"), rate=50.0, max_epochs=2, random_state=0)]
    one_by_one = [clone(model).fit(X, Y).predict_proba(X) for model in models]
    stored, ended = pickle.dumps(fitted()), threading.Event()

    def predict_again_and_again() -> int:
        count = 0
        while not ended.is_set():  # a network is built each time, while others draw their weights
            pickle.loads(stored).predict(X[:1])
            count += 1
        return count

    with ThreadPoolExecutor(len(models)) as pool, ThreadPoolExecutor(1) as service:
        served = service.submit(predict_again_and_again)
        together = list(pool.map(lambda model: clone(model).fit(X, Y).predict_proba(X), models))
        ended.set()
        assert served.result() > 0
    for one, other in zip(one_by_one, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_threads_that_name_the_sites_in_another_order_share_a_classifier() -> None:
    rng = np.random.default_rng(0)
    imu = rng.normal(size=(12, 12, 30)).astype(np.float32)
    imu[:, [2, 8]] += 9.8
    names = channel_names(("left_wrist", "right_wrist"))
    there = Windows(imu=imu, rate=50.0, channels=names)
    turned = Windows(imu=imu[:, np.r_[6:12, :6]], rate=50.0, channels=names[6:] + names[:6])
    source = pretrainer(max_epochs=1).fit(there)
    model = classifier(FrozenEstimator(source), strategy="frozen").fit(there, np.arange(12) % 2)
    expected = model.predict_proba(there), model.predict_proba(turned)
    with ThreadPoolExecutor(4) as pool:
        forms = [(there, expected[0]), (turned, expected[1])] * 20
        answers = list(pool.map(lambda form: (model.predict_proba(form[0]), form[1]), forms))
    for answer, right in answers:
        np.testing.assert_array_equal(answer, right)


def in_new_thread(function: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function).result()


def test_thread_counts_are_left_alone_in_every_thread() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert submit(torch.get_num_threads).result() == 1
        fitted().predict(X)
        with isolated():
            assert (torch.get_num_threads(), in_new_thread(torch.get_num_threads)) == (1, 3)
            fitted().predict(X)
        assert (torch.get_num_threads(), in_new_thread(torch.get_num_threads)) == (3, 3)
    finally:
        torch.set_num_threads(before)


def test_a_prediction_leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    for model in (fitted(), Multi3NetPretrainer("paper", width=16, max_epochs=1).fit(X)):
        again = pickle.loads(pickle.dumps(model))
        getattr(again, "predict" if model is fitted() else "transform")(X)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_fit_within_inference_mode_trains() -> None:
    expected = classifier(max_epochs=1).fit(X, Y).predict_proba(X)
    with torch.inference_mode():
        inside = classifier(max_epochs=1).fit(X, Y).predict_proba(X)
    np.testing.assert_array_equal(inside, expected)


# ---- forked processes


def answer_of_child(work: Callable[[], bytes]) -> bytes:
    """Run a function in a forked child, and return its bytes; an error if it hangs."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, work())
        finally:
            os._exit(0)
    os.close(writing)
    until = time.monotonic() + PATIENCE
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            pytest.fail("the forked child hangs")
        time.sleep(0.01)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_process_forked_during_a_fit_fits_and_predicts() -> None:
    model = fitted()
    expected = clone(model).fit(X, Y).predict_proba(X).tobytes()

    def fit_and_predict() -> bytes:
        again = model.predict_proba(X).tobytes()
        fresh = clone(model).fit(X, Y).predict_proba(X).tobytes()
        return again if again == fresh else b"two answers"

    with held_training():
        for _ in range(2):
            assert answer_of_child(fit_and_predict) == expected
    # the locks of a prediction and of the thread that forks are free as well
    with model._module(), isolated():
        assert answer_of_child(fit_and_predict) == expected


def predict_in_child(model: Multi3NetClassifier) -> Any:
    return model.predict_proba(X)


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_forked_workers_predict_while_a_thread_fits() -> None:
    expected = fitted().predict_proba(X)
    with held_training(), multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map_async(predict_in_child, [fitted()] * 2).get(PATIENCE)
    for answer in found:
        np.testing.assert_array_equal(answer, expected)
