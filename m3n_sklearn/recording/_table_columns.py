"""Which column of a table is what: readings by site, time, label, person, recording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._channel_names import (
    SERIES,
    ChannelName,
    is_catalogued,
    read_name,
    said_sensor,
    unit_factor,
    unit_of,
    words_of,
)
from .._validation import list_of
from ._channels import AXES, SENSORS
from ._table_of import OWN_RATE
from ._table_report import listed

__all__ = [
    "OWN",
    "Roles",
    "Sensor",
    "all_columns",
    "bare_axis",
    "differing_units",
    "find_roles",
    "has_any",
    "is_bare",
    "refuse_sensors_in_rows",
    "time_columns",
    "triad_values",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TIME = _words(
    "time timestamp timestamps ts t epoch epoc datetime date unix unixtime unixtimestamp utc "
    "elapsed millis micros systemtime loggingtime sampletime sampletimefine msec nanos clock "
    "zeit zeitstempel uhrzeit datum temps horodatage tiempo fecha hora"
)
COUNTER = _words("index sample samples counter packetcounter row frame seq sequence")
LABEL = _words("label labels activity activities class target annotation gesture")
PERSON = _words("subject subjectid subj person participant user userid volunteer")
RECORDING = _words("recording session trial clip bout file run")

ABOUT = _words(
    "age height weight sex gender bmi confidence probability prob score certainty quality"
)
"""Words of columns that say something else about a person or label."""

OWN = ("recording", "subject", OWN_RATE, "time", "label", "text")
"""Columns of the tables that this package writes, besides the channels."""

MOST_SENSORS = 20
"""Different texts in a column up to which these may be the names of sensors."""

_STRICT = re.compile(r"(.+_)?(acc|gyro)_[xyz]")


@dataclass
class Sensor:
    """Three columns of readings; each may be the sum of two."""

    site: str
    sensor: str  # "acc", "gyro" or "series"
    columns: tuple[tuple[str, ...], ...]
    unit: str = ""  # as the names say
    other_units: tuple[str, ...] = ()  # of further columns, if they differ
    is_ios: bool = False
    is_told: bool = False
    is_free: bool = False  # without gravity
    is_placed: bool = True  # whether a name or an argument says the site

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels."""
        if self.sensor == "series":
            return tuple(column[0] for column in self.columns)
        return tuple(f"{self.site}_" * bool(self.site) + f"{self.sensor}_{a}" for a in AXES)


@dataclass
class Roles:
    """What the columns of a table are."""

    sensors: list[Sensor] = field(default_factory=list)
    times: list[str] = field(default_factory=list)  # candidates, the most likely first
    counters: list[str] = field(default_factory=list)
    label: str | None = None
    group: str | None = None
    recording: str | None = None
    dropped: list[str] = field(default_factory=list)
    is_own: bool = False  # written by this package
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    label_hint: str = ""  # which column that was left out may have the classes
    spare_texts: list[str] = field(default_factory=list)  # may say which sensor a row is of


