"""Names of channels: the spellings of loggers and phones, read as site, sensor and axis.

The package writes ``right_wrist_acc_x``. What is read is wider: camel case, any separators, units
in brackets, abbreviations. Names that cannot be read are refused, since a channel that is taken for
another one gives wrong results without a sign of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from unicodedata import normalize

import numpy as np

from ._warn import warn

__all__ = [
    "SERIES",
    "STANDARD_GRAVITY",
    "ChannelName",
    "Doubt",
    "UnitsWarning",
    "is_catalogued",
    "is_series",
    "name_site",
    "read_name",
    "read_names",
    "said_sensor",
    "say",
    "unit_factor",
    "unit_of",
    "words_of",
]

STANDARD_GRAVITY = 9.80665
"""Standard gravity in m/s², exact by definition."""

SERIES = "series_"
"""Prefix of the channels of a generic series."""

PATTERN = (
    "A name consists of a site (optional), a sensor and an axis: <site>_acc_<x|y|z> or "
    "<site>_gyro_<x|y|z>, such as right_wrist_acc_x. Usual spellings such as ax, accX or "
    "'Gyroscope Y (rad/s)' are understood. For a generic series of other channels, begin each name "
    f"with {SERIES!r} or give channels=None, which reads 3, 6 and 12 channels as those of an IMU."
)
"""How the names of channels are made, for messages."""

_STRICT = re.compile(r"(?:(?P<site>.+)_)?(?P<sensor>acc|gyro)_(?P<axis>[xyz])")
_BRACKETS = re.compile(r"[(\[{]((?:[^()\[\]{}]|\([^()]*\))*)[)\]}]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_RANGE = re.compile(r"\d+(g|dps)")
_DOMAIN = re.compile(r"[tf](?=(Body|Gravity|Total)(Acc|Gyro))")
"""Prefix in the UCI HAR data: t of signals, as in tBodyAcc-X, and f of their spectra."""

# ---- words, written together and in lower case

_SENSORS = {
    "acc": "acc accel accelero accelerometer acceleration accelerations accelerometeracceleration "
    "totalacc totalaccel totalacceleration specificforce accelerationincludinggravity "
    "accincludinggravity accelerationwithgravity accwithgravity "
    "beschleunigung beschleunigungen beschleunigungssensor beschleunigungmitg "
    "accélération accéléromètre accelerometre aceleración aceleracion acelerómetro acelerometro",
    "gyro": "gyro gyr gyros gyrosc gyroscope gyrorotation rotationrate rotrate turnrate rateofturn "
    "angularvelocity angularrate angularspeed angvel angularvel angvelocity omega bodygyro "
    "drehrate drehraten winkelgeschwindigkeit gyroskop vitesseangulaire vitessederotation "
    "gyromètre gyrometre velocidadangular velocidaddegiro giro giroscopio giroscópio",
    # acceleration without gravity
    "free": "linearacc linearaccel linearacceleration linearaccelerometer linacc linaccel "
    "useracc useraccel useracceleration bodyacc bodyaccel bodyacceleration freeacc freeaccel "
    "freeacceleration accelerationwithoutgravity accwithoutgravity "
    "linearebeschleunigung linearbeschleunigung beschleunigungohneg lineareacc "
    "accélérationlinéaire accelerationlineaire linéaireacc lineaireacc "
    "aceleraciónlineal aceleracionlineal linealacc",
    "gravity": "gravity grav gravityacc gravityaccel gravityacceleration schwerkraft gravité "
    "gravedad",
}
_OTHERS = {
    "magnetometer": "mag magn magnet magnetometer magneticfield magnetic magnetfeld compass "
    "mx my mz magx magy magz",
    "orientation": "quat quaternion quaternions orientation attitude euler roll pitch yaw heading "
    "azimuth rotationvector gamerotationvector qw qx qy qz q0 q1 q2 q3 rotation rot",
    "temperature": "temp temperature",
    "pressure": "pressure baro barometer altitude",
    "physiology": "hr heartrate ppg bvp ibi ecg eda gsr emg",
    "position": "lat latitude lon longitude gps speed position pos",
    "magnitude": "magnitude norm absolute svm vm resultant enmo",
    "statistic": "mean std min max median var variance avg average rms energy entropy skewness "
    "kurtosis iqr mad fft jerk",
    "time": "unixtime systemtime millis micros time timestamp timestamps ts t date datetime epoch "
    "elapsed secondselapsed unix utc loggingtime sampletime sampletimefine",
    "row number": "unnamed index frame sample samples counter packet packetcounter",
    "label": "label labels activity activities class target annotation gesture",
    "person": "subject person participant user userid subjectid subjectno session trial id",
}
_WORDS = {word: sensor for sensor, words in _SENSORS.items() for word in words.split()}
_OTHER_WORDS = {word: kind for kind, words in _OTHERS.items() for word in words.split()}
_LETTERS = {"a": "acc", "ac": "acc", "w": "gyro", "gy": "gyro", "g": "g"}
"""Short words, which stand alone or after a site; g is a gyroscope only next to an acc."""
_IOS = ("useracc", "accelerometeracceleration", "motiongravity")
"""Beginnings of the words of Apple's Core Motion."""
_IGNORED = frozenset(
    word
    for words in (
        "raw cal calib calibrated uncalibrated sensor sensors data value values reading readings",
        "signal axis motion imu inertial measurement unit ln wr filtered filt smoothed",
        "from the of at on in",
    )
    for word in words.split()
)
"""Words that say neither site nor sensor, unless the whole name is written as this package does."""

