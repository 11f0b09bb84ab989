"""Exercise and locomotion."""

from __future__ import annotations

from .._posture import STAND, arm, leg, posture, reach
from .._program import JOG, STEP, WALK, Activity, gait, through, to

__all__ = ["FITNESS", "SIT"]

SIT = posture(
    legs=leg(hip=88, knee=90, ankle=0, abduction=6),
    tilt=-4,
    trunk_flexion=6,
    both=reach(0.45, -0.72, -0.08, pronation=60),
)

_low = arm(flexion=5, abduction=8, rotation=0, elbow=18, pronation=-70)
arm_curl = Activity(
    "arm_curl",
    (
        "a person does biceps curls",
        "someone curls a dumbbell towards the shoulder",
        "bending and stretching the elbows with weights in the hands",
        "arm curls with the upper arms kept still",
    ),
    [
        to(posture(both={**_low, "flexion": 12, "elbow": 135}), 0.9, hold=0.08),
        to(posture(both=_low), 1.0, hold=0.1),
    ],
    rest=posture(both=_low),
    pause=(0.0, 0.3),
)

_racked = arm(flexion=25, abduction=50, rotation=-80, elbow=125, pronation=60)
shoulder_press = Activity(
    "shoulder_press",
    (
        "a person presses weights overhead",
        "someone pushes dumbbells up from the shoulders",
        "an overhead shoulder press with both arms",
        "the hands go from beside the ears straight up and down again",
    ),
    [
        to(
            posture(both=arm(flexion=70, abduction=145, rotation=-30, elbow=15, pronation=60)),
            0.9,
            hold=0.05,
        ),
        to(posture(both=_racked), 1.0, hold=0.1),
    ],
    rest=posture(both=_racked),
    pause=(0.0, 0.3),
    freedom=0.8,
)

_sides = arm(abduction=10, elbow=15, pronation=20, rotation=0)
lateral_raise = Activity(
    "lateral_raise",
    (
        "a person raises both arms sideways",
        "lateral shoulder raises with dumbbells",
        "the straight arms go up to the side until shoulder height and down",
        "someone lifts weights out to the sides",
    ),
    [
        to(posture(both={**_sides, "abduction": 88, "flexion": 12}), 0.9, hold=0.08),
        to(posture(both=_sides), 1.0, hold=0.1),
    ],
    rest=posture(both=_sides),
    pause=(0.0, 0.3),
)

_ahead = arm(flexion=6, elbow=12, pronation=70, rotation=15)
front_raise = Activity(
    "front_raise",
    (
        "a person raises both arms forward",
        "front raises with dumbbells",
        "the straight arms go up to the front until shoulder height and down",
        "someone lifts weights in front of the body",
    ),
    [
        to(posture(both={**_ahead, "flexion": 90}), 0.9, hold=0.08),
        to(posture(both=_ahead), 1.0, hold=0.1),
    ],
    rest=posture(both=_ahead),
    pause=(0.0, 0.3),
)

_bent = posture(
    both=arm(flexion=150, abduction=15, rotation=-10, elbow=125, pronation=0), trunk_flexion=-3
)
triceps_extension = Activity(
    "triceps_extension",
    (
        "a person does overhead triceps extensions",
        "someone lifts a weight from behind the head by stretching the elbows",
        "the elbows point up and the forearms go up and down behind the head",
        "tricep extensions with both hands above the head",
    ),
    [
        to(
            posture(
                both=arm(flexion=158, abduction=15, rotation=-10, elbow=25, pronation=0),
                trunk_flexion=-3,
            ),
            0.85,
            hold=0.05,
        ),
        to(_bent, 1.0, hold=0.05),
    ],
    rest=_bent,
    pause=(0.0, 0.3),
    freedom=0.8,
)

_hang = posture(
    both=arm(flexion=52, abduction=8, elbow=10, pronation=10),
    legs=leg(hip=55, knee=28, ankle=10),
    tilt=40,
    trunk_flexion=15,
    head_flexion=-20,
)
row = Activity(
    "row",
    (
        "a person does bent-over dumbbell rows",
        "someone leans forward and pulls weights up to the waist",
        "rowing: the elbows are drawn back along the body",
        "pulling a barbell towards the belly with a bent trunk",
    ),
    [
        to(
            posture(_hang, both=arm(flexion=-12, abduction=18, elbow=88, pronation=10)),
            0.75,
            hold=0.1,
        ),
        to(_hang, 0.95, hold=0.05),
    ],
    rest=_hang,
    pause=(0.0, 0.3),
    freedom=0.7,
)

_spread = posture(
    both=arm(flexion=60, abduction=150, rotation=-40, elbow=15, pronation=30),
    legs=leg(hip=6, knee=8, abduction=20),
)
_landing = posture(legs=leg(hip=14, knee=24, ankle=10))
_shut = posture(both=arm(abduction=12, elbow=12))
jumping_jack = Activity(
    "jumping_jack",
    (
        "a person does jumping jacks",
        "someone jumps with arms and legs apart and together again",
        "star jumps: the hands meet overhead while the feet spread",
        "hopping and swinging both arms up over the sides",
    ),
    [
        through(posture(_spread, both=arm(flexion=35, abduction=88, elbow=15), lift=0.05), 0.24),
        through(_spread, 0.24),
        through(posture(_spread, both=arm(flexion=35, abduction=88, elbow=15), lift=0.05), 0.24),
        through(posture(_landing, both=arm(abduction=12, elbow=12)), 0.24),
    ],
    rest=_shut,
    kind="ongoing",
    freedom=0.8,
)

