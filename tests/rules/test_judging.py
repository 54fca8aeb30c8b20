"""Levels, conditions, exceptions, limits of several schedules, and rules that change."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.plan.finding import Level
from reconciler.rules.judging import compare, judge
from tests.rules.policy import TODAY, environments, findings, judged, rule, rules, subjects

JOB = 'name: job\nschedule: "0 6 * * *"\nfunction: app/job\n'
OWNER = rule("require: [owner]")


def test_only_a_rule_of_level_deny_refuses() -> None:
    assert [one.level for one in judged(OWNER, JOB).denied] == [Level.DENY]
    assert judged(rule("require: [owner]", level="warn"), JOB).denied == ()


@pytest.mark.parametrize(
    ("when", "applies"),
    [
        ("{labels: {team: data}}", True),
        ("{labels: {team: [web, data]}}", True),
        ("{labels: {team: web}}", False),
        ("{labels: {team: data, tier: a}}", False),
        ("{environments: [production]}", True),
        ("{environments: [staging]}", False),
        ("{matches: {properties: {facts: {properties: {fires_per_day: {minimum: 1}}}}}}", True),
        ("{matches: {required: [ping]}}", False),
    ],
)
def test_a_rule_is_for_the_manifests_of_its_condition(when: str, applies: bool) -> None:
    given = rule(f"require: [owner]\nwhen: {when}")

    found = findings(given, f"{JOB}labels: {{team: data}}\n", environment="production")

    assert bool(found) is applies


def allowing(until: str, more: str = "") -> str:
    return f"{JOB}{more}allow:\n  policy: {{reason: moving, until: {until}}}\n"


def test_an_exception_excuses_and_is_listed() -> None:
    found = judged(OWNER, allowing("2026-11-02"), today=date(2026, 11, 2))

    assert found.findings == ()
    (exemption,) = found.exemptions
    assert str(exemption) == "policy: job until 2026-11-02: moving"
    assert str(exemption.location) == "schedules/all.yaml:5:3"


def test_an_expired_exception_is_said_at_its_line() -> None:
    (found,) = findings(OWNER, allowing("2026-11-01"), today=date(2026, 11, 2))

    assert found == (
        "5:3 the exception expired on 2026-11-01 (moving); because: `owner` is missing"
    )


def test_an_exception_that_is_not_needed_is_warned_of() -> None:
    found = judged(OWNER, allowing("2026-12-31", "owner: me\n"))

    (finding,) = found.findings
    assert (finding.level, finding.location.line) == (Level.WARN, 6)
    assert "the exception is not needed" in finding.message
    assert found.exemptions == ()


THREE = "---\n".join(
    f'name: j{number}\nschedule: "0 6 * * *"\nfunction: app/job\nlabels: {{team: {team}}}\n'
    for number, team in enumerate(("a", "b", "a"))
)


def test_the_number_of_schedules_is_limited_together() -> None:
    given = rule("limits: {schedules: 2}")

    assert findings(given, THREE) == ["11:1 3 schedules, more than 2"]


def test_or_for_each_value_of_a_label() -> None:
    given = rule("limits: {schedules: 1, per: team}")

    assert findings(given, THREE) == ["11:1 2 schedules of team `a`, more than 1"]


def test_a_limit_of_no_schedule_at_all_is_a_limit() -> None:
    assert findings(rule("limits: {schedules: 0}"), JOB) == ["1:1 1 schedule, more than 0"]


def test_what_a_plan_alone_knows_is_left_out_without_one() -> None:
    given = rule("schema: {properties: {facts: {required: [slot]}}}")

    assert findings(given, JOB) == []
    assert findings(rule("limits: {dollars: 0, wakes: 0}"), JOB) == []


def test_rules_of_an_earlier_revision_are_compared() -> None:
    strict = rule("require: [owner]")
    weak = rule("require: [owner]", level="warn")
    judged_now = judged(weak, JOB)

    changed = compare("base", [strict], [weak], subjects(JOB, strict.facts), TODAY, judged_now)

    assert changed is not None
    assert changed.changed == ("policy",)
    assert [one.level for one in changed.lost] == [Level.DENY]
    assert [one.level for one in changed.gained] == [Level.WARN]


def test_a_rule_that_was_removed_is_compared_too() -> None:
    found = judge([], subjects(JOB, frozenset()), TODAY, live=True)

    changed = compare("base", [OWNER], [], subjects(JOB, frozenset()), TODAY, found)

    assert changed is not None
    assert len(changed.lost) == 1


def test_the_same_rules_have_nothing_to_compare() -> None:
    found = judged(OWNER, JOB)

    assert compare("base", [OWNER], [OWNER], subjects(JOB, OWNER.facts), TODAY, found) is None


def test_all_rules_are_applied() -> None:
    text = "id: {}\nlevel: deny\nmessage: because\nrequire: [{}]\n"
    given = rules(text.format("a", "owner"), text.format("b", "deadline"))

    assert len(findings(given, JOB)) == 2


def test_a_rule_may_be_for_a_declared_environment() -> None:
    text = "id: a\nlevel: deny\nmessage: x\nrequire: [owner]\nwhen: {environments: [staging]}\n"

    (found,) = rules(text, settings=environments("staging", "production"))

    assert findings(found, JOB, environment="staging") != []
