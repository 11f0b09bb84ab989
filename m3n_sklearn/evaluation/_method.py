"""A method of a comparison: an estimator with a name and its conditions."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator, clone

from .._validation import list_of
from ..classification import Multi3NetClassifier, read_pretrainer
from ..pretraining import Multi3NetPretrainer

__all__ = ["SEEN", "Method", "People", "check_methods", "flags_of"]

People = tuple[Hashable, ...]
"""The held-out people of one fold."""

SEEN = {
    "unlabeled_groups_": "unlabeled target windows",
    "labeled_groups_": "labeled target windows",
}
"""Attributes of a pretrainer that name the people whose windows it has read, and the flags of
methods that are tested on them."""


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
        pretrainer that has read, or is fitted on a `corpus` with, recordings of a tested person
        (``unlabeled_groups_`` and ``labeled_groups_``). Pretrainers may be given by name or path.

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
    found: dict[str, set[Hashable]] = {flag: set() for flag in SEEN.values()}
    for pretrainer in _pretrainers(estimator):
        for attribute, people in pretrainer._people_read().items():
            found[SEEN[attribute]].update(_names(people.tolist()))
    more = [
        flag
        for flag, people in found.items()
        if flag not in method.flags and not people.isdisjoint(_names(held_out))
    ]
    return (*method.flags, *more)


def _names(people: Iterable[Hashable]) -> set[Hashable]:
    """Return people as they are and as strings: the person 1 of a table may be "1" in another."""
    listed = list(people)
    return {*listed, *map(str, listed)}


def _pretrainers(part: Any, name: str = "") -> Iterator[Multi3NetPretrainer]:
    """Yield the pretrainers among the parameters of an estimator, in lists and grids as well.

    `name` is that of the parameter that holds the part; as pretrainer= it may be a path.
    """
    if isinstance(part, Multi3NetPretrainer):
        yield part
    elif isinstance(part, str | os.PathLike):
        if name.rpartition("__")[2] == "pretrainer":
            # a text of another estimator; with ours, `fit` says what is wrong with it
            with suppress(OSError, ValueError):
                yield read_pretrainer(part)
    elif isinstance(part, list | tuple):
        for each in part:
            yield from _pretrainers(each, name)
    elif isinstance(part, Mapping):
        for key, each in part.items():
            yield from _pretrainers(each, str(key))
    elif isinstance(part, Multi3NetClassifier) and part.strategy == "scratch":
        return  # it takes the architecture only
    elif hasattr(part, "get_params") and not isinstance(part, type):
        for key, each in part.get_params(deep=False).items():
            yield from _pretrainers(each, key)
