"""The main job in one command: motion and text -> pretraining -> few wrist labels -> macro F1.

Without arguments everything is generated. With --data, the same is done on real input: mocap clips
with their texts and Kinect skeletons of the training people for pretraining, the measured right
wrist of UTD-MHAD for fine-tuning and testing, leaving one person out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.pipeline import make_pipeline

from m3n_sklearn import (
    Motion,
    Multi3NetClassifier,
    Multi3NetPretrainer,
    Recording,
    SMPLIMUSimulator,
    Windows,
    cut,
)
from m3n_sklearn.datasets import load_utd_mhad, make_motions, make_wrist_har
from m3n_sklearn.evaluation import (
    Method,
    WindowFeatures,
    few_label_study,
    format_table,
    per_person,
    person_folds,
)
from m3n_sklearn.inspection import LabelEfficiencyDisplay, SignalDisplay

sys.path.append(str(Path(__file__).parents[1]))  # for the reader of the shared data
from benchmarks.skeletal import read_skeletal

SECONDS, RATE, SITE = 2.56, 50.0, "right_wrist"
FROZEN, FINE_TUNED = "pretrained, frozen", "pretrained, fine-tuned (default)"
SCRATCH, WORDS = "from scratch, same augmentation", "named from text alone"


@dataclass
class Task:
    """What the demo needs to know about its input."""

    title: str
    X: Windows
    y: np.ndarray
    groups: np.ndarray
    corpus_without: Callable[[tuple], Windows]  # pretraining windows for held-out people
    simulated_without: Callable[[tuple], tuple[Windows, np.ndarray]]  # ... and labels
    corpus_is_shared: bool  # nobody of the corpus is ever tested on
    descriptions: dict[str, Any]
    signals: dict[str, Recording]  # one clip, simulated and worn


def main() -> None:
    options = parse_options()
    options.out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {text}", flush=True)

    say("building the pretraining corpus and the wrist recordings")
    task = real_task(options.data) if options.data else embedded_task(options.quick)
    folds = person_folds(task.groups)[: 2 if options.quick else 4]
    say(f"{task.title}: {len(task.X)} labelled windows of {len(np.unique(task.groups))} people")

    epochs = 4 if options.quick else 40
    pretrained = pretrain(task, folds, epochs, options.jobs, say)
    say("fine-tuning and testing on people never seen")
    scores = few_label_study(
        methods(task, pretrained),
        task.X,
        task.y,
        task.groups,
        budgets=(1, 4) if options.quick else (1, 4, None),
        n_draws=1 if options.quick else 2,
        folds=folds,
        blocks=task.X["clip"],
        n_jobs=options.jobs,
        verbose=1,
    )
    say("done")
    table = format_table(scores)
    print(f"\nMacro F1 on people never seen, mean ± spread over {len(folds)} people; {task.title}")
    print("labelled windows:\n" + table + "\n")
    (options.out / "table.txt").write_text(f"{task.title}\n{table}\n", encoding="utf-8")
    for path in draw_figures(task, scores, options.out):
        print(f"wrote {path}")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the real data sets")
    parser.add_argument("--out", type=Path, default=Path("demo_output"), help="for figures")
    parser.add_argument("--quick", action="store_true", help="two people, few epochs")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    return parser.parse_args()


# ---- input


def embedded_task(quick: bool) -> Task:
    """Generated motions to learn from; a shifted wrist set of other people to be tested on."""
    motions = make_motions(n_people=2 if quick else 10, n_repetitions=1, random_state=0)
    wrists = make_wrist_har(random_state=1)
    corpus, labels, *_ = simulate_and_cut(motions)
    ideal = SMPLIMUSimulator(sites=(SITE,), rate=RATE).simulate(wrists.motions[0])
    return Task(
        title="generated motions and wrists",
        X=wrists.X,
        y=wrists.y,
        groups=wrists.groups,
        corpus_without=lambda held_out: corpus,
        simulated_without=lambda held_out: (only_imu(corpus), labels),
        corpus_is_shared=True,
        descriptions=wrists.descriptions,
        signals={"worn, with sensor errors": wrists.recordings[0], "ideal sensor": ideal},
    )


def real_task(data: Path) -> Task:
    """Mocap with texts and Kinect skeletons to learn from; UTD-MHAD's wrist to be tested on."""
    utd = load_utd_mhad(data / "utd_mhad", actions="wrist", seconds=SECONDS, rate=RATE)
    files = [
        data / "cmu_mocap_subset" / "cmu_asfamc_28.npz",
        data / "cmu_mocap_subset" / "cmu_expmap_96.npz",
        data / "bandai_namco_motion" / "bandai_namco_motion.npz",
    ]
    mocap = [motion for file in files for motion in read_skeletal(file)]
    general, *_ = simulate_and_cut(mocap, 0.0, utd.mount)
    general = general[::2]  # about as many windows as the skeletons give: neither drowns the other
    kinect, labels, people, recordings = simulate_and_cut(utd.motions, 0.9, utd.mount)
    shown = next(i for i, m in enumerate(utd.motions) if m.label == "wave")

    def others(held_out: tuple) -> np.ndarray:
        return np.flatnonzero(~np.isin(people, held_out))

    return Task(
        title="UTD-MHAD right wrist, pretrained on mocap with texts and Kinect skeletons",
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
        signals={"measured": utd.recordings[shown], "simulated": recordings[shown]},
    )


