"""The files that a repository begins with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from typing import Final

from reconciler.disk import disk_error, write_whole
from reconciler.errors import ReconcileError
from reconciler.manifest.json_schema import schemas
from reconciler.manifest.settings import MANIFESTS_FOLDER
from reconciler.rules.form_schema import RULES_FILE, rules_schema

CODE: Final = "jobs/**"
ACTION: Final = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}")
"""How a workflow names an action: the repository and the full id of a commit."""

_GITHUB: Final = re.compile(
    r"(?:git\+)?(?:https|ssh)://(?:git@)?github\.com/(?P<name>[\w.-]+/[\w-]+)"
)


@dataclass(frozen=True, slots=True)
class StarterFile:
    """A file to be written, by its path in the repository."""

    path: str
    content: str


def starter_files(
    environment: str, action: str | None, schedules: str = MANIFESTS_FOLDER, *, example: bool = True
) -> Iterator[StarterFile]:
    """The files that ``init`` writes.

    Args:
        environment: the one that pull requests are planned for.
        action: ``OWNER/REPOSITORY@COMMIT`` of our action; without it there are no workflows.
        schedules: the folder of the manifests.
        example: whether there are an example of a manifest and the function that it calls.

    Raises:
        ReconcileError: the action is not pinned by a full commit id.
    """
    settings = _template("reconciler.yaml", environment).replace("@SCHEDULES@", schedules)
    yield StarterFile("reconciler.yaml", settings)
    if example:
        up = "../" * (schedules.count("/") + 1)
        manifest = _template("example.yaml", environment).replace("@UP@", up)
        yield StarterFile(f"{schedules}/example.yaml", manifest)
        yield StarterFile("jobs/hello.py", _template("hello.py.txt", environment))
    yield StarterFile(".gitignore", ".reconciler/\n")
    for name, content in {**schemas(), RULES_FILE: rules_schema()}.items():
        yield StarterFile(f"schema/{name}", content)
    yield StarterFile(".vscode/settings.json", _editor_settings(schedules))
    if action is not None:
        if not ACTION.fullmatch(action):
            raise ReconcileError(
                f"`{action}` does not name an action at a commit",
                remedy="Pass --action OWNER/REPOSITORY@COMMIT, with all 40 digits of the commit.",
            )
        for name in ("plan.yml", "apply.yml", "drift.yml"):
            text = workflow(name, environment, action, CODE, schedules)
            yield StarterFile(f".github/workflows/{name}", text)


def _editor_settings(schedules: str) -> str:
    """Visual Studio Code, with its extension for YAML, checks and completes by our schemas."""
    patterns = {
        "./schema/manifest.schema.json": [f"{schedules}/**/*.yaml", f"{schedules}/**/*.yml"],
        "./schema/settings.schema.json": "reconciler.yaml",
        f"./schema/{RULES_FILE}": ["rules/**/*.yaml", "rules/**/*.yml"],
    }
    return json.dumps({"yaml.schemas": patterns}, indent=2) + "\n"


def workflow(
    name: str, environment: str, action: str, code: str, schedules: str = MANIFESTS_FOLDER
) -> str:
    """One of our workflows.

    Args:
        action: what its steps use.
        code: the paths of the code that schedules call, as GitHub filters by them.
        schedules: the folder of the manifests.
    """
    text = _template(name, environment).replace("@SCHEDULES@", schedules)
    return text.replace("@ACTION@", action).replace("@CODE@", code)


def write_missing(root: Path, found: StarterFile) -> bool:
    """Write a file unless there is one; returns whether it was written.

    Raises:
        ReconcileError: it cannot be written.
    """
    path = root / found.path
    if path.exists() or path.is_symlink():
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, path.parent) from error
    write_whole(path, found.content.encode())
    return True


def installed_action() -> str | None:
    """The commit on GitHub that this was installed from, as an action; None when not known."""
    try:
        recorded = distribution("schedule-reconciler").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    origin = json.loads(recorded) if recorded else {}
    repository = _GITHUB.match(str(origin.get("url", "")))
    commit = origin.get("vcs_info", {}).get("commit_id")
    return f"{repository['name']}@{commit}" if repository and commit else None


def _template(name: str, environment: str) -> str:
    text = files("reconciler.importers").joinpath("templates", name).read_text(encoding="utf-8")
    return text.replace("@ENVIRONMENT@", environment)
