"""Random variation of bodies and mounts, with draws that depend on the clip and nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from ..body import BodyModel, Site
from ..motion.rotations import random_rotations
from ._checks import is_number

__all__ = ["ClipDraw", "Randomization", "keyed_rng", "stable_key"]

Array = NDArray[np.float64]


@dataclasses.dataclass(eq=True, repr=False)
class Randomization(BaseEstimator):
    """How bodies and sensors vary from clip to clip.

    Parameters
    ----------
    mount_angle : float, default=0.0
        Sensors are turned about a random axis by an angle uniform in [0, `mount_angle`] rad;
        with pi their orientation is uniform over all rotations.
    stature_sd : float, default=0.0
        Standard deviation of what is added to the body height, in m.
    site_jitter : float, default=0.0
        Standard deviation of the sensor's displacement along each axis, in m.

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

    @property
    def changes_body(self) -> bool:
        """Whether each clip has a body or site positions of its own."""
        return self.stature_sd > 0 or self.site_jitter > 0

    def check(self) -> None:
        """Complain about parameters that are no magnitudes.

        Raises
        ------
        ValueError
            If one is negative, not finite or no number, or the angle is above pi.
        """
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not is_number(value) or not 0 <= value < np.inf:
                raise ValueError(
                    f"{field.name} must be a finite number of at least 0, got {value!r}."
                )
        if self.mount_angle > np.pi + 1e-9:
            raise ValueError(
                f"mount_angle must be at most pi rad, got {self.mount_angle!r}: are these degrees? "
                "Convert with numpy.deg2rad."
            )

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
        rng = keyed_rng(entropy, clip, "body")
        return ClipDraw(self, entropy, clip, self.stature_sd * float(rng.standard_normal()))


class ClipDraw(NamedTuple):
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
    """

    spread: Randomization
    entropy: int
    clip: bytes
    taller: float

    def body(self, body: BodyModel) -> BodyModel:
        """Return the body with the drawn change of stature.

        Parameters
        ----------
        body : BodyModel
            Body of the person who moves.

        Returns
        -------
        BodyModel
            Taller or shorter; at least half and at most 1.5 times as tall.
        """
        if self.taller == 0:
            return body
        if body.stature is None:
            raise ValueError(
                f"stature_sd varies the stature, but that of {body.name} is not known: build it "
                "with stature=."
            )
        wanted = np.clip(body.stature + self.taller, 0.5 * body.stature, 1.5 * body.stature)
        return body.shaped(stature=float(wanted))

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
        shift = keyed_rng(self.entropy, self.clip, "site", site.name).standard_normal(3)
        return dataclasses.replace(site, offset=site.offset + self.spread.site_jitter * shift)

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


def stable_key(*parts: Any) -> bytes:
    """Digest ids and arrays into a key that is the same in every process.

    Parameters
    ----------
    *parts : object
        Arrays are taken with dtype, shape and values; anything else with type and text.

    Returns
    -------
    bytes
        16 bytes.

    Examples
    --------
    >>> stable_key("walk", 3) == stable_key("walk", 3) != stable_key("walk", "3")
    True
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        value = part.item() if isinstance(part, np.generic) else part
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype.str}{value.shape}".encode())
            digest.update(np.ascontiguousarray(value).tobytes())
        else:
            digest.update(f"{type(value).__name__}:{value!r};".encode())
    return digest.digest()


def keyed_rng(entropy: int, *key: bytes | str) -> np.random.Generator:
    """Return a generator that depends on a seed and a key only.

    Parameters
    ----------
    entropy : int
        Seed of the run.
    *key : bytes or str
        What the draw is for.

    Returns
    -------
    numpy.random.Generator
        Independent of all generators with another key.
    """
    words = np.frombuffer(stable_key(*key), dtype="<u4").tolist()
    return np.random.default_rng(np.random.SeedSequence([entropy, *words]))
