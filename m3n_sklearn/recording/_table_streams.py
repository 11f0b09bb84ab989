"""The rows of each recording of a table, collected batch by batch without a copy of the whole."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator
from itertools import pairwise
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from .._validation import is_missing
from ._table_columns import Roles, Sensor, triad_values
from ._table_of import OWN_RATE
from ._table_times import Clockwork, seconds_of

__all__ = ["Stream", "append_batch", "plain_id", "whole_ids"]


LARGE = 2**16
"""Bytes from which arrays get memory pages of their own."""


class Stream:
    """The rows of one recording in the order of the table.

    Chunks of rows are given free as they are converted, so that rows and result are never in memory
    together.
    """

    def __init__(
        self, name: str | None, group: Hashable, path: Path | None, sensors: list[Sensor]
    ) -> None:
        self.name, self.group, self.path, self.sensors = name, group, path, sensors
        self.recording: Any = None  # its id in the column of recordings
        self.origin: Any = None  # the first stamp as it is in the table
        self.start = 0.0  # the same in s
        self.rows = 0
        self.counted = 0  # rows of the table, also those without a time
        self.untimed = 0
        self.labels: list[tuple[int, Any]] = []  # first row of each run of equal labels
        self.rates: set[float] = set()  # of tables that this package wrote
        self.texts: Any = None  # likewise
        self._offsets: list[int] = []
        self._times: list[Array] = []
        self._values: list[NDArray[Any]] = []

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels."""
        return tuple(name for one in self.sensors for name in one.channels)

    def append(self, times: Array, values: NDArray[Any]) -> None:
        """Append rows."""
        self._offsets.append(self.rows)
        self._times.append(_returnable(times))
        self._values.append(_returnable(values))
        self.rows += len(times)

    def add_label(self, row: int, label: Any) -> None:
        """Begin a run of labels at a row unless it goes on."""
        if not self.labels or self.labels[-1][1] != label:
            self.labels.append((row, label))

    def times(self, begin: int, end: int) -> Array:
        """Return the times of rows."""
        return np.concatenate(
            [part[lo:hi] for part, lo, hi in self._parts(self._times, begin, end)]
        )

    def values(self, begin: int, end: int) -> NDArray[Any]:
        """Return the readings of rows."""
        parts = self._parts(self._values, begin, end)
        return np.concatenate([part[lo:hi] for part, lo, hi in parts])

    def _parts(
        self, chunks: list[Any], begin: int, end: int
    ) -> Iterator[tuple[NDArray[Any], int, int]]:
        number = bisect_right(self._offsets, begin) - 1
        while number < len(chunks) and self._offsets[number] < end:
            offset = self._offsets[number]
            yield chunks[number], max(0, begin - offset), end - offset
            number += 1

    def release(self, row: int) -> None:
        """Free the chunks before a row."""
        empty: Any = None
        for number in range(bisect_right(self._offsets, row) - 2, -1, -1):
            if self._values[number] is None:
                break
            self._values[number] = self._times[number] = empty


def _returnable(values: NDArray[Any]) -> NDArray[Any]:
    """Return a copy whose memory the system gets back as soon as it is freed.

    Other memory of this size stays with the process, next to the result that takes its place.
    """
    if values.nbytes < LARGE:
        return values.copy()
    room = mmap(-1, values.nbytes)
    kept = np.frombuffer(room, dtype=values.dtype).reshape(values.shape)
    kept[...] = values
    return kept


