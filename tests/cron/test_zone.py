"""Zones and their transitions."""

from __future__ import annotations

from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from reconciler.cron import Transition, ZoneError, instant, zone_named
from tests.cron.strategies import instants, zones
from tests.cron.times import at


def test_transitions_lie_in_a_half_open_interval() -> None:
    forward, back = at("2026-03-08T07:00Z"), at("2026-11-01T06:00Z")
    zone = zone_named("America/New_York")
    assert zone.transitions(at("2026-01-01T00:00Z"), at("2027-01-01T00:00Z")) == (
        Transition(forward, before=-300, after=-240),
        Transition(back, before=-240, after=-300),
    )
    assert zone.transitions(forward, back - 1) == ()
    assert [change.minute for change in zone.transitions(forward - 1, back)] == [forward, back]


def test_a_transition_skips_or_repeats_local_minutes() -> None:
    forward, back = zone_named("Australia/Lord_Howe").transitions(
        at("2026-04-30T00:00Z"), at("2027-04-30T00:00Z")
    )
    assert (forward.skips, forward.repeats) == (30, 0)
    assert (back.skips, back.repeats) == (0, 30)


def test_a_transition_at_the_turn_of_a_year_is_found_once() -> None:
    turn = zone_named("Pacific/Kiritimati").transitions(
        at("1994-12-01T00:00Z"), at("1995-02-01T00:00Z")
    )
    assert [(instant(c.minute).day, c.after - c.before) for c in turn] == [(31, 1440)]


@given(zones, instants)
def test_the_offset_is_that_of_the_tzdata_packages_own_file(zone: str, now: int) -> None:
    with files("tzdata").joinpath("zoneinfo", zone).open("rb") as file:
        rules = ZoneInfo.from_file(file)
    offset = instant(now).astimezone(rules).utcoffset()
    assert offset is not None
    assert zone_named(zone).offset(now) * 60 == offset.total_seconds()


def test_a_zone_is_the_same_object_for_everyone() -> None:
    assert zone_named("Europe/Berlin") is zone_named("Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("America/NewYork", "America/New_York"),
        ("New York", "America/New_York"),
        ("europe/berlin ", "Europe/Berlin"),
        ("Asia/Kolkatta", "Asia/Kolkata"),
    ],
)
def test_an_unknown_zone_is_refused_with_those_that_look_like_it(
    name: str, suggestion: str
) -> None:
    with pytest.raises(ZoneError) as refused:
        zone_named(name)
    assert refused.value.zone == name
    assert suggestion in refused.value.suggestions
    assert f"`{suggestion}`" in str(refused.value)


@pytest.mark.parametrize(
    "name", ["", "America", "../../etc/passwd", "/etc/localtime", "localtime", "right/UTC", "x\0y"]
)
def test_what_is_no_iana_name_is_refused(name: str) -> None:
    with pytest.raises(ZoneError, match="unknown time zone"):
        zone_named(name)
