"""Whom rows come from, where that is known, and which rows are held out together."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._columns import is_missing
from ..windows import Windows

__all__ = ["Named", "group_units"]

AnyArray = NDArray[Any]


class Named(NamedTuple):
    """Names of people or clips, and which rows have one.

    Attributes
    ----------
    values : ndarray of shape (n,)
        A name per row, and anything in rows without.
    known : ndarray of bool of shape (n,)
        Which rows have a name.
    """

    values: AnyArray
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, values: ArrayLike, present: NDArray[np.bool_]) -> Named:
        """Take None, NaN and pandas' NA for no name."""
        names = np.asarray(values)
        given = [not is_missing(name) for name in names.tolist()]
        return cls(names, present & np.array(given, dtype=bool))

    @classmethod
    def column(cls, windows: Windows, name: str) -> Named:
        """Read a column, which need not be there."""
        values = windows[name] if name in windows else np.full(len(windows), None)
        return cls.of(values, windows.present(name))

    def distinct(self, rows: NDArray[np.int64]) -> AnyArray:
        """Return the names of some rows, each once."""
        return np.unique(self.values[rows[self.known[rows]]].tolist())


def group_units(groups: Named, clips: Named) -> NDArray[np.int64]:
    """Give a number to what is held out together: groups, else clips, else single rows.

    Parameters
    ----------
    groups, clips : Named
        Of the same rows.

    Returns
    -------
    ndarray of int of shape (n,)
        The unit of each row.
    """
    units = np.full(len(groups.known), -1)
    for names in (groups, clips):
        rows = (units < 0) & names.known
        number = np.unique(names.values[rows], return_inverse=True)[1]
        units[rows] = number + units.max(initial=-1) + 1
    alone = units < 0
    units[alone] = np.arange(alone.sum()) + units.max(initial=-1) + 1
    return units
