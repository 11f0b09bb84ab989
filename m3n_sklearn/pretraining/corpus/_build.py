"""Building a corpus of motions and recordings, and building it again from its manifest."""

from __future__ import annotations

import copy
import json
import os
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from joblib import delayed
from numpy.typing import NDArray
from tqdm.auto import tqdm

from ..._hashing import content_hash
from ..._parallel import as_completed, count_workers
from ..._validation import list_of
from ..._warn import warn
from ..._windows import Windows
from ...simulation import SMPLIMUSimulator, keyed_rng
from ._clips import Names, Plan, Tally, choose_rows, chunks, clips_of, cut_clips
from ._folder import MANIFEST, CorpusWriter, move_to, open_corpus, workplace, write_text
from ._manifest import (
    CorpusSource,
    Fingerprint,
    check_sources,
    compare,
    read_manifest,
    reading_manifest,
    versions,
    write_manifest,
)
from ._recorded import blank_row, completed, corpus_channels, cut_recordings

__all__ = ["build_corpus", "rebuild_corpus"]

CHUNK = 64
"""Motions that are simulated together, and that the noise of a source is learned from."""

RECORDINGS = 8
"""Recordings that are cut together; they are longer than motions."""

CHUNKS_PER_WORKER = 4
"""Chunks that are read ahead for each worker, which bounds the memory that clips take."""

