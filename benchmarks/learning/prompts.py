"""What the classes of the watch sets are called, in words: two prompts each.

They were written for this benchmark from the names of the classes. No prompt was changed after a
score had been seen.
"""

from __future__ import annotations

from collections.abc import Mapping

Prompts = Mapping[str, tuple[str, ...]]

WISDM: Prompts = {
    "brushing teeth": ("brushing teeth", "the hand moves a toothbrush quickly to and fro"),
    "clapping": ("clapping hands", "both hands meet again and again in front of the chest"),
    "dribbling a basketball": (
        "dribbling a basketball",
        "the hand pushes a bouncing ball down to the floor",
    ),
    "drinking from a cup": ("drinking from a cup", "the hand lifts a cup to the mouth and back"),
    "eating a sandwich": (
        "eating a sandwich",
        "the hand brings a sandwich to the mouth for a bite",
    ),
    "eating chips": ("eating chips", "the hand reaches into a bag and brings chips to the mouth"),
    "eating pasta": ("eating pasta with a fork", "the hand winds a fork and lifts it to the mouth"),
    "eating soup": ("eating soup with a spoon", "the hand lifts a spoon from a bowl to the mouth"),
    "folding clothes": ("folding clothes", "both hands spread and fold pieces of laundry"),
    "jogging": ("jogging", "someone runs at an easy pace with bent swinging arms"),
    "kicking a soccer ball": (
        "kicking a soccer ball",
        "someone kicks a ball and moves the arms for balance",
    ),
    "playing catch with a tennis ball": (
        "playing catch with a tennis ball",
        "the hand throws a small ball and catches it",
    ),
    "sitting": ("sitting still", "someone sits on a chair with quiet hands"),
    "standing": ("standing still", "someone stands with the arms hanging down"),
    "typing": ("typing on a keyboard", "the hands rest on a desk while the fingers hit keys"),
    "walking": ("walking", "someone walks while the arms swing"),
    "walking up and down stairs": (
        "walking up and down stairs",
        "someone climbs and descends a staircase",
    ),
    "writing": ("writing by hand with a pen", "the hand moves a pen over paper in small strokes"),
}

DSADS: Prompts = {
    "ascending stairs": ("walking up stairs", "someone climbs a staircase"),
    "cycling on an exercise bike, horizontal": (
        "cycling on a recumbent exercise bike",
        "someone pedals in a reclined position with quiet hands",
    ),
    "cycling on an exercise bike, vertical": (
        "cycling on an upright exercise bike",
        "someone pedals and holds the handlebar",
    ),
    "descending stairs": ("walking down stairs", "someone descends a staircase"),
    "exercising on a cross trainer": (
        "exercising on a cross trainer",
        "the hands push and pull the handles of an elliptical trainer",
    ),
    "exercising on a stepper": (
        "exercising on a stepper",
        "someone steps in place on a machine",
    ),
    "jumping": ("jumping on the spot", "someone jumps again and again"),
    "lying on back": ("lying on the back", "someone lies still, face up"),
    "lying on right side": ("lying on the right side", "someone lies still on one side"),
    "moving around in an elevator": (
        "moving around in an elevator",
        "someone takes a few steps in a small room",
    ),
    "playing basketball": (
        "playing basketball",
        "someone runs, dribbles and throws a ball",
    ),
    "rowing": ("rowing on a machine", "both hands pull a handle to the chest and go forward again"),
    "running on a treadmill": (
        "running on a treadmill",
        "someone runs with bent swinging arms",
    ),
    "sitting": ("sitting still", "someone sits on a chair with quiet hands"),
    "standing": ("standing still", "someone stands with the arms hanging down"),
    "standing in an elevator": (
        "standing in an elevator",
        "someone stands still in a moving cabin",
    ),
    "walking in a parking lot": ("walking outdoors", "someone walks freely while the arms swing"),
    "walking on a treadmill, 15 deg inclined": (
        "walking uphill on an inclined treadmill",
        "someone walks steeply upwards at a steady pace",
    ),
    "walking on a treadmill, flat": (
        "walking on a flat treadmill",
        "someone walks at a steady pace",
    ),
}

