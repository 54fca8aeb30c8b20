"""`resources` of a schedule whose function others have deployed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.manifest import FunctionTarget, Schedule

Problems = Callable[..., list[str]]
Read = Callable[..., Schedule]

JOB = "name: job\nschedule: 1h\nfunction: shop/sync\n"
RESOURCES = JOB + "resources:\n"


def test_every_key_is_read_in_the_units_that_modal_takes(read: Read) -> None:
    target = read(
        RESOURCES
        + """\
  cpu: [0.5, 2]
  memory: 4Gi
  gpu: nvidia-l4
  env: {MODE: fast}
  secrets: [exchange-api, {name: db, keys: [URL]}]
  volumes: {/data: rates}
  region: us-east
"""
    ).target
    assert target == FunctionTarget(
        "shop",
        "sync",
        {
            "cpu": [0.5, 2],
            "memory": 4096,
            "gpu": "L4",
            "env": {"MODE": "fast"},
            "secrets": ["exchange-api", {"name": "db", "keys": ["URL"]}],
            "volumes": {"/data": "rates"},
            "region": ["us-east"],
        },
    )


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("  cpu: '1'\n", "5:8: "),
        ("  cpu: -1\n", "`resources.cpu` must be"),
        ("  memory: 1GB\n", "5:11: "),
        ("  memory: 64Mi\n", "`memory` must be 128Mi to 336Gi, in whole Mi"),
        ("  cpu: [2, 0.5]\n", "the request of `cpu` is more than its limit"),
        ("  gpu: [L4, A100]\n", "`resources.gpu` must be"),
        ("  env: {MODAL_TOKEN_ID: x}\n", "`MODAL_TOKEN_ID` cannot be given to a function"),
        ("  secrets: [a, a]\n", "contains `a` twice"),
        ("  volumes: {data: rates}\n", "an absolute path"),
        ("  volumes: {/root: rates}\n", "is taken by the container"),
        ("  timeout: 1m\n", "timeout"),
        ("  {}\n", "`resources` is empty"),
    ],
)
def test_what_modal_would_drop_or_refuse_is_an_error(
    problems: Problems, lines: str, said: str
) -> None:
    (found,) = problems(RESOURCES + lines)
    assert said in found
    assert found.startswith("5:")


def test_a_secret_cannot_take_a_variable_of_the_apply(problems: Problems) -> None:
    found = problems(RESOURCES + "  secrets: [{from_env: [KEY]}]\n")
    assert any("from_env" in one and one.startswith("5:14") for one in found)


def test_they_are_for_functions_that_others_deploy(problems: Problems) -> None:
    (found,) = problems(
        "name: job\nschedule: 1h\ncode: jobs/rates.py::refresh\nresources: {cpu: 1}\n"
    )
    assert "`resources` is allowed with `function` only" in found
    assert "write its keys beside `code`" in found
    (found,) = problems(JOB + "cpu: 1\n")
    assert "write it under `resources`" in found
