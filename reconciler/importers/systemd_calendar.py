"""Calendar expressions of systemd (`OnCalendar=`) as cron expressions.

Source: systemd.time(7), "Calendar events"; the tests compare with recorded answers of
`systemd-analyze calendar`. A weekday and a date are joined by AND there. Cron has no years, no
seconds and no days counted from a month's end, so these are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from reconciler.cron.days import EVERY_WEEKDAY
from reconciler.cron.fields import DAY_OF_MONTH, HOUR, MINUTE, MONTH, Field
from reconciler.importers.dialects import Cron, Times, UnclearError, in_cron

_NAMED: Final = {
    "minutely": "*:*",
    "hourly": "*:00",
    "daily": "*-*-*",
    "weekly": "Mon *-*-*",
    "monthly": "*-*-01",
    "quarterly": "*-01,04,07,10-01",
    **dict.fromkeys(("semiannually", "semi-annually", "biannually", "bi-annually"), "*-01,07-01"),
    **dict.fromkeys(("yearly", "annually", "anually"), "*-01-01"),
}
_DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_WEEKDAYS: Final = re.compile(r"[a-z]+(?:(?:,|\.\.|-)[a-z]+)*,?", re.IGNORECASE)
_ZONE: Final = re.compile(r"UTC|[A-Z][A-Za-z0-9_+-]*/[A-Za-z0-9_+/-]+")
_SECONDS: Final = re.compile(r"0+(\.0+)?")


class SystemdTimes(NamedTuple):
    """A calendar expression: its times and its zone, None for the machine's."""

    cron: Cron
    zone: str | None


def from_calendar(text: str) -> SystemdTimes:
    """A calendar expression in the dialect of manifests.

    Raises:
        UnclearError: systemd refuses it, or a manifest cannot say it.
    """
    words = text.split()
    zone = words.pop() if len(words) > 1 and _ZONE.fullmatch(words[-1]) else None
    if len(words) == 1:
        words = _NAMED.get(words[0].lower(), words[0]).split()
    weekdays = EVERY_WEEKDAY
    if words and _WEEKDAYS.fullmatch(words[0]):
        weekdays = _weekdays(words.pop(0))
    date = words.pop(0) if words and ":" not in words[0] else "*-*-*"
    time = words.pop(0) if words else "00:00"
    if words:
        raise UnclearError(f"systemd does not read `{' '.join(words)}` here")
    months, days = _date(date)
    minutes, hours = _time(time)
    return SystemdTimes(in_cron(Times(minutes, hours, days, months, weekdays, both=True)), zone)


def _weekdays(text: str) -> int:
    bits = 0
    for term in text.rstrip(",").split(","):
        first, _, last = term.replace("..", "-").partition("-")
        begin = _weekday(first)
        end = _weekday(last) if last else begin
        # The week of systemd begins on Monday.
        span = range((begin - 1) % 7, (end - 1) % 7 + 1)
        if not span:
            raise UnclearError(f"the range {term} runs backwards")
        bits |= sum(1 << (day + 1) % 7 for day in span)
    return bits


def _weekday(text: str) -> int:
    lower = text.lower()
    for number, name in enumerate(_DAYS):
        if lower in {name, name[:3]}:
            return number
    raise UnclearError(f"`{text}` is not a weekday")


def _date(text: str) -> tuple[int, int]:
    """The months and the days of the month."""
    if "~" in text:
        raise UnclearError("days counted from the end of the month (`~`) have no form in cron")
    parts = text.split("-")
    if len(parts) == 3:
        year = parts.pop(0)
        if year != "*":
            raise UnclearError(f"cron has no years: write `start` and `end`, or `at`, for {year}")
    if len(parts) != 2:
        raise UnclearError(f"`{text}` is not a date of systemd")
    return _component(MONTH, parts[0]), _component(DAY_OF_MONTH, parts[1])


def _time(text: str) -> tuple[int, int]:
    """The minutes and the hours."""
    parts = text.split(":")
    if len(parts) == 3 and not _SECONDS.fullmatch(parts.pop()):
        raise UnclearError("a manifest has no seconds: its times are whole minutes")
    if len(parts) != 2:
        raise UnclearError(f"`{text}` is not a time of systemd")
    return _component(MINUTE, parts[1]), _component(HOUR, parts[0])


def _component(field: Field, text: str) -> int:
    if text == "*":
        return field.full
    return sum({1 << value for value in _values(field, text)})


def _values(field: Field, text: str) -> Iterator[int]:
    for term in text.split(","):
        base, slash, repeat = term.partition("/")
        first, dots, last = base.partition("..")
        if base == "*":
            raise UnclearError(
                f"systemd does not read `{term}`: it is written {field.low}{term[1:]}"
            )
        begin = _number(first, field)
        step = _number(repeat, None) if slash else 1
        if step == 0:
            raise UnclearError(f"{field.name}: a repetition of 0")
        end = _number(last, field) if dots else field.high if slash else begin
        if end < begin:
            raise UnclearError(f"{field.name}: the range {base} runs backwards")
        yield from range(begin, end + 1, step)


def _number(text: str, field: Field | None) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise UnclearError(f"`{text}` is not a number")
    value = int(text)
    if field is not None and not field.low <= value <= field.high:
        raise UnclearError(f"{field.name}: {value} is not from {field.low} to {field.high}")
    return value
