"""Putting together what a loader returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from .._checks import list_of
from ..motion import Motion
from ..recording import Recording, cut
from ..recording.cutting import Item

__all__ = ["cut_into", "make_bunch", "select_known"]


def make_bunch(
    *,
    motions: Sequence[Motion],
    recordings: Sequence[Recording],
    label_names: Mapping[Any, str],
    descriptions: Mapping[Any, Sequence[str]],
    description: str,
    **extra: Any,
) -> Bunch:
    """Return a Bunch with the fields that every loader has.

    Parameters
    ----------
    motions, recordings : sequence
        What was read.
    label_names : mapping
        English name of each class, in the order of the data set.
    descriptions : mapping
        Prompts of each class, for prediction without labels.
    description : str
        The text for ``DESCR``.
    **extra : dict
        Further fields.

    Returns
    -------
    Bunch
        Without windows yet: ``X``, ``y`` and ``groups`` are None.
    """
    return Bunch(
        motions=list(motions),
        recordings=list(recordings),
        X=None,
        y=None,
        groups=None,
        sessions=None,
        label_names=dict(label_names),
        descriptions={key: tuple(prompts) for key, prompts in descriptions.items()},
        DESCR=description,
        **extra,
    )


def cut_into(bunch: Bunch, items: Sequence[Item], sessions: Sequence[str], **options: Any) -> Bunch:
    """Cut items into the Bunch's X, y, groups and sessions.

    Parameters
    ----------
    bunch : Bunch
        Gets the windows.
    items : sequence
        Motions, recordings or pairs, with unique names.
    sessions : sequence of str
        Session of each item.
    **options : dict
        Arguments of :func:`m3n_sklearn.recording.cut`.

    Returns
    -------
    Bunch
        The same object.
    """
    bunch.X, bunch.y, bunch.groups = cut(items, **options)
    session_of = {_name(item): session for item, session in zip(items, sessions, strict=True)}
    bunch.sessions = np.array([session_of[clip] for clip in bunch.X["clip"]])
    return bunch


def _name(item: Item) -> str | None:
    return item[1].name if isinstance(item, tuple) else item.name


def select_known(what: str, chosen: Iterable[Any] | Any | None, known: Sequence[Any]) -> list[Any]:
    """Keep what was chosen, in the order given; None chooses everything.

    Parameters
    ----------
    what : str
        What is chosen, for the message.
    chosen : iterable, scalar or None
        Selection.
    known : sequence
        What there is.

    Returns
    -------
    list
        The chosen ones, without repetition.

    Raises
    ------
    ValueError
        If one is not known, or none was chosen.
    """
    if chosen is None:
        return list(known)
    single = isinstance(chosen, (str, int, np.integer))
    wanted = [chosen] if single else list_of(chosen, what, "one of those there are, or several")
    unknown = [one for one in wanted if one not in known]
    if unknown or not wanted:
        listed = ", ".join(map(str, known[:40])) + (", …" if len(known) > 40 else "")
        given = ", ".join(map(repr, unknown)) or "none"
        raise ValueError(f"{what} must be among {listed}; got {given}.")
    return list(dict.fromkeys(wanted))
