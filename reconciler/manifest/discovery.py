"""Finds the settings of a command, in the current folder or its parents within the repository."""

from __future__ import annotations

from pathlib import Path

from reconciler.manifest.settings import MANIFESTS_FOLDER
from reconciler.manifest.settings_file import SETTINGS_FILE


def repository_root(start: Path) -> Path | None:
    """The root of the git repository that contains a folder; None outside git."""
    return next((one for one in (start, *start.parents) if (one / ".git").exists()), None)


def settings_root(start: Path) -> Path:
    """The nearest folder with a settings file, from this one up to the repository's root.

    If there is none, the nearest with a folder of manifests of the default name, since settings are
    optional; else, and outside git, the folder itself.
    """
    top = repository_root(start)
    folders = [] if top is None else [start, *start.parents]
    folders = [folder for folder in folders if top is not None and folder.is_relative_to(top)]
    for folder in folders:
        path = folder / SETTINGS_FILE
        if path.exists() or path.is_symlink():
            return folder
    return next((one for one in folders if (one / MANIFESTS_FOLDER).is_dir()), start)


def shown_from(top: Path, path: Path) -> str:
    """A path as messages show it: relative to the repository's root, with forward slashes."""
    return (path.relative_to(top) if path.is_relative_to(top) else path).as_posix()
