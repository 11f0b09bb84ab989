"""The only door to skorch: a net that trains on batches of arrays, made and used inside ``fit``.

The net is skorch's ``NeuralNet``: its loop, optimizer and callbacks clip gradients, step the
learning rate and keep the history. Data hand over whole batches, because arrays are indexed much
faster at once than row by row. A loss has several terms, and every term is recorded. What skorch
lacks is a callback of this module: the running average of the weights, the check for a loss that
is not finite, a progress bar over the whole training. Estimators compose the net and never
inherit from it.
"""

from __future__ import annotations

import copy
import dis
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from numbers import Real
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNet
from skorch.callbacks import Callback, GradientNormClipping, LRScheduler, PassthroughScoring
from skorch.utils import to_tensor
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from ._checkpoints import CheckpointFile
from ._distributed import Peers
from ._saving import Place, Saving
from ._torch import derive_rng

__all__ = [
    "TrainingData",
    "TrainingInterrupted",
    "TrainingPlan",
    "copy_callbacks",
    "count_epochs",
    "train",
]

Batch = dict[str, Any]
WeightsNow = Callable[[], dict[str, NDArray[Any]]]
Loss = Callable[[Any, Batch], Mapping[str, Tensor]]
"""(output of the module, batch) -> scalar terms; the one called ``loss`` is minimized."""

FUSED = ("cpu", "cuda")
"""Devices on which every supported version of torch updates a parameter in one pass."""

BOOKKEEPING = ("dur", "train_batch_count")
"""Numbers that skorch records of an epoch besides scores."""


