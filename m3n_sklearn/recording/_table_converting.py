"""From the rows of each recording to recordings in SI units, and what is said about them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._channel_names import UnitsWarning, say
from .._validation import check_rate
from .._warn import warn
from ._recording import Recording, recording_of
from ._table_columns import Sensor
from ._table_conventions import Axes, read_axes
from ._table_labels import UNLABELED, SampleLabels
from ._table_looking import warn_about_copies, warn_about_hours, warn_about_turns
from ._table_pieces import (
    BLOCK,
    FEWEST,
    Piece,
    Rates,
    common_rate,
    even_piece,
    find_pieces,
    refuse_other_units,
    sample_stretches,
)
from ._table_reading import Arguments
from ._table_report import TableReport, listed
from ._table_streams import Stream
from ._table_times import Clockwork
from ._table_units import Unit, choose_unit, gyro_by_motion
from ._units import find_doubts

__all__ = ["convert_streams"]


STRETCHES, PARTS = 64, 4
"""Stretches of a recording in which its units are looked at, and parts in which gravity turns."""

FEWEST_FAR, MANY_FAR = 3, 0.05
"""Stretches, and their share, with accelerations of another size that are another unit."""


def convert_streams(
    streams: list[Stream], clock: Clockwork, arguments: Arguments, report: TableReport
) -> list[Recording]:
    """Return the recordings of streams, whose rows are freed on the way."""
    label_column = report.facts.pop("_label")
    label_hint = report.facts.pop("_hint")
    separated = report.facts.pop("_separated")
    warn_about_copies(streams)
    dropped = report.facts.pop("dropped", "")
    # 1. Pieces
    pieces: list[Piece] = []
    gaps: list[float] = []
    back = short = 0
    for stream in streams:
        gap = arguments.max_gap
        if stream.rates:  # written by this package, at any rate
            gap = max(gap, 1.5 / _own_rate(stream))
        found, lost, backward = find_pieces(stream, gap)
        if backward > max(3, 0.01 * stream.rows):
            raise ValueError(
                f"Time steps back {backward} times in {_named(stream)}: sort its rows, or name the "
                "column that separates recordings with recording= or group=."
            )
        kept = found if stream.rates else [piece for piece in found if piece.rows >= FEWEST]
        short += len(found) - len(kept)
        if clock.kind in ("date", "text") and not clock.has_zone:
            warn_about_hours(_named(stream), found)
        pieces += kept
        gaps += lost
        back += backward
    if not pieces:
        raise ValueError(
            f"No recording has {FEWEST} rows without a gap of more than max_gap="
            f"{arguments.max_gap:g} s: {sum(s.rows for s in streams)} rows in all. Give a larger "
            "max_gap, or check time_unit."
        )
    # 2. Rate and units, of all recordings together
    own = any(stream.rates for stream in streams)
    rate = _own_rate(streams[0]) if own else None
    rates = Rates(rate, rate, True) if rate else common_rate(pieces, arguments.rate)
    if not own:
        refuse_other_units(pieces, rates.stamps)
    converters = {}
    for group in _alike(streams):
        units = _units(group, rates.stamps, arguments, report)
        for stream in group:
            converters[id(stream)] = _converter(stream.sensors, units, arguments.axes)
    named = sorted({one.site for stream in streams for one in stream.sensors if one.site})
    if named:
        turned = f", axes {arguments.axes.text}" if arguments.axes.mount is not None else ""
        is_placed = all(one.is_placed for stream in streams for one in stream.sensors)
        if not (own or is_placed or arguments.is_site_told):
            turned += " (assumed; otherwise give site=, such as 'left_wrist')"
        report.add("site", f"{listed(named)}{turned}")
    # 3. Recordings
    notes: dict[str, list[str]] = {}
    resampled = 0
    recordings: list[Recording] = []
    labels = SampleLabels(arguments.intervals, streams, pieces, clock, report)
    several = Counter(id(piece.stream) for piece in pieces)
    numbers: Counter[int] = Counter()
    for piece in pieces:
        stream = piece.stream
        rate = _own_rate(stream) if stream.rates else rates.rate
        runs = labels.runs(piece)
        try:
            data, seen, first, switches, was_moved = even_piece(
                piece,
                rate,
                converters[id(stream)],
                arguments.dtype,
                arguments.max_gap,
                notes,
                [row for row, _ in runs if row > piece.begin],
            )
        except ValueError as error:
            raise ValueError(f"In {_named(stream)}: {error}") from error
        resampled += was_moved
        numbers[id(stream)] += 1
        name = stream.name
        if several[id(stream)] > 1:
            name = f"{name or 'recording'}-{numbers[id(stream)]}"
        start = stream.start + first
        recordings.append(
            recording_of(
                data,
                rate,
                stream.channels,
                observed=seen,
                labels=labels.of(piece, runs, switches, start, len(data), rate),
                subject=stream.group,
                name=name,
                start=start,
                text=_texts(stream),
            )
        )
    # 4. What is said
    if not own:
        _report_rate(rates, resampled, len(pieces), notes, arguments, report)
    if gaps:
        report.add(
            "gaps",
            f"{len(gaps)} of more than {arguments.max_gap:g} s, {sum(gaps):.4g} s in all; "
            "recordings are split there",
        )
    if back:
        report.add("gaps", f"time steps back {back} times; recordings are split there")
        warn(
            f"Time steps back {back} times within a recording, which was split there. If several "
            "recordings follow each other, name their column with recording= or group=."
        )
    _report_gravity(recordings, report)
    _report_labels(recordings, label_column, label_hint, arguments, report)
    people = list(dict.fromkeys(r.subject for r in recordings if r.subject is not None))
    text = f"{len(people)}: {listed(people)}" if people else "none"
    report.add("people", text, inferred=bool(people) and arguments.group is None and not own)
    if dropped:
        report.add("dropped", dropped)
    if short:
        report.add("dropped", f"{short} stretches of less than {FEWEST} rows")
    unseen = float(np.mean([1 - r.observed.mean() for r in recordings]))
    if unseen > 0:
        report.add("missing", f"{unseen:.2%} of the samples are not observed")
    total = sum(r.duration for r in recordings)
    is_inferred = bool(separated) and arguments.recording is None
    text = f"{len(recordings)}, {_duration(total)} in all{separated}"
    report.add("recordings", text, inferred=is_inferred)
    return recordings


def _named(stream: Stream) -> str:
    of = f" of {stream.path.name}" if stream.path is not None else ""
    return f"the recording {stream.name!r}{of}" if stream.name else f"the table{of}"


def _alike(streams: Sequence[Stream]) -> list[list[Stream]]:
    """Return streams with the same sensors together."""
    groups: dict[Any, list[Stream]] = {}
    for stream in streams:
        key = tuple(
            (one.site, one.sensor, one.unit, one.other_units, one.is_ios) for one in stream.sensors
        )
        groups.setdefault(key, []).append(stream)
    return list(groups.values())


def _units(
    streams: Sequence[Stream], rate: float, arguments: Arguments, report: TableReport
) -> list[float]:
    """Return the factor of each sensor, and say what is doubtful."""
    sensors = streams[0].sensors
    factors = []
    at = 0
    accelerations: dict[str, NDArray[Any]] = {}
    places: dict[str, list[int]] = {}
    for one in sensors:
        columns = list(range(at, at + len(one.channels)))
        at += len(columns)
        if one.sensor == "series":
            factors.append(1.0)
            continue
        values = sample_stretches(streams, columns, rate)
        told = arguments.acc_unit if one.sensor == "acc" else arguments.gyro_unit
        axes, names = arguments.axes, [one.unit, *one.other_units] if one.unit else []
        if one.unit in ("empatica_e4",):  # the layout of the file shows the device
            axes, names = read_axes(one.unit), []
        if one.sensor == "acc":
            accelerations[one.site] = values
            places[one.site] = columns
        unit, doubts = choose_unit(
            one.sensor, told, names, one.is_ios, axes, values, rate, accelerations.get(one.site)
        )
        for doubt in doubts:
            warn(doubt, UnitsWarning)
        columns_text = ", ".join("+".join(cell) for cell in one.columns)
        line = f"{columns_text} in {unit.word}"
        if unit.factor < 0 and "inverted" not in unit.word:
            line += " with inverted sign"
        if unit.origin in ("named", "convention"):
            line += {"named": " (by name)", "convention": " (by convention)"}[unit.origin]
        if line not in report.facts.get(one.sensor, ""):
            report.add(one.sensor, line, inferred=unit.origin == "inferred")
        if one.sensor == "acc":
            warn_about_turns(streams, columns, rate)
        _warn_about_unlike(streams, columns, one.sensor, values, unit.factor, rate)
        if one.sensor == "gyro" and one.site in places and not doubts:
            _warn_about_unlike_gyro(streams, columns, places[one.site], unit, rate)
        converted = values * unit.factor
        acc, gyro = (converted, None) if one.sensor == "acc" else (None, converted)
        found = () if doubts else find_doubts(acc, gyro, rate)
        say(found)
        if one.is_free and not any(doubt.kind == "gravity removed" for doubt in found):
            warn(
                f"The names of the columns {columns_text} say that gravity was removed. Give the "
                "acceleration with gravity, which tells the orientation of the sensor.",
                UnitsWarning,
            )
        factors.append(unit.factor)
    return factors


def _warn_about_unlike(
    streams: Sequence[Stream],
    columns: Sequence[int],
    sensor: str,
    values: NDArray[Any],
    factor: float,
    rate: float,
) -> None:
    """Warn if some recordings have accelerations of another size than the others."""
    lengths = np.linalg.norm(values, axis=-1)
    if sensor != "acc" or not (lengths > 0).any():
        return
    usual = np.median(lengths[lengths > 0])
    unlike = []
    for stream in streams:
        own = np.linalg.norm(sample_stretches([stream], columns, rate, STRETCHES), axis=-1)
        levels = np.array([np.median(one[one > 0]) for one in own if (one > 0).any()])
        far = (levels / usual < 0.4) | (levels / usual > 2.5)
        if far.sum() >= max(FEWEST_FAR, MANY_FAR * len(levels)) or (len(far) and far.all()):
            share = "" if far.all() else f" in {far.mean():.0%} of the time"
            unlike.append(f"{_named(stream)} ({np.median(levels[far]) * factor:.3g} m/s²{share})")
    if unlike:
        warn(
            f"The acceleration of {listed(unlike)} has another size than elsewhere "
            f"({usual * factor:.3g} m/s²): one unit was used for all. Read these rows apart, each "
            "with its acc_unit.",
            UnitsWarning,
        )


def _warn_about_unlike_gyro(
    streams: Sequence[Stream],
    columns: Sequence[int],
    acc_columns: Sequence[int],
    unit: Unit,
    rate: float,
) -> None:
    """Warn if gravity turns in some recordings as in another unit of the angular rate."""
    unlike = []
    for stream in streams:
        values = sample_stretches([stream], columns, rate, STRETCHES)
        forces = sample_stretches([stream], acc_columns, rate, STRETCHES)
        parts = PARTS if len(values) >= STRETCHES // 4 else 1
        for turns, places in zip(
            np.array_split(values, parts), np.array_split(forces, parts), strict=True
        ):
            try:
                found = gyro_by_motion(turns, places, rate)
            except ValueError:
                continue
            if found is not None and not 0.3 < found[0].factor / unit.factor < 3:
                unlike.append(f"{_named(stream)} (like {found[0].word})")
                break
    if unlike:
        warn(
            f"The angular rate of {listed(unlike)} has another unit than {unit.word}, which was "
            "used for all: gravity turns otherwise. Read these rows apart, each with its "
            "gyro_unit.",
            UnitsWarning,
        )


def _converter(
    sensors: Sequence[Sensor], factors: Sequence[float], axes: Axes
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return a function from raw readings (T, C) to those in SI units and the axes of the site."""
    scales = np.repeat(factors, [len(one.channels) for one in sensors])
    is_plain = bool((scales == 1).all()) and axes.mount is None

    def convert(values: NDArray[Any]) -> NDArray[Any]:
        if is_plain:
            return values
        scaled = values.astype(np.float64) * scales
        at = 0
        for one in sensors:
            columns = slice(at, at + len(one.channels))
            at = columns.stop
            if one.sensor != "series" and axes.mount is not None:
                scaled[:, columns] = axes.turned(scaled[:, columns])
        return scaled

    return convert


