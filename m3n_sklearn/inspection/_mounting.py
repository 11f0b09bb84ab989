"""Axes that look turned or mirrored: between people, and between accelerometer and gyroscope.

Between people: over seconds, the mean of the acceleration is mostly gravity, so each activity has
a typical direction in the axes of the watch. A watch that is worn the other way round has the
directions of the other people, turned by one of the 24 rotations that map axes to axes; a watch
on the other wrist, or with an axis of another sign, has them mirrored.

Within one person: while the limb turns slowly, the direction u of gravity in the axes of the
sensor obeys du/dt = -w x u with the angular rate w. Axes that are mirrored or exchanged break it.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from .._channel_names import STANDARD_GRAVITY
from .._typing import Array

__all__ = [
    "AxesMismatch",
    "Directions",
    "Turned",
    "Turning",
    "add_turnings",
    "compare_sensors",
    "disagreement",
    "find_turned",
    "in_words",
    "mean_directions",
    "turning_of",
]

# ---- between people

STRETCH = 2.0
"""Seconds over which the mean of the acceleration is mostly gravity."""

FEWEST_PEOPLE = 3
"""People with an activity from which on its typical direction is compared."""

FAR, SPREADS, LEAST_SPREAD = 0.8, 4.0, 0.08
"""Smallest suspicious distance from the typical directions; how many robust standard deviations
beyond the median of the people it must be; and the smallest standard deviation."""

EXPLAINED = 0.6
"""Largest ratio of the distance after and before a turn that explains the difference."""

EQUALLY_GOOD = 0.1
"""Turns whose distances differ by less cannot be told apart."""

FAR_IN_FEW, FEW = 1.5, 2
"""Smallest suspicious distance where that many classes or fewer can be compared: people do one
activity in several ways, and lie on one side or the other."""

FEWEST_CLASSES = 2
"""Classes on either side of a watch that is turned in some activities only."""

# ---- within one person

LAG = 0.5
"""Seconds over which the turn of gravity is compared with the integrated angular rate."""

CALM = 1.5
"""Largest difference in m/s² of the length of the acceleration from gravity."""

FEWEST_CALM = 30.0
"""Seconds of slow turning that are needed."""

LEAST_TURN = 0.05
"""Smallest root mean square turn of gravity over the lag, in rad."""

AGREES, BETTER = 0.7, 0.3
"""Smallest correlation of two sensors whose axes fit, and by how much it must exceed that of the
axes as given."""


def _axis_maps() -> Array:
    """Return the 48 matrices that map axes to axes: rotations first, small turns first."""
    found = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[range(3), order] = signs
            found.append(matrix)
    return np.array(sorted(found, key=lambda m: (-round(np.linalg.det(m)), -np.trace(m))))


MAPS = _axis_maps()
"""Matrices (48, 3, 3); the first is the identity."""


class Directions(NamedTuple):
    """Mean directions of the acceleration at one site."""

    people: list[Hashable]
    classes: list[Hashable]
    means: Array  # (P, K, 3) means of unit vectors; NaN where a person has no such class


class Turned(NamedTuple):
    """A person whose directions are far from those of the other people."""

    person: Hashable
    distance: float  # mean distance of directions, from 0 (equal) to 2 (opposite)
    map: Array | None  # the person's axes from the typical ones; None if no map explains it
    after: float  # distance that remains
    classes: list[Hashable]  # in which the axes are turned
    others: list[Array]  # maps that explain it as well


def mean_directions(
    stretches: Sequence[tuple[Hashable, Hashable, Array]],
) -> Directions:
    """Average the unit vectors of (person, class, means (n, 3) of the acceleration)."""
    people = list(dict.fromkeys(person for person, _, _ in stretches))
    classes = list(dict.fromkeys(label for _, label, _ in stretches))
    sums = np.zeros((len(people), len(classes), 3))
    counts = np.zeros((len(people), len(classes), 1))
    rows = {person: i for i, person in enumerate(people)}
    columns = {label: k for k, label in enumerate(classes)}
    for person, label, means in stretches:
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        known = np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)
        sums[rows[person], columns[label]] += (means[known] / lengths[known]).sum(axis=0)
        counts[rows[person], columns[label]] += known.sum()
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return Directions(people, classes, means)


def _typical(means: Array) -> Array:
    """Return the geometric median (K, 3) over people; NaN for classes of too few people."""
    known = np.isfinite(means[:, :, :1])
    values = np.where(known, means, 0.0)
    center = values.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    for _ in range(50):  # Weiszfeld's iteration
        lengths = np.linalg.norm(values - center, axis=2, keepdims=True)
        weights = known / np.maximum(lengths, 1e-3)
        center = (weights * values).sum(axis=0) / np.maximum(weights.sum(axis=0), 1e-12)
    return np.where(known.sum(axis=0) >= FEWEST_PEOPLE, center, np.nan)


def _distances(directions: Directions) -> tuple[Array, Array]:
    """Return distances (P, K) from the typical directions (K, 3)."""
    typical = _typical(directions.means)
    return np.linalg.norm(directions.means - typical, axis=2), typical


def _mean_over_classes(distances: Array) -> Array:
    """Return the mean distance (P,) of people; NaN without a class that can be compared."""
    known = np.isfinite(distances)
    total = np.where(known, distances, 0.0).sum(axis=1)
    return np.divide(
        total, known.sum(axis=1), out=np.full(len(total), np.nan), where=known.any(axis=1)
    )


def disagreement(directions: Directions) -> float | None:
    """Return the median distance of people if it is so large that there is no typical mount."""
    distance = _mean_over_classes(_distances(directions)[0])
    known = distance[np.isfinite(distance)]
    if len(known) < FEWEST_PEOPLE or np.median(known) < FAR:
        return None
    return float(np.median(known))


def find_turned(directions: Directions) -> list[Turned]:
    """Return the people whose directions are far from those of most other people."""
    # 1. The distance of each person, relative to how much people differ
    distances, typical = _distances(directions)
    distance = _mean_over_classes(distances)
    known = distance[np.isfinite(distance)]
    if len(known) < FEWEST_PEOPLE or disagreement(directions) is not None:
        return []
    center = np.median(known)
    spread = max(1.4826 * float(np.median(np.abs(known - center))), LEAST_SPREAD)
    compared = np.isfinite(distances).sum(axis=1)
    limit = np.maximum(np.where(compared <= FEW, FAR_IN_FEW, FAR), center + SPREADS * spread)
    # 2. The map of axes that explains each person who is far
    found = []
    for person in np.flatnonzero(distance > limit):
        usable = np.isfinite(distances[person])
        own, theirs = directions.means[person, usable], typical[usable]
        classes = [label for label, use in zip(directions.classes, usable, strict=True) if use]
        found.append(_explain(directions.people[person], own, theirs, classes))
    return found


def _explain(person: Hashable, own: Array, theirs: Array, classes: list[Hashable]) -> Turned:
    """Return which map of axes takes typical directions (K, 3) to a person's own."""
    apart = np.linalg.norm(own - np.einsum("mij,kj->mki", MAPS, theirs), axis=2)  # (48, K)
    before, after = float(apart[0].mean()), apart.mean(axis=1)
    # 1. One map for all classes, or for some: the watch was put on again between them
    good = np.flatnonzero(after <= EXPLAINED * before)
    partly = np.minimum(apart, apart[0]).mean(axis=1)
    best = int(np.argmin(partly))
    turned = apart[best] < apart[0]
    enough = min(turned.sum(), (~turned).sum()) >= FEWEST_CLASSES
    limit = after[good].min() - EQUALLY_GOOD if good.size else EXPLAINED * before
    if enough and partly[best] <= limit:
        names = [label for label, is_turned in zip(classes, turned, strict=True) if is_turned]
        return Turned(person, before, MAPS[best], float(partly[best]), names, [])
    if not good.size:
        return Turned(person, before, None, before, classes, [])
    # 2. Maps that explain all classes equally well
    good = good[after[good] <= after[good].min() + EQUALLY_GOOD]
    best = int(good[np.argmin(after[good])])
    others = [MAPS[i] for i in good if i != best]
    return Turned(person, before, MAPS[best], float(after[best]), classes, others)


