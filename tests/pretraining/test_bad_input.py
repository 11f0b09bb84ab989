"""Bad input of the pretrainer and damaged corpora are refused with words that help."""

from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from m3n_sklearn import SMPLIMUSimulator, Windows
from m3n_sklearn.pretraining import open_corpus, save_corpus

from ..refusals import CORPUS, IMU, INF, MOTION, NAN, RECORDING, X, cases, refuses, tiny
from ..wrists import pretrained


@cases(
    (lambda: tiny().fit("abc"), TypeError, "X is a str", "(n, channels, samples)"),
    (lambda: tiny().fit(MOTION), TypeError, "X is a Motion", "m3n_sklearn.cut"),
    (lambda: tiny().fit([RECORDING]), TypeError, "list of Recording", "m3n_sklearn.cut"),
    (lambda: tiny().fit(IMU[None]), ValueError, "(1, 9, 6, 40)"),
    (lambda: tiny().fit(IMU * INF), ValueError, "infinity"),
    (lambda: tiny().fit(IMU[:0]), ValueError, "0 sample(s)"),
    (lambda: tiny().fit(IMU[:, :0]), ValueError, "(9, 0, 40)", "at least one of each"),
    (lambda: tiny().fit(IMU[:, :, :0]), ValueError, "(9, 6, 0)"),
    (lambda: tiny().fit(Windows(text=["a", "b"])), ValueError, "have text", "Give IMU windows"),
    (lambda: tiny(channels=["a"]).fit(IMU), ValueError, "names 1 channels", "6"),
    (lambda: tiny(corpus="/no/such").fit(), FileNotFoundError, "not a corpus", "save_corpus"),
    (lambda: tiny(objectives={"foo": 1}).fit(CORPUS), ValueError, "contains foo", "imu_pose"),
    (lambda: tiny(objectives={"imu_pose": -1}).fit(CORPUS), ValueError, "at least 0"),
    (lambda: tiny(objectives={"imu_text": 1}).fit(X), ValueError, "data have imu", "imu_text"),
    (lambda: tiny(encoder="paper", width=7).fit(CORPUS), ValueError, "multiple of 8", "got 7"),
    (lambda: tiny(callbacks="stop").fit(X), ValueError, "'callbacks'", "Got 'stop'"),
    (lambda: tiny(callbacks=["stop"]).fit(X), TypeError, "callbacks[0]", "got 'stop'"),
    (lambda: tiny(batch_size=0).fit(CORPUS), ValueError, "'batch_size'", "Got 0"),
    (lambda: tiny().fit(IMU * 1e30), FloatingPointError, "no longer finite", "scale of X"),
    (lambda: tiny().transform(IMU), NotFittedError, "not fitted"),
    (lambda: tiny().predict_imu(CORPUS), NotFittedError, "not fitted"),
    (lambda: pretrained().transform(IMU[:, 0]), ValueError, "40 features", "expecting 6"),
    (lambda: pretrained().transform(IMU * NAN), ValueError, "contains NaN"),
    (lambda: pretrained().transform(IMU[:0]), ValueError, "0 sample(s)"),
    (lambda: pretrained().transform(CORPUS.drop("imu")), ValueError, "no column 'imu'"),
    (lambda: pretrained().score(None), TypeError, "X is a NoneType"),
    (lambda: pretrained().embed(IMU, "pose"), ValueError, "column 'pose'", "ndarray"),
    (lambda: pretrained().embed_text("a man"), TypeError, "one string", "['a man']"),
    (lambda: pretrained().embed_text([]), ValueError, "at least one"),
    (lambda: tiny().fit(X).embed_text(["a"]), ValueError, "not trained", "'text'"),
    (lambda: tiny(warm_start=True).fit(X).fit(IMU[:, :3]), ValueError, "warm_start=False"),
)
def test_pretraining(call, error, words):
    refuses(call, error, *words)


@cases(
    (
        lambda folder: save_corpus(X.assign(**{"../foo": np.zeros(9)}), folder / "new"),
        ValueError,
        "'../foo' can't be a file",
    ),
)
def test_corpora_leave_nothing_behind(tmp_path, call, error, words):
    refuses(lambda: call(tmp_path), error, *words)
    assert not list(tmp_path.iterdir())


def sign(folder):
    """Write the digests that fit the files and the facts of a corpus, as a forger would."""
    path = folder / "meta.json"
    meta = json.loads(path.read_text())
    meta.pop("sha256", None)
    meta["files"] = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in meta["files"]
    }
    digest = hashlib.sha256(json.dumps(meta).encode()).hexdigest()
    path.write_text(json.dumps({**meta, "sha256": digest}))
    return folder


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ("[]", ("meta.json is damaged",)),
        ({"columns": ["../imu"]}, ("'../imu' can't be a file",)),
        ({"texts": ["a"]}, ("1 texts", "damaged")),
        ({"texts": 3}, ("damaged",)),
    ],
)
def test_corpora_with_a_damaged_meta_file(tmp_path, meta, words):
    path = save_corpus(CORPUS, tmp_path / "corpus") / "meta.json"
    text = meta if isinstance(meta, str) else json.dumps(json.loads(path.read_text()) | meta)
    path.write_text(text)
    if not isinstance(meta, str):
        sign(path.parent)
    refuses(lambda: open_corpus(tmp_path / "corpus"), ValueError, *words)


@pytest.mark.parametrize(
    "key",
    ["format", "columns", "present", "rates", "channels", "margin", "texts", "files", "sha256"],
)
def test_corpora_that_lack_a_fact(tmp_path, key):
    path = save_corpus(CORPUS, tmp_path / "corpus") / "meta.json"
    facts = json.loads(path.read_text())
    del facts[key]
    path.write_text(json.dumps(facts))
    refuses(lambda: open_corpus(tmp_path / "corpus"), ValueError, "meta.json is damaged", key)


def test_corpora_with_damaged_arrays(tmp_path):
    folder = save_corpus(CORPUS, tmp_path / "corpus")
    for content in ((folder / "imu.npy").read_bytes()[:500], b"hello", b""):
        (folder / "imu.npy").write_bytes(content)
        refuses(lambda: open_corpus(folder), ValueError, "imu.npy is damaged or truncated")
    (folder / "imu.npy").unlink()
    refuses(lambda: open_corpus(folder), FileNotFoundError, "lacks imu.npy")
    shutil.rmtree(folder)


@pytest.mark.parametrize("simulated", [False, True])
@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("column", ["imu", "pose", "trans"])
def test_no_value_that_is_not_finite_is_trained_on(tmp_path, column, value, simulated):
    """Not from disk with valid digests, not from the user's memory maps, not into a new corpus."""
    still = CORPUS.assign(trans=np.zeros((9, CORPUS["pose"].shape[1], 3)), clip=list("abcdefghi"))
    folder = save_corpus(still, tmp_path / "corpus")
    array = np.load(folder / f"{column}.npy")
    array[5].flat[7] = value
    np.save(folder / f"{column}.npy", array)
    words = (repr(column), "NaN or infinity", "row 5", "clip f")
    simulator = SMPLIMUSimulator(sites=("right_wrist",)) if simulated else None
    if simulator is None or column != "imu":
        refuses(lambda: tiny(corpus=folder).fit(), ValueError, f"{column}.npy is damaged")
        refuses(lambda: tiny(corpus=sign(folder), simulator=simulator).fit(), ValueError, *words)
    mapped = open_corpus(sign(folder))
    refuses(lambda: save_corpus(mapped, tmp_path / "new"), ValueError, *words)
    assert not (tmp_path / "new").exists()
