"""A folder of vectors, one small file a sentence, that survives crashes and parallel writers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._files import write_atomically

_DIGEST_BYTES = 32


@dataclass(frozen=True)
class VectorCache:
    """Vectors of sentences on disk, kept apart by the identity of the model that made them.

    A file holds the SHA-256 of its payload and then the payload, little-endian float32. A file
    that does not match its own digest counts as absent, so that a torn write costs one encoding
    and never a wrong vector.

    Parameters
    ----------
    folder : path-like
        Where the cache lives; created on the first write.
    identity : str
        Whatever tells one model from another.
    """

    folder: str | os.PathLike[str]
    identity: str

    def _path(self, sentence: str) -> Path:
        model = hashlib.sha256(self.identity.encode()).hexdigest()[:16]
        key = hashlib.sha256(sentence.encode()).hexdigest()
        return Path(self.folder) / model / key[:2] / key[2:]

    def get(self, sentences: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors that are there and intact, by sentence."""
        found = {sentence: _read(self._path(sentence)) for sentence in sentences}
        return {sentence: vector for sentence, vector in found.items() if vector is not None}

    def put(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Write vectors, each file atomically."""
        for sentence, vector in vectors.items():
            payload = np.ascontiguousarray(vector, dtype="<f4").tobytes()
            path = self._path(sentence)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, hashlib.sha256(payload).digest() + payload)


def _read(path: Path) -> NDArray[np.float32] | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, payload = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if not payload or hashlib.sha256(payload).digest() != digest:
        return None
    return np.frombuffer(payload, dtype="<f4").astype(np.float32)
