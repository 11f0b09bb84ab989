"""Facts about OpenPack that its files do not carry: people, sessions, splits, known errors."""

from __future__ import annotations

from typing import NamedTuple

from .splits import Fold, leave_one_out

__all__ = [
    "ERRORS",
    "MOUNTS",
    "PERSON_OF",
    "SENSORS",
    "SESSIONS",
    "KnownError",
    "person_of",
    "split",
]

SENSORS: dict[str, str] = {
    "atr01": "right_wrist",
    "atr02": "left_wrist",
    "atr03": "right_upper_arm",
    "atr04": "left_upper_arm",
    "e401": "right_wrist_e4",
    "e402": "left_wrist_e4",
}
"""Site of each device. The E4 wristbands sit beside the ATR ones."""

_ALONG_Y = ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0))

MOUNTS: dict[str, tuple[tuple[float, ...], ...]] = {
    "right_wrist": _ALONG_Y,
    "left_wrist": _ALONG_Y,
}
"""Axes of the ATR sensors at the wrists in those of the simulated watches: a quarter about z.

The forearm turns most about y, gravity is on x while hands work with the thumb up, and y points to
the fingers at one wrist and to the elbow at the other, as does x of the simulated watches.
"""

PERSON_OF: dict[str, str] = {
    "U0202": "U0105",
    "U0203": "U0108",
    "U0204": "U0110",
    "U0205": "U0107",
    "U0210": "U0103",
}
"""Five people took part twice. Every other id is a person."""

_ALL_FIVE = ("S0100", "S0200", "S0300", "S0400", "S0500")
_USERS = tuple(f"U01{i:02d}" for i in range(1, 12)) + tuple(f"U02{i:02d}" for i in range(1, 11))
_ATR = ("atr01", "atr02", "atr03", "atr04")


def _name(user: str, session: str) -> str:
    return f"{user}-{session}"


SESSIONS: tuple[str, ...] = tuple(
    _name(user, session)
    for user in _USERS
    for session in _ALL_FIVE
    if (user, session) != ("U0104", "S0500")
)
"""All 104 sessions, as ``user-session``."""


class KnownError(NamedTuple):
    """A recording error that the authors of the data report.

    Attributes
    ----------
    session : str
        As ``user-session``.
    sensors : tuple of str
        Devices.
    kind : {"off", "missing", "reversed", "swapped", "clock"}
        What is wrong. A device that is reversed was worn the other way round; in three sessions
        the x and y axes of its acceleration were turned back, but not those of its gyroscope.
    boxes : tuple of int
        The boxes it concerns; all if empty.
    """

    session: str
    sensors: tuple[str, ...]
    kind: str
    boxes: tuple[int, ...] = ()


ERRORS: tuple[KnownError, ...] = (
    KnownError("U0103-S0100", _ATR, "off", tuple(range(1, 11))),
    KnownError("U0103-S0300", ("atr03",), "reversed"),
    KnownError("U0103-S0400", ("atr03",), "reversed"),
    KnownError("U0104-S0200", ("atr03", "atr04"), "swapped"),
    KnownError("U0104-S0400", ("atr03", "atr04"), "swapped"),
    # reported for atr01 in words and for atr03 in the table
    KnownError("U0107-S0400", ("atr01", "atr03"), "reversed"),
    KnownError("U0108-S0400", _ATR, "off", tuple(range(1, 11))),
    KnownError("U0108-S0400", _ATR, "clock"),
    KnownError("U0109-S0100", _ATR, "missing", (17, 18, 19, 20)),
    KnownError("U0201-S0100", ("e401", "e402"), "missing"),
    KnownError("U0201-S0100", ("e402",), "reversed"),
    KnownError("U0201-S0200", ("e402",), "reversed"),
    KnownError("U0201-S0200", _ATR, "off", tuple(range(1, 9))),
    KnownError("U0201-S0500", ("atr02",), "reversed"),
    KnownError("U0203-S0400", ("e401",), "missing"),
    KnownError("U0204-S0100", ("atr02",), "reversed"),
    KnownError("U0204-S0500", ("atr02",), "reversed"),
    KnownError("U0207-S0100", ("atr02",), "reversed"),
    KnownError("U0207-S0200", ("atr03",), "reversed"),
    KnownError("U0209-S0400", ("atr03",), "reversed"),
    KnownError("U0209-S0500", ("atr03",), "reversed"),
)
"""Known errors that touch IMUs."""


def person_of(user: str) -> str:
    """Return the person behind a user id.

    Parameters
    ----------
    user : str
        Such as ``"U0202"``.

    Returns
    -------
    str
        The id under which the person took part first.

    Examples
    --------
    >>> person_of("U0202"), person_of("U0101")
    ('U0105', 'U0101')
    """
    return PERSON_OF.get(user, user)


def split(name: str) -> list[Fold]:
    """Return a split by name; see :func:`m3n_sklearn.datasets.openpack_split`.

    Parameters
    ----------
    name : str
        Name of the split.

    Returns
    -------
    list of dict
        Folds of sessions.
    """
    if name == "person_loo":
        return leave_one_out({session: person_of(session[:5]) for session in SESSIONS})
    if name not in _FIXED:
        known = ", ".join(map(repr, [*_FIXED, "person_loo"]))
        raise ValueError(f"name must be one of {known}, got {name!r}.")
    return [{part: tuple(sessions) for part, sessions in _FIXED[name].items()}]


def _every(users: str, numbers: str) -> list[str]:
    """Expand such as ("0101 0102", "1 3"): every user with every session."""
    return [_name(f"U{user}", f"S0{n}00") for user in users.split() for n in numbers.split()]


_TRAINING = "0101 0102 0103 0105 0106 0107 0109 0111 0202 0205 0210"

_FIXED: dict[str, dict[str, list[str]]] = {
    "debug": {
        "train": _every("0102", "1 2 3"),
        "val": _every("0102", "4"),
        "test": _every("0102", "5"),
        "submission": _every("0102", "5"),
    },
    "pilot": {
        "train": _every("0102 0103 0105", "1 2 3 4 5"),
        "val": _every("0106", "2 4"),
        "test": _every("0106", "1 3 5"),
        "submission": _every("0107", "1 2 3 5"),
    },
    "challenge2022": {
        "train": _every(_TRAINING, "1 2 4 5"),
        "val": _every("0101 0103 0105 0107 0109 0111 0205", "3"),
        "test": _every("0102 0106 0202 0210", "3"),
        "submission": _every("0104", "1 3")
        + _every("0108", "1 2 3 5")
        + _every("0110 0203", "1 2 3 4 5")
        + _every("0204", "2 3 4")
        + _every("0207", "3 4 5"),
    },
}
