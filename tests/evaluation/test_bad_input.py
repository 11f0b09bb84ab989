"""Bad studies are refused with words that help."""

from __future__ import annotations

from functools import partial

import numpy as np
from pandas import DataFrame
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError

from m3n_sklearn import Windows
from m3n_sklearn.evaluation import (
    Method,
    WindowFeatures,
    draw_labels,
    few_label_study,
    format_table,
)

from ..refusals import IMU, NAN, Y, cases, refuses

FLAT, LABELS, GROUPS = IMU[:, 0], Y, np.repeat([1, 2, 3], 3)
METHODS = [Method("dummy", DummyClassifier())]
EXTRA = partial(Method, "d", DummyClassifier(), True)


def study(methods=METHODS, X=FLAT, y=LABELS, groups=GROUPS, **options):
    return few_label_study(methods, X, y, groups, **{"budgets": (1,), **options})


@cases(
    (lambda: draw_labels([], 1), ValueError, "y must have shape (n,)"),
    (lambda: draw_labels(np.zeros((3, 2)), 1), ValueError, "(3, 2)"),
    (lambda: draw_labels([1.0, NAN], 1), ValueError, "missing labels"),
    (lambda: draw_labels([None, "a"], 1), ValueError, "missing labels"),
    (lambda: Method(3, DummyClassifier()), TypeError, "name", "string"),
    (lambda: Method("dummy", DummyClassifier), TypeError, "needs an estimator"),
    (lambda: study([]), TypeError, "list of Method"),
    (lambda: study(METHODS[0]), TypeError, "list of Method"),
    (lambda: study([DummyClassifier()]), TypeError, "list of Method(name, estimator)"),
    (lambda: study(METHODS * 2), ValueError, "names", "differ"),
    (lambda: study(X=FLAT.tolist()), TypeError, "array or Windows", "list"),
    (lambda: study(X=FLAT[:4]), ValueError, "y must have one entry per window, 4"),
    (lambda: study(y=Y[:4]), ValueError, "y must have one entry per window, 9"),
    (lambda: study(groups=GROUPS[:4]), ValueError, "groups must have one entry per window, 9"),
    (lambda: study(groups=None), ValueError, "groups must have one entry per window"),
    (lambda: study(groups=GROUPS.astype("M8[D]")), ValueError, "numbers or strings", "datetime"),
    (lambda: study(groups=[1, 1, 1, "b", "b", "b", 3, 3, 3]), ValueError, "all numbers or all"),
    (lambda: study(X=DataFrame(FLAT)), TypeError, "array or Windows", "DataFrame", "to_numpy"),
    (lambda: study([Method("d", lambda _: 5)]), TypeError, "method 'd' must return", "5"),
    (lambda: study([Method("d", lambda _: DummyClassifier)]), TypeError, "must return"),
    (lambda: study([EXTRA(lambda _: None)]), TypeError, "must return a tuple (X, y)"),
    (lambda: study([EXTRA(lambda _: FLAT)]), TypeError, "must return a tuple (X, y)"),
    (lambda: study([EXTRA(lambda _: (FLAT, [None] * 9))]), ValueError, "extra labels of 'd'"),
    (lambda: study(blocks=[1]), ValueError, "blocks must have one entry per window"),
    (lambda: study(budgets=4), TypeError, "budgets must be a sequence", "int"),
    (lambda: study(budgets=()), ValueError, "budgets is empty"),
    (lambda: study(budgets=(0,)), ValueError, "budget", "at least 1"),
    (lambda: study(budgets=("all",)), TypeError, "budget", "whole number", "'all'"),
    (lambda: study(n_draws=0), ValueError, "n_draws must be at least 1"),
    (lambda: study(folds=1), ValueError, "folds must lie between 2 and the 3 groups"),
    (lambda: study(random_state=None), ValueError, "random_state", "same labels"),
    (lambda: format_table([]), ValueError, "scores is empty"),
    (lambda: format_table(study(), ["foo"]), ValueError, "'foo'", "dummy"),
    (lambda: WindowFeatures().transform(IMU), NotFittedError, "not fitted"),
    (lambda: WindowFeatures().fit(IMU).transform(IMU[:, :3]), ValueError, "3 channels"),
    (lambda: WindowFeatures().fit(IMU * NAN), ValueError, "contains NaN"),
    (lambda: WindowFeatures().fit(Windows(text=["a"])), ValueError, "no column 'imu'"),
)
def test_studies(call, error, words):
    refuses(call, error, *words)
