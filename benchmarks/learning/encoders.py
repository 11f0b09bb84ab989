"""Pretrained encoders, each trained once and kept as a file.

They are files of `save`, not cache entries, because processes and people load them by name.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from m3n_sklearn import Multi3NetPretrainer, SMPLIMUSimulator, Windows
from m3n_sklearn.simulation import Randomization

from ..base_weights import RECIPES, packaged
from .corpora import CORPORA, RATE, WITH_RECORDINGS, open_or_build, slug, without
from .data import load_task
from .recipes import Recipe, short_hash

QUICK_EPOCHS = 6
PACKAGED = {name: packaged(name)[0] for name in RECIPES}
"""The encoders that come with the package; m3n-base has read motions and no recording."""


@dataclass(frozen=True)
class Encoders:
    """Files of pretrained encoders, and how they are made.

    Attributes
    ----------
    data, store : Path
        Folders of the real data sets and of the results.
    quick : bool
        Whether trainings are cut short.
    files : mapping
        Encoders that are not trained here. "NAME, without SET" is the one of some name that has not
        read a set; "NAME" is taken for all others.
    """

    data: Path
    store: Path
    quick: bool
    files: Mapping[str, Path] = field(default_factory=lambda: dict(PACKAGED))

    def path(self, recipe: Recipe, held_out: Iterable[Any]) -> Path:
        """Name the file of an encoder that has not seen some people."""
        folder = self.store / "encoders"
        if recipe.corpus in self.files:
            return folder / f"{slug(recipe.corpus)}-{self.print(recipe)}.safetensors"
        if not CORPORA[recipe.corpus].has_test_people:
            return folder / f"{slug(recipe.corpus)}-{recipe.pretraining_key}.safetensors"
        who = short_hash(sorted(map(str, held_out)))
        return folder / f"{slug(recipe.corpus)}-{recipe.pretraining_key}-without-{who}.safetensors"

    def print(self, recipe: Recipe) -> str:
        """Return what tells a given file from others of its name; of a trained one, nothing."""
        file = self.files.get(recipe.corpus)
        return "" if file is None else _hash_of(file, file.stat().st_mtime_ns)

    @property
    def names(self) -> list[str]:
        """Names of the encoders for every set: those of files, and one of real recordings."""
        return list(
            dict.fromkeys(
                name.partition(", without ")[0] for name in (*self.files, WITH_RECORDINGS)
            )
        )

    def reads_site_axes(self, recipe: Recipe) -> bool:
        """Whether an encoder expects the axes of the sites, and not those of a set's sensors."""
        return recipe.corpus.partition(", without ")[0] in self.names

    def unseen(self, name: str, family: str) -> str:
        """Return the key of the encoder of some name that has not read the recordings of a set."""
        other = f"{name}, without {family}"
        return other if other in self.files or other in CORPORA else name

    def open_corpus(self, recipe: Recipe) -> Any:
        """Build or open the corpus of a recipe."""
        return open_or_build(recipe.corpus, recipe.seconds, self.data, self.store, self.quick)

    def _real_windows(self, held_out: Sequence[Any]) -> Windows:
        """Return recorded windows of UTD-MHAD without labels, of all but some people."""
        task = load_task("utd", self.data, self.quick)
        kept = ~np.isin(task.groups, held_out)
        people = np.array([f"utd person {person}" for person in task.groups[kept]])
        return task.X[kept].assign(groups=people)

    def pretrain(self, recipe: Recipe, held_out: Iterable[Any]) -> str:
        """Train an encoder unless its file exists, and return a line for the log."""
        path, held_out = self.path(recipe, held_out), tuple(held_out)
        if path.exists():
            return f"{path.stem}: there"
        path.parent.mkdir(parents=True, exist_ok=True)
        if recipe.corpus in self.files:
            copied = path.with_suffix(".tmp")
            shutil.copyfile(self.files[recipe.corpus], copied)
            copied.replace(path)
            return f"{path.stem}: given"
        corpus = self.open_corpus(recipe)
        if CORPORA[recipe.corpus].has_test_people:
            corpus = without(corpus, held_out)
        if recipe.unlabeled:
            nobody = () if recipe.unlabeled == "everybody" else held_out
            corpus = Windows.concatenate([corpus, self._real_windows(nobody)])
        epochs = {"max_epochs": QUICK_EPOCHS} if self.quick else {}
        given = {"rate": RATE, "random_state": 0, **recipe.pretrainer, **epochs}
        if recipe.varied:
            given["simulator"] = SMPLIMUSimulator(
                **CORPORA[recipe.corpus].simulator, randomize=Randomization(**recipe.varied)
            )
        started = time.process_time()
        fitted = Multi3NetPretrainer(**given).fit(corpus)
        fitted.save(path)
        minutes = (time.process_time() - started) / 60
        return f"{path.stem}: {len(corpus)} windows, {fitted.n_iter_} epochs, {minutes:.1f} min"


@cache
def _hash_of(file: Path, changed: int) -> str:
    """Return a name for the content of a file that was changed at some time."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10]
