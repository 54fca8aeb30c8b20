"""``alerts test``: each recipient gets one test alert, and the answer says which took it."""

from __future__ import annotations

import asyncio
import json

from reconciler.alerts import Address, AlertRule, Alerts, BodyFormat, Recipient
from reconciler.dispatch.adapters.in_memory import (
    FakeCaller,
    FakeClaims,
    FakeClock,
    FakeGenerations,
    FakeMessenger,
    FakeRunLog,
)
from reconciler.dispatch.wake.request import Ports
from reconciler.dispatch.wake.sending import send_test_alerts
from reconciler.model.generation import Generation, new_generation
from tests.dispatch.alarm_scenario import SLACK
from tests.dispatch.scenario import at, hourly

TEAM = Recipient(Address(url="https://example.com/team"), BodyFormat.JSON)
OWN = {"a": (TEAM,), "b": (TEAM, SLACK)}


def ports(generation: Generation | None, messenger: FakeMessenger) -> Ports:
    return Ports(
        clock=FakeClock(at("12:00")),
        claims=FakeClaims(),
        generations=FakeGenerations(generation),
        caller=FakeCaller(),
        log=FakeRunLog(),
        messenger=messenger,
    )


def generation() -> Generation:
    """Two schedules with one recipient of their own, and the one of the settings."""
    records = [hourly(name, alerts=AlertRule(to=to)) for name, to in OWN.items()]
    usual = Alerts(AlertRule(to=(SLACK,)))
    return new_generation([*records, hourly("c")], (), 300, environment="production", alerts=usual)


def test_each_recipient_gets_one_and_nothing_is_written() -> None:
    messenger = FakeMessenger()
    world = ports(generation(), messenger)
    sent = asyncio.run(send_test_alerts(world))
    assert [(one.recipient, one.error) for one in sent] == [(SLACK, None), (TEAM, None)]
    slack, team = (json.loads(message.body or b"") for message in messenger.sent)
    assert slack["text"] == (
        "[production] This is a test alert: alerts arrive here. Nothing is wrong. "
        "To look: reconcile status --env production"
    )
    (alarm,) = team["alarms"]
    assert (alarm["kind"], alarm["schedule"], alarm["occurrence"]) == ("test", None, None)
    assert isinstance(world.claims, FakeClaims)
    assert not world.claims.entries


def test_one_that_takes_nothing_does_not_stop_the_others() -> None:
    messenger = FakeMessenger(refusing={SLACK.address.shown})
    sent = asyncio.run(send_test_alerts(ports(generation(), messenger)))
    assert [one.error for one in sent] == ["it answered 500", None]


def test_the_answer_shows_no_address_in_full() -> None:
    sent = asyncio.run(send_test_alerts(ports(generation(), FakeMessenger())))
    assert all("team" not in str(one.to_json()["to"]) for one in sent)


def test_without_a_recipient_or_an_apply_nothing_is_sent() -> None:
    messenger = FakeMessenger()
    alone = new_generation((), (), 300)
    assert asyncio.run(send_test_alerts(ports(alone, messenger))) == []
    assert asyncio.run(send_test_alerts(ports(None, messenger))) == []
