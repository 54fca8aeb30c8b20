"""The form of `cloudflare:` in `reconciler.yaml`: the Worker that asks for wakes."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, TypeAlias

from pydantic import Discriminator, Field, Tag

from reconciler.durations import parse_duration
from reconciler.manifest.alerts_form import Off, flag_or_else
from reconciler.manifest.cloudflare_settings import CloudflareSettings, Mode, Safety, Subscription
from reconciler.manifest.constraints import Choice, Expected, Form, Omittable, Whole
from reconciler.manifest.text_types import Duration, Flag, Name

ALERT_AFTER: Final = (timedelta(minutes=1), timedelta(days=1))
"""The shortest and the longest `alert_after`."""


class CloudflareForm(Form):
    """A Worker on Cloudflare that asks for wakes, beside a cron of Modal."""

    account: Annotated[
        str,
        Field(pattern="^[0-9a-f]{32}$", description="The id of the Cloudflare account."),
        Expected("the id of a Cloudflare account, 32 hexadecimal digits in lower case"),
    ]
    worker: Annotated[
        Name | None,
        Omittable(),
        Field(
            description="The name of the Worker; default `APP-ENVIRONMENT`. Its queues and its "
            "database are named after it."
        ),
    ] = None
    mode: Annotated[
        Mode,
        Choice(),
        Field(
            description="`tick`: one cron trigger each minute, and a wake in due minutes. "
            "`triggers`: one cron trigger for each distinct time; default `tick`."
        ),
    ] = Mode.TICK
    subscription: Annotated[
        Subscription,
        Choice(),
        Field(
            description="What the account pays for: `free` allows 5 cron triggers in all its "
            "Workers, `paid` 250; default `free`."
        ),
    ] = Subscription.FREE
    safety: Annotated[
        Safety,
        Choice(),
        Field(description="How often a cron of Modal wakes beside the Worker; default 1h."),
    ] = Safety.HOUR
    queue: Annotated[
        Flag,
        Field(description="Whether a Queue repeats requests that failed; default true."),
    ] = True
    database: Annotated[
        Flag,
        Field(description="Whether a D1 database records what the Worker did; default true."),
    ] = True
    key: Annotated[
        int,
        Whole(1, 1_000_000),
        Field(
            description="The number of the key with which the Worker signs its requests. An apply "
            "makes the key; another number makes a new one. Default 1."
        ),
    ] = 1
    alert_after: Annotated[
        Duration,
        Field(
            description="How long the Worker reaches no dispatcher before it notifies its own "
            "recipients; default 15m, at most 1d."
        ),
    ] = "15m"


EnvironmentCloudflare: TypeAlias = Annotated[
    Annotated[Off, Tag("<flag>")] | Annotated[CloudflareForm, Tag("<usual>")] | None,
    Discriminator(flag_or_else),
    Omittable(),
    Field(
        description="Replaces `cloudflare` above; `false` for no Worker. `local` has one only if "
        "it is declared here."
    ),
]


def cloudflare_settings(form: CloudflareForm) -> CloudflareSettings:
    """The typed value of the form."""
    return CloudflareSettings(
        account=form.account,
        worker=form.worker,
        mode=form.mode,
        subscription=form.subscription,
        safety=form.safety,
        queue=form.queue,
        database=form.database,
        key=form.key,
        alert_after=parse_duration(form.alert_after),
    )
