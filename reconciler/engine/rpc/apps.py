"""Apps: deploying, listing, tags, history, stopping."""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from reconciler.engine import crons
from reconciler.engine.apps import App, AppDeployment, AppStore, handle
from reconciler.engine.caller import Peer
from reconciler.engine.catalog import Catalog
from reconciler.engine.containers.fleet import Fleet
from reconciler.engine.containers.pool import Pool
from reconciler.engine.logs import LogStore
from reconciler.engine.quota import Quota
from reconciler.engine.rpc_errors import conflict, invalid, not_found

_KEPT_AFTER_STOP = 50


class AppObjects:
    """``quota``: what may be deployed in the workspace.

    ``say_endpoints`` is called with the id of an app that was published.
    """

    def __init__(
        self,
        apps: AppStore,
        catalog: Catalog,
        pool: Pool,
        fleet: Fleet,
        logs: LogStore,
        quota: Quota,
        say_endpoints: Callable[[str], None],
    ) -> None:
        self._apps = apps
        self._catalog = catalog
        self._pool = pool
        self._fleet = fleet
        self._logs = logs
        self._quota = quota
        self._say_endpoints = say_endpoints

    async def app_create(
        self, request: api_pb2.AppCreateRequest, _caller: Peer
    ) -> api_pb2.AppCreateResponse:
        environment = self._environment(request.environment_name)
        identifier = self._apps.create(
            environment, request.description, request.app_state, request.tags
        )
        return api_pb2.AppCreateResponse(app_id=identifier, app_page_url=_page(identifier))

    async def app_get_or_create(
        self, request: api_pb2.AppGetOrCreateRequest, _caller: Peer
    ) -> api_pb2.AppGetOrCreateResponse:
        environment = self._environment(request.environment_name)
        app = self._apps.get(request.app_name) or self._apps.deployed(environment, request.app_name)
        if app is None:
            if request.object_creation_type != api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
                raise not_found(
                    f"App '{request.app_name}' not found in environment '{environment}'"
                )
            name = request.app_name
            made = self._apps.create(environment, name, api_pb2.APP_STATE_DEPLOYED, {}, name)
            app = self._app(made)
        return api_pb2.AppGetOrCreateResponse(app_id=app.id, handle_metadata=self._metadata(app))

    async def app_get_by_deployment_name(
        self, request: api_pb2.AppGetByDeploymentNameRequest, _caller: Peer
    ) -> api_pb2.AppGetByDeploymentNameResponse:
        environment = self._environment(request.environment_name)
        app = self._apps.deployed(environment, request.name)
        previous = None if app else self._apps.stopped(environment, request.name)
        known = app or previous
        return api_pb2.AppGetByDeploymentNameResponse(
            app_id=app.id if app else "",
            previous_app_id=previous.id if previous else "",
            environment_name=environment,
            lifecycle=_lifecycle(known) if known else None,
        )

    async def app_get_layout(
        self, request: api_pb2.AppGetLayoutRequest, _caller: Peer
    ) -> api_pb2.AppGetLayoutResponse:
        app = self._app(request.app_id)
        published = self._apps.published(app.id)
        if published is None:
            return api_pb2.AppGetLayoutResponse(app_layout=api_pb2.AppLayout())
        objects = [
            api_pb2.Object(
                object_id=spec.id,
                function_handle_metadata=handle(
                    spec.id, spec.name, spec.data, app.id, spec.definition
                ),
            )
            for spec in self._apps.specs(app.id)
        ]
        objects += [
            api_pb2.Object(object_id=one, class_handle_metadata=api_pb2.ClassHandleMetadata())
            for one in published.body.class_ids.values()
        ]
        return api_pb2.AppGetLayoutResponse(
            app_layout=api_pb2.AppLayout(
                objects=objects,
                function_ids=published.body.function_ids,
                class_ids=published.body.class_ids,
            )
        )

    async def app_heartbeat(self, request: api_pb2.AppHeartbeatRequest, _caller: Peer) -> Empty:
        self._app(request.app_id)
        self._apps.beat(request.app_id)
        return Empty()

    async def app_publish(
        self, request: api_pb2.AppPublishRequest, caller: Peer
    ) -> api_pb2.AppPublishResponse:
        app = self._app(request.app_id)
        if app.state == api_pb2.APP_STATE_STOPPED:
            raise conflict(f"App {app.id} was stopped")
        deployed = self._apps.deployed(app.environment, request.name) if request.name else None
        if deployed is not None and deployed.id != app.id:
            raise conflict(f"App '{request.name}' was deployed concurrently; deploy again")
        published = self._apps.published(app.id)
        if published is not None and _same(published.body, request):
            return api_pb2.AppPublishResponse(url=_deployed_page(app.id))
        self._refuse_beyond_quota(app, request)
        done = self._apps.publish(app, request, caller.version)
        self._say_endpoints(app.id)
        self._pool.keep_warm(app.id)
        return api_pb2.AppPublishResponse(url=_deployed_page(app.id), deployed_at=done.at)

    async def app_rollback(
        self, request: api_pb2.AppRollbackRequest, caller: Peer
    ) -> api_pb2.AppRollbackResponse:
        app = self._app(request.app_id)
        history = {one.version: one for one in self._apps.history(app.id)}
        wanted = request.version if request.version > 0 else app.version + (request.version or -1)
        if wanted not in history:
            raise not_found(f"App '{app.name}' has no version {wanted}")
        body = history[wanted].body
        self._refuse_beyond_quota(app, body)
        done = self._apps.publish(app, body, caller.version, rollback_of=wanted)
        self._say_endpoints(app.id)
        self._pool.keep_warm(app.id)
        return api_pb2.AppRollbackResponse(url=_page(app.id), deployed_at=done.at)

    async def app_client_disconnect(
        self, request: api_pb2.AppClientDisconnectRequest, _caller: Peer
    ) -> Empty:
        app = self._app(request.app_id)
        if app.state in (api_pb2.APP_STATE_EPHEMERAL, api_pb2.APP_STATE_INITIALIZING):
            self._stop(app)
        return Empty()

    async def app_stop(self, request: api_pb2.AppStopRequest, _caller: Peer) -> Empty:
        self._stop(self._app(request.app_id))
        return Empty()

    async def app_list(
        self, request: api_pb2.AppListRequest, _caller: Peer
    ) -> api_pb2.AppListResponse:
        environment = self._environment(request.environment_name)
        apps = [*self._apps.live(environment), *self._apps.ended(environment, _KEPT_AFTER_STOP)]
        return api_pb2.AppListResponse(
            apps=[
                api_pb2.AppListResponse.AppListItem(
                    app_id=app.id,
                    description=app.description or app.name,
                    state=app.state,
                    created_at=app.created,
                    stopped_at=app.stopped,
                    n_running_tasks=len(self._fleet.containers(app.id)),
                    name=app.name,
                    metadata=self._metadata(app),
                )
                for app in apps
            ]
        )

    async def app_get_info(
        self, request: api_pb2.AppGetInfoRequest, _caller: Peer
    ) -> api_pb2.AppGetInfoResponse:
        app = self._app(request.app_id)
        return api_pb2.AppGetInfoResponse(
            info=self._metadata(app),
            function_info_summaries={
                spec.name: api_pb2.AppGetInfoResponse.FunctionInfoSummary(
                    schedule=spec.data.schedule if spec.data.HasField("schedule") else None
                )
                for spec in self._apps.specs(app.id)
            },
        )

    async def app_get_lifecycle(
        self, request: api_pb2.AppGetLifecycleRequest, _caller: Peer
    ) -> api_pb2.AppGetLifecycleResponse:
        return api_pb2.AppGetLifecycleResponse(lifecycle=_lifecycle(self._app(request.app_id)))

    async def app_get_tags(
        self, request: api_pb2.AppGetTagsRequest, _caller: Peer
    ) -> api_pb2.AppGetTagsResponse:
        return api_pb2.AppGetTagsResponse(tags=self._app(request.app_id).tags)

    async def app_set_tags(self, request: api_pb2.AppSetTagsRequest, _caller: Peer) -> Empty:
        self._app(request.app_id)
        self._apps.set_tags(request.app_id, request.tags)
        return Empty()

    async def app_deployment_history(
        self, request: api_pb2.AppDeploymentHistoryRequest, _caller: Peer
    ) -> api_pb2.AppDeploymentHistoryResponse:
        app = self._app(request.app_id)
        return api_pb2.AppDeploymentHistoryResponse(
            app_deployment_histories=[_past(app.id, one) for one in self._apps.history(app.id)],
            production_app_version=app.version,
        )

    def stop_silent(self, since: float) -> None:
        """Stop ephemeral apps whose client was not heard of since then."""
        for app in self._apps.silent(since):
            self._stop(app)

    def _stop(self, app: App) -> None:
        self._apps.stop(app.id)
        self._pool.stop_app(app)
        self._logs.announce(app.id)

    def _refuse_beyond_quota(self, app: App, request: api_pb2.AppPublishRequest) -> None:
        """Modal's limits are the workspace's; what the app itself has deployed is left out."""
        if request.app_state != api_pb2.APP_STATE_DEPLOYED:
            return
        wanted = []
        for function, definition in request.definition_ids.items():
            data = self._apps.definition(definition)
            if data is None:
                raise not_found(f"Definition {definition} of function {function} not found")
            wanted.append(data)
        others = [
            spec.data
            for other in self._apps.live()
            if other.state == api_pb2.APP_STATE_DEPLOYED and other.id != app.id
            for spec in self._apps.specs(other.id)
        ]
        if refused := self._quota.refusal(others, wanted):
            raise conflict(refused)

    def _environment(self, name: str) -> str:
        environment = self._catalog.environment(name)
        if self._catalog.environment_id(environment) is None:
            raise not_found(f"Environment '{environment}' not found")
        return environment

    def _app(self, identifier: str) -> App:
        app = self._apps.get(identifier)
        if app is None:
            raise not_found(f"App with ID {identifier} not found")
        return app

    def _metadata(self, app: App) -> api_pb2.AppHandleMetadata:
        published = self._apps.published(app.id)
        return api_pb2.AppHandleMetadata(
            description=app.description or app.name,
            app_id=app.id,
            environment_name=app.environment,
            lifecycle=_lifecycle(app),
            functions=published.body.function_ids if published else {},
            # Clients find a Server in both maps, so that they meet also what the first one has.
            servers={spec.name: spec.id for spec in self._apps.specs(app.id) if spec.is_server},
        )


