"""Checks of the entries of motion files: rotations, frame numbers, rates, missing keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._typing import Array
from .._validation import check_positive, real_array
from ..skeleton import rotvec_from_matrix

__all__ = ["as_rotvecs", "frame_numbers", "known_rate", "look_up"]

MAX_ROUNDING = 0.02
"""Largest deviation of R R' from the identity that counts as rounding."""


def as_rotvecs(values: ArrayLike, name: str, joints: tuple[int, ...]) -> Array:
    """Return rotation vectors (F, J, 3) from vectors or matrices, with J one of `joints`."""
    expected = (
        f"axis-angle vectors (frames, {' or '.join(str(3 * n) for n in joints)}) in rad, or "
        "rotation matrices (frames, joints, 3, 3)"
    )
    array = real_array(values, name, expected)
    if array.ndim == 3 and array.shape[1:] == (3, 3) and 1 in joints and 3 not in joints:
        array = array[:, None]
    # 1. Matrices
    if array.ndim == 4 and array.shape[2:] == (3, 3) and array.shape[1] in joints:
        deviation = np.abs(array @ np.swapaxes(array, -1, -2) - np.eye(3))
        if not (deviation <= MAX_ROUNDING).all() or not (np.linalg.det(array) > 0).all():
            raise ValueError(f"{name} has matrices that are not rotations. Expected {expected}.")
        return rotvec_from_matrix(array)
    # 2. Vectors
    if array.ndim in (2, 3) and len(array):
        flat = array.reshape(len(array), -1)
        if flat.shape[1] % 3 == 0 and flat.shape[1] // 3 in joints:
            return flat.reshape(len(flat), -1, 3)
    raise ValueError(f"{name} has shape {array.shape}. Expected {expected}.")


def frame_numbers(values: ArrayLike, where: str) -> NDArray[np.int64]:
    """Return whole numbers of shape (F,)."""
    numbers = real_array(values, where, "numbers of frames, shape (frames,)")
    if numbers.ndim != 1 or not np.isfinite(numbers).all() or np.any(numbers % 1):
        raise ValueError(f"{where} must be whole numbers of shape (frames,), got {values!r}.")
    return numbers.astype(np.int64)


def known_rate(rate: float | None, what: str) -> float:
    """Return the frames per second, or raise if they are not given."""
    if rate is None:
        raise ValueError(
            f"{what} does not contain the video's frame rate. Pass rate= in frames per second; a "
            "wrong rate scales every simulated acceleration by its square."
        )
    return check_positive(rate, "rate", "Hz")


def look_up(record: Any, key: str, where: str) -> Any:
    """Return an entry of a dictionary, or raise and list its keys."""
    if not isinstance(record, Mapping):
        raise ValueError(f"{where} must be a dictionary with {key!r}, got {type(record).__name__}.")
    if key not in record:
        listed = ", ".join(repr(name) for name in list(record)[:20]) or "nothing"
        raise ValueError(f"{where} has no {key!r}; it has {listed}.")
    return record[key]
