"""Saving and loading: what a file can hold, and which files are refused."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import socket
import warnings
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

import m3n_sklearn
from m3n_sklearn import HMMClassifier, Multi3NetClassifier, Multi3NetPretrainer, load, save
from m3n_sklearn import _persistence as persistence
from m3n_sklearn._persistence import Persistent
from m3n_sklearn.text import HashingEncoder, SentenceEncoder

from .wrists import pretrained, wrist_data


class Toy(Persistent, BaseEstimator):
    """The smallest estimator: keeps what it was given."""

    def __init__(self, value=None, child=None):
        self.value = value
        self.child = child

    def fit(self, X, y=None):
        self.classes_ = np.unique(y)
        self.weights_ = np.asarray(X)
        return self


class Other(Toy):
    """Another class."""


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    """Let the toys pass for classes of the package."""
    for cls in (Toy, Other):
        monkeypatch.setattr(cls, "__module__", "m3n_sklearn._persistence")
        monkeypatch.setattr(persistence, cls.__name__, cls, raising=False)


def there_and_back(estimator, path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(estimator, path)
        return load(path)


def fitted(**params):
    return Toy(**params).fit(np.arange(6.0).reshape(2, 3), ["a", "b"])


LABELS = [
    ["walk", "run"],
    [3, -1],
    [True, False],
    [1.5, -2.5],
    np.array(["walk", "run"], dtype=object),
    np.array([1, 2], dtype=object),
    np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[D]"),
    np.array([b"walk", b"run"]),
    np.array([1, 2], dtype=np.uint8),
    np.array([1, 2], dtype=">i4"),
    np.array([1, 2], dtype=np.uint16),
]


@pytest.mark.parametrize("labels", LABELS, ids=lambda y: str(np.asarray(y).dtype))
def test_labels_of_any_dtype_come_back(tmp_path, labels):
    estimator = Toy().fit(np.zeros((2, 1)), labels)
    back = there_and_back(estimator, tmp_path / "e.safetensors")
    assert back.classes_.dtype == estimator.classes_.dtype
    np.testing.assert_array_equal(back.classes_, estimator.classes_)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(values)
def test_plain_values_come_back(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("values") / "e.safetensors"
    assert there_and_back(fitted(value=value), path).value == value


@pytest.mark.parametrize(
    "array",
    [
        np.float32(1.5) * np.ones((2, 0, 3), dtype=np.float32),
        np.array(3.0),
        np.ones((2, 3), order="F") * np.arange(3),
        np.array([1 + 2j]),
        np.array(["", "long label"]).reshape(1, 2),
        np.arange(4, dtype=np.float16)[::2],
    ],
    ids=str,
)
def test_arrays_keep_shape_dtype_and_values(tmp_path, array):
    back = there_and_back(fitted(value=array), tmp_path / "e").value
    assert back.shape == array.shape and back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


def test_special_parameters_come_back(tmp_path):
    value = {1: Path("a/b"), "encoder": HashingEncoder(8), "scale": np.float64(0.1), "$": None}
    back = there_and_back(fitted(value=value), tmp_path / "e").value
    assert back == value


def test_estimators_among_the_parameters_are_saved_with_their_state(tmp_path):
    estimator = fitted(child=FrozenEstimator(fitted(value=2)), value=Toy(value=3))
    back = there_and_back(estimator, tmp_path / "e")
    assert isinstance(back.child, FrozenEstimator) and back.child.estimator.value == 2
    np.testing.assert_array_equal(back.child.estimator.weights_, estimator.weights_)
    assert back.value.value == 3 and not hasattr(back.value, "weights_")


def test_what_a_file_cannot_carry_is_named(tmp_path):
    estimator = fitted(value=lambda: 1, child=Toy(value=LogisticRegression()))
    with pytest.warns(UserWarning, match="child__value=LogisticRegression, value=function"):
        save(estimator, tmp_path / "e")
    back = load(tmp_path / "e")
    assert back.value is None and back.child.value is None


def test_only_fitted_estimators_of_the_package_are_saved(tmp_path):
    with pytest.raises(NotFittedError):
        save(Toy(), tmp_path / "e")
    with pytest.raises(TypeError, match="Only estimators of m3n_sklearn"):
        save(LogisticRegression().fit([[0], [1]], [0, 1]), tmp_path / "e")
    with pytest.raises(FileNotFoundError, match="no folder"):
        save(fitted(), tmp_path / "nowhere" / "e")
    assert list(tmp_path.iterdir()) == []


def test_methods_and_wrong_class(tmp_path):
    fitted().save(tmp_path / "e")
    assert isinstance(Toy.load(tmp_path / "e"), Toy)
    with pytest.raises(ValueError, match=r"holds a Toy, not a Other: read it with Toy\.load"):
        Other.load(tmp_path / "e")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "e"
    save(fitted(value="old"), path)

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("m3n_sklearn._files.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save(fitted(value="new"), path)
    assert load(path).value == "old" and list(tmp_path.iterdir()) == [path]


def test_every_flipped_byte_and_every_truncation_is_refused(tmp_path):
    path = tmp_path / "e"
    save(fitted(value="text"), path)
    good = path.read_bytes()
    assert len(good) < 4000
    for position in range(0, len(good), 3):
        bad = bytearray(good)
        bad[position] ^= 0b101
        path.write_bytes(bad)
        with pytest.raises(ValueError):
            load(path)
    for length in range(0, len(good), 97):
        path.write_bytes(good[:length])
        with pytest.raises(ValueError, match="truncated"):
            load(path)
    path.write_bytes(good)
    assert load(path).value == "text"


def test_a_changed_weight_is_called_a_changed_file(tmp_path):
    path = tmp_path / "e"
    save(fitted(), path)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="checksum does not match"):
        load(path)


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "e"
    safetensors.numpy.save_file({"w": np.ones(3)}, path)
    with pytest.raises(ValueError, match=r"but m3n_sklearn\.save has not written it"):
        load(path)
    path.write_text("not tensors")
    with pytest.raises(ValueError, match="can't be read"):
        load(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere")


def rewrite(path, change, **metadata):
    """Write the file anew with a changed document and a checksum that fits it."""
    with safetensors.safe_open(path, framework="np") as file:
        meta, tensors = file.metadata(), {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    document = json.loads(meta["document"])
    change(document)
    meta["document"] = json.dumps(document)
    meta["sha256"] = persistence._digest(meta["document"], tensors)
    safetensors.numpy.save_file(tensors, path, metadata={**meta, **metadata})


def test_newer_formats_and_other_versions(tmp_path):
    path = tmp_path / "e"
    save(fitted(), path)
    rewrite(path, lambda d: d["versions"].update(m3n_sklearn="0.0.1"))
    with pytest.warns(UserWarning, match=r"saved by m3n_sklearn 0\.0\.1"):
        load(path)
    rewrite(path, lambda d: None, format_version="2")
    with pytest.raises(ValueError, match=r"format version 2.*Upgrade"):
        load(path)
    rewrite(path, lambda d: None, format_version="one")
    with pytest.raises(ValueError, match="format version reads 'one'"):
        load(path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("os:system", "not a class that m3n_sklearn saves"),
        ("m3n_sklearn._persistence:os", "not a class that m3n_sklearn saves"),
        ("m3n_sklearn._persistence:Path", "not a class that m3n_sklearn saves"),
        ("m3n_sklearn.text:HashingEncoder", "not a class that m3n_sklearn saves"),
        ("m3n_sklearn._persistence:Gone", "does not have"),
        ("m3n_sklearn.gone:Gone", "does not have"),
    ],
)
def test_nothing_but_estimators_of_the_package_is_called(tmp_path, name, message):
    path = tmp_path / "e"
    save(fitted(), path)
    rewrite(path, lambda d: d["estimator"].update({"class": name}))
    with pytest.raises(ValueError, match=message):
        load(path)


def test_unknown_kinds_and_false_records_are_refused(tmp_path):
    path = tmp_path / "e"
    save(fitted(), path)
    rewrite(path, lambda d: d["estimator"]["params"].update(value={"$": "code"}))
    with pytest.raises(ValueError, match="unknown kind 'code'"):
        load(path)
    false = {"$": "record", "class": "m3n_sklearn._persistence:Toy", "fields": {}}
    rewrite(path, lambda d: d["estimator"]["params"].update(value=false))
    with pytest.raises(ValueError, match="which has none"):
        load(path)


# ---- nothing that is saved runs, connects or reads later


X = np.random.default_rng(0).normal(size=(8, 6, 40))
X[:, 2] += 9.8
LABELS_OF_X = ["still", "wave"] * 4


@pytest.fixture(scope="module")
def classifier():
    return Multi3NetClassifier(strategy="scratch", max_epochs=1, rate=50.0).fit(X, LABELS_OF_X)


@pytest.fixture
def nobody_else(monkeypatch):
    """No host is asked, nothing is unpickled, and no cache is opened."""

    def refuse(*args, **kwargs):
        raise AssertionError(f"something left the file: {args}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("pickle.load", refuse)
    monkeypatch.setattr("pickle.loads", refuse)
    monkeypatch.setattr("joblib.numpy_pickle.load", refuse)
    monkeypatch.setattr("joblib.memory.Memory.__init__", refuse)
    monkeypatch.setattr("m3n_sklearn.text._sentence._load", refuse)


def forged(tmp_path, estimator, **params):
    """Return the path of a file with a valid checksum and parameters of the forger's choice."""
    path = tmp_path / "forged.safetensors"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save(estimator, path)
    rewrite(path, lambda document: document["estimator"]["params"].update(params))
    return path


