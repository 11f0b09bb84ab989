"""The plan of a study: its data, its runs, and the rows of every cell.

A *run* is a label budget and a draw: which labels a method is fitted on, and with which seed.
A *cell* is one fit: a method without some people in one run. Its results are one file of a store.
A *job* is a cell with the rows to fit on and the rows to predict.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from .._splits import rows_to_learn_from
from .._validation import check_count, plain_column
from .._windows import Windows
from ._budgets import Budget, budget_name, draw_labels
from ._method import Method, People, flags_of
from ._scores import Score, macro_f1

__all__ = [
    "UNLABELED",
    "Cell",
    "Data",
    "Job",
    "Run",
    "check_data",
    "plan_jobs",
    "plan_runs",
    "run_cell",
]

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Run:
    """A label budget and a repetition; each repetition draws other labels."""

    budget: Budget = None
    draw: int = 0


UNLABELED = Run(budget=0)
"""The run of methods without labels, which are fitted once per fold."""


@dataclass(frozen=True)
class Cell:
    """One fit: the method, the people that are held out, and the run."""

    method: str
    held_out: tuple[Hashable, ...]
    run: Run

    def __str__(self) -> str:
        run = self.run
        people = ", ".join(map(str, self.held_out))
        if run == UNLABELED:
            return f"{self.method}, no labels, without {people}"
        return f"{self.method}, {budget_name(run.budget)}, without {people}, draw {run.draw}"


@dataclass(frozen=True, eq=False)
class Data:
    """The windows, their labels, people and clips, and the seed of all draws."""

    X: Any
    y: NDArray[Any]
    groups: NDArray[Any]
    blocks: NDArray[Any] | None
    classes: NDArray[Any]
    random_state: int


class Job(NamedTuple):
    """A cell, the rows to fit on and the rows to predict."""

    method: Method
    cell: Cell
    train: Rows
    test: Rows


# ---- the plan


def check_data(
    X: Any, y: ArrayLike, groups: ArrayLike, blocks: ArrayLike | None, random_state: int
) -> Data:
    """Check the arguments that all cells share."""
    labels, people = _columns_like(X, y=y, groups=groups)
    ids = None if blocks is None else _columns_like(X, blocks=blocks)[0]
    if not isinstance(random_state, (int, np.integer)) or random_state < 0:
        raise ValueError(
            f"random_state must be a whole number of at least 0, so that every method gets the "
            f"same labels; got {random_state!r}."
        )
    # a slice would be copied for every cell that goes to another process
    whole = X.assign() if isinstance(X, Windows) else X
    return Data(whole, labels, people, ids, np.unique(labels), int(random_state))


def _columns_like(X: Any, **columns: ArrayLike) -> list[NDArray[Any]]:
    """Return columns as arrays with one entry per row of X, or raise."""
    if not hasattr(X, "shape") or hasattr(X, "iloc"):
        raise TypeError(
            f"X must be an array or Windows, got {type(X).__name__}. Convert a table with "
            "X.to_numpy()."
        )
    return [plain_column(values, name, X.shape[0]) for name, values in columns.items()]


def plan_runs(budgets: Sequence[Budget], n_draws: int) -> list[Run]:
    """Combine budgets and draws; a budget of all labels has one draw."""
    draws = check_count(n_draws, "n_draws")
    return [
        Run(budget, draw) for budget in budgets for draw in range(1 if budget is None else draws)
    ]


def plan_jobs(
    methods: Sequence[Method], data: Data, folds: Sequence[People], runs: Sequence[Run]
) -> Iterator[Job]:
    """Yield every cell once, with the rows to fit on and the rows to predict."""
    people = np.unique(data.groups).tolist()
    for held_out in folds:
        is_held_out = np.isin(data.groups, np.array(held_out))
        test = np.flatnonzero(is_held_out)
        fold = f"the fold without {', '.join(map(str, held_out))}"
        train_rows = rows_to_learn_from(~is_held_out, data.X, fold)
        key = sorted(people.index(person) for person in held_out)
        for method in methods:
            if not method.needs_labels:
                yield Job(method, Cell(method.name, held_out, UNLABELED), train_rows, test)
        for run in runs:
            train = _draw(data, train_rows, run, key)
            for method in methods:
                if method.needs_labels:
                    yield Job(method, Cell(method.name, held_out, run), train, test)


def _draw(data: Data, train_rows: Rows, run: Run, fold_key: Sequence[int]) -> Rows:
    """Draw labeled rows of the training people; the draw depends on the seed, run and fold only."""
    rng = np.random.default_rng([data.random_state, run.draw, *fold_key])
    train_blocks = None if data.blocks is None else data.blocks[train_rows]
    labels = data.y[train_rows]
    return train_rows[draw_labels(labels, run.budget, blocks=train_blocks, random_state=rng)]


# ---- one cell


def run_cell(data: Data, job: Job) -> list[Score]:
    """Fit a method on a fold, and score each held-out person."""
    # one thread, so that sums are added in the same order with any number of processes
    with threadpool_limits(limits=1):
        try:
            return _fit_and_score(data, *job)
        except Exception as error:
            error.add_note(f"This happened in the study's cell: {job.cell}.")
            raise


def _fit_and_score(data: Data, method: Method, cell: Cell, train: Rows, test: Rows) -> list[Score]:
    """Fit and predict a cell; the arguments are the data and the entries of a job."""
    # 1. The estimator of this fold, with the seed of this repetition
    estimator = _seeded(method.build(cell.held_out), data.random_state, cell.run)
    flags = flags_of(method, estimator, cell.held_out)
    # 2. The drawn windows, with the method's own extra ones
    X, y = _training_set(data, method, cell.held_out, train)
    known = [y] if method.needs_labels else []
    people = _people(estimator, data, method, train)
    # 3. Fit and predict; only these two are timed
    begun = time.perf_counter()
    with warnings.catch_warnings():  # few windows of many classes may look like regression
        warnings.filterwarnings("ignore", "The number of unique classes")
        fitted = estimator.fit(X, *known, **people)
    trained = time.perf_counter()
    predictions = _plain(fitted.predict(data.X[test]))
    ended = time.perf_counter()
    # 4. One score for each person of the fold
    scores = []
    for person in cell.held_out:
        is_person = data.groups[test] == person
        rows = test[is_person]
        scores.append(
            Score(
                method=cell.method,
                budget=cell.run.budget,
                group=person,
                draw=cell.run.draw,
                macro_f1=macro_f1(data.y[rows], predictions[is_person]),
                rows=rows,
                predictions=predictions[is_person],
                classes=data.classes,
                held_out=cell.held_out,
                n_train=len(train) if method.needs_labels else 0,
                fit_seconds=trained - begun,
                predict_seconds=(ended - trained) * float(np.mean(is_person)),
                flags=flags,
            )
        )
    return scores


def _seeded(estimator: BaseEstimator, random_state: int, run: Run) -> BaseEstimator:
    """Set the outermost random states to the seed of a draw, which is the same for all methods."""
    names = [name for name in estimator.get_params() if name.endswith("random_state")]
    owners = {name.rpartition("__")[0] for name in names}
    # parts of an estimator that has a random_state itself are seeded by that estimator
    outer = [name for name in names if owners.isdisjoint(_around(name.rpartition("__")[0]))]
    state = np.random.SeedSequence([random_state, run.draw]).generate_state(1)
    return estimator.set_params(**dict.fromkeys(outer, int(state[0] % 2**31)))


def _around(owner: str) -> Iterator[str]:
    """Yield the paths of the estimators around a nested one; the outermost is ""."""
    while owner:
        owner = owner.rpartition("__")[0]
        yield owner


def _training_set(
    data: Data, method: Method, held_out: tuple[Hashable, ...], train: Rows
) -> tuple[Any, NDArray[Any]]:
    """Return the drawn windows and labels, followed by the extra ones of the method."""
    X, y = data.X[train], data.y[train]
    if method.extra is None:
        return X, y
    extra = method.extra(held_out)
    if not isinstance(extra, tuple) or len(extra) != 2 or not hasattr(extra[0], "shape"):
        raise TypeError(
            f"extra of method {method.name!r} must return a tuple (X, y), got "
            f"{type(extra).__name__}."
        )
    X_extra = extra[0]
    labels = plain_column(extra[1], f"The extra labels of {method.name!r}", X_extra.shape[0])
    unknown = np.setdiff1d(labels, data.classes)
    if len(unknown):
        raise ValueError(
            f"extra of method {method.name!r} has labels that are not in y: {unknown.tolist()}."
        )
    return _join(X, X_extra), np.concatenate([y, labels])


def _join(X: Any, extra: Any) -> Any:
    """Append extra windows to the drawn ones; only columns that both have are kept."""
    if isinstance(X, Windows) != isinstance(extra, Windows):
        raise TypeError(
            f"extra windows must be of the kind of X, {type(X).__name__}, got "
            f"{type(extra).__name__}."
        )
    if not isinstance(X, Windows):
        return np.concatenate([X, extra])
    odd = set(X.columns) ^ set(extra.columns)
    return Windows.concatenate([X.drop(*odd), extra.drop(*odd)])


def _people(
    estimator: BaseEstimator, data: Data, method: Method, train: Rows
) -> dict[str, NDArray[Any]]:
    """Return the parameter `groups` of `fit`, for estimators that cross-validate over people."""
    takes_them = method.needs_labels and has_fit_parameter(estimator, "groups")
    groups = data.groups[train]
    # extra windows have no person, and a single person cannot be held out
    if not takes_them or method.extra is not None or len(np.unique(groups)) < 2:
        return {}
    return {"groups": groups}


def _plain(predictions: Any) -> NDArray[Any]:
    """Return predictions as numbers or strings: files hold no objects."""
    array = np.asarray(predictions)
    return np.array(array.tolist()) if array.dtype == object else array
