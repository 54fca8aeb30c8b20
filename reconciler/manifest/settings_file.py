"""`reconciler.yaml`, read and checked."""

from __future__ import annotations

from pathlib import Path

from reconciler.manifest.settings import Settings

SETTINGS_FILE = "reconciler.yaml"


def load_settings(root: Path) -> Settings:
    """The settings of the repository at `root`; the defaults when it has no `reconciler.yaml`.

    Raises:
        ManifestError: with everything that is wrong in the file.
    """
    raise NotImplementedError


def parse_settings(content: bytes, *, file: str = SETTINGS_FILE) -> Settings:
    """The same from the bytes of the file, so that a git revision reads as a working tree does.

    Raises:
        ManifestError: with everything that is wrong in them.
    """
    raise NotImplementedError
