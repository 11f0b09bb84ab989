"""Procedural motions: a vocabulary of activities that people perform, each in their own way.

An :class:`Activity` is a program of postures (joint angles within human limits). A
:class:`Person` has a body, a tempo, an amplitude and habits. :func:`perform` joins the postures
with the least jerk (Flash and Hogan, 1985), adds sway, puts the feet on the ground and returns a
:class:`~m3n_sklearn.motion.Motion`.
"""

from __future__ import annotations

from .activities import ACTIVITIES, get_activities, get_activity, list_activities
from .activity import Activity
from .people import Person, draw_person
from .perform import perform
from .posture import CHANNELS, LIMITS, STAND, arm, leg, posture, reach
from .program import Key, through, to
from .shapes import circle, gait, strokes

__all__ = [
    "ACTIVITIES",
    "CHANNELS",
    "LIMITS",
    "STAND",
    "Activity",
    "Key",
    "Person",
    "arm",
    "circle",
    "draw_person",
    "gait",
    "get_activities",
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
