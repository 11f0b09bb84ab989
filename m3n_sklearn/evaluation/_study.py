"""A study: methods times label budgets times people never seen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from joblib import Parallel, delayed
from numpy.typing import ArrayLike

from .._splits import person_folds
from ._budgets import Budget, check_budgets
from ._cells import Cell, Data, Outcome, run_cell
from ._method import Method, People, check_methods
from ._plan import Job, check_data, plan_jobs, plan_runs, shared_cell
from ._progress import Progress
from ._results import scores_of
from ._scores import Score
from ._store import Store

__all__ = ["few_label_study"]


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
        Initialisations per draw. In each fit, every outermost ``random_state`` is set: that of
        the estimator or, where it has none, of each of its parts. One inside an estimator that
        has its own, such as a pretrainer's in a classifier, stays as it was given; a frozen
        estimator is left alone.
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
        missing. It is of one design of folds: nobody is held out in two of them. The folder
        knows windows, labels and estimators with all they hold (frozen weights and files too),
        but not what a function of the held-out people returns, nor the code: take a new one when
        that changes.
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
        If a held-out person is not in `groups`, a label or person is missing, a fold leaves
        nothing to learn from, or `store` holds another study, another method of the same name, or
        other folds.

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
    data = check_data(X, y, groups, blocks, random_state)
    tested = person_folds(data.groups, folds)
    runs = plan_runs(check_budgets(budgets), n_draws, n_seeds)
    shelf = None if store is None else Store(store)
    if shelf is not None:
        shelf.claim(data, compared, tested)
    jobs = list(plan_jobs(compared, data, tested, runs))
    outcomes = _carry_out(jobs, data, shelf, keep_proba, n_jobs, progress)
    scores: list[Score] = []
    for held_out, run, method in product(tested, runs, compared):
        cell = Cell(method.name, held_out, run)
        outcome = outcomes[shared_cell(cell, method.needs_labels)]
        scores += scores_of(cell, outcome, data.y, data.groups, method.flags)
    return scores


def _carry_out(
    jobs: Sequence[Job],
    data: Data,
    shelf: Store | None,
    keep_proba: bool,
    n_jobs: int | None,
    progress: Callable[[str], None] | None,
) -> Mapping[Cell, Outcome]:
    outcomes = dict(_recall(jobs, shelf, keep_proba))
    todo = [job for job in jobs if job.cell not in outcomes]
    # the longest first, so that no process waits for another at the end
    todo.sort(key=lambda job: -len(job.train))
    report = Progress(progress, [job.cell for job in todo], len(outcomes))
    work = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    for cell, outcome in work(delayed(_compute)(data, job, shelf, keep_proba) for job in todo):
        outcomes[cell] = outcome
        report.finish(cell, outcome)
    return outcomes


def _recall(
    jobs: Sequence[Job], shelf: Store | None, keep_proba: bool
) -> Iterator[tuple[Cell, Outcome]]:
    if shelf is None:
        return
    for job in jobs:
        outcome = shelf.read(job.cell, job.train, with_proba=keep_proba)
        if outcome is not None:
            yield job.cell, outcome


def _compute(data: Data, job: Job, shelf: Store | None, keep_proba: bool) -> tuple[Cell, Outcome]:
    outcome = run_cell(data, *job, keep_proba)
    if shelf is not None:  # here, and not where cells are collected: nothing finished is lost
        shelf.write(job.cell, outcome, job.method, job.train, with_proba=keep_proba)
    return job.cell, outcome
