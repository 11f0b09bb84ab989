"""Interactive figures of a report: people, confusion, learning curves, timelines, signals.

They have the template "none", so that they get the colors of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from .._typing import AnyArray, Array
from ..evaluation import Score, marked_names, mean_interval
from ..recording import Recording
from ..temporal import Rows, join_rows
from ._colors import color_of
from ._label_efficiency import LabelEfficiencyDisplay
from ._results import Person
from ._scene import QUANTITIES, triads_of
from ._time_axis import clock_places

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = [
    "MAX_NUMBERS",
    "confusion_chart",
    "curve_chart",
    "people_chart",
    "signal_chart",
    "timeline_chart",
]

COLORS = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f"),
    *("#bcbd22", "#17becf", "#5c8fd6", "#c9741a", "#6fae3a", "#b04a6f", "#6a5acd", "#a97b50"),
    *("#d19bd8", "#4f6d7a", "#9aa32e", "#2a9d8f", "#e0a3a3", "#2f4b7c", "#c2b280", "#7fd1ae"),
)
"""Of labels and methods."""

LONGEST_NAME = 40
"""Characters of a name in a figure; longer ones would leave no room for the figure."""

AXIS_COLORS = ("#d62728", "#2ca02c", "#3a86d6")
SHADES = [[0.0, "rgba(31, 95, 168, 0)"], [1.0, "rgb(31, 95, 168)"]]
TRUTH, MEAN = "#e8590c", "#e5484d"

DARK_CELL = 83
"""Share in % from which on a cell of a confusion matrix is too dark for black text."""

MAX_NUMBERS = 12
"""Classes up to which a confusion matrix shows numbers in its cells."""


def _figure(height: float, **layout: Any) -> Figure:
    """Return an empty figure of a height in pixels; touches scroll the page."""
    import plotly.graph_objects as go

    margin = {"l": 10, "r": 10, "t": 30, "b": 40}
    usual: dict[str, Any] = {"template": "none", "dragmode": False, "margin": margin}
    return go.Figure(layout=usual | {"height": round(height)} | layout)


def _texts(names: Iterable[str]) -> list[str]:
    """Return names as a figure shows them: in one line, without tags, and shortened."""
    lines = [" ".join(name.split()) for name in names]
    short = [
        line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1] + "…" for line in lines
    ]
    if len(set(short)) < len(set(lines)):  # the parts that differ must stay
        short = lines
    return [escape(line, quote=False) for line in short]


def people_chart(people: Sequence[Person], mean: float | None) -> Figure:
    """Return macro F1 of each person with its interval, and the mean."""
    names = _texts(str(person.name) for person in people)
    scores = np.array([person.macro_f1 for person in people])
    bounds = np.array([person.interval or (np.nan, np.nan) for person in people])
    figure = _figure(
        90 + 26 * len(people),
        xaxis={"title": "macro F1", "range": [0, 1.02]},
        yaxis={"autorange": "reversed", "type": "category", "title": "person"},
        showlegend=False,
    )
    figure.add_scatter(
        x=scores,
        y=names,
        mode="markers",
        marker={"size": 9, "color": COLORS[0]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": bounds[:, 1] - scores,
            "arrayminus": scores - bounds[:, 0],
            "color": COLORS[0],
        },
        customdata=[person.n_windows for person in people],
        hovertemplate="%{y}: %{x:.3f}, %{customdata} windows<extra></extra>",
    )
    if mean is not None:
        figure.add_vline(
            x=mean,
            line={"dash": "dash", "color": MEAN},
            annotation={"text": f"mean {mean:.2f}", "y": 1.0},
            annotation_position="top",
            annotation_xanchor="right" if mean > 0.9 else "left" if mean < 0.1 else "center",
        )
    return figure


def confusion_chart(counts: AnyArray, names: Sequence[str]) -> Figure:
    """Return predictions by true class, in % of each true class, and their counts."""
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.rint(100 * counts / np.maximum(totals, 1)).astype(np.uint8)
    few = len(names) <= MAX_NUMBERS
    names = _texts(names)
    axis: dict[str, Any] = {"type": "category", "showgrid": False, "tickmode": "linear"}
    figure = _figure(
        190 + (36 if few else max(17, 34 - len(names))) * len(names),
        width=300 + 18 * len(names) if len(names) > 5 else None,
        xaxis=axis | {"title": "predicted", "tickangle": -50},
        # a standoff keeps the title clear of long names
        yaxis=axis | {"title": {"text": "true", "standoff": 8}, "autorange": "reversed"},
    )
    figure.add_heatmap(
        z=shares,
        x=list(names),
        y=list(names),
        zmin=0,
        zmax=100,
        colorscale=SHADES,
        colorbar={"title": {"text": "% of true", "side": "right"}, "thickness": 12},
        customdata=counts,
        text=np.vectorize(_cell, otypes=[object])(shares, counts) if few else None,
        texttemplate="%{text}" if few else None,
        textfont={"size": 13},
        hovertemplate="true %{y}<br>predicted %{x}<br>%{customdata} windows, %{z} %<extra></extra>",
        xgap=1,
        ygap=1,
    )
    return figure


def _cell(share: int, count: int) -> str:
    """Return the share in % and the count of a cell as text, of those that are not empty."""
    if not count:
        return ""
    text = f'{share}<br><span style="font-size: 11px">{count}</span>'
    return f'<span style="color: #fff">{text}</span>' if share >= DARK_CELL else text


def curve_chart(scores: Sequence[Score]) -> Figure:
    """Return macro F1 against the label budget, with the 95 % intervals of the means."""
    display = LabelEfficiencyDisplay(scores)
    places, (shown, _) = display.places(), marked_names(display.scores)
    figure = _figure(
        430 + 22 * (len(display.methods) // 2),
        xaxis={
            "title": "labeled windows per class",
            "type": "log",
            "tickvals": list(places.values()),
            "ticktext": list(_by_place(places).values()),
        },
        yaxis={"title": "macro F1 on unseen people", "range": [0, 1]},
        legend={"orientation": "h", "y": -0.2},
    )
    entries = dict(zip(shown, _texts(shown.values()), strict=True))
    for i, name in enumerate(display.methods):
        budgets = [b for b in places if any(s.budget == b and s.method == name for s in scores)]
        x = [places[budget] for budget in budgets]
        found = [mean_interval(scores, name, budget=budget) for budget in budgets]
        color = color_of(i, COLORS)
        red, green, blue = (int(color[k : k + 2], 16) for k in (1, 3, 5))
        figure.add_scatter(
            x=[*x, *x[::-1]],
            y=[*(one.high for one in found), *(one.low for one in found[::-1])],
            fill="toself",
            fillcolor=f"rgba({red}, {green}, {blue}, 0.13)",
            line={"width": 0},
            hoverinfo="skip",
            legendgroup=name,
            showlegend=False,
            mode="lines",
        )
        figure.add_scatter(
            x=x,
            y=[one.mean for one in found],
            mode="lines+markers",
            name=entries[name],
            legendgroup=name,
            line={"color": color},
            customdata=[[one.low, one.high] for one in found],
            hovertemplate="%{y:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f})",
        )
    return figure


def _by_place(places: Mapping[Any, float]) -> dict[Any, str]:
    """Return the tick of each budget; only the last one of those at nearly one place has text."""
    ticks: dict[Any, str] = {}
    last = np.inf
    for budget, place in reversed(list(places.items())):
        text = "all" if budget is None else str(budget)
        text = f"{100 * budget:g} %" if isinstance(budget, float) else text
        ticks[budget] = text if place < last / 1.15 else ""
        last = place if ticks[budget] else last
    return dict(reversed(list(ticks.items())))


def timeline_chart(
    rows: Rows,
    tracks: Mapping[str, AnyArray],
    probabilities: Array | None,
    columns: AnyArray | None,
    names: Mapping[Any, str],
    in_order: bool,
) -> Figure:
    """Return labels of the rows of one recording over time, and their probabilities.

    Tracks have one label for each of the sorted rows. With `in_order` the axis counts windows.
    """
    from plotly.subplots import make_subplots

    names = dict(zip(names, _texts(names.values()), strict=True))
    has_map = probabilities is not None and columns is not None
    bars, cells = 34 * len(tracks), 19 * len(columns) if columns is not None and has_map else 0
    shown = list(dict.fromkeys(label for track in tracks.values() for label in track.tolist()))
    order = [label for label in names if label in shown]
    key = 22 * (1 + sum(len(names[label]) + 6 for label in order) // 110)
    figure = make_subplots(
        2 if has_map else 1,
        1,
        shared_xaxes=True,
        row_heights=[bars, cells] if has_map else None,
        vertical_spacing=16 / (bars + cells + 16) if has_map else None,
    )
    figure.update_layout(
        _figure(
            bars + cells + 130 + key,
            width=480,
            dragmode="zoom",
            barmode="overlay",
            showlegend=True,
            legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
            margin={"l": 10, "r": 10, "t": 30, "b": 50 + key},
        ).layout,
        template="none",
    )
    # 1. A bar for each stretch of one label
    dates = False
    for label in order:
        starts: list[Any] = []
        ends: list[str] = []
        lengths: list[float] = []
        where: list[str] = []
        for track, labels in tracks.items():
            segments = join_rows(rows, labels, np.ones(len(labels)), rows.step or 1.0)
            own = segments[segments["label"] == label]
            begins, stops = clock_places(own["start"]), clock_places(own["end"])
            dates |= begins.dtype.kind == "M"
            starts += begins.tolist() if begins.dtype.kind != "M" else list(begins.astype(str))
            gaps = stops - begins
            lengths += (gaps.astype(np.int64) if gaps.dtype.kind == "m" else gaps).tolist()
            ends += stops.astype(str).tolist() if dates else [f"{stop:.2f}" for stop in stops]
            where += [track] * len(own)
        color = color_of(list(names).index(label), COLORS)
        figure.add_bar(
            x=lengths,
            base=starts,
            y=where,
            orientation="h",
            width=0.8,
            marker={"color": color, "line": {"width": 0}},
            customdata=ends,
            name=names[label],
            hovertemplate="%{fullData.name}<br>%{base} to %{customdata}<extra>%{y}</extra>",
            row=1,
            col=1,
        )
    figure.update_yaxes(
        row=1,
        col=1,
        autorange="reversed",
        fixedrange=True,
        showgrid=False,
        type="category",
        # without it, the order is that of the bars: a class that only occurs in a lower row is
        # enough to put that row above the truth
        categoryorder="array",
        categoryarray=list(tracks),
    )
    # 2. Probabilities; those of windows that are no neighbors do not touch
    if has_map:
        assert probabilities is not None and columns is not None
        _add_map(figure, rows, probabilities, columns, names, tracks.get("truth"))
    title = "window" if in_order else "time (UTC)" if rows.clock.utc or dates else "time (s)"
    last = 2 if has_map else 1
    figure.update_xaxes(title=title, row=last, col=1)
    whole = join_rows(rows, np.arange(len(rows.order)), np.ones(len(rows.order)), rows.step or 1.0)
    ends_of_all = [clock_places(whole["start"])[0], clock_places(whole["end"])[-1]]
    figure.update_xaxes(
        type="date" if dates else "linear",
        range=[str(end) if dates else float(end) for end in ends_of_all],
        showgrid=False,
        zeroline=False,
    )
    return figure


def _add_map(
    figure: Figure,
    rows: Rows,
    probabilities: Array,
    columns: AnyArray,
    names: Mapping[Any, str],
    truth: AnyArray | None,
) -> None:
    """Add probabilities as a map with a row for each class, and the true class as a line."""
    segments = join_rows(rows, np.arange(len(rows.order)), np.ones(len(rows.order)), rows.step or 1)
    starts, ends = clock_places(segments["start"]), clock_places(segments["end"])
    gaps = np.flatnonzero(np.append(starts[1:] != ends[:-1], True))
    edges = np.insert(starts, gaps + 1, ends[gaps])
    shares = np.rint(100 * probabilities)
    if np.isfinite(shares).all():  # what is NaN stays empty
        shares = shares.astype(np.uint8)
    values = np.insert(shares, gaps + 1, 0, axis=0)[:-1]
    labels = [names[label] for label in columns.tolist()]
    figure.add_heatmap(
        x=edges,
        y=labels,
        z=values.T,
        zmin=0,
        zmax=100,
        colorscale=SHADES,
        showscale=False,
        hovertemplate="%{y}: %{z} %<extra></extra>",
        row=2,
        col=1,
    )
    if truth is not None:
        # steps from window to window, up to the end of each stretch of neighbors
        known = [names[label] if label in columns.tolist() else None for label in truth.tolist()]
        x, y = starts.tolist(), list(known)
        for last in gaps[::-1].tolist():
            x[last + 1 : last + 1] = [ends[last].item()] * 2
            y[last + 1 : last + 1] = [known[last], None]
        # the white edge separates orange from blue
        for color, width in (("#fff", 5), (TRUTH, 2.5)):
            figure.add_scatter(
                x=x,
                y=y,
                mode="lines",
                line={"color": color, "width": width, "shape": "hv"},
                connectgaps=False,
                hoverinfo="skip",
                showlegend=False,
                row=2,
                col=1,
            )
    figure.update_yaxes(
        row=2,
        col=1,
        fixedrange=True,
        showgrid=False,
        type="category",
        categoryorder="array",
        categoryarray=labels[::-1],
        tickmode="linear",
        tickfont={"size": 11},
    )


def signal_chart(recording: Recording, x_title: str) -> Figure:
    """Return the axes of each triad of a window."""
    from plotly.subplots import make_subplots

    triads = triads_of(recording)
    figure = make_subplots(len(triads), 1, shared_xaxes=True, vertical_spacing=0.1)
    figure.update_layout(_figure(70 + 120 * len(triads)).layout, template="none")
    figure.update_layout(legend={"orientation": "h", "y": 1.14, "x": 0.0})
    for row, ((site, sensor), columns) in enumerate(triads.items(), 1):
        for axis, column in enumerate(columns):
            figure.add_scatter(
                x=recording.times,
                y=np.where(recording.observed, recording.data, np.nan)[:, column].astype("f4"),
                mode="lines",
                line={"color": AXIS_COLORS[axis], "width": 1.3},
                name="xyz"[axis],
                legendgroup="xyz"[axis],
                showlegend=row == 1,
                row=row,
                col=1,
            )
        quantity, unit = QUANTITIES[sensor]
        place = site.replace("_", " ") if len(triads) > 2 else ""
        figure.update_yaxes(title=f"{place} {quantity}<br>({unit})".strip(), row=row, col=1)
    figure.update_yaxes(title_font_size=11)
    figure.update_xaxes(title=x_title, row=len(triads), col=1)
    return figure
