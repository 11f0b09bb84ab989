"""The plan of a study: checked data, runs, and the rows of every cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._checks import check_count
from .._columns import plain_column
from .._splits import rows_to_learn_from
from ..windows import Windows
from ._budgets import Budget, draw_labels
from ._cells import UNLABELED, Cell, Data, Job, Run
from ._method import Method, People

__all__ = ["check_data", "plan_jobs", "plan_runs"]

Rows = NDArray[np.int64]


def check_data(
    X: Any, y: ArrayLike, groups: ArrayLike, blocks: ArrayLike | None, random_state: int
) -> Data:
    """Return what all cells share, or say what is wrong with it."""
    labels, people = _columns_like(X, y=y, groups=groups)
    ids = None if blocks is None else _columns_like(X, blocks=blocks)[0]
    if not isinstance(random_state, (int, np.integer)) or random_state < 0:
        raise ValueError(
            f"random_state must be a whole number of at least 0, so that every method meets the "
            f"same labels; got {random_state!r}."
        )
    # a slice would be copied for every cell that goes to another process
    whole = X.assign() if isinstance(X, Windows) else X
    return Data(whole, labels, people, ids, np.unique(labels), int(random_state))


def _columns_like(X: Any, **columns: ArrayLike) -> list[NDArray[Any]]:
    """Return columns as arrays with one entry per row of X, or complain."""
    if not hasattr(X, "shape") or hasattr(X, "iloc"):
        raise TypeError(
            f"X must be an array or Windows, got {type(X).__name__}; a table becomes an array by "
            "X.to_numpy()."
        )
    return [plain_column(values, name, X.shape[0]) for name, values in columns.items()]


def plan_runs(budgets: Sequence[Budget], n_draws: int) -> list[Run]:
    """Combine budgets and draws; all labels can be drawn in one way only."""
    draws = check_count(n_draws, "n_draws")
    return [
        Run(budget, draw) for budget in budgets for draw in range(1 if budget is None else draws)
    ]


def plan_jobs(
    methods: Sequence[Method], data: Data, folds: Sequence[People], runs: Sequence[Run]
) -> Iterator[Job]:
    """Yield every cell once, with the rows it learns from and those it is tested on."""
    people = np.unique(data.groups).tolist()
    for held_out in folds:
        away = np.isin(data.groups, np.array(held_out))
        test = np.flatnonzero(away)
        fold = f"the fold without {', '.join(map(str, held_out))}"
        there = rows_to_learn_from(~away, data.X, fold)
        key = sorted(people.index(person) for person in held_out)
        for method in methods:
            if not method.needs_labels:
                yield Job(method, Cell(method.name, held_out, UNLABELED), there, test)
        for run in runs:
            train = _draw(data, there, run, key)
            for method in methods:
                if method.needs_labels:
                    yield Job(method, Cell(method.name, held_out, run), train, test)


def _draw(data: Data, there: Rows, run: Run, fold_key: Sequence[int]) -> Rows:
    rng = np.random.default_rng([data.random_state, run.draw, *fold_key])
    local = None if data.blocks is None else data.blocks[there]
    return there[draw_labels(data.y[there], run.budget, blocks=local, random_state=rng)]
