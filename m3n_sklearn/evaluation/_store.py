"""The store of a study: a folder with one file per finished cell, to resume the study."""

from __future__ import annotations

import errno
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from .._files import naming_file, sweep, write_atomically
from .._hashing import content_hash, sha256
from ._jobs import Data, Job, Run
from ._method import SEEN, Method
from ._scores import Score

__all__ = ["Store", "load_scores"]

FORMAT = 4

KINDS: dict[str, Any] = {
    "method": str,
    "budget": int | float | None,
    "draw": int,
    "group": str | int | float | None,
    "macro_f1": int | float,
    "held_out": list,
}
"""Types of what scores are sorted and compared by."""


class Store:
    """Finished cells of one study. File names contain a digest of all that a cell depends on."""

    def __init__(self, path: str | os.PathLike[str], data: Data, methods: Sequence[Method]) -> None:
        self.path = Path(path)
        # before the first fit, which may take hours
        with naming_file(self.path, "No cell is computed"):
            self.path.mkdir(parents=True, exist_ok=True)
            if not os.access(self.path, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "not writable", str(self.path))
        sweep(self.path)
        self._data = content_hash([data.X, data.y, data.groups, data.random_state])
        self._methods = {method.name: _identify(method) for method in methods}

    def read(self, job: Job) -> list[Score] | None:
        """Return the scores of a cell, or None if it is not finished."""
        path = self._file(job)
        if not path.exists():
            return None
        score_of = {score.group: score for score in _read(path)[1]}
        fold, flags = job.cell.held_out, job.method.flags
        for flag in SEEN.values():
            if flag not in flags and any(flag in s.flags for s in score_of.values()):
                flags = (*flags, flag)
        return [replace(score_of[person], held_out=fold, flags=flags) for person in fold]

    def write(self, job: Job, scores: Sequence[Score]) -> None:
        """Write the scores of a finished cell atomically."""
        content = {
            "format": FORMAT,
            "needs_labels": job.method.needs_labels,
            "scores": [_to_json(score) for score in scores],
        }
        signed = {**content, "sha256": _digest(content)}
        write_atomically(self._file(job), json.dumps(signed).encode())

    def _file(self, job: Job) -> Path:
        """Return the path of a cell."""
        cell = job.cell
        people = sorted(cell.held_out)  # type: ignore[type-var]
        run = (cell.run.budget, cell.run.draw)
        key = content_hash([self._data, self._methods[cell.method], people, run, job.train])
        slug = re.sub(r"[^a-z0-9]+", "-", cell.method.lower()).strip("-")[:40]
        return self.path / f"{slug}-{key}.json"


def _identify(method: Method) -> str:
    """Return a digest of a method, in which functions of the held-out people are not compared."""
    built = isinstance(method.estimator, BaseEstimator)
    # a clone is what is fitted: earlier fits do not count, except in frozen parts
    estimator = clone(method.estimator) if built else None
    return content_hash([method.name, estimator, method.needs_labels, method.extra is not None])


def load_scores(store: str | os.PathLike[str]) -> list[Score]:
    """Read the scores in a study's store, finished or not.

    Parameters
    ----------
    store : path-like
        The folder that was passed to :func:`few_label_study`.

    Returns
    -------
    list of Score
        Ordered by fold, budget, draw and method name. A method without labels is reported at
        the budgets and draws of the other methods.

    Raises
    ------
    ValueError
        If the folder has no cell of a study, a file is damaged, or one person was scored twice
        with the same method and draw, because the data, the method or the folds were changed.

    Examples
    --------
    >>> from m3n_sklearn.evaluation import few_label_study, load_scores
    >>> few_label_study(methods, X, y, groups, store="study")  # doctest: +SKIP
    >>> scores = load_scores("study")  # doctest: +SKIP
    """
    paths = sorted(Path(store).glob("*.json"))
    if not paths:
        raise ValueError(f"{store} is not the store of a study: it has no cell (*.json).")
    cells = [_read(path) for path in paths]
    runs = _runs_by_fold([scores for needs_labels, scores in cells if needs_labels])
    found = []
    for needs_labels, scores in cells:
        for score in scores:
            runs_of_score = [_run_of(score)] if needs_labels else runs(frozenset(score.held_out))
            found += [replace(score, **asdict(run)) for run in runs_of_score]
    twice, count = Counter(map(_place, found)).most_common(1)[0]
    if count > 1:
        raise ValueError(
            f"{store} has {count} results of method {twice[-1]!r} for person {twice[1]!r}: data, "
            "methods or folds were changed. Call few_label_study, which reads only its own cells, "
            "or use an empty folder."
        )
    return sorted(found, key=_order)


