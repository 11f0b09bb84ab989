from __future__ import annotations

import pickle
import random
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, EpochScoring
from torch import Tensor, nn

from m3n_sklearn._torch import isolated
from m3n_sklearn._training import TrainingPlan, count_epochs, train


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


def trained(
    data: Line | None = None, on_epoch: Any = None, **changes: Any
) -> tuple[Linear, list[dict[str, float]]]:
    with isolated(seed=0):
        module = Linear()
        history = train(module, squared, data or Line(), plan(**changes), on_epoch=on_epoch)
        return module, history


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


class Watcher(Callback):
    """Calls a function with the net at the end of each batch, or of each epoch."""

    def __init__(self, watch: Any, event: str) -> None:
        self.watch, self.event, self.calls = watch, event, 0

    def on_batch_end(self, net: Any, **kwargs: Any) -> None:
        self._tell("batch", net)

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        self._tell("epoch", net)

    def _tell(self, event: str, net: Any) -> None:
        if event == self.event:
            self.calls += 1
            self.watch(net)


def watched(watch: Any, event: str = "epoch", **changes: Any) -> Linear:
    return trained(callbacks=[Watcher(watch, event)], **changes)[0]


def test_average_of_weights() -> None:
    seen: list[float] = []
    module = watched(
        lambda net: seen.append(net.module_.linear.weight.item()), "batch", ema=0.5, max_epochs=9
    )
    start, _ = trained(max_epochs=1, lr=1e-30)
    expected = start.linear.weight.item()
    for step, weight in enumerate(seen, start=1):
        kept = min(0.5, step / (step + 9))
        expected = kept * expected + (1 - kept) * weight
    assert len(seen) == 27
    assert module.linear.weight.item() == pytest.approx(expected, rel=1e-5)
    assert abs(expected - seen[-1]) > 1e-3


def test_rates_rise_and_fall() -> None:
    rates: list[float] = []
    watched(
        lambda net: rates.append(net.history[-1, "batches", -1, "event_lr"]),
        "batch",
        max_epochs=10,
        lr=0.2,
        warmup=0.2,
        lr_floor=0.1,
    )
    rise = np.arange(1, 7) / 6
    fall = 0.1 + 0.9 * np.cos(np.arange(24) * np.pi / 48) ** 2
    np.testing.assert_allclose(rates, 0.2 * np.concatenate([rise, fall]), rtol=1e-9)


def test_gradients_are_clipped() -> None:
    def norm(net: Any) -> None:
        grads = [p.grad.flatten() for p in net.module_.parameters()]
        norms.append(torch.linalg.vector_norm(torch.cat(grads)).item())

    norms: list[float] = []
    watched(norm, "batch", max_epochs=1, clip=0.01)
    np.testing.assert_allclose(norms, 0.01, rtol=1e-3)
    norms.clear()
    watched(norm, "batch", max_epochs=1, clip=1e6)
    assert min(norms) > 0.1


def test_users_callbacks_are_called_but_not_changed() -> None:
    epochs: list[int] = []
    own = Watcher(lambda net: epochs.append(net.history[-1, "epoch"]), "epoch")
    trained(callbacks=(own, ("named", own)), max_epochs=2, first_epoch=5)
    assert epochs == [6, 6, 7, 7]
    assert own.calls == 0


@pytest.mark.parametrize("ema", [None, 0.9])
def test_early_stopping_on_the_training_loss(ema: float | None) -> None:
    own = EarlyStopping("train_loss", patience=3, threshold=0.999)
    module, history = trained(callbacks=[own], ema=ema)
    assert len(history) == 4
    assert not module.training
    same, _ = trained(ema=ema, on_epoch=stop_after(4))
    assert torch.equal(module.linear.weight, same.linear.weight)


def stop_after(epochs: int) -> Any:
    calls: list[int] = []
    return lambda weights: calls.append(1) or len(calls) == epochs  # type: ignore[func-returns-value]


def test_scores_of_users_are_in_the_history() -> None:
    def slope(net: Any, X: Line, y: None) -> float:
        assert len(X) == 40
        return net.module_.linear.weight.item()

    own = EpochScoring(slope, lower_is_better=False, on_train=True, name="slope")
    note = Watcher(lambda net: net.history.record("note", "no score"), "epoch")
    module, history = trained(callbacks=[own, note], max_epochs=3)
    assert set(history[0]) == {"epoch", "train_loss", "train_root", "slope"}
    assert history[-1]["slope"] == module.linear.weight.item()


def test_what_callbacks_predict_comes_from_the_weights_that_are_kept() -> None:
    def at_rows(net: Any, X: Line, y: None) -> float:
        return float(np.mean(net.forward(X).numpy() ** 2))

    data = Line()
    own = EpochScoring(at_rows, on_train=True, name="power", use_caching=False)
    module, history = trained(data, callbacks=[own], ema=0.9, max_epochs=3)
    with torch.no_grad():
        expected = float(np.mean(module.linear(torch.as_tensor(data.x)).numpy() ** 2))
    assert history[-1]["power"] == pytest.approx(expected, rel=1e-5)
    assert data.epochs == [0, 1, 2]


