"""Captions of the videos in a folder: from a table, a mapping, or the names of files or folders."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .._files import reading
from .._warn import warn
from ..motion import as_sentences

__all__ = ["ENDINGS", "Caption", "captions_of", "videos_in"]

ENDINGS = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp")

FROM_NAMES = ("names", "folders")

MAX_LISTED = 6


class Caption(NamedTuple):
    """What is known about a video."""

    text: tuple[str, ...] = ()
    label: Hashable | None = None
    subject: Hashable | None = None


def videos_in(folder: Path) -> dict[str, Path]:
    """Return the videos in a folder and below by their relative paths, sorted."""
    found = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in ENDINGS
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
    if not found:
        raise ValueError(
            f"No video in {folder}: looked for files that end in {', '.join(ENDINGS)}."
        )
    return found


def captions_of(files: Sequence[str], captions: Any) -> dict[str, Caption]:
    """Return a caption for each relative path."""
    # 1. Words in the names of files or of their folders
    if isinstance(captions, str) and captions in FROM_NAMES:
        return {file: Caption(as_sentences(_words(file, captions))) for file in files}
    # 2. A mapping, or a table
    if isinstance(captions, Mapping):
        given = {str(file): Caption(as_sentences(text)) for file, text in captions.items()}
    elif isinstance(captions, (str, os.PathLike)):
        given = _read_table(Path(captions))
    else:
        raise TypeError(
            "captions must be the path of a .csv file, a mapping of file name to caption, 'names' "
            f"or 'folders'; got {captions!r}."
        )
    # 3. Files by path, by name, or by name without ending
    keys = _keys(files)
    unknown = [name for name in given if name not in keys]
    if unknown:
        raise ValueError(
            f"{len(unknown)} captions belong to no video in the folder, or to several: "
            f"{_listed(unknown)}. Give paths relative to the folder."
        )
    found = {keys[name]: caption for name, caption in given.items()}
    without = [file for file in files if file not in found]
    if without:
        warn(
            f"{len(without)} of {len(files)} videos have no caption and are used without one: "
            f"{_listed(without)}."
        )
    return {file: found.get(file, Caption()) for file in files}


def _words(file: str, where: str) -> str:
    """Return the words in the name of a file, without its number, or in that of its folder."""
    path = Path(file)
    name = path.stem if where == "names" else path.parent.name
    if not name:
        raise ValueError(
            f"{file} lies in no folder below the given one, so captions='folders' fails."
        )
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return re.sub(r"[\s_\-.]+", " ", re.sub(r"[\s_\-.]*\(?\d+\)?$", "", words)).strip().lower()


def _keys(files: Sequence[str]) -> dict[str, str]:
    """Return the relative path that each unambiguous name stands for."""
    keys: dict[str, str] = {}
    for short in (lambda p: p.stem, lambda p: p.name, lambda p: p.with_suffix("").as_posix()):
        names: dict[str, list[str]] = {}
        for file in files:
            names.setdefault(short(Path(file)), []).append(file)
        keys.update({name: same[0] for name, same in names.items() if len(same) == 1})
    return {**keys, **{file: file for file in files}}


def _read_table(path: Path) -> dict[str, Caption]:
    """Read a table with the columns file and text, and if present label and subject."""
    found: dict[str, Caption] = {}
    with (
        reading(path, "a table of captions"),
        path.open(newline="", encoding="utf-8-sig") as handle,
    ):
        rows = csv.DictReader(handle)
        names = [name.strip().lower() for name in rows.fieldnames or ()]
        if "file" not in names or "text" not in names:
            raise ValueError(f"it needs the columns file and text; it has {', '.join(names)}")
        for line in rows:
            row = {str(key).strip().lower(): value for key, value in line.items()}
            file = str(row["file"] or "").strip().replace("\\", "/")
            before = found.get(file, Caption())
            # several rows of one file are paraphrases
            found[file] = Caption(
                (*before.text, *as_sentences(row["text"])),
                row.get("label") or before.label,
                row.get("subject") or before.subject,
            )
    return found


def _listed(names: Sequence[str]) -> str:
    """Join the first names, and count the others."""
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more
