"""The keys of a code target: what they mean, and what Modal's client would accept and drop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from reconciler.manifest import CodeTarget, ManifestError, Schedule, Settings, parse_settings
from reconciler.manifest.code_target import CodeOptions, Image, NamedSecret, SecretFromEnv
from reconciler.manifest.retries import Retries
from reconciler.manifest.sizes import Amount
from tests.manifest.repository import load_code

Problems = Callable[..., list[str]]
Read = Callable[..., Schedule]

JOB = "name: job\nschedule: 1h\ncode: jobs/rates.py::refresh\n"


def options(read: Read, lines: str, settings: Settings | None = None) -> CodeOptions:
    target = read(JOB + lines, settings=settings).target
    assert isinstance(target, CodeTarget)
    assert str(target) == "jobs/rates.py::refresh"
    return target.options


def test_every_key_is_read(read: Read) -> None:
    found = options(
        read,
        """\
image:
  {python: "3.12", apt: [curl], pip: [requests], requirements: r.txt, uv_sync: true, run: [make]}
cpu: [0.5, 2]
memory: [1Gi, 4Gi]
gpu: [nvidia-l4, "A100-80GB:2"]
secrets: [exchange-api, {name: db, keys: [URL]}, {from_env: [API_KEY]}]
volumes: {/data: rates}
env: {MODE: fast}
region: us-east
max_containers: 3
min_containers: 1
scaledown_window: 2m
concurrency: 10
include: [prompts/*]
retries: {max: 3, backoff: 30s}
timeout: 10m
""",
        Settings(from_env=("API_KEY",)),
    )
    assert found == CodeOptions(
        image=Image(
            python="3.12",
            apt=("curl",),
            pip=("requests",),
            requirements="r.txt",
            uv_sync=".",
            run=("make",),
        ),
        cpu=Amount(0.5, 2),
        memory=Amount(1024, 4096),
        gpu=("L4", "A100-80GB:2"),
        secrets=(
            NamedSecret("exchange-api"),
            NamedSecret("db", ("URL",)),
            SecretFromEnv(("API_KEY",)),
        ),
        volumes={"/data": "rates"},
        env={"MODE": "fast"},
        region=("us-east",),
        max_containers=3,
        min_containers=1,
        scaledown_window=timedelta(minutes=2),
        concurrency=10,
        include=("prompts/*",),
        retries=Retries(3, timedelta(seconds=30)),
        timeout=timedelta(minutes=10),
    )


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('cpu: "1"', "4:6: `cpu` must be a number of cores, more than 0 up to 64, not the text"),
        ("cpu: -1", "4:6: `cpu` must be a number of cores, more than 0 up to 64, not -1"),
        ("cpu: 0", "4:6: `cpu` must be a number of cores"),
        ("cpu: [2, 1]", "4:6: the request of `cpu` is more than its limit"),
        ("cpu: [1, 2, 3]", "4:6: `cpu` must be a pair of numbers of cores"),
        ("memory: 1GB", "4:9: `memory` must be a size such as 512Mi or 1Gi"),
        ("memory: 100", "4:9: `memory` must be a whole number from 128"),
        ("memory: 100Mi", "4:9: `memory` must be 128Mi to 336Gi, in whole Mi"),
        ("memory: 1000Gi", "4:9: `memory` must be 128Mi to 336Gi, in whole Mi"),
        ("memory: 0.33Gi", "4:9: `memory` must be 128Mi to 336Gi, in whole Mi"),
        ("memory: 512.5", "4:9: `memory` must be a whole number"),
        ("memory: [2Gi, 1Gi]", "4:9: the request of `memory` is more than its limit"),
        ("memory: [64Mi, 1Gi]", "4:10: `memory` must be 128Mi to 336Gi"),
        ("gpu: L4:x", "4:6: `gpu` must be a GPU as Modal names it"),
        ("gpu: L4:9", "4:6: `gpu` must be a GPU as Modal names it"),
        ("region: us east", "4:9: `region` must be a region as Modal names it"),
        ("timeout: 0s", "4:10: `timeout` must be longer than zero"),
        ("timeout: 300h", "4:10: `timeout` must be at most 24h"),
        ("retries: 50", "4:10: `retries` must be a whole number from 0 to 10"),
        ("retries: -1", "4:10: `retries` must be a whole number from 0 to 10"),
        ("volumes: {data: rates}", "4:11: the key `data` in `volumes` must be an absolute path"),
        ("volumes: {/: rates}", "4:11: the key `/` in `volumes` must be an absolute path"),
        ("volumes: {/root: rates}", "4:11: the path `/root` in `volumes` is taken by"),
        ("volumes: {/tmp: rates}", "4:11: the path `/tmp` in `volumes` is taken by"),
        ("volumes: {/root/repository: a}", "4:11: the path `/root/repository` in `volumes` is"),
        ("volumes: {/data/../x: rates}", "4:11: the path `/data/../x` in `volumes` must not"),
        ("image: {pip: [--pre]}", "4:15: `image.pip[0]` must be a package with its version"),
        (
            "image: {pip: [numpy, 'requests==']}",
            "4:22: `image.pip[1]` is no requirement that pip reads: `requests==`",
        ),
        ("image: {pip: [requests 2.32]}", "4:15: `image.pip[0]` is no requirement that pip reads"),
        ('image: {run: ["echo \\0"]}', "4:15: `image.run[0]` contains the character NUL"),
        ('env: {KEY: "a\\0b"}', "4:12: `env.KEY` contains the character NUL"),
        ("image: {requirements: ./r.txt}", "4:23: `image.requirements` must not contain `./`"),
        ('env: {"": x}', "4:7: an empty key in `env` must be"),
        ("secrets: [a b]", "4:11: `secrets[0]` must be a name as Modal accepts it"),
        ("secrets: [a, {name: a, keys: [B]}]", "4:14: `secrets` contains `a` twice"),
        ("secrets: [{name: a}]", "4:11: `secrets[0].keys` is missing"),
        ("secrets: [{from_env: [KEY], keys: [A]}]", "4:29: unknown key `secrets[0].keys`"),
        ("secrets: [{from_env: [KEY]}]", "4:23: reconciler.yaml does not list `KEY`"),
        ("secrets: [{from_env: [GITHUB_TOKEN]}]", "4:23: `GITHUB_TOKEN` cannot be given"),
        ("env: {MODAL_TOKEN_ID: x}", "4:7: `MODAL_TOKEN_ID` cannot be given"),
        ("scaledown_window: 1s", "4:19: `scaledown_window` must be 2s to 1h"),
        ("scaledown_window: 2h", "4:19: `scaledown_window` must be 2s to 1h"),
        ("max_containers: 0", "4:17: `max_containers` must be a whole number from 1"),
        ("max_containers: 1\nmin_containers: 2", "5:17: `min_containers` must not be more than"),
        ("image: {registry: a, name: b}", "4:22: both `image.registry` and `image.name` are given"),
        ('image: {name: b, python: "3.12"}', "4:18: `image.python` cannot be given with"),
        ("image: {dockerfile: ../Dockerfile}", "4:21: `image.dockerfile` must stay inside"),
        ("include: [../secrets]", "4:11: `include` must stay inside the repository"),
        ("include: [/etc/passwd]", "4:11: `include[0]` must be a path or a pattern"),
    ],
)
def test_nothing_is_dropped_silently(lines: str, problem: str, problems: Problems) -> None:
    assert any(found.startswith(problem) for found in problems(JOB + lines)), problems(JOB + lines)


def test_a_whole_number_written_with_a_point_is_the_number(read: Read) -> None:
    assert options(read, "memory: 1024.0").memory == Amount(1024)


def test_defaults_hold_where_the_manifest_says_nothing() -> None:
    settings = parse_settings(b"""\
defaults: {image: {python: "3.11", apt: [curl]}, cpu: 1, env: {A: "1", B: "1"}, retries: 2}
environments:
  production: {defaults: {cpu: 4, env: {B: "2"}}}
  staging: {}
""")
    manifest = JOB + "image: {pip: [requests]}\nenv: {C: '3'}\nmemory: 1Gi\n"
    manifests = load_code(manifest, {"jobs/rates.py": "def refresh(): ...\n"}, settings)
    found = {}
    for name in ("production", "staging"):
        (schedule,) = manifests.for_environment(name)
        assert isinstance(schedule.target, CodeTarget)
        found[name] = schedule.target.options
    assert found["production"].image == Image(python="3.11", apt=("curl",), pip=("requests",))
    assert found["production"].env == {"A": "1", "B": "2", "C": "3"}
    assert (found["production"].cpu, found["staging"].cpu) == (Amount(4), Amount(1))
    assert found["staging"].retries == Retries(2)


def test_a_base_in_a_manifest_takes_the_place_of_the_defaults_base() -> None:
    own = Image(registry="a/b", pip=("x",))
    assert own.over(Image(dockerfile="Dockerfile", apt=("curl",))) == Image(
        registry="a/b", apt=("curl",), pip=("x",)
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("defaults: {cpu: -1}", "1:17: `defaults.cpu` must be a number of cores"),
        ("defaults: {memory: 1Mi}", "1:20: `memory` must be 128Mi"),
        ("defaults: {timeout: 48h}", "1:21: `timeout` must be 1s to 24h"),
        ("from_env: [CLOUDFLARE_API_TOKEN]", "1:12: `CLOUDFLARE_API_TOKEN` cannot be given"),
        ("defaults: {secrets: [{from_env: [K]}]}", "1:21: reconciler.yaml does not list `K`"),
        ("environments: {a: {defaults: {cpuu: 1}}}", "1:31: unknown key"),
    ],
)
def test_defaults_are_checked_in_the_settings(text: str, problem: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse_settings(text.encode())
    assert str(caught.value.problems[0]).startswith(f"reconciler.yaml:{problem}")


def test_schedules_that_agree_share_a_target_and_code_is_not_part_of_it(read: Read) -> None:
    one, same, other = (
        read(JOB + lines).target for lines in ("cpu: 1\nargs: {a: 1}", "cpu: 1", "cpu: 2")
    )
    assert isinstance(one, CodeTarget)
    assert isinstance(same, CodeTarget)
    assert isinstance(other, CodeTarget)
    assert one.key == same.key != other.key


@pytest.mark.parametrize(
    ("lines", "by_modal"),
    [
        ("retries: 3", True),
        ("retries: {max: 2, backoff: 60s, factor: 1}", True),
        ("retries: {max: 2, backoff: 31s}", False),
        ("retries: {max: 1, backoff: 2m}", False),
        ("", True),
    ],
)
def test_modal_retries_what_it_can_express(lines: str, by_modal: bool, read: Read) -> None:
    assert options(read, lines).retried_by_modal is by_modal
