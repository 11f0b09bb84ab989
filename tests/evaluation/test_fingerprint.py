"""Equal content has equal fingerprints, in any process; other content has others."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cached_property, partial
from pathlib import Path
from threading import Lock

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from m3n_sklearn import Windows
from m3n_sklearn.evaluation._fingerprint import fingerprint
from m3n_sklearn.recording import channel_names

X, Y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 3


def shift(by):
    return lambda x: x + by


def forest(seed=0):
    return FrozenEstimator(RandomForestClassifier(3, random_state=seed).fit(X, Y))


def circle(end):
    ring = [1]
    ring += [ring, end]
    return ring


def windows(n=3, **facts):
    return Windows(imu=np.arange(n * 60.0).reshape(n, 6, 10), rate=10.0, **facts)


def parts():
    """Return one of each kind."""
    return [
        {"b", "a", "c"},
        {"words": ("ä", b"x", None, 1.5, 2j, True, 10**30), np.int8(3): [np.nan]},
        np.array(["a", None], dtype=object),
        forest(),
        make_pipeline(
            FunctionTransformer(shift(2)), FunctionTransformer(partial(np.clip, a_min=0))
        ),
        windows(text=["a", "b", "a"]),
        np.random.RandomState(0),
        np.dtype("f4"),
        Path("nowhere"),
    ]


def test_any_process_finds_the_same():
    code = (
        "from tests.evaluation.test_fingerprint import fingerprint, parts\n"
        "print(*map(fingerprint, parts()))"
    )
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": root, "PYTHONHASHSEED": "12"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [fingerprint(part) for part in parts()]


OTHERS = {
    "type": (1, 1.0),
    "nesting": ([[1], 2], [1, [2]]),
    "shape": (np.zeros((2, 3)), np.zeros((3, 2))),
    "a late value": (np.zeros(10**6), np.r_[np.zeros(10**6 - 1), 1]),
    "parameter": (LogisticRegression(), LogisticRegression(C=2.0)),
    "class": (BaggingClassifier(), RandomForestClassifier()),
    "nested": (make_pipeline(KNeighborsClassifier(3)), make_pipeline(KNeighborsClassifier(4))),
    "long dict": ({i: "x" for i in range(200)}, {i: "xy"[i == 150] for i in range(200)}),
    "frozen": (forest(), forest(seed=1)),
    "frozen private": [
        FrozenEstimator(KNeighborsClassifier().fit(X + shifted, Y)) for shifted in (0, [0, 0, 0, 1])
    ],
    "code": (lambda x: x + 1, lambda x: x - 1),
    "constant": (lambda x: x + 1, lambda x: x + 2),
    "closure": (shift(1), shift(2)),
    "default": (lambda x, a=1: x, lambda x, a=2: x),
    "partial": (partial(np.clip, a_min=0), partial(np.clip, a_min=1)),
    "function": (np.log, np.exp),
    "column": (windows(), windows(present={"imu": [True, True, False]})),
    "slice": (windows(4)[:3], windows(4)[1:]),
    "circle": (circle(1), circle(2)),
}


@pytest.mark.parametrize("what", OTHERS)
def test_other_content_is_seen(what):
    one, other = OTHERS[what]
    assert fingerprint(one) != fingerprint(other)


class Lazy:
    """Keeps what it computes."""

    @cached_property
    def large(self):
        return 3


def test_equal_content_is_the_same():
    assert fingerprint(windows(4)[:3]) == fingerprint(windows())
    assert fingerprint(clone(LogisticRegression())) == fingerprint(LogisticRegression())
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    shared = np.arange(3)
    assert fingerprint([shared, shared]) == fingerprint([np.arange(3), np.arange(3)])
    records = np.empty(4, dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True))
    noisy = np.frombuffer(bytes(range(64)), dtype=records.dtype).copy()
    records["a"], records["b"] = noisy["a"], noisy["b"]
    assert fingerprint(records) == fingerprint(noisy)


def test_use_leaves_no_trace():
    from m3n_sklearn.pretraining import load_pretrained

    lazy = Lazy()
    before = fingerprint(lazy)
    assert lazy.large == 3 and fingerprint(lazy) == before
    still = Windows(imu=np.zeros((2, 6, 40)), rate=20.0, channels=channel_names("wrist"))
    frozen = FrozenEstimator(load_pretrained("m3n-base"))
    before = fingerprint(frozen)
    frozen.transform(still)
    assert fingerprint(frozen) == before
    watched = RandomForestClassifier()
    watched._skl_callbacks = [Lock()]
    assert fingerprint(watched) == fingerprint(RandomForestClassifier())


def test_files_count_by_what_is_in_them(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"weights")
    other.write_bytes(b"weights")

    def of(path):
        listed = FunctionTransformer(kw_args=["a name", path])
        alone = FunctionTransformer(kw_args=path)
        return fingerprint(alone), fingerprint(listed), fingerprint([Path(path)])

    assert of(str(one)) == of(str(other))
    known = of(str(one))
    one.write_bytes(b"Weights")
    assert not set(of(str(one))) & set(known)
    assert fingerprint(tmp_path) == fingerprint(Path(str(tmp_path))) != fingerprint(one)


def test_tensors_count_by_their_values():
    torch = pytest.importorskip("torch")
    ones, twos = ({"w": torch.full((2,), v, dtype=torch.bfloat16)} for v in (1, 2))
    assert fingerprint(ones) == fingerprint({"w": torch.ones(2, dtype=torch.bfloat16)})
    assert fingerprint(ones) != fingerprint(twos)


def test_what_cannot_be_taken_apart_counts_by_its_class():
    assert fingerprint(Lock()) == fingerprint(Lock()) != fingerprint(sys.stdout)
