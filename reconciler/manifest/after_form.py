"""The form of `after`: the schedules that one waits for."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from pydantic import Discriminator, Field, Tag

from reconciler.manifest.constraints import Choice, Expected, Form, Omittable
from reconciler.manifest.text_types import NAME_PATTERN, Duration, Name
from reconciler.policies import Condition

UPSTREAMS: Final = 20
"""Schedules that one may wait for at most."""


def _form(value: Any) -> str:
    return "<mapping>" if isinstance(value, dict) else "<usual>"


class UpstreamForm(Form):
    """What of an upstream a schedule waits for."""

    within: Annotated[
        Duration | None,
        Omittable(),
        Field(
            description="The newest occurrence of the upstream in this time up to the occurrence "
            "that waits counts; whole minutes, at most 31d, default 24h. Not without `schedule`.",
            examples=["24h", "7d"],
        ),
    ] = None
    on: Annotated[
        Condition,
        Choice(),
        Field(
            description="The outcome that it waits for: the upstream succeeded, it failed (also "
            "timed out or cancelled), or it ended in any way, also when it did not run; default "
            "`succeeded`."
        ),
    ] = Condition.SUCCEEDED
    by: Annotated[
        Annotated[
            str,
            Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$"),
            Expected('a time of the day in quotes, such as "09:00"', quotable=True),
        ]
        | None,
        Omittable(),
        Field(
            description="When the occurrence still waits at this time, an alert says so: the first "
            "such time after it, in the schedule's zone.",
            examples=["09:00"],
        ),
    ] = None


AfterKey: TypeAlias = Annotated[
    Annotated[
        Annotated[str, Field(pattern=NAME_PATTERN, max_length=50)],
        Expected("the name of a schedule, or a mapping of such names", quotable=True),
        Tag("<usual>"),
    ]
    | Annotated[
        dict[Name, UpstreamForm],
        Field(min_length=1, max_length=UPSTREAMS),
        Tag("<mapping>"),
    ]
    | None,
    Discriminator(_form),
    Omittable(),
    Field(
        description="The schedules that it waits for: a name, or a mapping of names to `within`, "
        "`on` and `by`. With `schedule`, each occurrence waits for the newest one of each "
        "upstream. Without, it has exactly one upstream and runs once for each of its occurrences.",
        examples=["extract", {"extract": {"within": "24h"}, "rates": {}}],
    ),
]
