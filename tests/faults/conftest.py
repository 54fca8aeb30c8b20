"""Projects as the end-to-end tests have them."""

from __future__ import annotations

from tests.end_to_end.conftest import make_project

__all__ = ["make_project"]
