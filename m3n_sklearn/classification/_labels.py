"""Labels, weights and groups of rows: checks, codes, and the rows to hold out."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from .._checks import is_number
from .._columns import is_missing, plain_column
from .._sklearn import check_sample_weight

AnyArray = NDArray[Any]
Codes = NDArray[np.int64]


class Labels(NamedTuple):
    """Checked labels.

    Attributes
    ----------
    classes : ndarray of shape (k,)
        Distinct labels, sorted.
    codes : ndarray of shape (n,)
        Place of each row's label among them.
    weight : ndarray of shape (n,), float64
        Weight of each row in what is learned, 0 for rows to be left out. Before those of the
        classes come in, the mean of the others is at least 1.
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
    """Check labels and weights as scikit-learn would.

    Raises
    ------
    ValueError
        If labels are missing, not finite, continuous or not one per row, or if weights are
        negative, all zero, or name a class that does not occur.
    """
    if y is None:
        raise ValueError(
            "Multi3NetClassifier requires y to be passed, but the target y is None. Only "
            "strategy='zero_shot' does without labels."
        )
    given = np.asarray(y)
    if given.dtype == object and given.ndim and any(map(is_missing, given.ravel().tolist())):
        raise ValueError(
            "y is None or NaN in some rows: leave unlabelled windows out, X[labelled] and "
            "y[labelled]."
        )
    labels = column_or_1d(y, warn=True)
    assert_all_finite(labels, input_name="y")
    with warnings.catch_warnings():  # one window of each class is no hint at regression
        warnings.filterwarnings("ignore", "The number of unique classes")
        check_classification_targets(labels)
    check_consistent_length(np.empty(n_rows), labels)
    classes, codes = np.unique(labels, return_inverse=True)
    weight = check_sample_weight(
        sample_weight, np.empty((n_rows, 1)), dtype=np.float64, ensure_non_negative=True
    )
    mean = weight.sum() / np.count_nonzero(weight)
    if mean < 1:  # no row is less than a row: shares are told by their ratios
        weight = weight / mean
    weight = weight * class_factors(classes, codes, weight, class_weight)
    if not weight.any():
        raise ValueError("class_weight gives every row a weight of zero: nothing is to be learned.")
    return Labels(classes, codes, weight)


def class_factors(
    classes: AnyArray,
    codes: Codes,
    weight: NDArray[np.float64],
    class_weight: str | Mapping[Any, float] | None,
) -> NDArray[np.float64]:
    """Return what the weight of each row is multiplied with for the sake of its class."""
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
    """Return groups as an array.

    Raises
    ------
    ValueError
        If there is not one per row, or one is missing.
    """
    return plain_column(groups, "groups", n_rows)


def check_descriptions(descriptions: Mapping[Any, Any]) -> tuple[AnyArray, list[list[str]]]:
    """Return the classes, sorted, and the sentences that describe each.

    Raises
    ------
    ValueError, TypeError
        If a class has no sentence, or classes are of several types.
    """
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
    """Return the sentences that describe each class.

    Raises
    ------
    ValueError
        If a class is not described.
    """
    described, prompts = check_descriptions(descriptions)
    place = {label: number for number, label in enumerate(described.tolist())}
    missing = [label for label in classes.tolist() if label not in place]
    if missing:
        raise ValueError(
            f"descriptions says nothing of the classes {missing!r}; add them. It describes "
            f"{described.tolist()!r}."
        )
    return [prompts[place[label]] for label in classes.tolist()]


def hold_out(
    codes: Codes,
    groups: ArrayLike | None,
    fraction: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split rows into those to learn from and those to watch.

    With groups, whole groups are held out, chosen so that the others show as many classes as
    possible. Without, a share of each class is held out, and a class always keeps a row.

    Returns
    -------
    train, valid : ndarray of int
        Row indices.

    Raises
    ------
    ValueError
        If there is no row, or no group, to spare.
    """
    if groups is None:
        held = _share_of_each_class(codes, fraction, rng)
    else:
        held = _whole_groups(codes, np.asarray(groups), fraction, rng)
    return np.flatnonzero(~held), np.flatnonzero(held)


def _share_of_each_class(
    codes: Codes, fraction: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    held = np.zeros(len(codes), dtype=bool)
    for code in np.unique(codes):
        rows = rng.permutation(np.flatnonzero(codes == code))
        held[rows[: min(len(rows) - 1, round(fraction * len(rows)))]] = True
    if not held.any():
        raise ValueError(
            f"early_stopping=True has no window to spare: {len(codes)} windows of "
            f"{len(np.unique(codes))} classes. Give more windows or set early_stopping=False."
        )
    return held


def _whole_groups(
    codes: Codes, groups: AnyArray, fraction: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    names: list[Hashable] = np.unique(groups).tolist()
    if len(names) < 2:
        raise ValueError(
            "early_stopping=True holds whole groups out, but groups names only one. Give at least "
            "two groups or set early_stopping=False."
        )
    count = min(len(names) - 1, max(1, round(fraction * len(names))))
    draws = [rng.choice(len(names), count, replace=False) for _ in range(16)]
    splits = [np.isin(groups, np.array(names)[draw]) for draw in draws]
    return max(splits, key=lambda held: len(np.unique(codes[~held])))
