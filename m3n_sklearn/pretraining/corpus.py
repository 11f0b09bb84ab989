"""A corpus on disk: one folder with a .npy per column and meta.json, read through memory maps."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..windows import Windows

__all__ = ["open_corpus", "save_corpus"]

FORMAT = 1
META = "meta.json"
CHUNK = 1024
"""Rows that are copied at a time."""


def save_corpus(windows: Windows, path: str | os.PathLike[str]) -> Path:
    """Write windows into a new folder that appears when it is complete.

    Parameters
    ----------
    windows : Windows
        Any columns; texts keep their paraphrases.
    path : path-like
        A folder that does not exist yet. Nothing is ever overwritten.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        If there is something at `path`.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from m3n_sklearn import Windows
    >>> folder = tempfile.mkdtemp() + "/corpus"
    >>> _ = save_corpus(Windows(imu=np.zeros((3, 6, 50)), rate=50.0), folder)
    >>> open_corpus(folder)
    Windows(3 rows: imu (6, 50) at 50 Hz)
    """
    if not isinstance(windows, Windows):
        raise TypeError(f"windows must be Windows, got {type(windows).__name__}; see as_windows.")
    target = Path(path)
    if target.exists():
        raise FileExistsError(f"{target} exists already; remove it or choose another folder.")
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.tmp")
    partial.mkdir(parents=True)
    try:
        for name in _file_names(windows.columns):
            if name != "text":
                _write_column(partial / f"{name}.npy", windows, name)
        for name in _masked(windows):
            np.save(partial / f"{name}.present.npy", windows.present(name))
        (partial / META).write_text(json.dumps(_meta(windows)), encoding="utf-8")
        os.replace(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return target


def open_corpus(path: str | os.PathLike[str]) -> Windows:
    """Open a corpus without reading its arrays.

    Parameters
    ----------
    path : path-like
        A folder written by :func:`save_corpus`.

    Returns
    -------
    Windows
        Numeric columns are memory maps; slices stay on disk until a column is asked for.

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder is no corpus, lacks a file, or was written by a newer version.
    """
    folder = Path(path)
    if not (folder / META).is_file():
        raise FileNotFoundError(
            f"{folder} is no corpus: it has no {META}. save_corpus(windows, path) writes one."
        )
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        version, names = int(meta["format"]), _file_names(meta["columns"])
        if version > FORMAT:
            raise ValueError(f"it has format {version}; this version reads up to {FORMAT}.")
        masks = {name: folder / f"{name}.present.npy" for name in _file_names(meta["present"])}
        facts = {key: meta[key] for key in ("channels", "margin")} | {"rate": meta["rates"] or None}
        texts = [t if isinstance(t, str) else tuple(t) for t in meta["text"] or ()]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder / META} is damaged or of another version: {error}") from error
    columns = {
        name: _read_array(folder / f"{name}.npy", memory_map=True)
        for name in names
        if name != "text"
    }
    if "text" in names:
        columns["text"] = texts
    return Windows(
        **facts,
        present={k: _read_array(file, memory_map=False) for k, file in masks.items()},
        **columns,
    )


def _file_names(columns: Iterable[str]) -> list[str]:
    """Return names of columns that are names of files inside the folder, and no paths."""
    names = list(columns)
    for name in names:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"column {name!r} can't be a file of the corpus: rename it.")
    return names


def _masked(windows: Windows) -> list[str]:
    return [name for name in windows.columns if not windows.present(name).all()]


def _meta(windows: Windows) -> dict[str, Any]:
    texts = windows["text"].tolist() if "text" in windows else None
    return {
        "format": FORMAT,
        "columns": list(windows.columns),
        "present": _masked(windows),
        "rates": dict(windows.rates),
        "channels": windows.channels,
        "margin": windows.margin,
        "text": texts,
    }


def _write_column(path: Path, windows: Windows, name: str) -> None:
    first = windows[:1][name]
    dtype = windows[name].dtype if first.dtype.kind in "US" else first.dtype
    if dtype.kind == "O":
        raise TypeError(
            f"Column {name!r} holds Python objects, which a corpus can't keep. Convert it to "
            "numbers or strings."
        )
    shape = (len(windows), *first.shape[1:])
    array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    for start in range(0, len(windows), CHUNK):
        array[start : start + CHUNK] = windows[start : start + CHUNK][name]
    array.flush()


def _read_array(path: Path, *, memory_map: bool) -> Any:
    if not path.is_file():
        raise FileNotFoundError(f"The corpus lacks {path.name} in {path.parent}.")
    try:
        return np.load(path, mmap_mode="r" if memory_map else None, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is damaged or truncated: {error}") from error
