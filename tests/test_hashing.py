"""Equal content has equal digests, in any process; other content has others."""

from __future__ import annotations

import copy
import hashlib
import os
import subprocess
import sys
from functools import partial

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn

from m3n_sklearn import Multi3NetPretrainer, Windows
from m3n_sklearn._hashing import content_hash, file_digest, folder_digests, sha256, stable_key

X, Y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 3


def forest(seed=0):
    return FrozenEstimator(RandomForestClassifier(3, random_state=seed).fit(X, Y))


def windows(n=3, **facts):
    return Windows(imu=np.arange(n * 60.0).reshape(n, 6, 10), rate=10.0, **facts)


def network(seed=0, stride=1):
    torch.manual_seed(seed)
    layers = nn.Conv1d(3, 4, 5, stride=stride), nn.BatchNorm1d(4), nn.Dropout(0.1)
    return nn.Sequential(*layers)


class Pool(nn.Module):
    """A module whose text shows nothing of what it does."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.last = torch.zeros(1)  # not a setting

    def get_extra_state(self):
        return {"version": 1}


def parts():
    """Return one of each kind."""
    return [
        network().to(torch.bfloat16),
        {"encode": network().forward, "scale": torch.arange(3.0)},
        {"b", "a", "c"},
        {"words": ("ä", b"x", None, 1.5, 2j, True, 10**30), np.int8(3): [np.nan]},
        np.array(["a", None], dtype=object),
        forest(),
        make_pipeline(FunctionTransformer(np.log), FunctionTransformer(partial(np.clip, a_min=0))),
        windows(text=["a", "b", "a"]),
        np.random.RandomState(0),
        np.dtype("f4"),
    ]


@pytest.mark.slow
def test_any_process_finds_the_same():
    code = "from tests.test_hashing import content_hash, parts\nprint(*map(content_hash, parts()))"
    root = os.path.dirname(os.path.dirname(__file__))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": root, "PYTHONHASHSEED": "12"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [content_hash(part) for part in parts()]


OTHERS = {
    "type": (1, 1.0),
    "nesting": ([[1], 2], [1, [2]]),
    "shape": (np.zeros((2, 3)), np.zeros((3, 2))),
    "a late value": (np.zeros(10**6), np.r_[np.zeros(10**6 - 1), 1]),
    "parameter": (LogisticRegression(), LogisticRegression(C=2.0)),
    "class": (BaggingClassifier(), RandomForestClassifier()),
    "nested": (make_pipeline(KNeighborsClassifier(3)), make_pipeline(KNeighborsClassifier(4))),
    "frozen": (forest(), forest(seed=1)),
    "frozen private": [
        FrozenEstimator(KNeighborsClassifier().fit(X + shifted, Y)) for shifted in (0, [0, 0, 0, 1])
    ],
    "partial": (partial(np.clip, a_min=0), partial(np.clip, a_min=1)),
    "function": (np.log, np.exp),
    "weights": (network(), network(seed=1)),
    "structure": (network(), network(stride=2)),
    "setting": (nn.Sequential(Pool("mean")), nn.Sequential(Pool("max"))),
    "tensor": (torch.zeros(3), torch.ones(3)),
    "8 bits": [torch.tensor([x]).to(torch.float8_e4m3fn) for x in (1.0, 2.0)],
    "column": (windows(), windows(present={"imu": [True, True, False]})),
    "slice": (windows(4)[:3], windows(4)[1:]),
}


@pytest.mark.parametrize("what", OTHERS)
def test_other_content_is_seen(what):
    one, other = OTHERS[what]
    assert content_hash(one) != content_hash(other)


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_quantized_weights_are_seen():
    one, same, other = (
        torch.quantize_per_tensor(torch.tensor([x]), 0.1, 0, torch.qint8) for x in (1.0, 1.0, 2.0)
    )
    assert content_hash(one) == content_hash(same) != content_hash(other)


def test_equal_content_is_the_same(tmp_path):
    assert content_hash(windows(4)[:3]) == content_hash(windows())
    assert content_hash(clone(LogisticRegression())) == content_hash(LogisticRegression())
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})
    used = network()
    used(torch.ones(1, 3, 9)).sum().backward()  # batch norm counts in training
    assert content_hash(used.train()) == content_hash(copy.deepcopy(used).eval())
    joblib.dump(X, tmp_path / "x")
    assert content_hash(joblib.load(tmp_path / "x", mmap_mode="r")) == content_hash(X)


def test_files_and_folders(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "one").write_bytes(b"weights")
    (tmp_path / "below" / "two").write_bytes(b"")
    known = hashlib.sha256(b"weights").hexdigest()
    assert file_digest(tmp_path / "one") == known == sha256([b"wei", b"ghts"])
    found = folder_digests(tmp_path)
    assert list(found) == ["below/two", "one"] and found["one"] == known


def test_keys_of_random_draws_keep_their_bits():
    """Seeded simulations of earlier versions depend on them."""
    assert stable_key("walk", 3).hex() == "d1b8f263e263b0b194c08a68fc12220c"
    assert stable_key(np.arange(3.0), b"x", None).hex() == "f6cbca9e44d58766990cb2ee3dab2c0b"
    assert stable_key(np.float64(2)) == stable_key(2.0) != stable_key(2)


def test_a_path_counts_with_what_it_leads_to(tmp_path):
    file, folder = tmp_path / "encoder.safetensors", tmp_path / "corpus"
    folder.mkdir()
    for path in (file, folder / "manifest.json"):
        path.write_text("one")
    before = [content_hash(each) for each in (file, str(file), folder, {"corpus": str(folder)})]
    for path in (file, folder / "manifest.json"):
        path.write_text("two")
    after = [content_hash(each) for each in (file, str(file), folder, {"corpus": str(folder)})]
    assert not set(before) & set(after)
    assert content_hash("walk") == content_hash("walk")


def test_where_an_estimator_keeps_its_work_does_not_count(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    found = set()
    for content in ("one", "two"):
        (kept / "fit").write_text(content)
        found |= {
            content_hash(make_pipeline(LogisticRegression(), memory=str(kept))),
            content_hash(make_pipeline(LogisticRegression())),
        }
    assert len(found) == 1
    parts = {
        content_hash(Multi3NetPretrainer(checkpoint=place)) for place in (None, kept, "./not_there")
    }
    assert len(parts) == 1
    assert content_hash(Multi3NetPretrainer(corpus=kept)) not in parts


class Reservoir(LogisticRegression):
    """An estimator whose parameter of that name is a number."""

    memory = 1


def test_a_number_of_such_a_name_counts():
    short, long = Reservoir(), Reservoir()
    short.memory, long.memory = 3, 30
    assert content_hash(short) != content_hash(long)
