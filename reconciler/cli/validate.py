"""``reconcile validate``: read the manifests and report all their problems."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.cli.inputs import find_place
from reconciler.cli.json_output import print_json
from reconciler.deploy.settings_files import require_app_of_its_own
from reconciler.manifest import ManifestError, load
from reconciler.manifest.code_files import TreeFiles
from reconciler.manifest.problem import Problem
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.words import count


def main(*, schedules: str | None, form: str) -> int:
    """Validate; needs no environment and no network. Returns the exit code."""
    place = find_place(schedules)
    try:
        settings = place.settings()
        require_app_of_its_own(place.top, place.file, settings)
        manifests = load(
            place.root / settings.schedules,
            settings=settings,
            root=place.top,
            code=TreeFiles(place.root, datetime.now(UTC).year),
        )
    except ManifestError as error:
        if form == "json":
            print_json({"format": OUTPUT_FORMAT, "problems": [*map(_json, error.problems)]})
        raise
    if form == "json":
        names = [schedule.name for schedule in manifests.schedules]
        print_json({"format": OUTPUT_FORMAT, "files": manifests.files, "schedules": names})
    else:
        found = count(len(manifests.schedules), "schedule")
        print(f"{found} in {count(manifests.files, 'file')} of {settings.schedules}: all valid.")
    return 0


def _json(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.location.file,
        "line": problem.location.line,
        "column": problem.location.column,
        "message": problem.message,
        "remedy": problem.remedy,
    }
