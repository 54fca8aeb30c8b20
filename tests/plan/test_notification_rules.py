"""Who is notified of what, as it is planned; and that no plan shows an address."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from reconciler.alerts import Address, AlertRule, Alerts, BodyFormat, Recipient
from reconciler.manifest import Schedule, Settings
from reconciler.manifest.settings import EnvironmentOverrides
from reconciler.plan import Plan, make_plan
from reconciler.plan.notification_rules import secrets_digest
from reconciler.render.plan_document import plan_document
from reconciler.render.plan_text import plan_text
from reconciler.render.saved_plan import SavedPlan
from reconciler.render.style import Style
from tests.plan.scenario import NOW, after, applied, desired, hourly, nothing, schedules, told

URL = "https://hooks.slack.com/services/T0/B0/verysecret"
SLACK = Recipient(Address(url=URL))
SECRET = Recipient(Address(secret="alerting", key="SLACK_URL"), BodyFormat.JSON)
TELLING = Settings(alerts=Alerts(AlertRule(to=(SECRET,))))
"""The settings that manifests are read with."""


def alerts(*to: Recipient, **values: object) -> Alerts:
    """Alerts to these."""
    return Alerts(AlertRule(to=to, **values))  # type: ignore[arg-type]  # checked by the tests


def shown(plan: Plan) -> str:
    """All that a plan shows or leaves behind as a file, but for the generation itself."""
    document = plan_document(plan).model_dump_json()
    saved = SavedPlan.of(plan).encode()
    return "\n".join([plan_text(plan, Style(colour=False)), document, saved])


def test_no_plan_shows_an_address_and_every_plan_shows_that_it_changes() -> None:
    one = schedules(f"name: a\nschedule: 1d\nalerts: {{to: {{url: '{URL}'}}}}\nping: {URL}1")
    other = schedules(f"name: a\nschedule: 1d\nalerts: {{to: {{url: '{URL}2'}}}}\nping: {URL}3")
    first = make_plan(desired(one, alerts=alerts(SLACK)), nothing(), NOW)
    second = make_plan(
        desired(other, alerts=alerts(Recipient(Address(url=URL + "4")))), after(first), NOW
    )
    third = make_plan(desired((), alerts=alerts(SLACK)), after(first), NOW, allow_deletes=9)
    drifted = make_plan(
        desired(one, alerts=alerts(SLACK)),
        replace(after(first), live=second.generation, applied=first.generation),
        NOW,
    )
    for plan in (first, second, third, drifted):
        assert "verysecret" not in shown(plan)
    assert URL.encode() in first.generation.encoded
    reasons = [change.reason for change in second.changes]
    mark = r"https://hooks\.slack\.com/…#[0-9a-f]{8}"
    assert re.fullmatch(
        rf"alerts 1 failure, missed to {mark} \(slack\) → 1 failure, missed to {mark} \(slack\), "
        rf"ping {mark} → {mark}",
        reasons[0],
    )
    assert reasons[1].startswith("alerts 1 failure, missed, overdue to https://hooks.slack.com/…#")


@pytest.mark.parametrize("key", [f"ping: {URL}", f"alerts: {{to: {{url: '{URL}'}}}}"])
def test_no_plan_shows_the_one_address_that_a_schedule_has(key: str) -> None:
    one = schedules(f"name: a\nschedule: 1d\n{key}")
    created = make_plan(desired(one), nothing(), NOW)
    assert URL.encode() in created.generation.encoded
    deleted = make_plan(desired(()), after(created), NOW, allow_deletes=9)
    changed = make_plan(desired(schedules("name: a\nschedule: 1d")), after(created), NOW)
    for plan in (created, deleted, changed):
        assert "verysecret" not in shown(plan)


def test_nothing_changes_when_nothing_is_changed() -> None:
    given = schedules("name: a\nschedule: 1d\nalerts: {failures: 3}\nping: https://a/b", TELLING)
    asked = desired(given, alerts=alerts(SECRET))
    assert make_plan(asked, after(make_plan(asked, nothing(), NOW)), NOW + 60).empty


def test_a_saved_plan_leads_to_the_same_addresses_or_is_refused() -> None:
    asked = desired(hourly("a"), alerts=alerts(SLACK))
    plan = make_plan(asked, nothing(), NOW)
    saved = SavedPlan.decode(SavedPlan.of(plan).encode().encode(), "plan.json")
    saved.require_same(make_plan(asked, nothing(), NOW + 60), "plan.json")


def test_a_schedule_says_what_differs_and_the_settings_the_rest() -> None:
    given = schedules(
        "name: a\nschedule: 1d\nalerts: {failures: 3}\n---\nname: b\nschedule: 1d\n---\n"
        "name: c\nschedule: 1d\nalerts: false",
        TELLING,
    )
    records = make_plan(desired(given, alerts=alerts(SLACK)), nothing(), NOW).generation.by_name
    assert records["a"].alerts == AlertRule(failures=3, to=(SLACK,))
    assert records["b"].alerts is None
    assert records["c"].alerts == AlertRule(to=())


def test_in_a_silent_environment_no_schedule_notifies() -> None:
    given = schedules(f"name: a\nschedule: 1d\nping: {URL}\nalerts: {{to: {{url: '{URL}'}}}}")
    plan = make_plan(desired(given, alerts=alerts(SLACK), silent=True), nothing(), NOW)
    assert plan.generation.alerts is None
    assert URL.encode() not in plan.generation.encoded


SAID_OF_LOCAL = "alerts and pings are silent in local, unless environments.local.alerts is set"


def local_plan(given: tuple[Schedule, ...], settings: Settings) -> Plan:
    """A plan for the embedded engine."""
    asked = replace(desired(given), settings=settings.environment("local"))
    return make_plan(asked, nothing(), NOW)


def test_local_notifies_no_recipient_and_needs_no_secret_and_its_plan_says_so() -> None:
    given = schedules(f"name: a\nschedule: 1d\nping: {URL}\nalerts: {{to: {{url: '{URL}'}}}}")
    plan = local_plan(given, TELLING)
    assert plan.generation.alerts is None
    assert URL.encode() not in plan.generation.encoded
    assert dict(plan.secrets) == {}
    assert plan_text(plan, Style(colour=False)).splitlines()[1] == SAID_OF_LOCAL


@pytest.mark.parametrize(
    ("manifest", "settings"),
    [
        ("name: a\nschedule: 1d", TELLING),
        ("name: a\nschedule: 1d\nping: https://a/b", Settings()),
        ("name: a\nschedule: 1d\nalerts: {to: {url: 'https://a/b'}}", Settings()),
    ],
)
def test_every_notification_is_said_to_be_silent_in_local(
    manifest: str, settings: Settings
) -> None:
    plan = local_plan(schedules(manifest, settings), settings)
    assert SAID_OF_LOCAL in plan_text(plan, Style(colour=False))


def test_without_alerts_and_pings_a_local_plan_says_nothing_of_them() -> None:
    plan = local_plan(hourly("a"), Settings())
    assert "silent" not in plan_text(plan, Style(colour=False))


def test_local_notifies_the_recipients_that_its_own_alerts_name() -> None:
    own = EnvironmentOverrides(alerts=(alerts(SLACK),))
    given = schedules("name: a\nschedule: 1d\nping: https://a/b", TELLING)
    plan = local_plan(given, replace(TELLING, environments={"local": own}))
    assert plan.generation.alerts == alerts(SLACK)
    assert plan.generation.by_name["a"].ping == Address(url="https://a/b")
    assert "silent" not in plan_text(plan, Style(colour=False))


def test_other_secrets_are_a_change_of_the_deployment_and_the_same_ones_are_none() -> None:
    live = applied(hourly("a"), alerts=alerts(SLACK))
    plan = make_plan(desired(hourly("a"), alerts=alerts(SECRET)), live, NOW)
    assert told(plan) == [
        ("update", "generation", "alerts"),
        ("update", "app", "schedule-reconciler"),
    ]
    assert plan.changes[-1].reason == "its functions carry Secret alerting (SLACK_URL)"
    assert plan.deploy
    assert dict(plan.secrets) == {"alerting": ("SLACK_URL",)}
    third = make_plan(desired(hourly("a"), alerts=alerts(SECRET, failures=2)), after(plan), NOW)
    assert not third.deploy
    last = make_plan(desired(hourly("a")), after(third), NOW)
    assert last.changes[-1].reason == "its functions carry no Secret any more"
    assert last.deploy


def test_the_tag_of_the_secrets_is_that_of_earlier_versions_so_that_no_upgrade_redeploys() -> None:
    assert secrets_digest({"slack": ("URL", "KEY")}) == "6acecfa6d0e0"
    assert secrets_digest({}) is None


def test_a_slot_counts_from_the_plan_that_made_it_what_it_is() -> None:
    first = make_plan(desired(hourly("a", "b")), nothing(), NOW)
    assert set(first.generation.slots_since.values()) == {NOW}
    changed = schedules(
        'name: a\nschedule: "0 * * * *"\n---\nname: b\nschedule: "5 * * * *"\n---\n'
        'name: c\nschedule: "9 * * * *"'
    )
    second = make_plan(desired(changed), after(first), NOW + 60)
    assert dict(second.generation.slots_since) == {"a": NOW, "b": NOW + 60, "c": NOW + 60}


def test_the_generation_reads_back_with_all_of_it() -> None:
    from reconciler.model.stored_generation import decode_generation

    given = schedules("name: a\nschedule: 1d\nalerts: {failures: 3}\nping: https://a/b", TELLING)
    generation = make_plan(desired(given, alerts=alerts(SECRET)), nothing(), NOW).generation
    assert decode_generation(generation.encoded, "here") == generation
    header = json.loads(generation.encoded.splitlines()[0])
    assert header["environment"] == "production"
