"""SP-SW-HAR: 23 people sit, stand up, walk and turn with a smartwatch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from .._array_files import read_npz, require
from .._clock import recover_clock
from .._files import reading
from .._validation import check_rate
from ..recording import Recording, channel_names, resample_timestamps
from ._bunch import cut_into, cutting_options, make_bunch, select_known
from ._reading import FASTEST, find_root, listed, read_csv, read_rows

__all__ = ["load_sp_sw_har"]

NAME = "SP-SW-HAR"
SUBJECTS = tuple(range(1, 24))
OBTAIN = "Get the folder DATA from https://github.com/GeoTecINIT/sp-sw-har-dataset."
ARCHIVE = "sp_sw_har_watch.npz"
MAX_GAP = 0.5
"""Longest step between two time stamps in s; jitter explains no longer one."""

LABELS = {
    "SEATED": (
        "sitting",
        ("sitting still on a chair", "someone is seated and keeps the hands at rest"),
    ),
    "STANDING_UP": (
        "standing up",
        ("standing up from a chair", "someone rises from a seat to their feet"),
    ),
    "WALKING": (
        "walking",
        ("walking straight ahead at a usual pace", "someone walks while the arms swing"),
    ),
    "TURNING": (
        "turning round",
        ("turning round on the spot", "someone who walks turns about to go back"),
    ),
    "SITTING_DOWN": (
        "sitting down",
        ("sitting down on a chair", "someone lowers themself onto a seat"),
    ),
}

DESCR = """\
SP-SW-HAR, the smartwatch half: 23 people, 223 executions of about 11 s, 0.7 hours.

Each execution is one run: seated, standing up, walking, turning, walking back, turning, sitting
down. A smartwatch measures specific force and angular rate at a wrist; every sample
has one of the five classes.

What the loader corrects
  Rate: the samples have 104.3 Hz (104.26 to 104.31 Hz by execution), not the nominal 100 Hz.
  The rate of each execution is that of the even clock behind its time stamps. The stamps
  themselves are in whole milliseconds, repeat, and come in bursts after pauses of up to 0.06 s.
  Site: the files do not name the wrist of the watch, but its axes show it. While people walk, the
  mean acceleration of everyone is near (-9.7, -2.9, 0.4) m/s². The simulator gives the same at a
  left wrist, where a hanging arm points along x; at a right wrist the first component is positive.
What it does not correct
  Transitions are shorter than a window of 2 s (medians: seated 0.7, standing up 1.2, turning 1.1,
  sitting down 1.3 s). A window has the class of most of its samples, so few windows of 2 s are
  "SEATED" (81 of 2,186, of 20 people).

License: CC BY 4.0. Cite
  M. Matey-Sanz, S. Casteleyn, C. Granell: Dataset of inertial measurements of smartphones and
  smartwatches for human activity recognition. Data in Brief, 2023, 109809.

