"""Gestures in the air and throws."""

from __future__ import annotations

from .._posture import STAND, Posture, arm, leg, posture, reach
from .._program import Activity, Key, circle, strokes, through, to

__all__ = ["GESTURES"]

RAISED = arm(flexion=55, abduction=55, rotation=-62, elbow=85, pronation=-10)


def _raised(sway: float) -> dict[str, float]:
    return {**RAISED, "rotation": RAISED["rotation"] + sway, "wrist": -0.4 * sway}


def _board(up: float, out: float) -> tuple[float, float, float]:
    return (0.72, up, out)


WRITING_HAND = {"pronation": 40.0, "swivel": 15.0}

wave = Activity(
    "wave",
    (
        "a person waves with one hand raised",
        "someone greets by waving the hand from side to side",
        "waving hello with the forearm up",
        "the raised hand swings left and right to say goodbye",
    ),
    [
        to(posture(right=_raised(0)), 0.65),
        *(through(posture(right=_raised(s)), 0.24) for s in (24, -24, 24, -24, 24, -24)),
        to(posture(right=_raised(0)), 0.25),
        to(STAND, 0.7),
    ],
)

_open = posture(both=reach(0.62, -0.15, 0.15, pronation=0, swivel=20))
_shut = posture(both=reach(0.64, -0.12, -0.2, pronation=0, swivel=20))
clap = Activity(
    "clap",
    (
        "a person claps both hands in front of the chest",
        "someone applauds",
        "clapping the hands together several times",
        "the palms are brought together again and again in applause",
    ),
    [
        to(_open, 0.55),
        *(through(p, 0.17) for _ in range(5) for p in (_shut, _open)),
        to(_shut, 0.2),
        to(STAND, 0.7),
    ],
    freedom=0.35,
)

_inwards = [
    to(posture(right=reach(0.55, -0.05, 0.55, pronation=0, swivel=20)), 0.6, hold=0.05),
    through(posture(right=reach(0.78, 0.0, 0.1, pronation=0, swivel=20)), 0.2),
    to(posture(right=reach(0.6, -0.02, -0.36, pronation=0, swivel=25)), 0.24, hold=0.1),
    to(STAND, 0.7),
]
_outwards = [
    to(posture(right=reach(0.58, -0.05, -0.36, pronation=55, swivel=25)), 0.6, hold=0.05),
    through(posture(right=reach(0.78, 0.0, 0.1, pronation=55, swivel=20)), 0.22),
    to(posture(right=reach(0.55, 0.0, 0.62, pronation=50, swivel=20)), 0.22, hold=0.1),
    to(STAND, 0.7),
]
swipe_left = Activity(
    "swipe_left",
    (
        "a person swipes to the left with one hand",
        "the hand sweeps from right to left in front of the body",
        "swiping left in the air with one arm",
        "a quick horizontal hand movement towards the left in front of the chest",
    ),
    _inwards,
    left_cycle=_outwards,
)
swipe_right = Activity(
    "swipe_right",
    (
        "a person swipes to the right with one hand",
        "the hand sweeps from left to right in front of the body",
        "swiping right in the air with one arm",
        "a quick horizontal hand movement towards the right in front of the chest",
    ),
    _outwards,
    left_cycle=_inwards,
)

draw_x = Activity(
    "draw_x",
    (
        "a person draws a cross in the air",
        "someone draws the letter X with the hand",
        "two crossing diagonal strokes of the hand in front of the body",
        "the hand draws an X shape on an imaginary board",
    ),
    [
        to(posture(right=reach(*_board(0.3, -0.3), **WRITING_HAND)), 0.65),
        *strokes([_board(0.3, -0.3), _board(-0.3, 0.3)], 0.45, hand=WRITING_HAND),
        *strokes([_board(-0.3, 0.3), _board(0.3, 0.3)], 0.4, hand=WRITING_HAND),
        *strokes([_board(0.3, 0.3), _board(-0.3, -0.3)], 0.45, hand=WRITING_HAND),
        to(STAND, 0.75),
    ],
)

draw_triangle = Activity(
    "draw_triangle",
    (
        "a person draws a triangle in the air",
        "the hand traces three straight lines that form a triangle",
        "drawing a triangular shape with one hand in front of the body",
        "someone sketches a triangle on an imaginary board",
    ),
    [
        to(posture(right=reach(*_board(0.32, 0.0), **WRITING_HAND)), 0.65),
        *strokes(
            [_board(0.32, 0.0), _board(-0.25, -0.32), _board(-0.25, 0.32), _board(0.32, 0.0)],
            0.5,
            hand=WRITING_HAND,
        ),
        to(STAND, 0.75),
    ],
)


