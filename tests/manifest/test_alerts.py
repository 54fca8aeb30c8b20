"""Alerts and pings as people write them, and what is said of those that are wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.alerts import Address, AlertRule, Alerts, BodyFormat, Recipient
from reconciler.manifest import ManifestError, Schedule, Settings, parse_settings
from reconciler.manifest.alert_overrides import AlertOverrides

Problems = Callable[..., list[str]]
Manifest = Callable[[str], str]
Read = Callable[..., Schedule]

URL = "https://hooks.slack.com/services/T0/B0/verysecret"
NO_MAILBOX = "`alerts.to.email` must be an e-mail address such as oncall@example.com"
SECRET = Recipient(Address(secret="alerting", key="SLACK_URL"))


def settings(text: str) -> Settings:
    """Settings as they are written."""
    return parse_settings(text.encode())


def wrong(text: str) -> list[str]:
    """All that is wrong with settings."""
    with pytest.raises(ManifestError) as caught:
        settings(text)
    return [str(problem).removeprefix("reconciler.yaml:") for problem in caught.value.problems]


def test_by_default_the_first_failure_a_miss_and_an_overdue_wake_are_alarms() -> None:
    found = settings("alerts: {to: {secret: alerting, key: SLACK_URL}}").environment("production")
    assert found.alerts == Alerts(AlertRule(failures=1, missed=True, to=(SECRET,)), overdue=True)


def test_without_alerts_there_are_no_recipients() -> None:
    assert Settings().environment("production").alerts is None


def test_every_key_can_be_set() -> None:
    text = f"""
alerts:
  failures: 3
  missed: false
  overdue: false
  to:
    - {{url: "{URL}"}}
    - {{secret: alerting, key: PAGER_URL, format: json}}
"""
    assert settings(text).alerts == Alerts(
        AlertRule(
            failures=3,
            missed=False,
            to=(
                Recipient(Address(url=URL)),
                Recipient(Address(secret="alerting", key="PAGER_URL"), BodyFormat.JSON),
            ),
        ),
        overdue=False,
    )


def test_an_environment_has_its_own_or_is_silent() -> None:
    found = settings(f"""
alerts: {{to: {{secret: alerting, key: SLACK_URL}}}}
environments:
  production: {{}}
  staging: {{alerts: {{failures: false, to: {{url: "{URL}"}}}}}}
  test: {{alerts: false}}
