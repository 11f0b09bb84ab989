"""manifest.json: everything that a corpus was built from, to build it again."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import sklearn

from ..._files import reading
from ..._hashing import file_digest
from ..._persistence import decode, encode
from ..._validation import check_positive
from ..._version import __version__
from ..._warn import warn
from ...motion import Motion
from ._folder import MANIFEST, write_text

__all__ = [
    "CorpusSource",
    "Fingerprint",
    "check_sources",
    "compare",
    "estimator_from_json",
    "estimator_to_json",
    "read_manifest",
    "reading_manifest",
    "versions",
    "write_manifest",
]

FORMAT = 3


def versions() -> dict[str, str]:
    """Return the versions that the bits of a corpus depend on."""
    return {
        "m3n_sklearn": __version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "machine": platform.machine(),
    }


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Write the manifest into a corpus."""
    text = json.dumps({"format": FORMAT, **content}, indent=1, ensure_ascii=False)
    write_text(folder / MANIFEST, text + "\n")


def read_manifest(manifest: str | os.PathLike[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Read a manifest, or the one in a corpus; raise ValueError if it is of another format."""
    if isinstance(manifest, Mapping):
        content, where = dict(manifest), "The manifest"
    else:
        path = _file(manifest)
        if not path.is_file():
            raise FileNotFoundError(f"{path} is not a manifest of a corpus: the file is missing.")
        where = str(path)
        with reading_manifest(manifest):
            content = json.loads(path.read_text(encoding="utf-8"))
    needed = {"format", "parameters", "sources", "files"}
    if not isinstance(content, dict) or not needed <= set(content) or content["format"] != FORMAT:
        raise ValueError(f"{where} is not a manifest of format {FORMAT} written by build_corpus.")
    return content


def _file(manifest: str | os.PathLike[str]) -> Path:
    """Return the file of a manifest that is given by its corpus or itself."""
    path = Path(manifest)
    return path / MANIFEST if path.is_dir() else path


def reading_manifest(
    manifest: str | os.PathLike[str] | Mapping[str, Any],
) -> AbstractContextManager[Any]:
    """Name the file of a manifest in errors of its content, if it has one."""
    if isinstance(manifest, Mapping):
        return nullcontext()
    return reading(_file(manifest), "the manifest of a corpus")


def check_sources(manifest: Mapping[str, Any], sources: Sequence[CorpusSource]) -> None:
    """Raise ValueError for other sources than those of a manifest, before motions are read."""
    wanted = {source["name"]: source for source in manifest["sources"]}
    given = [source.name for source in sources]
    if given != list(wanted):
        raise ValueError(
            f"The manifest needs the sources {', '.join(wanted)}, in this order; got "
            f"{', '.join(given)}."
        )
    for source in sources:
        expected = wanted[source.name]
        if source.license != expected["license"]:
            raise ValueError(
                f"Source {source.name!r} had the license {expected['license']!r} in the manifest, "
                f"now {source.license!r}. Build a new corpus if the terms have changed."
            )
        if source.weight != expected["weight"]:
            raise ValueError(
                f"Source {source.name!r} had the weight {expected['weight']:g} in the manifest, "
                f"now {source.weight:g}."
            )
        if source.digests() != expected["files"]:
            changed = dict(expected["files"].items() ^ source.digests().items())
            raise ValueError(
                f"The files of source {source.name!r} are not those of the manifest: "
                f"{', '.join(sorted(changed))} differ."
            )


def compare(expected: Mapping[str, Any], built: Mapping[str, Any]) -> None:
    """Compare a corpus with a manifest: ValueError for other clips, a warning for other bits."""
    for old, new in zip(expected["sources"], built["sources"], strict=True):
        if old["facts_sha256"] != new["facts_sha256"]:
            raise ValueError(
                f"Source {new['name']!r} holds other clips than the manifest says: {new['clips']} "
                f"clips with {new['frames']} frames instead of {old['clips']} with "
                f"{old['frames']}, or other names, captions, people or bodies."
            )
    differing = [
        name
        for name, digest in expected["files"].items()
        if name.endswith(".npy") and built["files"].get(name) != digest
    ]
    if differing:
        moved = [
            new["name"]
            for old, new in zip(expected["sources"], built["sources"], strict=True)
            if old["values_sha256"] != new["values_sha256"]
        ]
        warn(
            f"The corpus is not bit-equal to that of the manifest: {', '.join(differing)} differ"
            + (f", because the motions of {', '.join(moved)} differ" if moved else "")
            + f". This one was built with {built['versions']}, that of the manifest with "
            f"{expected['versions']}.",
        )


# ---- estimators without a file of their own


def estimator_to_json(estimator: Any) -> dict[str, Any]:
    """Turn an estimator of this package into JSON, arrays as lists."""
    tree, tensors, dropped = encode(estimator)
    if dropped:
        raise TypeError(
            f"The manifest can't hold {', '.join(dropped)} of the simulator, so the corpus could "
            "not be built again. Use names and parameters of m3n_sklearn."
        )
    arrays = {
        name: {
            "dtype": array.dtype.str,
            "shape": list(array.shape),
            "values": array.ravel().tolist(),
        }
        for name, array in tensors.items()
    }
    return {"estimator": tree, "arrays": arrays}


def estimator_from_json(record: Mapping[str, Any]) -> Any:
    """Return the estimator that `estimator_to_json` has turned into JSON."""
    arrays = {
        name: np.array(array["values"], dtype=array["dtype"]).reshape(array["shape"])
        for name, array in record["arrays"].items()
    }
    return decode(record["estimator"], arrays)


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
