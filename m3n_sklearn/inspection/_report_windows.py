"""The windows of a report: their people and recordings, their signals, a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._compat import num_samples, safe_indexing
from .._typing import AnyArray
from .._validation import plain_column
from .._windows import Windows
from ..motion import Motion
from ..recording import Recording, parse_channels
from ..temporal import Rows, read_rows
from ._scene import triads_of
from ._time_axis import are_dates, clock_places

__all__ = ["Item", "LabeledWindows", "named"]

Item = tuple[str, Any]
"""A heading of a page and its content."""


@dataclass(frozen=True)
class LabeledWindows:
    """The windows of a report with their labels, people and order."""

    X: Any
    rows: Rows
    clips: AnyArray | None  # (n,); None if each window is a clip
    labels: AnyArray | None  # (n,)
    people: AnyArray | None  # (n,)
    label_names: Mapping[Any, str]
    times: AnyArray | None  # (n,), in s or dates; None if they are not known

    @classmethod
    def of(
        cls,
        X: Any,
        y: ArrayLike | None,
        groups: ArrayLike | None,
        recordings: ArrayLike | None,
        times: ArrayLike | None,
        label_names: Mapping[Any, str] | None,
    ) -> LabeledWindows:
        """Check all columns."""
        count = num_samples(X)
        if not count:
            raise ValueError("X is empty: there is nothing to report.")
        people = None if groups is None else plain_column(groups, "groups", count)
        if people is not None:
            recordings = _of_one_person(X, recordings, times, people)
        labels = None if y is None else plain_column(y, "y", count)
        if label_names is not None and not isinstance(label_names, Mapping):
            raise TypeError(
                "label_names must map labels to their names, such as {0: 'walk'}; got "
                f"{type(label_names).__name__}."
            )
        label_names = {} if label_names is None else dict(label_names)
        if labels is not None:
            named(labels.tolist(), label_names)  # before the work
        rows = read_rows(X, recordings, times)
        begins = X["start"] if _has(X, "start") else None
        if times is not None:  # they are what the page is about, whatever X says
            begins = rows.dates(rows.times)[np.argsort(rows.order)]
        clips = np.empty(count, dtype=rows.recordings.dtype)
        clips[rows.order] = rows.recordings
        return cls(
            X,
            rows,
            clips if len(np.unique(clips)) < count else None,
            labels,
            people,
            label_names,
            begins,
        )

    def names(self, labels: Iterable[Any]) -> dict[Any, str]:
        """Return the names of labels, in the order of `label_names`, then sorted."""
        return named(labels, self.label_names)

    def recording_of(self, row: int) -> Recording | None:
        """Return the readings of a window as a recording; None if they are not signals."""
        one = safe_indexing(self.X, np.array([row]))
        start = self._start(row)
        if isinstance(one, Windows):
            if "imu" not in one or one.rate("imu") is None or not one.present("imu")[0]:
                return None
            data, rate = one["imu"][0].T, float(one.rate("imu") or 1.0)
            observed = one["observed"][0].T if "observed" in one else None
            channels = one.channels
        else:
            data = np.asarray(one)[0].T
            if data.ndim != 2:
                return None
            rate, observed, channels = 1.0, None, None  # not known: samples are counted
        try:
            found = Recording.trusted(data, rate, channels, start=start, observed=observed)
            triads_of(found)
        except ValueError:  # a generic series, or channels that are no triads
            return None
        return found

    def motion_of(self, row: int) -> Motion | None:
        """Return the poses of a window as a motion, without their margins; None without poses."""
        one = safe_indexing(self.X, np.array([row]))
        rate = one.rate("pose") if isinstance(one, Windows) else None
        if rate is None or "pose" not in one or not one.present("pose")[0]:
            return None
        margin = round(one.margin * rate)
        core = slice(margin, one["pose"].shape[1] - margin)
        start = self._start(row)
        stature = float(one["stature"][0]) if "stature" in one else np.nan
        trans = one["trans"][0, core] if "trans" in one else None
        poses = one["pose"][0, core]
        times = start + np.arange(len(poses)) / rate
        return Motion(
            poses,
            trans,
            times=times,
            stature=stature if np.isfinite(stature) else None,
            name="body",
        )

    def _start(self, row: int) -> float:
        """Return the start of a window in s; 0 where times are dates or Unix time."""
        if self.times is None or are_dates(self.times[row : row + 1]):
            return 0.0
        return float(self.times[row])

    def where(self, row: int) -> str:
        """Return row, person, clip and time of a window."""
        parts = [f"Row {row}"]
        if self.people is not None:
            parts.append(f"person {self.people[row]}")
        if self.clips is not None:
            parts.append(f"recording {self.clips[row]}")
        if self.times is not None:
            begin = self.times[row : row + 1]
            dates = are_dates(begin)
            parts.append(f"from {clock_places(begin)[0] if dates else f'{begin[0]:.2f} s'}")
        return ", ".join(parts)

    def summary(self) -> list[Item]:
        """Return the section about the windows."""
        facts: dict[str, Any] = {"windows": len(self.rows.order)}
        if isinstance(self.X, Windows) and "imu" in self.X:
            rate, shape = self.X.rate("imu"), self.X[:1]["imu"].shape
            facts["samples per window"] = shape[2]
            if rate is not None:
                facts["rate"] = f"{rate:.4g} Hz"
                facts["window"] = f"{shape[2] / rate:.3g} s"
            facts["channels"] = _channels(self.X.channels, shape[1])
        elif hasattr(self.X, "shape"):
            facts["shape of X"] = " × ".join(map(str, self.X.shape))
        if self.clips is not None:
            facts["recordings"] = len(np.unique(self.clips))
        if self.people is not None:
            facts["people"] = ", ".join(map(str, np.unique(self.people)))
        found: list[Item] = [
            ("Data", {"fact": list(facts), "value": [str(value) for value in facts.values()]})
        ]
        if self.labels is not None:
            names = self.names(self.labels.tolist())
            table: dict[str, list[Any]] = {
                "class": list(names.values()),
                "windows": [int(np.sum(self.labels == label)) for label in names],
            }
            if self.people is not None:
                table["people"] = [
                    len(np.unique(self.people[self.labels == label])) for label in names
                ]
            found.append(("", table))
        return found


def _of_one_person(
    X: Any, recordings: ArrayLike | None, times: ArrayLike | None, people: AnyArray
) -> ArrayLike | None:
    """Return recordings with the person in their names where people share a name."""
    if recordings is None and _has(X, "clip"):
        recordings = X["clip"]
    if recordings is None:
        return people if times is not None or _has(X, "start") else None
    names = plain_column(recordings, "recordings", len(people))
    pairs = set(zip(names.tolist(), people.tolist(), strict=True))
    if len(pairs) == len({name for name, _ in pairs}):
        return names
    return [f"{name} ({who})" for name, who in zip(names.tolist(), people.tolist(), strict=True)]


def _channels(names: Sequence[str] | None, count: int) -> str:
    """Return the sensors of channels where they are known, such as "right wrist acc"."""
    if names is None:
        return str(count)
    try:
        found = parse_channels(names)
    except ValueError:  # a generic series, or a sensor with fewer than three axes
        return ", ".join(names)
    return ", ".join(f"{site.replace('_', ' ')} {sensor}".strip() for site, sensor, _ in found)


def _has(X: Any, column: str) -> bool:
    """Whether X is Windows with a column."""
    return isinstance(X, Windows) and column in X


def named(labels: Iterable[Any], given: Mapping[Any, str]) -> dict[Any, str]:
    """Return the name of each label, in the order of `given`, then sorted."""
    found = set(labels)
    order = [label for label in given if label in found]
    order += sorted(found - set(order), key=lambda label: (str(type(label)), label))
    names = {label: str(given.get(label, label)) for label in order}
    for name, count in Counter(names.values()).items():
        if count > 1:
            same = [label for label in order if names[label] == name]
            raise ValueError(
                f"label_names gives the labels {', '.join(map(repr, same))} one name, {name!r}, so "
                "that they could not be told apart. Give each a name of its own, or join the "
                "labels in y before fit."
            )
    return names
