"""A generation's file, of which a wake parses what it needs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.cron import minute
from reconciler.dispatch.adapters.volume_files import verified_generation
from reconciler.dispatch.decide.due import find_due
from reconciler.model.cursor import Lookback
from reconciler.model.formats import FormatError
from reconciler.model.generation import Generation, Slot, new_generation
from reconciler.model.occurrence import Occurrence
from reconciler.model.stored_generation import decode_generation, open_generation
from tests.dispatch.scenario import PUNCTUALITY, World, at, hourly

NINE = minute(at("09:00"))
NEW = hourly("new", "08:45", formerly=(("old", minute(at("08:45"))),))


def written() -> Generation:
    at_nine = hourly("a", when=("0 9 * * *",))
    at_ten = hourly("b", when=("0 10 * * *",))
    slots = (Slot("poller", "0 * * * *"),)
    return new_generation((at_nine, at_ten, NEW), slots, PUNCTUALITY, {"poller": ("a", "b", "new")})


def with_a_broken_record(name: str) -> bytes:
    return written().encoded.replace(f'"name":"{name}"'.encode(), b'"name":')


def test_a_wake_parses_the_records_that_may_be_due_and_no_others() -> None:
    stored = open_generation(with_a_broken_record("b"), "generations/x")
    assert [due.record.name for due in find_due(stored, Lookback(NINE - 1), NINE)] == ["a", "new"]
    assert not stored.damaged
    assert [due.record.name for due in find_due(stored, Lookback(NINE), NINE + 60)] == ["new"]
    assert [one.where for one in stored.damaged] == ["generations/x record 2"]


def test_a_whole_wake_parses_no_others() -> None:
    world = World()
    world.generations.generation = open_generation(with_a_broken_record("b"), "generations/x")
    world.wake("09:00", as_if=NINE)
    assert world.started() == ["a@2026-11-20T09:00Z", "new@2026-11-20T09:00Z"]


def test_how_many_records_there_are_is_known_without_parsing_one() -> None:
    assert len(open_generation(with_a_broken_record("b"), "generations/x").records) == 3


def test_planning_parses_all() -> None:
    assert decode_generation(written().encoded, "generations/x") == written()
    with pytest.raises(FormatError, match="generations/x record 2: is not a record of a schedule"):
        decode_generation(with_a_broken_record("b"), "generations/x")


def test_the_slots_and_what_they_wake_for_are_read_back() -> None:
    stored = open_generation(written().encoded, "generations/x")
    assert (stored.slots, dict(stored.served)) == (written().slots, written().served)


def test_a_schedule_is_found_by_each_name_that_it_has_or_had() -> None:
    for generation in (written(), open_generation(written().encoded, "generations/x")):
        assert [generation.named(name) for name in ("new", "old", "none")] == [NEW, NEW, None]
        assert generation.find("old") is None
        assert generation.owner(Occurrence("old", NINE - 30)) == NEW
        assert generation.owner(Occurrence("new", NINE)) == NEW


def test_a_schedule_is_found_whatever_its_arguments_and_labels_are_called() -> None:
    """Both may hold a `name`, which stands in the line before the schedule's own."""
    records = tuple(
        hourly(name, args={"name": other}, labels={"name": other})
        for name, other in (("a", "z"), ("b", "0"), ("c", "m"))
    )
    made = new_generation(records, (), PUNCTUALITY, {})
    stored = open_generation(made.encoded, "generations/x")
    assert [stored.find(name) for name in ("c", "a", "b", "m")] == [
        *(records[i] for i in (2, 0, 1)),
        None,
    ]
    broken = open_generation(
        made.encoded.replace(b'"when":["0 ', b'"when":["9999 '), "generations/x"
    )
    assert broken.records.read(1) is None
    assert broken.damaged[0].where == "generations/x record 2 (b)"


def test_an_agenda_that_was_changed_hides_nothing_because_the_file_is_refused() -> None:
    changed = written().encoded.replace(b'"hours":{', b'"hours":{"23":"7",', 1)
    assert changed != written().encoded
    with pytest.raises(FormatError, match="was changed after it was written"):
        verified_generation(changed, written().digest)


@pytest.mark.parametrize("kept", range(1, 7))
def test_a_file_that_was_cut_off_is_no_generation(kept: int) -> None:
    lines = written().encoded.splitlines(keepends=True)
    with pytest.raises(FormatError, match="is not a generation"):
        open_generation(b"".join(lines[:kept]), "generations/x")


def test_which_apply_a_schedule_began_with_stands_in_the_header() -> None:
    begun = new_generation((NEW, hourly("a")), (), PUNCTUALITY, begun={"new": 7})
    for read in (decode_generation, open_generation):
        assert (read(begun.encoded, "x").begun, read(begun.encoded, "x").number) == ({"new": 7}, 7)
    header = json.loads(begun.encoded.splitlines()[0])
    assert (header["begun"], header["format"]) == ({"new": 7}, 2)
    # What the previous version reads is as it was.
    without = begun.encoded.replace(b'"begun":{"new":7},', b"", 1)
    assert without == replace(begun, begun={}).encoded
    assert open_generation(without, "x").number == 0


def test_an_apply_number_that_is_none_is_no_generation() -> None:
    begun = new_generation((NEW,), (), PUNCTUALITY, begun={"new": 7})
    with pytest.raises(FormatError, match="an apply number is not a number"):
        open_generation(begun.encoded.replace(b'{"new":7}', b'{"new":"7"}', 1), "x")
