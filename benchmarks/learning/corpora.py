"""Corpora for pretraining: built once, stored on disk, opened as memory maps.

"general" contains no motion of UTD-MHAD: mocap clips with texts (CMU, Bandai-Namco) and procedural
motions, simulated at both wrists. "in-domain" contains the Kinect skeletons of UTD-MHAD with their
captions, simulated at the right wrist; a fold uses those of its training people only. For
UTD-MHAD, the simulated mount is that of the real sensors (``UTD_MOUNT``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator

from m3n_sklearn import SMPLIMUSimulator, Windows
from m3n_sklearn.datasets import load_utd_mhad, make_motions
from m3n_sklearn.pretraining import CorpusSource, build_corpus, open_corpus

from ..skeletal import read_skeletal
from .recipes import short_hash

RATE = 50.0
UTD_MOUNT = ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
"""How the sensor was worn in UTD-MHAD: ``load_utd_mhad(...).mount``, as hashable numbers."""


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
    """

    sources: Callable[[Path, bool], list[CorpusSource]]
    simulator: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    has_test_people: bool = False
    clip_by_clip: bool = False

    def build(self, folder: Path, seconds: float, data: Path, quick: bool) -> None:
        """Simulate and cut into windows of some seconds."""
        simulator = SMPLIMUSimulator(**self.simulator)
        build_corpus(
            self.sources(data, quick),
            folder,
            simulator=FrozenEstimator(simulator) if self.clip_by_clip else simulator,
            seconds=seconds,
            rate=RATE,
            **self.options,
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


def utd_skeletons(data: Path, quick: bool) -> list[CorpusSource]:
    """One source per person, so that the column ``source`` distinguishes the rows."""
    motions = load_utd_mhad(data / "utd_mhad", actions="wrist", seconds=None).motions
    return [
        CorpusSource(_of(person), "research", [m for m in motions if m.subject == person])
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
    ),
}


def open_or_build(name: str, seconds: float, data: Path, store: Path, quick: bool) -> Windows:
    """Return a corpus, and build it first if needed."""
    spec = CORPORA[name]
    key = short_hash([seconds, spec.simulator, spec.options, spec.clip_by_clip])
    folder = store / "corpora" / f"{slug(name)}-{key}"
    if not folder.exists():
        spec.build(folder, seconds, data, quick)
    return open_corpus(folder)


def slug(name: str) -> str:
    """Return a name for files."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())


def without(corpus: Windows, people: Sequence[object]) -> Windows:
    """Leave out the skeletons of some people of UTD-MHAD."""
    return corpus[~np.isin(corpus["source"], [_of(person) for person in people])]


def labels(corpus: Windows, data: Path) -> np.ndarray:
    """Return the action of each window of skeletons of UTD-MHAD."""
    label_of = _label_of_clip(data)
    names = [str(name).rpartition("/")[2].partition("~")[0] for name in corpus["clip"]]
    return np.array([label_of[name] for name in names])


@cache
def _label_of_clip(data: Path) -> dict[str, str]:
    clips = load_utd_mhad(data / "utd_mhad", actions="wrist", skeletons=False, seconds=None)
    return {clip.name: clip.labels[0] for clip in clips.recordings}


def _of(person: object) -> str:
    return f"utd person {person}"
