"""Human skeletons are recognized by their joint names and their tree."""

from __future__ import annotations

import re
import time

import pytest

from m3n_sklearn.motion import SKELETONS, SMPL_JOINTS, SkeletonMap
from m3n_sklearn.skeleton import SMPL_PARENTS, find_skeleton

from ..motion.dialects import DIALECTS

CENTER = ("spine1", "spine2", "spine3", "neck", "left_collar", "right_collar")


def tree(names, dropped=()):
    """Names and parents of SMPL's tree without some joints, whose children move up."""
    kept = [joint for joint in SMPL_JOINTS if joint in names and joint not in dropped]
    above = dict(zip(SMPL_JOINTS, [None, *(SMPL_JOINTS[p] for p in SMPL_PARENTS[1:])], strict=True))
    parents = []
    for joint in kept:
        parent = above[joint]
        while parent is not None and parent not in kept:
            parent = above[parent]
        parents.append(-1 if parent is None else kept.index(parent))
    return [names[joint] for joint in kept], parents


def joints(*branches):
    """Names and parents of a tree that is given as paths such as 'Hips LeftHip LeftKnee'."""
    names, parents = [], []
    for branch in branches:
        above = -1
        for name in branch.split():
            if name not in names:
                names.append(name)
                parents.append(above)
            above = names.index(name)
    return names, parents


def both(path):
    return path.replace("*", "Left"), path.replace("*", "Right")


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("dropped", [(), ("neck",), ("left_collar", "right_collar")])
def test_dialects_are_recognized(name, dropped):
    names, parents = tree(DIALECTS[name].joints, dropped)
    found = find_skeleton(names, parents).joints
    expected = {j: s for j, s in DIALECTS[name].joints.items() if j not in dropped}
    limbs = {joint: source for joint, source in expected.items() if "spine" not in joint}
    assert {joint: found.get(joint) for joint in limbs} == limbs
    spine = [source for joint, source in expected.items() if "spine" in joint]
    assert [found[joint] for joint in SMPL_JOINTS if joint in found and "spine" in joint] == spine


@pytest.mark.parametrize("count", range(8))
def test_any_number_of_spine_joints(count):
    spine = " ".join(["Hips", *(f"Back{k}" for k in range(count))])
    names, parents = joints(
        *both("Hips *UpLeg *Leg *Foot"), *both(f"{spine} *Shoulder *Arm *ForeArm *Hand")
    )
    found = find_skeleton(names, parents).joints
    assert found["pelvis"] == "Hips"
    chain = [found[joint] for joint in ("spine1", "spine2", "spine3") if joint in found]
    assert len(chain) == min(count, 3)
    assert chain[:1] == ["Back0"][:count] and (count < 2 or chain[-1] == f"Back{count - 1}")


@pytest.mark.parametrize(
    ("branches", "expected"),
    [
        # a joint between pelvis and hip, and ankle and hand by their second names
        (
            [*both("Hips *HipJoint *Hip *Knee *Foot *Toe"), *both("Hips Chest *Arm *Elbow *Hand")],
            {"left_hip": "LeftHip", "left_ankle": "LeftFoot", "left_wrist": "LeftHand"},
        ),
        # a bone in two parts: the joint is the upper one
        (
            [*both("Hips *UpLeg *UpLegRoll *Leg *Foot"), *both("Hips Chest *Arm *ForeArm *Hand")],
            {"left_hip": "LeftUpLeg", "left_knee": "LeftLeg"},
        ),
        # wrist and hand are two joints; fingers, eyes and ends are none
        (
            [
                *both("Hips *Thigh *Calf *Ankle *Foot *Toe"),
                *both("Hips Chest *Clavicle *Shoulder *UpperArm *LowerArm *Wrist *Hand *HandEnd"),
                *both("Hips Chest *Clavicle *Shoulder *UpperArm *LowerArm *Wrist *HandThumb1"),
                *both("Hips Chest Neck Head *Eye"),
            ],
            {
                "left_collar": "LeftClavicle",
                "left_shoulder": "LeftUpperArm",
                "left_wrist": "LeftWrist",
                "left_hand": "LeftHand",
                "left_foot": "LeftToe",
                "head": "Head",
            },
        ),
        # arms that go out from the neck, and legs that go out from a spine joint
        (
            [
                *both("Root Pelvis Spine *Thigh *Calf *Foot"),
                *both("Root Pelvis Spine Spine1 Neck *Clavicle *UpperArm *Forearm *Hand"),
                "Root Pelvis Spine Spine1 Neck Head",
            ],
            {
                "pelvis": "Spine",
                "spine1": "Spine1",
                "neck": "Neck",
                "right_collar": "RightClavicle",
            },
        ),
        # parts that are numbered
        (
            [*both("Hips *Leg1 *Leg2 *Foot"), *both("Hips Chest *Arm1 *Arm2 *Hand")],
            {"left_hip": "LeftLeg1", "left_knee": "LeftLeg2", "left_elbow": "LeftArm2"},
        ),
        # legs on a pelvis of their own, next to the spine
        (
            [*both("Hip Pelvis *Thigh *Shin *Foot"), *both("Hip Waist *Shldr *ForeArm *Hand")],
            {"pelvis": "Pelvis", "spine1": "Waist"},
        ),
    ],
)
def test_trees_decide_between_meanings(branches, expected):
    found = find_skeleton(*joints(*branches)).joints
    assert {joint: found.get(joint) for joint in expected} == expected


