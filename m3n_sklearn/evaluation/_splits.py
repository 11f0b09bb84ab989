"""Splits that do not leak: by person, and by blocks of a recording with a purged border."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import BaseCrossValidator, GroupKFold
from sklearn.utils.validation import _num_samples

from .._checks import check_count, list_of
from .._columns import is_missing, plain_column
from ..windows import Windows

__all__ = [
    "PurgedGroupKFold",
    "consecutive_groups",
    "person_folds",
    "purge_overlaps",
    "rows_to_learn_from",
]

Rows = NDArray[np.int64]


def person_folds(
    groups: ArrayLike, folds: int | Sequence[tuple[Hashable, ...]] | None = None
) -> list[tuple[Hashable, ...]]:
    """Name the people that each fold is tested on.

    Parameters
    ----------
    groups : array-like of shape (n,)
        Person of each window.
    folds : int, sequence of tuples or None, default=None
        None leaves one person out at a time. A number makes so many folds of whole people, of
        about equally many windows, always the same. Tuples of people are checked and returned.

    Returns
    -------
    list of tuple
        Held-out people, as plain Python values.

    Raises
    ------
    ValueError
        If there are too few people, somebody is None or NaN, or `folds` names unknown people,
        somebody twice, or everybody.

    Examples
    --------
    >>> person_folds(["ann", "ann", "bob", "eve"])
    [('ann',), ('bob',), ('eve',)]
    >>> person_folds(["ann", "ann", "bob", "eve"], 2)
    [('ann',), ('bob', 'eve')]
    """
    people = plain_column(groups, "groups")
    everybody = np.unique(people).tolist()
    if len(everybody) < 2:
        raise ValueError("A study over people never seen needs at least two groups.")
    if folds is None:
        return [(person,) for person in everybody]
    if isinstance(folds, (int, np.integer)) and not isinstance(folds, bool):
        return _balanced_folds(people, everybody, int(folds))
    return _check_folds(folds, everybody)


def _balanced_folds(people: NDArray[Any], everybody: list[Any], count: int) -> list[Any]:
    if not 2 <= count <= len(everybody):
        raise ValueError(f"folds must lie between 2 and the {len(everybody)} groups, got {count}.")
    splits = GroupKFold(count).split(people, groups=people)
    return [tuple(np.unique(people[test]).tolist()) for _, test in splits]


def _check_folds(folds: Any, everybody: list[Any]) -> list[tuple[Hashable, ...]]:
    expected = "None, a number, or a list of tuples of groups, such as [('ann',), ('bob', 'eve')]"
    if isinstance(folds, str):
        raise TypeError(f"folds must be {expected}, got {folds!r}.")
    tested = []
    for fold in list_of(folds, "folds", expected):
        if not isinstance(fold, tuple) or not fold:
            raise TypeError(f"folds must be {expected}; one of its entries is {fold!r}.")
        tested.append(tuple(p.item() if isinstance(p, np.generic) else p for p in fold))
    named = [person for fold in tested for person in fold]
    unknown = [person for person in named if person not in everybody]
    if unknown:
        raise ValueError(f"Held-out people {unknown} are not among the groups.")
    if not tested or len(set(named)) < len(named):
        raise ValueError(f"folds must test somebody, and nobody twice; got {folds!r}.")
    if any(len(fold) == len(everybody) for fold in tested):
        raise ValueError("A fold holds everybody out: nobody is left to learn from.")
    return tested


def consecutive_groups(groups: ArrayLike, n_groups: int) -> NDArray[np.int64]:
    """Join neighbouring groups into fewer, longer ones.

    Boxes of one packing session, tested in runs of neighbours, have fewer borders than boxes
    taken at random, so fewer windows must be purged.

    Parameters
    ----------
    groups : array-like of shape (n,)
        Box, set or session of each window, in the order of time.
    n_groups : int
        How many to make.

    Returns
    -------
    ndarray of shape (n,)
        Numbers from 0; groups are joined in the order in which they first occur.

    Raises
    ------
    ValueError
        If there are fewer groups than that, or one is None or NaN.

    Examples
    --------
    >>> consecutive_groups(["B1", "B1", "B2", "B3", "B4"], 2).tolist()
    [0, 0, 0, 1, 1]
    """
    known = plain_column(groups, "groups")
    names, first, codes = np.unique(known, return_index=True, return_inverse=True)
    if check_count(n_groups, "n_groups") > len(names):
        raise ValueError(f"{len(names)} groups can't be joined into {n_groups}.")
    joined = np.empty(len(names), dtype=np.int64)
    for number, members in enumerate(np.array_split(np.argsort(first), n_groups)):
        joined[members] = number
    return joined[codes]


def purge_overlaps(train: ArrayLike, test: ArrayLike, X: Any, *, gap: float = 0.0) -> Rows:
    """Drop the training windows that share samples with a tested one.

    Overlapping windows on both sides of a split inflate scores by several points [1]_. Windows
    of recordings that lie wholly on one side are never touched.

    Parameters
    ----------
    train, test : array-like of int, or masks of shape (n,)
        Rows of X.
    X : Windows
        With columns ``clip`` and ``start`` (s), and ``imu`` with its rate; as
        :func:`~m3n_sklearn.recording.cut` returns them.
    gap : float, default=0.0
        Seconds that must lie between a training window and a tested one.

    Returns
    -------
    ndarray
        What is left of the rows of `train`.

    Raises
    ------
    ValueError
        If X has no such rows, a recording lies on both sides and X does not tell where its
        windows are, or windows on both sides do not tell their recording.

    References
    ----------
    .. [1] A. Dehghani, O. Sarbishei, T. Glatard, E. Shihab, "A quantitative comparison of
       overlapping and non-overlapping sliding windows for human activity recognition using
       inertial sensors", Sensors 19(22), 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn import Windows
    >>> X = Windows(imu=np.zeros((5, 3, 20)), rate=10.0, clip=["a"] * 5, start=[0, 1, 2, 3, 4])
    >>> purge_overlaps([0, 1, 2, 3], [4], X).tolist()
    [0, 1, 2]
    """
    count = _num_samples(X)
    learned, tested = _row_numbers(train, "train", count), _row_numbers(test, "test", count)
    if not (isinstance(gap, (int, float, np.number)) and np.isfinite(gap) and gap >= 0):
        raise ValueError(f"gap must be a number of seconds of at least 0, got {gap!r}.")
    if not isinstance(X, Windows) or "clip" not in X:
        return learned
    clips, known = _clips(X)
    _check_known(known, learned, tested)
    shared = np.intersect1d(clips[learned[known[learned]]], clips[tested[known[tested]]])
    if len(shared) == 0:
        return learned
    starts, seconds = _spans(X, shared)
    keep = np.ones(len(learned), dtype=bool)
    for clip in shared:
        here = np.flatnonzero(clips[learned] == clip)
        borders = np.sort(starts[tested[clips[tested] == clip]])
        keep[here] = _distance(starts[learned[here]], borders) >= seconds + gap - 1e-6
    return learned[keep]


def _row_numbers(rows: ArrayLike, name: str, count: int) -> Rows:
    array = np.asarray(rows)
    if array.dtype == bool and array.shape == (count,):
        return np.flatnonzero(array)
    if array.shape == (0,):
        return array.astype(np.int64)
    whole = array.ndim == 1 and array.dtype.kind in "iu"
    if not whole or array.min() < 0 or array.max() >= count:
        raise ValueError(
            f"{name} must be row numbers from 0 to {count - 1}, or a mask of {count} rows; got "
            f"{rows!r}."
        )
    return array.astype(np.int64)


def _clips(X: Windows) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the names of the recordings as strings, and which windows have one."""
    names = X["clip"].tolist()
    known = X.present("clip") & ~np.array([is_missing(name) for name in names], dtype=bool)
    return np.array([str(name) for name in names]), known


