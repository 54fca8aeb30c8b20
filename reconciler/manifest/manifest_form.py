"""The form of a manifest, and the source of its JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag

from reconciler.manifest.after_form import AfterKey
from reconciler.manifest.alerts_form import Ping, ScheduleAlerts
from reconciler.manifest.code_form import (
    CODE_KEYS,
    ConcurrencyKey,
    CpuKey,
    EnvKey,
    GpuKey,
    ImageKey,
    IncludeKey,
    MaxContainersKey,
    MemoryKey,
    MinContainersKey,
    RegionKey,
    ScaledownWindowKey,
    SecretsKey,
    VolumesKey,
)
from reconciler.manifest.constraints import Choice, Expected, Form, Omittable, Whole, verdict
from reconciler.manifest.exclude_form import ExcludeKey
from reconciler.manifest.resource_types import one_or_more
from reconciler.manifest.resources_form import ResourcesKey
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

EITHER: Final = ("function", "code")
"""A manifest has exactly one of these keys."""
TIMES: Final = ("schedule", "at", "after")
"""A manifest has one of these keys; `schedule` and `after` go together, `at` goes with neither."""


def _unreserved(name: str) -> str:
    if is_reserved(name):
        raise verdict(f"cannot be `{name}`: the name is reserved for shared slots")
    return name


def _form(value: Any) -> str:
    """The form of a key that has several; any other type is validated as the simplest form."""
    return "<mapping>" if isinstance(value, dict) else "<usual>"


ScheduleName: TypeAlias = Annotated[
    Name,
    AfterValidator(_unreserved),
    Field(json_schema_extra={"not": {"pattern": RESERVED_NAME_PATTERN}}),
]


class SuspendForm(Form):
    """A suspension with its end or its reason."""

    until: Annotated[
        DayOrMoment | None,
        Omittable(),
        Field(
            description="The schedule runs again from this time on; a date means midnight in "
            "`timezone`."
        ),
    ] = None
    reason: Annotated[Text | None, Omittable(), Field(description="For people.")] = None


class RetriesForm(Form):
    """How often a failed run is retried, and after which pauses."""

    max: Annotated[int, Whole(0, 10), Field(description="Attempts after the first.")]
    backoff: Annotated[
        Duration | None,
        Omittable(),
        Field(description="Pause before the second attempt; default 1s."),
    ] = None
    factor: Annotated[
        Annotated[float, Field(ge=1, le=10), Expected("a number from 1 to 10")] | None,
        Omittable(),
        Field(description="Each further pause is longer by this factor; default 2."),
    ] = None


RetriesKey: TypeAlias = Annotated[
    Annotated[int, Whole(0, 10, ", or a mapping of `max`, `backoff` and `factor`"), Tag("<usual>")]
    | Annotated[RetriesForm, Tag("<mapping>")]
    | None,
    Discriminator(_form),
    Omittable(),
    Field(description="How often a failed run is retried; default 0."),
]
TimeoutKey: TypeAlias = Annotated[
    Duration | None,
    Omittable(),
    Field(
        description="How long one attempt may take, at most 24h; default: the function's own "
        "limit, with `code` Modal's default of 5m.",
        examples=["10m"],
    ),
]


class AllowanceForm(Form):
    """An exception from a rule: why, and until when."""

    reason: Annotated[Text, Field(description="Why the rule does not hold here; for people.")]
    until: Annotated[
        str,
        Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="The last day, in UTC."),
        Expected("a date such as 2026-12-31"),
    ]


class CodeDefaultsForm(Form):
    """What holds for every `code` target that does not say otherwise: mappings are merged by key,
    anything else is replaced."""

    image: ImageKey = None
    cpu: CpuKey = None
    memory: MemoryKey = None
    gpu: GpuKey = None
    secrets: SecretsKey = None
    volumes: VolumesKey = None
    env: EnvKey = None
    region: RegionKey = None
    max_containers: MaxContainersKey = None
    min_containers: MinContainersKey = None
    scaledown_window: ScaledownWindowKey = None
    concurrency: ConcurrencyKey = None
    include: IncludeKey = None
    retries: RetriesKey = None
    timeout: TimeoutKey = None


class ManifestForm(Form):
    """Declares one schedule, or with `at` one task, for `reconcile`."""

    model_config = ConfigDict(
        title="Schedule manifest",
        json_schema_extra={
            "allOf": [
                {"anyOf": [{"required": [key]} for key in TIMES]},
                {"not": {"required": ["schedule", "at"]}},
                {"not": {"required": ["at", "after"]}},
                {"oneOf": [{"required": [key]} for key in EITHER]},
            ],
            "dependentRequired": {
                **{key: ["code"] for key in CODE_KEYS},
                "resources": ["function"],
            },
        },
    )

    name: Annotated[
        ScheduleName,
        Field(
            description="Lower-case letters, digits and hyphens, at most 50, unique in the "
            "repository. `poller`, `poller-2` and so on are reserved for shared slots."
        ),
    ]
    schedule: Annotated[
        Annotated[Times, Tag("<usual>")] | Annotated[Distinct[Times], Tag("<list>")] | None,
        Discriminator(one_or_more),
        Omittable(),
        Field(
            description="When it runs: a cron expression of five fields, a nickname such as "
            "`@daily`, an interval aligned to the clock such as `10m`, `6h` or `1d`, or an "
            "interval of several days counted from `start` such as `3d` or `2w`; or a list of "
            "these.",
            examples=["0 6 * * *", "@daily", "10m", "2w", ["0 9 * * 1-5", "0 12 * * 6"]],
        ),
    ] = None
    at: Annotated[
        Moment | None,
        Omittable(),
        Field(
            description="The single time at which a task runs: ISO 8601 with an offset, or local "
            "time with `timezone`.",
            examples=["2026-12-01T09:00Z", "2026-12-01T09:00"],
        ),
    ] = None
    after: AfterKey = None
    timezone: Annotated[
        Zone | None,
        Omittable(),
        Field(
            description="IANA time zone of `schedule` and of local times; default UTC. Without "
            "`schedule`, a schedule with `after` has the zone of its upstream.",
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
            description="A function in this repository, deployed with its schedule.",
            examples=["jobs/rates.py::refresh"],
        ),
    ] = None
    args: Annotated[
        dict[Identifier, Any] | None,
        Omittable(),
        Field(
            description="Keyword arguments, any JSON values. In texts, `${occurrence.id}`, "
            "`${occurrence.time}` and `${run.id}` are filled in for each run; write `$${` for a "
            "literal `${`."
        ),
    ] = None
    start: Annotated[
        DayOrMoment | None,
        Omittable(),
        Field(
            description="Nothing runs before this time; a date means midnight in `timezone`. "
            "Intervals of several days are counted from it."
        ),
    ] = None
    end: Annotated[
        DayOrMoment | None,
        Omittable(),
        Field(description="Nothing runs from this time on; a date means midnight in `timezone`."),
    ] = None
    exclude: ExcludeKey = None
    suspend: Annotated[
        Annotated[
            bool, Expected("true, false, or a mapping of `until` and `reason`"), Tag("<usual>")
        ]
        | Annotated[SuspendForm, Tag("<mapping>")]
        | None,
        Discriminator(_form),
        Omittable(),
        Field(
            description="Keeps the schedule declared but does not run it, until a given time or "
            "until this key is removed."
        ),
    ] = None
    overlap: Annotated[
        Overlap,
        Choice(),
        Field(
            description="What happens to an occurrence that becomes due while an earlier run is "
            "still running: start it too (`allow`), skip it, queue it (at most one), or cancel the "
            "running one (`replace`); default `allow`."
        ),
    ] = Overlap.ALLOW
    catchup: Annotated[
        Catchup,
        Choice(),
        Field(
            description="Which occurrences that no wake processed in time still run: the latest, "
            "all, or none; default `latest`."
        ),
    ] = Catchup.LATEST
    deadline: Annotated[
        Duration | None,
        Omittable(),
        Field(
            description="How late an occurrence may still start, counted in whole minutes; "
            "default: no limit.",
            examples=["1h"],
        ),
    ] = None
    tolerance: Annotated[
        Duration | None,
        Omittable(),
        Field(
            description="How much later than its nominal time an occurrence may run, so that "
            "schedules can share wakes; at most 24h, default: none.",
            examples=["15m"],
        ),
    ] = None
    delivery: Annotated[
        Delivery,
        Choice(),
        Field(
            description="Whether an occurrence may run twice (`at-least-once`) or not at all "
            "(`at-most-once`) if the dispatcher crashes while it starts it; default "
            "`at-least-once`."
        ),
    ] = Delivery.AT_LEAST_ONCE
    retries: RetriesKey = None
    timeout: TimeoutKey = None
    alerts: ScheduleAlerts = None
    ping: Ping = None
    protect: Annotated[
        Flag,
        Field(description="Refuses to delete the schedule, also when its manifest was removed."),
    ] = False
    formerly: Annotated[
        Annotated[Name, Tag("<usual>")] | Annotated[Distinct[Name], Tag("<list>")] | None,
        Discriminator(one_or_more),
        Omittable(),
        Field(
            description="The name before a rename, or a list of earlier names, the newest first; "
            "its history moves along. No other schedule may have one of these names. The previous "
            "name is enough: renames between the live commit and the planned one are read from "
            "git.",
            examples=["nightly-sync", ["nightly-sync", "sync"]],
        ),
    ] = None
    environments: Annotated[
        Distinct[ModalName] | None,
        Omittable(),
        Field(description="The environments in which it runs; default: all."),
    ] = None
    description: Annotated[Text | None, Omittable(), Field(description="For people.")] = None
    owner: Annotated[
        Text | None, Omittable(), Field(description="The person or team responsible.")
    ] = None
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
        Field(description="Keys and values for people and tools.", examples=[{"tier": "1"}]),
    ] = None
    allow: Annotated[
        dict[Name, AllowanceForm] | None,
        Omittable(),
        Field(
            description="Exceptions from rules, by the rule's id; a plan lists them.",
            examples=[{"owner": {"reason": "moves to team data", "until": "2026-12-31"}}],
        ),
    ] = None
    resources: ResourcesKey = None
    image: ImageKey = None
    cpu: CpuKey = None
    memory: MemoryKey = None
    gpu: GpuKey = None
    secrets: SecretsKey = None
    volumes: VolumesKey = None
    env: EnvKey = None
    region: RegionKey = None
    max_containers: MaxContainersKey = None
    min_containers: MinContainersKey = None
    scaledown_window: ScaledownWindowKey = None
    concurrency: ConcurrencyKey = None
    include: IncludeKey = None
