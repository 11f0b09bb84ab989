"""Tables with a header of their own, as the programs of optical motion capture export them.

Motive writes CSV files, with four or five rows of names above the columns; Qualisys Track Manager
writes TSV files, with one key in each row of the header. Both contain positions of bones or of
markers. Bones are joints; markers on the skin are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import Array
from ..skeleton import REQUIRED, columns_by_name

__all__ = ["SIGNATURES", "read_export"]

MOTIVE, QUALISYS = "format version", "no_of_frames"
VICON = ("trajectories", "model outputs", "devices", "joints", "segments")
SIGNATURES = (f"{MOTIVE},", f"{QUALISYS}\t")
"""Beginnings of exports, in lower case."""

UNITS = {"meters": 1.0, "centimeters": 0.01, "millimeters": 0.001}

Rows = Sequence[Sequence[str]]


def read_export(rows: Rows, person: int, *, named: bool) -> dict[str, Any] | None:
    """Return positions, names, rate, times, unit and upward axis; None for any other table.

    `named` tells that the names must be those of joints.
    """
    first = rows[0][0].lower() if rows and rows[0] else ""
    if first == MOTIVE:
        found = _from_motive(rows, person)
    elif first == QUALISYS:
        found = _from_qualisys(rows)
    elif first in VICON and len(rows) > 3 and rows[3][:2] == ["Frame", "Sub Frame"]:
        raise ValueError(
            "this is a table of Vicon Nexus. Export the trial as C3D, which read_c3d reads."
        )
    else:
        return None
    if named and not columns_by_name(found["names"]).keys() >= {*REQUIRED}:
        listed = ", ".join(found["names"][:12])
        raise ValueError(
            f"this is an export of {found['program']} with the positions of {listed}"
            f"{', ...' * (len(found['names']) > 12)}. These are not the joints of a person; "
            f"markers on the skin are not joints. {found['cure']} If some of the columns are "
            "joints, pass layout= with the name of a column for each, such as {'left_hip': "
            f"{found['names'][0]!r}, ...}}."
        )
    return {key: found[key] for key in found.keys() - {"program", "cure"}}


def _from_motive(rows: Rows, person: int) -> dict[str, Any]:
    """Return the bones of a skeleton in a CSV file of Motive; without bones, the markers."""
    # 1. Keys and values in the first row; the names above the row "Frame, Time (Seconds)"
    header = dict(zip(rows[0][::2], rows[0][1::2], strict=False))
    at = next((n for n, row in enumerate(rows) if row[0].lower() == "frame"), None)
    if at is None or at < 3:
        raise ValueError("this is an export of Motive without rows of names and of frames.")
    axes, kinds = [row for row in (rows[at], rows[at - 1])]
    types, names = rows[1], rows[2]
    if header.get("Coordinate Space", "Global").lower() == "local":
        raise ValueError(
            "this is an export of Motive in local coordinates. Export it with the coordinate space "
            "'Global'."
        )
    # 2. The columns x, y, z of each position
    places: dict[tuple[str, str], dict[str, int]] = {}
    for column, axis in enumerate(axes):
        cells = [row[column] if column < len(row) else "" for row in (kinds, types, names)]
        if cells[0].lower() == "position" and axis.lower() in ("x", "y", "z"):
            places.setdefault((cells[1].lower(), cells[2]), {})[axis.lower()] = column
    bones = {name: place for (kind, name), place in places.items() if kind == "bone"}
    chosen = bones or {name: place for (kind, name), place in places.items() if "marker" in kind}
    if not chosen:
        raise ValueError(
            "this is an export of Motive without positions of bones or markers. Export the bones "
            "of the skeleton, with global coordinates."
        )
    # 3. One person
    people = list(dict.fromkeys(name.rpartition(":")[0] for name in chosen))
    if not 0 <= person < len(people):
        raise ValueError(f"person={person}, but there are {len(people)} people.")
    chosen = {n: place for n, place in chosen.items() if n.rpartition(":")[0] == people[person]}
    values = _numbers(rows[at + 1 :], len(axes))
    return {
        "positions": values[:, [[place[axis] for axis in "xyz"] for place in chosen.values()]],
        "names": list(chosen),
        "times": values[:, 1],
        "rate": _rate(header.get("Export Frame Rate", "")),
        "meters": UNITS.get(header.get("Length Units", "").lower()),
        "up": "y",
        "program": "Motive",
        "cure": "Export the bones of the skeleton with global coordinates, or a BVH file.",
    }


def _from_qualisys(rows: Rows) -> dict[str, Any]:
    """Return the markers in a TSV file of Qualisys Track Manager."""
    # 1. Rows of a key and its values
    header = {row[0].upper(): list(row[1:]) for row in rows[:30] if row and not _is_number(row[0])}
    names = [name for name in header.get("MARKER_NAMES", []) if name]
    cure = "Solve a skeleton in the program, and export it to FBX, and that from Blender to BVH."
    if not names:
        included = " ".join(header.get("DATA_INCLUDED", [])) or "nothing"
        raise ValueError(
            "this is an export of Qualisys Track Manager without positions of markers; it has "
            f"{included}. Export 3D data, with the names of the markers. {cure}"
        )
    # 2. Rows of numbers: x, y, z of each marker, behind frame and time in some exports
    start = next((n for n, row in enumerate(rows) if row and _is_number(row[0])), len(rows))
    width = max((len(row) for row in rows[start:]), default=0)
    before = 2 if "FRAME" in header else 0
    if width < before + 3 * len(names):
        raise ValueError(
            f"this is an export of Qualisys Track Manager with rows of {width} numbers, but "
            f"{len(names)} markers need {before + 3 * len(names)}. Is it truncated?"
        )
    values = _numbers(rows[start:], width)
    return {
        "positions": values[:, before : before + 3 * len(names)].reshape(len(values), -1, 3),
        "names": names,
        "rate": _rate((header.get("FREQUENCY") or [""])[0]),
        "meters": 0.001,
        "up": "z",
        "program": "Qualisys Track Manager",
        "cure": cure,
    }


def _numbers(rows: Rows, width: int) -> Array:
    """Return rows of numbers (F, width); empty cells are missing."""
    if not rows:
        raise ValueError("it has no rows of numbers.")
    values = np.full((len(rows), width), np.nan)
    for number, row in enumerate(rows):
        cells = row[:width]
        values[number, : len(cells)] = [float(cell or "nan") for cell in cells]
    return values


def _rate(word: str) -> float | None:
    """Return the frame rate of a header in Hz, or None."""
    return float(word.replace(",", ".")) if _is_number(word) and float(word) > 0 else None


def _is_number(word: str) -> bool:
    """Tell whether a cell is a number."""
    try:
        float(word)
    except ValueError:
        return False
    return True
