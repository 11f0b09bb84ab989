"""A folder of videos as a source of a corpus: landmarks on disk, one worker for each file."""

from __future__ import annotations

import csv
import io
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
from numpy.typing import ArrayLike
from tqdm.auto import tqdm

from .._array_files import read_npz
from .._files import write_atomically
from .._hashing import content_hash, file_digest
from .._validation import check_positive
from .._version import __version__
from .._warn import warn
from ..motion import Motion
from ._captions import Caption, captions_of, videos_in
from ._decode import library
from ._footage import Footage, analyze
from ._from_video import Options, Report, check_crops, motions_of
from ._networks import open_model

if TYPE_CHECKING:
    from ..pretraining import CorpusSource

__all__ = ["VideoMotions", "corpus_source"]

TABLE = "table.csv"


@dataclass(frozen=True)
class _Job:
    """One video, and where its landmarks are kept."""

    name: str  # relative to the folder
    path: Path
    cached: Path
    caption: Caption


class VideoMotions:
    """The motions of a folder of videos, made from the landmarks on disk at each call.

    Attributes
    ----------
    table : list of dict
        One row for each video, as ``pandas.DataFrame(table)`` takes it: `file`, `seconds`,
        `frames`, `rate` (Hz), `clock` (where the times come from), `rotation`, `scenes`, `people`,
        `found` (share of the frames), `pieces` (motions), `tilt` and `roll` of the camera
        (degrees), `standing`, `exchanged` (shares of the frames), `left_wrist`, `right_wrist`,
        `left_ankle`, `right_ankle` (shares of the pieces in which a sensor there is trusted),
        `refused` (why parts or all of it are left out), `notes`.
    """

    def __init__(self, jobs: Sequence[_Job], options: Options, table: list[dict[str, Any]]) -> None:
        self._jobs, self._options, self.table = list(jobs), options, table

    def __call__(self) -> Iterator[Motion]:
        """Yield the motions, file by file."""
        for job in self._jobs:
            motions, _ = _interpret(job, self._options)
            yield from motions

    def __repr__(self) -> str:
        pieces = sum(row["pieces"] for row in self.table)
        return f"VideoMotions({pieces} motions of {len(self.table)} videos)"


def corpus_source(
    folder: str | os.PathLike[str],
    *,
    model: Any,
    captions: Any,
    license: str,
    cache: str | os.PathLike[str],
    name: str = "video",
    person: str | int = "largest",
    mirrored: bool = False,
    up: str | ArrayLike = "auto",
    stature: float | None = None,
    crops: int = 1,
    max_gap: float = 0.25,
    min_visibility: float = 0.2,
    max_rate: float = 60.0,
    weight: float = 1.0,
    n_jobs: int | None = None,
    verbose: int = 1,
) -> CorpusSource:
    """Turn a folder of videos with captions into a source of a pretraining corpus.

    Landmarks of each video are estimated once and kept on disk. After an error or a kill, the same
    call goes on with the files that are missing. Other values of `person`, `up`, `stature`,
    `max_gap`, `min_visibility` and other captions do not need the networks again.

    Parameters
    ----------
    folder : path-like
        The videos, also in folders below.
    model
        The networks, see :func:`motion_from_video`. Landmarks of a function or object are found
        again by its name and, if it has one, its attribute `digest`: change that, or clear the
        cache, when you change the model.
    captions : path-like, mapping, "names" or "folders"
        A .csv file with the columns `file` and `text`, if known also `label` and `subject`, where
        several rows of one file are paraphrases; a mapping of file name to caption or captions; or
        the words in the names of the files or of their folders, without a number at the end.
    license : str
        Terms of the footage and of the networks' output. Weights trained on it inherit them.
    cache : path-like
        Folder of the landmarks. It is made if it is missing.
    name : str, default="video"
        Name of the source.
    person, mirrored, up, stature, crops, max_gap, min_visibility, max_rate
        See :func:`motion_from_video`.
    weight : float, default=1.0
        See :class:`m3n_sklearn.pretraining.CorpusSource`.
    n_jobs : int, optional
        Number of processes, one video each; joblib's backend decides where they run.
    verbose : int, default=1
        If positive, a progress bar shows the seconds of video and the remaining time.

    Returns
    -------
    CorpusSource
        A source for :func:`build_corpus` and :class:`Multi3NetPretrainer`. Its `motions` have an
        attribute ``table`` with a row for each file, which is also written to ``table.csv`` in the
        cache.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If the folder has no videos, captions do not match its files, or no video gives a motion.

    Warns
    -----
    UserWarning
        If videos have no caption, or give no motion: one warning lists them with the reasons.

    See Also
    --------
    motion_from_video : One video.
    build_corpus : Builds a corpus from sources.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from m3n_sklearn.motion._mediapipe import standing_landmarks
    >>> from m3n_sklearn.video import Landmarks, corpus_source
    >>> from m3n_sklearn.video._samples import write_video
    >>> def model(frame):
    ...     world = standing_landmarks(1.7)
    ...     return [Landmarks(world, world[:, :2] * 50 + [80, 60], np.ones(33))]
    >>> place = Path(tempfile.mkdtemp())
    >>> write_video(place / "a person stands 1.mp4", np.zeros((45, 120, 160, 3), np.uint8), rate=30)
    >>> source = corpus_source(
    ...     place, model=model, captions="names", license="own footage", cache=place / "cache",
    ...     verbose=0,
    ... )
    >>> [(motion.name, motion.text) for motion in source]
    [('a person stands 1', ('a person stands',))]
    >>> source.motions.table[0]["found"], source.motions.table[0]["right_wrist"]
    (1.0, 1.0)
    """
    # 1. Arguments
    options = Options(person, up, stature, max_gap, min_visibility)
    check_positive(max_rate, "max_rate", "Hz")
    check_crops(crops)
    place, store = Path(folder), Path(cache)
    if not place.is_dir():
        raise FileNotFoundError(f"{place} is not a folder.")
    files = {
        relative: path for relative, path in videos_in(place).items() if store not in path.parents
    }
    texts = captions_of(list(files), captions)
    store.mkdir(parents=True, exist_ok=True)
    # 2. Landmarks: a file of the cache is named by all that they depend on
    facts = [_identity(model, crops), bool(mirrored), float(max_rate), __version__]
    jobs = []
    for relative, path in files.items():
        key = content_hash([file_digest(path), *facts])[:20]
        jobs.append(_Job(_stem(relative, files), path, store / f"{key}.npz", texts[relative]))
    errors = _fill(jobs, model, crops, mirrored, max_rate, n_jobs, verbose)
    # 3. The table, and what is left out
    table = [_row(job, options, errors) for job in jobs]
    _write_table(store / TABLE, table)
    left_out = [f"{row['file']} ({row['refused']})" for row in table if not row["pieces"]]
    if len(left_out) == len(table):
        raise ValueError(f"No video in {place} gives a motion: {'; '.join(left_out[:20])}.")
    if left_out:
        more = f"; and {len(left_out) - 20} more" if len(left_out) > 20 else ""
        warn(
            f"{len(left_out)} of {len(table)} videos give no motion: "
            f"{'; '.join(left_out[:20])}{more}. Details are in {store / TABLE}."
        )
    from ..pretraining import CorpusSource

    good = [job for job, row in zip(jobs, table, strict=True) if row["pieces"]]
    return CorpusSource(
        name,
        license,
        VideoMotions(good, options, table),
        files=[job.path for job in good],
        weight=weight,
    )


