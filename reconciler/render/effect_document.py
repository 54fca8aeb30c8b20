"""What a change means in time, as the part of a plan's document."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from reconciler.cron import instant
from reconciler.model.occurrence import format_minute
from reconciler.plan import TimeEffect
from reconciler.plan.clock_change import ClockChange
from reconciler.render.document_part import Part
from reconciler.render.effect_words import time_of_day


class MovedTimePart(Part):
    """A time of day that a clock change moves in UTC: ``06:00`` was ``11:00``, is ``10:00``."""

    local: str
    utc_before: str
    utc_after: str


class JumpedTimePart(Part):
    """A local time that the clock jumps over."""

    local: str = Field(description="As it would be on the clock: `2027-03-14T02:30`.")
    runs: str | None = Field(description="When it runs instead; null when it does not run.")


class ClockChangePart(Part):
    """The next change of the clock in a schedule's zone."""

    zone: str
    at: str
    offset_before: int = Field(description="Minutes east of UTC.")
    offset_after: int = Field(description="Minutes east of UTC.")
    moved: list[MovedTimePart] = Field(description="Times of day that are others in UTC after it.")
    jumped: list[JumpedTimePart]


class EffectPart(Part):
    """What a change of a schedule means in time; times are UTC minutes."""

    name: str
    before: list[str] = Field(description="The next occurrences as they are.")
    after: list[str] = Field(description="The next occurrences as they would be.")
    skipped: list[str] = Field(
        description="Would have run and will not, with nothing in their place: due and not served "
        "yet, or to come while the new time of that hour, day, week, month or year is past."
    )
    doubled: list[str] = Field(
        description="Will run although the work of that hour, day, week, month or year is done."
    )
    excluded: list[str] = Field(
        description="The first occurrences of the next year that dates in `exclude` take out, "
        "where these are new."
    )
    excluded_count: int = Field(description="How many they are in all.")
    clock_change: ClockChangePart | None = Field(
        description="The next one in its zone; null when it moves none of the times."
    )


def effect_part(effect: TimeEffect) -> EffectPart:
    """A schedule's effect as the document has it."""
    return EffectPart(
        name=effect.name,
        before=_minutes(effect.before),
        after=_minutes(effect.after),
        skipped=_minutes(effect.skipped),
        doubled=_minutes(effect.change.doubled),
        excluded=_minutes(effect.excluded.first),
        excluded_count=effect.excluded.count,
        clock_change=None if effect.clock is None else _clock_change(effect.clock),
    )


def _clock_change(clock: ClockChange) -> ClockChangePart:
    return ClockChangePart(
        zone=clock.zone,
        at=format_minute(clock.at),
        offset_before=clock.before,
        offset_after=clock.after,
        moved=[
            MovedTimePart(
                local=time_of_day(item.local),
                utc_before=time_of_day(item.before),
                utc_after=time_of_day(item.after),
            )
            for item in clock.moved
        ],
        jumped=[
            JumpedTimePart(
                local=f"{instant(item.local):%Y-%m-%dT%H:%M}",
                runs=None if item.runs is None else format_minute(item.runs),
            )
            for item in clock.jumped
        ],
    )


def _minutes(times: Iterable[int]) -> list[str]:
    return [format_minute(at) for at in times]
