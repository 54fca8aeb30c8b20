"""From the policies of a manifest to the record: renames, bounds, suspensions with an end."""

from __future__ import annotations

from dataclasses import fields

from reconciler.dispatch.decide.nominal_times import exclusion
from reconciler.model.schedule_record import Policies
from reconciler.plan import make_plan
from tests.plan.scenario import NOW, after, applied, desired, schedules, told

OLD = 'name: old\nschedule: "0 * * * *"\nprotect: true\n'
NEW = 'name: new\nschedule: "0 * * * *"\nprotect: true\nformerly: old\n'


def test_a_rename_is_no_deletion_and_keeps_the_anchor_and_the_old_name_for_a_while() -> None:
    plan = make_plan(desired(schedules(NEW)), applied(schedules(OLD), NOW - 300), NOW)
    assert told(plan) == [
        ("rename", "schedule", "new"),
        ("create", "slot", "new"),
        ("delete", "slot", "old"),
    ]
    assert plan.changes[0].reason == "was old; its history moves along"
    assert plan.refusals == ()
    record = plan.generation.by_name["new"]
    assert record.anchor == NOW - 300
    assert record.occurrence(NOW).name == "old"
    assert record.occurrence(NOW + 60).name == "new"


def test_a_finished_rename_is_empty_and_outlives_the_key_in_the_manifest() -> None:
    plan = make_plan(desired(schedules(NEW)), applied(schedules(OLD), NOW - 300), NOW)
    later = make_plan(desired(schedules(NEW)), after(plan), NOW + 60)
    assert later.empty
    without = make_plan(desired(schedules(NEW.replace("formerly: old\n", ""))), after(plan), NOW)
    assert without.empty
    assert without.generation.by_name["new"].formerly == (("old", NOW + 10),)


def test_a_second_rename_remembers_both_names() -> None:
    once = make_plan(desired(schedules(NEW)), applied(schedules(OLD), NOW - 300), NOW)
    third = NEW.replace("formerly: old", "formerly: new").replace("name: new", "name: third")
    twice = make_plan(desired(schedules(third)), after(once), NOW + 60)
    assert twice.generation.by_name["third"].formerly == (("old", NOW + 10), ("new", NOW + 70))


def test_the_old_name_of_a_schedule_that_is_still_there_is_not_taken() -> None:
    both = (*schedules(NEW), *schedules(OLD))
    plan = make_plan(desired(both), applied(schedules(OLD), NOW - 300), NOW)
    assert told(plan)[0] == ("create", "schedule", "new")


def test_bounds_exclusions_and_a_bounded_suspension_are_in_the_record() -> None:
    text = """\
    name: a
    schedule: "0 6 * * *"
    timezone: Europe/Paris
    start: 2026-12-01
    end: 2027-06-01T12:00
    exclude: [2026-12-24..2026-12-26, "2027-01-01", "* * * * 6"]
    suspend: {until: 2027-02-01, reason: moving}
    overlap: queue
    """
    record = make_plan(desired(schedules(text)), applied(()), NOW).generation.by_name["a"]
    stored = record.to_json()
    assert stored["start"] == "2026-11-30T23:00Z"
    assert stored["end"] == "2027-06-01T10:00Z"
    assert stored["resumes"] == "2027-01-31T23:00Z"
    assert stored["exclude"] == ["2026-12-24..2026-12-26", "2027-01-01", "* * * * 6"]
    assert stored["overlap"] == "queue"
    assert type(record).from_json(stored) == record


def test_each_policy_is_a_key_of_the_manifest_and_stands_in_the_record() -> None:
    text = """\
    name: a
    schedule: "0 6 * * *"
    args: {id: "${occurrence.id}"}
    start: 2026-12-01
    end: 2027-06-01
    overlap: queue
    catchup: all
    deadline: 90s
    tolerance: 1m
    delivery: at-most-once
    timeout: 1h
    after: {b: {within: 2h}}
    protect: true
    description: Sync
    owner: data
    labels: {tier: "1"}
    ---
    name: b
    schedule: "0 5 * * *"
    """
    written = schedules(text)
    record = make_plan(desired(written), applied(()), NOW).generation.by_name["a"]
    usual = Policies()
    found = {item.name: getattr(record, item.name) for item in fields(Policies)}
    assert [name for name in found if found[name] == getattr(usual, name)] == ["follows"]
    assert (record.deadline, record.tolerance, record.timeout) == (90, 1, 3600)
    assert found == {name: getattr(written[0], name) for name in found}
    assert type(record).from_json(record.to_json()) == record


def test_what_is_excluded_of_a_single_time_is_a_day_of_its_own_zone() -> None:
    text = "name: a\nat: 2026-12-30T22:00\ntimezone: America/New_York\n"
    for day, runs in (("2026-12-31", True), ("2026-12-30", False)):
        written = schedules(f"{text}exclude: [{day}]\n")
        record = make_plan(desired(written), applied(()), NOW).generation.by_name["a"]
        assert record.at is not None
        assert (exclusion(record, record.at) is None) is runs, day
        assert record.timezone == "America/New_York"


def test_a_single_time_that_excludes_nothing_is_shown_in_utc() -> None:
    text = "name: a\nat: 2026-12-30T22:00\ntimezone: America/New_York\n"
    record = make_plan(desired(schedules(text)), applied(()), NOW).generation.by_name["a"]
    assert record.timezone == "UTC"


def test_a_single_time_that_excludes_nothing_more_is_no_other_time() -> None:
    text = "name: a\nat: 2026-12-30T22:00\ntimezone: America/New_York\nexclude: [2027-01-01]\n"
    plan = make_plan(desired(schedules(text)), applied(()), NOW)
    less = text.replace("exclude: [2027-01-01]\n", "")
    later = make_plan(desired(schedules(less)), after(plan), NOW + 60)
    assert later.generation.by_name["a"].anchor == NOW


def test_a_suspension_that_ends_by_itself_keeps_its_slot() -> None:
    text = 'name: a\nschedule: "0 6 * * *"\nsuspend: {}\n'
    bounded = text.replace("{}", "{until: 2027-02-01T00:00Z}")
    assert make_plan(desired(schedules(bounded)), applied(()), NOW).slots
    unbounded = text.replace("{}", "true")
    assert not make_plan(desired(schedules(unbounded)), applied(()), NOW).slots
