"""Distinct sentences and where they stand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .._checks import list_of


def unique_sentences(sentences: Sequence[str]) -> tuple[list[str], NDArray[np.intp]]:
    """Return the distinct sentences, sorted, and for each sentence given its place among them."""
    if isinstance(sentences, str):
        raise TypeError(f"Expected a sequence of sentences, got one string; pass [{sentences!r}].")
    given = [_checked(s) for s in list_of(sentences, "sentences", "a sequence of sentences")]
    distinct = sorted(set(given))
    place = {sentence: i for i, sentence in enumerate(distinct)}
    return distinct, np.array([place[sentence] for sentence in given], dtype=np.intp)


def _checked(sentence: object) -> str:
    if not isinstance(sentence, str):
        raise TypeError(f"Every sentence must be a str, got {sentence!r}.")
    return str(sentence)
