"""Tables of pandas, polars and pyarrow as arrays with names, by what they can do.

None of these packages is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._validation import is_missing

__all__ = ["is_table", "plain_array", "row_levels", "table_columns"]


def is_table(data: Any) -> bool:
    """Tell whether data are a table: named columns that can be taken one by one."""
    if isinstance(data, Mapping | np.ndarray) or not hasattr(data, "__getitem__"):
        return False
    if _is_lazy(data):  # its columns are not asked for, which would run its query
        return True
    return hasattr(data, "column_names") or (hasattr(data, "columns") and hasattr(data, "dtypes"))


def _is_lazy(data: Any) -> bool:
    """Tell whether data are a polars.LazyFrame, whose query has not run."""
    return hasattr(data, "collect_schema") and hasattr(data, "collect")


def row_levels(data: Any) -> int:
    """Return the levels of the index of the rows of a table."""
    return int(getattr(getattr(data, "index", None), "nlevels", 1))


def table_columns(data: Any) -> dict[str, NDArray[Any]]:
    """Return the columns of a table, a mapping or a structured array.

    Names of several levels are joined by _.
    """
    if isinstance(data, np.ndarray):
        return {str(name): np.asarray(data[name]) for name in data.dtype.names or ()}
    if isinstance(data, Mapping):
        return {str(name): np.asarray(values) for name, values in data.items()}
    if _is_lazy(data):
        data = data.collect()
    names: Iterable[Any] = data.column_names if hasattr(data, "column_names") else data.columns
    columns: dict[str, NDArray[Any]] = {}
    for name in names:
        joined = "_".join(str(part) for part in name if part != "") if _is_tuple(name) else name
        if str(joined) in columns:
            raise ValueError(f"The table has several columns {str(joined)!r}: rename them.")
        columns[str(joined)] = _cells(data[name])
    return columns


def _is_tuple(name: Any) -> bool:
    return isinstance(name, tuple)


def _cells(column: Any) -> NDArray[Any]:
    """Return the cells of a column; lists of numbers stay one object each."""
    if hasattr(column, "to_pylist"):  # pyarrow
        column = column.to_pylist()
    elif hasattr(column, "to_list") and not hasattr(column, "iloc"):  # polars
        column = column.to_list()
    if not isinstance(column, list):
        return np.asarray(column)
    if any(isinstance(cell, list) for cell in column):
        cells = np.empty(len(column), dtype=object)
        cells[:] = [np.asarray(cell) for cell in column]
        return cells
    return np.asarray(column)


def plain_array(values: Any, name: str) -> Any:
    """Return what NumPy reads rightly: a tensor detached, masked and dated arrays refused.

    Numbers in arrays of objects become floats; missing ones become NaN.
    """
    if isinstance(values, list | tuple) and values and hasattr(values[0], "detach"):
        return [plain_array(value, name) for value in values]
    if hasattr(values, "iloc") and values.ndim == 1 and values.dtype == object:
        values = values.to_numpy()  # a series of arrays
    if hasattr(values, "detach") and hasattr(values, "cpu"):
        values = values.detach().cpu()
        is_known = str(values.dtype) != "torch.bfloat16"  # NumPy has no such type
        values = values.numpy() if is_known else values.float().numpy()
    if isinstance(values, np.ma.MaskedArray):
        if np.ma.getmaskarray(values).any():
            raise ValueError(
                f"{name} is a masked array with {int(np.ma.getmaskarray(values).sum())} masked "
                "values. Give a Recording with observed=~mask, whose windows cut leaves out, or "
                "fill the values."
            )
        return values.data
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "mM":
        raise ValueError(
            f"{name} contains dates or times ({dtype}), not readings: leave the column of time "
            "stamps out. resample_timestamps takes stamps in seconds."
        )
    if isinstance(values, np.ndarray) and values.dtype == object and values.ndim:
        cells = values.ravel().tolist()
        if any(isinstance(value, np.ndarray) for value in cells):
            return np.stack(cells) if len({np.shape(value) for value in cells}) == 1 else values
        filled = [np.nan if is_missing(value) else value for value in values.ravel()]
        if all(isinstance(value, (int, float, np.number)) for value in filled):
            return np.array(filled, dtype=np.float64).reshape(values.shape)
    return values
