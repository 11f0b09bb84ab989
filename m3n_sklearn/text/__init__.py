"""Encoders of sentences: frozen language models, and hashed words for tests."""

from __future__ import annotations

from ._encoder import HashingEncoder, TextEncoder
from ._encoder import encode_unique as encode_unique
from ._sentence import SentenceEncoder
from ._sentence import resolve_text_encoder as resolve_text_encoder

__all__ = ["HashingEncoder", "SentenceEncoder", "TextEncoder"]
