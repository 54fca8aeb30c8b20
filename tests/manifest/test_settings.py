"""`reconciler.yaml`: its defaults, its environments, and what is wrong with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.errors import ReconcileError
from reconciler.manifest import (
    DeletionThreshold,
    EnvironmentSettings,
    ManifestError,
    Packing,
    Resolution,
    Settings,
    load_settings,
    parse_settings,
)


def refusals(text: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        parse_settings(text.encode())
    return [str(problem).removeprefix("reconciler.yaml:") for problem in caught.value.problems]


@pytest.mark.parametrize("content", [None, "", "# all as usual\n", "{}"])
def test_without_settings_the_defaults_hold(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "reconciler.yaml").write_text(content)
    settings = load_settings(tmp_path)
    assert settings == Settings(
        app="schedule-reconciler",
        schedules="schedules",
        packing=Packing.ONE_POLLER,
        crons=5,
        reserve=0,
        punctuality=timedelta(minutes=5),
        deletes=DeletionThreshold(percent=30, least=3),
        environments={},
    )


@pytest.mark.parametrize(
    ("history", "problem"),
    [
        (
            "7d",
            "1:10: `history` must be at least 8d\n  wakes need a week of history to recover lost",
        ),
        (
            "999999d",
            "1:10: `history` must be at most 36500d\n  write a shorter time",
        ),
    ],
)
def test_a_history_is_kept_for_a_while_and_not_for_ever(history: str, problem: str) -> None:
    assert refusals(f"history: {history}\n")[0].startswith(problem)


def test_every_key_is_read() -> None:
    settings = parse_settings(b"""\
app: my-schedules
schedules: ops/schedules
packing: one-poller
crons: unlimited
reserve: 1
punctuality: 2m
deletes: {percent: 10, least: 0}
tasks: {resolution: 5m}
environments:
  production: {modal: main, crons: 8, reserve: 2, app: prod-schedules}
  staging: {crons: unlimited}
