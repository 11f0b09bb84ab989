"""What a notebook shows for a Motion, a Recording and Windows: a table and a sketch."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._typing import Array
from .._windows import Windows
from ..motion import Motion
from ..recording import Recording
from ._colors import color_of
from ._html import card, html_table, rows_table
from ._motion_display import time_texts
from ._recording_display import class_names, runs_of, signal_rows
from ._sketch import LABEL_COLORS, Span, figures, signals, spans_of
from ._stick_figures import stick_figures
from ._time_axis import are_dates
from ._windows_display import choose_rows

__all__ = ["motion_html", "recording_html", "windows_html"]

MOST_ROWS = 4
"""Sensors in a sketch."""

MOST_CHANNELS = 6
"""Channels of a generic series in a sketch."""

MOST_SPANS = 200
"""Stretches of classes and gaps in a sketch."""

N_FIGURES = 7
"""Stick figures in a sketch."""

N_TICKS = 6
"""Times below a sketch, about."""


def motion_html(motion: Motion) -> str:
    """Return a card of a motion."""
    lost = None if motion.observed is None else f"{motion.observed.mean():.1%} of the joints"
    rows = {
        "frames × joints": f"{motion.n_frames} × {motion.n_joints}",
        "duration": f"{motion.duration:.2f} s at {motion.rate:.4g} Hz"
        + ("" if motion.is_uniform else " on average, uneven"),
        "start": _start(motion.times),
        "text": " · ".join(motion.text[:3]) or None,
        "label": motion.label,
        "subject": motion.subject,
        "name": motion.name,
        "body": _body(motion),
        "source": motion.source,
        "observed": lost,
    }
    found = stick_figures(motion.poses, N_FIGURES, sex=motion.sex, stature=motion.stature)
    texts = time_texts(motion.times[found.frames])
    sketch = figures(found.positions, found.parents, found.right, texts)
    return card("Motion", rows_table(rows) + sketch)


def _body(motion: Motion) -> str | None:
    """Return what is known of the person's body."""
    parts = [] if motion.sex == "neutral" else [motion.sex]
    parts += [] if motion.stature is None else [f"{motion.stature:.2f} m"]
    parts += [] if motion.betas is None else [f"{len(motion.betas)} betas"]
    return ", ".join(parts) or None


def recording_html(recording: Recording) -> str:
    """Return a card of a recording."""
    seen = recording.observed
    gaps = runs_of(~seen.all(axis=1))
    share = (
        "all"
        if not gaps
        else f"{seen.mean():.1%}, {len(gaps)} {'gap' if len(gaps) == 1 else 'gaps'}"
    )
    rows = {
        "samples × channels": f"{recording.n_samples} × {recording.data.shape[1]}",
        "duration": f"{recording.duration:.2f} s at {recording.rate:.4g} Hz",
        "start": _start(recording.times),
        "channels": ", ".join(recording.channels[:12])
        + (" …" if len(recording.channels) > 12 else "")
        if recording.channels
        else "not named",
        "labels": _labels(recording),
        "subject": recording.subject,
        "name": recording.name,
        "text": " · ".join(recording.text[:3]) or None,
        "observed": share,
    }
    return card("Recording", rows_table(rows) + _recording_sketch(recording))


def _labels(recording: Recording) -> str | None:
    """Return the classes with their seconds."""
    if recording.labels is None:
        return None
    names = class_names(recording.labels)
    seconds = [f"{n} ({(recording.labels == n).sum() / recording.rate:.3g} s)" for n in names[:8]]
    return ", ".join(seconds) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _recording_sketch(recording: Recording) -> str:
    """Return the signals with classes and gaps."""
    times = recording.times
    values = np.where(recording.observed, recording.data, np.nan)
    drawn = signal_rows(recording.channels, values.shape[1])[:MOST_ROWS]
    spans: list[Span] = []
    if recording.labels is not None:
        names = [str(name) for name in class_names(recording.labels)]
        colors = {name: color_of(i, LABEL_COLORS) for i, name in enumerate(names)}
        spans += spans_of(recording.labels, times, colors)
    step = 1 / recording.rate
    gaps = runs_of(~recording.observed.all(axis=1))
    spans += [Span(times[a], times[b - 1] + step, "", "#888888") for a, b in gaps]
    spans = spans if len(spans) <= MOST_SPANS else []
    rows = [(row.unit, values[:, list(row.columns)[:MOST_CHANNELS]]) for row in drawn]
    return signals(rows, times, _ticks(times), spans)


