"""/v4/keyvalues and the other calls for key-values: what a caller stores for a reload script to read."""

from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import NotRequired

import azure.functions as func
from typing_extensions import TypedDict

from shared import wiring
from shared.api.edge import reading
from shared.api.edge.calls import Call, Example
from shared.api.edge.examples import NO_PARAMETERS, STORAGE_AWAY
from shared.api.edge.http import Answer
from shared.api.edge.parameters import Segment, Text
from shared.api.edge.refusals import PartMissing
from shared.api.key_values.wire import KEY_VALUE, lifetime
from shared.core.callers import Caller, Right
from shared.core.key_values import LONGEST_NAME, KeyValue

NAMESPACE = Segment(name="namespace", description="What keeps keys of one purpose together.", longest=LONGEST_NAME)
KEY = Segment(name="key", description="The key of the pair.", longest=LONGEST_NAME)
KEY_PARAMETER = Text(name="key", description="The key of the pair.", longest=LONGEST_NAME)


class ValueAnswer(TypedDict):
    namespace: str
    key: str
    value: str


class StoredAnswer(TypedDict):
    """`ttl` is in milliseconds, 0 for ever."""

    namespace: str
    key: str
    value: str
    ttl: int


class FoundValue(TypedDict):
    """Empty when there is none."""

    namespace: NotRequired[str]
    key: NotRequired[str]
    value: NotRequired[str]


class ExistsAnswer(TypedDict):
    keyExists: bool
    keyValue: FoundValue


class KeyAnswer(TypedDict):
    key: str


class KeysAnswer(TypedDict):
    namespace: str
    keys: list[KeyAnswer]


def _namespaces(_: func.HttpRequest, __: Caller) -> Answer:
    return Answer(body=wiring.key_values().namespaces(datetime.now(UTC)))


def _keys(req: func.HttpRequest, _caller: Caller) -> Answer:
    namespace = NAMESPACE.read(req)
    keys = wiring.key_values().keys(namespace, datetime.now(UTC))
    return Answer(body=KeysAnswer(namespace=namespace, keys=[{"key": key} for key in keys]))


def _value(req: func.HttpRequest, _caller: Caller) -> Answer:
    namespace, key = NAMESPACE.read(req), KEY_PARAMETER.read(req)
    value = wiring.key_values().value(namespace, key, datetime.now(UTC))
    return Answer(body=ValueAnswer(namespace=namespace, key=key, value=value))


def _exists(req: func.HttpRequest, _caller: Caller) -> Answer:
    namespace, key = NAMESPACE.read(req), KEY_PARAMETER.read(req)
    value = wiring.key_values().find(namespace, key, datetime.now(UTC))
    found = FoundValue() if value is None else FoundValue(namespace=namespace, key=key, value=value)
    return Answer(body=ExistsAnswer(keyExists=value is not None, keyValue=found))


def _store(req: func.HttpRequest, caller: Caller) -> Answer:
    namespace, body = NAMESPACE.read(req), reading.body(req, KEY_VALUE, if_absent=b"{}")
    if not body.key or body.value is None:
        # Butler answers 201 to a pair without a value and stores nothing.
        raise PartMissing("body.value" if body.key else "")
    pair = KeyValue(namespace=namespace, key=body.key, value=body.value, ttl_ms=lifetime(body.ttl))
    wiring.key_values().asked_by(caller).store_one(pair, datetime.now(UTC))
    stored = StoredAnswer(namespace=namespace, key=pair.key, value=pair.value, ttl=pair.ttl_ms or 0)
    return Answer(status=HTTPStatus.CREATED, body=stored)


def _delete(req: func.HttpRequest, caller: Caller) -> Answer:
    return _deleted(NAMESPACE.read(req), KEY.read(req), caller)


def _delete_key_named_keyexists(req: func.HttpRequest, caller: Caller) -> Answer:
    return _deleted(NAMESPACE.read(req), "keyexists", caller)


