"""The only door to skorch: a net that trains on batches of arrays, made and used inside ``fit``.

Rows are fetched as whole arrays, not one by one; several loss terms are recorded; the best or the
averaged weights are kept in memory. Estimators compose this net and never inherit from it.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.helper import predefined_split
from torch import Tensor, nn

from ._runtime import derive_rng

__all__ = ["TrainingData", "TrainingPlan", "count_epochs", "train"]

Batch = dict[str, Any]
WeightsNow = Callable[[], dict[str, NDArray[Any]]]
Loss = Callable[[Any, Batch], Mapping[str, Tensor]]
"""(output of the module, batch) -> scalar terms; the one called ``loss`` is minimised."""

FUSED = ("cpu", "cuda")
"""Devices on which every supported version of torch updates a parameter in one pass."""


class TrainingData(Protocol):
    """Rows to train on."""

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    def start_epoch(self, epoch: int) -> None:
        """Prepare for an epoch, counted from 0; validation data are not told."""
        ...

    def batch(self, rows: NDArray[np.int64], rng: np.random.Generator) -> Batch:
        """Return arrays for some rows; draws come from `rng`."""
        ...


@dataclass(frozen=True)
class TrainingPlan:
    """How to train.

    Attributes
    ----------
    max_epochs, batch_size : int
        Passes over the rows; rows per step. The batches of an epoch are equally large.
    lr, weight_decay : float
        AdamW's peak rate and its decay of matrices (biases, norms, temperatures are spared).
    seed : int
        Root of the order of rows and of the draws of every batch.
    device : str
        Where to train. CUDA and float32 together mean bfloat16 mixed precision.
    warmup, lr_floor : float
        Share of the steps with a rising rate; share of `lr` that the cosine ends at.
    clip : float
        Largest gradient norm.
    ema : float or None
        Decay of a running average of the weights, which is kept instead of the last ones.
    patience : int or None
        Stop after so many epochs without a lower validation loss (by `tol`), and keep the best.
    tol : float
        Smallest improvement that counts.
    first_epoch : int
        Number of epochs trained before (warm start), so that draws are not repeated.
    verbose : int
        A progress bar if positive.
    callbacks : sequence of skorch.callbacks.Callback
        Added to the library's own.
    """

    max_epochs: int
    batch_size: int
    lr: float
    weight_decay: float
    seed: int
    device: str = "cpu"
    warmup: float = 0.05
    lr_floor: float = 0.01
    clip: float = 1.0
    ema: float | None = None
    patience: int | None = None
    tol: float = 1e-4
    first_epoch: int = 0
    verbose: int = 0
    callbacks: Sequence[Any] = ()

    def steps_per_epoch(self, n_rows: int) -> int:
        """Count the batches of an epoch."""
        return max(1, math.ceil(n_rows / self.batch_size))


def count_epochs(
    max_epochs: int | str, n_rows: int, batch_size: int, *, fewest_epochs: int, fewest_steps: int
) -> int:
    """Return the number of passes over the rows that `max_epochs` stands for.

    Parameters
    ----------
    max_epochs : int or "auto"
        "auto" takes at least so many epochs and at least so many steps: few rows need more passes.
    n_rows, batch_size : int
        Rows in all and rows per step.
    fewest_epochs, fewest_steps : int
        What "auto" takes at least.

    Returns
    -------
    int
        Number of epochs.

    Examples
    --------
    >>> count_epochs("auto", 1000, 100, fewest_epochs=30, fewest_steps=400)
    40
    """
    if max_epochs != "auto":
        return int(max_epochs)
    return max(fewest_epochs, math.ceil(fewest_steps / math.ceil(n_rows / batch_size)))


def train(
    module: nn.Module,
    loss: Loss,
    data: TrainingData,
    plan: TrainingPlan,
    *,
    valid: TrainingData | None = None,
    on_epoch: Callable[[WeightsNow], bool] | None = None,
) -> list[dict[str, float]]:
    """Train a module in place; afterwards it is on the CPU, in evaluation mode.

    Parameters
    ----------
    module : torch.nn.Module
        Called with a batch, a dict of tensors. Must belong to the caller.
    loss : callable
        (output, batch) -> mapping of scalar terms with an entry ``"loss"``.
    data, valid : TrainingData
        Rows to train on and rows to watch.
    plan : TrainingPlan
        How to train.
    on_epoch : callable, optional
        Called after each epoch with a function that returns the weights that would be kept now;
        a true result ends the training.

    Returns
    -------
    list of dict
        One entry per epoch: ``epoch`` and the mean of each term as ``train_...``, ``valid_...``.

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite.
    """
    callbacks: list[tuple[str, Callback]] = []
    if valid is not None and plan.patience is not None:
        callbacks.append(("best", _KeepBest(plan.patience, plan.tol)))
    if plan.verbose > 0:
        steps = plan.steps_per_epoch(len(data)) * plan.max_epochs
        callbacks.append(("progress", _Progress(steps)))
    if on_epoch is not None:
        callbacks.append(("hook", _Hook(on_epoch)))
    net = _ArrayNet(
        module,
        criterion=_Criterion(loss),
        plan=plan,
        max_epochs=plan.max_epochs,
        device=plan.device,
        train_split=None if valid is None else predefined_split(valid),
        callbacks=[*callbacks, *plan.callbacks],
        verbose=0,
    )
    try:
        net.fit(data, None)
    finally:
        module.to("cpu").eval()
    return [
        {key: value for key, value in epoch.items() if key != "batches"} for epoch in net.history
    ]


class _Criterion(nn.Module):
    def __init__(self, loss: Loss) -> None:
        super().__init__()
        self.loss = loss


class _Stop(Exception):
    """Training has reached its end early."""


class _ArrayNet(NeuralNet):  # type: ignore[misc]
    """A skorch net whose data, batches and terms are those of this module."""

    def __init__(self, module: nn.Module, *, plan: TrainingPlan, **kwargs: Any) -> None:
        self.plan = plan
        super().__init__(module, **kwargs)

    @property
    def _default_callbacks(self) -> list[Any]:
        return []

    def get_dataset(self, X: TrainingData, y: None = None) -> TrainingData:
        return X

    def get_iterator(self, dataset: TrainingData, training: bool = False) -> _Batches:
        return _Batches(dataset, self.plan, training)

    def initialize_optimizer(self, triggered_directly: bool | None = None) -> _ArrayNet:
        weights = [p for p in self.module_.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in weights if p.ndim > 1], "weight_decay": self.plan.weight_decay},
            {"params": [p for p in weights if p.ndim <= 1], "weight_decay": 0.0},
        ]
        fused = all(p.device.type in FUSED for p in weights)
        self.optimizer_ = torch.optim.AdamW(
            [group for group in groups if group["params"]], lr=self.plan.lr, fused=fused
        )
        return self

    def partial_fit(
        self, X: TrainingData, y: None = None, classes: None = None, **fit_params: Any
    ) -> _ArrayNet:
        # skorch swallows KeyboardInterrupt here, and would call a half-trained net fitted
        self.schedule = self._make_schedule(len(X))
        self.average = _Average(self.module_, self.plan.ema) if self.plan.ema else None
        self.best: dict[str, Tensor] | None = None
        self.notify("on_train_begin", X=X, y=y)
        try:
            with contextlib.suppress(_Stop):
                self.fit_loop(X, y)
        finally:
            self.notify("on_train_end", X=X, y=y)
        kept = self.best if self.best is not None else self.current_weights()
        self.module_.load_state_dict(kept)
        return self

    def current_weights(self) -> dict[str, Tensor]:
        """Return a copy of the weights that would be kept now."""
        source = self.module_.state_dict() if self.average is None else self.average.weights
        return {name: tensor.detach().clone() for name, tensor in source.items()}

    def _make_schedule(self, n_rows: int) -> torch.optim.lr_scheduler.LambdaLR:
        total = self.plan.steps_per_epoch(n_rows) * self.plan.max_epochs
        warm = max(1, round(self.plan.warmup * total))
        floor = self.plan.lr_floor

        def factor(step: int) -> float:
            if step < warm:
                return (step + 1) / warm
            progress = min(1.0, (step - warm) / max(1, total - warm))
            return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))

        return torch.optim.lr_scheduler.LambdaLR(self.optimizer_, factor)

    # ---- steps

    def train_step(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        step = super().train_step(batch)
        self.schedule.step()
        if self.average is not None:
            self.average.update(self.module_)
        return step

    def train_step_single(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        self._set_training(True)
        terms = self._terms(batch, "train")
        terms["loss"].backward()
        return {"loss": terms["loss"].detach(), "y_pred": None}

    def validation_step(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        self._set_training(False)
        with torch.no_grad():
            terms = self._terms(batch, "valid")
        return {"loss": terms["loss"], "y_pred": None}

    def _terms(self, batch: tuple[Any, Batch], prefix: str) -> Mapping[str, Tensor]:
        device = torch.device(self.device)
        tensors = {
            key: torch.as_tensor(value).to(device) if isinstance(value, np.ndarray) else value
            for key, value in batch[1].items()
        }
        single = next(self.module_.parameters()).dtype == torch.float32
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda" and single):
            terms = self.criterion_.loss(self._output(tensors), tensors)
        for name, value in terms.items():
            if name != "loss":
                self.history.record_batch(f"{prefix}_{name}", float(value.detach()))
        return terms

    def _output(self, tensors: Batch) -> Any:
        if self.average is None or self.module_.training:
            return self.module_(tensors)
        # what is watched must be what is kept
        return torch.func.functional_call(self.module_, self.average.weights, (tensors,))

    def on_grad_computed(self, net: Any, named_parameters: Any, **kwargs: Any) -> None:
        nn.utils.clip_grad_norm_(self.module_.parameters(), self.plan.clip)

    # ---- bookkeeping

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        self.history.new_epoch()
        self.history.record("epoch", self.plan.first_epoch + len(self.history))

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        batches = self.history[-1]["batches"]
        keys = dict.fromkeys(key for batch in batches for key in batch if "_batch_" not in key)
        for key in keys:
            size = key.split("_")[0] + "_batch_size"
            seen = [batch for batch in batches if key in batch]
            mean = np.average([b[key] for b in seen], weights=[b[size] for b in seen])
            self.history.record(key, float(mean))
        for prefix in ("train", "valid"):
            self.history[-1].pop(f"{prefix}_batch_count", None)
        if not math.isfinite(self.history[-1]["train_loss"]):
            raise FloatingPointError(
                f"The training loss is no longer finite in epoch {self.history[-1]['epoch']}. "
                f"Lower lr (now {self.plan.lr:g}), check the scale of X, and look for NaN in it "
                "where it is a memory-mapped corpus, which is not searched for them."
            )


class _Batches:
    """Iterates over equally large batches; every pass of the training is another epoch."""

    def __init__(self, data: TrainingData, plan: TrainingPlan, training: bool) -> None:
        self.data, self.plan, self.training = data, plan, training
        self.epoch = plan.first_epoch

    def __iter__(self) -> Iterator[tuple[NDArray[np.int64], Batch]]:
        rng = derive_rng(self.plan.seed, 1, self.epoch) if self.training else derive_rng(0)
        if self.training:
            self.data.start_epoch(self.epoch)
            self.epoch += 1
        count = self.plan.steps_per_epoch(len(self.data))
        order = np.arange(len(self.data))
        if self.training and count > 1:  # a full batch keeps the order of the rows
            order = rng.permutation(order)
        for rows in np.array_split(order, count):
            yield rows, self.data.batch(rows, rng)


class _Average:
    """Exponential moving average of weights, with a shorter memory at the start."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.weights = {k: v.detach().clone() for k, v in module.state_dict().items()}

    def update(self, module: nn.Module) -> None:
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 9))
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                self.weights[name].lerp_(value, 1 - decay)
            else:
                self.weights[name].copy_(value)


