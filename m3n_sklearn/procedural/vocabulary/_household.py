"""Household: kitchen, cleaning, clothes, garden, leisure."""

from __future__ import annotations

from .._posture import STAND, Posture, arm, leg, posture, reach
from .._program import STEP, Activity, Key, circle, gait, through, to
from ._fitness import SIT

__all__ = ["HOUSEHOLD"]

_COUNTER = posture(
    trunk_flexion=10,
    tilt=3,
    head_flexion=22,
    legs=leg(hip=3),
    both=reach(0.58, -0.48, -0.08, pronation=45),
)


def _at(right: dict[str, float], left: dict[str, float] | None = None, **body: float) -> Posture:
    """Return the posture at the counter with the hands at given positions."""
    arms = {"right": right, "left": left or reach(0.6, -0.48, -0.12, pronation=60)}
    return posture(_COUNTER, **arms, **body)  # type: ignore[arg-type]


def _to_and_fro(a: Posture, b: Posture, seconds: float) -> list[Key]:
    return [through(a, seconds / 2), through(b, seconds / 2)]


cut_vegetables = Activity(
    "cut_vegetables",
    (
        "a person cuts vegetables with a knife",
        "someone chops food on a board, one hand holding it",
        "slicing carrots: short quick strokes downwards",
        "the knife hand goes up and down while the other one slides along",
    ),
    [
        through(_at(reach(0.62, -0.36, -0.02, pronation=20, deviation=8)), 0.16),
        through(_at(reach(0.66, -0.45, -0.02, pronation=20, deviation=-8)), 0.14),
        through(_at(reach(0.61, -0.36, 0.0, pronation=20, deviation=8)), 0.16),
        through(_at(reach(0.65, -0.45, 0.0, pronation=20, deviation=-8)), 0.14),
    ],
    rest=_at(reach(0.63, -0.4, -0.01, pronation=20)),
    kind="ongoing",
    freedom=0.8,
)

_plate = reach(0.56, -0.42, -0.12, pronation=-30)
wash_dishes = Activity(
    "wash_dishes",
    (
        "a person washes the dishes",
        "someone scrubs a plate with a sponge and puts it aside",
        "rubbing round a plate held in the other hand",
        "doing the washing-up at a sink",
    ),
    [
        to(posture(_COUNTER, right=reach(0.6, -0.29, -0.1, pronation=70), left=_plate), 0.5),
        *circle(
            (0.6, -0.36, -0.1), 0.07, 0.8, base=posture(_COUNTER, left=_plate),
            turns=3, eased=True, hand={"pronation": 70.0},
        ),
        to(_at(reach(0.6, -0.4, 0.0, pronation=60), reach(0.7, -0.3, 0.4, pronation=10)), 0.8, 0.2),
        to(_at(reach(0.6, -0.55, 0.1, pronation=60), reach(0.6, -0.56, 0.0, pronation=40)), 0.6),
    ],
    rest=posture(_COUNTER, left=_plate),
    freedom=0.8,
    pause=(0.0, 0.4),
)  # fmt: skip

knead_dough = Activity(
    "knead_dough",
    (
        "a person kneads dough",
        "someone presses both palms down and forward again and again",
        "working a lump of dough on a table",
        "pushing and folding with the heels of the hands",
    ),
    [
        through(
            posture(_COUNTER, both=reach(0.82, -0.44, -0.1, pronation=80), trunk_flexion=24), 0.4
        ),
        through(
            posture(_COUNTER, both=reach(0.5, -0.44, -0.08, pronation=60), trunk_flexion=9), 0.4
        ),
    ],
    rest=_COUNTER,
    kind="ongoing",
    freedom=0.8,
)

