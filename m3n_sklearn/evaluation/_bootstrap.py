"""Confidence intervals of means over people, by a hierarchical bootstrap."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .._typing import Array
from .._validation import check_count
from ._budgets import Budget, budget_name, check_budgets
from ._scores import Score, check_scores

__all__ = ["Difference", "Interval", "mean_interval", "paired_difference"]

Runs = Mapping[tuple[Hashable, int], float]
"""Values by person and draw."""


class Interval(NamedTuple):
    """A mean macro F1 with its bootstrap interval.

    Attributes
    ----------
    mean : float
        Mean over people of the means over their runs.
    low, high : float
        Percentiles of the bootstrap.
    n_people : int
        Number of people.
    n_runs : int
        Number of fits: people times draws.
    """

    mean: float
    low: float
    high: float
    n_people: int
    n_runs: int


class Difference(NamedTuple):
    """The difference of two methods with its paired bootstrap interval.

    Attributes
    ----------
    mean : float
        Mean over people of the means over their pairs; positive if the first method is better.
    low, high : float
        Percentiles of the bootstrap.
    n_people : int
        Number of people.
    n_pairs : int
        Number of pairs of runs with the same person and draw.
    """

    mean: float
    low: float
    high: float
    n_people: int
    n_pairs: int


def mean_interval(
    scores: Sequence[Score],
    method: str,
    *,
    budget: Budget,
    confidence: float = 0.95,
    n_resamples: int = 2000,
    random_state: int = 0,
) -> Interval:
    """Average a method's macro F1 over people, with a hierarchical bootstrap interval.

    Parameters
    ----------
    scores : sequence of Score
        From :func:`few_label_study`.
    method : str
        Name of the method.
    budget : int, float or None
        Label budget.
    confidence : float, default=0.95
        Share of the resamples inside the interval.
    n_resamples : int, default=2000
        Number of resamples.
    random_state : int, default=0
        Seed of the bootstrap.

    Returns
    -------
    Interval
        Mean, low, high, and the numbers of people and runs.

    See Also
    --------
    paired_difference : Compares two methods, which overlapping intervals do not.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from m3n_sklearn.evaluation import Method, few_label_study, mean_interval
    >>> y, groups = np.tile([0, 1], 12), np.repeat(["ann", "bob", "eve"], 8)
    >>> methods = [Method("majority", DummyClassifier()), Method("linear", LogisticRegression())]
    >>> scores = few_label_study(methods, 3.0 * y[:, None], y, groups, budgets=(1,))
    >>> mean_interval(scores, "linear", budget=1)
    Interval(mean=1.0, low=1.0, high=1.0, n_people=3, n_runs=3)
    """
    runs = _runs(scores, method, budget)
    return Interval(*_bootstrap(runs, confidence, n_resamples, random_state))


def paired_difference(
    scores: Sequence[Score],
    a: str,
    b: str,
    *,
    budget: Budget,
    confidence: float = 0.95,
    n_resamples: int = 2000,
    random_state: int = 0,
) -> Difference:
    """Estimate the difference of methods `a` and `b` on the same people and draws.

    People are resampled with replacement, then the draws of labels of each resampled person [1]_.
    The interval contains the central part of the resampled mean differences.

    Parameters
    ----------
    scores : sequence of Score
        From :func:`few_label_study`.
    a, b : str
        Names of the methods.
    budget : int, float or None
        Label budget.
    confidence : float, default=0.95
        Share of the resamples inside the interval.
    n_resamples : int, default=2000
        Number of resamples.
    random_state : int, default=0
        Seed of the bootstrap.

    Returns
    -------
    Difference
        In units of macro F1 (0 to 1): mean, low, high, n_people, n_pairs.

    Raises
    ------
    ValueError
        If the methods share no run.

    Notes
    -----
    Runs that only one of the methods has are left out. Percentile intervals over very few people
    are too narrow. In 600 simulated studies with normally distributed people, nominal 95 %
    intervals contained the true difference this often:

    ====== ============
    people coverage
    ====== ============
    4      80 to 87 %
    8      90 to 93 %
    23     93 to 94 %
    ====== ============

    A rank test is not an alternative: its p-value cannot fall below 0.125 with four pairs. People
    of one fold share their training labels; the bootstrap treats them as independent.

    References
    ----------
    .. [1] A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application", Cambridge
       University Press, 1997, section 3.8.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from m3n_sklearn.evaluation import Method, few_label_study, paired_difference
    >>> y, groups = np.tile([0, 1], 12), np.repeat(["ann", "bob", "eve"], 8)
    >>> methods = [Method("majority", DummyClassifier()), Method("linear", LogisticRegression())]
    >>> scores = few_label_study(methods, 3.0 * y[:, None], y, groups, budgets=(1,))
    >>> round(paired_difference(scores, "linear", "majority", budget=1).mean, 3)
    0.667
    """
    first, second = _runs(scores, a, budget), _runs(scores, b, budget)
    common = [run for run in first if run in second]
    if not common:
        raise ValueError(
            f"{a!r} and {b!r} have no run in common at {budget_name(budget)}. Both need "
            "scores of the same people and draws."
        )
    runs = {run: first[run] - second[run] for run in common}
    return Difference(*_bootstrap(runs, confidence, n_resamples, random_state))


def _runs(
    scores: Sequence[Score], method: str, budget: Budget
) -> dict[tuple[Hashable, int], float]:
    """Return the scores of a method and budget by person and draw."""
    listed, (budget,) = check_scores(scores), check_budgets([budget])
    found = {
        (score.group, score.draw): score.macro_f1
        for score in listed
        if score.method == method and score.budget == budget
    }
    if not found:
        known = list(dict.fromkeys((s.method, budget_name(s.budget)) for s in listed))
        raise ValueError(f"No score is of {method!r} at {budget_name(budget)}; there are {known}.")
    return found


def _bootstrap(
    runs: Runs, confidence: float, n_resamples: int, random_state: int
) -> tuple[float, float, float, int, int]:
    """Return mean, low, high, and the numbers of people and runs."""
    if not (isinstance(confidence, (int, float)) and 0 < confidence < 1):
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence!r}.")
    check_count(n_resamples, "n_resamples")
    rng = np.random.default_rng(random_state)
    by_person: dict[Hashable, list[float]] = {}
    for (person, _), value in runs.items():
        by_person.setdefault(person, []).append(value)
    mean = np.mean([np.mean(values) for values in by_person.values()])
    # 1. Resample the draws of each person
    own = np.stack([_resampled(values, n_resamples, rng) for values in by_person.values()])
    # 2. Resample people; one who is chosen twice contributes two resamples of the draws
    count = len(own)
    chosen = rng.integers(count, size=(count, n_resamples))
    columns = np.stack([rng.permutation(n_resamples) for _ in range(count)])
    means = own[chosen, columns].mean(axis=0)
    # 3. The percentile interval
    tail = 50 * (1 - confidence)
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(mean), float(low), float(high), count, len(runs)


def _resampled(values: Sequence[float], n_resamples: int, rng: np.random.Generator) -> Array:
    """Return the means of resampled values, shape (n_resamples,)."""
    array = np.asarray(values, dtype=np.float64)
    chosen = rng.integers(len(array), size=(len(array), n_resamples))
    return np.asarray(array[chosen].sum(axis=0) / len(array))
