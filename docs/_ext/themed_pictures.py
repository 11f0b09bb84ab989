"""Show ``_static/pictures/NAME.svg`` as ``NAME-light.svg`` or ``NAME-dark.svg``, by theme."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

FOLDER = "/_static/pictures/"


class ThemedPictures(SphinxTransform):
    """Replace each image, or the figure around it, by both variants; the theme hides one."""

    default_priority = 200

    def apply(self, **kwargs: Any) -> None:
        for image in list(self.document.findall(nodes.image)):
            if not image["uri"].startswith(FOLDER):
                continue
            whole = image.parent if isinstance(image.parent, nodes.figure) else image
            variants = []
            for theme in ("light", "dark"):
                variant = whole.deepcopy()
                variant["classes"].append(f"only-{theme}")
                [inner] = variant.findall(nodes.image)
                inner["uri"] = image["uri"].replace(".svg", f"-{theme}.svg")
                inner["classes"].append("picture")
                variants.append(variant)
            variants[1]["ids"] = []  # a reference leads to the first
            whole.replace_self(variants)


def setup(app: Any) -> dict[str, bool]:
    app.add_transform(ThemedPictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
