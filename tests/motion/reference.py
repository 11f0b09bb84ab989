"""One motion in the positions of many trackers, to compare what readers make of their files."""

from __future__ import annotations

import numpy as np

from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.motion import SMPL_JOINTS, Motion

from .helpers import directions

BODY = default_body(stature=1.75)
RATE = 50.0
LIMBS = [
    (f"{side}_{a}", f"{side}_{b}")
    for side in ("left", "right")
    for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
]
Y_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
"""From a world with z up to one with y up."""
CAMERA = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""From a world with z up, in which people face -y, to a camera before them (x right, y down)."""


def reference(frames=100):
    """A person who walks on the spot and waves; elbows and knees are hinges."""
    t = np.arange(frames) / RATE
    poses = np.zeros((frames, 24, 3))
    poses[:, 0, 0] = np.pi / 2  # upright, faces -y
    swing = np.sin(2 * np.pi * 1.0 * t)
    for sign, side in ((1, "left"), (-1, "right")):
        poses[:, SMPL_JOINTS.index(f"{side}_hip"), 0] = -0.3 - 0.3 * sign * swing
        poses[:, SMPL_JOINTS.index(f"{side}_knee"), 0] = 0.5 + 0.3 * sign * swing
        poses[:, SMPL_JOINTS.index(f"{side}_shoulder"), 2] = -sign * (0.9 + 0.3 * swing)
        poses[:, SMPL_JOINTS.index(f"{side}_elbow"), 1] = -sign * (1.1 + 0.6 * swing)
    return Motion(
        poses, np.stack([0.1 * t, -0.2 * t, 0.95 + 0.02 * swing], axis=1), RATE, stature=1.75
    )


REFERENCE = reference()


def positions(motion=REFERENCE):
    """Joints (F, 24, 3) in the world of a motion."""
    return forward_kinematics(BODY, motion.poses, motion.trans).positions


def points(motion=REFERENCE):
    """Points (F, 3) by SMPL's names, and those that trackers see besides."""
    joints = dict(zip(SMPL_JOINTS, np.moveaxis(positions(motion), 1, 0), strict=True))
    posed = forward_kinematics(BODY, motion.poses, motion.trans)
    head = posed.rotations[:, SMPL_JOINTS.index("head")]
    for side, x in (("left", 0.07), ("right", -0.07)):
        joints[f"{side}_ear"] = joints["head"] + head @ np.array([x, 0.03, 0.0])
        joints[f"{side}_eye"] = joints["head"] + head @ np.array([x / 2, 0.05, 0.09])
        for toe, out in (("big", -0.03), ("small", 0.03)):
            shift = np.array([np.sign(x) * out, 0.0, 0.0])
            foot = posed.rotations[:, SMPL_JOINTS.index(f"{side}_foot")]
            joints[f"{side}_{toe}_toe"] = joints[f"{side}_foot"] + foot @ shift
        hand = posed.rotations[:, SMPL_JOINTS.index(f"{side}_hand")]
        for finger, z in (("index", 0.04), ("pinky", -0.04)):
            joints[f"{side}_{finger}"] = joints[f"{side}_hand"] + hand @ np.array([0.0, 0.0, z])
    joints["nose"] = joints["head"] + head @ np.array([0.0, 0.0, 0.1])
    return joints


def limb_errors(motion, reference=REFERENCE):
    """Angles in degrees (F, 8) between the limbs of two motions of the same frames."""
    pair = [directions(positions(m), LIMBS) for m in (motion, reference)]
    return np.rad2deg(np.arccos(np.clip(np.sum(pair[0] * pair[1], axis=-1), -1, 1)))


def wrist(motion):
    """Simulated readings of both wrists at 50 Hz, without the source's bandwidth."""
    plain = motion.replace(source=None, observed=None)
    return SMPLIMUSimulator(BODY, sites=["left_wrist", "right_wrist"], rate=50.0).simulate(plain)


def assert_same(motion, reference=REFERENCE, degrees=0.5, acc=0.35):
    """Check directions of limbs, and the acceleration of both wrists."""
    assert motion.n_frames == reference.n_frames
    assert limb_errors(motion, reference).max() < degrees
    found, true = (wrist(m).data.reshape(-1, 2, 6)[..., :3] for m in (motion, reference))
    assert np.sqrt(np.mean((found - true) ** 2)) < acc
    assert np.ptp(motion.trans - reference.trans, axis=0).max() < 0.05
