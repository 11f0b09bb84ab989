"""Whom the demo's encoders learn from, and what it leaves behind."""

from __future__ import annotations

import argparse
import dataclasses
import re

import numpy as np
import pytest

from examples import run_demo
from examples.run_demo import FOREST, FROZEN, TUNED, Progress, main, real_task

pytestmark = pytest.mark.slow


def test_the_held_out_person_is_neither_pretrained_on_nor_rehearsed(shared_data):
    folder = shared_data("utd_mhad")
    size = dataclasses.replace(run_demo.SMALL_REAL, corpus_people=1)
    task = real_task(folder.parent, size)
    everybody = np.unique(task.groups).tolist()
    for person in everybody:
        names = map(str, task.corpus_without((person,))["clip"])
        seen = [found[1] for name in names if (found := re.fullmatch(r"a\d+_s(\d)_t\d", name))]
        assert sorted(set(seen)) == [str(other) for other in everybody if other != person]
        X, y = task.simulated_without((person,))
        assert len(X) == len(y) == len(seen)


def test_a_tiny_demo_ends_with_one_table_and_one_page(tmp_path, capsys, recwarn):
    size = dataclasses.replace(
        run_demo.SMALL,
        corpus_people=1,
        epochs=1,
        budgets=(1,),
        n_draws=1,
        activities=("wave", "stir"),
    )
    steps = (run_demo.SIMULATE, run_demo.PRETRAIN, FOREST, FROZEN, TUNED, run_demo.REPORT)
    options = argparse.Namespace(data=None, out=tmp_path / "new", full=False, jobs=1)
    main(options, size, Progress(dict.fromkeys(steps, 1.0)))
    shown = capsys.readouterr().out
    table = (tmp_path / "new" / "table.txt").read_text("utf-8")
    assert table.split("\n", 1)[1] in shown
    assert [line[: len(FOREST)].strip() for line in table.splitlines()[2:]] == [
        FOREST,
        FROZEN,
        TUNED,
    ]
    page = (tmp_path / "new" / "report.html").read_text("utf-8")
    assert page.count('<figure class="m3n-player"') == 1
    for heading in ("Learning curves", "People", "Confusion", "Worst errors", "Versions"):
        assert f"<h2>{heading}</h2>" in page
    assert shown.rstrip().endswith(f"open {tmp_path / 'new' / 'report.html'} in a browser")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "report.html",
        "table.txt",
    ]
    assert not [str(w.message) for w in recwarn if "m3n_sklearn" in w.filename]


def test_the_bar_says_at_once_what_runs_and_never_goes_back(capsys):
    progress = Progress({"first": 1.0, "second": 3.0})
    progress.begin("first")
    assert capsys.readouterr().out.rstrip().endswith("left, first")
    progress.advance(0.9)
    progress._show()
    progress.advance(0.5)
    progress._show()
    progress.begin("second")
    progress.advance(1.0)
    progress._show()
    progress.finish()
    *lines, last = capsys.readouterr().out.splitlines()
    shares = [int(line.split()[1]) for line in lines]
    assert shares == sorted(shares)  # although the step said 0.5 after 0.9
    assert 22 <= shares[0] <= 25 and shares[2:] == [25, 100]
    assert last.startswith("Done in ")
