"""The REST routes as a page can list them, taken from the OpenAPI description: what programs read, people read too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a route, and what it may be."""

    name: str
    place: str
    form: str
    is_required: bool
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of an answer."""

    name: str
    form: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route with its parameters and answers."""

    anchor: str
    method: str
    path: str
    summary: str
    about: str
    parameters: Sequence[Parameter]
    answers: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The whole interface."""

    title: str
    version: str
    about: str
    routes: Sequence[Route]
    models: Mapping[str, tuple[str, Sequence[Field]]]


def of(openapi: Mapping[str, Any]) -> Listing:
    """The listing of an OpenAPI description."""
    routes = [
        _route(path, method, operation)
        for path, operations in openapi["paths"].items()
        for method, operation in operations.items()
    ]
    models = {
        name: (_about(schema), [_field(key, value) for key, value in schema.get("properties", {}).items()])
        for name, schema in openapi["components"]["schemas"].items()
    }
    info = openapi["info"]
    return Listing(
        title=info["title"], version=info["version"], about=info["description"], routes=routes, models=models
    )


def _about(schema: Mapping[str, Any]) -> str:
    """What a model is; of an enumeration, what it may be."""
    about = str(schema.get("description", ""))
    return f"{about} {' | '.join(schema['enum'])}".strip() if "enum" in schema else about


def _route(path: str, method: str, operation: Mapping[str, Any]) -> Route:
    answers = [
        (status, said["description"], _model_of(said)) for status, said in sorted(operation["responses"].items())
    ]
    return Route(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        about=operation.get("description", ""),
        parameters=[_parameter(parameter) for parameter in operation.get("parameters", [])],
        answers=answers,
    )


def _parameter(parameter: Mapping[str, Any]) -> Parameter:
    return Parameter(
        name=parameter["name"],
        place=parameter["in"],
        form=_form(parameter["schema"]),
        is_required=parameter.get("required", False),
        about=parameter.get("description", ""),
    )


def _field(name: str, schema: Mapping[str, Any]) -> Field:
    return Field(name=name, form=_form(schema), about=schema.get("description", ""))


def _model_of(said: Mapping[str, Any]) -> str:
    schema = said.get("content", {}).get("application/json", {}).get("schema", {})
    return _form(schema) if schema else ""


def _form(schema: Mapping[str, Any]) -> str:
    """What a value may be, in a few words: "integer, 1 to 200", "EventAnswer or null"."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(map(_form, schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_form(schema.get('items', {}))}"
    words = [str(schema.get("format") or schema.get("type") or "any")]
    if "minimum" in schema or "maximum" in schema:
        words.append(f"{schema.get('minimum', '')} to {schema.get('maximum', '')}")
    if "pattern" in schema:
        words.append(f"matching {schema['pattern']}")
    if "default" in schema and schema["default"] is not None:
        words.append(f"default {schema['default']}")
    return ", ".join(words)