""")
    assert settings.environment("production") == EnvironmentSettings(
        name="production",
        modal="main",
        app="prod-schedules",
        packing=Packing.ONE_POLLER,
        crons=8,
        reserve=2,
        punctuality=timedelta(minutes=2),
        deletes=DeletionThreshold(percent=10, least=0),
        tasks=Resolution.FIVE_MINUTES,
    )
    staging = settings.environment("staging")
    assert (staging.modal, staging.app, staging.crons, staging.reserve) == (
        "staging",
        "my-schedules",
        None,
        1,
    )
    assert settings.schedules == "ops/schedules"


def test_an_environment_can_lower_what_the_settings_raise() -> None:
    settings = parse_settings(
        b"{crons: unlimited, reserve: 2, environments: {a: {crons: 0, reserve: 0}}}"
    )
    assert (settings.environment("a").crons, settings.environment("a").reserve) == (0, 0)


def test_two_environments_that_would_undo_each_other_are_an_error() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_settings(b"environments:\n  main: {}\n  staging: {modal: main}\n")
    assert str(caught.value.problems[0]) == (
        "reconciler.yaml:3:3: `staging` and `main` use the same app, schedule-reconciler in Modal "
        "environment `main`: each apply would delete the other's schedules\n"
        "  give one of them another `modal` or another `app`"
    )
    parse_settings(b"environments: {local: {modal: main}, main: {}, b: {modal: main, app: b}}")


def test_without_declared_environments_every_name_is_one() -> None:
    assert Settings().environment("anything").modal == "anything"


def test_local_always_exists() -> None:
    assert parse_settings(b"environments: {prod: {}}").environment("local").name == "local"


def test_settings_for_local_alone_leave_every_other_name_an_environment() -> None:
    settings = parse_settings(b"environments: {local: {crons: 3}}")
    assert settings.environment("local").crons == 3
    assert settings.environment("production").name == "production"


def test_local_is_silent_unless_it_has_alerts_of_its_own() -> None:
    to = "{to: {url: 'https://a/b'}}"
    everywhere = parse_settings(f"alerts: {to}".encode())
    assert everywhere.environment("local").silent
    assert not everywhere.environment("production").silent
    own = parse_settings(f"environments: {{local: {{alerts: {to}}}}}".encode())
    assert not own.environment("local").silent
    assert own.environment("production").alerts is None


def test_an_undeclared_environment_is_an_error_with_the_near_one() -> None:
    settings = parse_settings(b"environments: {production: {}, staging: {}}")
    with pytest.raises(ReconcileError) as caught:
        settings.environment("prodution")
    assert str(caught.value) == (
        "there is no environment `prodution`\n"
        "  did you mean `production`? declared in reconciler.yaml: local, production, staging"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("cron: 5", "1:1: unknown key `cron`\n  did you mean `crons`?"),
        (
            "environments: {prod: {cron: 5}}",
            "1:23: unknown key `environments.prod.cron`\n  did you mean `crons`?",
        ),
        (
            "crons: -1",
            "1:8: `crons` must be a whole number from 0 to 10000, or `unlimited`, not -1",
        ),
        ("crons: many", "1:8: `crons` must be a whole number, or `unlimited`, not `many`"),
        ("reserve: 1.5", "1:10: `reserve` must be a whole number from 0 to 10000, not 1.5"),
        (
            "deletes: {percent: 200}",
            ("1:20: `deletes.percent` must be a whole number from 0 to 100, not 200"),
        ),
        ("packing: one", "1:10: `packing` must be `one-poller` or `fewest-wakes`, not `one`"),
        (
            "tasks: {resolution: 7m}",
            (
                "1:21: `tasks.resolution` must be "
                "`1m`, `2m`, `5m`, `10m`, `15m`, `20m`, `30m` or `1h`, not `7m`"
            ),
        ),
        ("tasks: {}", "1:8: `tasks.resolution` is missing\n  add it"),
        (
            "tasks: {resolutoin: 5m, resolution: 5m}",
            "1:9: unknown key `tasks.resolutoin`\n  did you mean `resolution`?",
        ),
        ("tasks: 5m", "1:8: `tasks` must be a mapping of keys and values, not `5m`"),
        ("schedules: ../x", "1:12: `schedules` must stay inside the repository\n  remove `..`"),
        (
            "schedules: /x",
            ("1:12: `schedules` must be a relative path with forward slashes, not `/x`"),
        ),
        (
            "app: my app",
            (
                "1:6: `app` must be a name as Modal accepts it: letters, digits, `.`, `_` "
                "and `-`, at most 64, not `my app`"
            ),
        ),
        ("app: a\n---\napp: b", "3:1: a second document\n  write all settings in one document"),
        ("app: a\napp: b", "2:1: duplicate key `app`, first on line 1\n  keep one of them"),
        ("- a", "1:1: the document must be a mapping of keys and values, not a list"),
        ("app: *x", '1:6: a value that begins with `*` is read as a YAML alias\n  quote it: "*x"'),
    ],
)
def test_a_mistake_is_reported_with_its_position_and_the_expected_value(
    text: str, problem: str
) -> None:
    assert refusals(text) == [problem]


def test_a_folder_in_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").mkdir()
    with pytest.raises(ManifestError, match=r"reconciler\.yaml: expected a file, found a folder"):
        load_settings(tmp_path)


def test_a_link_to_nowhere_is_an_error_and_not_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").symlink_to(tmp_path / "gone")
    with pytest.raises(ManifestError, match=r"reconciler\.yaml: a symbolic link is not followed"):
        load_settings(tmp_path)


def test_a_file_of_ten_megabytes_is_refused() -> None:
    (problem,) = refusals("#" * 10_000_000)
    assert problem.startswith(" larger than 4 MiB, the limit for one file")
