"""Damaged entries of the real Dict and files of the real Volume, and what each command says."""

from __future__ import annotations

from tests.end_to_end.project import Project

OWN = "schedule-reconciler"


def spoil(project: Project, code: str) -> None:
    """Change what is stored, as anybody in the workspace can."""
    project.in_modal(
        f"""
        import io, modal
        entries = modal.Dict.from_name({OWN!r})
        volume = modal.Volume.from_name({OWN!r})
        {code}
        answer = None
        """
    )


def overwrite(path: str, content: bytes) -> str:
    return (
        "with volume.batch_upload(force=True) as batch: "
        f"batch.put_file(io.BytesIO({content!r}), {path!r})"
    )


def test_an_entry_that_cannot_be_read_is_named_and_stops_nothing(project: Project) -> None:
    project.hourly("least", "witness")
    project.write(
        "once.yaml",
        """
        name: once
        schedule: "0 * * * *"
        function: shop/sync
        delivery: at-most-once
        args: {occurrence: "${occurrence.id}"}
        """,
    )
    project.applied()
    at = "2036-12-01T09:00Z"
    spoil(
        project,
        "entries['cursor'] = 'hello'\n"
        f"        entries['least@{at}'] = {{'state': 7}}\n"
        # A class that nothing but this script knows.
        "        unknown = type('Gone', (), {'__module__': 'gone', '__reduce__': lambda self: "
        "(eval, ('__import__(\"gone\").x',))})()\n"
        f"        entries['once@{at}'] = unknown",
    )
    plan = project.reconcile("--dry-run")
    assert plan.code == 0, plan.err
    status = project.reconcile("status", "--format", "json")
    assert [one["where"] for one in status.json["damaged"]] == ["Dict entry cursor"]
    assert status.code == 1

    woken = project.reconcile("wake", "--at", at, "--wait")
    assert "defect" not in woken.out + woken.err
    assert project.marks() == [f"least@{at}", f"witness@{at}"]
    states = {
        one["name"]: one["state"]
        for one in project.reconcile("runs", "--format", "json").json["runs"]
    }
    assert states == {"least": "succeeded", "witness": "succeeded", "once": "missed"}
    why = project.reconcile("explain", "once", at).out
    assert f"Dict entry once@{at} cannot be read" in why
    # What a wake found is named for a day, unless it has been repaired since.
    found = project.reconcile("status").out
    assert "Dict entry cursor" not in found
    assert f"Dict entry once@{at} cannot be read" in found


def test_status_goes_quiet_once_a_wake_has_written_a_damaged_cursor_anew(project: Project) -> None:
    project.hourly("hourly")
    project.applied()
    spoil(project, "entries['cursor'] = 'hello'")
    status = project.reconcile("status")
    assert status.code == 1
    assert "it holds a value of type str\n    The next wake writes it anew." in status.out
    rehearsed = project.reconcile("wake", "--dry-run")
    assert rehearsed.code == 0
    assert "Dict entry cursor cannot be read: it holds a value of type str" in rehearsed.err
    assert project.reconcile("wake").code == 0
    after = project.reconcile("status")
    assert (after.code, "Damaged" in after.out) == (0, False), after.out


