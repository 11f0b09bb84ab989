"""Where sensors sit: named places on a body, or places of one's own."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from .._checks import list_of, real_array
from ..motion.proportions import LIMB_SEGMENTS, fitted_stature
from ._catalogue import CATALOGUE, Placement
from ._model import BodyModel
from ._surface_query import nearest_vertex, outermost_hit

__all__ = ["Site", "list_sites", "resolve_sites"]

Array = NDArray[np.float64]
# skin is looked for this far from the bone, by stature: beyond, it belongs to another limb
_REACH = 0.15
# a body never changes; what is placed on it is forgotten with it
_PLACED: WeakKeyDictionary[BodyModel, dict[str, Site]] = WeakKeyDictionary()
FARTHEST = 2.0
"""Metres. No sensor sits further from the bone that carries it."""


@dataclasses.dataclass(frozen=True, eq=False)
class Site:
    """A place on a body that carries a sensor, with the sensor's axes.

    Give `bone` and `offset`, or `vertices`, or both. `resolve_sites` fills in the rest for one
    body; a resolved site belongs to the body that it was resolved for.

    Parameters
    ----------
    name : str
        Name of the site; it names the channels.
    bone : str, int or None, default=None
        Joint whose bone carries the sensor, such as ``"left_elbow"`` for the forearm. With
        None it is the one with the largest skinning weight at `vertices`.
    offset : array-like of shape (3,) or None, default=None
        From that joint to the sensor in the rest pose, in m (x left, y up, z front). With None
        it leads to the (weighted) mean of `vertices`.
    orientation : array-like of shape (3, 3) or None, default=None
        Rotation from the sensor's to the rest pose's axes: its columns are the sensor's x, y
        and z axes seen in the rest pose. None is the identity.
    vertices : sequence of int or None, default=None
        Surface points whose skinning carries the sensor when it sits on the skin.
    vertex_weights : sequence of float or None, default=None
        Share of each vertex, of sum 1; None is equal shares.

    Raises
    ------
    ValueError
        If neither a place on a bone nor vertices are given, or a value is not usable.

    Examples
    --------
    >>> Site("shoe", bone="left_foot", offset=(0.0, 0.03, 0.0)).bone
    'left_foot'
    """

    name: str
    bone: str | int | None = None
    offset: Array | None = None
    orientation: Array = None  # type: ignore[assignment]  # the identity, once constructed
    vertices: tuple[int, ...] | None = None
    vertex_weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Convert, check and freeze."""
        if not isinstance(self.name, str) or not self.name:
            raise TypeError(f"A site needs a name, since it names channels; got {self.name!r}.")
        if self.vertices is None and (self.bone is None or self.offset is None):
            raise ValueError(
                f"Site {self.name!r} has no place: give bone= and offset= (m), or vertices=."
            )
        if self.vertices is None and self.vertex_weights is not None:
            raise ValueError(f"Site {self.name!r} has vertex_weights but no vertices.")
        checked = {
            "offset": None if self.offset is None else _offset(self.offset, self.name),
            "orientation": _rotation(self.orientation, self.name),
            "vertices": None if self.vertices is None else _whole(self.vertices, self.name),
            "vertex_weights": _shares(self.vertices, self.vertex_weights, self.name),
        }
        for key, value in checked.items():
            object.__setattr__(self, key, value)


def list_sites() -> tuple[str, ...]:
    """Names of the sites that every body with SMPL's joints has.

    Wrists (back of the distal forearm; ``_volar``: its inside), ankles (outside, above the
    malleolus), hips (side of the belt), pockets (front trouser pocket, a telephone upright),
    thighs (front middle), upper arms (outside middle), feet (instep), ears, chest (sternum),
    head (forehead) and lower back (over the lumbar spine).

    Returns
    -------
    tuple of str
        The names, in the catalogue's order.

    Examples
    --------
    >>> list_sites()[:2]
    ('left_wrist', 'right_wrist')
    """
    return tuple(CATALOGUE)


