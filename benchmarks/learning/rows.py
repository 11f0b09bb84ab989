"""The rows of the tables, baselines and our methods, by section.

Rows of one section can be compared line by line. Recognition from captions of the same actions and
recognition from a general corpus are different claims, so they have separate sections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from m3n_sklearn import Multi3NetClassifier, load
from m3n_sklearn.evaluation import Method, person_folds

from ..base_weights import BASE, RECIPES
from .baselines.committee import Committee
from .baselines.evened import Evened
from .baselines.minirocket import beside
from .baselines.table import (
    COPIES,
    EPOCHS_QUICK,
    FURTHER,
    LSTM,
    MAJORITY,
    SCRATCH,
    Baseline,
    list_baselines,
)
from .corpora import RATE, WITH_RECORDINGS, for_training, without
from .encoders import Encoders
from .kept import Kept
from .mounting import InSiteAxes, Worn, list_turns
from .parts import InParts
from .recipes import (
    ABLATIONS,
    ANY_MOUNTING,
    BY_DEFAULT,
    CONE,
    EITHER_WAY,
    PAPER,
    PROBED,
    Recipe,
    short_hash,
)
from .task import Task
from .watches import WATCHES

BASELINES, SIMULATED, CONTROL = "baselines", "baselines-simulated", "control"
GIVEN = "encoder-"
"""Sections of an encoder for every set begin with it, and end with its name."""
GIVEN_WORDS = "zero-shot-"
INDOMAIN, GENERAL, PAPERS = "indomain", "general", "paper"
TEXT_NAMED, ZERO_SHOT = "text-named", "zero-shot"
ABLATION, MOUNTING, CENTER = "ablation", "mounting", "center"
TEMPORAL, EVENLY = "temporal", "temporal-balanced"
SECTIONS = {
    BASELINES: "baselines, real labels alone",
    SIMULATED: "baselines, simulated windows of the training people + real labels",
    CONTROL: "controls: networks from scratch, two averaged, or with less augmentation",
    INDOMAIN: "ours, pretrained on the training people's skeletons and captions (in-domain)",
    GENERAL: "ours, pretrained on the general corpus (no motion of this set)",
    PAPERS: "configuration of the paper, in-domain, one person tested",
    TEXT_NAMED: "text-named: captions in the corpus include these actions, no real label",
    ZERO_SHOT: "zero-shot: general corpus (no motion of this set, but look-alikes), no real label",
    ABLATION: "ablation of the default, in-domain, shorter pretraining, two people tested",
    CENTER: "frozen encoder, what a label describes",
    MOUNTING: "sensors of the tested person turned, all labels",
    TEMPORAL: "with temporal context: Viterbi over the recording, all labels",
    EVENLY: "with temporal context: decided as if all classes were equally frequent, all labels",
}


def title_of(section: str) -> str:
    """Return the title of a section."""
    if section.startswith(GIVEN):
        return f"ours, pretrained encoder {section.removeprefix(GIVEN)} (read nothing of this set)"
    if section.startswith(GIVEN_WORDS):
        name = section.removeprefix(GIVEN_WORDS)
        return f"zero-shot: pretrained encoder {name} (read nothing of this set), no real label"
    return SECTIONS[section]


INDOMAIN_TWICE = f"{INDOMAIN}, two encoders"
WATCH_DRAWS = 2
"""Draws of labels of the watch sets, which have more people than the others."""
BOTH = "openpack-both"
"""The set with the largest windows, for which slow rows are left out."""
CONTROLLED = ("utd", "smartwatch", "openpack-right")
"""The sets that have controls, but for quick runs."""
SHUFFLED = "shuffled prompts"
SHUFFLES = 20
"""Random assignments of the prompts to the wrong classes."""
SHUFFLES_QUICK = 3

AS_WORN_THERE = "general, worn as in UTD-MHAD"
TWO_ENCODERS = Recipe("in-domain", beside=AS_WORN_THERE)

Build = Callable[[tuple[Any, ...]], BaseEstimator]
"""The estimator for some held-out people."""

DEFAULT, ANY = "default (auto)", "for an unknown mounting"
TWICE = "default (auto), two encoders"
FLIPS = "strapped either way in training"
PROMPTED = "default (auto), with prompts"
GUIDED = "words and labels (guided)"
FROZEN, TUNED = "frozen", "probed, then fine-tuned"
MEASURED = "frozen, with statistics"
TWO = "two CNNs from scratch, our augmentation"
STEADY = "CNN from scratch, without tempo and amplitude"
EVEN = "CNN from scratch, half of the weight on real windows"
SECONDS_OF = {"frozen": 0.5, "guided": 1, "auto": 12}
"""Approximate CPU seconds of a fit with windows of UTD-MHAD; for "auto" without shared fits."""
WITHOUT = ("statistics", False)
"""The parameter of the plain frozen encoder, which does not need to be in its key."""
MANY = 8
"""Windows per class from which fine-tuning is compared with the frozen encoder."""
GUIDED_AT = (1, 4, 16)
"""Windows per class with which words and labels are joined."""
SMOOTHED = ("features + random forest", "MiniRocket + linear", SCRATCH, FROZEN, DEFAULT)
"""Methods that are also tested with temporal context."""
RESHAPING = {"encoder", "width"}
"""Parameters of a pretrainer that make another network of it than the baseline from scratch."""
FITS = "fits"
"""Folder of a store for fits that rows share."""
SHARED = {SCRATCH, LSTM}
"""Slow baselines that occur in several sections: their fits are stored."""
JOINED = {"features + random forest", "MiniRocket + linear", SCRATCH}
"""Baselines that also learn from simulated windows of SmartFallMM."""
TRAINED = {SCRATCH, DEFAULT}
"""Those of them that take long."""
SMOOTHING_FOLDS = 2
"""Folds for choosing the weight of window probabilities; each requires one training."""
ABLATION_EPOCHS = 20
"""Epochs of the pretrainings that are compared, to keep the whole grid within hours."""


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
    budgets, folds : tuple or None
        Label budgets and tested people; None takes those of the task.
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
    folds: tuple[tuple[Any, ...], ...] | None = None

    @property
    def key(self) -> str:
        """A name for files."""
        return f"{self.section}-{short_hash([self.method.name, self.spec])}"


def list_rows(task: Task, encoders: Encoders, n_draws: int) -> list[Row]:
    """Name every row of a task's tables."""
    quick = encoders.quick
    is_watch = task.key in WATCHES
    n_draws = 1 if quick else min(n_draws, WATCH_DRAWS) if is_watch else n_draws
    rows = list(_baselines(task, encoders, n_draws))
    settings = [] if is_watch else [(GENERAL, ZERO_SHOT, "general")]
    if task.key == "utd":
        settings = [(GENERAL, ZERO_SHOT, AS_WORN_THERE)]
    if task.skeletons:
        settings.insert(0, (INDOMAIN, TEXT_NAMED, task.skeletons))
    if task.key != BOTH:
        settings += [
            (f"{GIVEN}{name}", f"{GIVEN_WORDS}{name}", encoders.unseen(name, task.family))
            for name in encoders.names
        ]
    for section, words, corpus in settings:
        given = {}
        if corpus.startswith(WITH_RECORDINGS) and corpus not in encoders.files:
            given["max_epochs"] = RECIPES[WITH_RECORDINGS].max_epochs
        recipe = Recipe(corpus, pretrainer=given)
        rows += _ours(section, task, recipe, encoders, n_draws)
        rows += _words(words, task, recipe, encoders)
    if task.key == "utd":
        rows += _mounting(task, rows, encoders)
        rows += _papers(task, encoders)
        rows += _ablations(task, encoders)
    if task.key.startswith("openpack"):
        rows += _temporal(task, rows, quick)
        rows += _center(task, encoders)
    return [row for row in rows if not (quick and _has_its_like(task, row))]


