"""Generate the contract, OpenAPI 3.1, from the routes and models that serve the requests."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import chain
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from shared.api.edge.calls import Call, Example, Route
from shared.api.edge.http import Failure
from shared.api.edge.parameters import Parameter
from shared.core.callers import CallerRefused
from shared.version import VERSION

KEY = "functionKey"
NOTES = """\
Starts and schedules tasks of Qlik Sense Enterprise on Windows, with Butler's paths and forms.

A POST may name another method in `X-HTTP-Method-Override`, for clients that can only GET and POST. Instants are in UTC;
a schedule follows the clock of the zone it names.

What narrows a call is never passed over: a parameter that is unknown, empty, given twice or in another case is refused,
and so is an empty name in a path. `code` and `clientId`, which Azure reads, may stand in any query.
"""
LICENSE = {"name": "MIT", "identifier": "MIT"}
# The sections of the page, by the beginning of the path.
TAGS = {"v4/reloadtask": "Tasks", "v4/schedules": "Schedules", "v4/key": "Key-values", "v4/": "Footman itself"}
MEANINGS = {
    HTTPStatus.BAD_REQUEST: "Something that was sent is not allowed; the message names it and tells what is.",
    HTTPStatus.FORBIDDEN: "Who calls may not do this, or the start filter does not allow the task.",
    HTTPStatus.CONFLICT: "It is being done already; nothing was begun.",
    HTTPStatus.PRECONDITION_FAILED: "It has been changed since it was read, and was left as it is.",
    HTTPStatus.FAILED_DEPENDENCY: "Nobody knows whether it was done; the message says how to find out.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A setting is wrong, or Footman failed; its log tells more.",
    HTTPStatus.BAD_GATEWAY: "Sense gave an answer that can't be used, or accepted no start: nothing was started.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Sense or storage could not be reached in time; asking again does nothing twice.",
}
NO_KEY = {"description": "The key is missing or wrong; Azure answers this itself, without a body."}

Schema = Mapping[str, Any]
Kind = tuple[Any, JsonSchemaMode]


def document(routes: Sequence[Route], *, asks_for_key: bool, are_answers_current: bool = False) -> dict[str, Any]:
    """Return the contract of these routes, with the answers of the seeds or those of Butler 11 and later."""
    if are_answers_current:
        routes = [route.currently() for route in routes]
    schemas = Schemas(routes)
    contract: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Footman", "version": VERSION, "description": NOTES, "license": LICENSE},
        # Relative to the contract, so it holds behind any gateway.
        "servers": [{"url": ".."}],
        "paths": {f"/{route.path}": _path(route, schemas, asks_for_key=asks_for_key) for route in routes},
        "components": {"schemas": schemas.named},
    }
    if asks_for_key:
        contract["components"] |= {"securitySchemes": {KEY: _key()}}
        contract["security"] = [{KEY: []}]
    return contract


def operation_id(route: Route, method: str) -> str:
    """Return an operation's id in the contract."""
    return f"{route.name}_{method.lower()}"


class Schemas:
    """The JSON Schemas of all request and answer bodies; a type with a name stands once, in `named`."""

    def __init__(self, routes: Sequence[Route]) -> None:
        calls = [call for route in routes for call in route.calls.values()]
        failure: Kind = (Failure, "serialization")
        kinds = dict.fromkeys(chain([failure], *(_kinds(call) for call in calls)))
        self._of, definitions = TypeAdapter.json_schemas(
            [(kind, mode, _adapter(kind)) for kind, mode in kinds],
            ref_template="#/components/schemas/{model}",
            schema_generator=_Plain,
        )
        self.named: Schema = definitions["$defs"]

    def body(self, call: Call) -> Schema:
        """Return the schema of the call's request body."""
        return self._of[call.body, "validation"]

    def answer(self, kind: Any) -> Schema:
        """Return the schema of an answer of this type."""
        return self._of[kind, "serialization"]


