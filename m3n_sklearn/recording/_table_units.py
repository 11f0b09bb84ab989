"""The units of the readings of a table: told, in the names, by convention, or from the values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._channel_names import STANDARD_GRAVITY, unit_factor
from .._validation import is_number
from ._table_conventions import Axes
from ._table_report import listed
from ._units import find_doubts

__all__ = ["Unit", "check_unit", "choose_unit", "gyro_by_motion", "turning_factor"]

SI = {"acc": "m/s²", "gyro": "rad/s"}

EXPECTED = {
    "acc": "'m/s2', 'g', 'mg', 'mm/s2', counts per g such as 'g/4096', or the factor to m/s²",
    "gyro": "'rad/s', 'deg/s', 'mdps', counts such as 'deg/s/16.4', or the factor to rad/s",
}

CALM = 0.15
"""Difference of the length of an acceleration from the median, as a share, that is gravity."""

FARTHEST = 3.0
"""Ratio of angular rates to the turn of gravity that is another unit."""

FEWEST_STEPS, ALIKE = 20, 0.4
"""Steps, and the correlation, from which gravity shows the unit of a gyroscope."""

_INFERRED = {
    "g": ("g", STANDARD_GRAVITY),
    "mg": ("mg", STANDARD_GRAVITY / 1000),
    "mm/s²": ("mm/s²", 1e-3),
}
"""Units of accelerations that their length shows beyond doubt."""


class Unit(NamedTuple):
    """Unit of a sensor."""

    factor: float  # to m/s² or rad/s
    word: str
    origin: str  # "factor" (a number), "told", "named", "convention" or "inferred"


def check_unit(sensor: str, unit: Any) -> Unit | None:
    """Read `acc_unit=` or `gyro_unit=`."""
    if unit is None:
        return None
    if is_number(unit) and np.isfinite(unit) and unit != 0:
        return Unit(float(unit), f"{unit:.6g} {SI[sensor]}", "factor")
    if isinstance(unit, str):
        factor = unit_factor(sensor, unit)
        word, _, divisor = unit.rpartition("/")
        if factor is None and _is_float(divisor):
            known = unit_factor(sensor, word)
            factor = None if known is None else known / float(divisor)
        if factor is not None and np.isfinite(factor):
            return Unit(factor, unit, "told")
    raise ValueError(f"{sensor}_unit={unit!r} is not understood: give {EXPECTED[sensor]}.")


def _is_float(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False


def choose_unit(
    sensor: str,
    told: Unit | None,
    names: Sequence[str],
    is_ios: bool,
    axes: Axes,
    values: NDArray[Any],
    rate: float,
    acc: NDArray[Any] | None = None,
) -> tuple[Unit, list[str]]:
    """Return the unit of a sensor from stretches (S, T, 3) of readings, and what is doubtful.

    `acc` are accelerations at the same times, in any unit.
    """
    convention = axes.convention
    sign = -1.0 if is_ios and convention is None and sensor == "acc" else 1.0
    # 1. What is told counts, and what the names or the convention say
    if told is not None:
        if told.origin == "factor":
            is_turned = convention.acc < 0 if convention is not None and convention.acc else is_ios
            if sensor == "gyro" or not is_turned or told.factor < 0:
                return told, []
            return told, [
                f"acc_unit={told.factor:.6g} is taken as it is, but the readings of iOS and "
                f"watchOS have an inverted sign: give {-told.factor:.6g}, or the unit as text."
            ]
        flipped = convention is not None and sensor == "acc" and convention.acc < 0
        unit = told._replace(factor=told.factor * (-1.0 if flipped else sign))
        return unit, _turned_otherwise(unit, values, acc, rate) if sensor == "gyro" else []
    known = {name: unit_factor(sensor, name) for name in names}
    if len(known) > 1:
        raise ValueError(
            f"The names of the columns give several units of {sensor}: {listed(list(known))}. Give "
            f"{sensor}_unit=."
        )
    if known and convention is None:
        [(word, factor)] = known.items()
        if factor is None or not np.isfinite(factor):
            raise ValueError(
                f"The columns of {sensor} are in {word}, whose size only the data sheet knows: "
                f"give {sensor}_unit={EXPECTED[sensor].split(', ')[-2]}."
            )
        return _confirmed(sensor, Unit(factor * sign, word, "named"), values, rate, acc)
    if convention is not None:
        factor = convention.acc if sensor == "acc" else convention.gyro
        if factor is not None:
            word = convention.units.split(", ")[0 if sensor == "acc" else -1]
            return _confirmed(sensor, Unit(factor, word, "convention"), values, rate, acc)
    # 2. Otherwise the values
    if sensor == "gyro":
        return gyro_by_motion(values, acc, rate) or _gyro_by_size(values, rate)
    doubt = next((d for d in _doubts(sensor, values, rate) if d.sensor == sensor), None)
    if doubt is None or doubt.kind in ("scale", "exchanged"):
        return Unit(sign, "m/s²", "inferred"), []
    if doubt.kind in _INFERRED:
        word, factor = _INFERRED[doubt.kind]
        if is_ios:
            return Unit(sign * factor, f"{word} with inverted sign (Core Motion)", "inferred"), []
        return Unit(factor, word, "inferred"), []
    raise ValueError(
        f"The unit of the acceleration is not known. {doubt.message} Give acc_unit=: "
        f"{EXPECTED['acc']}."
    )


def _doubts(sensor: str, values: NDArray[Any], rate: float) -> tuple[Any, ...]:
    acc, gyro = (values, None) if sensor == "acc" else (None, values)
    return find_doubts(acc, gyro, rate)


def _turned_otherwise(
    unit: Unit, values: NDArray[Any], acc: NDArray[Any] | None, rate: float
) -> list[str]:
    """Return the doubt that gravity turns otherwise than angular rates in a unit say."""
    found = turning_factor(values, acc, rate)
    if found is None or 1 / FARTHEST < found / unit.factor < FARTHEST:
        return []
    return [
        f"The angular rate was read in {unit.word}, but gravity turns {found / unit.factor:.3g} "
        "times as fast as it says. Is the unit of the angular rate another one? Give gyro_unit=: "
        f"{EXPECTED['gyro']}."
    ]


def _confirmed(
    sensor: str,
    unit: Unit,
    values: NDArray[Any],
    rate: float,
    acc: NDArray[Any] | None,
) -> tuple[Unit, list[str]]:
    """Return a unit, and a doubt if the values show another one."""
    found = {d.kind for d in _doubts(sensor, values * unit.factor, rate) if d.sensor == sensor}
    wrong = found & {"g", "mg", "mm/s²", "deg/s", "raw counts", "unknown unit"}
    wrong |= {kind for kind in found if "counts" in kind}
    if not wrong:
        return unit, _turned_otherwise(unit, values, acc, rate) if sensor == "gyro" else []
    origin = {"named": "The names of the columns", "convention": "axes="}[unit.origin]
    return unit, [
        f"{origin} say that {sensor} is in {unit.word}, but its values look otherwise: after the "
        f"conversion to {SI[sensor]} they still look like {listed(sorted(wrong))}. Give "
        f"{sensor}_unit=: {EXPECTED[sensor]}."
    ]


def turning_factor(values: NDArray[Any], acc: NDArray[Any] | None, rate: float) -> float | None:
    """Return the factor with which gravity turns as fast as the gyroscope says, if it shows.

    The direction u of gravity in the sensor changes by ``du/dt = -w x u``. The factor k that fits
    ``du/dt = -k (w x u)`` best is 1 for rad/s and pi/180 for deg/s.
    """
    if acc is None:
        return None
    # 1. Means over a fifth of a second, without moments of strong acceleration
    size = max(1, round(0.2 * rate))
    blocks = acc.shape[1] // size
    shape = (len(acc), blocks, size, 3)
    forces, rates = (_means(x[:, : blocks * size].reshape(shape)) for x in (acc, values))
    lengths = np.linalg.norm(forces, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        up = forces / lengths[..., None]
        usual = np.median(lengths[np.isfinite(lengths)]) if np.isfinite(lengths).any() else np.nan
        calm = np.abs(lengths / usual - 1) < CALM
    # 2. Regression through zero
    change = (up[:, 1:] - up[:, :-1]) * (rate / size)
    turned = -np.cross((rates[:, 1:] + rates[:, :-1]) / 2, (up[:, 1:] + up[:, :-1]) / 2)
    good = calm[:, 1:] & calm[:, :-1] & np.isfinite(change + turned).all(axis=-1)
    change, turned = change[good], turned[good]
    shared, power = float((change * turned).sum()), float((turned**2).sum())
    spread = np.sqrt(power * float((change**2).sum()))
    if len(change) < FEWEST_STEPS or not spread or shared < ALIKE * spread:
        return None
    return shared / power


def gyro_by_motion(
    values: NDArray[Any], acc: NDArray[Any] | None, rate: float
) -> tuple[Unit, list[str]] | None:
    """Return the unit of angular rates that the turn of gravity shows, or None."""
    factor = turning_factor(values, acc, rate)
    if factor is None:
        return None
    units = {"rad/s": 1.0, "deg/s": np.pi / 180, "mdps": np.pi / 180e3}
    word = min(units, key=lambda unit: abs(np.log(units[unit] / factor)))
    if abs(np.log(units[word] / factor)) > np.log(FARTHEST):
        raise ValueError(
            f"The unit of the angular rate is not known: gravity turns {factor:.3g} times as fast "
            "as the gyroscope says. Are the axes of both sensors the same, and is the unit of time "
            f"right? Otherwise give gyro_unit=: {EXPECTED['gyro']}."
        )
    return Unit(units[word], word, "inferred"), []


def _means(values: NDArray[Any]) -> NDArray[Any]:
    """Return the means of known rows in blocks (S, B, T, 3); NaN without any."""
    known = np.isfinite(values).all(axis=-1, keepdims=True)
    count = known.sum(axis=2)
    total = np.where(known, values, 0.0).sum(axis=2)
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _gyro_by_size(values: NDArray[Any], rate: float) -> tuple[Unit, list[str]]:
    """Return the unit of angular rates from how large they are."""
    found = next((d for d in _doubts("gyro", values, rate) if d.sensor == "gyro"), None)
    if found is not None and found.kind == "raw counts":
        raise ValueError(f"{found.message} Give it as gyro_unit='deg/s/16.4' or as a factor.")
    if found is not None and found.kind == "deg/s":
        return Unit(np.pi / 180, "deg/s", "inferred"), []
    return Unit(1.0, "rad/s", "inferred"), [
        "The unit of the angular rate was not told, and the movements do not show it: it was read "
        "as rad/s. Give gyro_unit='rad/s' or 'deg/s'."
    ]
