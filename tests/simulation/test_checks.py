"""The simulator under scikit-learn's own checks: all of them, none excused."""

from __future__ import annotations

from sklearn.utils.estimator_checks import parametrize_with_checks

from m3n_sklearn.simulation import SMPLIMUSimulator


@parametrize_with_checks([SMPLIMUSimulator()], xfail_strict=True)
def test_check_of_sklearn(estimator, check):
    check(estimator)
