"""What a method is made of: by it, a store tells two methods of one name apart."""

from __future__ import annotations

import re
from typing import NamedTuple

from sklearn.base import BaseEstimator, clone

from ._fingerprint import fingerprint
from ._method import Method

__all__ = ["Recipe", "recipe_of"]


class Recipe(NamedTuple):
    """A method for people to read, and for machines to compare."""

    shown: str
    fingerprint: str


def recipe_of(method: Method) -> Recipe:
    """Describe what a method is made of, as far as it can be told without building it.

    Parameters
    ----------
    method : Method
        Of a study.

    Returns
    -------
    Recipe
        An estimator counts by all of its parameters, nested and frozen estimators included. Of
        functions of the held-out people, it only counts that there is one.
    """
    estimator, notes = method.estimator, ["" if method.needs_labels else " without labels"]
    if method.extra is not None:
        notes.append(" with extra windows")
    built = isinstance(estimator, BaseEstimator)
    # a clone is what is fitted: what the estimator had learned is gone, except in frozen parts
    content = clone(estimator) if built else None
    shown = re.sub(r" at 0x[0-9a-f]+", "", repr(estimator)) if built else "a function"
    return Recipe(
        shown + "".join(notes),
        fingerprint([content, method.needs_labels, method.extra is not None]),
    )