class TrainingData(Protocol):
    """Rows to train on."""

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    def start_epoch(self, epoch: int) -> None:
        """Prepare for an epoch, counted from 0."""
        ...

    def batch(self, rows: NDArray[np.int64], rng: np.random.Generator) -> Batch:
        """Return arrays for some rows; draws come from `rng`.

        For several processes there is a third argument, a slice: only these rows are read.
        """
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
    first_epoch : int
        Number of epochs trained before (warm start), so that draws are not repeated.
    verbose : int
        A progress bar if positive.
    callbacks : sequence of (Callback or tuple (str, Callback))
        The user's own skorch callbacks. Copies of them are called, after ours.
    checkpoint : CheckpointFile, optional
        Where the state is kept, and found again.
    peers : Peers, optional
        Processes that train together. The loss sees all rows of a batch; see `Objectives`.
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
    first_epoch: int = 0
    verbose: int = 0
    callbacks: Sequence[Any] = ()
    checkpoint: CheckpointFile | None = None
    peers: Peers | None = None


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C in a training with a checkpoint: the module has what was learned, and so has the file.

    Attributes
    ----------
    history : list of dict
        The epochs that were finished.
    """

    def __init__(self, message: str, history: list[dict[str, float]]) -> None:
        super().__init__(message)
        self.history = history


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
    return max(fewest_epochs, math.ceil(fewest_steps / _count_batches(n_rows, batch_size)))


def _count_batches(n_rows: int, batch_size: int) -> int:
    """Return the number of batches of an epoch."""
    return max(1, math.ceil(n_rows / batch_size))


def train(
    module: nn.Module,
    loss: Loss,
    data: TrainingData,
    plan: TrainingPlan,
    *,
    on_epoch: Callable[[WeightsNow], bool] | None = None,
) -> list[dict[str, float]]:
    """Train a module in place; afterwards it is on the CPU, in evaluation mode.

    Parameters
    ----------
    module : torch.nn.Module
        Called with a batch, a dict of tensors. Must belong to the caller.
    loss : callable
        (output, batch) -> mapping of scalar terms with an entry ``"loss"``.
    data : TrainingData
        Rows to train on.
    plan : TrainingPlan
        How to train.
    on_epoch : callable, optional
        Called after each epoch with a function that returns the weights that would be kept now;
        a true result ends the training.

    Returns
    -------
    list of dict
        One entry per epoch: ``epoch``, the mean of each term as ``train_...``, and the scores
        of ``plan.callbacks``.

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite.
    TrainingInterrupted
        If Ctrl-C was pressed and the plan has a checkpoint.
    TypeError, ValueError
        If an entry of ``plan.callbacks`` is not a callback, or watches a validation loss.
    """
    users = copy_callbacks(plan.callbacks)
    n_batches = _count_batches(len(data), plan.batch_size)
    steps = n_batches * plan.max_epochs
    schedule = _WarmCosine(steps, max(1, round(plan.warmup * steps)), plan.lr_floor)
    place = Place(plan.first_epoch)
    saving = None
    if plan.checkpoint is not None:
        own = [_callback(user) for user in users]
        saving = _Saving(plan.checkpoint, place, n_batches, own, plan.peers)
    callbacks: list[Any] = [
        ("epochs", _NumberEpochs(plan.first_epoch)),
        *([("gradients", _SumGradients(plan.peers))] if plan.peers else []),
        ("clipping", GradientNormClipping(plan.clip)),
        ("schedule", LRScheduler(LambdaLR, lr_lambda=schedule, step_every="batch")),
        ("terms", _AverageTerms()),
        ("divergence", _RefuseDivergence()),
    ]
    if plan.ema:
        callbacks.append(("average", _WeightAverage(plan.ema)))
    if on_epoch is not None:
        callbacks.append(("hook", _Hook(on_epoch)))
    progress = _Progress(steps, 0 if saving is None else saving.steps_before)
    if plan.verbose > 0 and (plan.peers is None or plan.peers.rank == 0):
        callbacks.append(("progress", progress))
    callbacks += users
    if saving is not None:  # the last one, so that it sees what the others have done
        callbacks.append(("saving", saving))
    net = _ArrayNet(
        module,
        criterion=_Criterion(loss),
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=plan.weight_decay,
        # only matrices decay
        optimizer__param_groups=[
            (name, {"weight_decay": 0.0}) for name, p in module.named_parameters() if p.ndim <= 1
        ],
        optimizer__fused=torch.device(plan.device).type in FUSED,
        lr=plan.lr,
        max_epochs=plan.max_epochs,
        batch_size=plan.batch_size,
        dataset=_as_it_is,
        train_split=None,
        iterator_train=_Batches,
        iterator_train__device=plan.device,
        iterator_train__seed=plan.seed,
        iterator_train__place=place,
        iterator_train__peers=plan.peers,
        iterator_valid=_Batches,
        iterator_valid__device=plan.device,
        callbacks=callbacks,
        callbacks__print_log=None,
        device=plan.device,
        verbose=0,
    )
    try:
        with nullcontext() if saving is None else saving.between_steps():
            net.fit(data)
    except KeyboardInterrupt as interrupt:
        if saving is None or not saving.keep(net):
            raise
        raise TrainingInterrupted(
            f"The finished steps are kept in {saving.file.folder}: the same call goes on.",
            [_scores(epoch) for epoch in net.history if "train_loss" in epoch],
        ) from interrupt
    except FloatingPointError:
        if saving is not None:
            saving.file.forget()  # nothing can come of it, and it would refuse another lr
        raise
    finally:
        progress.close()
        module.to("cpu").eval()
    return [_scores(epoch) for epoch in net.history]


def copy_callbacks(callbacks: Sequence[Any]) -> list[Any]:
    """Return copies of a user's callbacks, so that training leaves theirs as they are.

    Parameters
    ----------
    callbacks : sequence of (Callback or tuple (str, Callback))
        Instances, with or without a name.

    Returns
    -------
    list
        The same, copied deeply.

    Raises
    ------
    TypeError
        If `callbacks` is not a list or tuple of those, or one of them cannot be copied.
    ValueError
        If one of them monitors the loss on validation data: the training has none.
    """
    if not isinstance(callbacks, list | tuple):
        raise TypeError(f"callbacks must be a list of skorch callbacks, got {callbacks!r}.")
    return [_copied(number, given) for number, given in enumerate(callbacks)]


def _callback(given: Any) -> Any:
    """Return a callback without its name."""
    return given[1] if isinstance(given, tuple) else given


def _copied(number: int, given: Any) -> Any:
    match given:
        case Callback() as callback:
            pass
        case (str(), Callback() as callback):
            pass
        case _:
            hint = f" Make an instance: {given.__name__}()." if isinstance(given, type) else ""
            raise TypeError(
                f"callbacks[{number}] must be an instance of skorch.callbacks.Callback, or a pair "
                f"(name, instance), got {given!r}.{hint}"
            )
    monitor = getattr(callback, "monitor", None)
    if isinstance(monitor, str) and monitor in ("valid_loss", "valid_loss_best"):
        watched = monitor.replace("valid", "train")
        raise ValueError(
            f"callbacks[{number}], {type(callback).__name__}, watches {monitor!r}, but training "
            f"holds no rows out. Give it monitor={watched!r}, or the name of an EpochScoring that "
            "scores rows of your own."
        )
    try:
        return copy.deepcopy(given)
    except Exception as error:
        raise TypeError(
            f"callbacks[{number}] is copied before training, so that yours stays as it is, and "
            f"{given!r} cannot be copied: {error}. Let it open files and connections in "
            "on_train_begin, not before."
        ) from error


def _scores(epoch: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of an epoch: which one it is, its terms, and scores of callbacks."""
    numbers: dict[str, Any] = {
        key: value
        for key, value in epoch.items()
        if isinstance(value, Real) and not isinstance(value, bool) and key not in BOOKKEEPING
    }
    return {key: value if key == "epoch" else float(value) for key, value in numbers.items()}