TER: Prompts = {
    "assembling two parts (1)": (
        "assembling two parts",
        "both hands bring two parts together and align them",
    ),
    "assembling two parts (2)": (
        "joining two parts quickly",
        "the hands press one part onto another",
    ),
    "handing over a part": ("handing over a part", "the arm stretches out and gives an object"),
    "picking up a part": ("picking up a part", "the hand reaches out and lifts an object"),
    "putting a part down": ("putting a part down", "the hand places an object on the table"),
    "screwing with a screwdriver": (
        "screwing with a screwdriver",
        "the hand turns a screwdriver again and again",
    ),
    "standing idle": ("standing idle", "someone stands and waits with quiet hands"),
    "tightening a bolt": ("tightening a bolt", "the fingers turn a nut or bolt again and again"),
}

WEDA: Prompts = {
    "attempt to get up and collapse into the chair": (
        "trying to stand up and dropping back into the chair",
        "someone begins to rise and falls back onto the seat",
    ),
    "clapping hands": ("clapping hands", "both hands meet again and again in front of the chest"),
    "crouching, tying shoes and getting up": (
        "crouching down to tie shoes and getting up",
        "someone squats, works at the shoelaces and rises",
    ),
    "gentle jump to reach a high object": (
        "jumping a little to reach a high object",
        "the hand reaches up during a small jump",
    ),
    "hitting the table with the hand": (
        "hitting the table with the hand",
        "the hand strikes the table top",
    ),
    "jogging": ("jogging", "someone runs at an easy pace with bent swinging arms"),
    "opening and closing a door": (
        "opening and closing a door",
        "the hand turns a handle, pulls a door and pushes it shut",
    ),
    "sitting down and getting up": (
        "sitting down and getting up",
        "someone lowers themself onto a seat and rises again",
    ),
    "stumbling while walking": (
        "stumbling while walking",
        "someone walks, trips and regains the balance",
    ),
    "walking": ("walking", "someone walks while the arms swing"),
    "walking up and down stairs": (
        "walking up and down stairs",
        "someone climbs and descends a staircase",
    ),
}

SMARTFALLMM: Prompts = {
    "drinking water": ("drinking water", "the hand lifts a glass to the mouth and back"),
    "picking up an object": (
        "picking up an object",
        "someone bends down and lifts an object from the floor",
    ),
    "putting on and taking off a jacket": (
        "putting on and taking off a jacket",
        "the arms go into sleeves and out again",
    ),
    "sitting down and standing up": (
        "sitting down and standing up",
        "someone lowers themself onto a seat and rises again",
    ),
    "stepping up": ("stepping up", "someone steps onto a platform"),
    "sweeping the floor": ("sweeping the floor", "both hands move a broom to and fro"),
    "timed up and go": (
        "standing up, walking, turning around and sitting down",
        "someone rises from a chair, walks a few steps and returns to the chair",
    ),
    "walking": ("walking", "someone walks while the arms swing"),
    "washing hands": ("washing hands", "the hands rub each other under water"),
    "waving a hand": ("waving a hand", "the raised hand moves to and fro in greeting"),
}

SELFBACK: Prompts = {
    "jogging": ("jogging", "someone runs at an easy pace with bent swinging arms"),
    "lying": ("lying down", "someone lies still"),
    "sitting": ("sitting still", "someone sits on a chair with quiet hands"),
    "standing": ("standing still", "someone stands with the arms hanging down"),
    "walking at normal speed": ("walking at normal speed", "someone walks at a usual pace"),
    "walking downstairs": ("walking down stairs", "someone descends a staircase"),
    "walking fast": ("walking fast", "someone walks briskly with strongly swinging arms"),
    "walking slowly": ("walking slowly", "someone strolls with little swing of the arms"),
    "walking upstairs": ("walking up stairs", "someone climbs a staircase"),
}
