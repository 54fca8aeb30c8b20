"""The form of `reconciler.yaml`, and the source of its JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag

from reconciler.manifest.alerts_form import DefaultAlertsForm, EnvironmentAlerts
from reconciler.manifest.cloudflare_form import CloudflareForm, EnvironmentCloudflare
from reconciler.manifest.constraints import Choice, Expected, Form, Omittable, Whole
from reconciler.manifest.manifest_form import CodeDefaultsForm
from reconciler.manifest.settings import Packing, Resolution
from reconciler.manifest.text_types import (
    Distinct,
    Duration,
    Identifier,
    ModalName,
    RelativePath,
)
from reconciler.manifest.web_form import EnvironmentWeb, WebForm

UNLIMITED = "unlimited"


def _form(value: Any) -> str:
    return "<text>" if isinstance(value, str) else "<usual>"


Crons: TypeAlias = Annotated[
    Annotated[int, Whole(0, 10_000, ", or `unlimited`"), Tag("<usual>")]
    | Annotated[Literal["unlimited"], Expected("a whole number, or `unlimited`"), Tag("<text>")]
    | None,
    Discriminator(_form),
    Omittable(),
    Field(description="How many crons the workspace's Modal subscription allows; default 5."),
]
App: TypeAlias = Annotated[
    ModalName | None,
    Omittable(),
    Field(description="Name of the app, Volume and Dict; default `schedule-reconciler`."),
]
Reserve: TypeAlias = Annotated[
    Annotated[int, Whole(0, 10_000)] | None,
    Omittable(),
    Field(description="How many of these crons to leave free for other apps; default 0."),
]
PackingKey: TypeAlias = Annotated[
    Annotated[Packing, Choice()] | None,
    Omittable(),
    Field(
        description="How schedules share crons when there are more schedules than crons; default "
        "`one-poller`."
    ),
]


Defaults: TypeAlias = Annotated[
    CodeDefaultsForm | None,
    Omittable(),
    Field(
        description="What holds for every `code` target whose manifest does not say otherwise.",
        examples=[{"image": {"python": "3.12"}, "retries": 2}],
    ),
]


class DeletesForm(Form):
    """A plan with more deletions than this is refused unless `--allow-deletes` names the number."""

    percent: Annotated[
        int,
        Whole(0, 100),
        Field(description="Percentage of the live schedules; default 30."),
    ] = 30
    least: Annotated[
        int,
        Whole(0, 100_000),
        Field(description="This many deletions are always allowed; default 3."),
    ] = 3


class TasksForm(Form):
    """Wakes for tasks, which programs create with `reconciler.client`."""

    resolution: Annotated[
        Resolution,
        Choice(),
        Field(description="How often a cron wakes for tasks, beside the wakes for schedules."),
    ]


class EnvironmentForm(Form):
    """One environment, and its overrides of the settings above."""

    modal: Annotated[
        ModalName | None,
        Omittable(),
        Field(description="The name of the Modal environment; default the same name."),
    ] = None
    app: App = None
    packing: PackingKey = None
    crons: Crons = None
    reserve: Reserve = None
    alerts: EnvironmentAlerts = None
    web: EnvironmentWeb = None
    cloudflare: EnvironmentCloudflare = None
    defaults: Defaults = None


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
            description="How late a wake may process an occurrence that still counts as on time "
            "(for `catchup: none`); default 5m."
        ),
    ] = None
    deletes: Annotated[
        DeletesForm | None,
        Omittable(),
        Field(description="How many deletions one plan may contain."),
    ] = None
    history: Annotated[
        Duration | None,
        Omittable(),
        Field(
            description="How long the history of runs and applies is kept, in whole days; default "
            "90d, at least 8d, at most 36500d."
        ),
    ] = None
    tasks: Annotated[
        TasksForm | None,
        Omittable(),
        Field(
            description="Wakes for the tasks that programs create; without it no cron wakes for "
            "tasks.",
            examples=[{"resolution": "5m"}],
        ),
    ] = None
    alerts: Annotated[
        DefaultAlertsForm | None,
        Omittable(),
        Field(
            description="Which events cause an alert, and who is notified; default: no alerts.",
            examples=[{"to": {"secret": "alerting", "key": "SLACK_URL"}}],
        ),
    ] = None
    web: Annotated[
        WebForm | None,
        Omittable(),
        Field(description="The HTTP API and the dashboard; see docs/web.md."),
    ] = None
    cloudflare: Annotated[
        CloudflareForm | None,
        Omittable(),
        Field(
            description="A Worker on Cloudflare that asks for wakes, in every environment but "
            "`local`; see docs/cloudflare.md."
        ),
    ] = None
    defaults: Defaults = None
    from_env: Annotated[
        Distinct[Identifier] | None,
        Omittable(),
        Field(
            description="The environment variables of an apply whose values `secrets` of a `code` "
            "target may take; without it, none.",
            examples=[["EXCHANGE_API_KEY"]],
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
            description="The environments by name. `local`, the embedded engine, always exists; if "
            "no other is declared here, every name is the Modal environment of that name.",
            examples=[{"production": {"modal": "main", "crons": "unlimited"}}],
        ),
    ] = None
