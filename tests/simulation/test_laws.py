"""Every law of the list is tested, at the tolerance that the table states."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from .laws import invariant

TESTS = Path(__file__).parents[1]
EXEMPT = {23}  # gradients: nothing here is differentiated by a framework


def noted():
    """Tests with a note: (where, decorator, function)."""
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for call in node.decorator_list:
                    if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "invariant":
                        yield f"{path.name}::{node.name}", call, node


NOTED = list(noted())


def numbers(text):
    return [float(x) for x in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?", text)]


def test_every_law_is_tested():
    found = {call.args[0].value for _, call, _ in NOTED}
    assert found == set(range(1, 38)) - EXEMPT


@pytest.mark.parametrize(("call", "test"), [x[1:] for x in NOTED], ids=[x[0] for x in NOTED])
def test_stated_tolerances_are_those_compared_with(call, test):
    number, text = (argument.value for argument in call.args)
    [tolerance] = [keyword.value.value for keyword in call.keywords if keyword.arg == "tolerance"]
    assert f"_{number:02d}_" in test.name and text
    body = ast.Module(test.body, [])
    literals = {
        float(node.value)
        for node in ast.walk(body)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    }
    assert set(numbers(tolerance)) <= literals


def test_a_note_changes_nothing():
    def check(x):
        return x + 1

    twice = invariant(2, "b", tolerance="0")(invariant(1, "a", tolerance="1")(check))
    assert twice is check and twice(1) == 2
    assert [law.number for law in check.laws] == [1, 2]
