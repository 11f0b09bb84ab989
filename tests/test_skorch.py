from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from m3n_sklearn._runtime import isolated
from m3n_sklearn._skorch import TrainingPlan, count_epochs, train


class Line:
    """Rows of y = 2 x + 1, and what was asked of them."""

    def __init__(self, n: int = 40, seed: int = 0) -> None:
        self.x = np.random.default_rng(seed).standard_normal((n, 1)).astype(np.float32)
        self.epochs: list[int] = []
        self.asked: list[np.ndarray] = []

    def __len__(self) -> int:
        return len(self.x)

    def start_epoch(self, epoch: int) -> None:
        self.epochs.append(epoch)

    def batch(self, rows: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
        self.asked.append(rows)
        return {"x": self.x[rows], "y": 2 * self.x[rows] + 1, "note": "kept"}


class Linear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, batch: dict[str, Any]) -> Tensor:
        assert batch["note"] == "kept"
        return self.linear(batch["x"])


def squared(output: Tensor, batch: dict[str, Any]) -> dict[str, Tensor]:
    error = ((output - batch["y"]) ** 2).mean()
    return {"loss": error, "root": error.detach().sqrt()}


def plan(**changes: Any) -> TrainingPlan:
    given = {"max_epochs": 30, "batch_size": 16, "lr": 0.1, "weight_decay": 0.0, "seed": 0}
    return TrainingPlan(**{**given, **changes})


def trained(data: Line | None = None, **changes: Any) -> tuple[Linear, list[dict[str, float]]]:
    extra = {k: changes.pop(k) for k in ("valid", "on_epoch") if k in changes}
    with isolated(seed=0):
        module = Linear()
        return module, train(module, squared, data or Line(), plan(**changes), **extra)


def test_it_learns_and_reports() -> None:
    module, history = trained()
    assert module.linear.weight.item() == pytest.approx(2, abs=0.1)
    assert not module.training
    assert [h["epoch"] for h in history] == list(range(1, 31))
    assert set(history[0]) == {"epoch", "train_loss", "train_root"}
    assert history[-1]["train_loss"] < 0.05 * history[0]["train_loss"]


def test_batches_are_equally_large_and_cover_every_row() -> None:
    data = Line(41)
    trained(data, max_epochs=2)
    assert [len(rows) for rows in data.asked] == [14, 14, 13] * 2
    assert sorted(np.concatenate(data.asked[:3])) == list(range(41))
    assert data.epochs == [0, 1]
    assert not np.array_equal(data.asked[0], data.asked[3])


def test_a_full_batch_keeps_the_order_of_rows() -> None:
    data = Line(10)
    trained(data, max_epochs=2)
    assert all(np.array_equal(rows, np.arange(10)) for rows in data.asked)


def test_seeds() -> None:
    assert trained()[1] == trained()[1]
    assert trained()[1] != trained(seed=1)[1]
    assert trained(max_epochs=2, first_epoch=5)[1][0]["epoch"] == 6


def test_early_stopping_keeps_the_best_weights() -> None:
    valid = Line(20, seed=1)
    module, history = trained(valid=valid, patience=3, max_epochs=200, lr=1.0, lr_floor=1.0)
    losses = [h["valid_loss"] for h in history]
    assert len(losses) < 200
    with torch.no_grad():
        prediction = module.linear(torch.as_tensor(valid.x))
        loss = squared(prediction, {"y": torch.as_tensor(2 * valid.x + 1)})["loss"].item()
    assert loss == pytest.approx(min(losses), rel=1e-4)
    assert valid.epochs == []


def test_average_of_weights() -> None:
    plain, _ = trained(max_epochs=3)
    averaged, _ = trained(max_epochs=3, ema=0.99)
    start, _ = trained(max_epochs=1, lr=1e-12)
    a, b, c = (m.linear.weight.item() for m in (start, averaged, plain))
    assert min(a, c) < b < max(a, c)


def test_hooks_can_stop() -> None:
    calls: list[int] = []
    _, history = trained(on_epoch=lambda weights: calls.append(1) or len(calls) == 4)  # type: ignore[func-returns-value]
    assert len(history) == 4


def test_keyboard_interrupt_is_not_swallowed() -> None:
    class Impatient(Line):
        def start_epoch(self, epoch: int) -> None:
            if epoch == 1:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(Impatient())


def test_divergence_is_an_error() -> None:
    data = Line()
    data.x[3] = np.inf
    with pytest.raises(FloatingPointError, match=r"no longer finite in epoch 1.*Lower lr"):
        trained(data)


def test_matrices_decay_and_biases_do_not() -> None:
    class Still(Line):
        def batch(self, rows: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
            return {"x": self.x[rows], "note": "kept"}

    def nothing(output: Tensor, batch: dict[str, Any]) -> dict[str, Tensor]:
        return {"loss": 0.0 * output.sum()}

    with isolated(seed=0):
        module = Linear()
        before = [p.detach().clone() for p in module.parameters()]
        train(module, nothing, Still(), plan(weight_decay=0.5))
    after = list(module.parameters())
    assert after[0].abs().item() < 0.9 * before[0].abs().item()
    assert torch.equal(after[1], before[1])


def test_frozen_parameters_stay() -> None:
    with isolated(seed=0):
        module = Linear()
        module.linear.weight.requires_grad_(False)
        before = module.linear.weight.clone()
        train(module, squared, Line(), plan())
    assert torch.equal(module.linear.weight, before)


def test_progress_bar(capsys: pytest.CaptureFixture[str]) -> None:
    trained(max_epochs=2)
    assert capsys.readouterr().err == ""
    trained(max_epochs=2, verbose=1)
    assert "training: 100%" in capsys.readouterr().err


@pytest.mark.parametrize(("rows", "epochs"), [(21, 400), (640, 40), (64_000, 30)])
def test_few_rows_get_more_passes(rows, epochs):
    auto = count_epochs("auto", rows, 64, fewest_epochs=30, fewest_steps=400)
    assert auto == epochs
    assert count_epochs(np.int64(3), rows, 64, fewest_epochs=30, fewest_steps=400) == 3
