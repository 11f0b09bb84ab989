"""The exercises of MM-Fit in words: captions, and prompts that differ from them."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["EXERCISES", "NON_ACTIVITY", "Exercise"]

NON_ACTIVITY = "non_activity"
"""Everything between the sets."""


class Exercise(NamedTuple):
    """One class.

    Attributes
    ----------
    name : str
        English name.
    captions : tuple of str
        What one might write about a clip.
    prompts : tuple of str
        What one might write to ask for the class; none is a caption.
    """

    name: str
    captions: tuple[str, ...]
    prompts: tuple[str, ...]


EXERCISES: dict[str, Exercise] = {
    "squats": Exercise(
        "squats",
        (
            "a person does squats",
            "someone bends the knees, lowers the hips and stands up again, over and over",
            "the body sinks down and rises while the arms are held to the front",
        ),
        ("repeated squats", "bending and stretching both knees with the trunk upright"),
    ),
    "lunges": Exercise(
        "lunges",
        (
            "a person does lunges with dumbbells in the hands",
            "someone steps far forward with one leg, bends both knees and steps back",
            "the legs take turns in long steps while the arms hang at the sides",
        ),
        ("repeated lunges", "deep steps to the front with hanging arms"),
    ),
    "bicep_curls": Exercise(
        "biceps curls",
        (
            "a person does biceps curls with dumbbells",
            "someone bends the elbows and lifts the weights to the shoulders, one arm at a time",
            "the forearms swing up and down while the upper arms stay at the sides",
        ),
        ("curling dumbbells", "elbows bend and stretch with weights in the hands"),
    ),
    "situps": Exercise(
        "sit-ups",
        (
            "a person does sit-ups on the floor",
            "someone lies on the back and raises the trunk to the knees again and again",
            "the upper body curls up from the ground and lies down again",
        ),
        ("sit-ups", "lifting the trunk from lying on the back"),
    ),
    "pushups": Exercise(
        "push-ups",
        (
            "a person does push-ups on the floor",
            "someone lowers the straight body to the ground with the arms and pushes it up",
            "the elbows bend and stretch while hands and toes stay on the ground",
        ),
        ("push-ups", "pushing the body up from the floor with both arms"),
    ),
    "tricep_extensions": Exercise(
        "triceps extensions",
        (
            "a person does overhead triceps extensions with a dumbbell",
            "someone holds a weight behind the head and stretches the elbows upwards",
            "the forearms swing up from behind the neck while the upper arms point up",
        ),
        ("triceps extensions", "lifting a weight above the head from behind the neck"),
    ),
    "dumbbell_rows": Exercise(
        "dumbbell rows",
        (
            "a person bends over and rows with dumbbells",
            "someone leans forward and pulls weights up to the ribs",
            "the elbows are drawn back and up while the trunk is bent forward",
        ),
        ("rowing with dumbbells", "pulling weights up to the body in a bent-over stance"),
    ),
    "jumping_jacks": Exercise(
        "jumping jacks",
        (
            "a person does jumping jacks",
            "someone jumps with the legs apart while the arms swing above the head, and back",
            "arms and legs open and close to the sides with every jump",
        ),
        ("jumping jacks", "jumping while both arms swing sideways up and down"),
    ),
    "dumbbell_shoulder_press": Exercise(
        "dumbbell shoulder press",
        (
            "a person presses dumbbells above the head",
            "someone pushes two weights from the shoulders up until the arms are straight",
            "both hands rise from beside the ears and come down again",
        ),
        ("a shoulder press with dumbbells", "pushing weights straight up over the head"),
    ),
    "lateral_shoulder_raises": Exercise(
        "lateral shoulder raises",
        (
            "a person raises dumbbells sideways",
            "someone lifts both straight arms to the sides up to the shoulders and lowers them",
            "the arms spread like wings with weights in the hands",
        ),
        ("lateral raises", "lifting straight arms sideways to shoulder height"),
    ),
    NON_ACTIVITY: Exercise(
        "no exercise",
        (
            "a person rests between two exercises",
            "someone stands around, walks or fetches weights",
            "the person does nothing in particular",
        ),
        ("resting", "walking about or standing without exercising"),
    ),
}
"""Classes in the authors' order; the key is the label."""
