"""Numbers of a report: predictions on labeled windows, scores of people, the worst errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._typing import AnyArray, Array
from .._validation import plain_column
from ..evaluation import Budget, Interval, Score, macro_f1, mean_interval
from ..temporal import HMMClassifier, Rows

__all__ = [
    "CONFIDENCE",
    "MIN_CLIPS",
    "Person",
    "Results",
    "of_classifier",
    "of_study",
    "worst_errors",
]

MIN_CLIPS = 5
"""Clips of a person below which an interval would say nothing."""

N_RESAMPLES, CONFIDENCE = 2000, 0.95


@dataclass(frozen=True)
class Results:
    """Predictions of one classifier, or of one method of a study in all its runs."""

    name: str
    rows: NDArray[np.int64]  # (m,), rows of X
    truth: AnyArray  # (m,)
    predictions: AnyArray  # (m,)
    classes: AnyArray  # (K,), of truth and predictions
    people: AnyArray | None = None  # (m,)
    clips: AnyArray | None = None  # (m,)
    probabilities: Array | None = None  # (m, P)
    columns: AnyArray | None = None  # (P,), classes of the probabilities
    windows: AnyArray | None = None  # (m,), predictions of the classifier inside an HMM

    @property
    def accuracy(self) -> float:
        """Share of right predictions."""
        return float(np.mean(self.truth == self.predictions))

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Count predictions (K, K), with a row for each true class."""
        return _counts(self.truth, self.predictions, self.classes)

    def take(self, chosen: AnyArray) -> Results:
        """Return some of the windows."""

        def part(values: AnyArray | None) -> AnyArray | None:
            return None if values is None else values[chosen]

        return replace(
            self,
            rows=self.rows[chosen],
            truth=self.truth[chosen],
            predictions=self.predictions[chosen],
            people=part(self.people),
            clips=part(self.clips),
            probabilities=part(self.probabilities),
            windows=part(self.windows),
        )

    def per_person(self) -> list[Person]:
        """Return the scores of each person, the best first."""
        if self.people is None:
            return []
        found = []
        for name in np.unique(self.people):
            own = self.take(self.people == name)
            found.append(
                Person(
                    name.item(),
                    len(own.rows),
                    macro_f1(own.truth, own.predictions),
                    own.accuracy,
                    own.interval_over_clips(),
                )
            )
        return sorted(found, key=lambda person: -person.macro_f1)

    def interval_over_clips(self) -> tuple[float, float] | None:
        """Return a bootstrap interval of macro F1; None with fewer clips than MIN_CLIPS."""
        if self.clips is None:
            return None
        names, member = np.unique(self.clips, return_inverse=True)
        if len(names) < MIN_CLIPS:
            return None
        # 1. Windows of one clip are similar, so that whole clips are drawn
        tables = np.zeros((len(names), len(self.classes) ** 2))
        pair = np.searchsorted(self.classes, self.truth) * len(self.classes)
        pair += np.searchsorted(self.classes, self.predictions)
        np.add.at(tables, (member.ravel(), pair), 1)
        rng = np.random.default_rng(0)
        draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), N_RESAMPLES)
        # 2. Macro F1 of each draw, from its table of counts
        scores = _macro_f1((draws @ tables).reshape(N_RESAMPLES, *(2 * [len(self.classes)])))
        low, high = np.percentile(scores, [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)])
        return float(low), float(high)

    def mean_over_people(self) -> Interval | None:
        """Return the mean macro F1 over people, with its bootstrap interval."""
        people = self.per_person()
        if len(people) < 2:
            return None
        nothing = np.empty(0, dtype=np.int64)
        scores = [
            Score(self.name, None, one.name, 0, one.macro_f1, nothing, nothing) for one in people
        ]
        return mean_interval(scores, self.name, budget=None, confidence=CONFIDENCE)


class Person(NamedTuple):
    """The scores of one person."""

    name: Any
    n_windows: int
    macro_f1: float
    accuracy: float
    interval: tuple[float, float] | None


