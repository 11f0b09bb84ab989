"""Pretrained encoders by name: files that come with the package, so nothing is ever fetched."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._files import write_atomically
from ..persistence import load
from ._pretrainer import Multi3NetPretrainer

__all__ = ["list_pretrained", "load_pretrained", "manifest_of", "save_pretrained"]

FOLDER = Path(__file__).parent / "weights"


def list_pretrained() -> tuple[str, ...]:
    """Return the names of the pretrained encoders that come with the library.

    Returns
    -------
    tuple of str
        For :func:`load_pretrained`, or ``Multi3NetClassifier(pretrainer=name)``.

    Examples
    --------
    >>> from m3n_sklearn.pretraining import list_pretrained
    >>> list_pretrained()
    ('m3n-base',)
    """
    return tuple(sorted(file.stem for file in FOLDER.glob("*.safetensors")))


def load_pretrained(name: str) -> Multi3NetPretrainer:
    """Load a pretrained encoder that comes with the library.

    Parameters
    ----------
    name : str
        One of :func:`list_pretrained`.

    Returns
    -------
    Multi3NetPretrainer
        Fitted. Embedding IMU windows and poses needs nothing else; embedding sentences needs the
        text encoder that it was trained with.

    Raises
    ------
    ValueError
        If there is none of that name.

    See Also
    --------
    m3n_sklearn.load : Reads a file of yours.

    Notes
    -----
    Weights are stored with half precision and used with single precision. What they were trained
    on, under which licences, and what they are not good for is written in the model card of the
    user guide.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn import Windows
    >>> from m3n_sklearn.pretraining import load_pretrained
    >>> from m3n_sklearn.recording import channel_names
    >>> encoder = load_pretrained("m3n-base")
    >>> still = np.zeros((1, 6, 128), dtype=np.float32)
    >>> still[:, 2] = 9.81
    >>> encoder.transform(Windows(imu=still, rate=50.0, channels=channel_names("wrist"))).shape
    (1, 128)
    """
    file = FOLDER / f"{name}.safetensors"
    if name not in list_pretrained():
        names = ", ".join(map(repr, list_pretrained()))
        close = difflib.get_close_matches(str(name), list_pretrained(), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"There are no pretrained weights called {name!r}, but {names}.{hint}")
    pretrainer: Multi3NetPretrainer = load(file)
    pretrainer.weights_ = {
        key: weight.astype(np.float32) if weight.dtype == np.float16 else weight
        for key, weight in pretrainer.weights_.items()
    }
    return pretrainer


def save_pretrained(
    pretrainer: Multi3NetPretrainer, path: str | os.PathLike[str], manifest: Mapping[str, Any]
) -> None:
    """Write a pretrainer as it comes with the library: matrices in half precision, a manifest.

    Parameters
    ----------
    pretrainer : Multi3NetPretrainer
        A fitted one; its corpus is left out.
    path : path-like
        The file, ending in ``.safetensors``. The manifest lies beside it, ending in ``.json``.
    manifest : mapping
        That of its corpus.
    """
    file = Path(path)
    small = Multi3NetPretrainer(**{**pretrainer.get_params(deep=False), "corpus": None})
    small.__dict__.update({k: v for k, v in vars(pretrainer).items() if k.endswith("_")})
    small.weights_ = {
        key: weight.astype(np.float16) if weight.ndim > 1 and weight.size > 256 else weight
        for key, weight in pretrainer.weights_.items()
    }
    small.save(file)
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    write_atomically(file.with_suffix(".json"), text.encode())


def manifest_of(name: str) -> Path:
    """Return the manifest of the corpus that a pretrained encoder was trained on."""
    return FOLDER / f"{name}.json"
