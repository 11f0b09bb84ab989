"""Train the weights that come with the package, check that training gives them, or rename.

    python -m benchmarks.base_weights DATA            # train by the packaged manifest and compare
    python -m benchmarks.base_weights DATA --renew    # train by the recipe below and replace them
    python -m benchmarks.base_weights --rewrite       # same tensors, names of today's library

``--name m3n-real`` takes the other encoder. A training that was stopped goes on where it was.

DATA is the folder that contains ``cmu_mocap_subset``. The training data are procedural motions and
two sets of CMU clips and, for ``m3n-real``, the recordings in ``real_sets``; weights trained on
them may be redistributed.

``--rewrite`` is for changes of the library that leave the network as it is: parameters that were
removed, classes with another public home, other keys of the manifest. It can be repeated.
"""

from __future__ import annotations

import argparse
import copy
import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors
from sklearn.base import clone

import m3n_sklearn
from m3n_sklearn import IMUNoise, Motion, Multi3NetPretrainer, SensorNoise, SMPLIMUSimulator, save

# `load` refuses a file whose checksum or classes differ, and `--rewrite` changes both. So it builds
# the estimator from the changed document itself, and no public function does this.
from m3n_sklearn._persistence import decode, encode
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.pretraining import CorpusSource, build_corpus, load_pretrained, rebuild_corpus
from m3n_sklearn.procedural import list_activities
from m3n_sklearn.simulation import Randomization

from .motion_sets import CMU
from .real_sets import real_sources
from .skeletal import read_skeletal

FOLDER = Path(m3n_sklearn.__file__).parent / "pretraining" / "weights"
WORK = Path(__file__).parent / "results" / "weights"
"""Where corpora and the state of trainings are kept until they have finished."""
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
    "balance": "sqrt",
    "random_state": 0,
}


class Weights(NamedTuple):
    """How an encoder is trained: whether it reads recordings, the number of windows and epochs."""

    has_recordings: bool
    n_windows: int
    max_epochs: int


BASE, REAL = "m3n-base", "m3n-real"
RECIPES: Mapping[str, Weights] = {
    BASE: Weights(False, 10_000, 20),
    REAL: Weights(True, 20_000, 50),
}
QUICK = 3, 1500, 2
"""People, windows and epochs of --quick."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", help="folder of the real data sets")
    parser.add_argument(
        "--renew", action="store_true", help="replace them, by the recipe of this file"
    )
    parser.add_argument("--quick", action="store_true", help="with --renew: small and bad")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where --renew writes")
    parser.add_argument("--name", choices=list(RECIPES), default=BASE, help="which weights")
    parser.add_argument("--rewrite", action="store_true", help="rename, without training")
    parser.add_argument("--jobs", type=int, default=2, help="processes that simulate")
    options = parser.parse_args()
    if options.rewrite:
        for name in RECIPES:
            rewrite(*packaged(name))
        return
    if options.data is None:
        parser.error("DATA is needed for training.")
    started = time.monotonic()
    work = WORK / (f"{options.name}-quick" if options.quick else options.name)
    trained, manifest = train(options, work)
    if options.renew:
        save_packaged(trained, options.out, options.name, manifest)
    else:
        compare(trained, options.name)
    shutil.rmtree(work)
    print(f"{(time.monotonic() - started) / 60:.1f} min")


def packaged(name: str, folder: Path = FOLDER) -> tuple[Path, Path]:
    """Return the files of an encoder: its weights and the manifest of its corpus."""
    return folder / f"{name}.safetensors", folder / f"{name}.json"


def train(options: argparse.Namespace, work: Path) -> tuple[Multi3NetPretrainer, dict[str, Any]]:
    """Return the trained pretrainer and the manifest of its corpus."""
    common = {"n_jobs": options.jobs, "verbose": 1}
    recipe, people, corpus = RECIPES[options.name], PEOPLE, work / "corpus"
    n_windows, max_epochs = recipe.n_windows, recipe.max_epochs
    if options.renew:
        if options.quick:
            people, n_windows, max_epochs = QUICK
        found = all_sources(options.data, people, recipe)
        build_corpus(found, corpus, **CORPUS, n_windows=n_windows, **common)
        pretrainer = Multi3NetPretrainer(max_epochs=max_epochs, random_state=0)
    else:
        manifest = json.loads(packaged(options.name)[1].read_text(encoding="utf-8"))
        people = manifest["sources"][0]["clips"] // len(list_activities())
        rebuild_corpus(manifest, all_sources(options.data, people, recipe), corpus, **common)
        pretrainer = clone(load_pretrained(options.name))
    pretrainer.set_params(corpus=corpus, checkpoint=work / "state", verbose=1).fit()
    pretrainer.set_params(checkpoint=None, verbose=0)
    return pretrainer, json.loads((corpus / "manifest.json").read_text(encoding="utf-8"))


def all_sources(data: Path, people: int, recipe: Weights) -> list[CorpusSource]:
    """Return the motions and, if the recipe has them, the recordings."""
    return sources(data, people) + (real_sources(data) if recipe.has_recordings else [])


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
    """Yield one activity at a time, so that few motions are in memory."""
    for activity in list_activities():
        yield from make_motions(
            people, 1, activity, seconds=CLIP_SECONDS, left_handed=0.0, random_state=0
        )


CLASSES = {
    "m3n_sklearn._inputs:InputMap": "InputMap",
    "m3n_sklearn._inputs:Layout": "Layout",
    "m3n_sklearn.simulation.simulator:SMPLIMUSimulator": "m3n_sklearn.simulation:SMPLIMUSimulator",
    "m3n_sklearn.simulation.noise:IMUNoise": "m3n_sklearn.simulation:IMUNoise",
    "m3n_sklearn.simulation.noise:SensorNoise": "m3n_sklearn.simulation:SensorNoise",
    "m3n_sklearn.simulation.randomization:Randomization": "m3n_sklearn.simulation:Randomization",
}
"""Names of classes in older files, and those of today."""

CONFIG = ("norm", "orientation", "n_components")
"""Removed entries of the network's configuration, which only had their defaults in the file."""

