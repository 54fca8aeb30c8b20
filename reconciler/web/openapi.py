"""``/openapi.json``: the API, written from its endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic.json_schema import models_json_schema
from starlette.responses import Response

from reconciler import __version__
from reconciler.web.answers import json_answer
from reconciler.web.endpoint import CHANGES, READS, Call, Endpoint
from reconciler.web.operation import JSON, DescribedAnswer, Operation, Parameter, has, problem

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_REFERENCES: Final = "#/components/schemas/{model}"

EVERYWHERE: Final = {
    400: "A parameter or the body is malformed.",
    421: "The `Host` is none of this server's.",
    429: "Too many requests; see `Retry-After`.",
    500: "Something that is stored cannot be read, or a defect.",
    502: "Modal refused the request.",
    503: "Modal did not answer; see `Retry-After`.",
}
"""Errors of every endpoint."""
OF_SENDERS: Final = {
    401: "No credential is valid.",
    403: "The credential does not have the scope, or the request comes from another site.",
}
OF_BODIES: Final = {
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is not `application/json`.",
    422: "The body says something that is not possible.",
}
_SECURITY: Final = {
    "token": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-reconcile"},
    "access": {"type": "apiKey", "in": "header", "name": "Cf-Access-Jwt-Assertion"},
    "webhook": {"type": "apiKey", "in": "header", "name": "webhook-signature"},
}
_PROBLEM_SCHEMA: Final = has(
    type={"type": "string", "pattern": "^urn:reconcile:problem:"},
    title={"type": "string"},
    status={"type": "integer"},
    detail={"type": "string"},
    instance={"type": "string"},
)


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The OpenAPI document of the endpoints that have an operation."""
    described = [(one, one.operation) for one in endpoints if one.operation is not None]
    paths: dict[str, dict[str, Any]] = {}
    for endpoint, operation in described:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(
            endpoint, operation
        )
    models = {model for _, operation in described for model in operation.body}
    _, schemas = models_json_schema(
        [(model, "validation") for model in sorted(models, key=lambda one: one.__name__)],
        ref_template=_REFERENCES,
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "reconcile",
            "version": __version__,
            "description": "Schedules of Modal that are kept in git. See docs/web.md.",
        },
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM_SCHEMA, **schemas.get("$defs", {})},
            "securitySchemes": _SECURITY,
        },
    }


def openapi(endpoints: Iterable[Endpoint]) -> Endpoint:
    """The endpoint that answers the document of these endpoints and itself."""
    described = Operation(
        "This document", {200: DescribedAnswer("OpenAPI 3.1.", has("openapi", "paths"))}
    )
    made: dict[str, Any] = {}

    async def answer(call: Call) -> Response:
        return json_answer(call.request, made)

    endpoint = Endpoint(READS, "/openapi.json", answer, None, operation=described)
    made.update(document((*endpoints, endpoint)))
    return endpoint


def _operation(endpoint: Endpoint, operation: Operation) -> dict[str, Any]:
    errors = dict(_errors(endpoint))
    found: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": re.sub(r"\W+", "_", f"{endpoint.method} {endpoint.path}").strip("_").lower(),
        "parameters": [
            *(_path_parameter(name) for name in _PARAMETER.findall(endpoint.path)),
            *(_parameter(one) for one in operation.parameters),
        ],
        "responses": {
            str(status): answer
            for status, answer in sorted(
                {**errors, **{n: _answer(one) for n, one in operation.answers.items()}}.items()
            )
        },
        "security": _security(endpoint),
    }
    if operation.body:
        schemas = [{"$ref": _REFERENCES.format(model=one.__name__)} for one in operation.body]
        found["requestBody"] = {
            "required": operation.body_required,
            "content": {JSON: {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}},
        }
    return found


def _errors(endpoint: Endpoint) -> Iterator[tuple[int, dict[str, Any]]]:
    meanings: dict[int, str] = {**EVERYWHERE}
    if endpoint.scope is not None:
        meanings |= OF_SENDERS
    if endpoint.method == CHANGES:
        meanings |= OF_BODIES
    for status, meaning in meanings.items():
        yield status, _answer(problem(meaning))


def _answer(answer: DescribedAnswer) -> dict[str, Any]:
    if answer.schema is None:
        return {"description": answer.meaning}
    return {
        "description": answer.meaning,
        "content": {answer.media_type: {"schema": dict(answer.schema)}},
    }


def _path_parameter(name: str) -> dict[str, Any]:
    schema: Mapping[str, Any] = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.meaning,
        "required": parameter.required,
        "schema": dict(parameter.schema),
    }


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    if endpoint.scope is None:
        return []
    kinds = ["token", "session", "access", *(["webhook"] if endpoint.signed else [])]
    return [{kind: []} for kind in kinds]
