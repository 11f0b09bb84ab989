"""How far a study is, and how long it still takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ._cells import Cell, Outcome

__all__ = ["Progress"]


class Progress:
    """Says a line after every finished cell.

    Parameters
    ----------
    say : callable or None
        Takes the line.
    todo : sequence of Cell
        What is still to be done.
    n_before : int
        How many cells were found in the store.
    """

    def __init__(
        self, say: Callable[[str], None] | None, todo: Sequence[Cell], n_before: int
    ) -> None:
        self._say = say
        self._left = dict.fromkeys(todo)
        self._total = len(todo) + n_before
        self._begun = time.perf_counter()
        self._seconds: dict[str, list[float]] = {}
        if say is not None and n_before:
            say(f"{n_before}/{self._total} cells were in the store")

    def finish(self, cell: Cell, outcome: Outcome) -> None:
        """Count a cell as done.

        Parameters
        ----------
        cell : Cell
            Which.
        outcome : Outcome
            With the times it took.
        """
        del self._left[cell]
        seconds = outcome.fit_seconds + outcome.predict_seconds
        self._seconds.setdefault(cell.method, []).append(seconds)
        if self._say is not None:
            done = self._total - len(self._left)
            self._say(f"{done}/{self._total} cells, {_spell(self._remaining())} left: {cell}")

    def _remaining(self) -> float:
        """Estimate the wall time in s from what each method has taken so far."""
        taken = [seconds for values in self._seconds.values() for seconds in values]
        usual = sum(taken) / len(taken)
        means = {name: sum(values) / len(values) for name, values in self._seconds.items()}
        work = sum(means.get(cell.method, usual) for cell in self._left)
        elapsed = time.perf_counter() - self._begun
        return work * elapsed / max(sum(taken), 1e-9)


def _spell(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