whisk = Activity(
    "whisk",
    (
        "a person beats eggs with a whisk",
        "someone whips cream in a bowl by hand",
        "fast small circles of one hand over a bowl",
        "whisking: the wrist goes round quickly",
    ),
    circle(
        (0.6, -0.42, -0.06), 0.05, 0.36,
        base=posture(_COUNTER, left=reach(0.6, -0.5, -0.14, pronation=10)),
        plane="level", hand={"pronation": 45.0, "wrist": 15.0},
    ),
    rest=_at(reach(0.6, -0.42, -0.06, pronation=45, wrist=15), reach(0.6, -0.5, -0.14)),
    kind="ongoing",
    freedom=0.8,
)  # fmt: skip

grate = Activity(
    "grate",
    (
        "a person grates cheese",
        "someone rubs food up and down a grater",
        "one hand holds a grater, the other one slides along it",
        "grating: steady strokes downwards",
    ),
    _to_and_fro(
        _at(reach(0.6, -0.22, -0.06, pronation=35)),
        _at(reach(0.64, -0.48, -0.04, pronation=35)),
        0.7,
    ),
    rest=_at(reach(0.62, -0.35, -0.05, pronation=35)),
    kind="ongoing",
    freedom=0.8,
)

_jar = reach(0.56, -0.4, -0.2, pronation=5)


def _lid(pronation: float) -> Posture:
    return _at(reach(0.54, -0.3, -0.18, pronation=pronation, swivel=25), _jar)


open_jar = Activity(
    "open_jar",
    (
        "a person opens a jar",
        "someone unscrews the lid of a bottle",
        "one hand holds a jar while the other twists its lid",
        "turning a cap off with a few short twists",
    ),
    [
        to(_lid(78), 0.4, hold=0.1),
        to(_lid(5), 0.45, hold=0.05),
        to(_lid(75), 0.35),
        to(_lid(0), 0.45),
    ],
    rest=_lid(40),
    freedom=0.8,
    pause=(0.2, 0.9),
)

iron_clothes = Activity(
    "iron_clothes",
    (
        "a person irons a shirt",
        "someone pushes an iron over cloth with long level strokes",
        "ironing clothes on a board",
        "one hand glides forth and back while the other smooths the cloth",
    ),
    [
        through(_at(reach(0.86, -0.36, 0.1, pronation=75), trunk_flexion=18), 0.75),
        through(_at(reach(0.46, -0.44, 0.2, pronation=75)), 0.75),
        through(_at(reach(0.84, -0.36, -0.1, pronation=75), trunk_flexion=18), 0.75),
        through(_at(reach(0.46, -0.44, 0.05, pronation=75)), 0.75),
    ],
    rest=_at(reach(0.66, -0.4, 0.05, pronation=75)),
    kind="ongoing",
    freedom=0.8,
)

fold_laundry = Activity(
    "fold_laundry",
    (
        "a person folds laundry",
        "someone brings both arms together to fold a towel and lays it down",
        "folding clothes on a table",
        "the hands spread a cloth, meet, and smooth it",
    ),
    [
        to(posture(_COUNTER, both=reach(0.6, -0.12, 0.5, pronation=30)), 0.7, hold=0.15),
        to(posture(_COUNTER, both=reach(0.62, -0.14, -0.14, pronation=20)), 0.6, hold=0.1),
        to(posture(_COUNTER, both=reach(0.66, -0.44, 0.0, pronation=75), trunk_flexion=16), 0.6),
        to(
            posture(_COUNTER, both=reach(0.62, -0.46, 0.3, pronation=80), trunk_flexion=16),
            0.5,
            0.1,
        ),
    ],
    rest=_COUNTER,
    freedom=0.8,
    pause=(0.1, 0.6),
)

clean_window = Activity(
    "clean_window",
    (
        "a person cleans a window",
        "someone wipes a pane of glass with a cloth in wide bows",
        "polishing a mirror on the wall",
        "the flat hand goes from side to side at the height of the face",
    ),
    [
        through(posture(right=reach(0.74, 0.3, -0.3, pronation=70, wrist=-20), trunk_turn=6), 0.5),
        through(
            posture(right=reach(0.74, 0.38, 0.35, pronation=70, wrist=-20), trunk_turn=-4), 0.5
        ),
        through(
            posture(right=reach(0.78, 0.12, -0.25, pronation=70, wrist=-20), trunk_turn=6), 0.5
        ),
        through(
            posture(right=reach(0.76, 0.02, 0.35, pronation=70, wrist=-20), trunk_turn=-4), 0.5
        ),
    ],
    rest=posture(right=reach(0.76, 0.2, 0.0, pronation=70, wrist=-20)),
    kind="ongoing",
)

