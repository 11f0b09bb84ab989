"""Corpora for pretraining: built once, stored on disk, opened as memory maps.

"general" contains no motion of UTD-MHAD: mocap clips with texts (CMU, Bandai-Namco) and procedural
motions, simulated at both wrists. "in-domain" contains the Kinect skeletons of UTD-MHAD with their
captions, simulated at the right wrist; a fold uses those of its training people only. For
UTD-MHAD, the simulated mount is that of the real sensors (``UTD_MOUNT``). The same is done with the
skeletons of SmartFallMM, whose sensors are accelerometers.

"m3n-real" contains the motions of m3n-base and the real recordings that weights may be trained on.
"m3n-real, without wisdm" is what is tested on WISDM.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator

from m3n_sklearn import SMPLIMUSimulator, Windows
from m3n_sklearn.datasets import load_utd_mhad, make_motions
from m3n_sklearn.pretraining import CorpusSource, build_corpus, open_corpus

from ..base_weights import CORPUS as BASE_CORPUS
from ..base_weights import PEOPLE, RECIPES, sources
from ..base_weights import REAL as WITH_RECORDINGS
from ..positions import read_smartfallmm
from ..real_sets import REAL, real_sources
from ..skeletal import read_skeletal
from .recipes import short_hash
from .watches import SMARTFALLMM

RATE = 50.0
UTD_MOUNT = ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
"""How the sensor was worn in UTD-MHAD: ``load_utd_mhad(...).mount``, as hashable numbers."""
SIMULATED_AS = ("sites", "noise", "randomize")
"""Parameters of the simulator that are those of the packaged weights."""
SMARTFALLMM_WINDOWS = 4000
"""Windows that are selected of the skeletons of SmartFallMM, to keep pretrainings short."""


@dataclass(frozen=True)
class Corpus:
    """Sources and how they are simulated and cut.

    Attributes
    ----------
    sources : callable
        (data, quick) -> sources.
    simulator, options : mapping
        Arguments of `SMPLIMUSimulator` and `build_corpus`.
    has_test_people : bool
        Whether rows of the people who are tested must be left out.
    clip_by_clip : bool
        Whether the noise of the poses is that of each clip, instead of learned from the source.
        For the Kinect's poses, readings are closer to the measured ones (see
        ``docs/benchmarks/simulation.txt``).
    is_acc_only : bool
        Whether gyroscopes are left out, because the real sensors have none.
    labels : callable or None
        (data) -> class of each clip by name, if clips belong to classes of a task.
    every : int
        For joint training with real windows, every so many of the windows are taken.
    flips : bool
        Whether straps of the real sensors are found both ways round. Then half of the simulated
        windows are turned for joint training. While pretraining, the augmentation does this.
    """

    sources: Callable[[Path, bool], list[CorpusSource]]
    simulator: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    has_test_people: bool = False
    clip_by_clip: bool = False
    is_acc_only: bool = False
    labels: Callable[[Path], Mapping[str, str]] | None = None
    every: int = 1
    flips: bool = False

    def build(self, folder: Path, seconds: float, data: Path, quick: bool) -> None:
        """Simulate and cut into windows of some seconds."""
        simulator = SMPLIMUSimulator(**self.simulator)
        options = dict(self.options)
        if quick and "n_windows" in options:
            options["n_windows"] //= 5
        build_corpus(
            self.sources(data, quick),
            folder,
            simulator=FrozenEstimator(simulator) if self.clip_by_clip else simulator,
            seconds=seconds,
            rate=RATE,
            **options,
        )


def general(data: Path, quick: bool) -> list[CorpusSource]:
    def mocap(name: str, license: str, *files: str) -> CorpusSource:
        paths = [data / file for file in files]

        def read() -> list[Any]:
            motions = [motion for path in paths for motion in read_skeletal(path)]
            return motions[:: 4 if quick else 1]

        return CorpusSource(name, license, read, paths)

    cmu = [f"cmu_mocap_subset/{name}.npz" for name in ("cmu_asfamc_28", "cmu_expmap_96")]
    people = 2 if quick else 20
    return [
        mocap("cmu", "CMU: free for all uses, not to be resold as data", *cmu),
        mocap("bandai-namco", "CC BY-NC 4.0", "bandai_namco_motion/bandai_namco_motion.npz"),
        CorpusSource("procedural", "BSD-3-Clause", lambda: make_motions(people, 1, random_state=0)),
    ]


def smartfallmm_skeletons(data: Path, quick: bool) -> list[CorpusSource]:
    """One source per person, as for UTD-MHAD; a quick run takes a fifth of the clips."""
    read = read_smartfallmm(data / "smartfallmm" / "smartfallmm_skeleton_adl_30fps.npz")
    motions = list(read)[:: 5 if quick else 1]
    return [
        CorpusSource(f"{SMARTFALLMM} person {person}", "research", own)
        for person in dict.fromkeys(motion.subject for motion in motions)
        if (own := [motion for motion in motions if motion.subject == person])
    ]


def motions_and_recordings(data: Path, quick: bool, but: str) -> list[CorpusSource]:
    """The motions of the packaged weights and the real sets, but for one."""
    people, every = (2, 10) if quick else (PEOPLE, 1)
    return [*sources(data, people), *real_sources(data, but, every=every)]


@cache
def _smartfallmm_labels(data: Path) -> dict[str, str]:
    with np.load(data / "smartfallmm" / "smartfallmm_skeleton_adl_30fps.npz") as file:
        labels = [str(label).partition(" (")[0] for label in file["label"]]
        return dict(zip(map(str, file["code"]), labels, strict=True))


@cache
def _utd_labels(data: Path) -> dict[str, str]:
    clips = load_utd_mhad(data / "utd_mhad", actions="wrist", skeletons=False, seconds=None)
    return {clip.name: clip.labels[0] for clip in clips.recordings}


def utd_skeletons(data: Path, quick: bool) -> list[CorpusSource]:
    """One source per person, so that the column ``source`` distinguishes the rows."""
    motions = load_utd_mhad(data / "utd_mhad", actions="wrist", seconds=None).motions
    return [
        CorpusSource(
            f"utd person {person}", "research", [m for m in motions if m.subject == person]
        )
        for person in dict.fromkeys(motion.subject for motion in motions)
    ]


CORPORA = {
    "general": Corpus(general, {"sites": ("left_wrist", "right_wrist")}, {"overlap": 0.25}),
    "general, worn as in UTD-MHAD": Corpus(
        general,
        {"sites": ("left_wrist", "right_wrist"), "mount": UTD_MOUNT},
        {"overlap": 0.25},
    ),
    "in-domain": Corpus(
        utd_skeletons,
        {"sites": ("right_wrist",), "mount": UTD_MOUNT},
        {"overlap": 0.9},
        has_test_people=True,
        clip_by_clip=True,
        labels=_utd_labels,
        every=2,  # neighbors overlap by nine tenths
    ),
    **{
        f"in-domain, SmartFallMM {side}": Corpus(
            smartfallmm_skeletons,
            {"sites": (f"{side}_wrist",)},
            {"overlap": 0.5, "n_windows": SMARTFALLMM_WINDOWS},
            has_test_people=True,
            clip_by_clip=True,
            is_acc_only=True,
            labels=_smartfallmm_labels,
            every=4,
            flips=side == "right",
        )
        for side in ("right", "left")
    },
    **{
        f"{WITH_RECORDINGS}, without {but}" if but else WITH_RECORDINGS: Corpus(
            partial(motions_and_recordings, but=but),
            {name: BASE_CORPUS["simulator"].get_params()[name] for name in SIMULATED_AS},
            {
                **{name: BASE_CORPUS[name] for name in ("overlap", "mirror", "balance")},
                "n_windows": RECIPES[WITH_RECORDINGS].n_windows,
            },
        )
        for but in ("", *REAL)
    },
}


def open_or_build(name: str, seconds: float, data: Path, store: Path, quick: bool) -> Windows:
    """Return a corpus, and build it first if needed."""
    spec = CORPORA[name]
    key = short_hash([seconds, spec.simulator, spec.options, spec.clip_by_clip])
    folder = store / "corpora" / f"{slug(name)}-{key}"
    if not folder.exists():
        spec.build(folder, seconds, data, quick)
    corpus = open_corpus(folder)
    return without_gyro(corpus) if spec.is_acc_only else corpus


def slug(name: str) -> str:
    """Return a name for files."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())


