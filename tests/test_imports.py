"""Which file may import what: the rules of the house, read from the real imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.house import FLOORS, LAZY, Tree, room_of

TREE = Tree(Path(__file__).parents[1])


def say(imports):
    return [f"{each.module}:{each.line} imports {each.target}" for each in imports]


def test_rooms_import_only_from_below():
    assert say(TREE.upward()) == []


def test_no_room_reaches_past_the_door_of_another():
    assert say(TREE.into_private()) == []


def test_the_exceptions_are_imported_inside_of_methods_only():
    for module, target in LAZY:
        every = [each for each, _ in TREE._all_imports_of(module) if each.target == target]
        assert every
        assert not [each for each in TREE.imports if each in every]


def test_no_circle():
    assert TREE.circles() == []


def test_every_room_and_top_level_module_has_a_floor():
    known = {room for rooms in FLOORS for room in rooms}
    assert {room_of(name) for name in TREE.paths} - {""} == known


def test_all_modules_are_private():
    packages = {name for name, path in TREE.paths.items() if path.name == "__init__.py"}
    assert [
        name
        for name in TREE.paths
        if name not in packages and not name.rsplit(".", 1)[-1].startswith("_")
    ] == []


def test_a_public_name_has_one_home():
    homes = {}
    for module, names in TREE.public_names().items():
        for name in names if module != "m3n_sklearn" else ():
            homes.setdefault(name, []).append(module)
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


def foreign_imports(module):
    """Give the dotted names of everything that a module imports from other packages."""
    for node in ast.walk(TREE.trees[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_one_file_imports_skorch():
    users = {m for m in TREE.paths if any(n.split(".")[0] == "skorch" for n in foreign_imports(m))}
    assert users == {"m3n_sklearn._training"}


def test_one_file_imports_private_parts_of_scikit_learn():
    users = {
        module
        for module in TREE.paths
        for name in foreign_imports(module)
        if name.split(".")[0] == "sklearn" and any(p.startswith("_") for p in name.split("."))
    }
    assert users == {"m3n_sklearn._compat"}


def test_networks_know_no_scikit_learn():
    for module in TREE.paths:
        if room_of(module) == "nets":
            assert not [n for n in foreign_imports(module) if n.split(".")[0] == "sklearn"]


@pytest.mark.slow
@pytest.mark.parametrize("room", ["motion", "recording", "procedural", "body", "simulation"])
def test_simulation_and_what_is_below_work_without_torch(room):
    code = f"import sys, m3n_sklearn.{room}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