def windows_html(X: Windows) -> str:
    """Return a card of windows."""
    table: dict[str, list[str]] = {"column": [], "one row": [], "rate": [], "rows with it": []}
    for name in X.columns:
        array = X[name]
        rate = X.rate(name)
        table["column"].append(name)
        table["one row"].append(
            " × ".join(map(str, array.shape[1:])) if array.ndim > 1 else str(array.dtype)
        )
        table["rate"].append("–" if rate is None else f"{rate:.4g} Hz")
        table["rows with it"].append(str(int(X.present(name).sum())))
    facts = {
        "channels": ", ".join(X.channels) if X.channels else None,
        "margin": f"{X.margin:g} s" if X.margin else None,
    }
    shown = any(value is not None for value in facts.values())
    body = html_table(table) + (rows_table(facts) if shown else "") + _windows_sketch(X)
    return card(f"Windows: {len(X)} rows", body)


def _windows_sketch(X: Windows) -> str:
    """Return one window in the middle, as signals or stick figures."""
    if not (X.present("imu") | X.present("pose")).any():
        return ""
    row = int(choose_rows(X, None, 3)[len(choose_rows(X, None, 3)) // 2])
    one = X[[row]]
    if one.present("imu")[0]:
        values = np.array(one["imu"][0], dtype=np.float64).T
        if "observed" in one:
            values = np.where(one["observed"][0].T, values, np.nan)
        rate = one.rate("imu")
        times = np.arange(len(values)) / (rate or 1.0)
        drawn = signal_rows(X.channels, values.shape[1])[:MOST_ROWS]
        rows = [(part.unit, values[:, list(part.columns)[:MOST_CHANNELS]]) for part in drawn]
        sketch = signals(rows, times, _ticks(times, unit="s" if rate else "samples"))
    else:
        found = stick_figures(one["pose"][0], N_FIGURES)
        rate = one.rate("pose")
        texts = [
            f"{frame / rate - X.margin:.3g} s" if rate else str(frame) for frame in found.frames
        ]
        sketch = figures(found.positions, found.parents, found.right, texts)
    return f"<p>Row {row}:</p>{sketch}"


# ---- times


def _start(times: Array) -> str | None:
    """Return the time of the first sample: a date if it is Unix time; nothing if it is zero."""
    if are_dates(times):
        stamp = np.datetime64(round(float(times[0]) * 1e3), "ms")
        return f"{str(stamp).replace('T', ' ')} UTC"
    return None if times[0] == 0 else f"{times[0]:.6g} s"


def _ticks(times: Array, *, unit: str = "s") -> list[tuple[float, Any]]:
    """Return round times, and their texts: the unit at the first, times of the day for dates."""
    low, high = float(times[0]), float(times[-1])
    length = max(high - low, 1e-9)
    dates = are_dates(times)
    steps = [s * 10.0**e for e in range(-3, 7) for s in (1, 2, 5)]
    if dates:
        steps = sorted(
            [s for s in steps if s < 30] + [30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400]
        )
    step = next((s for s in steps if length / s <= N_TICKS), steps[-1])
    places = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step + 0.0
    if dates:
        stamps = np.rint(places * 1e3).astype("datetime64[ms]")
        size = 8 if step >= 1 else 12
        return [(float(t), str(s)[11 : 11 + size]) for t, s in zip(places, stamps, strict=True)]
    return [(float(t), f"{t:.6g} {unit}" if i == 0 else f"{t:.6g}") for i, t in enumerate(places)]
