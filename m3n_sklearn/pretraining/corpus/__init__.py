"""A corpus: windows of poses, captions and simulated IMU on disk, and how it is built."""

from __future__ import annotations

from ._build import build_corpus, rebuild_corpus
from ._folder import open_corpus, save_corpus
from ._source import CorpusSource

__all__ = ["CorpusSource", "build_corpus", "open_corpus", "rebuild_corpus", "save_corpus"]
