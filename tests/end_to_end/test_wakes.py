"""Wakes in real containers: once each, and nothing lost when one is killed."""

from __future__ import annotations

import re
import signal
from datetime import UTC, datetime, timedelta

from tests.end_to_end.project import Project
from tests.engine_fixture import until

NINE = "2036-12-01T09:00Z"


def at_once(project: Project, functions: list[str]) -> list[str]:
    """Wake several slots, each in a container of its own, as if it were nine; wait for the runs."""
    answers = project.in_modal(
        f"""
        import modal
        slots = [modal.Function.from_name("schedule-reconciler", n) for n in {functions!r}]
        calls = [slot.spawn(as_if={NINE!r}) for slot in slots]
        answer = [call.get(timeout=60) for call in calls]
        for line in "".join(answer).splitlines():
            if call := json.loads(line).get("call"):
                modal.FunctionCall.from_id(call).get(timeout=60)
        """
    )
    return [str(answer) for answer in answers]


def test_wakes_at_the_same_minute_in_several_containers_start_every_occurrence_once(
    project: Project,
) -> None:
    names = ["a", "b", "c", "d"]
    project.hourly(*names)
    project.write(
        "more.yaml",
        """
        name: mail
        schedule: "0 9 * * *"
        function: shop/Mailer.send
        args: {occurrence: "${occurrence.id}"}
        """,
    )
    project.applied()
    slots = project.reconcile("--dry-run", "--format", "json").json["slots"]
    functions = ["on_demand", *(slot["slot"] for slot in slots)]
    assert len(functions) >= 2
    at_once(project, functions)
    again = project.reconcile("wake", "--at", NINE, "--wait")
    served = ", ".join(f"{name}@{NINE}" for name in [*names, "mail"])
    assert again.out.splitlines()[-1] == f"Processed by earlier wakes: {served}."
    assert project.marks() == sorted(f"{name}@{NINE}" for name in [*names, "mail"])


def test_a_schedule_of_every_second_week_runs_in_its_weeks_only(project: Project) -> None:
    for name, start in (("this-week", "2036-11-17"), ("next-week", "2036-11-24")):
        project.write(
            f"{name}.yaml",
            f"""
            name: {name}
            schedule: 2w
            start: {start}T10:00
            timezone: Europe/Paris
            function: shop/sync
            args: {{occurrence: "${{occurrence.id}}"}}
            """,
        )
    project.applied()
    assert project.reconcile("--dry-run", "--detailed-exitcode").code == 0
    project.reconcile("wake", "--at", NINE, "--wait")
    assert project.marks() == [f"this-week@{NINE}"]


def test_no_run_takes_a_wake_along_however_it_ends_and_whatever_it_returns(
    project: Project,
) -> None:
    ends = {
        "leaves": "leave",
        "leaves-mute": "leave_without_a_word",
        "reports": "report",
        "lists": "list_files",
        "conceals": "conceal",
        "sane": "sync",
    }
    documents = [
        f'name: {name}\nschedule: "0 * * * *"\nfunction: shop/{function}\n'
        + ("" if name == "conceals" else f"args: {{occurrence: {name}}}\n")
        + ("retries: {max: 1, backoff: 1s}\n" if name == "reports" else "")
        for name, function in ends.items()
    ]
    project.write("ends.yaml", "---\n".join(documents))
    project.applied()
    assert project.reconcile("wake", "--at", NINE, "--wait").code == 1
    after = project.reconcile("wake", "--at", "2036-12-01T09:30Z")
    assert after.code == 1, after.err
    runs = project.reconcile("runs", "--format", "json").json["runs"]
    said = {run["name"]: (run["state"], run["reason"] or run["result"]) for run in runs}
    unreadable = said.pop("reports")
    assert said == {
        "leaves": ("failed", "SystemExit: no rows"),
        "leaves-mute": ("failed", "Mute"),
        "conceals": ("succeeded", "<Mute>"),
        "lists": ("succeeded", '["caf\\udce9.csv"]'),
        "sane": ("succeeded", '"sane"'),
    }
    assert unreadable[0] == "succeeded"
    assert unreadable[1].startswith("<what it returned cannot be read here: ")
    assert project.marks().count("reports") == 1, "what has succeeded is not tried again"