def append_batch(
    streams: dict[Any, Stream],
    batch: dict[str, NDArray[Any]],
    roles: Roles,
    clock: Clockwork,
    source: tuple[int, str | None, Path | None, bool],
    group_of_file: Hashable,
    dtype: np.dtype[Any],
) -> None:
    """Append the rows of a batch to the streams of their recordings.

    `source` is the number, name and path of the table, and whether there is only one.
    """
    parts = [triad_values(batch, sensor) for sensor in roles.sensors]
    values = np.concatenate(parts, axis=1).astype(dtype, copy=False)
    rows = len(values)
    if rows == 0:
        return
    number, file_name, path, is_alone = source
    if not roles.is_own:
        names = {roles.recording, roles.group, roles.label} - {None}
        batch = {**batch, **{name: _stripped(batch[name]) for name in names if name}}
    keys = [batch[name] for name in (roles.recording, roles.group) if name is not None]
    borders = _borders(keys, rows)
    label = batch[roles.label] if roles.label else None
    for begin, end in pairwise(borders):
        recording = plain_id(batch[roles.recording][begin]) if roles.recording else None
        group = plain_id(batch[roles.group][begin]) if roles.group else group_of_file
        key = (number, recording, group)
        if key not in streams:
            name = _name(file_name, is_alone, group if roles.group else None, recording)
            if roles.is_own:
                name = None if recording is None else str(recording)
            streams[key] = Stream(name, group, path, roles.sensors)
            streams[key].recording = recording
        stream = streams[key]
        part = slice(begin, end)
        times, stream.origin, start = seconds_of(
            batch[clock.column][part] if clock.column else None,
            clock,
            stream.origin,
            stream.counted,
            end - begin,
        )
        if stream.rows == 0:
            stream.start = start
        stream.counted += end - begin
        timed = np.isfinite(times)
        kept = np.flatnonzero(timed)
        stream.untimed += len(times) - len(kept)
        if label is not None:
            cells = label[part] if len(kept) == len(times) else label[part][timed]
            for at in _borders([cells], len(cells))[:-1]:
                stream.add_label(stream.rows + at, plain_id(cells[at]))
        if roles.is_own:
            stream.rates |= set(np.unique(batch[OWN_RATE][part]).tolist())
        if "text" in batch and roles.is_own:
            stream.texts = batch["text"][begin]
        if len(kept) == len(times):
            stream.append(times, values[part])
        elif len(kept):
            stream.append(times[timed], values[part][timed])


def _stripped(cells: NDArray[Any]) -> NDArray[Any]:
    """Return cells without blanks around texts; texts of blanks, and words for NaN, are missing."""
    if cells.dtype != object:
        return cells
    known: dict[Any, Any] = {}
    found = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells.tolist()):
        if isinstance(cell, str):
            if cell not in known:
                text = cell.strip()
                known[cell] = None if text.lower() in ("", "nan", "<na>", "nat") else text
            cell = known[cell]
        found[i] = cell
    return found


def _borders(cells: Iterable[NDArray[Any]], rows: int) -> list[int]:
    """Return the first row of each run of equal cells, and the number of rows."""
    change = np.zeros(max(0, rows - 1), dtype=bool)
    for column in cells:
        if column.dtype == object:
            column = np.array([None if is_missing(c) else c for c in column], dtype=object)
            change |= np.asarray(column[1:] != column[:-1], dtype=bool)
        else:
            change |= column[1:] != column[:-1]
    return [0, *(np.flatnonzero(change) + 1).tolist(), rows] if rows else [0]


def _name(file_name: str | None, is_alone: bool, group: Any, recording: Any) -> str | None:
    """Return the name of a recording: file, person and recording, as far as they tell it apart."""
    parts = [part for part in (group, recording) if part is not None]
    if file_name is not None and not (is_alone and parts):
        parts = [file_name, *parts]
    return "-".join(str(part) for part in parts) or None


def plain_id(value: Any) -> Any:
    """Return an id or label as Python has it; None if it is missing."""
    if is_missing(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def whole_ids(values: Iterable[Any], *, also_decimals: bool = False) -> dict[Any, Any]:
    """Return texts as whole numbers if all of them are, such as those of a CSV file.

    With `also_decimals` 1.0 is whole, as a column of whole numbers with missing ones is written.
    """
    texts = {value for value in values if value is not None}
    if not all(isinstance(text, str) for text in texts):
        return {}
    short = {text: text.removesuffix(".0") if also_decimals else text for text in texts}
    if all(v.lstrip("-").isdigit() and str(int(v)) == v for v in short.values()):
        return {text: int(value) for text, value in short.items()}
    return {}
