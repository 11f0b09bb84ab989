"""Where the motions of a corpus come from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..._checks import check_positive
from ..._hashing import file_digest
from ...motion import Motion

__all__ = ["CorpusSource", "Fingerprint"]


@dataclass(frozen=True, eq=False)
class CorpusSource:
    """Motions of one origin, under one license.

    Parameters
    ----------
    name : str
        Name of the source in the manifest and in the corpus' column ``source``. It is also the
        first part of the names of its clips.
    license : str
        Terms of the motions. Weights trained on a corpus inherit the terms of all its sources.
    motions : iterable of Motion or callable
        The clips, or a function that returns them. A function is called when the source is read,
        so that only one source is in memory at a time; a generator keeps only a few clips in
        memory.
    files : sequence of path-like, default=()
        Files that the motions were read from. The manifest contains their SHA-256.
    weight : float, default=1.0
        Factor of the shares of its captions if windows are selected (`n_windows`).

    Raises
    ------
    TypeError, ValueError
        If `name` or `license` is not a text, or `weight` is not positive.

    See Also
    --------
    build_corpus : Builds a corpus from sources.

    Examples
    --------
    >>> from m3n_sklearn.datasets import make_motions
    >>> from m3n_sklearn.pretraining import CorpusSource
    >>> source = CorpusSource(
    ...     "procedural", "BSD-3-Clause", lambda: make_motions(1, 1, ["wave"], random_state=0)
    ... )
    >>> source
    CorpusSource('procedural', 'BSD-3-Clause')

    Iterating over a source reads its motions:

    >>> [motion.name for motion in source]
    ['person0/wave/0']
    """

    name: str
    license: str
    motions: Iterable[Motion] | Callable[[], Iterable[Motion]]
    files: Sequence[str | os.PathLike[str]] = field(default=(), repr=False)
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        for what, text in (("name", self.name), ("license", self.license)):
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"The {what} of a source must be a text, got {text!r}.")
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
        return f"CorpusSource({self.name!r}, {self.license!r})"

    def __iter__(self) -> Iterator[Motion]:
        """Iterate over the motions."""
        motions = self.motions() if callable(self.motions) else self.motions
        for motion in motions:
            if not isinstance(motion, Motion):
                raise TypeError(
                    f"Source {self.name!r} must contain Motions, got {type(motion).__name__}."
                )
            yield motion

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each file by its name.

        Returns
        -------
        dict of str to str
            Names have as many parent folders as are needed to be different.
        """
        paths = list(dict.fromkeys(Path(os.path.abspath(file)) for file in self.files))
        depth = 1
        while len({path.parts[-depth:] for path in paths}) < len(paths):
            depth += 1
        return {"/".join(path.parts[-depth:]): file_digest(path) for path in paths}


class Fingerprint:
    """Size and digests of the motions of a source."""

    def __init__(self) -> None:
        self.clips = 0
        self.frames = 0
        self.seconds = 0.0
        self._facts = hashlib.sha256()
        self._values = hashlib.sha256()

    def see(self, motion: Motion) -> None:
        """Add a clip."""
        self.clips += 1
        self.frames += motion.n_frames
        self.seconds += motion.duration
        names = (motion.name, motion.text, motion.subject, motion.source)
        facts = (*names, *_body(motion), motion.n_frames, motion.n_joints)
        self._facts.update(repr(facts).encode())
        for values in (motion.poses, motion.trans, motion.times):
            self._values.update(values.tobytes())

    def record(self) -> dict[str, Any]:
        """Return the entries of the manifest."""
        return {
            "clips": self.clips,
            "frames": self.frames,
            "hours": round(self.seconds / 3600, 4),
            "facts_sha256": self._facts.hexdigest(),
            "values_sha256": self._values.hexdigest(),
        }


def _body(motion: Motion) -> tuple[Any, ...]:
    """Return sex, stature and shape, rounded so that the last bits do not matter."""
    stature = None if motion.stature is None else round(float(motion.stature), 3)
    betas = None if motion.betas is None else (motion.betas.round(3) + 0.0).tolist()
    return motion.sex, stature, betas
