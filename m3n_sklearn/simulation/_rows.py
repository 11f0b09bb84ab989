"""Pose windows as the simulator sees them: frames and people, row by row."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from .._windows import Windows
from ._rig import Person

__all__ = ["Batch", "Frames", "batches", "people", "sources"]

Rows = NDArray[np.int64]

CHUNK = 64
"""Windows that are simulated together; fixed, so that `n_jobs` can't change a bit."""


class Frames(NamedTuple):
    """Where the frames of pose windows lie in time; 0 s is the start of the window proper.

    Attributes
    ----------
    total, margin : int
        Frames of a row, and how many of them lie before and after the window proper.
    rate : float
        Frames per second.
    context : ndarray of shape (n, 2)
        Real frames of the margin at both ends.
    """

    total: int
    margin: int
    rate: float
    context: Rows

    @classmethod
    def of(cls, X: Windows) -> Frames:
        """Read them off windows, or say what does not fit."""
        rate = X.rate("pose")
        if rate is None:
            raise ValueError(
                "The rate of the poses is not known: give Windows(..., rate={'pose': 60.0})."
            )
        total, margin = X["pose"].shape[1], _whole(X.margin * rate)
        if total <= 2 * margin:
            raise ValueError(
                f"The margin of {X.margin:g} s at both ends is {2 * margin} frames at {rate:g} Hz, "
                f"but the windows have only {total}."
            )
        context = X["context"] if "context" in X else np.full((len(X), 2), margin)
        if context.shape != (len(X), 2) or context.dtype.kind not in "iu":
            raise ValueError(
                f"Column 'context' must hold two whole numbers per row, got {context.dtype} of "
                f"shape {context.shape}."
            )
        if context.size and (context.min() < 0 or context.max() > margin):
            raise ValueError(
                f"Column 'context' counts real frames of the margin and must lie in 0 to {margin}, "
                f"got {context.min()} to {context.max()}."
            )
        return cls(total, margin, rate, context)

    @property
    def core(self) -> slice:
        """Frames of the window proper."""
        return slice(self.margin, self.total - self.margin)

    def samples(self, rate: float) -> int:
        """Sensor samples of the window proper."""
        return max(1, _whole((self.total - 2 * self.margin) / self.rate * rate))

    def real(self, row: int) -> slice:
        """Frames of a row that are no repeated edge."""
        left, right = (int(count) for count in self.context[row])
        return slice(self.margin - left, self.total - self.margin + right)

    def times(self, cut: slice) -> Array:
        """Return the times of some frames in s."""
        return (np.arange(cut.start, cut.stop) - self.margin) / self.rate


class Batch(NamedTuple):
    """Rows that are simulated together.

    Attributes
    ----------
    members : ndarray of int
        Positions in the list of rows.
    cut : slice
        Their real frames.
    person : Person
        Who moves.
    source : str or None
        Where the poses come from.
    """

    members: Rows
    cut: slice
    person: Person
    source: str | None


def batches(
    frames: Frames,
    rows: Rows,
    persons: Sequence[Person],
    origins: Sequence[str | None],
    apart: Sequence[Hashable],
) -> Iterator[Batch]:
    """Collect rows that share real frames, body and source, at most CHUNK at a time.

    Parameters
    ----------
    frames : Frames
        Of all windows.
    rows : ndarray of int
        Numbers of the rows to simulate.
    persons, origins, apart : sequence
        One entry per row to simulate: who moves, the source, and what else must not be mixed.

    Yields
    ------
    Batch
        In a fixed order.
    """
    groups: dict[Any, list[int]] = {}
    for i, (row, *rest) in enumerate(zip(rows, persons, origins, apart, strict=True)):
        cut = frames.real(int(row))
        groups.setdefault((cut.start, cut.stop, *rest), []).append(i)
    for (start, stop, person, source, _), members in groups.items():
        for first in range(0, len(members), CHUNK):
            chosen = np.array(members[first : first + CHUNK])
            yield Batch(chosen, slice(start, stop), person, source)


def people(X: Windows, rows: Rows) -> list[Person]:
    """Who moves in each row.

    Parameters
    ----------
    X : Windows
        All windows, perhaps with columns ``sex``, ``stature`` and ``betas``.
    rows : ndarray of int
        Numbers of the rows that are asked for.

    Returns
    -------
    list of Person
        One per row.
    """
    columns = (_known(X, name, rows) for name in ("sex", "stature", "betas"))
    return [Person.of(*facts) for facts in zip(*columns, strict=True)]


def sources(X: Windows, rows: Rows) -> list[str | None]:
    """Return who recorded each row's poses; None where it is not known."""
    return [None if source in (None, "") else str(source) for source in _known(X, "source", rows)]


def _known(X: Windows, column: str, rows: Rows) -> list[Any]:
    """Return the entries of a column, None in rows that lack it."""
    if column not in X:
        return [None] * len(rows)
    there = X.present(column)[rows]
    if column == "stature" and (X[column].ndim != 1 or X[column].dtype.kind not in "fiu"):
        raise ValueError(
            f"Column 'stature' must hold one number of m per row, got {X[column].dtype} of shape "
            f"{X[column].shape}."
        )
    return [x if known else None for x, known in zip(X[column][rows], there, strict=True)]


def _whole(value: float) -> int:
    """Round halves up, as cutting does; Python's own rounding goes to even."""
    return int(np.floor(value + 0.5 + 1e-6))
