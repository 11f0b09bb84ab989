"""Packing: the ten operations of a packing line, from fetching goods to signing the order.

Each is a cycle of some seconds in the style of one worker. The real operation varies and takes up
to a minute.
"""

from __future__ import annotations

from .._posture import STAND, Posture, arm, leg, posture, reach
from .._program import WALK, Activity, Key, gait, through, to

__all__ = ["PACKING"]

_TABLE = posture(
    trunk_flexion=13,
    tilt=4,
    head_flexion=22,
    legs=leg(hip=4),
    both=reach(0.56, -0.5, -0.06, pronation=45),
)


def _at(right: dict[str, float], left: dict[str, float] | None = None, **body: float) -> Posture:
    """Return the posture at the table; the left hand rests there by default."""
    arms = {"right": right, "left": left or reach(0.58, -0.5, -0.1, pronation=50)}
    return posture(_TABLE, **arms, **body)  # type: ignore[arg-type]


_holding = reach(0.46, -0.5, -0.12, pronation=-20)
pick_from_shelf = Activity(
    "pick_from_shelf",
    (
        "a worker picks goods from a shelf and gathers them in one arm",
        "someone takes items out of a rack, high and low, one after the other",
        "collecting products from the shelves of a storage room",
        "the hand goes to the shelf, grasps an article and brings it to the other arm",
        "order picking in front of a storage rack",
    ),
    [
        to(posture(right=reach(0.86, 0.22, 0.08, pronation=50), left=_holding), 0.8, hold=0.25),
        to(posture(right=reach(0.46, -0.46, -0.16, pronation=20), left=_holding), 0.75, hold=0.2),
        to(
            posture(
                right=reach(0.85, -0.3, 0.15, pronation=55),
                left=_holding,
                trunk_flexion=32,
                tilt=14,
                legs=leg(hip=24, knee=16, ankle=8),
            ),
            0.9,
            hold=0.25,
        ),
        to(posture(right=reach(0.46, -0.46, -0.16, pronation=20), left=_holding), 0.85, hold=0.3),
    ],
    rest=posture(left=_holding),
    freedom=0.7,
    pause=(0.2, 0.9),
)

_reading = posture(
    right=reach(0.56, -0.34, -0.1, pronation=35), left=arm(elbow=30), head_flexion=24
)
walk_with_order = Activity(
    "walk_with_order",
    (
        "a worker walks to the shelves with an order sheet in the hand",
        "someone walks and reads a slip of paper held in front of the chest",
        "fetching goods: going along the racks with a list",
        "walking while one hand holds a sheet and the other one swings",
    ),
    gait(WALK, 1.15, base=_reading, swing=4, twist=3),
    kind="ongoing",
    support="walk",
    freedom=0.7,
)

_item = reach(0.52, -0.36, -0.14, pronation=5)
relocate_item_label = Activity(
    "relocate_item_label",
    (
        "a worker peels a label off an item and sticks it on a sheet of paper",
        "someone holds a product, picks its sticker off and presses it onto the order",
        "moving small labels from the goods to the order sheet",
        "the fingers pluck at an item in the other hand, then the palm smooths paper on the table",
        "transferring stickers from articles to a list",
    ),
    [
        to(_at(reach(0.52, -0.34, -0.16, pronation=35, wrist=15), _item), 0.5, hold=0.1),
        *(
            to(_at(reach(0.5 - pull, -0.33 + pull, -0.16, pronation=20, wrist=10), _item), 0.28)
            for pull in (0.05, 0.0, 0.1)
        ),
        to(_at(reach(0.7, -0.42, 0.02, pronation=78, wrist=-10), _item), 0.55, hold=0.08),
        *(
            through(_at(reach(0.7, -0.44, out, pronation=80, wrist=-15), _item), 0.2)
            for out in (0.08, -0.02, 0.06)
        ),
        to(_at(reach(0.55, -0.45, 0.12, pronation=45)), 0.45, hold=0.15),
    ],
    rest=_TABLE,
    freedom=0.8,
    pause=(0.0, 0.4),
)

