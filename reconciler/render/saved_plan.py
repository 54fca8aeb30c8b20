"""A plan in a file: what was reviewed is what is applied, or nothing is.

The file is not trusted. An apply plans again, on the repository and on what is live, derives from
that what the file would have to hold, and goes on only if the file holds exactly that. So the file
holds nothing that time or the command line decides: not from which minute new schedules count,
which is the apply's, so that nothing runs for the time between review and apply; no forecast; and
not how many deletions are allowed, which each plan and each apply is given by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Self

from reconciler.errors import ReconcileError, RefusedError
from reconciler.plan import Change, Plan
from reconciler.plan.notification_rules import masked_generation

FORMAT: Final = 2
"""Since 2 it holds nothing that an apply cannot derive again."""
_AGAIN: Final = "Plan again with --out, have that reviewed, and apply it."
_MOMENTS: Final = frozenset({"anchor", "formerly"})
"""Keys of a record that depend on when it is planned."""


class OtherPlanError(RefusedError):
    """What would be applied is not what was saved. Nothing was done."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a saved plan says.

    Attributes:
        content: what binds an apply, by key; see :func:`_binding`.
    """

    content: Mapping[str, Any]

    @classmethod
    def of(cls, plan: Plan) -> Self:
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
        return cls(_binding(plan))

    def encode(self) -> str:
        """The content of the file."""
        body = {"format": FORMAT, **self.content}
        return json.dumps({**body, "sha256": _digest(body)}, indent=2) + "\n"

    @classmethod
    def decode(cls, content: bytes, where: str) -> Self:
        """Read the content of a file.

        Raises:
            ReconcileError: it is not a saved plan.
            OtherPlanError: it was edited, or another version wrote it.
        """
        try:
            data = json.loads(content)
            found, claimed = data["format"], data.pop("sha256")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ReconcileError(
                "is not a saved plan", where=where, remedy="Make one: reconcile --out FILE"
            ) from error
        if type(found) is int and found < FORMAT:
            raise OtherPlanError(
                f"an older version of schedule-reconciler wrote it, in format {found}, which "
                "is no longer applied",
                where=where,
                remedy=_AGAIN,
            )
        if found != FORMAT:
            raise OtherPlanError(
                f"written in format {found}, and this version reads format {FORMAT}",
                where=where,
                remedy="Apply it with the version of schedule-reconciler that made it.",
            )
        if claimed != _digest(data):
            raise OtherPlanError("was changed after it was saved", where=where, remedy=_AGAIN)
        return cls({key: value for key, value in data.items() if key != "format"})

    def require_same(self, plan: Plan, where: str) -> None:
        """Refuse to apply anything else than what was saved.

        Raises:
            OtherPlanError: with what differs.
        """
        saved, now = self.content, _binding(plan)

        def differs(*keys: str) -> bool:
            return any(saved.get(key) != now[key] for key in keys)

        if differs("environment", "app"):
            raise OtherPlanError(
                f"it is a plan for {saved.get('environment')} (app {saved.get('app')}), and this "
                f"is {plan.environment} (app {plan.app})",
                where=where,
                remedy=f"Pass --env {saved.get('environment')}, or plan for {plan.environment}.",
            )
        if plan.desired.dirty or differs("commit"):
            dirty = " with uncommitted changes" if plan.desired.dirty else ""
            raise OtherPlanError(
                f"it was made at commit {saved.get('commit')}, and this is commit "
                f"{plan.desired.commit}{dirty}",
                where=where,
                remedy=f"Check out {saved.get('commit')}, or plan again.",
            )
        if differs("desired"):
            raise OtherPlanError(
                "it was made of other manifests or settings than these", where=where, remedy=_AGAIN
            )
        if differs("actual"):
            raise OtherPlanError(
                "it is stale: what is live changed after it was made", where=where, remedy=_AGAIN
            )
        if saved != now:
            raise OtherPlanError(
                "the same commit now plans otherwise: time has passed, another version of "
                "schedule-reconciler made the file, or it was changed after it was saved",
                where=where,
                remedy=_AGAIN,
            )


def _binding(plan: Plan) -> dict[str, Any]:
    """What a plan comes to, as JSON has it; the same at whatever time it is made."""
    content = {
        "environment": plan.environment,
        "app": plan.app,
        "repository": str(plan.desired.owner.identity),
        "commit": plan.desired.commit,
        "author": plan.desired.author,
        "desired": plan.desired_digest,
        "actual": plan.actual.digest,
        "digest": plan.digest,
        "changes": [_change(change) for change in plan.changes],
        "drift": [_change(change) for change in plan.drift],
        "generation": _generation(plan),
    }
    # As it is read back: tuples and enumerations become what JSON has in their place.
    known: dict[str, Any] = json.loads(json.dumps(content))
    return known


def _change(change: Change) -> dict[str, Any]:
    return {
        "action": change.action,
        "kind": change.kind,
        "name": change.name,
        "reason": change.reason,
        "file": change.file,
        "line": change.line,
        "before": None if change.before is None else _lasting(change.before),
        "after": None if change.after is None else _lasting(change.after),
    }


def _generation(plan: Plan) -> dict[str, Any]:
    """The generation's file without addresses, of which it has the fingerprints, and moments."""
    generation = masked_generation(plan.generation)
    header = json.loads(generation.encoded.partition(b"\n")[0])
    header["slots"] = [
        {key: value for key, value in slot.items() if key != "since"} for slot in header["slots"]
    ]
    return {
        "header": header,
        "served": {slot: list(names) for slot, names in generation.served.items()},
        "records": [_lasting(record.to_json()) for record in generation.records],
    }


def _lasting(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in _MOMENTS}


def _digest(body: dict[str, Any]) -> str:
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
