"""The example of a watch that sends ends by itself, and labels what was worn."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_watch_is_labeled_while_it_sends():
    pytest.importorskip("matplotlib")
    done = subprocess.run(
        [sys.executable, "examples/plot_stream.py"],
        cwd=ROOT,
        env=os.environ | {"MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert float(re.search(r"agreement with the truth: ([\d.]+)", done.stdout)[1]) > 0.9
    assert "gaps: 1" in done.stdout
    late, repeated = map(int, re.search(r"(\d+) late, (\d+) repeated", done.stdout).groups())
    assert late > 0
    assert repeated > 0
