"""Displays refuse what they cannot draw with words that help."""

from __future__ import annotations

from m3n_sklearn import Recording
from m3n_sklearn.inspection import LabelEfficiencyDisplay, SignalDisplay

from ..refusals import RECORDING, STILL, cases, refuses


@cases(
    (lambda: SignalDisplay.from_recordings({}), ValueError, "nothing to draw"),
    (lambda: SignalDisplay.from_recordings(RECORDING), TypeError, "map legend entries"),
    (lambda: SignalDisplay.from_recordings({"a": STILL}), TypeError, "map legend entries"),
    (
        lambda: SignalDisplay({"a": RECORDING, "b": Recording(STILL[:, :3], 50)}),
        ValueError,
        "3 and 6 channels",
    ),
    (lambda: SignalDisplay({"a": RECORDING}).plot(axes=3), ValueError, "2 matplotlib Axes"),
    (lambda: LabelEfficiencyDisplay.from_scores([]), ValueError, "scores is empty"),
    (lambda: LabelEfficiencyDisplay.from_scores("abc"), TypeError, "few_label_study"),
)
def test_displays(call, error, words):
    refuses(call, error, *words)