@pytest.mark.parametrize("memory", ["cache", Path("cache")], ids=type)
def test_a_cache_is_not_saved(tmp_path, classifier, memory):
    from sklearn.base import clone

    given = clone(classifier).set_params(memory=str(memory)).fit(X, LABELS_OF_X)
    with pytest.warns(UserWarning, match="can't carry memory='cache'"):
        save(given, tmp_path / "e")
    assert load(tmp_path / "e").memory is None
    nested = HMMClassifier(given).fit(X, LABELS_OF_X, groups=[0, 0, 0, 0, 1, 1, 1, 1])
    with pytest.warns(UserWarning, match="estimator__memory='cache'"):
        save(nested, tmp_path / "e")
    assert load(tmp_path / "e").estimator.memory is None


@pytest.mark.parametrize(
    "memory", ["cache", {"$": "path", "path": "/tmp/cache"}, {"$": "tuple", "items": ["cache"]}]
)
def test_a_forged_cache_is_not_opened(tmp_path, classifier, memory, nobody_else):
    loaded = load(forged(tmp_path, classifier, memory=memory))
    assert loaded.memory is None
    loaded.fit(X, LABELS_OF_X)


def sentence_encoder(**fields):
    return {"$": "record", "class": "m3n_sklearn.text:SentenceEncoder", "fields": fields}


