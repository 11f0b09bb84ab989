"""Run what is missing: first encoders, then the cells of each row, which the study stores."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed

from m3n_sklearn.evaluation import few_label_study, load_scores, person_folds

from .corpora import WITH_RECORDINGS
from .data import TASKS, load_task
from .encoders import Encoders
from .recipes import Recipe
from .results import Result
from .rows import SIMULATED, Row, list_rows
from .task import Task

PRETRAINING_SECONDS = {
    "in-domain": 140.0,
    "in-domain, SmartFallMM right": 240.0,
    "in-domain, SmartFallMM left": 240.0,
}
GENERAL_SECONDS = 400.0
"""CPU seconds that one encoder takes, about; in-domain, for 100 epochs."""
PAPER_FACTOR = 7.0
RECORDINGS_FACTOR = 3.0
"""How much longer pretraining takes with real recordings in the corpus."""
QUICK_SHARE = 0.1


@dataclass(frozen=True)
class Choice:
    """Which part of the grid is wanted.

    Attributes
    ----------
    only : sequence of str
        ``task-section`` or the beginning of it, such as ``utd-indomain``; empty takes all.
    methods : sequence of str
        Patterns of method names; empty takes all.
    """

    only: Sequence[str] = ()
    methods: Sequence[str] = ()

    def may_have(self, task: str) -> bool:
        """Whether a task may have a wanted row."""
        return not self.only or any(o == task or o.startswith(f"{task}-") for o in self.only)

    def has(self, task: str, row: Row) -> bool:
        """Whether a row is wanted."""
        place = f"{task}-{row.section}"
        wanted = not self.only or any(place == o or task == o for o in self.only)
        named = [fnmatch(row.method.name.lower(), f"*{m.lower()}*") for m in self.methods]
        return wanted and (not named or any(named))


@dataclass(frozen=True)
class Grid:
    """The whole benchmark, and where its results are kept.

    Rows that are in `published` are not run.
    """

    encoders: Encoders
    n_draws: int
    jobs: int
    published: Mapping[tuple[str, str], Result] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        return self.encoders.store

    @property
    def tasks(self) -> list[str]:
        """Keys of the sets; a quick run leaves out the slowest one."""
        return [key for key in TASKS if not (self.encoders.quick and key == "openpack-both")]

    def task(self, key: str) -> Task:
        return load_task(key, self.encoders.data, self.encoders.quick)

    def rows(self, task: Task, choice: Choice) -> list[Row]:
        everything = list_rows(task, self.encoders, self.n_draws)
        return [row for row in everything if choice.has(task.key, row)]

    def cells(self, task: Task, row: Row) -> Path:
        """Return the folder of the study of a row."""
        return self.store / "cells" / task.key / row.key

    def has(self, task: Task, row: Row) -> bool:
        """Tell whether the store has all cells of a row."""
        runs = _draws(task, row) if row.method.needs_labels else 1
        there = len(list(self.cells(task, row).glob("*.json")))
        return there == runs * len(_folds(task, row))

    def has_any(self, key: str) -> bool:
        """Whether a task has a finished cell; tells so without reading the set."""
        return (self.store / "cells" / key).is_dir() or any(k == key for k, _ in self.published)

    def result(self, task: Task, row: Row) -> Result | None:
        """Return the scores of a row, or None if it is not finished."""
        if self.has(task, row):
            if row.method.needs_labels:
                return Result(row.method.name, load_scores(self.cells(task, row)))
            return self._score(task, row)  # repeats the scores at each budget
        return self.published.get((task.key, row.key))

    def run(self, choice: Choice, say: Callable[[str], None]) -> None:
        """Run the missing rows of a choice."""
        keys = filter(choice.may_have, self.tasks)
        chosen = [(task, self.rows(task, choice)) for task in map(self.task, keys)]
        missing = [
            (task, row)
            for task, rows in chosen
            for row in rows
            if not self.has(task, row) and (task.key, row.key) not in self.published
        ]
        encoders = self._missing_encoders(missing)
        clock = _Clock(
            sum(map(self._encoder_cost, encoders)) + sum(self._cost(*m) for m in missing),
            self.jobs,
        )
        say(
            f"{len(missing)} rows and {len(encoders)} encoders to do, about {clock.left()} with "
            f"{self.jobs} processes"
        )
        self._build_corpora(encoders, missing)
        self._pretrain(encoders, clock, say)
        for task, row in missing:
            shown = self._score(task, row)
            clock.done(self._cost(task, row))
            say(f"{task.key}-{row.section}: {_line(shown)}; {clock.left()} left")

    def _score(self, task: Task, row: Row) -> Result:
        scores = few_label_study(
            [row.method],
            task.X,
            task.y,
            task.groups,
            budgets=row.budgets or task.budgets,
            n_draws=row.n_draws,
            folds=row.folds or task.folds,
            blocks=task.blocks,
            store=self.cells(task, row),
            n_jobs=self.jobs,
        )
        return Result(row.method.name, scores)

    # ---- encoders

    def _build_corpora(
        self,
        encoders: Sequence[tuple[Recipe, tuple[Any, ...]]],
        rows: Sequence[tuple[Task, Row]],
    ) -> None:
        """Build missing corpora before several processes would build the same one."""
        needed = {(recipe.corpus, recipe.seconds): recipe for recipe, _ in encoders}
        for task, row in rows:
            if row.section == SIMULATED:
                recipe = Recipe(task.skeletons)
                needed[recipe.corpus, recipe.seconds] = recipe
        for recipe in needed.values():
            if recipe.corpus not in self.encoders.files:
                self.encoders.open_corpus(recipe)

    def _missing_encoders(
        self, rows: Sequence[tuple[Task, Row]]
    ) -> list[tuple[Recipe, tuple[Any, ...]]]:
        jobs = {}
        for task, row in rows:
            for recipe in row.recipe.encoders if row.recipe else ():
                for fold in _folds(task, row):
                    path = self.encoders.path(recipe, fold)
                    if not path.exists():
                        jobs[path] = (recipe, fold)
        return list(jobs.values())

    def _pretrain(
        self,
        jobs: Sequence[tuple[Recipe, tuple[Any, ...]]],
        clock: _Clock,
        say: Callable[[str], None],
    ) -> None:
        longest_first = sorted(jobs, key=self._encoder_cost, reverse=True)
        work = Parallel(n_jobs=self.jobs, return_as="generator")(
            delayed(self.encoders.pretrain)(recipe, fold) for recipe, fold in longest_first
        )
        for job, line in zip(longest_first, work, strict=True):
            clock.done(self._encoder_cost(job))
            say(f"pretrained {line}; {clock.left()} left")

    # ---- costs

    def _encoder_cost(self, job: tuple[Recipe, tuple[Any, ...]]) -> float:
        recipe = job[0]
        if recipe.corpus in self.encoders.files:
            return 0.0
        seconds = PRETRAINING_SECONDS.get(recipe.corpus, GENERAL_SECONDS)
        seconds *= RECORDINGS_FACTOR if recipe.corpus.startswith(WITH_RECORDINGS) else 1
        if recipe.pretrainer.get("encoder") == "paper":
            seconds *= PAPER_FACTOR
        seconds *= recipe.pretrainer.get("max_epochs", 100) / 100
        return seconds * (QUICK_SHARE if self.encoders.quick else 1.0)

    def _cost(self, task: Task, row: Row) -> float:
        return 2.0 + row.seconds * len(_folds(task, row)) * _draws(task, row)


def _folds(task: Task, row: Row) -> Sequence[tuple[Any, ...]]:
    return person_folds(task.groups, row.folds or task.folds)


def _draws(task: Task, row: Row) -> int:
    """Return the number of draws, over all budgets."""
    budgets = row.budgets or task.budgets
    return sum(1 if budget is None else row.n_draws for budget in budgets)


class _Clock:
    """Remaining time, from the estimate and its accuracy so far."""

    def __init__(self, total: float, jobs: int) -> None:
        self.total, self.jobs, self.finished = total, jobs, 0.0
        self.started = time.monotonic()

    def done(self, cost: float) -> None:
        self.finished += cost

    def left(self) -> str:
        pace = 1.0 / self.jobs
        if self.finished > 60:
            pace = (time.monotonic() - self.started) / self.finished
        return f"{max(0.0, self.total - self.finished) * pace / 60:.0f} min"


def _line(result: Result) -> str:
    budgets = dict.fromkeys(score.budget for score in result.scores)
    cells = [f"{'all' if b is None else b}: {result.mean(b):.3f}" for b in budgets]
    return f"{result.name}, {', '.join(cells)} ({result.seconds:.0f} s of fits)"
