"""Trackers' joint orders, names in any spelling, and positions that are 2-D or missing."""

from __future__ import annotations

import re

import numpy as np
import pytest

from m3n_sklearn.motion import JOINT_SETS, SMPL_JOINTS, motion_from_joints
from m3n_sklearn.skeleton import columns_by_name

from .dialects import DIALECTS
from .reference import CAMERA, RATE, Y_UP, assert_same, points, positions

FACE = "nose left_eye right_eye left_ear right_ear"
PAIRS = "shoulder elbow wrist hip knee ankle"
COCO = f"{FACE} " + " ".join(f"left_{j} right_{j}" for j in PAIRS.split())
# the orders as their makers publish them, in SMPL's words; "." stands for any other point
ORDERS = {
    "coco17": COCO,
    "halpe26": COCO + " . mid_shoulders mid_hips left_big_toe right_big_toe left_small_toe "
    "right_small_toe . .",
    "body25": "nose mid_shoulders right_shoulder right_elbow right_wrist left_shoulder left_elbow "
    "left_wrist mid_hips right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye "
    "left_eye right_ear left_ear left_big_toe left_small_toe . right_big_toe right_small_toe .",
    "kinect20": "head neck spine1 pelvis left_shoulder left_elbow left_wrist left_hand "
    "right_shoulder right_elbow right_wrist right_hand left_hip left_knee left_ankle left_foot "
    "right_hip right_knee right_ankle right_foot",
    "kinect25": "mid_hips spine2 . head left_shoulder left_elbow left_wrist left_hand "
    "right_shoulder right_elbow right_wrist right_hand left_hip left_knee left_ankle left_foot "
    "right_hip right_knee right_ankle right_foot neck . . . .",
    "azure32": "mid_hips spine1 spine3 neck . left_shoulder left_elbow left_wrist left_hand . . . "
    "right_shoulder right_elbow right_wrist right_hand . . left_hip left_knee left_ankle left_foot "
    "right_hip right_knee right_ankle right_foot head nose left_eye left_ear right_eye right_ear",
    "h36m17": "mid_hips right_hip right_knee right_ankle left_hip left_knee left_ankle spine2 neck "
    "nose head left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist",
    "smpl22": " ".join(SMPL_JOINTS[:22]),
    "smpl24": " ".join(SMPL_JOINTS),
    "smplx55": " ".join(SMPL_JOINTS[:22]) + " . . . . . . left_hand" + 14 * " ." + " right_hand"
    + 11 * " .",
    "smplh52": " ".join(SMPL_JOINTS[:22]) + " . . . left_hand" + 14 * " ." + " right_hand"
    + 11 * " .",
    "mhr70": f"{FACE} left_shoulder right_shoulder left_elbow right_elbow left_hip right_hip "
    "left_knee right_knee left_ankle right_ankle left_big_toe left_small_toe . right_big_toe "
    "right_small_toe ." + 7 * " ." + " right_index" + 11 * " ." + " right_pinky right_wrist"
    + 7 * " ." + " left_index" + 11 * " ." + " left_pinky left_wrist" + 6 * " ." + " .",
    "mediapipe33": "nose . left_eye . . right_eye . left_ear right_ear . . left_shoulder "
    "right_shoulder left_elbow right_elbow left_wrist right_wrist left_pinky right_pinky "
    "left_index right_index . . left_hip right_hip left_knee right_knee left_ankle right_ankle "
    ". . left_foot right_foot",
}  # fmt: skip
AXES = {"y": Y_UP, "-y": CAMERA, "z": np.eye(3)}
UP = dict.fromkeys(("kinect20", "kinect25", "smpl22"), "y") | dict.fromkeys(
    ("azure32", "mhr70", "mediapipe33"), "-y"
)


def seen_as(order):
    """Positions (F, K, 3) of a tracker, z up; points that it does not share are far away."""
    known = points()
    for part in ("hip", "shoulder"):
        known[f"mid_{part}s"] = (known[f"left_{part}"] + known[f"right_{part}"]) / 2
    known["."] = known["nose"] + 7.0
    return np.stack([known[name] for name in order.split()], axis=1)


@pytest.mark.parametrize("name", JOINT_SETS)
def test_every_joint_set_gives_the_same_motion(name):
    """In the axes of the tracker, without any option but its rate; without one word."""
    given = seen_as(ORDERS[name])
    motion = motion_from_joints(given @ AXES[UP.get(name, "z")].T, name, rate=RATE)
    assert motion.source == name and motion.stature == pytest.approx(1.75, rel=0.01)
    assert_same(motion)


def test_the_number_of_joints_may_say_the_order():
    for name in ("halpe26", "smpl22", "azure32", "mhr70"):
        given = seen_as(ORDERS[name]) @ AXES[UP.get(name, "z")].T
        assert motion_from_joints(given, rate=RATE).source == name
    for count, names in ((17, "'coco17' or 'h36m17'"), (25, "'kinect25' or 'body25'")):
        with pytest.raises(ValueError, match=f"{count} joints may be {names}.*layout="):
            motion_from_joints(np.ones((5, count, 3)), rate=RATE)
    with pytest.raises(ValueError, match=r"No known joint set has 19 joints: kinect20 20, .*lay"):
        motion_from_joints(np.ones((5, 19, 3)), rate=RATE)


