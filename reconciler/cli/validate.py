"""``reconcile validate``: read the manifests, report all their problems, and apply the rules."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from reconciler.cli.inputs import find_place, read_policy
from reconciler.cli.json_output import print_json
from reconciler.cron import minute
from reconciler.deploy.settings_files import require_app_of_its_own
from reconciler.errors import RefusedError
from reconciler.foreign_text import in_json
from reconciler.github.annotations import annotate, of_error, of_findings
from reconciler.manifest import ManifestError, Manifests, load
from reconciler.manifest.code_files import TreeFiles
from reconciler.manifest.problem import Problem
from reconciler.plan.finding import Judgement
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.style import Style
from reconciler.words import count


def main(*, schedules: str | None, form: str) -> int:
    """Validate; needs no environment and no network. Returns the exit code."""
    place = find_place(schedules)
    now = datetime.now(UTC)
    try:
        settings = place.settings()
        require_app_of_its_own(place.top, place.file, settings)
        policy = read_policy(place.top, place.root, settings)
        manifests = load(
            place.root / settings.schedules,
            settings=settings,
            root=place.top,
            code=TreeFiles(place.root, now.year),
            rules=() if policy is None else policy.ids,
            keep=policy is not None,
        )
        judgement = Judgement()
        if policy is not None:
            policy.check(manifests, minute(now))
            judgement = policy.offline(manifests, minute(now))
    except ManifestError as error:
        if form == "json":
            print_json({"format": OUTPUT_FORMAT, "problems": [*map(_json, error.problems)]})
        if form == "sarif":
            from reconciler.render.sarif import Result, sarif

            print(in_json(sarif(map(Result.of_problem, error.problems))))
        annotate(of_error(error))
        raise
    annotate(of_findings(judgement.findings))
    _show(manifests, judgement, form)
    sys.stdout.flush()  # the findings stand before the refusal, also in one log
    denied = judgement.denied
    if denied:
        raise RefusedError(
            f"{count(len(denied), 'finding')} of rules that deny",
            remedy="Correct the manifests, or write an exception into them: `allow`.",
        )
    return 0


def _show(manifests: Manifests, judgement: Judgement, form: str) -> None:
    if form == "json":
        document: dict[str, object] = {
            "format": OUTPUT_FORMAT,
            "files": manifests.files,
            "schedules": [schedule.name for schedule in manifests.schedules],
        }
        if judgement.rules:
            from reconciler.render.findings import rules_part

            document["rules"] = rules_part(judgement).model_dump()
        print_json(document)
        return
    if form == "sarif":
        from reconciler.render.sarif import Result, sarif

        print(in_json(sarif(map(Result.of_finding, judgement.findings))))
        return
    if judgement.findings or judgement.exemptions:
        from reconciler.render.findings import finding_lines

        print(*finding_lines(judgement.findings, Style.of(sys.stdout)), sep="\n")
        for one in judgement.exemptions:
            print(f"{one.location}: exception from {one}")
    found = count(len(manifests.schedules), "schedule")
    where = f"{found} in {count(manifests.files, 'file')} of {manifests.settings.schedules}"
    if judgement.rules:
        said = count(len(judgement.findings), "finding")
        print(f"{where}: all valid; {count(judgement.rules, 'rule')}, {said}.")
    else:
        print(f"{where}: all valid.")


def _json(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.location.file,
        "line": problem.location.line,
        "column": problem.location.column,
        "message": problem.message,
        "remedy": problem.remedy,
    }
