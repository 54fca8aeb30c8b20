"""The shape of a manifest: what a JSON Schema can say of it, and the source of that schema."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag

from reconciler.manifest.alerts_form import Ping, ScheduleAlerts
from reconciler.manifest.constraints import Choice, Expected, Form, Omittable, Whole, verdict
from reconciler.manifest.text_types import (
    RESERVED_NAME_PATTERN,
    DayOrMoment,
    Distinct,
    Duration,
    Flag,
    Identifier,
    ModalName,
    Moment,
    Name,
    Text,
    Times,
    Value,
    Zone,
    is_reserved,
)
from reconciler.policies import Catchup, Delivery, Overlap

EITHER: Final = (("schedule", "at"), ("function", "code"))
"""Of each of these pairs a manifest has exactly one."""

CODE_KEYS: Final = ("image", "cpu", "memory", "gpu", "secrets", "volumes", "env")
"""Keys that describe the container of a `code` target, and mean nothing without one."""


def _unreserved(name: str) -> str:
    if is_reserved(name):
        raise verdict(f"cannot be `{name}`: shared slots bear that name")
    return name


def _form(value: Any) -> str:
    """Which form of a key with several is meant; anything else is judged as the simplest."""
    return "<mapping>" if isinstance(value, dict) else "<usual>"


def _one_or_more(value: Any) -> str:
    return "<list>" if isinstance(value, list) else "<usual>"


ScheduleName: TypeAlias = Annotated[
    Name,
    AfterValidator(_unreserved),
    Field(json_schema_extra={"not": {"pattern": RESERVED_NAME_PATTERN}}),
]


class ImageForm(Form):
    """What the container of a `code` target holds."""

    python: Annotated[
        Annotated[
            str,
            Field(pattern=r"^3\.[0-9]{1,2}$"),
            Expected('a Python version in quotes such as "3.12"'),
        ]
        | None,
        Omittable(),
        Field(description='Python version, in quotes: "3.12".'),
    ] = None
    pip: Annotated[
        Distinct[Text] | None,
        Omittable(),
        Field(description="Packages for pip, with their versions."),
    ] = None
    apt: Annotated[Distinct[Text] | None, Omittable(), Field(description="Debian packages.")] = None


class SuspendForm(Form):
    """Suspended, and until when or why."""

    until: Annotated[
        DayOrMoment | None,
        Omittable(),
        Field(description="Runs again from then on; a date means midnight in `timezone`."),
    ] = None
    reason: Annotated[Text | None, Omittable(), Field(description="For people.")] = None


class RetriesForm(Form):
    """How often a failed run is tried again, and how long after."""

    max: Annotated[int, Whole(0, 10), Field(description="Tries after the first.")]
    backoff: Annotated[
        Duration | None, Omittable(), Field(description="Wait before the second try; default 1s.")
    ] = None
    factor: Annotated[
        Annotated[float, Field(ge=1, le=10), Expected("a number from 1 to 10")] | None,
        Omittable(),
        Field(description="Each wait is so many times longer than the one before; default 2."),
    ] = None


class ManifestForm(Form):
    """Declares one schedule, or with `at` one task, for `reconcile`."""

    model_config = ConfigDict(
        title="Schedule manifest",
        json_schema_extra={
            "allOf": [{"oneOf": [{"required": [key]} for key in pair]} for pair in EITHER],
            "dependentRequired": {key: ["code"] for key in CODE_KEYS},
        },
    )

    name: Annotated[
        ScheduleName,
        Field(
            description="Lower-case letters, digits and hyphens, at most 50, unique in the "
            "repository. `poller` and `poller-2` are taken by slots."
        ),
    ]
    schedule: Annotated[
        Annotated[Times, Tag("<usual>")] | Annotated[Distinct[Times], Tag("<list>")] | None,
        Discriminator(_one_or_more),
        Omittable(),
        Field(
            description="When it runs: a cron expression of five fields, `@daily` and its like, "
            "an interval aligned to the clock such as `10m`, `6h` or `1d`, or one of several days "
            "counted from `start` such as `3d` or `2w`; or a list of them.",
            examples=["0 6 * * *", "@daily", "10m", "2w", ["0 9 * * 1-5", "0 12 * * 6"]],
        ),
    ] = None
    at: Annotated[
        Moment | None,
        Omittable(),
        Field(
            description="When it runs, once: ISO 8601 with an offset, or local with `timezone`.",
            examples=["2026-12-01T09:00Z", "2026-12-01T09:00"],
        ),
    ] = None
    timezone: Annotated[
        Zone | None,
        Omittable(),
        Field(
            description="IANA time zone in which `schedule` and local times are meant; "
            "default UTC.",
            examples=["UTC", "Europe/Paris", "America/New_York"],
        ),
    ] = None
    function: Annotated[
        Annotated[
            str,
            Field(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?$", max_length=200),
            Expected("a deployed function: app/function, or app/Class.method"),
        ]
        | None,
        Omittable(),
        Field(
            description="A function deployed to Modal: app/function, or app/Class.method.",
            examples=["analytics/daily_sync", "reports/Weekly.send"],
        ),
    ] = None
    code: Annotated[
        Annotated[
            str,
            Field(
                pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*\.py::[A-Za-z_][A-Za-z0-9_]*$",
                max_length=200,
            ),
            Expected("a function in this repository: path/to/file.py::function"),
        ]
        | None,
        Omittable(),
        Field(
            description="A function in this repository, deployed with the schedule.",
            examples=["jobs/rates.py::refresh"],
        ),
    ] = None
    args: Annotated[
        dict[Identifier, Any] | None,
        Omittable(),
        Field(
            description="Keyword arguments, any JSON values. In texts, `${occurrence.id}` and "
            "`${occurrence.time}` are filled in; `$${` stands for `${`."
        ),
    ] = None
    start: Annotated[
        DayOrMoment | None,
        Omittable(),
        Field(
            description="Nothing runs before; a date means midnight in `timezone`. An interval of "
            "several days is counted from it."
        ),
    ] = None
    end: Annotated[
        DayOrMoment | None,
        Omittable(),
        Field(description="Nothing runs from then on; a date means midnight in `timezone`."),
    ] = None
    exclude: Annotated[
        Distinct[
            Annotated[
                str,
                Field(min_length=1, max_length=200),
                Expected("a date, a range 2026-12-24..2027-01-02, or a cron expression"),
            ]
        ]
        | None,
        Omittable(),
        Field(
            description="Nothing runs on these dates, in these date ranges (both ends included) "
            "or at the times of these cron expressions.",
            examples=[["2026-12-25", "2026-12-24..2027-01-02", "* * * * 6"]],
        ),
    ] = None
    suspend: Annotated[
        Annotated[
            bool, Expected("true, false, or a mapping of `until` and `reason`"), Tag("<usual>")
        ]
        | Annotated[SuspendForm, Tag("<mapping>")]
        | None,
        Discriminator(_form),
        Omittable(),
        Field(description="Declared, but not run: until a time, or until this is taken out."),
    ] = None
    overlap: Annotated[
        Overlap,
        Choice(),
        Field(
            description="When it is due and the last run is still going: start another, skip "
            "it, queue one, or cancel the running one; default `allow`."
        ),
    ] = Overlap.ALLOW
    catchup: Annotated[
        Catchup,
        Choice(),
        Field(
            description="Of the occurrences that nothing served in time: run the latest, all, "
            "or none; default `latest`."
        ),
    ] = Catchup.LATEST
    deadline: Annotated[
        Duration | None,
        Omittable(),
        Field(
            description="How late an occurrence may still start, from minute to minute; "
            "default: no limit.",
            examples=["1h"],
        ),
    ] = None
    tolerance: Annotated[
        Duration | None,
        Omittable(),
        Field(
            description="How much later than its time it may run as a matter of course, so that "
            "schedules can share wakes; at most 24h, default none.",
            examples=["15m"],
        ),
    ] = None
    delivery: Annotated[
        Delivery,
        Choice(),
        Field(
            description="Whether a crash in the middle of starting may run an occurrence twice "
            "or leave it out; default `at-least-once`."
        ),
    ] = Delivery.AT_LEAST_ONCE
    retries: Annotated[
        Annotated[
            int, Whole(0, 10, ", or a mapping of `max`, `backoff` and `factor`"), Tag("<usual>")
        ]
        | Annotated[RetriesForm, Tag("<mapping>")]
        | None,
        Discriminator(_form),
        Omittable(),
        Field(description="How often a failed run is tried again; default 0."),
    ] = None
    timeout: Annotated[
        Duration | None,
        Omittable(),
        Field(description="How long one run may take.", examples=["10m"]),
    ] = None
    alerts: ScheduleAlerts = None
    ping: Ping = None
    protect: Annotated[
        Flag, Field(description="Deletion is refused, also when the manifest is simply gone.")
    ] = False
    formerly: Annotated[
        Annotated[Name, Tag("<usual>")] | Annotated[Distinct[Name], Tag("<list>")] | None,
        Discriminator(_one_or_more),
        Omittable(),
        Field(
            description="The name before it was renamed, or a list of earlier names, the newest "
            "first, so that its history moves along; no other schedule bears one of them any more. "
            "Earlier renames that git has between the live commit and the planned one are "
            "followed: the previous name is enough.",
            examples=["nightly-sync", ["nightly-sync", "sync"]],
        ),
    ] = None
    environments: Annotated[
        Distinct[ModalName] | None,
        Omittable(),
        Field(description="The environments that it runs in; default all."),
    ] = None
    description: Annotated[Text | None, Omittable(), Field(description="For people.")] = None
    owner: Annotated[Text | None, Omittable(), Field(description="Whom to ask.")] = None
    labels: Annotated[
        dict[
            Annotated[
                str,
                Field(pattern="^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=63),
                Expected("letters, digits, `.`, `_`, `/` and `-`, at most 63"),
            ],
            Value,
        ]
        | None,
        Omittable(),
        Field(description="For people and their tools: keys and texts.", examples=[{"tier": "1"}]),
    ] = None
    image: Annotated[
        ImageForm | None, Omittable(), Field(description="With `code`: what its container holds.")
    ] = None
    cpu: Annotated[
        Annotated[float, Field(gt=0, le=64), Expected("a number of cores, more than 0 up to 64")]
        | None,
        Omittable(),
        Field(description="With `code`: cores, e.g. 0.5."),
    ] = None
    memory: Annotated[
        Annotated[int, Whole(128, 344_064)] | None,
        Omittable(),
        Field(description="With `code`: MiB."),
    ] = None
    gpu: Annotated[
        Annotated[
            str,
            Field(pattern="^[A-Za-z][A-Za-z0-9-]*!?(:[1-8])?$", max_length=32),
            Expected("a GPU as Modal names it, such as T4, A100-80GB or H100:2"),
        ]
        | None,
        Omittable(),
        Field(description="With `code`: a GPU as Modal names it.", examples=["T4", "H100:2"]),
    ] = None
    secrets: Annotated[
        Distinct[ModalName] | None,
        Omittable(),
        Field(description="With `code`: names of Modal secrets."),
    ] = None
    volumes: Annotated[
        dict[
            Annotated[
                str,
                Field(pattern="^(/[A-Za-z0-9._-]+)+$", max_length=200),
                Expected("an absolute path such as /data"),
            ],
            ModalName,
        ]
        | None,
        Omittable(),
        Field(
            description="With `code`: mount path to Modal volume.", examples=[{"/data": "rates"}]
        ),
    ] = None
    env: Annotated[
        dict[Identifier, Value] | None,
        Omittable(),
        Field(description="With `code`: environment variables, nothing secret."),
    ] = None
