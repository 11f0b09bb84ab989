"""Hand-crafted window features, the usual baseline."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from .._compat import DocumentationLink, check_is_fitted
from .._inputs import read_imu
from .._typing import Array

__all__ = ["WindowFeatures"]


class WindowFeatures(DocumentationLink, TransformerMixin, BaseEstimator):
    """Statistics of each channel and of each sensor's norm, for forests and linear models.

    Per channel: mean, standard deviation, minimum, maximum, median, interquartile range, mean
    absolute difference, rate of mean crossings, and the share of power in four bands of the
    spectrum with logarithmic widths. The same for the Euclidean norm of each triad, which does not
    depend on the mounting; and the correlations between the axes of a triad.

    Attributes
    ----------
    n_features_in_ : int
        Channels of a 3-D X, samples of a 2-D X.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.evaluation import WindowFeatures
    >>> X = np.random.default_rng(0).normal(size=(5, 6, 100))
    >>> WindowFeatures().fit_transform(X).shape
    (5, 102)
    """

    def fit(self, X: Any, y: Any = None) -> WindowFeatures:
        """Check the windows.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), or Windows with imu
            Windows; a 2-D array holds windows of one channel.
        y : ignored
            Not used; part of the scikit-learn API.

        Returns
        -------
        self
            The transformer.
        """
        read_imu(self, X, reset=True)
        return self

    def transform(self, X: Any) -> Array:
        """Compute the features.

        Parameters
        ----------
        X : ndarray of shape (n, C, T) or (n, T), or Windows with imu
            Windows like those of `fit`.

        Returns
        -------
        ndarray of shape (n, n_features)
            One row per window.
        """
        check_is_fitted(self)
        imu = read_imu(self, X, reset=False).values.astype(np.float64)
        signals, triads = imu, imu.shape[1] // 3 if imu.shape[1] % 3 == 0 else 0
        parts = []
        if triads:
            by_sensor = imu.reshape(len(imu), triads, 3, imu.shape[2])
            signals = np.concatenate([imu, np.linalg.norm(by_sensor, axis=2)], axis=1)
            parts.append(_axis_correlations(by_sensor))
        parts += [_statistics(signals), _octaves(signals)]
        return np.concatenate([part.reshape(len(imu), -1) for part in parts], axis=1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _statistics(x: Array) -> Array:
    """Return mean, sd, min, max, median, IQR, mean absolute difference and mean crossings."""
    mean = x.mean(axis=-1, keepdims=True)
    low, median, high = np.percentile(x, [25, 50, 75], axis=-1)
    steps = max(1, x.shape[-1] - 1)
    crossings = np.diff(np.signbit(x - mean), axis=-1).sum(axis=-1) / steps
    moves = np.abs(np.diff(x, axis=-1)).sum(axis=-1) / steps
    return np.stack(
        [mean[..., 0], x.std(-1), x.min(-1), x.max(-1), median, high - low, moves, crossings],
        axis=-1,
    )


def _octaves(x: Array) -> Array:
    """Return the share of power in each of four bands of logarithmic width."""
    power = np.abs(np.fft.rfft(x - x.mean(axis=-1, keepdims=True), axis=-1)) ** 2
    edges = np.unique(np.geomspace(1, power.shape[-1], 5).astype(int))
    edges = np.concatenate([edges, np.full(5 - len(edges), power.shape[-1])])
    bands = [power[..., a:b].sum(axis=-1) for a, b in pairwise(edges)]
    total = power.sum(axis=-1) + 1e-12
    return np.stack([band / total for band in bands], axis=-1)


def _axis_correlations(triads: Array) -> Array:
    """Return the correlations xy, xz and yz of each triad."""
    centered = triads - triads.mean(axis=-1, keepdims=True)
    scaled = centered / (np.linalg.norm(centered, axis=-1, keepdims=True) + 1e-12)
    products = np.einsum("nsat,nsbt->nsab", scaled, scaled)
    return np.stack([products[..., 0, 1], products[..., 0, 2], products[..., 1, 2]], axis=-1)
