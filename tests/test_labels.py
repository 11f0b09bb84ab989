"""Labels of every kind of column keep their type; what is not a label is refused in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from m3n_sklearn._labels import check_labels
from m3n_sklearn.classification import Multi3NetClassifier
from m3n_sklearn.pretraining import Multi3NetPretrainer
from m3n_sklearn.temporal import HMMClassifier

N = 24
NAMES = np.tile(["walk", "sit", "climb stairs"], N // 3)
CODES = np.unique(NAMES, return_inverse=True)[1]
IMU = np.random.default_rng(0).normal(size=(N, 3, 30)) + np.array([0, 0, 9.8])[:, None]
IMU[:, :2] += 8.0 * np.stack([NAMES == "walk", NAMES == "sit"], axis=1)[:, :, None]


def network():
    return Multi3NetClassifier(
        Multi3NetPretrainer(width=8), strategy="scratch", max_epochs=1, random_state=0
    )


class Smoothed(HMMClassifier):
    """Knows the times of the windows below."""

    def fit(self, X, y):
        return super().fit(X.mean(axis=2), y, times=np.arange(len(X)))

    def predict_proba(self, X):
        return super().predict_proba(X.mean(axis=2), times=np.arange(len(X)))

    def predict(self, X):
        return super().predict(X.mean(axis=2), times=np.arange(len(X)))


STRINGS = {
    "list": NAMES.tolist(),
    "tuple": tuple(NAMES),
    "wide": NAMES.astype("<U40"),
    "object": NAMES.astype(object),
    "Series": pd.Series(NAMES, index=np.arange(N)[::-1]),
    "string": pd.Series(NAMES, dtype="string"),
    "category": pd.Series(NAMES, dtype="category").cat.add_categories("fly"),
    "Index": pd.Index(NAMES),
}
OTHERS = {
    "int8": (CODES.astype(np.int8), np.int8),
    "Int64": (pd.Series(CODES, dtype="Int64"), np.int64),
    "objects": (CODES.astype(object), np.int64),
    "boolean": (pd.Series(CODES > 0, dtype="boolean"), np.bool_),
    "bools": (list(CODES > 0), np.bool_),
    "object bools": ((CODES > 0).astype(object), np.bool_),
    "float": (CODES.astype(float), np.float64),
}


@pytest.mark.parametrize("form", STRINGS)
def test_names_of_classes(form):
    found = check_labels(STRINGS[form], N, None, None)
    assert found.classes.tolist() == ["climb stairs", "sit", "walk"]
    assert found.classes.dtype.kind in "OU"
    np.testing.assert_array_equal(found.codes, CODES)


@pytest.mark.parametrize("form", OTHERS)
def test_numbers_keep_their_type(form):
    y, dtype = OTHERS[form]
    found = check_labels(y, N, None, None)
    assert found.classes.dtype == dtype
    np.testing.assert_array_equal(found.classes[found.codes], np.asarray(y, dtype=dtype))


def test_polars_columns():
    pl = pytest.importorskip("polars")
    for dtype in (pl.String, pl.Categorical, pl.Enum(["walk", "sit", "climb stairs"])):
        found = check_labels(pl.Series(NAMES.tolist(), dtype=dtype), N, None, None)
        np.testing.assert_array_equal(found.codes, CODES)
    assert check_labels(pl.Series(CODES), N, None, None).classes.dtype == np.int64
    with pytest.raises(ValueError, match="None or NaN in some rows, 1 of 24"):
        check_labels(pl.Series([None, *CODES.tolist()[1:]]), N, None, None)


@pytest.mark.parametrize("make", [network, lambda: Smoothed(LogisticRegression())])
@pytest.mark.parametrize("form", ["string", "category", "Int64", "boolean"])
def test_classifiers_return_labels_as_given(make, form):
    y = STRINGS[form] if form in STRINGS else OTHERS[form][0]
    fitted = make().fit(IMU, y)
    labels = fitted.predict(IMU)
    assert labels.dtype == fitted.classes_.dtype
    assert set(labels) <= set(np.asarray(y).tolist())
    assert fitted.predict_proba(IMU).shape == (N, len(fitted.classes_))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([None, *NAMES[1:]], "None or NaN in some rows, 1 of 24, the first in row 0"),
        ([np.nan, *NAMES[1:].tolist()], "leave unlabeled windows out"),
        (pd.Series(NAMES, dtype="string").where(CODES > 0), "None or NaN in some rows, 8 of 24"),
        (pd.Series(CODES, dtype="Int64").where(CODES > 0), "None or NaN in some rows, 8 of 24"),
        (np.ma.masked_array(CODES, CODES == 0), "None or NaN in some rows, 8 of 24"),
        (np.where(CODES > 0, CODES, np.nan), "None or NaN in some rows, 8 of 24"),
        ([1, *NAMES[1:].tolist()], "y mixes number, str"),
        ([True, *NAMES[1:].tolist()], "y mixes bool, str"),
        (np.stack([CODES, CODES], axis=1), r"shape \(24, 2\) instead. Fit one classifier per"),
        ([["a"], ["a", "b"]] * 12, "several lengths"),
        (pd.date_range("2024", periods=N), "dates or durations"),
        ("walk", r"one label per window, got str \('walk'\)"),
        (np.random.default_rng(0).normal(size=N), "Unknown label type: continuous"),
        (NAMES[:5], r"inconsistent numbers of samples: \[24, 5\]"),
    ],
)
def test_what_is_not_a_label_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        check_labels(y, N, None, None)
