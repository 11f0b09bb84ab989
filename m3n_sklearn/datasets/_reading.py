"""Finding data files, and saying what to do when they are not there."""

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
    """Find the folder of a data set at or below the one that was given.

    Parameters
    ----------
    path : str or Path
        What the user gave.
    candidates : sequence of str
        Relative folders to try, such as ``"."`` and ``"mm-fit"``.
    contents : str
        Glob pattern of something that lies in the right folder.
    dataset, obtain : str
        Name of the data set, and how to get it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileNotFoundError
        If no candidate holds `contents`.
    """
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
        found = f"which holds {', '.join(names) or 'nothing'}"
    tried = " or ".join(str(Path(candidate) / contents) for candidate in candidates)
    raise FileNotFoundError(
        f"{dataset} was not found: expected {tried} in {given}, {found}. {obtain}"
    )


def require_file(path: Path, *, dataset: str, obtain: str) -> Path:
    """Return a path if it is a file.

    Parameters
    ----------
    path : Path
        The file that is needed.
    dataset, obtain : str
        Name of the data set, and how to get it.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    """
    if path.is_file():
        return path
    folder = path.parent
    if folder.is_dir():
        names = sorted(entry.name for entry in folder.iterdir())[:6]
        found = f"{folder} holds {', '.join(names) or 'nothing'}"
    else:
        found = f"the folder {folder} does not exist"
    raise FileNotFoundError(f"{dataset}: expected the file {path}; {found}. {obtain}")


def read_csv(path: Path, columns: Sequence[str]) -> NDArray[np.float64]:
    """Read numeric columns of a CSV file with a header.

    Parameters
    ----------
    path : Path
        The file.
    columns : sequence of str
        Columns wanted, in this order; others are ignored.

    Returns
    -------
    ndarray of shape (rows, len(columns))
        Values; empty cells are NaN.

    Raises
    ------
    ValueError
        If a column is missing, a row is broken, or there is no row.
    """
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
        except ValueError:  # empty cells; slower, so only then
            values = _read_with_holes(path, options)
    if values.size == 0:
        raise ValueError(f"{path} has a header and no rows.")
    return values


def _read_with_holes(path: Path, options: dict[str, Any]) -> NDArray[np.float64]:
    try:
        values = np.genfromtxt(path, skip_header=1, dtype=np.float64, **options)
    except ValueError as error:
        raise ValueError(f"{path} can't be read as a table of numbers: {error}") from error
    if np.isnan(values).all(axis=0).any():
        raise ValueError(f"{path} can't be read as a table of numbers: a column holds none.")
    return values


def read_header(path: Path) -> list[str]:
    """Return the column names in the first line of a CSV file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    list of str
        Names; empty for an empty file.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            return [name.strip() for name in next(csv.reader(file), [])]
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{path} is no CSV file: {error}") from error


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Read a small CSV file with a header as text.

    Parameters
    ----------
    path : Path
        The file.
    columns : sequence of str
        Columns that must be there.

    Returns
    -------
    list of dict
        One per row.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(
                f"{path} lacks the columns {', '.join(missing)}; it has "
                f"{', '.join(reader.fieldnames or ())}."
            )
        return list(reader)
