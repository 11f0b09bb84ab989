"""Batch normalisation whose statistics stay as they were pretrained."""

from __future__ import annotations

import torch

from m3n_sklearn.nets._layers import make_norm


def test_frozen_statistics_neither_change_nor_depend_on_the_batch():
    rows = torch.randn(8, 4, 10, generator=torch.Generator().manual_seed(0)) * 3 + 5
    learning, frozen = make_norm("batch", 4), make_norm("frozen_batch", 4)
    learning(rows)
    assert learning.running_mean.abs().min() > 0.1
    frozen.load_state_dict(learning.state_dict())
    before = frozen.running_mean.clone()
    assert torch.equal(frozen.train()(rows)[:2], frozen(rows[:2]))
    assert torch.equal(frozen.running_mean, before)
    assert torch.allclose(frozen(rows), frozen.eval()(rows))
