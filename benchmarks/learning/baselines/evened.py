"""Simulated windows that weigh as much as the real ones, however few those are."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from m3n_sklearn import Windows


class Evened(ClassifierMixin, BaseEstimator):
    """Train a classifier on real and simulated windows, half of the weight on each kind.

    Parameters
    ----------
    estimator : classifier
        Whose ``fit`` takes ``sample_weight``.
    X_simulated, y_simulated : Windows and ndarray
        Windows that join those of `fit`, and their labels.
    """

    def __init__(self, estimator: Any, X_simulated: Windows, y_simulated: Any) -> None:
        self.estimator = estimator
        self.X_simulated = X_simulated
        self.y_simulated = y_simulated

    def fit(self, X: Windows, y: Any) -> Evened:
        odd = set(X.columns) ^ set(self.X_simulated.columns)
        kinds = [X.drop(*(odd & set(X.columns))), self.X_simulated.drop(*(odd - set(X.columns)))]
        weight = np.concatenate([np.full(len(part), 0.5 / len(part)) for part in kinds])
        labels = np.concatenate([y, self.y_simulated])
        self.estimator_ = clone(self.estimator).fit(
            Windows.concatenate(kinds), labels, sample_weight=weight * len(weight)
        )
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: Windows) -> np.ndarray:
        return self.estimator_.predict(X)
