"""What a text encoder is, how it is called, and one that needs no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer

from .._validation import check_count, list_of

__all__ = ["HashingEncoder", "TextEncoder", "encode_unique", "unique_sentences"]


@runtime_checkable
class TextEncoder(Protocol):
    """Anything that turns sentences into vectors through ``encode``."""

    def encode(self, sentences: list[str], /) -> Any:
        """Turn sentences into vectors.

        Parameters
        ----------
        sentences : list of str
            The sentences.

        Returns
        -------
        ndarray of shape (len(sentences), d)
            One vector per sentence.
        """
        ...


def unique_sentences(sentences: Sequence[str]) -> tuple[list[str], NDArray[np.intp]]:
    """Return the distinct sentences, sorted, and for each sentence given its place among them."""
    if isinstance(sentences, str):
        raise TypeError(f"Expected a sequence of sentences, got one string; pass [{sentences!r}].")
    given = [_checked(s) for s in list_of(sentences, "sentences", "a sequence of sentences")]
    distinct = sorted(set(given))
    place = {sentence: i for i, sentence in enumerate(distinct)}
    return distinct, np.array([place[sentence] for sentence in given], dtype=np.intp)


def _checked(sentence: object) -> str:
    """Check that a sentence is a string."""
    if not isinstance(sentence, str):
        raise TypeError(f"Every sentence must be a str, got {sentence!r}.")
    return str(sentence)


def encode_unique(encoder: TextEncoder, sentences: Sequence[str]) -> NDArray[np.float32]:
    """Encode each distinct sentence once and return one vector per sentence given.

    Parameters
    ----------
    encoder : object with ``encode``
        The text encoder; it is called once, with the sorted distinct sentences.
    sentences : sequence of str of length n
        The sentences; they may repeat.

    Returns
    -------
    ndarray of shape (n, d), float32
        The vectors.

    Raises
    ------
    TypeError
        If an entry is not a string.
    ValueError
        If the encoder does not return one finite vector per sentence.

    Examples
    --------
    >>> from m3n_sklearn.text import HashingEncoder
    >>> from m3n_sklearn.text._encoder import encode_unique
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


@dataclass(frozen=True)
class HashingEncoder:
    """Encode sentences by hashing their words and word pairs.

    Only shared words make two sentences similar. The encoder needs neither a download nor a fit and
    gives the same vectors on every machine. It is for tests and for machines without a language
    model, and is never used by default.

    Parameters
    ----------
    n_features : int, default=256
        Length of a vector.

    Examples
    --------
    >>> from m3n_sklearn.text import HashingEncoder
    >>> vectors = HashingEncoder(64).encode(["wave the right hand", "a right hand waves"])
    >>> vectors.shape, vectors.dtype
    ((2, 64), dtype('float32'))
    >>> bool(vectors[0] @ vectors[1] > 0)
    True
    """

    n_features: int = 256

    def __post_init__(self) -> None:
        """Check the length."""
        check_count(self.n_features, "n_features")

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector per sentence; zeros for a sentence without words.

        Parameters
        ----------
        sentences : sequence of str of length n
            The sentences.

        Returns
        -------
        ndarray of shape (n, n_features), float32
            Vectors of length one.
        """
        vectorizer = HashingVectorizer(
            n_features=self.n_features, ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b"
        )
        distinct, index = unique_sentences(sentences)
        if not distinct:
            return np.zeros((0, self.n_features), dtype=np.float32)
        return np.asarray(vectorizer.transform(distinct).toarray(), dtype=np.float32)[index]
