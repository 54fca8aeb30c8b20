"""Verdicts are kept for what a schema reads, and are those of jsonschema all the same."""

from __future__ import annotations

from typing import Any

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.rules.json_schema import CompiledSchema

KEYS = ("owner", "overlap", "labels", "facts")
leaves: st.SearchStrategy[Any] = st.one_of(
    st.just({"type": "string"}),
    st.just({"type": "object"}),
    st.just({"const": "a"}),
    st.builds(lambda most: {"maximum": most}, st.integers(0, 3)),
    st.booleans(),
)


def _with(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(st.sampled_from(KEYS), inner, max_size=2)
    several = st.lists(inner, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "properties": named,
            "required": st.lists(st.sampled_from(KEYS), max_size=2, unique=True),
            "allOf": several,
            "anyOf": several,
            "not": inner,
            "if": inner,
            "then": inner,
            "additionalProperties": inner,
            "minProperties": st.integers(0, 3),
        },
    )


schemas = _with(st.recursive(leaves, _with, max_leaves=6))
values = st.dictionaries(
    st.sampled_from(KEYS),
    st.one_of(
        st.sampled_from(["a", "b"]),
        st.integers(0, 3),
        st.dictionaries(st.sampled_from(KEYS), st.integers(0, 3)),
    ),
)


@given(schemas, st.lists(values, min_size=1, max_size=5))
@settings(max_examples=150, deadline=None)
def test_the_verdict_is_that_of_jsonschema(schema: Any, given_values: list[Any]) -> None:
    compiled = CompiledSchema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    for value in given_values:
        assert (compiled.first_error(value) is None) == validator.is_valid(value)


def test_manifests_that_agree_in_what_is_read_are_validated_once(monkeypatch: Any) -> None:
    calls: list[object] = []
    iterate = jsonschema.Draft202012Validator.iter_errors

    def counted(self: Any, value: object) -> Any:
        calls.append(value)
        return iterate(self, value)

    monkeypatch.setattr(jsonschema.Draft202012Validator, "iter_errors", counted)
    compiled = CompiledSchema({"properties": {"owner": {"const": "a"}}})

    for number in range(100):
        compiled.first_error({"name": str(number), "owner": "ab"[number % 2]})

    assert len([one for one in calls if isinstance(one, dict)]) == 2