STATE = {"n_unlabelled_": "n_unlabeled_", "unlabelled_groups_": "unlabeled_groups_"}
"""Names of fitted attributes in older files, and those of today."""

PEOPLE = ("unlabeled_groups_", "labeled_groups_")
"""Fitted attributes that older files lack: they were trained on no recordings."""

MANIFEST_FORMAT = 3


def rewrite(file: Path, corpus: Path) -> None:
    """Write the packaged files with the names of today's library, and check the tensors."""
    # 1. Read without the library: its classes may have other names and parameters than the file
    with safetensors.safe_open(file, framework="np") as old:
        document = json.loads(old.metadata()["document"])
        tensors = {name: old.get_tensor(name) for name in old.keys()}  # noqa: SIM118
    tree = renamed(document["estimator"])
    # 2. Drop parameters and entries of the configuration that were removed
    known = Multi3NetPretrainer().get_params(deep=False)
    tree["params"] = {name: value for name, value in tree["params"].items() if name in known}
    tree["state"] = {STATE.get(name, name): value for name, value in tree["state"].items()}
    config = tree["state"]["config_"]
    for part in (config, *config["encoders"].values()):
        for name in CONFIG:
            part.pop(name, None)
    # 3. Write by the library, unless the names are those of today, and compare
    estimator = decode(tree, tensors)
    lacking = [name for name in PEOPLE if not hasattr(estimator, name)]
    for name in lacking:
        setattr(estimator, name, np.unique([]))
    if encode(estimator)[0] != document["estimator"]:
        estimator.save(file)
    with safetensors.safe_open(file, framework="np") as new:
        written = {name: new.get_tensor(name) for name in new.keys()}  # noqa: SIM118
    for name, tensor in tensors.items():
        prefix, _, attribute = name.partition(".")
        again = written.pop(f"{prefix}.{STATE.get(attribute, attribute)}")
        if again.dtype != tensor.dtype or again.tobytes() != tensor.tobytes():
            sys.exit(f"Tensor {name} of {file} has changed.")
    for name in lacking:
        written.pop(f"state.{name}")
    if written:
        sys.exit(f"{file} has the new tensors {', '.join(written)}.")
    print(f"{file.name}: {len(tensors)} tensors, byte for byte the same")
    # 4. The manifest of the corpus
    manifest = renamed(json.loads(corpus.read_text(encoding="utf-8")))
    manifest["format"] = MANIFEST_FORMAT
    for name in ("copies", "max_per_caption"):
        manifest["parameters"].pop(name, None)
    manifest["sources"] = [
        {"license" if key == "licence" else key: value for key, value in source.items()}
        for source in manifest["sources"]
    ]
    write_manifest(corpus, manifest)


def renamed(node: Any) -> Any:
    """Return JSON in which classes have their names of today."""
    if isinstance(node, list):
        return [renamed(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: renamed(value) for key, value in node.items()}
    if isinstance(node.get("class"), str):
        node["class"] = CLASSES.get(node["class"], node["class"])
    return node


def save_packaged(
    pretrainer: Multi3NetPretrainer, folder: Path, name: str, manifest: dict[str, Any]
) -> None:
    """Write a pretrainer without its corpus, with matrices in half precision, and a manifest."""
    small = copy.copy(pretrainer).set_params(corpus=None)
    small.weights_ = {
        key: weight.astype(np.float16) if weight.ndim > 1 and weight.size > 256 else weight
        for key, weight in pretrainer.weights_.items()
    }
    weights, corpus = packaged(name, folder)
    save(small, weights)
    write_manifest(corpus, manifest)


def write_manifest(path: Path, manifest: dict[str, Any]) -> None:
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def compare(trained: Multi3NetPretrainer, name: str) -> None:
    """Print the largest difference of new weights to those in the package."""
    packed = load_pretrained(name).weights_
    worst = max(
        float(np.abs(trained.weights_[key] - weight).max() / max(np.abs(weight).max(), 1e-9))
        for key, weight in packed.items()
    )
    print(f"largest difference to the weights in the package, relative: {worst:.1e}")
    print("the same up to half precision" if worst < 1e-3 else "NOT the same")


if __name__ == "__main__":
    main()
