"""People: how the same activity differs from one body to the next."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from .._typing import Array
from ._posture import CHANNELS

__all__ = ["Person", "draw_person"]

STATURE = {"female": (1.63, 0.065), "male": (1.76, 0.070)}
"""Mean and standard deviation of adult body height in m."""


@dataclass(frozen=True)
class Person:
    """Body and habits of one performer.

    Parameters
    ----------
    stature : float
        Body height in m.
    sex : {"female", "male", "neutral"}
        Variant of the body model.
    tempo : float
        How fast they move; 1 is usual.
    amplitude : float
        How far they move where the task leaves it free; 1 is usual.
    left_handed : bool
        Whether left and right are exchanged.
    unsteadiness : float
        How much repetitions differ and the body sways; 1 is usual.
    individuality : float
        How far the person's own way of doing things is from the textbook; 1 is usual.
    seed : int
        Fixes the person's posture and style.
    """

    stature: float = 1.70
    sex: str = "neutral"
    tempo: float = 1.0
    amplitude: float = 1.0
    left_handed: bool = False
    unsteadiness: float = 1.0
    individuality: float = 1.0
    seed: int = 0

    def habit(self, what: str) -> np.random.Generator:
        """Return random numbers that are the same whenever this person does the same thing.

        Parameters
        ----------
        what : str
            Name of the habit, such as an activity.

        Returns
        -------
        numpy.random.Generator
            Freshly seeded.
        """
        return np.random.default_rng([self.seed, zlib.crc32(what.encode())])


def draw_person(
    rng: np.random.Generator,
    *,
    tempo: float = 1.0,
    left_handed: float = 0.1,
    individuality: float = 1.0,
) -> Person:
    """Draw a person from a population of adults.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    tempo : float, default=1.0
        Median tempo of the population; its people differ by about 13 % (most by less than
        25 %).
    left_handed : float, default=0.1
        Probability of left-handedness.
    individuality : float, default=1.0
        How much people differ in style.

    Returns
    -------
    Person
        The person.
    """
    sex = ("female", "male")[int(rng.integers(2))]
    mean, spread = STATURE[sex]
    return Person(
        stature=float(mean + spread * np.clip(rng.standard_normal(), -2.5, 2.5)),
        sex=sex,
        tempo=tempo * float(np.exp(0.13 * np.clip(rng.standard_normal(), -2.5, 2.5))),
        amplitude=float(np.exp(0.12 * np.clip(rng.standard_normal(), -2.5, 2.5))),
        left_handed=bool(rng.random() < left_handed),
        unsteadiness=float(rng.uniform(0.7, 1.4)),
        individuality=individuality,
        seed=int(rng.integers(2**31)),
    )


_SPREAD = {
    "flexion": 5.0,
    "abduction": 5.0,
    "rotation": 6.0,
    "elbow": 6.0,
    "pronation": 10.0,
    "wrist": 6.0,
    "deviation": 3.0,
    "trunk_flexion": 2.5,
    "trunk_bend": 1.0,
    "trunk_turn": 2.0,
    "head_flexion": 3.0,
    "head_turn": 3.0,
}

SPREAD: Array = np.array(
    [_SPREAD.get(name.removeprefix("left_").removeprefix("right_"), 0.0) for name in CHANNELS]
)
"""Standard deviation in degrees between people who take the same posture."""
