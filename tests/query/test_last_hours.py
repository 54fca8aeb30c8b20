"""A gap is a stretch in which something was due and no wake came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.query.last_hours import LONGEST_PAUSE, Gap, wake_gaps


def gaps(wakes: list[int], due: list[int], after: int = 0, until: int = 100) -> list[Gap]:
    return list(wake_gaps(wakes, due, after, until))


def test_a_due_minute_without_a_wake_makes_a_gap() -> None:
    assert gaps([10, 40], [20]) == [Gap(10, 40)]


def test_nothing_due_makes_none_however_long_no_wake_came() -> None:
    assert gaps([10], []) == []
    assert gaps([10, 90], [10, 90]) == []


def test_a_short_pause_is_none() -> None:
    assert gaps([10, 10 + LONGEST_PAUSE], [12]) == []
    assert gaps([10, 11 + LONGEST_PAUSE], [12]) == [Gap(10, 11 + LONGEST_PAUSE)]


def test_a_gap_may_begin_before_the_hours_and_last_until_now() -> None:
    assert gaps([], [5]) == [Gap(0, 100)]
    assert gaps([50], [5, 90]) == [Gap(0, 50), Gap(50, 100)]


@given(st.sets(st.integers(1, 100)), st.sets(st.integers(1, 100)))
def test_no_wake_lies_in_a_gap_and_a_due_minute_does(wakes: set[int], due: set[int]) -> None:
    found = gaps(sorted(wakes), sorted(due))
    for gap in found:
        assert not any(gap.after < at < gap.until for at in wakes)
        assert any(gap.after < at <= gap.until for at in due)
    longest = [at for at in due if not any(at <= wake <= at + LONGEST_PAUSE for wake in wakes)]
    for at in longest:
        if at + LONGEST_PAUSE <= 100:
            assert any(gap.after < at <= gap.until for gap in found)
