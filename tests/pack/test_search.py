"""The searches against every possibility, where those can be counted out."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cron import parse
from reconciler.cron.dates import date_rule
from reconciler.pack.groups import Groups, union
from reconciler.pack.merging import merged
from reconciler.pack.partition import cheapest_partition
from reconciler.pack.search import search
from reconciler.pack.shape import cost, shape

_ANY_DAY = date_rule(parse("* * * * *"), (1 << 13) - 2)
outlines = st.lists(
    st.builds(
        lambda minute, hour, width: shape(1 << minute, ((1 << width) - 1) << hour, [_ANY_DAY]),
        st.sampled_from([0, 15, 30, 45, 7]),
        st.integers(0, 20),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=7,
    unique=True,
)


def _partitions(items: list[int], most: int) -> Iterator[list[list[int]]]:
    if not items:
        yield []
        return
    for rest in _partitions(items[1:], most):
        for n in range(len(rest)):
            yield [*rest[:n], [items[0], *rest[n]], *rest[n + 1 :]]
        if len(rest) < most:
            yield [*rest, [items[0]]]


def _least(items: list[int], most: int) -> int:
    return min(
        sum(cost(union(group)) for group in partition) for partition in _partitions(items, most)
    )


@given(outlines, st.integers(1, 4))
@settings(max_examples=60)
def test_the_exact_search_finds_the_cheapest_partition(items: list[int], most: int) -> None:
    everything = sum(map(cost, items)) * 100
    found = cheapest_partition(items, most, everything)
    assert found.proved
    assert found.groups is not None
    assert found.groups.total == _least(items, most)
    assert sorted(item for group in found.groups.members for item in group) == sorted(items)


@given(outlines, st.integers(1, 4))
@settings(max_examples=60)
def test_the_search_finds_it_for_small_sets(items: list[int], most: int) -> None:
    assert search(items, most).total == _least(items, most)


def test_the_exact_search_says_when_it_gave_up() -> None:
    items = [shape(1 << minute, 1 << minute % 24, [_ANY_DAY]) for minute in range(40)]
    assert not cheapest_partition(items, 5, 1 << 60, nodes=50).proved


def test_nothing_below_a_cost_that_is_not_above_the_least() -> None:
    items = [shape(1 << minute, 1, [_ANY_DAY]) for minute in range(3)]
    found = cheapest_partition(items, 2, _least(items, 2))
    assert found.groups is None
    assert found.proved


@given(outlines, st.integers(1, 4))
@settings(max_examples=40)
def test_tidying_keeps_every_outline_and_never_costs_more(items: list[int], most: int) -> None:
    for groups in merged(items, most):
        before = groups.total
        groups.tidy(range(len(groups.members)))
        assert groups.total <= before
        assert sorted(item for group in groups.members for item in group) == sorted(items)
        assert groups.covers == Groups.of(groups.members).covers
