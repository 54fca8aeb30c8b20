"""Two generations are known, since an apply was interrupted: what each schedule goes on from."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.generation import Generation
from reconciler.plan.compilation import compile_records
from tests.plan.scenario import NOW, applied, hourly

A = hourly("a")
NEXT = 10
"""The number of the apply that is planned."""


@st.composite
def generations(draw: st.DrawFn) -> Generation:
    """Schedule `a` as git has it or with other times, begun at any time with any apply."""
    live = applied(A).live
    assert live is not None
    (record,) = live.records
    when = draw(st.sampled_from([record.when, ("5 * * * *",)]))
    record = replace(record, when=when, anchor=draw(st.integers(NOW - 100, NOW)))
    return replace(live, records=(record,), begun={"a": draw(st.integers(1, NEXT - 1))})


@given(st.lists(generations(), min_size=2, max_size=2))
def test_a_schedule_goes_on_from_the_earliest_anchor_and_the_highest_number_of_the_same_times(
    known: list[Generation],
) -> None:
    compiled = compile_records(A, known, NOW + 60, number=NEXT)
    records, begun = compiled.records, compiled.begun
    same = [one for one in known if one.records[0].when == records[0].when]
    assert records[0].anchor == min((one.records[0].anchor for one in same), default=NOW + 60)
    assert begun == {"a": max((one.begun["a"] for one in same), default=NEXT)}
