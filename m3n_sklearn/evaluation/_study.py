"""Compare methods on held-out people with few labels."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import product
from typing import Any

from joblib import delayed
from numpy.typing import ArrayLike
from tqdm import tqdm

from .._parallel import as_completed
from .._splits import person_folds
from ._budgets import Budget, check_budgets
from ._jobs import UNLABELED, Cell, Data, Job, check_data, plan_jobs, plan_runs, run_cell
from ._method import Method, People, check_methods
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
    folds: int | Sequence[People] | None = None,
    blocks: ArrayLike | None = None,
    store: str | os.PathLike[str] | None = None,
    n_jobs: int | None = None,
    random_state: int = 0,
    verbose: int = 0,
) -> list[Score]:
    """Compare methods on held-out people with few labels; all methods get the same draws.

    Parameters
    ----------
    methods : sequence of Method
        The methods to compare.
    X : ndarray or Windows
        Labeled windows. If windows of one recording (column ``clip``) are on both sides of a
        fold, training windows that overlap a tested one are dropped, see :func:`purge_overlaps`.
    y, groups : array-like of shape (n,)
        Labels and people.
    budgets : sequence of int, float or None, default=(1, 4, None)
        Labeled windows per class; a share in (0, 1) of the training people's windows of each
        class; or None for all of them.
    n_draws : int, default=1
        Draws of labels per fold and budget (one for None), each with its own initialization. Each
        fit sets every outermost ``random_state``: that of the estimator or, if it has none, of
        each of its parts. A ``random_state`` inside an estimator that has its own, such as that of
        a classifier's pretrainer, and those of frozen estimators are not changed.
    folds : int, sequence of tuples or None, default=None
        None leaves one person out; a number makes that many folds of whole people; or the people
        of each fold, see :func:`person_folds`.
    blocks : array-like of shape (n,), optional
        Clip of each window, see :func:`draw_labels`.
    store : path-like, optional
        Folder for finished cells, one small file each. An interrupted study resumes from it, and a
        larger one (more methods, budgets, draws or folds) computes only what is missing. A cell is
        reused if the windows, labels, people, the drawn rows and the method's parameters, with all
        frozen weights, are the same. Several processes may work on one store: each computes the
        cells that it does not find. What a function of the held-out people returns and the
        code are not compared: use an empty folder after such a change.
    n_jobs : int, optional
        Number of processes. The scores do not depend on it, since each fit uses one thread.
    random_state : int, default=0
        Seed of draws and initializations.
    verbose : int, default=0
        Above 0, a progress bar shows the finished cells and the remaining time.

    Returns
    -------
    list of Score
        One per person, ordered by fold, budget, draw and method.

    Raises
    ------
    ValueError
        If a held-out person is not in `groups`, a label or person is missing, a fold leaves
        nothing to learn from, or a file in `store` is damaged.

    See Also
    --------
    format_table : Means over people.
    paired_difference : Difference of two methods with its confidence interval.
    load_scores : The scores in a store.

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
    # 1. Check all arguments before the first fit
    compared = check_methods(methods)
    data = check_data(X, y, groups, blocks, random_state)
    tested = person_folds(data.groups, folds)
    runs = plan_runs(check_budgets(budgets), n_draws)
    # 2. Compute the cells that are not in the store
    jobs = list(plan_jobs(compared, data, tested, runs))
    results_store = None if store is None else Store(store, data, compared)
    scores_by_cell = _compute_all(jobs, data, results_store, n_jobs, verbose)
    # 3. List the scores; those of a method without labels are repeated for every run
    scores: list[Score] = []
    for held_out, run, method in product(tested, runs, compared):
        fitted = run if method.needs_labels else UNLABELED
        cell = Cell(method.name, held_out, fitted)
        scores += [replace(score, **asdict(run)) for score in scores_by_cell[cell]]
    return scores


def _compute_all(
    jobs: Sequence[Job], data: Data, store: Store | None, n_jobs: int | None, verbose: int
) -> Mapping[Cell, list[Score]]:
    """Return the scores of all cells, from the store or computed."""
    # 1. Read the cells in the store
    stored = {} if store is None else {job.cell: store.read(job) for job in jobs}
    scores_by_cell = {cell: scores for cell, scores in stored.items() if scores is not None}
    # 2. Compute the others, the longest first, so that no process waits for another at the end
    missing = [job for job in jobs if job.cell not in scores_by_cell]
    missing.sort(key=lambda job: -len(job.train))
    by_cell = {job.cell: job for job in missing}
    computed = as_completed([delayed(_compute)(data, job, store) for job in missing], n_jobs)
    n_stored = len(scores_by_cell)
    with tqdm(total=len(jobs), initial=n_stored, unit="cell", disable=not verbose) as bar:
        for cell, scores in computed:
            scores_by_cell[cell] = scores
            if store is not None and store.read(by_cell[cell]) is None:
                store.write(by_cell[cell], scores)  # the worker has another disk
            bar.set_postfix_str(str(cell), refresh=False)
            bar.update()
    return scores_by_cell


def _compute(data: Data, job: Job, store: Store | None) -> tuple[Cell, list[Score]]:
    """Compute a cell, and write it to the store."""
    # another process that runs the same study may have written it meanwhile
    scores = None if store is None else store.read(job)
    if scores is None:
        scores = run_cell(data, job)
        if store is not None:  # by the worker, so that a killed study loses no finished cell
            store.write(job, scores)
    return job.cell, scores
