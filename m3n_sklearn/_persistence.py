"""Estimators as files: weights as safetensors, everything else as JSON in the same file.

No pickle is involved in either direction: what is read is numbers, strings and names of classes
of this package. Anyone can write a file with a valid checksum, so nothing in a file makes the
loaded estimator run code, ask a host, or read another file, neither now nor in a later method:

=============================================== ==================================================
a file may contain                              what a loaded estimator does with it
=============================================== ==================================================
numbers, strings, arrays                        holds them
names of classes of this package                calls estimators and records; others are refused
attributes that end with an underscore          sets them; others are refused
``pretrainer``: a name that the package has     loads the weights in the package in the next `fit`
``text_encoder``: ``"hashing"``, the default    as everywhere; the default model comes from an
model's name, or an encoder of these            installed package or, by its fixed name, the hub
``pretrainer``, ``text_encoder``, ``corpus``,   holds an `Unconfirmed`, which every use refuses
``checkpoint``: other names, paths and folders  until the user sets the parameter
``memory``                                      is None: a cache holds pickles
``module``                                      is None: the code of others is not in files
=============================================== ==================================================
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import platform
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, Self

import numpy as np
import safetensors.numpy
import sklearn
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from ._compat import DocumentationLink
from ._files import reading, write_atomically
from ._hashing import sha256
from ._typing import AnyArray
from ._version import __version__
from ._warn import warn

__all__ = ["Persistent", "decode", "encode", "load", "save"]

FORMAT = "m3n_sklearn"
FORMAT_VERSION = 1

_TAG = "$"
# dtypes that safetensors holds as they are; arrays of others are held as bytes
_NATIVE = frozenset(
    {"bool", "int8", "uint8"}
    | {f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (16, 32, 64)}
)

DEFAULT_MODELS = ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")
"""Names of the text encoder's model that a file may name."""

PACKAGED_WEIGHTS = Path(__file__).parent / "pretraining" / "weights"

INTERNAL = {
    "Examples": "m3n_sklearn.classification._examples",
    "InputMap": "m3n_sklearn._inputs",
    "Layout": "m3n_sklearn._inputs",
}
"""Classes of fitted state that no room exports, and their modules. In files they have no module."""


def save(estimator: BaseEstimator, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator to one file.

    The file is a safetensors file whose metadata carry the parameters and the fitted state as
    JSON and a SHA-256 over all of it. It is written next to its place and moved there, so that a
    failure leaves an older file untouched.

    Parameters
    ----------
    estimator : estimator of this package
        A fitted estimator. Estimators among its parameters, a frozen pretrainer for instance, are
        saved with it.
    path : path-like
        The file, by custom with the ending ``.safetensors``.

    Warns
    -----
    UserWarning
        If a parameter is something that a file can't carry, such as a text encoder of your own, a
        corpus in memory, or the cache of `memory`. It is left out, and the loaded estimator has
        the default in its place.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is none of this package.

    See Also
    --------
    load : The way back.

    Examples
    --------
    >>> import m3n_sklearn
    >>> m3n_sklearn.save(classifier, "wrist.safetensors")  # doctest: +SKIP
    >>> classifier = m3n_sklearn.load("wrist.safetensors")  # doctest: +SKIP
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(path.parent)!r} to save into.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it.")
    if not isinstance(estimator, BaseEstimator) or not _ours(type(estimator).__module__):
        kind = estimator.__name__ if isinstance(estimator, type) else type(estimator).__name__
        raise TypeError(
            f"Only estimators of m3n_sklearn can be saved, got {kind}. Save the steps of a "
            "pipeline one by one, or use joblib."
        )
    check_is_fitted(estimator)
    tree, tensors, dropped = encode(estimator)
    if dropped:
        code = any(name.rpartition("__")[2].startswith("module=") for name in dropped)
        warn(
            f"A file can't carry {', '.join(dropped)}; after loading the default stands in "
            f"its place. Set it again (set_params) before you {'predict or ' * code}fit again.",
        )
    document = json.dumps({"estimator": tree, "versions": _versions()}, ensure_ascii=False)
    metadata = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "document": document,
        "sha256": _digest(document, tensors),
    }
    write_atomically(path, safetensors.numpy.save(tensors, metadata=metadata))


