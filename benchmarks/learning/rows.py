"""The rows of the tables: rivals and ours, by section.

A section holds what may be compared line by line. What is named from texts that the corpus contains
and what is named without any such text are different things, so they have sections of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from m3n_sklearn import Multi3NetClassifier
from m3n_sklearn.evaluation import Method

from .corpora import labels, without
from .data import Task
from .encoders import Encoders
from .mounting import Worn, list_turns
from .recipes import ABLATIONS, ANY_MOUNTING, PAPER, Recipe, short_hash
from .rivals.table import MAJORITY, list_rivals

RIVALS, SIMULATED = "rivals", "rivals-simulated"
INDOMAIN, GENERAL, PAPERS = "indomain", "general", "paper"
TEXT_NAMED, ZERO_SHOT = "text-named", "zero-shot"
ABLATION, TEMPORAL, MOUNTING = "ablation", "temporal", "mounting"
SECTIONS = {
    RIVALS: "rivals, real labels alone",
    SIMULATED: "rivals, simulated windows of the training people + real labels",
    INDOMAIN: "ours, pretrained on the training people's skeletons and captions (in-domain)",
    GENERAL: "ours, pretrained on the general corpus (no motion of this set)",
    TEXT_NAMED: "text-named: captions in the corpus include these actions, no real label",
    ZERO_SHOT: "true zero-shot: general corpus, no real label",
    ABLATION: "ablation of the default, in-domain, lp_ft",
    MOUNTING: "sensors of the tested person turned, all labels",
    TEMPORAL: "with temporal context: Viterbi over the recording, all labels",
}
SHUFFLES = 3
"""Random assignments of the prompts to the wrong classes."""

DEFAULT, ANY = "default (auto)", "for any mounting"
TUNED = "probed, then fine-tuned"
OURS = {"frozen": "frozen", TUNED: "lp_ft", "fine-tuned": "full", DEFAULT: "auto"}
EPOCHS_QUICK = 40


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes
    ----------
    section : str
        Key of `SECTIONS`.
    method : Method
        What is scored.
    spec : object
        What it is made of, as JSON can hold it; a change of it is another row.
    recipe : Recipe or None
        The encoder that must be there.
    budgets : tuple or None
        Label budgets; None takes those of the task.
    seconds : float
        CPU seconds that a fit takes, about.
    """

    section: str
    method: Method
    spec: Any
    recipe: Recipe | None = None
    n_draws: int = 3
    budgets: tuple[int | None, ...] | None = None
    seconds: float = 10.0

    @property
    def key(self) -> str:
        """A name for files."""
        return f"{self.section}-{short_hash([self.method.name, self.spec])}"


def list_rows(task: Task, encoders: Encoders, n_draws: int) -> list[Row]:
    """Name every row of a task's tables."""
    quick = encoders.quick
    n_draws = 1 if quick else n_draws
    rows = list(_rivals(task, encoders, n_draws))
    settings = [(GENERAL, "general")]
    if task.key == "utd":
        settings = [(INDOMAIN, "in-domain"), *settings]
    for section, corpus in settings:
        rows += _ours(section, Recipe(corpus), encoders, n_draws)
        words = TEXT_NAMED if corpus == "in-domain" else ZERO_SHOT
        rows += _words(words, task, Recipe(corpus), encoders)
    if task.key == "utd":
        rows += _mounting(rows, encoders)
        rows += _ablations(encoders)
    if task.key.startswith("openpack"):
        rows += _temporal(rows)
    return rows


# ---- rivals


def _rivals(task: Task, encoders: Encoders, n_draws: int) -> Iterator[Row]:
    rivals = list(list_rivals(encoders.data, n_draws, encoders.quick))
    for name, estimator, draws, seconds in rivals:
        spec = _parameters(estimator)
        yield Row(RIVALS, Method(name, estimator), spec, None, draws, seconds=seconds)
    if task.key != "utd":
        return
    for name, estimator, draws, seconds in rivals:
        if name != MAJORITY:
            method = Method(name, estimator, extra=_simulated(encoders))
            spec = [_parameters(estimator), "simulated"]
            yield Row(SIMULATED, method, spec, None, draws, seconds=3 * seconds)


def _parameters(estimator: BaseEstimator) -> list[str]:
    flat = estimator.get_params().items()
    return [f"{k}={v}" for k, v in sorted(flat) if not hasattr(v, "fit") and k != "steps"]


