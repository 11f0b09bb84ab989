"""Splits that do not leak: whole people, or blocks of a recording with a purged border."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import BaseCrossValidator, GroupKFold

from ._times import read_times
from ._typing import AnyArray, Array, Mask
from ._validation import check_count, is_missing, list_of, plain_column
from ._windows import Windows

__all__ = [
    "PurgedGroupKFold",
    "block_folds",
    "consecutive_groups",
    "person_folds",
    "purge_overlaps",
    "rows_to_learn_from",
]

Rows = NDArray[np.int64]

ROUNDING = 1e-6
"""Overlap in s that is not purged: start times are rounded."""


def person_folds(
    groups: ArrayLike, folds: int | Sequence[tuple[Hashable, ...]] | None = None
) -> list[tuple[Hashable, ...]]:
    """List the people that each fold is tested on.

    Parameters
    ----------
    groups : array-like of shape (n,)
        Person of each window.
    folds : int, sequence of tuples or None, default=None
        None leaves one person out at a time. A number makes that many folds of whole people with
        about equal numbers of windows; the result is deterministic. Tuples of people are checked
        and returned.

    Returns
    -------
    list of tuple
        Held-out people, as plain Python values.

    Raises
    ------
    ValueError
        If there are too few people, a person is None or NaN, or `folds` contains unknown people,
        a person twice, or all people.

    Examples
    --------
    >>> person_folds(["ann", "ann", "bob", "eve"])
    [('ann',), ('bob',), ('eve',)]
    >>> person_folds(["ann", "ann", "bob", "eve"], 2)
    [('ann',), ('bob', 'eve')]
    """
    people = plain_column(groups, "groups")
    everyone = np.unique(people).tolist()
    if len(everyone) < 2:
        raise ValueError("Held-out people need at least two groups.")
    if folds is None:
        return [(person,) for person in everyone]
    if isinstance(folds, (int, np.integer)) and not isinstance(folds, bool):
        if not 2 <= folds <= len(everyone):
            raise ValueError(
                f"folds must lie between 2 and the {len(everyone)} groups, got {folds}."
            )
        tests = _group_tests(people, int(folds))
        return [tuple(np.unique(people[test]).tolist()) for test in tests]
    return _check_folds(folds, everyone)


def _group_tests(groups: AnyArray, count: int) -> list[Rows]:
    """Return the tested rows of folds of whole groups with about equal numbers of rows."""
    return [test for _, test in GroupKFold(count).split(groups, groups=groups)]


def _check_folds(folds: Any, everyone: list[Any]) -> list[tuple[Hashable, ...]]:
    expected = "None, a number, or a list of tuples of groups, such as [('ann',), ('bob', 'eve')]"
    if isinstance(folds, str):
        raise TypeError(f"folds must be {expected}, got {folds!r}.")
    tested = []
    for fold in list_of(folds, "folds", expected):
        if not isinstance(fold, tuple) or not fold:
            raise TypeError(f"folds must be {expected}; one of its entries is {fold!r}.")
        tested.append(tuple(p.item() if isinstance(p, np.generic) else p for p in fold))
    named = [person for fold in tested for person in fold]
    unknown = [person for person in named if person not in everyone]
    if unknown:
        raise ValueError(f"Held-out people {unknown} are not among the groups.")
    if not tested or len(set(named)) < len(named):
        raise ValueError(
            f"folds must contain at least one fold, and each person once; got {folds!r}."
        )
    if any(len(fold) == len(everyone) for fold in tested):
        raise ValueError("A fold holds out all people, so no training windows are left.")
    return tested


def consecutive_groups(groups: ArrayLike, n_groups: int) -> NDArray[np.int64]:
    """Merge neighboring groups into fewer, longer ones.

    Boxes of one packing session that are tested in runs of neighbors have fewer borders than boxes
    chosen at random, so fewer windows must be purged.

    Parameters
    ----------
    groups : array-like of shape (n,)
        Box, set or session of each window, in the order of time.
    n_groups : int
        Number of merged groups.

    Returns
    -------
    ndarray of shape (n,)
        Numbers from 0; groups are merged in the order in which they first occur.

    Raises
    ------
    ValueError
        If there are fewer than `n_groups` groups, or a group is None or NaN.

    Examples
    --------
    >>> consecutive_groups(["B1", "B1", "B2", "B3", "B4"], 2).tolist()
    [0, 0, 0, 1, 1]
    """
    known = plain_column(groups, "groups")
    names, first, codes = np.unique(known, return_index=True, return_inverse=True)
    if check_count(n_groups, "n_groups") > len(names):
        raise ValueError(f"{len(names)} groups cannot be merged into {n_groups}.")
    joined = np.empty(len(names), dtype=np.int64)
    for number, members in enumerate(np.array_split(np.argsort(first), n_groups)):
        joined[members] = number
    return joined[codes]


def purge_overlaps(train: ArrayLike, test: ArrayLike, X: Any, *, gap: float = 0.0) -> Rows:
    """Drop the training windows that share samples with a tested one.

    Overlapping windows on both sides of a split inflate scores by several points [1]_. Windows of
    a recording that lies entirely on one side are never dropped.

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
        The remaining rows of `train`.

    Raises
    ------
    ValueError
        If X does not have these rows, if a recording lies on both sides and X has no start times,
        or if windows on both sides have no recording name.

    References
    ----------
    .. [1] A. Dehghani, O. Sarbishei, T. Glatard, E. Shihab, "A quantitative comparison of
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
    count = _count(X)
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
    here = known & np.isin(clips, shared)
    rows = np.flatnonzero(here & np.isin(np.arange(count), np.concatenate([learned, tested])))
    near = _near(clips[rows], starts[rows], np.isin(rows, tested), seconds + gap)
    return learned[~np.isin(learned, rows[near])]


