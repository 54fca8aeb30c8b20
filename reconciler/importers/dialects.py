"""The times of another scheduler as the cron dialect of manifests says them.

Schedulers read one text in different ways. They number the weekdays from 0 or from 1, a range may
wrap (`22-4`), and a day of month and a day of week are joined by OR, by AND, or by a rule on the
character `*`. Each importer reads its own dialect into :class:`Times`; :func:`in_cron` writes them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple, TypeAlias

from reconciler.cron import CronError
from reconciler.cron.days import EVERY_WEEKDAY
from reconciler.cron.fields import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    FIELDS,
    HOUR,
    MINUTE,
    MONTH,
    Field,
    field_bits,
)
from reconciler.cron.text import listed, stepped
from reconciler.durations import format_duration

EVERY_DAY: Final = DAY_OF_MONTH.full


FiveSets: TypeAlias = tuple[int, int, int, int, int]
"""The bit sets of minutes, hours, days, months and weekdays."""


class UnclearError(ValueError):
    """The other scheduler refuses a text, or its meaning is not known for certain."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a dialect reads a field.

    Attributes:
        wraps: whether a range may run over the end of its field.
        single: whether a range may begin and end with one value.
        sunday: the number of Sunday.
        last_weekday: the highest number of a day of week.
        any_value: the texts that stand for every value.
        long_steps: whether a step may be as large as its field.
        open_steps: whether `10/20` goes from 10 to the end of the field.
    """

    wraps: bool = False
    single: bool = True
    sunday: int = 0
    last_weekday: int = 7
    any_value: frozenset[str] = frozenset("*")
    long_steps: bool = True
    open_steps: bool = True

    def values(self, field: Field, text: str) -> int:
        """The bit set of a field's values; Sunday is bit 0.

        Raises:
            UnclearError: the dialect does not have this form.
        """
        found = 0
        for term in text.split(","):
            found |= self._term(field, term)
        return found

    def five(self, text: str, where: str) -> tuple[Sequence[str], FiveSets]:
        """The five words of an expression, and the bit set of each.

        Args:
            where: whose expression it is, for messages.

        Raises:
            UnclearError: it has not five fields, or one whose meaning is not known for certain.
        """
        words = text.split()
        if len(words) != len(FIELDS):
            raise UnclearError("a manifest has five fields, without seconds and years")
        if any("*" in word.split(",") for word in words if word != "*"):
            raise UnclearError(f"the meaning of `*` in a list is not known for {where}")
        minutes, hours, days, months, weekdays = map(self.values, FIELDS, words)
        return words, (minutes, hours, days, months, weekdays)

    def _term(self, field: Field, term: str) -> int:
        base, slash, step_text = term.partition("/")
        step = _number(step_text) if slash else 1
        if step == 0:
            raise UnclearError(f"{field.name}: a step of 0")
        low, count = self._span(field)
        if step >= count and not self.long_steps:
            raise UnclearError(f"{field.name}: the step {step} is as large as the field")
        if base in self.any_value:
            first, last = low, low + count - 1
        else:
            begin, dash, end = base.partition("-")
            if slash and not dash and not self.open_steps:
                raise UnclearError(f"{field.name}: {term} has a step and no range")
            first = self._value(field, begin)
            last = self._value(field, end) if dash else low + count - 1 if slash else first
            if dash and first == last and not self.single:
                raise UnclearError(f"{field.name}: the range {base}")
            if last < first and self.wraps:
                last += count
        if last < first:
            raise UnclearError(f"{field.name}: the range {base} runs backwards")
        offset = self.sunday if field is DAY_OF_WEEK else 0
        bits = 0
        for value in range(first, last + 1, step):
            bits |= 1 << (value - low) % count + low - offset
        return bits

    def _span(self, field: Field) -> tuple[int, int]:
        if field is DAY_OF_WEEK:
            return self.sunday, 7
        return field.low, field.high - field.low + 1

    def _value(self, field: Field, text: str) -> int:
        names = [name.lower() for name in field.names]
        if text.lower() in names:
            return names.index(text.lower()) + self._span(field)[0]
        if not text.isdigit():
            raise UnclearError(f"{field.name}: `{text}` is not a value that cron has")
        value = _number(text)
        low = self.sunday if field is DAY_OF_WEEK else field.low
        high = self.last_weekday if field is DAY_OF_WEEK else field.high
        if not low <= value <= high:
            raise UnclearError(f"{field.name}: {text} is not from {low} to {high}")
        return value


class Times(NamedTuple):
    """Bit sets of the five fields, Sunday being bit 0 of the weekdays.

    Attributes:
        both: a day must match ``days`` and ``weekdays``; otherwise one of them is enough.
    """

    minutes: int
    hours: int
    days: int
    months: int
    weekdays: int
    both: bool


class Cron(NamedTuple):
    """A manifest's ``schedule`` and ``exclude``."""

    schedule: str
    exclude: tuple[str, ...] = ()


