"""A plan in a file: what was reviewed is what is applied, or nothing is.

The file is not trusted. Whoever applies it plans again, on the repository and on what is live, and
goes on only if that comes to the same plan; the file says which plan that has to be. The one
difference is the minute from which new schedules count: it is the apply's, so that nothing runs
for the time between review and apply.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Self

from reconciler.dispatch.formats import FormatError
from reconciler.dispatch.stored_generation import decode_generation
from reconciler.errors import ReconcileError, RefusedError
from reconciler.plan import Plan, desired_digest
from reconciler.plan.telling import masked_generation
from reconciler.report.plan_document import PlanDocument, plan_document

FORMAT: Final = 1
_AGAIN: Final = "Plan again with --out, have that reviewed, and apply it."


class OtherPlanError(RefusedError):
    """What would be applied is not what was saved. Nothing was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """What a saved plan says.

    Attributes:
        plan: as it was shown.
        generation: the generation file that it leads to, but for the minute in which it begins and
            for addresses, of which it has the fingerprints.
        allow_deletes: how many deletions it was allowed.
        made_at: when it was made, ISO 8601.
    """

    plan: PlanDocument
    generation: str
    allow_deletes: int
    made_at: str

    @classmethod
    def of(cls, plan: Plan, allow_deletes: int, at: datetime) -> Self:
        """The plan as it would be saved.

        Raises:
            RefusedError: the work tree is dirty, so that its commit does not say what it holds.
        """
        if plan.desired.dirty:
            raise RefusedError(
                "a plan of uncommitted changes cannot be saved: its commit would not say what is "
                "in it",
                remedy="Commit the changes, or leave out --out.",
            )
        return cls(
            plan=plan_document(plan),
            generation=masked_generation(plan.generation).encoded.decode(),
            allow_deletes=allow_deletes,
            made_at=at.isoformat(timespec="seconds"),
        )

    def encode(self) -> str:
        """The content of the file."""
        body = {
            "format": FORMAT,
            "made_at": self.made_at,
            "allow_deletes": self.allow_deletes,
            "plan": self.plan.model_dump(mode="json"),
            "generation": self.generation,
        }
        return json.dumps({**body, "sha256": _digest(body)}, indent=2) + "\n"

    @classmethod
    def decode(cls, content: bytes, where: str) -> Self:
        """Read the content of a file.

        Raises:
            ReconcileError: it is not a saved plan.
            OtherPlanError: it was edited, or a newer version wrote it.
        """
        try:
            data = json.loads(content)
            found, claimed = data["format"], data.pop("sha256")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ReconcileError(
                "is not a saved plan", where=where, remedy="Make one: reconcile --out FILE"
            ) from error
        if found != FORMAT:
            raise OtherPlanError(
                f"written in format {found}, and this version reads format {FORMAT}",
                where=where,
                remedy="Apply it with the version of schedule-reconciler that made it.",
            )
        if claimed != _digest(data):
            raise _edited(where)
        try:
            return cls(
                plan=PlanDocument.model_validate(data["plan"]),
                generation=str(data["generation"]),
                allow_deletes=int(data["allow_deletes"]),
                made_at=str(data["made_at"]),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise _edited(where) from error

    def require_same(self, plan: Plan, where: str) -> None:
        """Refuse to apply anything else than what was saved.

        Raises:
            OtherPlanError: with what differs.
        """
        saved = self.plan
        if (saved.environment, saved.app) != (plan.environment, plan.app):
            raise OtherPlanError(
                f"it is a plan for {saved.environment} (app {saved.app}), and this is "
                f"{plan.environment} (app {plan.app})",
                where=where,
                remedy=f"Say --env {saved.environment}, or plan for {plan.environment}.",
            )
        if plan.desired.dirty or saved.desired.commit != plan.desired.commit:
            dirty = " with uncommitted changes" if plan.desired.dirty else ""
            raise OtherPlanError(
                f"it was made at commit {saved.desired.commit}, and this is commit "
                f"{plan.desired.commit}{dirty}",
                where=where,
                remedy=f"Check out {saved.desired.commit}, or plan again.",
            )
        if saved.desired.digest != desired_digest(plan.generation):
            raise OtherPlanError(
                "it was made of other manifests or settings than these", where=where, remedy=_AGAIN
            )
        if saved.actual.digest != plan.actual.digest:
            raise OtherPlanError(
                f"it is stale: what is live changed after it was made at {self.made_at}",
                where=where,
                remedy=_AGAIN,
            )
        if saved.digest != plan.digest:
            raise OtherPlanError(
                f"the same commit now plans otherwise than at {self.made_at}: time has passed, or "
                "another version of schedule-reconciler made it",
                where=where,
                remedy=_AGAIN,
            )
        if not self._leads_to(plan, where):
            raise _edited(where)

    def _leads_to(self, plan: Plan, where: str) -> bool:
        try:
            generation = decode_generation(self.generation.encode(), where)
        except FormatError:
            return False
        return (
            desired_digest(generation) == desired_digest(plan.generation)
            and generation.slots == plan.generation.slots
            and generation.punctuality == plan.generation.punctuality
            and generation.task_resolution == plan.generation.task_resolution
            and generation.alerts == masked_generation(plan.generation).alerts
        )


def _edited(where: str) -> OtherPlanError:
    return OtherPlanError("was changed after it was saved", where=where, remedy=_AGAIN)


def _digest(body: dict[str, Any]) -> str:
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
