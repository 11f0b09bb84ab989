"""Windows: the multi-modal X. Named arrays that share their first axis.

Rows are windows; columns are modalities or facts about the rows. Scikit-learn slices rows only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._channel_names import read_name, read_names, say
from ._tables import is_table, make_frame, plain_array, row_levels, table_columns
from ._typing import AnyArray
from ._validation import check_choice, check_positive, is_missing, is_number, list_of

if TYPE_CHECKING:
    from .inspection import WindowsDisplay

__all__ = [
    "MODALITIES",
    "Windows",
    "as_windows",
    "check_finite",
    "refuse_ragged",
    "tell",
    "told",
]

MODALITIES = ("text", "pose", "imu")
"""Columns that have an encoder."""

RATE_OF = {"imu": "imu", "pose": "pose", "trans": "pose"}
"""The rate that each column with a time axis uses."""

MASKS = ("observed", "measured")
"""Columns that tell which values of imu are readings."""

_ARGUMENTS = ("rate", "channels", "margin", "present")
"""Arguments of :class:`Windows` that are not columns."""

Rows = slice | NDArray[np.int64] | None

SHAPES = {
    "imu": "(n, channels, samples)",
    "pose": "(n, frames, joints, 3)",
    "trans": "(n, frames, 3)",
}


class Windows:
    """Rows of several modalities that slice together.

    Parameters
    ----------
    rate : float or mapping, optional
        Samples per second: one number for every column with a time axis, or one each for
        ``"imu"`` and ``"pose"``.
    channels : sequence of str, optional
        Names of the channels of ``imu``, such as ``left_wrist_acc_x``, or in a spelling of your
        logger: see "Channel names that are understood" in :doc:`/user_guide/tables`. Names
        that begin with ``series_`` belong to a generic series.
    margin : float, default=0.0
        Seconds of context frames before and after each window in ``pose`` and ``trans``. ``imu``
        has no margin.
    present : mapping of str to array-like of bool, optional
        Rows that have a modality, by column. Values in the other rows are ignored.
    **columns : array-like
        Arrays of equal length n. Known columns are ``imu`` (n, C, T) in m/s² and rad/s; ``pose``
        (n, F, J, 3) axis-angle in rad; ``trans`` (n, F, 3) in m; ``observed`` (n, C, T), False
        where a sample of ``imu`` was lost and is bridged; ``measured`` (n, C), False where a row
        lacks a channel of ``imu``, whose values are then ignored; ``mount`` (n,), ``"unknown"``
        where a sensor may be worn in any orientation; ``text`` (n,), a string or a tuple of
        paraphrases per row; ``clip`` (n,), the id of the clip of each row; ``context`` (n, 2), the
        number of margin frames on the left and right that are not a repeated edge. Other columns
        are kept unchanged. None is ignored.

    Attributes
    ----------
    shape : tuple of int
        (n,).
    columns : tuple of str
        Names of the arrays.
    modalities : tuple of str
        The columns among ``"text"``, ``"pose"`` and ``"imu"``.
    rates : mapping of str to float
        Known rates of ``"imu"`` and ``"pose"``, in Hz.
    channels : tuple of str or None
        Channel names of ``imu`` as this package writes them.
    margin : float
        Seconds of context at both ends of ``pose`` and ``trans``.

    Raises
    ------
    ValueError
        If no column is given, lengths differ, a known column has the wrong shape, values are not
        finite (not checked for memory-mapped columns), a channel name is not understood, or a rate
        is 0 or less.

    Warns
    -----
    UnitsWarning
        If a channel name gives another unit than m/s² or rad/s.

    Notes
    -----
    Slicing stores row numbers and does not copy, so a memory-mapped corpus stays on disk until a
    column is read. Two parts of scikit-learn do not work with windows. The opt-in
    ``array_api_dispatch`` refuses such containers; use :meth:`to_structured`. ``BaggingClassifier``
    indexes features, which windows do not have.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn import Windows
    >>> X = Windows(imu=np.zeros((4, 6, 100)), text=["wave", "wave", "walk", "walk"], rate=50.0)
    >>> X
    Windows(4 rows: imu (6, 100) at 50 Hz, text)
    >>> X[[0, 2]]["text"].tolist()
    ['wave', 'walk']
    """

    ndim = 1

    def __init__(
        self,
        *,
        rate: float | Mapping[str, float] | None = None,
        channels: Sequence[str] | None = None,
        margin: float = 0.0,
        present: Mapping[str, ArrayLike] | None = None,
        **columns: Any,
    ) -> None:
        arrays = {k: _column(k, v) for k, v in columns.items() if v is not None}
        count = _common_length(arrays)
        masks = _check_present(present, arrays, count)
        for name, array in arrays.items():
            _check_column(name, array, masks.get(name))
        _check_agreement(arrays, channels)
        self._arrays: dict[str, AnyArray] = arrays
        self._present: dict[str, NDArray[np.bool_]] = masks
        self._rates: dict[str, float] = _check_rates(rate, arrays)
        names, doubts = (None, ()) if channels is None else read_names(tuple(channels))
        self._channels: tuple[str, ...] | None = names
        self._margin = _check_margin(margin)
        self._rows: Rows = None
        self._n = count
        self._told = frozenset(doubt.key for doubt in doubts)
        say(doubts)

    # ---- the interface of scikit-learn

    @property
    def shape(self) -> tuple[int]:
        """Number of rows, as a tuple."""
        return (self._n,)

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("Windows cannot be iterated: index rows (X[3:5]) or columns (X['imu']).")

    def __array__(self, dtype: Any = None, copy: Any = None) -> AnyArray:
        raise TypeError(
            "Windows contains several modalities and is not a single array. Use a column, such as "
            f"X['imu']. The columns are {', '.join(self.columns)}. Multi3NetClassifier needs no "
            "scaler before it: it scales its input. Meta-estimators that require a 2-D array, such "
            "as BaggingClassifier, SelfTrainingClassifier and OneVsOneClassifier, take the rows "
            "X['imu'].reshape(len(X), -1), and a pipeline that restores the windows: see 'Use "
            "meta-estimators' in the user guide."
        )

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self._column_rows(key)
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]
        return self._take(self._row_key(key))

    # ---- columns and metadata

    def __contains__(self, column: object) -> bool:
        return column in self._arrays

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the arrays."""
        return tuple(self._arrays)

    @property
    def modalities(self) -> tuple[str, ...]:
        """The columns among text, pose and imu."""
        return tuple(m for m in MODALITIES if m in self._arrays)

    @property
    def rates(self) -> Mapping[str, float]:
        """Known rates in Hz, by column."""
        return MappingProxyType(self._rates)

    @property
    def channels(self) -> tuple[str, ...] | None:
        """Channel names of imu."""
        return self._channels

    @property
    def margin(self) -> float:
        """Seconds of context at both ends of pose and trans."""
        return self._margin

    def rate(self, column: str) -> float | None:
        """Return the rate of a column in Hz, or None if it is unknown.

        Parameters
        ----------
        column : str
            Name of a column.

        Returns
        -------
        float or None
            Samples per second.
        """
        return self._rates.get(RATE_OF.get(column, column))

    def present(self, column: str) -> NDArray[np.bool_]:
        """Return which rows have a modality.

        Parameters
        ----------
        column : str
            Name of a column. A missing column is absent from every row.

        Returns
        -------
        ndarray of shape (n,)
            True where the row has it.
        """
        if column not in self._arrays:
            return np.zeros(self._n, dtype=bool)
        if column not in self._present:
            return np.ones(self._n, dtype=bool)
        return _rows_of(self._present[column], self._rows)

    def __repr__(self) -> str:
        parts = []
        for name, array in self._arrays.items():
            shape = f" {array.shape[1:]}" if array.ndim > 1 else ""
            rate = f" at {self._rates[name]:.4g} Hz" if name in self._rates else ""
            missing = self._n - int(self.present(name).sum())
            some = f" in {self._n - missing} rows" if missing else ""
            parts.append(f"{name}{shape}{rate}{some}")
        return f"Windows({self._n} rows: {', '.join(parts)})"

    def _repr_html_(self) -> str:
        from .inspection import windows_html

        return windows_html(self)

    def plot(
        self, y: ArrayLike | None = None, *, n_windows: int = 12, axes: Any = None
    ) -> WindowsDisplay:
        """Draw example windows.

        Parameters
        ----------
        y : array-like of shape (n,), optional
            Classes; the examples are taken from each class in turn.
        n_windows : int, default=12
            Number of examples; all windows if there are fewer.
        axes : array of matplotlib Axes, optional
            Axes to draw on, one per example; new ones by default.

        Returns
        -------
        WindowsDisplay
            The drawn display; see :class:`m3n_sklearn.inspection.WindowsDisplay`.
        """
        from .inspection import WindowsDisplay

        return WindowsDisplay.from_windows(self, y, n_windows=n_windows, axes=axes)

    # ---- changed copies

    def assign(
        self,
        *,
        rate: Mapping[str, float] | None = None,
        channels: Sequence[str] | None = None,
        margin: float | None = None,
        present: Mapping[str, ArrayLike] | None = None,
        **columns: Any,
    ) -> Windows:
        """Return windows with columns added or replaced.

        Parameters
        ----------
        rate : mapping of str to float, optional
            Rates that change.
        channels : sequence of str, optional
            New channel names. A replaced ``imu`` loses its names unless they are given here, and
            its columns ``observed`` and ``measured`` if its shape or number of channels changes.
        margin : float, optional
            New margin in s.
        present : mapping, optional
            Presence masks of the new columns. A replaced column without a mask is in all rows.
        **columns : array-like
            New arrays.

        Returns
        -------
        Windows
            The other columns and metadata do not change.
        """
        if rate is not None and not isinstance(rate, Mapping):
            raise TypeError(f"rate must map columns to Hz, such as {{'imu': 50.0}}; got {rate!r}.")
        stale = set(columns)
        if "imu" in columns and any(mask in self for mask in MASKS):
            old, new = self["imu"].shape, np.shape(columns["imu"])
            stale |= {"observed"} if old != new else set()
            stale |= {"measured"} if old[:2] != new[:2] else set()
        kept = {name: self[name] for name in self._arrays if name not in stale}
        masks = {name: self.present(name) for name in self._present if name in kept}
        old_channels = self._channels if "imu" not in columns else None
        changed = Windows(
            rate={**self._rates, **(rate or {})},
            channels=old_channels if channels is None else channels,
            margin=self._margin if margin is None else margin,
            present={**masks, **(present or {})},
            **{**kept, **columns},
        )
        return changed if "imu" in columns else tell(changed, self._told)

    def drop(self, *columns: str) -> Windows:
        """Return windows without some columns.

        Parameters
        ----------
        *columns : str
            Names; missing columns are ignored. ``observed`` and ``measured`` are dropped with
            ``imu``.

        Returns
        -------
        Windows
            The other columns, with the same rows.
        """
        gone = {*columns, *MASKS} if "imu" in columns else set(columns)
        kept = {name: array for name, array in self._arrays.items() if name not in gone}
        if not kept:
            raise ValueError(f"Dropping {', '.join(columns)} would leave no column.")
        return self._like(kept)

    @classmethod
    def concatenate(cls, parts: Sequence[Windows]) -> Windows:
        """Concatenate the rows of several windows.

        Parameters
        ----------
        parts : sequence of Windows
            Shared modalities must have the same channels, margins and window shapes, and the same
            rates where these are known. A modality that a part lacks is marked absent in its rows.

        Returns
        -------
        Windows
            All rows, in the order given.
        """
        if isinstance(parts, Windows):
            raise TypeError("parts must be a sequence of Windows, got Windows: give [a, b].")
        parts = list_of(parts, "parts", "a sequence of Windows")
        if not parts:
            raise ValueError("parts is empty: give at least one Windows.")
        for part in parts:
            if not isinstance(part, Windows):
                raise TypeError(f"Only Windows can be concatenated, got {type(part).__name__}.")
        names = list(dict.fromkeys(name for part in parts for name in part.columns))
        masks = {name: np.concatenate([part.present(name) for part in parts]) for name in names}
        columns = {name: _stack_column(name, parts) for name in names}
        whole = cls(
            rate=_agreed_rates(parts),
            channels=_agreed("channels", [p.channels for p in parts if "imu" in p]),
            margin=_agreed("margin", [p.margin for p in parts if "pose" in p]) or 0.0,
            present={name: mask for name, mask in masks.items() if not mask.all()},
            **columns,
        )
        return tell(whole, frozenset().union(*(part._told for part in parts)))

    def to_structured(self) -> AnyArray:
        """Return the columns as one structured array, without rates and channel names.

        Returns
        -------
        ndarray of shape (n,)
            One field per column.
        """
        columns = {name: self[name] for name in self._arrays}
        dtype = [(name, array.dtype, array.shape[1:]) for name, array in columns.items()]
        rows = np.empty(self._n, dtype=dtype)
        for name, array in columns.items():
            rows[name] = array
        return rows

    def to_frame(self, layout: str = "long", backend: str = "pandas") -> Any:
        """Return the column ``imu`` as a frame.

        Parameters
        ----------
        layout : {"long", "wide"}, default="long"
            ``"long"``: one row for each sample, with a column for each channel. ``"wide"``: one row
            for each window, with a column for each channel and sample, such as ``acc_x_0``.
        backend : {"pandas", "polars", "pyarrow"}, default="pandas"
            Kind of the frame.

        Returns
        -------
        DataFrame or Table
            Also the columns ``window``, the number of the window, and ``clip`` and ``start`` if X
            has them; with ``"long"`` the column ``time`` in s if the rate is known. Samples that
            were not observed are NaN.

        Raises
        ------
        ValueError
            If X has no column ``imu``.

        Examples
        --------
        >>> import numpy as np
        >>> from m3n_sklearn import Windows
        >>> X = Windows(imu=np.zeros((2, 3, 4)), rate=50.0, channels=["acc_x", "acc_y", "acc_z"])
        >>> X.to_frame().tail(1)
           window  time  acc_x  acc_y  acc_z
        7       1  0.06    0.0    0.0    0.0
        >>> X.to_frame("wide").shape
        (2, 13)
        """
        check_choice(layout, "layout", ("long", "wide"))
        if "imu" not in self:
            raise ValueError(f"Windows without the column imu have no frame: {self!r}.")
        imu = self["imu"]
        if "observed" in self:
            imu = np.where(self["observed"], imu, np.nan)
        if "measured" in self:
            imu = np.where(self["measured"][..., None], imu, np.nan)
        imu = np.where(self.present("imu")[:, None, None], imu, np.nan)
        count, channels, length = imu.shape
        names = self.channels or tuple(f"channel_{i}" for i in range(channels))
        columns: dict[str, AnyArray] = {"window": np.arange(count)}
        columns |= {name: self[name] for name in ("clip", "start") if name in self}
        if layout == "wide":
            for i, name in enumerate(names):
                columns |= {f"{name}_{k}": imu[:, i, k] for k in range(length)}
            return make_frame(columns, backend)
        columns = {name: np.repeat(values, length) for name, values in columns.items()}
        rate = self.rate("imu")
        if rate is not None:
            time = np.tile(np.arange(length) / rate, count)
            columns["time"] = time + columns.pop("start") if "start" in columns else time
        columns |= {name: imu[:, i].ravel() for i, name in enumerate(names)}
        return make_frame(columns, backend)

    # ---- internals

    def __deepcopy__(self, memo: dict[int, Any]) -> Windows:
        # arrays are not changed in place, so a clone of an estimator can share its corpus
        return self

    def __getstate__(self) -> dict[str, Any]:
        copied = {name: self[name] for name in self._arrays} if self._rows is not None else {}
        masks = {name: self.present(name) for name in self._present}
        arrays = copied or self._arrays
        return {**self.__dict__, "_arrays": arrays, "_present": masks, "_rows": None}

    def _column_rows(self, name: str) -> AnyArray:
        if name not in self._arrays:
            raise KeyError(
                f"Windows have no column {name!r}. The columns are {', '.join(self._arrays)}."
            )
        return _rows_of(self._arrays[name], self._rows)

    def _row_key(self, key: Any) -> slice | NDArray[np.int64]:
        if isinstance(key, slice):
            return key
        if isinstance(key, (int, np.integer)) and not isinstance(key, (bool, np.bool_)):
            if not -self._n <= key < self._n:
                raise IndexError(f"Row {key} is out of range: X has {self._n} rows.")
            return np.array([int(key) % self._n])
        index = np.asarray(key)
        if index.ndim == 1 and index.size == 0:
            return np.empty(0, dtype=np.int64)
        if index.ndim != 1 or index.dtype.kind not in "biu":
            raise IndexError(
                "Rows are indexed by an int, a slice, a boolean mask or an array of ints; columns "
                f"by their name. Got {type(key).__name__}."
            )
        if index.dtype.kind == "b":
            if len(index) != self._n:
                raise IndexError(f"The mask has {len(index)} entries for {self._n} rows.")
            return np.flatnonzero(index)
        if index.min() < -self._n or index.max() >= self._n:
            raise IndexError(f"Rows are out of range: X has {self._n} rows.")
        return index.astype(np.int64) % self._n

    def _take(self, key: slice | NDArray[np.int64]) -> Windows:
        rows: Rows
        if isinstance(key, slice) and not isinstance(self._rows, np.ndarray):
            chosen = range(self._total)[self._rows or slice(None)][key]
            stop = chosen.stop if chosen.stop >= 0 else None
            rows, count = slice(chosen.start, stop, chosen.step), len(chosen)
            if count == 0:
                rows = slice(0, 0)
        else:
            current = (
                self._rows
                if isinstance(self._rows, np.ndarray)
                else np.arange(self._total)[self._rows or slice(None)]
            )
            rows = current[key]
            count = len(rows)
        taken = self._like(self._arrays)
        taken._rows, taken._n = rows, count
        return taken

    @property
    def _total(self) -> int:
        return len(next(iter(self._arrays.values())))

    def _like(self, arrays: dict[str, AnyArray]) -> Windows:
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        new._arrays = arrays
        new._present = {name: mask for name, mask in self._present.items() if name in arrays}
        timed = {RATE_OF[name] for name in arrays if name in RATE_OF}
        new._rates = {name: rate for name, rate in self._rates.items() if name in timed}
        new._channels = self._channels if "imu" in arrays else None
        return new


