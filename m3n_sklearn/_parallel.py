"""Independent tasks on the joblib backend that the user has chosen: loky, dask, ray and others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from joblib import Parallel, effective_n_jobs
from joblib.parallel import get_active_backend

__all__ = ["as_completed", "count_workers"]


def count_workers(n_jobs: int | None) -> int:
    """Return the number of workers that `n_jobs` means on the active backend."""
    if n_jobs is None:
        n_jobs = get_active_backend()[1]
    return int(effective_n_jobs(n_jobs))


def as_completed(tasks: Iterable[Any], n_jobs: int | None) -> Iterator[Any]:
    """Yield results of delayed calls as they come; ray's backend has them at the end only."""
    streams = getattr(get_active_backend()[0], "supports_return_generator", False)
    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered" if streams else "list")
    yield from parallel(tasks)
