"""Manual work: packing, shelves, tools."""

from __future__ import annotations

from .._posture import STAND, Posture, arm, leg, posture, reach
from .._program import WALK, Activity, gait, through, to

__all__ = ["WORK"]

_BENCH = posture(
    trunk_flexion=14,
    tilt=4,
    head_flexion=20,
    legs=leg(hip=4),
    both=reach(0.58, -0.5, -0.05, pronation=40),
)

place_on_shelf = Activity(
    "place_on_shelf",
    (
        "a person puts an object on a high shelf",
        "someone lifts a thing with both hands and places it above the head",
        "placing items on a shelf",
        "reaching up to store something on the top shelf",
    ),
    [
        to(posture(both=reach(0.55, -0.5, -0.12, pronation=10)), 0.7, hold=0.15),
        to(posture(both=reach(0.6, 0.5, -0.1, pronation=20), head_flexion=-15), 0.9, hold=0.05),
        to(posture(both=reach(0.78, 0.52, -0.1, pronation=20), head_flexion=-15), 0.4, hold=0.25),
        to(posture(both=reach(0.5, 0.3, -0.05, pronation=20)), 0.45),
        to(STAND, 0.8),
    ],
    freedom=0.6,
)

reach_and_grasp = Activity(
    "reach_and_grasp",
    (
        "a person reaches for an object and brings it closer",
        "someone stretches one arm over a table, grasps a thing and draws the hand back",
        "reaching, grasping and pulling in",
        "picking an item from a bin in front",
    ),
    [
        to(
            posture(_BENCH, right=reach(0.9, -0.2, 0.2, pronation=50), trunk_flexion=22), 0.75, 0.25
        ),
        to(posture(_BENCH, right=reach(0.48, -0.5, -0.15, pronation=25)), 0.75, hold=0.3),
    ],
    rest=_BENCH,
    freedom=0.7,
    pause=(0.1, 0.5),
)

carry_box = Activity(
    "carry_box",
    (
        "a person carries a box while walking",
        "someone walks and holds a box with both hands in front of the belly",
        "carrying a heavy object forward",
        "walking with the elbows bent under a load",
    ),
    gait(
        WALK,
        1.16,
        base=posture(both=reach(0.5, -0.58, -0.02, pronation=-35), trunk_flexion=-5),
        swing=1.5,
        twist=2,
    ),
    kind="ongoing",
    support="walk",
    freedom=0.6,
)

lift_box = Activity(
    "lift_box",
    (
        "a person lifts a box from the floor onto a table",
        "someone bends the knees, takes a carton and raises it to hip height",
        "lifting a load with both hands",
        "hoisting a box up from the ground",
    ),
    [
        to(
            posture(
                legs=leg(hip=105, knee=98, ankle=26, abduction=10),
                tilt=32,
                trunk_flexion=30,
                both=arm(flexion=55, abduction=6, elbow=20, pronation=-10),
            ),
            1.0,
            hold=0.3,
        ),
        to(posture(both=reach(0.48, -0.55, 0.0, pronation=-30), trunk_flexion=-4), 1.0, hold=0.1),
        to(posture(both=reach(0.75, -0.45, 0.0, pronation=-20), trunk_flexion=8), 0.6, hold=0.3),
        to(STAND, 0.7),
    ],
    freedom=0.5,
)


def _tape(stroke: float) -> Posture:
    """Pull the dispenser over the box toward the body, a little down at the end."""
    out = 0.02 - 0.05 * stroke
    return posture(
        _BENCH,
        right=reach(
            0.86 - 0.48 * stroke, -0.32 - 0.06 * stroke, out, pronation=15 + 30 * stroke, swivel=12
        ),
        left=reach(0.72 - 0.25 * stroke, -0.4, -0.2, pronation=70),
        trunk_flexion=24 - 12 * stroke,
    )


