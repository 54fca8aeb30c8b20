"""What is refused: the message, the place it points at and what is suggested instead."""

from __future__ import annotations

import pytest

from reconciler.cron import CronError, parse, parse_times
from reconciler.errors import ReconcileError


def refusal(text: str) -> CronError:
    with pytest.raises(CronError) as caught:
        parse_times(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "about", "message", "suggestion"),
    [
        ("0 0 6 * * *", "0 0 6 * * *", "seconds and years are not supported", "0 6 * * *"),
        ("0 0 6 * * MON 2027", "0 0 6 * * MON 2027", "seconds and years", "0 6 * * MON"),
        ("0 0 ? * *", "?", "`?` (no value) is not supported: `*` says the same", "*"),
        ("0 0 L * *", "L", "`L` (last) is not supported: run on the days", None),
        ("0 0 L-3 * *", "L-3", "`L` (last) is not supported", None),
        ("0 0 * * 5L", "5L", "`L` (last) is not supported", None),
        ("0 0 * * friL", "friL", "`L` (last) is not supported", None),
        ("0 0 1,15W * *", "15W", "`W` (nearest weekday) is not supported", None),
        ("0 0 LW * *", "LW", "`W` (nearest weekday) is not supported", None),
        ("0 0 * * MON#2", "MON#2", "`#` (nth weekday of the month) is not supported", None),
        ("R 0 * * *", "R", "random times (`R`, `~`) are not supported", None),
        ("0~30 0 * * *", "0~30", "random times (`R`, `~`) are not supported", None),
        ("H H(0-7) * * *", "H", "hashed times (`H`) are not supported", None),
        ("H/15 * * * *", "H/15", "hashed times (`H`) are not supported", None),
        ("@reboot", "@reboot", "nothing boots here", None),
        ("@every 5m", "@every 5m", "write the interval itself", "5m"),
        ("@dayly", "@dayly", "unknown name @dayly", "@daily"),
        ("@x", "@x", "unknown name @x", None),
        ("@daily 6", "@daily 6", "@daily stands alone", "@daily"),
        ("0 0 30 2 *", "30 2 *", "never occurs", None),
        ("0 0 31 4,6,9,11 *", "31 4,6,9,11 *", "never occurs", None),
        ("0 0 30 2 */2", "30 2 */2", "never occurs", None),
        ("60 * * * *", "60", "60 is out of range, expected 0 to 59", "0"),
        ("61 * * * *", "61", "61 is out of range, expected 0 to 59", None),
        ("0 0 32 * *", "32", "32 is out of range, expected 1 to 31", None),
        ("0 24 * * *", "24", "24 is out of range, expected 0 to 23", "0"),
        ("0 0 0 * *", "0", "0 is out of range, expected 1 to 31", None),
        ("0 0 * 13 *", "13", "expected 1 to 12 or JAN to DEC", None),
        ("0 0 * * 1-8", "8", "expected 0 to 7 or SUN to SAT", None),
        ("0 0 * * MONDAY", "MONDAY", "'MONDAY' is not a value", "MON"),
        ("0 0 * MON *", "MON", "belongs into the field day of week", None),
        ("0 22-2 * * *", "22-2", "runs backwards", "22-23,0-2"),
        ("0 0 * * SAT-SUN", "SAT-SUN", "runs backwards", "6,0"),
        ("*/0 * * * *", "0", "a step is a number from 1 up", None),
        ("*/ * * * *", "", "a step is a number from 1 up", None),
        ("10-10/5 * * * *", "10-10/5", "a step over the single value 10", "10"),
        ("1,,2 * * * *", "", "nothing between two commas", None),
        ("+5 * * * *", "+5", "'+5' is not a value, expected 0 to 59", None),
        ("٣ * * * *", "٣", "is not a value", None),
        ("0", "0", "1 field, expected five (minute, hour, day of month", None),
        ("0 0 6 * * * * *", "0 0 6 * * * * *", "8 fields, expected five", None),
        ("0 6 * *", "0 6 * *", "4 fields, expected five (minute, hour, day of month", None),
        ("0 6 * * * /bin/run", "0 6 * * * /bin/run", "6 fields, expected five", None),
        ("TZ=UTC 0 6 * * *", "TZ=UTC 0 6 * * *", "set the time zone by its own key", None),
        ("  ", "  ", "empty: expected five fields", None),
        ("7m", "7m", "7m does not divide a day evenly", "6m"),
        ("7h", "7h", "the nearest that do: 6h and 8h", "6h"),
        ("11h", "11h", "the nearest that do: 8h and 12h", "12h"),
        ("23h", "23h", "the nearest that do: 12h and 1d", "1d"),
        ("35m", "35m", "the nearest that do: 32m and 36m", "36m"),
        ("2d", "2d", "2d names no first time", None),
        ("0m", "0m", "0m is not longer than zero", None),
        ("5minutes", "5minutes", "unknown unit 'minutes': expected m", "5m"),
        ("30s", "30s", "unknown unit 's': expected m (minutes), h (hours), d (days)", None),
    ],
)
def test_refusals_say_what_where_and_what_instead(
    text: str, about: str, message: str, suggestion: str | None
) -> None:
    refused = refusal(text)
    assert message in refused.message
    assert text[refused.start : refused.end] == about
    assert refused.suggestion == suggestion


def test_a_suggestion_takes_the_place_of_what_is_refused() -> None:
    text = "0 22-2 * * *"
    refused = refusal(text)
    assert refused.suggestion is not None
    repaired = text[: refused.start] + refused.suggestion + text[refused.end :]
    assert parse(repaired) == parse("0 22,23,0,1,2 * * *")


def test_a_refusal_is_an_error_for_people_and_a_value_error() -> None:
    refused = refusal("0 24 * * *")
    assert isinstance(refused, ReconcileError)
    assert isinstance(refused, ValueError)
    assert str(refused) == "hour: 24 is out of range, expected 0 to 23\n  Did you mean `0`?"


def test_a_text_of_any_length_is_refused_at_once() -> None:
    text = "1," * 1_000_000
    refused = refusal(text)
    assert "at most 1000 characters" in refused.message
    assert (refused.start, refused.end) == (0, len(text))


def test_an_expression_has_at_most_1000_characters() -> None:
    longest = "0 0 * * *".ljust(1000)
    assert parse(longest) == parse("0 0 * * *")
    assert "this one 1001" in refusal(f"{longest} ").message


@pytest.mark.parametrize("day_fields", ["30 2 1", "29 2 *", "29 2 */7", "31 * *"])
def test_what_occurs_in_some_year_is_accepted(day_fields: str) -> None:
    assert parse(f"0 0 {day_fields}").dates
