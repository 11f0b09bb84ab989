"""From labeled windows and initial weights to the weights of a classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
from torch import nn

from .._torch import derive_seed, isolated
from .._training import TrainingPlan, train
from .._typing import AnyArray
from ..nets import ImuClassifier, build_classifier, get_weights, set_weights
from ._closed_form import solve_head
from ._pretrained import Network
from ._training_windows import LabeledWindows, class_loss

__all__ = [
    "BATCH_SIZE",
    "EMA",
    "FEWEST_EPOCHS",
    "FEWEST_STEPS",
    "WEIGHT_DECAY",
    "Member",
    "choose_strategy",
    "initial_module",
    "learning_rate",
    "list_members",
    "members_of",
    "train_members",
]

EndEpoch = Callable[[Callable[[], Mapping[str, Any]]], bool]

BATCH_SIZE, WEIGHT_DECAY, EMA = 64, 0.02, 0.99
"""Rows per step; decay of weight matrices; decay of the running average of the weights."""

FEWEST_EPOCHS, FEWEST_STEPS = 30, 300
"""Passes over the rows, and steps, that a training takes at least with max_epochs="auto"."""

PENALTIES = {"frozen": 0.1, "finetune": 0.01}
"""C of the logistic regression. A head that is fine-tuned later must not be confident yet."""

ENOUGH_PER_CLASS = 4
"""Windows per class from which "auto" fits an ensemble and a pretrained network learns faster."""

ENOUGH_IN_ALL = 16
"""Windows in all from which a network from scratch improves an ensemble."""

LEARNING_RATES = {"few labels": 1e-3, "otherwise": 3e-3}
"""Values of lr="auto"; the first for pretrained networks with few windows per class."""

FROZEN_WEIGHT = 0.5
"""Weight that all frozen members of an ensemble share; each trained member has weight 1."""


class Member(NamedTuple):
    """A network to train: its strategy, its configuration and its initial weights.

    Weights that are missing are drawn at random.
    """

    strategy: str
    config: dict[str, Any]
    weights: dict[str, AnyArray]

    @property
    def takes_steps(self) -> bool:
        """Whether the network is trained by gradient steps."""
        return self.strategy in ("scratch", "finetune")


def choose_strategy(
    total: float, n_classes: int, *, n_pretrainers: int, described: bool, rehearses: bool
) -> str:
    """Return the strategy that "auto" follows for a total weight of windows."""
    if n_pretrainers == 0:
        return "scratch"
    if total / n_classes >= ENOUGH_PER_CLASS or rehearses or n_pretrainers > 1:
        return "ensemble"
    if described:
        return "finetune"
    return "frozen" if total < ENOUGH_IN_ALL else "ensemble"


def list_members(
    strategy: str, encoders: Sequence[Network], head: Mapping[str, Any], prompts: Network | None
) -> list[Member]:
    """Return the networks that a strategy trains.

    Parameters
    ----------
    strategy : {"scratch", "frozen", "finetune", "zero_shot", "ensemble"}
        The strategy.
    encoders : sequence of Network
        Of the pretrainers. A network from scratch has the architecture of the first.
    head : mapping
        Entries of the configuration of an `ImuClassifier`, but for its encoder.
    prompts : Network or None
        Compares windows with the descriptions of the classes.
    """

    def with_head(strategy: str, encoder: Network) -> Member:
        return Member(strategy, {"encoder": encoder[0], **head}, encoder[1])

    first, *others = encoders
    if prompts is not None and strategy in ("zero_shot", "finetune"):
        return [Member(strategy, *prompts)]
    scratch = with_head("scratch", ({**first[0], "sites": head["sites"]}, {}))
    if strategy != "ensemble":
        return [scratch if strategy == "scratch" else with_head(strategy, first)]
    tuned = with_head("finetune", first) if prompts is None else Member("finetune", *prompts)
    further = [with_head(how, other) for other in others for how in ("frozen", "finetune")]
    return [with_head("frozen", first), tuned, *further, scratch]


def members_of(strategy: str, config: dict[str, Any], weights: dict[str, AnyArray]) -> list[Member]:
    """Return the trained networks of an earlier fit, to train them further."""
    if strategy != "ensemble":
        return [Member(strategy, config, weights)]
    return [
        Member(
            how,
            member,
            {
                name.removeprefix(f"members.{number}."): array
                for name, array in weights.items()
                if name.startswith(f"members.{number}.")
            },
        )
        for number, (how, member) in enumerate(
            zip(config["strategies"], config["members"], strict=True)
        )
    ]


def ensemble_weights(strategies: Sequence[str]) -> list[float]:
    """Return the weights of the members of an ensemble, which sum to 1."""
    frozen = np.array(strategies) == "frozen"
    weights = np.where(frozen, FROZEN_WEIGHT / max(1, frozen.sum()), 1.0)
    return cast(list[float], (weights / weights.sum()).tolist())


def learning_rate(member: Member, data: LabeledWindows) -> float:
    """Return the peak learning rate that lr="auto" stands for."""
    few = data.per_class < ENOUGH_PER_CLASS
    return LEARNING_RATES["few labels" if few and member.strategy != "scratch" else "otherwise"]


def train_members(
    members: Sequence[Member],
    plans: Sequence[TrainingPlan],
    data: LabeledWindows,
    seed: int,
    end_epoch: EndEpoch,
) -> tuple[Network, list[dict[str, float]]]:
    """Train each network as it would be trained alone, and join several into an ensemble.

    Parameters
    ----------
    members, plans : sequence of Member, sequence of TrainingPlan
        What to train, and how.
    data : LabeledWindows
        Rows to learn from; the networks have the dtype of ``data.x``.
    seed : int
        Root of the random initial weights.
    end_epoch : callable
        Called after each epoch with a function that returns the fitted attributes of the network
        in training; a true result ends the training of that network.

    Returns
    -------
    Network
        Configuration and weights.
    list of dict
        History of all trainings.
    """
    trained, history = [], []
    for member, plan in zip(members, plans, strict=True):
        rows = data
        if len(members) > 1 and member.strategy == "scratch" and data.per_class >= ENOUGH_PER_CLASS:
            # with enough real windows, simulated ones do more harm than good here
            rows = data.without_rehearsal()
        weights, epochs = _train(member, plan, rows, seed, end_epoch)
        trained.append(weights)
        history += epochs
    if len(members) == 1:
        return (members[0].config, trained[0]), history
    strategies = [member.strategy for member in members]
    config = {
        "members": [member.config for member in members],
        "strategies": strategies,
        "weights": ensemble_weights(strategies),
    }
    joined = {
        f"members.{number}.{name}": array
        for number, weights in enumerate(trained)
        for name, array in weights.items()
    }
    return (config, joined), history


def _train(
    member: Member, plan: TrainingPlan, data: LabeledWindows, seed: int, end_epoch: EndEpoch
) -> tuple[dict[str, AnyArray], list[dict[str, float]]]:
    """Return the trained weights of one network, and the history of its training."""
    with isolated(derive_seed(seed, 0)):
        # 1. Random weights, then those of the pretrainer or of the last fit
        module = initial_module(member, data.x.dtype)
        # 2. The head in closed form, unless the head was trained before
        new = plan.first_epoch == 0 or not member.takes_steps
        if new and member.strategy in PENALTIES and isinstance(module, ImuClassifier):
            solve_head(module, data, PENALTIES[member.strategy], plan.device)
        # 3. Gradient steps on all weights
        history: list[dict[str, float]] = []
        if member.takes_steps:

            def on_epoch(weights: Callable[[], dict[str, AnyArray]]) -> bool:
                return end_epoch(lambda: {"config_": member.config, "weights_": weights()})

            history = train(module, class_loss, data, plan, on_epoch=on_epoch)
    return get_weights(module), history


def initial_module(member: Member, dtype: Any) -> nn.Module:
    """Build a network in a dtype, with its initial weights."""
    module = build_classifier(member.config)
    weights = get_weights(module)
    weights |= {name: member.weights[name] for name in weights.keys() & member.weights.keys()}
    return set_weights(module, {name: _as_dtype(w, dtype) for name, w in weights.items()})


def _as_dtype(array: AnyArray, dtype: Any) -> AnyArray:
    return array.astype(dtype) if np.issubdtype(array.dtype, np.floating) else array
