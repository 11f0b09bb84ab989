"""Captions of mirrored motions: sides and senses of rotation change places."""

from __future__ import annotations

import re

__all__ = ["mirrored_caption"]

_OPPOSITE = {"left": "right", "right": "left", "clockwise": "counter-clockwise"}
_SIDED = re.compile(
    r"(?<![a-z])(left|right|(?:(?:counter|contra|anti)[\s\u2010-\u2013-]*)?clockwise)"
    r"(?=(?:wards?|most|hand|handed|foot|footed)?(?![a-z]))",
    re.IGNORECASE,
)
_OTHER_SENSES = re.compile(
    r"\b(?:all right|(?:that['\u2019]?s|that is) right|"
    r"(?<!the )right (?:away|now|angles?|after|before|next to)|"
    r"(?<!the )left (?:over|behind|alone|out)|(?:has|have|had|is|are|was|were) left|"
    r"left the (?:room|house|building|scene|place))\b",
    re.IGNORECASE,
)
"""Phrases in which "left" and "right" may not be sides."""


def mirrored_caption(sentence: str) -> str | None:
    """Exchange left and right, clockwise and counter-clockwise in an English caption.

    Returns None if "left" or "right" may have another meaning.

    Examples
    --------
    >>> mirrored_caption("the right hand swipes leftwards")
    'the left hand swipes rightwards'
    >>> mirrored_caption("a person has left the room") is None
    True
    """
    if _OTHER_SENSES.search(sentence):
        return None
    return _SIDED.sub(_exchange, sentence)


def _exchange(match: re.Match[str]) -> str:
    """Return the opposite, in upper or lower case."""
    word = match[0]
    other = _OPPOSITE.get(word.lower(), "clockwise")  # the opposite of any counter-clockwise
    if word.isupper():
        return other.upper()
    return other.capitalize() if word[0].isupper() else other
