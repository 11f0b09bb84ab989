"""
Simulate from the track of a camera
===================================

Tracks of real people jitter, and trackers exchange left and right. This example adds such errors
to a clean motion. It compares the simulated readings with a fixed cut-off and with the defaults,
and shows which samples are marked as not observed.
"""

# %%
# A clean motion and a simulated camera
# -------------------------------------
# A procedural person waves. The "camera" sees the joints at 30 Hz with a slowly varying error of
# about a centimeter. It exchanges left and right for a quarter of a second.
import warnings

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter1d

from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.body import default_body, forward_kinematics
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.motion import SMPL_JOINTS, motion_from_joints

clean = make_motions(1, 1, "wave", seconds=8.0, random_state=3)[0]
places = forward_kinematics(default_body(stature=clean.stature), clean.poses, clean.trans).positions
joints = places[:: round(clean.rate / 30.0)]

rng = np.random.default_rng(0)
wander = gaussian_filter1d(rng.standard_normal(joints.shape), 2.0, axis=0)
seen = joints + 0.01 * wander / wander.std() + 0.003 * rng.standard_normal(joints.shape)
swapped = [
    SMPL_JOINTS.index(j.replace("left", "~").replace("right", "left").replace("~", "right"))
    for j in SMPL_JOINTS
]
seen[120:128] = seen[120:128][:, swapped]

layout = {joint: column for column, joint in enumerate(SMPL_JOINTS)}
track = motion_from_joints(seen, layout, rate=30.0)
print(track.source)  # recognized by bone lengths that jitter

# %%
# Readings of the right wrist
# ---------------------------
# A cut-off of 6 Hz is common for optical markers. It passes most errors of the camera. The
# defaults limit the cut-off to the band that cameras resolve. Samples around the exchange are not
# observed.
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    readings = {
        "clean motion": SMPLIMUSimulator(sites="right_wrist").simulate(clean),
        "camera, 6 Hz": SMPLIMUSimulator(sites="right_wrist", smoothing=6.0).simulate(track),
        "camera, defaults": SMPLIMUSimulator(sites="right_wrist").simulate(track),
    }
print(said[-1].message)

figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
for (name, recording), color in zip(readings.items(), ("0.6", "tab:red", "tab:blue"), strict=True):
    force = np.linalg.norm(recording.data[:, :3], axis=1)
    axes.plot(recording.times, force, color=color, label=name, lw=1.2)
lost = ~readings["camera, defaults"].observed.all(axis=1)
axes.fill_between(
    readings["camera, defaults"].times,
    0,
    1,
    where=lost,
    color="tab:blue",
    alpha=0.15,
    transform=axes.get_xaxis_transform(),
    label="not observed",
)
axes.set(xlabel="time, s", ylabel="specific force, m/s²")
axes.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.14), frameon=False)
plt.show()

# %%
# Error against the clean motion, in the samples that were observed:
truth = np.linalg.norm(readings["clean motion"].data[:, :3], axis=1)
for name in ("camera, 6 Hz", "camera, defaults"):
    recording = readings[name]
    force = np.linalg.norm(recording.data[:, :3], axis=1)
    count = min(len(truth), len(force))
    kept = recording.observed.all(axis=1)[:count]
    gap = (force[:count] - truth[:count])[kept]
    print(
        f"{name:<18} rms error {np.sqrt(np.mean(gap**2)):6.2f} m/s², peak {force.max():6.1f} m/s²"
    )
