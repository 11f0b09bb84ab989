"""Columns that were left out though rows depend on them: several people or sensors, lost rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._channel_names import words_of
from .._typing import Array
from .._validation import is_missing
from .._warn import warn

__all__ = ["LaterRows", "refuse_mixtures", "warn_about_lost_rows"]

MOST_FOLLOWED = 5
"""Columns that are followed to the last row, and values of each."""

MOST = 100
"""Different values up to which a column may tell people or sensors apart."""

ODD, EVEN = 0.2, 0.02
"""Share of steps that are not forward: with mixed rows, and within each of them."""

JUMPY, REGULAR = 0.3, 0.1
"""Share of rows at which mixed rows change, and spread of the steps within each of them."""

_SENSOR_WORDS = frozenset(
    ["device", "sensor", "site", "position", "side", "wrist", "hand", "arm", "imu", "watch"]
)
_SITE_VALUES = frozenset(["left", "right", "l", "r", "wrist", "ankle", "hip", "chest", "dominant"])


def refuse_mixtures(
    times: Array,
    known: Iterable[NDArray[Any]],
    others: Mapping[str, NDArray[Any]],
    counters: Sequence[str],
) -> None:
    """Raise if a column that is left out explains steps back; warn if its values follow each other.

    `known` are the columns that separate recordings, all with the first rows of the table.
    """
    base = np.zeros(len(times), dtype=np.int64)
    for cells in known:
        base = base * (len(cells) + 1) + _codes(cells)
        base = np.unique(base, return_inverse=True)[1]
    together = _steps(times, base)
    if len(together) < 20:
        return
    is_mixed = float((together <= 0).mean()) > ODD
    for name, cells in others.items():
        codes = _codes(cells)
        count = int(codes.max(initial=0)) + 1
        if name in counters or not 2 <= count <= min(MOST, len(times) // 10):
            continue
        parts = base * count + codes
        apart = _steps(times, parts)
        if not len(apart) or (apart <= 0).mean() > EVEN:
            continue
        is_explained = bool((together < 0).any() and not (apart < 0).any())
        blocks = int((np.diff(parts) != 0).sum()) + 1
        is_split = blocks == len(np.unique(parts))  # where time steps back
        if is_explained and is_split and not _says_sensor(name, cells):
            warn(_mixed(name, cells))
        elif is_mixed or is_explained or _is_interleaved(times, base, codes, parts, cells):
            raise ValueError(_mixed(name, cells))


def _codes(cells: NDArray[Any]) -> NDArray[np.int64]:
    """Return the number of each cell among the different ones."""
    numbers: dict[Any, int] = {}
    plain = (None if is_missing(cell) else cell for cell in cells.tolist())
    return np.array([numbers.setdefault(cell, len(numbers)) for cell in plain], dtype=np.int64)


def _steps(times: Array, parts: NDArray[np.int64]) -> Array:
    """Return the steps of time from row to row within each part."""
    order = np.argsort(parts, kind="stable")
    steps = np.diff(times[order])
    return steps[np.isfinite(steps) & (np.diff(parts[order]) == 0)]


def _is_interleaved(
    times: Array,
    base: NDArray[np.int64],
    codes: NDArray[np.int64],
    parts: NDArray[np.int64],
    cells: NDArray[Any],
) -> bool:
    """Tell whether rows of several texts take turns, each with an even clock of its own."""
    if not all(isinstance(cell, str) and not _is_number(cell) for cell in cells[:100].tolist()):
        return False
    if np.mean((codes[1:] != codes[:-1]) & (base[1:] == base[:-1])) < JUMPY:
        return False
    for part in np.unique(parts):
        steps = np.diff(times[parts == part])
        low, middle, high = np.nanquantile(steps, (0.1, 0.5, 0.9)) if len(steps) > 4 else (0, 1, 9)
        if high - low > REGULAR * middle:
            return False
    return True


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _says_sensor(name: str, cells: NDArray[Any]) -> bool:
    """Tell whether a column seems to say of which sensor or site rows are."""
    values = list(dict.fromkeys(c for c in cells.tolist() if not is_missing(c)))
    said = {word for value in values for word in words_of(str(value))}
    return bool(set(words_of(name)) & _SENSOR_WORDS or said & _SITE_VALUES)


def _mixed(name: str, cells: NDArray[Any]) -> str:
    values = list(dict.fromkeys(c for c in cells.tolist() if not is_missing(c)))
    shown = ", ".join(repr(value) for value in values[:4]) + ", ..." * (len(values) > 4)
    is_sensor = _says_sensor(name, cells)
    apart = (
        f"If these are sensors of one person, read each apart, such as "
        f"read_table(table[table[{name!r}] == {values[0]!r}], site=...). "
    )
    people = f"If these are people, give group={name!r}; if recordings, recording={name!r}."
    return (
        f"The rows of several {'sensors or recordings' if is_sensor else 'people or recordings'} "
        f"are not told apart: time goes forward only within each value of the column {name!r} "
        f"({shown}), which was not recognized. {apart if is_sensor else ''}{people}"
    )


def warn_about_lost_rows(others: Mapping[str, NDArray[Any]], counters: Sequence[str]) -> None:
    """Warn if a column that is left out counts rows and jumps, so that rows were lost."""
    for name, cells in others.items():
        steps = np.diff(_as_numbers(cells))
        if len(steps) < 20 or not np.isfinite(steps).all() or (steps != np.rint(steps)).any():
            continue
        jumps = int((steps > 1).sum())
        if name not in counters and jumps and steps.min() >= 1 and (steps == 1).mean() > 0.8:
            warn(_lost(name, jumps, float(steps.max())))


def _lost(name: str, jumps: int, most: float) -> str:
    return (
        f"The column {name!r} counts rows and jumps {jumps} times, by up to {most:.0f}, so rows "
        "were lost: they were read as if nothing were missing. Give "
        f"time={name!r} to put the rows at their place."
    )


def _as_numbers(cells: NDArray[Any]) -> Array:
    """Return cells as numbers; none if some are not."""
    try:
        return np.array([np.nan if is_missing(c) else float(c) for c in cells.tolist()])
    except (TypeError, ValueError):
        return np.empty(0)


class LaterRows:
    """Columns that are left out and look harmless in the first rows, followed to the last row.

    A text that is the same in all of the first rows may name another person later on, and a column
    that counts rows may jump.
    """

    def __init__(self, first: Mapping[str, NDArray[Any]], *, are_rows_counted: bool) -> None:
        self._texts: dict[str, list[Any]] = {}
        self._last: dict[str, float] = {}
        self._jumps: dict[str, list[float]] = {}
        for name, cells in first.items():
            values = [cell for cell in dict.fromkeys(cells.tolist()) if not is_missing(cell)]
            if len(values) == 1 and isinstance(values[0], str) and not _is_number(values[0]):
                self._texts[name] = values
            numbers = _as_numbers(cells) if are_rows_counted else np.empty(0)
            if len(numbers) > 20 and (np.diff(numbers) == 1).all():
                self._last[name] = float(numbers[0]) - 1

    @property
    def columns(self) -> list[str]:
        """Columns that are followed."""
        return [*list(self._texts)[:MOST_FOLLOWED], *list(self._last)[:MOST_FOLLOWED]]

    def add(self, batch: Mapping[str, NDArray[Any]]) -> None:
        """Look at further rows."""
        for name in self.columns:
            if name in self._texts:
                known = self._texts[name]
                known += [
                    cell
                    for cell in dict.fromkeys(batch[name].tolist())
                    if not is_missing(cell) and cell not in known
                ][:MOST_FOLLOWED]
                continue
            numbers = _as_numbers(batch[name])
            if not len(numbers):
                del self._last[name]
                continue
            steps = np.diff(numbers, prepend=self._last[name])
            self._jumps.setdefault(name, []).extend(steps[steps > 1].tolist())
            self._last[name] = float(numbers[-1])

    def warn(self) -> None:
        """Warn about what changed after the first rows."""
        for name, values in self._texts.items():
            if len(values) > 1:
                shown = ", ".join(repr(value) for value in values[1:4])
                warn(
                    f"The column {name!r}, which was left out, is {values[0]!r} in the first rows "
                    f"and {shown} later on. If these are people, give group={name!r}; if "
                    f"recordings, recording={name!r}."
                )
        for name, jumps in self._jumps.items():
            if jumps and name in self._last:
                warn(_lost(name, len(jumps), max(jumps)))
