"""Computations with torch that leave global state as they found it, and the choice of a device.

Random states and dtype belong to the process: fits set them, and therefore wait for each other.
Predictions do not use them, and do not wait for fits. The number of threads that torch uses belongs
to each thread. A fit that fails leaves the estimator as it was.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, ParamSpec, TypeVar
from weakref import WeakSet

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

__all__ = [
    "LiveModule",
    "all_or_nothing",
    "derive_rng",
    "derive_seed",
    "isolated",
    "one_fit_at_a_time",
    "resolve_device",
    "submit",
]

P = ParamSpec("P")
T = TypeVar("T")


# ---- locks and threads of this process


class _Lock:
    """A reentrant lock that is free in a forked child, whichever thread held it at the fork."""

    all: WeakSet[_Lock] = WeakSet()

    def __init__(self) -> None:
        self.renew()
        self.all.add(self)

    def renew(self) -> None:
        """Forget who holds the lock."""
        self._lock = threading.RLock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; blocks that were entered before a renewal release the old one."""
        with self._lock:
            yield


_FIT, _THREADS = _Lock(), _Lock()

_pool: ThreadPoolExecutor | None = None
"""Threads that compute predictions, each on one thread of torch."""


def _begin_anew() -> None:
    """Drop what a forked child has of threads that exist in its parent only."""
    global _pool
    _pool = None
    for lock in list(_Lock.all):
        lock.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_begin_anew)


def submit(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """Compute in another thread, on one thread of torch: the number of threads changes the bits.

    The function must neither draw from global random generators nor call `submit`.
    """
    global _pool
    with _THREADS.held():
        if _pool is None:
            _pool = ThreadPoolExecutor(
                max_workers=max(1, os.cpu_count() or 1),
                thread_name_prefix="m3n_sklearn",
                initializer=_set_own_threads,
                initargs=(1,),
            )
        return _pool.submit(function, *args, **kwargs)


def _set_own_threads(count: int) -> None:
    """Set the number of torch's threads for the calling thread, and for no thread to come."""
    if torch.get_num_threads() == count:
        return
    with _THREADS.held(), ThreadPoolExecutor(1) as helper:
        usual = helper.submit(torch.get_num_threads).result()
        torch.set_num_threads(count)
        # the number that new threads start with is the last one that any thread has set
        helper.submit(torch.set_num_threads, usual).result()


@contextmanager
def isolated(seed: int | None = None) -> Iterator[None]:
    """Run a block on one thread with its own torch seed, and restore all global state afterwards.

    Inside, the default dtype is float32, the default device the CPU, and gradients are computed.
    """
    with _FIT.held():
        threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
        numpy_state, python_state = np.random.get_state(), random.getstate()
        with (
            torch.random.fork_rng(devices=_cuda_devices()),
            _cpu_by_default(),
            torch.inference_mode(False),
            torch.enable_grad(),
        ):
            try:
                _set_own_threads(1)
                torch.set_default_dtype(torch.float32)
                if seed is not None:
                    torch.manual_seed(seed)
                yield
            finally:
                torch.set_default_dtype(dtype)
                _set_own_threads(threads)
                np.random.set_state(numpy_state)
                random.setstate(python_state)


def one_fit_at_a_time() -> AbstractContextManager[None]:
    """Hold the lock of `isolated` for a longer time: all fits of other threads wait."""
    return _FIT.held()


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
        self._lock = _Lock()

    @contextmanager
    def use(self, state: object, build: Callable[[], torch.nn.Module]) -> Iterator[Any]:
        """Hand the module to one thread at a time, rebuilt unless it was built from this `state`.

        `build` must set every weight: initial values are not drawn.
        """
        with self._lock.held():
            if self._state is not state:
                with _cpu_by_default(), _NoDraws():
                    self._module, self._state = build(), state
            yield self._module

    def __reduce__(self) -> tuple[type[LiveModule], tuple[()]]:
        return LiveModule, ()


class _NoDraws(TorchFunctionMode):
    """Leave new weights uninitialized in this thread: the global generator may belong to a fit."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        drawn = getattr(func, "__module__", None) == "torch.nn.init"
        if drawn or func in (torch.Tensor.uniform_, torch.Tensor.normal_):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)