FORGED_ENCODERS = [
    "evil/model",
    "/tmp/model",
    "all-mpnet-base-v2",
    {"$": "path", "path": "/tmp/model"},
    sentence_encoder(model="evil/model"),
    sentence_encoder(model={"$": "path", "path": "/tmp/model"}),
    sentence_encoder(cache_dir="/tmp/cache"),
    sentence_encoder(model="all-MiniLM-L6-v2", cache_dir={"$": "path", "path": "//host/share"}),
    {**sentence_encoder(), "fields": {"$": "mapping", "items": [["model", "evil/model"]]}},
]


@pytest.mark.parametrize("encoder", FORGED_ENCODERS, ids=str)
def test_a_forged_text_encoder_is_never_asked(tmp_path, encoder, nobody_else):
    path = forged(tmp_path, pretrained(), text_encoder=encoder)
    loaded = load(path)
    for use in (lambda: loaded.embed_text(["wave"]), lambda: loaded.fit(X)):
        with pytest.raises((TypeError, ValueError), match=r"confirm it with set_params\(text_enc"):
            use()
    windows = wrist_data(1)[0]
    np.testing.assert_array_equal(loaded.transform(windows), pretrained().transform(windows))
    save(loaded, path)  # what is not confirmed stays so
    with pytest.raises(TypeError, match="confirm it"):
        load(path).embed_text(["wave"])
    loaded.set_params(text_encoder="hashing", max_epochs=1).fit(X)


@pytest.mark.parametrize(
    "encoder", ["hashing", "all-MiniLM-L6-v2", HashingEncoder(8), SentenceEncoder(batch_size=2)]
)
def test_known_text_encoders_come_back(tmp_path, encoder):
    given = pretrained()
    before = given.text_encoder
    try:
        given.set_params(text_encoder=encoder)
        back = there_and_back(given, tmp_path / "e")
    finally:
        given.set_params(text_encoder=before)
    assert back.text_encoder == encoder


FORGED_PRETRAINERS = ["evil", "/tmp/e.safetensors", "//host/e", {"$": "path", "path": "e"}]


