"""The JSON of a plan: as its schema says, and as stable as it promises."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from reconciler.plan import Plan, make_plan
from reconciler.render.output_schema import output_schemas
from reconciler.render.plan_document import plan_document
from tests.plan.scenario import NOW, applied, desired, foreign, hourly, nothing, schedules

ROOT = Path(__file__).parents[2]
MANY = hourly(*(f"s{number}" for number in range(13)))
PLANS = {
    "first": make_plan(desired(MANY), nothing(*foreign("tick")), NOW),
    "empty": make_plan(desired(MANY), applied(MANY), NOW),
    "drift": make_plan(desired(hourly("a")), applied(hourly("a", "b")), NOW),
    "refused": make_plan(desired(()), applied(MANY), NOW),
    "missing": make_plan(
        desired(schedules('name: a\nschedule: "*/7 * * * *"\nfunction: no/such')), nothing(), NOW
    ),
    "unlimited": make_plan(desired(MANY, crons=None), nothing(), NOW),
}


def test_the_schema_in_the_repository_is_up_to_date() -> None:
    for file, schema in output_schemas().items():
        assert (ROOT / "schema" / file).read_text() == schema, "run: make schema"


@pytest.mark.parametrize("plan", PLANS.values(), ids=list(PLANS))
def test_every_plan_is_as_the_schema_says(plan: Plan) -> None:
    printed = json.loads(plan_document(plan).model_dump_json())
    jsonschema.validate(printed, json.loads(output_schemas()["plan.schema.json"]))


def test_the_document_has_the_keys_that_are_promised() -> None:
    printed = json.loads(plan_document(PLANS["first"]).model_dump_json())
    assert printed["format"] == 2
    assert set(printed) >= {
        *("format", "environment", "desired", "live", "changes", "drift", "slots", "budget"),
        *("wakes", "cost_usd_per_month", "warnings", "digest"),
    }
    assert set(printed["desired"]) == {"commit", "dirty", "digest", "schedules"}
    assert set(printed["live"]) >= {"generation", "digest"}
    assert set(printed["changes"][0]) >= {
        *("action", "name", "reason", "file", "line", "before", "after"),
    }
    assert set(printed["slots"][0]) >= {"slot", "cron", "timezone", "schedules"}
    assert set(printed["budget"]) >= {"limit", "foreign", "available", "used"}
    assert set(printed["wakes"]) >= {"per_month", "floor", "every_minute"}
