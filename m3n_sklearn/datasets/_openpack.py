"""OpenPack: packing work in a logistics centre, wrist and arm IMUs, in the official file layout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from sklearn.utils import Bunch

from .._clock import recover_clock
from .._typing import Array
from .._validation import check_rate
from ..recording import (
    STANDARD_GRAVITY,
    Recording,
    acc_from_g,
    channel_names,
    gyro_from_dps,
    resample_timestamps,
)
from ..skeleton import quat_rotate
from . import _openpack_labels as words
from ._bunch import Fold, cut_into, make_bunch, select_known
from ._openpack_labels import ERRORS, MOUNTS, SENSORS, KnownError, person_of
from ._openpack_labels import split as _split
from ._reading import find_root, read_csv, read_header, read_rows

__all__ = [
    "OPENPACK_RATE",
    "OpenPackATR",
    "OpenPackSeconds",
    "load_openpack",
    "openpack_split",
    "openpack_world_acceleration",
    "read_openpack_atr",
    "read_openpack_seconds",
]

OPENPACK_RATE = 100 / 3
"""Rate of the ATR sensors in Hz: one sample every 30 ms (33 ms in some old files)."""

NULL = words.NULL
NAME = "OpenPack"
OBTAIN = (
    "Get the IMU files and annotations of each user (U0101.zip, …) from "
    "https://doi.org/10.5281/zenodo.8145223 and unpack them to openpack/v1.0.0/<user>/."
)
FROM_QUATERNION_FRAME = np.array([-1.0, -1.0, 1.0])
"""The acceleration's frame is the quaternion's turned by 180° about z."""

MAX_GAP = 0.5
_TRIAD = ("x", "y", "z")

DESCR = """\
OpenPack v1.0.0: order packing, 16 people under 21 user ids, 104 sessions, 53.8 hours.

Sensors: ATR TSND151 IMUs on both wrists (atr01 right, atr02 left) and upper arms (atr03 right,
atr04 left) at 33.3 Hz; Empatica E4 wristbands (e401 right, e402 left) with an accelerometer at
32 Hz. Classes: ten operations, 36 actions within them, and Null (8100).

Handled here
  Rate: one sample every 30 ms is 33.33 Hz, not the 30 Hz of the documentation. Some old files
  have 33 ms. Rates are read from the time stamps and sessions are resampled to one rate.
  Units: acceleration from g to m/s², angular rate from deg/s to rad/s. The E4's "G" is too small
  by another 9.80665.
  Time: a first row with a wrong stamp is dropped; other wrong stamps are mended. Where rows are
  missing or empty no window is cut. Devices are put on the clock of the first.
  Labels: a 1-Hz label holds for its whole second, a span for [start, end). Seconds without a label
  are Null, and so are the annotators' classes that are to be ignored.
  People: user ids U0202, U0203, U0204, U0205 and U0210 are the people of U0105, U0108, U0110,
  U0107 and U0103. Groups are people.
  Errors: sessions in which a chosen sensor was worn the wrong way round, swapped or had a wrong
  clock are left out, and boxes during which it was off are cut out (errors="exclude").
Left as it is
  ATR accelerations stop at 4 g. The clocks of ATR and E4 part by about 0.1 s in 23 minutes. The
  two wrists are mirror images: the y axis points to the fingers on one and away from them on the
  other. U0109 is left-handed; U0201, U0206, U0208 and U0209 are novices.
  Orientation quaternions are coarse (1 degree), of norm 0.97 to 1.03, and belong to a frame that
  is turned by 180 degrees about z against that of acceleration and angular rate:
  openpack_world_acceleration does it right.

Licence: CC BY-NC-SA 4.0. Cite
  N. Yoshimura, J. Morales, T. Maekawa, T. Hara: OpenPack: A Large-scale Dataset for Recognizing
  Packaging Works in IoT-enabled Logistic Environments. PerCom 2024.

