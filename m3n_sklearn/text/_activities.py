"""Sentences for the labels of common activities, so that data sets share their captions."""

from __future__ import annotations

import difflib
import re
from collections.abc import Hashable
from functools import cache
from typing import NamedTuple

from .._warn import warn
from ..procedural import get_activities

__all__ = ["activity_sentences", "find_sentences"]


class _Entry(NamedTuple):
    """Sentences of an activity.

    `names` are spellings of its label, and `like` activities of the procedural vocabulary, whose
    sentences are added.
    """

    names: tuple[str, ...]
    sentences: tuple[str, ...]
    like: tuple[str, ...] = ()


NO_ACTIVITY = frozenset(
    {
        *("null", "none", "nothing", "nan", "invalid", "background", "transition"),
        *("other", "others", "unknown", "undefined", "unlabeled", "unlabelled"),
        *("noactivity", "nolabel"),
    }
)
"""Labels that say nothing about the movement."""

ARTICLES = frozenset({"a", "an", "the"})

# Written for this library. The sentences name the body, the hands and the pace, since these are
# what a wrist sensor reads. Entries share a sentence only where both activities fit it.
_ACTIVITIES = (
    # ---- walking, running, stairs
    _Entry(
        ("walking", "walk", "walking at normal speed", "normal walking", "walking on a treadmill",
         "walking on a treadmill, flat", "walking in a parking lot", "walking outdoors", "gait"),
        ("the arms swing back and forth with every step", "a person goes on foot at a steady pace"),
        ("walk",),
    ),
    _Entry(
        ("walking fast", "fast walking", "brisk walking", "walking quickly", "power walking"),
        ("a person walks fast", "someone walks briskly with strong swings of the arms",
         "quick steps in a hurry, the arms swinging far"),
    ),
    _Entry(
        ("walking slowly", "slow walking", "walking slow"),
        ("a person walks slowly", "someone strolls with small swings of the arms",
         "slow steps, the arms hardly swinging"),
    ),
    _Entry(
        ("walking uphill", "walking on a treadmill, 15 deg inclined", "inclined walking",
         "walking on an inclined treadmill", "hiking"),
        ("a person walks uphill", "someone walks up a slope and leans forward",
         "climbing a steep path with swinging arms"),
    ),
    _Entry(
        ("running", "run", "running on a treadmill", "sprinting", "sprint"),
        ("a person runs", "someone runs fast with bent elbows",
         "quick running steps, both arms pumping", "the fists swing hard beside the body"),
    ),
    _Entry(
        ("jogging", "jog"),
        ("a person runs", "an easy run in which the bent arms swing with every step"),
        ("jog",),
    ),
    _Entry(
        ("walking upstairs", "upstairs", "stairs up", "up stairs", "ascending stairs",
         "climbing stairs", "going up stairs", "walking up stairs", "stair climbing",
         "stepping up"),
        ("a person walks up stairs", "someone climbs a flight of stairs step by step",
         "going upstairs with slightly swinging arms", "the body is lifted with every step"),
    ),
    _Entry(
        ("walking downstairs", "downstairs", "stairs down", "down stairs", "descending stairs",
         "going down stairs", "walking down stairs"),
        ("a person walks down stairs", "someone descends a flight of stairs step by step",
         "going downstairs, each foot landing hard", "the body drops a little with every step"),
    ),
    _Entry(
        ("walking up and down stairs", "stairs", "going up and down stairs", "stair walking"),
        ("a person walks up stairs", "a person walks down stairs",
         "a person walks up and down stairs", "someone goes to and fro on a staircase"),
    ),
    _Entry(
        ("nordic walking",),
        ("a person walks with two poles", "someone pushes off with a walking pole in each hand",
         "nordic walking: the straight arms drive the poles backward"),
    ),
    _Entry(
        ("stumbling", "stumbling while walking", "tripping"),
        ("a person stumbles and catches the balance", "someone trips and throws the arms out",
         "a sudden jerk while walking, then the steps go on"),
    ),
    # ---- rest
    _Entry(
        ("sitting", "sit", "sitting still", "seated", "sedentary"),
        ("a person sits", "the hands rest while seated, hardly moving"),
        ("sit_still",),
    ),
    _Entry(
        ("standing", "stand", "standing still", "standing in an elevator", "standing idle"),
        ("a person stands", "the arms hang down without moving"),
        ("stand_still",),
    ),
    _Entry(
        ("lying", "lie", "laying", "lying down", "lying on back", "lying on the bed", "sleeping",
         "resting in bed"),
        ("a person lies still", "someone lies on the back with resting arms",
         "lying in bed without moving", "the arms rest on the ground beside the body"),
    ),
    _Entry(
        ("lying on right side", "lying on the right side"),
        ("a person lies still", "a person lies on the right side", "lying on the right arm"),
    ),
    _Entry(
        ("lying on left side", "lying on the left side"),
        ("a person lies still", "a person lies on the left side", "lying on the left arm"),
    ),
    _Entry(
        ("moving around in an elevator", "moving in an elevator"),
        ("a person moves around in an elevator", "someone shifts from foot to foot in a lift",
         "small steps on the spot while waiting"),
    ),
    # ---- changes of posture
    _Entry(
        ("sitting down", "stand to sit"),
        ("the hands reach for the seat while the knees bend",),
        ("stand_to_sit",),
    ),
    _Entry(
        ("standing up", "sit to stand", "getting up", "rising from a chair"),
        ("the hands push off the thighs while the knees stretch",),
        ("sit_to_stand",),
    ),
    _Entry(
        ("sitting down and standing up", "sitting down and getting up", "sit stand"),
        ("a person sits down on a chair", "a person stands up from a chair",
         "a person sits down and stands up again"),
    ),
    _Entry(
        ("timed up and go",),
        ("a person stands up, walks a few steps, turns and sits down again",
         "getting up from a chair, going around and returning to the seat",
         "someone rises, walks there and back, and takes a seat"),
    ),
    _Entry(
        ("crouching", "squatting down", "crouching, tying shoes and getting up", "kneeling"),
        ("a person crouches and gets up again", "someone goes down on the knees and rises",
         "the hands work near the floor with bent knees"),
    ),
    _Entry(
        ("bending", "bending over", "waist bends forward"),
        ("a person bends forward", "someone leans over with hanging arms and straightens up",
         "the trunk goes down and up again"),
    ),
    # ---- table and bathroom
    _Entry(
        ("typing", "typing on a keyboard", "computer work", "working at a computer"),
        ("the hands lie on a keyboard and twitch slightly",),
        ("type_keyboard",),
    ),
    _Entry(
        ("writing", "handwriting", "writing with a pen"),
        ("the hand makes tiny strokes over paper while the arm lies on the table",),
        ("write",),
    ),
    _Entry(
        ("brushing teeth", "teeth", "tooth brushing", "toothbrushing"),
        ("the hand with the toothbrush shakes beside the face",),
        ("brush_teeth",),
    ),
    _Entry(
        ("eating", "eating a meal", "having a meal"),
        ("a person eats", "one hand goes to the mouth again and again at an easy pace"),
        ("eat",),
    ),
    _Entry(
        ("eating soup", "soup"),
        ("a person eats", "a person eats with a spoon", "a person eats soup",
         "someone lifts a level spoon slowly from a bowl to the mouth"),
    ),
    _Entry(
        ("eating chips", "chips", "eating snacks", "eating crisps"),
        ("a person eats", "a person eats chips with the fingers",
         "the hand goes from a bag to the mouth and back again and again"),
    ),
    _Entry(
        ("eating pasta", "pasta", "eating with a fork", "eating noodles"),
        ("a person eats", "a person eats pasta with a fork",
         "someone turns a fork in a plate and lifts it to the mouth"),
    ),
    _Entry(
        ("eating a sandwich", "sandwich", "eating a burger"),
        ("a person eats", "a person eats a sandwich held in the hand",
         "someone lifts a sandwich to the mouth, bites, and lowers it"),
    ),
    _Entry(
        ("drinking", "drinking from a cup", "drinking water", "drinking from a glass",
         "drinking from a bottle"),
        ("the hand lifts a cup slowly, tilts it and lowers it",),
        ("drink",),
    ),
    _Entry(
        ("smoking", "smoking a cigarette"),
        ("a person smokes a cigarette", "someone lifts two fingers to the mouth and lowers them",
         "the hand rests beside the body and goes to the lips from time to time"),
    ),
    _Entry(
        ("combing hair", "brushing hair"), ("the hand pulls a brush through the hair",),
        ("comb_hair",),
    ),
    _Entry(
        ("washing hands", "hand washing"), ("both hands turn around each other quickly",),
        ("wash_hands",),
    ),
    _Entry(
        ("phone call", "talking on the phone", "using a phone", "answering the phone", "phoning"),
        ("the hand holds a phone beside the ear without moving",),
        ("answer_phone",),
    ),
    _Entry(
        ("reading", "reading a book"), ("the hands hold a book, hardly moving",), ("read_book",)
    ),
    _Entry(
        ("watching tv", "watching television"),
        ("a person sits", "someone watches television from a sofa", "the hands rest in the lap"),
    ),
    # ---- household
    _Entry(
        ("folding clothes", "folding", "folding laundry"),
        ("both hands lift a cloth, fold it over and smooth it",),
        ("fold_laundry",),
    ),
    _Entry(
        ("sweeping", "sweeping the floor"),
        ("both hands hold a broom and move it from side to side",),
        ("sweep_floor",),
    ),
    _Entry(
        ("vacuuming", "vacuum cleaning", "hoovering"),
        ("one arm pushes a tube forward and pulls it back at a steady pace",),
        ("vacuum",),
    ),
    _Entry(
        ("mopping", "mopping the floor"),
        ("a person mops the floor", "both hands push a wet mop forward and pull it back",
         "someone wipes the floor with a mop in wide strokes"),
    ),
    _Entry(("ironing", "ironing clothes"), ("one hand slides an iron over cloth",),
           ("iron_clothes",)),
    _Entry(("washing dishes", "dish washing", "doing the dishes"),
           ("one hand rubs a dish that the other one holds",), ("wash_dishes",)),
    _Entry(("cooking", "preparing food"),
           ("a person cooks", "someone stirs, chops and pours at a kitchen counter",
            "a person stirs a pot")),
    _Entry(("chopping", "cutting vegetables", "cutting food"),
           ("the hand with the knife moves up and down quickly",), ("cut_vegetables",)),
    _Entry(
        ("opening and closing a door", "opening a door", "closing a door", "door"),
        ("one hand turns a handle and draws a door open or shut",),
        ("open_door",),
    ),
    _Entry(
        ("putting on and taking off a jacket", "putting on a jacket", "dressing",
         "getting dressed"),
        ("the arms slip in and out of sleeves",),
        ("put_on_jacket",),
    ),
    _Entry(
        ("picking up", "picking up an object", "picking something up", "picking up a part"),
        ("one hand reaches down to the floor and comes up again",),
        ("pick_up",),
    ),
    _Entry(("carrying", "carrying a box", "carrying a load"),
           ("both hands hold a load in front of the body while walking",), ("carry_box",)),
    _Entry(("lifting", "lifting a box", "lifting a load"),
           ("both arms raise a heavy thing",), ("lift_box",)),
    # ---- hand work
    _Entry(
        ("assembling", "assembling parts", "assembling two parts"),
        ("a person assembles parts by hand", "both hands push two parts together",
         "small turns of the hands over a workbench"),
    ),
    _Entry(
        ("screwing", "screwing with a screwdriver", "turning a screwdriver"),
        ("the forearm twists to and fro about its own axis",),
        ("turn_screwdriver",),
    ),
    _Entry(
        ("tightening a bolt", "tightening a nut", "using a wrench"),
        ("a person tightens a bolt", "one hand turns a wrench with short strokes",
         "someone fastens a nut by repeated turns of the hand"),
    ),
    _Entry(("hammering",), ("the bent arm strikes down hard and comes up again",), ("hammer",)),
    _Entry(
        ("putting down", "putting a part down", "putting an object down"),
        ("a person puts an object down", "one hand sets something on a table and comes back",
         "someone lowers a thing, lets go of it and draws the arm back"),
    ),
    _Entry(
        ("handing over", "handing over a part", "giving an object"),
        ("a person hands something over", "someone gives an object to another person",
         "the arm reaches forward, lets go and comes back"),
    ),
    # ---- gestures and games with a ball
    _Entry(("clapping", "clapping hands", "applauding"),
           ("both hands strike each other quickly",), ("clap",)),
    _Entry(("waving", "waving a hand", "hand waving"),
           ("the raised hand moves quickly from side to side",), ("wave",)),
    _Entry(
        ("hitting the table with the hand", "hitting a table"),
        ("a person hits the table with the hand", "the palm strikes a table hard",
         "someone bangs on a table"),
    ),
    _Entry(
        ("dribbling", "dribbling a basketball", "dribblinlg (basketball)",
         "dribbling (basketball)"),
        ("a person dribbles a basketball", "one hand bounces a ball on the floor at a quick beat",
         "the palm pushes a ball down again and again"),
    ),
    _Entry(
        ("playing basketball", "basketball"),
        ("a person plays basketball", "a person dribbles a basketball",
         "a person shoots a basketball", "someone runs, jumps and throws a ball"),
    ),
    _Entry(
        ("kicking", "kicking a soccer ball", "kicking (soccer ball)", "kicking a ball"),
        ("the arms swing for balance while one leg kicks a ball",),
        ("kick",),
    ),
    _Entry(
        ("catching", "playing catch", "playing catch with a tennis ball", "catch (tennis ball)",
         "catching a ball"),
        ("a person throws and catches a ball", "someone tosses a ball to another and catches it",
         "a person catches a ball with both hands"),
    ),
    _Entry(("throwing", "throwing a ball"), ("one arm whips forward and lets a ball go",),
           ("throw",)),
    _Entry(
        ("playing soccer", "soccer", "football"),
        ("a person plays soccer", "a person kicks forward with one foot",
         "someone runs after a ball with swinging arms"),
    ),
    _Entry(
        ("playing tennis", "tennis"),
        ("a person plays tennis", "a person plays a tennis forehand",
         "someone swings a racket and steps to the next ball"),
    ),
    # ---- fitness
    _Entry(
        ("cycling", "biking", "bicycling", "riding a bike", "bike"),
        ("a person cycles", "someone rides a bicycle with both hands on the handlebar",
         "the hands hold a handlebar that shakes a little"),
    ),
    _Entry(
        ("exercise bike", "cycling on an exercise bike", "stationary cycling",
         "cycling on an exercise bike, vertical", "cycling on an exercise bike, horizontal",
         "spinning"),
        ("a person cycles", "a person pedals on an exercise bike",
         "the hands rest on a handlebar while the legs turn the pedals"),
    ),
    _Entry(
        ("rowing", "rowing machine", "ergometer rowing"),
        ("a person rows on a rowing machine", "both hands pull a handle to the belly and let it go",
         "long strokes of both arms while the seat slides to and fro"),
    ),
    _Entry(
        ("cross trainer", "exercising on a cross trainer", "elliptical", "elliptical trainer"),
        ("a person exercises on a cross trainer", "both hands push and pull long levers in turn",
         "the arms move to and fro with gliding steps"),
    ),
    _Entry(
        ("stepper", "exercising on a stepper"),
        ("a person exercises on a stepper", "someone treads up and down on two pedals",
         "stepping on the spot at a quick pace"),
    ),
    _Entry(
        ("jumping", "jump", "hopping", "jumping up", "gentle jump to reach a high object",
         "jump up", "jump front and back"),
        ("a person jumps", "someone hops up and lands on both feet",
         "the arms swing up with every jump", "jumping up and down"),
    ),
    _Entry(("rope jumping", "jumping rope", "skipping rope", "rope skipping"),
           ("both wrists turn a rope with every small jump",), ("skip_rope",)),
    _Entry(("jumping jacks",), ("both arms swing up and down beside the body",),
           ("jumping_jack",)),
    _Entry(("push ups", "press ups"), ("the hands stay on the floor while the body sinks",),
           ("pushup",)),
    _Entry(("sit ups", "crunches"), ("the trunk rises from the floor and sinks back",),
           ("situp",)),
    _Entry(("squats", "squatting"), ("the hips sink low and rise again",), ("squat",)),
    _Entry(("lunges", "lunging"), ("one knee sinks to the floor after a long step",), ("lunge",)),
    _Entry(("biceps curls", "bicep curls", "dumbbell curls"),
           ("the forearms turn up to the shoulders and down again",), ("arm_curl",)),
    _Entry(
        ("swimming",),
        ("a person swims", "someone pulls through the water with one arm after the other",
         "long strokes of both arms in water"),
    ),
    _Entry(
        ("dancing",),
        ("a person dances", "someone moves the arms and the body to music",
         "rhythmic steps with lively arms"),
    ),
    _Entry(
        ("driving", "driving a car"),
        ("a person drives a car", "both hands hold a steering wheel and turn it a little",
         "someone sits behind a wheel"),
    ),
    # ---- falls
    _Entry(
        ("falling", "fall", "falls", "falling with a rotation"),
        ("a person falls to the ground", "someone drops suddenly, hits the floor and lies still",
         "a hard impact after a short free fall"),
    ),
    _Entry(
        ("falling forward", "forward fall", "forward fall while walking (trip)",
         "forward fall while walking (slip)", "forward fall while sitting"),
        ("a person falls to the ground", "a person falls forward",
         "the hands shoot forward to break a fall"),
    ),
    _Entry(
        ("falling backward", "backward fall", "backward fall while walking (slip)",
         "backward fall while sitting", "backward fall when sitting down"),
        ("a person falls to the ground", "a person falls backward",
         "the arms fly up before the back hits the floor"),
    ),
    _Entry(
        ("falling sideways", "lateral fall", "lateral fall while sitting",
         "lateral fall while walking (slip)"),
        ("a person falls to the ground", "a person falls sideways",
         "the body tips over to one side and hits the floor"),
    ),
    _Entry(
        ("falling to the left",),
        ("a person falls to the ground", "a person falls sideways",
         "a person falls to the left side"),
    ),
    _Entry(
        ("falling to the right",),
        ("a person falls to the ground", "a person falls sideways",
         "a person falls to the right side"),
    ),
)  # fmt: skip


