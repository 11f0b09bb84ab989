"""A text encoder that needs no model: hashed words and word pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer

from .._checks import check_count
from ._unique import unique_sentences


@dataclass(frozen=True)
class HashingEncoder:
    """Encode sentences by hashing their words and word pairs.

    It knows no meaning beyond shared words, needs neither a download nor a fit, and gives the same
    vectors on every machine. It is for tests and for machines without a language model, and is
    never chosen unless it is asked for.

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
        """Refuse a length that no vector can have."""
        check_count(self.n_features, "n_features")

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector per sentence; a sentence without a word gives zeros.

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
