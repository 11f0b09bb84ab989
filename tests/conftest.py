"""Fixtures that every room shares."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")  # figures without a screen
settings.register_profile("m3n", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("m3n")

DATA_VARIABLE = "M3N_SKLEARN_DATA"


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Return the folder of a real data set, or skip where it is not at hand."""

    def find(name: str) -> Path:
        root = os.environ.get(DATA_VARIABLE)
        if not root:
            pytest.skip(f"{name}: set {DATA_VARIABLE} to the folder of the real data sets")
        path = Path(root) / name
        if not path.exists():
            pytest.skip(f"{name}: not found in {DATA_VARIABLE}={root}")
        return path

    return find