Prompts for the classes were written for this library.
"""


# ---- single files


class OpenPackATR(NamedTuple):
    """Content of one ATR file, in SI units.

    Attributes
    ----------
    times : ndarray of shape (T,)
        Unix time in s.
    acc, gyro : ndarray of shape (T, 3)
        In m/s² and rad/s, in the sensor's frame.
    quaternion : ndarray of shape (T, 4)
        As in the file (w, x, y, z), but of norm one; NaN where the file has none.
    """

    times: Array
    acc: Array
    gyro: Array
    quaternion: Array


def read_openpack_atr(path: str | Path) -> OpenPackATR:
    """Read one file of an ATR sensor.

    Parameters
    ----------
    path : str or Path
        Such as ``U0209/atr/atr01/S0500.csv``.

    Returns
    -------
    OpenPackATR
        Times, accelerations, angular rates, orientations.

    Raises
    ------
    ValueError
        If a column is missing or the file is no table of numbers.
    """
    file = Path(path)
    names = ["unixtime", *_columns("acc"), *_columns("gyro")]
    quaternions = [f"quat_{axis}" for axis in "wxyz"]
    has_quaternions = set(quaternions) <= set(read_header(file))
    table = _in_order(file, read_csv(file, names + quaternions * has_quaternions), "auto")
    raw = table[:, 7:] if has_quaternions else np.zeros((len(table), 4))
    return OpenPackATR(
        times=table[:, 0] / 1000,
        acc=acc_from_g(table[:, 1:4]),
        gyro=gyro_from_dps(table[:, 4:7]),
        quaternion=_unit(raw),
    )


class OpenPackSeconds(NamedTuple):
    """Labels of whole seconds.

    Attributes
    ----------
    seconds : ndarray of shape (S,)
        Unix time of each second, increasing.
    classes : ndarray of shape (S,)
        Class ids; 8100 for everything that is no class.
    boxes : ndarray of shape (S,)
        Box numbers; 0 is none.
    """

    seconds: NDArray[np.int64]
    classes: NDArray[np.int64]
    boxes: NDArray[np.int64]


def read_openpack_seconds(path: str | Path, annotation: str = "operations") -> OpenPackSeconds:
    """Read a file of 1-Hz labels, on which results on OpenPack are compared.

    Parameters
    ----------
    path : str or Path
        Such as ``U0209/annotation/openpack-operations-1hz/S0500.csv``.
    annotation : {"operations", "actions"}, default="operations"
        Which classes the file holds. Of several actions at once the first by id is taken.

    Returns
    -------
    OpenPackSeconds
        Seconds that the file leaves out are left out.

    Raises
    ------
    ValueError
        If a column is missing or the file is no table of numbers.
    """
    _check_choice("annotation", annotation, ("operations", "actions"))
    file = Path(path)
    header = read_header(file)
    hot = [column for column in header if re.fullmatch(r"ID\d+", column)]
    old = "operation" if annotation == "operations" else "action"
    table = read_csv(file, ["unixtime", "box", *(hot or ["id" if "id" in header else old])])
    ids = np.nan_to_num(table[:, 2:])
    if hot:
        names = np.array([int(column[2:]) for column in hot])
        classes = np.where((ids > 0.5).any(axis=1), names[np.argmax(ids > 0.5, axis=1)], NULL)
    else:
        classes = ids[:, 0].astype(np.int64)
    seconds, first = np.unique(np.rint(table[:, 0] / 1000).astype(np.int64), return_index=True)
    boxes = np.nan_to_num(table[:, 1]).astype(np.int64)
    return OpenPackSeconds(seconds, _usable(classes, annotation)[first], boxes[first])


def openpack_world_acceleration(acc: ArrayLike, quaternion: ArrayLike) -> Array:
    """Turn an ATR sensor's accelerations into the world frame, z up.

    The quaternions of the files belong to a frame that is turned by 180° about z against the
    frame of the accelerations: v_world = R(q) diag(-1, -1, 1) v_sensor.

    Parameters
    ----------
    acc : array-like of shape (..., 3)
        Vectors in the sensor's frame; angular rates can be turned as well.
    quaternion : array-like of shape (..., 4)
        Orientations of the file (w, x, y, z).

    Returns
    -------
    ndarray of shape (..., 3)
        The vectors in the world frame; NaN where the quaternion is none (norm below 0.5).

    Examples
    --------
    >>> import numpy as np
    >>> upside_down = [0.0, 1.0, 0.0, 0.0]
    >>> openpack_world_acceleration([0.0, 0.0, -9.8], upside_down).round(6) + 0.0
    array([0. , 0. , 9.8])
    """
    vectors = np.asarray(acc, dtype=np.float64) * FROM_QUATERNION_FRAME
    return quat_rotate(_unit(np.asarray(quaternion, dtype=np.float64)), vectors)


def _unit(quaternion: Array) -> Array:
    norm = np.linalg.norm(quaternion, axis=-1, keepdims=True)
    usable = norm >= 0.5
    return np.where(usable, quaternion / np.where(usable, norm, 1.0), np.nan)


def _columns(sensor: str) -> list[str]:
    return [f"{sensor}_{axis}" for axis in _TRIAD]


def _in_order(file: Path, table: Array, stamps: str) -> Array:
    """Drop rows without a stamp and a misplaced first row; put back rows whose stamp is wrong."""
    table = table[np.isfinite(table[:, 0])]
    if len(table) < 3:
        raise ValueError("A sensor file needs at least three rows with time stamps.")
    steps = np.diff(table[:, 0])
    usual = np.median(steps)
    if not 0 < steps[0] < 10 * usual:
        table = table[1:]
    start = table[0, 0]
    try:
        clock = recover_clock((table[:, 0] - start) / 1000, table[:, 1:7], stamps)
    except ValueError:  # the clock was set back: wait until it is where it was
        latest = np.maximum.accumulate(table[:, 0])
        return table[np.concatenate([[True], table[1:, 0] > latest[:-1]])]
    clock.warn(f"They are those of {file}.", stacklevel=4)
    table = table[clock.rows]
    table[:, 0] = start + (clock.times * 1000).round(6)
    return table


# ---- all of it


@dataclass(frozen=True)
class _Session:
    user: str
    session: str

    @property
    def name(self) -> str:
        return f"{self.user}-{self.session}"


@dataclass(frozen=True)
class _Stream:
    times: Array
    values: Array
    channels: tuple[str, ...]


@dataclass(frozen=True)
class _Annotated:
    recording: Recording
    boxes: NDArray[np.int64]
    unix_start: float


def load_openpack(
    path: str | Path,
    *,
    users: Iterable[str] | str | None = None,
    sessions: Iterable[str] | str | None = None,
    sensors: str | Sequence[str] = ("atr01", "atr02"),
    annotation: str = "operations",
    labels: str = "1hz",
    errors: str = "exclude",
    rate: float | None = OPENPACK_RATE,
    seconds: float | None = 4.0,
    overlap: float = 0.5,
    label: str = "majority",
    min_purity: float = 0.0,
    ignore: Iterable[int] = (NULL,),
    across_boxes: bool = True,
    dtype: DTypeLike = np.float32,
) -> Bunch:
    """Load OpenPack from its official files.

    Parameters
    ----------
    path : str or Path
        Folder of the users (``U0101``, …) or one above it: ``openpack/v1.0.0`` is found.
    users : str or iterable of str, optional
        User ids; all that are there by default.
    sessions : str or iterable of str, optional
        Such as ``"S0100"`` or, as in :func:`openpack_split`, ``"U0102-S0100"``.
    sensors : str or sequence of str, default=("atr01", "atr02")
        Devices, in the order of the channels: atr01 (right wrist), atr02 (left wrist), atr03 and
        atr04 (right and left upper arm), e401 and e402 (accelerometers, right and left wrist).
    annotation : {"operations", "actions"}, default="operations"
        Which classes.
    labels : {"1hz", "spans"}, default="1hz"
        Whether to read the labels of whole seconds, on which results are compared, or the exact
        spans.
    errors : {"exclude", "keep"}, default="exclude"
        What becomes of known recording errors of the chosen sensors (listed in ``errors``).
    rate : float or None, default=100/3
        Rate of recordings and windows in Hz. None keeps that of each session.
    seconds : float or None, default=4.0
        Length of the windows; None cuts none.
    overlap : float, default=0.5
        Share of a window that the next one repeats.
    label : {"majority", "centre"}, default="majority"
        Which of its samples decide on the class of a window.
    min_purity : float, default=0.0
        Windows whose class holds a smaller share of their samples are dropped.
    ignore : iterable of int, default=(8100,)
        Windows of these classes are dropped; Null by default.
    across_boxes : bool, default=True
        Whether to keep windows that touch two boxes; the box is then that of their middle.
        Without them folds by box share no sample, but operations at the end of a box get rare.
    dtype : dtype, default=float32
        Of the IMU windows.

    Returns
    -------
    Bunch
        ``recordings`` (one per session, with a class per sample), ``motions`` (empty), ``X``,
        ``y`` (class ids), ``groups`` (people), ``sessions``, ``boxes`` (such as
        ``"U0209-S0500-B07"``, for folds by box), ``label_names``, ``descriptions`` (prompts),
        ``box_labels`` (box of each sample by session; 0 is none), ``unix_start`` (Unix time of
        each session's first sample in s), ``errors`` (known errors of the sessions asked for),
        ``excluded`` (sessions left out, and why), ``mount`` (how ATR sensors are worn at the
        wrists, for :func:`~m3n_sklearn.recording.to_site_axes`), ``DESCR``.

    Raises
    ------
    FileNotFoundError
        If the folder, a sensor's file or the annotation is missing.
    ValueError
        If an argument or a file's content is not as expected.

    Examples
    --------
    >>> from m3n_sklearn.datasets import load_openpack, openpack_split
    >>> fold = openpack_split("pilot")[0]  # doctest: +SKIP
    >>> data = load_openpack("data", sessions=fold["train"], rate=50.0)  # doctest: +SKIP
    """
    _check_choice("annotation", annotation, ("operations", "actions"))
    _check_choice("labels", labels, ("1hz", "spans"))
    _check_choice("errors", errors, ("exclude", "keep"))
    if rate is not None:
        check_rate(rate, "rate")
    devices = select_known("sensors", sensors, list(SENSORS))
    root = _find_openpack(path)
    chosen = _find_sessions(root, users, sessions)
    known = [
        e for e in ERRORS if e.session in {s.name for s in chosen} and set(e.sensors) & {*devices}
    ]
    read: dict[str, _Annotated] = {}
    excluded: dict[str, str] = {}
    for session in chosen:
        faults = [e for e in known if e.session == session.name] if errors == "exclude" else []
        reason = _why_exclude(faults)
        if reason is None:
            annotated = _read_session(root, session, devices, annotation, labels, rate, faults)
            reason = None if annotated.recording.observed.any() else "no sample is usable"
        if reason is None:
            read[session.name] = annotated
        else:
            excluded[session.name] = reason
    if not read:
        raise ValueError(
            f"{NAME}: all sessions asked for are excluded ({excluded}). "
            "errors='keep' loads them as they are."
        )
    names, prompts = _classes(annotation)
    bunch = make_bunch(
        motions=[],
        recordings=[annotated.recording for annotated in read.values()],
        label_names=names,
        descriptions=prompts,
        description=DESCR,
        boxes=None,
        box_labels={name: annotated.boxes for name, annotated in read.items()},
        unix_start={name: annotated.unix_start for name, annotated in read.items()},
        errors=known,
        excluded=excluded,
        mount={
            site: np.array(MOUNTS[site])
            for site in (SENSORS[device] for device in devices)
            if site in MOUNTS
        },
    )
    if seconds is None:
        return bunch
    cut_into(
        bunch,
        bunch.recordings,
        list(read),
        seconds=seconds,
        overlap=overlap,
        label=label,
        min_purity=min_purity,
        ignore=ignore,
        dtype=dtype,
    )
    return _add_boxes(bunch, across_boxes)


def openpack_split(name: str) -> list[Fold]:
    """Return a split of OpenPack.

    Parameters
    ----------
    name : {"challenge2022", "pilot", "debug", "person_loo"}
        The official ones (parts train, val, test and submission, whose labels are public by now;
        only the submission part of challenge2022 holds unseen people), or one fold for each of
        the 16 people. The official leave-one-out by user id is not offered: it tests on people
        who are trained on under another id.

    Returns
    -------
    list of dict
        Folds of sessions such as ``"U0102-S0100"``, for ``load_openpack(sessions=…)`` and
        :func:`~m3n_sklearn.datasets.cv_from_split`.

    Examples
    --------
    >>> {part: len(sessions) for part, sessions in openpack_split("challenge2022")[0].items()}
    {'train': 44, 'val': 7, 'test': 4, 'submission': 22}
    >>> len(openpack_split("person_loo"))
    16
    """
    return _split(name)


# ---- what there is


def _find_openpack(path: str | Path) -> Path:
    given = Path(path).expanduser()
    versions = sorted(
        (
            str(p.relative_to(given))
            for pattern in ("openpack/v*", "v*")
            for p in given.glob(pattern)
        ),
        reverse=True,
    )
    return find_root(
        given,
        (".", *(versions or ["openpack/v1.0.0"])),
        "U[0-9][0-9][0-9][0-9]/annotation",
        dataset=NAME,
        obtain=OBTAIN,
    )


def _find_sessions(
    root: Path, users: Iterable[str] | str | None, sessions: Iterable[str] | str | None
) -> list[_Session]:
    there = sorted(
        {
            (folder.name, file.stem)
            for folder in root.glob("U[0-9][0-9][0-9][0-9]")
            for file in folder.rglob("S[0-9][0-9][0-9][0-9].csv")
        }
    )
    people = select_known("users", users, sorted({user for user, _ in there}))
    found = [_Session(user, session) for user, session in there if user in people]
    if sessions is None:
        return found
    wanted = [sessions] if isinstance(sessions, str) else list(sessions)
    for one in wanted:
        if not re.fullmatch(r"(U\d{4}-)?S\d{4}", one):
            raise ValueError(f"sessions are named 'S0100' or 'U0102-S0100', got {one!r}.")
        if not any(one in (session.session, session.name) for session in found):
            raise FileNotFoundError(
                f"{NAME}: session {one} was not found in {root}, which holds "
                f"{', '.join(session.name for session in found[:10])}. {OBTAIN}"
            )
    return [s for s in found if s.session in wanted or s.name in wanted]


def _why_exclude(faults: Sequence[KnownError]) -> str | None:
    whole = [fault for fault in faults if not fault.boxes]
    if not whole:
        return None
    return "; ".join(f"{', '.join(fault.sensors)} {fault.kind}" for fault in whole)


def _locate(root: Path, session: _Session, folders: Sequence[str], what: str) -> Path:
    """Return the file of a session in the first of several folders that has it."""
    files = [root / session.user / folder / f"{session.session}.csv" for folder in folders]
    for file in files:
        if file.is_file():
            return file
    raise FileNotFoundError(
        f"{NAME}: {what} of {session.name} is missing; expected {' or '.join(map(str, files))}. "
        f"{OBTAIN}"
    )


# ---- one session


def _read_session(
    root: Path,
    session: _Session,
    devices: Sequence[str],
    annotation: str,
    labels: str,
    rate: float | None,
    faults: Sequence[KnownError],
) -> _Annotated:
    streams = [_read_stream(root, session, device) for device in devices]
    clock = streams[0].times
    own_rate = _rate_of(clock, rate)
    count = int(np.floor((clock[-1] - clock[0]) * own_rate + 0.5)) + 1
    parts = [_on_grid(stream, clock[0], own_rate, count) for stream in streams]
    observed = np.hstack([seen for _, seen in parts])
    times = clock[0] + np.arange(count) / own_rate
    classes, boxes = _read_labels(root, session, annotation, labels, times)
    for fault in faults:
        observed &= ~np.isin(boxes, fault.boxes)[:, None]
    recording = Recording(
        np.hstack([values for values, _ in parts]),
        own_rate,
        [channel for stream in streams for channel in stream.channels],
        labels=classes,
        subject=person_of(session.user),
        name=session.name,
        observed=observed,
    )
    if rate is not None and rate != own_rate:
        recording = recording.resample(rate)
        times = clock[0] + recording.times
        classes, boxes = _read_labels(root, session, annotation, labels, times)
        recording = recording.replace(labels=classes)
    return _Annotated(recording, boxes, float(clock[0]))


def _rate_of(clock: Array, wanted: float | None) -> float:
    """Return the rate of time stamps, gaps left out; `wanted` if it is the same."""
    steps = np.diff(clock)
    rate = 1 / float(steps[steps < 1.5 * np.median(steps)].mean())
    return wanted if wanted is not None and abs(rate - wanted) < 1e-6 * wanted else rate


def _read_stream(root: Path, session: _Session, device: str) -> _Stream:
    site = SENSORS[device]
    if device.startswith("atr"):
        file = _locate(root, session, (f"atr/{device}", device), f"sensor {device}")
        atr = read_openpack_atr(file)
        return _Stream(atr.times, np.hstack([atr.acc, atr.gyro]), channel_names(site))
    file = _locate(root, session, (f"e4/{device}/acc", f"{device}/acc"), f"sensor {device}")
    # 32 Hz in whole milliseconds
    table = _in_order(file, read_csv(file, ["time", *_columns("acc")]), "even")
    acc = acc_from_g(table[:, 1:] * STANDARD_GRAVITY)
    return _Stream(table[:, 0] / 1000, acc, channel_names(site, "acc"))


def _on_grid(
    stream: _Stream, start: float, rate: float, count: int
) -> tuple[Array, NDArray[np.bool_]]:
    """Return samples on an even grid, and which of them were measured."""
    sensors = np.split(stream.values, stream.values.shape[1] // 3, axis=1)
    parts = [
        resample_timestamps(
            stream.times - start,
            sensor,
            rate,
            start=0.0,
            n_samples=count,
            max_gap=MAX_GAP,
        )
        for sensor in sensors
    ]
    observed = np.stack([seen for _, seen, _ in parts], axis=1)
    return np.hstack([values for values, _, _ in parts]), np.repeat(observed, 3, axis=1)


# ---- labels


def _read_labels(
    root: Path, session: _Session, annotation: str, labels: str, times: Array
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Class and box at each time (Unix s)."""
    name = f"openpack-{annotation}"
    if labels == "spans":
        file = _locate(root, session, (f"annotation/{name}", "annotation/work-process"), "spans")
        return _from_spans(file, times, annotation)
    folders = (f"annotation/{name}-1hz", "annotation/activity-1s")
    file = _locate(root, session, folders, f"1-Hz annotation of {annotation}")
    return _from_seconds(file, times, annotation)


def _from_seconds(
    file: Path, times: Array, annotation: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    table = read_openpack_seconds(file, annotation)
    # microseconds of slack: sums of steps may fall just short of a full second
    at = np.floor(times + 1e-6).astype(np.int64)
    place = np.clip(np.searchsorted(table.seconds, at), 0, len(table.seconds) - 1)
    there = table.seconds[place] == at
    return np.where(there, table.classes[place], NULL), np.where(there, table.boxes[place], 0)


def _from_spans(
    file: Path, times: Array, annotation: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    classes = np.full(len(times), NULL)
    boxes = np.zeros(len(times), dtype=np.int64)
    for row in read_rows(file, ["start", "end", "box", "id"]):
        begin, end = np.searchsorted(times + 1e-6, [_unix(row["start"]), _unix(row["end"])])
        classes[begin:end] = int(float(row["id"]))
        boxes[begin:end] = int(float(row["box"] or 0))
    return _usable(classes, annotation), boxes


def _unix(stamp: str) -> float:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError as error:
        raise ValueError(
            f"{stamp!r} is no time stamp such as 2022-03-29 14:25:22+09:00."
        ) from error
    if moment.tzinfo is None:
        moment = datetime.fromisoformat(f"{stamp}+09:00")  # local time of the recordings
    return moment.timestamp()


def _usable(classes: NDArray[np.int64], annotation: str) -> NDArray[np.int64]:
    """Turn everything that is no class to be recognised into Null."""
    return np.where(np.isin(classes, list(_classes(annotation)[0])), classes, NULL)


def _classes(annotation: str) -> tuple[dict[int, str], dict[int, tuple[str, ...]]]:
    if annotation == "operations":
        return words.OPERATIONS, words.PROMPTS_OPERATIONS
    return words.ACTIONS, words.PROMPTS_ACTIONS


# ---- windows


def _add_boxes(bunch: Bunch, across_boxes: bool) -> Bunch:
    """Name the box of each window; drop windows that touch two unless they are wanted."""
    X = bunch.X
    rate, length = X.rate("imu"), X["imu"].shape[2]
    box = np.zeros(len(X), dtype=np.int64)
    keep = np.ones(len(X), dtype=bool)
    for name, box_labels in bunch.box_labels.items():
        rows = np.flatnonzero(X["clip"] == name)
        first = np.rint(X["start"][rows] * rate).astype(np.int64)
        touched = box_labels[first[:, None] + np.arange(length)]
        box[rows] = touched[:, length // 2]
        if not across_boxes:
            lowest = np.where(touched > 0, touched, touched.max(axis=1, keepdims=True)).min(axis=1)
            keep[rows] = lowest == touched.max(axis=1)
            box[rows] = lowest
    if not keep.all():
        bunch.X, bunch.y, bunch.groups = X[keep], bunch.y[keep], bunch.groups[keep]
        bunch.sessions = bunch.sessions[keep]
    pairs = zip(bunch.sessions, box[keep], strict=True)
    bunch.boxes = np.array([f"{session}-B{number:02d}" for session, number in pairs])
    return bunch


def _check_choice(name: str, value: Any, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}.")