PART = "part.json"
"""Counts of a part, written last."""

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
    mirror: bool = False,
    n_windows: int | None = None,
    balance: str = "sqrt",
    random_state: int = 0,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Path:
    """Build a pretraining corpus from motions and recordings of one or several sources.

    Whole motions are simulated, cut into windows of poses and readings on one clock, and streamed
    to a folder of memory-mapped files. The folder appears when it is complete. Its
    ``manifest.json`` names everything that :func:`rebuild_corpus` needs to build the same bits.

    After an error or a kill, the same call goes on: windows of each 64 clips are kept in the
    hidden folder ``.<name>.building`` next to `path`, which takes the size of the corpus while it
    is built. If several processes build one corpus, one builds it and the others wait. If the
    folder has been built by the same call, nothing is simulated.

    Parameters
    ----------
    sources : CorpusSource or sequence of CorpusSource
        Motions, or recordings (:meth:`CorpusSource.from_recordings`), with the name and the license
        of their source.
    path : path-like
        A folder that does not exist yet, or the corpus of an earlier call of the same kind.
    simulator : SMPLIMUSimulator or None, default=None
        Simulator of the readings: sites, sensor errors, and how bodies, mounts and tempo vary from
        clip to clip. A copy is fitted on the first 64 clips of each source. Wrapped in
        ``sklearn.frozen.FrozenEstimator`` it is used as it is, which is better for motions of
        depth cameras. `rate` and `random_state` replace its own. With None, motions have no
        readings, for a pretrainer with its own `simulator`; then set a `margin`. The channels of
        the corpus are then those of the first 64 recordings of each source, if there are any;
        a later recording with further sensors is an error.
    seconds : float, default=2.56
        Length of the windows.
    overlap : float, default=0.5
        Share of a window that the next window repeats.
    rate : float, default=50.0
        Samples per second of the readings.
    pose_rate : float, default=30.0
        Frames per second of the poses.
    margin : float, default=0.0
        Seconds of context frames at both ends of the pose windows.
    short : {"pad", "drop"}, default="pad"
        Whether clips shorter than a window are padded or left out; see :func:`m3n_sklearn.cut`.
    mirror : bool, default=False
        Whether the mirror image of each motion is added. Its captions change too: left becomes
        right, and clockwise becomes counter-clockwise. A motion is not mirrored if "left" or
        "right" may have another meaning in a caption. Recordings are not mirrored.
    n_windows : int, optional
        Largest number of windows to keep.
    balance : {"none", "sqrt", "uniform"}, default="sqrt"
        Shares of the captions in `n_windows`: proportional to their frequency, to its square root,
        or equal. A caption with fewer windows than its share keeps all of them. Windows without a
        caption count as one caption of their source. The windows of recordings of one caption are
        divided among people by the same rule.
    random_state : int, default=0
        Seed of the simulator and of the selection of windows.
    n_jobs : int, optional
        Number of workers that simulate, on the active backend of joblib: processes of this machine,
        or a cluster (:doc:`/user_guide/scale`). The result depends on neither.
    verbose : int, default=0
        If positive, a progress bar is shown.

    Returns
    -------
    Path
        The folder, for :func:`open_corpus` or ``Multi3NetPretrainer(corpus=...)``. Its columns are
        ``imu`` (with a simulator), ``pose``, ``trans``, ``text`` (paraphrases), ``clip``,
        ``groups`` (people; a motion without one is its own group, with its mirror image),
        ``source``, ``start`` (s), ``context``, ``sex`` and ``stature`` (m, NaN if unknown). With
        recordings, it also has ``measured`` and ``mount`` (see :class:`~m3n_sklearn.Windows`), and
        rows of recordings lack ``pose``, ``trans`` and ``context``.

    Raises
    ------
    FileExistsError
        If `path` exists and is not the corpus of these sources and parameters.
    OSError
        If the disk is full, or the folder may not be written.
    TypeError, ValueError
        If a parameter is out of range, two sources have the same name, or no window is left.

    See Also
    --------
    open_corpus : Opens the folder.
    save_corpus : Writes windows that are in memory.

    Notes
    -----
    Poses keep the 24 joints of SMPL's body, and of other skeletons the first 22. Shape coefficients
    are not kept: use :func:`save_corpus` for pose windows to be simulated on another body than the
    default one.

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
        mirror=mirror,
        n_windows=n_windows,
        balance=balance,
        random_state=random_state,
    )
    chosen = _check_sources(sources)
    if n_windows is None and any(source.weight != 1 for source in chosen):
        raise ValueError("Weights of sources have an effect with n_windows= only: give it too.")
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
    sources : CorpusSource or sequence of CorpusSource
        The sources of the manifest, in its order.
    path : path-like
        A folder that does not exist yet.
    n_jobs : int, optional
        Number of processes that simulate.
    verbose : int, default=0
        If positive, a progress bar is shown.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ValueError
        If the sources, their licenses, files, clips or bodies differ from those of the manifest.
        Then no folder is written.

    Warns
    -----
    UserWarning
        If only some bits of the numbers differ, for example on another machine or with other
        versions of the dependencies.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from m3n_sklearn.datasets import make_motions
    >>> from m3n_sklearn.pretraining import CorpusSource, build_corpus, rebuild_corpus
    >>> folder = Path(tempfile.mkdtemp())
    >>> source = CorpusSource(
    ...     "procedural", "BSD-3-Clause", make_motions(1, 1, ["wave"], random_state=0)
    ... )
    >>> first = build_corpus(source, folder / "first")
    >>> again = rebuild_corpus(first, source, folder / "again")
    >>> (first / "pose.npy").read_bytes() == (again / "pose.npy").read_bytes()
    True
    """
    expected, chosen = read_manifest(manifest), _check_sources(sources)
    with reading_manifest(manifest):
        check_sources(expected, chosen)
        plan = Plan.of(expected["parameters"])
    return _build(chosen, Path(path), plan, n_jobs, verbose, expected)


def _build(
    sources: list[CorpusSource],
    path: Path,
    plan: Plan,
    n_jobs: int | None,
    verbose: int,
    expected: Mapping[str, Any] | None,
) -> Path:
    """Write the folder and its manifest; compare it with an expected one."""
    # 1. Digests of the files: a missing one is found before hours of simulation
    files = [source.digests() for source in sources]
    # 2. The corpus of an earlier call, which may lie where nothing can be written
    if path.exists():
        found = _finished(sources, files, path, plan, expected)
        with suppress(OSError), workplace(path):
            pass  # deletes what a kill at the very end has left
        return found
    with workplace(path) as place:
        if path.exists():  # of a process that this one has waited for
            return _finished(sources, files, path, plan, expected)
        # 3. Windows of all sources, streamed to disk
        parts, names, tally = Parts(place / "parts"), Names(), Tally()
        blank = _blank(sources, plan)
        with CorpusWriter(place / "corpus") as writer:
            seen = [
                _stream(source, writer, plan, parts, names, tally, n_jobs, verbose, blank)
                for source in sources
            ]
            if not writer.columns:
                parts.forget()
                raise ValueError(
                    f"No window is left of {sum(one.clips for one in seen)} clips: windows have "
                    f"{plan.seconds:g} s, and short={plan.short!r}."
                )
            # 4. The windows to keep
            rows = _choose(writer, sources, plan)
            writer.finish(rows)
        # 5. The manifest
        built = {
            "versions": versions(),
            "parameters": plan.record(),
            "sources": [_record(*facts) for facts in zip(sources, files, seen, strict=True)],
            "left_out": tally.record(),
            "windows": _count(writer, rows),
            "files": writer.digests,
        }
        if expected is not None:
            try:
                compare(expected, built)
            except ValueError:
                parts.forget()
                raise
        write_manifest(writer.folder, built)
        move_to(writer.folder, path)
    return path


