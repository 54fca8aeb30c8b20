"""`cloudflare:` in the settings: the Worker of each environment, and what is wrong with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.manifest import ManifestError, parse_settings
from reconciler.manifest.cloudflare_settings import (
    CloudflareSettings,
    Mode,
    Safety,
    Subscription,
)

ACCOUNT = "0123456789abcdef0123456789abcdef"
WEB = "web: {auth: reconcile-web}\n"
USUAL = f"{WEB}cloudflare: {{account: {ACCOUNT}}}\n"


def worker(text: str, environment: str = "production") -> CloudflareSettings | None:
    return parse_settings(text.encode()).environment(environment).cloudflare


def refusals(text: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        parse_settings(text.encode())
    return [str(problem).removeprefix("reconciler.yaml:") for problem in caught.value.problems]


def test_only_the_account_must_be_given() -> None:
    assert worker(USUAL) == CloudflareSettings(
        account=ACCOUNT,
        worker="schedule-reconciler-production",
        mode=Mode.TICK,
        subscription=Subscription.FREE,
        safety=Safety.HOUR,
        queue=True,
        database=True,
        key=1,
        alert_after=timedelta(minutes=15),
    )


def test_every_key_is_read() -> None:
    found = worker(
        f"{WEB}cloudflare: {{account: {ACCOUNT}, worker: wakes, mode: triggers, queue: false, "
        "subscription: paid, safety: 30m, database: false, key: 2, alert_after: 1h}\n"
    )
    assert found == CloudflareSettings(
        account=ACCOUNT,
        worker="wakes",
        mode=Mode.TRIGGERS,
        subscription=Subscription.PAID,
        safety=Safety.THIRTY_MINUTES,
        queue=False,
        database=False,
        key=2,
        alert_after=timedelta(hours=1),
    )


def test_a_subscription_says_how_many_cron_triggers_there_are() -> None:
    assert (Subscription.FREE.triggers, Subscription.PAID.triggers) == (5, 250)


def test_local_has_no_worker_unless_it_declares_one() -> None:
    declared = f"environments:\n  local:\n    cloudflare: {{account: {ACCOUNT}}}\n"
    assert worker(USUAL, "local") is None
    assert worker(WEB + declared, "local") is not None


def test_an_environment_replaces_the_worker_or_has_none() -> None:
    text = (
        USUAL + "environments:\n  production: {}\n  staging: {cloudflare: false}\n"
        f"  test:\n    cloudflare: {{account: {ACCOUNT}, safety: 5m}}\n"
    )
    assert worker(text, "staging") is None
    found = worker(text, "test")
    assert found is not None
    assert (found.worker, found.safety) == ("schedule-reconciler-test", Safety.FIVE_MINUTES)


def test_the_default_name_is_one_that_cloudflare_accepts() -> None:
    found = worker(f"app: Our_App.{'x' * 50}\n{USUAL}")
    assert found is not None
    assert found.worker == f"our-app-{'x' * 42}"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (
            f"cloudflare: {{account: {ACCOUNT}}}\n",
            "1:1: `cloudflare` needs the HTTP API, which the Worker calls",
        ),
        (
            f"web: {{}}\nenvironments:\n  a:\n    cloudflare: {{account: {ACCOUNT}}}\n",
            "4:5: `cloudflare` needs the HTTP API, which the Worker calls",
        ),
        (f"{WEB}cloudflare: {{}}\n", "2:13: `cloudflare.account` is missing"),
        (
            f"{WEB}cloudflare: {{account: 12}}\n",
            "2:23: `cloudflare.account` must be the id of a Cloudflare account",
        ),
        (
            f"{WEB}cloudflare:\n  account: {ACCOUNT}\n  mode: cron\n",
            "4:9: `cloudflare.mode` must be `tick` or `triggers`",
        ),
        (
            f"{WEB}cloudflare:\n  account: {ACCOUNT}\n  safety: 7m\n",
            "4:11: `cloudflare.safety` must be `5m`, `10m`",
        ),
        (
            f"{WEB}cloudflare:\n  account: {ACCOUNT}\n  alert_after: 2d\n",
            "4:16: `alert_after` must be 1m to 1d",
        ),
        (
            f"{WEB}cloudflare:\n  account: {ACCOUNT}\n  worker: Wakes\n",
            "4:11: `cloudflare.worker` must be at most 50 lower-case letters",
        ),
        (f"{WEB}cloudflare: true\n", "2:13: `cloudflare` must be a mapping"),
        (
            f"{WEB}cloudflare: {{account: {ACCOUNT}, token: x}}\n",
            "2:57: unknown key `cloudflare.token`",
        ),
        (
            f"{USUAL[:-2]}, worker: w}}\nenvironments: {{a: {{}}, b: {{}}}}\n",
            "3:23: `b` and `a` use the same Worker, w",
        ),
    ],
)
def test_an_error_names_line_column_and_what_is_expected(text: str, refusal: str) -> None:
    assert [found[: len(refusal)] for found in refusals(text)] == [refusal]