def activity_sentences(label: Hashable) -> tuple[str, ...]:
    """Return sentences that describe an activity, from its label in any usual spelling.

    The table has about 90 common activities, and the names of
    :func:`~m3n_sklearn.procedural.list_activities`. Labels of one activity in different data sets
    get the same sentences, so that their windows are not contrasted with each other. An activity
    of the procedural vocabulary has the sentences of its motions.

    Parameters
    ----------
    label : hashable
        For example ``"Walking_upstairs"``, ``"walking upstairs"`` or ``"stairs up"``. Upper and
        lower case, spaces, underscores, articles and endings such as "-ing" do not matter.

    Returns
    -------
    tuple of str
        Paraphrases. Empty for labels that name no activity, such as ``"null"`` and ``"other"``. An
        unknown activity has its words as its only sentence.

    Warns
    -----
    UserWarning
        If the activity is not in the table.

    See Also
    --------
    m3n_sklearn.pretraining.CorpusSource.from_recordings : Uses the sentences as captions.

    Examples
    --------
    >>> from m3n_sklearn.text import activity_sentences
    >>> activity_sentences("Walking_upstairs")[0]
    'a person walks up stairs'
    >>> activity_sentences("stairs up") == activity_sentences("ascendingStairs")
    True
    >>> activity_sentences("null")
    ()
    """
    sentences = find_sentences(label)
    if sentences is not None:
        return sentences
    words = " ".join(_words(label))
    similar = difflib.get_close_matches(words, _names(), n=3)
    hint = f" Similar ones are {', '.join(map(repr, similar))}." if similar else ""
    warn(
        f"The activity {label!r} is not in the table of sentences, so its words, {words!r}, are "
        f"its only sentence.{hint} Sentences of your own describe it better."
    )
    return (words,)