# ---- within one person


class Turning(NamedTuple):
    """Sums over calm moments, by which maps of the gyroscope's axes are compared."""

    seconds: float
    turns: float  # sum of |du|²
    cross: Array  # (3, 3) sum of -(u x du)_i theta_j
    fourth: Array  # (3, 3, 3, 3) sum of theta_i theta_j u_k u_l
    angles: Array  # (3, 3) sum of theta_i theta_j |u|²
    moments: int


class AxesMismatch(NamedTuple):
    """A gyroscope whose axes do not fit those of the accelerometer."""

    agreement: float  # correlation as given
    map: Array  # of the gyroscope's axes, which fits best
    after: float  # its correlation


def turning_of(acc: Array, gyro: Array, rate: float) -> Turning | None:
    """Return the sums of a recording (T, 3) each, NaN where it was not observed."""
    lag = max(1, round(LAG * rate / 2))
    if len(acc) < 4 * lag:
        return None
    # 1. Moments at which the acceleration is nearly gravity, around both ends
    length = np.linalg.norm(acc, axis=1)
    rough = np.where(np.isfinite(length), np.abs(length - STANDARD_GRAVITY), np.inf)
    calm = maximum_filter1d(rough, 2 * lag + 1) < CALM
    calm &= ~(maximum_filter1d((~np.isfinite(gyro).all(axis=1)).astype(np.int8), 2 * lag + 1) > 0)
    ok = calm[lag:-lag] & calm[: -2 * lag] & calm[2 * lag :]
    if not ok.any():
        return None
    # 2. The turn du of gravity, and the integral theta of the angular rate
    unit = uniform_filter1d(np.nan_to_num(acc / np.maximum(length, 1e-9)[:, None]), lag, axis=0)
    integral = np.cumsum(np.nan_to_num(gyro), axis=0) / rate
    du = (unit[2 * lag :] - unit[: -2 * lag])[ok]
    theta = (integral[2 * lag :] - integral[: -2 * lag])[ok]
    middle = unit[lag:-lag][ok]
    # 3. With a map M of the gyroscope: sum of -(M theta x u) . du, and of |M theta x u|²
    pairs = (theta[:, :, None] * theta[:, None, :]).reshape(-1, 9)
    places = (middle[:, :, None] * middle[:, None, :]).reshape(-1, 9)
    squares = (middle**2).sum(axis=1)
    return Turning(
        seconds=len(du) / rate,
        turns=float((du**2).sum()),
        cross=-np.cross(middle, du).T @ theta,
        fourth=(pairs.T @ places).reshape(3, 3, 3, 3),
        angles=(pairs.T @ squares).reshape(3, 3),
        moments=len(du),
    )