_flat = posture(_TABLE, both=reach(0.66, -0.36, 0.3, pronation=15, swivel=10))
_open = posture(_TABLE, both=reach(0.64, -0.34, -0.02, pronation=10, swivel=12))
assemble_box = Activity(
    "assemble_box",
    (
        "a worker sets up a cardboard box and tapes its bottom",
        "someone unfolds a flat carton, bends the flaps in, tapes it and turns it over",
        "making a box out of cardboard",
        "both hands push a carton into shape, one draws tape over it, then it is flipped",
        "assembling an empty carton for the next order",
    ),
    [
        to(_flat, 0.6, hold=0.1),
        to(_open, 0.7, hold=0.15),
        to(posture(_TABLE, both=reach(0.6, -0.42, 0.34, pronation=20, swivel=15)), 0.5),
        to(posture(_TABLE, both=reach(0.6, -0.38, -0.1, pronation=78, swivel=22)), 0.45, 0.15),
        to(_at(reach(0.84, -0.32, 0.02, pronation=18, swivel=12), trunk_flexion=24), 0.6, 0.15),
        to(_at(reach(0.4, -0.38, -0.02, pronation=40, swivel=12), trunk_flexion=12), 0.8, 0.1),
        to(posture(_TABLE, both=reach(0.6, -0.25, 0.12, pronation=-10)), 0.5),
        to(
            posture(
                _TABLE,
                right=reach(0.6, -0.1, 0.02, pronation=60),
                left=reach(0.6, -0.42, 0.02, pronation=-30),
                trunk_bend=5,
            ),
            0.55,
        ),
        to(posture(_TABLE, both=reach(0.62, -0.42, 0.08, pronation=25)), 0.55, hold=0.2),
    ],
    rest=_TABLE,
    freedom=0.7,
    pause=(0.1, 0.6),
)

insert_items = Activity(
    "insert_items",
    (
        "a worker puts items into an open box",
        "someone takes things from beside a carton and lowers them into it",
        "filling a parcel with goods and padding",
        "the hands go to the side, grasp something and reach down into a box",
        "packing products and air cushions into a carton",
    ),
    [
        to(_at(reach(0.62, -0.5, 0.5, pronation=55), trunk_turn=-12), 0.6, hold=0.2),
        to(_at(reach(0.62, -0.28, 0.0, pronation=40)), 0.55),
        to(_at(reach(0.64, -0.6, -0.02, pronation=50), trunk_flexion=22), 0.4, hold=0.2),
        to(_at(reach(0.62, -0.28, 0.02, pronation=45)), 0.4),
        to(
            posture(
                _TABLE,
                right=reach(0.62, -0.55, 0.02, pronation=75),
                left=reach(0.62, -0.55, 0.02, pronation=75),
                trunk_flexion=24,
            ),
            0.6,
            hold=0.2,
        ),
    ],
    rest=_TABLE,
    freedom=0.7,
    pause=(0.0, 0.5),
)

_lid = reach(0.62, -0.3, -0.08, pronation=80, swivel=25)
close_box = Activity(
    "close_box",
    (
        "a worker closes a full box and seals the lid with tape",
        "someone bends the upper flaps of a carton down and runs tape along the top",
        "shutting a packed carton",
        "the palms press the lid together, then one hand draws the tape dispenser over it",
        "closing a parcel: flaps first, tape afterwards",
    ),
    [
        to(posture(_TABLE, both=reach(0.6, -0.2, 0.38, pronation=10, swivel=18)), 0.55),
        to(posture(_TABLE, both=_lid), 0.5, hold=0.2),
        to(
            _at(reach(0.88, -0.2, -0.02, pronation=15, swivel=15), _lid, trunk_flexion=22), 0.6, 0.2
        ),
        to(_at(reach(0.42, -0.24, -0.04, pronation=40, swivel=15), _lid), 1.0, hold=0.08),
        to(_at(reach(0.4, -0.3, -0.06, pronation=72, swivel=35), _lid), 0.22, hold=0.15),
        to(_at(reach(0.66, -0.28, -0.04, pronation=80, swivel=12)), 0.4),
        to(_at(reach(0.5, -0.3, -0.06, pronation=80, swivel=12)), 0.35, hold=0.1),
    ],
    rest=_TABLE,
    freedom=0.7,
    pause=(0.0, 0.4),
)

