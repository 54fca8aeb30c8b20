"""The form of `web:` in `reconciler.yaml`: what the HTTP API allows, and how it authenticates."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Discriminator, Field, Tag

from reconciler.manifest.alerts_form import Off, flag_or_else
from reconciler.manifest.constraints import Expected, Form, Omittable
from reconciler.manifest.text_types import ModalName
from reconciler.manifest.web_settings import AccessSettings, WebSettings

FUNCTION_PATTERN = r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$"
FUNCTIONS_PATTERN = r"^[A-Za-z0-9._-]+/([A-Za-z0-9._-]+|\*)$"
HOSTNAME_PATTERN = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$"

DeployedFunction: TypeAlias = Annotated[
    str,
    Field(pattern=FUNCTION_PATTERN, max_length=200),
    Expected("a deployed function, `app/function` or `app/Class.method`"),
]
AllowedFunctions: TypeAlias = Annotated[
    str,
    Field(pattern=FUNCTIONS_PATTERN, max_length=200),
    Expected("`app/function`, `app/Class.method`, or `app/*` for every function of an app"),
]


class AccessForm(Form):
    """Cloudflare Access, which signs people in before their requests arrive."""

    hostname: Annotated[
        str,
        Field(pattern=HOSTNAME_PATTERN, max_length=253, description="The hostname it protects."),
        Expected("a hostname in lower case, such as schedules.example.com"),
    ]
    team: Annotated[
        str,
        Field(
            pattern="^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
            max_length=63,
            description="The team, `acme` of `acme.cloudflareaccess.com`.",
        ),
        Expected("the name of the team in lower case, without `.cloudflareaccess.com`"),
    ]
    audience: Annotated[
        str,
        Field(
            pattern="^[0-9a-f]{64}$",
            description="The application's Audience (AUD) tag.",
        ),
        Expected("the application's AUD tag, 64 hexadecimal digits"),
    ]


class WebForm(Form):
    """The HTTP API and the dashboard."""

    functions: Annotated[
        list[AllowedFunctions] | None,
        Omittable(),
        Field(
            min_length=1,
            max_length=100,
            description="Functions that the API may start; default those that manifests name.",
            examples=[["billing/*", "reports/build"]],
        ),
    ] = None
    submit: Annotated[
        DeployedFunction | None,
        Omittable(),
        Field(
            description="The function that `POST /submit?data=…` starts; without it there is no "
            "such route.",
            examples=["billing/process_job"],
        ),
    ] = None
    auth: Annotated[
        ModalName | None,
        Omittable(),
        Field(
            description="The Modal Secret with tokens and webhook keys; without it the API is "
            "served on 127.0.0.1 only."
        ),
    ] = None
    proxy_auth: Annotated[
        bool,
        Field(
            description="Serve `/wake` and `/trigger` at a second endpoint too, whose requests "
            "Modal's proxy authenticates; default false."
        ),
    ] = False
    access: Annotated[
        AccessForm | None,
        Omittable(),
        Field(description="Also accept the people whom Cloudflare Access has signed in."),
    ] = None


EnvironmentWeb: TypeAlias = Annotated[
    Annotated[Off, Tag("<flag>")] | Annotated[WebForm, Tag("<usual>")] | None,
    Discriminator(flag_or_else),
    Omittable(),
    Field(
        description="Replaces `web` above, all of it; `false` deploys no HTTP API and no dashboard."
    ),
]


def web_settings(form: WebForm) -> WebSettings:
    """The typed value of the form."""
    access = None
    if form.access is not None:
        access = AccessSettings(
            hostname=form.access.hostname, team=form.access.team, audience=form.access.audience
        )
    return WebSettings(
        functions=tuple(form.functions or ()),
        submit=form.submit,
        auth=form.auth,
        access=access,
        proxy_auth=form.proxy_auth,
    )
