"""What a row reached: one small file each, from which every page is written."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from m3n_sklearn.evaluation import Score, per_person


@dataclass(frozen=True)
class Result:
    """A finished row.

    Attributes
    ----------
    name : str
        Of the method.
    scores : list of Score
        Without predictions.
    """

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


Entry = tuple[Any, ...]


def to_entry(score: Score) -> Entry:
    """Return what is kept of a score: budget, person, draw, seed, F1, fold, seconds, flags."""
    about = (score.budget, str(score.group), score.draw, score.seed, score.macro_f1)
    return (*about, score.held_out, score.fit_seconds, score.flags)


def from_entry(name: str, entry: Sequence[Any]) -> Score:
    """Return the score of a method, without its predictions."""
    budget, group, draw, seed, f1, held_out, seconds, flags = entry
    nothing = np.empty(0, dtype=np.int64)
    return Score(
        name,
        budget,
        group,
        draw,
        seed,
        f1,
        nothing,
        nothing,
        held_out=tuple(held_out),
        fit_seconds=seconds,
        flags=tuple(flags),
    )


def write(path: Path, result: Result) -> None:
    """Keep a finished row."""
    entries = [to_entry(score) for score in result.scores]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".tmp")
    partial.write_text(json.dumps({"name": result.name, "scores": entries}, default=str))
    partial.replace(path)


def read(path: Path) -> Result:
    """Read a finished row."""
    content = json.loads(path.read_text(encoding="utf-8"))
    name = content["name"]
    return Result(name, [from_entry(name, entry) for entry in content["scores"]])
