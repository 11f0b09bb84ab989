"""The 27 actions of UTD-MHAD in words: short names, captions, and prompts that differ from them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ACTIONS", "Action"]


class Action(NamedTuple):
    """One action.

    Attributes
    ----------
    label, name : str
        Class label and English name.
    captions : tuple of str
        What one might write about a clip.
    prompts : tuple of str
        What one might write to ask for the class; none is a caption.
    """

    label: str
    name: str
    captions: tuple[str, ...]
    prompts: tuple[str, ...]


ACTIONS: tuple[Action, ...] = (
    Action(
        "swipe_left",
        "swipe left",
        (
            "a person swipes the right arm across the body to the left",
            "someone moves the right hand sideways from right to left in front of the chest",
            "the right arm sweeps to the left as if turning a page",
            "a standing person makes a leftward swipe with the right hand",
        ),
        (
            "swiping to the left with the right hand",
            "a quick sideways movement of the right hand towards the left",
        ),
    ),
    Action(
        "swipe_right",
        "swipe right",
        (
            "a person swipes the right arm outwards to the right",
            "someone moves the right hand sideways from left to right in front of the body",
            "the right arm sweeps away from the chest to the right",
            "a standing person makes a rightward swipe with the right hand",
        ),
        (
            "swiping to the right with the right hand",
            "a quick sideways movement of the right hand towards the right",
        ),
    ),
    Action(
        "wave",
        "wave",
        (
            "a person waves with the raised right hand",
            "someone lifts the right forearm and waves the hand from side to side",
            "the right hand swings left and right above the shoulder to greet somebody",
            "a standing person waves hello with the right arm",
        ),
        ("waving with one hand", "the raised right hand moves to and fro in greeting"),
    ),
    Action(
        "clap",
        "front clap",
        (
            "a person claps both hands in front of the body",
            "someone brings both arms forward and claps the palms together",
            "both arms open to the sides and close again so that the hands meet in front",
            "a standing person claps with stretched arms in front of the chest",
        ),
        ("clapping hands in front of the body", "two hands meet in front of the chest in a clap"),
    ),
    Action(
        "throw",
        "throw",
        (
            "a person throws something forward with the right arm",
            "someone draws the right hand back over the shoulder and hurls it forward",
            "the right arm swings overhead and forward to throw an object",
            "a standing person makes an overarm throw with the right hand",
        ),
        ("throwing an object with one arm", "an overarm throwing motion of the right arm"),
    ),
    Action(
        "cross_arms",
        "cross arms",
        (
            "a person crosses both arms in front of the chest",
            "someone folds the forearms over each other on the chest",
            "both hands move inwards and the arms cross in front of the breast",
            "a standing person crosses the arms and lowers them again",
        ),
        ("crossing the arms on the chest", "both forearms cross in front of the body"),
    ),
    Action(
        "basketball_shoot",
        "basketball shoot",
        (
            "a person shoots a basketball with both hands",
            "someone raises both hands above the head and pushes an imaginary ball to the basket",
            "the arms lift from the chest and stretch up and forward as in a free throw",
            "a standing person bends the knees slightly and makes a basketball shot",
        ),
        ("shooting a basketball", "both arms extend upwards to throw a ball at a hoop"),
    ),
    Action(
        "draw_x",
        "draw x",
        (
            "a person draws a cross in the air with the right hand",
            "someone moves the right hand along two crossing diagonal lines",
            "the right arm draws the letter x in front of the body",
            "a standing person writes a large x into the air with the right arm",
        ),
        ("drawing an x in the air", "two diagonal strokes of the right hand that cross"),
    ),
    Action(
        "draw_circle_clockwise",
        "draw circle clockwise",
        (
            "a person draws a circle in the air with the right hand, clockwise",
            "someone moves the right hand around a clockwise circle in front of the body",
            "the right arm goes round once in the direction of a clock's hands",
            "a standing person traces a big clockwise circle with the right arm",
        ),
        ("drawing a clockwise circle in the air", "a clockwise circular motion of the right hand"),
    ),
    Action(
        "draw_circle_counter_clockwise",
        "draw circle counter-clockwise",
        (
            "a person draws a circle in the air with the right hand, counter-clockwise",
            "someone moves the right hand around a counter-clockwise circle in front of the body",
            "the right arm goes round once against the direction of a clock's hands",
            "a standing person traces a big anticlockwise circle with the right arm",
        ),
        (
            "drawing a counter-clockwise circle in the air",
            "an anticlockwise circular motion of the right hand",
        ),
    ),
    Action(
        "draw_triangle",
        "draw triangle",
        (
            "a person draws a triangle in the air with the right hand",
            "someone moves the right hand along three straight lines that form a triangle",
            "the right arm traces three corners in front of the body",
            "a standing person outlines a large triangle with the right arm",
        ),
        ("drawing a triangle in the air", "three straight strokes of the right hand"),
    ),
    Action(
        "bowling",
        "bowling",
        (
            "a person bowls with the right hand",
            "someone swings the right arm back and then low and forward to roll a ball",
            "the right arm swings underarm like a pendulum while the body leans forward",
            "a person steps forward and releases an imaginary bowling ball near the ground",
        ),
        ("bowling a ball", "an underarm swing of the right arm to roll a ball"),
    ),
    Action(
        "boxing",
        "front boxing",
        (
            "a person boxes forward with both fists",
            "someone punches straight ahead, left and right in turn",
            "both fists are held before the chest and are thrust forward one after the other",
            "a standing person throws several punches to the front",
        ),
        ("boxing", "fast alternating punches of both arms"),
    ),
    Action(
        "baseball_swing",
        "baseball swing",
        (
            "a person swings a baseball bat from the right",
            "someone holds an imaginary bat over the right shoulder and swings it to the left",
            "both hands sweep together around the body while the trunk turns to the left",
            "a batter swings with both arms and follows through",
        ),
        ("swinging a baseball bat", "both arms swing together across a turning body"),
    ),
    Action(
        "tennis_forehand",
        "tennis forehand swing",
        (
            "a person plays a tennis forehand with the right arm",
            "someone takes the right arm back and swings it forward across the body at hip height",
            "the right hand swings an imaginary racket from low right to high left",
            "a standing person hits a forehand stroke with the right hand",
        ),
        ("playing a forehand in tennis", "a sideways racket swing of the right arm"),
    ),
    Action(
        "arm_curl",
        "arm curl",
        (
            "a person curls both arms at the elbows",
            "someone lifts both forearms to the shoulders and lowers them again",
            "both elbows bend and stretch while the upper arms stay at the sides",
            "a standing person does curls with both arms as if lifting dumbbells",
        ),
        ("arm curls", "bending both elbows to raise the hands to the shoulders"),
    ),
    Action(
        "tennis_serve",
        "tennis serve",
        (
            "a person serves in tennis with the right arm",
            "someone throws up a ball with the left hand and strikes it overhead with the right",
            "the right arm reaches up behind the head and swings down to the front",
            "a standing person plays an overhead serve with an imaginary racket",
        ),
        ("serving in tennis", "an overhead racket stroke of the right arm"),
    ),
    Action(
        "push",
        "two-hand push",
        (
            "a person pushes forward with both hands",
            "someone stretches both arms to the front with open palms and draws them back",
            "both hands move from the chest straight ahead as if pushing a heavy thing",
            "a standing person pushes against an imaginary wall with both arms",
        ),
        ("pushing with two hands", "both arms extend forward at chest height"),
    ),
    Action(
        "knock",
        "knock on door",
        (
            "a person knocks on a door with the right hand",
            "someone raises the right fist and taps forward several times",
            "the right forearm makes small quick strokes against an imaginary door",
            "a standing person knocks with the knuckles of the right hand",
        ),
        ("knocking on a door", "short repeated taps with the right fist"),
    ),
    Action(
        "catch",
        "catch an object",
        (
            "a person catches an object with the right hand",
            "someone reaches out with the right arm and closes the hand around something flying",
            "the right hand darts forward and is drawn back to the body with the catch",
            "a standing person catches a ball one-handed",
        ),
        ("catching something in the air", "the right hand reaches forward to catch"),
    ),
    Action(
        "pick_up_throw",
        "pick up and throw",
        (
            "a person picks something up from the ground and throws it",
            "someone bends down, grasps an object with the right hand, rises and throws it forward",
            "the trunk bends to the floor, comes up again, and the right arm throws",
            "a person stoops for a ball and then throws it with the right arm",
        ),
        (
            "picking up an object and throwing it",
            "bending down to the floor followed by a throw with the right arm",
        ),
    ),
    Action(
        "jog",
        "jogging in place",
        (
            "a person jogs in place",
            "someone runs on the spot with bent arms that swing along",
            "the knees are lifted quickly in turn without going anywhere",
            "a person jogs slowly without leaving the place",
        ),
        ("jogging on the spot", "quick running steps in place"),
    ),
    Action(
        "walk",
        "walking in place",
        (
            "a person walks in place",
            "someone steps on the spot and lets the arms swing",
            "the legs are lifted one after the other as in calm walking without moving ahead",
            "a person marches slowly on the spot",
        ),
        ("walking on the spot", "slow steps in place"),
    ),
    Action(
        "sit_to_stand",
        "sit to stand",
        (
            "a person stands up from a chair",
            "someone rises from sitting to standing",
            "the trunk leans forward and the knees stretch until the person stands",
            "a seated person gets up",
        ),
        ("standing up from a seat", "getting up from a chair"),
    ),
    Action(
        "stand_to_sit",
        "stand to sit",
        (
            "a person sits down on a chair",
            "someone goes from standing to sitting",
            "the knees bend and the hips sink back until the person sits",
            "a standing person takes a seat",
        ),
        ("sitting down", "lowering the body onto a chair"),
    ),
    Action(
        "lunge",
        "forward lunge",
        (
            "a person does a forward lunge with the left foot in front",
            "someone takes a long step forward, bends both knees and comes back",
            "one leg steps far ahead and the body sinks down between both legs",
            "a standing person lunges to the front and returns",
        ),
        ("lunging forward", "a deep step to the front with bent knees"),
    ),
    Action(
        "squat",
        "squat",
        (
            "a person squats with both arms stretched out to the front",
            "someone bends the knees deeply, lowers the hips and rises again",
            "the body sinks into a crouch while the arms reach forward, then stands up",
            "a standing person does a squat",
        ),
        ("squatting", "bending both knees deeply and rising again"),
    ),
)
"""Actions 1 to 27, in the order of their numbers."""