def test_skeletons_with_known_frames_come_first():
    known = SKELETONS["bandai_namco"]
    assert find_skeleton(*tree(known.joints)) is known


def test_unknown_skeletons_get_a_map_to_fill_in():
    names, parents = joints(*both("Hips *UpLeg *Leg *Foot"), *both("Hips Chest *Wing *Tip"))
    with pytest.raises(ValueError, match=r"left arm \(shoulder, elbow, wrist\), the r") as e:
        find_skeleton(names, parents)
    message = str(e.value)
    assert "axes=" in message and "tpose=" in message and "closest" not in message
    code = re.search(r"SkeletonMap\((\{.*?\})\)", message, re.DOTALL)[1]
    entries = eval(code)  # what a user would copy
    assert entries["left_knee"] == "LeftLeg" and entries["left_elbow"] == "..."
    own = {"left_shoulder": "LeftWing", "left_elbow": "LeftTip", "left_wrist": "LeftTip"}
    right = {joint.replace("left", "right"): "Right" + s[4:] for joint, s in own.items()}
    assert SkeletonMap({**entries, **own, **right}).joints["pelvis"] == "..."
    for count, more in ((3, False), (100, True)):
        with pytest.raises(ValueError, match="No human skeleton") as e:
            find_skeleton([f"bone{k}" for k in range(count)], range(-1, count - 1))
        assert (", .... Not found" in str(e.value)) == more


def test_repeated_names_are_refused_only_where_they_matter():
    names, parents = tree(DIALECTS["humanik"].joints)
    names, parents = [*names, "End", "End"], [*parents, 3, 4]
    assert find_skeleton(names, parents).joints["pelvis"] == "Hips"
    with pytest.raises(ValueError, match="LeftLeg occur more than once"):
        find_skeleton([*names, "LeftLeg"], [*parents, 0])


def test_two_people_in_one_tree_are_said():
    names, parents = tree(DIALECTS["humanik"].joints)
    count = len(names)
    pair = ["World", *(f"A:{name}" for name in names), *(f"B:{name}" for name in names)]
    above = [-1, *(parent + 1 for parent in parents)]
    above += [0, *(parent + 1 + count for parent in parents[1:])]
    with pytest.warns(UserWarning, match=r"left arm \(A:LeftArm, B:LeftArm\).*Took the first"):
        found = find_skeleton(pair, above).joints
    assert {name[:2] for name in found.values()} == {"A:"}


def test_large_trees_take_linear_time():
    names, parents = tree(DIALECTS["humanik"].joints)
    count = 20_000
    chain = [f"LeftHandJoint{k}" for k in range(count)]  # all of them may be hands
    deep = [len(names) - 1, *range(len(names), len(names) + count - 1)]
    start = time.process_time()
    find_skeleton([*names, *chain], [*parents, *deep])
    assert time.process_time() - start < 10.0


def test_own_skeleton_maps_are_checked():
    own = dict(DIALECTS["humanik"].joints)
    with pytest.raises(ValueError, match=r"Unknown SMPL joints.*tail"):
        SkeletonMap({**own, "tail": "tail"})
    del own["left_knee"]
    with pytest.raises(ValueError, match="lacks left_knee"):
        SkeletonMap(own)
