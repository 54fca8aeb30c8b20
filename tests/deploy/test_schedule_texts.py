"""The texts that Modal's client shows for schedules: each is read or kept, none is an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modal._utils.function_utils import get_schedule_str
from modal_proto import api_pb2

from reconciler.deploy.ports import DeployedFunction
from reconciler.deploy.schedule_texts import read_schedule
from reconciler.model.generation import Slot


@pytest.mark.parametrize(
    ("text", "cron", "shown"),
    [
        ("Cron('0 6 * * *', America/New_York)", "0 6 * * *", "0 6 * * * (America/New_York)"),
        ("Cron('0 1 * * *', )", "0 1 * * *", "0 1 * * * (UTC)"),
        ("Cron('', UTC)", "", " (UTC)"),
        ('Cron("it\'s", UTC)', "it's", "it's (UTC)"),
        ("Cron('0 1 * * *\\n', Etc/GMT+5)", "0 1 * * *\n", "0 1 * * *\n (Etc/GMT+5)"),
    ],
)
def test_a_cron_is_read(text: str, cron: str, shown: str) -> None:
    found = read_schedule("f", text)
    assert found.cron is not None
    assert (found.cron.name, found.cron.cron) == ("f", cron)
    assert (found.schedule, found.unread) == (shown, None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Period(days=1)", "every 1 day"),
        ("Period(minutes=15)", "every 15 minutes"),
        ("Period(hours=4, seconds=1.5)", "every 4 hours, 1.5 seconds"),
        ("Period(years=1, months=2, weeks=3)", "every 1 year, 2 months, 3 weeks"),
        ("Period(seconds=3.141592741012573)", "every 3.14159 seconds"),
        ("Period(minutes=5, seconds=9.999999747378752e-06)", "every 5 minutes, 1e-05 seconds"),
        ("Period(seconds=1e+30)", "every 1000000000000000019884624838656 seconds"),
        ("Period(seconds=inf)", "every inf seconds"),
        ("Period()", "a period of no length"),
    ],
)
def test_a_period_is_read(text: str, shown: str) -> None:
    assert read_schedule("f", text) == DeployedFunction("f", None, shown)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Cron(0 1 * * *, UTC)",
        "Cron('0 1 * * *')",
        "Cron('0 1 * * *', 'UTC')",
        "Cron('\\x', UTC)",
        "Period(fortnights=1)",
        "Period(days=one)",
        "Period(days=1,hours=2)",
        "Interval(minutes=5)",
        "None",
    ],
)
def test_what_is_of_no_known_form_is_kept_and_counts_as_a_schedule(text: str) -> None:
    found = read_schedule("f", text)
    assert (found.cron, found.schedule) == (None, text)
    assert found.unread is not None
    assert repr(text) in found.unread


def test_no_schedule_is_none() -> None:
    assert read_schedule("f", None) == DeployedFunction("f")


ZONES = st.sampled_from(["", "UTC", "America/New_York", "Etc/GMT+5", "(odd)", "a b"])
NUMBERS = st.integers(0, 2**31 - 1)


@given(st.text(), ZONES)
def test_whatever_cron_modals_protocol_holds_is_read(expression: str, zone: str) -> None:
    cron = api_pb2.Schedule.Cron(cron_string=expression, timezone=zone)
    found = read_schedule("f", get_schedule_str(api_pb2.Schedule(cron=cron)))
    assert found.cron == Slot("f", expression, zone or "UTC")
    assert found.unread is None


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("years", "months", "weeks", "days", "hours", "minutes"), NUMBERS),
    ),
    st.floats(width=32),
)
def test_whatever_period_modals_protocol_holds_is_read(
    parts: dict[str, int], seconds: float
) -> None:
    period = api_pb2.Schedule.Period(**parts, seconds=seconds)
    found = read_schedule("f", get_schedule_str(api_pb2.Schedule(period=period)))
    assert found.schedule is not None
    assert (found.cron, found.unread) == (None, None)
