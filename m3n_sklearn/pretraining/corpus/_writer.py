"""Writing a corpus row by row: numbers go to disk, distinct words stay in memory."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Hashable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ...windows import Windows

__all__ = ["FORMAT", "META", "CorpusWriter", "column_file", "mask_file"]

FORMAT = 2
META = "meta.json"
CHUNK = 1024
"""Rows that are copied at a time."""

Rows = NDArray[np.int64]


def column_file(folder: Path, name: str) -> Path:
    """Return the file of a column."""
    return folder / f"{name}.npy"


def mask_file(folder: Path, name: str) -> Path:
    """Return the file of the mask of a column that some rows lack."""
    return folder / f"{name}.present.npy"


class CorpusWriter:
    """Appends windows to the files of an empty folder, which is a corpus when it is finished.

    Only words (captions, names) and one number per row are kept in memory.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.columns: dict[str, _Numbers | _Words] = {}
        self.masks: dict[str, list[NDArray[np.bool_]]] = {}
        self.facts: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for column in self.columns.values():
            column.close()

    def append(self, part: Windows) -> None:
        """Write the rows of some windows, with the columns, rates and channels of those before."""
        facts = {
            "columns": list(part.columns),
            "rates": dict(part.rates),
            "channels": None if part.channels is None else list(part.channels),
            "margin": part.margin,
        }
        if not self.columns:
            self.facts = facts
            for name in part.columns:  # one by one: if one fails, those before it get closed
                self.columns[name] = self._start(name, part)
        if facts != self.facts:
            raise ValueError(f"Parts of a corpus differ: {self.facts} and {facts}.")
        for name, column in self.columns.items():
            column.append(part[name])
            self.masks.setdefault(name, []).append(part.present(name))

    def words(self, name: str) -> tuple[NDArray[np.int64], list[Any]]:
        """Return the number of each row's word in a column so far, and the distinct words."""
        column = self.columns[name]
        assert isinstance(column, _Words)
        return column.numbers(), column.distinct()

    def finish(self, rows: Rows | None = None) -> None:
        """Complete the files, with some rows in order or all of them."""
        masks = {name: np.concatenate(parts) for name, parts in self.masks.items()}
        if rows is not None:
            masks = {name: mask[rows] for name, mask in masks.items()}
        partial = [name for name, mask in masks.items() if not mask.all()]
        for column in self.columns.values():
            column.finish(rows)
        for name in partial:
            np.save(mask_file(self.folder, name), masks[name])
        text = self.columns.get("text")
        texts = text.kept if isinstance(text, _Words) else []
        meta = {"format": FORMAT, **self.facts, "present": partial, "texts": texts}
        (self.folder / META).write_text(json.dumps(meta), encoding="utf-8")

    def _start(self, name: str, part: Windows) -> _Numbers | _Words:
        if not name.isidentifier():
            raise ValueError(f"Column {name!r} can't be a file of the corpus: rename it.")
        path, dtype = column_file(self.folder, name), part[name].dtype
        if name == "text":
            return _Captions(path)
        if dtype.kind in "US":
            return _Words(path)
        if dtype.kind == "O":
            raise TypeError(
                f"Column {name!r} contains Python objects, which a corpus can't keep. Convert it "
                "to numbers or strings."
            )
        return _Numbers(path, part[name].shape[1:], dtype)


class _Numbers:
    """A .npy file of growing length: its header has space for any number of rows."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.path, self.shape, self.dtype = path, shape, dtype
        self.count = 0
        self.file = path.open("w+b")
        _write_header(self.file, (0, *shape), dtype)

    def append(self, values: NDArray[Any]) -> None:
        if values.shape[1:] != self.shape:
            raise ValueError(
                f"Rows of {self.path.stem!r} must have shape {self.shape}, got {values.shape[1:]}."
            )
        self.file.write(np.ascontiguousarray(values, dtype=self.dtype).tobytes())
        self.count += len(values)

    def finish(self, rows: Rows | None) -> None:
        start = self.file.tell() - self.count * self.dtype.itemsize * int(np.prod(self.shape))
        self.file.seek(0)
        _write_header(self.file, (self.count, *self.shape), self.dtype)
        if self.file.tell() != start:
            raise RuntimeError(f"The header of {self.path} became longer.")
        self.close()
        if rows is not None:
            self._keep(rows)

    def _keep(self, rows: Rows) -> None:
        whole, chosen = self.path, self.path.with_suffix(".chosen")
        values = np.load(whole, mmap_mode="r")
        with chosen.open("wb") as file:
            _write_header(file, (len(rows), *self.shape), self.dtype)
            for start in range(0, len(rows), CHUNK):
                file.write(values[rows[start : start + CHUNK]].tobytes())
        del values
        os.replace(chosen, whole)

    def close(self) -> None:
        self.file.close()


def _write_header(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    head = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(file, head)


class _Words:
    """Strings, with far fewer distinct ones than rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.codes: dict[Hashable, int] = {}
        self.rows = array("q")
        self.kept: list[Any] = []

    def append(self, values: NDArray[Any]) -> None:
        self.rows.extend(
            self.codes.setdefault(word, len(self.codes)) for word in _plain(values.tolist())
        )

    def numbers(self) -> NDArray[np.int64]:
        return np.array(self.rows, dtype=np.int64)

    def distinct(self) -> list[Any]:
        return list(self.codes)

    def finish(self, rows: Rows | None) -> None:
        codes = self.numbers() if rows is None else self.numbers()[rows]
        used, codes = np.unique(codes, return_inverse=True)
        words = self.distinct()
        self.kept = [words[code] for code in used]
        self._write(codes)

    def _write(self, codes: NDArray[np.int64]) -> None:
        words = np.array(self.kept if self.kept else [""])
        file = npy.open_memmap(self.path, mode="w+", dtype=words.dtype, shape=codes.shape)
        for start in range(0, len(codes), CHUNK):
            file[start : start + CHUNK] = words[codes[start : start + CHUNK]]
        file.flush()

    def close(self) -> None:
        """Nothing is open."""


class _Captions(_Words):
    """Captions, or tuples of paraphrases: numbers on disk, the sentences in meta.json."""

    def _write(self, codes: NDArray[np.int64]) -> None:
        np.save(self.path, codes.astype(np.int32))


def _plain(words: Iterable[Any]) -> Iterable[Hashable]:
    return (tuple(word) if isinstance(word, list) else word for word in words)
