"""Sphinx configuration."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import m3n_sklearn

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS / "_ext")]  # extensions of our own

from api_pages import template_context  # noqa: E402
from inventories import intersphinx_mapping as other_projects  # noqa: E402
from sphinx_gallery.sorting import ExplicitOrder  # noqa: E402

project = "m3n-sklearn"
author = "m3n-sklearn developers"
copyright = "2026, m3n-sklearn developers"
version = release = m3n_sklearn.__version__

extensions = [
    "api_pages",
    "changelog_page",
    "gallery_pictures",
    "invariants_table",
    "mathml",
    "measured",
    "themed_pictures",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_ext", "_templates", "pictures", "auto_examples/*.ipynb"]
templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = "m3n-sklearn"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 7,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {
    name: [] for name in ("index", "install", "quick_start", "choose", "faq", "glossary")
}

# Every reference must resolve, `make docs` builds with -n -W.
nitpicky = True
nitpick_ignore = []
intersphinx_mapping = other_projects(DOCS)
intersphinx_timeout = 10

autosummary_generate = True
autosummary_context = template_context()
autodoc_typehints = "none"
numpydoc_show_class_members = False  # the template of the class pages lists the members
numpydoc_class_members_toctree = False

# Copy the code without prompts and without output.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

GALLERY = [  # by task
    # your recordings, and what a classifier makes of them
    "plot_describe.py",
    "plot_label_efficiency.py",
    "plot_zero_shot.py",
    "plot_teach.py",
    "plot_openpack.py",
    "plot_stream.py",
    # pretraining
    "plot_whole_story.py",
    "plot_pipeline.py",
    "plot_grid_search.py",
    # simulation
    "plot_watch.py",
    "plot_real_tracks.py",
    "*",
    "plot_calibration.py",
    "plot_own_body.py",
    "plot_finite_differences.py",
]

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"(run_demo|make_watch_csv|film)\.py",
    "abort_on_example_error": True,
    "show_memory": False,
    "download_all_examples": False,
    "write_computation_times": False,
    "image_scrapers": ("gallery_pictures",),
    "ignore_repr_types": r"matplotlib|Display",
    "within_subsection_order": ExplicitOrder(GALLERY),
    "backreferences_dir": "api/gallery",
    "doc_module": ("m3n_sklearn",),
    "reference_url": {"m3n_sklearn": None},
}

# The gallery does not look for a sentence model on the network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")


def setup(app):
    """Leave out a template that the theme puts among the static files."""
    app.connect(
        "build-finished",
        lambda app, _: (app.outdir / "_static" / "webpack-macros.html").unlink(missing_ok=True),
    )
