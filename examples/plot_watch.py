"""
What a watch measures
=====================

A watch has an accelerometer and a gyroscope. This example puts sensors on a body and plays a
motion. It shows gravity at rest, the acceleration of a swing, and how readings change with the
site, the mount and the noise of the sensor.
"""

# %%
# A motion
# --------
# A person waves with the right hand. The motion is generated, so the example needs no file.
# :func:`~m3n_sklearn.motion.read_amass` and other readers read recorded motions.
from m3n_sklearn.datasets import make_motions

[motion] = make_motions(1, 1, activities=["wave"], seconds=10.0, random_state=0)
print(motion)

# %%
# Sensor sites
# ------------
# Sites have names and work on the skin of any body with SMPL's joints. On a watch, x points to 3
# o'clock, y to 12 o'clock and z out of the glass. The right watch is pale because it faces away
# from the viewer in both panels.
from m3n_sklearn.body import default_body
from m3n_sklearn.inspection import SensorsDisplay

sites = ("left_wrist", "right_wrist", "chest", "left_ankle")
body = default_body(motion.sex, motion.stature)
display = SensorsDisplay.from_body(body, sites, motion.poses[60])

# %%
# Readings
# --------
# An accelerometer measures *specific force*: the acceleration of the watch minus that of free
# fall, in the axes of the watch. The left arm hangs nearly still. Its watch does not read zero
# but 9.81 m/s² in the direction that points up, which is roughly its -x.
from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.inspection import SignalDisplay

simulator = SMPLIMUSimulator(sites=sites, rate=100.0)
recording = simulator.simulate(motion)
left, right = (recording.select(f"{side}_wrist") for side in ("left", "right"))
print("left wrist, mean specific force:", left.data[:, :3].mean(axis=0).round(2), "m/s²")

# %%
# The right watch also reads the acceleration of the swing, which is largest when the hand
# reverses. A gyroscope measures the angular rate.
display = SignalDisplay.from_recordings({"right wrist": right}, quantity="axes")

# %%
# Another site
# ------------
# The lengths of the vectors do not depend on the mount, so they are suitable for comparing sites.
# The wave is hardly visible at the chest.
display = SignalDisplay.from_recordings({"right wrist": right, "chest": recording.select("chest")})

# %%
# Another mount
# -------------
# Many people wear their watch upside down. ``mount`` is the rotation of the sensor in its site.
# Half a turn about z reverses x and y of both sensors and changes nothing else.
import numpy as np

upside_down = SMPLIMUSimulator(sites=("right_wrist",), rate=100.0, mount=np.diag([-1.0, -1.0, 1.0]))
turned = upside_down.simulate(motion)
print("x and y are reversed:", np.allclose(turned.data, right.data * [-1, -1, 1, -1, -1, 1]))

# %%
# Sensor errors
# -------------
# ``noise`` adds the errors of a device, here one that reads up to 2 g in steps of 1/64 g and has
# a bias. :func:`~m3n_sklearn.simulation.compare_imu` compares the ideal watch with it.
from m3n_sklearn import IMUNoise, SensorNoise
from m3n_sklearn.inspection import ComparisonDisplay
from m3n_sklearn.simulation import compare_imu

g = 9.80665
chip = IMUNoise(
    acc=SensorNoise(range=2 * g, resolution=g / 64, bias=0.3), gyro=SensorNoise(density=0.004)
)
worn = SMPLIMUSimulator(sites=("right_wrist",), rate=100.0, noise=chip, random_state=0)
comparison = compare_imu(right, worn.simulate(motion))
print(comparison)
display = ComparisonDisplay.from_comparison(comparison, span=(1.0, 4.0))
