"""A world in which people are notified, and of what."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from reconciler.alerts import Address, AlertRule, Alerts, BodyFormat, Recipient
from reconciler.dispatch.answers import CallState
from tests.dispatch.scenario import World, hourly

GOOD, BAD = CallState.SUCCEEDED, CallState.FAILED
"""How runs end."""
SLACK = Recipient(Address(url="https://hooks.slack.com/services/T0/B0/secret"))
PAGER = Recipient(Address(url="https://pager.example/in?token=secret"), BodyFormat.JSON)


def rule(**values: Any) -> AlertRule:
    """Slack is notified."""
    return AlertRule(**{"to": (SLACK,), **values})


def alarming(**values: Any) -> World:
    """A world in which Slack is told of everything about an hourly schedule."""
    world = World()
    world.live(hourly(), alerts=Alerts(rule(**values)), environment="production")
    return world


def run_hours(world: World, states: Iterable[CallState], first: int = 9) -> None:
    """A wake at each hour; the run that it starts ends like this before the next wake."""
    for number, state in enumerate(states, len(world.caller.calls) + 1):
        world.wake(f"{first + number - 1:02}:00")
        world.end(number, state, "ValueError: no rows" if state is CallState.FAILED else None)


def texts(world: World) -> list[str]:
    """What Slack was told."""
    return [
        json.loads(message.body)["text"]
        for message in world.messenger.sent
        if message.address == SLACK.address and message.body is not None
    ]