def _check_known(known: NDArray[np.bool_], learned: Rows, tested: Rows) -> None:
    nameless = [int(np.sum(~known[rows])) for rows in (learned, tested)]
    if all(nameless):
        raise ValueError(
            f"{nameless[0]} training and {nameless[1]} tested windows lack the name of their "
            "recording (column clip), so nobody knows whether they overlap. Name it, keep them on "
            "one side, or drop the column to purge nothing."
        )


def _spans(X: Windows, shared: NDArray[Any]) -> tuple[NDArray[np.float64], float]:
    rate = X.rate("imu")
    if "start" not in X or "imu" not in X or rate is None:
        raise ValueError(
            f"Recording {shared[0]!r} has windows on both sides of the split, and X does not say "
            "which of them overlap: it needs the columns start (s) and imu, and rate="
        )
    return X["start"].astype(np.float64), X["imu"].shape[-1] / rate


def _distance(values: NDArray[np.float64], borders: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each value is from the nearest of some sorted ones."""
    place = np.searchsorted(borders, values)
    left = np.abs(values - borders[np.maximum(place - 1, 0)])
    right = np.abs(values - borders[np.minimum(place, len(borders) - 1)])
    return np.minimum(left, right)


def rows_to_learn_from(outside: NDArray[np.bool_], X: Any, fold: str, *, gap: float = 0.0) -> Rows:
    """Return the training rows of a fold, of which there must be some.

    Parameters
    ----------
    outside : ndarray of bool of shape (n,)
        Which windows are not tested.
    X : Windows or ndarray
        What is split, see :func:`purge_overlaps`.
    fold : str
        What the message calls it.
    gap : float, default=0.0
        Seconds that must lie between a training window and a tested one.

    Returns
    -------
    ndarray
        Rows that share no sample with a tested one.

    Raises
    ------
    ValueError
        If nothing is left.
    """
    there = purge_overlaps(np.flatnonzero(outside), np.flatnonzero(~outside), X, gap=gap)
    if len(there) == 0:
        raise ValueError(
            f"Nothing is left to learn from in {fold}: each of its {np.sum(outside)} training "
            "windows overlaps a tested one of the same recording (column clip), or is closer than "
            f"gap={gap:g} s. Test longer runs of neighbours, see consecutive_groups, or cut "
            "windows with less overlap."
        )
    return there


class PurgedGroupKFold(BaseCrossValidator):
    """Folds of whole groups whose training part shares no sample with the test part.

    For recordings that are split inside, such as the boxes of one packing session: neighbouring
    groups make a fold, and training windows that overlap a tested one are dropped. Where groups
    are people, nothing overlaps and nothing is dropped.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds.
    gap : float, default=0.0
        Seconds that must lie between a training window and a tested one.

    See Also
    --------
    purge_overlaps : The purge alone, for any split.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn import Windows
    >>> X = Windows(imu=np.zeros((6, 3, 20)), rate=10.0, clip=["a"] * 6, start=np.arange(6.0))
    >>> boxes = ["B1", "B1", "B1", "B2", "B2", "B2"]
    >>> for train, test in PurgedGroupKFold(2).split(X, groups=boxes):
    ...     print(train, test)
    [4 5] [0 1 2]
    [0 1] [3 4 5]
    """

    # scikit-learn's metadata routing hands groups on to splitters that say so
    __metadata_request__split = {"groups": True}

    def __init__(self, n_splits: int = 5, *, gap: float = 0.0) -> None:
        self.n_splits = n_splits
        self.gap = gap

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object, optional
            Ignored.

        Returns
        -------
        int
            `n_splits`.
        """
        return self.n_splits

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Rows, Rows]]:
        """Yield the rows to fit on and the rows to score on.

        Parameters
        ----------
        X : Windows or ndarray
            What is split; only windows with ``clip`` and ``start`` can be purged.
        y : object, optional
            Ignored.
        groups : array-like of shape (n,)
            Box, set or person of each window.

        Yields
        ------
        train, test : ndarray of int
            Rows of X.

        Raises
        ------
        ValueError
            If a group is missing, or a fold leaves nothing to learn from.
        """
        if groups is None:
            raise ValueError("PurgedGroupKFold needs groups=: the box or person of each window.")
        if check_count(self.n_splits, "n_splits") < 2:
            raise ValueError(f"n_splits must be at least 2, got {self.n_splits}.")
        fold_of = consecutive_groups(groups, self.n_splits)
        if len(fold_of) != _num_samples(X):
            raise ValueError(f"groups has {len(fold_of)} entries for {_num_samples(X)} windows.")
        for fold in range(self.n_splits):
            there = rows_to_learn_from(fold_of != fold, X, f"fold {fold}", gap=self.gap)
            yield there, np.flatnonzero(fold_of == fold)
