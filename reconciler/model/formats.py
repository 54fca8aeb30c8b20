"""The version that every file and entry of ours bears, and what is said of one that cannot be read.

A reader reads its own version and every older one, and refuses a newer one by name. Anybody with
access to the workspace can change what is stored, so a reader checks the type of each field. All
readers are made of two parts: :func:`reading` turns whatever goes wrong into a
:class:`FormatError`, and :func:`typed` reads one field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar, overload

from reconciler.errors import ReconcileError

FORMAT: Final = 1
"""Of the pointer, the cursor and the runs files."""
REPAIR: Final = "Run reconcile, which repairs it."
"""The remedy when what is live was removed or changed by hand."""


T = TypeVar("T")
U = TypeVar("U")

_UNREADABLE: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What reading something raises that is not ours, or not whole."""
_REQUIRED: Final = object()


class Damaged(NamedTuple):
    """Something stored that cannot be read.

    Attributes:
        where: the file on the Volume, or the entry of the Dict.
        why: one sentence.
    """

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where} cannot be read: {self.why}"


class FormatError(ReconcileError):
    """A file on the Volume cannot be read as what it should be."""


class GoneError(FormatError):
    """The generation that the pointer names is not on the Volume."""

    def __init__(self, where: str) -> None:
        super().__init__("is gone, and the pointer names it", where=where, remedy=REPAIR)


class NewerFormatError(FormatError):
    """A file on the Volume was written by a newer version of this package."""

    exit_code = 3

    def __init__(self, where: str, found: object, newest: int) -> None:
        super().__init__(
            f"written in format {found}, and this version reads up to format {newest}",
            where=where,
            remedy="Upgrade schedule-reconciler to the version that wrote it, or newer.",
        )


Entry = Mapping[str, Any]
"""A value of the Dict: plain strings, numbers, lists and mappings of them."""


@dataclass(frozen=True)
class UnreadableEntry(Mapping[str, Any]):
    """What is read where the Dict holds something that is not an entry of ours: it has no fields.

    Everyone with access to the workspace can store any value under any key, also one whose class is
    not here. Such an entry is not absent: its key is taken.

    Attributes:
        why: what the value is.
    """

    why: str

    def __getitem__(self, key: str) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def as_entry(value: Any) -> Entry:
    """A value that was found in the Dict."""
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return value
    return UnreadableEntry(f"it holds a value of type {type(value).__qualname__}")


def check_format(header: Mapping[str, Any], where: str, newest: int = FORMAT) -> None:
    """Refuse a file of a newer format by name; every older one is read.

    Raises:
        NewerFormatError: its format is newer than ``newest``.
        FormatError: it names no format.
    """
    if not isinstance(header, Mapping):
        raise FormatError(f"holds {_kind_of(header)} where an object is expected", where=where)
    found = header.get("format")
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise FormatError("names no format", where=where)
    if found > newest:
        raise NewerFormatError(where, found, newest)


def json_line(data: Mapping[str, Any]) -> bytes:
    """A line of JSON; equal data has equal bytes."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode() + b"\n"


@contextmanager
def reading(what: str, where: str, remedy: str | None = None) -> Iterator[None]:
    """Read something within the block; whatever is wrong with it is a :class:`FormatError`.

    Args:
        what: it should be, with its article: ``a pointer``.
    """
    try:
        yield
    except NewerFormatError:
        raise
    except FormatError as error:
        error.remedy = error.remedy or remedy
        raise
    except _UNREADABLE as error:
        raise FormatError(f"is not {what}: {_why(error)}", where=where, remedy=remedy) from error


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return "it is not JSON"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return f"no {error}" if isinstance(error, KeyError) else str(error)


def _kind_of(value: object) -> str:
    return "nothing" if value is None else _TYPE_NAMES.get(type(value), type(value).__name__)


@overload
def typed(data: Mapping[str, Any], key: str, kind: type[T]) -> T: ...
@overload
def typed(data: Mapping[str, Any], key: str, kind: type[T], default: U) -> T | U: ...
def typed(data: Mapping[str, Any], key: str, kind: type[Any], default: Any = _REQUIRED) -> Any:
    """The field of that name.

    Args:
        default: when there is no such field, or it is None.

    Raises:
        KeyError, TypeError: it is missing, or of another type.
    """
    value = data.get(key)
    if value is None and default is not _REQUIRED:
        return default
    if value is None and key not in data:
        raise KeyError(key)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{key} is not {_TYPE_NAMES.get(kind, kind.__name__)}")
    return value


_TYPE_NAMES: Final[Mapping[type[Any], str]] = {
    str: "text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    dict: "a mapping",
    list: "a list",
    bytes: "bytes",
}
