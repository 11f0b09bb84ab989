"""What more than one process gives on this machine, and what large corpora would cost.

    python benchmarks/scale.py [--clips 256] [--rows 512]

Needs a few minutes. The backends dask and ray are left out if they are not installed. Seconds of
one process are CPU time, so they do not depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from m3n_sklearn import Multi3NetPretrainer, SMPLIMUSimulator
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.pretraining import CorpusSource, build_corpus, open_corpus, save_corpus

RATE = 100.0
"""Frames per second of the motions, as in much of AMASS."""

SECONDS = 2.56

TRAINING: dict[str, Any] = {
    "text_encoder": "hashing",
    "random_state": 0,
    "batch_size": 128,
    "max_epochs": 3,
}

PLANS = {
    "AMASS, 13.6 M frames": 13.6e6 / RATE / 3600,
    "motions of 1,000 hours of video": 1000.0,
}
"""Hours of motion."""

EPOCHS = 40

TWO = """
import json, sys, time, torch.distributed as dist
dist.init_process_group("gloo")
from m3n_sklearn import Multi3NetPretrainer
begun = time.perf_counter()
fitted = Multi3NetPretrainer(corpus=sys.argv[1], **json.loads(sys.argv[2])).fit()
if dist.get_rank() == 0:
    print(json.dumps([time.perf_counter() - begun, fitted.history_]))
dist.destroy_process_group()
"""


# ---- parallel simulation


@contextmanager
def _dask() -> Iterator[None]:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
        joblib.parallel_config("dask", n_jobs=2),
    ):
        yield


@contextmanager
def _ray() -> Iterator[None]:
    import ray
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    with joblib.parallel_config("ray", n_jobs=2):
        yield
    ray.shutdown()


def build(n_clips: int, folder: Path) -> Path:
    """Build the corpus with every backend; print times and whether the bits are equal."""
    kinds = ["wave", "swipe_left"]
    motions = make_motions(n_clips // 2, 1, kinds, seconds=8.0, rate=RATE, random_state=0)
    source = CorpusSource("made", "BSD-3-Clause", motions)
    hours = sum(motion.duration for motion in motions) / 3600

    def run(name: str) -> tuple[Path, float, float]:
        begun, used = time.perf_counter(), time.process_time()
        simulator = SMPLIMUSimulator(sites=("left_wrist", "right_wrist"))
        path = build_corpus(source, folder / name, simulator=simulator, seconds=SECONDS)
        return path, time.perf_counter() - begun, time.process_time() - used

    first, wall, cpu = run("one")
    expected = digests(first)
    n_frames = sum(motion.n_frames for motion in motions)
    print(f"corpus of {n_clips} clips, {n_frames} frames, two wrists")
    print(f"  {'one process':14} {wall:7.1f} s   {cpu / hours:7.0f} s of CPU per hour of motion")
    backends: dict[str, Any] = {"loky": lambda: joblib.parallel_config("loky", n_jobs=2)}
    backends |= {
        name: backend
        for name, backend in (("distributed", _dask), ("ray", _ray))
        if importlib.util.find_spec(name)
    }
    for name, backend in backends.items():
        with backend():
            run(f"{name}-first")  # starts the workers
            path, wall, _ = run(name)
        equal = "equal bits" if digests(path) == expected else "OTHER BITS"
        print(f"  {name + ' × 2':14} {wall:7.1f} s   {equal}")
    size = sum(file.stat().st_size for file in first.iterdir())
    rows = len(open_corpus(first))
    print(f"  {size / rows / 1e3:.1f} kB per window, {rows / hours:.0f} windows per hour of motion")
    COSTS.update(simulate=cpu / hours, bytes=size / rows, windows=rows / hours)
    return first


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file."""
    files = sorted(folder.iterdir())
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


COSTS: dict[str, float] = {}
"""Measured costs: CPU seconds per hour of motion, bytes per window, and so on."""


# ---- training


def train(corpus: Path, n_rows: int, folder: Path) -> None:
    """Train in one process, with a checkpoint, and in two processes."""
    whole = open_corpus(corpus)
    rows = save_corpus(whole[np.arange(n_rows) % len(whole)], folder / "rows")
    per_epoch = -(-n_rows // TRAINING["batch_size"])
    # what a fit does before the first step counts in neither
    used = [time.process_time()]
    for epochs in (1, TRAINING["max_epochs"]):
        begun = time.perf_counter()
        one = Multi3NetPretrainer(corpus=rows, **{**TRAINING, "max_epochs": epochs}).fit()
        wall = time.perf_counter() - begun
        used.append(time.process_time())
    extra = (TRAINING["max_epochs"] - 1) * per_epoch
    COSTS["step"] = (used[2] - 2 * used[1] + used[0]) / extra
    print(f"\npretraining, {TRAINING['max_epochs'] * per_epoch} steps of {TRAINING['batch_size']}")
    print(f"  {'one process':14} {wall:7.1f} s   {1e3 * COSTS['step']:7.0f} ms of CPU per step")
    # a checkpoint
    state = folder / "state"
    Multi3NetPretrainer(corpus=rows, checkpoint=state, **TRAINING).fit()
    begun = time.perf_counter()
    content = (state / "training.safetensors").read_bytes()
    (state / "copy").write_bytes(content)
    took = time.perf_counter() - begun
    print(f"  {'checkpoint':14} {len(content) / 1e6:7.1f} MB  {1e3 * took:7.0f} ms per writing")
    # two processes
    script = folder / "two.py"
    script.write_text(TWO)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    root = str(Path(__file__).parents[1])
    found = subprocess.run(
        [*torchrun, str(script), str(rows), json.dumps(TRAINING)],
        env={**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, history = json.loads(found.stdout.strip().splitlines()[-1])
    # all terms too: small ones differ more, relative to themselves
    pairs = list(zip(one.history_, history, strict=True))
    total = max(abs(b["train_loss"] / a["train_loss"] - 1) for a, b in pairs)
    terms = max(abs(b[name] / a[name] - 1) for a, b in pairs for name in a)
    print(
        f"  {'torchrun × 2':14} {seconds:7.1f} s   the loss differs by {total:.1e}, its terms by "
        f"{terms:.1e} at most"
    )


def plan() -> None:
    """Print what large corpora would cost with the measured costs."""
    print(f"\nplans, from the costs above; {EPOCHS} epochs")
    print(f"  {'':33} {'windows':>9} {'disk':>8} {'simulation':>14} {'training':>14}")
    for name, hours in PLANS.items():
        windows = hours * COSTS["windows"]
        disk = windows * COSTS["bytes"] / 1e9
        simulate = hours * COSTS["simulate"] / 3600
        learn_steps = EPOCHS * windows / TRAINING["batch_size"]
        learn = learn_steps * COSTS["step"] / 3600
        print(f"  {name:33} {windows:9.2e} {disk:5.0f} GB {simulate:8.1f} CPU h {learn:8.1f} CPU h")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--clips", type=int, default=256)
    parser.add_argument("--rows", type=int, default=512)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        corpus = build(options.clips, Path(folder))
        train(corpus, options.rows, Path(folder))
    plan()


if __name__ == "__main__":
    main()
