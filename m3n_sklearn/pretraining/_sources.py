"""Where the rows of pretraining come from: recorded or simulated IMU, and captions as vectors."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from .._inputs import ImuWindows
from .._runtime import derive_seed
from .._sklearn import FrozenEstimator
from ..motion._motion import as_sentences
from ..text import TextEncoder, encode_unique
from ..windows import Windows

__all__ = ["Captions", "ImuSource", "RecordedImu", "SimulatedImu", "number_sentences"]

CHUNK = 512
"""Rows that are read and simulated at a time."""


class ImuSource(Protocol):
    """IMU windows of the rows of a corpus, in an epoch."""

    present: NDArray[np.bool_]

    def start_epoch(self, epoch: int) -> None:
        """Prepare for an epoch."""
        ...

    def read(self, rows: NDArray[np.int64]) -> ImuWindows:
        """Return the windows of rows that have an IMU."""
        ...


class RecordedImu:
    """IMU windows that are in the corpus, read batch by batch.

    Parameters
    ----------
    windows : Windows
        With a column ``imu``.
    template : ImuWindows
        Rate, channels and dtype for all rows.
    """

    def __init__(self, windows: Windows, template: ImuWindows) -> None:
        self.windows, self.template = windows, template
        self.present = windows.present("imu")

    def start_epoch(self, epoch: int) -> None:
        """Do nothing: recordings stay what they are."""

    def read(self, rows: NDArray[np.int64]) -> ImuWindows:
        """Return the windows of some rows."""
        values = self.windows[rows]["imu"].astype(self.template.values.dtype, copy=False)
        return self.template._replace(values=values)


class SimulatedImu:
    """IMU windows simulated from the poses, anew every few epochs.

    Only these windows (float32) are held in memory; poses are read in chunks.

    Parameters
    ----------
    windows : Windows
        With a column ``pose``.
    simulator : transformer of Windows
        Cloned and fitted, or copied as it is if it is frozen; never changed.
    seed : int
        Root of the simulator's seeds.
    every : int or None
        Epochs after which to simulate anew; None simulates once.
    """

    def __init__(self, windows: Windows, simulator: Any, seed: int, every: int | None) -> None:
        self.windows, self.seed, self.every = windows, seed, every
        if FrozenEstimator and isinstance(simulator, FrozenEstimator):
            self.simulator = copy.deepcopy(simulator.estimator)
        else:
            self.simulator = clone(simulator)
            self.simulator.fit(windows)
        self._round = -1
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Simulate if it is time to."""
        due = 0 if self.every is None else epoch // self.every
        if due == self._round:
            return
        self._round = due
        if "random_state" in self.simulator.get_params():
            self.simulator.set_params(random_state=derive_seed(self.seed, due))
        parts = [
            self.simulator.transform(self.windows[start : start + CHUNK])
            for start in range(0, len(self.windows), CHUNK)
        ]
        self.present = np.concatenate([part.present("imu") for part in parts])
        values = np.concatenate([part["imu"].astype(np.float32, copy=False) for part in parts])
        self._imu = ImuWindows(values, parts[0].rate("imu"), parts[0].channels, False)

    def read(self, rows: NDArray[np.int64]) -> ImuWindows:
        """Return the windows of some rows."""
        return self._imu._replace(values=self._imu.values[rows])


@dataclass(frozen=True)
class Captions:
    """The sentences of rows, as numbers, and one vector per distinct sentence.

    Attributes
    ----------
    numbers : ndarray of int of shape (n, P)
        Each row's paraphrases, filled up with -1.
    vectors : ndarray of shape (V, d)
        Sentence vectors.
    """

    numbers: NDArray[np.int64]
    vectors: NDArray[np.float32]

    @classmethod
    def of(cls, windows: Windows, encoder: TextEncoder) -> Captions:
        """Collect and encode the sentences of a column ``text``; absent rows have none."""
        numbers, sentences = number_sentences(windows)
        return cls(numbers, encode_unique(encoder, sentences))

    def take(self, rows: NDArray[np.int64]) -> Captions:
        """Return the captions of some rows."""
        return Captions(self.numbers[rows], self.vectors)

    def draw(self, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return the vector of one paraphrase of each row, which must have one."""
        numbers = self.numbers[rows]
        count = (numbers >= 0).sum(axis=1)
        chosen = rng.integers(0, count)
        return self.vectors[numbers[np.arange(len(rows)), chosen]]


def number_sentences(windows: Windows) -> tuple[NDArray[np.int64], list[str]]:
    """Give numbers to the distinct sentences of a column ``text``.

    Returns
    -------
    numbers : ndarray of int of shape (n, P)
        Each row's paraphrases, filled up with -1; absent rows have none.
    sentences : list of str
        The sentence of each number.
    """
    texts, present = windows["text"], windows.present("text")
    rows = [as_sentences(t) if there else () for t, there in zip(texts, present, strict=True)]
    sentences = sorted({sentence for row in rows for sentence in row})
    number = {sentence: k for k, sentence in enumerate(sentences)}
    numbers = np.full((len(rows), max(map(len, rows), default=0) or 1), -1)
    for i, row in enumerate(rows):
        numbers[i, : len(row)] = [number[sentence] for sentence in row]
    return numbers, sentences
