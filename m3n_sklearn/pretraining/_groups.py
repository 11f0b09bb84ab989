"""Which person a row comes from, where that is known."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._columns import is_missing
from ..windows import Windows

__all__ = ["Named"]

AnyArray = NDArray[Any]


class Named(NamedTuple):
    """A name per row, `values` (n,), and which rows have one, `known` (n,)."""

    values: AnyArray
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, values: ArrayLike, present: NDArray[np.bool_]) -> Named:
        """Take None, NaN and pandas' NA for a missing name."""
        names = np.asarray(values)
        given = [not is_missing(name) for name in names.tolist()]
        return cls(names, present & np.array(given, dtype=bool))

    @classmethod
    def column(cls, windows: Windows, name: str) -> Named:
        """Read a column, which may be absent."""
        values = windows[name] if name in windows else np.full(len(windows), None)
        return cls.of(values, windows.present(name))

    def distinct(self, rows: NDArray[np.int64]) -> AnyArray:
        """Return the names of some rows, each once."""
        return np.unique(self.values[rows[self.known[rows]]].tolist())
