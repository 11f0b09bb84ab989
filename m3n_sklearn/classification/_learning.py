"""Train the networks of a classifier: choice of strategy, initial weights, ensemble."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
from torch import nn

from .._labels import Labels
from .._torch import derive_seed, isolated
from .._training import TrainingPlan, train
from .._typing import AnyArray
from ..nets import ImuClassifier, build_classifier, get_weights, set_weights
from ._closed_form import embed, solve_head
from ._foreign import is_foreign
from ._pretrained import Network
from ._training_windows import LabeledWindows, class_loss
from ._words import weigh_words

__all__ = [
    "BATCH_SIZE",
    "EMA",
    "FEWEST_EPOCHS",
    "FEWEST_STEPS",
    "WEIGHT_DECAY",
    "Member",
    "choose_strategy",
    "embed_frozen",
    "initial_module",
    "learning_rate",
    "list_members",
    "members_of_last_fit",
    "train_frozen",
    "train_members",
]

EndEpoch = Callable[[Callable[[], Mapping[str, Any]]], bool]

BATCH_SIZE = 64
"""Rows per gradient step."""

WEIGHT_DECAY = 0.02
"""Weight decay of the optimizer, for weight matrices only."""

EMA = 0.99
"""Decay per step of the running average of the weights."""

FEWEST_EPOCHS = 30
"""Smallest number of passes over the rows with max_epochs="auto"."""

FEWEST_STEPS = 300
"""Smallest number of gradient steps with max_epochs="auto"."""

PENALTIES = {"frozen": 0.1, "finetune": 0.01}
"""Inverse regularization C of the logistic regression. A head that is fine-tuned afterwards starts
with smaller weights, because confident errors are slow to correct."""

MIN_WINDOWS_PER_CLASS = 4
"""Windows per class from which "auto" fits an ensemble and lr="auto" is the higher rate (measured
by ``make bench-learning``, few-label rows)."""

MIN_WINDOWS_TO_TUNE = 2
"""Windows per class from which "auto" fine-tunes from descriptions (measured with those of
``examples/plot_zero_shot.py``; with one, the labels judge the words better than they teach)."""

MIN_WINDOWS = 16
"""Windows from which "auto" fits an ensemble even with fewer windows per class, unless the classes
have descriptions (measured by ``make bench-learning``, few-label rows)."""

LEARNING_RATES = {"few labels": 1e-3, "otherwise": 3e-3}
"""Peak rates of lr="auto". The first is for pretrained networks with less than
`MIN_WINDOWS_PER_CLASS`."""

FROZEN_WEIGHT = 0.5
"""Sum of the ensemble weights of the frozen members. Each trained member has the weight 1 before
all are scaled to the sum 1."""


class Member(NamedTuple):
    """A network to train: its strategy, its configuration and its initial weights.

    Missing weights are initialized at random.
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
    """Return the strategy that "auto" chooses, from the sum `total` of the windows' weights."""
    if n_pretrainers == 0:
        return "scratch"
    if total / n_classes >= MIN_WINDOWS_PER_CLASS or rehearses or n_pretrainers > 1:
        return "ensemble"
    if described:
        return "finetune" if total / n_classes >= MIN_WINDOWS_TO_TUNE else "guided"
    return "frozen" if total < MIN_WINDOWS else "ensemble"


def list_members(
    strategy: str,
    encoders: Sequence[Network],
    untrained: Network,
    head: Mapping[str, Any],
    prompts: Network | None,
) -> list[Member]:
    """Return the networks that a strategy trains.

    Parameters
    ----------
    strategy : {"scratch", "frozen", "finetune", "zero_shot", "guided", "ensemble"}
        The strategy.
    encoders : sequence of Network
        IMU encoders of the pretrainers. Those of others are only used frozen.
    untrained : Network
        IMU encoder of a network from scratch.
    head : mapping
        Configuration of an `ImuClassifier` without its encoder. Trained networks and members of an
        ensemble read no statistics, which did not help there.
    prompts : Network or None
        The network that compares windows with the descriptions of the classes.
    """

    def with_head(strategy: str, encoder: Network) -> Member:
        config = {"encoder": encoder.config, **head, "statistics": False}
        return Member(strategy, config, encoder.weights)

    def frozen(encoder: Network) -> Member:
        return Member("frozen", {"encoder": encoder.config, **head}, encoder.weights)

    if prompts is not None and strategy in ("zero_shot", "finetune"):
        return [Member(strategy, prompts.config, prompts.weights)]
    if prompts is not None and strategy == "guided":
        words = Member("zero_shot", prompts.config, prompts.weights)
        return [frozen(encoders[0]), words]
    if strategy == "scratch":
        return [with_head(strategy, untrained)]
    if strategy == "frozen":
        return [frozen(encoders[0])]
    if strategy != "ensemble":
        return [with_head(strategy, encoders[0])]
    members = []
    for encoder in encoders:
        members.append(with_head("frozen", encoder))
        if is_foreign({"encoder": encoder.config}):
            continue
        if prompts is None:
            members.append(with_head("finetune", encoder))
        else:  # those of the first pretrainer
            members.append(Member("finetune", prompts.config, prompts.weights))
            prompts = None
    return [*members, with_head("scratch", untrained)]


def members_of_last_fit(
    strategy: str, config: dict[str, Any], weights: dict[str, AnyArray]
) -> list[Member]:
    """Return the trained networks of the last fit, to continue their training."""
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
    """Return the ensemble weights of members with these strategies; their sum is 1."""
    frozen = np.array(strategies) == "frozen"
    weights = np.where(frozen, FROZEN_WEIGHT / max(1, frozen.sum()), 1.0)
    return cast(list[float], (weights / weights.sum()).tolist())


