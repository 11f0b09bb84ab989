"""What is known beforehand about the band of motion that kinds of sources resolve."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["ANY_BAND", "ROOT", "Band", "band_of"]


class Band(NamedTuple):
    """Where the cut-offs of a kind of source lie.

    Attributes
    ----------
    lowest, highest : float
        In Hz.
    aliased : float
        The lowest at frame rates up to 25 Hz, where motion folds back and looks like noise.
    periods : float
        Of the lowest cut-off that a clip must have: slower motion does not show in its spectrum.
    """

    lowest: float
    highest: float
    aliased: float
    periods: float = 3.0


ANY_BAND = Band(1.0, float("inf"), 2.5)
"""Markers, suits, animation, and sources of which nothing is known: the spectrum decides."""

VIDEO = Band(1.5, 2.0, 1.5)
"""One camera. Errors grow with the motion and reach down to 1 Hz. Against a second view, another
network and a measured wrist, cut-offs of 1.5 to 2 Hz agree best; 3 Hz is worse by half."""

DEPTH = Band(2.0, 2.4, 2.0)
"""A depth camera. Against 335 clips with measured wrists 2 to 2.5 Hz are best; 4 Hz is worse by a
fifth, 6 Hz by three quarters."""

ROOT = Band(0.4, float("inf"), 0.4, periods=1.0)
"""The root where it jitters more than the limbs. The depth of a single camera is wrong by a
decimeter, from half a hertz on, and nothing better than a smooth path is known."""

KINDS = {
    VIDEO: (
        "video monocular mediapipe blazepose openpose alphapose h36m17 "
        "gvhmr wham tram vibe romp hybrik 4dhumans phalp prompthmr"
    ),
    DEPTH: "markerless depth kinect kinect20 kinect25 azure32 realsense orbbec",
}
"""Words in the name of a source by which its kind is recognized."""

_BANDS = {word: band for band, words in KINDS.items() for word in words.split()}


def band_of(source: str | None) -> Band:
    """Return the band of a source by the words of its name.

    Parameters
    ----------
    source : str or None
        As in :class:`~m3n_sklearn.motion.Motion`, such as "mediapipe" or "kinect/kitchen".

    Returns
    -------
    Band
        Of the first word that names a kind; :data:`ANY_BAND` if none does.

    Examples
    --------
    >>> band_of("Kinect, lab 2").highest, band_of("cmu").highest
    (2.4, inf)
    """
    words = re.findall(r"[a-z0-9]+", (source or "").lower())
    return next((_BANDS[word] for word in words if word in _BANDS), ANY_BAND)
