"""The bare loop: what training costs without estimators around it."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch

from m3n_sklearn import _skorch


class Training(NamedTuple):
    """What an estimator hands to its training."""

    module: torch.nn.Module
    loss: Any
    data: Any
    lr: float
    weight_decay: float
    batch_size: int


@contextmanager
def watched() -> Iterator[list[Training]]:
    """Collect what estimators train while the block runs."""
    seen: list[Training] = []
    original = _skorch._ArrayNet.fit

    def fit(net: Any, X: Any, y: Any = None, **params: Any) -> Any:
        # a copy, before training changes it
        module, decay = copy.deepcopy(net.module), net.optimizer__weight_decay
        seen.append(Training(module, net.criterion.loss, X, net.lr, decay, net.batch_size))
        return original(net, X, y, **params)

    _skorch._ArrayNet.fit = fit
    try:
        yield seen
    finally:
        _skorch._ArrayNet.fit = original


def train(training: Training, epochs: int) -> None:
    """Forward, backward, clip, step, over the batches that the estimator trains on."""
    module, loss, data, lr, weight_decay, batch_size = training
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    module.train()
    optimizer = torch.optim.AdamW(module.parameters(), lr=lr, weight_decay=weight_decay, fused=True)
    clip, count = _skorch.TrainingPlan.clip, math.ceil(len(data) / batch_size)
    for epoch in range(epochs):
        rng = np.random.default_rng(epoch)
        data.start_epoch(epoch)
        for rows in np.array_split(rng.permutation(len(data)), count):
            batch = {
                name: torch.as_tensor(value) if isinstance(value, np.ndarray) else value
                for name, value in data.batch(rows, rng).items()
            }
            optimizer.zero_grad(set_to_none=True)
            loss(module(batch), batch)["loss"].backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), clip)
            optimizer.step()
    torch.set_num_threads(threads)
