"""What of the package is loaded when."""

from __future__ import annotations

import pytest

from reconciler import cron


def test_what_only_planning_needs_is_loaded_at_its_first_use() -> None:
    assert cron.__getattr__("cover") is cron.cover
    with pytest.raises(AttributeError, match="has no attribute 'covers_all'"):
        cron.__getattr__("covers_all")
