"""A study: methods times label budgets times people never seen."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray

from .._checks import check_count
from ..windows import Windows
from ._budgets import Budget, check_budgets, draw_labels
from ._cells import Cell, Data, Outcome, Run, run_cell
from ._method import Method, check_methods
from ._progress import Progress
from ._scores import Score, macro_f1
from ._splits import person_folds, purge_overlaps
from ._store import Store

__all__ = ["few_label_study", "load_scores"]

Rows = NDArray[np.int64]
Job = tuple[Method, Cell, Rows, Rows]
People = tuple[Hashable, ...]


def few_label_study(
    methods: Sequence[Method],
    X: Any,
    y: ArrayLike,
    groups: ArrayLike,
    *,
    budgets: Sequence[Budget] = (1, 4, None),
    n_draws: int = 1,
    n_seeds: int = 1,
    folds: int | Sequence[People] | None = None,
    blocks: ArrayLike | None = None,
    keep_proba: bool = False,
    store: str | os.PathLike[str] | None = None,
    n_jobs: int | None = None,
    random_state: int = 0,
    progress: Callable[[str], None] | None = None,
) -> list[Score]:
    """Hold people out, draw few labels from the others, and score every method on the same.

    Parameters
    ----------
    methods : sequence of Method
        What is compared.
    X : ndarray or Windows
        Labelled windows. If windows of one recording (column ``clip``) lie on both sides of a
        fold, training windows that overlap a tested one are dropped, see
        :func:`purge_overlaps`.
    y, groups : array-like of shape (n,)
        Labels and people.
    budgets : sequence of int, float or None, default=(1, 4, None)
        Labelled windows per class; a share in (0, 1) of the training people's windows of each
        class; or None for all of them.
    n_draws : int, default=1
        Draws of labels per fold and budget (one for None).
    n_seeds : int, default=1
        Initialisations per draw: every ``random_state`` of an estimator is set.
    folds : int, sequence of tuples or None, default=None
        None leaves one person out; a number makes so many folds of whole people; or the people
        of each fold, see :func:`person_folds`.
    blocks : array-like of shape (n,), optional
        Clip of each window, see :func:`draw_labels`.
    keep_proba : bool, default=False
        Whether to keep the probabilities of methods that have them.
    store : path-like, optional
        Folder for finished cells, a small file each. A study that was interrupted goes on where
        it stopped, and a larger one (more methods, budgets, draws, folds) computes what is
        missing. The folder knows windows, labels and the parameters of estimators, but not the
        code: take a new one when that changes.
    n_jobs : int, optional
        Processes, over all cells; the scores do not depend on it, each computes on one thread.
    random_state : int, default=0
        Seed of draws and initialisations.
    progress : callable, optional
        Called with a line of text whenever a cell is done: how many are, and the time left.

    Returns
    -------
    list of Score
        One per person, ordered by fold, budget, draw, seed and method.

    Raises
    ------
    ValueError
        If a held-out person is not in `groups`, there is nobody to learn from, or `store` holds
        another study.

    See Also
    --------
    format_table : Means over people.
    paired_difference : Which of two methods is ahead, and how surely.
    load_scores : The scores of a store.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from m3n_sklearn.evaluation import Method, few_label_study, format_table
    >>> rng = np.random.default_rng(0)
    >>> y, groups = np.tile([0, 1], 12), np.repeat(["ann", "bob", "eve"], 8)
    >>> X = rng.normal(size=(24, 5)) + 3 * y[:, None]
    >>> methods = [Method("majority", DummyClassifier()), Method("linear", LogisticRegression())]
    >>> scores = few_label_study(methods, X, y, groups, budgets=(1, None))
    >>> print(format_table(scores))
                   1 per class        all labels
    majority     0.333 ± 0.000     0.333 ± 0.000
    linear       1.000 ± 0.000     1.000 ± 0.000
    """
    compared = check_methods(methods)
    data = _check_data(X, y, groups, blocks, random_state)
    tested = person_folds(data.groups, folds)
    runs = _plan_runs(check_budgets(budgets), n_draws, n_seeds)
    shelf = None if store is None else Store(store)
    if shelf is not None:
        shelf.claim(data)
    jobs = list(_plan_jobs(compared, data, tested, runs))
    outcomes = _carry_out(jobs, data, shelf, keep_proba, n_jobs, progress)
    cells = ((m, Cell(m.name, fold, run)) for fold in tested for run in runs for m in compared)
    return [
        score
        for method, cell in cells
        for score in _scores_of(
            cell, outcomes[_shared(cell, method.needs_labels)], data.y, data.groups, method.flags
        )
    ]


def load_scores(store: str | os.PathLike[str]) -> list[Score]:
    """Read the scores of a study's store, finished or not.

    Parameters
    ----------
    store : path-like
        Folder that was given to :func:`few_label_study`.

    Returns
    -------
    list of Score
        Ordered by fold, budget, draw, seed and method name.

    Raises
    ------
    ValueError
        If the folder is no store.
    """
    shelf = Store(store)
    shelf.manifest()
    y, groups = shelf.truth()
    found = list(shelf)
    runs: dict[People, dict[Run, None]] = {}
    for cell, _, facts in found:
        if facts["needs_labels"]:
            runs.setdefault(cell.held_out, {})[cell.run] = None
    scores = [
        score
        for cell, outcome, facts in found
        for run in ([cell.run] if facts["needs_labels"] else runs.get(cell.held_out, [Run()]))
        for score in _scores_of(
            Cell(cell.method, cell.held_out, run), outcome, y, groups, tuple(facts["flags"])
        )
    ]
    return sorted(scores, key=_place)


def _place(score: Score) -> tuple[Any, ...]:
    """Sort folds, then counts, shares and all labels."""
    kind = {int: 0, float: 1}.get(type(score.budget), 2)
    fold = tuple(map(str, score.held_out))
    return (fold, kind, score.budget or 0, score.draw, score.seed, score.method)


# ---- what is to be done


def _check_data(
    X: Any, y: ArrayLike, groups: ArrayLike, blocks: ArrayLike | None, random_state: int
) -> Data:
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
    if not hasattr(X, "shape"):
        raise TypeError(f"X must be an array or Windows, got {type(X).__name__}.")
    arrays = []
    for name, values in columns.items():
        array = np.asarray(values)
        if array.shape != (X.shape[0],):
            raise ValueError(
                f"{name} must have one entry per row of X, {X.shape[0]}, got shape {array.shape}."
            )
        arrays.append(_plain(array, name))
    return arrays


def _plain(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return an array of numbers or strings: objects can be neither sorted nor stored surely."""
    if array.dtype != object:
        return array
    if len({type(value) for value in array.tolist()}) > 1 or array[0] is None:
        raise ValueError(f"{name} must be all numbers or all strings, got {set(array.tolist())}.")
    return np.array(array.tolist())


