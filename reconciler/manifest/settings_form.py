"""The shape of `reconciler.yaml`: what a JSON Schema can say of it, and the schema's source."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag

from reconciler.manifest.alerts_form import DefaultAlertsForm, EnvironmentAlerts
from reconciler.manifest.constraints import Choice, Expected, Form, Omittable, Whole
from reconciler.manifest.settings import Packing, Resolution
from reconciler.manifest.text_types import Duration, ModalName, RelativePath

UNLIMITED = "unlimited"


def _form(value: Any) -> str:
    return "<text>" if isinstance(value, str) else "<usual>"


Crons: TypeAlias = Annotated[
    Annotated[int, Whole(0, 10_000, ", or `unlimited`"), Tag("<usual>")]
    | Annotated[Literal["unlimited"], Expected("a whole number, or `unlimited`"), Tag("<text>")]
    | None,
    Discriminator(_form),
    Omittable(),
    Field(description="How many crons the plan of the Modal workspace allows; default 5."),
]
App: TypeAlias = Annotated[
    ModalName | None,
    Omittable(),
    Field(description="Name of the app, Volume and Dict; default `schedule-reconciler`."),
]
Reserve: TypeAlias = Annotated[
    Annotated[int, Whole(0, 10_000)] | None,
    Omittable(),
    Field(description="How many of the crons stay free for others; default 0."),
]
PackingKey: TypeAlias = Annotated[
    Annotated[Packing, Choice()] | None,
    Omittable(),
    Field(description="How schedules beyond the crons share them; default `one-poller`."),
]


class DeletesForm(Form):
    """More deletions than this in one plan are refused unless allowed by number."""

    percent: Annotated[
        int,
        Whole(0, 100),
        Field(description="Of the schedules that are live; default 30."),
    ] = 30
    least: Annotated[
        int,
        Whole(0, 100_000),
        Field(description="So many are always allowed; default 3."),
    ] = 3


class TasksForm(Form):
    """Tasks that programs create with `reconciler.client` while everything runs."""

    resolution: Annotated[
        Resolution,
        Choice(),
        Field(description="How often a cron wakes for them, beside the wakes for schedules."),
    ]


class EnvironmentForm(Form):
    """One environment, and what holds in it instead of the settings above."""

    modal: Annotated[
        ModalName | None,
        Omittable(),
        Field(description="The Modal environment that it is; default the same name."),
    ] = None
    app: App = None
    packing: PackingKey = None
    crons: Crons = None
    reserve: Reserve = None
    alerts: EnvironmentAlerts = None


class SettingsForm(Form):
    """Settings of a repository of schedules."""

    model_config = ConfigDict(title="Settings of reconcile")

    app: App = None
    schedules: Annotated[
        RelativePath | None,
        Omittable(),
        Field(description="Folder of the manifests; default `schedules`."),
    ] = None
    packing: PackingKey = None
    crons: Crons = None
    reserve: Reserve = None
    punctuality: Annotated[
        Duration | None,
        Omittable(),
        Field(
            description="How late a wake may come for its newest occurrence to count as on time "
            "(for `catchup: none`); default 5m."
        ),
    ] = None
    deletes: Annotated[
        DeletesForm | None, Omittable(), Field(description="How many deletions one plan may hold.")
    ] = None
    history: Annotated[
        Duration | None,
        Omittable(),
        Field(
            description="How long runs and records of applies are kept, whole days; default 90d, "
            "at least 8d, at most 36500d."
        ),
    ] = None
    tasks: Annotated[
        TasksForm | None,
        Omittable(),
        Field(
            description="That programs create tasks; without it no cron wakes for them.",
            examples=[{"resolution": "5m"}],
        ),
    ] = None
    alerts: Annotated[
        DefaultAlertsForm | None,
        Omittable(),
        Field(
            description="What is an alarm, and who is told; default nobody.",
            examples=[{"to": {"secret": "alerting", "key": "SLACK_URL"}}],
        ),
    ] = None
    environments: Annotated[
        dict[
            ModalName,
            EnvironmentForm,
        ]
        | None,
        Omittable(),
        Field(
            description="The environments by name; without any but `local`, the embedded engine "
            "that is always there, every name is one.",
            examples=[{"production": {"modal": "main", "crons": "unlimited"}}],
        ),
    ] = None
