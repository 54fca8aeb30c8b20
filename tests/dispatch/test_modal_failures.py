"""Each error of Modal's client has its kind and its message: a refusal is never called silence."""

from __future__ import annotations

import errno
import inspect
import pickle
import socket
import ssl

import grpclib
import pytest
from grpclib.exceptions import StreamTerminatedError
from modal import exception
from modal._grpc_client import grpc_error_to_modal_exception

from reconciler.dispatch.adapters.modal_calls import translated_errors
from reconciler.dispatch.adapters.modal_failures import (
    ROWS,
    failure_of,
    is_refused,
    kind_of,
    where_asked,
)
from reconciler.dispatch.answers import NO_ANSWER, NOT_DONE, FailureKind, ModalError

BY_STATUS = {
    "CANCELLED": FailureKind.CONNECTION,
    "UNKNOWN": FailureKind.CONNECTION,
    "INVALID_ARGUMENT": FailureKind.INVALID,
    "DEADLINE_EXCEEDED": FailureKind.CONNECTION,
    "NOT_FOUND": FailureKind.NOT_FOUND,
    "ALREADY_EXISTS": FailureKind.EXISTS,
    "PERMISSION_DENIED": FailureKind.PERMISSION,
    "RESOURCE_EXHAUSTED": FailureKind.EXHAUSTED,
    "FAILED_PRECONDITION": FailureKind.CONFLICT,
    "ABORTED": FailureKind.CONFLICT,
    "OUT_OF_RANGE": FailureKind.INVALID,
    "UNIMPLEMENTED": FailureKind.UNIMPLEMENTED,
    "INTERNAL": FailureKind.INTERNAL,
    "UNAVAILABLE": FailureKind.CONNECTION,
    "DATA_LOSS": FailureKind.INTERNAL,
    "UNAUTHENTICATED": FailureKind.AUTHENTICATION,
}


def of_status(name: str, text: str = "no") -> Exception:
    """What the client raises for an answer with this gRPC status."""
    error = grpc_error_to_modal_exception(grpclib.GRPCError(grpclib.Status[name], text))
    assert isinstance(error, Exception)
    return error


def test_every_status_of_grpc_has_its_kind() -> None:
    statuses = {status.name for status in grpclib.Status} - {"OK"}
    assert {name: kind_of(of_status(name)) for name in statuses} == BY_STATUS


def test_every_error_of_the_client_has_a_kind() -> None:
    classes = [one for _, one in inspect.getmembers(exception, inspect.isclass)]
    errors = [one for one in classes if issubclass(one, exception.Error)]
    assert len(errors) > 30
    for one in errors:
        assert kind_of(one.__new__(one)) is not None, one


def test_every_kind_says_what_was_asked_and_what_to_do() -> None:
    assert set(ROWS) == set(FailureKind)
    for row in ROWS.values():
        assert "{text}" in row.what
        assert row.remedy
        if row.kind in NO_ANSWER:
            assert "{modal} did not answer" in row.what
            assert "{address}" in row.remedy
        else:
            assert "did not answer" not in row.what
            assert "{asked}" in row.what
    assert not NO_ANSWER & NOT_DONE


