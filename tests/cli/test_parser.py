"""How the command line is read: commands, options, and what is meant by a misspelt word."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.cli.options.parser import parser


def read(*words: str) -> dict[str, Any]:
    return vars(parser().parse_args(words))


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        read(*words)
    assert stopped.value.code == 1, "2 would say that there are changes"
    return capsys.readouterr().err


def test_plan_is_a_dry_run_and_apply_does_not_ask() -> None:
    plain = read()
    assert read("plan") == plain | {"dry_run": True}
    assert read("apply") == plain | {"yes": True}


def test_plan_and_apply_take_their_options_on_either_side() -> None:
    assert read("--allow-deletes", "3", "plan") == read("plan", "--allow-deletes", "3")
    assert read("--env", "production", "apply") == read("apply", "--env", "production")
    assert read("--format", "json", "plan")["form"] == "json"
    assert read("apply", "--plan", "x.json")["plan"] == "x.json"


def test_a_dry_run_before_apply_stays_one() -> None:
    assert read("--dry-run", "apply")["dry_run"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["staus"], "reconcile: there is no command `staus`; did you mean status?\n"),
        (["xyzzy"], "reconcile: there is no command `xyzzy`\n"),
        (
            ["tasks", "cancl"],
            "reconcile tasks: there is no command `cancl`; did you mean cancel?\n",
        ),
        (["plan", "--ouut", "x"], "plan: there is no option --ouut; did you mean --out?\n"),
        (["plan", "--fromat=json"], "there is no option --fromat; did you mean --format?\n"),
        (["next", "--format", "xml"], "--format has no `xml`: text, json\n"),
        (["status", "extra"], "reconcile status: unexpected argument: extra\n"),
        (["import", "cron"], "source has no `cron`"),
    ],
)
def test_a_word_that_is_not_known_is_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert said in refusal(capsys, *words)


def test_each_refusal_names_the_help_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, "staus").endswith("\n  See reconcile --help\n")
    assert refusal(capsys, "plan", "--x").endswith("\n  See reconcile plan --help\n")


def test_the_version_has_a_short_option(capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("-V", "--version"):
        with pytest.raises(SystemExit) as stopped:
            read(option)
        assert stopped.value.code == 0
        assert capsys.readouterr().out.startswith("reconcile ")


def test_colour_may_be_asked_for_on_either_side() -> None:
    assert read()["color"] == "auto"
    assert read("--color", "never", "plan")["color"] == "never"
    assert read("plan", "--color", "always")["color"] == "always"


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("engine exec", "run a command with the running engine in place of Modal"),
        ("alerts test", "send a test alert to each recipient"),
        ("tasks cancel", "cancel a task that has not started"),
    ],
)
def test_the_help_of_a_command_of_a_command_says_what_it_does(
    command: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args([*command.split(), "--help"])
    assert what in capsys.readouterr().out
