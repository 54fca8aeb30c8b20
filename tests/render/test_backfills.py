"""A backfill as lines."""

from __future__ import annotations

import pytest

from reconciler.model.backfill import BackfillEnd, BackfillState, Progress
from reconciler.query.backfill_status import BackfillDetails, BackfillStatus
from reconciler.render.backfills import details_text
from reconciler.render.style import Style
from tests.dispatch.backfill_scenario import backfill_of


@pytest.mark.parametrize(
    ("cancelled", "reason", "said"),
    [
        (False, "", "done"),
        (True, "cancelled by alice", "cancelled by alice"),
        (True, "its schedule was deleted", "cancelled: its schedule was deleted"),
    ],
)
def test_why_a_backfill_is_over_is_said_once(cancelled: bool, reason: str, said: str) -> None:
    status = BackfillStatus(
        backfill=backfill_of(2),
        end=BackfillEnd(cancelled, "2026-11-20T11:00:00Z", reason),
        state=BackfillState.RUNNING,
        progress=Progress(),
    )

    text = details_text(BackfillDetails(status, ()), Style(colour=False), None)

    assert f"  over     2026-11-20T11:00:00Z, {said}\n" in text
