"""
Calibrate against a measured recording
======================================

Nobody wears a watch exactly where the catalogue puts it. If some movements were recorded both by a
camera and by the watch, the simulator can find out how it was worn: how it was turned, where it
sat, how late its clock was, and how its sensors err. Then it simulates *that* watch on all other
motions.
"""

# %%
# A watch that was really worn
# ----------------------------
# No file comes with this example, so the measured side is made up as well: the strap is turned by
# half a turn and tilted, it sits 2 cm further up the forearm, the sensors have bias, scale errors
# and noise, and the watch's clock is 80 ms late. What the simulator gets to see are the readings,
# and poses at 60 frames per second with the jitter of a tracker.
import numpy as np

from m3n_sklearn import SMPLIMUSimulator
from m3n_sklearn.body import Site, default_body, resolve_sites
from m3n_sklearn.datasets import make_motions
from m3n_sklearn.motion.rotations import matrix_from_rotvec
from m3n_sklearn.simulation import IMUNoise, SensorNoise

LATE, RATE = 0.08, 100.0
activities = ["punch", "hammer", "tennis_forehand", "throw", "draw_circle_clockwise", "wave"]
motions = make_motions(1, 1, activities, left_handed=0.0, random_state=1)
motions = [motion.replace(stature=None, sex="neutral") for motion in motions]

[usual] = resolve_sites(default_body(), "right_wrist")
mount = matrix_from_rotvec([0.0, 0.0, np.pi]) @ matrix_from_rotvec([0.25, -0.15, 0.2])
worn = Site(
    "right_wrist",
    bone=usual.bone,
    offset=np.add(usual.offset, [0.02, 0.0, 0.0]),
    orientation=usual.orientation @ mount,
)
chip = IMUNoise(
    acc=SensorNoise(density=0.01, bias=0.2, scale=0.02),
    gyro=SensorNoise(density=0.001, bias=0.02, scale=0.02),
)
watch = SMPLIMUSimulator(sites=(worn,), rate=RATE, noise=chip, frame="bone", random_state=0)
measured = [recording.replace(start=LATE) for recording in watch.simulate(motions)]

rng = np.random.default_rng(0)
tracked = [
    motion.replace(poses=motion.poses + np.deg2rad(0.1) * rng.normal(size=motion.poses.shape))
    for motion in motions
]

# %%
# Before
# ------
# The catalogue's watch, on the movement that will not be used for calibration.
from m3n_sklearn.inspection import ComparisonDisplay
from m3n_sklearn.simulation import compare_imu

simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=RATE, frame="bone")
before = compare_imu(simulator.simulate(tracked[-1]), measured[-1])
print(before)
display = ComparisonDisplay.from_comparison(before)

# %%
# Calibrate
# ---------
# ``fit`` takes motions with the recordings of the same movements. The report says what was found,
# how sure that is, and what the movements did not show.
simulator.fit(tracked[:-1], measured=measured[:-1])
found = simulator.calibration_["right_wrist"]
print(found)

# %%
# How near is it?
error = np.arccos((np.trace(found.mount.T @ mount) - 1) / 2)
print(f"mount: {np.degrees(error):.2f} degrees off the truth")
print(f"clock: {1000 * found.lag:.1f} ms late, in truth {1000 * LATE:.0f} ms")
print(f"place: {100 * found.lever_arm.round(4)} cm from the catalogue's, in truth [2 0 0]")

# %%
# After
# -----
# The same movement as above, which took no part in the calibration.
after = compare_imu(simulator.simulate(tracked[-1]), measured[-1])
print(after)
display = ComparisonDisplay.from_comparison(after)
