"""Whom to tell what: alerts and pings, as people write them and as the dispatcher reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, Self
from urllib.parse import urlsplit


class BodyFormat(StrEnum):
    """What an alarm's POST holds."""

    SLACK = "slack"
    """``{"text": …}``, which Slack, Mattermost and others show as it is."""
    JSON = "json"
    """Fields for programs; see docs/alerts.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where something is sent. Its URL lets whoever has it send too: it is never shown in full.

    Attributes:
        url: http or https; None when a Modal Secret holds it.
        secret, key: the Secret and which of its keys, None when the URL is given.
    """

    url: str | None = None
    secret: str | None = None
    key: str | None = None

    @property
    def shown(self) -> str:
        """As plans, logs and errors may say it: ``https://hooks.slack.com/…``."""
        return f"Secret {self.secret}, key {self.key}" if self.url is None else host_of(self.url)

    @property
    def fingerprint(self) -> str:
        """Eight characters that tell addresses apart and give nothing away."""
        text = self.url if self.url is not None else f"{self.secret}\n{self.key}"
        return _masked(text)[1] or sha256(text.encode()).hexdigest()[:8]

    def masked(self) -> Address:
        """The address without what is secret in it, and still another for another URL."""
        if self.url is None or _masked(self.url)[1]:
            return self
        return Address(url=f"{host_of(self.url)}{_FINGERPRINT}{self.fingerprint}")

    def to_json(self) -> dict[str, str]:
        """The address as JSON."""
        fields = {"url": self.url, "secret": self.secret, "key": self.key}
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back."""
        return cls(url=data.get("url"), secret=data.get("secret"), key=data.get("key"))


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told of alarms, and in which form."""

    address: Address
    format: BodyFormat = BodyFormat.SLACK

    def to_json(self) -> dict[str, str]:
        """The receiver as JSON."""
        return {**self.address.to_json(), "format": self.format.value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back."""
        return cls(Address.from_json(data), BodyFormat(data["format"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """Which events of a schedule are alarms, and who is told.

    Attributes:
        failures: so many runs in a row that failed are an alarm; None for never. One by default:
            for a daily schedule the third failure in a row is two days too late, `retries` are
            there for what passes by itself, and a row of failures is told once.
        missed: whether an occurrence that did not run is one.
        to: empty for nobody.
    """

    failures: int | None = 1
    missed: bool = True
    to: tuple[Receiver, ...] = ()

    def masked(self) -> AlertRule:
        """The rule as plans show it."""
        receivers = (Receiver(one.address.masked(), one.format) for one in self.to)
        return AlertRule(failures=self.failures, missed=self.missed, to=tuple(receivers))

    def to_json(self) -> dict[str, Any]:
        """The rule as JSON."""
        return {
            "failures": self.failures,
            "missed": self.missed,
            "to": [receiver.to_json() for receiver in self.to],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back."""
        return cls(
            failures=data["failures"],
            missed=data["missed"],
            to=tuple(Receiver.from_json(one) for one in data["to"]),
        )


@dataclass(frozen=True, slots=True)
class Alerts:
    """What holds for every schedule that says nothing else, and for the slots.

    Attributes:
        overdue: whether a slot that should have woken and did not is an alarm.
    """

    rule: AlertRule
    overdue: bool = True

    def masked(self) -> Alerts:
        """The same as plans show it."""
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
    """A URL without what is secret in it: ``https://hooks.slack.com/…``."""
    try:
        parts = urlsplit(_masked(url)[0])
    except ValueError:  # for a host it has something that cannot be one, such as `[`
        return f"{url.partition(':')[0]}://…"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"


def _masked(url: str) -> tuple[str, str]:
    """A masked URL and its fingerprint; the second is empty for one that is not masked."""
    shown, separator, fingerprint = url.rpartition(f"/…{_FINGERPRINT}")
    return (f"{shown}/", fingerprint) if separator else (url, "")
