"""What a table was read as: the columns, units, rate and gaps, in a dozen lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from ._recording import Recording

__all__ = ["Recordings", "TableReport", "listed", "listed_files"]


class TableReport:
    """What :func:`~m3n_sklearn.recording.read_table` found, and what it inferred.

    Attributes
    ----------
    facts : dict of str to str
        One line each: ``"time"``, ``"acc"``, ``"gyro"``, ``"rate"``, ``"gaps"``, ``"gravity"``,
        ``"labels"``, ``"people"``, ``"dropped"`` and so on. What was not told by an argument is
        marked "inferred".
    """

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}

    def add(self, fact: str, text: str, *, inferred: bool = False) -> None:
        """Add a line, or extend it.

        Parameters
        ----------
        fact : str
            Name of the line.
        text : str
            What is said.
        inferred : bool, default=False
            Whether this was not told by an argument.
        """
        text = f"{text} [inferred]" if inferred else text
        self.facts[fact] = f"{self.facts[fact]}; {text}" if fact in self.facts else text

    def __str__(self) -> str:
        width = max(map(len, self.facts), default=0)
        return "\n".join(f"{fact:<{width}}  {text}" for fact, text in self.facts.items())

    def __repr__(self) -> str:
        return f"TableReport({len(self.facts)} facts; print it)"

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th style="text-align:left;vertical-align:top">{escape(fact)}</th>'
            f'<td style="text-align:left">{escape(text)}</td></tr>'
            for fact, text in self.facts.items()
        )
        return f"<table>{rows}</table>"


class Recordings(list[Recording]):
    """A list of recordings with the report of the table that they come from.

    Attributes
    ----------
    report : TableReport
        What was read and inferred.
    """

    def __init__(self, recordings: Iterable[Recording], report: TableReport) -> None:
        super().__init__(recordings)
        self.report = report

    def __reduce__(self) -> Any:
        return type(self), (list(self), self.report)


def listed(names: Sequence[Any], most: int = 8) -> str:
    """Return names separated by commas, not more than some."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more


def listed_files(names: Sequence[Any]) -> str:
    """Return names of files; those that are the same in several folders once."""
    counts = Counter(str(name).rpartition("/")[2] for name in names)
    whole = {str(name).rpartition("/")[2]: str(name) for name in names}
    texts = [whole[n] if count == 1 else f"{n} (in {count} folders)" for n, count in counts.items()]
    return listed(texts)
