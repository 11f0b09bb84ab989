"""
What a watch feels
==================

A watch has an accelerometer and a gyroscope. This example puts watches on a body, plays a motion,
and looks at what they read: gravity while nothing moves, the pull of a swing, and how the same
movement looks to a sensor that is worn elsewhere, the other way round, or has noise.
"""

# %%
# A motion
# --------
# Somebody waves with the right hand. The motion is generated, so the example needs no file;
# :func:`~m3n_sklearn.motion.read_amass` and its neighbours read recorded ones.
from m3n_sklearn.datasets import make_motions

[motion] = make_motions(1, 1, activities=["wave"], seconds=10.0, random_state=0)
print(motion)

# %%
# Where the sensors sit
# ---------------------
# Sites are named, and found on the skin of any body with SMPL's joints. On a watch x points to
# 3 o'clock, y to 12 o'clock and z out of the glass. The right watch is pale because it looks away
# from both viewers.
from m3n_sklearn.body import default_body
from m3n_sklearn.inspection import SensorsDisplay

sites = ("left_wrist", "right_wrist", "chest", "left_ankle")
body = default_body(motion.sex, motion.stature)
display = SensorsDisplay.from_body(body, sites, motion.poses[60])

# %%
# What the watches read
# ---------------------
# An accelerometer measures *specific force*: the acceleration of the watch minus that of free fall,
# in the axes of the watch. The left arm hangs nearly still: its watch does not read zero but
# 9.81 m/s², in the direction that points up, which is roughly its -x.
from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.inspection import SignalDisplay

simulator = SMPLIMUSimulator(sites=sites, rate=100.0)
recording = simulator.simulate(motion)
left, right = (recording.select(f"{side}_wrist") for side in ("left", "right"))
print("left wrist, mean specific force:", left.data[:, :3].mean(axis=0).round(2), "m/s²")

# %%
# The right one reads the pull of its strap on top of that, whenever the hand turns round. A
# gyroscope measures the angular rate.
display = SignalDisplay.from_recordings({"right wrist": right}, quantity="axes")

# %%
# The same movement elsewhere
# ---------------------------
# The lengths of the vectors do not depend on how a sensor is turned, so they are what to compare
# places by. A wave hardly reaches the chest.
display = SignalDisplay.from_recordings({"right wrist": right, "chest": recording.select("chest")})

# %%
# The other way round
# -------------------
# Many people wear their watch upside down. ``mount`` is the rotation of the sensor in its site;
# half a turn about z reverses x and y of both sensors. Nothing else changes.
import numpy as np

upside_down = SMPLIMUSimulator(sites=("right_wrist",), rate=100.0, mount=np.diag([-1.0, -1.0, 1.0]))
turned = upside_down.simulate(motion)
print("x and y are reversed:", np.allclose(turned.data, right.data * [-1, -1, 1, -1, -1, 1]))

# %%
# A real chip
# -----------
# ``noise`` adds the errors of a device, here of a small one that reads up to 2 g in steps of 1/64 g
# and has a bias. These readings stand in for measured ones, and
# :func:`~m3n_sklearn.simulation.compare_imu` says how far the ideal watch is from them.
from m3n_sklearn.inspection import ComparisonDisplay
from m3n_sklearn.simulation import IMUNoise, SensorNoise, compare_imu

g = 9.80665
chip = IMUNoise(
    acc=SensorNoise(range=2 * g, resolution=g / 64, bias=0.3), gyro=SensorNoise(density=0.004)
)
worn = SMPLIMUSimulator(sites=("right_wrist",), rate=100.0, noise=chip, random_state=0)
comparison = compare_imu(right, worn.simulate(motion))
print(comparison)
display = ComparisonDisplay.from_comparison(comparison, span=(1.0, 4.0))
