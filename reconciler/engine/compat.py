"""Everything that depends on which release of modal is on the other side."""

from __future__ import annotations

import importlib.metadata
import re
from typing import Final

from modal_proto import api_pb2

TESTED: Final = (1, 6, 4)
"""The newest client that the tests have run against."""

IMAGE_BUILDER: Final = "2025.06"
"""An image builder version that every supported client knows; the client refuses unknown ones."""


def release(version: str) -> tuple[int, ...]:
    """``1.6.4`` or ``1.6.4.dev3`` as numbers; empty if it is neither."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return tuple(int(part) for part in found.groups()) if found else ()


def client_warnings(version: str) -> list[api_pb2.Warning]:
    """The warning for a client that is newer than the tested ones, on its first call."""
    if release(version) <= TESTED:
        return []
    tested = ".".join(str(part) for part in TESTED)
    return [
        api_pb2.Warning(
            type=api_pb2.Warning.WARNING_TYPE_CLIENT_DEPRECATION,
            message=f"The embedded engine was tested up to modal {tested}; this is {version}.",
        )
    ]


def protocol_version() -> str:
    """The release of the wheel that the engine itself takes the protocol from."""
    return importlib.metadata.version("modal")


def runnable(data: api_pb2.FunctionData) -> api_pb2.Function:
    """The definition that containers run: the first choice of those that a deploy offers."""
    ranked = min(data.ranked_functions, key=lambda choice: choice.rank)
    return ranked.function


def function_data(request: api_pb2.FunctionCreateRequest) -> api_pb2.FunctionData:
    """One form for both that FunctionCreate accepts, with the fields that they share copied over.

    The client builds ``mount_ids`` from a set, so their order says nothing; sorted, an unchanged
    function stays byte for byte the same.
    """
    data = api_pb2.FunctionData()
    if request.HasField("function_data"):
        data.CopyFrom(request.function_data)
    else:
        ranked = data.ranked_functions.add()
        ranked.function.CopyFrom(request.function)
        known = api_pb2.FunctionData.DESCRIPTOR.fields_by_name
        for field, value in request.function.ListFields():
            if field.name not in known:
                continue
            if field.message_type is not None and field.message_type.GetOptions().map_entry:
                _copy_map(getattr(data, field.name), value)
            elif field.is_repeated:
                getattr(data, field.name).extend(value)
            elif field.message_type is not None:
                getattr(data, field.name).CopyFrom(value)
            else:
                setattr(data, field.name, value)
    for ranked in data.ranked_functions:
        for mounts in (ranked.function.mount_ids,):
            ordered = sorted(mounts)
            del mounts[:]
            mounts.extend(ordered)
    return data


def _copy_map(target: object, source: dict[str, object]) -> None:
    for key, value in source.items():
        if hasattr(value, "CopyFrom"):
            target[key].CopyFrom(value)  # type: ignore[index]  # a protobuf map of messages
        else:
            target[key] = value  # type: ignore[index]  # a protobuf map of scalars


def override(function: api_pb2.Function, options: api_pb2.FunctionOptions) -> None:
    """Apply ``with_options`` to a definition."""
    if options.replace_secret_ids or options.secret_ids:
        del function.secret_ids[:]
        function.secret_ids.extend(options.secret_ids)
    if options.replace_volume_mounts or options.volume_mounts:
        del function.volume_mounts[:]
        function.volume_mounts.extend(options.volume_mounts)
    if options.HasField("retry_policy"):
        function.retry_policy.CopyFrom(options.retry_policy)
    if options.HasField("scheduler_placement"):
        function.scheduler_placement.CopyFrom(options.scheduler_placement)
    if options.HasField("resources"):
        function.resources.MergeFrom(options.resources)
    for name in (
        "concurrency_limit",
        "timeout_secs",
        "task_idle_timeout_secs",
        "warm_pool_size",
        "target_concurrent_inputs",
        "max_concurrent_inputs",
        "batch_max_size",
        "batch_linger_ms",
    ):
        if options.HasField(name):
            setattr(function, name, getattr(options, name))
    autoscaler = function.autoscaler_settings
    if options.HasField("concurrency_limit"):
        autoscaler.max_containers = options.concurrency_limit
    if options.HasField("warm_pool_size"):
        autoscaler.min_containers = options.warm_pool_size
    if options.HasField("task_idle_timeout_secs"):
        autoscaler.scaledown_window = options.task_idle_timeout_secs
