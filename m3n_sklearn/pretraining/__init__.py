"""Pretraining of one embedding space of IMU, pose and text, and its corpora."""

from __future__ import annotations

from ._augmentation import FINE_TUNING as FINE_TUNING
from ._augmentation import Augmentation
from ._augmentation import resolve_augmentation as resolve_augmentation
from ._pretrainer import Multi3NetPretrainer
from ._registry import list_pretrained, load_pretrained
from .corpus._build import build_corpus, rebuild_corpus
from .corpus._folder import open_corpus, save_corpus
from .corpus._manifest import CorpusSource
from .corpus._parquet import export_corpus, import_corpus

__all__ = [
    "Augmentation",
    "CorpusSource",
    "Multi3NetPretrainer",
    "build_corpus",
    "export_corpus",
    "import_corpus",
    "list_pretrained",
    "load_pretrained",
    "open_corpus",
    "rebuild_corpus",
    "save_corpus",
]
