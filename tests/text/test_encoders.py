"""Hashing, resolving, encoding once: everything that needs no language model."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from m3n_sklearn.text import HashingEncoder, SentenceEncoder
from m3n_sklearn.text._encoder import encode_unique
from m3n_sklearn.text._sentence import resolve_text_encoder

sentences = st.lists(st.text(max_size=12), max_size=6)


class Counting:
    """An encoder of the user's that remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def encode(self, sentences):
        self.asked.append(list(sentences))
        return np.array([[len(s), 1.0] for s in sentences])


@given(sentences)
def test_hashing_gives_unit_vectors_or_zeros_row_by_row(texts):
    vectors = HashingEncoder(16).encode(texts)
    assert vectors.shape == (len(texts), 16) and vectors.dtype == np.float32
    norms = np.linalg.norm(vectors, axis=1)
    assert np.all((np.abs(norms - 1) < 1e-6) | (norms == 0))
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_array_equal(HashingEncoder(16).encode([text])[0], vector)


@pytest.mark.slow
def test_hashing_does_not_depend_on_the_process():
    code = (
        "from m3n_sklearn.text import HashingEncoder;"
        "print(HashingEncoder(32).encode(['draw x twice']).tobytes().hex())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert runs == {HashingEncoder(32).encode(["draw x twice"]).tobytes().hex() + "\n"}


def test_hashing_refuses_a_length_of_zero():
    with pytest.raises(ValueError, match="n_features must be at least 1"):
        HashingEncoder(0)


def test_each_distinct_sentence_is_encoded_once_in_a_fixed_order():
    encoder = Counting()
    vectors = encode_unique(encoder, ["walk", "go", "walk"])
    assert encoder.asked == [["go", "walk"]]
    np.testing.assert_array_equal(vectors, np.array([[4, 1], [2, 1], [4, 1]], dtype=np.float32))
    encode_unique(encoder, np.array(["go", "walk"]))
    assert encoder.asked[1] == encoder.asked[0]


class Wrong:
    def __init__(self, value):
        self.value = value

    def encode(self, sentences):
        return self.value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros(3), r"shape \(3,\) for 1 sentences"),
        (np.zeros((2, 3)), r"must return an array of shape \(1, d\)"),
        (np.full((1, 3), np.nan), "NaN"),
    ],
)
def test_wrong_vectors_are_refused(value, message):
    with pytest.raises(ValueError, match=message):
        encode_unique(Wrong(value), ["wave"])


@pytest.mark.parametrize("texts", ["wave", ["wave", 3], [None]])
def test_something_else_than_sentences_is_refused(texts):
    for encode in (SentenceEncoder().encode, lambda s: encode_unique(Counting(), s)):
        with pytest.raises(TypeError, match="sentence"):
            encode(texts)


def test_resolving_names_folders_and_objects(tmp_path):
    own = Counting()
    assert resolve_text_encoder(own) is own
    assert resolve_text_encoder("hashing") == HashingEncoder()
    assert resolve_text_encoder("some/model") == SentenceEncoder("some/model")
    assert resolve_text_encoder(tmp_path) == SentenceEncoder(str(tmp_path))
    for wrong in (None, 3, Counting):
        with pytest.raises(TypeError, match=r"encode.*model name, a folder or an object"):
            resolve_text_encoder(wrong)


def test_encoders_pickle_and_compare_by_value():
    for encoder in (HashingEncoder(8), SentenceEncoder("x", cache_dir="c")):
        assert pickle.loads(pickle.dumps(encoder)) == encoder


@pytest.mark.slow
def test_importing_the_package_does_not_import_sentence_transformers():
    code = (
        "import sys, m3n_sklearn, m3n_sklearn.text as t;"
        "t.resolve_text_encoder('all-MiniLM-L6-v2');"
        "print([m for m in ('sentence_transformers', 'transformers', 'torch') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
