"""A decorated function declares what a YAML manifest with the same keys does."""

from __future__ import annotations

from dataclasses import replace

import pytest

import reconciler
from reconciler.manifest import ManifestError, Schedule, Settings, load_contents
from tests.manifest.repository import MemoryFiles

YAML = """\
name: daily-sync
schedule: ["0 6 * * *", 1h]
timezone: Europe/Paris
code: schedules/jobs.py::daily_sync
args: {window: 24h, deep: [1, -2, null, {a: 2.5}]}
image: {pip: [requests]}
cpu: [0.5, 2]
memory: 1Gi
gpu: L4
secrets: [api, {name: db, keys: [URL]}]
retries: {max: 3, backoff: 2s}
protect: true
"""
PYTHON = '''
import reconciler

@reconciler.schedule(
    "0 6 * * *",
    "1h",
    timezone="Europe/Paris",
    args={"window": "24h", "deep": [1, -2, None, {"a": 2.5}]},
    image={"pip": ["requests"]},
    cpu=(0.5, 2),
    memory="1Gi",
    gpu="L4",
    secrets=["api", {"name": "db", "keys": ["URL"]}],
    retries={"max": 3, "backoff": "2s"},
    protect=True,
)
def daily_sync(window, deep):
    """Sync."""
'''


def loaded(**files: str) -> tuple[Schedule, ...]:
    contents = {
        f"schedules/{name.replace('__', '.')}": text.encode() for name, text in files.items()
    }
    return load_contents(
        contents.items(), settings=Settings(), code=MemoryFiles(contents)
    ).schedules


def problems(text: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        loaded(jobs__py=text)
    return [str(problem).partition("\n")[0] for problem in caught.value.problems]


def test_it_means_what_the_yaml_manifest_means() -> None:
    (from_yaml,) = loaded(a__yaml=YAML, jobs__py=PYTHON.replace("@reconciler.schedule", "@str"))
    (from_python,) = loaded(jobs__py=PYTHON)
    assert str(from_python.location) == "schedules/jobs.py:4:2"
    placed = replace(
        from_python,
        location=from_yaml.location,
        target_location=from_yaml.target_location,
        key_locations=from_yaml.key_locations,
    )
    assert placed == from_yaml


def test_both_forms_stand_side_by_side_and_share_their_names() -> None:
    other = YAML.replace("daily-sync", "other")
    assert [one.name for one in loaded(a__yaml=other, jobs__py=PYTHON)] == ["daily-sync", "other"]
    with pytest.raises(ManifestError, match="duplicate name `daily-sync`, first in"):
        loaded(a__yaml=YAML, jobs__py=PYTHON)


@pytest.mark.parametrize(
    "head", ["from reconciler import schedule", "from reconciler import schedule as every"]
)
def test_the_decorator_may_bear_another_name(head: str) -> None:
    name = head.rpartition(" ")[2]
    (found,) = loaded(jobs__py=f"{head}\n@{name}(at='2036-12-01T09:00Z')\ndef f(): ...\n")
    assert (found.name, found.when) == ("f", ("2036-12-01T09:00Z",))


def test_a_module_that_declares_nothing_is_no_problem() -> None:
    assert len(loaded(jobs__py=PYTHON, common__py="x = 1\n")) == 1


def test_a_folder_of_modules_alone_deletes_nothing() -> None:
    with pytest.raises(ManifestError, match="this folder contains no manifest"):
        loaded(common__py="x = 1\n")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('@schedule("1h", cpu=CORES)\ndef f(): ...', "2:21: only literals are understood"),
        ('@schedule(f"{1}h")\ndef f(): ...', "2:11: only literals are understood"),
        ('@schedule("1h", **more)\ndef f(): ...', "2:19: `**` hides what is declared"),
        ('@schedule("1h", args={1: 2})\ndef f(): ...', "2:23: a key must be text"),
        ('@schedule("1h", code="a.py::b")\ndef f(): ...', "2:17: `code` is the decorated function"),
        ('@schedule("1h", schedule="2h")\ndef f(): ...', "2:17: `schedule` is given twice"),
        ("@schedule\ndef f(): ...", "2:2: the decorator says no times"),
        ("@schedule()\ndef f(): ...", "2:2: none of `schedule`, `at` and `after` is given"),
        (
            'class A:\n    @schedule("1h")\n    def f(self): ...',
            "3:6: `f` is not a function at the top",
        ),
        ('@schedule("61 * * * *")\ndef f(): ...', "2:11: minute: 61 is out of range"),
        ('@schedule("1h", cpuu=1)\ndef f(): ...', "2:17: unknown key `cpuu`"),
        ('@schedule("1h", cpu="1")\ndef f(): ...', "2:21: `cpu` must be a number of cores"),
        (
            '@schedule("1h", name="é", cpu=-1)\ndef f(): ...',
            "2:31: `cpu` must be a number of cores",
        ),
        ('@schedule("1h")\ndef f(x): ...', "3:1: `f` needs an argument `x`"),
        ('@schedule("1h")\ndef f():\n    yield', "3:1: `f` is a generator"),
        ('@schedule("1h"\ndef f(): ...', "2:10: invalid syntax: '(' was never closed"),
    ],
)
def test_a_fault_is_named_at_its_line_of_the_python_file(text: str, problem: str) -> None:
    found = problems(f"from reconciler import schedule\n{text}\n")
    assert any(one.startswith(f"schedules/jobs.py:{problem}") for one in found), found


def test_the_decorator_returns_the_function_unchanged() -> None:
    def add(x: int, y: int) -> int:
        return x + y

    assert reconciler.schedule("1h", cpu=1, image={"pip": ["requests"]})(add) is add
