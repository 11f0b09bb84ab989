"""The encoder that most tests of the classifier start from."""

from __future__ import annotations

import pytest
from sklearn.frozen import FrozenEstimator

from ..wrists import pretrained


@pytest.fixture(scope="session")
def frozen():
    return FrozenEstimator(pretrained())
