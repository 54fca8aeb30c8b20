"""What happens next, as lines, as a map, as JSON and as a calendar."""

from __future__ import annotations

import icalendar
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.generation import Slot
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.preview import preview_records
from reconciler.query.timeline import Timeline, timeline
from reconciler.render.heat_map import heat_map_text
from reconciler.render.icalendar_feed import timeline_calendar
from reconciler.render.style import Style
from reconciler.render.timeline import timeline_json, timeline_text
from tests.plan.scenario import NOW, schedules

PLAIN = Style(colour=False)
DAY = 24 * 60
GIVEN = """
    name: paris
    schedule: "30 18 * * *"
    timezone: Europe/Paris
    description: Closing time, in Paris
    ---
    name: hourly
    schedule: "0 * * * *"
    ---
    name: paused
    schedule: "0 * * * *"
    suspend: true
    """


MINUTELY = f"""
    name: a
    schedule: "* * * * *"
    ---
    {GIVEN.strip()}
    """


def records() -> tuple[ScheduleRecord, ...]:
    return preview_records(schedules(GIVEN), NOW)


def found(hours: int = 4) -> Timeline:
    return timeline(records(), [Slot("poller", "0 * * * *")], NOW, NOW + 60 * hours)


def test_lines_are_in_the_order_of_time_with_the_local_time_beside_utc() -> None:
    assert timeline_text(found(3), 10) == (
        "2026-11-20T16:00Z  hourly                        then 17:00Z, 18:00Z\n"
        "2026-11-20T17:30Z  paris   2026-11-20 18:30 CET\n"
        "suspended          paused"
    )


def test_what_is_due_each_minute_is_one_line_that_counts_the_rest() -> None:
    minutely = preview_records(schedules(MINUTELY), NOW)
    lines = timeline_text(timeline(minutely, (), NOW, NOW + 180), 10).splitlines()
    assert [line.split()[1] for line in lines] == ["a", "hourly", "paris", "paused"]
    assert lines[0].endswith("then 15:02Z, 15:03Z and 177 more")


def test_of_one_schedule_each_occurrence_is_a_line() -> None:
    hourly = [record for record in records() if record.name == "hourly"]
    text = timeline_text(timeline(hourly, (), NOW, NOW + 240), 2)
    assert text == (
        "2026-11-20T16:00Z  hourly\n"
        "2026-11-20T17:00Z  hourly\n"
        "and 2 more occurrences until 2026-11-20T19:00Z"
    )


def test_a_cut_list_says_how_many_more_there_are() -> None:
    assert timeline_text(found(3), 1).splitlines()[-1] == (
        "and 1 more schedule until 2026-11-20T18:00Z"
    )


def test_nothing_due_says_until_when() -> None:
    assert timeline_text(timeline((), (), NOW, NOW + 60), 10) == (
        "Nothing is due up to 2026-11-20T16:00Z."
    )


def test_nothing_due_names_the_first_that_comes_later() -> None:
    paused_and_yearly = preview_records(
        schedules(
            'name: paused\nschedule: "0 * * * *"\nsuspend: true\n---\n'
            'name: yearly\nschedule: "@yearly"'
        ),
        NOW,
    )
    assert timeline_text(timeline(paused_and_yearly, (), NOW, NOW + 60), 10) == (
        "Nothing is due up to 2026-11-20T16:00Z. The next is yearly at 2027-01-01T00:00Z.\n"
        "suspended          paused"
    )


def test_the_map_has_a_column_an_hour_and_marks_midnight() -> None:
    lines = heat_map_text(found(12), PLAIN, 80).splitlines()
    assert lines[0] == "                 11-21"
    assert lines[1] == "           18    00"
    assert lines[2] == "hourly   ████████████  12"
    assert lines[3] == "paris     █            1"
    assert lines[4] == "Slots"
    assert lines[5] == "poller   ████████████  12"
    assert lines[6].startswith("a column is 1 hour in UTC")


def test_the_map_of_many_days_has_broader_columns_and_all_of_them() -> None:
    lines = heat_map_text(found(14 * 24), PLAIN, 80).splitlines()
    assert lines[0].startswith("          11-21   11-23   11-25")
    assert lines[1] == "hourly  ▃" + 55 * "█" + "▅  336"
    assert lines[-1].startswith("a column is 6 hours in UTC")


@given(hours=st.integers(1, 366 * 24), columns=st.integers(20, 300))
def test_no_row_of_the_map_is_wider_than_the_terminal_and_none_loses_an_occurrence(
    hours: int, columns: int
) -> None:
    times = [NOW + 60 * hour for hour in range(1, hours + 1, 7)]
    only = Timeline(NOW, NOW + 60 * hours, (), (), {"a": times}, {"poller": times})
    rows = [line for line in heat_map_text(only, PLAIN, columns).splitlines() if line[:1] in "ap"][
        :2
    ]
    for row in rows:
        assert len(row) <= max(columns, 6 + 2 + 28 + 2 + 5)
        assert row.endswith(f"  {len(times):,}")


def test_the_json_has_both_times() -> None:
    document = timeline_json(found(3), 10)
    assert document["next"][2] == {
        "name": "paris",
        "time": "2026-11-20T17:30Z",
        "local": "2026-11-20T18:30:00+01:00",
        "after": [],
    }
    assert document["suspended"] == ["paused"]


def test_the_calendar_has_an_event_per_occurrence_under_the_occurrences_id() -> None:
    by_name = {record.name: record for record in records()}
    calendar = icalendar.Calendar.from_ical(timeline_calendar(found(3), by_name))
    events = {str(event["UID"]): event for event in calendar.walk("VEVENT")}
    assert sorted(events) == [
        "hourly@2026-11-20T16:00Z",
        "hourly@2026-11-20T17:00Z",
        "hourly@2026-11-20T18:00Z",
        "paris@2026-11-20T17:30Z",
    ]
    paris = events["paris@2026-11-20T17:30Z"]
    assert paris.decoded("dtstart").isoformat() == "2026-11-20T17:30:00+00:00"
    assert str(paris["DESCRIPTION"]) == "shop/sync\nClosing time, in Paris"
