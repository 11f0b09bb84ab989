"""Which law a test checks: a note on the test, read by the table in the documentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

Test = TypeVar("Test", bound=Callable[..., object])


class Law(NamedTuple):
    """A law as one test checks it: its number in the list, in words, and how closely it holds."""

    number: int
    text: str
    tolerance: str


def invariant(number: int, text: str, *, tolerance: str) -> Callable[[Test], Test]:
    """Note a law on a test, and leave the test as it is.

    All three are literals, and every number in `tolerance` is one that the test compares with
    (`test_laws` looks), so that the table can be made without running anything, and is true.
    """

    def note(test: Test) -> Test:
        noted = (*getattr(test, "laws", ()), Law(number, text, tolerance))
        test.laws = noted  # type: ignore[attr-defined]
        return test

    return note
