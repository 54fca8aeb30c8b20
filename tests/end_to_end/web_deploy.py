"""The API as a deploy defines it: one function over ``reconciler.web.deployed.web``."""

from __future__ import annotations

import modal

from reconciler.manifest import Settings
from reconciler.manifest.web_settings import WebSettings
from reconciler.web.deployed import FUNCTION, SUFFIX, variables, web

settings = Settings(web=WebSettings(functions=("shop/*",), submit="shop/accept", auth="web"))
environment = settings.environment("local")
app = modal.App(environment.app + SUFFIX)
app.function(
    name=FUNCTION,
    image=modal.Image.debian_slim().add_local_python_source("reconciler"),
    env=dict(variables(environment)),
    secrets=[modal.Secret.from_name("web")],
    max_containers=1,
    serialized=True,
)(modal.concurrent(max_inputs=50)(modal.asgi_app()(web)))
