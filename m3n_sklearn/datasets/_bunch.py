"""Shared steps of loaders: the Bunch, the choice of rows, the options of `cut`, and folds."""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Bunch

from .._validation import list_of
from ..motion import Motion
from ..recording import Item, Recording, cut

__all__ = [
    "Fold",
    "cut_into",
    "cutting_options",
    "cv_from_split",
    "leave_one_out",
    "make_bunch",
    "select_known",
]

_OF_LOADERS = ("items", "seconds", "imu_rate", "pose_rate")
"""Arguments of `cut` that a loader sets itself."""

Fold = dict[str, tuple[str, ...]]
"""Sessions by part, such as ``{"train": (...), "test": (...)}``."""


def make_bunch(
    *,
    motions: Sequence[Motion],
    recordings: Sequence[Recording],
    label_names: Mapping[Any, str],
    descriptions: Mapping[Any, Sequence[str]],
    description: str,
    **extra: Any,
) -> Bunch:
    """Return a Bunch with the fields of every loader; the windows are None."""
    return Bunch(
        motions=list(motions),
        recordings=list(recordings),
        X=None,
        y=None,
        groups=None,
        sessions=None,
        label_names=dict(label_names),
        descriptions={key: tuple(prompts) for key, prompts in descriptions.items()},
        DESCR=description,
        **extra,
    )


def cutting_options(given: Mapping[str, Any], **defaults: Any) -> dict[str, Any]:
    """Add a loader's defaults to arguments of `cut`; refuse unknown ones before reading files."""
    known = [name for name in inspect.signature(cut).parameters if name not in _OF_LOADERS]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise TypeError(
            f"Unexpected argument {unknown[0]!r}. Besides its own arguments, a loader takes these "
            f"arguments of cut: {', '.join(known)}."
        )
    return {**defaults, **given}


def cut_into(
    bunch: Bunch, items: Sequence[Item], sessions: Sequence[str], *, root: Path, **options: Any
) -> Bunch:
    """Cut items with unique names into the Bunch's X, y, groups and sessions."""
    try:
        bunch.X, bunch.y, bunch.groups = cut(items, **options)
    except ValueError as error:
        raise ValueError(f"{error} The recordings are those in {root}.") from error
    session_of = {_name(item): session for item, session in zip(items, sessions, strict=True)}
    bunch.sessions = np.array([session_of[clip] for clip in bunch.X["clip"]])
    return bunch


def _name(item: Item) -> str | None:
    """Return the name of an item."""
    return item[1].name if isinstance(item, tuple) else item.name


def select_known(what: str, chosen: Iterable[Any] | Any | None, known: Sequence[Any]) -> list[Any]:
    """Return the chosen entries of those that exist, in the order given; None chooses all."""
    if chosen is None:
        return list(known)
    single = isinstance(chosen, (str, int, np.integer))
    wanted = [chosen] if single else list_of(chosen, what, "one name or number, or several")
    unknown = [one for one in wanted if one not in known]
    if unknown or not wanted:
        listed = ", ".join(map(str, known[:40])) + (", …" if len(known) > 40 else "")
        given = ", ".join(map(repr, unknown)) or "none"
        raise ValueError(f"{what} must be among {listed}; got {given}.")
    return list(dict.fromkeys(wanted))


# ---- folds


def leave_one_out(person_of: Mapping[str, Hashable]) -> list[Fold]:
    """Return one fold per person (values of the mapping), with that person's sessions as test."""
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
        Parts to fit on and to score on. ``train=("train", "val")`` joins two parts.

    Returns
    -------
    list of (ndarray, ndarray)
        Row numbers for fitting and for scoring. Folds without rows on one side are skipped, so a
        part of a data set can be split as well.

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
            f"No fold has rows on both sides. The sessions given are {there} ({len(rows)} rows)."
        )
    return pairs
