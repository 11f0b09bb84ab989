"""OpenPack: packing work with wrist and arm IMUs, in the official file layout."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Bunch

from .._clock import recover_clock
from .._files import reading
from .._typing import Array
from .._validation import check_choice, check_rate
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
from ._bunch import Fold, cut_into, cutting_options, make_bunch, select_known
from ._openpack_labels import ERRORS, MOUNTS, SENSORS, KnownError, person_of
from ._openpack_labels import split as _split
from ._reading import FASTEST, check_duration, find_root, read_csv, read_header

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
"""The frame of the acceleration is that of the quaternion, rotated by 180° about z."""

MAX_GAP = 0.5
_TRIAD = ("x", "y", "z")

DESCR = """\
OpenPack v1.0.0: order packing, 16 people under 21 user ids, 104 sessions, 53.8 hours.

Sensors: ATR TSND151 IMUs on both wrists (atr01 right, atr02 left) and upper arms (atr03 right,
atr04 left) at 33.3 Hz; Empatica E4 wristbands (e401 right, e402 left) with an accelerometer at
32 Hz. Classes: ten operations, 36 actions within them, and Null (8100).

What the loader corrects
  Rate: one sample every 30 ms is 33.33 Hz, not the 30 Hz of the documentation. Some old files
  have 33 ms. Rates are read from the time stamps, and sessions are resampled to one rate.
  Units: acceleration from g to m/s², angular rate from deg/s to rad/s. The values of the E4 in "G"
  are too small by another factor of 9.80665.
  Time: a first row with a wrong time stamp is dropped; other wrong stamps are corrected. No window
  is cut where rows are missing or empty. All devices are put on the clock of the first.
  Labels: a 1-Hz label holds for its whole second. Seconds without a label are Null, and so are the
  classes that the annotators mark as not to be used.
  People: user ids U0202, U0203, U0204, U0205 and U0210 are the people of U0105, U0108, U0110,
  U0107 and U0103. Groups are people.
  Errors: sessions in which a chosen sensor was worn the other way round, swapped or had a wrong
  clock are skipped, and boxes during which it was off are cut out (errors="exclude").
What it does not correct
  ATR accelerations saturate at 4 g. The clocks of ATR and E4 drift apart by about 0.1 s in 23
  minutes. The two wrists are mirror images: the y axis points to the fingers at one wrist and to
  the elbow at the other. U0109 is left-handed; U0201, U0206, U0208 and U0209 are novices.
  Orientation quaternions are coarse (1 degree), with norms of 0.97 to 1.03. Their frame is rotated
  by 180 degrees about z against that of acceleration and angular rate;
  openpack_world_acceleration takes this into account.

License: CC BY-NC-SA 4.0. Cite
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
        If a column is missing or the file is not a table of numbers.

    Examples
    --------
    >>> from m3n_sklearn.datasets import read_openpack_atr
    >>> atr = read_openpack_atr("U0209/atr/atr01/S0500.csv")  # doctest: +SKIP
    >>> atr.acc.shape  # doctest: +SKIP
    (46800, 3)
    """
    names = ["unixtime", *_columns("acc"), *_columns("gyro")]
    quaternions = [f"quat_{axis}" for axis in "wxyz"]
    with reading(path, "a file of an ATR sensor") as file:
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
        Class ids; 8100 (Null) for everything else.
    boxes : ndarray of shape (S,)
        Box numbers; 0 is none.
    """

    seconds: NDArray[np.int64]
    classes: NDArray[np.int64]
    boxes: NDArray[np.int64]


def read_openpack_seconds(path: str | Path, annotation: str = "operations") -> OpenPackSeconds:
    """Read a file of 1-Hz labels, which the OpenPack challenge scores.

    Parameters
    ----------
    path : str or Path
        Such as ``U0209/annotation/openpack-operations-1hz/S0500.csv``.
    annotation : {"operations", "actions"}, default="operations"
        The classes of the file. If several actions occur at once, the lowest id is used.

    Returns
    -------
    OpenPackSeconds
        Class and box of every second in the file.

    Raises
    ------
    ValueError
        If a column is missing or the file is not a table of numbers.

    Examples
    --------
    >>> from m3n_sklearn.datasets import read_openpack_seconds
    >>> path = "U0209/annotation/openpack-operations-1hz/S0500.csv"
    >>> len(read_openpack_seconds(path).classes)  # doctest: +SKIP
    1404
    """
    check_choice(annotation, "annotation", ("operations", "actions"))
    with reading(path, "a file of 1-Hz labels") as file:
        header = read_header(file)
        hot = [column for column in header if re.fullmatch(r"ID\d{1,9}", column)]
        old = "operation" if annotation == "operations" else "action"
        table = read_csv(file, ["unixtime", "box", *(hot or ["id" if "id" in header else old])])
        ids = _whole(table[:, 2:], "a class")
        if hot:
            names = np.array([int(column[2:]) for column in hot])
            classes = np.where((ids > 0).any(axis=1), names[np.argmax(ids > 0, axis=1)], NULL)
        else:
            classes = ids[:, 0]
        stamps = _whole(table[:, 0] / 1000, "a time stamp", missing=np.nan)
        seconds, first = np.unique(stamps, return_index=True)
        boxes = _whole(table[:, 1], "a box")
        return OpenPackSeconds(seconds, _usable(classes, annotation)[first], boxes[first])