def load(path: str | os.PathLike[str]) -> Any:
    """Read an estimator that `save` has written.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    estimator
        Fitted; its predictions are those of the estimator that was saved.

    Warns
    -----
    UserWarning
        If another version of this package wrote the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated, was changed after it was written, is of a newer format, or was
        never written by `save`.

    See Also
    --------
    save : Writes the file.

    Notes
    -----
    A file from somebody else can make the estimator predict nonsense, but never run code, connect
    to a host, or read another file. If it names a path as `pretrainer`, `corpus` or
    `checkpoint`, or a text encoder other than the default, the loaded estimator predicts as saved,
    but a method that needs the parameter raises an error that shows the name. If you trust it, set
    it: ``loaded.set_params(text_encoder="all-mpnet-base-v2")``.
    """
    path = Path(path)
    if not path.is_file():
        found = "it is a directory" if path.is_dir() else "there is no such file"
        bare = path.name == str(path) and not path.suffix  # a name, such as "m3n-base"
        hint = " load_pretrained reads the encoders that come with the package." if bare else ""
        raise FileNotFoundError(f"Cannot load {path}: {found}.{hint}")
    with reading(path, "a file that m3n_sklearn.save has written"):
        metadata, tensors = _read(path)
        version = _format_version(metadata, path)
        if version > FORMAT_VERSION:
            raise ValueError(
                f"{path} has format version {version}; this m3n_sklearn {__version__} "
                f"reads up to {FORMAT_VERSION}. Upgrade m3n_sklearn to read it."
            )
        document = metadata.get("document", "")
        if metadata.get("sha256") != _digest(document, tensors):
            raise ValueError(
                f"{path} was changed or damaged after it was saved: its checksum does not match. "
                "Fetch or save it again."
            )
        content = json.loads(document)
        _compare_versions(content["versions"], path)
        return decode(content["estimator"], tensors)


def encode(estimator: BaseEstimator) -> tuple[dict[str, Any], dict[str, AnyArray], list[str]]:
    """Return an estimator as JSON, its arrays by name, and the parameters that JSON can't hold."""
    writer = _Writer()
    tree = writer.estimator(estimator, "")
    return tree, writer.tensors, writer.dropped


def decode(tree: Mapping[str, Any], tensors: Mapping[str, AnyArray]) -> Any:
    """Return the estimator that `encode` has turned into JSON and arrays."""
    return _Reader(tensors).value(dict(tree))


class Persistent(DocumentationLink):
    """Gives an estimator the methods `save` and `load`."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to one file; see `m3n_sklearn.save`.

        Parameters
        ----------
        path : path-like
            The file, by custom with the ending ``.safetensors``.
        """
        save(self, path)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read an estimator of this class; see `m3n_sklearn.load`.

        Parameters
        ----------
        path : path-like
            A file that `save` has written.

        Returns
        -------
        estimator
            Fitted.

        Raises
        ------
        ValueError
            If the file holds an estimator of another class, or is damaged.
        """
        estimator = load(path)
        if not isinstance(estimator, cls):
            held = type(estimator).__name__
            raise ValueError(
                f"{path} holds a {held}, not a {cls.__name__}: read it with {held}.load or with "
                "m3n_sklearn.load."
            )
        return estimator


class Unconfirmed:
    """A name in a file that could lead to a host, a folder or another file. Every use refuses it.

    It is kept as it stands in the file, to be shown and to be saved again.
    """

    def __init__(self, parameter: str, node: Any) -> None:
        self.parameter, self.node = parameter, node

    def __repr__(self) -> str:
        node = self.node
        if isinstance(node, dict):
            node = node.get("path") or node.get("fields", node)
        return (
            f"{node!r}, which the loaded file names and which is not used before you confirm it "
            f"with set_params({self.parameter}=...)"
        )


class _NotPortable(TypeError):
    """A value that JSON and safetensors can't hold."""


