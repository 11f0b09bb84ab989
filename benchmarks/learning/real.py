"""Real recordings that weights may be trained on, as sources of a corpus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from m3n_sklearn import Recording
from m3n_sklearn.pretraining import CorpusSource

from ..pool import read_wrist


class RealSet(NamedTuple):
    """A labeled set: its archive, its license, and how it is read."""

    file: str
    license: str
    read: Callable[[Path], Iterable[Recording]]


def _both_wrists(path: Path) -> Iterable[Recording]:
    for side in ("left", "right"):
        yield from read_wrist(
            path, f"{side}_wrist", keep=lambda columns, side=side: columns["hand"] == side
        )


REAL: Mapping[str, RealSet] = {
    "wisdm": RealSet(
        "wisdm51_watch/wisdm51_watch_20hz.npz",
        "CC BY 4.0 (UCI 507)",
        lambda path: read_wrist(path, "wrist"),
    ),
    "dsads": RealSet("dsads/dsads_wrists_25hz.npz", "CC BY 4.0 (UCI 256)", _both_wrists),
    "selfback": RealSet(
        "selfback_wrist/selfback_wrist_50hz.npz",
        "CC BY 4.0 (UCI 521)",
        lambda path: read_wrist(path, "wrist"),
    ),
}
"""By the name in `Task.family`. How their sensors were mounted is not known."""


def real_sources(data: Path, but: str = "", *, every: int = 1) -> list[CorpusSource]:
    """Return the sets, but for one; a quick run takes one of some recordings."""

    def source(name: str, one: RealSet) -> CorpusSource:
        path = data / one.file
        return CorpusSource.from_recordings(
            name,
            one.license,
            lambda: list(one.read(path))[::every],
            mount="unknown",
            files=[path],
        )

    return [source(name, one) for name, one in REAL.items() if name != but]
