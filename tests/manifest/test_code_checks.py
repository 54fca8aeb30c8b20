"""A code target is checked from its text, each fault at its line, in YAML or in Python."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest

from reconciler.manifest import CodeTarget, Settings
from tests.manifest.repository import code_problems, load_code

JOB = "name: job\nschedule: 1h\ncode: jobs/rates.py::refresh\n"
GOOD = "def refresh():\n    return 1\n"


def of_python(text: str, manifest: str = JOB, others: Mapping[str, str] | None = None) -> list[str]:
    return code_problems(manifest, {"jobs/rates.py": text, **(others or {})})


def test_a_function_that_can_run_has_no_problem() -> None:
    assert of_python(GOOD) == []
    assert of_python("async def refresh(limit=3, *rest, **more): ...\n") == []


def test_a_missing_file_is_named_at_the_manifests_line() -> None:
    assert code_problems(JOB, {}) == [
        "schedules/job.yaml:3:7: there is no file `jobs/rates.py` in the work tree"
    ]


def test_a_missing_function_is_named_at_the_manifests_line() -> None:
    found = of_python("def refrsh(): ...\nclass refresh: ...\n")
    assert found == [
        "schedules/job.yaml:3:7: `jobs/rates.py` has no function `refresh` at its top level"
    ]


@pytest.mark.parametrize(
    ("parameters", "args", "problem"),
    [
        ("x", "", "3:7: `refresh` needs an argument `x`, which `args` does not give"),
        (
            "x, *, y",
            "args: {x: 1}",
            "4:7: `refresh` needs an argument `y`, which `args` does not give",
        ),
        (
            "x, /",
            "args: {x: 1}",
            "4:7: `refresh` takes `x` by position only, and `args` are given by name",
        ),
        ("limit=1", "args: {limt: 1}", "4:14: `refresh` takes no argument `limt`"),
    ],
)
def test_arguments_must_fit_the_function(parameters: str, args: str, problem: str) -> None:
    found = of_python(f"def refresh({parameters}): ...\n", JOB + args)
    assert f"schedules/job.yaml:{problem}" in found


@pytest.mark.parametrize(
    ("parameters", "args"),
    [
        ("x", "args: {x: 1}"),
        ("**more", "args: {x: 1}"),
        ("occurrence", ""),
        ("*, occurrence", ""),
        ("x=1, *, occurrence=None", ""),
    ],
)
def test_the_occurrence_and_what_has_a_default_need_not_be_given(
    parameters: str, args: str
) -> None:
    assert of_python(f"def refresh({parameters}): ...\n", JOB + args) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("def refresh():\n    yield 1\n", "a generator"),
        ("def refresh():\n    yield from [1]\n", "a generator"),
        ("async def refresh():\n    for one in []:\n        yield one\n", "an async generator"),
    ],
)
def test_a_generator_is_refused_at_its_line(text: str, kind: str) -> None:
    assert of_python(f"import os\n\n{text}") == [
        f"jobs/rates.py:3:1: `refresh` is {kind}: a schedule needs a function that returns"
    ]


def test_what_functions_within_it_yield_is_theirs() -> None:
    assert (
        of_python("def refresh():\n    def parts():\n        yield 1\n    return list(parts())\n")
        == []
    )


@pytest.mark.parametrize(
    "head",
    [
        "import modal\napp = modal.App('x')\n@app.function()\n",
        "from modal import App as A\nshop: A = A('x')\n@shop.function(cpu=1)\n",
        "import modal as m\n\n@m.method()\n",
    ],
)
def test_a_decorator_of_modal_is_refused_at_its_line(head: str) -> None:
    assert of_python(f"{head}{GOOD}") == [
        "jobs/rates.py:3:2: `refresh` has a decorator of Modal, which deploys it itself"
    ]


def test_other_decorators_are_none_of_our_business() -> None:
    assert of_python(f"import functools\n@functools.cache\n{GOOD}") == []


def test_a_syntax_error_is_named_at_its_line() -> None:
    assert of_python("def refresh(:\n    pass\n") == ["jobs/rates.py:1:13: invalid syntax"]


def test_an_imported_file_with_a_syntax_error_is_named_too() -> None:
    found = of_python(f"import jobs.common\n{GOOD}", others={"jobs/common.py": "x = = 1\n"})
    assert found == ["jobs/common.py:1:5: invalid syntax"]


def test_the_syntax_is_that_of_the_images_python() -> None:
    match = "def refresh():\n    match 1:\n        case _:\n            return 2\n"
    (found,) = of_python(match, JOB + 'image: {python: "3.9"}\n')
    assert found.startswith("jobs/rates.py:")
    assert "in Python 3.9, which its image has" in found
    assert of_python(match, JOB + 'image: {python: "3.10"}\n') == []
    assert of_python(match, JOB + "image: {registry: python:3.9}\n") == []


def test_the_syntax_of_a_newer_python_is_not_called_wrong() -> None:
    newer = f"3.{sys.version_info[1] + 1}"
    (found,) = of_python("def refresh(:\n", JOB + f'image: {{python: "{newer}"}}\n')
    assert "which runs reconcile, cannot read it" in found


@pytest.mark.parametrize(
    ("statement", "module"),
    [
        ("import jobs.nothing", "jobs.nothing"),
        ("from jobs import nothing", "jobs.nothing"),
        ("from jobs.nothing import x", "jobs.nothing"),
        ("from .nothing import x", ".nothing"),
        ("from . import nothing", ".nothing"),
        ("from jobs.sub import nothing", "jobs.sub.nothing"),
        ("def f():\n    import jobs.nothing", "jobs.nothing"),
    ],
)
def test_a_module_of_the_repository_that_is_missing_is_named(statement: str, module: str) -> None:
    found = of_python(f"{GOOD}{statement}\n", others={"jobs/sub/__init__.py": "present = 1\n"})
    (problem,) = found
    line, column = (4, 5) if statement.startswith("def") else (3, 1)
    assert problem == (
        f"jobs/rates.py:{line}:{column}: there is no module `{module}` in the work tree"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "import requests, json, jobs",
        "from jobs.sub import present",
        "from jobs.sub import *",
        "from jobs.lazy import anything",
        "try:\n    import jobs.nothing\nexcept ImportError:\n    pass",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from jobs.nothing import x",
        "import reconciler.nothing",
    ],
)
def test_other_imports_are_no_problem(statement: str) -> None:
    others = {
        "jobs/sub/__init__.py": "present = 1\n",
        "jobs/lazy/__init__.py": "def __getattr__(n): ...\n",
    }
    assert of_python(f"{GOOD}{statement}\n", others=others) == []


def test_local_imports_go_along_and_nothing_else() -> None:
    files = {
        "jobs/__init__.py": "",
        "jobs/rates.py": "from jobs.common import x\nimport sibling\nfrom shop import cart\n"
        + GOOD,
        "jobs/common.py": "from .deep import y\nx = y\n",
        "jobs/deep.py": "y = 1\n",
        "jobs/sibling.py": "",
        "jobs/other.py": "",
        "src/shop/__init__.py": "",
        "src/shop/cart.py": "",
        "shop.txt": "",
    }
    manifests = load_code(JOB, files)
    assert manifests.code is not None
    target = manifests.schedules[0].target
    assert isinstance(target, CodeTarget)
    assert [file.path for file in manifests.code.sources(target)] == [
        "jobs/rates.py",
        "jobs/__init__.py",
        "jobs/common.py",
        "jobs/deep.py",
        "jobs/sibling.py",
        "src/shop/__init__.py",
        "src/shop/cart.py",
    ]


FILES = {
    "jobs/rates.py": GOOD,
    "prompts/a.txt": "",
    "prompts/deep/b.txt": "",
    "prompts/c.md": "",
    ".env": "SECRET=1",
    "prompts/.env.local": "SECRET=1",
    ".reconciler/engine/state": "",
}


@pytest.mark.parametrize(
    ("pattern", "included"),
    [
        ("prompts/*.txt", ["prompts/a.txt"]),
        ("prompts/**", ["prompts/a.txt", "prompts/c.md", "prompts/deep/b.txt"]),
        ("prompts", ["prompts/a.txt", "prompts/c.md", "prompts/deep/b.txt"]),
        ("**/*.txt", ["prompts/a.txt", "prompts/deep/b.txt"]),
        ("prompts/?.md", ["prompts/c.md"]),
        ("**", ["prompts/a.txt", "prompts/c.md", "prompts/deep/b.txt"]),
    ],
)
def test_include_takes_what_its_patterns_name(pattern: str, included: list[str]) -> None:
    manifests = load_code(JOB + f"include: ['{pattern}']\n", FILES)
    assert manifests.code is not None
    target = manifests.schedules[0].target
    assert isinstance(target, CodeTarget)
    assert [file.path for file in manifests.code.sources(target)] == ["jobs/rates.py", *included]


@pytest.mark.parametrize("pattern", ["nothing/*", ".env", ".reconciler/**", "prompts/.env.local"])
def test_an_include_without_a_file_and_files_that_are_never_deployed_are_refused(
    pattern: str,
) -> None:
    (found,) = code_problems(JOB + f"include: ['{pattern}']\n", FILES)
    assert found.startswith(f"schedules/job.yaml:4:11: `include` has `{pattern}`")


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        ("requirements: r.txt", "4:23: `image.requirements` needs the file `r.txt`"),
        ("dockerfile: ops/Dockerfile", "4:21: `image.dockerfile` needs the file `ops/Dockerfile`"),
        ("uv_sync: true", "4:18: `image.uv_sync` needs the file `pyproject.toml`"),
    ],
)
def test_what_an_image_is_built_from_must_be_there(image: str, problem: str) -> None:
    found = code_problems(JOB + f"image: {{{image}}}\n", {"jobs/rates.py": GOOD})
    assert found[0].startswith(f"schedules/job.yaml:{problem}")


def test_a_file_that_many_schedules_run_is_read_once() -> None:
    manifest = "---\n".join(
        f"name: job-{n}\nschedule: 1h\ncode: jobs/rates.py::refresh\n" for n in range(50)
    )
    manifests = load_code(manifest, {"jobs/rates.py": GOOD})
    assert manifests.code is not None
    assert manifests.code.files.reads["jobs/rates.py"] == 1  # type: ignore[attr-defined]  # of the fake


def test_each_problem_is_reported_once() -> None:
    manifest = "---\n".join(
        f"name: job-{n}\nschedule: 1h\ncode: jobs/rates.py::refresh\n" for n in range(3)
    )
    assert len(code_problems(manifest, {"jobs/rates.py": "def refresh():\n    yield\n"})) == 1


def test_defaults_of_an_environment_count_for_its_syntax() -> None:
    from reconciler.manifest import parse_settings

    settings = parse_settings(
        b"environments: {old: {defaults: {image: {python: '3.9'}}}, new: {}}\n"
    )
    assert isinstance(settings, Settings)
    match = "def refresh():\n    match 1:\n        case _: ...\n"
    assert len(code_problems(JOB, {"jobs/rates.py": match}, settings)) == 1
    only_new = JOB + "environments: [new]\n"
    assert code_problems(only_new, {"jobs/rates.py": match}, settings) == []
