"""Any text becomes valid manifests and remarks, or an error."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import ReconcileError
from reconciler.importers.airflow import read_airflow
from reconciler.importers.celery_beat import read_celery
from reconciler.importers.crontab import read_crontab
from reconciler.importers.draft import NAME_LENGTH, ImportedFile, unique_name
from reconciler.importers.github_workflow import read_github_workflow
from reconciler.importers.kubernetes import read_kubernetes
from reconciler.importers.systemd import read_systemd
from reconciler.importers.vercel import read_vercel
from reconciler.importers.wrangler import read_wrangler
from reconciler.importers.writing import write_manifests
from reconciler.manifest import Settings, load_contents

words = st.sampled_from(
    [
        *(
            "0 9 * * 1",
            "*/5 * * * *",
            "@daily",
            "@reboot",
            "61 * * * *",
            "name",
            "cron",
            "schedule",
        ),
        *("on", "kind: CronJob", "spec", "metadata", "triggers", "crons", "[", "]", "{", "}", ":"),
        *(
            "\n",
            " ",
            "- ",
            "\t",
            '"',
            "'",
            "#",
            "//",
            "/*",
            "*/",
            ",",
            "=",
            "&a",
            "*a",
            "%",
            "/opt/x",
        ),
        *("[Timer]\n", "OnCalendar=", "Mon *-*-1..7 06:00", "*:0/15", "\\\n"),
        *("DAG(", "schedule=", "beat_schedule=", "crontab(", "timedelta(", "minutes=5", ")"),
        *("\x1b", "\x85", "\u2028", "\x00", "é", "---\n", "\n  ", "poller", "jobs"),
    ]
)
texts = st.lists(words, max_size=40).map("".join)

READERS: list[Callable[[str], ImportedFile]] = [
    lambda text: read_crontab(text, system=None, timezone="UTC"),
    lambda text: read_crontab(text, system=True, timezone="Europe/Paris"),
    lambda text: read_wrangler(text, toml=True),
    lambda text: read_wrangler(text, toml=False),
    lambda text: read_github_workflow(text, "stem"),
    read_kubernetes,
    lambda text: read_vercel(text, "site"),
    lambda text: read_systemd(text, "stem", "UTC"),
    read_airflow,
    read_celery,
]
NESTED = READERS[2:7]


@settings(max_examples=150)
@given(st.sampled_from(READERS), texts)
def test_any_text_becomes_manifests_and_remarks_or_an_error(
    reader: Callable[[str], ImportedFile], text: str
) -> None:
    with suppress(ReconcileError):
        done = write_manifests(
            reader(text),
            taken=("x",),
            app="jobs",
            settings=Settings(),
            schema="s.json",
            now=datetime(2026, 11, 20, tzinfo=UTC),
        )
        assert len(set(done.names)) == len(done.names)
        if done.text:
            loaded = load_contents([("a.yaml", done.text.encode())], settings=Settings())
            assert [schedule.name for schedule in loaded.schedules] == sorted(done.names)


@pytest.mark.parametrize("reader", NESTED)
def test_what_is_nested_too_deeply_is_an_error(reader: Callable[[str], ImportedFile]) -> None:
    with pytest.raises(ReconcileError):
        reader(f"x = {'[' * 100_000}" if reader is READERS[2] else "[" * 100_000)


@settings(max_examples=200)
@given(st.text(max_size=80), st.sets(st.text("ab-2", min_size=1, max_size=5)))
def test_a_name_is_valid_and_unlike_those_taken(wish: str, taken: set[str]) -> None:
    name = unique_name(wish, taken)
    assert name not in taken
    assert len(name) <= NAME_LENGTH
    text = f'name: "{name}"\nschedule: "@daily"\nfunction: a/b\n'
    load_contents([("a.yaml", text.encode())], settings=Settings())