class _KeepBest(Callback):  # type: ignore[misc]
    """Keeps the weights of the lowest validation loss in memory and ends a fruitless training."""

    def __init__(self, patience: int, tol: float) -> None:
        self.patience, self.tol = patience, tol

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.lowest, self.waited = math.inf, 0

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        loss = net.history[-1]["valid_loss"]
        self.waited += 1
        if loss < self.lowest:
            if loss < self.lowest - self.tol:
                self.waited = 0
            self.lowest, net.best = loss, net.current_weights()
        if self.waited >= self.patience:
            raise _Stop


class _Hook(Callback):  # type: ignore[misc]
    def __init__(self, hook: Callable[[WeightsNow], bool]) -> None:
        self.hook = hook

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        if self.hook(lambda: {k: w.cpu().numpy() for k, w in net.current_weights().items()}):
            raise _Stop


class _Progress(Callback):  # type: ignore[misc]
    """A bar over all steps with the losses of the last epoch."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        from tqdm.auto import tqdm  # type: ignore[import-untyped]

        self.bar = tqdm(total=self.steps, unit="step", desc="training", mininterval=0.5)

    def on_batch_end(self, net: Any, training: bool = False, **kwargs: Any) -> None:
        self.bar.update(int(training))

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        shown = {k: f"{v:.3f}" for k, v in net.history[-1].items() if k.endswith("_loss")}
        self.bar.set_postfix(epoch=net.history[-1]["epoch"], **shown)

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        self.bar.close()