def _runs_by_fold(
    labeled: Sequence[Sequence[Score]],
) -> Callable[[frozenset[Any]], list[Run]]:
    """Return a function that lists the runs of a fold, or those of all folds if it has none."""
    runs: dict[frozenset[Any], dict[Run, None]] = {}
    for scores in labeled:
        runs.setdefault(frozenset(scores[0].held_out), {})[_run_of(scores[0])] = None
    all_runs = list(dict.fromkeys(run for of_fold in runs.values() for run in of_fold)) or [Run()]
    return lambda fold: list(runs.get(fold, all_runs))


def _run_of(score: Score) -> Run:
    """Return the run of a score."""
    return Run(score.budget, score.draw)


def _place(score: Score) -> tuple[Any, ...]:
    """Return what only one score may have: run, person and method."""
    return (_run_of(score), score.group, score.method)


def _order(score: Score) -> tuple[Any, ...]:
    """Sort by fold; then counts, shares and all labels; then draw and method."""
    kind = {int: 0, float: 1}.get(type(score.budget), 2)
    fold = tuple(map(str, score.held_out))
    return (fold, kind, score.budget or 0, score.draw, score.method)


def _to_json(score: Score) -> dict[str, Any]:
    """Return a score as numbers, strings and lists; predictions are numbers of their labels."""
    labels, codes = np.unique(score.predictions, return_inverse=True)
    return {
        **asdict(score),
        "rows": score.rows.tolist(),
        "labels": labels.tolist(),
        "predictions": codes.tolist(),
        "classes": score.classes.tolist(),
    }


def _from_json(entry: Mapping[str, Any]) -> Score:
    """Return the score of an entry that `_to_json` has made."""
    fields = dict(entry)
    for name, kinds in KINDS.items():
        if not isinstance(fields[name], kinds) or isinstance(fields[name], bool):
            raise ValueError(f"its {name} is a {type(fields[name]).__name__}")
    if not all(isinstance(person, str | int | float) for person in fields["held_out"]):
        raise ValueError("its held_out is not a list of people")
    labels = np.array(fields.pop("labels"))
    return Score(
        **{
            **fields,
            "rows": np.array(fields["rows"], dtype=np.int64),
            "predictions": labels[fields["predictions"]],
            "classes": np.array(fields["classes"]),
            "held_out": tuple(fields["held_out"]),
            "flags": tuple(fields["flags"]),
        }
    )


def _digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a cell."""
    return sha256([json.dumps(content).encode()])


def _read(path: Path) -> tuple[bool, list[Score]]:
    """Return whether the method of a cell needs labels, and the scores of the cell."""
    try:
        content = json.loads(path.read_text("utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']} instead of {FORMAT}")
        if content.pop("sha256") != _digest(content):
            raise ValueError("it was changed or damaged: its checksum does not match")
        scores = [_from_json(entry) for entry in content["scores"]]
        if not scores:
            raise ValueError("it has no scores")
        return bool(content["needs_labels"]), scores
    except Exception as error:
        raise ValueError(f"{path} is not a cell of a study ({error}): delete it.") from error
