"""One call over recordings before anything is learned: what they contain, and what looks wrong."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from html import escape
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from .._validation import list_of
from ..motion import Motion
from ..recording import Item, Recording, cut
from ._facts import Facts, agree_on_units, facts_of
from ._findings import Finding, find_all, names_of
from ._html import card, html_table
from ._sketch import heat_cells

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Description", "describe"]

Table = dict[str, list[Any]]

TABLES = ("people", "classes", "labels", "recordings", "findings")

TEXT_ROWS = 12
"""Rows of a table in the text form."""

HTML_ROWS = 60
"""Rows of a table in the HTML form, which scrolls; `to_frame` has all of them."""

LINE = 100
"""Characters of a line of text."""

CUTTING = tuple(name for name in signature(cut).parameters if name not in ("items", "seconds"))
"""Arguments of `cut` that `describe` takes."""


def describe(items: Iterable[Item] | Item, *, seconds: float = 2.0, **cutting: Any) -> Description:
    """Describe recordings before learning: what they contain, and what looks wrong.

    Parameters
    ----------
    items : Recording, Motion, (Motion, Recording) or an iterable of these
        What :func:`~m3n_sklearn.recording.cut` takes. Units, gravity, clipping and axes are those
        of recordings; motions have rates, gaps, classes and windows only.
    seconds : float, default=2.0
        Length of the windows that `cut` would make.
    **cutting : dict
        Further arguments of :func:`~m3n_sklearn.recording.cut`, such as ``overlap``,
        ``min_purity``, ``min_observed`` and ``ignore``.

    Returns
    -------
    Description
        Prints as text, and is a page of tables in a notebook. ``findings`` says what to look at,
        each with its cure.

    Raises
    ------
    TypeError
        If an item has another type, or an argument is not one of `cut`.
    ValueError
        If `items` is empty, or an argument is out of range.

    See Also
    --------
    m3n_sklearn.recording.cut : Cuts the windows.
    RecordingDisplay : Draws one recording.

    Notes
    -----
    *Axes between people.* The mean of the acceleration over 2 s is mostly gravity. For each person
    and class, its direction is compared with the geometric median of all people. A person is
    named if the mean distance of the directions (0 equal, 2 opposite) exceeds 0.8, and the median
    of the people by four robust standard deviations. The turn is that of the 48 exchanges and sign
    changes of axes that fits best. It needs labels, and three people with the same class. A turn
    that leaves the directions of gravity where they are cannot be found.

    *Axes of two sensors.* While a limb turns slowly, the direction u of gravity obeys
    du/dt = -w x u with the angular rate w. A person is named if another exchange of the
    gyroscope's axes obeys this clearly better. It needs 30 s of slow turning.

    Examples
    --------
    >>> from m3n_sklearn import describe
    >>> from m3n_sklearn.datasets import make_wrist_har
    >>> wrists = make_wrist_har(4, 1, ["wave", "walk", "drink"], shift=0.0, random_state=0)
    >>> found = describe(wrists.recordings, seconds=2.56)
    >>> found.findings
    ()
    >>> print(found)
    Description of 12 recordings: 4 people, 3 classes, 1.0 minutes
    right_wrist acc, right_wrist gyro at 50 Hz; all samples observed
    Windows of 2.56 s: 36 kept
    ...
    """
    if isinstance(items, (Motion, Recording, tuple)):
        items = [items]  # type: ignore[list-item]
    listed = list_of(items, "items", "Recording, Motion, (Motion, Recording) or a list of these")
    if not listed:
        raise ValueError("items is empty: give at least one recording.")
    unknown = sorted(set(cutting) - set(CUTTING))
    if unknown:
        raise TypeError(
            f"describe got {', '.join(unknown)}, which cut does not take. It takes "
            f"{', '.join(('seconds', *CUTTING))}."
        )
    plan = {"seconds": seconds, **cutting}
    facts = agree_on_units([facts_of(item, n, plan) for n, item in enumerate(listed)])
    return Description(facts, find_all(facts, cutting), plan)


class Description:
    """What :func:`describe` found.

    Attributes
    ----------
    findings : tuple of Finding
        What to look at before learning: ``topic``, ``who``, ``found`` and ``cure``.
    people : dict of str to list
        One row for each person: ``person``, ``recordings``, ``minutes``, ``rate`` (Hz),
        ``unobserved`` (share), ``windows``, ``lost`` (windows), ``classes``, and for the
        accelerometer the median length ``|acc|`` in m/s² and the mean direction ``g x``, ``g y``,
        ``g z``. With several sites, the name of the site comes first.
    classes : dict of str to list
        One row for each class: ``class``, ``people``, ``seconds``, ``windows``, and ``fewest`` (the
        fewest windows of a person who has the class).
    labels : dict of str to list
        One row for each person and class: ``person``, ``class``, ``seconds``, ``windows``.
    recordings : dict of str to list
        One row for each item, in the order given.

    See Also
    --------
    describe : Makes it.
    """

    def __init__(
        self, facts: Sequence[Facts], findings: tuple[Finding, ...], cutting: Mapping[str, Any]
    ) -> None:
        self.findings = findings
        self.people = _people_table(facts)
        self.labels = _labels_table(facts)
        self.classes = _classes_table(self.labels)
        self.recordings = _recordings_table(facts)
        self._head = _head(facts, cutting)

    def to_frame(self, table: str = "recordings") -> DataFrame:
        """Return a table as a pandas data frame.

        Parameters
        ----------
        table : {"recordings", "people", "classes", "labels", "findings"}, default="recordings"
            Which one.

        Returns
        -------
        pandas.DataFrame
            The columns in the attributes of this class.

        Raises
        ------
        ValueError
            If there is no such table.

        Examples
        --------
        >>> from m3n_sklearn import describe
        >>> from m3n_sklearn.datasets import make_wrist_har
        >>> wrists = make_wrist_har(2, 1, ["wave", "walk"], random_state=0)
        >>> describe(wrists.recordings).to_frame("labels")[["person", "class", "windows"]]
            person class  windows
        0  wearer0  wave        4
        1  wearer0  walk        4
        2  wearer1  wave        4
        3  wearer1  walk        4
        """
        import pandas as pd

        if table not in TABLES:
            raise ValueError(f"table must be one of {', '.join(TABLES)}; got {table!r}.")
        return pd.DataFrame(self._table(table))

    def _table(self, name: str) -> Table:
        """Return a table by its name."""
        if name == "findings":
            fields = Finding._fields
            return {field: [getattr(one, field) for one in self.findings] for field in fields}
        table: Table = getattr(self, name)
        return table

    def __repr__(self) -> str:
        parts = [*self._head, "", *_text_table(self.people), "", *_text_table(self.classes)]
        if not self.findings:
            return "\n".join([*parts, "", "Nothing looks wrong."])
        parts += ["", f"{len(self.findings)} to look at:"]
        for number, finding in enumerate(self.findings, start=1):
            first = f"{number}. {finding.topic}, {finding.who}: "
            parts += textwrap.wrap(
                first + finding.found, LINE, subsequent_indent="   ", break_long_words=False
            )
            parts += textwrap.wrap(
                f"Cure: {finding.cure}",
                LINE,
                initial_indent="   ",
                subsequent_indent="   ",
                break_long_words=False,
            )
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        findings = "".join(
            f"<li><b>{escape(one.topic)}</b> · {escape(one.who)}: {escape(one.found)}"
            f'<div class="m3n-cure">{escape(one.cure)}</div></li>'
            for one in self.findings
        )
        looked = f"<ol>{findings}</ol>" if findings else "<p>Nothing looks wrong.</p>"
        title, *lines = (escape(line) for line in self._head)
        body = [
            f'<p class="m3n-facts">{"<br>".join(lines)}</p>',
            f"<h4>To look at</h4>{looked}",
            f"<h4>People</h4>{_html_rows(self.people)}",
            f"<h4>Windows of each person and class</h4>{_heat(self.labels)}",
            f"<details><summary>Classes</summary>{_html_rows(self.classes)}</details>",
            f"<details><summary>Recordings</summary>{_html_rows(self.recordings)}</details>",
        ]
        return card(title, "".join(body))


# ---- tables


def _people_table(facts: Sequence[Facts]) -> Table:
    """Return a row for each person."""
    table: Table = {}
    for person in _ordered({each.person for each in facts}):
        own = [each for each in facts if each.person == person]
        seconds = sum(each.seconds for each in own)
        row: dict[str, Any] = {
            "person": "–" if person is None else person,
            "recordings": len(own),
            "minutes": round(seconds / 60, 2),
            "rate": _range([each.rate for each in own]),
            "unobserved": round(sum(e.unobserved * e.seconds for e in own) / seconds, 4),
            "windows": sum(each.fates.kept for each in own),
            "lost": sum(sum(each.fates.lost.values()) for each in own),
            "classes": len({label for each in own for label in each.classes}),
        }
        for site in _acc_sites(facts):
            column = "" if len(_acc_sites(facts)) == 1 else f"{site} "
            read = [each.sensors[site, "acc"] for each in own if (site, "acc") in each.sensors]
            lengths = [one.median for one in read if np.isfinite(one.median)]
            row[f"{column}|acc|"] = round(float(np.median(lengths)), 2) if lengths else None
            mean = _direction([one.means for one in read])
            row |= {f"{column}g {axis}": value for axis, value in zip("xyz", mean, strict=True)}
        for name, value in row.items():
            table.setdefault(name, []).append(value)
    return table


def _labels_table(facts: Sequence[Facts]) -> Table:
    """Return a row for each person and class."""
    seconds: Counter[tuple[Hashable, Hashable]] = Counter()
    windows: Counter[tuple[Hashable, Hashable]] = Counter()
    for each in facts:
        for label, value in each.classes.items():
            seconds[each.person, label] += value  # type: ignore[assignment]
        for label, count in each.fates.labels.items():
            windows[each.person, label] += count
    keys = list(seconds)
    return {
        "person": ["–" if person is None else person for person, _ in keys],
        "class": [label for _, label in keys],
        "seconds": [round(seconds[key], 2) for key in keys],
        "windows": [windows[key] for key in keys],
    }


def _classes_table(labels: Table) -> Table:
    """Return a row for each class."""
    table: Table = {name: [] for name in ("class", "people", "seconds", "windows", "fewest")}
    for label in _ordered(set(labels["class"])):
        rows = [row for row, one in enumerate(labels["class"]) if one == label]
        windows = [labels["windows"][row] for row in rows]
        table["class"].append(label)
        table["people"].append(len(rows))
        table["seconds"].append(round(sum(labels["seconds"][row] for row in rows), 2))
        table["windows"].append(sum(windows))
        table["fewest"].append(min(windows))
    return table


def _recordings_table(facts: Sequence[Facts]) -> Table:
    """Return a row for each item."""
    return {
        "name": [each.name for each in facts],
        "person": ["–" if each.person is None else each.person for each in facts],
        "kind": [each.kind for each in facts],
        "seconds": [round(each.seconds, 3) for each in facts],
        "rate": [each.rate for each in facts],
        "unobserved": [round(each.unobserved, 4) for each in facts],
        "longest gap": [round(each.longest_gap, 3) for each in facts],
        "classes": [names_of(each.classes, 4) for each in facts],
        "windows": [each.fates.kept for each in facts],
        "lost": [sum(each.fates.lost.values()) for each in facts],
        "doubts": [", ".join(doubt.key for doubt in each.doubts) for each in facts],
    }


def _head(facts: Sequence[Facts], cutting: Mapping[str, Any]) -> list[str]:
    """Return the lines above the tables."""
    # 1. What there is
    kinds = Counter(each.kind for each in facts)
    items = " and ".join(f"{n} {kind}{'s' if n > 1 else ''}" for kind, n in kinds.items())
    people = len({each.person for each in facts if each.person is not None})
    classes = len({label for each in facts for label in each.classes})
    minutes = sum(each.seconds for each in facts) / 60
    first = (
        f"Description of {items}: {people} {'person' if people == 1 else 'people'}, "
        f"{classes} {'class' if classes == 1 else 'classes'}, {minutes:.1f} minutes"
    )
    # 2. Sensors
    sensors = list(dict.fromkeys(" ".join(key).strip() for each in facts for key in each.sensors))
    seen = sum(each.unobserved * each.seconds for each in facts) / (60 * minutes)
    observed = "all samples observed" if seen == 0 else f"{seen:.2%} of the samples not observed"
    second = f"{names_of(sensors, 8) or 'no named sensors'} at {_range([e.rate for e in facts])} Hz"
    # 3. Windows
    kept = sum(each.fates.kept for each in facts)
    lost: Counter[str] = Counter()
    for each in facts:
        lost.update(each.fates.lost)
    third = f"Windows of {cutting['seconds']:g} s: {kept} kept"
    if lost:
        reasons = ", ".join(f"{reason} {count}" for reason, count in lost.items())
        third += f", {sum(lost.values())} lost ({reasons})"
    mixed = sum(each.fates.mixed for each in facts)
    if mixed:
        third += f"; {mixed} of those kept contain several classes"
    return [first, f"{second}; {observed}", third]


def _acc_sites(facts: Sequence[Facts]) -> list[str]:
    """Return the sites with an accelerometer."""
    keys = (key for each in facts for key in each.sensors)
    return list(dict.fromkeys(site for site, kind in keys if kind == "acc"))


def _direction(means: Sequence[Any]) -> list[float | None]:
    """Return the mean direction of an acceleration."""
    stretches = np.concatenate([np.empty((0, 3)), *means])
    lengths = np.linalg.norm(stretches, axis=1)
    known = np.isfinite(lengths) & (lengths > 0)
    if not known.any():
        return [None, None, None]
    mean = (stretches[known] / lengths[known, None]).mean(axis=0)
    return [round(float(value), 2) for value in mean]


def _range(values: Sequence[float]) -> str:
    """Return a number, or the smallest and the largest."""
    low, high = f"{min(values):.4g}", f"{max(values):.4g}"
    return low if low == high else f"{low} to {high}"


def _ordered(values: set[Any]) -> list[Any]:
    """Sort names and numbers; None comes last."""
    return sorted(values, key=lambda value: (value is None, str(type(value)), value or 0))


# ---- text and HTML


def _text_table(table: Table) -> list[str]:
    """Return the lines of a table: words left, numbers right."""
    names = list(table)
    rows = [[_text(value) for value in row] for row in zip(*table.values(), strict=True)]
    shown = rows[:TEXT_ROWS]
    widths = [max(map(len, [name, *(r[i] for r in shown)])) for i, name in enumerate(names)]
    numbers = [all(isinstance(v, (int, float)) for v in table[name][:TEXT_ROWS]) for name in names]

    def line(cells: Sequence[str]) -> str:
        """Return one row."""
        parts = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, numbers, strict=True)
        ]
        return "  ".join(parts).rstrip()

    more = [f"… and {len(rows) - TEXT_ROWS} more"] if len(rows) > TEXT_ROWS else []
    return [line(names), *(line(row) for row in shown), *more]


def _text(value: Any) -> str:
    """Return a cell as text."""
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _html_rows(table: Table) -> str:
    """Return a table as HTML, up to a number of rows."""
    count = len(next(iter(table.values()), []))
    shown = {name: [_text(v) for v in values[:HTML_ROWS]] for name, values in table.items()}
    more = f"<p>… and {count - HTML_ROWS} more</p>" if count > HTML_ROWS else ""
    return html_table(shown) + more


def _heat(labels: Table) -> str:
    """Return the windows of each person (columns) and class (rows) as shaded cells."""
    people = list(dict.fromkeys(labels["person"]))[:HTML_ROWS]
    classes = _ordered(set(labels["class"]))[:HTML_ROWS]
    counts = dict(
        zip(zip(labels["person"], labels["class"], strict=True), labels["windows"], strict=True)
    )
    cells = [[counts.get((person, label), 0) for person in people] for label in classes]
    return heat_cells(list(map(str, classes)), list(map(str, people)), cells) if classes else ""
