"""Arrays, mappings and tables as windows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .._channel_names import read_name
from .._tables import is_table, plain_array, row_levels, table_columns
from .._typing import AnyArray
from ._columns import SHAPES, check_rates
from ._windows import Windows

__all__ = ["as_windows", "refuse_ragged"]

_ARGUMENTS = ("rate", "channels", "margin", "present")
"""Arguments of :class:`Windows` that are not columns."""


def as_windows(
    data: Any,
    *,
    rate: float | Mapping[str, float] | None = None,
    channels: Sequence[str] | None = None,
) -> Windows:
    """Convert arrays and multi-modal tables into :class:`Windows`.

    Parameters
    ----------
    data : Windows, ndarray, list, mapping, structured array or table
        - A 2-D or 3-D array, or a list of 2-D arrays of equal shape, becomes the column ``imu``
          (2-D: windows of one channel).
        - A list of tables, one per window, with a column per channel; or a table with an index of
          two levels (window, time), becomes ``imu`` too. Columns name the channels.
        - The entries of a mapping, the fields of a structured array and the columns of a table
          (pandas, polars, pyarrow) become columns. Cells may be arrays of equal shape.
        - A table whose cells are series, one column per channel, becomes ``imu``.
    rate : float or mapping, optional
        Rates in Hz.
    channels : sequence of str, optional
        Channel names of ``imu``. By default those of a table, if they are understood.

    Returns
    -------
    Windows
        The same object for :class:`Windows` without `rate` and `channels`.

    Raises
    ------
    TypeError
        If `data` has another type.
    ValueError
        If windows have different lengths.

    Examples
    --------
    >>> import numpy as np
    >>> as_windows({"imu": np.zeros((2, 6, 50)), "text": ["wave", "walk"]}, rate=25.0)
    Windows(2 rows: imu (6, 50) at 25 Hz, text)
    """
    if isinstance(data, Windows):
        if rate is None and channels is None:
            return data
        rates = (
            rate if isinstance(rate, Mapping) or rate is None else check_rates(rate, data.columns)
        )
        return data.assign(rate=rates, channels=channels)
    if isinstance(data, np.ndarray) and data.dtype.names:
        return Windows(rate=rate, channels=channels, **{n: data[n] for n in data.dtype.names})
    if isinstance(data, Mapping):
        misplaced = [key for key in data if not isinstance(key, str) or key in _ARGUMENTS]
        if misplaced:
            raise TypeError(
                f"The entries of a mapping are columns, but {misplaced[0]!r} is not a column. Give "
                "rate= and channels= as arguments, and names of columns as strings."
            )
        return Windows(rate=rate, channels=channels, **dict(data))
    if is_table(data):
        return _from_table(data, rate, channels)
    if isinstance(data, list | tuple) and data and all(is_table(part) for part in data):
        return _from_parts([table_columns(part) for part in data], rate, channels)
    array = _imu_array(data)
    if array is not None:
        imu = array[:, None, :] if array.ndim == 2 else array
        return Windows(rate=rate, channels=channels, imu=imu)
    raise TypeError(
        "as_windows takes Windows, a 2-D or 3-D array, a list of windows of equal shape, a mapping "
        f"of arrays, a structured array or a table; got {type(data).__name__}"
        + (f" of shape {np.shape(data)}." if hasattr(data, "shape") else ".")
    )


def _imu_array(data: Any) -> AnyArray | None:
    """Return an array or a list of windows as an array (n, T) or (n, C, T), or None."""
    if isinstance(data, str | bytes) or not hasattr(data, "__len__"):
        return None
    data = plain_array(data, "data")
    refuse_ragged(data)
    array = np.asarray(data)
    return array if array.ndim in (2, 3) and array.dtype.kind not in "OUS" else None


def refuse_ragged(data: Any) -> None:
    """Raise if a list, or an array of arrays, holds windows of different lengths."""
    is_list = isinstance(data, list | tuple)
    if not is_list and not (isinstance(data, np.ndarray) and data.dtype == object):
        return
    try:
        shapes = {np.shape(window) for window in data}
    except ValueError:  # a window that is ragged itself
        shapes = {(-1,), (-2,)}
    if len(shapes) < 2:
        return
    span = ""
    if len({len(shape) for shape in shapes}) == 1:
        sizes = [sorted(set(axis)) for axis in zip(*shapes, strict=True)]
        low, high = next(((axis[0], axis[-1]) for axis in sizes[::-1] if len(axis) > 1), (0, 0))
        span = f", from {low} to {high} samples" if low >= 0 else ""
    raise ValueError(
        f"X is a list of windows of different lengths or shapes{span}. All windows of X must have "
        "the shape (channels, samples) and equal length: cut recordings with "
        "m3n_sklearn.cut(recordings, seconds=...), whose short='pad' extends short ones, or cut or "
        "pad the arrays to one length."
    )


def _from_table(
    data: Any, rate: float | Mapping[str, float] | None, channels: Sequence[str] | None
) -> Windows:
    """Convert a table of windows: with an index (window, time), with series in cells, or others."""
    # 1. An index of two levels: the rows of each window are its samples
    if row_levels(data) == 2:
        parts = [table_columns(part) for _, part in data.groupby(level=0, sort=False)]
        return _from_parts(parts, rate, channels)
    if row_levels(data) > 2:
        raise ValueError(
            f"The index of the table has {row_levels(data)} levels; two are read, (window, time)."
        )
    columns: dict[str, Any] = {
        name: _stack_cells(name, cells) for name, cells in table_columns(data).items()
    }
    # 2. Series in cells: each column is a channel
    nested = [n for n, cells in columns.items() if cells.ndim == 2 and n not in SHAPES]
    if nested and "imu" not in columns:
        lengths = {columns[name].shape[1] for name in nested}
        if len(lengths) > 1:
            raise ValueError(
                f"The series of columns {', '.join(nested)} have different lengths, {lengths}. "
                "Resample or cut them to one length."
            )
        imu = np.stack([columns.pop(name) for name in nested], axis=1)
        columns["imu"] = imu
        channels = _understood(nested) if channels is None else channels
    # 3. Samples in rows are a recording, not windows
    elif len(columns) > 1 and all(read_name(name) for name in columns):
        raise ValueError(
            "The table has one sample per row, in the channels "
            f"{', '.join(columns)}. Make a recording of it and cut it: "
            "cut(Recording(table, rate), seconds=...)."
        )
    return Windows(rate=rate, channels=channels, **columns)


def _from_parts(
    parts: list[dict[str, AnyArray]],
    rate: float | Mapping[str, float] | None,
    channels: Sequence[str] | None,
) -> Windows:
    """Convert tables (samples, channels), one per window, with the same columns."""
    names = list(parts[0])
    other = next((list(part) for part in parts if list(part) != names), None)
    if other is not None:
        raise ValueError(f"The tables of windows have different columns, {names} and {other}.")
    windows = [np.stack([plain_array(part[n], n) for n in names]) for part in parts]
    refuse_ragged(windows)
    channels = _understood(names) if channels is None else channels
    return Windows(rate=rate, channels=channels, imu=np.stack(windows))


def _understood(names: Sequence[str]) -> Sequence[str] | None:
    """Return names of columns as those of channels; numbered ones say nothing."""
    numbered = all(re.fullmatch(r"(?:[a-zA-Z]+_?)?\d+", name) for name in names)
    return None if numbered else names


def _stack_cells(name: str, cells: AnyArray) -> AnyArray:
    """Return a column whose cells are arrays or series as one array."""
    if cells.dtype != object or not len(cells) or not hasattr(cells[0], "__array__"):
        return cells
    arrays = [np.asarray(plain_array(cell, name)) for cell in cells]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        raise ValueError(
            f"The cells of column {name!r} have different shapes, such as {sorted(shapes)[:3]}. "
            "Windows must have equal lengths: cut, pad or resample them first."
        )
    return np.stack(arrays)
