"""The schema of rules that editors read is of one mind with the form."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from reconciler.manifest.validation import check
from reconciler.rules.form import RuleForm
from reconciler.rules.form_schema import rules_schema

SCHEMA = json.loads(rules_schema())
GOOD: dict[str, Any] = {
    "id": "owner",
    "level": "deny",
    "message": "x",
    "require": ["owner"],
    "tests": {"good": [{"owner": "x"}], "bad": [{}]},
}


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"when": {"labels": {"team": ["a", "b"]}, "environments": ["x"]}}, True),
        ({"require": None}, False),
        ({"level": "info"}, False),
        ({"when": {"label": {}}}, False),
        ({"tests": {"good": [{}]}}, False),
    ],
)
def test_it_accepts_what_the_form_accepts(change: dict[str, Any], valid: bool) -> None:
    document = {**GOOD, **change}

    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(document) is valid
    assert isinstance(check(document, RuleForm), RuleForm) is valid


@pytest.mark.parametrize(
    "kind",
    [
        {"schema": {"required": ["owner"]}},
        {"name": "a.*"},
        {"owner": "codeowners"},
        {"limits": {"smallest_gap": "5m", "per": "team", "schedules": 3}},
        {"image": "pinned"},
    ],
)
def test_it_knows_each_kind(kind: dict[str, Any]) -> None:
    document = {key: value for key, value in GOOD.items() if key != "require"} | kind

    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(document)
    assert isinstance(check(document, RuleForm), RuleForm)
