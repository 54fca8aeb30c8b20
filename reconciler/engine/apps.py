"""Apps, their deployments, and the live one of each.

FunctionCreate comes before AppPublish, so a definition is kept apart and counts only once a
deployment names it: a deploy that fails in between changes nothing that runs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from modal_proto import api_pb2

from reconciler.engine import compat
from reconciler.engine.addresses import Addresses
from reconciler.engine.endpoints import LabelNames
from reconciler.engine.ids import IdKind, content_id, new_id
from reconciler.engine.storage.database import Database, Row
from reconciler.engine.time_source import TimeSource

_COLUMNS = "id, environment, name, description, state, version, created, deployed, stopped, tags"
_LIVE = (
    api_pb2.APP_STATE_DEPLOYED,
    api_pb2.APP_STATE_EPHEMERAL,
    api_pb2.APP_STATE_DETACHED,
)


@dataclass(frozen=True)
class App:
    """``name`` is empty unless it was deployed; times are seconds since the epoch, 0 for never."""

    id: str
    environment: str
    name: str
    description: str
    state: api_pb2.AppState.ValueType
    version: int
    created: float
    deployed: float
    stopped: float
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        """Whether its functions can be called and its crons fire."""
        return self.state in _LIVE

    @property
    def place(self) -> LabelNames:
        """What the addresses of its endpoints follow from."""
        ephemeral = not self.name and self.state != api_pb2.APP_STATE_INITIALIZING
        return LabelNames(self.environment, self.name or self.description, ephemeral)


@dataclass(frozen=True)
class AppDeployment:
    """One publish; ``body`` is the request as the client sent it."""

    version: int
    at: float
    client: str
    rollback_of: int
    body: api_pb2.AppPublishRequest


@dataclass(frozen=True)
class Spec:
    """The live definition of a function. ``data`` is its part of the deploy request."""

    id: str
    name: str
    app: App
    definition: str
    data: api_pb2.FunctionData
    function: api_pb2.Function
    params: bytes = b""

    @property
    def is_server(self) -> bool:
        """Whether it is a Server, which answers HTTP and cannot be called."""
        return self.data.is_server or self.function.is_server


class AppStore:
    """Reads are cached per app and forgotten when the app changes.

    ``changed`` is set then, and ``revision`` counts the changes.
    """

    def __init__(self, database: Database, clock: TimeSource, addresses: Addresses) -> None:
        self._database = database
        self._clock = clock
        self._addresses = addresses
        self.revision = 0
        self._published: dict[str, AppDeployment | None] = {}
        self._specs: dict[str, Spec | None] = {}
        self.changed = asyncio.Event()

    # Apps

    def create(
        self,
        environment: str,
        description: str,
        state: api_pb2.AppState.ValueType,
        tags: Mapping[str, str],
        name: str = "",
    ) -> str:
        """A new app; it gets a name for good when it is deployed."""
        identifier, now = new_id(IdKind.APP), self._clock.now()
        self._database.run(
            "INSERT INTO apps (id, environment, name, description, state, created, heartbeat, tags)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            identifier,
            environment,
            name,
            description,
            state,
            now,
            now,
            json.dumps(dict(tags)),
        )
        return identifier

    def get(self, identifier: str) -> App | None:
        row = self._database.row(f"SELECT {_COLUMNS} FROM apps WHERE id = ?", identifier)  # noqa: S608  # fixed columns
        return _app(row) if row else None

    def deployed(self, environment: str, name: str) -> App | None:
        """The live app of this name."""
        return self._latest(environment, name, (api_pb2.APP_STATE_DEPLOYED,))

    def stopped(self, environment: str, name: str) -> App | None:
        """The app that last had this name and is stopped."""
        return self._latest(environment, name, (api_pb2.APP_STATE_STOPPED,))

    def _latest(
        self, environment: str, name: str, states: Iterable[api_pb2.AppState.ValueType]
    ) -> App | None:
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM apps WHERE environment = ? AND name = ?"  # noqa: S608  # fixed columns
            " ORDER BY created DESC",
            environment,
            name,
        )
        found = (_app(row) for row in rows)
        return next((app for app in found if app.state in states), None)

    def live(self, environment: str | None = None) -> list[App]:
        """The live apps of an environment, or of the workspace, newest first."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM apps WHERE state IN (?, ?, ?)"  # noqa: S608  # fixed columns
            " AND (? IS NULL OR environment = ?) ORDER BY created DESC",
            *_LIVE,
            environment,
            environment,
        )
        return [_app(row) for row in rows]

    def ended(self, environment: str, most: int) -> list[App]:
        """The apps of an environment that were stopped last; not those that never were live."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM apps WHERE state = ? AND version > 0"  # noqa: S608  # fixed columns
            " AND environment = ? ORDER BY stopped DESC LIMIT ?",
            api_pb2.APP_STATE_STOPPED,
            environment,
            most,
        )
        return [_app(row) for row in rows]

    def set_tags(self, app: str, tags: Mapping[str, str]) -> None:
        self._database.run("UPDATE apps SET tags = ? WHERE id = ?", json.dumps(dict(tags)), app)
        self._forget(app)

    def beat(self, app: str) -> None:
        """Its client is alive."""
        self._database.run("UPDATE apps SET heartbeat = ? WHERE id = ?", self._clock.now(), app)

    def silent(self, since: float) -> list[App]:
        """Live ephemeral apps whose client has sent no heartbeat since then."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM apps WHERE state IN (?, ?) AND heartbeat < ?",  # noqa: S608  # fixed columns
            api_pb2.APP_STATE_EPHEMERAL,
            api_pb2.APP_STATE_INITIALIZING,
            since,
        )
        return [_app(row) for row in rows]

    def stop(self, app: str) -> None:
        """Stop an app for good: its functions and crons end, its name becomes free."""
        self._database.run(
            "UPDATE apps SET state = ?, stopped = ? WHERE id = ?",
            api_pb2.APP_STATE_STOPPED,
            self._clock.now(),
            app,
        )
        self._forget(app)

    # Publishing

    def publish(
        self, app: App, request: api_pb2.AppPublishRequest, client: str, rollback_of: int = 0
    ) -> AppDeployment:
        """Make a set of definitions live, all at once. A reload of ``modal serve`` has no state."""
        version, now = app.version + 1, self._clock.now()
        with self._database.transaction():
            self._database.run(
                "INSERT INTO deployments VALUES (?, ?, ?, ?, ?, ?)",
                app.id,
                version,
                now,
                client,
                rollback_of,
                request.SerializeToString(deterministic=True),
            )
            self._database.run(
                "UPDATE apps SET state = ?, version = ?, deployed = ?, name = ?, tags = ?"
                " WHERE id = ?",
                request.app_state or app.state,
                version,
                now,
                request.name or app.name,
                json.dumps(dict(request.tags)) if request.tags else json.dumps(dict(app.tags)),
                app.id,
            )
        self._forget(app.id)
        return AppDeployment(version, now, client, rollback_of, request)

    def published(self, app: str) -> AppDeployment | None:
        """The live deployment of an app, or the last one of a stopped app."""
        if app not in self._published:
            self._published[app] = next(iter(self.history(app, most=1)), None)
        return self._published[app]

    def history(self, app: str, most: int = -1) -> list[AppDeployment]:
        """Its deployments, newest first."""
        rows = self._database.rows(
            "SELECT version, at, client, rollback_of, body FROM deployments WHERE app = ?"
            " ORDER BY version DESC LIMIT ?",
            app,
            most,
        )
        return [
            AppDeployment(version, at, client, of, api_pb2.AppPublishRequest.FromString(body))
            for version, at, client, of, body in rows
        ]

    def _forget(self, app: str) -> None:
        self._published.pop(app, None)
        self._specs.clear()
        self.revision += 1
        self.changed.set()

    # Functions and classes

    def function_id(self, app: str, name: str) -> str:
        """The id of the function of this name, which it keeps over all deploys."""
        row = self._database.row(
            "SELECT id FROM functions WHERE app = ? AND name = ? AND base IS NULL", app, name
        )
        if row:
            return str(row[0])
        identifier = new_id(IdKind.FUNCTION)
        self._database.run(
            "INSERT INTO functions (id, app, name) VALUES (?, ?, ?)", identifier, app, name
        )
        return identifier

    def owner(self, function: str) -> str:
        """The id of the app that has or had a function; empty for an unknown function."""
        row = self._database.row("SELECT app FROM functions WHERE id = ?", function)
        return str(row[0]) if row else ""

    def define(self, function: str, data: api_pb2.FunctionData) -> str:
        """Keep a definition; the same one always has the same id."""
        body = data.SerializeToString(deterministic=True)
        identifier = content_id(IdKind.DEFINITION, function.encode() + body)
        self._database.run(
            "INSERT OR IGNORE INTO definitions VALUES (?, ?, ?)", identifier, function, body
        )
        return identifier

    def definition(self, identifier: str) -> api_pb2.FunctionData | None:
        row = self._database.row("SELECT body FROM definitions WHERE id = ?", identifier)
        return api_pb2.FunctionData.FromString(row[0]) if row else None

    def bind(self, base: str, params: bytes, options: bytes) -> str:
        """A function bound to parameters or options: the same binding has the same id."""
        identifier = content_id(IdKind.FUNCTION, b"\0".join((base.encode(), params, options)))
        self._database.run(
            "INSERT OR IGNORE INTO functions SELECT ?, app, name, id, ?, ? FROM functions"
            " WHERE id = ?",
            identifier,
            params,
            options,
            base,
        )
        return identifier

    def create_class(self, app: str) -> str:
        identifier = new_id(IdKind.CLASS)
        self._database.run("INSERT INTO classes VALUES (?, ?)", identifier, app)
        return identifier

    def specs(self, app: str) -> list[Spec]:
        """The live functions of an app."""
        published = self.published(app)
        found = (
            (self.spec(identifier) for identifier in published.body.function_ids.values())
            if (published)
            else ()
        )
        return [spec for spec in found if spec is not None]

    def spec(self, function: str) -> Spec | None:
        """The live definition of a function; None if its app does not publish it any more."""
        if function not in self._specs:
            self._specs[function] = self._spec(function)
        return self._specs[function]

    def _spec(self, function: str) -> Spec | None:
        row = self._database.row(
            "SELECT app, name, base, params, options FROM functions WHERE id = ?", function
        )
        if row is None:
            return None
        owner, name, base, params, options = row
        app, published = self.get(owner), self.published(owner)
        definition = published and published.body.definition_ids.get(base or function)
        data = self.definition(definition) if definition else None
        if app is None or data is None or not definition:
            return None
        self._addresses.fill(app.place, name, data)
        runnable = api_pb2.Function()
        runnable.CopyFrom(compat.runnable(data))
        if options:
            compat.override(runnable, api_pb2.FunctionOptions.FromString(options))
        return Spec(function, name, app, definition, data, runnable, params or b"")


