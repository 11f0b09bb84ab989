"""The strategy that ``"auto"`` follows, and the temperature that calibrates it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._folds import HeldOut, hold_out_folds, macro_f1, make_folds, temperature
from ._inference import Views
from ._learning import Recipe
from ._pretrained import Start
from ._training import LabelledWindows

__all__ = ["Choice", "choose"]

FEW, MANY = 2, 4
"""Windows per class from which fine-tuning pays, and from which folds can say whether it does."""

FEWEST_GROUPS = 3


class Choice(NamedTuple):
    """What was found out before the fit.

    Attributes
    ----------
    strategy : str
        The one to follow.
    scores : dict of str to float
        Macro F1 of those that were compared on held-out groups.
    temperature : float or None
        What logits are to be divided by.
    """

    strategy: str
    scores: dict[str, float]
    temperature: float | None


def choose(
    data: LabelledWindows,
    groups: NDArray[Any] | None,
    start: Start,
    strategy: str,
    recipe: Recipe,
    views: Views,
    seed: int,
    *,
    calibrate: bool,
) -> Choice:
    """Choose a strategy if it is ``"auto"``, and calibrate it if wanted.

    Parameters
    ----------
    data : LabelledWindows
        All rows.
    groups : ndarray of shape (n,) or None
        Whom they come from.
    start : Start
        A pretrained one, if the strategy is ``"auto"``.
    strategy : str
        The parameter.
    recipe : Recipe
        How networks learn.
    views : Views
        How they are asked.
    seed : int
        Root of all draws.
    calibrate : bool
        Whether a temperature is wanted.
    """
    asks = calibrate or strategy == "auto"
    folds = make_folds(data, groups, recipe, seed) if asks else []
    answers: dict[str, HeldOut] = {}

    def ask(name: str) -> HeldOut:
        if name not in answers:
            answers[name] = hold_out_folds(data, groups, folds, start, name, recipe, views, seed)
        return answers[name]

    scores: dict[str, float] = {}
    if strategy == "auto":
        strategy = "frozen" if len(data) < FEW * data.n_classes else "lp_ft"
        people = 0 if groups is None else len(np.unique(groups))
        if folds and people >= FEWEST_GROUPS and len(data) >= MANY * data.n_classes:
            scores = {name: macro_f1(ask(name)) for name in ("lp_ft", "frozen")}
            strategy = max(scores, key=scores.__getitem__)  # the first one if they are equal
    found = temperature(ask(strategy)) if calibrate and folds else None
    return Choice(strategy, scores, found)
