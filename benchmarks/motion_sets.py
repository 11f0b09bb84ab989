"""Further motions that weights may be trained on, as sources of a corpus.

    python -m benchmarks.motion_sets DATA

builds a small corpus of each source, and prints what its readings look like.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from m3n_sklearn import Motion, SMPLIMUSimulator
from m3n_sklearn.pretraining import CorpusSource, build_corpus, open_corpus
from m3n_sklearn.text import activity_sentences

from .positions import read_iclone, read_ui_prmd

CMU = "CMU Graphics Lab Motion Capture Database: free for all uses, not to be resold as data"
UI_PRMD = (
    "UI-PRMD: Open Data Commons Public Domain Dedication and License (PDDL), as far as known; the "
    "repository that holds the files states no license"
)

EXERCISES: Mapping[str, tuple[str, ...]] = {
    "deep squat": (
        "a person does squats",
        "a person does a deep squat with raised arms",
        "someone bends the knees deeply while both hands stay above the shoulders",
        "the hips sink low and rise again, the hands held high",
        "a slow deep knee bend with the arms up",
    ),
    "hurdle step": (
        "a person steps over a hurdle",
        "someone lifts one foot over a low bar and brings it back",
        "standing on one leg while the other steps over a hurdle, the hands still at the shoulders",
        "a careful step over an obstacle with quiet arms",
    ),
    "inline lunge": (
        "a person does forward lunges",
        "a person does an inline lunge",
        "someone takes a long step forward and sinks until the rear knee nears the floor",
        "a lunge with both feet on one line, the hands held at the shoulders",
        "the body sinks straight down between the feet and comes up again",
    ),
    "side lunge": (
        "a person does a side lunge",
        "someone takes a wide step sideways and sinks onto that leg",
        "lunging to the side with the hands held in front of the shoulders",
        "the body moves sideways and down, then back to standing",
    ),
    "sit to stand": (
        "a person stands up from a chair",
        "someone rises from a chair with the arms held in front",
        "getting up from a seat without the help of the hands",
        "leaning forward and standing up, the hands at the height of the chest",
    ),
    "standing active straight leg raise": (
        "a person raises a straight leg while standing",
        "someone lifts one straight leg to the front and lowers it",
        "standing on one leg, the other swings up slowly with a straight knee",
        "a slow leg raise with hands that hardly move",
    ),
    "standing shoulder abduction": (
        "a person raises one arm sideways",
        "someone lifts a straight arm from the hip out to the side and overhead",
        "one straight arm goes up sideways and comes down again slowly",
        "a shoulder exercise: the hand draws a half circle at the side of the body",
    ),
    "standing shoulder extension": (
        "a person moves one arm backward",
        "someone draws a straight arm back behind the hip and returns",
        "one hanging arm swings slowly to the rear and comes back",
        "a shoulder exercise: the straight arm is pulled backward",
    ),
    "standing shoulder internal-external rotation": (
        "a person rotates one forearm inward and outward with the elbow bent",
        "someone keeps the elbow bent and turns the forearm forward and back",
        "the upper arm stays in place while the hand swings to and fro",
        "a shoulder exercise: a bent arm rotates about the upper arm",
    ),
    "standing shoulder scaption": (
        "a person raises one arm diagonally forward",
        "someone lifts a straight arm up between the front and the side",
        "one straight arm rises diagonally to above the head and comes down slowly",
        "a shoulder exercise: the arm goes up in the plane of the shoulder blade",
    ),
}
"""Captions of UI-PRMD's exercises, written for this table. They fit any arm and any leg."""

NEW_PEOPLE = ("cmu/05", "cmu/06", "cmu/07")
"""Subjects of CMU that ``cmu_asfamc_28`` does not have."""
KNOWN = {"05_01", "07_01", "07_02", *(f"06_{trial:02d}" for trial in range(1, 8))}
"""Trials that ``cmu_expmap_96`` has: distances of hands and feet correlate by more than 0.92, and
the lengths differ by at most two frames."""
HARD = {"05_06"}
"""A cartwheel whose hands hit the floor with more than 16 g."""


def more_sources(data: Path) -> list[CorpusSource]:
    """Return further sources of motions, to be used next to those of the packaged weights."""
    prmd = data / "ui_prmd_vicon" / "ui_prmd_vicon_100hz.npz"
    iclone = data / "cmu_iclone" / "cmu_iclone_60fps.npz"
    return [
        CorpusSource("ui_prmd_vicon", UI_PRMD, lambda: exercises(prmd), files=[prmd]),
        CorpusSource("cmu_iclone", CMU, lambda: dances_and_balls(iclone), files=[iclone]),
    ]


def exercises(path: Path) -> Iterator[Motion]:
    """Yield UI-PRMD's exercises with their captions."""
    for motion in read_ui_prmd(path):
        yield motion.replace(text=EXERCISES[str(motion.label)])


def dances_and_balls(path: Path) -> Iterator[Motion]:
    """Yield the clips of CMU that no other source has: dances, basketball and walks."""
    for motion in read_iclone(path):
        if motion.subject in NEW_PEOPLE and motion.name not in KNOWN | HARD:
            yield motion.replace(text=(*motion.text, *theme_sentences(motion.text[0])))


def theme_sentences(sentence: str) -> tuple[str, ...]:
    """Return sentences on the activity that CMU's description begins with."""
    theme = sentence.partition(" - ")[0]
    if theme == "basketball" and "shoot" not in sentence:
        theme = "dribbling"
    return activity_sentences("dancing" if theme == "dance" else theme)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of the real data sets")
    parser.add_argument("--windows", type=int, default=300, help="windows of each source")
    options = parser.parse_args()
    print(
        f"{'':<16}{'windows':>9}{'captions':>10}{'median |f|':>12}{'peak |f|':>10}{'peak °/s':>10}"
    )
    for source in more_sources(options.data):
        print(check(source, options.windows))


def check(source: CorpusSource, n_windows: int) -> str:
    """Build a corpus of one source, and return a line on its readings."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # knees of lunges seem to point backward
        simulator = SMPLIMUSimulator(sites=("left_wrist", "right_wrist"))
        path = build_corpus(
            source, Path(folder) / "corpus", simulator=simulator, n_windows=n_windows
        )
        windows = open_corpus(path)
        readings = np.asarray(windows["imu"], float).reshape(len(windows), 2, 2, 3, -1)
        captions = {str(text) for text in windows["text"]}
    if not np.isfinite(readings).all():
        raise ValueError(f"{source.name} has readings that are not finite.")
    force, rate = np.moveaxis(np.linalg.norm(readings, axis=3), 2, 0)
    return (
        f"{source.name:<16}{len(readings):>9}{len(captions):>10}{np.median(force):>12.2f}"
        f"{force.max():>10.1f}{np.rad2deg(rate.max()):>10.0f}"
    )


if __name__ == "__main__":
    main()
