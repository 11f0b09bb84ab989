"""Checks of numbers and arrays that several rooms share: what was given, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._typing import Array

__all__ = [
    "RATES",
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
    "plain_column",
    "real_array",
]

RATES = (0.1, 1e5)
"""Slowest and fastest rate in Hz at which anybody records how bodies move."""


def is_number(value: Any) -> bool:
    """Tell whether something is a real number, and no boolean.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    bool
        True for Python's and NumPy's integers and floats.
    """
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def check_positive(value: Any, name: str, unit: str = "") -> float:
    """Return a finite number above 0 as a float, or complain.

    Parameters
    ----------
    value : object
        What was given.
    name, unit : str
        What the message calls it, and what it is measured in.

    Returns
    -------
    float
        The same number.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is not positive or not finite.

    Examples
    --------
    >>> check_positive(50, "rate", "Hz")
    50.0
    """
    of = f" of {unit}" if unit else ""
    if not is_number(value):
        raise TypeError(f"{name} must be a number{of}, got {type(value).__name__} ({value!r}).")
    if not 0 < value < np.inf:
        raise ValueError(f"{name} must be a positive number{of}, got {value!r}.")
    return float(value)


def check_rate(value: Any, name: str) -> float:
    """Return a rate that sensors or cameras can have as a float, or complain.

    Parameters
    ----------
    value : object
        What was given.
    name : str
        What the message calls it.

    Returns
    -------
    float
        The same number.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is not positive, or beyond all reason.

    Examples
    --------
    >>> check_rate(50, "rate")
    50.0
    """
    rate = check_positive(value, name, "Hz")
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(
            f"{name} must lie between {RATES[0]:g} and {RATES[1]:g} Hz, got {value!r}. Give the "
            "samples per second."
        )
    return rate


def check_count(value: Any, name: str) -> int:
    """Return a whole number of at least 1, or complain.

    Parameters
    ----------
    value : object
        What was given.
    name : str
        What the message calls it.

    Returns
    -------
    int
        The same number.

    Raises
    ------
    TypeError
        If it is no whole number.
    ValueError
        If it is below 1.

    Examples
    --------
    >>> check_count(3, "per_class")
    3
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, got {value!r}.")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}.")
    return int(value)


def real_array(values: ArrayLike, name: str, expected: str) -> Array:
    """Return real numbers as a new float64 array, or complain about anything else.

    Parameters
    ----------
    values : array-like
        Nested numbers of any real type.
    name : str
        What the message calls it.
    expected : str
        What it should be, such as ``"axis-angle vectors of shape (frames, joints, 3)"``.

    Returns
    -------
    ndarray
        A copy.

    Raises
    ------
    ValueError
        If rows have different lengths, or something is no real number.

    Examples
    --------
    >>> real_array([1, 2], "times", "seconds of shape (frames,)")
    array([1., 2.])
    """
    try:
        array = np.asarray(values)
        numeric = array.dtype.kind in "fiub" or (array.dtype.kind == "O" and array.ndim > 0)
        if numeric:
            return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} can't be read as an array of numbers ({error}). Expected {expected}."
        ) from error
    given = f"dtype {array.dtype}" if array.ndim else f"{type(values).__name__} ({values!r})"
    raise ValueError(f"{name} must hold real numbers, got {given}. Expected {expected}.")


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
    """Return the entries of an iterable, or say what should have been given.

    Parameters
    ----------
    values : object
        An iterable.
    name, expected : str
        What the message calls it, and what it should be.

    Returns
    -------
    list
        The entries.

    Raises
    ------
    TypeError
        If it can't be iterated.

    Examples
    --------
    >>> list_of(("a", "b"), "names", "channel names")
    ['a', 'b']
    """
    if not isinstance(values, Iterable):
        raise TypeError(f"{name} must be {expected}, got {type(values).__name__} ({values!r}).")
    return list(values)


def check_rotation(matrix: ArrayLike, name: str) -> Array:
    """Return a rotation matrix as an array, or complain.

    Parameters
    ----------
    matrix : array-like of shape (3, 3)
        A proper rotation.
    name : str
        What the message calls it.

    Returns
    -------
    ndarray of shape (3, 3)
        The same numbers.
    """
    values = real_array(matrix, name, "a (3, 3) rotation matrix")
    if values.shape != (3, 3):
        raise ValueError(f"{name} must be a (3, 3) rotation matrix, got shape {values.shape}.")
    if not np.allclose(values.T @ values, np.eye(3), atol=1e-6) or np.linalg.det(values) < 0:
        raise ValueError(
            f"{name} is not a rotation matrix: its columns must be orthonormal and right-handed."
        )
    return values


def plain_column(values: ArrayLike, name: str, n_rows: int | None = None) -> NDArray[Any]:
    """Return a column as numbers or strings: objects can be neither sorted nor stored surely.

    Parameters
    ----------
    values : array-like of shape (n,)
        One entry per window.
    name : str
        What the message calls it.
    n_rows : int, optional
        How many entries there must be.

    Returns
    -------
    ndarray of shape (n,)
        The same values.

    Raises
    ------
    ValueError
        If an entry is missing (None or NaN), entries are neither numbers nor strings or of both
        kinds, or their number is another one.

    Examples
    --------
    >>> plain_column(["ann", "bob"], "groups")
    array(['ann', 'bob'], dtype='<U3')
    """
    array = _as_array(values)
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
            f"or NaN, the first in row {missing[0]}: leave those windows out first."
        )
    if array.dtype == object:
        if len({type(value) for value in listed}) > 1:
            raise ValueError(f"{name} must be all numbers or all strings, got {set(listed)}.")
        array = np.array(listed)
    if array.dtype.kind not in "biufU":
        raise ValueError(f"{name} must be numbers or strings, got {array.dtype}: convert them.")
    return array


def _as_array(values: ArrayLike) -> NDArray[Any]:
    try:
        array = np.asarray(values)
    except ValueError:  # tuples of several lengths
        return np.asarray(values, dtype=object)
    kinds = {type(value) for value in values} if isinstance(values, (list, tuple)) else set()
    # numpy would turn the numbers of a mixed list into strings, and None into "None"
    return np.asarray(values, dtype=object) if str in kinds and len(kinds) > 1 else array


def is_missing(value: Any) -> bool:
    """Whether an entry is None, NaN or pandas' NA."""
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):  # pandas.NA answers neither yes nor no
        return True


def check_vector(values: ArrayLike, name: str) -> Array:
    """Return three finite numbers as an array, or raise an error."""
    vector = real_array(values, name, "3 finite numbers")
    if vector.shape != (3,) or not np.isfinite(vector).all():
        raise ValueError(f"{name} must be 3 finite numbers, got {values!r}.")
    return vector
