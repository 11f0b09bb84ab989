"""Random variation of bodies, mounts, motions and devices; it depends on the clip and the seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from .._checks import is_number
from ..body import BodyModel, Site
from ..motion import Motion
from ..motion.rotations import random_rotations, rotvec_from_matrix
from ._keys import keyed_rng
from .noise import IMUNoise, resolve_noise

__all__ = ["ClipDraw", "Randomization", "draws_table"]

Array = NDArray[np.float64]

WIDEST = 1.0
"""Largest spread of bodies and places in m; more must be another unit."""

N_BETAS = 10
"""Shape coefficients that vary: the first ones, which describe most of the variance."""


@dataclasses.dataclass(eq=True, repr=False)
class Randomization(BaseEstimator):
    """How bodies, sensors and motions vary from clip to clip.

    All is drawn before the simulation, so that what comes out is physically consistent. Each
    draw depends on the seed, the clip, the site and its own kind only: changing one parameter
    leaves the draws of the others alone.

    Parameters
    ----------
    mount_angle : float, default=0.0
        Sensors are turned about a random axis by an angle uniform in [0, `mount_angle`] rad;
        with pi their orientation is uniform over all rotations.
    stature_sd : float, default=0.0
        Standard deviation of what is added to the body height, in m.
    site_jitter : float, default=0.0
        Standard deviation of the sensor's displacement along each axis of the rest pose, in m.
    betas_sd : float, default=0.0
        Standard deviation of what is added to each of the first ten shape coefficients. Only
        for bodies that have some; the default body varies by `stature_sd`.
    tempo : float, default=0.0
        Whole clips are played exp(u) times as fast, u uniform in [-`tempo`, `tempo`]:
        velocities grow with the factor, accelerations with its square, gravity stays.
    mirror : float, default=0.0
        Probability that left and right change places.
    device : sequence of IMUNoise or str, or None, default=None
        Sensor errors or names of presets, of which each clip gets one.

    See Also
    --------
    draws_table : The draws of many clips as a table.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.simulation import Randomization, SMPLIMUSimulator
    >>> varied = Randomization(mount_angle=np.deg2rad(20), stature_sd=0.08, site_jitter=0.01)
    >>> simulator = SMPLIMUSimulator(randomize=varied, random_state=0)
    """

    mount_angle: float = 0.0
    stature_sd: float = 0.0
    site_jitter: float = 0.0
    betas_sd: float = 0.0
    tempo: float = 0.0
    mirror: float = 0.0
    device: Sequence[IMUNoise | str] | None = None

    @property
    def changes_body(self) -> bool:
        """Whether each clip has a body or site positions of its own."""
        return self.stature_sd > 0 or self.site_jitter > 0 or self.betas_sd > 0

    @property
    def changes_motion(self) -> bool:
        """Whether each clip is played in a way of its own."""
        return self.mirror > 0 or self.tempo > 0

    @property
    def is_random(self) -> bool:
        """Whether any draw is needed."""
        moved = self.mount_angle > 0 or self.changes_body or self.changes_motion
        return moved or self.device is not None

    def check(self) -> None:
        """Complain about parameters that make no sense.

        Raises
        ------
        ValueError
            If one is negative, not finite or no number, the angle is above pi, a length above
            1 m, the tempo above 1 or the probability above 1, or there is no device to draw.
        TypeError
            If devices are no sequence of noise models and names.
        """
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name != "device" and (not is_number(value) or not 0 <= value < np.inf):
                raise ValueError(
                    f"{field.name} must be a finite number of at least 0, got {value!r}."
                )
        if self.mount_angle > np.pi + 1e-9:
            raise ValueError(
                f"mount_angle must be at most pi rad, got {self.mount_angle!r}: are these degrees? "
                "Convert with numpy.deg2rad."
            )
        for name, length in (("stature_sd", self.stature_sd), ("site_jitter", self.site_jitter)):
            if length > WIDEST:
                raise ValueError(
                    f"{name} must be at most {WIDEST:g} m, got {length!r}: are these centimetres "
                    "or millimetres?"
                )
        if self.mirror > 1:
            raise ValueError(f"mirror is a probability of at most 1, got {self.mirror!r}.")
        if self.tempo > 1:
            raise ValueError(
                f"tempo is the logarithm of the largest factor, 0.1 for about 10 %, and at most 1; "
                f"got {self.tempo!r}."
            )
        self._devices()

    def draw(self, entropy: int, clip: bytes) -> ClipDraw:
        """Return the variation of one clip.

        Parameters
        ----------
        entropy : int
            Seed of the run.
        clip : bytes
            Key of the clip.

        Returns
        -------
        ClipDraw
            Equal for equal arguments.
        """

        def rng(kind: str) -> np.random.Generator:
            return keyed_rng(entropy, clip, kind)

        taller = self.stature_sd * float(rng("body").standard_normal()) if self.stature_sd else 0.0
        betas = rng("betas").standard_normal(N_BETAS).tolist() if self.betas_sd else []
        speed = float(np.exp(self.tempo * rng("tempo").uniform(-1, 1))) if self.tempo else 1.0
        mirrored = bool(rng("mirror").random() < self.mirror) if self.mirror else False
        devices = self._devices()
        chosen = int(rng("device").integers(len(devices))) if devices else None
        return ClipDraw(
            spread=self,
            entropy=entropy,
            clip=clip,
            taller=taller,
            betas=tuple(self.betas_sd * beta for beta in betas),
            speed=speed,
            mirrored=mirrored,
            device=None if chosen is None else devices[chosen][0],
            noise=None if chosen is None else devices[chosen][1],
        )

    def _devices(self) -> list[tuple[str, IMUNoise]]:
        """Names and models of the devices; models without a name go by their place."""
        if self.device is None:
            return []
        if isinstance(self.device, str) or not isinstance(self.device, Sequence):
            raise TypeError(
                f"device must be a sequence of IMUNoise or names of presets, got {self.device!r}."
            )
        if len(self.device) == 0:
            raise ValueError("device must name at least one device, or be None.")
        return [
            (device if isinstance(device, str) else f"device {place}", resolve_noise(device))
            for place, device in enumerate(self.device)
        ]


@dataclasses.dataclass(frozen=True)
class ClipDraw:
    """What was drawn for one clip.

    Attributes
    ----------
    spread : Randomization
        How much things vary.
    entropy : int
        Seed of the run.
    clip : bytes
        Key of the clip.
    taller : float
        Change of stature in m.
    betas : tuple of float
        Change of the first shape coefficients; empty if they do not vary.
    speed : float
        How many times as fast the motion is played.
    mirrored : bool
        Whether left and right change places.
    device : str or None
        Name of the device.
    noise : IMUNoise or None
        Its errors; None if devices do not vary.
    """

    spread: Randomization
    entropy: int
    clip: bytes
    taller: float = 0.0
    betas: tuple[float, ...] = ()
    speed: float = 1.0
    mirrored: bool = False
    device: str | None = None
    noise: IMUNoise | None = None

    def vary(self, motion: Motion) -> Motion:
        """Return the motion as it is played.

        Parameters
        ----------
        motion : Motion
            A whole clip. It starts at the same time.

        Returns
        -------
        Motion
            Mirrored and faster or slower, as drawn.

        Raises
        ------
        ValueError
            If it is to be mirrored and has joints other than the 22 or 24 of the body.
        """
        played = motion.mirrored() if self.mirrored else motion
        if self.speed == 1 or played.n_frames == 1:
            return played
        start = played.times[0]
        return played.replace(times=start + (played.times - start) / self.speed)

    def body(self, body: BodyModel) -> BodyModel:
        """Return the body with the drawn change of shape and stature.

        Parameters
        ----------
        body : BodyModel
            Body of the person who moves.

        Returns
        -------
        BodyModel
            Of another shape; by the change of stature at least half and at most 1.5 times as
            tall.

        Raises
        ------
        ValueError
            If what varies is not known of the body.
        """
        if self.betas:
            if body.n_betas == 0:
                raise ValueError(
                    f"betas_sd varies shape coefficients, but {body.name} has none: use "
                    "stature_sd, or a body with a shape space."
                )
            body = body.shaped(betas=self.betas[: body.n_betas])
        if self.taller == 0:
            return body
        if body.stature is None:
            raise ValueError(
                f"stature_sd varies the stature, but that of {body.name} is not known: build it "
                "with stature=."
            )
        wanted = np.clip(body.stature + self.taller, 0.5 * body.stature, 1.5 * body.stature)
        return body.shaped(stature=float(wanted))

    def shift(self, site: str) -> Array:
        """Return the drawn displacement of a sensor.

        Parameters
        ----------
        site : str
            Name of the site.

        Returns
        -------
        ndarray of shape (3,)
            In m, along the axes of the rest pose.
        """
        if self.spread.site_jitter == 0:
            return np.zeros(3)
        rng = keyed_rng(self.entropy, self.clip, "site", site)
        return self.spread.site_jitter * rng.standard_normal(3)

    def site(self, site: Site) -> Site:
        """Return a resolved site with the drawn displacement.

        Parameters
        ----------
        site : Site
            With bone and offset.

        Returns
        -------
        Site
            The same site, shifted.
        """
        if self.spread.site_jitter == 0 or site.offset is None:
            return site
        return dataclasses.replace(site, offset=site.offset + self.shift(site.name))

    def mount(self, site: str) -> Array:
        """Return the drawn rotation of a sensor in its site.

        Parameters
        ----------
        site : str
            Name of the site.

        Returns
        -------
        ndarray of shape (3, 3)
            Its columns are the sensor's axes in the site's frame.
        """
        if self.spread.mount_angle == 0:
            return np.eye(3)
        rng = keyed_rng(self.entropy, self.clip, "mount", site)
        return random_rotations(1, rng, self.spread.mount_angle)[0]

    def record(self, sites: Iterable[str], clip: str = "") -> dict[str, Any]:
        """List the draws, as one row of a table.

        Parameters
        ----------
        sites : iterable of str
            Names of the sites.
        clip : str, default=""
            Name of the clip.

        Returns
        -------
        dict
            ``clip``; ``speed``; ``mirrored``; ``taller`` in m; ``device``; ``beta_0`` and on,
            if they vary; and of each site ``<site>_shift_x`` to ``z`` in m and
            ``<site>_turn_x`` to ``z``, the rotation vector of its mount in rad.
        """
        row: dict[str, Any] = {
            "clip": clip,
            "speed": self.speed,
            "mirrored": self.mirrored,
            "taller": self.taller,
            "device": self.device or "",
        }
        row |= {f"beta_{i}": beta for i, beta in enumerate(self.betas)}
        for site in sites:
            vectors = {"shift": self.shift(site), "turn": rotvec_from_matrix(self.mount(site))}
            for kind, vector in vectors.items():
                row |= {
                    f"{site}_{kind}_{axis}": float(value)
                    for axis, value in zip("xyz", vector, strict=True)
                }
        return row


def draws_table(records: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Turn records of draws into the columns of a table.

    Parameters
    ----------
    records : iterable of mapping
        As `ClipDraw.record` returns them, with the same keys in each.

    Returns
    -------
    dict of str to list
        One entry per record; ``pandas.DataFrame`` takes it as it is.

    Raises
    ------
    ValueError
        If the keys differ.

    Examples
    --------
    >>> draw = Randomization(stature_sd=0.08).draw(0, b"walk")
    >>> table = draws_table([draw.record(["left_wrist"], clip="walk")])
    >>> list(table)[:4], table["clip"]
    (['clip', 'speed', 'mirrored', 'taller'], ['walk'])
    """
    rows = list(records)
    for row in rows:
        if set(row) != set(rows[0]):
            odd = sorted(set(row) ^ set(rows[0]))
            raise ValueError(f"The records differ in what they hold: {', '.join(odd)}.")
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