@pytest.mark.parametrize("name", ["COCO-17", "coco_17", "Coco17"])
def test_names_of_sets_in_other_spellings(name):
    assert motion_from_joints(seen_as(ORDERS["coco17"]), name, rate=RATE).source == "coco17"


@pytest.mark.parametrize(("given", "claimed"), [("h36m17", "coco17"), ("body25", "kinect25")])
def test_a_wrong_order_is_noticed(given, claimed):
    with pytest.warns(UserWarning) as said:
        motion_from_joints(seen_as(ORDERS[given]), claimed, rate=RATE)
    assert re.search(rf"factor of .*fit layout='{given}'", str(said[0].message))


SPELLINGS = {
    "coco": "nose {0}_eye {0}_ear {0}_shoulder {0}_elbow {0}_wrist {0}_hip {0}_knee {0}_ankle",
    "sdk": "HEAD SHOULDER_{0} ELBOW_{0} WRIST_{0} HAND_{0} HIP_{0} KNEE_{0} ANKLE_{0} FOOT_{0}",
    "camel": "Head Shoulder{0} Elbow{0} Wrist{0} Hand{0} Hip{0} Knee{0} Ankle{0} Foot{0}",
    "letter": "Neck {1}Shoulder {1}Elbow {1}Wrist {1}Hip {1}Knee {1}Ankle {1}BigToe {1}SmallToe",
    "humanik": "Hips Neck Head {0}Shoulder {0}Arm {0}ForeArm {0}Hand {0}UpLeg {0}Leg {0}Foot "
    "{0}ToeBase",
    "mixamo": "mixamorig:{0}Shoulder mixamorig:{0}Arm mixamorig:{0}ForeArm mixamorig:{0}Hand "
    "mixamorig:{0}UpLeg mixamorig:{0}Leg mixamorig:{0}Foot",
    "dots": "{1}.Shoulder {1}.Elbow {1}.Wrist {1}.Hip {1}.Knee {1}.Ankle",
    "suffix": "shoulder.{1} elbow.{1} wrist.{1} hip.{1} knee.{1} ankle.{1}",
    "blanks": "{0}&shoulder {0}&elbow {0}&wrist {0}&hip {0}&knee {0}&ankle",
    "centers": "{1}HJC {1}KJC {1}AJC {1}SJC {1}EJC {1}WJC",
    "plugin": "{1}FEP {1}FEO {1}TIO {1}CLO {1}HUO {1}RAO",
    "opencap": "{1}HJC_study {1}_knee_study {1}_mknee_study {1}_ankle_study {1}_mankle_study "
    "{1}_shoulder_study {1}_lelbow_study {1}_melbow_study {1}_lwrist_study {1}_mwrist_study",
    "segments": "{0}UpperArm {0}ForeArm {0}Hand {0}UpperLeg {0}LowerLeg {0}Foot {0}Toe",
    "glued": "{1}shoulder {1}elbow {1}wrist {1}hip {1}knee {1}ankle",
}
LIMB_JOINTS = {f"{s}_{j}" for s in ("left", "right") for j in PAIRS.split()}


@pytest.mark.parametrize("style", SPELLINGS)
@pytest.mark.parametrize("case", [str.lower, str.upper, str])
def test_names_of_joints_in_usual_spellings(style, case):
    words = []
    for side in ("Left", "Right"):
        for word in SPELLINGS[style].split():
            name = word.format(case(side), case(side[0])).replace("&", " ")
            if name not in words:
                words.append(name)
    found = columns_by_name(words)
    assert found.keys() >= LIMB_JOINTS
    for joint, columns in found.items():
        side = joint.partition("_")[0]
        if side in ("left", "right"):
            assert {k < len(words) / 2 for k in columns} == {side == "left"} or "Neck" in words


