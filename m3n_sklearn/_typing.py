"""Aliases for types that signatures share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["AnyArray", "Array", "Mask"]

Array = NDArray[np.float64]
AnyArray = NDArray[Any]
Mask = NDArray[np.bool_]