def _plan_runs(budgets: Sequence[Budget], n_draws: int, n_seeds: int) -> list[Run]:
    draws, seeds = check_count(n_draws, "n_draws"), check_count(n_seeds, "n_seeds")
    return [
        Run(budget, draw, seed)
        for budget in budgets
        for draw in range(1 if budget is None else draws)
        for seed in range(seeds)
    ]


def _plan_jobs(
    methods: Sequence[Method], data: Data, folds: Sequence[People], runs: Sequence[Run]
) -> Iterator[Job]:
    """Yield every cell once, with the rows it learns from and those it is tested on."""
    people = np.unique(data.groups).tolist()
    for held_out in folds:
        away = np.isin(data.groups, np.array(held_out))
        test = np.flatnonzero(away)
        there = purge_overlaps(np.flatnonzero(~away), test, data.X)
        key = sorted(people.index(person) for person in held_out)
        for method in methods:
            if not method.needs_labels:
                yield method, Cell(method.name, held_out, Run()), there, test
        for run in runs:
            train = _draw(data, there, run, key)
            for method in methods:
                if method.needs_labels:
                    yield method, Cell(method.name, held_out, run), train, test


def _draw(data: Data, there: Rows, run: Run, fold_key: Sequence[int]) -> Rows:
    rng = np.random.default_rng([data.random_state, run.draw, *fold_key])
    local = None if data.blocks is None else data.blocks[there]
    return there[draw_labels(data.y[there], run.budget, blocks=local, random_state=rng)]


def _shared(cell: Cell, needs_labels: bool) -> Cell:
    """Return the cell that was computed: without labels, one stands for all runs."""
    return cell if needs_labels else Cell(cell.method, cell.held_out, Run())


# ---- doing it


def _carry_out(
    jobs: Sequence[Job],
    data: Data,
    shelf: Store | None,
    keep_proba: bool,
    n_jobs: int | None,
    progress: Callable[[str], None] | None,
) -> Mapping[Cell, Outcome]:
    outcomes = dict(_recall(jobs, shelf, keep_proba))
    todo = [job for job in jobs if job[1] not in outcomes]
    # the longest first, so that no process waits for another at the end
    todo.sort(key=lambda job: -len(job[2]))
    report = Progress(progress, [job[1] for job in todo], len(outcomes))
    work = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    for cell, outcome in work(delayed(_compute)(data, job, shelf, keep_proba) for job in todo):
        outcomes[cell] = outcome
        report.finish(cell, outcome)
    return outcomes


def _recall(
    jobs: Sequence[Job], shelf: Store | None, keep_proba: bool
) -> Iterable[tuple[Cell, Outcome]]:
    if shelf is None:
        return
    for method, cell, train, _ in jobs:
        outcome = shelf.read(cell, method, train, with_proba=keep_proba)
        if outcome is not None:
            yield cell, outcome


def _compute(data: Data, job: Job, shelf: Store | None, keep_proba: bool) -> tuple[Cell, Outcome]:
    method, cell, train, test = job
    outcome = run_cell(data, method, cell, train, test, keep_proba)
    if shelf is not None:  # here, and not where cells are collected: nothing finished is lost
        shelf.write(cell, outcome, method, train)
    return cell, outcome


# ---- what came of it


def _scores_of(
    cell: Cell, outcome: Outcome, y: NDArray[Any], groups: NDArray[Any], flags: tuple[str, ...]
) -> Iterator[Score]:
    """Yield the score of each person of a fold."""
    for person in cell.held_out:
        mine = groups[outcome.rows] == person
        rows, predicted = outcome.rows[mine], outcome.predictions[mine]
        proba = outcome.probabilities
        yield Score(
            method=cell.method,
            budget=cell.run.budget,
            group=person,
            draw=cell.run.draw,
            seed=cell.run.seed,
            macro_f1=macro_f1(y[rows], predicted),
            rows=rows,
            predictions=predicted,
            probabilities=None if proba is None else proba[mine],
            classes=np.unique(y),
            held_out=cell.held_out,
            n_train=outcome.n_train,
            fit_seconds=outcome.fit_seconds,
            predict_seconds=outcome.predict_seconds * float(np.mean(mine)),
            flags=flags,
        )