_PUSHING = posture(trunk_flexion=18, tilt=6, head_flexion=14, left=arm(elbow=25))
vacuum = Activity(
    "vacuum",
    (
        "a person vacuums the floor",
        "someone pushes a vacuum cleaner forth and back with one arm",
        "hoovering a carpet",
        "long pushes and pulls of a stick low in front of the body",
    ),
    _to_and_fro(
        posture(_PUSHING, right=reach(0.8, -0.5, 0.05, pronation=30), trunk_flexion=30),
        posture(_PUSHING, right=reach(0.3, -0.6, 0.2, pronation=30), trunk_flexion=14),
        1.7,
    ),
    rest=posture(_PUSHING, right=reach(0.55, -0.58, 0.1, pronation=30)),
    kind="ongoing",
    freedom=0.8,
)

_feet_apart = leg(hip=22, knee=18, ankle=8, abduction=10)
shovel = Activity(
    "shovel",
    (
        "a person shovels earth",
        "someone digs with a spade, lifts it and throws the load aside",
        "shovelling snow with both arms",
        "the trunk bends to push a shovel in, rises and turns",
    ),
    [
        to(
            posture(
                right=reach(0.7, -0.55, -0.12, pronation=20),
                left=reach(0.72, -0.62, 0.05, pronation=-20),
                trunk_flexion=38,
                tilt=20,
                legs=_feet_apart,
            ),
            0.8,
            hold=0.1,
        ),
        to(
            posture(
                right=reach(0.5, -0.45, -0.1, pronation=20),
                left=reach(0.68, -0.4, 0.05, pronation=-20),
                trunk_flexion=16,
                tilt=8,
            ),
            0.6,
        ),
        to(
            posture(
                right=reach(0.55, -0.3, -0.1, pronation=20),
                left=reach(0.76, -0.16, 0.1, pronation=-20),
                trunk_turn=30,
                turn=15,
            ),
            0.45,
        ),
        to(
            posture(
                right=reach(0.5, -0.5, 0.0, pronation=20), left=reach(0.6, -0.5, 0.0, pronation=-10)
            ),
            0.7,
        ),
    ],
    freedom=0.7,
    pause=(0.0, 0.4),
)

water_plants = Activity(
    "water_plants",
    (
        "a person waters plants",
        "someone tilts a watering can over flower pots",
        "watering flowers, moving a can slowly from side to side",
        "one arm holds a can out and tips it for a while",
    ),
    [
        to(posture(right=reach(0.72, -0.3, 0.05, pronation=10)), 0.9, hold=0.2),
        to(posture(right=reach(0.76, -0.24, -0.12, pronation=50, deviation=-15)), 0.8, hold=0.6),
        to(posture(right=reach(0.76, -0.26, 0.25, pronation=50, deviation=-15)), 1.1, hold=0.6),
        to(posture(right=reach(0.55, -0.55, 0.12, pronation=10)), 0.9),
    ],
    pause=(0.2, 1.0),
)

_knees = posture(
    legs=leg(hip=112, knee=125, ankle=30, abduction=12),
    tilt=24,
    trunk_flexion=38,
    head_flexion=16,
)


def _laces(out: float, up: float) -> Posture:
    return posture(_knees, both=reach(0.6, up, out, pronation=35))


