"""Print the lower bounds of pyproject.toml as pip constraints: ``make test-min`` installs them.

torch is left out: other builds than the one of constraints.txt are gigabytes large.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

EXTRAS = ("dev", "demo", "numba", "table", "report", "conformal", "video", "deploy")
NOT_PINNED = {"torch", "m3n-sklearn"}
PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lower_bounds() -> Iterator[str]:
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    for requirement in [
        *project["dependencies"],
        *(requirement for extra in EXTRAS for requirement in extras[extra]),
    ]:
        match = re.fullmatch(r"([\w.-]+)(?:\[[^]]*\])?>=([\w.]+)", requirement)
        if match and match[1] not in NOT_PINNED:
            yield f"{match[1]}=={match[2]}"


if __name__ == "__main__":
    print("\n".join(sorted(set(lower_bounds()))))
