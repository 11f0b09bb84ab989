"""MiniRocket features and a ridge classifier, as their authors use them.

A. Dempster, D. F. Schmidt, G. I. Webb, "MiniRocket: a very fast (almost) deterministic transform
for time series classification", KDD 2021; the transform is that of aeon. Scaled features and a
ridge penalty chosen by leave-one-out from 1e-3 to 1e3 did better here than logistic regression
with any penalty.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from .signals import Signals


class SoftRidge(RidgeClassifierCV):
    """A ridge classifier whose decisions, as logits, can be smoothed over time."""

    def predict_proba(self, X: Any) -> np.ndarray:
        return softmax(self.decision_function(X), axis=1)


def minirocket() -> Pipeline:
    """Return transform, scaler and classifier."""
    from aeon.transformations.collection.convolution_based import MiniRocket

    return make_pipeline(
        Signals(),
        MiniRocket(random_state=0, n_jobs=1),
        StandardScaler(),
        SoftRidge(np.logspace(-3, 3, 10)),
    )
