"""Sensors worn in another way by the people who are tested."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from m3n_sklearn import Windows
from m3n_sklearn.recording import to_site_axes

AS_WORN, FLIPPED, TURNED = "as worn", "strap flipped", "turned"
N_TURNS = 3
"""Random rotations that are averaged over."""


def list_turns() -> dict[str, list[list[float]] | None]:
    """Name the rotations of the sensor of whoever is tested, as matrices."""
    turns = Rotation.random(N_TURNS, random_state=0).as_matrix().tolist()
    return {
        AS_WORN: None,
        FLIPPED: np.diag([-1.0, -1.0, 1.0]).tolist(),
        **{f"{TURNED}, {k + 1}": turn for k, turn in enumerate(turns)},
    }


class Worn(ClassifierMixin, BaseEstimator):
    """A classifier that meets turned sensors when it predicts.

    Parameters
    ----------
    estimator : Kept
        Fitted on windows as they are, once for all turns.
    turn : list of lists or None
        Rotation of every sensor.
    """

    def __init__(self, estimator: Any, turn: Any = None) -> None:
        self.estimator = estimator
        self.turn = turn

    def fit(self, X: Windows, y: Any, groups: Any = None) -> Worn:
        self.estimator_ = clone(self.estimator).fit(X, y, groups=groups)
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: Windows) -> np.ndarray:
        return self.estimator_.predict(X if self.turn is None else turned(X, np.array(self.turn)))


class InSiteAxes(ClassifierMixin, BaseEstimator):
    """A classifier that reads windows in the axes of the sites.

    Parameters
    ----------
    estimator : classifier
        Of windows.
    mount : mapping
        How the sensors are worn, as for `to_site_axes`.
    """

    def __init__(self, estimator: Any, mount: Any) -> None:
        self.estimator = estimator
        self.mount = mount

    def fit(self, X: Windows, y: Any) -> InSiteAxes:
        self.estimator_ = clone(self.estimator).fit(to_site_axes(X, self.mount), y)
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: Windows) -> np.ndarray:
        return self.estimator_.predict(to_site_axes(X, self.mount))

    def predict_proba(self, X: Windows) -> np.ndarray:
        return self.estimator_.predict_proba(to_site_axes(X, self.mount))


def turned(X: Windows, turn: np.ndarray) -> Windows:
    """Turn accelerometer and gyro of every site together."""
    sites = [channel.removesuffix("_acc_x") for channel in X.channels if channel.endswith("_acc_x")]
    return to_site_axes(X, dict.fromkeys(sites, turn))