def find_roles(
    columns: Sequence[str],
    kinds: Mapping[str, str],
    *,
    time: Any,
    acc: Any,
    gyro: Any,
    label: Any,
    group: Any,
    recording: Any,
    site: str,
    is_named: bool = True,
    is_plain: bool = True,
    is_timed: bool = False,
) -> Roles:
    """Return the roles of columns: those that are told, and others by their names.

    Without arguments (`is_plain`), those of a table of this package are as they were written.
    `is_timed` tells that arguments say the time of the rows.
    """
    roles = Roles()
    told = {
        name: _column(value, columns, name)
        for name, value in (("time", time), ("recording", recording))
        if value is not None
    }
    for name, value in (("label", label), ("group", group)):
        if isinstance(value, str | int) and not isinstance(value, bool):
            told[name] = _column(value, columns, name)
    is_own = _is_own(columns)
    if is_own and is_plain:
        return _own_roles(columns, label, roles)
    left = [name for name in columns if name not in told.values()]
    # 1. Readings
    named = [name for name in left if kinds.get(name) in ("number", "text")]
    for sensor, given in (("acc", acc), ("gyro", gyro)):
        if given is not None and given is not False:
            roles.sensors += _told_sensors(sensor, given, columns, site)
    if not is_named and acc is None:
        roles.sensors += _nameless(columns, kinds, told, site, roles)
    used = {name for one in roles.sensors for cell in one.columns for name in cell}
    free = [name for name in named if name not in used and kinds.get(name) == "number"]
    spare = [name for name in named if name not in used and kinds.get(name) == "text"]
    wanted = {
        sensor for sensor, given in (("acc", acc), ("gyro", gyro)) if given is None and is_named
    }
    has_acc = any(one.sensor == "acc" for one in roles.sensors)
    try:
        roles.sensors += _named_sensors(free, wanted, site, roles, has_acc)
    except ValueError as error:
        raise ValueError(f"{error}{_texts_among(spare)}") from error
    roles.sensors.sort(key=lambda one: SENSORS.index(one.sensor) if one.sensor in SENSORS else 2)
    if not roles.sensors:
        roles.sensors += _series(free)
    if spoiled := _texts_among(spare):
        roles.doubts.append(f"Columns of readings were left out.{spoiled}")
    if not any(one.sensor in ("acc", "series") for one in roles.sensors):
        raise ValueError(f"{_no_readings(columns, kinds, is_timed)}{_texts_among(spare)}")
    for one in roles.sensors if is_own else ():
        one.unit = {"acc": "m/s2", "gyro": "rad/s"}.get(one.sensor, "")
    used = {name for one in roles.sensors for cell in one.columns for name in cell}
    left = [name for name in left if name not in used]
    # 2. Everything else, by its words
    by_words: dict[str, list[str]] = {"time": [], "counter": [], **{k: [] for k in _FACTS}}
    for name in left:
        words = words_of(name)
        kind = _word_kind(words, kinds.get(name, "other")) if is_named else ""
        if not is_named and kinds.get(name) == "date":
            kind = "time"
        if kind:
            by_words[kind].append(name)
    roles.times = [told["time"]] if "time" in told else by_words["time"]
    roles.counters = [] if "time" in told else by_words["counter"]
    for fact, given in (("label", label), ("group", group), ("recording", recording)):
        found = by_words[fact]
        if fact in told:
            setattr(roles, fact, told[fact])
        elif given is None and found:
            exact = [name for name in found if _is_exact(name, fact)]
            found = [*exact, *(name for name in found if name not in exact)]
            setattr(roles, fact, found[0])
            if len(found) > 1:
                choice = f"{fact} is read from {found[0]!r}, not from {listed(found[1:])}"
                if len(exact) == 1:
                    roles.notes.append(choice)
                else:
                    roles.doubts.append(f"{choice}. Tell the column with {fact}=.")
    kept = {*used, *roles.times[:1], roles.label, roles.group, roles.recording}
    roles.dropped = [name for name in columns if name not in kept]
    texts = {*roles.dropped, roles.recording, roles.label}
    roles.spare_texts = [n for n in columns if n in texts and kinds.get(n) == "text"]
    return roles


def _is_exact(name: str, fact: str) -> bool:
    """Tell whether a name says nothing but a fact."""
    words = words_of(name)
    return "".join(words) in _FACTS[fact] or len(words) == 1


_FACTS = {"label": LABEL, "group": PERSON, "recording": RECORDING}


def _word_kind(words: Sequence[str], kind: str) -> str:
    """Return what the words of a name say: "time", "counter", a fact, or nothing."""
    said = {*words, "".join(words)}
    is_reading = kind == "number" and bool(said_sensor(words)[0])  # userAccelX is not a user
    for fact, known in _FACTS.items():
        if said & known and not said & ABOUT and not is_reading and kind in ("text", "number"):
            return fact
    if said & TIME and not {"zone", "timezone"} & said:
        return "time"
    if kind in ("date", "duration"):
        return "time"
    return "counter" if said & COUNTER and kind == "number" else ""


def time_columns(columns: Sequence[str], kinds: Mapping[str, str], told: Any) -> list[str]:
    """Return the columns of time: the one that is told, or those whose names say so."""
    if told is not None:
        return [_column(told, columns, "time")]
    return [n for n in columns if _word_kind(words_of(n), kinds.get(n, "other")) == "time"]


