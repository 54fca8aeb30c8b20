"""`alerts` and `ping` as typed values, and how a schedule overrides the settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from reconciler.alerts import Address, AlertRule, Alerts, Recipient
from reconciler.manifest.alerts_form import (
    AlertsForm,
    DefaultAlertsForm,
    EmailRecipientForm,
    PingSecretForm,
    RecipientForm,
    SecretRecipientForm,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOverrides:
    """The alerts of a manifest; None where it does not override the settings.

    An override of `failures` is a one-tuple, because None is a value of that key.
    """

    failures: tuple[int | None] | None = None
    missed: bool | None = None
    to: tuple[Recipient, ...] | None = None

    def over(self, base: AlertRule) -> AlertRule:
        """The rule of the schedule: `base` with these overrides."""
        return AlertRule(
            failures=base.failures if self.failures is None else self.failures[0],
            missed=base.missed if self.missed is None else self.missed,
            to=base.to if self.to is None else self.to,
        )


def overrides(form: AlertsForm | bool) -> AlertOverrides:
    """The overrides of a manifest; `false` means no recipients."""
    if not isinstance(form, AlertsForm):
        return AlertOverrides(to=())
    return AlertOverrides(
        failures=None if form.failures is None else (_failures(form.failures),),
        missed=form.missed,
        to=None if form.to is None else recipients(form.to),
    )


def defaults(form: DefaultAlertsForm | bool) -> Alerts | None:
    """The alerts of the settings; None for none."""
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


ONE_KEY_EACH: Final = "store both addresses in one Secret, or give the keys different names"


class SecretKeys:
    """The keys of the Modal Secrets in use. Keys become environment variables of the container, so
    two Secrets with the same key would hide one another."""

    def __init__(self, addresses: Iterable[Address] = ()) -> None:
        self._secrets: dict[str, str] = {}
        for address in addresses:
            self.clash(address)

    def clash(self, address: Address) -> str | None:
        """The conflict of this address with an earlier one; None if there is none."""
        if address.secret is None or address.key is None:
            return None
        first = self._secrets.setdefault(address.key, address.secret)
        if first == address.secret:
            return None
        return f"the Secrets `{first}` and `{address.secret}` both have a key `{address.key}`"


AnyRecipientForm: TypeAlias = RecipientForm | SecretRecipientForm | EmailRecipientForm


def recipients(written: AnyRecipientForm | list[AnyRecipientForm]) -> tuple[Recipient, ...]:
    """The recipients of a manifest or of the settings, without duplicates."""
    forms = written if isinstance(written, list) else [written]
    return tuple(dict.fromkeys(map(_recipient, forms)))


def ping_address(written: str | PingSecretForm) -> Address:
    """The address of the pings."""
    if isinstance(written, str):
        return Address(url=written)
    return Address(secret=written.secret, key=written.key)


def _recipient(form: AnyRecipientForm) -> Recipient:
    match form:
        case EmailRecipientForm():
            email = form.email if isinstance(form.email, list) else [form.email]
            return Recipient(Address(secret=form.secret, key=form.key, email=tuple(email)))
        case RecipientForm():
            return Recipient(Address(url=form.url), form.format)
        case SecretRecipientForm():
            return Recipient(Address(secret=form.secret, key=form.key), form.format)


def _failures(written: int) -> int | None:
    return None if written is False else int(written)
