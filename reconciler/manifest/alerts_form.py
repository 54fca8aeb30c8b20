"""The shape of `alerts` and `ping`: the same in manifests and settings, as far as both have it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from reconciler.alerts import BodyFormat
from reconciler.manifest.constraints import Choice, Expected, Form, Omittable, Whole
from reconciler.manifest.text_types import Flag, Identifier, ModalName

MOST_FAILURES: Final = 20

_PORT: Final = (
    "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
)
"""From 1 to 65535."""
Url: TypeAlias = Annotated[
    str,
    Field(pattern=rf"^https?://[A-Za-z0-9.-]+(:({_PORT}))?(/[!-~]*)?$", max_length=1000),
    Expected("an http or https address such as https://hooks.slack.com/services/…", private=True),
]
BodyKey: TypeAlias = Annotated[
    Annotated[BodyFormat, Choice()],
    Field(description="What is sent: a text for people, or fields for programs; default `slack`."),
]
SecretName: TypeAlias = Annotated[
    ModalName, Field(description="A Modal Secret that holds the address.")
]
SecretKey: TypeAlias = Annotated[
    Identifier, Field(description="Which of the Secret's keys.", examples=["SLACK_URL"])
]


def _flag_or_else(value: Any) -> str:
    return "<flag>" if isinstance(value, bool) else "<usual>"


def _secret_or_else(value: Any) -> str:
    if not isinstance(value, dict):
        return "<usual>"
    is_secret = "secret" in value or ("key" in value and "url" not in value)
    return "<secret>" if is_secret else "<usual>"


def _one_or_more(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<usual>"


def _mapping_or_text(value: Any) -> str:
    return "<mapping>" if isinstance(value, dict) else "<usual>"


class RecipientForm(Form):
    """A recipient of alarms whose address stands here."""

    url: Annotated[Url, Field(description="Where alarms are sent, by POST.")]
    format: BodyKey = BodyFormat.SLACK


class SecretRecipientForm(Form):
    """A recipient of alarms whose address a Modal Secret holds."""

    secret: SecretName
    key: SecretKey
    format: BodyKey = BodyFormat.SLACK


class PingSecretForm(Form):
    """A ping whose address a Modal Secret holds."""

    secret: SecretName
    key: SecretKey


Recipient: TypeAlias = Annotated[
    Annotated[RecipientForm, Tag("<usual>")] | Annotated[SecretRecipientForm, Tag("<secret>")],
    Discriminator(_secret_or_else),
]
Recipients: TypeAlias = Annotated[
    Annotated[Recipient, Tag("<usual>")]
    | Annotated[
        list[Recipient],
        Field(min_length=1),
        Tag("<list>"),
    ],
    Discriminator(_one_or_more),
]
Never: TypeAlias = Annotated[
    Literal[False], Expected(f"a whole number from 1 to {MOST_FAILURES}, or false")
]
Failures: TypeAlias = Annotated[
    Annotated[int, Whole(1, MOST_FAILURES, ", or false"), Tag("<usual>")]
    | Annotated[Never, Tag("<flag>")]
    | None,
    Discriminator(_flag_or_else),
    Omittable(),
    Field(description="So many failed runs in a row are an alarm, or `false`; default 1."),
]
Missed: TypeAlias = Annotated[
    Flag | None,
    Omittable(),
    Field(description="Whether an occurrence that did not run is an alarm; default true."),
]
Off: TypeAlias = Annotated[Literal[False], Expected("false, or a mapping")]


class AlertsForm(Form):
    """What is an alarm for this schedule; what is left out is as the settings say."""

    failures: Failures = None
    missed: Missed = None
    to: Annotated[
        Recipients | None,
        Omittable(),
        Field(description="Who is told, instead of those in the settings; one, or a list."),
    ] = None


class DefaultAlertsForm(Form):
    """What is an alarm, and who is told: for the slots, and for schedules that say nothing else."""

    failures: Failures = None
    missed: Missed = None
    overdue: Annotated[
        Flag | None,
        Omittable(),
        Field(
            description="Whether a slot that should have woken and did not is one; default true."
        ),
    ] = None
    to: Annotated[Recipients, Field(description="Who is told; one, or a list.")]


ScheduleAlerts: TypeAlias = Annotated[
    Annotated[Off, Tag("<flag>")] | Annotated[AlertsForm, Tag("<usual>")] | None,
    Discriminator(_flag_or_else),
    Omittable(),
    Field(
        description="Who is told of failed runs and missed occurrences, or `false`; default as in "
        "the settings.",
        examples=[{"failures": 3}, False],
    ),
]
EnvironmentAlerts: TypeAlias = Annotated[
    Annotated[Off, Tag("<flag>")] | Annotated[DefaultAlertsForm, Tag("<usual>")] | None,
    Discriminator(_flag_or_else),
    Omittable(),
    Field(
        description="Instead of the alerts above, or `false` for none; `local` has none and no "
        "pings unless it has its own here."
    ),
]
Ping: TypeAlias = Annotated[
    Annotated[Url, Tag("<usual>")] | Annotated[PingSecretForm, Tag("<mapping>")] | None,
    Discriminator(_mapping_or_text),
    Omittable(),
    Field(
        description="A dead man's switch: this address is asked for with `/start` when a run "
        "starts, as it is when it succeeds, and with `/fail` when it fails.",
        examples=["https://hc-ping.com/nightly-sync"],
    ),
]
