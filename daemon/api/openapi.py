"""The interface described, made from the table that it is served by: so the description is true."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from daemon.api.door import Endpoint
from daemon.wire import routes

Json = dict[str, Any]
PROBLEMS: Final = {
    "400": "malformed",
    "401": "not authenticated",
    "403": "not allowed",
    "404": "not found",
} | {
    "409": "conflict",
    "413": "too large",
    "429": "throttled",
    "503": "unavailable",
    "507": "storage full",
}


def document(endpoints: Sequence[Endpoint], version: str) -> Json:
    """OpenAPI 3.1."""
    models = sorted({m for each in endpoints for m in (each.query, each.body) if m}, key=lambda m: m.__name__)
    _, schemas = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, Json] = {}
    for each in endpoints:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Peerline", "version": version},
        "paths": _BESIDE | paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Problem": _PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(endpoint: Endpoint) -> Json:
    made: Json = {
        "summary": endpoint.summary,
        "operationId": f"{endpoint.method.lower()}{re.sub(r'[^a-z]+', '_', endpoint.path)}".strip("_"),
        "parameters": [*_in_path(endpoint.path), *_in_query(endpoint.query)],
        "responses": _responses(endpoint),
    }
    if endpoint.method == "POST":
        made["parameters"].append(_KEY)
    if endpoint.body:
        schema = {"$ref": f"#/components/schemas/{endpoint.body.__name__}"}
        made["requestBody"] = {"required": True, "content": {routes.JSON: {"schema": schema}}}
    return made


def _responses(endpoint: Endpoint) -> Json:
    kind = routes.SSE if endpoint.streams else routes.JSON
    schema = {"type": "string"} if endpoint.streams else {"type": "object"}
    return {"200": {"description": "done", "content": {kind: {"schema": schema}}}} | _REFUSED


def _in_path(path: str) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _in_query(query: type[BaseModel]) -> list[Json]:
    schema = query.model_json_schema()
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": each}
        for name, each in schema.get("properties", {}).items()
    ]


_ANY: Final[Json] = {"type": "object"}
_REFUSED: Final[Json] = {
    status: {
        "description": said,
        "content": {routes.PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, said in PROBLEMS.items()
}


def _beside(path: str, summary: str, **more: Any) -> Json:
    fine = {"200": {"description": "done", "content": {routes.JSON: {"schema": _ANY}}}}
    made = {"summary": summary, "parameters": _in_path(path), "responses": fine | _REFUSED}
    return made | {"operationId": re.sub(r"[^a-z]+", "_", path).strip("_")} | more


#: What is served beside the table.
_BESIDE: Final[Json] = {
    routes.HEALTH: {
        "get": _beside(routes.HEALTH, "be told one word; with the token, how the daemon is", security=[])
    },
    routes.OPENAPI: {"get": _beside(routes.OPENAPI, "read this")},
    routes.HOOKS: {
        "post": _beside(
            routes.HOOKS,
            "say what an agent's hook was told; through the Unix socket only",
            requestBody={"required": True, "content": {routes.JSON: {"schema": _ANY}}},
        )
    },
}
_KEY: Final[Json] = {
    "name": routes.KEY,
    "in": "header",
    "required": False,
    "description": "the same key and body give the first result again",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
_PROBLEM: Final[Json] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "retryable"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "hint": {"type": "string"},
        "retryable": {"type": "boolean"},
        "after_s": {"type": "number"},
    },
}
