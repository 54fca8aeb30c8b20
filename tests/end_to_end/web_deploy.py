"""The API as a deploy defines it: one function over ``reconciler.web.deployed.web``."""

from __future__ import annotations

import json

import modal

from reconciler.manifest import Settings
from reconciler.manifest.web_settings import WebSettings
from reconciler.plan.web_app import FUNCTION, SETTINGS_VARIABLE, container_settings, web_app_name
from reconciler.web.deployed import web

api = WebSettings(functions=("shop/*",), submit="shop/accept", auth="web")
settings = Settings(web=api)
environment = settings.environment("local")
app = modal.App(web_app_name(environment.app))
app.function(
    name=FUNCTION,
    image=modal.Image.debian_slim().add_local_python_source("reconciler"),
    env={SETTINGS_VARIABLE: json.dumps(container_settings(environment, api))},
    secrets=[modal.Secret.from_name("web")],
    max_containers=1,
    serialized=True,
)(modal.concurrent(max_inputs=50)(modal.asgi_app()(web)))
