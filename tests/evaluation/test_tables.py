"""Means, intervals and tables; a flag is never lost."""

from __future__ import annotations

import numpy as np
import pytest

from m3n_sklearn.evaluation import (
    format_differences,
    format_table,
    mean_interval,
    paired_difference,
    to_frame,
)

from .studies import score


def study(n_people=4, n_draws=6, lead=0.1, noise=0.0):
    rng = np.random.default_rng(0)
    scores = []
    for group in range(n_people):
        level = rng.uniform(0.2, 0.8)
        for draw in range(n_draws):
            run = {"budget": 1, "group": group, "draw": draw}
            scores.append(score("theirs", value=level, **run))
            ahead = level + lead + noise * rng.normal()
            scores.append(score("ours", value=ahead, flags=("unlabeled",), **run))
    return scores


def test_pairing_takes_out_what_people_have_in_common():
    found = paired_difference(study(), "ours", "theirs", budget=1)
    assert found == pytest.approx((0.1, 0.1, 0.1, 4, 24))
    alone = mean_interval(study(), "theirs", budget=1)
    assert alone.high - alone.low > 0.1 and alone.low < alone.mean < alone.high
    assert (alone.n_people, alone.n_runs) == (4, 24)


def test_differences_turn_with_their_sides():
    scores = study(noise=0.2)
    one = paired_difference(scores, "ours", "theirs", budget=1)
    other = paired_difference(scores, "theirs", "ours", budget=1)
    assert one.mean == pytest.approx(-other.mean)
    assert one.low == pytest.approx(-other.high) and one.low < one.mean < one.high
    again = paired_difference(scores, "ours", "theirs", budget=1)
    assert again == one
    wide = paired_difference(scores, "ours", "theirs", budget=1, confidence=0.99)
    assert wide.low < one.low and wide.high > one.high


@pytest.mark.parametrize(("n_people", "n_draws"), [(200, 1), (100, 4)])
def test_intervals_of_many_people_are_those_of_the_normal_law(n_people, n_draws):
    rng = np.random.default_rng(1)
    people = rng.normal(0.5, 0.1, n_people)
    scores = [
        score(group=p, draw=d, value=people[p] + rng.normal(0, 0.1))
        for p in range(n_people)
        for d in range(n_draws)
    ]
    means = [np.mean([s.macro_f1 for s in scores if s.group == p]) for p in range(n_people)]
    found = mean_interval(scores, "ours", budget=1, n_resamples=5000)
    assert found.mean == pytest.approx(np.mean(means))
    # draws are resampled within people too, which counts their variance once more
    within = 0.0 if n_draws == 1 else 0.01 / n_draws
    half = 1.96 * np.sqrt((np.var(means) + within) / n_people)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)


def test_people_count_alike_whatever_their_runs():
    scores = [score(group=0, value=0.0), *(score(group=1, draw=d, value=1.0) for d in range(9))]
    found = mean_interval(scores, "ours", budget=1)
    assert found == pytest.approx((0.5, 0.0, 1.0, 2, 10))


def test_only_common_runs_are_paired():
    scores = [
        score("a", draw=0, value=0.5),
        score("a", draw=1, value=0.9),
        score("b", draw=0, value=0.4),
        score("c", draw=7, value=0.4),
    ]
    assert paired_difference(scores, "a", "b", budget=1) == pytest.approx((0.1, 0.1, 0.1, 1, 1))
    with pytest.raises(ValueError, match="no run in common"):
        paired_difference(scores, "a", "c", budget=1)


def test_intervals_refuse_nonsense():
    scores = study()
    with pytest.raises(ValueError, match="No score is of 'ours' at 4 per class"):
        paired_difference(scores, "ours", "theirs", budget=4)
    with pytest.raises(ValueError, match="confidence"):
        mean_interval(scores, "ours", budget=1, confidence=95)
    with pytest.raises(ValueError, match="n_resamples"):
        mean_interval(scores, "ours", budget=1, n_resamples=0)


def test_tables_show_means_over_people_and_flags():
    scores = [*study(), score("theirs", budget=0.05, value=0.25), score("theirs", budget=None)]
    table = format_table(scores, ["ours", "theirs"])
    head, ours, theirs, note = table.splitlines()
    assert head.split("  ")[-1].strip() == "all labels" and "1 per class" in head and "5 %" in head
    assert ours.startswith("ours [1]") and ours.count("–") == 2
    assert "0.250 ± 0.000" in theirs and note == "[1] unlabeled"
    assert "[1]" not in format_table(scores, ["theirs"])


def test_equal_flags_share_a_mark():
    scores = [
        score("a", flags=("x", "y")),
        score("b", flags=("y",)),
        score("c"),
    ]
    lines = format_table(scores).splitlines()
    assert [line.split("  ")[0] for line in lines[1:4]] == ["a [1] [2]", "b [2]", "c"]
    assert lines[4:] == ["[1] x", "[2] y"]


def test_differences_are_in_points_with_their_interval():
    scores = [*study(), score("theirs", budget=None)]
    title, head, ours, note = format_differences(scores, "theirs").splitlines()
    assert title == "points ahead of theirs [95 % interval]" and "all labels" in head
    assert "+10.0 [+10.0, +10.0]" in ours and ours.endswith("–") and note == "[1] unlabeled"
    with pytest.raises(ValueError, match="scores has no method 'foo'"):
        format_differences(scores, "foo")


def test_a_frame_has_a_row_per_score():
    pandas = pytest.importorskip("pandas")
    frame = to_frame(study())
    assert isinstance(frame, pandas.DataFrame) and len(frame) == 48
    means = frame.groupby("method").macro_f1.mean()
    assert means["ours"] - means["theirs"] == pytest.approx(0.1)
    assert set(frame[frame.method == "ours"]["flags"]) == {"unlabeled"}
    assert set(frame.budget) == {"1 per class"}
