"""Checks of numbers and arrays that several rooms share. Errors say what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._typing import Array

__all__ = [
    "RATES",
    "as_array",
    "check_choice",
    "check_count",
    "check_finite",
    "check_positive",
    "check_rate",
    "check_rotation",
    "check_vector",
    "finite_array",
    "is_missing",
    "is_number",
    "list_of",
    "looks_like_a_period",
    "plain_column",
    "real_array",
]

SLOWEST = 1.0
"""Rate in Hz below which a period was probably given instead of a rate."""

RATES = (0.1, 1e5)
"""Slowest and fastest rate in Hz at which body motion is recorded."""


def is_number(value: Any) -> bool:
    """Tell whether a value is a real number; booleans are not."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def check_positive(value: Any, name: str, unit: str = "") -> float:
    """Return a finite number above 0 as a float, or raise; `unit` is for the message."""
    of = f" of {unit}" if unit else ""
    if not is_number(value):
        raise TypeError(f"{name} must be a number{of}, got {type(value).__name__} ({value!r}).")
    if not 0 < value < np.inf:
        raise ValueError(f"{name} must be a positive number{of}, got {value!r}.")
    return float(value)


def check_rate(value: Any, name: str) -> float:
    """Return a plausible rate in Hz as a float, or raise."""
    rate = check_positive(value, name, "Hz")
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(
            f"{name} must lie between {RATES[0]:g} and {RATES[1]:g} Hz, got {value!r}. Give the "
            "samples per second."
        )
    return rate


def looks_like_a_period(rate: float, what: str) -> str | None:
    """Return a warning if a rate looks like the time between samples, else None."""
    if rate >= SLOWEST:
        return None
    return (
        f"{what} has a rate of {rate:.4g} Hz, one sample every {1 / rate:.4g} s. If {rate:.4g} is "
        f"the time between samples in s, the rate is {1 / rate:.4g} Hz."
    )


def check_count(value: Any, name: str) -> int:
    """Return a whole number of at least 1, or raise."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, got {value!r}.")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}.")
    return int(value)


def check_choice(value: Any, name: str, allowed: Sequence[Any]) -> Any:
    """Return a value if it is one of the allowed ones, or raise."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}.")
    return value


def real_array(values: ArrayLike, name: str, expected: str) -> Array:
    """Return real numbers as a new float64 array, or raise and say what was expected."""
    if hasattr(values, "detach"):  # a tensor of torch, which may require gradients
        values = values.detach().cpu()
    try:
        array = np.asarray(values)
        numeric = array.dtype.kind in "fiub" or (array.dtype.kind == "O" and array.ndim > 0)
        if numeric:
            return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} cannot be read as an array of numbers ({error}). Expected {expected}."
        ) from error
    given = f"dtype {array.dtype}" if array.ndim else f"{type(values).__name__} ({values!r})"
    raise ValueError(f"{name} must contain real numbers, got {given}. Expected {expected}.")


def check_finite(array: NDArray[Any], name: str, shape: tuple[int | None, ...]) -> None:
    """Raise unless an array has a shape (None: any length) and only finite entries."""
    fits = array.ndim == len(shape) and all(
        expected is None or expected == given
        for expected, given in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{name} must have shape {_in_words(shape)}, got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite; it has NaN or infinite entries.")


def _in_words(shape: tuple[int | None, ...]) -> str:
    lengths = ", ".join("any" if n is None else str(n) for n in shape)
    return f"({lengths},)" if len(shape) == 1 else f"({lengths})"


def finite_array(values: ArrayLike, name: str, shape: tuple[int | None, ...]) -> Array:
    """Return finite real numbers of some shape (None: any length) as a new float64 array."""
    array = real_array(values, name, f"finite numbers of shape {_in_words(shape)}")
    check_finite(array, name, shape)
    return array


def list_of(values: Any, name: str, expected: str) -> list[Any]:
    """Return the entries of an iterable as a list, or raise and say what was expected."""
    if not isinstance(values, Iterable):
        raise TypeError(f"{name} must be {expected}, got {type(values).__name__} ({values!r}).")
    return list(values)


def check_rotation(matrix: ArrayLike, name: str) -> Array:
    """Return a (3, 3) rotation matrix as an array, or raise."""
    values = real_array(matrix, name, "a (3, 3) rotation matrix")
    if values.shape != (3, 3):
        raise ValueError(f"{name} must be a (3, 3) rotation matrix, got shape {values.shape}.")
    if not np.allclose(values.T @ values, np.eye(3), atol=1e-6) or np.linalg.det(values) < 0:
        raise ValueError(
            f"{name} is not a rotation matrix: its columns must be orthonormal and right-handed."
        )
    return values


def plain_column(values: ArrayLike, name: str, n_rows: int | None = None) -> NDArray[Any]:
    """Return one entry per window as numbers or strings, which can be sorted and stored."""
    array = as_array(values)
    if array.ndim != 1 or n_rows not in (None, len(array)):
        count = "" if n_rows is None else f", {n_rows}"
        hint = " Join parts of a name into one string." if array.ndim > 1 else ""
        raise ValueError(
            f"{name} must have one entry per window{count}, got shape {array.shape}.{hint}"
        )
    listed = array.tolist()
    missing = [row for row, value in enumerate(listed) if is_missing(value)]
    if missing:
        raise ValueError(
            f"{name} must be known for every window, but {len(missing)} of {len(listed)} are None "
            f"or NaN, the first in row {missing[0]}: drop those windows first."
        )
    if array.dtype == object:
        if len({type(value) for value in listed}) > 1:
            raise ValueError(f"{name} must be all numbers or all strings, got {set(listed)}.")
        array = np.array(listed)
    if array.dtype.kind not in "biufU":
        kind = type(listed[0]).__name__ if array.dtype == object else array.dtype
        raise ValueError(
            f"{name} must be numbers or strings, got {kind}: convert them, for example with "
            "map(str, ...)."
        )
    return array


def as_array(values: ArrayLike) -> NDArray[Any]:
    """Return an array; mixed lists stay objects, since NumPy would convert them to strings.

    Masked entries become None.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        objects: NDArray[Any] = values.data.astype(object)
        objects[np.ma.getmaskarray(values)] = None
        return objects
    try:
        array = np.asarray(values)
    except ValueError:  # tuples of several lengths
        return np.asarray(values, dtype=object)
    kinds = {type(value) for value in values} if isinstance(values, (list, tuple)) else set()
    return np.asarray(values, dtype=object) if str in kinds and len(kinds) > 1 else array


def is_missing(value: Any) -> bool:
    """Tell whether an entry is None, NaN or pandas' NA."""
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):  # the comparison of pandas.NA is not a boolean
        return True


def check_vector(values: ArrayLike, name: str) -> Array:
    """Return three finite numbers as an array, or raise an error."""
    vector = real_array(values, name, "3 finite numbers")
    if vector.shape != (3,) or not np.isfinite(vector).all():
        raise ValueError(f"{name} must be 3 finite numbers, got {values!r}.")
    return vector