attach_box_label = Activity(
    "attach_box_label",
    (
        "a worker sticks a small label on the side of a box",
        "someone takes a sticker from a roll and presses it on the outside of a carton",
        "labeling a closed box with one hand",
        "the thumb rubs a little label onto the wall of a parcel",
    ),
    [
        to(_at(reach(0.5, -0.48, 0.42, pronation=40)), 0.5, hold=0.2),
        to(_at(reach(0.46, -0.44, 0.3, pronation=10, deviation=10)), 0.35, hold=0.1),
        to(_at(reach(0.66, -0.42, 0.16, pronation=0, wrist=-10)), 0.55, hold=0.1),
        *(
            through(_at(reach(0.68, height, 0.14, pronation=0, wrist=-15)), 0.2)
            for height in (-0.38, -0.46, -0.4)
        ),
        to(_at(reach(0.62, -0.44, 0.18, pronation=10)), 0.25),
        to(_TABLE, 0.45),
    ],
    rest=_TABLE,
    freedom=0.8,
    pause=(0.2, 0.8),
)

_gun = reach(0.48, -0.6, 0.32, pronation=10)
scan_labels = Activity(
    "scan_labels",
    (
        "a worker takes a handy terminal and scans several codes one after the other",
        "someone aims a scanner at a paper, a box and an item in turn",
        "scanning all the labels of an order",
        "a hand-held reader is pointed here and there, with a short stop at each code",
        "checking goods with a barcode scanner",
    ),
    [
        to(_at(_gun), 0.5, hold=0.2),
        to(_at(reach(0.6, -0.24, -0.12, pronation=30, wrist=25)), 0.6, hold=0.5),
        to(_at(reach(0.68, -0.2, 0.2, pronation=20, wrist=15), trunk_turn=-6), 0.45, hold=0.45),
        to(
            _at(reach(0.52, -0.26, 0.02, pronation=25, wrist=20), reach(0.6, -0.36, -0.1)),
            0.5,
            hold=0.55,
        ),
        to(_at(_gun), 0.6, hold=0.3),
    ],
    rest=_at(_gun),
    freedom=0.8,
    pause=(0.1, 0.6),
)

attach_shipping_label = Activity(
    "attach_shipping_label",
    (
        "a worker takes a printed label and sticks it on top of a parcel",
        "someone pulls an address label out of a printer and smooths it onto a box with both hands",
        "putting the shipping label on a packed carton",
        "the palms stroke outwards over a large sticker",
        "addressing a parcel: tear off the label, lay it down, rub it flat",
    ),
    [
        to(_at(reach(0.72, -0.3, 0.5, pronation=50), trunk_turn=-14), 0.6, hold=0.25),
        to(_at(reach(0.5, -0.28, 0.42, pronation=35), trunk_turn=-10), 0.3, hold=0.1),
        to(posture(_TABLE, both=reach(0.52, -0.28, 0.02, pronation=20)), 0.55, hold=0.35),
        to(posture(_TABLE, both=reach(0.64, -0.34, -0.12, pronation=75, wrist=-12)), 0.5, 0.1),
        *(
            through(posture(_TABLE, both=reach(0.64, -0.36, out, pronation=80, wrist=-18)), 0.32)
            for out in (0.2, -0.12, 0.18, -0.1)
        ),
        to(_TABLE, 0.5),
    ],
    rest=_TABLE,
    freedom=0.7,
    pause=(0.1, 0.6),
)

