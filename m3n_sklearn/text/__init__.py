"""Encoders of sentences: frozen language models, and hashed words for tests."""

from __future__ import annotations

from ._encoder import HashingEncoder, TextEncoder, encode_unique
from ._sentence import SentenceEncoder, resolve_text_encoder

__all__ = [
    "HashingEncoder",
    "SentenceEncoder",
    "TextEncoder",
    "encode_unique",
    "resolve_text_encoder",
]
