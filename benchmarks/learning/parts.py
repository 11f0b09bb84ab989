"""The library's default, built from fits that other rows need as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from m3n_sklearn import Windows

from .kept import Kept

ENOUGH_PER_CLASS = 4
"""Windows per class from which the network from scratch of an ensemble does not rehearse."""


class InParts(ClassifierMixin, BaseEstimator):
    """A classifier with the strategy "auto" that keeps the fits of its members.

    With the same seed, the members of an ensemble are what their strategies are alone. Here they
    are fitted separately and averaged as the ensemble does. A test compares the two.

    Parameters
    ----------
    estimator : Multi3NetClassifier
        With one pretrainer or several and the strategy "auto".
    scratch : Multi3NetClassifier
        The same from scratch, as among the baselines.
    memory : str
        Folder of the fits.
    """

    def __init__(self, estimator: Any, scratch: Any, memory: str) -> None:
        self.estimator = estimator
        self.scratch = scratch
        self.memory = memory

    def fit(self, X: Windows, y: Any, groups: Any = None) -> InParts:
        # a fit of one epoch gives the strategy and the weights of the members
        probe = clone(self.estimator).set_params(max_epochs=1).fit(X, y)
        if probe.strategy_ == "ensemble":
            parts, self.weights_ = list(self._members(X, y)), probe.config_["weights"]
        else:
            parts, self.weights_ = [self._alone(probe.strategy_)], [1.0]
        self.members_ = [Kept(part, self.memory).fit(X, y, groups) for part in parts]
        self.classes_ = self.members_[0].classes_
        return self

    def _members(self, X: Windows, y: Any) -> Iterator[BaseEstimator]:
        given = self.estimator.pretrainer
        first, *others = given if isinstance(given, list | tuple) else [given]
        undescribed = {"descriptions": None}
        plain = {**undescribed, "rehearsal": None, "statistics": False}
        yield self._alone("frozen").set_params(pretrainer=first, **plain)
        yield self._alone("finetune").set_params(pretrainer=first)
        for other in others:
            yield self._alone("frozen").set_params(pretrainer=other, **plain)
            yield self._alone("finetune").set_params(pretrainer=other, **undescribed)
        few = len(y) < ENOUGH_PER_CLASS * len(np.unique(y))
        yield clone(self.scratch).set_params(rehearsal=self.estimator.rehearsal if few else None)

    def _alone(self, strategy: str) -> BaseEstimator:
        return clone(self.estimator).set_params(strategy=strategy)

    def predict_proba(self, X: Windows) -> np.ndarray:
        logs = [np.log(member.predict_proba(X)) for member in self.members_]
        pooled = np.exp(np.average(logs, axis=0, weights=self.weights_))
        return pooled / pooled.sum(axis=1, keepdims=True)

    def predict(self, X: Windows) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
