"""What is deployed is read alike by croniter 1.4 and 7, cronsim and us."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import islice
from pathlib import Path

import pytest
from croniter import croniter
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cron import Timetable, instant, minute, parse
from reconciler.pack import Member, fewest_wakes, one_poller
from tests.pack.building import NOW, YEAR, timetable_of
from tests.pack.strategies import budgets, strange, usual

COUNT = 12
VERDICTS = [
    json.loads(line)
    for line in Path(__file__).with_name("croniter_1_4_1.jsonl").read_text("utf-8").splitlines()
]
"""What croniter 1.4.1 says of slots of random packings: the times after a random one."""


@given(st.one_of(usual, strange), budgets)
@settings(max_examples=60)
def test_croniter_7_and_cronsim(group: list[Member], budget: int) -> None:
    for slot in (*one_poller(group, budget, NOW), *fewest_wakes(group, budget, NOW)):
        ours = list(islice(timetable_of(slot).between(NOW, NOW + 40 * YEAR * 1440), COUNT))
        iterator = croniter(slot.cron, instant(NOW))
        assert [minute(iterator.get_next(datetime)) for _ in ours] == ours
        assert [minute(found) for found in islice(CronSim(slot.cron, instant(NOW)), COUNT)] == ours


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda v: f"{v['cron']} @ {v['timezone']}")
def test_croniter_1_4(verdict: dict[str, str | list[str]]) -> None:
    cron, zone, after = (str(verdict[key]) for key in ("cron", "timezone", "after"))
    start = minute(datetime.fromisoformat(after))
    found = islice(Timetable((parse(cron),), zone).between(start, start + 60 * YEAR * 1440), 4)
    assert [f"{instant(each):%Y-%m-%dT%H:%MZ}" for each in found] == verdict["next"]
