"""Which sensor a file is of, and a gyroscope in a file of its own, joined to its acceleration.

Loggers such as Sensor Logger and phyphox write one file for each sensor, often with the columns
x, y and z in all of them. The name of the file then says the sensor. Files of one recording are in
one folder, and their names differ in nothing but the sensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._channel_names import read_name, said_sensor, words_of
from .._clock import typical_step
from .._typing import Array
from .._warn import warn
from ._channels import AXES
from ._table_columns import bare_axis, is_bare, time_columns
from ._table_csv import Layout
from ._table_report import listed, listed_files
from ._table_sources import FILES, HEAD, Batch, Source
from ._table_times import Clockwork, choose_time, seconds_of

__all__ = ["join_gyroscopes"]

JOINED = tuple(f"gyro_{axis}" for axis in AXES)
"""Names of the columns of a gyroscope that was joined."""


class _File(NamedTuple):
    """A source with what its name says."""

    source: Source
    sensor: str  # "acc", "free", "gravity", "gyro", another kind, or nothing
    key: Any  # equal for the files of one recording


def join_gyroscopes(
    sources: Sequence[Source], time: Any, rate: float | None, unit: str | None, max_gap: float
) -> tuple[list[Source], list[str]]:
    """Return sources of which none is of another sensor, and what was joined.

    Files of gyroscopes are joined to their accelerations, and files of other sensors left out.
    """
    files = [_read(source) for source in sources]
    if not any(file.sensor for file in files):
        return list(sources), []
    partners: dict[Any, list[_File]] = {}
    for file in files:
        partners.setdefault(file.key, []).append(file)
    found: list[Source] = []
    notes: list[str] = []
    left_out: list[str] = []
    for group in partners.values():
        acc = _acceleration([file for file in group if file.sensor in ("acc", "free", "")])
        gyros = [file for file in group if file.sensor == "gyro"]
        joined = None
        if len(acc) == 1 and len(gyros) == 1 and acc[0].sensor:
            joined = _joined(acc[0].source, gyros[0].source, time, rate, unit, max_gap)
        if joined is not None:
            notes.append(str(gyros[0].source.name))
            found.append(joined)
            kept = [*acc, *gyros]
        else:
            found += [file.source for file in acc]
            kept = list(acc)
        left_out += [str(file.source.name) for file in group if file not in kept]
    if not found:
        raise ValueError(
            "The names of the files say that none has an acceleration: "
            f"{listed_files(left_out)}. Name the files otherwise, or read a frame."
        )
    if left_out:
        lost = [file.source.name for file in files if file.sensor == "gyro"]
        lost = [name for name in lost if name in left_out]
        hint = (
            f" {listed_files(lost)} found no acceleration of an equal name and clock."
            if lost
            else ""
        )
        warn(
            f"{len(left_out)} files of other sensors, or without gravity, were left out: "
            f"{listed_files(left_out)}.{hint}"
        )
    if len(notes) > 1:
        return found, [f"the gyroscopes of {len(notes)} recordings are joined"]
    return found, [f"the gyroscope of {name!r} is joined" for name in notes]


def _read(source: Source) -> _File:
    """Return what the name of a file says, where its columns do not say the sensor."""
    if source.path is None:
        return _File(source, "", object())
    name = source.path.name
    ending = max((end for end in FILES if name.lower().endswith(end)), key=len, default="")
    sensor, rest = said_sensor(words_of(name[: len(name) - len(ending)]))
    if not sensor:
        return _File(source, "", source.path)
    said = {one.sensor for column in source.columns if (one := read_name(column)) is not None}
    by_unit = {"acc": "acc", "free": "acc", "gravity": "acc", "gyro": "gyro"}.get(sensor)
    is_only_unit = is_bare(source.columns) and said == {by_unit}  # X (m/s^2)
    if said - {"g"} and not is_only_unit:  # the columns know better
        names = [one for one in ("acc", "free", "gyro") if one in said]
        sensor = names[0] if len(names) == 1 else ""
    elif not is_bare(source.columns) and not (said and sensor == "gyro"):  # gx, gy and gz
        sensor = "" if sensor in ("acc", "free", "gyro", "gravity") else sensor
    return _File(source, sensor, (source.path.parent, tuple(rest)) if sensor else source.path)


def _acceleration(files: Sequence[_File]) -> list[_File]:
    """Return the files of accelerations: of several in one recording, that with gravity."""
    if len(files) < 2:
        return list(files)
    total = [file for file in files if "total" in str(file.source.name).lower()]
    full = [file for file in files if file.sensor == "acc"]
    for chosen in (total, full):
        if len(chosen) == 1:
            return chosen
    names = [str(file.source.name) for file in files]
    stem = names[-1].rpartition("/")[2]
    raise ValueError(
        f"The files {listed(names)} are accelerations of one recording. Leave out those without "
        f"gravity, such as those named {stem!r}: read_table([path for path in "
        f"sorted(Path(folder).rglob('*.csv')) if path.stem != {stem!r}]). Recordings of their own "
        "need a folder each."
    )


def _joined(
    acc: Source, gyro: Source, time: Any, rate: float | None, unit: str | None, max_gap: float
) -> Source | None:
    """Return an acceleration with the columns of a gyroscope, or None if it cannot be joined."""
    # 1. The clocks of both, which must be alike
    clocks = [_clock(source, time, rate, unit) for source in (acc, gyro)]
    if clocks[0] is None or clocks[1] is None:
        return None
    if (clocks[0].kind, clocks[0].is_epoch) != (clocks[1].kind, clocks[1].is_epoch):
        return None
    # 2. The columns of the gyroscope
    read = {name: read_name(name) for name in gyro.columns}
    columns = {one.axis: name for name, one in read.items() if one and one.sensor in ("gyro", "g")}
    columns = columns or {axis: name for name in gyro.columns if (axis := bare_axis(name))}
    if set(columns) != set(AXES):
        return None
    one = read[columns["x"]]
    said = one.unit if one is not None else ""
    if gyro.layout is not None:
        said = said or gyro.layout.units.get(columns["x"], "")
    names = tuple(f"{name} ({said})" if said else name for name in JOINED)
    if set(names) & set(acc.columns):
        return None
    return _Joined(acc, gyro, clocks[0], clocks[1], [columns[a] for a in AXES], names, max_gap)


def _clock(source: Source, time: Any, rate: float | None, unit: str | None) -> Clockwork | None:
    """Return the clock of a source, or None without a column of time."""
    times = time_columns(source.columns, source.kinds, time)
    head = next(iter(source.batches(times, [])), None) if times else None
    if head is None:
        return None
    head = {name: cells[:HEAD] for name, cells in head.items()}
    try:
        clock, _ = choose_time(
            times,
            [],
            head,
            source.kinds,
            columns=source.columns,
            rate=rate,
            unit=unit,
            told=time is not None,
        )
    except ValueError:
        return None
    return clock if clock.column is not None and clock.kind != "index" else None


class _Joined:
    """A file of accelerations with the angular rate of another file at the same times."""

    def __init__(
        self,
        acc: Source,
        gyro: Source,
        clock: Clockwork,
        gyro_clock: Clockwork,
        columns: Sequence[str],
        names: Sequence[str],
        max_gap: float,
    ) -> None:
        self._acc, self._gyro = acc, gyro
        self._clock, self._gyro_clock = clock, gyro_clock
        self._columns, self._names, self._max_gap = list(columns), list(names), max_gap
        self._table: tuple[Array, Array, Any] | None = None
        self.name: str | None = acc.name
        self.path: Path | None = acc.path
        self.columns = (*acc.columns, *names)
        self.kinds = {**acc.kinds, **dict.fromkeys(names, "number")}
        self.zoned = acc.zoned
        self.layout: Layout | None = acc.layout

    def batches(self, columns: Sequence[str], texts: Sequence[str]) -> Iterator[Batch]:
        """Yield batches of columns, the angular rate between its readings by a straight line."""
        added = [name for name in self._names if name in columns]
        at = str(self._clock.column)
        own = [name for name in columns if name not in added]
        asked = own if at in own or not added else [*own, at]
        is_shared = not added
        for batch in self._acc.batches(asked, texts):
            if added:
                times, values, origin = self._turning()
                seconds, *_ = seconds_of(batch[at], self._clock, origin, 0, 0)
                for name in added:
                    row = values[:, self._names.index(name)]
                    batch[name] = _between(seconds, times, row, self._max_gap)
                    is_shared |= bool(np.isfinite(batch[name]).any())
            yield {name: batch[name] for name in columns}
        if not is_shared:
            raise ValueError(
                f"The times of {self._acc.name} and {self._gyro.name} do not overlap, so the "
                "gyroscope cannot be joined. Read the acceleration alone, or set the clocks first."
            )

    def _turning(self) -> tuple[Array, Array, Any]:
        """Return the times and the readings of the gyroscope, and the origin of time."""
        if self._table is None:
            at, origin = str(self._gyro_clock.column), None
            times: list[Array] = []
            values: list[NDArray[Any]] = []
            for batch in self._gyro.batches([at, *self._columns], []):
                seconds, origin, _ = seconds_of(batch[at], self._gyro_clock, origin, 0, 0)
                times.append(seconds)
                parts = [np.asarray(batch[name], dtype=np.float64) for name in self._columns]
                values.append(np.stack(parts, axis=1))
            together = np.concatenate(times)
            order = np.argsort(together, kind="stable")
            order = order[np.isfinite(together[order])]
            # the origin counts in the unit of the gyroscope
            origin = origin if origin is None else _in_unit(origin, self._gyro_clock, self._clock)
            self._table = together[order], np.concatenate(values)[order], origin
        return self._table


def _in_unit(origin: Any, given: Clockwork, wanted: Clockwork) -> Any:
    """Return an origin in the unit of another clock."""
    return origin if given.unit == wanted.unit else origin * (given.unit / wanted.unit)


def _between(seconds: Array, times: Array, values: Array, max_gap: float) -> Array:
    """Return values at other times; NaN in gaps and beyond the ends."""
    found = np.interp(seconds, times, values)
    step = typical_step(times) if len(times) > 1 else max_gap
    after = np.searchsorted(times, seconds)
    left = times[np.clip(after - 1, 0, len(times) - 1)]
    right = times[np.clip(after, 0, len(times) - 1)]
    apart = np.where(after == 0, right - seconds, seconds - left)
    is_inside = (after > 0) & (after < len(times))
    ok = np.where(is_inside, right - left <= max_gap, np.abs(apart) <= step)
    return np.where(ok & np.isfinite(seconds), found, np.nan)
