"""The scores of one row of a table."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from m3n_sklearn.evaluation import Score, per_person


@dataclass(frozen=True)
class Result:
    """A finished row: the name of its method, and its scores."""

    name: str
    scores: list[Score]

    def mean(self, budget: int | None) -> float:
        """Macro F1, averaged over draws, then over people; NaN where nothing was measured."""
        people = per_person(self.scores, self.name, budget)
        return float(np.mean(list(people.values()))) if people else float("nan")

    def has(self, budget: int | None) -> bool:
        return any(score.budget == budget for score in self.scores)

    def renamed(self, name: str) -> Result:
        """Return the same scores under another name, for comparisons across sections."""
        return Result(name, [replace(score, method=name) for score in self.scores])

    def only(self, held_out: Collection[tuple[Any, ...]]) -> Result:
        """Return the scores of some folds."""
        return Result(self.name, [s for s in self.scores if s.held_out in held_out])

    @property
    def seconds(self) -> float:
        """Wall time of the fits, all of them together."""
        return sum({(s.budget, s.held_out, s.draw): s.fit_seconds for s in self.scores}.values())