_carried = reach(0.5, -0.52, 0.0, pronation=-30)
put_on_back_table = Activity(
    "put_on_back_table",
    (
        "a worker lifts a packed box, turns around and sets it down behind",
        "someone carries a parcel to the table at the back",
        "putting the finished carton away",
        "both arms raise a box, the body turns, the arms stretch to lay it down",
        "turning with a load and placing it on another table",
    ),
    [
        to(
            posture(_TABLE, both=reach(0.7, -0.46, 0.02, pronation=-10), trunk_flexion=22), 0.6, 0.2
        ),
        to(posture(both=_carried, trunk_flexion=-3), 0.6),
        to(posture(both=_carried, turn=80, trunk_turn=20, head_turn=15), 1.1),
        to(
            posture(both=reach(0.78, -0.42, 0.02, pronation=-10), turn=82, trunk_flexion=18),
            0.6,
            hold=0.3,
        ),
        to(posture(turn=78, both=arm(elbow=35)), 0.55),
        to(_TABLE, 1.1, hold=0.2),
    ],
    rest=_TABLE,
    freedom=0.5,
    pause=(0.1, 0.6),
)


def _line(start: float) -> list[Key]:
    """Write a few letters, each a small stroke down and up, the hand moving on."""
    return [
        through(_at(reach(0.62 - down, -0.45, start + out, pronation=42, wrist=8)), 0.11)
        for out, down in ((0.0, 0.03), (0.012, 0.0), (0.025, 0.03), (0.04, 0.005), (0.055, 0.02))
    ]


fill_out_order = Activity(
    "fill_out_order",
    (
        "a worker takes a pen, signs the order sheet and puts it into a tray",
        "someone writes a short note while standing at a table",
        "filling in a form, then pushing the paper away",
        "small strokes of the pen hand over paper, then a long push forward",
        "signing off a finished order",
    ),
    [
        to(_at(reach(0.66, -0.46, 0.4, pronation=50)), 0.5, hold=0.2),
        to(_at(reach(0.62, -0.45, -0.05, pronation=42, wrist=8), head_flexion=30), 0.5),
        *_line(-0.05),
        *_line(0.0),
        *_line(0.04),
        to(_at(reach(0.66, -0.46, 0.38, pronation=50)), 0.5, hold=0.15),
        to(_at(reach(0.6, -0.46, 0.0, pronation=75)), 0.5, hold=0.1),
        to(_at(reach(0.88, -0.36, 0.05, pronation=75), trunk_flexion=26), 0.6, hold=0.1),
        to(_TABLE, 0.55),
    ],
    rest=_TABLE,
    freedom=0.8,
    pause=(0.2, 0.8),
)

wait_at_table = Activity(
    "wait_at_table",
    (
        "a worker stands at a workbench with idle hands",
        "someone waits at a table between two tasks",
        "a short break from work: the hands rest on the bench",
        "standing at the workplace without doing anything",
    ),
    [
        to(posture(_TABLE, head_turn=20, trunk_turn=6), 1.0, hold=0.8),
        to(posture(STAND, both=arm(elbow=30, flexion=10)), 1.1, hold=0.6),
        to(_TABLE, 1.0, hold=0.8),
    ],
    rest=_TABLE,
    pause=(0.4, 1.2),
)

PACKING: tuple[Activity, ...] = (
    pick_from_shelf,
    walk_with_order,
    relocate_item_label,
    assemble_box,
    insert_items,
    close_box,
    attach_box_label,
    scan_labels,
    attach_shipping_label,
    put_on_back_table,
    fill_out_order,
    wait_at_table,
)
"""In working order. The names in OpenPack are Picking (the first two), Relocate Item Label,
Assemble Box, Insert Items, Close Box, Attach Box Label, Scan Label, Attach Shipping Label,
Put on Back Table, Fill out Order, and Null."""
