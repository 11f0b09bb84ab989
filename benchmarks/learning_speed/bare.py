"""A bare training loop, for the time without estimators."""

from __future__ import annotations

import copy
import math
from typing import Any, NamedTuple

import numpy as np
import torch
from skorch.callbacks import Callback


class Training(NamedTuple):
    """The training that an estimator passes to skorch."""

    module: torch.nn.Module
    loss: Any
    data: Any
    lr: float
    batch_size: int
    max_epochs: int


class Watch(Callback):
    """A callback that records the trainings of an estimator before they change anything."""

    def __init__(self) -> None:
        self.seen: list[Training] = []

    def __deepcopy__(self, memo: Any) -> Watch:
        return self  # estimators train with copies of their callbacks; all of them record here

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        self.seen.append(
            Training(
                copy.deepcopy(net.module_),
                net.criterion_.loss,
                X,
                net.lr,
                net.batch_size,
                net.max_epochs,
            )
        )


def train(training: Training, epochs: int) -> None:
    """Forward, backward, clip, step, over the batches that the estimator trains on."""
    module, loss, data = training.module, training.loss, training.data
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    module.train()
    optimizer = torch.optim.AdamW(module.parameters(), lr=training.lr, fused=True)
    count = math.ceil(len(data) / training.batch_size)
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
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
    torch.set_num_threads(threads)
