"""Show ``_static/pictures/NAME.svg`` as ``NAME-light.svg`` or ``NAME-dark.svg``, as the theme of
the page asks."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

FOLDER = "/_static/pictures/"


class ThemedPictures(SphinxTransform):
    """Replace each image by both variants; the theme hides one by its class."""

    default_priority = 200

    def apply(self, **kwargs: Any) -> None:
        for image in list(self.document.findall(nodes.image)):
            if not image["uri"].startswith(FOLDER):
                continue
            variants = []
            for theme in ("light", "dark"):
                variant = image.copy()
                variant["uri"] = image["uri"].replace(".svg", f"-{theme}.svg")
                variant["classes"] = [*image["classes"], f"only-{theme}", "picture"]
                variants.append(variant)
            image.replace_self(variants)


def setup(app: Any) -> dict[str, bool]:
    app.add_transform(ThemedPictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
