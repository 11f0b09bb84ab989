"""What a computation must leave as it found it: random states, threads, dtype; and the device."""

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

# the states below belong to the process, so fits in several threads take turns
_LOCK = threading.RLock()


@contextmanager
def isolated(seed: int | None = None) -> Iterator[None]:
    """Run a block on one thread, with its own torch seed, and put everything back afterwards.

    Inside, the default dtype is float32 and the default device the CPU. Random states of torch,
    NumPy and Python, the number of threads, dtype and device are restored, whatever happens.

    Parameters
    ----------
    seed : int, optional
        Seed of torch inside the block (initial weights, dropout).

    Examples
    --------
    >>> import torch
    >>> with isolated(seed=0):
    ...     first = torch.rand(1)
    >>> with isolated(seed=0):
    ...     second = torch.rand(1)
    >>> bool(first == second)
    True
    """
    with _LOCK:
        threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
        numpy_state, python_state = np.random.get_state(), random.getstate()
        with torch.random.fork_rng(devices=_cuda_devices()), _cpu_by_default():
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
    """Run a fit, and if it fails or is interrupted, put what was fitted before back.

    Otherwise the classes of one fit might meet the weights of another.

    Parameters
    ----------
    estimator : estimator
        Whose attributes with a trailing underscore are looked after.
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
    state = vars(estimator).items()
    return {name: value for name, value in state if name.endswith("_") and name[0] != "_"}


def _cpu_by_default() -> AbstractContextManager[Any]:
    # this context costs a little in every call of torch, so it is entered only if it is needed
    cpu = torch.device("cpu")
    return nullcontext() if torch.get_default_device() == cpu else cpu


def _cuda_devices() -> list[int]:
    initialised = torch.cuda.is_available() and torch.cuda.is_initialized()
    return list(range(torch.cuda.device_count())) if initialised else []


def derive_rng(*key: int) -> np.random.Generator:
    """Make a random generator from integers: the same ones give the same draws.

    Parameters
    ----------
    *key : int
        Such as root seed, purpose, epoch.

    Returns
    -------
    numpy.random.Generator
        Independent of the generators of other keys.

    Examples
    --------
    >>> int(derive_rng(0, 1).integers(100)) == int(derive_rng(0, 1).integers(100))
    True
    """
    return np.random.default_rng(np.random.SeedSequence(key))


def derive_seed(*key: int) -> int:
    """Make a seed below 2³¹ from integers, for what takes an int as `random_state`.

    Parameters
    ----------
    *key : int
        Such as root seed, purpose, epoch.

    Returns
    -------
    int
        The seed.
    """
    return int(np.random.SeedSequence(key).generate_state(1)[0] >> 1)


def resolve_device(device: str) -> str:
    """Choose the device to compute on.

    Parameters
    ----------
    device : str
        ``"auto"`` takes CUDA where it is available, else the CPU; anything else is passed on.

    Returns
    -------
    str
        A device name that torch knows.

    Raises
    ------
    ValueError
        If torch does not know the name, or the device is not available here.

    Examples
    --------
    >>> resolve_device("cpu")
    'cpu'
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(device).type
    except RuntimeError as error:
        raise ValueError(
            f"device={device!r} is no device of torch; give 'auto', 'cpu', 'cuda' or 'cuda:0'."
        ) from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"device={device!r} was asked for, but torch finds no CUDA device here. Use "
            "device='auto' or 'cpu'."
        )
    return device


class LiveModule:
    """A torch module that is rebuilt from portable state when needed, and never pickled.

    Examples
    --------
    >>> import pickle
    >>> live, weights = LiveModule(), {}
    >>> live.get(weights, lambda: torch.nn.Linear(1, 1)) is live.get(weights, None)
    True
    >>> b"torch.nn" in pickle.dumps(live)
    False
    """

    def __init__(self) -> None:
        self._state: object = None
        self._module: Any = None

    def get(self, state: object, build: Callable[[], torch.nn.Module]) -> Any:
        """Return the module, built again unless it was built for this very state.

        Parameters
        ----------
        state : object
            What the module is built from, compared by identity.
        build : callable
            Makes the module.

        Returns
        -------
        torch.nn.Module
            Shared: leave it as it is.
        """
        if self._state is not state:
            self._module, self._state = build(), state
        return self._module

    def __reduce__(self) -> tuple[type[LiveModule], tuple[()]]:
        return LiveModule, ()
