"""Checks of the entries of motion files: rotations, frame numbers, rates, missing keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._typing import AnyArray, Array
from .._validation import check_positive, real_array
from .._warn import warn
from ..skeleton import (
    SMPL_JOINTS,
    matrix_from_sixd,
    rotvec_from_matrix,
    rotvec_from_quat,
)

__all__ = ["as_rotvecs", "convention_of", "frame_numbers", "has_joints", "known_rate", "look_up"]

MAX_ROUNDING = 0.02
"""Largest deviation of R R' from the identity that counts as rounding."""

NUMBERS = (3, 9, 6, 4)
"""Numbers of a rotation: rotation vector, matrix, two columns of it, quaternion."""

MIN_CONTRAST = 0.1
"""Smallest difference between the mean |w| of the two orders of quaternions that tells them."""

MIN_FLEXION = 0.05
"""Smallest mean bend of the knees, in rad, that tells columns from rows."""

MAX_EXTENSION = 0.15
"""Largest mean bend of the knees in the wrong direction, in rad."""

KNEES = [SMPL_JOINTS.index("left_knee"), SMPL_JOINTS.index("right_knee")]


def as_rotvecs(
    values: ArrayLike, name: str, joints: tuple[int, ...], convention: str | None = None
) -> Array:
    """Return rotation vectors (F, J, 3), with J one of `joints`, from any kind of rotations."""
    # `convention`: of 6-D rotations and quaternions, as `convention_of` finds it in all joints
    array = real_array(values, name, _expected(joints))
    numbers = _numbers_of(array, joints)
    if numbers is None:
        raise ValueError(f"{name} has shape {array.shape}. Expected {_expected(joints)}.")
    rows = array.reshape(len(array), -1, numbers)
    if numbers == 3:
        _warn_if_inverse(rows, name)
        return rows
    finite = np.isfinite(rows).all(axis=-1)
    vectors = np.full((*rows.shape[:2], 3), np.nan)
    if numbers == 9:
        matrices = rows.reshape(-1, 3, 3)[finite.ravel()]
        deviation = np.abs(matrices @ np.swapaxes(matrices, -1, -2) - np.eye(3))
        if not (deviation <= MAX_ROUNDING).all() or not (np.linalg.det(matrices) > 0).all():
            raise ValueError(
                f"{name} has matrices that are not rotations. Expected {_expected(joints)}."
            )
        vectors[finite] = rotvec_from_matrix(matrices)
        _warn_if_inverse(vectors, name)
        return vectors
    kind = convention_of(array, name, joints) if convention is None else convention
    if numbers == 4:
        quats = rows[finite]
        vectors[finite] = rotvec_from_quat(quats[:, [3, 0, 1, 2]] if kind == "xyzw" else quats)
        return vectors
    sixd = rows[finite]
    matrices = matrix_from_sixd(sixd[:, [0, 2, 4, 1, 3, 5]] if kind == "interleaved" else sixd)
    vectors[finite] = rotvec_from_matrix(
        np.swapaxes(matrices, -1, -2) if kind == "rows" else matrices
    )
    return vectors


def convention_of(values: ArrayLike, name: str, joints: tuple[int, ...]) -> str | None:
    """Return the order of the numbers in quaternions and in 6-D rotations; None for others."""
    # Quaternions: "wxyz" or "xyzw". 6-D: "columns" (the first two one after the other), "rows"
    # (PyTorch3D), or "interleaved" (columns of an array (3, 2), as networks return it).
    array = real_array(values, name, _expected(joints))
    numbers = _numbers_of(array, joints)
    if numbers not in (4, 6):
        return None
    rows = array.reshape(len(array), -1, numbers)
    finite = rows[np.isfinite(rows).all(axis=(1, 2))]
    if not len(finite):
        return "wxyz" if numbers == 4 else "columns"
    # 1. Quaternions: most joints turn by less than a right angle, so that w is the largest
    if numbers == 4:
        if np.abs(np.linalg.norm(finite, axis=-1) - 1).max() > MAX_ROUNDING:
            raise ValueError(f"{name} has quaternions whose length is not 1.")
        first, last = np.abs(finite[:, :, [0, 3]]).mean(axis=(0, 1))
        if rows.shape[1] == 1 or abs(first - last) < MIN_CONTRAST:
            raise ValueError(
                f"{name} has quaternions whose order, (w, x, y, z) or (x, y, z, w), cannot be told "
                "from the poses. Pass rotation vectors in rad."
            )
        return "wxyz" if first > last else "xyzw"
    # 2. 6-D: two unit vectors at right angles, in one of two places
    apart, mixed = (
        _skewness(finite[..., order]) for order in ([0, 1, 2, 3, 4, 5], [0, 2, 4, 1, 3, 5])
    )
    if min(apart, mixed) > 0.5:
        raise ValueError(
            f"{name} has 6-D rotations whose two vectors are not at right angles. Expected "
            f"{_expected(joints)}."
        )
    if mixed < apart:
        return "interleaved"
    # 3. Columns or rows, a rotation or its inverse: knees bend backwards only
    flexion = 0.0
    if rows.shape[1] > max(KNEES):
        turns = rotvec_from_matrix(matrix_from_sixd(finite[:, _knees(rows.shape[1])]))
        flexion = float(turns[..., 0].mean())
    if abs(flexion) < MIN_FLEXION:
        warn(
            f"{name} has 6-D rotations, and the knees hardly bend, which would tell columns from "
            "rows of the matrices. Columns were taken (Zhou et al., 2019); if limbs look wrong, "
            "pass matrices or rotation vectors."
        )
    return "rows" if flexion < -MIN_FLEXION else "columns"