def resolve_sites(body: BodyModel, sites: str | Site | Iterable[str | Site]) -> list[Site]:
    """Find sites on a body.

    Named sites are placed on the skin: from a point on the bone outwards, to the outermost
    crossing with the surface in the rest pose. On a body without a surface they stand off the
    bone by a fixed share of the stature. Sites of one's own that have a bone and an offset
    take the skinning of the nearest vertex.

    The z axis of a named site points out of the body. Its y axis points up the body in the
    T-pose, with these exceptions: on the upper arm it points to the shoulder (up, when the arm
    hangs), on the foot to the toes, and at the wrist as on a watch that its wearer reads: z
    out of the glass on the back of the forearm, y to 12 o'clock (the side of the little
    finger), x to 3 o'clock along the forearm, which is towards the hand on the left wrist and
    towards the elbow on the right one. A watch worn on the inside of the wrist (``_volar``)
    has its 12 o'clock at the thumb's side, and x as before. This is the axis convention of
    telephones and watches, and it makes both wrists mirror images: a motion mirrored left to
    right yields ``(-ax, ay, az)`` and ``(gx, -gy, -gz)`` at the other side's site.

    Parameters
    ----------
    body : BodyModel
        The body.
    sites : str, Site or iterable of them
        Names of the catalogue (see `list_sites`), or own sites.

    Returns
    -------
    list of Site
        Sites with bone and offset, and vertices where the body has a surface.

    Raises
    ------
    ValueError
        If a name is not in the catalogue, a name occurs twice, there is no site, or the body
        lacks the bones or vertices of a site.

    Examples
    --------
    >>> from m3n_sklearn.body import default_body
    >>> [site] = resolve_sites(default_body(), ["left_wrist"])
    >>> site.bone, site.orientation[:, 2].round(2).tolist()  # z: up from the back of the hand
    ('left_elbow', [0.0, 1.0, 0.0])
    """
    if not isinstance(body, BodyModel):
        raise TypeError(
            f"body must be a BodyModel, such as default_body(), got {type(body).__name__}."
        )
    expected = "site names or Site objects, such as ('left_wrist', 'right_wrist')"
    single = isinstance(sites, str | Site)
    wanted: list[Any] = [sites] if single else list_of(sites, "sites", expected)
    if not wanted:
        raise ValueError(f"At least one site is needed; known names are {list(CATALOGUE)}.")
    resolved = [_resolve(body, site) for site in wanted]
    names = [site.name for site in resolved]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"Site names must differ, since they name channels; twice: {doubled}.")
    return resolved


def _resolve(body: BodyModel, site: str | Site) -> Site:
    if isinstance(site, str):
        if site not in CATALOGUE:
            close = difflib.get_close_matches(site, CATALOGUE, n=1, cutoff=0.5)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"Unknown site {site!r}.{hint} Known names are {list(CATALOGUE)}; "
                f"for a place of your own give a Site."
            )
        return _named(body, site)
    if not isinstance(site, Site):
        raise TypeError(f"A site is a name or a Site, got {type(site).__name__}.")
    return _bind(body, site)


def _named(body: BodyModel, name: str) -> Site:
    """Look up a site of the catalogue; searching the surface takes time, and neither changes."""
    placed = _PLACED.setdefault(body, {})
    if name not in placed:
        placed[name] = _place(body, name, CATALOGUE[name])
    return placed[name]


def _place(body: BodyModel, name: str, place: Placement) -> Site:
    """Put a site of the catalogue onto a body."""
    bone, start, end = (body.joint_index(j) for j in (place.bone, place.start, place.end))
    foot, tip = body.rest_joints[start], body.rest_joints[end]
    axis = tip - foot
    length = float(np.linalg.norm(axis))
    size = _size(body)
    inside = foot + place.fraction * axis + (0.0, place.lift * size, 0.0)
    outward = np.asarray(place.outward) / np.linalg.norm(place.outward)
    if place.limb:
        outward = _orthonormal(outward, axis / length)
    up = _orthonormal(np.asarray(place.up), outward)
    orientation = np.column_stack([np.cross(up, outward), up, outward])
    hit = None
    if body.vertices is not None and body.faces is not None:
        hit = outermost_hit(body.vertices, body.faces, inside, outward, _REACH * size)
    if hit is not None:
        point, vertices, shares = hit
    else:
        point, vertices, shares = inside + place.radius * size * outward, None, None
    site = Site(
        name=name,
        bone=body.joint_names[bone],
        offset=point - body.rest_joints[bone],
        orientation=orientation,
        vertices=vertices,
        vertex_weights=shares,
    )
    return _bind(body, site)