tape_box = Activity(
    "tape_box",
    (
        "a person tapes a box shut",
        "someone draws a tape dispenser over a carton towards the body and tears the tape off",
        "sealing a parcel with packing tape",
        "taping a cardboard box: a long pull and a flick of the wrist",
    ),
    [
        to(_tape(0.0), 0.6, hold=0.25),
        to(_tape(1.0), 0.95, hold=0.1),
        to(posture(_tape(1.0), right=reach(0.4, -0.46, -0.06, pronation=72, swivel=35)), 0.22, 0.2),
        to(
            posture(_BENCH, right=reach(0.6, -0.38, -0.1, pronation=78, swivel=10)),
            0.45,
        ),
        through(posture(_BENCH, right=reach(0.72, -0.38, -0.1, pronation=78, swivel=10)), 0.3),
        to(posture(_BENCH, right=reach(0.5, -0.4, -0.1, pronation=78, swivel=10)), 0.35),
    ],
    rest=_BENCH,
    freedom=0.7,
)

scan_label = Activity(
    "scan_label",
    (
        "a person scans a label with a hand scanner",
        "someone points a barcode reader at a parcel and pulls the trigger",
        "scanning a barcode",
        "the hand holds a scanner over a label for a moment",
    ),
    [
        to(posture(_BENCH, right=reach(0.46, -0.62, 0.25, pronation=10)), 0.55, hold=0.15),
        to(posture(_BENCH, right=reach(0.6, -0.25, 0.0, pronation=25, wrist=25)), 0.65, hold=0.75),
        to(posture(_BENCH, right=reach(0.62, -0.27, -0.04, pronation=30, wrist=30)), 0.3, 0.4),
        to(posture(_BENCH, right=reach(0.46, -0.62, 0.25, pronation=10)), 0.6, hold=0.2),
    ],
    rest=posture(_BENCH, right=reach(0.46, -0.62, 0.25, pronation=10)),
    freedom=0.7,
    pause=(0.1, 0.6),
)

attach_label = Activity(
    "attach_label",
    (
        "a person sticks a label on a box",
        "someone peels off a sticker, puts it on a parcel and smooths it down",
        "attaching a shipping label",
        "pressing and rubbing a sticker onto a carton",
    ),
    [
        to(
            posture(
                _BENCH,
                right=reach(0.46, -0.4, -0.16, pronation=30),
                left=reach(0.46, -0.4, -0.16, pronation=30),
            ),
            0.55,
            hold=0.15,
        ),
        to(posture(_BENCH, right=reach(0.48, -0.32, 0.14, pronation=-20)), 0.4, hold=0.1),
        to(posture(_BENCH, right=reach(0.68, -0.44, -0.05, pronation=78, wrist=-15)), 0.6, 0.1),
        *(
            through(posture(_BENCH, right=reach(0.68, -0.45, out, pronation=80, wrist=-20)), 0.24)
            for out in (-0.16, 0.06, -0.16, 0.06)
        ),
        to(posture(_BENCH, right=reach(0.66, -0.44, -0.05, pronation=78, wrist=-15)), 0.25),
        to(_BENCH, 0.5),
    ],
    rest=_BENCH,
    freedom=0.7,
)

fold_box = Activity(
    "fold_box",
    (
        "a person folds a cardboard box into shape",
        "someone closes the flaps of a carton with both hands",
        "assembling a box: the flaps are pressed down one after the other",
        "folding cardboard with two hands moving in and out",
    ),
    [
        to(posture(_BENCH, both=reach(0.62, -0.42, 0.38, pronation=20, swivel=15)), 0.5, 0.1),
        to(posture(_BENCH, both=reach(0.62, -0.38, -0.12, pronation=78, swivel=25)), 0.5, 0.15),
        to(
            posture(
                _BENCH,
                right=reach(0.85, -0.34, 0.0, pronation=30),
                left=reach(0.45, -0.5, 0.05, pronation=30),
                trunk_flexion=20,
            ),
            0.5,
        ),
        to(
            posture(
                _BENCH,
                right=reach(0.62, -0.38, -0.05, pronation=80),
                left=reach(0.6, -0.38, -0.05, pronation=80),
                trunk_flexion=20,
            ),
            0.4,
            hold=0.15,
        ),
    ],
    rest=_BENCH,
    freedom=0.7,
    pause=(0.0, 0.3),
)

