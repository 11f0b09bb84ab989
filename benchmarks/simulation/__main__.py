"""Tables of the simulator against published formulas.

python -m benchmarks.simulation [accuracy] [real] [tracks] [clocks] [speed] [noise] [roll] [--quick]

A full run, with all tables and the real data sets, also writes the page of the documentation.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import sys
import time
import warnings
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "simulation.txt"
TABLES = ("accuracy", "real", "tracks", "clocks", "speed", "noise", "roll")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation")
    parser.add_argument("tables", nargs="*", metavar="table", help=", ".join(TABLES))
    parser.add_argument("--quick", action="store_true", help="fewer draws and shorter clips")
    chosen = parser.parse_args()
    unknown = set(chosen.tables) - set(TABLES)
    if unknown:
        parser.error(f"unknown table {sorted(unknown)[0]!r}; there are {', '.join(TABLES)}")
    # the tables count implausible readings themselves
    warnings.filterwarnings("ignore", message=".*(readings that no body|frames that no body)")
    full = not (chosen.tables or chosen.quick) and "M3N_SKLEARN_DATA" in os.environ
    page = _Copy(sys.stdout)
    with contextlib.redirect_stdout(page):
        for name in chosen.tables or TABLES:
            _print_table(name, chosen.quick)
    if full:
        PAGE.write_text(page.getvalue().rstrip() + "\n", encoding="utf-8")


class _Copy(io.StringIO):
    """Text that is also written to another stream."""

    def __init__(self, stream: io.TextIOBase) -> None:
        super().__init__()
        self.stream = stream

    def write(self, text: str) -> int:
        self.stream.write(text)
        return super().write(text)

    def flush(self) -> None:
        self.stream.flush()


def _print_table(name: str, quick: bool) -> None:
    start = time.process_time()
    importlib.import_module(f"{__package__}.{name}").main(quick)
    print(f"({name}: {time.process_time() - start:.0f} s CPU)\n", flush=True)


if __name__ == "__main__":
    main()