def _as_it_is(data: TrainingData, y: None) -> TrainingData:
    """Stand in for skorch's dataset: `TrainingData` is one already."""
    return data


class _Criterion(nn.Module):
    """A loss that is a function, as the module that skorch wants."""

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, output: Any, batch: Batch) -> Mapping[str, Tensor]:
        return self.loss(output, batch)


class _Stop(Exception):
    """Training has reached its end early."""


class _ArrayNet(NeuralNet):  # type: ignore[misc]
    """A skorch net whose batches are mappings and whose loss has several terms."""

    def infer(self, x: _Rows, **fit_params: Any) -> Any:
        # our modules take a batch as one mapping, which skorch would turn into keywords
        with self._precision():
            if self.average_ is None or self.module_.training:
                return self.module_(x.batch)
            # what is watched must be what is kept
            return torch.func.functional_call(self.module_, self.average_.weights_, (x.batch,))

    def get_loss(self, y_pred: Any, y_true: None, X: _Rows, training: bool = False) -> Tensor:
        # the loss reads the whole batch, not one target; its other terms go to the history here
        with self._precision():
            terms = self.criterion_(y_pred, X.batch)
        for name, value in terms.items():
            if name != "loss":
                self.history.record_batch(f"train_{name}", float(value.detach()))
        return terms["loss"]

    def partial_fit(
        self, X: TrainingData, y: None = None, classes: None = None, **fit_params: Any
    ) -> _ArrayNet:
        # skorch treats every KeyboardInterrupt as the end of the training, because EarlyStopping
        # raises one. After Ctrl-C, a half-trained net would then count as fitted.
        saving = dict(self.callbacks_).get("saving")
        if saving is not None:
            saving.recall(self)  # before the callbacks look at the history
        self.notify("on_train_begin", X=X, y=y)
        ended = saving is not None and saving.finished
        try:
            self.fit_loop(X, y, 0 if ended else self.max_epochs - len(self.history))
        except _Stop:
            pass
        except KeyboardInterrupt as interrupt:
            if not _ends_training(interrupt):
                raise
        self.notify("on_train_end", X=X, y=y)
        return self

    def _precision(self) -> AbstractContextManager[Any]:
        """Return the context of forward passes: mixed precision for float32 on CUDA."""
        on_cuda = self.device is not None and torch.device(self.device).type == "cuda"
        if on_cuda and next(self.module_.parameters()).dtype == torch.float32:
            return torch.autocast("cuda", torch.bfloat16)
        return nullcontext()

    # ---- state that skorch's Checkpoint finds under these names: f_average=, f_schedule=

    @property
    def average_(self) -> _WeightAverage | None:
        """The running average of the weights, if there is one."""
        return dict(self.callbacks_).get("average")

    @property
    def schedule_(self) -> LambdaLR:
        """The schedule of the learning rate."""
        return dict(self.callbacks_)["schedule"].lr_scheduler_

    def kept_weights(self) -> dict[str, Tensor]:
        """Return a copy of the weights that would be kept if training ended now."""
        average = self.average_
        source = self.module_.state_dict() if average is None else average.weights_
        return {name: tensor.detach().clone() for name, tensor in source.items()}