tie_shoes = Activity(
    "tie_shoes",
    (
        "a person ties shoelaces",
        "someone squats and fastens the laces of a shoe",
        "tying a bow near the floor with both hands",
        "the hands pull a lace apart several times close to the foot",
    ),
    [
        to(_laces(-0.12, -0.6), 0.5, hold=0.1),
        to(_laces(0.15, -0.55), 0.35),
        to(_laces(-0.12, -0.6), 0.4, hold=0.25),
        to(_laces(-0.05, -0.56), 0.3),
        to(_laces(0.2, -0.54), 0.35, hold=0.1),
    ],
    rest=_laces(0.0, -0.58),
    freedom=0.6,
    pause=(0.1, 0.5),
)

put_on_jacket = Activity(
    "put_on_jacket",
    (
        "a person puts on a jacket",
        "someone slips one arm after the other into sleeves",
        "getting dressed: pulling a coat over the shoulders",
        "the arms reach back and out and draw the front together",
    ),
    [
        to(posture(right=arm(flexion=-25, abduction=40, elbow=60), left=arm(elbow=70)), 0.8),
        to(posture(right=arm(flexion=30, abduction=70, elbow=20), trunk_turn=10), 0.7, hold=0.1),
        to(posture(left=arm(flexion=-30, abduction=40, elbow=60), right=arm(elbow=60)), 0.8),
        to(posture(left=arm(flexion=30, abduction=70, elbow=20), trunk_turn=-10), 0.7, hold=0.1),
        to(posture(both=reach(0.42, -0.2, -0.1, pronation=40)), 0.7, hold=0.2),
        to(posture(both=reach(0.42, -0.6, -0.1, pronation=40)), 0.8, hold=0.2),
    ],
    freedom=0.9,
    pause=(0.2, 0.8),
)

_page = posture(SIT, both=reach(0.58, -0.36, -0.05, pronation=-25), head_flexion=26)
read_book = Activity(
    "read_book",
    (
        "a person reads a book and turns a page",
        "someone sits with a book in the hands and leafs over from time to time",
        "reading: long rest, then a page is turned",
        "one hand moves across an open book",
    ),
    [
        to(posture(_page, right=reach(0.58, -0.34, 0.0, pronation=40)), 0.6, hold=0.15),
        to(posture(_page, right=reach(0.58, -0.32, -0.28, pronation=0)), 0.6),
        to(_page, 0.6, hold=1.6),
    ],
    rest=_page,
    pause=(0.5, 2.0),
)

_phone = posture(SIT, right=reach(0.52, -0.22, -0.15, pronation=-30), head_flexion=28)
scroll_phone = Activity(
    "scroll_phone",
    (
        "a person scrolls on a phone",
        "someone holds a smartphone and swipes over it with the thumb",
        "looking at a mobile phone while seated",
        "the hand with the phone stays still but for small flicks",
    ),
    [
        to(posture(_phone, right=reach(0.52, -0.22, -0.15, pronation=-26, deviation=7)), 0.16),
        to(posture(_phone, right=reach(0.52, -0.22, -0.15, pronation=-32, deviation=-4)), 0.3, 0.7),
    ],
    rest=_phone,
    pause=(0.1, 1.4),
)

_wrung = posture(_COUNTER, both=reach(0.5, -0.3, -0.18, pronation=40))
rub_hands = Activity(
    "rub_hands",
    (
        "a person rubs the hands together",
        "someone spreads lotion over both hands",
        "rubbing palm against palm",
        "the hands slide over each other in front of the chest",
    ),
    _to_and_fro(
        posture(
            _wrung,
            right=reach(0.54, -0.29, -0.19, pronation=10),
            left=reach(0.47, -0.29, -0.19, pronation=10),
        ),
        posture(
            _wrung,
            right=reach(0.47, -0.29, -0.19, pronation=10),
            left=reach(0.54, -0.29, -0.19, pronation=10),
        ),
        0.44,
    ),
    rest=_wrung,
    kind="ongoing",
)

