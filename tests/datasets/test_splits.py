from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_val_score

from m3n_sklearn.datasets import cv_from_split, utd_split

FOLDS = [
    {"train": ("a",), "val": ("b",), "test": ("c",)},
    {"train": ("c",), "val": ("b",), "test": ("z",)},
]


def test_parts_become_row_numbers():
    sessions = ["a", "b", "c", "a", "c"]
    ((train, test),) = cv_from_split(FOLDS, sessions, train=("train", "val"))
    assert train.tolist() == [0, 1, 3]
    assert test.tolist() == [2, 4]


def test_rows_serve_as_cv():
    sessions = np.repeat([f"s{i}" for i in range(1, 9)], 5)
    cv = cv_from_split(utd_split("person_loo"), sessions)
    X, y = np.zeros((40, 1)), np.tile(np.arange(5), 8)
    assert len(cross_val_score(DummyClassifier(), X, y, cv=cv)) == 8


def test_unknown_parts_and_empty_folds_are_refused():
    with pytest.raises(ValueError, match="no part 'dev'"):
        cv_from_split(FOLDS, ["a"], test="dev")
    with pytest.raises(ValueError, match="No fold has rows on both sides"):
        cv_from_split(FOLDS, ["a", "b"])
