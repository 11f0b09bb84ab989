"""Pretraining of one embedding space of IMU, pose and text, and its corpora."""

from __future__ import annotations

from ._pretrainer import Multi3NetPretrainer
from ._registry import list_pretrained, load_pretrained
from .augmentation import Augmentation
from .corpus import CorpusSource, build_corpus, open_corpus, rebuild_corpus, save_corpus

__all__ = [
    "Augmentation",
    "CorpusSource",
    "Multi3NetPretrainer",
    "build_corpus",
    "list_pretrained",
    "load_pretrained",
    "open_corpus",
    "rebuild_corpus",
    "save_corpus",
]
