"""Text in any of the usual encodings: UTF-8, UTF-16 with or without a mark, or Latin-1."""

from __future__ import annotations

import codecs
from pathlib import Path

__all__ = ["decode_text", "read_text", "wide_codec"]

MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

LOOKED_AT = 64
"""Bytes at the start by which UTF-16 without a mark is recognized."""


def wide_codec(raw: bytes) -> str | None:
    """Return the name of the codec if bytes begin like UTF-16, else None."""
    if raw.startswith(MARKS):
        return "utf-16"
    low, high = raw[:LOOKED_AT:2], raw[1:LOOKED_AT:2]
    for codec, letters, zeros in (("utf-16-le", low, high), ("utf-16-be", high, low)):
        if len(zeros) > 4 and not any(zeros) and all(letters):
            return codec
    return None


def decode_text(raw: bytes) -> str:
    """Decode the bytes of a text file."""
    codec = wide_codec(raw)
    if codec is not None:
        return raw.decode(codec, errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def read_text(file: Path) -> str:
    """Return the text of a file."""
    return decode_text(file.read_bytes())