def _has_its_like(task: Task, row: Row) -> bool:
    """Whether a quick run does without a row, since another one is much the same."""
    copies = COPIES in row.method.name
    elsewhere = row.section == SIMULATED or task.key.startswith("openpack")
    return row.section == EVENLY or FLIPS in row.method.name or (copies and elsewhere)


# ---- baselines


def _baselines(task: Task, encoders: Encoders, n_draws: int) -> Iterator[Row]:
    baselines = _list_baselines(task, encoders, n_draws)
    if task.key in CONTROLLED and not encoders.quick:
        yield from _controls(task, _scratch(baselines), encoders, n_draws)
    for name, estimator, draws, seconds, flags in baselines:
        if name == LSTM and task.key.startswith("openpack"):
            continue  # its cost grows with sensors and length: half an hour and more for one cell
        if task.key in WATCHES and (name == LSTM or COPIES in name):
            continue  # they take half of the time and are behind the others on the sets above
        shared = _kept(estimator, encoders) if name in SHARED else estimator
        method, spent = Method(name, shared, flags=flags), seconds * _size(task)
        few = _ends(task) if name == LSTM else None
        yield Row(BASELINES, method, _parameters(estimator), None, draws, few, spent)
    if not task.skeletons:
        return
    for name, estimator, draws, seconds, flags in baselines:
        joined = task.key == "utd" or name in JOINED
        if name != MAJORITY and name not in FURTHER and joined:
            method = Method(name, estimator, extra=_simulated(task, encoders), flags=flags)
            spec = [_parameters(estimator), "simulated"]
            few = task.budgets[:1] if name == LSTM else _ends(task) if COPIES in name else None
            yield Row(SIMULATED, method, spec, None, draws, few, 1.3 * seconds)
    yield _evened(_scratch(baselines).estimator, task, encoders, n_draws)