def _stem(relative: str, files: dict[str, Path]) -> str:
    """Return the name of a clip: its path without the ending, if no other file has the same."""
    stem = Path(relative).with_suffix("").as_posix()
    same = [other for other in files if Path(other).with_suffix("").as_posix() == stem]
    return stem if len(same) == 1 else relative


def _identity(model: Any, crops: int) -> str:
    """Return what identifies the networks: their digest, or the name of a function or class."""
    if isinstance(model, (str, os.PathLike)):
        model = open_model(model, crops)
    digest = getattr(model, "digest", None)
    kind = model if hasattr(model, "__qualname__") else type(model)
    name = f"{kind.__module__}.{kind.__qualname__}"
    return name if digest is None else f"{name} {digest} {crops}"


# ---- landmarks


def _fill(
    jobs: Sequence[_Job],
    model: Any,
    crops: int,
    mirrored: bool,
    max_rate: float,
    n_jobs: int | None,
    verbose: int,
) -> dict[str, str]:
    """Estimate the landmarks that are missing; return the errors by the name of the video."""
    missing = [job for job in jobs if not _is_there(job)]
    lengths = {job.name: _seconds(job.path) for job in missing}
    errors: dict[str, str] = {}
    results = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)(
        joblib.delayed(_work)(job, model, crops, mirrored, max_rate)
        # the longest first, so that no process is left with one at the end
        for job in sorted(missing, key=lambda one: -lengths[one.name])
    )
    with tqdm(
        total=sum(lengths.values()),
        unit="s of video",
        desc=f"landmarks of {len(missing)} videos, {len(jobs) - len(missing)} are there",
        disable=verbose <= 0 or not missing,
    ) as bar:
        for name, error in results:
            bar.update(lengths[name])
            if error:
                errors[name] = error
    return errors


def _work(
    job: _Job, model: Any, crops: int, mirrored: bool, max_rate: float
) -> tuple[str, str | None]:
    """Write the landmarks of a video; return its name and why there are none."""
    pose_model = open_model(model, crops)
    try:
        footage = analyze(job.path, pose_model, mirrored=mirrored, max_rate=max_rate)
    except (ValueError, OSError) as error:
        return job.name, str(error)
    write_atomically(job.cached, footage.packed())
    return job.name, None


def _is_there(job: _Job) -> bool:
    """Tell whether the landmarks of a video are on disk and can be read."""
    try:
        _load(job)
    except (OSError, ValueError, KeyError):
        return False
    return True


def _load(job: _Job) -> Footage:
    """Read the landmarks of a video."""
    return Footage.unpacked(read_npz(job.cached))


def _seconds(path: Path) -> int:
    """Return the length of a video in s as its container says it, at least 1."""
    av = library()
    try:
        with av.open(str(path)) as container:
            return max(round(float(container.duration or 0) / 1e6), 1)
    except (OSError, ValueError):  # `_work` will say why
        return 1


# ---- motions


def _interpret(job: _Job, options: Options) -> tuple[list[Motion], Report]:
    """Return the motions of a video from its landmarks; what readers warn of becomes notes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        motions, report = motions_of(
            _load(job),
            options,
            name=job.name,
            file=job.path.name,
            text=job.caption.text,
            label=job.caption.label,
            subject=job.caption.subject,
        )
    report.notes += dict.fromkeys(str(each.message).rstrip(".") for each in caught)
    report.file = job.name
    return motions, report


def _row(job: _Job, options: Options, errors: dict[str, str]) -> dict[str, Any]:
    """Return the row of a video."""
    if job.name in errors:
        return Report(file=job.name, refused=[errors[job.name].rstrip(".")]).row()
    return _interpret(job, options)[1].row()


def _write_table(path: Path, table: Sequence[dict[str, Any]]) -> None:
    """Write the table as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]))
    writer.writeheader()
    writer.writerows(table)
    write_atomically(path, text.getvalue().encode())
