"""Does pretraining on videos pay? Videos, depth camera and mocap at equal hours, then few labels.

    python -m benchmarks.video_pays --data DATA [--full] [--draws N] [--store FOLDER]

1. The errors of landmarks are measured: those of a video of a tennis player against the motion
   that GVHMR found in the same video, after exchanged sides are repaired.
2. The Kinect's motions of UTD-MHAD become landmarks at 30 Hz. Errors with the measured spectrum
   are added, and the steps of `motion_from_video` turn them into motions again.
3. One encoder for each kind of motion: the same hours, windows, objectives and epochs. Those of
   UTD-MHAD have not seen the tested person.
4. Few labels of the other people, tested on the held-out person.

Corpora, encoders and scores are kept. A run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator

from m3n_sklearn import Motion, Multi3NetClassifier, Multi3NetPretrainer, SMPLIMUSimulator, Windows
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.datasets import load_utd_mhad
from m3n_sklearn.evaluation import (
    Method,
    few_label_study,
    format_differences,
    format_table,
    person_folds,
)
from m3n_sklearn.motion import motion_from_joints, read_gvhmr

# landmarks of known joints, and the steps of `motion_from_video` after the networks
from m3n_sklearn.motion._mediapipe import LIMBS, landmarks_of_joints
from m3n_sklearn.pretraining import Augmentation, CorpusSource, build_corpus, open_corpus
from m3n_sklearn.video._exchanges import repair_exchanges
from m3n_sklearn.video._footage import Footage, Person
from m3n_sklearn.video._from_video import Options, motions_of

from .learning.corpora import RATE, UTD_MOUNT, labels, utd_skeletons, without
from .learning.data import Task, load_task
from .skeletal import read_skeletal

VIDEO_RATE = 30.0
SECONDS, OVERLAP = 2.56, 0.9
BUDGETS = (1, 4)
FACING = np.array([[-1.0, 0, 0], [0, 0, -1], [0, -1, 0]])
"""From the world to a level camera in front of somebody who looks along y."""

HIDING = Augmentation("cone", gyro_dropout=0.6, site_dropout=0.4)
"""The default augmentation, but for gyros that are hidden three times as often."""


@dataclass(frozen=True)
class Kind:
    """A kind of motion to learn from.

    Attributes
    ----------
    motions : str
        Key of `SOURCES`.
    pretrainer : mapping
        Further arguments of the pretrainer.
    """

    motions: str
    pretrainer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Name of the encoder."""
        return self.motions + ("-hiding" if self.pretrainer else "")

    @property
    def in_domain(self) -> bool:
        """Whether the motions are those of the training people."""
        return not self.motions.startswith("cmu")


KINDS = {
    "Kinect": Kind("kinect"),
    "video": Kind("video"),
    "CMU mocap": Kind("cmu"),
    "CMU mocap, pronation removed": Kind("cmu-hinge"),
    "CMU mocap, removed, gyro hidden": Kind("cmu-hinge", {"augment": HIDING}),
}
TUNED = ("Kinect", "video", "CMU mocap")
"""Kinds that are also fine-tuned by default settings."""
SIMULATED = ("Kinect", "video")
"""Kinds of which a network from scratch gets simulated windows with labels."""


# ---- the errors of landmarks


@dataclass(frozen=True)
class Errors:
    """Errors of landmarks over time in the camera's axes, in m."""

    track: np.ndarray  # (F, 33, 3) at VIDEO_RATE, without their means

    def draw(self, frames: int, rng: np.random.Generator) -> np.ndarray:
        """Return random errors (frames, 33, 3) with the same spectra and cross-spectra."""
        # the phases of a frequency change by one random angle for all landmarks and axes
        spectrum = np.fft.rfft(self.track, axis=0)
        turn = np.exp(2j * np.pi * rng.random((len(spectrum), 1, 1)))
        turn[0] = turn[-1] = 1.0
        errors = np.fft.irfft(spectrum * turn, n=len(self.track), axis=0)
        return np.take(errors, rng.integers(len(errors)) + np.arange(frames), axis=0, mode="wrap")