def _deleted(namespace: str, key: str, caller: Caller) -> Answer:
    wiring.key_values().asked_by(caller).delete(namespace, key, datetime.now(UTC))
    return Answer(status=HTTPStatus.NO_CONTENT)


def _delete_namespace(req: func.HttpRequest, caller: Caller) -> Answer:
    wiring.key_values().asked_by(caller).delete_namespace(NAMESPACE.read(req), datetime.now(UTC))
    return Answer(status=HTTPStatus.NO_CONTENT)


PAIR = {"namespace": "sales", "key": "day", "value": "2026-11-22"}
ITS_NAMESPACE, ITS_NAMES = {"namespace": "sales"}, {"namespace": "sales", "key": "day"}
NOT_FOUND = STORAGE_AWAY | {HTTPStatus.BAD_REQUEST: "Namespace not found: sales"}

LIST_NAMESPACES = Call(
    handler=_namespaces,
    right=Right.READ,
    summary="List the namespaces that hold something",
    answer=list[str],
    failures=STORAGE_AWAY | NO_PARAMETERS,
    example=Example(answer=["sales"]),
)
LIST_KEYS = Call(
    handler=_keys,
    right=Right.READ,
    summary="List the keys of a namespace",
    answer=KeysAnswer,
    parameters=(NAMESPACE,),
    failures=NOT_FOUND,
    example=Example(parameters=ITS_NAMESPACE, answer={"namespace": "sales", "keys": [{"key": "day"}]}),
)
READ = Call(
    handler=_value,
    right=Right.READ,
    summary="Read the value of a key",
    answer=ValueAnswer,
    parameters=(NAMESPACE, KEY_PARAMETER),
    failures=NOT_FOUND,
    example=Example(parameters=ITS_NAMES, answer=PAIR),
)
STORE = Call(
    handler=_store,
    right=Right.WRITE,
    summary="Store a pair, replacing the older one of its key",
    answer=StoredAnswer,
    status=HTTPStatus.CREATED,
    parameters=(NAMESPACE,),
    body=KEY_VALUE,
    leads_to={
        "key_values_get": {"namespace": "namespace", "key": "key"},
        "key_exists_get": {"namespace": "namespace", "key": "key"},
        "key_value_delete": {"namespace": "namespace", "key": "key"},
        "key_list_get": {"namespace": "namespace"},
        "key_values_delete": {"namespace": "namespace"},
    },
    failures=STORAGE_AWAY | {HTTPStatus.BAD_REQUEST: "Required parameter is missing: body.value."},
    example=Example(
        parameters=ITS_NAMESPACE,
        bodies={"": {"key": "day", "value": "2026-11-22", "ttl": 60000}},
        answer=PAIR | {"ttl": 60000},
    ),
)
EXISTS = Call(
    handler=_exists,
    right=Right.READ,
    summary="Tell whether a key is there, with its value",
    answer=ExistsAnswer,
    parameters=(NAMESPACE, KEY_PARAMETER),
    failures=STORAGE_AWAY | {HTTPStatus.BAD_REQUEST: "key is missing: give it as a query parameter."},
    example=Example(parameters=ITS_NAMES, answer={"keyExists": True, "keyValue": PAIR}),
)

_delete_call = partial(Call, status=HTTPStatus.NO_CONTENT, failures=NOT_FOUND)
DELETE = _delete_call(
    handler=_delete,
    right=Right.WRITE,
    summary="Remove a pair",
    parameters=(NAMESPACE, KEY),
    example=Example(parameters=ITS_NAMES),
)
DELETE_KEY_NAMED_KEYEXISTS = _delete_call(
    handler=_delete_key_named_keyexists,
    right=Right.WRITE,
    summary="Remove the pair whose key is `keyexists`",
    parameters=(NAMESPACE,),
    example=Example(parameters=ITS_NAMESPACE),
)
DELETE_NAMESPACE = _delete_call(
    handler=_delete_namespace,
    right=Right.WRITE,
    summary="Remove all pairs of a namespace",
    parameters=(NAMESPACE,),
    example=Example(parameters=ITS_NAMESPACE),
)