def _finished(
    sources: Sequence[CorpusSource],
    files: Sequence[dict[str, str]],
    path: Path,
    plan: Plan,
    expected: Mapping[str, Any] | None,
) -> Path:
    """Return the folder if it is the corpus of these sources and parameters, else raise."""

    def other(reason: str) -> FileExistsError:
        return FileExistsError(
            f"{path} exists already, and is not the corpus of these sources and parameters: "
            f"{reason}. Remove it or choose another folder."
        )

    # 1. What is known without reading the clips
    if not (path / MANIFEST).is_file():
        raise other("it has no manifest of build_corpus")
    found = read_manifest(path)
    facts = {"versions": versions(), "parameters": json.loads(json.dumps(plan.record()))}
    for name, fact in facts.items():
        if found[name] != fact:
            raise other(_changes(found[name], fact))
    open_corpus(path)  # raises an error if it is damaged
    names, given = [record["name"] for record in found["sources"]], [one.name for one in sources]
    if names != given:
        raise other(f"its sources are {', '.join(names)}, not {', '.join(given)}")
    # 2. The clips
    for source, digests, record in zip(sources, files, found["sources"], strict=True):
        fingerprint = Fingerprint(source)
        for item in source:
            fingerprint.see(item)
        if (now := _record(source, digests, fingerprint)) != record:
            raise other(f"of source {source.name}, {_changes(record, now)}")
    if expected is not None:
        compare(expected, found)
    return path


LONG = 40
"""Characters of a value that is shown in a message."""

LARGE = {"facts_sha256": "names, captions, people or bodies", "values_sha256": "values"}
"""What digests in a manifest stand for."""


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Name the entries in which two parts of a manifest differ."""
    found = []
    for name in {**before, **now}:
        old, new = before.get(name), now.get(name)
        if old != new:
            short = name not in LARGE and len(f"{old!r}{new!r}") <= LONG
            is_other = f"{LARGE.get(name, name)} {'are' if name in LARGE else 'is'} different"
            found.append(f"{name} was {old!r} and is {new!r}" if short else is_other)
    return "; ".join(found)


Work = Callable[[list[Any], Tally], Windows | None]
"""What cuts the clips of a chunk."""


class Chunk(NamedTuple):
    """Clips that are cut together, the key of their part, and the person of each clip."""

    key: str
    clips: list[Any]
    person_of: dict[str | None, str]


class Part(NamedTuple):
    """A finished chunk: its windows, which may be none, and how many clips were too short."""

    windows: Windows | None
    too_short: int


class Parts:
    """Windows of the chunks that are finished, each a corpus named by all that it depends on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, key: str) -> Part | None:
        """Return a chunk that is finished, else None."""
        part = self.folder / key
        try:
            facts = json.loads((part / PART).read_text("utf-8"))
            windows = open_corpus(part / "windows") if facts["windows"] else None
            return Part(windows, facts["too_short"])
        except (OSError, ValueError, KeyError, TypeError):  # not there, or damaged
            return None

    def write(self, key: str, windows: Windows | None, too_short: int) -> None:
        """Keep the windows of a chunk; the folder appears when it is complete."""
        new = self.folder / "new"
        for stale in (new, self.folder / key):
            shutil.rmtree(stale, ignore_errors=True)
        try:
            new.mkdir(parents=True)
            if windows is not None:
                with CorpusWriter(new / "windows") as writer:
                    writer.append(windows)
                    writer.finish()
            facts = {"windows": 0 if windows is None else len(windows), "too_short": too_short}
            write_text(new / PART, json.dumps(facts))
            move_to(new, self.folder / key)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            with suppress(OSError):  # other parts are kept
                self.folder.rmdir()
            raise

    def forget(self) -> None:
        """Delete all parts: no later call needs them."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _record(
    source: CorpusSource, files: dict[str, str], fingerprint: Fingerprint
) -> dict[str, Any]:
    """Return a source's entry of the manifest."""
    return {
        "name": source.name,
        "license": source.license,
        "weight": source.weight,
        "files": files,
        **fingerprint.record(),
    }


