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
from ..motion.rotations import matrix_from_rotvec, random_rotations
from ..recording.units import STANDARD_GRAVITY
from ._gravity import gravity_direction, gravity_track

__all__ = ["FINE_TUNING", "PRETRAINING", "Augmentation", "resolve_augmentation"]

AnyArray = NDArray[Any]

_STRAPPED_AROUND = np.diag([-1.0, -1.0, 1.0])

KNOTS = 4
"""Points that a slow drift of a sensor's offset is drawn at."""


@dataclass(frozen=True)
class Augmentation:
    """Which random changes are made.

    Parameters
    ----------
    rotation : {"so3", "cone", "yaw"} or None, default="so3"
        Mounting: any orientation; a turn by up to `max_angle` about any axis and, with
        probability `strap_flip`, half a turn about z, the axis out of the skin; or any turn about
        the window's mean direction of gravity, which stays where it is.
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
    tempo : float, default=1.0
        Motions become up to so many times faster or slower, as far as the window goes: angular
        rates grow with the factor, accelerations other than gravity with its square.
    amplitude : float, default=0.0
        Standard deviation of a factor, around 1, of angular rates and of accelerations other than
        gravity.
    acc_drift, gyro_drift : float, default=0.0
        Standard deviation of an offset that changes slowly within a window, in m/s² and rad/s.
    packet_loss : float, default=0.0
        Up to this share of the samples of a window is lost and interpolated linearly.

    Notes
    -----
    Gravity is told from other accelerations by the gyro where there is one and the rate is known:
    it turns all readings into the orientation of the first, where gravity is constant and other
    accelerations nearly average out. Without it, gravity is the window's mean.

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
    tempo: float = 1.0
    amplitude: float = 0.0
    acc_drift: float = 0.0
    gyro_drift: float = 0.0
    packet_loss: float = 0.0

    def __post_init__(self) -> None:
        if self.rotation not in ("so3", "cone", "yaw", None):
            raise ValueError(
                f"rotation must be 'so3', 'cone', 'yaw' or None, got {self.rotation!r}."
            )
        for name in ("strap_flip", "gyro_dropout", "site_dropout"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a probability, got {getattr(self, name)!r}.")
        for name in (
            *("max_angle", "acc_bias", "gyro_bias", "acc_noise", "gyro_noise"),
            *("amplitude", "acc_drift", "gyro_drift"),
        ):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)!r}.")
        if self.max_angle > np.pi:
            raise ValueError(f"max_angle is in rad, at most pi, got {self.max_angle!r}.")
        if not 1 <= self.tempo < np.inf:
            raise ValueError(f"tempo is a factor of at least 1, got {self.tempo!r}.")
        if not 0 <= self.packet_loss < 1:
            raise ValueError(f"packet_loss must be in [0, 1), got {self.packet_loss!r}.")
        if not 0 < self.shortest <= 1:
            raise ValueError(f"shortest must be in (0, 1], got {self.shortest!r}.")

    def __call__(
        self,
        x: AnyArray,
        present: NDArray[np.bool_],
        rng: np.random.Generator,
        *,
        rate: float | None = None,
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
        rate : float, optional
            Samples per second, with which `tempo` and `amplitude` spare gravity more exactly.

        Returns
        -------
        x : ndarray of shape (n, S, 6, T') with T' <= T
            A new array of the same dtype.
        present : ndarray of bool of shape (n, S, 2)
        """
        speed, start, kept = self._pace(len(x), x.shape[-1], rng)
        x = self._moved(x, present, speed, rate, rng)
        x = _cut(x, speed, start, kept)
        n, sites, _, length = x.shape
        triads = x.reshape(n, sites, 2, 3, length)
        if self.rotation is not None:
            turns = self._turns(triads[:, :, 0], rng)
            triads = turns[:, :, None].astype(x.dtype) @ triads
        triads = triads + self._offsets(triads.shape, rng).astype(x.dtype)
        for k, sd in enumerate((self.acc_noise / STANDARD_GRAVITY, self.gyro_noise / GYRO_SCALE)):
            if sd > 0:
                noise = rng.standard_normal((n, sites, 3, length), dtype=np.float32)
                triads[:, :, k] += x.dtype.type(sd) * noise
        x = triads.reshape(x.shape)
        if self.packet_loss > 0:
            x = _interpolated(x, rng.random((n, 1)) * self.packet_loss, rng)
        return x, self._dropped(present, rng)

    def _pace(
        self, n: int, length: int, rng: np.random.Generator
    ) -> tuple[AnyArray | None, AnyArray, int]:
        """Draw each row's speed (None is 1), its first sample, and the number of samples kept."""
        kept = max(1, int(np.ceil(rng.uniform(self.shortest, 1.0) * length)))
        if self.tempo == 1:
            whole = self.shortest == 1 or kept == length
            if whole:
                return None, np.zeros(n, int), length
            return None, rng.integers(0, length - kept + 1, n), kept
        most = np.log(self.tempo)
        speed = np.exp(rng.uniform(-most, most, n))
        speed = np.minimum(speed, (length - 1) / max(kept - 1, 1))
        return speed, rng.random(n) * (length - 1 - speed * (kept - 1)), kept

    def _moved(
        self,
        x: AnyArray,
        present: NDArray[np.bool_],
        speed: AnyArray | None,
        rate: float | None,
        rng: np.random.Generator,
    ) -> AnyArray:
        """Scale rates and accelerations as motions of another speed and amplitude would."""
        if speed is None and self.amplitude == 0:
            return x
        size = 1 + self.amplitude * rng.standard_normal(len(x)) if self.amplitude else 1.0
        pace = np.ones(len(x)) if speed is None else speed
        acc, gyro = (
            np.asarray(factor * size, dtype=x.dtype)[:, None, None, None]
            for factor in (pace**2, pace)
        )
        gravity = gravity_track(x, present, rate)
        return np.concatenate([gravity + acc * (x[:, :, :3] - gravity), gyro * x[:, :, 3:]], axis=2)

    def _turns(self, acc: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Draw a rotation for every row and site of acc (n, S, 3, T)."""
        n, sites = acc.shape[:2]
        count = n * sites
        if self.rotation == "so3":
            turns = random_rotations(count, rng)
        elif self.rotation == "yaw":
            axis = gravity_direction(acc).reshape(count, 3)
            turns = matrix_from_rotvec(axis * rng.uniform(-np.pi, np.pi, (count, 1)))
        else:
            turns = random_rotations(count, rng, self.max_angle)
            flipped = rng.random(count) < self.strap_flip
            turns[flipped] = turns[flipped] @ _STRAPPED_AROUND
        return turns.reshape(n, sites, 3, 3)

    def _offsets(self, shape: tuple[int, ...], rng: np.random.Generator) -> AnyArray:
        sd = np.array([self.acc_bias / STANDARD_GRAVITY, self.gyro_bias / GYRO_SCALE])
        constant = rng.standard_normal((*shape[:2], 2, 3, 1)) * sd[:, None, None]
        if self.acc_drift == 0 == self.gyro_drift:
            return constant
        drift = np.array([self.acc_drift / STANDARD_GRAVITY, self.gyro_drift / GYRO_SCALE])
        knots = rng.standard_normal((*shape[:2], 2, 3, KNOTS)) * drift[:, None, None]
        return constant + knots @ _between_knots(shape[-1])

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


def _cut(x: AnyArray, speed: AnyArray | None, start: AnyArray, kept: int) -> AnyArray:
    """Take `kept` samples of each row from `start` on, `speed` samples apart."""
    rows = np.arange(len(x))
    if speed is None:
        if kept == x.shape[-1]:
            return x
        views = np.lib.stride_tricks.sliding_window_view(x, kept, axis=-1)
        return views[rows, :, :, start]
    time = start[:, None] + speed[:, None] * np.arange(kept)
    first = np.clip(time.astype(int), 0, max(x.shape[-1] - 2, 0))
    values = np.moveaxis(x, -1, 1)  # (n, T, S, 6)
    part = (time - first).astype(x.dtype)[..., None, None]
    last = x.shape[-1] - 1
    before, here, after, beyond = (
        values[rows[:, None], np.clip(first + k, 0, last)] for k in (-1, 0, 1, 2)
    )
    # Catmull-Rom: a cubic through the two middle samples, with the slopes of central differences
    slope = after - before
    curve = 2 * before - 5 * here + 4 * after - beyond
    bend = 3 * (here - after) + beyond - before
    cut = here + 0.5 * part * (slope + part * (curve + part * bend))
    return np.ascontiguousarray(np.moveaxis(cut, 1, -1))


def _between_knots(length: int) -> AnyArray:
    """Weights (KNOTS, length) of smooth curves through evenly spaced knots."""
    place = np.linspace(0, KNOTS - 1, length)
    distance = np.clip(np.abs(place - np.arange(KNOTS)[:, None]), 0, 1)
    return 0.5 * (1 + np.cos(np.pi * distance))


def _interpolated(x: AnyArray, share: AnyArray, rng: np.random.Generator) -> AnyArray:
    """Lose a share (n, 1) of the samples and interpolate between those before and after."""
    n, length = len(x), x.shape[-1]
    there = rng.random((n, length)) >= share
    there[:, [0, -1]] = True
    time = np.arange(length)
    before = np.maximum.accumulate(np.where(there, time, 0), axis=1)
    after = np.minimum.accumulate(np.where(there, time, length)[:, ::-1], axis=1)[:, ::-1]
    part = (time - before) / np.maximum(after - before, 1)
    left, right = (np.take_along_axis(x, at[:, None, None], axis=-1) for at in (before, after))
    return left + part[:, None, None].astype(x.dtype) * (right - left)


PRETRAINING = Augmentation("cone", gyro_dropout=0.2, site_dropout=0.4)
"""Default for pretraining: an encoder for the simulated mounting, give or take a cone and a strap
worn the other way round, with or without a gyro.
"""

FINE_TUNING = Augmentation("cone", tempo=1.3, amplitude=0.2)
"""Default for training on labels: the mounting of one study varies, but is not arbitrary, and
people move faster and slower, wider and less wide, than those whose labels there are.
"""


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
