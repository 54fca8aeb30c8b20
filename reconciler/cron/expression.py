"""An expression of five fields: text to bit sets, and the refusal of what cannot be meant."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from reconciler.cron.cron_errors import CronError
from reconciler.cron.days import DaySet, cycle_days, day_set
from reconciler.cron.fields import FIELDS, Token, field_bits, parse_field
from reconciler.cron.text import members

MAX_LENGTH = 1000
"""Characters; the longest sensible text lists every value of every field, in some 400."""

MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

# Whitespace of ASCII only, as in cron: a no-break space is a wrong character, not a separator.
_WORD = re.compile(r"[^ \t\r\n\f\v]+")
_LIKE_A_FIELD = re.compile(r"[0-9*?][0-9A-Za-z*?,/#~-]*|[A-Za-z]{3}([-,][A-Za-z]{3})*")


@dataclass(frozen=True, slots=True)
class Expression:
    """One cron expression. Equal when they have the same times; the text does not count.

    Attributes:
        minutes, hours: bit sets, bit v standing for value v.
        days: days of the month, bits 1 to 31.
        months: bits 1 to 12.
        weekdays: bits 0 (Sunday) to 6.
        both_days: a day must match `days` and `weekdays`; otherwise one of them is enough.
            Debian's rule: "and" when either field starts with `*`.
        wildcard: the minute or the hour starts with `*`. At a clock change such an expression
            follows the wall clock; the others run once for a skipped or a repeated time.
        text: what was parsed.
        cycle: the epoch day of the first day and the days from one to the next, of an interval of
            several days; `days` and `weekdays` then hold all of its days, and more.
    """

    minutes: int
    hours: int
    days: int
    months: int
    weekdays: int
    both_days: bool
    wildcard: bool
    text: str = field(compare=False)
    cycle: tuple[int, int] | None = None

    def __str__(self) -> str:
        return self.text

    @property
    def times(self) -> int:
        """The minutes of a matching day as a bit set, bit 0 being 00:00."""
        return times_of_day(self.minutes, self.hours)

    @property
    def dates(self) -> DaySet:
        """The matching days."""
        if self.cycle is not None:
            return cycle_days(*self.cycle)
        return day_set(self.days, self.months, self.weekdays, both=self.both_days)


@lru_cache(maxsize=4096)
def times_of_day(minutes: int, hours: int) -> int:
    """Return the minutes of a day that minutes and hours make together, bit 0 being 00:00."""
    return sum(minutes << 60 * hour for hour in members(hours))


@lru_cache(maxsize=16384)
def parse(text: str) -> Expression:
    """Parse five fields or one of MACROS.

    Raises:
        CronError: not of this dialect (seconds, years, `?`, `L`, `W`, `#`, `R`, `H`, `@reboot`),
            out of range, or naming a date that no year has.
    """
    if len(text) > MAX_LENGTH:
        raise CronError(
            f"an expression has at most {MAX_LENGTH} characters, this one {len(text)}",
            start=0,
            end=len(text),
        )
    _refuse_hidden(text)
    words = _WORD.findall(text)
    if len(words) != len(FIELDS) or words[0].startswith("@"):
        return _macro(text, _tokens(text))
    try:
        minutes, hours, days, months, weekdays = map(field_bits, FIELDS, words)
    except CronError:
        for kind, token in zip(FIELDS, _tokens(text), strict=True):
            parse_field(kind, token)  # refuses it again, where it stands
        raise
    expression = Expression(
        minutes,
        hours,
        days,
        months,
        weekdays,
        both_days=words[2].startswith("*") or words[4].startswith("*"),
        wildcard=words[0].startswith("*") or words[1].startswith("*"),
        text=text,
    )
    if not expression.dates:
        _, _, first, _, last = _tokens(text)
        raise CronError(
            f"never occurs: no year has a day that matches `{text[first.start : _end(last)]}` (day "
            f"of month, month, day of week)",
            start=first.start,
            end=_end(last),
        )
    return expression


def _tokens(text: str) -> list[Token]:
    return [Token(match.group(), match.start()) for match in _WORD.finditer(text)]


def _refuse_hidden(text: str) -> None:
    if text.isascii():
        return
    from reconciler.foreign_text import hidden_space  # start-up time: only when refusing

    hidden = hidden_space(text)
    if hidden is not None:
        at, name = hidden
        raise CronError(f"{name} where a plain space is expected", start=at, end=at + 1)


def _macro(text: str, words: list[Token]) -> Expression:
    if not words or not words[0].text.startswith("@"):
        raise _not_five(text, words)
    name = words[0]
    whole = Token(text[name.start : _end(words[-1])], name.start)
    known = name.text.lower()
    if known == "@reboot":
        raise whole.error("@reboot is not supported: nothing boots here, give times")
    if known == "@every":
        raise whole.error(
            "@every is not supported: write the interval itself, such as 10m, 6h or 1d",
            "".join(word.text for word in words[1:]) or None,
        )
    if known not in MACROS:
        import difflib  # start-up time: only when refusing

        close = difflib.get_close_matches(known, MACROS, n=1)
        raise whole.error(
            f"unknown name {name.text}: expected one of {', '.join(MACROS)}",
            close[0] if close else None,
        )
    if len(words) > 1:
        raise whole.error(f"{name.text} stands alone, nothing may follow it", name.text)
    expanded = parse(MACROS[known])
    return Expression(
        minutes=expanded.minutes,
        hours=expanded.hours,
        days=expanded.days,
        months=expanded.months,
        weekdays=expanded.weekdays,
        both_days=expanded.both_days,
        wildcard=expanded.wildcard,
        text=text,
    )


def _not_five(text: str, words: list[Token]) -> CronError:
    names = ", ".join(field.name for field in FIELDS)
    if not words:
        message = f"empty: expected five fields ({names}), or @daily"
        return CronError(message, start=0, end=len(text))
    whole = Token(text[words[0].start : _end(words[-1])], words[0].start)
    if "=" in words[0].text:
        return whole.error(
            f"`{words[0].text}` is not part of an expression: set the time zone by its own key"
        )
    if len(words) in {6, 7} and all(_LIKE_A_FIELD.fullmatch(word.text) for word in words):
        return whole.error(
            f"{len(words)} fields: seconds and years are not supported, expected five ({names})",
            " ".join(word.text for word in words[1:6]),
        )
    fields = "1 field" if len(words) == 1 else f"{len(words)} fields"
    return whole.error(f"{fields}, expected five ({names})")


def _end(token: Token) -> int:
    return token.start + len(token.text)
