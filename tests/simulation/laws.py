"""The laws of the simulation, and how closely each holds: the tests compare with these numbers.

The documentation's table is made of this file, which therefore imports nothing of the library.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., object])


class Law(Enum):
    """A law as one test checks it: number, in words, tolerance in words, numbers in these words."""

    STATIC_POSE = 1, "at rest: force g, rate 0", "{} m/s², {} rad/s, norm {} g", 1e-9, 1e-12, 1e-12
    STATIC_RIGID_BODY = (
        1,
        "at rest: a rigid body of any orientation",
        "{} m/s², {} rad/s",
        1e-9,
        1e-12,
    )
    FREE_FALL = 2, "free fall reads nothing, analytically", "{} m/s²", 1e-8
    FREE_FALL_OF_A_CLIP = (
        2,
        "free fall reads nothing, up to the ends of a clip",
        "{} m/s², rad/s",
        1e-6,
    )
    # Poses at 240 Hz: their own rounding is 1.1e-9 m/s².
    TURN_ABOUT_GRAVITY = (
        3,
        "turning the scene about gravity changes nothing",
        "{} m/s², rad/s",
        2e-9,
    )
    TURN_WITH_GRAVITY = (
        4,
        "turning scene and gravity together changes nothing",
        "{} m/s², rad/s",
        2e-9,
    )
    DRIFT = 5, "steady drift, up to 10 km away, changes nothing", "{} m/s², rad/s", 1e-7
    STEADY_ACCELERATION = (
        6,
        "steady acceleration a0 adds R^T a0 to the force",
        "{} m/s², rad/s",
        1e-7,
    )
    STEADY_TURNING = (
        7,
        "steady turning: centripetal w²r and the rate itself, analytically",
        "{}",
        1e-9,
    )
    STEADY_TURNING_OF_A_CLIP = (
        7,
        "steady turning, sampled at 60 Hz, up to the ends",
        "{} of it",
        1e-4,
    )
    LEVER_ARMS = 8, "lever arms on one bone: al x r + w x (w x r), same rate", "{}", 1e-9
    LEVER_ARM_OF_A_RIGID_BODY = 8, "lever arm of a tracked rigid body", "{}", 1e-9
    MOUNT = 9, "a mount's rotation turns the readings, and keeps their norms", "{}", 1e-12
    TIME_REVERSAL = (
        10,
        "time reversal reverses the rate only",
        "{} m/s², rad/s; {} at the ends",
        1e-9,
        1e-6,
    )
    TEMPO = (
        11,
        "k times faster: rate k, linear acceleration k², gravity's part same",
        "{} of it",
        1e-9,
    )
    SIZE = 12, "all lengths s times longer: linear acceleration s, rate same", "{} of it", 1e-10
    MIRROR = 13, "a mirror exchanges the sides; the rate is a pseudo-vector", "{}", 1e-9
    RATE_TO_ORIENTATION = (
        14,
        "the rate, integrated for 60 s in steps of 1/200 s, gives the orientation",
        "{}°",
        0.02,
    )
    MEAN_RATE_TO_ORIENTATION = (
        14,
        "the mean rate, times the interval, gives the orientation exactly",
        "{}°",
        1e-9,
    )
    STRAPDOWN = 15, "rate and force, integrated for 10 s, give the place", "{} mm", 1
    DOUBLE_RATE = 16, "twice the sensor's rate contains the single one", "{}", 1e-12
    RATE_OF_THE_POSES = (
        17,
        "poses below 8 Hz, given at 60 or at 120 Hz (0.15 s from the ends)",
        "{} of the force, {} of the rate, RMS",
        0.005,
        0.001,
    )
    FAR_AWAY = 18, "samples more than 1 s away do not matter, up to the ends", "{} of it", 0.001
    FULL_TURNS = 19, "full turns added to axis-angle vectors change nothing", "{}", 1e-9
    REPRESENTATIONS = (
        19,
        "quaternions, their negatives, vectors, matrices, 6D: all the same",
        "{}",
        1e-9,
    )
    SKINNING = (
        20,
        "sparse skinning is dense skinning",
        "{} m; {} m in single precision",
        1e-12,
        5e-7,
    )
    OTHER_SITES = 20, "six of 72 sites read what they read among the 72", "{} of it", 1e-12
    DERIVATIVES = (
        21,
        "readings are derivatives of where the sensor is",
        "{} m/s², rad/s, or {} of it",
        1e-7,
        1e-7,
    )
    BATCHES = 22, "a batch of windows reads what its windows read one by one", "{} of it", 1e-10
    CHUNKS = 22, "how many windows are simulated together is not seen", "{} of it", 1e-10
    PIECES = 22, "into how many pieces a long clip is cut is not seen", "{} of it", 1e-10
    PROCESSES = 22, "how many processes or threads share the clips is not seen", "bit by bit"
    ENGINES = 22, "numba reads what numpy reads", "{} of it", 1e-10
    # 23 is about gradients; no framework differentiates anything here.
    IDEAL_SENSORS = 24, "sensors without errors are the identity", "bit by bit"
    IDEAL_PRESET = 24, "the ideal preset is no noise", "bit by bit"
    OTHER_SENSOR = 24, "errors of one sensor leave the other alone", "bit by bit"
    WHITE_NOISE = (
        25,
        "white noise: standard deviation, Allan deviation at 1 s and its slope",
        "{} of it; slope {}",
        0.03,
        0.03,
    )
    WHITE_NOISE_AT_ANY_RATE = 26, "the density is that at any rate", "{} of it", 0.03
    RANDOM_WALK = (
        27,
        "rate random walk: Allan deviation at 3 s and its slope",
        "{} of it; slope {}",
        0.05,
        0.05,
    )
    GAUSS_MARKOV = (
        27,
        "Gauss-Markov bias: stationary from the first sample, 1/e after its time",
        "{} of it; {}",
        0.05,
        0.05,
    )
    ADDITIVE_ERRORS = 28, "additive errors do not depend on the motion", "{}", 1e-12
    FILTERED_ERRORS = 28, "nor with filters", "{}", 1e-12
    INDEPENDENT_AXES = 29, "axes, sensors and clips are independent: correlation", "{} / √n", 4
    INDEPENDENT_TERMS = 29, "terms are independent: correlation", "{} / √n", 4
    SEEDS = 30, "a seed gives its draws, in any order and batch", "bit by bit"
    ROWS_WITHOUT_IDS = 30, "rows without ids are keyed by their values", "bit by bit"
    NOISE_INSIDE_AND_AFTER = 30, "in the simulator and after it", "bit by bit"
    SATURATION = 31, "readings saturate monotonically and never wrap, with noise too", "exact"
    SATURATION_WITH_ALL_ERRORS = 31, "saturation holds with every error on", "exact"
    RESOLUTION = (
        32,
        "multiples of the resolution; error at most half of it, RMS 1/√12",
        "exact; {}",
        0.05,
    )
    CLEAN_POSES = (
        33,
        "clean poses from 60 Hz up are left alone (in 2 s windows 0.3 s from the ends)",
        "{} of the force, RMS",
        0.005,
    )
    SMOOTHED_ACCELERATION = (
        34,
        "constant acceleration passes the smoother, up to the ends",
        "{} m/s²",
        1e-6,
    )
    SMOOTHED_RATE = (
        34,
        "a constant rate passes; under a fixed cut-off 1 s from the ends",
        "{} rad/s",
        1e-6,
    )
    FINITE_DIFFERENCES = (
        35,
        "with any jitter no worse than second differences of step 1 or 4",
        "no worse",
    )
    BEST_CUTOFF = 35, "clips of 10 s: near the best cut-off of each", "within a factor of {}", 1.1
    CLONES = 36, "clones and pickles read the same, parameters are kept", "bit by bit"
    INPUTS = 36, "inputs are not changed, and need not be writable", "bit by bit"
    NOT_FINITE = 36, "NaN and infinity are refused, never silent", "an error that says so"
    WRONG_RATE = 37, "running, declared 2 to 10 times too fast, is noticed", "a warning of the rate"

    def __init__(self, number: int, text: str, tolerance: str, *limits: float) -> None:
        self.number = number
        self.text = text
        self.limits = limits
        self.tolerance = tolerance.format(*(f"{x:g}".replace("e-0", "e-") for x in limits))

    @property
    def limit(self) -> float:
        """The only number of the tolerance."""
        (limit,) = self.limits
        return limit


def checks(*laws: Law) -> Callable[[Test], Test]:
    """Note on a test which laws it checks."""

    def note(test: Test) -> Test:
        test.laws = laws  # type: ignore[attr-defined]
        return test

    return note