def _list_baselines(task: Task, encoders: Encoders, n_draws: int) -> list[Baseline]:
    shaped_by = None if task.X.rate("imu") == RATE else BASE
    given = (encoders.data, n_draws, encoders.quick, task.label_at, shaped_by, task.is_acc_only)
    return list(list_baselines(*given))


def _scratch(baselines: list[Baseline]) -> Baseline:
    return next(baseline for baseline in baselines if baseline.name == SCRATCH)


def _controls(task: Task, scratch: Baseline, encoders: Encoders, n_draws: int) -> Iterator[Row]:
    """The gain from averaging two networks, and from augmenting tempo and amplitude."""
    two = Method(TWO, Committee(scratch.estimator, memory=str(encoders.store / FITS)))
    few = {"utd": (1, 4, None), "smartwatch": (1, 4, 16)}.get(task.key, (None,))
    spent = scratch.seconds * _size(task)  # one of the two is the baseline's
    yield Row(CONTROL, two, _parameters(scratch.estimator), None, n_draws, few, spent)
    if task.key == "utd":
        steady = clone(scratch.estimator).set_params(augment=CONE)
        method = Method(STEADY, steady)
        yield Row(CONTROL, method, _parameters(steady), None, n_draws, few, spent)


def _kept(estimator: BaseEstimator, encoders: Encoders) -> Kept | InParts:
    """Return an estimator whose fits are shared by all rows that need the same fit."""
    already = isinstance(estimator, Kept | InParts)
    return estimator if already else Kept(estimator, str(encoders.store / FITS))


def _keeping(build: Build, encoders: Encoders) -> Build:
    return lambda held_out: _kept(build(held_out), encoders)


def _in_parts(build: Build, task: Task, encoders: Encoders) -> Build:
    scratch = _scratch(_list_baselines(task, encoders, 1)).estimator
    return lambda held_out: InParts(build(held_out), scratch, str(encoders.store / FITS))


def _evened(scratch: BaseEstimator, task: Task, encoders: Encoders, n_draws: int) -> Row:
    """Return the baseline that weighs real and simulated windows as our rehearsal does."""
    simulated = _simulated(task, encoders)

    def build(held_out: tuple[Any, ...]) -> Evened:
        return Evened(scratch, *simulated(held_out))

    spec = [_parameters(scratch), "simulated, evened"]
    return Row(SIMULATED, Method(EVEN, build), spec, None, n_draws, seconds=10)


