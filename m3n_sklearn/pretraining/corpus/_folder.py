"""A corpus on disk: one folder with a .npy per column and meta.json, read through memory maps."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...windows import Windows
from ._writer import FORMAT, META, CorpusWriter, column_file, mask_file

__all__ = ["new_folder", "open_corpus", "save_corpus"]

CHUNK = 1024
"""Rows that are copied at a time."""


def save_corpus(windows: Windows, path: str | os.PathLike[str]) -> Path:
    """Write windows to a new folder, which appears when it is complete.

    Parameters
    ----------
    windows : Windows
        With any columns. Texts keep their paraphrases.
    path : path-like
        A folder that does not exist yet. Nothing is overwritten.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        If `path` exists.

    See Also
    --------
    open_corpus : Opens the folder.
    build_corpus : Builds a corpus from motions; it need not fit into memory.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from m3n_sklearn import Windows
    >>> from m3n_sklearn.pretraining import open_corpus, save_corpus
    >>> folder = tempfile.mkdtemp() + "/corpus"
    >>> _ = save_corpus(Windows(imu=np.zeros((3, 6, 50)), rate=50.0), folder)
    >>> open_corpus(folder)
    Windows(3 rows: imu (6, 50) at 50 Hz)
    """
    if not isinstance(windows, Windows):
        raise TypeError(f"windows must be Windows, got {type(windows).__name__}; see as_windows.")
    with new_folder(path) as folder, CorpusWriter(folder) as writer:
        for start in range(0, max(1, len(windows)), CHUNK):
            writer.append(windows[start : start + CHUNK])
        writer.finish()
    return Path(path)


@contextmanager
def new_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a folder to fill; it is moved to `path` if the block ends without an error.

    A killed process leaves nothing at `path`, only the hidden folder ``.<name>.*.tmp``.
    """
    target = Path(path)
    if target.exists():
        raise FileExistsError(f"{target} exists already; remove it or choose another folder.")
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
    partial.mkdir(parents=True)
    try:
        yield partial
        os.rename(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def open_corpus(path: str | os.PathLike[str]) -> Windows:
    """Open a corpus without reading its arrays.

    Parameters
    ----------
    path : path-like
        A folder written by :func:`save_corpus` or :func:`build_corpus`.

    Returns
    -------
    Windows
        Numeric columns are memory maps. A slice stays on disk until one of its columns is read.

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder is not a corpus, lacks a file, or was written by another version.

    See Also
    --------
    build_corpus : Builds a corpus from motions.
    save_corpus : Writes windows that are in memory.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from m3n_sklearn import Windows
    >>> from m3n_sklearn.pretraining import open_corpus, save_corpus
    >>> folder = tempfile.mkdtemp() + "/corpus"
    >>> _ = save_corpus(Windows(imu=np.zeros((3, 6, 50)), rate=50.0), folder)
    >>> corpus = open_corpus(folder)
    >>> len(corpus), corpus.rate("imu")
    (3, 50.0)
    """
    folder = Path(path)
    if not (folder / META).is_file():
        raise FileNotFoundError(
            f"{folder} is not a corpus: it has no {META}. build_corpus and save_corpus write one."
        )
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if meta["format"] != FORMAT:
            raise ValueError(f"it has format {meta['format']}; this version reads {FORMAT}.")
        names, masks = _file_names(meta["columns"]), _file_names(meta["present"])
        facts = {key: meta[key] for key in ("channels", "margin")} | {"rate": meta["rates"] or None}
        texts = [text if isinstance(text, str) else tuple(text) for text in meta["texts"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder / META} is damaged or of another version: {error}") from error
    columns = {name: _read_array(column_file(folder, name), memory_map=True) for name in names}
    if "text" in columns:
        columns["text"] = _read_texts(columns["text"], texts, folder)
    return Windows(
        **facts,
        present={name: _read_array(mask_file(folder, name), memory_map=False) for name in masks},
        **columns,
    )


def _read_texts(codes: NDArray[Any], texts: list[Any], folder: Path) -> list[Any]:
    """Return the texts of the rows from their numbers."""
    if len(codes) and not 0 <= codes.min() <= codes.max() < len(texts):
        raise ValueError(
            f"{folder / META} is damaged: it has {len(texts)} texts, and a row has number "
            f"{codes.max()}."
        )
    return [texts[code] for code in codes]


def _file_names(columns: Iterable[str]) -> list[str]:
    """Return names of columns; raise ValueError unless they are file names, not paths."""
    names = list(columns)
    for name in names:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"column {name!r} can't be a file of the corpus.")
    return names


def _read_array(path: Path, *, memory_map: bool) -> Any:
    """Read a file of the corpus."""
    if not path.is_file():
        raise FileNotFoundError(f"The corpus lacks {path.name} in {path.parent}.")
    try:
        return np.load(path, mmap_mode="r" if memory_map else None, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is damaged or truncated: {error}") from error