def add_turnings(parts: Sequence[Turning]) -> Turning:
    """Add the sums of several recordings."""
    return Turning(*(sum(values[1:], values[0]) for values in zip(*parts, strict=True)))


def compare_sensors(turning: Turning) -> AxesMismatch | None:
    """Return how the axes of a gyroscope differ from those of the accelerometer, or None."""
    if turning.seconds < FEWEST_CALM or turning.turns < LEAST_TURN**2 * turning.moments:
        return None
    scores = _scores(turning)
    best = int(np.argmax(scores))
    if scores[best] < max(AGREES, scores[0] + BETTER):
        return None
    return AxesMismatch(float(scores[0]), MAPS[best], float(scores[best]))


def _scores(turning: Turning) -> Array:
    """Return the correlation of the turn of gravity with each map of the gyroscope (48,)."""
    agree = np.einsum("mij,ij->m", MAPS, turning.cross)
    along = np.einsum("mki,mlj,ijkl->m", MAPS, MAPS, turning.fourth)
    size = np.einsum("mki,mkj,ij->m", MAPS, MAPS, turning.angles) - along
    return agree / np.sqrt(np.maximum(turning.turns * size, 1e-300))


def in_words(matrix: NDArray[np.float64]) -> str:
    """Write a map of axes as the readings that take the place of (x, y, z)."""
    parts = []
    for row in matrix:
        axis = int(np.argmax(np.abs(row)))
        parts.append(("−" if row[axis] < 0 else "") + "xyz"[axis])
    return f"({', '.join(parts)})"
