"""From predictions to scores: of a study that runs, or of one that lies in a store."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._cells import Cell, Outcome, Run
from ._scores import Score, macro_f1
from ._store import Store

__all__ = ["load_scores", "scores_of"]


def scores_of(
    cell: Cell, outcome: Outcome, y: NDArray[Any], groups: NDArray[Any], flags: tuple[str, ...]
) -> Iterator[Score]:
    """Score each person of a fold.

    Parameters
    ----------
    cell : Cell
        Whose scores these are.
    outcome : Outcome
        What came of it.
    y, groups : ndarray of shape (n,)
        Labels and people of the study.
    flags : tuple of str
        Of the method.

    Yields
    ------
    Score
        One per held-out person.
    """
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


def load_scores(store: str | os.PathLike[str]) -> list[Score]:
    """Read the scores of a study's store, finished or not.

    Parameters
    ----------
    store : path-like
        Folder that was given to :func:`few_label_study`.

    Returns
    -------
    list of Score
        Ordered by fold, budget, draw, seed and method name. A method without labels is scored at
        whatever budgets, draws and seeds the others have.

    Raises
    ------
    ValueError
        If the folder is no store.
    """
    shelf = Store(store)
    shelf.manifest()
    y, groups = shelf.truth()
    found = list(shelf)
    runs = _runs_of([cell for cell, _, facts in found if facts["needs_labels"]])
    scores = [
        score
        for cell, outcome, facts in found
        for run in ([cell.run] if facts["needs_labels"] else runs[frozenset(cell.held_out)])
        for score in scores_of(
            Cell(cell.method, cell.held_out, run), outcome, y, groups, tuple(facts["flags"])
        )
    ]
    return sorted(scores, key=_place)


def _runs_of(cells: Sequence[Cell]) -> Mapping[frozenset[Hashable], set[Run]]:
    """Say at which runs of a fold a method without labels is scored: those of the others.

    In a fold that the others have not come to yet, it is scored at those of all folds.
    """
    everywhere = {cell.run for cell in cells} or {Run()}
    runs: dict[frozenset[Hashable], set[Run]] = defaultdict(lambda: everywhere)
    for fold in {frozenset(cell.held_out) for cell in cells}:
        runs[fold] = {cell.run for cell in cells if set(cell.held_out) == fold}
    return runs


def _place(score: Score) -> tuple[Any, ...]:
    """Sort folds, then counts, shares and all labels."""
    kind = {int: 0, float: 1}.get(type(score.budget), 2)
    fold = tuple(map(str, score.held_out))
    return (fold, kind, score.budget or 0, score.draw, score.seed, score.method)