def _own_rate(stream: Stream) -> float:
    """Return the rate of a recording that this package wrote."""
    if len(stream.rates) != 1:
        raise ValueError(
            f"{_named(stream)} has the rates {listed(sorted(stream.rates))}: a recording has one."
        )
    return check_rate(next(iter(stream.rates)), "rate")


def _texts(stream: Stream) -> tuple[str, ...]:
    """Return the captions of a recording that this package wrote."""
    return tuple(json.loads(stream.texts)) if stream.texts else ()


# ---- saying


def _report_rate(
    rates: Rates,
    resampled: int,
    count: int,
    notes: dict[str, list[str]],
    arguments: Arguments,
    report: TableReport,
) -> None:
    """Say at which rate rows are, and what was done to their stamps."""
    inferred = arguments.rate is None
    text = f"{rates.rate:.6g} Hz"
    if resampled:
        text += f", resampled from stamps at {rates.stamps:.5g} Hz"
        text += f" ({resampled} of {count} recordings)" if count > 1 else ""
    else:
        text += ", rows kept as they are"
    report.add("rate", text, inferred=inferred)
    for alike in sorted(notes.values(), key=len, reverse=True)[:3]:
        where = f" (alike in {len(alike)} of {count} recordings)" if count > 1 else ""
        report.add("stamps", alike[0] + where)
    if arguments.rate is not None and not 0.8 < rates.rate / rates.stamps < 1.25:
        report.add("rate", f"the stamps are at {rates.stamps:.5g} Hz")