def test_a_start_that_the_client_cannot_make_is_reported_and_holds_up_no_other(
    project: Project,
) -> None:
    """Its task is on file since before such arguments were refused."""
    project.hourly("a")
    project.applied()
    project.in_modal(
        f"""
        import io, modal
        from reconciler.cron import minute
        from reconciler.model.task import Task
        from datetime import datetime
        at = minute(datetime.fromisoformat({NINE!r}))
        task = Task(
            id="selfish", at=at, app="shop", function="accept", created=at, args={{"self": 1}}
        )
        volume = modal.Volume.from_name("schedule-reconciler")
        with volume.batch_upload() as batch:
            batch.put_file(io.BytesIO(task.encode()), task.path)
        answer = None
        """
    )
    woken = project.reconcile("wake", "--at", NINE, "--format", "json")
    said = {line["name"]: (line["state"], line.get("reason")) for line in woken.json["records"]}
    assert said["a"] == ("started", None)
    state, reason = said["task/selfish"]
    assert state == "start-failed"
    assert "got multiple values for argument 'self'" in str(reason)


def test_a_minute_processed_before_its_time_is_said_to_be_processed_again_or_not(
    project: Project,
) -> None:
    project.hourly("a")
    project.applied()
    nothing = project.reconcile("wake", "--at", "2036-12-07T09:30Z")
    assert nothing.out == "Nothing was due at 2036-12-07T09:30Z.\n"
    looked = project.reconcile("wake", "--at", "2036-12-07T09:00Z", "--dry-run")
    assert looked.err == ""
    early = project.reconcile("wake", "--at", "2036-12-07T09:00Z")
    assert early.err == (
        "2036-12-07T09:00Z is in the future. Started now for that time: a. At that time a wake "
        "starts the same again, because claims expire after a week.\n"
    )
    soon = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:00Z")
    assert project.reconcile("wake", "--at", soon).err == (
        f"{soon} is in the future. Started now for that time: a. At that time no wake starts the "
        "same again.\n"
    )


def test_a_wake_killed_between_claim_and_spawn_is_made_good_or_reported_as_delivery_says(
    project: Project,
) -> None:
    project.hourly("least", delivery="at-least-once")
    project.write(
        "most.yaml",
        """
        name: most
        schedule: "0 * * * *"
        function: shop/sync
        args: {occurrence: "${occurrence.id}"}
        delivery: at-most-once
        """,
    )
    project.applied()
    project.engine.fault("FunctionMap", "kill", scope="container", times=100)
    killed = project.reconcile("wake", "--at", NINE)
    assert killed.code == 1
    assert project.marks() == []
    project.engine.clear_faults()

    project.age("least@")
    project.age("most@")
    done = project.reconcile("wake", "--at", NINE, "--wait", "--format", "json")
    records = {record["name"]: record for record in done.json["records"]}
    assert project.marks() == [f"least@{NINE}"]
    assert (records["least"]["state"], records["least"]["attempt"] > 1) == ("succeeded", True)
    assert records["most"]["state"] == "missed"
    assert (
        "ended before it confirmed a start; delivery is at-most-once" in records["most"]["reason"]
    )
    assert done.err.endswith("Missed: most (1).\n")


def test_how_runs_ended_is_shown_with_their_errors(project: Project) -> None:
    for function in ("sync", "fail", "time_out_bare", "too_slow"):
        name = function.replace("_", "-")
        project.write(
            f"{name}.yaml",
            f"""
            name: {name}
            schedule: "0 * * * *"
            function: shop/{function}
            args: {{occurrence: "${{occurrence.id}}"}}
            """,
        )
    project.applied()
    woken = project.reconcile("wake", "--at", NINE, "--wait")
    assert woken.code == 1
    runs = project.reconcile("runs", "--format", "json").json["runs"]
    ends = {run["name"]: (run["state"], run["reason"], run["result"]) for run in runs}
    assert ends["sync"] == ("succeeded", None, f'"sync@{NINE}"')
    assert ends["fail"] == ("failed", "ValueError: no rows", None)
    assert ends["time-out-bare"][:2] == ("failed", "TimeoutError")
    assert ends["too-slow"][0] == "timed-out"
    status = project.reconcile("status")
    assert status.code == 1
    assert "Needs attention: fail, time-out-bare, too-slow." in status.out


