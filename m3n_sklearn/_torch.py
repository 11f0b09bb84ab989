"""Computations with torch that leave global state as they found it, and the choice of a device.

Random states, threads and dtype belong to the process. A fit that fails leaves the estimator as it
was.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch

__all__ = [
    "LiveModule",
    "all_or_nothing",
    "derive_rng",
    "derive_seed",
    "isolated",
    "resolve_device",
]

# global states belong to the process, so fits in several threads wait for each other
_LOCK = threading.RLock()


@contextmanager
def isolated(seed: int | None = None) -> Iterator[None]:
    """Run a block on one thread with its own torch seed, and restore all global state afterwards.

    Inside, the default dtype is float32 and the default device the CPU; an inference mode around
    it is off, since networks of an inference mode cannot be trained.
    """
    with _LOCK:
        threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
        numpy_state, python_state = np.random.get_state(), random.getstate()
        with (
            torch.random.fork_rng(devices=_cuda_devices()),
            _cpu_by_default(),
            torch.inference_mode(mode=False),
        ):
            try:
                torch.set_num_threads(1)
                torch.set_default_dtype(torch.float32)
                if seed is not None:
                    torch.manual_seed(seed)
                yield
            finally:
                torch.set_default_dtype(dtype)
                torch.set_num_threads(threads)
                np.random.set_state(numpy_state)
                random.setstate(python_state)


@contextmanager
def all_or_nothing(estimator: Any) -> Iterator[None]:
    """Restore the fitted attributes of an estimator if a fit fails or is interrupted.

    Otherwise the classes of one fit could be combined with the weights of another.
    """
    before = _fitted(estimator)
    try:
        yield
    except BaseException:
        for name in _fitted(estimator):
            delattr(estimator, name)
        vars(estimator).update(before)
        raise


def _fitted(estimator: Any) -> dict[str, Any]:
    """Return the fitted attributes of an estimator."""
    state = vars(estimator).items()
    return {name: value for name, value in state if name.endswith("_") and name[0] != "_"}


def _cpu_by_default() -> AbstractContextManager[Any]:
    """Return a context for the CPU, or an empty one if the CPU is the default: it is faster."""
    cpu = torch.device("cpu")
    return nullcontext() if torch.get_default_device() == cpu else cpu


def _cuda_devices() -> list[int]:
    """Return the CUDA devices, if CUDA is in use."""
    initialized = torch.cuda.is_available() and torch.cuda.is_initialized()
    return list(range(torch.cuda.device_count())) if initialized else []


def derive_rng(*key: int) -> np.random.Generator:
    """Return a random generator for a key of integers, independent of those of other keys."""
    return np.random.default_rng(np.random.SeedSequence(key))


def derive_seed(*key: int) -> int:
    """Return a seed below 2³¹ for a key of integers, for parameters that take an int."""
    return int(np.random.SeedSequence(key).generate_state(1)[0] >> 1)


def resolve_device(device: str) -> str:
    """Return the name of a torch device; "auto" is CUDA if it is available, else the CPU."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(device).type
    except RuntimeError as error:
        raise ValueError(
            f"device={device!r} is not a torch device; give 'auto', 'cpu', 'cuda' or 'cuda:0'."
        ) from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device={device!r} needs CUDA, but torch finds no CUDA device here. Use "
            "device='auto' or 'cpu'."
        )
    return device


class LiveModule:
    """A torch module that is rebuilt from portable state when needed, and is not pickled."""

    def __init__(self) -> None:
        self._state: object = None
        self._module: Any = None

    def get(self, state: object, build: Callable[[], torch.nn.Module]) -> Any:
        """Return the shared module, rebuilt unless it was built from this `state` object."""
        if self._state is not state:
            self._module, self._state = build(), state
        return self._module

    def __reduce__(self) -> tuple[type[LiveModule], tuple[()]]:
        return LiveModule, ()
