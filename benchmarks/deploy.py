"""Exported models against the classifier they come from: equality, size, latency, streams.

python -m benchmarks.deploy --data PATH

Prints three tables, on watches of 30 people (WISDM: 20 Hz, acc and gyro):

- equality: the largest difference of a probability between the runner and the classifier, on raw
  samples at four rates, with and without gyro;
- size and latency: one window on one core, in float32 and in 8 bits, and what 8 bits cost in
  macro F1 on people that the classifier was not fitted on;
- streams: the largest difference between a stream in small chunks and `cut` with `predict_proba`,
  the time of a chunk, and the memory after an hour and a day of samples.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import tracemalloc
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from m3n_sklearn import HMMClassifier, Multi3NetClassifier, cut
from m3n_sklearn.deploy import Runner, StreamingClassifier, export
from m3n_sklearn.recording import Recording, channel_names

SECONDS = 2.56
RATES = (20.0, 100 / 3, 50.0, 104.0)
NAMES = channel_names("right_wrist")
HELD_AFTER = (1, 24, 168)
"""Hours of samples after which the memory of a stream is printed: an hour, a day, a week."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("M3N_SKLEARN_DATA"))
    options = parser.parse_args()
    if not options.data:
        raise SystemExit("Give --data, the folder of the real data sets.")
    warnings.simplefilter("ignore")
    train, test = recordings(Path(options.data), 3), recordings(Path(options.data), 3, skip=3)
    models = fitted(train)
    with tempfile.TemporaryDirectory() as folder:
        equality(models, test, Path(folder))
        size(models, train, test, Path(folder))
        streams(models, test, Path(folder))


def recordings(data: Path, people: int, skip: int = 0) -> list[Recording]:
    """Read 45 s of each activity of some people."""
    files = sorted((data / "wisdm51_watch").glob("*.npz"))
    archive = dict(np.load(files[0]))
    ends, subjects, labels = archive["seg_ptr"], archive["subject"], archive["label"]
    wanted = np.unique(subjects)[skip : skip + people]
    rate = float(archive["rate_hz"])
    found = []
    for k, (begin, end) in enumerate(pairwise(ends)):
        if subjects[k] in wanted:
            part = slice(begin, min(end, begin + int(45 * rate)))
            acc = archive["acc_q"][part] * float(archive["acc_scale"])
            gyro = archive["gyro_q"][part] * float(archive["gyro_scale"])
            found.append(
                Recording(
                    np.hstack([acc, gyro]),
                    rate,
                    NAMES,
                    labels=str(labels[k]),
                    subject=str(subjects[k]),
                    name=f"{subjects[k]}-{k}",
                )
            )
    return found


def fitted(train: list[Recording]) -> dict[str, Any]:
    """Fit the classifiers to export."""
    X, y, groups = cut(train, seconds=SECONDS)
    acc, _, _ = cut([each.select(NAMES[:3]) for each in train], seconds=SECONDS)
    rows = np.random.default_rng(0).permutation(len(X))[:400]
    frozen = Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0)
    mounting = Multi3NetClassifier("m3n-base", strategy="frozen", augment="so3", random_state=0)
    auto = Multi3NetClassifier("m3n-base", max_epochs=3, random_state=0)
    small = Multi3NetClassifier(strategy="scratch", max_epochs=10, random_state=0)
    return {
        "frozen": frozen.fit(X, y),
        "frozen, acc only": Multi3NetClassifier("m3n-base", strategy="frozen").fit(acc, y),
        "frozen, unknown mounting": mounting.fit(X[rows], y[rows]),
        "ensemble (auto)": auto.fit(X[rows], y[rows]),
        "from scratch": small.fit(X[rows], y[rows]),
        "frozen, smoothed": HMMClassifier(
            Multi3NetClassifier("m3n-base", strategy="frozen", random_state=0), cv=3
        ).fit(X, y, groups=groups),
    }


