"""The scores of a study: one per method, budget, person and run."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import f1_score

from ._budgets import Budget

__all__ = ["Score", "check_scores", "macro_f1", "per_person"]


@dataclass(frozen=True, eq=False)
class Score:
    """The score of one method on one person, with one draw of labels and one initialization.

    Parameters
    ----------
    method : str
        Name of the method.
    budget : int, float or None
        Labeled windows per class, or their share; None means all.
    group : hashable
        The tested person.
    draw : int
        Number of the draw of labels and of the initialization.
    macro_f1 : float
        Between 0 and 1.
    rows, predictions : ndarray of shape (m,)
        Tested rows of X and the predictions for them.
    classes : ndarray of shape (K,)
        All labels of the study, sorted.
    held_out : tuple of hashable
        The people of the fold, `group` among them.
    n_train : int
        Number of labeled training windows, without extra ones; 0 if the method reads no labels.
    fit_seconds, predict_seconds : float
        Wall time in s of the fit, which is shared by all people of the fold, and of predicting
        `rows`.
    flags : tuple of str
        Footnotes of the method.
    """

    method: str
    budget: Budget
    group: Hashable
    draw: int
    macro_f1: float
    rows: NDArray[np.int64]
    predictions: NDArray[Any]
    classes: NDArray[Any] = field(default_factory=lambda: np.empty(0))
    held_out: tuple[Hashable, ...] = ()
    n_train: int = 0
    fit_seconds: float = float("nan")
    predict_seconds: float = float("nan")
    flags: tuple[str, ...] = ()


def macro_f1(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Average the F1 scores of the classes that occur in the true labels.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels.

    Returns
    -------
    float
        Between 0 and 1. A predicted class that never occurs lowers the recall of the other classes
        but is not averaged over.

    Examples
    --------
    >>> from m3n_sklearn.evaluation import macro_f1
    >>> macro_f1(["walk", "walk", "wave"], ["walk", "walk", "walk"])
    0.4
    """
    truth = np.asarray(y_true)
    return float(f1_score(truth, y_pred, labels=np.unique(truth), average="macro", zero_division=0))


def per_person(scores: Sequence[Score], method: str, budget: Budget) -> Mapping[Hashable, float]:
    """Average the scores of one method over draws, for each person.

    Parameters
    ----------
    scores : sequence of Score
        From :func:`few_label_study`.
    method : str
        Name of the method.
    budget : int, float or None
        Label budget.

    Returns
    -------
    mapping
        Person to mean macro F1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from m3n_sklearn.evaluation import Method, few_label_study, per_person
    >>> y, groups = np.tile([0, 1], 12), np.repeat(["ann", "bob", "eve"], 8)
    >>> methods = [Method("majority", DummyClassifier()), Method("linear", LogisticRegression())]
    >>> scores = few_label_study(methods, 3.0 * y[:, None], y, groups, budgets=(1,))
    >>> per_person(scores, "linear", 1)
    {'ann': 1.0, 'bob': 1.0, 'eve': 1.0}
    """
    found: dict[Hashable, list[float]] = {}
    for score in scores:
        if score.method == method and score.budget == budget:
            found.setdefault(score.group, []).append(score.macro_f1)
    return {person: float(np.mean(values)) for person, values in found.items()}


def check_scores(scores: Sequence[Score]) -> list[Score]:
    """Return scores as a list, or say what should have been given."""
    listed = list(scores)
    if not listed:
        raise ValueError("scores is empty: pass the scores that few_label_study returns.")
    if not all(isinstance(score, Score) for score in listed):
        raise TypeError(f"scores must be the Score objects of few_label_study, got {scores!r}.")
    return listed