def _report_gravity(recordings: Sequence[Recording], report: TableReport) -> None:
    """Say where gravity points on average."""
    sums: dict[str, Any] = {}
    for one in recordings:
        for i, name in enumerate(one.channels or ()):
            place, found, axis = name.rpartition("acc_")
            if found and axis == "x" and not name.startswith("series_"):
                part = one.data[:: max(1, one.n_samples // 4096), i : i + 3]
                sums.setdefault(place.rstrip("_"), []).append(part.mean(axis=0, dtype=np.float64))
    for place, means in sums.items():
        mean = np.mean(means, axis=0)
        numbers = ", ".join(f"{value:.3g}" for value in mean + 0.0)
        report.add("gravity", f"{place or 'acc'}: mean ({numbers}) m/s²")


def _report_labels(
    recordings: Sequence[Recording],
    column: str,
    hint: str,
    arguments: Arguments,
    report: TableReport,
) -> None:
    """Say which classes there are, or which column may have them."""
    counts: Counter[Any] = Counter()
    for one in recordings:
        if one.labels is not None:
            for low in range(0, len(one.labels), BLOCK):
                counts.update(one.labels[low : low + BLOCK].tolist())
    if not counts:
        report.add("labels", f"none{hint}")
        return
    total = sum(counts.values())
    missing = counts.pop(UNLABELED, 0)
    shares = [f"{label} {count / total:.0%}" for label, count in counts.most_common()]
    source = f"{column!r}: " if column and arguments.intervals is None else ""
    inferred = bool(source) and arguments.label is None
    text = source + (listed(shares, 6) or "none")
    if missing:
        text += (
            f"; {UNLABELED} {missing / total:.0%}, which cut(..., ignore={UNLABELED!r}) leaves out"
        )
    report.add("labels", text, inferred=inferred)


def _duration(seconds: float) -> str:
    """Return a duration in words."""
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