def _circle(name: str, clockwise: bool, *descriptions: str) -> Activity:
    top = posture(right=reach(*_board(0.3, 0.0), **WRITING_HAND))

    def keys(clockwise: bool) -> list[Key]:
        ring = circle(
            _board(0.0, 0.0), 0.3, 1.1, clockwise=clockwise, turns=2, eased=True, hand=WRITING_HAND
        )
        return [to(top, 0.65), *ring, to(STAND, 0.75)]

    return Activity(name, descriptions, keys(clockwise), left_cycle=keys(not clockwise))


draw_circle_clockwise = _circle(
    "draw_circle_clockwise",
    True,
    "a person draws a circle clockwise in the air",
    "the hand goes around clockwise in front of the body",
    "drawing a big round shape with one arm, turning right at the top",
    "someone makes clockwise circles with the hand",
)
draw_circle_counterclockwise = _circle(
    "draw_circle_counterclockwise",
    False,
    "a person draws a circle counter-clockwise in the air",
    "the hand goes around anticlockwise in front of the body",
    "drawing a big round shape with one arm, turning left at the top",
    "someone makes counter-clockwise circles with the hand",
)

_knuckles = {"pronation": 10.0, "swivel": 10.0}
knock = Activity(
    "knock",
    (
        "a person knocks on a door",
        "someone raps with the knuckles at head height",
        "knocking several times with one hand",
        "the bent arm taps quickly on a door",
    ),
    [
        to(posture(right=reach(0.52, 0.12, 0.0, **_knuckles, wrist=-20)), 0.6),
        *(
            through(posture(right=reach(f, 0.12, 0.0, **_knuckles, wrist=w)), 0.13)
            for f, w in ((0.63, 15), (0.52, -20)) * 4
        ),
        to(posture(right=reach(0.55, 0.1, 0.0, **_knuckles)), 0.15),
        to(STAND, 0.7),
    ],
    freedom=0.8,
)

_guard = arm(flexion=38, abduction=15, rotation=18, elbow=122, pronation=0)
_fists = posture(both=_guard, trunk_flexion=8)


def _jab(side: str) -> list[Key]:
    arm_out = reach(0.93, 0.05, -0.22, pronation=70, swivel=25)
    hit = posture(
        _fists,
        right=arm_out if side == "right" else None,
        left=arm_out if side == "left" else None,
        trunk_turn=22 if side == "right" else -22,
    )
    return [through(hit, 0.22), through(_fists, 0.26)]


punch = Activity(
    "punch",
    (
        "a person boxes with the fists in front",
        "someone throws straight punches, left and right",
        "punching forward with alternating arms",
        "shadow boxing with quick jabs",
    ),
    [
        to(_fists, 0.5),
        *(key for side in ("right", "left", "right", "left") for key in _jab(side)),
        to(_fists, 0.2),
        to(STAND, 0.6),
    ],
)

_windup = posture(
    right=arm(flexion=25, abduction=85, rotation=-72, elbow=95, pronation=20, wrist=-30),
    left=arm(flexion=45, abduction=20, elbow=30),
    trunk_turn=-28,
    trunk_flexion=-8,
    turn=-10,
)
_release = posture(
    right=arm(flexion=95, abduction=35, rotation=-20, elbow=30, pronation=40, wrist=10),
    trunk_turn=15,
    trunk_flexion=10,
    turn=8,
)
_follow = posture(
    right=arm(flexion=40, abduction=-20, rotation=35, elbow=35, pronation=60, wrist=20),
    trunk_turn=30,
    trunk_flexion=25,
    turn=15,
)
throw = Activity(
    "throw",
    (
        "a person throws a ball overarm",
        "someone hurls an object forward with one arm",
        "throwing: the arm is cocked behind the head and whips forward",
        "an overhand throw",
    ),
    [to(_windup, 0.75), through(_release, 0.34), to(_follow, 0.34, hold=0.1), to(STAND, 0.8)],
    freedom=0.8,
)

