"""The main job in one command: motion and text -> pretraining -> few wrist labels -> macro F1.

Without arguments everything is generated. With --data, the windows to recognize are measured:
right wrists of UTD-MHAD. Its Kinect skeletons of the training people join the pretraining.
"""

from __future__ import annotations

import argparse
import math
import sys
import threading
import time
import warnings
from pathlib import Path

# Steps. Those from FOREST to WORDS are the methods that are compared.
LOAD, SIMULATE, PRETRAIN = "loading the library", "simulating sensors", "pretraining"
MAJORITY, FOREST = "majority", "window features + random forest"
SCRATCH, FROZEN, TUNED = "network from scratch", "pretrained, frozen", "pretrained, fine-tuned"
BASE, WORDS = "m3n-base, frozen", "pretrained, descriptions only"
REPORT = "writing the report"


def expected_seconds(is_real: bool, is_full: bool) -> dict[str, float]:
    """Seconds of each step on two quiet cores, in order; they weight the progress bar."""
    seconds = {LOAD: 4.0, SIMULATE: 8.0, PRETRAIN: 22.0}
    if is_full:
        seconds |= {SIMULATE: 25.0, PRETRAIN: 150.0, MAJORITY: 1.0}
    elif is_real:
        seconds |= {SIMULATE: 25.0, PRETRAIN: 35.0}
    slower = 3.0 if is_full else 2.0 if is_real else 1.0
    fits = {FOREST: 4.0, SCRATCH: 24.0, FROZEN: 1.0, TUNED: 40.0, BASE: 1.0}
    seconds |= {method: slower * cost for method, cost in fits.items()}
    if is_full:
        seconds[WORDS] = 2.0
    return seconds | {REPORT: 4.0}


class Progress:
    """A bar with the time left that moves every few seconds, whatever the step does."""

    def __init__(self, costs: dict[str, float]) -> None:
        self.costs = costs
        self.step, self.share, self.done, self.shown = "", 0.0, 0.0, 0.0
        self.started = self.entered = time.monotonic()
        self.on_screen = sys.stdout.isatty()
        self.lock = threading.RLock()
        threading.Thread(target=self._tick, daemon=True).start()

    def begin(self, step: str) -> None:
        """Leave the step before, and enter one of `costs`."""
        with self.lock:
            self.done += self.costs.get(self.step, 0.0)
            self.step, self.share, self.entered = step, 0.0, time.monotonic()
            self._show()

    def advance(self, share: float) -> None:
        """Note the share of the step that is done."""
        with self.lock:
            self.share, self.entered = share, time.monotonic()

    def finish(self) -> None:
        """Leave the last step."""
        with self.lock:
            self.step = ""
            text = f"Done in {time.monotonic() - self.started:.0f} s."
            print(f"\r{text:<99}" if self.on_screen else text, flush=True)

    def _tick(self) -> None:
        while True:
            time.sleep(1.0 if self.on_screen else 5.0)
            with self.lock:
                if self.step:
                    self._show()

    def _show(self) -> None:
        now, total = time.monotonic(), sum(self.costs.values())
        # How much slower than expected: ten seconds as expected weight the first ones down
        pace = (now - self.started + 10.0) / (self.shown + 10.0)
        # The guess for the rest of a step approaches its end without reaching it
        rest = (1.0 - self.share) * self.costs[self.step]
        guess = 1.0 - math.exp(-1.5 * (now - self.entered) / (pace * rest)) if rest else 0.0
        done = self.done + self.costs[self.step] - rest + guess * rest
        self.shown = max(self.shown, done)
        share, left = self.shown / total, pace * (total - self.shown)
        line = (
            f"[{_spell(now - self.started)}] {100 * share:3.0f} % |{'#' * round(24 * share):24}| "
            f"about {_spell(left)} left, {self.step}"
        )
        if self.on_screen:
            print(f"\r{line:<99}", end="", flush=True)
        else:
            print(line, flush=True)


