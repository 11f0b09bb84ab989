"""Nothing is lost, and all goes on, after kills at any moment and with two processes at once."""

from __future__ import annotations

import os
import re

import pytest

from . import kills

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forks"),
]


def test_nothing_is_lost(capsys):
    rows = kills.main(["--kills", "8", "--runs", "3", "--seed", "1"])
    assert len(rows) == 2 * len(kills.JOBS)
    for row in rows:
        assert (row.lost, row.failed, row.left) == (0, 0, 0), row.note
    assert re.search(r"corpus +\d+ +0 +0 +0", capsys.readouterr().out)


def test_what_is_not_atomic_is_found_out(monkeypatch):
    (saved,) = (job for job in kills.JOBS if job.name == "saved estimator")

    def write(path, content):
        with open(path, "wb") as file:
            for start in range(0, len(content), 50_000):
                file.write(content[start : start + 50_000])

    monkeypatch.setattr("m3n_sklearn._persistence.write_atomically", write)
    outcome = kills.kill(saved, 30, kills.np.random.default_rng(0))
    assert outcome.lost > 0
