"""Maps from the joints of other skeletons to SMPL's."""

from __future__ import annotations

import pytest

from m3n_sklearn.motion import SKELETONS, SkeletonMap
from m3n_sklearn.skeleton._maps import find_skeleton


def test_skeletons_are_recognized_by_their_joints():
    for skeleton in SKELETONS.values():
        assert find_skeleton(skeleton.joints.values()) is skeleton
    with pytest.raises(ValueError, match=r"SkeletonMap.*skeleton="):
        find_skeleton(["a", "b"])


def test_own_skeleton_maps_are_checked():
    joints = dict(SKELETONS["cmu_asf"].joints)
    with pytest.raises(ValueError, match=r"Unknown SMPL joints.*tail"):
        SkeletonMap({**joints, "tail": "tail"})
    del joints["left_knee"]
    with pytest.raises(ValueError, match="lacks left_knee"):
        SkeletonMap(joints)
