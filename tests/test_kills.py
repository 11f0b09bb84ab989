"""Nothing is lost, and all goes on, after kills at any moment and with two processes at once.

The children of `tests.kills` are forks. A fork of a process with threads, such as a worker of
pytest that has run other tests, can hang, so they are forks of a fresh interpreter.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap

import pytest

from . import kills

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks"),
]


def in_fresh_interpreter(*arguments):
    ended = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_nothing_is_lost():
    tables = in_fresh_interpreter("-m", "tests.kills", "--kills", "8", "--runs", "3", "--seed", "1")
    for job in kills.JOBS:
        assert len(re.findall(rf"^{job.name} +\d+ +0 +0 +0$", tables, re.MULTILINE)) == 2


def test_what_is_not_atomic_is_found_out():
    script = """
        import numpy as np
        from m3n_sklearn import _persistence
        from tests import kills

        def write(path, content):
            with open(path, "wb") as file:
                for start in range(0, len(content), 50_000):
                    file.write(content[start : start + 50_000])

        _persistence.write_atomically = write
        (saved,) = (job for job in kills.JOBS if job.name == "saved estimator")
        print(kills.kill(saved, 30, np.random.default_rng(0)).lost)
    """
    assert int(in_fresh_interpreter("-c", textwrap.dedent(script))) > 0