def _simulated(encoders: Encoders) -> Callable[[tuple[Any, ...]], tuple[Any, np.ndarray]]:
    """Return a function that simulates windows of the training people, with their labels."""

    def extra(held_out: tuple[Any, ...]) -> tuple[Any, np.ndarray]:
        corpus = without(encoders.open_corpus(Recipe("in-domain")), held_out)
        kept = ("imu", "clip", "start")
        X = corpus.drop(*(name for name in corpus.columns if name not in kept))
        return X, labels(corpus, encoders.data)

    return extra


# ---- ours


def _ours(section: str, recipe: Recipe, encoders: Encoders, n_draws: int) -> Iterator[Row]:
    paper = Recipe(recipe.corpus, recipe.seconds, PAPER)
    arms = [(name, recipe, {"strategy": strategy}) for name, strategy in OURS.items()]
    arms += [
        (ANY, recipe, {"strategy": "auto", **ANY_MOUNTING}),
        ("paper, frozen", paper, {"strategy": "frozen"}),
        ("paper, fine-tuned", paper, {"strategy": "full"}),
    ]
    for name, used, given in arms:
        seconds = 1 if given["strategy"] == "frozen" else 15
        method = Method(name, _tuned(encoders, used, given))
        spec = [used.pretraining_key, given]
        yield Row(section, method, spec, used, n_draws, seconds=seconds)


def _tuned(
    encoders: Encoders, recipe: Recipe, given: Any
) -> Callable[[tuple[Any, ...]], BaseEstimator]:
    """Return a function of the held-out people: an encoder without them, under a classifier."""
    shorter = {"max_epochs": EPOCHS_QUICK} if encoders.quick else {}
    given = {"random_state": 0, **recipe.classifier, **shorter, **given}

    def build(held_out: tuple[Any, ...]) -> BaseEstimator:
        return Multi3NetClassifier(str(encoders.path(recipe, held_out)), **given)

    return build


def _words(section: str, task: Task, recipe: Recipe, encoders: Encoders) -> Iterator[Row]:
    """Named by prompts, and by prompts of the wrong classes."""
    classes = list(task.descriptions)
    prompts = [("its own prompts", classes)]
    prompts += [(f"shuffled prompts, {k + 1}", _derangement(classes, k)) for k in range(SHUFFLES)]
    for name, order in prompts:
        described = {c: task.descriptions[o] for c, o in zip(classes, order, strict=True)}
        given = {"strategy": "zero_shot", "descriptions": described}
        method = Method(name, _tuned(encoders, recipe, given), needs_labels=False)
        spec = [recipe.pretraining_key, [str(o) for o in order], str(described)]
        yield Row(section, method, spec, recipe, 1, (1,), seconds=1)


def _derangement(classes: list[Any], seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(classes))
        if (order != np.arange(len(classes))).all():
            return [classes[k] for k in order]


def _ablations(encoders: Encoders) -> Iterator[Row]:
    for change in ABLATIONS[: 3 if encoders.quick else None]:
        recipe = Recipe("in-domain", pretrainer=change.pretrainer)
        given = {"strategy": "lp_ft", **change.classifier}
        method = Method(change.name, _tuned(encoders, recipe, given))
        spec = [recipe.pretraining_key, given]
        yield Row(ABLATION, method, spec, recipe, 1, (1, 4) if encoders.quick else (1, 4, 8), 12)


def _mounting(rows: list[Row], encoders: Encoders) -> Iterator[Row]:
    """The rivals and our two configurations, fitted once and tested on turned sensors."""
    memory = str(encoders.store / "fits")
    for row in rows:
        name = row.method.name
        if row.section != RIVALS and name not in (DEFAULT, ANY):
            continue
        for label, turn in list_turns().items():

            def worn(held_out: Any, build: Any = row.method.build, turn: Any = turn) -> Worn:
                return Worn(build(held_out), turn, memory)

            of = name if row.section == RIVALS else f"ours, {row.section}, {name}"
            method = Method(f"{of} | {label}", worn)
            seconds = 1.3 * row.seconds if turn is None else 0.2
            yield Row(MOUNTING, method, [row.spec, turn], row.recipe, 1, (None,), seconds)


def _temporal(rows: list[Row]) -> Iterator[Row]:
    """The same rows, smoothed by what the training labels tell about durations and order."""
    for row in rows:
        method = row.method
        if row.section not in (RIVALS, GENERAL) or method.name == MAJORITY:
            continue
        build = method.build

        def smoothed(held_out: Any, build: Any = build) -> BaseEstimator:
            from m3n_sklearn.classification.temporal import HMMClassifier

            return HMMClassifier(build(held_out))

        name = method.name if row.section == RIVALS else f"ours, {method.name}"
        spec, seconds = [row.spec, "hmm"], 4 * row.seconds
        yield Row(TEMPORAL, Method(name, smoothed), spec, row.recipe, 1, (None,), seconds)
