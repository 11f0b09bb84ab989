"""Sensors worn in another way by the people who are tested."""

from __future__ import annotations

from typing import Any

import numpy as np
from joblib import Memory
from scipy.spatial.transform import Rotation
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import has_fit_parameter

from m3n_sklearn import Windows
from m3n_sklearn.recording import sites_of, to_site_axes

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
    estimator : classifier
        Fitted on windows as they are.
    turn : list of lists or None
        Rotation of every sensor.
    memory : str
        Where fits are kept: they are the same for all turns.
    """

    def __init__(self, estimator: Any, turn: Any = None, memory: str | None = None) -> None:
        self.estimator = estimator
        self.turn = turn
        self.memory = memory

    def fit(self, X: Windows, y: Any, groups: Any = None) -> Worn:
        fit = Memory(self.memory, verbose=0).cache(_fit)
        self.estimator_ = fit(clone(self.estimator), X, y, groups)
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: Windows) -> np.ndarray:
        return self.estimator_.predict(X if self.turn is None else turned(X, np.array(self.turn)))


def _fit(estimator: Any, X: Windows, y: Any, groups: Any) -> Any:
    known = {"groups": groups} if has_fit_parameter(estimator, "groups") else {}
    return estimator.fit(X, y, **known)


def turned(X: Windows, turn: np.ndarray) -> Windows:
    """Turn accelerometer and gyro of every site together."""
    return to_site_axes(X, dict.fromkeys(sites_of(X.channels), turn))
