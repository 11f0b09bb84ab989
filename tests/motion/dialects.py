"""The joint names that programs give to human skeletons, as maps from SMPL's joints."""

from __future__ import annotations

from m3n_sklearn.motion import SkeletonMap


def dialect(center: str, sides: str, left: str, right: str) -> SkeletonMap:
    """Pelvis, spine, neck and head; then the limbs, with * for the side and - for none."""
    trunk = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
    limbs = (
        *("collar", "shoulder", "elbow", "wrist", "hand"),
        *("hip", "knee", "ankle", "foot"),
    )
    joints = dict(zip(trunk, center.split(","), strict=True))
    for side, word in (("left", left), ("right", right)):
        for joint, pattern in zip(limbs, sides.split(","), strict=True):
            joints[f"{side}_{joint}"] = pattern.replace("*", word)
    return SkeletonMap({joint: name for joint, name in joints.items() if name != "-"})


def prefixed(prefix: str, names: str) -> str:
    """Put a prefix before each name."""
    return ",".join(name if name == "-" else prefix + name for name in names.split(","))


HIK_CENTER = "Hips,Spine,Spine1,Spine2,Neck,Head"
HIK = "*Shoulder,*Arm,*ForeArm,*Hand,-,*UpLeg,*Leg,*Foot,*ToeBase"
CLASSIC = "*Collar,*Shoulder,*Elbow,*Wrist,-,*Hip,*Knee,*Ankle,*Toe"
BIPED = "# * Clavicle,# * UpperArm,# * Forearm,# * Hand,-,# * Thigh,# * Calf,# * Foot,# * Toe0"
BIPED_CENTER = "# Pelvis,# Spine,# Spine1,# Spine2,# Neck,# Head"
SMPL = "*_collar,*_shoulder,*_elbow,*_wrist,*_hand,*_hip,*_knee,*_ankle,*_foot"
LR = ("Left", "Right")

