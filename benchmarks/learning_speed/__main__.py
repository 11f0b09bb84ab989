"""Computation times of learning and prediction, for this library and the baselines, in one run.

python -m benchmarks.learning_speed [--quick]

Wall times on one thread, medians where there are several; written to docs/benchmarks.
"""

from __future__ import annotations

import argparse
import platform
import warnings
from importlib.metadata import version
from pathlib import Path

import torch

from .growth import linear, memory
from .prediction import prediction
from .training import fine_tuning, overhead, pretraining

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "speed.txt"
PACKAGES = ("numpy", "scikit-learn", "torch", "skorch", "aeon")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning_speed")
    parser.add_argument("--quick", action="store_true", help="fewer windows; no page is written")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    lines = [f"make bench-speed{' QUICK=1' if quick else ''}"]
    lines += [f"Python {platform.python_version()}, {versions}", ""]
    print("\n".join(lines), flush=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*m/s².*")  # windows of zeros are no gravity
        for part in (prediction, fine_tuning, overhead, pretraining, linear, memory):
            for line in part(quick):
                print(line, flush=True)
                lines.append(str(line))
    if not quick:
        PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
