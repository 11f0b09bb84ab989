"""Several networks from scratch, averaged: the gain of an ensemble without pretraining."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from m3n_sklearn import Windows

from ..kept import Kept


class Committee(ClassifierMixin, BaseEstimator):
    """Average the probabilities of copies of a classifier that differ in their seed alone.

    Parameters
    ----------
    estimator : classifier
        With ``random_state`` and probabilities.
    n_members : int
        How many copies.
    random_state : int
        Seed of the first one; the others follow it.
    memory : str
        Folder of the stored fits.
    """

    def __init__(
        self, estimator: Any, n_members: int = 2, random_state: int = 0, *, memory: str
    ) -> None:
        self.estimator = estimator
        self.n_members = n_members
        self.random_state = random_state
        self.memory = memory

    def fit(self, X: Windows, y: Any, groups: Any = None) -> Committee:
        seeds = range(self.random_state, self.random_state + self.n_members)
        copies = [clone(self.estimator).set_params(random_state=seed) for seed in seeds]
        self.members_ = [Kept(copy, self.memory).fit(X, y, groups) for copy in copies]
        self.classes_ = self.members_[0].classes_
        return self

    def predict_proba(self, X: Windows) -> np.ndarray:
        return np.mean([member.predict_proba(X) for member in self.members_], axis=0)

    def predict(self, X: Windows) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
