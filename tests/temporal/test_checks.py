"""scikit-learn's own checks of the temporal classifier: all of them, none excused."""

from __future__ import annotations

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from m3n_sklearn.temporal import HMMClassifier

from ..wrists import classifier

NETWORK = classifier(max_epochs=12)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:No row of X has a neighbor")
@parametrize_with_checks(
    [HMMClassifier(LogisticRegression()), HMMClassifier(NETWORK)], xfail_strict=True
)
def test_checks(estimator, check):
    check(estimator)
