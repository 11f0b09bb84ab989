"""Random changes of IMU windows that keep their activity, and the track of gravity that they need.

They act on the network's input (n, S, 6, T), with draws of their own for every row. The
accelerometer and the gyro of a sensor always turn together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .._inputs import GYRO_SCALE
from .._typing import AnyArray
from ..recording import STANDARD_GRAVITY
from ..skeleton import random_rotations

__all__ = ["FINE_TUNING", "PRETRAINING", "Augmentation", "gravity_track", "resolve_augmentation"]

CONE = 0.87
"""Half opening in rad (50 degrees) of the cone that a mounting varies in."""

STRAPPED_AROUND = np.diag([-1.0, -1.0, 1.0])
"""Half a turn about z, the axis out of the skin."""

OFFSET_SD = np.array([0.4 / STANDARD_GRAVITY, 0.035 / GYRO_SCALE])
"""Standard deviation of the constant offset of acc and gyro: 0.4 m/s² and 0.035 rad/s."""

WHITE_SD = (0.3 / STANDARD_GRAVITY, 0.05 / GYRO_SCALE)
"""Standard deviation of the white noise of acc and gyro: 0.3 m/s² and 0.05 rad/s."""


@dataclass(frozen=True)
class Augmentation:
    """Random changes of IMU windows while an estimator is trained.

    Parameters
    ----------
    rotation : {"so3", "cone"} or None, default="so3"
        How the mounting varies. ``"so3"`` draws any orientation. ``"cone"`` turns a sensor by up to
        50 degrees about any axis and, with probability `strap_flip`, by half a turn about z, the
        axis out of the skin.
    strap_flip : float, default=0.25
        With ``rotation="cone"``: probability that a watch is strapped on the other way round.
    noise : float, default=1.0
        Factor of the sensor errors: a constant offset per window (standard deviation 0.4 m/s² and
        0.035 rad/s) and white noise (0.3 m/s² and 0.05 rad/s). 0 adds none.
    gyro_dropout : float, default=0.0
        Probability that the gyro of a site is missing.
    site_dropout : float, default=0.0
        Probability that one of several sites is missing.
    shortest : float, default=0.8
        Windows are cropped to a share of their length, drawn between this value and 1.
    tempo : float, default=1.0
        Motions become up to this factor faster or slower, as far as the window allows. Angular
        rates grow with the factor, and accelerations other than gravity with its square.
    amplitude : float, default=0.0
        Standard deviation, around 1, of a factor of angular rates and of accelerations other than
        gravity.

    See Also
    --------
    Multi3NetPretrainer : Takes it as `augment`.
    m3n_sklearn.classification.Multi3NetClassifier : Takes it as `augment`.

    Notes
    -----
    `tempo` and `amplitude` leave gravity as it is. If a gyro is present and the rate is known, the
    gyro turns all readings into the orientation of the first one. In this frame gravity is
    constant, and the other accelerations nearly average to zero. Otherwise gravity is the mean
    acceleration of the window.

    Examples
    --------
    A rotation leaves the length of the acceleration as it is:

    >>> import numpy as np
    >>> from m3n_sklearn.pretraining import Augmentation
    >>> x, present = np.ones((4, 1, 6, 50)), np.ones((4, 1, 2), dtype=bool)
    >>> turn = Augmentation("so3", noise=0.0)
    >>> y, _ = turn(x, present, np.random.default_rng(0))
    >>> bool(np.allclose(np.linalg.norm(y[:, 0, :3], axis=1), np.sqrt(3)))
    True

    It is a parameter of the estimators:

    >>> from m3n_sklearn import Multi3NetPretrainer
    >>> Multi3NetPretrainer(augment=Augmentation("cone", tempo=1.25))
    Multi3NetPretrainer(augment=Augmentation(rotation='cone', ...tempo=1.25, amplitude=0.0))
    """

    rotation: str | None = "so3"
    strap_flip: float = 0.25
    noise: float = 1.0
    gyro_dropout: float = 0.0
    site_dropout: float = 0.0
    shortest: float = 0.8
    tempo: float = 1.0
    amplitude: float = 0.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.rotation not in ("so3", "cone", None):
            raise ValueError(f"rotation must be 'so3', 'cone' or None, got {self.rotation!r}.")
        for name in ("strap_flip", "gyro_dropout", "site_dropout"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a probability, got {getattr(self, name)!r}.")
        for name in ("noise", "amplitude"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)!r}.")
        if not 1 <= self.tempo < np.inf:
            raise ValueError(f"tempo is a factor of at least 1, got {self.tempo!r}.")
        if not 0 < self.shortest <= 1:
            raise ValueError(f"shortest must be in (0, 1], got {self.shortest!r}.")

    def __call__(
        self,
        x: AnyArray,
        present: NDArray[np.bool_],
        rng: np.random.Generator,
        *,
        rate: float | None = None,
        any_mount: NDArray[np.bool_] | None = None,
    ) -> tuple[AnyArray, NDArray[np.bool_]]:
        """Change a batch of windows.

        Parameters
        ----------
        x : ndarray of shape (n, S, 6, T)
            Network input of S sites: acc in g, gyro in units of 5 rad/s.
        present : ndarray of bool of shape (n, S, 2)
            Which sensors (acc, gyro) each row and site has.
        rng : numpy.random.Generator
            Source of the draws.
        rate : float, optional
            Samples per second. With it, `tempo` and `amplitude` separate gravity more exactly.
        any_mount : ndarray of bool of shape (n,), optional
            Rows of unknown mounting, which are turned to any orientation also with
            ``rotation="cone"``. They are left as they are with ``rotation=None``.

        Returns
        -------
        x : ndarray of shape (n, S, 6, T') with T' <= T
            Of the same dtype. The input is left as it is.
        present : ndarray of bool of shape (n, S, 2)
            The sensors that are left.
        """
        # 1. Tempo and amplitude scale motions, not gravity; then resample and crop
        speed, start, kept = self._pace(len(x), x.shape[-1], rng)
        x = self._moved(x, present, speed, rate, rng)
        x = _cut(x, speed, start, kept)
        # 2. Another mounting: one rotation per row and site, for acc and gyro
        n, sites, _, length = x.shape
        triads = x.reshape(n, sites, 2, 3, length)
        if self.rotation is not None:
            turns = self._turns(n, sites, rng)
            if any_mount is not None and any_mount.any() and self.rotation == "cone":
                count = int(any_mount.sum()) * sites
                turns[any_mount] = random_rotations(count, rng).reshape(-1, sites, 3, 3)
            triads = turns[:, :, None].astype(x.dtype) @ triads
        # 3. Errors of the sensor: a constant offset and white noise
        if self.noise > 0:
            offset_sd = (self.noise * OFFSET_SD)[:, None, None]
            offset = rng.standard_normal((n, sites, 2, 3, 1)) * offset_sd
            triads = triads + offset.astype(x.dtype)
            for k, sd in enumerate(WHITE_SD):
                white = rng.standard_normal((n, sites, 3, length), dtype=np.float32)
                triads[:, :, k] += x.dtype.type(self.noise * sd) * white
        # 4. Sensors that are missing
        return triads.reshape(x.shape), self._dropped(present, rng)

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
        # a faster motion needs more samples than are kept, and the window has no more
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

    def _turns(self, n: int, sites: int, rng: np.random.Generator) -> AnyArray:
        """Draw a rotation (n, sites, 3, 3) for every row and site."""
        count = n * sites
        if self.rotation == "so3":
            return random_rotations(count, rng).reshape(n, sites, 3, 3)
        turns = random_rotations(count, rng, CONE)
        flipped = rng.random(count) < self.strap_flip
        turns[flipped] = turns[flipped] @ STRAPPED_AROUND
        return turns.reshape(n, sites, 3, 3)

    def _dropped(self, present: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
        """Remove gyros where there is an accelerometer, and one site where there are two."""
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
    linear = after - before
    quadratic = 2 * before - 5 * here + 4 * after - beyond
    cubic = 3 * (here - after) + beyond - before
    cut = here + 0.5 * part * (linear + part * (quadratic + part * cubic))
    return np.ascontiguousarray(np.moveaxis(cut, 1, -1))


PRETRAINING = Augmentation("cone", gyro_dropout=0.2, site_dropout=0.4)
"""Default for pretraining: the simulated mounting within a cone, straps on either way, with and
without a gyro or one of the sites.
"""

FINE_TUNING = Augmentation("cone", tempo=1.3, amplitude=0.2)
"""Default for training on labels: the mounting of a study varies within a cone, and other people
move at another tempo and with another amplitude than those with labels.
"""


def resolve_augmentation(
    augment: Augmentation | str | None, default: Augmentation, *, series: bool
) -> Augmentation | None:
    """Return the augmentation that a parameter `augment` stands for; None changes nothing.

    ``"auto"`` is the default, or None for a series; ``"so3"`` and ``"cone"`` are the default with
    that rotation. Other augmentations of a series are a ValueError.
    """
    if augment is None or (augment == "auto" and series):
        return None
    if series:
        raise ValueError(
            f"augment={augment!r} needs the channels of an IMU (3, 6 or 12 of them, or named by "
            "channels=); these windows are a generic series. Use augment='auto' or None."
        )
    if isinstance(augment, Augmentation):
        return augment
    return default if augment == "auto" else replace(default, rotation=augment)


def gravity_track(x: AnyArray, present: NDArray[np.bool_], rate: float | None) -> AnyArray:
    """Estimate gravity in the sensor's frame, (n, S, 3, T), from network input (n, S, 6, T).

    In a frame that does not turn, gravity is constant. The mean of all other accelerations is the
    change of velocity over the length of the window, which is small. So gravity is the mean of the
    readings in the frame of the first sample, turned back into the frame of every sample.
    `present` (n, S, 2) says which sensors each row and site has. Without a rate or a gyro, the
    sensor is assumed not to turn.
    """
    acc = np.moveaxis(x[:, :, :3], 2, 0)
    if rate is None or not present[..., 1].any():
        return np.broadcast_to(acc.mean(axis=-1, keepdims=True), acc.shape).transpose(1, 2, 0, 3)
    # 1. Rotation vectors from sample to sample; zero where there is no gyro
    turn = np.moveaxis(x[:, :, 3:], 2, 0) * np.asarray(GYRO_SCALE / rate, x.dtype)
    turn = np.where(present[..., 1, None], turn, 0)
    # 2. Quaternions from every frame to that of the first sample
    scalar, vector = _accumulated(turn)
    # 3. The mean in the first frame, turned back
    mean = _rotated(scalar, vector, acc).mean(axis=-1, keepdims=True)
    return np.moveaxis(_rotated(scalar, -vector, np.broadcast_to(mean, acc.shape)), 0, 2)


def _accumulated(turn: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Quaternions from each frame to the first, of rotation vectors (3, ..., T) in rad per step."""
    # the trapezoidal rule: the turn of a step is the mean of the rates at its ends
    step = np.zeros_like(turn)
    step[..., 1:] = 0.5 * (turn[..., 1:] + turn[..., :-1])
    half = 0.5 * np.sqrt((step * step).sum(axis=0))
    scalar, vector = np.cos(half), 0.5 * step * np.sinc(half / np.pi).astype(turn.dtype)
    # cumulative product in log2(T) passes: products of 2, 4, 8, ... neighbors
    reach = 1
    while reach < turn.shape[-1]:
        product = _product(
            (scalar[..., :-reach], vector[..., :-reach]), (scalar[..., reach:], vector[..., reach:])
        )
        scalar = np.concatenate([scalar[..., :reach], product[0]], axis=-1)
        vector = np.concatenate([vector[..., :reach], product[1]], axis=-1)
        reach *= 2
    return scalar, vector


def _product(
    a: tuple[AnyArray, AnyArray], b: tuple[AnyArray, AnyArray]
) -> tuple[AnyArray, AnyArray]:
    """Multiply quaternions (scalar, vector)."""
    (s, u), (t, v) = a, b
    return s * t - (u * v).sum(axis=0), s * v + t * u + _cross(u, v)


def _rotated(scalar: AnyArray, vector: AnyArray, x: AnyArray) -> AnyArray:
    """Rotate vectors by unit quaternions."""
    across = 2 * _cross(vector, x)
    return x + scalar * across + _cross(vector, across)


def _cross(u: AnyArray, v: AnyArray) -> AnyArray:
    """Cross product along the first axis."""
    return np.stack([u[i - 2] * v[i - 1] - u[i - 1] * v[i - 2] for i in range(3)])
