"""Pose windows as the simulator reads them: the real frames and the person of each row.

Rows with the same real frames, person and source are simulated together, in batches of a fixed
size.
"""

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

BATCH_SIZE = 64
"""Largest number of windows in a batch. It is fixed, so that results do not depend on `n_jobs`."""


class Frames(NamedTuple):
    """The frames of pose windows in time; 0 s is the start of the window without its margin."""

    total: int  # frames of a row
    margin: int  # frames of the margin at either end
    rate: float  # frames per second
    context: Rows  # (n, 2), real frames of the margin at both ends

    @classmethod
    def of(cls, X: Windows) -> Frames:
        """Read the layout of windows, or raise an error."""
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
        """Frames of the window without its margin."""
        return slice(self.margin, self.total - self.margin)

    def samples(self, rate: float) -> int:
        """Return the number of sensor samples of the window without its margin."""
        return max(1, _whole((self.total - 2 * self.margin) / self.rate * rate))

    def real(self, row: int) -> slice:
        """Return the frames of a row that are not a repeated edge."""
        left, right = (int(count) for count in self.context[row])
        return slice(self.margin - left, self.total - self.margin + right)

    def times(self, cut: slice) -> Array:
        """Return the times of some frames in s."""
        return (np.arange(cut.start, cut.stop) - self.margin) / self.rate


class Batch(NamedTuple):
    """Rows that are simulated together."""

    members: Rows  # positions in the list of rows
    cut: slice  # their real frames
    person: Person
    source: str | None


def batches(
    frames: Frames,
    rows: Rows,
    persons: Sequence[Person],
    origins: Sequence[str | None],
    apart: Sequence[Hashable],  # rows with different entries are not mixed
) -> Iterator[Batch]:
    """Yield rows that share real frames, body, source and key, in a fixed order."""
    groups: dict[Any, list[int]] = {}
    for i, (row, *rest) in enumerate(zip(rows, persons, origins, apart, strict=True)):
        cut = frames.real(int(row))
        groups.setdefault((cut.start, cut.stop, *rest), []).append(i)
    for (start, stop, person, source, _), members in groups.items():
        for first in range(0, len(members), BATCH_SIZE):
            chosen = np.array(members[first : first + BATCH_SIZE])
            yield Batch(chosen, slice(start, stop), person, source)


def people(X: Windows, rows: Rows) -> list[Person]:
    """Return the person in each row, by the columns ``sex``, ``stature`` and ``betas``."""
    columns = (_known(X, name, rows) for name in ("sex", "stature", "betas"))
    return [Person.of(*facts) for facts in zip(*columns, strict=True)]


def sources(X: Windows, rows: Rows) -> list[str | None]:
    """Return the source of the poses of each row; None where it is not known."""
    return [None if source in (None, "") else str(source) for source in _known(X, "source", rows)]


def _known(X: Windows, column: str, rows: Rows) -> list[Any]:
    """Return the entries of a column, None in rows without one."""
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
    """Round to an integer, halves up as in `cut`; Python rounds halves to even."""
    return int(np.floor(value + 0.5 + 1e-6))
