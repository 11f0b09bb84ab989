"""Random changes of IMU windows that must not change what is recognised.

They act on the network's input (n, S, 6, T), on rows of a batch, with draws of their own per row.
A sensor's accelerometer and gyro always turn together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._inputs import GYRO_SCALE
from ..motion.rotations import random_rotations
from ..recording.units import STANDARD_GRAVITY

__all__ = ["FINE_TUNING", "PRETRAINING", "Augmentation", "resolve_augmentation"]

AnyArray = NDArray[Any]

_STRAPPED_AROUND = np.diag([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Augmentation:
    """Which random changes are made.

    Parameters
    ----------
    rotation : {"so3", "cone"} or None, default="so3"
        Mounting: any orientation; or a turn by up to `max_angle` about any axis and, with
        probability `strap_flip`, half a turn about z, the axis out of the skin.
    max_angle : float, default=0.87
        Half opening of the cone in rad.
    strap_flip : float, default=0.25
        Probability of a watch strapped on the other way round.
    acc_bias, gyro_bias : float, default=0.4, 0.035
        Standard deviation of a constant offset per window, in m/s² and rad/s.
    acc_noise, gyro_noise : float, default=0.3, 0.05
        Standard deviation of white noise, in m/s² and rad/s.
    gyro_dropout, site_dropout : float, default=0.0
        Probability that a site has no gyro, and that one of several sites is missing.
    shortest : float, default=0.8
        Windows are cropped to a share of their length drawn between this and 1.

    Examples
    --------
    >>> import numpy as np
    >>> x, present = np.ones((4, 1, 6, 50)), np.ones((4, 1, 2), dtype=bool)
    >>> noiseless = Augmentation("so3", acc_bias=0, gyro_bias=0, acc_noise=0, gyro_noise=0)
    >>> y, _ = noiseless(x, present, np.random.default_rng(0))
    >>> bool(np.allclose(np.linalg.norm(y[:, 0, :3], axis=1), np.sqrt(3)))
    True
    """

    rotation: str | None = "so3"
    max_angle: float = 0.87
    strap_flip: float = 0.25
    acc_bias: float = 0.4
    gyro_bias: float = 0.035
    acc_noise: float = 0.3
    gyro_noise: float = 0.05
    gyro_dropout: float = 0.0
    site_dropout: float = 0.0
    shortest: float = 0.8

    def __post_init__(self) -> None:
        if self.rotation not in ("so3", "cone", None):
            raise ValueError(f"rotation must be 'so3', 'cone' or None, got {self.rotation!r}.")
        for name in ("strap_flip", "gyro_dropout", "site_dropout"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a probability, got {getattr(self, name)!r}.")
        for name in ("max_angle", "acc_bias", "gyro_bias", "acc_noise", "gyro_noise"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)!r}.")
        if not 0 < self.shortest <= 1:
            raise ValueError(f"shortest must be in (0, 1], got {self.shortest!r}.")

    def __call__(
        self, x: AnyArray, present: NDArray[np.bool_], rng: np.random.Generator
    ) -> tuple[AnyArray, NDArray[np.bool_]]:
        """Change a batch.

        Parameters
        ----------
        x : ndarray of shape (n, S, 6, T)
            Network input: acc in g, gyro in units of 5 rad/s.
        present : ndarray of bool of shape (n, S, 2)
            Which sensors (acc, gyro) each row and site has.
        rng : numpy.random.Generator
            Source of the draws.

        Returns
        -------
        x : ndarray of shape (n, S, 6, T') with T' <= T
            A new array of the same dtype.
        present : ndarray of bool of shape (n, S, 2)
        """
        x = self._cropped(x, rng)
        n, sites, _, length = x.shape
        triads = x.reshape(n, sites, 2, 3, length)
        if self.rotation is not None:
            turns = self._turns(n * sites, rng).reshape(n, sites, 1, 3, 3)
            triads = turns.astype(x.dtype) @ triads
        triads = triads + self._offsets(triads.shape, rng).astype(x.dtype)
        for k, sd in enumerate((self.acc_noise / STANDARD_GRAVITY, self.gyro_noise / GYRO_SCALE)):
            if sd > 0:
                noise = rng.standard_normal((n, sites, 3, length), dtype=np.float32)
                triads[:, :, k] += x.dtype.type(sd) * noise
        return triads.reshape(x.shape), self._dropped(present, rng)

    def _cropped(self, x: AnyArray, rng: np.random.Generator) -> AnyArray:
        length = x.shape[-1]
        kept = max(1, int(np.ceil(rng.uniform(self.shortest, 1.0) * length)))
        if self.shortest == 1 or kept == length:
            return x
        starts = rng.integers(0, length - kept + 1, len(x))
        views = np.lib.stride_tricks.sliding_window_view(x, kept, axis=-1)
        return views[np.arange(len(x)), :, :, starts]

    def _turns(self, count: int, rng: np.random.Generator) -> AnyArray:
        if self.rotation == "so3":
            return random_rotations(count, rng)
        turns = random_rotations(count, rng, self.max_angle)
        flipped = rng.random(count) < self.strap_flip
        turns[flipped] = turns[flipped] @ _STRAPPED_AROUND
        return turns

    def _offsets(self, shape: tuple[int, ...], rng: np.random.Generator) -> AnyArray:
        sd = np.array([self.acc_bias / STANDARD_GRAVITY, self.gyro_bias / GYRO_SCALE])
        return rng.standard_normal((*shape[:2], 2, 3, 1)) * sd[:, None, None]

    def _dropped(self, present: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
        n, sites, _ = present.shape
        kept = present.copy()
        if self.gyro_dropout > 0:
            dropped = rng.random((n, sites)) < self.gyro_dropout
            kept[..., 1] &= ~(dropped & present[..., 0])
        if self.site_dropout > 0 and sites > 1:
            rows = np.flatnonzero(rng.random(n) < self.site_dropout)
            gone = rng.integers(0, sites, len(rows))
            others = kept[rows].any(axis=2).sum(axis=1) > 1
            kept[rows[others], gone[others]] = False
        return kept


PRETRAINING = Augmentation("so3", gyro_dropout=0.2, site_dropout=0.4)
"""Default for pretraining: an encoder for any mounting, with or without a gyro."""

FINE_TUNING = Augmentation("cone")
"""Default for training on labels: the mounting of one study varies, but is not arbitrary."""


def resolve_augmentation(
    augment: Augmentation | str | None, default: Augmentation, *, series: bool
) -> Augmentation | None:
    """Find the augmentation that a parameter `augment` asks for.

    Parameters
    ----------
    augment : Augmentation, "auto", "so3", "cone" or None
        The parameter. ``"auto"`` is the default, or nothing for a series; ``"so3"`` and
        ``"cone"`` are the default with that rotation.
    default : Augmentation
        What ``"auto"`` means for an IMU.
    series : bool
        True if the channels are not those of an IMU, so that nothing may be rotated.

    Returns
    -------
    Augmentation or None
        None changes nothing.

    Raises
    ------
    ValueError
        If an augmentation is asked for where the channels are not those of an IMU.
    """
    if augment is None or (augment == "auto" and series):
        return None
    if series:
        raise ValueError(
            f"augment={augment!r} needs channels of an IMU (3, 6 or 12 of them, or named by "
            "channels=); these windows are a generic series. Use augment='auto' or None."
        )
    if isinstance(augment, Augmentation):
        return augment
    return default if augment == "auto" else replace(default, rotation=augment)