_nail = posture(_BENCH, left=reach(0.68, -0.5, -0.25, pronation=40))
hammer = Activity(
    "hammer",
    (
        "a person hammers a nail",
        "someone strikes downwards with a hammer again and again",
        "hammering on a workbench",
        "the bent arm beats up and down with force",
    ),
    [
        through(posture(_nail, right=reach(0.5, -0.02, 0.12, deviation=18, pronation=0)), 0.36),
        through(posture(_nail, right=reach(0.66, -0.42, 0.0, deviation=-20, pronation=0)), 0.2),
        through(posture(_nail, right=reach(0.64, -0.36, 0.0, deviation=-10, pronation=0)), 0.12),
    ],
    rest=posture(_nail, right=reach(0.58, -0.25, 0.05, pronation=0)),
    kind="ongoing",
    freedom=0.8,
)

_screw = posture(_BENCH, left=reach(0.62, -0.42, -0.25, pronation=10))


def _turned(pronation: float) -> Posture:
    return posture(_screw, right=reach(0.58, -0.35, -0.08, pronation=pronation, swivel=15))


turn_screwdriver = Activity(
    "turn_screwdriver",
    (
        "a person turns a screwdriver",
        "someone drives in a screw by turning the forearm",
        "screwing: the wrist twists to and fro",
        "repeated twisting of the hand about the forearm",
    ),
    [to(_turned(70), 0.25), to(_turned(-50), 0.45, hold=0.05)],
    rest=_turned(10),
    kind="ongoing",
    freedom=0.8,
)

_plank = posture(_BENCH, left=reach(0.62, -0.6, 0.1, pronation=70), trunk_flexion=24)


def _sawing(stroke: float) -> Posture:
    hand = reach(0.42 + 0.38 * stroke, -0.5 - 0.08 * stroke, 0.05, pronation=5)
    return posture(_plank, right=hand, trunk_turn=8 * stroke)


saw = Activity(
    "saw",
    (
        "a person saws a plank",
        "someone moves a handsaw forward and backward",
        "sawing wood with long strokes of one arm",
        "the arm pushes and pulls along a straight line",
    ),
    [through(_sawing(1.0), 0.36), through(_sawing(0.0), 0.36)],
    rest=_sawing(0.5),
    kind="ongoing",
    freedom=0.8,
)


def _broom(stroke: float) -> Posture:
    return posture(
        right=reach(0.5 + 0.15 * stroke, -0.6, -0.1 - 0.3 * stroke, pronation=20),
        left=reach(0.45, -0.12 - 0.1 * stroke, -0.15 + 0.25 * stroke, pronation=60, swivel=20),
        trunk_flexion=20,
        trunk_turn=-14 + 30 * stroke,
        tilt=6,
        head_flexion=20,
    )


sweep_floor = Activity(
    "sweep_floor",
    (
        "a person sweeps the floor with a broom",
        "someone moves a broom to and fro with both hands",
        "sweeping with long sideways strokes",
        "the trunk turns while both hands lead a broomstick",
    ),
    [to(_broom(1.0), 0.6), to(_broom(0.0), 0.75)],
    rest=_broom(0.5),
    kind="ongoing",
    freedom=0.8,
)

_pan = {"swivel": 20.0, "pronation": 60.0}
paint_wall = Activity(
    "paint_wall",
    (
        "a person paints a wall with a roller",
        "someone moves the hand up and down along a wall",
        "painting with long vertical strokes",
        "rolling paint from the hips to above the head and back",
    ),
    [
        to(posture(right=reach(0.62, 0.55, 0.1, **_pan), head_flexion=-12), 0.85),
        to(posture(right=reach(0.68, -0.4, 0.1, **_pan), trunk_flexion=8), 0.85),
    ],
    rest=posture(right=reach(0.78, 0.1, 0.1, **_pan)),
    kind="ongoing",
    freedom=0.8,
)

WORK: tuple[Activity, ...] = (
    place_on_shelf,
    reach_and_grasp,
    carry_box,
    lift_box,
    tape_box,
    scan_label,
    attach_label,
    fold_box,
    hammer,
    turn_screwdriver,
    saw,
    sweep_floor,
    paint_wall,
)