def tell(windows: Windows, doubts: frozenset[str]) -> Windows:
    """Return windows that know which doubts about their readings have been told already."""
    other = windows._like(windows._arrays)
    other._told = windows._told | doubts
    return other


def told(windows: Windows) -> frozenset[str]:
    """Return the doubts about the readings of windows that have been told already."""
    return windows._told


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
        rates = rate if isinstance(rate, Mapping) or rate is None else _check_rates(rate, data)
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


# ---- checks


def _column(name: str, values: Any) -> AnyArray:
    if name == "text":
        return _text_column(values)
    if name in RATE_OF:
        values = plain_array(values, f"Column {name!r}")
    try:
        array = values if isinstance(values, np.ndarray) else np.asarray(values)
    except ValueError as error:  # ragged
        raise ValueError(
            f"Column {name!r} has rows of different shapes. Windows must have equal lengths: cut, "
            "pad or resample them first."
        ) from error
    if array.ndim == 0:
        raise ValueError(f"Column {name!r} is a single value; a column needs one entry per row.")
    if name in RATE_OF and array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if name in RATE_OF and not array.dtype.isnative and not isinstance(array, np.memmap):
        array = array.astype(array.dtype.newbyteorder("="))  # torch reads no other
    return array


def _text_column(values: Any) -> AnyArray:
    if isinstance(values, str):
        raise TypeError("Column 'text' is one string; give one string per row.")
    cells = list_of(values, "Column 'text'", "one string, or tuple of paraphrases, per row")
    if all(isinstance(cell, str) for cell in cells) and cells:
        return np.asarray(cells)
    texts = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):
        single = isinstance(cell, str) or not isinstance(cell, Sequence | np.ndarray)
        cell = "" if single and is_missing(cell) else cell
        sentences = (cell,) if single else tuple(cell)
        if not all(isinstance(s, str) for s in sentences):
            raise TypeError(
                f"Column 'text' must contain strings or tuples of strings, got {cell!r}."
            )
        texts[i] = cell if isinstance(cell, str) else sentences
    return texts


