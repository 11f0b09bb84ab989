"""What a text encoder is, and the two things done with one: find it and call it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ._hashing import HashingEncoder
from ._sentence import SentenceEncoder
from ._unique import unique_sentences


@runtime_checkable
class TextEncoder(Protocol):
    """Anything that turns sentences into vectors through ``encode``."""

    def encode(self, sentences: list[str], /) -> Any:
        """Turn sentences into vectors.

        Parameters
        ----------
        sentences : list of str
            What to encode.

        Returns
        -------
        ndarray of shape (len(sentences), d)
            One vector per sentence.
        """
        ...


def resolve_text_encoder(encoder: str | os.PathLike[str] | TextEncoder) -> TextEncoder:
    """Return the text encoder that a name, a folder or an object stands for.

    Parameters
    ----------
    encoder : str, path-like or object with ``encode``
        A model name of the hub or the folder of a saved sentence-transformers model (both become a
        `SentenceEncoder`), ``"hashing"`` (a `HashingEncoder`), or any object with a method
        ``encode(list of str) -> array of shape (n, d)``, which is returned as it is.

    Returns
    -------
    object with ``encode``
        The encoder; nothing is imported or loaded yet.

    Raises
    ------
    TypeError
        If the object has no method ``encode``.

    Examples
    --------
    >>> from m3n_sklearn.text import resolve_text_encoder
    >>> resolve_text_encoder("hashing")
    HashingEncoder(n_features=256)
    >>> resolve_text_encoder("all-MiniLM-L6-v2").model
    'all-MiniLM-L6-v2'
    """
    if isinstance(encoder, str) and encoder == "hashing":
        return HashingEncoder()
    if isinstance(encoder, str | os.PathLike):
        return SentenceEncoder(os.fspath(encoder))
    if not isinstance(encoder, type) and callable(getattr(encoder, "encode", None)):
        return encoder
    raise TypeError(
        f"text_encoder must be a model name, a folder or an object with a method "
        f"encode(list of str), got {encoder!r}."
    )


def encode_unique(encoder: TextEncoder, sentences: Sequence[str]) -> NDArray[np.float32]:
    """Encode each distinct sentence once and return one vector per sentence given.

    Parameters
    ----------
    encoder : object with ``encode``
        The text encoder; it sees the distinct sentences, sorted.
    sentences : sequence of str of length n
        The sentences, repeated at will.

    Returns
    -------
    ndarray of shape (n, d), float32
        The vectors.

    Raises
    ------
    TypeError
        If something else than strings is given.
    ValueError
        If the encoder returns something else than one finite vector per sentence.

    Examples
    --------
    >>> from m3n_sklearn.text import HashingEncoder, encode_unique
    >>> encode_unique(HashingEncoder(8), ["wave", "walk", "wave"]).shape
    (3, 8)
    """
    distinct, index = unique_sentences(sentences)
    vectors = np.asarray(encoder.encode(distinct))
    if vectors.dtype.kind not in "fiu":
        raise ValueError(f"The text encoder returned dtype {vectors.dtype}; numbers are needed.")
    vectors = vectors.astype(np.float32, copy=False)
    if vectors.ndim != 2 or len(vectors) != len(distinct):
        raise ValueError(
            f"The text encoder returned shape {vectors.shape} for {len(distinct)} sentences; "
            f"encode must return an array of shape ({len(distinct)}, d)."
        )
    if not np.isfinite(vectors).all():
        raise ValueError("The text encoder returned vectors with NaN or infinity.")
    return vectors[index]
