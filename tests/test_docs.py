"""Code on the first pages runs as it stands there, and tables equal the files that they quote."""

from __future__ import annotations

import doctest
import importlib
import re
import runpy
import shutil
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils import estimator_html_repr

from m3n_sklearn import Multi3NetClassifier, Multi3NetPretrainer, SMPLIMUSimulator
from m3n_sklearn._compat import DocumentationLink
from m3n_sklearn.evaluation import WindowFeatures
from m3n_sklearn.simulation import IMUNoise
from m3n_sklearn.temporal import HMMClassifier

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

ESTIMATOR_ROOMS = (
    "classification",
    "evaluation",
    "pretraining",
    "simulation",
    "temporal",
    "text",
)


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    shutil.copy(ROOT / "examples" / "watch.csv", tmp_path)
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        "index.rst",
        "quick_start.rst",
        "user_guide/stream.rst",
        "user_guide/tables.rst",
    ],
)
def test_pages_run_and_print_what_they_show(page, in_folder):
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, tried = doctest.testfile(str(DOCS / page), module_relative=False, optionflags=options)
    assert tried > 5
    assert failed == 0


@pytest.mark.slow
def test_readme_code_runs(in_folder):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert hasattr(names["classifier"], "classes_")


def test_readme_table_is_that_of_the_benchmark():
    table = runpy.run_path(str(DOCS / "readme_table.py"))["results"]()
    assert table in (ROOT / "README.md").read_text(encoding="utf-8")


def test_pages_of_the_first_steps_use_public_names_only():
    for page in (ROOT / "README.md", DOCS / "index.rst", DOCS / "quick_start.rst"):
        imports = re.findall(
            r"(?:from|import) (m3n_sklearn[\w.]*)", page.read_text(encoding="utf-8")
        )
        assert imports
        assert not [name for name in imports if "._" in name]


@pytest.mark.parametrize(
    "estimator",
    [
        HMMClassifier(Multi3NetClassifier()),
        IMUNoise(),
        Multi3NetClassifier(),
        Multi3NetPretrainer(),
        SMPLIMUSimulator(),
        WindowFeatures(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_html_repr_links_to_the_page_of_the_class(estimator, monkeypatch):
    address = staticmethod(lambda: "https://example.org/docs")
    monkeypatch.setattr(DocumentationLink, "_documentation_address", address)
    name = type(estimator).__name__
    [room] = re.findall(
        rf'href="https://example.org/docs/api/generated/(m3n_sklearn\.\w+)\.{name}.html"',
        estimator_html_repr(estimator),
    )
    assert hasattr(importlib.import_module(room), name)


def test_every_public_estimator_links_to_its_page():
    rooms = [importlib.import_module(f"m3n_sklearn.{room}") for room in ESTIMATOR_ROOMS]
    named = [getattr(room, name) for room in rooms for name in room.__all__]
    estimators = [c for c in named if isinstance(c, type) and issubclass(c, BaseEstimator)]
    assert {c.__name__ for c in estimators} >= {"SensorNoise", "Randomization", "HMMClassifier"}
    assert [c.__name__ for c in estimators if not issubclass(c, DocumentationLink)] == []


def test_no_link_without_an_address(monkeypatch):
    monkeypatch.setattr(DocumentationLink, "_documentation_address", staticmethod(lambda: ""))
    assert "API documentation" not in estimator_html_repr(SMPLIMUSimulator())
