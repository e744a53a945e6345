"""The messages between host and worker, as plain records: the worker library takes any class with these names.

On Azure they are protobuf messages over gRPC; the library itself never asks what they are.
"""

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl


class Record(SimpleNamespace):
    """A message with the fields it was made with."""


class OneOf(Record):
    """A message of which one field is set; `WhichOneof` tells which."""

    def WhichOneof(self, _: str) -> str | None:  # noqa: N802 - protobuf's name
        return next(iter(vars(self)), None)


class BindingInfo(Record):
    """What a function takes and gives."""

    inout, out = 2, 1
    undefined, string, binary, stream = range(4)


setattr(BindingInfo, "in", 0)  # a word that Python keeps for itself


class StatusResult(Record):
    """How it went."""

    Failure, Success = 0, 1


_PLAIN = (
    "WorkerInitResponse WorkerMetadata FunctionMetadataResponse FunctionLoadResponse InvocationResponse "
    "RpcFunctionMetadata RpcRetryOptions RpcException TypedData RpcHttp RpcHttpCookie ParameterBinding"
)
protos = SimpleNamespace(
    BindingInfo=BindingInfo,
    StatusResult=StatusResult,
    **{name: type(name, (Record,), {}) for name in _PLAIN.split()},
)


def init_request(folder: str) -> Any:
    request = Record(worker_init_request=Record(capabilities={}, function_app_directory=folder))
    return Record(name="worker_init_request", request=request, properties={"protos": protos, "host": "127.0.0.1"})


def metadata_request(folder: str) -> Any:
    request = Record(functions_metadata_request=Record(function_app_directory=folder))
    return Record(name="functions_metadata_request", request=request, properties={"protos": protos})


def http_invocation(function_id: str, method: str, url: str, route: dict[str, str], body: bytes) -> Any:
    """Return an invocation as the host makes one of an HTTP request; `route` are the values of the route."""
    http = Record(
        method=method,
        url=url,
        headers={},
        params=route,
        query=dict(parse_qsl(url.partition("?")[2])),  # without what is empty
        body=OneOf(bytes=body) if body else OneOf(),
    )
    return _invocation(function_id, "req", OneOf(http=http))


def timer_invocation(function_id: str, last: datetime, due: datetime) -> Any:
    """Return an invocation as the host makes one when a timer is due; it last fired at `last`."""
    status = {"Last": last.isoformat(), "Next": due.isoformat(), "LastUpdated": last.isoformat()}
    told = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": False}
    return _invocation(function_id, "timer", OneOf(json=json.dumps(told)))


def _invocation(function_id: str, parameter: str, data: OneOf) -> Any:
    invocation = Record(
        invocation_id="an-invocation",
        function_id=function_id,
        input_data=[OneOf(data=data, name=parameter)],
        trigger_metadata={},
        trace_context=Record(trace_parent="", trace_state="", attributes={}),
        retry_context=Record(retry_count=0, max_retry_count=0, exception=None),
    )
    return Record(
        name="invocation_request", request=Record(invocation_request=invocation), properties={"protos": protos}
    )
