"""Two processes with a common batch learn what one process learns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from m3n_sklearn import Multi3NetPretrainer, Windows
from m3n_sklearn._distributed import Peers
from m3n_sklearn.pretraining import save_corpus

from .two_processes import OPTIONS

ROOT = Path(__file__).parents[2]


def torchrun(*arguments: object) -> None:
    """Run two processes on this machine, for a bounded time."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    script = Path(__file__).with_name("two_processes.py")
    subprocess.run(
        [*command, str(script), *map(str, arguments)],
        check=True,
        timeout=600,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
    )


def results(out: Path) -> list[dict[str, Any]]:
    return [json.loads(out.with_name(f"{out.name}.{rank}").read_text()) for rank in range(2)]


@pytest.fixture
def corpus(toy_scene: Windows, tmp_path: Path) -> Path:
    """Rows of which some lack a pose, a text or a signal."""
    rows = np.arange(len(toy_scene))
    parts = [
        toy_scene[rows < 30],
        toy_scene[(rows >= 30) & (rows < 36)].drop("text"),
        toy_scene[(rows >= 36) & (rows < 42)].drop("imu"),
        toy_scene[rows >= 42].drop("pose", "trans"),
    ]
    return save_corpus(Windows.concatenate(parts), tmp_path / "corpus")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:In ")
def test_losses_are_those_of_one_process(corpus: Path, tmp_path: Path) -> None:
    one = Multi3NetPretrainer(**OPTIONS, corpus=corpus, random_state=0).fit()
    torchrun(tmp_path / "out", corpus)
    first, second = results(tmp_path / "out")
    assert first["history"] == second["history"]
    assert first["weights"] == second["weights"]
    for expected, found in zip(one.history_, first["history"], strict=True):
        assert expected.keys() == found.keys()
        for name, value in expected.items():
            assert found[name] == pytest.approx(value, rel=1e-5), name
    for name, weight in one.weights_.items():
        np.testing.assert_allclose(first["weights"][name], weight, rtol=1e-3, atol=1e-4)
    # each read its own rows, besides those that scales are measured on: 42 rows have a signal
    steps = 3 * 42
    assert abs(first["read"] - second["read"]) <= 0.3 * steps
    assert first["read"] + second["read"] <= steps + 2 * (42 + 1)


@pytest.mark.slow
def test_the_first_process_writes_the_checkpoint(corpus: Path, tmp_path: Path) -> None:
    for out in ("whole", "again"):
        torchrun(tmp_path / out, corpus, tmp_path / "state")
    assert os.listdir(tmp_path / "state") == ["training.safetensors"]
    whole, again = results(tmp_path / "whole"), results(tmp_path / "again")
    assert whole[0]["history"] == whole[1]["history"]
    assert again[0]["weights"] == again[1]["weights"] == whole[0]["weights"]
    assert again[0]["read"] < whole[0]["read"]  # nothing was trained


class Two(Peers):
    def __init__(self) -> None:
        self.rank, self.size = 0, 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder": "paper"}, "2 processes would compute on their own rows"),
        ({"batch_size": 1}, "2 processes need a row each, but a batch has 1"),
    ],
)
def test_what_several_processes_cannot_do(
    toy_imu: Any, tiny: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    pretrainer = Multi3NetPretrainer(**{**tiny, **changes})
    with pytest.raises(ValueError, match=message):
        pretrainer._check_peers(Two(), 24)


def test_alone_without_a_process_group() -> None:
    assert Peers.here() is None


def test_shares_of_a_batch() -> None:
    two = Two()
    assert two.share_of(5) == slice(0, 2)
    two.rank = 1
    assert two.share_of(5) == slice(2, 5)
