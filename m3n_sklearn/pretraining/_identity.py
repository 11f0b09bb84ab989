"""What the result of a pretraining depends on: values to show, and digests of the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._hashing import content_hash, sha256, stable_key
from .._typing import AnyArray
from .._version import __version__
from .._windows import Windows
from ._data import PretrainingData

__all__ = ["training_identity"]

WITHOUT_EFFECT = ("callbacks", "checkpoint", "device", "verbose", "warm_start")
"""Parameters that do not change the result on a CPU, or that the initial weights stand for."""

FOUND_IN_DATA = ("corpus", "random_state", "text_encoder")
"""Parameters that the windows, the seed and the sentence vectors stand for."""

CHUNK = 4096
"""Rows that are digested at once."""


def training_identity(
    parameters: Mapping[str, Any],
    seed: int,
    n_epochs: int,
    data: PretrainingData,
    weights: Mapping[str, AnyArray],
) -> dict[str, dict[str, Any]]:
    """Return the values and digests that a checkpoint is recognized by."""
    left_out = {*WITHOUT_EFFECT, *FOUND_IN_DATA}
    values = {
        name: _shown(value)
        for name, value in parameters.items()
        if name not in left_out and name != "max_epochs"
    }
    captions = data.captions
    sentences = None if captions is None else [captions.numbers, captions.vectors]
    return {
        "values": {
            "seed": seed,
            "max_epochs": n_epochs,
            **values,
            # another version may train in another way
            "version of m3n_sklearn": __version__,
        },
        "digests": {
            "windows": windows_digest(data.windows),
            "sentence vectors": content_hash(sentences),
            "initial weights": content_hash(dict(weights)),
        },
    }


def windows_digest(windows: Windows) -> str:
    """Digest windows by value, a few rows at a time; texts that are equal need not be identical."""
    facts = [*sorted(windows.rates.items()), windows.channels, windows.margin]
    digests = [stable_key(*facts)]
    for start in range(0, len(windows), CHUNK):
        part = windows[start : start + CHUNK]
        for name in sorted(part.columns):
            values = np.asarray(part[name])
            content = values.tolist() if values.dtype.hasobject else values
            digests.append(stable_key(name, content, part.present(name)))
    return sha256(digests)


def _shown(value: Any) -> Any:
    """Return a parameter as JSON, or its digest."""
    if isinstance(value, np.generic):
        value = value.item()
    try:
        return json.loads(json.dumps(value))
    except TypeError:
        return f"{type(value).__name__} {content_hash(value)}"
