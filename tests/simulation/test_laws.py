"""Every law of the table is checked by a test."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import pytest

from . import __name__ as here
from . import __path__ as folder
from .laws import Law, checks

GRADIENTS = 23  # no framework differentiates anything here


def test_every_law_is_checked():
    modules = [
        x.name for x in iter_modules(folder) if x.name.startswith(("test_inv", "test_noise"))
    ]
    tests = [x for name in modules for x in vars(import_module(f"{here}.{name}")).values()]
    checked = [law for test in tests for law in getattr(test, "laws", ())]
    assert sorted(checked, key=list(Law).index) == list(Law)
    assert {law.number for law in Law} == set(range(1, 38)) - {GRADIENTS}


def test_tolerances_are_the_numbers_that_tests_compare_with():
    assert Law.STATIC_POSE.tolerance == "1e-9 m/s², 1e-12 rad/s, norm 1e-12 g"
    assert Law.STATIC_POSE.limits == (1e-9, 1e-12, 1e-12)
    assert Law.DRIFT.limit == 1e-7
    with pytest.raises(ValueError, match="unpack"):
        _ = Law.STATIC_POSE.limit


def test_a_note_changes_nothing():
    def check(x):
        return x + 1

    noted = checks(Law.DRIFT)(check)
    assert noted is check and noted(1) == 2 and check.laws == (Law.DRIFT,)
