"""Sentences of activities, and their encoders: frozen language models, hashed words for tests."""

from __future__ import annotations

from ._activities import activity_sentences
from ._activities import find_sentences as find_sentences
from ._encoder import HashingEncoder, TextEncoder
from ._encoder import encode_unique as encode_unique
from ._sentence import SentenceEncoder
from ._sentence import resolve_text_encoder as resolve_text_encoder

__all__ = ["HashingEncoder", "SentenceEncoder", "TextEncoder", "activity_sentences"]
