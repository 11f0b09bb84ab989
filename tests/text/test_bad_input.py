"""Bad texts and text encoders are refused with words that help."""

from __future__ import annotations

from m3n_sklearn import HashingEncoder, SentenceEncoder
from m3n_sklearn.text._encoder import encode_unique

from ..refusals import cases, refuses


class Broken:
    """A text encoder that returns whatever it was given."""

    def __init__(self, answer):
        self.answer = answer

    def encode(self, sentences):
        return self.answer


@cases(
    (lambda: HashingEncoder("a"), TypeError, "n_features must be a whole number"),
    (lambda: HashingEncoder(2.5), TypeError, "n_features must be a whole number"),
    (lambda: HashingEncoder(4).encode("walk"), TypeError, "one string", "['walk']"),
    (lambda: HashingEncoder(4).encode([1]), TypeError, "must be a str"),
    (lambda: HashingEncoder(4).encode(None), TypeError, "sentences must be", "NoneType"),
    (lambda: SentenceEncoder(None), TypeError, "model must be a name or a folder"),
    (lambda: SentenceEncoder(batch_size=0), ValueError, "batch_size must be at least 1"),
    (lambda: SentenceEncoder(cache_dir=__file__), NotADirectoryError, "cache_dir", "is a file"),
    (
        lambda: SentenceEncoder("/no/such", local_files_only=True).encode(["a"]),
        OSError,
        "does not exist",
    ),
    (lambda: encode_unique(Broken(["a"]), ["a"]), ValueError, "numbers are needed"),
)
def test_texts(call, error, words):
    refuses(call, error, *words)
