"""Daily life: sit, eat, wash, write, rest."""

from __future__ import annotations

from .._posture import STAND, Posture, arm, leg, posture, reach
from .._program import Activity, Key, circle, strokes, through, to
from ._fitness import SIT

__all__ = ["DAILY"]

_leaning = posture(
    legs=leg(hip=108, knee=98, ankle=12),
    tilt=18,
    trunk_flexion=26,
    both=arm(flexion=38, abduction=5, elbow=25, pronation=40),
)
_rising = posture(
    legs=leg(hip=62, knee=52, ankle=12),
    tilt=20,
    trunk_flexion=22,
    both=arm(flexion=30, abduction=6, elbow=20, pronation=30),
)
sit_to_stand = Activity(
    "sit_to_stand",
    (
        "a person stands up from a chair",
        "someone rises from sitting to standing",
        "getting up from a seat",
        "leaning forward and standing up",
    ),
    [through(_leaning, 0.65), through(_rising, 0.4), to(STAND, 0.65)],
    rest=SIT,
    kind="once",
    freedom=0.6,
)
stand_to_sit = Activity(
    "stand_to_sit",
    (
        "a person sits down on a chair",
        "someone goes from standing to sitting",
        "taking a seat",
        "lowering the body onto a seat",
    ),
    [through(_rising, 0.6), through(_leaning, 0.45), to(SIT, 0.7)],
    kind="once",
    freedom=0.6,
)

stand_still = Activity(
    "stand_still",
    (
        "a person stands still",
        "someone stands and waits with hanging arms",
        "standing quietly",
        "doing nothing while standing",
    ),
    [to(posture(head_turn=12), 0.9, hold=1.2), to(STAND, 0.9)],
    pause=(0.8, 2.0),
)
sit_still = Activity(
    "sit_still",
    (
        "a person sits still",
        "someone sits on a chair with the hands on the thighs",
        "sitting quietly",
        "resting on a seat without doing anything",
    ),
    [to(posture(SIT, head_turn=12), 0.9, hold=1.2), to(SIT, 0.9)],
    rest=SIT,
    pause=(0.8, 2.0),
    freedom=0.6,
)

_bowed = posture(
    legs=leg(hip=95, knee=78, ankle=18),
    tilt=42,
    trunk_flexion=48,
    head_flexion=-15,
    both=arm(flexion=45, abduction=2, elbow=18, pronation=30),
)
pick_up = Activity(
    "pick_up",
    (
        "a person picks something up from the floor",
        "someone bends down, grasps an object and straightens up",
        "bending over to lift an object off the ground",
        "reaching down to the floor with both hands",
    ),
    [
        to(_bowed, 1.0, hold=0.3),
        to(posture(both=reach(0.55, -0.5, -0.1, pronation=20)), 1.0, hold=0.3),
        to(STAND, 0.8),
    ],
    freedom=0.5,
    pause=(0.2, 0.8),
)

_mouth = posture(
    SIT, right=reach(0.36, 0.12, -0.22, swivel=12, pronation=5, deviation=10), head_flexion=-12
)
_cup = posture(SIT, right=reach(0.72, -0.48, -0.05, pronation=5))
drink = Activity(
    "drink",
    (
        "a person drinks from a cup",
        "someone lifts a glass to the mouth and puts it down",
        "drinking while seated",
        "raising a mug, taking a sip and setting it back on the table",
    ),
    [
        to(_cup, 0.75, hold=0.15),
        to(_mouth, 0.95, hold=0.2),
        to(
            posture(_mouth, right=reach(0.36, 0.16, -0.22, swivel=28, pronation=25, deviation=5)),
            0.4,
            hold=0.5,
        ),
        to(_cup, 0.95, hold=0.15),
        to(SIT, 0.7),
    ],
    rest=SIT,
    freedom=0.4,
)

_bottle = posture(
    right=reach(0.62, -0.42, -0.05, pronation=5, swivel=5),
    left=reach(0.6, -0.55, -0.2, pronation=10),
)
pour = Activity(
    "pour",
    (
        "a person pours water into a glass",
        "someone tilts a bottle to fill a cup",
        "pouring a drink: the forearm turns inwards and back",
        "lifting a jug and pouring from it",
    ),
    [
        to(_bottle, 0.7, hold=0.1),
        to(posture(_bottle, right=reach(0.6, -0.18, -0.15, pronation=5, swivel=15)), 0.6),
        to(
            posture(_bottle, right=reach(0.58, -0.15, -0.25, pronation=75, swivel=40)),
            0.7,
            hold=0.9,
        ),
        to(posture(_bottle, right=reach(0.6, -0.18, -0.15, pronation=5, swivel=15)), 0.55),
        to(_bottle, 0.6, hold=0.2),
    ],
    rest=_bottle,
    freedom=0.4,
)

