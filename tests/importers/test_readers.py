"""Each schedule of another scheduler becomes a manifest, or a remark with its line."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from reconciler.deploy.ports import DeployedApp
from reconciler.deploy.schedule_texts import read_schedule
from reconciler.errors import ReconcileError
from reconciler.importers.airflow import read_airflow
from reconciler.importers.celery_beat import read_celery
from reconciler.importers.crontab import read_crontab
from reconciler.importers.draft import ImportedFile, RemarkKind, StillFiring
from reconciler.importers.github_workflow import read_github_workflow
from reconciler.importers.kubernetes import read_kubernetes
from reconciler.importers.modal_crons import read_modal
from reconciler.importers.systemd import read_systemd
from reconciler.importers.wrangler import read_wrangler
from reconciler.importers.writing import Written, write_manifests
from reconciler.manifest import Settings, load_contents


def test_what_is_not_yaml_is_said_in_a_line_with_its_line() -> None:
    with pytest.raises(ReconcileError) as caught:
        read_kubernetes("kind: CronJob\nspec: [")
    assert str(caught.value) == (
        "is not YAML: line 2: expected the node content, but found '<stream end>'"
    )


def written(
    found: ImportedFile, taken: tuple[str, ...] = (), timezone: str | None = None
) -> Written:
    done = write_manifests(
        found,
        taken=taken,
        app="jobs",
        settings=Settings(),
        schema="../schema/manifest.schema.json",
        now=datetime(2026, 11, 20, tzinfo=UTC),
        timezone=timezone,
    )
    if done.text:
        load_contents([("import.yaml", done.text.encode())], settings=Settings())
    return done


def manifests(done: Written) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(done.text))


def told(done: Written) -> list[tuple[int, str]]:
    return [(item.line, item.text) for item in done.remarks]


CRONTAB = """\
    MAILTO=ops@example.org
    # Rates from the bank
    0 6 * * 1-5  /usr/bin/python3 /opt/jobs/rates.py --fast
    @daily       cd /opt && ./cleanup.sh > /dev/null
    CRON_TZ=Europe/Paris
    30 7 * * *   /opt/jobs/rates.py
    @reboot      /opt/start
    61 * * * *   /opt/never
    nonsense
    0 8 * * *    mail -s hi%body
    """


def test_a_crontab_becomes_manifests_with_the_commands_as_comments() -> None:
    done = written(
        read_crontab(textwrap.dedent(CRONTAB), system=False, timezone="America/New_York")
    )
    assert manifests(done) == [
        {
            "name": "rates",
            "schedule": "0 6 * * 1-5",
            "timezone": "America/New_York",
            "function": "jobs/rates",
            "description": "Rates from the bank",
        },
        {
            "name": "cleanup",
            "schedule": "@daily",
            "timezone": "America/New_York",
            "function": "jobs/cleanup",
        },
        {
            "name": "rates-2",
            "schedule": "30 7 * * *",
            "timezone": "Europe/Paris",
            "function": "jobs/rates_2",
        },
        {
            "name": "mail",
            "schedule": "0 8 * * *",
            "timezone": "Europe/Paris",
            "function": "jobs/mail",
        },
    ]
    assert "# was: 0 6 * * 1-5 /usr/bin/python3 /opt/jobs/rates.py --fast" in done.text
    assert done.to_write == ("jobs/rates", "jobs/cleanup", "jobs/rates_2", "jobs/mail")
    assert [line for line, _ in told(done)] == [1, 7, 8, 9, 10]


def test_a_crontab_of_the_system_names_users() -> None:
    done = written(read_crontab("0 6 * * * root /opt/a", system=True, timezone="UTC"))
    assert manifests(done)[0]["name"] == "a"
    assert told(done) == [(1, "user root")]


def test_names_that_are_taken_are_not_given_again() -> None:
    done = written(read_crontab("0 6 * * * /opt/a", system=False, timezone="UTC"), ("a", "a-2"))
    assert done.names == ("a-3",)


WRANGLER_JSONC = """\
    {
      // the worker
      "name": "news", /* and more */
      "triggers": {"crons": ["0 9 * * 1", "0 0 L * *"],},
      "env": {"staging": {"triggers": {"crons": ["*/10 * * * *"]}}},
      "vars": {"URL": "https://example.org//x"},
    }
    """
WRANGLER_TOML = """\
    name = "news"
    [triggers]
    crons = ["0 9 * * 1", "0 0 L * *"]
    [env.staging.triggers]
    crons = ["*/10 * * * *"]
    """


@pytest.mark.parametrize(
    ("text", "toml", "line"), [(WRANGLER_JSONC, False, 4), (WRANGLER_TOML, True, 3)]
)
def test_a_workers_triggers_keep_their_weekdays(text: str, toml: bool, line: int) -> None:
    done = written(read_wrangler(textwrap.dedent(text), toml=toml))
    assert [(m["name"], m["schedule"]) for m in manifests(done)] == [
        ("news", "0 9 * * sun"),
        ("news-staging", "*/10 * * * *"),
    ]
    assert told(done) == [(line, "0 0 L * *")]


@pytest.mark.parametrize("toml", [True, False])
def test_a_configuration_that_cannot_be_read_is_an_error(toml: bool) -> None:
    with pytest.raises(ReconcileError, match="is not"):
        read_wrangler("{{", toml=toml)


def test_a_workflows_schedules_are_taken_and_its_jobs_are_shown() -> None:
    text = """\
        name: Nightly build
        on:
          push:
          schedule:
            - cron: "30 5 * * 1,3"
            - cron: "0 7 * * *"
              timezone: Europe/Paris
        jobs:
          build:
            runs-on: ubuntu-latest
        """
    done = written(read_github_workflow(textwrap.dedent(text), "nightly"))
    assert [(m["name"], m["schedule"], m.get("timezone")) for m in manifests(done)] == [
        ("nightly-build", "30 5 * * 1,3", None),
        ("nightly-build-2", "0 7 * * *", "Europe/Paris"),
    ]
    assert told(done) == [(10, "job build")]


CRONJOB = """\
    apiVersion: v1
    kind: ConfigMap
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: backup}
    spec:
      schedule: "CRON_TZ=Europe/Berlin 0 3 ? * *"
      suspend: true
      startingDeadlineSeconds: 600
      successfulJobsHistoryLimit: 3
      jobTemplate:
        spec:
          template:
            spec:
              containers:
                - name: dump
                  image: postgres:17
    """


def test_a_cronjob_keeps_its_zone_its_deadline_and_that_it_is_suspended() -> None:
    done = written(read_kubernetes(textwrap.dedent(CRONJOB)))
    (manifest,) = manifests(done)
    assert manifest == {
        "name": "backup",
        "schedule": "0 3 * * *",
        "timezone": "Europe/Berlin",
        "function": "jobs/backup",
        "suspend": True,
        "deadline": "10m",
        "retries": {"max": 6, "backoff": "10s", "factor": 2},
    }
    assert "# was: CronJob backup, image postgres:17" in done.text
    assert told(done) == [
        (0, "1 ConfigMap"),
        (11, "spec.successfulJobsHistoryLimit: 3 of backup"),
        (17, "container dump of backup (image)"),
    ]


def test_a_policy_that_this_version_refuses_is_shown_and_the_rest_is_written() -> None:
    text = textwrap.dedent(CRONJOB).replace("600", "600000000000000")
    done = written(read_kubernetes(text))
    (manifest,) = manifests(done)
    assert "deadline" not in manifest
    assert "deadline: 600000000000000 of backup" in [text for _, text in told(done)]


def test_crons_in_the_code_of_modal_apps_are_taken_with_the_argument_that_still_fires() -> None:
    functions = (
        read_schedule("sync", "Cron('0 6 * * *', America/New_York)"),
        read_schedule("poll", "Period(minutes=15)"),
        read_schedule("odd", "Period(seconds=90)"),
        read_schedule("plain", None),
    )
    apps = [
        DeployedApp("main", "theirs", functions),
        DeployedApp("main", "schedule-reconciler", functions),
        DeployedApp("other", "elsewhere", functions),
    ]
    found = read_modal(apps, environment="main", own="schedule-reconciler")
    done = written(found)
    assert [(m["schedule"], m["function"]) for m in manifests(done)] == [
        ("0 6 * * *", "theirs/sync"),
        ("15m", "theirs/poll"),
    ]
    assert done.to_write == ()
    assert [(item.text, item.kind) for item in done.remarks] == [
        ("theirs/poll: schedule=modal.Period(minutes=15)", RemarkKind.DIFFERS),
        ("theirs/odd: every 90 seconds", RemarkKind.NOT_TRANSLATED),
    ]
    assert found.still_firing == (
        StillFiring(
            "theirs", "sync", 'schedule=modal.Cron("0 6 * * *", timezone="America/New_York")'
        ),
        StillFiring("theirs", "poll", "schedule=modal.Period(minutes=15)"),
    )


def test_a_period_of_weeks_runs_weekly_or_is_named() -> None:
    functions = (
        read_schedule("digest", "Period(weeks=1)"),
        read_schedule("payroll", "Period(weeks=2)"),
        read_schedule("purge", "Period(hours=72)"),
    )
    apps = [DeployedApp("main", "theirs", functions)]
    done = written(read_modal(apps, environment="main", own="schedule-reconciler"))
    assert [m["schedule"] for m in manifests(done)] == ["@weekly"]
    assert [item.reason for item in done.remarks] == [
        "Modal counts from each deploy; `@weekly` runs at fixed times of the clock in UTC",
        *(
            f"Modal counts from each deploy: write a manifest with `schedule: {every}`, and the "
            "day of its first run as `start`"
            for every in ("2w", "72h")
        ),
    ]
    assert [item.function for item in done.still_firing] == ["digest"]


def test_a_period_that_becomes_no_manifest_is_not_said_to_be_taken_out_of_the_code() -> None:
    functions = (
        read_schedule("poll", "Period(minutes=7)"),
        read_schedule("sync", "Period(days=1)"),
    )
    apps = [DeployedApp("main", "theirs", functions)]
    done = written(read_modal(apps, environment="main", own="schedule-reconciler"))
    assert [m["function"] for m in manifests(done)] == ["theirs/sync"]
    assert done.still_firing == (StillFiring("theirs", "sync", "schedule=modal.Period(days=1)"),)


@pytest.mark.parametrize("between", ["\t", "   "])
def test_the_user_of_a_systems_crontab_may_be_followed_by_any_blanks(between: str) -> None:
    line = f"17 *\t* * *\troot{between}cd / && run-parts --report /etc/cron.hourly\n"
    found = read_crontab(line + "1 1 * * * root\n", system=True, timezone="UTC")
    assert [draft.name for draft in found.drafts] == ["cron.hourly"]
    assert [item.text for item in found.remarks] == ["user root", "1 1 * * * root"]


def test_a_comment_that_is_too_long_for_a_description_is_shown_and_the_rest_is_written() -> None:
    text = f"# {'x' * 1200}\n0 6 * * * /opt/rates.py\n"
    done = written(read_crontab(text, system=False, timezone="UTC"))
    assert [m["schedule"] for m in manifests(done)] == ["0 6 * * *"]
    assert told(done) == [(2, f"description: {'x' * 80} of rates")]


def test_triggers_that_are_no_list_are_shown() -> None:
    found = read_wrangler('name = "w"\n[triggers]\ncrons = "0 9 * * 1"\n', toml=True)
    assert [(item.line, item.text) for item in found.remarks] == [(3, "0 9 * * 1")]


@pytest.mark.parametrize(("theirs", "ours"), [("True", True), ("yes", True), ("False", None)])
def test_a_cronjob_is_suspended_however_kubernetes_may_read_it(theirs: str, ours: bool) -> None:
    text = textwrap.dedent(CRONJOB).replace("suspend: true", f"suspend: {theirs}")
    (manifest,) = manifests(written(read_kubernetes(text)))
    assert manifest.get("suspend") is ours


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("0 0 */2 * 1", "0 0 1-31/2 * 1"),
        ("0 0 1 * */2", "0 0 1 * 0-6/2"),
        ("0 0 */1 * 1", "0 0 * * 1"),
        ("0 0 5,* * 1", "0 0 * * 1"),
        ("0 0 13 * 5,*", "0 0 13 * *"),
        ("0 0 13,? * 5", "0 0 * * 5"),
    ],
)
def test_the_star_bit_of_kubernetes_decides_how_two_day_fields_are_joined(
    theirs: str, ours: str
) -> None:
    text = textwrap.dedent(CRONJOB).replace("CRON_TZ=Europe/Berlin 0 3 ? * *", theirs)
    (manifest,) = manifests(written(read_kubernetes(text)))
    assert manifest["schedule"] == ours


def test_a_large_file_with_comments_is_read_and_its_lines_are_right() -> None:
    entries = "".join(f'  "k{n}": [{{"a": [1, "0 9 * * 2"]}}], // ]}}\n' for n in range(20_000))
    text = f'{{ /* " */\n{entries}"name": "w",\n"triggers": {{"crons": ["5 9 * * 2",]}},\n}}'
    (draft,) = read_wrangler(text, toml=False).drafts
    assert (draft.schedule, draft.line) == (("5 9 * * mon",), 20_003)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,\n "b": x}', "is not JSON: line 2: `x` is not expected here"),
        ('{\n "a": 1,', "is not JSON: line 1: what begins here has no end"),
        ("{\n} // a\n}", "is not JSON: line 2: text follows the end of the object"),
        ("[1, // a\n]", "is not a JSON object"),
        (f"{'[' * 1000} // a", "is nested too deeply"),
    ],
)
def test_what_is_not_json_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ReconcileError, match=f"^{re.escape(message)}$"):
        read_wrangler(text, toml=False)


ZONES = """
kind: CronJob
metadata: {name: without}
spec: {schedule: "30 2 * * *"}
---
kind: CronJob
metadata: {name: with}
spec: {schedule: "30 2 * * *", timeZone: Asia/Tokyo}
"""


@pytest.mark.parametrize(("timezone", "zone"), [(None, None), ("Europe/Berlin", "Europe/Berlin")])
def test_a_zone_that_the_file_does_not_name_is_the_given_one(
    timezone: str | None, zone: str | None
) -> None:
    done = written(read_kubernetes(ZONES), timezone=timezone)
    assert [m.get("timezone") for m in manifests(done)] == [zone, "Asia/Tokyo"]
    assert ("differs" in {item.kind.value for item in done.remarks}) == (zone is not None)


@pytest.mark.parametrize(
    "read",
    [
        lambda: read_celery('beat_schedule = {"a": {"task": "t", "schedule": crontab()}}'),
        lambda: read_airflow('DAG("a", schedule="0 6 * * *")'),
        lambda: read_kubernetes('kind: CronWorkflow\nspec: {schedule: "0 6 * * *"}'),
        lambda: read_systemd("[Timer]\nOnCalendar=daily\n", "a", None),
        lambda: read_crontab("0 6 * * * /opt/a", system=False, timezone=None),
    ],
)
def test_a_scheduler_with_a_zone_of_its_machine_leaves_it_open(
    read: Callable[[], ImportedFile],
) -> None:
    assert [draft.timezone for draft in read().drafts] == [None]