def has_any(columns: Sequence[str], told: Iterable[Any]) -> bool:
    """Tell whether a table has an acceleration by name, or any column that arguments tell."""
    names: list[Any] = []
    for value in told:
        for one in value.values() if isinstance(value, Mapping) else [value]:
            names += one if isinstance(one, list | tuple) else [one]
    patterns = [str(name).lower() for name in names if name is not None and name is not False]
    read = [read_name(name) for name in columns]
    return (
        is_bare(columns)
        or any(one is not None and one.sensor in ("acc", "free") for one in read)
        or any(fnmatchcase(name.lower(), pattern) for pattern in patterns for name in columns)
    )


def _column(value: Any, columns: Sequence[str], argument: str) -> str:
    """Return the name of a column that an argument tells, by name, number or pattern."""
    name = str(value)
    if name in columns:
        return name
    hits = [column for column in columns if fnmatchcase(column.lower(), name.lower())]
    if len(hits) == 1:
        return hits[0]
    found = f"it matches {listed(hits)}" if hits else "there is no such column"
    raise ValueError(f"{argument}={value!r}: {found}. The columns are {listed(columns, 30)}.")


# ---- readings


def _told_sensors(
    sensor: str, given: Any, columns: Sequence[str], site: str, *, is_placed: bool = False
) -> list[Sensor]:
    """Return the sensors of `acc=` or `gyro=`."""
    if isinstance(given, Mapping):
        return [
            one
            for place, each in given.items()
            for one in _told_sensors(sensor, each, columns, place, is_placed=True)
        ]
    if isinstance(given, str):
        hits = [name for name in columns if fnmatchcase(name.lower(), given.lower())]
        names = _by_axis(hits)
        if names is None:
            raise ValueError(
                f"{sensor}={given!r} matches {listed(hits) or 'no column'}, but three are "
                "expected, one for each of x, y and z: give their names. The columns are "
                f"{listed(columns, 30)}."
            )
    else:
        names = [
            _column(each, columns, sensor)
            for each in list_of(given, sensor, "three column names, or a pattern")
        ]
        if len(names) != 3 or len(set(names)) < 3:
            raise ValueError(
                f"{sensor} must name three different columns x, y and z, got {given!r}."
            )
    read = [read_name(name) for name in names]
    units = [unit_of(sensor, name) for name in names]
    ios = any(one is not None and one.is_ios and one.sensor in ("acc", "free") for one in read)
    free = all(one is not None and one.sensor == "free" for one in read)
    unit, *others = differing_units(sensor, units)
    cells = tuple((n,) for n in names)
    return [Sensor(site, sensor, cells, unit, tuple(others), ios, True, free, is_placed)]


def differing_units(sensor: str, units: Iterable[str]) -> list[str]:
    """Return one unit, which may be empty, and those of another size; all must fit together."""
    by_size = {unit_factor(sensor, unit): unit for unit in units if unit}
    return list(by_size.values()) or [""]


def _by_axis(names: Sequence[str]) -> list[str] | None:
    """Return three names in the order x, y, z, or None."""
    found: dict[str, str] = {}
    for name in names:
        one = read_name(name)
        axis = one.axis if one else next((w for w in reversed(words_of(name)) if w in AXES), "")
        axis = axis or name.strip().lower()[-1:]
        found[axis] = name
    return [found[a] for a in AXES] if len(names) == 3 and set(found) == set(AXES) else None


def _nameless(
    columns: Sequence[str],
    kinds: Mapping[str, str],
    told: Mapping[str, str],
    site: str,
    roles: Roles,
) -> list[Sensor]:
    """Return the sensor of a file without a header: three columns of numbers beside the time."""
    numbers = [name for name in columns if kinds[name] == "number" and name not in told.values()]
    if len(numbers) != 3 or len(columns) - len(numbers) > 1 + len(told):
        raise ValueError(
            f"The file has no column names, and {len(columns)} columns. Tell them by number, such "
            "as time=0, acc=[1, 2, 3]."
        )
    roles.doubts.append(
        "The file has no column names: its three columns of numbers were read as acceleration x, y "
        "and z. Give acc=[...] with their numbers to be sure."
    )
    return [Sensor(site, "acc", tuple((name,) for name in numbers), is_placed=False)]


