"""Where the motions of a corpus come from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..._checks import check_positive
from ...motion import Motion

__all__ = ["CorpusSource", "Fingerprint", "file_digest"]

BLOCK = 1 << 20
"""Bytes that are read at a time."""


@dataclass(frozen=True, eq=False)
class CorpusSource:
    """Motions of one origin, under one licence.

    Parameters
    ----------
    name : str
        What the manifest and the column ``source`` of the corpus call it; also the first part
        of the names of its clips.
    licence : str
        The terms of the motions, in words. Weights that are trained on a corpus inherit the
        terms of all its sources.
    motions : iterable of Motion or callable
        The clips, or a function that returns them, which is called when their turn comes: so
        that no two sources, or with a generator no two clips, need be in memory together.
    files : sequence of path-like, default=()
        The files they were read from; the manifest holds their SHA-256.
    weight : float, default=1.0
        Factor of the shares of its captions where windows are chosen (`n_windows`).

    Raises
    ------
    TypeError, ValueError
        If name or licence are no text, or the weight is not positive.

    See Also
    --------
    build_corpus : What sources are for.

    Examples
    --------
    >>> from m3n_sklearn.datasets import make_motions
    >>> from m3n_sklearn.pretraining import CorpusSource
    >>> CorpusSource("procedural", "BSD-3-Clause", lambda: make_motions(2, 1, random_state=0))
    CorpusSource('procedural', 'BSD-3-Clause')
    """

    name: str
    licence: str
    motions: Iterable[Motion] | Callable[[], Iterable[Motion]]
    files: Sequence[str | os.PathLike[str]] = field(default=(), repr=False)
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Check what can be wrong."""
        for what, text in (("name", self.name), ("licence", self.licence)):
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"The {what} of a source must be some words, got {text!r}.")
        if not callable(self.motions) and not isinstance(self.motions, Iterable):
            raise TypeError(
                f"The motions of source {self.name!r} must be Motions or a function that returns "
                f"them, got {type(self.motions).__name__}."
            )
        if isinstance(self.files, (str, os.PathLike)):
            raise TypeError(
                f"The files of source {self.name!r} must be a list of paths, got the single "
                f"{self.files!r}: give files=[{str(self.files)!r}]."
            )
        check_positive(self.weight, f"The weight of source {self.name!r}")

    def __repr__(self) -> str:
        return f"CorpusSource({self.name!r}, {self.licence!r})"

    def __iter__(self) -> Iterator[Motion]:
        """Go through the motions, checked."""
        motions = self.motions() if callable(self.motions) else self.motions
        for motion in motions:
            if not isinstance(motion, Motion):
                raise TypeError(
                    f"Source {self.name!r} must hold Motions, got {type(motion).__name__}."
                )
            yield motion

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each file, by its name with as few folders as tell it apart."""
        paths = list(dict.fromkeys(Path(os.path.abspath(file)) for file in self.files))
        depth = 1
        while len({path.parts[-depth:] for path in paths}) < len(paths):
            depth += 1
        return {"/".join(path.parts[-depth:]): file_digest(path) for path in paths}


class Fingerprint:
    """What was seen of a source: how much, and a digest of the very bits."""

    def __init__(self) -> None:
        self.clips = 0
        self.frames = 0
        self.seconds = 0.0
        self._facts = hashlib.sha256()
        self._values = hashlib.sha256()

    def see(self, motion: Motion) -> None:
        """Take a clip into account."""
        self.clips += 1
        self.frames += motion.n_frames
        self.seconds += motion.duration
        names = (motion.name, motion.text, motion.subject, motion.source)
        facts = (*names, *_body(motion), motion.n_frames, motion.n_joints)
        self._facts.update(repr(facts).encode())
        for values in (motion.poses, motion.trans, motion.times):
            self._values.update(values.tobytes())

    def record(self) -> dict[str, Any]:
        """Return it for the manifest."""
        return {
            "clips": self.clips,
            "frames": self.frames,
            "hours": round(self.seconds / 3600, 4),
            "facts_sha256": self._facts.hexdigest(),
            "values_sha256": self._values.hexdigest(),
        }


def _body(motion: Motion) -> tuple[Any, ...]:
    """Return whose body it is, rounded so that the last bits do not matter."""
    stature = None if motion.stature is None else round(float(motion.stature), 3)
    betas = None if motion.betas is None else (motion.betas.round(3) + 0.0).tolist()
    return motion.sex, stature, betas


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
