"""Which live function answers for a label."""

from __future__ import annotations

from modal_proto import api_pb2

from reconciler.engine.addresses import Addresses
from reconciler.engine.apps import AppStore, Spec
from reconciler.engine.endpoints import WebEndpoint, endpoints

Served = tuple[Spec, WebEndpoint]


class Directory:
    """Of two apps that declare one label, the one that was published last has it."""

    def __init__(self, apps: AppStore, addresses: Addresses) -> None:
        self._apps = apps
        self._addresses = addresses
        self._known: dict[str, Served] = {}
        self._revision = -1

    def find(self, label: str) -> Served | None:
        """The live endpoint with this label."""
        return self.all().get(label)

    def all(self) -> dict[str, Served]:
        """The live endpoints by their labels."""
        if self._revision != self._apps.revision:
            self._revision = self._apps.revision
            self._known = {}
            for app in sorted(self._apps.live(), key=lambda one: one.deployed):
                for spec in self._apps.specs(app.id):
                    for endpoint in endpoints(app.place, spec.name, spec.data):
                        self._known[endpoint.label] = spec, endpoint
        return self._known

    def lines(self, app: str = "") -> list[str]:
        """A line for each live endpoint of an app, or of all: where it is served."""
        return sorted(
            f"Serving {spec.app.name or spec.app.description}/{endpoint.name}"
            f" at {self._addresses.url(label)}"
            + (" (asks for a proxy token)" if endpoint.config.requires_proxy_auth else "")
            for label, (spec, endpoint) in self.all().items()
            if app in ("", spec.app.id)
        )

    def is_stopped(self, label: str) -> bool:
        """Whether the app that last declared a label was deployed, and is stopped."""
        app = self._apps.get(self._addresses.app(label))
        return app is not None and app.version > 0 and app.state == api_pb2.APP_STATE_STOPPED