@pytest.mark.parametrize("own", [EarlyStopping(), ("saves", Checkpoint())])
def test_a_validation_loss_cannot_be_watched(own: Any) -> None:
    with pytest.raises(ValueError, match=r"holds no rows out\. Give it monitor='train_loss"):
        trained(callbacks=[own])


def test_checkpoints(tmp_path: Path) -> None:
    own = Checkpoint(
        "train_loss_best",
        dirname=str(tmp_path),
        f_pickle="net.pkl",
        f_average="average.pt",
        f_schedule="schedule.pt",
    )
    module, _ = trained(
        callbacks=[own], ema=0.9, max_epochs=4, on_epoch=lambda weights: False, verbose=1
    )
    parts = ("params", "optimizer", "criterion", "average", "schedule")
    read = {part: torch.load(tmp_path / f"{part}.pt", weights_only=True) for part in parts}
    assert read["average"]["steps"] == read["schedule"]["last_epoch"] == 12
    kept, last = read["average"]["weights"], read["params"]
    assert torch.equal(kept["linear.weight"], module.linear.weight)
    assert not torch.equal(kept["linear.weight"], last["linear.weight"])
    net = pickle.loads((tmp_path / "net.pkl").read_bytes())
    assert len(net.history) == 4
    assert torch.equal(net.kept_weights()["linear.weight"], kept["linear.weight"])
    net.average_.load_state_dict({"steps": 1, "weights": last})
    assert torch.equal(net.kept_weights()["linear.weight"], last["linear.weight"])


class Locked(Callback):
    def __init__(self) -> None:
        self.lock = threading.Lock()


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        (EarlyStopping(), "callbacks must be a list of skorch callbacks, got <skorch"),
        (["stop"], r"callbacks\[0\] must be an instance .*, got 'stop'"),
        ([EarlyStopping("train_loss"), EarlyStopping], r"\[1\] .* Make an instance: EarlyStopping"),
        ([(EarlyStopping(), "stop")], r"a pair \(name, instance\)"),
        ([Locked()], "cannot be copied: .*on_train_begin"),
    ],
)
def test_what_is_no_callback(callbacks: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        trained(callbacks=callbacks)


def test_hooks_can_stop() -> None:
    assert len(trained(on_epoch=stop_after(4))[1]) == 4


def test_hooks_see_the_weights_that_are_kept() -> None:
    seen: list[Any] = []
    module, _ = trained(
        ema=0.9, max_epochs=2, on_epoch=lambda now: seen.append(now()["linear.bias"])
    )
    assert seen[0] != seen[1] == module.linear.bias.item()


class Impatient(Line):
    def start_epoch(self, epoch: int) -> None:
        if epoch == 1:
            raise KeyboardInterrupt


def press_keys(net: Any) -> None:
    raise KeyboardInterrupt


def test_keyboard_interrupt_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        trained(Impatient())
    with pytest.raises(KeyboardInterrupt):  # while a callback computes
        watched(press_keys)
    with pytest.raises(KeyboardInterrupt):  # while the estimator is told
        trained(on_epoch=press_keys)


def test_a_failure_leaves_the_module_ready_and_the_bar_closed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with isolated(seed=0):
        module = Linear()
        with pytest.raises(KeyboardInterrupt) as failure:
            train(module, squared, Impatient(), plan(verbose=1))
    assert not module.training
    assert failure.tb is not None  # which keeps the bar alive, so that it does not close by itself
    assert capsys.readouterr().err.endswith("\n")


def test_random_states_are_left_alone() -> None:
    module = Linear()
    before = torch.get_rng_state(), np.random.get_state(legacy=False), random.getstate()
    train(module, squared, Line(), plan(max_epochs=2))
    after = torch.get_rng_state(), np.random.get_state(legacy=False), random.getstate()
    assert torch.equal(before[0], after[0])
    assert np.array_equal(before[1]["state"]["key"], after[1]["state"]["key"])
    assert before[1]["state"]["pos"] == after[1]["state"]["pos"]
    assert before[2] == after[2]


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
    shown = capsys.readouterr().err
    assert "training: 100%" in shown
    assert "6/6" in shown  # steps of both epochs


@pytest.mark.parametrize(("rows", "epochs"), [(21, 400), (640, 40), (64_000, 30)])
def test_few_rows_get_more_passes(rows, epochs):
    auto = count_epochs("auto", rows, 64, fewest_epochs=30, fewest_steps=400)
    assert auto == epochs
    assert count_epochs(np.int64(3), rows, 64, fewest_epochs=30, fewest_steps=400) == 3