def check_schedule(schedule: api_pb2.Schedule) -> None:
    """Refuse an invalid schedule at deploy: Modal's client does not check it."""
    try:
        crons.check(schedule)
    except crons.ScheduleError as error:
        raise invalid(str(error)) from error


def _page(app: str) -> str:
    """The address of the app that the client prints."""
    return f"engine:{app}"


def _deployed_page(app: str) -> str:
    """The address after a deploy, with the remark that no image was built."""
    return f"{_page(app)} (no image was built: functions run in a Python of this machine)"


def _same(published: api_pb2.AppPublishRequest, request: api_pb2.AppPublishRequest) -> bool:
    """Whether publishing would change nothing but the commit of the deployment."""
    return (
        published.app_state == request.app_state
        and published.deployment_tag == request.deployment_tag
        and dict(published.function_ids) == dict(request.function_ids)
        and dict(published.class_ids) == dict(request.class_ids)
        and dict(published.definition_ids) == dict(request.definition_ids)
        and dict(published.tags) == dict(request.tags)
    )


def _lifecycle(app: App) -> api_pb2.AppLifecycle:
    return api_pb2.AppLifecycle(
        app_state=app.state,
        created_at=app.created,
        created_by="engine",
        deployed_at=app.deployed,
        deployed_by="engine" if app.deployed else "",
        version=app.version,
        stopped_at=app.stopped,
        stopped_by="engine" if app.stopped else "",
    )


def _past(app: str, one: AppDeployment) -> api_pb2.AppDeploymentHistory:
    return api_pb2.AppDeploymentHistory(
        app_id=app,
        version=one.version,
        client_version=one.client,
        deployed_at=one.at,
        deployed_by="engine",
        tag=one.body.deployment_tag,
        rollback_version=one.rollback_of,
        rollback_allowed=True,
        commit_info=one.body.commit_info if one.body.HasField("commit_info") else None,
    )
