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
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from .signals import Signals


class SoftRidge(RidgeClassifierCV):
    """A ridge classifier whose decisions, as logits, can be smoothed over time."""

    def predict_proba(self, X: Any) -> np.ndarray:
        return softmax(self.decision_function(X), axis=1)


PENALTIES = np.logspace(-3, 3, 10)
N_KERNELS = 10_000


def minirocket() -> Pipeline:
    """Return transform, scaler and classifier."""
    return make_pipeline(*_scaled_features(), SoftRidge(PENALTIES))


def beside(encoder: Any) -> Pipeline:
    """Return the same with features of a pretrained encoder, which together count as much."""
    evenly = np.sqrt(N_KERNELS / encoder.n_components_)
    features = FeatureUnion(
        [
            ("minirocket", make_pipeline(*_scaled_features())),
            ("encoder", make_pipeline(FrozenEstimator(encoder), StandardScaler())),
        ],
        transformer_weights={"encoder": evenly},
    )
    return make_pipeline(features, SoftRidge(PENALTIES))


def _scaled_features() -> list[Any]:
    from aeon.transformations.collection.convolution_based import MiniRocket

    kernels = MiniRocket(n_kernels=N_KERNELS, random_state=0, n_jobs=1)
    return [Signals(), kernels, StandardScaler()]