_SIDES = {"left": "left", "l": "left", "right": "right", "r": "right"}
_PAIRED = ["wrist", "ankle", "hip", "pocket", "upperarm", "thigh", "foot", "ear"]
_SINGLE = {"chest": "chest", "sternum": "chest", "head": "head", "lowerback": "lower_back"}
_WRITTEN = {"upperarm": "upper_arm"}

_UNIT_WORDS = {
    "acc": {
        1.0: "m/s2 m/s/s m/s.s ms-2 ms2 mps2 m/sec2 m.s-2 mpss m/s_2 meters/second2 "
        "metres/second2 meter/second2 metre/second2",
        STANDARD_GRAVITY: "g gs",
        STANDARD_GRAVITY / 1000: "mg milli-g millig",
        1e-3: "mm/s2",
        1e-2: "cm/s2",
        np.nan: "counts count lsb adc",
    },
    "gyro": {
        1.0: "rad/s rads rads-1 rad/sec rad.s-1 radps rad_s radians/s radian/s "
        "radians/second radian/second",
        np.pi / 180: "deg/s d/s °/s dps degs degs-1 deg/sec degrees/s degree/s degrees/second "
        "degree/second deg.s-1 degps deg_s",
        np.pi / 180e3: "mdps mdeg/s",
        np.nan: "counts count lsb adc",
    },
}
_UNITS = {
    sensor: {
        spelled: factor
        for factor, words in units.items()
        for word in words.split()
        for spelled in (word, re.sub(r"[/.-]", "_", word))  # without brackets, signs are lost
    }
    for sensor, units in _UNIT_WORDS.items()
}
"""Factor to m/s² or rad/s of each unit; NaN where only the data sheet knows it."""
_ALL_UNITS = frozenset(word for units in _UNITS.values() for word in units)


class UnitsWarning(UserWarning):
    """Sensor values that look like another unit than m/s² or rad/s."""


class Doubt(NamedTuple):
    """One reason to think that readings are not what they should be.

    Attributes
    ----------
    sensor : str
        "acc", "gyro", or "lost" for samples that were not measured.
    kind : str
        A short word for the cause, by which two doubts are compared.
    message : str
        What was found and how to mend it.
    """

    sensor: str
    kind: str
    message: str

    @property
    def key(self) -> str:
        """Sensor and cause in one word."""
        return f"{self.sensor}:{self.kind}"


