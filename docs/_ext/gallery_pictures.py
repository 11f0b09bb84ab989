"""Thumbnails of the gallery: each figure small, with thick lines and without text."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

SIZE = (4.0, 2.8)
"""Inches, at 100 dots per inch."""

LINES = 2.5
"""Width of the lines in relation to those of the figure."""

NUMBER = re.compile(r"^# sphinx_gallery_thumbnail_number = (\d+)$", flags=re.MULTILINE)


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figures of a block as the gallery does, and a sketch of each."""
    import matplotlib.pyplot as plt
    from sphinx_gallery.scrapers import matplotlib_scraper

    figures = [plt.figure(number) for number in plt.get_fignums()]
    first = len(block_vars["image_path_iterator"]) + 1
    rst = matplotlib_scraper(block, block_vars, gallery_conf)
    template = Path(block_vars["image_path_iterator"].image_path)
    for number, figure in enumerate(figures, first):
        path = Path(str(template).format(number))
        sketch = path.parent / "sketches" / path.name
        sketch.parent.mkdir(exist_ok=True)
        _simplify(figure)
        figure.savefig(sketch, dpi=100)
    return rst


def _simplify(figure: Any) -> None:
    """Remove all text from a figure, and make it small."""
    from matplotlib.text import Text

    for legend in [*figure.legends, *(axes.get_legend() for axes in figure.axes)]:
        if legend is not None:
            legend.remove()
    for axes in figure.axes:
        sides = ("bottom", "left", "top", "right")
        axes.tick_params(which="both", length=0, **{f"label{side}": False for side in sides})
        for line in axes.lines:
            line.set_linewidth(LINES * line.get_linewidth())
        for spine in axes.spines.values():
            spine.set_color("0.7")
    figure.set_size_inches(SIZE)
    for text in figure.findobj(Text):
        text.set_visible(False)
        text.set_in_layout(False)


def use_sketches(app: Any) -> None:
    """Replace the thumbnails that the gallery has made by sketches."""
    gallery = app.config.sphinx_gallery_conf
    images = Path(app.srcdir, gallery["gallery_dirs"], "images")
    for example in Path(app.srcdir, gallery["examples_dirs"]).glob("plot_*.py"):
        found = NUMBER.search(example.read_text(encoding="utf-8"))
        number, name = int(found[1]) if found else 1, f"sphx_glr_{example.stem}"
        sketch = images / "sketches" / f"{name}_{number:03d}.png"
        if sketch.exists():
            shutil.copy(sketch, images / "thumb" / f"{name}_thumb.png")


def _get_sg_image_scraper() -> Any:
    return scrape


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", use_sketches, priority=900)  # after sphinx-gallery
    return {"parallel_read_safe": True, "parallel_write_safe": True}
