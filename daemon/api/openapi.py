"""The interface described, made from the table that it is served by: so the description is true."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from daemon.api import answers
from daemon.api.bodies import NAMED
from daemon.api.door import Endpoint
from daemon.wire import routes

Json = dict[str, Any]
_Mode = Literal["validation", "serialization"]
_SCHEMAS: Final = "#/components/schemas/"
PROBLEMS: Final = {
    "400": "malformed",
    "401": "not authenticated",
    "403": "not allowed",
    "404": "not found",
    "405": "another method",
    "409": "conflict",
    "410": "gone",
    "413": "too large",
    "429": "throttled",
    "503": "unavailable",
    "507": "storage full",
}


def document(endpoints: Sequence[Endpoint], version: str) -> Json:
    """OpenAPI 3.1."""
    _, schemas = models_json_schema(_models(endpoints), ref_template=f"{_SCHEMAS}{{model}}")
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


def _models(endpoints: Sequence[Endpoint]) -> list[tuple[type[BaseModel], _Mode]]:
    taken: set[tuple[type[BaseModel], _Mode]] = {
        (model, "validation") for each in endpoints for model in (each.query, each.body) if model
    }
    told: set[tuple[type[BaseModel], _Mode]] = {
        (each.answers, "serialization") for each in endpoints if each.answers
    }
    return sorted(taken | told | {(answers.Word, "serialization")}, key=lambda each: each[0].__name__)


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
        content = {routes.JSON: {"schema": _of(endpoint.body)}}
        needed = any(field.is_required() for field in endpoint.body.model_fields.values())
        made["requestBody"] = {"required": needed, "content": content}
    return made


def _responses(endpoint: Endpoint) -> Json:
    if endpoint.answers is None:
        return {
            "200": {"description": "done", "content": {routes.SSE: {"schema": {"type": "string"}}}}
        } | _REFUSED
    return _done(_of(endpoint.answers)) | _REFUSED


def _done(schema: Json) -> Json:
    return {"200": {"description": "done", "content": {routes.JSON: {"schema": schema}}}}


def _of(model: type[BaseModel]) -> Json:
    return {"$ref": f"{_SCHEMAS}{model.__name__}"}


def _in_path(path: str) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PLACES.get(name, _TEXT)}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _in_query(query: type[BaseModel]) -> list[Json]:
    schema = query.model_json_schema()
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": each}
        for name, each in schema.get("properties", {}).items()
    ]


_ANY: Final[Json] = {"type": "object"}
_TEXT: Final[Json] = {"type": "string", "minLength": 1}
#: What stands in a path and is no id or name.
_PLACES: Final[Json] = {
    "name": {"type": "string", "pattern": NAMED},
    "verb": {"type": "string", "enum": ["ack", "part", "nak", "hold", "reject", "doubt", "extend"]},
}
_REFUSED: Final[Json] = {
    status: {
        "description": said,
        "content": {routes.PROBLEM: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}},
    }
    for status, said in PROBLEMS.items()
}


def _beside(path: str, summary: str, told: Json, **more: Any) -> Json:
    made = {"summary": summary, "parameters": _in_path(path), "responses": _done(told) | _REFUSED}
    return made | {"operationId": re.sub(r"[^a-z]+", "_", path).strip("_")} | more


#: What is served beside the table.
_BESIDE: Final[Json] = {
    routes.HEALTH: {
        "get": _beside(
            routes.HEALTH,
            "be told one word; with the token, how the daemon is",
            _of(answers.Word),
            security=[],
        )
    },
    routes.OPENAPI: {"get": _beside(routes.OPENAPI, "read this", _ANY)},
    routes.HOOKS: {
        "post": _beside(
            routes.HOOKS,
            "say what an agent's hook was told; through the Unix socket only",
            _ANY,
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