def _stream(
    source: CorpusSource,
    writer: CorpusWriter,
    plan: Plan,
    parts: Parts,
    names: Names,
    tally: Tally,
    n_jobs: int | None,
    verbose: int,
    blank: Windows | None,
) -> Fingerprint:
    """Write the windows of a source, a few clips at a time; `blank` has the columns to fill."""
    fingerprint = Fingerprint(source)
    items, terms = iter(source), source.terms
    size = CHUNK if terms is None else RECORDINGS
    first = list(islice(items, size))
    if not first:
        kind = "motion" if terms is None else "recording"
        raise ValueError(f"Source {source.name!r} contains no {kind}.")
    origin: list[Any] = [plan.record(), versions(), source.name]
    channels = () if blank is None else blank.channels or ()
    simulator = None
    if terms is None:
        simulator = plan.simulator_for(first)
        origin.append(_contents(first))
    else:
        origin += [terms.record(), channels]
    stem = content_hash(origin)
    progress = tqdm(chain(first, items), desc=source.name, disable=verbose <= 0, unit="clip")
    n_workers = count_workers(n_jobs)
    ahead = n_workers if n_workers == 1 else CHUNKS_PER_WORKER * n_workers
    for block in chunks(chunks(progress, size), ahead):
        # 1. What is not finished is computed in parallel, and kept as soon as it is there
        found = [_named(one, source, stem, fingerprint, plan, names, tally) for one in block]
        missing = [chunk for chunk in found if parts.read(chunk.key) is None]
        workers = n_jobs if n_workers > 1 else 1
        if terms is None:
            _simulate(missing, parts, simulator, plan, workers)
        else:
            captions = terms.captions(chain(*(one.clips for one in missing)), source.name)
            work = partial(_recorded, captions=captions, terms=terms, channels=channels, plan=plan)
            _compute(missing, parts, work, workers)
        # 2. All parts are appended in the order of the clips
        for chunk in found:
            part = parts.read(chunk.key)
            if part is None:
                raise OSError(f"A part that was just written in {parts.folder} is not there.")
            tally.too_short += part.too_short
            if part.windows is not None:
                clips = part.windows["clip"].tolist()
                groups = np.array([chunk.person_of[clip] for clip in clips])
                origins = np.full(len(clips), source.name)
                windows = part.windows if blank is None else completed(part.windows, blank)
                writer.append(windows.assign(groups=groups, source=origins))
    return fingerprint


def _blank(sources: Sequence[CorpusSource], plan: Plan) -> Windows | None:
    """Return a row with all columns that a corpus with recordings has, else None."""
    if all(source.terms is None for source in sources):
        return None
    poses = any(source.terms is None for source in sources)
    return blank_row(corpus_channels(sources, plan), plan, poses=poses)


def _recorded(clips: list[Any], tally: Tally, plan: Plan, **facts: Any) -> Windows | None:
    """Cut the recordings of a chunk."""
    return cut_recordings(clips, plan=plan, tally=tally, **facts)


def _simulated(
    clips: list[Any], tally: Tally, plan: Plan, simulator: SMPLIMUSimulator | None
) -> Windows | None:
    """Simulate and cut the motions of a chunk."""
    return cut_clips(clips, simulator, plan, tally)


