"""Checks of labels, weights, groups and class descriptions."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from ._compat import check_sample_weight
from ._typing import AnyArray
from ._validation import as_array, is_missing, is_number, plain_column

Codes = NDArray[np.int64]


class Labels(NamedTuple):
    """Checked labels.

    Attributes
    ----------
    classes : ndarray of shape (k,)
        Distinct labels, sorted.
    codes : ndarray of shape (n,)
        Number of each row's class.
    weight : ndarray of shape (n,), float64
        Weight of each row, 0 for rows to be left out. Before class weights are applied, the mean
        of the positive weights is at least 1.
    """

    classes: AnyArray
    codes: Codes
    weight: NDArray[np.float64]


def check_labels(
    y: Any,
    n_rows: int,
    sample_weight: ArrayLike | None,
    class_weight: str | Mapping[Any, float] | None,
) -> Labels:
    """Check labels and weights as scikit-learn does, and number the classes."""
    if y is None:
        raise ValueError(
            "Multi3NetClassifier requires y to be passed, but the target y is None. Only "
            "strategy='zero_shot' needs no labels."
        )
    labels = column_or_1d(plain_labels(y), warn=True)
    assert_all_finite(labels, input_name="y")
    with warnings.catch_warnings():  # one window of each class does not suggest regression
        warnings.filterwarnings("ignore", "The number of unique classes")
        check_classification_targets(labels)
    check_consistent_length(np.empty(n_rows), labels)
    classes, codes = np.unique(labels, return_inverse=True)
    weight = check_sample_weight(
        sample_weight, np.empty((n_rows, 1)), dtype=np.float64, ensure_non_negative=True
    )
    if not weight.any():  # scikit-learn 1.8 does not check it
        raise ValueError("sample_weight is zero in every row. Give one of them more than that.")
    mean = weight.sum() / np.count_nonzero(weight)
    if mean < 1:  # such weights are shares: only their ratios matter
        weight = weight / mean
    weight = weight * class_factors(classes, codes, weight, class_weight)
    if not weight.any():
        raise ValueError(
            "class_weight gives every row a weight of zero. Give at least one class that occurs in "
            "y a positive weight."
        )
    return Labels(classes, codes, weight)


def plain_labels(y: Any) -> AnyArray:
    """Return labels as strings, whole numbers, booleans or floats, or raise an error."""
    # 1. An array, in which 1 and NaN between strings are still 1 and NaN
    labels = as_array(y)
    if labels.ndim == 1 and any(isinstance(value, list | tuple) for value in labels.tolist()):
        raise ValueError("y must have one label per window, but its entries have several lengths.")
    if labels.ndim == 0:
        raise ValueError(f"y must have one label per window, got {type(y).__name__} ({y!r}).")
    if labels.ndim > 1 and labels.shape[1:] != (1,):
        raise ValueError(
            f"y should be a 1d array with one label per window, got an array of shape "
            f"{labels.shape} instead. Fit one classifier per column."
        )
    # 2. Every row has a label
    listed = labels.ravel().tolist() if labels.dtype.kind in "OfM" else []
    missing = [row for row, value in enumerate(listed) if is_missing(value)]
    if missing:
        raise ValueError(
            f"y is None or NaN in some rows, {len(missing)} of {labels.size}, the first in row "
            f"{missing[0]}: leave unlabeled windows out, X[labeled] and y[labeled]."
        )
    # 3. One kind of labels; those of nullable columns and objects keep their type
    if labels.dtype.kind in "Mm":
        raise ValueError(
            f"y contains dates or durations ({labels.dtype}); expected names or numbers of classes."
        )
    if labels.dtype == object and not all(isinstance(value, str) for value in listed):
        kinds = kinds_of(listed)
        if len(kinds) > 1:
            raise ValueError(
                f"y mixes {', '.join(kinds)}: give all labels as strings, or all as numbers."
            )
        plain = np.array(listed)
        return plain.reshape(labels.shape) if plain.dtype.kind in "iufb" else labels
    return labels


def kinds_of(labels: Iterable[Any]) -> list[str]:
    """Return the kinds of labels, which must be one: others cannot be sorted."""
    return sorted({_kind(label) for label in labels})


def _kind(label: Any) -> str:
    """Return what a label is: a string, a boolean, a number, or another type."""
    if isinstance(label, str):
        return "str"
    if isinstance(label, bool | np.bool_):
        return "bool"
    return "number" if is_number(label) else type(label).__name__


def class_factors(
    classes: AnyArray,
    codes: Codes,
    weight: NDArray[np.float64],
    class_weight: str | Mapping[Any, float] | None,
) -> NDArray[np.float64]:
    """Return the class weight of each row."""
    if class_weight is None:
        return np.ones(len(codes))
    if isinstance(class_weight, str):  # "balanced"
        totals = np.bincount(codes, weight, minlength=len(classes))
        factors = np.divide(
            weight.sum(), len(classes) * totals, out=np.zeros_like(totals), where=totals > 0
        )
        return factors[codes]
    unknown = [label for label in class_weight if label not in set(classes.tolist())]
    if unknown:
        raise ValueError(
            f"class_weight names {unknown!r}, but the labels are {classes.tolist()!r}."
        )
    wrong = {k: w for k, w in class_weight.items() if not is_number(w) or not 0 <= w < np.inf}
    if wrong:
        raise ValueError(f"class_weight must hold finite numbers of at least 0, got {wrong!r}.")
    return np.array([class_weight.get(label, 1.0) for label in classes.tolist()])[codes]


def check_groups(groups: ArrayLike, n_rows: int) -> AnyArray:
    """Return groups as an array; one per row, none missing."""
    return plain_column(groups, "groups", n_rows)


def check_descriptions(descriptions: Mapping[Any, Any]) -> tuple[AnyArray, list[list[str]]]:
    """Return the classes, sorted, and the sentences that describe each."""
    labels = list(descriptions)
    classes = np.asarray(labels)
    if classes.ndim != 1 or len({type(label) for label in labels}) > 1:
        raise TypeError(f"The classes of descriptions must be of one simple type, got {labels!r}.")
    classes, order = np.unique(classes, return_index=True)
    prompts = []
    for i in order:
        given = descriptions[labels[i]]
        several = isinstance(given, Iterable) and not isinstance(given, str)
        sentences = list(given) if several else [given]
        if not sentences or not all(isinstance(s, str) and s.strip() for s in sentences):
            raise ValueError(
                f"descriptions[{labels[i]!r}] must be a sentence or several, got {given!r}."
            )
        prompts.append([str(sentence) for sentence in sentences])
    return classes, prompts


def prompts_of(descriptions: Mapping[Any, Any], classes: AnyArray) -> list[list[str]]:
    """Return the sentences that describe each of `classes`."""
    described, prompts = check_descriptions(descriptions)
    place = {label: number for number, label in enumerate(described.tolist())}
    missing = [label for label in classes.tolist() if label not in place]
    if missing:
        raise ValueError(
            f"descriptions says nothing of the classes {missing!r}; add them. It describes "
            f"{described.tolist()!r}."
        )
    return [prompts[place[label]] for label in classes.tolist()]
