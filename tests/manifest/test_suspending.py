"""A suspension is written into the manifest, and nothing else of the file changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifest import JSON
from reconciler.manifest.suspending import NotEditableError, suspension, with_suspension
from tests.manifest.texts import comments, files, values

REASONS = st.none() | st.sampled_from(["moving", "it's # late", 'say "so"', "a: b", "yes"])


def edit(text: str, value: JSON, name: str = "a", file: str = "job.yaml") -> str:
    return with_suspension(text.encode(), file, name, value).decode()


@settings(max_examples=150)
@given(files(), st.data())
def test_only_the_suspension_of_one_manifest_changes(content: bytes, data: st.DataObject) -> None:
    before = values(content)
    place = data.draw(st.integers(0, len(before) - 1))
    value = data.draw(
        st.none() | st.builds(suspension, st.none() | st.just("2036-01-01T00:00Z"), REASONS)
    )
    after = with_suspension(content, "job.yaml", f"job-{place}", value)
    chosen = before[place]
    assert isinstance(chosen, dict)
    kept = {key: item for key, item in chosen.items() if key != "suspend"}
    before[place] = kept if value is None else kept | {"suspend": value}
    assert values(after) == before
    assert comments(after) == comments(content)
    assert with_suspension(after, "job.yaml", f"job-{place}", value) == after


def test_the_key_stands_where_the_canonical_order_has_it() -> None:
    text = "name: a\nfunction: x/y  # here\n# who\nowner: data\n"
    assert edit(text, True) == (
        "name: a\nfunction: x/y  # here\nsuspend: true\n# who\nowner: data\n"
    )
    assert edit("name: a", suspension("2036-01-01", None)) == (
        "name: a\nsuspend: {until: 2036-01-01}\n"
    )


@pytest.mark.parametrize(
    ("reason", "written"),
    [
        ("moving", "{reason: moving}"),
        ("moving house", '{reason: "moving house"}'),
        ("ticket #12", '{reason: "ticket #12"}'),
        ("a, b", '{reason: "a, b"}'),
        ("yes", '{reason: "yes"}'),
        ("Köln", '{reason: "Köln"}'),
    ],
)
def test_a_reason_is_quoted_where_it_has_to_be(reason: str, written: str) -> None:
    assert edit("name: a\n", suspension(None, reason)) == f"name: a\nsuspend: {written}\n"


def test_a_comment_beside_the_key_stays_beside_it_and_then_on_its_line() -> None:
    text = "name: a\nsuspend: true  # ticket 12\n"
    assert edit(text, suspension("2036-01-01", None)) == (
        "name: a\nsuspend: {until: 2036-01-01}  # ticket 12\n"
    )
    assert edit(text, None) == "name: a\n# ticket 12\n"


def test_json_stays_json() -> None:
    text = '{"name": "a", "function": "x/y"}\n'
    assert edit(text, suspension("2036-01-01", "moving")) == (
        '{"name": "a", "suspend": {"until": "2036-01-01", "reason": "moving"}, "function": "x/y"}\n'
    )
    assert edit(edit(text, True), None) == text


def test_a_decorated_function_is_refused_by_its_name_with_what_to_write() -> None:
    with pytest.raises(NotEditableError) as caught:
        edit("", suspension("2036-01-01", None), file="jobs/a.py")
    assert str(caught.value) == (
        "jobs/a.py: `a` is declared by a decorator in Python, which this command does not edit\n"
        "  Add `suspend={'until': '2036-01-01'}` to its `@reconciler.schedule(…)` by hand."
    )


@pytest.mark.parametrize(
    "text",
    [
        "? name\n: a\n",
        "name: a\nargs: {x: &s true}\nlabels: {y: *s}\nsuspend: &t {reason: x}\nenv: *t\n",
    ],
    ids=["keys that are no lines", "an anchor in what goes"],
)
def test_a_layout_that_cannot_be_edited_is_refused_with_its_position(text: str) -> None:
    with pytest.raises(NotEditableError, match=r"`suspend` of `a` cannot be edited") as caught:
        edit(text, True)
    assert caught.value.where is not None
    assert caught.value.where.startswith("job.yaml:1:")