def _common_length(arrays: Mapping[str, AnyArray]) -> int:
    if not arrays:
        raise ValueError("Windows needs at least one column, such as imu= or pose=.")
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise ValueError(f"Columns must have equal numbers of rows, got {listed}.")
    return next(iter(lengths.values()))


def _check_column(name: str, array: AnyArray, present: NDArray[np.bool_] | None) -> None:
    if name not in RATE_OF:
        return
    dims = {"imu": 3, "pose": 4, "trans": 3}[name]
    if array.ndim != dims or (name != "imu" and array.shape[-1] != 3):
        raise ValueError(f"Column {name!r} must have shape {SHAPES[name]}, got {array.shape}.")
    if 0 in array.shape[1:]:
        raise ValueError(
            f"Column {name!r} has empty windows: its shape is {array.shape}, expected "
            f"{SHAPES[name]} with at least one of each."
        )
    if array.dtype.kind != "f":
        raise ValueError(f"Column {name!r} must contain real numbers, got dtype {array.dtype}.")
    if isinstance(array, np.memmap):
        return
    rows = array if present is None else array[present]
    if not np.isfinite(rows).all():
        first = int(np.flatnonzero(~np.isfinite(rows).reshape(len(rows), -1).all(axis=1))[0])
        raise ValueError(
            f"Column {name!r} has values that are not finite (NaN or infinity), first in row "
            f"{first}. Drop those windows, interpolate, or mark them with present=."
        )
    if name == "pose" and rows.size and np.abs(rows).max() > 4 * np.pi:
        raise ValueError(
            f"Column 'pose' reaches {np.abs(rows).max():.4g} rad, more than two turns. These look "
            "like degrees: convert them with numpy.deg2rad."
        )


