"""Fits that several rows share.

The store of a study keeps scores. Rows with turned sensors or temporal context share a fit and not
its scores, so joblib keeps the fit itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from joblib import Memory
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import has_fit_parameter

from m3n_sklearn import Windows


class Kept(ClassifierMixin, BaseEstimator):
    """A classifier that is fitted once for all rows that ask for the same fit.

    Parameters
    ----------
    estimator : classifier
        What is fitted.
    memory : str
        Folder of the stored fits.
    """

    def __init__(self, estimator: Any, memory: str) -> None:
        self.estimator = estimator
        self.memory = memory

    def fit(self, X: Windows, y: Any, groups: Any = None) -> Kept:
        fit = Memory(self.memory, verbose=0).cache(_fit)
        self.estimator_ = fit(clone(self.estimator), X, y, groups)
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: Windows) -> np.ndarray:
        return self.estimator_.predict(X)

    def predict_proba(self, X: Windows) -> np.ndarray:
        return self.estimator_.predict_proba(X)


def _fit(estimator: Any, X: Windows, y: Any, groups: Any) -> Any:
    known = {"groups": groups} if has_fit_parameter(estimator, "groups") else {}
    return estimator.fit(X, y, **known)
