"""Positions of the far ends of bones, whose tracks contain the motion of all joints before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._algebra import apply, compose, matrices
from ._model import BodyModel
from ._plan import PointPlan, Points

__all__ = ["BoneEnd"]

Array = NDArray[np.float64]


class BoneEnd:
    """The far end of one bone; `joints` are those of the pose that move it, increasing."""

    def __init__(self, body: BodyModel, bone: int, n_joints: int) -> None:
        rest, parents = body.rest_joints, np.asarray(body.parents)
        children = rest[parents == bone]
        if len(children):
            end = children[np.argmax(np.linalg.norm(children - rest[bone], axis=1))]
        else:
            end = 2 * rest[bone] - rest[max(int(parents[bone]), 0)]
        points = Points(np.eye(body.n_joints)[[bone]], end[None], None)
        self.joints, self._plan = PointPlan.of(body, points, n_joints).driven()

    def positions(self, quats: Array, trans: Array) -> Array:
        """Return positions (F, B, 3) for quaternions (F, B, J, 4) and translations (F, B, 3)."""
        turns = quats[:, :, self.joints]
        plan = self._plan
        local = np.ascontiguousarray(turns[:, :, plan.moving].transpose(3, 2, 0, 1))
        local[1:, plan.still], local[0, plan.still] = 0.0, 1.0
        local /= np.sqrt(np.sum(local * local, axis=0))
        position = trans.transpose(2, 0, 1) + plan.offsets[0][:, None, None]
        rotation = matrices(local[:, 0])
        for bone in range(1, len(plan.parents)):  # a chain: the parent is the bone before
            position = position + apply(rotation, plan.offsets[bone][:, None, None])
            rotation = compose(rotation, matrices(local[:, bone]))
        position = position + apply(rotation, (plan.points[0] - plan.rest[-1])[:, None, None])
        return position.transpose(1, 2, 0)
