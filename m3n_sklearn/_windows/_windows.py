"""Windows: the multi-modal X. Named arrays that share their first axis.

Rows are windows; columns are modalities or facts about the rows. Scikit-learn slices rows only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._channel_names import read_names, say
from .._tables import make_frame
from .._typing import AnyArray
from .._validation import check_choice, list_of
from ._columns import (
    MASKS,
    MODALITIES,
    RATE_OF,
    agreed,
    agreed_rates,
    as_column,
    check_agreement,
    check_column,
    check_margin,
    check_present,
    check_rates,
    common_length,
    stack_column,
)

if TYPE_CHECKING:
    from ..inspection import WindowsDisplay

__all__ = ["Windows", "check_finite", "tell", "told"]

Rows = slice | NDArray[np.int64] | None


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
        arrays = {k: as_column(k, v) for k, v in columns.items() if v is not None}
        count = common_length(arrays)
        masks = check_present(present, arrays, count)
        for name, array in arrays.items():
            check_column(name, array, masks.get(name))
        check_agreement(arrays, channels)
        self._arrays: dict[str, AnyArray] = arrays
        self._present: dict[str, NDArray[np.bool_]] = masks
        self._rates: dict[str, float] = check_rates(rate, arrays)
        names, doubts = (None, ()) if channels is None else read_names(tuple(channels))
        self._channels: tuple[str, ...] | None = names
        self._margin = check_margin(margin)
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
        from ..inspection import windows_html

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
        from ..inspection import WindowsDisplay

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
        columns = {
            name: stack_column(name, [p[name] if name in p else len(p) for p in parts])
            for name in names
        }
        whole = cls(
            rate=agreed_rates(part.rates for part in parts),
            channels=agreed("channels", [p.channels for p in parts if "imu" in p]),
            margin=agreed("margin", [p.margin for p in parts if "pose" in p]) or 0.0,
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
        """Return the values of a column in these rows."""
        if name not in self._arrays:
            raise KeyError(
                f"Windows have no column {name!r}. The columns are {', '.join(self._arrays)}."
            )
        return _rows_of(self._arrays[name], self._rows)

    def _row_key(self, key: Any) -> slice | NDArray[np.int64]:
        """Return a checked key as a slice or as row numbers from 0."""
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
        """Return some of these rows; no column is read."""
        rows: Rows
        # 1. A slice of a slice stays one, so that its columns are views
        if isinstance(key, slice) and not isinstance(self._rows, np.ndarray):
            chosen = range(self._total)[self._rows or slice(None)][key]
            stop = chosen.stop if chosen.stop >= 0 else None  # backwards, to the first row
            rows = slice(chosen.start, stop, chosen.step) if chosen else slice(0, 0)
            count = len(chosen)
        # 2. Otherwise row numbers of the stored columns
        else:
            current = self._rows
            if not isinstance(current, np.ndarray):
                current = np.arange(self._total)[current or slice(None)]
            rows = current[key]
            count = len(rows)
        taken = self._like(self._arrays)
        taken._rows, taken._n = rows, count
        return taken

    @property
    def _total(self) -> int:
        """Number of rows that are stored."""
        return len(next(iter(self._arrays.values())))

    def _like(self, arrays: dict[str, AnyArray]) -> Windows:
        """Return the same rows of other columns, with the metadata that belong to them."""
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


def _rows_of(array: AnyArray, rows: Rows) -> AnyArray:
    """Return some rows of an array; None is all."""
    return array if rows is None else array[rows]