def _spell(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder that holds utd_mhad")
    parser.add_argument("--out", type=Path, default=Path("demo_output"), help="for the report")
    parser.add_argument("--full", action="store_true", help="more people, activities and labels")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    if options.data and not (options.data / "utd_mhad").is_dir():
        parser.error(f"--data {options.data} does not hold a folder utd_mhad.")
    return options


if __name__ == "__main__":  # the bar starts before the imports below, which take seconds
    options = parse_options()
    progress = Progress(expected_seconds(bool(options.data), options.full))
    progress.begin(LOAD)
    # joblib replaces a worker whose memory has grown by what torch keeps; nothing is lost
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs")

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from m3n_sklearn import (
    Motion,
    Multi3NetClassifier,
    Multi3NetPretrainer,
    SMPLIMUSimulator,
    Windows,
    cut,
)
from m3n_sklearn.datasets import WRIST_ACTIVITIES, load_utd_mhad, make_motions, make_wrist_har
from m3n_sklearn.evaluation import (
    Method,
    Score,
    WindowFeatures,
    few_label_study,
    format_table,
    person_folds,
)
from m3n_sklearn.inspection import MotionPlayer, report

SECONDS, RATE, SITE = 2.56, 50.0, "right_wrist"
People = tuple[Any, ...]


@dataclass(frozen=True)
class Size:
    """How much is simulated, learned and tested."""

    corpus_people: int
    epochs: int
    n_folds: int  # groups of people, each of which is held out once
    budgets: tuple[int | None, ...]  # labeled windows per class
    n_draws: int  # of labels
    activities: tuple[str, ...]  # of generated wrists


FEW_ACTIVITIES = ("wave", "clap", "throw", "drink", "wipe_table", "stir", "hammer", "tape_box")
SMALL = Size(
    corpus_people=3, epochs=20, n_folds=2, budgets=(1, 5), n_draws=2, activities=FEW_ACTIVITIES
)
SMALL_REAL = replace(SMALL, corpus_people=2)
FULL = Size(
    corpus_people=10,
    epochs=40,
    n_folds=4,
    budgets=(1, 4, None),
    n_draws=2,
    activities=WRIST_ACTIVITIES,
)


@dataclass
class Task:
    """What the demo needs to know about its input."""

    title: str
    caution: str  # what the scores are worth
    X: Windows
    y: np.ndarray
    groups: np.ndarray
    corpus_without: Callable[[People], Windows]  # pretraining windows for held-out people
    simulated_without: Callable[[People], tuple[Windows, np.ndarray]]  # ... and labels
    corpus_is_shared: bool  # nobody of the corpus is ever tested on
    descriptions: dict[str, Any]
    motion: MotionPlayer  # one clip with its sensor, simulated and worn


def main(options: argparse.Namespace, size: Size, progress: Progress) -> None:
    options.out.mkdir(parents=True, exist_ok=True)

    progress.begin(SIMULATE)
    task = real_task(options.data, size) if options.data else generated_task(size)
    folds = person_folds(task.groups, size.n_folds)
    progress.begin(PRETRAIN)
    pretrained = pretrain(task, folds, size.epochs, options.jobs)
    scores = compare(task, folds, pretrained, size, options.jobs, progress)

    progress.begin(REPORT)
    table, meaning = format_table(scores), explain(task, scores, size.n_draws)
    page = report(
        scores,
        task.X,
        task.y,
        groups=task.groups,
        path=options.out / "report.html",
        title="Activities of people never seen, from a few labels",
        about=meaning,
        method=TUNED,
        items=[
            ("A motion with its sensor", task.motion),
            ("The settings of the fine-tuned classifier", tuned(task, pretrained, folds[0])),
        ],
    )
    (options.out / "table.txt").write_text(f"{task.title}\n{table}\n", encoding="utf-8")
    progress.finish()
    print(f"\n{meaning}\n\n{table}\n\nReport: open {page.resolve()} in a browser")


# ---- input


def generated_task(size: Size) -> Task:
    """Generated motions to learn from; a shifted wrist set of other people to be tested on."""
    wrists = make_wrist_har(activities=size.activities, random_state=1)
    motions = make_motions(size.corpus_people, n_repetitions=1, random_state=0)
    corpus, labels, _ = simulate_and_cut(motions)
    # this person wears the watch turned: lengths can be compared, axes cannot
    motion = MotionPlayer.from_motion(
        wrists.motions[0],
        {"worn, with sensor errors": wrists.recordings[0]},
        simulator=SMPLIMUSimulator(sites=(SITE,), rate=RATE),
        quantity="norm",
    )
    return Task(
        title="generated motions and wrists",
        caution="The motions show the same activities, performed by other generated people: the "
        "table shows that the chain works, not what to expect of real people. The encoder of "
        "this demo is pretrained for seconds, so its frozen features are weak.",
        X=wrists.X,
        y=wrists.y,
        groups=wrists.groups,
        corpus_without=lambda held_out: corpus,
        simulated_without=lambda held_out: (only_imu(corpus), labels),
        corpus_is_shared=True,
        descriptions=wrists.descriptions,
        motion=motion,
    )


def real_task(data: Path, size: Size) -> Task:
    """Generated motions and Kinect skeletons to learn from; UTD-MHAD's wrist to be tested on."""
    utd = load_utd_mhad(data / "utd_mhad", actions="wrist", seconds=SECONDS, rate=RATE)
    motions = make_motions(size.corpus_people, n_repetitions=1, random_state=0)
    general, *_ = simulate_and_cut(motions, 0.0, utd.mount)
    # a Kinect exchanges left and right at times: such frames are left out
    kinect, labels, people = simulate_and_cut(utd.motions, 0.9, utd.mount, "mask")
    shown = next(i for i, motion in enumerate(utd.motions) if motion.label == "wave")
    simulator = SMPLIMUSimulator(sites=(SITE,), rate=RATE, mount=utd.mount)

    def others(held_out: People) -> np.ndarray:
        return np.flatnonzero(~np.isin(people, held_out))

    return Task(
        title="UTD-MHAD right wrist, pretrained on generated motions and Kinect skeletons",
        caution="The skeletons show the same activities, performed by the training people.",
        X=utd.X,
        y=utd.y,
        groups=utd.groups,
        corpus_without=lambda held_out: Windows.concatenate([general, kinect[others(held_out)]]),
        simulated_without=lambda held_out: (
            only_imu(kinect)[others(held_out)],
            labels[others(held_out)],
        ),
        corpus_is_shared=False,
        descriptions=utd.descriptions,
        motion=MotionPlayer.from_motion(
            utd.motions[shown], {"measured": utd.recordings[shown]}, simulator=simulator
        ),
    )


def simulate_and_cut(
    motions: list[Motion],
    overlap: float = 0.5,
    mount: Any = None,
    implausible: str = "warn",
) -> tuple[Windows, np.ndarray, np.ndarray]:
    """Simulate whole clips, which is most accurate, then cut poses and signals on one clock."""
    simulator = SMPLIMUSimulator(
        sites=(SITE,), rate=RATE, mount=mount, implausible=implausible, n_jobs=2
    )
    pairs = list(zip(motions, simulator.simulate(motions), strict=True))
    return cut(pairs, seconds=SECONDS, overlap=overlap, margin=0.0, short="pad", pose_rate=30.0)


def only_imu(X: Windows) -> Windows:
    return Windows(imu=X["imu"], rate=X.rate("imu"), channels=X.channels)


# ---- learning


def pretrain(
    task: Task, folds: Sequence[People], epochs: int, jobs: int
) -> dict[People, Multi3NetPretrainer]:
    """Pretrain one encoder per fold, or one for all where nobody is shared."""

    def fit(held_out: People) -> Multi3NetPretrainer:
        corpus = task.corpus_without(held_out)
        return Multi3NetPretrainer(max_epochs=epochs, rate=RATE, random_state=0).fit(corpus)

    if task.corpus_is_shared:
        return dict.fromkeys(folds, fit(folds[0]))
    fitted = Parallel(n_jobs=jobs)(delayed(fit)(held_out) for held_out in folds)
    return dict(zip(folds, fitted, strict=True))


def compare(
    task: Task,
    folds: Sequence[People],
    pretrained: dict[People, Multi3NetPretrainer],
    size: Size,
    jobs: int,
    progress: Progress,
) -> list[Score]:
    """Score every method with the same labels of the same people."""
    scores: list[Score] = []
    for method in methods(task, pretrained):
        if method.name not in progress.costs:  # is part of the full demo only
            continue
        progress.begin(method.name)
        for number, fold in enumerate(folds, 1):
            scores += few_label_study(
                [method],
                task.X,
                task.y,
                task.groups,
                budgets=size.budgets,
                n_draws=size.n_draws,
                folds=[fold],
                blocks=task.X["clip"],
                n_jobs=jobs,
            )
            progress.advance(number / len(folds))
    return scores


def methods(task: Task, pretrained: dict[People, Multi3NetPretrainer]) -> list[Method]:
    forest = RandomForestClassifier(300, class_weight="balanced", random_state=0)

    def frozen(held_out: People) -> Multi3NetClassifier:
        return Multi3NetClassifier(FrozenEstimator(pretrained[held_out]), strategy="frozen")

    def named(held_out: People) -> Multi3NetClassifier:
        encoder = FrozenEstimator(pretrained[held_out])
        return Multi3NetClassifier(encoder, strategy="zero_shot", descriptions=task.descriptions)

    return [
        Method(MAJORITY, DummyClassifier()),
        Method(FOREST, make_pipeline(WindowFeatures(), forest)),
        Method(SCRATCH, Multi3NetClassifier(strategy="scratch", random_state=0)),
        Method(FROZEN, frozen),
        Method(TUNED, lambda held_out: tuned(task, pretrained, held_out)),
        Method(BASE, Multi3NetClassifier("m3n-base", strategy="frozen")),
        Method(WORDS, named, needs_labels=False),
    ]


def tuned(
    task: Task, pretrained: dict[People, Multi3NetPretrainer], held_out: People
) -> Multi3NetClassifier:
    """Start from descriptions of the classes, and rehearse simulated windows while fine-tuning."""
    return Multi3NetClassifier(
        FrozenEstimator(pretrained[held_out]),
        strategy="finetune",
        descriptions=task.descriptions,
        rehearsal=task.simulated_without(held_out),
        random_state=0,
    )


# ---- results


def explain(task: Task, scores: Sequence[Score], n_draws: int) -> str:
    people, classes = len({score.group for score in scores}), len(np.unique(task.y))
    return (
        f"Macro F1 of {classes} activities on {people} people who gave no labels, mean ± standard "
        f"deviation over people.\nAll methods learn from the same labels of the other people, "
        f"in {n_draws} random draws.\nData: {task.title}. {task.caution}"
    )


if __name__ == "__main__":
    main(options, FULL if options.full else SMALL_REAL if options.data else SMALL, progress)
