"""Pretrained encoders by name: files that come with the package, without any download."""

from __future__ import annotations

import difflib
from pathlib import Path

import numpy as np

from .._persistence import load
from ._pretrainer import Multi3NetPretrainer

__all__ = ["list_pretrained", "load_pretrained"]

FOLDER = Path(__file__).parent / "weights"


def list_pretrained() -> tuple[str, ...]:
    """Return the names of the pretrained encoders that come with the library.

    Returns
    -------
    tuple of str
        Names for :func:`load_pretrained` and ``Multi3NetClassifier(name)``.

    See Also
    --------
    load_pretrained : Loads one of them.

    Examples
    --------
    >>> from m3n_sklearn.pretraining import list_pretrained
    >>> list_pretrained()
    ('m3n-base', 'm3n-real')
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
        A fitted pretrainer. Embeddings of sentences need the text encoder that it was trained
        with; embeddings of IMU windows and poses need nothing else.

    Raises
    ------
    ValueError
        If there is no encoder of that name.

    See Also
    --------
    list_pretrained : Lists the names.
    m3n_sklearn.load : Loads your own file.

    Notes
    -----
    Weights are stored with half precision and used with single precision. The model card in the
    user guide lists the training data, their licenses, and the limits of the encoder.

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
        raise ValueError(f"There is no pretrained encoder {name!r}; there is {names}.{hint}")
    pretrainer: Multi3NetPretrainer = load(file)
    pretrainer.weights_ = {
        key: weight.astype(np.float32) if weight.dtype == np.float16 else weight
        for key, weight in pretrainer.weights_.items()
    }
    return pretrainer
