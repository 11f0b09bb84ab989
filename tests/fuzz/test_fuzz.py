"""Damaged files of every format are read, or refused by an error that names them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CASES = 40
"""Damaged files of each format; `make fuzz N=10000` reads more."""
SLOW = 5.0
"""Seconds that one file may take, on a machine that is busy with other tests."""


@pytest.mark.slow
def test_damaged_files_end_in_a_clear_error(tmp_path):
    # a process of its own: the workers are copies of it, and must not be copies of its threads
    command = [sys.executable, "-m", "tests.fuzz", "--count", str(CASES)]
    options = ["--keep", str(tmp_path / "failures"), "--json", str(tmp_path / "rows.json")]
    root = Path(__file__).parents[2]
    done = subprocess.run([*command, *options], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((tmp_path / "rows.json").read_text())
    for row in rows:
        assert sum(row["counts"].values()) == CASES
        assert row["slowest"] < SLOW, row["format"]
    # the damage is real: most of it is noticed
    assert sum(row["counts"]["clean"] for row in rows) > 0.5 * CASES * len(rows)