DIALECTS = {
    "humanik": dialect(HIK_CENTER, HIK, *LR),
    "mixamo": dialect(prefixed("mixamorig:", HIK_CENTER), prefixed("mixamorig:", HIK), *LR),
    "mixamo without colons": dialect(
        prefixed("mixamorig", HIK_CENTER), prefixed("mixamorig", HIK), *LR
    ),
    "lower case": dialect(HIK_CENTER.lower(), HIK.lower(), "left", "right"),
    "lower case, prefix": dialect(
        prefixed("rig_", HIK_CENTER.lower()), prefixed("rig", HIK.lower()), "left", "right"
    ),
    "perception neuron": dialect(prefixed("Robot_", HIK_CENTER), prefixed("Robot_", HIK), *LR),
    "cmu motionbuilder": dialect("Hips,LowerBack,Spine,Spine1,Neck,Head", HIK, *LR),
    "cmu asf": dialect(
        "root,lowerback,upperback,thorax,lowerneck,head",
        "*clavicle,*humerus,*radius,*wrist,*hand,*femur,*tibia,*foot,*toes",
        "l",
        "r",
    ),
    "cmu expmap": dialect(
        "hips,lowerback,spine,spine1,neck,head",
        "*_shoulder,*_arm,*_forearm,*_hand,-,*_upleg,*_leg,*_foot,-",
        "l",
        "r",
    ),
    "daz": dialect(
        "hip,abdomen,-,chest,neck,head",
        "*Collar,*Shldr,*ForeArm,*Hand,-,*Thigh,*Shin,*Foot,-",
        "l",
        "r",
    ),
    "genesis": dialect(
        "pelvis,abdomenLower,abdomenUpper,chestLower,neckLower,head",
        "*Collar,*ShldrBend,*ForearmBend,*Hand,-,*ThighBend,*Shin,*Foot,*Toe",
        "l",
        "r",
    ),
    "classic": dialect("Hips,Chest,Chest2,Chest3,Neck,Head", CLASSIC, *LR),
    "biovision": dialect(
        "Hips,Chest,-,-,Neck,Head",
        "*Collar,*UpArm,*LowArm,*Hand,-,*UpLeg,*LowLeg,*Foot,-",
        *LR,
    ),
    "biped": dialect(BIPED_CENTER.replace("#", "Bip01"), BIPED.replace("#", "Bip01"), "L", "R"),
    "biped with underscores": dialect(
        BIPED_CENTER.replace("#", "Bip001").replace(" ", "_"),
        BIPED.replace("#", "Bip001").replace(" ", "_"),
        "L",
        "R",
    ),
    "smpl": dialect("pelvis,spine1,spine2,spine3,neck,head", SMPL, "left", "right"),
    "smpl in maya": dialect(
        "f_avg_Pelvis,f_avg_Spine1,f_avg_Spine2,f_avg_Spine3,f_avg_Neck,f_avg_Head",
        "f_avg_*_Collar,f_avg_*_Shoulder,f_avg_*_Elbow,f_avg_*_Wrist,f_avg_*_Hand,"
        "f_avg_*_Hip,f_avg_*_Knee,f_avg_*_Ankle,f_avg_*_Foot",
        "L",
        "R",
    ),
    "lafan1": dialect(
        "Hips,Spine,Spine1,Spine2,Neck,Head",
        "*Shoulder,*Arm,*ForeArm,*Hand,-,*UpLeg,*Leg,*Foot,*Toe",
        *LR,
    ),
    "xsens": dialect(
        "Pelvis,L5,L3,T8,Neck,Head",
        "*Shoulder,*UpperArm,*ForeArm,*Hand,-,*UpperLeg,*LowerLeg,*Foot,*Toe",
        *LR,
    ),
    "rokoko": dialect(
        "Hip,Spine1,Spine2,Spine3,Neck,Head",
        "*Shoulder,*Arm,*ForeArm,*Hand,-,*Thigh,*Shin,*Foot,*Toe",
        *LR,
    ),
    "unreal": dialect(
        "pelvis,spine_01,spine_02,spine_03,neck_01,head",
        "clavicle_*,upperarm_*,lowerarm_*,hand_*,-,thigh_*,calf_*,foot_*,ball_*",
        "l",
        "r",
    ),
    "rigify": dialect(
        "spine,spine.001,spine.002,spine.003,neck,head",
        "shoulder.*,upper_arm.*,forearm.*,hand.*,-,thigh.*,shin.*,foot.*,toe.*",
        "L",
        "R",
    ),
    "rigify, numbered": dialect(
        "DEF-spine,DEF-spine.001,DEF-spine.002,DEF-spine.003,DEF-spine.004,DEF-spine.006",
        prefixed("DEF-", "shoulder.*,upper_arm.*,forearm.*,hand.*,-,thigh.*,shin.*,foot.*,toe.*"),
        "L",
        "R",
    ),
    "unity": dialect(
        "Hips,Spine,Chest,UpperChest,Neck,Head",
        "*Shoulder,*UpperArm,*LowerArm,*Hand,-,*UpperLeg,*LowerLeg,*Foot,*Toes",
        *LR,
    ),
    "vrm": dialect(
        "J_Bip_C_Hips,J_Bip_C_Spine,J_Bip_C_Chest,J_Bip_C_UpperChest,J_Bip_C_Neck,J_Bip_C_Head",
        "J_Bip_*_Shoulder,J_Bip_*_UpperArm,J_Bip_*_LowerArm,J_Bip_*_Hand,-,"
        "J_Bip_*_UpperLeg,J_Bip_*_LowerLeg,J_Bip_*_Foot,J_Bip_*_ToeBase",
        "L",
        "R",
    ),
    "kinect": dialect(
        "SpineBase,-,SpineMid,SpineShoulder,Neck,Head",
        "-,Shoulder*,Elbow*,Wrist*,Hand*,Hip*,Knee*,Ankle*,Foot*",
        *LR,
    ),
    "motive": dialect(
        "Skeleton_Hip,Skeleton_Ab,-,Skeleton_Chest,Skeleton_Neck,Skeleton_Head",
        "Skeleton_*Shoulder,Skeleton_*UArm,Skeleton_*FArm,Skeleton_*Hand,-,"
        "Skeleton_*Thigh,Skeleton_*Shin,Skeleton_*Foot,Skeleton_*Toe",
        "L",
        "R",
    ),
    "second life": dialect(
        "mPelvis,mTorso,-,mChest,mNeck,mHead",
        "mCollar*,mShoulder*,mElbow*,mWrist*,-,mHip*,mKnee*,mAnkle*,mFoot*",
        *LR,
    ),
    "mmd": dialect(
        "center,spine,spine1,spine2,neck,head",
        "shoulder_*,arm_*,elbow_*,wrist_*,-,leg_*,knee_*,ankle_*,toe_*",
        "L",
        "R",
    ),
}
