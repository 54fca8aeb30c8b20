"""A rule, as a typed value, and what it is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler.manifest.document import Document
from reconciler.manifest.fault import Path
from reconciler.manifest.location import Location
from reconciler.manifest.schedule import Schedule
from reconciler.plan.finding import Level
from reconciler.rules.form import LimitsForm, RuleForm

if TYPE_CHECKING:
    from reconciler.rules.json_schema import CompiledSchema

LIVE: Final = frozenset({"slot", "wakes_a_month", "dollars_a_month"})
"""Facts that a plan alone knows."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Why a manifest does not satisfy a rule.

    Attributes:
        path: of the offending key.
    """

    path: Path
    detail: str


@dataclass(slots=True)
class Subject:
    """A manifest that is judged.

    Attributes:
        environment: for which it is judged.
        value: the normalised manifest; its key `facts` has the computed facts that are known.
        document: where it is written; None for an example.
    """

    schedule: Schedule
    environment: str
    value: dict[str, Any]
    document: Document | None = None

    @property
    def facts(self) -> Mapping[str, Any]:
        """The computed facts."""
        found: Mapping[str, Any] = self.value["facts"]
        return found


@dataclass(frozen=True, slots=True)
class Example:
    """An example of a rule's own tests.

    Attributes:
        is_named: whether it says its name; else its name says nothing about other rules.
    """

    subject: Subject
    location: Location
    is_named: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        form: what it says, without its schemas.
        schema, matches: the compiled schemas of `schema` and `when.matches`.
        facts: the names of the computed facts that it reads.
        document: where it is written.
    """

    form: RuleForm
    document: Document
    facts: frozenset[str]
    schema: CompiledSchema | None = None
    matches: CompiledSchema | None = None
    good: tuple[Example, ...] = ()
    bad: tuple[Example, ...] = ()

    @property
    def id(self) -> str:
        """Its name."""
        return self.form.id

    @property
    def level(self) -> Level:
        """What its findings mean."""
        return self.form.level

    @property
    def limits(self) -> LimitsForm | None:
        """Its limits, when it is of that kind."""
        return self.form.limits

    @property
    def needs_plan(self) -> bool:
        """Whether one of its schemas reads a fact that a plan alone knows."""
        schemas = (self.schema, self.matches)
        return any(
            one is not None and one.facts is not None and not LIVE.isdisjoint(one.facts)
            for one in schemas
        )

    def is_for(self, subject: Subject) -> bool:
        """Whether it is for this manifest."""
        when = self.form.when
        if when is None:
            return True
        if when.environments is not None and subject.environment not in when.environments:
            return False
        labels = subject.schedule.labels
        for label, wanted in (when.labels or {}).items():
            found = labels.get(label)
            if found != wanted and (isinstance(wanted, str) or found not in wanted):
                return False
        return self.matches is None or self.matches.first_error(subject.value) is None
