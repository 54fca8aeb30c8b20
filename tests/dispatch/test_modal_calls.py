"""What is made of the errors of Modal's client; on the engine, the jobs' tests see the rest."""

from __future__ import annotations

import asyncio

import pytest
from grpclib.exceptions import StreamTerminatedError

from reconciler.dispatch.adapters.modal_calls import status_of, translated_errors
from reconciler.dispatch.adapters.modal_failures import describe
from reconciler.dispatch.answers import UnavailableError

BROKEN_OFF = StreamTerminatedError("Connection lost")
"""What the client raises as it is when a connection breaks off at each of its tries."""


@pytest.mark.parametrize("error", [BROKEN_OFF, RuntimeError("Event loop is closed")])
def test_what_goes_wrong_on_the_way_to_a_result_says_nothing_of_the_call(error: Exception) -> None:
    """Taken for a failure, it would be told, and be tried again beside the run that goes on."""
    with pytest.raises(UnavailableError):
        status_of(error)


def test_an_error_is_one_line_that_does_nothing_to_a_terminal() -> None:
    error = ValueError("\x1b[1;31mno rows\x1b[0m\nin\x07 \x1b]0;title\x07 é")
    assert describe(error) == "ValueError: no rows in ]0;title é"


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), asyncio.CancelledError()])
def test_who_is_ended_while_asking_is_ended(ending: BaseException) -> None:
    with pytest.raises(type(ending)):
        status_of(ending)


def test_a_connection_that_breaks_off_is_no_answer() -> None:
    with pytest.raises(UnavailableError, match="Connection lost"), translated_errors():
        raise BROKEN_OFF
    with pytest.raises(ZeroDivisionError), translated_errors():
        raise ZeroDivisionError
