"""OpenPack's classes with prompts, sensors, people, sessions, known errors and splits."""

from __future__ import annotations

from typing import NamedTuple

from ._bunch import Fold, leave_one_out

__all__ = [
    "ACTIONS",
    "ERRORS",
    "MOUNTS",
    "NULL",
    "NULL_ACTION",
    "OPERATIONS",
    "PERSON_OF",
    "PROMPTS_ACTIONS",
    "PROMPTS_OPERATIONS",
    "SENSORS",
    "SESSIONS",
    "KnownError",
    "person_of",
    "split",
]

NULL = 8100
"""Not annotated, or annotated as not to be used."""

NULL_ACTION = 8105
"""The action class between two actions."""

OPERATIONS: dict[int, str] = {
    100: "Picking",
    200: "Relocate Item Label",
    300: "Assemble Box",
    400: "Insert Items",
    500: "Close Box",
    600: "Attach Box Label",
    700: "Scan Label",
    800: "Attach Shipping Label",
    900: "Put on Back Table",
    1000: "Fill out Order",
}
"""Names of the ten operations by id, in working order."""

PROMPTS_OPERATIONS: dict[int, tuple[str, ...]] = {
    100: (
        "a worker takes an order sheet and walks to a shelf to fetch items",
        "a person walks to a rack, picks up goods and carries them to a workbench",
        "someone collects small products by hand and brings them to the table",
    ),
    200: (
        "a worker peels small labels off items and sticks them on a sheet of paper",
        "a person holds an item in one hand, removes its label with the other and ticks a box",
        "someone handles small items at a table, transfers stickers and writes check marks",
    ),
    300: (
        "a worker unfolds a cardboard box, bends its flaps and closes the bottom with tape",
        "a person sets up a carton with both hands and pulls adhesive tape across it",
        "someone folds cardboard into a box and turns it over",
    ),
    400: (
        "a worker puts items and cushioning into a cardboard box",
        "a person reaches into an open box with both hands to place goods inside",
        "someone fills a carton with small products and air cushions",
    ),
    500: (
        "a worker closes the flaps of a cardboard box and seals the top with tape",
        "a person bends the lid of a carton down and pulls a tape dispenser along it",
        "someone seals a packed box with adhesive tape",
    ),
    600: (
        "a worker sticks a small label on the outside of a cardboard box",
        "a person presses a label onto a closed box with one hand",
        "someone attaches a box label",
    ),
    700: (
        "a worker scans barcodes with a hand-held scanner",
        "a person takes a handy terminal and points it at labels one after the other",
        "someone holds a scanner over a box, an item and a sheet of paper",
    ),
    800: (
        "a worker takes a printed shipping label and sticks it on a box",
        "a person peels an address label from a printer and smooths it onto a parcel",
        "someone presses a large label on top of a carton with both hands",
    ),
    900: (
        "a worker lifts a packed box, turns around and puts it on the table behind",
        "a person carries a heavy box with both hands to another table",
        "someone turns with a parcel in the arms and sets it down",
    ),
    1000: (
        "a worker writes on an order sheet with a pen and puts the sheet into a tray",
        "a person signs a paper at the table",
        "someone fills out a form by hand",
    ),
}

ACTIONS: dict[int, str] = {
    101: "Pick Up Sheet",
    103: "Pick Up Item from Box",
    107: "Pick Up Box Sheet",
    108: "Walk to Work Bench",
    109: "Put Packed Box",
    201: "Remove Item Label",
    202: "Attach To Order Sheet",
    203: "Hold Pen",
    204: "Write Check Mark",
    205: "Put Item Small Bag",
    301: "Pick Cardboard",
    302: "Bend Flap",
    303: "Attach Tape",
    304: "Turn Over Box",
    305: "Pick Up Assembled Box",
    401: "Insert Item into Box",
    402: "Air Cushion",
    403: "Separate Air Cushion",
    404: "Put Item Small Bag",
    501: "Bend Flap",
    502: "Attach Tape",
    601: "Attach Box Label",
    701: "Pick Up HT",
    702: "Scan Order Sheet",
    703: "Scan Box",
    704: "Scan Item",
    705: "Hold Scanner",
    706: "Scan Order Sheet",
    707: "Scan Printer",
    801: "Pick Up Shipping Label",
    802: "Attach Shipping Label",
    901: "Pick Up Packed Box",
    902: "Put Packed Box",
    1001: "Pick Up Pen",
    1002: "Write Sign",
    1003: "Push Order Sheet into Tray",
    NULL_ACTION: "Null",
}
"""Names of the actions by id. Names repeat, ids do not."""

