"""A recording as the columns of a table."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["OWN_RATE", "table_of"]

OWN_RATE = "m3n_rate"
"""Column of the rate in Hz, by which a table of this package is recognized."""


def table_of(
    recording: Any, name: str | None, has: dict[str, bool] | None = None
) -> dict[str, NDArray[Any]]:
    """Return the columns of the table of a recording."""
    if recording.channels is None:
        raise ValueError(
            "This recording has no channel names, so its table could not be read. Make it with "
            "channels=, such as channel_names('right_wrist')."
        )
    count = recording.n_samples
    wanted = has or {
        "subject": recording.subject is not None,
        "label": recording.labels is not None,
        "text": bool(recording.text),
    }
    columns: dict[str, NDArray[Any]] = {}
    if name is not None:
        columns["recording"] = _constant(name, count)
    if wanted["subject"]:
        columns["subject"] = _constant(recording.subject, count)
    columns[OWN_RATE] = np.full(count, recording.rate)
    columns["time"] = recording.times
    for i, channel in enumerate(recording.channels):
        values = recording.data[:, i]
        seen = recording.observed[:, i]
        columns[channel] = values if seen.all() else np.where(seen, values, np.nan)
    if wanted["label"]:
        labels = recording.labels
        columns["label"] = _constant(None, count) if labels is None else labels
    if wanted["text"]:
        text = json.dumps(list(recording.text)) if recording.text else None
        columns["text"] = _constant(text, count)
    return columns


def _constant(value: Any, count: int) -> NDArray[Any]:
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return np.full(count, int(value))
    cells = np.empty(count, dtype=object)
    cells[:] = value
    return cells