_plate = posture(SIT, right=reach(0.66, -0.52, -0.12, pronation=35), head_flexion=10)
_bite = posture(
    SIT, right=reach(0.36, 0.06, -0.26, swivel=15, pronation=-10, wrist=20), head_flexion=5
)
eat = Activity(
    "eat",
    (
        "a person eats with a spoon",
        "someone brings food from a plate to the mouth",
        "eating at a table",
        "the hand scoops from a bowl and goes up to the lips again and again",
    ),
    [
        to(_plate, 0.6),
        through(posture(_plate, right=reach(0.7, -0.56, -0.12, pronation=50)), 0.25),
        to(posture(_plate, right=reach(0.62, -0.5, -0.14, pronation=10)), 0.3, hold=0.05),
        to(_bite, 0.8, hold=0.3),
        to(_plate, 0.8, hold=0.1),
    ],
    rest=_plate,
    freedom=0.4,
)


def _comb(stroke: float) -> Posture:
    """From the forehead (0) to the back of the head (1)."""
    hand = arm(
        flexion=95 + 8 * stroke,
        abduction=25 + 55 * stroke,
        rotation=30 - 50 * stroke,
        elbow=118 + 12 * stroke,
        pronation=30 - 30 * stroke,
        wrist=10,
    )
    return posture(right=hand, head_flexion=8)


comb_hair = Activity(
    "comb_hair",
    (
        "a person combs the hair",
        "someone draws a comb from the forehead to the back of the head",
        "brushing one's hair with one hand",
        "the hand strokes over the head again and again",
    ),
    [
        to(_comb(0), 0.9),
        *(key for _ in range(3) for key in (to(_comb(1), 0.6), to(_comb(0), 0.5))),
        to(STAND, 0.9),
    ],
    freedom=0.35,
    pause=(0.1, 0.5),
)

_teeth = reach(0.36, 0.16, -0.2, swivel=38, pronation=30)
brush_teeth = Activity(
    "brush_teeth",
    (
        "a person brushes the teeth",
        "someone moves a toothbrush quickly to and fro in front of the mouth",
        "tooth brushing with one hand",
        "short rapid strokes at the mouth",
    ),
    [
        through(
            posture(right=reach(0.36, 0.16, out, swivel=38, pronation=30 + lift), head_flexion=6),
            0.15,
        )
        for out, lift in ((-0.13, 5), (-0.24, -5)) * 4
    ],
    rest=posture(right=_teeth, head_flexion=6),
    kind="ongoing",
    freedom=0.5,
)

_desk = posture(
    SIT,
    right=reach(0.62, -0.5, -0.1, pronation=55, swivel=8, wrist=-20),
    left=reach(0.52, -0.5, 0.02, pronation=70),
    head_flexion=25,
    trunk_flexion=14,
)


def _writing() -> list[Key]:
    line: list[Key] = []
    steps = 14
    for step in range(steps):
        out = -0.22 + 0.3 * step / steps
        wiggle = 0.012 if step % 2 else -0.012
        hand = reach(0.62 + wiggle, -0.5, out, pronation=55, swivel=8, wrist=-20)
        line.append(through(posture(_desk, right=hand), 0.16))
    return line


write = Activity(
    "write",
    (
        "a person writes on paper",
        "someone writes a line with a pen at a desk",
        "handwriting: small quick strokes moving sideways",
        "taking notes while seated",
    ),
    _writing(),
    rest=_desk,
    kind="ongoing",
    freedom=0.5,
)

type_keyboard = Activity(
    "type_keyboard",
    (
        "a person types on a keyboard",
        "someone works at a computer with both hands on the keys",
        "typing: small quick movements of the hands above a desk",
        "fingers and wrists tap on a keyboard",
    ),
    [
        through(
            posture(
                SIT,
                head_flexion=10,
                right=reach(
                    0.55 + a, -0.48 + b, -0.12 + c, pronation=75, swivel=12, wrist=-15 + 200 * b
                ),
                left=reach(
                    0.55 + c, -0.48 + a, -0.12 + b, pronation=75, swivel=12, wrist=-15 + 200 * a
                ),
            ),
            0.13,
        )
        for a, b, c in (
            (0.0, 0.012, 0.0),
            (0.01, 0.0, 0.03),
            (0.02, 0.012, 0.02),
            (0.0, 0.0, -0.03),
            (-0.01, 0.012, -0.01),
            (0.015, 0.0, 0.0),
            (0.0, 0.012, 0.03),
            (0.0, 0.0, 0.0),
        )
    ],
    rest=posture(
        SIT, head_flexion=10, both=reach(0.55, -0.48, -0.12, pronation=75, swivel=12, wrist=-15)
    ),
    kind="ongoing",
    freedom=0.5,
)

