"""Sentences of activities by their labels."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from m3n_sklearn.pretraining.corpus._clips import mirrored_caption
from m3n_sklearn.procedural import get_activity, list_activities
from m3n_sklearn.text import activity_sentences
from m3n_sklearn.text._activities import _ACTIVITIES, _stems, _words

ENTRIES = {entry.names[0]: activity_sentences(entry.names[0]) for entry in _ACTIVITIES}


@pytest.mark.parametrize(
    ("spellings", "sentence"),
    [
        (["Walking", "walk", "WALKING", "walks"], "a person walks"),
        (["Walking_upstairs", "stairs up", "ascendingStairs", "climbing_stairs"],
         "a person walks up stairs"),
        (["Brushing Teeth", "brushing_teeth", "teeth"], "a person brushes the teeth"),
        (["eating soup", "Soup"], "a person eats soup"),
        (["cycling on an exercise bike, horizontal", "exercise bike"],
         "a person pedals on an exercise bike"),
        (["Sit-ups", "situp", "sit_ups"], "a person does sit-ups"),
        (["LAYING", "lying", "lie"], "a person lies still"),
        (["forward fall while walking (slip)"], "a person falls forward"),
    ],
)  # fmt: skip
def test_spellings_of_a_label(spellings, sentence):
    found = {activity_sentences(label) for label in spellings}
    assert len(found) == 1 and sentence in found.pop()


@pytest.mark.parametrize("name", list_activities())
def test_procedural_activities_share_their_sentences(name):
    assert set(get_activity(name).descriptions) <= set(activity_sentences(name))


def test_every_activity_has_three_sentences_and_a_spelling_of_its_own():
    stems = [_stems(_words(name)) for entry in _ACTIVITIES for name in entry.names]
    owners = [set(map(_stems, map(_words, entry.names))) for entry in _ACTIVITIES]
    assert len(set(stems)) == len(set().union(*owners))
    assert all(a.isdisjoint(b) for a, b in combinations(owners, 2))
    for name, sentences in ENTRIES.items():
        assert 3 <= len(sentences) == len(set(sentences)) <= 6, name


def test_sentences_can_be_mirrored_and_are_plain():
    for sentences in ENTRIES.values():
        for sentence in sentences:
            assert mirrored_caption(sentence) is not None, sentence
            assert re.fullmatch(r"[a-z][a-zA-Z ,:'-]+", sentence), sentence


def test_only_kindred_activities_share_sentences():
    kindred = {
        frozenset(pair)
        for pair in [
            ("running", "jogging"), ("walking upstairs", "walking up and down stairs"),
            ("walking downstairs", "walking up and down stairs"), ("sitting", "watching tv"),
            ("sitting down", "sitting down and standing up"),
            ("standing up", "sitting down and standing up"), ("cycling", "exercise bike"),
            ("dribbling", "playing basketball"), ("kicking", "playing soccer"),
        ]
    }  # fmt: skip
    families = [{name for name in ENTRIES if name.startswith(word)} for word in
                ("eating", "lying", "falling")]  # fmt: skip
    for (a, first), (b, second) in combinations(ENTRIES.items(), 2):
        if set(first) & set(second):
            family = any({a, b} <= names for names in families)
            assert family or frozenset((a, b)) in kindred, (a, b)


@pytest.mark.parametrize("label", ["null", "Other", "unknown", "", "no_activity"])
def test_labels_without_an_activity_have_no_sentence(label):
    assert activity_sentences(label) == ()


def test_unknown_activities_are_told():
    with pytest.warns(UserWarning, match=r"'sweepng' is not in the table.*'sweeping'"):
        assert activity_sentences("sweepng") == ("sweepng",)
    with pytest.warns(UserWarning, match="17 is not in the table"):
        assert activity_sentences(17) == ("17",)
    with pytest.warns(UserWarning, match="'A' is not in the table"):  # the code of a class
        assert activity_sentences("A") == ("a",)
