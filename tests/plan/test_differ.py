"""The difference of two mappings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.plan.differ import difference

mappings = st.dictionaries(st.text(max_size=3), st.integers(0, 2), max_size=12)


@given(mappings, mappings)
def test_each_key_is_added_removed_changed_or_the_same_and_each_part_is_sorted(
    before: dict[str, int], after: dict[str, int]
) -> None:
    found = difference(before, after, int.__eq__)
    assert list(found.added.items()) == sorted(
        (key, value) for key, value in after.items() if key not in before
    )
    assert list(found.removed.items()) == sorted(
        (key, value) for key, value in before.items() if key not in after
    )
    assert list(found.changed.items()) == sorted(
        (key, (value, after[key]))
        for key, value in before.items()
        if key in after and after[key] != value
    )


def test_the_caller_says_what_is_the_same() -> None:
    assert difference({"a": 1}, {"a": 3}, lambda old, new: old % 2 == new % 2).changed == {}
