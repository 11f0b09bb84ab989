"""A linear head in closed form: logistic regression on the standardized features of an encoder."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from .._typing import AnyArray
from ..nets import ImuClassifier, get_weights, set_weights
from ._outputs import check_finite, run_in_chunks, turned_views

_NEVER = -30.0
"""Logit of a class without any row."""

STATISTICS_SHARE = 0.5
"""Variance of all statistics together, relative to that of all features of the encoder (measured
from 0 to 1 on six data sets, see docs/benchmarks/tried_and_removed)."""

CONSTANT = 1e-6
"""Spread below which a statistic is constant, such as those of a sensor that is not there."""

LEAST_SPREAD = 0.1
"""Statistics that vary less over the training windows are not enlarged: rounding, or what a sensor
at rest reads, must not become evidence."""


def embed(
    module: ImuClassifier,
    x: AnyArray,
    present: NDArray[np.bool_] | None,
    device: str,
    *,
    any_mounting: bool,
) -> AnyArray:
    """Return the input of the head (n_views, n, d) for windows (n, S, C, T).

    If the mounting is unknown, there is a view for each of several orientations. The features of a
    window do not depend on the windows that it is embedded with.
    """
    views = turned_views(x, cropped=False) if any_mounting else [x]
    features = np.stack(
        [run_in_chunks(module.features, module, v, present, device, filled=True) for v in views]
    )
    check_finite(features, x)
    return features


def solve_head(
    module: ImuClassifier,
    features: AnyArray,
    codes: NDArray[np.int64],
    weight: AnyArray,
    n_classes: int,
    C: float,
) -> None:
    """Set the linear head of a network to the logistic regression on features (n_views, n, d).

    The views of a window share its weight.
    """
    n_views = len(features)
    codes, weight = np.tile(codes, n_views), np.tile(weight / n_views, n_views)
    W, b = closed_form_head(
        np.concatenate(features), codes, weight, n_classes, C, n_learned=module.n_learned
    )
    solved = {"head.linear.weight": W, "head.linear.bias": b}
    weights = get_weights(module)
    solved = {name: array.astype(weights[name].dtype) for name, array in solved.items()}
    set_weights(module, weights | solved)


def closed_form_head(
    features: AnyArray,
    codes: NDArray[np.int64],
    weight: AnyArray,
    n_classes: int,
    C: float,
    *,
    n_learned: int | None = None,
) -> tuple[AnyArray, AnyArray]:
    """Return W and b such that softmax(W @ features + b) is the logistic regression.

    Features are standardized; the scaling is folded into W (n_classes, d) and b (n_classes,). Those
    after the first `n_learned` are statistics, which have a share of the variance however many
    they are.
    """
    W, b = np.zeros((n_classes, features.shape[1])), np.full(n_classes, _NEVER)
    seen = np.unique(codes)
    b[seen] = 0.0
    if len(seen) == 1:
        return W, b
    rows = features.astype(np.float64)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The number of unique classes")
        scaler = StandardScaler().fit(rows, sample_weight=weight)
        n_learned = rows.shape[1] if n_learned is None else n_learned
        statistics = scaler.var_[n_learned:]
        if varying := np.count_nonzero(statistics > CONSTANT**2):
            share = STATISTICS_SHARE * n_learned / varying
            spread = np.maximum(np.sqrt(statistics), LEAST_SPREAD)
            scaler.scale_[n_learned:] = spread / np.sqrt(share)
            C = C / (1 + STATISTICS_SHARE)
        regression = LogisticRegression(C=C, max_iter=1000, tol=1e-6)
        regression.fit(scaler.transform(rows), codes, sample_weight=weight)
    slopes, offsets = regression.coef_, regression.intercept_
    if len(seen) == 2:  # one logit becomes two that differ by it
        slopes, offsets = np.array([[-0.5], [0.5]]) * slopes, np.array([-0.5, 0.5]) * offsets
    # w (x - mean) / scale + c = (w / scale) x + (c - (w / scale) mean)
    W[seen] = slopes / scaler.scale_
    b[seen] = offsets - W[seen] @ scaler.mean_
    return W, b
