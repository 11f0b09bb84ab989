"""The library's default, put together from parts that other rows fit too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from m3n_sklearn import Windows
from m3n_sklearn.classification._learning import MANY, shares
from m3n_sklearn.classification._pretrained import as_list

from .kept import Kept


class InParts(ClassifierMixin, BaseEstimator):
    """A classifier that follows "auto", with the fits of its members kept.

    A blend's members are what their strategies are alone, with the same seed: here they are asked
    apart and pooled as the blend does. A test holds the two against each other.

    Parameters
    ----------
    estimator : Multi3NetClassifier
        With one pretrainer or several and the strategy "auto".
    scratch : Multi3NetClassifier
        The same from scratch, as the rivals have it.
    memory : str
        Where fits are kept.
    """

    def __init__(self, estimator: Any, scratch: Any, memory: str) -> None:
        self.estimator = estimator
        self.scratch = scratch
        self.memory = memory

    def fit(self, X: Windows, y: Any, groups: Any = None) -> InParts:
        asked = clone(self.estimator).set_params(max_epochs=1).fit(X, y)
        blended = asked.strategy_ == "blend"
        parts = list(self._members(X, y)) if blended else [self._alone(asked.strategy_)]
        self.members_ = [Kept(part, self.memory).fit(X, y, groups) for part in parts]
        self.shares_ = shares([part.strategy for part in parts])
        self.classes_ = self.members_[0].classes_
        return self

    def _members(self, X: Windows, y: Any) -> Iterator[BaseEstimator]:
        first, *others = as_list(self.estimator.pretrainer)
        wordless = {"descriptions": None}
        told = self._alone("lp_ft" if self.estimator.descriptions is None else "prompt_ft")
        yield self._alone("frozen").set_params(pretrainer=first, rehearsal=None, **wordless)
        yield told.set_params(pretrainer=first)
        for other in others:
            yield self._alone("frozen").set_params(pretrainer=other, rehearsal=None, **wordless)
            yield self._alone("lp_ft").set_params(pretrainer=other, **wordless)
        few = len(y) < MANY * len(np.unique(y))
        yield clone(self.scratch).set_params(rehearsal=self.estimator.rehearsal if few else None)

    def _alone(self, strategy: str) -> BaseEstimator:
        return clone(self.estimator).set_params(strategy=strategy)

    def predict_proba(self, X: Windows) -> np.ndarray:
        opinions = [np.log(member.predict_proba(X)) for member in self.members_]
        pooled = np.exp(np.average(opinions, axis=0, weights=self.shares_))
        return pooled / pooled.sum(axis=1, keepdims=True)

    def predict(self, X: Windows) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