def _whole(values: Array, what: str, missing: float = 0.0) -> NDArray[np.int64]:
    """Return numbers as integers, or raise ValueError if they are none."""
    values = np.where(np.isnan(values), missing, values)
    if not (np.abs(values) < 2**53).all():
        raise ValueError(f"{what} is missing or too large to be one.")
    return np.rint(values).astype(np.int64)


def openpack_world_acceleration(acc: ArrayLike, quaternion: ArrayLike) -> Array:
    """Rotate the accelerations of an ATR sensor into the world frame, z up.

    The frame of the quaternions in the files is rotated by 180° about z against the frame of the
    accelerations: v_world = R(q) diag(-1, -1, 1) v_sensor.

    Parameters
    ----------
    acc : array-like of shape (..., 3)
        Vectors in the sensor's frame, accelerations or angular rates.
    quaternion : array-like of shape (..., 4)
        Orientations from the file (w, x, y, z).

    Returns
    -------
    ndarray of shape (..., 3)
        The vectors in the world frame; NaN where the quaternion is missing (norm below 0.5).

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
    """Scale quaternions to length 1; NaN where they are too short."""
    norm = np.linalg.norm(quaternion, axis=-1, keepdims=True)
    usable = norm >= 0.5
    return np.where(usable, quaternion / np.where(usable, norm, 1.0), np.nan)


def _columns(sensor: str) -> list[str]:
    """Return the column names of a triad."""
    return [f"{sensor}_{axis}" for axis in _TRIAD]


def _in_order(file: Path, table: Array, stamps: str) -> Array:
    """Drop rows without a stamp and a misplaced first row; correct wrong stamps."""
    table = table[np.isfinite(table[:, 0])]
    if len(table) < 3:
        raise ValueError("a sensor file needs at least three rows with time stamps.")
    steps = np.diff(table[:, 0])
    usual = np.median(steps)
    if not 0 < steps[0] < 10 * usual:
        table = table[1:]
    start = table[0, 0]
    try:
        clock = recover_clock((table[:, 0] - start) / 1000, table[:, 1:7], stamps)
    except ValueError:  # the clock was set back: drop the rows until it has caught up
        latest = np.maximum.accumulate(table[:, 0])
        table = table[np.concatenate([[True], table[1:, 0] > latest[:-1]])]
        check_duration(table[:, 0] / 1000)
        return table
    clock.warn(f"They are those of {file}.")
    table = table[clock.rows]
    table[:, 0] = start + (clock.times * 1000).round(6)
    check_duration(table[:, 0] / 1000)
    return table


# ---- all of it


@dataclass(frozen=True)
class _Session:
    """A user and a session."""

    user: str
    session: str

    @property
    def name(self) -> str:
        """Name of the session."""
        return f"{self.user}-{self.session}"


@dataclass(frozen=True)
class _Stream:
    """Readings of one sensor at its own time stamps (s)."""

    file: Path
    times: Array
    values: Array
    channels: tuple[str, ...]


@dataclass(frozen=True)
class _Annotated:
    """A labeled recording with its boxes and the Unix time of its start."""

    recording: Recording
    boxes: NDArray[np.int64]
    unix_start: float


def load_openpack(
    path: str | Path,
    *,
    subjects: Iterable[str] | str | None = None,
    sessions: Iterable[str] | str | None = None,
    sensors: str | Sequence[str] = ("atr01", "atr02"),
    classes: str = "operations",
    errors: str = "exclude",
    seconds: float | None = 4.0,
    rate: float | None = OPENPACK_RATE,
    **cutting: Any,
) -> Bunch:
    """Load OpenPack from its official files.

    Parameters
    ----------
    path : str or Path
        Folder of the users (``U0101``, …) or one above it, such as that of ``openpack/v1.0.0``.
    subjects : str or iterable of str, optional
        People, such as ``"U0101"``: the first user id of each person. All by default.
    sessions : str or iterable of str, optional
        Such as ``"S0100"`` or, as in :func:`openpack_split`, ``"U0102-S0100"``. All by default.
    sensors : str or sequence of str, default=("atr01", "atr02")
        Devices, in the order of the channels: atr01 (right wrist), atr02 (left wrist), atr03 and
        atr04 (right and left upper arm), e401 and e402 (accelerometers, right and left wrist).
    classes : {"operations", "actions"}, default="operations"
        The ten operations, or the 36 actions within them.
    errors : {"exclude", "keep"}, default="exclude"
        What to do with known recording errors of the chosen sensors (listed in ``errors``).
    seconds : float or None, default=4.0
        Length of the windows. None reads the recordings and cuts no windows.
    rate : float or None, default=100/3
        Rate of recordings and windows in Hz. None keeps the rate of each session.
    **cutting : dict
        Further arguments of :func:`~m3n_sklearn.recording.cut`, such as ``label="center"``. Other
        defaults than there: ``ignore=(8100,)``, which drops the windows of Null, and
        ``dtype=float32``.

    Returns
    -------
    Bunch
        With the fields

        - ``X``, ``y``, ``groups``, ``sessions``: windows, class ids, people and sessions of the
          rows; None if `seconds` is None. ``boxes``: the box in the middle of each window, such as
          ``"U0209-S0500-B07"``, for folds by box.
        - ``recordings``: one per session, with a class per sample. ``motions``: empty.
        - ``label_names``, ``descriptions``: name and prompts of each class.
        - ``box_labels``: box of each sample by session; 0 is none. ``unix_start``: Unix time of
          each session's first sample in s.
        - ``errors``: known errors of the chosen sessions. ``excluded``: skipped sessions, with the
          reason.
        - ``mount``: how ATR sensors are worn at the wrists, for
          :func:`~m3n_sklearn.recording.to_site_axes`.
        - ``DESCR``: the data set, and what the loader corrects.

    Raises
    ------
    FileNotFoundError
        If the folder, a sensor's file or the annotation is missing.
    ValueError
        If an argument or the content of a file is wrong.
    TypeError
        If an argument does not exist.

    Examples
    --------
    >>> from m3n_sklearn.datasets import load_openpack, openpack_split
    >>> fold = openpack_split("pilot")[0]  # doctest: +SKIP
    >>> data = load_openpack("data", sessions=fold["train"], rate=50.0)  # doctest: +SKIP
    """
    # 1. The arguments, and the sessions that they choose
    check_choice(classes, "classes", ("operations", "actions"))
    check_choice(errors, "errors", ("exclude", "keep"))
    if rate is not None:
        check_rate(rate, "rate")
    options = cutting_options(cutting, ignore=(NULL,), dtype=np.float32)
    devices = select_known("sensors", sensors, list(SENSORS))
    root = _find_openpack(path)
    chosen = _find_sessions(root, subjects, sessions)
    # 2. Recordings, except of sessions that known errors make unusable
    known = [
        e for e in ERRORS if e.session in {s.name for s in chosen} and set(e.sensors) & {*devices}
    ]
    read: dict[str, _Annotated] = {}
    excluded: dict[str, str] = {}
    for session in chosen:
        faults = [e for e in known if e.session == session.name] if errors == "exclude" else []
        reason = _why_exclude(faults)
        if reason is None:
            annotated = _read_session(root, session, devices, classes, rate, faults)
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
    # 3. The Bunch, and its windows
    names, prompts = _classes(classes)
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
        root=root,
        seconds=seconds,
        **options,
    )
    bunch.boxes = _boxes(bunch)
    return bunch


def openpack_split(name: str) -> list[Fold]:
    """Return a split of OpenPack.

    Parameters
    ----------
    name : {"challenge2022", "pilot", "debug", "person_loo"}
        An official split with the parts train, val, test and submission, or one fold for each of
        the 16 people. Only the submission part of challenge2022 contains unseen people. The
        official leave-one-out by user id is not available, because five people have two ids.

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


