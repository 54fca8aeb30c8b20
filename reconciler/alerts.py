"""Alerts and pings: who is notified of what, in the form that the dispatcher reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, Self
from urllib.parse import urlsplit


class BodyFormat(StrEnum):
    """The body of an alert's POST request."""

    SLACK = "slack"
    """``{"text": …}``, which Slack, Mattermost and others display."""
    JSON = "json"
    """Fields for programs, as docs/alerts.md lists them."""
    TEAMS = "teams"
    """An adaptive card, which a workflow of Microsoft Teams posts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where notifications are sent. A URL is a credential to send, so it is never shown in full.

    Attributes:
        url: http or https; None when a Modal Secret holds it.
        secret, key: name of the Secret, and its key that holds the URL; None when ``url`` is given.
        email: the mailboxes of an e-mail, which the mail server at the URL delivers; empty for a
            POST to the URL.
    """

    url: str | None = None
    secret: str | None = None
    key: str | None = None
    email: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The address as plans, logs and errors show it: ``https://hooks.slack.com/…``."""
        place = f"Secret {self.secret}, key {self.key}" if self.url is None else host_of(self.url)
        return f"{', '.join(self.email)} by {place}" if self.email else place

    @property
    def fingerprint(self) -> str:
        """Eight characters of a hash: they distinguish addresses and do not reveal them."""
        place = f"{self.secret}\n{self.key}{''.join(self.email)}"
        text = place if self.url is None else self.url
        return _masked(text)[1] or sha256(text.encode()).hexdigest()[:8]

    def masked(self) -> Address:
        """The address with its URL replaced by host and fingerprint; equal for equal URLs only."""
        if self.url is None or _masked(self.url)[1]:
            return self
        return Address(url=f"{host_of(self.url)}{_FINGERPRINT}{self.fingerprint}")

    def to_json(self) -> dict[str, Any]:
        """The address as JSON."""
        fields = {"url": self.url, "secret": self.secret, "key": self.key}
        named = {name: value for name, value in fields.items() if value is not None}
        return {**named, "email": list(self.email)} if self.email else named

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back."""
        return cls(
            url=data.get("url"),
            secret=data.get("secret"),
            key=data.get("key"),
            email=tuple(data.get("email", ())),
        )


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where alerts are sent, and in which format."""

    address: Address
    format: BodyFormat = BodyFormat.SLACK

    def to_json(self) -> dict[str, Any]:
        """The recipient as JSON."""
        return {**self.address.to_json(), "format": self.format.value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back."""
        return cls(Address.from_json(data), BodyFormat(data["format"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """Which events of a schedule cause an alert, and who is notified.

    Attributes:
        failures: consecutive failed runs that cause an alert; None for never. The default is one:
            for a daily schedule the third failure would come two days too late, `retries` absorb
            transient failures, and a streak of failures causes one alert.
        missed: whether a missed occurrence causes an alert.
        to: the recipients; empty for none.
    """

    failures: int | None = 1
    missed: bool = True
    to: tuple[Recipient, ...] = ()

    def masked(self) -> AlertRule:
        """The rule as plans show it, with masked addresses."""
        recipients = (Recipient(one.address.masked(), one.format) for one in self.to)
        return AlertRule(failures=self.failures, missed=self.missed, to=tuple(recipients))

    def to_json(self) -> dict[str, Any]:
        """The rule as JSON."""
        return {
            "failures": self.failures,
            "missed": self.missed,
            "to": [recipient.to_json() for recipient in self.to],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back."""
        return cls(
            failures=data["failures"],
            missed=data["missed"],
            to=tuple(Recipient.from_json(one) for one in data["to"]),
        )


@dataclass(frozen=True, slots=True)
class Alerts:
    """The alerts of every schedule that does not override them, and of the slots.

    Attributes:
        overdue: whether a slot that did not wake at its time causes an alert.
    """

    rule: AlertRule
    overdue: bool = True

    def masked(self) -> Alerts:
        """The alerts as plans show them, with masked addresses."""
        return Alerts(self.rule.masked(), self.overdue)

    def to_json(self) -> dict[str, Any]:
        """The alerts as JSON."""
        return {**self.rule.to_json(), "overdue": self.overdue}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back."""
        return cls(AlertRule.from_json(data), data["overdue"])


_FINGERPRINT: Final = "#"


def host_of(url: str) -> str:
    """Scheme and host of a URL: ``https://hooks.slack.com/…``."""
    try:
        parts = urlsplit(_masked(url)[0])
    except ValueError:  # the host is malformed, for example `[`
        return f"{url.partition(':')[0]}://…"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"


def _masked(url: str) -> tuple[str, str]:
    """A masked URL and its fingerprint; the second is empty for one that is not masked."""
    shown, separator, fingerprint = url.rpartition(f"/…{_FINGERPRINT}")
    return (f"{shown}/", fingerprint) if separator else (url, "")
