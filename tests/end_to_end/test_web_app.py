"""``web:`` in the settings, through the real client: deployed on the engine, asked, and removed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from tests.end_to_end.project import Project
from tests.engine.web_client import fetch

TOKEN = "a-token-with-many-random-bits"
SETTINGS = "web: {auth: web-tokens, functions: [shop/*], proxy_auth: true}\n"


def address_of(project: Project, function: str) -> str:
    return str(
        project.in_modal(
            f"""
            import modal
            function = modal.Function.from_name("schedule-reconciler-web", "{function}")
            answer = function.get_web_url()
            """
        )
    )


def test_the_api_is_deployed_answers_and_goes(make_project: Callable[..., Project]) -> None:
    project = make_project()
    project.hourly("a")
    (project.root / "reconciler.yaml").write_text(SETTINGS)
    refused = project.reconcile("--yes")
    assert refused.code == 1
    assert "there is no Modal Secret web-tokens" in refused.err

    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    project.engine.modal("secret", "create", "web-tokens", f"WEB_TOKEN_TEST=read sha256:{digest}")
    done = project.applied()
    address = address_of(project, "web")
    assert f"app schedule-reconciler-web is deployed at {address}" in done.out + done.err
    planned = project.reconcile("--dry-run", "--detailed-exitcode")
    assert planned.code == 0, planned.out + planned.err

    assert fetch(address, "/api/v1/status").status == 401
    answer = fetch(address, "/api/v1/status", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status == 200, answer.text + project.engine.modal(
        "app", "logs", "schedule-reconciler-web"
    )
    assert '"a"' in answer.text
    behind_the_proxy = fetch(address_of(project, "hooks"), "/wake", method="POST")
    assert behind_the_proxy.status == 401
    assert behind_the_proxy.text.startswith("modal-http: missing credentials")

    (project.root / "reconciler.yaml").write_text("crons: 5\n")
    planned = project.reconcile("--dry-run")
    assert "schedule-reconciler-web" in planned.out
    project.applied()
    assert fetch(address).status == 404