def equality(models: dict[str, Any], test: list[Recording], folder: Path) -> None:
    """Print the largest difference of a probability, on raw samples with their stamps."""
    print("\nlargest |difference| of a probability, by rate of the samples in Hz")
    print(f"{'model':28s}" + "".join(f"{rate:12.1f}" for rate in RATES) + "   labels that differ")
    for name, model in models.items():
        file = folder / "equality.onnx"
        export(model, file)
        runner, worst, changed, count = Runner(file), [], 0, 0
        chosen = NAMES[:3] if "acc" in name else NAMES
        for rate in RATES:
            most = 0.0
            for recording in test:
                resampled = recording.select(list(chosen)).resample(rate)
                X, _, _ = cut(resampled, seconds=SECONDS, dtype="float64")
                stamps = 1e5 + np.arange(resampled.n_samples) / rate
                table = runner.predict_table(
                    stamps, resampled.data, seconds=SECONDS, hop=SECONDS / 2
                )
                most = max(most, float(np.abs(table.proba - model.predict_proba(X)).max()))
                changed += int((table.label != model.predict(X)).sum())
                count += len(X)
            worst.append(most)
        print(f"{name:28s}" + "".join(f"{w:12.1e}" for w in worst) + f"   {changed} of {count}")


def size(
    models: dict[str, Any], train: list[Recording], test: list[Recording], folder: Path
) -> None:
    """Print size, latency, and the macro F1 on other people."""
    X, y, _ = cut(test, seconds=SECONDS)
    print("\nsize, latency of one window on one core, macro F1 on other people")
    print(f"{'model':28s}{'precision':>10s}{'MB':>8s}{'ms':>8s}{'torch ms':>10s}{'macro F1':>10s}")
    for name, model in models.items():
        if isinstance(model, HMMClassifier):
            continue
        own = (
            X
            if "acc" not in name
            else cut([each.select(NAMES[:3]) for each in test], seconds=SECONDS)[0]
        )
        torch_ms = milliseconds(lambda m=model, one=own[:1]: m.predict_proba(one))
        for precision in ("float32", "int8"):
            file = folder / "size.onnx"
            export(model, file, precision=precision)
            runner, one = Runner(file), own["imu"][:1]
            spent = milliseconds(lambda r=runner, one=one: r.predict_proba(one, 20.0))
            score = f1_score(y, runner.predict(own["imu"], 20.0), average="macro")
            megabytes = file.stat().st_size / 1e6
            print(
                f"{name:28s}{precision:>10s}{megabytes:8.2f}{spent:8.2f}{torch_ms:10.2f}"
                f"{score:10.3f}"
            )


def milliseconds(call: Any, repeats: int = 100) -> float:
    """Return the median time of a call."""
    call()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return 1e3 * float(np.median(times))


def streams(models: dict[str, Any], test: list[Recording], folder: Path) -> None:
    """Print the equality, the time of a chunk, and the memory of streams."""
    print("\nstreams: chunks of 1 to 40 samples against cut and predict_proba")
    rng = np.random.default_rng(0)
    export(models["frozen"], folder / "stream.onnx")
    for name, source in (
        ("classifier", models["frozen"]),
        ("runner", Runner(folder / "stream.onnx")),
    ):
        worst, spent = 0.0, []
        for recording in test[:10]:
            X, _, _ = cut(recording, seconds=SECONDS, dtype="float64")
            stream = StreamingClassifier(source, rate=recording.rate)
            found, at = [], 0
            while at < recording.n_samples:
                part = slice(at, at + int(rng.integers(1, 41)))
                begin = time.perf_counter()
                found += stream.push(recording.times[part], recording.data[part])
                spent.append(time.perf_counter() - begin)
                at = part.stop
            found += stream.flush()
            proba = np.array([each.proba for each in found])
            worst = max(worst, float(np.abs(proba - models["frozen"].predict_proba(X)).max()))
        print(
            f"{name:12s} largest |difference| {worst:.1e}, a chunk takes "
            f"{1e3 * np.median(spent):.2f} ms (99 %: {1e3 * np.percentile(spent, 99):.2f} ms)"
        )
    memory(Runner(folder / "stream.onnx"), test[0])


def memory(runner: Runner, recording: Recording) -> None:
    """Print the memory that a stream holds after an hour, a day and a week of samples."""
    stream, rate, seconds = StreamingClassifier(runner, rate=recording.rate), recording.rate, 100
    chunk = np.arange(round(seconds * rate))
    tracemalloc.start()
    for hour in range(1, max(HELD_AFTER) + 1):
        for second in range(0, 3600, seconds):
            rows = recording.data[(chunk + round(second * rate)) % recording.n_samples]
            stream.push((hour - 1) * 3600 + second + chunk / rate, rows)
        if hour in HELD_AFTER:
            held = tracemalloc.get_traced_memory()[0]
            print(f"after {hour:3d} h of samples: {held / 1e6:.2f} MB held")
    tracemalloc.stop()


if __name__ == "__main__":
    main()