def _ends(task: Task) -> tuple[int | None, ...]:
    """Return the budgets of the baseline that takes longest: fewest and all labels."""
    return task.budgets[0], None


def _size(task: Task) -> float:
    """Size of the windows relative to those of UTD-MHAD."""
    _, channels, length = task.X["imu"].shape
    return channels / 6 * length / task.X.rate("imu") / 2.56


def _parameters(estimator: BaseEstimator) -> list[str]:
    """Return the parameters of a baseline; of our own, those that are not at their defaults."""
    ours = isinstance(estimator, Multi3NetClassifier)
    default = Multi3NetClassifier().get_params() if ours else {}
    flat = {
        key: value.name if isinstance(value, Path) else value
        for key, value in estimator.get_params().items()
        if key != "steps" and not hasattr(value, "fit") and not (ours and value == default[key])
    }
    return [f"{key}={value}" for key, value in sorted(flat.items())]


def _simulated(
    task: Task, encoders: Encoders
) -> Callable[[tuple[Any, ...]], tuple[Any, np.ndarray]]:
    """Return a function that simulates windows of the training people, with their labels."""

    def extra(held_out: tuple[Any, ...]) -> tuple[Any, np.ndarray]:
        corpus = without(encoders.open_corpus(Recipe(task.skeletons)), held_out)
        return for_training(task.skeletons, corpus, encoders.data)

    return extra


# ---- ours


def _ours(
    section: str, task: Task, recipe: Recipe, encoders: Encoders, n_draws: int
) -> Iterator[Row]:
    many = tuple(budget for budget in task.budgets if budget is None or budget >= MANY)
    alone = {"strategy": "frozen", "statistics": False}
    yield _row(section, FROZEN, task, recipe, encoders, alone, n_draws, None)
    if section.startswith(GIVEN):
        both = {"strategy": "frozen", "statistics": True}
        yield _row(section, MEASURED, task, recipe, encoders, both, n_draws, None)
    if task.key == "utd" or (task.key != BOTH and not encoders.quick):
        few = 1 if task.key.startswith("openpack") else n_draws
        yield _row(section, TUNED, task, recipe, encoders, PROBED, few, many)
    yield _row(section, DEFAULT, task, recipe, encoders, BY_DEFAULT, n_draws, None)
    if section == INDOMAIN:
        twice = TWO_ENCODERS if task.key == "utd" else replace(recipe, beside=BASE)
        yield _row(section, TWICE, task, twice, encoders, BY_DEFAULT, n_draws, None)
    if section.startswith(GIVEN) and not encoders.quick:
        few = tuple(budget for budget in task.budgets if budget is not None and budget < MANY)
        given = {**BY_DEFAULT, "descriptions": task.descriptions}
        if few:
            yield _row(section, PROMPTED, task, recipe, encoders, given, n_draws, few)
        few = tuple(budget for budget in task.budgets if budget in GUIDED_AT)
        if few:
            given = {
                "strategy": "guided",
                "descriptions": task.descriptions,
                "statistics": True,
            }
            yield _row(section, GUIDED, task, recipe, encoders, given, n_draws, few)


def _papers(task: Task, encoders: Encoders) -> Iterator[Row]:
    """The configuration of the paper, whose encoders take seven times as long as the default's."""
    recipe = Recipe("in-domain", pretrainer=PAPER)
    for name, given in (("paper, frozen", {"strategy": "frozen"}), ("paper, fine-tuned", PROBED)):
        row = _row(PAPERS, name, task, recipe, encoders, given, 1, None)
        yield replace(row, folds=_some_people(task)[:1])


