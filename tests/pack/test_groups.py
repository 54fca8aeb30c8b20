"""Groups of shapes: merging and moving them against every possibility, where those are few."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import mean

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cron import parse
from reconciler.cron.dates import date_rule
from reconciler.pack.groups import Groups, cheap_groups, merged
from reconciler.pack.shape import cost, shape, union

_ANY_DAY = date_rule(parse("* * * * *"), (1 << 13) - 2)


def _shape(minute: int, hour: int, width: int = 1) -> int:
    return shape(1 << minute, ((1 << width) - 1) << hour, [_ANY_DAY])


shapes = st.lists(
    st.builds(_shape, st.sampled_from([0, 15, 30, 45, 7]), st.integers(0, 20), st.integers(1, 4)),
    min_size=1,
    max_size=8,
    unique=True,
)


def _numbers(groups: Groups) -> list[int]:
    return sorted(n for group in groups.members for n in group)


@given(shapes, st.integers(1, 4))
@settings(max_examples=60)
def test_moves_keep_every_shape_and_never_cost_more(items: list[int], most: int) -> None:
    for groups in merged(items, most):
        before = groups.total
        groups.tidy()
        assert groups.total <= before
        assert _numbers(groups) == list(range(len(items)))
        assert groups.covers == Groups(items, groups.members).covers


@given(shapes, st.integers(1, 6))
@settings(max_examples=60)
def test_more_groups_never_cost_more(items: list[int], most: int) -> None:
    found = list(cheap_groups(items, most))
    assert all(_numbers(groups) == list(range(len(items))) for groups in found)
    assert all(len(groups.members) <= most for groups in found)
    totals = [groups.total for groups in found]
    assert totals == sorted(totals, reverse=True)


def test_beyond_the_groups_that_are_searched_more_never_cost_more_either() -> None:
    items = [_shape(minute, minute * 7 % 24) for minute in range(40)]
    totals = [groups.total for groups in cheap_groups(items, 30)]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] < totals[8]


def test_small_sets_cost_little_more_than_the_cheapest_partition() -> None:
    losses = []
    for seed in range(40):
        items = [_shape(seed * 17 * n % 60, (seed + n * n) % 21, 1 + n % 3) for n in range(7)]
        *_, found = cheap_groups(items, 3)
        losses.append(found.total / _least(items, 3))
    assert mean(losses) <= 1.05


def _least(items: Sequence[int], most: int) -> int:
    return min(
        sum(cost(union(group)) for group in partition)
        for partition in _partitions(list(items), most)
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
