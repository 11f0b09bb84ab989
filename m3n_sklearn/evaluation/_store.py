"""A folder that a study writes its cells to, and that a later one goes on from."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from .. import __version__
from .._files import write_atomically
from ..windows import Windows
from ._cells import Cell, Data, Outcome, Run
from ._method import Method

__all__ = ["Store", "digest", "recipe_of"]

FORMAT = 1
MANIFEST, TRUTH, CELLS = "manifest.json", "truth.npz", "cells"


def digest(*values: Any) -> str:
    """Hash arrays and windows by their content.

    Parameters
    ----------
    *values : ndarray, Windows or object
        What is hashed; other objects by their representation.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    state = hashlib.blake2b(digest_size=16)
    for value in values:
        if isinstance(value, Windows):
            _update(state, (dict(value.rates), value.channels))
            for name in value.columns:
                state.update(name.encode())
                _update(state, value[name])
        else:
            _update(state, value)
    return state.hexdigest()


def _update(state: Any, value: Any) -> None:
    if not isinstance(value, np.ndarray) or value.dtype == object:
        value = value.tolist() if isinstance(value, np.ndarray) else value
        state.update(repr(value).encode())
        return
    state.update(f"{value.dtype.str}{value.shape}".encode())
    for start in range(0, len(value), 4096):  # a memory-mapped array is never read at once
        state.update(np.ascontiguousarray(value[start : start + 4096]).tobytes())


def recipe_of(method: Method) -> str:
    """Describe what a method is made of, as far as it can be told without building it.

    Parameters
    ----------
    method : Method
        Of a study.

    Returns
    -------
    str
        Representation of the estimator; empty for a function of the held-out people.
    """
    if not isinstance(method.estimator, BaseEstimator):
        return ""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(method.estimator))


class Store:
    """Cells of one study, a small file each, that appear whole or not at all.

    Parameters
    ----------
    path : path-like
        Folder; made if it is not there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    # ---- whose it is

    def claim(self, data: Data) -> None:
        """Take an empty folder for a study, or see that it is this study's.

        Parameters
        ----------
        data : Data
            Windows, labels, people, blocks and seed, whose hash tells studies apart.

        Raises
        ------
        ValueError
            If the folder belongs to another study.
        """
        study = digest(data.X, data.y, data.groups, data.blocks, data.random_state)
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
        content = json.loads(path.read_text("utf-8"))
        if content.get("format") != FORMAT:
            raise ValueError(
                f"{self.path} was written in format {content.get('format')!r}, this version reads "
                f"{FORMAT}."
            )
        return content

    def truth(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return labels and people of all windows.

        Returns
        -------
        y, groups : ndarray of shape (n,)
            Those of the study.
        """
        with np.load(self.path / TRUTH, allow_pickle=False) as file:
            return file["y"], file["groups"]

    # ---- cells

    def write(self, cell: Cell, outcome: Outcome, method: Method, train: NDArray[np.int64]) -> None:
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
        """
        facts = {
            **_key(cell),
            "n_train": outcome.n_train,
            "fit_seconds": outcome.fit_seconds,
            "predict_seconds": outcome.predict_seconds,
            "needs_labels": method.needs_labels,
            "flags": method.flags,
            "recipe": recipe_of(method),
            "draw_hash": digest(train),
        }
        arrays = {"rows": outcome.rows, "predictions": outcome.predictions}
        if outcome.probabilities is not None:
            arrays["probabilities"] = outcome.probabilities
        write_atomically(self._file(cell), _npz({"facts": np.array(json.dumps(facts)), **arrays}))

    def read(
        self, cell: Cell, method: Method, train: NDArray[np.int64], *, with_proba: bool
    ) -> Outcome | None:
        """Return what came of a cell earlier.

        Parameters
        ----------
        cell : Cell
            Which.
        method : Method
            What would be fitted.
        train : ndarray of int
            Rows that would be learned from.
        with_proba : bool
            Whether probabilities are wanted.

        Returns
        -------
        Outcome or None
            None if the cell is not there, or lacks probabilities.

        Raises
        ------
        ValueError
            If it was reached with other labels or by another estimator of the same name.
        """
        path = self._file(cell)
        if not path.exists():
            return None
        facts, outcome = _read_cell(path)
        if facts["draw_hash"] != digest(train):
            raise ValueError(
                f"{path} was learned from other windows than this version draws for ({cell}). "
                "Give an empty folder as store=."
            )
        if facts["recipe"] != recipe_of(method):
            raise ValueError(
                f"The store {self.path} knows another method {method.name!r}: "
                f"{facts['recipe'] or 'a function'} instead of {recipe_of(method) or 'a function'}."
                " Give this one another name, or an empty folder as store=."
            )
        return None if with_proba and outcome.probabilities is None else outcome

    def __iter__(self) -> Iterator[tuple[Cell, Outcome, dict[str, Any]]]:
        for path in sorted((self.path / CELLS).glob("*.npz")):
            facts, outcome = _read_cell(path)
            run = Run(facts["budget"], facts["draw"], facts["seed"])
            yield Cell(facts["method"], tuple(facts["held_out"]), run), outcome, facts

    def _file(self, cell: Cell) -> Path:
        slug = re.sub(r"[^a-z0-9]+", "-", cell.method.lower()).strip("-")[:40]
        return self.path / CELLS / f"{slug}-{digest(json.dumps(_key(cell)))[:16]}.npz"


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


def _read_cell(path: Path) -> tuple[dict[str, Any], Outcome]:
    try:
        with np.load(path, allow_pickle=False) as file:
            facts = json.loads(file["facts"].item())
            kept = file.get("probabilities")
            return facts, Outcome(
                file["rows"],
                file["predictions"],
                kept,
                facts["n_train"],
                facts["fit_seconds"],
                facts["predict_seconds"],
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no cell of a study ({error}): delete it.") from error


def _versions() -> dict[str, str]:
    return {
        "m3n_sklearn": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
    }