def test_a_cron_of_the_engine_wakes_the_dispatcher(project: Project) -> None:
    project.hourly("a")
    project.applied()
    project.engine.fire("schedule-reconciler", "a")
    project.reconcile("wake")
    until(lambda: project.engine.status()["unfinished_inputs"] == 0)
    status = project.reconcile("status", "--format", "json").json
    assert [slot["slot"] for slot in status["slots"] if slot["last_wake"]] == ["a"]


def test_a_trigger_starts_a_schedule_now_and_reports_nothing_else(project: Project) -> None:
    project.hourly("a", "broken", suspend="true")
    manifests = project.root / "schedules" / "hourly.yaml"
    text = manifests.read_text()
    before, _, broken = text.partition("name: broken")
    manifests.write_text(f"{before}name: broken{broken.replace('shop/sync', 'shop/fail')}")
    project.applied()
    assert project.reconcile("trigger", "broken", "--wait").code == 1
    done = project.reconcile("trigger", "a", "--wait")
    assert (done.code, done.err) == (0, "")
    (line,) = done.out.splitlines()
    assert line.startswith("succeeded     a  ")
    assert [mark.partition("@")[0] for mark in project.marks()].count("a") == 1


def test_each_trigger_starts_a_run_of_its_own_also_in_a_minute_that_a_cron_has_processed(
    project: Project,
) -> None:
    project.hourly("a")
    project.applied()
    project.in_modal(
        """
        import modal
        from datetime import UTC, datetime, timedelta
        entries = modal.Dict.from_name("schedule-reconciler")
        claim = {"wake": "fc-cron", "token": "t", "attempt": "1", "until": "2020"}
        for minutes in range(5):
            at = datetime.now(UTC) + timedelta(minutes=minutes)
            entries[f"a@{at:%Y-%m-%dT%H:%MZ}"] = {**claim, "state": "started", "call": "fc-run"}
        answer = None
        """
    )
    for _ in range(2):
        done = project.reconcile("trigger", "a", "--wait")
        assert (done.code, done.err) == (0, "")
        assert re.match(r"succeeded     a  \S+  run [23] ", done.out)
    assert len(project.marks()) == 2


def test_an_interrupted_wait_says_that_the_run_goes_on_and_how_to_see_it(
    project: Project,
) -> None:
    project.hourly("a", function="shop/linger")
    project.applied()
    waiting = project.start("trigger", "a", "--wait")
    while not project.marks():
        assert waiting.poll() is None
    waiting.send_signal(signal.SIGINT)
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, out) == (130, "")
    assert err == (
        "reconcile: interrupted; no lease is held, and the started runs continue\n"
        "  Look at its outcome later: reconcile runs a\n"
    )
    (run,) = project.reconcile("runs", "a", "--format", "json").json["runs"]
    assert run["state"] == "started"


def test_what_a_newer_version_wrote_is_refused_by_name_also_inside_the_container(
    project: Project,
) -> None:
    project.hourly("a")
    project.applied()
    project.in_modal(
        """
        import modal
        entries = modal.Dict.from_name("schedule-reconciler")
        entries["cursor"] = {**(entries.get("cursor") or {}), "format": 9}
        answer = None
        """
    )
    refused = (
        "reconcile: Dict entry cursor: written in format 9, and this version reads up to format 1\n"
        "  Upgrade schedule-reconciler to the version that wrote it, or newer.\n"
    )
    for command in (("wake",), ("trigger", "a")):
        done = project.reconcile(*command)
        assert (done.code, done.out, done.err) == (3, "", refused)


def test_waking_before_anything_was_applied_says_what_to_do(project: Project) -> None:
    done = project.reconcile("wake")
    assert done.code == 1
    assert done.err == (
        "reconcile: the app schedule-reconciler is not deployed in the Modal environment main\n"
        "  Run reconcile first.\n"
    )
    assert "was applied to local yet" in project.reconcile("status").err
