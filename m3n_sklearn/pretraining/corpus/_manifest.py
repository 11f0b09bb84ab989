"""manifest.json: everything that a corpus was built from, to build it again."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
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
from ...recording import Recording
from ._captions import RecordingTerms, check_terms, label_counts, warn_unknown
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
        terms = None if source.terms is None else source.terms.record()
        before = expected.get("recordings")
        if terms != (before and {name: before[name] for name in terms or before}):
            raise ValueError(
                f"Source {source.name!r} differs from that of the manifest in texts, mount or "
                "min_purity, or in whether it contains motions or recordings."
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
    """Motions of one origin, under one license; ``from_recordings`` takes recordings.

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
        memory. It must return a new iterator each time: sources are read more than once.
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
    motions: Iterable[Any] | Callable[[], Iterable[Any]]
    files: Sequence[str | os.PathLike[str]] = field(default=(), repr=False)
    weight: float = 1.0
    terms: RecordingTerms | None = field(default=None, init=False, repr=False)
    read: Iterator[Any] | None = field(default=None, init=False, repr=False)  # the last iterator

    @classmethod
    def from_recordings(
        cls,
        name: str,
        license: str,
        recordings: Iterable[Recording] | Callable[[], Iterable[Recording]],
        *,
        texts: Mapping[Hashable, str | Sequence[str]] | str | None = "auto",
        mount: str = "known",
        min_purity: float = 0.8,
        files: Sequence[str | os.PathLike[str]] = (),
        weight: float = 1.0,
    ) -> CorpusSource:
        """Make a source of real recordings.

        Their windows have readings and captions, and no pose. Any rate is resampled to that of the
        corpus. Recordings may have other sensors than the corpus: what they lack is marked absent,
        and what the corpus lacks is left out.

        Parameters
        ----------
        name, license : str
            As in the constructor.
        recordings : iterable of Recording or callable
            The recordings, or a function that returns them. Accelerations are in m/s² and include
            gravity. Channels are named by their site, such as ``left_wrist_acc_x``:

            - A site that the corpus has is used as it is.
            - The same site of the other side is mirrored into that of the corpus, with left and
              right in its captions. The axes are assumed to be those of a site.
            - Without a side (``wrist_acc_x``, ``acc_x``), windows go to the left and the right in
              turn, as if the sensor had been worn on either.
        texts : mapping of label to sentences, "auto" or None, default="auto"
            Captions of the windows. All sentences of a label are paraphrases; a label with ``()``
            has no caption. ``"auto"`` takes them from
            :func:`~m3n_sklearn.text.activity_sentences`; a label that is not in its table is
            described by its own words, with a warning. Recordings without labels have the caption
            in their `text`. With None, windows have no caption: they train the reconstruction, and
            the contrast of two views if it is an objective.
        mount : {"known", "unknown"}, default="known"
            Whether the axes of the sensors are those of their sites, up to the cone of the
            augmentation. Windows with an unknown mounting are turned to any orientation while a
            pretrainer is trained, other windows as its `augment` says.
        min_purity : float, default=0.8
            Windows are left out if a smaller share of their samples has the label of the window.
        files : sequence of path-like, default=()
            Files that the recordings were read from.
        weight : float, default=1.0
            Factor of the shares of its captions if windows are selected (`n_windows`).

        Returns
        -------
        CorpusSource
            A source for :func:`build_corpus`, alone or next to sources of motions. Its people are
            the subjects of the recordings, named ``<name>/<subject>`` in the corpus.

        Raises
        ------
        TypeError, ValueError
            If a parameter has the wrong type or is out of range.

        See Also
        --------
        m3n_sklearn.text.activity_sentences : Sentences of common activities.

        Notes
        -----
        With `n_windows`, the windows of a caption are divided among its people by the rule of
        `balance`, so that a person with many hours does not outnumber the others.

        Examples
        --------
        >>> import numpy as np, tempfile
        >>> from m3n_sklearn import Recording
        >>> from m3n_sklearn.pretraining import CorpusSource, build_corpus, open_corpus
        >>> from m3n_sklearn.recording import channel_names
        >>> acc = np.random.default_rng(0).normal(0, 3, (500, 3)) + [0, 0, 9.8]
        >>> walk = Recording(acc, 25.0, channel_names("right_wrist", "acc"), labels="walking",
        ...                  subject="anna", name="1")
        >>> source = CorpusSource.from_recordings("watches", "CC BY 4.0", [walk], mount="unknown")
        >>> corpus = open_corpus(build_corpus(source, tempfile.mkdtemp() + "/corpus"))
        >>> corpus["imu"].shape[1:], corpus["text"][0][0], str(corpus["groups"][0])
        ((3, 128), 'a person walks', 'watches/anna')
        """
        if not callable(recordings) and not isinstance(recordings, Iterable):
            raise TypeError(
                f"The recordings of source {name!r} must be a list of Recordings or a function "
                f"that returns them, got {type(recordings).__name__}."
            )
        read = recordings if callable(recordings) else tuple(recordings)
        source = cls(name, license, read, files, weight)
        object.__setattr__(source, "terms", check_terms(texts, mount, min_purity, name))
        return source

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

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the motions or recordings."""
        kind: type = Motion if self.terms is None else Recording
        items = self.motions() if callable(self.motions) else self.motions
        if isinstance(items, Iterator):
            if items is self.read:
                raise ValueError(
                    f"Source {self.name!r} is read a second time, but its {kind.__name__}s are an "
                    "iterator, which can be read once. Give a list, or a function that returns a "
                    "new iterator at each call."
                )
            object.__setattr__(self, "read", items)
        for item in items:
            if not isinstance(item, kind):
                hint = " Use CorpusSource.from_recordings." * isinstance(item, Recording)
                raise TypeError(
                    f"Source {self.name!r} must contain {kind.__name__}s, got "
                    f"{type(item).__name__}.{hint}"
                )
            yield item

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
    """Size and digests of the motions or recordings of a source."""

    def __init__(self, source: CorpusSource) -> None:
        self.source = source
        self.people: set[Hashable] = set()
        self.label_seconds: dict[Hashable, float] = {}
        self.clips = 0
        self.frames = 0
        self.seconds = 0.0
        self._facts = hashlib.sha256()
        self._values = hashlib.sha256()

    def see(self, item: Motion | Recording) -> None:
        """Add a clip."""
        self.clips += 1
        if isinstance(item, Recording):
            self._see_recording(item)
        else:
            self._see_motion(item)

    def _see_motion(self, motion: Motion) -> None:
        """Add a motion."""
        self.frames += motion.n_frames
        self.seconds += motion.duration
        names = (motion.name, motion.text, motion.subject, motion.source)
        facts = (*names, *_body(motion), motion.n_frames, motion.n_joints)
        self._facts.update(repr(facts).encode())
        for values in (motion.poses, motion.trans, motion.times):
            self._values.update(values.tobytes())

    def _see_recording(self, recording: Recording) -> None:
        """Add a recording."""
        self.frames += recording.n_samples
        self.seconds += recording.n_samples / recording.rate
        if recording.subject is not None:
            self.people.add(recording.subject)
        for label, count in label_counts(recording).items():
            seconds = self.label_seconds.get(label, 0.0)
            self.label_seconds[label] = seconds + count / recording.rate
        names = (recording.name, recording.text, recording.subject, recording.channels)
        labels = None if recording.labels is None else recording.labels.tolist()
        facts = (*names, recording.rate, recording.start, recording.n_samples, labels)
        self._facts.update(repr(facts).encode())
        for values in (recording.data, recording.observed):
            self._values.update(values.tobytes())

    def record(self) -> dict[str, Any]:
        """Return the entries of the manifest."""
        terms = self.source.terms
        if terms is not None and terms.texts == "auto":
            warn_unknown(self.label_seconds, self.source.name)
        hours = {str(k): round(s / 3600, 4) for k, s in self.label_seconds.items()}
        more = {"people": len(self.people), "label_hours": hours}
        return {
            "clips": self.clips,
            "frames": self.frames,
            "hours": round(self.seconds / 3600, 4),
            "facts_sha256": self._facts.hexdigest(),
            "values_sha256": self._values.hexdigest(),
            **({} if terms is None else {"recordings": {**terms.record(), **more}}),
        }


def _body(motion: Motion) -> tuple[Any, ...]:
    """Return sex, stature and shape, rounded so that the last bits do not matter."""
    stature = None if motion.stature is None else round(float(motion.stature), 3)
    betas = None if motion.betas is None else (motion.betas.round(3) + 0.0).tolist()
    return motion.sex, stature, betas
