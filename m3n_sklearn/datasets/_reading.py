"""Find and read the files of a data set; errors say how to get missing ones."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_root", "read_csv", "read_header", "read_rows", "require_file"]


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
    header = read_header(path)
    missing = [column for column in columns if column not in header]
    if missing:
        raise ValueError(
            f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(header)}."
        )
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
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            return [name.strip() for name in next(csv.reader(file), [])]
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{path} is not a CSV file: {error}") from error


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return a small CSV file as one dictionary of strings per row."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(
                f"{path} lacks the columns {', '.join(missing)}; it has "
                f"{', '.join(reader.fieldnames or ())}."
            )
        return list(reader)
