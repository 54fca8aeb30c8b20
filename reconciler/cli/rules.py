"""``reconcile rules test``: judge the examples of every rule, by it and by all others."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.cli.inputs import RULES_FOLDER, find_place, read_policy
from reconciler.cli.json_output import print_json
from reconciler.cron import minute
from reconciler.errors import ReconcileError
from reconciler.manifest import load
from reconciler.render.json_format import OUTPUT_FORMAT


def main(*, schedules: str | None, action: str, form: str) -> int:
    """Test the rules of the work tree. Returns the exit code.

    Raises:
        ManifestError: a rule is malformed, contradicts an example, or is for nothing.
        ReconcileError: there are no rules.
    """
    assert action == "test", "the only one"
    place = find_place(schedules)
    settings = place.settings()
    policy = read_policy(place.top, place.root, settings)
    if policy is None or not policy.rules:
        raise ReconcileError(
            "there are no rules",
            where=f"{RULES_FOLDER}/",
            remedy="Write one, for example rules/owner.yaml; see docs/rules.md.",
        )
    manifests = load(
        place.root / settings.schedules,
        settings=settings,
        root=place.top,
        rules=policy.ids,
        keep=True,
    )
    policy.check(manifests, minute(datetime.now(UTC)))
    tested = [
        {"id": one.id, "level": one.level, "good": len(one.good), "bad": len(one.bad)}
        for one in policy.rules
    ]
    if form == "json":
        print_json({"format": OUTPUT_FORMAT, "rules": tested})
        return 0
    width = max(len(one.id) for one in policy.rules)
    for one in policy.rules:
        print(f"ok  {one.id:{width}}  {one.level:4}  {len(one.good)} good, {len(one.bad)} bad")
    return 0
