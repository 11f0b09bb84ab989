"""Real recordings that weights may be trained on, as sources of a corpus."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from m3n_sklearn.pretraining import CorpusSource

from .pool import Columns, read_wrist


class RealSet(NamedTuple):
    """A labeled set: its archive and its license."""

    file: str
    license: str


UCI = "CC BY 4.0 by the UCI Machine Learning Repository, data set {}; its page could not be opened"

REAL: Mapping[str, RealSet] = {
    "wisdm": RealSet("wisdm51_watch/wisdm51_watch_20hz.npz", UCI.format(507)),
    "dsads": RealSet("dsads/dsads_wrists_25hz.npz", UCI.format(256)),
    "selfback": RealSet("selfback_wrist/selfback_wrist_50hz.npz", UCI.format(521)),
}
"""By the name in `Task.family`. How their sensors were mounted is not known."""

WEIGHT = 0.5
"""Share of a caption of recordings, relative to one of motions. The sets have far more windows."""


def real_sources(data: Path, but: str = "", *, every: int = 1) -> list[CorpusSource]:
    """Return the sets, but for one; a quick run takes one of some recordings."""

    def source(name: str, one: RealSet) -> CorpusSource:
        path = data / one.file
        return CorpusSource.from_recordings(
            name,
            one.license,
            lambda: read_wrist(path, _site)[::every],
            mount="unknown",
            files=[path],
            weight=WEIGHT,
        )

    return [source(name, one) for name, one in REAL.items() if name != but]


def _site(columns: Columns) -> str:
    """Return the wrist of a recording, the right one where a set does not tell it."""
    return f"{columns.get('hand', 'right')}_wrist"