_catching = posture(both=reach(0.7, -0.05, -0.12, pronation=-20), trunk_flexion=5)
_caught = posture(both=reach(0.42, -0.25, -0.14, pronation=-20), trunk_flexion=-2)
catch = Activity(
    "catch",
    (
        "a person catches a ball with both hands",
        "someone reaches out, catches an object and pulls it in",
        "catching something in front of the chest",
        "both arms stretch forward and draw back with the caught ball",
    ),
    [to(_catching, 0.4, hold=0.15), to(_caught, 0.22, hold=0.35), to(STAND, 0.7)],
)

_chest = posture(both=reach(0.36, -0.08, 0.0, pronation=70, wrist=-40, swivel=20))
_pushed = posture(both=reach(0.95, 0.02, -0.05, pronation=70, wrist=-50), trunk_flexion=8)
push = Activity(
    "push",
    (
        "a person pushes forward with both hands",
        "someone shoves something away from the chest",
        "a two-handed push straight ahead",
        "both palms are pressed forward until the arms are straight",
    ),
    [to(_chest, 0.5, hold=0.05), to(_pushed, 0.35, hold=0.15), to(_chest, 0.5), to(STAND, 0.6)],
)

_crossed = posture(
    right=reach(0.32, -0.08, -0.42, pronation=50, swivel=14),
    left=reach(0.4, -0.22, -0.38, pronation=50, swivel=6),
)
cross_arms = Activity(
    "cross_arms",
    (
        "a person crosses the arms on the chest",
        "someone folds both arms in front of the body",
        "folding the arms and opening them again",
        "the forearms are laid over each other on the chest",
    ),
    [to(_crossed, 0.75, hold=0.7), to(STAND, 0.75)],
    freedom=0.4,
    pause=(0.3, 1.0),
)

_backswing = posture(
    right=arm(flexion=-48, abduction=8, rotation=5, elbow=8, pronation=10),
    trunk_flexion=28,
    trunk_turn=-12,
    tilt=10,
    right_leg=leg(hip=22, knee=22, ankle=10),
    left_leg=leg(hip=35, knee=40, ankle=15),
)
_bowled = posture(
    _backswing,
    right=arm(flexion=105, abduction=0, rotation=5, elbow=30, pronation=-40),
    trunk_flexion=22,
    trunk_turn=10,
)
bowl = Activity(
    "bowl",
    (
        "a person bowls a ball underarm",
        "the straight arm swings back and then low forward to roll a ball",
        "an underhand throw as in bowling",
        "someone bends forward and rolls a bowling ball",
    ),
    [to(_backswing, 0.75), to(_bowled, 0.62, hold=0.2), to(STAND, 0.8)],
    freedom=0.8,
)

_set = posture(
    both=reach(0.5, 0.12, -0.08, pronation=20, swivel=10),
    legs=leg(hip=28, knee=48, ankle=22),
    tilt=6,
)
_shot = posture(
    right=arm(flexion=150, abduction=12, rotation=0, elbow=18, pronation=50, wrist=40),
    left=arm(flexion=135, abduction=12, rotation=0, elbow=40, pronation=0),
    legs=leg(ankle=-22),
    lift=0.05,
)
shoot_basketball = Activity(
    "shoot_basketball",
    (
        "a person shoots a basketball",
        "someone dips at the knees and throws a ball up at the basket",
        "both hands lift the ball and the wrist flicks it upwards",
        "a basketball jump shot",
    ),
    [to(_set, 0.75, hold=0.1), to(_shot, 0.45, hold=0.25), to(STAND, 0.9)],
    freedom=0.8,
)


def _swing(
    name: str, seconds: float, back: Posture, hit: Posture, end: Posture, *descriptions: str
) -> Activity:
    keys = [
        to(back, 0.8, hold=0.05),
        through(hit, seconds),
        to(end, seconds, hold=0.15),
        to(STAND, 0.9),
    ]
    return Activity(name, descriptions, keys, freedom=0.8)


tennis_forehand = _swing(
    "tennis_forehand",
    0.48,
    posture(
        right=arm(flexion=-20, abduction=62, rotation=-35, elbow=40, pronation=10),
        left=arm(flexion=45, abduction=10, elbow=40),
        trunk_turn=-32,
        turn=-25,
        legs=leg(hip=20, knee=25, ankle=8),
    ),
    posture(
        right=arm(flexion=48, abduction=42, rotation=0, elbow=25, pronation=10),
        trunk_turn=5,
        legs=leg(hip=15, knee=18, ankle=5),
    ),
    posture(
        right=arm(flexion=100, abduction=-48, rotation=30, elbow=85, pronation=50),
        trunk_turn=32,
        turn=20,
        legs=leg(hip=10, knee=12, ankle=4),
    ),
    "a person plays a tennis forehand",
    "someone swings a racket from low behind to across the body",
    "a forehand stroke with one arm",
    "hitting a ball with a sideways swing of the racket",
)

