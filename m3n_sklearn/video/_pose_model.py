"""The protocol of pose networks: where people are, and where their landmarks are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._typing import Array
from .._validation import real_array
from ..skeleton import joint_columns

__all__ = ["Landmarks", "PoseModel", "Region", "WholeFrame"]


@dataclass(frozen=True)
class Region:
    """A square of an image that holds one person.

    Parameters
    ----------
    x, y : float
        Center in px, from the upper left corner.
    size : float
        Length of its sides in px.
    angle : float, default=0.0
        Rotation in rad, clockwise, that turns an upright square into this one.
    score : float, default=1.0
        Score of the detector, from 0 to 1.

    Examples
    --------
    >>> from m3n_sklearn.video import Region
    >>> Region(320.0, 240.0, 400.0)
    Region(x=320.0, y=240.0, size=400.0, angle=0.0, score=1.0)
    """

    x: float
    y: float
    size: float
    angle: float = 0.0
    score: float = 1.0


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Landmarks of one person in one frame.

    Parameters
    ----------
    world : ndarray of shape (K, 3)
        Positions in m relative to the hips, in the camera's axes: x right, y down, z away from the
        camera.
    image : ndarray of shape (K, 2)
        Positions in px from the upper left corner of the image.
    visibility : ndarray of shape (K,)
        Probability that the landmark is visible, from 0 to 1.
    region : Region or None, default=None
        Where to look for the person in the next frame.
    """

    world: Array
    image: Array
    visibility: Array
    region: Region | None = None


@runtime_checkable
class PoseModel(Protocol):
    """A detector and a landmark network.

    Images are arrays of shape (height, width, 3) of uint8, red, green and blue. An object with
    these two methods can be given as `model=`. If it has an attribute `layout`, this is the joint
    set of its landmarks (see ``m3n_sklearn.motion.JOINT_SETS``), else "mediapipe33".
    """

    def detect(self, image: NDArray[np.uint8]) -> Sequence[Region]:
        """Return a region for each person in an image, in any order.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3)
            The frame.

        Returns
        -------
        sequence of Region
            Empty if nobody was found.
        """

    def locate(self, image: NDArray[np.uint8], region: Region) -> Landmarks | None:
        """Return the landmarks of the person in a region.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3)
            The frame.
        region : Region
            Where the person is.

        Returns
        -------
        Landmarks or None
            None if there is nobody.
        """


class WholeFrame:
    """A function from a frame to landmarks of all people in it, as a `PoseModel`."""

    def __init__(self, function: Callable[[NDArray[np.uint8]], Any]) -> None:
        self.function = function
        self.layout = str(getattr(function, "layout", "mediapipe33"))
        self._image: NDArray[np.uint8] | None = None
        self._people: list[Landmarks] = []

    def detect(self, image: NDArray[np.uint8]) -> Sequence[Region]:
        """Return a region around each person."""
        return [person.region for person in self._all(image) if person.region is not None]

    def locate(self, image: NDArray[np.uint8], region: Region) -> Landmarks | None:
        """Return the landmarks of the person whose region is most like a region."""
        # of two people who pass each other, the one of the same size
        distance = [
            np.hypot(person.region.x - region.x, person.region.y - region.y)
            + abs(person.region.size - region.size)
            for person in self._all(image)
            if person.region is not None
        ]
        if not distance or min(distance) > region.size:
            return None
        return self._people[int(np.argmin(distance))]

    def _all(self, image: NDArray[np.uint8]) -> list[Landmarks]:
        """Return the people in a frame; the function is called once for each frame."""
        if self._image is not image:
            found = self.function(image)
            people = () if found is None else found
            self._people = [_checked(person, self.layout) for person in people]
            self._image = image
        return self._people


def _checked(person: Any, layout: str) -> Landmarks:
    """Return checked landmarks with a region around them."""
    expected = "Landmarks(world, image, visibility) for each person"
    try:
        world, image, visibility = (
            real_array(getattr(person, name), f"{name} of the landmarks", expected)
            for name in ("world", "image", "visibility")
        )
    except AttributeError:
        raise TypeError(
            f"The model must return {expected} of a frame, got {type(person).__name__}."
        ) from None
    count = len(world)
    if world.shape != (count, 3) or image.shape != (count, 2) or visibility.shape != (count,):
        raise ValueError(
            f"Landmarks must have world (K, 3), image (K, 2) and visibility (K,), got "
            f"{world.shape}, {image.shape} and {visibility.shape}."
        )
    joint_columns(layout, count)  # raises an error for another number of landmarks
    region = person.region if isinstance(person.region, Region) else around(image)
    return Landmarks(world, image, np.clip(visibility, 0.0, 1.0), region)


def around(points: ArrayLike) -> Region:
    """Return an upright square around positions (K, 2) in an image."""
    places = np.asarray(points, dtype=np.float64)
    low, high = np.nanmin(places, axis=0), np.nanmax(places, axis=0)
    x, y = (low + high) / 2
    return Region(float(x), float(y), float(max(*(high - low), 1.0)) * 1.25)
