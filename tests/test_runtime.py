from __future__ import annotations

import pickle
import random

import numpy as np
import pytest
import torch

from m3n_sklearn._compat import root_entropy
from m3n_sklearn._torch import LiveModule, derive_rng, derive_seed, isolated, resolve_device


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
    module = live.get(first, lambda: torch.nn.Linear(1, 1))
    assert live.get(first, lambda: torch.nn.Linear(1, 1)) is module
    assert live.get(second, lambda: torch.nn.Linear(1, 1)) is not module
    assert pickle.loads(pickle.dumps(live))._module is None