Names and descriptions of the classes were written for this library.
"""


@dataclass(frozen=True)
class _Execution:
    """One execution: its readings at their time stamps (s), with labels."""

    subject: int
    number: int
    file: Path
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    labels: NDArray[np.str_]

    @property
    def name(self) -> str:
        """Name of the execution."""
        return f"s{self.subject:02d}_{self.number:02d}"


def load_sp_sw_har(
    path: str | Path,
    *,
    subjects: Iterable[int] | int | None = None,
    seconds: float | None = 2.0,
    rate: float = 50.0,
    **cutting: Any,
) -> Bunch:
    """Load the smartwatch recordings of SP-SW-HAR.

    Parameters
    ----------
    path : str or Path
        Folder with ``DATA/s01/s01_01_sw.csv`` and so on, or with the same rows in one file
        ``sp_sw_har_watch.npz`` (arrays ``acc``, ``gyro``, ``time``, ``label``, ``label_names``,
        ``rec_ptr``, ``subject``, ``execution``).
    subjects : int or iterable of int, optional
        People, 1 to 23. All by default.
    seconds : float or None, default=2.0
        Length of the windows. None reads the recordings and cuts no windows.
    rate : float, default=50.0
        Rate of the windows in Hz. Recordings keep their own rate, 104.3 Hz.
    **cutting : dict
        Further arguments of :func:`~m3n_sklearn.recording.cut`. Transitions are short, so most
        windows contain two or three classes; ``min_purity=0.8`` keeps the purer ones. Another
        default than there: ``dtype=float32``.

    Returns
    -------
    Bunch
        With the fields

        - ``X``, ``y``, ``groups``, ``sessions``: windows, classes, people and sessions (one per
          person, such as ``"s01"``) of the rows; None if `seconds` is None. ``executions``: number
          of the execution of each row.
        - ``recordings``: one per execution, with a name such as ``"s01_03"`` and a class per
          sample. ``motions``: empty.
        - ``label_names``, ``descriptions``: name and prompts of each class.
        - ``DESCR``: the data set, and what the loader corrects.

    Raises
    ------
    FileNotFoundError
        If the folder has neither the files nor the archive.
    ValueError
        If a subject is unknown or the content of a file is wrong.
    TypeError
        If an argument does not exist.

    References
    ----------
    M. Matey-Sanz, S. Casteleyn, C. Granell, "Dataset of inertial measurements of smartphones and
    smartwatches for human activity recognition", Data in Brief, 2023, 109809.

    Examples
    --------
    >>> from m3n_sklearn.datasets import load_sp_sw_har
    >>> data = load_sp_sw_har("data/sp_sw_har_watch")  # doctest: +SKIP
    >>> data.X["imu"].shape, data.y[0]  # doctest: +SKIP
    ((2186, 6, 100), 'STANDING_UP')
    """
    check_rate(rate, "rate")
    options = cutting_options(cutting, dtype=np.float32)
    people = select_known("subjects", subjects, SUBJECTS)
    executions = [one for one in _read_all(Path(path)) if one.subject in people]
    if not executions:
        raise FileNotFoundError(
            f"{NAME}: {path} has no execution of the chosen people {people}. {OBTAIN}"
        )
    recordings = [_recording(execution) for execution in executions]
    bunch = make_bunch(
        motions=[],
        recordings=recordings,
        label_names={key: name for key, (name, _) in LABELS.items()},
        descriptions={key: prompts for key, (_, prompts) in LABELS.items()},
        description=DESCR,
        executions=None,
    )
    if seconds is None:
        return bunch
    cut_into(
        bunch,
        recordings,
        [f"s{execution.subject:02d}" for execution in executions],
        root=Path(path),
        seconds=seconds,
        imu_rate=rate,
        **options,
    )
    number_of = {execution.name: execution.number for execution in executions}
    bunch.executions = np.array([number_of[name] for name in bunch.X["clip"]])
    return bunch


def _recording(execution: _Execution) -> Recording:
    """Return the recording of an execution on an even grid."""
    with reading(execution.file, f"{NAME}, {execution.name}"):
        return _resampled(execution)


def _resampled(execution: _Execution) -> Recording:
    """Put an execution on the even grid of its own rate."""
    times = execution.times
    if len(times) < 3 or np.diff(times).max() > MAX_GAP or times[-1] <= times[0]:
        raise ValueError(
            f"the time stamps of {execution.name} must increase over at least three "
            f"samples without a gap of more than {MAX_GAP} s."
        )
    # 1. The even clock behind the jittered stamps, and its rate
    clock = recover_clock(times, execution.values, "even")
    steps = np.diff(clock.times)
    rate = 1 / float(steps[steps < 1.5 * np.median(steps)].mean())
    if not 1 <= rate <= FASTEST:
        raise ValueError(f"the time stamps of {execution.name} are those of {rate:g} Hz.")
    # 2. Samples on the even grid of that rate, each with the label of the nearest row
    values, observed, start = resample_timestamps(times, execution.values, rate, stamps="even")
    at = start + np.arange(len(values)) / rate
    nearest = clock.rows[np.rint(np.interp(at, clock.times, np.arange(len(steps) + 1))).astype(int)]
    return Recording(
        values,
        rate,
        channel_names("left_wrist"),
        labels=execution.labels[nearest],
        subject=execution.subject,
        name=execution.name,
        observed=observed,
    )


# ---- both layouts


def _read_all(path: Path) -> list[_Execution]:
    """Read all executions from the archive or the folder."""
    archive = path.expanduser() / ARCHIVE
    read = _from_archive(archive) if archive.is_file() else _from_folder(path)
    executions = sorted(read, key=lambda one: (one.subject, one.number))
    for before, after in pairwise(executions):
        if before.name == after.name:
            raise ValueError(f"{after.file}: {after.name} is there twice.")
    for execution in executions:
        unknown = set(execution.labels.tolist()) - set(LABELS)
        if unknown or not np.isfinite(execution.values).all():
            raise ValueError(
                f"{execution.file}: {execution.name} must have finite values and labels among "
                f"{', '.join(LABELS)}; it has {listed(sorted(map(str, unknown))) or 'gaps'}."
            )
    return executions


def _from_folder(path: Path) -> Iterator[_Execution]:
    """Read executions from the CSV files of the folder."""
    root = find_root(path, (".", "DATA"), "s*/s*_sw.csv", dataset=NAME, obtain=OBTAIN)
    columns = [f"{axis}_{kind}" for kind in ("acc", "gyro") for axis in "xyz"]
    for file in root.glob("s*/s*_sw.csv"):
        match = re.fullmatch(r"s(\d+)_(\d+)_sw", file.stem)
        if match is None:
            continue
        with reading(file, f"a file of {NAME}"):
            table = read_csv(file, ["timestamp", *columns])
            labels = np.array([row["label"] for row in read_rows(file, ["label"])], dtype=np.str_)
            if len(labels) != len(table):
                raise ValueError(f"it has {len(table)} rows of numbers, but {len(labels)} labels.")
            times = (table[:, 0] - table[0, 0]) / 1000
        yield _Execution(int(match[1]), int(match[2]), file, times, table[:, 1:], labels)


def _from_archive(file: Path) -> Iterator[_Execution]:
    """Read executions from the .npz archive."""
    with reading(file, f"an archive of {NAME}"):
        arrays = read_npz(file)
        names = ("time", "label", "label_names", "rec_ptr", "subject", "execution")
        time, label, label_names, pointers, subject, execution = (
            require(arrays, name, file) for name in names
        )
        acc, gyro = (_triads(arrays, kind, file) for kind in ("acc", "gyro"))
        values = np.hstack([acc, gyro]).astype(np.float64)
        if label_names.ndim != 1 or label.ndim != 1 or time.ndim != 1:
            raise ValueError("its time, label and label_names must have one axis.")
        labels = label_names[label]
        bounds = pointers.astype(np.int64)
        if not len(time) == len(label) == len(values) >= bounds[-1] or (np.diff(bounds) < 0).any():
            raise ValueError(
                f"its arrays disagree in length: {len(time)} times, {len(values)} rows"
            )
        executions = [
            _Execution(
                int(subject[i]),
                int(execution[i]),
                file,
                time[begin:end].astype(np.float64),
                values[begin:end],
                labels[begin:end],
            )
            for i, (begin, end) in enumerate(pairwise(bounds))
        ]
    yield from executions


def _triads(arrays: Mapping[str, NDArray[Any]], kind: str, file: Path) -> NDArray[Any]:
    """Return the readings (rows, 3) of a sensor."""
    values = require(arrays, kind, file)
    if values.ndim != 2 or values.shape[1] != 3 or values.dtype.kind not in "iuf":
        raise ValueError(f"{kind} must have shape (rows, 3), got {values.shape}.")
    return values
