"""The settings of the Worker on Cloudflare that asks for wakes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Mode(StrEnum):
    """How the Worker is woken.

    TICK: every minute, by one cron trigger; it asks for a wake in due minutes.
    TRIGGERS: by one cron trigger for each distinct cover; it names the jobs of that trigger.
    """

    TICK = "tick"
    TRIGGERS = "triggers"


class Subscription(StrEnum):
    """What the Cloudflare account pays for Workers."""

    FREE = "free"
    PAID = "paid"

    @property
    def triggers(self) -> int:
        """Cron triggers that it allows, all Workers of the account together."""
        return 5 if self is Subscription.FREE else 250


class Safety(StrEnum):
    """How often a cron of Modal wakes beside the Worker."""

    FIVE_MINUTES = "5m"
    TEN_MINUTES = "10m"
    FIFTEEN_MINUTES = "15m"
    THIRTY_MINUTES = "30m"
    HOUR = "1h"
    TWO_HOURS = "2h"
    FOUR_HOURS = "4h"
    SIX_HOURS = "6h"
    TWELVE_HOURS = "12h"
    DAY = "1d"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudflareSettings:
    """The Worker of one environment.

    Attributes:
        account: the id of the Cloudflare account.
        worker: its name; None for the names of app and environment.
        mode: how it is woken.
        subscription: what the account pays for.
        safety: how often a cron of Modal wakes beside it.
        queue: whether it repeats what failed by a queue.
        database: whether it records its attempts in D1.
        key: the number of the key with which it signs; another number makes another key.
        alert_after: how long it reaches no dispatcher before it notifies its recipients.
    """

    account: str
    worker: str | None = None
    mode: Mode = Mode.TICK
    subscription: Subscription = Subscription.FREE
    safety: Safety = Safety.HOUR
    queue: bool = True
    database: bool = True
    key: int = 1
    alert_after: timedelta = timedelta(minutes=15)
