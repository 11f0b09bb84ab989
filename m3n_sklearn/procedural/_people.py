"""People: bodies, tempo, amplitude and habits that make performances differ."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from .._typing import Array
from ._posture import CHANNELS

__all__ = ["SPREAD", "Person", "draw_person"]

STATURE = {"female": (1.63, 0.065), "male": (1.76, 0.070)}
"""Mean and standard deviation of adult stature in m."""

MAX_SD = 2.5
"""Standard deviations at which the normal distributions of people are cut off."""
TEMPO_LOG_SD, AMPLITUDE_LOG_SD = 0.13, 0.12
"""Standard deviations of the logarithms of tempo and amplitude between people."""

_STYLE_SD = {
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
    [_STYLE_SD.get(name.removeprefix("left_").removeprefix("right_"), 0.0) for name in CHANNELS]
)
"""Standard deviation of each channel in degrees between people in the same posture."""


@dataclass(frozen=True)
class Person:
    """Body and habits of one person.

    Parameters
    ----------
    stature : float
        Body height in m.
    sex : {"female", "male", "neutral"}
        Variant of the body model.
    tempo : float
        Speed of movement; 1 is the average.
    amplitude : float
        Extent of movement where the task does not fix it; 1 is the average.
    left_handed : bool
        Whether left and right are exchanged.
    unsteadiness : float
        Variation between repetitions, and sway; 1 is the average.
    individuality : float
        Deviation of the person's style from the program of an activity; 1 is the average.
    seed : int
        Seed of the person's posture and style.

    Examples
    --------
    >>> from m3n_sklearn.procedural import Person
    >>> Person(stature=1.8, tempo=1.2).amplitude
    1.0
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
        """Return a random generator for a habit; its seed depends on person and habit only.

        Parameters
        ----------
        what : str
            Name of the habit, such as an activity.

        Returns
        -------
        numpy.random.Generator
            A new generator.
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
        Random generator.
    tempo : float, default=1.0
        Median tempo of the population. Its standard deviation between people is about 13 %.
    left_handed : float, default=0.1
        Probability of left-handedness.
    individuality : float, default=1.0
        Spread of styles; see :class:`Person`.

    Returns
    -------
    Person
        The person.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.procedural import draw_person
    >>> person = draw_person(np.random.default_rng(0))
    >>> person.sex, round(person.stature, 2)
    ('male', 1.75)
    """
    sex = ("female", "male")[int(rng.integers(2))]
    mean, spread = STATURE[sex]
    return Person(
        stature=float(mean + spread * np.clip(rng.standard_normal(), -MAX_SD, MAX_SD)),
        sex=sex,
        tempo=tempo * float(np.exp(TEMPO_LOG_SD * np.clip(rng.standard_normal(), -MAX_SD, MAX_SD))),
        amplitude=float(np.exp(AMPLITUDE_LOG_SD * np.clip(rng.standard_normal(), -MAX_SD, MAX_SD))),
        left_handed=bool(rng.random() < left_handed),
        unsteadiness=float(rng.uniform(0.7, 1.4)),
        individuality=individuality,
        seed=int(rng.integers(2**31)),
    )
