"""What a wake writes down is read back as it was, whichever of its fields are set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.cron import minute
from reconciler.model.formats import Damaged
from reconciler.model.outbox import Sending, SendingState
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, decode_wake_log
from tests.dispatch.scenario import at

LINE = RunRecord(
    name="a", times=(minute(at("09:00")),), state=RunState.STARTED, at="2026-11-20T09:00:01Z"
)
LOG = WakeLog(
    wake="fc-1",
    slot="poller",
    started="2026-11-20T09:00:01Z",
    now=minute(at("09:00")),
    generation="ab" * 32,
    through=minute(at("09:00")),
    pending={},
    records=(LINE,),
)


@pytest.mark.parametrize(
    "values",
    [
        {"times": (minute(at("08:00")), minute(at("09:00")))},
        *({"count": count} for count in (1, 2, 500)),
        *({"attempt": attempt} for attempt in (1, 2, 3, 20)),
        *({"state": state} for state in RunState),
        {"call": "fc-9", "result": "42"},
        {"reason": "ValueError: no rows", "tries": ("1: fc-2 failed", "2: fc-3 failed")},
    ],
    ids=str,
)
def test_a_line_is_read_back_as_it_was_written(values: dict[str, Any]) -> None:
    log = replace(LOG, records=(replace(LINE, **values), LINE))
    assert decode_wake_log(log.encode(), log.path) == log


@pytest.mark.parametrize(
    "values",
    [
        {"records": ()},
        {"through": None},
        *({"part": part} for part in (0, 1, 2)),
        {"execution": "t1"},
        *({"first_start": first} for first in (0, 340)),
        {"source": "cloudflare/wakes", "triggered": "2026-11-20T09:00:00Z"},
        *({"number": number} for number in (None, 0, 1, 7)),
        {"pending": {"a@2026-11-20T08:00Z": 2}},
        {"damaged": (Damaged("current.json", "is not a pointer"),)},
        {"sendings": (Sending("failures/a@2026-11-20T08:00Z", "https://x/…", SendingState.SENT),)},
        {
            "sendings": (
                Sending("missed/a@2026-11-20T08:00Z", "", SendingState.GIVEN_UP, "too old"),
            )
        },
        {
            "sendings": (
                Sending("missed/a@2026-11-20T08:00Z", "", SendingState.SENT, times=(29_400_000,)),
            )
        },
    ],
    ids=str,
)
def test_a_log_is_read_back_as_it_was_written(values: dict[str, Any]) -> None:
    log = replace(LOG, **values)
    assert decode_wake_log(log.encode(), log.path) == log