# ---- files


def _find_openpack(path: str | Path) -> Path:
    """Return the folder of the version that a path contains."""
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
    root: Path, subjects: Iterable[str] | str | None, sessions: Iterable[str] | str | None
) -> list[_Session]:
    """Return the chosen sessions that are in the folder."""
    there = sorted(
        {
            (folder.name, file.stem)
            for folder in root.glob("U[0-9][0-9][0-9][0-9]")
            for file in folder.rglob("S[0-9][0-9][0-9][0-9].csv")
        }
    )
    people = select_known("subjects", subjects, sorted({person_of(user) for user, _ in there}))
    found = [_Session(user, session) for user, session in there if person_of(user) in people]
    if sessions is None:
        return found
    wanted = [sessions] if isinstance(sessions, str) else list(sessions)
    for one in wanted:
        if not re.fullmatch(r"(U\d{4}-)?S\d{4}", one):
            raise ValueError(f"sessions are named 'S0100' or 'U0102-S0100', got {one!r}.")
        if not any(one in (session.session, session.name) for session in found):
            raise FileNotFoundError(
                f"{NAME}: session {one} was not found in {root}, which has "
                f"{', '.join(session.name for session in found[:10])}. {OBTAIN}"
            )
    return [s for s in found if s.session in wanted or s.name in wanted]


