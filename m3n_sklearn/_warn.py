"""Warnings that point at the user's line, however deep inside the library they arise."""

from __future__ import annotations

import sys
import warnings

__all__ = ["warn"]

IN_BETWEEN = ("m3n_sklearn", "sklearn", "skorch", "joblib", "torch", "numpy", "contextlib")
"""Packages that are never the user's line: this one, and those that call it for the user."""


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning at the innermost line that belongs to neither this library nor its callers.

    A fixed `stacklevel` is wrong as soon as a function is called from two depths, and a Pipeline
    adds frames of its own.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _package(frame) in IN_BETWEEN:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _package(frame: object) -> str:
    """Return the top-level package of a frame."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]  # type: ignore[attr-defined]
