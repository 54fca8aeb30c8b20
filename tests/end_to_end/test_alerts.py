"""Alarms and pings of real runs in real containers, to a real receiver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.project import Project
from tests.engine_fixture import until
from tests.receiver import Receiver, receiving

NINE, TEN = "2036-12-01T09:00Z", "2036-12-01T10:00Z"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def settings(project: Project, text: str) -> None:
    """Write `reconciler.yaml`."""
    (project.root / "reconciler.yaml").write_text(text)


def told_locally(project: Project, alerts: str, more: str = "") -> None:
    """Settings with alarms that are not silent in `local`."""
    settings(project, f"environments: {{local: {{alerts: {alerts}}}}}\n{more}")


def in_dict(project: Project, code: str) -> object:
    """Run code on the entries of our Dict."""
    return project.in_modal(
        f"""
        import modal
        entries = modal.Dict.from_name("schedule-reconciler")
        {code}
        """
    )


def failing(project: Project, receiver: Receiver, **keys: str) -> None:
    """An hourly schedule whose function fails, applied, with one run that has ended."""
    told_locally(project, f"{{to: {{url: '{receiver.url}/services/verysecret'}}}}")
    more = "".join(f"{key}: {value}\n" for key, value in keys.items())
    project.write(
        "failing.yaml",
        "name: failing\nschedule: '0 * * * *'\nfunction: shop/fail\n"
        f'args: {{occurrence: "${{occurrence.id}}"}}\n{more}',
    )
    project.applied()
    project.reconcile("wake", "--at", NINE, "--wait")


def told(project: Project, state: str) -> int:
    """How often an alert was sent with this outcome, as the runs files say."""
    found = project.in_modal(
        """
        import json, modal
        volume = modal.Volume.from_name("schedule-reconciler")
        answer = []
        for file in volume.listdir("runs", recursive=True):
            if file.path.endswith(".jsonl"):
                header = json.loads(b"".join(volume.read_file(file.path)).splitlines()[0])
                answer += [told["state"] for told in header.get("told", [])]
        """
    )
    return [str(one) for one in found].count(state)


def test_a_failed_run_is_notified_once_also_by_wakes_at_once_and_then_that_it_succeeded(
    project: Project, receiver: Receiver
) -> None:
    failing(project, receiver)
    waking = project.start("wake")
    for _ in range(2):
        project.engine.fire("schedule-reconciler", "failing")
    waking.communicate(timeout=60)
    project.reconcile("wake")
    (text,) = receiver.texts()
    assert text == (
        f"[local] failing failed, failing@{NINE}: ValueError: no rows. "
        f"To look: reconcile runs failing@{NINE} --env local"
    )
    assert receiver.paths() == ["/services/verysecret"]
    shown = project.reconcile(*f"runs failing@{NINE} --env local".split())
    assert "ValueError: no rows" in shown.out
    project.write(
        "failing.yaml",
        "name: failing\nschedule: '0 * * * *'\nfunction: shop/sync\n"
        'args: {occurrence: "${occurrence.id}"}\n',
    )
    project.applied()
    project.reconcile("wake", "--at", TEN, "--wait")
    project.reconcile("wake")
    assert receiver.texts()[1] == (
        f"[local] failing succeeded again, failing@{TEN}; it had failed since {NINE}. "
        f"To look: reconcile runs failing@{TEN} --env local"
    )
    everything = project.reconcile("runs").out + project.reconcile("status").out
    assert "verysecret" not in everything


def test_a_dead_receiver_is_recorded_tried_again_and_delays_no_start(
    project: Project, receiver: Receiver
) -> None:
    receiver.status = 500
    failing(project, receiver)
    done = project.reconcile("wake", "--at", TEN)
    assert f"started       failing  {TEN}" in done.out
    notification = f"failures/failing@{NINE}"
    assert f"alert {notification} to {receiver.url}/…: not sent yet, it answered 500" in done.out
    assert "verysecret" not in done.out + done.err
    assert told(project, "failed") == 1
    receiver.status = 200
    in_dict(
        project,
        "for key, entry in list(entries.items()):\n"
        "            if entry.get('again'): entries[key] = {**entry, 'again': '2020-01-01'}\n"
        "        answer = None",
    )
    project.reconcile("wake")
    assert told(project, "sent") == 1
    assert len(receiver.texts()) == 2


def test_a_silent_receiver_costs_no_start(project: Project, receiver: Receiver) -> None:
    receiver.silent = True
    failing(project, receiver)
    waking = project.start("wake", "--at", TEN)
    until(lambda: f"failing@{TEN}" in project.marks())
    assert waking.poll() is None
    out, _ = waking.communicate(timeout=60)
    assert "not sent yet, no answer within 5 s" in out


def test_a_missed_occurrence_and_a_wake_that_did_not_come_are_notified_by_the_next_wake(
    project: Project, receiver: Receiver
) -> None:
    told_locally(
        project, f"{{to: {{url: '{receiver.url}/json', format: json}}}}", "punctuality: 1m\n"
    )
    project.write(
        "often.yaml",
        "name: often\nschedule: '* * * * *'\nfunction: shop/sync\ncatchup: none\n"
        'args: {occurrence: "${occurrence.id}"}\n',
    )
    project.applied()
    assert project.reconcile("status").code == 0
    # Half an hour passes without a wake: what was applied and served is half an hour old.
    project.in_modal(
        """
        import hashlib, io, json, modal
        from datetime import datetime, timedelta, timezone
        volume = modal.Volume.from_name("schedule-reconciler")
        past = datetime.now(timezone.utc) - timedelta(minutes=30)
        minute = past.strftime("%Y-%m-%dT%H:%MZ")
        pointer = json.loads(b"".join(volume.read_file("current.json")))
        path = f"generations/{pointer['generation']}.jsonl"
        lines = b"".join(volume.read_file(path)).splitlines()
        from reconciler.model.stored_generation import decode_generation
        from dataclasses import replace
        from reconciler.model.occurrence import parse_minute
        old = decode_generation(b"\\n".join(lines) + b"\\n", path)
        new = replace(
            old,
            records=tuple(replace(r, anchor=parse_minute(minute)) for r in old.records),
            slots_since={name: parse_minute(minute) for name in old.slots_since},
        )
        pointer["generation"] = new.digest
        with volume.batch_upload(force=True) as batch:
            batch.put_file(io.BytesIO(new.encoded), f"generations/{new.digest}.jsonl")
            batch.put_file(io.BytesIO(json.dumps(pointer).encode()), "current.json")
        entries = modal.Dict.from_name("schedule-reconciler", create_if_missing=True)
        entries["cursor"] = {
            "format": 1, "through": minute, "generation": new.digest, "unsettled": {},
            "calls": {}, "wakes": {"often": past.strftime("%Y-%m-%dT%H:%M:%SZ")}, "tidied": "",
        }
        answer = None
        """
    )
    status = project.reconcile("status", "--format", "json")
    assert status.code == 1
    (slot,) = status.json["slots"]
    assert slot["overdue"] is not None
    assert "slot often" in project.reconcile("status").out
    project.reconcile("wake")
    project.reconcile("wake")
    alarms = [alarm for _, _, body in receiver.requests for alarm in body["alarms"]]
    assert [alarm["kind"] for alarm in alarms] == ["missed", "overdue"]
    assert (alarms[0]["schedule"], alarms[0]["slot"]) == ("often", None)
    assert (alarms[1]["schedule"], alarms[1]["slot"]) == (None, "often")
    assert alarms[1]["time"] == slot["overdue"]
    assert alarms[0]["count"] > 20


def test_on_a_laptop_no_notification_is_sent_and_no_secret_is_needed(
    project: Project, receiver: Receiver
) -> None:
    settings(project, "alerts: {to: {secret: alerting, key: SLACK_URL}}\n")
    project.write(
        "failing.yaml",
        f"name: failing\nschedule: '0 * * * *'\nfunction: shop/fail\nping: {receiver.url}/ping\n"
        f"alerts: {{to: {{url: '{receiver.url}/own'}}}}\n"
        'args: {occurrence: "${occurrence.id}"}\n',
    )
    plan = project.applied()
    assert plan.out.splitlines()[1] == (
        "alerts and pings are silent in local, unless environments.local.alerts is set"
    )
    project.reconcile("wake", "--at", NINE, "--wait")
    failed = project.reconcile("wake")
    assert "alarm" not in failed.out
    assert "bad" not in failed.err
    assert f"failing@{NINE}" in project.marks()
    assert receiver.requests == []
    assert project.reconcile("status").code == 1, "who looks is told all the same"


def test_pings_go_to_an_address_in_a_secret(project: Project, receiver: Receiver) -> None:
    told_locally(project, f"{{to: {{url: '{receiver.url}/alarms'}}, failures: false}}")
    project.write(
        "pinging.yaml",
        """
        name: plain
        schedule: "0 * * * *"
        function: shop/sync
        args: {occurrence: "${occurrence.id}"}
        ping: {secret: pings, key: PLAIN}
        ---
        name: other
        schedule: "0 * * * *"
        function: shop/fail
        args: {occurrence: "${occurrence.id}"}
        ping: {secret: pings, key: OTHER}
        """,
    )
    missing = project.reconcile("--dry-run")
    assert missing.code == 1
    assert missing.err.startswith(
        "reconcile: there is no Modal Secret pings with the keys OTHER and PLAIN in environment "
        "main, and `alerts` or `ping` name it\n"
    )
    urls = [f"{name}={receiver.url}/{name.lower()}" for name in ("PLAIN", "OTHER")]
    project.engine.modal("secret", "create", "pings", urls[0])
    assert project.reconcile("--yes").code == 1
    project.engine.modal("secret", "create", "--force", "pings", *urls)
    assert receiver.url not in project.applied("--format", "json").out
    project.reconcile("wake", "--at", NINE, "--wait")
    assert sorted(receiver.paths()) == ["/other/start", "/plain/start"]
    project.reconcile("wake")
    project.reconcile("wake")
    assert sorted(receiver.paths()) == ["/other/fail", "/other/start", "/plain", "/plain/start"]
    assert project.reconcile("--dry-run", "--format", "json").json["changes"] == []


def test_a_run_that_is_watched_over_pings_and_alarms_without_waiting_for_a_cron(
    project: Project, receiver: Receiver
) -> None:
    keys = {"retries": "{max: 1, backoff: 2s}", "ping": f"{receiver.url}/ping"}
    failing(project, receiver, **keys)
    until(lambda: "/services/verysecret" in receiver.paths())
    assert receiver.paths() == ["/ping/start", "/ping/fail", "/services/verysecret"]
    (text,) = receiver.texts()
    assert "failing failed" in text
    assert "gave up after 2 tries: ValueError: no rows" in text


def test_a_test_alert_shows_which_recipient_took_it(project: Project, receiver: Receiver) -> None:
    to = f"[{{url: '{receiver.url}/services/verysecret'}}, {{url: 'http://127.0.0.1:9/secret'}}]"
    told_locally(project, f"{{to: {to}}}")
    project.hourly("all")
    project.applied()
    done = project.reconcile("alerts", "test")
    assert done.code == 1, done.err
    taken, refused = done.out.splitlines()
    assert taken.startswith("sent    http://127.0.0.1:")
    assert refused.startswith("failed  http://127.0.0.1:9/…#")
    assert refused.endswith("(slack): it cannot be reached: Connection refused")
    assert "secret" not in done.out
    (text,) = receiver.texts()
    assert text.startswith("[local] This is a test alert: alerts arrive here.")


def test_without_a_recipient_a_test_alert_says_what_to_configure(project: Project) -> None:
    project.hourly("all")
    project.applied()
    done = project.reconcile("alerts", "test")
    assert (done.code, done.err.splitlines()[0]) == (
        1,
        "reconcile: no alert has a recipient in local",
    )
