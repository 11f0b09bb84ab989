"""Recordings as a table: the columns that `read_table` reads back exactly."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._files import naming_file, write_atomically
from .._validation import list_of
from .._warn import warn
from ._recording import Recording
from ._table_of import table_of
from ._table_report import listed
from ._table_sources import NULLS, pyarrow_module

__all__ = ["write_table"]

ENDINGS = (".csv", ".csv.gz", ".parquet", ".feather")


def write_table(recordings: Recording | Iterable[Recording], path: str | os.PathLike[str]) -> None:
    """Write recordings to one file that :func:`read_table` reads back exactly.

    Parameters
    ----------
    recordings : Recording or iterable of Recording
        With the same channel names.
    path : path
        The ending determines the format: ``.csv``, ``.csv.gz``, ``.parquet`` or ``.feather``.

    Raises
    ------
    ValueError
        If the ending is another one, channels differ or have no names, or subjects or labels are
        texts in some recordings and numbers in others.

    Warns
    -----
    UserWarning
        If a CSV file cannot tell texts such as ``"1"`` from numbers, or does not keep subjects or
        labels such as ``"NA"``, ``True`` and ``2.5``.

    Notes
    -----
    The columns are ``recording``, ``subject``, ``m3n_rate`` in Hz, ``time`` in s, one for each
    channel in m/s² and rad/s, ``label`` and ``text``, as in :meth:`Recording.to_frame`. Samples
    that were not observed have empty cells. Recordings without a name get their number as name, and
    a name that occurs again gets a number. The file is written to a temporary file and then
    renamed, so it is either complete or as it was before.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from m3n_sklearn.recording import Recording, read_table, write_table
    >>> names = ["acc_x", "acc_y", "acc_z"]
    >>> still = Recording(np.full((100, 3), 5.66), 50.0, names, subject="anna")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table(still, Path(folder) / "still.parquet")
    ...     [again] = read_table(Path(folder) / "still.parquet", verbose=False)
    >>> again.subject, again.rate, bool((again.data == still.data).all())
    ('anna', 50.0, True)
    """
    target = Path(path)
    ending = next(
        (e for e in sorted(ENDINGS, key=len)[::-1] if target.name.lower().endswith(e)), ""
    )
    if not ending:
        raise ValueError(f"{target.name} must end in {', '.join(ENDINGS)}.")
    given = [recordings] if isinstance(recordings, Recording) else recordings
    items = list_of(given, "recordings", "a Recording, or several of them")
    for item in items:
        if not isinstance(item, Recording):
            raise TypeError(f"recordings must be Recordings, got {type(item).__name__}.")
    _check(items)
    if ending.startswith(".csv"):
        _warn_about_digits(items)
    arrow = pyarrow_module()
    names = _names(items)
    has = {
        "subject": any(item.subject is not None for item in items),
        "label": any(item.labels is not None for item in items),
        "text": any(item.text for item in items),
    }
    with naming_file(target):
        sink = arrow.BufferOutputStream()
        writer: Any = None
        stream: Any = sink
        if ending == ".csv.gz":
            stream = arrow.CompressedOutputStream(sink, "gzip")
        for item, name in zip(items, names, strict=True):
            columns = table_of(item, name, has)
            table = arrow.table({key: _arrow_column(values) for key, values in columns.items()})
            if writer is None:
                schema = _schema(items, table.schema, has)
                writer = _writer(ending, stream, schema)
            writer.write_table(table.cast(schema))
        writer.close()
        if stream is not sink:
            stream.close()
        write_atomically(target, sink.getvalue().to_pybytes())


def _check(items: Sequence[Recording]) -> None:
    """Raise if recordings do not fit into one table."""
    if not items:
        raise ValueError("recordings is empty: give at least one Recording.")
    channels = {item.channels for item in items}
    if len(channels) > 1:
        raise ValueError(
            f"The recordings have different channels: {listed(sorted(map(str, channels)), 3)}. "
            "Write those with equal channels to a file of their own."
        )
    facts = {"subject": [item.subject for item in items if item.subject is not None]}
    facts["labels"] = [item.labels[0] for item in items if item.labels is not None]
    for fact, values in facts.items():
        kinds = {"text" if isinstance(value, str) else "number" for value in values}
        if len(kinds) > 1:
            raise ValueError(f"{fact} must be all texts or all numbers, to be in one column.")


def _warn_about_digits(items: Sequence[Recording]) -> None:
    """Warn about texts that a CSV file does not tell from numbers."""
    facts = {
        "subjects": {item.subject for item in items if item.subject is not None},
        "labels": {
            label
            for item in items
            if item.labels is not None
            for label in set(item.labels.tolist())
        },
    }
    for fact, values in facts.items():
        lost = [v for v in values if _is_lost(v)]
        if lost:
            shown = listed(sorted(map(repr, lost)), 5)
            warn(
                f"The {fact} {shown} do not survive in a CSV file: words for missing values are "
                "read as missing, truth values and numbers with decimals as texts or whole "
                "numbers. Write a parquet or feather file, or name them otherwise."
            )
        digits = [v for v in values if isinstance(v, str) and v.lstrip("-").isdigit()]
        if digits and len(digits) == len(values) and all(str(int(v)) == v for v in digits):
            warn(
                f"The {fact} are texts of digits such as {sorted(digits)[0]!r}, which a CSV file "
                "does not tell from numbers: they will be read as numbers. Write a parquet or "
                "feather file to keep them."
            )


def _is_lost(value: Any) -> bool:
    """Tell whether a CSV file does not keep a subject or label, apart from digits."""
    if isinstance(value, str):
        return value in NULLS or value != value.strip()
    return isinstance(value, bool | np.bool_ | float | np.floating)


def _names(items: Sequence[Recording]) -> list[str]:
    """Return a different name for each recording."""
    names: dict[str, int] = {}  # with the number that the next one of this name tries
    for number, item in enumerate(items, start=1):
        name = str(number) if item.name is None else item.name
        unique = name
        while unique in names:
            names[name] += 1
            unique = f"{name}-{names[name]}"
        names[unique] = 1
    return list(names)


def _arrow_column(values: NDArray[Any]) -> Any:
    if values.dtype == object or values.dtype.kind == "U":
        return pyarrow_module().array(values.tolist())
    missing = np.isnan(values) if values.dtype.kind == "f" else None
    return pyarrow_module().array(values, mask=missing)


def _schema(items: Sequence[Recording], first: Any, has: dict[str, bool]) -> Any:
    """Return the types of columns that all recordings share."""
    arrow = pyarrow_module()
    double = any(item.data.dtype == np.float64 for item in items)
    fields = []
    for field in first:
        kind = field.type
        if field.name == "subject":
            kind = _id_type([item.subject for item in items])
        elif field.name == "label":
            kind = _id_type([item.labels[0] for item in items if item.labels is not None])
        elif field.name in ("recording", "text"):
            kind = arrow.string()
        elif arrow.types.is_floating(kind) and double:
            kind = arrow.float64()
        fields.append(arrow.field(field.name, kind))
    return arrow.schema(fields)


def _id_type(values: Sequence[Any]) -> Any:
    """Return the type of a column of ids or labels."""
    return pyarrow_module().array([v for v in values if v is not None]).type


def _writer(ending: str, stream: Any, schema: Any) -> Any:
    """Return what writes tables in a format."""
    if ending == ".parquet":
        return pyarrow_module("parquet").ParquetWriter(stream, schema, compression="zstd")
    if ending == ".feather":
        return pyarrow_module("ipc").new_file(stream, schema)
    return pyarrow_module("csv").CSVWriter(stream, schema)
