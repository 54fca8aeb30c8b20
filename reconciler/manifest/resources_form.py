"""The keys of `resources`: what the runs of one schedule have that the function itself has not."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag

from reconciler.manifest.code_form import SecretForm
from reconciler.manifest.constraints import Form, Omittable
from reconciler.manifest.resource_types import (
    Cores,
    Gpu,
    Memory,
    MountPaths,
    Regions,
    Variables,
)
from reconciler.manifest.text_types import ModalName


def _name_or_mapping(value: Any) -> str:
    return "<mapping>" if isinstance(value, dict) else "<usual>"


class ResourcesForm(Form):
    """What the runs of this schedule have, in place of what the deployed function has."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    cpu: Annotated[
        Cores | None,
        Omittable(),
        Field(
            description="Cores, a number or a pair of request and limit.", examples=[2, [0.5, 2]]
        ),
    ] = None
    memory: Annotated[
        Memory | None,
        Omittable(),
        Field(
            description="Memory, a size or a pair of request and limit; a plain number is MiB.",
            examples=["4Gi", ["512Mi", "2Gi"]],
        ),
    ] = None
    gpu: Annotated[
        Gpu | None,
        Omittable(),
        Field(description="One GPU as Modal names it; no list.", examples=["L4", "H100:2"]),
    ] = None
    env: Annotated[
        Variables | None, Omittable(), Field(description="Environment variables; not for secrets.")
    ] = None
    secrets: Annotated[
        Annotated[
            list[
                Annotated[
                    Annotated[ModalName, Tag("<usual>")] | Annotated[SecretForm, Tag("<mapping>")],
                    Discriminator(_name_or_mapping),
                ]
            ],
            Field(min_length=1),
        ]
        | None,
        Omittable(),
        Field(
            description="Names of Modal Secrets, or mappings of `name` and `keys`; in place of the "
            "function's own.",
            examples=[["exchange-api"]],
        ),
    ] = None
    volumes: Annotated[
        MountPaths | None,
        Omittable(),
        Field(
            description="Modal Volumes by mount path; in place of the function's own.",
            examples=[{"/data": "rates"}],
        ),
    ] = None
    region: Annotated[
        Regions | None,
        Omittable(),
        Field(description="The region, or a list of regions; Modal bills a surcharge."),
    ] = None


ResourcesKey: TypeAlias = Annotated[
    ResourcesForm | None,
    Omittable(),
    Field(
        description="With `function`: `cpu`, `memory`, `gpu`, `env`, `secrets`, `volumes` and "
        "`region` of this schedule's runs, in place of the function's own. Nothing is deployed.",
        examples=[{"cpu": 2, "memory": "4Gi"}],
    ),
]