def _row(
    section: str,
    name: str,
    task: Task,
    recipe: Recipe,
    encoders: Encoders,
    given: Mapping[str, Any],
    n_draws: int,
    budgets: tuple[int | None, ...] | None,
    flags: tuple[str, ...] = (),
) -> Row:
    """Return one of our rows."""
    known = recipe.corpus == task.skeletons and given.get("descriptions", True)
    words = {"descriptions": task.descriptions} if known else {}
    at = {"label_at": task.label_at} if task.label_at != "window" else {}
    build = _tuned(task, encoders, recipe, words | at | dict(given))
    if given == BY_DEFAULT and not RESHAPING & recipe.pretrainer.keys():
        build = _in_parts(build, task, encoders)
    elif given == PROBED:
        build = _keeping(build, encoders)
    build = _facing(build, task, recipe, encoders)
    method, given = Method(name, build, flags=flags), {**at, **given}
    seconds = SECONDS_OF.get(given["strategy"], 10) * _size(task) / (3 if encoders.quick else 1)
    plain = {name: value for name, value in given.items() if (name, value) != WITHOUT}
    spec = [recipe.pretraining_key, plain, dict(recipe.classifier), known]
    spec += [recipe.beside] if recipe.beside else []
    spec += [mark for one in recipe.encoders if (mark := encoders.print(one))]
    return Row(section, method, spec, recipe, n_draws, budgets, seconds)


def _tuned(task: Task, encoders: Encoders, recipe: Recipe, given: Any) -> Build:
    """Return a function of the held-out people: an encoder without them, under a classifier."""
    shorter = {"max_epochs": EPOCHS_QUICK} if encoders.quick else {}
    given = {"random_state": 0, **recipe.classifier, **shorter, **given}
    rehearses = given.pop("rehearses", recipe.corpus == task.skeletons)
    simulated = _simulated(task, encoders)

    def build(held_out: tuple[Any, ...]) -> BaseEstimator:
        rehearsal = simulated(held_out) if rehearses else None
        paths = [str(encoders.path(one, held_out)) for one in recipe.encoders]
        pretrainer = paths if recipe.beside else paths[0]
        return Multi3NetClassifier(pretrainer, rehearsal=rehearsal, **given)

    return build


def _facing(build: Build, task: Task, recipe: Recipe, encoders: Encoders) -> Build:
    """Let an encoder for every set read the axes of the sites, where they are known."""
    if not task.mount or not encoders.reads_site_axes(recipe):
        return build
    return lambda held_out: InSiteAxes(build(held_out), task.mount)


def _words(section: str, task: Task, recipe: Recipe, encoders: Encoders) -> Iterator[Row]:
    """Named by prompts, and by prompts of the wrong classes."""
    classes = list(task.descriptions)
    prompts = [("its own prompts", classes)]
    count = SHUFFLES_QUICK if encoders.quick else SHUFFLES
    prompts += [(f"{SHUFFLED}, {k + 1}", _derangement(classes, k)) for k in range(count)]
    for name, order in prompts:
        described = {c: task.descriptions[o] for c, o in zip(classes, order, strict=True)}
        given = {"strategy": "zero_shot", "descriptions": described}
        build = _facing(_tuned(task, encoders, recipe, given), task, recipe, encoders)
        method = Method(name, build, needs_labels=False)
        spec = [recipe.pretraining_key, [str(o) for o in order], str(described)]
        spec += [mark for one in recipe.encoders if (mark := encoders.print(one))]
        yield Row(section, method, spec, recipe, 1, (1,), seconds=1)


def _derangement(classes: list[Any], seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(classes))
        if (order != np.arange(len(classes))).all():
            return [classes[k] for k in order]


def _ablations(task: Task, encoders: Encoders) -> Iterator[Row]:
    """Changes of the default, with half of the people tested."""
    for change in ABLATIONS[: 2 if encoders.quick else None]:
        shorter = {"max_epochs": ABLATION_EPOCHS, **change.pretrainer}
        recipe = Recipe(
            "in-domain", pretrainer=shorter, unlabeled=change.unlabeled, varied=change.varied
        )
        given = {**BY_DEFAULT, **change.classifier}
        row = _row(ABLATION, change.name, task, recipe, encoders, given, 1, (1,), change.flags)
        yield replace(row, folds=_some_people(task))
    if not encoders.quick:
        yield _stem(task, encoders)


