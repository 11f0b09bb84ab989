"""Sentences to vectors: lazy, cached, offline-aware."""

from __future__ import annotations

from m3n_sklearn.text._encoder import TextEncoder, encode_unique, resolve_text_encoder
from m3n_sklearn.text._hashing import HashingEncoder
from m3n_sklearn.text._sentence import SentenceEncoder

__all__ = [
    "HashingEncoder",
    "SentenceEncoder",
    "TextEncoder",
    "encode_unique",
    "resolve_text_encoder",
]
