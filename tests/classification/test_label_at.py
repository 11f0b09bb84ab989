"""Labels of whole windows, and labels of their middle."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator

from m3n_sklearn import Multi3NetPretrainer
from m3n_sklearn.classification import Multi3NetClassifier
from m3n_sklearn.nets._recognizers import AROUND_CENTER, _part

from ..wrists import classifier, corpus, pretrained, wrist_data


def moving_middles(n, seed):
    """Long windows that move in one third; the label tells whether it is the middle one."""
    rng = np.random.default_rng(seed)
    X = 0.1 * rng.normal(size=(n, 6, 240)).astype("float32")
    X[:, 2] += 9.8
    third = rng.integers(0, 3, n)
    for window, k in zip(X, third, strict=True):
        window[:, 80 * k : 80 * (k + 1)] += rng.normal(size=(6, 80)) * 3
    return X, np.where(third == 1, "moving", "still")


def test_the_middle_is_told_from_what_is_around_it():
    X, y = moving_middles(60, 0)
    X_new, y_new = moving_middles(60, 1)
    whole, center = (classifier(label_at=at, augment=None).fit(X, y) for at in ("window", "center"))
    assert center.score(X_new, y_new) > 0.95
    assert center.score(X_new, y_new) > whole.score(X_new, y_new)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["scratch", "frozen", "finetune", "auto"])
def test_every_strategy_with_a_head_reads_the_center(strategy, tmp_path):
    X, y, _ = wrist_data(8)
    source = FrozenEstimator(pretrained())
    fitted = classifier(source, strategy=strategy, label_at="center", lr=1e-2, max_epochs=40)
    fitted.fit(X, y)
    assert fitted.score(X, y) > 0.8
    fitted.save(tmp_path / "center.safetensors")
    again = Multi3NetClassifier.load(tmp_path / "center.safetensors")
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_windows_of_a_few_samples_have_a_center():
    X, y = moving_middles(12, 0)
    fitted = classifier(label_at="center", augment=None).fit(X[:, :, 118:123], y)
    for length in (1, 2, 5, 30):
        assert np.isfinite(fitted.predict_proba(X[:, :, :length])).all()


def test_shares_cover_the_window_and_the_middle_is_the_middle():
    import torch

    sequence = torch.arange(48)[None, None]
    middle, center, before, after = (_part(sequence, *p)[0, 0].tolist() for p in AROUND_CENTER)
    assert before + center + after == list(range(48))
    assert middle == list(range(21, 27))


@pytest.mark.slow
def test_an_encoder_without_a_sequence_is_refused():
    X, y, _ = wrist_data(8)
    paper = Multi3NetPretrainer(encoder="paper", width=8, max_epochs=1, random_state=0)
    source = FrozenEstimator(paper.fit(corpus(8)))
    for strategy in ("scratch", "frozen", "auto"):
        with pytest.raises(ValueError, match="label_at='window'"):
            classifier(source, strategy=strategy, label_at="center").fit(X, y)