def _stem(task: Task, encoders: Encoders) -> Row:
    """MiniRocket features next to the encoder's, with a ridge classifier instead of fine-tuning."""
    recipe = Recipe("in-domain", pretrainer={"max_epochs": ABLATION_EPOCHS})

    def build(held_out: tuple[Any, ...]) -> BaseEstimator:
        return beside(load(encoders.path(recipe, held_out)))

    method = Method("MiniRocket beside the encoder, ridge", build, extra=_simulated(task, encoders))
    folds = _some_people(task)
    return Row(ABLATION, method, recipe.pretraining_key, recipe, 1, (1,), 5.0, folds)


def _some_people(task: Task) -> tuple[tuple[Any, ...], ...]:
    """Return the folds of comparisons whose pretraining takes long."""
    return tuple(person_folds(task.groups, task.folds)[:2])


def _center(task: Task, encoders: Encoders) -> Iterator[Row]:
    """Windows read as a whole, or with their center read separately as well."""
    for label_at in ("window", "center"):
        given = {"strategy": "frozen", "label_at": label_at, "statistics": False}
        name = f"label_at={label_at!r}"
        yield _row(CENTER, name, task, Recipe("general"), encoders, given, 1, (None,))


def _mounting(task: Task, rows: list[Row], encoders: Encoders) -> Iterator[Row]:
    """The baselines and our configurations, fitted once and tested on turned sensors."""
    settings = (
        (INDOMAIN, Recipe("in-domain")),
        (INDOMAIN_TWICE, TWO_ENCODERS),
        (GENERAL, Recipe(AS_WORN_THERE)),
    )
    configurations = (
        (DEFAULT, BY_DEFAULT),
        (FLIPS, {**BY_DEFAULT, **EITHER_WAY}),
        (ANY, {**BY_DEFAULT, **ANY_MOUNTING}),
    )
    ours = [
        _row(section, f"ours, {section}, {name}", task, recipe, encoders, given, 1, None)
        for section, recipe in settings
        for name, given in configurations
        if name != FLIPS or section == GENERAL  # whose default loses most by a flip
    ]
    baselines = [row for row in rows if row.section == BASELINES and row.method.name != MAJORITY]
    for row in (baselines[-3:] + ours[:2]) if encoders.quick else baselines + ours:
        for label, turn in list_turns().items():

            def worn(held_out: Any, build: Any = row.method.build, turn: Any = turn) -> Worn:
                return Worn(_kept(build(held_out), encoders), turn)

            method = Method(f"{row.method.name} | {label}", worn)
            seconds = 1.3 * row.seconds if turn is None else 0.2
            yield Row(MOUNTING, method, [row.spec, turn], row.recipe, 1, (None,), seconds)


def _temporal(task: Task, rows: list[Row], quick: bool) -> Iterator[Row]:
    """The same rows, smoothed by the durations and the order of the training labels."""
    slow = TRAINED if quick or task.key == BOTH else set()
    smoothed = [row for row in rows if row.section in (BASELINES, GENERAL)]
    for row in smoothed:
        if row.method.name in set(SMOOTHED) - TRAINED:
            yield _smoothed(row, TEMPORAL, "path")
    for row in smoothed:
        if row.method.name in set(SMOOTHED) - slow:
            yield _smoothed(row, EVENLY, "balanced")


def _smoothed(row: Row, section: str, decision: str) -> Row:
    build = row.method.build

    def smoothed(held_out: Any) -> BaseEstimator:
        from m3n_sklearn.temporal import HMMClassifier

        return HMMClassifier(build(held_out), decision=decision, cv=SMOOTHING_FOLDS)

    name = row.method.name if row.section == BASELINES else f"ours, {row.method.name}"
    spec = [row.spec, "hmm", *([decision] if decision != "path" else [])]
    seconds = 2 * row.seconds
    return Row(section, Method(name, smoothed), spec, row.recipe, 1, (None,), seconds)
