"""The keys of a `code` target, in manifests and in `defaults` of the settings."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, Tag

from reconciler.manifest.constraints import Expected, Form, Omittable, Whole, verdict
from reconciler.manifest.resource_types import (
    Cores,
    Gpu,
    Memory,
    MountPaths,
    Regions,
    Variables,
    one_or_more,
)
from reconciler.manifest.text_types import (
    Distinct,
    Duration,
    Identifier,
    ModalName,
    RelativePath,
    Text,
)

CODE_KEYS: Final = (
    "image",
    "cpu",
    "memory",
    "gpu",
    "secrets",
    "volumes",
    "env",
    "region",
    "max_containers",
    "min_containers",
    "scaledown_window",
    "concurrency",
    "include",
)
"""Keys that describe how a `code` target is deployed; only allowed with `code`."""


def _secret_kind(value: Any) -> str:
    if not isinstance(value, dict):
        return "<usual>"
    return "<env>" if "from_env" in value else "<mapping>"


def _flag_or_path(value: Any) -> str:
    return "<text>" if isinstance(value, str) else "<flag>"


def _requirement(value: str) -> str:
    """A requirement as pip reads it. Addresses and files of packages are left to pip."""
    if "://" in value or value.startswith((".", "/")) or value.endswith(_ARCHIVES):
        return value
    from packaging.requirements import InvalidRequirement, Requirement  # start-up time: few have it

    try:
        Requirement(value)
    except InvalidRequirement as error:
        raise verdict(
            f"is no requirement that pip reads: `{value[:60]}`; write it such as requests==2.32.5"
        ) from error
    return value


_ARCHIVES: Final = (".whl", ".tar.gz", ".zip")


class ImageForm(Form):
    """The image of a `code` target: one base, then layers in the order of this table."""

    python: Annotated[
        Annotated[
            str,
            Field(pattern=r"^3\.[0-9]{1,2}$"),
            Expected('a Python version in quotes such as "3.12"'),
        ]
        | None,
        Omittable(),
        Field(
            description='Python version, in quotes: "3.12"; it is added to `registry` and '
            "`dockerfile` bases. Default 3.12, or the base's own."
        ),
    ] = None
    registry: Annotated[
        Annotated[
            str,
            Field(pattern=r"^[a-z0-9][A-Za-z0-9._/:@-]*$", max_length=255),
            Expected("an image of a registry such as ghcr.io/team/base:1.4"),
        ]
        | None,
        Omittable(),
        Field(description="Base: an image of a registry.", examples=["ghcr.io/team/base:1.4"]),
    ] = None
    dockerfile: Annotated[
        RelativePath | None,
        Omittable(),
        Field(description="Base: a Dockerfile of the repository; its folder is its context."),
    ] = None
    name: Annotated[
        Annotated[
            str,
            Field(pattern=r"^[A-Za-z0-9._-]+(:[A-Za-z0-9._-]+)?$", max_length=128),
            Expected("the name of a Modal image such as base or base:1.4"),
        ]
        | None,
        Omittable(),
        Field(description="Base: a Modal image that bears this name; it is not built."),
    ] = None
    apt: Annotated[Distinct[Text] | None, Omittable(), Field(description="Debian packages.")] = None
    pip: Annotated[
        Distinct[
            Annotated[
                str,
                Field(pattern=r"^[^\s-]", max_length=1000),
                Expected(
                    "a package with its version such as requests==2.32.5; "
                    "options of pip belong in a file of `requirements`"
                ),
                AfterValidator(_requirement),
            ]
        ]
        | None,
        Omittable(),
        Field(description="Python packages for pip, with versions."),
    ] = None
    requirements: Annotated[
        RelativePath | None,
        Omittable(),
        Field(description="A file of requirements for pip.", examples=["requirements.txt"]),
    ] = None
    uv_sync: Annotated[
        Annotated[bool, Expected("true, false, or the folder of uv.lock"), Tag("<flag>")]
        | Annotated[RelativePath, Tag("<text>")]
        | None,
        Discriminator(_flag_or_path),
        Omittable(),
        Field(
            description="Installs what `uv.lock` says; `true` for the one of the repository's "
            "root, or its folder."
        ),
    ] = None
    run: Annotated[
        Distinct[Text] | None, Omittable(), Field(description="Shell commands, a layer each.")
    ] = None


class SecretForm(Form):
    """A Modal Secret, with the keys that it must have."""

    name: Annotated[ModalName, Field(description="The name of the Modal Secret.")]
    keys: Annotated[
        Distinct[Identifier],
        Field(description="Keys that it must have; a deploy without one of them fails."),
    ]


class FromEnvForm(Form):
    """Environment variables of the apply, kept in a Modal Secret of the target."""

    from_env: Annotated[
        Distinct[Identifier],
        Field(
            description="Names of variables; each must be listed under `from_env` in "
            "reconciler.yaml."
        ),
    ]


Secret: TypeAlias = Annotated[
    Annotated[ModalName, Tag("<usual>")]
    | Annotated[SecretForm, Tag("<mapping>")]
    | Annotated[FromEnvForm, Tag("<env>")],
    Discriminator(_secret_kind),
]

ImageKey: TypeAlias = Annotated[
    ImageForm | None, Omittable(), Field(description="With `code`: the container's image.")
]
CpuKey: TypeAlias = Annotated[
    Cores | None,
    Omittable(),
    Field(
        description="With `code`: cores, a number or a pair of request and limit.",
        examples=[0.5, [0.5, 2]],
    ),
]
MemoryKey: TypeAlias = Annotated[
    Memory | None,
    Omittable(),
    Field(
        description="With `code`: memory, a size or a pair of request and limit; a plain number "
        "is MiB.",
        examples=["1Gi", ["512Mi", "2Gi"]],
    ),
]
GpuKey: TypeAlias = Annotated[
    Annotated[Gpu, Tag("<usual>")] | Annotated[Distinct[Gpu], Tag("<list>")] | None,
    Discriminator(one_or_more),
    Omittable(),
    Field(
        description="With `code`: a GPU as Modal names it, or a list: the first that is available.",
        examples=["L4", "A100-80GB:2", ["H100", "A100"]],
    ),
]
SecretsKey: TypeAlias = Annotated[
    Annotated[list[Secret], Field(min_length=1)] | None,
    Omittable(),
    Field(
        description="With `code`: names of Modal Secrets; or mappings of `name` and `keys`, or of "
        "`from_env`.",
        examples=[["exchange-api"], [{"name": "db", "keys": ["URL"]}, {"from_env": ["API_KEY"]}]],
    ),
]
VolumesKey: TypeAlias = Annotated[
    MountPaths | None,
    Omittable(),
    Field(description="With `code`: Modal Volumes by mount path.", examples=[{"/data": "rates"}]),
]
EnvKey: TypeAlias = Annotated[
    Variables | None,
    Omittable(),
    Field(description="With `code`: environment variables; not for secrets."),
]
RegionKey: TypeAlias = Annotated[
    Regions | None,
    Omittable(),
    Field(
        description="With `code`: the region, or a list of regions; Modal bills a surcharge.",
        examples=["us-east", ["eu", "uk"]],
    ),
]
MaxContainersKey: TypeAlias = Annotated[
    Annotated[int, Whole(1, 10_000)] | None,
    Omittable(),
    Field(description="With `code`: the most containers at a time; default: Modal's."),
]
MinContainersKey: TypeAlias = Annotated[
    Annotated[int, Whole(0, 1_000)] | None,
    Omittable(),
    Field(description="With `code`: containers that are always kept, and billed; default 0."),
]
ScaledownWindowKey: TypeAlias = Annotated[
    Duration | None,
    Omittable(),
    Field(
        description="With `code`: how long an idle container is kept, and billed: 2s to 1h; "
        "default: Modal's, 60s."
    ),
]
ConcurrencyKey: TypeAlias = Annotated[
    Annotated[int, Whole(1, 1_000)] | None,
    Omittable(),
    Field(description="With `code`: runs that one container takes at a time; default 1."),
]
IncludeKey: TypeAlias = Annotated[
    Distinct[
        Annotated[
            str,
            Field(pattern=r"^[^/\\\s][^\\]*$", max_length=200),
            Expected("a path or a pattern with forward slashes such as prompts/*.txt"),
        ]
    ]
    | None,
    Omittable(),
    Field(
        description="With `code`: further files of the repository that the function needs, as "
        "paths or patterns; `**` stands for any folders. Its imports are found without it.",
        examples=[["prompts/*.txt", "data/**"]],
    ),
]
