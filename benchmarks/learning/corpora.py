"""What is pretrained on: built once, kept on disk, opened as memory maps.

"general" holds no motion of UTD-MHAD: mocap clips with texts (CMU, Bandai-Namco) and procedural
motions, simulated at both wrists. "in-domain" holds the Kinect skeletons of UTD-MHAD with their
captions, simulated at the right wrist; of these, a fold sees the training people's only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from m3n_sklearn import Motion, SMPLIMUSimulator, Windows, cut
from m3n_sklearn.datasets import load_utd_mhad, make_motions
from m3n_sklearn.motion import read_skeletal
from m3n_sklearn.pretraining import open_corpus, save_corpus

RATE, POSE_RATE, SECONDS = 50.0, 30.0, 2.56
MOCAP = (
    "cmu_mocap_subset/cmu_asfamc_28.npz",
    "cmu_mocap_subset/cmu_expmap_96.npz",
    "bandai_namco_motion/bandai_namco_motion.npz",
)


@dataclass(frozen=True)
class Source:
    """Motions, where their sensors sit, and how densely they are cut."""

    read: Callable[[Path, bool], Sequence[Motion]]
    sites: tuple[str, ...]
    overlap: float
    has_test_people: bool


def read_general(data: Path, quick: bool) -> list[Motion]:
    mocap = [motion for file in MOCAP for motion in read_skeletal(data / file)]
    if quick:
        return mocap[::4] + make_motions(n_people=2, n_repetitions=1, random_state=0)
    return mocap + make_motions(n_people=20, n_repetitions=2, random_state=0)


def read_utd(data: Path, quick: bool) -> list[Motion]:
    return load_utd_mhad(data / "utd_mhad", actions="wrist", seconds=None).motions


SOURCES = {
    "general": Source(read_general, ("left_wrist", "right_wrist"), 0.0, has_test_people=False),
    "in-domain": Source(read_utd, ("right_wrist",), 0.9, has_test_people=True),
}


def open_source(name: str, data: Path, store: Path, quick: bool, seconds: float) -> Windows:
    """Return a corpus with the columns ``person`` and ``label``, built if it is not there yet."""
    folder = store / "corpora" / f"{name}-{seconds:g}s"
    if not folder.exists():
        save_corpus(_build(SOURCES[name], data, quick, seconds), folder)
    return open_corpus(folder)


def _build(source: Source, data: Path, quick: bool, seconds: float) -> Windows:
    motions = source.read(data, quick)
    recordings = SMPLIMUSimulator(sites=source.sites, rate=RATE).simulate(motions)
    X, y, people = cut(
        list(zip(motions, recordings, strict=True)),
        seconds=seconds,
        overlap=source.overlap,
        margin=0.0,
        short="pad",
        pose_rate=POSE_RATE,
        dtype=np.float32,
    )
    return X.assign(person=np.array(list(map(str, people))), label=np.array(list(map(str, y))))


def without(corpus: Windows, people: Sequence[object]) -> Windows:
    """Return the rows of other people."""
    return corpus[~np.isin(corpus["person"], [str(person) for person in people])]
