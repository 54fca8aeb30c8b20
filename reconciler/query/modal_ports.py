"""What questions are asked of: the real ports."""

from __future__ import annotations

from reconciler.client.task_files import ModalTaskFiles
from reconciler.deploy.modal_apps import ModalApps
from reconciler.deploy.modal_files import ModalFiles
from reconciler.deploy.modal_output import ModalOutput
from reconciler.dispatch.adapters.modal_calls import ModalCaller, ModalClaims, SystemClock
from reconciler.query.ports import QueryPorts


def modal_ports(app: str, environment: str) -> QueryPorts:
    """The ports on an app, its Volume and its Dict in a Modal environment."""
    return QueryPorts(
        apps=ModalApps(app, environment),
        files=ModalFiles(app, environment),
        claims=ModalClaims(app, environment),
        caller=ModalCaller(environment),
        output=ModalOutput(),
        tasks=ModalTaskFiles(app, environment),
        clock=SystemClock(),
    )