def say(doubts: Iterable[Doubt], told: Iterable[str] = ()) -> None:
    """Warn once for each doubt, but not for a sensor of which another doubt has been told."""
    known = {key.partition(":")[0] for key in told}
    for doubt in doubts:
        if doubt.sensor not in known:
            warn(doubt.message, UnitsWarning)


class ChannelName(NamedTuple):
    """What the name of one channel says."""

    site: str
    sensor: str  # "acc", "gyro", "free", "gravity" or "g"
    axis: str
    unit: str = ""
    is_ios: bool = False


def unit_factor(sensor: str, unit: str) -> float | None:
    """Return the factor from a unit to m/s² or rad/s; NaN for counts, None if it is unknown."""
    return _UNITS[sensor].get(_unit_word(unit))


def unit_of(sensor: str, name: str) -> str:
    """Return the unit that the name of a column of a sensor says, also if it says no sensor."""
    one = read_name(name)
    if one is not None:
        return one.unit
    found = [_unit_word(bracket) for bracket in _BRACKETS.findall(name)]
    return next((unit for unit in found if unit in _UNITS[sensor]), "")


def words_of(name: str) -> list[str]:
    """Return the words of a column name in lower case, without units in brackets."""
    return _split(_BRACKETS.sub(" ", name))


def said_sensor(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return the sensor that words say, such as those of the name of a file, and the other words.

    It is "acc", "gyro", "free", "gravity", another kind of sensor, or empty.
    """
    for count in (3, 2, 1):
        for begin in range(len(words) - count + 1):
            word = "".join(words[begin : begin + count])
            kind = _WORDS.get(word) or _OTHER_WORDS.get(word, "")
            if kind in (*_SENSORS, "magnetometer", "orientation"):
                return kind, [*words[:begin], *words[begin + count :]]
    return "", list(words)


# ---- one name


@lru_cache(maxsize=4096)
def read_name(name: str) -> ChannelName | None:
    """Return site, sensor and axis of a name in any usual spelling, or None."""
    # 1. The spelling of this package. Its site may be any word.
    strict = _STRICT.fullmatch(name)
    if strict:
        site, sensor, axis = strict["site"] or "", strict["sensor"], strict["axis"]
        words = _split(site)
        for count in (1, 2):  # linear_acc_x, total_acc_x
            word = "".join([*words[-count:], sensor])
            if len(words) >= count and word in _WORDS:
                rest = words[:-count]
                return ChannelName(
                    _site(rest, "_".join(rest)), _WORDS[word], axis, "", word.startswith(_IOS)
                )
        if any(_OTHER_WORDS.get(word) == "statistic" for word in words):
            return None
        kept = [word for word in words if word not in _IGNORED]
        return ChannelName(_site(kept, site if kept or not words else ""), sensor, axis)
    # 2. Any other: unit in brackets, then words
    if _DOMAIN.match(name):
        if name.startswith("f"):
            return None
        name = name[1:]
    bracket = _BRACKETS.search(name)
    unit = _unit_word(bracket[1]) if bracket else ""
    if unit in _ALL_UNITS:
        name = _BRACKETS.sub(" ", name)
    elif bracket and not _is_name(_split(bracket[1])):  # an unknown unit
        return None
    else:  # a sensor or a site in brackets
        unit = ""
    words = [word for word in _split(name) if not _RANGE.fullmatch(word)]
    words, axis, is_joined = _take_axis(words)
    if not axis:
        return None
    # 3. The longest run of words that means a sensor
    found = _take_sensor(words, is_joined) or _sensor_of_unit(words, unit)
    if found is None:
        return None
    sensor, said, rest = found
    for word in rest if sensor == "acc" else ():  # acceleration (linear) x
        if f"{word}acc" in _WORDS:
            sensor, said = _WORDS[f"{word}acc"], f"{word}acc"
            rest = [other for other in rest if other != word]
    # 4. What is left is a unit or the site
    rest = [word for word in rest if word != "per"]
    table = _UNITS["gyro" if sensor in ("gyro", "g") else "acc"]
    for count in (3, 2, 1):
        tail = rest[-count:]
        if len(tail) == count and not unit and "_".join(tail) in table:
            unit, rest = "_".join(tail), rest[:-count]
    if not unit and rest and rest[0] in table:
        unit, rest = rest[0], rest[1:]
    rest = [word for word in rest if word not in _IGNORED and _WORDS.get(word) != sensor]
    if any(word in _OTHER_WORDS or word in _WORDS for word in rest):
        return None
    if (unit and unit not in table) or any("_".join(rest[-k:]) in _ALL_UNITS for k in (1, 2, 3)):
        return None  # the unit of another sensor
    return ChannelName(_site(rest, "_".join(rest)), sensor, axis, unit, said.startswith(_IOS))


def _is_name(words: list[str]) -> bool:
    """Tell whether words consist of a sensor, an axis and a site of the catalogue."""
    known = {"x", "y", "z", *_WORDS, *_IGNORED}
    site = [word for word in words if word not in known and f"{word}acc" not in _WORDS]
    return bool(words) and (not site or bool(_site(site, "")))


def _split(text: str) -> list[str]:
    """Return the words of a name in lower case; camel case is taken apart."""
    return re.findall(r"[^\W_]+", _CAMEL.sub("_", _in_ascii(text)).lower())


def _unit_word(text: str) -> str:
    """Return a unit in the spelling of the table."""
    plain = re.sub(r"\bper\b", "/", _in_ascii(text).lower()).replace("squared", "2")
    return re.sub(r"[\^() ]|\*\*", "", plain).replace("*", ".")


SIGNS = str.maketrans("²⁻¹·⋅−", "2-1..-") | {ord("°"): "deg", ord("º"): "deg"}
"""Signs in units, in plain letters."""


def _in_ascii(text: str) -> str:
    """Return a text with the signs of units in plain letters, and accents joined to theirs."""
    return normalize("NFC", text).translate(SIGNS)


def _take_axis(words: list[str]) -> tuple[list[str], str, bool]:
    """Return the other words, the axis, and whether it was the end of a sensor's word."""
    words = [word for word in words if word != "axis"]
    axes = [i for i, word in enumerate(words) if word in ("x", "y", "z")]
    if len(axes) == 1:
        return words[: axes[0]] + words[axes[0] + 1 :], words[axes[0]], False
    for i, word in enumerate(words):
        for stem, axis in ((word[:-1], word[-1:]), (word[1:], word[:1])):
            known = stem in _WORDS or (stem in _LETTERS and word[-1:] == axis)
            if axis in ("x", "y", "z") and known and not axes:
                return [*words[:i], stem, *words[i + 1 :]], axis, True
    return words, "", False


def _take_sensor(words: list[str], is_joined: bool) -> tuple[str, str, list[str]] | None:
    """Return the sensor, its word and the other words."""
    for count in range(len(words), 0, -1):
        for start in range(len(words) - count + 1):
            joined = "".join(words[start : start + count])
            for word in (joined, joined.removeprefix("motion")):
                if word in _WORDS:
                    return _WORDS[word], joined, words[:start] + words[start + count :]
    for i, word in enumerate(words):
        rest = words[:i] + words[i + 1 :]
        if word in _LETTERS and (is_joined or not rest or _site(rest, "")):
            return _LETTERS[word], word, rest
    return None


def _sensor_of_unit(words: list[str], unit: str) -> tuple[str, str, list[str]] | None:
    """Return the sensor that has a unit, if a name has only a site and an axis besides."""
    owners = [sensor for sensor, table in _UNITS.items() if unit in table]
    plain = [word for word in words if word not in _IGNORED]
    if len(owners) != 1 or (plain and not _site(plain, "")):
        return None
    return owners[0], "", plain


_CATALOGUE = frozenset(
    [f"{side}_{_WRITTEN.get(part, part)}" for side in ("left", "right") for part in _PAIRED]
    + ["left_wrist_volar", "right_wrist_volar", *_SINGLE.values()]
)


def _site(words: Sequence[str], otherwise: str) -> str:
    """Return the name of a site of the catalogue for its words in any order."""
    joined = "".join(words)
    if joined in _SINGLE:
        return _SINGLE[joined]
    inside = [word for word in words if word in ("volar", "inside", "inner")]
    rest = [word for word in words if word not in inside]
    joined = "".join(rest)
    for part in _PAIRED:
        before, found, after = joined.partition(part)
        side = _SIDES.get(before + after)
        if found and side and not (before and after):
            ending = "_volar" if inside and part == "wrist" else ""
            return f"{side}_{_WRITTEN.get(part, part)}{ending}" if not inside or ending else ""
    return otherwise


def is_catalogued(site: str) -> bool:
    """Tell whether a site is one of the catalogue."""
    return site in _CATALOGUE


def name_site(site: str) -> str:
    """Return the catalogue's name of a site in another spelling, or the site as given."""
    return _site(_split(site), "") or site


# ---- all names of a recording


def is_series(names: Iterable[str]) -> bool:
    """Tell whether names are those of a generic series."""
    return all(str(name).startswith(SERIES) for name in names)


def read_names(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[Doubt, ...]]:
    """Return the names as this package writes them, and what they say against SI units.

    Raises ValueError for names that are not understood, are ambiguous, or mean one channel twice.
    """
    if is_series(names):
        return tuple(names), ()
    found = [read_name(str(name)) for name in names]
    # 1. Channels that cannot be read
    unread = [str(name) for name, one in zip(names, found, strict=True) if one is None]
    if unread:
        raise ValueError(_refusal(unread))
    read = [one for one in found if one is not None]
    # 2. g is a gyroscope if the accelerometer has a name of its own
    sensors = {(one.site, one.sensor) for one in read}
    for site in [site for site, sensor in sensors if sensor == "g"]:
        if (site, "acc") not in sensors or (site, "gyro") in sensors:
            given = ", ".join(repr(n) for n, one in zip(names, read, strict=True) if one[1] == "g")
            raise ValueError(
                f"Channels {given} may be a gyroscope or gravity. Name them gyro_x, gyro_y and "
                "gyro_z, or leave them out. Next to ax, ay and az, gx, gy and gz are read as a "
                "gyroscope."
            )
    read = [one._replace(sensor="gyro") if one.sensor == "g" else one for one in read]
    # 3. One acceleration per site, with gravity if there is a choice
    _refuse_parts_of_acceleration(names, read)
    written = [f"{one.site}_" * bool(one.site) + _written_sensor(one) for one in read]
    for i, name in enumerate(written):
        if name in written[:i]:
            first, second = names[written.index(name)], names[i]
            also = "" if first == second else f"; {first!r} and {second!r} mean the same channel"
            raise ValueError(f"Channel {name!r} occurs twice{also}. Leave one of them out.")
    return tuple(written), _doubts_of(names, read)


def _written_sensor(one: ChannelName) -> str:
    return f"{'gyro' if one.sensor == 'gyro' else 'acc'}_{one.axis}"


def _refusal(unread: list[str]) -> str:
    """Return the message about names that are not understood."""
    kinds: dict[str, list[str]] = {}
    for name in unread:
        words = _split(_BRACKETS.sub(" ", _DOMAIN.sub("", name)))
        known = [_OTHER_WORDS.get(word) for word in ["".join(words), *words]]
        kinds.setdefault(next(filter(None, known), ""), []).append(name)
    parts = []
    if any(name.startswith(SERIES) for name in unread):
        parts.append(f"Either all channels or none begin with {SERIES!r}.")
    if "" in kinds:
        said = {word for name in kinds[""] for word in _split(name) or [""]}
        alone = said <= {"x", "y", "z", "axis"}
        parts.append(
            f"The channel names {_listed(kinds[''])} do not say which sensor was read: name them "
            "acc_x or gyro_x, and so on."
            if alone
            else f"These channel names are not understood: {_listed(kinds[''])}."
        )
    others = [f"{_listed(found)} ({kind})" for kind, found in kinds.items() if kind]
    if others:
        columns = [name for kind, found in kinds.items() if kind for name in found]
        parts.append(
            f"Only accelerometers and gyroscopes are read, not {', '.join(others)}: leave them "
            f"out, as with table.drop(columns=[{_listed(columns)}])."
        )
    return " ".join([*parts, PATTERN])


def _listed(names: Sequence[str]) -> str:
    """Return names in quotes, not more than twelve."""
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(map(repr, names[:12])) + more


def _refuse_parts_of_acceleration(names: Sequence[Any], read: Sequence[ChannelName]) -> None:
    """Raise if an acceleration without gravity, or gravity, stands next to another one."""
    for site in dict.fromkeys(one.site for one in read):
        given = {
            kind: [n for n, one in zip(names, read, strict=True) if one[:2] == (site, kind)]
            for kind in ("acc", "free", "gravity")
        }
        if given["acc"] and (given["free"] or given["gravity"]):
            raise ValueError(
                f"There are several accelerations: {_listed(given['acc'])} includes gravity. Leave "
                f"{_listed([*given['free'], *given['gravity']])} out."
            )
        if given["gravity"]:
            ios = any(one.is_ios for one in read)
            factor = f"{-STANDARD_GRAVITY} * " if ios else ""
            raise ValueError(
                f"{_listed(given['gravity'])} is the gravity part of an acceleration. Give its sum "
                f"with the acceleration without gravity as one sensor: acc = {factor}(gravity + "
                f"{'userAcceleration' if ios else 'linear acceleration'})"
                + (", since Core Motion gives g with inverted sign." if ios else " in m/s².")
            )


def _doubts_of(names: Sequence[Any], read: Sequence[ChannelName]) -> tuple[Doubt, ...]:
    """Return what names say against m/s² with gravity and rad/s; one doubt per sensor."""
    doubts: dict[str, Doubt] = {}
    for name, one in zip(names, read, strict=True):
        sensor = "gyro" if one.sensor == "gyro" else "acc"
        if sensor in doubts:
            continue
        if one.sensor == "free":
            ios = (
                f" Core Motion's readings are in g with inverted sign: give {-STANDARD_GRAVITY} * "
                "(gravity + userAcceleration), which includes gravity."
                if one.is_ios
                else " Give the acceleration with gravity if the device recorded it."
            )
            doubts[sensor] = Doubt(
                sensor,
                "gravity removed",
                f"Channel {name!r} is an acceleration without gravity. This package expects "
                f"specific force with gravity (+9.81 m/s² upward at rest).{ios}",
            )
            continue
        factor = _UNITS[sensor].get(one.unit, 1.0 if not one.unit else np.nan)
        if one.is_ios and sensor == "acc":
            doubts[sensor] = Doubt(
                sensor,
                "iOS",
                f"Channel {name!r} is named as Core Motion (iOS) does, which gives g with inverted "
                f"sign: multiply by {-STANDARD_GRAVITY}. At rest, the axis that points up must "
                "read +9.81.",
            )
        elif factor != 1.0:
            si = "m/s²" if sensor == "acc" else "rad/s"
            cure = (
                "convert it with the factor of the data sheet"
                if np.isnan(factor)
                else f"multiply by {factor:.6g}"
            )
            mended = " (by its negative if it comes from iOS)" * (factor == STANDARD_GRAVITY)
            doubts[sensor] = Doubt(
                sensor,
                one.unit,
                f"The name of channel {name!r} gives the unit {one.unit}, but {si} is expected: "
                f"{cure}{mended}, and name it without the unit.",
            )
    return tuple(doubts.values())