def test_a_runs_file_or_a_record_that_is_garbled_is_named_and_the_others_are_read(
    project: Project,
) -> None:
    project.hourly("hourly")
    project.applied()
    project.reconcile("wake", "--at", "2036-12-01T09:00Z", "--wait")
    paths = project.in_modal(
        f"""
        import modal
        volume = modal.Volume.from_name({OWN!r})
        answer = sorted(e.path for e in volume.listdir("/", recursive=True))
        """
    )
    (record,) = [path for path in paths if path.startswith("applies/")]
    day = next(path for path in paths if path.startswith("runs/")).split("/")[1]
    garbled = f"runs/{day}/000000-garbled.jsonl"
    spoil(project, overwrite(garbled, b"\x80 garbage"))
    spoil(project, overwrite(record, b""))

    runs = project.reconcile("runs")
    assert runs.code == 0
    assert "hourly" in runs.out
    assert f"{garbled} cannot be read: does not begin with the log of a wake" in runs.err
    assert f"modal volume rm {OWN} {garbled}" in runs.err
    history = project.reconcile("history")
    assert history.code == 0
    assert f"{record} cannot be read: is not the record of an apply" in history.err
    assert project.reconcile("wake").code == 0
    status = project.reconcile("status")
    assert status.code == 1
    assert garbled in status.out
    assert record in status.out
    explained = project.reconcile("explain", "hourly", "2036-12-01T09:00Z")
    assert explained.code == 0
    assert "defect" not in explained.err


def test_a_dry_run_says_what_overlap_would_do(project: Project) -> None:
    project.write(
        "s.yaml",
        """
        name: s
        schedule: "* 12 * * *"
        function: shop/endless
        overlap: skip
        """,
    )
    project.applied()
    assert project.reconcile("wake", "--at", "2036-12-01T12:00Z").code == 0
    said = project.reconcile("wake", "--at", "2036-12-01T12:01Z", "--dry-run").out
    assert said.startswith("would be skipped  s@2036-12-01T12:01Z  s@2036-12-01T12:00Z is still")
    done = project.reconcile("wake", "--at", "2036-12-01T12:01Z").out
    assert "skipped" in done
    again = project.reconcile("wake", "--at", "2036-12-01T12:01Z", "--dry-run").out
    assert again.startswith("was processed s@2036-12-01T12:01Z  skipped  s@2036-12-01T12:00Z")


def test_a_garbled_record_costs_its_schedule_alone_until_the_next_apply(project: Project) -> None:
    """The file bears the name of its content, as one that was written so by mistake would."""
    project.hourly("a", "b", "c")
    project.applied()
    garbled = project.in_modal(
        f"""
        import hashlib, io, json, modal
        volume = modal.Volume.from_name({OWN!r})
        pointer = json.loads(b"".join(volume.read_file("current.json")))
        old = b"".join(volume.read_file(f"generations/{{pointer['generation']}}.jsonl"))
        lines = [
            line[:-9] if number > 3 and b'"name":"b"' in line else line
            for number, line in enumerate(old.split(b"\\n"))
        ]
        content = b"\\n".join(lines)
        pointer["generation"] = digest = hashlib.sha256(content).hexdigest()
        with volume.batch_upload(force=True) as batch:
            batch.put_file(io.BytesIO(content), f"generations/{{digest}}.jsonl")
            batch.put_file(io.BytesIO(json.dumps(pointer).encode()), "current.json")
        answer = f"generations/{{digest}}.jsonl record 2 (b)"
        """
    )
    woken = project.reconcile("wake", "--at", "2036-12-01T09:00Z", "--wait")
    assert "defect" not in woken.out + woken.err
    assert project.marks() == ["a@2036-12-01T09:00Z", "c@2036-12-01T09:00Z"]
    status = project.reconcile("status")
    assert status.code == 1
    assert f"{garbled} cannot be read: is not a record of a schedule: it is not JSON" in status.out
    assert "Run reconcile, which repairs it." in status.out
    for command in (("explain", "b", "2036-12-01T09:00Z"), ("trigger", "b")):
        done = project.reconcile(*command)
        assert done.code == 1
        assert f"{garbled}: cannot be read" in done.err
    assert project.reconcile("explain", "a", "2036-12-01T09:00Z").code == 0
    assert f"{garbled} cannot be read" in project.reconcile("wake", "--dry-run").err
    assert "record 2 (b) cannot be read" in project.reconcile("--dry-run").out
    project.applied()
    assert "Nothing to do" in project.reconcile("--dry-run").out
    after = project.reconcile("status")
    assert after.code == 0, after.out
