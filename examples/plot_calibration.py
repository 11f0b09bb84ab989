"""
Calibrate against a measured recording
======================================

A real watch is never worn exactly as the default site assumes. If some movements were recorded
both by a camera and by the watch, :class:`~m3n_sklearn.simulation.SMPLIMUSimulator` estimates how
it was worn: rotation, position, delay of the clock, bias and scale. It then simulates *that*
watch on all other motions.
"""

# %%
# Measured readings
# -----------------
# This example needs no files, so the measured side is generated as well. The watch is rotated by
# half a turn and tilted. It sits 2 cm further along the forearm, and its clock is 80 ms late. Its
# sensors have bias, scale errors and noise. The simulator receives the readings, and poses at 60
# frames per second with the jitter of a tracker.
import numpy as np
from scipy.spatial.transform import Rotation

from m3n_sklearn import IMUNoise, SensorNoise, SMPLIMUSimulator
from m3n_sklearn.body import Site, default_body, resolve_sites
from m3n_sklearn.datasets import make_motions

LATE, RATE = 0.08, 100.0
activities = ["punch", "hammer", "tennis_forehand", "throw", "draw_circle_clockwise", "wave"]
motions = make_motions(1, 1, activities, left_handed=0.0, random_state=1)
motions = [motion.replace(stature=None, sex="neutral") for motion in motions]

[usual] = resolve_sites(default_body(), "right_wrist")
turn, tilt = Rotation.from_rotvec([[0.0, 0.0, np.pi], [0.25, -0.15, 0.2]])
mount = (turn * tilt).as_matrix()
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
# Before calibration
# ------------------
# The default watch, on the movement that is not used for calibration.
from m3n_sklearn.inspection import ComparisonDisplay
from m3n_sklearn.simulation import compare_imu

simulator = SMPLIMUSimulator(sites=("right_wrist",), rate=RATE, frame="bone")
before = compare_imu(simulator.simulate(tracked[-1]), measured[-1])
print(before)
display = ComparisonDisplay.from_comparison(before)

# %%
# Calibrate
# ---------
# ``fit`` takes motions and the recordings of the same movements. The report contains the
# estimates, their standard errors, and the parameters that the movements do not identify.
simulator.fit(tracked[:-1], measured=measured[:-1])
found = simulator.calibration_["right_wrist"]
print(found)

# %%
# The estimates and the true values:
error = np.arccos((np.trace(found.mount.T @ mount) - 1) / 2)
print(f"mount: {np.degrees(error):.2f} degrees from the true mount")
print(f"clock: {1000 * found.lag:.1f} ms late, true value {1000 * LATE:.0f} ms")
print(f"place: {100 * found.lever_arm.round(4)} cm from the site, true value [2 0 0]")

# %%
# After calibration
# -----------------
# The same movement as above.
after = compare_imu(simulator.simulate(tracked[-1]), measured[-1])
print(after)
display = ComparisonDisplay.from_comparison(after)

# %%
# The watch as it was worn
# ------------------------
# The same movement with the calibrated watch: measured and simulated axes agree.
from m3n_sklearn.inspection import MotionPlayer

MotionPlayer.from_motion(tracked[-1], {"measured": measured[-1]}, simulator=simulator)