def _named_sensors(
    names: Sequence[str], wanted: set[str], site: str, roles: Roles, has_acc: bool
) -> list[Sensor]:
    """Return the sensors that names say; `has_acc` tells whether an acceleration was told."""
    read = {name: one for name in names if (one := read_name(name)) is not None}
    plain = {name: axis for name in names if (axis := bare_axis(name))}
    if len(plain) == 3 and not any(one.sensor in ("acc", "free") for one in read.values()):
        read |= {name: ChannelName("", "acc", axis) for name, axis in plain.items()}
        roles.notes.append("x, y and z are read as acceleration")
    # 1. gx, gy, gz are a gyroscope next to an accelerometer
    has_acc |= any(one.sensor in ("acc", "free") for one in read.values())
    has_gyro = any(one.sensor == "gyro" for one in read.values())
    for name, one in list(read.items()):
        if one.sensor == "g":
            if not has_acc or has_gyro:
                del read[name]
            else:
                read[name] = one._replace(sensor="gyro")
    # 2. One acceleration for each site: with gravity if there is a choice
    by: dict[tuple[str, str], dict[str, list[str]]] = {}
    for name, one in read.items():
        by.setdefault((one.site, one.sensor), {}).setdefault(one.axis, []).append(name)
    sites = list(dict.fromkeys(one.site for one in read.values()))
    found = []
    for place in sites:
        for sensor in SENSORS:
            if sensor not in wanted:
                continue
            parts = [sensor] if sensor == "gyro" or (place, "acc") in by else ["free", "gravity"]
            parts = [part for part in parts if (place, part) in by]
            if not parts or parts == ["gravity"]:
                continue
            triads = [_triad(by[place, part], part) for part in parts]
            cells = tuple(tuple(names) for names in zip(*triads, strict=True))
            unit, *others = differing_units(sensor, (read[c].unit for cell in cells for c in cell))
            ios = sensor == "acc" and any(read[c].is_ios for cell in cells for c in cell)
            found.append(
                Sensor(place, sensor, cells, unit, tuple(others), ios, False, parts == ["free"])
            )
            if len(parts) == 2:
                roles.notes.append(
                    "the acceleration is the sum of its parts with and without gravity"
                )
    # 3. Names without a site, or with one word that is not a site
    places = list(dict.fromkeys(one.site for one in found))
    if len(places) == 1 and not is_catalogued(places[0]):
        if places[0] and places[0] != site:
            roles.notes.append(f"{places[0]!r} in the names is read as the site {site!r}")
        for each in found:
            each.site, each.is_placed = site, False
    elif "" in places:
        for each in found:
            each.site, each.is_placed = each.site or site, bool(each.site)
    if len({(one.site, one.sensor) for one in found}) < len(found):
        raise ValueError(
            f"Two sensors would be at the site {site!r}: {listed(list(read), 12)}. Give acc= and "
            "gyro= as {site: [x, y, z]}."
        )
    return found


def _triad(axes: Mapping[str, list[str]], sensor: str) -> list[str]:
    """Return the columns x, y, z, or raise if one lacks or occurs twice."""
    for axis in AXES:
        if len(axes.get(axis, ())) > 1:
            raise ValueError(
                f"{listed(axes[axis])} may all be {axis} of the sensor ({sensor}): give its three "
                f"columns, such as {'gyro' if sensor == 'gyro' else 'acc'}=[...]."
            )
    missing = [axis for axis in AXES if axis not in axes]
    if missing:
        there = [name for names in axes.values() for name in names]
        raise ValueError(
            f"The sensor ({sensor}) with {listed(there)} has no column for {', '.join(missing)}: "
            "all of x, y and z are needed. Give its columns, such as acc=[...]."
        )
    return [axes[axis][0] for axis in AXES]


def is_bare(names: Sequence[str]) -> bool:
    """Tell whether three columns are x, y and z and say no sensor."""
    return {axis for name in names if (axis := bare_axis(name))} == set(AXES)


def bare_axis(name: str) -> str:
    """Return the axis of a name that says nothing else."""
    words = [word for word in words_of(name) if word not in ("axis", "value")]
    return words[0] if len(words) == 1 and words[0] in AXES else ""


def _series(names: Sequence[str]) -> list[Sensor]:
    """Return the channels of a generic series as one sensor."""
    found = [name for name in names if name.startswith(SERIES)]
    return [Sensor("", "series", tuple((name,) for name in found))] if found else []


