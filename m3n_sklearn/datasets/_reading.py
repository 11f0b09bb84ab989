"""Find and read the files of a data set; errors say how to get missing ones."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._files import reading

__all__ = [
    "FASTEST",
    "check_duration",
    "find_root",
    "listed",
    "read_csv",
    "read_header",
    "read_rows",
    "require_file",
]

FASTEST = 1000.0
"""Samples per second of a sensor at most."""
LONGEST = 86_400.0
"""Seconds that a recording lasts at most; longer ones have damaged time stamps."""


def find_root(
    path: str | Path, candidates: Sequence[str], contents: str, *, dataset: str, obtain: str
) -> Path:
    """Return the first candidate below the given path in which the pattern `contents` matches."""
    given = Path(path).expanduser()
    for candidate in candidates:
        folder = given / candidate
        if folder.is_dir() and next(folder.glob(contents), None) is not None:
            return folder
    if not given.exists():
        found = "which does not exist"
    elif not given.is_dir():
        found = "which is a file"
    else:
        names = sorted(entry.name for entry in given.iterdir())[:6]
        found = f"which contains {', '.join(names) or 'nothing'}"
    tried = " or ".join(str(Path(candidate) / contents) for candidate in candidates)
    raise FileNotFoundError(
        f"{dataset} was not found: expected {tried} in {given}, {found}. {obtain}"
    )


def require_file(path: Path, *, dataset: str, obtain: str) -> Path:
    """Return the path if it is a file, or raise and say how to get the data set."""
    if path.is_file():
        return path
    folder = path.parent
    if folder.is_dir():
        names = sorted(entry.name for entry in folder.iterdir())[:6]
        found = f"{folder} contains {', '.join(names) or 'nothing'}"
    else:
        found = f"the folder {folder} does not exist"
    raise FileNotFoundError(f"{dataset}: expected the file {path}; {found}. {obtain}")


def read_csv(path: Path, columns: Sequence[str]) -> NDArray[np.float64]:
    """Return numeric columns of a CSV file with a header, (rows, columns); empty cells are NaN."""
    with reading(path, "a table of numbers"):
        return _read_csv(path, columns)


def _read_csv(path: Path, columns: Sequence[str]) -> NDArray[np.float64]:
    """Read the columns."""
    header = read_header(path)
    _require_columns(path, columns, header)
    options: dict[str, Any] = {
        "delimiter": ",",
        "usecols": [header.index(column) for column in columns],
        "ndmin": 2,
    }
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "loadtxt: input contained no data")
        try:
            values = np.loadtxt(path, skiprows=1, **options)
        except ValueError:  # empty cells need the slower genfromtxt
            values = _read_with_holes(path, options)
    if values.size == 0:
        raise ValueError(f"{path} has a header and no rows.")
    return values


def check_duration(times: NDArray[np.float64]) -> None:
    """Raise ValueError unless time stamps in s are those of one recording, short enough to hold."""
    if not len(times) or not np.isfinite(times[[0, -1]]).all():
        raise ValueError("it has no time stamps.")
    if not 0 < times[-1] - times[0] <= LONGEST:
        raise ValueError(
            f"its time stamps go from {times[0]:.0f} s to {times[-1]:.0f} s, but a recording lasts "
            f"at most {LONGEST:.0f} s."
        )


def _read_with_holes(path: Path, options: dict[str, Any]) -> NDArray[np.float64]:
    """Read a table of numbers with empty cells, which are NaN."""
    try:
        values = np.genfromtxt(path, skip_header=1, dtype=np.float64, **options)
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as a table of numbers: {error}") from error
    if np.isnan(values).all(axis=0).any():
        raise ValueError(f"{path} cannot be read as a table of numbers: a column has none.")
    return values


def read_header(path: Path) -> list[str]:
    """Return the column names in the first line of a CSV file; empty for an empty file."""
    with reading(path, "a CSV file"), path.open(encoding="utf-8-sig", newline="") as file:
        return [name.strip() for name in next(csv.reader(file), [])]


def listed(names: Iterable[str]) -> str:
    """Join names of a file for a message; a damaged file may have endless ones."""
    shown = [f"{name:.40}" for name in names]
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")


def _require_columns(path: Path, columns: Sequence[str], header: Sequence[str]) -> None:
    """Raise ValueError if a CSV file lacks columns."""
    missing = [column for column in columns if column not in header]
    if missing:
        raise ValueError(f"{path} lacks the columns {listed(missing)}; it has {listed(header)}.")


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return a small CSV file as one dictionary of strings per row."""
    with reading(path, "a CSV file"), path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        _require_columns(path, columns, reader.fieldnames or ())
        return list(reader)