def _named(
    items: Sequence[Any],
    source: CorpusSource,
    origin: str,
    fingerprint: Fingerprint,
    plan: Plan,
    names: Names,
    tally: Tally,
) -> Chunk:
    """Return the clips of some items, with their names, people and mirror images."""
    clips: list[Any] = []
    person_of: dict[str | None, str] = {}
    for item in items:
        fingerprint.see(item)
        name = names.unique(f"{source.name}/{item.name or 'clip'}", plan)
        if source.terms is None:
            variants: list[Any] = list(clips_of(item, name, plan, tally))
        else:
            variants = [item.replace(name=name)]
        # a clip without a person is a group of its own, with its mirror image
        person = name if item.subject is None else f"{source.name}/{item.subject}"
        person_of.update(dict.fromkeys((clip.name for clip in variants), person))
        clips += variants
    # named by its content, so that a part is found again exactly where it is the same
    return Chunk(content_hash([origin, _contents(clips)]), clips, person_of)


def _simulate(
    missing: Sequence[Chunk],
    parts: Parts,
    simulator: SMPLIMUSimulator | None,
    plan: Plan,
    n_jobs: int | None,
) -> None:
    """Simulate and cut chunks."""
    if len(missing) == 1 and simulator is not None:  # its clips are what can be shared out
        simulator = copy.copy(simulator).set_params(n_jobs=n_jobs)
        n_jobs = 1
    _compute(missing, parts, partial(_simulated, plan=plan, simulator=simulator), n_jobs)


def _compute(missing: Sequence[Chunk], parts: Parts, work: Work, n_jobs: int | None) -> None:
    """Cut chunks on the workers of joblib, and keep their parts here."""
    tasks = [delayed(_cut_chunk)(chunk.key, chunk.clips, work) for chunk in missing]
    for key, windows, too_short, warnings_of_it in as_completed(tasks, n_jobs):
        for message, category in warnings_of_it:
            warn(message, category)
        parts.write(key, windows, too_short)


def _cut_chunk(
    key: str, clips: list[Any], work: Work
) -> tuple[str, Windows | None, int, list[tuple[str, type[Warning]]]]:
    """Cut a chunk; return its key, windows, short clips and warnings."""
    tally = Tally()
    with warnings.catch_warnings(record=True) as caught:
        windows = work(clips, tally)
    return key, windows, tally.too_short, [(str(each.message), each.category) for each in caught]


def _contents(clips: Sequence[Any]) -> list[dict[str, Any]]:
    """Return all that motions or recordings hold."""
    return [vars(clip) for clip in clips]


def _choose(writer: CorpusWriter, sources: Sequence[CorpusSource], plan: Plan) -> Rows | None:
    """Select windows by the captions of each source; None keeps all."""
    if plan.n_windows is None:
        return None
    texts, words = writer.words("text")
    origins, names = writer.words("source")
    pairs, captions = np.unique(np.stack([origins, texts]), axis=1, return_inverse=True)
    weight_of = {source.name: source.weight for source in sources}
    weights = np.array([weight_of[names[origin]] for origin in pairs[0]])
    rngs = [
        keyed_rng(plan.random_state, names[origin], repr(words[text])) for origin, text in pairs.T
    ]
    # people of recordings share their windows; motions are not told apart
    people, _ = writer.words("groups")
    recorded = [k for k, source in enumerate(sources) if source.terms is not None]
    order = {source.name: k for k, source in enumerate(sources)}
    number = np.array([order[name] for name in names])[origins]
    people = np.where(np.isin(number, recorded), people, -1)
    return choose_rows(captions.ravel(), weights, rngs, plan.n_windows, plan.balance, people)


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
    """Return the sources as a list, with different names."""
    expected = "CorpusSource objects"
    single = isinstance(sources, CorpusSource)
    chosen = [sources] if single else list_of(sources, "sources", expected)
    for source in chosen:
        if not isinstance(source, CorpusSource):
            raise TypeError(
                f"sources must be {expected}, got {type(source).__name__}. Make one of motions "
                "with CorpusSource(name, license, motions)."
            )
    names = [source.name for source in chosen]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"sources must be one or more with different names, got {names}.")
    return chosen