def in_cron(times: Times, written: Sequence[str] = ()) -> Cron:
    """The times in the dialect of manifests.

    A day of month and a day of week that must both match become the days of the month, without the
    other weekdays (`exclude`): cron itself has no readable form for AND.

    Args:
        written: the five fields as the other scheduler has them; a field that says the same in
            both dialects stays as it is.
    """
    free_days, free_weekdays = times.days == EVERY_DAY, times.weekdays == EVERY_WEEKDAY
    exclude: tuple[str, ...] = ()
    days, weekdays = times.days, times.weekdays
    if times.both and not free_days and not free_weekdays:
        exclude = (f"* * * * {listed(EVERY_WEEKDAY & ~weekdays)}",)
        free_weekdays = True
    elif not times.both and (free_days or free_weekdays):
        free_days = free_weekdays = True
    texts = (
        stepped(MINUTE, times.minutes),
        stepped(HOUR, times.hours),
        "*" if free_days else listed(days),
        "*" if times.months == MONTH.full else listed(times.months),
        "*" if free_weekdays else listed(weekdays),
    )
    wanted = (times.minutes, times.hours, days, times.months, weekdays)
    fields = (_chosen(*each) for each in zip(FIELDS, texts, wanted, written or texts, strict=True))
    return Cron(" ".join(fields), exclude)


def _chosen(field: Field, ours: str, bits: int, theirs: str) -> str:
    """Their text of a field if it says the same here, else ours."""
    if field in {DAY_OF_MONTH, DAY_OF_WEEK} and theirs.startswith("*/"):
        # A day field that begins with `*` would be joined by AND.
        theirs = f"{field.low}-{31 if field is DAY_OF_MONTH else 6}{theirs[1:]}"
    return theirs if ours != "*" and _says(field, theirs, bits) else ours


def is_unclear(cron: str) -> bool:
    """Whether readers of cron disagree: both day fields are restricted, and one begins with `*`."""
    fields = cron.split()
    days = (fields[2], fields[4]) if len(fields) == len(FIELDS) else ("*", "*")
    return "*" not in days and any(field.startswith("*") for field in days)


def interval(every: timedelta) -> str:
    """A duration as a manifest's interval: a number and one of m, h, d, w.

    Raises:
        UnclearError: it is not a positive number of whole minutes.
    """
    if every <= timedelta() or every % timedelta(minutes=1):
        raise UnclearError("a manifest has no seconds: its times are whole minutes")
    for unit, size in (("w", timedelta(weeks=1)), ("d", timedelta(days=1))):
        if not every % size:
            return "1d" if every == timedelta(days=1) else f"{every // size}{unit}"
    text = format_duration(every)
    return text if re.fullmatch(r"\d+[mh]", text) else f"{every // timedelta(minutes=1)}m"


def _says(field: Field, text: str, bits: int) -> bool:
    """Whether a field's text names these values here; a day field must not begin with `*`."""
    if field in {DAY_OF_MONTH, DAY_OF_WEEK} and text.startswith("*"):
        return False
    try:
        return field_bits(field, text) == bits
    except CronError:
        return False


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 4:
        raise UnclearError(f"{text or 'nothing'} is not a number")
    return int(text)