tennis_serve = Activity(
    "tennis_serve",
    (
        "a person serves in tennis",
        "someone tosses the ball up and smashes it with the racket overhead",
        "an overhead tennis serve",
        "one arm lifts the ball, the other whips the racket from behind the back to the front",
    ),
    [
        to(
            posture(
                right=arm(flexion=10, abduction=92, rotation=-60, elbow=110, pronation=0),
                left=arm(flexion=155, abduction=10, elbow=12, pronation=-30),
                trunk_flexion=-15,
                trunk_turn=-22,
                legs=leg(hip=15, knee=30, ankle=15),
            ),
            0.95,
            hold=0.1,
        ),
        through(
            posture(
                right=arm(flexion=118, abduction=75, rotation=-25, elbow=20, pronation=30),
                left=arm(flexion=60, elbow=50),
                trunk_flexion=5,
                trunk_turn=10,
            ),
            0.38,
        ),
        to(
            posture(
                right=arm(flexion=30, abduction=-25, rotation=40, elbow=30, pronation=70),
                left=arm(flexion=5, abduction=15, elbow=60, rotation=15),
                trunk_flexion=32,
                trunk_turn=25,
            ),
            0.42,
            hold=0.15,
        ),
        to(STAND, 0.9),
    ],
    freedom=0.8,
)

baseball_swing = _swing(
    "baseball_swing",
    0.48,
    posture(
        right=reach(0.2, 0.02, 0.38, swivel=45, pronation=0),
        left=reach(0.42, -0.02, -0.62, swivel=25, pronation=30),
        trunk_turn=-35,
        turn=-25,
        head_turn=40,
    ),
    posture(
        right=reach(0.75, -0.25, -0.1, swivel=10, pronation=-20),
        left=reach(0.75, -0.25, -0.3, swivel=10, pronation=50),
        trunk_turn=10,
        turn=15,
    ),
    posture(
        right=reach(0.45, 0.15, -0.6, swivel=25, pronation=50),
        left=reach(0.25, 0.12, 0.25, swivel=30, pronation=-20),
        trunk_turn=42,
        turn=45,
    ),
    "a person swings a baseball bat",
    "both hands together swing a bat around the body",
    "batting: the trunk turns and the arms sweep across",
    "someone hits a ball with a two-handed horizontal swing",
)

raise_hand = Activity(
    "raise_hand",
    (
        "a person raises one hand high",
        "someone puts a hand up as if to ask a question",
        "stretching one arm straight up and lowering it",
        "the arm is lifted above the head and held there",
    ),
    [
        to(posture(right=arm(flexion=165, abduction=10, rotation=0, elbow=12)), 0.85, hold=0.9),
        to(STAND, 0.85),
    ],
    pause=(0.4, 1.2),
)

_come = arm(flexion=48, abduction=15, rotation=10, elbow=65, pronation=-60)
beckon = Activity(
    "beckon",
    (
        "a person beckons someone to come closer",
        "the hand waves inwards, palm up, to call somebody",
        "gesturing come here with one arm",
        "the forearm is curled towards the body again and again",
    ),
    [
        to(posture(right=_come), 0.6),
        *(
            through(posture(right={**_come, "elbow": e, "wrist": w}), 0.26)
            for e, w in ((115, 40), (65, 0)) * 3
        ),
        to(posture(right=_come), 0.2),
        to(STAND, 0.7),
    ],
)

point = Activity(
    "point",
    (
        "a person points forward with one arm",
        "someone stretches the arm out to show a direction",
        "pointing at something far away",
        "the arm is lifted to shoulder height, held and dropped",
    ),
    [
        to(posture(right=reach(0.97, 0.02, 0.05, pronation=60)), 0.65, hold=0.8),
        to(STAND, 0.7),
    ],
    pause=(0.3, 1.0),
)

GESTURES: tuple[Activity, ...] = (
    wave,
    clap,
    swipe_left,
    swipe_right,
    draw_x,
    draw_triangle,
    draw_circle_clockwise,
    draw_circle_counterclockwise,
    knock,
    punch,
    throw,
    catch,
    push,
    cross_arms,
    bowl,
    shoot_basketball,
    tennis_forehand,
    tennis_serve,
    baseball_swing,
    raise_hand,
    beckon,
    point,
)
