"""`after`: which schedules one waits for, checked over the whole repository."""

from __future__ import annotations

import pytest

from reconciler.manifest import ManifestError, Schedule
from reconciler.manifest.loading import load_contents
from reconciler.manifest.settings import DEFAULTS
from reconciler.model.occurrence import parse_minute
from reconciler.model.schedule_record import Upstream
from reconciler.policies import Condition

EXTRACT = "name: extract\nschedule: 0 5 * * *\ntimezone: Europe/Paris\nfunction: shop/extract\n"


def loaded(*documents: str) -> dict[str, Schedule]:
    content = "---\n".join(documents).encode()
    manifests = load_contents([("schedules/all.yaml", content)], settings=DEFAULTS)
    return {schedule.name: schedule for schedule in manifests.schedules}


def refused(*documents: str) -> list[str]:
    with pytest.raises(ManifestError) as found:
        loaded(*documents)
    return [
        f"{problem.location.line}:{problem.location.column} {problem.message}"
        for problem in found.value.problems
    ]


def waiting(after: str, name: str = "load", more: str = 'schedule: "0 6 * * *"\n') -> str:
    return f"name: {name}\n{more}after: {after}\nfunction: shop/load\n"


def test_a_name_waits_for_the_success_of_the_last_24_hours() -> None:
    load = loaded(EXTRACT, waiting("extract"))["load"]
    assert load.after == (Upstream("extract", 1440, Condition.SUCCEEDED, None),)
    assert not load.follows


def test_a_mapping_says_more_of_each() -> None:
    alerts = "alerts: {to: {url: https://hooks.example.com/a}}\n"
    rates = "name: rates\nschedule: 1h\nfunction: shop/rates\n"
    after = '{rates: {}, extract: {within: 7d, on: failed, by: "09:30"}}'
    load = loaded(EXTRACT, rates, waiting(after) + alerts)["load"]
    assert load.after == (
        Upstream("extract", 7 * 1440, Condition.FAILED, 570),
        Upstream("rates"),
    )


def test_without_schedule_it_has_the_times_and_the_zone_of_its_upstream() -> None:
    chain = [waiting("extract", "load", ""), waiting("load", "report", "")]
    found = loaded(EXTRACT, *chain)
    for name in ("load", "report"):
        assert found[name].follows
        assert (found[name].when, found[name].timezone) == (("0 5 * * *",), "Europe/Paris")
    assert found["report"].after == (Upstream("load", within=1),)


def test_without_schedule_the_bounds_of_the_upstream_hold_too() -> None:
    bounded = EXTRACT + "start: 2026-12-02\nend: 2027-01-01\n"
    more = "end: 2026-12-24T00:00Z\n"
    load = loaded(bounded, waiting("extract", "load", more))["load"]
    assert load.start == parse_minute("2026-12-01T23:00Z")
    assert load.end == parse_minute("2026-12-24T00:00Z")


def test_an_upstream_that_was_renamed_is_found_by_its_former_name() -> None:
    pull = EXTRACT.replace("name: extract", "name: pull\nformerly: extract")
    assert loaded(pull, waiting("extract"))["load"].after == (Upstream("pull"),)


@pytest.mark.parametrize(
    ("after", "more", "message"),
    [
        ("load", "", "2:8 `load` cannot wait for itself"),
        ("extrct", "", "2:8 `after` names `extrct`, and there is no such schedule"),
        (
            "extract",
            "timezone: UTC\n",
            "2:1 without `schedule`, the zone is that of the schedule in `after`",
        ),
        (
            "{extract: {}, rates: {}}",
            "",
            "2:8 without `schedule`, `after` names exactly one schedule",
        ),
        (
            "{extract: {within: 2h}}",
            "",
            "2:19 `within` is allowed with `schedule` only",
        ),
    ],
)
def test_what_is_wrong_without_schedule(after: str, more: str, message: str) -> None:
    rates = "name: rates\nschedule: 1h\nfunction: shop/rates\n"
    assert refused(waiting(after, "load", more), EXTRACT, rates) == [message]


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ("{extract: {within: 32d}}", "3:27 `within` must be at most 31d"),
        ("{extract: {within: 90s}}", "3:27 `within` must be whole minutes: crons have no seconds"),
        ("{extract: {on: success}}", "`after.extract.on` must be `succeeded`, `failed` or"),
        ('{extract: {by: "9:00"}}', "`after.extract.by` must be a time of the day"),
        ("{extract: {untill: 1h}}", "unknown key `after.extract.untill`"),
        ("{extract: }", "`after.extract` must be a mapping"),
        ("{}", "`after` is empty"),
        ("[extract]", "`after` must be the name of a schedule, or a mapping of such names"),
        (
            '{extract: {by: "09:00"}}',
            "3:19 `by` is the time of an alert, and there is no recipient",
        ),
    ],
)
def test_what_is_wrong_with_schedule(after: str, message: str) -> None:
    (found,) = refused(waiting(after), EXTRACT)
    assert message in found


def test_a_cycle_is_named_once() -> None:
    documents = [waiting("c", "a", ""), waiting("a", "b", ""), waiting("b", "c", "")]
    assert refused(*documents) == [
        (
            "2:8 `a` waits for `c`, which waits for `b`, which waits for `a`: "
            "none of them would ever start"
        )
    ]


def test_a_deletion_that_leaves_a_dependant_is_refused() -> None:
    assert refused(waiting("extract")) == [
        "3:8 `after` names `extract`, and there is no such schedule"
    ]


def test_an_upstream_must_run_in_each_environment_of_what_waits() -> None:
    limited = EXTRACT + "environments: [production]\n"
    assert refused(limited, waiting("extract")) == [
        "9:8 `extract` runs in production only, and `load` in all environments"
    ]
    both = waiting("extract") + "environments: [production, staging]\n"
    assert refused(limited, both) == [
        "9:8 `extract` runs in production only, and `load` in staging"
    ]
    assert loaded(limited, waiting("extract") + "environments: [production]\n")["load"].after


def test_a_task_cannot_be_waited_for() -> None:
    task = "name: extract\nat: 2026-12-12T09:00Z\nfunction: shop/extract\n"
    assert refused(task, waiting("extract")) == [
        "7:8 `extract` runs once, `at` a time: only schedules can be waited for"
    ]


def test_a_name_and_its_former_name_are_one_upstream() -> None:
    pull = EXTRACT.replace("name: extract", "name: pull\nformerly: extract")
    assert refused(pull, waiting("{extract: {}, pull: {}}")) == [
        "9:22 `after` names `pull` twice, once by a former name"
    ]


def test_an_invalid_upstream_is_not_also_reported_as_missing() -> None:
    broken = EXTRACT.replace("0 5 * * *", "0 25 * * *")
    assert len(refused(broken, waiting("extract"))) == 1
