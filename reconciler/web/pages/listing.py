"""The schedules as a table: which rows, in which order, and what each says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.cron import minute
from reconciler.model.occurrence import format_minute
from reconciler.query.last_hours import LastHours
from reconciler.query.long_run import Usual
from reconciler.query.status import ATTENTION, ScheduleStatus, State
from reconciler.render.runs_text import brief
from reconciler.render.when_words import when_in_words
from reconciler.web.pages.commands import trouble_of
from reconciler.web.pages.glyphs import (
    ORDER,
    Glyph,
    glyph_of,
    urgency,
    word_of,
)
from reconciler.web.pages.moments import Moment, moment, span
from reconciler.web.pages.strips import Strip, strip_of

PAGE: Final = 100
LATE: Final = timedelta(minutes=1)
"""From which on a late start is shown."""
LONGEST: Final = 300
"""Characters of a foreign text that a list shows; the schedule's page shows the rest."""


@dataclass(frozen=True, slots=True)
class Row:
    """A schedule in the table.

    Attributes:
        reason: why it is in its state; empty where the state says all.
        late: `+21 min`, where its last run started late.
        last, following: None where it never ran, or does not run again.
    """

    name: str
    glyph: Glyph
    reason: str
    when: str
    zone: str
    owner: str
    last: Moment | None
    late: str
    strip: Strip
    following: Moment | None


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter by state, with the number of schedules in it."""

    word: str
    state: str
    number: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the table is asked for; all of it stands in the URL.

    Attributes:
        text: that name, owner, a label or the state must hold.
        state: a state, or `attention`; empty for all.
        by_name: whether names alone order the rows.
        page: from 1.
    """

    text: str = ""
    state: str = ""
    by_name: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the table.

    Attributes:
        total: schedules in all; `found`: those that the filter lets through.
        pages: how many there are, at least one.
    """

    rows: tuple[Row, ...]
    chips: tuple[Chip, ...]
    total: int
    attention: int
    found: int
    page: int
    pages: int


def listing(
    schedules: Sequence[ScheduleStatus], hours: LastHours, wanted: Wanted, now: datetime
) -> Listing:
    """Put a page of the table together."""
    matching = [one for one in schedules if holds(one, wanted.text)]
    found = [one for one in matching if _is_in(one, wanted.state)]
    found.sort(key=lambda one: ((0, 0) if wanted.by_name else urgency(one), one.record.name))
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, wanted.page), pages)
    shown = found[(page - 1) * PAGE : page * PAGE]
    return Listing(
        rows=tuple(_row(one, hours, now) for one in shown),
        chips=tuple(_chips(matching, wanted.state)),
        total=len(schedules),
        attention=sum(not one.well for one in schedules),
        found=len(found),
        page=page,
        pages=pages,
    )


def reason_of(one: ScheduleStatus, now: datetime) -> str:
    """Why a schedule is in its state, in one sentence without a full stop."""
    record, last = one.record, one.last
    if one.ahead:
        return f"A wrong clock set it ahead; it does not run before {format_minute(record.anchor)}"
    match one.state:
        case State.SUSPENDED:
            until = "" if record.resumes is None else f"Until {moment(record.resumes, now).text}"
            return ": ".join(filter(None, (until, brief(record.suspended or ""))))
        case State.OVERDUE:
            reason = f": {brief(last.reason)}" if last is not None and last.reason else ""
            return f"Due {moment(trouble_of(one), now).text}, not started{reason}"
        case State.MISSED if last is not None and last.reason:
            return f"{moment(last.occurrence.at, now).text}: {brief(last.reason)}"
        case State.TIMED_OUT if last is not None:
            return _sentence(last.reason)
        case State.NO_RUN:
            return "No run yet"
        case State.LONG_RUN if one.usual is not None:
            return long_run(one, one.usual, now)
        case State.DRIFT:
            return f"It {one.drift}"
        case State.SKIPPED if one.skipped is not None:
            at = moment(one.skipped.occurrence.at, now).text
            return f"{at}: {brief(one.skipped.reason or 'skipped')}"
        case State.SUCCEEDED:
            return ""
        case State.WAITING if last is not None and one.start_by is not None:
            return f"{_sentence(last.reason)}. {_by(one.start_by, now)}"
        case _:
            return "" if last is None or not last.reason else brief(last.reason)


def _sentence(reason: str | None) -> str:
    said = brief(reason or "")
    return f"{said[:1].upper()}{said[1:]}"


def _by(at: int, now: datetime) -> str:
    """`It should start by 09:00Z, in 1 h 20 min`."""
    when = moment(at, now)
    should = "should start" if at > minute(now) else "should have started"
    return f"It {should} by {when.text}, {when.relative or 'now'}"


def long_run(one: ScheduleStatus, usual: Usual, now: datetime) -> str:
    """How long the newest run has been running, what it usually takes, and when it is stopped."""
    assert one.last is not None
    assert one.last.started is not None
    begun = datetime.fromisoformat(one.last.started)
    shortest, longest = (span(timedelta(seconds=n)) for n in (usual.shortest, usual.longest))
    took = f"at most {longest}" if shortest == longest else f"{shortest} to {longest}"
    said = f"Running for {span(now - begun)}; the {usual.successes} runs before took {took}"
    if one.record.timeout is not None:
        left = begun + timedelta(seconds=one.record.timeout) - now
        said += f". Its timeout is in {span(left)}" if left > timedelta() else ""
    return said


def _row(one: ScheduleStatus, hours: LastHours, now: datetime) -> Row:
    record, last = one.record, one.last
    late = timedelta(seconds=one.late or 0)
    return Row(
        name=record.name,
        glyph=glyph_of(one),
        reason=reason_of(one, now)[:LONGEST],
        when=when_in_words(record.when),
        zone=record.timezone.rpartition("/")[2].replace("_", " "),
        owner=(record.owner or "")[:LONGEST],
        last=None if last is None else moment(last.occurrence.at, now, record.timezone),
        late=f"+{span(late)}" if late > LATE else "",
        strip=strip_of(record.name, hours),
        following=None if one.following is None else moment(one.following, now, record.timezone),
    )


def holds(one: ScheduleStatus, text: str) -> bool:
    record = one.record
    labels = (f"{name}={value}" for name, value in record.labels.items())
    fields = (record.name, record.owner or "", word_of(one.state), *labels)
    return text.casefold() in "\n".join(fields).casefold()


def _is_in(one: ScheduleStatus, state: str) -> bool:
    if state == "attention":
        return not one.well
    return state in ("", one.state)


def _chips(matching: Iterable[ScheduleStatus], chosen: str) -> Iterator[Chip]:
    matching = tuple(matching)
    yield Chip("All", "", len(matching), chosen == "")
    attention = sum(not one.well for one in matching)
    if attention or chosen == "attention":
        yield Chip("Attention", "attention", attention, chosen == "attention")
    counts = Counter(one.state for one in matching)
    for state in ORDER:
        if state in _CHIPS and (counts[state] or chosen == state):
            yield Chip(word_of(state), state, counts[state], chosen == state)


_CHIPS: Final = ATTENTION | {State.RUNNING, State.WAITING, State.SUSPENDED}