def of_classifier(
    classifier: Any, X: Any, y: ArrayLike, groups: ArrayLike | None, rows: Rows
) -> Results:
    """Predict all windows with a fitted classifier."""
    count = len(rows.order)
    truth = plain_column(y, "y", count)
    people = None if groups is None else plain_column(groups, "groups", count)
    order: dict[str, Any] = {}
    windows = None
    if isinstance(classifier, HMMClassifier):
        back = np.argsort(rows.order)
        order = {"recordings": rows.recordings[back], "times": rows.dates(rows.times)[back]}
        windows = classifier.estimator_.predict(X)
    predictions = np.asarray(classifier.predict(X, **order))
    has_probabilities = hasattr(classifier, "predict_proba")
    clips = np.empty(count, dtype=rows.recordings.dtype)
    clips[rows.order] = rows.recordings
    return Results(
        type(classifier).__name__,
        np.arange(count),
        truth,
        predictions,
        _all_classes(truth, predictions),
        people,
        clips if len(np.unique(clips)) < count else None,
        classifier.predict_proba(X, **order) if has_probabilities else None,
        classifier.classes_ if has_probabilities else None,
        windows,
    )


def of_study(
    scores: Sequence[Score], method: str, budget: Budget, y: ArrayLike, clips: AnyArray | None
) -> Results:
    """Collect the predictions of a method of a study in all runs at one budget."""
    chosen = [score for score in scores if score.method == method and score.budget == budget]
    rows = np.concatenate([score.rows for score in chosen])
    truth = plain_column(y, "y")
    if len(rows) and rows.max() >= len(truth):
        raise ValueError(
            f"The study tested row {rows.max()}, but y has {len(truth)} entries. Pass the y that "
            "few_label_study was given."
        )
    predictions = np.concatenate([score.predictions for score in chosen])
    people = np.array([score.group for score in chosen for _ in score.rows.tolist()])
    classes = _all_classes(truth[rows], predictions)
    own_clips = None if clips is None else clips[rows]
    return Results(method, rows, truth[rows], predictions, classes, people, own_clips)


def worst_errors(results: Results, count: int) -> list[tuple[int, float]]:
    """Return positions of the most confident wrong predictions, one of a person and class.

    With each comes the probability of the predicted class or, in a study, the share of runs that
    are wrong.
    """
    wrong = np.flatnonzero(results.truth != results.predictions)
    # equal ones in random order, or a study would show the first person only
    wrong = np.random.default_rng(0).permutation(wrong)
    if results.probabilities is not None and results.columns is not None:
        column = [results.columns.tolist().index(p) for p in results.predictions[wrong].tolist()]
        weight = results.probabilities[wrong, column]
    else:
        runs = np.bincount(results.rows)
        missed = np.bincount(results.rows[wrong], minlength=len(runs))
        weight = missed[results.rows[wrong]] / runs[results.rows[wrong]]
    found: dict[Any, tuple[int, float]] = {}
    order = np.argsort(-weight, kind="stable")
    for place, share in zip(wrong[order], weight[order], strict=True):
        who = None if results.people is None else results.people[place].item()
        found.setdefault((who, results.truth[place].item()), (int(place), float(share)))
    return list(found.values())[:count]


def _all_classes(truth: AnyArray, predictions: AnyArray) -> AnyArray:
    """Return all labels, sorted; truth and predictions must be of one kind."""
    if (truth.dtype.kind in "US") != (predictions.dtype.kind in "US"):
        raise ValueError(
            f"y has labels such as {truth[0]!r}, but the predictions are such as "
            f"{predictions[0]!r}. Pass y with the labels that the classifier was fitted with."
        )
    return np.unique(np.concatenate([truth, predictions]))


def _counts(truth: AnyArray, predictions: AnyArray, classes: AnyArray) -> NDArray[np.int64]:
    """Count pairs of labels."""
    table = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(table, (np.searchsorted(classes, truth), np.searchsorted(classes, predictions)), 1)
    return table


def _macro_f1(tables: Array) -> Array:
    """Return macro F1 of tables of counts (R, K, K), over the classes that occur."""
    hits = np.diagonal(tables, axis1=1, axis2=2)
    actual, predicted = tables.sum(axis=2), tables.sum(axis=1)
    f1 = 2 * hits / np.maximum(actual + predicted, 1)
    occurs = actual > 0
    return np.asarray((f1 * occurs).sum(axis=1) / occurs.sum(axis=1))
