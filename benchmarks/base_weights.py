"""Train the weights that come with the package, or see that they can be trained again.

    python -m benchmarks.base_weights DATA            # again, from the record in the package
    python -m benchmarks.base_weights DATA --renew    # anew, by the recipe below; replaces them

DATA is the folder that holds ``cmu_mocap_subset``. Nothing else is read: procedural motions and
two sets of CMU clips, all of which may be redistributed as weights.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

from m3n_sklearn import IMUNoise, Motion, Multi3NetPretrainer, SensorNoise, SMPLIMUSimulator
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.motion.procedural import list_activities
from m3n_sklearn.pretraining import CorpusSource, build_corpus, load_pretrained, rebuild_corpus
from m3n_sklearn.pretraining._registry import FOLDER, manifest_of, save_pretrained
from m3n_sklearn.simulation import Randomization

from .skeletal import read_skeletal

NAME = "m3n-base"
CMU = "CMU Graphics Lab Motion Capture Database: free for all uses, not to be resold as data"
PEOPLE, CLIP_SECONDS = 10, 6.5
CORPUS: dict[str, Any] = {
    "simulator": SMPLIMUSimulator(
        sites=("left_wrist", "right_wrist"),
        noise=IMUNoise(
            acc=SensorNoise(density=0.01, bias=0.1), gyro=SensorNoise(density=0.001, bias=0.01)
        ),
        randomize=Randomization(stature_sd=0.05, site_jitter=0.01, tempo=0.15, mount_angle=0.3),
    ),
    "seconds": 2.56,
    "overlap": 0.5,
    "mirror": True,
    "n_windows": 10000,
    "balance": "sqrt",
    "random_state": 0,
}
PRETRAINER: dict[str, Any] = {"max_epochs": 20, "random_state": 0}
QUICK: tuple[int, dict[str, Any], dict[str, Any]] = (3, {"n_windows": 1500}, {"max_epochs": 2})
"""What --quick changes: people, corpus, pretrainer."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder of the real data sets")
    parser.add_argument("--renew", action="store_true", help="by the recipe of this file")
    parser.add_argument("--quick", action="store_true", help="with --renew: small and bad")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where --renew writes")
    parser.add_argument("--jobs", type=int, default=2, help="processes that simulate")
    options = parser.parse_args()
    started = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix="m3n-base-"))
    try:
        trained, manifest = train(options, work / "corpus")
    finally:
        shutil.rmtree(work)
    if options.renew:
        save_pretrained(trained, options.out / f"{NAME}.safetensors", manifest)
    else:
        compare(trained)
    print(f"{(time.monotonic() - started) / 60:.1f} min")


def train(options: argparse.Namespace, corpus: Path) -> tuple[Multi3NetPretrainer, dict[str, Any]]:
    """Return the trained pretrainer and the manifest of its corpus."""
    common = {"n_jobs": options.jobs, "verbose": 1}
    if options.renew:
        people, fewer, shorter = QUICK if options.quick else (PEOPLE, {}, {})
        build_corpus(sources(options.data, people), corpus, **{**CORPUS, **fewer, **common})
        pretrainer = Multi3NetPretrainer(**{**PRETRAINER, **shorter})
    else:
        manifest = json.loads(manifest_of(NAME).read_text(encoding="utf-8"))
        people = manifest["sources"][0]["clips"] // len(list_activities())
        rebuild_corpus(manifest, sources(options.data, people), corpus, **common)
        pretrainer = clone(load_pretrained(NAME))
    pretrainer.set_params(corpus=corpus, verbose=1).fit().set_params(verbose=0)
    return pretrainer, json.loads((corpus / "manifest.json").read_text(encoding="utf-8"))


def sources(data: Path, people: int) -> list[CorpusSource]:
    subset = data / "cmu_mocap_subset"
    if not subset.is_dir():
        sys.exit(f"{subset} is not there.")
    asf, expmap = (subset / f"{name}.npz" for name in ("cmu_asfamc_28", "cmu_expmap_96"))
    return [
        CorpusSource(
            "procedural", "BSD-3-Clause, part of this library", lambda: procedural(people)
        ),
        CorpusSource("cmu_asfamc_28", CMU, lambda: read_skeletal(asf), files=[asf], weight=2.0),
        CorpusSource("cmu_expmap_96", CMU, lambda: read_skeletal(expmap), files=[expmap]),
    ]


def procedural(people: int) -> Iterator[Motion]:
    """Give one activity at a time, so that few motions are in memory."""
    for activity in list_activities():
        yield from make_motions(
            people, 1, activity, seconds=CLIP_SECONDS, left_handed=0.0, random_state=0
        )


def compare(trained: Multi3NetPretrainer) -> None:
    """Say how far new weights are from those in the package."""
    packed = load_pretrained(NAME).weights_
    worst = max(
        float(np.abs(trained.weights_[key] - weight).max() / max(np.abs(weight).max(), 1e-9))
        for key, weight in packed.items()
    )
    print(f"largest difference to the weights in the package, relative: {worst:.1e}")
    print("the same up to half precision" if worst < 1e-3 else "NOT the same")


if __name__ == "__main__":
    main()
