"""Sphinx configuration."""

from __future__ import annotations

import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import m3n_sklearn

project = "m3n-sklearn"
author = "m3n-sklearn developers"
copyright = "2026, m3n-sklearn developers"
version = release = m3n_sklearn.__version__

sys.path.insert(0, str(Path(__file__).parent))  # extensions of our own
extensions = [
    "invariants_table",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "auto_examples/*.ipynb"]
templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = "m3n-sklearn"
html_static_path = ["_static"]
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"index": []}

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"run_demo\.py",
    "abort_on_example_error": True,
    "show_memory": False,
    "download_all_examples": False,
    "min_reported_time": 0,
    "within_subsection_order": "FileNameSortKey",
}

# the gallery must not look for a sentence model on the network
os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")


def drop_foreign_references(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Inherited docstrings refer to labels of scikit-learn's own documentation."""
    lines[:] = [re.sub(r":ref:`([^<`]+?)\s*<[^>]+>`", r"\1", line) for line in lines]


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", drop_foreign_references)
