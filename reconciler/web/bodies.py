"""The bodies of requests, and the source of their schemas in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from reconciler.model.occurrence import format_minute, parse_minute
from reconciler.web.body import json_of
from reconciler.web.endpoint import Call
from reconciler.web.problems import RequestError

Body = TypeVar("Body", bound=BaseModel)

MOST_JOBS: Final = 1_000

Name = Annotated[str, Field(min_length=1, max_length=100)]
Source = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,63}$")]


class JobBody(BaseModel):
    """The keyword arguments of a call."""

    model_config = ConfigDict(extra="forbid")
    args: dict[str, Any] = Field(default_factory=dict)


def _minute(text: str) -> str:
    """The minute as ids have it; its seconds are none."""
    return format_minute(parse_minute(text[:16].removesuffix("Z") + "Z"))


class WakeBody(BaseModel):
    """A wake: of which minute, and who asks for it."""

    minute: Annotated[
        str | None,
        Field(
            pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:00)?Z$",
            description="The wake waits for it when it is at most 60 s ahead; default now.",
            examples=["2026-11-20T06:00Z"],
        ),
        AfterValidator(lambda text: None if text is None else _minute(text)),
    ] = None
    source: Annotated[Source | None, Field(description="For the history; default the sender.")] = (
        None
    )


class TriggeredJob(BaseModel):
    """One job that a scheduler has triggered."""

    job: Annotated[Name, Field(description="The name of a schedule.")]
    execution_id: Annotated[
        str | None,
        Field(
            max_length=200,
            description="`JOB@2026-11-20T06:00Z` names the occurrence; any other id does not.",
        ),
    ] = None
    triggered_at: Annotated[
        AwareDatetime | None,
        Field(description="The newest occurrence up to then is meant; default now."),
    ] = None
    cron: Annotated[
        str | None, Field(max_length=200, description="The scheduler's expression; for its logs.")
    ] = None


class TriggerBody(BaseModel):
    """Several jobs that were triggered together."""

    jobs: Annotated[list[TriggeredJob], Field(min_length=1, max_length=MOST_JOBS)]
    source: Annotated[Source | None, Field(description="For the history; default the sender.")] = (
        None
    )


def body_of(call: Call, kind: type[Body], *, empty: bool = False) -> Body:
    """The body of a request.

    Args:
        empty: whether it may be left out.

    Raises:
        RequestError: it is not JSON (400, 415), or not of this kind (422).
    """
    document = {} if empty and not call.body else json_of(call.request, call.body)
    return validated(document, kind)


def validated(document: Any, kind: type[Body]) -> Body:
    """A document as one of this kind.

    Raises:
        RequestError: it is not (422).
    """
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise RequestError(422, "body", f"{where}: {first['msg'].lower()}") from None
