"""Benchmarks and examples import public names of the library only."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRIVATE = {"base_weights.py", "turned_axes.py", "video.py", "video_pays.py"}
"""Benchmarks that look inside the library, with their reason in the file."""


def private_names(source: str) -> list[str]:
    """Names imported from the library that no public module lists in its ``__all__``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found += [name for name in names if name.startswith("m3n_sklearn.")]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            module = node.module or ""
            if module.partition(".")[0] != "m3n_sklearn":
                continue
            hidden = "._" in module
            public = () if hidden else importlib.import_module(module).__all__
            found += [alias.name for alias in node.names if alias.name not in public]
    return found


@pytest.mark.parametrize("folder", ["benchmarks", "examples"])
def test_only_public_names_are_imported(folder):
    files = sorted((ROOT / folder).rglob("*.py"))
    assert len(files) > 10
    found = {(file.name, name) for file in files for name in private_names(file.read_text())}
    assert {file for file, _ in found} == (PRIVATE if folder == "benchmarks" else set())


@pytest.mark.parametrize(
    "line",
    [
        "from m3n_sklearn._inputs import InputMap",
        "from m3n_sklearn.body import _skin",
        "import m3n_sklearn.motion",
    ],
)
def test_private_names_are_found(line):
    assert private_names(line) and not private_names("from m3n_sklearn.body import skin")
