"""The strategy that ``"auto"`` follows, and the temperature that calibrates probabilities."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from ._folds import hold_out_folds, make_folds, temperature
from ._inference import Views
from ._learning import MANY, Recipe
from ._pretrained import Start
from ._training import LabelledWindows

__all__ = ["calibration", "follow"]

HANDFUL = 16
"""Windows of all classes together below which a network from scratch has nothing to add, unless
it also sees windows to rehearse."""


def follow(strategy: str, data: LabelledWindows, start: Start) -> str:
    """Return the strategy to follow; ``"auto"`` goes by what there is to learn from.

    Parameters
    ----------
    strategy : str
        The parameter.
    data : LabelledWindows
        All rows.
    start : Start
        A pretrained one, if the strategy is ``"auto"``.
    """
    if strategy != "auto":
        return strategy
    several = any(other.weights for other in start.beside)
    if data.per_class >= MANY or data.rehearsal is not None or several:
        return "blend"
    if start.names is not None:
        return "prompt_ft"
    return "frozen" if data.total < HANDFUL else "blend"


def calibration(
    data: LabelledWindows,
    groups: NDArray[Any] | None,
    start: Start,
    strategy: str,
    recipe: Recipe,
    views: Views,
    seed: int,
) -> float | None:
    """Return what logits are to be divided by, or None where rows are too few to say.

    Parameters
    ----------
    data : LabelledWindows
        All rows.
    groups : ndarray of shape (n,) or None
        Whom they come from.
    start, strategy, recipe
        How networks learn.
    views : Views
        How they are asked.
    seed : int
        Root of all draws.
    """
    folds = make_folds(data, groups, recipe, seed)
    if not folds:
        return None
    return temperature(hold_out_folds(data, groups, folds, start, strategy, recipe, views, seed))
