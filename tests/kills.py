"""Kill what writes at any moment, or let two write at once, and see whether anything is lost.

    python -m tests.kills [--kills 300] [--runs 40] [--seed 0]

Each job (a corpus, a study, a saved estimator, the cache of sentences, a pretraining) runs in a
child process that is killed with SIGKILL, in half of the cases at a random time, in the others
before a random call that writes, flushes, closes, moves, makes or deletes a file. The child is
restarted, and killed again up to twice. The last restart has to end well, with the result of an
undisturbed run, bit by bit; what was finished before a kill must not be computed again; and nothing
may be left behind.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier

from m3n_sklearn import (
    Multi3NetClassifier,
    Multi3NetPretrainer,
    SMPLIMUSimulator,
    _saving,
    load,
    save,
)
from m3n_sklearn._checkpoints import CheckpointFile
from m3n_sklearn._hashing import folder_digests
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.evaluation import Method, few_label_study, load_scores
from m3n_sklearn.pretraining import CorpusSource, build_corpus
from m3n_sklearn.pretraining.corpus import _build
from m3n_sklearn.text import HashingEncoder, SentenceEncoder, _sentence

CALLS = frozenset(
    ["open", "write", "flush", "fsync", "close", "rename", "replace", "mkdir", "unlink", "rmdir"]
)
"""Names of the C functions before which a child may be killed."""

MOST_SECONDS = 600


# ---- jobs: each works in a folder; `done` lists what is finished, by name


@dataclass(frozen=True)
class Job:
    """Something that writes: how to run it, its result, and what of it is finished after a kill."""

    name: str
    run: Callable[[Path], None]
    result: Callable[[Path], Any]
    done: Callable[[Path], dict[str, Any]]
    prepare: Callable[[Path], None] = lambda folder: None


MOTIONS = make_motions(2, 1, ["wave", "swipe_left"], seconds=2.0, rate=30.0, random_state=0)


def build(folder: Path) -> None:
    """Build a corpus of four chunks; write into a log which of them were simulated."""
    _build.CHUNK = 1
    simulate = _build.cut_clips

    def logged(clips: Any, *rest: Any) -> Any:
        with (folder / "simulated").open("a") as log:
            log.write(f"{clips[0].name}\n")
        return simulate(clips, *rest)

    _build.cut_clips = logged
    source = CorpusSource("made", "BSD-3-Clause", MOTIONS)
    simulator = SMPLIMUSimulator(sites=("right_wrist",), smoothing=None)
    build_corpus(
        source,
        folder / "corpus",
        simulator=simulator,
        seconds=1.0,
        rate=25.0,
        pose_rate=15.0,
        n_windows=9,
    )


def chunks(folder: Path) -> dict[str, Any]:
    """Return the finished chunks by their number; a finished corpus has all of them."""
    found = list((folder / ".corpus.building" / "parts").glob("*/part.json"))
    finished = [path for path in found if path.parent.name != "new"]
    count = len(MOTIONS) if (folder / "corpus").exists() else len(finished)
    return {str(number): None for number in range(count)}


X = np.random.default_rng(0).normal(size=(24, 3))
Y, PEOPLE = np.tile([0, 1], 12), np.repeat(["ann", "bob", "eve"], 8)


def study(folder: Path) -> None:
    """Run a study of twelve cells."""
    methods = [
        Method("most frequent", DummyClassifier()),
        Method("even", DummyClassifier(strategy="uniform", random_state=0)),
    ]
    few_label_study(methods, X, Y, PEOPLE, budgets=(1, 2), store=folder / "study")


def scores(folder: Path) -> Any:
    """Return the scores in the store, without their times."""
    found = [
        replace(s, fit_seconds=0.0, predict_seconds=0.0) for s in load_scores(folder / "study")
    ]
    return [repr(score) for score in found]


def cells(folder: Path) -> dict[str, Any]:
    """Return the finished cells, with the times at which they were written."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / "study").glob("*.json")}


def write(lr: float, folder: Path) -> None:
    """Save an estimator whose fitted state repeats a parameter."""
    given = Multi3NetClassifier(lr=lr)
    vars(given).update(classes_=np.arange(2), weights_={"w": np.full(50_000, lr)})
    save(given, folder / "e.safetensors")


def loaded(folder: Path) -> float:
    """Return the parameter of the saved estimator."""
    found = load(folder / "e.safetensors")
    assert (found.weights_["w"] == found.lr).all()
    return float(found.lr)