def check_finite(windows: Windows, name: str, rows: NDArray[Any] | None = None) -> None:
    """Raise ValueError for NaN or infinity in a column; `Windows` do not search memory maps.

    `rows` (n,) are the numbers of the rows in the whole, for the message.
    """
    if name not in windows:
        return
    values = windows[name]
    sound = np.isfinite(values).all(axis=tuple(range(1, values.ndim))) | ~windows.present(name)
    if sound.all():
        return
    bad = int(np.argmin(sound))
    clip = f" (clip {windows['clip'][bad]!s})" if "clip" in windows else ""
    row = bad if rows is None else rows[bad]
    raise ValueError(
        f"Column {name!r} contains NaN or infinity, first in row {row}{clip}. Drop those rows, "
        "interpolate, or mark them with present=."
    )


def _check_agreement(arrays: Mapping[str, AnyArray], channels: Sequence[str] | None) -> None:
    if "pose" in arrays and "trans" in arrays:
        frames = arrays["pose"].shape[1], arrays["trans"].shape[1]
        if frames[0] != frames[1]:
            raise ValueError(f"pose has {frames[0]} frames and trans {frames[1]}.")
    if "observed" in arrays:
        mask, imu = arrays["observed"], arrays.get("imu")
        if imu is None or mask.shape != imu.shape or mask.dtype.kind != "b":
            raise ValueError(
                "Column 'observed' must contain a boolean for each sample of imu, which has shape "
                f"{None if imu is None else imu.shape}; got {mask.dtype} of shape {mask.shape}."
            )
    if "measured" in arrays:
        mask, imu = arrays["measured"], arrays.get("imu")
        if imu is None or mask.shape != imu.shape[:2] or mask.dtype.kind != "b":
            raise ValueError(
                "Column 'measured' must contain a boolean for each channel of imu, which has shape "
                f"{None if imu is None else imu.shape}; got {mask.dtype} of shape {mask.shape}."
            )
    if "mount" in arrays:
        other = set(np.unique(arrays["mount"]).tolist()) - {"known", "unknown"}
        if other:
            raise ValueError(
                "Column 'mount' must contain 'known' or 'unknown' for each row, got "
                f"{', '.join(map(repr, sorted(other, key=str)))}."
            )
    if channels is None:
        return
    if "imu" not in arrays:
        raise ValueError(
            "channels= contains the names of the channels of imu, but X has no column 'imu'."
        )
    count = arrays["imu"].shape[1]
    names = list_of(channels, "channels", f"{count} names, one per channel of imu")
    strings = not isinstance(channels, str) and all(isinstance(name, str) for name in names)
    if not strings or len(names) != count or len(set(names)) != count:
        last = len(names) == arrays["imu"].shape[2]
        raise ValueError(
            f"channels must be {count} different names, one per channel of imu, got {channels!r}."
            + " With channels last, give imu.transpose(0, 2, 1)." * last
        )


