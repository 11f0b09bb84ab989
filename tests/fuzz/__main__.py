"""``python -m tests.fuzz``: read many damaged files, and print a table."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from .formats import FORMATS
from .running import FINE, SLOWEST, run

parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
parser.add_argument("--count", type=int, default=100, help="damaged files of each format")
parser.add_argument("--start", type=int, default=0, help="number of the first one")
parser.add_argument("--only", nargs="*", help="names of formats")
parser.add_argument("--keep", type=Path, default=Path("fuzz_failures"), help="folder of failures")
parser.add_argument("--json", type=Path, help="also write the rows to this file")


def main() -> int:
    options = parser.parse_args()
    names = [form.name for form in FORMATS]
    unknown = set(options.only or ()) - set(names)
    if unknown:
        parser.error(f"unknown formats {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    chosen = [form for form in FORMATS if not options.only or form.name in options.only]
    columns = ("n", "same", "silent", "clean", "unnamed", "unclean", "crash", "hang", "slowest")
    print(f"{'format':<20}" + "".join(f"{column:>9}" for column in columns))
    rows = []
    for row in run(chosen, options.count, options.start, options.keep):
        rows.append(row)
        counts = [sum(row.counts.values()), *(row.counts.get(name, 0) for name in columns[1:-1])]
        print(
            f"{row.format:<20}" + "".join(f"{n:>9}" for n in counts) + f"{row.slowest:>8.2f}s",
            flush=True,
        )
    for row in rows:
        for line in row.failures:
            print(line)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows]))
    failed = sum(n for row in rows for name, n in row.counts.items() if name not in FINE)
    if failed:
        print(
            f"{failed} files are kept in {options.keep}. Read one again with "
            "python -m tests.fuzz --only FORMAT --start CASE --count 1. A hang takes more than "
            f"{SLOWEST:g} s."
        )
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
