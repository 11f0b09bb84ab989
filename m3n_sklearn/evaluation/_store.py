"""A folder that a study writes its cells to, and that a later one goes on from."""

from __future__ import annotations

import io
import json
import os
import platform
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray

from .. import __version__
from .._files import write_atomically
from ._cells import Cell, Data, Outcome, Run
from ._fingerprint import fingerprint
from ._method import Method, People
from ._recipe import Recipe, recipe_of

__all__ = ["Store"]

FORMAT = 2
MANIFEST, TRUTH, CELLS = "manifest.json", "truth.npz", "cells"
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What numpy raises for a file that is cut short or has other bits."""


class Store:
    """Cells of one study, a small file each, that appear whole or not at all.

    Parameters
    ----------
    path : path-like
        Folder; made if it is not there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._recipes: dict[str, Recipe] = {}

    # ---- whose it is

    def claim(self, data: Data, methods: Sequence[Method], folds: Sequence[People]) -> None:
        """Take an empty folder for a study, or see that this study goes on from what is there.

        Parameters
        ----------
        data : Data
            Windows, labels, people, blocks and seed, whose hash tells studies apart.
        methods : sequence of Method
            What will be fitted. Cells that were kept with other flags get these.
        folds : sequence of tuple
            Held-out people.

        Raises
        ------
        ValueError
            If the folder belongs to another study, or has cells of another method of the same
            name, or of folds that share people with these.
        """
        self._open(data)
        self._recipes = {method.name: recipe_of(method) for method in methods}
        kept = {path: _read_facts(path) for path in self._files()}
        for facts in kept.values():
            self._check_recipe(facts)
            self._check_fold(facts["held_out"], folds)
        flags = {method.name: list(method.flags) for method in methods}
        for path, facts in kept.items():
            if facts["flags"] != flags.get(facts["method"], facts["flags"]):
                _write_cell(path, {**facts, "flags": flags[facts["method"]]}, _read_cell(path)[1])

    def _open(self, data: Data) -> None:
        study = fingerprint([data.X, data.y, data.groups, data.blocks, data.random_state])
        if (self.path / MANIFEST).exists():
            if self.manifest()["study"] != study:
                raise ValueError(
                    f"{self.path} holds another study: X, y, groups, blocks or random_state were "
                    "not the same. Give an empty folder as store=, or delete this one."
                )
            return
        if self.path.exists() and any(self.path.iterdir()):
            raise ValueError(
                f"{self.path} is neither empty nor the store of a study: it has no {MANIFEST}."
            )
        (self.path / CELLS).mkdir(parents=True, exist_ok=True)
        truth = {"y": data.y, "groups": data.groups}
        write_atomically(self.path / TRUTH, _npz(truth))
        content = {"format": FORMAT, "study": study, "versions": _versions()}
        write_atomically(self.path / MANIFEST, json.dumps(content, indent=1).encode())

    def _check_recipe(self, facts: Mapping[str, Any]) -> None:
        known = Recipe(*facts["recipe"])
        given = self._recipes.get(facts["method"], known)
        if given.fingerprint == known.fingerprint:
            return
        seen = f"{known.shown} instead of {given.shown}"
        if given.shown == known.shown:
            seen = f"{known.shown} of other content (fitted weights, files, functions, long values)"
        raise ValueError(
            f"The store {self.path} knows another method {facts['method']!r}: {seen}. Give this "
            "one another name, or an empty folder as store=."
        )

    def _check_fold(self, kept: Sequence[Any], folds: Sequence[People]) -> None:
        for fold in folds:
            if set(fold) != set(kept) and set(fold) & set(kept):
                raise ValueError(
                    f"The store {self.path} was made with other folds: it holds out {tuple(kept)}, "
                    f"this study {fold}. Their scores would be mixed: give the same folds=, or an "
                    "empty folder as store=."
                )

    def manifest(self) -> dict[str, Any]:
        """Return what is known of the study.

        Returns
        -------
        dict
            Format, hash and versions.
        """
        path = self.path / MANIFEST
        if not path.exists():
            raise ValueError(f"{self.path} is not the store of a study: it has no {MANIFEST}.")
        try:
            content = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise ValueError(_damaged(path, error)) from error
        if content.get("format") != FORMAT:
            raise ValueError(
                f"{self.path} was written in format {content.get('format')!r}, this version reads "
                f"{FORMAT}. Give an empty folder as store=, or delete this one."
            )
        return content

    def truth(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return labels and people of all windows.

        Returns
        -------
        y, groups : ndarray of shape (n,)
            Those of the study.
        """
        path = self.path / TRUTH
        try:
            with np.load(path, allow_pickle=False) as file:
                return file["y"], file["groups"]
        except UNREADABLE as error:
            raise ValueError(_damaged(path, error)) from error

    # ---- cells

    def write(
        self,
        cell: Cell,
        outcome: Outcome,
        method: Method,
        train: NDArray[np.int64],
        *,
        with_proba: bool,
    ) -> None:
        """Keep what came of a cell.

        Parameters
        ----------
        cell : Cell
            Which.
        outcome : Outcome
            What is kept.
        method : Method
            What was fitted.
        train : ndarray of int
            Rows learned from.
        with_proba : bool
            Whether probabilities were asked for, which not every estimator has.
        """
        facts = {
            **_key(cell),
            "n_train": outcome.n_train,
            "fit_seconds": outcome.fit_seconds,
            "predict_seconds": outcome.predict_seconds,
            "needs_labels": method.needs_labels,
            "flags": method.flags,
            "recipe": self._recipes[method.name],
            "draw_hash": fingerprint(train),
            "with_proba": with_proba,
        }
        _write_cell(self._file(cell), facts, outcome)

    def read(self, cell: Cell, train: NDArray[np.int64], *, with_proba: bool) -> Outcome | None:
        """Return what came of a cell earlier.

        Parameters
        ----------
        cell : Cell
            Which.
        train : ndarray of int
            Rows that would be learned from.
        with_proba : bool
            Whether probabilities are wanted.

        Returns
        -------
        Outcome or None
            None if the cell is not there, or was not asked for probabilities.

        Raises
        ------
        ValueError
            If it was reached with other labels.
        """
        path = self._file(cell)
        if not path.exists():
            return None
        facts, outcome = _read_cell(path)
        if facts["draw_hash"] != fingerprint(train):
            raise ValueError(
                f"{path} was learned from other windows than this version draws for ({cell}). "
                "Give an empty folder as store=."
            )
        return None if with_proba and not facts["with_proba"] else outcome

    def __iter__(self) -> Iterator[tuple[Cell, Outcome, dict[str, Any]]]:
        for path in self._files():
            facts, outcome = _read_cell(path)
            run = Run(facts["budget"], facts["draw"], facts["seed"])
            yield Cell(facts["method"], tuple(facts["held_out"]), run), outcome, facts

    def _files(self) -> list[Path]:
        return sorted((self.path / CELLS).glob("*.npz"))

    def _file(self, cell: Cell) -> Path:
        slug = re.sub(r"[^a-z0-9]+", "-", cell.method.lower()).strip("-")[:40]
        key = {**_key(cell), "held_out": sorted(cell.held_out)}  # type: ignore[type-var]
        return self.path / CELLS / f"{slug}-{fingerprint(json.dumps(key))[:16]}.npz"


def _key(cell: Cell) -> dict[str, Any]:
    run = cell.run
    return {
        "method": cell.method,
        "held_out": list(cell.held_out),
        "budget": run.budget,
        "draw": run.draw,
        "seed": run.seed,
    }


def _npz(arrays: dict[str, NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _write_cell(path: Path, facts: Mapping[str, Any], outcome: Outcome) -> None:
    arrays = {"rows": outcome.rows, "predictions": outcome.predictions}
    if outcome.probabilities is not None:
        arrays["probabilities"] = outcome.probabilities
    write_atomically(path, _npz({"facts": np.array(json.dumps(facts)), **arrays}))


def _read_facts(path: Path) -> dict[str, Any]:
    with _open_cell(path) as file:
        return _facts(file)


def _read_cell(path: Path) -> tuple[dict[str, Any], Outcome]:
    with _open_cell(path) as file:
        facts = _facts(file)
        times = (facts["n_train"], facts["fit_seconds"], facts["predict_seconds"])
        kept = file.get("probabilities")
        return facts, Outcome(file["rows"], file["predictions"], kept, *times)


def _facts(file: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(file["facts"].item())
    return facts


@contextmanager
def _open_cell(path: Path) -> Iterator[Mapping[str, NDArray[Any]]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            yield file
    except UNREADABLE as error:
        raise ValueError(f"{path} is no cell of a study ({error}): delete it.") from error


def _damaged(path: Path, error: Exception) -> str:
    return f"{path} is damaged ({error}). Give an empty folder as store=, or delete this one."


def _versions() -> dict[str, str]:
    return {
        "m3n_sklearn": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
    }
