"""Time and memory of reading large tables.

python -m benchmarks.tables [--sizes 50 100 200 400] [--folder /tmp]

Writes CSV files of a logger (time stamps in ms, six channels in g and deg/s, a label and a person)
and reads each in a process of its own. Prints a table: size, rows, CPU time, peak of the memory
above that of the imports, size of the recordings (samples in float32, mask, labels), and the
difference of both. The stamps of half of the
files are even; those of the others jitter, so that all rows are resampled.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROWS = 50_000
"""Rows that are written at once."""

CHILD = """
import json, resource, sys, time, warnings
import numpy as np
import pyarrow.csv, pyarrow.types, narwhals
from m3n_sklearn import read_table
warnings.simplefilter("ignore")
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before, begin, wall = peak(), time.process_time(), time.perf_counter()
recordings = read_table(sys.argv[1], dtype="float32", verbose=False)
seconds, wall = time.process_time() - begin, time.perf_counter() - wall
result = sum(r.data.nbytes + r.observed.nbytes + r.labels.nbytes for r in recordings)
print(json.dumps({
    "rows": sum(r.n_samples for r in recordings), "seconds": seconds, "wall": wall,
    "peak": peak() - before, "result": result, "recordings": len(recordings),
}))
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 100, 200, 400])
    parser.add_argument("--folder", default=tempfile.gettempdir())
    options = parser.parse_args()
    print("stamps  CSV in MB      rows  CPU in s  rows per s  peak in MB  result  beyond it")
    for stamps in ("even", "jitter"):
        for size in options.sizes:
            path = Path(options.folder) / f"m3n-{stamps}-{size}.csv"
            try:
                write_csv(path, size * 10**6, stamps == "jitter")
                found = measured(path)
            finally:
                path.unlink(missing_ok=True)
            peak, result = found["peak"] / 1e6, found["result"] / 1e6
            print(
                f"{stamps:<6}  {size:>9}  {found['rows']:>8}  {found['seconds']:>8.1f}  "
                f"{found['rows'] / found['seconds']:>10.0f}  {peak:>10.0f}  {result:>6.0f}  "
                f"{peak - result:>9.0f}",
                flush=True,
            )


def write_csv(path: Path, size: int, has_jitter: bool) -> None:
    """Write one person's recording at 50 Hz of about so many bytes."""
    rng = np.random.default_rng(0)
    written, row = 0, 0
    with path.open("w") as file:
        file.write("timestamp,ax,ay,az,gx,gy,gz,activity,subject\n")
        while written < size:
            at = np.arange(row, row + ROWS)
            stamps = 1_767_225_600_000 + 20 * at
            if has_jitter:
                stamps = stamps + rng.integers(-3, 4, ROWS)
            angle = np.sin(at / 40)
            acc = np.stack([np.sin(angle), 0 * angle, np.cos(angle)], axis=1)
            gyro = np.stack([0 * angle, np.cos(at / 40) / 40 * 50 * 57.29578, 0 * angle], axis=1)
            values = np.hstack([acc, gyro]) + rng.normal(0, 0.01, (ROWS, 6))
            names = np.array(["sit", "walk", "wave"])[at // 9000 % 3]
            lines = [
                f"{time},{','.join(f'{value:.6f}' for value in values_)},{name},anna\n"
                for time, values_, name in zip(stamps, values.tolist(), names, strict=True)
            ]
            text = "".join(lines)
            file.write(text)
            written += len(text)
            row += ROWS


def measured(path: Path) -> dict[str, float]:
    """Read a file in a process of its own."""
    command = [sys.executable, "-c", CHILD, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
