"""Our methods and those a practitioner would use, on unseen people.

python -m benchmarks.learning --data PATH [--quick] [--only utd-indomain ...] [--methods NAME ...]

Finished rows are stored. A run that was stopped continues, and parts can be run one after the
other. A page contains all finished rows of its sets.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from .encoders import PACKAGED, Encoders
from .grid import Choice, Grid
from .page import PAGES, scores_of, write_page
from .published import read_published

HERE = Path(__file__).parents[1]
ALL = "all"
"""Name of the file of an encoder that leaves out no set."""


def main() -> None:
    options = parse_options()
    if not options.data:
        sys.exit("Give the folder of the real data sets: make bench-learning DATA=path")
    if options.quick and options.published:
        sys.exit("The published scores are of the whole grid: leave out QUICK=1 or PUBLISHED=1.")
    name = "learning-quick" if options.quick else "learning"
    store = options.store or HERE / "results" / name
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{(time.monotonic() - started) / 60:5.1f} min] {text}", flush=True)

    files = {**PACKAGED, **given_encoders(options.encoder)}
    encoders = Encoders(Path(options.data), store, options.quick, files)
    choice = Choice(options.only, options.methods)
    pages = [page for page, keys in PAGES.items() if any(map(choice.may_have, keys))]
    published = {}
    for file in map(scores_of, pages if options.published else ()):
        published |= read_published(file) if file.exists() else {}
    grid = Grid(encoders, options.draws, options.jobs, published)
    if not options.page:
        grid.run(choice, say)
    for page in pages:
        print(write_page(grid, page))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.learning",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = os.environ.get("M3N_SKLEARN_DATA")
    parser.add_argument("--data", default=data, help="folder of the real data sets")
    parser.add_argument("--quick", action="store_true", help="fewer people, budgets and epochs")
    parser.add_argument("--only", nargs="*", default=(), help="tasks or task-section")
    parser.add_argument("--methods", nargs="*", default=(), help="parts of names of methods")
    parser.add_argument("--draws", type=int, default=3, help="draws of labels")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--store", type=Path, help="where results are kept")
    parser.add_argument(
        "--encoder",
        nargs="*",
        default=(),
        metavar="NAME=PATH",
        help="files of further encoders; of a folder, all.safetensors, and without-SET.safetensors "
        "for each set that all.safetensors has read",
    )
    parser.add_argument(
        "--published", action="store_true", help="run only what the published scores do not have"
    )
    parser.add_argument("--page", action="store_true", help="only write the page of what is there")
    return parser.parse_args()


def given_encoders(given: Sequence[str]) -> dict[str, Path]:
    """Return the files of encoders by the names of `Encoders.files`."""
    found = {}
    for one in given:
        name, _, text = one.partition("=")
        path = Path(text)
        files = [path / f"{ALL}.safetensors", *path.glob("without-*.safetensors")]
        for file in files if path.is_dir() else [path]:
            if not (name and text and file.is_file()):
                sys.exit(f"--encoder {one}: expected NAME=PATH; {file} is not a file.")
            seen = file.stem.removeprefix("without-")
            is_part = path.is_dir() and file.stem != ALL
            found[f"{name}, without {seen}" if is_part else name] = file
    return found


if __name__ == "__main__":
    main()