class _Writer:
    """Turns values into JSON, putting arrays aside as tensors."""

    def __init__(self) -> None:
        self.tensors: dict[str, AnyArray] = {}
        self.dropped: list[str] = []

    def estimator(self, estimator: BaseEstimator, where: str) -> dict[str, Any]:
        name = _class_name(type(estimator))
        params = {}
        for key, value in sorted(estimator.get_params(deep=False).items()):
            if key == "memory" and value is not None:  # the next fit would unpickle what is there
                named = repr(os.fspath(value)) if isinstance(value, str | os.PathLike) else "Memory"
                self.dropped.append(f"{where}{key}={named}")
                continue
            if key == "module" and value is not None:  # code of somebody else
                self.dropped.append(f"{where}{key}={type(value).__name__}")
                continue
            try:
                params[key] = self.value(value, f"{where}{key}")
            except _NotPortable:
                self.dropped.append(f"{where}{key}={type(value).__name__}")
        state = self.value(_state(estimator), f"{where}state") if _fitted(estimator) else None
        return {_TAG: "estimator", "class": name, "params": params, "state": state}

    def value(self, value: Any, where: str) -> Any:
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, list):
            return [self.value(v, f"{where}.{i}") for i, v in enumerate(value)]
        if isinstance(value, tuple) and hasattr(value, "_asdict"):
            fields = self.value(value._asdict(), where)
            return {_TAG: "record", "class": _class_name(type(value)), "fields": fields}
        if isinstance(value, tuple):
            return {_TAG: "tuple", "items": self.value(list(value), where)}
        if isinstance(value, Mapping):
            return self._mapping(value, where)
        if isinstance(value, np.ndarray):
            return self._array(value, where)
        if isinstance(value, Path):
            return {_TAG: "path", "path": str(value)}
        if isinstance(value, Unconfirmed):
            return value.node
        if isinstance(value, BaseEstimator):
            return self.estimator(value, f"{where}__")
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
            name = _class_name(type(value))
            return {_TAG: "record", "class": name, "fields": self.value(fields, where)}
        raise _NotPortable(f"{where}: a {type(value).__name__} can't be saved.")

    def _mapping(self, mapping: Mapping[Any, Any], where: str) -> dict[str, Any]:
        if all(isinstance(key, str) for key in mapping) and _TAG not in mapping:
            return {key: self.value(value, f"{where}.{key}") for key, value in mapping.items()}
        items = [[key, value] for key, value in mapping.items()]
        return {_TAG: "mapping", "items": self.value(items, where)}

    def _array(self, array: AnyArray, where: str) -> dict[str, Any]:
        shape = list(array.shape)
        if array.dtype == object:
            items = self.value(array.ravel().tolist(), where)
            return {_TAG: "objects", "shape": shape, "items": items}
        flat = np.ascontiguousarray(array)
        if array.dtype.isnative and array.dtype.name in _NATIVE:
            self.tensors[where] = flat.reshape(shape)
            return {_TAG: "array", "name": where}
        self.tensors[where] = np.frombuffer(flat.tobytes(), dtype=np.uint8)
        return {_TAG: "bytes", "name": where, "dtype": array.dtype.str, "shape": shape}