def without(corpus: Windows, people: Sequence[object]) -> Windows:
    """Leave out the skeletons of some people of the tested set."""
    whose = [str(source).rpartition(" ")[2] for source in corpus["source"]]
    return corpus[~np.isin(whose, [str(person) for person in people])]


def without_gyro(X: Windows) -> Windows:
    """Leave out the angular rates."""
    kept = [k for k, channel in enumerate(X.channels or ()) if "_gyro_" not in channel]
    columns = {name: X[name] for name in X.columns if name not in ("imu", "observed")}
    return Windows(
        **columns,
        imu=X["imu"][:, kept],
        rate=X.rates,
        channels=[(X.channels or ())[k] for k in kept],
        margin=X.margin,
    )


def for_training(name: str, corpus: Windows, data: Path) -> tuple[Windows, np.ndarray]:
    """Return simulated readings as labeled windows, which can join real ones.

    For sensors that are found both ways round, the strap of every second window is turned.
    """
    spec = CORPORA[name]
    corpus = corpus[:: spec.every]
    kept = ("imu", "clip", "start")
    X = corpus.drop(*(column for column in corpus.columns if column not in kept))
    if spec.flips:
        sign = np.ones((len(X), X["imu"].shape[1], 1), dtype=np.float32)
        sign[1::2, [k for k in range(sign.shape[1]) if k % 3 < 2]] = -1  # half a turn about z
        X = X.assign(imu=X["imu"] * sign, channels=X.channels)
    return X, labels(name, corpus, data)


def labels(name: str, corpus: Windows, data: Path) -> np.ndarray:
    """Return the class of each window of skeletons of the tested set."""
    of_clips = CORPORA[name].labels
    assert of_clips is not None
    label_of = of_clips(data)
    clips = [str(clip).rpartition("/")[2].partition("~")[0] for clip in corpus["clip"]]
    return np.array([label_of[clip] for clip in clips])
