"""From files to schedules: everything is read, everything that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reconciler.manifest.manifests import Manifests
from reconciler.manifest.settings import Settings


def load(folder: Path, *, settings: Settings, root: Path | None = None) -> Manifests:
    """Every manifest below a folder: `*.yaml` and `*.yml`, in sorted order, dot files left out.

    Args:
        folder: usually `root / settings.schedules`.
        root: messages name files relative to it; without it, as `folder` was given.

    Raises:
        ManifestError: with everything that is wrong in any file, or with the folder itself.
    """
    raise NotImplementedError


def load_contents(
    contents: Iterable[tuple[str, bytes]], *, settings: Settings, folder: str = "schedules"
) -> Manifests:
    """The same from names and contents, so that a git revision reads as a folder does.

    Args:
        contents: file name, as messages shall show it, and the bytes of the file.
        folder: what an empty iterable is said to be.

    Raises:
        ManifestError: with everything that is wrong in any file.
    """
    raise NotImplementedError