class _Reader:
    """Turns what `_Writer` made back into values."""

    def __init__(self, tensors: Mapping[str, AnyArray]) -> None:
        self._tensors = tensors

    def value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.value(item) for item in node]
        if not isinstance(node, dict):
            return node
        if _TAG not in node:
            return {key: self.value(item) for key, item in node.items()}
        kinds = {
            "tuple": self._tuple,
            "mapping": self._mapping,
            "path": self._path,
            "array": self._array,
            "bytes": self._bytes,
            "objects": self._objects,
            "record": self._record,
            "estimator": self._estimator,
        }
        if node[_TAG] not in kinds:
            raise ValueError(f"The file holds a value of unknown kind {node[_TAG]!r}.")
        return kinds[node[_TAG]](node)

    def _tuple(self, node: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(self.value(node["items"]))

    def _mapping(self, node: dict[str, Any]) -> dict[Any, Any]:
        return dict(self.value(node["items"]))

    def _path(self, node: dict[str, Any]) -> Path:
        return Path(node["path"])

    def _array(self, node: dict[str, Any]) -> AnyArray:
        return self._tensors[node["name"]]

    def _bytes(self, node: dict[str, Any]) -> AnyArray:
        content = self._tensors[node["name"]].tobytes()
        return np.frombuffer(content, dtype=node["dtype"]).reshape(node["shape"]).copy()

    def _objects(self, node: dict[str, Any]) -> AnyArray:
        items = self.value(node["items"])
        array = np.empty(len(items), dtype=object)
        array[:] = items
        return array.reshape(node["shape"])

    def _record(self, node: dict[str, Any]) -> Any:
        """Return a dataclass or a named tuple."""
        cls = _class_of(node["class"])
        if not hasattr(cls, "__dataclass_fields__") and not hasattr(cls, "_fields"):
            raise ValueError(f"The file gives fields to {node['class']}, which has none.")
        if cls.__name__ == "SentenceEncoder" and not _is_default_encoder(node["fields"]):
            raise ValueError("The file holds a SentenceEncoder in another place than text_encoder.")
        return cls(**self.value(node["fields"]))

    def _estimator(self, node: dict[str, Any]) -> BaseEstimator:
        params = {key: self._parameter(key, value) for key, value in node["params"].items()}
        estimator = _class_of(node["class"], BaseEstimator)(**params)
        if node["state"] is not None:
            state = self.value(node["state"])
            if odd := sorted(key for key in state if not _is_state(key)):
                raise ValueError(f"The file sets {', '.join(odd)}, which no fit sets.")
            vars(estimator).update(state)
        return estimator

    def _parameter(self, name: str, node: Any) -> Any:
        """Return a parameter, without what could lead out of the file."""
        if name in ("memory", "module"):
            return None
        if name == "pretrainer" and _items(node) is not None:
            parts = [self._parameter(name, item) for item in _items(node)]
            return parts if isinstance(node, list) else tuple(parts)
        if name in ("checkpoint", "corpus", "pretrainer", "text_encoder") and not _is_known(
            name, node
        ):
            return Unconfirmed(name, node)
        return self.value(node)


def _items(node: Any) -> Any:
    """Return the items of a list or tuple in a file, else None."""
    if isinstance(node, dict) and node.get(_TAG) == "tuple":
        return node["items"]
    return node if isinstance(node, list) else None


def _is_known(parameter: str, node: Any) -> bool:
    """Tell whether a parameter is part of the file, or a name of what the package has."""
    if isinstance(node, dict):
        if node.get(_TAG) == "estimator":
            return parameter not in ("checkpoint", "corpus")
        if node.get(_TAG) != "record" or parameter != "text_encoder":
            return False
        return _is_default_encoder(node["fields"])
    if node is None:
        return True
    if parameter == "text_encoder":
        return node in ("hashing", *DEFAULT_MODELS)
    names = [file.stem for file in PACKAGED_WEIGHTS.glob("*.safetensors")]
    return parameter == "pretrainer" and node in names


def _is_default_encoder(fields: Any) -> bool:
    """Tell whether a HashingEncoder or a SentenceEncoder leads to no folder and no other model."""
    if not isinstance(fields, dict) or _TAG in fields:
        return False
    return fields.get("model", DEFAULT_MODELS[0]) in DEFAULT_MODELS and not fields.get("cache_dir")


# ---- state of an estimator


def _fitted(estimator: BaseEstimator) -> bool:
    """Tell whether an estimator is fitted."""
    if not hasattr(estimator, "fit"):  # a bundle of parameters
        return False
    try:
        check_is_fitted(estimator)
    except ValueError:
        return False
    return True


def _state(estimator: BaseEstimator) -> dict[str, Any]:
    """Return what was fitted: by scikit-learn's custom, the attributes with a trailing _."""
    if isinstance(estimator, FrozenEstimator):
        return {}
    return {key: value for key, value in vars(estimator).items() if _is_state(key)}


def _is_state(attribute: str) -> bool:
    """Tell whether an attribute is fitted state."""
    return attribute.endswith("_") and not attribute.startswith("_")


# ---- names of classes


def _class_name(cls: type) -> str:
    """Return the name of a class in files: its public home, so that private modules may move."""
    if cls is FrozenEstimator:
        return "sklearn.frozen:FrozenEstimator"
    if INTERNAL.get(cls.__name__) == cls.__module__:
        return cls.__name__
    if not _ours(cls.__module__):
        raise _NotPortable(
            f"Only estimators of m3n_sklearn can be saved, got a {cls.__module__}.{cls.__name__}."
        )
    # the room, else the module of it that is nearest to the room
    public = list(takewhile(lambda part: not part.startswith("_"), cls.__module__.split(".")))
    for count in range(min(2, len(public)), len(public) + 1):
        home = ".".join(public[:count])
        if getattr(importlib.import_module(home), cls.__name__, None) is cls:
            return f"{home}:{cls.__name__}"
    return f"{cls.__module__}:{cls.__name__}"


def _class_of(name: str, base: type = object) -> Any:
    """Return the class of that name; nothing but classes of this package is ever called."""
    module, _, qualname = name.partition(":")
    if name == "sklearn.frozen:FrozenEstimator":
        return FrozenEstimator
    try:
        if name in INTERNAL:
            module, qualname = INTERNAL[name], name
        cls = getattr(importlib.import_module(module), qualname) if _ours(module) else None
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"The file holds a {name}, which m3n_sklearn {__version__} does not have."
        ) from error
    if not isinstance(cls, type) or not _ours(cls.__module__) or not issubclass(cls, base):
        raise ValueError(f"The file names {name}, which is not a class that m3n_sklearn saves.")
    return cls