def _knees(joints: int) -> list[int]:
    """Return the columns of the knees; odd numbers of joints are without the root."""
    return [knee - joints % 2 for knee in KNEES]


def _warn_if_inverse(vectors: Array, name: str) -> None:
    """Warn if knees bend forwards, as they do in inverse rotations or transposed matrices."""
    if vectors.shape[1] <= max(KNEES):
        return
    flexion = vectors[:, _knees(vectors.shape[1]), 0]
    flexion = flexion[np.isfinite(flexion)]
    if flexion.size and flexion.mean() < -MAX_EXTENSION:
        warn(
            f"The knees of {name} bend forwards, by {np.rad2deg(-flexion.mean()):.0f} degrees on "
            "average. The rotations look inverted: transpose the matrices, or negate the vectors."
        )


def _skewness(sixd: Array) -> float:
    """Return how far two vectors are from unit vectors at right angles: median of the largest."""
    first, second = sixd[..., :3], sixd[..., 3:]
    lengths = [np.abs(np.linalg.norm(part, axis=-1) - 1) for part in (first, second)]
    return float(np.median(np.maximum.reduce([*lengths, np.abs((first * second).sum(axis=-1))])))


def has_joints(values: ArrayLike, joints: tuple[int, ...]) -> bool:
    """Tell whether an array has the shape of rotations of some number of joints."""
    try:
        return _numbers_of(np.asarray(values), joints) is not None
    except ValueError:  # lists of several lengths
        return False


def _numbers_of(array: AnyArray, joints: tuple[int, ...]) -> int | None:
    """Return the numbers of each rotation in an array of one row per frame, or None."""
    if array.ndim < 2 or not len(array):
        return None
    inner = array.shape[1:]
    size = int(np.prod(inner))
    for numbers in NUMBERS:
        shaped = len(inner) == 1 or inner[-1] == numbers or inner[-2:] == (3, 3)
        if shaped and size % numbers == 0 and size // numbers in joints:
            return numbers
    return None


def _expected(joints: tuple[int, ...]) -> str:
    """Describe the rotations of some numbers of joints."""
    return (
        f"axis-angle vectors (frames, {' or '.join(str(3 * n) for n in joints)}) in rad, or "
        "rotation matrices (frames, joints, 3, 3)"
    )


def frame_numbers(values: ArrayLike, where: str) -> NDArray[np.int64]:
    """Return whole numbers of shape (F,)."""
    numbers = real_array(values, where, "numbers of frames, shape (frames,)")
    if numbers.ndim != 1 or not np.isfinite(numbers).all() or np.any(numbers % 1):
        raise ValueError(f"{where} must be whole numbers of shape (frames,), got {values!r:.80}.")
    return numbers.astype(np.int64)


def known_rate(rate: float | None, what: str) -> float:
    """Return the frames per second, or raise if they are not given."""
    if rate is None:
        raise ValueError(
            f"{what} does not contain its frame rate. Pass rate= in frames per second; a wrong "
            "rate scales every simulated acceleration by its square."
        )
    hertz = check_positive(rate, "rate", "Hz")
    if not 1e-3 <= hertz <= 1e6:  # its time stamps would coincide, or end in years
        raise ValueError(f"{what}: a movement is not recorded at {hertz:g} frames per second.")
    return hertz


def look_up(record: Any, key: str, where: str) -> Any:
    """Return an entry of a dictionary, or raise and list its keys."""
    if not isinstance(record, Mapping):
        raise ValueError(f"{where} must be a dictionary with {key!r}, got {type(record).__name__}.")
    if key not in record:
        listed = ", ".join(f"{name!r:.80}" for name in list(record)[:20]) or "nothing"
        raise ValueError(f"{where} has no {key!r}; it has {listed}.")
    return record[key]
