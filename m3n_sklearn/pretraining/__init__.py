"""Learning one space of IMU, pose and text before any label is seen."""

from __future__ import annotations

from m3n_sklearn.pretraining._pretrainer import Multi3NetPretrainer
from m3n_sklearn.pretraining.augmentation import Augmentation
from m3n_sklearn.pretraining.corpus import open_corpus, save_corpus

__all__ = ["Augmentation", "Multi3NetPretrainer", "open_corpus", "save_corpus"]
