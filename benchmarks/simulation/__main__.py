"""Tables of the simulator against the formulas of others.

python -m benchmarks.simulation [accuracy] [real] [tracks] [clocks] [speed] [noise] [--quick]
"""

from __future__ import annotations

import argparse
import importlib.util
import time
import warnings

TABLES = ("accuracy", "real", "tracks", "clocks", "speed", "noise")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation")
    parser.add_argument("tables", nargs="*", metavar="table", help=", ".join(TABLES))
    parser.add_argument("--quick", action="store_true", help="fewer draws and shorter clips")
    chosen = parser.parse_args()
    unknown = set(chosen.tables) - set(TABLES)
    if unknown:
        parser.error(f"unknown table {sorted(unknown)[0]!r}; there are {', '.join(TABLES)}")
    # the tables tell of what is wild by themselves
    warnings.filterwarnings("ignore", message=".*(readings that no body|frames that no body)")
    for name in chosen.tables or TABLES:
        module = f"{__package__}.{name}"
        if importlib.util.find_spec(module) is None:
            print(f"{name}: no such table yet\n")
            continue
        start = time.process_time()
        importlib.import_module(module).main(chosen.quick)
        print(f"({name}: {time.process_time() - start:.0f} s CPU)\n", flush=True)


if __name__ == "__main__":
    main()
