"""The errors that handlers answer with, by what the client makes of them.

The client retries UNKNOWN, INTERNAL, UNAVAILABLE, DEADLINE_EXCEEDED and CANCELLED, and waits
without limit on RESOURCE_EXHAUSTED. None of these is used for what will not get better by itself.
"""

from __future__ import annotations

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from modal_proto import api_pb2


def not_found(message: str) -> GRPCError:
    """``modal.exception.NotFoundError``."""
    return GRPCError(Status.NOT_FOUND, message)


def exists(message: str) -> GRPCError:
    """``modal.exception.AlreadyExistsError``."""
    return GRPCError(Status.ALREADY_EXISTS, message)


def invalid(message: str) -> GRPCError:
    """``modal.exception.InvalidError``."""
    return GRPCError(Status.INVALID_ARGUMENT, message)


def conflict(message: str) -> GRPCError:
    """``modal.exception.ConflictError``."""
    return GRPCError(Status.FAILED_PRECONDITION, message)


def of_full_disk(problem: str) -> GRPCError:
    """``modal.exception.ConflictError``, which the client does not retry."""
    return conflict(
        f"The embedded engine cannot store anything: {problem}. Free some space for its state "
        "folder (.reconciler/engine), and try again."
    )


def unauthenticated(message: str) -> GRPCError:
    """``modal.exception.AuthError``."""
    return GRPCError(Status.UNAUTHENTICATED, message)


def unimplemented(method: str) -> GRPCError:
    """``modal.exception.UnimplementedError``, naming the call."""
    return GRPCError(
        Status.UNIMPLEMENTED, f"The embedded engine does not have {method}. See docs/engine.md."
    )


def class_named(message: str) -> GRPCError:
    """The NotFoundError that makes the client look the name up as a class."""
    reason = api_pb2.FunctionLookupError(reason=api_pb2.FunctionLookupError.REASON_CLASS_NAME_USED)
    return GRPCError(Status.NOT_FOUND, message, [reason])
