"""What a user meets first: names, imports, docstrings, versions."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from numpydoc.validate import validate

import m3n_sklearn

ROOT = Path(__file__).parents[1]
ROOMS = (
    "m3n_sklearn",
    *(
        f"m3n_sklearn.{module.name}"
        for module in pkgutil.iter_modules(m3n_sklearn.__path__)
        if not module.name.startswith("_")
    ),
)
# whole sentences and sections are checked; the form of one-line summaries is ruff's business
CODES = {"GL08", "PR01", "PR02", "PR07", "RT03", "SS01", "YD01"}


def run_fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_loads_nothing_heavy():
    heavy = "torch sentence_transformers smplx matplotlib skorch sklearn transformers pandas"
    out = run_fresh(
        f"import sys, m3n_sklearn; print([m for m in {heavy.split()!r} if m in sys.modules])"
    )
    assert out.strip() == "[]"


@pytest.mark.parametrize("name", m3n_sklearn.__all__)
def test_every_public_name_can_be_had(name):
    assert getattr(m3n_sklearn, name) is not None
    assert name in dir(m3n_sklearn)


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'Multi4Net'"):
        m3n_sklearn.Multi4Net  # noqa: B018


def public_objects():
    seen = {}
    for room in ROOMS:
        module = importlib.import_module(room)
        for name in module.__all__:
            thing = getattr(module, name)
            protocol = getattr(thing, "_is_protocol", False)
            if (inspect.isclass(thing) and not protocol) or inspect.isfunction(thing):
                seen[f"{thing.__module__}.{thing.__qualname__}"] = thing
    for path, thing in list(seen.items()):
        if inspect.isclass(thing):
            for name, member in inspect.getmembers(thing, inspect.isroutine):
                ours = str(getattr(member, "__module__", "")).startswith("m3n_sklearn")
                if ours and not name.startswith("_"):
                    seen[f"{path}.{name}"] = member
    return sorted(seen)


@pytest.mark.slow
@pytest.mark.parametrize("path", public_objects())
def test_docstrings_are_complete(path):
    report = validate(path)
    # the fields of a named tuple are documented as attributes, not as parameters
    codes = CODES - {"PR01"} if "Attributes\n----------" in (report["docstring"] or "") else CODES
    errors = [(code, text) for code, text in report["errors"] if code in codes]
    assert not errors


def test_the_changelog_knows_the_version():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    heads = re.findall(r"^## \[([^\]]+)\]", text, re.MULTILINE)
    assert heads[0] == "Unreleased"
    assert all(head == m3n_sklearn.__version__ for head in heads[1:2])


def test_every_module_can_be_imported():
    for module in pkgutil.walk_packages(m3n_sklearn.__path__, "m3n_sklearn."):
        importlib.import_module(module.name)