class _Plain(GenerateJsonSchema):
    """Generate schemas without titles, which only repeat a property's name, and without a default of None."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's own signature
        return False

    def default_schema(self, schema: Any) -> dict[str, Any]:
        inner: dict[str, Any] = self.generate_inner(schema["schema"])
        return inner if schema.get("default") is None else super().default_schema(schema)


def _kinds(call: Call) -> Iterator[Kind]:
    if call.body is not None:
        yield call.body, "validation"
    yield from ((kind, "serialization") for kind in (call.answer, *call.also.values()) if kind is not None)


def _adapter(kind: Any) -> TypeAdapter[Any]:
    return kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)


def _key() -> Schema:
    return {
        "type": "apiKey",
        "in": "header",
        "name": "x-functions-key",
        "description": "A function key or host key of the app. Send it in this header: an address ends up in logs.",
    }


def _path(route: Route, schemas: Schemas, *, asks_for_key: bool) -> Schema:
    is_keyed = asks_for_key and not route.is_open
    return {
        method.lower(): {
            "operationId": operation_id(route, method),
            "tags": [_tag(route)],
            **_operation(call, schemas, is_keyed=is_keyed),
            **({"security": []} if asks_for_key and route.is_open else {}),
        }
        for method, call in route.calls.items()
    }


def _tag(route: Route) -> str:
    return next(tag for begin, tag in TAGS.items() if route.path.startswith(begin))


def _operation(call: Call, schemas: Schemas, *, is_keyed: bool) -> Schema:
    operation: dict[str, Any] = {"summary": call.summary}
    if call.parameters:
        operation["parameters"] = [_parameter(one, call.example) for one in call.parameters]
    if call.body is not None:
        content = _content(schemas.body(call), call.example.bodies)
        operation["requestBody"] = {"required": call.body_is_required, "content": content}
    operation["responses"] = {
        str(status.value): answer for status, answer in sorted(_answers(call, schemas, is_keyed=is_keyed).items())
    }
    return operation


def _parameter(parameter: Parameter, example: Example) -> Schema:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.is_required,
        "description": parameter.description,
        "schema": parameter.schema,
        **({"example": example.parameters[parameter.name]} if parameter.name in example.parameters else {}),
    }


def _answers(call: Call, schemas: Schemas, *, is_keyed: bool) -> dict[HTTPStatus, Schema]:
    answers = {call.status: _answer(call, schemas)}
    answers |= {
        status: {
            "description": MEANINGS[status],
            "content": _content(schemas.answer(kind), call.example.also.get(status, {})),
        }
        for status, kind in call.also.items()
    }
    answers |= {status: _failure(status, message, schemas) for status, message in call.failures.items()}
    if call.right and HTTPStatus.FORBIDDEN not in answers:
        answers[HTTPStatus.FORBIDDEN] = _failure(HTTPStatus.FORBIDDEN, str(CallerRefused()), schemas)
    return answers | ({HTTPStatus.UNAUTHORIZED: NO_KEY} if is_keyed else {})


def _answer(call: Call, schemas: Schemas) -> Schema:
    answer: dict[str, Any] = {"description": call.status.phrase}
    if call.answer is not None:
        answer["content"] = _content(schemas.answer(call.answer), {"": call.example.answer})
    if call.leads_to:
        answer["links"] = {
            name: {"operationId": name, "parameters": {one: f"$response.body#/{at}" for one, at in places.items()}}
            for name, places in call.leads_to.items()
        }
    return answer


def _failure(status: HTTPStatus, message: str, schemas: Schemas) -> Schema:
    envelope = Failure(statusCode=status.value, error=status.phrase, message=message)
    return {"description": MEANINGS[status], "content": _content(schemas.answer(Failure), {"": envelope})}


def _content(schema: Schema, examples: Mapping[str, Any]) -> Schema:
    content: dict[str, Any] = {"schema": schema}
    if list(examples) == [""]:
        content["example"] = examples[""]
    elif examples:
        content["examples"] = {name: {"summary": name, "value": value} for name, value in examples.items()}
    return {"application/json": content}
