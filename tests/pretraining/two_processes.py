"""What each process of ``torchrun`` runs: ``two_processes.py OUT CORPUS [CHECKPOINT]``."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import torch.distributed as dist

from m3n_sklearn import Multi3NetPretrainer
from m3n_sklearn.pretraining import _data

OPTIONS = {
    "width": 8,
    "rate": 25.0,
    "text_encoder": "hashing",
    "batch_size": 24,
    "max_epochs": 3,
    "objectives": {"imu_pose": 1, "imu_text": 1, "pose2imu": 1, "reconstruction": 1, "imu_imu": 1},
}


def main(out: str, corpus: str, *checkpoint: str) -> None:
    """Train with the other process, and write the losses and the rows that were read."""
    dist.init_process_group("gloo")
    read: list[int] = []
    whole = _data.PretrainingData.network_input

    def logged(data: object, rows: list[int]) -> object:
        read.extend(map(int, rows))
        return whole(data, rows)

    _data.PretrainingData.network_input = logged
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # without a seed, the processes agree on one
        seed = None if checkpoint else 0
        pretrainer = Multi3NetPretrainer(**OPTIONS, random_state=seed)
        pretrainer.set_params(corpus=corpus, checkpoint=checkpoint[0] if checkpoint else None)
        pretrainer.fit()
    result = {"history": pretrainer.history_, "read": len(read)}
    result["weights"] = {name: w.tolist() for name, w in pretrainer.weights_.items()}
    Path(f"{out}.{dist.get_rank()}").write_text(json.dumps(result))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
