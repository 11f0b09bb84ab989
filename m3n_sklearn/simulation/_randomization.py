"""Random variation of bodies, mounts, motions and devices, drawn from the seed and the clip."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .._compat import DocumentationLink, Interval
from .._typing import Array
from ..body import BodyModel, Site
from ..motion import Motion
from ..skeleton import random_rotations, rotvec_from_matrix
from ._keys import keyed_rng
from ._noise import IMUNoise, resolve_noise

__all__ = ["ClipDraw", "Randomization", "draws_table"]

MAX_LENGTH_SD = 1.0
"""Largest standard deviation of a length in m; larger values must be in another unit."""

N_BETAS = 10
"""Number of shape coefficients that vary: the first ones, which explain most of the variance."""

_MAGNITUDE = Interval(Real, 0, None, closed="left")


class Randomization(DocumentationLink, BaseEstimator):
    """Random variation of bodies, sensors and motions from clip to clip.

    Everything is drawn before the simulation, so the readings are physically consistent. A draw
    depends only on the seed, the clip, the site and its own kind: a change of one parameter leaves
    the draws of the others as they are.

    Parameters
    ----------
    mount_angle : float, default=0.0
        Sensors are rotated about a random axis by an angle uniform in [0, `mount_angle`] rad. With
        pi, their orientation is uniform over all rotations.
    stature_sd : float, default=0.0
        Standard deviation of the change of body height in m.
    site_jitter : float, default=0.0
        Standard deviation of the displacement of a sensor along each axis of the rest pose, in m.
    betas_sd : float, default=0.0
        Standard deviation of the change of each of the first ten shape coefficients of a body of
        the SMPL family. One unit of a coefficient is one standard deviation of the population. The
        default body has no shape coefficients; use `stature_sd` with it.
    tempo : float, default=0.0
        Clips are played exp(u) times as fast with u uniform in [-`tempo`, `tempo`]. Velocities
        scale with this factor, accelerations with its square, gravity does not scale.
    mirror : float, default=0.0
        Probability that left and right are exchanged.
    device : list or tuple of IMUNoise or str, or None, default=None
        Error models or names of presets. Each clip gets one of them.

    See Also
    --------
    draws_table : The draws of many clips as a table.
    IMUNoise : Error model of a device.

    Examples
    --------
    >>> import numpy as np
    >>> from m3n_sklearn.simulation import Randomization, SMPLIMUSimulator
    >>> varied = Randomization(
    ...     mount_angle=np.deg2rad(20),
    ...     stature_sd=0.08,
    ...     site_jitter=0.01,
    ...     device=["mpu9250", "bmi270_estimate"],
    ... )
    >>> simulator = SMPLIMUSimulator(randomize=varied, random_state=0)
    """

    _parameter_constraints: dict[str, Any] = {
        "mount_angle": [_MAGNITUDE],
        "stature_sd": [_MAGNITUDE],
        "site_jitter": [_MAGNITUDE],
        "betas_sd": [_MAGNITUDE],
        "tempo": [_MAGNITUDE],
        "mirror": [Interval(Real, 0, 1, closed="both")],
        "device": [list, tuple, None],
    }

    def __init__(
        self,
        *,
        mount_angle: float = 0.0,
        stature_sd: float = 0.0,
        site_jitter: float = 0.0,
        betas_sd: float = 0.0,
        tempo: float = 0.0,
        mirror: float = 0.0,
        device: Sequence[IMUNoise | str] | None = None,
    ) -> None:
        self.mount_angle = mount_angle
        self.stature_sd = stature_sd
        self.site_jitter = site_jitter
        self.betas_sd = betas_sd
        self.tempo = tempo
        self.mirror = mirror
        self.device = device

    @property
    def changes_body(self) -> bool:
        """Whether each clip has its own body or site positions."""
        return self.stature_sd > 0 or self.site_jitter > 0 or self.betas_sd > 0

    @property
    def changes_motion(self) -> bool:
        """Whether clips are mirrored or played at another tempo."""
        return self.mirror > 0 or self.tempo > 0

    @property
    def is_random(self) -> bool:
        """Whether any random number is drawn."""
        moved = self.mount_angle > 0 or self.changes_body or self.changes_motion
        return moved or self.device is not None

    def _validate_params(self) -> None:
        super()._validate_params()
        # values in the wrong unit, which an interval alone cannot explain
        if self.mount_angle > np.pi + 1e-9:
            raise ValueError(
                f"mount_angle must be at most pi rad, got {self.mount_angle!r}: are these degrees? "
                "Convert with numpy.deg2rad."
            )
        for name, length in (("stature_sd", self.stature_sd), ("site_jitter", self.site_jitter)):
            if length > MAX_LENGTH_SD:
                raise ValueError(
                    f"{name} must be at most {MAX_LENGTH_SD:g} m, got {length!r}: are these "
                    "centimeters or millimeters?"
                )
        if self.tempo > 1:
            raise ValueError(
                "tempo is the logarithm of the largest factor (0.1 for about 10 %) and must be at "
                f"most 1, got {self.tempo!r}."
            )
        if self.device is not None:
            if len(self.device) == 0:
                raise ValueError("device must contain at least one device, or be None.")
            for device in self.device:
                resolve_noise(device)._validate_params()

    def draw(self, entropy: int, clip: bytes) -> ClipDraw:
        """Draw the variation of one clip.

        Parameters
        ----------
        entropy : int
            Seed of the run.
        clip : bytes
            Key of the clip.

        Returns
        -------
        ClipDraw
            Equal draws for equal arguments.
        """

        def rng(kind: str) -> np.random.Generator:
            """Return the generator of a clip for one kind of draw."""
            return keyed_rng(entropy, clip, kind)

        taller = self.stature_sd * float(rng("body").standard_normal()) if self.stature_sd else 0.0
        betas = rng("betas").standard_normal(N_BETAS).tolist() if self.betas_sd else []
        speed = float(np.exp(self.tempo * rng("tempo").uniform(-1, 1))) if self.tempo else 1.0
        mirrored = bool(rng("mirror").random() < self.mirror) if self.mirror else False
        name, noise = None, None
        if self.device is not None:
            place = int(rng("device").integers(len(self.device)))
            device = self.device[place]
            name, noise = (
                device if isinstance(device, str) else f"device {place}",
                resolve_noise(device),
            )
        return ClipDraw(
            spread=self,
            entropy=entropy,
            clip=clip,
            taller=taller,
            betas=tuple(self.betas_sd * beta for beta in betas),
            speed=speed,
            mirrored=mirrored,
            device=name,
            noise=noise,
        )


@dataclasses.dataclass(frozen=True)
class ClipDraw:
    """The draws of one clip.

    Attributes
    ----------
    spread : Randomization
        The distributions.
    entropy : int
        Seed of the run.
    clip : bytes
        Key of the clip.
    taller : float
        Change of stature in m.
    betas : tuple of float
        Changes of the first shape coefficients; empty if these do not vary.
    speed : float
        Factor of the tempo.
    mirrored : bool
        Whether left and right are exchanged.
    device : str or None
        Name of the device.
    noise : IMUNoise or None
        Error model of the device; None if devices do not vary.
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
        """Return the motion mirrored and at the drawn tempo; it starts at the same time."""
        played = motion.mirrored() if self.mirrored else motion
        if self.speed == 1 or played.n_frames == 1:
            return played
        start = played.times[0]
        return played.replace(times=start + (played.times - start) / self.speed)

    def body(self, body: BodyModel) -> BodyModel:
        """Return the body with the drawn shape and stature."""
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
        # the tails of the normal distribution would give bodies of no or negative height
        wanted = np.clip(body.stature + self.taller, 0.5 * body.stature, 1.5 * body.stature)
        return body.shaped(stature=float(wanted))

    def shift(self, site: str) -> Array:
        """Return the displacement (3,) of a sensor in m, along the axes of the rest pose."""
        if self.spread.site_jitter == 0:
            return np.zeros(3)
        rng = keyed_rng(self.entropy, self.clip, "site", site)
        return self.spread.site_jitter * rng.standard_normal(3)

    def site(self, site: Site) -> Site:
        """Return a resolved site (with bone and offset) with the drawn displacement."""
        if self.spread.site_jitter == 0 or site.offset is None:
            return site
        return dataclasses.replace(site, offset=site.offset + self.shift(site.name))

    def mount(self, site: str) -> Array:
        """Return the rotation (3, 3) of a sensor in its site; its columns are the sensor's axes."""
        if self.spread.mount_angle == 0:
            return np.eye(3)
        rng = keyed_rng(self.entropy, self.clip, "mount", site)
        return random_rotations(1, rng, self.spread.mount_angle)[0]

    def record(self, sites: Iterable[str], clip: str = "") -> dict[str, Any]:
        """Return the draws as one row of a table; see `SMPLIMUSimulator.draws` for its columns."""
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
    """Collect the draws of several clips into the columns of a table.

    Parameters
    ----------
    records : iterable of mapping
        One mapping per clip, all with the same keys.

    Returns
    -------
    dict of str to list
        One entry per clip in each column, as ``pandas.DataFrame`` accepts it.

    Raises
    ------
    ValueError
        If the keys differ.

    See Also
    --------
    SMPLIMUSimulator.draws : The table of a simulator's draws.

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
            raise ValueError(
                f"All records must have the same keys; these differ: {', '.join(odd)}."
            )
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
