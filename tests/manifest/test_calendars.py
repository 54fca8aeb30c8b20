"""Calendars in `exclude`: which days they exclude, and what is wrong with them, at its place."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date

import pytest

from reconciler.manifest import ManifestError, Schedule, Settings, load_contents
from reconciler.manifest.calendar import DateRange
from tests.manifest.repository import MemoryFiles


def event(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", "UID:1", "SUMMARY:Party", *lines, "END:VEVENT"])


def ics(*events: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *events, "END:VCALENDAR", ""])


def manifest(exclude: str, when: str = "0 6 * * *", zone: str = "Europe/Berlin") -> str:
    return (
        f'name: job\nschedule: "{when}"\ntimezone: {zone}\nfunction: app/job\n'
        f"exclude: [{exclude}]\n"
    )


def load(text: str, files: Mapping[str, str | bytes], year: int = 2026) -> Schedule:
    found = load_contents(
        [("schedules/job.yaml", text.encode())],
        settings=Settings(),
        code=MemoryFiles(files, year=year),
    )
    return found.schedules[0]


def days(text: str, files: Mapping[str, str | bytes], year: int = 2026) -> list[str]:
    """The excluded days, a range as `first..last`."""
    return [
        str(one.first) if one.first == one.last else f"{one.first}..{one.last}"
        for calendar in load(text, files, year).calendars
        for one in calendar.days
    ]


def of_file(content: str, when: str = "0 6 * * *", zone: str = "Europe/Berlin") -> list[str]:
    return days(manifest("{calendar: days.ics}", when, zone), {"days.ics": content})


def problem(text: str, files: Mapping[str, str | bytes]) -> str:
    with pytest.raises(ManifestError) as caught:
        load(text, files)
    (found,) = caught.value.problems
    return str(found)


def test_a_day_and_an_event_of_several_days_are_excluded() -> None:
    content = ics(
        event("DTSTART;VALUE=DATE:20261225"),
        event("DTSTART;VALUE=DATE:20261231", "DTEND;VALUE=DATE:20270103"),
    )

    assert of_file(content) == ["2026-12-25", "2026-12-31..2027-01-02"]


def test_adjoining_days_are_one_range() -> None:
    content = ics(event("DTSTART;VALUE=DATE:20261225"), event("DTSTART;VALUE=DATE:20261226"))

    assert of_file(content) == ["2026-12-25..2026-12-26"]


def test_a_yearly_event_is_excluded_from_the_year_before_to_the_second_after() -> None:
    content = ics(event("DTSTART;VALUE=DATE:20010501", "RRULE:FREQ=YEARLY"))

    assert of_file(content) == ["2025-05-01", "2026-05-01", "2027-05-01", "2028-05-01"]


def test_the_year_is_that_of_the_files() -> None:
    content = ics(event("DTSTART;VALUE=DATE:20010501", "RRULE:FREQ=YEARLY"))

    found = days(manifest("{calendar: days.ics}"), {"days.ics": content}, year=2030)

    assert found[0] == "2029-05-01"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (["RRULE:FREQ=YEARLY;COUNT=2"], ["2026-05-01", "2027-05-01"]),
        (["RRULE:FREQ=YEARLY;UNTIL=20270501"], ["2026-05-01", "2027-05-01"]),
        (["RRULE:FREQ=MONTHLY;COUNT=2"], ["2026-05-01", "2026-06-01"]),
        (
            ["RRULE:FREQ=YEARLY;COUNT=3", "EXDATE;VALUE=DATE:20270501"],
            ["2026-05-01", "2028-05-01"],
        ),
        (["RDATE;VALUE=DATE:20260507,20260509"], ["2026-05-01", "2026-05-07", "2026-05-09"]),
    ],
)
def test_recurrence_is_followed(rule: list[str], expected: list[str]) -> None:
    assert of_file(ics(event("DTSTART;VALUE=DATE:20260501", *rule))) == expected


def test_one_occurrence_can_be_moved_or_cancelled() -> None:
    content = ics(
        event("DTSTART;VALUE=DATE:20260501", "RRULE:FREQ=YEARLY;COUNT=3"),
        event("RECURRENCE-ID;VALUE=DATE:20270501", "DTSTART;VALUE=DATE:20270503"),
        event(
            "RECURRENCE-ID;VALUE=DATE:20280501",
            "DTSTART;VALUE=DATE:20280501",
            "STATUS:CANCELLED",
        ),
    )

    assert of_file(content) == ["2026-05-01", "2027-05-03"]


def test_free_time_counts_because_holidays_are_marked_so() -> None:
    content = ics(event("DTSTART;VALUE=DATE:20261225", "TRANSP:TRANSPARENT"))

    assert of_file(content) == ["2026-12-25"]


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("DTSTART;TZID=Europe/Berlin:20261224T050000", "DURATION:PT2H", ["2026-12-24"]),
        ("DTSTART;TZID=W. Europe Standard Time:20261224T050000", "DURATION:PT2H", ["2026-12-24"]),
        ("DTSTART:20261224T050000Z", "DTEND:20261224T053000Z", ["2026-12-24"]),
        ("DTSTART:20261224T053000", "DTEND:20261224T063000", ["2026-12-24"]),
        ("DTSTART;TZID=Asia/Tokyo:20261224T135900", "DURATION:PT2M", ["2026-12-24"]),
        ("DTSTART:20261224T060000Z", "DTEND:20261224T230000Z", []),
        ("DTSTART;TZID=Europe/Berlin:20261224T040000", "DURATION:PT2H", []),
        (
            "DTSTART;TZID=Europe/Berlin:20261224T180000",
            "DTEND;TZID=Europe/Berlin:20261227T060000",
            ["2026-12-25..2026-12-26"],
        ),
    ],
)
def test_an_event_with_times_excludes_the_days_whose_occurrences_it_covers(
    begin: str, end: str, expected: list[str]
) -> None:
    assert of_file(ics(event(begin, end))) == expected


def test_a_weekly_event_keeps_its_local_time_over_a_clock_change() -> None:
    content = ics(
        event(
            "DTSTART;TZID=Europe/Berlin:20261019T053000",
            "DURATION:PT1H",
            "RRULE:FREQ=WEEKLY;COUNT=2",
        )
    )

    assert of_file(content) == ["2026-10-19", "2026-10-26"]


def test_an_event_that_covers_some_occurrences_of_a_day_is_refused() -> None:
    content = ics(event("DTSTART:20261224T120000Z", "DTEND:20261224T180000Z"))

    assert problem(manifest("{calendar: days.ics}", "@hourly"), {"days.ics": content}) == (
        "schedules/job.yaml:5:22: event `Party` of `days.ics` covers 6 of 24 occurrences on "
        "2026-12-24, and a calendar excludes whole days\n"
        "  let the event last the whole day, or write a cron expression in `exclude`"
    )


def test_the_end_of_the_data_is_the_last_day_of_its_events() -> None:
    content = ics(event("DTSTART;VALUE=DATE:20261225", "DTEND;VALUE=DATE:20261227"))

    (calendar,) = load(manifest("{calendar: days.ics}"), {"days.ics": content}).calendars

    assert calendar.ends == date(2026, 12, 26)


def test_public_holidays_are_those_of_the_place() -> None:
    (calendar,) = load(manifest("{holidays: {country: DE, subdivision: BE}}"), {}).calendars

    assert DateRange(date(2026, 3, 8), date(2026, 3, 8)) in calendar.days  # in Berlin alone
    assert DateRange(date(2026, 12, 25), date(2026, 12, 26)) in calendar.days
    assert calendar.edition
    assert calendar.ends == date(2028, 12, 31)


@pytest.mark.parametrize(
    ("exclude", "expected"),
    [
        (
            "{calendar: holidays/DE.ics}",
            (
                "5:22: there is no file `holidays/DE.ics` in the work tree\n  correct the path, "
                "which begins at the folder of reconciler.yaml, or add and commit the file"
            ),
        ),
        (
            "{calendar: ../DE.ics}",
            "5:22: a calendar must be inside the repository\n  remove `..`",
        ),
        (
            "{calendar: /etc/DE.ics}",
            (
                "5:22: `exclude[0].calendar` must be a relative path with forward slashes, not "
                "`/etc/DE.ics`"
            ),
        ),
        (
            "{calender: DE.ics}",
            "5:12: unknown key `exclude[0].calender`\n  did you mean `calendar`?",
        ),
        (
            "{holiday: {country: DE}}",
            "5:12: unknown key `exclude[0].holiday`\n  did you mean `holidays`?",
        ),
        (
            "{holidays: {country: DE, subdivison: BE}}",
            "5:36: unknown key `exclude[0].holidays.subdivison`\n  did you mean `subdivision`?",
        ),
        (
            "{holidays: {country: Germany}}",
            "5:22: `holidays` knows no country `Germany`\n  did you mean `DE`?",
        ),
        (
            "{holidays: {country: QQ}}",
            "5:22: `holidays` knows no country `QQ`\n  write its ISO 3166 code, such as DE",
        ),
        (
            "{holidays: {country: DE, subdivision: BEE}}",
            "5:22: `holidays` knows no subdivision `BEE` of DE\n  did you mean `BE`?",
        ),
    ],
)
def test_a_wrong_item_is_refused_at_its_place(exclude: str, expected: str) -> None:
    assert expected in problem_lines(exclude)


def problem_lines(exclude: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load(manifest(exclude), {})
    return [str(one).removeprefix("schedules/job.yaml:") for one in caught.value.problems]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is not an iCalendar file: "),
        (b"garbage", "is not an iCalendar file: "),
        (b"\xff\xfe\x00", "is not UTF-8: invalid byte 0xff"),
        (b"BEGIN:VEVENT\nEND:VEVENT\n", "is not an iCalendar file: it does not begin with"),
        (b"BEGIN:VCALENDAR\n" + b"X-A:1\n" * 200_000, "is larger than 1 MiB"),
        (ics(), "has no events"),
        (ics(event("DTSTART:2026")), "its DTSTART cannot be read"),
        (ics(event()), "it has no DTSTART"),
        (ics(event("DTSTART;TZID=Mars/Base:20261224T120000")), "unknown time zone 'Mars/Base'"),
        (ics(event("DTSTART:20261224T120000Z")), "it ends when it begins, or before"),
        (
            ics(event("DTSTART;VALUE=DATE:20261224", "RRULE:FREQ=SECONDLY")),
            "it recurs more often than daily",
        ),
        (
            ics(event("DTSTART;VALUE=DATE:20261224", "RRULE:FREQ=DAILY;BYHOUR=1,2")),
            "it recurs more often than daily",
        ),
        (
            ics(event("DTSTART;VALUE=DATE:20261224", "RRULE:FREQ=DAILY;INTERVAL=0")),
            "its INTERVAL is less than 1",
        ),
        (
            ics(event("DTSTART;VALUE=DATE:00010101", "RRULE:FREQ=DAILY")),
            "it recurs from a year before 1900",
        ),
        (
            ics(*[event("DTSTART;VALUE=DATE:20261224", "RRULE:FREQ=DAILY")] * 201),
            "has more than 200 recurring events",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(content: str | bytes, expected: str) -> None:
    found = problem(manifest("{calendar: days.ics}"), {"days.ics": content})

    assert found.startswith("schedules/job.yaml:5:22: ")
    assert expected in found


def test_a_calendar_is_read_once() -> None:
    files = MemoryFiles({"days.ics": ics(event("DTSTART;VALUE=DATE:20261225"))})
    text = manifest("{calendar: days.ics}")

    load_contents(
        [(f"schedules/{name}.yaml", text.replace("job", name).encode()) for name in ("a", "b")],
        settings=Settings(),
        code=files,
    )

    assert files.reads == {"days.ics": 1}


def test_what_no_manifest_uses_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("holidays", "reconciler.manifest.calendar_files"):
        monkeypatch.delitem(sys.modules, module, raising=False)

    load(manifest("2026-12-25"), {})

    assert {"holidays", "reconciler.manifest.calendar_files"}.isdisjoint(sys.modules)