def old_or_new(folder: Path) -> dict[str, Any]:
    """Read the file, which is complete at any moment."""
    assert loaded(folder) in (0.25, 0.5)
    return {}


class Model:
    """Stands for a language model."""

    def encode(self, sentences: list[str], batch_size: int) -> dict[str, Any]:
        """Return vectors."""
        return dict(zip(sentences, HashingEncoder(8).encode(sentences), strict=True))


SENTENCES = [f"a person does {number}" for number in range(6)]


def encode(folder: Path) -> None:
    """Encode sentences one by one, through the cache."""
    _sentence._load = lambda *_: Model()
    encoder = SentenceEncoder("org/model", cache_dir=folder / "cache")
    for sentence in [*SENTENCES, f"a process named {os.getpid()}"]:
        assert (encoder.encode([sentence]) == HashingEncoder(8).encode([sentence])).all()


def no_state(folder: Path) -> dict[str, Any]:
    """Nothing of a cache has to survive."""
    return {}


def pretrain(folder: Path) -> None:
    """Train for eight steps, with a checkpoint after each."""
    _saving.SECONDS_BETWEEN, _saving.LARGEST_SHARE = 0.0, 1e9
    signals = np.random.default_rng(0).normal(size=(16, 6, 50)).astype(np.float32)
    Multi3NetPretrainer(
        width=4, max_epochs=4, batch_size=8, random_state=0, checkpoint=folder / "state"
    ).fit(signals)


def trained(folder: Path) -> Any:
    """Return the weights in the checkpoint of a finished training."""
    found = CheckpointFile(folder / "state")._read()
    assert found is not None
    assert found[1]["finished"]
    return {name: array.tobytes() for name, array in found[2].items()}


def steps(folder: Path) -> dict[str, Any]:
    """Return the finished steps by their number."""
    found = CheckpointFile(folder / "state")._read()
    if found is None:
        return {}
    place = found[1]["place"]
    return {str(number): None for number in range(2 * place["epoch"] + place["batches"])}


JOBS = [
    Job("corpus", build, lambda folder: folder_digests(folder / "corpus"), chunks),
    Job("study", study, scores, cells),
    Job("saved estimator", partial(write, 0.5), loaded, old_or_new, partial(write, 0.25)),
    Job("cache of sentences", encode, lambda folder: None, no_state),
    Job("pretraining", pretrain, trained, steps),
]


# ---- children


def start(job: Job, folder: Path, kill_before: float | None = None) -> int:
    """Run a job in a child, which kills itself before the given call; return its process id."""
    child = os.fork()
    if child:
        return child
    code, watch = 1, Watch(kill_before or 0)
    try:
        sys.stderr = open(folder / "errors", "a")  # noqa: SIM115
        warnings.simplefilter("ignore")
        if kill_before is not None:
            sys.setprofile(watch)
        job.run(folder)
        sys.setprofile(None)
        (folder / "calls").write_text(str(watch.seen))
        code = 0
    except BaseException:
        sys.setprofile(None)
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


class Watch:
    """Counts the calls that change files, and kills its process before the call number `at`."""

    def __init__(self, at: float) -> None:
        self.at, self.seen = at, 0

    def __call__(self, frame: Any, event: str, function: Any) -> None:
        if event == "c_call" and getattr(function, "__name__", "") in CALLS:
            if self.seen >= self.at:
                os.kill(os.getpid(), signal.SIGKILL)
            self.seen += 1


def wait(child: int) -> bool:
    """Wait for a child; tell whether it ended well. One that hangs is killed."""
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return status == 0
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


@contextlib.contextmanager
def workshop(job: Job) -> Iterator[Path]:
    """Yield an empty folder."""
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    try:
        job.prepare(folder)
        yield folder
    finally:
        shutil.rmtree(folder)


def left_behind(folder: Path) -> list[str]:
    """Return the names of hidden files and folders, which only the unfinished have."""
    return sorted(path.name for path in folder.rglob(".*"))