def learning_rate(member: Member, data: LabeledWindows) -> float:
    """Return the peak learning rate of a network with lr="auto"."""
    few = data.per_class < MIN_WINDOWS_PER_CLASS
    return LEARNING_RATES["few labels" if few and member.strategy != "scratch" else "otherwise"]


def train_members(
    members: Sequence[Member],
    plans: Sequence[TrainingPlan],
    data: LabeledWindows,
    seed: int,
    end_epoch: EndEpoch,
) -> tuple[Network, list[dict[str, float]]]:
    """Train each network independently, and join several into an ensemble.

    Parameters
    ----------
    members, plans : sequence of Member, sequence of TrainingPlan
        The networks, and the training plan of each.
    data : LabeledWindows
        Training rows. The networks get the dtype of ``data.x``.
    seed : int
        Seed of the random initial weights.
    end_epoch : callable
        Called after each epoch with a function that returns the fitted attributes of the network
        in training. A true result ends the training of that network.

    Returns
    -------
    Network
        Configuration and weights of the network, or of the ensemble.
    list of dict
        History of all trainings, one entry per epoch.
    """
    # 1. Train one network after the other
    trained, history = [], []
    for member, plan in zip(members, plans, strict=True):
        rows = data
        in_ensemble = len(members) > 1 and member.strategy == "scratch"
        if in_ensemble and data.per_class >= MIN_WINDOWS_PER_CLASS:
            # from four windows per class on, rehearsal changes nothing for the network from scratch
            # of an ensemble (measured, see docs/benchmarks/tried_and_removed)
            rows = data.without_rehearsal()
        weights, epochs = _train(member, plan, rows, seed, end_epoch)
        trained.append(weights)
        history += epochs
    if len(members) == 1:
        return Network(members[0].config, trained[0]), history
    # 2. Weigh their opinions: words next to a head by the labels, others as measured
    strategies = [member.strategy for member in members]
    if "zero_shot" in strategies:
        words = members[-1]._replace(weights=trained[-1])
        with isolated():
            module = initial_module(words, data.x.dtype)
        opinions = [1.0, weigh_words(module, data, plans[-1].device)]
    else:
        opinions = ensemble_weights(strategies)
    # 3. Join their configurations, and their weights under a prefix for each member
    config = {
        "members": [member.config for member in members],
        "strategies": strategies,
        "weights": opinions,
    }
    joined = {
        f"members.{number}.{name}": array
        for number, weights in enumerate(trained)
        for name, array in weights.items()
    }
    return Network(config, joined), history


def _train(
    member: Member, plan: TrainingPlan, data: LabeledWindows, seed: int, end_epoch: EndEpoch
) -> tuple[dict[str, AnyArray], list[dict[str, float]]]:
    """Return the trained weights of one network, and the history of its training."""
    with isolated(derive_seed(seed, 0)):
        # 1. Random weights, then those of the pretrainer or of the last fit
        module = initial_module(member, data.x.dtype)
        # 2. The head in closed form, unless the last fit has trained it by gradient steps
        head_is_untrained = plan.first_epoch == 0 or not member.takes_steps
        if head_is_untrained and member.strategy in PENALTIES and isinstance(module, ImuClassifier):
            features = embed(
                module, data.x, data.present, plan.device, any_mounting=data.any_mounting
            )
            C = PENALTIES[member.strategy]
            solve_head(module, features, data.codes, data.weight, data.n_classes, C)
        # 3. Gradient steps on all weights
        history: list[dict[str, float]] = []
        if member.takes_steps:

            def on_epoch(weights: Callable[[], dict[str, AnyArray]]) -> bool:
                return end_epoch(lambda: {"config_": member.config, "weights_": weights()})

            history = train(module, class_loss, data, plan, on_epoch=on_epoch)
    return get_weights(module), history


def embed_frozen(member: Member, data: LabeledWindows, device: str, seed: int) -> AnyArray:
    """Return the features (n_views, n, d) of windows, as a frozen network computes them."""
    with isolated(derive_seed(seed, 0)):
        module = cast(ImuClassifier, initial_module(member, data.x.dtype))
        return embed(module, data.x, data.present, device, any_mounting=data.any_mounting)


def train_frozen(
    member: Member, features: AnyArray, labels: Labels, seed: int
) -> dict[str, AnyArray]:
    """Return the weights of a frozen network whose head is fitted to features (n_views, n, d)."""
    with isolated(derive_seed(seed, 0)):
        module = cast(ImuClassifier, initial_module(member, features.dtype))
        n_classes = len(labels.classes)
        solve_head(module, features, labels.codes, labels.weight, n_classes, PENALTIES["frozen"])
    return get_weights(module)


def initial_module(member: Member, dtype: Any) -> nn.Module:
    """Build a network with its initial weights, in the given dtype."""
    module = build_classifier(member.config)
    weights = get_weights(module)
    weights |= {name: member.weights[name] for name in weights.keys() & member.weights.keys()}
    return set_weights(module, {name: _as_dtype(w, dtype) for name, w in weights.items()})


def _as_dtype(array: AnyArray, dtype: Any) -> AnyArray:
    """Convert floating point arrays to a dtype, and return others as they are."""
    return array.astype(dtype) if np.issubdtype(array.dtype, np.floating) else array
