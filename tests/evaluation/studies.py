"""A small wrist set and methods for it."""

from __future__ import annotations

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from m3n_sklearn import Windows
from m3n_sklearn.evaluation import Method, Score, WindowFeatures


def wrist_set(n_people=3, per_class=6, spread=5.0):
    rng = np.random.default_rng(0)
    y = np.tile(np.repeat(["still", "shake"], per_class), n_people)
    groups = np.repeat(np.arange(n_people), 2 * per_class)
    scale = np.where(y == "shake", spread, 0.2)
    imu = rng.normal(size=(len(y), 6, 40)) * scale[:, None, None]
    imu[:, 2] += 9.8
    return Windows(imu=imu, rate=20.0), y, groups


def methods():
    forest = make_pipeline(WindowFeatures(), RandomForestClassifier(5, random_state=0))
    return [
        Method("majority", DummyClassifier(strategy="prior")),
        Method("forest", forest),
        Method("by fold", lambda people: DummyClassifier(strategy="constant", constant="still")),
    ]


def score(method="ours", budget=1, group=1, draw=0, value=0.5, **facts):
    rows = np.arange(2)
    return Score(method, budget, group, draw, value, rows, rows, **facts)


def same(one, other):
    """Whether two studies found the same, predictions included; times may differ."""
    return len(one) == len(other) and all(
        (a.method, a.budget, a.group, a.draw, a.macro_f1, a.n_train, a.flags)
        == (b.method, b.budget, b.group, b.draw, b.macro_f1, b.n_train, b.flags)
        and np.array_equal(a.rows, b.rows)
        and np.array_equal(a.predictions, b.predictions)
        for a, b in zip(one, other, strict=True)
    )
