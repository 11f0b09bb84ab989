"""Where tables come from: frames and files, each as column names, a first look, and batches."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from .._files import reading
from .._tables import is_table, row_levels
from .._warn import warn
from ._table_csv import MISSING, Layout, read_layout

__all__ = [
    "FILES",
    "HEAD",
    "NULLS",
    "TEXT",
    "Batch",
    "Source",
    "is_frame",
    "list_sources",
    "pyarrow_module",
]

Batch = dict[str, NDArray[Any]]

BATCH = 65_536
"""Rows of a batch."""

BLOCK = 2**21
"""Bytes of a CSV file that are parsed at once."""

LONGEST = 4000
"""Characters of the longest path."""

HEAD = 20_000
"""Rows of the first look, from which columns, times and units are inferred."""

TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
FILES = (*TEXT, ".parquet", ".feather", ".arrow")
"""Endings of files that are read."""


NULLS = sorted({w for m in MISSING for w in (m, m.upper(), m.capitalize(), m.title())} | {"NaN"})
"""Cells of a file of text without a value."""

EXACT = 10**15
"""Whole numbers below which floats are exact."""


class Source(Protocol):
    """One table: a frame or a file."""

    name: str | None
    path: Path | None
    columns: tuple[str, ...]
    kinds: dict[str, str]
    """Kind of each column: "number", "text", "date", "duration" or "other"."""
    zoned: frozenset[str]
    """Columns of dates with a time zone."""
    layout: Layout | None

    def batches(self, columns: Sequence[str], texts: Sequence[str]) -> Iterator[Batch]:
        """Yield batches of columns; those in `texts` as objects, None where missing."""
        ...


def list_sources(source: Any) -> list[Source]:
    """Return the tables of a path, a folder, a frame, or a list of these."""
    if isinstance(source, str | os.PathLike):
        text = os.fspath(source)
        if isinstance(text, bytes) or "\n" in text or len(text) > LONGEST:
            raise ValueError(
                "source is text rather than a path. Read it first, such as with "
                "pandas.read_csv(io.StringIO(text)), and give the frame."
            )
        if re.match(r"[a-z][a-z0-9+]+://", text, re.IGNORECASE):
            raise ValueError(
                f"{text} is an address rather than a path: give pandas.read_csv({text!r}), or "
                "download the file."
            )
        path = Path(text).expanduser()
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if _ending(p) and not _hidden(p, path))
            if not files:
                raise FileNotFoundError(
                    f"The folder {path} has no table: no file ends in {', '.join(FILES)}."
                )
            return _files(files, path)
        if not path.exists():
            hint = " Give the folder, or list(folder.glob(...))." if "*" in path.name else ""
            raise FileNotFoundError(f"No file or folder at {path}.{hint}")
        return [_file(path, path.parent)]
    if is_frame(source) or type(source).__name__ == "RecordBatch":
        return [_Frame(source)]
    if isinstance(source, Iterator) and not hasattr(source, "read"):
        source = list(source)
    if isinstance(source, list | tuple):
        if not source:
            raise ValueError("source is an empty list: give a path, a frame, or several of them.")
        found = [each for one in source for each in list_sources(one)]
        for number, each in enumerate(found, start=1):
            each.name = each.name or str(number)
        return found
    raise TypeError(
        "source must be a path, a list of paths, a folder, or a frame of pandas, polars or "
        f"pyarrow, got {type(source).__name__}. Arrays and dicts become a frame with "
        "pandas.DataFrame, open files with pandas.read_csv."
    )


def _files(paths: Sequence[Path], folder: Path) -> list[Source]:
    """Return the tables of a folder; files that are not tables are left out, which is said."""
    found: list[Source] = []
    errors: dict[str, ValueError] = {}
    for path in paths:
        try:
            found.append(_file(path, folder))
        except ValueError as error:
            errors[path.name] = error
    if not found:
        raise next(iter(errors.values()))
    if errors:
        name, first = next(iter(errors.items()))
        reason = str(first).rpartition(f"{name}: ")[2]
        warn(f"{len(errors)} files are not tables and were left out, such as {name}: {reason}")
    return found


def is_frame(value: Any) -> bool:
    """Tell whether a value is a frame."""
    lazy = type(value).__name__ == "LazyFrame"
    return lazy or is_table(value)


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _ending(path: Path) -> str:
    name = path.name.lower()
    return next((ending for ending in FILES if name.endswith(ending)), "")


def pyarrow_module(name: str = "") -> Any:
    """Import a module of pyarrow, or say what to install."""
    try:
        return importlib.import_module(f"pyarrow.{name}".rstrip("."))
    except ImportError as error:
        raise ImportError(
            'Files of tables need pyarrow: pip install "m3n-sklearn[table]". Frames of pandas and '
            "polars are read without it."
        ) from error


def _file(path: Path, folder: Path) -> Source:
    """Return the table of a file."""
    ending = _ending(path)
    if not ending:
        raise ValueError(
            f"{path.name} is not a table: read are files that end in {', '.join(FILES)}."
        )
    pyarrow_module()
    name = path.relative_to(folder).as_posix()[: -len(ending)]
    if ending in TEXT:
        with reading(path, "a table of text"):
            return _Text(path, name)
    with reading(path, f"a file in {ending}"):
        return _Arrow(path, name, ending)


# ---- frames


class _Frame:
    """A frame in memory, or a lazy one of polars."""

    def __init__(self, frame: Any) -> None:
        self.name: str | None = None
        self.path: Path | None = None
        self.layout: Layout | None = None
        try:
            self._frame = nw.from_native(_flat(frame))
        except Exception as error:
            raise ValueError(f"The frame cannot be read: {error}") from error
        schema = self._frame.collect_schema()
        self.columns = tuple(schema)
        self.kinds = {name: _kind(dtype) for name, dtype in schema.items()}
        self.zoned = frozenset(
            name for name, dtype in schema.items() if getattr(dtype, "time_zone", None)
        )

    def batches(self, columns: Sequence[str], texts: Sequence[str]) -> Iterator[Batch]:
        chosen: Any = self._frame.select(*columns)
        if isinstance(chosen, nw.LazyFrame):
            chosen = chosen.collect()
        for begin in range(0, len(chosen), BATCH):
            part = chosen[begin : begin + BATCH]
            yield {name: _cells(part[name], name in texts) for name in columns}


def _flat(frame: Any) -> Any:
    """Return a frame of pandas with the levels of columns joined and a told index as columns."""
    if type(frame).__name__ == "RecordBatch":
        return pyarrow_module().Table.from_batches([frame])
    if not hasattr(frame, "iloc"):
        return frame
    if getattr(frame.columns, "nlevels", 1) > 1:
        frame = frame.copy(deep=False)
        frame.columns = [
            "_".join(str(part) for part in name if str(part) != "") for name in frame.columns
        ]
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise ValueError(f"the column {repeated[0]!r} occurs more than once: rename or drop it.")
    index = frame.index
    dated = getattr(index.dtype, "kind", "") in ("M", "m")
    if row_levels(frame) > 1 or dated or (index.name is not None):
        names = [name if name is not None else f"level_{i}" for i, name in enumerate(index.names)]
        if dated and index.name is None:
            names = ["time"]
        frame = frame.reset_index(names=[str(name) for name in names])
    frame.columns = [str(name) for name in frame.columns]
    return frame


def _kind(dtype: Any) -> str:
    """Return the kind of a column of narwhals."""
    if dtype.is_numeric():
        return "number"
    if dtype == nw.Datetime or dtype == nw.Date:
        return "date"
    if dtype == nw.Duration:
        return "duration"
    if dtype in (nw.String, nw.Categorical, nw.Enum, nw.Object, nw.Boolean):
        return "text"
    return "other"


def _cells(column: Any, as_text: bool) -> NDArray[Any]:
    """Return the cells of a column: numbers, dates in UTC, seconds of durations, or objects."""
    if as_text or _kind(column.dtype) == "text":
        cells = np.empty(len(column), dtype=object)
        cells[:] = column.to_list()
        return cells
    if column.dtype == nw.Datetime:
        if getattr(column.dtype, "time_zone", None):
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return np.asarray(column.to_numpy(), dtype="datetime64[ns]")
    if column.dtype == nw.Duration:
        return _seconds(np.asarray(column.to_numpy(), dtype="timedelta64[ns]"))
    if column.dtype.is_integer() and not column.is_null().any():
        return np.asarray(column.to_numpy())
    if column.dtype.is_numeric():
        return np.asarray(column.cast(nw.Float64).to_numpy(), dtype=np.float64)
    return np.asarray(column.to_list(), dtype=object)


def _seconds(durations: NDArray[Any]) -> NDArray[Any]:
    """Return durations in s, NaN where missing."""
    return durations / np.timedelta64(1, "s")


# ---- files


class _Arrow:
    """A parquet or feather file."""

    layout: Layout | None = None

    def __init__(self, path: Path, name: str, ending: str) -> None:
        self.path: Path | None = path
        self.name: str | None = name
        self._ending = ending
        schema = self._schema()
        names = tuple(schema.names)
        if len(set(names)) < len(names):
            again = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"the column {again!r} occurs more than once: rename or drop it.")
        self.columns = names
        self.kinds = {field.name: _arrow_kind(field.type) for field in schema}
        self.zoned = frozenset(field.name for field in schema if getattr(field.type, "tz", None))

    def _schema(self) -> Any:
        if self._ending == ".parquet":
            return pyarrow_module("parquet").read_schema(self.path)
        with self._mapped() as file:
            return pyarrow_module("ipc").open_file(file).schema

    def _mapped(self) -> Any:
        return pyarrow_module().memory_map(str(self.path))

    def batches(self, columns: Sequence[str], texts: Sequence[str]) -> Iterator[Batch]:
        assert self.path is not None
        with reading(self.path, f"a file in {self._ending}"):
            if self._ending == ".parquet":
                with pyarrow_module("parquet").ParquetFile(self.path) as file:
                    for part in file.iter_batches(BATCH, columns=list(columns)):
                        yield _arrow_batch(part, columns, texts)
                return
            with self._mapped() as mapped:
                file = pyarrow_module("ipc").open_file(mapped)
                for number in range(file.num_record_batches):
                    part = file.get_batch(number)
                    part.validate(full=True)  # a damaged one would crash later
                    yield _arrow_batch(part, columns, texts)


class _Text:
    """A file of text: CSV and its relatives."""

    def __init__(self, path: Path, name: str) -> None:
        self.path: Path | None = path
        self.name: str | None = name
        self.layout: Layout | None = read_layout(path)
        self.columns = self.layout.names
        self.kinds = dict(self.layout.kinds)
        types = self.layout.types
        self.zoned = frozenset(name for name, kind in types.items() if kind == "zoned")

    def batches(self, columns: Sequence[str], texts: Sequence[str]) -> Iterator[Batch]:
        assert self.path is not None and self.layout is not None
        layout = self.layout
        csv, arrow = pyarrow_module("csv"), pyarrow_module()
        compute = pyarrow_module("compute")
        # bytes are decoded cell by cell, since a file may turn out not to be UTF-8 later on
        text = arrow.binary() if layout.encoding == "utf8" else arrow.string()
        types = {
            name: text if name in texts else _arrow_type(layout.types[name]) for name in columns
        }
        # numbers that are whole in the first rows may have decimals later
        whole = [n for n in columns if types[n] == arrow.int64() and layout.types[n] == "int"]
        types |= dict.fromkeys(whole, arrow.float64())
        last = layout.names[-1]
        marked = bool(layout.ending) and last in columns and last not in texts
        if marked:
            types[last] = arrow.string()
        wrong: list[int] = []

        def count_wrong(row: Any) -> str:
            wrong.append(row.actual_columns)
            return "skip"

        with reading(self.path, "a table of text"):
            compression = "gzip" if self.path.name.lower().endswith(".gz") else None
            with arrow.input_stream(str(self.path), compression=compression) as stream:
                reader = partial(
                    csv.open_csv,
                    stream,
                    csv.ReadOptions(
                        use_threads=False,
                        block_size=BLOCK,
                        skip_rows=layout.skip,
                        column_names=list(layout.names),
                        encoding=layout.encoding,
                    ),
                    csv.ParseOptions(delimiter=layout.delimiter, invalid_row_handler=count_wrong),
                    csv.ConvertOptions(
                        column_types=types,
                        include_columns=list(columns),
                        null_values=NULLS,
                        strings_can_be_null=True,
                        decimal_point=layout.decimal,
                    ),
                )
                rows = 0
                for part in _numbers(reader):
                    rows += len(part)
                    if marked:
                        at = part.schema.get_field_index(last)
                        plain = compute.utf8_rtrim(part.column(at), layout.ending)
                        part = part.set_column(at, last, plain.cast(arrow.float64()))
                    batch = _arrow_batch(part, columns, texts)
                    for name in whole:
                        batch[name] = _whole(batch[name])
                    yield batch
            if len(wrong) > max(3, 0.01 * rows):
                raise ValueError(
                    f"{len(wrong)} rows have another number of cells than the {len(layout.names)} "
                    f"of the header, {rows} rows have as many."
                )
            layout.wrong_rows = len(wrong)


def _numbers(opening: Callable[[], Any]) -> Iterator[Any]:
    """Yield the batches of a reader that is opened; say which cell is not a number."""
    parts: Iterator[Any] | None = None
    while True:
        try:
            parts = iter(opening()) if parts is None else parts
            part = next(parts)
        except StopIteration:
            return
        except ValueError as error:
            found = _NOT_A_NUMBER.search(str(error))
            if found is None:
                raise
            raise ValueError(
                f"row {found[1]} has {found[2]!r} in a column of numbers or dates. If files were "
                "put together with their headers, or rows of text follow, remove these rows"
            ) from error
        yield part


_NOT_A_NUMBER = re.compile(r"Row #(\d+): .*invalid value '(.*)'")
"""How pyarrow says that a cell is not a number."""


def _whole(cells: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers as such."""
    is_whole = bool((np.abs(cells) < EXACT).all() and (cells == np.rint(cells)).all())
    return cells.astype(np.int64) if is_whole else cells


