"""`alerts` and `ping` as typed values, and what a schedule's own say over the settings'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from reconciler.alerts import Address, AlertRule, Alerts, Recipient
from reconciler.manifest.alerts_form import (
    AlertsForm,
    DefaultAlertsForm,
    PingSecretForm,
    RecipientForm,
    SecretRecipientForm,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOverrides:
    """What a manifest says of alerts; None where it says nothing.

    `failures` is a one-tuple when given, since None is one of its values.
    """

    failures: tuple[int | None] | None = None
    missed: bool | None = None
    to: tuple[Recipient, ...] | None = None

    def over(self, base: AlertRule) -> AlertRule:
        """The rule that holds for the schedule."""
        return AlertRule(
            failures=base.failures if self.failures is None else self.failures[0],
            missed=base.missed if self.missed is None else self.missed,
            to=base.to if self.to is None else self.to,
        )


def overrides(form: AlertsForm | bool) -> AlertOverrides:
    """What a manifest says; `false` tells nobody."""
    if not isinstance(form, AlertsForm):
        return AlertOverrides(to=())
    return AlertOverrides(
        failures=None if form.failures is None else (_failures(form.failures),),
        missed=form.missed,
        to=None if form.to is None else recipients(form.to),
    )


def defaults(form: DefaultAlertsForm | bool) -> Alerts | None:
    """What the settings say; None for no alarms at all."""
    if not isinstance(form, DefaultAlertsForm):
        return None
    usual = AlertRule()
    return Alerts(
        AlertRule(
            failures=usual.failures if form.failures is None else _failures(form.failures),
            missed=usual.missed if form.missed is None else form.missed,
            to=recipients(form.to),
        ),
        overdue=form.overdue is not False,
    )


ONE_KEY_EACH: Final = "put both addresses into one Secret, or give the keys different names"


class SecretKeys:
    """The keys of Modal Secrets that are in use. A Secret's keys become environment variables, so
    that of two Secrets with the same key only one could be read."""

    def __init__(self, addresses: Iterable[Address] = ()) -> None:
        self._secrets: dict[str, str] = {}
        for address in addresses:
            self.clash(address)

    def clash(self, address: Address) -> str | None:
        """What is wrong with using this address beside those before it."""
        if address.secret is None or address.key is None:
            return None
        first = self._secrets.setdefault(address.key, address.secret)
        if first == address.secret:
            return None
        return f"the Secrets `{first}` and `{address.secret}` both have a key `{address.key}`"


def recipients(
    written: RecipientForm | SecretRecipientForm | list[RecipientForm | SecretRecipientForm],
) -> tuple[Recipient, ...]:
    """The recipients that are written, each once."""
    forms = written if isinstance(written, list) else [written]
    return tuple(dict.fromkeys(Recipient(_address(form), form.format) for form in forms))


def ping_address(written: str | PingSecretForm) -> Address:
    """Where pings go."""
    if isinstance(written, str):
        return Address(url=written)
    return Address(secret=written.secret, key=written.key)


def _address(form: RecipientForm | SecretRecipientForm) -> Address:
    if isinstance(form, RecipientForm):
        return Address(url=form.url)
    return Address(secret=form.secret, key=form.key)


def _failures(written: int) -> int | None:
    return None if written is False else int(written)
