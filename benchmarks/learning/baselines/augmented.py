"""Any estimator, trained on randomly changed copies of the windows too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from m3n_sklearn import Windows

from ..recipes import FINE_TUNING
from .signals import by_site, from_sites, readings

MOST = 4000


class Augmented(ClassifierMixin, BaseEstimator):
    """Give a classifier the augmentation that our networks are trained with.

    Crops are left out: not every estimator reads windows of several lengths.

    Parameters
    ----------
    estimator : classifier
        Of windows.
    n_copies : int
        Changed copies of each window. Fewer, but at least one, where windows and copies would be
        more than `MOST`.
    """

    def __init__(self, estimator: Any, n_copies: int = 10, random_state: int | None = None) -> None:
        self.estimator = estimator
        self.n_copies = n_copies
        self.random_state = random_state

    def fit(self, X: Windows, y: Any) -> Augmented:
        rng = np.random.default_rng(self.random_state)
        x, change = by_site(readings(X)), replace(FINE_TUNING, shortest=1.0)
        present = np.ones((*x.shape[:2], 2), dtype=bool)
        count = min(self.n_copies, max(1, MOST // len(x) - 1))
        copies = [change(x, present, rng, rate=X.rate("imu"))[0] for _ in range(count)]
        imu = from_sites(np.concatenate([x, *copies]).astype(np.float32))
        windows = Windows(imu=imu, rate=X.rate("imu"), channels=X.channels)
        self.estimator_ = clone(self.estimator).fit(windows, np.tile(y, count + 1))
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: Windows) -> np.ndarray:
        return self.estimator_.predict(X)

    def predict_proba(self, X: Windows) -> np.ndarray:
        return self.estimator_.predict_proba(X)