def _ends_training(interrupt: KeyboardInterrupt) -> bool:
    """Whether a user's callback raised it; if not, somebody pressed Ctrl-C.

    Ctrl-C may come while a callback runs, but then its frame is not at a `raise`.
    """
    place = interrupt.__traceback__
    assert place is not None
    while place.tb_next is not None:
        place = place.tb_next
    frame = place.tb_frame
    raiser = frame.f_locals.get("self")
    raised = frame.f_code.co_code[place.tb_lasti] == dis.opmap["RAISE_VARARGS"]
    return raised and isinstance(raiser, Callback) and type(raiser).__module__ != __name__


class _Rows:
    """The X of a batch: a mapping of tensors whose length is the number of rows."""

    def __init__(self, batch: Batch, count: int) -> None:
        self.batch, self.count = batch, count

    def __len__(self) -> int:
        return self.count


class _Batches:
    """Iterates over equally large batches; with a seed, every pass is another epoch of training."""

    def __init__(
        self,
        dataset: TrainingData,
        batch_size: int,
        device: str,
        seed: int | None = None,
        place: Place | None = None,
        peers: Peers | None = None,
    ) -> None:
        self.dataset, self.batch_size, self.device = dataset, batch_size, device
        self.seed, self.place, self.peers = seed, place, peers

    def __len__(self) -> int:
        return _count_batches(len(self.dataset), self.batch_size)

    def __iter__(self) -> Iterator[tuple[_Rows, None]]:
        rng, order = derive_rng(0), np.arange(len(self.dataset))
        if self.seed is None or self.place is None:
            for rows in np.array_split(order, len(self)):
                yield self._rows(rows, rng), None
            return
        place = self.place
        # 1. The order of the rows is the first draw of an epoch
        rng = derive_rng(self.seed, 1, place.epoch)
        self.dataset.start_epoch(place.epoch)
        if len(self) > 1:  # a full batch keeps the order of the rows
            order = rng.permutation(order)
        # 2. The batches, the first of which a checkpoint may have seen
        if place.draws is not None:
            rng.bit_generator.state = place.draws
        for rows in np.array_split(order, len(self))[place.batches :]:
            batch = self._rows(rows, rng)
            place.batches, place.draws = place.batches + 1, dict(rng.bit_generator.state)
            yield batch, None
        place.epoch, place.batches, place.draws = place.epoch + 1, 0, None

    def _rows(self, rows: NDArray[np.int64], rng: np.random.Generator) -> _Rows:
        part = () if self.peers is None else (self.peers.share_of(len(rows)),)
        return _Rows(self._moved(self.dataset.batch(rows, rng, *part)), len(rows))

    def _moved(self, batch: Batch) -> Batch:
        return {
            key: to_tensor(value, self.device) if isinstance(value, np.ndarray) else value
            for key, value in batch.items()
        }


@dataclass(frozen=True)
class _WarmCosine:
    """Factor of the learning rate: a linear rise, then half a cosine down to `floor`."""

    steps: int
    warm: int
    floor: float

    def __call__(self, step: int) -> float:
        if step < self.warm:
            return (step + 1) / self.warm
        progress = min(1.0, (step - self.warm) / max(1, self.steps - self.warm))
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * progress))


class _NumberEpochs(Callback):  # type: ignore[misc]
    """Counts on from the epochs of earlier fits, where skorch counts from 1."""

    def __init__(self, first: int) -> None:
        self.first = first

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        net.history.record("epoch", self.first + len(net.history))


