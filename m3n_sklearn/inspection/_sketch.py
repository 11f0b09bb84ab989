"""Small drawings as SVG text: signals over time, a row of stick figures, shaded cells.

They need no package, take a few KB, and use the text color of the page, light or dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._typing import Array
from ..skeleton import SMPL_JOINTS

__all__ = ["LABEL_COLORS", "Span", "figures", "heat_cells", "signals", "spans_of"]

WIDTH, LEFT, ROW, AXIS = 640, 48, 64, 20
"""Pixels of a sketch: its width, the space for units, a row of signals, and the time axis."""

COLUMNS = 110
"""Points of a curve; longer signals show the smallest and the largest value of each part."""

HEAD = SMPL_JOINTS.index("head")

COLORS = ("#e24a4a", "#2fa84f", "#3d8fe0")
"""Of the axes x, y and z, on light and dark pages."""

LABEL_COLORS = (
    "#4c9be8", "#f0943a", "#4bb06a", "#d65b5b", "#9a78d2", "#a97c63", "#df7fc0", "#b5b53a",
    "#36b9c9", "#8a8f98",
)  # fmt: skip
"""Of classes, in order."""


class Span(NamedTuple):
    """A stretch of time with a label; an empty label is a gap."""

    start: float  # in s
    end: float
    label: str
    color: str


def spans_of(labels: NDArray[np.generic], times: Array, colors: dict[str, str]) -> list[Span]:
    """Join samples of equal labels, up to the next one."""
    edges = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    begins, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(labels)]])
    step = times[1] - times[0] if len(times) > 1 else 0.0
    return [
        Span(float(times[a]), float(times[b - 1] + step), str(labels[a]), colors[str(labels[a])])
        for a, b in zip(begins, ends, strict=True)
    ]


def signals(
    rows: Sequence[tuple[str, Array]],
    times: Array,
    ticks: Sequence[tuple[float, str]],
    spans: Sequence[Span] = (),
) -> str:
    """Draw rows of signals: a unit and values (T, C) each, NaN where nothing was observed."""
    height = ROW * len(rows) + AXIS
    low = float(times[0])
    scale = (WIDTH - LEFT - 4) / max(float(times[-1]) - low, 1e-9)

    def place(time: float) -> float:
        """Return the x coordinate of a time."""
        return LEFT + (time - low) * scale

    # 1. Classes behind the signals, gaps in grey
    parts = []
    for span in spans:
        x = place(span.start)
        width = min(place(span.end), WIDTH - 4) - x
        opacity = 0.28 if span.label else 0.45
        title = f"<title>{escape(span.label or 'not observed')}</title>"
        parts.append(
            f'<rect x="{x:.0f}" y="0" width="{max(width, 1):.0f}" height="{height - AXIS}" '
            f'fill="{span.color}" fill-opacity="{opacity}">{title}</rect>'
        )
    # 2. Curves, each row with its own scale
    for number, (unit, values) in enumerate(rows):
        top = ROW * number
        known = values[np.isfinite(values)]
        small, large = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        if large - small < 1e-9:
            small, large = small - 1.0, large + 1.0
        size = (ROW - 12) / (large - small)
        for axis, column in enumerate(values.T):
            path = _curve(column, times, place, lambda v: top + 6 + (large - v) * size)  # noqa: B023
            color = COLORS[axis % 3]
            parts.append(f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.1"/>')
        for value, y in ((large, top + 14), (small, top + ROW - 4)):
            parts.append(f'<text x="{LEFT - 4}" y="{y}" text-anchor="end">{value:.3g}</text>')
        middle = top + ROW / 2 + 4
        parts.append(f'<text x="0" y="{middle:.0f}" opacity="0.75">{escape(unit)}</text>')
    # 3. The time axis
    for time, text in ticks:
        x = place(time)
        end = "end" if x > WIDTH - 40 else "middle"
        parts.append(
            f'<path d="M{x:.0f} {height - AXIS}v4" stroke="currentColor"/>'
            f'<text x="{x:.0f}" y="{height - 4}" text-anchor="{end}">{escape(text)}</text>'
        )
    return _svg(WIDTH, height, "".join(parts))


def _curve(values: Array, times: Array, place: object, level: object) -> str:
    """Return the path of a curve, broken at NaN; long ones as their smallest and largest values."""
    count = len(values)
    if count > 2 * COLUMNS:
        edges = np.linspace(0, count, COLUMNS + 1).astype(int)
        pairs = []
        for a, b in pairwise(edges):
            part = values[a:b]
            known = np.flatnonzero(np.isfinite(part))
            if not known.size:
                pairs.append((times[a], np.nan))
                continue
            first, last = sorted((known[np.argmin(part[known])], known[np.argmax(part[known])]))
            pairs += [(times[a + first], part[first]), (times[a + last], part[last])]
    else:
        pairs = list(zip(times, values, strict=True))
    text, pen = [], "M"
    for time, value in pairs:
        if np.isfinite(value):
            text.append(f"{pen}{place(time):.0f} {level(value):.0f}")  # type: ignore[operator]
            pen = "L"
        else:
            pen = "M"
    return "".join(text)


def figures(
    positions: Array, parents: Sequence[int], right: Sequence[bool], texts: list[str]
) -> str:
    """Draw stick figures (n, J, 2), x right and y up in m, side by side, with a text below each."""
    count = len(positions)
    across = max(float(np.ptp(positions[:, :, 0], axis=1).max()), 0.3) + 0.15
    low, high = float(positions[..., 1].min()), float(positions[..., 1].max())
    scale = min(WIDTH / (count * across), 130 / max(high - low, 0.3))
    height = (high - low) * scale + 16 + AXIS
    width = count * across * scale
    parts = []
    for number, (figure, text) in enumerate(zip(positions, texts, strict=True)):
        middle = (number + 0.5) * across * scale
        center = (figure[:, 0].min() + figure[:, 0].max()) / 2
        x = middle + (figure[:, 0] - center) * scale
        y = 10 + (high - figure[:, 1]) * scale
        for is_right in (False, True):
            path = "".join(
                f"M{x[parent]:.1f} {y[parent]:.1f}L{x[joint]:.1f} {y[joint]:.1f}"
                for joint, parent in enumerate(parents)
                if parent >= 0 and right[joint] == is_right
            )
            color = LABEL_COLORS[1] if is_right else "currentColor"
            parts.append(
                f'<path d="{path}" fill="none" stroke="{color}" stroke-width="2.2" '
                'stroke-linecap="round"/>'
            )
        parts.append(f'<circle cx="{x[HEAD]:.1f}" cy="{y[HEAD]:.1f}" r="4" fill="currentColor"/>')
        parts.append(
            f'<text x="{middle:.0f}" y="{height - 4:.0f}" text-anchor="middle">{escape(text)}'
            "</text>"
        )
    return _svg(width, height, "".join(parts))


def heat_cells(rows: Sequence[str], columns: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Return counts as a table whose cells are shaded by their size; zeros are marked."""
    most = max((max(line, default=0) for line in counts), default=0) or 1
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ["", *columns])
    body = []
    for name, line in zip(rows, counts, strict=True):
        cells = "".join(
            f'<td class="m3n-number" style="background: rgba(76, 155, 232, '
            f'{0.08 + 0.5 * value / most:.2f}); padding-left: 0.6rem">{value}</td>'
            if value
            else '<td class="m3n-number" style="padding-left: 0.6rem">–</td>'
            for value in line
        )
        body.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    return (
        f'<div class="m3n-wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _svg(width: float, height: float, content: str) -> str:
    """Return an SVG of that size."""
    return (
        '<div class="m3n-wide"><svg xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'font-family="system-ui, sans-serif" font-size="11" role="img">{content}</svg></div>'
    )