def find_sentences(label: Hashable) -> tuple[str, ...] | None:
    """Return the sentences of an activity, or None if the table does not have it."""
    words = _words(label)
    if not words or "".join(words) in NO_ACTIVITY:
        return ()
    exact, stemmed = _index()
    found = exact.get("".join(words))
    return stemmed.get(_stems(words)) if found is None else found


@cache
def _index() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Return the sentences by the words of the names, and by the stems of these words."""
    exact: dict[str, tuple[str, ...]] = {}
    stemmed: dict[str, tuple[str, ...]] = {}
    vocabulary = {activity.name: activity.descriptions for activity in get_activities()}

    def add(name: str, sentences: tuple[str, ...]) -> None:
        words = _words(name)
        exact.setdefault("".join(words), sentences)
        stemmed.setdefault(_stems(words), sentences)

    for names, own, like in _ACTIVITIES:
        for name in (*names, *like):
            add(name, (*(sentence for one in like for sentence in vocabulary[one]), *own))
    # "row" is a dumbbell row, and "rowing" is done on a machine
    for name, sentences in vocabulary.items():
        add(name, sentences)
    return exact, stemmed


@cache
def _names() -> tuple[str, ...]:
    """Return the names in the table, in words."""
    return tuple(" ".join(_words(name)) for entry in _ACTIVITIES for name in entry.names)


def _words(label: Hashable) -> list[str]:
    """Return the words of a label, without articles: "WalkingUp_the stairs" has three."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(label))
    words = re.findall(r"[^\W_]+", spaced.lower())
    # "A" alone is the code of a class
    return [word for word in words if word not in ARTICLES] or words


def _stems(words: list[str]) -> str:
    """Return words without endings: "sitting down" and "sits down" are equal."""
    return "".join(map(_stem, words))


def _stem(word: str) -> str:
    """Return a word without the endings -ing, -s and -e."""
    if len(word) > 5 and word.endswith("ing"):
        word = word[:-3]
        if word[-1] == word[-2] and word[-1] not in "lse":  # sitting, running, clapping
            word = word[:-1]
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word
