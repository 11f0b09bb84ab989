"""Which body plays a clip, and where the sensors sit on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..body import BodyModel, Site, body_from_smplx, default_body, resolve_sites

__all__ = ["Person", "Wardrobe"]


class Person(NamedTuple):
    """What decides about a body.

    Attributes
    ----------
    sex : {"neutral", "male", "female"}
        For bodies that come in variants.
    stature : float or None
        In m.
    betas : tuple of float or None
        Shape coefficients.
    """

    sex: str = "neutral"
    stature: float | None = None
    betas: tuple[float, ...] | None = None

    @classmethod
    def of(cls, sex: Any, stature: Any, betas: Any) -> Person:
        """Collect what is known; a stature that is not finite is not known."""
        height = float(stature) if stature is not None and np.isfinite(stature) else None
        shape = None if betas is None else tuple(np.asarray(betas, dtype=np.float64).tolist())
        return cls("neutral" if sex is None else str(sex), height, shape)


class Wardrobe:
    """Bodies and their sensor sites, each built once.

    Parameters
    ----------
    body : "default", BodyModel or smplx-like object
        As given to the simulator.
    sites : str, Site or sequence of them
        As given to the simulator.
    """

    def __init__(self, body: Any, sites: str | Site | Sequence[str | Site]) -> None:
        self._body = _checked(body)
        self._sites = sites
        self._fitted: dict[Person, tuple[BodyModel, list[Site]]] = {}

    def dress(self, person: Person) -> tuple[BodyModel, list[Site]]:
        """Return the body of a person and its resolved sites.

        Parameters
        ----------
        person : Person
            Who plays the clip.

        Returns
        -------
        body : BodyModel
            With that person's stature and shape, where the model knows them.
        sites : list of Site
            Resolved on it.
        """
        if person not in self._fitted:
            body = self._shape(person)
            self._fitted[person] = body, self.sites_on(body)
        return self._fitted[person]

    def sites_on(self, body: BodyModel) -> list[Site]:
        """Resolve the sites on any body."""
        return resolve_sites(body, self._sites)

    def bones(self) -> list[str]:
        """Names of the bones that carry the sensors."""
        body, sites = self.dress(Person())
        return [
            str(body.joint_names[body.joint_index(site.bone)])
            for site in sites
            if site.bone is not None
        ]

    def _shape(self, person: Person) -> BodyModel:
        if self._body is None:
            return default_body(person.sex, person.stature)
        # further coefficients describe ever finer detail: a body that lacks them goes without
        known = self._body.n_betas
        betas = person.betas[:known] if person.betas and known else None
        return self._body.shaped(betas=betas, stature=person.stature)


def _checked(body: Any) -> BodyModel | None:
    """Body model that was given, None for the default one."""
    if isinstance(body, str):
        if body != "default":
            raise ValueError(
                f"body must be 'default', a BodyModel or an smplx-like object, got {body!r}."
            )
        return None
    return body if isinstance(body, BodyModel) else body_from_smplx(body)
