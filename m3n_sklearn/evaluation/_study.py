"""A study: methods times label budgets times people never seen."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import f1_score

from .._checks import check_count, list_of
from ._budgets import draw_labels

__all__ = ["Method", "Score", "few_label_study", "format_table", "macro_f1", "per_person"]

Budget = int | None


@dataclass(frozen=True)
class Method:
    """One row of the comparison.

    Parameters
    ----------
    name : str
        Shown in the table.
    estimator : estimator or callable
        An unfitted classifier, cloned for every fit; or a function of the held-out person that
        returns one (a pretrained encoder must not have seen that person).
    needs_labels : bool, default=True
        False for methods that read no label: they are scored once per person, at every budget
        the same.
    """

    name: str
    estimator: BaseEstimator | Callable[[Hashable], BaseEstimator]
    needs_labels: bool = True

    def __post_init__(self) -> None:
        """Refuse what can't be shown or fitted."""
        if not isinstance(self.name, str) or not self.name:
            raise TypeError(f"The name of a method must be a string, got {self.name!r}.")
        estimator = self.estimator
        is_class = isinstance(estimator, type)
        if is_class or not (isinstance(estimator, BaseEstimator) or callable(estimator)):
            raise TypeError(
                f"Method {self.name!r} needs an estimator, or a function of the held-out person "
                f"that returns one; got {estimator!r}."
            )

    def build(self, held_out: Hashable) -> BaseEstimator:
        """Return a fresh estimator for a fold.

        Parameters
        ----------
        held_out : hashable
            The person that is tested on.

        Returns
        -------
        estimator
            Unfitted.
        """
        if isinstance(self.estimator, BaseEstimator):
            return clone(self.estimator)
        return self.estimator(held_out)


@dataclass(frozen=True)
class Score:
    """What one method reached on one person with one draw of labels.

    Parameters
    ----------
    method : str
        Name of the method.
    budget : int or None
        Labelled windows per class; None means all.
    group : hashable
        The held-out person.
    draw : int
        Which draw of labels.
    macro_f1 : float
        Between 0 and 1.
    rows, predictions : ndarray
        Tested rows and what was predicted for them.
    """

    method: str
    budget: Budget
    group: Hashable
    draw: int
    macro_f1: float
    rows: NDArray[np.int64]
    predictions: NDArray[Any]


