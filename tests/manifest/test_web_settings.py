"""`web:` in the settings: what each environment deploys, and what is wrong with it."""

from __future__ import annotations

import pytest

from reconciler.manifest import ManifestError, parse_settings
from reconciler.manifest.web_settings import WebSettings

USUAL = "web: {auth: reconcile-web, functions: [billing/*], proxy_auth: true}\n"
CLOUDFLARE = "cloudflare: {account: 0123456789abcdef0123456789abcdef}\n"
OF_ALL = WebSettings(auth="reconcile-web", functions=("billing/*",), proxy_auth=True)


def web(text: str, environment: str) -> WebSettings | None:
    return parse_settings(text.encode()).environment(environment).web


def refusals(text: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        parse_settings(text.encode())
    return [str(problem).removeprefix("reconciler.yaml:") for problem in caught.value.problems]


@pytest.mark.parametrize("environment", ["production", "local"])
def test_every_environment_has_the_web_of_the_settings(environment: str) -> None:
    assert web(USUAL, environment) == OF_ALL
    assert web(f"{USUAL}environments: {{production: {{}}}}\n", environment) == OF_ALL
    assert web("environments: {production: {}}\n", environment) is None


def test_an_environment_replaces_all_of_web_or_deploys_none() -> None:
    text = (
        f"{USUAL}environments:\n  production: {{}}\n  staging: {{web: false}}\n"
        "  test: {web: {auth: test-web}}\n  local: {web: false}\n"
    )
    assert web(text, "production") == OF_ALL
    assert web(text, "staging") is None
    assert web(text, "test") == WebSettings(auth="test-web")
    assert web(text, "local") is None


def test_one_environment_alone_may_have_a_web() -> None:
    text = "environments:\n  production: {web: {auth: reconcile-web}}\n  staging: {}\n"
    assert web(text, "production") == WebSettings(auth="reconcile-web")
    assert web(text, "staging") is None


@pytest.mark.parametrize(
    "text",
    [
        f"{CLOUDFLARE}environments: {{production: {{web: {{auth: a}}}}}}\n",
        f"{USUAL}{CLOUDFLARE}environments: {{a: {{}}, b: {{web: false, cloudflare: false}}}}\n",
        f"{USUAL}{CLOUDFLARE}environments: {{a: {{}}, local: {{web: false}}}}\n",
    ],
)
def test_a_worker_calls_the_web_of_its_own_environment(text: str) -> None:
    parse_settings(text.encode())


NEEDS_WEB = "`cloudflare` needs the HTTP API, which the Worker calls"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("environments: {a: {web: true}}\n", "1:25: `environments.a.web` must be false, or a map"),
        (
            "environments: {a: {web: {auht: s}}}\n",
            "1:26: unknown key `environments.a.web.auht`",
        ),
        (
            f"{USUAL}{CLOUDFLARE}environments: {{a: {{}}, b: {{web: false}}}}\n",
            f"3:27: {NEEDS_WEB}",
        ),
        (
            f"{USUAL}{CLOUDFLARE}environments: {{a: {{}}, b: {{web: {{proxy_auth: true}}}}}}\n",
            f"3:27: {NEEDS_WEB}",
        ),
        (
            f"{CLOUDFLARE}environments: {{a: {{web: {{auth: s}}}}, b: {{}}}}\n",
            f"1:1: {NEEDS_WEB}",
        ),
        (f"{CLOUDFLARE}environments: {{a: {{}}, b: {{}}}}\n", f"1:1: {NEEDS_WEB}"),
    ],
)
def test_an_error_names_line_column_and_what_is_expected(text: str, refusal: str) -> None:
    assert [found[: len(refusal)] for found in refusals(text)] == [refusal]


def test_an_environment_with_a_worker_and_no_web_may_go_without_either() -> None:
    (found,) = refusals(f"{USUAL}{CLOUDFLARE}environments: {{a: {{}}, b: {{web: false}}}}\n")
    assert "or write `cloudflare: false` for this environment" in found
