"""scikit-learn's own checks of the classifier: all of them, none excused."""

from __future__ import annotations

import pytest
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from m3n_sklearn.classification import Multi3NetClassifier
from m3n_sklearn.pretraining import Multi3NetPretrainer

from ..wrists import classifier

NESTED = Multi3NetPretrainer(max_epochs=2, width=16, random_state=0)


@pytest.mark.slow
@parametrize_with_checks([classifier(max_epochs=12)], xfail_strict=True)
def test_scratch(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([classifier(NESTED, max_epochs=12)], xfail_strict=True)
def test_nested(estimator, check):
    check(estimator)


def test_no_check_is_switched_off():
    tags = get_tags(Multi3NetClassifier())
    assert tags.input_tags.two_d_array and tags.input_tags.three_d_array
    assert not tags.non_deterministic and not tags._skip_test
    assert not tags.no_validation and not tags.classifier_tags.poor_score
