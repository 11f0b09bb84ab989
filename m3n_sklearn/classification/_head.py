"""A head without training: scaled logistic regression, written as one linear map."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ..nets import get_weights, set_weights
from ..nets._classifier import ImuClassifier
from ._inference import Views, check_answers, run_in_chunks
from ._training import LabelledWindows

AnyArray = NDArray[Any]

TURNS = 8
"""Orientations that every row is shown in where the mounting may be any."""

_NEVER = -30.0
"""Logit of a class that no row with a weight shows."""


def solve_head(
    module: ImuClassifier, data: LabelledWindows, C: float, device: str, *, even: bool = False
) -> None:
    """Give a network the head that a logistic regression on its features would be.

    Parameters
    ----------
    module : ImuClassifier
        Its head is changed in place.
    data : LabelledWindows
        Rows to learn from, without augmentation.
    C : float
        Inverse strength of the ridge penalty.
    device : str
        Where to compute the features.
    even : bool, default=False
        Whether classes count the same however frequent they are. As the offsets of a logistic
        regression are not penalised, this is exactly what a balanced softmax would have found.
    """
    views = Views(TURNS if data.arbitrarily_mounted else 1, turned=True, cropped=False)
    features = np.concatenate(
        [run_in_chunks(module.features, module, v, data.present, device) for v in views(data.x)]
    )
    check_answers(features.reshape(views.count, len(data), -1), data.x)
    codes = np.tile(data.codes, views.count)
    weight = np.tile(data.weight / views.count, views.count)
    W, b = closed_form_head(features, codes, weight, data.n_classes, C)
    if even:
        b -= data.alone().log_prior()  # it has not seen what is rehearsed
    solved = {"head.linear.weight": W, "head.linear.bias": b}
    solved = {name: array.astype(data.x.dtype) for name, array in solved.items()}
    set_weights(module, get_weights(module) | solved)


def closed_form_head(
    features: AnyArray, codes: NDArray[np.int64], weight: AnyArray, n_classes: int, C: float
) -> tuple[AnyArray, AnyArray]:
    """Fit a logistic regression on standardised features.

    Parameters
    ----------
    features : ndarray of shape (n, d)
        What the encoder gives.
    codes, weight : ndarray of shape (n,)
        Class numbers and weights of the rows.
    n_classes : int
        Number of classes, some of which may have no row.
    C : float
        Inverse strength of the ridge penalty.

    Returns
    -------
    W : ndarray of shape (n_classes, d)
    b : ndarray of shape (n_classes,)
        Softmax of ``W @ features + b`` are the probabilities; the scaling is folded in.
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
        regression = LogisticRegression(C=C, max_iter=1000, tol=1e-6)
        regression.fit(scaler.transform(rows), codes, sample_weight=weight)
    slopes, offsets = regression.coef_, regression.intercept_
    if len(seen) == 2:
        slopes, offsets = np.array([[-0.5], [0.5]]) * slopes, np.array([-0.5, 0.5]) * offsets
    W[seen] = slopes / scaler.scale_
    b[seen] = offsets - W[seen] @ scaler.mean_
    return W, b
