"""Results as text and as data frames, with the flags of each method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ._bootstrap import paired_difference
from ._budgets import Budget, budget_name
from ._scores import Score, check_scores, per_person

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["format_differences", "format_table", "marked_names", "to_frame"]


def format_table(scores: Sequence[Score], methods: Sequence[str] | None = None) -> str:
    """Format mean macro F1 and its standard deviation over people as a text table.

    Parameters
    ----------
    scores : sequence of Score
        From :func:`few_label_study`.
    methods : sequence of str, optional
        Order of the rows; by default that of the scores.

    Returns
    -------
    str
        One row per method, one column per budget: mean ± standard deviation over people of the
        per-person mean over draws. Flags are footnotes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from m3n_sklearn.evaluation import Method, few_label_study, format_table
    >>> y, groups = np.tile([0, 1], 12), np.repeat(["ann", "bob", "eve"], 8)
    >>> methods = [Method("majority", DummyClassifier()), Method("linear", LogisticRegression())]
    >>> scores = few_label_study(methods, 3.0 * y[:, None], y, groups, budgets=(1,))
    >>> print(format_table(scores, ["linear"]))
                 1 per class
    linear     1.000 ± 0.000
    """
    listed = check_scores(scores)
    names = _choose(listed, methods)

    def cell(name: str, budget: Budget) -> str:
        """Return the text of a cell."""
        numbers = list(per_person(listed, name, budget).values())
        if not numbers:
            return "–"
        spread = np.std(numbers, ddof=1) if len(numbers) > 1 else 0.0
        return f"{np.mean(numbers):.3f} ± {spread:.3f}"

    return _lay_out(listed, names, cell)


def format_differences(
    scores: Sequence[Score],
    baseline: str,
    methods: Sequence[str] | None = None,
    *,
    confidence: float = 0.95,
) -> str:
    """Format the differences of methods from a baseline, in points of macro F1.

    Parameters
    ----------
    scores : sequence of Score
        From :func:`few_label_study`.
    baseline : str
        Name of the method to compare with.
    methods : sequence of str, optional
        Order of the rows; by default all other methods.
    confidence : float, default=0.95
        Confidence level of the intervals.

    Returns
    -------
    str
        One row per method, one column per budget: the mean difference in points (hundredths of
        macro F1) and its paired bootstrap interval, see :func:`paired_difference`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from m3n_sklearn.evaluation import Method, few_label_study, format_differences
    >>> y, groups = np.tile([0, 1], 12), np.repeat(["ann", "bob", "eve"], 8)
    >>> methods = [Method("majority", DummyClassifier()), Method("linear", LogisticRegression())]
    >>> scores = few_label_study(methods, 3.0 * y[:, None], y, groups, budgets=(1,))
    >>> print(format_differences(scores, "majority"))
    points ahead of majority [95 % interval]
                      1 per class
    linear   +66.7 [+66.7, +66.7]
    """
    listed = check_scores(scores)
    _choose(listed, [baseline])
    names = [name for name in _choose(listed, methods) if name != baseline]

    def cell(name: str, budget: Budget) -> str:
        """Return the text of a cell."""
        if not (per_person(listed, name, budget) and per_person(listed, baseline, budget)):
            return "–"
        found = paired_difference(listed, name, baseline, budget=budget, confidence=confidence)
        mean, low, high = (100 * value for value in found[:3])
        return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]"

    title = f"points ahead of {baseline} [{100 * confidence:g} % interval]"
    return f"{title}\n{_lay_out(listed, names, cell, width=23)}"


def to_frame(scores: Sequence[Score]) -> DataFrame:
    """Return scores as a pandas data frame, one row each.

    Parameters
    ----------
    scores : sequence of Score
        From :func:`few_label_study`.

    Returns
    -------
    pandas.DataFrame
        Columns ``method``, ``budget`` (as in :func:`format_table`), ``group``, ``held_out``
        (the people of the fold), ``draw``, ``macro_f1``, ``n_train``, ``n_test``,
        ``fit_seconds``, ``predict_seconds`` and ``flags``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from m3n_sklearn.evaluation import Method, few_label_study, to_frame
    >>> y, groups = np.tile([0, 1], 12), np.repeat(["ann", "bob", "eve"], 8)
    >>> methods = [Method("majority", DummyClassifier()), Method("linear", LogisticRegression())]
    >>> scores = few_label_study(methods, 3.0 * y[:, None], y, groups, budgets=(1,))
    >>> to_frame(scores)[["method", "group", "macro_f1"]].tail(1)
       method group  macro_f1
    5  linear   eve       1.0
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "method": score.method,
            "budget": budget_name(score.budget),
            "group": score.group,
            "held_out": score.held_out,
            "draw": score.draw,
            "macro_f1": score.macro_f1,
            "n_train": score.n_train,
            "n_test": len(score.rows),
            "fit_seconds": score.fit_seconds,
            "predict_seconds": score.predict_seconds,
            "flags": "; ".join(score.flags),
        }
        for score in check_scores(scores)
    )


def marked_names(scores: Sequence[Score]) -> tuple[Mapping[str, str], list[str]]:
    """Return the shown names of methods with footnote marks, and the footnotes."""
    flags_of: dict[str, dict[str, None]] = {}  # a flag may apply to some folds only
    for score in scores:
        flags_of.setdefault(score.method, {}).update(dict.fromkeys(score.flags))
    numbers = {flag: 0 for flags in flags_of.values() for flag in flags}
    numbers = {flag: number for number, flag in enumerate(numbers, start=1)}
    shown = {
        name: " ".join([name, *(f"[{numbers[flag]}]" for flag in flags)])
        for name, flags in flags_of.items()
    }
    return shown, [f"[{number}] {flag}" for flag, number in numbers.items()]


def _choose(scores: Sequence[Score], methods: Sequence[str] | None) -> list[str]:
    """Check the names of methods; by default all, in the order of the scores."""
    known = list(dict.fromkeys(score.method for score in scores))
    names = list(methods or known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"scores has no method {', '.join(map(repr, unknown))}; it has {known}.")
    return names


def _lay_out(
    scores: Sequence[Score],
    names: Sequence[str],
    cell: Callable[[str, Budget], str],
    width: int = 18,
) -> str:
    """Return a text table with a row per method, a column per budget, and footnotes."""
    budgets = list(dict.fromkeys(score.budget for score in scores))
    shown, notes = marked_names([score for score in scores if score.method in names])
    first = max(len(shown[name]) for name in names)
    lines = [" " * first + "".join(f"{budget_name(budget):>{width}}" for budget in budgets)]
    for name in names:
        cells = "".join(f"{cell(name, budget):>{width}}" for budget in budgets)
        lines.append(f"{shown[name]:<{first}}{cells}")
    return "\n".join(lines + notes)
