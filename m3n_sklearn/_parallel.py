"""Independent tasks on the joblib backend that the user has chosen: loky, dask, ray and others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from joblib import Parallel, effective_n_jobs
from joblib.parallel import get_active_backend

__all__ = ["as_completed", "count_workers"]

Task = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""What joblib's ``delayed`` returns."""


def count_workers(n_jobs: int | None) -> int:
    """Return the number of workers that `n_jobs` means on the active backend."""
    if n_jobs is None:
        n_jobs = get_active_backend()[1]
    return int(effective_n_jobs(n_jobs))


def as_completed(tasks: Sequence[Task], n_jobs: int | None) -> Iterator[Any]:
    """Yield results of delayed calls as they come."""
    backend = get_active_backend()[0]
    n_workers = count_workers(n_jobs)
    if type(backend).__module__.startswith("ray.") and n_workers > 1:
        yield from _on_ray(tasks, n_workers)
        return
    streams = getattr(backend, "supports_return_generator", False)
    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered" if streams else "list")
    yield from parallel(tasks)


def _on_ray(tasks: Sequence[Task], n_workers: int) -> Iterator[Any]:
    """Run tasks on ray itself: with its backend for joblib, a killed worker is waited for forever.

    Ray computes the task of a killed worker again.
    """
    import ray

    call = ray.remote(_call)
    shared: dict[int, Any] = {}  # arguments are sent once, however many tasks have them
    waiting: list[Any] = []
    for function, arguments, keywords in tasks:
        for value in arguments:
            if id(value) not in shared:
                shared[id(value)] = ray.put(value)
        references = [shared[id(value)] for value in arguments]
        waiting.append(call.remote(function, *references, **keywords))
        if len(waiting) >= 2 * n_workers:
            (done,), waiting = ray.wait(waiting)
            yield ray.get(done)
    while waiting:
        (done,), waiting = ray.wait(waiting)
        yield ray.get(done)


def _call(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    return function(*arguments, **keywords)