def _app(row: Row) -> App:
    identifier, environment, name, description, state, version, created, deployed, stopped, tags = (
        row
    )
    return App(
        identifier,
        environment,
        name,
        description,
        state,
        version,
        created,
        deployed,
        stopped,
        json.loads(tags),
    )


def handle(
    spec_id: str, name: str, data: api_pb2.FunctionData, app: str, definition: str
) -> api_pb2.FunctionHandleMetadata:
    """The metadata that a client needs to call a function, or the methods of a class.

    Addresses of endpoints are those that ``data`` has.
    """
    methods = {
        method: api_pb2.FunctionHandleMetadata(
            function_name=defined.function_name,
            function_type=defined.function_type,
            is_method=True,
            use_method_name=method,
            definition_id=definition,
            function_schema=defined.function_schema,
            supported_input_formats=defined.supported_input_formats,
            supported_output_formats=defined.supported_output_formats,
            web_url=defined.web_url,
            app_id=app,
        )
        for method, defined in data.method_definitions.items()
    }
    return api_pb2.FunctionHandleMetadata(
        function_name=name,
        function_type=data.function_type,
        is_method=data.is_method,
        definition_id=definition,
        class_parameter_info=data.class_parameter_info,
        method_handle_metadata=methods,
        function_schema=data.function_schema,
        supported_input_formats=data.supported_input_formats,
        supported_output_formats=data.supported_output_formats,
        web_url=data.web_url,
        app_id=app,
        base_function_id=spec_id,
    )
