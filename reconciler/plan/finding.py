"""What rules find in manifests, as data that plans carry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from reconciler.manifest import Location


class Level(StrEnum):
    """What a finding of a rule means: `deny` refuses the plan."""

    DENY = "deny"
    WARN = "warn"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A manifest that does not satisfy a rule.

    Attributes:
        location: the offending key, or what stands nearest to it.
        rule: the rule's id.
        schedule: its name.
        message: the rule's own, and what is the matter.
    """

    location: Location
    rule: str
    level: Level
    schedule: str
    message: str

    def __str__(self) -> str:
        return f"{self.location}: {self.level} {self.rule}: {self.schedule}: {self.message}"

    @property
    def identity(self) -> tuple[str, str, str, Level]:
        """What makes it the same finding under another text of the rule."""
        return self.rule, self.schedule, self.location.file, self.level


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exception from a rule that holds.

    Attributes:
        until: the last day on which it holds.
    """

    rule: str
    schedule: str
    reason: str
    until: date
    location: Location

    def __str__(self) -> str:
        return f"{self.rule}: {self.schedule} until {self.until}: {self.reason}"


@dataclass(frozen=True, slots=True)
class ChangedRules:
    """What the rules of an earlier revision find otherwise in the same manifests.

    Attributes:
        base: the revision.
        changed: the ids of rules that are new, removed or other, sorted.
        lost: what they find and the present ones do not.
        gained: what the present ones alone find.
    """

    base: str
    changed: tuple[str, ...]
    lost: tuple[Finding, ...] = ()
    gained: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all rules say of the manifests.

    Attributes:
        findings: sorted by place.
        rules: how many rules there are.
    """

    findings: tuple[Finding, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    rules: int = 0
    changed: ChangedRules | None = None

    @property
    def denied(self) -> tuple[Finding, ...]:
        """The findings that refuse a plan."""
        return tuple(one for one in self.findings if one.level is Level.DENY)