def test_autodesk_names_are_those_of_the_bone_below():
    order = "LeftShoulder LeftArm LeftForeArm LeftHand LeftUpLeg LeftLeg LeftFoot LeftToeBase"
    found = columns_by_name(order.split())
    joints = ["collar", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot"]
    assert found == {f"left_{joint}": (k,) for k, joint in enumerate(joints)}


@pytest.mark.parametrize("name", DIALECTS)
def test_names_of_skeletons_are_also_names_of_positions(name):
    skeleton = DIALECTS[name].joints
    columns = columns_by_name(list(skeleton.values()))
    assert columns.keys() >= LIMB_JOINTS
    given = list(skeleton)
    for joint, (column,) in columns.items():
        # Kinect's "spine shoulder" lies where SMPL's neck does
        assert given[column] == joint or (name == "kinect" and joint == "neck")


def test_columns_without_known_joints_name_the_joint_sets():
    with pytest.raises(ValueError, match=r"Pass layout=.*a joint set: .*coco17 17"):
        motion_from_joints(seen_as(COCO), [f"point{k}" for k in range(17)], rate=RATE)


def test_layouts_of_names_and_of_means():
    names = ORDERS["coco17"].split()
    given = seen_as(ORDERS["coco17"])
    assert_same(motion_from_joints(given, names, rate=RATE))
    # both knees as the middle of two points
    apart = np.concatenate([given, given[:, 13:15] + [0.05, 0, 0]], axis=1)
    apart[:, 13:15] -= [0.05, 0, 0]
    layout = {name: k for k, name in enumerate(names) if name in LIMB_JOINTS}
    layout |= {"left_knee": (13, 17), "right_knee": [14, 18]}
    assert_same(motion_from_joints(apart, layout, rate=RATE))
    with pytest.raises(ValueError, match=r"lacks left_hip.*Not understood.*: nose, .*pelvo"):
        motion_from_joints(given, [n.replace("hip", "pelvo") for n in names], rate=RATE)
    with pytest.raises(ValueError, match="16 joint names, but the positions have 17"):
        motion_from_joints(given, names[1:], rate=RATE)
    with pytest.raises(TypeError, match="layout must be 'auto'"):
        motion_from_joints(given, {"left_hip": "eleven"}, rate=RATE)


@pytest.mark.parametrize(
    "flat",
    [
        lambda p: p[..., :2],
        lambda p: np.concatenate([p[..., :2], np.zeros_like(p[..., :1])], axis=-1),
        lambda p: np.concatenate([900 + 300 * p[..., :2], np.full_like(p[..., :1], 0.8)], axis=-1),
        lambda p: np.concatenate(
            [900 + 300 * p[..., :2], np.random.default_rng(0).random(p[..., :1].shape)], axis=-1
        ),
    ],
    ids=["two", "flat", "score", "scores"],
)
def test_positions_in_an_image_are_refused(flat):
    with pytest.raises(ValueError, match=r"2-D: a third coordinate.*do not determine a motion"):
        motion_from_joints(flat(seen_as(COCO) @ Y_UP.T), "coco17", rate=RATE)


def test_a_fourth_coordinate_is_the_confidence():
    given = seen_as(COCO)
    score = np.full((*given.shape[:2], 1), 0.9)
    score[:, COCO.split().index("left_wrist")] = 0.2
    motion = motion_from_joints(np.concatenate([given, score], axis=-1), "coco17", rate=RATE)
    assert_same(motion.replace(confidence=None))
    found = dict(zip(SMPL_JOINTS, motion.confidence[0], strict=True))
    assert found["left_elbow"] == 0.2 and found["right_elbow"] == 0.9
    percent = np.concatenate([given, 100 * score], axis=-1)
    with pytest.raises(ValueError, match=r"confidence from 0 to 1.*reaches from 20 to 90"):
        motion_from_joints(percent, "coco17", rate=RATE)


def test_zeros_are_joints_that_are_not_seen():
    given = seen_as(COCO)
    lost = given.copy()
    lost[20:25, COCO.split().index("left_wrist")] = 0.0
    with pytest.warns(UserWarning, match=r"\(0, 0, 0\) count as missing.*left_wrist in 5 of 100"):
        motion = motion_from_joints(lost, "coco17", rate=RATE)
    left = SMPL_JOINTS.index("left_elbow")
    assert not motion.observed[20:25, left].any() and motion.observed[:, left].sum() == 95
    lost[20:25] = np.nan
    with_nan = motion_from_joints(lost, "coco17", rate=RATE)
    np.testing.assert_allclose(with_nan.poses[:, left], motion.poses[:, left], atol=0.02)
    # nobody in the picture for a second
    lost = given.copy()
    lost[20:80] = 0.0
    with (
        pytest.raises(ValueError, match=r"missing from frame 20 to 79.*max_gap"),
        pytest.warns(UserWarning, match=r"count as missing"),
    ):
        motion_from_joints(lost, "coco17", rate=RATE)


def test_a_pelvis_at_the_origin_is_not_missing():
    joints = positions() - positions()[:, :1]
    assert motion_from_joints(joints, "smpl24", rate=RATE).observed is None


def test_optional_joints_that_are_lost_for_long_are_left_out():
    lost = seen_as(COCO)
    lost[10:60, 3] = np.nan
    with pytest.warns(UserWarning, match=r"Left out head: missing for longer than max_gap=0.25 s"):
        motion = motion_from_joints(lost, "coco17", rate=RATE)
    assert_same(motion)


def test_giants_may_be_positions_without_a_unit():
    with pytest.warns(UserWarning, match=r"person 2.3.* m tall: either a giant.*stature="):
        motion_from_joints(1.35 * seen_as(COCO), "coco17", rate=RATE)


@pytest.mark.parametrize(
    ("shape", "message"),
    [((9, 51), r"reshape\(len"), ((9, 2, 17, 3), "select one of them"), ((17, 3, 9), "transpose")],
)
def test_other_shapes_are_explained(shape, message):
    with pytest.raises(ValueError, match=message):
        motion_from_joints(np.ones(shape), "coco17", rate=RATE)
