"""The forms of `alerts` and `ping` in manifests and settings."""

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
    Field(
        description="The body: `slack`, a text for people, `teams`, a card for Microsoft Teams, or "
        "`json`, fields for programs; default `slack`."
    ),
]
Mailbox: TypeAlias = Annotated[
    str,
    Field(pattern=r'^[^@\s<>",;:]+@[A-Za-z0-9.-]+$', max_length=254),
    Expected("an e-mail address such as oncall@example.com"),
]
SecretName: TypeAlias = Annotated[
    ModalName, Field(description="The Modal Secret that contains the address.")
]
SecretKey: TypeAlias = Annotated[
    Identifier,
    Field(description="The key of the address in the Secret.", examples=["SLACK_URL"]),
]


def flag_or_else(value: Any) -> str:
    return "<flag>" if isinstance(value, bool) else "<usual>"


def _secret_or_else(value: Any) -> str:
    if not isinstance(value, dict):
        return "<usual>"
    if "email" in value:
        return "<email>"
    is_secret = "secret" in value or ("key" in value and "url" not in value)
    return "<secret>" if is_secret else "<usual>"


def _one_or_more(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<usual>"


def _mapping_or_text(value: Any) -> str:
    return "<mapping>" if isinstance(value, dict) else "<usual>"


class RecipientForm(Form):
    """A recipient of alerts whose address is written here."""

    url: Annotated[Url, Field(description="The address to which alerts are sent by POST.")]
    format: BodyKey = BodyFormat.SLACK


class SecretRecipientForm(Form):
    """A recipient of alerts whose address is in a Modal Secret."""

    secret: SecretName
    key: SecretKey
    format: BodyKey = BodyFormat.SLACK


class EmailRecipientForm(Form):
    """A recipient of alerts by e-mail."""

    email: Annotated[
        Annotated[Mailbox, Tag("<usual>")]
        | Annotated[list[Mailbox], Field(min_length=1), Tag("<list>")],
        Discriminator(_one_or_more),
        Field(description="The address, or a list: one e-mail goes to all."),
    ]
    secret: Annotated[
        ModalName, Field(description="The Modal Secret that contains the mail server.")
    ]
    key: Annotated[
        Identifier,
        Field(
            description="The key in the Secret of the mail server: "
            "`smtps://user:password@smtp.example.com`, or `smtp://` with STARTTLS.",
            examples=["SMTP_URL"],
        ),
    ]


class PingSecretForm(Form):
    """A ping whose address is in a Modal Secret."""

    secret: SecretName
    key: SecretKey


Recipient: TypeAlias = Annotated[
    Annotated[RecipientForm, Tag("<usual>")]
    | Annotated[SecretRecipientForm, Tag("<secret>")]
    | Annotated[EmailRecipientForm, Tag("<email>")],
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
    Discriminator(flag_or_else),
    Omittable(),
    Field(
        description="The number of consecutive failed runs that causes an alert, or `false` for "
        "none; default 1."
    ),
]
Missed: TypeAlias = Annotated[
    Flag | None,
    Omittable(),
    Field(description="Whether a missed occurrence causes an alert; default true."),
]
Off: TypeAlias = Annotated[Literal[False], Expected("false, or a mapping")]


class AlertsForm(Form):
    """The alerts of this schedule. A key that is left out is as in the settings."""

    failures: Failures = None
    missed: Missed = None
    to: Annotated[
        Recipients | None,
        Omittable(),
        Field(description="One recipient or a list, instead of those in the settings."),
    ] = None


class DefaultAlertsForm(Form):
    """The alerts of the slots, and of schedules that do not override them."""

    failures: Failures = None
    missed: Missed = None
    overdue: Annotated[
        Flag | None,
        Omittable(),
        Field(
            description="Whether a slot that did not wake at its time causes an alert; default "
            "true."
        ),
    ] = None
    to: Annotated[Recipients, Field(description="One recipient or a list.")]


ScheduleAlerts: TypeAlias = Annotated[
    Annotated[Off, Tag("<flag>")] | Annotated[AlertsForm, Tag("<usual>")] | None,
    Discriminator(flag_or_else),
    Omittable(),
    Field(
        description="Alerts about failed runs and missed occurrences, or `false` for none; "
        "default: as in the settings.",
        examples=[{"failures": 3}, False],
    ),
]
EnvironmentAlerts: TypeAlias = Annotated[
    Annotated[Off, Tag("<flag>")] | Annotated[DefaultAlertsForm, Tag("<usual>")] | None,
    Discriminator(flag_or_else),
    Omittable(),
    Field(
        description="Replaces the alerts above; `false` for none. `local` sends no alerts and no "
        "pings unless it has alerts here."
    ),
]
Ping: TypeAlias = Annotated[
    Annotated[Url, Tag("<usual>")] | Annotated[PingSecretForm, Tag("<mapping>")] | None,
    Discriminator(_mapping_or_text),
    Omittable(),
    Field(
        description="A dead man's switch: the address is requested with `/start` appended when a "
        "run starts, unchanged when it succeeds, and with `/fail` when it fails.",
        examples=["https://hc-ping.com/nightly-sync"],
    ),
]
