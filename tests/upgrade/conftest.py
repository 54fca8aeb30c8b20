"""Projects with an engine of their own."""

from __future__ import annotations

from tests.end_to_end.conftest import make_project, project

__all__ = ["make_project", "project"]