def _why_exclude(faults: Sequence[KnownError]) -> str | None:
    """Return the errors that concern a whole session, or None."""
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
    rate: float | None,
    faults: Sequence[KnownError],
) -> _Annotated:
    """Read the sensors and labels of a session on one grid."""
    streams = [_read_stream(root, session, device) for device in devices]
    clock = streams[0].times
    with reading(streams[0].file, "a file of a sensor"):
        own_rate = _rate_of(clock, rate)
    count = int(np.floor((clock[-1] - clock[0]) * own_rate + 0.5)) + 1
    parts = [_on_grid(stream, clock[0], own_rate, count) for stream in streams]
    observed = np.hstack([seen for _, seen in parts])
    times = clock[0] + np.arange(count) / own_rate
    classes, boxes = _read_labels(root, session, annotation, times)
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
        classes, boxes = _read_labels(root, session, annotation, times)
        recording = recording.replace(labels=classes)
    return _Annotated(recording, boxes, float(clock[0]))


def _rate_of(clock: Array, wanted: float | None) -> float:
    """Return the rate of time stamps without their gaps; `wanted` if it is the same."""
    steps = np.diff(clock)
    rate = 1 / float(steps[steps < 1.5 * np.median(steps)].mean())
    if not 1 <= rate <= FASTEST:
        raise ValueError(f"its time stamps are those of {rate:g} samples per second.")
    return wanted if wanted is not None and abs(rate - wanted) < 1e-6 * wanted else rate


def _read_stream(root: Path, session: _Session, device: str) -> _Stream:
    """Read one sensor of a session."""
    site = SENSORS[device]
    if device.startswith("atr"):
        file = _locate(root, session, (f"atr/{device}", device), f"sensor {device}")
        atr = read_openpack_atr(file)
        return _Stream(file, atr.times, np.hstack([atr.acc, atr.gyro]), channel_names(site))
    file = _locate(root, session, (f"e4/{device}/acc", f"{device}/acc"), f"sensor {device}")
    with reading(file, "a file of an E4 wristband"):
        # 32 Hz in whole milliseconds
        table = _in_order(file, read_csv(file, ["time", *_columns("acc")]), "even")
        acc = acc_from_g(table[:, 1:] * STANDARD_GRAVITY)
        return _Stream(file, table[:, 0] / 1000, acc, channel_names(site, "acc"))


def _on_grid(
    stream: _Stream, start: float, rate: float, count: int
) -> tuple[Array, NDArray[np.bool_]]:
    """Return samples on an even grid, and which of them were measured."""
    sensors = np.split(stream.values, stream.values.shape[1] // 3, axis=1)
    with reading(stream.file, "a file of a sensor"):
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
    root: Path, session: _Session, annotation: str, times: Array
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return class and box at each time (Unix s)."""
    folders = (f"annotation/openpack-{annotation}-1hz", "annotation/activity-1s")
    file = _locate(root, session, folders, f"1-Hz annotation of {annotation}")
    table = read_openpack_seconds(file, annotation)
    # sums of steps may fall short of a full second by a rounding error
    at = np.floor(times + 1e-6).astype(np.int64)
    place = np.clip(np.searchsorted(table.seconds, at), 0, len(table.seconds) - 1)
    there = table.seconds[place] == at
    return np.where(there, table.classes[place], NULL), np.where(there, table.boxes[place], 0)


def _usable(classes: NDArray[np.int64], annotation: str) -> NDArray[np.int64]:
    """Replace everything that is not one of the classes by Null."""
    return np.where(np.isin(classes, list(_classes(annotation)[0])), classes, NULL)


def _classes(annotation: str) -> tuple[dict[int, str], dict[int, tuple[str, ...]]]:
    """Return the names and prompts of the classes of an annotation."""
    if annotation == "operations":
        return words.OPERATIONS, words.PROMPTS_OPERATIONS
    return words.ACTIONS, words.PROMPTS_ACTIONS


# ---- windows


def _boxes(bunch: Bunch) -> NDArray[np.str_]:
    """Return the name of the box in the middle of each window."""
    X = bunch.X
    middle = np.rint(X["start"] * X.rate("imu")).astype(np.int64) + X["imu"].shape[2] // 2
    pairs = zip(bunch.sessions, X["clip"], middle, strict=True)
    return np.array([f"{name}-B{bunch.box_labels[clip][at]:02d}" for name, clip, at in pairs])
