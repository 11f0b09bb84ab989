"""Bad bodies and sites are refused with words that help."""

from __future__ import annotations

from m3n_sklearn.body import Site, body_from_smplx, default_body, resolve_sites

from ..refusals import cases, refuses

BODY = default_body()


@cases(
    (lambda: default_body("male", "tall"), TypeError, "stature must be a number of m"),
    (lambda: BODY.shaped(stature="tall"), TypeError, "stature must be a number of meters"),
    (lambda: BODY.joint_index("nose"), ValueError, "no joint 'nose'", "pelvis"),
    (lambda: BODY.joint_index(99), ValueError, "outside 0 to 23"),
    (lambda: BODY.joint_index(1.5), TypeError, "whole number", "1.5"),
    (lambda: resolve_sites(BODY, None), TypeError, "sites must be site names", "NoneType"),
    (lambda: resolve_sites("default", ["head"]), TypeError, "BodyModel", "default_body()"),
    (lambda: Site("watch"), ValueError, "no place", "bone="),
    (lambda: Site(3, bone="head", offset=[0, 0, 0]), TypeError, "non-empty string"),
    (lambda: Site("watch", bone="head", offset="abc"), ValueError, "shape (3,)"),
    (lambda: Site("watch", bone="head", offset=[0, 0, 30]), ValueError, "millimeters"),
    (lambda: Site("watch", vertices=[0.5]), TypeError, "whole numbers"),
    (lambda: body_from_smplx("SMPL.npz"), ValueError, "str is not a body", "v_template"),
    (lambda: body_from_smplx({"weights": 1}), ValueError, "dict is not a body", "J_regressor"),
)
def test_bodies_and_sites(call, error, words):
    refuses(call, error, *words)