@pytest.mark.parametrize("pretrainer", FORGED_PRETRAINERS, ids=str)
def test_a_forged_pretrainer_is_not_read(tmp_path, classifier, pretrainer, nobody_else):
    path = forged(tmp_path, classifier, pretrainer=pretrainer, strategy="frozen")
    loaded = load(path)
    np.testing.assert_array_equal(loaded.predict(X), classifier.predict(X))
    with pytest.raises(ValueError, match=r"confirm it with set_params\(pretrainer"):
        loaded.fit(X, LABELS_OF_X)
    path = forged(tmp_path, classifier, pretrainer=["m3n-base", pretrainer], strategy="auto")
    with pytest.raises(TypeError, match="Unconfirmed"):
        load(path).fit(X, LABELS_OF_X)


def test_names_of_the_package_come_back(tmp_path, classifier):
    for pretrainer in ("m3n-base", ["m3n-base"]):
        loaded = load(forged(tmp_path, classifier, pretrainer=pretrainer, strategy="frozen"))
        assert loaded.pretrainer == pretrainer
    loaded.set_params(pretrainer="m3n-base").fit(X, LABELS_OF_X)


@pytest.mark.parametrize("corpus", ["corpus", "//host/share", {"$": "path", "path": "corpus"}])
def test_a_forged_corpus_is_not_opened(tmp_path, corpus, nobody_else):
    loaded = load(forged(tmp_path, pretrained(), corpus=corpus))
    with pytest.raises(ValueError, match=r"confirm it with set_params\(corpus"):
        loaded.fit(X)
    loaded.set_params(corpus=None, max_epochs=1).fit(X)


def test_forged_parts_deep_inside_are_not_asked(tmp_path, classifier, nobody_else):
    evil = json.loads(json.dumps(persistence.encode(Multi3NetPretrainer())[0]))
    evil["params"]["text_encoder"] = "evil/model"
    frozen = {"$": "estimator", "class": "sklearn.frozen:FrozenEstimator", "state": None}
    for pretrainer in (evil, {**frozen, "params": {"estimator": evil}}):
        loaded = load(forged(tmp_path, classifier, pretrainer=pretrainer))
        inner = getattr(loaded.pretrainer, "estimator", loaded.pretrainer)
        with pytest.raises(TypeError, match="confirm it"):
            m3n_sklearn.text.resolve_text_encoder(inner.text_encoder)
    with pytest.raises(ValueError, match="another place than text_encoder"):
        load(forged(tmp_path, classifier, augment=sentence_encoder(model="evil/model")))


def test_a_file_sets_fitted_state_only(tmp_path):
    path = tmp_path / "e"
    for name in ("predict", "_live", "value", "__class__"):
        save(fitted(), path)
        rewrite(path, lambda d, name=name: d["estimator"]["state"].update({name: "x"}))
        with pytest.raises(ValueError, match=f"sets {name}, which no fit sets"):
            load(path)


REVIEWED = {
    # held by the reader
    "checkpoint", "corpus", "memory", "pretrainer", "text_encoder",
    # names of presets, sites and channels, and a device of torch: none is a path or a class
    "body", "channels", "device", "noise", "sites",
    # names of units
    "acc_unit", "gyro_unit",
    # objects of the package that are in the file themselves
    "estimator", "simulator",
    # callbacks and splitters, which no file carries
    "callbacks", "cv",
}  # fmt: skip


def test_every_parameter_that_takes_any_text_or_object_was_reviewed():
    """A new parameter that could lead out of a file has to be thought about first."""
    free = set()
    for module in pkgutil.walk_packages(m3n_sklearn.__path__, "m3n_sklearn."):
        if module.name.endswith("_numba"):
            continue
        for cls in vars(importlib.import_module(module.name)).values():
            ours = inspect.isclass(cls) and cls.__module__.startswith("m3n_sklearn.")
            if not ours or not issubclass(cls, BaseEstimator):
                continue
            for name, allowed in getattr(cls, "_parameter_constraints", {}).items():
                kinds = [] if isinstance(allowed, str) else allowed
                opened = isinstance(allowed, str) or any(
                    kind is str or kind is object or type(kind).__name__ == "HasMethods"
                    for kind in kinds
                )
                free |= {name} if opened else set()
    assert free <= REVIEWED, free - REVIEWED