def caused(by: BaseException) -> Exception:
    """As the client raises it when no connection comes about."""
    error = exception.ConnectionError("Could not connect to the Modal server.")
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (caused(socket.gaierror(-2, "Name or service not known")), FailureKind.NAME),
        (caused(ssl.SSLCertVerificationError("self-signed certificate")), FailureKind.TLS),
        (caused(TimeoutError()), FailureKind.TIMEOUT),
        (caused(ConnectionRefusedError(errno.ECONNREFUSED, "refused")), FailureKind.CONNECTION),
        (ConnectionResetError(), FailureKind.CONNECTION),
        (TimeoutError(), FailureKind.TIMEOUT),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), FailureKind.CONNECTION),
        (OSError("the other side has gone away"), FailureKind.CONNECTION),
        (OSError(errno.ENOSPC, "No space left on device"), FailureKind.LOCAL),
        (PermissionError(errno.EACCES, "Permission denied"), FailureKind.LOCAL),
        (StreamTerminatedError("Connection lost"), FailureKind.CONNECTION),
        (exception.FunctionTimeoutError(), FailureKind.TIMEOUT),
        (exception.VersionError("too old"), FailureKind.OUTDATED),
        (exception.ConflictError("The client version 1.6.4 is too old."), FailureKind.OUTDATED),
        (exception.RequestSizeError("too large"), FailureKind.TOO_LARGE),
        (exception.ClientClosed(1), FailureKind.CLIENT),
        (ValueError("Invalid metadata value: 'as-abcdefghijk\n'"), FailureKind.AUTHENTICATION),
        (ImportError("A proxy is configured but 'python-socks' is missing"), FailureKind.PROXY),
        (ValueError("of our own"), None),
        (KeyError("x"), None),
    ],
)
def test_what_the_connection_failed_for_is_distinguished(
    error: Exception, kind: FailureKind | None
) -> None:
    assert kind_of(error) is kind


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://127.0.0.1:5000", "the embedded engine"),
        ("https://api.modal.com", "Modal"),
        ("https://127.0.0.1.example.com", "Modal"),
        ("unix:///run/engine.sock", "Modal"),
        ("http://[", "Modal"),
    ],
)
def test_only_what_listens_on_this_machine_is_called_the_embedded_engine(
    monkeypatch: pytest.MonkeyPatch, url: str, what: str
) -> None:
    monkeypatch.setenv("MODAL_SERVER_URL", url)
    assert where_asked() == (url, what)


def test_no_message_holds_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODAL_TOKEN_SECRET", "as-0123456789abcdef\n")
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-very-secret")
    for error in (
        ValueError("Invalid metadata value: 'as-0123456789abcdef\\n'"),
        of_status("INVALID_ARGUMENT", "bad token as-0123456789abcdef and xoxb-very-secret"),
        of_status("PERMISSION_DENIED", "https://user:pass-word@example.org of ak-0123456789abcdef"),
    ):
        failure = failure_of(error)
        assert failure is not None
        shown = failure.message_for("production") + str(failure) + repr(failure)
        for secret in ("0123456789abcdef", "very-secret", "pass-word"):
            assert secret not in shown


def test_the_error_says_what_was_asked_in_one_line_and_the_remedy_when_given() -> None:
    with pytest.raises(ModalError) as caught, translated_errors("list the apps"):
        raise of_status("PERMISSION_DENIED", "not\nyours")
    error = pickle.loads(pickle.dumps(caught.value))
    assert str(error).endswith(" refused to list the apps: not yours")
    assert str(error).startswith("permission denied: ")
    assert error.message_for(None) == f"{error}\n  {error.remedy}"
    assert (error.kind, error.answered, error.exit_code) == (FailureKind.PERMISSION, True, 1)


def test_the_embedded_engine_is_pointed_at_and_no_account_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    missing = exception.AuthError("Could not authenticate client. Register an account at modal.com")
    for url, engine in (("http://127.0.0.1:9", True), ("https://api.modal.com", False)):
        monkeypatch.setenv("MODAL_SERVER_URL", url)
        for error in (missing, of_status("UNAUTHENTICATED", "wrong token")):
            failure = failure_of(error, "list the apps")
            assert failure is not None
            assert ("reconcile engine env" in failure.message_for(None)) is engine
            if engine:
                assert "modal.com" not in failure.message_for(None)


def test_a_refused_connection_to_the_embedded_engine_says_how_to_start_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MODAL_SERVER_URL", "http://127.0.0.1:9")
    failure = failure_of(caused(ConnectionRefusedError(errno.ECONNREFUSED, "refused")), "ask")
    assert failure is not None
    assert "Start the engine: reconcile engine" in (failure.remedy or "")


def test_only_a_free_port_of_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as processor:
        port = processor.getsockname()[1]
        monkeypatch.setenv("MODAL_SERVER_URL", f"http://127.0.0.1:{port}")
        assert not is_refused()
    assert is_refused()
    monkeypatch.setenv("MODAL_SERVER_URL", f"http://modal.invalid:{port}")
    assert not is_refused()


@pytest.mark.parametrize(
    ("url", "port"), [("https://127.0.0.1", 443), ("http://127.0.0.1", 80), ("http://[::1]:9", 9)]
)
def test_an_address_without_a_port_is_asked_at_that_of_its_scheme(
    url: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def refuse(address: tuple[str, int], timeout: float) -> None:
        asked.append(address[1])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setenv("MODAL_SERVER_URL", url)
    assert is_refused()
    assert asked == [port]