_face = reach(0.36, 0.14, -0.24, swivel=10, pronation=-20)
wash_face = Activity(
    "wash_face",
    (
        "a person washes the face",
        "someone bends over a basin and rubs the cheeks with both hands",
        "splashing water into the face",
        "both hands go from the sink to the face and rub up and down",
    ),
    [
        to(
            posture(_COUNTER, both=reach(0.56, -0.42, -0.18, pronation=-50), trunk_flexion=30),
            0.7,
            0.3,
        ),
        to(posture(_COUNTER, both=_face, trunk_flexion=34, tilt=10), 0.6),
        *(
            through(
                posture(
                    _COUNTER,
                    both=reach(0.36, up, -0.23, swivel=10, pronation=-20),
                    trunk_flexion=34,
                    tilt=10,
                ),
                0.2,
            )
            for up in (0.2, 0.1, 0.2, 0.1, 0.18)
        ),
        to(posture(_COUNTER, both=_face, trunk_flexion=34, tilt=10), 0.2),
    ],
    rest=posture(_COUNTER, trunk_flexion=24),
    freedom=0.8,
    pause=(0.1, 0.6),
)

scratch_head = Activity(
    "scratch_head",
    (
        "a person scratches the head",
        "someone lifts a hand to the hair and scratches for a moment",
        "scratching behind the ear",
        "a hand goes up to the head and makes small quick movements there",
    ),
    [
        to(
            posture(right=arm(flexion=88, abduction=55, rotation=-25, elbow=132, pronation=30)), 0.6
        ),
        *(
            through(
                posture(
                    right=arm(
                        flexion=88,
                        abduction=55,
                        rotation=-25,
                        elbow=elbow,
                        pronation=30,
                        wrist=wrist,
                    )
                ),
                0.13,
            )
            for elbow, wrist in ((136, 22), (131, 0)) * 3
        ),
        to(
            posture(right=arm(flexion=88, abduction=55, rotation=-25, elbow=132, pronation=30)),
            0.15,
        ),
        to(STAND, 0.7),
    ],
    pause=(0.4, 1.5),
)

drum = Activity(
    "drum",
    (
        "a person plays the drums",
        "someone beats with two sticks in turn",
        "drumming: left and right hand strike alternately",
        "quick beats of both forearms one after the other",
    ),
    [
        through(
            posture(
                SIT,
                right=reach(0.6, -0.12, 0.1, pronation=60, deviation=10),
                left=reach(0.66, -0.42, 0.1, pronation=60, deviation=-10),
            ),
            0.22,
        ),
        through(
            posture(
                SIT,
                right=reach(0.66, -0.42, 0.1, pronation=60, deviation=-10),
                left=reach(0.6, -0.12, 0.1, pronation=60, deviation=10),
            ),
            0.22,
        ),
    ],
    rest=posture(SIT, both=reach(0.63, -0.28, 0.1, pronation=60)),
    kind="ongoing",
)

_neck = reach(0.5, -0.18, 0.45, pronation=-70)
play_guitar = Activity(
    "play_guitar",
    (
        "a person plays the guitar",
        "someone strums strings with one hand while the other holds the neck",
        "strumming: the forearm goes down and up in front of the belly",
        "making music on a guitar while seated",
    ),
    _to_and_fro(
        posture(SIT, right=reach(0.5, -0.34, -0.12, pronation=40, wrist=12), left=_neck),
        posture(SIT, right=reach(0.5, -0.52, -0.06, pronation=30, wrist=-8), left=_neck),
        0.5,
    ),
    rest=posture(SIT, right=reach(0.5, -0.44, -0.1, pronation=35), left=_neck),
    kind="ongoing",
)

turn_crank = Activity(
    "turn_crank",
    (
        "a person turns a crank",
        "someone winds a handle round and round with one hand",
        "cranking: big upright circles away from the body",
        "the hand circles on a winch, over the top and forward",
    ),
    [
        through(
            posture(
                right=reach(
                    0.62 + 0.16 * forward, -0.3 + 0.16 * up, -0.02, pronation=20, swivel=5
                ),
                trunk_flexion=10,
            ),
            0.16,
        )
        for forward, up in (
            (0.0, 1.0), (0.71, 0.71), (1.0, 0.0), (0.71, -0.71),
            (0.0, -1.0), (-0.71, -0.71), (-1.0, 0.0), (-0.71, 0.71),
        )
    ],
    rest=posture(right=reach(0.62, -0.3, -0.02, pronation=20), trunk_flexion=10),
    kind="ongoing",
    freedom=0.8,
)  # fmt: skip

