"""Links to the documentation of other projects, with and without a network.

With ``M3N_SKLEARN_DOCS_ONLINE=1`` intersphinx fetches the inventories that the other projects
publish. Otherwise it reads small ones, written here from ``foreign_names.txt``: the names that
these pages refer to, at the addresses where those projects document them. A name that is in
neither is an error with ``-n -W``, so the list stays complete.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

ADDRESSES = {
    "python": "https://docs.python.org/3",
    "numpy": "https://numpy.org/doc/stable",
    "scipy": "https://docs.scipy.org/doc/scipy",
    "sklearn": "https://scikit-learn.org/stable",
    "pandas": "https://pandas.pydata.org/docs",
    "torch": "https://docs.pytorch.org/docs/stable",
    "skorch": "https://skorch.readthedocs.io/en/stable",
    "matplotlib": "https://matplotlib.org/stable",
}


def read_names(path: Path) -> dict[str, list[str]]:
    """Inventory lines of each project.

    A line of the file is: project, domain:role, name, address below the project's. ``$`` in the
    address stands for the name.
    """
    lines: dict[str, list[str]] = {project: [] for project in ADDRESSES}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        project, role, name, location = line.split()
        lines[project].append(f"{name} {role} 1 {location.replace('$', name)} -")
    return lines


def write_inventory(path: Path, project: str, lines: list[str]) -> None:
    """Write a Sphinx inventory, version 2."""
    head = (
        "# Sphinx inventory version 2\n"
        f"# Project: {project}\n"
        "# Version: \n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    body = zlib.compress("".join(f"{line}\n" for line in lines).encode())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head.encode() + body)


def intersphinx_mapping(docs: Path) -> dict[str, tuple[str, str | None]]:
    """The value of ``intersphinx_mapping`` for ``conf.py``."""
    if os.environ.get("M3N_SKLEARN_DOCS_ONLINE"):
        return {project: (address, None) for project, address in ADDRESSES.items()}
    mapping: dict[str, tuple[str, str | None]] = {}
    for project, lines in read_names(docs / "foreign_names.txt").items():
        path = docs / "_build" / "inventories" / f"{project}.inv"
        write_inventory(path, project, lines)
        mapping[project] = (ADDRESSES[project], str(path))
    return mapping
