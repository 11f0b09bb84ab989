"""From labelled windows and a start to a network that knows the classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from .._runtime import derive_rng, derive_seed, isolated
from .._skorch import TrainingPlan, count_epochs, train
from ..nets import get_weights, set_weights
from ..nets._classifier import Blend, ImuClassifier, ImuNamer, Network, build_classifier
from ._adaptation import adapt_norms
from ._head import solve_head
from ._labels import hold_out
from ._pretrained import Start
from ._training import ClassLoss, LabelledWindows

__all__ = ["Learned", "Recipe", "as_dtype", "learn", "shares"]

AnyArray = NDArray[Any]
Callbacks = Callable[..., AbstractContextManager[Callable[[Any], bool]]]

FEWEST_EPOCHS, FEWEST_STEPS = 30, 300
"""Passes over the rows, and steps, that a training takes at least when max_epochs is "auto"."""

PENALTIES = {"frozen": 0.1, "lp_ft": 0.01}
"""What C="auto" stands for: a head that is to be fine-tuned must not be sure of itself yet."""

MANY = 4
"""Windows per class from which a pretrained network may leave its start behind."""

PROBES_VOTE = 0.5
"""What probes count together in a blend, where every network that takes steps counts 1."""

RATES = {"timid": 1e-3, "bold": 3e-3}
"""What lr="auto" stands for: for a pretrained network with few labels, and else."""


@dataclass(frozen=True)
class Recipe:
    """How a network learns; the fields are those parameters of the classifier.

    Attributes
    ----------
    head, loss, max_epochs, batch_size, lr, weight_decay, ema, label_smoothing, dropout, C
        As in `Multi3NetClassifier`.
    patience : int or None
        Epochs without a lower loss on held-out windows after which to stop; None holds none out.
    validation_fraction : float
        Share of windows or groups to hold out.
    adapts : bool
        Whether batch norms take their statistics from the training windows before anything else.
    device : str
        Where to compute.
    verbose : int
        A progress bar if positive.
    """

    head: str
    label_at: str
    loss: str
    max_epochs: int | str
    batch_size: int
    lr: float | str
    weight_decay: float
    ema: float | None
    label_smoothing: float
    dropout: float
    C: float | str
    patience: int | None
    validation_fraction: float
    adapts: bool
    device: str
    verbose: int = 0

    def quiet(self) -> Recipe:
        """Return the same without a progress bar."""
        return replace(self, verbose=0)

    def peak_rate(self, strategy: str, data: LabelledWindows) -> float:
        """Return the peak learning rate."""
        if not isinstance(self.lr, str):
            return self.lr
        few = data.per_class < MANY
        return RATES["timid" if few and strategy != "scratch" else "bold"]

    def plan(self, n_rows: int, lr: float, seed: int, first_epoch: int) -> TrainingPlan:
        """Return the plan of a training."""
        epochs = count_epochs(
            self.max_epochs,
            n_rows,
            self.batch_size,
            fewest_epochs=FEWEST_EPOCHS,
            fewest_steps=FEWEST_STEPS,
        )
        return TrainingPlan(
            max_epochs=epochs,
            batch_size=self.batch_size,
            lr=lr,
            weight_decay=self.weight_decay,
            ema=self.ema,
            seed=seed,
            device=self.device,
            first_epoch=first_epoch,
            verbose=self.verbose,
        )


class Learned(NamedTuple):
    """A network that has learned, its configuration and the history of its training."""

    module: Network
    config: dict[str, Any]
    history: list[dict[str, float]]


def learn(
    data: LabelledWindows,
    start: Start,
    strategy: str,
    recipe: Recipe,
    seed: int,
    *,
    groups: AnyArray | None = None,
    callbacks: Callbacks | None = None,
) -> Learned:
    """Build a network and teach it the classes.

    Parameters
    ----------
    data : LabelledWindows
        Rows to learn from; the network takes on the dtype of ``data.x``.
    start : Start
        What the network is built from.
    strategy : {"scratch", "frozen", "lp_ft", "full", "prompt_ft", "blend"}
        What is learned.
    recipe : Recipe
        How it is learned.
    seed : int
        Root of all draws.
    groups : ndarray of shape (n,), optional
        Whom the rows come from: kept together by early stopping.
    callbacks : callable, optional
        ``callbacks(max_epochs=...)`` is a context, entered once, whose function is called after
        each epoch with one that returns the fitted attributes so far; of a blend, those of the
        member that is being trained.

    Returns
    -------
    Learned
        The network is on the CPU, in evaluation mode.
    """
    if strategy == "blend":
        return _blend(data, start, recipe, seed, groups, callbacks)
    with isolated(derive_seed(seed, 0)):
        config, module, taken = _network(data, start, strategy, recipe)
        weights = get_weights(module)
        weights |= {name: taken[name] for name in weights.keys() & taken.keys()}
        set_weights(module, {name: as_dtype(w, data.x.dtype) for name, w in weights.items()})
        if start.epochs == 0 or strategy == "frozen":
            if recipe.adapts:
                adapt_norms(module, data.x, data.present, recipe.device)
            if strategy in ("frozen", "lp_ft"):
                assert isinstance(module, ImuClassifier)
                C = PENALTIES[strategy] if isinstance(recipe.C, str) else recipe.C
                even = recipe.loss == "balanced_softmax"
                solve_head(module, data, C, recipe.device, even=even)
        history: list[dict[str, float]] = []
        if strategy != "frozen":
            lr = recipe.peak_rate(strategy, data)
            history = _train(
                module, config, data, recipe, lr, seed, start.epochs, groups, callbacks
            )
    return Learned(module.eval(), config, history)


def _network(
    data: LabelledWindows, start: Start, strategy: str, recipe: Recipe
) -> tuple[dict[str, Any], Network, Mapping[str, AnyArray]]:
    """Return a network with fresh weights, its configuration, and the weights to take over."""
    if start.config is not None:
        config = start.config | ({} if "net" in start.config else {"dropout": recipe.dropout})
        return config, build_classifier(config), start.weights
    facts = {"sites": start.sites, "n_classes": data.n_classes}
    if strategy == "prompt_ft":
        assert start.names is not None
        config = {"net": start.names.net, **facts}
        return config, ImuNamer(config), start.names.weights
    config = {
        "encoder": start.encoder,
        "head": recipe.head,
        "dropout": recipe.dropout,
        "label_at": recipe.label_at,
        **facts,
    }
    return config, ImuClassifier(config), start.weights


def _blend(
    data: LabelledWindows,
    start: Start,
    recipe: Recipe,
    seed: int,
    groups: AnyArray | None,
    callbacks: Callbacks | None,
) -> Learned:
    """Teach every member apart; average what they say."""
    few = data.per_class < MANY
    parts = list(_parts(start))
    members = []
    with nullcontext() if callbacks is None else callbacks(max_epochs=None) as end_epoch:
        shared = None if end_epoch is None else _entered(end_epoch)
        for origin, strategy in parts:
            # with many labels, simulated windows distract a network that starts from nothing
            rows = data.alone() if strategy == "scratch" and not few else data
            members.append(
                learn(rows, origin, strategy, recipe, seed, groups=groups, callbacks=shared)
            )
    strategies = [strategy for _, strategy in parts]
    config = {
        "members": [member.config for member in members],
        "strategies": strategies,
        "shares": shares(strategies),
    }
    module = Blend(config)
    for place, member in zip(module.members, members, strict=True):
        set_weights(place, get_weights(member.module))
    history = [epoch for member in members for epoch in member.history]
    return Learned(module.eval(), config, history)


def _parts(start: Start) -> Iterator[tuple[Start, str]]:
    """Yield where each member of a blend sets out from, and how it learns."""
    if start.config is not None:
        for number, strategy in enumerate(start.config["strategies"]):
            yield start.member(number), strategy
        return
    for origin in (start, *start.beside):
        if not origin.weights:
            yield origin, "scratch"
            continue
        yield origin, "frozen"
        yield origin, "lp_ft" if origin.names is None else "prompt_ft"


def shares(strategies: Sequence[str]) -> list[float]:
    """Return what the members of a blend count, 1 in all, by how they learn."""
    probes = np.array(strategies) == "frozen"
    votes = np.where(probes, PROBES_VOTE / max(1, probes.sum()), 1.0)
    return cast(list[float], (votes / votes.sum()).tolist())


def _entered(end_epoch: Callable[[Any], bool]) -> Callbacks:
    return lambda max_epochs: nullcontext(end_epoch)


def _train(
    module: Network,
    config: dict[str, Any],
    data: LabelledWindows,
    recipe: Recipe,
    lr: float,
    seed: int,
    epochs_before: int,
    groups: AnyArray | None,
    callbacks: Callbacks | None,
) -> list[dict[str, float]]:
    if recipe.patience is not None:
        rng = derive_rng(seed, 2)
        rows, _ = hold_out(data.codes, groups, recipe.validation_fraction, rng)
        data = data.take(rows)
    even = recipe.loss == "balanced_softmax"
    loss = ClassLoss(recipe.label_smoothing, tuple(data.log_prior()) if even else None)
    plan = recipe.plan(len(data), lr, derive_seed(seed, 1), epochs_before)
    context = nullcontext() if callbacks is None else callbacks(max_epochs=plan.max_epochs)
    with context as end_epoch:

        def on_epoch(weights: Callable[[], dict[str, AnyArray]]) -> bool:
            return end_epoch is not None and end_epoch(
                lambda: {"config_": config, "weights_": weights()}
            )

        return train(module, loss, data, plan, on_epoch=on_epoch)


def as_dtype(array: AnyArray, dtype: Any) -> AnyArray:
    """Return floats in a dtype, and anything else as it is."""
    return array.astype(dtype) if np.issubdtype(array.dtype, np.floating) else array
