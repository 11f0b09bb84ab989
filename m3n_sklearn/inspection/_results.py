"""Numbers of a report: predictions on labeled windows, scores of people, the worst errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._compat import safe_indexing
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
    "training_people",
    "worst_errors",
]

MIN_CLIPS = 5
"""Clips of a person below which an interval would say nothing."""

N_RESAMPLES, CONFIDENCE = 2000, 0.95

MAX_LEFT_OUT, FOLDS = 10, 5
"""People up to which each is left out alone in a cross-validation, and folds of more people."""


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
    n_folds: int = 0  # of the cross-validation; 0 if the classifier was fitted before

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
        truth = np.searchsorted(self.classes, self.truth)
        predicted = np.searchsorted(self.classes, self.predictions)
        hits, actual, called = np.zeros((3, len(names), len(self.classes)))
        np.add.at(hits, (member.ravel(), truth), truth == predicted)
        np.add.at(actual, (member.ravel(), truth), 1)
        np.add.at(called, (member.ravel(), predicted), 1)
        rng = np.random.default_rng(0)
        draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), N_RESAMPLES)
        # 2. Macro F1 of each draw, from its counts of each class
        scores = _macro_f1(draws @ hits, draws @ actual, draws @ called)
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
    """Predict all windows: with a fitted classifier, or each person by a fit on other people."""
    count = len(rows.order)
    truth = plain_column(y, "y", count)
    people = None if groups is None else plain_column(groups, "groups", count)
    order: dict[str, AnyArray] = {}
    if isinstance(classifier, HMMClassifier):
        back = np.argsort(rows.order)
        order = {"recordings": rows.recordings[back], "times": rows.dates(rows.times)[back]}
    if _is_fitted(classifier):
        found, n_folds = _predict(classifier, X, order), 0
    else:
        found, n_folds = _cross_validate(classifier, X, truth, people, order)
    clips = np.empty(count, dtype=rows.recordings.dtype)
    clips[rows.order] = rows.recordings
    return Results(
        type(classifier).__name__,
        np.arange(count),
        truth,
        found.predictions,
        _all_classes(truth, found.predictions),
        people,
        clips if len(np.unique(clips)) < count else None,
        found.probabilities,
        found.columns,
        found.windows,
        n_folds,
    )


def training_people(classifier: Any) -> set[Any]:
    """Return the people of the examples that a classifier keeps, or a part of it."""
    if isinstance(classifier, Pipeline):
        return training_people(classifier[-1])
    kept = getattr(classifier, "__dict__", {})
    found = set(getattr(kept.get("examples_"), "groups", np.empty(0)).tolist()) - {None}
    inside = [kept.get("estimator_"), kept.get("best_estimator_")]
    inside += kept.get("estimators_") if isinstance(kept.get("estimators_"), list) else []
    inside += [part.estimator for part in kept.get("calibrated_classifiers_", [])]
    if isinstance(classifier, FrozenEstimator):
        inside.append(classifier.estimator)
    return found.union(*(training_people(part) for part in inside if part is not None))


class _Predictions(NamedTuple):
    """What a classifier says of windows."""

    predictions: AnyArray  # (m,)
    probabilities: Array | None  # (m, P)
    columns: AnyArray | None  # (P,)
    windows: AnyArray | None  # (m,), of the classifier inside an HMM


def _is_fitted(classifier: Any) -> bool:
    try:
        check_is_fitted(classifier)
    except NotFittedError:
        return False
    return True


def _predict(classifier: Any, X: Any, order: dict[str, AnyArray]) -> _Predictions:
    """Predict with a fitted classifier."""
    is_hmm, has_probabilities = bool(order), hasattr(classifier, "predict_proba")
    predictions = np.asarray(classifier.predict(X, **order))
    if has_probabilities:
        known = classifier.classes_.tolist()
        unknown = sorted(set(predictions.tolist()) - set(known), key=str)
        if unknown:
            raise ValueError(
                f"{type(classifier).__name__}.predict returns {', '.join(map(repr, unknown[:5]))}, "
                f"which its classes_ do not contain: {', '.join(map(repr, known[:5]))}"
                f"{', …' if len(known) > 5 else ''}. predict must return entries of classes_, the "
                "columns of predict_proba."
            )
    return _Predictions(
        predictions,
        classifier.predict_proba(X, **order) if has_probabilities else None,
        classifier.classes_ if has_probabilities else None,
        classifier.estimator_.predict(X) if is_hmm else None,
    )


def _cross_validate(
    classifier: Any, X: Any, truth: AnyArray, people: AnyArray | None, order: dict[str, AnyArray]
) -> tuple[_Predictions, int]:
    """Predict each person by a classifier that was fitted on others; return the folds as well."""
    if people is None or len(np.unique(people)) < 2:
        raise ValueError(
            f"This {type(classifier).__name__} is not fitted, and without groups= of two people or "
            "more it cannot be cross-validated. Give the person of each window as groups=, or fit "
            "it on other windows."
        )
    n_people = len(np.unique(people))
    n_folds = n_people if n_people <= MAX_LEFT_OUT else FOLDS
    parts: list[tuple[NDArray[np.int64], _Predictions]] = []
    for train, test in GroupKFold(n_folds).split(truth, groups=people):
        # 1. Fit on the other people; an HMM orders its windows by recording and time
        shown = {name: column[train] for name, column in order.items()}
        fitted = _fit(clone(classifier), safe_indexing(X, train), truth[train], shown)
        # 2. Predict
        held = {name: column[test] for name, column in order.items()}
        parts.append((test, _predict(fitted, safe_indexing(X, test), held)))
    # 3. Join in the order of X; a class that a fold has not seen has the probability 0 there
    rows = np.argsort(np.concatenate([test for test, _ in parts]))
    predictions = np.concatenate([found.predictions for _, found in parts])[rows]
    inner = [found.windows for _, found in parts if found.windows is not None]
    windows = np.concatenate(inner)[rows] if inner else None
    known = [found.columns for _, found in parts if found.columns is not None]
    if not known:
        return _Predictions(predictions, None, None, windows), n_folds
    columns = np.unique(np.concatenate(known))
    probabilities = np.zeros((len(truth), len(columns)))
    for (test, found), own in zip(parts, known, strict=True):
        probabilities[np.ix_(test, np.searchsorted(columns, own))] = found.probabilities
    return _Predictions(predictions, probabilities, columns, windows), n_folds


def _fit(classifier: Any, X: Any, y: AnyArray, order: dict[str, AnyArray]) -> Any:
    """Fit a classifier, or say that its own search needs people."""
    try:
        return classifier.fit(X, y, **order)
    except ValueError as error:
        if "'groups' parameter should not be None" not in str(error):
            raise
        raise ValueError(
            f"This {type(classifier).__name__} is not fitted, and its own cv needs groups, which a "
            "report does not pass to fit. Give it a cv without groups, such as cv=3; or fit it "
            "with groups on other people, and report the fitted one on the people left out."
        ) from error


def of_study(
    scores: Sequence[Score],
    method: str,
    budget: Budget,
    y: ArrayLike,
    clips: AnyArray | None,
    owners: AnyArray | None,
) -> Results:
    """Collect the predictions of a method of a study in all runs at one budget.

    The labels y, and the people `owners`, must be those of the study.
    """
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
    for score in chosen:
        own = truth[score.rows]
        if abs(macro_f1(own, score.predictions) - score.macro_f1) > 1e-9:
            raise ValueError(
                f"With this y, the macro F1 of {method!r} for {score.group!r} is "
                f"{macro_f1(own, score.predictions):.3f}, but in the study it was "
                f"{score.macro_f1:.3f}. Pass the X, y and groups that few_label_study was given, "
                "in the same order."
            )
        if owners is not None and {str(one) for one in owners[score.rows]} != {str(score.group)}:
            raise ValueError(
                f"The windows on which {score.group!r} was tested are of other people in groups. "
                "Pass the X, y and groups that few_label_study was given, in the same order."
            )
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
            f"y has labels such as {truth[0].item()!r}, but the predictions are such as "
            f"{predictions[0].item()!r}. Pass y with the labels that the classifier was fitted "
            "with."
        )
    return np.unique(np.concatenate([truth, predictions]))


def _counts(truth: AnyArray, predictions: AnyArray, classes: AnyArray) -> NDArray[np.int64]:
    """Count pairs of labels."""
    table = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(table, (np.searchsorted(classes, truth), np.searchsorted(classes, predictions)), 1)
    return table


def _macro_f1(hits: Array, actual: Array, predicted: Array) -> Array:
    """Return macro F1 of counts (R, K) of each class, over the classes that occur."""
    f1 = 2 * hits / np.maximum(actual + predicted, 1)
    occurs = actual > 0
    return np.asarray((f1 * occurs).sum(axis=1) / occurs.sum(axis=1))