_ear = posture(right=arm(flexion=42, abduction=38, rotation=-8, elbow=140, pronation=5))
answer_phone = Activity(
    "answer_phone",
    (
        "a person lifts a phone to the ear",
        "someone answers a phone call",
        "holding a telephone at the head and putting it away again",
        "the hand goes from the hip to the ear and stays there",
    ),
    [to(_ear, 0.95, hold=1.6), to(STAND, 0.9)],
    freedom=0.5,
    pause=(0.3, 1.0),
)

_knob = {"swivel": 8.0}
open_door = Activity(
    "open_door",
    (
        "a person opens a door",
        "someone turns a door handle and pulls the door open",
        "reaching for a handle, turning it and drawing it in",
        "opening and letting go of a door with one hand",
    ),
    [
        to(posture(right=reach(0.78, -0.38, 0.0, pronation=10, **_knob)), 0.8, hold=0.1),
        to(posture(right=reach(0.78, -0.38, 0.0, pronation=62, **_knob)), 0.35, hold=0.1),
        to(
            posture(right=reach(0.42, -0.4, 0.3, pronation=45, **_knob), trunk_turn=-15, turn=-12),
            0.85,
            hold=0.1,
        ),
        to(STAND, 0.8),
    ],
    freedom=0.5,
)

_sponge = {"pronation": 78.0, "swivel": 10.0, "wrist": -25.0}
_bent = posture(
    trunk_flexion=22,
    tilt=8,
    head_flexion=15,
    legs=leg(hip=8),
    left=reach(0.6, -0.62, 0.1, pronation=70),
)
wipe_table = Activity(
    "wipe_table",
    (
        "a person wipes a table with a cloth",
        "someone cleans a surface with wide strokes of the hand",
        "wiping the tabletop from side to side",
        "the flat hand slides to and fro over a table",
    ),
    [
        *strokes(
            [
                (0.5, -0.55, 0.3),
                (0.62, -0.55, -0.3),
                (0.6, -0.5, 0.3),
                (0.72, -0.48, -0.2),
                (0.7, -0.48, 0.3),
                (0.6, -0.52, -0.3),
                (0.5, -0.55, 0.3),
            ],
            0.52,
            base=_bent,
            hand=_sponge,
        )
    ],
    rest=posture(_bent, right=reach(0.6, -0.52, 0.0, **_sponge)),
    kind="ongoing",
    freedom=0.6,
)

_spoon = {"pronation": 40.0, "swivel": 25.0, "wrist": 10.0}
_pot = posture(
    left=reach(0.55, -0.5, -0.05, pronation=10),
    head_flexion=20,
    trunk_flexion=8,
)
stir = Activity(
    "stir",
    (
        "a person stirs a pot",
        "someone stirs soup with a spoon in small level circles",
        "stirring round and round with one hand",
        "the hand goes around in a horizontal circle above a pot",
    ),
    circle((0.58, -0.38, -0.12), 0.1, 0.95, base=_pot, plane="level", hand=_spoon),
    rest=posture(_pot, right=reach(0.58, -0.38, -0.12, **_spoon)),
    kind="ongoing",
    freedom=0.7,
)

_palms = posture(
    right=reach(0.5, -0.42, -0.19, pronation=40),
    left=reach(0.5, -0.42, -0.19, pronation=40),
    trunk_flexion=10,
    head_flexion=15,
)
wash_hands = Activity(
    "wash_hands",
    (
        "a person washes the hands",
        "someone rubs both hands against each other under a tap",
        "hand washing: the palms slide over each other",
        "rubbing the hands together with soap",
    ),
    [
        through(
            posture(
                _palms,
                right=reach(0.5 + a, -0.42, -0.19 + b, pronation=40 + c),
                left=reach(0.5 - a, -0.42, -0.19 - b, pronation=40 - c),
            ),
            0.19,
        )
        for a, b, c in (
            (0.05, 0.0, 15),
            (-0.05, 0.0, 5),
            (0.05, 0.02, -15),
            (-0.05, 0.0, 25),
            (0.04, -0.02, 0),
            (-0.05, 0.0, -25),
        )
    ],
    rest=_palms,
    kind="ongoing",
    freedom=0.35,
)

DAILY: tuple[Activity, ...] = (
    sit_to_stand,
    stand_to_sit,
    stand_still,
    sit_still,
    pick_up,
    drink,
    pour,
    eat,
    comb_hair,
    brush_teeth,
    write,
    type_keyboard,
    answer_phone,
    open_door,
    wipe_table,
    stir,
    wash_hands,
)
