"""A corpus as one parquet file that other tools read, and back.

One row per window. Arrays are lists of equal length, in C order; captions are lists of sentences.
The schema carries the corpus' facts, and the manifest, as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._files import naming_file, reading
from ..._windows import Windows
from ._folder import (
    CHUNK,
    MANIFEST,
    META,
    CorpusWriter,
    move_to,
    open_corpus,
    refuse_existing,
    workplace,
    write_text,
)

__all__ = ["export_corpus", "import_corpus"]

KEY = b"m3n_corpus"
FORMAT = 1

SUFFIX = ".present"
"""Ending of the column that marks the rows with a modality; not part of any column name."""

_KINDS = "biuf"
"""Kinds of numbers that have a type in parquet."""


def export_corpus(corpus: Windows | str | os.PathLike[str], path: str | os.PathLike[str]) -> Path:
    """Write a corpus to a parquet file that pandas, polars, DuckDB and others read.

    Parameters
    ----------
    corpus : path-like or Windows
        The folder of a corpus, or windows.
    path : path-like
        A file that ends in ``.parquet`` and does not exist yet. It appears when it is complete.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileExistsError
        If `path` exists.
    ValueError
        If `path` does not end in ``.parquet``, or a column has a name that is not an identifier.
    TypeError
        If a column contains Python objects, dates or complex numbers.
    ImportError
        If pyarrow is missing: ``pip install "m3n-sklearn[table]"``.

    See Also
    --------
    import_corpus : Turns the file into a corpus again.
    save_corpus : Writes the folder that a pretrainer reads.

    Notes
    -----
    Each row is a window, and each row group has 1024 of them, so no more is in memory at a time.

    - Arrays are fixed-size lists in C order: ``imu`` (6, 128) is a list of 768 numbers. The shapes
      are in the metadata ``m3n_corpus`` of the schema, in JSON, with the rates in Hz, the
      channels and the margin in s.
    - ``text`` is a string, or a list of strings if any caption has paraphrases.
    - A column that some rows lack has a second one, such as ``imu.present``. What ``imu`` contains
      in the other rows has no meaning.
    - The manifest of a built corpus, with sources and licenses, is in the metadata as well. The
      terms of the sources apply to the file.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> import pyarrow.parquet
    >>> from m3n_sklearn import Windows
    >>> from m3n_sklearn.pretraining import export_corpus, import_corpus, open_corpus
    >>> folder = tempfile.mkdtemp()
    >>> X = Windows(imu=np.zeros((3, 6, 50)), text=["sit", "walk", "walk"], rate=50.0)
    >>> file = export_corpus(X, folder + "/corpus.parquet")
    >>> pyarrow.parquet.read_table(file)["text"].to_pylist()
    ['sit', 'walk', 'walk']
    >>> open_corpus(import_corpus(file, folder + "/corpus"))
    Windows(3 rows: imu (6, 50) at 50 Hz, text)
    """
    # 1. The arguments
    target = Path(path)
    if target.suffix != ".parquet":
        raise ValueError(f"{target.name} must end in .parquet.")
    _pyarrow()
    manifest, texts = None, None
    if isinstance(corpus, Windows):
        windows = corpus
    elif isinstance(corpus, str | os.PathLike):
        windows, folder = open_corpus(corpus), Path(corpus)
        texts = json.loads((folder / META).read_text("utf-8"))["texts"]
        if (folder / MANIFEST).is_file():
            manifest = (folder / MANIFEST).read_text("utf-8")
    else:
        raise TypeError(f"corpus must be a folder or Windows, got {type(corpus).__name__}.")
    if "text" in windows and texts is None:
        texts = list(dict.fromkeys(windows["text"].tolist()))
    # 2. The schema: columns, and facts in its metadata
    schema = _schema(windows, texts or [], manifest)
    # 3. The rows, in groups
    with workplace(target) as place:
        refuse_existing(target)  # another process may have been faster
        part = place / "corpus"
        with naming_file(target, "Nothing is written there"):
            writer = _pyarrow("parquet").ParquetWriter(part, schema)
            try:
                for start in range(0, len(windows), CHUNK):
                    writer.write_batch(_batch(windows[start : start + CHUNK], schema))
            finally:
                writer.close()
        move_to(part, target)
    return target


def import_corpus(file: str | os.PathLike[str], path: str | os.PathLike[str]) -> Path:
    """Turn a file of :func:`export_corpus` into the folder of a corpus again.

    Parameters
    ----------
    file : path-like
        The parquet file. Rows may have been left out, reordered or repeated with a tool that keeps
        the metadata of the schema; that of a built corpus must be complete.
    path : path-like
        A folder that does not exist yet.

    Returns
    -------
    Path
        The folder, for :func:`open_corpus` or ``Multi3NetPretrainer(corpus=...)``. Its arrays,
        captions, masks and manifest are those that were exported, bit by bit.

    Raises
    ------
    FileExistsError
        If `path` exists.
    FileNotFoundError, ValueError
        If the file is missing, damaged, or was not written by :func:`export_corpus`.
    ImportError
        If pyarrow is missing: ``pip install "m3n-sklearn[table]"``.

    See Also
    --------
    export_corpus : Writes the file.

    Examples
    --------
    >>> from m3n_sklearn.pretraining import import_corpus
    >>> folder = import_corpus("corpus.parquet", "corpus")  # doctest: +SKIP
    """
    _pyarrow()
    target = Path(path)
    with workplace(target) as place:
        refuse_existing(target)
        with reading(file, "a corpus in parquet") as source:
            parquet = _pyarrow("parquet").ParquetFile(source)
            facts = _facts(parquet.schema_arrow)
            with CorpusWriter(place / "corpus", texts=facts["texts"]) as writer:
                for part in _parts(parquet, facts):
                    writer.append(part)
                writer.finish()
            if facts["manifest"] is not None:
                _check_manifest(facts["manifest"], writer.digests)
                write_text(place / "corpus" / MANIFEST, facts["manifest"])
        move_to(place / "corpus", target)
    return target


def _pyarrow(name: str = "") -> Any:
    """Import a module of pyarrow, or say what to install."""
    try:
        return importlib.import_module(f"pyarrow.{name}".rstrip("."))
    except ImportError as error:
        raise ImportError(
            'A corpus in parquet needs pyarrow: pip install "m3n-sklearn[table]".'
        ) from error


# ---- export


def _schema(windows: Windows, texts: list[Any], manifest: str | None) -> Any:
    """Return the schema of a file."""
    arrow = _pyarrow()
    fields, columns = [], {}
    for name in windows.columns:
        # an empty slice of a column that is on disk reads nothing
        empty = windows[:0][name]
        dtype, shape = empty.dtype, empty.shape[1:]
        if not name.isidentifier():
            raise ValueError(f"Column {name!r} can't be a column of a corpus: rename it.")
        if name == "text":
            several = any(not isinstance(text, str) for text in texts)
            kind = arrow.list_(arrow.string()) if several else arrow.string()
        elif dtype.kind == "U" and not shape:
            kind = arrow.string()
        elif dtype.kind in _KINDS and dtype.itemsize <= 8:
            kind = arrow.from_numpy_dtype(dtype.newbyteorder("="))
            if shape:
                kind = arrow.list_(kind, int(np.prod(shape)))
        else:
            raise TypeError(
                f"Column {name!r} contains {dtype} of shape {(len(windows), *shape)}, which the "
                "file can't keep. Convert it to numbers, or to one string per row."
            )
        fields.append(arrow.field(name, kind, nullable=False))
        columns[name] = [dtype.newbyteorder("=").str, list(shape)]
    partial = [name for name in windows.columns if not windows.present(name).all()]
    fields += [arrow.field(name + SUFFIX, arrow.bool_(), nullable=False) for name in partial]
    facts = {
        "format": FORMAT,
        "columns": columns,
        "present": partial,
        "rates": dict(windows.rates),
        "channels": None if windows.channels is None else list(windows.channels),
        "margin": windows.margin,
        "texts": texts,
        "manifest": manifest,
    }
    return arrow.schema(fields, metadata={KEY: json.dumps(facts).encode()})


def _batch(part: Windows, schema: Any) -> Any:
    """Return rows as a record batch."""
    arrow = _pyarrow()
    arrays = []
    for field in schema:
        if field.name.endswith(SUFFIX):
            values = part.present(field.name.removesuffix(SUFFIX))
            arrays.append(arrow.array(values, field.type))
            continue
        values = part[field.name]
        if values.dtype.kind in "OU":
            cells = values.tolist()
            if arrow.types.is_list(field.type):  # a single sentence is a list of one
                cells = [[cell] if isinstance(cell, str) else list(cell) for cell in cells]
            arrays.append(arrow.array(cells, field.type))
            continue
        flat = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("=")).ravel()
        if values.ndim == 1:
            arrays.append(arrow.array(flat, field.type))
        else:
            inner = arrow.array(flat, field.type.value_type)
            arrays.append(arrow.FixedSizeListArray.from_arrays(inner, type=field.type))
    return arrow.record_batch(arrays, schema=schema)


# ---- import


def _facts(schema: Any) -> dict[str, Any]:
    """Return the facts in the metadata of a file."""
    content = (schema.metadata or {}).get(KEY)
    if content is None:
        raise ValueError(
            "it was not written by export_corpus, or by a tool that drops the metadata of the "
            f"schema: {KEY.decode()} is missing there."
        )
    facts: dict[str, Any] = json.loads(content)
    if facts["format"] != FORMAT:
        raise ValueError(f"it has format {facts['format']}; this version reads {FORMAT}.")
    expected = {*facts["columns"], *(name + SUFFIX for name in facts["present"])}
    if set(schema.names) != expected:
        raise ValueError(f"it should have the columns {sorted(expected)}, got {schema.names}.")
    facts["texts"] = [text if isinstance(text, str) else tuple(text) for text in facts["texts"]]
    return facts


def _parts(parquet: Any, facts: dict[str, Any]) -> Iterator[Windows]:
    """Yield the windows of a file, some at a time."""
    # a caption is the string or the tuple that it was
    known = {(text,) if isinstance(text, str) else text: text for text in facts["texts"]}
    batches = parquet.iter_batches(batch_size=CHUNK)
    if parquet.metadata.num_rows == 0:
        batches = [_pyarrow().RecordBatch.from_pylist([], schema=parquet.schema_arrow)]
    for batch in batches:
        columns: dict[str, Any] = {}
        for name, (dtype, shape) in facts["columns"].items():
            if name == "text":
                columns[name] = [_caption(cell, known) for cell in batch[name].to_pylist()]
            else:
                columns[name] = _values(batch[name], np.dtype(dtype), shape)
        present = {
            name: _values(batch[name + SUFFIX], np.dtype(bool), ()) for name in facts["present"]
        }
        yield Windows(
            rate=facts["rates"] or None,
            channels=facts["channels"],
            margin=facts["margin"],
            present=present,
            **columns,
        )


def _caption(cell: Any, known: dict[tuple[str, ...], Hashable]) -> Any:
    """Return a caption as it was exported."""
    sentences = (cell,) if isinstance(cell, str) else tuple(cell)
    if len(sentences) == 1:
        return known.get(sentences, sentences[0])
    return sentences


def _values(column: Any, dtype: np.dtype[Any], shape: Any) -> NDArray[Any]:
    """Return a column of a batch as an array."""
    if column.null_count:
        raise ValueError(f"{column.null_count} cells of a column are empty.")
    if dtype.kind == "U":
        return np.array(column.to_pylist(), dtype=str)
    flat = column.flatten() if shape else column
    return np.asarray(flat.to_numpy(zero_copy_only=False), dtype).reshape(len(column), *shape)


def _check_manifest(manifest: str, digests: dict[str, str]) -> None:
    """Raise ValueError unless the rows are those that a manifest tells of."""
    if json.loads(manifest)["files"] != digests:
        raise ValueError(
            "its rows are not those of its manifest: some were changed, left out or reordered. "
            "Import the file as it was exported, and choose rows of the corpus then."
        )