squat = Activity(
    "squat",
    (
        "a person does squats",
        "someone bends the knees deeply with the arms stretched forward and rises",
        "squatting down and standing up again",
        "knee bends with the hands held out in front for balance",
    ),
    [
        to(
            posture(
                both=arm(flexion=85, abduction=5, elbow=12, pronation=60),
                legs=leg(hip=108, knee=112, ankle=28, abduction=12),
                tilt=22,
                trunk_flexion=18,
            ),
            1.05,
            hold=0.12,
        ),
        to(STAND, 1.0, hold=0.1),
    ],
    pause=(0.0, 0.4),
    freedom=0.6,
)

_lunging = posture(
    right_leg=leg(hip=82, knee=86, ankle=4),
    left_leg=leg(hip=-12, knee=78, ankle=0),
    both=arm(abduction=28, rotation=50, elbow=95, pronation=40),
    trunk_flexion=4,
)
_stepping = posture(
    right_leg=leg(hip=52, knee=60, ankle=5),
    left_leg=leg(hip=-5, knee=14, ankle=8),
    both=arm(abduction=22, rotation=40, elbow=70, pronation=40),
)
lunge = Activity(
    "lunge",
    (
        "a person does forward lunges",
        "someone takes a long step forward, sinks down and steps back",
        "lunging with the hands on the hips",
        "a deep step to the front, the rear knee near the ground",
    ),
    [
        through(_stepping, 0.5),
        to(_lunging, 0.6, hold=0.15),
        through(_stepping, 0.6),
        to(STAND, 0.5, hold=0.1),
    ],
    support="left",
    pause=(0.0, 0.5),
    freedom=0.6,
)

_ears = arm(flexion=40, abduction=50, rotation=-75, elbow=128, pronation=40)
_lying = posture(
    both=_ears, legs=leg(hip=45, knee=92, ankle=-32, abduction=8), tilt=-85, head_flexion=12
)
situp = Activity(
    "situp",
    (
        "a person does sit-ups",
        "someone lies on the back with bent knees, raises the trunk and lies down again",
        "sit-ups with the hands beside the head",
        "abdominal crunches on the floor, up and down",
    ),
    [
        to(
            posture(
                _lying,
                legs=leg(hip=108, knee=92, ankle=-32, abduction=8),
                tilt=-22,
                trunk_flexion=34,
            ),
            1.0,
            hold=0.1,
        ),
        to(_lying, 1.1, hold=0.1),
    ],
    rest=_lying,
    pause=(0.0, 0.4),
    freedom=0.4,
)

_plank = posture(
    both=reach(0.9, -0.26, 0.16, pronation=80, wrist=-55),
    legs=leg(ankle=30, rotation=0),
    tilt=74,
    head_flexion=-12,
)
pushup = Activity(
    "pushup",
    (
        "a person does push-ups",
        "someone lowers the straight body to the floor and presses it up with both arms",
        "press-ups: the elbows bend and stretch while hands and toes stay on the ground",
        "pushing the body up from the ground",
    ),
    [
        to(
            posture(
                _plank,
                both=reach(0.46, -0.14, 0.34, pronation=80, wrist=-55, swivel=25),
                tilt=83,
            ),
            0.75,
            hold=0.05,
        ),
        to(_plank, 0.75, hold=0.1),
    ],
    rest=_plank,
    pause=(0.0, 0.4),
    freedom=0.3,
)

arm_circles = Activity(
    "arm_circles",
    (
        "a person circles both straight arms",
        "someone swings the arms round in big circles beside the body",
        "arm circles to warm up the shoulders",
        "both arms go up at the front and down at the back",
    ),
    [
        through(posture(both=arm(flexion=flexion, abduction=abduction, elbow=8)), 0.28)
        for flexion, abduction in ((75, 15), (140, 25), (100, 120), (10, 95), (-30, 40), (20, 12))
    ],
    rest=posture(both=arm(flexion=60, abduction=50, elbow=8)),
    kind="ongoing",
)

twist_trunk = Activity(
    "twist_trunk",
    (
        "a person twists the trunk to and fro",
        "someone turns the upper body to both sides with the arms held out",
        "trunk rotations with raised elbows",
        "the shoulders turn one way and the other while the feet stay",
    ),
    [
        through(posture(both=arm(flexion=55, abduction=70, elbow=70), trunk_turn=side * 38), 0.75)
        for side in (1, -1)
    ],
    rest=posture(both=arm(flexion=55, abduction=70, elbow=70)),
    kind="ongoing",
    freedom=0.8,
)