PROMPTS_ACTIONS: dict[int, tuple[str, ...]] = {
    101: ("a person picks up a sheet of paper", "one hand takes an order sheet"),
    103: ("a person takes an item out of a box", "one hand reaches into a box and lifts an item"),
    107: ("a person picks up a flat sheet of cardboard", "two hands lift a folded carton"),
    108: ("a person walks to a workbench with something in the hands", "walking to a table"),
    109: ("a person puts a packed box down", "two hands set a parcel down after carrying it"),
    201: ("a person peels a label off a small item", "the fingers remove a sticker"),
    202: ("a person sticks a label on a sheet of paper", "one hand presses a sticker on an order"),
    203: ("a person takes a pen in the hand", "the fingers hold a pen without writing"),
    204: ("a person ticks a box on paper with a pen", "a short stroke of writing"),
    205: ("a person puts an item into a small bag", "one hand drops a small item in a bag"),
    301: ("a person takes a piece of cardboard", "two hands grasp an unfolded box"),
    302: ("a person bends the bottom flaps of a new box", "two hands fold cardboard inwards"),
    303: ("a person tapes the bottom of a new box", "one hand pulls tape across a carton"),
    304: ("a person turns a box upside down", "two hands flip a carton over"),
    305: ("a person picks up an empty box", "two hands lift a box that was just made"),
    401: ("a person puts an item into a box", "one hand lowers an item into a carton"),
    402: ("a person puts air cushions into a box", "two hands stuff padding into a carton"),
    403: ("a person tears air cushions apart", "two hands separate a strip of padding"),
    404: ("a person packs an item in a small bag and lays it in a box", "bagging an item"),
    501: ("a person closes the flaps of a full box", "two hands press the lid of a carton down"),
    502: ("a person seals the top of a full box with tape", "one hand draws tape over the lid"),
    601: ("a person sticks a label on the side of a box", "one hand presses on a box label"),
    701: ("a person picks up a hand-held scanner", "one hand takes a handy terminal"),
    702: ("a person scans the code on an order sheet", "a scanner is pointed at a paper"),
    703: ("a person scans the code on a box", "a scanner is pointed at a carton"),
    704: ("a person scans the code on an item", "a scanner is pointed at a small product"),
    705: ("a person holds a scanner without scanning", "one hand keeps a handy terminal still"),
    706: ("a person scans an order sheet again", "a scanner is pointed at a paper once more"),
    707: ("a person scans the code on a printer", "a scanner is pointed at a label printer"),
    801: ("a person takes a label from a printer", "one hand pulls a printed label off"),
    802: ("a person sticks a shipping label on a box", "two hands smooth a label on a parcel"),
    901: ("a person lifts a packed box", "two hands raise a full parcel"),
    902: ("a person sets a packed box on the table behind", "turning to put a parcel down"),
    1001: ("a person picks up a pen", "one hand reaches for a pen"),
    1002: ("a person signs a sheet of paper", "writing a name with a pen"),
    1003: ("a person pushes a sheet of paper into a tray", "one hand slides paper into a slot"),
    NULL_ACTION: ("a person pauses between two actions", "nothing in particular is done"),
}

SENSORS: dict[str, str] = {
    "atr01": "right_wrist",
    "atr02": "left_wrist",
    "atr03": "right_upper_arm",
    "atr04": "left_upper_arm",
    "e401": "right_wrist_e4",
    "e402": "left_wrist_e4",
}
"""Site of each device. The E4 wristbands are worn next to the ATR sensors."""

_ALONG_Y = ((0.0, 1.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0))

MOUNTS: dict[str, tuple[tuple[float, ...], ...]] = {
    "right_wrist": _ALONG_Y,
    "left_wrist": _ALONG_Y,
}
"""Axes of the ATR sensors at the wrists in those of the simulated watches: a quarter turn about z.

The forearm rotates most about y. Gravity is on x while the hands work with the thumb up. y points
to the fingers at one wrist and to the elbow at the other, as does x of the simulated watches.
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

_TRAINING = "0101 0102 0103 0105 0106 0107 0109 0111 0202 0205 0210"


def _name(user: str, session: str) -> str:
    """Return the name of a session."""
    return f"{user}-{session}"


SESSIONS: tuple[str, ...] = tuple(
    _name(user, session)
    for user in _USERS
    for session in _ALL_FIVE
    if (user, session) != ("U0104", "S0500")
)
"""All 104 sessions, as ``user-session``."""


class KnownError(NamedTuple):
    """A recording error that the authors report: the session, the devices and what is wrong.

    A reversed device was worn the other way round; in three sessions the x and y axes of its
    acceleration were turned back, but not those of its gyroscope. Without boxes the error concerns
    the whole session.
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
"""Known errors of the IMUs."""


def person_of(user: str) -> str:
    """Return the person behind a user id: the id under which the person took part first."""
    return PERSON_OF.get(user, user)


def split(name: str) -> list[Fold]:
    """Return a split by name; see :func:`m3n_sklearn.datasets.openpack_split`."""
    if name == "person_loo":
        return leave_one_out({session: person_of(session[:5]) for session in SESSIONS})
    if name not in _FIXED:
        known = ", ".join(map(repr, [*_FIXED, "person_loo"]))
        raise ValueError(f"name must be one of {known}, got {name!r}.")
    return [{part: tuple(sessions) for part, sessions in _FIXED[name].items()}]


def _every(users: str, numbers: str) -> list[str]:
    """Expand strings such as "0101 0102" and "1 3": every user with every session."""
    return [_name(f"U{user}", f"S0{n}00") for user in users.split() for n in numbers.split()]


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
