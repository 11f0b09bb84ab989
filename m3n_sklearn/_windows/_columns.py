"""Columns of windows: their names, shapes and rates, and what makes them valid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._tables import plain_array
from .._typing import AnyArray
from .._validation import check_positive, is_missing, is_number, list_of

__all__ = [
    "MASKS",
    "MODALITIES",
    "RATE_OF",
    "SHAPES",
    "agreed",
    "agreed_rates",
    "as_column",
    "check_agreement",
    "check_column",
    "check_margin",
    "check_present",
    "check_rates",
    "common_length",
    "stack_column",
]

MODALITIES = ("text", "pose", "imu")
"""Columns that have an encoder."""

RATE_OF = {"imu": "imu", "pose": "pose", "trans": "pose"}
"""The rate that each column with a time axis uses."""

MASKS = ("observed", "measured")
"""Columns that tell which values of imu are readings."""

SHAPES = {
    "imu": "(n, channels, samples)",
    "pose": "(n, frames, joints, 3)",
    "trans": "(n, frames, 3)",
}
"""Shapes of columns with a time axis."""


def as_column(name: str, values: Any) -> AnyArray:
    """Return the values of a column as an array in the byte order of this machine."""
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
    """Return texts as an array: of strings, or of objects if rows have several paraphrases."""
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


def common_length(arrays: Mapping[str, AnyArray]) -> int:
    """Return the number of rows, which must be that of every column."""
    if not arrays:
        raise ValueError("Windows needs at least one column, such as imu= or pose=.")
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise ValueError(f"Columns must have equal numbers of rows, got {listed}.")
    return next(iter(lengths.values()))


def check_column(name: str, array: AnyArray, present: NDArray[np.bool_] | None) -> None:
    """Raise ValueError for wrong shapes or values; memory maps are not searched for values."""
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


def check_agreement(arrays: Mapping[str, AnyArray], channels: Sequence[str] | None) -> None:
    """Raise ValueError if columns, or the names of channels, do not belong to each other."""
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


def check_present(
    present: Mapping[str, ArrayLike] | None, arrays: Mapping[str, AnyArray], count: int
) -> dict[str, NDArray[np.bool_]]:
    """Return the masks of the rows that have a column."""
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


def check_rates(
    rate: float | Mapping[str, float] | None, columns: Iterable[str]
) -> dict[str, float]:
    """Return the rates of imu and pose, of those that are among the columns."""
    timed = {RATE_OF[name] for name in columns if name in RATE_OF}
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


def check_margin(margin: float) -> float:
    """Return a number of seconds of at least 0, or raise."""
    if not is_number(margin) or not 0 <= margin < np.inf:
        raise ValueError(f"margin must be a number of seconds of at least 0, got {margin!r}.")
    return float(margin)


# ---- the rows of several windows


def stack_column(name: str, parts: Sequence[AnyArray | int]) -> AnyArray:
    """Stack a column of several windows; a number stands for so many rows without the column."""
    owners = [part for part in parts if not isinstance(part, int)]
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
        np.full((part, *shape), filler, dtype=dtype) if isinstance(part, int) else part
        for part in parts
    ]
    return np.concatenate(rows)


def agreed_rates(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the rates of several windows, which must agree where more than one has them."""
    rates: dict[str, float] = {}
    for part in parts:
        for name, rate in part.items():
            if abs(rates.setdefault(name, rate) - rate) > 1e-9 * rate:
                raise ValueError(
                    f"The rates of {name!r} differ: {rates[name]:g} and {rate:g} Hz. Resample "
                    "before concatenating."
                )
    return rates


def agreed(what: str, values: Sequence[Any]) -> Any:
    """Return the value that all have, or None if there are none."""
    distinct = list(dict.fromkeys(values))
    if len(distinct) > 1:
        raise ValueError(f"The windows differ in {what}: {distinct[0]} and {distinct[1]}.")
    return distinct[0] if distinct else None