def measured_errors(data: Path) -> Errors:
    """Compare landmarks of the tennis video with the motion that GVHMR found in it."""
    motion = read_gvhmr(
        data / "video_tool_outputs" / "gvhmr_tennis_hmr4d_results.pt", rate=VIDEO_RATE
    )
    world, _ = recorded(data, "gvhmr_tennis")
    true = landmarks(motion, np.eye(3))
    return Errors(apart(true[: len(world)], world[: len(true)]))


def recorded(data: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return recorded landmarks (F, 33, 3) of a clip with repaired sides, and their times."""
    with np.load(data / "video_clips" / "landmarks" / f"{name}.npz") as file:
        world, visibility, times = file["raw_world"], file["raw_visibility"], file["times"]
    seen = np.isfinite(world).all(axis=(1, 2))
    times = np.sort(times)[seen]
    return repair_exchanges(world[seen], visibility[seen], times, "mediapipe33").world, times


def apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return other minus one (F, 33, 3) without means, after one rotation and one scale."""
    used = [landmark + right for landmark in LIMBS.values() for right in (0, 1)]
    a, b = (places[:, used].reshape(-1, 3) for places in (one, other))
    u, size, vt = np.linalg.svd(a.T @ b)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    turned = np.sum(size * signs) / np.sum(a**2) * one @ (u * signs) @ vt
    return (other - turned) - (other - turned).mean(axis=0)


def landmarks(motion: Motion, axes: np.ndarray) -> np.ndarray:
    """Return error-free landmarks (F, 33, 3) of a motion in a camera's axes."""
    body = default_body(stature=motion.stature)
    return landmarks_of_joints(forward_kinematics(body, motion.poses).positions, axes)


def describe_errors(data: Path, errors: Errors) -> str:
    """Return a table of the errors, next to those between two synchronized cameras."""
    one, other = (recorded(data, f"pose2sim_single_cam0{i}")[0] for i in (1, 2))
    count = min(len(one), len(other))
    # each of both views has errors, and the depth of one is partly across in the other
    views = apart(one[:count], other[:count]) / np.sqrt(2)
    lines = [
        "Errors of landmarks in cm: across the picture / in depth. Slow: below 3 Hz; fast: above.",
        "Two views: kick in two synchronized videos, difference / sqrt 2, axes of one camera.",
        f"{'':<12}{'tennis, GVHMR':>28}{'two views':>18}",
        f"{'':<12}{'slow':>14}{'fast':>14}{'all':>18}",
    ]
    for joint in ("shoulder", "elbow", "wrist", "knee", "ankle"):
        columns = [LIMBS[joint], LIMBS[joint] + 1]
        low, high = _bands(errors.track[:, columns])
        cells = [_across_and_depth(part) for part in (low, high, views[:, columns])]
        lines.append(
            f"{joint:<12}" + "".join(f"{c:>{w}}" for c, w in zip(cells, (14, 14, 18), strict=True))
        )
    return "\n".join(lines)


def _bands(track: np.ndarray, limit: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the parts of a track below and above a frequency in Hz."""
    spectrum = np.fft.rfft(track, axis=0)
    spectrum[np.fft.rfftfreq(len(track), 1 / VIDEO_RATE) > limit] = 0
    low = np.fft.irfft(spectrum, n=len(track), axis=0)
    return low, track - low


def _across_and_depth(errors: np.ndarray) -> str:
    across, depth = (np.sqrt(np.mean(errors[..., axes] ** 2)) for axes in ([0, 1], [2]))
    return f"{100 * across:.1f} / {100 * depth:.1f}"


def describe_rates(data: Path) -> str:
    """Return a table of simulated angular rates against those that were measured."""
    clips = load_utd_mhad(data / "utd_mhad", actions="wrist", skeletons=False, seconds=None)
    measured = {clip.name: clip.data[:, 3:] for clip in clips.recordings}
    simulator = SMPLIMUSimulator(sites=("right_wrist",), mount=UTD_MOUNT, rate=RATE)
    lines = [
        "Angular rate of the right wrist about the axes of the watch: rms in rad/s / median over",
        "clips of the correlation with the measured one. x: along the forearm, z: out of the hand.",
        f"{'':<12}{'x':>16}{'y':>16}{'z':>16}",
    ]
    for name, sources in (("Kinect", skeletons(data)), ("video", videos(data))):
        found, square = [], []
        for motion in (motion for source in sources for motion in source.motions):
            recording = simulator.simulate(motion)
            true = measured[motion.name.partition("~")[0]]
            count = min(len(true), len(recording.data))
            rates, kept = recording.data[:count, 3:], recording.observed[:count, 3]
            if motion.times[0] > 0 or kept.sum() < RATE:
                continue
            square.append(np.mean(rates[kept] ** 2, axis=0))
            pairs = zip(rates[kept].T, true[:count][kept].T, strict=True)
            found.append([np.corrcoef(*pair)[0, 1] for pair in pairs])
        cells = zip(np.sqrt(np.mean(square, axis=0)), np.median(found, axis=0), strict=True)
        lines.append(_row_of_rates(name, [f"{size:.2f} / {r:.2f}" for size, r in cells]))
    size = np.sqrt(np.mean([np.mean(rates**2, axis=0) for rates in measured.values()], axis=0))
    lines.append(_row_of_rates("measured", [f"{value:.2f}" for value in size]))
    return "\n".join(lines)


def _row_of_rates(name: str, cells: list[str]) -> str:
    return f"{name:<12}" + "".join(f"{c:>{w}}" for c, w in zip(cells, (16, 16, 16), strict=True))


# ---- motions


@cache
def skeletons(data: Path) -> list[CorpusSource]:
    """Return the Kinect's motions, one source for each person."""
    return utd_skeletons(data, quick=False)


@cache
def videos(data: Path) -> list[CorpusSource]:
    """Return what `motion_from_video` would find of the same people."""
    errors = measured_errors(data)
    return [
        CorpusSource(
            source.name,
            source.license,
            [
                seen
                for number, motion in enumerate(source.motions)
                for seen in filmed(motion, errors, np.random.default_rng([person, number]))
            ],
        )
        for person, source in enumerate(skeletons(data))
    ]


def filmed(motion: Motion, errors: Errors, rng: np.random.Generator) -> list[Motion]:
    """Return the motions that are found in a video of somebody in full view."""
    even = motion.resample(VIDEO_RATE)
    world = landmarks(even, FACING) + errors.draw(even.n_frames, rng)
    size = (640, 480)
    image = world[..., :2] * 100 + [320, 240]
    person = Person(0, np.arange(len(world)), world, image, np.ones(world.shape[:2]), 1.0)
    footage = Footage(
        even.times,
        "time stamps",
        np.zeros(len(world), dtype=bool),
        VIDEO_RATE,
        1,
        size,
        0,
        (person,),
        "mediapipe33",
    )
    about = {"text": motion.text, "label": motion.label, "subject": motion.subject}
    found, _ = motions_of(footage, Options(stature=motion.stature), name="", file="", **about)
    # the name of the clip gives the label of its windows
    return [piece.replace(name=f"{motion.name}~{n}") for n, piece in enumerate(found)]


def mocap(data: Path, hinge: bool) -> list[CorpusSource]:
    """Return clips of CMU in random order, as many seconds as a fold of UTD-MHAD has."""
    files = ("cmu_asfamc_28", "cmu_expmap_96")
    clips = [m for name in files for m in read_skeletal(data / f"cmu_mocap_subset/{name}.npz")]
    kinect = skeletons(data)
    left = sum(m.duration for source in kinect for m in source.motions)
    left *= (len(kinect) - 1) / len(kinect)
    chosen = []
    for place in np.random.default_rng(0).permutation(len(clips)):
        clip = clips[place]
        if left < SECONDS:
            break
        part = clip.slice(0.0, left) if clip.duration > left else clip
        left -= part.duration
        chosen.append(without_pronation(part) if hinge else part)
    return [CorpusSource("cmu", "CMU: free for all uses, not to be resold as data", chosen)]


def without_pronation(motion: Motion) -> Motion:
    """Return what the joint positions of a motion tell, which is all but twists."""
    body = default_body(stature=motion.stature)
    places = forward_kinematics(body, motion.poses, motion.trans).positions
    return motion_from_joints(
        places,
        "smpl24",
        times=motion.times,
        up="z",
        noise=0.01,
        stature=motion.stature,
        text=motion.text,
        label=motion.label,
        subject=motion.subject,
        name=motion.name,
    ).replace(source=motion.source)


SOURCES: Mapping[str, Callable[[Path], list[CorpusSource]]] = {
    "kinect": skeletons,
    "video": videos,
    "cmu": lambda data: mocap(data, hinge=False),
    "cmu-hinge": lambda data: mocap(data, hinge=True),
}


# ---- corpora, encoders, classifiers


@dataclass(frozen=True)
class Bench:
    """Where things are kept, and how long trainings last."""

    data: Path
    store: Path
    full: bool

    @property
    def pretraining(self) -> dict[str, Any]:
        return {"max_epochs": 100} if self.full else {"max_epochs": 15, "width": 64}

    @property
    def tuning(self) -> dict[str, Any]:
        return {} if self.full else {"max_epochs": 20}

    def corpus(self, kind: Kind) -> Windows:
        """Build or open the corpus of a kind."""
        folder = self.store / "corpora" / kind.motions
        if not folder.exists():
            simulator = SMPLIMUSimulator(sites=("right_wrist",), mount=UTD_MOUNT)
            folder.parent.mkdir(parents=True, exist_ok=True)
            build_corpus(
                SOURCES[kind.motions](self.data),
                folder,
                simulator=FrozenEstimator(simulator),
                seconds=SECONDS,
                overlap=OVERLAP,
                rate=RATE,
            )
        return open_corpus(folder)

    def rows(self, kind: Kind, held_out: Sequence[Any]) -> Windows:
        """Return the windows to learn from: as many as the Kinect's without the held-out people."""
        corpus = self.corpus(kind)
        if kind.in_domain:
            return without(corpus, held_out)
        count = len(without(self.corpus(KINDS["Kinect"]), held_out))
        return corpus[np.unique(np.linspace(0, len(corpus) - 1, count).round().astype(int))]

    def path(self, kind: Kind, held_out: Sequence[Any]) -> Path:
        """Name the file of an encoder."""
        who = f"-without-{held_out[0]}" if kind.in_domain else ""
        return self.store / "encoders" / f"{kind.key}{who}.safetensors"

    def pretrain(self, kind: Kind, held_out: Sequence[Any]) -> str | None:
        """Train an encoder unless its file exists, and return a line for the log."""
        path = self.path(kind, held_out)
        if path.exists():
            return None
        started, rows = time.process_time(), self.rows(kind, held_out)
        given = {"rate": RATE, "random_state": 0, **self.pretraining, **kind.pretrainer}
        fitted = Multi3NetPretrainer(**given).fit(rows)
        path.parent.mkdir(parents=True, exist_ok=True)
        fitted.save(path)
        return f"{path.stem}: {len(rows)} windows, {time.process_time() - started:.0f} s"

    def simulated(self, kind: Kind, held_out: Sequence[Any]) -> tuple[Windows, np.ndarray]:
        """Return simulated windows of the training people with their labels."""
        corpus = without(self.corpus(kind), held_out)[::2]  # neighbors overlap by nine tenths
        kept = ("imu", "clip", "start")
        X = corpus.drop(*(name for name in corpus.columns if name not in kept))
        return X, labels("in-domain", corpus, self.data)

    def rows_of(self, task: Task) -> list[Row]:
        """List the rows of the table."""
        shape = Multi3NetPretrainer(**self.pretraining)
        scratch = Multi3NetClassifier(shape, strategy="scratch", random_state=0, **self.tuning)

        def frozen(kind: Kind) -> Callable[[Sequence[Any]], Multi3NetClassifier]:
            return lambda held_out: Multi3NetClassifier(
                str(self.path(kind, held_out)), strategy="frozen", random_state=0
            )

        def tuned(kind: Kind) -> Callable[[Sequence[Any]], Multi3NetClassifier]:
            def build(held_out: Sequence[Any]) -> Multi3NetClassifier:
                known: dict[str, Any] = {}
                if kind.in_domain:
                    known["rehearsal"] = self.simulated(kind, held_out)
                    known["descriptions"] = task.descriptions
                path = str(self.path(kind, held_out))
                return Multi3NetClassifier(path, random_state=0, **self.tuning, **known)

            return build

        rows = [Row(Method("scratch", scratch))]
        for name in SIMULATED:
            extra = partial(self.simulated, KINDS[name])
            method = Method(f"scratch + {name} simulated", scratch, extra=extra)
            rows.append(Row(method, is_slow=True))
        for name in TUNED:
            kind = KINDS[name]
            rows.append(Row(Method(f"default: {name}", tuned(kind)), kind, is_slow=True))
        return [Row(Method(f"frozen: {n}", frozen(k)), k) for n, k in KINDS.items()] + rows


@dataclass(frozen=True)
class Row:
    """A row of the table, the kind of motion of its encoder, and whether it has a draw fewer."""

    method: Method
    kind: Kind | None = None
    is_slow: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.video_pays",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = os.environ.get("M3N_SKLEARN_DATA")
    parser.add_argument("--data", default=data, help="folder of the real data sets")
    parser.add_argument("--full", action="store_true", help="trainings of the usual length")
    parser.add_argument("--draws", type=int, default=3, help="draws of labels")
    parser.add_argument("--store", type=Path, help="where results are kept")
    options = parser.parse_args()
    if not options.data:
        parser.error("give the folder of the real data sets: --data PATH")
    name = "video-pays-full" if options.full else "video-pays"
    store = options.store or Path(__file__).parent / "results" / name
    bench = Bench(Path(options.data), store, options.full)
    warnings.simplefilter("ignore")
    print(report(bench, options.draws))


def report(bench: Bench, draws: int) -> str:
    """Run what is missing, and return the text of the page."""
    started = time.process_time()

    def say(text: str) -> None:
        print(f"[{(time.process_time() - started) / 60:5.1f} CPU min] {text}", flush=True)

    task = load_task("utd", bench.data, False)
    folds = person_folds(task.groups, None)
    rows, scores = bench.rows_of(task), []
    for budget, row in product(BUDGETS, rows):
        if row.kind is not None:
            for held_out in folds if row.kind.in_domain else folds[:1]:
                if (line := bench.pretrain(row.kind, held_out)) is not None:
                    say(line)
        name = row.method.name
        found = few_label_study(
            [row.method],
            task.X,
            task.y,
            task.groups,
            budgets=(budget,),
            n_draws=max(draws - row.is_slow, 1),
            blocks=task.blocks,
            store=bench.store / "scores" / name.replace(" ", "-").replace(":", ""),
        )
        scores += found
        say(f"{budget} per class, {format_table(found).splitlines()[-1]}")
    first, known = folds[0], {score.method for score in scores}
    lines = [
        f"python -m benchmarks.video_pays --data DATA{' --full' if bench.full else ''}",
        "",
        describe_errors(bench.data, measured_errors(bench.data)),
        "",
        describe_rates(bench.data),
        "",
        f"{'corpus, without the first person':<34}{'clips':>7}{'windows':>9}",
    ]
    for name, kind in KINDS.items():
        corpus = bench.rows(kind, first)
        lines.append(f"{name:<34}{len(np.unique(corpus['clip'])):>7}{len(corpus):>9}")
    lines += [
        "",
        f"{bench.pretraining['max_epochs']} epochs of pretraining. Macro F1 on UTD-MHAD, right "
        f"wrist, 21 actions, one of {len(folds)} people held",
        f"out at a time. Draws of labels: {draws}; {max(draws - 1, 1)} for scratch + simulated "
        "and default.",
        "Mean ± standard deviation over people of the mean over draws.",
        "",
        format_table(scores, [row.method.name for row in rows]),
        "",
        *(
            format_differences(scores, baseline, [n for n in names if n in known]) + "\n"
            for baseline, names in COMPARED
        ),
    ]
    return "\n".join(lines)


COMPARED: Sequence[tuple[str, Sequence[str]]] = (
    ("frozen: video", [f"frozen: {name}" for name in KINDS if not name.startswith("CMU mocap,")]),
    ("frozen: CMU mocap", [f"frozen: {name}" for name in KINDS if name.startswith("CMU mocap,")]),
    (
        "default: video",
        [
            "scratch",
            *(f"scratch + {name} simulated" for name in SIMULATED),
            *(f"default: {name}" for name in TUNED),
        ],
    ),
)


if __name__ == "__main__":
    main()