def macro_f1(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Average the F1 scores of the classes that occur in the truth.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels.

    Returns
    -------
    float
        Between 0 and 1; a predicted class that never occurs costs precision elsewhere, but adds
        no term of its own.
    """
    truth = np.asarray(y_true)
    return float(f1_score(truth, y_pred, labels=np.unique(truth), average="macro", zero_division=0))


def few_label_study(
    methods: Sequence[Method],
    X: Any,
    y: ArrayLike,
    groups: ArrayLike,
    *,
    budgets: Sequence[Budget] = (1, 4, None),
    n_draws: int = 1,
    held_out: Sequence[Hashable] | None = None,
    blocks: ArrayLike | None = None,
    n_jobs: int | None = None,
    random_state: int = 0,
    progress: Callable[[str], None] | None = None,
) -> list[Score]:
    """Leave one person out, draw few labels from the others, and score every method on the same.

    Parameters
    ----------
    methods : sequence of Method
        What is compared.
    X : ndarray or Windows
        Labelled windows.
    y, groups : array-like of shape (n,)
        Labels and people.
    budgets : sequence of int or None, default=(1, 4, None)
        Labelled windows per class; None means all of the training people's.
    n_draws : int, default=1
        Draws of labels per person and budget (one for None).
    held_out : sequence, optional
        People to test on; everybody by default.
    blocks : array-like of shape (n,), optional
        Clip of each window, see :func:`draw_labels`.
    n_jobs : int, optional
        Processes, over people; the scores do not depend on it.
    random_state : int, default=0
        Seed of the draws.
    progress : callable, optional
        Called with a line of text when a person is done, in the process that did the work.

    Returns
    -------
    list of Score
        Ordered by person, budget, draw and method.

    Raises
    ------
    ValueError
        If a held-out person is not in `groups`, or there is nobody to learn from.
    """
    _check_methods(methods)
    labels, people = _columns_like(X, y=y, groups=groups)
    levels = list_of(budgets, "budgets", "a sequence of windows per class, such as (1, 4, None)")
    for budget in levels:
        if budget is not None:
            check_count(budget, "a budget (windows per class, or None for all)")
    if not levels:
        raise ValueError("budgets is empty: give windows per class, such as (1, 4, None).")
    check_count(n_draws, "n_draws")
    if not isinstance(random_state, (int, np.integer)) or random_state < 0:
        raise ValueError(
            f"random_state must be a whole number of at least 0, so that every method meets the "
            f"same labels; got {random_state!r}."
        )
    everybody = list(np.unique(people))
    tested = everybody if held_out is None else list_of(held_out, "held_out", "a list of groups")
    unknown = [person for person in tested if person not in people]
    if unknown:
        raise ValueError(f"Held-out people {unknown} are not among the groups.")
    if len(np.unique(people)) < 2:
        raise ValueError("A study over people never seen needs at least two groups.")
    ids = None if blocks is None else _columns_like(X, blocks=blocks)[0]

    def run(person: Hashable) -> list[Score]:
        scores = _score_person(
            methods, X, labels, people, person, levels, n_draws, ids, random_state
        )
        if progress is not None:
            progress(f"person {person} done")
        return scores

    nested = Parallel(n_jobs=n_jobs)(delayed(run)(person) for person in tested)
    return [score for scores in nested for score in scores]


def _check_methods(methods: Sequence[Method]) -> None:
    expected = "a list of Method(name, estimator)"
    listed = list_of(methods, "methods", expected)
    if not listed or not all(isinstance(method, Method) for method in listed):
        raise TypeError(f"methods must be {expected}, got {methods!r}.")
    names = [method.name for method in listed]
    if len(set(names)) < len(names):
        raise ValueError(f"The names of the methods must differ, got {names}.")


def _columns_like(X: Any, **columns: ArrayLike) -> list[NDArray[Any]]:
    """Return columns as arrays with one entry per row of X, or complain."""
    if not hasattr(X, "shape"):
        raise TypeError(f"X must be an array or Windows, got {type(X).__name__}.")
    arrays = []
    for name, values in columns.items():
        arrays.append(np.asarray(values))
        if arrays[-1].shape != (X.shape[0],):
            raise ValueError(
                f"{name} must have one entry per row of X, {X.shape[0]}, got shape "
                f"{arrays[-1].shape}."
            )
    return arrays


def _score_person(
    methods: Sequence[Method],
    X: Any,
    y: NDArray[Any],
    groups: NDArray[Any],
    person: Hashable,
    budgets: Sequence[Budget],
    n_draws: int,
    blocks: NDArray[Any] | None,
    random_state: int,
) -> list[Score]:
    test, train = np.flatnonzero(groups == person), np.flatnonzero(groups != person)
    fold = int(np.flatnonzero(np.unique(groups) == person)[0])
    unlabelled = {
        method.name: method.build(person).fit(X[train]).predict(X[test])
        for method in methods
        if not method.needs_labels
    }
    scores = []
    for budget in budgets:
        for draw in range(1 if budget is None else n_draws):
            seed = np.random.default_rng([random_state, fold, budget or 0, draw])
            local = None if blocks is None else blocks[train]
            rows = train[draw_labels(y[train], budget, blocks=local, random_state=seed)]
            for method in methods:
                predicted = unlabelled.get(method.name)
                if predicted is None:
                    predicted = _fit(method.build(person), X[rows], y[rows], draw).predict(X[test])
                f1 = macro_f1(y[test], predicted)
                scores.append(Score(method.name, budget, person, draw, f1, test, predicted))
    return scores


def _fit(estimator: BaseEstimator, X: Any, y: NDArray[Any], draw: int) -> BaseEstimator:
    seeds = [name for name in estimator.get_params() if name.endswith("random_state")]
    outer = [name for name in seeds if name.count("__") == min(s.count("__") for s in seeds)]
    estimator.set_params(**{name: draw for name in outer})
    with warnings.catch_warnings():  # one window of each class is no hint at regression
        warnings.filterwarnings("ignore", "The number of unique classes")
        return estimator.fit(X, y)


def format_table(scores: Sequence[Score], methods: Sequence[str] | None = None) -> str:
    """Lay out mean macro F1 and its spread over people as a text table.

    Parameters
    ----------
    scores : sequence of Score
        From :func:`few_label_study`.
    methods : sequence of str, optional
        Row order; that of the scores by default.

    Returns
    -------
    str
        One row per method, one column per budget: mean ± standard deviation over people of the
        per-person mean over draws.
    """
    if not scores:
        raise ValueError("There is no score to lay out: few_label_study returns them.")
    there = list(dict.fromkeys(score.method for score in scores))
    names = list(methods or there)
    unknown = [name for name in names if name not in there]
    if unknown:
        raise ValueError(f"No score is of {', '.join(map(repr, unknown))}; there are {there}.")
    budgets = list(dict.fromkeys(score.budget for score in scores))
    heads = [_budget_name(budget) for budget in budgets]
    width = max(len(name) for name in names)
    lines = [" " * width + "".join(f"{head:>18}" for head in heads)]
    for name in names:
        cells = [_cell(per_person(scores, name, budget)) for budget in budgets]
        lines.append(f"{name:<{width}}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join(lines)


def per_person(scores: Sequence[Score], method: str, budget: Budget) -> Mapping[Hashable, float]:
    """Average one method's scores over draws, person by person.

    Parameters
    ----------
    scores : sequence of Score
        From :func:`few_label_study`.
    method : str
        Name of the method.
    budget : int or None
        Label budget.

    Returns
    -------
    mapping
        Person to mean macro F1.
    """
    found: dict[Hashable, list[float]] = {}
    for score in scores:
        if score.method == method and score.budget == budget:
            found.setdefault(score.group, []).append(score.macro_f1)
    return {person: float(np.mean(values)) for person, values in found.items()}


def _budget_name(budget: Budget) -> str:
    if budget is None:
        return "all labels"
    return f"{budget} per class"


def _cell(values: Mapping[Hashable, float]) -> str:
    if not values:
        return "–"
    numbers = list(values.values())
    spread = np.std(numbers, ddof=1) if len(numbers) > 1 else 0.0
    return f"{np.mean(numbers):.3f} ± {spread:.3f}"
