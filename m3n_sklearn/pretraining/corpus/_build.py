"""Building a corpus from motions, and building it again from its manifest."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from ..._checks import list_of
from ...motion import Motion
from ...simulation._keys import keyed_rng
from ._balance import choose_rows
from ._clips import Names, Tally, chunks, clips_of, cut_clips
from ._folder import new_folder
from ._manifest import (
    check_sources,
    compare,
    file_digests,
    read_manifest,
    versions,
    write_manifest,
)
from ._plan import Plan
from ._source import CorpusSource, Fingerprint
from ._writer import CorpusWriter

__all__ = ["build_corpus", "rebuild_corpus"]

CHUNK = 64
"""Motions that are simulated together, and that the noise of a source is learned from."""

Rows = NDArray[np.int64]


def build_corpus(
    sources: CorpusSource | Sequence[CorpusSource],
    path: str | os.PathLike[str],
    *,
    simulator: Any = None,
    seconds: float = 2.56,
    overlap: float = 0.5,
    rate: float = 50.0,
    pose_rate: float = 30.0,
    margin: float = 0.0,
    short: str = "pad",
    copies: int = 1,
    mirror: bool = False,
    max_per_caption: int | None = None,
    n_windows: int | None = None,
    balance: str = "sqrt",
    random_state: int = 0,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Path:
    """Build a pretraining corpus from any mix of motions.

    Motions are simulated whole, cut on one clock, and streamed to a folder of memory-mapped
    files that appears when it is complete, with a ``manifest.json`` from which
    :func:`rebuild_corpus` builds it again, bit by bit.

    Parameters
    ----------
    sources : CorpusSource or sequence of them
        Motions, with names and licences.
    path : path-like
        A folder that does not exist yet.
    simulator : SMPLIMUSimulator or None, default=None
        Sites, sensor errors, and how bodies, mounts and tempo vary from clip to clip. A copy
        learns the noise of each source's poses from its first 64 clips; in a ``FrozenEstimator``
        it is used as it is, fitted or not (better not, for depth cameras). Its `rate` and
        `random_state` are those given here. None leaves the readings out: a pretrainer with a
        simulator makes new ones in every epoch, and then wants a `margin`.
    seconds, overlap : float, default=2.56 and 0.5
        Length of the windows, and the share of one that the next one repeats.
    rate, pose_rate : float, default=50.0 and 30.0
        Of readings and poses in Hz, from 0.1 to 100000.
    margin : float, default=0.0
        Seconds of context frames at both ends of the poses.
    short : {"pad", "drop"}, default="pad"
        What becomes of clips shorter than a window; see :func:`m3n_sklearn.recording.cut`.
    copies : int, default=1
        How often each clip is simulated, with other draws each time.
    mirror : bool, default=False
        Whether each motion is also there in the mirror, as of a left-handed person. Left and
        right, clockwise and counter-clockwise change places in its captions; motions with a
        caption in which "left" or "right" may mean something else are not mirrored.
    max_per_caption : int, optional
        Windows to keep of each caption of a source, at most.
    n_windows : int, optional
        Windows to keep in all, at most.
    balance : {"none", "sqrt", "uniform"}, default="sqrt"
        How `n_windows` are shared out among captions: as they come, by the root of their
        frequency, or evenly. Rare captions keep what they have. Windows without caption count
        as one caption of their source.
    random_state : int, default=0
        Seed of the simulator and of the choice of windows.
    n_jobs : int, optional
        Processes that simulate; they change no bit.
    verbose : int, default=0
        A progress bar if positive.

    Returns
    -------
    Path
        The folder, for :func:`open_corpus` or ``Multi3NetPretrainer(corpus=)``. Columns are
        ``imu`` (float32; only with a simulator), ``pose`` and ``trans`` (float32), ``text``
        (paraphrases), ``clip``, ``groups`` (people; a motion of nobody is one, with its copies and
        its mirror image), ``source``, ``start`` (s), ``context``, ``sex``, ``stature`` (m, NaN
        where it is not known).

    Raises
    ------
    FileExistsError
        If there is something at `path`.
    TypeError, ValueError
        For parameters out of range, sources of equal names, or if no window is left.

    See Also
    --------
    save_corpus : Windows in memory, as they are.

    Notes
    -----
    Poses keep the 24 joints of SMPL's body (of others the first 22), and shape coefficients are
    not kept: pose windows that are to be simulated on another body than the default need
    :func:`save_corpus`. Mirrored writing or screwing is mirrored although left-handed people do
    it otherwise.

    Examples
    --------
    >>> import tempfile
    >>> from m3n_sklearn import SMPLIMUSimulator
    >>> from m3n_sklearn.datasets import make_motions
    >>> from m3n_sklearn.pretraining import CorpusSource, build_corpus, open_corpus
    >>> waves = make_motions(2, 1, ["wave", "swipe_left"], random_state=0)
    >>> folder = build_corpus(
    ...     CorpusSource("procedural", "BSD-3-Clause", waves), tempfile.mkdtemp() + "/corpus",
    ...     simulator=SMPLIMUSimulator(sites=("right_wrist",)), mirror=True,
    ... )
    >>> corpus = open_corpus(folder)
    >>> len(corpus), corpus["imu"].shape[1:], str(corpus["clip"][-1])
    (16, (6, 128), 'procedural/person1/swipe_left/0~mirrored')
    """
    plan = Plan(
        simulator=simulator,
        seconds=seconds,
        overlap=overlap,
        rate=rate,
        pose_rate=pose_rate,
        margin=margin,
        short=short,
        copies=copies,
        mirror=mirror,
        max_per_caption=max_per_caption,
        n_windows=n_windows,
        balance=balance,
        random_state=random_state,
    )
    chosen = _check_sources(sources)
    if n_windows is None and any(source.weight != 1 for source in chosen):
        raise ValueError("Weights of sources share out n_windows, which is not given.")
    return _build(chosen, Path(path), plan, n_jobs, verbose, None)


def rebuild_corpus(
    manifest: str | os.PathLike[str] | Mapping[str, Any],
    sources: CorpusSource | Sequence[CorpusSource],
    path: str | os.PathLike[str],
    *,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Path:
    """Build a corpus again from its manifest and the same sources.

    Parameters
    ----------
    manifest : path-like or mapping
        A corpus, its ``manifest.json``, or the content of one.
    sources : CorpusSource or sequence of them
        The sources of the manifest, in its order.
    path : path-like
        A folder that does not exist yet.
    n_jobs : int, optional
        Processes that simulate.
    verbose : int, default=0
        A progress bar if positive.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ValueError
        If sources, their licences, files, clips or bodies are not those of the manifest. Then
        there is no folder.

    Warns
    -----
    UserWarning
        If all is the same but some bits of the numbers differ, as they may after a change of
        machine or versions.

    Examples
    --------
    >>> from m3n_sklearn.pretraining import rebuild_corpus
    >>> rebuild_corpus("corpus/manifest.json", sources, "again")  # doctest: +SKIP
    """
    expected, chosen = read_manifest(manifest), _check_sources(sources)
    check_sources(expected, chosen)
    return _build(chosen, Path(path), Plan.of(expected["parameters"]), n_jobs, verbose, expected)


def _build(
    sources: list[CorpusSource],
    path: Path,
    plan: Plan,
    n_jobs: int | None,
    verbose: int,
    expected: Mapping[str, Any] | None,
) -> Path:
    parameters, seen, names, tally = plan.record(), [], Names(), Tally()
    files = [source.digests() for source in sources]  # first: one that is missing costs no hours
    with new_folder(path) as folder, CorpusWriter(folder) as writer:
        for source in sources:
            seen.append(_stream(source, writer, plan, names, tally, n_jobs, verbose))
        if not writer.columns:
            raise ValueError(
                f"No window is left of {sum(one.clips for one in seen)} motions: windows last "
                f"{plan.seconds:g} s, and short={plan.short!r}."
            )
        rows = _choose(writer, sources, plan)
        writer.finish(rows)
        built = {
            "versions": versions(),
            "parameters": parameters,
            "sources": [_record(*facts) for facts in zip(sources, files, seen, strict=True)],
            "left_out": tally.record(),
            "windows": _count(writer, rows),
            "files": file_digests(folder),
        }
        if expected is not None:
            compare(expected, built)
        write_manifest(folder, built)
    return path


def _record(
    source: CorpusSource, files: dict[str, str], fingerprint: Fingerprint
) -> dict[str, Any]:
    return {
        "name": source.name,
        "licence": source.licence,
        "weight": source.weight,
        "files": files,
        **fingerprint.record(),
    }


def _stream(
    source: CorpusSource,
    writer: CorpusWriter,
    plan: Plan,
    names: Names,
    tally: Tally,
    n_jobs: int | None,
    verbose: int,
) -> Fingerprint:
    """Write the windows of a source, a few clips at a time."""
    fingerprint = Fingerprint()
    motions = iter(source)
    first = list(islice(motions, CHUNK))
    if not first:
        raise ValueError(f"Source {source.name!r} holds no motion.")
    simulator = plan.simulator_for(first, n_jobs)
    progress = tqdm(chain(first, motions), desc=source.name, disable=verbose <= 0, unit="clip")
    for motions_of_chunk in chunks(progress, CHUNK):
        clips: list[Motion] = []
        person_of: dict[str | None, str] = {}
        for motion in motions_of_chunk:
            fingerprint.see(motion)
            name = names.unique(f"{source.name}/{motion.name or 'clip'}", plan)
            versions = clips_of(motion, name, plan, tally)
            # a motion of nobody is a group of its own, with its copies and its mirror image
            person = name if motion.subject is None else f"{source.name}/{motion.subject}"
            person_of.update(dict.fromkeys((clip.name for clip in versions), person))
            clips += versions
        part = cut_clips(clips, simulator, plan, tally)
        if part is not None:
            groups = np.array([person_of[clip] for clip in part["clip"].tolist()])
            writer.append(part.assign(groups=groups, source=np.full(len(part), source.name)))
    return fingerprint


def _choose(writer: CorpusWriter, sources: Sequence[CorpusSource], plan: Plan) -> Rows | None:
    """Choose windows by the captions of each source."""
    if plan.max_per_caption is None and plan.n_windows is None:
        return None
    texts, words = writer.words("text")
    origins, names = writer.words("source")
    pairs, captions = np.unique(np.stack([origins, texts]), axis=1, return_inverse=True)
    weight_of = {source.name: source.weight for source in sources}
    weights = np.array([weight_of[names[origin]] for origin in pairs[0]])
    rngs = [
        keyed_rng(plan.random_state, names[origin], repr(words[text])) for origin, text in pairs.T
    ]
    return choose_rows(
        captions.ravel(),
        weights,
        rngs,
        total=plan.n_windows,
        most=plan.max_per_caption,
        balance=plan.balance,
    )


def _count(writer: CorpusWriter, rows: Rows | None) -> dict[str, Any]:
    """Count windows by source, and by the first sentence of their captions."""
    counts: dict[str, Any] = {}
    for column, what in (("source", "by_source"), ("text", "by_caption")):
        numbers, words = writer.words(column)
        found = np.bincount(numbers if rows is None else numbers[rows], minlength=len(words))
        table: Counter[str] = Counter()
        for word, count in zip(words, found.tolist(), strict=True):
            table[word if isinstance(word, str) else word[0]] += count
        counts[what] = dict(table)
    return {"total": len(numbers if rows is None else rows), **counts}


def _check_sources(sources: Any) -> list[CorpusSource]:
    expected = "CorpusSource objects"
    single = isinstance(sources, CorpusSource)
    chosen = [sources] if single else list_of(sources, "sources", expected)
    for source in chosen:
        if not isinstance(source, CorpusSource):
            raise TypeError(
                f"sources must be {expected}, got {type(source).__name__}. Motions become one by "
                "CorpusSource(name, licence, motions)."
            )
    names = [source.name for source in chosen]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"Sources must be one or more with different names, got {names}.")
    return chosen
