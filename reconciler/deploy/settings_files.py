"""Other settings of the same repository that name the same app (DESIGN §5).

Each of two such folders would delete the schedules of the other.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from reconciler.deploy.checkout import GIT_VARIABLES
from reconciler.manifest import ManifestError, Problem, Settings, parse_settings
from reconciler.manifest.files import read_file
from reconciler.manifest.location import Location
from reconciler.manifest.settings import shared_app
from reconciler.manifest.settings_file import SETTINGS_FILE


def require_app_of_its_own(
    top: Path, ours: str, settings: Settings, commit: str | None = None
) -> None:
    """Raise if git tracks other settings that name an app of these settings.

    Settings whose folder of manifests is not there declare nothing, and those that cannot be read
    cannot be applied: neither counts.

    Args:
        top: the repository's root.
        ours: the file of these settings, relative to it.
        commit: whose files are looked at; None for the work tree.

    Raises:
        ManifestError: two settings files share an app.
    """
    problems = []
    for file, other in _others(top, ours, commit):
        shared = shared_app(settings, other)
        if shared is None:
            continue
        app, modal = shared
        where = "in any Modal environment" if modal is None else f"in Modal environment `{modal}`"
        problems.append(
            Problem(
                f"names the same app as {file}, {app} {where}: each would delete the schedules of "
                "the other",
                Location(ours),
                "give one of them another `app`",
            )
        )
    if problems:
        raise ManifestError(problems)


def _others(top: Path, ours: str, commit: str | None) -> Iterator[tuple[str, Settings]]:
    for file in _settings_files(top, commit):
        if file == ours:
            continue
        content = _content(top, file, commit)
        if content is None:
            continue
        try:
            settings = parse_settings(content, file=file)
        except ManifestError:
            continue
        folder = os.path.normpath(PurePosixPath(file).parent / settings.schedules)
        if _is_folder(top, Path(folder).as_posix(), commit):
            yield file, settings


def _settings_files(top: Path, commit: str | None) -> list[str]:
    if commit is None:
        return _listed(top, "ls-files", "-z", "--", f":(top,glob)**/{SETTINGS_FILE}")
    every = _listed(top, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
    return [file for file in every if file.rpartition("/")[2] == SETTINGS_FILE]


def _is_folder(top: Path, folder: str, commit: str | None) -> bool:
    if commit is None:
        if (top / folder).is_dir():
            return True
        # A sparse checkout leaves out what the repository holds all the same.
        return bool(_listed(top, "ls-files", "-z", "--", f":(top,literal){folder}"))
    return folder == "." or bool(
        _listed(top, "ls-tree", "-d", "-z", "--name-only", "--full-tree", commit, "--", folder)
    )


def _content(top: Path, file: str, commit: str | None) -> bytes | None:
    if commit is None and (top / file).exists():
        content = read_file(top / file, file)
        return None if isinstance(content, Problem) else content
    return _git(top, "show", f"{commit or ''}:{file}")


def _listed(top: Path, *arguments: str) -> list[str]:
    output = _git(top, *arguments) or b""
    return [os.fsdecode(name) for name in output.split(b"\0") if name]


def _git(top: Path, *arguments: str) -> bytes | None:
    """What git prints; None where it fails.

    A plan asks git for more, and says there why it fails. Without git, `validate` still checks the
    manifests.
    """
    variables = {name: os.environ[name] for name in os.environ.keys() - set(GIT_VARIABLES)}
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            ["git", "-C", str(top), *arguments],  # noqa: S607 - git is where PATH says
            env=variables,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
