"""The vocabulary of activities, by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from .._validation import list_of
from ._program import Activity
from .vocabulary._daily import DAILY
from .vocabulary._fitness import FITNESS
from .vocabulary._gestures import GESTURES
from .vocabulary._household import HOUSEHOLD
from .vocabulary._packing import PACKING
from .vocabulary._work import WORK

__all__ = ["ACTIVITIES", "get_activities", "get_activity", "list_activities"]

ACTIVITIES: Mapping[str, Activity] = MappingProxyType(
    {each.name: each for each in (*GESTURES, *FITNESS, *DAILY, *WORK, *PACKING, *HOUSEHOLD)}
)
"""All activities of the library, by name."""


def list_activities() -> tuple[str, ...]:
    """Return the names of all activities of the library.

    Returns
    -------
    tuple of str
        Gestures, fitness, daily life, hand work, packing, household.

    Examples
    --------
    >>> list_activities()[:3]
    ('wave', 'clap', 'swipe_left')
    """
    return tuple(ACTIVITIES)


def get_activity(activity: str | Activity) -> Activity:
    """Return an activity by its name.

    Parameters
    ----------
    activity : str or Activity
        A name from :func:`list_activities`, or an activity, which is returned.

    Returns
    -------
    Activity
        The program with its descriptions.

    Raises
    ------
    ValueError
        If the name is unknown; the message contains similar names.
    TypeError
        If the argument is neither a name nor an activity.

    Examples
    --------
    >>> get_activity("drink").descriptions[0]
    'a person drinks from a cup'
    """
    if isinstance(activity, Activity):
        return activity
    if not isinstance(activity, str):
        raise TypeError(
            f"An activity must be a name or an Activity, got {type(activity).__name__}."
        )
    if activity in ACTIVITIES:
        return ACTIVITIES[activity]
    wanted = activity.strip().lower().replace(" ", "_").replace("-", "_")
    close = difflib.get_close_matches(wanted, ACTIVITIES, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
    raise ValueError(
        f"Unknown activity {activity!r}. {hint}"
        f"list_activities() returns all {len(ACTIVITIES)} names."
    )


def get_activities(
    activities: Iterable[str | Activity] | str | Activity | None = None,
    exclude: Iterable[str] = (),
) -> tuple[Activity, ...]:
    """Return several activities by their names.

    Parameters
    ----------
    activities : iterable of (str or Activity), optional
        Names or activities; by default the whole vocabulary.
    exclude : iterable of str, default=()
        Names to leave out.

    Returns
    -------
    tuple of Activity
        In the order given.

    Raises
    ------
    ValueError
        For an unknown or repeated name, or if no activity is left.

    Examples
    --------
    >>> [activity.name for activity in get_activities(["wave", "walk"], exclude=["walk"])]
    ['wave']
    """
    if isinstance(activities, (str, Activity)):
        activities = (activities,)
    excluded = {
        get_activity(each).name for each in ((exclude,) if isinstance(exclude, str) else exclude)
    }
    wanted = list_of(ACTIVITIES if activities is None else activities, "activities", "names")
    chosen = [get_activity(each) for each in wanted]
    names = [each.name for each in chosen]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"Activities must have different names; repeated: {', '.join(repeated)}.")
    kept = tuple(each for each in chosen if each.name not in excluded)
    if not kept:
        raise ValueError("No activity is left: give at least one that is not excluded.")
    return kept