class _AverageTerms(Callback):  # type: ignore[misc]
    """Averages all terms over an epoch; skorch does it for those named beforehand."""

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        batches = net.history[-1, "batches"]
        for name in dict.fromkeys(key for batch in batches for key in batch):
            if name.startswith("train_") and name not in ("train_loss", "train_batch_size"):
                PassthroughScoring(name, None, on_train=True).initialize().on_epoch_end(net)


class _SumGradients(Callback):  # type: ignore[misc]
    """Sums the gradients of processes that train together, before they are clipped."""

    def __init__(self, peers: Peers) -> None:
        self.peers = peers

    def on_grad_computed(self, net: Any, **kwargs: Any) -> None:
        self.peers.sum_gradients(net.module_.parameters())


class _RefuseDivergence(Callback):  # type: ignore[misc]
    """Raises an error after an epoch whose loss is not finite."""

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        if not math.isfinite(net.history[-1, "train_loss"]):
            raise FloatingPointError(
                f"The training loss is no longer finite in epoch {net.history[-1, 'epoch']}. "
                f"Lower lr (now {net.lr:g}), and check the scale of X."
            )


class _WeightAverage(Callback):  # type: ignore[misc]
    """Keeps an exponential moving average of the weights, with a shorter memory at the start."""

    def __init__(self, decay: float) -> None:
        self.decay = decay

    def initialize(self) -> _WeightAverage:
        self.steps_: int = 0
        self.weights_: dict[str, Tensor] = {}
        return self

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        if not self.weights_:  # else they come from a checkpoint
            self.weights_ = {k: v.detach().clone() for k, v in net.module_.state_dict().items()}

    def on_batch_end(self, net: Any, **kwargs: Any) -> None:
        self.steps_ += 1
        decay = min(self.decay, self.steps_ / (self.steps_ + 9))
        for name, value in net.module_.state_dict().items():
            if value.is_floating_point():
                self.weights_[name].lerp_(value, 1 - decay)
            else:
                self.weights_[name].copy_(value)

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        net.module_.load_state_dict(self.weights_)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"steps": self.steps_, "weights": self.weights_}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.steps_ = state["steps"]
        self.weights_ = {name: weight.clone() for name, weight in state["weights"].items()}


class _Hook(Callback):  # type: ignore[misc]
    """Tells the estimator that an epoch has ended, and asks it whether to stop."""

    def __init__(self, hook: Callable[[WeightsNow], bool] | None) -> None:
        self.hook = hook

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        if self.hook is not None and self.hook(
            lambda: {name: weight.cpu().numpy() for name, weight in net.kept_weights().items()}
        ):
            raise _Stop

    def __getstate__(self) -> dict[str, Any]:
        return {"hook": None}  # the estimator is not part of a pickled net


class _Saving(Saving, Callback):  # type: ignore[misc]
    """Writes checkpoints, after all that the other callbacks do."""


class _Progress(Callback):  # type: ignore[misc]
    """A bar over all steps; that of skorch covers one epoch, without the time left for the rest."""

    def __init__(self, steps: int, before: int) -> None:
        self.steps, self.before = steps, before
        self.bar_: Any = None
        self.facts_: dict[str, Any] = {}

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        from tqdm.auto import tqdm  # type: ignore[import-untyped]

        self.bar_ = tqdm(
            total=self.steps, initial=self.before, unit="step", desc="training", mininterval=0.5
        )

    def on_batch_end(self, net: Any, **kwargs: Any) -> None:
        self.bar_.update()

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        epoch, loss = net.history[-1, ("epoch", "train_loss")]
        self.show(epoch=epoch, train_loss=f"{loss:.3f}")

    def show(self, **facts: Any) -> None:
        """Show facts behind the bar, until others of the same names come."""
        self.facts_.update(facts)
        self.bar_.set_postfix(self.facts_, refresh=False)

    def close(self) -> None:
        """Leave the bar as it stands, also after an error, of which skorch tells no callback."""
        if self.bar_ is not None:
            self.bar_.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "bar_": None}  # a bar cannot be pickled
