"""What is compared: an estimator with a name, and what has to be said about it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator, clone

from .._checks import list_of

__all__ = ["Method", "People", "check_methods"]

People = tuple[Hashable, ...]
"""Those of one fold."""


@dataclass(frozen=True)
class Method:
    """One row of the comparison.

    A `fit` that takes ``groups`` is given the training people, so that whatever it chooses, such
    as the epoch to stop at, is chosen on people that are held out; unless there is only one, or
    there are extra windows.

    Parameters
    ----------
    name : str
        Shown in the table.
    estimator : estimator or callable
        An unfitted classifier, cloned for every fit; or a function of the held-out people (a
        tuple) that returns one, because a pretrained encoder must not have seen them. It is
        called for every cell of the study, so what takes long belongs before it.
    needs_labels : bool, default=True
        False for methods that read no label: they are fitted once per fold, and score the same
        at every budget.
    extra : callable, optional
        Function of the held-out people that returns ``(X, y)``: labelled windows, such as
        simulated ones, that are added to every draw and not counted in the budget.
    flags : tuple of str, default=()
        What a reader must know, such as ``"unlabelled target windows"``: a footnote of every
        table and of the learning curves. In a store, those of the last study hold.

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
        """Refuse what can't be shown or fitted."""
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
            raise ValueError(f"Method {self.name!r} reads no label, so it can't have extra= ones.")
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
    """Return methods as a list, or say what should have been given.

    Parameters
    ----------
    methods : sequence of Method
        What is compared.

    Returns
    -------
    list of Method
        The same.
    """
    expected = "a list of Method(name, estimator)"
    listed = list_of(methods, "methods", expected)
    if not listed or not all(isinstance(method, Method) for method in listed):
        raise TypeError(f"methods must be {expected}, got {methods!r}.")
    names = [method.name for method in listed]
    if len(set(names)) < len(names):
        raise ValueError(f"The names of the methods must differ, got {names}.")
    return listed