def _count(X: Any) -> int:
    """Return the number of rows."""
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def _row_numbers(rows: ArrayLike, name: str, count: int) -> Rows:
    """Return rows, given as numbers or as a mask, as numbers."""
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


def _clips(X: Windows) -> tuple[AnyArray, Mask]:
    """Return the names of the recordings as strings, and which windows have one."""
    names = X["clip"].tolist()
    known = X.present("clip") & ~np.array([is_missing(name) for name in names], dtype=bool)
    return np.array([str(name) for name in names]), known


def _check_known(known: Mask, learned: Rows, tested: Rows) -> None:
    nameless = [int(np.sum(~known[rows])) for rows in (learned, tested)]
    if all(nameless):
        raise ValueError(
            f"{nameless[0]} training and {nameless[1]} tested windows lack the name of their "
            "recording (column clip), so overlaps cannot be found. Add the name, keep these "
            "windows on one side, or drop the column to purge nothing."
        )


def _spans(X: Windows, shared: AnyArray) -> tuple[Array, float]:
    """Return the start times and the length of the windows in s."""
    rate = X.rate("imu")
    if "start" not in X or "imu" not in X or rate is None:
        raise ValueError(
            f"Recording {shared[0]!r} has windows on both sides of the split, and X does not say "
            "which of them overlap: it needs the columns start (s) and imu, and rate="
        )
    starts = X["start"]
    if starts.dtype.kind not in "iuf":  # dates
        starts = read_times(starts, len(starts)).seconds
    return starts.astype(np.float64), X["imu"].shape[-1] / rate


def _near(recordings: AnyArray, times: Array, tested: Mask, seconds: float) -> Mask:
    """Tell which rows are less than `seconds` from a tested row of the same recording."""
    near = np.zeros(len(times), dtype=bool)
    _, codes = np.unique(recordings, return_inverse=True)
    for recording in np.unique(codes[tested]):
        own = np.flatnonzero(codes == recording)
        borders = np.sort(times[own[tested[own]]])
        after = np.searchsorted(borders, times[own])
        left = np.abs(times[own] - borders[np.maximum(after - 1, 0)])
        right = np.abs(times[own] - borders[np.minimum(after, len(borders) - 1)])
        near[own] = np.minimum(left, right) < seconds - ROUNDING
    return near


def rows_to_learn_from(outside: Mask, X: Any, fold: str, *, gap: float = 0.0) -> Rows:
    """Return the training rows of a fold after the purge; raise if none is left."""
    there = purge_overlaps(np.flatnonzero(outside), np.flatnonzero(~outside), X, gap=gap)
    if len(there) == 0:
        raise ValueError(
            f"Nothing is left to learn from in {fold}: each of its {np.sum(outside)} training "
            "windows overlaps a tested one of the same recording (column clip), or is closer than "
            f"gap={gap:g} s. Test longer runs of neighbors, see consecutive_groups, or cut "
            "windows with less overlap."
        )
    return there


def block_folds(
    recordings: AnyArray, times: Array, seconds: float, groups: AnyArray | None, n_folds: int
) -> Iterator[tuple[Mask, Mask]]:
    """Yield masks of training and tested rows, with blocks of ordered rows kept together.

    Blocks are groups; without groups, or with only one, recordings; and where there are fewer
    recordings than folds, runs of consecutive rows. Rows (windows of `seconds` s) that overlap a
    tested one are in neither mask.
    """
    for rows in _block_tests(recordings, groups, n_folds):
        test = np.zeros(len(times), dtype=bool)
        test[rows] = True
        yield ~test & ~_near(recordings, times, test, seconds), test


def _block_tests(recordings: AnyArray, groups: AnyArray | None, n_folds: int) -> list[Rows]:
    """Return the tested rows of each fold: people, recordings, or blocks of rows."""
    for names, least in ((groups, 2), (recordings, n_folds)):
        blocks = 0 if names is None else len(np.unique(names))
        if names is not None and blocks >= least:
            return _group_tests(names, min(n_folds, blocks))
    return [part for part in np.array_split(np.arange(len(recordings)), n_folds) if len(part)]


class PurgedGroupKFold(BaseCrossValidator):
    """Folds of whole groups whose training part shares no sample with the test part.

    Use it for recordings that are split inside, such as the boxes of one packing session.
    Neighboring groups make a fold, and training windows that overlap a tested one are dropped.
    Where groups are people, no windows overlap and none is dropped.

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

    # scikit-learn's metadata routing passes groups to splitters that request them
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
        if len(fold_of) != _count(X):
            raise ValueError(f"groups has {len(fold_of)} entries for {_count(X)} windows.")
        for fold in range(self.n_splits):
            there = rows_to_learn_from(fold_of != fold, X, f"fold {fold}", gap=self.gap)
            yield there, np.flatnonzero(fold_of == fold)