def _check_present(
    present: Mapping[str, ArrayLike] | None, arrays: Mapping[str, AnyArray], count: int
) -> dict[str, NDArray[np.bool_]]:
    masks: dict[str, NDArray[np.bool_]] = {}
    if present is not None and not isinstance(present, Mapping):
        raise TypeError(
            "present must map columns to masks, such as {'pose': mask}; got "
            f"{type(present).__name__}."
        )
    for name, mask in (present or {}).items():
        if name not in arrays:
            raise ValueError(f"present= contains {name!r}, but X has no such column.")
        values = np.asarray(mask)
        if values.shape != (count,) or values.dtype.kind != "b":
            raise ValueError(
                f"present[{name!r}] must be {count} booleans, got shape {values.shape} and dtype "
                f"{values.dtype}."
            )
        masks[name] = values
    return masks


def _check_rates(
    rate: float | Mapping[str, float] | None, arrays: Mapping[str, AnyArray] | Windows
) -> dict[str, float]:
    timed = {RATE_OF[name] for name in RATE_OF if name in arrays}
    if rate is None:
        return {}
    if isinstance(rate, Mapping):
        wrong = set(rate) - set(RATE_OF.values())
        if wrong:
            raise ValueError(f"Only 'imu' and 'pose' have rates, got {', '.join(sorted(wrong))}.")
        given = dict(rate)
    else:
        given = {name: rate for name in sorted(timed)}
    for name, value in given.items():
        check_positive(value, f"The rate of {name!r}", "Hz")
    return {name: float(value) for name, value in given.items() if name in timed}