""")
    assert found.environment("production").alerts == found.alerts
    staging = found.environment("staging").alerts
    assert staging is not None
    assert staging.rule.failures is None
    assert [found.environment(name).silent for name in ("production", "staging", "test")] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        ("alerts: false", AlertOverrides(to=())),
        ("alerts: {failures: 3, to: {secret: alerting, key: SLACK_URL}}",
         AlertOverrides(failures=(3,), to=(SECRET,))),
        ("alerts: {failures: false, missed: false, to: [{secret: alerting, key: SLACK_URL}]}",
         AlertOverrides(failures=(None,), missed=False, to=(SECRET,))),
    ],
)  # fmt: skip
def test_a_manifest_overrides_the_settings(
    lines: str, asked: AlertOverrides, read: Read, manifest: Manifest
) -> None:
    assert read(manifest(lines)).alerts == asked


def test_what_a_manifest_leaves_out_is_as_in_the_settings() -> None:
    base = AlertRule(failures=2, missed=False, to=(SECRET,))
    assert AlertOverrides(failures=(5,)).over(base) == AlertRule(
        failures=5, missed=False, to=(SECRET,)
    )
    assert AlertOverrides(to=()).over(base).to == ()


@pytest.mark.parametrize(
    ("lines", "ping"),
    [
        ("ping: https://hc-ping.com/uuid", Address(url="https://hc-ping.com/uuid")),
        ("ping: http://a:65535/b", Address(url="http://a:65535/b")),
        ("ping: {secret: pings, key: NIGHTLY}", Address(secret="pings", key="NIGHTLY")),
    ],
)
def test_a_ping_is_an_address_or_names_a_secret(
    lines: str, ping: Address, read: Read, manifest: Manifest
) -> None:
    assert read(manifest(lines)).ping == ping


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            "alerts: {failures: 3}",
            "4:1: `alerts` has no recipient\n  add `to`, here or to `alerts` in reconciler.yaml",
        ),
        (
            "alerts: true",
            "4:9: `alerts` must be false, or a mapping, not true",
        ),
        (
            "alerts: {failures: 0, to: {url: 'https://a/b'}}",
            "4:20: `alerts.failures` must be a whole number from 1 to 20, or false, not 0",
        ),
        (
            "alerts: {failures: true, to: {url: 'https://a/b'}}",
            "4:20: `alerts.failures` must be a whole number from 1 to 20, or false, not true",
        ),
        (
            "alerts: {failure: 3}",
            "4:10: unknown key `alerts.failure`\n  did you mean `failures`?",
        ),
        (
            "alerts: {to: {secret: alerting}}",
            "4:14: `alerts.to.key` is missing\n  add it",
        ),
        (
            "alerts: {to: [{format: json}]}",
            "4:15: `alerts.to[0].url` is missing\n  add it",
        ),
        (
            "alerts: {to: {url: 'https://a/b', formt: json}}",
            "4:35: unknown key `alerts.to.formt`\n  did you mean `format`?",
        ),
        (
            "alerts: {to: []}",
            "4:14: `alerts.to` must be a list of at least one item, not an empty list",
        ),
        (
            "alerts: {to: {url: 'https://a/b', format: slak}}",
            (
                "4:43: `alerts.to.format` must be `slack`, `json` or `teams`, not `slak`\n"
                "  did you mean `slack`?"
            ),
        ),
        (
            "ping: {secret: pings, key: 1-2}",
            (
                "4:28: `ping.key` must be a Python name: letters, digits and `_`, not beginning "
                "with a digit, not `1-2`"
            ),
        ),
        (
            "alerts: {to: {secret: alerting, key: SLACK_URL, url: 'https://a/b'}}",
            ("4:49: both `alerts.to.secret` and `alerts.to.url` are given\n  keep one of them"),
        ),
        (
            "alerts: {to: {sceret: alerting, key: SLACK_URL}}",
            "4:15: unknown key `alerts.to.sceret`\n  did you mean `secret`?",
        ),
        (
            "ping: {secret: pings, key: A, kye: B}",
            "4:31: unknown key `ping.kye`\n  did you mean `key`?",
        ),
        (
            "ping: {secret: pings, key: A, url: 'https://a/b'}",
            "4:31: unknown key `ping.url`\n  known keys: secret, key",
        ),
        *(
            (
                f"ping: https://a:{port}/b",
                (
                    "4:7: `ping` must be an http or https address such as "
                    "https://hooks.slack.com/services/…"
                ),
            )
            for port in (0, 65536, 99999)
        ),
        (
            "overlap: 'http://['",
            "4:10: `overlap` must be `allow`, `skip`, `queue` or `replace`, not `http://…`",
        ),
    ],
)
def test_a_mistake_is_reported_with_its_position(
    lines: str, problem: str, problems: Problems, manifest: Manifest
) -> None:
    assert problems(manifest(lines)) == [problem]


@pytest.mark.parametrize(
    "lines",
    [
        "alerts: {to: {url: hooks.slack.com/services/T0/verysecret}}",
        "alerts: {to: {url: 'ftp://host/verysecret'}}",
        "alerts: {to: {url: 'https://user:verysecret@host/x'}}",
        f"alerts: {{to: {URL}}}",
        f"alerts: {{to: [{URL}]}}",
        f"alerts: {URL}",
        "ping: hc-ping.com/verysecret",
        f"ping: [{URL}]",
        f"ping: {{url: {URL}}}",
        f"schedule: {URL}",
    ],
)
def test_no_problem_repeats_an_address(lines: str, problems: Problems, manifest: Manifest) -> None:
    assert "verysecret" not in "\n".join(problems(manifest(lines)))


def test_a_manifest_without_receivers_is_right_where_some_environment_has_them(
    read: Read, manifest: Manifest
) -> None:
    found = settings(f"environments: {{production: {{alerts: {{to: {{url: '{URL}'}}}}}}}}")
    assert read(manifest("alerts: {failures: 3}"), settings=found).alerts is not None


def test_two_secrets_with_the_same_key_are_an_error(problems: Problems, manifest: Manifest) -> None:
    found = settings("alerts: {to: {secret: alerting, key: URL}}")
    remedy = "store both addresses in one Secret, or give the keys different names"
    assert problems(manifest("ping: {secret: pings, key: URL}"), settings=found) == [
        f"4:7: the Secrets `alerting` and `pings` both have a key `URL`\n  {remedy}"
    ]
    assert wrong(
        "alerts: {to: [{secret: a, key: URL}]}\n"
        "environments: {x: {alerts: {to: {secret: b, key: URL}}}}\n"
    ) == [f"2:33: the Secrets `a` and `b` both have a key `URL`\n  {remedy}"]


def test_alerts_in_the_settings_require_recipients() -> None:
    assert wrong("alerts: {failures: 3}") == ["1:9: `alerts.to` is missing\n  add it"]
    assert wrong("alerts: {to: {url: 'https://a/b'}, overdu: true}") == [
        "1:36: unknown key `alerts.overdu`\n  did you mean `overdue`?"
    ]


def test_what_an_address_shows_gives_nothing_away() -> None:
    one, other = Address(url=URL), Address(url=URL + "2")
    assert one.shown == "https://hooks.slack.com/…"
    assert "verysecret" not in str(one.masked())
    assert one.masked() != other.masked()
    assert one.masked().masked() == one.masked()
    assert one.masked().fingerprint == one.fingerprint
    assert Address(secret="s", key="K").masked() == Address(secret="s", key="K")


def test_an_email_goes_to_one_or_several_by_the_mail_server_of_a_secret() -> None:
    found = settings("""