touch_toes = Activity(
    "touch_toes",
    (
        "a person bends down to touch the toes",
        "someone stretches the arms up, then bends forward with straight legs",
        "toe touches",
        "stretching the back: hands to the feet and up again",
    ),
    [
        to(posture(both=arm(flexion=165, abduction=12, elbow=10), trunk_flexion=-6), 0.9, hold=0.1),
        to(
            posture(
                both=arm(flexion=80, abduction=4, elbow=8),
                legs=leg(hip=62, knee=12, ankle=6),
                tilt=52,
                trunk_flexion=52,
            ),
            1.1,
            hold=0.3,
        ),
    ],
    pause=(0.0, 0.5),
    freedom=0.7,
)

_rope = arm(flexion=8, abduction=24, rotation=-20, elbow=62, pronation=10)
skip_rope = Activity(
    "skip_rope",
    (
        "a person skips with a rope",
        "someone hops on the spot and turns a rope with the wrists",
        "rope jumping",
        "small jumps while both forearms circle at the sides",
    ),
    [
        through(
            posture(
                both={**_rope, "rotation": -20 + rotation, "elbow": 62 + elbow},
                legs=leg(hip=10, knee=knee, ankle=knee / 2),
                lift=lift,
            ),
            0.12,
        )
        for rotation, elbow, knee, lift in (
            (12, 0, 22, 0.0), (0, 12, 10, 0.035), (-12, 0, 8, 0.05), (0, -12, 12, 0.02)
        )
    ],
    rest=posture(both=_rope, legs=leg(hip=10, knee=14, ankle=7)),
    kind="ongoing",
    freedom=0.8,
)  # fmt: skip

walk = Activity(
    "walk",
    (
        "a person walks",
        "someone walks straight ahead at an easy pace",
        "walking with the arms swinging",
        "strolling forward",
    ),
    gait(WALK, 1.1, swing=20, elbow=8),
    kind="ongoing",
    support="walk",
    freedom=0.8,
)

jog = Activity(
    "jog",
    (
        "a person jogs",
        "someone runs slowly with bent elbows",
        "jogging forward",
        "an easy run, the arms pumping",
    ),
    gait(
        JOG,
        0.74,
        base=posture(
            both=arm(flexion=-5, abduction=20, rotation=12, elbow=82, pronation=10),
            trunk_flexion=6,
            tilt=4,
        ),
        swing=26,
        elbow=10,
        twist=5,
        flight=0.045,
    ),
    kind="ongoing",
    support="run",
    freedom=0.8,
)

walk_in_place = Activity(
    "walk_in_place",
    (
        "a person walks in place",
        "someone steps on the spot",
        "marching in place without moving forward",
        "lifting the feet one after the other on the spot",
    ),
    gait(STEP, 1.15, swing=12, elbow=5, twist=2),
    kind="ongoing",
    freedom=0.8,
)

jog_in_place = Activity(
    "jog_in_place",
    (
        "a person jogs in place",
        "someone runs on the spot",
        "jogging on the spot with bent elbows",
        "quick hopping steps without moving forward",
    ),
    gait(
        STEP,
        0.68,
        base=posture(both=arm(flexion=0, abduction=20, rotation=12, elbow=85, pronation=5)),
        swing=22,
        elbow=8,
        twist=3,
        flight=0.04,
    ),
    kind="ongoing",
    support="run",
    freedom=0.8,
)

_kneeup = posture(
    right_leg=leg(hip=75, knee=95),
    left_leg=leg(hip=-2, knee=4),
    left=arm(flexion=35, elbow=40),
    right=arm(flexion=-25, elbow=35),
)
kick = Activity(
    "kick",
    (
        "a person kicks forward with one foot",
        "someone kicks a ball",
        "a straight kick to the front",
        "the leg swings back and shoots forward",
    ),
    [
        to(
            posture(
                right_leg=leg(hip=-22, knee=65, ankle=-10),
                left_leg=leg(hip=8, knee=14, ankle=6),
                left=arm(flexion=15, abduction=35),
                right=arm(flexion=10, abduction=30),
            ),
            0.55,
        ),
        through(
            posture(
                right_leg=leg(hip=8, knee=72, ankle=0),
                left_leg=leg(hip=5, knee=12, ankle=7),
                left=arm(flexion=25, abduction=30, elbow=20),
                right=arm(flexion=0, abduction=28, elbow=20),
            ),
            0.2,
        ),
        through(
            posture(
                right_leg=leg(hip=50, knee=32, ankle=-20),
                left_leg=leg(hip=0, knee=8, ankle=3),
                left=arm(flexion=40, abduction=25, elbow=25),
                right=arm(flexion=-20, abduction=25, elbow=25),
            ),
            0.2,
        ),
        to(_kneeup, 0.35),
        to(STAND, 0.5, hold=0.1),
    ],
    support="left",
    freedom=0.8,
)

FITNESS: tuple[Activity, ...] = (
    arm_curl,
    shoulder_press,
    lateral_raise,
    front_raise,
    triceps_extension,
    row,
    jumping_jack,
    squat,
    lunge,
    situp,
    pushup,
    arm_circles,
    twist_trunk,
    touch_toes,
    skip_rope,
    walk,
    jog,
    walk_in_place,
    jog_in_place,
    kick,
)
