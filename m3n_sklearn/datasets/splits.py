"""Official splits, by name, and how to hand them to scikit-learn."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Fold", "cv_from_split", "leave_one_out"]

Fold = dict[str, tuple[str, ...]]
"""Names of sessions by part, such as ``{"train": (...), "test": (...)}``."""


def leave_one_out(person_of: Mapping[str, Hashable]) -> list[Fold]:
    """Make one fold per person, whose sessions are its test part.

    Parameters
    ----------
    person_of : mapping of str to hashable
        The person of each session.

    Returns
    -------
    list of dict
        Folds in the order in which people first occur.

    Examples
    --------
    >>> leave_one_out({"a1": "ann", "b1": "bob", "a2": "ann"})[0]
    {'train': ('b1',), 'test': ('a1', 'a2')}
    """
    return [
        {
            "train": tuple(s for s, other in person_of.items() if other != person),
            "test": tuple(s for s, other in person_of.items() if other == person),
        }
        for person in dict.fromkeys(person_of.values())
    ]


def cv_from_split(
    folds: Sequence[Fold],
    sessions: ArrayLike,
    *,
    train: str | Sequence[str] = "train",
    test: str | Sequence[str] = "test",
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Turn a split into the ``cv`` argument of scikit-learn's functions.

    Parameters
    ----------
    folds : list of dict
        From ``openpack_split``, ``mmfit_split`` or ``utd_split``.
    sessions : array-like of shape (n,)
        Session of each row, such as ``bunch.sessions``.
    train, test : str or sequence of str
        Parts to fit on and to score on. ``train=("train", "val")`` joins two.

    Returns
    -------
    list of (ndarray, ndarray)
        Row numbers for fitting and for scoring. Folds that lack rows on either side are left
        out, so that a part of a data set can be split too.

    Raises
    ------
    ValueError
        If a part is unknown or no fold is left.

    Examples
    --------
    >>> folds = [{"train": ("a", "b"), "test": ("c",)}]
    >>> cv_from_split(folds, ["a", "c", "c", "b"])
    [(array([0, 3]), array([1, 2]))]
    """
    rows = np.asarray(sessions)
    pairs = []
    for fold in folds:
        sides = []
        for parts in (train, test):
            names = [parts] if isinstance(parts, str) else list(parts)
            unknown = [name for name in names if name not in fold]
            if unknown:
                raise ValueError(f"The split has no part {unknown[0]!r}; it has {', '.join(fold)}.")
            wanted = [session for name in names for session in fold[name]]
            sides.append(np.flatnonzero(np.isin(rows, wanted)))
        if len(sides[0]) and len(sides[1]):
            pairs.append((sides[0], sides[1]))
    if not pairs:
        there = ", ".join(map(str, np.unique(rows)[:6]))
        raise ValueError(
            f"No fold has rows on both sides: the sessions at hand are {there} ({len(rows)} rows)."
        )
    return pairs
