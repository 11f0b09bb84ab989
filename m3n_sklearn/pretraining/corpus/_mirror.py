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
"""Where "left" and "right" may be no sides."""


def mirrored_caption(sentence: str) -> str | None:
    """Return what a caption says of the motion in a mirror.

    Parameters
    ----------
    sentence : str
        A caption in English.

    Returns
    -------
    str or None
        The caption with left and right, clockwise and counter-clockwise exchanged; None where
        "left" or "right" may mean something else.

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
    word = match[0]
    other = _OPPOSITE.get(word.lower(), "clockwise")  # of counter- or anti-, however it is joined
    if word.isupper():
        return other.upper()
    return other.capitalize() if word[0].isupper() else other
