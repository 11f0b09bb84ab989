"""A method of a comparison: an estimator with a name and its conditions."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from .._persistence import load
from .._validation import list_of

__all__ = ["SEEN", "Method", "People", "check_methods", "flags_of"]

People = tuple[Hashable, ...]
"""The held-out people of one fold."""

SEEN = {
    "unlabeled target windows": "unlabeled_groups_",
    "labeled target windows": "labeled_groups_",
}
"""Flags of methods that have read windows of the tested people, and the attribute of a pretrainer
that names these people."""


@dataclass(frozen=True)
class Method:
    """One row of the comparison.

    If the estimator's `fit` takes ``groups``, it gets the training people, so that it can choose
    on held-out people, for example the epoch to stop at. It does not get them if there is only one
    training person or if there are extra windows.

    Parameters
    ----------
    name : str
        Name in the table.
    estimator : estimator or callable
        An unfitted classifier, cloned for every fit; or a function of the held-out people (a
        tuple) that returns one, for example with an encoder that was pretrained without them. The
        function is called for every cell of the study, so pretrain before the study.
    needs_labels : bool, default=True
        False for methods that read no labels: they are fitted once per fold and have the same
        score at every budget.
    extra : callable, optional
        Function of the held-out people that returns ``(X, y)``: labeled windows, such as simulated
        ones, which are added to every draw and do not count in the budget.
    flags : tuple of str, default=()
        Footnotes in tables and figures, such as ``"text-named"``. The study adds
        ``"unlabeled target windows"`` and ``"labeled target windows"`` if the estimator contains a
        fitted pretrainer, or the name or file of one, whose ``unlabeled_groups_`` and
        ``labeled_groups_`` name a tested person.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from m3n_sklearn.evaluation import Method, WindowFeatures
    >>> forest = make_pipeline(WindowFeatures(), RandomForestClassifier(random_state=0))
    >>> Method("features + random forest", forest).name
    'features + random forest'
    """

    name: str
    estimator: BaseEstimator | Callable[[People], BaseEstimator]
    needs_labels: bool = True
    extra: Callable[[People], tuple[Any, Any]] | None = None
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not isinstance(self.name, str) or not self.name:
            raise TypeError(f"The name of a method must be a string, got {self.name!r}.")
        estimator = self.estimator
        is_class = isinstance(estimator, type)
        if is_class or not (isinstance(estimator, BaseEstimator) or callable(estimator)):
            raise TypeError(
                f"Method {self.name!r} needs an estimator, or a function of the held-out people "
                f"that returns one; got {estimator!r}."
            )
        if self.extra is not None and not callable(self.extra):
            raise TypeError(
                f"extra of method {self.name!r} must be a function of the held-out people that "
                f"returns (X, y), got {type(self.extra).__name__}."
            )
        if self.extra is not None and not self.needs_labels:
            raise ValueError(f"Method {self.name!r} reads no labels, so extra= has no use.")
        if not isinstance(self.flags, tuple) or not all(
            isinstance(flag, str) and flag for flag in self.flags
        ):
            raise TypeError(
                f"flags of method {self.name!r} must be a tuple of strings, got {self.flags!r}."
            )

    def build(self, held_out: People) -> BaseEstimator:
        """Return a fresh estimator for a fold.

        Parameters
        ----------
        held_out : tuple of hashable
            The people that are tested on.

        Returns
        -------
        estimator
            Unfitted.

        Raises
        ------
        TypeError
            If the function returns anything else.
        """
        if isinstance(self.estimator, BaseEstimator):
            return clone(self.estimator)
        made = self.estimator(held_out)
        if isinstance(made, type) or not hasattr(made, "get_params"):
            raise TypeError(
                f"The function of method {self.name!r} must return an unfitted estimator, got "
                f"{made!r}."
            )
        return made


def check_methods(methods: Sequence[Method]) -> list[Method]:
    """Return methods as a list, or say what should have been given."""
    expected = "a list of Method(name, estimator)"
    listed = list_of(methods, "methods", expected)
    if not listed or not all(isinstance(method, Method) for method in listed):
        raise TypeError(f"methods must be {expected}, got {methods!r}.")
    names = [method.name for method in listed]
    if len(set(names)) < len(names):
        raise ValueError(f"The names of the methods must differ, got {names}.")
    return listed


def flags_of(method: Method, estimator: BaseEstimator, held_out: People) -> tuple[str, ...]:
    """Return the flags of a method, with those of windows of tested people where they apply."""
    parts = [_pretrainer(name, part) for name, part in estimator.get_params().items()]
    more = [
        flag
        for flag, attribute in SEEN.items()
        if flag not in method.flags
        and not set().union(*(_people(part, attribute) for part in parts)).isdisjoint(held_out)
    ]
    return (*method.flags, *more)


def _pretrainer(parameter: str, part: Any) -> Any:
    """Return the pretrainer that a name or a file stands for, and other parts as they are."""
    if parameter.rpartition("__")[2] != "pretrainer":
        return part
    if isinstance(part, list | tuple):
        return [_pretrainer(parameter, each) for each in part]
    if not isinstance(part, str | os.PathLike):
        return part
    from ..pretraining import list_pretrained, load_pretrained  # imports torch

    if os.fspath(part) in list_pretrained():
        return load_pretrained(os.fspath(part))
    # `fit` says what is wrong with a file that is not there
    return load(part) if Path(part).is_file() else None


def _people(part: Any, attribute: str) -> set[Hashable]:
    """Return the people that an attribute of the parts of an estimator names."""
    if isinstance(part, list | tuple):
        return set().union(*(_people(each, attribute) for each in part))
    part = getattr(part, "estimator", part)  # inside a FrozenEstimator
    return set(np.asarray(getattr(part, attribute, ())).tolist())
