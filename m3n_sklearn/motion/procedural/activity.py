"""Activities: a movement program with its captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .embody import SUPPORTS
from .posture import STAND, Posture
from .program import Key

__all__ = ["Activity"]

KINDS = ("repeat", "ongoing", "once")


@dataclass(frozen=True, eq=False)
class Activity:
    """Something people do, as a program of postures.

    Parameters
    ----------
    name : str
        Class name.
    descriptions : tuple of str
        Paraphrases of one caption, in plain English.
    cycle : sequence of Key
        The program. The right hand is the skilled one.
    rest : ndarray of shape (n_channels,), default=STAND
        Posture before the first key, about which people differ in amplitude.
    kind : {"repeat", "ongoing", "once"}, default="repeat"
        Whether the program is repeated after pauses, runs on without end (the first key
        follows the last), or is done once.
    freedom : float, default=1.0
        How much of a person's own amplitude and style the task admits: 1 for a gesture in the
        air, less where the hands must meet an object.
    support : {"both", "left", "right", "walk", "run"}, default="both"
        Which feet stay in place; see :func:`~m3n_sklearn.motion.procedural.embody.embody`.
    pause : tuple of (float, float), default=(0.15, 0.8)
        Least and greatest pause between repetitions in s.
    left_cycle : sequence of Key, optional
        What is mirrored for left-handed people, where the mirror image of `cycle` would be
        another activity (a swipe to the left, a clockwise circle).

    Examples
    --------
    >>> from m3n_sklearn.motion.procedural import Activity, arm, posture, to
    >>> up = posture(right=arm(flexion=160, elbow=10))
    >>> hail = Activity("hail", ("a person raises a hand",), [to(up, 0.6, hold=1.0)])
    """

    name: str
    descriptions: tuple[str, ...]
    cycle: Sequence[Key]
    rest: Posture = field(default_factory=lambda: STAND)
    kind: str = "repeat"
    freedom: float = 1.0
    support: str = "both"
    pause: tuple[float, float] = (0.15, 0.8)
    left_cycle: Sequence[Key] | None = None

    def __post_init__(self) -> None:
        """Check what can be wrong."""
        if not self.cycle:
            raise ValueError(f"Activity {self.name!r} has no key: give at least one posture.")
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}.")
        if self.support not in SUPPORTS:
            raise ValueError(f"support must be one of {', '.join(SUPPORTS)}, got {self.support!r}.")
        if self.kind == "ongoing" and len(self.cycle) < 2:
            raise ValueError(f"Activity {self.name!r} goes on, so it needs at least two keys.")

    def program(self, left_handed: bool = False) -> Sequence[Key]:
        """Return the keys, written for the right hand.

        Parameters
        ----------
        left_handed : bool, default=False
            Whether they will be mirrored.

        Returns
        -------
        sequence of Key
            `cycle`, or `left_cycle` where there is one.
        """
        return self.left_cycle if left_handed and self.left_cycle is not None else self.cycle