alerts:
  to:
    - {email: oncall@example.com, secret: mail, key: SMTP_URL}
    - {email: [a@example.com, b@example.com], secret: mail, key: SMTP_URL}
    - {secret: alerting, key: TEAMS_URL, format: teams}
""")
    assert found.alerts is not None
    one, several, teams = found.alerts.rule.to
    assert one == Recipient(Address(secret="mail", key="SMTP_URL", email=("oncall@example.com",)))
    assert several.address.email == ("a@example.com", "b@example.com")
    assert teams.format is BodyFormat.TEAMS
    assert one.address.fingerprint != several.address.fingerprint
    assert [Recipient.from_json(each.to_json()) for each in (one, several, teams)] == [
        one,
        several,
        teams,
    ]


@pytest.mark.parametrize(
    ("recipient", "problem"),
    [
        ("{email: oncall, secret: mail, key: K}", f"1:22: {NO_MAILBOX}, not `oncall`"),
        (
            '{email: "a@b.c, d@b.c", secret: mail, key: K}',
            f"1:22: {NO_MAILBOX}, not `a@b.c, d@b.c`",
        ),
        ("{email: [], secret: mail, key: K}", "1:22: `alerts.to.email` must be a list of at least"),
        ("{email: a@b.c, key: K}", "1:14: `alerts.to.secret` is missing"),
        ("{email: a@b.c, secret: m, key: K, format: json}", "1:48: unknown key `alerts.to.format`"),
    ],
)
def test_what_is_wrong_with_an_email_is_named(recipient: str, problem: str) -> None:
    assert wrong(f"alerts: {{to: {recipient}}}")[0].startswith(problem)
