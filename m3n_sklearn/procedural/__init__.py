"""Procedural motions: a vocabulary of activities, performed by people with a style of their own.

An :class:`Activity` is a program of postures (joint angles within human limits). A
:class:`Person` has a body, a tempo, an amplitude and habits. :func:`perform` joins the postures
with minimum jerk (Flash and Hogan, 1985), adds sway, puts the feet on the ground and returns a
:class:`~m3n_sklearn.motion.Motion`.
"""

from __future__ import annotations

from ._catalog import get_activities as get_activities
from ._catalog import get_activity, list_activities
from ._people import Person, draw_person
from ._perform import perform
from ._posture import STAND, arm, leg, posture, reach
from ._program import Activity, Key, circle, gait, strokes, through, to

__all__ = [
    "STAND",
    "Activity",
    "Key",
    "Person",
    "arm",
    "circle",
    "draw_person",
    "gait",
    "get_activity",
    "leg",
    "list_activities",
    "perform",
    "posture",
    "reach",
    "strokes",
    "through",
    "to",
]