def _no_readings(columns: Sequence[str], kinds: Mapping[str, str], is_timed: bool) -> str:
    """Say that no acceleration was found, and the call with all arguments that are missing."""
    read = {name: read_name(name) for name in columns}
    gyros = [name for name, one in read.items() if one is not None and one.sensor == "gyro"]
    numbers = [n for n in columns if kinds.get(n) == "number" and n not in gyros]
    triads = _likely_triads(numbers)
    acc = triads[0] if triads else ["x column", "y column", "z column"]
    arguments = [f"acc={acc!r}"]
    if len(triads) > 1 and not gyros:
        arguments.append(f"gyro={triads[1]!r}")
    lacking = ""
    if not is_timed and not time_columns(columns, kinds, None):
        lacking = ", and no column of time stamps"
        used = {*gyros, *(name for triad in triads for name in triad)}
        spare = [name for name in columns if name not in used] if triads else ["time column"]
        arguments.insert(0, f"time={spare[0]!r}" if spare else "rate=50.0")
    unsure = ", if these are the acceleration and the angular rate" * (len(triads) > 1)
    rate = " Give rate= in Hz instead of time= if rows are evenly spaced." * bool(lacking)
    return (
        f"No acceleration was found among the columns {listed(columns, 30)}{lacking}. Name its "
        f"columns: read_table(..., {', '.join(arguments)}){unsure}; or a pattern such as "
        f"acc='accel_*'.{rate} Names such as acc_x, ax and 'Accelerometer X (g)' are understood."
    )


def _likely_triads(names: Sequence[str]) -> list[list[str]]:
    """Return columns whose names differ in x, y and z only, but not those of other sensors."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for name in names:
        words = words_of(name)
        for i, word in enumerate(words):
            if word in AXES and not said_sensor(words)[0]:
                found.setdefault((*words[:i], "", *words[i + 1 :]), {})[word] = name
    return [[axes[a] for a in AXES] for axes in found.values() if set(axes) == set(AXES)]


def _texts_among(names: Sequence[str]) -> str:
    """Say which columns have names of readings but cells of text."""
    texts = [name for name in names if read_name(name) is not None or bare_axis(name)]
    if not texts:
        return ""
    return (
        f" {listed(texts)} have texts rather than numbers, such as a row of units or separators of "
        "thousands: read them as numbers first; pandas.read_csv has skiprows= and thousands=."
    )


# ---- tables of this package


def _is_own(columns: Sequence[str]) -> bool:
    """Tell whether a table was written by this package."""
    others = [name for name in columns if name not in OWN]
    named = all(_STRICT.fullmatch(name) or name.startswith(SERIES) for name in others)
    return {"time", OWN_RATE} <= set(columns) and bool(others) and named


def _own_roles(columns: Sequence[str], label: Any, roles: Roles) -> Roles:
    """Return the roles of a table that was written by this package: nothing is inferred."""
    channels = [name for name in columns if name not in OWN]
    roles.is_own = True
    roles.sensors = [Sensor("", "series", tuple((name,) for name in channels))]
    roles.times = ["time"]
    roles.label = "label" if "label" in columns and label is not False else None
    roles.group = "subject" if "subject" in columns else None
    roles.recording = "recording" if "recording" in columns else None
    return roles


def refuse_sensors_in_rows(name: str, cells: NDArray[Any]) -> None:
    """Raise if a column says that rows belong to several sensors."""
    found = {str(cell) for cell in dict.fromkeys(cells.tolist()) if cell is not None}
    read = {text: read_name(f"{text}_x") for text in found if len(found) <= MOST_SENSORS}
    sensors = {text for text, one in read.items() if one is not None and one.sensor != "g"}
    if len({read[text].sensor for text in sensors}) > 1:  # type: ignore[union-attr]
        raise ValueError(
            f"The column {name!r} says that rows belong to several sensors: "
            f"{listed(sorted(sensors))}. Take those of the accelerometer, such as "
            f"table[table[{name!r}] == {min(sensors)!r}], and join the gyroscope with "
            "pandas.merge_asof."
        )


def all_columns(roles: Roles) -> list[str]:
    """Return the columns of readings, each once."""
    return list(
        dict.fromkeys(name for one in roles.sensors for cell in one.columns for name in cell)
    )


def triad_values(batch: Mapping[str, NDArray[Any]], sensor: Sensor) -> NDArray[np.float64]:
    """Return the readings of a sensor, (T, C)."""
    columns = [
        sum(np.asarray(batch[name], dtype=np.float64) for name in cell) for cell in sensor.columns
    ]
    return np.stack([np.asarray(column) for column in columns], axis=1)
