"""A pasted credential is cleaned, or refused by its name and never shown."""

from __future__ import annotations

import pytest

from reconciler.cli.credentials import (
    VARIABLES,
    CredentialError,
    check_log_level,
    check_profile,
    clean_variables,
)

SECRET = "as-0123456789abcdefghij"
TOKEN = "ak-0123456789abcdefghij"


@pytest.mark.parametrize(
    "pasted",
    ["{}\n", "{}\r\n", "{}\r", " {}", "{}\t", "\ufeff{}", "{}\u200b\n", "\u00a0{} ", "{}\u2028"],
)
@pytest.mark.parametrize("name", VARIABLES)
def test_what_surrounds_a_value_is_taken_off(name: str, pasted: str) -> None:
    value = {
        "MODAL_TOKEN_ID": TOKEN,
        "MODAL_SERVER_URL": "https://api.modal.com",
        "MODAL_MAX_THROTTLE_WAIT": "60",
    }.get(name, SECRET)
    environ = {name: pasted.format(value)}
    clean_variables(environ)
    assert environ == {name: value}


@pytest.mark.parametrize("empty", ["", " ", "\n", "\ufeff"])
def test_an_empty_variable_is_none(empty: str) -> None:
    environ = {"MODAL_TOKEN_ID": empty}
    clean_variables(environ)
    assert environ == {}


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        (f'"{SECRET}"', "is in quotes"),
        (f"'{SECRET}'", "is in quotes"),
        (f"{SECRET}'", "is in quotes"),
        (f"\u201c{SECRET}\u201d", "is in quotes"),
        (f"{SECRET}\n{SECRET}", "contains a character that is not printable ASCII"),
        (f"{SECRET}\x00", "contains a character that is not printable ASCII"),
        (f"{SECRET}\x1b[0m", "contains a character that is not printable ASCII"),
        (f"{SECRET}ä", "contains a character that is not printable ASCII"),
        (f"{SECRET} # of ours", "contains a space"),
    ],
)
@pytest.mark.parametrize("name", ["MODAL_TOKEN_SECRET", "MODAL_ENVIRONMENT"])
def test_what_cannot_be_right_is_refused_by_name(name: str, value: str, wrong: str) -> None:
    with pytest.raises(CredentialError) as caught:
        clean_variables({name: value})
    assert caught.value.what == f"{name} {wrong}"
    assert SECRET not in caught.value.message_for("production")


def test_the_two_parts_of_a_token_that_were_exchanged_are_named() -> None:
    with pytest.raises(CredentialError) as caught:
        clean_variables({"MODAL_TOKEN_ID": SECRET, "MODAL_TOKEN_SECRET": TOKEN})
    assert caught.value.what.startswith(
        "MODAL_TOKEN_ID and MODAL_TOKEN_SECRET contain the other part"
    )
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "api.modal.com",
        "ftp://api.modal.com",
        "https://",
        "https://user:very-secret@api.modal.com",
        "http://[::1]:80",
        "http://host:port",
        "https://api.modal.com,nonsense",
    ],
)
def test_an_address_that_the_client_cannot_take_is_refused(url: str) -> None:
    with pytest.raises(CredentialError, match=r"MODAL_SERVER_URL (is not|contains)") as it:
        clean_variables({"MODAL_SERVER_URL": url})
    assert "very-secret" not in str(it.value)


def test_addresses_of_modal_are_accepted() -> None:
    for url in ("https://api.modal.com,https://api.modal2.com", "http://127.0.0.1:50051"):
        clean_variables({"MODAL_SERVER_URL": url})


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(CredentialError, match="MODAL_MAX_THROTTLE_WAIT is not a whole number"):
        clean_variables({"MODAL_MAX_THROTTLE_WAIT": "1m"})


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("MODAL_SERVER_URL", "api.modal.com", "Write it as https://api.modal.com, or unset it"),
        ("MODAL_TOKEN_SECRET", f'"{SECRET}"', "Remove the quotes."),
        ("MODAL_TOKEN_SECRET", f"{SECRET} x", "Write the value without spaces."),
        ("MODAL_TOKEN_SECRET", f"{SECRET}ä", "Type it by hand, or copy it again"),
        (
            "MODAL_SERVER_URL",
            "http://[::1]:80",
            "Write only the scheme, a host name or IPv4 address",
        ),
    ],
)
def test_the_remedy_says_what_to_write(variable: str, value: str, remedy: str) -> None:
    with pytest.raises(CredentialError) as caught:
        clean_variables({variable: value})
    assert (caught.value.remedy or "").startswith(remedy)


@pytest.mark.parametrize("level", ["nope", "", "7", " debug"])
def test_a_level_that_logging_does_not_know_is_refused_by_its_variable(level: str) -> None:
    with pytest.raises(CredentialError, match="MODAL_LOGLEVEL is not a log level"):
        check_log_level({"MODAL_LOGLEVEL": level})


@pytest.mark.parametrize("level", ["DEBUG", "warning", "Error"])
def test_a_level_of_logging_is_accepted(level: str) -> None:
    check_log_level({"MODAL_LOGLEVEL": level})
    check_log_level({})


def test_another_variable_that_the_client_cannot_use_is_named_and_not_its_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MODAL_LOGS_TIMEOUT", "soon")
    with pytest.raises(CredentialError, match="MODAL_LOGS_TIMEOUT has a value that") as caught:
        check_profile()
    assert caught.value.where is None