sand_wood = Activity(
    "sand_wood",
    (
        "a person sands a piece of wood",
        "someone rubs sandpaper forth and back over a board",
        "sanding with short strong strokes of one arm",
        "polishing a surface with pressure",
    ),
    _to_and_fro(
        _at(reach(0.78, -0.44, 0.0, pronation=80), trunk_flexion=20),
        _at(reach(0.54, -0.46, 0.04, pronation=80), trunk_flexion=14),
        0.52,
    ),
    rest=_at(reach(0.66, -0.45, 0.02, pronation=80)),
    kind="ongoing",
    freedom=0.8,
)

pull_rope = Activity(
    "pull_rope",
    (
        "a person pulls a rope hand over hand",
        "someone hauls a line in with both arms in turn",
        "pulling in a rope",
        "one hand reaches forward while the other draws back",
    ),
    [
        to(
            posture(
                right=reach(0.86, -0.12, -0.1, pronation=40),
                left=reach(0.36, -0.38, 0.0, pronation=40),
                trunk_turn=10,
            ),
            0.55,
        ),
        to(
            posture(
                right=reach(0.36, -0.38, 0.0, pronation=40),
                left=reach(0.86, -0.12, -0.1, pronation=40),
                trunk_turn=-10,
            ),
            0.55,
        ),
    ],
    rest=posture(both=reach(0.6, -0.25, -0.05, pronation=40)),
    kind="ongoing",
    freedom=0.8,
)

take_photo = Activity(
    "take_photo",
    (
        "a person takes a photo",
        "someone lifts a camera before the eyes with both hands and holds still",
        "photographing with a phone",
        "both hands go up in front of the face, wait, and come down",
    ),
    [
        to(posture(both=reach(0.58, 0.12, -0.22, pronation=-20)), 0.8, hold=1.3),
        to(posture(both=reach(0.5, -0.4, -0.1, pronation=-10)), 0.8, hold=0.5),
    ],
    pause=(0.3, 1.2),
)


def _about(seconds: float) -> list[Key]:
    """Small steps on the spot while the body turns from one side to the other."""
    steps = [*gait(STEP, seconds / 2, swing=8, twist=0), *gait(STEP, seconds / 2, swing=8, twist=0)]
    angles = [-80 + 160 * (i + 1) / len(steps) for i in range(len(steps))]
    turned = [posture(key.posture, turn=angle) for key, angle in zip(steps, angles, strict=True)]
    first = through(turned[0], 0.35)
    rest = [through(each, key.seconds) for each, key in zip(turned[1:], steps[1:], strict=True)]
    return [first, *rest, to(posture(turn=80), 0.45)]


turn_around = Activity(
    "turn_around",
    (
        "a person turns around on the spot",
        "someone makes a few small steps and faces the other way",
        "turning back: an about-turn while standing",
        "the body turns by half a circle",
    ),
    _about(1.5),
    rest=posture(turn=-80),
    kind="once",
    freedom=0.5,
)

HOUSEHOLD: tuple[Activity, ...] = (
    cut_vegetables,
    wash_dishes,
    knead_dough,
    whisk,
    grate,
    open_jar,
    iron_clothes,
    fold_laundry,
    clean_window,
    vacuum,
    shovel,
    water_plants,
    tie_shoes,
    put_on_jacket,
    read_book,
    scroll_phone,
    rub_hands,
    wash_face,
    scratch_head,
    drum,
    play_guitar,
    turn_crank,
    sand_wood,
    pull_rope,
    take_photo,
    turn_around,
)
