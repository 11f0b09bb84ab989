"""
Bring your own body model
=========================

The default body needs no file, but any skinned mesh works: a scan, a game character, a robot.
This example builds a robot of boxes that is as tall as a child, lets it jog, and compares the
readings at its wrist with those of an adult in the same motion.
"""

# %%
# A mesh with bones
# -----------------
# A body consists of vertices, triangles, joints, the tree of joints, and weights that assign
# vertices to joints. A glTF or FBX file contains them. Here they are boxes around the bones. Any
# rest pose is allowed: these arms hang down by 40 degrees.
import numpy as np

BONES = {  # joint: (parent, offset from it in m, thickness of the box from the parent to it)
    "Hips": (None, (0.0, 0.55, 0.0), 0.0),
    "Spine": ("Hips", (0.0, 0.08, 0.0), 0.20),
    "Spine1": ("Spine", (0.0, 0.08, 0.0), 0.17),
    "Spine2": ("Spine1", (0.0, 0.08, 0.0), 0.20),
    "Neck": ("Spine2", (0.0, 0.13, 0.0), 0.24),
    "Head": ("Neck", (0.0, 0.06, 0.0), 0.09),
    "Crown": ("Head", (0.0, 0.19, 0.0), 0.20),
}
for side, left in (("Left", 1.0), ("Right", -1.0)):
    reach = np.array([left * np.cos(np.deg2rad(40.0)), -np.sin(np.deg2rad(40.0)), 0.0])
    BONES |= {
        f"{side}Shoulder": ("Spine2", (left * 0.04, 0.09, 0.0), 0.10),
        f"{side}Arm": (f"{side}Shoulder", (left * 0.11, 0.0, 0.0), 0.10),
        f"{side}ForeArm": (f"{side}Arm", 0.18 * reach, 0.075),
        f"{side}Hand": (f"{side}ForeArm", 0.16 * reach, 0.085),
        f"{side}Fingers": (f"{side}Hand", 0.10 * reach, 0.06),
        f"{side}UpLeg": ("Hips", (left * 0.08, -0.03, 0.0), 0.14),
        f"{side}Leg": (f"{side}UpLeg", (0.0, -0.24, 0.0), 0.11),
        f"{side}Foot": (f"{side}Leg", (0.0, -0.22, 0.0), 0.10),
        f"{side}ToeBase": (f"{side}Foot", (0.0, -0.03, 0.13), 0.08),
    }
names = list(BONES)
parents = [-1 if parent is None else names.index(parent) for parent, _, _ in BONES.values()]
joints = np.zeros((len(names), 3))
for joint, (_, offset, _) in enumerate(BONES.values()):
    joints[joint] = np.add(offset, joints[parents[joint]] if joint else 0.0)


def box(start, end, thickness):
    """Corners (8, 3) and triangles (12, 3), counter-clockwise from outside, of a bone's box."""
    along = (end - start) / np.linalg.norm(end - start)
    across = np.cross(along, [0.0, 0.0, 1.0] if abs(along[2]) < 0.7 else [1.0, 0.0, 0.0])
    across /= np.linalg.norm(across)
    third = np.cross(along, across)
    corners = [
        point + thickness / 2 * (u * across + v * third)
        for point in (start, end)
        for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    sides = [[i, (i + 1) % 4, (i + 1) % 4 + 4, i + 4] for i in range(4)]
    quads = [[3, 2, 1, 0], [4, 5, 6, 7], *sides]
    return np.array(corners), np.array([[q[i], q[i + 1], q[i + 2]] for q in quads for i in (-2, 0)])


vertices, faces, carriers = [], [], []
for joint, (_, _, thickness) in enumerate(BONES.values()):
    if joint:
        corners, triangles = box(joints[parents[joint]], joints[joint], thickness)
        faces.append(triangles + 8 * len(vertices))
        vertices.append(corners)
        carriers += 8 * [parents[joint]]
weights = np.eye(len(names))[carriers]

# %%
# A body for SMPL poses
# ---------------------
# :func:`~m3n_sklearn.body.body_from_mesh` knows the joint names of common conventions; for
# others, pass a :class:`~m3n_sklearn.motion.SkeletonMap`. It straightens the arms into SMPL's
# T-pose and attaches joints that SMPL does not have to their nearest ancestor.
from m3n_sklearn.body import Site, body_from_mesh
from m3n_sklearn.inspection import SensorsDisplay

robot = body_from_mesh(
    np.concatenate(vertices), np.concatenate(faces), names, parents, joints, weights, name="a robot"
)
print(f"{robot.n_vertices} vertices, {robot.n_joints} joints, {robot.stature:.2f} m tall")

# %%
# Named sites work on its skin. A site of your own is a bone with an offset in meters (x left, y
# up, z front, in the T-pose) or a set of vertices.
antenna = Site("antenna", bone="head", offset=(0.0, 0.19, 0.0))
sites = ("left_wrist", "right_wrist", "chest", "left_ankle", antenna)
display = SensorsDisplay.from_body(robot, sites)

# %%
# The same motion, a shorter lever
# --------------------------------
# Angular rates and gravity do not depend on the size of a body. The acceleration of a swing does.
from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.inspection import SignalDisplay

[motion] = make_motions(1, 1, activities=["jog"], seconds=4.0, random_state=0)
display = SensorsDisplay.from_body(robot, sites, motion.poses[40])

# %%
# A motion contains the stature of the person, and any body is scaled to it. Without a stature,
# the robot keeps its own.
worn = {
    "robot": SMPLIMUSimulator(robot, sites=sites, rate=100.0),
    "adult": SMPLIMUSimulator(sites=("left_wrist",), rate=100.0),
}
recordings = {
    "robot": worn["robot"].simulate(motion.replace(stature=None)).select("left_wrist"),
    "adult": worn["adult"].simulate(motion),
}
display = SignalDisplay.from_recordings(recordings)

# %%
# :func:`~m3n_sklearn.body.read_body` reads the files of SMPL bodies without executing code from
# them, and :func:`~m3n_sklearn.body.body_from_smplx` converts an ``smplx`` object. A skeleton
# without a mesh is enough for sensors as well: :func:`~m3n_sklearn.body.body_from_skeleton`.
from m3n_sklearn.body import body_from_skeleton

offsets = joints - joints[np.maximum(parents, 0)]
bones = body_from_skeleton(names, parents, offsets, name="the bones of a robot")
display = SensorsDisplay.from_body(bones, ("left_wrist", "left_ankle"), motion.poses[40])