def _size(body: BodyModel) -> float:
    """Stature, or what fits the limbs."""
    if body.stature is not None:
        return body.stature
    joint = dict(zip(body.joint_names, body.rest_joints, strict=True))
    lengths = {
        segment: float(np.linalg.norm(joint[f"{side}_{end}"] - joint[f"{side}_{start}"]))
        for segment, (start, end) in LIMB_SEGMENTS.items()
        for side in ("left", "right")
        if {f"{side}_{start}", f"{side}_{end}"} <= joint.keys()
    }
    if not lengths:
        raise ValueError(
            f"The stature of {body.name} is not known: give stature= when building it."
        )
    return fitted_stature(lengths)


def _bind(body: BodyModel, site: Site) -> Site:
    """Fill in what a site leaves open, and check what it does not."""
    bone, offset = site.bone, site.offset
    vertices, shares = site.vertices, site.vertex_weights
    if bone is not None:
        bone = body.joint_names[body.joint_index(bone)]
    if vertices is not None and (body.vertices is None or body.weights is None):
        raise ValueError(
            f"Site {site.name!r} sits on vertices, but {body.name} has no surface: "
            f"give bone= and offset= instead."
        )
    if vertices is not None and not all(0 <= v < body.n_vertices for v in vertices):
        raise ValueError(
            f"Site {site.name!r} has vertices {vertices}, but {body.name} has only "
            f"{body.n_vertices} of them."
        )
    if body.vertices is not None and body.weights is not None:
        if vertices is None:
            assert bone is not None  # a site without vertices has a bone
            point = body.rest_joints[body.joint_index(bone)] + offset
            vertices, shares = (nearest_vertex(body.vertices, point),), (1.0,)
        chosen, portion = list(vertices), np.asarray(shares)
        if bone is None:
            bone = body.joint_names[np.argmax(portion @ body.weights[chosen])]
        if offset is None:
            middle = portion @ body.vertices[chosen]
            offset = middle - body.rest_joints[body.joint_index(bone)]
    return dataclasses.replace(
        site, bone=bone, offset=offset, vertices=vertices, vertex_weights=shares
    )


def _orthonormal(vector: Array, against: Array) -> Array:
    rest = vector - (vector @ against) * against
    return rest / np.linalg.norm(rest)


def _offset(values: Any, name: str) -> Array:
    array = _finite(values, (3,), name)
    if np.abs(array).max() > FARTHEST:
        raise ValueError(
            f"The offset of site {name!r} is {np.abs(array).max():.4g} m from its bone: are these "
            "millimetres or centimetres? Give metres."
        )
    return array


def _whole(vertices: Any, name: str) -> tuple[int, ...]:
    numbers = np.asarray(vertices)
    if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind not in "iu"):
        raise TypeError(f"The vertices of site {name!r} must be whole numbers, got {vertices!r}.")
    return tuple(numbers.tolist())


def _finite(values: Any, shape: tuple[int, ...], name: str) -> Array:
    array = real_array(values, f"Site {name!r}", f"finite values of shape {shape}")
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(
            f"Site {name!r} needs finite values of shape {shape}, got shape {array.shape}."
        )
    array.flags.writeable = False
    return array


def _rotation(values: object, name: str) -> Array:
    matrix = _finite(np.eye(3) if values is None else values, (3, 3), name)
    if abs(matrix.T @ matrix - np.eye(3)).max() > 1e-6 or np.linalg.det(matrix) < 0:
        raise ValueError(
            f"The orientation of site {name!r} must be a rotation matrix (orthonormal columns, "
            f"determinant +1), got determinant {np.linalg.det(matrix):.4g}."
        )
    return matrix


def _shares(
    vertices: Sequence[int] | None, shares: Sequence[float] | None, name: str
) -> tuple[float, ...] | None:
    if vertices is None:
        return None
    if len(vertices) == 0:
        raise ValueError(f"Site {name!r} has an empty list of vertices.")
    values = _finite(
        np.full(len(vertices), 1 / len(vertices)) if shares is None else shares,
        (len(vertices),),
        name,
    )
    if abs(values.sum() - 1) > 1e-6:
        raise ValueError(f"The vertex_weights of site {name!r} must sum to 1, got {values.sum()}.")
    return tuple(float(v) for v in values)
