"""/v4/keyvalues and its kin: what a caller leaves for a reload script."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

import azure.functions as func
from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter

from shared import wiring
from shared.api import reading
from shared.api.http import Answer, dispatch
from shared.api.start_items import as_text, none_if_empty
from shared.core.errors import CallerError
from shared.core.key_values import KeyValue

blueprint = func.Blueprint()

MISSING = "Required parameter is missing"


class KeyValueBody(BaseModel):
    """What a caller stores; Butler's clients send numbers too."""

    model_config = ConfigDict(defer_build=True)

    key: Annotated[str | None, BeforeValidator(as_text)] = None
    value: Annotated[str | None, BeforeValidator(as_text)] = None
    ttl: Annotated[int | None, BeforeValidator(none_if_empty)] = None


KEY_VALUE: TypeAdapter[KeyValueBody] = TypeAdapter(KeyValueBody)


@blueprint.route("v4/keyvaluesnamespaces")
def key_namespaces(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"GET": _namespaces})


@blueprint.route("v4/keylist/{namespace}")
def key_list(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"GET": _keys})


@blueprint.route("v4/keyvalues/{namespace}")
def key_values(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"GET": _value, "POST": _store, "DELETE": _delete_namespace})


# The host tries routes in the order of function names, so this one comes before the next, whose key it might be.
@blueprint.route("v4/keyvalues/{namespace}/keyexists")
def key_exists(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"GET": _exists, "DELETE": _delete})


@blueprint.route("v4/keyvalues/{namespace}/{key}")
def key_value(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return dispatch(req, context, {"DELETE": _delete})


def _namespaces(_: func.HttpRequest) -> Answer:
    return Answer(body=wiring.key_values().namespaces(datetime.now(UTC)))


def _keys(req: func.HttpRequest) -> Answer:
    namespace = reading.segment(req, "namespace")
    keys = wiring.key_values().keys(namespace, datetime.now(UTC))
    return Answer(body={"namespace": namespace, "keys": [{"key": key} for key in keys]})


def _value(req: func.HttpRequest) -> Answer:
    namespace, key = reading.segment(req, "namespace"), reading.text(req, "key")
    value = wiring.key_values().value(namespace, key, datetime.now(UTC))
    return Answer(body={"namespace": namespace, "key": key, "value": value})


def _exists(req: func.HttpRequest) -> Answer:
    namespace, key = reading.segment(req, "namespace"), reading.text(req, "key")
    value = wiring.key_values().find(namespace, key, datetime.now(UTC))
    found = {} if value is None else {"namespace": namespace, "key": key, "value": value}
    return Answer(body={"keyExists": value is not None, "keyValue": found})


def _store(req: func.HttpRequest) -> Answer:
    namespace, body = reading.segment(req, "namespace"), reading.body(req, KEY_VALUE, if_absent=b"{}")
    if not body.key or body.value is None:
        # Butler answers 201 to a pair without a value and stores nothing.
        raise CallerError(f"{MISSING}: body.{'value' if body.key else 'key'}." if body.key else MISSING)
    ttl_ms = body.ttl if body.ttl and body.ttl > 0 else None
    pair = KeyValue(namespace=namespace, key=body.key, value=body.value, ttl_ms=ttl_ms)
    wiring.key_values().store([pair], datetime.now(UTC))
    told = {"namespace": namespace, "key": pair.key, "value": pair.value, "ttl": ttl_ms or 0}
    return Answer(status=HTTPStatus.CREATED, body=told)


def _delete(req: func.HttpRequest) -> Answer:
    key = reading.segment(req, "key") if "key" in req.route_params else "keyexists"
    wiring.key_values().delete(reading.segment(req, "namespace"), key, datetime.now(UTC))
    return Answer(status=HTTPStatus.NO_CONTENT)


def _delete_namespace(req: func.HttpRequest) -> Answer:
    wiring.key_values().delete_namespace(reading.segment(req, "namespace"), datetime.now(UTC))
    return Answer(status=HTTPStatus.NO_CONTENT)