@dataclass
class Undisturbed:
    """What an undisturbed run gives: its result, seconds, and number of calls that change files."""

    result: Any
    seconds: float
    calls: int

    @classmethod
    def of(cls, job: Job) -> Undisturbed:
        """Run a job twice: with a clock, and counting calls."""
        for at in (None, np.inf):
            with workshop(job) as folder:
                begun = time.perf_counter()
                assert wait(start(job, folder, at)), (folder / "errors").read_text()
                if at is None:
                    seconds, result = time.perf_counter() - begun, job.result(folder)
                calls = int((folder / "calls").read_text())
        return cls(result, seconds, calls)


# ---- the two tables


@dataclass
class Outcome:
    """Counts of one job."""

    tried: int = 0
    lost: int = 0
    failed: int = 0
    left: int = 0
    note: str = ""


def kill(job: Job, n_kills: int, rng: np.random.Generator) -> Outcome:
    """Kill a job many times, and restart it."""
    whole, outcome = Undisturbed.of(job), Outcome()
    while outcome.tried < n_kills:
        with workshop(job) as folder:
            before: dict[str, Any] = {}
            for _ in range(int(rng.integers(1, 4))):
                if rng.random() < 0.5:
                    wait(start(job, folder, int(rng.integers(0, whole.calls + 1))))
                else:
                    child = start(job, folder)
                    time.sleep(rng.uniform(0, whole.seconds))
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                outcome.tried += 1
                try:
                    now = job.done(folder)
                except Exception as error:  # what was whole is not any more
                    now, outcome.note = {}, repr(error)
                    outcome.lost += 1
                outcome.lost += sum(now.get(name, before) != fact for name, fact in before.items())
                before = now
            simulated = _lines(folder / "simulated")
            _judge(job, whole, folder, [start(job, folder)], outcome)
            now = job.done(folder)
            if job.name == "corpus":  # finished chunks are not simulated again
                again = _lines(folder / "simulated") - simulated
                outcome.lost += max(0, again - (len(MOTIONS) - len(before)))
            else:
                outcome.lost += sum(now.get(name, before) != fact for name, fact in before.items())
    return outcome


def _lines(log: Path) -> int:
    """Count the lines of a file."""
    return len(log.read_text().splitlines()) if log.exists() else 0


def race(job: Job, n_runs: int, rng: np.random.Generator) -> Outcome:
    """Let two processes do one job at once; in every third run one of the two is killed."""
    whole, outcome = Undisturbed.of(job), Outcome()
    for number in range(n_runs):
        with workshop(job) as folder:
            first = start(job, folder)
            time.sleep(rng.uniform(0, 0.2 * whole.seconds))
            second = start(job, folder)
            children = [first, second]
            if number % 3 == 2:
                time.sleep(rng.uniform(0, whole.seconds))
                os.kill(first, signal.SIGKILL)
                os.waitpid(first, 0)
                # what the dead has left after the last look of the other is swept by the next
                outcome.failed += not wait(second)
                children = [start(job, folder)]
            outcome.tried += 1
            _judge(job, whole, folder, children, outcome)
    return outcome


def _judge(
    job: Job, whole: Undisturbed, folder: Path, children: list[int], outcome: Outcome
) -> None:
    """Wait for children, and compare the result with that of an undisturbed run."""
    well = [wait(child) for child in children]
    if not all(well):
        outcome.failed += 1
        outcome.note = (folder / "errors").read_text()
        return
    try:
        same = job.result(folder) == whole.result
    except Exception as error:
        outcome.failed += 1
        outcome.note = repr(error)
        return
    outcome.lost += not same
    if left := left_behind(folder):
        outcome.left += 1
        outcome.note = ", ".join(left)


def table(head: str, rows: dict[str, Outcome]) -> str:
    """Format outcomes as a table."""
    lines = [f"{head:20} {'n':>6} {'lost':>6} {'failed':>7} {'left behind':>12}"]
    for name, row in rows.items():
        lines.append(f"{name:20} {row.tried:6} {row.lost:6} {row.failed:7} {row.left:12}")
        lines += [f"  {row.note}"] if row.note else []
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> list[Outcome]:
    """Print both tables and return their rows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=300, help="kills of each job")
    parser.add_argument("--runs", type=int, default=40, help="runs of two processes of each job")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    killed = {job.name: kill(job, options.kills, rng) for job in JOBS}
    print(table("killed", killed))
    raced = {job.name: race(job, options.runs, rng) for job in JOBS}
    print("\n" + table("two at once", raced))
    return [*killed.values(), *raced.values()]


if __name__ == "__main__":
    sys.exit(any(row.lost or row.failed or row.left for row in main()))