def simulate_and_cut(
    motions: list[Motion], overlap: float = 0.5, mount: Any = None
) -> tuple[Windows, np.ndarray, np.ndarray, list[Recording]]:
    """Simulate whole clips, which is most accurate, then cut poses and signals on one clock."""
    simulator = SMPLIMUSimulator(sites=(SITE,), rate=RATE, mount=mount, n_jobs=2)
    recordings = simulator.simulate(motions)
    pairs = list(zip(motions, recordings, strict=True))
    X, y, people = cut(
        pairs, seconds=SECONDS, overlap=overlap, margin=0.0, short="pad", pose_rate=30.0
    )
    return X, y, people, recordings


def only_imu(X: Windows) -> Windows:
    return Windows(imu=X["imu"], rate=X.rate("imu"), channels=X.channels)


# ---- learning


def pretrain(
    task: Task, folds: list[tuple], epochs: int, jobs: int, say: Callable[[str], None]
) -> dict[tuple, Multi3NetPretrainer]:
    """Pretrain one encoder per fold, or one for all where nobody is shared."""

    def fit(held_out: tuple) -> Multi3NetPretrainer:
        corpus = task.corpus_without(held_out)
        before = time.monotonic()
        fitted = Multi3NetPretrainer(max_epochs=epochs, rate=RATE, random_state=0).fit(corpus)
        minutes = (time.monotonic() - before) / 60
        print(f"          {len(corpus)} windows, {epochs} epochs: {minutes:.1f} min", flush=True)
        return fitted

    say("pretraining text, pose and IMU encoders")
    if task.corpus_is_shared:
        return dict.fromkeys(folds, fit(folds[0]))
    fitted = Parallel(n_jobs=jobs)(delayed(fit)(held_out) for held_out in folds)
    return dict(zip(folds, fitted, strict=True))


def methods(task: Task, pretrained: dict[tuple, Multi3NetPretrainer]) -> list[Method]:
    forest = RandomForestClassifier(300, class_weight="balanced", random_state=0)
    scratch = Multi3NetClassifier(strategy="scratch", random_state=0)

    def frozen(held_out: tuple) -> Multi3NetClassifier:
        return Multi3NetClassifier(FrozenEstimator(pretrained[held_out]), strategy="frozen")

    def tuned(held_out: tuple) -> Multi3NetClassifier:
        return Multi3NetClassifier(
            FrozenEstimator(pretrained[held_out]),
            descriptions=task.descriptions,
            rehearsal=task.simulated_without(held_out),
            random_state=0,
        )

    def named(held_out: tuple) -> Multi3NetClassifier:
        encoder = FrozenEstimator(pretrained[held_out])
        return Multi3NetClassifier(encoder, strategy="zero_shot", descriptions=task.descriptions)

    return [
        Method("majority", DummyClassifier()),
        Method("features + random forest", make_pipeline(WindowFeatures(), forest)),
        Method(SCRATCH, scratch),
        Method(FROZEN, frozen),
        Method(FINE_TUNED, tuned),
        Method(WORDS, named, needs_labels=False),
    ]


# ---- figures


def draw_figures(task: Task, scores: list[Any], out: Path) -> list[Path]:
    SignalDisplay.from_recordings(task.signals).figure_.savefig(out / "signals.png", dpi=120)

    curves = LabelEfficiencyDisplay.from_scores(scores)
    curves.figure_.savefig(out / "learning_curves.png", dpi=120)

    most = list(dict.fromkeys(score.budget for score in scores))[-1]
    last = [s for s in scores if s.method == FINE_TUNED and s.budget == most and s.draw == 0]
    truth = np.concatenate([task.y[score.rows] for score in last])
    predicted = np.concatenate([score.predictions for score in last])
    _, ax = plt.subplots(figsize=(9, 8), layout="constrained")
    ConfusionMatrixDisplay.from_predictions(
        truth,
        predicted,
        ax=ax,
        normalize="true",
        xticks_rotation="vertical",
        include_values=False,
        cmap="Blues",
    )
    f1 = np.mean(list(per_person(scores, FINE_TUNED, most).values()))
    ax.set_title(f"{FINE_TUNED}: macro F1 {f1:.2f} on people never seen")
    ax.figure.savefig(out / "confusion.png", dpi=120)
    return [out / name for name in ("signals.png", "learning_curves.png", "confusion.png")]


if __name__ == "__main__":
    main()
