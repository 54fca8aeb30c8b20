"""Functions and classes: creating them in a deploy, looking them up."""

from __future__ import annotations

from modal_proto import api_pb2

from reconciler.engine import compat
from reconciler.engine.addresses import Addresses
from reconciler.engine.apps import App, AppStore, Spec, handle
from reconciler.engine.caller import Peer
from reconciler.engine.catalog import Catalog
from reconciler.engine.containers.fleet import Fleet
from reconciler.engine.containers.pool import Pool
from reconciler.engine.endpoints import endpoints
from reconciler.engine.events import Events
from reconciler.engine.images.layers import layers, not_emulated
from reconciler.engine.rpc.apps import check_schedule
from reconciler.engine.rpc_errors import class_named, not_found
from reconciler.engine.web.listeners import Listeners


class Functions:
    """A function keeps its id by its name in its app, over all deploys."""

    def __init__(
        self,
        apps: AppStore,
        catalog: Catalog,
        pool: Pool,
        fleet: Fleet,
        addresses: Addresses,
        listeners: Listeners,
        events: Events,
    ) -> None:
        self._apps = apps
        self._addresses = addresses
        self._listeners = listeners
        self._catalog = catalog
        self._pool = pool
        self._fleet = fleet
        self._events = events

    async def function_precreate(
        self, request: api_pb2.FunctionPrecreateRequest, _caller: Peer
    ) -> api_pb2.FunctionPrecreateResponse:
        identifier = request.existing_function_id or self._apps.function_id(
            request.app_id, request.function_name
        )
        data = api_pb2.FunctionData(
            function_type=request.function_type,
            method_definitions=request.method_definitions,
            function_schema=request.function_schema,
            supported_input_formats=request.supported_input_formats,
            supported_output_formats=request.supported_output_formats,
            webhook_config=request.webhook_config,
        )
        await self._give_addresses(request.app_id, request.function_name, data)
        return api_pb2.FunctionPrecreateResponse(
            function_id=identifier,
            handle_metadata=handle(identifier, request.function_name, data, request.app_id, ""),
        )

    async def function_create(
        self, request: api_pb2.FunctionCreateRequest, _caller: Peer
    ) -> api_pb2.FunctionCreateResponse:
        data = compat.function_data(request)
        runnable = compat.runnable(data)
        if data.HasField("schedule"):
            check_schedule(data.schedule)
        name = runnable.function_name
        identifier = request.existing_function_id or self._apps.function_id(request.app_id, name)
        definition = self._apps.define(identifier, data)
        ignored = not_emulated(runnable, layers(self._catalog, runnable.image_id))
        self._events.ignored(name, ignored)
        await self._give_addresses(request.app_id, name, data)
        return api_pb2.FunctionCreateResponse(
            server_warnings=[
                api_pb2.Warning(
                    type=api_pb2.Warning.WARNING_TYPE_FUNCTION_CONFIGURATION,
                    message=f"{name}: the embedded engine does not emulate: {'; '.join(ignored)}",
                )
            ]
            if ignored
            else [],
            function_id=identifier,
            function=runnable,
            function_data=data,
            handle_metadata=handle(identifier, name, data, request.app_id, definition),
        )

    async def _give_addresses(self, app_id: str, name: str, data: api_pb2.FunctionData) -> None:
        """Open the ports of a definition's endpoints, and write their addresses into it."""
        app = self._apps.get(app_id)
        if app is None:
            raise not_found(f"App with ID {app_id} not found")
        labels = [one.label for one in endpoints(app.place, name, data)]
        await self._listeners.open(labels, app_id)
        self._addresses.fill(app.place, name, data)

    async def function_get(
        self, request: api_pb2.FunctionGetRequest, _caller: Peer
    ) -> api_pb2.FunctionGetResponse:
        app = self._deployed(request.environment_name, request.app_name)
        published = self._apps.published(app.id)
        names = published.body.function_ids if published else {}
        if request.object_tag not in names:
            if published and request.object_tag in published.body.class_ids:
                raise class_named(f"'{request.object_tag}' is a class")
            raise not_found(
                f"Function '{request.object_tag}' not found in App '{request.app_name}'"
            )
        spec = self._spec(names[request.object_tag])
        return api_pb2.FunctionGetResponse(
            function_id=spec.id, function=spec.data, handle_metadata=_handle(spec)
        )

    async def function_get_by_id(
        self, request: api_pb2.FunctionGetByIdRequest, _caller: Peer
    ) -> api_pb2.FunctionGetByIdResponse:
        spec = self._spec(request.function_id)
        return api_pb2.FunctionGetByIdResponse(function=spec.data, handle_metadata=_handle(spec))

    async def function_bind_params(
        self, request: api_pb2.FunctionBindParamsRequest, _caller: Peer
    ) -> api_pb2.FunctionBindParamsResponse:
        base = self._spec(request.function_id)
        options = (
            request.function_options.SerializeToString(deterministic=True)
            if request.HasField("function_options")
            else b""
        )
        bound = self._spec(self._apps.bind(base.id, request.serialized_params, options))
        if options:
            ignored = not_emulated(bound.function, layers(self._catalog, bound.function.image_id))
            self._events.ignored(bound.name, ignored)
        return api_pb2.FunctionBindParamsResponse(
            bound_function_id=bound.id, handle_metadata=_handle(bound)
        )

    async def function_get_current_stats(
        self, request: api_pb2.FunctionGetCurrentStatsRequest, _caller: Peer
    ) -> api_pb2.FunctionStats:
        spec = self._spec(request.function_id)
        running = [c for c in self._fleet.containers() if c.spec.id == spec.id]
        return api_pb2.FunctionStats(
            backlog=self._pool.waiting(spec.id),
            num_total_tasks=len(running),
            num_running_inputs=sum(len(container.tasks) for container in running),
            input_headroom=sum(container.room for container in running),
        )

    async def class_create(
        self, request: api_pb2.ClassCreateRequest, _caller: Peer
    ) -> api_pb2.ClassCreateResponse:
        identifier = request.existing_class_id or self._apps.create_class(request.app_id)
        return api_pb2.ClassCreateResponse(
            class_id=identifier, handle_metadata=api_pb2.ClassHandleMetadata()
        )

    async def class_get(
        self, request: api_pb2.ClassGetRequest, _caller: Peer
    ) -> api_pb2.ClassGetResponse:
        app = self._deployed(request.environment_name, request.app_name)
        published = self._apps.published(app.id)
        if published is None or request.object_tag not in published.body.class_ids:
            raise not_found(f"Class '{request.object_tag}' not found in App '{request.app_name}'")
        service = self._spec(published.body.function_ids[f"{request.object_tag}.*"])
        return api_pb2.ClassGetResponse(
            class_id=published.body.class_ids[request.object_tag],
            handle_metadata=api_pb2.ClassHandleMetadata(
                class_function_id=service.id, class_function_metadata=_handle(service)
            ),
        )

    def _deployed(self, environment_name: str, name: str) -> App:
        environment = self._catalog.environment(environment_name)
        app = self._apps.deployed(environment, name)
        if app is None:
            raise not_found(f"App '{name}' not found in environment '{environment}'")
        return app

    def _spec(self, function: str) -> Spec:
        spec = self._apps.spec(function)
        if spec is None or not spec.app.live:
            raise not_found(f"Function with ID {function} not found")
        return spec


def _handle(spec: Spec) -> api_pb2.FunctionHandleMetadata:
    return handle(spec.id, spec.name, spec.data, spec.app.id, spec.definition)