def _check_margin(margin: float) -> float:
    if not is_number(margin) or not 0 <= margin < np.inf:
        raise ValueError(f"margin must be a number of seconds of at least 0, got {margin!r}.")
    return float(margin)


# ---- rows


def _rows_of(array: AnyArray, rows: Rows) -> AnyArray:
    return array if rows is None else array[rows]


def _stack_column(name: str, parts: Sequence[Windows]) -> AnyArray:
    owners = [part[name] for part in parts if name in part]
    shapes = {array.shape[1:] for array in owners}
    if len(shapes) > 1:
        raise ValueError(
            f"Column {name!r} has rows of different shapes, {' and '.join(map(str, shapes))}: cut "
            "all clips with the same seconds and rate."
        )
    if name == "text" and any(array.dtype == object for array in owners):
        owners = [array.astype(object) for array in owners]
    shape, dtype = owners[0].shape[1:], np.result_type(*owners)
    # windows without the masks `observed` and `measured` were measured completely
    filler = "known" if name == "mount" else "" if dtype.kind in "UO" else name in MASKS
    rows = [
        part[name] if name in part else np.full((len(part), *shape), filler, dtype=dtype)
        for part in parts
    ]
    return np.concatenate(rows)


def _agreed_rates(parts: Sequence[Windows]) -> dict[str, float]:
    rates: dict[str, float] = {}
    for part in parts:
        for name, rate in part.rates.items():
            if abs(rates.setdefault(name, rate) - rate) > 1e-9 * rate:
                raise ValueError(
                    f"The rates of {name!r} differ: {rates[name]:g} and {rate:g} Hz. Resample "
                    "before concatenating."
                )
    return rates


def _agreed(what: str, values: Sequence[Any]) -> Any:
    distinct = list(dict.fromkeys(values))
    if len(distinct) > 1:
        raise ValueError(f"The windows differ in {what}: {distinct[0]} and {distinct[1]}.")
    return distinct[0] if distinct else None


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
