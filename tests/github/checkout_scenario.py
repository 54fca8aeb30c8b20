"""Reads a checkout as a plan does, and what it says of one that it refuses."""

from __future__ import annotations

import pytest

from reconciler.deploy.checkout import IncompleteCheckoutError
from reconciler.deploy.repository import Revision, read_revision
from tests.github.repository import GitRepository

SETTINGS = "reconciler.yaml"


def revision(repository: GitRepository, folder: str = "schedules", below: str = ".") -> Revision:
    root = repository.root / below
    return read_revision(root, root / folder)


def refusal(repository: GitRepository, folder: str = "schedules", below: str = ".") -> str:
    with pytest.raises(IncompleteCheckoutError) as caught:
        revision(repository, folder, below)
    assert caught.value.exit_code == 3
    head = repository.git("rev-parse", "HEAD")[:12]
    return str(caught.value).replace(head, "HEAD")
