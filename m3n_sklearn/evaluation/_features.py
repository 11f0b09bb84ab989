"""Hand-crafted window features, the usual baseline."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin

from .._compat import DocumentationLink, check_channels_in, check_feature_names_in, check_is_fitted
from .._inputs import ImuWindows, read_imu
from .._typing import AnyArray, Array

__all__ = ["WindowFeatures"]

STATISTICS = ("mean", "std", "min", "max", "median", "iqr", "mean_abs_diff", "mean_crossings")
BANDS = ("band1", "band2", "band3", "band4")
AXES = "xyz"
PAIRS = ((0, 1), (0, 2), (1, 2))
"""Pairs of axes whose correlations are features."""


class WindowFeatures(DocumentationLink, TransformerMixin, BaseEstimator):
    """Statistics of each channel and of each sensor's norm, for forests and linear models.

    Per channel: mean, standard deviation, minimum, maximum, median, interquartile range, mean
    absolute difference, rate of mean crossings, and the share of power in four bands of the
    spectrum with logarithmic widths. The same for the Euclidean norm of each triad, which does not
    depend on the mounting; and the correlations between the axes of a triad.

    Channels whose names differ only in a last letter x, y or z are a triad. Without names, three
    channels in a row are one, if the number of channels is a multiple of three.

    Parameters
    ----------
    channels : sequence of str, default=None
        Channel names of a bare array, such as ``right_wrist_acc_x``. `Windows` have their own.

    Attributes
    ----------
    n_features_in_ : int
        Channels of a 3-D X, samples of a 2-D X.
    feature_names_in_ : ndarray of str
        Column names, if X was a DataFrame.
    channels_ : tuple of str or None
        Channel names of the windows of `fit`.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.evaluation import WindowFeatures
    >>> from m3n_sklearn.recording import channel_names
    >>> X = np.random.default_rng(0).normal(size=(5, 6, 100))
    >>> features = WindowFeatures(channels=channel_names("right_wrist")).fit(X)
    >>> features.transform(X).shape
    (5, 102)
    >>> features.get_feature_names_out()[[0, 6, 54]].tolist()
    ['right_wrist_acc_xy_corr', 'right_wrist_acc_x_mean', 'right_wrist_acc_norm_mean']
    """

    channels_: tuple[str, ...] | None

    def __init__(self, *, channels: Sequence[str] | None = None) -> None:
        self.channels = channels

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
        imu = read_imu(self, X, reset=True, channels=self.channels)
        if imu.channels is not None and len(imu.channels) != imu.values.shape[1]:
            raise ValueError(
                f"channels names {len(imu.channels)} channels, but X has {imu.values.shape[1]}."
            )
        self.channels_, self._flat = imu.channels, imu.flat
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
            One row per window; a data frame after ``set_output(transform="pandas")``.

        Raises
        ------
        ValueError
            If X has other channels than the windows of `fit`.
        """
        check_is_fitted(self)
        windows = read_imu(self, X, reset=False, channels=self.channels_)
        imu = self._in_order(windows).astype(np.float64)
        signals, triads, parts = imu, self._triads(), []
        if triads:
            by_sensor = imu[:, np.array(triads)]
            signals = np.concatenate([imu, np.linalg.norm(by_sensor, axis=2)], axis=1)
            parts.append(_axis_correlations(by_sensor))
        parts += [_statistics(signals), _octaves(signals)]
        return np.concatenate([part.reshape(len(imu), -1) for part in parts], axis=1)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> AnyArray:
        """Get the names of the features.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the channels, if the windows of `fit` had none. Of a 2-D X, names of its
            columns, which are checked and not used.

        Returns
        -------
        ndarray of str
            Names such as ``right_wrist_acc_x_mean``.
        """
        check_is_fitted(self)
        names = self._channel_names(input_features)
        triads = [[names[i] for i in columns] for columns in self._triads()]
        signals = [*names, *(f"{_common_name(triad)}_norm" for triad in triads)]
        found = [f"{_common_name([triad[a], triad[b]])}_corr" for triad in triads for a, b in PAIRS]
        for part in (STATISTICS, BANDS):
            found += [f"{signal}_{feature}" for signal in signals for feature in part]
        return np.array(found, dtype=object)

    def _channel_names(self, given: ArrayLike | None = None) -> list[str]:
        """Return the names of the channels; without any, x0, x1 and so on."""
        if self._flat:
            check_feature_names_in(self, given)  # of samples
            return ["signal"]
        if self.channels_ is not None:
            return list(check_channels_in(self.channels_, given))
        return [str(name) for name in check_feature_names_in(self, given)]

    def _triads(self) -> list[list[int]]:
        """Return the columns x, y and z of each triad among the channels of `fit`."""
        if self.channels_ is None:
            count = 1 if self._flat else self.n_features_in_
            return [list(range(i, i + 3)) for i in range(0, count, 3)] if count % 3 == 0 else []
        found: dict[str, dict[str, int]] = {}
        for column, name in enumerate(self.channels_):
            if name and name[-1].lower() in AXES:
                found.setdefault(_stem(name), {})[name[-1].lower()] = column
        return [[axes[axis] for axis in AXES] for axes in found.values() if len(axes) == 3]

    def _in_order(self, imu: ImuWindows) -> AnyArray:
        """Return windows with the channels in the order of `fit`, or raise an error."""
        if self.channels_ is None or imu.channels == self.channels_:
            return imu.values
        names = imu.channels or ()
        if sorted(names) != sorted(self.channels_):
            raise ValueError(
                f"X has the channels {', '.join(names)}, but WindowFeatures was fitted on "
                f"{', '.join(self.channels_)}. Select or rename channels."
            )
        return imu.values[:, [names.index(name) for name in self.channels_]]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _stem(name: str) -> str:
    """Return the name of a channel without its axis."""
    return name[:-1].rstrip("_-. ")


def _common_name(names: Sequence[str]) -> str:
    """Return one name for several channels: acc_xy for acc_x and acc_y, acc for all three."""
    axes = "".join(name[-1:].lower() for name in names)
    if len({_stem(name) for name in names}) > 1 or not set(axes) <= set(AXES):
        return "_".join(names)
    parts = [_stem(names[0]), "" if axes == AXES else axes]
    return "_".join(filter(None, parts)) or axes


def _statistics(x: Array) -> Array:
    """Return the features of `STATISTICS`."""
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
