"""Sentences to vectors: lazy, cached, offline-aware."""

from __future__ import annotations

from ._encoder import TextEncoder, encode_unique, resolve_text_encoder
from ._hashing import HashingEncoder
from ._sentence import SentenceEncoder

__all__ = [
    "HashingEncoder",
    "SentenceEncoder",
    "TextEncoder",
    "encode_unique",
    "resolve_text_encoder",
]