def _ours(module: str) -> bool:
    """Tell whether a module is part of this package."""
    return module.split(".")[0] == FORMAT


# ---- the file


def _read(path: Path) -> tuple[dict[str, str], dict[str, AnyArray]]:
    """Return the metadata and the tensors of a file."""
    try:
        with safetensors.safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"{path} can't be read: it is truncated, damaged or no file that m3n_sklearn.save has "
            f"written ({error})."
        ) from error
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{path} is a safetensors file, but m3n_sklearn.save has not written it.")
    return metadata, tensors


def _format_version(metadata: Mapping[str, str], path: str | os.PathLike[str]) -> int:
    """Return the version of the format of a file."""
    version = metadata.get("format_version", "")
    if not version.isdecimal():
        raise ValueError(f"{path} is damaged: its format version reads {version!r}.")
    return int(version)


def _digest(document: str, tensors: Mapping[str, AnyArray]) -> str:
    """Return the SHA-256 of a document and named tensors."""
    chunks = [f"{FORMAT_VERSION}\0{document}\0".encode()]
    for name in sorted(tensors):
        array = tensors[name]
        chunks += [f"{name}\0{array.dtype.str}\0{array.shape}\0".encode(), array.tobytes()]
    return sha256(chunks)


def _versions() -> dict[str, str]:
    """Return the versions that a file records."""
    return {
        "m3n_sklearn": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
    }


def _compare_versions(written: Mapping[str, str], path: str | os.PathLike[str]) -> None:
    """Warn if a file was saved by another version."""
    theirs, ours = written["m3n_sklearn"], __version__
    if theirs != ours:
        warn(
            f"{path} was saved by m3n_sklearn {theirs} and is read by {ours}; predictions may "
            "differ slightly.",
        )
