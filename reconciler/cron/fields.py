"""One field of an expression: text to a bit set, bit v standing for value v.

The readings are those of Debian's cron(8) and cronsim: a step counts from the start of its range,
`N/S` means from N to the field's end, and 7 is Sunday.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from reconciler.cron.cron_errors import CronError


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """The name of a field, its lowest and highest value and the names that stand for values.

    There are five, and no two alike: each is compared and hashed as itself.
    """

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    @property
    def full(self) -> int:
        """The bit set of every value."""
        return (1 << (self.high + 1)) - (1 << self.low)

    @property
    def expected(self) -> str:
        """The values that may be written, for messages."""
        numbers = f"{self.low} to {self.high}"
        return f"{numbers} or {self.names[0]} to {self.names[-1]}" if self.names else numbers


MINUTE = Field("minute", 0, 59)
HOUR = Field("hour", 0, 23)
DAY_OF_MONTH = Field("day of month", 1, 31)
MONTH = Field(
    "month",
    1,
    12,
    ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)
DAY_OF_WEEK = Field("day of week", 0, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
FIELDS = (MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK)

SUNDAY_AS_SEVEN = 1 << 7


class Token:
    """A piece of the text and where it starts, so that errors point at the piece itself."""

    __slots__ = ("start", "text")

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.start = start

    def part(self, start: int, end: int | None = None) -> Token:
        """Return the piece between two offsets inside this one."""
        return Token(self.text[start:end], self.start + start)

    def split(self, separator: str) -> list[Token]:
        """Return the pieces between separators, each with its own start."""
        pieces = []
        at = 0
        for text in self.text.split(separator):
            pieces.append(Token(text, self.start + at))
            at += len(text) + 1
        return pieces

    def error(self, message: str, suggestion: str | None = None) -> CronError:
        """Return the error that points at this piece."""
        end = self.start + len(self.text)
        return CronError(message, start=self.start, end=end, suggestion=suggestion)


def parse_field(field: Field, token: Token) -> int:
    """Return the bit set of the values that a field's text names; 7 is folded into Sunday.

    Raises:
        CronError: not of this dialect, or out of range.
    """
    values = 0
    for term in token.split(","):
        values |= _term(field, term)
    if field is DAY_OF_WEEK and values & SUNDAY_AS_SEVEN:
        values = (values | 1) & ~SUNDAY_AS_SEVEN
    return values


@lru_cache(maxsize=1024)
def field_bits(field: Field, text: str) -> int:
    """The same of a text that stands by itself."""
    return parse_field(field, Token(text, 0))


def _term(field: Field, term: Token) -> int:
    try:
        return _values(field, term)
    except CronError:
        from reconciler.cron.unsupported import foreign_form  # start-up time: only when refusing

        foreign = foreign_form(term.text)
        if foreign is None:
            raise
        raise term.error(f"{field.name}: {foreign.message}", foreign.replacement) from None


def _values(field: Field, term: Token) -> int:
    if not term.text:
        raise term.error(f"{field.name}: nothing between two commas, expected {field.expected}")
    if term.text == "*":
        return field.full
    base, slash, _ = term.text.partition("/")
    low, high = _range(field, term.part(0, len(base)), open_ended=bool(slash))
    step = _step(field, term.part(len(base) + 1)) if slash else 1
    if slash and low == high and "-" in base:
        raise term.error(
            f"{field.name}: a step over the single value {low} is read differently by different "
            f"crons",
            suggestion=str(low),
        )
    return sum(1 << value for value in range(low, high + 1, step))


def _range(field: Field, term: Token, *, open_ended: bool) -> tuple[int, int]:
    if term.text == "*":
        return field.low, field.high
    first, dash, _ = term.text.partition("-")
    low = _value(field, term.part(0, len(first)))
    if not dash:
        return low, field.high if open_ended else low
    high = _value(field, term.part(len(first) + 1))
    if high < low:
        raise term.error(
            f"{field.name}: the range {term.text} runs backwards",
            suggestion=_wrapped(field, low, high),
        )
    return low, high


def _wrapped(field: Field, low: int, high: int) -> str:
    last = 6 if field is DAY_OF_WEEK else field.high
    ends = ((low, last), (field.low, high))
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ends)


def _step(field: Field, token: Token) -> int:
    if not _is_number(token.text) or int(token.text) == 0:
        raise token.error(f"{field.name}: a step is a number from 1 up, not {token.text!r}")
    return int(token.text)


def _value(field: Field, token: Token) -> int:
    text = token.text.upper()
    if text in field.names:
        return field.names.index(text) + field.low
    if not _is_number(text):
        raise token.error(_not_a_value(field, token.text), _meant_name(field, text))
    value = int(text)
    if not field.low <= value <= field.high:
        wrapped = "0" if value == field.high + 1 and field in {MINUTE, HOUR} else None
        raise token.error(
            f"{field.name}: {token.text} is out of range, expected {field.expected}", wrapped
        )
    return value


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _not_a_value(field: Field, text: str) -> str:
    for other in FIELDS:
        if text.upper() in other.names:
            return (
                f"{field.name}: {text} belongs into the field {other.name}, "
                f"expected {field.expected}"
            )
    return f"{field.name}: {text!r} is not a value, expected {field.expected}"


def _meant_name(field: Field, text: str) -> str | None:
    """Full names: `MONDAY` and `September` begin with the name that is meant."""
    return text[:3] if text.isalpha() and text[:3] in field.names else None
