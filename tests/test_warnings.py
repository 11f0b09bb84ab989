"""Warnings point at the user's line, whatever called the library for the user."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from m3n_sklearn import Multi3NetClassifier
from m3n_sklearn.recording import UnitsWarning


def test_a_warning_points_at_the_users_line():
    X = np.random.default_rng(0).normal(size=(8, 6, 50))
    X[:, 2] += 1.0  # gravity in g, not in m/s²
    y = [0, 1] * 4
    model = Multi3NetClassifier(strategy="scratch", max_epochs=1, rate=50.0)
    for fit in (model.fit, make_pipeline(model).fit):
        with pytest.warns(UnitsWarning) as heard:
            fit(X, y)
        assert {Path(each.filename).name for each in heard} == {Path(__file__).name}
