"""Choice between NumPy and compiled loops."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["ENGINES", "load_engine"]

ENGINES = ("numpy", "numba")


def load_engine(engine: str, package: str | None) -> Any:
    """Return the compiled loops of a package, its module ``_compiled``; None for "numpy"."""
    if engine not in ENGINES:
        raise ValueError(f'engine must be "numpy" or "numba", got {engine!r}.')
    if engine == "numpy":
        return None
    try:
        return importlib.import_module("._numba", package)
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith(("numba", "llvmlite")):
            raise
        raise ImportError(
            'engine="numba" needs numba, which is not installed: '
            'pip install "m3n-sklearn[numba]", or take engine="numpy".'
        ) from error
