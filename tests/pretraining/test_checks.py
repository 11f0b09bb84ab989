"""Scikit-learn's own checks of Multi3NetPretrainer."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from m3n_sklearn.pretraining import Multi3NetPretrainer


@pytest.mark.slow
@parametrize_with_checks([Multi3NetPretrainer(max_epochs=3, width=8)], xfail_strict=True)
def test_estimator_checks(estimator: Any, check: Any) -> None:
    check(estimator)


def test_nothing_is_excused() -> None:
    tags = get_tags(Multi3NetPretrainer())
    assert tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array
    assert not tags.non_deterministic
    assert not tags._skip_test
