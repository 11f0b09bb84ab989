"""Which normalisation, which rotation, which fine-tuning? An ablation on the real UTD-MHAD wrist.

    M3N_SKLEARN_DATA=path python benchmarks/ablation.py

Pretraining on the Kinect skeletons and captions of the training people only; fine-tuning and
testing on the measured right wrist, leaving one person out. Every arm meets the same windows and
the same draws of labels. Results go to docs/user_guide/ablation_table.txt.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from sklearn.frozen import FrozenEstimator

from m3n_sklearn import Multi3NetClassifier, Multi3NetPretrainer, SMPLIMUSimulator, Windows, cut
from m3n_sklearn.datasets import load_utd_mhad
from m3n_sklearn.evaluation import Method, few_label_study, format_table, person_folds

SECONDS, RATE = 2.56, 50.0
NORMS, ROTATIONS, STRATEGIES = ("group", "batch"), ("cone", "so3"), ("frozen", "lp_ft", "full")
TABLE = Path(__file__).parents[1] / "docs" / "user_guide" / "ablation_table.txt"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one person, few epochs; not written")
    parser.add_argument("--epochs", type=int, default=40, help="of pretraining")
    parser.add_argument("--draws", type=int, default=1, help="draws of labels")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    root = os.environ.get("M3N_SKLEARN_DATA")
    if not root:
        sys.exit("Set M3N_SKLEARN_DATA to the folder of the real data sets (make bench DATA=path).")
    started = time.monotonic()
    utd = load_utd_mhad(Path(root) / "utd_mhad", actions="wrist", seconds=SECONDS, rate=RATE)
    corpus, subject = in_domain_corpus(utd)
    folds = person_folds(utd.groups)[: 1 if options.quick else None]
    epochs = 2 if options.quick else options.epochs

    def pretrain(norm: str, rotation: str, held_out: tuple) -> Multi3NetPretrainer:
        pretrainer = Multi3NetPretrainer(
            norm=norm,
            augment=rotation,
            rate=RATE,
            max_epochs=epochs,
            batch_size=128,
            random_state=0,
        )
        return pretrainer.fit(corpus[~np.isin(subject, held_out)])

    arms = list(product(NORMS, ROTATIONS, folds))
    fitted = Parallel(n_jobs=options.jobs, verbose=5)(delayed(pretrain)(*arm) for arm in arms)
    encoders = dict(zip(arms, fitted, strict=True))

    def arm(norm: str, rotation: str, strategy: str) -> Method:
        def build(held_out: tuple) -> Multi3NetClassifier:
            encoder = FrozenEstimator(encoders[norm, rotation, held_out])
            return Multi3NetClassifier(encoder, strategy=strategy, random_state=0)

        return Method(f"{norm} norm, {rotation}, {strategy}", build)

    methods = [arm(*choice) for choice in product(NORMS, ROTATIONS, STRATEGIES)]
    methods.append(Method("from scratch", Multi3NetClassifier(strategy="scratch", random_state=0)))
    scores = few_label_study(
        methods,
        utd.X,
        utd.y,
        utd.groups,
        budgets=(1, 4, None),
        n_draws=options.draws,
        folds=folds,
        blocks=utd.X["clip"],
        n_jobs=options.jobs,
    )
    table = format_table(scores)
    minutes = (time.monotonic() - started) / 60
    print(f"{table}\n{len(folds)} people, {epochs} epochs of pretraining, {minutes:.0f} min")
    if not options.quick:
        TABLE.write_text(table + "\n", encoding="utf-8")


def in_domain_corpus(utd: object) -> tuple[Windows, np.ndarray]:
    """Simulated right wrists of the Kinect skeletons, with poses and captions."""
    recordings = SMPLIMUSimulator(sites=("right_wrist",), rate=RATE, n_jobs=2).simulate(utd.motions)
    pairs = list(zip(utd.motions, recordings, strict=True))
    X, _, groups = cut(
        pairs, seconds=SECONDS, overlap=0.75, margin=0.0, short="pad", pose_rate=30.0
    )
    return X, np.asarray(groups)


if __name__ == "__main__":
    main()