def _arrow_type(kind: str) -> Any:
    """Return the arrow type of a kind of cells."""
    arrow = pyarrow_module()
    return {
        "float": arrow.float64(),
        "int": arrow.int64(),
        "long": arrow.int64(),
        "date": arrow.timestamp("ns"),
        "zoned": arrow.timestamp("ns", tz="UTC"),
    }.get(kind, arrow.string())


def _arrow_kind(kind: Any) -> str:
    """Return the kind of a column by its arrow type."""
    types = pyarrow_module("types")
    if types.is_dictionary(kind):
        return _arrow_kind(kind.value_type)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_timestamp(kind) or types.is_date(kind):
        return "date"
    if types.is_duration(kind):
        return "duration"
    if types.is_string(kind) or types.is_large_string(kind) or types.is_boolean(kind):
        return "text"
    return "text" if "string_view" in str(kind) else "other"


def _arrow_batch(part: Any, columns: Sequence[str], texts: Sequence[str]) -> Batch:
    """Return the arrays of a batch of arrow."""
    return {name: _arrow_cells(part.column(name), name in texts) for name in columns}


def _word(cell: Any) -> Any:
    """Return a text; bytes are UTF-8, or else those of Windows."""
    if not isinstance(cell, bytes):
        return cell
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError:
        return cell.decode("cp1252", "replace")


def _arrow_cells(column: Any, as_text: bool) -> NDArray[Any]:
    """Return the cells of a column of arrow, as those of a frame."""
    arrow, types = pyarrow_module(), pyarrow_module("types")
    if as_text or _arrow_kind(column.type) == "text":
        coded = column if types.is_dictionary(column.type) else column.dictionary_encode()
        words = [_word(cell) for cell in coded.dictionary.to_pylist()]
        known = np.array([*words, None], dtype=object)
        codes = coded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)
        return np.asarray(known[codes], dtype=object)  # equal cells share one object
    if types.is_timestamp(column.type) or types.is_date(column.type):
        return np.asarray(
            column.to_numpy(zero_copy_only=False).astype("datetime64[ns]", copy=False)
        )
    if types.is_duration(column.type):
        return _seconds(column.to_numpy(zero_copy_only=False).astype("timedelta64[ns]"))
    if types.is_integer(column.type) and not column.null_count:
        return np.asarray(column.to_numpy(zero_copy_only=False))
    if types.is_decimal(column.type) or types.is_integer(column.type):
        column = column.cast(arrow.float64(), safe=False)
    return np.asarray(column.to_numpy(zero_copy_only=False))
