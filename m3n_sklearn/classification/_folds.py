"""What networks say about rows that they have not learned from, to calibrate by it."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from .._runtime import derive_rng, derive_seed
from ._inference import Views, probabilities
from ._labels import hold_out
from ._learning import Recipe, learn
from ._pretrained import Start
from ._training import LabelledWindows

__all__ = ["HeldOut", "Split", "hold_out_folds", "make_folds", "temperature"]

AnyArray = NDArray[Any]
Split = tuple[NDArray[np.intp], NDArray[np.intp]]

FOLDS = 3
FEWEST_ROWS = 20
"""Rows that a choice or a temperature is based on at least."""

_TEMPERATURES = (0.05, 20.0)


class HeldOut(NamedTuple):
    """What the networks of all folds said about the rows they had not seen.

    Attributes
    ----------
    logits : ndarray of shape (n_views, n, n_classes)
        Of the held-out rows.
    codes, weight : ndarray of shape (n,)
        Their class numbers and weights.
    """

    logits: AnyArray
    codes: NDArray[np.int64]
    weight: AnyArray


def make_folds(
    data: LabelledWindows, groups: AnyArray | None, recipe: Recipe, seed: int
) -> list[Split]:
    """Split rows into what to learn from and what to hold out, in turn.

    Rows whose class the others don't show are not held out.

    Parameters
    ----------
    data : LabelledWindows
        All rows.
    groups : ndarray of shape (n,) or None
        Whom they come from: nobody is on both sides. Without, classes are spread evenly.
    recipe : Recipe
        Early stopping needs rows to spare in every fold.
    seed : int
        Of the order of rows and groups.

    Returns
    -------
    list of (ndarray, ndarray)
        Empty if there are too few rows, groups, or rows of a class.
    """
    codes = data.codes
    sizes = np.bincount(codes)[np.unique(codes)]
    if groups is None:
        count = min(FOLDS, int(sizes.min()))
        splitter: Any = StratifiedKFold
    else:
        count, splitter = min(FOLDS, len(np.unique(groups))), StratifiedGroupKFold
    if count < 2 or len(sizes) < 2 or sizes.max() < count:
        return []
    with warnings.catch_warnings():  # one window of a class is no hint at regression
        warnings.simplefilter("ignore", UserWarning)
        splits = list(
            splitter(count, shuffle=True, random_state=derive_seed(seed, 3)).split(
                codes, codes, groups
            )
        )
    folds = [(rows, held[np.isin(codes[held], codes[rows])]) for rows, held in splits]
    folds = [(rows, held) for rows, held in folds if len(held)]
    enough = sum(len(held) for _, held in folds) >= FEWEST_ROWS
    spared = recipe.patience is None or all(
        _can_spare(codes[rows], None if groups is None else groups[rows], recipe)
        for rows, _ in folds
    )
    return folds if enough and spared else []


def _can_spare(codes: NDArray[np.int64], groups: AnyArray | None, recipe: Recipe) -> bool:
    try:
        hold_out(codes, groups, recipe.validation_fraction, derive_rng(0))
    except ValueError:
        return False
    return True


def hold_out_folds(
    data: LabelledWindows,
    groups: AnyArray | None,
    folds: list[Split],
    start: Start,
    strategy: str,
    recipe: Recipe,
    views: Views,
    seed: int,
) -> HeldOut:
    """Learn without each fold and ask about it.

    Parameters
    ----------
    data, groups, folds
        Rows, whom they come from, and how they are split.
    start, strategy, recipe
        How each network learns.
    views : Views
        How it is asked.
    seed : int
        Root of all draws.
    """
    logits = []
    for number, (rows, held) in enumerate(folds):
        module, _, _ = learn(
            data.take(rows),
            start,
            strategy,
            recipe.quiet(),
            derive_seed(seed, 4, number),
            groups=None if groups is None else groups[rows],
        )
        logits.append(views.logits(module, data.x[held], data.present, recipe.device))
    asked = np.concatenate([held for _, held in folds])
    return HeldOut(np.concatenate(logits, axis=1), data.codes[asked], data.weight[asked])


def temperature(held: HeldOut) -> float:
    """Return what to divide logits by, so that held-out rows become most likely.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks",
       ICML 2017.
    """
    logits = held.logits.astype(np.float64)
    rows = np.arange(len(held.codes))

    def loss(log_temperature: float) -> float:
        given = probabilities(logits, np.exp(log_temperature))[rows, held.codes]
        return float(-(held.weight * np.log(np.maximum(given, 1e-12))).sum())

    found = minimize_scalar(loss, bounds=tuple(np.log(_TEMPERATURES)), method="bounded")
    return float(np.exp(found.x))
